"""Dial plans: each sentence of the trunk failover document in the order of docs/behaviour.md, then what
a dial plan is built from, and combinations."""

import datetime

import pytest

import peer as p
from calls import closed, dial, hang_up, host_of, outcome, record, short_call, slots_become
from sipp import BACKUP, CARRIER, GATEWAY, PBX
from stack import Stack
from wait import until

DESK, BRANCH, MEDIA = "127.0.0.7", "127.0.0.6", "127.0.0.8"
DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
TDP = "trunk_dial_plan"


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    stack = Stack(tmp_path_factory.mktemp("probing"), {"TRUNKGUARD_PROBE_SECONDS": "1"})
    try:
        stack.start()
        yield stack
    finally:
        stack.close()


# -- steps ---------------------------------------------------------------------------------------

def uri(peer, user=None):
    return f"sip:{user + '@' if user else ''}{peer.ip}:{peer.port};transport=udp"


def ring(*targets, seconds=15, strategy="sequential", **more):
    return {"app": "ring", "targets": list(targets), "strategy": strategy,
            "ring_seconds": seconds, **more}


def ring_all(*targets, **more):
    return ring(*targets, strategy="simultaneous", **more)


def media(peer, user="voicemail", **more):
    return {"app": "media", "sip_uri": uri(peer, user), **more}


def reject(code, reason=None, **more):
    return {"app": "reject", "code": code, "reason": reason, **more}


def today(zone=datetime.timezone.utc, shift=0):
    """All day long, `shift` days from now: nobody's clock gets over it within a test."""
    day = (datetime.datetime.now(zone) + datetime.timedelta(days=shift)).weekday()
    return [{"days": [DAYS[day], DAYS[(day + 1) % 7]], "from": "00:00", "to": "24:00"}]


class Site:
    """A DID on a trunk that fails over to a dial plan: by default, to a media server."""

    def __init__(self, world, pbx, *steps, **trunk):
        self.world = world
        self.media = world.peer(MEDIA, p.answers())
        self.trunk = world.trunk(pbx, **trunk)
        self.number = world.did(self.trunk)
        self.plan = world.dial_plan(*(steps or [media(self.media)]))
        world.trunk_failover(self.trunk, self.plan)

    def call(self):
        return short_call(self.world, self.number)


# -- the document --------------------------------------------------------------------------------

def test_a_dial_plan_has_a_name_an_internal_number_and_steps(world):
    server = world.peer(MEDIA, p.answers())
    plan = world.dial_plan(media(server), name="Emergency route", internal_number="8800")
    assert plan["name"] == "Emergency route" and plan["internal_number"] == "8800"
    assert plan["steps"][0]["app"] == "media"
    again = world.api.request("POST", "/v1/dial-plans", {
        "account_id": world.account["id"], "name": "Another", "internal_number": "8800",
        "steps": []})
    again.problem(409)


def test_it_needs_no_external_number(world):
    """No DID leads to the dial plan of these calls; it is a trunk's failover and nothing else."""
    pbx = world.peer(PBX, p.refuses(500))
    site = Site(world, pbx.address)
    assert site.call() == MEDIA


def test_any_dial_plan_of_the_account_can_be_chosen_and_no_other(world):
    pbx = world.peer(PBX, p.refuses(500))
    other_media = world.peer(DESK, p.answers())
    site = Site(world, pbx.address)
    other = world.dial_plan(media(other_media))
    names = {plan["id"] for plan in world.api.get(
        f"/v1/dial-plans?account_id={world.account['id']}").ok().json["data"]}
    assert names == {site.plan["id"], other["id"]}
    assert site.call() == MEDIA
    world.trunk_failover(site.trunk, other)
    assert site.call() == DESK
    stranger = world._make("/v1/accounts", {"name": "Somebody else"})
    theirs = world._make("/v1/dial-plans", {
        "account_id": stranger["id"], "name": "Theirs", "internal_number": "8000", "steps": []})
    world.api.request("PUT", f"/v1/trunks/{site.trunk['id']}/failover", {
        "enabled": True, "dial_plan_id": theirs["id"]}).problem(422)


