"""Pages, cursors, links, filters."""

import base64
import json
import re
import uuid

import pytest


def walk(client, path, limit):
    """Every item, page by page, following the Link header and checking the cursor against it."""
    items, url = [], f"{path}{'&' if '?' in path else '?'}limit={limit}"
    while url:
        answer = client.get(url).ok(200)
        assert len(answer.json["data"]) <= limit
        items += answer.json["data"]
        link = answer.headers["Link"]
        assert (link is None) == (answer.json["next_cursor"] is None)
        url = re.fullmatch(r'<([^>]+)>; rel="next"', link)[1] if link else None
        if url:
            assert f"cursor={answer.json['next_cursor']}" in url
            assert len(answer.json["data"]) == limit
    return items


def test_pages_hold_everything_once(api, tenant):
    numbers = [tenant.did["number"]] + [tenant.new_did()["number"] for _ in range(7)]
    for limit in (1, 3, 4, 8, 100):
        found = walk(api, f"/v1/dids?account_id={tenant.account['id']}", limit)
        assert [d["number"] for d in found] == sorted(numbers)
    trunks = [tenant.made("/v1/trunks", {"account_id": tenant.account["id"], "name": f"t{i}"})["id"] for i in range(4)]
    found = walk(tenant.client, "/v1/trunks", 2)
    assert [t["id"] for t in found] == [tenant.trunk["id"]] + trunks


def test_a_page_does_not_skip_what_is_deleted_meanwhile(api, tenant):
    numbers = sorted([tenant.did["number"]] + [tenant.new_did()["number"] for _ in range(3)])
    first = tenant.client.get("/v1/dids?limit=2").ok(200).json
    api.request("DELETE", f"/v1/dids/{numbers[0]}").ok(204)
    rest = tenant.client.get(f"/v1/dids?limit=2&cursor={first['next_cursor']}").ok(200).json
    assert [d["number"] for d in rest["data"]] == numbers[2:]


def test_empty(tenant):
    page = tenant.client.get("/v1/cdrs").ok(200).json
    assert page == {"data": [], "next_cursor": None}


def test_prefix_crosses_lengths(api, tenant):
    """Numbers of other lengths with the same beginning; and neighbours of the range are not in it."""
    stem = f"4930{tenant.serial:03d}"
    inside = [f"+{stem}", f"+{stem}1", f"+{stem}12345", f"+{stem}99999999"]
    outside = [f"+4930{tenant.serial - 1:03d}9999", f"+4930{tenant.serial + 1:03d}0"]
    for number in inside + outside:
        api.request("POST", "/v1/dids", {"number": number, "account_id": tenant.account["id"]})
    for prefix in (f"%2B{stem}", stem, f"+{stem}"):
        for limit in (1, 2, 50):
            found = [d["number"] for d in walk(tenant.client, f"/v1/dids?prefix={prefix}", limit)]
            assert found == inside
    assert walk(tenant.client, f"/v1/dids?prefix={stem}&has_failover=true", 2) == []


def test_did_filters(api, tenant):
    mine = tenant.did["number"]
    off = tenant.new_did(enabled=False, label="Reception (blue)", external_id="crm-1")["number"]
    api.request("PUT", f"/v1/dids/{off}/failover", {"backup_pbxs": [{"host": "a.example"}]}).ok(200)
    loose = tenant.new_did(trunk_id=None)["number"]

    def found(query):
        return [d["number"] for d in api.get(f"/v1/dids?account_id={tenant.account['id']}&{query}").ok(200).json["data"]]

    assert found("enabled=false") == [off]
    assert found("has_failover=true") == [off]
    assert found("has_failover=false") == [mine, loose]
    assert found(f"trunk_id={tenant.trunk['id']}") == [mine, off]
    assert found("external_id=crm-1") == [off]
    assert found("q=RECEPTION+(blue") == [off]
    assert found(f"q={mine[4:]}") == [mine]
    assert found("q=%25") == []


def test_account_and_gateway_filters(api, tenant):
    assert [a["id"] for a in api.get(f"/v1/accounts?q=tenant+{tenant.serial}&limit=1000").json["data"]
            if a["name"] == tenant.account["name"]] == [tenant.account["id"]]
    api.request("PATCH", tenant.path, {"external_id": f"x-{tenant.serial}", "enabled": False}).ok(200)
    found = api.get(f"/v1/accounts?external_id=x-{tenant.serial}&enabled=false").ok(200).json["data"]
    assert [a["id"] for a in found] == [tenant.account["id"]]
    name = f"public {tenant.serial}"
    api.request("POST", "/v1/gateways", {"name": name, "address": {"host": "a.example"}, "public_trunk": True}).ok(201)
    assert [g["name"] for g in api.get(f"/v1/gateways?public_trunk=true&q={tenant.serial}").ok(200).json["data"]
            if g["name"] == name] == [name]


