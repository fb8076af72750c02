"""Put visits together into entries: those of cycles, runs of equal steps, and each other one alone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from scheduler_api.engine.model.protocol import CONTRACEPTION

from .answers import Answers
from .durations import Length
from .naming import slug
from .visit import Visit

#: A run of fewer visits is not folded.
LEAST_RUN = 3
_OF_CYCLE = re.compile(r"(?:cycle|c)\s*(\d+)[\s,;:.-]*(?:day|d)\s*(\d+)", re.ASCII | re.IGNORECASE)
#: Names that mean something: extra visits, and calls about contraception.
_RESERVED = ("unscheduled", CONTRACEPTION)
_CYCLES, _LABEL = "cycle", "Cycle {n} day {day}"


@dataclass(slots=True)
class Entry:
    """An entry of the draft: the visits it has, each with its cycle if `days` are days of cycles."""

    series: str
    label: str
    visits: list[Visit]
    every: Length | None = None
    day: int | None = None
    cycles: list[int] = field(default_factory=list)

    @property
    def first(self) -> Visit:
        """Return its first visit."""
        return self.visits[0]

    def name_of(self, visit: Visit) -> str:
        """Return the name of one of its visits, as the language gives it."""
        if self.day is not None:
            return f"{self.series}-c{self.cycles[self.visits.index(visit)]}d{self.day}" if self.cycles else self.series
        if self.every is None:
            return self.series
        ((unit, number),) = self.in_its_unit(visit.distance).items()
        return f"{self.series}-{unit[0]}{number}"

    def in_its_unit(self, length: Length) -> dict[str, int]:
        """Return a distance in the unit in which the visits are named."""
        every = (self.every or length).document()
        if "days" in every and not length.months:
            return {"days": length.days}
        return length.document()


def entries_of(visits: Sequence[Visit], answers: Answers, references: Mapping[str, str]) -> list[Entry]:
    """Return the entries for visits in order. `references` are the milestones of references, by the instance's id."""
    by_cycle: dict[object, Entry] = {}
    seen: set[tuple[int, int]] = set()
    entries: list[Entry] = []
    rest: list[Visit] = []
    for visit in visits:
        place = _cycle_and_day(visit, answers, references)
        if place is None or place in seen:
            rest.append(visit)
            continue
        seen.add(place)
        same = (place[1], visit.window, visit.mode, visit.activities)
        if same not in by_cycle:
            by_cycle[same] = Entry(_CYCLES, _LABEL, [], day=place[1])
            entries.append(by_cycle[same])
        by_cycle[same].visits.append(visit)
        by_cycle[same].cycles.append(place[0])
    order = {id(visit): number for number, visit in enumerate(visits)}
    return sorted([*entries, *_of_counted(rest)], key=lambda entry: order[id(entry.first)])


def _cycle_and_day(visit: Visit, answers: Answers, references: Mapping[str, str]) -> tuple[int, int] | None:
    """Return the cycle and day of a visit whose label says them, if its distance from the first dose is the same.

    A label alone proves nothing, and a distance alone does not say that the visit moves with the cycles.
    """
    match = _OF_CYCLE.fullmatch(visit.label)
    length = answers.cycle_days
    if match is None or length is None or visit.loop is not None or references.get(visit.root) != "first_dose":
        return None
    cycle, day = int(match[1]), int(match[2])
    fits = (
        1 <= day <= length
        and cycle >= 1
        and visit.planned == Length((cycle - 1) * length + day - 1, 0, 0, visit.planned.in_weeks)
    )
    return (cycle, day) if fits else None


def _of_counted(visits: Sequence[Visit]) -> Iterator[Entry]:
    """Yield the entries of visits that are counted from a day, or repeat in a loop."""
    taken = {_CYCLES, *_RESERVED}
    left = list(visits)
    while left:
        run = _run(left)
        first = run[0]
        if len(run) == 1:
            day = first.distance.days + 1 if first.loop is not None else None
            # The label of a visit that repeats names one of its cycles.
            label = _LABEL if day is not None and _OF_CYCLE.fullmatch(first.label) else first.label
            series = slug(label.replace("{n}", "").replace("{day}", ""), "visit", taken)
            entry = Entry(series, label, run, day=day)
        else:
            step = run[1].distance - first.distance
            label = _with_number(first, step)
            series = slug(label.replace("{n}", ""), "visit", taken)
            entry = Entry(series, label, run, step)
        taken.add(series)
        left = [visit for visit in left if visit not in run]
        yield entry


def _run(visits: Sequence[Visit]) -> list[Visit]:
    """Return the visits that are one series with the first one, each as far from the last: it alone if there are few.

    Nothing is lost: they differ in their distance, and in their labels by its number alone.
    """
    first = visits[0]
    if first.via or first.loop or first.distance.days + first.distance.months <= 0:
        return [first]
    run, step = [first], Length()
    for visit in visits[1:]:
        if (visit.root, visit.window, visit.mode, visit.activities) != (
            *(first.root, first.window, first.mode),
            first.activities,
        ):
            continue
        further = visit.distance - run[-1].distance
        if visit.via or visit.loop or min(further.days, further.months) < 0 or not further.days + further.months:
            continue
        if len(run) == 1:
            step = further
        in_months = {bool(visit.distance.months), bool(first.distance.months), bool(step.months)}
        label = _with_number(first, step)
        if len(in_months) == 1 and further == step and "{n}" in label and _with_number(visit, step) == label:
            run.append(visit)
    return run if len(run) >= LEAST_RUN else [first]


def _with_number(visit: Visit, step: Length) -> str:
    """Return a visit's label with `{n}` instead of the number of its distance, in the unit of the step."""
    number = next(iter(Entry("", "", [visit], step).in_its_unit(visit.distance).values()))
    return re.sub(rf"(?<!\d){number}(?!\d)", "{n}", visit.label, count=1)
