"""The command line and the settings."""

import os
import re
import subprocess

import pytest

from stack import BUILD


def run(*words, **environment):
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("TRUNKGUARD_", "PG"))}
    return subprocess.run([BUILD / "trunkguard-api", *words], text=True, capture_output=True, timeout=60,
                          env={**clean, **environment})


def test_help():
    out = run("--help")
    assert out.returncode == 0 and not out.stderr
    for word in ("TRUNKGUARD_DATABASE_URL", "--http-listen", "127.0.0.1:8080", "key create", "migrate"):
        assert word in out.stdout


@pytest.mark.parametrize("words, environment, says", [
    (["--nonsense"], {}, "--nonsense"),
    (["--http-listen", "nowhere"], {}, "host:port"),
    (["--http-listen"], {}, "needs a value"),
    (["--private-targets", "10.0.0.1/8"], {}, "10.0.0.1/8"),
    (["--realm="], {}, "empty"),
    ([], {"TRUNKGUARD_LOG": "loud"}, "TRUNKGUARD_LOG"),
    ([], {"TRUNKGUARD_HTTP_LISTEN": "127.0.0.1:0"}, "TRUNKGUARD_HTTP_LISTEN"),
    ([], {"TRUNKGUARD_HTTP_LISTN": "127.0.0.1:80"}, "TRUNKGUARD_HTTP_LISTN"),
    (["sing"], {}, "unknown command"),
    (["key"], {}, "unknown command"),
    (["key", "create"], {}, "--operator"),
    (["migrate", "--operator"], {}, "key create"),
    (["--data-dir", "/" + "x" * 600], {}, "too long"),
])
def test_bad_usage_is_status_2(words, environment, says):
    out = run(*words, **environment)
    assert out.returncode == 2 and says in out.stderr and not out.stdout, out


def test_commands_without_a_database():
    for words in (["migrate"], ["key", "create", "--operator"]):
        out = run(*words, TRUNKGUARD_DATABASE_URL="host=/nonexistent user=x dbname=y")
        assert out.returncode == 1 and out.stderr and not out.stdout


def test_address_in_use(server):
    out = subprocess.run([BUILD / "trunkguard-api"], text=True, capture_output=True, timeout=60, env=server.environment())
    assert out.returncode == 1 and "Address already in use" in out.stderr


def test_no_such_address():
    out = run("--http-listen", "nowhere.invalid:80", TRUNKGUARD_DATABASE_URL="host=/nonexistent")
    assert out.returncode == 1 and "nowhere.invalid" in out.stderr


def test_operator_key_alone_on_standard_output(server, api):
    out = server.command("key", "create", "--operator", "--name", "ops")
    assert re.fullmatch(r"tgk_[0-9a-f]{32}_[0-9a-f]{64}\n", out.stdout)
    api.key_for(out.stdout.strip()).get("/v1/gateways").ok(200)
    assert server.sql("SELECT count(*) FROM api_key WHERE name = 'ops' AND account_id IS NULL") == "1"


def test_migrate_again(server):
    assert server.command("migrate").stdout == "0 migrations applied\n"
