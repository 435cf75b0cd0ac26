"""A page of headless Chromium, steered through its debugging pipe."""
import base64
import json
import os
import shutil
import subprocess
import time

from support import skip


class Page:
    """One page; `scheme` is "light" or "dark". What the page's console or its network complains of gathers in `complaints`."""

    def __init__(self, folder, size=(1280, 900), scheme="light"):
        program = shutil.which("chromium")
        if not program:
            skip("no chromium; ./check installs it")
        to_read, to_write = os.pipe(), os.pipe()  # the browser reads 3 and writes 4
        arguments = [program, "--headless", "--no-sandbox", "--disable-gpu", "--ignore-certificate-errors", "--remote-debugging-pipe", f"--user-data-dir={folder}", "about:blank"]
        command = ["bash", "-c", f'exec "$@" 3<&{to_read[0]} 4>&{to_write[1]}', "chromium", *arguments]
        self.process = subprocess.Popen(command, pass_fds=(to_read[0], to_write[1]), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_read[0]), os.close(to_write[1])
        self.out, self.into = os.fdopen(to_write[0], "rb"), os.fdopen(to_read[1], "wb")
        self.number, self.session, self.complaints = 0, None, []
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.ask(f"{domain}.enable")
        self.ask("Emulation.setDeviceMetricsOverride", width=size[0], height=size[1], deviceScaleFactor=1, mobile=False)
        self.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def ask(self, method, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        self.into.write(json.dumps(message).encode() + b"\0")
        self.into.flush()
        while True:
            reply = json.loads(self.read())
            if reply.get("id") == self.number:
                assert "error" not in reply, f"{method}: {reply['error']}"
                return reply["result"]
            if reply.get("method") == "Runtime.exceptionThrown":
                self.complaints.append(reply["params"]["exceptionDetails"].get("exception", {}).get("description", "exception"))
            if reply.get("method") == "Log.entryAdded" and reply["params"]["entry"]["level"] == "error":
                self.complaints.append(reply["params"]["entry"]["text"])

    def read(self):
        data = bytearray()
        while (byte := self.out.read(1)) != b"\0":
            assert byte, "chromium ended"
            data += byte
        return data

    def go(self, url):
        self.ask("Page.navigate", url=url)
        self.until(f"document.readyState == 'complete' && location.href.startsWith('{url}')")

    def value(self, expression):
        """What a JavaScript expression gives, awaited."""
        reply = self.ask("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in reply, reply["exceptionDetails"]
        return reply["result"].get("value")

    def until(self, expression, seconds=20):
        end = time.time() + seconds
        while time.time() < end:
            if found := self.value(expression):
                return found
            time.sleep(0.05)
        raise AssertionError(f"never true: {expression}\nthe page says: {self.value('document.body.innerText')[:2000]}\ncomplaints: {self.complaints}")

    def press(self, key):
        text = key if len(key) == 1 else "\r" if key == "Enter" else ""
        for kind in ("keyDown", "keyUp"):
            self.ask("Input.dispatchKeyEvent", type=kind, key=key, text=text if kind == "keyDown" else "", windowsVirtualKeyCode=13 if key == "Enter" else 0)

    def type(self, text):
        self.ask("Input.insertText", text=text)

    def picture(self, path):
        """The whole page, as a PNG."""
        data = self.ask("Page.captureScreenshot", format="png", captureBeyondViewport=True)["data"]
        with open(path, "wb") as f:
            f.write(base64.b64decode(data))

    def close(self):
        self.process.terminate()
        self.process.wait()
        self.out.close()
        self.into.close()
