"""What is provisioned in bulk is what calls do, once the answer says that it is applied; and what is
taken back is gone."""

import json

import pytest

from sipp import BACKUP, GATEWAY

CLOSED = {"host": "127.0.0.9", "port": 9, "transport": "udp"}


def bulk(world, path, body, kind="application/json", status=200):
    """A write that every worker has applied."""
    text = body if isinstance(body, str) else json.dumps(body)
    answer = world.api.request("POST", path, text, {"Content-Type": kind, "Prefer": "wait=10"}).ok(status)
    assert answer.headers["Trunkguard-Applied"] == "true"
    return answer.json


@pytest.fixture
def number(world):
    number = f"{world.prefix}9{next(world.numbers):03d}"
    yield number
    world.api.request("DELETE", f"/v1/dids/{number}")


def test_an_imported_did_fails_over(world, number):
    backup, trunk = world.backup(), world.trunk(CLOSED)
    world.pbx()
    table = "number,account_id,trunk_id,failover_backup_pbxs\n{},{},{},{}:{}/udp\n".format(
        number, world.account["id"], trunk["id"], backup.address["host"], backup.address["port"])
    assert bulk(world, "/v1/dids/import", table, "text/csv")["created"] == 1
    assert world.call(number).final().contact_host == BACKUP


def test_a_did_of_a_mass_operation_rings_until_it_is_reverted(world, number):
    trunk = world.trunk(world.pbx().address)
    made = bulk(world, "/v1/mass-operations", {"action": "create", "dids": [
        {"number": number, "account_id": world.account["id"], "trunk_id": trunk["id"]}]}, status=201)
    assert world.call(number).final().status == 200
    bulk(world, f"/v1/mass-operations/{made['id']}/revert", {})
    assert world.call(number).final().status == 404


def test_an_applied_configuration_is_what_calls_do(world, number):
    """One document: a trunk to a PBX that is not there, its DID, and the number that takes the calls."""
    far = world.far_number()
    world.gateway(world.outbound().address)
    path = f"/v1/accounts/{world.account['id']}/configuration"
    wanted = {"configuration": {
        "failover": {"number": far},
        "trunks": [{"name": "of the document", "sip_accounts": {"primary": {
            "auth_mode": "ip", "ip_addresses": [CLOSED["host"]], "address": CLOSED}}}],
        "dids": [{"number": number, "trunk": "of the document"}]}}
    planned = world.api.request("POST", f"{path}/plan", wanted).ok(200).json
    assert planned["summary"] == {"create": 3, "update": 1, "delete": 0}
    bulk(world, f"{path}/apply", {**wanted, "token": planned["token"]})
    assert world.call(number).final().contact_host == GATEWAY
    emptied = {"configuration": {"failover": None, "trunks": [], "dids": []}, "prune": True}
    assert bulk(world, f"{path}/apply", emptied)["summary"]["delete"] == 2
    assert world.call(number).final().status == 404
