"""Calls in progress: shown while they last, to their owners only, and hung up over HTTP."""

import signal

import pytest

import peer as p
from sipp import BACKUP, CARRIER, PBX
from wait import until


def ringing(world, number, behaviour=None):
    carrier = world.peer(CARRIER, behaviour or p.answers())
    invite = carrier.invite(f"sip:{number}@{world.stack.sip_remote}")
    carrier.send(invite, world.stack.sip)
    return carrier, invite


def established(world, number):
    carrier, invite = ringing(world, number)
    final = carrier.await_response(invite)
    assert final.status == 200
    carrier.ack(invite, final, world.stack.sip)
    return carrier, invite, final


def with_backup(world, behaviour):
    """A PBX that rings and a backup PBX."""
    pbx = world.peer(PBX, p.rings())
    backup = world.peer(BACKUP, behaviour)
    trunk = world.trunk(pbx.address)
    number = world.did(trunk)
    world.did_failover(number, backup_pbxs=[backup.address])
    return pbx, backup, trunk, number


def calls(api, number):
    return api.get(f"/v1/calls?did={number[1:]}").ok(200).json["data"]


def shown(api, number, state, target=None):
    def found():
        return [c for c in calls(api, number) if c["state"] == state and
                (target is None or (c["attempt"] and target in c["attempt"]["target"]))]
    return until(found, f"the call is shown as {state}")[0]


def test_a_call_is_shown_from_ringing_to_its_end(world):
    pbx, backup, trunk, number = with_backup(world, p.rings())
    carrier, invite = ringing(world, number)
    call = shown(world.api, number, "ringing", "/primary")
    assert call["id"].startswith("call_") and call["cdr_id"][4:] == call["id"][5:]
    assert (call["account_id"], call["trunk_id"], call["did"]) == (world.account["id"], trunk["id"], number)
    assert call["direction"] == "inbound" and call["answered_at"] is None and call["worker"] == "worker-1"
    assert call["sip_call_id"] == invite["Call-ID"] and call["called"] == number
    assert call["attempt"]["position"] == 1 and call["attempt"]["kind"] == "sip_account"

    pbx.reply(pbx.pending, 500)
    shown(world.api, number, "ringing", f"sip:{BACKUP}")
    backup.await_request("INVITE")
    backup.reply(backup.pending, 200, "OK", sdp=True)
    final = carrier.await_response(invite)
    carrier.ack(invite, final, world.stack.sip)
    answered = shown(world.api, number, "answered")
    assert answered["id"] == call["id"] and answered["attempt"]["position"] == 2 and answered["answered_at"]
    assert world.api.get(f"/v1/calls/{call['id']}").ok(200).json == answered

    assert carrier.ask(carrier.in_dialog("BYE", invite, final, 2), world.stack.sip).status == 200
    until(lambda: not calls(world.api, number), "the call is shown no more")
    world.api.get(f"/v1/calls/{call['id']}").problem(404, "not_found")
    world.api.request("DELETE", f"/v1/calls/{call['id']}").problem(404, "not_found")
    record = until(lambda: world.cdrs(number), "the record")[0]
    assert record["id"] == call["cdr_id"] and record["ended_by"] == "caller"


def test_an_answered_call_is_hung_up(world):
    pbx = world.peer(PBX, p.answers())
    trunk = world.trunk(pbx.address)
    number = world.did(trunk)
    carrier, invite, _ = established(world, number)
    call = shown(world.api, number, "answered")
    world.api.request("DELETE", f"/v1/calls/{call['id']}").ok(204)
    assert world.api.get(f"/v1/calls/{call['id']}").status == 404
    for side in (carrier, pbx):
        bye = side.await_request("BYE")
        assert bye["Call-ID"] == invite["Call-ID"] and "Ended by operator" in bye["Reason"]
    record = until(lambda: world.cdrs(number), "the record")[0]
    assert (record["id"], record["disposition"], record["ended_by"]) == (call["cdr_id"], "ANSWERED", "operator")
    until(lambda: world.calls_up(trunk) == 0, "the slot is free")
    event = world.api.get(f"/v1/events?subject=calls/{call['id']}").ok(200).json["data"][0]
    assert (event["type"], event["account_id"]) == ("call.hang_up", world.account["id"])


