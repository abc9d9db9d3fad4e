"""Bodies as no polite client writes them (T26)."""

import json

import pytest


def post(api, body):
    return api.request("POST", "/v1/accounts", body)


REFUSED = {
    "empty": (b"", "body_required", ""),
    "blank": (b" ", "malformed_json", ""),
    "open": (b"{", "malformed_json", ""),
    "nonsense": (b"nonsense", "malformed_json", ""),
    "trailing text": (b'{"name": "a"} x', "malformed_json", ""),
    "trailing comma": (b'{"name": "a",}', "malformed_json", ""),
    "byte order mark": (b"\xef\xbb\xbf{}", "malformed_json", ""),
    "single quotes": (b"'name'", "malformed_json", ""),
    "not a number": (b'{"name": NaN}', "malformed_json", "/name"),
    "list": (b"[]", "not_an_object", ""),
    "number": (b"7", "malformed_json", ""),
    "null": (b"null", "malformed_json", ""),
    "duplicate": (b'{"name": "a", "name": "b"}', "duplicate_key", "/name"),
    "deep duplicate": (b'{"a": {"b": [{"c": 1, "c": 2}]}}', "duplicate_key", "/a/b/0/c"),
    "escaped NUL": (b'{"name": "a\\u0000b"}', "nul_character", "/name"),
    "NUL": (b'{"name": "a\x00b"}', "malformed_json", "/name"),
    "lone surrogate": (b'{"name": "a\\ud800"}', "malformed_json", "/name"),
    "not UTF-8": (b'{"name": "\xff"}', "not_utf8", "/name"),
    "surrogate in UTF-8": (b'{"name": "\xed\xa0\x80"}', "not_utf8", "/name"),
    "control character": (b'{"name": "a\x01"}', "malformed_json", "/name"),
    "2^63": (b'{"enabled": 9223372036854775808}', "number_out_of_range", "/enabled"),
    "1e400": (b'{"enabled": 1e400}', "number_out_of_range", "/enabled"),
    "17 levels": (b'{"a": ' + b"[" * 16 + b"]" * 16 + b"}", "too_deep", "/a" + "/0" * 15),
    "100,000 lists deep": (b"[" * 100000, "too_deep", "/0" * 16),
    "100,000 objects deep": (b'{"a":' * 100000, "too_deep", "/a" * 16),
    "20,004 values": (b'{"a": [' + b"{}," * 20000 + b"{}]}", "too_many_values", "/a/19997"),
    "400,000 numbers": (b'{"a": [' + b"1," * 400000 + b"1]}", "too_many_values", "/a/19997"),
    "349,000 objects": (b"[" + b"{}," * 349000 + b"{}]", "too_many_values", "/19999"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_refused_with_a_pointer(api, what):
    body, code, pointer = REFUSED[what]
    errors = post(api, body).problem(400, "malformed_json")["errors"]
    assert [(e["code"], e["pointer"]) for e in errors] == [(code, pointer)]


def test_depth_that_is_allowed(api):
    body = {"a": 1}
    for _ in range(14):
        body = {"a": body}
    post(api, body).problem(422, "unknown_field", "/a")


def test_long_key(api):
    errors = post(api, {"k" * 1000000: 1, "name": "x"}).problem(422, "unknown_field")["errors"]
    assert len(errors[0]["pointer"]) < 200


def test_many_unknown_fields(api):
    problem = post(api, {f"f{i}": i for i in range(5000)}).problem(422, "unknown_field")
    assert len(problem["errors"]) == 100 and "5001" in problem["detail"]


def test_bombs_leave_no_mark(server, api):
    """79 times a body's size is what jansson would take without the scan."""
    def resident():
        pid = server.children["api"].pid
        with open(f"/proc/{pid}/status") as status:
            return int(next(line for line in status if line.startswith("VmRSS")).split()[1])

    bombs = [b"[" + b"{}," * 349000 + b"{}]", b"[" * 1000000, b'{"a":' * 200000,
             json.dumps({f"k{i}": i for i in range(60000)}).encode()]
    for bomb in bombs:
        post(api, bomb).problem(400)
    before = resident()
    for _ in range(10):
        for bomb in bombs:
            post(api, bomb).problem(400)
    assert resident() < before + 64 * 1024


INJECTIONS = ["'; DROP TABLE did; --", "' OR '1'='1", "\\'; SELECT pg_sleep(9)--", "{\"$gt\":\"\"}", "$1", "%s%n%x",
              "${jndi:ldap://x}", "\u202e\u2066", "\U0001f600", "\\x27", "/*", "NULL", "\\N"]


@pytest.mark.parametrize("text", INJECTIONS)
def test_texts_come_back_as_they_were(api, tenant, text):
    made = api.request("PATCH", tenant.did_path, {"label": text, "external_id": text}).ok(200).json
    assert made["label"] == text and made["external_id"] == text
    assert api.get(tenant.did_path).json["label"] == text
    from urllib.parse import quote
    found = api.get(f"/v1/dids?account_id={tenant.account['id']}&external_id={quote(text)}").ok(200).json["data"]
    assert [d["number"] for d in found] == [tenant.did["number"]]
    found = api.get(f"/v1/dids?account_id={tenant.account['id']}&q={quote(text)}").ok(200).json["data"]
    assert [d["number"] for d in found] == [tenant.did["number"]]


@pytest.mark.parametrize("text", INJECTIONS)
def test_injections_as_ids_and_numbers(api, tenant, text):
    from urllib.parse import quote
    for path in (f"/v1/accounts/{quote(text, safe='')}", f"/v1/dids/{quote(text, safe='')}", f"/v1/sync/{quote(text, safe='')}"):
        assert api.get(path).status in (400, 404)
    api.request("PATCH", tenant.did_path, {"trunk_id": text}).problem(422, "not_an_id")
    api.request("PUT", f"{tenant.did_path}/failover", {"number": text}).problem(422, "not_e164")
