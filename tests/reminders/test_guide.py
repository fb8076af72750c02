"""The receiver of docs/delivery.md works as it stands there."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import requests
from patience import PATIENCE
from ports import free_port

from .sending import Sending

GUIDE = Path(__file__).parents[2] / "docs" / "delivery.md"


def _await_listener(port: int, process: subprocess.Popen[str]) -> None:
    until = time.monotonic() + PATIENCE
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except ConnectionRefusedError:
            assert process.poll() is None
            assert time.monotonic() < until
            time.sleep(0.01)


def test_the_receiver_of_the_guide_takes_what_is_ours_once(sending: Sending) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    port = free_port()
    url = f"http://127.0.0.1:{port}/"
    sending.service.clock.now = datetime.now(UTC)
    secret = sending.add(url)["secret"]
    with subprocess.Popen(
        [sys.executable, "-c", code, str(port), secret], stdout=subprocess.PIPE, text=True
    ) as receiver:
        try:
            _await_listener(port, receiver)
            with requests.Session() as session:
                forged = {"Scheduler-Timestamp": str(int(time.time())), "Scheduler-Message-Id": "m-1"}
                for signature in ({}, {"Scheduler-Signature": "0" * 64}):
                    answer = session.post(url, data=b"{}", headers={**forged, **signature}, timeout=PATIENCE)
                    assert answer.status_code == 401
            sending.queue(1, 2)
            assert sending.deliver() == 2
            assert sending.statuses() == {"sent": 2}
            # As if the worker had died before it could note that the message was taken.
            with sending.store.transaction():
                sending.store.write("UPDATE deliveries SET status = 'waiting', next_at = ''", {})
                sending.store.write("UPDATE outbox SET status = 'waiting'", {})
            assert sending.deliver() == 2
        finally:
            receiver.kill()
        assert receiver.stdout is not None
        assert receiver.stdout.read() == "Nothing to do | Nothing to do\n" * 2
