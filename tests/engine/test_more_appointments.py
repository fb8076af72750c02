"""Further appointments of a visit, and those that belong to no visit (rules, section 5).

Imaging of the built-in protocol, enrolled 2024-01-03: w6 2024-02-07…02-21, w12 03-20…04-03.
"""

from __future__ import annotations

from typing import Any

import pytest

from scheduler_api.engine.errors import ValidationFailed
from scheduler_api.engine.views.calendar import PatientSchedule
from scheduler_api.engine.views.changes import consequences
from scheduler_api.engine.worklist.worklist import worklist

from .patients import Patient, builtin, day, plain


def booked(patient: Patient, today: str = "2024-02-10") -> dict[str, tuple[str, str]]:
    """The appointments that stand, by name: day and status."""
    rows = patient.on(today)["visits"]
    return {row["visit"]: (row["booked_on"], row["status"]) for row in rows if row["appointment"]}


def to_do(patient: Patient, today: str) -> set[tuple[str, str]]:
    """What the worklist of a day says about appointments."""
    visits = patient.schedule().visits(day("2023-01-01"), day("2025-12-31"))
    entries = worklist(patient.schedule(), visits, day(today), day(today))
    return {(entry.kind, entry.about) for entry in entries if "." in entry.about and entry.kind.startswith("booking")}


def part(patient: Patient, booked_on: str, visit: str = "imaging-w6", **more: Any) -> str:
    """Book one more appointment of a visit; its name."""
    return f"{visit}.{patient.record('visit_booked', visit=visit, booked_on=booked_on, part=True, **more)}"


def extra(patient: Patient, booked_on: str, series: str = "imaging", **more: Any) -> str:
    """Book an appointment that belongs to no visit; its name."""
    fact_id = patient.record("visit_booked", visit="unscheduled", series=series, booked_on=booked_on, **more)
    return f"unscheduled.{fact_id}"


def done(patient: Patient, done_on: str, visit: str | None = "imaging-w6", **more: Any) -> str:
    return patient.record("visit_done", series="imaging", visit=visit, done_on=done_on, **more)


@pytest.fixture
def patient() -> Patient:
    return Patient.treated(builtin())


