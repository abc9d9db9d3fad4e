"""Fire drills over SIP: backup paths are proven before they are needed, or found dead."""

import peer as p
from sipp import BACKUP, GATEWAY, PBX
from wait import free_port, until

PASSWORD = "Tr0mbone!"
DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


def drilled(world, **scope):
    """A whole drill: its targets by what they are, each with the worker's one result."""
    scope = scope or {"account_id": world.account["id"]}
    made = world.api.request("POST", "/v1/fire-drills", scope).ok(201).json
    path = f"/v1/fire-drills/{made['id']}"
    drill = until(lambda: (d := world.api.get(path).ok(200).json)["state"] == "done" and d, "the drill is done", 40)
    assert all(len(target["results"]) == 1 for target in drill["targets"])
    return {target["target"]: target for target in drill["targets"]}, drill


def uri(address):
    return f"sip:{address['host']}:{address['port']};transport={address['transport']}"


def refuses_options(status):
    def behave(peer, request):
        peer.reply(request, status, "No" if request.method == "OPTIONS" else "OK")
    return behave


def test_every_backup_path_of_an_account(world):
    world.api.patch(f"/v1/accounts/{world.account['id']}", {"ha_addon": True})
    trunk = world.trunk(world.peer(PBX, p.answers()).address)
    username = f"second{world.serial}"
    world.api.put(f"/v1/trunks/{trunk['id']}/sip-accounts/secondary",
                  {"auth_mode": "registration", "username": username, "password": PASSWORD})
    second = world.peer("127.0.0.7", p.answers())
    assert p.register(second, world.stack.sip, username, PASSWORD).status == 200
    number = world.did(trunk)
    backup = world.peer(BACKUP, p.answers())
    dead = {"host": BACKUP, "port": free_port(BACKUP), "transport": "tcp"}
    way_out = world.peer(GATEWAY, refuses_options(404))
    gateway = world.gateway(way_out.address)
    world.did_failover(number, number=world.far_number(), backup_pbxs=[backup.address, dead])

    targets, drill = drilled(world)

    assert (drill["proven"], drill["failed"], drill["reason"]) == (3, 1, "request")
    results = {name: target["results"][0] for name, target in targets.items()}
    assert results[uri(backup.address)]["status"] == 200 and results[uri(backup.address)]["proven"]
    assert results[f"{trunk['id']}/secondary"]["proven"], "the registered one, at its binding"
    assert results[f"{gateway['id']}/address"]["status"] == 404, "who says so is there"
    assert results[f"{gateway['id']}/address"]["proven"]
    assert not results[uri(dead)]["proven"] and results[uri(dead)]["reason"] == "unreachable"
    asked = second.requests("OPTIONS")[-1]
    assert asked.uri.startswith(f"sip:{username}@127.0.0.7")

    proven = targets[uri(backup.address)]["last_proven_at"]
    assert proven == results[uri(backup.address)]["at"]
    assert targets[uri(dead)]["last_proven_at"] is None
    plan = world.api.get(f"/v1/dids/{number}/route").ok().json["attempts"]
    assert {a["target"]: a["last_proven_at"] for a in plan if a["kind"] == "backup_pbx"} == {
        uri(backup.address): proven, uri(dead): None}
    assert [a["last_proven_at"] for a in plan if a["kind"] == "number"] == [
        results[f"{gateway['id']}/address"]["at"]]
    status = world.api.get(f"/v1/gateways/{gateway['id']}/status").ok().json
    assert status["last_proven_at"] == results[f"{gateway['id']}/address"]["at"]
    secondary = [a for a in world.status(trunk)["sip_accounts"] if a["role"] == "secondary"][0]
    assert secondary["last_proven_at"] == results[f"{trunk['id']}/secondary"]["at"]


def test_what_proves_nothing(world):
    """An overloaded server, one that is silent, and a PBX that never registered."""
    overloaded, broken = world.peer(BACKUP, refuses_options(503)), world.peer("127.0.0.7", refuses_options(500))
    world.api.patch(f"/v1/accounts/{world.account['id']}", {"ha_addon": True})
    trunk = world.trunk(registration=(f"pbx{world.serial}", PASSWORD))
    world.api.put(f"/v1/trunks/{trunk['id']}/sip-accounts/secondary",
                  {"auth_mode": "registration", "username": f"second{world.serial}", "password": PASSWORD})
    silent = world.peer("127.0.0.8", p.dead)
    number = world.did(trunk)
    world.did_failover(number, backup_pbxs=[overloaded.address, broken.address, silent.address])
    targets, drill = drilled(world, did=number)
    assert (drill["did"], drill["proven"], drill["failed"]) == (number, 0, 4)
    found = {name: (t["results"][0]["status"], t["results"][0]["reason"]) for name, t in targets.items()}
    assert found == {uri(overloaded.address): (503, "server_error"), uri(broken.address): (500, "server_error"),
                     uri(silent.address): (None, "no_response"), f"{trunk['id']}/secondary": (None, "not_registered")}


def test_the_media_server_of_a_dial_plan(world):
    media, desk = world.peer(BACKUP, p.answers()), world.peer("127.0.0.7", refuses_options(503))
    named = {name: f"sip:{name}@{peer.ip}:{peer.port};transport=udp" for name, peer in (("ivr", media), ("desk", desk))}
    plan = world.api.post("/v1/dial-plans", {"account_id": world.account["id"], "name": "night", "internal_number": "900", "steps": [
        {"app": "schedule", "active_times": [{"days": DAYS, "from": "00:00", "to": "24:00"}],
         "then": [{"app": "media", "sip_uri": named["ivr"]}], "else": []},
        {"app": "ring", "targets": [{"sip_uri": named["desk"]}]}]})
    world.made.append(f"/v1/dial-plans/{plan['id']}")
    trunk = world.trunk(registration=(f"pbx{world.serial}", PASSWORD))
    number = world.did(trunk)
    targets, _ = drilled(world, did=number)
    assert targets == {}, "nothing leads there yet"
    world.api.put(f"/v1/trunks/{trunk['id']}/failover", {"enabled": True, "dial_plan_id": plan["id"]})
    for scope in ({"did": number}, {"trunk_id": trunk["id"]}, {"account_id": world.account["id"]}):
        targets, _ = drilled(world, **scope)
        assert {name: target["results"][0]["proven"] for name, target in targets.items()} == {
            named["ivr"]: True, named["desk"]: False}
    attempts = world.api.get(f"/v1/dids/{number}/route").ok().json["attempts"]
    assert {a["target"]: a["last_proven_at"] for a in attempts if "@" in a["target"]} == {
        name: target["last_proven_at"] for name, target in targets.items()}
    world.api.put(f"/v1/trunks/{trunk['id']}/failover", {"enabled": False})


def test_a_drill_with_nothing_to_prove_is_done_at_once(world):
    targets, drill = drilled(world)
    assert targets == {} and drill["state"] == "done"
