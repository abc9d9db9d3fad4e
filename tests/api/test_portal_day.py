"""A day of two customers' portals, each with keys of its own: all that a customer does, nothing of it seen by the other one, on
any route that the contract has, in lists, filters, bodies, errors and mass operations; and every class of error."""

import itertools
import json
import re
import threading
from urllib.parse import quote

import pytest

from client import TOP  # noqa: F401
from conftest import Tenant
from operations import OPERATIONS, resolve

PATHS = {o.path for o in OPERATIONS}
# What is not one account's: an operator's, or a name of no secret.
NOBODYS = {"gateway_id", "worker", "revision"}


class Customer(Tenant):
    """One of everything that an account can have, and what must not be seen of it."""

    def __init__(self, server):
        super().__init__(server, external_id=f"crm-{id(self)}")
        self.server = server
        self.roles = {scopes: self.operator.key_for(self.made(f"{self.path}/api-keys", {
            "name": "role", "scopes": scopes.split()})["key"]) for scopes in ("read", "write", "read write")}
        self.values = {"account_id": self.account["id"], "trunk_id": self.trunk["id"], "number": self.did["number"],
                       "key_id": self.key["id"], "cdr_id": self._record(), "call_id": self._call()}
        self.client.request("PUT", f"{self.did_path}/failover", {"number": self._far(1), "backup_pbxs": [
            {"host": f"backup-{self.serial}.example.net"}]}).ok(200)
        self.values["mass_operation_id"] = self.client.request("POST", "/v1/mass-operations", {
            "action": "set_failover", "select": {"numbers": [self.did["number"]]},
            "failover": {"number": self._far(2)}}).ok(201).json["id"]
        try:
            self._rest()
        except BaseException:
            self.close()
            raise
        self.secrets = [*self.values.values(), self.username, self.account["name"], self.account["external_id"],
                        self._far(1), self._far(2), f"backup-{self.serial}.example.net", self.key["key"]]

    def _far(self, n):
        return f"+4420{self.serial:04d}{n:04d}"

    def _record(self):
        from test_lists import cdr
        return cdr(self.server, self, "2026-01-01T10:00:00Z")

    def _call(self):
        from test_auth import live_call
        self.server.sql("DELETE FROM worker WHERE name = 'for the matrix'")
        return live_call(self.server, self)

    def _rest(self):
        """What else the contract has paths for: the example of the contract makes one, or there is one."""
        for operation in OPERATIONS:
            collection, _, rest = operation.path.partition("/{")
            variable = rest.split("}")[0]
            if not variable or variable in self.values or variable in NOBODYS or operation.operators:
                continue
            found = self.client.get(f"{collection}?limit=1").ok(200).json["data"]
            if not found:
                create = next(o for o in OPERATIONS if o.path == collection and o.verb == "post")
                body = self.own(create.example())
                found = [self.client.request("POST", collection, body).ok(201).json]
            self.values[variable] = next(found[0][key] for key in ("id", "number", "name") if key in found[0])

    def own(self, example):
        """What the contract shows, about what this customer has."""
        text = json.dumps(example)
        for prefix, mine in (("acc", self.account["id"]), ("trk", self.trunk["id"])):
            text = re.sub(prefix + "_[0-9a-f]{8}(-[0-9a-f]{4,12}){4}", mine, text)
        body = json.loads(text)
        if "did" in body:
            body["did"] = self.did["number"]
        return body

    def close(self):
        self.server.sql("DELETE FROM worker WHERE name = 'for the matrix'")

    def everything(self):
        """All rows of the account as one text a table, but for what reading changes."""
        rows = self.server.sql(
            "SELECT c.table_name || ' ' || md5(query_to_xml(format('SELECT (to_jsonb(t) - ''last_used_at'')::text AS r FROM %I t "
            f"WHERE account_id = %L ORDER BY 1', c.table_name, '{self.account['id'][4:]}'), false, false, '')::text) "
            "FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name) "
            "WHERE c.column_name = 'account_id' AND table_schema = 'trunkguard' AND t.table_type = 'BASE TABLE' ORDER BY 1")
        tables = dict(row.split(" ") for row in rows.splitlines())
        assert {"trunk", "did", "api_key", "event", "live_call"} <= set(tables)
        return tables

    def assert_not_in(self, answer, where, asked=()):
        """asked: what the request itself named, which a refusal may repeat."""
        text = answer.body + str(answer.headers).encode()
        for secret in set(self.secrets) - set(asked):
            assert secret.encode() not in text, (where, secret)


