"""Strangers, scanners, forgers and the impatient. Each drill gets a Site and returns its figures."""

import multiprocessing
import random
import socket
import statistics
import threading
import time

import peer as p
from crowd import Traffic
from faults import place_and_await
from house import SEED, percentile
from message import Message, token
from sipp import CARRIER, PBX
from wait import until


def stranger_socket(ip):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind((ip, 0))
    sock.setblocking(False)
    return sock


def received_bytes(sock):
    """Everything that waits in a socket: (bytes, statuses)."""
    total, statuses = 0, []
    try:
        while True:
            data = sock.recv(65535)
            total += len(data)
            if data.startswith(b"SIP/2.0 "):
                statuses.append(int(data[8:11]))
    except BlockingIOError:
        return total, statuses


def request(sock, method, uri, *headers, to=None, call_id=None, branch=None, body=""):
    host, port = sock.getsockname()
    return bytes(Message(f"{method} {uri} SIP/2.0", [
        ("Via", f"SIP/2.0/UDP {host}:{port};branch={branch or 'z9hG4bK' + token()};rport"),
        ("Max-Forwards", "70"), ("From", f"<sip:x@{host}>;tag={token()}"), ("To", to or f"<{uri}>"),
        ("Call-ID", call_id or token(16)), ("CSeq", f"1 {method}"),
        ("Contact", f"<sip:x@{host}:{port}>"), *headers, *([("Content-Type", "application/sdp")] if body else []),
        ("Content-Length", str(len(body)))], body))


def t1(site, quick):
    """Open relay, random INVITEs from strangers and from the carrier:"""
    count = 3000 if quick else 10_000
    victim = site.answerer("127.0.0.8")
    pbx, carrier = site.answerer(), site.carrier()
    trunk = site.trunk(pbx.address)
    number = site.did(trunk)
    gateway = site.answerer("127.0.0.5")
    site.gateway(gateway.address)
    server = site.stack.sip_remote
    there = f"127.0.0.8:{victim.port}"
    rnd = site.random
    strangers = [stranger_socket(f"127.9.0.{n + 1}") for n in range(100)]
    gate = stranger_socket(CARRIER)
    uris = [lambda: f"sip:{number}@{server}", lambda: f"sip:+4930{rnd.randrange(10**9):09d}@{server}",
            lambda: f"sip:{site.far_number()}@{server}", lambda: f"sip:{number}@{there}",
            lambda: f"sip:x@{there}", lambda: f"sip:{number}@{server};maddr=127.0.0.8",
            lambda: f"sip:x@{server};maddr={there}", lambda: f"sip:{number}@{server}:5;transport=tcp",
            lambda: f"tel:+1900{rnd.randrange(10**7):07d}", lambda: f"sips:{number}@{there}"]
    extras = [[], [("Route", f"<sip:{server};lr>"), ("Route", f"<sip:{there};lr>")],
              [("Route", f"<sip:{there};lr>")], [("Route", f"<sip:{server};lr;maddr=127.0.0.8>")],
              [("P-Asserted-Identity", f"<sip:{number}@{server}>")]]
    body = p.SDP.format(ip="127.9.0.1")
    answers = []
    for n in range(count):
        known = n % 10 == 0
        sock = gate if known else strangers[n % 100]
        uri = rnd.choice(uris if not known else uris[1:3] + uris[4:5])()
        to = f"<{uri}>;tag={token()}" if rnd.random() < 0.2 else None
        sock.sendto(request(sock, "INVITE", uri, *rnd.choice(extras), to=to, body=body), site.stack.sip)
        if n % 50 == 0:
            time.sleep(0.02)
    until(lambda: place_and_await(carrier, number, 1, 50, hold=0.1)[0].status == 200, "calls go on")
    time.sleep(0.5)
    answers = [status for sock in strangers + [gate] for status in received_bytes(sock)[1]]
    for sock in strangers + [gate]:
        sock.close()
    ours = set(carrier.calls)
    forwarded = len((pbx.call_ids() | gateway.call_ids() | victim.call_ids()) - ours)
    assert forwarded == 0, f"{forwarded} were forwarded"
    assert not victim.bytes_received, "the victim got bytes"
    assert 200 not in answers
    return f"{count} INVITEs, {forwarded} forwarded, answers {sorted(set(answers))}"


