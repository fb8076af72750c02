"""When a series of visits ends, and for whom there is one (rules, section 5)."""

from __future__ import annotations

from typing import Any

import pytest

from .patients import Patient, builtin, patient_with, protocol, series

ENDS = {
    "progressed": ("progressed", {"progressed_on": "2024-03-01", "basis": "radiological"}),
    "new_therapy": ("new_therapy_started", {"started_on": "2024-03-02"}),
    "treatment": ("treatment_ended", {"last_dose_on": "2024-03-03", "decided_on": "2024-03-10", "reason": "other"}),
    "study": ("study_ended", {"ended_on": "2024-03-04", "reason": "withdrawal"}),
}


def last_call(until: list[Any], *ends: str) -> str:
    """The last daily call that exists: E itself, for its window is that one day."""
    patient = patient_with(series("call", every={"days": 1}, window=(0, 0), until=until))
    for end in ends:
        kind, data = ENDS[end]
        patient.record(kind, **data)
    return max(patient.on("2024-06-01", last="2024-04-01").targets("call").values())


@pytest.mark.parametrize(
    ("until", "ends", "last"),
    [
        (["progression", "new_therapy"], ["progressed"], "2024-03-01"),
        (["progression", "new_therapy"], ["new_therapy"], "2024-03-02"),
        (["progression", "new_therapy"], ["treatment"], "2024-04-01"),
        (["progression", "new_therapy"], ["study"], "2024-03-04"),
        (["progression", "new_therapy"], ["study", "new_therapy", "progressed"], "2024-03-01"),
        (["end_of_treatment"], ["treatment"], "2024-03-10"),
        (["end_of_treatment"], ["progressed", "new_therapy"], "2024-04-01"),
        (["end_of_treatment"], ["study"], "2024-03-04"),
        (["end_of_treatment"], ["study", "treatment"], "2024-03-04"),
        ([], ["study"], "2024-03-04"),
        ([], ["progressed", "new_therapy", "treatment"], "2024-04-01"),
        (["progression"], ["new_therapy"], "2024-04-01"),
        ([{"latest": ["progression", "end_of_treatment"]}], ["progressed"], "2024-04-01"),
        ([{"latest": ["progression", "end_of_treatment"]}], ["progressed", "treatment"], "2024-03-10"),
        ([{"latest": ["progression", "end_of_treatment"]}, "new_therapy"], ["new_therapy", "treatment"], "2024-03-02"),
        (["last_dose"], ["treatment"], "2024-03-03"),
    ],
)
def test_a_series_ends_with_what_its_until_names(until: list[Any], ends: list[str], last: str) -> None:
    assert last_call(until, *ends) == last


def test_visits_between_the_last_dose_and_the_decision_were_required() -> None:
    """Those on days of cycles too: day 1 of cycle 4 is 2024-03-08."""
    clinic = series("clinic", {"days": [1]}, window=(0, 0))
    patient = patient_with(series("call", every={"days": 1}, window=(0, 0), until=["end_of_treatment"]), clinic)
    patient.end_treatment("2024-03-03", decided_on="2024-03-10")
    seen = patient.on("2024-06-01")
    assert max(seen.targets("call").values()) == "2024-03-10"
    assert (max(seen.targets("clinic").values()), seen.status("clinic-c4d1")) == ("2024-03-08", "missed")


def test_the_end_of_treatment_never_begun_is_its_decision() -> None:
    patient = Patient(protocol(series("call", every={"days": 1}, window=(0, 0), until=["end_of_treatment"])))
    patient.end_treatment(None, decided_on="2024-01-10")
    assert max(patient.on("2024-06-01").targets("call").values()) == "2024-01-10"


