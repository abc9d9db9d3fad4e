"""A server under measurement: its processes, their CPU time, memory and instructions."""

import contextlib
import glob
import os
import re
import shutil
import signal
import subprocess
import time

import world

TICK = 1 / os.sysconf("SC_CLK_TCK")


class Failed(Exception):
    """A run that proves nothing: said, not averaged in."""


PRIORITY = -10


def pinned(core):
    """For a child: to its core, and before other work on the machine where that is allowed. Linux may weigh
    sessions rather than processes against each other, so it gets one of its own, with its own weight."""
    def prepare():
        os.setsid()
        os.sched_setaffinity(0, {core})
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, 0, PRIORITY)
            with open("/proc/self/autogroup", "w") as file:
                file.write(str(PRIORITY))

    return prepare


def pinned_first(core):
    """The same for what measures: it goes before all else on its core. A generator that had to wait for
    PostgreSQL's time slice would stand still for milliseconds and then send a burst that no carrier sends."""
    prepare = pinned(core)

    def prepare_first():
        prepare()
        with contextlib.suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))

    return prepare_first


def family(pid):
    """The process and all its descendants."""
    pids = [pid]
    for parent in pids:
        for path in glob.glob("/proc/%d/task/*/children" % parent):
            try:
                with open(path) as file:
                    pids.extend(int(child) for child in file.read().split())
            except OSError:
                pass
    return pids


def cpu_of(pids):
    """User and system seconds, with those of children that have ended."""
    user = system = 0
    for pid in pids:
        with contextlib.suppress(OSError), open("/proc/%d/stat" % pid) as file:
            fields = [int(field) for field in file.read().rpartition(")")[2].split()[11:15]]
            user += fields[0] + fields[2]
            system += fields[1] + fields[3]
    return user * TICK, system * TICK


def stop(process, seconds=20, how=signal.SIGTERM):
    """Asks the process to end; what is left of it and its descendants after that is killed."""
    if process.poll() is not None:
        return
    handles = []
    for pid in family(process.pid):
        with contextlib.suppress(OSError):
            handles.append(os.pidfd_open(pid))
    process.send_signal(how)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(seconds)
    for handle in handles:
        with contextlib.suppress(OSError):
            signal.pidfd_send_signal(handle, signal.SIGKILL)
        os.close(handle)
    process.wait()


class Server:
    """One run of one server. Subclasses say how it is started."""

    name = None

    def __init__(self, directory, counted=False):
        """counted: under callgrind."""
        self.directory = directory
        self.counted = counted
        shutil.rmtree(directory, ignore_errors=True)
        os.makedirs(directory)

    def command(self):
        raise NotImplementedError

    def environment(self):
        return dict(os.environ)

    def __enter__(self):
        prefix = []
        if self.counted:
            out = os.path.join(self.directory, "callgrind.%p")
            prefix = ["valgrind", "--tool=callgrind", "--callgrind-out-file=" + out]
        with open(self.log(), "w") as log:
            self.process = subprocess.Popen(
                prefix + self.command(), env=self.environment(), cwd=self.directory,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                preexec_fn=pinned(world.SERVER_CORE))
        return self

    def __exit__(self, *_):
        self.end()

    def log(self):
        return os.path.join(self.directory, "log")

    def end(self):
        stop(self.process, 60 if self.counted else 20)

    def alive(self):
        return self.process.poll() is None

    def why(self):
        with open(self.log(), errors="replace") as file:
            return "%s ended by itself:\n%s" % (self.name, file.read()[-2000:])

    def cpu(self):
        """User and system seconds of all its processes so far."""
        return cpu_of(family(self.process.pid))

    def beside_cpu(self):
        """Seconds so far of what works for it in other processes: a database."""
        return 0

    def memory(self):
        """Resident bytes of all its processes, what they share counted once."""
        total = 0
        for pid in family(self.process.pid):
            with open("/proc/%d/smaps_rollup" % pid) as file:
                total += int(re.search(r"^Pss: +(\d+) kB", file.read(), re.M).group(1)) * 1024
        return total

    def instructions(self):
        """User instructions of all its processes and threads; they must have ended."""
        total = 0
        for path in glob.glob(os.path.join(self.directory, "callgrind.*")):
            with open(path) as file:
                counts = [int(line.split()[1]) for line in file if line.startswith("totals:")]
            if not counts:
                raise Failed("%s did not end by itself under callgrind" % self.name)
            total += sum(counts)
        return total


def wait_for(condition, seconds, what):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise Failed("waited %d s in vain for %s" % (seconds, what))
        time.sleep(0.1)
