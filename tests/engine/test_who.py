"""For whom visits and contraception are: sex, fertility, arm, cohort (rules, sections 2, 6 and 7)."""

from __future__ import annotations

from typing import Any

import pytest

from scheduler_api.engine.protocol_file.parse import read_protocol

from .patients import ARMS, Patient, day, protocol, protocol_data, regimen_data, series

COHORTS = [{"id": "hbv", "label": "Carriers of hepatitis B"}, {"id": "old", "label": "Over 75"}]


def monthly(who: dict[str, Any], **enrolment: Any) -> Patient:
    visits = series("test", every={"weeks": 4}, window=(3, 3), count=3, who=who)
    return Patient.treated(protocol(visits, arms=ARMS, cohorts=COHORTS), **enrolment)


def names(patient: Patient, name: str = "test") -> list[str]:
    return [*patient.on("2024-06-01", last="2024-12-31").targets(name)]


@pytest.mark.parametrize(
    ("who", "enrolment", "is_for"),
    [
        ({"sex": "female"}, {}, True),
        ({"sex": "male"}, {}, False),
        ({"sex": "male"}, {"sex": "male"}, True),
        ({"fertile": False}, {}, False),
        ({"fertile": False}, {"fertility": "not_fertile", "basis": "sterilisation"}, True),
        ({"sex": "female", "fertile": True}, {}, True),
        ({"sex": "female", "fertile": True}, {"sex": "male"}, False),
        # Before an arm is assigned nobody fits one.
        ({"arm": ["a", "b"]}, {}, False),
        ({"arm": "a"}, {"arm": "a"}, True),
        ({"arm": "b"}, {"arm": "a"}, False),
        ({"cohort": "hbv"}, {}, False),
        ({}, {}, True),
    ],
)
def test_visits_are_for_those_whom_all_that_is_named_fits(
    who: dict[str, Any], enrolment: dict[str, Any], is_for: bool
) -> None:
    assert names(monthly(who, **enrolment)) == (["test-w4", "test-w8", "test-w12"] if is_for else [])


def test_the_arm_and_the_cohort_of_the_target_count() -> None:
    """Targets are 2024-01-31, 2024-02-28 and 2024-03-27."""
    patient = monthly({"arm": "b"}, arm="a")
    patient.record("arm_assigned", arm="b", on="2024-02-28")
    assert names(patient) == ["test-w8", "test-w12"]
    patient = monthly({"cohort": ["hbv", "old"]})
    patient.record("cohort_changed", cohort="hbv", member=True, from_on="2024-01-31")
    patient.record("cohort_changed", cohort="old", member=True, from_on="2024-02-01")
    patient.record("cohort_changed", cohort="hbv", member=False, from_on="2024-02-02")
    patient.record("cohort_changed", cohort="old", member=False, from_on="2024-03-27")
    assert names(patient) == ["test-w4", "test-w8"]


def test_an_arm_assigned_on_the_day_of_enrolment_stands_though_the_enrolment_is_corrected_later() -> None:
    patient = monthly({"arm": "b"}, arm="a")
    assigned = patient.record("arm_assigned", arm="b", on="2024-01-03")
    again = {"enrolled_on": "2024-01-03", "planned_first_dose_on": "2024-01-08", "arm": "a"}
    patient.correct("enrolment", "enrolled", **again)
    assert names(patient) == ["test-w4", "test-w8", "test-w12"]
    patient.void(assigned)
    assert names(patient) == []


def test_a_done_visit_stays_and_a_booked_one_is_to_cancel_when_the_arm_changes() -> None:
    patient = monthly({"arm": "a"}, arm="a")
    patient.record("visit_done", series="test", visit="test-w4", done_on="2024-01-31")
    patient.record("visit_booked", visit="test-w8", booked_on="2024-02-28")
    patient.record("arm_assigned", arm="b", on="2024-01-20")
    seen = patient.on("2024-02-20", last="2024-12-31")
    assert {name: row["status"] for name, row in seen.visits.items()} == {"test-w4": "done", "test-w8": "not_required"}
    assert seen.visits["test-w8"]["because"].endswith("not required: not for this patient from 2024-01-20")