def test_the_failover_is_active_once_it_is_enabled(world):
    pbx = world.peer(PBX, p.refuses(500))
    site = Site(world, pbx.address)
    world.trunk_failover(site.trunk, site.plan, enabled=False)
    assert site.call() == 500
    world.trunk_failover(site.trunk, site.plan)
    assert site.call() == MEDIA


def test_by_default_the_pbx_gets_the_call(world):
    pbx = world.peer(PBX, p.answers())
    site = Site(world, pbx.address)
    assert [site.call() for _ in range(3)] == [PBX] * 3
    assert not site.media.requests("INVITE")


def test_a_trunk_that_is_not_registered(world):
    server = world.peer(MEDIA, p.answers())
    trunk = world.trunk(registration=(f"dp{world.serial}", "Tr0mbone!"))
    number = world.did(trunk)
    world.trunk_failover(trunk, world.dial_plan(media(server)))
    assert short_call(world, number) == MEDIA
    assert outcome(world, number) == [
        ("only_primary", "sip_account", 404, "not_registered"), (TDP, "media", 200, None)]


def test_no_1xx_within_the_time_for_a_first_response(world):
    pbx = world.peer(PBX, p.silent())
    site = Site(world, pbx.address, first_response_seconds=1)
    assert site.call() == MEDIA
    assert outcome(world, site.number)[0] == ("only_primary", "sip_account", 408, "no_response")
    assert record(world, site.number)["attempts"][0]["milliseconds"] >= 1000


@pytest.mark.parametrize("code", [500, 502, 503, 504, 513])
def test_a_5xx_of_the_pbx(world, code):
    pbx = world.peer(PBX, p.refuses(code))
    site = Site(world, pbx.address)
    assert site.call() == MEDIA
    assert outcome(world, site.number)[0] == ("only_primary", "sip_account", code, "server_error")


def test_all_calls_are_in_use(world):
    """At once, and without a word to the PBX; without a dial plan the caller gets the 503."""
    pbx = world.peer(PBX, p.answers())
    site = Site(world, pbx.address, max_concurrent_calls=1)
    up = dial(world, site.number)
    assert host_of(up[2]) == PBX
    assert site.call() == MEDIA
    assert len(pbx.requests("INVITE")) == 1
    assert outcome(world, site.number)[0] == ("only_primary", "sip_account", 503, "capacity")
    world.trunk_failover(site.trunk, site.plan, enabled=False)
    assert site.call() == 503
    hang_up(world, up)


def test_every_call_is_verified_anew(world):
    """Nothing is sticky: the first call after the PBX is back is the PBX's."""
    pbx = world.peer(PBX, p.refuses(500))
    site = Site(world, pbx.address)
    took = [site.call()]
    pbx.behaviour = p.answers()
    took.append(site.call())
    pbx.behaviour = p.refuses(503)
    took.append(site.call())
    assert took == [MEDIA, PBX, MEDIA]


def test_busy_is_no_reason(world):
    pbx = world.peer(PBX, p.refuses(486))
    site = Site(world, pbx.address)
    assert site.call() == 486
    assert not site.media.requests("INVITE")


def test_a_pbx_lost_in_mid_call_ends_it_and_the_next_calls_take_the_dial_plan(world):
    pbx = world.peer(PBX, p.answers())
    site = Site(world, pbx.address, max_concurrent_calls=1)
    carrier, invite, final = dial(world, site.number)
    assert host_of(final) == PBX
    pbx.await_request("ACK")
    pbx.close()
    world.peers.remove(pbx)
    carrier.behaviour = p.answers()
    assert "cause=408" in carrier.await_request("BYE", seconds=60)["Reason"]
    slots_become(world, (site.trunk, 0))
    assert record(world, site.number)["ended_by"] == "worker"
    # Until the emergency is over, every call.
    assert [site.call() for _ in range(2)] == [MEDIA, MEDIA]
    assert outcome(world, site.number, 3)[0][2:] == (408, "unreachable")


