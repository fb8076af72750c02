"""Further and unscheduled appointments: which of them something done has ended (rules, section 5)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta

from scheduler_api.engine.model.facts import UNSCHEDULED, visit_of
from scheduler_api.engine.model.records import Booking, DoneVisit

from .assignment import Performed, UnscheduledVisit

#: An extra visit ends an appointment for one at most so long after its day.
_NEAR = timedelta(7)


def standing(
    appointments: Mapping[str, Booking],
    performed: Callable[[str], Performed | None],
    unscheduled: Iterable[UnscheduledVisit],
) -> dict[str, Booking]:
    """Return the appointments of a series that nothing done has ended, by name.

    `performed` gives what was done for a visit, by its name; `unscheduled` is what belongs to none. What was done ends
    one appointment: the latest for its day or an earlier one. What was done early ends none, since the appointment may
    be for something else: nobody but the site can tell.
    """
    stands = dict(appointments)
    extra = [record for record, _ in unscheduled]
    for of in {visit_of(name) for name in appointments}:
        if of == UNSCHEDULED:
            records = [record for record in extra if record.visit in (None, UNSCHEDULED)]
        else:
            done = performed(of)
            parts = [*(done.records if done is not None else ()), *(one for one in extra if one.visit == of)]
            records = [record for record in parts if record.part]
        for record in sorted(records, key=lambda one: (one.done_on, one.number)):
            if (ended := _ended_by(record, of, stands)) is not None:
                del stands[ended]
    return stands


def _ended_by(record: DoneVisit, of: str, stands: Mapping[str, Booking]) -> str | None:
    """Return the appointment that something done ends; of those of one day the first."""
    reach = record.done_on - _NEAR
    able = sorted(
        (name for name, booking in stands.items() if visit_of(name) == of and booking.booked_on <= record.done_on),
        key=lambda name: (stands[name].time or "", name),
    )
    if of == UNSCHEDULED:
        able = [name for name in able if stands[name].booked_on >= reach]
    return max(able, key=lambda name: stands[name].booked_on, default=None)
