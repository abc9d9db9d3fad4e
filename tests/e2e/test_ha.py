"""High Availability: two SIP accounts on one trunk. Each test is one sentence of the B3Networks
document, in the order of docs/behaviour.md, then what happens at the edges and in combination."""

import pytest

import peer as p
from calls import closed, dial, hang_up, host_of, record, short_call
from sipp import BACKUP, CARRIER, GATEWAY, PBX
from wait import until

BRANCH = "127.0.0.6"  # the second PBX
MODES = ["load_balancing", "auto_failover", "load_balancing_healthy"]


class Site:
    """A trunk with a DID, a primary and a secondary account."""

    def __init__(self, world, primary, secondary, mode, addon=True, **trunk):
        self.world = world
        if addon:
            buy(world)
        self.trunk = world.trunk(primary, **trunk)
        self.path = f"/v1/trunks/{self.trunk['id']}"
        self.number = world.did(self.trunk)
        if secondary:
            world.api.put(f"{self.path}/sip-accounts/secondary", ip_account(secondary))
        if mode:
            world.api.put(f"{self.path}/ha", {"mode": mode})

    def explain(self):
        return self.world.api.get(f"/v1/dids/{self.number}/route").ok().json

    def targets(self, key="attempts"):
        return [a["target"].partition("/")[2] or a["kind"] for a in self.explain()[key]]

    def ha(self):
        return self.world.api.get(f"{self.path}/ha").ok().json


def buy(world, addon=True):
    world.api.patch(f"/v1/accounts/{world.account['id']}", {"ha_addon": addon})


def ip_account(address, **more):
    return {"auth_mode": "ip", "ip_addresses": [address["host"]], "address": address, **more}


def sick(status=503):
    """Health probes fail; a call would be taken: whoever gets an INVITE shows it."""
    def behave(peer, request):
        if request.method == "OPTIONS" and "tag=" not in request["To"]:
            peer.reply(request, status, "Sick")
        else:
            p.answers()(peer, request)
    return behave


# -- buying and configuring ----------------------------------------------------------------------

def test_without_the_add_on_everything_but_only_primary_is_refused(world):
    pbx = world.peer(PBX, p.answers())
    site = Site(world, pbx.address, None, None, addon=False)
    answer = world.api.request("PUT", f"{site.path}/sip-accounts/secondary",
                               ip_account(closed(BRANCH)))
    answer.problem(422, "ha_addon_required", "")
    for mode in MODES:
        answer = world.api.request("PUT", f"{site.path}/ha", {"mode": mode})
        answer.problem(422, "ha_addon_required", "/mode")
    assert world.api.put(f"{site.path}/ha", {"mode": "only_primary"})["mode"] == "only_primary"
    world.api.get(f"{site.path}/sip-accounts/secondary").problem(404, "not_found")
    assert short_call(world, site.number) == PBX


def test_buying_the_add_on_leaves_only_primary_and_allows_a_secondary_account(world):
    pbx = world.peer(PBX, p.answers())
    branch = world.peer(BRANCH, p.answers())
    site = Site(world, pbx.address, branch.address, None)
    assert site.ha() == {"mode": "only_primary", "mode_in_force": "only_primary"}
    assert [short_call(world, site.number) for _ in range(3)] == [PBX] * 3
    assert not branch.requests("INVITE")
    assert site.explain()["next_attempts"] is None
    assert site.explain()["warnings"] == [
        "No failover is configured: when the PBX fails, the call fails."]


def test_only_primary_never_calls_the_secondary(world):
    branch = world.peer(BRANCH, p.answers())
    pbx = world.peer(PBX, p.refuses(500))
    site = Site(world, pbx.address, branch.address, "only_primary")
    assert short_call(world, site.number) == 500
    assert not branch.requests("INVITE")


