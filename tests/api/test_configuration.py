"""The whole configuration of an account: exported, planned, applied."""

import copy
import itertools
import json

import pytest

ZERO = {"create": 0, "update": 0, "delete": 0}
_serial = itertools.count(1)


class Account:
    def __init__(self, tenant):
        self.tenant, self.client = tenant, tenant.client
        self.path = f"{tenant.path}/configuration"

    def export(self):
        return self.client.get(self.path).ok(200).json

    def plan(self, document, status=200, headers=None, client=None, **more):
        answer = (client or self.client).request("POST", f"{self.path}/plan", {"configuration": document, **more}, headers)
        return answer.ok(200).json if status == 200 else answer

    def apply(self, document, status=200, headers=None, client=None, **more):
        answer = (client or self.client).request("POST", f"{self.path}/apply", {"configuration": document, **more}, headers)
        return answer.ok(200) if status == 200 else answer

    def brought(self, document, **more):
        """Planned, then applied by the plan's token; then nothing is left to do."""
        before = self.export()
        planned = self.plan(document, **more)
        assert self.export() == before and planned["applied"] is False and planned["revision"] is None
        answer = self.apply(document, token=planned["token"], **more)
        made = answer.json
        assert answer.headers["Trunkguard-Revision"] == made["revision"]
        assert {**made, "applied": False, "revision": None} == planned
        assert self.plan(document, **more)["summary"] == ZERO
        return made


@pytest.fixture
def account(tenant):
    tenant.operator.request("PATCH", tenant.path, {"ha_addon": True}).ok(200)
    return Account(tenant)


def shape(answer):
    return [(c["action"], c["kind"], c["subject"]) for c in answer["changes"]]


def errors(answer, status=422):
    return [(e["pointer"], e["code"]) for e in answer.problem(status)["errors"]]


def state(server, tenant):
    return server.sql("SELECT json_agg(x.r) FROM (" + " UNION ALL ".join(
        f"SELECT to_jsonb(t) AS r FROM {table} t WHERE {'id' if table == 'account' else 'account_id'} = "
        f"'{tenant.account['id'][4:]}'" for table in ("account", "trunk", "sip_account", "did")) + ") x")


def test_export_applied_changes_nothing(server, account):
    tenant = account.tenant
    tenant.operator.request("PUT", f"{tenant.trunk_path}/sip-accounts/secondary", {
        "auth_mode": "ip", "ip_addresses": ["192.0.2.7/32"], "address": {"host": "8.8.8.8"}}).ok(201)
    tenant.operator.request("PUT", f"{tenant.trunk_path}/ha", {"mode": "auto_failover"}).ok(200)
    tenant.operator.request("PUT", f"{tenant.did_path}/failover", {"number": "+442079460123", "backup_pbxs": [{"host": "8.8.4.4"}]}).ok(200)
    tenant.operator.request("PUT", f"{tenant.path}/failover", {"number": "+442079460124"}).ok(200)
    document, before = account.export(), state(server, tenant)
    assert document["trunks"][0]["sip_accounts"]["primary"]["username"] == tenant.username
    assert "password" not in json.dumps(document) and "ha1" not in json.dumps(document)
    assert document["dids"][0]["trunk"] == "trunk" and document["trunks"][0]["ha"] == {"mode": "auto_failover"}
    made = account.brought(document)
    assert made["changes"] == [] and made["unmanaged"] == {"trunks": 0, "dial_plans": 0, "dids": 0}
    assert account.brought(document, prune=True)["changes"] == []
    assert state(server, tenant) == before