class TestParts:
    def test_each_is_a_row_of_its_own_beside_that_of_the_visit(self, patient: Patient) -> None:
        patient.record("visit_booked", visit="imaging-w6", booked_on="2024-02-14")
        mri = part(patient, "2024-02-19", time="14:00", place="Room 3")
        row = patient.on("2024-02-10").visits[mri]
        assert row["label"] == "Week 6 tumour imaging: further appointment"
        assert (row["series"], row["appointment"]) == ("imaging", "part")
        assert (row["booked_on"], row["booked_time"], row["booked_place"]) == ("2024-02-19", "14:00", "Room 3")
        assert (row["target_on"], row["opens_on"], row["closes_on"], row["done_on"]) == (None, None, None, None)
        visit = patient.on("2024-02-10").visits["imaging-w6"]
        assert (visit["booked_on"], visit["appointment"], visit["status"]) == ("2024-02-14", None, "open")
        statuses = {today: booked(patient, today)[mri][1] for today in ("2024-02-18", "2024-02-19", "2024-02-20")}
        assert statuses == {"2024-02-18": "upcoming", "2024-02-19": "open", "2024-02-20": "overdue"}

    def test_a_part_done_ends_its_appointment_and_no_other(self, patient: Patient) -> None:
        mri, bones = part(patient, "2024-02-19"), part(patient, "2024-02-21")
        done(patient, "2024-02-14")
        assert set(booked(patient)) == {mri, bones}
        done(patient, "2024-02-19", part=True)
        assert set(booked(patient)) == {bones}
        done(patient, "2024-02-23", part=True, response="SD")
        assert booked(patient) == {}

    def test_of_two_one_after_the_other_the_one_that_nobody_kept_stays(self, patient: Patient) -> None:
        mri, bones = part(patient, "2024-02-19"), part(patient, "2024-02-21")
        done(patient, "2024-02-14")
        done(patient, "2024-02-21", part=True)
        assert set(booked(patient)) == {mri}
        assert bones not in booked(patient)
        assert to_do(patient, "2024-02-22") == {("booking_past", mri)}

    def test_a_part_done_early_ends_none(self, patient: Patient) -> None:
        mri = part(patient, "2024-02-19")
        done(patient, "2024-02-18", part=True)
        assert set(booked(patient)) == {mri}

    def test_of_two_on_one_day_the_earlier_is_ended_first(self, patient: Patient) -> None:
        late = part(patient, "2024-02-19", time="14:00")
        part(patient, "2024-02-19", time="09:00")
        done(patient, "2024-02-19", part=True)
        assert set(booked(patient)) == {late}

    def test_a_part_of_another_visit_ends_none(self, patient: Patient) -> None:
        mri = part(patient, "2024-02-19")
        done(patient, "2024-03-27", "imaging-w12", part=True)
        assert set(booked(patient)) == {mri}

    def test_the_name_moves_and_cancels_it(self, patient: Patient) -> None:
        mri, bones = part(patient, "2024-02-19"), part(patient, "2024-02-21")
        patient.record("visit_booked", visit=mri, booked_on="2024-02-20", time="10:00")
        assert booked(patient) == {mri: ("2024-02-20", "upcoming"), bones: ("2024-02-21", "upcoming")}
        patient.record("visit_booked", visit=mri, booked_on=None)
        assert set(booked(patient)) == {bones}

    def test_a_correction_keeps_the_name_and_a_void_leaves_none(self, patient: Patient) -> None:
        mri = part(patient, "2024-02-19")
        first = mri.partition(".")[2]
        again = patient.correct(first, "visit_booked", visit="imaging-w6", part=True, booked_on="2024-02-18")
        assert booked(patient) == {mri: ("2024-02-18", "upcoming")}
        moved = patient.record("visit_booked", visit=mri, booked_on="2024-02-20")
        patient.correct(moved, "visit_booked", visit=mri, booked_on="2024-02-21")
        assert booked(patient) == {mri: ("2024-02-21", "upcoming")}
        patient.void(patient.facts[-1].fact_id)
        assert booked(patient) == {}
        patient.void(again)
        assert booked(patient) == {}

    def test_the_day_on_which_the_visit_was_done_does_not_call_it_off(self, patient: Patient) -> None:
        mri = part(patient, "2024-02-19")
        done(patient, "2024-02-14", response="PD")
        assert booked(patient) == {mri: ("2024-02-19", "upcoming")}
        assert to_do(patient, "2024-02-15") == set()

    def test_it_is_not_required_when_its_visit_is_not(self, patient: Patient) -> None:
        mri = part(patient, "2024-03-27", "imaging-w12")
        patient.record("progressed", progressed_on="2024-03-01", basis="clinical")
        row = patient.on("2024-03-02").visits[mri]
        assert (row["status"], row["because"]) == (
            "not_required",
            "booked 2024-03-27; not required: progressed 2024-03-01",
        )
        assert to_do(patient, "2024-03-02") == {("booking_to_cancel", mri)}
        assert to_do(patient, "2024-03-28") == {("booking_past", mri)}

    def test_nor_when_the_patient_has_left(self, patient: Patient) -> None:
        done(patient, "2024-02-14")
        mri = part(patient, "2024-02-19")
        patient.record("study_ended", ended_on="2024-02-16", reason="completed")
        assert booked(patient) == {mri: ("2024-02-19", "not_required")}

    def test_it_deviates_from_nothing(self, patient: Patient) -> None:
        part(patient, "2024-02-25")
        assert patient.on("2024-02-26")["deviations"] == [
            one for one in patient.on("2024-02-26")["deviations"] if "." not in (one["visit"] or "")
        ]


