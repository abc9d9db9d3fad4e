"""Parts die, calls go on. Each test has a stack of its own to kill."""

import signal

import peer as p
from sipp import BACKUP, CARRIER, PBX
from wait import until

PASSWORD = "Tr0mbone!"


def established(world, number):
    carrier = world.peer(CARRIER)
    invite = carrier.invite(f"sip:{number}@{world.stack.sip_remote}")
    carrier.send(invite, world.stack.sip)
    final = carrier.await_response(invite)
    assert final.status == 200
    carrier.ack(invite, final, world.stack.sip)
    return carrier, invite, final


def all_recorded(world):
    """Nothing is on its way to PostgreSQL any more, and nothing got lost."""
    metrics = world.stack.metrics()
    return (metrics["trunkguard_sip_records_waiting"] == 0 and
            metrics["trunkguard_sip_records_lost_total"] == 0)


def test_the_api_is_killed_and_calls_go_on(fresh_world):
    """The one that is up, and new ones; with registration and failover."""
    world = fresh_world
    username = f"pbx{world.serial}"
    registered = world.did(world.trunk(registration=(username, PASSWORD)))
    pbx = world.peer(PBX, p.answers())
    number = world.did(world.trunk(pbx.address))
    refusing = world.pbx("refuse", keys={"code": 503, "reason": "No"})
    failing = world.did(world.trunk(refusing.address))
    world.did_failover(failing, backup_pbxs=[world.backup().address])
    carrier, invite, final = established(world, number)

    world.stack.kill("api")
    other = world.peer("127.0.0.7", p.answers())
    assert p.register(other, world.stack.sip, username, PASSWORD).status == 200
    assert world.call(registered).final().contact_host == "127.0.0.7"
    assert world.call(failing).final().contact_host == BACKUP
    assert carrier.ask(carrier.in_dialog("BYE", invite, final, 2), world.stack.sip).status == 200
    assert pbx.await_request("BYE")

    world.stack.start_api()
    for did in (registered, failing, number):
        until(lambda: world.cdrs(did), "the record of the call without an API")
        assert len(world.cdrs(did)) == 1


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
    path = f"/v1/dids/{failing}/failover"
    for method, where, body in [("PUT", path, {"number": "+4930123456"}), ("DELETE", path, None),
                                ("POST", "/v1/accounts", {"name": "x"})]:
        refused = world.api.request(method, where, body)
        refused.problem(503)
        assert int(refused.headers["Retry-After"]) > 0
    assert world.api.get("/v1/accounts").status == 503
    assert world.call(failing).final().contact_host == BACKUP

    world.stack.start_postgres()
    until(lambda: world.api.get("/v1/accounts").status == 200, "the API is back", 60)
    until(lambda: world.cdrs(registered) and len(world.cdrs(failing)) == 2, "the records", 60)
    until(lambda: all_recorded(world), "all records are there", 60)
    assert len(world.cdrs(registered)) == 1 and len(world.cdrs(failing)) == 2
    kept = world.api.get(path).ok().json
    assert kept["number"] is None and len(kept["backup_pbxs"]) == 1, "a refused write did something"
    assert len(world.api.get("/v1/accounts").ok().json["data"]) == 1
    world.api.patch(f"/v1/accounts/{world.account['id']}", {"name": "renamed"})
    until(lambda: world.api.get("/v1/registrations").ok().json["data"], "the binding caught up", 60)


def test_a_change_made_in_the_gap_is_applied(fresh_world):
    """Once with a worker that only lost its connection, once while there was no worker."""
    world = fresh_world
    pbx = world.pbx("refuse", keys={"code": 503, "reason": "No"})
    backup = world.backup()
    number = world.did(world.trunk(pbx.address))
    world.stack.kill_postgres()
    world.stack.start_postgres()
    until(lambda: world.api.get("/v1/accounts").status == 200, "the API is back", 60)
    world.did_failover(number, backup_pbxs=[backup.address])
    assert world.call(number).final().contact_host == BACKUP

    world.stack.kill("sip")
    world.api.request("DELETE", f"/v1/dids/{number}/failover").ok()
    world.stack.start_sip()
    until(lambda: world.stack.synced(), "the worker reports itself")
    until(lambda: world.call(number).final().status >= 400, "the change is applied")


def test_the_worker_starts_from_its_copy_and_catches_up_when_postgres_is_back(fresh_world):
    """What was changed while it was down it cannot know; it learns it without being told."""
    world = fresh_world
    pbx = world.pbx("refuse", keys={"code": 503, "reason": "No"})
    first, second = world.backup(), world.sipp("answer", "127.0.0.7")
    number = world.did(world.trunk(pbx.address))
    world.did_failover(number, backup_pbxs=[first.address])
    world.stack.kill("sip", signal.SIGTERM)
    changed = world.api.request("PUT", f"/v1/dids/{number}/failover",
                                {"backup_pbxs": [second.address]}).ok()
    world.stack.kill_postgres()

    world.stack.start_sip()
    assert world.call(number).final().contact_host == BACKUP, "the last good configuration"
    assert world.stack.metrics()["trunkguard_sip_database_connected"] == 0

    world.stack.start_postgres()
    revision = changed.headers["Trunkguard-Revision"]

    def applied():
        answer = world.api.get(f"/v1/sync/{revision}")
        return answer.status == 200 and answer.json["applied"]
    until(applied, "the worker caught up", 60)
    assert world.call(number).final().contact_host == "127.0.0.7"


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


def test_the_worker_is_killed_and_its_calls_and_registrations_are_back(fresh_world):
    """Slots are exact at once: the call that is up counts, and ends with its BYE."""
    world = fresh_world
    username = f"pbx{world.serial}"
    pbx = world.peer(PBX, p.answers())
    trunk = world.trunk(registration=(username, PASSWORD), max_concurrent_calls=1)
    number = world.did(trunk)
    assert p.register(pbx, world.stack.sip, username, PASSWORD).status == 200
    carrier, invite, final = established(world, number)
    until(lambda: world.calls_up(trunk) == 1, "the call is up")

    world.stack.kill("sip")
    world.stack.start_sip()
    assert world.call(number).final().status == 503, "the limit is one, and one call is up"
    until(lambda: world.calls_up(trunk) == 1, "it is reported again")
    assert carrier.ask(carrier.in_dialog("OPTIONS", invite, final, 2), world.stack.sip).status == 200
    assert carrier.ask(carrier.in_dialog("BYE", invite, final, 3), world.stack.sip).status == 200
    assert pbx.await_request("BYE")["Call-ID"] == invite["Call-ID"]
    until(lambda: world.calls_up(trunk) == 0, "the slot is free")
    assert world.call(number).final().contact_host == PBX, "the binding did not survive"
    until(lambda: all_recorded(world) and len(world.cdrs(number)) == 3, "each call is recorded")
    assert sorted(cdr["disposition"] for cdr in world.cdrs(number)) == \
        ["ANSWERED", "ANSWERED", "CONGESTION"]


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
