"""What is booked stays in sight until its day is over: on the phone, in messages and on the worklist.

Imaging of week 6 is open from 2024-02-07 to 2024-02-21, that of week 12 from 2024-03-20 to 2024-04-03.
"""

from __future__ import annotations

from typing import Any

import pytest

from .patients import Patient, patient_with, series
from .test_messages import days_of as days_told
from .test_worklist import days_of, listed


def shown(patient: Patient, today: str) -> list[tuple[str, str, str | None]]:
    """The visits on the phone: name, status and booked day."""
    return [(row["visit"], row["status"], row["booked_on"]) for row in patient.view(today)["visits"]]


def book(patient: Patient, visit: str, booked_on: str, **data: Any) -> None:
    patient.record("visit_booked", visit=visit, booked_on=booked_on, **data)


class TestBesideAnotherVisitOfItsSeries:
    """For each series the visit that is overdue, open or next is shown, and besides all that is booked."""

    def test_of_two_visits_that_are_booked_both_are_shown(self) -> None:
        patient = patient_with(series("clinic", {"days": [1, 2], "cycles": [1]}, window=(2, 2)))
        book(patient, "clinic-c1d1", "2024-01-05")
        book(patient, "clinic-c1d2", "2024-01-06")
        both = [("clinic-c1d1", "open", "2024-01-05"), ("clinic-c1d2", "open", "2024-01-06")]
        assert shown(patient, "2024-01-05") == shown(patient, "2024-01-06") == both

    def test_what_is_booked_before_its_window_is_shown_beside_what_is_overdue(self) -> None:
        """Week 1, 2024-01-10 ±1, was not done; week 2, ±1 as well, opens on the 16th and is booked for the 15th."""
        patient = patient_with(series("lab", every={"weeks": 1}, window=(1, 1)))
        book(patient, "lab-w2", "2024-01-15")
        assert shown(patient, "2024-01-15") == [("lab-w1", "overdue", None), ("lab-w2", "upcoming", "2024-01-15")]

    def test_the_next_scan_is_shown_beside_the_one_overdue(self) -> None:
        patient = Patient.treated()
        book(patient, "imaging-w12", "2024-03-15")
        assert shown(patient, "2024-03-14") == [
            ("imaging-w6", "overdue", None),
            ("imaging-w12", "upcoming", "2024-03-15"),
        ]
        assert shown(patient, "2024-03-16") == [("imaging-w6", "overdue", None)]

    def test_what_is_missed_by_now_and_booked_is_shown(self) -> None:
        """From 2024-03-20 week 12 is open, and week 6 missed; it is booked for the 25th."""
        patient = Patient.treated()
        book(patient, "imaging-w6", "2024-03-25")
        both = [("imaging-w12", "open", None), ("imaging-w6", "missed", "2024-03-25")]
        assert shown(patient, "2024-03-20") == shown(patient, "2024-03-25") == both
        assert shown(patient, "2024-03-26") == both[:1]

    def test_who_is_pregnant_sees_all_that_is_booked_and_nothing_else(self) -> None:
        patient = Patient.treated()
        book(patient, "imaging-w6", "2024-03-25")
        book(patient, "imaging-w12", "2024-03-27")
        patient.record("pregnancy_reported", reported_on="2024-03-20", of="patient")
        booked = [("imaging-w6", "missed", "2024-03-25"), ("imaging-w12", "open", "2024-03-27")]
        assert shown(patient, "2024-03-25") == booked
        assert shown(patient, "2024-03-26") == booked[1:]


class TestAfterItsVisitWasDone:
    """Week 6 is booked for 2024-02-19, and something is recorded before."""

    @pytest.fixture
    def patient(self) -> Patient:
        patient = Patient.treated()
        book(patient, "imaging-w6", "2024-02-19")
        return patient

    def test_it_stays_with_a_notice_to_ask_the_site_until_it_is_cancelled(self, patient: Patient) -> None:
        """The scan of 2024-02-08 named no visit: that it was week 6 is a guess."""
        patient.scan("2024-02-08")
        next_and_booked = [("imaging-w12", "upcoming", None), ("imaging-w6", "done", "2024-02-19")]
        assert shown(patient, "2024-02-18") == shown(patient, "2024-02-19") == next_and_booked
        assert [code for code, *_ in patient.notices("2024-02-18")] == ["ask_before_coming"]
        assert days_told(patient, "booking_tomorrow", length=30) == ["2024-02-18", "2024-02-19"]
        assert days_of(patient, "booking_to_cancel", "imaging-w6") == ("2024-02-08", "2024-02-19")
        assert shown(patient, "2024-02-20") == next_and_booked[:1]
        patient.record("visit_booked", visit="imaging-w6", booked_on=None)
        assert shown(patient, "2024-02-18") == next_and_booked[:1]

    def test_it_stands_while_only_a_part_of_the_visit_is_on_record(self, patient: Patient) -> None:
        """The CT was done on 2024-02-14; what is booked is the MRI."""
        data = {"series": "imaging", "visit": "imaging-w6", "part": True}
        patient.record("visit_done", done_on="2024-02-14", response="SD", **data)
        assert shown(patient, "2024-02-18")[1:] == [("imaging-w6", "done", "2024-02-19")]
        assert patient.notices("2024-02-18") == []
        assert days_told(patient, "booking_tomorrow", length=30) == ["2024-02-18", "2024-02-19"]
        assert days_of(patient, "booking_past", "imaging-w6") == ("2024-02-20", None)
        assert ("booking_to_cancel", "imaging-w6") not in listed(patient, "2024-02-18")
        patient.record("visit_done", done_on="2024-02-19", **data)
        assert shown(patient, "2024-02-19") == [("imaging-w12", "upcoming", None)]
        assert [one for one in listed(patient, "2024-02-20") if one[1] == "imaging-w6"] == []

    def test_of_who_has_left_by_then_the_other_part_is_to_cancel(self, patient: Patient) -> None:
        data = {"series": "imaging", "visit": "imaging-w6", "part": True}
        patient.record("visit_done", done_on="2024-02-14", response="SD", **data)
        patient.record("study_ended", ended_on="2024-02-16", reason="withdrawal", contact_after="continue")
        assert days_of(patient, "booking_to_cancel", "imaging-w6") == ("2024-02-16", "2024-02-19")
        assert [code for code, *_ in patient.notices("2024-02-17")] == ["ask_before_coming"]
        assert days_told(patient, "booking_tomorrow", length=30) == []
