"""TLS: calls, registrations and probes over it, certificates that are not good, and connections that
mean no good."""

import os
import signal
import socket
import ssl
import subprocess
import time

import pytest

import peer as p
from certificates import Authority
from sipp import BACKUP, CARRIER, PBX
from stack import BUILD, Stack
from stream_peer import StreamPeer
from wait import free_port, until

PASSWORD = "Tr0mbone!"


class TlsStack(Stack):
    def __init__(self, folder, settings=None):
        super().__init__(folder)
        self.tls_port = free_port()
        self.ca = Authority(self.folder / "ca")
        certificate, key = self.ca.issue("sip.example", "DNS:sip.example,IP:127.0.0.1")
        self.live = {"cert": self.folder / "live.pem", "key": self.folder / "live.key"}
        self.install(certificate, key)
        self.settings.update({
            "TRUNKGUARD_TLS_CERTIFICATE": str(self.live["cert"]),
            "TRUNKGUARD_TLS_KEY": str(self.live["key"]),
            "TRUNKGUARD_TLS_CA": str(self.ca.certificate), **(settings or {})})
        self.settings["TRUNKGUARD_SIP_LISTEN"] += f",tls:127.0.0.1:{self.tls_port}"

    def install(self, certificate, key):
        self.live["cert"].write_bytes(certificate.read_bytes())
        self.live["key"].write_bytes(key.read_bytes())

    @property
    def tls(self):
        return ("127.0.0.1", self.tls_port)

    @property
    def tls_remote(self):
        return f"127.0.0.1:{self.tls_port}"

    def client_context(self):
        context = ssl.create_default_context(cafile=self.ca.certificate)
        return context

    def server_context(self, name, alternatives, ca=None):
        certificate, key = (ca or self.ca).issue(name, alternatives, stem=f"{name}-{free_port()}")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        return context


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    stack = TlsStack(tmp_path_factory.mktemp("tls"))
    try:
        stack.start()
        yield stack
    finally:
        stack.close()


def tls_peer(world, ip, behaviour=None, alternatives=None, ca=None):
    """A peer with a certificate of its address, unless told otherwise."""
    server = world.stack.server_context("peer", alternatives or f"IP:{ip}", ca)
    return world._keep(StreamPeer(ip, behaviour, server=server,
                                  client=world.stack.client_context()))


def established(world, number, carrier=None, uri=None):
    carrier = carrier or world._keep(StreamPeer(
        CARRIER, p.answers(), client=world.stack.client_context()))
    invite = carrier.invite(uri or f"sip:{number}@{world.stack.tls_remote};transport=tls")
    carrier.send(invite, world.stack.tls)
    final = carrier.await_response(invite)
    if final.status == 200:
        carrier.ack(invite, final, world.stack.tls)
    return carrier, invite, final


def record(world, number):
    return until(lambda: world.cdrs(number), "the record")[0]


def log_says(stack, *words):
    return until(lambda: any(all(word in line for word in words)
                             for line in stack.log("sip").splitlines()), f"{words} in the log")


OPTIONS = ("OPTIONS sip:127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TLS 127.0.0.2:1;branch=z9hG4bK{n};rport\r\n"
           "Max-Forwards: 70\r\nFrom: <sip:a@127.0.0.2>;tag=1\r\nTo: <sip:127.0.0.1>\r\n"
           "Call-ID: tls{n}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n")


def secured(stack, ip=CARRIER):
    raw = socket.socket()
    raw.bind((ip, 0))
    raw.settimeout(10)
    raw.connect(stack.tls)
    return stack.client_context().wrap_socket(raw, server_hostname="127.0.0.1")


# -- calls ----------------------------------------------------------------------------------------

