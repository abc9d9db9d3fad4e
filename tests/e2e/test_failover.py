"""The main job: the PBX cannot take the call, and the number keeps ringing."""

import pytest

import peer as p
from sipp import BACKUP, CARRIER, GATEWAY, PBX
from wait import free_port, until

FAILING = [(401, "Unauthorized"), (404, "Not Found"), (407, "Proxy Authentication Required"),
           (408, "Request Timeout"), (410, "Gone"), (500, "Server Internal Error"),
           (503, "Service Unavailable"), (504, "Server Time-out"), (604, "Does Not Exist")]
FINAL = [(486, "Busy Here"), (600, "Busy Everywhere"), (603, "Decline"), (403, "Forbidden"),
         (480, "Temporarily Unavailable")]


def last_cdr(world, number, count=1):
    return until(lambda: len(world.cdrs(number)) >= count and world.cdrs(number),
                 "the call record")[0]


@pytest.mark.parametrize("code,reason", FAILING)
def test_the_backup_pbx_takes_what_the_pbx_refuses(world, code, reason):
    pbx = world.pbx("refuse", keys={"code": code, "reason": reason})
    backup = world.backup()
    number = world.did(world.trunk(pbx.address))
    world.did_failover(number, backup_pbxs=[backup.address])

    call = world.call(number)

    assert call.final().status == 200
    assert call.final().contact_host == BACKUP
    assert len(pbx.received("INVITE")) == 1
    cdr = last_cdr(world, number)
    assert cdr["disposition"] == "ANSWERED"
    assert [a["response_code"] for a in cdr["attempts"]] == [code, 200]


def test_the_backup_pbx_takes_what_a_silent_pbx_leaves(world):
    pbx = world.pbx("silence")
    backup = world.backup()
    number = world.did(world.trunk(pbx.address, first_response_seconds=1))
    world.did_failover(number, backup_pbxs=[backup.address])
    assert world.call(number).final().contact_host == BACKUP
    assert pbx.received("INVITE")
    cdr = last_cdr(world, number)
    assert cdr["attempts"][0]["trigger"] == "no_response"
    assert cdr["attempts"][0]["cause"] == "FAREND_CONNECTION_ERROR"
    assert cdr["attempts"][0]["milliseconds"] >= 1000


def test_a_pbx_that_cannot_be_reached_is_left_at_once(world):
    """Its port is closed: the kernel's ICMP message is the trigger, not the timer."""
    backup = world.backup()
    closed = {"host": PBX, "port": free_port(PBX), "transport": "udp"}
    number = world.did(world.trunk(closed, first_response_seconds=30))
    world.did_failover(number, backup_pbxs=[backup.address])
    assert world.call(number).final().contact_host == BACKUP
    assert last_cdr(world, number)["attempts"][0]["trigger"] == "unreachable"


def test_a_pbx_that_refuses_the_tcp_connection_is_left_at_once(world):
    backup = world.backup()
    closed = {"host": PBX, "port": free_port(PBX), "transport": "tcp"}
    number = world.did(world.trunk(closed, first_response_seconds=30))
    world.did_failover(number, backup_pbxs=[backup.address])
    assert world.call(number).final().contact_host == BACKUP
    assert last_cdr(world, number)["attempts"][0]["trigger"] == "unreachable"


def test_several_backup_pbxs_are_tried_in_order(world):
    pbx = world.pbx("refuse", keys={"code": 500, "reason": "No"})
    first = world.backup("refuse", keys={"code": 503, "reason": "No"})
    second = world.sipp("answer", "127.0.0.7")
    number = world.did(world.trunk(pbx.address))
    world.did_failover(number, backup_pbxs=[first.address, second.address])
    assert world.call(number).final().contact_host == "127.0.0.7"
    assert len(first.received("INVITE")) == 1


def test_the_dids_own_number_is_called_when_the_backup_fails_too(world):
    pbx = world.pbx("refuse", keys={"code": 503, "reason": "No"})
    backup = world.backup("refuse", keys={"code": 500, "reason": "No"})
    outbound = world.outbound()
    world.gateway(outbound.address)
    number = world.did(world.trunk(pbx.address))
    own, shared = world.far_number(), world.far_number()
    world.global_failover(number=shared)
    world.did_failover(number, number=own, backup_pbxs=[backup.address])

    call = world.call(number)

    assert call.final().status == 200
    assert call.final().contact_host == GATEWAY
    assert len(pbx.received("INVITE")) == len(backup.received("INVITE")) == 1
    invites = outbound.received("INVITE")
    assert len(invites) == 1, "the global number must not be called as well"
    assert own in invites[0].uri
    assert number in invites[0]["Diversion"]
    history = ",".join(invites[0].all("History-Info"))
    assert number in history and own in history
    assert "index=1" in history
    cdr = last_cdr(world, number)
    assert [a["response_code"] for a in cdr["attempts"]] == [503, 500, 200]


