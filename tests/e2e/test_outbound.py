"""Calls that PBXs make: known by password or by address, what they may show, which gateway takes them, and the
order in which gateways are tried."""

import pytest

import peer as p
from baresip import Baresip
from dns import Dns
from message import Message, token
from registrar import Registrar, challenge_of_credentials
from sipp import BACKUP, CARRIER, GATEWAY, PBX, STRANGER
from stack import Stack
from wait import free_port, until

SECOND_GATEWAY, PUBLIC = "127.0.0.15", "127.0.0.16"
SECRET = "correct horse battery"


@pytest.fixture(scope="module")
def dns():
    server = Dns()
    yield server
    server.close()


@pytest.fixture(scope="module")
def stack(tmp_path_factory, dns):
    stack = Stack(tmp_path_factory.mktemp("outbound"),
                  {"TRUNKGUARD_DNS": dns.setting, "TRUNKGUARD_PROBE_SECONDS": "1"})
    try:
        stack.start()
        yield stack
    finally:
        stack.close()


# -- a PBX that dials ------------------------------------------------------------------------------

class Dialling:
    """One call of a PBX: the INVITE that was answered last, its final response, and what follows."""

    def __init__(self, world, pbx):
        self.server = world.stack.sip
        self.pbx = pbx

    def dial(self, uri, username=None, password=SECRET, **named):
        invite = self.pbx.invite(uri, **named)
        self.pbx.send(invite, self.server)
        final = self.pbx.await_response(invite)
        self.asked = final if final.status == 407 else None
        if final.status == 407 and username:
            self.pbx.ack(invite, final, self.server)
            offered = p.challenge_of(final)
            self.offered = offered
            proof = p.credentials(offered["MD5"], "INVITE", uri, username, password)
            headers = list(named.pop("headers", ())) + [("Proxy-Authorization", proof)]
            invite = self.pbx.invite(uri, headers=headers, cseq=2, call_id=invite["Call-ID"], **named)
            self.pbx.send(invite, self.server)
            final = self.pbx.await_response(invite)
        self.invite, self.final = invite, final
        self.pbx.ack(invite, final, self.server)
        return self

    def bye(self):
        cseq = int(self.invite["CSeq"].split()[0]) + 1
        bye = self.pbx.in_dialog("BYE", self.invite, self.final, cseq)
        return self.pbx.ask(bye, self.server)


def uri(world, number):
    return f"sip:{number}@{world.stack.sip_remote}"


def shown(number, world):
    return f"sip:{number}@{world.stack.sip_remote}"


def ip_trunk(world, pbx, **fields):
    """A trunk in IP mode with a DID and a caller ID, and that DID."""
    trunk = world.trunk(pbx.address, **fields)
    return trunk, world.did(trunk)


def dial(world, pbx, number, **named):
    return Dialling(world, pbx).dial(uri(world, number), **named)


def records(world, trunk, count=1):
    path = f"/v1/cdrs?trunk_id={trunk['id']}&direction=outbound"
    return until(lambda: len(found := world.api.get(path).ok().json["data"]) >= count and found,
                 "the call record")


def number_of(value):
    """The user part of a name-addr."""
    return value.split("sip:")[1].split("@")[0]


# -- who may call ----------------------------------------------------------------------------------

def test_a_pbx_calls_out_by_its_address(world):
    carrier = world.peer(GATEWAY, p.answers())
    world.gateway(carrier.address)
    pbx = world.peer(PBX, p.answers())
    trunk, did = ip_trunk(world, pbx)
    far = world.far_number()
    call = dial(world, pbx, far, from_uri=shown(did, world))
    assert call.final.status == 200
    invite = carrier.requests("INVITE")[0]
    assert invite.uri == f"sip:{far}@{GATEWAY}:{carrier.port};user=phone"
    assert number_of(invite["From"]) == did
    assert number_of(invite["P-Asserted-Identity"]) == did
    until(lambda: world.calls_up(trunk) == 1, "the trunk has a call")
    assert call.bye().status == 200
    assert carrier.await_request("BYE")
    record = records(world, trunk)[0]
    assert record["direction"] == "outbound" and record["disposition"] == "ANSWERED"
    assert (record["caller"], record["called"], record["did"]) == (did, far, did)
    assert record["account_id"] == world.account["id"] and record["ended_by"] == "caller"
    assert record["attempts"][0]["rule"] == "gateway" and record["attempts"][0]["target"] == far
    until(lambda: world.calls_up(trunk) == 0, "the slot is free")


