"""What both sides are given: addresses, numbers, trunks, cores."""

import os

SERVER = ("127.0.1.1", 15300)
CARRIER = ("127.0.1.2", 15310)
PRIMARY = ("127.0.1.3", 15320)
BACKUP = ("127.0.1.4", 15330)
STRANGER = ("127.0.1.9", 15310)
WORKER_HTTP = ("127.0.1.1", 18381)

# 100,000 numbers, 1,000 on each trunk; no trunk comes near its limit, but every call is counted against it.
FIRST_DID = 14155000000
TRUNKS = 100
DIDS_PER_TRUNK = 1000
DIDS = TRUNKS * DIDS_PER_TRUNK
LIMIT = 2000
# One more trunk, with one number, to see that the limit holds; and a number that nobody has.
LIMITED_DID = 14154000000
LIMITED_LIMIT = 10
UNKNOWN_DID = 14159000000

# The server alone on one core; the load generator, and PostgreSQL, on the other.
SERVER_CORE, GENERATOR_CORE = sorted(os.sched_getaffinity(0))[:2] if os.cpu_count() > 1 else (0, 0)


def text(address):
    return "%s:%d" % address


def dids():
    """Each number with its trunk: (number, trunk index)."""
    for index in range(DIDS):
        yield FIRST_DID + index, index // DIDS_PER_TRUNK
    yield LIMITED_DID, TRUNKS


def limits():
    """The limit of each trunk, by index."""
    return [LIMIT] * TRUNKS + [LIMITED_LIMIT]