# -- what it is built from -----------------------------------------------------------------------

def did_with(world, *steps):
    """A DID that leads to a dial plan, and to no trunk."""
    plan = world.dial_plan(*steps)
    return world.did(None, dial_plan_id=plan["id"])


def test_ring_one_after_another(world):
    desk = world.peer(DESK, p.rings())
    branch = world.peer(BRANCH, p.refuses(603))
    server = world.peer(MEDIA, p.answers())
    number = did_with(world, ring({"sip_uri": uri(desk, "100")}, {"sip_uri": uri(branch, "200")},
                                  seconds=1), media(server))
    assert short_call(world, number) == MEDIA
    assert desk.await_request("CANCEL")
    assert desk.requests("INVITE")[0].uri.startswith("sip:100@")
    assert outcome(world, number) == [
        ("did_dial_plan", "sip_uri", 480, "no_answer"),
        ("did_dial_plan", "sip_uri", 603, "rejected"),
        ("did_dial_plan", "media", 200, None)]


def test_ring_all_at_once_and_the_first_answer_wins(world):
    desk = world.peer(DESK, p.rings())
    branch = world.peer(BRANCH, p.answers(after=0.3))
    pbx = world.peer(PBX, p.rings())
    trunk = world.trunk(pbx.address, max_concurrent_calls=1)
    number = did_with(world, ring_all({"sip_uri": uri(desk, "100")}, {"trunk_id": trunk["id"]},
                                      {"sip_uri": uri(branch, "200")}))
    call = dial(world, number)
    assert host_of(call[2]) == BRANCH
    for loser in (desk, pbx):
        assert "cause=200" in loser.await_request("CANCEL")["Reason"]
        assert len(loser.requests("INVITE")) == 1
    slots_become(world, (trunk, 0))
    hang_up(world, call)
    cdr = record(world, number)
    assert cdr["answered_by"]["position"] == 3 and cdr["failed_over"] is False
    assert [a["disposition"] for a in cdr["attempts"]] == ["CANCELLED", "CANCELLED", "ANSWERED"]


def test_one_that_answers_in_spite_of_its_cancel_is_hung_up(world):
    desk = world.peer(DESK, p.answers_despite_cancel())
    branch = world.peer(BRANCH, p.answers(after=0.3))
    number = did_with(world, ring_all({"sip_uri": uri(desk, "100")}, {"sip_uri": uri(branch)}))
    call = dial(world, number)
    assert host_of(call[2]) == BRANCH
    desk.await_request("CANCEL")
    assert desk.await_request("ACK") and desk.await_request("BYE")
    assert not branch.requests("BYE")
    hang_up(world, call)
    assert [a["disposition"] for a in record(world, number)["attempts"]] == [
        "CANCELLED", "ANSWERED"]


def test_one_that_fails_leaves_the_others_ringing(world):
    desk = world.peer(DESK, p.refuses(486))
    branch = world.peer(BRANCH, p.answers(after=0.3))
    number = did_with(world, ring_all({"sip_uri": uri(desk)}, {"sip_uri": uri(branch)},
                                      {"sip_uri": f"sip:{BACKUP}:{closed(BACKUP)['port']}"}))
    assert short_call(world, number) == BRANCH


def test_when_all_have_failed_the_plan_goes_on(world):
    desk = world.peer(DESK, p.refuses(486))
    branch = world.peer(BRANCH, p.rings())
    server = world.peer(MEDIA, p.answers())
    number = did_with(world, ring_all({"sip_uri": uri(desk)}, {"sip_uri": uri(branch)}, seconds=1),
                      media(server))
    assert short_call(world, number) == MEDIA
    assert branch.await_request("CANCEL")
    assert [step[2:] for step in outcome(world, number)] == [
        (486, "busy"), (480, "no_answer"), (200, None)]
    assert record(world, number)["failed_over"] is True