def test_the_secondary_has_its_own_label_mode_and_addresses(world):
    pbx = world.peer(PBX, p.answers())
    branch = world.peer(BRANCH, p.answers())
    site = Site(world, pbx.address, None, None)
    path = f"{site.path}/sip-accounts/secondary"
    made = world.api.write("PUT", path, {
        "label": "Branch", "auth_mode": "registration", "username": f"branch{world.serial}",
        "password": "Tr0mbone!"}, 201)
    assert made.headers["Location"].endswith("/sip-accounts/secondary")
    assert made.json["label"] == "Branch" and made.json["auth_mode"] == "registration"
    assert "password" not in made.json
    changed = world.api.patch(path, ip_account(branch.address, label="New branch"))
    assert changed["label"] == "New branch" and changed["auth_mode"] == "ip"
    assert changed["ip_addresses"] == [BRANCH] and changed["address"] == branch.address
    primary = world.api.get(f"{site.path}/sip-accounts/primary").ok().json
    assert primary["label"] is None and primary["address"] == pbx.address
    trunk = world.api.get(site.path).ok().json
    assert [a["role"] for a in trunk["sip_accounts"]] == ["primary", "secondary"]
    world.api.request("PUT", path, {"auth_mode": "ip"}).problem(422, "required", "/address")
    world.api.put(f"{site.path}/ha", {"mode": "auto_failover"})
    pbx.behaviour = p.refuses(500)
    assert short_call(world, site.number) == BRANCH


# -- load balancing ------------------------------------------------------------------------------

def test_load_balancing_takes_turns(world):
    pbx = world.peer(PBX, p.answers())
    branch = world.peer(BRANCH, p.answers())
    site = Site(world, pbx.address, branch.address, "load_balancing")
    assert [short_call(world, site.number) for _ in range(6)] == [PBX, BRANCH] * 3
    cdr = record(world, site.number, 6)
    assert [(a["rule"], a["target"]) for a in cdr["attempts"]] == [
        ("load_balancing", f"{site.trunk['id']}/secondary")]
    assert cdr["failed_over"] is False


def test_the_turns_are_the_trunks_whatever_the_did(world):
    pbx = world.peer(PBX, p.answers())
    branch = world.peer(BRANCH, p.answers())
    site = Site(world, pbx.address, branch.address, "load_balancing")
    other = world.did(site.trunk)
    numbers = [site.number, other] * 2
    assert [short_call(world, number) for number in numbers] == [PBX, BRANCH] * 2


def test_load_balancing_ignores_status_and_does_not_retry(world):
    """A failed account keeps its turn, and its callers are lost: that is what the mode promises."""
    branch = world.peer(BRANCH, p.answers())
    pbx = world.peer(PBX, p.refuses(500))
    site = Site(world, pbx.address, branch.address, "load_balancing")
    assert [short_call(world, site.number) for _ in range(4)] == [500, BRANCH] * 2
    assert len(pbx.requests("INVITE")) == 2


def test_load_balancing_to_an_account_that_is_not_registered(world):
    branch = world.peer(BRANCH, p.answers())
    buy(world)
    trunk = world.trunk(registration=(f"absent{world.serial}", "x1y2z3w4"))
    path = f"/v1/trunks/{trunk['id']}"
    world.api.put(f"{path}/sip-accounts/secondary", ip_account(branch.address))
    world.api.put(f"{path}/ha", {"mode": "load_balancing"})
    number = world.did(trunk)
    assert [short_call(world, number) for _ in range(4)] == [404, BRANCH] * 2


def test_load_balancing_to_an_account_known_to_be_down(world):
    """The turn is not passed on: the account gets its INVITE."""
    pbx = world.peer(PBX, sick())
    branch = world.peer(BRANCH, p.answers())
    site = Site(world, pbx.address, branch.address, "auto_failover")
    await_down(site)
    world.api.put(f"{site.path}/ha", {"mode": "load_balancing"})
    assert [short_call(world, site.number) for _ in range(2)] == [PBX, BRANCH]


