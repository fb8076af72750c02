"""Doses that could hurt: whose word it is, and by which plan it is measured (rules, section 5)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from scheduler_api.engine.doses.off_plan import harmful_doses
from scheduler_api.engine.worklist.worklist import worklist

from .patients import Patient, day, plain


@pytest.fixture
def patient() -> Patient:
    """The patient of the worked examples, who took every dose through 2024-02-19."""
    patient = Patient.treated()
    patient.take("2024-01-05", "2024-02-19")
    return patient


def harms(patient: Patient) -> list[str]:
    """What could hurt, in words."""
    (plan,) = patient.schedule().treatment_plan.doses
    first, last = (datetime.fromisoformat(day).date() for day in ("2024-01-01", "2024-12-31"))
    return [str(plain(doses.because)) for doses in harmful_doses(plan, first, last)]


def deviations(patient: Patient) -> list[tuple[str, str]]:
    """The deviations of doses, by kind and day."""
    seen = patient.on("2024-02-28", "2024-02-01", "2024-02-28")
    return [(kind, on) for kind, on in seen.deviations() if kind.startswith("dose_")]


def instant(text: str) -> datetime:
    """The instant that a text with an offset names."""
    return datetime.fromisoformat(text)


HOLD = ("hold_started", {"from_on": "2024-02-20"})
REDUCTION = ("dose_changed", {"from_on": "2024-02-20", "amount": 200})


@pytest.mark.parametrize(("kind", "data"), [HOLD, REDUCTION])
def test_what_was_taken_before_a_hold_or_change_of_that_day_was_recorded_is_measured_by_the_plan_before(
    patient: Patient, kind: str, data: dict[str, Any]
) -> None:
    """At 08:00 she takes 300 mg; at 10:00 the site records a hold, or 200 mg, from that day."""
    patient.say(
        said_at=instant("2024-02-20T08:00+08:00"),
        now=instant("2024-02-20T08:01+08:00"),
        dose_on="2024-02-20",
        status="taken",
        amount=300,
    )
    patient.record(kind, now=instant("2024-02-20T10:00+08:00"), **data)
    assert (harms(patient), deviations(patient)) == ([], [])


@pytest.mark.parametrize(
    ("said_at", "recorded_at", "why"),
    [
        # After the hold was recorded.
        ("2024-02-20T11:00+08:00", "2024-02-20T10:00+08:00", "dose_while_held"),
        # The hold was recorded the day before, or the day after.
        ("2024-02-20T08:00+08:00", "2024-02-19T20:00+08:00", "dose_while_held"),
        ("2024-02-20T08:00+08:00", "2024-02-21T09:00+08:00", "dose_while_held"),
    ],
)
def test_otherwise_the_plan_of_the_day_counts(patient: Patient, said_at: str, recorded_at: str, why: str) -> None:
    said = {"dose_on": "2024-02-20", "status": "taken", "amount": 300}
    events = [
        (recorded_at, lambda: patient.record("hold_started", now=instant(recorded_at), from_on="2024-02-20")),
        (said_at, lambda: patient.say(said_at=instant(said_at), now=instant(said_at), **said)),
    ]
    for _, happens in sorted(events, key=lambda event: instant(event[0])):
        happens()
    assert deviations(patient) == [(why, "2024-02-20")]


def test_the_second_day_of_a_hold_is_no_first_day(patient: Patient) -> None:
    patient.record("hold_started", now=instant("2024-02-21T10:00+08:00"), from_on="2024-02-20")
    said = {"dose_on": "2024-02-21", "status": "taken", "amount": 300}
    patient.say(said_at=instant("2024-02-21T08:00+08:00"), now=instant("2024-02-21T12:00+08:00"), **said)
    assert deviations(patient) == [("dose_while_held", "2024-02-21")]


@pytest.mark.parametrize(("from_on", "expected"), [("2024-02-20", []), ("2024-02-19", ["2024-02-19", "2024-02-20"])])
def test_a_correction_with_the_same_day_counts_as_recorded_when_the_original_was(
    patient: Patient, from_on: str, expected: list[str]
) -> None:
    said = {"dose_on": "2024-02-20", "status": "taken", "amount": 300}
    patient.say(said_at=instant("2024-02-20T08:00+08:00"), now=instant("2024-02-20T08:01+08:00"), **said)
    hold = patient.record("hold_started", now=instant("2024-02-20T10:00+08:00"), from_on="2024-02-20")
    corrected = {"from_on": from_on, "reason": "fever"}
    patient.correct(hold, "hold_started", now=instant("2024-02-22T10:00+08:00"), **corrected)
    assert deviations(patient) == [("dose_while_held", day) for day in expected]


def test_after_a_rise_of_that_day_what_was_taken_before_it_was_too_much(patient: Patient) -> None:
    """From 2024-02-10 on 200 mg; on the 20th at 10:00 300 mg again, and she had taken 300 mg at 08:00."""
    patient = Patient.treated()
    patient.record("dose_changed", now=instant("2024-02-09T10:00+08:00"), from_on="2024-02-10", amount=200)
    said = {"dose_on": "2024-02-20", "status": "taken", "amount": 300}
    patient.say(said_at=instant("2024-02-20T08:00+08:00"), now=instant("2024-02-20T08:01+08:00"), **said)
    patient.record("dose_changed", now=instant("2024-02-20T10:00+08:00"), from_on="2024-02-20", amount=300)
    assert harms(patient) == ["on 2024-02-20: 300 mg taken where 200 mg were planned"]


class TestThePatientsWord:
    """What the patient says was taken could hurt also where another word stands."""

    SAID_AT = instant("2024-02-20T08:00+08:00")

    def say(self, patient: Patient, amount: float = 3000, **rest: Any) -> str:
        return patient.say(said_at=self.SAID_AT, dose_on="2024-02-20", status="taken", amount=amount, **rest)

    @pytest.mark.parametrize("staff", [{"status": "missed"}, {"status": "taken", "amount": 300}])
    def test_where_staff_say_otherwise(self, patient: Patient, staff: dict[str, Any]) -> None:
        self.say(patient)
        patient.record("dose_recorded", dose_on="2024-02-20", **staff)
        why = "on 2024-02-20: 3000 mg taken where 300 mg were planned, by the patient's word"
        assert harms(patient) == [why]
        assert ("dose_above_plan", "2024-02-20") in deviations(patient)
        (row,) = [one for one in patient.on("2024-02-28")["deviations"] if one["kind"] == "dose_above_plan"]
        assert (row["planned"], row["actual"]) == ("300 mg", "3000 mg, by the patient's word")
        # It changes nothing else.
        assert patient.on("2024-02-28").doses["2024-02-20"]["taken_amount"] == staff.get("amount")

    def test_where_staff_are_still_to_confirm_it(self, patient: Patient) -> None:
        self.say(patient, to_confirm=True)
        assert harms(patient) == ["on 2024-02-20: 3000 mg taken where 300 mg were planned, by the patient's word"]

    def test_not_if_it_was_taken_back_or_voided(self, patient: Patient) -> None:
        fact_id = self.say(patient)
        patient.record("dose_recorded", dose_on="2024-02-20", status="missed")
        patient.say("dose_taken_back", said_at=instant("2024-02-20T09:00+08:00"), dose_on="2024-02-20")
        assert harms(patient) == []
        other = Patient.treated()
        fact_id = self.say(other)
        other.record("dose_recorded", dose_on="2024-02-20", status="missed")
        other.void(fact_id)
        assert harms(other) == []

    @pytest.mark.parametrize("amount", [600, 500])
    def test_once_where_staff_say_that_as_much_was_taken(self, patient: Patient, amount: float) -> None:
        self.say(patient, amount)
        patient.record("dose_recorded", dose_on="2024-02-20", status="taken", amount=600)
        assert harms(patient) == ["on 2024-02-20: 600 mg taken where 300 mg were planned"]

    def test_a_larger_dose_is_told_beside_the_smaller_one_of_staff(self, patient: Patient) -> None:
        """Staff have 350 mg; at 11:00 the phone says 900 mg. Whoever acknowledged the one has not seen the other."""
        patient.record("dose_recorded", dose_on="2024-02-20", status="taken", amount=350)
        self.say(patient, 900)
        assert harms(patient) == [
            "on 2024-02-20: 350 mg taken where 300 mg were planned",
            "on 2024-02-20: 900 mg taken where 300 mg were planned, by the patient's word",
        ]
        kinds = ["dose_above_plan", "dose_above_plan", "dose_amount"]
        assert deviations(patient) == [(kind, "2024-02-20") for kind in kinds]
        found = worklist(patient.schedule(), None, day("2024-02-20"), day("2024-02-20"))
        about = [(one.kind, one.about) for one in found if one.kind == "dose_above_plan"]
        assert about == [("dose_above_plan", "2024-02-20"), ("dose_above_plan", "2024-02-20.by-patient")]

    def test_on_a_held_day_too(self, patient: Patient) -> None:
        patient.record("hold_started", from_on="2024-02-20")
        patient.record("dose_recorded", dose_on="2024-02-20", status="taken", amount=50)
        patient.say(said_at=instant("2024-02-21T11:00+08:00"), dose_on="2024-02-20", status="taken", amount=900)
        assert harms(patient) == [
            "on 2024-02-20: 50 mg taken while dosing was held",
            "on 2024-02-20: 900 mg taken while dosing was held, by the patient's word",
        ]


def test_a_warning_is_measured_by_the_plan_known_when_it_was_said(patient: Patient) -> None:
    patient.record("hold_started", now=instant("2024-02-20T10:00+08:00"), from_on="2024-02-20")
    said = {"dose_on": "2024-02-20", "status": "taken", "amount": 300}
    for said_at, expected in (("2024-02-20T08:00+08:00", []), ("2024-02-20T11:00+08:00", ["dose_while_held"])):
        patient.say(said_at=instant(said_at), **said)
        assert [one["code"] for one in patient.warned()] == expected