def test_etag(account):
    answer = account.client.get(account.path)
    etag = answer.headers["ETag"]
    account.client.request("GET", account.path, headers={"If-None-Match": etag}).ok(304)
    planned = account.client.request("POST", f"{account.path}/plan", {"configuration": answer.json})
    assert planned.headers["ETag"] == etag
    for method, path, body in (
            ("PATCH", account.tenant.did_path, {"label": "x"}), ("PATCH", account.tenant.trunk_path, {"name": "y"}),
            ("PUT", f"{account.tenant.path}/failover", {"number": "+442079460124"}), ("POST", "/v1/trunks", {"name": "z"}),
            ("PATCH", f"{account.tenant.trunk_path}/sip-accounts/primary", {"label": "l"}), ("DELETE", account.tenant.did_path, None)):
        account.client.request(method, path, body).ok()
        now = account.client.get(account.path).headers["ETag"]
        assert now != etag
        account.apply({}, status=412, headers={"If-Match": etag}).problem(412, "precondition_failed")
        etag = now
    account.plan({}, status=412, headers={"If-Match": '"of-before"'}).problem(412, "precondition_failed")
    account.apply({}, headers={"If-Match": etag})


def test_from_nothing(server, account, other):
    """An account is made again from its document, under other names and numbers."""
    trunk = {"name": "Head office", "external_id": "ho", "max_concurrent_calls": 7,
             "sip_accounts": {"primary": {"username": f"config-{next(_serial)}", "password": "correct horse"},
                              "secondary": {"auth_mode": "ip", "address": {"host": "8.8.8.8"}}},
             "ha": {"mode": "load_balancing"}, "failover": {"triggers": ["no_response"]}}
    numbers = [account.tenant.number() for _ in range(3)]
    document = {"account": {"name": "Renamed", "timezone": "Europe/Berlin"}, "failover": {"number": "+442079460124"},
                "trunks": [trunk, {"name": "Branch"}],
                "dids": [{"number": numbers[0].strip("+1"), "trunk": "ho", "failover": {"number": "+442079460123"}},
                         {"number": numbers[1], "trunk": "Branch", "label": "two", "enabled": False}, {"number": numbers[2]}]}
    made = account.brought({**document, "trunks": [{k: v for k, v in trunk.items()} for trunk in document["trunks"]]})
    assert shape(made) == [
        ("update", "account", "account"), ("create", "trunk", "Head office"), ("create", "sip_account_primary", "Head office"),
        ("create", "sip_account_secondary", "Head office"), ("update", "trunk_ha", "Head office"),
        ("create", "trunk", "Branch"), ("update", "trunk_failover", "Head office"), ("create", "did", numbers[0]),
        ("create", "did", numbers[1]), ("create", "did", numbers[2]), ("update", "account_failover", "account")]
    assert made["summary"] == {"create": 7, "update": 4, "delete": 0} and made["unmanaged"] == {"trunks": 1, "dial_plans": 0, "dids": 1}
    by = {c["subject"] + c["kind"]: c for c in made["changes"]}
    assert by["accountaccount"]["after"] == {"name": "Renamed", "timezone": "Europe/Berlin"}
    assert by["Head officesip_account_primary"]["after"]["password"] == "********"
    assert by[numbers[0] + "did"]["after"]["trunk"] == "ho" and by[numbers[0] + "did"]["before"] is None
    assert "correct horse" not in json.dumps(made)
    exported = account.export()
    assert [d["trunk"] for d in exported["dids"]] == ["trunk", "ho", "Branch", None]
    # and the same once more leaves the password as it is, while another one is a change
    document["trunks"][0]["sip_accounts"]["primary"]["password"] = "another horse"
    changed = account.brought(document)
    assert [(c["kind"], c["before"], c["after"]) for c in changed["changes"]] == [
        ("sip_account_primary", {}, {"password": "********"})]


