"""What a carrier signs and says beside the call reaches the PBX to the octet (STIR/SHAKEN, RFC 8224),
as long as the caller stays the caller."""

import base64
import os

import pytest

import peer as p
from sipp import CARRIER, GATEWAY, PBX
from stream_peer import StreamPeer
from wait import until


def passport(octets):
    """An Identity value of about that length."""
    blob = base64.urlsafe_b64encode(os.urandom(octets * 3 // 4)).decode().rstrip("=")
    return (f"eyJhbGciOiJFUzI1NiIsInR5cCI6InBhc3Nwb3J0IiwicHB0Ijoic2hha2VuIn0.{blob}.c2lnbmF0dXJl;"
            "info=<https://cert.example/a.pem>;alg=ES256;ppt=\"shaken\"")


def raw_lines(message, name):
    return [line for line in message.raw.split(b"\r\n")
            if line.lower().startswith(name.lower().encode() + b":")]


def call_with(world, number, headers, carrier=None):
    carrier = carrier or world.peer(CARRIER)
    server = world.stack.sip
    invite = carrier.invite(f"sip:{number}@{world.stack.sip_remote}", headers=headers)
    carrier.send(invite, server)
    final = carrier.await_response(invite)
    carrier.ack(invite, final, server)
    if final.status == 200:
        assert carrier.ask(carrier.in_dialog("BYE", invite, final, 2), server).status == 200
    return final


BESIDE = [("Reason", 'Q.850;cause=16;text="Terminated"'), ("Reason", "SIP;cause=200"),
          ("Attestation-Info", "A"), ("Origination-Id", "de305d54-75b4-431b-adb2-eb6b9e546014"),
          ("P-Attestation-Indicator", "A"), ("P-Charging-Vector", "icid-value=a;x=\"y, z\""),
          ("P-Asserted-Identity", '"A, B" <sip:+12125550111@carrier.example;verstat=TN-Validation-Passed>')]


@pytest.mark.parametrize("octets", [300, 1500, 4000])
@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_identity_of_any_length_arrives_to_the_octet(world, octets, transport):
    if transport == "udp":
        pbx, carrier = world.peer(PBX, p.answers()), world.peer(CARRIER)
    else:
        pbx, carrier = world._keep(StreamPeer(PBX, p.answers())), world._keep(StreamPeer(CARRIER))
    number = world.did(world.trunk(pbx.address))
    value = passport(octets)
    assert call_with(world, number, [("Identity", value)], carrier).status == 200
    assert raw_lines(pbx.requests("INVITE")[0], "Identity") == [f"Identity: {value}".encode()]


def test_several_identities_and_what_else_a_carrier_says(world):
    """RFC 8224 allows several; their order stays."""
    pbx = world.peer(PBX, p.answers())
    number = world.did(world.trunk(pbx.address))
    identities = [("Identity", passport(800)), ("y", passport(900)), ("Identity", passport(500))]
    assert call_with(world, number, identities + BESIDE).status == 200
    received = pbx.requests("INVITE")[0].raw
    for name, value in identities + BESIDE:
        assert f"\r\n{name}: {value}\r\n".encode() in received
    at = [received.index(value.encode()) for _, value in identities]
    assert at == sorted(at)


def test_identity_is_signed_for_the_caller_and_goes_with_him(world):
    """To a number: it stays while From does, and is left out with it."""
    outbound = world.peer(GATEWAY, p.answers())
    world.gateway(outbound.address)
    number = world.did(world.trunk(world.peer(PBX, p.refuses(503)).address))
    far = world.far_number()
    value = passport(700)
    for n, (display, kept) in enumerate([("caller", True), ("called_number", False)], 1):
        world.did_failover(number, number=far, calling_party_display=display)
        assert call_with(world, number, [("Identity", value)]).status == 200
        invite = outbound.await_request("INVITE", n)
        assert (raw_lines(invite, "Identity") == [f"Identity: {value}".encode()]) == kept
        assert ("+1415" in invite["From"]) == (not kept)


def test_one_that_is_too_long_is_refused_and_said(world):
    pbx = world.peer(PBX, p.answers())
    number = world.did(world.trunk(pbx.address))
    carrier = world._keep(StreamPeer(CARRIER))
    final = call_with(world, number, [("Identity", passport(6000))], carrier)
    assert 400 <= final.status < 500
    assert not pbx.requests("INVITE")
    reason = 'trunkguard_sip_messages_refused_total{reason="line_too_long"}'
    until(lambda: world.stack.metrics()[reason] > 0, "it is counted")
