"""Mass operations against a real PostgreSQL: every action, taken back, refused, expired, and cut off
in the middle."""

import itertools
import json
import subprocess
import threading

import pytest

from wait import until

PATH = "/v1/mass-operations"
_serial = itertools.count(100)


class Customer:
    """An account with a key, two trunks and some DIDs."""

    def __init__(self, machine, dids=5):
        self.machine = machine
        self.serial = next(_serial)
        operator = machine.client
        self.id = operator.request("POST", "/v1/accounts", {
            "name": f"Customer {self.serial}", "default_country": "US"}).ok(201).json["id"]
        key = operator.request("POST", f"/v1/accounts/{self.id}/api-keys", {"name": "portal"})
        self.client = operator.key_for(key.ok(201).json["key"])
        self.trunks = [self.client.request("POST", "/v1/trunks", {"name": f"trunk {i}"}).ok(201).json["id"]
                       for i in range(2)]
        self.numbers = [self.new_did(i) for i in range(dids)]

    def new_did(self, i):
        return self.client.request("POST", "/v1/dids", {
            "number": f"+1213{self.serial:03d}{i:04d}", "trunk_id": self.trunks[0],
            "label": f"line {i}"}).ok(201).json["number"]

    def run(self, action, select, status=201, client=None, **more):
        return (client or self.client).request(
            "POST", PATH, {"action": action, "select": select, **more}).ok(status)

    def refused(self, body, code, pointer, client=None):
        answer = (client or self.client).request("POST", PATH, body)
        return answer.problem(422, code, pointer)

    def state(self, numbers=None):
        """All that counts of each DID; its times and version move with every change."""
        listed = ",".join(n.strip("+") for n in numbers or self.numbers)
        return self.machine.sql(
            "SELECT to_jsonb(d) - 'version' - 'updated_at' FROM did d "
            f"WHERE number IN ({listed}) ORDER BY number")

    def failover(self, number):
        return self.client.get(f"/v1/dids/{number}/failover").ok(200).json

    def own(self, did, /, **fields):
        return self.client.request("PATCH", f"/v1/dids/{did}/failover", fields).ok(200)

    def revert(self, operation, status=200, client=None):
        return (client or self.client).request("POST", f"{PATH}/{operation['id']}/revert").ok(status)


@pytest.fixture
def machine(server):
    return server


@pytest.fixture
def customer(machine):
    return Customer(machine)


@pytest.fixture
def other(machine):
    return Customer(machine)


PUBLIC = {"host": "8.8.4.4", "port": 5070, "transport": "tcp"}


# ---- what they do -------------------------------------------------------------------------------

def test_set_failover_changes_only_the_given_keys(customer):
    first, second = customer.numbers[:2]
    customer.own(first, backup_pbxs=[PUBLIC], calling_party_display="called_number")
    answer = customer.run("set_failover", {"numbers": [first, second.strip("+")]},
                          failover={"number": "4155550199"})
    made = answer.json
    assert answer.headers["Location"] == f"{PATH}/{made['id']}"
    assert answer.headers["Trunkguard-Revision"] == made["revision"]
    assert (made["matched"], made["changed"], made["unchanged"]) == (2, 2, 0)
    assert made["not_found"] == [] and made["failover"] == {"number": "+14155550199"}
    assert made["select"] == {"numbers_count": 2}
    assert customer.failover(first) == {
        "number": "+14155550199", "backup_pbxs": [PUBLIC],
        "calling_party_display": "called_number", "calling_party_number": None}
    assert customer.failover(second)["number"] == "+14155550199"
    assert customer.failover(customer.numbers[2])["number"] is None
    again = customer.run("set_failover", {"numbers": [first, second]},
                         failover={"number": "+14155550199"}).json
    assert (again["matched"], again["changed"], again["unchanged"]) == (2, 0, 2)


def test_all_keys_and_their_defaults(customer):
    everything = {"number": "+14155550177", "backup_pbxs": [PUBLIC],
                  "calling_party_display": "fixed", "calling_party_number": customer.numbers[3]}
    customer.run("set_failover", {"all": True}, failover=everything)
    for number in customer.numbers:
        assert customer.failover(number) == everything
    customer.run("set_failover", {"all": True}, failover={
        "backup_pbxs": None, "calling_party_display": None})
    assert customer.failover(customer.numbers[0]) == {
        **everything, "backup_pbxs": [], "calling_party_display": None}