@pytest.mark.parametrize("query, code", [
    ("limit=0", "invalid_parameter"), ("limit=1001", "invalid_parameter"), ("limit=-1", "invalid_parameter"),
    ("limit=", "invalid_parameter"), ("limit=1x", "invalid_parameter"), ("limit=99999999999999999999", "invalid_parameter"),
    ("cursor=", "invalid_parameter"), ("cursor=%21", "invalid_parameter"), ("cursor=AAAA", "invalid_parameter"),
    ("cursor=eA", "invalid_parameter"), ("cursor=MQ&cursor=MQ", "invalid_parameter"),
    ("trunkid=1", "unknown_parameter"), ("account_id=1", "invalid_parameter"), ("enabled=1", "invalid_parameter"),
    ("enabled=true&enabled=false", "invalid_parameter"), ("prefix=", "invalid_parameter"), ("prefix=0", "invalid_parameter"),
    ("prefix=%2B", "invalid_parameter"), ("prefix=1%27", "invalid_parameter"), ("q=", "invalid_parameter"),
    ("has_failover", "invalid_parameter"), ("LIMIT=5", "unknown_parameter"),
])
def test_bad_query(api, query, code):
    body = api.get(f"/v1/dids?{query}").problem(400, code)
    assert body["errors"][0]["parameter"] == query.split("=")[0]


def test_all_bad_parameters_at_once(api):
    errors = api.get("/v1/cdrs?limit=x&from=now&disposition=FINE&foo=1").problem(400)["errors"]
    assert sorted(e["parameter"] for e in errors) == ["disposition", "foo", "from", "limit"]


def test_cursor_of_another_list(api, tenant):
    tenant.new_did()
    cursor = tenant.client.get("/v1/dids?limit=1").json["next_cursor"]
    api.get(f"/v1/trunks?cursor={cursor}").problem(400, "invalid_parameter")
    forged = base64.urlsafe_b64encode(b"1; DROP TABLE did").decode().rstrip("=")
    api.get(f"/v1/dids?cursor={forged}").problem(400, "invalid_parameter")


def cdr(server, tenant, at, **fields):
    """A call record as a worker writes it; its id carries the time."""
    ms = int(server.sql(f"SELECT (extract(epoch FROM '{at}'::timestamptz) * 1000)::bigint"))
    identity = str(uuid.UUID(int=(ms << 80) | (7 << 76) | (uuid.uuid4().int & ((1 << 76) - 1))))
    row = {"id": identity, "account_id": tenant.account["id"][4:], "trunk_id": tenant.trunk["id"][4:],
           "did": tenant.did["number"][1:], "worker": "w", "started_at": at, "ended_at": at,
           "disposition": "ANSWERED", "cause": "NORMAL", **fields}
    server.sql(f"INSERT INTO cdr ({', '.join(row)}) VALUES ({', '.join(repr(v) for v in row.values())})")
    return f"cdr_{identity}"


def test_cdrs(api, server, tenant):
    old = cdr(server, tenant, "2026-01-01T10:00:00Z")
    lost = cdr(server, tenant, "2026-01-02T10:00:00Z", disposition="CONGESTION", cause="CAPACITY", status=503,
               failed_over="true", attempts=json.dumps(api.contract.document["components"]["schemas"]["Cdr"]
                                                       ["examples"][0]["attempts"], default=str))
    new = cdr(server, tenant, "2026-01-03T10:00:00Z", answered_at="2026-01-03T10:00:05Z", duration_ms=1500)

    def found(query):
        return [c["id"] for c in walk(tenant.client, f"/v1/cdrs?{query}", 1)]

    assert found("") == [new, lost, old]
    assert found("failed_over=true") == [lost]
    assert found("direction=inbound") == [new, lost, old] and found("direction=outbound") == []
    assert found("disposition=ANSWERED") == [new, old]
    assert found("from=2026-01-02T10:00:00Z") == [new, lost]
    assert found("to=2026-01-02T10:00:00Z") == [old]
    assert found("from=2026-01-02&to=2026-01-03") == [lost]
    assert found("from=2026-01-02T12:00:00%2B02:00") == [new, lost]
    assert found(f"did={tenant.did['number'][1:]}&trunk_id={tenant.trunk['id']}") == [new, lost, old]
    assert found("did=%2B12129999999") == []
    one = tenant.client.get(f"/v1/cdrs/{new}").ok(200).json
    assert one["duration_ms"] == 1500 and one["answered_at"] == "2026-01-03T10:00:05.000Z"
    status = api.get(f"{tenant.trunk_path}/status").ok(200).json
    assert status["last_failover"]["cdr_id"] == lost


def test_registrations(api, server, tenant, other):
    account = server.sql(f"SELECT id FROM sip_account WHERE username = '{tenant.username}'")
    for i in range(3):
        server.sql("INSERT INTO binding (worker, sip_account_id, contact, source, registered_at, expires_at) VALUES "
                   f"('w', '{account}', 'sip:b{i}@198.51.100.1', '198.51.100.1:5060', now(), now() + interval '1 hour')")
    server.sql("INSERT INTO binding (worker, sip_account_id, contact, registered_at, expires_at) VALUES "
               f"('w', '{account}', 'sip:gone@198.51.100.1', now() - interval '1 hour', now() - interval '1 second')")
    found = walk(tenant.client, "/v1/registrations", 2)
    assert [b["contact"] for b in found] == [f"sip:b{i}@198.51.100.1" for i in range(3)]
    assert found[0]["username"] == tenant.username and found[0]["trunk_id"] == tenant.trunk["id"]
    assert walk(other.client, "/v1/registrations", 2) == []
    assert len(api.get(f"/v1/registrations?username={tenant.username}").ok(200).json["data"]) == 3
    assert len(api.get(f"/v1/registrations?trunk_id={tenant.trunk['id']}").ok(200).json["data"]) == 3
    status = api.get(f"{tenant.trunk_path}/status").ok(200).json
    assert status["sip_accounts"][0]["registered"] and len(status["sip_accounts"][0]["bindings"]) == 3
    assert api.get(f"{tenant.did_path}/route").ok(200).json["attempts"][0]["available"]