class TestUnscheduled:
    def test_it_is_a_row_and_hides_no_visit(self, patient: Patient) -> None:
        name = extra(patient, "2024-03-12")
        row = patient.on("2024-03-01").visits[name]
        assert (row["label"], row["series"]) == ("Unscheduled appointment (imaging)", "imaging")
        assert (row["appointment"], row["status"], row["opens_on"]) == ("unscheduled", "upcoming", None)
        view = patient.view("2024-03-12")["visits"]
        assert [(one["visit"], one["status"]) for one in view if one["series"] == "imaging"] == [
            ("imaging-w6", "overdue"),
            (name, "open"),
        ]
        assert name not in [one["visit"] for one in patient.view("2024-03-13")["visits"]]

    @pytest.mark.parametrize(
        ("done_on", "stands"),
        [("2024-03-11", True), ("2024-03-12", False), ("2024-03-19", False), ("2024-03-20", True)],
    )
    def test_an_extra_visit_on_its_day_or_up_to_a_week_later_ends_it(
        self, patient: Patient, done_on: str, stands: bool
    ) -> None:
        name = extra(patient, "2024-03-12")
        done(patient, done_on, "unscheduled")
        assert (name in booked(patient)) == stands

    def test_what_counts_as_a_visit_of_the_plan_does_not(self, patient: Patient) -> None:
        name = extra(patient, "2024-02-14")
        done(patient, "2024-02-14", None)
        assert patient.on("2024-02-20").visits["imaging-w6"]["done_on"] == "2024-02-14"
        assert to_do(patient, "2024-02-15") == {("booking_past", name)}

    def test_nor_does_an_extra_visit_of_another_series(self, patient: Patient) -> None:
        name = extra(patient, "2024-03-12", "contraception")
        done(patient, "2024-03-12", "unscheduled")
        assert set(booked(patient)) == {name}

    def test_it_stands_in_what_a_fact_changed(self, patient: Patient) -> None:
        name = extra(patient, "2024-03-12")
        before = PatientSchedule(patient.versions, patient.history)
        done(patient, "2024-03-12", "unscheduled")
        moved = plain(consequences(before, patient.schedule(), day("2024-03-12"), day("2025-01-01")))
        (gone,) = [one for one in moved if one["what"] == f"visit {name}"]
        assert (gone["after"], gone["because"]) == (None, "what was recorded as done ended the appointment")


REFUSED: list[tuple[dict[str, Any], dict[str, str]]] = [
    ({"visit": "unscheduled"}, {"/series": "missing"}),
    ({"visit": "unscheduled", "series": "no-such"}, {"/series": "not_found"}),
    ({"visit": "unscheduled", "series": "imaging", "part": True}, {"/part": "not_applicable"}),
    ({"visit": "unscheduled", "series": "imaging", "booked_on": None}, {"/visit": "missing"}),
    ({"visit": "imaging-w6", "part": True, "booked_on": None}, {"/visit": "missing"}),
    ({"visit": "imaging-w7", "part": True}, {"/visit": "not_found"}),
    ({"visit": "imaging-w6", "series": "imaging"}, {"/series": "not_applicable"}),
    ({"visit": "imaging-w6.f99"}, {"/visit": "not_found"}),
    ({"visit": "imaging-w6.f99", "booked_on": None}, {"/visit": "not_found"}),
    ({"visit": "imaging-w6.f99", "part": True}, {"/part": "not_applicable", "/visit": "not_found"}),
]


@pytest.mark.parametrize(("data", "expected"), REFUSED)
def test_a_booking_that_says_too_little_or_too_much_is_refused(
    patient: Patient, data: dict[str, Any], expected: dict[str, str]
) -> None:
    with pytest.raises(ValidationFailed) as refused:
        patient.record("visit_booked", **{"booked_on": "2024-02-19", **data})
    assert {error.pointer: error.code for error in refused.value.errors} == expected
