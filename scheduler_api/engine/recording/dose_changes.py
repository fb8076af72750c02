"""Find what is wrong with a change of the dose, and what of it is unusual (rules, section 4)."""

from __future__ import annotations

from scheduler_api.engine.errors import Code, FieldError
from scheduler_api.engine.model.facts import DoseChanged
from scheduler_api.engine.model.history import History
from scheduler_api.engine.model.protocol import Regimen, Versions
from scheduler_api.engine.model.versions import Period, changes_of_dose, periods, version_on
from scheduler_api.engine.treatment.capsules import capsules_for, with_unit

from .declared import regimen_errors

#: An amount per kg or m² that is more than so many times the one before has to be confirmed.
_MOST_ABOVE = 1.1


def dose_change_errors(plan: tuple[Period, ...], body: DoseChanged) -> list[FieldError]:
    """Return what is wrong with a change of the dose: its regimen, an amount above the highest, or its days."""
    if errors := regimen_errors(plan, "/regimen", body.regimen, body.from_on):
        return errors
    regimen = _regimen_of(plan, body)
    if regimen.per is None and body.amount > regimen.highest:
        most = with_unit(regimen.highest, regimen.unit)
        return [FieldError("/amount", f"More than the protocol's {most}.", "above_highest")]
    return _day_choice_errors(regimen, body)


def unusual_amount(versions: Versions, history: History, body: DoseChanged) -> dict[Code, str]:
    """Return what of a planned amount is unusual and was not confirmed, each with why (rules, section 4).

    The history has the change that this one corrects, if it does: its amount is the one before.
    """
    plan = periods(versions, history)
    regimen = _regimen_of(plan, body)
    unusual: dict[Code, str] = {}
    amount, unit = with_unit(body.amount, regimen.unit), regimen.unit
    levels = [regimen.amount, *sorted(regimen.amounts - {regimen.amount}), *regimen.levels]
    if regimen.per is not None:
        changes = changes_of_dose(plan, history, regimen.id)
        before = [change for change in changes if change.from_on <= body.from_on]
        # The first amount of all is compared with the next.
        near = before[-1] if before else next(iter(changes), None)
        if near is not None and body.amount > near.amount * _MOST_ABOVE:
            other = with_unit(near.amount, unit)
            unusual["above_previous"] = f"{amount} is more than a tenth above {other}, from {near.from_on}."
    elif body.amount not in levels:
        listed = ", ".join(f"{level:g}" for level in levels)
        unusual["not_a_level"] = f"{amount} is no dose of the protocol, which has {listed} {unit}."
    if regimen.strengths and capsules_for(body.amount, regimen.strengths) is None:
        listed = ", ".join(f"{strength:g}" for strength in regimen.strengths)
        unusual["not_dispensable"] = f"{amount} cannot be made of {listed} {unit}."
    return {what: why for what, why in unusual.items() if what not in (body.confirmed or ())}


def _regimen_of(plan: tuple[Period, ...], body: DoseChanged) -> Regimen:
    """Return the regimen that a change of the dose is of, in the version of its day."""
    protocol = version_on(plan, body.from_on)
    named = protocol.regimens[0] if body.regimen is None else protocol.find_regimen(body.regimen)
    assert named is not None, "an unknown regimen is refused before"
    return named


def _day_choice_errors(regimen: Regimen, body: DoseChanged) -> list[FieldError]:
    """Return what is wrong with how often, or on which days, a changed dose is to be taken: only fewer are possible."""
    if regimen.given_by_site:
        given = [name for name in ("times_a_day", "days") if getattr(body, name) is not None]
        return [FieldError(f"/{name}", "Only of what the patient takes.", "not_applicable") for name in given]
    errors = []
    if body.times_a_day is not None and body.times_a_day > regimen.times_a_day:
        errors.append(FieldError("/times_a_day", f"More than the protocol's {regimen.times_a_day}.", "above_highest"))
    if body.days is not None and not set(body.days).issubset(regimen.days_listed(regimen.cycle_days)):
        errors.append(FieldError("/days", "Not all are days on which the protocol has a dose.", "malformed"))
    return errors
