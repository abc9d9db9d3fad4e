"""The table of figures, and its place in docs/performance.md."""

import re
import statistics

BEGIN, END = "<!-- figures: written by scripts/bench -->\n", "<!-- end of figures -->\n"

# (key, what it is, unit, goal for trunkguard / Kamailio)
ROWS = [
    ("instructions basic", "user instructions per call", "", "≤ 0.5"),
    ("instructions failover", "user instructions per call, one failover", "", "≤ 0.5"),
    ("cpu_us basic", "CPU per call at 6,000 calls/s", "µs", "≤ 0.6"),
    ("user_us basic", "— of which user", "µs", ""),
    ("beside_us basic", "— PostgreSQL beside it, for the call records", "µs", ""),
    ("cpu_us failover", "CPU per call at 4,000 calls/s, one failover", "µs", "≤ 0.6"),
    ("user_us failover", "— of which user", "µs", ""),
    ("beside_us failover", "— PostgreSQL beside it, for the call records", "µs", ""),
    ("rate basic", "highest rate with no lost call", "calls/s", "≥ 2"),
    ("rate failover", "highest rate with no lost call, one failover", "calls/s", "≥ 2"),
    ("p99_us basic", "INVITE to 180 added by the proxy at 4,000 calls/s, p99", "µs", "≤ 1"),
    ("memory answered", "resident memory per answered call", "bytes", "≤ 0.5"),
    ("memory ringing", "resident memory per ringing call", "bytes", "≤ 0.5"),
]


class Figures:
    """Values by server and key, one for each pair or a single one."""

    def __init__(self):
        self.values = {}
        self.bounded = set()  # the generator came to its limit before the server did

    def add(self, server, key, value):
        self.values.setdefault((server, key), []).append(value)

    def median(self, server, key):
        values = self.values.get((server, key))
        return statistics.median(values) if values else None

    def ratio(self, key):
        """The median of the ratios of the pairs."""
        ours = self.values.get(("trunkguard", key))
        theirs = self.values.get(("kamailio", key))
        if not ours or not theirs or not all(theirs):
            return None
        return statistics.median(a / b for a, b in zip(ours, theirs))


def cell(figures, server, key, unit):
    value = figures.median(server, key)
    if value is None or (key.startswith("beside") and not value):
        return "–"
    more = "≥ " if (server, key) in figures.bounded else ""
    return (more + "{:,.0f} ".format(value) + unit).strip()


def table(figures, servers):
    """Markdown, which is readable as it is."""
    head = ["", *servers, "ratio", "goal"]
    rows = []
    for key, what, unit, goal in ROWS:
        if not any(figures.median(server, key) for server in servers):
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
