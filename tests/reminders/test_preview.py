"""The terminal says what would be sent, when in local time, and why."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from engine.patients import plain
from service import Client, Service

from scheduler_api.cli import main
from scheduler_api.use_cases.reminders import reminders

from .people import ticked


def test_what_would_be_sent_with_its_reasons(service: Service, nurse: Client) -> None:
    patient = nurse.enrol()
    patient.record("treatment_started", first_dose_on="2024-01-05")
    patient.record("dose_recorded", dose_on="2024-02-19", status="taken")
    patient.record("hold_started", from_on="2024-02-21", resumes_on="2024-03-30", reason="toxicity")
    ticked(service, "2024-02-20T20:00:01+08:00")
    foreseen = reminders.preview(service.session(), patient.patient_id, 45)
    told = [(f"{one.at:%m-%d %H:%M}", one.message.kind, one.message.about, one.state) for one in foreseen]
    assert told[:12] == [
        ("02-18 09:00", "window_closing", "2024-02-21 imaging-w6", "waiting"),
        ("02-20 20:00", "dose_due", "2024-02-20", "waiting"),
        ("02-20 21:00", "dose_again", "2024-02-20", "planned"),
        ("02-22 07:00", "window_missed", "2024-02-21 imaging-w6", "planned"),
        ("03-03 09:00", "contraception_monthly", "2024-03-03", "planned"),
        ("03-20 09:00", "window_opened", "2024-03-20 imaging-w12", "planned"),
        ("03-30 20:00", "dose_due", "2024-03-30", "planned"),
        ("03-30 21:00", "dose_again", "2024-03-30", "planned"),
        ("03-31 09:00", "window_closing", "2024-04-03 imaging-w12", "planned"),
        ("03-31 20:00", "dose_due", "2024-03-31", "planned"),
        ("03-31 21:00", "dose_again", "2024-03-31", "planned"),
        # The hold ended the row that 20 February began.
        ("04-01 07:00", "doses_missed", "2024-03-31", "planned"),
    ]
    assert [plain(one.message.because) for one in foreseen][:2] == [
        "the window closes on 2024-02-21 and nothing is booked",
        "dose of 2024-02-20, cycle 3 day 5",
    ]


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCHEDULER_DATABASE", str(tmp_path / "scheduler.db"))
    run = CliRunner()
    assert run.invoke(main, ["init"]).exit_code == 0
    options = {"protocol": "nct06110650", "subject-number": "001", "site": "FUSCC", "sex": "male"}
    options |= {"enrolled-on": "2024-01-03", "time-zone": "UTC"}
    enrolled = run.invoke(main, ["enrol", *(word for name in options for word in (f"--{name}", options[name]))])
    assert enrolled.exit_code == 0, enrolled.output
    told = run.invoke(main, ["reminders", "preview", "001", "--days", "40"])
    assert told.exit_code == 0
    assert " patient contraception_monthly  20" in told.output
    assert ": contraception required since 2024-01-03 (planned)" in told.output
