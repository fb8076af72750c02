"""Corrections and voids: what is known of a patient after them (rules, section 3)."""

from __future__ import annotations

from datetime import date

import pytest

from scheduler_api.engine.errors import Conflict
from scheduler_api.engine.model.facts import Fact
from scheduler_api.engine.model.fold import fold, superseded_by

from .patients import Patient, builtin, day, protocol


def holds(patient: Patient) -> list[tuple[str, str | None]]:
    return [(str(h.from_on), h.resumes_on and str(h.resumes_on)) for h in patient.history.holds]


def days(*texts: str) -> list[date]:
    return [day(text) for text in texts]


def test_without_a_registration_nothing_is_known() -> None:
    patient = Patient.treated()
    with pytest.raises(ValueError, match="registration"):
        fold(patient.facts[1:])


def test_a_replacement_takes_the_place_of_what_it_corrects() -> None:
    patient = Patient.treated()
    progressed = patient.record("progressed", progressed_on="2024-03-01", basis="clinical")
    patient.correct(progressed, "progressed", progressed_on="2024-04-01", basis="radiological")
    assert patient.history.progressed_on == day("2024-04-01")


def test_voiding_a_replacement_does_not_revive_what_it_replaced() -> None:
    patient = Patient.treated()
    first = patient.record("progressed", progressed_on="2024-03-01", basis="clinical")
    second = patient.correct(first, "progressed", progressed_on="2024-04-01", basis="clinical")
    void = patient.void(second)
    assert patient.history.progressed_on is None
    assert superseded_by(patient.facts) == {first: second, second: void}


def test_what_is_taken_back_can_be_recorded_again() -> None:
    patient = Patient()
    start = patient.record("treatment_started", first_dose_on="2024-01-05")
    patient.void(start)
    assert patient.history.begun is False
    patient.record("treatment_started", first_dose_on="2024-01-07")
    assert patient.history.c1d1 == day("2024-01-07")


def test_treatment_restarts_by_voiding_its_end_and_holding_for_the_gap() -> None:
    patient = Patient.treated()
    end = patient.end_treatment("2024-02-01")
    patient.void(end)
    patient.record("hold_started", from_on="2024-02-02", resumes_on="2024-02-10")
    seen = patient.on("2024-02-12")
    assert seen["treatment"]["ended"] is None
    assert (seen.status("2024-02-09"), seen.status("2024-02-10")) == ("held", "unrecorded")


def test_a_corrected_enrolment_moves_what_is_counted_from_it() -> None:
    patient = Patient.treated()
    patient.correct(
        "enrolment",
        "enrolled",
        enrolled_on="2024-01-04",
        planned_first_dose_on="2024-01-04",
    )
    assert patient.on("2024-02-01").targets("imaging")["imaging-w6"] == "2024-02-15"


# Doses: of several records of a day the latest received counts.


def test_a_later_record_of_a_day_corrects_the_earlier() -> None:
    patient = Patient.treated()
    patient.take("2024-01-10", amount=250)
    patient.miss("2024-01-10")
    assert patient.on("2024-01-12").status("2024-01-10") == "missed"
    patient.take("2024-01-10", amount=200)
    assert patient.on("2024-01-12").doses["2024-01-10"]["taken_amount"] == 200
    assert [*patient.history.log("").taken(date.min, date.max)] == [(day("2024-01-10"), 200)]
    assert [*patient.history.log("").missed(date.min, date.max)] == []


def test_a_corrected_record_counts_as_the_latest() -> None:
    patient = Patient.treated()
    first = patient.record("dose_recorded", dose_on="2024-01-10", status="taken")
    patient.miss("2024-01-10")
    patient.correct(first, "dose_recorded", dose_on="2024-01-10", status="taken", amount=200)
    assert patient.on("2024-01-12").doses["2024-01-10"]["taken_amount"] == 200


def test_a_correction_can_move_a_record_to_another_day() -> None:
    patient = Patient.treated()
    record = patient.record("dose_recorded", dose_on="2024-01-10", status="taken")
    patient.correct(record, "dose_recorded", dose_on="2024-01-11", status="taken")
    seen = patient.on("2024-01-12")
    assert (seen.status("2024-01-10"), seen.status("2024-01-11")) == ("unrecorded", "taken")


