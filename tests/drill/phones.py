"""Many PBXs that register, each with an address of its own."""

import selectors
import socket
import time

from message import Message, token
from peer import challenge_of, credentials
from wait import until

PASSWORD = "Tr0mbone!"


class Phone:
    def __init__(self, n, server):
        self.n = n
        self.ip = f"127.5.{n // 250}.{n % 250 + 1}"
        self.name = f"many{n}"
        self.server = server
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((self.ip, 0))
        self.socket.setblocking(False)

    def begin(self):
        self.cseq, self.status, self.proof = 0, 0, []
        self.call_id = token(16)
        self.wait = 0.5
        self.next_request()

    def next_request(self):
        self.cseq += 1
        host, port = self.socket.getsockname()
        self.request = bytes(Message(f"REGISTER sip:{self.server[0]}:{self.server[1]} SIP/2.0", [
            ("Via", f"SIP/2.0/UDP {host}:{port};branch=z9hG4bK{token()};rport"), ("Max-Forwards", "70"),
            ("From", f"<sip:{self.name}@{self.server[0]}>;tag={token()}"),
            ("To", f"<sip:{self.name}@{self.server[0]}>"), ("Call-ID", self.call_id),
            ("CSeq", f"{self.cseq} REGISTER"), ("Contact", f"<sip:{self.name}@{host}:{port}>"),
            ("Expires", "600"), *self.proof, ("Content-Length", "0")]))
        self.send()

    def send(self):
        self.again_at = time.monotonic() + self.wait
        self.wait = min(2 * self.wait, 4.0)
        self.socket.sendto(self.request, self.server)

    def answered(self, data):
        response = Message.parse(data.decode())
        if int(response["CSeq"].split()[0]) != self.cseq:
            return
        if response.status == 401 and not self.proof:
            uri = f"sip:{self.server[0]}:{self.server[1]}"
            self.proof = [("Authorization", credentials(
                challenge_of(response)["MD5"], "REGISTER", uri, self.name, PASSWORD))]
            self.wait = 0.5
            self.next_request()
        elif response.status == 503:
            self.again_at = time.monotonic() + 1.0
        else:
            self.status = response.status


class Phones:
    def __init__(self, count, server):
        self.phones = [Phone(n, server) for n in range(count)]
        self.selector = selectors.DefaultSelector()
        for phone in self.phones:
            self.selector.register(phone.socket, selectors.EVENT_READ, phone)

    def provision(self, site):
        """A trunk and an account for each, at one stroke."""
        count = len(self.phones)
        site.stack.sql(f"""
            WITH made AS (INSERT INTO trunk (account_id, name)
                SELECT a.id, 'many' || n FROM generate_series(0, {count - 1}) n,
                    (SELECT id FROM account ORDER BY created_at LIMIT 1) a RETURNING id, account_id, name)
            INSERT INTO sip_account (account_id, trunk_id, role, username, ha1_md5)
                SELECT account_id, id, 'primary', name, md5(name || ':trunkguard:{PASSWORD}') FROM made;""")
        until(lambda: site.stack.metrics()["trunkguard_sip_config_trunks"] >= count, "all trunks are there")

    def register_all(self, seconds=60.0):
        """All at once; returns after how many seconds the last one had its 200."""
        started = time.monotonic()
        for phone in self.phones:
            phone.begin()
        waiting = set(self.phones)
        while waiting:
            now = time.monotonic()
            assert now - started < seconds, f"{len(waiting)} have no answer"
            for key, _ in self.selector.select(0.05):
                key.data.answered(key.fileobj.recv(65535))
                if key.data.status:
                    waiting.discard(key.data)
            for phone in waiting:
                if phone.again_at <= now:
                    phone.send()
        bad = {phone.status for phone in self.phones} - {200}
        assert not bad, f"some were answered {bad}"
        return time.monotonic() - started

    def close(self):
        for phone in self.phones:
            phone.socket.close()
        self.selector.close()