def test_a_ringing_call_is_hung_up(world):
    pbx, backup, trunk, number = with_backup(world, p.answers())
    carrier, invite = ringing(world, number)
    call = shown(world.api, number, "ringing")
    world.api.request("DELETE", f"/v1/calls/{call['id']}").ok(204)
    final = carrier.await_response(invite)
    carrier.ack(invite, final, world.stack.sip)
    assert final.status == 480
    pbx.await_request("CANCEL")
    record = until(lambda: world.cdrs(number), "the record")[0]
    assert (record["disposition"], record["status"], record["ended_by"]) == ("CANCELLED", 480, "operator")
    assert not backup.requests("INVITE")
    until(lambda: world.calls_up(trunk) == 0, "the slot is free")


def test_another_tenant_sees_and_ends_nothing(world):
    pbx = world.peer(PBX, p.answers())
    trunk = world.trunk(pbx.address)
    number = world.did(trunk)
    carrier, invite, final = established(world, number)
    call = shown(world.api, number, "answered")
    path = f"/v1/calls/{call['id']}"

    def key(account, *scopes):
        return world.api.key_for(world.api.request("POST", f"/v1/accounts/{account}/api-keys", {
            "name": "live", "scopes": scopes}).ok(201).json["key"])
    owner = key(world.account["id"], "read")
    other = world._make("/v1/accounts", {"name": "another one"})
    stranger = key(other["id"], "read", "write")
    assert [c["id"] for c in owner.get("/v1/calls").ok().json["data"]] == [call["id"]]
    for query in ("", f"?did={number[1:]}", f"?trunk_id={trunk['id']}", f"?account_id={world.account['id']}"):
        assert stranger.get(f"/v1/calls{query}").ok().json["data"] == []
    nothing = "/v1/calls/call_0190163d-8694-739b-aea5-966c26f8ad91"
    assert stranger.get(path).problem(404) == stranger.get(nothing).problem(404)
    assert stranger.request("DELETE", path).problem(404) == stranger.request("DELETE", nothing).problem(404)
    owner.request("DELETE", path).problem(403, "insufficient_scope")
    assert not carrier.requests("BYE") and not pbx.requests("BYE")
    key(world.account["id"], "write").request("DELETE", path).ok(204)
    pbx.await_request("BYE")
    assert final


@pytest.mark.parametrize("query, parameter", [
    ("did=xyz", "did"), ("trunk_id=trk_1", "trunk_id"), ("account_id=1", "account_id"), ("state=up", "state"),
    ("cursor=!", "cursor"), ("limit=0", "limit")])
def test_bad_queries(world, query, parameter):
    answer = world.api.get(f"/v1/calls?{query}").problem(400)
    assert [e["parameter"] for e in answer["errors"]] == [parameter]


def test_pages(world):
    pbx = world.peer(PBX, p.answers())
    trunk = world.trunk(pbx.address)
    number = world.did(trunk)
    held = [established(world, number) for _ in range(3)]
    until(lambda: len(calls(world.api, number)) == 3, "all are shown")
    seen, path = [], f"/v1/calls?trunk_id={trunk['id']}&limit=2"
    while path:
        page = world.api.get(path).ok(200)
        seen += [c["sip_call_id"] for c in page.json["data"]]
        link = page.headers["Link"]
        path = link[1:link.index(">")] if link else None
    assert seen == [invite["Call-ID"] for _, invite, _ in reversed(held)]
    for carrier, invite, final in held:
        carrier.send(carrier.in_dialog("BYE", invite, final, 2), world.stack.sip)
    until(lambda: not calls(world.api, number), "none is shown")


