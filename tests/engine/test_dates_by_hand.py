"""Ends of months and years, leap days, and the day as seen from elsewhere: every date here was counted by hand."""

from __future__ import annotations

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest

from scheduler_api.engine.dates import PartialDate, civil_date, parse_date, parse_partial_date
from scheduler_api.engine.errors import ValidationFailed
from scheduler_api.engine.instants import local_instant
from scheduler_api.engine.views.calendar import check_range, default_range

from .patients import Patient, builtin, day, protocol, series


def ended(last_dose_on: str) -> Patient:
    patient = Patient.treated(builtin(), enrolled_on="2022-12-01", first_dose_on="2022-12-01")
    patient.end_treatment(last_dose_on)
    return patient


@pytest.mark.parametrize(
    ("last_dose_on", "through_on", "released_on"),
    [
        # Into a February without and with a leap day.
        ("2024-08-28", "2025-02-28", "2025-03-01"),
        ("2024-08-29", "2025-02-28", "2025-03-01"),
        ("2024-08-30", "2025-02-28", "2025-03-01"),
        ("2024-08-31", "2025-02-28", "2025-03-01"),
        ("2024-09-01", "2025-03-01", "2025-03-02"),
        ("2023-08-29", "2024-02-29", "2024-03-01"),
        ("2023-08-30", "2024-02-29", "2024-03-01"),
        ("2023-08-31", "2024-02-29", "2024-03-01"),
        # Out of the last day of February.
        ("2024-02-29", "2024-08-29", "2024-08-30"),
        ("2023-02-28", "2023-08-28", "2023-08-29"),
        # Over the end of a year, and from its last day into a month of 30 days.
        ("2023-12-31", "2024-06-30", "2024-07-01"),
        ("2024-12-31", "2025-06-30", "2025-07-01"),
        ("2024-10-31", "2025-04-30", "2025-05-01"),
        ("2024-07-01", "2025-01-01", "2025-01-02"),
        ("2024-06-30", "2024-12-30", "2024-12-31"),
    ],
)
def test_contraception_ends_6_months_after_the_last_dose(last_dose_on: str, through_on: str, released_on: str) -> None:
    patient = ended(last_dose_on)
    assert patient.on(last_dose_on)["contraception"]["through_on"] == through_on
    assert patient.on(through_on)["contraception"]["status"] == "required"
    assert patient.on(released_on)["contraception"]["status"] == "released"


@pytest.mark.parametrize(
    ("last_dose_on", "targets"),
    [
        (
            "2024-08-29",
            ["2024-09-29", "2024-10-29", "2024-11-29", "2024-12-29", "2025-01-29", "2025-02-28"],
        ),
        (
            "2024-08-30",
            ["2024-09-30", "2024-10-30", "2024-11-30", "2024-12-30", "2025-01-30", "2025-02-28"],
        ),
        # Counted from the last dose each time: October and December have their 31st again.
        (
            "2024-08-31",
            ["2024-09-30", "2024-10-31", "2024-11-30", "2024-12-31", "2025-01-31", "2025-02-28"],
        ),
        (
            "2023-12-31",
            ["2024-01-31", "2024-02-29", "2024-03-31", "2024-04-30", "2024-05-31", "2024-06-30"],
        ),
        (
            "2024-02-29",
            ["2024-03-29", "2024-04-29", "2024-05-29", "2024-06-29", "2024-07-29", "2024-08-29"],
        ),
    ],
)
def test_follow_up_is_counted_from_the_last_dose_in_one_step(last_dose_on: str, targets: list[str]) -> None:
    seen = ended(last_dose_on).on(last_dose_on)
    assert list(seen.targets("contraception").values()) == targets


def test_years_are_twelve_months_even_from_a_leap_day() -> None:
    yearly = protocol(series("survival", every={"months": 12}))
    patient = Patient(yearly, enrolled_on="2020-02-29", planned_first_dose_on="2020-03-01")
    assert patient.on("2024-01-01", "2020-02-01", "2022-03-31").targets("survival") == {
        "survival-m12": "2021-02-28",
        "survival-m24": "2022-02-28",
    }
    assert patient.on("2024-01-01", "2023-01-01", "2025-03-01").targets("survival") == {
        "survival-m36": "2023-02-28",
        "survival-m48": "2024-02-29",
        "survival-m60": "2025-02-28",
    }


