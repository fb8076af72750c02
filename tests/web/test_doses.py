"""Show what there is to take, on the patient's page and on paper: which drug, which dose of the day, how much."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest
from service import Client, Patient, Service

from .reading import Page, Visitor, text_of

# What a page shows is the same on either database.
pytestmark = pytest.mark.only("sqlite")

CALL = "Call your study site before you take a dose."
_NUMBERS = count(1)


@pytest.fixture(scope="module")
def several(service: Service) -> dict[str, Any]:
    """A protocol with three drugs taken at home: one twice a day, one on 14 days of 28, one by body surface."""
    admin = service.client("admin")
    definition = admin.get("/v1/protocols/nct06110650/versions/1").json
    first = definition["regimens"][0]
    twice = {**first, "times_a_day": 2, "dose": {"amount": 150, "unit": "mg", "levels": [100]}}
    drug = {"en": "olaparib", "zh-CN": "奥拉帕利"}
    other = {**first, "id": "olaparib", "drug": drug, "dose": {"amount": 300, "unit": "mg"}, "strengths": [150]}
    other |= {"when": [{"days": {"from": 1, "to": 14}}], "cycle_days": 28}
    by_surface = {"id": "cape", "drug": "capecitabine", "route": "oral", "strengths": [500], "cycle_days": 21}
    by_surface |= {"dose": {"amount": 1000, "unit": "mg", "per": "m2"}}
    three = {**definition, "id": "three-drugs", "regimens": [twice, other, by_surface], "sources": {}}
    added = admin.post("/v1/protocols", three)
    assert added.status_code == 201, added.text
    return {"id": "three-drugs", "version": 1}


@pytest.fixture
def taker(nurse: Client, several: dict[str, Any]) -> Patient:
    """A patient of that protocol, on day 5 of the first cycle."""
    patient = nurse.enrol(subject_number=f"D-{next(_NUMBERS):02}", protocol=several)
    patient.record("treatment_started", first_dose_on="2024-02-16")
    return patient


def diary(visitor: Visitor, patient: Patient, query: str = "") -> dict[str, str]:
    """The rows of a diary by the name of the dose: what each says there is to take, and its box."""
    page = visitor.page(f"/ward/patients/{patient.patient_id}/diary{query}")
    rows = [row for row in page.root.iter("tr") if "data-dose" in row.attrib]
    return {row.attrib["data-dose"]: " ".join(text_of(cell) for cell in list(row)[2:4]).strip() for row in rows}


def header(visitor: Visitor, patient: Patient) -> str:
    """Return what the patient's page says of the doses of today."""
    return text_of(visitor.page(f"/ward/patients/{patient.patient_id}").one("dd", data_field="dose"))


def test_a_diary_says_of_each_dose_which_it_is_and_how_much(visitor: Visitor, taker: Patient) -> None:
    rows = diary(visitor, taker)
    assert {name: text for name, text in rows.items() if name.startswith("2024-02-20")} == {
        "2024-02-20.surufatinib.1": "surufatinib · dose 1 of the day · 150 mg = 3 × 50 mg ☐",
        "2024-02-20.surufatinib.2": "surufatinib · dose 2 of the day · 150 mg = 3 × 50 mg ☐",
        "2024-02-20.olaparib.1": "olaparib · 300 mg = 2 × 150 mg ☐",
        "2024-02-20.cape.1": f"capecitabine · {CALL} ☐",
    }
    # It has all doses of the days of the cycle, as the calendar has them, whatever cycles the other drugs have.
    calendar = taker.read("calendar", from_="2024-03-08", to="2024-03-28")
    rows = diary(visitor, taker, "?cycle=2")
    assert [*rows] == [dose["dose_id"] for dose in calendar["doses"]]
    assert rows["2024-03-10.olaparib.1"] == "olaparib · Rest day"
    assert rows["2024-03-16.olaparib.1"] == "olaparib · 300 mg = 2 × 150 mg ☐"
    chinese = diary(visitor, taker, "?language=zh-CN")
    assert chinese["2024-02-20.surufatinib.2"] == "索凡替尼 · 当日第 2 次 · 150 mg = 3 × 50 mg ☐"
    assert chinese["2024-02-20.cape.1"] == "capecitabine · 服药前请先联系研究中心。 ☐"


def test_a_dose_that_was_calculated_is_on_paper(visitor: Visitor, taker: Patient) -> None:
    taker.record("dose_changed", regimen="cape", from_on="2024-02-21", amount=1500, reason="1.5 m²")
    rows = diary(visitor, taker)
    assert rows["2024-02-20.cape.1"] == f"capecitabine · {CALL} ☐"
    assert rows["2024-02-21.cape.1"] == "capecitabine · 1500 mg = 3 × 500 mg ☐"


