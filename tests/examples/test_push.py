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
#: Waits until a service worker has shown so many messages; what they say.
SHOWN = """(async () => {
  const worker = await navigator.serviceWorker.ready;
  for (;;) {
    const shown = await worker.getNotifications();
    if (shown.length >= %d) return shown.map(({ title, body, tag, lang }) => [title, body, tag, lang]).sort();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
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


def registered(page: Page) -> str:
    """Register the service worker; the browser's id of it."""
    page.send("ServiceWorker.enable")
    page.evaluate(
        "navigator.serviceWorker.register('worker.js').then(() => navigator.serviceWorker.ready).then(String)"
    )
    while True:
        for event in page.events("ServiceWorker.workerRegistrationUpdated"):
            for registration in event["registrations"]:
                return str(registration["registrationId"])
        # What the browser tells comes with its answers.
        page.evaluate("true")


def test_a_message_is_shown_as_it_is_and_a_repeat_takes_its_place(
    origin: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with Browser(tmp_path_factory.mktemp("browser")) as browser:
        page = browser.page()
        page.permit(origin, "notifications")
        page.go(f"{origin}/")
        worker = registered(page)
        for message in (PUSHED, PUSHED, {**PUSHED, "id": "m-0", "title": "A second"}):
            page.send(
                "ServiceWorker.deliverPushMessage", origin=origin, registrationId=worker, data=json.dumps(message)
            )
        said = [PUSHED["title"], PUSHED["body"], PUSHED["id"], PUSHED["language"]]
        assert page.evaluate(SHOWN % 2) == [["A second", PUSHED["body"], "m-0", "zh-CN"], said]
        assert page.complaints() == []
