"""A DID's forwardings: each sentence of the failover forwarding document in the order of
docs/behaviour.md, then combinations, and what goes round."""

import datetime

import pytest

import peer as p
from calls import closed, dial, hang_up, host_of, outcome, record, short_call, slots_become
from sipp import BACKUP, CARRIER, GATEWAY, PBX
from wait import until

DESK, MEDIA = "127.0.0.7", "127.0.0.8"
DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
FWD = "did_forwarding"


def around_now(shift=0):
    day = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=shift)).weekday()
    return [{"days": [DAYS[day], DAYS[(day + 1) % 7]], "from": "00:00", "to": "24:00"}]


class Site:
    """A DID on a trunk, and a gateway to outside numbers."""

    def __init__(self, world, pbx, behaviour=None, **did):
        self.world = world
        self.trunk = world.trunk(pbx) if pbx else None
        self.number = world.did(self.trunk, **did)
        self.out = world.peer(GATEWAY, behaviour or p.answers())
        world.gateway(self.out.address)
        self.far = world.far_number()

    def forward(self, *forwardings):
        return self.world.forward(self.number, *(forwardings or [{"target": {
            "external": self.far}}]))

    def call(self):
        return short_call(self.world, self.number)


def voicemail(world, internal):
    server = world.peer(MEDIA, p.answers())
    world.dial_plan({"app": "media",
                     "sip_uri": f"sip:voicemail@{MEDIA}:{server.port};transport=udp"},
                    internal_number=internal)
    return server


# -- the document --------------------------------------------------------------------------------

def test_a_pbx_that_lost_its_registration(world):
    trunk = world.trunk(registration=(f"fwd{world.serial}", "Tr0mbone!"))
    number = world.did(trunk)
    out = world.peer(GATEWAY, p.answers())
    world.gateway(out.address)
    world.forward(number, {"target": {"external": world.far_number()}})
    assert short_call(world, number) == GATEWAY
    assert outcome(world, number) == [
        ("only_primary", "sip_account", 404, "not_registered"), (FWD, "number", 200, None)]


@pytest.mark.parametrize("code,trigger", [(500, "server_error"), (404, "not_found"),
                                          (408, "timeout"), (401, "auth_required")])
def test_an_error_message_of_the_pbx(world, code, trigger):
    pbx = world.peer(PBX, p.refuses(code))
    site = Site(world, pbx.address)
    site.forward()
    assert site.call() == GATEWAY
    assert outcome(world, site.number)[0] == ("only_primary", "sip_account", code, trigger)


def test_a_silent_pbx_and_one_out_of_reach(world):
    pbx = world.peer(PBX, p.silent())
    site = Site(world, pbx.address)
    world.api.patch(f"/v1/trunks/{site.trunk['id']}", {"first_response_seconds": 1})
    site.forward()
    assert site.call() == GATEWAY
    world.api.put(f"/v1/trunks/{site.trunk['id']}/sip-accounts/primary", {
        "auth_mode": "ip", "ip_addresses": [PBX], "address": closed(PBX)})
    assert site.call() == GATEWAY
    assert outcome(world, site.number, 2)[0][3] == "unreachable"


@pytest.mark.parametrize("code,trigger", [(486, "busy"), (600, "busy")])
def test_the_lines_are_busy(world, code, trigger):
    pbx = world.peer(PBX, p.refuses(code))
    site = Site(world, pbx.address)
    assert site.call() == code
    site.forward()
    assert site.call() == GATEWAY
    assert outcome(world, site.number, 2)[0] == ("only_primary", "sip_account", code, trigger)
    assert "reason=user-busy" in site.out.requests("INVITE")[0]["Diversion"]


@pytest.mark.parametrize("code", [603, 403, 480, 488])
def test_the_call_is_rejected(world, code):
    pbx = world.peer(PBX, p.refuses(code))
    site = Site(world, pbx.address)
    site.forward()
    assert site.call() == GATEWAY
    assert outcome(world, site.number)[0] == ("only_primary", "sip_account", code, "rejected")


def test_internally_to_an_ivr_or_a_voicemail_box(world):
    pbx = world.peer(PBX, p.refuses(486))
    site = Site(world, pbx.address)
    server = voicemail(world, "8810")
    site.forward({"designation": "Voicemail", "target": {"internal": "8810"}})
    assert site.call() == MEDIA
    assert site.number in server.requests("INVITE")[0]["Diversion"]
    assert outcome(world, site.number)[1] == (FWD, "media", 200, None)
    assert not site.out.requests("INVITE")