def test_of_several_progressions_and_therapies_the_earliest_counts() -> None:
    patient = patient_with(series("imaging", every={"days": 1}, window=(0, 0), until=["progression", "new_therapy"]))
    patient.record("progressed", progressed_on="2024-03-20", basis="clinical")
    patient.record("progressed", progressed_on="2024-03-10", basis="clinical")
    patient.record("new_therapy_started", started_on="2024-03-25")
    assert max(patient.on("2024-06-01").targets("imaging").values()) == "2024-03-10"
    scan = patient.scan("2024-03-05", response="PD")
    assert max(patient.on("2024-06-01").targets("imaging").values()) == "2024-03-05"
    patient.void(scan)
    assert max(patient.on("2024-06-01").targets("imaging").values()) == "2024-03-10"


@pytest.mark.parametrize(
    ("until", "kept"),
    [
        # The last of the two was not before 05-20, so that the visit that closes on 05-15 was required.
        ([{"latest": ["progression", "end_of_treatment"]}], {"w12": "missed", "w18": "missed", "w24": "not there"}),
        # The first of the two may have been on any day from 05-01 on.
        (["progression", "end_of_treatment"], {"w12": "missed", "w18": "not_required", "w24": "not there"}),
    ],
)
def test_of_two_ends_of_which_one_is_known_by_its_month(until: list[Any], kept: dict[str, str]) -> None:
    """Progression in May; treatment ended on 05-20. Week 12 is due on 03-27, week 18 on 05-08, week 24 on 06-19."""
    patient = patient_with(series("imaging", every={"weeks": 6}, until=until))
    patient.record("progressed", progressed_on="2024-05", basis="radiological")
    patient.end_treatment("2024-05-20")
    seen = patient.on("2024-07-30", last="2024-07-30")
    assert {f"{n}": seen.status(f"imaging-{n}") if f"imaging-{n}" in seen.visits else "not there" for n in kept} == kept


def test_two_progressions_one_of_them_known_by_its_month() -> None:
    """One on 05-20, one in May: the first of them may have been before week 18 closed on 05-15."""
    patient = patient_with(series("imaging", every={"weeks": 6}, until=["progression"]))
    patient.record("progressed", progressed_on="2024-05-20", basis="radiological")
    assert patient.on("2024-06-30").status("imaging-w18") == "missed"
    patient.record("progressed", progressed_on="2024-05", basis="radiological")
    assert patient.on("2024-06-30").status("imaging-w18") == "not_required"


def test_the_end_of_treatment_for_progression_does_not_end_imaging() -> None:
    patient = Patient.treated(builtin())
    patient.end_treatment("2024-03-01", "progression")
    assert patient.on("2024-03-02").status("imaging-w12") == "upcoming"


@pytest.mark.parametrize("response", ["CR", "PR", "SD", "NE", None])
def test_only_pd_is_a_progression(response: str | None) -> None:
    patient = Patient.treated(builtin())
    patient.scan("2024-02-14", response=response)
    assert patient.on("2024-02-20").status("imaging-w12") == "upcoming"


# Whom a series applies to.


def test_a_series_for_the_fertile_is_not_there_for_others() -> None:
    rules = protocol(series("test", every={"months": 1}, who={"fertile": True}))
    other = Patient.treated(rules, fertility="not_fertile", basis="natural_menopause")
    assert other.targets("test") == {}
    patient = Patient.treated(rules)
    assert len(patient.targets("test", last="2024-04-01")) == 3


def test_becoming_not_fertile_ends_the_follow_up_and_what_is_done_stays() -> None:
    patient = Patient.treated(builtin())
    patient.end_treatment("2024-03-15")
    patient.record("visit_done", series="contraception", done_on="2024-04-16")
    patient.record("visit_booked", visit="contraception-m3", booked_on="2024-06-14")
    patient.record("fertility_changed", fertility="not_fertile", basis="sterilisation", from_on="2024-05-15")
    seen = patient.on("2024-05-16")
    found = {row["visit"]: row["status"] for row in seen["visits"] if row["series"] == "contraception"}
    # M2, on 05-15, and those after it are not for this patient; M3 is booked.
    assert found == {"contraception-m1": "done", "contraception-m3": "not_required"}
    assert seen.visits["contraception-m3"]["because"].endswith("not required: not fertile from 2024-05-15")