def test_the_caller_hangs_up_and_all_are_cancelled(world):
    desk = world.peer(DESK, p.rings())
    branch = world.peer(BRANCH, p.rings())
    server = world.peer(MEDIA, p.answers())
    number = did_with(world, ring_all({"sip_uri": uri(desk)}, {"sip_uri": uri(branch)}),
                      media(server))
    carrier = world.peer(CARRIER)
    invite = carrier.invite(f"sip:{number}@{world.stack.sip_remote}")
    carrier.send(invite, world.stack.sip)
    until(lambda: len(carrier.responses()) >= 3, "both ring")
    carrier.cancel(invite, world.stack.sip)
    assert desk.await_request("CANCEL") and branch.await_request("CANCEL")
    final = until(lambda: [m for m in carrier.responses() if m.status >= 300], "a response")[0]
    carrier.ack(invite, final, world.stack.sip)
    assert final.status == 487
    assert record(world, number)["disposition"] == "CANCELLED"
    assert not server.requests("INVITE")


def test_forward_to_a_number(world):
    pbx = world.peer(PBX, p.refuses(500))
    out = world.peer(GATEWAY, p.answers())
    world.gateway(out.address)
    far = world.far_number()
    site = Site(world, pbx.address, {"app": "forward", "external": far})
    assert site.call() == GATEWAY
    invite = out.requests("INVITE")[0]
    assert invite.uri.startswith(f"sip:{far}@")
    assert site.number in invite["Diversion"] and "reason=unavailable" in invite["Diversion"]
    assert outcome(world, site.number)[1] == (TDP, "number", 200, None)


def test_a_number_that_is_busy_is_not_the_end(world):
    pbx = world.peer(PBX, p.refuses(500))
    out = world.peer(GATEWAY, p.refuses(486))
    server = world.peer(DESK, p.answers())
    world.gateway(out.address)
    world.gateway(closed(BACKUP), priority=2)
    site = Site(world, pbx.address, {"app": "forward", "external": world.far_number()},
                media(server))
    assert site.call() == DESK
    # What the called party says leads past the other gateway.
    assert [step[2:] for step in outcome(world, site.number)[1:]] == [(486, "busy"), (200, None)]


def test_schedule_by_the_account_s_clock(world):
    office = world.peer(DESK, p.answers())
    night = world.peer(MEDIA, p.answers())
    schedule = {"app": "schedule", "active_times": today(), "then": [media(office)],
                "else": [media(night)]}
    plan = world.dial_plan(schedule)
    number = world.did(None, dial_plan_id=plan["id"])
    assert short_call(world, number) == DESK
    schedule["active_times"] = today(shift=3)
    world.api.patch(f"/v1/dial-plans/{plan['id']}", {"steps": [schedule]})
    assert short_call(world, number) == MEDIA
    # Another moment, another plan: what explain says of it is what a call would do then.
    later = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=3)
    route = world.api.get(f"/v1/dids/{number}/route?at={later:%Y-%m-%dT%H:%M:%SZ}").ok().json
    assert [a["target"] for a in route["attempts"]] == [f"sip:voicemail@{DESK}:{office.port}"
                                                        ";transport=udp"]
    assert route["attempts"][0]["dial_plan_id"] == plan["id"]


def test_a_step_out_of_its_times_is_skipped(world):
    office = world.peer(DESK, p.answers())
    night = world.peer(MEDIA, p.answers())
    number = did_with(world, ring({"sip_uri": uri(office)}, active_times=today(shift=3)),
                      media(night, active_times=today()))
    assert short_call(world, number) == MEDIA


