"""Every resource: made, read, changed, replaced, cleared, deleted; and every way to get it wrong."""

import pytest

ACCOUNT = "acc_0190163d-8694-739b-aea5-966c26f8ad91"
TRUNK = "trk_0190163d-8694-739b-aea5-966c26f8ad91"
DEFAULT_TRIGGERS = ["not_registered", "no_response", "capacity", "server_error", "auth_required",
                    "timeout", "not_found", "unreachable"]


# ---- accounts --------------------------------------------------------------------------------

def test_account_life(api):
    made = api.request("POST", "/v1/accounts", {"name": "Acme"}).ok(201)
    account = made.json
    assert made.headers["Location"] == f"/v1/accounts/{account['id']}"
    assert made.headers["Trunkguard-Revision"]
    assert (account["timezone"], account["ha_addon"], account["enabled"]) == ("UTC", False, True)
    assert account["external_id"] is None and account["default_country"] is None
    path = made.headers["Location"]
    assert api.get(path).ok(200).json == account

    changed = api.request("PATCH", path, {"name": "Acme 2", "timezone": "Europe/Zurich", "external_id": "x",
                                          "ha_addon": True, "default_country": "CH"}).ok(200).json
    assert changed["name"] == "Acme 2" and changed["timezone"] == "Europe/Zurich" and changed["ha_addon"]
    assert changed["updated_at"] > account["updated_at"] and changed["created_at"] == account["created_at"]
    back = api.request("PATCH", path, {"timezone": None, "external_id": None, "ha_addon": None}).ok(200).json
    assert (back["timezone"], back["external_id"], back["ha_addon"], back["name"]) == ("UTC", None, False, "Acme 2")
    assert api.request("PATCH", path, {}).ok(200).json["name"] == "Acme 2"

    gone = api.request("DELETE", path).ok(204)
    assert gone.headers["Trunkguard-Revision"] and not gone.body
    api.get(path).problem(404, "not_found")
    api.request("PATCH", path, {"name": "x"}).problem(404, "not_found")
    api.request("DELETE", path).problem(404, "not_found")


def test_account_in_use(tenant):
    detail = tenant.operator.request("DELETE", tenant.path).problem(409, "in_use")["detail"]
    assert "1 trunks" in detail and "1 DIDs" in detail


@pytest.mark.parametrize("field, value, code", [
    ("name", None, "required"), ("name", "", "too_short"), ("name", "x" * 201, "too_long"),
    ("name", 5, "wrong_type"), ("name", "a\nb", "invalid_characters"),
    ("external_id", "", "too_short"), ("default_country", "usa", "not_a_country"),
    ("timezone", "Mars/Olympus", "not_a_timezone"), ("ha_addon", "yes", "wrong_type"),
    ("enabled", 1, "wrong_type"), ("id", ACCOUNT, "read_only"), ("created_at", "2026-01-01", "read_only"),
    ("colour", "red", "unknown_field"), ("failover_number", "+14155550100", "unknown_field"),
])
def test_account_field_refused(api, field, value, code):
    body = {"name": "Acme", field: value}
    api.request("POST", "/v1/accounts", body).problem(422, code, f"/{field}")


def test_all_errors_at_once(api):
    errors = api.request("POST", "/v1/accounts", {
        "default_country": "xx", "timezone": "", "a/b": 1, "enabled": "no"}).problem(422)["errors"]
    assert sorted(e["pointer"] for e in errors) == ["/a~1b", "/default_country", "/enabled", "/name", "/timezone"]


def test_refused_write_changes_nothing(tenant):
    before = tenant.operator.get(tenant.trunk_path).json
    tenant.operator.request("PATCH", tenant.trunk_path, {"name": "new", "ring_seconds": 0}).problem(422)
    assert tenant.operator.get(tenant.trunk_path).json == before


# ---- trunks ----------------------------------------------------------------------------------

def test_trunk_life(api, tenant):
    made = api.request("POST", "/v1/trunks", {"account_id": tenant.account["id"], "name": "t"}).ok(201)
    trunk = made.json
    assert {k: trunk[k] for k in ("max_concurrent_calls", "first_response_seconds", "ring_seconds",
                                  "max_call_seconds", "did_delivery", "caller_id", "enabled", "draining", "sip_accounts")} == {
        "max_concurrent_calls": 30, "first_response_seconds": 15, "ring_seconds": 180, "max_call_seconds": 14400,
        "did_delivery": "request_uri", "caller_id": None, "enabled": True, "draining": False, "sip_accounts": []}
    path = made.headers["Location"]
    changed = api.request("PATCH", path, {"max_concurrent_calls": 0, "did_delivery": "to", "draining": True}).ok(200).json
    assert changed["draining"] is True
    assert changed["max_concurrent_calls"] == 0 and changed["did_delivery"] == "to" and changed["name"] == "t"
    api.request("DELETE", path).ok(204)
    api.get(path).problem(404)