def test_clear_failover(customer):
    before = customer.state()
    customer.run("set_failover", {"all": True}, failover={"number": "+14155550177",
                                                          "backup_pbxs": [PUBLIC]})
    cleared = customer.run("clear_failover", {"trunk_id": customer.trunks[0]}).json
    assert cleared["changed"] == len(customer.numbers) and cleared["failover"] is None
    assert customer.state() == before


def test_assign(customer):
    made = customer.run("assign", {"numbers": customer.numbers[:3]}, trunk_id=customer.trunks[1]).json
    assert made["changed"] == 3 and made["trunk_id"] == customer.trunks[1]
    by_trunk = customer.client.get(f"/v1/dids?trunk_id={customer.trunks[1]}").json["data"]
    assert [d["number"] for d in by_trunk] == customer.numbers[:3]
    assert customer.run("assign", {"all": True}, trunk_id=None).json["changed"] == 5
    assert customer.client.get(f"/v1/dids/{customer.numbers[4]}").json["trunk_id"] is None


def test_delete_and_its_revert(customer):
    customer.own(customer.numbers[0], number="+14155550166", backup_pbxs=[PUBLIC])
    before = customer.state()
    made = customer.run("delete", {"account_id": customer.id}).json
    assert made["changed"] == 5
    assert customer.client.get("/v1/dids").json["data"] == []
    reverted = customer.revert(made).json
    assert reverted["reverted"] == 5 and reverted["changed_since"] == []
    assert customer.state() == before


def test_select_by_prefix_trunk_and_account_together(customer):
    prefix = customer.numbers[0][:-1]
    customer.run("assign", {"numbers": customer.numbers[:2]}, trunk_id=customer.trunks[1])
    made = customer.run("set_failover", {"prefix": prefix, "trunk_id": customer.trunks[1],
                                         "account_id": customer.id, "all": True},
                        failover={"number": "+14155550155"}).json
    assert made["matched"] == 2
    assert customer.run("clear_failover", {"prefix": "+1999"}).json["matched"] == 0


def test_operator_over_two_accounts(customer, other, machine):
    numbers = [customer.numbers[0], other.numbers[0]]
    made = customer.run("set_failover", {"numbers": numbers}, client=machine.client,
                        failover={"number": "+14155550144"}).json
    assert made["account_id"] is None and made["changed"] == 2
    customer.client.get(f"{PATH}/{made['id']}").problem(404, "not_found")
    customer.client.request("POST", f"{PATH}/{made['id']}/revert").problem(404, "not_found")
    assert customer.revert(made, client=machine.client).json["reverted"] == 2


def test_dry_run_equals_the_real_run(customer):
    customer.own(customer.numbers[1], number="+14155550133")
    before, select = customer.state(), {"numbers": customer.numbers}
    wanted = {"number": "+14155550133", "backup_pbxs": [PUBLIC]}
    for action, more in (("set_failover", {"failover": wanted}), ("clear_failover", {}),
                         ("assign", {"trunk_id": customer.trunks[1]}), ("delete", {})):
        answer = customer.run(action, select, 200, dry_run=True, **more)
        dry = answer.json
        assert "Trunkguard-Revision" not in answer.headers
        assert dry["id"] is None and dry["revision"] is None and dry["dry_run"] is True
        assert customer.state() == before
        real = customer.run(action, select, **more).json
        assert {k: dry[k] for k in ("matched", "changed", "unchanged", "not_found")} == \
            {k: real[k] for k in ("matched", "changed", "unchanged", "not_found")}
        assert len(dry["sample"]) == real["changed"]
        for one in dry["sample"]:
            if action.endswith("failover"):
                assert customer.failover(one["number"]) == one["after"]
            elif action == "assign":
                assert customer.client.get(f"/v1/dids/{one['number']}").json["trunk_id"] == \
                    one["after"]["trunk_id"]
            else:
                assert one["after"] is None and one["before"]["trunk_id"] == customer.trunks[0]
        customer.revert(real)
        assert customer.state() == before
    assert customer.client.get(PATH).json["data"][0]["action"] == "delete"


# ---- taking back --------------------------------------------------------------------------------

