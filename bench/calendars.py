"""The engine against the bare expansion of the same dates with dateutil.rrule."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from pathlib import Path

import orjson
from dateutil.rrule import DAILY, MONTHLY, WEEKLY, rrule

from .measure import Figure, ratio
from .people import BETWEEN_SCANS, DOSES, ENROLLED_ON, FOLLOW_UPS, NOW, SCANS, TREATED_FROM, TWO_ARMS, two_years
from .product import LONGEST_RANGE, calendar_of, history_of, read_protocol, today_of

RULES = f"dateutil.rrule: {DOSES} daily, {SCANS} six-weekly and {FOLLOW_UPS} monthly dates"


def figures(folder: Path) -> list[Figure]:
    """Measure the two-year calendar and the view of a day. The protocol is parsed and the history is folded before."""
    first, last = ENROLLED_ON, ENROLLED_ON + timedelta(LONGEST_RANGE - 1)
    plain = history_of(two_years(DOSES, ended=True))
    eventful = history_of(two_years(DOSES, eventful=True, ended=True))
    going_on = history_of(two_years())
    two_arms = read_protocol(orjson.loads((Path(__file__).parent / "two_arms.json").read_bytes()))
    two_drugs = history_of(two_years(DOSES, TWO_ARMS, ended=True))
    document = calendar_of(plain, first, last)
    _check_same_dates(document["doses"], document["visits"])
    shown = sum(visit["series"] == "contraception" for visit in document["visits"])
    return [
        Figure(
            "Two-year calendar",
            f"the engine's calendar of {LONGEST_RANGE} days, the longest range: {DOSES} doses recorded, {SCANS} scans "
            f"done, treatment ended; {shown} of {FOLLOW_UPS} follow-up visits fall into it",
            RULES,
            ratio(lambda: calendar_of(plain, first, last), expansion),
            0.5,
        ),
        Figure(
            "… of an eventful course",
            "the same with a hold, a reduction, doses missed and of other amounts, late scans",
            RULES,
            ratio(lambda: calendar_of(eventful, first, last), expansion),
        ),
        Figure(
            "… in a trial of two arms",
            "the same with two drugs, one of them twice a day, and four series of visits (`bench/two_arms.json`)",
            "the two-year calendar",
            ratio(lambda: calendar_of(two_drugs, first, last, two_arms), lambda: calendar_of(plain, first, last)),
            2.5,
        ),
        Figure(
            "View of a day",
            "the engine's view of the two-year patient's day, five days before the last dose",
            RULES,
            ratio(lambda: today_of(going_on, NOW.date()), expansion),
            0.03,
        ),
    ]


def expansion() -> tuple[list[datetime], list[datetime], list[datetime]]:
    """Return the dates of two years of treatment and its follow-up, and nothing else."""
    weeks, after = BETWEEN_SCANS.days // 7, TREATED_FROM + timedelta(DOSES)
    return (
        list(rrule(DAILY, dtstart=_midnight(TREATED_FROM), count=DOSES)),
        list(rrule(WEEKLY, dtstart=_midnight(ENROLLED_ON + BETWEEN_SCANS), interval=weeks, count=SCANS)),
        list(rrule(MONTHLY, dtstart=_midnight(after), count=FOLLOW_UPS)),
    )


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time())


def _check_same_dates(doses: list[dict[str, date]], visits: list[dict[str, date]]) -> None:
    """Both sides compute the same dates, or the comparison means nothing."""
    daily, six_weekly, _ = ([moment.date() for moment in moments] for moments in expansion())
    assert [dose["dose_on"] for dose in doses] == daily
    assert [visit["target_on"] for visit in visits if visit["done_on"] is not None] == six_weekly