@pytest.mark.parametrize("field, value, code", [
    ("account_id", None, "required"), ("account_id", ACCOUNT, "unknown_account"), ("account_id", TRUNK, "not_an_id"),
    ("account_id", 5, "wrong_type"), ("name", None, "required"), ("draining", "no", "wrong_type"), ("max_concurrent_calls", -1, "out_of_range"),
    ("max_concurrent_calls", 100001, "out_of_range"), ("max_concurrent_calls", 1.0, "wrong_type"),
    ("first_response_seconds", 0, "out_of_range"), ("first_response_seconds", 61, "out_of_range"),
    ("ring_seconds", 3601, "out_of_range"), ("max_call_seconds", 0, "out_of_range"),
    ("did_delivery", "header", "unknown_value"), ("caller_id", "", "too_short"),
    ("caller_id", "Office", "not_e164"), ("caller_id", "Office <+14155550100", "not_e164"), ("sip_accounts", [], "read_only"),
    ("ha_mode", "only_primary", "unknown_field"),
])
def test_trunk_field_refused(api, tenant, field, value, code):
    body = {"account_id": tenant.account["id"], "name": "t", field: value}
    api.request("POST", "/v1/trunks", body).problem(422, code, f"/{field}")


def test_trunk_caller_id_is_a_number_of_the_account(api, tenant, other):
    """For the operator any number; for a customer one of his own."""
    own = f"Head office <{tenant.did['number']}>"
    assert tenant.client.request("PATCH", tenant.trunk_path, {"caller_id": own}).ok(200).json["caller_id"] == own
    tenant.client.request("PATCH", tenant.trunk_path, {"caller_id": other.did["number"]}).problem(
        422, "number_not_owned", "/caller_id")
    tenant.client.request("PATCH", tenant.trunk_path, {"caller_id": "Office"}).problem(422, "not_e164", "/caller_id")
    for number in (other.did["number"], "4155550100", None):
        assert api.request("PATCH", tenant.trunk_path, {"caller_id": number}).ok(200).json["caller_id"] == number


def test_trunk_of_an_account_never_moves(api, tenant, other):
    api.request("PATCH", tenant.trunk_path, {"account_id": other.account["id"]}).problem(
        422, "read_only", "/account_id")


def test_trunk_in_use_names_what_uses_it(api, tenant):
    detail = api.request("DELETE", tenant.trunk_path).problem(409, "in_use")["detail"]
    assert tenant.did["number"] in detail


def test_trunk_deletion_takes_its_sip_account(api, tenant):
    api.request("DELETE", tenant.did_path).ok(204)
    api.request("DELETE", tenant.trunk_path).ok(204)
    api.get(f"{tenant.trunk_path}/sip-accounts/primary").problem(404)


def test_trunk_failover(api, tenant):
    path = f"{tenant.trunk_path}/failover"
    default = {"enabled": False, "dial_plan_id": None, "triggers": DEFAULT_TRIGGERS}
    assert api.get(path).ok(200).json == default
    assert api.request("PUT", path, {"triggers": ["busy", "capacity"]}).ok(200).json["triggers"] == ["busy", "capacity"]
    assert api.request("PATCH", path, {"triggers": []}).ok(200).json["triggers"] == []
    assert api.request("PATCH", path, {"triggers": None}).ok(200).json == default
    assert api.request("PUT", path, dict(default, triggers=["busy"])).ok(200).json["triggers"] == ["busy"]
    api.request("DELETE", path).ok(204)
    assert api.get(path).ok(200).json == default
    api.request("PATCH", path, {"triggers": ["busy", "bogus"]}).problem(422, "unknown_value", "/triggers/1")
    api.request("PATCH", path, {"triggers": ["busy", "busy"]}).problem(422, "duplicate_item", "/triggers/1")
    api.request("PATCH", path, {"enabled": True}).problem(422, "required", "/dial_plan_id")
    api.request("PATCH", path, {"dial_plan_id": "dp_" + ACCOUNT[4:]}).problem(422, "unknown_dial_plan", "/dial_plan_id")


MODES = ("load_balancing", "auto_failover", "load_balancing_healthy")


def test_ha_needs_the_add_on_and_a_secondary_account(api, tenant):
    path = f"{tenant.trunk_path}/ha"
    secondary = f"{tenant.trunk_path}/sip-accounts/secondary"
    default = {"mode": "only_primary", "mode_in_force": "only_primary"}
    account = {"username": f"second{tenant.serial}", "password": "secret-1"}
    assert api.get(path).ok(200).json == default
    assert api.request("PUT", path, {"mode": "only_primary"}).ok(200).json == default
    assert api.request("PUT", path, {}).ok(200).json == default
    api.request("PUT", path, {"mode": "both"}).problem(422, "unknown_value", "/mode")
    api.request("PUT", path, {"mode": "only_primary", "mode_in_force": "x"}).problem(422, "read_only", "/mode_in_force")
    for mode in MODES:
        errors = api.request("PUT", path, {"mode": mode}).problem(422)["errors"]
        assert [(e["pointer"], e["code"]) for e in errors] == [
            ("/mode", "ha_addon_required"), ("/mode", "secondary_required")]
    api.request("PUT", secondary, account).problem(422, "ha_addon_required", "")
    api.get(secondary).problem(404)
    api.request("PATCH", tenant.path, {"ha_addon": True}).ok(200)
    for mode in MODES:
        api.request("PUT", path, {"mode": mode}).problem(422, "secondary_required", "/mode")
    assert api.get(path).ok(200).json == default
    api.request("PUT", secondary, account).ok(201)
    assert api.get(path).ok(200).json == default
    for mode in MODES:
        assert api.request("PUT", path, {"mode": mode}).ok(200).json == {"mode": mode, "mode_in_force": mode}


