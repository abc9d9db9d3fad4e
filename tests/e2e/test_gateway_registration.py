"""Registering with gateways, over real SIP: digest, refresh, the way round to the failover registrar or the
next address of DNS, the way back, and the end."""

import signal

import pytest

import peer as p
from dns import Dns
from registrar import Registrar
from sipp import PBX
from stack import Stack
from wait import free_port, until
from world import World

MAIN, SECOND, FAILOVER = "127.0.0.21", "127.0.0.22", "127.0.0.29"
SECRET = "carrier secret"


@pytest.fixture(scope="module")
def dns():
    server = Dns()
    yield server
    server.close()


@pytest.fixture(scope="module")
def stack(tmp_path_factory, dns):
    stack = Stack(tmp_path_factory.mktemp("registering"), {"TRUNKGUARD_DNS": dns.setting})
    try:
        stack.start()
        yield stack
    finally:
        stack.close()


def registration(registrar, **fields):
    return {"username": "line1", "password": SECRET, "registrar": registrar,
            "register_failover_seconds": 1, **fields}


def gateway(world, registrar, **fields):
    """A gateway that is never called itself: only its registrar matters here."""
    address = {"host": "127.0.0.20", "port": 5060, "transport": "udp"}
    return world.gateway(address, registration=registration(registrar, **fields))


def status(world, made):
    rows = world.api.get(f"/v1/gateways/{made['id']}/status").ok().json["registration"]
    return rows[0] if rows else None


def await_state(world, made, state, **fields):
    def reached():
        row = status(world, made)
        return row and row["state"] == state and all(
            row[name] == value for name, value in fields.items()) and row
    return until(reached, f"the registration is {state}: {fields}")


def registers(peer):
    return peer.requests("REGISTER")


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
def test_it_registers_by_digest(world, algorithm):
    registrar = Registrar(algorithm=algorithm)
    carrier = world.peer(MAIN, registrar)
    made = gateway(world, carrier.address, expires_seconds=600)
    row = await_state(world, made, "registered")
    assert row["registrar"] == carrier.address and row["status"] == 200
    assert row["source"] == f"{MAIN}:{carrier.port}" and row["worker"] == "worker-1"
    assert row["expires_at"] > row["checked_at"] >= row["since"]
    first, second = registers(carrier)
    assert not first.get("Authorization")
    assert first["Call-ID"] == second["Call-ID"]
    assert (first["CSeq"], second["CSeq"]) == ("1 REGISTER", "2 REGISTER")
    assert second["To"] == f"<sip:line1@{MAIN}>" and second["Expires"] == "600"
    assert list(registrar.contacts) == [f"sip:line1@{world.stack.sip_remote}"]


def test_the_password_shows_nowhere(world):
    registrar = Registrar()
    carrier = world.peer(MAIN, registrar)
    made = gateway(world, carrier.address)
    await_state(world, made, "registered")
    for path in ("", "/status"):
        assert SECRET not in world.api.get(f"/v1/gateways/{made['id']}{path}").body.decode()
    assert SECRET not in world.stack.log("sip") and SECRET not in world.stack.log("api")
    assert b"Authorization" not in bytes(registers(carrier)[0])


def test_wrong_credentials_are_told_and_not_tried_in_a_loop(world):
    carrier = world.peer(MAIN, Registrar(password="another"))
    made = gateway(world, carrier.address)
    row = await_state(world, made, "refused", status=401)
    assert row["expires_at"] is None
    assert len(registers(carrier)) == 2


def test_an_interval_too_brief_is_raised(world):
    registrar = Registrar(extra=[("Min-Expires", "1800")])
    registrar.mood = 423
    carrier = world.peer(MAIN, registrar)
    made = gateway(world, carrier.address, expires_seconds=60)
    until(lambda: len(registers(carrier)) >= 2, "it asks again")
    assert [m["Expires"] for m in registers(carrier)[:2]] == ["60", "1800"]
    await_state(world, made, "refused", status=423)


def test_it_refreshes_before_the_end(world):
    """A registrar that grants two seconds is asked again within them, with the nonce that it gave."""
    registrar = Registrar(expires=2)
    carrier = world.peer(MAIN, registrar)
    made = gateway(world, carrier.address)
    until(lambda: len(registrar.proofs) >= 3, "it refreshes")
    assert [proof["nc"] for proof in registrar.proofs[:3]] == ["00000001", "00000002", "00000003"]
    assert await_state(world, made, "registered")


