"""scripts/run as an operator uses it: start, kill, start again, end."""

import json
import os
import re
import shutil
import signal
import stat
import subprocess
import tempfile
from pathlib import Path

import pytest

from client import Client
from stack import Stack
from wait import free_port, until

TOP = Path(__file__).resolve().parents[2]


class Run:
    """One ./scripts/run with a data directory in /tmp, where the service user can get to it."""

    def __init__(self, home, **settings):
        self.home = Path(home)
        self.data = self.home / "var"
        self.settings = {
            "TRUNKGUARD_DATA_DIR": str(self.data),
            "TRUNKGUARD_HTTP_LISTEN": f"127.0.0.1:{free_port()}",
            "TRUNKGUARD_WORKER_HTTP_LISTEN": f"127.0.0.1:{free_port()}",
            "TRUNKGUARD_SIP_LISTEN": "udp:127.0.0.1:{0},tcp:127.0.0.1:{0}".format(free_port()),
            **settings,
        }
        self.process = None

    def start(self):
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("TRUNKGUARD_", "PG"))}
        self.out = open(self.home / "out", "wb")
        self.err = open(self.home / "err", "ab")
        self.process = subprocess.Popen(
            [TOP / "scripts/run"], stdin=subprocess.DEVNULL, stdout=self.out, stderr=self.err,
            env={**environment, **self.settings}, start_new_session=True)
        return self

    def ready(self):
        def look():
            assert self.process.poll() is None, self.errors()
            return "is ready" in (self.home / "out").read_text()
        until(look, "the run is ready", 300)
        return self

    def errors(self):
        return (self.home / "err").read_text()

    def signal(self, how, group=False):
        (os.killpg if group else os.kill)(self.process.pid, how)
        return self.process.wait(90)

    def children(self):
        """The processes that were started with this data directory: name -> process id."""
        wanted = f"TRUNKGUARD_DATA_DIR={self.data}".encode()
        found = {}
        for proc in Path("/proc").glob("[0-9]*"):
            try:
                if wanted not in (proc / "environ").read_bytes().split(b"\0"):
                    continue
                words = (proc / "cmdline").read_bytes().split(b"\0")
                name = os.path.basename(words[0]).decode()
            except OSError:
                continue
            if name in ("trunkguard-api", "trunkguard-sip") or words[1:2] == [b"-D"]:
                found[name] = int(proc.name)
        return found

    def all_answer(self):
        try:
            return (Stack.page(self.settings["TRUNKGUARD_HTTP_LISTEN"], "/readyz").status == 200 and
                    Stack.page(self.settings["TRUNKGUARD_WORKER_HTTP_LISTEN"], "/readyz").status == 200)
        except OSError:
            return False


