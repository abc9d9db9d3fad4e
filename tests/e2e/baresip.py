"""baresip as a PBX that registers and answers by itself; its audio comes from a tone generator."""

import os
import subprocess

from wait import bound, free_port, until

MODULES = "/usr/lib/baresip/modules"


class Baresip:
    def __init__(self, folder, server, username, password, ip="127.0.0.6"):
        self.ip = ip
        self.port = free_port(ip)
        self.folder = folder / "baresip"
        self.folder.mkdir()
        host, port = server
        (self.folder / "config").write_text(
            f"sip_listen {ip}:{self.port}\nnet_interface {ip}\n"
            "audio_player aubridge,tone\naudio_source aubridge,tone\naudio_alert aubridge,tone\n"
            f"module_path {MODULES}\n"
            "module g711.so\nmodule aubridge.so\nmodule stdio.so\n"
            "module_app account.so\nmodule_app menu.so\n"
            "rtp_ports 31000-31100\n")
        (self.folder / "accounts").write_text(
            f"<sip:{username}@{host}:{port};transport=udp>;auth_user={username}"
            f";auth_pass={password};regint=60;answermode=auto;audio_codecs=PCMU/8000/1\n")
        (self.folder / "contacts").write_text("")

    def __enter__(self):
        self.out = open(self.folder / "log", "wb")
        # A terminal of its own is not wanted: baresip ends at the end of standard input.
        self.process = subprocess.Popen(
            ["baresip", "-4", "-v", "-f", str(self.folder)], stdin=subprocess.PIPE,
            stdout=self.out, stderr=subprocess.STDOUT,
            env={**os.environ, "HOME": str(self.folder)})
        until(lambda: bound(self.ip, self.port) or self.process.poll() is not None,
              "baresip listens")
        assert self.process.poll() is None, self.log()
        return self

    def __exit__(self, *_):
        """Unregisters, unless nobody answers it."""
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        finally:
            self.out.close()

    def command(self, line):
        self.process.stdin.write((line + "\n").encode())
        self.process.stdin.flush()

    def dial(self, uri):
        self.command(f"/dial {uri}")

    def hang_up(self):
        self.command("/hangup")

    def log(self):
        return (self.folder / "log").read_text(errors="replace")
