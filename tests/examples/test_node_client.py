"""A client of about 100 lines in another language, written from the guide alone, does all that a phone does."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from patience import PATIENCE
from reminders.people import ticked

from .conftest import World

CLIENT = Path(__file__).with_name("guide_client.mjs")


def test_a_client_from_the_guide_alone(world: World) -> None:
    patient = world.enrol()
    patient.record("dose_recorded", dose_on="2024-02-19", status="taken")
    file, node = world.folder / "node.json", Path(sys.executable).with_name("node")

    def run(*words: str) -> Any:
        said = [node, CLIENT, world.network.url, file, world.now().isoformat(), *words]
        done = subprocess.run(said, capture_output=True, text=True, timeout=PATIENCE, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    world.at("2024-02-20T19:00:00")
    run("activate", world.code(patient))
    shown = run("look")
    assert (shown["result"], shown["today"]["doses"][0]["drug"]) == (200, "surufatinib")
    assert run("look")["result"] == 304
    assert run("push", "token-1")["result"] == 204
    assert run("devices")["result"][0]["push"]["state"] == "good"
    # What the phone asked for at activation is the language of its messages.
    assert run("remind", "19:30")["result"]["language"] == "zh-CN"
    assert run("look")["today"]["doses"][0]["remind_at"] == "2024-02-20T19:30:00+08:00"
    assert run("snooze", "30")["result"] == "not_sent"
    ticked(world.service, "2024-02-20T19:30:01+08:00")
    assert run("snooze", "30")["result"]["put_off_until"].startswith("2024-02-20T")
    assert run("snooze", "30")["result"] == "put_off_before"
    # Two hours later its access token is good no more; it is offline when the patient records.
    world.at("2024-02-20T21:40:00")
    assert run("record", "taken")["waiting"] == 1
    shown = run("sync")
    assert (shown["result"], shown["waiting"]) == (["recorded"], 0)
    assert (shown["today"]["doses"][0]["status"], shown["notices"]) == ("taken", [])
    assert run("snooze", "30")["result"] == "not_due"
    # The site holds the drug; the phone is told once.
    patient.record("hold_started", from_on="2024-02-21", reason="toxicity")
    assert run("sync")["notices"] == ["hold_started"]
    assert {row["status"] for row in run("calendar")["result"] if row["dose_on"] > "2024-02-20"} == {"held"}
    assert {row["remind_at"] for row in run("calendar")["result"] if row["dose_on"] > "2024-02-20"} == {None}
