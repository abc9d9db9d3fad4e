"""HTTP as no polite client sends it (T24, T25, H1 to H8): framing, targets, types, limits, deadlines."""

import concurrent.futures
import contextlib
import json
import select
import socket

import pytest

from raw import Raw
from wait import until

PROBE = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.fixture
def raw(server):
    with Raw(server.http) as connection:
        yield connection


def auth(server):
    return f"Authorization: Bearer {server.operator_key}\r\n"


def is_problem(answer, status, code=None):
    assert answer, "closed without an answer"
    got, headers, body = answer
    assert got == status, answer
    assert headers["content-type"] == "application/problem+json"
    problem = json.loads(body)
    assert problem["status"] == status and (code is None or problem["code"] == code), problem
    return headers


# ---- smuggling: each is refused, the connection closed, and the smuggled request never served ----

SMUGGLED = PROBE.replace("/healthz", "/smuggled")
POST = "POST /v1/accounts HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n{auth}"


@pytest.mark.parametrize("fields, body", [
    ("Content-Length: 2\r\nContent-Length: 60\r\n", "{}"),
    ("Content-Length: 60\r\nContent-Length: 2\r\n", "{}"),
    ("Content-Length: 2\r\nContent-Length: 2\r\n", "{}"),
    ("Content-Length: 2\r\ncontent-length : 60\r\n", "{}"),
    ("Content-Length: 2\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
    ("Transfer-Encoding: chunked\r\nContent-Length: 2\r\n", "0\r\n\r\n"),
    ("Content-Length: 2\r\nTransfer-Encoding : chunked\r\n", "{}"),
    ("Content-Length: 2\r\nTransfer-Encoding\t: chunked\r\n", "{}"),
    ("Content-Length: 2\r\nX Transfer-Encoding: chunked\r\n", "{}"),
    ("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n"),
    ("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"),
    ("Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n"),
    ("Transfer-Encoding: identity\r\n", "{}"),
    ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
    ("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", "0\r\n\r\n"),
    ("Transfer-Encoding: \"chunked\"\r\n", "0\r\n\r\n"),
    ("Transfer-Encoding: chunked;q=1\r\n", "0\r\n\r\n"),
    ("Host: b\r\nContent-Length: 2\r\n", "{}"),
    ("Authorization: Bearer x\r\nContent-Length: 2\r\n", "{}"),
    ("Content-Type: text/plain\r\nContent-Length: 2\r\n", "{}"),
    ("X-Bad: a\x01b\r\nContent-Length: 2\r\n", "{}"),
    ("X-Bad: a\x7f\r\nContent-Length: 2\r\n", "{}"),
    ("X(Bad: a\r\nContent-Length: 2\r\n", "{}"),
])
def test_smuggling_is_refused_and_closed(server, raw, fields, body):
    raw.send(POST.format(auth=auth(server)) + fields + "\r\n" + body + SMUGGLED)
    headers = is_problem(raw.answer(), 400, "malformed_request")
    assert headers["connection"].lower() == "close"
    assert raw.answer() is None


@pytest.mark.parametrize("length", ["+2", "-2", "2, 2", "0x2", "2x", "18446744073709551618", "2\x0b"])
def test_bad_content_length_ends_the_connection(server, raw, length):
    raw.send(POST.format(auth=auth(server)) + f"Content-Length: {length}\r\n\r\n{{}}" + SMUGGLED)
    assert raw.ended()
    assert b" 404 " not in raw.buffer and b" 201 " not in raw.buffer and b" 200 " not in raw.buffer


def test_two_hosts_or_none(raw, server):
    raw.send("GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n" + SMUGGLED)
    is_problem(raw.answer(), 400)
    assert raw.answer() is None
    with Raw(server.http) as other:
        other.send("GET /healthz HTTP/1.1\r\n\r\n" + SMUGGLED)
        assert other.ended() and b" 200 " not in other.buffer


def test_http_1_0_has_no_chunks(raw, server):
    raw.send("POST /v1/accounts HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
    is_problem(raw.answer(), 400)


def test_bodies_that_are_framed_well(server, raw):
    """The guard keeps no honest request out: length, chunks, pipelining, one after another."""
    body = b'{"name": "Framed"}'
    head = POST.format(auth=auth(server))
    raw.send(head + f"Content-Length: {len(body)}\r\n\r\n" + body.decode())
    assert raw.answer()[0] == 201
    raw.send(head + "Transfer-Encoding: chunked\r\n\r\n")
    for piece in (body[:5], body[5:]):
        raw.send(b"%x\r\n%s\r\n" % (len(piece), piece))
    raw.send("0\r\n\r\n")
    assert raw.answer()[0] == 201
    raw.send(PROBE * 5)
    assert [raw.answer()[0] for _ in range(5)] == [200] * 5


def test_expectations(server, raw):
    raw.send(POST.format(auth=auth(server)) + "Content-Length: 18\r\nExpect: 100-continue\r\n\r\n")
    assert raw.answer()[0] == 100
    raw.send('{"name": "Framed"}')
    assert raw.answer()[0] == 201
    raw.send(POST.format(auth=auth(server)) + "Content-Length: 18\r\nExpect: the best\r\n\r\n")
    is_problem(raw.answer(), 417, "expectation_failed")


def test_refusal_before_the_body_for_who_waits_for_it(server, raw):
    """A key that is not valid is told so, instead of 100 Continue."""
    raw.send("POST /v1/accounts HTTP/1.1\r\nHost: a\r\nContent-Length: 500000\r\nExpect: 100-continue\r\n\r\n")
    is_problem(raw.answer(), 401, "unauthorized")
    assert raw.answer() is None


# ---- targets -----------------------------------------------------------------------------------

@pytest.mark.parametrize("target", [
    "/v1/../admin", "/v1/%2e%2e/admin", "//v1", "/v1//dids", "/v1/%00", "/v1/dids/%2fx", "/v1%5cdids", "/%", "/v1/%zz",
    "/v1/\x01", "/v1/\xff", "http://a/v1/accounts", "*", "v1", "/v1#x", "/v1/dids?q=%00", "/v1/%0d%0aX:%20y",
])
def test_bad_target(raw, target):
    raw.send(f"GET {target} HTTP/1.1\r\nHost: a\r\n\r\n".encode("latin-1"))
    headers = is_problem(raw.answer(), 400, "malformed_request")
    assert headers["connection"].lower() == "close"
    assert raw.answer() is None


@pytest.mark.parametrize("target", ["/healthz\0", "/healthz\0/x", "/healthz?a\0b", "\0/healthz"])
def test_nul_in_the_target_does_not_cut_it(raw, target):
    raw.send(f"GET {target} HTTP/1.1\r\nHost: a\r\n\r\n")
    raw.ended()
    assert b" 200 " not in raw.buffer


@pytest.mark.parametrize("fields", [
    "Host: a\r\nX-A: b\0c\r\n", "Host: a\r\nX-A: b\0\r\n", "Host: a\nX-A: b\r\n", "Host: a\r\nX-A: b\n", "Host: a\rX-A: b\r\n", "Host: a\r\nX-A: b\r",
    "Host: a\r\nX-A: b\r\n c\r\n", "Host: a\r\nX-A:\r\n\tb\r\n", "Host: a\r\n\0X-A: b\r\n", "Host: a\r\nX-A\0: b\r\n",
    "Host: a\r\nno colon\r\n", "Host: a\r\n: b\r\n", "Host: a\r\n X-A: b\r\n",
])
def test_lines_that_a_proxy_may_read_otherwise(server, raw, fields):
    """Bare CR or LF, folded lines, NUL octets."""
    raw.send(f"GET /healthz HTTP/1.1\r\n{fields}\r\n")
    raw.socket.shutdown(1)
    raw.ended()
    assert b" 200 " not in raw.buffer


@pytest.mark.parametrize("step", [1, 7, 1000])
def test_headers_in_pieces(raw, step):
    """However they arrive, honest lines are seen as such."""
    request = ("GET /healthz?a=b&c=%20d HTTP/1.1\r\nHost: a\r\nCookie: a=b; c=d\r\nX-Empty:\r\nX-Blank:  b \t\r\n"
               + "".join(f"X-{i}: {'y' * i}\r\n" for i in range(60)) + "\r\n")
    for _ in range(2):
        for at in range(0, len(request), step):
            raw.send(request[at:at + step])
        assert raw.answer()[0] == 200


def test_ends_of_lines_of_the_empty_line(server):
    for end in ("\n", "\r"):
        with Raw(server.http) as connection:
            connection.send(f"GET /healthz HTTP/1.1\r\nHost: a\r\n{end}")
            connection.socket.shutdown(1)
            connection.ended()
            assert b" 200 " not in connection.buffer


def test_long_target(raw, server):
    raw.send(f"GET /v1/{'x' * 2046} HTTP/1.1\r\nHost: a\r\n\r\n")
    is_problem(raw.answer(), 414, "target_too_long")
    with Raw(server.http) as other:
        other.send(f"GET /v1/{'x' * 40000} HTTP/1.1\r\nHost: a\r\n\r\n")
        assert other.ended()


def test_many_and_long_headers(server):
    for fields in ("".join(f"X-{i}: y\r\n" for i in range(3000)), f"X: {'y' * 40000}\r\n"):
        with Raw(server.http) as connection:
            connection.send(f"GET /healthz HTTP/1.1\r\nHost: a\r\n{fields}\r\n")
            connection.ended()
            assert b" 200 " not in connection.buffer


@pytest.mark.parametrize("line", ["GET /healthz HTTP/9.9", "GET /healthz", "GET", "", "\x16\x03\x01\x02", "GET  /healthz  HTTP/1.1"])
def test_bad_request_line(server, line):
    with Raw(server.http) as connection:
        connection.send(f"{line}\r\nHost: a\r\n\r\n".encode("latin-1"))
        connection.socket.shutdown(1)
        connection.ended()
    with Raw(server.http) as connection:
        connection.send(PROBE)
        assert connection.answer()[0] == 200


# ---- methods and types -------------------------------------------------------------------------

@pytest.mark.parametrize("method", ["POST", "PUT", "OPTIONS", "TRACE", "CONNECT", "get", "BREW"])
def test_method_not_allowed(server, raw, method):
    raw.send(f"{method} /v1/sync HTTP/1.1\r\nHost: a\r\n{auth(server)}\r\n")
    assert is_problem(raw.answer(), 405, "method_not_allowed")["allow"] == "GET, HEAD"


def test_allow_names_all(api):
    assert api.request("PUT", "/v1/accounts", {}, checked=False).headers["Allow"] == "GET, HEAD, POST"


def test_head(server, raw):
    raw.send(f"HEAD /v1/accounts?limit=1 HTTP/1.1\r\nHost: a\r\n{auth(server)}\r\n{PROBE}")
    status, headers, _ = raw.answer("HEAD")
    assert status == 200 and int(headers["content-length"]) > 10
    assert raw.answer()[2] == b'{"status":"ok"}'


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "application/jsonx", "application/x-www-form-urlencoded",
                                  "application/json; charset=latin-1", "", "application/merge-patch+json"])
