"""Find out from which reference and how far each instance of a timeline is counted."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from .durations import A_DAY, Length, read_length
from .path import Path
from .report import Why
from .study import Instance, Study, Timing

#: What the language allows at most.
MOST_DAYS, MOST_MONTHS = 3660, 120
NOWHERE = Length()


@dataclass(frozen=True, slots=True)
class Position:
    """Where an instance is: `distance` from the instance `root`, as planned.

    `via`: it is counted from the day of this visit, at `distance_from_visit`. `timing` says so, or has a root's window.
    `hours`: the timings of less than a day that are in the distance.
    """

    root: str
    distance: Length
    via: str | None = None
    distance_from_visit: Length = NOWHERE
    timing: Timing | None = None
    hours: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Unplaced:
    """Why an instance has no place."""

    why: Why
    detail: str


def place_all(
    study: Study, path: Path, references: Collection[str], left_out: Collection[str]
) -> dict[str, Position | Unplaced]:
    """Return the place of each instance of the main timeline.

    `references` are the ids of instances that somebody has named a milestone: like those whose timing says so, and the
    beginnings of loops, they are counted from nothing else. From those that are `left_out` visits can be counted as
    planned only.
    """
    placing = _Placing(study, path, references, left_out)
    for name in study.main.instances:
        placing.place(name)
    return placing.places


class _Placing:
    def __init__(self, study: Study, path: Path, references: Collection[str], left_out: Collection[str]) -> None:
        self.study, self.path, self.references, self.left_out = study, path, references, left_out
        self.roots = {*references, *(loop.start.id for loop in path.loops)}
        self.places: dict[str, Position | Unplaced] = {}
        self.timings: dict[str, list[Timing]] = {}
        for timing in study.main.timings:
            self.timings.setdefault(timing.of, []).append(timing)
        self.reached = {instance.id for instance in path.order}
        self.elsewhere = {name for timeline in study.others for name in timeline.instances}

    def place(self, name: str) -> None:
        """Place an instance, and first those that it is counted from: a chain may be as long as the file."""
        chain: list[str] = []
        while name not in self.places:
            if name in chain:
                circle = chain[chain.index(name) :]
                named = ", ".join(circle[:10]) + (" and others" if len(circle) > 10 else "")
                for each in circle:
                    self.places[each] = Unplaced("circle", f"{named} are counted from one another.")
                chain = chain[: chain.index(name)]
                break
            found = self._of_itself(name)
            if found is not None:
                self.places[name] = found
                break
            chain.append(name)
            name = self.timings[name][0].to
        for each in reversed(chain):
            self.places[each] = self._counted(self.study.main.instances[each], self.timings[each][0])

    def _of_itself(self, name: str) -> Position | Unplaced | None:
        """Return the place of an instance that needs no other to be known; None if it does."""
        timings = self.timings.get(name, [])
        if name in self.path.conditional:
            return Unplaced("conditional", "Only a condition in text leads to it.")
        if name not in self.reached:
            return Unplaced("not_reached", "Nothing on the main timeline leads to it.")
        if name in self.roots or self._is_reference(name):
            return Position(name, Length(), timing=timings[0] if len(timings) == 1 else None)
        if not timings:
            return Unplaced("no_timing", "No timing says when it is.")
        if len(timings) > 1:
            return Unplaced("several_timings", f"Timed by {', '.join(timing.id for timing in timings)}.")
        (timing,) = timings
        if timing.to == name:
            return Unplaced("relative_to_itself", f"{timing.id} counts it from itself.")
        if timing.to in self.elsewhere:
            return Unplaced("other_timeline", f"{timing.id} counts it from {timing.to}, on another timeline.")
        if timing.to not in self.study.main.instances:
            return Unplaced(
                "unknown_instance", f"{timing.id} counts it from {timing.to or 'nothing'}, which is not there."
            )
        return None

    def _counted(self, instance: Instance, timing: Timing) -> Position | Unplaced:
        """Return the place of an instance that is counted from another one, which is placed."""
        to = self.study.main.instances[timing.to]
        place = self.places[to.id]
        if isinstance(place, Unplaced):
            return Unplaced("on_not_carried", f"{timing.id} counts it from {to.id}, which has no day.")
        length = read_length(timing.value)
        if timing.type not in ("after", "before") or length is None:
            words = f"{timing.id} says {timing.type or 'nothing'} {timing.value!r}, not After or Before and a duration."
            return Unplaced("unreadable_duration", words)
        if not timing.start_to_start:
            return Unplaced(
                "counted_from_end", f"{timing.id} counts from an end or to an end, and visits have no hours."
            )
        loops = self.path.loops_of(to.id)
        # A reference is one day, even if the visit on that day is the first of many.
        if loops and loops != self.path.loops_of(instance.id) and not self._is_reference(to.id):
            return Unplaced("in_loop", f"{timing.id} counts it from {to.id}, which repeats.")
        signed = length if timing.type == "after" else -length
        hours = (*place.hours, timing.id) if length.minutes else place.hours
        distance = place.distance + signed
        if abs(distance.minutes) >= A_DAY and distance.minutes % A_DAY:
            return Unplaced("hours", f"The hours of {', '.join(hours)} add up to {abs(distance.minutes) / 60:g}.")
        days = distance.whole.days - place.distance.whole.days
        step = Length(days, signed.months, 0, signed.in_weeks and not signed.minutes)
        via, counted = place.via, (place.distance_from_visit if place.via else place.distance.whole) + step
        if timing.type == "after" and self._is_carried(to) and not loops and not self._same_day(instance, to, signed):
            # A root is a milestone, and its visit is the milestone's day.
            via, counted = (None, step) if to.id == place.root else (to.id, step)
        if counted.months and counted.days:
            return Unplaced("months_and_days", f"{timing.id} adds months and days, whose sum is no number of either.")
        if abs(counted.days) > MOST_DAYS or abs(counted.months) > MOST_MONTHS:
            return Unplaced("too_far", f"{timing.id} counts it from more than 10 years away.")
        return Position(place.root, distance, via, counted if via else NOWHERE, timing, hours)

    def _is_reference(self, name: str) -> bool:
        timings = self.timings.get(name, [])
        return name in self.references or (len(timings) == 1 and timings[0].type == "fixed reference")

    def _is_carried(self, instance: Instance) -> bool:
        return instance.is_visit and instance.id not in self.left_out

    def _same_day(self, instance: Instance, other: Instance, length: Length) -> bool:
        """Return whether two instances are parts of one visit: one encounter, less than a day apart."""
        return instance.encounter == other.encounter != "" and not length.whole.days and not length.months
