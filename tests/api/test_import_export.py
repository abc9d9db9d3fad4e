"""DIDs as tables: what is exported is imported again without a change, and what is wrong with a
table is named by line and column."""

import csv
import io
import itertools
import json

import pytest

NDJSON, CSV = "application/x-ndjson", "text/csv"
PATH = "/v1/dids/import"
BOTH = pytest.mark.parametrize("form", [NDJSON, CSV])
_serial = itertools.count(1)


def export(client, form, query="", status=200):
    return client.request("GET", f"/v1/dids{query}", headers={"Accept": form}).ok(status)


def send(client, form, text, mode="upsert", query="", headers=None, **more):
    if not isinstance(text, (str, bytes)):
        text = "".join(json.dumps(row) + "\n" for row in text)
    body = text if isinstance(text, bytes) else text.encode()
    return client.request("POST", f"{PATH}?mode={mode}{query}", body, {"Content-Type": form, **(headers or {})}, **more)


def counts(answer):
    return tuple(answer.ok(200).json[k] for k in ("created", "updated", "unchanged"))


def errors(answer, status=422):
    return [(e["pointer"], e["code"]) for e in answer.problem(status)["errors"]]


def rows(answer, form):
    if form == NDJSON:
        return [json.loads(line) for line in answer.body.decode().splitlines()]
    return list(csv.DictReader(io.StringIO(answer.body.decode(), newline="")))


ODD = ["=1+1", "'=1", "'tis", "''", "'", "@x", "-", "+1", 'a "b", c', "back\\slash", "\u00e9\u20ac\U0001f600", "none", " x ", "{}"]


@pytest.fixture
def full(tenant):
    """DIDs with everything that one can have."""
    made = [tenant.new_did(label=text, external_id=text) for text in ODD]
    numbers = [d["number"] for d in made]
    patch = tenant.operator.request
    patch("PATCH", f"/v1/dids/{numbers[0]}", {"enabled": False, "triggers": [], "ring_seconds": 7}).ok(200)
    patch("PATCH", f"/v1/dids/{numbers[1]}", {"trunk_id": None, "triggers": ["busy", "no_answer"],
                                               "incoming_action": "ring_then_forward"}).ok(200)
    patch("PUT", f"/v1/dids/{numbers[2]}/failover", {
        "number": "+442079460123", "calling_party_display": "fixed", "calling_party_number": numbers[3],
        "backup_pbxs": [{"host": "pbx.example.com"}, {"host": "2001:4860:4860::8888", "port": 5061, "transport": "tcp"},
                        {"host": "8.8.4.4", "port": 5070, "transport": "tcp"}]}).ok(200)
    plan = tenant.made("/v1/dial-plans", {"account_id": tenant.account["id"], "name": "p", "internal_number": "100",
                                           "steps": [{"app": "reject", "code": 486}]})
    patch("PATCH", f"/v1/dids/{numbers[4]}", {"trunk_id": None, "dial_plan_id": plan["id"]}).ok(200)
    patch("PUT", f"/v1/dids/{numbers[5]}/forwardings", {"forwardings": [
        {"designation": 'so, "quoted"', "target": {"internal": "100"}}, {"target": {"external": "+442079460125"}, "ring_seconds": 5,
         "active_times": [{"days": ["mon"], "from": "08:00", "to": "18:00"}], "calling_party_display": "fixed",
         "calling_party_number": numbers[3]}]}).ok(200)
    tenant.full = [tenant.did["number"], *numbers]
    return tenant


def state(server, tenant):
    return server.sql("SELECT json_agg(to_jsonb(d) ORDER BY number) FROM did d "
                      f"WHERE account_id = '{tenant.account['id'][4:]}'")


@BOTH
def test_round_trip_changes_nothing(server, full, form):
    before = state(server, full)
    table = export(full.client, form)
    assert table.headers["Content-Type"].startswith(form) and table.headers["Vary"] == "Accept"
    assert [r["number"] for r in rows(table, form)] == full.full
    assert counts(send(full.client, form, table.body)) == (0, 0, len(full.full))
    assert state(server, full) == before
    # and back from nothing
    operation = full.client.request("POST", "/v1/mass-operations", {"action": "delete", "select": {"all": True}})
    assert operation.ok(201).json["changed"] == len(full.full)
    answer = send(full.client, form, table.body, "create")
    assert counts(answer) == (len(full.full), 0, 0)
    assert answer.headers["Trunkguard-Revision"] == answer.json["revision"]
    assert export(full.client, form).body == table.body


