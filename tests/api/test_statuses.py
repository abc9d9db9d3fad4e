"""What every operation answers to the same mistakes, made of the contract itself: no key, a key that may not, an id of
nothing, a body that is none, another media type. tests/contract/coverage.py counts what is left to the other suites."""

import pytest

from conftest import Tenant
from operations import OPERATIONS


def those(status):
    return pytest.mark.parametrize("operation", [o for o in OPERATIONS if status in o.statuses], ids=str)


@pytest.fixture(scope="module")
def keys(api):
    """One account's keys: read, write and both."""
    account = api.request("POST", "/v1/accounts", {"name": "statuses"}).ok(201).json
    return {scopes: api.key_for(api.request("POST", f"/v1/accounts/{account['id']}/api-keys", {
        "name": "k", "scopes": scopes.split()}).ok(201).json["key"]) for scopes in ("read", "write", "read write")}


@those(401)
def test_no_key(api, operation):
    assert not operation.public
    operation.ask(api.key_for(None)).problem(401, "unauthorized")


@those(403)
def test_a_key_that_may_not(keys, operation):
    if operation.operators:
        operation.ask(keys["read write"]).problem(403, "operator_only")
    operation.ask(keys["write" if operation.verb == "get" else "read"]).problem(403, "insufficient_scope")


@those(404)
def test_an_id_of_nothing(api, operation):
    if "{" not in operation.path:
        pytest.skip("nothing can be missing here")
    operation.ask(api, operation.example() if operation.body else None).problem(404, "not_found")


@those(406)
def test_an_answer_that_cannot_be_had(api, operation):
    operation.ask(api, headers={"Accept": "image/png"}).problem(406, "not_acceptable")


@those(400)
def test_what_is_malformed(api, operation):
    if operation.verb == "get" and not operation.public:
        operation.ask(api, query="?no_such_parameter=1").problem(400, "unknown_parameter")
    elif operation.body and operation.kind.endswith("json"):
        operation.ask(api, b'{"a": ').problem(400, "malformed_json")
    elif operation.body:
        pytest.skip("no JSON")
    else:
        operation.ask(api, headers={"Transfer-Encoding": "gzip, chunked"}).problem(400, "malformed_request")


@those(415)
def test_another_media_type(api, operation):
    if not operation.body:
        pytest.skip("no body is asked for")
    operation.ask(api, b"<a/>", headers={"Content-Type": "application/x-nothing"}).problem(415, "unsupported_media_type")


@those(413)
def test_too_much(api, operation):
    if not operation.body:
        pytest.skip("no body is asked for")
    answer = operation.ask(api, b" " * (2 << 20))
    if answer.status in (200, 400, 404, 422):  # it takes more, up to 32 MiB
        answer = operation.ask(api, b"", {"Content-Length": str(33 << 20)})
    answer.problem(413, "body_too_large")


@those(422)
def test_a_field_that_is_none(api, operation):
    if not operation.body:
        pytest.skip("no body is asked for")
    shown = operation.example()
    if not isinstance(shown, dict):
        pytest.skip("no object")
    answer = operation.ask(api, {**shown, "no_such_field": 1})
    if "{" in operation.path and answer.status == 404:
        pytest.skip("what is missing is said first")
    answer.problem(422, "unknown_field", "/no_such_field")


@those(412)
def test_what_is_not_as_it_was(api, operation):
    answer = operation.ask(api, operation.example() if operation.body else None, {"If-Match": '"of-before"'})
    if operation.verb == "post" and answer.status == 404:
        pytest.skip("what is missing is said first")
    answer.problem(412, "precondition_failed")


@pytest.fixture(scope="module")
def something(server, api):
    """Something is there of most kinds."""
    tenant = Tenant(server, ha_addon=True)
    api.request("PUT", f"{tenant.trunk_path}/sip-accounts/secondary", {
        "username": f"second{tenant.serial}", "password": "s3cret-s3cret-"}).ok(201)
    gateway = api.request("POST", "/v1/gateways", {
        "name": "for the statuses", "address": {"host": "sip.carrier.example"}, "prefixes": ["999"]}).ok(201).json
    yield tenant
    api.request("DELETE", f"/v1/gateways/{gateway['id']}").ok(204)


@those(304)
def test_what_is_as_it_was(api, something, operation):
    collection, _, variable = operation.path.partition("/{")
    variable = variable.split("}")[0]
    values = {"account_id": something.account["id"], "trunk_id": something.trunk["id"], "number": something.did["number"]}
    if variable not in values:
        found = api.get(f"{collection}?limit=1").ok(200).json["data"]
        if not found:
            pytest.skip(f"nothing is in {collection}")
        values[variable] = next(found[0][key] for key in ("id", "number", "name") if key in found[0])
    first = operation.ask(api, values=values)
    if first.status == 404:
        pytest.skip("the first one has not got it")
    again = operation.ask(api, headers={"If-None-Match": first.ok(200).headers["ETag"]}, values=values)
    assert again.status == 304 and not again.body and again.headers["ETag"] == first.headers["ETag"]
    operation.ask(api, headers={"If-None-Match": '"of-before"'}, values=values).ok(200)


def test_every_operation_says_what_it_shares_with_the_others():
    """A key, its scope, what it takes: every operation with them names the answers that come of them."""
    for o in OPERATIONS:
        wanted = set() if o.public else {401, 403, 406, 503}
        if o.body and o.body.get("required"):
            wanted |= {400, 413, 415, 422}
        assert wanted <= o.statuses, (str(o), wanted - o.statuses)