def test_load_balancing_shares_one_count_of_calls(world):
    pbx = world.peer(PBX, p.answers())
    branch = world.peer(BRANCH, p.answers())
    site = Site(world, pbx.address, branch.address, "load_balancing", max_concurrent_calls=3)
    held = [dial(world, site.number) for _ in range(3)]
    assert [host_of(call[2]) for call in held] == [PBX, BRANCH, PBX]
    until(lambda: world.calls_up(site.trunk) == 3, "three calls are up")
    assert [short_call(world, site.number) for _ in range(2)] == [503] * 2
    assert len(pbx.requests("INVITE") + branch.requests("INVITE")) == 3
    hang_up(world, held.pop(1))
    until(lambda: world.calls_up(site.trunk) == 2, "a slot is free")
    # The two that found the trunk full spent nobody's turn.
    assert short_call(world, site.number) == BRANCH
    for call in held:
        hang_up(world, call)
    until(lambda: world.calls_up(site.trunk) == 0, "all slots are free")


def test_many_at_once_on_two_accounts_never_exceed_the_one_limit(world):
    pbx = world.peer(PBX, p.answers())
    branch = world.peer(BRANCH, p.answers())
    site = Site(world, pbx.address, branch.address, "load_balancing", max_concurrent_calls=5)
    carrier = world.peer(CARRIER)
    invites = [carrier.invite(f"sip:{site.number}@{world.stack.sip_remote}") for _ in range(20)]
    for invite in invites:
        carrier.send(invite, world.stack.sip)
    finals = [carrier.await_response(invite) for invite in invites]
    for invite, final in zip(invites, finals):
        carrier.ack(invite, final, world.stack.sip)
    assert sorted(final.status for final in finals) == [200] * 5 + [503] * 15
    assert len(pbx.requests("INVITE")) == 3 and len(branch.requests("INVITE")) == 2
    for invite, final in zip(invites, finals):
        if final.status == 200:
            hang_up(world, (carrier, invite, final))
    until(lambda: world.calls_up(site.trunk) == 0, "all slots are free")


# -- auto failover -------------------------------------------------------------------------------

def await_down(site, index=0):
    """The worker's probes of that account have failed often enough."""
    return until(lambda: site.explain()["attempts"][index]["unavailable_because"] == "unreachable",
                 "the account is known to be down", 90)


def test_auto_failover_calls_the_primary_while_it_is_up(world):
    pbx = world.peer(PBX, p.answers())
    branch = world.peer(BRANCH, p.answers())
    site = Site(world, pbx.address, branch.address, "auto_failover")
    assert [short_call(world, site.number) for _ in range(3)] == [PBX] * 3
    assert not branch.requests("INVITE")
    assert site.targets() == ["primary", "secondary"]
    assert {a["rule"] for a in site.explain()["attempts"]} == {"auto_failover"}


def test_auto_failover_checks_the_status_first(world):
    """Down: no INVITE goes to the primary, and it does not cost the caller its fifteen seconds."""
    pbx = world.peer(PBX, sick())
    branch = world.peer(BRANCH, p.answers())
    site = Site(world, pbx.address, branch.address, "auto_failover", first_response_seconds=30)
    await_down(site)
    seen = len(pbx.requests("INVITE"))
    assert short_call(world, site.number) == BRANCH
    assert len(pbx.requests("INVITE")) == seen
    cdr = record(world, site.number)
    assert cdr["failed_over"] is True
    first, second = cdr["attempts"]
    assert first["trigger"] == "unreachable" and first["cause"] == "FAREND_CONNECTION_ERROR"
    assert first["disposition"] == "CONGESTION" and first["milliseconds"] < 1000
    assert second["target"].endswith("/secondary") and second["disposition"] == "ANSWERED"