def test_sipp_calls_out(world):
    carrier = world.outbound("answer")
    world.gateway(carrier.address)
    trunk = world._make("/v1/trunks", {"account_id": world.account["id"], "name": "sipp"})
    world.api.put(f"/v1/trunks/{trunk['id']}/sip-accounts/primary",
                  {"auth_mode": "ip", "ip_addresses": ["127.0.0.30"]})
    did = world.did(trunk)
    caller = world.sipp("carrier", "127.0.0.30", remote=world.stack.sip_remote,
                        number=world.far_number(), keys={"caller": did}).wait()
    assert caller.final().status == 200 and caller.final().contact_host == GATEWAY
    assert records(world, trunk)[0]["disposition"] == "ANSWERED"


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
def test_a_pbx_calls_out_by_its_password_from_anywhere(world, algorithm):
    carrier = world.peer(GATEWAY, p.answers())
    world.gateway(carrier.address)
    username = f"pbx-{world.serial}"
    trunk = world.trunk(registration=(username, SECRET))
    did = world.did(trunk)
    pbx = world.peer("127.0.0.31", p.answers())
    call = Dialling(world, pbx)
    target, sender = uri(world, world.far_number()), shown(did, world)
    invite = pbx.invite(target, from_uri=sender)
    pbx.send(invite, world.stack.sip)
    asked = pbx.await_response(invite)
    assert asked.status == 407 and len(asked.raw) <= len(bytes(invite))
    pbx.ack(invite, asked, world.stack.sip)
    proof = p.credentials(p.challenge_of(asked)[algorithm], "INVITE", target, username, SECRET)
    again = pbx.invite(target, from_uri=sender, cseq=2, call_id=invite["Call-ID"],
                       headers=[("Proxy-Authorization", proof)])
    pbx.send(again, world.stack.sip)
    call.invite, call.final = again, pbx.await_response(again)
    assert call.final.status == 200
    pbx.ack(again, call.final, world.stack.sip)
    received = carrier.requests("INVITE")[0]
    assert not received.get("Proxy-Authorization") and not received.get("Authorization")
    assert call.bye().status == 200
    # The same credentials are good for one INVITE only, from here or from elsewhere.
    for ip in ("127.0.0.31", "127.0.0.32"):
        other = world.peer(ip)
        replay = other.invite(target, from_uri=sender, headers=[("Proxy-Authorization", proof)])
        other.send(replay, world.stack.sip)
        stale = other.await_response(replay)
        assert stale.status == 407 and "stale=true" in stale["Proxy-Authenticate"]
    assert len(carrier.requests("INVITE")) == 1


def test_a_retransmitted_invite_is_one_call(world):
    """Its nonce was used by the first one; it is no replay for that."""
    carrier = world.peer(GATEWAY, p.rings())
    world.gateway(carrier.address)
    username = f"pbx-{world.serial}"
    did = world.did(world.trunk(registration=(username, SECRET)))
    pbx = world.peer("127.0.0.31")
    target, sender = uri(world, world.far_number()), shown(did, world)
    invite = pbx.invite(target, from_uri=sender)
    pbx.send(invite, world.stack.sip)
    asked = pbx.await_response(invite)
    proof = p.credentials(p.challenge_of(asked)["MD5"], "INVITE", target, username, SECRET)
    again = pbx.invite(target, from_uri=sender, cseq=2, headers=[("Proxy-Authorization", proof)])
    for _ in range(3):
        pbx.send(again, world.stack.sip)
        pbx.await_response(again, least=180)
    assert len(carrier.requests("INVITE")) == 1
    assert {m.status for m in pbx.responses(again["Call-ID"])} == {100, 180}
    pbx.send(pbx.cancel(again, world.stack.sip), world.stack.sip)
    assert pbx.await_response(again).status == 487
    assert carrier.await_request("CANCEL")


def test_wrong_passwords_are_challenged_a_few_times_and_then_met_with_silence(world):
    carrier = world.peer(GATEWAY, p.answers())
    world.gateway(carrier.address)
    username = f"pbx-{world.serial}"
    world.trunk(registration=(username, SECRET))
    attacker = world.peer("127.0.0.33")
    target = uri(world, world.far_number())
    statuses = []
    for _ in range(8):
        invite = attacker.invite(target)
        attacker.send(invite, world.stack.sip)
        asked = attacker.await_response(invite)
        proof = p.credentials(p.challenge_of(asked)["MD5"], "INVITE", target, username, "guess")
        again = attacker.invite(target, cseq=2, headers=[("Proxy-Authorization", proof)])
        attacker.send(again, world.stack.sip)
        try:
            statuses.append(attacker.await_response(again, seconds=1).status)
        except AssertionError:
            break
    assert set(statuses[:-1]) == {407} and statuses[-1] == 403 and len(statuses) <= 6
    assert not carrier.received