@pytest.fixture(scope="module")
def two(server):
    made = [Customer(server), Customer(server)]
    yield made
    for customer in made:
        customer.close()


def with_ids():
    return [o for o in OPERATIONS if "{" in o.path and not o.public and not o.operators
            and not any(f"{{{name}}}" in o.path for name in NOBODYS)]


def nothing_is_there(victim, stranger, scopes, operation):
    body = operation.example() if operation.body else None
    client = stranger.roles[scopes]
    answer = operation.ask(client, body, values=victim.values)
    # To the letter what an id of nothing gets.
    nothing = operation.ask(client, body)
    assert answer.status == nothing.status and answer.body == nothing.body, (str(operation), answer, nothing)
    if ("read" if operation.verb == "get" else "write") not in scopes.split():
        answer.problem(403, "insufficient_scope")
    elif answer.status != 404:
        # Nobody's key of an account may do that, whatever it is done to; or the body is looked at first.
        assert answer.json["code"] in ("operator_only", "validation_failed"), (str(operation), answer)
        assert operation.ask(client, body, values=stranger.values).status == answer.status
    victim.assert_not_in(answer, str(operation), victim.values.values())
    if operation.verb == "get":
        # The owner does see it, so there was something to be hidden.
        assert operation.ask(victim.roles["read"], values=victim.values).status in (200, 404)


@pytest.mark.parametrize("scopes", ["read", "write", "read write"])
def test_what_is_anothers_is_not_there(two, scopes):
    """Every path of the contract with the other one's ids, by every role: as if there was nothing."""
    victim, stranger = two
    before = victim.everything()
    for operation in with_ids():
        nothing_is_there(victim, stranger, scopes, operation)
    assert victim.everything() == before


def test_what_is_wrong_with_a_write_tells_nothing(two):
    """A circle that it would close, a number as dialled at home, a fixed number: nothing of the other one's decides."""
    victim, stranger = two
    second = victim.new_did()["number"]
    victim.client.request("PUT", f"/v1/dids/{second}/failover", {"number": victim.did["number"]}).ok(200)
    nothing = "/v1/dids/+12129998888/failover"
    for body in ({"number": second}, {"number": "4155550100"}, {"number": "12"}, {"colour": 1},
                 {"calling_party_display": "fixed", "calling_party_number": second}):
        answers = [stranger.client.request("PUT", path, body) for path in (f"{victim.did_path}/failover", nothing)]
        assert answers[0].body == answers[1].body and answers[0].status == 404, (body, answers)
        victim.assert_not_in(answers[0], body)
    victim.client.request("PUT", f"{victim.did_path}/failover", {"number": second}).problem(422, "forwarding_loop")
    victim.client.request("PUT", f"{victim.did_path}/failover", {"colour": 1}).problem(422, "unknown_field")


def lists():
    return [o for o in OPERATIONS if o.verb == "get" and "{" not in o.path and not o.public and not o.operators]


@pytest.mark.parametrize("operation", lists(), ids=str)
def test_no_list_and_no_filter_shows_what_is_anothers(two, operation):
    victim, stranger = two
    asked = {"did": victim.did["number"], "prefix": victim.did["number"][:6], "q": victim.account["name"],
             "external_id": victim.account["external_id"], "subject": f"trunks/{victim.trunk['id']}",
             "username": victim.username, "cursor": None, **victim.values}
    queries = [""] + [f"?{name}={quote(str(asked[name]))}" for name in operation.parameters if asked.get(name)]
    for query in queries:
        answer = operation.ask(stranger.client, query=query)
        assert answer.status in (200, 404, 406), (query, answer)
        victim.assert_not_in(answer, f"{operation} {query}")
    # A cursor of the other one's list is a place in one's own.
    page = operation.ask(victim.client, query="?limit=1") if "cursor" in operation.parameters else None
    if page is not None and page.json.get("next_cursor"):
        answer = operation.ask(stranger.client, query=f"?cursor={quote(page.json['next_cursor'])}")
        victim.assert_not_in(answer, f"{operation} with a cursor")


