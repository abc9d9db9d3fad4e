"""trunkguard-sip and Kamailio on the same calls, in one go; see scripts/bench --help."""

import argparse
import contextlib
import functools
import os
import signal
import subprocess
import sys
import tempfile
import time

import kamailio
import measure
import report
import trunkguard
import world
from generator import KINDS, Generator
from process import Failed

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FIRST_RATE = 5000
# More are skipped than come within the 32 s for which a transaction may be kept. No faster: Kamailio counts a
# trunk's calls by walking a list, and with tens of thousands of calls up it would fall behind.
MEMORY_RATE, MEMORY_SKIPPED = 300, 10000


def build(only):
    """The directory with the programs."""
    directory = os.path.join(TOP, "build", "bench")
    targets = ["loadgen"]
    purposes = ["build"]
    if only != "kamailio":
        targets += ["trunkguard-api", "trunkguard-sip"]
        purposes.append("run")
    scripts = os.path.join(TOP, "scripts")
    subprocess.run([os.path.join(scripts, "install-packages"), *purposes], check=True)
    subprocess.run([os.path.join(scripts, "build"), directory, "-DTRUNKGUARD_BENCH=ON", "--",
                    *targets], check=True)
    return directory


class Effort:
    """How long and how often."""

    def __init__(self, quick):
        self.few, self.many, self.counted_seconds = (50, 250, 5) if quick else (300, 1500, 15)
        self.seconds = 2 if quick else 5
        self.search_seconds = 3 if quick else 8
        self.halvings = 2 if quick else 3
        self.held = 3000 if quick else 10000


class Bench:
    def __init__(self, arguments, programs, directory, database):
        self.quick = arguments.quick
        self.pairs = 1 if arguments.quick else arguments.pairs
        self.effort = Effort(arguments.quick)
        self.directory = directory
        self.programs = programs
        self.database = database
        self.generator = Generator(os.path.join(programs, "bench", "loadgen"))
        self.servers = [arguments.only] if arguments.only else ["kamailio", "trunkguard"]
        self.kinds = [arguments.kind] if arguments.kind else list(KINDS)
        self.figures = report.Figures()
        self.begun = time.monotonic()

    def say(self, text):
        print("%5.0f s  %s" % (time.monotonic() - self.begun, text), file=sys.stderr, flush=True)

    def server(self, name, run, counted=False):
        directory = os.path.join(self.directory, name + "-" + run)
        if name == "kamailio":
            return kamailio.Kamailio(directory, counted)
        worker = os.path.join(self.programs, "trunkguard-sip")
        return trunkguard.Trunkguard(directory, counted, worker, self.database)

    def note(self, name, key, value):
        """value: None when the server does not carry the rate at which it was to be measured."""
        self.say("%s: %s %s" % (name, key, "not reached" if value is None else "%.1f" % value))
        self.figures.add(name, key, value)

    def once(self, name):
        """What does not vary from run to run."""
        with self.server(name, "rules") as server:
            self.generator.wait_ready(server)
            measure.check_rules(server, self.generator, self.quick)
        self.say("%s: follows the rules" % name)
        start = functools.partial(self.server, name)
        for kind in self.kinds:
            self.note(name, "instructions " + kind, measure.instructions_per_call(
                start, self.generator, kind, self.effort.few, self.effort.many,
                self.effort.counted_seconds))
        for state in ("answered", "ringing"):
            with self.server(name, state) as server:
                self.generator.wait_ready(server)
                self.note(name, "memory " + state, measure.memory_per_call(
                    server, self.generator, state, MEMORY_RATE, MEMORY_SKIPPED, self.effort.held))

    def search(self, name, kind):
        key = "rate " + kind
        known = self.figures.median(name, key)
        start = functools.partial(self.server, name)
        with measure.Search(start, self.generator, kind, self.effort.search_seconds) as search:
            rate, bounded = search.highest(0.8 * known if known else FIRST_RATE,
                                           self.effort.halvings)
        if bounded:
            self.figures.bounded.add((name, key))
        self.note(name, key, rate)

    def cpu(self, name, kind, rate, *more):
        measured = measure.cpu_per_call(functools.partial(self.server, name), self.generator, kind,
                                        rate, self.effort.seconds) or {}
        beside = ["beside_us"] if name == "trunkguard" else []
        for key in ("cpu_us", "user_us", *beside, *more):
            self.note(name, "%s %s %d" % (key, kind, rate), measured.get(key))

    def pair_half(self, name):
        for kind, rate in report.CPU_RATES:
            if kind in self.kinds:
                self.cpu(name, kind, rate, *(["p99_us"] if kind == "basic" else []))
        for kind in self.kinds:
            self.search(name, kind)

    def run(self):
        for name in self.servers:
            self.once(name)
        for pair in range(self.pairs):
            order = self.servers if pair % 2 == 0 else self.servers[::-1]
            for name in order:
                self.say("pair %d of %d: %s" % (pair + 1, self.pairs, name))
                self.pair_half(name)

    def text(self):
        against = "" if len(self.servers) == 2 else "; %s alone" % self.servers[0]
        return "Measured on %s, against Kamailio %s%s: %s.\n\n%s" % (
            measure.machine(), kamailio.version(), against,
            "one pair" if self.pairs == 1 else "medians of %d pairs" % self.pairs,
            report.table(self.figures, self.servers))


def arguments_read():
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("--quick", action="store_true",
                        help="one pair of short runs, to see that all works; writes nothing down")
    parser.add_argument("--pairs", type=int, default=5, metavar="N",
                        help="how often the alternating runs are repeated (5)")
    parser.add_argument("--only", choices=["kamailio", "trunkguard"], help="one side alone")
    parser.add_argument("--kind", choices=list(KINDS), help="one kind of call alone")
    arguments = parser.parse_args()
    if not 1 <= arguments.pairs <= 100:
        parser.error("--pairs must be from 1 to 100")
    return arguments


def main():
    arguments = arguments_read()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if world.SERVER_CORE == world.GENERATOR_CORE:
        sys.exit("scripts/bench: needs two cores, one for the server and one for the generator")
    try:
        programs = build(arguments.only)
    except subprocess.CalledProcessError as failure:
        sys.exit("scripts/bench: %s" % failure)
    with contextlib.ExitStack() as stack:
        directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="trunkguard-bench-"))
        os.chmod(directory, 0o755)
        database = None
        try:
            if arguments.only != "kamailio":
                database = stack.enter_context(trunkguard.Database(
                    os.path.join(directory, "postgres"),
                    os.path.join(programs, "trunkguard-api")))
            bench = Bench(arguments, programs, directory, database)
            bench.run()
        except Failed as failure:
            sys.exit("scripts/bench: %s" % failure)
        text = bench.text()
        print(text)
        if not arguments.quick and not arguments.kind:
            report.write(os.path.join(TOP, "docs", "performance.md"), text)


if __name__ == "__main__":
    main()
