"""A small name server on loopback: A and SRV records that a test puts in, and nothing else."""

import socket
import struct
import threading

from wait import free_port

A, AAAA, SRV = 1, 28, 33


def wire(name):
    return b"".join(bytes([len(part)]) + part.encode() for part in name.split(".") if part) + b"\0"


class Dns:
    def __init__(self, ip="127.0.0.1"):
        self.port = free_port(ip)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((ip, self.port))
        self.socket.settimeout(0.1)
        self.setting = f"{ip}@{self.port}"  # of TRUNKGUARD_DNS
        self.records = {}  # (name, type): data of each record
        self.asked = []
        self.closing = False
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def close(self):
        self.closing = True
        self.thread.join()
        self.socket.close()

    def a(self, name, *addresses):
        self.records[name, A] = [socket.inet_aton(address) for address in addresses]

    def srv(self, name, *targets):
        """Each target: (priority, weight, port, host)."""
        self.records[name, SRV] = [struct.pack("!HHH", *target[:3]) + wire(target[3])
                                   for target in targets]

    def _serve(self):
        while not self.closing:
            try:
                data, source = self.socket.recvfrom(4096)
            except (TimeoutError, ConnectionError):
                continue
            self.socket.sendto(self._answer(data), source)

    def _answer(self, query):
        at, labels = 12, []
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]].decode())
            at += query[at] + 1
        kind = struct.unpack("!H", query[at + 1:at + 3])[0]
        name = ".".join(labels).lower()
        self.asked.append((name, kind))
        found = self.records.get((name, kind), [])
        known = any(key[0] == name for key in self.records)
        flags = 0x8580 | (0 if found or known else 3)  # authoritative; NXDOMAIN
        head = query[:2] + struct.pack("!HHHHH", flags, 1, len(found), 0, 0)
        # A short time to live: what a test changes is seen soon.
        return head + query[12:at + 5] + b"".join(
            b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, 1, len(rdata)) + rdata for rdata in found)