def test_update_and_prune(server, account):
    tenant = account.tenant
    account.brought({"trunks": [{"name": "Branch", "external_id": "b"}, {"name": "Gone"}],
                     "dids": [{"number": tenant.number(), "trunk": t, "label": "l"} for t in ("b", "Gone", "Gone")]})
    document = account.export()
    a, b, c, d = (x["number"] for x in document["dids"])
    wanted = copy.deepcopy(document)
    wanted["trunks"] = [{"external_id": "b", "name": "Renamed"}, wanted["trunks"][0]]
    wanted["dids"] = [{"number": b, "trunk": "Renamed", "failover": None}, {"number": a, "label": None, "triggers": ["busy"]},
                      {"number": c, "trunk": "b"}]
    kept = account.plan(wanted)
    assert shape(kept) == [("update", "trunk", "Renamed"), ("update", "did", a), ("update", "did", c)]
    assert kept["unmanaged"] == {"trunks": 1, "dial_plans": 0, "dids": 1}
    made = account.brought(wanted, prune=True)
    assert shape(made) == [("update", "trunk", "Renamed"), ("update", "did", a), ("update", "did", c),
                           ("delete", "did", d), ("delete", "trunk", "Gone")]
    by = {x["subject"]: x for x in made["changes"]}
    assert (by["Renamed"]["before"], by["Renamed"]["after"]) == ({"name": "Branch"}, {"name": "Renamed"})
    assert (by[a]["before"], by[a]["after"]) == ({"triggers": None}, {"triggers": ["busy"]})
    assert (by[c]["before"], by[c]["after"]) == ({"trunk": "Gone"}, {"trunk": "b"})
    assert by[d]["after"] is None and by[d]["before"]["label"] == "l" and by[d]["pointer"] == "/configuration/dids"
    account.client.get(f"/v1/dids/{d}").problem(404)
    assert [t["name"] for t in account.export()["trunks"]] == ["trunk", "Renamed"]
    # a list that is left out is not looked at
    assert account.brought({"trunks": account.export()["trunks"]}, prune=True)["changes"] == []
    emptied = account.brought({"dids": [], "trunks": []}, prune=True)
    assert emptied["summary"]["delete"] == 5 and account.export()["dids"] == account.export()["trunks"] == []


def test_sip_accounts_and_modes_in_their_order(server, account):
    trunk = {"name": "trunk", "sip_accounts": {"secondary": {"auth_mode": "ip", "ip_addresses": ["192.0.2.9"]}},
             "ha": {"mode": "auto_failover"}}
    assert shape(account.brought({"trunks": [trunk]})) == [
        ("create", "sip_account_secondary", "trunk"), ("update", "trunk_ha", "trunk")]
    assert errors(account.apply({"trunks": [{"name": "trunk", "sip_accounts": {"secondary": None}}]}, 422)) == [
        ("/configuration/trunks/0/sip_accounts/secondary", "in_use")]
    back = {"name": "trunk", "sip_accounts": {"secondary": None}, "ha": {"mode": "only_primary"}}
    assert shape(account.brought({"trunks": [back]})) == [
        ("update", "trunk_ha", "trunk"), ("delete", "sip_account_secondary", "trunk")]


def test_what_was_planned_is_what_is_applied(server, account):
    document = {"account": {"name": "Planned"}}
    token = account.plan(document)["token"]
    before = state(server, account.tenant)
    account.apply({"account": {"name": "Other"}}, 412, token=token).problem(412, "precondition_failed")
    account.apply(document, 412, token="0" * 64).problem(412)
    account.apply(document, 412, token=token, prune=True, headers={"If-Match": '"x"'}).problem(412)
    assert state(server, account.tenant) == before
    account.client.request("PATCH", account.tenant.did_path, {"label": "meanwhile"}).ok(200)
    account.apply(document, 412, token=token).problem(412, "precondition_failed")
    assert account.export()["account"]["name"] != "Planned"
    account.brought(document)
    revision = account.apply(document).json["revision"]
    assert account.client.get(f"/v1/sync/{revision}").ok(200)