def test_media_type_of_a_body(api, kind):
    api.request("POST", "/v1/accounts", '{"name": "x"}', {"Content-Type": kind}).problem(415, "unsupported_media_type")


@pytest.mark.parametrize("kind", ["application/json", "Application/JSON; charset=UTF-8", "application/merge-patch+json"])
def test_media_types_of_a_patch(api, tenant, kind):
    api.request("PATCH", tenant.path, '{"name": "x"}', {"Content-Type": kind}).ok(200)


def test_content_coding(api):
    api.request("POST", "/v1/accounts", '{"name": "x"}', {"Content-Encoding": "gzip"}).problem(415)


def test_accept(api):
    api.get("/v1/sync", headers={"Accept": "text/html, application/xml;q=0.9"}).problem(406, "not_acceptable")
    api.get("/v1/sync", headers={"Accept": "application/json;q=0"}).problem(406)
    for fine in ("*/*", "application/json", "text/html, application/*;q=0.1"):
        api.get("/v1/sync", headers={"Accept": fine}).ok(200)


def test_every_answer_is_closed_to_sniffing(raw):
    raw.send(PROBE)
    assert raw.answer()[1]["x-content-type-options"] == "nosniff"


# ---- sizes -------------------------------------------------------------------------------------

def test_body_over_a_mebibyte(server, api):
    big = json.dumps({"name": "x" * (1 << 20)})
    api.request("POST", "/v1/accounts", big).problem(413, "body_too_large")
    with Raw(server.http) as connection:
        connection.send(POST.format(auth=auth(server)) + "Transfer-Encoding: chunked\r\n\r\n")
        for _ in range(20):
            connection.send(b"10000\r\n" + b" " * 65536 + b"\r\n")
        connection.send("0\r\n\r\n")
        is_problem(connection.answer(), 413)
        connection.send(PROBE)
        assert connection.answer()[0] == 200
    api.request("POST", "/v1/accounts", json.dumps({"name": "x" * 200}) + " " * ((1 << 20) - 300)).ok(201)


