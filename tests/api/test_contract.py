"""openapi.yaml, the page made of it, and the program say the same."""

import re

from client import TOP


def codes_of_the_program():
    text = (TOP / "api/problem_code.h").read_text()
    return re.findall(r'X\(\w+,\s*"(\w+)"', text)


def test_error_codes(api):
    named = [c["const"] for c in api.contract.document["components"]["schemas"]["ErrorCode"]["oneOf"]]
    assert named == codes_of_the_program()


def test_every_route_stands_in_both(api):
    text = (TOP / "api/route.c").read_text()
    routed = {"/" + p for p in re.findall(r'^\t\{"([^"]+)"', text, re.M)}
    assert {re.sub(r"\{\w+\}", "{}", p) for p in routed} == {
        re.sub(r"\{\w+\}", "{}", p) for p in api.contract.document["paths"]}


def test_served_as_it_is(server, api):
    answer = api.key_for(None).get("/openapi.yaml")
    assert answer.status == 200 and answer.headers["Content-Type"] == "application/yaml"
    assert answer.body == (TOP / "openapi.yaml").read_bytes()


def test_page(api):
    answer = api.key_for(None).get("/docs")
    page = answer.body.decode()
    assert answer.status == 200 and answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert not re.search(r'(src|href)="(https?:)?//', page) and "<script" not in page
    for path, item in api.contract.document["paths"].items():
        assert f"<code>{path}</code>" in page
        for operation in (o for o in item.values() if isinstance(o, dict) and "operationId" in o):
            assert f'id="{operation["operationId"]}"' in page
    for code in codes_of_the_program():
        assert f'id="{code}"' in page
    anchors = set(re.findall(r'id="([^"]+)"', page))
    assert set(re.findall(r'href="#([^"]+)"', page)) <= anchors


def test_writable_fields_are_those_of_the_contract(api, tenant):
    """Each field that a body may have in the contract is known to the program, and no other one."""
    plan = "/v1/dial-plans/dp_0190163d-8694-739b-aea5-966c26f8ad91"
    schemas = api.contract.document["components"]["schemas"]
    for method, path, name in (
            ("POST", "/v1/accounts", "AccountCreate"), ("PATCH", tenant.path, "AccountUpdate"),
            ("PUT", f"{tenant.path}/failover", "AccountFailoverWrite"),
            ("PUT", f"{tenant.path}/destination-rules", "DestinationRulesWrite"), ("POST", "/v1/trunks", "TrunkCreate"),
            ("PATCH", tenant.trunk_path, "TrunkUpdate"), ("POST", "/v1/dids", "DidCreate"),
            ("PUT", f"{tenant.trunk_path}/sip-accounts/primary", "SipAccountWrite"),
            ("PUT", f"{tenant.trunk_path}/sip-accounts/secondary", "SipAccountWrite"),
            ("PUT", f"{tenant.trunk_path}/failover", "TrunkFailoverWrite"), ("PUT", f"{tenant.trunk_path}/ha", "HaWrite"),
            ("PATCH", tenant.did_path, "DidUpdate"), ("PUT", f"{tenant.did_path}/failover", "DidFailoverWrite"),
            ("PUT", f"{tenant.did_path}/forwardings", "DidForwardingsWrite"), ("POST", "/v1/dial-plans", "DialPlanCreate"),
            ("PUT", plan, "DialPlanWrite"), ("PATCH", plan, "DialPlanUpdate"),
            ("POST", "/v1/gateways", "GatewayCreate"), ("PATCH", "/v1/gateways/gw_0190163d-8694-739b-aea5-966c26f8ad91", "GatewayUpdate"),
            ("POST", "/v1/webhooks", "WebhookCreate"), ("PATCH", "/v1/webhooks/whk_0190163d-8694-739b-aea5-966c26f8ad91", "WebhookUpdate"),
            ("POST", f"{tenant.path}/api-keys", "ApiKeyCreate"), ("PATCH", "/v1/workers/w", "WorkerUpdate")):
        wrong = {field: [[]] for field in schemas[name]["properties"]}
        errors = api.request(method, path, dict(wrong, no_such_field=1)).problem(422)["errors"]
        unknown = [e["pointer"] for e in errors if e["code"] in ("unknown_field", "read_only")]
        assert unknown == ["/no_such_field"], (name, errors)


def test_metrics(server):
    before = server.metrics("api")
    server.client.get("/v1/sync").ok(200)
    server.client.get("/v1/nowhere").problem(404)
    after = server.metrics("api")
    for key in ('trunkguard_http_requests_total{route="/v1/sync",method="GET",status="2xx"}',
                'trunkguard_http_requests_total{route="none",method="GET",status="4xx"}'):
        assert after[key] == before.get(key, 0) + 1
    assert after["trunkguard_http_request_seconds_count"] > before["trunkguard_http_request_seconds_count"]
    assert after['trunkguard_http_request_seconds_bucket{le="+Inf"}'] == after["trunkguard_http_request_seconds_count"]
    assert after["trunkguard_database_up"] == 1
    text = server.page(server.http, "/metrics").text
    for name in {line.split("{")[0].split(" ")[0] for line in text.splitlines() if not line.startswith("#")}:
        base = re.sub(r"_(bucket|sum|count)$", "", name) if "request_seconds" in name else name
        assert f"# TYPE {base} " in text and f"# HELP {base} " in text
