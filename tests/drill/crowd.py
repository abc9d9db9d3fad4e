"""Many calls at once by one thread and one socket a side: a carrier that places and holds them, and a
PBX that answers. Both keep RFC 3261's timers, for the drills lose packets and kill what is between."""

import heapq
import itertools
import socket
import threading
import time

from message import Message, token
from peer import Peer
from wait import until

T1, T2, TIMER_F = 0.5, 4.0, 32.0
SO_RCVBUFFORCE = 33  # Python has no name for it


def roomy(sock):
    """Bursts of a thousand must not be lost on our side; root may have what the system grants nobody."""
    try:
        sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 8 << 20)
    except PermissionError:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)


class Crowd(Peer):
    """A Peer whose thread also has timers, and whose handling is `on_message`."""

    def __init__(self, ip, port=0, server=None):
        self.server = server
        self.heap = []
        self.serial = itertools.count()
        self.lock = threading.Lock()
        super().__init__(ip, None, port)
        roomy(self.socket)

    def later(self, seconds, function, *arguments, **named):
        with self.lock:
            heapq.heappush(self.heap, (time.monotonic() + seconds, next(self.serial), function,
                                       arguments, named))

    def repeat(self, send, wanted, wait=T1, spent=0.0):
        """Sends now, and again with growing pauses as long as it is wanted."""
        if spent < TIMER_F and wanted():
            send()
            self.later(wait, self.repeat, send, wanted, min(2 * wait, T2), spent + wait)

    def _due(self):
        now = time.monotonic()
        while True:
            with self.lock:
                if not self.heap or self.heap[0][0] > now:
                    wait = self.heap[0][0] - now if self.heap else 0.01
                    return max(0.0005, min(wait, 0.01))
                _, _, function, arguments, named = heapq.heappop(self.heap)
            function(*arguments, **named)

    def _read(self):
        while not self.closing:
            self.socket.settimeout(self._due())
            try:
                data, source = self.socket.recvfrom(65535)
            except (TimeoutError, ConnectionError):
                continue
            self.bytes_received += len(data)
            message = Message.parse(data.decode("utf-8", "surrogateescape"))
            self.sources[id(message)] = source
            self.on_message(message)
            del self.sources[id(message)]

    def repeated(self, request):
        """A retransmission gets what it got before."""
        old = self.answered.get((request.branch, request.method))
        if old:
            self.socket.sendto(old, self.sources[id(request)])
        return bool(old)


    def reply_in_dialog(self, request, over):
        """A probe of a call that is over is told so (RFC 3261 section 12.2.2); the probe of a target has no tag."""
        if over and request.method == "OPTIONS" and "tag=" in request["To"]:
            self.reply(request, 481, "Call/Transaction Does Not Exist")
        else:
            self.reply(request, 200, "OK", sdp=request.method == "INVITE")


class Call:
    def __init__(self, number, invite):
        self.number = number
        self.invite = invite
        self.id = invite["Call-ID"]
        self.placed_at = None
        self.progress_at = None
        self.final_at = None
        self.final = None
        self.bye = None
        self.bye_status = None
        self.ended_by_far = False

    @property
    def status(self):
        return self.final.status if self.final else 0

    @property
    def over(self):
        return self.bye_status is not None or self.ended_by_far or self.status >= 300


class Carrier(Crowd):
    def __init__(self, ip, server, port=0):
        self.calls = {}
        super().__init__(ip, port, server)

    def place(self, number, hold=None):
        """A call; after `hold` seconds it hangs up, or never by itself."""
        call = Call(number, self.invite(f"sip:{number}@{self.server[0]}:{self.server[1]}"))
        call.hold = hold
        self.calls[call.id] = call
        self.later(0, self._start, call)
        return call

    def _start(self, call):
        call.placed_at = time.monotonic()
        self.repeat(lambda: self.send(call.invite, self.server),
                    lambda: not call.progress_at and not call.final)

    def hang_up(self, call):
        if not call.bye:
            call.bye = self.in_dialog("BYE", call.invite, call.final, 2)
            self.later(0, self.repeat, lambda: self.send(call.bye, self.server),
                       lambda: call.bye_status is None)

    def on_message(self, message):
        call = self.calls.get(message.get("Call-ID"))
        if message.method:
            if not self.repeated(message) and message.method != "ACK":
                self.reply_in_dialog(message, not call or call.over)
                if call and message.method == "BYE":
                    call.ended_by_far = True
        elif call and message["CSeq"].endswith("INVITE"):
            self._invite_answered(call, message)
        elif call and call.bye and message["CSeq"] == call.bye["CSeq"] and message.status >= 200:
            call.bye_status = message.status

    def _invite_answered(self, call, message):
        call.progress_at = call.progress_at or time.monotonic()
        if message.status < 200:
            return
        self.ack(call.invite, message, self.server)
        if call.final is None:
            call.final, call.final_at = message, time.monotonic()
            if message.status < 300 and call.hold is not None:
                self.later(call.hold, self.hang_up, call)

    def with_status(self, status):
        return [call for call in list(self.calls.values()) if call.status == status]

    def up(self):
        return [call for call in self.with_status(200) if not call.over]

    def await_finals(self, calls, seconds=60.0):
        until(lambda: all(call.final for call in calls), "every call has its final response", seconds)

    def hang_up_all(self, seconds=60.0):
        """Every BYE is answered with 200."""
        calls = self.up()
        for call in calls:
            self.hang_up(call)
        until(lambda: all(call.over for call in calls), "every BYE is answered", seconds)
        bad = [call.bye_status for call in calls if call.bye_status not in (200, None)]
        assert not bad, f"{len(bad)} BYEs of {len(calls)} got {set(bad)}"
        return len(calls)