def test_a_call_over_tls_on_both_sides(world):
    pbx = tls_peer(world, PBX, p.answers())
    number = world.did(world.trunk(pbx.address))
    carrier, invite, final = established(world, number)
    assert final.status == 200 and final.contact_host == PBX
    received = pbx.requests("INVITE")[0]
    assert received["Via"].startswith(f"SIP/2.0/TLS {world.stack.tls_remote}")
    assert received.uri == f"sip:{number}@{PBX}:{pbx.port};transport=tls"
    assert received.all("Record-Route") == [
        f"<sip:{world.stack.tls_remote};transport=tls;lr>"]
    pbx.await_request("ACK")
    bye = carrier.in_dialog("BYE", invite, final, 2)
    assert carrier.ask(bye, world.stack.tls).status == 200
    assert pbx.await_request("BYE")["Via"].startswith("SIP/2.0/TLS")
    assert record(world, number)["attempts"][0]["response_code"] == 200


def test_a_caller_over_udp_and_a_pbx_over_tls(world):
    """Both must be able to reach the worker: RFC 5658."""
    pbx = tls_peer(world, PBX, p.answers())
    number = world.did(world.trunk(pbx.address))
    assert world.call(number).final().contact_host == PBX
    assert pbx.requests("INVITE")[0].all("Record-Route") == [
        f"<sip:{world.stack.tls_remote};transport=tls;lr>",
        f"<sip:{world.stack.sip_remote};lr>"]
    assert pbx.await_request("BYE")


def test_a_caller_over_tls_and_a_pbx_over_udp(world):
    pbx = world.peer(PBX, p.answers())
    number = world.did(world.trunk(pbx.address))
    carrier, invite, final = established(world, number)
    assert pbx.requests("INVITE")[0].all("Record-Route") == [
        f"<sip:{world.stack.sip_remote};lr>",
        f"<sip:{world.stack.tls_remote};transport=tls;lr>"]
    pbx.await_request("ACK")
    bye = pbx.callee_request("BYE", pbx.requests("INVITE")[0])
    assert pbx.ask(bye, world.stack.sip).status == 200
    assert carrier.await_request("BYE")


def test_failover_over_tls(world):
    pbx = tls_peer(world, PBX, p.refuses(503))
    backup = tls_peer(world, BACKUP, p.answers())
    number = world.did(world.trunk(pbx.address))
    world.did_failover(number, backup_pbxs=[backup.address])
    assert world.call(number).final().contact_host == BACKUP
    assert [a["response_code"] for a in record(world, number)["attempts"]] == [503, 200]


def test_the_callee_is_called_over_the_connection_that_it_registered_on(world):
    username = f"tls{world.serial}"
    trunk = world.trunk(registration=(username, PASSWORD))
    number = world.did(trunk)
    # It does not listen for anybody: its only way is the connection that it made.
    phone = world._keep(StreamPeer(PBX, p.answers(), client=world.stack.client_context()))
    contact = f"<sips:{username}@{PBX}:{phone.port}>"
    assert p.register(phone, world.stack.tls, username, PASSWORD, contact=contact).status == 200
    binding = until(lambda: world.api.get(f"/v1/registrations?trunk_id={trunk['id']}").ok()
                    .json["data"], "the binding is listed")[0]
    assert binding["transport"] == "tls" and binding["contact"].startswith("sips:")
    assert world.call(number).final().contact_host == PBX
    # Called as sip, it is sip with TLS (RFC 5630).
    assert phone.requests("INVITE")[0].uri == f"sip:{number}@{PBX}:{phone.port};transport=tls"
    assert phone.accepted == 0
    phone.hang_up()
    world.did_failover(number, backup_pbxs=[world.backup().address])
    assert world.call(number).final().contact_host == BACKUP