@pytest.mark.parametrize("known", ["stranger", "no account", "disabled trunk", "disabled gateway"])
def test_whoever_has_no_trunk_reaches_nobody(world, known):
    carrier = world.peer(GATEWAY, p.answers())
    gateway = world.gateway(carrier.address)
    pbx = world.peer(PBX if known.startswith("disabled") else STRANGER, p.answers())
    username = "nobody"
    if known == "disabled trunk":
        trunk, _ = ip_trunk(world, pbx)
        world.api.patch(f"/v1/trunks/{trunk['id']}", {"enabled": False})
    elif known == "disabled gateway":
        ip_trunk(world, pbx, caller_id="+14155550100")
        world.api.patch(f"/v1/gateways/{gateway['id']}", {"enabled": False})
    call = dial(world, pbx, world.far_number(),
                username=username if known == "no account" else None)
    expected = {"stranger": 407, "no account": 407, "disabled trunk": 403, "disabled gateway": 408}
    assert call.final.status == expected[known]
    assert not carrier.requests("INVITE")


def test_two_customers_behind_one_address_are_told_apart_by_what_they_show(world):
    carrier = world.peer(GATEWAY, p.answers())
    world.gateway(carrier.address)
    pbx = world.peer(PBX, p.answers())
    first, first_did = ip_trunk(world, pbx, caller_id=None)
    address = {**pbx.address, "port": free_port(PBX)}
    second = world.trunk(address)
    second_did = world.did(second)
    for trunk, did in ((first, first_did), (second, second_did)):
        call = dial(world, pbx, world.far_number(), from_uri=shown(did, world))
        assert call.final.status == 200
        call.bye()
        assert [r["did"] for r in records(world, trunk)] == [did]
    # What both may be is the one that is called at the port that the call comes from.
    call = dial(world, pbx, world.far_number(), from_uri=shown("1001", world))
    assert call.final.status == 403  # that one has no caller ID
    stranger = world.peer(PBX, p.answers())
    call = dial(world, stranger, world.far_number(), from_uri=shown("1001", world))
    assert call.final.status == 403 and "Ambiguous" in call.final.start


# -- caller ID -------------------------------------------------------------------------------------

@pytest.mark.parametrize("role", ["primary", "secondary"])
def test_a_foreign_caller_id_is_replaced_by_the_trunks_on_both_accounts(world, role):
    """B3Networks: both accounts share the caller ID of the primary's settings."""
    carrier = world.peer(GATEWAY, p.answers())
    world.gateway(carrier.address)
    pbx, second = world.peer(PBX, p.answers()), world.peer(BACKUP, p.answers())
    world.api.patch(f"/v1/accounts/{world.account['id']}", {"ha_addon": True})
    trunk, did = ip_trunk(world, pbx)
    world.api.put(f"/v1/trunks/{trunk['id']}/sip-accounts/secondary",
                  {"auth_mode": "ip", "ip_addresses": [BACKUP], "address": second.address})
    world.api.patch(f"/v1/trunks/{trunk['id']}", {"caller_id": did})
    caller = pbx if role == "primary" else second
    call = dial(world, caller, world.far_number(), from_uri=shown("+12125550111", world),
                headers=[("P-Asserted-Identity", f"<{shown('+12125550111', world)}>"),
                         ("P-Preferred-Identity", f"<{shown('+12125550111', world)}>"),
                         ("Remote-Party-ID", f"<{shown('+12125550111', world)}>;party=calling"),
                         ("Identity", "signature;info=<https://x.example/>")])
    assert call.final.status == 200
    invite = carrier.requests("INVITE")[0]
    assert number_of(invite["From"]) == did
    assert [number_of(v) for v in invite.all("P-Asserted-Identity")] == [did]
    for name in ("P-Preferred-Identity", "Remote-Party-ID", "Identity"):
        assert not invite.get(name)
    # The PBX gets back what it sent.
    assert call.final["From"] == call.invite["From"]
    assert call.bye().status == 200
    assert number_of(carrier.await_request("BYE")["From"]) == did


def test_a_long_name_does_not_smuggle_a_foreign_number_out(world):
    carrier = world.peer(GATEWAY, p.answers())
    world.gateway(carrier.address)
    pbx = world.peer(PBX, p.answers())
    trunk, did = ip_trunk(world, pbx)
    world.api.patch(f"/v1/trunks/{trunk['id']}", {"caller_id": did})
    for number in ("+12125550111", did):
        invite = pbx.invite(uri(world, world.far_number()))
        invite.headers = [(name, f'"{"x" * 1500}" <{shown(number, world)}>;tag={token()}' if name == "From" else value)
                          for name, value in invite.headers]
        pbx.send(invite, world.stack.sip)
        assert pbx.await_response(invite).status == 200
    assert [number_of(m["From"]) for m in carrier.requests("INVITE")] == [did, did]
    assert "xxx" not in carrier.requests("INVITE")[0]["From"]


