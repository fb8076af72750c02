"""A patient with two drugs, one of them twice a day: what the phone shows and records, and when it is reminded."""

from __future__ import annotations

from typing import Any

import pytest
from reminders.people import planned, sent_about, ticked
from service import Client, Patient, Service, refused

from .phones import Phone, dose, history

MORNING, EVENING, OTHER = "2024-02-20.surufatinib.1", "2024-02-20.surufatinib.2", "2024-02-20.olaparib.1"
RULES = [{"after_last_dose": {"months": 6}}, {"after_last_dose": {"months": 7}, "of": "olaparib"}]


@pytest.fixture
def patient(nurse: Client, admin: Client) -> Patient:
    """A patient on treatment: surufatinib 150 mg twice a day, and olaparib 300 mg on days 1 to 14 of 21."""
    definition = admin.get("/v1/protocols/nct06110650/versions/1").json
    first = definition["regimens"][0]
    twice = {**first, "times_a_day": 2, "dose": {"amount": 150, "unit": "mg", "levels": [100]}}
    drug = {"en": "olaparib", "zh-CN": "奥拉帕利"}
    other = {**first, "id": "olaparib", "drug": drug, "strengths": [150], "when": [{"days": {"from": 1, "to": 14}}]}
    two = {**definition, "id": "two-drugs", "regimens": [twice, other], "contraception": RULES, "sources": {}}
    added = admin.post("/v1/protocols", two)
    assert added.status_code == 201, added.text
    patient = nurse.enrol(protocol={"id": "two-drugs", "version": 1})
    patient.record("treatment_started", first_dose_on="2024-02-16")
    return patient


def of_today(phone: Phone) -> dict[str, tuple[Any, ...]]:
    """Each of today's doses: amount, status, when it is reminded of, and its pieces."""
    return {
        row["dose_id"]: (row["amount"], row["status"], row["remind_at"], [*map(tuple, map(dict.values, row["pieces"]))])
        for row in phone.read("today")["doses"]
    }


def test_the_phone_has_each_dose_with_its_time(phone: Phone) -> None:
    assert of_today(phone) == {
        MORNING: (150, "due", "2024-02-20T08:00:00+08:00", [(50, 3)]),
        EVENING: (150, "due", "2024-02-20T20:00:00+08:00", [(50, 3)]),
        OTHER: (300, "due", "2024-02-20T08:00:00+08:00", [(150, 2)]),
    }
    assert {row["drug"] for row in phone.read("today", language="zh-CN")["doses"]} == {"索凡替尼", "奥拉帕利"}


def test_each_dose_is_recorded_by_itself(phone: Phone) -> None:
    said = phone.now()
    assert phone.record(EVENING, amount=150, said_at=said).json["dose_id"] == EVENING
    assert phone.record(OTHER, "missed", said_at=said).json["dose_id"] == OTHER
    assert [status for _, status, *_ in of_today(phone).values()] == ["due", "taken", "missed"]
    assert phone.record("2024-02-20", amount=150, said_at=said).json["dose_id"] == MORNING
    assert phone.take_back(EVENING).json["outcome"] == "recorded"
    assert [status for _, status, *_ in of_today(phone).values()] == ["taken", "due", "missed"]
    facts = [fact for fact in history(phone.patient) if fact["kind"] == "dose_recorded"]
    assert [(fact["regimen"], fact["slot"]) for fact in facts] == [
        ("surufatinib", 2),
        ("olaparib", 1),
        ("surufatinib", 1),
    ]
    refused(phone.record("2024-02-20.surufatinib.3", amount=150, said_at=said), 422, "/dose_id")


def test_a_queue_says_of_which_dose_each_is(phone: Phone) -> None:
    queue = [dose(name, amount=amount, said_at=phone.now()) for name, amount in ((EVENING, 150), (OTHER, 600))]
    outcomes = phone.sync(*queue)["outcomes"]
    assert [(one["dose_id"], one["outcome"]) for one in outcomes] == [(EVENING, "recorded"), (OTHER, "recorded")]
    assert [[warning["code"] for warning in one["warnings"]] for one in outcomes] == [[], ["dose_above_plan"]]
    changes = phone.sync(cursor=0)["changes"]
    said = [change["data"] for change in changes if change["kind"] == "dose_recorded"]
    assert [(one["regimen"], one["slot"]) for one in said] == [("surufatinib", 2), ("olaparib", 1)]


