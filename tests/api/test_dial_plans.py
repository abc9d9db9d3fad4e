"""Dial plans and forwardings: made, read, changed, deleted; every way to get them wrong; and circles, which
nobody closes, alone or together."""

import threading

import pytest

PLAN = "dp_0190163d-8694-739b-aea5-966c26f8ad97"
TRUNK = "trk_0190163d-8694-739b-aea5-966c26f8ad91"
OFFICE = [{"days": ["mon", "tue", "wed", "thu", "fri"], "from": "08:00", "to": "18:00"}]
REJECT = {"app": "reject", "code": 486, "reason": None, "active_times": None}


@pytest.fixture
def plans(tenant):
    return Plans(tenant)


class Plans:
    """Dial plans of a tenant by their internal numbers."""

    def __init__(self, tenant):
        self.tenant = tenant
        self.path = {}

    def make(self, internal, *steps, client=None):
        answer = (client or self.tenant.client).request("POST", "/v1/dial-plans", {
            "name": f"plan {internal}", "internal_number": internal, "steps": list(steps)})
        if answer.status == 201:
            self.path[internal] = f"/v1/dial-plans/{answer.json['id']}"
        return answer

    def id(self, internal):
        return self.path[internal].rsplit("/", 1)[1]

    def change(self, internal, *steps):
        return self.tenant.client.request("PATCH", self.path[internal], {"steps": list(steps)})


def ring(*targets, **fields):
    return dict({"app": "ring", "targets": list(targets)}, **fields)


def forwardings(tenant, number, *targets, **fields):
    return tenant.client.request("PUT", f"/v1/dids/{number}/forwardings", {
        "forwardings": [dict({"target": t}, **fields) for t in targets]})


# ---- dial plans ------------------------------------------------------------------------------

def test_life(tenant, plans):
    api = tenant.client
    plans.make("200").ok(201)
    made = plans.make("100",
                      ring({"internal": "200"}, {"external": "2125550190"}, {"trunk_id": tenant.trunk["id"]},
                           {"sip_uri": "SIP:100@pbx.example:5070"}, strategy="simultaneous", active_times=OFFICE),
                      {"app": "forward", "external": "+442079460123"},
                      {"app": "schedule", "active_times": [{"days": ["sun"], "from": "22:00", "to": "06:00"}],
                       "then": [{"app": "media", "sip_uri": "sip:media.example;transport=tcp"}]},
                      {"app": "reject", "code": 480, "reason": "Nobody there"}).ok(201)
    plan, path = made.json, made.headers["Location"]
    assert plan["id"].startswith("dp_") and path == f"/v1/dial-plans/{plan['id']}"
    assert plan["account_id"] == tenant.account["id"] and made.headers["Trunkguard-Revision"]
    assert plan["steps"] == [
        {"app": "ring", "active_times": OFFICE, "strategy": "simultaneous", "ring_seconds": 15, "targets": [
            {"internal": "200"}, {"external": "+12125550190"}, {"trunk_id": tenant.trunk["id"]},
            {"sip_uri": "sip:100@pbx.example:5070;transport=udp"}]},
        {"app": "forward", "active_times": None, "external": "+442079460123"},
        {"app": "schedule", "active_times": [{"days": ["sun"], "from": "22:00", "to": "06:00"}],
         "then": [{"app": "media", "active_times": None, "sip_uri": "sip:media.example;transport=tcp"}], "else": []},
        {"app": "reject", "active_times": None, "code": 480, "reason": "Nobody there"}]
    read = api.get(path).ok(200)
    assert read.json == plan
    assert api.request("GET", path, headers={"If-None-Match": read.headers["ETag"]}).status == 304

    changed = api.request("PATCH", path, {"name": "Night"}, headers={"If-Match": read.headers["ETag"]}).ok(200).json
    assert changed["name"] == "Night" and changed["steps"] == plan["steps"]
    api.request("PATCH", path, {"name": "x"}, headers={"If-Match": read.headers["ETag"]}).problem(412)
    # What was read can be put back.
    body = {k: changed[k] for k in ("name", "internal_number", "steps")}
    assert api.request("PUT", path, body).ok(200).json["steps"] == plan["steps"]
    replaced = api.request("PUT", path, {"name": "n", "internal_number": "101", "steps": []}).ok(200).json
    assert (replaced["internal_number"], replaced["steps"]) == ("101", [])
    errors = api.request("PUT", path, {}).problem(422)["errors"]
    assert sorted(e["pointer"] for e in errors) == ["/internal_number", "/name", "/steps"]
    api.request("DELETE", path).ok(204)
    api.get(path).problem(404)
    for method in ("PUT", "PATCH"):
        api.request(method, path, body).problem(404)


