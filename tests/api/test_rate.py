"""Rate limits: of each key, and of who has none (T28)."""

import re
import subprocess

import pytest

from client import TOP, Client
from conftest import Server, StrictContract, Tenant
from wait import until


@pytest.fixture(scope="module")
def limited(tmp_path_factory):
    """A server that says no soon."""
    Client.contract = Client.contract or StrictContract(TOP / "openapi.yaml")
    stack = Server(tmp_path_factory.mktemp("limited"), {
        "TRUNKGUARD_RATE_LIMIT": "2:10", "TRUNKGUARD_OPERATOR_RATE_LIMIT": "0",
        "TRUNKGUARD_REFUSED_RATE_LIMIT": "5:20"})
    try:
        yield stack.start()
    finally:
        stack.close()


def left(answer):
    policy, r, t = re.fullmatch(r'"(\w+)";r=(\d+);t=(\d+)', answer.headers["RateLimit"]).groups()
    return policy, int(r), int(t)


def used_up(client, path):
    """Asks until it is told no; how often it was not."""
    for n in range(1000):
        answer = client.get(path)
        if answer.status == 429:
            return n, answer
    raise AssertionError("nobody says no")


def test_a_key_is_told_what_is_left_and_then_no(limited):
    tenant = Tenant(limited)
    first = tenant.client.get(tenant.path).ok(200)
    assert first.headers["RateLimit-Policy"] == '"account";q=10;w=5'
    assert left(first) == ("account", 9, 1)
    second = tenant.client.get("/v1/trunks/trk_none").problem(404) and tenant.client.get(tenant.path).ok(200)
    assert left(second)[1] <= 8, "errors count, too"
    answers, answer = used_up(tenant.client, tenant.path)
    assert 7 <= answers < 100
    answer.problem(429, "rate_limited")
    assert left(answer)[1] == 0 and int(answer.headers["Retry-After"]) == 1
    assert 4 <= left(answer)[2] <= 5
    # Writes, too, and the body is not even read.
    big = tenant.client.request("POST", "/v1/mass-operations", b" " * 3_000_000)
    assert big.status in (429, 400)
    assert limited.metrics("api")['trunkguard_http_rate_limited_total{policy="account"}'] >= 1
    # It comes back by itself, at the rate that was told.
    until(lambda: tenant.client.get(tenant.path).status == 200, "the key has requests again")


def test_one_tenant_takes_nothing_from_another(limited):
    busy, quiet = Tenant(limited), Tenant(limited)
    used_up(busy.client, busy.path)
    second_key = busy.operator.key_for(busy.made(f"{busy.path}/api-keys", {"name": "second"})["key"])
    assert left(second_key.get(busy.path).ok(200))[1] == 9, "each key has its own"
    for _ in range(5):
        quiet.client.get(quiet.path).ok(200)
        busy.client.get(busy.path)


def test_without_a_limit_there_are_no_fields(limited):
    answers = [limited.client.get("/v1/accounts?limit=1").ok(200) for _ in range(50)]
    assert not any("RateLimit" in a.headers or "RateLimit-Policy" in a.headers for a in answers)


def test_the_defaults_are_in_the_help(limited):
    text = limited.command("--help").stdout
    for flag, default in (("rate-limit", "100:400"), ("operator-rate-limit", "5000:20000"), ("refused-rate-limit", "50:500")):
        assert f"--{flag} VALUE" in text and f"default: {default}" in text


def test_who_has_no_key_is_limited_and_who_has_one_is_not(limited):
    tenant = Tenant(limited)
    tenant.client.get(tenant.path).ok(200)
    anonymous, guesser = limited.client.key_for(None), limited.client.key_for(f"tgk_{'1' * 32}_{'0' * 64}")
    answers, answer = used_up(anonymous, tenant.path)
    assert answers >= 20
    answer.problem(429, "rate_limited")
    assert int(answer.headers["Retry-After"]) >= 1 and "RateLimit" not in answer.headers
    assert "WWW-Authenticate" not in answer.headers
    used_up(guesser, tenant.path)
    # From the same address, when its time in memory is over: a flood of others does not make it a stranger.
    limited.sql(f"UPDATE api_key SET scopes = '{{read}}' WHERE id = '{tenant.key['id'][4:]}'")
    statuses = []

    def looked_up_again():
        used_up(guesser, tenant.path)
        statuses.append(tenant.client.request("PATCH", tenant.path, {"name": "x"}).status)
        return statuses[-1] == 403
    until(looked_up_again, "the key was looked up again")
    assert set(statuses) <= {200, 429, 403}
    # A key that nobody has seen yet has to wait for its turn, no longer.
    newcomer = limited.client.key_for(tenant.made(f"{tenant.path}/api-keys", {"name": "new"})["key"])
    until(lambda: newcomer.get(tenant.path).status == 200, "the new key is taken")
    assert limited.metrics("api")['trunkguard_http_rate_limited_total{policy="refused"}'] >= 2


def test_one_mass_operation_of_an_account_at_a_time(server, tenant, other):
    """Another one is being carried out: its lock is held by a session of our own."""
    def change(client, **named):
        return client.request("POST", "/v1/mass-operations", {
            "action": "set_failover", "select": {"all": True}, "failover": {"number": "+12125550177"}, **named})
    url = server.environment()["TRUNKGUARD_DATABASE_URL"]
    session = subprocess.Popen(["psql", "-X", "-q", "-A", "-t", "-d", url], text=True, stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE)
    try:
        session.stdin.write("SELECT pg_advisory_lock(hashtext('trunkguard.mass'), "
                            f"hashtext('{tenant.account['id'][4:]}'));\n\\echo held\n")
        session.stdin.flush()
        while session.stdout.readline().strip() != "held":
            pass
        for answer in (change(tenant.client), change(tenant.client, dry_run=True), server.client.request(
                "POST", "/v1/mass-operations", {"action": "clear_failover", "select": {
                    "account_id": tenant.account["id"], "all": True}})):
            answer.problem(429, "rate_limited")
            assert int(answer.headers["Retry-After"]) >= 1
        change(other.client).ok(201)
        assert tenant.client.get(f"{tenant.did_path}/failover").ok(200).json["number"] is None
    finally:
        session.communicate("\\q\n", timeout=30)
    change(tenant.client).ok(201)


@pytest.mark.parametrize("value", ["many", "-1", "5:", ":5", "5:0", "1.5", "5:5:5", "1000001", "5 "])
def test_bad_settings(limited, value):
    ended = limited.command("migrate", f"--rate-limit={value}", check=False)
    assert ended.returncode == 2 and "RATE:BURST" in ended.stderr
