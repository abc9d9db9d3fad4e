"""The messages of RFC 4475 and RFC 5118 over the wire: each one's verdict for a gateway, whom the
worker answers, and for a stranger, whose answer is never longer than what he sent."""

import csv
import itertools
import random
import re
import socket
from pathlib import Path

import pytest

import peer as p
from message import Message, token
from sipp import PBX
from wait import until

TORTURE = Path(__file__).resolve().parents[1] / "torture"
INDEX = {row["name"]: row for row in csv.DictReader((TORTURE / "index.tsv").open(), delimiter="\t",
                                                    quoting=csv.QUOTE_NONE)}

# What a gateway gets, what a stranger gets (None: silence), and the reason that is counted when the
# message is refused for what it is.
VERDICTS = {
    "wsinv": (481, 481, None),
    "intmeth": (501, 403, None),
    "esc01": (404, 407, None),
    "escnull": (400, 400, "to"),
    "esc02": (501, 403, None),
    "lwsdisp": (200, None, None),
    "longreq": (404, 407, None),
    "dblreq": (401, 401, None),
    "semiuri": (200, None, None),
    "transports": (200, None, None),
    "mpart01": (405, 403, None),
    "unreason": (None, None, None),
    "noreason": (None, None, None),
    "badinv01": (400, 400, "via"),
    "clerr": (400, 400, "content_length"),
    "ncl": (400, 400, "content_length"),
    "scalar02": (400, 400, "cseq"),
    "scalarlg": (None, None, "cseq"),
    "quotbal": (400, 400, "to"),
    "ltgtruri": (400, 400, "request_uri"),
    "lwsruri": (400, 400, "start_line"),
    "lwsstart": (400, 400, "start_line"),
    "trws": (400, 400, "start_line"),
    "escruri": (400, 400, "request_uri"),
    "baddate": (404, 407, None),
    "regbadct": (400, 400, "contact"),
    "badaspec": (400, 400, "to"),
    "baddn": (400, 400, "from"),
    "badvers": (505, 505, "version"),
    "mismatch01": (400, 400, "cseq_mismatch"),
    "mismatch02": (400, 400, "cseq_mismatch"),
    "bigcode": (None, None, "status_line"),
    "badbranch": (400, 400, "branch"),
    "insuf": (400, 400, "missing_header"),
    "unkscm": (416, 416, "scheme"),
    "novelsc": (416, 416, "scheme"),
    "unksm2": (401, None, None),
    "bext01": (420, None, None),
    "invut": (404, 407, None),
    "regaut01": (401, 401, None),
    "multi01": (400, 400, "duplicate_header"),
    "mcl01": (400, 400, "duplicate_header"),
    "bcast": (None, None, "via_address"),
    "zeromf": (200, None, None),
    "cparam01": (401, 401, None),
    "cparam02": (401, 401, None),
    "regescrt": (401, 401, None),
    "sdp01": (404, 407, None),
    "inv2543": (404, 407, None),
    "test": (None, None, "start_line"),
    "ipv6-good": (401, 401, None),
    "ipv6-bad": (400, 400, "request_uri"),
    "port-ambiguous": (401, 401, None),
    "port-unambiguous": (401, 401, None),
    "via-received-param-with-delim": (481, 481, None),
    "via-received-param-no-delim": (200, None, None),
    "ipv6-in-sdp": (404, 407, None),
    "mult-ip-in-header": (481, 481, None),
    "mult-ip-in-sdp": (404, 407, None),
    "ipv4-mapped-ipv6": (404, 407, None),
    "ipv6-bug-abnf-3-colons": (200, None, None),
    "ipv6-correct-abnf-2-colons": (200, None, None),
    "baddn_terminated": (400, 400, "from"),
}

GATEWAYS, STRANGERS = 77, 99  # second octets

_hosts = itertools.count(random.randrange(1, 20000))


def source(network):
    """An address that no other test uses, always of the same length."""
    n = next(_hosts)
    return f"127.{network}.{100 + n // 150 % 150}.{100 + n % 150}"


def wire(name):
    """The message as it is in the RFC, with a branch of its own where it has one, else (RFC 2543)
    with a Call-ID of its own: without that two of them would be one transaction."""
    data = (TORTURE / INDEX[name]["file"]).read_bytes()
    if name == "badbranch":
        return data
    own = rb"\g<1>" + token(6).encode()
    data, found = re.subn(rb"(?i)(branch\s*=\s*z9hG4bK)", own, data, count=1)
    return data if found else re.sub(rb"(?im)^(Call-ID\s*:\s*)(?=\S)", own, data, count=1)


def reply_port(data):
    """Where a sender without rport gets his answer: RFC 3261 section 18.2.2."""
    via = re.search(rb"(?im)^v(?:ia)?\s*:\s*SIP\s*/\s*2.0\s*/\s*\w+\s+([^;]*)", data)
    port = via and re.search(rb"[^:]:\s*(\d+)\s*$", via.group(1))
    return int(port.group(1)) if port else 5060


@pytest.fixture(scope="module")
def gateways(stack):
    """A whole network of gateways, which is where the messages come from."""
    stack.client.post("/v1/gateways", {
        "name": "torture", "address": {"host": "127.0.0.5", "port": 5060, "transport": "udp"},
        "prefixes": ["+999"], "inbound_ip_addresses": [f"127.{GATEWAYS}.0.0/16"]})
    return stack