def body_ids():
    """Every field of every body that names a thing, with the operation."""
    for operation in OPERATIONS:
        if operation.public or operation.operators or not operation.body:
            continue
        schema = resolve(operation.body["content"][operation.kind].get("schema", {}))
        for name in schema.get("properties", {}):
            if name.endswith("_id") and name not in ("external_id",):
                yield pytest.param(operation, name, id=f"{operation}-{name}")


@pytest.mark.parametrize("operation, name", body_ids())
def test_no_body_reaches_what_is_anothers(two, operation, name):
    victim, stranger = two
    if name not in victim.values:
        pytest.skip("no such thing was made")
    body = {key: value for key, value in operation.example().items() if not key.endswith("_id")} \
        if operation.verb == "post" else {}
    if operation.path == "/v1/dids":
        body["number"] = stranger.number()
    answer = operation.ask(stranger.client, {**body, name: victim.values[name]}, values=stranger.values)
    assert answer.status in (404, 409, 422), answer
    victim.assert_not_in(answer, f"{operation} {name}", victim.values.values())


def test_no_mass_operation_reaches_what_is_anothers(two):
    victim, stranger = two
    before = victim.everything()
    numbers = [stranger.did["number"], victim.did["number"]]
    selects = [{"numbers": numbers}, {"account_id": victim.account["id"], "all": True}, {"trunk_id": victim.trunk["id"], "all": True}]
    failover = {"number": "+442079460123"}
    for select, more in itertools.product(selects, ({"action": "set_failover", "failover": failover}, {"action": "clear_failover"},
                                                    {"action": "assign", "trunk_id": stranger.trunk["id"]}, {"action": "delete"})):
        answer = stranger.client.request("POST", "/v1/mass-operations", {"select": select, **more})
        answer.problem(422)
        victim.assert_not_in(answer, more, victim.values.values())
    stranger.client.request("POST", "/v1/mass-operations", {
        "action": "assign", "trunk_id": victim.trunk["id"], "select": {"numbers": numbers[:1]}}).problem(422, "unknown_trunk")
    made = stranger.client.request("POST", "/v1/mass-operations", {
        "action": "set_failover", "failover": failover, "select": {"numbers": numbers}, "skip_missing": True}).ok(201)
    assert made.json["matched"] == 1 and made.json["changed"] == 1
    all_of_mine = stranger.client.request("POST", "/v1/mass-operations", {
        "action": "clear_failover", "select": {"all": True}}).ok(201).json
    assert all_of_mine["matched"] == 1
    assert victim.everything() == before


# ---- a day's work ------------------------------------------------------------------------------

