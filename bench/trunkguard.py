"""trunkguard-sip with a private PostgreSQL that holds the same numbers and trunks."""

import json
import os
import pwd
import shutil
import signal
import subprocess

import world
from process import Server, cpu_of, family, pinned, stop, wait_for

HERE = os.path.dirname(os.path.abspath(__file__))
PRIVATE_POSTGRES = os.path.join(os.path.dirname(HERE), "scripts", "private-postgres")


def address(of):
    return json.dumps({"host": of[0], "port": of[1], "transport": "udp"})


class Database:
    """Started once; the worker is started many times."""

    def __init__(self, directory, api):
        self.directory = directory
        self.api = api

    def __enter__(self):
        os.makedirs(self.directory)
        if os.geteuid() == 0:
            shutil.chown(self.directory, pwd.getpwnam("postgres").pw_name, "postgres")
        subprocess.run([PRIVATE_POSTGRES, "init", self.directory], check=True)
        self.url = subprocess.run([PRIVATE_POSTGRES, "url", self.directory], check=True,
                                  capture_output=True, text=True).stdout.strip()
        with open(self.directory + ".log", "w") as log:
            self.process = subprocess.Popen(
                [PRIVATE_POSTGRES, "run", self.directory], stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, preexec_fn=pinned(world.GENERATOR_CORE))
        try:
            wait_for(self.answers, 60, "PostgreSQL to answer")
            self.fill()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        stop(self.process, how=signal.SIGINT)

    def psql(self, *arguments, **more):
        return subprocess.run(["psql", "-Xq", "-d", self.url, "-v", "ON_ERROR_STOP=1", *arguments],
                              **more)

    def answers(self):
        return self.psql("-c", "SELECT 1", capture_output=True).returncode == 0

    def fill(self):
        subprocess.run([self.api, "migrate"], check=True,
                       env=dict(os.environ, TRUNKGUARD_DATABASE_URL=self.url))
        variables = {
            "backup": address(world.BACKUP), "primary": address(world.PRIMARY),
            "carrier": address(world.CARRIER), "primary_ip": world.PRIMARY[0],
            "carrier_ip": world.CARRIER[0], "trunks": world.TRUNKS, "max_calls": world.LIMIT,
            "limited_max_calls": world.LIMITED_LIMIT, "first_did": world.FIRST_DID,
            "dids": world.DIDS, "dids_per_trunk": world.DIDS_PER_TRUNK,
            "limited_did": world.LIMITED_DID}
        arguments = ["-f", os.path.join(HERE, "trunkguard.sql")]
        for name, value in variables.items():
            arguments += ["-v", "%s=%s" % (name, value)]
        self.psql(*arguments, check=True)

    def cpu(self):
        return sum(cpu_of(family(self.process.pid)))


class Trunkguard(Server):
    name = "trunkguard"

    def __init__(self, directory, counted, worker, database):
        super().__init__(directory, counted)
        self.worker = worker
        self.database = database

    def command(self):
        return [self.worker]

    def environment(self):
        return dict(os.environ,
                    TRUNKGUARD_DATABASE_URL=self.database.url,
                    TRUNKGUARD_DATA_DIR=self.directory,
                    TRUNKGUARD_SIP_LISTEN="udp:" + world.text(world.SERVER),
                    TRUNKGUARD_WORKER_HTTP_LISTEN=world.text(world.WORKER_HTTP),
                    TRUNKGUARD_WORKER_NAME="bench",
                    TRUNKGUARD_PRIVATE_TARGETS="127.0.0.0/8")

    def beside_cpu(self):
        return self.database.cpu()
