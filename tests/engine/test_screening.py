"""Patients who are registered and not enrolled: visits and nothing else, and what enrolment then changes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from scheduler_api.engine.errors import Conflict, ValidationFailed
from scheduler_api.engine.worklist.worklist import worklist

from .patients import Patient, day, protocol, registration, series
from .test_refusals import refused

SCREENING = series("screening", "enrolment", first={"days": -14}, window=(7, 7))


@pytest.fixture
def patient() -> Patient:
    """The patient of the worked examples."""
    return Patient.treated()


def kinds(patient: Patient, today: str) -> list[str]:
    """The kinds of entry on the worklist of a day."""
    entries = worklist(
        patient.schedule(), patient.schedule().visits(day("2023-01-01"), day("2026-01-01")), *2 * [day(today)]
    )
    return [entry.kind for entry in entries]


def test_a_registered_patient_has_no_doses_no_cycles_and_no_contraception() -> None:
    patient = Patient.screened(consented_on="2024-01-02", planned_enrolment_on="2024-01-20")
    seen = patient.on("2024-03-01")
    assert (seen["status"], seen["doses"], seen["cycles"]) == ("screening", [], [])
    assert (seen["contraception"]["status"], seen["contraception"]["from_on"]) == ("not_required", None)
    assert seen["adherence"]["planned"] == 0
    assert seen["treatment"]["first_dose_on"] is None
    view = patient.view("2024-03-01")
    assert (view["status"], view["doses"], view["cycle"], view["unrecorded"]) == ("screening", [], None, [])
    assert kinds(patient, "2024-03-01") == []


def test_series_counted_from_enrolment_have_dates_once_it_is_planned() -> None:
    patient = Patient.screened(protocol(SCREENING))
    assert patient.on("2024-01-10")["visits"] == []
    patient = Patient.screened(protocol(SCREENING), planned_enrolment_on="2024-01-20")
    seen = patient.on("2024-01-10")
    assert seen.window("screening") == ("2023-12-30", "2024-01-06", "2024-01-13")
    assert seen.visits["screening"]["provisional"]
    assert seen.visits["screening"]["because"] == "planned enrolment 2024-01-20 - 14 days"
    days = ("2023-12-29", "2023-12-30", "2024-01-14", "2024-01-20", "2024-01-21")
    statuses = ["upcoming", "open", "overdue", "overdue", "missed"]
    assert [patient.on(today).status("screening") for today in days] == statuses


def test_what_aims_at_planned_enrolment_or_later_is_planned_once_the_patient_is_enrolled() -> None:
    visits = protocol(SCREENING, series("imaging", "enrolment", every={"weeks": 6}))
    patient = Patient.screened(visits, planned_enrolment_on="2024-01-20")
    assert [*patient.on("2024-06-01").visits] == ["screening"]
    assert [row["visit"] for row in patient.view("2024-01-06")["visits"]] == ["screening"]
    assert kinds(patient, "2024-06-01") == []
    patient.record("enrolled", enrolled_on="2024-01-20", planned_first_dose_on="2024-01-20")
    assert patient.on("2024-01-21").targets("imaging")["imaging-w6"] == "2024-03-02"


def test_what_is_not_planned_before_enrolment_is_not_the_next_of_its_series() -> None:
    """Labs 14, 7 and 0 days before 2024-01-20, ±1 day: that of the day itself waits for enrolment."""
    visits = protocol(series("lab", "enrolment", first={"days": -14}, every={"days": 7}, count=4, window=(1, 1)))
    patient = Patient.screened(visits, planned_enrolment_on="2024-01-20")
    for today in ("2024-01-15", "2024-01-19", "2024-01-25"):
        seen = patient.on(today)
        assert (seen.status("lab-d-14"), seen.status("lab-d-7")) == ("missed", "overdue")
        assert [row["visit"] for row in patient.view(today)["visits"]] == ["lab-d-7"]
    patient.record("enrolled", enrolled_on="2024-01-20", planned_first_dose_on="2024-01-20")
    assert patient.on("2024-01-18").status("lab-d-7") == "overdue"
    assert patient.on("2024-01-19").status("lab-d-7") == "missed"


def test_screening_may_hang_on_the_planned_first_dose_too() -> None:
    by_dose = protocol(series("screening", "first_dose", first={"days": -14}, window=(7, 7)))
    patient = Patient.screened(by_dose, planned_enrolment_on="2024-01-20")
    assert patient.on("2024-01-10").window("screening")[1] == "2024-01-06"
    patient.record("enrolled", enrolled_on="2024-01-22", planned_first_dose_on="2024-01-24")
    assert patient.on("2024-01-10").window("screening")[1] == "2024-01-10"


def test_a_visit_without_a_date_is_recorded_by_name_and_finds_its_place_at_enrolment() -> None:
    patient = Patient.screened(protocol(SCREENING))
    patient.record("visit_done", series="screening", visit="screening", done_on="2024-01-05")
    (row,) = patient.on("2024-01-10")["unscheduled"]
    assert (row["visit"], row["done_on"]) == ("screening", "2024-01-05")
    patient.record("enrolled", enrolled_on="2024-01-20", planned_first_dose_on="2024-01-20")
    seen = patient.on("2024-01-21")
    assert seen["unscheduled"] == []
    assert (seen.status("screening"), seen.visits["screening"]["days_off"]) == ("done", 0)


def test_screening_is_on_the_worklist_before_enrolment() -> None:
    patient = Patient.screened(protocol(SCREENING), consented_on="2024-01-08", planned_enrolment_on="2024-01-20")
    assert kinds(patient, "2024-01-07") == []
    assert kinds(patient, "2024-01-08") == ["visit_to_book"]
    assert kinds(patient, "2024-01-15") == ["visit_overdue"]
    assert kinds(patient, "2024-01-21") == []


def test_enrolment_makes_the_patient_one_like_any_other() -> None:
    patient = Patient.screened(consented_on="2023-12-20")
    patient.record("enrolled", enrolled_on="2024-01-03", planned_first_dose_on="2024-01-05")
    patient.record("treatment_started", first_dose_on="2024-01-05")
    like = Patient.treated(consented_on="2023-12-20", planned_first_dose_on="2024-01-05")
    assert patient.history == like.history
    statuses = [patient.on(today)["status"] for today in ("2024-01-02", "2024-01-03", "2024-01-05")]
    assert statuses == ["screening", "enrolled", "on_treatment"]


@pytest.mark.parametrize(
    ("kind", "data", "pointer"),
    [
        ("dose_recorded", {"dose_on": "2024-01-05", "status": "taken", "amount": 300}, "/dose_on"),
        ("dose_recorded", {"dose_on": "2024-01-05", "status": "missed"}, "/dose_on"),
        ("treatment_started", {"first_dose_on": "2024-01-05"}, "/first_dose_on"),
        ("hold_started", {"from_on": "2024-01-05"}, "/from_on"),
        ("dose_changed", {"from_on": "2024-01-05", "amount": 200}, "/from_on"),
        ("treatment_ended", {"last_dose_on": None, "decided_on": "2024-01-05", "reason": "other"}, "/decided_on"),
    ],
)
def test_nothing_of_treatment_is_recorded_before_enrolment(kind: str, data: dict[str, Any], pointer: str) -> None:
    patient = Patient.screened()
    assert pointer in refused(lambda: patient.record(kind, **data))


def test_a_phone_cannot_say_that_a_dose_was_taken_before_enrolment_either() -> None:
    patient = Patient.screened()
    said_at = datetime(2024, 1, 5, 8, tzinfo=UTC)
    for to_confirm in (False, True):
        assert refused(
            lambda late=to_confirm: patient.say(
                dose_on="2024-01-05", status="taken", amount=300, said_at=said_at, to_confirm=late
            )
        ) == ["/dose_on"]


def test_a_second_enrolment_says_the_way_out(patient: Patient) -> None:
    with pytest.raises(Conflict, match="replaces"):
        patient.record("enrolled", enrolled_on="2024-01-04", planned_first_dose_on="2024-01-04")


def test_enrolment_is_not_more_than_a_year_after_what_was_done_for_it() -> None:
    patient = Patient.screened(protocol(SCREENING))
    patient.record("visit_done", series="screening", done_on="2023-01-04")
    assert refused(
        lambda: patient.record("enrolled", enrolled_on="2024-01-05", planned_first_dose_on="2024-01-05")
    ) == ["/enrolled_on"]
    patient.record("enrolled", enrolled_on="2024-01-04", planned_first_dose_on="2024-01-04")


def test_a_pregnancy_reported_during_screening_keeps_nobody_from_enrolling() -> None:
    patient = Patient.screened(sex="male")
    patient.record("pregnancy_reported", reported_on="2024-01-02", of="partner")
    patient.record("enrolled", enrolled_on="2024-01-03", planned_first_dose_on="2024-01-03")
    assert patient.on("2024-01-03")["status"] == "enrolled"


def test_of_a_pregnancy_during_screening_only_the_outcome_is_asked() -> None:
    patient = Patient.screened()
    patient.record("pregnancy_reported", reported_on="2024-01-02", of="patient")
    visits = patient.schedule().visits(day("2023-01-01"), day("2026-01-01"))
    (entry,) = worklist(patient.schedule(), visits, day("2024-01-10"), day("2024-01-10"))
    assert (entry.kind, [call.fact["kind"] for call in entry.resolve_with]) == ("pregnancy", ["pregnancy_closed"])


# Consent.


def test_a_visit_before_consent_warns() -> None:
    patient = Patient.screened(protocol(SCREENING), consented_on="2024-01-08")
    patient.record("visit_done", series="screening", done_on="2024-01-07")
    (warning,) = patient.warned()
    assert warning == {
        "code": "before_consent",
        "detail": "done 2024-01-07, before consent 2024-01-08",
        "records": [{"kind": "visit_done", "on": "2024-01-07"}],
    }
    patient.record("visit_done", series="screening", done_on="2024-01-08")
    assert patient.warned() == []


def test_consent_and_planned_enrolment_can_be_filled_in_without_a_reason(patient: Patient) -> None:
    consented = registration(consented_on="2023-12-20")
    again = patient.correct("registration", "registered", why=None, **consented)
    assert patient.history.registered.consented_on == day("2023-12-20")
    other = registration(consented_on="2023-12-21")
    assert refused(lambda: patient.correct(again, "registered", why=None, **other)) == ["/reason"]


# Screen failures.


def test_a_screen_failure_has_nothing_to_do() -> None:
    patient = Patient.screened(protocol(SCREENING), consented_on="2024-05-01", planned_enrolment_on="2024-06-01")
    patient.record("study_ended", ended_on="2024-05-20", reason="screen_failure")
    seen = patient.on("2024-06-10", "2024-01-01", "2025-12-31")
    assert (seen["status"], seen["doses"], seen["contraception"]["status"]) == ("off_study", [], "released")
    assert seen["contraception"]["because"] == "never enrolled; study ended 2024-05-20"
    assert seen.status("screening") == "not_required"
    assert [patient.on(today)["contraception"]["status"] for today in ("2024-05-19", "2024-05-20")] == [
        "not_required",
        "released",
    ]
    for today in ("2024-05-20", "2024-06-10", "2024-07-30", "2025-01-01"):
        assert kinds(patient, today) == []
    assert not patient.history.may_be_contacted


def test_a_patient_who_was_dosed_is_no_screen_failure(patient: Patient) -> None:
    assert refused(lambda: patient.record("study_ended", ended_on="2024-05-20", reason="screen_failure"), Conflict) == [
        "/reason"
    ]


def test_after_a_screen_failure_staff_record_no_dose_and_no_enrolment() -> None:
    patient = Patient()
    failure = patient.record("study_ended", ended_on="2024-05-20", reason="screen_failure")
    for kind, data in (
        ("dose_recorded", {"dose_on": "2024-01-05", "status": "taken", "amount": 300}),
        ("treatment_started", {"first_dose_on": "2024-01-05"}),
    ):
        assert refused(lambda kind=kind, data=data: patient.record(kind, **data), Conflict) == ["/kind"]
    patient.void(failure)
    patient.record("treatment_started", first_dose_on="2024-01-05")
    never = Patient.screened()
    never.record("study_ended", ended_on="2024-05-20", reason="screen_failure")
    assert refused(
        lambda: never.record("enrolled", enrolled_on="2024-01-05", planned_first_dose_on="2024-01-05"), Conflict
    ) == ["/kind"]


def test_an_enrolled_patient_may_have_been_dosed_whatever_ended_the_study() -> None:
    """Only those who were never enrolled were surely never dosed."""
    patient = Patient()
    patient.record("study_ended", ended_on="2024-05-20", reason="screen_failure")
    seen = patient.on("2024-06-10")["contraception"]
    assert (seen["status"], seen["through_on"], seen["provisional"]) == ("required", "2024-11-20", True)
    assert kinds(patient, "2024-06-10") == ["treatment_end_missing"]


def test_death_during_screening_ends_all() -> None:
    patient = Patient.screened(planned_enrolment_on="2024-06-01")
    patient.record("study_ended", ended_on="2024-05-20", reason="death")
    assert patient.on("2024-06-10")["contraception"]["status"] == "released"
    with pytest.raises(ValidationFailed, match="After the death"):
        patient.record("enrolled", enrolled_on="2024-06-01", planned_first_dose_on="2024-06-01")
