"""Calls by a peer of our own, as several suites make them."""

from sipp import CARRIER
from wait import free_port, until


def dial(world, number):
    """One call by a peer up to its ACK; what is needed to end it, and its final response."""
    carrier = world.peer(CARRIER)
    invite = carrier.invite(f"sip:{number}@{world.stack.sip_remote}")
    carrier.send(invite, world.stack.sip)
    final = carrier.await_response(invite)
    carrier.ack(invite, final, world.stack.sip)
    return carrier, invite, final


def hang_up(world, call):
    carrier, invite, final = call
    assert carrier.ask(carrier.in_dialog("BYE", invite, final, 2), world.stack.sip).status == 200


def host_of(response):
    return response["Contact"].split("@")[-1].split(":")[0]


def short_call(world, number):
    """The host that answered, or the status that the caller got."""
    call = dial(world, number)
    if call[2].status >= 300:
        return call[2].status
    hang_up(world, call)
    return host_of(call[2])


def record(world, number, count=1):
    return until(lambda: len(world.cdrs(number)) >= count and world.cdrs(number),
                 "the call record")[0]


def outcome(world, number, count=1):
    """What the newest record says of each attempt: rule, kind, response, trigger."""
    return [(a["rule"], a["kind"], a["response_code"], a["trigger"])
            for a in record(world, number, count)["attempts"]]


def closed(ip):
    return {"host": ip, "port": free_port(ip), "transport": "udp"}


def slots_become(world, *expected):
    """Pairs of a trunk and how many of its calls are up; workers tell it a moment later."""
    until(lambda: [world.calls_up(trunk) for trunk, _ in expected] == [n for _, n in expected],
          "the trunks' calls are counted")