def test_the_global_number_is_called_when_the_did_has_none(world):
    pbx = world.pbx("refuse", keys={"code": 503, "reason": "No"})
    backup = world.backup("refuse", keys={"code": 500, "reason": "No"})
    outbound = world.outbound()
    world.gateway(outbound.address)
    number = world.did(world.trunk(pbx.address))
    shared = world.far_number()
    world.global_failover(number=shared, backup_pbxs=[backup.address])
    assert world.call(number).final().contact_host == GATEWAY
    invite = outbound.received("INVITE")[0]
    assert shared in invite.uri
    assert number in invite["Diversion"]
    assert number in ",".join(invite.all("History-Info"))
    assert len(backup.received("INVITE")) == 1


def test_the_dids_backup_replaces_the_accounts(world):
    pbx = world.pbx("refuse", keys={"code": 503, "reason": "No"})
    own = world.backup()
    shared = world.sipp("answer", "127.0.0.7")
    number = world.did(world.trunk(pbx.address))
    world.global_failover(backup_pbxs=[shared.address])
    world.did_failover(number, backup_pbxs=[own.address])
    assert world.call(number).final().contact_host == BACKUP
    assert not shared.received("INVITE")


@pytest.mark.parametrize("code,reason", FINAL)
def test_a_refusal_goes_to_the_caller_and_nothing_else_rings(world, code, reason):
    pbx = world.pbx("refuse", keys={"code": code, "reason": reason})
    backup = world.backup()
    outbound = world.outbound()
    world.gateway(outbound.address)
    number = world.did(world.trunk(pbx.address))
    world.did_failover(number, number=world.far_number(), backup_pbxs=[backup.address])
    assert world.call(number).final().status == code
    cdr = last_cdr(world, number)
    assert cdr["disposition"] == ("BUSY" if code in (486, 600) else "REJECTED")
    assert not backup.received("INVITE") and not outbound.received("INVITE")


@pytest.mark.parametrize("trigger,code", [("busy", 486), ("busy", 600), ("rejected", 603)])
def test_a_trigger_that_is_switched_on_moves_the_call(world, trigger, code):
    pbx = world.pbx("refuse", keys={"code": code, "reason": "No"})
    backup = world.backup()
    number = world.did(world.trunk(pbx.address), triggers=[trigger])
    world.did_failover(number, backup_pbxs=[backup.address])
    assert world.call(number).final().contact_host == BACKUP


@pytest.mark.parametrize("code", [401, 407])
def test_a_challenge_of_a_pbx_is_never_shown_to_the_caller(world, code):
    pbx = world.pbx("refuse", keys={"code": code, "reason": "Who are you"})
    number = world.did(world.trunk(pbx.address))
    assert world.call(number).final().status in (480, 503)
    assert last_cdr(world, number)["attempts"][0]["cause"] == "FAREND_REQUIRE_AUTH"


def test_a_redirection_is_a_refusal(world):
    """Followed only to addresses the trunk may use; this one is not."""
    pbx = world.peer(PBX, p.refuses(302, "Moved", [("Contact", "<sip:1@192.0.2.77>")]))
    backup = world.backup()
    number = world.did(world.trunk(pbx.address))
    world.did_failover(number, backup_pbxs=[backup.address])
    assert 300 < world.call(number).final().status < 700
    assert not backup.received("INVITE")


def test_not_registered_moves_on_at_once_without_an_invite(world):
    backup = world.backup()
    number = world.did(world.trunk(registration=(f"absent{world.serial}", "x1y2z3w4"),
                                   first_response_seconds=30))
    world.did_failover(number, backup_pbxs=[backup.address])
    assert world.call(number).final().contact_host == BACKUP
    first = last_cdr(world, number)["attempts"][0]
    assert first["cause"] == "NOT_REGISTERED" and first["trigger"] == "not_registered"
    assert first["milliseconds"] < 1000


def test_nothing_configured_and_not_registered(world):
    number = world.did(world.trunk(registration=(f"absent{world.serial}", "x1y2z3w4")))
    assert world.call(number).final().status in (404, 480)


