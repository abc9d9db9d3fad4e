"""SIPp as carrier, PBX, backup PBX and outbound gateway: real peers on loopback addresses."""

import re
import shutil
import subprocess
from pathlib import Path

from message import Message
from wait import bound, free_port, until

SCENARIOS = Path(__file__).parent / "scenarios"
SIPP = shutil.which("sipp") or "/usr/bin/sipp"

# The addresses that the tests give to the parts of the network around the worker.
CARRIER, PBX, BACKUP, GATEWAY, STRANGER = (f"127.0.0.{n}" for n in (2, 3, 4, 5, 9))


class Sipp:
    """One SIPp process that plays a scenario: as a caller it ends when its calls are done; as a
    called party it stays (a health probe counts as a call for SIPp) until stop()."""

    def __init__(self, folder, scenario, ip, remote=None, number="service", calls=1, hold_ms=200,
                 keys=None, tcp=False, seconds=120, port=None):
        self.port = port or free_port(ip)
        self.ip = ip
        self.transport = "tcp" if tcp else "udp"
        self.name = f"{scenario}-{ip}-{self.port}"
        self.folder = Path(folder) / self.name
        self.folder.mkdir(parents=True)
        values = {"name": scenario, "caller": "+14155559999", "display": "Caller"}
        values.update(keys or {})
        # SIPp reads status codes and credentials when it loads a scenario, before it knows its keys.
        script = self.folder / "scenario.xml"
        text = (SCENARIOS / f"{scenario}.xml").read_text()
        for key in ("code", "reason", "username", "password"):
            text = text.replace(f"[{key}]", str(values.pop(key, "")))
        script.write_text(text)
        command = [
            SIPP, "-sf", str(script), "-i", ip, "-mi", ip,
            "-p", str(self.port), "-s", number, "-d", str(hold_ms),
            "-t", "t1" if tcp else "u1", "-nostdin", "-aa", "-timeout", str(seconds),
            "-timeout_error", "-recv_timeout", "40000", "-trace_msg", "-message_file",
            str(self.folder / "messages.log"), "-trace_err", "-error_file",
            str(self.folder / "errors.log"), "-ci", ip,
        ]
        for key, value in values.items():
            command += ["-key", key, str(value)]
        if remote:
            command += ["-m", str(calls), remote]
        self.out = open(self.folder / "screen.log", "wb")
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=self.out, stderr=subprocess.STDOUT,
            cwd=self.folder)
        if not remote:
            until(lambda: bound(ip, self.port, tcp) or self.process.poll() is not None,
                  f"{self.name} listens")
            assert self.process.poll() is None, (self.folder / "screen.log").read_text()

    @property
    def address(self):
        return {"host": self.ip, "port": self.port, "transport": self.transport}

    def wait(self, seconds=60):
        """The caller's scenario was played to its end as written."""
        code = self.process.wait(seconds)
        assert code == 0, f"{self.name}: exit {code}\n{self.log()}"
        return self

    def stop(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.out.close()

    def log(self):
        return "\n".join(
            (self.folder / file).read_text(errors="replace")[-6000:]
            for file in ("errors.log", "messages.log") if (self.folder / file).exists())

    def messages(self, direction):
        """All messages "sent" or "received", in order."""
        path = self.folder / "messages.log"
        text = path.read_bytes().decode("utf-8", "surrogateescape") if path.exists() else ""
        found = re.split(r"-{40,} \d{4}-\d\d-\d\d[ T\d:.]+\n", text)
        out = []
        for entry in found:
            kind, _, body = entry.partition("\n\n")
            if f"message {direction}" in kind and body.strip():
                out.append(Message.parse(body))
        return out

    def received(self, method):
        """Received requests of one method, retransmissions left out."""
        seen = {}
        for message in self.messages("received"):
            if message.method == method:
                seen.setdefault((message.branch, message["Call-ID"]), message)
        return list(seen.values())

    def await_request(self, method, count=1, seconds=30.0):
        until(lambda: len(self.received(method)) >= count, f"{method} at {self.name}", seconds)
        return self.received(method)[count - 1]

    def final(self):
        """The final response to the INVITE that this carrier sent."""
        finals = [m for m in self.messages("received")
                  if m.status and m.status >= 200 and m["CSeq"].endswith("INVITE")]
        assert finals, f"{self.name} got no final response\n{self.log()}"
        return finals[0]
