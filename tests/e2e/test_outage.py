"""Parts die, calls go on. Each test has a stack of its own to kill."""

import signal

import peer as p
from sipp import BACKUP, PBX
from wait import until

PASSWORD = "Tr0mbone!"


def test_the_api_is_killed_and_calls_go_on(fresh_world):
    world = fresh_world
    pbx = world.pbx()
    number = world.did(world.trunk(pbx.address))
    world.stack.kill("api")
    assert world.call(number).final().contact_host == PBX
    world.stack.start_api()
    until(lambda: world.cdrs(number), "the record of the call without an API")


def test_postgres_is_away_and_calls_registration_and_failover_go_on(fresh_world):
    world = fresh_world
    username = f"pbx{world.serial}"
    registered = world.did(world.trunk(registration=(username, PASSWORD)))
    refusing = world.pbx("refuse", keys={"code": 503, "reason": "No"})
    backup = world.backup()
    failing = world.did(world.trunk(refusing.address))
    world.did_failover(failing, backup_pbxs=[backup.address])
    world.stack.kill_postgres()

    pbx = world.peer("127.0.0.7", p.answers())
    assert p.register(pbx, world.stack.sip, username, PASSWORD).status == 200
    assert world.call(registered).final().contact_host == "127.0.0.7"
    assert world.call(failing).final().contact_host == BACKUP
    refused = world.api.request("PATCH", f"/v1/accounts/{world.account['id']}", {"name": "x"})
    refused.problem(503)
    assert refused.headers["Retry-After"]
    assert world.api.get("/v1/accounts").status == 503

    world.stack.start_postgres()
    until(lambda: world.api.get("/v1/accounts").status == 200, "the API is back", 60)
    until(lambda: world.cdrs(registered) and world.cdrs(failing), "the records caught up", 60)
    assert len(world.cdrs(registered)) == len(world.cdrs(failing)) == 1
    world.api.patch(f"/v1/accounts/{world.account['id']}", {"name": "renamed"})
    until(lambda: world.api.get("/v1/registrations").ok().json["data"], "the binding caught up", 60)


def test_a_change_made_in_the_gap_is_applied(fresh_world):
    """The worker loses PostgreSQL, somebody else writes, and the worker catches up by itself."""
    world = fresh_world
    pbx = world.pbx("refuse", keys={"code": 503, "reason": "No"})
    backup = world.backup()
    number = world.did(world.trunk(pbx.address))
    world.stack.kill_postgres()
    world.stack.start_postgres()
    until(lambda: world.api.get("/v1/accounts").status == 200, "the API is back", 60)
    world.did_failover(number, backup_pbxs=[backup.address])
    assert world.call(number).final().contact_host == BACKUP


def test_the_worker_starts_without_postgres_and_serves_its_last_good_configuration(fresh_world):
    world = fresh_world
    username = f"pbx{world.serial}"
    pbx = world.peer(PBX, p.answers())
    trunk = world.trunk(registration=(username, PASSWORD))
    number = world.did(trunk)
    assert p.register(pbx, world.stack.sip, username, PASSWORD).status == 200
    assert world.call(number).final().contact_host == PBX
    until(lambda: world.cdrs(number), "the first record")
    world.stack.kill("sip", signal.SIGTERM)
    world.stack.kill("api", signal.SIGTERM)
    world.stack.kill_postgres()

    world.stack.start_sip()
    assert world.call(number).final().contact_host == PBX, "the binding did not survive"

    world.stack.start_postgres()
    world.stack.start_api()
    until(lambda: len(world.cdrs(number)) == 2, "the second record", 60)


def test_the_worker_is_killed_in_mid_call_and_the_slot_is_not_lost(fresh_world):
    world = fresh_world
    pbx = world.peer(PBX, p.answers())
    trunk = world.trunk(pbx.address, max_concurrent_calls=1)
    number = world.did(trunk)
    carrier = world.peer("127.0.0.2")
    invite = carrier.invite(f"sip:{number}@{world.stack.sip_remote}")
    carrier.send(invite, world.stack.sip)
    final = carrier.await_response(invite)
    carrier.ack(invite, final, world.stack.sip)
    until(lambda: world.calls_up(trunk) == 1, "the call is up")

    world.stack.kill("sip")
    world.stack.start_sip()
    until(lambda: world.stack.synced(), "the worker reports itself")
    bye = carrier.in_dialog("BYE", invite, final, 2)
    carrier.ask(bye, world.stack.sip)
    until(lambda: world.calls_up(trunk) == 0, "the slot is free")
    assert world.call(number).final().contact_host == PBX


def test_a_snapshot_that_was_damaged_is_not_believed(fresh_world):
    """With PostgreSQL there, damage on disk costs nothing."""
    world = fresh_world
    pbx = world.pbx()
    number = world.did(world.trunk(pbx.address))
    world.stack.kill("sip")
    for path in world.stack.data.rglob("*"):
        if path.is_file() and path.stat().st_size > 100 and "log" not in path.name:
            data = bytearray(path.read_bytes())
            data[len(data) // 2] ^= 0xFF
            path.write_bytes(data)
    world.stack.start_sip()
    until(lambda: world.stack.synced(), "the worker reports itself")
    assert world.call(number).final().contact_host == PBX


def test_both_programs_end_cleanly_on_sigterm(fresh_stack):
    fresh_stack.kill("sip", signal.SIGTERM)
    fresh_stack.kill("api", signal.SIGTERM)