def test_the_pbx_is_back_and_the_very_next_call_goes_to_it(world):
    backup = world.backup()
    home = {"host": PBX, "port": free_port(PBX), "transport": "udp"}
    number = world.did(world.trunk(home))
    world.did_failover(number, backup_pbxs=[backup.address])
    assert world.call(number).final().contact_host == BACKUP
    world.pbx(port=home["port"])
    assert world.call(number).final().contact_host == PBX


def test_a_put_that_waits_is_applied_well_under_a_second_and_obeyed(world):
    pbx = world.pbx("refuse", keys={"code": 503, "reason": "No"})
    outbound = world.outbound()
    world.gateway(outbound.address)
    number = world.did(world.trunk(pbx.address))
    assert world.call(number).final().status >= 400
    far = world.far_number()
    answer = world.api.request("PUT", f"/v1/dids/{number}/failover", {"number": far},
                               headers={"Prefer": "wait=10"}).ok()
    assert answer.headers["Trunkguard-Applied"] == "true"
    assert answer.headers["Preference-Applied"].startswith("wait")
    revision = answer.headers["Trunkguard-Revision"]
    state = world.api.get(f"/v1/sync/{revision}").ok().json
    assert state["applied"] is True
    assert world.call(number).final().contact_host == GATEWAY
    assert far in outbound.received("INVITE")[0].uri
    assert last_cdr(world, number, 2)["revision"] == revision, "the configuration that it used"


def test_a_hostname_without_an_address_is_unreachable(world):
    backup = world.backup()
    nowhere = {"host": "pbx.invalid", "port": 5060, "transport": "udp"}
    pbx = world.pbx("refuse", keys={"code": 503, "reason": "No"})
    number = world.did(world.trunk(pbx.address))
    world.did_failover(number, backup_pbxs=[nowhere, backup.address])
    assert world.call(number).final().contact_host == BACKUP
    assert last_cdr(world, number)["attempts"][1]["trigger"] == "unreachable"


def test_when_everything_fails_the_caller_gets_the_best_response(world):
    pbx = world.pbx("refuse", keys={"code": 404, "reason": "Not Found"})
    backup = world.backup("refuse", keys={"code": 503, "reason": "No"})
    number = world.did(world.trunk(pbx.address))
    world.did_failover(number, backup_pbxs=[backup.address])
    assert world.call(number).final().status == 404  # RFC 3261 16.7: the lowest class wins
    cdr = last_cdr(world, number)
    assert (cdr["disposition"], cdr["cause"]) == ("CONGESTION", "FAREND_RESPONSE")
    assert [a["response_code"] for a in cdr["attempts"]] == [404, 503]
    until(lambda: world.stack.metrics()["trunkguard_sip_records_waiting"] == 0, "nothing comes")
    assert len(world.cdrs(number)) == 1


# -- races and the caller's own will -------------------------------------------------------------

def test_the_caller_hangs_up_while_ringing(world):
    pbx = world.peer(PBX, p.rings())
    backup = world.backup()
    number = world.did(world.trunk(pbx.address))
    world.did_failover(number, backup_pbxs=[backup.address])
    world.call(number, "carrier_cancels", hold_ms=300)
    pbx.await_request("CANCEL")
    cdr = last_cdr(world, number)
    assert cdr["disposition"] == "CANCELLED" and cdr["cause"] == "CALLER"
    assert not backup.received("INVITE"), "something was tried after the caller hung up"


def test_ringing_too_long_moves_on_when_no_answer_is_a_trigger(world):
    pbx = world.peer(PBX, p.rings())
    backup = world.backup()
    number = world.did(world.trunk(pbx.address, ring_seconds=1), triggers=["no_answer"])
    world.did_failover(number, backup_pbxs=[backup.address])
    assert world.call(number).final().contact_host == BACKUP
    pbx.await_request("CANCEL")


def test_ringing_too_long_ends_the_call_when_it_is_none(world):
    pbx = world.peer(PBX, p.rings())
    backup = world.backup()
    number = world.did(world.trunk(pbx.address, ring_seconds=1))
    world.did_failover(number, backup_pbxs=[backup.address])
    assert world.call(number).final().status in (408, 480)
    pbx.await_request("CANCEL")
    assert last_cdr(world, number)["disposition"] == "NO_ANSWER"
    assert not backup.received("INVITE")


def test_only_100_is_a_response_and_then_the_ring_time_counts(world):
    pbx = world.peer(PBX, p.tries())
    number = world.did(world.trunk(pbx.address, first_response_seconds=1, ring_seconds=2))
    assert world.call(number).final().status in (408, 480)
    pbx.await_request("CANCEL")
    assert last_cdr(world, number)["attempts"][0]["cause"] == "NO_ANSWER"