def test_follow_up_is_for_patients_fertile_on_the_day_of_the_visit() -> None:
    """M1 2024-04-15, M2 2024-05-15, …, M6 2024-09-15."""
    patient = Patient.treated(builtin(), fertility="not_fertile", basis="natural_menopause")
    patient.end_treatment("2024-03-15")
    assert patient.targets("contraception") == {}
    patient.record("fertility_changed", fertility="fertile", basis=None, from_on="2024-04-16")
    assert [*patient.targets("contraception", last="2024-12-31")] == [f"contraception-m{n}" for n in range(2, 7)]


@pytest.mark.parametrize(
    ("last_dose_on", "decided_on"), [("unknown", "2024-05"), ("2024-05", "2024-06-03"), ("2024-05", "2024-05")]
)
def test_a_last_dose_of_a_month_ends_visits_on_any_of_its_days(last_dose_on: str, decided_on: str) -> None:
    """A call two weeks after imaging, until the last dose; the patient may have taken that on any day in May.

    Imaging aims at 2024-05-08 and is not done: the call at 2024-05-22 is not missed, nor is one that closes on 05-01.
    """
    calls = series("call", {"visit": "imaging-w18"}, first={"weeks": 2}, window=(1, 1), until=["last_dose"])
    early = series("early", every={"days": 118}, window=(1, 1), count=1, until=["last_dose"])
    before = series("before", every={"days": 117}, window=(1, 1), count=1, until=["last_dose"])
    patient = patient_with(series("imaging", every={"weeks": 6}), calls, early, before)
    patient.record("treatment_ended", last_dose_on=last_dose_on, decided_on=decided_on, reason="intolerance")
    for today in ("2024-04-20", "2024-05-28", "2024-07-01"):
        seen = patient.on(today)
        assert (seen.status("call"), seen.status("early")) == ("not_required", "not_required")
    assert patient.on("2024-07-01").status("before") == "missed"
    # A dose on 2024-05-10 leaves only the days since.
    patient.take("2024-05-10")
    assert (seen := patient.on("2024-07-01")).status("early") == "missed"
    assert seen.status("call") == "not_required"


def test_the_last_dose_of_a_regimen_of_which_only_the_month_is_known_is_provisional_and_ends_visits() -> None:
    patient = patient_with(series("call", every={"weeks": 2}, window=(1, 1), until=["last_dose"]))
    patient.record("regimen_ended", regimen="surufatinib", last_dose_on="2024-05")
    patient.record("study_ended", ended_on="2024-08-01", reason="completed")
    # Targets are 2024-04-24, 2024-05-08, 2024-05-22.
    seen = patient.on("2024-08-01")
    assert [seen.status(f"call-w{weeks}") for weeks in (16, 18, 20)] == ["missed", "not_required", "not_required"]
    patient.record("treatment_ended", last_dose_on="2024-05", decided_on="2024-06-03", reason="completed")
    contraception = patient.on("2024-08-01")["contraception"]
    assert (contraception["through_on"], contraception["provisional"]) == ("2024-11-30", True)


@pytest.mark.parametrize("dates", [("2024", "2024-06-01"), ("2024-06-01", "2024"), ("2024-06", "2024-06-30")])
def test_of_two_dates_of_death_the_better_known_counts(dates: tuple[str, str]) -> None:
    """Death is one: who died on 2024-06-01 did not die earlier in 2024, and what had closed by then was required."""
    patient = patient_with(series("imaging", every={"weeks": 6}))
    patient.record("study_ended", ended_on=dates[0], reason="death")
    patient.record("treatment_ended", last_dose_on="2024-03-01", decided_on=dates[1], reason="death")
    seen = patient.on("2024-07-01")
    # It closes on 2024-05-15.
    assert seen.status("imaging-w18") == "missed"