def test_auto_failover_from_a_primary_that_is_not_registered(world):
    branch = world.peer(BRANCH, p.answers())
    pbx = world.peer(PBX, p.answers())
    buy(world)
    username = f"head{world.serial}"
    trunk = world.trunk(registration=(username, "Tr0mbone!"), first_response_seconds=30)
    path = f"/v1/trunks/{trunk['id']}"
    world.api.put(f"{path}/sip-accounts/secondary", ip_account(branch.address))
    world.api.put(f"{path}/ha", {"mode": "auto_failover"})
    number = world.did(trunk)
    assert short_call(world, number) == BRANCH
    first = record(world, number)["attempts"][0]
    assert first["trigger"] == "not_registered" and first["cause"] == "NOT_REGISTERED"
    # It registers, and the very next call is its own.
    assert p.register(pbx, world.stack.sip, username, "Tr0mbone!").status == 200
    assert short_call(world, number) == PBX


def test_a_registered_secondary_is_called(world):
    pbx = world.peer(PBX, p.refuses(404))
    branch = world.peer(BRANCH, p.answers())
    site = Site(world, pbx.address, None, None)
    username = f"branch{world.serial}"
    world.api.put(f"{site.path}/sip-accounts/secondary",
                  {"username": username, "password": "Tr0mbone!"})
    world.api.put(f"{site.path}/ha", {"mode": "auto_failover"})
    assert short_call(world, site.number) == 404
    assert p.register(branch, world.stack.sip, username, "Tr0mbone!").status == 200
    assert short_call(world, site.number) == BRANCH


@pytest.mark.parametrize("code,cause", [
    (401, "FAREND_REQUIRE_AUTH"), (407, "FAREND_REQUIRE_AUTH"), (408, "FAREND_RESPONSE"),
    (404, "FAREND_RESPONSE"), (410, "FAREND_RESPONSE"), (500, "FAREND_RESPONSE"),
    (503, "FAREND_RESPONSE"), (604, "FAREND_RESPONSE")])
def test_auto_failover_on_the_responses_of_the_table(world, code, cause):
    pbx = world.peer(PBX, p.refuses(code))
    branch = world.peer(BRANCH, p.answers())
    site = Site(world, pbx.address, branch.address, "auto_failover")
    assert short_call(world, site.number) == BRANCH
    assert len(pbx.requests("INVITE")) == 1
    cdr = record(world, site.number)
    assert cdr["disposition"] == "ANSWERED" and cdr["failed_over"] is True
    first = cdr["attempts"][0]
    assert (first["response_code"], first["disposition"], first["cause"]) == (
        code, "CONGESTION", cause)


def test_auto_failover_on_silence(world):
    """The PBX takes too long to say anything: a 408 made here."""
    pbx = world.peer(PBX, p.silent())
    branch = world.peer(BRANCH, p.answers())
    site = Site(world, pbx.address, branch.address, "auto_failover", first_response_seconds=1)
    assert short_call(world, site.number) == BRANCH
    first = record(world, site.number)["attempts"][0]
    assert first["trigger"] == "no_response" and first["milliseconds"] >= 1000
    assert (first["disposition"], first["cause"]) == ("CONGESTION", "FAREND_CONNECTION_ERROR")


def test_auto_failover_from_a_network_error(world):
    branch = world.peer(BRANCH, p.answers())
    site = Site(world, closed(PBX), branch.address, "auto_failover", first_response_seconds=30)
    assert short_call(world, site.number) == BRANCH
    first = record(world, site.number)["attempts"][0]
    assert first["trigger"] == "unreachable" and first["cause"] == "FAREND_CONNECTION_ERROR"


@pytest.mark.parametrize("code", [486, 603])
def test_auto_failover_leaves_an_answer_that_people_gave(world, code):
    pbx = world.peer(PBX, p.refuses(code))
    branch = world.peer(BRANCH, p.answers())
    site = Site(world, pbx.address, branch.address, "auto_failover")
    assert short_call(world, site.number) == code
    assert not branch.requests("INVITE")


def test_the_trunks_triggers_are_those_of_auto_failover(world):
    pbx = world.peer(PBX, p.refuses(486))
    branch = world.peer(BRANCH, p.answers())
    site = Site(world, pbx.address, branch.address, "auto_failover")
    world.api.put(f"{site.path}/failover", {"triggers": ["busy"]})
    assert short_call(world, site.number) == BRANCH
    pbx.behaviour = p.refuses(500)
    assert short_call(world, site.number) == 500