def test_everything_wrong_is_named_and_nothing_done(server, account, other):
    tenant = account.tenant
    before = state(server, tenant), state(server, other)
    new = tenant.number()
    document = {
        "account": {"name": "", "timezone": "Mars", "created_at": "x"}, "failover": {"number": tenant.did["number"], "backup_pbxs": [{"host": "10.0.0.1"}]},
        "colour": 1, "trunks": [
            {"name": "a", "ring_seconds": 0, "id": "trk_0190163d-8694-739b-aea5-966c26f8ad91"}, 7, {"name": "b", "ring_seconds": 0},
            {"name": "trunk", "sip_accounts": {"primary": {"username": other.username, "password": "12345678"}, "third": {}},
             "ha": {"mode": "auto_failover"}, "failover": {"enabled": True}}, {"name": "trunk"}, {"external_id": "x"}],
        "dids": [{"number": new, "trunk": "nowhere"}, {"number": "x"}, {"number": new, "trunk_id": tenant.trunk["id"]}]}
    answer = account.plan({**document, "colour": 1}, 422)
    assert errors(answer) == [("/configuration/colour", "unknown_field")]
    del document["colour"]
    for found in (errors(account.plan(document, 422)), errors(account.apply(document, 422))):
        assert set(found) == {
            ("/configuration/account/name", "too_short"), ("/configuration/account/timezone", "not_a_timezone"),
            ("/configuration/account/created_at", "read_only"), ("/configuration/trunks/0/id", "unknown_trunk"),
            ("/configuration/trunks/1", "wrong_type"), ("/configuration/trunks/2/ring_seconds", "out_of_range"),
            ("/configuration/trunks/3/sip_accounts/primary/username", "username_taken"),
            ("/configuration/trunks/3/sip_accounts/third", "unknown_field"), ("/configuration/trunks/3/ha/mode", "secondary_required"),
            ("/configuration/trunks/3/failover/dial_plan_id", "required"), ("/configuration/trunks/4", "duplicate_item"),
            ("/configuration/trunks/5/name", "required"), ("/configuration/dids/0/trunk", "unknown_trunk"),
            ("/configuration/dids/1/number", "not_e164"), ("/configuration/dids/2/trunk_id", "unknown_field"),
            ("/configuration/failover/backup_pbxs/0/host", "private_address")}, found
    rules = {"failover": {"number": tenant.did["number"]}, "dids": [
        {"number": new, "failover": {"number": new}}, {"number": other.did["number"]}, {"number": new},
        {"number": tenant.did["number"], "failover": {"calling_party_number": other.did["number"]}}]}
    assert set(errors(account.apply(rules, 422))) == {
        ("/configuration/dids/0/failover/number", "self_forward"), ("/configuration/dids/1/number", "already_exists"),
        ("/configuration/dids/2/number", "duplicate_item"), ("/configuration/dids/3/failover/calling_party_number", "number_not_owned"),
        ("/configuration/failover/number", "forwarding_loop")}
    assert (state(server, tenant), state(server, other)) == before


def test_ambiguous_names(account):
    account.client.request("POST", "/v1/trunks", {"name": "trunk"}).ok(201)
    account.client.request("POST", "/v1/trunks", {"name": "x", "external_id": "e"}).ok(201)
    account.client.request("POST", "/v1/trunks", {"name": "y", "external_id": "e"}).ok(201)
    document = account.export()
    assert document["dids"][0]["trunk"] == account.tenant.trunk["id"]
    assert account.brought(document)["changes"] == []
    assert errors(account.plan({"trunks": [{"name": "trunk"}, {"external_id": "e"}], "dids": [
        {"number": account.tenant.did["number"], "trunk": "trunk"}, {"number": account.tenant.number(), "trunk": "e"}]}, 422)) == [
        ("/configuration/trunks/0/name", "ambiguous"), ("/configuration/trunks/1/external_id", "ambiguous"),
        ("/configuration/dids/0/trunk", "unknown_trunk"), ("/configuration/dids/1/trunk", "unknown_trunk")]