def test_silence_leads_to_the_failover_registrar_and_back(world):
    """The Panasonic document: if a failover SIP server is registered, REGISTER is sent to that server."""
    main, failover = Registrar(), Registrar()
    main.mood = "silent"
    silent = world.peer(MAIN, main)
    spare = world.peer(FAILOVER, failover)
    made = gateway(world, silent.address, failover_registrar=spare.address)
    await_state(world, made, "registered", registrar=spare.address)
    assert registers(silent)[0]["Call-ID"] == registers(spare)[0]["Call-ID"]
    main.mood = "answers"
    await_state(world, made, "registered", registrar=silent.address)
    assert main.contacts


@pytest.mark.parametrize("failing", ["silent", 500, 503])
def test_without_a_failover_registrar_the_next_address_of_dns_follows(world, dns, failing):
    """SRV by priority; the failover registrar's name is not even asked for."""
    main, second = Registrar(), Registrar()
    main.mood = failing
    first_peer, second_peer = world.peer(MAIN, main), world.peer(SECOND, second)
    name = f"registrar{world.serial}.example"
    dns.srv(f"_sip._udp.{name}", (20, 0, second_peer.port, f"b.{name}"),
            (10, 0, first_peer.port, f"a.{name}"))
    dns.a(f"a.{name}", MAIN)
    dns.a(f"b.{name}", SECOND)
    made = gateway(world, {"host": name, "port": None, "transport": "udp"})
    row = await_state(world, made, "registered")
    assert row["registrar"]["host"] == name
    assert row["source"] == f"{SECOND}:{second_peer.port}"
    assert registers(first_peer) and second.contacts


def test_a_dead_dns_is_unreachable(world):
    made = gateway(world, {"host": "nobody.example", "port": 5060, "transport": "udp"})
    row = await_state(world, made, "unreachable")
    assert row["status"] is None and row["expires_at"] is None


@pytest.mark.parametrize("how", ["delete", "disable", "forget"])
def test_it_unregisters_when_the_gateway_goes(world, how):
    registrar = Registrar()
    carrier = world.peer(MAIN, registrar)
    made = gateway(world, carrier.address)
    await_state(world, made, "registered")
    path = f"/v1/gateways/{made['id']}"
    if how == "delete":
        world.api.delete(path)
        world.made.remove(path)
    elif how == "disable":
        world.api.patch(path, {"enabled": False})
    else:
        assert world.api.patch(path, {"registration": None})["registration"] is None
    until(lambda: not registrar.contacts, "it is unregistered")
    assert registers(carrier)[-1]["Expires"] == "0"
    if how == "forget":
        assert status(world, made) is None


def test_calls_arrive_from_where_we_are_registered(world):
    """The registrar sends the call to our Contact; the DID stands in To. No other address of that
    carrier was provisioned."""
    registrar = Registrar(calls=p.answers())
    carrier = world.peer(MAIN, registrar)
    pbx = world.pbx()
    number = world.did(world.trunk(pbx.address))
    invite = carrier.invite(f"sip:line1@{world.stack.sip_remote}",
                            to=f"<sip:{number}@{world.stack.sip_remote}>")
    carrier.send(invite, world.stack.sip)
    assert not pbx.received("INVITE")
    made = gateway(world, carrier.address)
    await_state(world, made, "registered")
    for uri in (f"sip:line1@{world.stack.sip_remote}", f"sip:{number}@{world.stack.sip_remote}"):
        invite = carrier.invite(uri, to=f"<sip:{number}@{world.stack.sip_remote}>")
        carrier.send(invite, world.stack.sip)
        final = carrier.await_response(invite)
        assert final.status == 200
        carrier.ack(invite, final, world.stack.sip)
        assert carrier.ask(carrier.in_dialog("BYE", invite, final, 2), world.stack.sip).status == 200
    assert len(pbx.received("INVITE")) == 2


def test_the_worker_unregisters_when_it_ends_and_registers_when_it_comes_back(stack, tmp_path):
    world = World(stack, tmp_path)
    try:
        registrar = Registrar()
        carrier = world.peer(MAIN, registrar)
        made = gateway(world, carrier.address)
        await_state(world, made, "registered")
        stack.kill("sip", signal.SIGTERM)
        assert not registrar.contacts
        count = len(registrar.proofs)
        stack.start_sip()
        until(lambda: len(registrar.proofs) > count, "it registers again")
        await_state(world, made, "registered")
    finally:
        world.close()
        world.clear()
