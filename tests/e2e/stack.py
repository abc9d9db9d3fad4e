"""The whole system on loopback: a private PostgreSQL, trunkguard-api and trunkguard-sip, each of
which a test can kill, stop and start again."""

import http.client
import os
import shutil
import signal
import subprocess
from pathlib import Path

from client import Client
from wait import free_port, until

TOP = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("BUILD", TOP / "build"))
if not BUILD.is_absolute():
    BUILD = Path.cwd() / BUILD


class Stack:
    def __init__(self, folder, settings=None):
        self.folder = Path(folder)
        self.data = self.folder / "data"
        self.data.mkdir(parents=True)
        self.postgres_dir = self._postgres_dir()
        self.http = f"127.0.0.1:{free_port()}"
        self.worker_http = f"127.0.0.1:{free_port()}"
        self.sip_port = free_port()
        self.settings = {
            "TRUNKGUARD_DATA_DIR": str(self.data),
            "TRUNKGUARD_HTTP_LISTEN": self.http,
            "TRUNKGUARD_WORKER_HTTP_LISTEN": self.worker_http,
            "TRUNKGUARD_SIP_LISTEN": f"udp:127.0.0.1:{self.sip_port},tcp:127.0.0.1:{self.sip_port}",
            "TRUNKGUARD_WORKER_NAME": "worker-1",
            "TRUNKGUARD_PRIVATE_TARGETS": "127.0.0.0/8",
            "TRUNKGUARD_LOG": "debug",
        }
        self.settings.update(settings or {})
        self.children = {}
        self.logs = {}
        self.worker_https = {}  # of more workers than the first

    def _postgres_dir(self):
        """Outside the test's own folder, for its user must be able to get there."""
        made = subprocess.run(["mktemp", "-d", "/tmp/trunkguard-e2e-XXXXXX"], check=True,
                              capture_output=True, text=True).stdout.strip()
        os.chmod(made, 0o755)
        return Path(made) / "postgres"

    # -- processes ----------------------------------------------------------------------------

    def environment(self):
        clean = {key: value for key, value in os.environ.items()
                 if not key.startswith(("TRUNKGUARD_", "PG"))}
        url = subprocess.run([TOP / "scripts/private-postgres", "url", self.postgres_dir],
                             check=True, capture_output=True, text=True).stdout.strip()
        clean["ASAN_OPTIONS"] = "detect_leaks=1:abort_on_error=0"
        clean["UBSAN_OPTIONS"] = "print_stacktrace=1"
        return {**clean, "TRUNKGUARD_DATABASE_URL": url, **self.settings}

    def _spawn(self, name, command, settings=None):
        log = self.folder / f"{name}.log"
        self.logs[name] = log
        with open(log, "ab") as out:
            self.children[name] = subprocess.Popen(
                ["setpriv", "--pdeathsig", "INT" if name == "postgres" else "TERM", *command],
                stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd=self.folder,
                env={**self.environment(), **(settings or {})} if name != "postgres" else
                {**os.environ, "BUILD": str(BUILD)})

    def start_postgres(self):
        self._spawn("postgres", [TOP / "tests/postgres", "run", str(self.postgres_dir)])
        socket = self.postgres_dir / "socket"
        until(lambda: subprocess.run(["/usr/lib/postgresql/15/bin/pg_isready", "-q", "-h", socket])
              .returncode == 0, "PostgreSQL accepts connections", 60)

    def start_api(self, ready=True):
        self._spawn("api", [BUILD / "trunkguard-api"])
        if ready:
            until(lambda: self.is_ready("api"), f"the API is ready\n{self.tail('api')}", 60)

    def start_worker(self, name, ip, settings=None):
        """Another worker on the same database, at the same ports of another address: one more
        trunking server. Ended with the others."""
        data = self.folder / name
        data.mkdir(exist_ok=True)
        self.worker_https[name] = self.worker_https.get(name) or f"127.0.0.1:{free_port()}"
        self._spawn(name, [BUILD / "trunkguard-sip"], {
            "TRUNKGUARD_DATA_DIR": str(data), "TRUNKGUARD_WORKER_NAME": name,
            "TRUNKGUARD_WORKER_HTTP_LISTEN": self.worker_https[name],
            "TRUNKGUARD_SIP_LISTEN": f"udp:{ip}:{self.sip_port},tcp:{ip}:{self.sip_port}",
            **(settings or {})})
        until(lambda: self.page(self.worker_https[name], "/readyz").status == 200,
              f"{name} is ready\n{self.tail(name)}", 60, errors=OSError)

    def start_sip(self, ready=True):
        self._spawn("sip", [BUILD / "trunkguard-sip"])
        if ready:
            until(lambda: self.is_ready("sip"), f"the worker is ready\n{self.tail('sip')}", 60)

    def start(self):
        self.start_postgres()
        self.start_api()
        self.start_sip()
        self.operator_key = self.command("key", "create", "--operator").stdout.strip()
        self.client = Client(self.http, self.operator_key)
        until(lambda: self.synced(), "the worker reports itself")
        return self

    def command(self, *words, check=True):
        """trunkguard-api as a command."""
        return subprocess.run([BUILD / "trunkguard-api", *words], check=check, text=True,
                              capture_output=True, env=self.environment(), timeout=60)

    def kill(self, name, how=signal.SIGKILL):
        """Ends a child that exists; with SIGTERM its exit status must be 0."""
        child = self.children.pop(name)
        child.send_signal(how)
        status = child.wait(60)
        if how in (signal.SIGTERM, signal.SIGINT):
            assert status == 0, f"{name} ended with {status}\n{self.tail(name)}"

    def kill_postgres(self):
        """As a power cut would: every process of the server at once."""
        self.children.pop("postgres").kill()
        subprocess.run([TOP / "scripts/private-postgres", "stop", self.postgres_dir], check=True)

    def close(self):
        try:
            for name in [*self.worker_https, "sip", "api", "postgres"]:
                if name in self.children:
                    self.kill(name, signal.SIGINT if name == "postgres" else signal.SIGTERM)
        finally:
            for child in self.children.values():
                child.kill()
                child.wait()
            subprocess.run([TOP / "scripts/private-postgres", "stop", self.postgres_dir])
            shutil.rmtree(self.postgres_dir.parent, ignore_errors=True)
        self.check_logs()

    # -- looking ------------------------------------------------------------------------------

    @property
    def sip(self):
        return ("127.0.0.1", self.sip_port)

    @property
    def sip_remote(self):
        return f"127.0.0.1:{self.sip_port}"

    def is_ready(self, name):
        listen = self.http if name == "api" else self.worker_http
        assert self.children[name].poll() is None, f"{name} ended\n{self.tail(name)}"
        try:
            return self.page(listen, "/readyz").status == 200
        except OSError:
            return False

    @staticmethod
    def page(listen, path):
        host, _, port = listen.rpartition(":")
        connection = http.client.HTTPConnection(host, int(port), timeout=5)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            response.text = response.read().decode()
            return response
        finally:
            connection.close()

    def metrics(self, name="sip"):
        """Prometheus text as a dictionary from `name{labels}` to a number."""
        text = self.page(self.http if name == "api" else self.worker_http, "/metrics").text
        pairs = (line.rsplit(" ", 1) for line in text.splitlines() if line and line[0] != "#")
        return {key: float(value) for key, value in pairs}

    def synced(self):
        workers = self.client.get("/v1/sync").ok().json["workers"]
        return [worker for worker in workers if worker["healthy"]]

    def log(self, name):
        return self.logs[name].read_text(errors="replace") if name in self.logs else ""

    def tail(self, name, lines=40):
        return "\n".join(self.log(name).splitlines()[-lines:])

    def check_logs(self):
        for name in ("api", "sip", *self.worker_https):
            for mark in ("WARNING: ThreadSanitizer", "ERROR: AddressSanitizer", "runtime error:", "ERROR: LeakSanitizer"):
                assert mark not in self.log(name), f"{name}:\n{self.tail(name, 200)}"