@pytest.mark.parametrize("display", ["caller", "caller_number", "called_number"])
def test_a_call_that_comes_out_again_shows_no_foreign_number(world, display):
    """A PBX calls a number of its own account that fails over to the outside."""
    carrier = world.peer(GATEWAY, p.answers())
    world.gateway(carrier.address)
    pbx = world.peer(PBX, p.answers())
    trunk, did = ip_trunk(world, pbx)
    other = world.did(world.trunk(registration=(f"away-{world.serial}", SECRET)))
    world.did_failover(other, number=world.far_number(), calling_party_display=display)
    for number, expected in (("+12125550111", "anonymous"), (did, did)):
        call = dial(world, pbx, other, from_uri=shown(number, world))
        assert call.final.status == 200
        assert number_of(carrier.requests("INVITE")[-1]["From"]) == (
            other if display == "called_number" else expected)
        call.bye()


def test_a_foreign_caller_id_without_another_is_refused(world):
    carrier = world.peer(GATEWAY, p.answers())
    world.gateway(carrier.address)
    pbx = world.peer(PBX, p.answers())
    ip_trunk(world, pbx)
    call = dial(world, pbx, world.far_number(), from_uri=shown("+12125550111", world))
    assert call.final.start == "SIP/2.0 403 Caller ID Not Allowed"
    assert not carrier.requests("INVITE")


@pytest.mark.parametrize("how", ["header", "from"])
def test_an_anonymous_caller_stays_anonymous(world, how):
    """RFC 3323, RFC 3325: the gateway learns who it is, and that it must not tell."""
    carrier = world.peer(GATEWAY, p.answers())
    world.gateway(carrier.address)
    pbx = world.peer(PBX, p.answers())
    trunk, did = ip_trunk(world, pbx)
    if how == "header":
        call = dial(world, pbx, world.far_number(), from_uri=shown(did, world),
                    headers=[("Privacy", "id")])
    else:
        call = dial(world, pbx, world.far_number(), from_uri="sip:anonymous@anonymous.invalid",
                    headers=[("P-Preferred-Identity", f"<{shown(did, world)}>")])
    assert call.final.status == 200
    invite = carrier.requests("INVITE")[0]
    assert invite["From"].startswith('"Anonymous" <sip:anonymous@anonymous.invalid>')
    assert number_of(invite["P-Asserted-Identity"]) == did
    assert invite.all("Privacy") == ["id"]


# -- what is dialled -------------------------------------------------------------------------------

@pytest.mark.parametrize("dialled,called", [
    ("{far}", "{far}"), ("011{digits}", "{far}"), ("4155550199", "+14155550199"),
    ("14155550199", "+14155550199"), ("{far};npdi", "{far}")])
def test_numbers_as_people_dial_them(world, dialled, called):
    world.api.patch(f"/v1/accounts/{world.account['id']}", {"default_country": "US"})
    carrier = world.peer(GATEWAY, p.answers())
    world.gateway(carrier.address, prefixes=[world.far_prefix, "+14155550199"])
    pbx = world.peer(PBX, p.answers())
    trunk, did = ip_trunk(world, pbx)
    far = world.far_number()
    words = {"far": far, "digits": far[1:]}
    call = dial(world, pbx, dialled.format(**words), from_uri=shown(did, world))
    assert call.final.status == 200
    expected = called.format(**words)
    assert carrier.requests("INVITE")[0].uri.startswith(f"sip:{expected}@")
    call.bye()
    assert records(world, trunk)[0]["called"] == expected


def test_a_tel_uri(world):
    carrier = world.peer(GATEWAY, p.answers())
    world.gateway(carrier.address)
    pbx = world.peer(PBX, p.answers())
    _, did = ip_trunk(world, pbx)
    far = world.far_number()
    call = Dialling(world, pbx).dial(f"tel:{far[:4]}-{far[4:]}", from_uri=shown(did, world))
    assert call.final.status == 200
    assert carrier.requests("INVITE")[0].uri.startswith(f"sip:{far}@")


@pytest.mark.parametrize("dialled,status", [("1234", 484), ("alice", 404), ("*72", 404),
                                            ("+19005550100", 403)])
def test_what_cannot_be_called(world, dialled, status):
    pbx = world.peer(PBX, p.answers())
    _, did = ip_trunk(world, pbx)
    assert dial(world, pbx, dialled, from_uri=shown(did, world)).final.status == status