def test_auto_failover_shares_one_count_of_calls(world):
    pbx = world.peer(PBX, p.answers())
    branch = world.peer(BRANCH, p.answers())
    site = Site(world, pbx.address, branch.address, "auto_failover", max_concurrent_calls=2)
    held = [dial(world, site.number)]
    pbx.behaviour = p.refuses(500)
    held.append(dial(world, site.number))
    assert [host_of(call[2]) for call in held] == [PBX, BRANCH]
    until(lambda: world.calls_up(site.trunk) == 2, "both calls are counted")
    assert short_call(world, site.number) == 503
    assert len(pbx.requests("INVITE")) == 2 and len(branch.requests("INVITE")) == 1
    cdr = record(world, site.number)
    assert [a["cause"] for a in cdr["attempts"]] == ["CAPACITY", "CAPACITY"]
    for call in held:
        hang_up(world, call)
    until(lambda: world.calls_up(site.trunk) == 0, "all slots are free")


def test_both_fail_and_the_caller_gets_the_best_response(world):
    pbx = world.peer(PBX, p.refuses(401))
    branch = world.peer(BRANCH, p.refuses(500))
    site = Site(world, pbx.address, branch.address, "auto_failover")
    assert short_call(world, site.number) == 480  # never the PBX's challenge
    cdr = record(world, site.number)
    assert [a["response_code"] for a in cdr["attempts"]] == [401, 500]
    assert cdr["disposition"] == "CONGESTION"


def test_the_caller_hangs_up_while_the_secondary_rings(world):
    pbx = world.peer(PBX, p.refuses(404))
    branch = world.peer(BRANCH, p.rings())
    site = Site(world, pbx.address, branch.address, "auto_failover")
    world.call(site.number, "carrier_cancels", hold_ms=300)
    branch.await_request("CANCEL")
    cdr = record(world, site.number)
    assert (cdr["disposition"], cdr["cause"]) == ("CANCELLED", "CALLER")
    until(lambda: world.calls_up(site.trunk) == 0, "the slot is free")


# -- load balancing over the healthy --------------------------------------------------------------

def test_load_balancing_healthy_takes_turns_and_retries(world):
    pbx = world.peer(PBX, p.answers())
    branch = world.peer(BRANCH, p.answers())
    site = Site(world, pbx.address, branch.address, "load_balancing_healthy")
    assert [short_call(world, site.number) for _ in range(4)] == [PBX, BRANCH] * 2
    pbx.behaviour = p.refuses(500)
    assert [short_call(world, site.number) for _ in range(2)] == [BRANCH] * 2
    assert len(pbx.requests("INVITE")) == 3


def test_load_balancing_healthy_leaves_out_who_is_down(world):
    pbx = world.peer(PBX, sick())
    branch = world.peer(BRANCH, p.answers())
    site = Site(world, pbx.address, branch.address, "load_balancing_healthy")
    await_down(site)
    seen = len(pbx.requests("INVITE"))
    assert [short_call(world, site.number) for _ in range(3)] == [BRANCH] * 3
    assert len(pbx.requests("INVITE")) == seen


# -- combinations --------------------------------------------------------------------------------

def test_load_balancing_with_a_backup_pbx_and_a_number_behind_it(world):
    """The other account is not tried, but what is configured for failover is, in its order."""
    pbx = world.peer(PBX, p.refuses(500))
    branch = world.peer(BRANCH, p.refuses(404))
    backup = world.peer(BACKUP, p.answers())
    outbound = world.peer(GATEWAY, p.answers())
    world.gateway(outbound.address)
    site = Site(world, pbx.address, branch.address, "load_balancing")
    far = world.far_number()
    world.api.put(f"/v1/dids/{site.number}/failover",
                  {"number": far, "backup_pbxs": [backup.address]})
    assert [short_call(world, site.number) for _ in range(2)] == [BACKUP] * 2
    assert len(pbx.requests("INVITE")) == len(branch.requests("INVITE")) == 1
    backup.behaviour = p.refuses(503)
    assert [short_call(world, site.number) for _ in range(2)] == [GATEWAY] * 2
    assert far in outbound.requests("INVITE")[0].uri
    cdr = record(world, site.number, 4)
    assert [a["kind"] for a in cdr["attempts"]] == ["sip_account", "backup_pbx", "number"]
    assert site.targets() == ["primary", "backup_pbx", "number"]
    assert site.targets("next_attempts") == ["secondary", "backup_pbx", "number"]


