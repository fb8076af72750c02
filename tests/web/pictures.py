"""Make the pictures of the README: `make pictures` starts the demo and looks at it with a browser."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.request import Request, urlopen

from examples.devtools import Browser, Page
from ports import free_port

DOCS = Path(__file__).parents[2] / "docs"
#: How long the demo may take to load its patients, in seconds.
PATIENCE = 120


def asked(url: str, token: str, body: dict[str, Any] | None = None) -> Any:
    """What the API answers."""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    with urlopen(Request(url, data, headers)) as answer:
        return json.load(answer)


def keep(page: Page, name: str, width: int, height: int) -> None:
    """Write what a page looks like into the folder of the documentation."""
    clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}
    picture = page.send("Page.captureScreenshot", format="png", clip=clip)["data"]
    (DOCS / name).write_bytes(base64.b64decode(picture))


def sized(page: Page, width: int, height: int, scale: int) -> None:
    """Let a page be of a size."""
    page.send("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale, mobile=True)


def look(url: str, tokens: dict[str, str], folder: Path) -> None:
    """Take the pictures of a running demo."""
    with Browser(folder / "profile") as browser:
        ward = browser.page(language="en-GB")
        sized(ward, 1180, 820, 1)
        ward.go(f"{url}/ward")
        ward.evaluate(f"document.getElementById('token').value = '{tokens['nurse']}'")
        ward.leave("document.querySelector('main form button').click()")
        keep(ward, "ward.png", 1180, 820)
        (patient, *_) = asked(f"{url}/v1/patients?status=on_treatment", tokens["nurse"])["items"]
        code = asked(f"{url}/v1/activations", tokens["nurse"], {"patient_id": patient["patient_id"]})["code"]
        phone = browser.page(language="en-GB", timezone="Asia/Shanghai")
        sized(phone, 390, 820, 1)
        phone.go(f"{url}/app/#code={code}")
        phone.until("document.querySelector('form')")
        phone.evaluate("document.querySelector('form').requestSubmit()")
        phone.until("document.querySelector('.dose')")
        keep(phone, "phone.png", 390, 820)


def main() -> None:
    """Start the demo, take the pictures, end it."""
    with TemporaryDirectory() as name:
        folder, port = Path(name), free_port()
        command = [Path(sys.executable).with_name("scheduler-api"), "demo", "--port", str(port)]
        environment = {**os.environ, "SCHEDULER_DATABASE": str(folder / "demo" / "scheduler.db")}
        demo = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            until = time.monotonic() + PATIENCE
            assert demo.stdout is not None
            while "Ctrl-C" not in (line := demo.stdout.readline()):
                assert line or demo.poll() is None, "The demo has ended."
                assert time.monotonic() < until, "The demo is still not ready."
            tokens = json.loads((folder / "demo" / "demo-tokens.json").read_text())["tokens"]
            look(f"http://127.0.0.1:{port}", tokens, folder)
        finally:
            demo.terminate()
            demo.wait()


if __name__ == "__main__":
    main()