def test_media_gets_the_call_with_caller_and_called_number(world):
    server = world.peer(MEDIA, p.answers())
    number = did_with(world, media(server, "ivr"))
    assert short_call(world, number) == MEDIA
    invite = server.requests("INVITE")[0]
    assert invite.uri == f"sip:ivr@{MEDIA}:{server.port}"
    assert number in invite["To"] and number in invite["Diversion"]
    assert number in invite["History-Info"]
    assert invite["From"].startswith(f"<sip:peer@{CARRIER}")


def test_a_dead_media_server_is_not_the_end(world):
    branch = world.peer(BRANCH, p.answers())
    gone = {"app": "media", "sip_uri": f"sip:ivr@{MEDIA}:{closed(MEDIA)['port']}"}
    pbx = world.peer(PBX, p.refuses(404))
    trunk = world.trunk(pbx.address)
    number = did_with(world, gone, ring({"trunk_id": trunk["id"]}),
                      ring({"sip_uri": uri(branch)}))
    assert short_call(world, number) == BRANCH
    assert [step[2:] for step in outcome(world, number)] == [
        (408, "unreachable"), (404, "not_found"), (200, None)]
    slots_become(world, (trunk, 0))


def test_reject_with_its_code_and_reason(world):
    pbx = world.peer(PBX, p.refuses(500))
    site = Site(world, pbx.address, reject(480, "Closed for the day"))
    call = dial(world, site.number)
    assert call[2].start == "SIP/2.0 480 Closed for the day"
    assert outcome(world, site.number)[1] == (TDP, "reject", 480, "rejected")
    assert record(world, site.number)["attempts"][1]["target"] == "480 Closed for the day"


def test_a_trunk_of_a_dial_plan_holds_its_own_slot(world):
    """Not that of the DID's trunk, and never above its own limit."""
    pbx = world.peer(PBX, p.refuses(500))
    desk = world.peer(DESK, p.answers())
    other = world.trunk(desk.address, max_concurrent_calls=1)
    site = Site(world, pbx.address, ring({"trunk_id": other["id"]}), reject(503))
    up = dial(world, site.number)
    assert host_of(up[2]) == DESK
    assert desk.requests("INVITE")[0].uri.startswith(f"sip:{site.number}@")
    slots_become(world, (site.trunk, 0), (other, 1))
    assert site.call() == 503
    assert outcome(world, site.number, 1)[1] == (TDP, "sip_account", 503, "capacity")
    hang_up(world, up)
    slots_become(world, (other, 0))
    assert site.call() == DESK


def test_an_internal_number_is_another_dial_plan(world):
    server = world.peer(MEDIA, p.answers())
    inner = world.dial_plan(reject(486), internal_number="8870")
    number = did_with(world, ring({"internal": "8870"}), media(server))
    assert short_call(world, number) == MEDIA
    assert [(a["kind"], a["target"]) for a in record(world, number)["attempts"]][0] == (
        "reject", "486")
    attempts = world.api.get(f"/v1/dids/{number}/route").ok().json["attempts"]
    assert attempts[0]["dial_plan_id"] == inner["id"]


# -- combinations --------------------------------------------------------------------------------

def test_load_balancing_with_a_dial_plan_behind_it(world):
    """Whoever's turn it is, the other one is never tried; the dial plan is."""
    world.api.patch(f"/v1/accounts/{world.account['id']}", {"ha_addon": True})
    pbx = world.peer(PBX, p.answers())
    branch = world.peer(BRANCH, p.refuses(500))
    site = Site(world, pbx.address)
    path = f"/v1/trunks/{site.trunk['id']}"
    world.api.put(f"{path}/sip-accounts/secondary", {
        "auth_mode": "ip", "ip_addresses": [BRANCH], "address": branch.address})
    world.api.put(f"{path}/ha", {"mode": "load_balancing"})
    assert [site.call() for _ in range(4)] == [PBX, MEDIA] * 2
    route = world.api.get(f"/v1/dids/{site.number}/route").ok().json
    for plan in (route["attempts"], route["next_attempts"]):
        assert [a["rule"] for a in plan] == ["load_balancing", TDP]