def test_each_arm_has_visits_of_its_own_rhythm_in_one_series() -> None:
    by_arm = [
        series("imaging", "randomisation", every={"weeks": weeks}, window=(7, 7), who={"arm": arm})
        for arm, weeks in (("a", 6), ("b", 8))
    ]
    trial = protocol(*by_arm, arms=ARMS)
    one, other = Patient.treated(trial, arm="a"), Patient.treated(trial, arm="b")
    assert names(one, "imaging")[:4] == ["imaging-w6", "imaging-w12", "imaging-w18", "imaging-w24"]
    assert names(other, "imaging")[:4] == ["imaging-w8", "imaging-w16", "imaging-w24", "imaging-w32"]
    for patient, days in ((one, "2024-06-19"), (other, "2024-06-19")):
        patient.record("visit_booked", visit="imaging-w24", booked_on=days)
        seen = patient.on("2024-06-10", "2024-06-01", "2024-07-05")
        assert [(name, row["target_on"]) for name, row in seen.visits.items()] == [("imaging-w24", "2024-06-19")]
    # From arm to arm: what lies before the change is of the old arm, what lies after it of the new one.
    one.record("arm_assigned", arm="b", on="2024-04-01")
    assert names(one, "imaging")[:4] == ["imaging-w6", "imaging-w12", "imaging-w16", "imaging-w24"]


@pytest.mark.parametrize("arms", ["ab", "ba"])
@pytest.mark.parametrize(
    ("windows", "closes_on"), [({"a": (0, 10), "b": (0, 3)}, "2024-02-03"), ({"a": (2, 4), "b": (0, 3)}, "2024-02-04")]
)
def test_of_visits_of_one_name_that_are_all_for_others_the_one_that_opens_and_closes_first_was_done(
    windows: dict[str, tuple[int, int]], closes_on: str, arms: str
) -> None:
    """Enrolled on 2024-01-03: week 4 is 2024-01-31."""
    visits = [series("test", every={"weeks": 4}, window=windows[arm], who={"arm": arm}) for arm in arms]
    patient = Patient.treated(protocol(*visits, arms=ARMS))
    patient.record("visit_done", series="test", visit="test-w4", done_on="2024-02-05")
    assert patient.on("2024-03-01", last="2024-12-31").visits["test-w4"]["closes_on"] == closes_on


def test_what_names_a_visit_that_is_done_is_not_the_visit_of_that_name_of_another_arm() -> None:
    wide, narrow = ((7, 7), "a"), ((0, 0), "b")
    visits = [series("test", every={"weeks": 4}, window=window, who={"arm": arm}) for window, arm in (wide, narrow)]
    patient = Patient.treated(protocol(*visits, arms=ARMS), arm="a")
    patient.record("visit_done", series="test", visit="test-w4", done_on="2024-01-30")
    second = patient.record("visit_done", series="test", visit="test-w4", done_on="2024-02-02")
    seen = patient.on("2024-03-01", last="2024-12-31")
    assert (seen.visits["test-w4"]["done_on"], seen.visits["test-w4"]["parts"]) == ("2024-01-30", 1)
    unscheduled = patient.schedule().unscheduled(day("2024-01-01"), day("2024-12-31"))
    assert [row["fact_id"] for row in unscheduled] == [second]


def test_a_dose_at_the_site_that_is_for_others_stays_done_if_a_record_names_it() -> None:
    """It is the dose of the first entry that has the day, whichever window is wider. Day 1 of cycle 2 is 2024-01-26."""
    entries = [{"days": [1], "cycles": {"to": 3}, "window": {"before_days": 0, "after_days": 0}}, {"days": [1]}]
    infusion = {
        **regimen_data(when=entries, given_by="site", who={"arm": "a"}),
        "window": {"before_days": 7, "after_days": 1},
    }
    patient = Patient.treated(read_protocol({**protocol_data(arms=ARMS), "regimens": [infusion]}))
    patient.record("visit_done", series="surufatinib", visit="surufatinib-c2d1", done_on="2024-02-05", amount=300)
    row = patient.on("2024-03-01", last="2024-12-31").visits["surufatinib-c2d1"]
    assert (row["status"], row["closes_on"], row["days_off"]) == ("done", "2024-01-26", 10)


