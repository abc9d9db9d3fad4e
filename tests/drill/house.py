"""A stack and a customer for one drill, with what drills measure: memory, descriptors, records."""

import os
import random
import subprocess
import time
from collections import Counter
from pathlib import Path

from client import Client
from crowd import Answerer, Carrier
from sipp import CARRIER, PBX
from stack import Stack
from wait import until
from world import World

SEED = int(os.environ.get("DRILL_SEED", "1"))


class House(Stack):
    def __init__(self, folder, settings=None):
        super().__init__(folder, {"TRUNKGUARD_LOG": "info", **(settings or {})})
        self.limits = {}  # name: words for prlimit

    def _spawn(self, name, command, settings=None):
        if name in self.limits:
            command = ["prlimit", *self.limits[name], *command]
        super()._spawn(name, command, settings)

    def sql(self, text):
        url = self.environment()["TRUNKGUARD_DATABASE_URL"]
        return subprocess.run(["psql", "-XqtA", "-v", "ON_ERROR_STOP=1", url], input=text, check=True,
                              capture_output=True, text=True).stdout.strip()

    def _proc(self, name, file):
        return Path(f"/proc/{self.children[name].pid}/{file}").read_text()

    def rss_mb(self, name="sip"):
        line = next(row for row in self._proc(name, "status").splitlines() if "VmRSS" in row)
        return int(line.split()[1]) / 1024

    def cpu_seconds(self, name="sip"):
        fields = self._proc(name, "stat").rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def descriptors(self, name="sip"):
        return len(os.listdir(f"/proc/{self.children[name].pid}/fd"))

    def restart_sip(self):
        """Starts the worker and says after how many seconds it was ready."""
        started = time.monotonic()
        self.start_sip()
        return time.monotonic() - started

    def log_lines(self, name="sip"):
        return len(self.log(name).splitlines())


class Site(World):
    """A World with crowds as carrier and PBX."""

    def __init__(self, stack, folder):
        super().__init__(stack, folder)
        self.random = random.Random(SEED)
        self.closers = []

    def keep(self, thing):
        self.closers.append(thing)
        return thing

    def carrier(self, server=None):
        return self.keep(Carrier(CARRIER, server or self.stack.sip))

    def answerer(self, ip=PBX, **named):
        return self.keep(Answerer(ip, **named))

    def quick(self):
        """The API without a check of each answer against the contract, for many at once."""
        return Quick(self.api)

    def close(self):
        for thing in self.closers:
            thing.close()
        super().close()

    def records(self, number):
        found, path = [], f"/v1/cdrs?did={number[1:]}&limit=1000"
        while path:
            page = self.api.get(path, checked=False).ok().json
            found += page["data"]
            cursor = page["next_cursor"]
            path = cursor and f"/v1/cdrs?did={number[1:]}&limit=1000&cursor={cursor}"
        return found

    def exactly_once(self, number, calls, seconds=60.0, late=()):
        """Every answered call has one record, no call has two, and no record is of no call. The late
        ones may have none: they were answered so short before a kill that the disk had no time."""
        answered = {call.id for call in calls if call.status == 200}

        def counts():
            return Counter(record["sip_call_id"] for record in self.records(number)
                           if record["disposition"] == "ANSWERED")
        try:
            until(lambda: not answered - set(late) - set(counts()), "every answered call has a record", seconds)
        except AssertionError:
            missing = answered - set(late) - set(counts())
            raise AssertionError(f"{len(missing)} of {len(answered)} answered calls have no record: "
                                 f"{sorted(missing)[:3]}") from None
        found = counts()
        twice = [key for key, count in found.items() if count > 1]
        assert not twice, f"{len(twice)} calls have more than one record"
        foreign = set(found) - {call.id for call in calls}
        assert not foreign, f"{len(foreign)} records are of no call"
        return len(answered & set(found))

    def no_calls(self, trunk, seconds=30.0):
        until(lambda: self.calls_up(trunk) == 0, "no slot is taken", seconds)


class Quick:
    def __init__(self, client):
        self.client = Client(client.listen, client.key)

    def request(self, *arguments, **named):
        return self.client.request(*arguments, checked=False, **named)


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