def test_revert_is_exact_and_spares_what_changed_since(customer):
    a, b, c, d, _ = customer.numbers
    customer.own(a, number="+14155550111")
    customer.own(b, number="+14155550112", backup_pbxs=[PUBLIC], calling_party_display="caller")
    before = customer.state([a, b])
    made = customer.run("set_failover", {"all": True}, failover={
        "number": "+14155550100", "calling_party_display": "caller_number"}).json
    customer.own(c, number="+14155550113")
    customer.client.request("PATCH", f"/v1/dids/{d}", {"label": "changed"}).ok(200)
    customer.client.request("DELETE", f"/v1/dids/{customer.numbers[4]}").ok(204)
    answer = customer.revert(made)
    reverted = answer.json
    assert reverted["reverted"] == 2
    assert reverted["changed_since"] == [c, d, customer.numbers[4]]
    assert answer.headers["Trunkguard-Revision"] == reverted["revert_revision"] != made["revision"]
    assert customer.state([a, b]) == before
    assert customer.failover(c)["number"] == "+14155550113"
    assert customer.failover(d)["number"] == "+14155550100"
    assert customer.client.get(f"{PATH}/{made['id']}").ok(200).json == reverted
    customer.client.request("POST", f"{PATH}/{made['id']}/revert").problem(409, "conflict")


def test_a_did_made_anew_is_another_one(customer):
    number = customer.numbers[0]
    made = customer.run("set_failover", {"numbers": [number]}, failover={"number": "+14155550100"}).json
    customer.client.request("DELETE", f"/v1/dids/{number}").ok(204)
    customer.new_did(0)
    customer.own(number, number="+14155550101")
    assert customer.revert(made).json["changed_since"] == [number]
    assert customer.failover(number)["number"] == "+14155550101"


def test_revert_when_the_place_is_taken_or_gone(customer):
    moved = customer.run("assign", {"numbers": customer.numbers[:2]}, trunk_id=customer.trunks[1]).json
    deleted = customer.run("delete", {"numbers": customer.numbers[2:]}).json
    customer.client.request("DELETE", f"/v1/trunks/{customer.trunks[0]}").ok(204)
    assert customer.revert(moved).json["changed_since"] == customer.numbers[:2]
    customer.client.request("POST", "/v1/dids", {"number": customer.numbers[2]}).ok(201)
    assert customer.revert(deleted).json["changed_since"] == customer.numbers[2:]


def test_two_operations_are_taken_back_in_turn(customer):
    before = customer.state()
    first = customer.run("set_failover", {"all": True}, failover={"number": "+14155550100"}).json
    second = customer.run("set_failover", {"numbers": customer.numbers[:1]},
                          failover={"number": "+14155550101"}).json
    assert customer.revert(second).json["reverted"] == 1
    assert customer.revert(first).json["changed_since"] == customer.numbers[:1]
    assert customer.failover(customer.numbers[0])["number"] == "+14155550100"
    assert customer.state(customer.numbers[1:]) == "\n".join(before.split("\n")[1:])


def reverted(customer, operation):
    return customer.client.get(f"{PATH}/{operation['id']}").ok(200).json["reverted_at"]


def test_expiry(customer):
    before = customer.state()
    made = customer.run("set_failover", {"all": True}, expires_in_seconds=1,
                        failover={"number": "+14155550100"}).json
    assert made["expires_at"]
    until(lambda: reverted(customer, made), "the operation is reverted", 60)
    assert customer.state() == before


def test_expiry_across_a_restart(own_server):
    machine = own_server
    customer = Customer(machine)
    before = customer.state()
    made = customer.run("set_failover", {"all": True}, expires_in_seconds=3600,
                        failover={"number": "+14155550100"}).json
    machine.kill("api")
    assert customer.state() != before
    machine.sql("UPDATE mass_operation SET revert_at = now()")
    machine.start_api()
    until(lambda: reverted(customer, made), "the operation is reverted", 60)
    assert customer.state() == before


# ---- what is refused ----------------------------------------------------------------------------

