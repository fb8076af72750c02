"""A browser, driven by the DevTools protocol over a pipe."""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-dev-shm-usage --disable-quic --no-first-run "
    "--disable-background-networking --disable-component-update --disable-sync --remote-debugging-pipe"
)
#: How long a page may take for anything, in seconds.
PATIENCE = 120
#: Waits in the page until a condition holds, looking after every change of the document.
UNTIL = """new Promise((resolve) => {
  const look = () => { if (%s) { observer.disconnect(); resolve(true); } };
  const observer = new MutationObserver(look);
  observer.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
  look();
})"""


class Browser:
    """A headless browser with a profile of its own; use it as a context."""

    def __init__(self, profile: Path) -> None:
        program = next(filter(None, map(shutil.which, BROWSERS)), None)
        assert program is not None, f"This test needs a browser: {', '.join(BROWSERS)}."
        their_input, self._out = os.pipe()
        self._in, their_output = os.pipe()
        # The browser reads commands from its file 3 and writes answers to its file 4.
        wired = f'exec "$@" 3<&{their_input} 4>&{their_output}'
        hosts = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
        self._process = subprocess.Popen(
            ["bash", "-c", wired, "browser", program, *FLAGS.split(), hosts, f"--user-data-dir={profile}"],
            pass_fds=(their_input, their_output),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        os.close(their_input)
        os.close(their_output)
        self._buffer, self._last = b"", 0
        self.events: list[dict[str, Any]] = []

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, *error: object) -> None:
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(timeout=PATIENCE)
        os.close(self._in)
        os.close(self._out)

    def page(self, **overrides: str) -> Page:
        """A new page that shares nothing with others; `timezone` and `language` are the phone's."""
        context = self.send("Target.createBrowserContext")["browserContextId"]
        return Page(self, context, overrides)

    def send(self, method: str, session: str | None = None, **parameters: Any) -> dict[str, Any]:
        """Send a command; its result. Events that come meanwhile are kept in `events`."""
        self._last += 1
        message = {"id": self._last, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._read()
            if answer.get("id") == self._last:
                assert "error" not in answer, (method, answer)
                return dict(answer["result"])
            self.events.append(answer)

    def hear(self) -> None:
        """Wait for the next event."""
        self.events.append(self._read())

    def _read(self) -> dict[str, Any]:
        until = time.monotonic() + PATIENCE
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._in], [], [], max(0, until - time.monotonic()))
            assert ready, f"The browser said nothing for {PATIENCE} seconds."
            received = os.read(self._in, 1 << 20)
            assert received, "The browser ended."
            self._buffer += received
        message, _, self._buffer = self._buffer.partition(b"\0")
        return dict(json.loads(message))


class Page:
    """A page of the size of a usual phone."""

    def __init__(self, browser: Browser, context: str, overrides: dict[str, str]) -> None:
        self._browser, self._context, self._overrides = browser, context, overrides
        self._open()

    def _open(self) -> None:
        target = self._browser.send("Target.createTarget", url="about:blank", browserContextId=self._context)[
            "targetId"
        ]
        self._target = target
        attached = self._browser.send("Target.attachToTarget", targetId=target, flatten=True)
        self._session: str = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.send(f"{domain}.enable")
        self.send("Page.setLifecycleEventsEnabled", enabled=True)
        self.send("Emulation.setDeviceMetricsOverride", width=390, height=844, deviceScaleFactor=2, mobile=True)
        if zone := self._overrides.get("timezone"):
            self.send("Emulation.setTimezoneOverride", timezoneId=zone)
        if language := self._overrides.get("language"):
            agent = self.evaluate("navigator.userAgent")
            self.send("Emulation.setUserAgentOverride", userAgent=agent, acceptLanguage=language)

    def another(self, **overrides: str) -> Page:
        """A second page of the same browser, which keeps the same."""
        return Page(self._browser, self._context, {**self._overrides, **overrides})

    def close(self) -> None:
        """Close it, as when the phone does; what it keeps stays."""
        self._browser.send("Target.closeTarget", targetId=self._target)

    def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a command of the DevTools protocol."""
        return self._browser.send(method, self._session, **parameters)

    def permit(self, origin: str, *permissions: str) -> None:
        """Let the pages of an origin do what one has to be asked for."""
        context = self._context
        self._browser.send("Browser.grantPermissions", origin=origin, permissions=permissions, browserContextId=context)

    def permission(self, name: str, setting: str) -> None:
        """Let the patient have said `granted` or `denied` to what pages of any origin ask for."""
        self._browser.send(
            "Browser.setPermission", permission={"name": name}, setting=setting, browserContextId=self._context
        )

    def events(self, method: str) -> list[dict[str, Any]]:
        """What has happened in it, of one sort."""
        mine = [event for event in self._browser.events if event.get("sessionId") == self._session]
        return [event["params"] for event in mine if event["method"] == method]

    def go(self, address: str) -> None:
        """Open an address, and wait until it is loaded."""

        def navigate() -> None:
            failed = self.send("Page.navigate", url=address).get("errorText")
            assert not failed, failed

        self.leave_by(navigate)

    def leave(self, expression: str) -> None:
        """Do what leads to another page, and wait until that is loaded."""
        self.leave_by(lambda: self.evaluate(expression))

    def leave_by(self, act: Callable[[], object]) -> None:
        """The same, by something other than an expression."""
        # Each document has a loader of its own: that the one before was loaded may be told only now.
        before = self._loader()
        act()
        while (loader := self._loader()) == before or loader not in self._loaded():
            self._browser.hear()

    def leave_twice(self, act: Callable[[], object]) -> None:
        """Do what leads to a page that leads on by itself, and wait until the second one is loaded."""
        before = self._loaded()
        act()
        while len(self._loaded() - before) < 2:
            self._browser.hear()

    def _loader(self) -> str:
        return str(self.send("Page.getFrameTree")["frameTree"]["frame"]["loaderId"])

    def _loaded(self) -> set[str]:
        return {event["loaderId"] for event in self.events("Page.lifecycleEvent") if event["name"] == "load"}

    def evaluate(self, expression: str) -> Any:
        """The value of an expression, or what it promises."""
        done = self.send("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in done, done["exceptionDetails"]
        return done["result"].get("value")

    def until(self, condition: str) -> None:
        """Wait until a condition holds."""
        self.evaluate(UNTIL % condition)

    def shows(self, *texts: str) -> None:
        """Wait until the page shows these texts."""
        for text in texts:
            self.until(f"document.body.innerText.includes({json.dumps(text)})")

    def text(self) -> str:
        """What the page shows."""
        return str(self.evaluate("document.body.innerText"))

    def click(self, label: str, within: str = "body") -> None:
        """Click the first button with this label, and wait until all that the page does then is done."""
        buttons = f"[...document.querySelectorAll({json.dumps(f'{within} button')})]"
        found = f"{buttons}.find((button) => button.textContent === {json.dumps(label)})"
        self.until(found)
        self.evaluate(f"{found}.onclick()")

    def picture(self) -> bytes:
        """What it looks like, all of its length."""
        data = self.send("Page.captureScreenshot", captureBeyondViewport=True)["data"]
        return base64.b64decode(data)

    def complaints(self) -> list[str]:
        """What went wrong in the page: exceptions, and what its policy forbade."""
        thrown = self.events("Runtime.exceptionThrown")
        logged = [event["entry"] for event in self.events("Log.entryAdded")]
        return [str(entry) for entry in thrown + logged if entry.get("source") != "network"]