@pytest.fixture
def balanced(api, tenant):
    """A trunk in a mode that needs its secondary account; the paths of both."""
    api.request("PATCH", tenant.path, {"ha_addon": True}).ok(200)
    secondary = f"{tenant.trunk_path}/sip-accounts/secondary"
    api.request("PUT", secondary, {"username": f"second{tenant.serial}", "password": "secret-1"}).ok(201)
    api.request("PUT", f"{tenant.trunk_path}/ha", {"mode": "load_balancing"}).ok(200)
    return f"{tenant.trunk_path}/ha", secondary


def test_secondary_in_use(api, tenant, balanced):
    ha, secondary = balanced
    assert "load_balancing" in api.request("DELETE", secondary).problem(409, "in_use")["detail"]
    api.get(secondary).ok(200)
    api.request("PUT", ha, {"mode": "only_primary"}).ok(200)
    api.request("DELETE", secondary).ok(204)
    api.get(secondary).problem(404)
    api.request("DELETE", secondary).problem(404)


def test_add_on_taken_away(api, tenant, balanced):
    ha, secondary = balanced
    before = api.get(ha).ok(200)
    api.request("PATCH", tenant.path, {"ha_addon": False}).ok(200)
    rests = api.get(ha).ok(200)
    assert rests.json == {"mode": "load_balancing", "mode_in_force": "only_primary"}
    assert rests.headers["ETag"] != before.headers["ETag"]
    assert api.get(secondary).ok(200).json["username"] == f"second{tenant.serial}"
    api.request("PUT", secondary, {"username": f"second{tenant.serial}"}).problem(422, "ha_addon_required", "")
    api.request("PATCH", secondary, {"label": "x"}).problem(422, "ha_addon_required", "")
    api.request("PUT", ha, {"mode": "auto_failover"}).problem(422, "ha_addon_required", "/mode")
    plan = api.get(f"{tenant.did_path}/route").ok(200).json
    assert [a["rule"] for a in plan["attempts"]] == ["only_primary"] and plan["next_attempts"] is None
    assert any("mode rests" in w for w in plan["warnings"])
    api.request("PATCH", tenant.path, {"ha_addon": True}).ok(200)
    assert api.get(ha).json["mode_in_force"] == "load_balancing"
    plan = api.get(f"{tenant.did_path}/route").ok(200).json
    targets = [[a["target"] for a in plan[key]] for key in ("attempts", "next_attempts")]
    assert targets == [[f"{tenant.trunk['id']}/primary"], [f"{tenant.trunk['id']}/secondary"]]
    # Without the add-on the account may still go, once the mode has.
    api.request("PATCH", tenant.path, {"ha_addon": False}).ok(200)
    api.request("PUT", ha, {"mode": "only_primary"}).ok(200)
    api.request("DELETE", secondary).ok(204)


def test_trunk_deletion_takes_both_sip_accounts(api, tenant, balanced):
    api.request("DELETE", tenant.did_path).ok(204)
    api.request("DELETE", tenant.trunk_path).ok(204)
    for path in balanced:
        api.get(path).problem(404)


# ---- SIP accounts ----------------------------------------------------------------------------

@pytest.fixture(params=["primary", "secondary"])
def sip(api, tenant, request):
    """The path of a SIP account that is not there yet."""
    if request.param == "secondary":
        api.request("PATCH", tenant.path, {"ha_addon": True}).ok(200)
    trunk = tenant.made("/v1/trunks", {"account_id": tenant.account["id"], "name": "empty"})
    return f"/v1/trunks/{trunk['id']}/sip-accounts/{request.param}"


def test_sip_account_life(api, sip, tenant):
    api.get(sip).problem(404)
    api.request("PATCH", sip, {"label": "x"}).problem(404)
    api.request("DELETE", sip).problem(404)
    username = f"life{tenant.serial}"
    made = api.request("PUT", sip, {"username": username, "password": "secret-1", "label": "PBX"}).ok(201)
    assert made.headers["Location"] == sip
    assert made.json == {"label": "PBX", "auth_mode": "registration", "username": username, "ip_addresses": [],
                         "address": None}
    trunk, _, role = sip.partition("/sip-accounts/")
    assert api.get(trunk).json["sip_accounts"] == [
        {"role": role, "label": "PBX", "auth_mode": "registration", "username": username}]
    assert api.request("PATCH", sip, {"label": None}).ok(200).json["label"] is None
    assert api.request("PUT", sip, {"username": username}).ok(200).json["username"] == username
    api.request("DELETE", sip).ok(204)
    api.get(sip).problem(404)


