"""A headless Chromium without network, spoken to through its pipe (Chrome DevTools Protocol), for tests of pages."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--hide-scrollbars",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--remote-debugging-pipe",
)


def find_browser() -> str | None:
    """Return the path of a Chromium, if this machine has one."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


class Page:
    """A page in a browser.

    Attributes
    ----------
    log
        What the page and the browser said: exceptions, console, refused content.
    """

    def __init__(self, send: int, receive: int) -> None:
        self._send, self._receive = send, receive
        self._buffer = b""
        self._number = 0
        self._session = ""
        self.log: list[str] = []
        self.requests: list[str] = []

    def open(self, path: Path, width: int = 1280, height: int = 900) -> None:
        """Load a file with the network cut."""
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self._call(f"{domain}.enable")
        self._call(
            "Network.emulateNetworkConditions",
            offline=True,
            latency=0,
            downloadThroughput=0,
            uploadThroughput=0,
        )
        self.resize(width, height)
        self._call("Page.navigate", url=path.as_uri())
        self.run(
            "new Promise(done => document.readyState === 'complete' ? done() : addEventListener('load', done))"
        )

    def resize(self, width: int, height: int) -> None:
        """Make the window another size."""
        self._call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )

    def emulate_media(self, media: str) -> None:
        """Lay the page out as for a medium, ``print`` or ``screen``; with an empty word as the browser would."""
        self._call("Emulation.setEmulatedMedia", media=media)

    def run(self, script: str) -> Any:
        """Return the value of a script run in the page."""
        answer = self._call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def click(self, selector: str) -> None:
        """Press the mouse in the middle of an element, after scrolling to it."""
        element = f"document.querySelector({json.dumps(selector)})"
        where = {**self._middle_at_rest(element), "button": "left", "clickCount": 1}
        for kind in ("mousePressed", "mouseReleased"):
            self._call("Input.dispatchMouseEvent", type=kind, **where)

    def _middle_at_rest(self, element: str) -> dict[str, float]:
        """Where the middle of an element is once nothing moves it any more and nothing lies upon it."""
        ask = (
            f"(e => {{ const r = e.getBoundingClientRect(), x = r.x + r.width / 2, y = r.y + r.height / 2;"
            f" return [x, y, e.contains(document.elementFromPoint(x, y))]; }})({element})"
        )
        before: list[float] = []
        for _ in range(100):
            self.run(f"{element}.scrollIntoView({{block: 'center', behavior: 'instant'}})")
            # what is pressed is what was last drawn
            self.run("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
            now = self.run(ask)
            if now == before and now[2]:
                break
            before = now
        return {"x": now[0], "y": now[1]}

    def press(self, key: str) -> None:
        """Press a key."""
        codes = {"Tab": 9, "Enter": 13}
        for kind in ("keyDown", "keyUp"):
            text = {"text": "\r"} if key == "Enter" and kind == "keyDown" else {}
            code = codes[key]
            self._call(
                "Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code, **text
            )

    def picture(self, *, whole: bool = False) -> bytes:
        """Return the page as PNG: what the window shows, or all of it."""
        answer = self._call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        return base64.b64decode(answer["data"])

    def printed(self) -> bytes:
        """Return the page as PDF, as it prints on paper of its own choice."""
        return base64.b64decode(
            self._call("Page.printToPDF", preferCSSPageSize=True, printBackground=True)["data"]
        )

    def _call(self, method: str, **params: Any) -> dict[str, Any]:
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._send, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                result: dict[str, Any] = answer["result"]
                return result
            self._hear(answer)

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            piece = os.read(self._receive, 65_536)
            assert piece, "the browser is gone"
            self._buffer += piece
        message, _, self._buffer = self._buffer.partition(b"\0")
        found: dict[str, Any] = json.loads(message)
        return found

    def _hear(self, event: dict[str, Any]) -> None:
        if event.get("method") in ("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded"):
            self.log.append(json.dumps(event["params"]))
        if event.get("method") == "Network.requestWillBeSent":
            self.requests.append(event["params"]["request"]["url"])


@contextmanager
def open_page(
    browser: str, path: Path, profile: Path, width: int = 1280, height: int = 900
) -> Iterator[Page]:
    """Start a browser, load a file, and end the browser afterwards."""
    to_browser, send = os.pipe()
    receive, from_browser = os.pipe()

    def connect() -> None:
        # copied out of the way first: either may itself be number 3 or 4
        ends = [fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in (to_browser, from_browser)]
        for number, end in enumerate(ends, start=3):
            os.dup2(end, number)

    command = [browser, *FLAGS, f"--user-data-dir={profile}"]
    # the browser speaks on descriptors 3 and 4
    process = subprocess.Popen(
        command,
        preexec_fn=connect,
        close_fds=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(to_browser)
    os.close(from_browser)
    page = Page(send, receive)
    try:
        page.open(path, width, height)
        yield page
    finally:
        process.terminate()
        process.wait(timeout=30)
        os.close(send)
        os.close(receive)
