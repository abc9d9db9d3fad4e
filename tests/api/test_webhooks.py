"""Webhooks against a real receiver: signed, repeated, given up, replayed; nothing that a target does
costs more than a recorded failure."""

import base64
import hashlib
import hmac
import itertools
import json
import signal
import socket
import subprocess
import threading
import time

import pytest

from conftest import Server, Tenant
from receiver import Receiver
from wait import free_port, until

PATH = "/v1/webhooks"
SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()


@pytest.fixture(scope="module")
def receiver():
    receiver = Receiver()
    yield receiver
    receiver.close()


_serial = itertools.count(1)


class Hook:
    """A webhook of a client, with a path of its own at the receiver."""

    def __init__(self, client, receiver=None, server=None, url=None, **fields):
        self.client, self.receiver, self.server = client, receiver, server
        self.at = f"/hook/{next(_serial)}"
        body = {"url": url or receiver.url(self.at), "secret": SECRET, **fields}
        self.made = client.request("POST", PATH, body).ok(201).json
        self.path = f"{PATH}/{self.made['id']}"

    @property
    def json(self):
        return self.client.get(self.path).ok(200).json

    def got(self):
        return self.receiver.got(self.at)

    def bodies(self):
        return [json.loads(body) for _, body in self.got()]

    def ping(self):
        return self.client.request("POST", f"{self.path}/ping").ok(202).json

    def deliveries(self, query=""):
        return self.client.get(f"{self.path}/deliveries?limit=1000&{query}").ok(200).json["data"]

    def delivery(self, event):
        found = self.deliveries(f"event_id={event['id']}")
        return found[0] if found else None

    def state(self, event, wanted):
        def look():
            found = self.delivery(event)
            return found if found and found["state"] == wanted and found["last_attempt_at"] else None
        return until(look, f"the delivery is {wanted}")

    def attempted(self, event, times):
        """The delivery after so many attempts, none of them under way."""
        def look():
            done = self.server.sql("SELECT leased_until IS NULL FROM webhook_delivery WHERE event_id = "
                                   f"'{event['id'][4:]}' AND webhook_id = '{self.made['id'][4:]}'")
            found = self.delivery(event)
            return found if found and found["attempts"] == times and done == "t" else None
        return until(look, f"attempt {times} is over")

    def hurry(self):
        """What waits is due now."""
        self.server.sql("UPDATE webhook_delivery SET next_attempt_at = now() WHERE state = 'pending' AND "
                        f"leased_until IS NULL AND webhook_id = '{self.made['id'][4:]}'")


@pytest.fixture
def hook(server, tenant, receiver):
    return Hook(tenant.client, receiver, server)


def settled(server):
    until(lambda: server.sql("SELECT count(*) FROM event_queue") == "0", "all events are settled")


def signature(secret, headers, body):
    key = base64.b64decode(secret.removeprefix("whsec_"))
    text = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()


def label(tenant, text):
    tenant.client.request("PATCH", tenant.did_path, {"label": text}).ok(200)
    return tenant.client.get("/v1/events?type=did.updated&limit=1").ok(200).json["data"][0]


# ---- what is told -------------------------------------------------------------------------------

def test_told_signed_and_once(tenant, hook):
    event = label(tenant, "told")
    hook.state(event, "delivered")
    (headers, body), = hook.got()
    assert headers["webhook-id"] == event["id"] and abs(int(headers["webhook-timestamp"]) - time.time()) < 60
    assert headers["webhook-signature"] == signature(SECRET, headers, body)
    assert headers["Content-Type"] == "application/cloudevents+json; charset=utf-8"
    assert headers["User-Agent"].startswith("trunkguard-webhooks/") and "Expect" not in headers
    assert json.loads(body) == {
        "specversion": "1.0", "id": event["id"], "source": f"/v1/accounts/{tenant.account['id']}",
        "type": "did.updated", "subject": f"dids/{tenant.did['number']}", "time": event["at"],
        "datacontenttype": "application/json", "data": event}
    found = hook.delivery(event)
    assert found["attempts"] == 1 and found["last_status"] == 204 and found["last_error"] is None
    assert found["event_type"] == "did.updated" and found["ended_at"] and not found["next_attempt_at"]
    assert hook.client.get(f"{hook.path}/deliveries/{found['id']}").ok(200).json == found
    assert hook.json["state"] == "active"