def hashes(server, username):
    return server.sql(f"SELECT ha1_md5, ha1_sha256 FROM sip_account WHERE username = '{username}'")


def test_password_is_kept_as_hashes(api, server, sip, tenant):
    import hashlib
    username, password = f"hash{tenant.serial}", "pässword"
    text = f"{username}:trunkguard:{password}".encode()
    wanted = f"{hashlib.md5(text).hexdigest()}|{hashlib.sha256(text).hexdigest()}"
    api.request("PUT", sip, {"username": username, "password": password}).ok(201)
    assert hashes(server, username) == wanted
    # It stays when it is not sent, whatever else changes but the name.
    api.request("PUT", sip, {"username": username, "label": "x"}).ok(200)
    api.request("PATCH", sip, {"label": "y"}).ok(200)
    assert hashes(server, username) == wanted
    api.request("PATCH", sip, {"password": "another one"}).ok(200)
    assert hashes(server, username) not in (wanted, "")
    assert password not in server.log("api")


def test_new_username_needs_a_password(api, sip, tenant):
    name = f"name{tenant.serial}"
    api.request("PUT", sip, {"username": name}).problem(422, "required", "/password")
    api.request("PUT", sip, {"username": name, "password": "secret-1"}).ok(201)
    api.request("PATCH", sip, {"username": name + "b"}).problem(422, "required", "/password")
    api.request("PUT", sip, {"username": name + "b"}).problem(422, "required", "/password")
    assert api.request("PATCH", sip, {"username": name + "b", "password": "secret-2"}).ok(200).json["username"] == name + "b"


def test_username_is_unique(api, sip, tenant):
    api.request("PUT", sip, {"username": tenant.username, "password": "secret-1"}).problem(
        409, "username_taken", "/username")
    api.get(sip).problem(404)


@pytest.mark.parametrize("body, code, pointer", [
    ({}, "required", "/username"),
    ({"username": "a b", "password": "secret-1"}, "invalid_characters", "/username"),
    ({"username": "a%00", "password": "secret-1"}, "invalid_characters", "/username"),
    ({"username": "x" * 65, "password": "secret-1"}, "too_long", "/username"),
    ({"username": "short", "password": "1234567"}, "too_short", "/password"),
    ({"username": "long", "password": "x" * 129}, "too_long", "/password"),
    ({"auth_mode": "none"}, "unknown_value", "/auth_mode"),
    ({"auth_mode": "ip"}, "required", "/address"),
    ({"auth_mode": "ip", "ip_addresses": ["192.0.2.300"]}, "not_a_cidr", "/ip_addresses/0"),
    ({"auth_mode": "ip", "ip_addresses": ["192.0.2.1/24"]}, "not_a_cidr", "/ip_addresses/0"),
    ({"auth_mode": "ip", "ip_addresses": ["0.0.0.0/0"]}, "out_of_range", "/ip_addresses/0"),
    ({"auth_mode": "ip", "ip_addresses": "192.0.2.1"}, "wrong_type", "/ip_addresses"),
    ({"auth_mode": "ip", "address": {"host": "10.0.0.1"}}, "private_address", "/address/host"),
    ({"auth_mode": "ip", "address": {"host": "pbx example"}}, "not_a_host", "/address/host"),
    ({"auth_mode": "ip", "address": {"port": 5060}}, "required", "/address/host"),
    ({"auth_mode": "ip", "address": {"host": "a.example", "port": 70000}}, "out_of_range", "/address/port"),
    ({"auth_mode": "ip", "address": {"host": "a.example", "transport": "sctp"}}, "unknown_value", "/address/transport"),
    ({"auth_mode": "ip", "address": "a.example"}, "wrong_type", "/address"),
    ({"ha1_md5": "0" * 32, "username": "u", "password": "secret-1"}, "unknown_field", "/ha1_md5"),
])
def test_sip_account_refused(api, sip, body, code, pointer):
    api.request("PUT", sip, body).problem(422, code, pointer)
    api.get(sip).problem(404)


def test_ip_mode(api, server, sip):
    made = api.request("PUT", sip, {
        "auth_mode": "ip", "ip_addresses": ["198.51.100.7", "198.51.100.32/28", "2001:db8:1::/48"],
        "address": {"host": "198.51.100.7"}}).ok(201).json
    assert made["ip_addresses"] == ["198.51.100.7", "198.51.100.32/28", "2001:db8:1::/48"]
    assert made["address"] == {"host": "198.51.100.7", "port": 5060, "transport": "udp"}
    # A merge patch goes down into objects; lists are replaced.
    patched = api.request("PATCH", sip, {"address": {"transport": "tcp", "port": None}}).ok(200).json
    assert patched["address"] == {"host": "198.51.100.7", "port": 5060, "transport": "tcp"}
    patched = api.request("PATCH", sip, {"ip_addresses": ["198.51.100.7"]}).ok(200).json
    assert patched["ip_addresses"] == ["198.51.100.7"] and patched["address"]["transport"] == "tcp"
    api.request("PATCH", sip, {"address": None, "ip_addresses": []}).problem(422, "required", "/address")
    assert api.request("PATCH", sip, {"address": None}).ok(200).json["address"] is None


