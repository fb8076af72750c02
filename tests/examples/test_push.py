"""The service worker of docs/patient-app.md, in a browser: what comes by Web Push is shown as it is, once."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from .devtools import Browser, Page
from .test_guide import PAGE

PUSHED = {
    "id": "m-4c1f0e6f4b5c9d2a7e8b1c3d",
    "kind": "booking_tomorrow",
    "about": "2024-02-21 imaging-w6",
    "title": "试验提醒",
    "body": "您明天 09:30 有一次试验访视",
    "language": "zh-CN",
}
#: What the service worker shows is counted. To ask for it again and again would not do: a message that the browser has
#: noted and not shown yet is forgotten by being asked for.
COUNT = """self.shown = 0;
const show = registration.showNotification.bind(registration);
registration.showNotification = async (...message) => { await show(...message); self.shown += 1; };"""
UNTIL_SHOWN = """(async () => {
  while (self.shown < %d) await new Promise((resolve) => setTimeout(resolve, 10));
})()"""
SHOWN = """navigator.serviceWorker.ready.then((worker) => worker.getNotifications()).then((shown) =>
  shown.map(({ title, body, tag, lang }) => [title, body, tag, lang]).sort())"""

TAPPED = """(async () => {
  const [notification] = await registration.getNotifications();
  const opened = new Promise((resolve) => { clients.openWindow = async (address) => resolve(address); });
  dispatchEvent(new NotificationEvent("notificationclick", { notification }));
  return opened;
})()"""


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Tests are quiet."""


@pytest.fixture
def origin(tmp_path: Path) -> Iterator[str]:
    """Where a page and the service worker of the guide are served."""
    (worker,) = re.findall(r"^```js\n(self\..*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    (tmp_path / "worker.js").write_text(worker)
    (tmp_path / "index.html").write_text("<!doctype html><title>A patient's app</title>")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(tmp_path)))
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def registered(page: Page) -> tuple[str, str]:
    """Register the service worker; the browser's ids of its registration and of the worker."""
    page.send("ServiceWorker.enable")
    page.evaluate(
        "navigator.serviceWorker.register('worker.js').then(() => navigator.serviceWorker.ready).then(String)"
    )
    while True:
        for event in page.events("ServiceWorker.workerVersionUpdated"):
            for version in event["versions"]:
                if version["status"] == "activated":
                    return str(version["registrationId"]), str(version["targetId"])
        # What the browser tells comes with its answers.
        page.evaluate("true")


def test_a_message_is_shown_as_it_is_and_a_repeat_takes_its_place(
    origin: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with Browser(tmp_path_factory.mktemp("browser")) as browser:
        page = browser.page()
        page.permit(origin, "notifications")
        page.go(f"{origin}/")
        registration, target = registered(page)
        worker = browser.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        browser.send("Runtime.evaluate", worker, expression=COUNT)
        for number, message in enumerate((PUSHED, PUSHED, {**PUSHED, "id": "m-0", "title": "A second"}), 1):
            data = json.dumps(message)
            page.send("ServiceWorker.deliverPushMessage", origin=origin, registrationId=registration, data=data)
            browser.send("Runtime.evaluate", worker, expression=UNTIL_SHOWN % number, awaitPromise=True)
        said = [PUSHED["title"], PUSHED["body"], PUSHED["id"], PUSHED["language"]]
        assert page.evaluate(SHOWN) == [["A second", PUSHED["body"], "m-0", "zh-CN"], said]
        assert page.complaints() == []
        # The day after, a tap opens the day that it was about.
        opened = browser.send("Runtime.evaluate", worker, expression=TAPPED, awaitPromise=True)["result"]["value"]
        assert opened == "/app/#2024-02-21"
