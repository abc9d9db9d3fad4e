"""A SIP message as tests look at it: start line, headers in order, body."""

import random
import string

COMPACT = {"v": "via", "f": "from", "t": "to", "i": "call-id", "m": "contact", "l": "content-length",
           "c": "content-type", "s": "subject", "k": "supported"}


def token(length=10):
    return "".join(random.choices(string.ascii_lowercase + string.digits, k=length))


class Message:
    def __init__(self, start, headers, body=""):
        self.start = start
        self.headers = headers
        self.body = body

    @classmethod
    def parse(cls, text):
        text = text.replace("\r\n", "\n").lstrip("\n")
        head, _, body = text.partition("\n\n")
        lines = head.split("\n")
        headers = []
        for line in lines[1:]:
            if line[:1] in " \t" and headers:
                headers[-1] = (headers[-1][0], headers[-1][1] + " " + line.strip())
            elif ":" in line:
                name, _, value = line.partition(":")
                headers.append((name.strip(), value.strip()))
        return cls(lines[0], headers, body)

    def __bytes__(self):
        head = "\r\n".join([self.start] + [f"{name}: {value}" for name, value in self.headers])
        return (head + "\r\n\r\n" + self.body).encode("utf-8", "surrogateescape")

    def __repr__(self):
        return bytes(self).decode("utf-8", "replace")

    def all(self, name):
        """Every value of a header; a long or compact name, in any case."""
        wanted = name.lower()
        return [value for key, value in self.headers
                if COMPACT.get(key.lower(), key.lower()) == wanted]

    def get(self, name):
        values = self.all(name)
        return values[0] if values else None

    def __getitem__(self, name):
        values = self.all(name)
        assert values, f"no {name} in\n{self!r}"
        return values[0]

    @property
    def status(self):
        return int(self.start.split()[1]) if self.start.startswith("SIP/2.0 ") else None

    @property
    def method(self):
        return None if self.status else self.start.split(" ")[0]

    @property
    def uri(self):
        return self.start.split(" ")[1]

    @property
    def branch(self):
        return self.parameter("Via", "branch")

    def parameter(self, header, name):
        """A parameter behind a header's value: the To tag, the Via's branch."""
        for part in (self.get(header) or "").split(";")[1:]:
            key, _, value = part.partition("=")
            if key.strip() == name:
                return value.strip()
        return None

    @property
    def contact_host(self):
        uri = self["Contact"].split("<")[-1].split(">")[0]
        return uri.split("@")[-1].split(";")[0].rsplit(":", 1)[0]