def test_months_before_an_anchor_are_clamped_too() -> None:
    screening = protocol(series("screening", "first_dose", first={"months": -1}, window=(0, 0)))
    patient = Patient.treated(screening, enrolled_on="2024-02-29", first_dose_on="2024-03-31")
    assert patient.on("2024-03-31").targets("screening") == {"screening": "2024-02-29"}


def test_weeks_run_over_a_leap_day_and_the_end_of_a_year() -> None:
    patient = Patient(builtin(), enrolled_on="2023-12-31")
    targets = patient.on("2024-01-01").targets("imaging")
    # 42 days: January has 31, so 11 February; 29 days of February later 24 March; ...
    assert [targets[f"imaging-w{week}"] for week in (6, 12, 18, 54)] == [
        "2024-02-11",
        "2024-03-24",
        "2024-05-05",
        "2025-01-12",
    ]
    ordinary = Patient(builtin(), enrolled_on="2022-12-31").on("2023-01-01", "2022-12-31").targets("imaging")
    assert [ordinary[f"imaging-w{week}"] for week in (6, 12, 54)] == ["2023-02-11", "2023-03-25", "2024-01-13"]


def test_cycles_run_over_a_leap_day_and_the_end_of_a_year() -> None:
    seen = Patient.treated(builtin(), enrolled_on="2023-12-20", first_dose_on="2023-12-20").on("2024-03-01")
    assert [seen.cycles[number]["starts_on"] for number in (1, 2, 3, 4, 5)] == [
        "2023-12-20",
        "2024-01-10",
        "2024-01-31",
        "2024-02-21",
        "2024-03-13",
    ]
    assert seen.place("2023-12-31") == (1, 12)
    assert seen.place("2024-02-29") == (4, 9)
    assert seen.place("2024-03-01") == (4, 10)


NOON_IN_LONDON = datetime(2024, 2, 29, 11, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("time_zone", "today"),
    [
        ("Pacific/Kiritimati", "2024-03-01"),  # +14
        ("Pacific/Auckland", "2024-03-01"),  # +13 in summer
        ("Asia/Shanghai", "2024-02-29"),
        ("America/New_York", "2024-02-29"),
        ("Pacific/Niue", "2024-02-29"),  # -11: half past midnight
    ],
)
def test_today_is_the_instant_seen_in_the_time_zone(time_zone: str, today: str) -> None:
    assert civil_date(NOON_IN_LONDON, time_zone).isoformat() == today


@pytest.mark.parametrize(
    ("instant", "kiritimati", "niue"),
    [
        ("2023-12-31T09:59:59+00:00", "2023-12-31", "2023-12-30"),
        ("2023-12-31T10:00:00+00:00", "2024-01-01", "2023-12-30"),
        ("2023-12-31T11:00:00+00:00", "2024-01-01", "2023-12-31"),
        ("2024-01-01T10:59:59+00:00", "2024-01-02", "2023-12-31"),
    ],
)
def test_two_days_can_lie_between_the_ends_of_the_earth(instant: str, kiritimati: str, niue: str) -> None:
    now = datetime.fromisoformat(instant)
    assert civil_date(now, "Pacific/Kiritimati").isoformat() == kiritimati
    assert civil_date(now, "Pacific/Niue").isoformat() == niue


def test_a_day_that_has_begun_in_kiritimati_can_be_recorded_there_and_not_in_niue() -> None:
    now = NOON_IN_LONDON
    east = Patient.treated(builtin(), time_zone="Pacific/Kiritimati")
    east.record("dose_recorded", dose_on="2024-03-01", status="taken", now=now)
    west = Patient.treated(builtin(), time_zone="Pacific/Niue")
    with pytest.raises(ValidationFailed) as refused:
        west.record("dose_recorded", dose_on="2024-03-01", status="taken", now=now)
    assert [field_error.pointer for field_error in refused.value.errors] == ["/dose_on"]


def test_a_change_of_time_zone_moves_no_date_and_invalidates_no_record() -> None:
    patient = Patient.treated(builtin(), time_zone="Pacific/Kiritimati")
    patient.record("dose_recorded", dose_on="2024-03-01", status="taken", now=NOON_IN_LONDON)
    before = patient.on("2024-02-29")
    patient.record("time_zone_changed", time_zone="Pacific/Niue", now=NOON_IN_LONDON)
    after = patient.on("2024-02-29")
    # In Niue the recorded day is tomorrow.
    assert after.status("2024-03-01") == "taken"
    assert after["time_zone"] == "Pacific/Niue"
    assert {**after.document, "time_zone": ""} == {**before.document, "time_zone": ""}