def t7(site, quick):
    """Brute force at the registrar:"""
    tries = 300 if quick else 3000
    username = f"pbx{site.serial}"
    site.trunk(registration=(username, "Tr0mbone!"))
    attacker = site.peer("127.0.0.9")
    before = site.stack.metrics()
    uri = f"sip:{site.stack.sip_remote}"
    # One nonce that is good, then guesses as fast as they go.
    first = attacker.request("REGISTER", uri, to=f"<sip:{username}@127.0.0.1>", headers=[("Expires", "60")])
    challenge = p.challenge_of(attacker.ask(first, site.stack.sip))["MD5"]
    sent, started = 0, time.monotonic()
    for n in range(tries):
        proof = p.credentials(challenge, "REGISTER", uri, username if n % 2 else f"no{n}", f"wrong{n}", nc=n + 1)
        guess = attacker.request("REGISTER", uri, to=f"<sip:{username if n % 2 else f'no{n}'}@127.0.0.1>",
                                 headers=[("Authorization", proof), ("Expires", "60")])
        sent += len(bytes(guess))
        attacker.send(guess, site.stack.sip)
        time.sleep(0.002)
    # The victim, from elsewhere, with its password, meanwhile.
    phone = site.peer("127.0.0.7", p.answers())
    assert p.register(phone, site.stack.sip, username, "Tr0mbone!").status == 200
    spent = time.monotonic() - started
    after = site.stack.metrics()
    checked = (after["trunkguard_sip_authentication_failures_total"]
               - before["trunkguard_sip_authentication_failures_total"])
    statuses = {m.status for m in attacker.responses()}
    assert 200 not in statuses
    bindings = after["trunkguard_sip_bindings"]
    assert checked < 130 + 31 * spent, f"{checked:.0f} guesses were looked at in {spent:.1f} s"
    return (f"{tries} guesses in {spent:.1f} s, {checked:.0f} looked at, 0 accepted, answers {sorted(statuses)}, "
            f"the owner registers meanwhile ({bindings:.0f} bindings)")


JUNK = [b"\0" * 200, b"\xff" * 400, b"INVITE nonsense\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n",
        b"OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP 127.9.9.9;branch=z9hG4bKx\r\nFrom: <sip:a@b>;tag=1\r\n"
        b"To: <sip:a@b>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\nUser-Agent: friendly-scanner\r\n\r\n",
        b"REGISTER sip:127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.9.9.9;branch=z9hG4bKy;rport\r\n"
        b"From: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: 2\r\nCSeq: 1 REGISTER\r\n"
        b"Contact: <sip:a@b>\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n",
        b"INVITE sip:a@b SIP/2.0\r\n" + b"a:b\r\n" * 3000 + b"\r\n",
        b"INVITE sip:+4930123@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.9.9.9;branch=z9hG4bKz;rport\r\n"
        b"From: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: 3\r\nCSeq: 1 INVITE\r\n"
        b"Contact: <sip:a@b>\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"]


def flood(server, rate, seconds, counter):
    """Another process: junk from 200 addresses, at a pace."""
    socks = [stranger_socket(f"127.9.{n % 4}.{n + 1}") for n in range(200)]
    rnd = random.Random(SEED)
    started = time.monotonic()
    sent = 0
    while (now := time.monotonic() - started) < seconds:
        for _ in range(max(0, int(rate * now) - sent)):
            try:
                rnd.choice(socks).sendto(rnd.choice(JUNK), server)
            except OSError:
                pass
            sent += 1
        counter.value = sent
        time.sleep(0.002)


class Flood:
    def __init__(self, site, rate, seconds):
        self.counter = multiprocessing.Value("q", 0)
        self.process = multiprocessing.get_context("fork").Process(
            target=flood, args=(site.stack.sip, rate, seconds, self.counter), daemon=True)
        self.process.start()

    def wait(self):
        self.process.join()
        return self.counter.value


