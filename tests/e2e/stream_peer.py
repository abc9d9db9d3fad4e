"""A SIP peer over TCP or TLS: it listens, and connects to whom it sends to, unless it is connected
already. Everything else it has from Peer."""

import select
import socket
import ssl
import threading

from peer import Peer
from wait import until


class StreamPeer(Peer):
    """server, client: ssl contexts for accepted connections and for its own; None: TCP."""

    def __init__(self, ip, behaviour=None, port=0, server=None, client=None):
        self.server, self.client = server, client
        self.transport = "tls" if server or client else "tcp"
        self.connections = {}  # address of the other side -> socket and whose turn it is
        self.accepted = 0
        self.failures = []  # of handshakes
        self.lock = threading.Lock()
        super().__init__(ip, behaviour, port)

    def _open(self, port):
        opened = socket.socket(socket.AF_INET6 if ":" in self.ip else socket.AF_INET)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.bind((self.ip, port))
        opened.listen(64)
        return opened

    def close(self):
        self.hang_up()
        super().close()

    def _wake(self):
        self.socket.shutdown(socket.SHUT_RDWR)

    def hang_up(self):
        """Every connection is cut."""
        with self.lock:
            connections, self.connections = list(self.connections.values()), {}
        for connection, _ in connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            connection.close()

    def _read(self):
        while not self.closing:
            try:
                connection, source = self.socket.accept()
            except (TimeoutError, OSError):
                continue
            threading.Thread(target=self._serve, args=(connection, source[:2]), daemon=True).start()

    def _serve(self, connection, source):
        if self.transport == "tls" and not self.server:
            connection.close()  # it serves nobody
            return
        if self.server:
            try:
                connection.settimeout(5)
                connection = self.server.wrap_socket(connection, server_side=True)
            except (ssl.SSLError, OSError) as why:
                self.failures.append(why)
                connection.close()
                return
        self.accepted += 1
        self._follow(connection, source)

    def _follow(self, connection, source):
        """Reads until the end. An ssl connection must not be read and written at the same time."""
        connection.settimeout(5)
        turn = threading.Lock()
        with self.lock:
            self.connections[source] = (connection, turn)
        kept = b""
        while not self.closing:
            try:
                if not select.select([connection], [], [], 0.1)[0]:
                    continue
                with turn:
                    data = connection.recv(65536)
                    while self.transport == "tls" and connection.pending():
                        data += connection.recv(65536)
            except (OSError, ValueError):
                break
            if not data:
                break
            kept = self._cut(kept + data, source)
        with self.lock:
            if self.connections.get(source, (None,))[0] is connection:
                del self.connections[source]
        connection.close()

    def _cut(self, kept, source):
        """Whole messages are taken off; the rest stays."""
        while True:
            kept = kept.lstrip(b"\r\n")
            head, blank, rest = kept.partition(b"\r\n\r\n")
            if not blank:
                return kept
            length = 0
            for line in head.split(b"\r\n"):
                name, _, value = line.partition(b":")
                if name.strip().lower() in (b"content-length", b"l"):
                    length = int(value)
            if len(rest) < length:
                return kept
            self._take(head + blank + rest[:length], source)
            kept = rest[length:]

    def connect(self, to):
        with self.lock:
            if to in self.connections:
                return self.connections[to]
        family = socket.AF_INET6 if ":" in to[0] else socket.AF_INET
        connection = socket.socket(family)
        connection.bind((self.ip, 0))
        connection.settimeout(5)
        connection.connect(to)
        if self.client:
            connection = self.client.wrap_socket(connection, server_hostname=to[0])
        threading.Thread(target=self._follow, args=(connection, to), daemon=True).start()
        return until(lambda: self.connections.get(to), f"{self.ip} is connected to {to}")

    def _transmit(self, data, to):
        connection, turn = self.connect(tuple(to[:2]))
        with turn:
            connection.sendall(data)
