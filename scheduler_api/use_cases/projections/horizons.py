"""Say how far ahead visits and messages of a patient are stored, and when that is extended.

Not every day for everyone: time is divided into periods of `EVERY` days, which begin on another day for each tenth of
the patients. On the first day of a patient's period everything is stored that the period needs. So a day's work is
about a tenth of the patients, however many were enrolled, or rebuilt, on one day; and a fact moves no horizon.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from scheduler_api.store.reminders.planned_messages import part_of

#: How far ahead of today visits are listed, in days.
HORIZON = 400
#: The length of a period, in days. A longer one makes the daily work shorter, the table of planned messages longer and
#: each fact a little slower.
EVERY = 10
#: How far ahead messages are planned, in days after today's date in UTC. Where the day after that
#: begins first, it begins at ten in the morning (UTC) of tomorrow, and is planned by then.
AHEAD = timedelta(1)


def horizon(now: datetime) -> date:
    """Return the last day of which visits are stored of everyone."""
    return now.date() + timedelta(HORIZON)


def visits_through(patient_id: str, now: datetime) -> date:
    """Return the day through which a patient's visits are stored now: as far as the whole period needs.

    Patients whose messages lie together have their periods together, so that extending them writes to few places.
    """
    return through_of(part_of(patient_id, EVERY), now)


def through_of(part: int, now: datetime) -> date:
    """Return the same of the patients of a part, of `EVERY` parts."""
    today = now.date()
    first = today - timedelta((today.toordinal() - part) % EVERY)
    return first + timedelta(HORIZON + EVERY)


def period_of(through: date) -> date:
    """Return the first day of the period (UTC) in which visits were stored through a day."""
    return through - timedelta(HORIZON + EVERY)


def planned_through(through: date) -> date:
    """Return the last day whose messages are planned when visits are stored through a day."""
    return period_of(through) + timedelta(EVERY - 1) + AHEAD


def is_to_extend(through: str, now: datetime) -> bool:
    """Return whether a patient whose visits are stored through a day is to be extended.

    Also if that is by a clock that was ahead: from a day that is still to come nothing is planned until that day.
    """
    return not has_run_out(now).isoformat() <= through <= farthest(now).isoformat()


def has_run_out(now: datetime) -> date:
    """Return the day that stored visits reach if the patient's period is not over: who is before it is extended."""
    return horizon(now) + timedelta(1)


def farthest(now: datetime) -> date:
    """Return the day that nobody's stored visits reach beyond, unless they were stored by a clock that was ahead."""
    return horizon(now) + timedelta(EVERY + 1)