def test_the_example_of_the_documentation(tenant, hook, tmp_path):
    """docs/operations.md says how to verify a signature with openssl."""
    hook.state(label(tenant, "openssl"), "delivered")
    (headers, body), = hook.got()
    (tmp_path / "body").write_bytes(body)
    script = f"""
        id='{headers["webhook-id"]}' timestamp='{headers["webhook-timestamp"]}' secret='{SECRET}'
        key=$(printf '%s' "${{secret#whsec_}}" | base64 -d | od -An -v -tx1 | tr -d ' \\n')
        {{ printf '%s.%s.' "$id" "$timestamp"; cat body; }} |
            openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | base64"""
    said = subprocess.run(["sh", "-c", script], cwd=tmp_path, check=True, capture_output=True, text=True)
    assert "v1," + said.stdout.strip() == headers["webhook-signature"]


def test_only_what_was_asked_for(server, tenant, receiver):
    some = Hook(tenant.client, receiver, server, events=["trunk.*", "did.failover.updated"])
    every = Hook(tenant.client, receiver, server)
    tenant.client.request("PATCH", tenant.did_path, {"label": "x"}).ok(200)
    tenant.client.request("PATCH", tenant.trunk_path, {"name": "x"}).ok(200)
    tenant.client.request("PUT", f"{tenant.did_path}/failover", {"number": "+12125550177"}).ok(200)
    until(lambda: len(every.got()) == 3 and len(some.got()) == 2, "all are told")
    assert {b["type"] for b in some.bodies()} == {"trunk.updated", "did.failover.updated"}
    assert {b["type"] for b in every.bodies()} == {"did.updated", "trunk.updated", "did.failover.updated"}


def test_what_a_worker_saw(server, tenant, hook):
    server.sql("INSERT INTO event (account_id, type, subject, trunk_id, actor_kind, worker, data) VALUES "
               f"('{tenant.account['id'][4:]}', 'trunk.down', 'trunks/{tenant.trunk['id']}', '{tenant.trunk['id'][4:]}', "
               "'worker', 'worker-1', '{\"reason\": \"not_registered\"}')")
    until(lambda: hook.got(), "it is told")
    body, = hook.bodies()
    assert body["type"] == "trunk.down" and body["data"]["actor"]["worker"] == "worker-1"
    assert body["data"]["data"] == {"reason": "not_registered"} and body["subject"] == f"trunks/{tenant.trunk['id']}"


def test_nobody_hears_of_another_account(api, server, tenant, other, receiver):
    mine, theirs = Hook(tenant.client, receiver, server), Hook(other.client, receiver, server)
    operators = Hook(api, receiver, server, account_id=None, events=["did.updated"])
    try:
        api.request("PATCH", tenant.did_path, {"label": "by the operator"}).ok(200)
        event = api.get(f"/v1/events?type=did.updated&limit=1&account_id={tenant.account['id']}").json["data"][0]
        mine.state(event, "delivered")
        operators.state(event, "delivered")
        label(other, "mine")
        until(lambda: theirs.got(), "the other one is told of its own")
        assert tenant.account["id"].encode() not in b"".join(body for _, body in theirs.got())
        told, = mine.bodies()
        assert told["data"]["actor"] == {"kind": "operator", "key_id": None, "source_ip": None, "worker": None}
        told = next(b for b in operators.bodies() if b["id"] == event["id"])
        assert told["data"]["actor"]["key_id"].startswith("key_")
    finally:
        api.request("DELETE", operators.path).ok(204)


