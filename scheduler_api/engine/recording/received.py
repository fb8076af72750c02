"""Fix what no later fact changes when a fact is received: how much was taken or given, what a response means.

Rules, section 3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from scheduler_api.engine.errors import FieldError, ValidationFailed
from scheduler_api.engine.model.facts import (
    Body,
    DoseChanged,
    DoseRecorded,
    DoseTakenBack,
    Enrolled,
    Fact,
    ProtocolAmended,
    Registered,
    VisitDone,
    Voided,
)
from scheduler_api.engine.model.fold import fold
from scheduler_api.engine.model.history import History
from scheduler_api.engine.model.protocol import Versions
from scheduler_api.engine.model.versions import Period, gives_doses, periods, version_on
from scheduler_api.engine.treatment.dose_ids import DoseId
from scheduler_api.engine.treatment.doses import TreatmentPlan
from scheduler_api.engine.visits.given import as_given

#: The facts that the planned amount of a day follows from.
_OF_THE_PLAN = (Registered, Enrolled, DoseChanged, ProtocolAmended, Voided)


def lacks_amount(body: Body) -> bool:
    """Return whether a fact says that a dose was taken, and not how much."""
    return isinstance(body, DoseRecorded) and body.status == "taken" and body.amount is None


def check_named(body: Body, treatment_plan: TreatmentPlan) -> None:
    """Refuse what staff say of a dose without its regimen, if the patient has doses of several on that day.

    Raises ValidationFailed.
    """
    if not isinstance(body, DoseRecorded) or body.regimen is not None:
        return
    names = list(dict.fromkeys(one.regimen.name for one in treatment_plan.doses_of(body.dose_on)))
    if len(names) > 1:
        detail = f"Missing: there are doses of several regimens on that day ({', '.join(names)})."
        raise ValidationFailed([FieldError("/regimen", detail, "missing")])


def as_received(body: Body, treatment_plan: TreatmentPlan, replaces: str | None = None) -> Body:
    """Return the data of a fact as it is to be recorded, given the plan as it is known when the fact is received.

    A dose is that of the regimen and intake named, else the first of its day. One taken, of which nobody said how much,
    was taken as planned. Where nothing is planned, or nothing has that name, it is left as it is, and will be refused.
    A response means what the protocol says, in the version of its day. A dose at the site was given as planned too,
    unless somebody says how much. A change of the dose that names no regimen is of the only one of its day. `replaces`
    is the fact that it corrects.
    """
    if isinstance(body, DoseChanged) and body.regimen is None:
        return replace(body, regimen=_name_needed(treatment_plan.plan, body.from_on))
    if isinstance(body, DoseRecorded | DoseTakenBack):
        plan = treatment_plan.named(DoseId(body.dose_on, body.regimen, body.slot))
        if plan is None:
            return body
        regimen, slot = plan.regimen.named(plan.slot)
        body = replace(body, regimen=regimen, slot=slot)
        if isinstance(body, DoseRecorded) and lacks_amount(body):
            return replace(body, amount=plan.planned_on(body.dose_on))
        return body
    if isinstance(body, VisitDone) and gives_doses(treatment_plan.plan, body.series):
        return as_given(body, treatment_plan, replaces)
    if isinstance(body, VisitDone):
        responses = version_on(treatment_plan.plan, body.done_on).responses_of(body.series)
        return replace(body, progression=responses is not None and body.response in responses.progression)
    return body


def _name_needed(plan: tuple[Period, ...], day: date) -> str | None:
    """Return the only regimen of a day; None if there are several, or if it is the one that needs no name.

    That is the only one of the version with which the patient was registered.
    """
    only = version_on(plan, day).only_regimen
    first = plan[0].protocol.only_regimen
    return None if only is None or (first is not None and only.id == first.id) else only.id


def with_amounts(versions: Versions, facts: Sequence[Fact]) -> list[Fact]:
    """Return a patient's facts with the amounts taken that an earlier version of the service did not record.

    Each is the amount planned for its day by all that was on record when the fact was received; held and rest days have
    one too.
    """
    of_the_plan: list[Fact] = []
    history: History | None = None
    completed = []
    for fact in facts:
        body = fact.body
        if isinstance(body, _OF_THE_PLAN):
            of_the_plan.append(fact)
            history = None
        elif isinstance(body, DoseRecorded) and lacks_amount(body):
            history = history or fold(of_the_plan)
            plan = TreatmentPlan(periods(versions, history), history)
            amount = plan.regimens[0].planned_amount(body.dose_on)
            fact = replace(fact, body=replace(body, amount=amount))
        completed.append(fact)
    return completed
