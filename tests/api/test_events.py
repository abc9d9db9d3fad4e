"""Audit: every write has its event, in its transaction; nobody reads another's; a forged one is found."""

import concurrent.futures
import itertools
import json
import re

import pytest

from client import TOP
from test_auth import live_call
from wait import until

PATH = "/v1/events"
FAILOVER = {"number": "+12125550177"}
ADDRESS = {"host": "8.8.4.4", "port": 5060, "transport": "udp"}
_serial = itertools.count(1)


def event(client, **filters):
    """The newest one."""
    query = "&".join(f"{key}={str(value).replace('+', '%2B')}" for key, value in filters.items())
    return client.get(f"{PATH}?limit=1&{query}").ok(200).json["data"][0]


def marked(client, method, path, body=None, status=None):
    """A write under a request id of its own, and the events that it left."""
    mark = f"walk-{next(_serial)}"
    answer = client.request(method, path, body, headers={"X-Request-Id": mark})
    assert answer.headers["X-Request-Id"] == mark
    answer.ok(status)
    return answer, client.get(f"{PATH}?request_id={mark}").ok(200).json["data"]


def one(client, method, path, body=None, status=None):
    answer, events = marked(client, method, path, body, status)
    assert len(events) == 1, (method, path, events)
    return answer, events[0]


# ---- what they say ------------------------------------------------------------------------------

def test_an_update_says_all(tenant):
    path = f"{tenant.did_path}/failover"
    before = tenant.client.get(path).json
    answer, got = one(tenant.client, "PUT", path, FAILOVER)
    assert got["type"] == "did.failover.updated" and got["subject"] == path.removeprefix("/v1/")
    assert got["account_id"] == tenant.account["id"] and got["did"] == tenant.did["number"]
    assert got["trunk_id"] == tenant.trunk["id"]
    assert got["actor"] == {"kind": "account", "key_id": tenant.key["id"], "source_ip": "127.0.0.1", "worker": None}
    assert got["before"] == before and got["after"] == answer.json
    assert got["revision"] == answer.headers["Trunkguard-Revision"]
    assert tenant.client.get(f"{PATH}/{got['id']}").ok(200).json == got


def test_made_and_deleted(tenant):
    answer, made = one(tenant.client, "POST", "/v1/trunks", {"name": "short-lived"}, 201)
    path = answer.headers["Location"]
    assert made["type"] == "trunk.created" and made["before"] is None and made["after"] == answer.json
    _, gone = one(tenant.client, "DELETE", path, status=204)
    assert gone["type"] == "trunk.deleted" and gone["after"] is None and gone["before"] == answer.json
    assert gone["subject"] == made["subject"] == path.removeprefix("/v1/")


def test_nothing_is_noted_of_what_was_refused(api, server, tenant):
    mark = "refused-1"
    for method, path, body, status in (
            ("PATCH", tenant.did_path, {"label": ""}, 422), ("PATCH", "/v1/dids/+12129990000", {"label": "x"}, 404),
            ("DELETE", tenant.trunk_path, None, 409), ("PUT", f"{tenant.did_path}/failover", {"number": tenant.did["number"]}, 422),
            ("POST", "/v1/dids", {"number": tenant.did["number"], "account_id": tenant.account["id"]}, 409)):
        assert api.request(method, path, body, headers={"X-Request-Id": mark}).status == status
    stale = api.request("PATCH", tenant.did_path, {"label": "x"}, headers={"X-Request-Id": mark, "If-Match": '"1-0"'})
    assert stale.status == 412
    assert api.get(f"{PATH}?request_id={mark}").json["data"] == []


def test_secrets_are_masked(api, server, tenant):
    path = f"{tenant.trunk_path}/sip-accounts/primary"
    user = {"username": f"masked-{tenant.serial}", "password": "first-secret"}
    _, first = one(tenant.client, "PUT", path, user)
    assert first["before"]["password"] == "***" and first["after"]["password"] == "*** (changed)"
    _, same = one(tenant.client, "PATCH", path, {"label": "x"})
    assert same["before"]["password"] == same["after"]["password"] == "***"
    _, made = one(api, "POST", "/v1/gateways", {
        "name": "masked", "address": ADDRESS, "prefixes": [],
        "registration": {"username": "u", "password": "gateway-secret", "registrar": ADDRESS}}, 201)
    assert made["after"]["registration_password"] == "***" and made["account_id"] is None
    gateway = f"/v1/gateways/{made['after']['id']}"
    _, changed = one(api, "PATCH", gateway, {"registration": {"password": "gateway-secret-2"}})
    assert changed["after"]["registration_password"] == "*** (changed)"
    _, dropped = one(api, "PATCH", gateway, {"registration": None})
    assert dropped["after"]["registration_password"] is None
    api.request("DELETE", gateway).ok(204)
    dump = server.sql("SELECT e::text FROM event e")
    for secret in ("first-secret", "gateway-secret", server.sql(
            f"SELECT ha1_md5 FROM sip_account WHERE username = '{user['username']}'")):
        assert secret not in dump