def test_lists_and_filters(api, tenant, other, plans):
    plans.make("100").ok(201)
    plans.make("*98").ok(201)
    Plans(other).make("100").ok(201)
    own = f"/v1/dial-plans?account_id={tenant.account['id']}"
    numbers = [p["internal_number"] for p in api.get(own).ok(200).json["data"]]
    assert numbers == ["100", "*98"]
    assert [p["internal_number"] for p in tenant.client.get("/v1/dial-plans").ok(200).json["data"]] == numbers
    assert [p["internal_number"] for p in tenant.client.get("/v1/dial-plans?q=PLAN%20*").ok(200).json["data"]] == ["*98"]
    assert len(tenant.client.get("/v1/dial-plans?internal_number=100").ok(200).json["data"]) == 1
    did = tenant.new_did(trunk_id=None, dial_plan_id=plans.id("100"))
    found = tenant.client.get(f"/v1/dids?dial_plan_id={plans.id('100')}").ok(200).json["data"]
    assert [d["number"] for d in found] == [did["number"]]
    assert api.get(f"/v1/dids?dial_plan_id={PLAN}").ok(200).json["data"] == []


def test_internal_numbers_are_unique_in_the_account(tenant, other, plans):
    plans.make("100").ok(201)
    plans.make("100").problem(409, "already_exists", "/internal_number")
    Plans(other).make("100").ok(201)
    plans.make("200").ok(201)
    tenant.client.request("PATCH", plans.path["200"], {"internal_number": "100"}).problem(409, "already_exists")


def step_rows():
    good = {"external": "+12125550190"}
    forward = {"app": "forward", "external": "+12125550190"}
    span = {"days": ["mon"], "from": "08:00", "to": "18:00"}

    def when(**fields):
        return dict(forward, active_times=[dict(span, **fields)])

    yield {"app": "forward"}, "wrong_type", ""
    yield ["forward"], "wrong_type", "/0"
    yield [{}], "required", "/0/app"
    yield [{"app": "dance"}], "unknown_value", "/0/app"
    yield [dict(forward, targets=[])], "unknown_field", "/0/targets"
    yield [forward, dict(forward, external="911x")], "not_e164", "/1/external"
    yield [{"app": "forward"}], "required", "/0/external"
    yield [{"app": "ring"}], "required", "/0/targets"
    yield [ring()], "too_short", "/0/targets"
    yield [ring(*[{"external": f"+1212555019{i}"} for i in range(9)])], "too_many_items", "/0/targets"
    yield [ring(good, {"internal": "abc"})], "not_e164", "/0/targets/1/internal"
    yield [ring(good, {})], "required", "/0/targets/1"
    yield [ring(good, dict(good, internal="1"))], "conflicting_fields", "/0/targets/1"
    yield [ring(good, {"fax": "1"})], "unknown_field", "/0/targets/1/fax"
    yield [ring(good, good)], "duplicate_item", "/0/targets/1"
    yield [ring({"internal": "4711"})], "unknown_internal_number", "/0/targets/0/internal"
    yield [ring({"internal": "+12129999999"})], "unknown_internal_number", "/0/targets/0/internal"
    yield [ring({"trunk_id": TRUNK})], "unknown_trunk", "/0/targets/0/trunk_id"
    yield [ring({"trunk_id": "t"})], "not_an_id", "/0/targets/0/trunk_id"
    yield [ring({"sip_uri": "sip:a@10.0.0.1"})], "private_address", "/0/targets/0/sip_uri"
    yield [ring({"sip_uri": "sip:a@[fe80::1]"})], "private_address", "/0/targets/0/sip_uri"
    yield [ring({"sip_uri": "sips:a@b.example"})], "not_a_sip_uri", "/0/targets/0/sip_uri"
    yield [ring({"sip_uri": "sip:a@b.example\r\nX: y"})], "not_a_sip_uri", "/0/targets/0/sip_uri"
    yield [ring({"sip_uri": 5})], "wrong_type", "/0/targets/0/sip_uri"
    yield [ring(good, strategy="random")], "unknown_value", "/0/strategy"
    yield [ring(good, ring_seconds=0)], "out_of_range", "/0/ring_seconds"
    yield [ring(good, ring_seconds="15")], "wrong_type", "/0/ring_seconds"
    yield [{"app": "media"}], "required", "/0/sip_uri"
    yield [{"app": "reject"}], "required", "/0/code"
    yield [{"app": "reject", "code": 200}], "out_of_range", "/0/code"
    yield [{"app": "reject", "code": 486, "reason": "a\r\nb"}], "invalid_characters", "/0/reason"
    yield [{"app": "schedule"}], "required", "/0/active_times"
    yield [{"app": "schedule", "active_times": OFFICE, "else": [{"app": "forward"}]}], "required", "/0/else/0/external"
    yield [dict(forward, active_times=[])], "too_short", "/0/active_times"
    yield [dict(forward, active_times={})], "wrong_type", "/0/active_times"
    yield [dict(forward, active_times=[5])], "wrong_type", "/0/active_times/0"
    yield [when(days=[])], "too_short", "/0/active_times/0/days"
    yield [when(days=["mon", "monday"])], "unknown_value", "/0/active_times/0/days/1"
    yield [when(days=["mon", "mon"])], "duplicate_item", "/0/active_times/0/days/1"
    yield [when(**{"from": "8:00"})], "not_a_time", "/0/active_times/0/from"
    yield [when(**{"from": "24:00"})], "not_a_time", "/0/active_times/0/from"
    yield [when(to="24:01")], "not_a_time", "/0/active_times/0/to"
    yield [when(to="12:60")], "not_a_time", "/0/active_times/0/to"
    yield [when(to=None)], "required", "/0/active_times/0/to"
    yield [when(to="08:00")], "empty_time_span", "/0/active_times/0"
    yield [when(zone="UTC")], "unknown_field", "/0/active_times/0/zone"
    yield [ring({"internal": "100"})], "self_forward", "/0/targets/0/internal"


