"""Dose days: planned amounts, statuses, the ends of the course (rules, section 4). C1D1 is 2024-01-05."""

from __future__ import annotations

import pytest

from .patients import Patient, Seen, protocol

#: Two weeks on, one week off: 01-19 to 01-25 are days of rest.
RESTING = protocol(days=list(range(1, 15)))


def resting() -> Patient:
    return Patient.treated(RESTING)


@pytest.mark.parametrize(
    ("dose_on", "status"),
    [("2024-01-09", "unrecorded"), ("2024-01-10", "due"), ("2024-01-11", "planned")],
)
def test_a_day_nobody_spoke_of_is_unrecorded_due_or_planned(dose_on: str, status: str) -> None:
    assert resting().on("2024-01-10").status(dose_on) == status


@pytest.mark.parametrize("today", ["2024-01-01", "2024-01-09", "2024-01-10", "2024-01-11", "2025-01-01"])
@pytest.mark.parametrize("status", ["taken", "missed"])
def test_a_recorded_day_keeps_its_status_whatever_today_is(status: str, today: str) -> None:
    patient = resting()
    patient.record("dose_recorded", dose_on="2024-01-10", status=status)
    assert patient.on(today).status("2024-01-10") == status


def test_taken_comes_before_held_and_held_before_rest_and_rest_before_missed() -> None:
    patient = resting()
    patient.record("hold_started", from_on="2024-01-16", resumes_on="2024-01-22")
    patient.take("2024-01-17")  # a held day
    patient.take("2024-01-20")  # a held day of rest
    patient.take("2024-01-23")  # a day of rest
    patient.miss("2024-01-18")  # a held day
    patient.miss("2024-01-21")  # a held day of rest
    patient.miss("2024-01-24")  # a day of rest
    seen = patient.on("2024-02-01")
    assert {day: seen.status(f"2024-01-{day}") for day in range(15, 27)} == {
        15: "unrecorded",
        16: "held",
        17: "taken",
        18: "held",
        19: "held",
        20: "taken",
        21: "held",
        22: "rest",
        23: "taken",
        24: "rest",
        25: "rest",
        26: "unrecorded",
    }


def test_rest_and_hold_come_before_today_and_after() -> None:
    patient = resting()
    patient.record("hold_started", from_on="2024-01-10", resumes_on="2024-01-12")
    for today in ("2024-01-08", "2024-01-10", "2024-01-11"):
        seen = patient.on(today)
        assert (seen.status("2024-01-10"), seen.status("2024-01-11")) == ("held", "held")
    for today in ("2024-01-18", "2024-01-20"):
        assert patient.on(today).status("2024-01-20") == "rest"


def test_a_hold_covers_its_first_day_and_not_the_day_of_resumption() -> None:
    patient = resting()
    patient.record("hold_started", from_on="2024-01-07", resumes_on="2024-01-09")
    seen = patient.on("2024-01-06")
    assert [seen.status(f"2024-01-0{day}") for day in (6, 7, 8, 9)] == ["due", "held", "held", "planned"]


def test_an_open_hold_goes_on() -> None:
    patient = resting()
    patient.record("hold_started", from_on="2024-01-28")
    assert patient.on("2024-01-06").status("2025-06-01") == "held"


def test_days_of_rest_come_back_in_every_cycle() -> None:
    seen = resting().on("2024-01-06")
    assert [seen.status(day) for day in ("2024-02-08", "2024-02-09", "2024-02-15", "2024-02-16")] == [
        "planned",
        "rest",
        "rest",
        "planned",
    ]


def test_under_extend_a_hold_shifts_the_days_of_rest() -> None:
    patient = Patient.treated(protocol(days=[1, 2, 3], cycle_days=5, on_hold="extend"))
    patient.record("hold_started", from_on="2024-01-06", resumes_on="2024-01-09")
    seen = patient.on("2024-01-04", last="2024-01-14")
    # 5: day 1; 6 to 8 held; 9 and 10: days 2 and 3; 11 and 12 rest; 13: day 1 of cycle 2.
    assert [row["status"] for row in seen["doses"]] == [
        "planned",
        *["held"] * 3,
        *["planned"] * 2,
        *["rest"] * 2,
        *["planned"] * 2,
    ]


def test_before_treatment_has_begun_only_holds_and_rest_are_told() -> None:
    patient = Patient(RESTING, planned_first_dose_on="2024-01-05")
    patient.record("hold_started", from_on="2024-01-07", resumes_on="2024-01-08")
    patient.miss("2024-01-09")
    seen = patient.on("2024-01-10", last="2024-01-20")
    assert seen.status("2024-01-07") == "held"
    assert seen.status("2024-01-19") == seen.status("2024-01-20") == "rest"
    others = [
        row["status"] for row in seen["doses"] if row["dose_on"] not in ("2024-01-07", "2024-01-19", "2024-01-20")
    ]
    assert set(others) == {"planned"}


