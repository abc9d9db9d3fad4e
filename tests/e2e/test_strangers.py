"""Whoever is unknown gets nothing: no DID, no relay, no amplification, and no crash."""

import json
import socket
import time
from collections import Counter
from datetime import datetime, timedelta

import pytest

import peer as p
from sipp import CARRIER, PBX, STRANGER
from wait import until

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


@pytest.mark.parametrize("in_dialog", [False, True], ids=["outside", "in a dialog"])
@pytest.mark.parametrize("method", ["OPTIONS", "INVITE", "MESSAGE", "SUBSCRIBE", "BYE", "CANCEL",
                                    "UPDATE", "PRACK", "FOO"])
def test_a_stranger_gets_one_answer_no_longer_than_his_request(world, method, in_dialog):
    """And never again: who forged the address of somebody else must not have him showered."""
    stranger = world.peer(STRANGER)
    to = f"<sip:{world.stack.sip_remote}>" + (";tag=guess" if in_dialog else "")
    sent = {}
    for n in range(20):
        request = stranger.request(method, f"sip:{world.stack.sip_remote}", to=to)
        sent[request["Call-ID"]] = len(bytes(request))
        stranger.send(request, world.stack.sip)
    assert alive(world.stack) == 200
    time.sleep(0.7 if method == "INVITE" else 0)  # a retransmission would come after half a second
    answers = stranger.responses()
    assert all(len(answer.raw) <= sent[answer["Call-ID"]] for answer in answers)
    asked = {407} if method == "INVITE" and not in_dialog else set()
    assert all(answer.status in {403, 481} | asked for answer in answers)
    assert max(Counter(answer["Call-ID"] for answer in answers).values(), default=0) <= 1


def test_a_challenge_is_no_longer_than_a_short_register(world):
    """Its names are compact then; a short REGISTER is nothing but what it must have."""
    stranger = world.peer("127.0.0.10")
    sent = {}
    for n in range(20):
        request = stranger.request("REGISTER", f"sip:{world.stack.sip_remote}",
                                   to="<sip:somebody@127.0.0.1>")
        sent[request["Call-ID"]] = len(bytes(request))
        stranger.send(request, world.stack.sip)
    assert alive(world.stack) == 200
    answers = stranger.responses()
    assert len(answers) == 20
    assert all(len(answer.raw) <= sent[answer["Call-ID"]] for answer in answers)
    assert all(answer.status == 401 and answer["WWW-Authenticate"] for answer in answers)


FAULTS = {
    "start_line": b"INVITE nonsense\r\n\r\n",
    "binary": b"\1\2\3\4\5",
    "too_long": b"INVITE sip:a@b SIP/2.0\r\n" + b"x: y\r\n" * 2000 + b"\r\n",
    "status_line": b"SIP/2.0 20 OK\r\n\r\n",
}


def refused(stack, reason):
    return stack.metrics()[f'trunkguard_sip_messages_refused_total{{reason="{reason}"}}']


def test_refused_datagrams_are_counted_and_logged_at_most_once_a_second_per_kind(world):
    before = {reason: refused(world.stack, reason) for reason in FAULTS}
    for n, (reason, data) in enumerate(FAULTS.items()):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            stranger.bind((f"127.0.1.{10 + n}", 0))  # each with a budget of his own
            for _ in range(100):
                stranger.sendto(data, world.stack.sip)
    for reason in FAULTS:
        until(lambda: refused(world.stack, reason) == before[reason] + 100, f"all {reason}")
    said = {}
    for line in map(json.loads, world.stack.log("sip").splitlines()):
        if line["kind"].startswith(("sip_", "guard_")):
            said.setdefault(line["kind"], []).append(datetime.fromisoformat(line["time"]))
    assert "sip_refused" in said
    for kind, times in said.items():
        apart = [later - earlier for earlier, later in zip(times, times[1:])]
        assert min(apart, default=timedelta(1)) > timedelta(seconds=0.9), kind


def test_a_flood_of_one_stranger_is_cut_off_and_counted(world):
    before = refused(world.stack, "source_rate")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.bind(("127.0.0.12", 0))
        for n in range(500):
            stranger.sendto(b"INVITE nonsense\r\n\r\n", world.stack.sip)
    until(lambda: refused(world.stack, "source_rate") >= before + 300, "the flood is counted")
    pbx = world.pbx()
    assert world.call(world.did(world.trunk(pbx.address))).final().status == 200


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
