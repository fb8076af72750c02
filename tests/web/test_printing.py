"""What is printed is what the API answers, in the language that is asked for."""

from __future__ import annotations

import pytest
from service import Client, Patient

from .reading import Visitor, text_of

# What a page shows is the same on either database.
pytestmark = pytest.mark.only("sqlite")


def test_the_list_of_the_day_has_every_entry(patient: Patient, nurse: Client, visitor: Visitor) -> None:
    patient.record("visit_booked", visit="imaging-w6", booked_on="2024-02-20", time="09:30", place="Room 2")
    items = nurse.get("/v1/worklist", limit=200).json["items"]
    page = visitor.page("/ward/print")
    shown = {row.attrib["data-entry"]: row for row in page.root.iter("tr") if "data-entry" in row.attrib}
    assert shown.keys() == {item["entry_id"] for item in items}
    assert items
    for item in items:
        assert page.days(shown[item["entry_id"]])[-1] == item["due_on"]
    assert "09:30" in page.text
    assert "Room 2" in page.text
    # One site's list says so, and that of a site which does not exist is not an empty one.
    assert "· FUSCC" in text_of(visitor.page("/ward/print?site=FUSCC").one("header"))
    assert visitor.page("/ward/print?site=NOWHERE", 404).status == 404


def test_a_schedule_has_the_visits_to_come_and_why(patient: Patient, nurse: Client, visitor: Visitor) -> None:
    items = nurse.get("/v1/visits", patient=patient.patient_id, status="open,upcoming", sort="target_on").json["items"]
    page = visitor.page(f"/ward/patients/{patient.patient_id}/print")
    rows = [row for row in page.root.iter("tr") if "data-visit" in row.attrib]
    shown = [row.attrib["data-visit"] for row in rows]
    assert shown == [item["visit"] for item in items][: len(shown)]
    assert len(shown) >= 8
    for row, item in zip(rows, items, strict=False):
        assert page.days(row) == [item["opens_on"], item["closes_on"], item["target_on"]]
    assert "enrolment 3 Jan 2024 + 6 weeks" in text_of(rows[0])
    chinese = visitor.page(f"/ward/patients/{patient.patient_id}/print?language=zh-CN")
    assert chinese.one("html").attrib["lang"] == "zh-CN"
    assert "第 6 周肿瘤影像学检查" in chinese.text


def test_a_diary_has_the_doses_of_a_cycle(patient: Patient, visitor: Visitor) -> None:
    patient.record("dose_recorded", dose_on="2024-02-19", status="taken")
    # Cycle 3 began 42 days after the first dose.
    calendar = patient.read("calendar", from_="2024-02-16", to="2024-03-07")
    page = visitor.page(f"/ward/patients/{patient.patient_id}/diary")
    rows = [row for row in page.root.iter("tr") if "data-dose" in row.attrib]
    assert [row.attrib["data-dose"] for row in rows] == [dose["dose_id"] for dose in calendar["doses"]]
    assert page.days(rows[0]) == ["2024-02-16"]
    assert text_of(rows[3]) == "4 Mon 19 Feb 300 mg = 6 × 50 mg ☑"
    assert text_of(rows[4]) == "5 Tue 20 Feb 300 mg = 6 × 50 mg ☐"
    assert len(rows) == 21
    other = visitor.page(f"/ward/patients/{patient.patient_id}/diary?cycle=1")
    assert (
        next(row.attrib["data-dose"] for row in other.root.iter("tr") if "data-dose" in row.attrib)[:10] == "2024-01-05"
    )
    assert visitor.page(f"/ward/patients/{patient.patient_id}/diary?cycle=99", 404).status == 404