def test_somebody_elses_numbers_are_not_there(customer, other):
    ghost = "+12139990000"
    wanted = {"action": "set_failover", "failover": {"number": "+14155550100"},
              "select": {"numbers": [customer.numbers[0], other.numbers[0], ghost]}}
    before = customer.state(), other.state()
    body = customer.refused(wanted, "not_found", "/select/numbers/1")
    assert [e["pointer"] for e in body["errors"]] == ["/select/numbers/1", "/select/numbers/2"]
    assert (customer.state(), other.state()) == before
    made = customer.client.request("POST", PATH, {**wanted, "skip_missing": True}).ok(201).json
    assert made["not_found"] == sorted([other.numbers[0], ghost]) and made["changed"] == 1
    assert other.state() == before[1]
    for select, code in (({"account_id": other.id}, "unknown_account"),
                         ({"trunk_id": other.trunks[0]}, "unknown_trunk")):
        customer.refused({"action": "delete", "select": select}, code,
                         f"/select/{next(iter(select))}")
    customer.refused({"action": "assign", "trunk_id": other.trunks[0], "select": {"all": True}},
                     "unknown_trunk", "/trunk_id")
    customer.run("delete", {"prefix": other.numbers[0]}).json
    assert other.state() == before[1]
    other.client.get(f"{PATH}/{made['id']}").problem(404)
    other.client.request("POST", f"{PATH}/{made['id']}/revert").problem(404)
    assert made["id"] not in [o["id"] for o in other.client.get(PATH).json["data"]]
    other.client.get(f"{PATH}?account_id={customer.id}").ok(200)


def test_assign_across_accounts_is_refused(customer, other, machine):
    customer.refused({"action": "assign", "trunk_id": customer.trunks[0],
                      "select": {"numbers": [customer.numbers[0], other.numbers[0]]}},
                     "unknown_trunk", "/trunk_id", client=machine.client)


def test_failover_rules(customer, other):
    a, b, c = customer.numbers[:3]
    before = customer.state()

    def wrong(failover, code, pointer, select=None):
        customer.refused({"action": "set_failover", "failover": failover,
                          "select": select or {"numbers": [a, b]}}, code, pointer)

    wrong({"number": a}, "self_forward", "/failover/number")
    wrong({"calling_party_number": other.numbers[0]}, "number_not_owned", "/failover/calling_party_number")
    wrong({"calling_party_display": "fixed"}, "required", "/failover/calling_party_number")
    wrong({"number": "12"}, "not_e164", "/failover/number")
    wrong({"backup_pbxs": [{"host": "10.0.0.1"}]}, "private_address", "/failover/backup_pbxs/0/host")
    wrong({"numbr": None}, "unknown_field", "/failover/numbr")
    wrong({}, "required", "/failover")
    wrong([], "wrong_type", "/failover")
    assert customer.state() == before
    customer.own(c, number=b)
    customer.refused({"action": "set_failover", "failover": {"number": c}, "select": {"numbers": [a, b]}},
                     "forwarding_loop", "/failover/number")


@pytest.mark.parametrize("body, code, pointer", [
    ({}, "required", "/action"),
    ({"action": "explode", "select": {"all": True}}, "unknown_value", "/action"),
    ({"action": 7, "select": {"all": True}}, "wrong_type", "/action"),
    ({"action": "delete"}, "required", "/select"),
    ({"action": "delete", "select": []}, "wrong_type", "/select"),
    ({"action": "delete", "select": {}}, "required", "/select"),
    ({"action": "delete", "select": {"all": False}}, "required", "/select"),
    ({"action": "delete", "select": {"all": 1}}, "wrong_type", "/select/all"),
    ({"action": "delete", "select": {"numbers": []}}, "required", "/select/numbers"),
    ({"action": "delete", "select": {"numbers": "+14155550100"}}, "wrong_type", "/select/numbers"),
    ({"action": "delete", "select": {"numbers": ["+14155550100", 14155550100]}}, "wrong_type", "/select/numbers/1"),
    ({"action": "delete", "select": {"numbers": ["+14155550100", "4155550100", "x"]}}, "not_e164", "/select/numbers/2"),
    ({"action": "delete", "select": {"numbers": ["+" + "1" * 5000]}}, "too_long", "/select/numbers/0"),
    ({"action": "delete", "select": {"numbers": ["+14155550100"], "all": True}}, "unknown_field", "/select/all"),
    ({"action": "delete", "select": {"prefix": "0"}}, "not_a_prefix", "/select/prefix"),
    ({"action": "delete", "select": {"prefix": 1}}, "wrong_type", "/select/prefix"),
    ({"action": "delete", "select": {"trunk_id": "acc_1"}}, "not_an_id", "/select/trunk_id"),
    ({"action": "delete", "select": {"account_id": 1}}, "wrong_type", "/select/account_id"),
    ({"action": "delete", "select": {"all": True}, "failover": {}}, "unknown_field", "/failover"),
    ({"action": "delete", "select": {"all": True}, "trunk_id": None}, "unknown_field", "/trunk_id"),
    ({"action": "delete", "select": {"all": True}, "colour": 1}, "unknown_field", "/colour"),
    ({"action": "delete", "select": {"all": True}, "dry_run": "yes"}, "wrong_type", "/dry_run"),
    ({"action": "delete", "select": {"all": True}, "expires_in_seconds": 0}, "out_of_range", "/expires_in_seconds"),
    ({"action": "delete", "select": {"all": True}, "expires_in_seconds": "5"}, "wrong_type", "/expires_in_seconds"),
    ({"action": "assign", "select": {"all": True}}, "required", "/trunk_id"),
    ({"action": "assign", "select": {"all": True}, "trunk_id": "trk_x"}, "not_an_id", "/trunk_id"),
])
def test_invalid_content(customer, body, code, pointer):
    before = customer.state()
    customer.refused(body, code, pointer)
    assert customer.state() == before