def test_a_day(two, server):
    """Morning: a branch office is set up. Noon: its PBX dies, all numbers are switched and looked at. Evening: all is as it was."""
    portal, other = two
    client, before_other = portal.client, other.everything()
    # The portal's form is sent twice: one trunk is made.
    form = {"name": "Branch", "max_concurrent_calls": 4, "external_id": "branch-7"}
    first, again = [client.request("POST", "/v1/trunks", form, {"Idempotency-Key": "form-1"}).ok(201) for _ in range(2)]
    assert first.json == again.json and len(client.get("/v1/trunks?external_id=branch-7").json["data"]) == 1
    trunk = first.headers["Location"]
    client.request("PUT", f"{trunk}/sip-accounts/primary", {"username": f"branch{portal.serial}",
                                                            "password": "correct horse"}).ok(201)
    assert "correct horse" not in client.get(f"{trunk}/sip-accounts/primary").body.decode()
    numbers = [client.request("POST", "/v1/dids", {"number": portal.number(), "trunk_id": first.json["id"],
                                                   "label": f"desk {n}"}).ok(201).json["number"] for n in range(25)]
    # The list is read page by page, and nothing is twice or missing.
    seen, path = [], f"/v1/dids?trunk_id={first.json['id']}&limit=7"
    while path:
        page = client.get(path).ok(200)
        seen += [d["number"] for d in page.json["data"]]
        path = page.headers["Link"] and page.headers["Link"].split(">")[0][1:]
    assert seen == sorted(numbers)
    # One number has its own idea of failover, changed by somebody who looked first.
    own = f"/v1/dids/{numbers[3]}/failover"
    was = client.get(own).ok(200)
    set_ = client.request("PATCH", own, {"number": "+442079460111"}, {"If-Match": was.headers["ETag"]}).ok(200)
    client.request("PATCH", own, {"number": "+442079460112"}, {"If-Match": was.headers["ETag"]}).problem(412, "precondition_failed")
    assert client.get(own, headers={"If-None-Match": set_.headers["ETag"]}).status == 304
    # Noon.
    outage = {"action": "set_failover", "select": {"trunk_id": first.json["id"], "all": True}, "failover": {"number": "+442079460199"}}
    rehearsal = client.request("POST", "/v1/mass-operations", {**outage, "dry_run": True}).ok(200).json
    assert rehearsal["matched"] == 25 and rehearsal["changed"] == 25
    done = client.request("POST", "/v1/mass-operations", outage, {"Idempotency-Key": "outage-1"}).ok(201)
    retried = client.request("POST", "/v1/mass-operations", outage, {"Idempotency-Key": "outage-1"}).ok(201)
    assert done.json["id"] == retried.json["id"] and done.json["changed"] == 25
    route = client.get(f"/v1/dids/{numbers[0]}/route").ok(200).json
    assert [a["target"] for a in route["attempts"]][-1] == "+442079460199"
    client.request("PATCH", trunk, {"draining": True}).ok(200)
    assert client.get(f"{trunk}/status").ok(200).json["draining"] is True
    # In the afternoon one number is changed by hand; the evening spares it.
    client.request("PUT", f"/v1/dids/{numbers[7]}/failover", {"number": "+442079460177"}).ok(200)
    back = client.request("POST", f"/v1/mass-operations/{done.json['id']}/revert").ok(200).json
    assert back["changed_since"] == [numbers[7]] and back["reverted"] == 24
    assert client.get(own).json["number"] == "+442079460111"
    assert client.get(f"/v1/dids/{numbers[0]}/failover").json["number"] is None
    # What happened can be told: by whom, before and after.
    events = client.get("/v1/events?limit=1000").ok(200).json["data"]
    types = {e["type"] for e in events}
    assert {"trunk.created", "did.created", "did.failover.updated", "mass_operation.created", "mass_operation.reverted"} <= types
    assert all(e["account_id"] == portal.account["id"] for e in events)
    # Nothing of it reached the neighbour, and nothing is left of the branch.
    assert other.everything() == before_other
    for secret in (trunk.rsplit("/", 1)[1], numbers[0], "branch-7", done.json["id"]):
        for operation in lists():
            assert secret.encode() not in operation.ask(other.client).body, (str(operation), secret)
    client.request("DELETE", trunk).problem(409, "in_use")
    assert client.request("POST", "/v1/mass-operations", {
        "action": "delete", "select": {"trunk_id": first.json["id"], "all": True}}).ok(201).json["changed"] == 25
    client.request("DELETE", trunk).ok(204)
    client.get(trunk).problem(404, "not_found")


