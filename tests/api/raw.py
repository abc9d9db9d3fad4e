"""HTTP as bytes on a socket."""

import re
import socket


class Raw:
    """One connection. Answers are parsed strictly: a status line, headers, exactly Content-Length octets."""

    def __init__(self, listen, timeout=20):
        host, _, port = listen.rpartition(":")
        self.host = listen
        self.socket = socket.create_connection((host, int(port)), timeout)
        self.buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data if isinstance(data, bytes) else data.encode())

    def _more(self):
        try:
            piece = self.socket.recv(65536)
        except ConnectionResetError:
            piece = b""
        self.buffer += piece
        return bool(piece)

    def answer(self, method="GET"):
        """(status, headers, body), or None at the end of the stream."""
        while b"\r\n\r\n" not in self.buffer:
            if not self._more():
                assert not self.buffer, self.buffer
                return None
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        status = int(re.fullmatch(r"HTTP/1\.[01] (\d{3}) .*", lines[0])[1])
        headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            assert name.lower() not in headers, line
            headers[name.lower()] = value.strip()
        length = 0 if method == "HEAD" or status in (100, 204, 304) else int(headers["content-length"])
        while len(self.buffer) < length:
            assert self._more(), "the body is cut"
        body, self.buffer = self.buffer[:length], self.buffer[length:]
        return status, headers, body

    def ended(self):
        """The server has closed; whatever it said before is dropped."""
        while self._more():
            pass
        return True
