"""What the API takes to make 100,000 DIDs in one mass operation, against PostgreSQL's own COPY into the same
table: python3 bench/mass_create.py [--rounds N] [BUILD-DIRECTORY]. In turns, on one machine, in one run."""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
MANY, FIRST = 100000, 49301000000


def by_api(server, account, trunk):
    body = json.dumps({"action": "create", "dids": [
        {"number": f"+{FIRST + i}", "account_id": account, "trunk_id": trunk, "label": f"line {i}"} for i in range(MANY)]})
    begun = time.monotonic()
    server.client.request("POST", "/v1/mass-operations", body, timeout=120, checked=False).ok(201)
    return time.monotonic() - begun


def by_copy(server, account, trunk):
    rows = "".join(f"{FIRST + i}\t{account[4:]}\t{trunk[4:]}\tline {i}\n" for i in range(MANY))
    url = server.environment()["TRUNKGUARD_DATABASE_URL"]
    done = subprocess.run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", url], check=True, text=True, capture_output=True, input=(
        f"SET search_path = trunkguard;\n\\timing on\nCOPY did (number, account_id, trunk_id, label) FROM STDIN;\n{rows}\\.\n"))
    return float(done.stdout.split("Time: ")[1].split(" ")[0]) / 1000


def measure(server, rounds):
    made = server.client.request("POST", "/v1/accounts", {"name": "bench"}).ok(201).json["id"]
    trunk = server.client.request("POST", "/v1/trunks", {"name": "bench", "account_id": made}).ok(201).json["id"]
    seconds = {by_api: [], by_copy: []}
    for _ in range(rounds):
        for how in seconds:
            seconds[how].append(how(server, made, trunk))
            server.sql("DELETE FROM did")
    return {how.__name__: statistics.median(s) for how, s in seconds.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("build", nargs="?", default="build")
    options = parser.parse_args()
    os.environ["BUILD"] = options.build
    sys.path[:0] = [str(TOP / "tests/api"), str(TOP / "tests/e2e")]
    from conftest import Server
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder))
        try:
            median = measure(server.start(), options.rounds)
        finally:
            server.close()
    print(f"{MANY} DIDs: API {median['by_api']:.2f} s, COPY {median['by_copy']:.2f} s, "
          f"ratio {median['by_api'] / median['by_copy']:.2f}")


if __name__ == "__main__":
    main()