def test_only_what_the_key_may(server, account, other):
    document = account.export()
    assert account.brought(document)["changes"] == []  # with ha_addon, enabled and the rules as they are
    assert set(errors(account.plan({"account": {"ha_addon": False, "enabled": False},
                                    "destination_rules": {"allow_premium": True}}, 422))) == {
        ("/configuration/account/ha_addon", "operator_only"), ("/configuration/account/enabled", "operator_only"),
        ("/configuration/destination_rules", "operator_only")}
    made = account.apply({"account": {"enabled": False}, "destination_rules": {"allowed_countries": ["US"]}}, client=server.client).json
    assert shape(made) == [("update", "account", "account"), ("update", "destination_rules", "account")]
    other.client.get(account.path).problem(404, "not_found")
    for action in ("plan", "apply"):
        other.client.request("POST", f"{account.path}/{action}", {"configuration": {}}).problem(404, "not_found")
    reader = other.made(f"{other.path}/api-keys", {"name": "reader", "scopes": ["read"]})["key"]
    reader = other.client.key_for(reader)
    reader.get(f"{other.path}/configuration").ok(200)
    reader.request("POST", f"{other.path}/configuration/plan", {"configuration": {}}).problem(403, "insufficient_scope")
    stolen = {"trunks": [{"id": account.tenant.trunk["id"], "name": "mine"}], "dids": [
        {"number": other.did["number"], "trunk": account.tenant.trunk["id"]}]}
    assert errors(Account(other).apply(stolen, 422)) == [
        ("/configuration/trunks/0/id", "unknown_trunk"), ("/configuration/dids/0/trunk", "unknown_trunk")]


@pytest.mark.parametrize("body, code, pointer", [
    ({}, "required", "/configuration"), ({"configuration": []}, "wrong_type", "/configuration"),
    ({"configuration": {}, "prune": 1}, "wrong_type", "/prune"), ({"configuration": {}, "token": 1}, "wrong_type", "/token"),
    ({"configuration": {}, "x": 1}, "unknown_field", "/x"),
    ({"configuration": {"account": 1}}, "wrong_type", "/configuration/account"),
    ({"configuration": {"account": None}}, "wrong_type", "/configuration/account"),
    ({"configuration": {"trunks": {}}}, "wrong_type", "/configuration/trunks"),
    ({"configuration": {"dids": 7}}, "wrong_type", "/configuration/dids"),
    ({"configuration": {"dids": [{"number": 7}]}}, "wrong_type", "/configuration/dids/0/number"),
])
def test_bodies_that_are_wrong(account, body, code, pointer):
    account.client.request("POST", f"{account.path}/apply", body).problem(422, code, pointer)


def test_malformed(account):
    for text, pointer in (('{"configuration":{"dids":[{},]}}', "/configuration/dids/1"),
                          ('{"configuration":{"dids":[{"number":"1","number":"2"}]}}', "/configuration/dids/0/number")):
        account.client.request("POST", f"{account.path}/apply", text).problem(400, None, pointer)
    account.client.request("POST", f"{account.path}/plan", {"configuration": {}, "token": "x"}).problem(422, "unknown_field", "/token")
    account.client.request("POST", f"{account.path}/plan", "{}", {"Content-Type": "text/csv"}).problem(415)


def test_once_with_a_key(server, account):
    headers = {"Idempotency-Key": f"apply-{next(_serial)}"}
    document = {"trunks": [{"name": "once"}], "dids": [{"number": account.tenant.number(), "trunk": "once"}]}
    broken = {"trunks": [{"name": "once"}, {"name": "trunk", "ha": {"mode": "auto_failover"}}]}
    account.apply(broken, 422, headers)
    first, again = (account.apply(document, headers=headers) for _ in range(2))
    assert first.json == again.json and again.headers["Idempotent-Replayed"] == "true"
    assert first.json["summary"]["create"] == 2
    assert server.sql(f"SELECT count(*) FROM trunk WHERE name = 'once' AND account_id = '{account.tenant.account['id'][4:]}'") == "1"