def test_keys(tenant, api):
    answer, made = one(api, "POST", f"{tenant.path}/api-keys", {"name": "audited"}, 201)
    assert made["type"] == "api_key.created" and answer.json["key"] not in json.dumps(made)
    assert made["subject"] == answer.headers["Location"].removeprefix("/v1/")
    _, gone = one(api, "DELETE", answer.headers["Location"], status=204)
    assert gone["type"] == "api_key.revoked" and gone["before"]["id"] == answer.json["id"]


def test_the_command_line_is_the_system(server):
    server.command("key", "create", "--operator", "--name", "from the shell")
    got = event(server.client, type="api_key.created", actor="system")
    assert got["after"]["name"] == "from the shell" and got["account_id"] is None
    assert got["actor"] == {"kind": "system", "key_id": None, "source_ip": None, "worker": None}


# ---- mass operations ----------------------------------------------------------------------------

def test_mass_operation_and_its_revert(tenant):
    numbers = sorted([tenant.did["number"], tenant.new_did()["number"]])
    answer, made = one(tenant.client, "POST", "/v1/mass-operations", {
        "action": "set_failover", "select": {"numbers": numbers}, "failover": FAILOVER}, 201)
    assert made["type"] == "mass_operation.created" and made["revision"] == answer.json["revision"]
    assert made["data"] == {"dids": 2, "numbers": numbers} and made["after"]["id"] == answer.json["id"]
    assert made["subject"] == answer.headers["Location"].removeprefix("/v1/")
    answer, back = one(tenant.client, "POST", f"{answer.headers['Location']}/revert", status=200)
    assert back["type"] == "mass_operation.reverted" and back["data"]["numbers"] == numbers
    assert back["after"]["reverted"] == 2


def test_numbers_that_a_mass_operation_makes(tenant):
    numbers = sorted([tenant.number(), tenant.number()])
    _, made = one(tenant.client, "POST", "/v1/mass-operations", {
        "action": "create", "dids": [{"number": n} for n in numbers]}, 201)
    assert made["type"] == "mass_operation.created" and made["data"] == {"dids": 2, "numbers": numbers}
    _, gone = one(tenant.client, "POST", f"/v1/{made['subject']}/revert", status=200)
    assert gone["type"] == "mass_operation.reverted" and gone["data"]["dids"] == 2


def test_an_import_tells_of_each_did(tenant):
    new, mark = tenant.number(), f"import-{next(_serial)}"
    lines = [{"number": new, "label": "new"}, {"number": tenant.did["number"], "failover": FAILOVER},
             {"number": tenant.new_did()["number"]}]
    for dry_run in ("true", "false"):
        tenant.client.request("POST", f"/v1/dids/import?mode=upsert&dry_run={dry_run}", "\n".join(map(json.dumps, lines)),
                              {"Content-Type": "application/x-ndjson", "X-Request-Id": mark}).ok(200)
    events = tenant.client.get(f"{PATH}?request_id={mark}").ok(200).json["data"]
    assert {(e["type"], e["subject"]) for e in events} == {
        ("did.created", f"dids/{new}"), ("did.updated", f"dids/{tenant.did['number']}")} and len(events) == 2
    made, changed = sorted(events, key=lambda e: e["type"])
    assert made["before"] is None and made["after"]["label"] == "new" and made["did"] == new
    assert changed["before"]["failover"]["number"] is None and changed["after"]["failover"]["number"] == FAILOVER["number"]
    assert changed["actor"]["key_id"] == tenant.key["id"] and changed["trunk_id"] == tenant.trunk["id"]