def test_a_call_over_tls_outlives_the_worker(world):
    """Its connections died with it; to either side a new one is made, with the name or address that was
    provisioned or that the side said of itself."""
    pbx = tls_peer(world, "127.0.0.1", p.answers(), alternatives="DNS:localhost")
    trunk = world.trunk(pbx.address)
    world.api.put(f"/v1/trunks/{trunk['id']}/sip-accounts/primary", {
        "auth_mode": "ip", "ip_addresses": ["127.0.0.1"],
        "address": {"host": "localhost", "port": pbx.port, "transport": "tls"}})
    number = world.did(trunk)
    carrier, _, final = established(world, number, tls_peer(world, CARRIER, p.answers()))
    assert final.status == 200
    pbx.await_request("ACK")
    until(lambda: world.calls_up(trunk) == 1, "the call is known outside")
    world.stack.kill("sip")
    world.stack.start_sip()
    bye = pbx.callee_request("BYE", pbx.requests("INVITE")[0])
    assert pbx.ask(bye, world.stack.tls).status == 200
    assert carrier.await_request("BYE")["Via"].startswith("SIP/2.0/TLS")
    until(lambda: world.calls_up(trunk) == 0, "the slot is free")


def test_a_sips_contact_needs_tls(world):
    username = f"tls{world.serial}"
    world.trunk(registration=(username, PASSWORD))
    phone = world.peer(PBX)
    answer = p.register(phone, world.stack.sip, username, PASSWORD,
                        contact=f"<sips:{username}@{PBX}:{phone.port}>")
    assert answer.status == 400


# -- sips -----------------------------------------------------------------------------------------

def test_a_sips_call_is_sips_all_the_way(world):
    pbx = tls_peer(world, PBX, p.answers())
    number = world.did(world.trunk(pbx.address))
    _, _, final = established(world, number, uri=f"sips:{number}@{world.stack.tls_remote}")
    assert final.status == 200
    received = pbx.requests("INVITE")[0]
    assert received.uri == f"sips:{number}@{PBX}:{pbx.port}"
    assert received.all("Record-Route") == [f"<sips:{world.stack.tls_remote};lr>"]


def test_a_sips_call_never_leaves_over_anything_else(world):
    """RFC 3261 26.2.2: neither to the PBX nor to what follows."""
    pbx = world.peer(PBX, p.answers())
    backup = tls_peer(world, BACKUP, p.answers())
    number = world.did(world.trunk(pbx.address))
    _, _, final = established(world, number, uri=f"sips:{number}@{world.stack.tls_remote}")
    assert final.status in (408, 480)
    world.did_failover(number, backup_pbxs=[backup.address])
    _, _, final = established(world, number, uri=f"sips:{number}@{world.stack.tls_remote}")
    assert final.contact_host == BACKUP
    assert not pbx.requests("INVITE")


# -- certificates of peers --------------------------------------------------------------------------

@pytest.mark.parametrize("alternatives,why", [
    ("IP:127.0.0.99", "not of"), ("DNS:other.example", "not of"), ("DNS:*.3", "not of")])
def test_a_certificate_of_somebody_else_is_unreachable(world, alternatives, why):
    pbx = tls_peer(world, PBX, p.answers(), alternatives=alternatives)
    backup = world.backup()
    number = world.did(world.trunk(pbx.address, first_response_seconds=20))
    world.did_failover(number, backup_pbxs=[backup.address])
    assert world.call(number).final().contact_host == BACKUP
    assert record(world, number)["attempts"][0]["trigger"] == "unreachable"
    assert not pbx.requests("INVITE")
    log_says(world.stack, "tls_handshake", PBX, why)


def test_a_certificate_of_an_unknown_ca_is_unreachable(world, tmp_path):
    failed = "trunkguard_sip_tls_handshakes_failed_total"
    before = world.stack.metrics()[failed]
    pbx = tls_peer(world, PBX, p.answers(), ca=Authority(tmp_path / "other", "Other CA"))
    backup = world.backup()
    number = world.did(world.trunk(pbx.address, first_response_seconds=20))
    world.did_failover(number, backup_pbxs=[backup.address])
    assert world.call(number).final().contact_host == BACKUP
    assert not pbx.requests("INVITE")
    until(lambda: world.stack.metrics()[failed] > before, "it is counted")