@pytest.mark.parametrize("steps, code, pointer", list(step_rows()))
def test_steps_refused(tenant, plans, steps, code, pointer):
    body = {"name": "p", "internal_number": "100", "steps": steps}
    tenant.client.request("POST", "/v1/dial-plans", body).problem(422, code, f"/steps{pointer}")
    assert tenant.client.get("/v1/dial-plans").json["data"] == []


def test_all_problems_at_once(tenant):
    errors = tenant.client.request("POST", "/v1/dial-plans", {
        "name": "", "internal_number": "a", "colour": 1, "steps": [
            {"app": "ring", "targets": [{"external": "x"}, {"sip_uri": "tel:1"}], "ring_seconds": 0},
            {"app": "schedule", "active_times": OFFICE, "then": [{"app": "reject", "code": 1}], "else": [7]}]}).problem(422)["errors"]
    assert sorted(e["pointer"] for e in errors) == [
        "/colour", "/internal_number", "/name", "/steps/0/ring_seconds", "/steps/0/targets/0/external",
        "/steps/0/targets/1/sip_uri", "/steps/1/else/0", "/steps/1/then/0/code"]


def test_references_are_looked_up_all_at_once(tenant, other):
    errors = tenant.client.request("POST", "/v1/dial-plans", {"name": "p", "internal_number": "1", "steps": [
        ring({"internal": "77"}, {"trunk_id": other.trunk["id"]}, {"internal": other.did["number"]}),
        {"app": "forward", "external": "+19005550100"}]}).problem(422)["errors"]
    assert {(e["pointer"], e["code"]) for e in errors} == {
        ("/steps/0/targets/0/internal", "unknown_internal_number"), ("/steps/0/targets/1/trunk_id", "unknown_trunk"),
        ("/steps/0/targets/2/internal", "unknown_internal_number"), ("/steps/1/external", "destination_denied")}


def test_limits_of_steps(tenant, plans):
    deep = dict(REJECT)
    for _ in range(4):
        deep = {"app": "schedule", "active_times": OFFICE, "then": [deep]}
    plans.make("1", deep).ok(201)
    plans.make("2", {"app": "schedule", "active_times": OFFICE, "then": [deep]}).problem(
        422, "too_deep", "/steps/0/then/0/then/0/then/0/then/0/then")
    plans.make("3", *[REJECT] * 64).ok(201)
    plans.make("4", *[REJECT] * 65).problem(422, "too_many_items", "/steps/64")
    plans.make("5", {"app": "schedule", "active_times": OFFICE, "else": [REJECT] * 64}).problem(
        422, "too_many_items", "/steps/0/else/63")


def test_a_did_as_internal_target_in_its_national_form(tenant, plans):
    national = tenant.did["number"][2:]
    plan = plans.make("100", ring({"internal": national})).ok(201).json
    assert plan["steps"][0]["targets"] == [{"internal": tenant.did["number"]}]
    # A dial plan's internal number comes first.
    plans.make("77").ok(201)
    assert plans.make("101", ring({"internal": "77"})).ok(201).json["steps"][0]["targets"] == [{"internal": "77"}]


def test_an_emergency_number_is_no_internal_number(tenant, plans):
    for number in ("911", "112"):
        plans.make(number).problem(422, "emergency_number", "/internal_number")
    plans.make("999").ok(201)
    tenant.client.request("PATCH", plans.path["999"], {"internal_number": "911"}).problem(422, "emergency_number")
    tenant.operator.request("PATCH", tenant.path, {"default_country": "GB"}).ok(200)
    tenant.client.request("PUT", plans.path["999"], {"name": "n", "internal_number": "999", "steps": []}).problem(
        422, "emergency_number", "/internal_number")


# ---- where DIDs and trunks lead ----------------------------------------------------------------

