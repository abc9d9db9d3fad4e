"""The table of figures, and its place in docs/performance.md."""

import re
import statistics

BEGIN, END = "<!-- figures: written by scripts/bench -->\n", "<!-- end of figures -->\n"

CPU_RATES = [("basic", 4000), ("basic", 6000), ("failover", 4000)]


def cpu_rows(kind, rate, goal, more=""):
    at = "%s %d" % (kind, rate)
    return [("cpu_us " + at, "CPU per call at {:,} calls/s{}".format(rate, more), "µs", goal),
            ("user_us " + at, "— of which user", "µs", ""),
            ("beside_us " + at, "— PostgreSQL beside it, for the call records", "µs", "")]


# (key, what it is, unit, goal for trunkguard / Kamailio)
ROWS = [
    ("instructions basic", "user instructions per call", "", "≤ 0.5"),
    ("instructions failover", "user instructions per call, one failover", "", "≤ 0.5"),
    *cpu_rows("basic", 4000, ""),
    *cpu_rows("basic", 6000, "≤ 0.6"),
    *cpu_rows("failover", 4000, "≤ 0.6", ", one failover"),
    ("rate basic", "highest rate with no lost call", "calls/s", "≥ 2"),
    ("rate failover", "highest rate with no lost call, one failover", "calls/s", "≥ 2"),
    ("p99_us basic 4000", "INVITE to 180 added by the proxy at 4,000 calls/s, p99", "µs", "≤ 1"),
    ("p99_us basic 6000", "INVITE to 180 added by the proxy at 6,000 calls/s, p99", "µs", ""),
    ("memory answered", "resident memory per answered call", "bytes", "≤ 0.5"),
    ("memory ringing", "resident memory per ringing call", "bytes", "≤ 0.5"),
]


class Figures:
    """Values by server and key, one for each pair or a single one; None: the rate was not reached."""

    def __init__(self):
        self.values = {}
        self.bounded = set()  # the generator came to its limit before the server did

    def add(self, server, key, value):
        self.values.setdefault((server, key), []).append(value)

    def reached(self, server, key):
        return [v for v in self.values.get((server, key), []) if v is not None]

    def median(self, server, key):
        values = self.reached(server, key)
        return statistics.median(values) if values else None

    def ratio(self, key):
        """The median of the ratios of the pairs that have both."""
        pairs = zip(self.values.get(("trunkguard", key), []), self.values.get(("kamailio", key), []))
        ratios = [a / b for a, b in pairs if a is not None and b]
        return statistics.median(ratios) if ratios else None


def cell(figures, server, key, unit):
    tried, reached = figures.values.get((server, key), []), figures.reached(server, key)
    value = figures.median(server, key)
    if tried and not reached:
        return "not reached"
    if value is None or (key.startswith("beside") and not value):
        return "–"
    more = "≥ " if (server, key) in figures.bounded else ""
    rest = " (%d of %d)" % (len(reached), len(tried)) if len(reached) < len(tried) else ""
    return (more + "{:,.0f} ".format(value) + unit).strip() + rest


def table(figures, servers):
    """Markdown, which is readable as it is."""
    head = ["", *servers, "ratio", "goal"]
    rows = []
    for key, what, unit, goal in ROWS:
        if not any((server, key) in figures.values for server in servers):
            continue
        ratio = figures.ratio(key)
        rows.append([what, *(cell(figures, server, key, unit) for server in servers),
                     "–" if ratio is None else "%.2f" % ratio, goal])
    widths = [max(len(row[i]) for row in [head] + rows) for i in range(len(head))]
    lines = [head, ["-" * width for width in widths]] + rows
    return "".join("| %s |\n" % " | ".join(c.ljust(w) for c, w in zip(line, widths))
                   for line in lines)


def write(path, text):
    with open(path) as file:
        page = file.read()
    new, count = re.subn(re.escape(BEGIN) + ".*?" + re.escape(END),
                         lambda _: BEGIN + text + END, page, flags=re.S)
    if count != 1:
        raise ValueError("%s has no place for the figures" % path)
    with open(path, "w") as file:
        file.write(new)
