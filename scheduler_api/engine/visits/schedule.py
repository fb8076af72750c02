"""The visits of one patient: the series of all versions of the protocol, and the days they are counted from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from functools import cached_property

from scheduler_api.engine.model.history import History
from scheduler_api.engine.model.protocol import Series
from scheduler_api.engine.model.versions import Period
from scheduler_api.engine.reason import Reason
from scheduler_api.engine.treatment.cycles import CycleRun, cycle_runs
from scheduler_api.engine.treatment.fertility import fertile_periods

from .recurrence import AnchorDay, EvenlySpacedVisits, PlannedVisit, PlannedVisits, planned_visits_of
from .series import Visit, VisitSeries
from .series_end import series_end


class VisitSchedule:
    """The visits of one patient; each series is computed when it is first read, and only as far as it is read."""

    def __init__(self, plan: tuple[Period, ...], history: History) -> None:
        self._plan = plan
        self._history = history
        self._series: dict[str, VisitSeries] = {}
        self._inputs: dict[str, tuple[object, ...]] = {}
        #: The names of all series, in the order the protocol lists them.
        self.names = tuple(dict.fromkeys([s.name for period in plan for s in period.protocol.series]))

    @cached_property
    def _runs(self) -> tuple[CycleRun, ...]:
        return cycle_runs(self._plan, self._history)

    def series(self, name: str) -> VisitSeries:
        """Return the visits of one series (of a name in `names`)."""
        series = self._series.get(name)
        if series is None:
            rules = [(period, period.protocol.find_series(name)) for period in self._plan]
            latest = [rule for _, rule in rules if rule is not None][-1]
            planned_visits = (
                PlannedVisits(_amended(rules, self._iterate_visits)) if len(rules) > 1 else self._planned_visits(latest)
            )
            series = self._series[name] = VisitSeries(latest, planned_visits, self._history)
        return series

    def visit(self, name: str) -> Visit | None:
        """Return the visit with this name, of whichever series; None if the plan has none, or it was cut."""
        return next((visit for series in self.names if (visit := self.series(series).visit(name)) is not None), None)

    def inputs(self, name: str) -> tuple[object, ...]:
        """Return everything that the visits of a series are computed from: equal inputs give equal visits."""
        if name not in self._inputs:
            self._inputs[name] = self._inputs_of(name)
        return self._inputs[name]

    def _inputs_of(self, name: str) -> tuple[object, ...]:
        history = self._history
        rules = [(period.from_on, period.to_on, period.protocol.find_series(name)) for period in self._plan]
        in_force = [series for *_, series in rules if series is not None]
        return (
            rules,
            [self._anchor(series) for series in in_force],
            self._runs if any(series.anchor == "cycle" for series in in_force) else (),
            series_end(in_force[-1], history) if in_force else None,
            history.done_of_series.get(name),
            {visit: booking for visit, booking in history.bookings.items() if visit.startswith(name)},
        )

    def _planned_visits(self, series: Series) -> PlannedVisits:
        anchor = self._anchor(series)
        if anchor is None:
            return PlannedVisits(iter(()))
        return (
            EvenlySpacedVisits(series, anchor)
            if EvenlySpacedVisits.fits(series)
            else PlannedVisits(planned_visits_of(series, anchor, self._runs))
        )

    def _iterate_visits(self, series: Series) -> Iterator[PlannedVisit]:
        anchor = self._anchor(series)
        return iter(()) if anchor is None else planned_visits_of(series, anchor, self._runs)

    def _anchor(self, series: Series) -> AnchorDay | None:
        """Return the day a series is counted from.

        None while there is no such day yet, or if the series is not for this patient.
        """
        history = self._history
        if not _applies(series, history):
            return None
        match series.anchor:
            case "enrolment":
                enrolled_on = history.enrolled.enrolled_on
                return AnchorDay(enrolled_on, False, Reason("enrolment", day=enrolled_on))
            case "first_dose" | "cycle":
                return AnchorDay(history.c1d1, history.first_dose_on is None, history.c1d1_because)
            case "last_dose":
                return _last_dose(history)
            case "visit":
                return self._visit_anchor(series.anchor_visit or "")

    def _visit_anchor(self, visit: str) -> AnchorDay | None:
        for name in self.names:
            if any(s.name == name and s.has_visit(visit) for p in self._plan for s in p.protocol.series):
                return self.series(name).anchor_at(visit)
        return None


def _last_dose(history: History) -> AnchorDay | None:
    """Return the last dose as an anchor, once treatment or the study has ended (section 2)."""
    last, ended = history.last_dose_on, history.treatment_ended
    if last is None or (ended is None and history.off_study is None):
        return None
    return AnchorDay(last, ended is None or history.last_dose_is_provisional, Reason("last_dose", day=last))


def _applies(series: Series, history: History) -> bool:
    if not series.fertile_only:
        return True
    if series.anchor == "last_dose":
        return history.last_dose_on is not None and history.is_fertile(history.last_dose_on)
    return bool(fertile_periods(history))


def _amended(
    rules: list[tuple[Period, Series | None]], visits_of: Callable[[Series], Iterator[PlannedVisit]]
) -> Iterator[PlannedVisit]:
    """Yield the visits of a series across versions of the protocol (section 9).

    Each version's visits count from its first day on, and earlier ones are kept. A new visit that would overlap a kept
    one or repeat its name is dropped.
    """
    kept: set[str] = set()
    closes_on = date.min
    beyond: PlannedVisit | None = None
    for period, series in rules:
        for planned in visits_of(series) if series else ():
            if period.from_on is not None and planned.target_on < period.from_on:
                continue
            if not planned.exists or (period.to_on is not None and planned.target_on >= period.to_on):
                beyond = planned
                break
            if planned.opens_on > closes_on and planned.name not in kept:
                beyond = None
                kept.add(planned.name)
                closes_on = planned.closes_on
                yield planned
    if beyond is not None and beyond.opens_on > closes_on:
        yield beyond._replace(exists=False)
