"""Two trunking servers on one database that are peers: the SIPStation document, sentence by sentence.
The first worker is `stack.sip`, the second one has the same ports on another address."""

import time

import pytest

import peer as p
from sipp import BACKUP, CARRIER, GATEWAY, PBX
from stack import Stack
from wait import until

SECOND = "127.0.0.11"
PASSWORD = "Tr0mbone!"


class TwoServers(Stack):
    def __init__(self, folder):
        super().__init__(folder)
        self.settings["TRUNKGUARD_PEERS"] = f"{SECOND}:{self.sip_port}"

    def start(self):
        super().start()
        self.start_worker("worker-2", SECOND,
                          {"TRUNKGUARD_PEERS": f"udp:127.0.0.1:{self.sip_port}"})
        until(lambda: len(self.synced()) == 2, "both workers report themselves")
        return self

    @property
    def second(self):
        return (SECOND, self.sip_port)

    @property
    def servers(self):
        return self.sip, self.second


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    stack = TwoServers(tmp_path_factory.mktemp("servers"))
    try:
        stack.start()
        yield stack
    finally:
        stack.close()


class Site:
    """A PBX that may register with either server, and a DID."""

    def __init__(self, world, behaviour=None, registered_with=(), **trunk):
        self.world = world
        self.username = f"site{world.serial}"
        self.trunk = world.trunk(registration=(self.username, PASSWORD), **trunk)
        self.number = world.did(self.trunk)
        self.pbx = world.peer(PBX, behaviour or p.answers())
        for server in registered_with:
            self.register(server)

    def register(self, server, expires=300):
        answer = p.register(self.pbx, server, self.username, PASSWORD, expires=expires)
        assert answer.status == 200

    def call(self, server=None, number=None, headers=()):
        """The carrier calls one of the servers: its final response."""
        server = server or self.world.stack.sip
        carrier = self.world.peer(CARRIER)
        self.invite = carrier.invite(
            f"sip:{number or self.number}@{server[0]}:{server[1]}", headers=headers)
        carrier.send(self.invite, server)
        final = carrier.await_response(self.invite)
        carrier.ack(self.invite, final, server)
        if final.status == 200:
            bye = carrier.in_dialog("BYE", self.invite, final, 2)
            assert carrier.ask(bye, server).status == 200
        return final

    def records(self, count):
        """What each server wrote down, the one called first in front."""
        found = until(lambda: len(self.world.cdrs(self.number)) >= count
                      and self.world.cdrs(self.number), "the records")
        return sorted(found, key=lambda cdr: -len(cdr["attempts"]))

    def rules(self):
        explained = self.world.api.get(f"/v1/dids/{self.number}/route").ok().json
        return [attempt["rule"] for attempt in explained["attempts"]]


# -- without failover service: the other server ---------------------------------------------------

def test_a_pbx_registered_with_the_other_server_only_is_reached_through_it(world):
    site = Site(world, registered_with=[world.stack.second])
    assert site.rules() == ["only_primary", "peer_server"]
    final = site.call()
    assert final.status == 200 and final.contact_host == PBX
    first, second = site.records(2)
    assert [(a["kind"], a["trigger"]) for a in first["attempts"]] == [
        ("sip_account", "not_registered"), ("peer", None)]
    assert first["attempts"][1]["response_code"] == 200
    assert first["attempts"][1]["target"] == f"sip:{SECOND}:{world.stack.sip_port};transport=udp"
    assert [a["kind"] for a in second["attempts"]] == ["sip_account"]
    assert second["disposition"] == first["disposition"] == "ANSWERED"


def test_it_works_the_other_way_round(world):
    site = Site(world, registered_with=[world.stack.sip])
    assert site.call(world.stack.second).contact_host == PBX


@pytest.mark.parametrize("behaviour", [p.refuses(503), p.refuses(404), p.dead],
                         ids=["503", "404", "silence"])
def test_an_attempt_that_fails_otherwise_is_handed_over_too(world, behaviour):
    """The way to the PBX that the first server has is broken, the second one's is not."""
    site = Site(world, first_response_seconds=1)
    broken = world.peer(PBX, behaviour)
    assert p.register(broken, world.stack.sip, site.username, PASSWORD).status == 200
    site.register(world.stack.second)
    assert site.call().contact_host == PBX
    assert len(broken.requests("INVITE")) == len(site.pbx.requests("INVITE")) == 1


