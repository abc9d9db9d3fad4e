"""Idempotency-Key: one effect and one answer, whatever breaks on the way."""

import concurrent.futures
import itertools
import json
import os
import signal
import subprocess

import pytest

from wait import until

_serial = itertools.count(1)


@pytest.fixture
def key():
    return f"order-{next(_serial)}"


def post(client, path, body, key, status=None, **more):
    headers = {"Idempotency-Key": key, **more.pop("headers", {})}
    answer = client.request("POST", path, body, headers=headers, **more)
    return answer.ok(status) if status else answer


def names(server, name):
    return int(server.sql(f"SELECT count(*) FROM trunk WHERE name = '{name}'"))


def shown(answer):
    return answer.status, answer.body, {name: answer.headers.get(name) for name in (
        "Location", "ETag", "Trunkguard-Revision", "Content-Type")}


def is_replayed(answer):
    return answer.headers.get("Idempotent-Replayed") == "true"


def test_the_same_answer_and_one_effect(server, tenant, key):
    first = post(tenant.client, "/v1/trunks", {"name": key}, key, 201)
    again = post(tenant.client, "/v1/trunks", {"name": key}, key, 201)
    assert not is_replayed(first) and is_replayed(again)
    assert shown(first) == shown(again) and first.headers["ETag"] and first.headers["Trunkguard-Revision"]
    assert names(server, key) == 1
    waited = post(tenant.client, "/v1/trunks", {"name": key}, key, 201, headers={"Prefer": "wait=0"})
    assert waited.headers["Preference-Applied"] == "wait"


def test_every_post_takes_it(server, tenant, key):
    did = tenant.number()
    operation = {"action": "set_failover", "select": {"all": True}, "failover": {"number": "+14155550100"}}
    posts = [("/v1/trunks", {"name": "t"}), ("/v1/dids", {"number": did}),
             ("/v1/webhooks", {"url": "http://127.0.0.1:1/"}), (f"{tenant.path}/configuration/apply", {"configuration": {}}),
             ("/v1/dial-plans", {"name": "p", "internal_number": "100", "steps": []}),
             (f"{tenant.path}/api-keys", {"name": "k"}), ("/v1/mass-operations", operation),
             ("/v1/mass-operations", {**operation, "dry_run": True})]
    for i, (path, body) in enumerate(posts):
        first, again = (post(tenant.client, path, body, f"{key}-{i}") for _ in range(2))
        assert shown(first.ok()) == shown(again) and is_replayed(again), path
    operations = tenant.client.get("/v1/mass-operations").json["data"]
    assert len(operations) == 1
    path = f"/v1/mass-operations/{operations[0]['id']}/revert"
    first, again = (post(tenant.client, path, None, key) for _ in range(2))
    assert shown(first.ok(200)) == shown(again) and is_replayed(again)
    for path, body in (("/v1/accounts", {"name": key}), ("/v1/gateways", {"name": key, "address": {"host": "8.8.8.8"}})):
        first, again = (post(server.client, path, body, f"{key}{path}") for _ in range(2))
        assert shown(first.ok(201)) == shown(again) and is_replayed(again)


def test_the_contract_names_it_for_every_post(api):
    for path, item in api.contract.document["paths"].items():
        named = [p.get("$ref", "") for p in item.get("post", {}).get("parameters", [])]
        assert "post" not in item or "#/components/parameters/Idempotency-Key" in named, path


def test_a_new_api_key_is_not_stored_in_the_clear(server, tenant, key):
    first, again = (post(tenant.client, f"{tenant.path}/api-keys", {"name": "portal"}, key, 201) for _ in range(2))
    secret = first.json["key"]
    assert again.json["key"] == secret and again.headers["Cache-Control"] == "no-store"
    tenant.client.key_for(secret).get("/v1/trunks").ok(200)
    stored = server.sql(f"SELECT encode(body, 'escape') || status || location FROM idempotency WHERE key = '{key}'")
    assert stored and secret not in stored and "portal" not in stored
    assert secret not in server.sql(f"SELECT i::text FROM idempotency i WHERE key = '{key}'")


def test_another_request_with_the_key(server, tenant, key):
    post(tenant.client, "/v1/trunks", {"name": key}, key, 201)
    for path, body in (("/v1/trunks", {"name": "other"}), ("/v1/trunks", '{"name":  "%s"}' % key),
                       ("/v1/dids", {"name": key})):
        post(tenant.client, path, body, key).problem(422, "idempotency_key_reused")
    assert names(server, key) == 1


