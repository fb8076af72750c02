"""The worked examples of the rules: enrolled 2024-01-03, first dose 2024-01-05, fertile, Asia/Shanghai, nct06110650."""

from __future__ import annotations

import pytest

from scheduler_api.engine.protocol_file.parse import read_protocol

from .patients import Patient, builtin, plain, protocol, series


@pytest.fixture
def patient() -> Patient:
    return Patient.treated(builtin())


@pytest.mark.parametrize(
    ("cycle", "starts_on", "ends_on"),
    [(1, "2024-01-05", "2024-01-25"), (2, "2024-01-26", "2024-02-15"), (3, "2024-02-16", "2024-03-07")],
)
def test_a_cycle_begins_every_21_days(patient: Patient, cycle: int, starts_on: str, ends_on: str) -> None:
    row = patient.on("2024-02-01").cycles[cycle]
    assert (row["starts_on"], row["ends_on"]) == (starts_on, ends_on)


def test_a_day_has_a_cycle_and_a_cycle_day(patient: Patient) -> None:
    assert patient.on("2024-02-01").place("2024-02-01") == (2, 7)


@pytest.mark.parametrize(
    ("visit", "opens_on", "target_on", "closes_on"),
    [
        ("imaging-w6", "2024-02-07", "2024-02-14", "2024-02-21"),
        ("imaging-w12", "2024-03-20", "2024-03-27", "2024-04-03"),
    ],
)
def test_imaging_is_counted_from_enrolment(
    patient: Patient, visit: str, opens_on: str, target_on: str, closes_on: str
) -> None:
    assert patient.on("2024-02-01").window(visit) == (opens_on, target_on, closes_on)


def test_a_date_says_why(patient: Patient) -> None:
    assert plain(patient.on("2024-02-01").visits["imaging-w12"]["because"]) == "enrolment 2024-01-03 + 12 weeks"


def test_a_scan_after_its_window_is_late(patient: Patient) -> None:
    patient.scan("2024-02-24")
    seen = patient.on("2024-03-01")
    visit = seen.visits["imaging-w6"]
    assert (visit["status"], visit["done_on"], visit["days_off"]) == ("done", "2024-02-24", 3)
    assert seen.deviations() == [("visit_late", "2024-02-24")]


def test_an_early_scan_that_names_no_visit_is_asked_about_and_hides_none(patient: Patient) -> None:
    patient.scan("2024-02-14", response="PR")
    scan = patient.scan("2024-03-13")
    seen = patient.on("2024-03-14")
    assert seen["unscheduled"] == [
        {
            "fact_id": scan,
            "series": "imaging",
            "done_on": "2024-03-13",
            "study_day": 69,
            "visit": None,
            "response": None,
            "part": False,
            "suggested_visit": "imaging-w12",
        }
    ]
    assert seen.status("imaging-w12") == "upcoming"
    assert [row["visit"] for row in patient.view("2024-03-14")["visits"]] == ["imaging-w12"]
    before = seen.visits["imaging-w12"]
    patient.correct(scan, "visit_done", series="imaging", done_on="2024-03-13", visit="unscheduled")
    seen = patient.on("2024-03-14")
    assert [(row["visit"], row["suggested_visit"]) for row in seen["unscheduled"]] == [("unscheduled", None)]
    assert seen.visits["imaging-w12"] == before


def test_a_hold_does_not_move_cycles_that_continue(patient: Patient) -> None:
    patient.record("hold_started", from_on="2024-02-10", reason="rash")
    patient.record("hold_ended", resumes_on="2024-02-17")
    seen = patient.on("2024-02-20")
    assert seen.place("2024-02-16") == (3, 1)
    assert seen.status("2024-02-16") == "held"
    assert [seen.status("2024-02-09"), seen.status("2024-02-17")] == ["unrecorded", "unrecorded"]


def test_a_hold_does_not_move_imaging_windows(patient: Patient) -> None:
    before = patient.on("2024-02-20").window("imaging-w6")
    patient.record("hold_started", from_on="2024-02-10", resumes_on="2024-02-17")
    assert patient.on("2024-02-20").window("imaging-w6") == before == ("2024-02-07", "2024-02-14", "2024-02-21")


def test_contraception_lasts_through_6_months_after_the_last_dose(patient: Patient) -> None:
    patient.end_treatment("2024-08-31")
    assert patient.on("2024-09-01")["contraception"]["through_on"] == "2025-02-28"
    assert patient.on("2025-02-28")["contraception"]["status"] == "required"
    assert patient.on("2025-03-01")["contraception"]["status"] == "released"