def test_a_number_of_our_own_needs_no_carrier(world):
    """From one customer's PBX to another's. Each gets a record of its own side, and each trunk counts."""
    carrier = world.peer(GATEWAY, p.answers())
    world.gateway(carrier.address, prefixes=["+1"])
    pbx = world.peer(PBX, p.answers())
    trunk, did = ip_trunk(world, pbx)
    other = world._make("/v1/accounts", {"name": "Somebody else"})
    callee = world.peer(BACKUP, p.answers())
    theirs = world._make("/v1/trunks", {"account_id": other["id"], "name": "theirs"})
    world.api.put(f"/v1/trunks/{theirs['id']}/sip-accounts/primary",
                  {"auth_mode": "ip", "ip_addresses": [BACKUP], "address": callee.address})
    number = f"{world.prefix}9999"
    world._make("/v1/dids", {"number": number, "account_id": other["id"], "trunk_id": theirs["id"]})
    call = dial(world, pbx, number, from_uri=shown(did, world))
    assert call.final.status == 200 and call.final.contact_host == BACKUP
    assert number_of(callee.requests("INVITE")[0]["From"]) == did
    until(lambda: world.calls_up(trunk) == 1 and world.calls_up(theirs) == 1, "both trunks count")
    assert call.bye().status == 200
    mine = records(world, trunk)[0]
    assert mine["called"] == number and mine["attempts"][0]["rule"] == "own_did"
    assert len(mine["attempts"]) == 1 and mine["disposition"] == "ANSWERED"
    theirs_record = until(lambda: world.cdrs(number), "the other side's record")[0]
    assert theirs_record["direction"] == "inbound" and theirs_record["account_id"] == other["id"]
    assert theirs_record["caller"] == did and theirs_record["id"] != mine["id"]
    assert not carrier.received
    until(lambda: world.calls_up(trunk) == 0 and world.calls_up(theirs) == 0, "both are free")


# -- one count for both directions -----------------------------------------------------------------

def test_inbound_and_outbound_calls_share_one_count(world):
    """B3Networks: the sum of concurrent calls never exceeds the primary's number, whatever the direction and
    the account."""
    far_end = world.peer(GATEWAY, p.answers())
    world.gateway(far_end.address)
    pbx = world.peer(PBX, p.answers())
    trunk, did = ip_trunk(world, pbx, max_concurrent_calls=2)
    carrier = world.peer(CARRIER, p.answers())
    outbound = dial(world, pbx, world.far_number(), from_uri=shown(did, world))
    assert outbound.final.status == 200
    invite = carrier.invite(uri(world, did))
    carrier.send(invite, world.stack.sip)
    inbound = carrier.await_response(invite)
    carrier.ack(invite, inbound, world.stack.sip)
    assert inbound.status == 200
    until(lambda: world.calls_up(trunk) == 2, "two calls are up")
    refused = dial(world, pbx, world.far_number(), from_uri=shown(did, world))
    assert refused.final.status == 503
    assert world.call(did).final().status == 503
    assert len(far_end.requests("INVITE")) == 1
    assert outbound.bye().status == 200
    until(lambda: world.calls_up(trunk) == 1, "one is free")
    again = dial(world, pbx, world.far_number(), from_uri=shown(did, world))
    assert again.final.status == 200
    again.bye()
    full = [r for r in records(world, trunk, 3) if r["cause"] == "CAPACITY"]
    assert [(r["status"], r["attempts"]) for r in full] == [(503, [])]


def test_many_at_once_are_exactly_as_many_as_allowed(world):
    far_end = world.peer(GATEWAY, p.rings())
    world.gateway(far_end.address)
    pbx = world.peer(PBX, p.answers())
    trunk, did = ip_trunk(world, pbx, max_concurrent_calls=5)
    invites = [pbx.invite(uri(world, world.far_number()), from_uri=shown(did, world),
                          from_tag=token()) for _ in range(30)]
    for invite in invites:
        pbx.send(invite, world.stack.sip)
    got = [pbx.await_response(invite, least=180).status for invite in invites]
    assert got.count(180) == 5 and got.count(503) == 25
    for invite in invites:
        pbx.cancel(invite, world.stack.sip)
    until(lambda: world.calls_up(trunk) == 0, "all are free")