def fence(stack):
    """The worker has dealt with all that was sent before this."""
    known = p.Peer(source(GATEWAYS))
    try:
        probe = known.request("OPTIONS", f"sip:{stack.sip_remote}")
        assert known.ask(probe, stack.sip).status == 200
    finally:
        known.close()


def answers(stack, data, ip):
    """All answers to one datagram."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.bind((ip, reply_port(data)))
        sender.setblocking(False)
        sender.sendto(data, stack.sip)
        fence(stack)
        found = []
        try:
            while True:
                found.append(sender.recv(65535))
        except BlockingIOError:
            return found


def status_of(found):
    assert len(found) <= 1, found
    if not found:
        return None
    answer = Message.parse(found[0].decode("utf-8", "surrogateescape"))
    assert answer.get("Via") and answer.get("CSeq"), answer
    return answer.status


def test_every_message_has_a_verdict():
    assert set(VERDICTS) == set(INDEX)
    for name, (gateway, _, _) in VERDICTS.items():
        expected = INDEX[name]["expected_response"]
        if INDEX[name]["valid"] == "invalid" and not expected.startswith("accept"):
            assert gateway is None or str(gateway) in expected, name
        if gateway == 400:
            assert "400" in expected, name


@pytest.mark.parametrize("name", VERDICTS)
def test_a_gateway_gets_the_verdict(gateways, name):
    assert status_of(answers(gateways, wire(name), source(GATEWAYS))) == VERDICTS[name][0]


@pytest.mark.parametrize("name", VERDICTS)
def test_a_stranger_gets_no_more_than_he_sent(gateways, name):
    data = wire(name)
    found = answers(gateways, data, source(STRANGERS))
    status = status_of(found)
    assert status == VERDICTS[name][1]
    if found:
        assert len(found[0]) <= len(data)


def test_refused_messages_are_counted_by_reason(gateways):
    def counted():
        return {key: value for key, value in gateways.metrics().items()
                if key.startswith("trunkguard_sip_messages_refused_total")}

    def key(reason):
        return f'trunkguard_sip_messages_refused_total{{reason="{reason}"}}'
    # The page is written once a second: what came before is on it when this one is.
    answers(gateways, b"\1" * 20, source(STRANGERS))
    marked = gateways.metrics()[key("binary")]
    answers(gateways, b"\1" * 20, source(STRANGERS))
    until(lambda: counted()[key("binary")] > marked, "the page is new")
    expected = counted()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.bind((source(STRANGERS), 0))
        for name, (_, _, reason) in VERDICTS.items():
            if reason:
                sender.sendto(wire(name), gateways.sip)
                expected[key(reason)] += 1
    until(lambda: counted() == expected, "each is counted once under its reason")


FORWARDED = ["esc01", "longreq", "baddate", "invut", "sdp01", "inv2543", "ipv6-in-sdp",
             "mult-ip-in-sdp", "ipv4-mapped-ipv6"]
TOUCHED = {"via", "v", "max-forwards", "record-route", "route", "session-expires"}


@pytest.mark.parametrize("name", FORWARDED)
def test_a_valid_invite_reaches_the_pbx_as_it_was(world, gateways, name):
    """Only its Request-URI is another one, that of a DID of ours."""
    pbx = world.peer(PBX, p.refuses(486, "Busy Here"))
    number = world.did(world.trunk(pbx.address))
    first, _, rest = wire(name).partition(b"\r\n")
    start = b"INVITE sip:" + number.encode() + b"@127.0.0.1 SIP/2.0"
    # Where a Route of the message leads is no business of ours: it is a gateway's, not a relay's.
    data = start + b"\r\n" + re.sub(rb"(?im)^route:.*\r\n", b"", rest)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.bind((source(GATEWAYS), 0))
        sender.sendto(data, world.stack.sip)
        invite = pbx.await_request("INVITE")
    sent = Message.parse(data.decode("utf-8", "surrogateescape"))
    assert number in invite.uri
    assert invite.raw.partition(b"\r\n\r\n")[2] == data.partition(b"\r\n\r\n")[2]
    assert int(invite["Max-Forwards"]) == int(sent.get("Max-Forwards") or 71) - 1
    assert len(",".join(invite.all("Via")).split("SIP/2.0/")) == \
        len(",".join(sent.all("Via")).split("SIP/2.0/")) + 1

    def others(message):
        return [(name, " ".join(value.split())) for name, value in message.headers
                if name.lower() not in TOUCHED]
    added = []
    if sent.get("Content-Length") is None:  # the next hop may be a stream
        added = [("Content-Length", str(len(data.partition(b"\r\n\r\n")[2])))]
    assert others(invite) == others(sent) + added


@pytest.mark.parametrize("name", ["ncl", "mcl01", "badinv01"])
def test_over_tcp_what_cannot_be_framed_ends_the_connection(gateways, name):
    """The other kind of fault is answered, and the connection goes on."""
    with socket.create_connection(gateways.sip, source_address=(source(GATEWAYS), 0),
                                  timeout=30) as sender:
        sender.sendall(wire(name))
        if name == "badinv01":
            assert sender.recv(65535).startswith(b"SIP/2.0 400 ")
            return
        try:
            while sender.recv(65535):
                pass
        except ConnectionError:
            pass
    fence(gateways)
