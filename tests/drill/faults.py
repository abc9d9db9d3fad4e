"""Parts are killed, stopped, starved and cut off. Each drill gets a Site and returns its figures."""

import http.client
import signal
import socket
import subprocess
import threading
import time

import peer as p
from crowd import Carrier, Relay, Traffic
from house import percentile
from phones import Phones
from sipp import BACKUP, CARRIER, PBX
from wait import until


DISK_SECONDS = 0.05  # an answered call outlives a kill after this, also on a slow and shared machine


def place_and_await(carrier, number, count, rate, hold=None, seconds=60.0):
    calls = []
    for _ in range(count):
        calls.append(carrier.place(number, hold))
        time.sleep(1.0 / rate)
    carrier.await_finals(calls, seconds)
    return calls


def d1(site, quick):
    """kill -9 of the worker with calls up:"""
    count = 200 if quick else 2000
    pbx, carrier = site.answerer(), site.carrier()
    username = f"pbx{site.serial}"
    phone = site.peer("127.0.0.7", p.answers())
    registered = site.did(site.trunk(registration=(username, "Tr0mbone!")))
    trunk = site.trunk(pbx.address, max_concurrent_calls=count)
    number = site.did(trunk)
    assert p.register(phone, site.stack.sip, username, "Tr0mbone!").status == 200
    calls = place_and_await(carrier, number, count, 100)
    assert len(carrier.with_status(200)) == count
    until(lambda: pbx.confirmed >= {call.id for call in calls}, "every ACK has come")
    time.sleep(0.2)
    site.stack.kill("sip")
    ready = site.stack.restart_sip()
    until(lambda: site.stack.synced() and site.calls_up(trunk) == count, f"{count} calls are up again")
    over = place_and_await(carrier, number, 1, 100)[0]
    assert over.status == 503, f"a call above the limit got {over.status}"
    reached = place_and_await(carrier, registered, 1, 100, hold=0.1)[0]
    assert reached.status == 200, "the binding did not survive"
    carrier.hang_up_all()
    until(lambda: pbx.ended >= {call.id for call in calls}, "every BYE reached the PBX")
    site.no_calls(trunk)
    again = place_and_await(carrier, number, 1, 100, hold=0.1)
    records = site.exactly_once(number, calls + again)
    assert ready < 2, f"ready only after {ready:.1f} s"
    return f"{count}/{count} calls back, ready in {ready:.2f} s, {records} records, 1 above the limit refused"


def d2(site, quick):
    """kill -9 of the worker in a loop under calls:"""
    rounds = 4 if quick else 40
    pbx, carrier = site.answerer(), site.carrier()
    trunk = site.trunk(pbx.address, max_concurrent_calls=1000, max_call_seconds=60)
    number = site.did(trunk)
    traffic = Traffic(carrier, [number], 60, hold=1.0)
    slowest, kills = 0.0, []
    for _ in range(rounds):
        time.sleep(1.5)
        kills.append(time.monotonic())
        site.stack.kill("sip")
        slowest = max(slowest, site.stack.restart_sip())
    calls = traffic.stop(40)
    answered = [call for call in calls if call.status == 200]
    unended = [call for call in answered if not call.over]
    assert not unended, f"{len(unended)} answered calls could not be ended"
    site.no_calls(trunk, 90)
    late = {call.id for call in answered if any(0 <= at - call.final_at < DISK_SECONDS for at in kills)}
    records = site.exactly_once(number, calls, late=late)
    assert slowest < 3, f"a start took {slowest:.1f} s"
    return (f"{rounds} clean starts, slowest {slowest:.2f} s, {len(calls)} calls, {len(answered)} answered, "
            f"{records} records, {len(late)} answered less than {DISK_SECONDS} s before a kill, 0 double, slots 0")