def test_ping(tenant, hook, server, receiver):
    other_hook = Hook(tenant.client, receiver, server)
    event = hook.ping()
    assert event["type"] == "webhook.ping" and event["subject"] == hook.path.removeprefix("/v1/")
    hook.state(event, "delivered")
    marker = label(tenant, "after the ping")
    other_hook.state(marker, "delivered")
    assert other_hook.delivery(event) is None
    assert "webhook.ping" in [b["type"] for b in hook.bodies()]


# ---- secrets ------------------------------------------------------------------------------------

def test_secret_is_shown_once(tenant, receiver, server):
    made = tenant.client.request("POST", PATH, {"url": receiver.url("/made")}).ok(201)
    secret, path = made.json["secret"], made.headers["Location"]
    assert len(base64.b64decode(secret.removeprefix("whsec_"))) == 32 and made.headers["Cache-Control"] == "no-store"
    assert "secret" not in tenant.client.get(path).ok(200).json
    assert secret not in tenant.client.get(PATH).body.decode() and secret not in server.log("api")
    assert secret not in server.sql("SELECT e::text FROM event e")
    own = tenant.client.request("POST", PATH, {"url": receiver.url("/own"), "secret": SECRET}).ok(201)
    assert "secret" not in own.json
    got = tenant.client.get("/v1/events?type=webhook.created&limit=1").json["data"][0]
    assert got["after"]["secret"] == "***" and SECRET not in json.dumps(got)


def test_rotation(tenant, hook):
    changed = hook.client.request("PATCH", hook.path, {"secret": None}).ok(200)
    new = changed.json["secret"]
    assert new != SECRET and changed.headers["Cache-Control"] == "no-store"
    got = tenant.client.get("/v1/events?type=webhook.updated&limit=1").json["data"][0]
    assert got["after"]["secret"] == "*** (changed)"
    hook.state(hook.ping(), "delivered")
    headers, body = hook.got()[-1]
    assert headers["webhook-signature"].split(" ") == [signature(new, headers, body), signature(SECRET, headers, body)]
    hook.server.sql(f"UPDATE webhook SET previous_until = now() WHERE id = '{hook.made['id'][4:]}'")
    hook.state(hook.ping(), "delivered")
    headers, body = hook.got()[-1]
    assert headers["webhook-signature"] == signature(new, headers, body)


@pytest.mark.parametrize("secret", [
    "", "whsec_", "whsec_" + base64.b64encode(bytes(23)).decode(), "whsec_" + base64.b64encode(bytes(65)).decode(),
    "secret_" + base64.b64encode(bytes(32)).decode(), "whsec_" + "!" * 44, "whsec_" + "A" * 43, "whsec_" + "A" * 40 + "===="])
def test_bad_secret(tenant, receiver, secret):
    answer = tenant.client.request("POST", PATH, {"url": receiver.url("/x"), "secret": secret})
    answer.problem(422, pointer="/secret")


# ---- targets ------------------------------------------------------------------------------------

@pytest.mark.parametrize("url, code", [
    ("", "not_a_url"), ("ftp://hooks.example/", "not_a_url"), ("//hooks.example/", "not_a_url"), ("https://", "not_a_url"),
    ("https:///x", "not_a_url"), ("https://user:pass@hooks.example/", "not_a_url"), ("https://hooks.example@127.0.0.1/", "not_a_url"),
    ("https://hooks.example/#x", "not_a_url"), ("https://hooks.example/a b", "not_a_url"), ("https://hooks.example\\@127.0.0.1/", "not_a_url"),
    ("https://127.1/", "not_a_url"), ("https://2130706433/", "not_a_url"), ("https://0x7f.0.0.1/", "not_a_url"),
    ("https://0177.0.0.1/", "not_a_url"), ("https://1.2.3.4.5/", "not_a_url"), ("https://bücher.example/", "not_a_url"),
    ("https://%31%32%37.0.0.1/", "not_a_url"), ("https://hooks.example:0/", "not_a_url"), ("https://hooks.example:65536/", "not_a_url"),
    ("https://hooks.example:80a/", "not_a_url"), ("https://::1/", "not_a_url"), ("https://[::1/", "not_a_url"), ("https://-x.example/", "not_a_url"),
    ("javascript:alert(1)", "not_a_url"), ("file:///etc/passwd", "not_a_url"), ("https://hooks.example/" + "a" * 2000, "not_a_url"),
    ("https://10.0.0.1/", "private_address"), ("https://172.16.0.1/", "private_address"), ("https://192.168.1.1/", "private_address"),
    ("https://169.254.169.254/latest/meta-data", "private_address"), ("https://100.64.0.1/", "private_address"),
    ("https://0.0.0.0/", "private_address"), ("https://224.0.0.1/", "private_address"), ("https://255.255.255.255/", "private_address"),
    ("https://[::1]/", "private_address"), ("https://[::]/", "private_address"), ("https://[fc00::1]/", "private_address"),
    ("https://[fe80::1]/", "private_address"), ("https://[::ffff:10.0.0.1]/", "private_address"), ("https://[64:ff9b::a00:1]/", "private_address"),
    ("https://8.8.4.4:22/", "private_address"), ("http://8.8.4.4/", "https_required")])
