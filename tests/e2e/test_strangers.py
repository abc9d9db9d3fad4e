"""Whoever is unknown gets nothing: no DID, no relay, no amplification, and no crash."""

import csv
import re
import socket
import time
from pathlib import Path

import pytest

import peer as p
from sipp import CARRIER, PBX, STRANGER
from wait import until

TORTURE = Path(__file__).resolve().parents[1] / "torture"
MESSAGES = list(csv.DictReader((TORTURE / "index.tsv").open(), delimiter="\t",
                               quoting=csv.QUOTE_NONE))


def alive(stack, source=CARRIER):
    """The worker still answers one whom it knows."""
    known = p.Peer(source)
    try:
        probe = known.request("OPTIONS", f"sip:{stack.sip_remote}")
        return known.ask(probe, stack.sip).status
    finally:
        known.close()


def test_an_unknown_source_cannot_reach_a_did(world):
    pbx = world.peer(PBX, p.answers())
    number = world.did(world.trunk(pbx.address))
    stranger = world.peer(STRANGER)
    invite = stranger.invite(f"sip:{number}@{world.stack.sip_remote}")
    for _ in range(3):
        stranger.send(invite, world.stack.sip)
    assert world.call(number).final().status == 200
    assert len(pbx.requests("INVITE")) == 1
    assert all(m.status >= 400 for m in stranger.responses())
    assert stranger.bytes_received <= 3 * len(bytes(invite))


@pytest.mark.parametrize("source", [STRANGER, CARRIER], ids=["stranger", "carrier"])
@pytest.mark.parametrize("target", ["sip:+4915112345678@{worker}", "sip:+12125550199@{peer}",
                                    "sip:somebody@{peer}"])
@pytest.mark.parametrize("route", [False, True], ids=["plain", "routed"])
def test_nobody_can_relay(world, source, target, route):
    """Not to a foreign number, not to a foreign address, not with a Route header of his own."""
    victim = world.peer("127.0.0.8", p.answers())
    attacker = world.peer(source)
    uri = target.format(worker=world.stack.sip_remote, peer=f"127.0.0.8:{victim.port}")
    headers = []
    if route:
        headers = [("Route", f"<sip:{world.stack.sip_remote};lr>"),
                   ("Route", f"<sip:127.0.0.8:{victim.port};lr>")]
    invite = attacker.invite(uri, headers=headers)
    attacker.send(invite, world.stack.sip)
    if source == CARRIER:
        final = attacker.await_response(invite)
        assert final.status >= 400
        attacker.ack(invite, final, world.stack.sip)
    assert alive(world.stack) == 200
    assert not victim.received


@pytest.mark.parametrize("method", ["OPTIONS", "REGISTER", "MESSAGE", "SUBSCRIBE", "BYE", "FOO"])
def test_a_stranger_gets_no_more_bytes_than_he_sent(world, method):
    stranger = world.peer(STRANGER)
    sent = 0
    for n in range(20):
        request = stranger.request(method, f"sip:{world.stack.sip_remote}")
        sent += len(bytes(request))
        stranger.send(request, world.stack.sip)
    assert alive(world.stack) == 200
    assert stranger.bytes_received <= sent


def verdict(row):
    """The statuses that the table allows for this message; None: it must be dropped."""
    expected = row["expected_response"]
    if row["kind"] == "resp":
        return None
    return {int(code) for code in re.findall(r"\b[1-6]\d\d\b", expected)}


@pytest.mark.parametrize("row", MESSAGES, ids=[row["name"] for row in MESSAGES])
def test_every_torture_message_gets_its_verdict_and_the_process_lives(world, row):
    """Sent from the carrier, whom the worker answers; the response comes to the address in the
    datagram, for that is where it was sent from and most name rport or nothing."""
    data = (TORTURE / row["file"]).read_bytes()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as carrier:
        carrier.bind((CARRIER, 5060))
        carrier.settimeout(1.0)
        carrier.sendto(data, world.stack.sip)
        statuses = []
        try:
            while True:
                answer = carrier.recv(65535)
                assert len(answer) > 0
                statuses.append(int(answer.split(b" ", 2)[1]))
        except TimeoutError:
            pass
    finals = {status for status in statuses if status >= 200}
    if row["kind"] == "resp":
        assert not statuses, "a response was answered"
    elif row["valid"] == "invalid" and finals:
        assert finals <= {400, 501, 505, 416, 404, 200, 401, 403, 405, 483, 481}
    elif row["valid"] == "valid":
        assert 400 not in finals or row["name"] in ("escnull", "unksm2", "intmeth"), finals
    assert alive(world.stack) == 200
    assert world.stack.children["sip"].poll() is None


def test_refused_datagrams_are_counted_and_logged_at_most_once_a_second_per_kind(world):
    def refused():
        return sum(value for key, value in world.stack.metrics().items()
                   if "refused" in key or "malformed" in key)
    before = refused()
    lines = len(world.stack.log("sip").splitlines())
    started = time.monotonic()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.bind((STRANGER, 0))
        for n in range(500):
            stranger.sendto(b"INVITE nonsense\r\n\r\n", world.stack.sip)
    until(lambda: refused() >= before + 400, "the refused datagrams are counted")
    spent = time.monotonic() - started
    said = [line for line in world.stack.log("sip").splitlines()[lines:]
            if '"level":"warn' in line or '"level":"info' in line]
    assert len(said) <= 2 + spent


@pytest.mark.parametrize("data", [
    b"", b"\r\n\r\n", b"\0" * 200, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x00\x01\x00\x00\x21\x12\xa4\x42" + b"x" * 12,
    b"\xff" * 65000, b"INVITE " + b"a" * 60000, b"SIP/2.0 200 OK\r\n\r\n",
    b"INVITE sip:a@b SIP/2.0\r\n" + b"a:b\r\n" * 12800 + b"\r\n",
], ids=["empty", "keep-alive", "zeros", "http", "stun", "ff", "long", "bare response", "12800 headers"])
def test_rubbish(world, data):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.bind((STRANGER, 0))
        stranger.settimeout(0.3)
        stranger.sendto(data, world.stack.sip)
        try:
            assert len(stranger.recv(65535)) <= len(data)
        except TimeoutError:
            pass
    assert alive(world.stack) == 200


@pytest.mark.parametrize("data", [
    b"\0" * 5000, b"INVITE sip:a@b SIP/2.0\r\nContent-Length: -5\r\n\r\n",
    b"INVITE sip:a@b SIP/2.0\r\nContent-Length: 99999999999\r\n\r\n", b"a" * 100000,
    b"INVITE sip:a@b SIP/2.0\r\n" + b"a:b\r\n" * 5000,
], ids=["zeros", "negative length", "huge length", "no end", "endless headers"])
def test_rubbish_over_tcp_costs_its_sender_the_connection_and_nobody_else(world, data):
    with socket.create_connection(world.stack.sip, source_address=(CARRIER, 0), timeout=30) as sock:
        try:
            sock.sendall(data)
            answer = b""
            while chunk := sock.recv(65535):
                answer += chunk
            assert not answer or answer.startswith(b"SIP/2.0 ")
        except ConnectionError:
            pass
    assert alive(world.stack) == 200
