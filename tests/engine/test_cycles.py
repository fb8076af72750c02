"""Cycles and cycle days (rules, sections 4 and 9). Cycles begin on 2024-01-05, 01-26, 02-16 and 03-08."""

from __future__ import annotations

from datetime import date

import pytest

from scheduler_api.engine.model.protocol import Protocol
from scheduler_api.engine.treatment.position import treatment_position

from .patients import Patient, Seen, protocol, series

EXTEND = protocol(series("clinic", {"days": [1]}, window=(0, 0)), on_hold="extend")


def extended(*holds: tuple[str, str | None]) -> Patient:
    patient = Patient.treated(EXTEND)
    for from_on, resumes_on in holds:
        patient.record("hold_started", from_on=from_on, resumes_on=resumes_on)
    return patient


def span(seen: Seen, number: int) -> tuple[str, str | None]:
    row = seen.cycles[number]
    return row["starts_on"], row["ends_on"]


def amended(*changes: tuple[int, str], versions: tuple[Protocol, ...]) -> Seen:
    patient = Patient.treated(*versions)
    for version, from_on in changes:
        patient.record("protocol_amended", version=version, from_on=from_on)
    return patient.on("2024-02-01")


def test_under_continue_a_hold_changes_no_cycle() -> None:
    patient = Patient.treated(protocol())
    before = patient.on("2024-02-01")
    patient.record("hold_started", from_on="2024-01-20")
    after = patient.on("2024-02-01")
    assert after["cycles"] == before["cycles"]
    assert after.place("2024-02-01") == (2, 7)


def test_under_extend_a_held_day_has_no_cycle_day() -> None:
    seen = extended(("2024-01-15", "2024-01-20")).on("2024-02-01")
    assert seen.place("2024-01-14") == (1, 10)
    assert {seen.place(f"2024-01-{held}") for held in range(15, 20)} == {(1, None)}
    assert seen.place("2024-01-20") == (1, 11)
    assert seen.place("2024-01-21") == (1, 12)


@pytest.mark.parametrize(("today", "day"), [("2024-01-14", 10), ("2024-01-15", None), ("2024-01-20", 11)])
def test_under_extend_today_has_no_cycle_day_while_it_is_held(today: str, day: int | None) -> None:
    patient = extended(("2024-01-15", "2024-01-20"))
    assert patient.view(today)["cycle"] == {"number": 1, "day": day, "of_days": 21}
    treatment = patient.on(today)["treatment"]
    assert (treatment["cycle"], treatment["cycle_day"], treatment["on_hold"]) == (1, day, day is None)
    place = treatment_position(patient.schedule().treatment_plan).at(date.fromisoformat(today))
    assert place == (1, day, day is None)


def test_under_extend_the_cycle_ends_later_by_the_days_held() -> None:
    seen = extended(("2024-01-15", "2024-01-20")).on("2024-02-01")
    assert span(seen, 1) == ("2024-01-05", "2024-01-30")
    assert span(seen, 2) == ("2024-01-31", "2024-02-20")


def test_under_extend_several_holds_add_up() -> None:
    seen = extended(("2024-01-15", "2024-01-20"), ("2024-01-20", "2024-01-22"), ("2024-02-10", "2024-02-11")).on(
        "2024-02-12"
    )
    # 5 + 2 days in cycle 1, 1 day in cycle 2.
    assert span(seen, 1) == ("2024-01-05", "2024-02-01")
    assert span(seen, 2) == ("2024-02-02", "2024-02-23")
    assert span(seen, 3)[0] == "2024-02-24"


def test_under_extend_a_hold_from_the_first_day_of_a_cycle_puts_that_day_off() -> None:
    seen = extended(("2024-01-26", "2024-02-09")).on("2024-02-09")
    assert span(seen, 1) == ("2024-01-05", "2024-02-08")
    assert span(seen, 2) == ("2024-02-09", "2024-02-29")
    assert seen.place("2024-01-26") == seen.place("2024-02-08") == (1, None)
    assert seen.place("2024-02-09") == (2, 1)
    assert seen.targets("clinic")["clinic-c2d1"] == "2024-02-09"