class Writers:
    """Threads that make DIDs one after the other and note each intent and what became of it."""

    def __init__(self, site, trunk, threads=4):
        self.site, self.trunk = site, trunk
        self.stopping = threading.Event()
        self.fates = {}  # number: status, or None when it is not known
        self.slowest = 0.0
        self.threads = [threading.Thread(target=self._run, args=(n,), daemon=True)
                        for n in range(threads)]
        for thread in self.threads:
            thread.start()

    def post(self, number):
        body = {"number": number, "account_id": self.site.account["id"], "trunk_id": self.trunk["id"]}
        started = time.monotonic()
        try:
            status = self.site.quick().request("POST", "/v1/dids", body).status
        except (OSError, http.client.HTTPException):
            status = None
        self.slowest = max(self.slowest, time.monotonic() - started)
        return status

    def _run(self, mine):
        n = 0
        while not self.stopping.is_set():
            number = f"+4931{self.site.serial:03d}{mine}{n:05d}"
            n += 1
            self.fates[number] = None
            status = self.post(number)
            self.fates[number] = status
            if status != 201:
                time.sleep(0.05)

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join(60)

    def settle(self):
        """Acknowledged is there; what is not known is decided by asking again; nothing twice."""
        acknowledged = {number for number, status in self.fates.items() if status == 201}
        unknown = [number for number, status in self.fates.items() if status is None]
        present = set(self.site.stack.sql("SELECT number FROM did").split())
        present = {entry if entry.startswith("+") else "+" + entry for entry in present}
        lost = acknowledged - present
        assert not lost, f"{len(lost)} acknowledged writes are lost: {sorted(lost)[:3]}"
        for number in unknown:
            status = self.post(number)
            assert status == (409 if number in present else 201), f"{number} again: {status}"
        refused = {status for status in self.fates.values() if status not in (201, None)}
        assert refused <= {503}, f"writes were answered {refused}"
        ghost = [n for n, status in self.fates.items() if status == 503 and n in present]
        until(lambda: self.site.stack.metrics()["trunkguard_sip_config_dids"]
              == int(self.site.stack.sql("SELECT count(*) FROM did")), "the worker has every DID")
        return len(acknowledged), len(unknown), len(ghost)


def d3(site, quick):
    """kill -9 of the API under writes:"""
    pbx = site.answerer()
    trunk = site.trunk(pbx.address)
    writers = Writers(site, trunk)
    for _ in range(3 if quick else 20):
        time.sleep(0.7)
        site.stack.kill("api")
        site.stack.start_api()
    time.sleep(0.3)
    writers.stop()
    done, unknown, _ = writers.settle()
    assert done > 50, f"only {done} writes were made"
    return f"{done} acknowledged, 0 lost, {unknown} unknown settled by asking again"


def postgres_gap(site, quick, down):
    pbx, carrier = site.answerer(), site.carrier()
    trunk = site.trunk(pbx.address, max_concurrent_calls=1000)
    number = site.did(trunk)
    writers = Writers(site, trunk)
    traffic = Traffic(carrier, [number], 30)
    slowest_back = 0.0
    for _ in range(2 if quick else 10):
        time.sleep(1.0)
        down()
        time.sleep(1.0)
        site.stack.start_postgres()
        started = time.monotonic()
        until(lambda: site.quick().request("GET", "/v1/accounts").status == 200, "the API is back", 30)
        slowest_back = max(slowest_back, time.monotonic() - started)
    time.sleep(0.5)
    writers.stop()
    calls = traffic.all_answered()
    done, unknown, ghost = writers.settle()
    records = site.exactly_once(number, calls)
    site.no_calls(trunk)
    assert writers.slowest < 10, f"a write waited {writers.slowest:.1f} s"
    assert slowest_back < 5, f"the API came back after {slowest_back:.1f} s"
    return (f"{done} acknowledged, 0 lost, {unknown} unknown settled, {len(calls)} calls, 0 failed, "
            f"{records} records once, slowest answer {writers.slowest:.1f} s, API back in {slowest_back:.1f} s")


def d4(site, quick):
    """kill -9 of all of PostgreSQL under writes and calls:"""
    return postgres_gap(site, quick, site.stack.kill_postgres)


def d5(site, quick):
    """fast restart of PostgreSQL under writes and calls:"""
    return postgres_gap(site, quick, lambda: site.stack.kill("postgres", signal.SIGINT))


def d8(site, quick):
    """PostgreSQL away while calls go on:"""
    pbx, carrier = site.answerer(), site.carrier()
    trunk = site.trunk(pbx.address, max_concurrent_calls=1000)
    number = site.did(trunk)
    site.stack.kill_postgres()
    traffic = Traffic(carrier, [number], 40, hold=0.2)
    time.sleep(4 if quick else 60)
    site.stack.kill("sip")
    ready = site.stack.restart_sip()
    time.sleep(1)
    waiting = site.stack.metrics()["trunkguard_sip_records_waiting"]
    calls = traffic.stop(40)
    assert waiting > 50, f"only {waiting:.0f} records wait"
    started = time.monotonic()
    site.stack.start_postgres()
    until(lambda: site.quick().request("GET", "/v1/accounts").status == 200, "the API is back", 30)
    records = site.exactly_once(number, calls)
    until(lambda: site.stack.metrics()["trunkguard_sip_records_waiting"] == 0, "the spool is empty")
    drained = time.monotonic() - started
    # A call that ended in the last moment before the kill is up again until the first probe of it.
    site.no_calls(trunk, 90)
    return (f"{len(calls)} calls, {waiting:.0f} records waited over a kill -9 of the worker "
            f"(ready in {ready:.2f} s), {records} records once, drained in {drained:.1f} s")


