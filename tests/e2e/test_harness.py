"""The tools themselves: SIPp straight to SIPp, and to our own peer, with no worker in between."""

import peer as p
from sipp import BACKUP, CARRIER, PBX, Sipp


def test_sipp_calls_sipp(tmp_path):
    pbx = Sipp(tmp_path, "answer", PBX)
    carrier = Sipp(tmp_path, "carrier", CARRIER, remote=f"{PBX}:{pbx.port}", number="+14155550100")
    carrier.wait()
    pbx.await_request("BYE")
    assert carrier.final().status == 200
    assert carrier.final().contact_host == PBX
    assert [m.method for m in pbx.messages("received")] == ["INVITE", "ACK", "BYE"]
    carrier.stop()
    pbx.stop()


def test_sipp_refuses(tmp_path):
    pbx = Sipp(tmp_path, "refuse", PBX, keys={"code": 503, "reason": "Service Unavailable"})
    carrier = Sipp(tmp_path, "carrier", CARRIER, remote=f"{PBX}:{pbx.port}", number="+14155550100")
    assert carrier.wait().final().status == 503
    carrier.stop()
    pbx.stop()


def test_sipp_answers_a_probe_beside_its_call(tmp_path):
    pbx = Sipp(tmp_path, "answer", PBX)
    prober = p.Peer(BACKUP)
    probe = prober.request("OPTIONS", f"sip:{PBX}:{pbx.port}")
    assert prober.ask(probe, (PBX, pbx.port)).status == 200
    carrier = Sipp(tmp_path, "carrier", CARRIER, remote=f"{PBX}:{pbx.port}", number="+14155550100")
    assert carrier.wait().final().status == 200
    pbx.await_request("BYE")
    prober.close()
    carrier.stop()
    pbx.stop()


def test_peer_answers_sipp(tmp_path):
    pbx = p.Peer(PBX, p.answers())
    carrier = Sipp(tmp_path, "carrier", CARRIER, remote=f"{PBX}:{pbx.port}", number="+14155550100")
    assert carrier.wait().final().contact_host == PBX
    assert [len(pbx.requests(method)) for method in ("INVITE", "ACK", "BYE")] == [1, 1, 1]
    carrier.stop()
    pbx.close()


def test_peer_obeys_cancel(tmp_path):
    pbx = p.Peer(PBX, p.rings())
    carrier = Sipp(tmp_path, "carrier_cancels", CARRIER, remote=f"{PBX}:{pbx.port}",
                   number="+14155550100")
    carrier.wait()
    assert len(pbx.requests("CANCEL")) == 1
    carrier.stop()
    pbx.close()


def test_digest_of_the_peer_is_the_one_of_rfc_7616():
    challenge = {"realm": "http-auth@example.org", "algorithm": "SHA-256",
                 "nonce": "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"}
    header = p.credentials(challenge, "GET", "/dir/index.html", "Mufasa", "Circle of Life",
                           cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ")
    assert "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1" in header