def test_auto_failover_with_a_backup_pbx_behind_it_frees_the_slot(world):
    pbx = world.peer(PBX, p.refuses(500))
    branch = world.peer(BRANCH, p.refuses(407))
    backup = world.peer(BACKUP, p.answers())
    site = Site(world, pbx.address, branch.address, "auto_failover", max_concurrent_calls=1)
    world.did_failover(site.number, backup_pbxs=[backup.address])
    call = dial(world, site.number)
    assert host_of(call[2]) == BACKUP
    until(lambda: world.calls_up(site.trunk) == 0, "the call holds no slot of the trunk")
    hang_up(world, call)
    cdr = record(world, site.number)
    assert [a["response_code"] for a in cdr["attempts"]] == [500, 407, 200]


def test_a_full_trunk_with_a_secondary_goes_to_the_backup_pbx(world):
    pbx = world.peer(PBX, p.answers())
    branch = world.peer(BRANCH, p.answers())
    backup = world.peer(BACKUP, p.answers())
    site = Site(world, pbx.address, branch.address, "auto_failover", max_concurrent_calls=1)
    world.did_failover(site.number, backup_pbxs=[backup.address])
    held = dial(world, site.number)
    assert short_call(world, site.number) == BACKUP
    assert not branch.requests("INVITE")
    hang_up(world, held)


def test_explain_shows_both_turns(world):
    pbx = world.peer(PBX, p.answers())
    branch = world.peer(BRANCH, p.answers())
    site = Site(world, pbx.address, branch.address, "load_balancing", first_response_seconds=7)
    assert site.targets() == ["primary"] and site.targets("next_attempts") == ["secondary"]
    assert site.explain()["worst_case_seconds"] == 7
    world.api.put(f"{site.path}/ha", {"mode": "load_balancing_healthy"})
    assert site.targets() == ["primary", "secondary"]
    assert site.targets("next_attempts") == ["secondary", "primary"]
    assert site.explain()["worst_case_seconds"] == 14
    world.api.put(f"{site.path}/ha", {"mode": "auto_failover"})
    assert site.targets() == ["primary", "secondary"]
    assert site.explain()["next_attempts"] is None


# -- what a mode needs, and taking it away ---------------------------------------------------------

@pytest.mark.parametrize("mode", MODES)
def test_a_mode_needs_a_secondary_account(world, mode):
    pbx = world.peer(PBX, p.answers())
    site = Site(world, pbx.address, None, None)
    answer = world.api.request("PUT", f"{site.path}/ha", {"mode": mode})
    answer.problem(422, "secondary_required", "/mode")
    assert site.ha()["mode"] == "only_primary"


def test_all_that_is_missing_is_said_at_once(world):
    pbx = world.peer(PBX, p.answers())
    site = Site(world, pbx.address, None, None, addon=False)
    body = world.api.request("PUT", f"{site.path}/ha", {"mode": "auto_failover"}).problem(422)
    assert [e["code"] for e in body["errors"]] == ["ha_addon_required", "secondary_required"]
    site.world.api.request("PUT", f"{site.path}/ha", {"mode": "both"}).problem(
        422, "unknown_value", "/mode")


