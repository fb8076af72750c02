"""The visits of one patient: the series of all versions of the protocol, and the days they are counted from."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property

from scheduler_api.engine.model.facts import visit_of
from scheduler_api.engine.model.history import History
from scheduler_api.engine.model.protocol import Series
from scheduler_api.engine.model.versions import Period
from scheduler_api.engine.treatment.cycles import CycleRun, cycle_runs

from .amended import AmendedVisits, amended
from .recurrence import AnchorDay, EvenlySpacedVisits, PlannedVisit, PlannedVisits, SeriesPlan, planned_visits_of
from .series import BookedVisit, Visit, VisitSeries, in_plan
from .series_end import series_end


class VisitSchedule:
    """The visits of one patient; each series is computed when it is first read, and only as far as it is read."""

    def __init__(self, plan: tuple[Period, ...], history: History) -> None:
        self._plan = plan
        self._history = history
        self._series: dict[str, VisitSeries] = {}
        self._inputs: dict[str, tuple[object, ...]] = {}
        self._booked = _by_series(plan, history)
        #: The names of all series, in the order the protocol lists them, and of those that only have bookings left.
        self.names = tuple(dict.fromkeys([*(s.name for period in plan for s in period.protocol.series), *self._booked]))

    @cached_property
    def _runs(self) -> tuple[CycleRun, ...]:
        return cycle_runs(self._plan, self._history)

    @cached_property
    def _before_holds(self) -> VisitSchedule | None:
        """The visits as they would be without any hold; None if no hold moves a visit."""
        if not self._history.holds or not any(period.protocol.dosing.extend_on_hold for period in self._plan):
            return None
        return VisitSchedule(self._plan, replace(self._history, holds=()))

    def series(self, name: str) -> VisitSeries:
        """Return the visits of one series (of a name in `names`)."""
        series = self._series.get(name)
        if series is None:
            history = self._history
            visits = self._combined(name)
            before = self._before_holds if name in history.done_of_series else None
            before_holds = before._combined(name).planned_visits if before is not None else None
            booked = self._booked.get(name, {})
            series = VisitSeries(name, visits.planned_visits, history, booked, before_holds, visits.dropped)
            self._series[name] = series
        return series

    def _combined(self, name: str) -> AmendedVisits:
        """Return the planned visits of one series over all versions."""
        stages = self._stages(name)
        plans = [plan for _, plan in stages if plan is not None]
        if len(stages) == 1:
            return AmendedVisits(self._planned_visits(plans[0]) if plans else PlannedVisits(iter(())), ())
        return amended(stages, self._planned_visits, self._history.done_of_series.get(name), self._in_plan)

    def _stages(self, name: str) -> list[tuple[Period, SeriesPlan | None]]:
        """Return the versions that apply, each with what it says of a series (None: nothing, or not yet)."""
        rules = [(period, period.protocol.find_series(name)) for period in self._plan]
        last = max((place for place, (_, series) in enumerate(rules) if series is not None), default=0)
        return [(period, self._series_plan(series, place == last)) for place, (period, series) in enumerate(rules)]

    def _series_plan(self, series: Series | None, is_last: bool) -> SeriesPlan | None:
        anchor = self._anchor(series) if series is not None else None
        if series is None or anchor is None:
            return None
        return SeriesPlan(series, anchor, series_end(series, self._history), is_last)

    def _in_plan(self, planned: PlannedVisit) -> bool:
        return in_plan(self._history, planned)

    def visit(self, name: str) -> Visit | None:
        """Return the visit with this name, of whichever series; None if the plan has none, or it was cut."""
        return next((visit for series in self.names if (visit := self.series(series).visit(name)) is not None), None)

    def booked(self) -> list[Visit]:
        """Return the visits with a booking that stands, also those that the plan no longer has."""
        return [visit for name in self._booked for visit in self.series(name).booked()]

    def inputs(self, name: str) -> tuple[object, ...]:
        """Return everything that the visits of a series are computed from: equal inputs give equal visits."""
        if name not in self._inputs:
            self._inputs[name] = self._inputs_of(name)
        return self._inputs[name]

    def _inputs_of(self, name: str) -> tuple[object, ...]:
        history, stages, done = self._history, self._stages(name), self._history.done_of_series.get(name)
        series = [plan.series for _, plan in stages if plan is not None]
        before = self._before_holds if done is not None else None
        return (
            [(period.from_on, period.to_on, plan) for period, plan in stages],
            self._runs if any(one.anchor == "cycle" for one in series) else (),
            history.fertility_changes if any(one.fertile_only for one in series) else (),
            history.registered.fertility if any(one.fertile_only for one in series) else (),
            done,
            # What was done is compared with where its visit would be without holds.
            [plan for _, plan in before._stages(name)] if before is not None else (),
            self._booked.get(name),
            # An appointment is of no use once the patient has left.
            (history.off_study, history.off_study_because) if name in self._booked else None,
        )

    def _planned_visits(self, plan: SeriesPlan) -> PlannedVisits:
        """Return the visits that one version plans, as if it had always applied."""
        if EvenlySpacedVisits.fits(plan.series):
            return EvenlySpacedVisits(plan)
        return PlannedVisits(planned_visits_of(plan, self._runs), plan.series.most_before_days)

    def _anchor(self, series: Series) -> AnchorDay | None:
        """Return the day a series is counted from; None while there is no such day yet."""
        history = self._history
        match series.anchor:
            case "enrolment":
                day = history.enrolment_on
                planned = not history.is_enrolled
                return None if day is None else AnchorDay(day, planned, history.enrolment_because, planned)
            case "first_dose" | "cycle":
                start = history.c1d1
                if start is None:
                    return None
                is_planned = history.first_dose_on is None
                # Of a treatment that ended before it began, no start is awaited.
                awaits_start = not history.begun and history.treatment_ended is None
                planned_start = start if awaits_start else None
                return AnchorDay(start, is_planned, history.c1d1_because, not history.is_enrolled, planned_start)
            case "last_dose":
                return _last_dose(history)
            case "visit":
                return self._visit_anchor(series.anchor_visit or "")

    def _visit_anchor(self, visit: str) -> AnchorDay | None:
        for name in self.names:
            if any(s.name == name and s.has_visit(visit) for p in self._plan for s in p.protocol.series):
                return self.series(name).anchor_at(visit)
        return None


def _by_series(plan: tuple[Period, ...], history: History) -> dict[str, dict[str, BookedVisit]]:
    """Return the bookings that stand, by series and name.

    A visit that no version in the plan has (an amendment was taken back) is of the series that its name says.
    """
    found: dict[str, dict[str, BookedVisit]] = {}
    for booked, booking in history.bookings.items():
        visit = visit_of(booked)
        series = next((s for period in plan if (s := period.protocol.series_of(visit)) is not None), None)
        name = series.name if series is not None else booking.series or visit.rpartition("-")[0] or visit
        found.setdefault(name, {})[booked] = BookedVisit(booking, series)
    return found


def _last_dose(history: History) -> AnchorDay | None:
    """Return the last dose as an anchor, once treatment or the study has ended (section 2)."""
    last, ended = history.last_dose_on, history.treatment_ended
    if last is None or (ended is None and history.off_study is None):
        return None
    return AnchorDay(last, ended is None or history.last_dose_is_provisional, history.last_dose_because)