def test_keys_are_per_api_key(server, tenant, other, key):
    mine = post(tenant.client, "/v1/trunks", {"name": key}, key, 201)
    theirs = post(other.client, "/v1/trunks", {"name": key}, key, 201)
    assert not is_replayed(theirs) and theirs.json["id"] != mine.json["id"]
    second = tenant.client.key_for(tenant.made(f"{tenant.path}/api-keys", {"name": "second"})["key"])
    assert not is_replayed(post(second, "/v1/trunks", {"name": key}, key, 201))
    assert names(server, key) == 3


@pytest.mark.parametrize("bad", ["", " ", "a b", "a\tb", "schl\u00fcssel", "x" * 256])
def test_keys_that_are_none(server, tenant, bad):
    post(tenant.client, "/v1/trunks", {"name": "bad key"}, bad.encode("latin-1")).problem(400, "idempotency_key_invalid")
    assert names(server, "bad key") == 0


def test_longest_key_and_other_methods(tenant):
    post(tenant.client, "/v1/trunks", {"name": "longest"}, "~" * 255, 201)
    for method, body in (("GET", None), ("PATCH", {"name": "y"})):
        for _ in range(2):
            answer = tenant.client.request(method, tenant.trunk_path, body, headers={"Idempotency-Key": " "})
            assert answer.status == 200 and not is_replayed(answer)


def test_refusals_are_not_kept(server, tenant, key):
    number = tenant.number()
    body = {"number": number, "trunk_id": tenant.trunk["id"]}
    post(tenant.client, "/v1/dids", {"number": "x"}, key).problem(422, "not_e164")
    post(tenant.client, "/v1/dids", "{", key).problem(400)
    tenant.made("/v1/dids", {"number": number, "account_id": tenant.account["id"]})
    post(tenant.client, "/v1/dids", body, key).problem(409, "already_exists")
    tenant.client.request("DELETE", f"/v1/dids/{number}").ok(204)
    assert not is_replayed(post(tenant.client, "/v1/dids", body, key, 201))
    assert is_replayed(post(tenant.client, "/v1/dids", body, key, 201))
    assert server.sql(f"SELECT status FROM idempotency WHERE key = '{key}'") == "201"


def test_forgotten_after_a_day(server, tenant, key):
    first = post(tenant.client, "/v1/trunks", {"name": key}, key, 201)
    server.sql(f"UPDATE idempotency SET created_at = now() - interval '25 hours' WHERE key = '{key}'")
    again = post(tenant.client, "/v1/trunks", {"name": key}, key, 201)
    assert not is_replayed(again) and again.json["id"] != first.json["id"]
    assert is_replayed(post(tenant.client, "/v1/trunks", {"name": key}, key, 201))
    server.sql(f"UPDATE idempotency SET created_at = now() - interval '25 hours' WHERE key = '{key}'")
    assert int(server.sql("SELECT idempotency_forget()")) >= 1
    assert server.sql(f"SELECT count(*) FROM idempotency WHERE key = '{key}'") == "0"


@pytest.mark.parametrize("path", ["/v1/trunks", "/v1/mass-operations"])
def test_sixteen_clients_race(server, tenant, key, path):
    body = {"name": key} if path == "/v1/trunks" else {
        "action": "set_failover", "select": {"all": True}, "failover": {"number": "+14155550100"}}

    def client(_):
        tries = 0
        while True:
            answer = post(tenant.client, path, body, key)
            tries += 1
            if answer.status not in (409, 429, 503):
                return answer.ok(201), tries
            if answer.status == 409:
                answer.problem(409, "idempotency_in_flight")
                assert answer.headers["Retry-After"] == "1"

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        answers = [a for a, _ in pool.map(client, range(16))]
    assert len({shown(a)[1] for a in answers}) == 1
    assert sum(not is_replayed(a) for a in answers) == 1
    assert len(tenant.client.get(path).json["data"]) == (2 if path == "/v1/trunks" else 1)