def test_a_trunk_is_drained(world):
    pbx = world.peer(PBX, p.answers())
    backup = world.peer(BACKUP, p.answers())
    trunk = world.trunk(pbx.address)
    number = world.did(trunk)
    world.did_failover(number, backup_pbxs=[backup.address])
    call = carrier, invite, final = established(world, number)
    until(lambda: world.calls_up(trunk) == 1, "the call is counted")
    world.api.patch(f"/v1/trunks/{trunk['id']}", {"draining": True})
    assert world.call(number).final().contact_host == BACKUP
    assert len(pbx.requests("INVITE")) == 1
    out = pbx.invite(f"sip:{world.far_number()}@{world.stack.sip_remote}", from_uri=f"sip:{number}@{PBX}")
    assert pbx.ask(out, world.stack.sip).status == 503
    record = until(lambda: [r for r in world.cdrs(number) if r["attempts"]], "the record")[0]
    assert (record["attempts"][0]["trigger"], record["attempts"][0]["cause"]) == ("capacity", "CAPACITY")
    route = world.api.get(f"/v1/dids/{number}/route").ok(200).json
    assert route["attempts"][0]["unavailable_because"] == "capacity"
    assert any("draining" in warning for warning in route["warnings"])
    status = world.status(trunk)
    assert status["draining"] and status["workers"] == [{"worker": "worker-1", "calls_up": 1}]
    assert status["last_failover"]["cdr_id"] == record["id"]
    assert [b["address"] for b in status["did_backup_pbxs"]] == [backup.address]
    until(lambda: [h["worker"] for h in world.status(trunk)["did_backup_pbxs"][0]["health"]] == ["worker-1"],
          "its health is reported")
    assert carrier.ask(carrier.in_dialog("BYE", invite, final, 2), world.stack.sip).status == 200
    until(lambda: world.calls_up(trunk) == 0, "the last call is gone")
    world.api.patch(f"/v1/trunks/{trunk['id']}", {"draining": False})
    assert world.call(number).final().contact_host == PBX
    assert call


def test_a_trunk_with_nothing_behind_it_is_drained(world):
    trunk = world.trunk(world.peer(PBX, p.answers()).address, draining=True)
    assert world.call(world.did(trunk)).final().status == 503


def readyz(stack):
    try:
        page = stack.page(stack.worker_http, "/readyz")
    except OSError:  # it is being started
        return None
    return page.status, page.text.strip()


def test_a_worker_is_drained(fresh_world):
    world, stack = fresh_world, fresh_world.stack
    pbx = world.peer(PBX, p.answers())
    number = world.did(world.trunk(pbx.address))
    carrier, invite, final = established(world, number)
    shown(world.api, number, "answered")
    path = "/v1/workers/worker-1"
    worker = world.api.get(path).ok(200).json
    assert worker["live"] and not worker["draining"] and worker["calls"] == 1
    assert world.api.patch(path, {"draining": True})["draining"]

    def refused(method):
        request = carrier.invite(f"sip:{number}@{stack.sip_remote}") if method == "INVITE" else \
            carrier.request("OPTIONS", f"sip:{stack.sip_remote}")
        answer = carrier.ask(request, stack.sip)
        assert answer.status == 503 and int(answer["Retry-After"]) > 0
    refused("INVITE")
    refused("OPTIONS")
    until(lambda: readyz(stack) == (503, "draining"), "the worker says so")
    assert stack.page(stack.worker_http, "/healthz").status == 200
    # Over a restart, and also when PostgreSQL is not there to be asked.
    stack.kill("sip")
    stack.kill_postgres()
    stack.start_sip(ready=False)
    until(lambda: readyz(stack) == (503, "draining"), "the worker is back")
    refused("INVITE")
    assert carrier.ask(carrier.in_dialog("OPTIONS", invite, final, 2), stack.sip).status == 200
    stack.start_postgres()
    until(lambda: world.api.get("/readyz").status == 200, "the API has PostgreSQL again")
    until(lambda: world.api.get(path).ok(200).json["live"], "the worker reports")
    assert [w["name"] for w in world.api.get("/v1/workers?draining=true&live=true").ok(200).json["data"]] == ["worker-1"]
    assert not world.api.patch(path, {"draining": False})["draining"]
    until(lambda: readyz(stack) == (200, "ready"), "the worker is ready again")
    assert world.call(number).final().contact_host == PBX
    assert carrier.ask(carrier.in_dialog("BYE", invite, final, 3), stack.sip).status == 200
    assert stack.metrics()["trunkguard_sip_calls_drained_total"] >= 1
    events = world.api.get("/v1/events?type=worker.updated").ok(200).json["data"]
    assert [(e["before"]["draining"], e["after"]["draining"]) for e in events] == [(True, False), (False, True)]