def test_registration_to_ip_and_back(api, server, sip, tenant):
    username = f"swap{tenant.serial}"
    api.request("PUT", sip, {"username": username, "password": "secret-1"}).ok(201)
    api.request("PUT", sip, {"auth_mode": "ip", "address": {"host": "198.51.100.8"}}).ok(200)
    assert hashes(server, username) == ""
    api.request("PATCH", sip, {"auth_mode": "registration"}).problem(422, "required", "/username")
    api.request("PATCH", sip, {"auth_mode": "registration", "username": username}).problem(422, "required", "/password")


def test_trunks_of_several_accounts_may_name_one_address(api, sip, tenant, other):
    block = f"203.0.113.{tenant.serial % 200}"
    for path in (sip, f"{other.trunk_path}/sip-accounts/primary"):
        api.request("PUT", path, {"auth_mode": "ip", "ip_addresses": [block]}).ok()


# ---- DIDs ------------------------------------------------------------------------------------

def test_did_life(api, tenant):
    number = tenant.number()
    made = api.request("POST", "/v1/dids", {"number": number[2:], "account_id": tenant.account["id"]}).ok(201)
    assert made.json["number"] == number and made.headers["Location"] == f"/v1/dids/{number}"
    assert made.json["trunk_id"] is None and made.json["triggers"] is None
    for path in (f"/v1/dids/{number}", f"/v1/dids/{number[1:]}", f"/v1/dids/%2B{number[1:]}"):
        assert api.get(path).ok(200).json == made.json
    changed = api.request("PATCH", f"/v1/dids/{number}", {
        "trunk_id": tenant.trunk["id"], "label": "Main", "incoming_action": "ring_then_forward", "ring_seconds": 20,
        "triggers": ["busy"], "enabled": False}).ok(200).json
    assert changed["trunk_id"] == tenant.trunk["id"] and changed["triggers"] == ["busy"] and not changed["enabled"]
    changed = api.request("PATCH", f"/v1/dids/{number}", {"trunk_id": None, "triggers": None}).ok(200).json
    assert changed["trunk_id"] is None and changed["triggers"] is None and changed["label"] == "Main"
    api.request("DELETE", f"/v1/dids/{number}").ok(204)
    api.get(f"/v1/dids/{number}").problem(404)


@pytest.mark.parametrize("text", ["{n}", "1{t}", "{t}", "({a}){b}-{c}", "{a}.{b}.{c}"])
def test_did_number_forms(api, tenant, text):
    number = tenant.number()
    ten = number[2:]
    body = text.format(n=number, t=ten, a=ten[:3], b=ten[3:6], c=ten[6:])
    assert api.request("POST", "/v1/dids", {"number": body, "account_id": tenant.account["id"]}).ok(201).json["number"] == number


def test_did_exists(api, tenant, other):
    for account in (tenant, other):
        api.request("POST", "/v1/dids", {"number": tenant.did["number"], "account_id": account.account["id"]}).problem(
            409, "already_exists", "/number")


@pytest.mark.parametrize("field, value, code", [
    ("number", None, "required"), ("number", "", "not_e164"), ("number", "0000", "not_e164"),
    ("number", "+1 212 555 0100", "not_e164"), ("number", "sip:+12125550100", "not_e164"),
    ("number", 12125550100, "wrong_type"), ("number", "+12125550100'; --", "not_e164"),
    ("account_id", ACCOUNT, "unknown_account"), ("trunk_id", TRUNK, "unknown_trunk"), ("trunk_id", "x", "not_an_id"),
    ("dial_plan_id", "dp_1", "not_an_id"), ("incoming_action", "drop", "unknown_value"),
    ("ring_seconds", 0, "out_of_range"), ("triggers", ["x"], "unknown_value"), ("label", "", "too_short"),
    ("failover_number", "+12125550100", "unknown_field"), ("updated_at", None, "read_only"),
])
def test_did_field_refused(api, tenant, field, value, code):
    pointer = "/triggers/0" if field == "triggers" else f"/{field}"
    body = {"number": tenant.number(), "account_id": tenant.account["id"], field: value}
    api.request("POST", "/v1/dids", body).problem(422, code, pointer)


def test_did_of_a_foreign_trunk(api, tenant, other):
    api.request("PATCH", tenant.did_path, {"trunk_id": other.trunk["id"]}).problem(422, "unknown_trunk", "/trunk_id")
    api.request("PATCH", tenant.did_path, {"number": tenant.number()}).problem(422, "read_only", "/number")


# ---- failover --------------------------------------------------------------------------------

NONE = {"number": None, "backup_pbxs": [], "calling_party_display": None, "calling_party_number": None}
GLOBAL_NONE = dict(NONE, calling_party_display="caller")