def test_a_full_trunk_with_a_secondary_account_takes_the_dial_plan(world):
    world.api.patch(f"/v1/accounts/{world.account['id']}", {"ha_addon": True})
    pbx = world.peer(PBX, p.answers())
    branch = world.peer(BRANCH, p.answers())
    site = Site(world, pbx.address, max_concurrent_calls=1)
    path = f"/v1/trunks/{site.trunk['id']}"
    world.api.put(f"{path}/sip-accounts/secondary", {
        "auth_mode": "ip", "ip_addresses": [BRANCH], "address": branch.address})
    world.api.put(f"{path}/ha", {"mode": "auto_failover"})
    up = dial(world, site.number)
    assert host_of(up[2]) == PBX
    assert site.call() == MEDIA
    assert [step[2:] for step in outcome(world, site.number)] == [
        (503, "capacity"), (503, "capacity"), (200, None)]
    assert not branch.requests("INVITE")
    hang_up(world, up)


def test_a_dial_plan_that_balances_the_load_of_another_trunk(world):
    """Each call through the plan takes a turn there; calls that never got so far take none."""
    world.api.patch(f"/v1/accounts/{world.account['id']}", {"ha_addon": True})
    pbx = world.peer(PBX, p.refuses(500))
    desk = world.peer(DESK, p.answers())
    branch = world.peer(BRANCH, p.answers())
    other = world.trunk(desk.address)
    path = f"/v1/trunks/{other['id']}"
    world.api.put(f"{path}/sip-accounts/secondary", {
        "auth_mode": "ip", "ip_addresses": [BRANCH], "address": branch.address})
    world.api.put(f"{path}/ha", {"mode": "load_balancing"})
    site = Site(world, pbx.address, ring({"trunk_id": other["id"]}))
    took = [site.call(), site.call()]
    pbx.behaviour = p.answers()
    took += [site.call()]
    pbx.behaviour = p.refuses(500)
    took += [site.call()]
    assert took == [DESK, BRANCH, PBX, DESK]


def test_the_whole_way_backup_pbx_then_dial_plan(world):
    pbx = world.peer(PBX, p.refuses(500))
    backup = world.peer(BACKUP, p.refuses(503))
    out = world.peer(GATEWAY, p.answers())
    world.gateway(out.address)
    world.global_failover(number=world.far_number(), backup_pbxs=[backup.address])
    site = Site(world, pbx.address)
    assert site.call() == MEDIA
    assert [step[:2] for step in outcome(world, site.number)] == [
        ("only_primary", "sip_account"), ("account_backup_pbx", "backup_pbx"), (TDP, "media")]
    assert not out.requests("INVITE")


def test_a_pbx_calls_the_internal_number_to_try_the_dial_plan(world):
    """The same plan, though no number of ours was called: nothing to be diverted from."""
    server = world.peer(MEDIA, p.answers())
    pbx = world.peer(PBX, p.answers())
    world.trunk(pbx.address)
    plan = world.dial_plan(ring({"sip_uri": uri(server)}), reject(480, "Nobody is here"))
    number = plan["internal_number"]
    invite = pbx.invite(f"sip:{number}@{world.stack.sip_remote}")
    pbx.send(invite, world.stack.sip)
    final = pbx.await_response(invite)
    pbx.ack(invite, final, world.stack.sip)
    assert host_of(final) == MEDIA
    seen = server.requests("INVITE")[0]
    assert seen.uri == f"sip:{number}@{MEDIA}:{server.port}"
    assert not seen.all("Diversion")
    hang_up(world, (pbx, invite, final))
    server.behaviour = p.refuses(486)
    again = pbx.invite(f"sip:{number}@{world.stack.sip_remote}")
    pbx.send(again, world.stack.sip)
    final = pbx.await_response(again)
    pbx.ack(again, final, world.stack.sip)
    assert final.start == "SIP/2.0 480 Nobody is here"
