"""A receiver of webhooks on loopback."""

import http.server
import threading


class Receiver:
    """Keeps every request; answers what `answers` says next for a path, else 204."""

    def __init__(self):
        self.requests, self.answers, self.lock = [], {}, threading.Lock()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.take(self, body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def take(self, handler, body):
        with self.lock:
            self.requests.append((handler.path, dict(handler.headers.items()), body))
            steps = self.answers.get(handler.path, [])
            status, headers, text = steps.pop(0) if steps else (204, {}, b"")
        if callable(text):
            text()
            text = b""
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(text)))
        handler.end_headers()
        try:
            handler.wfile.write(text)
        except OSError:
            pass

    def url(self, path):
        return f"http://127.0.0.1:{self.server.server_address[1]}{path}"

    def answer(self, path, *steps):
        """Each a status, or status, headers and body (or what to do before)."""
        self.answers[path] = [s if isinstance(s, tuple) else (s, {}, b"") for s in steps]

    def got(self, path):
        with self.lock:
            return [(headers, body) for p, headers, body in self.requests if p == path]

    def close(self):
        self.server.shutdown()
        self.server.server_close()
