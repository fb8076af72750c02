"""Contraception (rules, section 6). First dose 2024-01-05 unless said otherwise; 6 months."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from .patients import Patient, builtin, plain, protocol


def seen(patient: Patient, today: str) -> dict[str, Any]:
    return patient.on(today)["contraception"]


def status(patient: Patient, today: str) -> str:
    return seen(patient, today)["status"]


def through(patient: Patient, today: str = "2024-06-01") -> str | None:
    return seen(patient, today)["through_on"]


def not_fertile(patient: Patient, from_on: str) -> str:
    return patient.record("fertility_changed", fertility="not_fertile", basis="sterilisation", from_on=from_on)


def fertile(patient: Patient, from_on: str) -> str:
    return patient.record("fertility_changed", fertility="fertile", from_on=from_on, basis=None)


def test_a_patient_fertile_on_no_day_needs_none() -> None:
    patient = Patient.treated(fertility="not_fertile", basis="natural_menopause")
    found = seen(patient, "2024-02-01")
    assert (found["status"], found["from_on"], found["through_on"]) == ("not_required", None, None)
    assert "natural_menopause" in plain(found["because"])


def test_it_is_required_from_enrolment_on() -> None:
    patient = Patient(builtin(), planned_first_dose_on="2024-01-05")
    assert seen(patient, "2024-01-03")["from_on"] == "2024-01-03"
    assert status(patient, "2024-01-03") == "required"


def test_while_treatment_goes_on_only_the_earliest_end_is_known() -> None:
    patient = Patient.treated()
    patient.take("2024-02-01")
    found = seen(patient, "2024-02-20")
    assert (found["through_on"], found["earliest_through_on"], found["provisional"]) == (None, "2024-08-20", False)
    # Seen from before the last dose, that counts.
    assert seen(patient, "2024-01-20")["earliest_through_on"] == "2024-08-01"


def test_after_treatment_the_earliest_end_is_the_end() -> None:
    patient = Patient.treated()
    patient.end_treatment("2024-03-15", decided_on="2024-03-20")
    found = seen(patient, "2024-04-01")
    assert (found["through_on"], found["earliest_through_on"]) == ("2024-09-15", None)


def test_the_last_dose_is_the_latest_of_start_days_taken_and_recorded_end() -> None:
    patient = Patient.treated()
    patient.take("2024-03-17")
    patient.end_treatment("2024-03-15", decided_on="2024-03-20")
    assert through(patient) == "2024-09-17"
    only_started = Patient.treated()
    only_started.record("study_ended", ended_on="2024-03-01", reason="withdrawal")
    assert through(only_started) == "2024-09-01"


def test_missed_days_are_no_doses() -> None:
    patient = Patient.treated()
    patient.end_treatment("2024-03-15")
    patient.miss("2024-03-18")
    assert through(patient) == "2024-09-15"


def test_the_end_of_the_study_stands_for_the_last_dose_and_is_provisional() -> None:
    patient = Patient.treated()
    patient.take("2024-03-01")
    patient.record("study_ended", ended_on="2024-05-20", reason="lost_to_follow_up")
    found = seen(patient, "2024-06-01")
    assert (found["through_on"], found["provisional"]) == ("2024-11-20", True)
    patient.end_treatment("2024-03-02", decided_on="2024-05-20")
    found = seen(patient, "2024-06-01")
    assert (found["through_on"], found["provisional"]) == ("2024-09-02", False)


@pytest.mark.parametrize(
    ("ends", "through_on"),
    [
        ([("treatment_ended", {"last_dose_on": None, "decided_on": "2024-01-10", "reason": "other"})], "2024-01-09"),
        (
            [
                ("treatment_ended", {"last_dose_on": None, "decided_on": "2024-01-10", "reason": "other"}),
                ("study_ended", {"ended_on": "2024-01-12", "reason": "withdrawal"}),
            ],
            "2024-01-09",
        ),
        (
            [
                ("treatment_ended", {"last_dose_on": None, "decided_on": "2024-01-14", "reason": "other"}),
                ("study_ended", {"ended_on": "2024-01-12", "reason": "withdrawal"}),
            ],
            "2024-01-11",
        ),
    ],
)
def test_who_was_never_dosed_by_the_end_of_treatment_is_released_when_treatment_or_study_ends(
    ends: list[Any], through_on: str
) -> None:
    patient = Patient(builtin(), planned_first_dose_on="2024-01-05")
    for kind, data in ends:
        patient.record(kind, **data)
    assert (through(patient), seen(patient, "2024-02-01")["provisional"]) == (through_on, False)
    assert status(patient, through_on) == "required"
    assert status(patient, "2024-01-14") == "released"


def test_who_was_never_recorded_is_not_taken_for_never_dosed() -> None:
    patient = Patient(builtin(), planned_first_dose_on="2024-01-05")
    lost = patient.record("study_ended", ended_on="2024-05-20", reason="lost_to_follow_up")
    found = seen(patient, "2024-06-01")
    assert (found["status"], found["through_on"], found["provisional"]) == ("required", "2024-11-20", True)
    assert found["because"] == "study ended 2024-05-20, end of treatment not recorded + 6 months"
    patient.end_treatment(None, decided_on="2024-05-20")
    assert (status(patient, "2024-06-01"), through(patient)) == ("released", "2024-05-19")
    patient.void(lost)
    assert through(patient) == "2024-05-19"


def test_an_unknown_last_dose_is_at_the_earliest_the_decision_and_provisional() -> None:
    patient = Patient.treated()
    patient.take("2024-03-01")
    end = patient.end_treatment("unknown", decided_on="2024-03-20")
    found = seen(patient, "2024-06-01")
    assert (found["through_on"], found["provisional"]) == ("2024-09-20", True)
    assert found["because"] == "last dose not known, treatment ended 2024-03-20 + 6 months"
    # A dose that was taken later may not have been the last.
    late = patient.record("dose_recorded", dose_on="2024-03-25", status="taken", amount=300)
    found = seen(patient, "2024-06-01")
    assert (found["through_on"], found["provisional"]) == ("2024-09-25", True)
    patient.void(late)
    patient.correct(end, "treatment_ended", last_dose_on="2024-03-18", decided_on="2024-03-20", reason="intolerance")
    found = seen(patient, "2024-06-01")
    assert (found["through_on"], found["provisional"]) == ("2024-09-18", False)


@pytest.mark.parametrize(
    ("reported", "received", "stands_for", "through_on"),
    [
        ("2024-08", "2024-10-02", "2024-08-31", "2025-02-28"),
        # It cannot have been after the day on which it was received.
        ("2024-08", "2024-08-20", "2024-08-20", "2025-02-20"),
        ("2024", "2024-10-02", "2024-10-02", "2025-04-02"),
    ],
)
def test_a_partial_last_dose_stands_for_the_last_of_its_days(
    reported: str, received: str, stands_for: str, through_on: str
) -> None:
    patient = Patient.treated()
    now = datetime.fromisoformat(f"{received}T12:00:00+00:00")
    data = {"last_dose_on": reported, "decided_on": received, "reason": "other"}
    patient.record("treatment_ended", now=now, **data)
    found = seen(patient, "2024-11-01")
    assert (found["through_on"], found["provisional"]) == (through_on, True)
    assert found["because"] == f"last dose {reported}, taken as {stands_for} + 6 months"


def test_a_partial_day_is_not_after_death() -> None:
    patient = Patient.treated()
    patient.record("study_ended", ended_on="2024-08-15", reason="death")
    patient.end_treatment("2024-08", decided_on="2024-08-15", reason="death")
    assert patient.on("2024-09-01")["treatment"]["last_dose_on"] == "2024-08-15"


def test_a_patient_never_dosed_whose_treatment_goes_on_is_not_released() -> None:
    patient = Patient(builtin(), planned_first_dose_on="2024-01-05")
    found = seen(patient, "2024-01-20")
    assert (found["status"], found["through_on"], found["earliest_through_on"]) == ("required", None, "2024-07-20")


def test_who_becomes_not_fertile_is_released_that_day_even_after_treatment() -> None:
    patient = Patient.treated()
    patient.end_treatment("2024-03-15")
    not_fertile(patient, "2024-07-10")
    assert through(patient) == "2024-07-09"
    assert (status(patient, "2024-07-09"), status(patient, "2024-07-10")) == ("required", "released")


def test_becoming_not_fertile_after_the_end_changes_nothing() -> None:
    patient = Patient.treated()
    patient.end_treatment("2024-03-15")
    not_fertile(patient, "2024-10-10")
    assert through(patient) == "2024-09-15"


def test_who_becomes_fertile_later_is_required_from_then_on() -> None:
    patient = Patient.treated(fertility="not_fertile", basis="sterilisation")
    fertile(patient, "2024-02-10")
    patient.end_treatment("2024-03-15")
    assert (status(patient, "2024-02-09"), status(patient, "2024-02-10")) == ("released", "required")
    assert through(patient) == "2024-09-15"


def test_who_is_fertile_again_is_required_again() -> None:
    patient = Patient.treated()
    not_fertile(patient, "2024-02-01")
    fertile(patient, "2024-03-01")
    patient.end_treatment("2024-03-15")
    days = ["2024-01-31", "2024-02-01", "2024-02-29", "2024-03-01", "2024-09-15", "2024-09-16"]
    assert [status(patient, day) for day in days] == [
        "required",
        "released",
        "released",
        "required",
        "required",
        "released",
    ]


def test_of_changes_from_one_day_the_later_recorded_counts() -> None:
    patient = Patient.treated()
    not_fertile(patient, "2024-02-01")
    fertile(patient, "2024-02-01")
    assert status(patient, "2024-02-01") == "required"
    not_fertile(patient, "2024-01-03")
    fertile(patient, "2024-01-03")
    assert status(patient, "2024-01-03") == "required"


def test_not_fertile_from_enrolment_on_by_a_change_is_fertile_on_no_day() -> None:
    patient = Patient.treated()
    not_fertile(patient, "2024-01-03")
    assert status(patient, "2024-02-01") == "not_required"


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("study_ended", {"ended_on": "2024-05-20", "reason": "death"}),
        ("treatment_ended", {"last_dose_on": "2024-05-01", "decided_on": "2024-05-20", "reason": "death"}),
    ],
)
def test_death_releases_from_its_date(kind: str, data: dict[str, str]) -> None:
    patient = Patient.treated()
    patient.record(kind, **data)
    found = seen(patient, "2024-06-01")
    assert (found["through_on"], found["provisional"]) == ("2024-05-19", False)
    assert (status(patient, "2024-05-19"), status(patient, "2024-05-20")) == ("required", "released")


def test_death_after_the_end_changes_nothing() -> None:
    patient = Patient.treated()
    patient.end_treatment("2024-03-15")
    patient.record("study_ended", ended_on="2024-10-20", reason="death")
    assert through(patient) == "2024-09-15"


@pytest.mark.parametrize(
    ("last_dose_on", "through_on"),
    [
        # Version 2, of 9 months, applies from 2024-02-01, and version 3, of 3 months, from 2024-03-01.
        ("2024-01-31", "2024-10-31"),
        ("2024-02-20", "2024-11-20"),
        ("2024-03-10", "2024-12-10"),
    ],
)
def test_after_amendments_the_longest_months_in_force_while_it_is_required_count(
    last_dose_on: str, through_on: str
) -> None:
    patient = Patient.treated(protocol(), protocol(version=2, months=9), protocol(version=3, months=3))
    patient.record("protocol_amended", version=2, from_on="2024-02-01")
    patient.record("protocol_amended", version=3, from_on="2024-03-01")
    patient.end_treatment(last_dose_on)
    assert through(patient) == through_on


def test_an_amendment_in_follow_up_makes_contraception_longer_and_not_shorter() -> None:
    patient = Patient.treated(protocol(), protocol(version=2, months=9), protocol(version=3, months=3))
    patient.end_treatment("2024-03-15")
    assert through(patient) == "2024-09-15"
    later = patient.record("protocol_amended", version=2, from_on="2024-09-16")
    assert through(patient) == "2024-09-15"
    patient.correct(later, "protocol_amended", version=2, from_on="2024-09-15")
    assert through(patient) == "2024-12-15"
    patient.record("protocol_amended", version=3, from_on="2024-10-01")
    assert through(patient) == "2024-12-15"


@pytest.mark.parametrize(
    ("from_on", "status_on_1_april", "from_enrolment", "through_on"),
    [
        # In force on the day of the last dose: required since the rule begins, for 9 months after that dose.
        ("2024-03-15", "required", "2024-01-03", "2024-12-15"),
        # A day later: treatment is over, and nothing was required of the patient.
        ("2024-03-16", "not_required", None, None),
    ],
)
def test_rules_that_come_with_an_amendment_count_from_before_the_last_dose_only(
    from_on: str, status_on_1_april: str, from_enrolment: str | None, through_on: str | None
) -> None:
    patient = Patient.treated(protocol(contraception=[]), protocol(version=2, months=9))
    patient.record("protocol_amended", version=2, from_on=from_on)
    # While treatment goes on, the version that is to come counts.
    assert (status(patient, "2024-03-01"), seen(patient, "2024-03-01")["from_on"]) == ("required", "2024-01-03")
    patient.end_treatment("2024-03-15")
    found = seen(patient, "2024-04-01")
    assert (found["status"], found["from_on"], found["through_on"]) == (status_on_1_april, from_enrolment, through_on)
    if through_on is None:
        assert plain(found["because"]) == "the protocol asks this patient for none"


def test_a_version_in_force_only_while_the_patient_was_not_fertile_does_not_count() -> None:
    patient = Patient.treated(protocol(), protocol(version=2, months=9), protocol(version=3, months=3))
    not_fertile(patient, "2024-02-01")
    patient.record("protocol_amended", version=2, from_on="2024-02-01")
    fertile(patient, "2024-03-01")
    patient.record("protocol_amended", version=3, from_on="2024-03-01")
    patient.end_treatment("2024-03-15")
    assert through(patient) == "2024-09-15"


@pytest.mark.parametrize("of", [None, ["surufatinib"]])
def test_a_first_dose_on_record_counts_though_treatment_was_said_to_end_without_one(of: list[str] | None) -> None:
    rule = {"after_last_dose": {"months": 6}, **({"of": of} if of else {})}
    patient = Patient(protocol(contraception=[rule]), enrolled_on="2024-01-03")
    patient.record("treatment_ended", last_dose_on=None, decided_on="2024-01-03", reason="withdrawal")
    assert status(patient, "2024-01-04") in ("released", "not_required")
    patient.record("treatment_started", first_dose_on="2024-01-04")
    assert (status(patient, "2024-01-05"), through(patient)) == ("required", "2024-07-04")


@pytest.mark.parametrize("of", [None, ["surufatinib"]])
def test_of_one_drug_or_of_all_who_left_before_the_planned_first_dose_is_released_from_that(
    of: list[str] | None,
) -> None:
    rule = {"after_last_dose": {"months": 6}, "from": "first_dose", **({"of": of} if of else {})}
    patient = Patient(protocol(contraception=[rule]), planned_first_dose_on="2024-01-20")
    patient.record("treatment_ended", last_dose_on=None, decided_on="2024-01-10", reason="withdrawal")
    assert [status(patient, on) for on in ("2024-01-09", "2024-01-19", "2024-01-20")] == [
        *("not_required", "not_required", "released"),
    ]


class TestFertileAgainAfterTheEnd:
    """Six months after 2024-03-15 end on 15 September, the nine of version 2, from 1 October, on 15 December."""

    @staticmethod
    def of(not_fertile_from: str | None, fertile_from: str, amended_from: str = "2024-10-01") -> Patient:
        patient = Patient.treated(protocol(), protocol(version=2, months=9))
        patient.end_treatment("2024-03-15")
        if not_fertile_from is not None:
            not_fertile(patient, not_fertile_from)
        fertile(patient, fertile_from)
        patient.record("protocol_amended", version=2, from_on=amended_from)
        return patient

    def test_whom_nobody_released_is_required_by_the_version_of_that_day(self) -> None:
        patient = self.of("2024-07-01", "2024-11-01")
        days = ["2024-06-30", "2024-07-01", "2024-10-31", "2024-11-01", "2024-12-15", "2024-12-16"]
        assert [status(patient, day) for day in days] == [
            *("required", "released", "released"),
            *("required", "required", "released"),
        ]
        assert through(patient, "2024-11-01") == "2024-12-15"

    def test_so_is_who_was_never_fertile_before(self) -> None:
        patient = Patient.treated(
            protocol(), protocol(version=2, months=9), fertility="not_fertile", basis="natural_menopause"
        )
        patient.end_treatment("2024-03-15")
        fertile(patient, "2024-11-01")
        patient.record("protocol_amended", version=2, from_on="2024-10-01")
        assert (status(patient, "2024-11-01"), through(patient, "2024-11-01")) == ("required", "2024-12-15")

    def test_by_a_version_that_comes_while_she_is_fertile_she_is_not(self) -> None:
        """From 1 November on she was released: that version 2 applies from the 20th does not take it back."""
        patient = self.of("2024-07-01", "2024-11-01", amended_from="2024-11-20")
        assert [status(patient, day) for day in ("2024-11-01", "2024-11-20")] == ["released", "released"]
        assert through(patient, "2024-11-20") == "2024-09-15"

    def test_who_was_released_while_fertile_stays_released(self) -> None:
        """On 16 September she was fertile, and not from the 17th to the end of October."""
        patient = self.of("2024-09-17", "2024-11-01")
        assert (status(patient, "2024-11-01"), through(patient, "2024-11-01")) == ("released", "2024-09-15")
        patient = self.of("2024-09-16", "2024-11-01")
        assert (status(patient, "2024-11-01"), through(patient, "2024-11-01")) == ("required", "2024-12-15")

    def test_an_end_that_has_passed_asks_nothing(self) -> None:
        patient = self.of("2024-07-01", "2024-12-16")
        assert (status(patient, "2024-12-16"), through(patient, "2024-12-16")) == ("released", "2024-09-15")
        patient = self.of("2024-07-01", "2024-12-15")
        assert (status(patient, "2024-12-15"), status(patient, "2024-12-16")) == ("required", "released")

    def test_rules_that_come_first_with_that_version(self) -> None:
        """Until then nothing was required of anybody; of a patient who was fertile all the time nothing is."""
        patient = Patient.treated(protocol(contraception=[]), protocol(version=2, months=9))
        patient.end_treatment("2024-03-15")
        patient.record("protocol_amended", version=2, from_on="2024-10-01")
        assert status(patient, "2024-11-01") == "not_required"
        not_fertile(patient, "2024-03-16")
        fertile(patient, "2024-11-01")
        assert (status(patient, "2024-11-01"), through(patient, "2024-11-01")) == ("required", "2024-12-15")


def test_a_protocol_without_months_releases_the_day_after() -> None:
    patient = Patient.treated(protocol(months=0))
    patient.end_treatment("2024-03-15")
    assert through(patient) == "2024-03-15"
    assert status(patient, "2024-03-16") == "released"


def test_a_man_is_fertile_unless_recorded_otherwise() -> None:
    patient = Patient.treated(sex="male")
    patient.end_treatment("2024-03-15")
    assert through(patient) == "2024-09-15"
    assert (
        status(Patient.treated(sex="male", fertility="not_fertile", basis="sterilisation"), "2024-02-01")
        == "not_required"
    )
