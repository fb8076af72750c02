"""What the phone, the feed and messages say while a pregnancy is open: enough, and no word of it."""

from __future__ import annotations

import json

import pytest
from service import Client, Patient, Service, refused

from scheduler_api.use_cases.projections import maintenance

from .phones import Phone
from .test_feed import Feed


@pytest.fixture
def pregnant(phone: Phone) -> Phone:
    """The phone of a patient whose pregnancy was reported on 2024-02-20; imaging is open and not booked."""
    phone.patient.record("pregnancy_reported", reported_on="2024-02-20", of="patient")
    return phone


def planned(service: Service, patient: Patient) -> set[str]:
    rows = service.store.rows(
        "SELECT kind FROM reminders WHERE patient_id = :patient_id", {"patient_id": patient.patient_id}
    )
    return {row["kind"] for row in rows}


def test_today_says_to_call_the_site_and_no_more(pregnant: Phone) -> None:
    shown = pregnant.read()
    (notice,) = shown["notices"]
    assert (notice["code"], notice["detail"]) == (
        "call_site_before_dose",
        "Call your study site before you take a dose.",
    )
    assert (shown["contraception"], shown["visits"]) == (None, [])
    assert [(dose["status"], dose["remind_at"]) for dose in shown["doses"]] == [("due", None)]
    said = json.dumps([shown, pregnant.read("calendar"), pregnant.sync()], ensure_ascii=False)
    assert "pregnan" not in said.lower()


def test_today_says_it_in_chinese(pregnant: Phone) -> None:
    assert [one["detail"] for one in pregnant.read(language="zh-CN")["notices"]] == ["服药前请先联系研究中心。"]


def test_no_dose_reminder_goes_out_until_the_site_says_how_treatment_goes_on(service: Service, phone: Phone) -> None:
    assert "dose_due" in planned(service, phone.patient)
    phone.patient.record("pregnancy_reported", reported_on="2024-02-20", of="patient")
    assert not planned(service, phone.patient) & {"dose_due", "dose_again"}
    assert list(maintenance.verify(service.store)) == []
    phone.patient.record("dose_changed", from_on="2024-02-20", amount=200)
    assert "dose_due" in planned(service, phone.patient)
    assert [one["code"] for one in phone.read()["notices"]] == ["amount_changed"]
    assert list(maintenance.verify(service.store)) == []


def test_what_is_booked_is_reminded_of(service: Service, pregnant: Phone) -> None:
    pregnant.patient.record("visit_booked", visit="imaging-w6", booked_on="2024-02-21")
    assert "booking_tomorrow" in planned(service, pregnant.patient)
    assert [visit["visit"] for visit in pregnant.read()["visits"]] == ["imaging-w6"]


def test_a_dose_that_was_taken_is_still_recorded(pregnant: Phone) -> None:
    assert pregnant.record("2024-02-20").json["outcome"] == "recorded"


def test_the_feed_has_what_is_booked_and_nothing_else(phone: Phone) -> None:
    feed = Feed(phone, doses="true")
    phone.patient.record("visit_booked", visit="imaging-w6", booked_on="2024-02-21")
    assert len(feed.events()) > 3
    phone.patient.record("pregnancy_reported", reported_on="2024-02-20", of="patient")
    to_come = {name for name, event in feed.events().items() if event.get("STATUS") != "CANCELLED"}
    assert to_come == {"Appointment: Week 6 tumour imaging"}


def test_the_worklist_tells_the_site_and_no_address_does(service: Service, nurse: Client, pregnant: Phone) -> None:
    entries = nurse.get("/v1/worklist").json["items"]
    (entry,) = (one for one in entries if one["kind"] == "pregnancy")
    assert (entry["urgency"], entry["due_on"]) == ("now", "2024-02-20")
    assert "pregnan" not in " ".join([entry["entry_id"], *(call["path"] for call in entry["resolve_with"])])
    others = [one for one in entries if one["kind"] != "pregnancy"]
    assert others
    assert all("pregnancy reported 2024-02-20" in one["because"] for one in others)
    body = {"note": "The obstetrician sees her", "until": "2024-02-27"}
    answer = nurse.send("PUT", f"/v1/worklist/{entry['entry_id']}/acknowledgement", body)
    assert answer.status_code == 200
    assert list(maintenance.verify(service.store)) == []


def test_a_man_is_not_pregnant(nurse: Client) -> None:
    patient = nurse.enrol(sex="male")
    refused(patient.send("pregnancy_reported", reported_on="2024-02-20", of="patient"), 422, "/of")