def test_did_failover(api, tenant):
    path = f"{tenant.did_path}/failover"
    assert api.get(path).ok(200).json == NONE
    put = api.request("PUT", path, {"number": "(212)555-0199", "backup_pbxs": [
        {"host": "198.51.100.7"}, {"host": "backup.example", "port": None, "transport": "tcp"},
        {"host": "2001:db8::7", "port": 5070}]}).ok(200)
    assert put.json == dict(NONE, number="+12125550199", backup_pbxs=[
        {"host": "198.51.100.7", "port": 5060, "transport": "udp"},
        {"host": "backup.example", "port": None, "transport": "tcp"},
        {"host": "2001:db8::7", "port": 5070, "transport": "udp"}])
    # What was read can be put back.
    assert api.request("PUT", path, put.json).ok(200).json == put.json
    assert api.request("PATCH", path, {"number": None}).ok(200).json["backup_pbxs"] == put.json["backup_pbxs"]
    assert api.request("PUT", path, {"number": "+12125550199"}).ok(200).json == dict(NONE, number="+12125550199")
    api.request("DELETE", path).ok(204)
    assert api.get(path).ok(200).json == NONE


def test_global_failover(api, tenant):
    path = f"{tenant.path}/failover"
    assert api.get(path).ok(200).json == GLOBAL_NONE
    assert api.request("PUT", path, {"number": "2125550198"}).ok(200).json == dict(GLOBAL_NONE, number="+12125550198")
    assert api.request("PATCH", path, {"calling_party_display": "called_number"}).ok(200).json["number"] == "+12125550198"
    api.request("DELETE", path).ok(204)
    assert api.get(path).ok(200).json == GLOBAL_NONE


@pytest.mark.parametrize("body, code, pointer", [
    ({"number": "911"}, "not_e164", "/number"),
    ({"number": "+1 900"}, "not_e164", "/number"),
    ({"number": "\uff0b\uff11\uff12"}, "not_e164", "/number"),
    ({"number": 12125550199}, "wrong_type", "/number"),
    ({"backup_pbxs": [{"host": "a.example"}] * 9}, "too_many_items", "/backup_pbxs"),
    ({"backup_pbxs": [{"host": "a.example"}, {"host": "127.1"}]}, "not_a_host", "/backup_pbxs/1/host"),
    ({"backup_pbxs": [{"host": "a.example"}, {"host": "192.168.1.1"}]}, "private_address", "/backup_pbxs/1/host"),
    ({"backup_pbxs": [{"host": "169.254.169.254"}]}, "private_address", "/backup_pbxs/0/host"),
    ({"backup_pbxs": [{"host": "a.example", "port": "5060"}]}, "wrong_type", "/backup_pbxs/0/port"),
    ({"backup_pbxs": {"host": "a.example"}}, "wrong_type", "/backup_pbxs"),
    ({"backup_pbxs": [{"host": "a.example"}, {"host": "a.example"}]}, "duplicate_item", "/backup_pbxs/1"),
    ({"calling_party_display": "nobody"}, "unknown_value", "/calling_party_display"),
    ({"calling_party_display": "fixed"}, "required", "/calling_party_number"),
    ({"calling_party_display": "fixed", "calling_party_number": "+12125550777"}, "number_not_owned",
     "/calling_party_number"),
    ({"dial_plan_id": None}, "unknown_field", "/dial_plan_id"),
])
@pytest.mark.parametrize("whose", ["did", "account"])
def test_failover_refused(api, tenant, whose, body, code, pointer):
    path = f"{tenant.did_path if whose == 'did' else tenant.path}/failover"
    before = api.get(path).json
    for method in ("PUT", "PATCH"):
        api.request(method, path, body).problem(422, code, pointer)
    assert api.get(path).json == before


def test_fixed_display_is_a_number_of_the_account(api, tenant, other):
    path = f"{tenant.did_path}/failover"
    fixed = {"calling_party_display": "fixed", "calling_party_number": tenant.did["number"]}
    assert api.request("PATCH", path, fixed).ok(200).json["calling_party_number"] == tenant.did["number"]
    api.request("PATCH", path, {"calling_party_number": other.did["number"]}).problem(422, "number_not_owned")
    api.request("PATCH", path, {"calling_party_number": None}).problem(422, "required", "/calling_party_number")


def test_self_forward(api, tenant):
    api.request("PUT", f"{tenant.did_path}/failover", {"number": tenant.did["number"]}).problem(
        422, "self_forward", "/number")


def test_circles_are_refused_with_their_path(api, tenant):
    a, b, c = tenant.did["number"], tenant.new_did()["number"], tenant.new_did()["number"]
    api.request("PUT", f"/v1/dids/{a}/failover", {"number": b}).ok(200)
    api.request("PUT", f"/v1/dids/{b}/failover", {"number": c}).ok(200)
    detail = api.request("PUT", f"/v1/dids/{c}/failover", {"number": a}).problem(422, "forwarding_loop", "/number")["detail"]
    assert f"{a} > {b} > {c} > {a}" in detail
    api.request("PUT", f"/v1/dids/{c}/failover", {"number": "+12125550199"}).ok(200)


