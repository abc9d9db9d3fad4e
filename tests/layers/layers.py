#!/usr/bin/python3
"""The house keeps its walls: fails on an #include that points up or sideways, on a foreign
library's header in the wrong room, and on SQL outside db/.

    layers.py [ROOT]       checks the four rooms below ROOT
    layers.py --self-test  plants each kind of violation and sees it caught
"""

import re
import sys
import tempfile
from pathlib import Path

ROOMS = {
    # room: (rooms it may include, foreign headers it may include)
    "core": ({"core"}, set()),
    "db": ({"db", "core"}, {"libpq"}),
    "api": ({"api", "db", "core"}, {"microhttpd", "jansson", "openssl", "curl"}),
    "sip": ({"sip", "db", "core"}, {"osip", "openssl", "unbound", "microhttpd"}),
}

FOREIGN = {
    "libpq": r"libpq-fe\.h|libpq/.*|postgres_ext\.h|pg_config.*\.h",
    "microhttpd": r"microhttpd\.h",
    "curl": r"curl/.*",
    "jansson": r"jansson.*\.h",
    "openssl": r"openssl/.*",
    "osip": r"osip2/.*|osipparser2/.*",
    "unbound": r"unbound.*\.h",
}

LIBC = re.compile(
    r"(assert|complex|ctype|errno|fenv|float|inttypes|iso646|limits|locale|math|setjmp|signal"
    r"|stdalign|stdarg|stdatomic|stdbool|stddef|stdint|stdio|stdlib|stdnoreturn|string|tgmath"
    r"|threads|time|uchar|wchar|wctype"
    r"|dirent|endian|fcntl|getopt|grp|ifaddrs|netdb|poll|pthread|pwd|regex|sched|semaphore"
    r"|strings|syslog|termios|unistd"
    r"|arpa/\w+|linux/\w+|net/\w+|netinet/\w+|sys/\w+)\.h"
)

TOKEN = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(["<])([^">]+)[">]', re.M)
SQL = re.compile(
    r"\bselect\b.+\bfrom\b|^\s*select\s+[\w.]+\(|\binsert\s+into\b|\bupdate\b.+\bset\b"
    r"|\bdelete\s+from\b|\b(create|alter|drop)\s+(or\s+replace\s+)?(table|index|function|view|type"
    r"|schema|sequence|role|database|extension|trigger)\b|\btruncate\s+table\b"
    r"|\bpg_(notify|current_snapshot|advisory_\w+)\b"
    r"|^\s*(?-i:BEGIN|COMMIT|ROLLBACK|LISTEN\s+\w+)\s*;?\s*$",
    re.I | re.S,
)


def without_comments(text):
    return TOKEN.sub(lambda m: " " if m[0].startswith("/") else m[0], text)


def literals(text):
    """The string literals, adjacent ones joined as the compiler joins them."""
    text = re.sub(INCLUDE, "", text)
    for run in re.finditer(r'"(?:\\.|[^"\\\n])*"(?:\s*"(?:\\.|[^"\\\n])*")*', text):
        pieces = re.findall(r'"((?:\\.|[^"\\\n])*)"', run[0])
        yield "".join(pieces).replace("\\n", " ").replace("\\t", " ")


def include_violation(room, quote, name):
    may_include, may_use = ROOMS[room]
    if quote == '"':
        target = name.split("/")[0] if "/" in name else None
        if target is None:
            return f'"{name}" is not a path from the root'
        if target not in may_include:
            return f'{room}/ must not include "{name}"'
        return None
    for library, pattern in FOREIGN.items():
        if re.fullmatch(pattern, name):
            return None if library in may_use else f"{room}/ must not use {library} (<{name}>)"
    return None if LIBC.fullmatch(name) else f"<{name}> is neither libc nor a library of the house"


def violations(root):
    for room in ROOMS:
        for path in sorted((root / room).rglob("*.[ch]")):
            text = without_comments(path.read_text())
            where = path.relative_to(root)
            for quote, name in INCLUDE.findall(text):
                what = include_violation(room, quote, name)
                if what:
                    yield f"{where}: {what}"
            if room == "db":
                continue
            for literal in literals(text):
                if SQL.search(literal):
                    yield f"{where}: SQL outside db/: {literal[:60]!r}"


PLANTED = [  # file, its text, is it a violation
    ("core/a.c", '#include "db/db.h"\n', True),
    ("core/a.h", "#include <libpq-fe.h>\n", True),
    ("core/a.c", "#include <openssl/sha.h>\n", True),
    ("core/a.c", "#include <string.h>\n#include <sys/socket.h>\n", False),
    ("core/a.c", "#include <glib.h>\n", True),
    ("core/a.c", '#include "a.h"\n', True),
    ("core/a.c", '#include "../sip/call.h"\n', True),
    ("db/a.c", '#include "api/api.h"\n', True),
    ("db/a.c", '#include "core/e164.h"\n#include <libpq-fe.h>\n', False),
    ("db/a.c", "#include <jansson.h>\n", True),
    ("db/a.c", 'static const char q[] = "SELECT 1 FROM account";\n', False),
    ("api/a.c", '#include "sip/call.h"\n', True),
    ("api/a.c", "#include <libpq-fe.h>\n", True),
    ("api/a.c", "#include <osipparser2/osip_parser.h>\n", True),
    ("api/a.c", "#include <microhttpd.h>\n#include <jansson.h>\n", False),
    ("api/a.c", 'const char *q = "SELECT id"\n\t" FROM account";\n', True),
    ("api/a.c", 'const char *q = "insert into did values ($1)";\n', True),
    ("api/a.c", 'const char *q = "DELETE FROM did";\n', True),
    ("api/a.c", 'const char *m = "select one from the list";\n', True),
    ("api/a.c", '/* SELECT id FROM account */ // #include "sip/call.h"\n', False),
    ("sip/a.c", '#  include   "api/api.h"\n', True),
    ("sip/a.c", "#include <jansson.h>\n", True),
    ("sip/a.c", "#include <curl/curl.h>\n", True),
    ("api/a.c", "#include <curl/curl.h>\n", False),
    ("sip/a.c", 'const char *q = "UPDATE call SET ended = now()";\n', True),
    ("sip/a.c", 'const char *q = "BEGIN";\n', True),
    ("sip/a.c", 'const char *m[] = {"INVITE", "UPDATE", "NOTIFY", "OPTIONS"};\n', False),
    ("sip/a.c", "#include <osip2/osip.h>\n#include <unbound.h>\n#include <microhttpd.h>\n", False),
]


def self_test():
    wrong = 0
    for name, text, bad in PLANTED:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / name
            path.parent.mkdir()
            path.write_text(text)
            found = list(violations(Path(folder)))
        if bool(found) != bad:
            wrong += 1
            print(f"{name}: {'missed' if bad else 'false alarm'}: {text!r} {found}")
    print(f"{len(PLANTED) - wrong} of {len(PLANTED)} plants judged rightly")
    return wrong


def main():
    if sys.argv[1:] == ["--self-test"]:
        return 1 if self_test() else 0
    root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).resolve().parents[2])
    files = sum(1 for room in ROOMS for _ in (root / room).rglob("*.[ch]"))
    found = list(violations(root))
    for line in found:
        print(line)
    print(f"{files} files, {len(found)} violations")
    return 1 if found or files == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
