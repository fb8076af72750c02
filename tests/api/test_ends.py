"""How a patient's story ends, over the API: days nobody knows exactly, death, and what is recorded too late."""

from __future__ import annotations

from typing import Any

import pytest
from service import Patient, Service, refused


@pytest.fixture
def patient(service: Service, patient: Patient) -> Patient:
    """The patient of the worked examples, seen from the autumn."""
    service.clock.set("2024-10-02T12:00:00+08:00")
    return patient


def end(patient: Patient, last_dose_on: str | None, reason: str = "other", decided_on: str = "2024-09-02") -> Any:
    return patient.record("treatment_ended", last_dose_on=last_dose_on, decided_on=decided_on, reason=reason)


def contraception(patient: Patient) -> dict[str, Any]:
    found: dict[str, Any] = patient.read("calendar")["contraception"]
    return found


def test_a_last_dose_of_which_only_the_month_is_known(patient: Patient) -> None:
    answer = end(patient, "2024-08")
    assert answer["fact"]["last_dose_on"] == "2024-08"
    treatment = patient.read("calendar")["treatment"]
    assert treatment["ended"] == {
        "last_dose_on": "2024-08-31",
        "decided_on": "2024-09-02",
        "reason": "other",
        "provisional": True,
    }
    found = contraception(patient)
    assert (found["through_on"], found["provisional"]) == ("2025-02-28", True)
    assert found["because"] == "last dose 2024-08, taken as 2024-08-31 + 6 months"


def test_a_last_dose_that_nobody_knows(patient: Patient) -> None:
    assert end(patient, "unknown")["fact"]["last_dose_on"] == "unknown"
    found = contraception(patient)
    assert (found["through_on"], found["provisional"]) == ("2025-03-02", True)


@pytest.mark.parametrize("text", ["2024-13", "2024-8", "24", "2024-11", "unknowable", ""])
def test_what_is_no_date_is_refused(patient: Patient, text: str) -> None:
    answer = patient.send("treatment_ended", last_dose_on=text, decided_on="2024-09-02", reason="other")
    refused(answer, 422, "/last_dose_on")


def test_who_left_left_on_a_day_unless_lost_or_dead(patient: Patient) -> None:
    refused(patient.send("study_ended", ended_on="2024-08", reason="completed"), 422, "/ended_on")
    answer = patient.record("study_ended", ended_on="2024-08", reason="lost_to_follow_up")
    assert answer["fact"]["ended_on"] == "2024-08"


def test_an_enrolment_is_not_corrected_to_after_a_month_for_which_something_is_on_record(patient: Patient) -> None:
    patient.record("progressed", progressed_on="2024-02", basis="clinical")
    _, enrolled, start, _ = patient.read("facts")["items"]
    patient.record("voided", voids=start["fact_id"], reason="never began")
    answer = patient.send("enrolled", enrolled_on="2024-03-01", replaces=enrolled["fact_id"], reason="typed wrong")
    assert "2024-02-29" in refused(answer, 422, "/enrolled_on")["errors"][0]["detail"]


def test_after_death_nothing_is_recorded_that_happened_later(patient: Patient) -> None:
    death = patient.record("study_ended", ended_on="2024-04-05", reason="death")["fact"]["fact_id"]
    later = {"last_dose_on": "2024-04-01", "decided_on": "2024-04-08", "reason": "death"}
    for kind, data, field in (
        ("visit_done", {"series": "imaging", "done_on": "2024-04-10"}, "done_on"),
        ("visit_booked", {"visit": "imaging-w18", "booked_on": "2024-05-10"}, "booked_on"),
        ("dose_recorded", {"dose_on": "2024-04-06", "status": "missed"}, "dose_on"),
        ("treatment_ended", later, "decided_on"),
    ):
        problem = refused(patient.send(kind, **data), 409, f"/{field}")
        assert death in problem["errors"][0]["detail"], kind
    # What lies before is recorded, and a death recorded with the wrong date can be corrected.
    patient.record("visit_done", series="imaging", done_on="2024-04-03", response="SD")
    patient.record(
        "study_ended", ended_on="2024-04-12", reason="death", replaces=death, correction_reason="date of certificate"
    )
    patient.record("visit_done", series="imaging", done_on="2024-04-12")


def test_an_end_before_what_is_on_record_warns_and_names_it(patient: Patient) -> None:
    patient.record("dose_recorded", dose_on="2024-08-20", status="taken", amount=300)
    patient.record("visit_done", series="imaging", done_on="2024-08-21")
    fact = {"ended_on": "2024-08-15", "reason": "withdrawal"}
    dry = patient.send("study_ended", dry_run=True, **fact).json
    answer = patient.record("study_ended", **fact)
    assert answer["warnings"] == dry["warnings"]
    (warning,) = answer["warnings"]
    assert (warning["code"], warning["detail"]) == ("records_after_end", "records after 2024-08-15: 2")
    assert warning["records"] == [
        {"kind": "dose_recorded", "on": "2024-08-20"},
        {"kind": "visit_done", "on": "2024-08-21"},
    ]
    assert end(patient, "2024-08-20", decided_on="2024-08-20")["warnings"] == []


def test_a_second_end_says_which_is_on_record(patient: Patient) -> None:
    first = end(patient, "2024-08-20", decided_on="2024-08-20")["fact"]["fact_id"]
    again = patient.send("treatment_ended", last_dose_on="2024-08-21", decided_on="2024-08-21", reason="other")
    assert first in refused(again, 409, "/kind")["errors"][0]["detail"]


def test_a_mans_treatment_does_not_end_for_pregnancy(service: Service) -> None:
    service.clock.set("2024-10-02T12:00:00+08:00")
    man = service.client("nurse").enrol(sex="male")
    man.record("treatment_started", first_dose_on="2024-01-05")
    fact = {"last_dose_on": "2024-03-01", "decided_on": "2024-03-01", "reason": "pregnancy"}
    refused(man.send("treatment_ended", **fact), 422, "/reason")
