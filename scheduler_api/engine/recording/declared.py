"""Refuse names that the protocol does not declare: arms, cohorts, milestones, regimens, strengths.

Rules, sections 2, 4 and 14.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from scheduler_api.engine.errors import FieldError, pointer_token
from scheduler_api.engine.model.facts import (
    ArmAssigned,
    Body,
    CohortChanged,
    DrugDispensed,
    DrugLost,
    DrugReturned,
    MilestoneReached,
)
from scheduler_api.engine.model.protocol import Protocol
from scheduler_api.engine.model.versions import Period, version_on

#: The milestone that a fact may date although every protocol has it.
RANDOMISATION = "randomisation"


def declared_errors(plan: tuple[Period, ...], body: Body, today: date) -> list[FieldError]:
    """Return what a fact names that the protocol, in the version of its day, does not declare.

    A milestone that ends visits cannot be announced: it ends nothing before it is reached.
    """
    match body:
        case ArmAssigned():
            return arm_errors(version_on(plan, body.on), body.arm)
        case CohortChanged():
            cohorts = version_on(plan, body.from_on).cohorts
            return _unknown("/cohort", "cohort", body.cohort, cohorts)
        case MilestoneReached():
            protocol = version_on(plan, body.on)
            known = (*sorted(protocol.milestones), RANDOMISATION)
            if errors := _unknown("/milestone", "milestone", body.milestone, known):
                return errors
            if body.on > today and body.milestone in _ending(protocol):
                detail = f"After today {today}: {body.milestone} ends visits, so it is recorded once it is reached."
                return [FieldError("/on", detail, "after_today")]
        case DrugDispensed() | DrugReturned() | DrugLost():
            return _count_errors(plan, body)
    return []


def arm_errors(protocol: Protocol, arm: str | None) -> list[FieldError]:
    """Return the error of an arm that a protocol does not declare."""
    return [] if arm is None else _unknown("/arm", "arm", arm, protocol.arms)


def regimen_errors(plan: tuple[Period, ...], pointer: str, regimen: str | None, day: date) -> list[FieldError]:
    """Return the error of a regimen that the version of a day does not have, or of none named where it has several."""
    ids = [one.id for one in version_on(plan, day).regimens]
    if regimen is None:
        several = f"Missing: the protocol has several regimens ({', '.join(ids)})."
        return [] if len(ids) == 1 else [FieldError(pointer, several, "missing")]
    return _unknown(pointer, "regimen", regimen, ids)


def _count_errors(plan: tuple[Period, ...], body: DrugDispensed | DrugReturned | DrugLost) -> list[FieldError]:
    """Return what is wrong with the regimen and the strengths of what was given out, came back or was lost.

    Any version in force counts: what an earlier one had may come back under a later one.
    """
    regimens = [regimen for period in plan for regimen in period.protocol.regimens]
    ids = [*dict.fromkeys(regimen.id for regimen in regimens)]
    if body.regimen is None and len(ids) > 1:
        return [FieldError("/regimen", f"Missing: the protocol has several regimens ({', '.join(ids)}).", "missing")]
    if body.regimen is not None and (errors := _unknown("/regimen", "regimen", body.regimen, ids)):
        return errors
    drug = next(regimen.drug for regimen in regimens if regimen.id == (body.regimen or ids[0]))
    of_drug = {strength for regimen in regimens if regimen.drug == drug for strength in regimen.strengths}
    known = [f"{strength:g}" for strength in sorted(of_drug)]
    given = [("units", body.units), ("lost", body.lost or {} if isinstance(body, DrugReturned) else {})]
    return [
        error
        for field, units in given
        for strength in units
        for error in _unknown(f"/{field}/{pointer_token(strength)}", "strength", strength, known)
    ]


def _ending(protocol: Protocol) -> set[str]:
    """Return the milestones at which visits of a protocol end."""
    recurrences = (recurrence for series in protocol.series for recurrence in series.recurrences)
    return {name for recurrence in recurrences for names in recurrence.until for name in names}


def _unknown(pointer: str, kind: str, name: str, known: Collection[str]) -> list[FieldError]:
    if name in known:
        return []
    listed = f"It has {', '.join(known)}." if known else "It has none."
    return [FieldError(pointer, f"The protocol has no {kind} {name}. {listed}", "not_found")]
