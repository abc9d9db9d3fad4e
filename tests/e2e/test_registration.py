"""A PBX registers with digest, is called, and is refused when it lies."""

import re

import pytest

import peer as p
from baresip import Baresip
from sipp import PBX
from wait import until

PASSWORD = "Tr0mbone!"


@pytest.fixture
def account(world):
    username = f"pbx{world.serial}"
    trunk = world.trunk(registration=(username, PASSWORD))
    return username, trunk, world.did(trunk)


def bindings(world, trunk):
    return [b for b in world.api.get(f"/v1/registrations?trunk_id={trunk['id']}").ok().json["data"]]


def test_sipp_registers_and_its_did_is_called_ended_and_recorded(world, account):
    username, trunk, number = account
    pbx = world.pbx()
    registrar = world.sipp("register", PBX, remote=world.stack.sip_remote, keys={
        "username": username, "password": PASSWORD, "contact_port": pbx.port, "expires": 600})
    registrar.wait()
    assert registrar.messages("received")[-1].status == 200
    assert until(lambda: bindings(world, trunk), "the binding is listed")

    call = world.call(number)
    assert call.final().status == 200
    assert call.final().contact_host == PBX
    pbx.await_request("BYE")

    cdr = until(lambda: world.cdrs(number), "the call record")[0]
    assert cdr["disposition"] == "ANSWERED" and cdr["cause"] == "NORMAL"
    assert [a["response_code"] for a in cdr["attempts"]] == [200]
    assert len(world.cdrs(number)) == 1


def test_sipp_with_a_wrong_password_is_refused(world, account):
    username, trunk, number = account
    registrar = world.sipp("register", PBX, remote=world.stack.sip_remote, keys={
        "username": username, "password": "guess", "contact_port": 5060, "expires": 600})
    registrar.wait()
    assert registrar.messages("received")[-1].status in (401, 403)
    assert not bindings(world, trunk)


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
def test_both_digests(world, account, algorithm):
    username, trunk, number = account
    pbx = world.peer(PBX, p.answers())
    assert p.register(pbx, world.stack.sip, username, PASSWORD, algorithm=algorithm).status == 200
    assert world.call(number).final().contact_host == PBX


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
@pytest.mark.parametrize("spoil", [
    {"response": '"00000000000000000000000000000000"'},
    {"nonce": '"bm9uc2Vuc2U"'},
    {"username": '"somebody"'},
    {"realm": '"elsewhere"'},
    {"uri": '"sip:elsewhere.example"'},
    {"nc": "00000000"},
    {"qop": "auth-int"},
], ids=lambda spoil: next(iter(spoil)))
def test_a_spoilt_digest_is_refused(world, account, algorithm, spoil):
    username, trunk, _ = account
    pbx = world.peer(PBX)
    answer = p.register(pbx, world.stack.sip, username, PASSWORD, algorithm=algorithm, spoil=spoil)
    assert answer.status in (400, 401, 403)
    assert not bindings(world, trunk)


def test_an_unknown_user_looks_like_a_wrong_password(world, account):
    username, _, _ = account
    pbx = world.peer(PBX)
    known = p.register(pbx, world.stack.sip, username, "guess")
    unknown = p.register(pbx, world.stack.sip, username + "x", "guess")

    def shape(response):
        text = re.sub(r'(nonce|opaque)="[^"]*"|(tag|branch)=[\w.-]+', "", repr(response))
        return text.replace(username + "x", username).split("Call-ID")[0]
    assert known.status == unknown.status
    assert shape(known) == shape(unknown)


def test_a_replayed_registration_is_refused(world, account):
    """The same nonce count a second time: somebody recorded the first one."""
    username, trunk, number = account
    pbx = world.peer(PBX, p.answers())
    host, port = world.stack.sip
    uri = f"sip:{host}:{port}"
    aor = f"sip:{username}@{host}:{port}"

    def ask(authorization, expires, cseq):
        headers = [("Contact", f"<sip:{username}@{PBX}:{pbx.port}>"), ("Expires", expires)]
        if authorization:
            headers.append(("Authorization", authorization))
        return pbx.ask(pbx.request("REGISTER", uri, headers=headers, to=f"<{aor}>", from_uri=aor,
                                   cseq=cseq, contact=False), world.stack.sip)
    challenge = p.challenge_of(ask(None, "300", 1))["MD5"]
    proof = p.credentials(challenge, "REGISTER", uri, username, PASSWORD)
    assert ask(proof, "300", 2).status == 200
    assert ask(proof, "0", 3).status == 401
    assert world.call(number).final().contact_host == PBX, "the replayed removal took effect"
    until(lambda: bindings(world, trunk), "the binding is listed")
    assert ask(p.credentials(challenge, "REGISTER", uri, username, PASSWORD, nc=2), "0",
               4).status == 200
    until(lambda: not bindings(world, trunk), "the binding is gone")


