"""Revisions, Prefer: wait, /v1/sync, with workers whose rows the tests write themselves."""

import concurrent.futures
import subprocess
import threading

import pytest

from wait import until


class Worker:
    """A worker as the database sees it."""

    def __init__(self, server, name):
        self.server, self.name = server, name
        server.sql("INSERT INTO worker (name, instance, version, started_at, last_seen) VALUES "
                   f"('{name}', gen_random_uuid(), 'test', now(), now() + interval '1 hour')")

    def apply(self):
        """All that is committed now; tells the listener as a worker does."""
        self.server.sql(
            "WITH s AS (SELECT pg_current_snapshot() AS snapshot, epoch_current() AS epoch, revision_current() AS revision), "
            "a AS (INSERT INTO worker_applied SELECT "
            f"'{self.name}', epoch, snapshot, pg_snapshot_xmax(snapshot), clock_timestamp() FROM s) "
            "UPDATE worker SET applied_snapshot = s.snapshot, epoch = s.epoch, applied_revision = s.revision, "
            f"applied_at = clock_timestamp(), last_seen = now() + interval '1 hour' FROM s WHERE name = '{self.name}'")
        self.server.sql("NOTIFY trunkguard_applied")

    def gone(self):
        self.server.sql(f"DELETE FROM worker WHERE name = '{self.name}'; DELETE FROM worker_applied WHERE worker = '{self.name}'")


@pytest.fixture
def worker(server):
    one = Worker(server, "one")
    yield one
    one.gone()


@pytest.fixture
def second(server):
    two = Worker(server, "two")
    yield two
    two.gone()


def put(tenant, wait, number="+12125550177"):
    return tenant.operator.request("PUT", f"{tenant.did_path}/failover", {"number": number},
                                   {"Prefer": f"wait={wait}"} if wait is not None else {}).ok(200)


def test_without_a_preference_nothing_is_said(tenant):
    answer = put(tenant, None)
    assert answer.headers["Trunkguard-Revision"]
    assert answer.headers["Trunkguard-Applied"] is None and answer.headers["Preference-Applied"] is None


def test_without_a_worker_it_is_not_applied(api, tenant):
    answer = put(tenant, 1)
    assert answer.headers["Trunkguard-Applied"] == "false" and answer.headers["Preference-Applied"] == "wait"
    revision = api.get(f"/v1/sync/{answer.headers['Trunkguard-Revision']}").ok(200).json
    assert not revision["applied"] and revision["applied_at"] is None and revision["workers"] == []


def test_a_write_waits_for_the_worker(api, tenant, worker):
    worker.apply()
    with concurrent.futures.ThreadPoolExecutor() as pool:
        answer = pool.submit(put, tenant, 30)
        # The change is committed before it is applied.
        until(lambda: api.get(f"{tenant.did_path}/failover").json["number"] == "+12125550177", "it is written")
        assert not answer.done()
        worker.apply()
        answer = answer.result(60)
    assert answer.headers["Trunkguard-Applied"] == "true"
    token = answer.headers["Trunkguard-Revision"]
    revision = api.get(f"/v1/sync/{token}").ok(200).json
    assert revision["applied"] and revision["applied_at"]
    assert [(w["name"], w["live"], w["applied"]) for w in revision["workers"]] == [("one", True, True)]


def test_a_worker_that_is_behind_makes_it_false(tenant, worker):
    worker.apply()
    assert put(tenant, 1).headers["Trunkguard-Applied"] == "false"


def test_every_live_worker_counts(api, tenant, worker, second):
    worker.apply()
    second.apply()
    token = put(tenant, 0).headers["Trunkguard-Revision"]
    worker.apply()
    revision = api.get(f"/v1/sync/{token}").ok(200).json
    assert not revision["applied"]
    assert {w["name"]: w["applied"] for w in revision["workers"]} == {"one": True, "two": False}
    second.apply()
    assert api.get(f"/v1/sync/{token}").ok(200).json["applied"]