@pytest.mark.parametrize("body, code, pointer", [
    ({"draining": 1}, "wrong_type", "/draining"), ({"draining": "yes"}, "wrong_type", "/draining"),
    ({"name": "x"}, "unknown_field", "/name"), ({"draining": True, "calls": 0}, "unknown_field", "/calls")])
def test_bad_writes_of_a_worker(world, body, code, pointer):
    world.api.request("PATCH", "/v1/workers/worker-1", body).problem(422, code, pointer)
    assert world.api.request("PATCH", "/v1/workers/worker-1", {}).ok(200).json["draining"] is False
    world.api.request("PATCH", "/v1/workers/nobody", {"draining": True}).problem(404, "not_found")
    world.api.get("/v1/workers/nobody").problem(404, "not_found")


def test_calls_of_a_worker_that_is_away_are_not_shown_until_it_is_back(fresh_world):
    world, stack = fresh_world, fresh_world.stack
    pbx = world.peer(PBX, p.answers())
    number = world.did(world.trunk(pbx.address))
    carrier, invite, final = established(world, number)
    call = shown(world.api, number, "answered")

    # One that hangs: it is asked, and does not answer.
    stack.children["sip"].send_signal(signal.SIGSTOP)
    answer = world.api.request("DELETE", f"/v1/calls/{call['id']}")
    answer.problem(503, "worker_silent")
    assert int(answer.headers["Retry-After"]) > 0
    until(lambda: not calls(world.api, number), "a silent worker's calls are not shown")
    world.api.request("DELETE", f"/v1/calls/{call['id']}").problem(404, "not_found")
    stack.children["sip"].send_signal(signal.SIGCONT)
    # What was asked in vain is not done now.
    assert shown(world.api, number, "answered")["id"] == call["id"]

    stack.kill("sip")
    stack.start_sip()
    assert shown(world.api, number, "answered")["id"] == call["id"]
    assert not carrier.requests("BYE") and not pbx.requests("BYE")
    world.api.request("DELETE", f"/v1/calls/{call['id']}").ok(204)
    assert pbx.await_request("BYE") and carrier.await_request("BYE")
    record = until(lambda: world.cdrs(number), "the record")[0]
    assert record["ended_by"] == "operator" and final and invite


def test_calls_are_shown_again_after_postgres_was_away(fresh_world):
    """Those that lasted, though their rows were lost; not one that ended meanwhile."""
    world, stack = fresh_world, fresh_world.stack
    pbx = world.peer(PBX, p.answers())
    trunk = world.trunk(pbx.address)
    lasting, ending = world.did(trunk), world.did(trunk)
    established(world, lasting)
    carrier, invite, final = established(world, ending)
    call = shown(world.api, lasting, "answered")
    shown(world.api, ending, "answered")

    stack.kill_postgres()
    bye = carrier.in_dialog("BYE", invite, final, 2)
    assert carrier.ask(bye, stack.sip).status == 200
    stack.start_postgres()
    until(lambda: world.api.get("/v1/accounts").status == 200, "the API is back", 60)
    until(lambda: not calls(world.api, ending), "the row of the ended call is gone", 60)
    assert shown(world.api, lasting, "answered")["id"] == call["id"]