def test_two_writers_race_on_one_etag(two):
    portal, _ = two
    for turn in range(20):
        etag = portal.client.get(portal.trunk_path).ok(200).headers["ETag"]
        answers, start = [None, None], threading.Barrier(2)

        def write(n):
            start.wait()
            answers[n] = portal.roles["read write"].request(
                "PATCH", portal.trunk_path, {"name": f"turn {turn} writer {n}"}, {"If-Match": etag})
        threads = [threading.Thread(target=write, args=(n,)) for n in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(a.status for a in answers) == [200, 412], answers
        winner = next(n for n in range(2) if answers[n].status == 200)
        answers[1 - winner].problem(412, "precondition_failed")
        assert portal.client.get(portal.trunk_path).json["name"] == f"turn {turn} writer {winner}"


# ---- every class of error ------------------------------------------------------------------------

def error_cases(portal):
    """What is asked, and the status, the code and the pointer (or parameter) of the answer."""
    trunk, did = portal.trunk_path, portal.did_path
    yield ("POST", "/v1/trunks", b"{", {}), 400, "malformed_json", None
    yield ("POST", "/v1/trunks", b'{"name": "a", "name": "b"}', {}), 400, "duplicate_key", "/name"
    yield ("POST", "/v1/trunks", b'{"name": "a\\u0000"}', {}), 400, "nul_character", None
    yield ("POST", "/v1/trunks", b"[" * 40, {}), 400, "too_deep", None
    yield ("POST", "/v1/trunks", b'{"max_concurrent_calls": 99999999999999999999}', {}), 400, "number_out_of_range", None
    yield ("GET", "/v1/trunks?limit=0", None, {}), 400, "invalid_parameter", "limit"
    yield ("GET", "/v1/trunks?colour=red", None, {}), 400, "unknown_parameter", "colour"
    yield ("GET", "/v1/trunks", None, {"Authorization": "Bearer nothing"}), 401, "unauthorized", None
    yield ("POST", "/v1/accounts", {"name": "x"}, {}), 403, "operator_only", None
    yield ("GET", "/v1/trunks/trk_0190163d-8694-739b-aea5-966c26f8ad99", None, {}), 404, "not_found", None
    yield ("GET", "/v1/nowhere", None, {}), 404, "not_found", None
    yield ("PUT", "/v1/trunks", {}, {}), 405, "method_not_allowed", None
    yield ("GET", trunk, None, {"Accept": "image/png"}), 406, "not_acceptable", None
    yield ("POST", "/v1/dids", {"number": portal.did["number"]}, {}), 409, "already_exists", None
    yield ("DELETE", trunk, None, {}), 409, "in_use", None
    yield ("PATCH", trunk, {"name": "x"}, {"If-Match": '"old"'}), 412, "precondition_failed", None
    yield ("POST", "/v1/trunks", b" " * (2 << 20), {}), 413, "body_too_large", None
    yield ("POST", "/v1/trunks", b"<a/>", {"Content-Type": "text/xml"}), 415, "unsupported_media_type", None
    yield ("PUT", f"{did}/failover", {"number": "12"}, {}), 422, "not_e164", "/number"
    yield ("PUT", f"{did}/failover", {"number": portal.did["number"]}, {}), 422, "self_forward", "/number"
    yield ("PUT", f"{did}/failover", {"backup_pbxs": [{"host": "10.0.0.1"}]}, {}), 422, "private_address", "/backup_pbxs/0/host"
    yield ("PATCH", trunk, {"colour": "red"}, {}), 422, "unknown_field", "/colour"
    yield ("PATCH", trunk, {"id": "x"}, {}), 422, "read_only", "/id"
    yield ("PUT", f"{trunk}/ha", {"mode": "load_balancing"}, {}), 422, "ha_addon_required", "/mode"
    yield ("POST", "/v1/mass-operations", {"action": "assign", "select": {"numbers": ["+12125559999"]}, "trunk_id": portal.trunk["id"]},
           {}), 422, None, "/select/numbers/0"


def test_each_class_of_error(two):
    portal, _ = two
    classes = set()
    for (method, path, body, headers), status, code, where in error_cases(portal):
        answer = portal.client.request(method, path, body, headers)
        problem = answer.problem(status, code)
        assert problem["type"] == f"/docs#{problem['code']}" and problem["detail"]
        if where:
            places = [e.get("pointer", e.get("parameter")) for e in problem["errors"]]
            assert where in places, (path, problem)
        if status == 405:
            assert answer.headers["Allow"] == "GET, HEAD, POST"
        classes.add(status)
    # 429 and 503 are in test_rate.py and test_outage.py: they need a server of their own.
    assert classes == {400, 401, 403, 404, 405, 406, 409, 412, 413, 415, 422}


def test_all_that_is_wrong_is_said_at_once(two):
    portal, _ = two
    problem = portal.client.request("POST", "/v1/dids", {
        "number": "abc", "trunk_id": "trk_1", "incoming_action": "dance", "ring_seconds": 0, "colour": 1, "label": ""}).problem(422)
    assert {(e["pointer"], e["code"]) for e in problem["errors"]} >= {
        ("/number", "not_e164"), ("/trunk_id", "not_an_id"), ("/incoming_action", "unknown_value"),
        ("/ring_seconds", "out_of_range"), ("/colour", "unknown_field"), ("/label", "too_short")}
    assert json.dumps(problem)
