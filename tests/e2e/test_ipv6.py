"""IPv6: listeners, registrations, and calls between its side and IPv4's, each of which must be able to
reach the worker by itself."""

import pytest

import peer as p
from sipp import CARRIER, PBX
from stack import Stack
from wait import free_port, until

LOOPBACK = "::1"
PASSWORD = "Tr0mbone!"


class Stack6(Stack):
    """Listens on both families."""

    def __init__(self, folder):
        super().__init__(folder)
        self.sip6_port = free_port(LOOPBACK)
        self.settings["TRUNKGUARD_SIP_LISTEN"] += \
            f",udp:[::1]:{self.sip6_port},tcp:[::1]:{self.sip6_port}"
        self.settings["TRUNKGUARD_PRIVATE_TARGETS"] = "127.0.0.0/8,::1"

    @property
    def sip6(self):
        return (LOOPBACK, self.sip6_port)

    @property
    def sip6_remote(self):
        return f"[::1]:{self.sip6_port}"


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    stack = Stack6(tmp_path_factory.mktemp("ipv6"))
    try:
        stack.start()
        # ::1 is a carrier; a PBX there is known by its password, or called and never calling.
        stack.client.post("/v1/gateways", {
            "name": "carrier on IPv6", "address": {"host": LOOPBACK, "port": 5060},
            "prefixes": ["+998"], "inbound_ip_addresses": [LOOPBACK]})
        yield stack
    finally:
        stack.close()


def trunk_to(world, address):
    """The PBX is called at its address; where it calls from is of no interest here."""
    trunk = world._make("/v1/trunks", {
        "account_id": world.account["id"], "name": "six", "first_response_seconds": 2})
    world.api.put(f"/v1/trunks/{trunk['id']}/sip-accounts/primary", {
        "auth_mode": "ip", "ip_addresses": ["2001:db8::/64"], "address": address})
    return trunk


def call6(world, number, **named):
    return world.sipp("carrier", LOOPBACK, remote=world.stack.sip6_remote, number=number,
                      **named).wait()


@pytest.mark.parametrize("tcp", [False, True], ids=["udp", "tcp"])
def test_a_call_within_ipv6(world, tcp):
    pbx = world.sipp("answer", LOOPBACK, tcp=tcp)
    number = world.did(trunk_to(world, pbx.address))
    call = call6(world, number, tcp=tcp)
    assert call.final().contact_host == "[::1]"
    invite = pbx.received("INVITE")[0]
    assert invite["Via"].split()[1].startswith(world.stack.sip6_remote)
    assert invite.uri.split("@")[1].startswith(f"[::1]:{pbx.port}")
    assert len(invite.all("Record-Route")) == 1
    assert pbx.await_request("BYE")
    cdr = until(lambda: world.cdrs(number), "the record")[0]
    assert cdr["disposition"] == "ANSWERED" and cdr["ended_by"] == "caller"


@pytest.mark.parametrize("caller_tcp", [False, True], ids=["udp", "tcp"])
def test_a_caller_on_ipv4_and_a_pbx_on_ipv6(world, caller_tcp):
    """Each side has a Record-Route of its own family, the callee's on top."""
    pbx = world.sipp("answer", LOOPBACK)
    number = world.did(trunk_to(world, pbx.address))
    call = world.call(number, tcp=caller_tcp)
    assert call.final().contact_host == "[::1]"
    routes = pbx.received("INVITE")[0].all("Record-Route")
    assert [world.stack.sip6_remote in routes[0], world.stack.sip_remote in routes[1]] == [True] * 2
    assert len(routes) == 2
    assert pbx.await_request("BYE"), "the caller's BYE came through along both"


def test_a_caller_on_ipv6_and_a_pbx_on_ipv4(world):
    pbx = world.pbx()
    number = world.did(world.trunk(pbx.address))
    assert call6(world, number).final().contact_host == PBX
    routes = pbx.received("INVITE")[0].all("Record-Route")
    assert [world.stack.sip_remote in routes[0], world.stack.sip6_remote in routes[1]] == [True] * 2
    assert pbx.await_request("BYE")


def test_the_callee_hangs_up_across_the_families(world):
    pbx = world.peer(LOOPBACK, p.answers())
    number = world.did(trunk_to(world, pbx.address))
    carrier = world.peer(CARRIER, p.answers())
    invite = carrier.invite(f"sip:{number}@{world.stack.sip_remote}")
    carrier.send(invite, world.stack.sip)
    final = carrier.await_response(invite)
    carrier.ack(invite, final, world.stack.sip)
    pbx.await_request("ACK")
    bye = pbx.callee_request("BYE", pbx.requests("INVITE")[0])
    assert pbx.ask(bye, world.stack.sip6).status == 200
    assert carrier.await_request("BYE")


def test_a_pbx_registers_over_ipv6(world):
    username = f"six{world.serial}"
    trunk = world.trunk(registration=(username, PASSWORD))
    number = world.did(trunk)
    pbx = world.peer(LOOPBACK, p.answers())
    assert p.register(pbx, world.stack.sip6, username, PASSWORD).status == 200
    binding = until(lambda: world.api.get(f"/v1/registrations?trunk_id={trunk['id']}").ok()
                    .json["data"], "the binding is listed")[0]
    assert binding["source"] == f"[::1]:{pbx.port}"
    assert world.call(number).final().contact_host == "[::1]"


def test_failover_from_ipv6_to_ipv4_and_back(world):
    """The PBX's port is closed: ICMPv6 says so."""
    backup, last = world.backup("refuse", keys={"code": 503, "reason": "No"}), \
        world.sipp("answer", LOOPBACK)
    closed = {"host": LOOPBACK, "port": free_port(LOOPBACK), "transport": "udp"}
    number = world.did(trunk_to(world, closed))
    world.did_failover(number, backup_pbxs=[backup.address, last.address])
    assert world.call(number).final().contact_host == "[::1]"
    attempts = until(lambda: world.cdrs(number), "the record")[0]["attempts"]
    assert [a["trigger"] for a in attempts] == ["unreachable", "server_error", None]
    assert attempts[2]["target"] == f"sip:[::1]:{last.port};transport=udp"
    explained = world.api.get(f"/v1/dids/{number}/route").ok().json
    assert explained["attempts"][2]["target"] == attempts[2]["target"]


@pytest.mark.parametrize("address", ["::1", "::ffff:10.0.0.1", "fe80::1", "fd00::1", "64:ff9b::a00:1"])
def test_addresses_that_are_not_public_are_refused(world, address):
    answer = world.api.request("PUT", f"/v1/accounts/{world.account['id']}/failover",
                               {"backup_pbxs": [{"host": address}]})
    if address == LOOPBACK:
        answer.ok()  # this stack allows it
    else:
        answer.problem(422, "private_address", "/backup_pbxs/0/host")
