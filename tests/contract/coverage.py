#!/usr/bin/python3
"""Was everything of the contract seen? coverage.py BUILD SUITE...

Every session of the API and end-to-end suites leaves the operations that it called, with the statuses of their answers, in
BUILD/contract. When all suites have been there, each operation must have been called, and each status that it documents must
have been answered, but for what is listed here with its reason. Ends with 77 (skipped) when suites are missing."""

import json
import re
import sys
from pathlib import Path

import yaml

TOP = Path(__file__).resolve().parents[2]

EXEMPT = [
    (r".*", 503, "what is away is away for all: test_outage.py, test_live.py"),
    (r"(list|create|importDids|get(Sync|Health|Readiness|Metrics|Contract|Docs)).*", 404, "a path without variables is always there"),
    (r".*", 409, "five other writes came between, or the Idempotency-Key is in flight: where it is the caller's doing the "
                 "suite of the resource shows it"),
    (r"get(Sync|Health|Readiness|Metrics|Contract|Docs)", 406, "for everybody"),
]


def exempt(operation, status):
    return any(re.fullmatch(pattern, operation) and status == number for pattern, number, _ in EXEMPT)


def documented():
    contract = yaml.load((TOP / "openapi.yaml").read_text(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    for item in contract["paths"].values():
        for verb in ("get", "post", "put", "patch", "delete"):
            if verb in item:
                yield item[verb]["operationId"], {int(s) for s in item[verb]["responses"] if s.isdigit()}


def main(build, suites):
    seen, been = {}, set()
    for file in Path(build, "contract").glob("*.json"):
        been |= set(file.stem.split("+"))
        for operation, statuses in json.loads(file.read_text()).items():
            seen.setdefault(operation, set()).update(statuses)
    missing = sorted(set(suites) - been)
    if missing:
        print(f"not asked: these suites have not run in {build}: {' '.join(missing)}")
        return 77
    problems, count = [], 0
    for operation, statuses in documented():
        count += len(statuses)
        if not any(200 <= s < 400 for s in seen.get(operation, ())):
            problems.append(f"{operation} never succeeded")
        unseen = {s for s in statuses - seen.get(operation, set()) if not exempt(operation, s)}
        problems += [f"{operation} never answered {status}" for status in sorted(unseen)]
    print("\n".join(problems) or f"{len(list(documented()))} operations, {count} statuses: all seen or exempt")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
