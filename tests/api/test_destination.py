"""Where an account's calls may go: who sets the rules, and what they do to every write of a number."""

import itertools

import pytest

DEFAULT = {"allowed_countries": None, "denied_prefixes": [], "allowed_prefixes": [], "allow_premium": False,
           "max_failover_calls": None, "max_failover_calls_per_minute": None, "max_failover_call_seconds": None}
GB = "+442079460123"
PREMIUM = "+19005550100"


def rules(tenant, **fields):
    return tenant.operator.request("PUT", f"{tenant.path}/destination-rules", fields).ok(200).json


# ---- the resource ----------------------------------------------------------------------------

def test_life(tenant):
    path = f"{tenant.path}/destination-rules"
    assert tenant.operator.get(path).ok(200).json == DEFAULT
    made = rules(tenant, allowed_countries=["US", "GB"], denied_prefixes=["+1900", "44871"], max_failover_calls=0)
    assert made == {**DEFAULT, "allowed_countries": ["US", "GB"], "denied_prefixes": ["1900", "44871"],
                    "max_failover_calls": 0}
    assert tenant.client.get(path).ok(200).json == made, "the account may read what binds it"
    changed = tenant.operator.request("PATCH", path, {"allowed_countries": [], "max_failover_calls_per_minute": 60})
    assert changed.ok(200).json == {**made, "allowed_countries": [], "max_failover_calls_per_minute": 60}
    assert changed.headers["Trunkguard-Revision"]
    assert rules(tenant, allow_premium=True) == {**DEFAULT, "allow_premium": True}
    tenant.operator.request("DELETE", path).ok(204)
    assert tenant.operator.get(path).ok(200).json == DEFAULT
    tenant.operator.get("/v1/accounts/acc_0190163d-8694-739b-aea5-966c26f8ad91/destination-rules").problem(404)


def test_lost_update(tenant):
    path = f"{tenant.path}/destination-rules"
    etag = tenant.operator.get(path).headers["ETag"]
    rules(tenant, allow_premium=True)
    tenant.operator.request("PUT", path, {}, headers={"If-Match": etag}).problem(412, "precondition_failed")
    assert tenant.operator.get(path).json["allow_premium"]


@pytest.mark.parametrize("field, value, code, pointer", [
    ("allowed_countries", ["USA"], "not_a_country", "/allowed_countries/0"),
    ("allowed_countries", ["US", "us"], "not_a_country", "/allowed_countries/1"),
    ("allowed_countries", ["US", "US"], "duplicate_item", "/allowed_countries/1"),
    ("allowed_countries", ["US", 1], "wrong_type", "/allowed_countries/1"),
    ("allowed_countries", "US", "wrong_type", "/allowed_countries"),
    ("denied_prefixes", [""], "not_a_prefix", "/denied_prefixes/0"),
    ("denied_prefixes", ["+"], "not_a_prefix", "/denied_prefixes/0"),
    ("denied_prefixes", ["1x"], "not_a_prefix", "/denied_prefixes/0"),
    ("allowed_prefixes", ["1" * 16], "not_a_prefix", "/allowed_prefixes/0"),
    ("allow_premium", "yes", "wrong_type", "/allow_premium"),
    ("max_failover_calls", -1, "out_of_range", "/max_failover_calls"),
    ("max_failover_calls", 1.5, "wrong_type", "/max_failover_calls"),
    ("max_failover_calls_per_minute", 0, "out_of_range", "/max_failover_calls_per_minute"),
    ("max_failover_call_seconds", 604801, "out_of_range", "/max_failover_call_seconds"),
    ("premium", True, "unknown_field", "/premium"),
])
def test_field_refused(tenant, field, value, code, pointer):
    tenant.operator.request("PUT", f"{tenant.path}/destination-rules", {field: value}).problem(422, code, pointer)
    assert tenant.operator.get(f"{tenant.path}/destination-rules").json == DEFAULT


def test_no_account_lifts_its_own_rules(tenant):
    before = rules(tenant, allowed_countries=["US"])
    for method, body in (("PUT", {}), ("PATCH", {"allow_premium": True}), ("DELETE", None), ("PUT", {"nonsense": 1})):
        tenant.client.request(method, f"{tenant.path}/destination-rules", body).problem(403, "operator_only")
    assert tenant.client.get(f"{tenant.path}/destination-rules").json == before


# ---- what they do ----------------------------------------------------------------------------

def ways(tenant):
    """Each way to set a failover number: what is asked for, and the pointer of a refusal."""
    yield "PUT", f"{tenant.path}/failover", lambda n: {"number": n}, "/number"
    yield "PATCH", f"{tenant.path}/failover", lambda n: {"number": n}, "/number"
    yield "PUT", f"{tenant.did_path}/failover", lambda n: {"number": n}, "/number"
    yield "PATCH", f"{tenant.did_path}/failover", lambda n: {"number": n}, "/number"
    yield "POST", "/v1/mass-operations", lambda n: {"action": "set_failover", "failover": {"number": n}, "select": {
        "numbers": [tenant.did["number"]]}}, "/failover/number"
    yield "POST", "/v1/mass-operations", lambda n: {"action": "set_failover", "failover": {"number": n}, "select": {
        "account_id": tenant.account["id"], "all": True}}, "/failover/number"


