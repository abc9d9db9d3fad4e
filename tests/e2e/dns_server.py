"""A DNS server that says what a test tells it, well formed or not, over UDP and TCP."""

import os
import socket
import struct
import threading

A, CNAME, AAAA, SRV, NAPTR = 1, 5, 28, 33, 35
TYPES = {A: "A", CNAME: "CNAME", AAAA: "AAAA", SRV: "SRV", NAPTR: "NAPTR"}


def labels(name):
    return b"".join(bytes([len(part)]) + part.encode() for part in name.split(".") if part) + b"\0"


def a(address):
    return A, socket.inet_aton(address)


def aaaa(address):
    return AAAA, socket.inet_pton(socket.AF_INET6, address)


def cname(target):
    return CNAME, labels(target)


def srv(priority, weight, port, target):
    return SRV, struct.pack(">HHH", priority, weight, port) + labels(target)


class DnsServer:
    """`records`: name -> list of what a(), srv()… make. `tricks`: name -> function of the query that
    answers with octets, or None for silence. Other names do not exist."""

    def __init__(self, ip):
        self.ip = ip
        self.records, self.tricks = {}, {}
        self.asked = []  # (name, type) in order
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind((ip, 0))
        self.port = self.udp.getsockname()[1]
        self.tcp = socket.socket()
        self.tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.tcp.bind((ip, self.port))
        self.tcp.listen(16)
        self.closing = False
        for reader in (self._read_udp, self._read_tcp):
            threading.Thread(target=reader, daemon=True).start()

    @property
    def setting(self):
        return f"{self.ip}@{self.port}"

    def close(self):
        self.closing = True
        self.udp.close()
        self.tcp.close()

    def questions(self, name):
        return [kind for asked, kind in self.asked if asked == name]

    def _read_udp(self):
        while not self.closing:
            try:
                query, source = self.udp.recvfrom(4096)
                answer = self._answer(query)
                if answer is not None and len(answer) > 1200:  # too long: try TCP
                    answer = answer[:2] + b"\x83\x80" + answer[4:6] + bytes(6) + query[12:12 + self._question(query)[2]]
                if answer is not None:
                    self.udp.sendto(answer, source)
            except OSError:
                return

    def _read_tcp(self):
        while not self.closing:
            try:
                connection, _ = self.tcp.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with connection:
            connection.settimeout(10)
            try:
                size = struct.unpack(">H", connection.recv(2, socket.MSG_WAITALL))[0]
                answer = self._answer(connection.recv(size, socket.MSG_WAITALL))
                if answer is not None:
                    connection.sendall(struct.pack(">H", len(answer)) + answer)
            except (OSError, struct.error):
                pass

    @staticmethod
    def _question(query):
        at, parts = 12, []
        while query[at]:
            parts.append(query[at + 1:at + 1 + query[at]].decode().lower())
            at += query[at] + 1
        return ".".join(parts), struct.unpack(">H", query[at + 1:at + 3])[0], at + 5 - 12

    def _answer(self, query):
        name, kind, length = self._question(query)
        self.asked.append((name, TYPES.get(kind, kind)))
        if name in self.tricks:
            return self.tricks[name](query)
        known = self.records.get(name)
        found = [r for r in known or [] if r[0] in (kind, CNAME)]
        rcode = 0 if known is not None else 3
        head = query[:2] + struct.pack(">HHHHH", 0x8180 | rcode, 1, len(found), 0, 0)
        body = b"".join(b"\xc0\x0c" + struct.pack(">HHIH", k, 1, 60, len(data)) + data
                        for k, data in found)
        return head + query[12:12 + length] + body


def garbage(query):
    return query[:2] + os.urandom(120)


def servfail(query):
    return query[:2] + b"\x81\x82" + query[4:6] + bytes(6) + query[12:]


def silence(query):
    return None
