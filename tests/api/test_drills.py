"""Fire drills without a worker to do them: who may begin one, of what, and what is asked for. The calls are in
tests/e2e/test_fire_drill.py."""

import pytest

from wait import until

NOBODY = "acc_0190163d-8694-739b-aea5-966c26f8ad91"


@pytest.fixture
def worker(server):
    """As if a worker were there; nobody takes its commands."""
    server.sql("INSERT INTO worker (name, instance, version, started_at, last_seen) VALUES ('ghost', "
               "'0190163d-8694-739b-aea5-966c26f8ad91', '0', now(), now() + interval '10 minutes') ON CONFLICT DO NOTHING")
    yield "ghost"
    server.sql("DELETE FROM worker WHERE name = 'ghost'; DELETE FROM worker_command WHERE worker = 'ghost'")


def test_without_a_worker(tenant):
    tenant.client.request("POST", "/v1/fire-drills", {}).problem(503, "worker_silent")
    assert tenant.client.get("/v1/fire-drills").json["data"] == []


def test_life(server, tenant, worker):
    tenant.client.request("PUT", f"{tenant.path}/failover", {"backup_pbxs": [{"host": "198.51.100.7"}]}).ok(200)
    made = tenant.client.request("POST", "/v1/fire-drills", {}).ok(201)
    drill = made.json
    assert made.headers["Location"] == f"/v1/fire-drills/{drill['id']}"
    assert (drill["account_id"], drill["reason"], drill["state"]) == (tenant.account["id"], "request", "running")
    assert drill["targets"] == [{"kind": "backup_pbx", "target": "sip:198.51.100.7:5060;transport=udp",
                                 "last_proven_at": None, "results": []}]
    assert tenant.client.get(made.headers["Location"]).ok(200).json == drill
    listed = tenant.client.get("/v1/fire-drills").json["data"]
    assert [d["id"] for d in listed] == [drill["id"]] and "targets" not in listed[0]
    asked = server.sql("SELECT kind, argument FROM worker_command WHERE worker = 'ghost' ORDER BY id DESC LIMIT 1")
    assert asked.startswith("fire_drill|") and "backup_pbx\tsip:198.51.100.7:5060;transport=udp\t198.51.100.7|5060|udp" in asked
    noted = server.sql(f"SELECT type, actor_kind FROM event WHERE subject = 'fire-drills/{drill['id']}'")
    assert noted == "fire_drill.created|account"
    server.sql(f"UPDATE fire_drill SET requested_at = now() - interval '2 minutes' WHERE id = '{drill['id'][4:]}'")
    assert tenant.client.get(made.headers["Location"]).json["state"] == "incomplete"


def test_what_is_drilled(tenant, worker):
    """Of an account everything, of a trunk or DID what belongs to it; gateways by the failover numbers."""
    api = tenant.operator
    gateways = [api.request("POST", "/v1/gateways", {"name": f"g{n}", "prefixes": [prefix], "enabled": enabled, **more,
                                                     "address": {"host": f"198.51.100.{n}"}}).ok(201).json["id"]
                for n, prefix, enabled, more in ((11, "+4420", True, {"failover_address": {"host": "198.51.100.13"}}),
                                                 (12, "+4421", True, {}), (14, "+44", False, {}))]
    api.request("PATCH", tenant.path, {"ha_addon": True}).ok(200)
    api.request("PUT", f"{tenant.trunk_path}/sip-accounts/secondary",
                {"username": f"second{tenant.serial}", "password": "s3cret-" * 2}).ok(201)
    api.request("PUT", f"{tenant.path}/failover", {"backup_pbxs": [{"host": "a.example", "port": None}]}).ok(200)
    api.request("PUT", f"{tenant.did_path}/failover", {"number": "+442079460123", "backup_pbxs": [
        {"host": "2001:db8::7", "transport": "tcp"}]}).ok(200)
    bare = tenant.new_did(trunk_id=None)

    def targets(**scope):
        return [t["target"] for t in tenant.client.request("POST", "/v1/fire-drills", scope).ok(201).json["targets"]]
    second = f"{tenant.trunk['id']}/secondary"
    ways_out = [f"{gateways[0]}/address", f"{gateways[0]}/failover_address"]
    pbxs = ["sip:[2001:db8::7]:5060;transport=tcp", "sip:a.example;transport=udp"]
    everything = targets(account_id=tenant.account["id"])
    assert [t for t in everything if t.startswith("gw_")] == ways_out
    assert sorted(everything) == sorted(pbxs + ways_out + [second])
    assert targets(trunk_id=tenant.trunk["id"]) == targets(did=tenant.did["number"]) == everything
    assert [t for t in targets(did=bare["number"]) if not t.startswith("sip:a.example")] == []
    for gateway in gateways:
        api.request("DELETE", f"/v1/gateways/{gateway}").ok(204)


@pytest.mark.parametrize("body, code, pointer", [
    ({"account_id": 1}, "wrong_type", "/account_id"), ({"account_id": "trk_1"}, "not_an_id", "/account_id"),
    ({"account_id": NOBODY}, "unknown_account", "/account_id"), ({"did": "911"}, "not_e164", "/did"),
    ({"did": "+12129998888"}, "not_found", "/did"), ({"trunk": "x"}, "unknown_field", "/trunk"),
    ({"trunk_id": "trk_0190163d-8694-739b-aea5-966c26f8ad91"}, "unknown_trunk", "/trunk_id"),
    ({}, "required", "/account_id"),
])
def test_refused(api, worker, body, code, pointer):
    api.request("POST", "/v1/fire-drills", body).problem(422, code, pointer)


def test_one_of_three(tenant, worker):
    tenant.operator.request("POST", "/v1/fire-drills", {
        "account_id": tenant.account["id"], "did": tenant.did["number"]}).problem(422)


def test_of_others(tenant, other, worker):
    drill = tenant.client.request("POST", "/v1/fire-drills", {}).ok(201).json["id"]
    other.client.get(f"/v1/fire-drills/{drill}").problem(404, "not_found")
    assert other.client.get("/v1/fire-drills").json["data"] == []
    for body, code in (({"account_id": tenant.account["id"]}, "unknown_account"), ({"trunk_id": tenant.trunk["id"]}, "unknown_trunk"),
                       ({"did": tenant.did["number"]}, "not_found")):
        other.client.request("POST", "/v1/fire-drills", body).problem(422, code)


def test_on_a_schedule(server, tenant, worker):
    tenant.client.request("PATCH", tenant.path, {"fire_drill_interval_hours": 1}).ok(200)
    drill = until(lambda: tenant.client.get("/v1/fire-drills").json["data"], "the first drill", 20)[0]
    assert drill["reason"] == "schedule"
    server.sql(f"UPDATE fire_drill SET requested_at = now() - interval '61 minutes' WHERE id = '{drill['id'][4:]}'")
    until(lambda: len(tenant.client.get("/v1/fire-drills").json["data"]) == 2, "the second drill", 20)
    tenant.client.request("PATCH", tenant.path, {"fire_drill_interval_hours": None}).ok(200)


@pytest.mark.parametrize("value, code", [(0, "out_of_range"), (8761, "out_of_range"), ("daily", "wrong_type")])
def test_interval_refused(tenant, value, code):
    tenant.client.request("PATCH", tenant.path, {"fire_drill_interval_hours": value}).problem(
        422, code, "/fire_drill_interval_hours")