NUMBERS = '{"action":"delete","select":{"numbers":[%s]}}'


@pytest.mark.parametrize("text, code, pointer", [
    ("[]", "not_an_object", ""),
    (NUMBERS % '"+14155550100",', "malformed_json", "/select/numbers/1"),
    (NUMBERS % '"+14155550100" "+14155550101"', "malformed_json", "/select/numbers/1"),
    (NUMBERS % ',"+14155550100"', "malformed_json", "/select/numbers/0"),
    (NUMBERS % '"+14155550100",tru', "malformed_json", "/select/numbers/1"),
    (NUMBERS % '"+1415555\\u0000"', "nul_character", "/select/numbers/0"),
    (NUMBERS % '{"a":1,"a":2}', "duplicate_key", "/select/numbers/0"),
    (NUMBERS[:-1] % '"+14155550100"', "malformed_json", None),
    ('{"action":"delete","select":{"numbers":["+14155550100"', "malformed_json", None),
    ('{"select":{"numbers":["+14155550100"]},"select":{"numbers":[]}}', "duplicate_key", None),
    ('{"select":{"numbers":["+14155550100"],"numbers":[]}}', "duplicate_key", None),
    ('{"s\\u0065lect":{"numbers":[' + "1," * 30000 + "1]}}", "too_many_values", None),
])
def test_malformed_text(customer, text, code, pointer):
    before = customer.state()
    customer.client.request("POST", PATH, text).problem(400, code, pointer)
    assert customer.state() == before


def test_escapes_and_spaces_are_json(customer):
    number = customer.numbers[0]
    text = ' { "skip_missing" : false , "select" : { "numbers" : [\n "\\u002b%s" \t,\r"%s" ] } , "action" : "delete" } ' \
        % (number[1:], number)
    assert customer.client.request("POST", PATH, text).ok(201).json["changed"] == 1


def test_methods_scopes_types_and_lists(customer, machine):
    made = customer.run("clear_failover", {"all": True}).json
    reader = machine.client.request("POST", f"/v1/accounts/{customer.id}/api-keys",
                                    {"name": "reader", "scopes": ["read"]}).ok(201).json["key"]
    reader = machine.client.key_for(reader)
    reader.request("POST", PATH, {"action": "delete", "select": {"all": True}}).problem(403, "insufficient_scope")
    reader.request("POST", f"{PATH}/{made['id']}/revert").problem(403, "insufficient_scope")
    page = reader.get(f"{PATH}?limit=1&action=clear_failover").ok(200).json
    assert page["data"][0]["id"] == made["id"] and "not_found" not in page["data"][0]
    reader.get(f"{PATH}?action=x").problem(400, "invalid_parameter")
    customer.client.request("POST", PATH, "{}", headers={"Content-Type": "text/plain"}).problem(415)
    customer.client.request("POST", PATH).problem(400, "body_required")
    customer.client.request("DELETE", f"{PATH}/{made['id']}").problem(405)
    customer.client.get(f"{PATH}/mop_0190163d-8694-739b-aea5-966c26f8ad91").problem(404)
    customer.client.request("POST", f"{PATH}/{made['id']}/revert", {"x": 1}).problem(422, "unknown_field", "/x")
    customer.client.request("POST", f"{PATH}/{made['id']}/revert", {}).ok(200)
    waited = customer.client.request("POST", PATH, {"action": "clear_failover", "select": {"all": True}},
                                     headers={"Prefer": "wait=0"}).ok(201)
    assert waited.headers["Preference-Applied"] == "wait"
    assert waited.headers["Trunkguard-Applied"] == "false"