def test_a_configuration_tells_of_each_thing(tenant):
    new, mark = tenant.number(), f"configuration-{next(_serial)}"
    body = {"prune": True, "configuration": {"failover": FAILOVER, "trunks": [{"name": "trunk"}, {"name": "second"}],
                                             "dids": [{"number": new, "trunk": "second"}]}}
    for action in ("plan", "apply", "apply"):
        answer = tenant.client.request("POST", f"{tenant.path}/configuration/{action}", body, {"X-Request-Id": mark}).ok(200)
        events = tenant.client.get(f"{PATH}?request_id={mark}").ok(200).json["data"]
        assert len(events) == (0 if action == "plan" else 5)
    assert {(e["type"], e["subject"]) for e in events if e["type"] != "trunk.created"} == {
        ("account.failover.updated", f"{tenant.path[4:]}/failover"), ("did.created", f"dids/{new}"),
        ("did.deleted", f"dids/{tenant.did['number']}"), ("configuration.applied", f"{tenant.path[4:]}/configuration")}
    summary = next(e for e in events if e["type"] == "configuration.applied")
    assert summary["data"] == {"create": 2, "update": 1, "delete": 1, "prune": True}
    assert answer.json["summary"] == {"create": 0, "update": 0, "delete": 0}


def test_an_operators_mass_operation_is_told_to_each_account(api, tenant, other):
    _, events = marked(api, "POST", "/v1/mass-operations", {
        "action": "set_failover", "select": {"numbers": [tenant.did["number"], other.did["number"]]},
        "failover": FAILOVER}, 201)
    told = {e["account_id"]: e for e in events}
    assert set(told) == {None, tenant.account["id"], other.account["id"]} and len(events) == 3
    assert told[None]["data"]["dids"] == 2 and told[None]["after"]["changed"] == 2
    mine = event(tenant.client, type="mass_operation.created")
    assert mine["data"] == {"dids": 1, "numbers": [tenant.did["number"]]}
    assert other.did["number"] not in json.dumps(mine) and "matched" not in mine["after"]


def test_many_are_counted(server, tenant):
    server.sql(f"INSERT INTO did (number, account_id, trunk_id) SELECT {tenant.prefix[1:]}9000 + n, "
               f"'{tenant.account['id'][4:]}', '{tenant.trunk['id'][4:]}' FROM generate_series(1, 200) n")
    _, made = one(tenant.client, "POST", "/v1/mass-operations", {
        "action": "set_failover", "select": {"all": True}, "failover": FAILOVER}, 201)
    assert made["data"] == {"dids": 201, "numbers": None}


def test_expiry_is_the_systems(server, tenant):
    made = tenant.client.request("POST", "/v1/mass-operations", {
        "action": "set_failover", "select": {"all": True}, "failover": FAILOVER, "expires_in_seconds": 3600}).ok(201).json
    server.sql(f"UPDATE mass_operation SET revert_at = now() WHERE id = '{made['id'][4:]}'")
    until(lambda: tenant.client.get(f"{PATH}?type=mass_operation.reverted").json["data"], "the operation expires")
    assert event(tenant.client, type="mass_operation.reverted")["actor"]["kind"] == "system"


def test_a_dry_run_leaves_none(tenant):
    _, events = marked(tenant.client, "POST", "/v1/mass-operations", {
        "action": "set_failover", "select": {"all": True}, "failover": FAILOVER, "dry_run": True}, 200)
    assert events == []


# ---- every route --------------------------------------------------------------------------------