def test_after_unregistering_the_call_moves_on_at_once(world, account):
    username, trunk, number = account
    backup = world.backup()
    world.did_failover(number, backup_pbxs=[backup.address])
    pbx = world.peer(PBX, p.answers())
    assert p.register(pbx, world.stack.sip, username, PASSWORD).status == 200
    assert world.call(number).final().contact_host == PBX
    assert p.register(pbx, world.stack.sip, username, PASSWORD, expires=0).status == 200
    assert world.call(number).final().contact_host != PBX
    assert len(pbx.requests("INVITE")) == 1


def test_baresip_registers_and_answers(world, tmp_path):
    """It knows itself by the contact that it registered alone, so the DID comes in the To."""
    username = f"pbx{world.serial}"
    trunk = world.trunk(registration=(username, PASSWORD), did_delivery="to")
    number = world.did(trunk)
    with Baresip(tmp_path, world.stack.sip, username, PASSWORD) as phone:
        until(lambda: bindings(world, trunk), f"baresip is registered\n{phone.log()}")
        call = world.call(number, hold_ms=800)
        assert call.final().status == 200, phone.log()
        assert call.final().contact_host == phone.ip
    until(lambda: not bindings(world, trunk), "baresip unregistered when it ended")


def test_baresip_with_a_wrong_password_is_refused(world, account, tmp_path):
    username, trunk, number = account
    failures = "trunkguard_sip_authentication_failures_total"
    before = world.stack.metrics()[failures]
    with Baresip(tmp_path, world.stack.sip, username, "guess") as phone:
        until(lambda: world.stack.metrics()[failures] > before, "baresip is refused")
        assert "200 OK" not in phone.log()
        assert not bindings(world, trunk)
        assert world.call(number).final().status in (404, 480)


# -- RFC 6140: one registration for all numbers ---------------------------------------------------

GIN = [("Require", "gin"), ("Proxy-Require", "gin")]


@pytest.mark.parametrize("delivery", ["request_uri", "to"])
def test_one_registration_for_all_numbers(world, delivery):
    username = f"bulk{world.serial}"
    trunk = world.trunk(registration=(username, PASSWORD), did_delivery=delivery)
    numbers = [world.did(trunk) for _ in range(3)]
    pbx = world.peer(PBX, p.answers())
    contact = f"<sip:{PBX}:{pbx.port};bnc>"
    answer = p.register(pbx, world.stack.sip, username, PASSWORD, contact=contact, extra=GIN)
    assert answer.status == 200
    assert answer["Contact"].startswith(f"<sip:{PBX}:{pbx.port};bnc>;expires=")
    assert until(lambda: bindings(world, trunk), "the binding is listed")[0]["contact"] == \
        f"sip:{PBX}:{pbx.port};bnc"
    for n, number in enumerate(numbers, 1):
        assert world.call(number).final().contact_host == PBX
        assert pbx.await_request("INVITE", n).uri == f"sip:{number}@{PBX}:{pbx.port}"
    gone = p.register(pbx, world.stack.sip, username, PASSWORD, contact=contact, extra=GIN,
                      expires=0)
    assert gone.status == 200 and not gone.all("Contact")
    assert world.call(numbers[0]).final().status in (404, 480)


@pytest.mark.parametrize("contact,extra,status,header", [
    ("<sip:user@{host};bnc>", GIN, 400, None),
    ("<sip:{host};bnc>", [], 421, ("Require", "gin")),
    ("<sip:{host};bnc>", [("Require", "gin, gruu")], 420, ("Unsupported", "gruu")),
    ("<sip:{host};bnc>", [("Require", "gin"), ("Proxy-Require", "gin, sec-agree")], 420,
     ("Unsupported", "sec-agree")),
], ids=["user", "no gin", "gruu", "sec-agree"])
def test_a_bulk_registration_that_is_not_one(world, account, contact, extra, status, header):
    username, trunk, _ = account
    pbx = world.peer(PBX)
    answer = p.register(pbx, world.stack.sip, username, PASSWORD, extra=extra,
                        contact=contact.format(host=f"{PBX}:{pbx.port}"))
    assert answer.status == status
    if header:
        assert answer[header[0]] == header[1]
    assert not bindings(world, trunk)