def test_who_speaks_no_tls_is_unreachable_and_hinders_nobody(world):
    """Its port is open and nothing comes from it; others are silent on their way in. All have four
    seconds, in which an honest PBX is probed and found to be up."""
    stack = world.stack
    idle = []
    for words in (b"", b"\x16\x03\x01", b"OPTIONS sip:a SIP/2.0\r\n\r\n", os.urandom(600)):
        raw = socket.create_connection(stack.tls, 5, source_address=("127.0.0.66", 0))
        raw.sendall(words)
        idle.append(raw)
    honest = tls_peer(world, BACKUP, p.answers())
    trunk = world.trunk(honest.address)
    mute = world._keep(StreamPeer(PBX))
    address = {"host": PBX, "port": mute.port, "transport": "tls"}
    number = world.did(world.trunk(address, first_response_seconds=20))
    world.did_failover(number, backup_pbxs=[honest.address])
    with secured(stack) as tls:
        tls.sendall(OPTIONS.format(n="x").encode())
        assert tls.recv(65536).startswith(b"SIP/2.0 200")
    started = time.monotonic()
    assert world.call(number).final().contact_host == BACKUP
    assert time.monotonic() - started < 15, "the handshake has a deadline of its own"
    assert record(world, number)["attempts"][0]["trigger"] == "unreachable"
    for raw in idle:
        raw.settimeout(15)
        try:
            while raw.recv(4096):
                pass
        except ConnectionError:
            pass
        raw.close()
    until(lambda: [seen["state"] for seen in world.status(trunk)["sip_accounts"][0]["health"]]
          == ["up"], "the honest PBX is up")
    assert honest.await_request("OPTIONS")["Via"].startswith("SIP/2.0/TLS")


# -- our own certificate ----------------------------------------------------------------------------

def shown_serial(stack):
    with socket.create_connection(stack.tls, 5) as raw:
        with stack.client_context().wrap_socket(raw, server_hostname="127.0.0.1") as tls:
            return tls.getpeercert()["serialNumber"]


def test_sighup_reads_the_certificate_again_and_keeps_the_old_one_when_the_new_is_bad(world):
    stack = world.stack
    pbx = tls_peer(world, PBX, p.answers())
    number = world.did(world.trunk(pbx.address))
    carrier, invite, final = established(world, number)
    old = shown_serial(stack)
    stack.install(*stack.ca.issue("sip.example", "IP:127.0.0.1", stem="renewed"))
    os.kill(stack.children["sip"].pid, signal.SIGHUP)
    new = until(lambda: shown_serial(stack) != old and shown_serial(stack), "the new certificate")
    stack.live["key"].write_text("rubbish")
    os.kill(stack.children["sip"].pid, signal.SIGHUP)
    log_says(stack, "the certificate is not replaced")
    assert shown_serial(stack) == new
    # The call that began before has noticed nothing.
    assert carrier.ask(carrier.in_dialog("BYE", invite, final, 2), stack.tls).status == 200
    stack.install(*stack.ca.issue("sip.example", "IP:127.0.0.1", stem="again"))
    os.kill(stack.children["sip"].pid, signal.SIGHUP)
    until(lambda: shown_serial(stack) != new, "the next certificate")


def start_fails(tmp_path, settings):
    done = subprocess.run([BUILD / "trunkguard-sip"], text=True, capture_output=True, timeout=60, env={
        "PATH": os.environ["PATH"], "TRUNKGUARD_DATA_DIR": str(tmp_path), **settings})
    assert done.returncode == 2, done.stderr
    return done.stderr


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    ca = Authority(folder)
    one, two = ca.issue("one", "IP:127.0.0.1"), ca.issue("two", "IP:127.0.0.1")
    rubbish = folder / "rubbish.pem"
    rubbish.write_text("-----BEGIN CERTIFICATE-----\nnot base64\n-----END CERTIFICATE-----\n")
    locked = folder / "locked.key"
    subprocess.run(["openssl", "pkey", "-in", one[1], "-aes256", "-passout", "pass:secret",
                    "-out", locked], check=True, capture_output=True)
    return {"one": one[0], "one_key": one[1], "two_key": two[1], "rubbish": rubbish,
            "locked": locked, "missing": folder / "missing.pem", "ca": ca.certificate}