def test_a_huge_body_is_not_read(server):
    with Raw(server.http) as connection:
        connection.send(POST.format(auth=auth(server)) + f"Content-Length: {1 << 40}\r\n\r\n")
        is_problem(connection.answer(), 413)
        assert connection.answer() is None


def test_endless_chunks_are_cut(server):
    with Raw(server.http) as connection:
        connection.send(POST.format(auth=auth(server)) + "Transfer-Encoding: chunked\r\n\r\n")
        with pytest.raises(OSError):
            for _ in range(4096):
                connection.send(b"10000\r\n" + b" " * 65536 + b"\r\n")


def test_body_where_none_is_wanted(server, raw):
    raw.send(f"GET /v1/sync HTTP/1.1\r\nHost: a\r\n{auth(server)}Content-Length: 5\r\n\r\nhello{PROBE}")
    assert raw.answer()[0] in (200, 413)
    assert raw.answer()[0] == 200


# ---- time --------------------------------------------------------------------------------------

def test_keep_alive(raw, server):
    for _ in range(50):
        raw.send(PROBE)
        assert raw.answer()[0] == 200


def trickle(connection, data):
    """Sends an octet at a time until the server hangs up; the time is the server's to bound."""
    connection.socket.settimeout(0.25)
    for octet in data:
        try:
            connection.send(bytes([octet]))
            if not connection.socket.recv(4096):
                return True
        except TimeoutError:
            continue
        except OSError:
            return True
    return False