class Lock:
    """Somebody holds a row that the request needs, so it stands still in its transaction."""

    def __init__(self, server, statement):
        url = server.environment()["TRUNKGUARD_DATABASE_URL"]
        self.psql = subprocess.Popen(["psql", "-X", "-q", "-t", "-A", "-d", url], text=True,
                                     stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.psql.stdin.write(f"SET search_path = trunkguard;\nBEGIN;\n{statement};\n\\echo held\n")
        self.psql.stdin.flush()
        while self.psql.stdout.readline().strip() != "held":
            pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.psql.stdin.close()
        assert self.psql.wait(30) == 0
        self.psql.stdout.close()


def waiting(server):
    return server.sql("SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND "
                      "application_name LIKE 'trunkguard-api%'")


def test_in_flight(server, tenant, key):
    """While the first one is worked on the second is told so at once; then it gets the answer."""
    body = {"action": "set_failover", "select": {"all": True}, "failover": {"number": "+14155550100"}}
    number = tenant.did["number"].strip("+")
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        with Lock(server, f"SELECT FROM did WHERE number = {number} FOR UPDATE"):
            first = pool.submit(post, tenant.client, "/v1/mass-operations", body, key)
            until(lambda: waiting(server), "the request waits for the row")
            post(tenant.client, "/v1/mass-operations", body, key).problem(409, "idempotency_in_flight")
        made = first.result(60).ok(201)
    assert shown(post(tenant.client, "/v1/mass-operations", body, key, 201)) == shown(made)


def test_api_is_killed_while_it_works(own_server, key):
    """No key stays behind in flight, and nothing of the effect."""
    server = own_server
    account = server.client.request("POST", "/v1/accounts", {"name": "A", "default_country": "US"}).ok(201).json["id"]
    server.client.request("POST", "/v1/dids", {"number": "+14155550100", "account_id": account}).ok(201)
    body = {"action": "delete", "select": {"all": True}}
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        with Lock(server, "SELECT FROM did FOR UPDATE"):
            lost = pool.submit(post, server.client, "/v1/mass-operations", body, key)
            until(lambda: waiting(server), "the request waits for the row")
            server.kill("api", signal.SIGKILL)
            with pytest.raises((OSError, EOFError)):
                lost.result(60)
        until(lambda: server.sql("SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'trunkguard-api%'")
              == "0", "the connections are gone")
    assert server.sql("SELECT count(*) FROM did") == "1"
    server.start_api()
    assert not is_replayed(post(server.client, "/v1/mass-operations", body, key, 201))
    assert is_replayed(post(server.client, "/v1/mass-operations", body, key, 201))
    assert server.sql("SELECT count(*) FROM mass_operation") == "1"


def replication(server, standby):
    """With a standby that does not exist, COMMIT waits for ever after it counts."""
    data = next(server.postgres_dir.glob("**/postmaster.pid")).parent
    (data / "postgresql.auto.conf").write_text(f"synchronous_standby_names = '{standby}'\n")
    os.kill(int((data / "postmaster.pid").read_text().split()[0]), signal.SIGHUP)
    until(lambda: server.sql("SHOW synchronous_standby_names") == standby, "the setting counts")


@pytest.mark.parametrize("committed", [True, False])
def test_connection_breaks_in_commit(own_server, key, committed):
    """The backend dies in COMMIT, after or before it counts: the client cannot know which, and
    sending the request again gives one effect either way."""
    server = own_server
    server.client.get("/v1/sync").ok(200)  # that the key was used is noted once a minute: now
    if committed:
        replication(server, "nobody")
    else:  # a deferred trigger runs in COMMIT
        server.sql("""CREATE FUNCTION stall() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN PERFORM pg_advisory_lock(4711); RETURN NULL; END $$;
            CREATE CONSTRAINT TRIGGER stall AFTER INSERT ON account DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW EXECUTE FUNCTION stall()""")
    body = {"name": "in commit"}
    stalled = "wait_event = 'SyncRep'" if committed else "wait_event_type = 'Lock'"

    def victim():
        return server.sql("SELECT pid FROM pg_stat_activity WHERE application_name = 'trunkguard-api' AND "
                          f"state = 'active' AND {stalled} AND query = 'COMMIT'")

    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        with Lock(server, "SELECT pg_advisory_lock(4711)"):
            first = pool.submit(post, server.client, "/v1/accounts", body, key)
            standing = until(victim, "it stands in COMMIT")
            server.sql(f"SELECT pg_terminate_backend({standing})")
            first.result(60).problem(503, "database_unavailable")
    if committed:
        replication(server, "")
    else:
        server.sql("DROP TRIGGER stall ON account")
    assert server.sql("SELECT count(*) FROM account") == str(int(committed))
    final = post(server.client, "/v1/accounts", body, key, 201, timeout=60)
    assert is_replayed(final) == committed
    assert server.sql("SELECT count(*) FROM account WHERE name = 'in commit'") == "1"
    assert json.loads(server.sql("SELECT json_agg('acc_' || id) FROM account")) == [final.json["id"]]
