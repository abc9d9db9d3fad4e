"""Calls that are up: probes find the dead ones, session timers are agreed on, requests pass both
ways. Probes come each second here."""

import pytest

import peer as p
from sipp import CARRIER, PBX
from stack import Stack
from wait import until


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    stack = Stack(tmp_path_factory.mktemp("probing"), {"TRUNKGUARD_PROBE_SECONDS": "1"})
    try:
        stack.start()
        yield stack
    finally:
        stack.close()


def established(world, number, behaviour=None, headers=()):
    carrier = world.peer(CARRIER, behaviour or p.answers())
    invite = carrier.invite(f"sip:{number}@{world.stack.sip_remote}", headers=headers)
    carrier.send(invite, world.stack.sip)
    final = carrier.await_response(invite)
    assert final.status == 200
    carrier.ack(invite, final, world.stack.sip)
    return carrier, invite, final


def forgets(peer, request):
    """Takes the call and knows nothing of it any more: it was started anew."""
    if request.method == "INVITE":
        peer.reply(request, 200, "OK", sdp=True)
    elif "tag=" in request["To"]:
        peer.reply(request, 481, "Call/Transaction Does Not Exist")
    else:
        peer.reply(request, 200, "OK")


def test_a_pbx_that_knows_the_call_no_more_frees_its_slot(world):
    pbx = world.peer(PBX, forgets)
    trunk = world.trunk(pbx.address, max_concurrent_calls=1)
    number = world.did(trunk)
    carrier, _, _ = established(world, number)
    assert "cause=408" in carrier.await_request("BYE")["Reason"]
    until(lambda: world.calls_up(trunk) == 0, "the slot is free")
    record = until(lambda: world.cdrs(number), "the record")[0]
    assert record["disposition"] == "ANSWERED" and record["ended_by"] == "worker"


@pytest.mark.parametrize("gone", ["pbx", "carrier"])
def test_the_bye_of_a_side_that_died_never_comes_and_the_slot_is_free(world, gone):
    """Its port is closed. The other side gets a BYE, the next call finds the slot free."""
    pbx = world.peer(PBX, p.answers())
    trunk = world.trunk(pbx.address, max_concurrent_calls=1)
    number = world.did(trunk)
    carrier, _, _ = established(world, number)
    pbx.await_request("ACK")
    dead, alive = (pbx, carrier) if gone == "pbx" else (carrier, pbx)
    dead.close()
    world.peers.remove(dead)
    alive.await_request("BYE", seconds=60)
    until(lambda: world.calls_up(trunk) == 0, "the slot is free")
    if gone == "carrier":
        assert world.call(number).final().contact_host == PBX


def test_a_call_whose_sides_answer_their_probes_goes_on(world):
    pbx = world.peer(PBX, p.answers())
    trunk = world.trunk(pbx.address)
    call = carrier, invite, final = established(world, world.did(trunk))

    def probes(peer):
        return [m for m in peer.requests("OPTIONS") if m["Call-ID"] == invite["Call-ID"]]
    until(lambda: len(probes(pbx)) >= 3 and len(probes(carrier)) >= 3, "both sides are probed")
    assert not pbx.requests("BYE") and not carrier.requests("BYE")
    # Theirs are the CSeq numbers: the next request of either side is still in order.
    assert carrier.ask(carrier.in_dialog("UPDATE", invite, final, 2), world.stack.sip).status == 200
    assert pbx.await_request("UPDATE")
    bye = pbx.callee_request("BYE", pbx.requests("INVITE")[0])
    assert pbx.ask(bye, world.stack.sip).status == 200
    assert carrier.await_request("BYE")["CSeq"] == "1 BYE"
    until(lambda: world.calls_up(trunk) == 0, "the slot is free")


# -- RFC 4028 -------------------------------------------------------------------------------------

def test_a_session_timer_is_asked_for(world):
    pbx = world.peer(PBX, p.answers())
    established(world, world.did(world.trunk(pbx.address)))
    assert pbx.requests("INVITE")[0]["Session-Expires"] == "1800"


def test_a_session_that_is_too_short_is_422(world):
    pbx = world.peer(PBX, p.answers())
    carrier = world.peer(CARRIER)
    number = world.did(world.trunk(pbx.address))
    invite = carrier.invite(f"sip:{number}@{world.stack.sip_remote}",
                            headers=[("Supported", "timer"), ("Session-Expires", "30")])
    carrier.send(invite, world.stack.sip)
    final = carrier.await_response(invite)
    carrier.ack(invite, final, world.stack.sip)
    assert final.status == 422 and final["Min-SE"] == "90"
    assert not pbx.requests("INVITE")


def test_a_caller_who_refreshes_is_told_to_when_the_pbx_cannot(world):
    """RFC 4028 section 8.2: the answer of a PBX that knows no timers gets the header on its way."""
    pbx = world.peer(PBX, p.answers())
    carrier, invite, final = established(
        world, world.did(world.trunk(pbx.address)),
        headers=[("Supported", "timer"), ("Session-Expires", "600")])
    assert pbx.requests("INVITE")[0]["Session-Expires"] == "600"
    assert final["Session-Expires"].replace(" ", "") == "600;refresher=uac"
    assert "timer" in final["Require"]
    refresh = carrier.in_dialog("UPDATE", invite, final, 2, headers=[
        ("Supported", "timer"), ("Session-Expires", "600;refresher=uac")])
    assert carrier.ask(refresh, world.stack.sip).status == 200
