"""PostgreSQL goes away and comes back; the API ends and starts."""

import concurrent.futures
import signal
import time

from raw import Raw
from wait import until


def account(server):
    return server.client.request("POST", "/v1/accounts", {"name": "Acme"})


def test_postgres_stops_and_comes_back(own_server):
    server = own_server
    path = account(server).ok(201).headers["Location"]
    server.kill("postgres", signal.SIGINT)
    begun = time.monotonic()
    for method, body in (("GET", None), ("PATCH", {"name": "x"}), ("DELETE", None)):
        server.client.request(method, path, body).problem(503, "database_unavailable")
    account(server).problem(503, "database_unavailable")
    # Refusing is quick: nobody waits for a database that is known to be away. The bound is that of a stuck test.
    assert time.monotonic() - begun < 30
    assert server.page(server.http, "/healthz").status == 200
    assert server.page(server.http, "/readyz").status == 503
    assert server.page(server.http, "/metrics").status == 200
    assert server.metrics("api")["trunkguard_database_up"] == 0
    server.start_postgres()
    until(lambda: server.is_ready("api"), "it is ready again", 60)
    assert server.client.get(path).ok(200).json["name"] == "Acme"
    account(server).ok(201)
    assert server.metrics("api")["trunkguard_database_up"] == 1


def test_postgres_is_killed_under_load(own_server):
    """What was answered 2xx is there afterwards; all else is 503 and nothing hangs."""
    server = own_server

    def write(i):
        return server.client.request("POST", "/v1/accounts", {"name": f"a{i}"}, timeout=60)

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        writes = [pool.submit(write, i) for i in range(400)]
        until(lambda: sum(w.done() for w in writes) > 100, "writes are made")
        server.kill_postgres()
        answers = [w.result() for w in writes]
    assert {a.status for a in answers} <= {201, 503}
    assert [a for a in answers if a.status == 503]
    server.start_postgres()
    until(lambda: server.is_ready("api"), "it is ready again", 60)
    for answer in answers:
        if answer.status == 201:
            assert server.client.get(answer.headers["Location"]).ok(200).json == answer.json


def test_start_without_postgres(own_server):
    server = own_server
    server.kill("api", signal.SIGTERM)
    server.kill("postgres", signal.SIGINT)
    server.start_api(ready=False)

    def listening():
        try:
            return server.page(server.http, "/healthz").status == 200
        except OSError:
            return False

    until(listening, "it listens")
    assert server.page(server.http, "/readyz").status == 503
    server.client.get("/v1/sync").problem(503, "database_unavailable")
    server.start_postgres()
    until(lambda: server.is_ready("api"), "it is ready", 60)
    server.client.get("/v1/sync").ok(200)


def test_database_from_the_future_is_left_alone(own_server):
    server = own_server
    server.kill("api", signal.SIGTERM)
    table = server.sql("SELECT table_name FROM information_schema.tables WHERE table_schema = 'trunkguard' AND "
                       "table_name LIKE '%migration%'")
    server.sql(f"INSERT INTO {table} (version, name) SELECT max(version) + 1, '9999_future' FROM {table}")
    refused = server.command("migrate", check=False)
    assert refused.returncode == 1 and "newer" in refused.stderr
    server.start_api(ready=False)
    until(lambda: "newer" in server.log("api"), "it says so")
    assert server.page(server.http, "/readyz").status == 503


def test_term_lets_requests_finish(own_server):
    server = own_server
    head = f"POST /v1/accounts HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {server.operator_key}\r\n"
    body = '{"name": "Last"}'
    with Raw(server.http) as connection, Raw(server.http) as idle:
        idle.send("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
        assert idle.answer()[0] == 200
        connection.send(f"{head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body[:5]}")
        until(lambda: server.metrics("api")["trunkguard_http_requests_in_progress"] >= 2, "the request is under way")
        server.children["api"].send_signal(signal.SIGTERM)
        until(lambda: "ends after signal" in server.log("api"), "it is ending")
        connection.send(body[5:])
        status, headers, _ = connection.answer()
        assert status == 201 and headers["connection"].lower() == "close"
        assert idle.ended()
    assert server.children.pop("api").wait(60) == 0


def test_term_ends_waiting(own_server):
    """Prefer: wait does not hold up an end."""
    server = own_server
    with concurrent.futures.ThreadPoolExecutor() as pool:
        waiting = pool.submit(server.client.request, "POST", "/v1/accounts", {"name": "Waits"}, {"Prefer": "wait=60"}, 90)
        until(lambda: "Waits" in server.sql("SELECT name FROM account"), "it is written")
        begun = time.monotonic()
        server.kill("api", signal.SIGTERM)
        answer = waiting.result(90).ok(201)
    assert answer.headers["Trunkguard-Applied"] == "false"
    assert time.monotonic() - begun < 30


def test_sigint_ends_it_too(own_server):
    own_server.kill("api", signal.SIGINT)


def test_kill_and_start_again(own_server):
    server = own_server
    path = account(server).ok(201).headers["Location"]
    server.kill("api", signal.SIGKILL)
    server.start_api()
    server.client.get(path).ok(200)