def test_when_neither_can_reach_it_they_give_up(world):
    """Once, and never back: the second server is asked for this one call only."""
    site = Site(world)
    assert site.call().status in (404, 480)
    first, second = site.records(2)
    assert [a["kind"] for a in first["attempts"]] == ["sip_account", "peer"]
    assert [a["kind"] for a in second["attempts"]] == ["sip_account"]
    assert len(world.cdrs(site.number)) == 2


def test_a_peer_that_is_silent_costs_no_more_than_its_time(world):
    site = Site(world, first_response_seconds=1)
    world.stack.kill("worker-2")
    try:
        assert site.call().status in (404, 408, 480)
        assert [a["kind"] for a in site.records(1)[0]["attempts"]] == ["sip_account", "peer"]
    finally:
        world.stack.start_worker("worker-2", SECOND,
                                 {"TRUNKGUARD_PEERS": f"udp:127.0.0.1:{world.stack.sip_port}"})
        until(lambda: len(world.stack.synced()) == 2, "the second worker is back")


def test_a_busy_pbx_is_not_asked_twice(world):
    site = Site(world, p.refuses(486), registered_with=world.stack.servers)
    assert site.call().status == 486
    assert len(site.pbx.requests("INVITE")) == 1


def test_a_full_trunk_is_full_on_both(world):
    site = Site(world, registered_with=world.stack.servers, max_concurrent_calls=0)
    until(lambda: site.rules() == ["only_primary"], "explain knows that it is full")
    assert site.call().status == 503
    assert not site.pbx.requests("INVITE")


def test_the_call_is_handed_over_as_it_came(world):
    site = Site(world, registered_with=[world.stack.second], did_delivery="to")
    extra = [("Subject", "as it came"), ("Identity", "eyJhbGciOiJFUzI1NiJ9.e30.c2ln;info=<http://a.example/>")]
    assert site.call(headers=extra).status == 200
    received = site.pbx.requests("INVITE")[0]
    assert received["From"] == site.invite["From"]
    assert received.body == site.invite.body.replace("\r\n", "\n")
    assert received["Subject"] == "as it came"
    assert received["Identity"] == extra[1][1]
    assert not received.all("Diversion") and not received.all("History-Info")


def test_only_peers_may_call_and_only_our_numbers(world):
    site = Site(world, registered_with=world.stack.servers)
    second = world._keep(p.Peer(SECOND))
    stranger = world._keep(p.Peer("127.0.0.12"))
    for source, number, refused in ((second, "+19995550100", [404]),
                                    (stranger, site.number, [403, 407])):
        invite = source.invite(f"sip:{number}@{world.stack.sip_remote}")
        source.send(invite, world.stack.sip)
        assert source.await_response(invite).status in refused
    relay = second.invite(f"sip:{site.number}@{world.stack.sip_remote}",
                          headers=[("Route", f"<sip:{BACKUP}:5060;lr>")])
    second.send(relay, world.stack.sip)
    assert second.await_response(relay).status == 403


def test_peers_are_probed(world):
    peers = "trunkguard_sip_messages_received_total{source=\"peer\"}"
    before = world.stack.metrics()[peers]
    until(lambda: world.stack.metrics()[peers] > before, "the peer's probes and answers", 60)


# -- with failover service: it, and not the other server ------------------------------------------

@pytest.mark.parametrize("service", ["did number", "did backup", "global number", "global backup",
                                     "did forwarding", "trunk plan"])
def test_with_any_failover_service_the_other_server_is_not_asked(world, service):
    """The important detail: who registers with one server only gets the failover, not the PBX."""
    site = Site(world, registered_with=[world.stack.second])
    backup, outbound = world.backup(), world.outbound()
    world.gateway(outbound.address)
    scope, what = service.split()
    if what == "forwarding":
        world.forward(site.number, {"target": {"external": world.far_number()}})
    elif what == "plan":
        world.trunk_failover(site.trunk, world.dial_plan({
            "app": "media", "sip_uri": f"sip:ivr@{BACKUP}:{backup.port};transport=udp"}))
    else:
        fields = {"number": world.far_number()} if what == "number" else \
            {"backup_pbxs": [backup.address]}
        world.did_failover(site.number, **fields) if scope == "did" else \
            world.global_failover(**fields)
    assert "peer_server" not in site.rules()
    assert site.call().contact_host == (BACKUP if what in ("backup", "plan") else GATEWAY)
    assert not site.pbx.requests("INVITE")


