"""The API against a real PostgreSQL of its own. The HTTP client holds every answer against
openapi.yaml, here so strictly that a field which the contract does not name is an error too."""

import itertools
import subprocess
import sys
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "e2e")]

from client import TOP, Client, Contract, coverage_write  # noqa: E402
from stack import Stack  # noqa: E402

_serial = itertools.count(1)


class StrictContract(Contract):
    def __init__(self, path):
        super().__init__(path)
        self.close(self.document["components"]["schemas"])

    def close(self, schema):
        if isinstance(schema, dict):
            if "properties" in schema and schema.get("type") == "object":
                schema.setdefault("additionalProperties", False)
            for part in schema.values():
                self.close(part)
        elif isinstance(schema, list):
            for part in schema:
                self.close(part)

    def check(self, method, path, answer, body=None, kind=""):
        known = any(pattern.match(path.split("?")[0]) for _, pattern, _ in self.paths)
        assert known or answer.status in (400, 404, 414), f"{path} is not in the contract"
        super().check(method, path, answer, body, kind)
        if answer.status == 401:
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        if answer.status == 503:
            assert int(answer.headers["Retry-After"]) > 0
        if answer.status == 405:
            assert answer.headers["Allow"]


class Server(Stack):
    """PostgreSQL and the API, without a worker."""

    def environment(self):
        found = super().environment()
        # What was freed shall not count as memory in use.
        found["ASAN_OPTIONS"] += ":quarantine_size_mb=1"
        # Suites ask more than any portal; test_rate.py has a server that says no.
        found.setdefault("TRUNKGUARD_RATE_LIMIT", "100000")
        found.setdefault("TRUNKGUARD_OPERATOR_RATE_LIMIT", "100000")
        return found

    def start(self):
        self.start_postgres()
        self.start_api()
        self.operator_key = self.command("key", "create", "--operator").stdout.strip()
        self.client = Client(self.http, self.operator_key)
        return self

    def sql(self, text, check=True):
        url = self.environment()["TRUNKGUARD_DATABASE_URL"]
        return subprocess.run(
            ["psql", "-X", "-q", "-t", "-A", "-v", "ON_ERROR_STOP=1", "-d", url], check=check, text=True,
            input=f"SET search_path = trunkguard;\n{text}", capture_output=True).stdout.strip()


class Tenant:
    """An account with a key of its own, a trunk with a SIP account, and a DID."""

    def __init__(self, server, **fields):
        self.operator = server.client
        self.serial = next(_serial)
        self.account = self.made("/v1/accounts", {"name": f"Tenant {self.serial}",
                                                  "default_country": "US", **fields})
        self.key = self.made(f"{self.path}/api-keys", {"name": "portal"})
        self.client = server.client.key_for(self.key["key"])
        self.trunk = self.made("/v1/trunks", {"account_id": self.account["id"], "name": "trunk"})
        self.trunk_path = f"/v1/trunks/{self.trunk['id']}"
        self.username = f"pbx{self.serial}"
        self.operator.request("PUT", f"{self.trunk_path}/sip-accounts/primary",
                              {"username": self.username, "password": "s3cret-" * 2}).ok(201)
        self.prefix = f"+1212{self.serial:03d}"
        self.numbers = itertools.count(1)
        self.did = self.new_did()
        self.did_path = f"/v1/dids/{self.did['number']}"

    @property
    def path(self):
        return f"/v1/accounts/{self.account['id']}"

    def made(self, path, body):
        return self.operator.request("POST", path, body).ok(201).json

    def number(self):
        return f"{self.prefix}{next(self.numbers):04d}"

    def new_did(self, **fields):
        return self.made("/v1/dids", {"number": self.number(), "account_id": self.account["id"],
                                      "trunk_id": self.trunk["id"], **fields})


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    Client.contract = StrictContract(TOP / "openapi.yaml")
    stack = Server(tmp_path_factory.mktemp("server"))
    try:
        yield stack.start()
    finally:
        stack.close()


@pytest.fixture(scope="session")
def api(server):
    return server.client


@pytest.fixture
def tenant(server):
    return Tenant(server)


@pytest.fixture
def other(server):
    return Tenant(server)


@pytest.fixture
def own_server(tmp_path):
    """For tests that stop parts of it."""
    Client.contract = Client.contract or StrictContract(TOP / "openapi.yaml")
    stack = Server(tmp_path)
    try:
        yield stack.start()
    finally:
        stack.close()


def pytest_sessionfinish(session):
    coverage_write(session)