def test_an_emergency_call_is_never_refused_for_capacity(world):
    world.api.patch(f"/v1/accounts/{world.account['id']}", {"default_country": "US"})
    psap = world.peer(GATEWAY, p.answers())
    world.gateway(psap.address, prefixes=["911"], public_trunk=True)
    pbx = world.peer(PBX, p.answers())
    trunk = world.trunk(pbx.address, max_concurrent_calls=0)
    assert dial(world, pbx, world.far_number(), from_uri=shown("1001", world)).final.status == 403
    world.api.patch(f"/v1/trunks/{trunk['id']}", {"caller_id": "+14155550100"})
    assert dial(world, pbx, world.far_number(), from_uri=shown("1001", world)).final.status == 503
    for dialled in ("911", "+1911"):
        call = dial(world, pbx, dialled, from_uri=shown("1001", world))
        assert call.final.status == 200
        assert psap.requests("INVITE")[-1].uri == f"sip:911@{GATEWAY}:{psap.port}"
        until(lambda: world.calls_up(trunk) == 1, "it counts")
        assert call.bye().status == 200
        until(lambda: world.calls_up(trunk) == 0, "it is over")
    record = records(world, trunk, 3)[0]
    assert record["called"] == "911" and record["attempts"][0]["rule"] == "emergency"


# -- gateways: who is tried, in what order ---------------------------------------------------------

FAILING = {"silent": p.silent(), "500": p.refuses(500), "503": p.refuses(503), "closed": None}


def failing_gateway(world, how, ip=GATEWAY):
    """Its address, and the peer when there is one."""
    if how == "closed":
        return {"host": ip, "port": free_port(ip), "transport": "udp"}, None
    peer = world.peer(ip, FAILING[how])
    return peer.address, peer


@pytest.mark.parametrize("how", FAILING)
def test_the_failover_address_follows_the_main_one(world, how):
    """The Panasonic document: if a failover SIP server is registered, INVITE is sent to that server."""
    address, _ = failing_gateway(world, how)
    spare = world.peer(SECOND_GATEWAY, p.answers())
    world.gateway(address, failover_address=spare.address, failover_seconds=1)
    pbx = world.peer(PBX, p.answers())
    trunk, did = ip_trunk(world, pbx)
    call = dial(world, pbx, world.far_number(), from_uri=shown(did, world))
    assert call.final.status == 200 and call.final.contact_host == SECOND_GATEWAY
    call.bye()
    record = records(world, trunk)[0]
    assert record["failed_over"] and len(record["attempts"]) == 2
    assert record["attempts"][0]["disposition"] == "CONGESTION"
    # The trunk's own failover is another thing: its PBX did not fail.
    assert world.status(trunk)["last_failover"] is None


@pytest.mark.parametrize("how", ["silent", "500", "503"])
def test_without_a_failover_address_the_next_one_of_dns_follows(world, dns, how):
    """Panasonic: else at once to the destination that the name leads to; SRV by priority."""
    address, first = failing_gateway(world, how)
    second = world.peer(SECOND_GATEWAY, p.answers())
    name = f"gateway{world.serial}.example"
    dns.srv(f"_sip._udp.{name}", (2, 0, second.port, f"b.{name}"),
            (1, 0, first.port, f"a.{name}"))
    dns.a(f"a.{name}", GATEWAY)
    dns.a(f"b.{name}", SECOND_GATEWAY)
    world.gateway({"host": name, "port": None, "transport": "udp"}, failover_seconds=1)
    pbx = world.peer(PBX, p.answers())
    _, did = ip_trunk(world, pbx)
    call = dial(world, pbx, world.far_number(), from_uri=shown(did, world))
    assert call.final.status == 200 and call.final.contact_host == SECOND_GATEWAY
    assert len(first.requests("INVITE")) == 1


def test_a_records_take_turns(world, dns):
    """Panasonic: DNS A record round robin."""
    port = free_port(GATEWAY)
    first, second = world.peer(GATEWAY, p.answers(), port), world.peer(SECOND_GATEWAY, p.answers(), port)
    name = f"robin{world.serial}.example"
    dns.a(name, GATEWAY, SECOND_GATEWAY)
    world.gateway({"host": name, "port": port, "transport": "udp"})
    pbx = world.peer(PBX, p.answers())
    _, did = ip_trunk(world, pbx)
    for _ in range(4):
        call = dial(world, pbx, world.far_number(), from_uri=shown(did, world))
        assert call.final.status == 200
        call.bye()
    assert len(first.requests("INVITE")) == len(second.requests("INVITE")) == 2


@pytest.mark.parametrize("how", ["silent", "500"])
def test_public_trunks_are_the_last_resort(world, how):
    """Panasonic: a SIP trunk call that cannot be completed is made over a public trunk."""
    address, _ = failing_gateway(world, how)
    spare_address, _ = failing_gateway(world, how, SECOND_GATEWAY)
    public = world.peer(PUBLIC, p.answers())
    world.gateway(public.address, public_trunk=True, priority=0)
    world.gateway(address, failover_address=spare_address, failover_seconds=1)
    pbx = world.peer(PBX, p.answers())
    trunk, did = ip_trunk(world, pbx)
    call = dial(world, pbx, world.far_number(), from_uri=shown(did, world))
    assert call.final.status == 200 and call.final.contact_host == PUBLIC
    call.bye()
    attempts = records(world, trunk)[0]["attempts"]
    assert [a["rule"] for a in attempts] == ["gateway", "gateway", "public_trunk"]