def test_a_dead_worker_is_not_waited_for(server, tenant, worker, second):
    worker.apply()
    server.sql("UPDATE worker SET last_seen = now() - interval '1 minute' WHERE name = 'two'")
    with concurrent.futures.ThreadPoolExecutor() as pool:
        answer = pool.submit(put, tenant, 30)
        until(lambda: server.client.get(f"{tenant.did_path}/failover").json["number"], "it is written")
        worker.apply()
        assert answer.result(60).headers["Trunkguard-Applied"] == "true"


@pytest.mark.parametrize("method, path, body, status", [
    ("POST", "/v1/trunks", {"name": "t"}, 201), ("PATCH", "{trunk}", {"name": "t"}, 200), ("DELETE", "{did}", None, 204),
    ("DELETE", "{did}/failover", None, 204), ("POST", "{account}/api-keys", {"name": "k"}, 201),
    ("PUT", "{trunk}/sip-accounts/primary", {"auth_mode": "ip", "address": {"host": "198.51.100.3"}}, 200),
])
def test_every_write_can_wait(tenant, worker, method, path, body, status):
    path = path.format(trunk=tenant.trunk_path, did=tenant.did_path, account=tenant.path)
    if method == "POST" and path == "/v1/trunks":
        body = dict(body, account_id=tenant.account["id"])
    with concurrent.futures.ThreadPoolExecutor() as pool:
        answer = pool.submit(tenant.operator.request, method, path, body, {"Prefer": "wait=30"})
        until(lambda: worker.apply() or answer.done(), "it is applied")
        answer = answer.result().ok(status)
    assert answer.headers["Trunkguard-Applied"] == "true" and answer.headers["Trunkguard-Revision"]


