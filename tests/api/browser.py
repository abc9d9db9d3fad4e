"""A headless Chromium that is spoken to through its debugging pipe: no driver, no port, no package beside it."""

import base64
import json
import os
import select
import shutil
import subprocess
import time


class Browser:
    """One browser with one page. What the page asks for and complains of is kept in `requests` and `complaints`."""

    def __init__(self, folder):
        self.requests, self.complaints, self.loaded = [], [], False
        self.serial, self.session, self.buffer = 0, None, b""
        ours, theirs = os.pipe(), os.pipe()  # we read, it reads
        self.reader, self.writer = ours[0], theirs[1]

        def descriptors():
            # The pipe is on the numbers 3 and 4, whatever they were before.
            high = [os.dup2(theirs[0], 100), os.dup2(ours[1], 101)]
            os.dup2(high[0], 3)
            os.dup2(high[1], 4)
        self.process = subprocess.Popen(
            [shutil.which("chromium"), "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
             "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions",
             "--no-first-run", "--no-default-browser-check", "--remote-debugging-pipe", f"--user-data-dir={folder}",
             # Nothing but literal loopback addresses is ever found.
             "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", "--window-size=1200,900", "about:blank"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, close_fds=False,
            preexec_fn=descriptors, env={**os.environ, "HOME": str(folder)})
        os.close(theirs[0])
        os.close(ours[1])
        target = self.tell("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.tell("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Network", "Page", "Runtime", "Log"):
            self.tell(f"{domain}.enable")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self.writer)
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        os.close(self.reader)

    def _message(self, deadline):
        while b"\0" not in self.buffer:
            left = deadline - time.monotonic()
            assert left > 0 and select.select([self.reader], [], [], left)[0], "the browser says nothing"
            piece = os.read(self.reader, 1 << 16)
            assert piece, "the browser ended"
            self.buffer += piece
        raw, _, self.buffer = self.buffer.partition(b"\0")
        return json.loads(raw)

    def _event(self, method, params):
        if method == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])
        elif method == "Page.loadEventFired":
            self.loaded = True
        elif method == "Runtime.exceptionThrown" or method == "Runtime.consoleAPICalled":
            self.complaints.append(params)
        elif method == "Log.entryAdded":
            self.complaints.append(params["entry"])

    def tell(self, method, seconds=60, **params):
        self.serial += 1
        message = {"id": self.serial, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.writer, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + seconds
        while True:
            answer = self._message(deadline)
            if answer.get("id") == self.serial:
                assert "error" not in answer, answer
                return answer["result"]
            if "method" in answer:
                self._event(answer["method"], answer.get("params", {}))

    def open(self, url, seconds=60):
        self.loaded = False
        self.tell("Page.navigate", url=url)
        deadline = time.monotonic() + seconds
        while not self.loaded:
            answer = self._message(deadline)
            if "method" in answer:
                self._event(answer["method"], answer.get("params", {}))

    def ask(self, expression):
        """The value of a JavaScript expression in the page."""
        result = self.tell("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def screenshot(self, path):
        path.write_bytes(base64.b64decode(self.tell("Page.captureScreenshot")["data"]))