def test_dual_registration_reaches_the_pbx_whichever_server_is_called(world):
    site = Site(world, registered_with=world.stack.servers)
    world.global_failover(backup_pbxs=[world.backup().address])
    for server in world.stack.servers:
        assert site.call(server).contact_host == PBX

    def workers():
        listed = world.api.get(f"/v1/registrations?trunk_id={site.trunk['id']}").ok().json["data"]
        return sorted(binding["worker"] for binding in listed)
    until(lambda: workers() == ["worker-1", "worker-2"], "both bindings are listed")


def test_backup_pbx_first_then_number_on_either_server(world):
    site = Site(world)
    backup = world.backup("refuse", keys={"code": 503, "reason": "No"})
    outbound = world.outbound()
    world.gateway(outbound.address)
    world.global_failover(number=world.far_number(), backup_pbxs=[backup.address])
    own = world.far_number()
    world.did_failover(site.number, number=own)
    for server in world.stack.servers:
        assert site.call(server).contact_host == GATEWAY
    assert len(backup.received("INVITE")) == 2, "the account's PBX before the DID's own number"
    assert all(own in invite.uri for invite in outbound.received("INVITE"))


def test_clear_failover_and_the_other_server_is_asked_again(world):
    site = Site(world, registered_with=[world.stack.second])
    world.global_failover(backup_pbxs=[world.backup().address])
    assert site.call().contact_host == BACKUP
    world.api.delete(f"/v1/accounts/{world.account['id']}/failover")
    assert site.call().contact_host == PBX


@pytest.mark.parametrize("digits", [10, 11])
def test_failover_numbers_of_10_and_11_digits(world, digits):
    world.api.patch(f"/v1/accounts/{world.account['id']}", {"default_country": "US"})
    site = Site(world)
    outbound = world.outbound()
    number = f"1628{world.serial:03d}0100"
    world._make("/v1/gateways", {"name": f"us {world.serial}", "address": outbound.address,
                                 "prefixes": [number[:7]], "priority": 1})
    stored = world.global_failover(number=number[-digits:])
    assert stored["number"] == f"+{number}"
    assert site.call().contact_host == GATEWAY
    assert outbound.received("INVITE")[0].uri.startswith(f"sip:+{number}@")


def test_a_backup_pbx_without_a_port_is_called_at_5060(world):
    backup = world.backup(port=5060)
    site = Site(world)
    stored = world.global_failover(backup_pbxs=[{"host": BACKUP}])
    assert stored["backup_pbxs"][0]["port"] == 5060
    assert site.call().contact_host == BACKUP
    assert backup.received("INVITE")


def test_a_backup_pbx_may_be_a_name(world):
    """/etc/hosts knows one name on every machine; its address is nobody's PBX but ours."""
    backup = world.sipp("answer", "127.0.0.1")
    site = Site(world)
    world.global_failover(backup_pbxs=[{"host": "localhost", "port": backup.port}])
    assert site.call().contact_host == "127.0.0.1"


def test_mass_operations_set_and_clear_many_dids(world):
    """Each of them rings at the one number, on both servers, and after the clearing none does."""
    site = Site(world)
    numbers = [site.number] + [world.did(site.trunk) for _ in range(4)]
    outbound = world.outbound()
    world.gateway(outbound.address)
    far = world.far_number()
    done = world.api.post("/v1/mass-operations", {
        "action": "set_failover", "select": {"numbers": numbers}, "failover": {"number": far}})
    assert done["changed"] == 5
    for number, server in zip(numbers, world.stack.servers * 3):
        assert site.call(server, number).contact_host == GATEWAY
    assert all(far in invite.uri for invite in outbound.received("INVITE"))
    world.api.post("/v1/mass-operations", {"action": "clear_failover",
                                           "select": {"numbers": numbers}})
    for number, server in zip(numbers, world.stack.servers * 3):
        assert site.call(server, number).status in (404, 480)


def test_changes_are_active_on_both_servers_at_once(world):
    """Sixty seconds are promised; the write says when both have it."""
    site = Site(world)
    backup = world.backup()
    started = time.monotonic()
    world.global_failover(backup_pbxs=[backup.address])
    assert time.monotonic() - started < 10
    for server in world.stack.servers:
        assert site.call(server).contact_host == BACKUP