def test_under_extend_a_hold_over_the_end_of_a_cycle_moves_the_next() -> None:
    seen = extended(("2024-01-20", "2024-02-03")).on("2024-02-03")
    assert (seen.place("2024-01-19"), seen.place("2024-01-20")) == ((1, 15), (1, None))
    assert seen.place("2024-02-03") == (1, 16)
    assert span(seen, 1) == ("2024-01-05", "2024-02-08")
    assert seen.targets("clinic")["clinic-c2d1"] == "2024-02-09"


def test_under_extend_a_hold_of_the_last_day_of_a_cycle() -> None:
    seen = extended(("2024-01-25", "2024-01-27")).on("2024-02-03")
    assert (seen.place("2024-01-25"), seen.place("2024-01-27")) == ((1, None), (1, 21))
    assert span(seen, 1) == ("2024-01-05", "2024-01-27")
    assert seen.place("2024-01-28") == (2, 1)


def test_under_extend_two_holds_in_a_row_before_the_first_day_of_a_cycle() -> None:
    seen = extended(("2024-01-24", "2024-01-26"), ("2024-01-28", "2024-01-30"), ("2024-01-30", "2024-02-02")).on(
        "2024-02-03"
    )
    # Days 20 and 21 of cycle 1 are 01-26 and 01-27.
    assert (seen.place("2024-01-27"), seen.place("2024-02-01")) == ((1, 21), (1, None))
    assert span(seen, 2) == ("2024-02-02", "2024-02-22")


def test_under_extend_days_held_at_the_start_of_cycle_1_do_not_count() -> None:
    seen = extended(("2024-01-03", "2024-01-08")).on("2024-01-10")
    assert (seen.place("2024-01-05"), seen.place("2024-01-07"), seen.place("2024-01-08")) == (
        (1, None),
        (1, None),
        (1, 1),
    )
    assert span(seen, 1) == ("2024-01-05", "2024-01-28")
    assert seen.targets("clinic")["clinic-c1d1"] == "2024-01-08"


def test_under_extend_with_an_open_hold_the_running_cycle_has_no_end() -> None:
    seen = extended(("2024-02-10", None)).on("2024-03-30")
    assert span(seen, 2) == ("2024-01-26", None)
    assert list(seen.cycles) == [1, 2]
    assert list(seen.targets("clinic")) == ["clinic-c1d1", "clinic-c2d1"]
    assert seen.place("2024-12-24") == (2, None)
    assert seen.cycles[2]["status"] == "current"


def test_under_extend_an_open_hold_from_the_first_day_of_a_cycle_keeps_the_one_before_it_running() -> None:
    seen = extended(("2024-01-26", None)).on("2024-03-30")
    assert list(seen.cycles) == [1]
    assert span(seen, 1) == ("2024-01-05", None)
    assert list(seen.targets("clinic")) == ["clinic-c1d1"]


def test_under_extend_what_was_done_on_a_visit_that_an_open_hold_leaves_without_a_day_stays() -> None:
    patient = extended()
    patient.record("visit_done", series="clinic", done_on="2024-01-26", visit="clinic-c2d1")
    assert patient.on("2024-02-01").visits["clinic-c2d1"]["status"] == "done"
    patient.record("hold_started", from_on="2024-01-26")
    done = [(row["visit"], row["done_on"]) for row in patient.on("2024-02-01")["unscheduled"]]
    assert done == [("clinic-c2d1", "2024-01-26")]


def test_resuming_brings_the_later_cycles_back() -> None:
    patient = extended(("2024-02-10", None))
    patient.record("hold_ended", resumes_on="2024-02-20")
    seen = patient.on("2024-03-30")
    # 10 days held.
    assert span(seen, 2) == ("2024-01-26", "2024-02-25")
    assert seen.targets("clinic")["clinic-c3d1"] == "2024-02-26"


def test_the_end_of_treatment_ends_a_cycle_that_a_hold_keeps_open() -> None:
    patient = extended(("2024-02-10", None))
    patient.end_treatment("2024-02-09", decided_on="2024-02-20")
    assert span(patient.on("2024-03-30"), 2) == ("2024-01-26", "2024-02-09")


@pytest.mark.parametrize(
    ("today", "status"),
    [("2024-01-25", "upcoming"), ("2024-01-26", "current"), ("2024-02-15", "current"), ("2024-02-16", "completed")],
)
def test_the_status_of_a_cycle(today: str, status: str) -> None:
    assert Patient.treated(protocol()).on(today).cycles[2]["status"] == status