@BOTH
def test_export_is_the_tenants_and_filtered(full, other, form):
    assert [r["number"] for r in rows(export(other.client, form), form)] == [other.did["number"]]
    assert [r["number"] for r in rows(export(full.client, form, "?has_failover=true"), form)] == [full.full[3], full.full[6]]
    assert rows(export(full.client, form, f"?account_id={other.account['id']}"), form) == []
    prefix = full.full[3][:-1].strip("+")
    assert len(rows(export(full.client, form, f"?prefix={prefix}&q=tis"), form)) == 1
    for query in ("?limit=5", "?cursor=x", "?colour=1"):
        full.client.request("GET", f"/v1/dids{query}", headers={"Accept": form}).problem(400)
    head = full.client.request("HEAD", "/v1/dids", headers={"Accept": form}, checked=False)
    assert head.status == 200 and head.body == b""


def test_export_of_many_pages_in_chunks(server, tenant):
    server.sql("INSERT INTO did (number, account_id, label) SELECT 46701000000 + g, "
               f"'{tenant.account['id'][4:]}', 'line ' || g FROM generate_series(1, 2500) g")
    answer = export(tenant.client, NDJSON)
    assert answer.headers["Transfer-Encoding"] == "chunked"
    found = rows(answer, NDJSON)
    assert [r["number"] for r in found] == [tenant.did["number"]] + [f"+{46701000000 + i}" for i in range(1, 2501)]
    assert len(rows(export(tenant.client, CSV, "?q=line"), CSV)) == 2500
    # as many as a page has, and one more
    for most in (1001, 1000):
        server.sql(f"DELETE FROM did WHERE number > {46701000000 + most - 1} AND number < 46702000000")
        assert len(rows(export(tenant.client, NDJSON), NDJSON)) == most


def test_negotiation(tenant):
    for accept, kind in ((None, "application/json"), ("*/*", "application/json"), ("text/*", CSV),
                         ("text/csv;q=0.5, application/x-ndjson;q=0.4", CSV), ("application/json, text/csv", "application/json")):
        answer = tenant.client.request("GET", "/v1/dids", headers={"Accept": accept} if accept else {}).ok(200)
        assert answer.headers["Content-Type"].split(";")[0] == kind
    tenant.client.request("GET", "/v1/dids", headers={"Accept": "text/html"}).problem(406)
    tenant.client.request("GET", "/v1/trunks", headers={"Accept": CSV}).problem(406)


def test_upsert_changes_what_is_given(server, full):
    a, b, c = full.full[1:4]
    new = full.number()
    table = [{"number": a, "label": "changed", "failover": {"number": "+442079460999"}},
             {"number": b.strip("+1")}, {"number": c, "failover": {"calling_party_display": None, "backup_pbxs": None}},
             {"number": new, "trunk_id": full.trunk["id"], "failover": {"calling_party_display": "fixed", "calling_party_number": a}}]
    before = state(server, full)
    dry = send(full.client, NDJSON, table, query="&dry_run=true")
    assert counts(dry) == (1, 2, 1) and dry.json["revision"] is None and "Trunkguard-Revision" not in dry.headers
    assert state(server, full) == before
    assert counts(send(full.client, NDJSON, table)) == (1, 2, 1)
    after = {r["number"]: r for r in rows(export(full.client, NDJSON), NDJSON)}
    assert [s["line"] for s in dry.json["sample"]] == [1, 3, 4]
    for one in dry.json["sample"]:
        assert one["after"] == after[one["number"]]
    assert after[a]["label"] == "changed" and after[a]["enabled"] is False and after[a]["triggers"] == []
    assert after[c]["failover"] == {"number": "+442079460123", "backup_pbxs": [], "calling_party_display": None,
                                    "calling_party_number": full.full[4]}
    assert full.client.get(f"/v1/dids/{b}").json["updated_at"] == next(
        r["updated_at"] for r in map(dict, json.loads(before)) if r["number"] == int(b)).replace("+00:00", "Z")[:23] + "Z"
    text = "number,failover_number,triggers\r\n%s,,none\r\n" % a
    assert counts(send(full.client, CSV, text)) == (0, 1, 0)
    did = full.client.get(f"/v1/dids/{a}/failover").json
    assert did["number"] is None
    assert full.client.get(f"/v1/dids/{a}").json["label"] == "changed"


