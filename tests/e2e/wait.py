"""Waiting for conditions, never for time; and ports that are free now."""

import socket
import time
from pathlib import Path


def until(condition, what, seconds=30.0, errors=()):
    """Polls until the condition holds and returns its value; fails loudly when it never does.
    `errors` count as not yet."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            value = condition()
        except errors:
            value = None
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds:.0f} s in vain: {what}")
        time.sleep(0.02)


def free_port(ip="127.0.0.1"):
    """A port that nobody uses on this address, neither over UDP nor over TCP."""
    family = socket.AF_INET6 if ":" in ip else socket.AF_INET
    while True:
        with socket.socket(family, socket.SOCK_STREAM) as tcp:
            tcp.bind((ip, 0))
            port = tcp.getsockname()[1]
            with socket.socket(family, socket.SOCK_DGRAM) as udp:
                try:
                    udp.bind((ip, port))
                    return port
                except OSError:
                    pass


def bound(ip, port, tcp=False):
    """Does any process listen there?"""
    if ":" in ip:
        words = socket.inet_pton(socket.AF_INET6, ip)
        raw = "".join(words[i:i + 4][::-1].hex().upper() for i in range(0, 16, 4))
    else:
        raw = "".join(f"{int(octet):02X}" for octet in reversed(ip.split(".")))
    wanted = f"{raw}:{port:04X}"
    path = Path("/proc/net") / (("tcp" if tcp else "udp") + ("6" if ":" in ip else ""))
    lines = path.read_text().splitlines()[1:]
    return any(line.split()[1] == wanted and (not tcp or line.split()[3] == "0A") for line in lines)