def test_bad_url(tenant, url, code):
    tenant.client.request("POST", PATH, {"url": url}).problem(422, code, "/url")


@pytest.mark.parametrize("url", [
    "https://hooks.example/", "https://hooks.example", "https://hooks.example?x=1", "HTTPS://Hooks.Example:8443/a%20b?c=@d",
    "https://8.8.4.4/x", "https://[2606:4700::1111]:443/", "http://127.0.0.1:1/", "https://xn--bcher-kva.example/"])
def test_good_url(tenant, url):
    made = tenant.client.request("POST", PATH, {"url": url, "enabled": False}).ok(201)
    assert made.json["url"] == url
    tenant.client.request("DELETE", made.headers["Location"]).ok(204)


def test_other_bad_bodies(api, tenant, receiver):
    url = receiver.url("/x")
    for body, code, pointer in (
            ({}, "required", "/url"), ({"url": 1}, "wrong_type", "/url"), ({"url": url, "events": []}, None, "/events"),
            ({"url": url, "events": ["trunk.dwon"]}, "unknown_value", "/events/0"), ({"url": url, "events": ["nothing.*"]}, "unknown_value", "/events/0"),
            ({"url": url, "events": ["trunk*"]}, "unknown_value", "/events/0"), ({"url": url, "events": "*"}, "wrong_type", "/events"),
            ({"url": url, "state": "active"}, "read_only", "/state"), ({"url": url, "signing_secret": SECRET}, "unknown_field", "/signing_secret"),
            ({"url": url, "account_id": None}, "unknown_account", "/account_id"),
            ({"url": url, "account_id": "acc_0190163d-8694-739b-aea5-966c26f8ad91"}, "unknown_account", "/account_id")):
        tenant.client.request("POST", PATH, body).problem(422, code, pointer)
    api.request("POST", PATH, {"url": url, "account_id": "acc_0190163d-8694-739b-aea5-966c26f8ad91"}).problem(
        422, "unknown_account", "/account_id")