def d9(site, quick):
    """Start of the worker with PostgreSQL away:"""
    dids = 20_000 if quick else 100_000
    pbx, carrier = site.answerer(), site.carrier()
    trunk = site.trunk(pbx.address)
    number = site.did(trunk)
    site.stack.sql(f"INSERT INTO did (number, account_id, trunk_id) SELECT 33000000000 + i, account_id, "
                   f"trunk_id FROM did, generate_series(1, {dids}) i WHERE number = {number[1:]}")
    total = int(site.stack.sql("SELECT count(*) FROM did"))  # those of earlier drills, too
    until(lambda: site.stack.metrics()["trunkguard_sip_config_dids"] == total, "all DIDs are there", 60)
    site.stack.kill("sip", signal.SIGTERM)
    site.stack.kill_postgres()
    ready = site.stack.restart_sip()
    assert site.stack.metrics()["trunkguard_sip_config_dids"] == total
    place_and_await(carrier, number, 1, 10, hold=0.1)
    far = place_and_await(carrier, f"+{33000000000 + dids}", 1, 10, hold=0.1)[0]
    assert far.status == 200, f"the last DID got {far.status}"
    site.stack.kill("sip")
    again = site.stack.restart_sip()
    site.stack.start_postgres()
    until(lambda: site.stack.metrics()["trunkguard_sip_database_connected"] == 1, "it is connected")
    until(lambda: site.quick().request("GET", "/v1/accounts").status == 200, "the API is back", 30)
    # So many would not find room on the small disk of D12.
    site.stack.sql("DELETE FROM did WHERE number BETWEEN 33000000001 AND 33999999999")
    until(lambda: site.stack.metrics()["trunkguard_sip_config_dids"] == total - dids, "they are gone", 60)
    assert max(ready, again) < 2, f"ready after {ready:.1f} and {again:.1f} s"
    return f"{dids} DIDs, ready in {ready:.2f} s, after a kill -9 in {again:.2f} s"


def d12(site, quick):
    """Disk full in the data directory:"""
    stack, data = site.stack, site.stack.data
    pbx, carrier = site.answerer(), site.carrier()
    trunk = site.trunk(pbx.address, max_concurrent_calls=1000)
    number = site.did(trunk)
    stack.kill("sip", signal.SIGTERM)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", data], capture_output=True)
    if mounted.returncode:
        stack.start_sip()
        return "left out: no right to mount a small disk"
    filler = data / "filler"
    try:
        stack.start_sip()
        traffic = Traffic(carrier, [number], 30)
        time.sleep(1)
        with open(filler, "wb", buffering=0) as full:
            try:
                while full.write(b"x" * 4096):
                    pass
            except OSError:
                pass
        time.sleep(2)
        site.did(trunk)  # a change of configuration is applied although it cannot be written down
        stack.kill_postgres()
        time.sleep(2 if quick else 20)
        stack.start_postgres()
        until(lambda: site.quick().request("GET", "/v1/accounts").status == 200, "the API is back", 30)
        time.sleep(1)
        said = stack.metrics()["trunkguard_sip_disk_error"]
        filler.unlink()
        time.sleep(1)
        calls = traffic.all_answered()
        records = site.exactly_once(number, calls)
        lost = stack.metrics()["trunkguard_sip_records_lost_total"]
        held = place_and_await(carrier, number, 5, 50)
        time.sleep(0.3)
        until(lambda: stack.metrics()["trunkguard_sip_disk_error"] == 0, "the disk is used again")
        stack.kill("sip")
        stack.restart_sip()
        until(lambda: stack.synced() and site.calls_up(trunk) == 5, "calls are journalled again")
        carrier.hang_up_all()
        site.no_calls(trunk)
        site.exactly_once(number, calls + held)
        empty = [f.name for f in data.rglob("*snapshot*") if f.is_file() and f.stat().st_size == 0]
        assert not empty, f"empty: {empty}"
        assert said, "a full disk is not said in the metrics"
        assert not lost, f"{lost:.0f} records lost"
        return f"{len(calls)} calls, 0 failed, {records} records once, journal whole again after it"
    finally:
        if "sip" in stack.children:
            stack.kill("sip", signal.SIGTERM)
        subprocess.run(["umount", data], check=True)
        stack.start_sip()


