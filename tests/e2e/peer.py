"""A SIP peer of our own for what SIPp cannot be told: races, silence, digests, broken bytes.

A Peer has one UDP socket and a thread that reads it (a StreamPeer, of TCP or TLS, has connections:
stream_peer.py). Requests are answered by the behaviour it was
given; responses and everything else wait in `received` until a test looks at them.
"""

import hashlib
import re
import socket
import threading
import time

from message import Message, token
from wait import until

SDP = ("v=0\r\no=peer 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\n"
       "m=audio 30000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n")


class Peer:
    transport = "udp"

    def __init__(self, ip, behaviour=None, port=0):
        self.ip = ip
        self.host = f"[{ip}]" if ":" in ip else ip  # as URIs have it
        self.socket = self._open(port)
        self.port = self.socket.getsockname()[1]
        self.socket.settimeout(0.1)
        self.behaviour = behaviour
        self.received = []  # (monotonic time, Message), in order
        self.bytes_received = 0
        self.sources = {}  # id(message): where it came from
        self.tag = token()
        self.answered = {}  # branch + method: last response, sent again for a retransmission
        self.timers = []
        self.closing = False
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _open(self, port):
        opened = socket.socket(socket.AF_INET6 if ":" in self.ip else socket.AF_INET,
                               socket.SOCK_DGRAM)
        opened.bind((self.ip, port))
        return opened

    def _transmit(self, data, to):
        self.socket.sendto(data, to)

    @property
    def address(self):
        return {"host": self.ip, "port": self.port, "transport": self.transport}

    @property
    def own_contact(self):
        extra = "" if self.transport == "udp" else f";transport={self.transport}"
        return f"<sip:peer@{self.host}:{self.port}{extra}>"

    def close(self):
        self.closing = True
        for timer in self.timers:
            timer.cancel()
        self._wake()
        self.thread.join()
        self.socket.close()

    def _wake(self):
        """The reader sees at once that it shall end: over a suite its timeouts add up to seconds."""
        self.socket.sendto(b"", (self.ip, self.port))

    def _read(self):
        while not self.closing:
            try:
                data, source = self.socket.recvfrom(65535)
            except (TimeoutError, ConnectionError):
                continue
            if not self.closing:
                self._take(data, source)

    def _take(self, data, source):
        self.bytes_received += len(data)
        message = Message.parse(data.decode("utf-8", "surrogateescape"))
        message.raw = data
        self.sources[id(message)] = source
        again = (message.branch, message.method) in self.answered
        self.received.append((time.monotonic(), message))
        if again:
            self._transmit(self.answered[message.branch, message.method], source)
        elif message.method and self.behaviour and message.method != "ACK":
            self.behaviour(self, message)

    def sdp(self):
        text = SDP.format(ip=self.ip)
        return text.replace("IN IP4", "IN IP6") if ":" in self.ip else text

    # -- sending ------------------------------------------------------------------------------

    def send(self, message, to):
        self._transmit(bytes(message), to)

    def reply(self, request, status, reason="Status", sdp=False, extra=(), tag=True):
        """Answers a request where it came from; the answer is kept for its retransmissions."""
        headers = [(name, value) for name, value in request.headers
                   if name.lower() in ("via", "v", "from", "f", "to", "t", "call-id", "i", "cseq",
                                       "record-route")]
        if status > 100 and tag and "tag=" not in request["To"]:
            headers = [(name, value + f";tag={self.tag}" if name.lower() in ("to", "t") else value)
                       for name, value in headers]
        headers.append(("Contact", self.own_contact))
        headers += list(extra)
        body = self.sdp() if sdp else ""
        if body:
            headers.append(("Content-Type", "application/sdp"))
        headers.append(("Content-Length", str(len(body))))
        response = bytes(Message(f"SIP/2.0 {status} {reason}", headers, body))
        if status >= 200:
            self.answered[request.branch, request.method] = response
        self._transmit(response, self.sources[id(request)])

    def later(self, seconds, function, *arguments, **named):
        timer = threading.Timer(seconds, function, arguments, named)
        self.timers.append(timer)
        timer.start()

    def _via(self):
        return (f"SIP/2.0/{self.transport.upper()} {self.host}:{self.port};"
                f"branch=z9hG4bK{token()};rport")

    def request(self, method, uri, headers=(), body="", cseq=1, call_id=None, to=None,
                from_uri=None, from_tag=None, contact=True):
        """A well-formed request of this peer; `headers` are added."""
        host = f"{self.host}:{self.port}"
        sender = from_uri or f"sip:peer@{host}"
        all_headers = [
            ("Via", self._via()),
            ("Max-Forwards", "70"),
            ("From", f"<{sender}>;tag={from_tag or self.tag}"),
            ("To", to or f"<{uri}>"),
            ("Call-ID", call_id or f"{token(16)}@{self.ip}"),
            ("CSeq", f"{cseq} {method}"),
        ]
        if contact:
            all_headers.append(("Contact", self.own_contact))
        all_headers += list(headers)
        if body:
            all_headers.append(("Content-Type", "application/sdp"))
        all_headers.append(("Content-Length", str(len(body))))
        return Message(f"{method} {uri} SIP/2.0", all_headers, body)

    def invite(self, uri, **named):
        return self.request("INVITE", uri, body=self.sdp(), **named)

    # -- looking ------------------------------------------------------------------------------

    def requests(self, method):
        """Received requests of one method in order, retransmissions left out."""
        seen = {}
        for _, message in list(self.received):
            if message.method == method:
                seen.setdefault(message.branch, message)
        return list(seen.values())

    def responses(self, call_id=None):
        return [message for _, message in list(self.received)
                if message.status and (call_id is None or message["Call-ID"] == call_id)]

    def await_request(self, method, count=1, seconds=30.0):
        until(lambda: len(self.requests(method)) >= count, f"{method} at {self.ip}", seconds)
        return self.requests(method)[count - 1]

    def await_response(self, request, least=200, seconds=30.0):
        """The first response to this request with at least this status."""
        def found():
            return [m for m in self.responses(request["Call-ID"])
                    if m.status >= least and m["CSeq"] == request["CSeq"]]
        return until(found, f"a response to {request.start} at {self.ip}", seconds)[0]

    def ask(self, request, to, seconds=30.0):
        """Sends a request, again every half second like a client transaction, until its answer."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.send(request, to)
            try:
                return self.await_response(request, seconds=0.5)
            except AssertionError:
                pass
        raise AssertionError(f"no answer to {request.start} within {seconds} s")

    def ack(self, invite, response, to):
        """The ACK that belongs to a final response: of the transaction, or of the dialog."""
        uri, headers = invite.uri, []
        via = invite["Via"]
        if response.status < 300:
            uri = response["Contact"].split("<")[-1].split(">")[0]
            headers = [("Route", value) for value in reversed(response.all("Record-Route"))]
            via = self._via()
        self.send(Message(f"ACK {uri} SIP/2.0", [
            ("Via", via), ("Max-Forwards", "70"), *headers, ("From", invite["From"]),
            ("To", response["To"]), ("Call-ID", invite["Call-ID"]),
            ("CSeq", invite["CSeq"].split()[0] + " ACK"), ("Content-Length", "0")]), to)

    def cancel(self, invite, to):
        message = Message(f"CANCEL {invite.uri} SIP/2.0", [
            ("Via", invite["Via"]), ("Max-Forwards", "70"), ("From", invite["From"]),
            ("To", invite["To"]), ("Call-ID", invite["Call-ID"]),
            ("CSeq", invite["CSeq"].split()[0] + " CANCEL"), ("Content-Length", "0")])
        self.send(message, to)
        return message

    def in_dialog(self, method, invite, response, cseq, headers=()):
        """A request of the caller in the dialog that a 2xx made, along its route."""
        uri = response["Contact"].split("<")[-1].split(">")[0]
        return Message(f"{method} {uri} SIP/2.0", [
            ("Via", self._via()),
            ("Max-Forwards", "70"),
            *[("Route", value) for value in reversed(response.all("Record-Route"))],
            ("From", invite["From"]), ("To", response["To"]), ("Call-ID", invite["Call-ID"]),
            ("CSeq", f"{cseq} {method}"), *headers, ("Content-Length", "0")])


    def callee_request(self, method, invite, cseq=1):
        """A request of the called side in the dialog of an INVITE that it answered."""
        request = self.request(method, invite["Contact"].split("<")[1].split(">")[0], cseq=cseq,
                               call_id=invite["Call-ID"], to=invite["From"], contact=False,
                               headers=[("Route", route) for route in invite.all("Record-Route")])
        request.headers = [(name, f"{invite['To']};tag={self.tag}" if name == "From" else value)
                           for name, value in request.headers]
        return request


# -- behaviours of a called peer ---------------------------------------------------------------

def options_or(function):
    """Health probes are answered; INVITE goes to the function, CANCEL ends it, BYE gets its 200."""
    def behave(peer, request):
        if request.method == "INVITE":
            peer.pending = request
            function(peer, request)
        elif request.method == "CANCEL":
            peer.reply(request, 200, "OK")
            if (peer.pending.branch, "INVITE") not in peer.answered:
                peer.reply(peer.pending, 487, "Request Terminated")
        else:
            peer.reply(request, 200, "OK")
    return behave


def answers(after=0.0):
    def on_invite(peer, invite):
        peer.reply(invite, 180, "Ringing")
        if after:
            peer.later(after, peer.reply, invite, 200, "OK", sdp=True)
        else:
            peer.reply(invite, 200, "OK", sdp=True)
    return options_or(on_invite)


def refuses(status, reason="Refused", extra=()):
    return options_or(lambda peer, invite: peer.reply(invite, status, reason, extra=extra))


def rings():
    return options_or(lambda peer, invite: peer.reply(invite, 180, "Ringing"))


def tries():
    return options_or(lambda peer, invite: peer.reply(invite, 100, "Trying"))


def silent():
    """Healthy to look at, deaf for calls."""
    def behave(peer, request):
        if request.method == "OPTIONS":
            peer.reply(request, 200, "OK")
    return behave


def dead(peer, request):
    """Not a word to anything."""


def answers_despite_cancel():
    """The race: its 200 crosses the CANCEL."""
    def behave(peer, request):
        if request.method == "INVITE":
            peer.pending = request
            peer.reply(request, 180, "Ringing")
        elif request.method == "CANCEL":
            peer.reply(request, 200, "OK")
            peer.reply(peer.pending, 200, "OK", sdp=True)
        else:
            peer.reply(request, 200, "OK")
    return behave


def vanishes():
    """Answers, confirms, and then says nothing any more, not even to a BYE."""
    def behave(peer, request):
        if request.method == "INVITE":
            peer.reply(request, 180, "Ringing")
            peer.reply(request, 200, "OK", sdp=True)
        elif request.method == "OPTIONS" and "tag=" not in request["To"]:
            peer.reply(request, 200, "OK")
    return behave


# -- digest (RFC 7616, RFC 8760) ----------------------------------------------------------------

def challenge_of(response):
    """All challenges of a 401 or 407 as a dictionary per algorithm."""
    found = {}
    for value in response.all("WWW-Authenticate") + response.all("Proxy-Authenticate"):
        pairs = dict((key.lower(), quoted or plain) for key, quoted, plain in
                     re.findall(r'(\w[\w-]*)\s*=\s*(?:"([^"]*)"|([^,\s]+))', value))
        found[pairs.get("algorithm", "MD5").upper()] = pairs
    return found


def credentials(challenge, method, uri, username, password, nc=1, cnonce=None, spoil=None):
    """The Authorization header for a challenge."""
    algorithm = challenge.get("algorithm", "MD5")
    digest = hashlib.sha256 if algorithm.upper() == "SHA-256" else hashlib.md5
    cnonce = cnonce or token()
    count = f"{nc:08x}"

    def h(text):
        return digest(text.encode()).hexdigest()

    ha1 = h(f"{username}:{challenge['realm']}:{password}")
    ha2 = h(f"{method}:{uri}")
    response = h(f"{ha1}:{challenge['nonce']}:{count}:{cnonce}:auth:{ha2}")
    fields = {
        "username": f'"{username}"', "realm": f'"{challenge["realm"]}"',
        "nonce": f'"{challenge["nonce"]}"', "uri": f'"{uri}"', "response": f'"{response}"',
        "algorithm": algorithm, "cnonce": f'"{cnonce}"', "qop": "auth", "nc": count,
    }
    if "opaque" in challenge:
        fields["opaque"] = f'"{challenge["opaque"]}"'
    fields.update(spoil or {})
    return "Digest " + ", ".join(f"{key}={value}" for key, value in fields.items())


def register(peer, server, username, password, expires=300, algorithm="MD5", contact=None,
             spoil=None, extra=()):
    """One whole registration, with `extra` headers; returns the final response."""
    host = f"[{server[0]}]" if ":" in server[0] else server[0]
    uri = f"sip:{host}:{server[1]}"
    aor = f"sip:{username}@{host}:{server[1]}"
    headers = [("Contact", contact or f"<sip:{username}@{peer.host}:{peer.port}>"),
               ("Expires", str(expires)), *extra]
    call_id = f"{token(16)}@{peer.ip}"
    first = peer.request("REGISTER", uri, headers=headers, to=f"<{aor}>", from_uri=aor,
                         call_id=call_id, contact=False)
    asked = peer.ask(first, server)
    if asked.status != 401:
        return asked
    offered = challenge_of(asked)
    assert algorithm in offered, f"{algorithm} is not offered: {asked!r}"
    proof = credentials(offered[algorithm], "REGISTER", uri, username, password, spoil=spoil)
    second = peer.request("REGISTER", uri, headers=headers + [("Authorization", proof)],
                          to=f"<{aor}>", from_uri=aor, call_id=call_id, cseq=2, contact=False)
    return peer.ask(second, server)