def t8(site, quick):
    """A flood of junk beside steady calls:"""
    seconds = 5 if quick else 60
    pbx, carrier = site.answerer(), site.carrier()
    number = site.did(site.trunk(pbx.address, max_concurrent_calls=1000))
    rss = site.stack.rss_mb()
    traffic = Traffic(carrier, [number], 20)
    started = time.monotonic()
    sent = Flood(site, 50_000, seconds).wait()
    rate = sent / (time.monotonic() - started)
    calls = traffic.all_answered()
    grown = site.stack.rss_mb() - rss
    site.exactly_once(number, calls)
    setup = percentile([call.final_at - call.placed_at for call in calls], 0.99)
    assert grown < 64, f"memory grew by {grown:.0f} MB"
    return (f"{rate:.0f} datagrams/s, {len(calls)} calls, 0 lost, set-up p99 {setup * 1000:.0f} ms, "
            f"memory +{grown:.1f} MB")


def t30(site, quick):
    """Log lines under a flood:"""
    seconds = 5 if quick else 60
    lines = {name: site.stack.log_lines(name) for name in ("sip", "api")}
    sent = Flood(site, 20_000, seconds).wait()
    time.sleep(0.5)
    told = (site.stack.log_lines("sip") - lines["sip"]) / seconds
    assert told < 10, f"{told:.1f} lines/s"
    assert sent > 1000
    return f"{sent / seconds:.0f} datagrams/s, {told:.1f} lines/s"


# A REGISTER that is shorter than its challenge gets one all the same, a few times an address.
REPEATS = 60


def t10(site, quick):
    """Amplification for every kind of stranger's request:"""
    server = f"sip:{site.stack.sip_remote}"
    aor = f"<sip:nobody@{site.stack.sip_remote}>"
    expires, body = ("Expires", "60"), p.SDP.format(ip="127.0.0.1")
    proof = ("Authorization", 'Digest username="nobody", realm="trunkguard", nonce="x", uri="sip:a", '
             'response="00000000000000000000000000000000", algorithm=MD5, qop=auth, nc=00000001, cnonce="y"')
    kinds = {
        "REGISTER": lambda s: request(s, "REGISTER", server, expires, to=aor),
        "REGISTER with proof": lambda s: request(s, "REGISTER", server, expires, proof, to=aor),
        "REGISTER, contact *": lambda s: request(s, "REGISTER", server, ("Expires", "0"), to=aor),
        "INVITE": lambda s: request(s, "INVITE", f"sip:+14155550100@{site.stack.sip_remote}", body=body),
        "INVITE without body": lambda s: request(s, "INVITE", f"sip:+14155550100@{site.stack.sip_remote}"),
        "INVITE in a dialog": lambda s: request(s, "INVITE", server, to=aor + ";tag=x", body=body),
        "INVITE, proxy required": lambda s: request(s, "INVITE", server, ("Proxy-Require", "x"), body=body),
        "INVITE, no hops": lambda s: request(s, "INVITE", server).replace(b"Forwards: 70", b"Forwards: 0"),
        "SIP/3.0": lambda s: request(s, "OPTIONS", server).replace(b"SIP/2.0\r\nVia", b"SIP/3.0\r\nVia"),
        "small": lambda s: (b"INVITE sip:a@b SIP/2.0\r\nv:SIP/2.0/UDP a;branch=z9hG4bK" + token().encode()
                            + b"\r\nf:<sip:a@b>;tag=1\r\nt:<sip:a@b>\r\ni:1\r\nCSeq:1 INVITE\r\n"
                              b"m:<sip:a@b>\r\nMax-Forwards:9\r\nl:0\r\n\r\n"),
        "small REGISTER": lambda s: (b"REGISTER sip:b SIP/2.0\r\nv:SIP/2.0/UDP a;branch=z9hG4bK" + token().encode()
                                     + b"\r\nf:<sip:a@b>;tag=1\r\nt:<sip:a@b>\r\ni:1\r\nCSeq:1 REGISTER\r\n"
                                       b"Max-Forwards:9\r\nl:0\r\n\r\n"),
        "cut": lambda s: request(s, "INVITE", server)[:120],
        "keep-alive": lambda s: b"\r\n\r\n",
        "many Vias": lambda s: request(s, "INVITE", server).replace(
            b"Max-Forwards", b"Via: SIP/2.0/UDP a;branch=z9hG4bK1\r\n" * 10 + b"Max-Forwards"),
        "via elsewhere": lambda s: request(s, "INVITE", server).replace(b"rport", b"received=127.0.0.8"),
    }
    for method in ("OPTIONS", "MESSAGE", "SUBSCRIBE", "NOTIFY", "PUBLISH", "BYE", "CANCEL", "ACK", "PRACK",
                   "UPDATE", "INFO", "REFER", "FOO"):
        kinds[method] = lambda s, m=method: request(s, m, server, to=aor)
        kinds[method + " in a dialog"] = lambda s, m=method: request(s, m, server, to=aor + ";tag=x")
    socks, sent, worst, seen = {}, {}, (0.0, ""), 0
    for n, (kind, make) in enumerate(kinds.items()):
        socks[kind] = stranger_socket(f"127.10.0.{n + 1}")
        sent[kind] = 0
        for _ in range(REPEATS):
            data = make(socks[kind])
            sent[kind] += len(data)
            socks[kind].sendto(data, site.stack.sip)
    time.sleep(2 if quick else 34)  # long enough for retransmissions, of which there must be none
    factors = {}
    for kind, sock in socks.items():
        got, statuses = received_bytes(sock)
        sock.close()
        factors[kind] = got / sent[kind]
        seen += len(statuses)
        assert len(statuses) <= REPEATS, f"{kind}: {REPEATS} requests, {len(statuses)} answers"
    bad = {kind: round(factor, 2) for kind, factor in factors.items() if factor > 1}
    assert not bad, f"amplified: {bad}"
    worst = max(factors, key=factors.get)
    return f"{len(kinds)} kinds, {seen} answers, worst factor {factors[worst]:.2f} ({worst})"