def set_numbers(tenant):
    return [tenant.operator.get(f"{path}/failover").json["number"] for path in (tenant.path, tenant.did_path)]


def test_every_country_but_no_premium_number_by_default(tenant):
    for method, path, body, pointer in ways(tenant):
        for client in (tenant.operator, tenant.client):
            client.request(method, path, body(PREMIUM)).problem(422, "destination_denied", pointer)
    assert set_numbers(tenant) == [None, None]
    for method, path, body, _ in ways(tenant):
        tenant.client.request(method, path, body(GB)).ok()
    assert set_numbers(tenant) == [GB, GB]


def test_what_the_rules_deny_and_allow(tenant):
    cases = [({"allowed_countries": ["US"]}, "+12125550177", GB), ({"allowed_countries": []}, None, "+12125550177"),
             ({"denied_prefixes": ["4420"]}, "+441612345678", GB), ({"allow_premium": True}, PREMIUM, "+19115550100"),
             ({"allowed_countries": ["US"], "allowed_prefixes": ["4420"]}, GB, "+441612345678"),
             ({"allowed_countries": ["US", "DO"]}, "+18095550100", "+18765550100"),
             ({"allowed_countries": ["CA"]}, "+14165550100", "+12125550177")]
    for given, good, bad in cases:
        rules(tenant, **given)
        for method, path, body, pointer in ways(tenant):
            errors = tenant.client.request(method, path, body(bad)).problem(422, pointer=pointer)["errors"]
            assert errors[0]["code"] in ("destination_denied", "emergency_number"), (given, bad)
            if good:
                tenant.client.request(method, path, body(good)).ok()


def test_service_numbers_are_never_lifted(tenant):
    rules(tenant, allow_premium=True, allowed_prefixes=["1911"])
    for method, path, body, pointer in ways(tenant):
        tenant.operator.request(method, path, body("+19115550100")).problem(422, "emergency_number", pointer)


@pytest.mark.parametrize("text", ["911", "112", "+911"])
def test_emergency_numbers_are_no_failover_target(tenant, text):
    rules(tenant, allow_premium=True)
    for method, path, body, pointer in ways(tenant):
        tenant.operator.request(method, path, body(text)).problem(422, "emergency_number", pointer)


def test_a_mass_operation_minds_every_account(tenant, other):
    rules(other, allowed_countries=["US"])
    select = {"numbers": [tenant.did["number"], other.did["number"]]}
    tenant.operator.request("POST", "/v1/mass-operations", {
        "action": "set_failover", "select": select, "failover": {"number": GB}}).problem(
            422, "destination_denied", "/failover/number")
    assert set_numbers(tenant) == set_numbers(other) == [None, None]


def test_an_own_did_is_no_outside_call(tenant, other):
    rules(tenant, allowed_countries=["GB"])
    own, strange = tenant.new_did()["number"], other.did["number"]
    for method, path, body, pointer in list(ways(tenant))[2:5]:
        tenant.client.request(method, path, body(own)).ok()
        tenant.client.request(method, path, body(strange)).problem(422, "destination_denied", pointer)


def test_rules_leave_what_is_set(tenant):
    tenant.client.request("PUT", f"{tenant.did_path}/failover", {"number": GB}).ok(200)
    rules(tenant, allowed_countries=["US"])
    assert set_numbers(tenant)[1] == GB
    # What does not touch the number is not held up by it.
    tenant.client.request("PATCH", f"{tenant.did_path}/failover", {"calling_party_display": "caller"}).ok(200)
    tenant.client.request("PUT", f"{tenant.did_path}/failover", {"number": GB}).problem(422, "destination_denied")


def corpus():
    heads = ["1900", "1976", "1809", "1829", "1849", "1876", "1284", "1473", "870", "8816", "88216", "88351", "979",
             "808", "449", "4470", "44871", "49900", "49137", "33899", "34806", "41900", "43900", "31906", "32900",
             "46939", "358600", "39899", "61190", "81990"]
    for head, tail in itertools.product(heads, ("2000001", "5550100")):
        length = 11 if head.startswith("1") else 12
        yield (head + tail + "00000")[:length]


SPELLINGS = ["+{}", "{}", "00-{}", "00{}", "+-{}", "+ {}", " +{}", "sip:+{}@gw.example", "tel:+{}", "+{};ext=1", "+({})"]


def test_nothing_of_the_corpus_can_be_set(tenant):
    """However it is spelled: what is read as a number is denied, the rest is no number."""
    tried = 0
    for digits in corpus():
        wide = "".join(chr(0xff10 + int(d)) for d in digits)
        for text in [spelling.format(digits) for spelling in SPELLINGS] + ["+" + wide, wide]:
            error = tenant.client.request("PUT", f"{tenant.did_path}/failover", {"number": text}).problem(
                422, pointer="/number")["errors"][0]
            assert error["code"] in ("destination_denied", "not_e164"), text
            tried += 1
    assert tried > 700
    assert set_numbers(tenant) == [None, None]
