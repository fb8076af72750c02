"""What `notices` of today say: what follows from the record, and that messages were stopped."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from service import Client, Service

from scheduler_api.engine.views.notices import NOTICES

from .phones import Phone

GUIDE = Path(__file__).parents[2] / "docs" / "patient-app.md"


def noticed(phone: Phone, language: str = "en") -> list[tuple[str, str | None]]:
    """The codes of the day's notices, each with what it is about; a sync says the same."""
    found: list[dict[str, Any]] = phone.read(language=language)["notices"]
    if language == "en":
        assert phone.sync()["today"]["notices"] == found
    return [(one["code"], one["about"]) for one in found]


def stop(phone: Phone, **stopped: object) -> None:
    """Stop messages to the patient, as the nurse."""
    assert phone.patient.client.send("PUT", f"{phone.patient.path}/messages", stopped).status_code == 200


def test_usually_there_is_none(phone: Phone) -> None:
    phone.record("2024-02-19")
    assert noticed(phone) == []


def test_another_amount_is_said_in_both_languages_until_it_was_taken(phone: Phone) -> None:
    phone.record("2024-02-19")
    phone.patient.record("dose_changed", from_on="2024-02-20", amount=250, reason="toxicity")
    assert noticed(phone) == [("amount_changed", "2024-02-20.surufatinib.1")]
    (notice,) = phone.read(language="zh-CN")["notices"]
    assert notice["detail"] == "今天的剂量为 250 mg，此前为 300 mg，请核对剂量后再服用。"
    phone.record("2024-02-20", amount=250)
    assert noticed(phone) == []


def test_the_most_urgent_comes_first_and_a_booking_at_the_site_before_says_to_ask(
    phone: Phone, coordinator: Client
) -> None:
    phone.patient.record("visit_booked", visit="imaging-w12", booked_on="2024-03-27", time="09:30")
    moved = {"kind": "site_transferred", "site": "BERLIN", "from_on": "2024-02-22"}
    assert coordinator.post(f"{phone.patient.path}/facts", moved).status_code == 201
    phone.patient.record("pregnancy_reported", reported_on="2024-02-20", of="patient")
    assert noticed(phone) == [("call_site_before_dose", None), ("ask_before_coming", "imaging-w12")]
    details = [one["detail"] for one in phone.read(language="zh-CN")["notices"]]
    assert details[1] == "2024-03-27 的预约是在您原来的研究中心预约的，到访前请先联系研究中心。"


def test_the_patient_is_told_that_the_site_stopped_messages_and_for_how_long(phone: Phone) -> None:
    phone.record("2024-02-19")
    before = phone.get("today").headers["ETag"]
    stop(phone, kinds=["dose_due"], reason="He is an inpatient.")
    answer = phone.get("today", {"If-None-Match": before})
    assert [one["code"] for one in answer.json["notices"]] == ["dose_reminders_stopped"]
    assert "inpatient" not in answer.text
    # The day's dose is recorded: there is nothing to be reminded of.
    phone.record("2024-02-20")
    assert noticed(phone) == []
    stop(phone, all=True)
    assert noticed(phone) == [("messages_stopped", None)]
    stop(phone, kinds=["window_opened"])
    assert noticed(phone) == []


@pytest.mark.parametrize(
    ("contact", "expected"), [("stop", [("messages_stopped", None)]), ("continue", [])], ids=["stop", "continue"]
)
def test_who_left_is_told_that_no_message_comes(phone: Phone, contact: str, expected: list[Any]) -> None:
    phone.patient.record("treatment_ended", last_dose_on="2024-02-10", decided_on="2024-02-10", reason="withdrawal")
    phone.patient.record("study_ended", ended_on="2024-02-20", reason="withdrawal", contact_after=contact)
    assert noticed(phone) == expected


def test_of_a_patient_who_died_nothing_is_said(phone: Phone) -> None:
    phone.patient.record("dose_changed", from_on="2024-02-19", amount=250)
    phone.patient.record("visit_booked", visit="imaging-w12", booked_on="2024-03-27")
    stop(phone, all=True)
    phone.patient.record("study_ended", ended_on="2024-02-20", reason="death")
    assert noticed(phone) == []


def test_what_is_booked_with_the_site_before_asks_in_messages_and_the_feed_too(
    service: Service, phone: Phone, coordinator: Client
) -> None:
    phone.patient.record("visit_booked", visit="imaging-w6", booked_on="2024-02-21", time="09:30")
    moved = {"kind": "site_transferred", "site": "BERLIN", "from_on": "2024-02-21"}
    assert coordinator.post(f"{phone.patient.path}/facts", moved).status_code == 201
    address = phone.read("feed")["address"]
    feed = service.app.test_client().get(address).text
    assert "please ask the site" in re.sub(r"\r\n ", "", feed)


def test_the_guide_explains_every_code() -> None:
    table = GUIDE.read_text("utf-8").partition("### Notices\n")[2].partition("\n### ")[0]
    assert tuple(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == ("code", *NOTICES)
