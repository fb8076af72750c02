"""Find the doses given at the site otherwise than planned, and among them those that could hurt (rules, section 8)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from scheduler_api.engine.doses.off_plan import HARMFUL
from scheduler_api.engine.model.records import DoneVisit
from scheduler_api.engine.reason import Reason
from scheduler_api.engine.treatment.capsules import with_unit

from .recurrence import PlannedVisit
from .schedule import VisitSchedule
from .series import VisitSeries


class OffPlanGiven(NamedTuple):
    """A dose that was not given as planned: the record, the visit that it belongs to, and how it differs.

    `planned` is None where no amount was planned; amounts are in `unit`.
    """

    kind: str
    record: DoneVisit
    visit: str | None
    drug: Reason
    planned: float | None
    given: float
    unit: str

    @property
    def about(self) -> str:
        """Return what it is about: the visit, or of a dose that belongs to none its series and the record."""
        return self.visit or f"{self.record.series}.{self.record.fact_id}"

    @property
    def is_harmful(self) -> bool:
        """Return whether it could hurt."""
        return self.kind in HARMFUL

    @property
    def because(self) -> Reason:
        """Return what is wrong with it."""
        amounts = {"amount": with_unit(self.given, self.unit)}
        if self.planned is not None:
            amounts["amount2"] = with_unit(self.planned, self.unit)
        base = Reason("on_day", day=self.record.done_on)
        return Reason("of_drug", base=Reason(f"given_{self.kind}", base=base, **amounts), drug=self.drug)


class GivenDose(NamedTuple):
    """A dose given at the site: the record, the visit that it belongs to, what was planned, and how it differs."""

    record: DoneVisit
    visit: str | None
    planned: float | None
    kinds: tuple[str, ...]

    @property
    def about(self) -> str:
        """Return what it is about: the visit, or of a dose that belongs to none its series and the record."""
        return self.visit or f"{self.record.series}.{self.record.fact_id}"


def off_plan_given(visit_schedule: VisitSchedule) -> Iterator[OffPlanGiven]:
    """Yield each way in which a dose given at the site differs from the plan.

    A dose above the planned amount differs in two: it is another amount, and it could hurt.
    """
    for one in given_doses(visit_schedule):
        regimen = visit_schedule.series(one.record.series).regimen
        assert regimen is not None, "visits that are doses have a regimen"
        assert one.record.amount is not None, "what was given has an amount"
        now = regimen.regimen_on(one.record.done_on)
        for kind in one.kinds:
            yield OffPlanGiven(kind, one.record, one.visit, now.drug_name, one.planned, one.record.amount, now.unit)


def given_doses(visit_schedule: VisitSchedule) -> Iterator[GivenDose]:
    """Yield each dose given at the site, and how it differs from the plan, if it does."""
    for name in visit_schedule.names_of_doses:
        yield from _of_series(visit_schedule.series(name))


def _of_series(series: VisitSeries) -> Iterator[GivenDose]:
    regimen = series.regimen
    assert regimen is not None, "visits that are doses have a regimen"
    doses: list[tuple[DoneVisit, PlannedVisit | None]] = [(one.record, None) for one in series.unscheduled]
    doses += [(done.records[0], planned) for planned, done in series.all_performed()]
    for record, planned in doses:
        if record.amount is None:
            continue
        day, amount, known = record.done_on, None, regimen
        if record.said_at is not None and regimen.is_known_later(day):
            # On the first day of a hold or change that was recorded on that day, the plan before may count.
            known = regimen.as_known(day, record.said_at)
        if regimen.treatment_ended_on is not None and day > regimen.treatment_ended_on:
            kinds = ["dose_after_end"]
        elif known.is_held(day):
            kinds = ["dose_while_held"]
        elif planned is None:
            kinds = ["dose_not_planned"]
        else:
            amount = None if planned.own_amount is None else known.amount_instead(planned.own_amount, day)
            kinds = [] if amount in (None, record.amount) else ["dose_amount"]
            kinds += ["dose_above_plan"] if amount is not None and record.amount > amount else []
        yield GivenDose(record, None if planned is None else planned.name, amount, tuple(kinds))
