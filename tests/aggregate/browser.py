"""Drive a headless Chromium over a pipe with the DevTools protocol."""

import base64
import contextlib
import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from testkit.components import CHROMIUM

_QUIET = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run", "--no-default-browser-check", "--hide-scrollbars", "--remote-debugging-pipe",
)  # fmt: skip
_MESSAGES = ("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded")


@dataclass
class Page:
    """One open page, with its console messages and the URLs that it requested."""

    session: "Session"
    id: str
    messages: list[Any] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a command to the page and record the events that arrive before the answer."""
        return self.session.call(method, parameters, self)

    def open(self, url: str, *, width: int = 1000, height: int = 900, dark: bool = False) -> None:
        """Open a URL in a window of this size and wait until it is loaded."""
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self.call("Emulation.setDeviceMetricsOverride", **metrics)
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self.call("Emulation.setEmulatedMedia", features=scheme)
        self.call("Page.navigate", url=url)
        self.session.wait_for("Page.loadEventFired", self)

    def evaluate(self, expression: str, *, wait: bool = False) -> Any:
        """Return the value of a JavaScript expression, or of its promise. The page's security policy does not apply."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=wait)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def screenshot(self, file: Path) -> None:
        """Write the whole page as PNG."""
        answer = self.call("Page.captureScreenshot", captureBeyondViewport=True)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(base64.b64decode(answer["data"]))

    def print(self) -> bytes:
        """Return the printed page as PDF."""
        return base64.b64decode(self.call("Page.printToPDF")["data"])

    def record(self, event: Mapping[str, Any]) -> None:
        """Record an event that tests check."""
        if event["method"] in _MESSAGES:
            self.messages.append(event["params"])
        elif event["method"] == "Network.requestWillBeSent":
            self.requests.append(event["params"]["request"]["url"])


class Session:
    """The connection to the browser: JSON messages, each terminated by a zero byte."""

    def __init__(self, commands: int, answers: int) -> None:
        self._commands = os.fdopen(commands, "wb", buffering=0)
        self._answers = os.fdopen(answers, "rb")
        self._buffer = b""
        self._sent = 0

    def new_page(self) -> Page:
        """Open an empty page."""
        target = self.call("Target.createTarget", {"url": "about:blank"})["targetId"]
        return Page(self, self.call("Target.attachToTarget", {"targetId": target, "flatten": True})["sessionId"])

    def call(self, method: str, parameters: Mapping[str, Any], page: Page | None = None) -> dict[str, Any]:
        """Send a command and return its answer."""
        self._sent += 1
        message = {"id": self._sent, "method": method, "params": parameters, **({"sessionId": page.id} if page else {})}
        self._commands.write(json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next(page)
            if answer.get("id") == self._sent:
                assert "error" not in answer, answer
                result: dict[str, Any] = answer["result"]
                return result

    def wait_for(self, event: str, page: Page) -> None:
        """Read events until the page sends this one."""
        while self._next(page).get("method") != event:
            pass

    def _next(self, page: Page | None) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            received = self._answers.read1(1 << 20)
            assert received, "the browser ended"
            self._buffer += received
        text, _, self._buffer = self._buffer.partition(b"\0")
        message: dict[str, Any] = json.loads(text)
        if page is not None and message.get("sessionId") == page.id and "method" in message:
            page.record(message)
        return message

    def close(self) -> None:
        """Close the pipe, which ends the browser."""
        self._commands.close()
        self._answers.close()


@contextlib.contextmanager
def chromium(profile: Path) -> Iterator[Session]:
    """Run a browser with its own profile."""
    assert CHROMIUM is not None
    to_browser, commands = os.pipe()
    answers, from_browser = os.pipe()
    shell = f'exec "$0" "$@" 3<&{to_browser} 4>&{from_browser}'
    browser = subprocess.Popen(
        ["bash", "-c", shell, CHROMIUM, *_QUIET, f"--user-data-dir={profile}"],
        pass_fds=(to_browser, from_browser),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(to_browser)
    os.close(from_browser)
    session = Session(commands, answers)
    try:
        yield session
    finally:
        session.close()
        browser.terminate()
        browser.wait(timeout=20)