def walk(api, tenant):
    """Each write of the contract: method, template, path, body. Whoever adds a route adds a line."""
    account, trunk, did = tenant.path, tenant.trunk_path, tenant.did_path
    user = {"username": f"walk-{tenant.serial}", "password": "walk-secret"}
    made = {}

    def post(template, path, body, name):
        return "POST", template, path, body, name

    yield post("/v1/accounts", "/v1/accounts", {"name": "walk"}, "account")
    yield "PATCH", "/v1/accounts/{account_id}", account, {"name": "walked", "ha_addon": True}, None
    yield "PUT", "/v1/accounts/{account_id}/failover", f"{account}/failover", FAILOVER, None
    yield "PATCH", "/v1/accounts/{account_id}/failover", f"{account}/failover", FAILOVER, None
    yield "DELETE", "/v1/accounts/{account_id}/failover", f"{account}/failover", None, None
    for method, body in (("PUT", {}), ("PATCH", {}), ("DELETE", None)):
        yield method, "/v1/accounts/{account_id}/destination-rules", f"{account}/destination-rules", body, None
    yield post("/v1/accounts/{account_id}/api-keys", f"{account}/api-keys", {"name": "walk"}, "key")
    yield "DELETE", "/v1/accounts/{account_id}/api-keys/{key_id}", lambda m: m["key"], None, None
    yield post("/v1/trunks", "/v1/trunks", {"account_id": tenant.account["id"], "name": "walk"}, "trunk")
    yield "PATCH", "/v1/trunks/{trunk_id}", trunk, {"name": "walked"}, None
    for role in ("primary", "secondary"):
        template = f"/v1/trunks/{{trunk_id}}/sip-accounts/{role}"
        path = f"{trunk}/sip-accounts/{role}"
        yield "PUT", template, path, {**user, "username": f"{user['username']}-{role}"}, None
        yield "PATCH", template, path, {"label": "walked"}, None
        if role == "secondary":
            yield "PUT", "/v1/trunks/{trunk_id}/ha", f"{trunk}/ha", {"mode": "auto_failover"}, None
            yield "PUT", "/v1/trunks/{trunk_id}/ha", f"{trunk}/ha", {"mode": "only_primary"}, None
        yield "DELETE", template, path, None, None
    for method, body in (("PUT", {"triggers": ["busy"]}), ("PATCH", {"triggers": ["busy"]}), ("DELETE", None)):
        yield method, "/v1/trunks/{trunk_id}/failover", f"{trunk}/failover", body, None
    yield post("/v1/dids", "/v1/dids", {"account_id": tenant.account["id"], "number": tenant.number()}, "did")
    yield "PATCH", "/v1/dids/{number}", did, {"label": "walked"}, None
    for method, body in (("PUT", FAILOVER), ("PATCH", FAILOVER), ("DELETE", None)):
        yield method, "/v1/dids/{number}/failover", f"{did}/failover", body, None
    for method, body in (("PUT", {"forwardings": [{"target": {"external": "+12125550190"}}]}), ("DELETE", None)):
        yield method, "/v1/dids/{number}/forwardings", f"{did}/forwardings", body, None
    plan = {"name": "walk", "internal_number": "100", "steps": []}
    yield post("/v1/dial-plans", "/v1/dial-plans", dict(plan, account_id=tenant.account["id"]), "plan")
    yield "PUT", "/v1/dial-plans/{dial_plan_id}", lambda m: m["plan"], plan, None
    yield "PATCH", "/v1/dial-plans/{dial_plan_id}", lambda m: m["plan"], {"name": "walked"}, None
    yield "DELETE", "/v1/dial-plans/{dial_plan_id}", lambda m: m["plan"], None, None
    yield post("/v1/mass-operations", "/v1/mass-operations", {
        "action": "set_failover", "select": {"account_id": tenant.account["id"], "all": True}, "failover": FAILOVER}, "mop")
    yield "POST", "/v1/mass-operations/{mass_operation_id}/revert", lambda m: f"{m['mop']}/revert", None, None
    yield post("/v1/gateways", "/v1/gateways", {"name": "walk", "address": ADDRESS, "prefixes": []}, "gateway")
    yield "PATCH", "/v1/gateways/{gateway_id}", lambda m: m["gateway"], {"name": "walked"}, None
    yield "DELETE", "/v1/gateways/{gateway_id}", lambda m: m["gateway"], None, None
    hook = {"account_id": tenant.account["id"], "url": "http://127.0.0.1:1/"}
    yield post("/v1/webhooks", "/v1/webhooks", hook, "webhook")
    yield "POST", "/v1/webhooks/{webhook_id}/ping", lambda m: f"{m['webhook']}/ping", None, None
    yield "PATCH", "/v1/webhooks/{webhook_id}", lambda m: m["webhook"], {"description": "walked"}, None
    yield "DELETE", "/v1/webhooks/{webhook_id}", lambda m: m["webhook"], None, None
    yield "DELETE", "/v1/dids/{number}", lambda m: m["did"], None, None
    yield "DELETE", "/v1/trunks/{trunk_id}", lambda m: m["trunk"], None, None
    yield "DELETE", "/v1/accounts/{account_id}", lambda m: m["account"], None, None


# Writes whose events have a test of their own.
APART = {("DELETE", "/v1/calls/{call_id}"), ("PATCH", "/v1/workers/{worker}"),
         ("POST", "/v1/dids/import"), ("POST", "/v1/fire-drills"),
         ("POST", "/v1/webhooks/{webhook_id}/deliveries/{delivery_id}/replay"),
         ("POST", "/v1/accounts/{account_id}/configuration/plan"), ("POST", "/v1/accounts/{account_id}/configuration/apply")}