def t14(site, quick):
    """Forged BYE, CANCEL, re-INVITE and replays:"""
    pbx = site.answerer()
    ringing = site.peer("127.0.0.6", p.rings())
    carrier = site.carrier()
    trunk = site.trunk(pbx.address, max_concurrent_calls=10)
    number = site.did(trunk)
    other = site.trunk(ringing.address)
    rings_at = site.did(other)
    call = place_and_await(carrier, number, 1, 10)[0]
    waiting = carrier.place(rings_at)
    ringing.await_request("INVITE")
    until(lambda: waiting.progress_at, "it rings")
    forgers = [site.peer(f"127.0.0.{n}") for n in (9, 10)]
    neighbour = site.peer(PBX)  # the address of a known PBX, another port
    sent = 0
    for forger in [*forgers, neighbour]:
        for n, method in enumerate(("BYE", "INVITE", "UPDATE", "INFO", "REFER", "BYE")):
            forger.send(forger.in_dialog(method, call.invite, call.final, 2 + n), site.stack.sip)
            sent += 1
        forger.send(carrier.in_dialog("BYE", call.invite, call.final, 3), site.stack.sip)
        forger.cancel(waiting.invite, site.stack.sip)
        forger.cancel(call.invite, site.stack.sip)
        for status in (200, 486):
            forger.send(Message(f"SIP/2.0 {status} OK", [
                ("Via", f"SIP/2.0/UDP {site.stack.sip_remote};branch=z9hG4bKguess"),
                *[(name, value) for name, value in waiting.invite.headers
                  if name in ("Via", "From", "To", "Call-ID", "CSeq")], ("Content-Length", "0")]),
                site.stack.sip)
        sent += 5
    # The carrier itself, with a wrong tag, an old number, a guessed Call-ID.
    for change in (("To", ";tag=x"), ("Call-ID", "x")):
        bye = carrier.in_dialog("BYE", call.invite, call.final, 5)
        bye.headers = [(n, v + change[1]) if n == change[0] else (n, v) for n, v in bye.headers]
        carrier.send(bye, site.stack.sip)
        sent += 1
    time.sleep(1.0)
    assert call.id not in pbx.ended, "a forged BYE reached the PBX"
    assert not ringing.requests("CANCEL") and not waiting.final, "a forged CANCEL or answer ended a call"
    until(lambda: site.calls_up(trunk) == 1, "the slot is held")
    assert not call.ended_by_far
    carrier.hang_up_all()
    until(lambda: call.id in pbx.ended, "the BYE reached the PBX")
    site.no_calls(trunk)
    before = len(pbx.ended)
    carrier.send(call.bye, site.stack.sip)
    carrier.send(carrier.in_dialog("BYE", call.invite, call.final, 9), site.stack.sip)
    carrier.cancel(waiting.invite, site.stack.sip)
    until(lambda: waiting.status == 487, "the caller's own CANCEL works")
    site.no_calls(other)
    assert len(pbx.ended) == before and site.calls_up(trunk) == 0
    return f"{sent} forgeries, 0 calls ended, 0 slots changed, then the caller's own BYE and CANCEL work"