def test_circle_through_the_global_number(api, tenant):
    a = tenant.did["number"]
    api.request("PUT", f"{tenant.path}/failover", {"number": a}).problem(422, "forwarding_loop", "/number")
    api.request("PUT", f"/v1/dids/{a}/failover", {"number": "+12125550199"}).ok(200)
    api.request("PUT", f"{tenant.path}/failover", {"number": a}).ok(200)
    b = tenant.new_did()["number"]
    api.request("PUT", f"/v1/dids/{a}/failover", {"number": b}).problem(422, "forwarding_loop", "/number")


def test_circle_through_another_account_tells_no_numbers(api, tenant, other):
    mine, theirs = tenant.did["number"], other.did["number"]
    api.request("PUT", f"/v1/dids/{theirs}/failover", {"number": mine}).ok(200)
    detail = api.request("PUT", f"/v1/dids/{mine}/failover", {"number": theirs}).problem(422, "forwarding_loop")["detail"]
    assert "another account" in detail and theirs not in detail


# ---- gateways --------------------------------------------------------------------------------

def test_gateway_life(api, server):
    made = api.request("POST", "/v1/gateways", {
        "name": "Carrier", "address": {"host": "sip.carrier.example"}, "prefixes": ["+1415", "", "49"],
        "inbound_ip_addresses": ["203.0.113.0/28"],
        "registration": {"username": "u", "password": "carrier-secret"}}).ok(201)
    gateway, path = made.json, made.headers["Location"]
    assert gateway["address"] == {"host": "sip.carrier.example", "port": None, "transport": "udp"}
    assert gateway["prefixes"] == ["1415", "", "49"] and gateway["priority"] == 100 and not gateway["public_trunk"]
    assert gateway["registration"] == {"username": "u", "registrar": None, "failover_registrar": None,
                                       "expires_seconds": 3600, "register_failover_seconds": 15}
    assert b"carrier-secret" not in made.body and b"carrier-secret" not in api.get(path).body
    assert api.get(f"{path}/status").ok(200).json["health"] == []

    patched = api.request("PATCH", path, {
        "registration": {"expires_seconds": 600, "registrar": {"host": "reg.carrier.example"}},
        "failover_address": {"host": "b.carrier.example", "port": 5070}, "address": {"transport": "tcp"}}).ok(200).json
    assert patched["registration"]["username"] == "u" and patched["registration"]["expires_seconds"] == 600
    assert patched["registration"]["registrar"]["host"] == "reg.carrier.example"
    assert patched["address"] == {"host": "sip.carrier.example", "port": None, "transport": "tcp"}
    stored = f"SELECT registration ->> 'password' FROM gateway WHERE id = '{gateway['id'][3:]}'"
    assert server.sql(stored) == "carrier-secret"
    api.request("PATCH", path, {"registration": {"password": "another"}}).ok(200)
    assert server.sql(stored) == "another"
    assert api.request("PATCH", path, {"registration": None}).ok(200).json["registration"] is None
    api.request("PATCH", path, {"registration": {"username": "u"}}).problem(422, "required", "/registration/password")
    api.request("DELETE", path).ok(204)
    api.get(path).problem(404)
    api.get(f"{path}/status").problem(404)


@pytest.mark.parametrize("field, value, code, pointer", [
    ("name", None, "required", "/name"), ("address", None, "required", "/address"),
    ("address", {}, "required", "/address/host"), ("address", {"host": "10.0.0.1"}, "private_address", "/address/host"),
    ("address", {"host": "a.example", "colour": 1}, "unknown_field", "/address/colour"),
    ("failover_seconds", 0, "out_of_range", "/failover_seconds"), ("prefixes", ["+1a"], "not_a_prefix", "/prefixes/0"),
    ("prefixes", ["1", "+1"], "duplicate_item", "/prefixes/1"), ("priority", 65536, "out_of_range", "/priority"),
    ("inbound_ip_addresses", ["::/0"], "out_of_range", "/inbound_ip_addresses/0"),
    ("registration", {"username": "u"}, "required", "/registration/password"),
    ("registration", {"password": "p"}, "required", "/registration/username"),
    ("registration", {"username": "u", "password": "p", "expires_seconds": 1}, "out_of_range",
     "/registration/expires_seconds"),
    ("registration", [], "wrong_type", "/registration"), ("public_trunk", "no", "wrong_type", "/public_trunk"),
])
def test_gateway_field_refused(api, field, value, code, pointer):
    body = {"name": "g", "address": {"host": "a.example"}, field: value}
    api.request("POST", "/v1/gateways", body).problem(422, code, pointer)


# ---- observed --------------------------------------------------------------------------------

def test_status_of_a_fresh_trunk(api, tenant):
    api.request("PUT", f"{tenant.path}/failover", {"backup_pbxs": [{"host": "198.51.100.9"}]}).ok(200)
    status = api.get(f"{tenant.trunk_path}/status").ok(200).json
    assert status["calls_up"] == 0 and status["last_failover"] is None
    assert status["sip_accounts"][0]["registered"] is False and status["sip_accounts"][0]["bindings"] == []
    assert status["backup_pbxs"][0]["address"]["host"] == "198.51.100.9"
    api.get(f"/v1/trunks/{TRUNK}/status").problem(404)


