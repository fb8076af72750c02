"""The visits of one patient: the series of all versions of the protocol, and the days they are counted from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from functools import cached_property

from scheduler_api.engine.model.facts import visit_of
from scheduler_api.engine.model.history import History
from scheduler_api.engine.model.protocol import Anchor, Protocol, Recurrence, Series
from scheduler_api.engine.model.versions import Period, gives_doses
from scheduler_api.engine.reason import Reason
from scheduler_api.engine.treatment.cycles import CycleCourse
from scheduler_api.engine.treatment.doses import TreatmentPlan
from scheduler_api.engine.treatment.last_dose import last_dose_anchor
from scheduler_api.engine.treatment.milestones import AnchorDay, Reached, anchor_day, start_of_treatment
from scheduler_api.engine.treatment.regimens import RegimenPlan

from .amended import AmendedVisits, amended
from .recurrence import EvenlySpacedVisits, InCycles, PlannedVisit, PlannedVisits, SeriesPlan, planned_visits_of
from .series import BookedVisit, Visit, VisitSeries
from .series_end import visits_end, with_regimen


class VisitSchedule:
    """The visits of one patient; each series is computed when it is first read, and only as far as it is read."""

    def __init__(self, treatment_plan: TreatmentPlan) -> None:
        self._treatment_plan = treatment_plan
        self._plan = plan = treatment_plan.plan
        self._history = history = treatment_plan.history
        self._series: dict[str, VisitSeries] = {}
        self._inputs: dict[str, tuple[object, ...]] = {}
        self._booked = _by_series(plan, history)
        #: The names of all series, in the order the protocol lists them, and of those that only have bookings left.
        self.names = tuple(dict.fromkeys([*(s.name for period in plan for s in period.protocol.series), *self._booked]))

    @cached_property
    def _before_holds(self) -> VisitSchedule | None:
        """The visits as they would be without any hold; None if no hold moves a visit."""
        regimens = (one for period in self._plan for one in period.protocol.regimens)
        if not self._history.holds or not any(one.extend_on_hold for one in regimens):
            return None
        return VisitSchedule(self._treatment_plan.without_holds)

    def series(self, name: str) -> VisitSeries:
        """Return the visits of one series (of a name in `names`)."""
        series = self._series.get(name)
        if series is None:
            history = self._history
            visits = self._combined(name)
            regimen = self._given(name)
            before = self._before_holds if name in history.done_of_series and regimen is None else None
            before_holds = before._combined(name).planned_visits if before is not None else None
            booked = self._booked.get(name, {})
            series = VisitSeries(name, visits.planned_visits, history, booked, before_holds, visits.dropped, regimen)
            self._series[name] = series
        return series

    @property
    def names_of_doses(self) -> list[str]:
        """Return the names of the series whose visits are doses given at the site."""
        return [name for name in self.names if self._given(name) is not None]

    def _given(self, name: str) -> RegimenPlan | None:
        """Return the regimen whose doses given at the site the visits of a series are; None if they are no doses.

        What was given stays a dose wherever a hold moves the plan.
        """
        return self._treatment_plan.regimen(name) if gives_doses(self._plan, name) else None

    def _planned_instead(self, name: str) -> tuple[RegimenPlan, ...]:
        """Return the regimens on whose days the doses of a series are not planned: a drug is given once (section 4)."""
        regimen = self._given(name)
        return () if regimen is None else self._treatment_plan.overlapping(regimen)

    def day_1_given(self, regimen: str) -> dict[int, tuple[date, date]]:
        """Return the day-1 doses of a regimen that were given at the site, by cycle: the day, and the target."""
        series = self.series(regimen)
        given = {}
        for planned, performed in series.all_performed():
            if planned.recurrence.on_day == 1:
                given[planned.number] = performed.done_on, planned.target_on
        return given

    def _combined(self, name: str) -> AmendedVisits:
        """Return the planned visits of one series over all versions."""
        stages = self._stages(name)
        plans = [plan for _, plan in stages if plan is not None]
        if len(stages) == 1:
            return AmendedVisits(self._planned_visits(plans[0]) if plans else PlannedVisits(iter(())), ())
        return amended(stages, self._planned_visits, self._history.done_of_series.get(name))

    def _stages(self, name: str) -> list[tuple[Period, SeriesPlan | None]]:
        """Return the versions that apply, each with what it says of a series (None: nothing, or not yet)."""
        rules = [(period, period.protocol.find_series(name)) for period in self._plan]
        last = max((place for place, (_, series) in enumerate(rules) if series is not None), default=0)
        return [
            (period, self._series_plan(period.protocol, series, place == last) if series is not None else None)
            for place, (period, series) in enumerate(rules)
        ]

    def _series_plan(self, protocol: Protocol, series: Series, is_last: bool) -> SeriesPlan | None:
        anchor = self._anchor(protocol, series.anchor)
        if anchor is None:
            return None
        if series.gives is not None and (regimen := self._given(series.name)) is not None:
            end = with_regimen(visits_end(series.recurrences[0], protocol, self._history, None, regimen), regimen)
            return SeriesPlan(series, anchor, (end,) * len(series.recurrences), is_last, regimen.holds)
        if series.anchor.is_cycle:
            return self._on_cycle_days(protocol, series, anchor, is_last)
        more = tuple(self._responded(series.anchor))[1:] if series.anchor.each else ()
        first, *others = ((one, self._ends(protocol, series, one)) for one in (anchor, *more))
        return SeriesPlan(series, *first, is_last, more_anchors=tuple(others))

    def _ends(self, protocol: Protocol, series: Series, anchor: AnchorDay) -> tuple[Reached | None, ...]:
        """Return E of each recurrence of a series that is counted from a day."""
        # What follows from a milestone of the protocol's own goes on after an earlier progression.
        after = self._own_milestone_before(protocol, series.anchor, anchor.day)
        return tuple(visits_end(recurrence, protocol, self._history, after) for recurrence in series.recurrences)

    def _own_milestone_before(self, protocol: Protocol, anchor: Anchor, day: date) -> date | None:
        """Return the day of the protocol's own milestone that what is counted from `day` follows; None if of none.

        Through a visit, or a response, it follows that of the other series; on days of cycles, that of their regimen.
        """
        if anchor.is_cycle:
            courses = self._treatment_plan.cycle_courses(anchor.regimen)
            regimens = (self._treatment_plan.regimen(course.regimen) for course in courses)
            starts = [one.milestone_on for one in regimens if one is not None and one.follows_own_milestone]
            return max((on for on in starts if on is not None and on <= day), default=None)
        if anchor.visit is not None or anchor.responses_of is not None:
            is_visit = anchor.visit is not None
            of = protocol.series_of(anchor.visit or "") if is_visit else protocol.find_series(anchor.responses_of or "")
            return None if of is None else self._own_milestone_before(protocol, of.anchor, day)
        first = anchor_day(self._history, protocol, anchor.milestones)
        own = anchor_day(self._history, protocol, protocol.milestones.intersection(anchor.milestones))
        return own.day if first is not None and own is not None and own.day == first.day else None

    def _on_cycle_days(self, protocol: Protocol, series: Series, anchor: AnchorDay, is_last: bool) -> SeriesPlan:
        """Return the plan of a series on days of cycles, counted from the start of their regimen and ending with it."""
        treatment_plan, named = self._treatment_plan, series.anchor.regimen

        def in_cycles_of(regimen: RegimenPlan, start: AnchorDay) -> InCycles:
            after = regimen.milestone_on if regimen.follows_own_milestone else None
            ends = tuple(visits_end(one, protocol, self._history, after, regimen) for one in series.recurrences)
            return InCycles(regimen.name, start, tuple(with_regimen(end, regimen) for end in ends), ends)

        lead = treatment_plan.regimen(named or protocol.regimens[0].id)
        assert lead is not None, "a version's regimens are all planned"
        first = in_cycles_of(lead, anchor)
        courses = {course.regimen for course in treatment_plan.cycle_courses(named)}
        started = ((one, self._start_of_cycles(one.name)) for one in treatment_plan.regimens if one.name in courses)
        beside = ((one, start) for one, start in started if start is not None and (one, start) != (lead, anchor))
        found = (in_cycles_of(one, start) for one, start in beside)
        others = tuple(one for one in found if one._replace(regimen=first.regimen) != first)
        for_done = first.ends_for_done if self._history.regimen_ends else None
        return SeriesPlan(series, anchor, first.ends, is_last, in_cycles=others, ends_for_done=for_done)

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
        before = self._before_holds if done is not None and self._given(name) is None else None
        return (
            [(period.from_on, period.to_on, plan) for period, plan in stages],
            [course for one in series for course in self._courses(one)],
            _inputs_of_who(history, series),
            done,
            # What was done is compared with where its visit would be without holds.
            [plan for _, plan in before._stages(name)] if before is not None else (),
            self._booked.get(name),
            _inputs_of_amounts(history, series),
            [one.inputs for one in self._planned_instead(name)],
            # An appointment is of no use once the patient has left.
            (history.off_study, history.off_study and history.off_study_because) if name in self._booked else None,
        )

    def _planned_visits(self, plan: SeriesPlan) -> PlannedVisits:
        """Return the visits that one version plans for this patient, as if it had always applied."""
        series, history = plan.series, self._history
        if all(history.always_fits(one.who) for one in series.recurrences):
            if EvenlySpacedVisits.fits(series):
                return EvenlySpacedVisits(plan)
            visits = planned_visits_of(plan, series.recurrences, self._courses(series))
        else:
            visits = self._for_patient(plan)
        regimen = self._given(series.name) if series.gives is not None else None
        if regimen is not None and regimen.last_given_on is not None:
            visits = _opening_through(regimen.last_given_on, visits)
        if later := self._planned_instead(series.name):
            visits = (one for one in visits if not any(other.plans(one.target_on) for other in later))
        return PlannedVisits(visits, series.most_before_days)

    def _courses(self, series: Series) -> tuple[CycleCourse, ...]:
        """Return the cycles on whose days a series is; none if it is counted from something else.

        Doses given at the site are there until their cycles or `max_doses` have run out; what else ends them is E.
        """
        if series.gives is not None and (regimen := self._given(series.name)) is not None:
            return (CycleCourse(regimen.name, regimen.runs, regimen.ran_out_on),)
        return self._treatment_plan.cycle_courses(series.anchor.regimen) if series.anchor.is_cycle else ()

    def _for_patient(self, plan: SeriesPlan) -> Iterator[PlannedVisit]:
        """Yield the visits that are for this patient on their target, and those that were done or booked by name."""
        series, history = plan.series, self._history
        is_named = any(series.has_visit(name) for name in self._named_visits)
        recurrences = [one for one in series.recurrences if is_named or history.may_fit_from(one.who, date.min)]
        for planned in planned_visits_of(plan, recurrences, self._courses(series)):
            if history.fits(planned.recurrence.who, planned.target_on):
                yield planned
            elif self._is_kept(series, planned):
                yield planned._replace(is_for_patient=False)
            elif not is_named and not any(history.may_fit_from(one.who, planned.target_on) for one in recurrences):
                return

    @cached_property
    def _named_visits(self) -> frozenset[str]:
        """Return the names of the visits that are booked, or that what was done says it was."""
        history = self._history
        return frozenset(history.bookings) | {one.visit for one in history.visits_done if one.visit is not None}

    def _is_kept(self, series: Series, planned: PlannedVisit) -> bool:
        """Return whether a visit that is not for this patient was done or booked by its name, and none of it is.

        So that of visits of one name, for different patients, there is one: the one that opens first, or closes first.
        """
        history, target, name = self._history, planned.target_on, planned.name
        if name not in self._named_visits:
            return False
        of_that_name = [recurrence for recurrence, _ in series.locate_all(name)]
        if any(history.fits(one.who, target) for one in of_that_name):
            return False
        # All entries of a dose are for the same patients, and it is planned by one of them.
        return series.gives is not None or planned.recurrence == min(of_that_name, key=_window_first)

    def _anchor(self, protocol: Protocol, anchor: Anchor) -> AnchorDay | None:
        """Return the day a series is counted from; None while there is no such day yet."""
        if anchor.visit is not None:
            return self._visit_anchor(anchor.visit)
        if anchor.is_cycle:
            return self._start_of_cycles(anchor.regimen)
        if anchor.last_dose_of is not None:
            return last_dose_anchor(self._treatment_plan, anchor.last_dose_of)
        if anchor.responses_of is not None:
            return next(self._responded(anchor), None)
        return anchor_day(self._history, protocol, anchor.milestones)

    def _start_of_cycles(self, regimen: str | None) -> AnchorDay | None:
        """Return the first day of the cycles of a regimen, or of the lead one (None); None while C1D1 has no date."""
        plan = self._treatment_plan.regimen(regimen) if regimen is not None else None
        treatment = start_of_treatment(self._history)
        if plan is None or plan.starts_with_treatment or treatment is None:
            return treatment
        if (started := plan.started) is None:
            return None
        planned_start = treatment.planned_start if plan.rests_on_first_dose else None
        return AnchorDay(started.on, started.provisional, started.because, treatment.enrolment_from, planned_start)

    def _responded(self, anchor: Anchor) -> Iterator[AnchorDay]:
        """Yield each day on which something done for a series had one of some responses, as an anchor, in order."""
        history, last = self._history, None
        for done in history.visits_done:
            if done.series == anchor.responses_of and done.response in anchor.responses and done.done_on != last:
                last, because = done.done_on, Reason("responded", response=done.response, day=done.done_on)
                yield AnchorDay(last, False, because, None if history.is_enrolled else history.enrolment_on)

    def _visit_anchor(self, visit: str) -> AnchorDay | None:
        for name in self.names:
            if any(s.name == name and s.has_visit(visit) for p in self._plan for s in p.protocol.series):
                return self.series(name).anchor_at(visit)
        return None


def _window_first(recurrence: Recurrence) -> tuple[int, int]:
    """Return what orders windows around one target: the one that opens first, then the one that closes first."""
    return -recurrence.before_days, recurrence.after_days


def _opening_through(last: date, visits: Iterator[PlannedVisit]) -> Iterator[PlannedVisit]:
    """Yield the visits that open through a day; they come in order of target."""
    for planned in visits:
        if planned.opens_on <= last:
            yield planned
        elif planned.target_on - timedelta(planned.plan.series.most_before_days) > last:
            return


def _inputs_of_amounts(history: History, series: Iterable[Series]) -> tuple[object, ...]:
    """Return what decides how much is planned of a dose given at the site."""
    return history.dose_changes if any(one.gives is not None for one in series) else ()


def _inputs_of_who(history: History, series: Iterable[Series]) -> tuple[object, ...]:
    """Return what decides for this patient whom the visits of some series are for."""
    whos = [recurrence.who for one in series for recurrence in one.recurrences]
    return (
        history.registered.sex if any(who.sex is not None for who in whos) else None,
        (history.registered.fertility, history.fertility_changes)
        if any(who.fertile is not None for who in whos)
        else (),
        history.arms if any(who.arms is not None for who in whos) else (),
        history.cohort_changes if any(who.cohorts is not None for who in whos) else (),
    )


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