def test_a_did_leads_to_a_trunk_or_a_dial_plan(tenant, other, plans):
    api = tenant.client
    plans.make("100").ok(201)
    foreign = Plans(other)
    foreign.make("100").ok(201)
    both = api.request("PATCH", tenant.did_path, {"dial_plan_id": plans.id("100")})
    both.problem(422, "conflicting_fields", "/dial_plan_id")
    did = api.request("PATCH", tenant.did_path, {"dial_plan_id": plans.id("100"), "trunk_id": None}).ok(200).json
    assert (did["trunk_id"], did["dial_plan_id"]) == (None, plans.id("100"))
    for wrong in (PLAN, foreign.id("100")):
        api.request("PATCH", tenant.did_path, {"dial_plan_id": wrong}).problem(422, "unknown_dial_plan", "/dial_plan_id")
    api.request("PATCH", tenant.did_path, {"dial_plan_id": "dp_1"}).problem(422, "not_an_id", "/dial_plan_id")
    api.request("POST", "/v1/dids", {"number": tenant.number(), "trunk_id": tenant.trunk["id"],
                                     "dial_plan_id": plans.id("100")}).problem(422, "conflicting_fields", "/dial_plan_id")
    assert api.request("PATCH", tenant.did_path, {"dial_plan_id": None}).ok(200).json["dial_plan_id"] is None


def test_a_trunk_fails_over_to_a_dial_plan(tenant, other, plans):
    api, path = tenant.client, f"{tenant.trunk_path}/failover"
    plans.make("100").ok(201)
    foreign = Plans(other)
    foreign.make("100").ok(201)
    api.request("PUT", path, {"enabled": True}).problem(422, "required", "/dial_plan_id")
    api.request("PATCH", path, {"enabled": True}).problem(422, "required", "/dial_plan_id")
    api.request("PUT", path, {"dial_plan_id": foreign.id("100")}).problem(422, "unknown_dial_plan", "/dial_plan_id")
    set_up = api.request("PUT", path, {"enabled": True, "dial_plan_id": plans.id("100")}).ok(200).json
    assert set_up["enabled"] and set_up["dial_plan_id"] == plans.id("100")
    assert api.get(path).json == set_up
    api.request("PATCH", path, {"dial_plan_id": None}).problem(422, "required", "/dial_plan_id")
    assert api.request("PATCH", path, {"enabled": False}).ok(200).json["dial_plan_id"] == plans.id("100")
    api.request("PATCH", path, {"enabled": True}).ok(200)
    api.request("DELETE", path).ok(204)
    assert api.get(path).json["dial_plan_id"] is None


def test_what_is_used_is_neither_deleted_nor_renumbered(api, tenant, plans):
    plans.make("100").ok(201)
    user = tenant.new_did(trunk_id=None, dial_plan_id=plans.id("100"))
    api.request("PUT", f"{tenant.trunk_path}/failover", {"enabled": True, "dial_plan_id": plans.id("100")}).ok(200)
    plans.make("200", ring({"internal": "100"})).ok(201)
    forwardings(tenant, tenant.did["number"], {"internal": "200"}).ok(200)
    detail = tenant.client.request("DELETE", plans.path["100"]).problem(409, "in_use")["detail"]
    for name in (user["number"], "trunk trunk", "plan 200 (200)"):
        assert name in detail
    problem = tenant.client.request("PATCH", plans.path["100"], {"internal_number": "101"}).problem(409, "in_use", "/internal_number")
    assert "plan 200 (200)" in problem["errors"][0]["detail"]
    assert tenant.did["number"] in tenant.client.request("DELETE", plans.path["200"]).problem(409, "in_use")["detail"]
    tenant.client.request("PATCH", plans.path["100"], {"name": "other"}).ok(200)

    assert "dial plans" in api.request("DELETE", tenant.path).problem(409, "in_use")["detail"]
    tenant.client.request("DELETE", f"{tenant.did_path}/forwardings").ok(204)
    tenant.client.request("DELETE", plans.path["200"]).ok(204)
    tenant.client.request("DELETE", f"/v1/dids/{user['number']}").ok(204)
    tenant.client.request("DELETE", f"{tenant.trunk_path}/failover").ok(204)
    tenant.client.request("DELETE", plans.path["100"]).ok(204)


def test_a_trunk_that_a_dial_plan_rings_is_not_deleted(tenant, plans):
    trunk = tenant.made("/v1/trunks", {"account_id": tenant.account["id"], "name": "second"})
    plans.make("100", ring({"trunk_id": trunk["id"]})).ok(201)
    detail = tenant.client.request("DELETE", f"/v1/trunks/{trunk['id']}").problem(409, "in_use")["detail"]
    assert "plan 100 (100)" in detail
    plans.change("100").ok(200)
    tenant.client.request("DELETE", f"/v1/trunks/{trunk['id']}").ok(204)


# ---- forwardings -----------------------------------------------------------------------------

FORWARDING = {"designation": None, "ring_seconds": 15, "calling_party_display": None, "calling_party_number": None,
              "active_times": None, "enabled": True}


