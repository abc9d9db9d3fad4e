"""The measurements, each on a server that is ready."""

import json
import os
import time

import world
from generator import DONE, KINDS, PACE
from process import Failed

# Both servers keep a transaction some seconds after its end; freeing it belongs to the call.
SETTLE_SECONDS = 8
TRIES = 3
# A call is lost when a transaction of it takes longer than this, three datagrams by RFC 3261's timers. With
# the full 32 s a server could be far behind and still lose nothing in a run of some seconds.
PATIENCE_MS = 2000


def expect(report, what, **counts):
    for name, count in counts.items():
        if report[name] != count:
            raise Failed("%s: %s is %d, not %d; %s" % (what, name, report[name], count, report))


def expect_complete(report, kind, what):
    """Every call did what this kind of call is to do."""
    calls = report["started"]
    failing = kind == "failover"
    expect(report, what, ok=calls, wrong=0, primary_invites=calls,
           backup_invites=calls if failing else 0)


def check_rules(server, generator, quick):
    """The server does the work that is to be measured: otherwise it would be quick for nothing."""
    refused = dict(give_up_ms=1500)
    report = generator.run(50, 10, carrier=world.text(world.STRANGER), **refused)
    expect(report, "a stranger calls", ok=0, primary_invites=0, backup_invites=0)
    report = generator.run(50, 10, first_did=world.UNKNOWN_DID, dids=1, **refused)
    expect(report, "an unknown number", ok=0, primary_invites=0, backup_invites=0)

    limited = dict(first_did=world.LIMITED_DID, dids=1)
    count = world.LIMITED_LIMIT
    report = generator.run(100, 2 * count, hold_ms=1500, **limited)
    expect(report, "twice the limit", ok=2 * count, wrong=0, primary_invites=count,
           backup_invites=count)
    time.sleep(1)
    report = generator.run(100, count, hold_ms=500, **limited)
    expect(report, "after the limit", ok=count, wrong=0, primary_invites=count, backup_invites=0)

    for kind, options in KINDS.items():
        expect_complete(generator.run(100, 50, **options), kind, kind)
    if not quick:
        report = generator.run(50, 10, primary_takes="none")
        expect(report, "a silent PBX", ok=10, wrong=0, primary_invites=10, backup_invites=10)


def clean(report):
    """Whether no call was lost and no datagram sent twice."""
    again = ("resent_invite", "resent_bye", "resent_answer", "heard_again")
    return report["status"] == DONE and not any(report[name] for name in again)


def tried(attempt):
    """What the attempt returns, which is None when datagrams or calls were lost: by the server, or because of
    other work on the machine. Each has a fresh server: one that has lost calls still carries them."""
    for _ in range(TRIES):
        result = attempt()
        if result is not None:
            return result
    return None


def instructions(start, generator, kind, calls, seconds):
    def attempt():
        with start("callgrind-%s-%d" % (kind, calls), counted=True) as server:
            generator.wait_ready(server)
            time.sleep(1)
            report = generator.run(calls / seconds, calls, **KINDS[kind])
            if not clean(report):
                return None
            expect_complete(report, kind, "%s under callgrind" % kind)
            time.sleep(SETTLE_SECONDS)
            server.end()
            return server.instructions()

    counted = tried(attempt)
    if counted is None:
        raise Failed("%s under callgrind: datagrams were lost in each of %d tries" % (kind, TRIES))
    return counted


def instructions_per_call(start, generator, kind, few, many, seconds):
    """Two runs of equal length: start-up, end and the ticking of timers cancel each other out."""
    low, high = (instructions(start, generator, kind, calls, seconds) for calls in (few, many))
    return (high - low) / (many - few)