def test_the_page_says_each_dose_of_today(visitor: Visitor, taker: Patient) -> None:
    doses = [
        "surufatinib · dose 1 of the day · 150 mg",
        "surufatinib · dose 2 of the day · 150 mg",
        "olaparib · 300 mg",
    ]
    call = "capecitabine · The patient calls the site first"
    assert header(visitor, taker) == " ".join([*doses, call])
    taker.record("dose_recorded", dose_on="2024-02-20", regimen="surufatinib", slot=2, status="taken")
    taker.record("hold_started", from_on="2024-02-20", regimens=["olaparib"])
    assert header(visitor, taker) == " ".join([doses[0], f"{doses[1]} Taken", "olaparib · On hold", call])


def test_one_drug_once_a_day_needs_no_name(visitor: Visitor, patient: Patient) -> None:
    assert header(visitor, patient) == "300 mg"
    patient.record("dose_recorded", dose_on="2024-02-20", status="missed")
    assert header(visitor, patient) == "300 mg Missed"


def test_a_hold_a_rest_day_and_the_end_leave_nothing_to_take(
    visitor: Visitor, nurse: Client, admin: Client, patient: Patient
) -> None:
    patient.record("hold_started", from_on="2024-02-20")
    assert header(visitor, patient) == "On hold"
    definition = admin.get("/v1/protocols/nct06110650/versions/1").json
    first = {**definition["regimens"][0], "when": [{"days": {"from": 1, "to": 14}}], "cycle_days": 21}
    added = admin.post("/v1/protocols", {**definition, "id": "with-rest", "regimens": [first], "sources": {}})
    assert added.status_code == 201, added.text
    resting = nurse.enrol(subject_number="REST-01", protocol={"id": "with-rest", "version": 1})
    resting.record("treatment_started", first_dose_on="2024-02-02")
    assert resting.read("calendar")["treatment"]["amount"] == 300
    assert header(visitor, resting) == "Rest day"
    ended = nurse.enrol(subject_number="ENDED-01")
    ended.record("treatment_started", first_dose_on="2024-02-02")
    ended.record("treatment_ended", last_dose_on="2024-02-20", decided_on="2024-02-20", reason="intolerance")
    # Whether the last dose was taken is to be recorded, but nobody is asked to take it any more.
    assert header(visitor, ended) == "None to take at home"


def test_who_is_to_call_first_is_not_asked_to_take_an_amount(visitor: Visitor, patient: Patient) -> None:
    patient.record("pregnancy_reported", reported_on="2024-02-19", of="patient")
    assert header(visitor, patient) == "The patient calls the site first"
    rows = diary(visitor, patient)
    assert rows["2024-02-18.surufatinib.1"] == "300 mg = 6 × 50 mg ☐"
    assert rows["2024-02-20.surufatinib.1"] == rows["2024-02-21.surufatinib.1"] == f"{CALL} ☐"
    patient.record("hold_started", from_on="2024-02-20")
    assert header(visitor, patient) == "On hold"
    assert diary(visitor, patient)["2024-02-20.surufatinib.1"] == "On hold"


def test_after_a_crossover_the_diary_is_of_the_present_drug(
    visitor: Visitor, nurse: Client, admin: Client, patient: Patient
) -> None:
    """Its cycles are numbered anew, and so there are two with the number 1."""
    definition = admin.get("/v1/protocols/nct06110650/versions/1").json
    first = definition["regimens"][0]
    second = {**first, "id": "other", "drug": "olaparib", "starts": {"milestone": "crossover"}}
    crossing = {**definition, "id": "crossing", "regimens": [first, second], "sources": {}}
    added = admin.post("/v1/protocols", {**crossing, "milestones": [{"id": "crossover", "label": "Crossover"}]})
    assert added.status_code == 201, added.text
    patient = nurse.enrol(subject_number="CROSS-01", protocol={"id": "crossing", "version": 1})
    patient.record("treatment_started", first_dose_on="2024-01-05")
    ended = {"last_dose_on": "2024-01-20", "decided_on": "2024-01-22", "reason": "progression"}
    patient.record("treatment_ended", **ended)
    patient.record("milestone_reached", milestone="crossover", on="2024-02-15")
    for query in ("", "?cycle=1"):
        rows = diary(visitor, patient, query)
        assert next(iter(rows)) == "2024-02-15.other.1", query
        assert len(rows) == 21
    assert rows["2024-02-20.other.1"] == "olaparib · 300 mg = 6 × 50 mg ☐"


def test_doses_of_the_month_have_their_drug_and_amount(visitor: Visitor, taker: Patient) -> None:
    page: Page = visitor.page(f"/ward/patients/{taker.patient_id}")
    (today,) = [cell for cell in page.root.iter("td") if cell.get("data-day") == "2024-02-20"]
    assert [one.get("title") for one in today.iter("span") if "dose" in one.get("class", "").split()] == [
        "surufatinib 150 mg · Due today",
        "surufatinib 150 mg · Due today",
        "olaparib 300 mg · Due today",
        "capecitabine · Due today",
    ]
