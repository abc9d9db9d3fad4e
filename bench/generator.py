"""Runs of the load generator; see loadgen --help."""

import json
import subprocess

import world
from process import Failed, pinned_first, wait_for

# Of loadgen's exit statuses: calls that failed, and a rate that the generator could not keep.
DONE, CALLS, PACE = 0, 1, 4
KINDS = {"basic": {}, "failover": {"primary_takes": 503}}


class Generator:
    def __init__(self, program):
        self.program = program

    def command(self, options):
        settings = {"server": world.text(world.SERVER), "carrier": world.text(world.CARRIER),
                    "primary": world.text(world.PRIMARY), "backup": world.text(world.BACKUP),
                    "first_did": world.FIRST_DID, "dids": world.DIDS}
        settings.update(options)
        command = [self.program, "--json"]
        for name, value in settings.items():
            command.append("--" + name.replace("_", "-"))
            if value is not True:
                command.append(str(value))
        return command

    def start(self, **options):
        return subprocess.Popen(self.command(options), stdout=subprocess.PIPE, text=True,
                                stderr=subprocess.PIPE, preexec_fn=pinned_first(world.GENERATOR_CORE))

    def run(self, rate, calls, **options):
        """The report; its "status" is loadgen's exit status. Never longer than the calls can take."""
        give_up_ms = options.get("give_up_ms", 32000)
        waits_ms = options.get("ring_ms", 0) + options.get("hold_ms", 0) + 3 * give_up_ms
        process = self.start(rate=rate, calls=int(calls), **options)
        try:
            out, err = process.communicate(timeout=2 * calls / rate + waits_ms / 1000 + 30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise Failed("the load generator did not come to its end") from None
        if process.returncode not in (DONE, CALLS, PACE):
            raise Failed("the load generator failed: " + err.strip())
        return dict(json.loads(out), status=process.returncode, said=err.strip())

    def wait_ready(self, server, seconds=120):
        """Until the server carries a call to the primary PBX."""
        def answered():
            if not server.alive():
                raise Failed(server.why())
            report = self.run(10, 1, give_up_ms=900)
            return report["status"] == DONE and report["primary_invites"] == 1

        wait_for(answered, seconds, "%s to carry a call" % server.name)