def test_voiding_the_later_record_leaves_the_earlier() -> None:
    patient = Patient.treated()
    patient.record("dose_recorded", dose_on="2024-01-10", status="taken")
    later = patient.record("dose_recorded", dose_on="2024-01-10", status="missed")
    patient.void(later)
    assert patient.on("2024-01-12").status("2024-01-10") == "taken"


def test_voiding_all_records_of_a_day_leaves_it_unrecorded() -> None:
    patient = Patient.treated()
    records = [patient.record("dose_recorded", dose_on="2024-01-10", status=s) for s in ("taken", "missed", "taken")]
    for record in records:
        patient.void(record)
    assert patient.on("2024-01-12").status("2024-01-10") == "unrecorded"


def test_days_taken_are_in_order_of_days_however_they_arrive() -> None:
    patient = Patient()
    for dose_on in ("2024-01-12", "2024-01-08", "2024-01-10"):
        patient.take(dose_on)
    taken = [on for on, _ in patient.history.log("").taken(date.min, date.max)]
    assert taken == days("2024-01-08", "2024-01-10", "2024-01-12")
    assert (patient.history.c1d1, patient.history.last_dose_on) == (day("2024-01-08"), day("2024-01-12"))


def test_the_last_dose_goes_back_when_a_day_is_taken_back() -> None:
    patient = Patient.treated()
    patient.take("2024-01-10")
    late = patient.record("dose_recorded", dose_on="2024-01-20", status="taken")
    assert patient.history.last_dose_on == day("2024-01-20")
    patient.void(late)
    assert patient.history.last_dose_on == day("2024-01-10")


# Holds: a start and its end are one thing.


def test_an_end_closes_the_open_hold() -> None:
    patient = Patient.treated()
    patient.record("hold_started", from_on="2024-01-10", resumes_on="2024-01-12")
    patient.record("hold_started", from_on="2024-01-20")
    patient.record("hold_ended", resumes_on="2024-01-25")
    assert holds(patient) == [("2024-01-10", "2024-01-12"), ("2024-01-20", "2024-01-25")]


def test_voiding_the_start_of_a_hold_voids_its_end() -> None:
    patient = Patient.treated()
    start = patient.record("hold_started", from_on="2024-01-10")
    end = patient.record("hold_ended", resumes_on="2024-01-15")
    void = patient.void(start)
    assert holds(patient) == []
    assert superseded_by(patient.facts) == {start: void, end: void}
    patient.record("hold_started", from_on="2024-01-20")
    assert holds(patient) == [("2024-01-20", None)]


def test_voiding_the_end_of_a_hold_opens_it_again() -> None:
    patient = Patient.treated()
    patient.record("hold_started", from_on="2024-01-10")
    end = patient.record("hold_ended", resumes_on="2024-01-15")
    patient.void(end)
    assert holds(patient) == [("2024-01-10", None)]
    patient.record("hold_ended", resumes_on="2024-01-17")
    assert holds(patient) == [("2024-01-10", "2024-01-17")]


def test_a_corrected_start_keeps_the_end_of_its_hold() -> None:
    patient = Patient.treated()
    start = patient.record("hold_started", from_on="2024-01-10")
    end = patient.record("hold_ended", resumes_on="2024-01-15")
    again = patient.correct(start, "hold_started", from_on="2024-01-12")
    assert holds(patient) == [("2024-01-12", "2024-01-15")]
    void = patient.void(again)
    assert holds(patient) == []
    assert superseded_by(patient.facts)[end] == void


def test_a_corrected_start_of_an_open_hold_leaves_it_open() -> None:
    patient = Patient.treated()
    start = patient.record("hold_started", from_on="2024-01-10")
    patient.correct(start, "hold_started", from_on="2024-01-12")
    patient.record("hold_ended", resumes_on="2024-01-15")
    assert holds(patient) == [("2024-01-12", "2024-01-15")]


def test_a_corrected_start_that_says_when_dosing_resumes_needs_no_end() -> None:
    patient = Patient.treated()
    start = patient.record("hold_started", from_on="2024-01-10")
    end = patient.record("hold_ended", resumes_on="2024-01-15")
    again = patient.correct(start, "hold_started", from_on="2024-01-10", resumes_on="2024-01-13")
    assert holds(patient) == [("2024-01-10", "2024-01-13")]
    assert superseded_by(patient.facts) == {start: again, end: again}