def cpu_per_call(start, generator, kind, rate, seconds):
    """Microseconds of CPU per call, and the time that the server adds before the caller hears 180. None: the
    server does not carry this rate without losing anything."""
    def attempt():
        with start("cpu-%s-%d" % (kind, rate)) as server:
            generator.wait_ready(server)
            generator.run(rate, rate, give_up_ms=PATIENCE_MS, **KINDS[kind])
            time.sleep(SETTLE_SECONDS)
            before, beside = server.cpu(), server.beside_cpu()
            report = generator.run(rate, rate * seconds, give_up_ms=PATIENCE_MS, **KINDS[kind])
            time.sleep(SETTLE_SECONDS)
            after, beside = server.cpu(), server.beside_cpu() - beside
            if not clean(report):
                return None
            expect_complete(report, kind, kind)
            user, system = ((b - a) * 1e6 / report["started"] for a, b in zip(before, after))
            return {"cpu_us": user + system, "user_us": user, "p99_us": report["added_us"]["p99"],
                    "beside_us": beside * 1e6 / report["started"]}

    return tried(attempt)


class Search:
    """For the highest rate at which no call is lost. A server that lost one is started anew: what it has
    not got rid of yet would weigh on the next try."""

    def __init__(self, start, generator, kind, seconds):
        self.start = start
        self.generator = generator
        self.kind = kind
        self.seconds = seconds
        self.tries = 0
        self.server = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.drop()

    def drop(self):
        if self.server:
            self.server.end()
        self.server = None

    def ready(self):
        if not self.server:
            self.tries += 1
            self.server = self.start("rate-%s-%d" % (self.kind, self.tries))
            self.server.__enter__()
            self.generator.wait_ready(self.server)

    def run(self, rate):
        """loadgen's exit status."""
        self.ready()
        report = self.generator.run(rate, rate * self.seconds, give_up_ms=PATIENCE_MS,
                                    stop_on_loss=True, **KINDS[self.kind])
        if not self.server.alive():
            raise Failed(self.server.why())
        if report["wrong"]:
            raise Failed("%s at %d calls/s: %s" % (self.kind, rate, report["said"]))
        if report["status"] != DONE:
            self.drop()
        return report["status"]

    def holds(self, rate):
        """Tried once more when it does not: other work on the machine may have been the reason."""
        status = self.run(rate)
        return status if status == DONE else self.run(rate)

    def highest(self, first, halvings):
        """Calls per second: up by a quarter until a call is lost, then by halves in between.

        The second result is true when the generator, not the server, came to its limit."""
        low = high = None
        rate = int(first)
        while not low or not high:
            status = self.holds(rate)
            if status == DONE:
                low, rate = rate, rate * 5 // 4
            elif status == PACE and low:
                return low, True
            else:
                high, rate = rate, rate * 4 // 5
            if rate < 100:
                raise Failed("%s: calls are lost at every rate" % self.kind)
        for _ in range(halvings):
            middle = (low + high) // 2
            low, high = (middle, high) if self.holds(middle) == DONE else (low, middle)
        return low, False


def memory_per_call(server, generator, state, rate, skipped, calls):
    """Resident bytes per call that has been answered, or that rings.

    The growth from the first ones that are skipped to the last: what is kept for some seconds after each
    change of state is there at both ends, as are the pools that it comes from."""
    hold = {"answered": "hold_ms", "ringing": "ring_ms"}[state]
    process = generator.start(rate=rate, calls=skipped + calls, **{hold: 3600000})
    begun = time.monotonic()
    sizes = []
    try:
        for count in (skipped, skipped + calls):
            time.sleep(begun + count / rate - time.monotonic())
            sizes.append(server.memory())
        time.sleep(1)
    finally:
        process.terminate()
        report = json.loads(process.communicate(timeout=30)[0])
    expect(report, "%s calls held" % state, started=skipped + calls, failed=0, lost=0, cut=0,
           answered=skipped + calls if state == "answered" else 0)
    expect(report["ring_us"], "%s calls held" % state, count=skipped + calls)
    return (sizes[1] - sizes[0]) / calls


def machine():
    with open("/proc/cpuinfo") as file:
        model = next(line.split(":")[1].strip() for line in file if line.startswith("model name"))
    return "%s, %d cores, Linux %s" % (model, os.cpu_count(), os.uname().release)
