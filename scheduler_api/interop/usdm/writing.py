"""Write the entries of a draft as a protocol has them, report each visit, and ask for what is missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from .answers import Answers, check_names
from .durations import Length
from .entries import Entry
from .report import Report
from .study import Named, Study
from .visit import Visit

#: What may be day 1 of a study.
_DAY_1 = ("enrolment", "randomisation", "first_dose")


@dataclass(frozen=True)
class Writer:
    """Writes entries as a protocol has them, with null where the answers and the study say nothing.

    `rounds` are the days that one round of a loop takes, by its decision (None: no timing says so).
    """

    study: Study
    entries: Sequence[Entry]
    answers: Answers
    references: Mapping[str, str]
    rounds: Mapping[str, int | None]
    report: Report
    sources: dict[str, Any]
    #: Where something is missing.
    no_until: list[str] = field(default_factory=list)
    no_window: list[str] = field(default_factory=list)
    no_anchor: dict[str, list[str]] = field(default_factory=dict)
    no_cycles: dict[str, list[str]] = field(default_factory=dict)

    def written(self) -> list[dict[str, Any]]:
        """Return the entries, report their visits, and ask for what is missing.

        Raises ValidationFailed if the answers name a series that is not there, or one whose window the study states.
        """
        answers, series = self.answers, {entry.series for entry in self.entries}
        check_names("until_of", answers.until_of, sorted(series), "series")
        check_names("responses", answers.responses, sorted(series), "series")
        asking = {entry.series for entry in self.entries if entry.first.window is None}
        check_names("window_of", answers.window_of, sorted(asking), "series without a window in the study")
        found = [self._write(index, entry) for index, entry in enumerate(self.entries)]
        self._ask()
        return found

    @cached_property
    def _entry_of(self) -> dict[str, tuple[Entry, Visit]]:
        return {part.id: (entry, visit) for entry in self.entries for visit in entry.visits for part in visit.parts}

    def _write(self, index: int, entry: Entry) -> dict[str, Any]:
        """Return one entry, and report its visits."""
        at, visit = f"/visits/{index}", entry.first
        data: dict[str, Any] = {"series": entry.series, "label": entry.label}
        data |= self._when(at, entry)
        window = self.answers.window_of.get(entry.series, self.answers.window)
        if visit.window is not None:
            window = {"before_days": visit.window[0], "after_days": visit.window[1]}
            self._source(f"{at}/window", entry)
        elif window is None:
            self.no_window.append(f"{at}/window")
        until = self.answers.until_of.get(entry.series, self.answers.until)
        if until is None:
            self.no_until.append(f"{at}/until")
        data |= {"window": window, "until": until}
        if entry.series in self.answers.responses:
            data["responses"] = self.answers.responses[entry.series]
        if visit.mode:
            data["mode"] = visit.mode
        if visit.activities:
            data["activities"] = list(visit.activities)
        for each in entry.visits:
            self._report(at, entry, each)
        return data

    def _when(self, at: str, entry: Entry) -> dict[str, Any]:
        """Return what an entry is counted from, and how far."""
        visit = entry.first
        if entry.day is not None:
            self._source(f"{at}/anchor/days", entry)
            return {"anchor": {"days": [entry.day], "cycles": self._cycles(at, entry)}}
        after = self._visit_before(visit)
        if after is not None:
            anchor: Any = {"visit": after}
        else:
            anchor = self.references.get(visit.root)
            if anchor is None:
                self.no_anchor.setdefault(visit.root, []).append(f"{at}/anchor")
        first = entry.in_its_unit(visit.distance)
        self._source(f"{at}/first", entry)
        if entry.every is None:
            return {"anchor": anchor, "first": first}
        self._source(f"{at}/every", entry)
        every = entry.in_its_unit(entry.every)
        return {"anchor": anchor, "first": first, "every": every, "count": len(entry.visits)}

    def _visit_before(self, visit: Visit) -> str | None:
        """Return the name of the visit that a visit is counted from; None if that is its reference's own day."""
        if visit.via is None:
            return None
        entry, before = self._entry_of[visit.via]
        return None if any(part.id == visit.root for part in before.parts) else entry.name_of(before)

    def _cycles(self, at: str, entry: Entry) -> Any:
        loop = entry.first.loop
        if loop is None:
            numbers = sorted(entry.cycles)
            run = len(numbers) > 2 and numbers == [*range(numbers[0], numbers[-1] + 1)]
            return {"from": numbers[0], "to": numbers[-1]} if run else numbers
        chosen = self.answers.loops.get(loop.decision.id) or self.answers.loops.get(loop.decision.name)
        if chosen is None:
            self.no_cycles.setdefault(loop.decision.id, []).append(f"{at}/anchor/cycles")
        return None if chosen is None else dict(chosen)

    def _source(self, pointer: str, entry: Entry) -> None:
        timings = [*dict.fromkeys(timing.id for visit in entry.visits for timing in visit.timings)]
        if not timings:
            return
        words = f"timing {timings[0]}" if len(timings) == 1 else f"timings {', '.join(timings)}"
        if len(words) > 200:
            words = f"timings {timings[0]} to {timings[-1]}, {len(timings)} of them"
        self.sources[pointer] = {"stated": "usdm", "note": words[:200]}

    def _report(self, at: str, entry: Entry, visit: Visit) -> None:
        root = self.study.main.instances[visit.root]
        before = self._visit_before(visit)
        if entry.day is not None and entry.cycles:
            cycle = entry.cycles[entry.visits.index(visit)]
            words = f"Day {entry.day} of cycle {cycle}, {_away(visit.planned)} {root.words} as planned."
        elif entry.day is not None:
            words = f"Day {entry.day} of each cycle of its loop."
        elif before is not None:
            words = f"{_away(visit.distance)} {before}."
        else:
            words = f"{_away(visit.distance)} {root.words}"
            if not visit.distance.months and self.references.get(visit.root, "first_dose") in _DAY_1:
                number = visit.distance.days + (visit.distance.days >= 0)
                words += f": day {number}, if {root.words} is day 1"
            words += "."
        for part in visit.parts:
            self.report.carry(part, at, words)
        if before is not None:
            detail = f"It is counted from the day {before} was done, or else is planned for."
            self.report.change(visit.lead, "counted_from_visit", detail, at)
        if entry.day is not None and entry.cycles:
            detail = "It is counted by cycles, as its label says, and moves with them."
            self.report.change(visit.lead, "of_cycles", detail, at)
        for named, why, detail in visit.said:
            self.report.change(named, why, detail, at)

    def _ask(self) -> None:
        """Ask for all that is missing, each question once."""
        instances = self.study.main.instances
        for root, pointers in self.no_anchor.items():
            words = f"Which milestone is {instances[root].words} ({root})?"
            self.report.ask(pointers, words, f"references/{root}")
        self.report.ask(self.no_window, "How many days before and after its day may a visit be?", "window, window_of")
        self.report.ask(
            self.no_until, "What ends these visits, besides death and the end of the study?", "until, until_of"
        )
        for decision, pointers in self.no_cycles.items():
            days = self.rounds[decision]
            takes = f", every {Length(days, in_weeks=False).words()}" if days else ""
            before = f"{instances[decision].words} ({decision})"
            words = f"In which cycles do the visits before the decision {before} repeat{takes}?"
            self.report.ask(pointers, words, f"loops/{decision}")


def _away(length: Length) -> str:
    if not length.days and not length.months:
        return "On the day of"
    return f"{length.words()} {'before' if length.days + length.months < 0 else 'after'}"


def unused(study: Study) -> list[Named]:
    """Return the encounters that nothing scheduled has."""
    timelines = (study.main, *study.others)
    used = {instance.encounter for timeline in timelines for instance in timeline.instances.values()}
    return [encounter for encounter in study.encounters.values() if encounter.id not in used]