@pytest.mark.parametrize(
    ("visit", "opens_on", "target_on", "closes_on"),
    [
        ("contraception-m1", "2024-09-23", "2024-09-30", "2024-10-07"),
        ("contraception-m6", "2025-02-21", "2025-02-28", "2025-03-07"),
    ],
)
def test_follow_up_is_counted_in_months_from_the_last_dose(
    patient: Patient, visit: str, opens_on: str, target_on: str, closes_on: str
) -> None:
    patient.end_treatment("2024-08-31")
    seen = patient.on("2024-09-01", "2024-02-01")
    assert seen.window(visit) == (opens_on, target_on, closes_on)
    assert list(seen.targets("contraception")) == [f"contraception-m{month}" for month in range(1, 7)]


def test_imaging_goes_on_after_treatment_ended_for_intolerance(patient: Patient) -> None:
    patient.end_treatment("2024-08-31", "intolerance")
    visit = patient.on("2024-09-01").visits["imaging-w36"]
    assert (visit["target_on"], visit["status"]) == ("2024-09-11", "upcoming")


def test_a_capsule_after_the_end_moves_the_last_dose(patient: Patient) -> None:
    patient.end_treatment("2024-08-31")
    patient.take("2024-09-02")
    seen = patient.on("2024-09-10")
    assert seen["treatment"]["last_dose_on"] == "2024-09-02"
    assert seen["contraception"]["through_on"] == "2025-03-02"
    assert seen.deviations("dose_after_end") == [("dose_after_end", "2024-09-02")]


def test_a_scan_inside_a_window_comes_before_a_nearer_guess(patient: Patient) -> None:
    for done_on in ("2024-02-14", "2024-03-13", "2024-03-27"):
        patient.scan(done_on)
    seen = patient.on("2024-04-01")
    assert seen.visits["imaging-w6"]["done_on"] == "2024-02-14"
    assert seen.visits["imaging-w12"]["done_on"] == "2024-03-27"
    assert [row["done_on"] for row in seen["unscheduled"]] == ["2024-03-13"]


def test_a_scan_that_showed_progression_early_is_a_progression_and_no_visit(patient: Patient) -> None:
    patient.scan("2024-02-14")
    patient.scan("2024-03-15", response="PD")
    seen = patient.on("2024-04-01")
    assert list(seen.targets("imaging")) == ["imaging-w6"]
    assert [(row["done_on"], row["suggested_visit"]) for row in seen["unscheduled"]] == [("2024-03-15", None)]


def test_imaging_that_goes_on_by_an_amendment_leaves_out_what_had_ended(patient: Patient) -> None:
    one = builtin().definition
    entry = {**one["visits"][0], "until": []}
    two = read_protocol({**one, "version": 2, "visits": [entry, *one["visits"][1:]]})
    patient = Patient.treated(builtin(), two)
    patient.scan("2024-03-27", response="PD")
    patient.record("protocol_amended", version=2, from_on="2024-09-01")
    targets = patient.on("2024-09-01").targets("imaging")
    assert [*targets][:3] == ["imaging-w6", "imaging-w12", "imaging-w36"]
    assert targets["imaging-w36"] == "2024-09-11"


def test_what_was_missed_before_death_is_missed_and_nobody_is_asked_to_do_it(patient: Patient) -> None:
    patient.scan("2024-02-14", response="SD")
    patient.record("study_ended", ended_on="2024-04-05", reason="death")
    assert patient.on("2024-04-10").status("imaging-w12") == "missed"


def test_nobody_is_told_to_take_anything_before_treatment_has_begun() -> None:
    seen = Patient(builtin(), planned_first_dose_on="2024-01-05").on("2024-01-20", last="2024-03-01")
    assert {row["status"] for row in seen["doses"]} == {"planned"}
    assert min(seen.doses) == "2024-01-05"
    assert seen["status"] == "enrolled"
    assert seen["adherence"]["adherence"] is None
    assert seen["provisional"] is True


def test_a_patient_lost_to_follow_up_has_provisional_contraception(patient: Patient) -> None:
    patient.take("2024-03-01")
    patient.record("study_ended", ended_on="2024-05-20", reason="lost_to_follow_up")
    seen = patient.on("2024-06-01")
    assert max(seen.doses) == "2024-05-19"
    assert seen["contraception"]["through_on"] == "2024-11-20"
    assert seen["contraception"]["provisional"] is True


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("study_ended", {"ended_on": "2024-05-20", "reason": "death"}),
        ("treatment_ended", {"last_dose_on": "2024-05-18", "decided_on": "2024-05-20", "reason": "death"}),
    ],
)
def test_nothing_is_due_open_or_required_from_the_day_of_death(
    patient: Patient, kind: str, data: dict[str, str]
) -> None:
    patient.record(kind, **data)
    for today in ("2024-05-20", "2024-05-21", "2024-06-19"):
        seen = patient.on(today)
        assert max(seen.doses) < "2024-05-20"
        assert not {"open", "upcoming"} & {row["status"] for row in seen["visits"]}
        assert seen["contraception"]["status"] == "released"
        assert patient.view(today)["doses"] == []