@pytest.mark.parametrize("status", [404, 486, 480, 603])
def test_what_the_called_party_says_is_the_answer(world, status):
    carrier = world.peer(GATEWAY, p.refuses(status))
    other = world.peer(SECOND_GATEWAY, p.answers())
    world.gateway(carrier.address)
    world.gateway(other.address, priority=9)
    pbx = world.peer(PBX, p.answers())
    trunk, did = ip_trunk(world, pbx)
    call = dial(world, pbx, world.far_number(), from_uri=shown(did, world))
    assert call.final.status == status and not other.requests("INVITE")
    assert records(world, trunk)[0]["status"] == status


# -- a gateway that asks who we are ----------------------------------------------------------------

def asks_for_password(registrar, status, right=True):
    """A gateway that challenges each INVITE, as its registrar does REGISTER."""
    header = "WWW-Authenticate" if status == 401 else "Proxy-Authenticate"
    answer = "Authorization" if status == 401 else "Proxy-Authorization"

    def on_invite(peer, invite):
        value = invite.get(answer)
        given = value and challenge_of_credentials(value)
        expected = given and challenge_of_credentials(p.credentials(
            {"realm": "carrier", "nonce": "n1", "algorithm": "SHA-256"}, "INVITE", invite.uri,
            registrar.username, registrar.password, nc=int(given["nc"], 16), cnonce=given["cnonce"]))
        if right and given and given["response"] == expected["response"]:
            peer.reply(invite, 180, "Ringing")
            peer.reply(invite, 200, "OK", sdp=True)
        else:
            peer.reply(invite, status, "Who", extra=[(
                header, 'Digest realm="carrier", nonce="n1", qop="auth", algorithm=SHA-256')])
    return p.options_or(on_invite)


@pytest.mark.parametrize("status", [401, 407])
def test_a_gateways_challenge_is_answered(world, status):
    registrar = Registrar()
    registrar.calls = asks_for_password(registrar, status)
    carrier = world.peer(GATEWAY, registrar)
    world.gateway(carrier.address, registration={
        "username": registrar.username, "password": registrar.password})
    pbx = world.peer(PBX, p.answers())
    trunk, did = ip_trunk(world, pbx)
    call = dial(world, pbx, world.far_number(), from_uri=shown(did, world))
    assert call.final.status == 200
    # To the gateway it is another INVITE; to the PBX it is its own.
    assert [m["CSeq"] for m in carrier.requests("INVITE")] == ["1 INVITE", "2 INVITE"]
    assert call.final["CSeq"] == "1 INVITE"
    until(lambda: "2 ACK" in [m["CSeq"] for m in carrier.requests("ACK")], "the ACK")
    update = pbx.in_dialog("UPDATE", call.invite, call.final, 2)
    assert pbx.ask(update, world.stack.sip)["CSeq"] == "2 UPDATE"
    assert carrier.await_request("UPDATE")["CSeq"] == "3 UPDATE"
    bye = pbx.ask(pbx.in_dialog("BYE", call.invite, call.final, 3), world.stack.sip)
    assert bye.status == 200 and bye["CSeq"] == "3 BYE"
    assert carrier.await_request("BYE")["CSeq"] == "4 BYE"
    assert len(records(world, trunk)[0]["attempts"]) == 1


def test_a_challenge_that_comes_again_is_a_failure(world):
    registrar = Registrar()
    registrar.calls = asks_for_password(registrar, 407, right=False)
    carrier = world.peer(GATEWAY, registrar)
    world.gateway(carrier.address, registration={
        "username": registrar.username, "password": registrar.password})
    pbx = world.peer(PBX, p.answers())
    trunk, did = ip_trunk(world, pbx)
    call = dial(world, pbx, world.far_number(), from_uri=shown(did, world))
    assert call.final.status == 480 and not call.final.get("Proxy-Authenticate")
    assert len(carrier.requests("INVITE")) == 2
    assert records(world, trunk)[0]["cause"] == "FAREND_REQUIRE_AUTH"


# -- calls that are up -----------------------------------------------------------------------------

def test_the_far_end_hangs_up(world):
    carrier = world.outbound("hangup")
    world.gateway(carrier.address)
    pbx = world.peer(PBX, p.answers())
    trunk, did = ip_trunk(world, pbx)
    call = dial(world, pbx, world.far_number(), from_uri=shown(did, world))
    assert call.final.status == 200
    assert pbx.await_request("BYE")["Call-ID"] == call.invite["Call-ID"]
    assert records(world, trunk)[0]["ended_by"] == "callee"
    until(lambda: world.calls_up(trunk) == 0, "the slot is free")