def test_the_secondary_cannot_be_deleted_while_a_mode_needs_it(world):
    pbx = world.peer(PBX, p.answers())
    branch = world.peer(BRANCH, p.answers())
    site = Site(world, pbx.address, branch.address, "auto_failover")
    path = f"{site.path}/sip-accounts/secondary"
    problem = world.api.request("DELETE", path).problem(409, "in_use")
    assert "auto_failover" in problem["detail"]
    world.api.get(path).ok()
    world.api.put(f"{site.path}/ha", {"mode": "only_primary"})
    world.api.delete(path)
    world.api.get(path).problem(404, "not_found")
    assert short_call(world, site.number) == PBX


def test_a_trunk_goes_with_both_accounts_and_its_mode(world):
    pbx = world.peer(PBX, p.answers())
    branch = world.peer(BRANCH, p.answers())
    site = Site(world, pbx.address, branch.address, "load_balancing")
    for path in (f"/v1/dids/{site.number}", site.path):
        world.api.delete(path)
        world.made.remove(path)
    world.api.get(f"{site.path}/ha").problem(404, "not_found")


def test_taking_the_add_on_away_loses_nothing_but_the_mode_rests(world):
    """Nothing is deleted: calls go to the primary until the add-on is back."""
    pbx = world.peer(PBX, p.answers())
    branch = world.peer(BRANCH, p.answers())
    site = Site(world, pbx.address, branch.address, "load_balancing")
    assert [short_call(world, site.number) for _ in range(2)] == [PBX, BRANCH]
    buy(world, False)
    assert site.ha() == {"mode": "load_balancing", "mode_in_force": "only_primary"}
    assert [short_call(world, site.number) for _ in range(2)] == [PBX] * 2
    explained = site.explain()
    assert [a["rule"] for a in explained["attempts"]] == ["only_primary"]
    assert any("mode rests" in warning for warning in explained["warnings"])
    path = f"{site.path}/sip-accounts/secondary"
    assert world.api.get(path).ok().json["address"] == branch.address
    world.api.request("PATCH", path, {"label": "x"}).problem(422, "ha_addon_required", "")
    buy(world)
    assert site.ha()["mode_in_force"] == "load_balancing"
    assert {short_call(world, site.number) for _ in range(2)} == {PBX, BRANCH}


def test_only_an_operator_sells_the_add_on_and_only_the_owner_sees_the_accounts(world):
    pbx = world.peer(PBX, p.answers())
    branch = world.peer(BRANCH, p.answers())
    site = Site(world, pbx.address, branch.address, "auto_failover")
    mine = f"/v1/accounts/{world.account['id']}"
    key = world.api.request("POST", f"{mine}/api-keys", {
        "name": "customer", "scopes": ["read", "write"]}).ok(201).json["key"]
    world.api.key_for(key).request("PATCH", mine, {"ha_addon": True}).problem(
        422, "operator_only", "/ha_addon")
    other = world.api.post("/v1/accounts", {"name": "Other", "ha_addon": True})
    stranger = world.api.key_for(world.api.request(
        "POST", f"/v1/accounts/{other['id']}/api-keys",
        {"name": "other", "scopes": ["read", "write"]}).ok(201).json["key"])
    path = f"{site.path}/sip-accounts/secondary"
    for method, where, body in [("GET", path, None), ("PUT", path, ip_account(branch.address)),
                                ("PATCH", path, {"label": "x"}), ("DELETE", path, None),
                                ("GET", f"{site.path}/ha", None),
                                ("PUT", f"{site.path}/ha", {"mode": "load_balancing"})]:
        stranger.request(method, where, body).problem(404, "not_found")
    assert site.ha()["mode"] == "auto_failover"


def test_calls_keep_the_mode_they_began_with(world):
    pbx = world.peer(PBX, p.answers())
    branch = world.peer(BRANCH, p.answers())
    site = Site(world, pbx.address, branch.address, "load_balancing")
    held = [dial(world, site.number) for _ in range(2)]
    world.api.put(f"{site.path}/ha", {"mode": "only_primary"})
    world.api.delete(f"{site.path}/sip-accounts/secondary")
    for call in held:
        hang_up(world, call)
    branch.await_request("BYE")
    until(lambda: world.calls_up(site.trunk) == 0, "all slots are free")
