"""What a worker tells: trunks that go down and come up, calls that fail over, caps that are reached. Each event
is there once, whatever was away when it happened."""

import json
import subprocess

import peer as p
from receiver import Receiver
from sipp import BACKUP, CARRIER, GATEWAY, PBX
from wait import until

PASSWORD = "Tr0mbone!"


def events(world, kind):
    """Of this world's account, oldest first, as (subject, data)."""
    url = world.stack.environment()["TRUNKGUARD_DATABASE_URL"]
    rows = subprocess.run(["psql", "-X", "-q", "-t", "-A", "-v", "ON_ERROR_STOP=1", "-d", url], check=True, text=True,
                          capture_output=True, input="SET search_path = trunkguard;\n"
                          "SELECT json_build_object('subject', subject, 'data', data, 'worker', worker, 'actor', actor_kind)"
                          f" FROM event WHERE type = '{kind}' AND account_id = '{world.account['id'][4:]}' ORDER BY id")
    return [json.loads(line) for line in rows.stdout.splitlines()]


def registered(world, **fields):
    username = f"pbx{world.serial}"
    trunk = world.trunk(registration=(username, PASSWORD), **fields)
    pbx = world.peer(PBX, p.answers())
    assert p.register(pbx, world.stack.sip, username, PASSWORD).status == 200
    return trunk, pbx, username


def known_as_up(world, trunk):
    """It takes the worker a second to know a trunk; only then it can go down."""
    binding = world.status(trunk)["sip_accounts"][0]
    return binding["registered"]


def call_once(world, number):
    carrier = world.peer(CARRIER)
    invite = carrier.invite(f"sip:{number}@{world.stack.sip_remote}")
    final = carrier.ask(invite, world.stack.sip)
    carrier.ack(invite, final, world.stack.sip)
    if final.status == 200:
        carrier.ask(carrier.in_dialog("BYE", invite, final, 2), world.stack.sip)
    return final


def test_a_webhook_hears_of_a_call_that_failed_over(world):
    receiver = Receiver()
    client = world.stack.client
    client.request("POST", "/v1/webhooks", {"account_id": world.account["id"], "url": receiver.url("/hook"),
                                            "events": ["call.*"]}).ok(201)
    backup = world.backup()
    number = world.did(world.trunk(registration=(f"pbx{world.serial}", PASSWORD)))
    world.did_failover(number, backup_pbxs=[backup.address])
    assert call_once(world, number).contact_host == BACKUP
    (headers, body), = until(lambda: receiver.got("/hook"), "it is told")
    told = json.loads(body)
    receiver.close()
    assert told["type"] == "call.failed_over" and told["subject"] == f"dids/{number}" and headers["webhook-id"] == told["id"]
    assert told["data"] == client.get(f"/v1/events/{told['id']}").ok(200).json


def test_a_call_that_failed_over_is_told(world):
    backup = world.backup()
    number = world.did(world.trunk(registration=(f"pbx{world.serial}", PASSWORD)))
    world.did_failover(number, backup_pbxs=[backup.address])
    assert call_once(world, number).contact_host == BACKUP
    told = until(lambda: events(world, "call.failed_over"), "the event")[0]
    cdr = until(lambda: world.cdrs(number), "the record")[0]
    assert told["subject"] == f"dids/{number}" and told["actor"] == "worker" and told["worker"]
    assert told["data"]["call_id"] == cdr["id"] and told["data"]["answered"]
    assert told["data"]["trigger"] == "not_registered"
    assert told["data"]["attempt"] == cdr["answered_by"]


def test_a_call_that_did_not_is_not(world):
    trunk, pbx, _ = registered(world)
    number = world.did(trunk)
    assert call_once(world, number).status == 200
    until(lambda: world.cdrs(number), "the record")
    assert not events(world, "call.failed_over")


def test_a_cap_that_is_reached_is_told_once_a_minute(world):
    number = world.did(world.trunk(registration=(f"pbx{world.serial}", PASSWORD)))
    world.gateway(world.peer(GATEWAY, p.answers()).address)
    world.did_failover(number, number=world.far_number())
    world.api.put(f"/v1/accounts/{world.account['id']}/destination-rules", {"max_failover_calls_per_minute": 1})
    assert call_once(world, number).status == 200
    for _ in range(3):
        assert call_once(world, number).status == 404
    until(lambda: len(world.cdrs(number)) == 4, "the records")
    told = until(lambda: events(world, "failover.capped"), "the event")
    assert [(e["subject"], e["data"]) for e in told] == [
        (f"accounts/{world.account['id']}", {"limit": "max_failover_calls_per_minute", "refused": 1})]


def in_spool(world, octets):
    """What has not got there yet dies with the worker, some milliseconds behind the log."""
    folder = world.stack.data / "spool"
    return any(octets in file.read_bytes() for file in folder.iterdir() if file.is_file())


def test_a_trunk_goes_down_once_though_postgres_and_the_worker_are_away(fresh_world):
    world = fresh_world
    trunk, pbx, username = registered(world)
    until(lambda: known_as_up(world, trunk), "the PBX is registered")
    number = world.did(trunk)
    assert call_once(world, number).status == 200

    world.stack.kill_postgres()
    assert p.register(pbx, world.stack.sip, username, PASSWORD, expires=0).status == 200
    until(lambda: f"{trunk['id']} is down" in world.stack.log("sip"), "the trunk is down")
    until(lambda: in_spool(world, b'"trunk.down"'), "the event on its way to the disk")
    world.stack.kill("sip")
    world.stack.start_sip()
    world.stack.start_postgres()

    told = until(lambda: world.stack.is_ready("api") and events(world, "trunk.down"), "the event", 60)
    assert told[0]["data"] == {"reason": "not_registered"}
    assert p.register(pbx, world.stack.sip, username, PASSWORD).status == 200
    until(lambda: events(world, "trunk.up"), "the trunk is up")
    assert len(events(world, "trunk.down")) == len(events(world, "trunk.up")) == 1