def test_a_correction_that_says_so_leaves_the_hold_without_an_end_until_one_is_recorded() -> None:
    patient = Patient.treated()
    start = patient.record("hold_started", from_on="2024-01-10", resumes_on="2024-01-15")
    again = patient.correct(start, "hold_started", from_on="2024-01-10", no_end=True)
    assert holds(patient) == [("2024-01-10", None)]
    patient.correct(again, "hold_started", from_on="2024-01-11")
    assert holds(patient) == [("2024-01-11", None)]
    end = patient.record("hold_ended", resumes_on="2024-01-20")
    assert holds(patient) == [("2024-01-11", "2024-01-20")]
    last = patient.correct(patient.facts[-2].fact_id, "hold_started", from_on="2024-01-11", no_end=True)
    assert holds(patient) == [("2024-01-11", None)]
    assert superseded_by(patient.facts)[end] == last


def test_a_corrected_end_closes_the_same_hold() -> None:
    patient = Patient.treated()
    patient.record("hold_started", from_on="2024-01-10")
    end = patient.record("hold_ended", resumes_on="2024-01-15")
    patient.record("hold_started", from_on="2024-01-20")
    patient.correct(end, "hold_ended", resumes_on="2024-01-18")
    assert holds(patient) == [("2024-01-10", "2024-01-18"), ("2024-01-20", None)]


def test_a_corrected_start_keeps_the_day_of_resumption_that_it_was_recorded_with() -> None:
    patient = Patient.treated()
    start = patient.record("hold_started", from_on="2024-01-10", resumes_on="2024-01-15")
    again = patient.correct(start, "hold_started", from_on="2024-01-12")
    assert holds(patient) == [("2024-01-12", "2024-01-15")]
    once_more = patient.correct(again, "hold_started", from_on="2024-01-11")
    assert holds(patient) == [("2024-01-11", "2024-01-15")]
    last = patient.correct(once_more, "hold_started", from_on="2024-01-11", resumes_on="2024-01-13")
    assert holds(patient) == [("2024-01-11", "2024-01-13")]
    patient.void(last)
    assert holds(patient) == []


def test_an_end_on_record_stands_over_a_start_that_is_corrected_again_and_again() -> None:
    patient = Patient.treated()
    start = patient.record("hold_started", from_on="2024-01-10")
    end = patient.record("hold_ended", resumes_on="2024-01-15")
    again = patient.correct(start, "hold_started", from_on="2024-01-12")
    patient.correct(again, "hold_started", from_on="2024-01-11")
    assert holds(patient) == [("2024-01-11", "2024-01-15")]
    patient.void(patient.correct(end, "hold_ended", resumes_on="2024-01-18"))
    assert holds(patient) == [("2024-01-11", None)]


def test_a_corrected_start_after_the_day_of_resumption_is_a_conflict() -> None:
    patient = Patient.treated()
    start = patient.record("hold_started", from_on="2024-01-10", resumes_on="2024-01-15")
    with pytest.raises(Conflict):
        patient.correct(start, "hold_started", from_on="2024-01-15")
    assert holds(patient) == [("2024-01-10", "2024-01-15")]


def test_an_end_cannot_be_voided_once_a_later_hold_began() -> None:
    patient = Patient.treated()
    patient.record("hold_started", from_on="2024-01-10")
    end = patient.record("hold_ended", resumes_on="2024-01-15")
    patient.record("hold_started", from_on="2024-01-20")
    with pytest.raises(Conflict):
        patient.void(end)
    assert holds(patient) == [("2024-01-10", "2024-01-15"), ("2024-01-20", None)]


def test_a_hold_may_start_on_the_day_another_resumes() -> None:
    patient = Patient.treated()
    patient.record("hold_started", from_on="2024-01-15", resumes_on="2024-01-20")
    patient.record("hold_started", from_on="2024-01-10", resumes_on="2024-01-15")
    assert holds(patient) == [("2024-01-10", "2024-01-15"), ("2024-01-15", "2024-01-20")]


# Bookings: one takes the place of another.


def booked(patient: Patient, booked_on: str | None) -> str:
    return patient.record("visit_booked", visit="imaging-w6", booked_on=booked_on)


def test_voiding_a_booking_that_took_the_place_of_another_leaves_none() -> None:
    patient = Patient.treated()
    booked(patient, "2024-02-12")
    patient.void(booked(patient, "2024-02-14"))
    assert patient.history.bookings == {}
    booked(patient, "2024-02-15")
    assert patient.history.bookings["imaging-w6"].booked_on == day("2024-02-15")