def d16(site, quick):
    """Slow PBXs (silent, 100 only, deaf for health, 200 after CANCEL):"""
    rounds = 2 if quick else 20
    backup, carrier = site.answerer(BACKUP), site.carrier()
    told = []
    for form, behaviour in (("silent", p.silent()), ("dead", p.dead), ("100 only", p.tries()),
                            ("late 200", p.answers_despite_cancel())):
        pbx = site.peer(PBX, behaviour)
        trunk = site.trunk(pbx.address, first_response_seconds=1, ring_seconds=3, max_concurrent_calls=1)
        number = site.did(trunk, triggers=["not_registered", "no_response", "capacity", "no_answer"])
        site.did_failover(number, backup_pbxs=[backup.address])
        calls = []
        for _ in range(rounds):
            calls += place_and_await(carrier, number, 1, 50, hold=0.1)
            until(lambda: calls[-1].over, "the call is over")
        assert all(call.status == 200 for call in calls), f"{form}: {[call.status for call in calls]}"
        site.no_calls(trunk)
        records = site.exactly_once(number, calls)
        legs = backup.call_ids() & {call.id for call in calls}
        if form == "late 200":
            unended = len([i for i in pbx.requests("INVITE") if i["Call-ID"] not in
                           {b["Call-ID"] for b in pbx.requests("BYE")}])
            assert not unended, f"{unended} late legs were not ended"
        told.append(f"{form} {records}/{rounds}")
        assert form == "late 200" or len(legs) == rounds, f"{form}: backup saw {len(legs)}"
    return ", ".join(told) + " answered once, slots 0"


def d19(site, quick):
    """Configuration pushed during calls:"""
    seconds = 5 if quick else 60
    site.answerer()
    sides = {}
    for side in "ab":
        sides[side] = (site.answerer(BACKUP, status=503), site.answerer("127.0.0.6"))
    refusing = site.answerer(PBX, status=503)
    trunk = site.trunk(refusing.address, max_concurrent_calls=1000)
    number = site.did(trunk)
    carrier = site.carrier()

    def turn(side):
        body = {"backup_pbxs": [peer.address for peer in sides[side]]}
        assert quick_api.request("PUT", f"/v1/dids/{number}/failover", body).status == 200
    quick_api = site.quick()
    turn("a")
    site.did_failover(number, backup_pbxs=[peer.address for peer in sides["a"]])
    calm = Traffic(carrier, [number], 30, hold=0.2)
    time.sleep(seconds / 2)
    calm = calm.all_answered()
    busy = Traffic(carrier, [number], 30, hold=0.2)
    until_time = time.monotonic() + seconds
    changes = 0
    while time.monotonic() < until_time:
        turn("ab"[changes % 2])
        changes += 1
        time.sleep(0.01)
    started = time.monotonic()
    site.did_failover(number, backup_pbxs=[peer.address for peer in sides["b"]])
    applied = time.monotonic() - started
    busy = busy.all_answered()
    mixed = [call for call in busy for x, y in (("a", "b"), ("b", "a"))
             if call.id in sides[x][0].call_ids() and call.id in sides[y][1].call_ids()]
    assert not mixed, f"{len(mixed)} calls saw a mix of two configurations"
    both = [percentile([call.final_at - call.placed_at for call in calls], 0.99) * 1000
            for calls in (calm, busy)]
    records = site.exactly_once(number, calm + busy)
    assert both[1] - both[0] < 100, f"p99 of set-up {both[0]:.0f} -> {both[1]:.0f} ms"
    return (f"{changes} changes in {seconds} s, {records} calls, 0 failed, 0 mixed, set-up with two failed "
            f"attempts p99 {both[0]:.1f} -> {both[1]:.1f} ms, last change applied in {applied * 1000:.0f} ms")


def d22(site, quick):
    """Many PBXs register at once, again after a kill -9 of the worker:"""
    count = 200 if quick else 1000
    phones = site.keep(Phones(count, site.stack.sip))
    others = site.stack.metrics()["trunkguard_sip_bindings"]
    phones.provision(site)
    first = phones.register_all()
    time.sleep(0.5)  # the disk is given its due, see operations.md
    site.stack.kill("sip")
    site.stack.restart_sip()
    kept = site.stack.metrics()["trunkguard_sip_bindings"] - others
    assert kept == count, f"{kept:.0f} of {count} bindings survived"
    again = phones.register_all()
    assert max(first, again) < 60
    return f"{count} in {first:.1f} s, {kept:.0f} survived the kill, again {count} in {again:.1f} s"