def test_there_is_a_reminder_at_each_time_until_all_of_it_is_recorded(
    service: Service, phone: Phone, patient: Patient
) -> None:
    ticked(service, "2024-02-20T00:00:00+08:00")
    at = "2024-02-20"
    kinds = ("dose_due", "dose_again")
    of_day = [row for row in planned(service, patient) if row[0] in kinds and row[1].startswith(at)]
    assert of_day == [
        ("dose_due", at, f"{at} 08:00"),
        ("dose_again", at, f"{at} 09:00"),
        ("dose_due", f"{at} 2", f"{at} 20:00"),
        ("dose_again", f"{at} 2", f"{at} 21:00"),
    ]
    service.clock.set("2024-02-20T07:00:00+08:00")
    phone.record(MORNING, amount=150, said_at=phone.now())
    ticked(service, "2024-02-20T08:00:00+08:00")
    # The other drug is still to be taken.
    assert ("dose_due", at) in sent_about(service, patient)
    phone.record(OTHER, amount=300, said_at=phone.now())
    ticked(service, "2024-02-20T09:00:00+08:00")
    assert ("dose_again", at) not in sent_about(service, patient)
    ticked(service, "2024-02-20T20:00:00+08:00")
    assert ("dose_due", f"{at} 2") in sent_about(service, patient)
    snoozed = phone.send("POST", "reminders/snooze", {"minutes": 30})
    assert (snoozed.json["kind"], snoozed.json["dose_on"]) == ("dose_due", at)
    assert snoozed.json["put_off_until"].startswith("2024-02-20T12:30:00")


@pytest.mark.parametrize(("back_at", "comes"), [("18:04", True), ("18:06", False)])
def test_a_reminder_that_would_come_near_the_next_dose_does_not_come(
    service: Service, patient: Patient, back_at: str, comes: bool
) -> None:
    """No worker worked all day: until two hours before eight in the evening, the morning's dose may still be taken."""
    at = "2024-02-20"
    ticked(service, f"{at}T00:00:00+08:00")
    ticked(service, f"{at}T{back_at}:00+08:00")
    assert (("dose_due", at) in sent_about(service, patient)) == comes
    assert ("dose_again", at) not in sent_about(service, patient)
    ticked(service, f"{at}T20:00:00+08:00")
    assert ("dose_due", f"{at} 2") in sent_about(service, patient)


def test_the_site_hears_of_missed_doses_as_soon_as_of_one_of_them(service: Service, patient: Patient) -> None:
    """One of the doses of the 20th is said to be missed; that nobody spoke of the others is known the next day."""
    for regimen, slot in (("surufatinib", 1), ("surufatinib", 2), ("olaparib", 1)):
        patient.record("dose_recorded", dose_on="2024-02-18", status="taken", regimen=regimen, slot=slot)
    for day in ("2024-02-19", "2024-02-20"):
        patient.record("dose_recorded", dose_on=day, status="missed", regimen="surufatinib", slot=1)
    assert ("doses_missed", "2024-02-20", "2024-02-20 07:00") in planned(service, patient)


def test_times_are_one_for_each_dose_of_a_day(phone: Phone) -> None:
    assert phone.read("reminders")["times"] == ["08:00", "20:00"]
    assert phone.send("PATCH", "reminders", {"times": ["07:30", "19:30"]}).json["again_at"] == ["08:30", "20:30"]
    # At noon the new time of the morning has passed: the reminder comes at once.
    assert [remind_at[11:16] for _, _, remind_at, _ in of_today(phone).values()] == ["12:00", "19:30", "12:00"]
    refused(phone.send("PATCH", "reminders", {"times": ["20:00"]}), 422, "/times")
    refused(phone.send("PATCH", "reminders", {"times": ["08:00", "11:00"]}), 422, "/times/1")