def test_voiding_a_corrected_booking_leaves_none() -> None:
    patient = Patient.treated()
    booked(patient, "2024-02-12")
    moved = booked(patient, "2024-02-14")
    patient.void(patient.correct(moved, "visit_booked", visit="imaging-w6", booked_on="2024-02-15"))
    assert patient.history.bookings == {}


def test_voiding_an_earlier_booking_leaves_the_later() -> None:
    patient = Patient.treated()
    first = booked(patient, "2024-02-12")
    booked(patient, "2024-02-14")
    patient.void(first)
    assert patient.history.bookings["imaging-w6"].booked_on == day("2024-02-14")


def test_voiding_a_cancellation_brings_the_booking_back() -> None:
    patient = Patient.treated()
    booked(patient, "2024-02-12")
    patient.void(booked(patient, None))
    assert patient.history.bookings["imaging-w6"].booked_on == day("2024-02-12")


# What a moment knew.


def test_the_facts_recorded_until_a_moment_give_what_was_known_then() -> None:
    patient = Patient.treated(builtin())
    known: list[tuple[list[Fact], dict[str, object]]] = []
    scan = patient.scan("2024-02-14")
    known.append((list(patient.facts), patient.on("2024-03-01").document))
    patient.correct(scan, "visit_done", series="imaging", done_on="2024-02-16", visit=None, response="PD")
    known.append((list(patient.facts), patient.on("2024-03-01").document))
    patient.void(patient.facts[-1].fact_id)
    for facts, document in known:
        patient.history = fold(facts)
        assert patient.on("2024-03-01").document == document


class TestOfOneDay:
    """Of two facts of one day the later stands; a correction of the earlier, with the same day, changes nothing."""

    def test_amounts(self) -> None:
        patient = Patient.treated()
        first = patient.record("dose_changed", from_on="2024-02-01", amount=250, reason="rash")
        patient.record("dose_changed", from_on="2024-02-01", amount=200)
        second = patient.correct(first, "dose_changed", from_on="2024-02-01", amount=250, reason="fever")
        assert patient.on("2024-02-01").doses["2024-02-01"]["amount"] == 200
        # The correction of a correction is of that day too.
        third = patient.correct(second, "dose_changed", from_on="2024-02-01", amount=250, reason="rash")
        assert patient.on("2024-02-01").doses["2024-02-01"]["amount"] == 200
        # With another day it is a change of its own.
        patient.correct(third, "dose_changed", from_on="2024-02-02", amount=250)
        seen = patient.on("2024-02-02")
        assert [seen.doses[on]["amount"] for on in ("2024-02-01", "2024-02-02")] == [200, 250]

    def test_arms(self) -> None:
        patient = Patient.treated(protocol(arms=[{"id": "a", "label": "A"}, {"id": "b", "label": "B"}]))
        first = patient.record("arm_assigned", arm="a", on="2024-02-01")
        patient.record("arm_assigned", arm="b", on="2024-02-01")
        patient.correct(first, "arm_assigned", arm="a", on="2024-02-01")
        assert patient.history.arm_on(day("2024-02-01")) == "b"

    def test_cohorts(self) -> None:
        patient = Patient.treated(protocol(cohorts=[{"id": "pk", "label": "PK"}]))
        first = patient.record("cohort_changed", cohort="pk", member=True, from_on="2024-02-01")
        patient.record("cohort_changed", cohort="pk", member=False, from_on="2024-02-01")
        patient.correct(first, "cohort_changed", cohort="pk", member=True, from_on="2024-02-01")
        assert patient.history.cohorts_on(day("2024-02-01")) == frozenset()

    def test_fertility(self) -> None:
        patient = Patient.treated()
        sterile = {"fertility": "not_fertile", "basis": "sterilisation", "from_on": "2024-02-01"}
        first = patient.record("fertility_changed", **sterile)
        patient.record("fertility_changed", fertility="fertile", basis=None, from_on="2024-02-01")
        patient.correct(first, "fertility_changed", **sterile)
        assert patient.history.is_fertile(day("2024-02-01"))

    def test_amendments(self) -> None:
        patient = Patient.treated(*(protocol(version=number) for number in (1, 2, 3)))
        first = patient.record("protocol_amended", version=2, from_on="2024-02-01")
        patient.record("protocol_amended", version=3, from_on="2024-02-01")
        patient.correct(first, "protocol_amended", version=2, from_on="2024-02-01")
        assert patient.on("2024-02-01")["protocol"]["version"] == 3
