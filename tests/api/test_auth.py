"""Keys, scopes, and that no tenant sees or touches another's things (T6, T19, T20)."""

import itertools

import pytest

from wait import until


def test_key_is_shown_once_and_only_hashed(api, server, tenant):
    made = api.request("POST", f"{tenant.path}/api-keys", {"name": "once"}).ok(201)
    key = made.json["key"]
    assert made.headers["Cache-Control"] == "no-store"
    assert made.headers["Location"] == f"{tenant.path}/api-keys/{made.json['id']}"
    assert made.json["scopes"] == ["read", "write"] and made.json["expires_at"] is None
    path = made.headers["Location"]
    assert "key" not in api.get(path).ok(200).json
    assert key.encode() not in api.get(f"{tenant.path}/api-keys").ok(200).body
    dump = server.sql("SELECT k::text FROM api_key k")
    assert key[-64:] not in dump and key not in server.log("api")


def test_revoked_key_is_refused(api, tenant):
    made = api.request("POST", f"{tenant.path}/api-keys", {"name": "brief"}).ok(201).json
    client = api.key_for(made["key"])
    client.get(tenant.path).ok(200)
    path = f"{tenant.path}/api-keys/{made['id']}"
    api.request("DELETE", path).ok(204)
    client.get(tenant.path).problem(401, "unauthorized")
    api.get(path).problem(404)
    api.request("DELETE", path).problem(404)
    assert made["id"] not in [k["id"] for k in api.get(f"{tenant.path}/api-keys").json["data"]]


def test_key_revoked_elsewhere_is_refused_soon(api, server, tenant):
    tenant.client.get(tenant.path).ok(200)
    server.sql(f"UPDATE api_key SET revoked_at = now() WHERE id = '{tenant.key['id'][4:]}'")
    until(lambda: tenant.client.get(tenant.path).status == 401, "the key is refused", 20)


def test_expired_key(api, server, tenant):
    made = api.request("POST", f"{tenant.path}/api-keys", {
        "name": "expires", "expires_at": "2099-01-01T00:00:00+01:00"}).ok(201).json
    assert made["expires_at"] == "2098-12-31T23:00:00.000Z"
    client = api.key_for(made["key"])
    client.get(tenant.path).ok(200)
    server.sql(f"UPDATE api_key SET expires_at = now() - interval '1 second' WHERE id = '{made['id'][4:]}'")
    until(lambda: client.get(tenant.path).status == 401, "the key is refused", 20)


@pytest.mark.parametrize("body, code, pointer", [
    ({}, "required", "/name"), ({"name": ""}, "too_short", "/name"), ({"name": "x", "scopes": []}, "too_short", "/scopes"),
    ({"name": "x", "scopes": ["admin"]}, "unknown_value", "/scopes/0"), ({"name": "x", "scopes": "read"}, "wrong_type", "/scopes"),
    ({"name": "x", "expires_at": "soon"}, "wrong_type", "/expires_at"),
    ({"name": "x", "expires_at": "2001-01-01"}, "out_of_range", "/expires_at"),
    ({"name": "x", "key": "tgk_1"}, "unknown_field", "/key"),
])
def test_bad_key_request(api, tenant, body, code, pointer):
    api.request("POST", f"{tenant.path}/api-keys", body).problem(422, code, pointer)


def key_with(api, tenant, *scopes):
    return api.key_for(api.request("POST", f"{tenant.path}/api-keys", {"name": "s", "scopes": list(scopes)}).ok(201).json["key"])


def test_scopes(api, tenant):
    reader, writer = key_with(api, tenant, "read"), key_with(api, tenant, "write")
    reader.get(tenant.trunk_path).ok(200)
    for method, path in (("PATCH", tenant.trunk_path), ("POST", "/v1/trunks"), ("DELETE", tenant.did_path),
                         ("PUT", f"{tenant.did_path}/failover"), ("POST", f"{tenant.path}/api-keys")):
        reader.request(method, path, {}).problem(403, "insufficient_scope")
    writer.request("PATCH", tenant.trunk_path, {"name": "w"}).ok(200)
    writer.get(tenant.trunk_path).problem(403, "insufficient_scope")
    assert writer.request("POST", f"{tenant.path}/api-keys", {"name": "w"}).ok(201).json["scopes"] == ["write"]
    writer.request("POST", f"{tenant.path}/api-keys", {"name": "r", "scopes": ["read"]}).problem(
        422, "insufficient_scope", "/scopes")


