"""Who pays: where calls may go by the account's destination rules, and how many of them."""

import peer as p
from sipp import CARRIER, GATEWAY, PBX
from wait import free_port, until


def rules(world, **fields):
    world.api.put(f"/v1/accounts/{world.account['id']}/destination-rules", fields)


def failing_over(world, behaviour=None, **trunk):
    """A number whose PBX is dead, and that fails over to an outside number behind our gateway."""
    dead = {"host": PBX, "port": free_port(PBX), "transport": "udp"}
    number = world.did(world.trunk(dead, max_concurrent_calls=1000, **trunk))
    outbound = world.peer(GATEWAY, behaviour or p.answers())
    world.gateway(outbound.address)
    world.did_failover(number, number=world.far_number())
    return number, outbound


def burst(world, number, count):
    """Calls all at once; the carrier, and each INVITE with its final response."""
    carrier = world.peer(CARRIER)
    invites = [carrier.invite(f"sip:{number}@{world.stack.sip_remote}") for _ in range(count)]
    for invite in invites:
        carrier.send(invite, world.stack.sip)
    calls = []
    for invite in invites:
        try:
            final = carrier.await_response(invite, seconds=2)
        except AssertionError:
            final = carrier.ask(invite, world.stack.sip)
        carrier.ack(invite, final, world.stack.sip)
        calls.append((invite, final))
    return carrier, calls


def hang_up(world, carrier, calls):
    for invite, final in calls:
        if final.status == 200:
            bye = carrier.in_dialog("BYE", invite, final, 2)
            assert carrier.ask(bye, world.stack.sip).status == 200


def answered(calls):
    return sum(final.status == 200 for _, final in calls)


def last_cdr(world, number):
    return until(lambda: world.cdrs(number), "the call record")[0]


def test_rules_that_change_hold_for_the_next_call(world):
    number, outbound = failing_over(world)
    rules(world, allowed_countries=["US"])

    carrier, calls = burst(world, number, 1)

    assert calls[0][1].status == 480, "nothing of our rules is told to the carrier"
    assert not outbound.requests("INVITE")
    attempt = last_cdr(world, number)["attempts"][-1]
    assert (attempt["trigger"], attempt["cause"]) == ("destination_denied", "DESTINATION_DENIED")
    plan = world.api.get(f"/v1/dids/{number}/route").ok().json
    assert [a["unavailable_because"] for a in plan["attempts"]] == [None, "destination_denied"]
    assert any("destination rules" in warning for warning in plan["warnings"])

    rules(world, allowed_countries=["US", "DE"])
    carrier, calls = burst(world, number, 1)
    assert calls[0][1].status == 200
    assert len(outbound.requests("INVITE")) == 1
    hang_up(world, carrier, calls)


def test_no_more_at_the_same_time_than_the_cap(world):
    number, outbound = failing_over(world)
    rules(world, max_failover_calls=3)

    carrier, calls = burst(world, number, 20)

    assert answered(calls) == 3 and len(outbound.requests("INVITE")) == 3
    assert {final.status for _, final in calls} == {200, 408}, "the best of what came, not our cap"
    kept_back = [cdr for cdr in until(lambda: len(world.cdrs(number)) == 17 and world.cdrs(number), "the records")]
    assert all(cdr["attempts"][-1]["cause"] == "CAPACITY" for cdr in kept_back)
    hang_up(world, carrier, calls)
    carrier, calls = burst(world, number, 5)
    assert answered(calls) == 3
    hang_up(world, carrier, calls)


def test_legs_that_nobody_answers_are_given_back(world):
    number, outbound = failing_over(world, p.refuses(486))
    rules(world, max_failover_calls=1)
    for count in range(1, 4):
        _, calls = burst(world, number, 1)
        assert calls[0][1].status == 486
        assert len(outbound.requests("INVITE")) == count


def test_the_second_gateway_is_the_same_leg(world):
    number, outbound = failing_over(world, p.refuses(500))
    second = world.peer("127.0.0.7", p.answers())
    world.gateway(second.address, priority=2)
    rules(world, max_failover_calls=1, max_failover_calls_per_minute=1)
    carrier, calls = burst(world, number, 1)
    assert answered(calls) == 1
    assert len(outbound.requests("INVITE")) == len(second.requests("INVITE")) == 1
    hang_up(world, carrier, calls)


def test_a_failover_bomb_costs_what_the_caps_allow_and_not_one_call_more(world):
    """An attacker keeps the PBX from answering, and calls and calls."""
    number, outbound = failing_over(world)
    rules(world, max_failover_calls=7, max_failover_calls_per_minute=25)
    legs = 0
    for _ in range(6):
        carrier, calls = burst(world, number, 60)
        assert answered(calls) <= 7
        legs += answered(calls)
        hang_up(world, carrier, calls)
    assert legs == 25
    assert len(outbound.requests("INVITE")) == 25
    name = "trunkguard_sip_failover_legs_refused_total"
    for limit in ("max_failover_calls", "max_failover_calls_per_minute"):
        until(lambda: world.stack.metrics("sip")[f'{name}{{limit="{limit}"}}'] > 0, f"{limit} is counted")


def test_a_leg_lasts_no_longer_than_the_rules_say(world):
    number, outbound = failing_over(world)
    rules(world, max_failover_call_seconds=1)
    burst(world, number, 1)
    assert outbound.await_request("BYE")
    assert last_cdr(world, number)["ended_by"] == "worker"


def test_calls_on_the_pbx_are_not_counted(world):
    pbx = world.peer(PBX, p.answers())
    number = world.did(world.trunk(pbx.address))
    rules(world, max_failover_calls=0, max_failover_calls_per_minute=1, max_failover_call_seconds=1)
    carrier, calls = burst(world, number, 5)
    assert answered(calls) == 5
    hang_up(world, carrier, calls)
