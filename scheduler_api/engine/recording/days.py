"""Check the days that a fact is about (rules, sections 1 and 3)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from datetime import date, datetime

from scheduler_api.engine.dates import PartialDate, add_months, civil_date, is_time_zone
from scheduler_api.engine.errors import FieldError
from scheduler_api.engine.model.facts import (
    ArmAssigned,
    Body,
    CohortChanged,
    DoseRecorded,
    Enrolled,
    FertilityChanged,
    MilestoneReached,
    PregnancyClosed,
    PregnancyReported,
    ProtocolAmended,
    Registered,
    VisitBooked,
    VisitDone,
)
from scheduler_api.engine.model.history import History

#: Days that may lie after today; every other day in a fact is one that has happened (principle 1).
MAY_LIE_AHEAD = frozenset({"booked_on", "resumes_on", "from_on", "planned_first_dose_on", "planned_enrolment_on"})
#: What may lie up to a year before enrolment: screening.
MAY_PRECEDE_ENROLMENT = (
    ArmAssigned,
    CohortChanged,
    MilestoneReached,
    VisitBooked,
    VisitDone,
    FertilityChanged,
    PregnancyReported,
    PregnancyClosed,
    ProtocolAmended,
)
#: The time zone in which a day begins first.
FIRST_ZONE = "Pacific/Kiritimati"


def today_there(time_zone: str, now: datetime) -> date:
    """Return the date in a zone; in one that does not exist, the latest date that it is anywhere on Earth."""
    return civil_date(now, time_zone if is_time_zone(time_zone) else FIRST_ZONE)


def days_of(body: Body) -> Iterator[tuple[str, date, date]]:
    """Yield the dates of a fact: the field, and the first and the last day that it may be."""
    for field in fields(body):
        day = getattr(body, field.name)
        if isinstance(day, PartialDate):
            yield field.name, day.first, day.last
        elif isinstance(day, date) and not isinstance(day, datetime):
            yield field.name, day, day


def day_errors(body: Body, enrolled_on: date | None, today: date, is_dose: bool = False) -> list[FieldError]:
    """Return an error for each date of a fact that cannot be; of a partial date, some day must be possible.

    `enrolled_on` is None while no day is too early: the patient is not enrolled. `is_dose`: it is a visit at which a
    dose was given.
    """
    if isinstance(body, Enrolled):
        enrolled_on = body.enrolled_on
    errors, earliest = [], date.min if enrolled_on is None else earliest_for(body, enrolled_on)
    if is_dose and enrolled_on is not None:
        earliest = enrolled_on
    for name, first, last in days_of(body):
        if last < earliest:
            before = "Before" if earliest == enrolled_on else "More than a year before"
            errors.append(FieldError(f"/{name}", f"{before} enrolment {enrolled_on}.", "before_enrolment"))
        elif first > today and name not in MAY_LIE_AHEAD and not isinstance(body, MilestoneReached):
            errors.append(FieldError(f"/{name}", f"After today {today} in the patient's time zone.", "after_today"))
    return errors


def earliest_for(body: Body, enrolled_on: date) -> date:
    """Return the first day that a fact may be about: some may lie up to a year before enrolment."""
    if isinstance(body, Registered):
        return date.min
    return add_months(enrolled_on, -12) if isinstance(body, MAY_PRECEDE_ENROLMENT) else enrolled_on


def moment_errors(history: History, body: Body, today: date) -> list[FieldError]:
    """Return what is wrong with the moment at which a dose was taken.

    Only the day of the moment counts: a phone's clock may be a little fast.
    """
    if not isinstance(body, DoseRecorded) or body.taken_at is None:
        return []
    taken_on = civil_date(body.taken_at, history.time_zone)
    if taken_on > today:
        return [FieldError("/taken_at", f"After today {today} in the patient's time zone.", "after_today")]
    if history.enrolled_on is not None and taken_on < history.enrolled_on:
        return [FieldError("/taken_at", f"Before enrolment {history.enrolled_on}.", "before_enrolment")]
    return []
