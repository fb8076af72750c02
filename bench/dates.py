"""The engine against the bare expansion of the same dates with dateutil.rrule."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from dateutil.rrule import DAILY, MONTHLY, WEEKLY, rrule

from scheduler_api.engine.calendar import LONGEST_RANGE, Reckoning, calendar, today_view

from .measure import Figure, ratio
from .people import (
    DOSES,
    ENROLLED_ON,
    FOLLOW_UPS,
    SCANS,
    TREATED_FROM,
    WEEKS_BETWEEN_SCANS,
    protocol,
    two_years,
)

LAST_DOSE = TREATED_FROM + timedelta(DOSES - 1)


def figures() -> list[Figure]:
    """The two-year calendar and the view of a day. Warm: the parsed protocol and the folded history, as in a server."""
    versions, ended = {1: protocol()}, two_years(ended=True)
    eventful = two_years(ended=True, eventful=True)
    first, last = ENROLLED_ON, ENROLLED_ON + timedelta(LONGEST_RANGE - 1)
    going_on, today = two_years(ended=False, days=DOSES - 5), TREATED_FROM + timedelta(DOSES - 5)
    document = calendar(versions, ended, last, first, last)
    _check_same_dates(document["doses"], document["visits"])
    rules = f"dateutil.rrule: {DOSES} daily, {SCANS} six-weekly and {FOLLOW_UPS} monthly dates"
    shown = sum(visit["series"] == "contraception" for visit in document["visits"])
    whole = (
        f"`calendar` over {LONGEST_RANGE} days, the longest range: {DOSES} doses recorded, {SCANS} scans done, "
        f"treatment ended; {shown} of {FOLLOW_UPS} follow-up visits fall into it"
    )
    return [
        Figure(
            "Two-year calendar",
            whole,
            rules,
            ratio(lambda: calendar(versions, ended, last, first, last), expansion),
            0.5,
        ),
        Figure(
            "… of an eventful course",
            "the same with a hold, a reduction, doses missed and of other amounts, late scans",
            rules,
            ratio(lambda: calendar(versions, eventful, last, first, last), expansion),
        ),
        Figure(
            "View of a day",
            "`today_view` of the two-year patient five days before the last dose",
            rules,
            ratio(lambda: today_view(Reckoning(versions, going_on), today), expansion),
            0.03,
        ),
    ]


def expansion() -> tuple[list[datetime], list[datetime], list[datetime]]:
    """The dates of two years of treatment and its follow-up, and nothing else."""
    return (
        list(rrule(DAILY, dtstart=_midnight(TREATED_FROM), count=DOSES)),
        list(rrule(WEEKLY, dtstart=_midnight(_first_scan()), interval=WEEKS_BETWEEN_SCANS, count=SCANS)),
        list(rrule(MONTHLY, dtstart=_midnight(LAST_DOSE + timedelta(1)), count=FOLLOW_UPS)),
    )


def _first_scan() -> date:
    return ENROLLED_ON + timedelta(weeks=WEEKS_BETWEEN_SCANS)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time())


def _check_same_dates(doses: list[dict[str, date]], visits: list[dict[str, date]]) -> None:
    """Both sides reckon the same dates, or the comparison means nothing."""
    daily, six_weekly, _ = ([moment.date() for moment in moments] for moments in expansion())
    scans = [visit["target_on"] for visit in visits if visit["done_on"] is not None]
    assert [dose["dose_on"] for dose in doses] == daily
    assert scans == six_weekly