def test_every_write_has_its_event(api, server, tenant):
    wanted = {(method.upper(), template) for template, item in api.contract.document["paths"].items()
              for method in item if method in ("put", "post", "patch", "delete")}
    made, seen = {}, set()
    for method, template, path, body, name in walk(api, tenant):
        path = path(made) if callable(path) else path
        answer, events = marked(api, method, path, body)
        assert events, (method, path)
        for got in events:
            assert got["actor"]["kind"] == "operator" and got["before"] != {} and got["revision"]
        subjects = {got["subject"] for got in events}
        if name:
            made[name] = answer.headers["Location"]
            assert made[name].removeprefix("/v1/") in subjects, subjects
        elif not path.endswith(("/revert", "/ping")):
            assert path.removeprefix("/v1/") in subjects, (path, subjects)
        seen.add((method, template))
    missing = wanted - seen - APART
    assert not missing, f"no event is tested for {sorted(missing)}"


def test_every_type_can_be_asked_for(api, server):
    """Of all that the tests before made, and of what workers see."""
    types = server.sql("SELECT DISTINCT type FROM event").split() + re.findall(
        r'"((?:trunk|call|backup|configuration|fire_drill)\.[a-z_]+)"',
        "".join(f.read_text() for room in ("sip", "db", "api") for f in (TOP / room).glob("*.c")))
    assert len(types) > 20
    made = api.request("POST", "/v1/webhooks", {"url": "http://127.0.0.1:1/", "events": sorted(set(types))})
    assert made.status == 201, [sorted(set(types))[int(e["pointer"].split("/")[-1])] for e in made.json["errors"]]
    api.request("DELETE", made.headers["Location"]).ok(204)


def test_hanging_up(server, tenant):
    """Whoever asked for it is noted before the worker is asked; the worker here is none, so nobody answers."""
    path = f"/v1/calls/{live_call(server, tenant)}"
    shown = tenant.client.get(path).ok(200).json
    with pytest.raises(TimeoutError):
        tenant.client.request("DELETE", path, timeout=0.2)
    server.sql("DELETE FROM worker WHERE name = 'for the matrix'")
    until(lambda: tenant.client.get(f"{PATH}?type=call.hang_up").json["data"], "it is noted")
    got = event(tenant.client, type="call.hang_up")
    assert got["subject"] == path.removeprefix("/v1/") and got["before"] == shown and got["actor"]["kind"] == "account"


# ---- who sees what ------------------------------------------------------------------------------

def test_an_account_sees_its_own(api, tenant, other):
    api.request("PATCH", tenant.did_path, {"label": "by the operator"}).ok(200)
    mine = event(tenant.client, type="did.updated")
    assert mine["actor"] == {"kind": "operator", "key_id": None, "source_ip": None, "worker": None}
    full = api.get(f"{PATH}/{mine['id']}").ok(200).json
    assert full["actor"]["key_id"] and full["actor"]["source_ip"] == "127.0.0.1"
    assert {**full, "actor": mine["actor"]} == mine
    assert tenant.client.get(f"{PATH}/{mine['id']}").ok(200).json == mine
    stranger = other.client.get(f"{PATH}/{mine['id']}")
    stranger.problem(404, "not_found")
    nothing = other.client.get(f"{PATH}/evt_0190163d-8694-739b-aea5-966c26f8ad91")
    assert stranger.body == nothing.body
    for query in ("", f"account_id={tenant.account['id']}", f"trunk_id={tenant.trunk['id']}",
                  f"did={tenant.did['number'][1:]}", f"subject=dids/%2B{tenant.did['number'][1:]}",
                  f"request_id={mine['request_id']}", f"actor={full['actor']['key_id']}", "actor=operator"):
        body = other.client.get(f"{PATH}?{query}&limit=1000").ok(200).body
        for secret in (tenant.account["id"], tenant.trunk["id"], tenant.did["number"], mine["id"]):
            assert secret.encode() not in body, query