def test_internally_to_another_number_of_the_account(world):
    pbx = world.peer(PBX, p.refuses(486))
    desk = world.peer(DESK, p.answers())
    site = Site(world, pbx.address)
    other_trunk = world.trunk(desk.address)
    other = world.did(other_trunk)
    site.forward({"target": {"internal": other}})
    call = dial(world, site.number)
    assert host_of(call[2]) == DESK
    invite = desk.requests("INVITE")[0]
    assert invite.uri.startswith(f"sip:{other}@") and site.number in invite["Diversion"]
    slots_become(world, (site.trunk, 0), (other_trunk, 1))
    hang_up(world, call)


def test_designation_target_ring_time_display_and_times(world):
    pbx = world.peer(PBX, p.answers())
    site = Site(world, pbx.address)
    site.forward({"designation": "Fallback Forwarding", "target": {"external": site.far}})
    kept = world.api.get(f"/v1/dids/{site.number}/forwardings").ok().json["forwardings"][0]
    assert kept["designation"] == "Fallback Forwarding"
    assert kept["target"] == {"external": site.far}
    assert kept["ring_seconds"] == 15 and kept["active_times"] is None and kept["enabled"] is True
    attempts = world.api.get(f"/v1/dids/{site.number}/route").ok().json["attempts"]
    assert [(a["rule"], a["target"]) for a in attempts[1:]] == [(FWD, site.far)]
    assert attempts[1]["ring_seconds"] == 15


def test_the_ring_time_of_a_forwarding(world):
    pbx = world.peer(PBX, p.refuses(486))
    site = Site(world, pbx.address, p.rings())
    desk = world.peer(DESK, p.answers())
    other = world.did(world.trunk(desk.address))
    site.forward({"target": {"external": site.far}, "ring_seconds": 1},
                 {"target": {"internal": other}})
    assert site.call() == DESK
    assert site.out.await_request("CANCEL")
    assert outcome(world, site.number)[1] == (FWD, "number", 480, "no_answer")


@pytest.mark.parametrize("display", ["caller", "caller_number", "called_number"])
def test_calling_party_display(world, display):
    pbx = world.peer(PBX, p.refuses(486))
    site = Site(world, pbx.address)
    site.forward({"target": {"external": site.far}, "calling_party_display": display})
    carrier = world.peer(CARRIER)
    invite = carrier.invite(f"sip:{site.number}@{world.stack.sip_remote}",
                            from_uri="sip:+12125550111@carrier.example")
    for index, (name, value) in enumerate(invite.headers):
        if name == "From":
            invite.headers[index] = (name, f'"Alice" {value}')
    carrier.send(invite, world.stack.sip)
    final = carrier.await_response(invite)
    carrier.ack(invite, final, world.stack.sip)
    hang_up(world, (carrier, invite, final))
    seen = site.out.requests("INVITE")[0]["From"]
    assert ("Alice" in seen) == (display == "caller")
    assert ("+12125550111" in seen) == (display != "called_number")
    assert (site.number in seen) == (display == "called_number")
    # The caller's own dialog knows nothing of it.
    assert "Alice" in final["From"]


def test_active_times(world):
    pbx = world.peer(PBX, p.refuses(486))
    site = Site(world, pbx.address)
    site.forward({"target": {"external": site.far}, "active_times": around_now(3)})
    assert site.call() == 486
    site.forward({"target": {"external": site.far}, "active_times": around_now()})
    assert site.call() == GATEWAY


def test_ring_then_forward_with_a_timeout(world):
    pbx = world.peer(PBX, p.rings())
    site = Site(world, pbx.address, incoming_action="ring_then_forward", ring_seconds=1)
    site.forward()
    assert site.call() == GATEWAY
    assert pbx.await_request("CANCEL")
    assert outcome(world, site.number)[0] == ("only_primary", "sip_account", 480, "no_answer")
    assert "reason=no-answer" in site.out.requests("INVITE")[0]["Diversion"]


def test_with_a_high_timeout_errors_forward_at_once_all_the_same(world):
    pbx = world.peer(PBX, p.refuses(503))
    site = Site(world, pbx.address, incoming_action="ring_then_forward", ring_seconds=300)
    site.forward()
    assert site.call() == GATEWAY
    pbx.behaviour = p.refuses(603)
    assert site.call() == GATEWAY


def test_ring_alone_does_not_forward_when_nobody_answers(world):
    pbx = world.peer(PBX, p.rings())
    site = Site(world, pbx.address)
    world.api.patch(f"/v1/trunks/{site.trunk['id']}", {"ring_seconds": 1})
    site.forward()
    assert site.call() == 480
    assert not site.out.requests("INVITE")


# -- several, and combinations ------------------------------------------------------------------

