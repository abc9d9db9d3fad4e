"""Runs drills: main.py [--quick] [--list] [NAME ...]. Each prints one line; any failure ends in 1."""

import argparse
import inspect
import shutil
import sys
import tempfile
import time
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))
sys.path.insert(0, str(Path(__file__).resolve().parent))

import abuse  # noqa: E402
import faults  # noqa: E402
from house import House, Site  # noqa: E402


def drills():
    found = {}
    for module in (faults, abuse):
        for name, function in inspect.getmembers(module, inspect.isfunction):
            if name[:1] in "dt" and name.split("_")[0][1:].isdigit():
                found[name.split("_")[0].upper()] = function
    return dict(sorted(found.items(), key=lambda item: (item[0][0], int(item[0][1:]))))


class Runner:
    """One stack for all, for every drill leaves it whole; after a failure the next one gets another."""

    def __init__(self, quick):
        self.quick = quick
        self.folder = None
        self.house = None

    def start(self):
        self.folder = Path(tempfile.mkdtemp(prefix="trunkguard-drill-"))
        self.house = House(self.folder / "stack")
        self.house.start()

    def close(self):
        if self.folder:
            folder, house = self.folder, self.house
            self.folder = self.house = None
            try:
                if house:
                    house.close()
            finally:
                shutil.rmtree(folder, ignore_errors=True)

    def run(self, function):
        site = None
        try:
            if not self.house:
                self.start()
            site = Site(self.house, Path(tempfile.mkdtemp(dir=self.folder)))
            figure = function(site, self.quick)
            self.house.check_logs()
            return figure
        except BaseException:
            for program in ("sip", "api"):
                print(f"--- {program}\n{self.house and self.house.tail(program, 15)}", file=sys.stderr)
            self.close()
            raise
        finally:
            if site:
                site.close()


def main():
    every = drills()
    parser = argparse.ArgumentParser(prog="scripts/drill", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="smaller numbers, shorter times")
    parser.add_argument("--list", action="store_true", help="what there is")
    parser.add_argument("names", nargs="*", metavar="NAME")
    options = parser.parse_args()
    unknown = [name for name in options.names if name.upper() not in every]
    if unknown:
        parser.error(f"no such drill: {' '.join(unknown)}; there are {' '.join(every)}")
    failed = 0
    runner = Runner(options.quick)
    for name in [name.upper() for name in options.names] or every:
        function = every[name]
        title = inspect.getdoc(function).splitlines()[0]
        if options.list:
            print(f"{name:4} {title}")
            continue
        started = time.monotonic()
        try:
            verdict, figure = "ok", runner.run(function)
        except Exception as error:
            traceback.print_exc()
            verdict, figure = "FAIL", str(error).splitlines()[0] if str(error) else repr(error)
            failed += 1
        print(f"{name:4} {verdict:4} {time.monotonic() - started:5.1f} s  {title} {figure}", flush=True)
    runner.close()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