def through(rules: list[dict[str, Any]], last_dose_on: str, *changes: tuple[str, str], **enrolment: Any) -> str | None:
    patient = Patient.treated(protocol(contraception=rules, arms=ARMS), **enrolment)
    for arm, on in changes:
        patient.record("arm_assigned", arm=arm, on=on)
    patient.end_treatment(last_dose_on)
    return patient.on(last_dose_on)["contraception"]["through_on"]


def test_the_rule_about_contraception_that_ends_latest_counts() -> None:
    by_sex = [
        {"who": {"sex": "male"}, "after_last_dose": {"months": 3}},
        {"who": {"sex": "female"}, "after_last_dose": {"months": 6}},
    ]
    assert through(by_sex, "2024-08-31", sex="male") == "2024-11-30"
    assert through(by_sex, "2024-08-31") == "2025-02-28"
    assert through([{"after_last_dose": {"days": 30}}], "2026-01-31") == "2026-03-02"
    assert through([{"after_last_dose": {"weeks": 2}}], "2024-02-20") == "2024-03-05"
    by_arm = [
        {"who": {"arm": "a"}, "after_last_dose": {"days": 180}},
        {"who": {"arm": "b"}, "after_last_dose": {"days": 90}},
    ]
    # Arm A until 2024-05-01, then B: A's 180 days count.
    assert through(by_arm, "2024-05-20", ("b", "2024-05-01"), arm="a") == "2024-11-16"
    assert through(by_arm, "2024-05-20", arm="b") == "2024-08-18"
    both = [{"after_last_dose": {"months": 1}}, {"after_last_dose": {"days": 40}}]
    assert through(both, "2024-02-20") == "2024-03-31"


def test_who_has_no_rule_needs_no_contraception() -> None:
    trial = protocol(contraception=[{"who": {"sex": "female"}, "after_last_dose": {"months": 6}}])
    patient = Patient.treated(trial, sex="male")
    seen = patient.on("2024-02-01")["contraception"]
    assert (seen["status"], seen["from_on"], seen["through_on"]) == ("not_required", None, None)
    assert seen["because"] == "the protocol asks this patient for none"
    assert Patient.treated(protocol(contraception=[])).on("2024-02-01")["contraception"]["status"] == "not_required"


@pytest.mark.parametrize(
    ("since", "before", "from_on"),
    [
        ("consent", "2023-12-19", "2023-12-20"),
        ("enrolment", "2024-01-02", "2024-01-03"),
        ("first_dose", "2024-01-04", "2024-01-05"),
    ],
)
def test_contraception_is_required_from_the_day_that_the_protocol_says(since: str, before: str, from_on: str) -> None:
    trial = protocol(contraception=[{"after_last_dose": {"months": 6}, "from": since}])
    patient = Patient.treated(trial, consented_on="2023-12-20")
    assert patient.on(before)["contraception"]["status"] == "not_required"
    seen = patient.on(from_on)["contraception"]
    assert (seen["status"], seen["from_on"]) == ("required", from_on)


def test_from_consent_it_is_required_before_enrolment_and_no_longer_after_a_screen_failure() -> None:
    trial = protocol(contraception=[{"after_last_dose": {"months": 6}, "from": "consent"}])
    patient = Patient.screened(trial, consented_on="2024-01-10")
    assert [patient.on(day)["contraception"]["status"] for day in ("2024-01-09", "2024-01-10")] == [
        "not_required",
        "required",
    ]
    patient.record("study_ended", ended_on="2024-01-20", reason="screen_failure")
    before, after = (patient.on(day)["contraception"] for day in ("2024-01-19", "2024-01-20"))
    # Seen again, the days before the end of the study are as they were.
    assert (before["status"], before["from_on"], before["through_on"]) == ("required", "2024-01-10", "2024-01-19")
    assert (after["status"], after["from_on"], after["through_on"]) == ("released", None, None)
    unknown = Patient.treated(trial)
    assert unknown.on("2024-01-03")["contraception"]["from_on"] == "2024-01-03"