def test_the_first_day_taken_begins_treatment() -> None:
    patient = Patient(protocol(), planned_first_dose_on="2024-01-05")
    patient.take("2024-01-08")
    seen = patient.on("2024-01-10")
    assert min(seen.doses) == "2024-01-08"
    assert seen.place("2024-01-10") == (1, 3)
    assert [seen.status(f"2024-01-{day}") for day in ("08", "09", "10", "11")] == [
        "taken",
        "unrecorded",
        "due",
        "planned",
    ]
    assert seen["provisional"] is True
    patient.take("2024-01-06")
    assert patient.on("2024-01-10").place("2024-01-10") == (1, 5)


def test_a_record_before_a_later_start_is_a_dose_day_without_cycle() -> None:
    patient = Patient(protocol(), planned_first_dose_on="2024-01-05")
    patient.take("2024-01-04")
    patient.miss("2024-01-05")
    patient.record("treatment_started", first_dose_on="2024-01-08")
    seen = patient.on("2024-01-09")
    row = seen.doses["2024-01-04"]
    assert (row["status"], row["cycle"], row["cycle_day"], row["taken_amount"]) == ("taken", None, None, 300)
    assert "2024-01-05" not in seen.doses
    assert seen.deviations() == [("dose_before_start", "2024-01-04")]
    assert seen["adherence"]["taken"] == 0


def test_the_recorded_start_does_not_make_its_day_taken() -> None:
    patient = Patient.treated(protocol())
    seen = patient.on("2024-01-06")
    assert seen.status("2024-01-05") == "unrecorded"
    assert seen["treatment"]["last_dose_on"] == "2024-01-05"
    patient.end_treatment("2024-01-20")
    seen = patient.on("2024-01-25")
    assert seen.status("2024-01-20") == "unrecorded"
    assert seen["treatment"]["last_dose_on"] == "2024-01-20"


def last_dose_day(*ends: tuple[str, dict[str, str | None]], today: str = "2024-04-01") -> str:
    patient = Patient(protocol(), planned_first_dose_on="2024-01-05")
    for kind, data in ends:
        patient.record(kind, **data)
    return max(patient.on(today).doses)


def test_doses_exist_through_the_end_of_treatment() -> None:
    end = ("treatment_ended", {"last_dose_on": "2024-02-10", "decided_on": "2024-02-14", "reason": "other"})
    never = ("treatment_ended", {"last_dose_on": None, "decided_on": "2024-02-14", "reason": "other"})
    left = ("study_ended", {"ended_on": "2024-02-12", "reason": "withdrawal"})
    left_early = ("study_ended", {"ended_on": "2024-02-01", "reason": "withdrawal"})
    assert last_dose_day(end) == "2024-02-10"
    assert last_dose_day(never) == "2024-02-13"
    assert last_dose_day(left) == "2024-02-11"
    assert last_dose_day(end, left) == "2024-02-10"
    assert last_dose_day(never, left) == "2024-02-11"
    assert last_dose_day(end, left_early) == "2024-01-31"


def test_a_capsule_after_the_end_is_a_dose_day_of_its_own() -> None:
    patient = Patient.treated(protocol())
    patient.end_treatment("2024-02-10")
    patient.take("2024-02-13")
    patient.miss("2024-02-14")
    seen = patient.on("2024-03-01")
    row = seen.doses["2024-02-13"]
    assert (row["status"], row["cycle"], row["cycle_day"]) == ("taken", 2, 19)
    assert [day for day in seen.doses if day > "2024-02-10"] == ["2024-02-13"]
    assert seen.deviations() == [("dose_after_end", "2024-02-13")]


def test_a_capsule_both_before_the_start_and_after_the_end_is_one_dose_day() -> None:
    patient = Patient(protocol())
    patient.record("study_ended", ended_on="2024-01-05", reason="withdrawal")
    patient.take("2024-01-10")
    patient.record("treatment_started", first_dose_on="2024-01-11")
    seen = patient.on("2024-02-01")
    assert [row["dose_on"] for row in seen["doses"]] == ["2024-01-10"]


def amounts(seen: Seen, *days: str) -> list[float]:
    return [seen.doses[day]["amount"] for day in days]


def test_the_planned_dose_is_that_of_the_latest_change() -> None:
    patient = Patient.treated(protocol())
    patient.record("dose_changed", from_on="2024-02-10", amount=200)
    patient.record("dose_changed", from_on="2024-02-01", amount=250)
    seen = patient.on("2024-01-06")
    assert amounts(seen, "2024-01-31", "2024-02-01", "2024-02-09", "2024-02-10", "2025-01-01") == [
        300,
        250,
        250,
        200,
        200,
    ]