def test_large_bodies_are_for_this_route(customer):
    padding = " " * (2 * 1024 * 1024)
    customer.client.request("POST", PATH, NUMBERS % (f'"{customer.numbers[0]}"' + padding)).ok(201)
    customer.client.request("POST", "/v1/dids", "{}" + padding).problem(413, "body_too_large")
    customer.client.request("POST", PATH, headers={
        "Content-Length": str(33 * 1024 * 1024), "Content-Type": "application/json"}).problem(413, "body_too_large")


# ---- many, at once, and cut off -----------------------------------------------------------------

MANY = 100000


def fill(customer, first):
    """MANY DIDs, put there without the API."""
    customer.machine.sql(
        "INSERT INTO did (number, account_id, trunk_id, failover_number) SELECT "
        f"{first} + g, '{customer.id[4:]}', '{customer.trunks[0][4:]}', "
        f"CASE WHEN g % 3 = 0 THEN 14155550000 + g % 7 END FROM generate_series(0, {MANY - 1}) g; ANALYZE did;")
    return [f"+{first + i}" for i in range(MANY)]


def fingerprint(customer, numbers):
    return customer.machine.sql(
        "SELECT count(*), md5(string_agg((to_jsonb(d) - 'version' - 'updated_at')::text, '' ORDER BY number)) "
        f"FROM did d WHERE number BETWEEN {numbers[0]} AND {numbers[-1]}")


def test_a_hundred_thousand(machine):
    customer = Customer(machine)
    numbers = fill(customer, 49301000000)
    before = fingerprint(customer, numbers)
    made = customer.client.request("POST", PATH, {
        "action": "set_failover", "select": {"numbers": numbers},
        "failover": {"number": "+14155550199"}}, timeout=120).ok(201).json
    assert (made["matched"], made["changed"]) == (MANY, MANY)
    assert machine.sql(f"SELECT count(*) FROM did WHERE account_id = '{customer.id[4:]}' AND "
                       "failover_number = 14155550199") == str(MANY)
    assert customer.client.request("POST", f"{PATH}/{made['id']}/revert", timeout=120) \
        .ok(200).json["reverted"] == MANY
    assert fingerprint(customer, numbers) == before