def test_a_patient_who_becomes_not_fertile_is_released_that_day(patient: Patient) -> None:
    patient.record("fertility_changed", fertility="not_fertile", basis="sterilisation", from_on="2024-04-10")
    assert patient.on("2024-04-12")["contraception"]["through_on"] == "2024-04-09"
    assert patient.on("2024-04-09")["contraception"]["status"] == "required"
    assert patient.on("2024-04-10")["contraception"]["status"] == "released"


@pytest.mark.parametrize("last_dose_on", ["2024-05-20", "unknown"])
def test_a_dose_of_the_day_of_the_end_is_inside(patient: Patient, last_dose_on: str) -> None:
    """The last capsule, the end of treatment and the withdrawal are all of 2024-05-20, whoever wrote down what."""
    patient.take("2024-01-05", "2024-05-20")
    patient.end_treatment(last_dose_on, decided_on="2024-05-20")
    patient.record("study_ended", ended_on="2024-05-20", reason="withdrawal")
    seen = patient.on("2024-05-25", "2024-05-01", "2024-05-25")
    assert (max(seen.doses), seen.status("2024-05-20")) == ("2024-05-20", "taken")
    assert [kind for kind, _ in seen.deviations() if kind.startswith("dose")] == []
    assert seen["adherence"]["planned"] == seen["adherence"]["taken"] == 137


def test_a_dose_of_the_day_of_the_end_that_nobody_recorded_is_not_asked_for(patient: Patient) -> None:
    patient.take("2024-01-05", "2024-05-19")
    patient.end_treatment("unknown", decided_on="2024-05-20")
    seen = patient.on("2024-05-20", "2024-05-01", "2024-05-25")
    assert max(seen.doses) == "2024-05-19"
    assert seen["adherence"]["planned"] == 136


def test_missed_on_a_held_day_is_shown_held(patient: Patient) -> None:
    patient.record("hold_started", from_on="2024-02-10", resumes_on="2024-02-17")
    patient.miss("2024-02-12")
    seen = patient.on("2024-02-20")
    assert seen.status("2024-02-12") == "held"
    assert seen.deviations("dose_missed") == []
    # 2024-01-05 to 2024-02-19 are 46 days, 7 of them held.
    assert seen["adherence"]["planned"] == 39
    assert (seen["adherence"]["missed"], seen["adherence"]["held"]) == (0, 7)


def test_another_amount_than_planned_is_a_deviation(patient: Patient) -> None:
    patient.take("2024-02-01", amount=600)
    seen = patient.on("2024-02-02")
    row = seen.doses["2024-02-01"]
    assert (row["amount"], row["taken_amount"]) == (300, 600)
    assert seen.deviations() == [("dose_above_plan", "2024-02-01"), ("dose_amount", "2024-02-01")]


def test_the_example_of_the_calendar_document(patient: Patient) -> None:
    patient.take("2024-01-05", "2024-02-19")
    seen = patient.on("2024-02-20", "2024-02-13", "2024-04-02")
    treatment = {field: seen["treatment"][field] for field in ("cycle", "cycle_day", "amount", "on_hold", "ended")}
    assert treatment == {"cycle": 3, "cycle_day": 5, "amount": 300, "on_hold": False, "ended": None}
    assert (seen["treatment"]["first_dose_on"], seen["treatment"]["last_dose_on"]) == ("2024-01-05", "2024-02-19")
    assert list(seen.cycles) == [2, 3, 4, 5]
    assert seen.cycles[2]["status"] == "completed"
    assert seen.doses["2024-02-20"]["status"] == "due"
    assert list(seen.visits) == ["imaging-w6", "imaging-w12"]
    assert seen.status("imaging-w6") == "open"
    assert seen.visits["imaging-w6"]["label"] == "Week 6 tumour imaging"
    assert seen["contraception"]["earliest_through_on"] == "2024-08-20"
    assert seen["adherence"] == {
        "planned": 46,
        "taken": 46,
        "missed": 0,
        "unrecorded": 0,
        "held": 0,
        "adherence": 1.0,
        "relative_dose_intensity": 1.0,
    }


@pytest.mark.parametrize(
    ("last_dose_on", "months", "target_on"),
    [("2024-08-31", 6, "2025-02-28"), ("2023-08-31", 6, "2024-02-29"), ("2024-01-31", 2, "2024-03-31")],
)
def test_months_are_added_in_one_step_and_clamped_to_the_month(last_dose_on: str, months: int, target_on: str) -> None:
    monthly = protocol(series("call", "last_dose", every={"months": 1}))
    patient = Patient.treated(monthly, enrolled_on="2023-01-01", first_dose_on="2023-01-01")
    patient.end_treatment(last_dose_on)
    assert patient.on("2025-06-01", "2023-06-01").targets("call")[f"call-m{months}"] == target_on