def test_forms_that_are_csv(tenant):
    a, b, c, d = (tenant.number() for _ in range(4))
    text = f'\ufeffnumber,label,enabled\n\n{a},"two\nlines",TRUE\r\n"{b}","say ""so""",False\n{c},,\n{d},last,true'
    answer = send(tenant.client, CSV, text, "create")
    assert errors(answer) == [("/lines/3/label", "invalid_characters")]
    assert counts(send(tenant.client, f"{CSV}; charset=UTF-8", text.replace("two\nlines", "one"), "create")) == (4, 0, 0)
    assert tenant.client.get(f"/v1/dids/{b}").json["label"] == 'say "so"'
    assert tenant.client.get(f"/v1/dids/{c}").json["enabled"] is True
    assert tenant.client.get(f"/v1/dids/{b}").json["enabled"] is False


def test_backup_pbxs_in_a_cell(tenant):
    a = tenant.number()
    cell = "pbx.example.com [2001:4860:4860::8888]:5061/tcp 8.8.4.4/tcp"
    send(tenant.client, CSV, f"number,failover_backup_pbxs\n{a},{cell}\n", "create").ok(200)
    pbxs = tenant.client.get(f"/v1/dids/{a}/failover").json["backup_pbxs"]
    assert [(p["host"], p["transport"]) for p in pbxs] == [
        ("pbx.example.com", "udp"), ("2001:4860:4860::8888", "tcp"), ("8.8.4.4", "tcp")]
    for cell, pointer in (("10.0.0.1", "/0/host"), ("pbx.example.com:x", "/0/port"), ("8.8.8.8 a..b", "/1/host"),
                          ("8.8.8.8/xyz", "/0/transport"), (":5060", "/0/host")):
        answer = send(tenant.client, CSV, f"number,failover_backup_pbxs\n{a},{cell}\n")
        assert [e[0] for e in errors(answer)] == [f"/lines/2/failover_backup_pbxs{pointer}"], cell


@pytest.mark.parametrize("text, status, found", [
    ("label\nx\n", 422, [("/lines/1/number", "required")]),
    ("number,colour,created_at,number\n", 422, [("/lines/1/colour", "unknown_field"), ("/lines/1/created_at", "unknown_field"),
                                                ("/lines/1/number", "duplicate_key")]),
    ("number,label\n+12125550100\n+12125550101,a,b\n", 422, [("/lines/2", "malformed_line"), ("/lines/3", "malformed_line")]),
    ('number,label\n+12125550100,"a\n', 400, [("/lines/3", "malformed_line")]),
    ('number,label\n+12125550100,a"b\n', 400, [("/lines/2", "malformed_line")]),
    ('number,label\n+12125550100,"a"b\n', 400, [("/lines/2", "malformed_line")]),
    ("number,label,ring_seconds,enabled\n12,,x,maybe\n,,,\n", 422, [
        ("/lines/2/number", "not_e164"), ("/lines/2/ring_seconds", "wrong_type"), ("/lines/2/enabled", "wrong_type"),
        ("/lines/3/number", "required")]),
    (b"number,label\n+12125550100,\xff\n", 422, [("/lines/2/label", "not_utf8")]),
    (b"number,label\n+12125550100,a\0b\n", 422, [("/lines/2/label", "invalid_characters")]),
    ("number," + ",".join(f"c{i}" for i in range(200)) + "\n", 400, [("/lines/1", "malformed_line")]),
])
def test_tables_that_are_wrong(server, tenant, text, status, found):
    before = state(server, tenant)
    assert errors(send(tenant.client, CSV, text), status) == found
    assert state(server, tenant) == before