def test_no_cycle_begins_after_the_end_of_treatment_and_the_last_is_cut() -> None:
    patient = Patient.treated(protocol())
    patient.end_treatment("2024-02-20")
    seen = patient.on("2024-02-21")
    assert list(seen.cycles) == [1, 2, 3]
    assert span(seen, 3) == ("2024-02-16", "2024-02-20")
    assert seen.cycles[3]["status"] == "completed"


def test_cycles_are_provisional_until_the_start_is_recorded() -> None:
    patient = Patient(protocol(), planned_first_dose_on="2024-01-05")
    planned = patient.on("2024-02-01")
    assert (planned.cycles[1]["starts_on"], planned.cycles[1]["provisional"]) == ("2024-01-05", True)
    assert {row["status"] for row in planned["cycles"]} == {"upcoming"}
    patient.take("2024-01-08")
    taken = patient.on("2024-02-01")
    assert (taken.cycles[1]["starts_on"], taken.cycles[1]["provisional"]) == ("2024-01-08", True)
    patient.record("treatment_started", first_dose_on="2024-01-06")
    started = patient.on("2024-02-01")
    assert (started.cycles[1]["starts_on"], started.cycles[1]["provisional"]) == ("2024-01-06", False)


def test_a_range_shows_the_cycles_that_meet_it() -> None:
    patient = Patient.treated(protocol())
    assert list(patient.on("2024-02-01", "2024-01-25", "2024-02-16").cycles) == [1, 2, 3]
    assert list(patient.on("2024-02-01", "2024-01-26", "2024-02-15").cycles) == [2]
    assert list(patient.on("2024-02-01", "2023-12-01", "2024-01-04").cycles) == []


LONG = protocol(version=2, cycle_days=28)
SHORT = protocol(version=3, cycle_days=14)


@pytest.mark.parametrize(
    ("from_on", "starts"),
    [
        # Cycle 2 runs from 01-26: it keeps its 21 days.
        ("2024-02-01", ["2024-01-05", "2024-01-26", "2024-02-16", "2024-03-15"]),
        ("2024-02-15", ["2024-01-05", "2024-01-26", "2024-02-16", "2024-03-15"]),
        # The first day of cycle 3: it is the first of the new length.
        ("2024-02-16", ["2024-01-05", "2024-01-26", "2024-02-16", "2024-03-15"]),
        ("2024-02-17", ["2024-01-05", "2024-01-26", "2024-02-16", "2024-03-08", "2024-04-05"]),
        # Before C1D1, and on it.
        ("2024-01-04", ["2024-01-05", "2024-02-02", "2024-03-01"]),
        ("2024-01-05", ["2024-01-05", "2024-02-02", "2024-03-01"]),
        ("2024-01-06", ["2024-01-05", "2024-01-26", "2024-02-23"]),
    ],
)
def test_after_an_amendment_the_running_cycle_keeps_its_length(from_on: str, starts: list[str]) -> None:
    seen = amended((2, from_on), versions=(protocol(), LONG))
    assert [row["starts_on"] for row in seen["cycles"]][: len(starts)] == starts


def test_shorter_cycles_are_counted_on_too() -> None:
    seen = amended((3, "2024-02-01"), versions=(protocol(), SHORT))
    assert [row["starts_on"] for row in seen["cycles"]][:5] == [
        "2024-01-05",
        "2024-01-26",
        "2024-02-16",
        "2024-03-01",
        "2024-03-15",
    ]
    assert seen.place("2024-02-29") == (3, 14)
    assert seen.place("2024-03-01") == (4, 1)


def test_of_two_amendments_in_one_cycle_the_next_cycle_has_the_later_length() -> None:
    seen = amended((2, "2024-01-28"), (3, "2024-02-05"), versions=(protocol(), LONG, SHORT))
    assert span(seen, 2) == ("2024-01-26", "2024-02-15")
    assert span(seen, 3) == ("2024-02-16", "2024-02-29")


def test_an_amendment_taken_back_within_the_cycle_changes_no_length() -> None:
    seen = amended((2, "2024-01-28"), (1, "2024-02-05"), versions=(protocol(), LONG))
    assert span(seen, 3) == ("2024-02-16", "2024-03-07")


def test_of_two_amendments_from_one_day_the_later_recorded_counts() -> None:
    seen = amended((3, "2024-02-01"), (2, "2024-02-01"), versions=(protocol(), LONG, SHORT))
    assert span(seen, 3) == ("2024-02-16", "2024-03-14")


