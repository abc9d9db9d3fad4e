"""Names of backup PBXs (RFC 3263): SRV by priority and weight, the next address after a failure, and a
DNS that is broken in every way: the call goes on to the next step."""

import time

import pytest

import dns_server as d
import peer as p
from sipp import BACKUP, CARRIER
from stack import Stack
from wait import free_port, until

THIRD, LAST = "127.0.0.6", "127.0.0.7"


@pytest.fixture(scope="module")
def dns():
    server = d.DnsServer("127.0.0.54")
    yield server
    server.close()


@pytest.fixture(scope="module")
def stack(tmp_path_factory, dns):
    stack = Stack(tmp_path_factory.mktemp("dns"), {"TRUNKGUARD_DNS": dns.setting})
    try:
        stack.start()
        yield stack
    finally:
        stack.close()


def dial(world, number):
    carrier = world.peer(CARRIER)
    carrier.invited = carrier.invite(f"sip:{number}@{world.stack.sip_remote}")
    carrier.send(carrier.invited, world.stack.sip)
    return carrier


def ended(world, carrier):
    """The host that answered, or the status."""
    final = carrier.await_response(carrier.invited)
    carrier.ack(carrier.invited, final, world.stack.sip)
    if final.status != 200:
        return final.status
    bye = carrier.in_dialog("BYE", carrier.invited, final, 2)
    assert carrier.ask(bye, world.stack.sip).status == 200
    return final.contact_host


def call(world, number):
    return ended(world, dial(world, number))


def did_with_backups(world, *backups):
    """Its PBX has not registered: a call goes to the backups at once."""
    name = f"dns{world.serial}-{next(world.numbers)}"
    number = world.did(world.trunk(registration=(name, "Tr0mbone!"), first_response_seconds=3))
    world.did_failover(number, backup_pbxs=list(backups))
    return number


def named(host, port=None):
    return {"host": host, "port": port, "transport": "udp"}


def attempts(world, number):
    return until(lambda: world.cdrs(number), "the record")[0]["attempts"]


# -- what DNS is for ------------------------------------------------------------------------------

def test_srv_by_priority_and_the_next_one_after_a_failure(world, dns):
    first, second = world.peer(BACKUP, p.refuses(503)), world.peer(THIRD, p.answers())
    dns.records.update({
        "_sip._udp.prio.example": [d.srv(20, 0, second.port, "b.prio.example"),
                                   d.srv(10, 0, first.port, "a.prio.example")],
        "a.prio.example": [d.a(BACKUP)], "b.prio.example": [d.a(THIRD)]})
    number = did_with_backups(world, named("prio.example"))
    assert call(world, number) == THIRD
    assert len(first.requests("INVITE")) == 1
    # Who is called is the name that was provisioned, wherever it led.
    assert second.requests("INVITE")[0].uri == f"sip:{number}@prio.example"
    assert [a["target"] for a in attempts(world, number)][1:] == ["sip:prio.example;transport=udp"]


def test_srv_weights(world, dns):
    heavy, light = world.peer(BACKUP, p.answers()), world.peer(THIRD, p.answers())
    dns.records.update({
        "_sip._udp.weigh.example": [d.srv(1, 0, light.port, "b.weigh.example"),
                                    d.srv(1, 1000, heavy.port, "a.weigh.example")],
        "a.weigh.example": [d.a(BACKUP)], "b.weigh.example": [d.a(THIRD)]})
    number = did_with_backups(world, named("weigh.example"))
    assert [call(world, number) for _ in range(6)].count(BACKUP) >= 5


def test_with_a_port_there_is_no_srv(world, dns):
    backup = world.peer(BACKUP, p.answers())
    dns.records.update({"_sip._udp.port.example": [d.srv(1, 0, free_port(LAST), "no.example")],
                        "port.example": [d.a(BACKUP)]})
    assert call(world, did_with_backups(world, named("port.example", backup.port))) == BACKUP
    assert "SRV" not in [kind for name, kind in dns.asked if name.endswith("port.example")]


def test_without_srv_the_address_at_the_default_port(world, dns):
    backup = world.peer(BACKUP, p.answers(), port=5060)
    dns.records["plain.example"] = [d.a(BACKUP)]
    assert call(world, did_with_backups(world, named("plain.example"))) == BACKUP
    assert backup.requests("INVITE")