def test_forwardings_life(tenant, plans):
    api, path = tenant.client, f"{tenant.did_path}/forwardings"
    plans.make("100").ok(201)
    assert api.get(path).ok(200).json == {"forwardings": []}
    put = api.request("PUT", path, {"forwardings": [
        {"target": {"internal": "100"}, "designation": "Voicemail"},
        {"target": {"external": "2125550190"}, "ring_seconds": 20, "calling_party_display": "fixed",
         "calling_party_number": tenant.did["number"], "active_times": OFFICE, "enabled": False}]}).ok(200)
    assert put.json == {"forwardings": [
        dict(FORWARDING, target={"internal": "100"}, designation="Voicemail"),
        dict(FORWARDING, target={"external": "+12125550190"}, ring_seconds=20, calling_party_display="fixed",
             calling_party_number=tenant.did["number"], active_times=OFFICE, enabled=False)]}
    read = api.get(path)
    assert read.json == put.json and put.headers["Trunkguard-Revision"]
    assert api.request("PUT", path, read.json, headers={"If-Match": read.headers["ETag"]}).ok(200).json == read.json
    listed = api.get("/v1/dids?has_failover=true").json["data"]
    assert [d["number"] for d in listed] == [tenant.did["number"]]
    api.request("PATCH", path, {}).problem(405)
    api.request("DELETE", path).ok(204)
    assert api.get(path).json == {"forwardings": []}
    assert api.get("/v1/dids?has_failover=true").json["data"] == []


@pytest.mark.parametrize("one, code, pointer", [
    ({}, "required", "/target"), ({"target": {}}, "required", "/target"),
    ({"target": {"internal": "1", "external": "+12125550190"}}, "conflicting_fields", "/target"),
    ({"target": {"sip_uri": "sip:a.example"}}, "unknown_field", "/target/sip_uri"),
    ({"target": {"external": "911"}}, "not_e164", "/target/external"),
    ({"target": {"external": "+19005550100"}}, "destination_denied", "/target/external"),
    ({"target": {"internal": "4711"}}, "unknown_internal_number", "/target/internal"),
    ({"ring_seconds": 3601}, "out_of_range", "/ring_seconds"), ({"enabled": 1}, "wrong_type", "/enabled"),
    ({"calling_party_display": "nobody"}, "unknown_value", "/calling_party_display"),
    ({"calling_party_display": "fixed"}, "required", "/calling_party_number"),
    ({"calling_party_number": "+12129999999"}, "number_not_owned", "/calling_party_number"),
    ({"active_times": [{"days": ["mon"], "from": "08:00", "to": "08:00"}]}, "empty_time_span", "/active_times/0"),
    ({"designation": ""}, "too_short", "/designation"), ({"label": "x"}, "unknown_field", "/label"),
])
def test_forwardings_refused(tenant, one, code, pointer):
    good = {"target": {"external": "+12125550190"}}
    body = {"forwardings": [good, dict(good, **one) if one else {}]}
    path = f"{tenant.did_path}/forwardings"
    tenant.client.request("PUT", path, body).problem(422, code, f"/forwardings/1{pointer}")
    assert tenant.client.get(path).json == {"forwardings": []}


def test_forwardings_of_the_wrong_form(tenant):
    path = f"{tenant.did_path}/forwardings"
    tenant.client.request("PUT", path, {"forwardings": {}}).problem(422, "wrong_type", "/forwardings")
    tenant.client.request("PUT", path, {"forwardings": [1]}).problem(422, "wrong_type", "/forwardings/0")
    many = [{"target": {"external": f"+121255501{i:02d}"}} for i in range(17)]
    tenant.client.request("PUT", path, {"forwardings": many}).problem(422, "too_many_items", "/forwardings")
    for target in ({"external": tenant.did["number"]}, {"internal": tenant.did["number"]}):
        forwardings(tenant, tenant.did["number"], target).problem(422, "self_forward")


# ---- one tenant against the other --------------------------------------------------------------

def test_another_account_sees_nothing(tenant, other, plans):
    plans.make("100").ok(201)
    body = {"name": "x", "internal_number": "5", "steps": []}
    for method in ("GET", "PUT", "PATCH", "DELETE"):
        other.client.request(method, plans.path["100"], body if method in ("PUT", "PATCH") else None).problem(404, "not_found")
        if method != "PATCH":
            other.client.request(method, f"{tenant.did_path}/forwardings",
                                 {"forwardings": []} if method == "PUT" else None).problem(404, "not_found")
    assert other.client.get(f"/v1/dial-plans?account_id={tenant.account['id']}").json["data"] == []
    other.client.request("POST", "/v1/dial-plans", dict(body, account_id=tenant.account["id"])).problem(
        422, "unknown_account", "/account_id")
    forwardings(other, other.did["number"], {"internal": "100"}).problem(422, "unknown_internal_number")
    assert tenant.client.get(plans.path["100"]).ok(200).json["name"] == "plan 100"


# ---- circles ---------------------------------------------------------------------------------

def chain(tenant, plans, length):
    """A way from a DID through `length` things back to a number that is free; the number."""
    end = tenant.number()
    at = {"external": end}
    for i in range(length - 1):
        kind = i % 3
        if kind == 0:
            plans.make(f"9{i}", ring(at)).ok(201)
            at = {"internal": f"9{i}"}
        elif kind == 1:
            number = tenant.new_did()["number"]
            forwardings(tenant, number, at).ok(200)
            at = {"external": number}
        else:
            plans.make(f"8{i}", {"app": "schedule", "active_times": OFFICE, "else": [ring(at)]}).ok(201)
            number = tenant.new_did(trunk_id=None, dial_plan_id=plans.id(f"8{i}"))["number"]
            at = {"internal": number}
    return end, at