def test_before_enrolment_she_is_released_until_the_day_from_which_she_is_fertile() -> None:
    trial = protocol(contraception=[{"after_last_dose": {"months": 6}, "from": "consent"}])
    patient = Patient.screened(trial, consented_on="2024-01-10", fertility="not_fertile", basis="sterilisation")
    patient.record("fertility_changed", fertility="fertile", from_on="2024-01-15", basis=None)
    seen = [patient.on(day)["contraception"] for day in ("2024-01-09", "2024-01-14", "2024-01-15")]
    assert [one["status"] for one in seen] == ["not_required", "released", "required"]
    assert [one["from_on"] for one in seen] == [None, "2024-01-15", "2024-01-15"]


def until_january(*more: Any) -> Patient:
    """Every two weeks from enrolment, with targets 2024-01-17 and 2024-01-31; not fertile from 2024-01-20 on."""
    visits = series("lab", every={"weeks": 2}, window=(3, 3), who={"fertile": True})
    patient = Patient.treated(protocol(visits), *more)
    patient.record("fertility_changed", fertility="not_fertile", basis="sterilisation", from_on="2024-01-20")
    return patient


def test_a_booked_visit_that_is_not_for_the_patient_is_not_the_next_of_its_series() -> None:
    patient = until_january()
    patient.record("visit_booked", visit="lab-w4", booked_on="2024-01-31")
    seen = patient.on("2024-02-05")
    assert (seen.status("lab-w2"), seen.status("lab-w4")) == ("overdue", "not_required")
    # What is booked and not required stays on the phone too, to be cancelled.
    assert [row["visit"] for row in patient.view("2024-02-05")["visits"]] == ["lab-w2", "lab-w4"]
    patient.record("visit_done", series="lab", done_on="2024-02-05")
    assert patient.on("2024-02-05").visits["lab-w2"]["assigned"] == "late"


def test_a_visit_named_by_a_record_is_that_of_the_version_in_which_it_is_for_the_patient() -> None:
    """From 2024-02-01 on it is for everybody, and counted from the first dose: `lab-w4` is on 2024-02-02."""
    everybody = protocol(series("lab", "first_dose", every={"weeks": 2}, window=(3, 3)), version=2)
    patient = until_january(everybody)
    patient.record("protocol_amended", version=2, from_on="2024-02-01")
    done = patient.record("visit_done", series="lab", done_on="2024-02-02", visit="lab-w4")
    seen = patient.on("2024-02-03")
    row = seen.visits["lab-w4"]
    assert (row["target_on"], row["done_on"], row["days_off"]) == ("2024-02-02", "2024-02-02", 0)
    # The next that it has opens on 2024-01-30, and not on 2024-01-28.
    assert [patient.on(day).status("lab-w2") for day in ("2024-01-29", "2024-01-30")] == ["overdue", "missed"]
    assert seen["unscheduled"] == []
    patient.void(done)
    assert patient.on("2024-02-03").status("lab-w4") == "open"


def test_what_was_done_by_name_before_an_amendment_stays_done_and_is_not_planned_again() -> None:
    everybody = protocol(series("lab", "first_dose", every={"weeks": 2}, window=(3, 3)), version=2)
    patient = until_january(everybody)
    patient.record("visit_done", series="lab", done_on="2024-01-31", visit="lab-w4")
    patient.record("protocol_amended", version=2, from_on="2024-02-01")
    seen = patient.on("2024-02-19")
    assert seen.targets("lab")["lab-w4"] == "2024-01-31"
    assert (seen.status("lab-w2"), seen.status("lab-w4"), seen.status("lab-w6")) == ("missed", "done", "open")