def test_a_late_200_wins_over_the_backup_that_still_rings(world):
    pbx = world.peer(PBX, p.answers_despite_cancel())
    backup = world.peer(BACKUP, p.rings())
    number = world.did(world.trunk(pbx.address, ring_seconds=1), triggers=["no_answer"])
    world.did_failover(number, backup_pbxs=[backup.address])
    call = world.call(number)
    assert call.final().status == 200 and call.final().contact_host == PBX
    if backup.requests("INVITE"):
        backup.await_request("CANCEL")
    pbx.await_request("BYE")
    answered = [m for m in call.messages("received")
                if m.status == 200 and m["CSeq"].endswith("INVITE")]
    assert len({m.parameter("To", "tag") for m in answered}) == 1, "two connected calls"


def test_a_200_after_the_callers_cancel_is_ended(world):
    pbx = world.peer(PBX, p.answers_despite_cancel())
    trunk = world.trunk(pbx.address)
    number = world.did(trunk)
    carrier = world.peer(CARRIER)
    invite = carrier.invite(f"sip:{number}@{world.stack.sip_remote}")
    carrier.send(invite, world.stack.sip)
    carrier.await_response(invite, least=180)
    carrier.cancel(invite, world.stack.sip)
    final = carrier.await_response(invite)
    carrier.ack(invite, final, world.stack.sip)
    pbx.await_request("ACK")
    if final.status == 200:  # the callee's answer reached the caller first: the caller ends it
        carrier.ask(carrier.in_dialog("BYE", invite, final, 2), world.stack.sip)
    else:
        assert final.status == 487
    pbx.await_request("BYE")
    until(lambda: world.calls_up(trunk) == 0, "the slot is free")


@pytest.mark.parametrize("carrier_tcp,pbx_tcp", [(True, False), (False, True), (True, True)])
def test_calls_over_tcp(world, carrier_tcp, pbx_tcp):
    """Each side speaks what it likes; a second call takes the connection that is there."""
    pbx = world.pbx(tcp=pbx_tcp)
    trunk = world.trunk(pbx.address, max_concurrent_calls=1)
    number = world.did(trunk)
    for n in (1, 2):
        assert world.call(number, tcp=carrier_tcp).final().contact_host == PBX
        assert ("/TCP" if pbx_tcp else "/UDP") in pbx.await_request("BYE", n)["Via"]
        until(lambda: world.calls_up(trunk) == 0, "the slot is free")


def test_failover_from_tcp_to_udp(world):
    pbx = world.pbx("refuse", tcp=True, keys={"code": 503, "reason": "No"})
    backup = world.backup()
    number = world.did(world.trunk(pbx.address))
    world.did_failover(number, backup_pbxs=[backup.address])
    assert world.call(number, tcp=True).final().contact_host == BACKUP


def test_the_body_is_forwarded_to_the_octet(world):
    pbx = world.peer(PBX, p.answers())
    number = world.did(world.trunk(pbx.address))
    carrier = world.peer(CARRIER)
    invite = carrier.invite(f"sip:{number}@{world.stack.sip_remote}",
                            headers=[("X-Trace", "a  b\tc"), ("Subject", '"q\\"uoted"')])
    invite.body += "a=odd:  spaces\t kept \r\n"
    invite.headers = [(n, str(len(invite.body)) if n == "Content-Length" else v)
                      for n, v in invite.headers]
    carrier.send(invite, world.stack.sip)
    final = carrier.await_response(invite)
    carrier.ack(invite, final, world.stack.sip)
    seen = pbx.requests("INVITE")[0]
    assert seen.body.replace("\r\n", "\n") == invite.body.replace("\r\n", "\n")
    assert seen["X-Trace"] == "a  b\tc"
    carrier.ask(carrier.in_dialog("BYE", invite, final, 2), world.stack.sip)


def test_the_health_of_every_target_is_seen(world):
    """Probed beside the calls: the PBX answers its probes, the backup does not."""
    pbx = world.peer(PBX, p.answers())
    trunk = world.trunk(pbx.address)
    gateway = world.gateway(world.peer(GATEWAY, p.answers()).address)
    world.did(trunk)
    world.global_failover(backup_pbxs=[world.peer(BACKUP, p.dead).address])

    def states():
        status = world.status(trunk)
        return [[seen["state"] for seen in target["health"]] for target in
                (status["sip_accounts"][0], status["backup_pbxs"][0],
                 world.api.get(f"/v1/gateways/{gateway['id']}/status").ok().json)]
    until(lambda: states()[0] == ["up"] and states()[2] == ["up"], "two are up", 60)
    assert states()[1] in ([], ["unknown"], ["down"])