def test_a_name_that_leads_to_a_private_address(server, tenant):
    """What the name promised when it was written does not count: its address is looked at before each connection."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0)
    port = listener.getsockname()[1]
    hook = Hook(tenant.client, server=server, url=f"https://hooks.example:{port}/")
    # As if hooks.example had changed its address: localhost is 127.0.0.1 and ::1, of which only the first is allowed here.
    server.sql(f"UPDATE webhook SET url = 'https://[::1]:{port}/' WHERE id = '{hook.made['id'][4:]}'")
    found = hook.attempted(hook.ping(), 1)
    assert found["last_status"] is None and found["last_error"] == "the address may not be sent to"
    with pytest.raises(BlockingIOError):
        listener.accept()
    listener.close()


@pytest.fixture(scope="module")
def apart(tmp_path_factory):
    """A system whose processes are stopped and killed."""
    stack = Server(tmp_path_factory.mktemp("apart"))
    try:
        yield stack.start()
    finally:
        stack.close()


def test_rebinding(apart, receiver):
    """An API without private targets, and a webhook whose name leads to this machine."""
    machine, allowed = apart, apart.settings["TRUNKGUARD_PRIVATE_TARGETS"]
    machine.kill("api", signal.SIGTERM)
    machine.settings["TRUNKGUARD_PRIVATE_TARGETS"] = ""
    machine.start_api()
    try:
        port = receiver.server.server_address[1]
        customer = Tenant(machine)
        customer.client.request("POST", PATH, {"url": receiver.url("/no")}).problem(422, "private_address", "/url")
        for url in (f"https://localhost:{port}/", "https://metadata.google.internal/", "https://printer.local/", "https://intranet/"):
            customer.client.request("POST", PATH, {"url": url}).problem(422, "private_address", "/url")
        customer.client.request("POST", PATH, {"url": "http://hooks.example/"}).problem(422, "https_required", "/url")
        hook = Hook(customer.client, receiver, machine, url=f"https://hooks.example:{port}/rebound")
        before = len(receiver.requests)
        for url in (f"https://localhost.:{port}/", f"https://ip6-localhost:{port}/", f"http://127.0.0.1:{port}/"):
            machine.sql(f"UPDATE webhook SET url = '{url}' WHERE id = '{hook.made['id'][4:]}'")
            found = hook.attempted(hook.ping(), 1)
            assert found["last_status"] is None and found["last_error"], found
        assert len(receiver.requests) == before
        # The same past the check of the text: the name is resolved, and its address refused.
        machine.sql("UPDATE webhook SET url = 'https://rebound.example:" f"{port}/' WHERE id = '{hook.made['id'][4:]}'")
        found = hook.attempted(hook.ping(), 1)
        assert found["last_status"] is None
        assert len(receiver.requests) == before
    finally:
        machine.kill("api", signal.SIGTERM)
        machine.settings["TRUNKGUARD_PRIVATE_TARGETS"] = allowed
        machine.start_api()


# ---- failures -----------------------------------------------------------------------------------

def test_500_then_200(tenant, hook):
    hook.receiver.answer(hook.at, 500, 500)
    event = label(tenant, "twice in vain")
    found = hook.attempted(event, 1)
    assert found["state"] == "pending" and found["last_status"] == 500 and found["last_error"]
    assert hook.json["state"] == "failing" and hook.json["failing_since"]
    hook.hurry()
    hook.attempted(event, 2)
    hook.hurry()
    assert hook.state(event, "delivered")["attempts"] == 3
    assert hook.json["state"] == "active" and hook.json["failing_since"] is None
    ids = {headers["webhook-id"] for headers, _ in hook.got()}
    assert ids == {event["id"]} and len({body for _, body in hook.got()}) == 1


def test_pauses_grow_until_it_is_dead(server, tenant, hook):
    hook.receiver.answer(hook.at, *[500] * 20)
    event = label(tenant, "never")
    pauses = []
    for attempt in range(1, 11):
        hook.attempted(event, attempt)
        pauses.append(float(server.sql(
            "SELECT extract(epoch FROM next_attempt_at - last_attempt_at) FROM webhook_delivery WHERE "
            f"event_id = '{event['id'][4:]}' AND webhook_id = '{hook.made['id'][4:]}'")))
        hook.hurry()
    for pause, wanted in zip(pauses, (5, 30, 120, 600, 1800, 3600, 7200, 14400, 28800, 28800)):
        assert 0.8 * wanted - 1 <= pause <= 1.2 * wanted + 11, pauses
    found = hook.state(event, "dead")
    assert found["attempts"] == 11 and found["next_attempt_at"] is None and found["ended_at"]
    assert [d["id"] for d in hook.deliveries("state=dead")] == [found["id"]]
    assert [d["id"] for d in hook.deliveries("state=delivered")] == []
    hook.receiver.answer(hook.at)
    path = f"{hook.path}/deliveries/{found['id']}/replay"
    answer = hook.client.request("POST", path).ok(202)
    assert answer.json["state"] == "pending" and answer.json["attempts"] == 0
    assert hook.state(event, "delivered")["attempts"] == 1
    noted = tenant.client.get("/v1/events?type=webhook.delivery.replayed").json["data"][0]
    assert noted["data"] == {"event_id": event["id"]} and noted["actor"]["kind"] == "account"


def test_replay_of_what_was_delivered(tenant, hook):
    event = label(tenant, "again")
    found = hook.state(event, "delivered")
    hook.client.request("POST", f"{hook.path}/deliveries/{found['id']}/replay", {}).ok(202)
    until(lambda: len([h for h, _ in hook.got() if h["webhook-id"] == event["id"]]) == 2, "it comes again")
    hook.client.request("POST", f"{hook.path}/deliveries/{found['id']}/replay", {"x": 1}).problem(422, "unknown_field", "/x")
    hook.client.request("POST", f"{hook.path}/ping", {"x": 1}).problem(422, "unknown_field", "/x")
    nothing = "dlv_0190163d-8694-739b-aea5-966c26f8ad91"
    hook.client.request("POST", f"{hook.path}/deliveries/{nothing}/replay").problem(404)
    hook.client.get(f"{hook.path}/deliveries/{nothing}").problem(404)


def test_410_disables(tenant, hook):
    hook.receiver.answer(hook.at, 410)
    event = label(tenant, "gone")
    assert hook.state(event, "dead")["last_status"] == 410
    now = hook.json
    assert (now["enabled"], now["state"], now["disabled_reason"]) == (False, "disabled", "gone")
    noted = tenant.client.get("/v1/events?type=webhook.disabled").json["data"][0]
    assert noted["data"] == {"reason": "gone"} and noted["subject"] == hook.path.removeprefix("/v1/")
    hook.client.request("POST", f"{hook.path}/ping").problem(409, "conflict")
    hook.client.request("POST", f"{hook.path}/deliveries/{hook.delivery(event)['id']}/replay").problem(409, "conflict")
    missed = label(tenant, "not told")
    settled(hook.server)
    back = hook.client.request("PATCH", hook.path, {"enabled": True}).ok(200).json
    assert (back["state"], back["disabled_reason"]) == ("active", None)
    hook.state(hook.ping(), "delivered")
    assert hook.delivery(missed) is None


def test_five_days_of_failures_disable(server, tenant, hook):
    hook.receiver.answer(hook.at, 500, 500)
    event = label(tenant, "failing")
    hook.attempted(event, 1)
    server.sql(f"UPDATE webhook SET failing_since = now() - interval '6 days' WHERE id = '{hook.made['id'][4:]}'")
    hook.hurry()
    until(lambda: hook.json["disabled_reason"] == "failing", "it is disabled")


@pytest.mark.parametrize("status, waits", [(429, True), (503, True), (500, False)])
def test_retry_after(server, tenant, hook, status, waits):
    hook.receiver.answer(hook.at, (status, {"Retry-After": "1000"}, b""))
    event = label(tenant, "later")
    hook.attempted(event, 1)
    pause = float(server.sql("SELECT extract(epoch FROM next_attempt_at - last_attempt_at) FROM webhook_delivery "
                             f"WHERE event_id = '{event['id'][4:]}' AND webhook_id = '{hook.made['id'][4:]}'"))
    assert (pause >= 999) == waits


def test_redirects_are_not_followed(tenant, hook):
    hook.receiver.answer(hook.at, (302, {"Location": hook.receiver.url("/elsewhere")}, b""), (307, {"Location": "/elsewhere"}, b""))
    event = label(tenant, "moved")
    found = hook.attempted(event, 1)
    assert found["last_status"] == 302 and found["last_error"] == "redirects are not followed"
    hook.hurry()
    assert hook.attempted(event, 2)["last_status"] == 307
    assert hook.receiver.got("/elsewhere") == []


def test_nobody_there(server, tenant):
    hook = Hook(tenant.client, server=server, url=f"http://127.0.0.1:{free_port()}/")
    found = hook.attempted(hook.ping(), 1)
    assert found["last_status"] is None and "connect" in found["last_error"]


def test_not_tls(server, tenant, receiver):
    hook = Hook(tenant.client, receiver, server, url=receiver.url("/plain").replace("http:", "https:"))
    found = hook.attempted(hook.ping(), 1)
    assert found["last_status"] is None and "SSL" in found["last_error"] and receiver.got("/plain") == []


def test_a_long_answer_is_cut(tenant, hook):
    hook.receiver.answer(hook.at, (200, {}, b"x" * 5_000_000), (200, {"X-Long": "x" * 60_000, "X-Longer": "x" * 60_000}, b""))
    assert hook.state(label(tenant, "long"), "delivered")["last_status"] == 200
    found = hook.attempted(label(tenant, "longer"), 1)
    assert found["attempts"] == 1


def test_an_answer_that_breaks_off(server, tenant):
    """A server that says 200 and hangs up in the middle has not taken it."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        peer, _ = listener.accept()
        with peer:
            peer.recv(65536)
            peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
    threading.Thread(target=serve, daemon=True).start()
    hook = Hook(tenant.client, server=server, url=f"http://127.0.0.1:{listener.getsockname()[1]}/")
    found = hook.attempted(hook.ping(), 1)
    listener.close()
    assert found["state"] == "pending" and found["last_status"] is None and found["last_error"]


