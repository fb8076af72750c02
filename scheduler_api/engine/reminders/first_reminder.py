"""Say when a patient is reminded of a day's dose for the first time: by the plan, and as it turned out.

There is exactly one first reminder of a planned dose that is not recorded, at the patient's time where the patient is;
at once if that time passed because the patient moved or chose another. There is none if by then the day is over, or the
next dose of the day is near: two doses taken one soon after the other could hurt.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property
from typing import Any, NamedTuple

from scheduler_api.engine.dates import civil_date
from scheduler_api.engine.instants import end_of, local_instant, with_offset
from scheduler_api.engine.model.history import History
from scheduler_api.engine.treatment.dose_ids import parse_dose_id
from scheduler_api.engine.treatment.doses import TreatmentPlan

from .about import about_dose
from .kinds import DOSE_KINDS
from .preferences import BEFORE_NEXT, NotificationPreferences

#: A reminder that was sent so late delays the one that follows it.
LATE = timedelta(minutes=5)


class SentMessage(NamedTuple):
    """A message that was sent: when, and until when the patient put it off (None: not)."""

    at: datetime
    put_off_until: datetime | None


SentMessages = Mapping[tuple[str, str], SentMessage]
"""The messages that were sent, by kind and what they were about."""


def planned_slots(treatment_plan: TreatmentPlan, rows: Iterable[Mapping[str, Any]]) -> Mapping[date, Collection[int]]:
    """Return the numbers of the doses that are to be taken, or were, on each day of some dose rows."""
    found = defaultdict[date, set[int]](set)
    for row in rows:
        if row["status"] in ("taken", "missed", "unrecorded") or treatment_plan.is_to_take(row):
            dose = parse_dose_id(row["dose_id"])
            found[dose.day].add(dose.slot or 1)
    return found


@dataclass(frozen=True)
class FirstReminder:
    """The first reminder of a dose of a day: its number among them is `slot`, and `times` are their times.

    `planned` are the numbers of those that are planned on that day, and `sent` the messages that went out to the
    patient about it.
    """

    day: date
    slot: int
    planned: Collection[int]
    times: tuple[time, ...]
    history: History
    preferences: NotificationPreferences
    sent: SentMessages

    @property
    def about(self) -> str:
        """Return what its messages are about: the day, and which of its doses, if that is not the first."""
        return about_dose(self.day, self.slot)

    @cached_property
    def due_at(self) -> datetime:
        """Return when it is due: at the patient's time, or when the patient's own change made that time pass."""
        return self._changed_at or self._time

    @cached_property
    def next_at(self) -> datetime:
        """Return when it may be sent: quiet hours hold it back, unless the patient just changed time or zone."""
        quiet = self.preferences.quiet
        if self._changed_at is not None or quiet is None:
            return self.due_at
        return quiet.held_until(self.due_at, self.history.time_zone)

    @cached_property
    def expires_at(self) -> datetime:
        """Return from when on it is of no use: when its day is over, or two hours before the next dose of the day."""
        following = [at for slot, at in enumerate(self.times, 1) if slot > self.slot and slot in self.planned]
        end = end_of(self.day, self.history.time_zone)
        if not following:
            return end
        # What is sent soon after its time is on time.
        return min(end, local_instant(self.day, following[0], self.history.time_zone) - BEFORE_NEXT + LATE)

    @cached_property
    def put_off(self) -> dict[str, datetime]:
        """Return until when the patient put off a reminder of the day, by its kind."""
        found = ((kind, self.sent.get((kind, self.about))) for kind in DOSE_KINDS[:2])
        return {kind: sent.put_off_until for kind, sent in found if sent is not None and sent.put_off_until is not None}

    @cached_property
    def moved_to(self) -> datetime | None:
        """Return the later time to which the patient moved the reminder after it had been sent; None: not moved."""
        first, set_at = self._sent, self.preferences.time_set_at
        if first is None or set_at is None or not first.at < set_at < self._time:
            return None
        return self._time

    @property
    def sent_at(self) -> datetime:
        """Return when it was sent, if that was neither as planned nor soon after; else when it may be sent."""
        # After one that went out late, or before the patient or the time moved, time runs from then.
        first = self._sent
        return first.at if first is not None and abs(first.at - self.next_at) > LATE else self.next_at

    def remind_at(self) -> datetime | None:
        """Return when the patient is reminded, or was, on the patient's clock; None: no reminder comes that day."""
        at = self.moved_to or (self.sent_at if self._sent is not None else self.next_at)
        zone = self.history.time_zone
        return None if at >= self.expires_at else with_offset(at.replace(microsecond=0), zone)

    @property
    def _sent(self) -> SentMessage | None:
        return self.sent.get(("dose_due", self.about))

    @cached_property
    def _time(self) -> datetime:
        return local_instant(self.day, self.times[self.slot - 1], self.history.time_zone)

    @cached_property
    def _changed_at(self) -> datetime | None:
        """Return when the patient's change of time or zone on this very day made its time pass; None: none did."""
        changes = [at for at in (self.preferences.time_set_at, self.history.moved_at) if at is not None]
        latest = max(changes, default=None)
        if latest is None or latest <= self._time or civil_date(latest, self.history.time_zone) != self.day:
            return None
        return latest