@pytest.mark.parametrize("settings,why", [
    ({}, "needs TRUNKGUARD_TLS_CERTIFICATE"),
    ({"KEY": "one_key"}, "TRUNKGUARD_TLS_CERTIFICATE is not set"),
    ({"CERTIFICATE": "missing"}, "No such file"),
    ({"CERTIFICATE": "rubbish"}, "rubbish.pem: "),
    ({"CERTIFICATE": "one"}, "one.pem: "),  # no key in it
    ({"CERTIFICATE": "one", "KEY": "two_key"}, "two.key: "),
    ({"CERTIFICATE": "one", "KEY": "locked"}, "locked.key: "),
    ({"CERTIFICATE": "one", "KEY": "one_key", "CA": "missing"}, "No such file"),
    ({"CERTIFICATE": "one", "KEY": "one_key", "CA": "rubbish"}, "rubbish.pem: "),
    ({"CERTIFICATE": "one", "KEY": "one_key", "VERIFY": "maybe"}, "is not one of name"),
    ({"CERTIFICATE": "one", "KEY": "one_key", "CLIENT_VERIFY": "1"}, "is not one of none"),
])
def test_bad_settings_stop_the_start(tmp_path, files, settings, why):
    named = {f"TRUNKGUARD_TLS_{key}": str(files.get(value, value))
             for key, value in settings.items()}
    named["TRUNKGUARD_SIP_LISTEN"] = f"tls:127.0.0.1:{free_port()}"
    named["TRUNKGUARD_WORKER_HTTP_LISTEN"] = f"127.0.0.1:{free_port()}"
    assert why in start_fails(tmp_path, named)


# -- abuse ------------------------------------------------------------------------------------------

def openssl_client(stack, *words, text=b""):
    return subprocess.run(["openssl", "s_client", "-connect", stack.tls_remote, "-quiet", *words],
                          input=text, capture_output=True, timeout=30)


@pytest.mark.parametrize("version", ["-tls1", "-tls1_1"])
def test_old_versions_are_refused(stack, version):
    done = openssl_client(stack, version, "-cipher", "DEFAULT@SECLEVEL=0")
    assert done.returncode != 0


def test_renegotiation_is_refused(stack):
    """s_client asks for it when it reads a line that begins with R."""
    done = subprocess.run(["openssl", "s_client", "-connect", stack.tls_remote, "-tls1_2"],
                          input=b"R\n", capture_output=True, timeout=30)
    assert b"no renegotiation" in done.stderr + done.stdout


def test_messages_in_pieces_and_many_at_once(world):
    with secured(world.stack) as tls:
        for octet in OPTIONS.format(n=1).encode():
            tls.sendall(bytes([octet]))  # a TLS record each
        assert tls.recv(65536).startswith(b"SIP/2.0 200")
        tls.sendall("".join(OPTIONS.format(n=n) for n in range(2, 42)).encode())
        got = b""
        while got.count(b"SIP/2.0 200") < 40:
            data = tls.recv(65536)
            assert data, got
            got += data


def test_one_source_cannot_have_handshakes_without_end(stack):
    refused = "trunkguard_sip_tls_handshakes_refused_total"
    before = stack.metrics()[refused]

    def some_are():
        # Again while none is: a worker that sees all at once refuses what is over one source's connections first.
        for _ in range(120):
            try:
                socket.create_connection(stack.tls, 5, source_address=("127.0.0.67", 0)).close()
            except OSError:
                pass
        return stack.metrics()[refused] > before

    until(some_are, "some are refused")
    with secured(stack) as tls:  # from elsewhere
        tls.sendall(OPTIONS.format(n="y").encode())
        assert tls.recv(65536).startswith(b"SIP/2.0 200")
    assert stack.metrics()["trunkguard_sip_tls_certificate_expires_timestamp_seconds"] > time.time()