class Answerer(Crowd):
    """A PBX; `status` 200 answers, another one refuses. `contact` stands for what it sits behind."""

    def __init__(self, ip, port=0, status=200, contact=None):
        self.status = status
        self.contact = contact
        self.invites = {}  # branch: INVITE
        self.confirmed = set()  # Call-IDs whose ACK came
        self.ended = set()  # Call-IDs whose BYE came
        super().__init__(ip, port)

    def call_ids(self):
        return {invite["Call-ID"] for invite in list(self.invites.values())}

    def on_message(self, message):
        method = message.method
        if method == "ACK":
            self.confirmed.add(message["Call-ID"])
        elif method and not self.repeated(message):
            if method == "BYE":
                self.ended.add(message["Call-ID"])
            if method != "INVITE" or "tag=" in message["To"]:
                self.reply_in_dialog(message, message["Call-ID"] in self.ended)
            else:
                self._invited(message)

    def _invited(self, invite):
        self.invites[invite.branch] = invite
        source = self.sources[id(invite)]
        self.tag = token()
        contact = [("Contact", f"<sip:pbx@{self.contact}>")] if self.contact else []
        if self.status != 200:
            self.reply(invite, self.status, "Refused")
            return
        self.reply(invite, 180, "Ringing", extra=contact)
        self.reply(invite, 200, "OK", sdp=True, extra=contact)
        answer = self.answered[invite.branch, "INVITE"]
        self.later(T1, self.repeat, lambda: self.socket.sendto(answer, source),
                   lambda: invite["Call-ID"] not in self.confirmed)


class Traffic:
    """Steady calls from a carrier until stop(): `rate` a second over the numbers, in turn."""

    def __init__(self, carrier, numbers, rate, hold=0.5):
        self.carrier = carrier
        self.calls = []
        self.stopping = threading.Event()
        self.numbers = itertools.cycle(numbers)
        self.thread = threading.Thread(target=self._run, args=(1.0 / rate, hold), daemon=True)
        self.thread.start()

    def _run(self, pause, hold):
        at = time.monotonic()
        while not self.stopping.is_set():
            self.calls.append(self.carrier.place(next(self.numbers), hold))
            at += pause
            self.stopping.wait(max(0.0, at - time.monotonic()))

    def stop(self, seconds=60.0):
        """No new calls; waits for those under way, and returns all of them."""
        self.stopping.set()
        self.thread.join()
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and not all(call.over for call in self.calls):
            time.sleep(0.02)
        return self.calls

    def all_answered(self, seconds=60.0):
        calls = self.stop(seconds)
        bad = [call for call in calls if call.status != 200 or not call.over]
        assert not bad, (f"{len(bad)} of {len(calls)} calls failed: "
                         f"{sorted({call.status for call in bad})}")
        return calls


class Relay:
    """Between two sides, one of which it plays towards the worker: loses, doubles and delays
    datagrams. `far` is where what comes from elsewhere goes; the answers go back to who sent last."""

    def __init__(self, ip, far, random, loss=0.0, double=0.0, delay=0.0):
        self.outside = self._bound(ip)
        self.inside = self._bound(ip)
        self.address = self.outside.getsockname()
        self.far = far
        self.near = None
        self.random, self.loss, self.double, self.delay = random, loss, double, delay
        self.lost = self.doubled = self.delayed = 0
        self.closing = False
        self.threads = [threading.Thread(target=self._run, args=pair, daemon=True)
                        for pair in ((self.outside, True), (self.inside, False))]
        for thread in self.threads:
            thread.start()

    @staticmethod
    def _bound(ip):
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.bind((ip, 0))
        roomy(sock)
        sock.settimeout(0.01)
        return sock

    def _pass(self, data, inward):
        if inward:
            self.inside.sendto(data, self.far)
        elif self.near:
            self.outside.sendto(data, self.near)

    def _run(self, sock, inward):
        held = []  # (when, data)
        while not self.closing:
            now = time.monotonic()
            while held and held[0][0] <= now:
                self._pass(heapq.heappop(held)[1], inward)
            try:
                data, source = sock.recvfrom(65535)
            except (TimeoutError, ConnectionError):
                continue
            if inward:
                self.near = source
            if self.random.random() < self.loss:
                self.lost += 1
                continue
            if self.random.random() < self.double:
                self.doubled += 1
                self._pass(data, inward)
            if self.random.random() < self.delay:
                self.delayed += 1
                heapq.heappush(held, (now + self.random.uniform(0.01, 0.2), data))
            else:
                self._pass(data, inward)

    def close(self):
        self.closing = True
        for thread in self.threads:
            thread.join()
        self.outside.close()
        self.inside.close()