def test_naptr_is_never_asked_for(world, dns):
    """The transport is provisioned, so there is nothing for it to say."""
    assert dns.asked and "NAPTR" not in [kind for _, kind in dns.asked]


def test_the_next_address_after_one_that_is_closed(world, dns):
    backup = world.peer(BACKUP, p.answers())
    dns.records["two.example"] = [d.a(LAST), d.a(BACKUP)]  # nobody listens at the first
    number = did_with_backups(world, named("two.example", backup.port))
    assert [call(world, number) for _ in range(2)] == [BACKUP, BACKUP]


def test_an_alias(world, dns):
    backup = world.peer(BACKUP, p.answers())
    dns.records.update({"alias.example": [d.cname("real.example")],
                        "real.example": [d.a(BACKUP)]})
    assert call(world, did_with_backups(world, named("alias.example", backup.port))) == BACKUP


def test_a_very_long_answer(world, dns):
    """Two hundred addresses come over TCP; eight are more than enough."""
    backup = world.peer(BACKUP, p.answers())
    dns.records["long.example"] = [d.a(BACKUP)] * 1 + [d.a(f"127.1.0.{n}") for n in range(1, 200)]
    number = did_with_backups(world, named("long.example", backup.port), backup.address)
    assert call(world, number) == BACKUP


# -- private addresses ----------------------------------------------------------------------------

def test_a_name_that_leads_to_a_private_address_is_refused_address_by_address(world, dns):
    backup = world.peer(BACKUP, p.answers())
    dns.records.update({"inside.example": [d.a("10.0.0.1"), d.a("169.254.169.254")],
                        "mixed.example": [d.a("192.168.0.1"), d.a(BACKUP)],
                        "_sip._udp.srv.example": [d.srv(1, 0, 5060, "inside.example")]})
    for host in ("inside.example", "srv.example"):
        number = did_with_backups(world, named(host), backup.address)
        assert call(world, number) == BACKUP
        assert attempts(world, number)[1]["trigger"] == "unreachable"
    number = did_with_backups(world, named("mixed.example", backup.port))
    assert call(world, number) == BACKUP


# -- a DNS that is no help --------------------------------------------------------------------------

def test_whatever_dns_does_the_call_goes_on_to_the_next_step(world, dns):
    """All at once, and a call that needs no DNS passes in the middle of it."""
    good = world.peer(BACKUP, p.answers())
    dns.tricks.update({"garbage.example": d.garbage, "fails.example": d.servfail,
                       "silent.example": d.silence, "_sip._udp.silent.example": d.silence,
                       "_sip._udp.late.example": d.silence})
    dns.records.update({
        "loop.example": [d.cname("pool.example")], "pool.example": [d.cname("loop.example")],
        "six.example": [d.aaaa("::1")],
        "_sip._udp.off.example": [d.srv(0, 0, 0, ".")],
        "_sip._udp.dangling.example": [d.srv(1, 0, 5060, "nowhere.example")],
        "empty.example": []})
    bad = [named("garbage.example", 5060), named("fails.example", 5060),
           named("silent.example", 5060), named("silent.example"), named("loop.example", 5060),
           named("missing.example", 5060), named("six.example", 5060), named("off.example"),
           named("dangling.example"), named("empty.example", 5060)]
    numbers = [did_with_backups(world, each, good.address) for each in bad]
    started = time.monotonic()
    carriers = [dial(world, number) for number in numbers]
    assert call(world, did_with_backups(world, good.address)) == BACKUP
    assert [ended(world, carrier) for carrier in carriers] == [BACKUP] * len(bad)
    assert time.monotonic() - started < 20
    for number in numbers:
        assert [a["trigger"] for a in attempts(world, number)] == [
            "not_registered", "unreachable", None]


def test_when_only_dns_could_help_the_caller_is_told(world, dns):
    number = did_with_backups(world, named("silent.example", 5060))
    assert call(world, number) in (404, 408, 480)
    assert attempts(world, number)[-1]["cause"] == "FAREND_CONNECTION_ERROR"