def test_one_that_hangs_holds_up_nobody(server, tenant, receiver):
    """Many hooks whose target takes the connection and says nothing; another one is told at once."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=100)
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
    hanging = [Hook(tenant.client, server=server, url=url, events=["did.updated"]) for _ in range(5)]
    good = Hook(tenant.client, receiver, server, events=["did.updated"])
    for i in range(6):
        label(tenant, f"hang {i}")
    until(lambda: len(good.got()) == 6, "the good one has all")
    leased = int(server.sql("SELECT count(*) FROM webhook_delivery WHERE leased_until > now() AND webhook_id = "
                            f"'{hanging[0].made['id'][4:]}'"))
    assert leased <= 4
    for hook in hanging:
        tenant.client.request("DELETE", hook.path).ok(204)
    listener.close()


# ---- processes ----------------------------------------------------------------------------------

def test_two_processes_and_a_restart(apart, receiver):
    """Two API processes share the work, one is killed in the middle, and each event is told; a process that lives
    tells each once."""
    customer = Tenant(apart)
    hook = Hook(customer.client, receiver, apart, events=["did.updated"])
    first = apart.http
    apart.children["first"] = apart.children.pop("api")
    apart.http = apart.settings["TRUNKGUARD_HTTP_LISTEN"] = f"127.0.0.1:{free_port()}"
    apart.start_api()
    second = apart.client.key_for(customer.key["key"])
    second.listen = apart.http
    for i in range(20):
        (customer.client, second)[i % 2].request("PATCH", customer.did_path, {"label": f"{i}"}).ok(200)
    until(lambda: len(hook.got()) >= 20, "all are told")
    ids = [headers["webhook-id"] for headers, _ in hook.got()]
    assert len(ids) == len(set(ids)) == 20
    # One is killed while its letters hang: the other sends them again when the lease is over.
    gate = threading.Event()
    receiver.answer(hook.at, *[(204, {}, gate.wait)] * 3)
    for i in range(3):
        second.request("PATCH", customer.did_path, {"label": f"hangs {i}"}).ok(200)
    until(lambda: len(hook.got()) >= 23, "three hang")
    apart.kill("first")
    apart.kill("api")
    apart.client.listen = apart.http
    gate.set()
    apart.start_api()
    apart.sql("UPDATE webhook_delivery SET next_attempt_at = now(), leased_until = NULL WHERE state = 'pending'")
    mine = f"SELECT count(*) FROM webhook_delivery WHERE webhook_id = '{hook.made['id'][4:]}' AND state = 'delivered'"
    until(lambda: apart.sql(mine) == "23", "all are delivered")
    assert len({headers["webhook-id"] for headers, _ in hook.got()}) == 23
    assert apart.command("audit", "verify").returncode == 0
    assert first != apart.http


def test_stopping_gives_back_what_is_under_way(apart, receiver):
    customer = Tenant(apart)
    hook = Hook(customer.client, receiver, apart, events=["did.updated"])
    gate = threading.Event()
    receiver.answer(hook.at, (204, {}, gate.wait))
    label(customer, "hangs")
    until(lambda: hook.got(), "it hangs")
    apart.kill("api", signal.SIGTERM)
    assert apart.sql("SELECT state, attempts, leased_until IS NULL, next_attempt_at <= now() FROM webhook_delivery "
                     f"WHERE webhook_id = '{hook.made['id'][4:]}'") == "pending|0|t|t"
    gate.set()
    apart.start_api()
    until(lambda: len(hook.got()) == 2, "it is sent again")


# ---- the chain, from the shell ------------------------------------------------------------------

def test_tampering_is_found(apart):
    customer = Tenant(apart)
    label(customer, "evidence")
    settled(apart)
    good = apart.command("audit", "verify")
    assert good.stdout.splitlines()[-1].endswith(" 0 problems") and customer.account["id"] in good.stdout
    for statement in ("UPDATE event SET after = '{}'", "DELETE FROM event", "TRUNCATE event"):
        assert "append only" in subprocess.run(
            ["psql", "-X", "-q", "-d", apart.environment()["TRUNKGUARD_DATABASE_URL"]], text=True,
            input=f"SET search_path = trunkguard;\n{statement};", capture_output=True).stderr
    apart.sql("ALTER TABLE event DISABLE TRIGGER USER; UPDATE event SET actor_kind = 'system' WHERE subject = "
              f"'dids/{customer.did['number']}' AND type = 'did.updated'; ALTER TABLE event ENABLE TRIGGER USER")
    bad = apart.command("audit", "verify", check=False)
    assert bad.returncode == 1 and "the event was changed" in bad.stdout and "1 problems" in bad.stdout
    apart.sql("ALTER TABLE event DISABLE TRIGGER USER; UPDATE event SET actor_kind = 'account' WHERE subject = "
              f"'dids/{customer.did['number']}' AND type = 'did.updated'; ALTER TABLE event ENABLE TRIGGER USER")
    apart.command("audit", "verify")


def test_forgetting(apart):
    customer = Tenant(apart)
    settled(apart)
    assert apart.command("audit", "forget", "--days", "1").stdout == "0 events dropped\n"
    for words in (("forget",), ("forget", "--days", "x"), ("forget", "--days", ""), ("what",)):
        assert apart.command("audit", *words, check=False).returncode == 2
    count = apart.sql("SELECT count(*) FROM event")
    assert apart.command("audit", "forget", "--days", "0").stdout == f"{count} events dropped\n"
    settled(apart)
    assert apart.command("audit", "verify").returncode == 0
    kept = customer.client.get("/v1/events").ok(200).json["data"]
    assert [e["type"] for e in kept] == ["audit.pruned"]


# ---- who sees what ------------------------------------------------------------------------------

def test_lists(tenant, other, receiver, server):
    mine, theirs = Hook(tenant.client, receiver, server), Hook(other.client, receiver, server)
    listed = [w["id"] for w in tenant.client.get(PATH).ok(200).json["data"]]
    assert listed == [mine.made["id"]]
    for method, path in (("GET", theirs.path), ("PATCH", theirs.path), ("DELETE", theirs.path), ("GET", f"{theirs.path}/deliveries"),
                         ("POST", f"{theirs.path}/ping")):
        tenant.client.request(method, path, {} if method == "PATCH" else None).problem(404, "not_found")
    event = theirs.ping()
    found = theirs.state(event, "delivered")
    for path in (f"{theirs.path}/deliveries/{found['id']}", f"{mine.path}/deliveries/{found['id']}"):
        tenant.client.get(path).problem(404)
        tenant.client.request("POST", f"{path}/replay").problem(404)
    assert len(theirs.got()) == 1
