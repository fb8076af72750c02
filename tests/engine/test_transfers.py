"""A patient moves to another site (rules, section 3)."""

from __future__ import annotations

import pytest

from scheduler_api.engine.errors import Conflict
from scheduler_api.engine.views.changes import consequences
from scheduler_api.engine.worklist.entry import WorklistEntry
from scheduler_api.engine.worklist.worklist import worklist

from .patients import Patient, day, is_listed, plain


def moved(from_on: str = "2024-03-01") -> Patient:
    """The patient of the worked examples, who moves from FUSCC to BERLIN."""
    patient = Patient.treated()
    patient.record("site_transferred", site="BERLIN", from_on=from_on)
    return patient


def entries(patient: Patient, today: str) -> list[WorklistEntry]:
    """What stands on a day."""
    schedule, on = patient.schedule(), day(today)
    visits = schedule.visits(day("2023-01-01"), day("2024-12-31"))
    return [one for one in worklist(schedule, visits, on, on) if is_listed(one, on)]


def test_the_new_site_has_the_patient_from_that_day_on() -> None:
    patient = moved()
    assert (patient.history.site_on(day("2024-02-29")), patient.history.site_on(day("2024-03-01"))) == (
        "FUSCC",
        "BERLIN",
    )


def test_a_visit_is_the_sites_of_the_day_it_is_due_booked_or_done() -> None:
    patient = moved("2024-02-14")
    assert patient.on("2024-02-20").visits["imaging-w6"]["site"] == "BERLIN"
    patient.record("visit_booked", visit="imaging-w6", booked_on="2024-02-13")
    assert patient.on("2024-02-20").visits["imaging-w6"]["site"] == "FUSCC"
    patient.scan("2024-02-16")
    assert patient.on("2024-02-20").visits["imaging-w6"]["site"] == "BERLIN"


def test_a_deviation_is_that_of_the_site_that_had_the_patient() -> None:
    patient = moved("2024-02-10")
    patient.miss("2024-02-09", "2024-02-10")
    sites = {row["on"]: row["site"] for row in patient.on("2024-02-20")["deviations"]}
    assert sites == {"2024-02-09": "FUSCC", "2024-02-10": "BERLIN"}


def test_a_booking_at_the_site_before_is_its_own_to_cancel() -> None:
    patient = Patient.treated()
    patient.record("visit_booked", visit="imaging-w12", booked_on="2024-03-27")
    patient.record("site_transferred", site="BERLIN", from_on="2024-03-01")
    (entry,) = (one for one in entries(patient, "2024-02-20") if one.kind == "booking_at_old_site")
    assert (entry.about, entry.site, entry.due_on, entry.through_on) == (
        "imaging-w12",
        "FUSCC",
        day("2024-03-01"),
        day("2024-03-27"),
    )
    assert plain(entry.because) == "booked 2024-03-27 at FUSCC, and BERLIN has the patient then"
    patient.record("visit_booked", visit="imaging-w12", booked_on="2024-03-28")
    assert [one for one in entries(patient, "2024-02-20") if one.kind == "booking_at_old_site"] == []


def test_a_booking_stays_with_the_site_that_it_was_made_for() -> None:
    patient = Patient.treated()
    transfer = patient.record("site_transferred", site="BERLIN", from_on="2024-03-01")
    patient.record("visit_booked", visit="imaging-w12", booked_on="2024-03-27")
    patient.correct(transfer, "site_transferred", site="PARIS", from_on="2024-03-04")
    assert patient.history.bookings["imaging-w12"].site == "BERLIN"
    # Berlin never has the patient and does not see the booking: whoever has the patient cancels it.
    (entry,) = (one for one in entries(patient, "2024-02-20") if one.kind == "booking_at_old_site")
    assert (entry.site, entry.due_on) == (None, day("2024-03-04"))
    assert plain(entry.because) == "booked 2024-03-27 at BERLIN, and PARIS has the patient then"


def test_a_scan_that_is_still_to_do_is_the_sites_that_has_the_patient() -> None:
    patient = moved("2024-02-18")
    sites = [patient.on(today).visits["imaging-w6"]["site"] for today in ("2024-02-17", "2024-02-18", "2024-03-10")]
    assert sites == ["FUSCC", "BERLIN", "BERLIN"]
    # Missed, because the next has opened: it stays with the site of its day.
    assert patient.on("2024-03-27").visits["imaging-w6"]["site"] == "FUSCC"


def test_a_patient_comes_back_or_goes_on() -> None:
    back, on = moved(), moved()
    back.record("site_transferred", site="FUSCC", from_on="2024-04-01")
    on.record("site_transferred", site="PARIS", from_on="2024-04-01")
    days = ("2024-02-29", "2024-03-01", "2024-03-31", "2024-04-01")
    assert [back.history.site_on(day(one)) for one in days] == ["FUSCC", "BERLIN", "BERLIN", "FUSCC"]
    assert [on.history.site_on(day(one)) for one in days] == ["FUSCC", "BERLIN", "BERLIN", "PARIS"]
    assert plain([stay[:3] for stay in on.history.stays]) == [
        ["FUSCC", None, "2024-02-29"],
        ["BERLIN", "2024-03-01", "2024-03-31"],
        ["PARIS", "2024-04-01", None],
    ]


def test_what_is_booked_where_a_patient_comes_back_to_stands() -> None:
    patient = Patient.treated()
    patient.record("visit_booked", visit="imaging-w12", booked_on="2024-03-27")
    patient.record("site_transferred", site="BERLIN", from_on="2024-03-01")
    patient.record("site_transferred", site="FUSCC", from_on="2024-03-20")
    assert [one for one in entries(patient, "2024-02-20") if one.kind == "booking_at_old_site"] == []


def test_consequences_say_who_has_the_patient_from_when() -> None:
    patient, today = Patient.treated(), day("2024-02-20")
    before = patient.schedule()
    patient.record("site_transferred", site="BERLIN", from_on="2024-03-01")
    because = "BERLIN has the patient from 2024-03-01 on"
    assert plain(consequences(before, patient.schedule(), today, today)) == [
        {"what": "site", "before": {"through_on": None}, "after": {"through_on": "2024-02-29"}, "because": because},
        {
            "what": "site from 2024-03-01",
            "before": None,
            "after": {"site": "BERLIN", "through_on": None},
            "because": because,
        },
    ]


@pytest.mark.parametrize(
    ("site", "from_on", "pointer"),
    [("BERLIN", "2024-04-01", "/site"), ("PARIS", "2024-03-01", "/from_on"), ("FUSCC", "2024-02-01", "/site")],
)
def test_transfers_that_contradict_one_another_conflict(site: str, from_on: str, pointer: str) -> None:
    with pytest.raises(Conflict) as refused:
        moved().record("site_transferred", site=site, from_on=from_on)
    assert [error.pointer for error in refused.value.errors] == [pointer]


def test_only_one_transfer_lies_ahead() -> None:
    patient = moved("2028-01-01")
    with pytest.raises(Conflict, match="lies ahead"):
        patient.record("site_transferred", site="PARIS", from_on="2028-02-01")