def test_an_amendment_to_extend_counts_holds_from_the_next_cycle_on() -> None:
    patient = Patient.treated(protocol(), protocol(version=2, on_hold="extend"))
    patient.record("protocol_amended", version=2, from_on="2024-02-01")
    patient.record("hold_started", from_on="2024-02-20", resumes_on="2024-02-25")
    seen = patient.on("2024-03-01")
    assert span(seen, 3) == ("2024-02-16", "2024-03-12")
    assert (seen.place("2024-02-24"), seen.place("2024-02-25")) == ((3, None), (3, 5))


@pytest.mark.parametrize(
    ("from_on", "resumes_on", "second", "third"),
    [
        # Cycle 2 counts the days of the hold, and ends; cycle 3 begins on a day that it counts.
        ("2024-02-10", "2024-02-20", ("2024-01-26", "2024-02-19"), "2024-02-20"),
        ("2024-02-16", "2024-02-18", ("2024-01-26", "2024-02-17"), "2024-02-18"),
        ("2024-02-10", "2024-02-16", ("2024-01-26", "2024-02-15"), "2024-02-16"),
        ("2024-02-10", None, ("2024-01-26", None), None),
    ],
)
def test_an_amendment_to_extend_while_on_hold(
    from_on: str, resumes_on: str | None, second: tuple[str, str | None], third: str | None
) -> None:
    patient = Patient.treated(protocol(), protocol(version=2, on_hold="extend"))
    patient.record("protocol_amended", version=2, from_on="2024-02-12")
    patient.record("hold_started", from_on=from_on, resumes_on=resumes_on)
    seen = patient.on("2024-03-01")
    assert span(seen, 2) == second
    assert (span(seen, 3)[0] if 3 in seen.cycles else None) == third
    assert seen.place("2024-02-15") == (2, 21)
    assert seen.place("2024-02-17")[1] is None or third == "2024-02-16"


def test_an_amendment_to_continue_while_on_hold_begins_the_next_cycle_once_the_running_one_is_through() -> None:
    patient = Patient.treated(protocol(on_hold="extend"), protocol(version=2))
    patient.record("hold_started", from_on="2024-02-16", resumes_on="2024-02-25")
    patient.record("protocol_amended", version=2, from_on="2024-02-20")
    seen = patient.on("2024-03-01")
    assert (span(seen, 2), span(seen, 3)[0]) == (("2024-01-26", "2024-02-19"), "2024-02-20")
    assert (seen.place("2024-02-19"), seen.place("2024-02-20")) == ((2, None), (3, 1))


@pytest.mark.parametrize(
    ("resumes_on", "version", "from_on", "second", "third"),
    [
        # Cycle 2 is through on 2024-02-15 and waits for the hold's end, as version 2 says, until another one applies.
        ("2024-02-25", 2, "2024-02-25", ("2024-01-26", "2024-02-24"), ("2024-02-25", "2024-03-16")),
        ("2024-02-25", 1, "2024-02-20", ("2024-01-26", "2024-02-19"), ("2024-02-20", "2024-03-11")),
        (None, 1, "2024-02-20", ("2024-01-26", "2024-02-19"), ("2024-02-20", "2024-03-11")),
        ("2024-02-25", 3, "2024-02-20", ("2024-01-26", "2024-02-19"), ("2024-02-20", "2024-03-18")),
        # Before the cycle is through, nothing waits yet.
        ("2024-02-25", 1, "2024-02-14", ("2024-01-26", "2024-02-15"), ("2024-02-16", "2024-03-07")),
    ],
)
def test_a_further_amendment_while_the_next_cycle_waits_for_the_end_of_a_hold(
    resumes_on: str | None, version: int, from_on: str, second: tuple[str, str], third: tuple[str, str]
) -> None:
    waiting, longer = protocol(version=2, on_hold="extend"), protocol(version=3, cycle_days=28)
    patient = Patient.treated(protocol(), waiting, longer)
    patient.record("protocol_amended", version=2, from_on="2024-02-12")
    patient.record("hold_started", from_on="2024-02-10", resumes_on=resumes_on)
    patient.record("protocol_amended", version=version, from_on=from_on)
    seen = patient.on("2024-04-01")
    assert (span(seen, 2), span(seen, 3)) == (second, third)