def test_writers_over_the_same_dids(customer, machine):
    """Opposite orders, single writes in between: no deadlock is seen, nothing is half done. Of the account's own
    one runs at a time (test_rate.py), so the other ones are the operator's."""
    numbers, answers = customer.numbers, []

    def run(client, order, number):
        for _ in range(10):
            answers.append(client.request("POST", PATH, {
                "action": "set_failover", "select": {"numbers": order}, "failover": {"number": number}}).status)
            answers.append(customer.client.request(
                "PATCH", f"/v1/dids/{order[2]}", {"label": number}).status)

    threads = [threading.Thread(target=run, args=args) for args in
               ((customer.client, numbers, "+14155550101"), (machine.client, numbers[::-1], "+14155550102"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(answers) == {200, 201}
    assert len({customer.failover(n)["number"] for n in numbers}) == 1


def test_kill_in_the_middle_leaves_nothing(own_server):
    machine = own_server
    customer = Customer(machine)
    numbers = fill(customer, 49301000000)
    before = fingerprint(customer, numbers)
    body = json.dumps({"action": "set_failover", "select": {"numbers": numbers},
                       "failover": {"number": "+14155550199"}})
    # A lock on the last DID stops the operation between picking and changing.
    url = machine.environment()["TRUNKGUARD_DATABASE_URL"]
    holder = subprocess.Popen(["psql", "-X", "-q", "-d", url], stdin=subprocess.PIPE, text=True)
    holder.stdin.write("BEGIN; SELECT FROM trunkguard.did WHERE number = "
                       f"{numbers[-1]} FOR UPDATE;\n")
    holder.stdin.flush()
    until(lambda: machine.sql("SELECT count(*) FROM pg_locks WHERE relation = 'did'::regclass "
                              "AND mode = 'RowShareLock'") != "0", "the row is locked", 30)

    def send():
        with pytest.raises(OSError):
            customer.client.request("POST", PATH, body, timeout=60)

    sender = threading.Thread(target=send)
    sender.start()
    until(lambda: machine.sql("SELECT count(*) FROM pg_stat_activity WHERE application_name = "
                              "'trunkguard-api mass' AND wait_event_type = 'Lock'") == "1",
          "the operation waits", 60)
    machine.kill("api")
    sender.join()
    holder.communicate("ROLLBACK;\n")
    until(lambda: machine.sql("SELECT count(*) FROM pg_stat_activity WHERE application_name = "
                              "'trunkguard-api mass'") == "0", "its session ends", 60)
    assert fingerprint(customer, numbers) == before
    assert machine.sql("SELECT count(*) FROM mass_operation") == "0"
    machine.start_api()
    assert customer.client.request("POST", PATH, body, timeout=120).ok(201).json["changed"] == MANY


# ---- create -------------------------------------------------------------------------------------

def create(customer, dids, status=201, client=None, **more):
    return (client or customer.client).request(
        "POST", PATH, {"action": "create", "dids": dids, **more}).ok(status)


def new_numbers(customer, count, base=1000):
    return [f"+1213{customer.serial:03d}{base + i:04d}" for i in range(count)]


def test_create_and_its_revert(customer):
    before = customer.state()
    a, b, c = new_numbers(customer, 3)
    answer = create(customer, [
        {"number": a.strip("+1"), "trunk_id": customer.trunks[0], "label": "back\\slash, \"quote\" \u00e9",
         "triggers": ["busy", "no_answer"], "ring_seconds": 20, "incoming_action": "ring_then_forward"},
        {"number": b, "enabled": False, "external_id": None, "account_id": customer.id}, {"number": c}])
    made = answer.json
    assert (made["action"], made["matched"], made["changed"], made["unchanged"]) == ("create", 3, 3, 0)
    assert made["select"] == {"numbers_count": 3} and made["failover"] is None and made["not_found"] == []
    assert answer.headers["Trunkguard-Revision"] == made["revision"]
    one, two = (customer.client.get(f"/v1/dids/{n}").ok(200).json for n in (a, b))
    assert one["label"] == "back\\slash, \"quote\" \u00e9" and one["triggers"] == ["busy", "no_answer"]
    assert (one["trunk_id"], one["ring_seconds"]) == (customer.trunks[0], 20)
    alone = customer.client.request("POST", "/v1/dids", {"number": new_numbers(customer, 1, 2000)[0], "enabled": False})
    assert {k: v for k, v in two.items() if not k.endswith("_at") and k != "number"} == \
        {k: v for k, v in alone.ok(201).json.items() if not k.endswith("_at") and k != "number"}
    customer.client.request("DELETE", alone.headers["Location"]).ok(204)
    customer.own(b, number="+14155550100")
    reverted = customer.revert(made).json
    assert reverted["reverted"] == 2 and reverted["changed_since"] == [b]
    customer.client.get(f"/v1/dids/{a}").problem(404)
    customer.client.request("DELETE", f"/v1/dids/{b}").ok(204)
    assert customer.state(customer.numbers + [a, b, c]) == before


def test_create_rehearsed_and_expired(customer):
    numbers = new_numbers(customer, 12)
    dids = [{"number": n, "trunk_id": customer.trunks[1], "label": n} for n in numbers]
    dry = create(customer, dids, 200, dry_run=True).json
    assert dry["id"] is None and dry["changed"] == 12 and len(dry["sample"]) == 10
    assert dry["sample"][3] == {"number": numbers[3], "before": None, "after": {
        "account_id": customer.id, "trunk_id": customer.trunks[1], "dial_plan_id": None, "label": numbers[3],
        "external_id": None}}
    customer.client.get(f"/v1/dids/{numbers[0]}").problem(404)
    made = create(customer, dids, expires_in_seconds=1).json
    until(lambda: reverted(customer, made), "the operation is reverted", 60)
    customer.client.get(f"/v1/dids/{numbers[0]}").problem(404)


def test_create_is_all_or_nothing_and_names_everything_wrong(customer, other, machine):
    a, b, c, d = new_numbers(customer, 4)
    before = customer.state(), other.state()
    answer = customer.client.request("POST", PATH, {"action": "create", "dids": [
        {"number": a}, {"number": a}, {"number": customer.numbers[0]}, {"number": other.numbers[0]},
        {"number": b, "trunk_id": other.trunks[0]}, {"number": c, "account_id": customer.id}]})
    assert [(e["pointer"], e["code"]) for e in answer.problem(422, "validation_failed")["errors"]] == [
        ("/dids/1/number", "duplicate_item"), ("/dids/2/number", "already_exists"),
        ("/dids/3/number", "already_exists"), ("/dids/4/trunk_id", "unknown_trunk")]
    taken = [customer.client.request("POST", PATH, {"action": "create", "dids": [{"number": n}]})
             for n in (customer.numbers[0], other.numbers[0])]
    for answer in taken:
        answer.problem(409, "already_exists", "/dids/0/number")
    alone = customer.client.request("POST", "/v1/dids", {"number": other.numbers[0]}).problem(409)
    assert taken[1].json["errors"][0]["detail"] == alone["errors"][0]["detail"]
    answer = customer.client.request("POST", PATH, {"action": "create", "dry_run": 1, "dids": [
        {"number": "12"}, {}, {"number": d, "account_id": other.id}, 7, {"number": None},
        {"number": d, "colour": 1, "created_at": "x", "triggers": ["never"]}, {"number": d, "failover": {}}]})
    assert {(e["pointer"], e["code"]) for e in answer.problem(422)["errors"]} == {
        ("/dry_run", "wrong_type"), ("/dids/0/number", "not_e164"), ("/dids/1/number", "required"),
        ("/dids/2/account_id", "unknown_account"), ("/dids/3", "wrong_type"), ("/dids/4/number", "required"),
        ("/dids/5/colour", "unknown_field"), ("/dids/5/created_at", "read_only"),
        ("/dids/5/triggers/0", "unknown_value"), ("/dids/6/failover", "unknown_field")}
    operator = machine.client.request("POST", PATH, {"action": "create", "dids": [{"number": a}]})
    operator.problem(422, "required", "/dids/0/account_id")
    ghost = {"number": a, "account_id": "acc_0190163d-8694-739b-aea5-966c26f8ad91"}
    machine.client.request("POST", PATH, {"action": "create", "dids": [ghost]}).problem(
        422, "unknown_account", "/dids/0/account_id")
    assert (customer.state(), other.state()) == before
    both = [{"number": a.strip("+1"), "account_id": customer.id}, {"number": b, "account_id": other.id}]
    made = create(customer, both, client=machine.client).json
    assert made["account_id"] is None and made["changed"] == 2
    assert customer.client.get(f"/v1/dids/{a}").ok(200).json["account_id"] == customer.id
    assert customer.revert(made, client=machine.client).json["reverted"] == 2


@pytest.mark.parametrize("body, code, pointer", [
    ({"action": "create"}, "required", "/dids"),
    ({"action": "create", "dids": []}, "required", "/dids"),
    ({"action": "create", "dids": {}}, "wrong_type", "/dids"),
    ({"action": "create", "dids": [{"number": "+14155550100"}], "select": {"all": True}}, "unknown_field", "/select"),
    ({"action": "create", "dids": [{"number": "+14155550100"}], "skip_missing": True}, "unknown_field", "/skip_missing"),
    ({"action": "delete", "select": {"all": True}, "dids": [{"number": "+14155550100"}]}, "unknown_field", "/dids"),
])
def test_create_invalid(customer, body, code, pointer):
    customer.refused(body, code, pointer)


DIDS = '{"action":"create","dids":[%s]}'


@pytest.mark.parametrize("text, code, pointer", [
    (DIDS % '{"number":"+12130000000"},', "malformed_json", "/dids/1"),
    (DIDS % '{"number":"+12130000000"} {}', "malformed_json", "/dids/1"),
    (DIDS % '{"number":"+12130000000","number":"+12130000001"}', "duplicate_key", "/dids/0/number"),
    (DIDS % '{"number":"+12130000000","label":"\\u0000"}', "nul_character", "/dids/0/label"),
    (DIDS % '{"number":"+12130000000","label":tru}', "malformed_json", "/dids/0/label"),
    (DIDS % ("[" * 20 + "]" * 20), "too_many_values", "/dids/0"),
    (DIDS[:-1] % "{}", "malformed_json", None),
    ('{"dids":[{}],"action":"create","dids":[]}', "duplicate_key", None),
])
def test_create_malformed(customer, text, code, pointer):
    customer.client.request("POST", PATH, text).problem(400, code, pointer)


def test_a_hundred_errors_of_many(customer):
    dids = [{"number": n} for n in new_numbers(customer, 300)]
    create(customer, dids)
    body = customer.client.request("POST", PATH, {"action": "create", "dids": dids}).problem(409)
    assert len(body["errors"]) == 100 and body["detail"] == "There are 300 errors."