def d25(site, quick):
    """Descriptors of the worker used up:"""
    stack = site.stack
    pbx, carrier = site.answerer(), site.carrier()
    trunk = site.trunk(pbx.address, max_concurrent_calls=1000)
    number = site.did(trunk)
    stack.kill("sip", signal.SIGTERM)
    stack.limits["sip"] = ["--nofile=56"]
    stack.start_sip()
    base = stack.descriptors()
    held = []
    for _ in range(120):
        held.append(socket.create_connection(stack.sip, timeout=10, source_address=(CARRIER, 0)))
    time.sleep(0.3)
    most = stack.descriptors()
    before, started = stack.cpu_seconds(), time.monotonic()
    traffic = Traffic(carrier, [number], 20, hold=0.2)
    time.sleep(3 if quick else 20)
    calls = traffic.all_answered()
    share = (stack.cpu_seconds() - before) / (time.monotonic() - started)
    for sock in held:
        sock.close()
    probe = "\r\n".join([
        f"OPTIONS sip:{stack.sip_remote} SIP/2.0", f"Via: SIP/2.0/TCP {CARRIER};branch=z9hG4bKdrill",
        "From: <sip:a@b>;tag=1", "To: <sip:a@b>", "Call-ID: drill", "CSeq: 1 OPTIONS",
        "Max-Forwards: 70", "Content-Length: 0", "", ""]).encode()

    def answered():
        with socket.create_connection(stack.sip, timeout=10, source_address=(CARRIER, 0)) as sock:
            sock.sendall(probe)
            return sock.recv(100).startswith(b"SIP/2.0 200")
    until(answered, "TCP is served again")
    until(lambda: stack.descriptors() <= base + 2, "the descriptors are back")
    after = stack.descriptors()
    site.exactly_once(number, calls)
    del stack.limits["sip"]
    stack.kill("sip", signal.SIGTERM)
    stack.start_sip()
    assert share < 0.5, f"the worker used {share:.0%} of a processor while it could not accept"
    return (f"{most} of 56 open, {len(calls)} calls over UDP, 0 failed, {share:.0%} of a processor, "
            f"then back to {after}")


def d26(site, quick):
    """SIGSTOP and SIGCONT of the worker with calls up:"""
    pause = 5 if quick else 30
    pbx, carrier = site.answerer(), site.carrier()
    trunk = site.trunk(pbx.address, max_concurrent_calls=1000)
    number = site.did(trunk)
    calls = place_and_await(carrier, number, 100, 100)
    child = site.stack.children["sip"]
    child.send_signal(signal.SIGSTOP)
    try:
        late = [carrier.place(number) for _ in range(20)]
        time.sleep(pause)
    finally:
        child.send_signal(signal.SIGCONT)
    sent = site.stack.metrics()['trunkguard_sip_messages_total{transport="udp",direction="out"}']
    time.sleep(2)
    storm = site.stack.metrics()['trunkguard_sip_messages_total{transport="udp",direction="out"}'] - sent
    carrier.await_finals(late)
    assert {call.status for call in late} == {200}, {call.status for call in late}
    until(lambda: site.calls_up(trunk) == 120, "120 calls are up")
    carrier.hang_up_all()
    site.no_calls(trunk)
    records = site.exactly_once(number, calls + late)
    assert storm < 1000, f"{storm:.0f} messages in the two seconds after it"
    return f"{pause} s, {records} calls, 0 failed, {storm:.0f} messages in the 2 s after it, slots 0"


def d27(site, quick):
    """10 % loss, 5 % doubled, 10 % out of order on both sides:"""
    count = 150 if quick else 2000
    pbx = site.answerer()
    inner = site.keep(Relay(PBX, (pbx.ip, pbx.port), site.random, 0.1, 0.05, 0.1))
    pbx.contact = f"{inner.address[0]}:{inner.address[1]}"
    outer = site.keep(Relay(CARRIER, site.stack.sip, site.random, 0.1, 0.05, 0.1))
    carrier = site.keep(Carrier(CARRIER, outer.address))
    trunk = site.trunk({"host": inner.address[0], "port": inner.address[1], "transport": "udp"},
                       max_concurrent_calls=2000, first_response_seconds=15)
    number = site.did(trunk)
    calls = place_and_await(carrier, number, count, 30 if quick else 60, hold=0.3)
    until(lambda: all(call.over for call in calls), "every call is over", 90)
    good = [call for call in calls if call.status == 200]
    site.no_calls(trunk, 60)
    records = site.exactly_once(number, calls)
    assert len(good) >= 0.999 * count, f"{len(good)} of {count} calls succeeded"
    return (f"{len(good)}/{count} calls, {records} records once, "
            f"{inner.lost + outer.lost} lost, {inner.doubled + outer.doubled} doubled, "
            f"{inner.delayed + outer.delayed} delayed, slots 0")
