"""A visit that a study says: its day, its window, mode and activities, and whether its label says another day."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from .durations import A_DAY, Length, read_length
from .path import Loop
from .report import Why
from .study import Instance, Named, Study, Timing

_NUMBERED = re.compile(r"(day|week)\s*(-?\d{1,4})", re.ASCII | re.IGNORECASE)
MOST_ACTIVITIES, MOST_TEXT, MOST_WINDOW = 30, 200, 366


@dataclass(slots=True, eq=False)
class Visit:
    """One visit: `distance` days or months from `root`, or from the visit `via`, or from the first day of its `loop`.

    `planned` is its distance from `root` if every visit is on its day. `window` is None where the study states none.
    `said` are the losses to report once its place in the draft is known.
    """

    parts: list[Instance]
    label: str
    root: str
    distance: Length
    planned: Length
    via: str | None
    loop: Loop | None
    timings: list[Timing]
    window: tuple[int, int] | None = None
    mode: str | None = None
    activities: tuple[str, ...] = ()
    said: list[tuple[Named, Why, str]] = field(default_factory=list)

    @property
    def lead(self) -> Instance:
        """Return the instance that the others are part of."""
        return self.parts[0]


def other_number(visit: Visit) -> str | None:
    """Return how the label of a visit says another day or week than it is on; None if it says the same, or nothing.

    The day after the reference is day 2 in most studies, and day 1 in some.
    """
    match = _NUMBERED.fullmatch(visit.label)
    if match is None or visit.loop is not None or visit.planned.months:
        return None
    days, number = visit.planned.days, int(match[2])
    if match[1].lower() == "week":
        return None if days == 7 * number else f"Its label says week {number}, and it is {visit.planned.words()} away."
    on = days + (days >= 0)
    return None if on == number else f"Its label says day {number}, and it is on day {on} if its reference is day 1."


def window_of(visit: Visit) -> tuple[int, int] | None:
    """Return the window that a visit's timings state, in days before and after; None if they state none."""
    stated: dict[tuple[int, int], Timing] = {}
    for timing in visit.timings:
        if not timing.lower and not timing.upper:
            continue
        before, after = _side(visit, timing, timing.lower), _side(visit, timing, timing.upper)
        if before is None or after is None:
            return None
        stated.setdefault((before, after), timing)
    if len(stated) > 1:
        words = f"The windows of {', '.join(timing.id for timing in stated.values())} are of one visit and differ."
        visit.said.append((visit.lead, "windows_differ", words))
        return None
    return next(iter(stated), None)


def _side(visit: Visit, timing: Timing, text: str) -> int | None:
    length = read_length(text)
    if length is None or length.months or length.whole.days > MOST_WINDOW:
        words = (
            f"Its window {timing.lower or '?'} to {timing.upper or '?'} is no number of days from 0 to {MOST_WINDOW}."
        )
        visit.said.append((timing, "unreadable_duration", words))
        return None
    if length.minutes:
        # Down to whole days: a window may be narrower than the study's, and never wider.
        hours = length.minutes / 60
        rounded = "" if length.minutes % A_DAY == 0 else ", which is narrower"
        visit.said.append((timing, "hours", f"A window of {hours:g} hours is {length.whole.words()}{rounded}."))
    return length.whole.days


def mode_of(study: Study, visit: Visit) -> str | None:
    """Return whether a visit is in person or remote; None if it may be both, or nothing is said."""
    contacts = {
        contact
        for part in visit.parts
        if (encounter := study.encounters.get(part.encounter)) is not None
        for contact in encounter.contacts
    }
    modes = {"in_person" if contact == "in person" else "remote" for contact in contacts}
    if len(modes) > 1:
        words = f"Its modes of contact are {', '.join(sorted(contacts))}; a visit has one mode or says none."
        visit.said.append((visit.lead, "mode_not_said", words))
        return None
    return next(iter(modes), None)


def activities_of(study: Study, visit: Visit) -> tuple[str, ...]:
    """Return what is done at a visit, in words: the activities of all its parts, as many as a protocol holds."""
    ids = dict.fromkeys(activity for part in visit.parts for activity in part.activities)
    words = [study.activities[name].words for name in ids if name in study.activities]
    if unknown := [name for name in ids if name not in study.activities]:
        visit.said.append((visit.lead, "unknown_instance", f"There is no activity {', '.join(unknown)}."))
    if len(words) > MOST_ACTIVITIES:
        cut = f"Of its {len(words)} activities the first {MOST_ACTIVITIES} are listed."
        visit.said.append((visit.lead, "list_cut", cut))
    return tuple(word[:MOST_TEXT] for word in words[:MOST_ACTIVITIES])
