"""What visits are counted from, and what they end at: every milestone, the earliest of several (rules, section 2)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from scheduler_api.engine.errors import Conflict, ValidationFailed
from scheduler_api.engine.protocol_file.parse import read_protocol

from .patients import ARMS, Patient, protocol, protocol_data, regimen_data, series
from .test_given_at_site import give, infusion
from .test_regimens import doses, drug, take, to_do

OWN = [{"id": "surgery", "label": "Surgery"}, {"id": "crossover", "label": "Crossover"}]

#: Facts about the patient of the worked examples, and their days.
FACTS: dict[str, tuple[str, dict[str, Any]]] = {
    "progression": ("progressed", {"progressed_on": "2024-03-01", "basis": "clinical"}),
    "new_therapy": ("new_therapy_started", {"started_on": "2024-03-02"}),
    "end_of_treatment": (
        "treatment_ended",
        {"last_dose_on": "2024-03-03", "decided_on": "2024-03-10", "reason": "other"},
    ),
    "surgery": ("milestone_reached", {"milestone": "surgery", "on": "2024-02-15"}),
    "randomisation": ("milestone_reached", {"milestone": "randomisation", "on": "2024-01-04"}),
    "arm": ("arm_assigned", {"arm": "a", "on": "2024-01-06"}),
}


def patient_with(*facts: str, arms: bool = False, anchor: Any = "enrolment", **enrolment: Any) -> Patient:
    """A patient with a single visit ten days after an anchor."""
    visit = series("call", anchor, first={"days": 10}, window=(0, 0))
    declared: dict[str, Any] = {"milestones": OWN, **({"arms": ARMS} if arms else {})}
    patient = Patient.treated(protocol(visit, **declared), **enrolment)
    for fact in facts:
        kind, data = FACTS[fact]
        patient.record(kind, **data)
    return patient


def target(patient: Patient) -> tuple[str, bool] | None:
    row = patient.on("2024-06-01", "2023-06-01", "2024-08-01").visits.get("call")
    return None if row is None else (row["target_on"], row["provisional"])


@pytest.mark.parametrize(
    ("anchor", "facts", "expected"),
    [
        ("consent", [], "2023-12-30"),
        ("enrolment", [], "2024-01-13"),
        ("first_dose", [], "2024-01-15"),
        ("last_dose", [], None),
        ("last_dose", ["end_of_treatment"], "2024-03-13"),
        ("end_of_treatment", [], None),
        ("end_of_treatment", ["end_of_treatment"], "2024-03-20"),
        ("progression", [], None),
        ("progression", ["progression"], "2024-03-11"),
        ("new_therapy", ["new_therapy"], "2024-03-12"),
        ("surgery", [], None),
        ("surgery", ["surgery"], "2024-02-25"),
        # In a trial without arms randomisation is enrolment, unless it has a day of its own.
        ("randomisation", [], "2024-01-13"),
        ("randomisation", ["randomisation"], "2024-01-14"),
        (["end_of_treatment", "progression"], ["end_of_treatment"], "2024-03-20"),
        (["end_of_treatment", "progression"], ["end_of_treatment", "progression"], "2024-03-11"),
        (["surgery", "new_therapy"], [], None),
    ],
)
def test_a_visit_is_counted_from_a_milestone(anchor: Any, facts: list[str], expected: str | None) -> None:
    patient = patient_with(*facts, anchor=anchor, consented_on="2023-12-20")
    assert target(patient) == (None if expected is None else (expected, False))


def test_in_a_trial_of_arms_randomisation_is_the_day_of_the_first_arm() -> None:
    patient = patient_with(arms=True, anchor="randomisation")
    assert target(patient) is None
    patient.record("arm_assigned", arm="b", on="2024-02-01")
    assert target(patient) == ("2024-02-11", False)
    patient.record("arm_assigned", arm="a", on="2024-01-06")
    assert target(patient) == ("2024-01-16", False)
    patient.record("milestone_reached", milestone="randomisation", on="2024-01-04")
    assert target(patient) == ("2024-01-14", False)


def test_an_arm_assigned_at_enrolment_is_one_of_that_day() -> None:
    assert target(patient_with(arms=True, anchor="randomisation", arm="a")) == ("2024-01-13", False)


def test_a_milestone_that_lies_ahead_is_counted_from_provisionally() -> None:
    patient = patient_with(anchor="surgery")
    ahead = patient.record("milestone_reached", milestone="surgery", on="2027-03-01")
    row = patient.on("2026-12-01", "2027-03-01", "2027-04-01").visits["call"]
    assert (row["target_on"], row["provisional"]) == ("2027-03-11", True)
    patient.correct(ahead, "milestone_reached", milestone="surgery", on="2026-12-20")
    row = patient.on("2026-12-21", "2026-12-20", "2027-01-20").visits["call"]
    assert (row["target_on"], row["provisional"]) == ("2026-12-30", False)


def test_days_before_day_1_lie_before_the_start_as_it_was_planned_whatever_was_taken_before() -> None:
    before, after = (
        series("clinic", {"days": [-6], "cycles": [1]}, window=(1, 1)),
        series("clinic", {"days": [1]}, window=(3, 3)),
    )
    patient = Patient(protocol(before, after), enrolled_on="2024-02-29", planned_first_dose_on="2024-03-09")
    assert [*patient.on("2024-03-02").targets("clinic").items()][:2] == [
        ("clinic-c1d-6", "2024-03-03"),
        ("clinic-c1d1", "2024-03-09"),
    ]
    patient.record("dose_recorded", dose_on="2024-03-01", status="taken", amount=300)
    seen = patient.on("2024-03-16")
    assert [*seen.targets("clinic").items()][:3] == [
        ("clinic-c1d1", "2024-03-01"),
        ("clinic-c1d-6", "2024-03-03"),
        ("clinic-c2d1", "2024-03-22"),
    ]
    assert (seen.status("clinic-c1d1"), seen.status("clinic-c1d-6")) == ("missed", "overdue")
    patient.record("treatment_started", first_dose_on="2024-03-01")
    assert patient.on("2024-03-16").targets("clinic")["clinic-c1d-6"] == "2024-02-24"


def test_a_milestone_is_recorded_once_and_corrected() -> None:
    patient = patient_with("surgery", anchor="surgery")
    with pytest.raises(Conflict):
        patient.record("milestone_reached", milestone="surgery", on="2024-02-16")


def test_a_milestone_that_ends_visits_cannot_be_recorded_ahead() -> None:
    visit = series("call", every={"days": 1}, window=(0, 0), until=["surgery"])
    patient = Patient.treated(protocol(visit, milestones=OWN))
    with pytest.raises(ValidationFailed) as refused:
        patient.record("milestone_reached", milestone="surgery", on="2027-03-01")
    assert [(error.pointer, error.code) for error in refused.value.errors] == [("/on", "after_today")]
    patient.record("milestone_reached", milestone="surgery", on="2024-02-15")
    assert max(patient.on("2024-03-01", last="2024-03-01").targets("call").values()) == "2024-02-15"


@pytest.mark.parametrize(
    ("kind", "data", "pointer"),
    [
        ("arm_assigned", {"arm": "c", "on": "2024-02-01"}, "/arm"),
        ("cohort_changed", {"cohort": "hbv", "member": True, "from_on": "2024-02-01"}, "/cohort"),
        ("milestone_reached", {"milestone": "progression", "on": "2024-02-01"}, "/milestone"),
        ("arm_assigned", {"arm": "a", "on": "2027-02-01"}, "/on"),
    ],
)
def test_what_the_protocol_does_not_declare_is_refused(kind: str, data: dict[str, Any], pointer: str) -> None:
    patient = patient_with(arms=True)
    with pytest.raises(ValidationFailed) as refused:
        patient.record(kind, **data)
    assert [error.pointer for error in refused.value.errors] == [pointer]


def test_an_enrolment_names_an_arm_of_the_protocol() -> None:
    with pytest.raises(ValidationFailed) as refused:
        patient_with(arms=True, arm="c")
    assert [error.pointer for error in refused.value.errors] == ["/arm"]


def test_imaging_after_a_crossover_ends_with_the_progression_after_it() -> None:
    first = series("imaging", every={"weeks": 6}, until=["progression"])
    then = series("scan", "crossover", every={"weeks": 6}, window=(7, 7), until=["progression"])
    patient = Patient.treated(protocol(first, then, milestones=OWN))
    patient.record("progressed", progressed_on="2024-03-01", basis="radiological")
    patient.record("milestone_reached", milestone="crossover", on="2024-03-01")
    seen = patient.on("2024-06-01", last="2024-08-01")
    assert [*seen.targets("imaging")] == ["imaging-w6"]
    assert [*seen.targets("scan")][:3] == ["scan-w6", "scan-w12", "scan-w18"]
    patient.record("progressed", progressed_on="2024-06-01", basis="radiological")
    assert [*patient.on("2024-06-02", last="2024-08-01").targets("scan")] == ["scan-w6", "scan-w12"]


def test_what_is_counted_from_a_visit_or_a_response_after_a_crossover_goes_on_too() -> None:
    """Progression 02-14, crossover 03-01: the scan of week 6 is due on 04-12, and was done then with a response."""
    scan = series("scan", "crossover", every={"weeks": 6}, window=(7, 7), until=["progression"])
    scan["responses"] = "RECIST 1.1"
    call = series("call", {"visit": "scan-w6"}, first={"days": 3}, window=(0, 0), until=["progression"])
    each = [
        series(
            name, {"response": ["PR"], "of": "scan", **more}, first={"weeks": 4}, window=(3, 3), until=["progression"]
        )
        for name, more in (("confirm", {}), ("each", {"each": True}))
    ]
    patient = Patient.treated(protocol(scan, call, *each, milestones=OWN))
    patient.record("progressed", progressed_on="2024-02-14", basis="radiological")
    patient.record("milestone_reached", milestone="crossover", on="2024-03-01")
    assert patient.on("2024-04-01", last="2024-08-01").targets("call") == {"call": "2024-04-15"}
    patient.record("visit_done", series="scan", done_on="2024-04-12", visit=None, response="PR")
    seen = patient.on("2024-04-20", last="2024-08-01")
    assert seen.targets("call") == {"call": "2024-04-15"}
    assert (seen.targets("confirm"), seen.targets("each")) == ({"confirm": "2024-05-10"}, {"each": "2024-05-10"})
    patient.record("progressed", progressed_on="2024-04-18", basis="radiological")
    seen = patient.on("2024-05-20", last="2024-08-01")
    assert (seen.targets("confirm"), seen.targets("each")) == ({}, {})


def test_a_milestone_that_was_announced_ends_nothing_until_it_is_recorded_as_reached() -> None:
    """Version 1 ends no imaging with surgery, so that it could be announced; version 2 does, from 03-05."""
    one = protocol(series("imaging", every={"weeks": 6}), milestones=OWN)
    two = protocol(series("imaging", every={"weeks": 6}, until=["surgery"]), milestones=OWN, version=2)
    patient = Patient.treated(one, two)
    before = datetime.fromisoformat("2024-03-01T09:00+08:00")
    surgery = patient.record("milestone_reached", milestone="surgery", on="2024-05-10", now=before)
    patient.record("protocol_amended", version=2, from_on="2024-03-05")
    for today in ("2024-03-22", "2024-05-20"):
        seen = patient.on(today, last="2024-07-01")
        assert [*seen.targets("imaging")] == ["imaging-w6", "imaging-w12", "imaging-w18", "imaging-w24"]
    patient.correct(surgery, "milestone_reached", milestone="surgery", on="2024-05-10", why="it took place")
    seen = patient.on("2024-05-20", last="2024-07-01")
    assert [*seen.targets("imaging")] == ["imaging-w6", "imaging-w12", "imaging-w18"]


def test_what_a_scan_before_enrolment_showed_is_no_progression() -> None:
    """The patient progressed under an earlier therapy: that is why she is in the trial."""
    imaging = series("imaging", first={"weeks": -2}, every={"weeks": 6}, until=["progression"])
    patient = Patient.treated(protocol(imaging))
    patient.scan("2023-12-20", response="PD")
    seen = patient.on("2024-02-01", "2023-12-01", "2024-04-01")
    assert [*seen.targets("imaging")] == ["imaging-w-2", "imaging-w4", "imaging-w10"]
    assert seen.visits["imaging-w-2"]["response"] == "PD"
    patient.scan("2024-01-31", response="PD")
    assert [*patient.on("2024-02-01", "2023-12-01", "2024-04-01").targets("imaging")] == ["imaging-w-2", "imaging-w4"]


def test_a_version_without_the_patients_arm_is_refused() -> None:
    two = protocol(version=2)
    patient = Patient.treated(protocol(arms=ARMS), two)
    patient.record("arm_assigned", arm="a", on="2024-01-06")
    with pytest.raises(ValidationFailed) as refused:
        patient.record("protocol_amended", version=2, from_on="2024-03-01")
    assert [error.pointer for error in refused.value.errors] == ["/version"]


def test_of_several_new_therapies_the_earliest_counts() -> None:
    patient = Patient.treated(protocol(series("imaging", every={"weeks": 6}, until=["new_therapy"])))
    patient.record("new_therapy_started", started_on="2024-05-01")
    patient.record("new_therapy_started", started_on="2024-03-01")
    assert [*patient.on("2024-06-01", last="2024-08-01").targets("imaging")] == ["imaging-w6"]


class TestWhichDoseStartsTreatment:
    """C1D1 is the first day on which a dose was taken of a regimen whose start follows from the first dose."""

    def enrolled(self, *regimens: dict[str, Any], **more: Any) -> Patient:
        data = {**protocol_data(**more), "regimens": list(regimens)}
        return Patient(read_protocol(data), planned_first_dose_on="2024-01-17")

    def test_what_is_taken_before_it_does_not(self) -> None:
        """Folate from enrolment on, 3 January; surufatinib is planned for the 17th, and not due on the 3rd."""
        folate = drug("folate", 1, starts={"milestone": "enrolment"})
        patient = self.enrolled(folate, regimen_data())
        take(patient, "2024-01-03", 1, "folate")
        assert doses(patient, "2024-01-03") == {"folate.1": (1, "taken")}
        seen = patient.on("2024-01-20")
        assert seen["treatment"]["first_dose_on"] == "2024-01-17"
        assert seen["status"] == "enrolled"
        assert seen.deviations("dose_before_start") == []
        assert doses(patient, "2024-01-17")["surufatinib.1"] == (300, "planned")
        assert len(to_do(patient, "first_dose_missing", "2024-01-24")) == 1
        take(patient, "2024-01-18", 300, "surufatinib")
        assert patient.on("2024-01-20")["treatment"]["first_dose_on"] == "2024-01-18"
        assert to_do(patient, "first_dose_missing", "2024-01-24") == []

    def test_nor_does_it_if_only_it_is_taken_by_the_patient(self) -> None:
        """Then a record of it needs no name."""
        folate = drug("folate", 1, starts={"milestone": "enrolment"})
        patient = self.enrolled(folate, infusion())
        take(patient, "2024-01-03", 1)
        assert patient.on("2024-01-10").visits["pembrolizumab-c1d1"]["target_on"] == "2024-01-17"
        give(patient, "2024-01-18")
        assert patient.on("2024-01-20")["treatment"]["first_dose_on"] == "2024-01-18"

    def test_what_follows_the_first_drug_does(self) -> None:
        patient = self.enrolled(regimen_data(cycles=1), drug(starts={"after": "surufatinib"}))
        take(patient, "2024-01-18", 200, "olaparib")
        assert patient.on("2024-01-20")["treatment"]["first_dose_on"] == "2024-01-18"

    def test_where_nothing_else_is_for_the_patient_it_does(self) -> None:
        """Only arm a has a drug that starts with the first dose."""
        of_b = drug(starts={"milestone": "randomisation"})
        patient = self.enrolled({**regimen_data(), "who": {"arm": "a"}}, of_b, arms=ARMS)
        patient.record("arm_assigned", arm="b", on="2024-01-04")
        take(patient, "2024-01-05", 200, "olaparib")
        assert patient.on("2024-01-20")["treatment"]["first_dose_on"] == "2024-01-05"