@pytest.mark.parametrize("text, status, found", [
    ('{"number":"+12125550100"}\n\n{"number":\n', 400, [("/lines/3/number", "malformed_json")]),
    ('{"number":"+12125550100"} {}\n', 400, [("/lines/1", "malformed_json")]),
    ("[]\n7\n", 422, [("/lines/1", "wrong_type"), ("/lines/2", "wrong_type")]),
    ('{"number":"+12125550100","failover":[]}', 422, [("/lines/1/failover", "wrong_type")]),
    ('{"number":"+12125550100","failover":{"numbr":1,"number":"x"},"failover_number":"+1"}', 422, [
        ("/lines/1/failover/numbr", "unknown_field"), ("/lines/1/failover/number", "not_e164"),
        ("/lines/1/failover_number", "unknown_field")]),
])
def test_lines_that_are_wrong(server, tenant, text, status, found):
    before = state(server, tenant)
    assert errors(send(tenant.client, NDJSON, text), status) == found
    assert state(server, tenant) == before


def test_rules_hold(server, full, other):
    a, b = full.full[:2]
    new, second = full.number(), full.number()
    before = state(server, full), state(server, other)
    table = [{"number": new, "failover": {"number": new}}, {"number": second, "failover": {"calling_party_display": "fixed"}},
             {"number": a, "failover": {"calling_party_number": other.did["number"]}},
             {"number": b, "trunk_id": other.trunk["id"]}, {"number": other.did["number"], "label": "mine"},
             {"number": new}, {"number": full.full[4], "account_id": full.account["id"]}]
    assert sorted(errors(send(full.client, NDJSON, table))) == sorted([
        ("/lines/1/failover/number", "self_forward"), ("/lines/2/failover/calling_party_number", "required"),
        ("/lines/3/failover/calling_party_number", "number_not_owned"), ("/lines/4/trunk_id", "unknown_trunk"),
        ("/lines/5/number", "already_exists"), ("/lines/6/number", "duplicate_item")])
    assert errors(send(full.client, NDJSON, [{"number": a}], "create"), 409) == [("/lines/1/number", "already_exists")]
    assert errors(send(full.client, NDJSON, [{"number": other.did["number"]}]), 409) == [("/lines/1/number", "already_exists")]
    # a circle within the table, and one through what is there
    circle = [{"number": new, "failover": {"number": second}}, {"number": second, "failover": {"number": new}}]
    assert errors(send(full.client, NDJSON, circle)) == [("/lines/1/failover/number", "forwarding_loop"),
                                                         ("/lines/2/failover/number", "forwarding_loop")]
    full.client.request("PUT", f"/v1/dids/{a}/failover", {"number": b}).ok(200)
    answer = send(full.client, CSV, f"number,failover_number\n{b},{a}\n")
    assert errors(answer) == [("/lines/2/failover_number", "forwarding_loop")]
    full.client.request("DELETE", f"/v1/dids/{a}/failover").ok(204)
    # one DID of the table may be the caller's number of another
    assert counts(send(full.client, NDJSON, [
        {"number": new, "failover": {"calling_party_display": "fixed", "calling_party_number": second}},
        {"number": second}])) == (2, 0, 0)
    full.client.request("DELETE", f"/v1/dids/{new}").ok(204)
    full.client.request("DELETE", f"/v1/dids/{second}").ok(204)
    strip = [json.dumps([{k: v for k, v in d.items() if k not in ("version", "updated_at")} for d in json.loads(s)])
             for s in (before[0], state(server, full))]
    assert strip[0] == strip[1] and state(server, other) == before[1]


def test_forwardings_are_checked(server, tenant, other):
    a, b = tenant.number(), tenant.number()

    def line(number, **forwarding):
        return {"number": number, "forwardings": [{"target": {"external": "+442079460123"}, **forwarding}]}

    for one, code in ((line(a, target={"internal": "999"}), "unknown_internal_number"),
                      (line(a, target={"internal": other.did["number"]}), "unknown_internal_number"),
                      (line(a, target={"external": a}), "self_forward"), (line(a, calling_party_display="fixed"), "required"),
                      (line(a, calling_party_number=other.did["number"]), "number_not_owned"),
                      (line(a, target={"external": "+19005550100"}), "destination_denied")):
        assert errors(send(tenant.client, NDJSON, [one])) == [("/lines/1/forwardings", code)], one
    assert errors(send(tenant.client, NDJSON, [line(a, ring_seconds=0)])) == [("/lines/1/forwardings/0/ring_seconds", "out_of_range")]
    assert errors(send(tenant.client, CSV, f"number,forwardings\n{a},[}}\n")) == [("/lines/2/forwardings", "wrong_type")]
    circle = [line(a, target={"internal": b}), line(b, target={"internal": a})]
    assert errors(send(tenant.client, NDJSON, circle)) == [("/lines", "forwarding_loop")]
    answer = tenant.client.request("POST", "/v1/mass-operations", {"action": "create", "dids": [{"number": a, "forwardings": []}]})
    answer.problem(422, "unknown_field", "/dids/0/forwardings")
    tenant.operator.request("PUT", f"{tenant.path}/failover", {"number": a}).ok(200)
    tenant.client.request("POST", "/v1/mass-operations", {"action": "create", "dids": [{"number": a}]}).problem(
        422, "forwarding_loop", "/dids")
    assert counts(send(tenant.client, NDJSON, [line(b)])) == (1, 0, 0)