def test_what_only_operators_may(api, tenant):
    client = tenant.client
    for method, path in (("GET", "/v1/gateways"), ("POST", "/v1/gateways"), ("POST", "/v1/accounts"),
                         ("DELETE", tenant.path), ("PUT", f"{tenant.path}/destination-rules"),
                         ("PATCH", f"{tenant.path}/destination-rules"), ("DELETE", f"{tenant.path}/destination-rules")):
        client.request(method, path, None if method == "GET" else {"name": "x", "address": {"host": "a.example"}}).problem(
            403, "operator_only")
    client.request("PATCH", tenant.path, {"ha_addon": True}).problem(422, "operator_only", "/ha_addon")
    client.request("PATCH", tenant.path, {"enabled": False}).problem(422, "operator_only", "/enabled")
    assert client.request("PATCH", tenant.path, {"name": "My own name"}).ok(200).json["name"] == "My own name"


def test_disabled_account_may_read_only(api, tenant):
    api.request("PATCH", tenant.path, {"enabled": False}).ok(200)
    until(lambda: tenant.client.request("PATCH", tenant.path, {"name": "x"}).status == 403, "writes are refused", 20)
    tenant.client.request("PATCH", tenant.path, {"name": "x"}).problem(403, "account_disabled")
    tenant.client.get(tenant.trunk_path).ok(200)
    api.request("PATCH", tenant.path, {"enabled": True}).ok(200)
    until(lambda: tenant.client.request("PATCH", tenant.path, {"name": "x"}).status == 200, "writes are taken", 20)


def bad_keys(key):
    yield from (None, "", "Bearer", "Bearer ", f"Basic {key}", key, f"Bearer {key}x", f"Bearer {key[:-1]}",
                f"Bearer {key.upper()}", f"Bearer {key[:40]}_{'0' * 64}", f"Bearer {key[:37]}{'0' * 64}",
                f"Bearer tgk_{'0' * 32}_{key[-64:]}", f"Bearer tgk_{'g' * 32}_{key[-64:]}", f"Bearer {key} {key}",
                "Bearer tgk_' OR 1=1 --", f"Bearer {'x' * 5000}")


def test_every_bad_key_gets_the_same_answer(api, tenant):
    bodies = set()
    for bad in bad_keys(tenant.key["key"]):
        anonymous = api.key_for(None)
        answer = anonymous.get(tenant.path, headers={} if bad is None else {"Authorization": bad})
        answer.problem(401, "unauthorized")
        bodies.add((answer.body, tuple(sorted(k for k in answer.headers))))
    assert len(bodies) == 1


# ---- one tenant against the other (T19) ------------------------------------------------------

FAILOVER = {"number": "+12125550177"}