def test_they_are_tried_in_their_order_and_those_disabled_are_not(world):
    pbx = world.peer(PBX, p.refuses(486))
    site = Site(world, pbx.address, p.refuses(486))
    server = voicemail(world, "8820")
    unused = world.far_number()
    site.forward({"target": {"external": unused}, "enabled": False},
                 {"target": {"external": site.far}}, {"target": {"internal": "8820"}})
    assert site.call() == MEDIA
    assert [m.uri.split("@")[0] for m in site.out.requests("INVITE")] == [f"sip:{site.far}"]
    assert server.requests("INVITE")


def test_forwarding_over_the_trunk_s_dial_plan_over_the_global_number(world):
    """The most specific one that there is, alone."""
    pbx = world.peer(PBX, p.refuses(500))
    site = Site(world, pbx.address)
    server = voicemail(world, "8830")
    desk = world.peer(DESK, p.answers())
    other = world.did(world.trunk(desk.address))
    world.global_failover(number=world.far_number())
    plan = world.api.get(f"/v1/dial-plans?account_id={world.account['id']}").ok().json["data"][0]
    world.trunk_failover(site.trunk, plan)
    site.forward({"target": {"internal": other}})
    took = [site.call()]
    world.api.delete(f"/v1/dids/{site.number}/forwardings")
    took.append(site.call())
    world.trunk_failover(site.trunk, plan, enabled=False)
    took.append(site.call())
    assert took == [DESK, MEDIA, GATEWAY]
    assert len(server.requests("INVITE")) == 1
    rules = [outcome(world, site.number, 3)[1][0]] + [
        cdr["attempts"][1]["rule"] for cdr in world.cdrs(site.number)[1:]]
    assert rules == ["account_failover_number", "trunk_dial_plan", FWD]


def test_when_the_forwarding_fails_what_is_less_specific_is_not_tried(world):
    pbx = world.peer(PBX, p.refuses(500))
    site = Site(world, pbx.address)
    desk = world.peer(DESK, p.refuses(486))
    other = world.did(world.trunk(desk.address))
    world.global_failover(number=site.far)
    site.forward({"target": {"internal": other}})
    assert site.call() == 486
    assert not [m for m in site.out.requests("INVITE") if site.far in m.uri]


def test_ring_then_forward_when_there_is_a_backup_pbx(world):
    """It comes before any number, whatever moved the call on; it rings for the DID's time."""
    pbx = world.peer(PBX, p.rings())
    backup = world.peer(BACKUP, p.rings())
    site = Site(world, pbx.address, incoming_action="ring_then_forward", ring_seconds=1)
    world.did_failover(site.number, backup_pbxs=[backup.address])
    site.forward()
    assert site.call() == GATEWAY
    assert [step[:2] + step[3:] for step in outcome(world, site.number)] == [
        ("only_primary", "sip_account", "no_answer"),
        ("did_backup_pbx", "backup_pbx", "no_answer"), (FWD, "number", None)]


def test_ring_then_forward_to_a_failover_number(world):
    pbx = world.peer(PBX, p.rings())
    site = Site(world, pbx.address, incoming_action="ring_then_forward", ring_seconds=1)
    world.did_failover(site.number, number=site.far)
    assert site.call() == GATEWAY
    assert outcome(world, site.number)[1] == ("did_failover_number", "number", 200, None)


def test_a_number_of_ours_needs_no_carrier(world):
    pbx = world.peer(PBX, p.refuses(486))
    desk = world.peer(DESK, p.answers())
    site = Site(world, pbx.address)
    other = world.did(world.trunk(desk.address))
    site.forward({"target": {"external": other}})
    assert site.call() == DESK
    assert not site.out.requests("INVITE")


def test_a_slot_is_held_where_the_call_is(world):
    """A full trunk forwards; the trunk that the call went to is full in its turn."""
    pbx = world.peer(PBX, p.answers())
    desk = world.peer(DESK, p.answers())
    site = Site(world, pbx.address)
    world.api.patch(f"/v1/trunks/{site.trunk['id']}", {"max_concurrent_calls": 1})
    other_trunk = world.trunk(desk.address, max_concurrent_calls=1)
    other = world.did(other_trunk)
    site.forward({"target": {"internal": other}}, {"target": {"external": site.far}})
    calls = [dial(world, site.number) for _ in range(3)]
    assert [host_of(call[2]) for call in calls] == [PBX, DESK, GATEWAY]
    slots_become(world, (site.trunk, 1), (other_trunk, 1))
    for call in calls:
        hang_up(world, call)
    slots_become(world, (site.trunk, 0), (other_trunk, 0))


# -- round and round ----------------------------------------------------------------------------

def sends_back(world, table):
    """A carrier that calls one of our DIDs for each outside number, as a call of its own: of the
    INVITE it keeps the diversions only, and it hands the answer back."""
    def on_invite(peer, invite):
        number = invite.uri.split(":")[1].split("@")[0]
        again = peer.invite(f"sip:{table[number]}@{world.stack.sip_remote}", headers=[
            ("Diversion", value) for value in invite.all("Diversion")])
        peer.legs[again["Call-ID"]] = invite
        peer.send(again, world.stack.sip)
    return p.options_or(on_invite)