def test_slow_headers_are_cut(server):
    with Raw(server.http) as connection:
        connection.send("GET /healthz HTTP/1.1\r\nHost: a\r\nX-Slow: ")
        assert trickle(connection, b"x" * 400)


def test_slow_second_request_is_cut(server):
    with Raw(server.http) as connection:
        connection.send(PROBE)
        assert connection.answer()[0] == 200
        assert trickle(connection, b"GET /" + b"x" * 400)


def test_silent_connection_is_cut(server):
    with Raw(server.http, timeout=60) as connection:
        assert connection.ended()


def slow_body(server):
    with Raw(server.http) as connection:
        connection.send(POST.format(auth=auth(server)) + "Content-Length: 1000\r\n\r\n")
        assert trickle(connection, b"{" + b" " * 999)


def no_reader(server):
    """Answers that nobody takes pile up until the socket is full; then the deadline runs."""
    with Raw(server.http) as connection:
        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.socket.settimeout(0.5)
        with contextlib.suppress(OSError):
            for _ in range(3000):
                connection.send("GET /docs HTTP/1.1\r\nHost: a\r\n\r\n")
        ended = select.poll()
        ended.register(connection.socket, select.POLLRDHUP)
        assert ended.poll(120000)


def test_slow_bodies_and_readers_are_cut(server):
    with concurrent.futures.ThreadPoolExecutor() as pool:
        for waiting in [pool.submit(slow_body, server), pool.submit(no_reader, server)]:
            waiting.result()


def test_others_are_served_beside_a_crowd_of_slow_ones(server, api):
    crowd = []
    try:
        for _ in range(900):
            connection = Raw(server.http)
            connection.send("GET /healthz HTTP/1.1\r\nHost:")
            crowd.append(connection)
        for _ in range(20):
            api.get("/v1/sync").ok(200)
    finally:
        for connection in crowd:
            connection.socket.close()
    until(lambda: server.metrics("api")["trunkguard_http_connections"] < 20, "the crowd is gone", 60)


def test_many_at_once(server, api, tenant):
    """64 connections of a portal, each with several requests."""
    def portal(_):
        with Raw(server.http, timeout=120) as connection:
            for _ in range(10):
                connection.send(f"GET {tenant.did_path} HTTP/1.1\r\nHost: a\r\n{auth(server)}\r\n")
                assert connection.answer()[0] == 200

    with concurrent.futures.ThreadPoolExecutor(64) as pool:
        list(pool.map(portal, range(64)))


def test_log_holds_no_raw_bytes(server, raw):
    raw.send("GET /healthz HTTP/1.1\r\nHost: a\r\nX-A: \x1b[31m\r\n\r\n")
    raw.ended()
    for line in server.log("api").splitlines():
        assert json.loads(line)["program"] == "trunkguard-api"
        assert "\x1b" not in line