def t16(site, quick):
    """1,000 INVITEs at once on a limit of 30:"""
    pbx, carrier = site.answerer(), site.carrier()
    trunk = site.trunk(pbx.address, max_concurrent_calls=30, first_response_seconds=15)
    number = site.did(trunk)
    calls = [carrier.place(number) for _ in range(1000)]
    carrier.await_finals(calls)
    statuses = [call.status for call in calls]
    tally = {status: statuses.count(status) for status in set(statuses)}
    assert tally == {200: 30, 503: 970}, tally
    assert len(pbx.call_ids()) == 30, f"the PBX saw {len(pbx.call_ids())} INVITEs"
    until(lambda: site.calls_up(trunk) == 30, "30 slots are taken")
    median = statistics.median(call.final_at - call.placed_at for call in calls)
    carrier.hang_up_all()
    site.no_calls(trunk)
    records = site.exactly_once(number, calls)
    return f"{tally[200]} admitted, {tally[503]} x 503, median {median * 1000:.0f} ms, {records} records, slots 0"


def t25(site, quick):
    """Slowloris at the API:"""
    count = 400 if quick else 2000
    host, _, port = site.stack.http.rpartition(":")
    api = site.quick()

    def asked(times):
        spent = []
        for _ in range(times):
            started = time.monotonic()
            assert api.request("GET", "/v1/accounts").status == 200
            spent.append(time.monotonic() - started)
        return spent
    calm = percentile(asked(100), 0.99)
    held, cut_at = {}, []
    stopping = threading.Event()

    def drip():
        started = {}
        for n in range(count):
            sock = socket.socket()
            sock.settimeout(0.5)
            try:
                sock.bind((f"127.11.0.{n % 200 + 1}", 0))
                sock.connect((host, int(port)))
                sock.setblocking(False)
                sock.send(b"GET /v1/accounts HTTP/1.1\r\nHost: x\r\nX: ")
                held[n] = sock
                started[n] = time.monotonic()
            except OSError:
                sock.close()
        while held and not stopping.is_set():
            for n, sock in list(held.items()):
                try:
                    sock.send(b"a")
                    if sock.recv(1000) is not None:
                        raise ConnectionError
                except BlockingIOError:
                    continue
                except OSError:
                    cut_at.append(time.monotonic() - started[n])
                    held.pop(n).close()
            time.sleep(1.0)
    attacker = threading.Thread(target=drip, daemon=True)
    attacker.start()
    time.sleep(1.0)
    opened = len(held)
    busy = asked(100)
    until(lambda: not attacker.is_alive(), "every slow connection is cut", 40)
    stopping.set()
    attacker.join()
    worst = percentile(busy, 0.99)
    assert opened and max(cut_at) < 12, f"one was held for {max(cut_at):.0f} s"
    assert worst < max(2 * calm, 0.25), f"p99 of others {calm * 1000:.0f} -> {worst * 1000:.0f} ms"
    assert asked(1)
    return (f"{len(cut_at)} slow sockets, cut within {max(cut_at):.1f} s, p99 of others "
            f"{calm * 1000:.0f} -> {worst * 1000:.0f} ms")