def test_the_site_sees_each_drug(patient: Patient) -> None:
    adherence = patient.read("adherence")
    assert [(one["drug"], one["planned"]) for one in adherence["regimens"]] == [("surufatinib", 8), ("olaparib", 4)]
    supply = patient.read("supply", visit="imaging-w6")
    assert [(one["regimen"], one["complete"]) for one in supply["regimens"]] == [
        ("surufatinib", True),
        ("olaparib", True),
    ]
    held = patient.record("hold_started", from_on="2024-02-20", regimens=["olaparib"])
    assert [one["what"] for one in held["consequences"]] == [
        "doses of olaparib.1 from 2024-02-16",
        "doses of olaparib.1 from 2024-02-20",
    ]
    rows = patient.read("calendar", from_="2024-02-20", to="2024-02-20")["doses"]
    assert [(row["dose_id"], row["status"]) for row in rows] == [(MORNING, "due"), (EVENING, "due"), (OTHER, "held")]
    gone = patient.read("calendar", today="2024-02-20")["contraception"]
    assert gone["earliest_through_on"] == "2024-09-20"


def test_the_phone_is_told_which_drug_a_change_or_a_hold_is_of(phone: Phone, patient: Patient) -> None:
    patient.record("dose_changed", from_on="2024-02-21", amount=100, regimen="surufatinib")
    patient.record("hold_started", from_on="2024-02-20", regimens=["olaparib"])
    patient.record("hold_started", from_on="2024-02-22")
    patient.record("hold_ended", resumes_on="2024-02-25", hold=patient.read("facts")["items"][-2]["fact_id"])
    patient.record("regimen_ended", regimen="olaparib", last_dose_on="2024-02-19")
    told = phone.sync(cursor=0)["changes"][1:]
    assert [change["data"] for change in told] == [
        {
            "from_on": "2024-02-21",
            "amount": 100,
            "regimen": "surufatinib",
            "drug": "surufatinib",
            "unit": "mg",
            "times_a_day": 2,
        },
        {"from_on": "2024-02-20", "resumes_on": None, "regimens": ["olaparib"], "drugs": ["olaparib"]},
        {"from_on": "2024-02-22", "resumes_on": None},
        {"resumes_on": "2024-02-25", "hold": told[1]["fact_id"], "drugs": ["olaparib"]},
        {"regimen": "olaparib", "last_dose_on": "2024-02-19", "drug": "olaparib"},
    ]


def test_a_dose_without_an_amount_is_not_reminded_of_and_says_to_call_the_site(phone: Phone, admin: Client) -> None:
    """From 2024-02-20 on olaparib is per kg, and nobody has calculated it: the other drug is taken as before."""
    definition = admin.get("/v1/protocols/two-drugs/versions/1").json
    first, other = definition["regimens"]
    per_kg = {**other, "dose": {"amount": 5, "unit": "mg", "per": "kg"}, "strengths": []}
    second = {**definition, "version": 2, "regimens": [first, per_kg]}
    assert admin.post("/v1/protocols", second).status_code == 201
    admin.approve("two-drugs")
    phone.patient.record("protocol_amended", version=2, from_on="2024-02-20")
    assert of_today(phone)[OTHER] == (None, "due", None, [])
    assert of_today(phone)[MORNING][:3] == (150, "due", "2024-02-20T08:00:00+08:00")
    notices = phone.read("today")["notices"]
    assert [(one["code"], one["about"]) for one in notices] == [("call_site_before_dose", OTHER)]
    rows = {row["dose_id"]: row["remind_at"] for row in phone.read("calendar")["doses"]}
    assert rows["2024-02-21.olaparib.1"] is None
    assert rows["2024-02-21.surufatinib.1"] is not None
    phone.patient.record("dose_changed", from_on="2024-02-20", regimen="olaparib", amount=320)
    assert of_today(phone)[OTHER][:3] == (320, "due", "2024-02-20T08:00:00+08:00")
    assert [one["code"] for one in phone.read("today")["notices"]] == ["amount_changed"]