def test_a_change_of_time_zone_counts_from_when_it_is_recorded() -> None:
    patient = Patient.treated(builtin(), time_zone="Pacific/Niue")
    with pytest.raises(ValidationFailed):
        patient.record("dose_recorded", dose_on="2024-03-01", status="taken", now=NOON_IN_LONDON)
    change = patient.record("time_zone_changed", time_zone="Pacific/Kiritimati", now=NOON_IN_LONDON)
    patient.record("dose_recorded", dose_on="2024-03-01", status="taken", now=NOON_IN_LONDON)
    patient.void(change)
    assert patient.on("2024-03-01")["time_zone"] == "Pacific/Niue"


@pytest.mark.parametrize("text", ["1900-01-01", "2024-02-29", "2199-12-31"])
def test_a_date_is_read_as_it_is_written(text: str) -> None:
    assert parse_date(text).isoformat() == text
    assert parse_partial_date(text) == parse_date(text)


@pytest.mark.parametrize("text", ["1899-12-31", "2200-01-01", "2023-02-29", "2024-2-1", "20240201", "2024-02"])
def test_what_is_no_date_of_this_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\.$"):
        parse_date(text)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2024-05", "2024-05-01", "2024-05-31"),
        ("2024-02", "2024-02-01", "2024-02-29"),
        ("2024-12", "2024-12-01", "2024-12-31"),
        ("2024", "2024-01-01", "2024-12-31"),
    ],
)
def test_of_a_month_or_a_year_any_day_may_be_meant(text: str, first: str, last: str) -> None:
    partial = parse_partial_date(text)
    assert isinstance(partial, PartialDate)
    assert (partial.first.isoformat(), partial.last.isoformat(), str(partial)) == (first, last, text)


def test_a_calendar_reaches_from_a_week_back_to_six_weeks_ahead_and_at_most_over_800_days() -> None:
    assert default_range(day("2024-02-29")) == (day("2024-02-22"), day("2024-04-11"))
    check_range(day("2024-01-01"), day("2026-03-10"))
    for first, last in (("2024-01-01", "2026-03-11"), ("2024-01-02", "2024-01-01")):
        with pytest.raises(ValidationFailed):
            check_range(day(first), day(last))


@pytest.mark.parametrize(
    ("time_zone", "on", "at", "instant"),
    [
        ("Asia/Shanghai", "2024-03-31", time(2, 30), "2024-03-30T18:30:00+00:00"),
        ("Europe/London", "2024-02-20", time(8), "2024-02-20T08:00:00+00:00"),
        # The clock skips the time: the first instant after the gap.
        ("Europe/Berlin", "2024-03-31", time(2, 30), "2024-03-31T01:00:00+00:00"),
        ("Atlantic/Azores", "2024-03-31", time(0, 30), "2024-03-31T01:00:00+00:00"),
        # It shows it twice: the first of the two.
        ("Europe/Berlin", "2024-10-27", time(2, 30), "2024-10-27T00:30:00+00:00"),
    ],
)
def test_the_instant_at_which_a_clock_shows_a_time(time_zone: str, on: str, at: time, instant: str) -> None:
    shown = local_instant(day(on), at, time_zone)
    assert shown.astimezone(UTC).isoformat() == instant
    offset = datetime.fromisoformat(instant).astimezone(ZoneInfo(time_zone)).utcoffset()
    assert shown.utcoffset() == offset


def test_the_hour_that_summer_time_skips_or_repeats_moves_no_day() -> None:
    # Berlin, 2024-03-31: 02:00 becomes 03:00; 2024-10-27: 03:00 becomes 02:00.
    for instant, today in [
        ("2024-03-30T22:59:59+00:00", "2024-03-30"),
        ("2024-03-30T23:00:00+00:00", "2024-03-31"),
        ("2024-03-31T21:59:59+00:00", "2024-03-31"),
        ("2024-03-31T22:00:00+00:00", "2024-04-01"),
        ("2024-10-27T22:59:59+00:00", "2024-10-27"),
        ("2024-10-27T23:00:00+00:00", "2024-10-28"),
    ]:
        assert civil_date(datetime.fromisoformat(instant), "Europe/Berlin").isoformat() == today
