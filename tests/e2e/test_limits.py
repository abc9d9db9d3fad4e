"""Concurrent calls are counted exactly: over the limit at once elsewhere, and no slot is lost."""

import peer as p
from sipp import BACKUP, CARRIER, PBX
from wait import until


def established(world, number):
    """A call held by a peer; returns what is needed to end it."""
    carrier = world.peer(CARRIER)
    invite = carrier.invite(f"sip:{number}@{world.stack.sip_remote}")
    carrier.send(invite, world.stack.sip)
    final = carrier.await_response(invite)
    carrier.ack(invite, final, world.stack.sip)
    return carrier, invite, final


def hang_up(world, call, cseq=2):
    carrier, invite, final = call
    bye = carrier.in_dialog("BYE", invite, final, cseq)
    assert carrier.ask(bye, world.stack.sip).status == 200


def test_over_the_limit_the_backup_is_called_and_the_pbx_sees_no_invite(world):
    pbx = world.peer(PBX, p.answers())
    backup = world.backup()
    trunk = world.trunk(pbx.address, max_concurrent_calls=1, first_response_seconds=30)
    number = world.did(trunk)
    world.did_failover(number, backup_pbxs=[backup.address])
    held = established(world, number)
    until(lambda: world.calls_up(trunk) == 1, "the call is counted")

    assert world.call(number).final().contact_host == BACKUP
    assert len(pbx.requests("INVITE")) == 1
    cdr = until(lambda: world.cdrs(number), "the record of the second call")[0]
    assert cdr["attempts"][0]["trigger"] == "capacity"
    assert cdr["attempts"][0]["cause"] == "CAPACITY"

    hang_up(world, held)
    until(lambda: world.calls_up(trunk) == 0, "the slot is free")
    assert world.call(number).final().contact_host == PBX
    until(lambda: world.calls_up(trunk) == 0, "the slot is free again")


def test_over_the_limit_with_nothing_left_is_503(world):
    pbx = world.peer(PBX, p.answers())
    number = world.did(world.trunk(pbx.address, max_concurrent_calls=1))
    held = established(world, number)
    call = world.call(number)
    assert call.final().status == 503
    assert len(pbx.requests("INVITE")) == 1
    hang_up(world, held)


def test_many_at_once_never_exceed_the_limit(world):
    """20 INVITEs in one burst on a limit of 5: exactly 5 reach the PBX."""
    pbx = world.peer(PBX, p.answers())
    trunk = world.trunk(pbx.address, max_concurrent_calls=5)
    number = world.did(trunk)
    carrier = world.peer(CARRIER)
    invites = [carrier.invite(f"sip:{number}@{world.stack.sip_remote}") for _ in range(20)]
    for invite in invites:
        carrier.send(invite, world.stack.sip)
    finals = [carrier.await_response(invite) for invite in invites]
    for invite, final in zip(invites, finals):
        carrier.ack(invite, final, world.stack.sip)
    assert sorted(f.status for f in finals) == [200] * 5 + [503] * 15
    assert len(pbx.requests("INVITE")) == 5
    for invite, final in zip(invites, finals):
        if final.status == 200:
            hang_up(world, (carrier, invite, final))
    until(lambda: world.calls_up(trunk) == 0, "all slots are free")


def test_failed_attempts_give_their_slot_back(world):
    pbx = world.pbx("refuse", keys={"code": 503, "reason": "No"})
    backup = world.backup()
    trunk = world.trunk(pbx.address, max_concurrent_calls=1)
    number = world.did(trunk)
    world.did_failover(number, backup_pbxs=[backup.address])
    for _ in range(3):
        assert world.call(number).final().contact_host == BACKUP
    assert len(pbx.received("INVITE")) == 3


def test_the_slot_is_free_when_both_sides_vanish(world):
    """No BYE ever comes; max_call_seconds bounds the call, on both sides."""
    pbx = world.peer(PBX, p.vanishes())
    trunk = world.trunk(pbx.address, max_concurrent_calls=1, max_call_seconds=2)
    number = world.did(trunk)
    world.call(number, "carrier_vanishes")
    until(lambda: world.calls_up(trunk) == 1, "the call is counted")
    until(lambda: world.calls_up(trunk) == 0, "the slot is free")
    assert pbx.await_request("BYE")
    cdr = until(lambda: world.cdrs(number), "the record")[0]
    assert cdr["disposition"] == "ANSWERED"


def test_the_call_is_ended_on_both_sides_after_max_call_seconds(world):
    pbx = world.peer(PBX, p.answers())
    trunk = world.trunk(pbx.address, max_call_seconds=2)
    number = world.did(trunk)
    world.call(number, "carrier_waits")
    pbx.await_request("BYE")
    until(lambda: world.calls_up(trunk) == 0, "the slot is free")


def test_the_callee_hangs_up(world):
    pbx = world.pbx("hangup", hold_ms=200)
    trunk = world.trunk(pbx.address, max_concurrent_calls=1)
    number = world.did(trunk)
    for _ in range(2):
        assert world.call(number, "carrier_waits").final().status == 200
    until(lambda: world.calls_up(trunk) == 0, "the slot is free")


def test_a_stranger_cannot_end_a_call(world):
    """Right Call-ID, wrong tag or wrong source: 481 or silence, and the call goes on."""
    pbx = world.peer(PBX, p.answers())
    trunk = world.trunk(pbx.address)
    number = world.did(trunk)
    call = established(world, number)
    carrier, invite, final = call
    bye = carrier.in_dialog("BYE", invite, final, 2)
    bye.headers = [(n, v.replace("tag=", "tag=x") if n == "To" else v) for n, v in bye.headers]
    assert carrier.ask(bye, world.stack.sip).status == 481
    stranger = world.peer("127.0.0.9")
    stranger.send(stranger.in_dialog("BYE", invite, final, 3), world.stack.sip)
    again = carrier.in_dialog("OPTIONS", invite, final, 4)
    assert carrier.ask(again, world.stack.sip).status == 200
    assert not pbx.requests("BYE")
    until(lambda: world.calls_up(trunk) == 1, "the call is counted")
    hang_up(world, call, 5)
    until(lambda: world.calls_up(trunk) == 0, "the slot is free")