def test_of_two_changes_from_one_day_the_later_recorded_counts() -> None:
    patient = Patient.treated(protocol())
    patient.record("dose_changed", from_on="2024-02-01", amount=200)
    patient.record("dose_changed", from_on="2024-02-01", amount=250)
    assert amounts(patient.on("2024-01-06"), "2024-02-01") == [250]


def test_an_amount_not_stated_is_the_one_planned_as_known_when_it_was_received() -> None:
    """A reduction entered late changes nothing of what was taken: it makes a deviation."""
    patient = Patient.treated(protocol())
    patient.take("2024-02-05")
    patient.record("dose_changed", from_on="2024-02-01", amount=250)
    patient.take("2024-02-06")
    seen = patient.on("2024-02-10")
    assert [seen.doses[f"2024-02-0{on}"]["taken_amount"] for on in (5, 6, 7)] == [300, 250, None]
    assert [seen.doses[f"2024-02-0{on}"]["amount"] for on in (5, 6, 7)] == [250, 250, 250]
    assert seen.deviations() == [("dose_above_plan", "2024-02-05"), ("dose_amount", "2024-02-05")]


def test_the_planned_dose_never_exceeds_that_of_the_version() -> None:
    patient = Patient.treated(protocol(), protocol(version=2, amount=220))
    patient.record("dose_changed", from_on="2024-01-20", amount=250)
    patient.record("protocol_amended", version=2, from_on="2024-02-01")
    patient.record("dose_changed", from_on="2024-02-10", amount=200)
    seen = patient.on("2024-01-06")
    assert amounts(seen, "2024-01-19", "2024-01-20", "2024-01-31", "2024-02-01", "2024-02-09", "2024-02-10") == [
        300,
        250,
        250,
        220,
        220,
        200,
    ]


def test_days_that_are_listed_are_those_days_also_in_a_cycle_that_keeps_its_greater_length() -> None:
    """Cycle 2 keeps its 21 days, to 2024-02-15; of the new version's cycles of one day only day 1 has a dose."""
    patient = Patient.treated(protocol(), protocol(version=2, cycle_days=1, days=[1]))
    patient.record("protocol_amended", version=2, from_on="2024-02-01")
    seen = patient.on("2024-02-20")
    assert [seen.doses[day]["status"] for day in ("2024-01-31", "2024-02-01", "2024-02-15", "2024-02-16")] == [
        *("unrecorded", "rest", "rest", "unrecorded"),
    ]
    every = Patient.treated(protocol(), protocol(version=2, cycle_days=1))
    every.record("protocol_amended", version=2, from_on="2024-02-01")
    assert every.on("2024-02-20").doses["2024-02-15"]["status"] == "unrecorded"


def test_an_amendment_brings_its_dosing_days_from_its_first_day() -> None:
    patient = Patient.treated(protocol(), protocol(version=2, days=[1, 2, 3]))
    patient.record("protocol_amended", version=2, from_on="2024-01-20")
    seen = patient.on("2024-01-06")
    # 01-20 is day 16 of cycle 1; cycle 2 begins on 01-26.
    assert [seen.status(f"2024-01-{day}") for day in (19, 20, 25, 26, 28, 29)] == [
        "planned",
        "rest",
        "rest",
        "planned",
        "planned",
        "rest",
    ]


def test_the_view_of_a_day_has_what_is_due_and_what_to_catch_up_on() -> None:
    patient = Patient.treated(protocol())
    patient.take("2024-01-05", "2024-01-16")
    patient.miss("2024-01-18")
    patient.record("hold_started", from_on="2024-01-20", resumes_on="2024-01-21")
    view = patient.view("2024-01-22")
    (dose,) = view["doses"]
    assert (dose["dose_id"], dose["drug"]) == ("2024-01-22.surufatinib.1", "surufatinib")
    assert (dose["amount"], dose["unit"], dose["status"]) == (300, "mg", "due")
    assert view["unrecorded"] == [f"2024-01-{day}.surufatinib.1" for day in (17, 19, 21)]
    assert view["cycle"] == {"number": 1, "day": 18, "of_days": 21}
    assert view["status"] == "on_treatment"


def test_the_view_reaches_seven_days_back() -> None:
    view = Patient.treated(protocol()).view("2024-01-13")
    assert view["unrecorded"] == [f"2024-01-{day:02}.surufatinib.1" for day in range(6, 13)]


def test_the_view_of_a_patient_who_has_not_begun_asks_for_nothing() -> None:
    view = Patient(protocol(), planned_first_dose_on="2024-01-05").view("2024-01-10")
    assert (view["cycle"], view["unrecorded"], view["doses"][0]["status"]) == (None, [], "planned")