@pytest.mark.parametrize("length", range(2, 8))
def test_a_circle_of_any_length_is_refused(tenant, plans, length):
    end, at = chain(tenant, plans, length)
    made = tenant.client.request("POST", "/v1/dids", {"number": end, "trunk_id": tenant.trunk["id"]}).ok(201).json
    detail = forwardings(tenant, made["number"], at).problem(422, "forwarding_loop", "/forwardings")["detail"]
    assert made["number"] in detail and detail.count(" > ") >= length
    assert tenant.client.get(f"/v1/dids/{end}/forwardings").json == {"forwardings": []}


def test_circles_through_trunk_and_account(api, tenant, plans):
    number, failover = tenant.did["number"], f"{tenant.trunk_path}/failover"
    plans.make("100", ring({"external": number})).ok(201)
    detail = tenant.client.request("PUT", failover, {"enabled": True, "dial_plan_id": plans.id("100")}).problem(
        422, "forwarding_loop", "/dial_plan_id")["detail"]
    assert number in detail and "plan 100 (100)" in detail and "trunk trunk" in detail
    # A number of its own keeps the DID's calls from the trunk's dial plan; without it they would go round.
    tenant.client.request("PUT", f"{tenant.did_path}/failover", {"number": "+12125550190"}).ok(200)
    tenant.client.request("PUT", failover, {"enabled": True, "dial_plan_id": plans.id("100")}).ok(200)
    tenant.client.request("DELETE", f"{tenant.did_path}/failover").problem(422, "forwarding_loop", "/number")
    tenant.client.request("DELETE", failover).ok(204)
    tenant.client.request("DELETE", f"{tenant.did_path}/failover").ok(204)
    # The account's number leads to a DID that is forwarded to one which has nothing but the account's number.
    second = tenant.new_did()["number"]
    tenant.client.request("PUT", f"/v1/dids/{second}/failover", {"number": "+12125550190"}).ok(200)
    forwardings(tenant, second, {"external": number}).ok(200)
    detail = api.request("PUT", f"{tenant.path}/failover", {"number": second}).problem(422, "forwarding_loop", "/number")["detail"]
    assert second in detail and number in detail


def test_a_dial_plan_that_closes_a_circle(tenant, plans):
    plans.make("100").ok(201)
    plans.make("200", ring({"internal": "100"})).ok(201)
    detail = plans.change("100", REJECT, ring({"external": "+12125550190"}, {"internal": "200"})).problem(
        422, "forwarding_loop", "/steps")["detail"]
    assert "plan 100 (100) > dial plan plan 200 (200) > dial plan plan 100 (100)" in detail
    assert tenant.client.get(plans.path["100"]).json["steps"] == []


def test_a_circle_through_another_account_names_own_things_only(tenant, other, plans):
    secret = other.did["number"]
    other.client.request("PUT", f"{other.did_path}/failover", {"number": tenant.did["number"]}).ok(200)
    detail = forwardings(tenant, tenant.did["number"], {"external": secret}).problem(422, "forwarding_loop")["detail"]
    assert "another account" in detail and secret not in detail and tenant.did["number"] in detail


def test_mass_operations_close_no_circle(api, tenant, plans):
    first, second = tenant.did["number"], tenant.new_did()["number"]
    plans.make("100", ring({"external": first})).ok(201)
    tenant.client.request("PATCH", f"/v1/dids/{second}", {"trunk_id": None, "dial_plan_id": plans.id("100")}).ok(200)
    for dry_run in (True, False):
        body = {"action": "set_failover", "select": {"numbers": [first]}, "failover": {"number": second}, "dry_run": dry_run}
        detail = tenant.client.request("POST", "/v1/mass-operations", body).problem(
            422, "forwarding_loop", "/failover/number")["detail"]
        assert first in detail


def test_two_writers_do_not_close_a_circle_together(tenant):
    """Each write alone is good; of both, one is refused, whoever comes first."""
    numbers = [tenant.new_did()["number"] for _ in range(16)]
    for a, b in zip(numbers[::2], numbers[1::2]):
        barrier, answers = threading.Barrier(2), []

        def write(number, to):
            barrier.wait()
            answers.append(tenant.client.request("PUT", f"/v1/dids/{number}/failover", {"number": to}).status)

        threads = [threading.Thread(target=write, args=pair) for pair in ((a, b), (b, a))]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        assert sorted(answers) == [200, 422]