def test_explain(api, tenant):
    path = f"{tenant.did_path}/route"
    plan = api.get(path).ok(200).json
    assert [a["kind"] for a in plan["attempts"]] == ["sip_account"]
    first = plan["attempts"][0]
    assert not first["available"] and first["unavailable_because"] == "not_registered"
    assert first["target"] == f"{tenant.trunk['id']}/primary" and first["rule"] == "only_primary"
    assert any("No failover" in w for w in plan["warnings"])

    api.request("PUT", f"{tenant.path}/failover", {
        "number": "+12125550190", "backup_pbxs": [{"host": "198.51.100.9", "port": 5070}]}).ok(200)
    api.request("PUT", f"{tenant.did_path}/failover", {"number": "+12125550191"}).ok(200)
    plan = api.get(f"{path}?caller=%2B12125550100&at=2026-11-23T08:15:30%2B01:00").ok(200).json
    assert plan["caller"] == "+12125550100" and plan["at"] == "2026-11-23T07:15:30.000Z"
    assert [(a["kind"], a["rule"]) for a in plan["attempts"][:3]] == [
        ("sip_account", "only_primary"), ("backup_pbx", "account_backup_pbx"), ("number", "did_failover_number")]
    assert plan["attempts"][1]["target"] == "sip:198.51.100.9:5070;transport=udp"
    assert plan["attempts"][2]["target"] == "+12125550191"
    assert [a["position"] for a in plan["attempts"]] == list(range(1, len(plan["attempts"]) + 1))

    api.request("PATCH", tenant.did_path, {"enabled": False}).ok(200)
    plan = api.get(path).ok(200).json
    assert plan["refusal"] == "disabled" and plan["status"] == 404 and plan["attempts"] == []
    api.get(f"{path}?at=yesterday&caller=x&foo=1").problem(400, "invalid_parameter")
    api.get("/v1/dids/+12129999999/route").problem(404)


def test_cdr_not_there(api):
    api.get(f"/v1/cdrs/cdr_{ACCOUNT[4:]}").problem(404)
    api.get("/v1/cdrs/nonsense").problem(404)


# ---- explaining calls of a PBX ---------------------------------------------------------------

def test_route_of_a_call_that_a_pbx_makes(api, tenant, other):
    first = api.request("POST", "/v1/gateways", {
        "name": "first", "address": {"host": "198.51.100.9"}, "prefixes": ["+4420"], "priority": 1,
        "failover_address": {"host": "198.51.100.10"}, "failover_seconds": 4}).ok(201).json
    public = api.request("POST", "/v1/gateways", {
        "name": "public", "address": {"host": "198.51.100.11"}, "prefixes": ["+44"], "public_trunk": True,
        "failover_seconds": 6}).ok(201).json
    route = f"{tenant.trunk_path}/route"
    own = tenant.did["number"]

    def explain(client=tenant.client, **query):
        return client.get(f"{route}?" + "&".join(f"{k}={v.replace('+', '%2B')}" for k, v in query.items()))

    try:
        found = explain(called="+442079460123", caller=own).ok(200).json
        assert found["called"] == "+442079460123" and found["kind"] == "number" and found["refusal"] is None
        assert found["caller_id"] == own and not found["caller_id_replaced"]
        assert [(a["gateway"], a["rule"]) for a in found["attempts"]] == [
            ("first", "gateway"), ("first", "gateway"), ("public", "public_trunk")]
        assert found["worst_case_seconds"] == 14
        foreign = explain(called="+442079460123", caller="1001").ok(200).json
        assert (foreign["refusal"], foreign["status"], foreign["attempts"]) == ("caller_id", 403, [])
        api.request("PATCH", tenant.trunk_path, {"caller_id": own}).ok(200)
        replaced = explain(called="+442079460123", caller="1001").ok(200).json
        assert replaced["caller_id"] == own and replaced["caller_id_replaced"] and replaced["refusal"] is None
        assert explain(called=own, caller=own).ok(200).json["kind"] == "own_number"
        assert explain(called="112").ok(200).json["called"] == "112"
        assert explain(called="1234").ok(200).json["status"] == 484
        assert explain(called="alice").ok(200).json["refusal"] == "no_number"
        assert explain(called="+19005550100").ok(200).json["refusal"] == "denied"
        api.request("PATCH", tenant.trunk_path, {"max_concurrent_calls": 0}).ok(200)
        assert explain(called="+442079460123").ok(200).json["refusal"] == "capacity"
        assert explain(called="911").ok(200).json["refusal"] is None
        api.request("PATCH", tenant.trunk_path, {"enabled": False}).ok(200)
        assert explain(called="+442079460123").ok(200).json["status"] == 403
        explain(other.client, called="+442079460123").problem(404)
        explain().problem(400)
        explain(called="+442079460123", at="now").problem(400, "unknown_parameter")
    finally:
        for gateway in (first, public):
            api.request("DELETE", f"/v1/gateways/{gateway['id']}").ok(204)