def test_a_write_wakes_the_workers_up(server, tenant):
    """They would find it by themselves, but only with their next poll."""
    url = server.environment()["TRUNKGUARD_DATABASE_URL"]
    listener = subprocess.Popen(["psql", "-X", "-q", "-d", url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    heard = []
    reader = threading.Thread(target=lambda: heard.extend(listener.stdout), daemon=True)
    reader.start()

    def ask(text):
        listener.stdin.write(text)
        listener.stdin.flush()
        return heard

    until(lambda: any("listening" in line for line in ask("LISTEN trunkguard_change; SELECT 'listening';\n")), "it listens")
    put(tenant, None)
    until(lambda: any("Asynchronous" in line for line in ask("SELECT 1;\n")), "it is woken up")
    listener.stdin.close()
    assert listener.wait(20) == 0


def test_a_refused_write_waits_for_nothing(tenant):
    answer = tenant.operator.request("PUT", f"{tenant.did_path}/failover", {"number": "x"}, {"Prefer": "wait=30"})
    answer.problem(422)
    assert answer.headers["Trunkguard-Revision"] is None


def test_many_wait_without_taking_the_database_from_others(api, tenant, worker):
    """Twice as many as there are connections."""
    dids = [tenant.new_did()["number"] for _ in range(32)]
    worker.apply()
    with concurrent.futures.ThreadPoolExecutor(32) as pool:
        waiting = [pool.submit(api.request, "PATCH", f"/v1/dids/{n}", {"label": "x"}, {"Prefer": "wait=60"}, timeout=90)
                   for n in dids]
        until(lambda: all(api.get(f"/v1/dids/{n}").ok(200).json["label"] == "x" for n in dids), "all are written")
        assert not any(w.done() for w in waiting)
        worker.apply()
        assert [w.result(90).headers["Trunkguard-Applied"] for w in waiting] == ["true"] * 32


def test_sync(api, tenant, worker):
    put(tenant, None)
    worker.apply()
    sync = api.get("/v1/sync").ok(200).json
    one = next(w for w in sync["workers"] if w["name"] == "one")
    assert one["live"] and one["healthy"] and one["lag_ms"] == 0 and one["applied_revision"] == sync["revision"]
    assert one["rejects"] == [] and one["config_counts"] == {}
    newer = put(tenant, 0).headers["Trunkguard-Revision"]
    sync = api.get("/v1/sync").ok(200).json
    assert sync["revision"] == newer
    until(lambda: next(w for w in api.get("/v1/sync").json["workers"] if w["name"] == "one")["lag_ms"] > 0, "it lags")
    seen = tenant.client.get("/v1/sync").ok(200).json["workers"][0]
    assert seen["rejects"] is None and seen["config_counts"] is None


@pytest.mark.parametrize("token", ["x", "1", "00000000-5", "00000000-", "-5", "00000000-0", "00000000-99999999999999999999"])
def test_no_such_revision(api, token):
    api.get(f"/v1/sync/{token}").problem(404, "not_found")


def test_a_revision_of_the_future(api):
    epoch = api.get("/v1/sync").json["revision"].split("-")[0]
    api.get(f"/v1/sync/{epoch}-999999999999").problem(404)


# ---- ETags -------------------------------------------------------------------------------------

def test_etag_and_conditional_requests(api, tenant):
    for path, change in ((tenant.trunk_path, {"name": "a"}), (f"{tenant.did_path}/failover", {"number": "+12125550177"}),
                         (f"{tenant.trunk_path}/sip-accounts/primary", {"label": "a"})):
        first = api.get(path).ok(200).headers["ETag"]
        assert first.startswith('"') and first.endswith('"')
        assert api.get(path, headers={"If-None-Match": first}).status == 304
        assert api.get(path, headers={"If-None-Match": f'"x", W/{first}'}).status == 304
        assert api.get(path, headers={"If-None-Match": '"x"'}).status == 200
        second = api.request("PATCH", path, change, {"If-Match": first}).ok(200).headers["ETag"]
        assert second != first and api.get(path).headers["ETag"] == second
        for stale in (first, '"x"', f"W/{second}", '""'):
            api.request("PATCH", path, change, {"If-Match": stale}).problem(412, "precondition_failed")
            api.request("DELETE", path, None, {"If-Match": stale}).problem(412)
        api.request("PATCH", path, change, {"If-Match": f'"x", {second}'}).ok(200)
        api.request("PATCH", path, change, {"If-Match": "*"}).ok(200)
    missing = "/v1/trunks/trk_0190163d-8694-739b-aea5-966c26f8ad91"
    api.request("PATCH", missing, {"name": "a"}, {"If-Match": "*"}).problem(412)
    empty = tenant.made("/v1/trunks", {"account_id": tenant.account["id"], "name": "t"})["id"]
    sip = f"/v1/trunks/{empty}/sip-accounts/primary"
    body = {"username": f"etag{tenant.serial}", "password": "secret-1"}
    api.request("PUT", sip, body, {"If-None-Match": "*"}).ok(201)
    api.request("PUT", sip, body, {"If-None-Match": "*"}).problem(412)


def test_etag_of_a_trunk_tells_of_its_sip_account(api, tenant):
    before = api.get(tenant.trunk_path).headers["ETag"]
    api.request("PATCH", f"{tenant.trunk_path}/sip-accounts/primary", {"label": "new"}).ok(200)
    assert api.get(tenant.trunk_path).headers["ETag"] != before


def test_no_update_is_lost(api, tenant):
    """Merges that read before they write: each of them is there in the end."""
    path = f"{tenant.trunk_path}/sip-accounts/primary"
    api.request("PUT", path, {"auth_mode": "ip", "address": {"host": "198.51.100.4"}}).ok(200)

    def patch(i):
        body = {"label": f"l{i}"} if i % 2 else {"address": {"port": 6000 + i}}
        return api.request("PATCH", path, body)

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(patch, range(40)))
    assert {a.status for a in answers} <= {200, 409}
    assert [a for a in answers if a.status == 200]
    now = api.get(path).json
    assert now["label"].startswith("l") and now["address"]["port"] >= 6000 and now["address"]["host"] == "198.51.100.4"