def test_a_writer_and_one_who_makes_the_number_do_not_either(tenant):
    for _ in range(6):
        new, old = tenant.number(), tenant.new_did()["number"]
        barrier, answers = threading.Barrier(2), []

        def point():
            barrier.wait()
            answers.append(tenant.client.request("PUT", f"/v1/dids/{old}/failover", {"number": new}).status)

        def make():
            barrier.wait()
            answers.append(tenant.client.request("POST", "/v1/dids", {"number": new}).status)
            answers.append(tenant.client.request("PUT", f"/v1/dids/{new}/failover", {"number": old}).status)

        threads = [threading.Thread(target=t) for t in (point, make)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        assert sorted(answers) == [200, 201, 422]


def test_a_dial_plan_is_not_deleted_under_its_new_user(tenant, plans):
    for i in range(6):
        plans.make(f"1{i}").ok(201)
        plans.make(f"2{i}").ok(201)
        barrier, answers = threading.Barrier(2), {}

        def use():
            barrier.wait()
            answers["use"] = plans.change(f"2{i}", ring({"internal": f"1{i}"})).status

        def delete():
            barrier.wait()
            answers["delete"] = tenant.client.request("DELETE", plans.path[f"1{i}"]).status

        threads = [threading.Thread(target=t) for t in (use, delete)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        assert (answers["use"], answers["delete"]) in ((200, 409), (422, 204))


def test_mass_assignment_to_a_dial_plan(tenant, other, plans):
    plans.make("100").ok(201)
    foreign = Plans(other)
    foreign.make("100").ok(201)
    numbers = sorted([tenant.did["number"], tenant.new_did()["number"]])

    def run(**fields):
        return tenant.client.request("POST", "/v1/mass-operations", dict({
            "action": "assign", "select": {"numbers": numbers}}, **fields))

    def targets():
        return [(d["trunk_id"], d["dial_plan_id"]) for d in tenant.client.get("/v1/dids").json["data"]]

    run().problem(422, "required", "/trunk_id")
    run(trunk_id=None, dial_plan_id=None).problem(422, "conflicting_fields", "/dial_plan_id")
    run(dial_plan_id=foreign.id("100")).problem(422, "unknown_dial_plan", "/dial_plan_id")
    run(dial_plan_id="dp_1").problem(422, "not_an_id", "/dial_plan_id")
    sample = run(dial_plan_id=plans.id("100"), dry_run=True).ok(200).json["sample"]
    assert sample[0]["before"] == {"trunk_id": tenant.trunk["id"], "dial_plan_id": None}
    assert sample[0]["after"] == {"trunk_id": None, "dial_plan_id": plans.id("100")}
    made = run(dial_plan_id=plans.id("100")).ok(201).json
    assert (made["changed"], made["dial_plan_id"], made["trunk_id"]) == (2, plans.id("100"), None)
    assert targets() == [(None, plans.id("100"))] * 2
    assert run(dial_plan_id=plans.id("100")).ok(201).json["unchanged"] == 2
    tenant.client.request("POST", f"/v1/mass-operations/{made['id']}/revert").ok(200)
    assert targets() == [(tenant.trunk["id"], None)] * 2
    plans.change("100", ring({"external": numbers[0]})).ok(200)
    assert numbers[0] in run(dial_plan_id=plans.id("100")).problem(422, "forwarding_loop", "/dial_plan_id")["detail"]


def test_mass_deletion_gives_forwardings_and_dial_plan_back(tenant, plans):
    plans.make("100").ok(201)
    number = tenant.new_did(trunk_id=None, dial_plan_id=plans.id("100"))["number"]
    before = forwardings(tenant, number, {"external": "+12125550190"}).ok(200).json
    done = tenant.client.request("POST", "/v1/mass-operations", {
        "action": "delete", "select": {"numbers": [number]}}).ok(201).json
    tenant.client.get(f"/v1/dids/{number}").problem(404)
    tenant.client.request("POST", f"/v1/mass-operations/{done['id']}/revert").ok(200)
    assert tenant.client.get(f"/v1/dids/{number}/forwardings").json == before
    assert tenant.client.get(f"/v1/dids/{number}").json["dial_plan_id"] == plans.id("100")


def test_mass_creation_with_dial_plans(tenant, other, plans):
    plans.make("100").ok(201)
    foreign = Plans(other)
    foreign.make("100").ok(201)
    numbers = [tenant.number() for _ in range(3)]

    def run(*dids):
        return tenant.client.request("POST", "/v1/mass-operations", {
            "action": "create", "dids": [dict(d, number=n) for d, n in zip(dids, numbers)]})

    run({"dial_plan_id": foreign.id("100")}).problem(422, "unknown_dial_plan", "/dids/0/dial_plan_id")
    run({}, {"dial_plan_id": plans.id("100"), "trunk_id": tenant.trunk["id"]}).problem(
        422, "conflicting_fields", "/dids/1/dial_plan_id")
    run({"dial_plan_id": plans.id("100")}, {"trunk_id": tenant.trunk["id"]}).ok(201)
    assert tenant.client.get(f"/v1/dids/{numbers[0]}").json["dial_plan_id"] == plans.id("100")
    plans.change("100", ring({"external": numbers[2]})).ok(200)
    run({}, {}, {"dial_plan_id": plans.id("100")}).problem(409)
    tenant.client.request("POST", "/v1/mass-operations", {"action": "create", "dids": [
        {"number": numbers[2], "dial_plan_id": plans.id("100")}]}).problem(422, "forwarding_loop")


# ---- explain ---------------------------------------------------------------------------------

def test_explain_by_the_wall_clock(api, tenant, plans):
    api.request("PATCH", tenant.path, {"timezone": "Europe/Berlin"}).ok(200)
    plans.make("300", {"app": "reject", "code": 486, "reason": "Closed"}).ok(201)
    plans.make("200", {"app": "schedule", "active_times": OFFICE, "then": [
        ring({"trunk_id": tenant.trunk["id"]}, {"sip_uri": "sip:desk@pbx.example"}, strategy="simultaneous")],
        "else": [ring({"internal": "300"})]}).ok(201)
    did = tenant.new_did(trunk_id=None, dial_plan_id=plans.id("200"))["number"]

    def explain(at):
        return tenant.client.get(f"/v1/dids/{did}/route?at={at}").ok(200).json

    # Monday at eight in Berlin is seven in winter, six in summer.
    for before, after in (("2026-11-23T06:59:59Z", "2026-11-23T07:00:00Z"), ("2026-07-06T05:59:59Z", "2026-07-06T06:00:00Z")):
        night, day = explain(before), explain(after)
        assert [a["kind"] for a in night["attempts"]] == ["reject"] and night["attempts"][0]["target"] == "486 Closed"
        assert [a["kind"] for a in day["attempts"]] == ["sip_account", "sip_uri"]
        assert day["attempts"][0]["target"] == f"{tenant.trunk['id']}/primary"
        assert day["attempts"][0]["rings_with"] == day["attempts"][1]["rings_with"] is not None
        assert not any("no PBX" in w or "No forwarding" in w for w in night["warnings"] + day["warnings"])


def test_explain_follows_forwardings_and_the_trunks_dial_plan(tenant, plans):
    path = f"{tenant.did_path}/route"
    second = tenant.new_did(trunk_id=None)["number"]
    plans.make("100", ring({"sip_uri": "sip:voicemail@media.example"})).ok(201)
    forwardings(tenant, second, {"internal": "100"}).ok(200)
    forwardings(tenant, tenant.did["number"], {"internal": second}, active_times=OFFICE).ok(200)
    tenant.client.request("PUT", f"{tenant.trunk_path}/failover", {"enabled": True, "dial_plan_id": plans.id("100")}).ok(200)
    day = tenant.client.get(f"{path}?at=2026-11-23T12:00:00Z").ok(200).json
    night = tenant.client.get(f"{path}?at=2026-11-23T22:00:00Z").ok(200).json
    for plan in (day, night):
        assert [a["kind"] for a in plan["attempts"]] == ["sip_account", "sip_uri"]
        assert plan["attempts"][1]["dial_plan_id"] == plans.id("100")
    assert day["attempts"][1]["rule"] != night["attempts"][1]["rule"]
    assert "No forwarding of the DID is active at this time." in night["warnings"]
    assert "No forwarding of the DID is active at this time." not in day["warnings"]


def test_explain_warns_of_steps_that_nobody_reaches(tenant, plans):
    plans.make("100", REJECT, {"app": "forward", "external": "+12125550190"}).ok(201)
    plans.make("200", {"app": "forward", "external": "+12125550190", "active_times": OFFICE}).ok(201)
    ended = tenant.new_did(trunk_id=None, dial_plan_id=plans.id("100"))["number"]
    timed = tenant.new_did(trunk_id=None, dial_plan_id=plans.id("200"))["number"]
    warnings = tenant.client.get(f"/v1/dids/{ended}/route").ok(200).json["warnings"]
    assert any("plan 100 (100)" in w and "never reached" in w for w in warnings)
    asleep = tenant.client.get(f"/v1/dids/{timed}/route?at=2026-11-22T12:00:00Z").ok(200).json
    assert any("no step is active" in w for w in asleep["warnings"])
    awake = tenant.client.get(f"/v1/dids/{timed}/route?at=2026-11-23T12:00:00Z").ok(200).json
    assert not any("no step is active" in w for w in awake["warnings"])
    gone = tenant.new_did()["number"]
    plans.make("300", ring({"internal": gone})).ok(201)
    tenant.client.request("DELETE", f"/v1/dids/{gone}").ok(204)
    lost = tenant.new_did(trunk_id=None, dial_plan_id=plans.id("300"))["number"]
    assert any("leads nowhere" in w for w in tenant.client.get(f"/v1/dids/{lost}/route").ok(200).json["warnings"])


def test_explain_shows_nothing_of_another_account(tenant, other, plans):
    forwardings(tenant, tenant.did["number"], {"external": other.did["number"]}).ok(200)
    other.client.request("PUT", f"{other.did_path}/failover", {"backup_pbxs": [{"host": "secret.example"}]}).ok(200)
    answer = tenant.client.get(f"{tenant.did_path}/route").ok(200)
    assert other.trunk["id"].encode() not in answer.body and b"secret.example" not in answer.body