def test_filters(api, server, tenant):
    tenant.client.request("PUT", f"{tenant.did_path}/failover", FAILOVER).ok(200)
    tenant.client.request("PATCH", tenant.trunk_path, {"name": "x"}).ok(200)
    account = f"account_id={tenant.account['id']}"

    def types(query):
        found = api.get(f"{PATH}?{account}&{query}&limit=1000").ok(200).json["data"]
        return sorted({e["type"] for e in found})

    every = types("")
    assert "trunk.created" in every and "did.failover.updated" in every
    assert types("type=trunk.") == types("type=trunk.*") == ["trunk.created", "trunk.updated"]
    assert types("type=trunk") == [] and types("type=did.created") == ["did.created"]
    assert types("type=did.failover.*") == ["did.failover.updated"]
    assert types(f"did={tenant.did['number'][1:]}") == ["did.created", "did.failover.updated"]
    assert types(f"subject=trunks/{tenant.trunk['id']}") == ["trunk.created", "trunk.updated"]
    assert types(f"trunk_id={tenant.trunk['id']}") == [
        "did.created", "did.failover.updated", "sip_account.created", "trunk.created", "trunk.updated"]
    assert types("actor=account") == ["did.failover.updated", "trunk.updated"]
    assert types(f"actor={tenant.key['id']}") == types("actor=account")
    at = event(tenant.client, type="trunk.updated")["at"]
    assert "trunk.updated" in types(f"from={at}") and "trunk.updated" not in types(f"to={at}")
    assert types("from=2001-01-01&to=2001-01-02") == []
    for bad in ("from=soon", "did=x", "trunk_id=x", "type=", "kind=x", "account_id=trk_1"):
        assert api.get(f"{PATH}?{bad}").problem(400)["errors"][0]["parameter"] == bad.split("=")[0]
    api.get(f"{PATH}/evt_1").problem(404)


def test_pages(tenant):
    for i in range(5):
        tenant.client.request("PATCH", tenant.did_path, {"label": f"{i}"}).ok(200)
    labels, path = [], f"{PATH}?type=did.updated&limit=2"
    while path:
        answer = tenant.client.get(path).ok(200)
        labels += [e["after"]["label"] for e in answer.json["data"]]
        path = re.match(r"<([^>]+)>", answer.headers.get("Link") or "")
        path = path and path[1]
    assert labels == ["4", "3", "2", "1", "0"]


# ---- request ids and addresses ------------------------------------------------------------------

@pytest.mark.parametrize("sent, kept", [
    ("abc-123", True), ("a" * 128, True), ("a" * 129, False), ("", False), ("a b", False), ("a\tb", False),
    ("naïve", False), ('"x"', False), ("<script>", False), ("root=1-67891233-abcdef;x", False), ("id/1:2+3=4@h._", True)])
def test_request_id(api, sent, kept):
    answer = api.get("/v1/sync", headers={"X-Request-Id": sent.encode("latin-1")})
    got = answer.headers["X-Request-Id"]
    assert (got == sent) == kept
    if not kept:
        assert re.fullmatch(r"req_[0-9a-f-]{36}", got)


def test_every_answer_has_one(api, server):
    ids = [api.key_for(None).get(path).headers["X-Request-Id"] for path in
           ("/healthz", "/metrics", "/docs", "/v1/nowhere", "/v1/trunks", "/v1/trunks?x=1")]
    ids.append(api.request("POST", "/healthz").headers["X-Request-Id"])
    assert all(ids) and len(set(ids)) == len(ids)
    api.get("/v1/sync", headers={"X-Request-Id": "seen-in-the-log"})
    until(lambda: "seen-in-the-log" in server.log("api"), "the log names it")


@pytest.mark.parametrize("field, seen", [
    ("203.0.113.9", "203.0.113.9"), ("10.0.0.1, 203.0.113.9", "203.0.113.9"), ("2001:db8::1", "2001:db8::1"),
    ("unknown", "127.0.0.1"), ("203.0.113.9, ", "127.0.0.1"), ("'; DROP TABLE event", "127.0.0.1"), ("1" * 400, "127.0.0.1")])
def test_the_address_behind_a_proxy(tenant, field, seen):
    tenant.client.request("PATCH", tenant.did_path, {"label": "x"}, headers={"X-Forwarded-For": field}).ok(200)
    assert event(tenant.client, type="did.updated")["actor"]["source_ip"] == seen


# ---- the chain ----------------------------------------------------------------------------------

def test_before_is_what_was_replaced(tenant):
    """Writers at once: each one's before is another one's after, none is lost and none is told twice."""
    def write(i):
        return tenant.client.request("PATCH", tenant.did_path, {"label": f"writer {i}"}).ok(200).json["label"]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        written = list(pool.map(write, range(24)))
    events = tenant.client.get(f"{PATH}?type=did.updated&limit=1000").json["data"]
    step = {e["before"]["label"]: e["after"]["label"] for e in events}
    assert len(events) == len(step) == 24
    label, order = None, []
    while label in step:
        label = step[label]
        order.append(label)
    assert sorted(order) == sorted(written)
    assert order[-1] == tenant.client.get(tenant.did_path).json["label"]