@pytest.fixture
def home():
    folder = tempfile.mkdtemp(prefix="trunkguard-run-", dir="/tmp")
    os.chmod(folder, 0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def run(home):
    run = Run(home)
    yield run
    if run.process and run.process.poll() is None:
        run.signal(signal.SIGTERM)


def test_a_run_from_start_to_end(run):
    run.start().ready()
    key = run.data / "operator.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    client = Client(run.settings["TRUNKGUARD_HTTP_LISTEN"], key.read_text().strip())
    account = client.post("/v1/accounts", {"name": "kept"})
    said = (run.home / "out").read_text()
    assert "curl " in said and run.settings["TRUNKGUARD_HTTP_LISTEN"] in said
    assert set(run.children()) == {"postgres", "trunkguard-api", "trunkguard-sip"}
    if os.getuid() == 0:
        for pid in run.children().values():
            assert os.stat(f"/proc/{pid}").st_uid != 0, "a child runs as root"

    assert run.signal(signal.SIGINT, group=True) == 0  # Ctrl-C reaches the whole group
    assert not run.children()

    before = key.read_text()
    run.start().ready()
    assert key.read_text() == before, "a key that works is kept"
    assert client.get(f"/v1/accounts/{account['id']}").ok().json["name"] == "kept"
    assert run.signal(signal.SIGTERM) == 0
    assert not run.children()


def test_every_child_that_is_killed_comes_back(run):
    run.start().ready()
    for name in ("postgres", "trunkguard-api", "trunkguard-sip"):
        old = run.children()[name]
        os.kill(old, signal.SIGKILL)
        until(lambda: run.children().get(name) not in (None, old), f"{name} is back")
        until(run.all_answer, "all are ready again", 60)
        short = name.replace("trunkguard-", "")
        assert f'"child":"{short}","status":137' in run.errors()
    assert "Killed" not in run.errors()


def test_a_killed_run_leaves_nothing_behind_and_can_be_run_again(run):
    run.start().ready()
    run.signal(signal.SIGKILL)
    until(lambda: not run.children(), "the children ended", 60)
    run.start().ready()


def test_a_cluster_that_was_left_running_is_taken_over(run):
    """What a killed run of an older kernel or container may leave: a live server, a stale lock."""
    run.start().ready()
    assert run.signal(signal.SIGTERM) == 0
    subprocess.Popen([TOP / "scripts/private-postgres", "run", run.data / "postgres"],
                     stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until(lambda: (run.data / "postgres/socket/.s.PGSQL.5432").exists(), "the old server runs")
    run.start().ready()


def test_a_second_run_in_the_same_place_is_refused(run):
    run.start().ready()
    again = subprocess.run([TOP / "scripts/run"], env={**os.environ, **run.settings}, text=True,
                           capture_output=True, timeout=120)
    assert again.returncode == 1 and "already running" in again.stderr
    assert run.all_answer()


@pytest.mark.parametrize("setting,value", [
    ("TRUNKGUARD_HTTP_LISTEN", "nonsense"), ("TRUNKGUARD_SIP_LISTEN", "udp:127.0.0.1:99999"),
    ("TRUNKGUARD_LOG", "loud"), ("TRUNKGUARD_NO_SUCH_THING", "1"),
    ("TRUNKGUARD_PRIVATE_TARGETS", "127.0.0.0/99"),
])
def test_a_wrong_setting_stops_the_run_and_is_named(home, setting, value):
    run = Run(home, **{setting: value}).start()
    assert run.process.wait(120) == 1
    assert setting in run.errors() or setting.lower().replace("_", "-") in run.errors()
    assert not run.children()


def readme_blocks():
    """The shell of README.md's walk-through, word for word."""
    return re.findall(r"^```sh\n(.*?)^```", (TOP / "README.md").read_text(), re.S | re.M)


def test_the_readme_works_as_it_is_written(run):
    """Only addresses and the key's place are this run's own."""
    run.start().ready()
    worker = run.settings["TRUNKGUARD_SIP_LISTEN"].split(",")[0].removeprefix("udp:")
    far = free_port("127.0.0.5")
    provision, ring = readme_blocks()[:2]
    for said, here in [("http://127.0.0.1:8080", f"http://{run.settings['TRUNKGUARD_HTTP_LISTEN']}"),
                       ("var/operator.key", str(run.data / "operator.key")),
                       ('"host": "127.0.0.5", "port": 5060', f'"host": "127.0.0.5", "port": {far}'),
                       ("-i 127.0.0.5 -p 5060", f"-i 127.0.0.5 -p {far}"),
                       ("127.0.0.1:5060", worker)]:
        assert said in provision + ring, f"{said} is no longer in README.md"
        provision, ring = provision.replace(said, here), ring.replace(said, here)
    # In a terminal a person takes a moment between the lines.
    ring = ring.replace("call \"$api/cdrs", "sleep 2; call \"$api/cdrs")
    script = f"set -eu\n{provision}\nset +e\n{ring}"  # SIPp says 99 when it goes to the background
    done = subprocess.run(["bash", "-c", script], cwd=run.home,
                          text=True, stdin=subprocess.DEVNULL, capture_output=True, timeout=120,
                          env={**os.environ, "TERM": "dumb"})
    telephone_network = re.search(r"PID=\[(\d+)\]", done.stdout)
    if telephone_network:
        os.kill(int(telephone_network.group(1)), signal.SIGTERM)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^Trunkguard-Applied: true", done.stdout, re.M | re.I), done.stdout
    assert '"worst_case_seconds"' in done.stdout
    records = json.loads(done.stdout.strip().splitlines()[-1])["data"]
    assert [record["disposition"] for record in records] == ["ANSWERED"]
    assert [attempt["trigger"] for attempt in records[0]["attempts"]] == ["not_registered", None]