def routes(victim, cdr, operation, call, event="evt_1", plan="dp_1", drill="drl_1"):
    """Routes that take an id, with a body that would be taken from the owner; test_portal_day.py has them all."""
    trunk, did, account = victim.trunk_path, victim.did_path, victim.path
    yield "GET", account, None
    yield "PATCH", account, {"name": "mine now"}
    yield "GET", f"{account}/failover", None
    yield "PUT", f"{account}/failover", FAILOVER
    yield "PATCH", f"{account}/failover", FAILOVER
    yield "DELETE", f"{account}/failover", None
    yield "GET", f"{account}/destination-rules", None
    yield "GET", f"{account}/configuration", None
    for action in ("plan", "apply"):
        yield "POST", f"{account}/configuration/{action}", {"configuration": {"account": {"name": "mine now"}}}
    yield "GET", f"{account}/api-keys", None
    yield "POST", f"{account}/api-keys", {"name": "mine"}
    yield "GET", f"{account}/api-keys/{victim.key['id']}", None
    yield "DELETE", f"{account}/api-keys/{victim.key['id']}", None
    yield "GET", trunk, None
    yield "PATCH", trunk, {"name": "mine now"}
    yield "DELETE", trunk, None
    yield "GET", f"{trunk}/sip-accounts/primary", None
    yield "PUT", f"{trunk}/sip-accounts/primary", {"username": "thief", "password": "secret-1"}
    yield "PATCH", f"{trunk}/sip-accounts/primary", {"label": "mine now"}
    yield "DELETE", f"{trunk}/sip-accounts/primary", None
    yield "GET", f"{trunk}/sip-accounts/secondary", None
    yield "PUT", f"{trunk}/sip-accounts/secondary", {"username": "thief", "password": "secret-1"}
    yield "PATCH", f"{trunk}/sip-accounts/secondary", {"label": "mine now"}
    yield "DELETE", f"{trunk}/sip-accounts/secondary", None
    yield "GET", f"{trunk}/ha", None
    yield "PUT", f"{trunk}/ha", {"mode": "only_primary"}
    yield "GET", f"{trunk}/failover", None
    yield "PUT", f"{trunk}/failover", {"triggers": ["busy"]}
    yield "PATCH", f"{trunk}/failover", {"triggers": ["busy"]}
    yield "DELETE", f"{trunk}/failover", None
    yield "GET", f"{trunk}/status", None
    yield "GET", did, None
    yield "PATCH", did, {"label": "mine now"}
    yield "DELETE", did, None
    yield "GET", f"{did}/failover", None
    yield "PUT", f"{did}/failover", FAILOVER
    yield "PATCH", f"{did}/failover", FAILOVER
    yield "DELETE", f"{did}/failover", None
    yield "GET", f"{did}/forwardings", None
    yield "PUT", f"{did}/forwardings", {"forwardings": []}
    yield "DELETE", f"{did}/forwardings", None
    yield "GET", f"/v1/dial-plans/{plan}", None
    yield "PUT", f"/v1/dial-plans/{plan}", {"name": "mine now", "internal_number": "1", "steps": []}
    yield "PATCH", f"/v1/dial-plans/{plan}", {"name": "mine now"}
    yield "DELETE", f"/v1/dial-plans/{plan}", None
    yield "GET", f"{did}/route", None
    yield "GET", f"/v1/cdrs/{cdr}", None
    yield "GET", f"/v1/calls/{call}", None
    yield "DELETE", f"/v1/calls/{call}", None
    yield "GET", f"/v1/events/{event}", None
    hook, delivery = f"/v1/webhooks/{getattr(victim, 'hook', 'whk_1')}", getattr(victim, "delivery", "dlv_1")
    yield "GET", hook, None
    yield "PATCH", hook, {"description": "mine now"}
    yield "DELETE", hook, None
    yield "POST", f"{hook}/ping", None
    yield "GET", f"{hook}/deliveries", None
    yield "GET", f"{hook}/deliveries/{delivery}", None
    yield "POST", f"{hook}/deliveries/{delivery}/replay", None
    yield "GET", f"/v1/fire-drills/{drill}", None
    yield "GET", f"/v1/mass-operations/{operation}", None
    yield "POST", f"/v1/mass-operations/{operation}/revert", None


def live_call(server, tenant):
    """A call in progress of a worker that is said to live."""
    server.sql("INSERT INTO worker (name, instance, version, started_at, last_seen) VALUES "
               "('for the matrix', gen_random_uuid(), '0', now(), now() + interval '1 day')")
    return "call_" + server.sql(
        "INSERT INTO live_call (id, worker, account_id, trunk_id, did, direction, state, started_at) VALUES (uuid7(), "
        f"'for the matrix', '{tenant.account['id'][4:]}', '{tenant.trunk['id'][4:]}', {tenant.did['number'][1:]}, "
        "'inbound', 'ringing', now()) RETURNING id")