@pytest.mark.parametrize("length", range(1, 7))
def test_a_ring_through_an_outside_carrier_ends(world, length):
    """Each DID forwards to a number that the carrier sends to the next DID. No INVITE leaves more
    than five times, and the caller gets his answer."""
    numbers = [world.did(world.trunk(closed(PBX))) for _ in range(length)]
    outside = [world.far_number() for _ in range(length)]
    table = {far: numbers[(i + 1) % length] for i, far in enumerate(outside)}
    carrier = world.peer(BACKUP)
    carrier.legs = {}
    carrier.behaviour = sends_back(world, table)
    world.gateway(carrier.address, inbound_ip_addresses=[BACKUP])
    for number, far in zip(numbers, outside):
        world.forward(number, {"target": {"external": far}})
    caller = world.peer(CARRIER)
    invite = caller.invite(f"sip:{numbers[0]}@{world.stack.sip_remote}")
    caller.send(invite, world.stack.sip)

    def final():
        # The carrier's own legs that ended are answered where they came from.
        for response in carrier.responses():
            leg = carrier.legs.get(response["Call-ID"])
            if leg and response.status >= 200 and (leg.branch, "INVITE") not in carrier.answered:
                carrier.reply(leg, response.status, "Loop Detected")
        return [m for m in caller.responses() if m.status >= 200]
    got = until(final, "a final response")[0]
    caller.ack(invite, got, world.stack.sip)
    assert got.status == 482
    assert len(carrier.requests("INVITE")) == 5
    cdr = record(world, numbers[0])
    assert (cdr["attempts"][-1]["kind"], cdr["attempts"][-1]["response_code"]) == ("number", 482)


def test_hops_run_out(world):
    pbx = world.peer(PBX, p.answers())
    site = Site(world, pbx.address)
    carrier = world.peer(CARRIER)
    invite = carrier.invite(f"sip:{site.number}@{world.stack.sip_remote}")
    invite.headers = [(name, "0" if name == "Max-Forwards" else value)
                      for name, value in invite.headers]
    assert carrier.ask(invite, world.stack.sip).status == 483
    assert not pbx.requests("INVITE")


def test_a_gateway_that_answers_garbage_frees_everything(world):
    """What is no SIP is no answer: the first response time passes and the next one is tried."""
    def garbage(peer, request):
        if request.method == "INVITE":
            peer.socket.sendto(b"SIP/2.0 2OO \xff\x00garbage\r\n\r\n",
                               peer.sources[id(request)])
        else:
            peer.reply(request, 200, "OK")
    pbx = world.peer(PBX, p.refuses(500))
    desk = world.peer(DESK, p.answers())
    trunk = world.trunk(pbx.address)
    number = world.did(trunk)
    out = world.peer(GATEWAY, garbage)
    world.gateway(out.address, failover_seconds=1)
    other = world.did(world.trunk(desk.address))
    world.forward(number, {"target": {"external": world.far_number()}},
                  {"target": {"internal": other}})
    assert short_call(world, number) == DESK
    assert outcome(world, number)[1] == (FWD, "number", 408, "no_response")
    slots_become(world, (trunk, 0))


def test_many_at_once_never_exceed_the_limit_of_the_trunk_behind(world):
    """Twelve calls come in together; three of them find room where they are forwarded to."""
    pbx = world.peer(PBX, p.refuses(486))
    desk = world.peer(DESK, p.answers())
    site = Site(world, pbx.address)
    world.api.patch(f"/v1/trunks/{site.trunk['id']}", {"max_concurrent_calls": 20})
    other_trunk = world.trunk(desk.address, max_concurrent_calls=3)
    site.forward({"target": {"internal": world.did(other_trunk)}},
                 {"target": {"external": site.far}})
    carrier = world.peer(CARRIER)
    invites = [carrier.invite(f"sip:{site.number}@{world.stack.sip_remote}") for _ in range(12)]
    for invite in invites:
        carrier.send(invite, world.stack.sip)
    calls = [(carrier, invite, carrier.await_response(invite)) for invite in invites]
    for _, invite, final in calls:
        carrier.ack(invite, final, world.stack.sip)
    hosts = [host_of(final) for _, _, final in calls]
    assert (hosts.count(DESK), hosts.count(GATEWAY)) == (3, 9)
    assert len(desk.requests("INVITE")) == 3
    slots_become(world, (site.trunk, 0), (other_trunk, 3))
    for call in calls:
        hang_up(world, call)
    slots_become(world, (other_trunk, 0))