def test_a_gateway_that_knows_the_call_no_more_ends_it_for_the_pbx(world):
    def forgets(peer, request):
        if request.method == "INVITE":
            peer.reply(request, 200, "OK", sdp=True)
        else:
            peer.reply(request, 481 if "tag=" in request["To"] else 200, "Whatever")
    carrier = world.peer(GATEWAY, forgets)
    world.gateway(carrier.address)
    pbx = world.peer(PBX, p.answers())
    trunk, did = ip_trunk(world, pbx)
    call = dial(world, pbx, world.far_number(), from_uri=shown(did, world))
    assert call.final.status == 200
    assert "cause=408" in pbx.await_request("BYE")["Reason"]
    until(lambda: world.calls_up(trunk) == 0, "the slot is free")
    assert records(world, trunk)[0]["ended_by"] == "worker"


def test_a_call_from_a_forged_address_does_not_last(world):
    """Whose address it carries has never made it, and says so when it is asked."""
    carrier = world.peer(GATEWAY, p.answers())
    world.gateway(carrier.address)

    def knows_nothing(peer, request):
        peer.reply(request, 481 if "tag=" in request["To"] else 200, "Whatever")
    pbx = world.peer(PBX, knows_nothing)
    trunk, did = ip_trunk(world, pbx)
    pbx.send(pbx.invite(uri(world, world.far_number()), from_uri=shown(did, world)), world.stack.sip)
    assert carrier.await_request("BYE")
    until(lambda: world.calls_up(trunk) == 0, "the slot is free")


def test_nobody_else_ends_a_pbxs_call(world):
    carrier = world.peer(GATEWAY, p.answers())
    world.gateway(carrier.address)
    pbx = world.peer(PBX, p.answers())
    trunk, did = ip_trunk(world, pbx)
    call = dial(world, pbx, world.far_number(), from_uri=shown(did, world))
    stranger = world.peer(STRANGER)
    forged = Message.parse(bytes(pbx.in_dialog("BYE", call.invite, call.final, 2)).decode())
    stranger.send(forged, world.stack.sip)
    assert pbx.ask(pbx.in_dialog("OPTIONS", call.invite, call.final, 3), world.stack.sip).status == 200
    assert not carrier.requests("BYE")
    assert call.pbx.ask(pbx.in_dialog("BYE", call.invite, call.final, 4), world.stack.sip).status == 200


def test_a_call_lives_across_a_restart_of_the_worker(world):
    carrier = world.peer(GATEWAY, p.answers())
    world.gateway(carrier.address)
    pbx = world.peer(PBX, p.answers())
    trunk, did = ip_trunk(world, pbx, max_concurrent_calls=1)
    call = dial(world, pbx, world.far_number(), from_uri=shown(did, world))
    until(lambda: world.calls_up(trunk) == 1, "the call is up")
    world.stack.kill("sip")
    world.stack.start_sip()
    until(lambda: world.calls_up(trunk) == 1, "it is up again")
    refused = dial(world, pbx, world.far_number(), from_uri=shown(did, world))
    assert refused.final.status == 503
    assert call.bye().status == 200
    assert carrier.await_request("BYE")
    until(lambda: world.calls_up(trunk) == 0, "it is over")
    assert {r["disposition"] for r in records(world, trunk, 2)} == {"ANSWERED", "CONGESTION"}


# -- baresip, a PBX that registers and dials ---------------------------------------------------------

def test_baresip_registers_and_dials(world, tmp_path):
    carrier = world.peer(GATEWAY, p.answers())
    world.gateway(carrier.address)
    username = f"phone-{world.serial}"
    trunk = world.trunk(registration=(username, "horse-battery"))
    did = world.did(trunk)
    world.api.patch(f"/v1/trunks/{trunk['id']}", {"caller_id": did})
    far = world.far_number()
    with Baresip(tmp_path, world.stack.sip, username, "horse-battery") as phone:
        until(lambda: world.status(trunk)["sip_accounts"][0]["registered"], "it is registered")
        phone.dial(f"sip:{far}@{world.stack.sip_remote}")
        invite = carrier.await_request("INVITE")
        assert number_of(invite["From"]) == did and invite.uri.startswith(f"sip:{far}@")
        carrier.await_request("ACK")
        until(lambda: world.calls_up(trunk) == 1, "its call is up")
        phone.hang_up()
        assert carrier.await_request("BYE")
    assert records(world, trunk)[0]["disposition"] == "ANSWERED"