def test_matrix(api, server, tenant, other):
    from test_lists import cdr
    record = cdr(server, tenant, "2026-01-01T10:00:00Z")
    operation = tenant.client.request("POST", "/v1/mass-operations", {
        "action": "set_failover", "select": {"numbers": [tenant.did["number"]]}, "failover": FAILOVER}).ok(201).json["id"]
    call = live_call(server, tenant)
    plan = tenant.client.request("POST", "/v1/dial-plans", {"name": "p", "internal_number": "1", "steps": []}).ok(201).json["id"]
    event = tenant.client.get("/v1/events?limit=1").ok(200).json["data"][0]["id"]
    tenant.hook = tenant.client.request("POST", "/v1/webhooks", {"url": "http://127.0.0.1:1/"}).ok(201).json["id"]
    tenant.client.request("POST", f"/v1/webhooks/{tenant.hook}/ping").ok(202)
    listed = f"/v1/webhooks/{tenant.hook}/deliveries"
    tenant.delivery = until(lambda: tenant.client.get(listed).ok(200).json["data"], "it is listed")[0]["id"]
    drill = "drl_" + server.sql("INSERT INTO fire_drill (account_id, reason, targets, workers) VALUES "
                                f"('{tenant.account['id'][4:]}', 'request', '[]', '{{}}') RETURNING id")
    before = server.sql("SELECT to_jsonb(a), to_jsonb(t), to_jsonb(d), to_jsonb(s) FROM account a JOIN trunk t ON "
                        "t.account_id = a.id JOIN did d ON d.trunk_id = t.id JOIN sip_account s ON s.trunk_id = t.id "
                        f"WHERE a.id = '{tenant.account['id'][4:]}'")
    missing = {}
    for method, path, body in routes(tenant, record, operation, call, event, plan, drill):
        stranger = other.client.request(method, path, body)
        stranger.problem(404, "not_found")
        # Byte for byte what a thing that does not exist gets.
        for old, new in ((tenant.account["id"], "acc_"), (tenant.trunk["id"], "trk_"), (record, "cdr_"),
                         (tenant.key["id"], "key_"), (operation, "mop_"), (call, "call_"),
                         (event, "evt_"), (plan, "dp_"), (tenant.hook, "whk_"), (tenant.delivery, "dlv_"), (drill, "drl_")):
            path = path.replace(old, f"{new}0190163d-8694-739b-aea5-966c26f8ad91")
        path = path.replace(tenant.did["number"], "+12129998888")
        nothing = other.client.request(method, path, body)
        missing[method, path] = nothing
        assert nothing.body == stranger.body, (method, path)
    tenant.client.get(f"/v1/calls/{call}").ok(200)
    assert tenant.client.get(f"/v1/dial-plans/{plan}").ok(200).json["name"] == "p"
    server.sql("DELETE FROM worker WHERE name = 'for the matrix'")
    after = server.sql("SELECT to_jsonb(a), to_jsonb(t), to_jsonb(d), to_jsonb(s) FROM account a JOIN trunk t ON "
                       "t.account_id = a.id JOIN did d ON d.trunk_id = t.id JOIN sip_account s ON s.trunk_id = t.id "
                       f"WHERE a.id = '{tenant.account['id'][4:]}'")
    assert before == after
    assert len(missing) > 30


def test_lists_and_filters_show_ones_own_only(api, tenant, other):
    secrets = [tenant.account["id"], tenant.trunk["id"], tenant.did["number"], tenant.username, tenant.key["id"]]
    tenant.client.request("POST", "/v1/mass-operations", {
        "action": "set_failover", "select": {"numbers": [tenant.did["number"]]}, "failover": FAILOVER}).ok(201)
    plan = tenant.client.request("POST", "/v1/dial-plans", {"name": "p", "internal_number": "1", "steps": []}).ok(201).json["id"]
    secrets.append(plan)
    queries = ["/v1/accounts", "/v1/dial-plans", "/v1/trunks", "/v1/mass-operations", "/v1/dids", "/v1/registrations", "/v1/calls", "/v1/cdrs", "/v1/events", "/v1/webhooks",
               f"{other.path}/api-keys", "/v1/sync"]
    filters = ["", "limit=1000", f"account_id={tenant.account['id']}", f"trunk_id={tenant.trunk['id']}",
               f"q={tenant.serial}", f"prefix={tenant.prefix[1:]}", f"did={tenant.did['number'][1:]}"]
    for path, query in itertools.product(queries, filters):
        answer = other.client.get(f"{path}?{query}" if query else path)
        for secret in secrets:
            assert secret.encode() not in answer.body, (path, query)


def test_ids_of_others_in_bodies(api, tenant, other):
    client = other.client
    client.request("POST", "/v1/trunks", {"account_id": tenant.account["id"], "name": "x"}).problem(
        422, "unknown_account", "/account_id")
    client.request("POST", "/v1/dids", {"account_id": tenant.account["id"], "number": other.number()}).problem(
        422, "unknown_account", "/account_id")
    client.request("POST", "/v1/dids", {"number": other.number(), "trunk_id": tenant.trunk["id"]}).problem(
        422, "unknown_trunk", "/trunk_id")
    client.request("PATCH", other.did_path, {"trunk_id": tenant.trunk["id"]}).problem(422, "unknown_trunk", "/trunk_id")
    client.request("PUT", f"{other.did_path}/failover", {
        "calling_party_display": "fixed", "calling_party_number": tenant.did["number"]}).problem(422, "number_not_owned")
    own = client.request("POST", "/v1/trunks", {"name": "mine"}).ok(201).json
    assert own["account_id"] == other.account["id"]
    number = other.number()
    assert client.request("POST", "/v1/dids", {"number": number[2:]}).ok(201).json["account_id"] == other.account["id"]