def test_dial_plans_and_forwardings(server, account):
    """Each leads to another that comes later in the document, and is made with it."""
    numbers = [account.tenant.number() for _ in range(2)]
    ring = {"app": "ring", "targets": [{"internal": "200"}], "strategy": "sequential", "ring_seconds": 20}
    forwarding = {"designation": "Night", "target": {"internal": "100"}, "ring_seconds": 15, "enabled": True}
    document = {"trunks": [{"name": "trunk", "failover": {"enabled": True, "dial_plan": "200"}}],
                "dial_plans": [{"name": "Main", "internal_number": "100", "steps": [ring]},
                               {"name": "Second", "internal_number": "200", "steps": [{"app": "forward", "external": "+442079460123"}]}],
                "dids": [{"number": numbers[0], "dial_plan": "100"}, {"number": numbers[1], "trunk": "trunk", "forwardings": [forwarding]}]}
    made = account.brought(document)
    assert shape(made) == [("create", "dial_plan", "200"), ("create", "dial_plan", "100"), ("update", "trunk_failover", "trunk"),
                           ("create", "did", numbers[0]), ("create", "did", numbers[1])]
    by = {c["subject"]: c for c in made["changes"]}
    assert by["trunk"]["after"] == {"enabled": True, "dial_plan": "200"} and by[numbers[0]]["after"]["dial_plan"] == "100"
    exported = account.export()
    assert [p["internal_number"] for p in exported["dial_plans"]] == ["200", "100"]
    assert {d["number"]: d["dial_plan"] for d in exported["dids"]}[numbers[0]] == "100"
    assert account.brought(exported, prune=True)["changes"] == []
    table = account.client.request("GET", "/v1/dids", headers={"Accept": "text/csv"}).ok(200).body
    again = account.client.request("POST", "/v1/dids/import?mode=upsert", table, {"Content-Type": "text/csv"}).ok(200).json
    assert (again["updated"], again["unchanged"]) == (0, 3)
    # in circles, and to nowhere
    document["dial_plans"][1]["steps"] = [{**ring, "targets": [{"internal": "100"}]}]
    assert "forwarding_loop" in [code for _, code in errors(account.apply({"dial_plans": document["dial_plans"]}, 422))]
    circle = {"number": numbers[0], "dial_plan": None, "forwardings": [{"target": {"external": numbers[1]}}]}
    assert errors(account.apply({"dids": [circle, {"number": numbers[1], "forwardings": [{"target": {"internal": numbers[0]}}]}]}, 422)) == [
        ("/configuration/dids", "forwarding_loop")]
    lost = {"trunks": [{"name": "trunk", "failover": {"dial_plan": "300"}}], "dids": [
        {"number": numbers[0], "dial_plan": "300"}, {"number": numbers[1], "dial_plan": 7}]}
    assert errors(account.plan(lost, 422)) == [("/configuration/trunks/0/failover/dial_plan", "unknown_dial_plan"),
                                               ("/configuration/dids/0/dial_plan", "unknown_dial_plan"),
                                               ("/configuration/dids/1/dial_plan", "wrong_type")]
    # those that are not in the list go when nothing leads to them any more
    assert errors(account.plan({"dial_plans": []}, 422, prune=True))[0] == ("/configuration/dial_plans", "in_use")
    bare = {"trunks": [{"name": "trunk", "failover": None}], "dial_plans": [],
            "dids": [{"number": numbers[0], "dial_plan": None}, {"number": numbers[1], "forwardings": None}]}
    gone = account.brought({**bare, "dids": exported["dids"][:1] + bare["dids"]}, prune=True)
    assert [s for s in shape(gone) if s[0] == "delete"] == [("delete", "dial_plan", "100"), ("delete", "dial_plan", "200")]


def test_ten_thousand_dids(server, account):
    many = 10000
    dids = [{"number": f"+{46703000000 + i}", "trunk": "trunk", "label": f"line {i}",
             "failover": {"number": f"+4420794{i % 50:05d}"}} for i in range(many)]
    body = {"configuration": {"dids": dids}}
    made = account.client.request("POST", f"{account.path}/apply", body, timeout=120).ok(200).json
    assert made["summary"]["create"] == many and len(made["changes"]) == many
    document = account.client.request("GET", account.path, timeout=120).ok(200).json
    assert len(document["dids"]) == many + 1
    for did in document["dids"][::2]:
        did["failover"] = None
    planned = account.client.request("POST", f"{account.path}/plan", {"configuration": document}, timeout=120).ok(200).json
    assert planned["summary"] == {"create": 0, "update": many // 2, "delete": 0}