def test_destinations_are_checked(server, tenant):
    tenant.operator.request("PUT", f"{tenant.path}/destination-rules", {"allowed_countries": ["US"]}).ok()
    a, b = tenant.number(), tenant.number()
    answer = send(tenant.client, NDJSON, [{"number": a, "failover": {"number": "+442079460123"}},
                                          {"number": b, "failover": {"number": "+442079460123"}}])
    assert errors(answer) == [("/lines/1/failover/number", "destination_denied")]
    assert answer.json["detail"] == "There are 2 errors."


def test_operators_rows_say_whose_they_are(server, tenant, other):
    a, b = tenant.number(), other.number()
    table = [{"number": a.strip("+1"), "account_id": tenant.account["id"]}, {"number": b, "account_id": other.account["id"]}]
    assert counts(send(server.client, NDJSON, table)) == (2, 0, 0)
    assert counts(send(server.client, NDJSON, [{"number": a, "label": "x"}])) == (0, 1, 0)
    assert errors(send(server.client, NDJSON, [{"number": a, "account_id": other.account["id"]},
                                               {"number": tenant.number()}])) == [
        ("/lines/2/account_id", "required"), ("/lines/1/account_id", "read_only")]
    assert errors(send(tenant.client, NDJSON, [{"number": a, "account_id": other.account["id"]}])) == [
        ("/lines/1/account_id", "unknown_account")]


def test_requests_that_are_wrong(server, tenant):
    send(tenant.client, "application/json", "{}").problem(415)
    send(tenant.client, f"{CSV}; charset=latin-1", "number\n").problem(415)
    send(tenant.client, CSV, "").problem(400, "body_required")
    for query in ("mode=replace", "dry_run=1", "colour=red"):
        tenant.client.request("POST", f"{PATH}?{query}", "number\n", {"Content-Type": CSV}).problem(400)
    tenant.client.get(PATH).problem(405)
    reader = tenant.made(f"{tenant.path}/api-keys", {"name": "reader", "scopes": ["read"]})["key"]
    send(tenant.client.key_for(reader), CSV, "number\n").problem(403, "insufficient_scope")
    assert counts(send(tenant.client, CSV, "number,label\n")) == (0, 0, 0)


@BOTH
def test_once_with_a_key(tenant, form):
    number = tenant.number()
    text = f"number\n{number}\n" if form == CSV else json.dumps({"number": number})
    key = {"Idempotency-Key": f"import-{next(_serial)}"}
    first, again = (send(tenant.client, form, text, "create", headers=key) for _ in range(2))
    assert counts(first) == counts(again) == (1, 0, 0)
    assert first.json == again.json and again.headers["Idempotent-Replayed"] == "true"


def test_ten_thousand_there_and_back(server, tenant):
    many = 10000
    table = "number,trunk_id,label,failover_number\n" + "".join(
        f"+{46702000000 + i},{tenant.trunk['id']},line {i},+4420794{i % 50:05d}\n" for i in range(many))
    assert counts(send(tenant.client, CSV, table, "create", timeout=120)) == (many, 0, 0)
    answer = export(tenant.client, CSV, "?prefix=46702")
    assert len(rows(answer, CSV)) == many
    assert counts(send(tenant.client, CSV, answer.body, timeout=120)) == (0, 0, many)
    assert counts(send(tenant.client, CSV, table.replace(",line ", ",row "), timeout=120)) == (0, many, 0)
