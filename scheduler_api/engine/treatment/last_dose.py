"""Find the last dose of one drug of a patient, and whether the patient is done with it (rules, sections 4 and 6)."""

from __future__ import annotations

from datetime import date

from scheduler_api.engine.reason import Reason

from .doses import TreatmentPlan
from .milestones import AnchorDay
from .regimens import RegimenPlan


def concerns(treatment_plan: TreatmentPlan, regimen: str, through: date) -> bool:
    """Return whether the drug of a regimen concerns a patient by a day: it was for the patient, or is yet to start."""
    drug = treatment_plan.of_drug(regimen)
    # Also one that was taken though the plan never had it.
    is_taken = any(_days_taken(treatment_plan, one) for one in drug)
    return is_taken or any(_fitted(one, through) or _may_start(one) for one in drug)


def has_ended(treatment_plan: TreatmentPlan, regimen: str, today: date) -> bool:
    """Return whether all regimens of the drug of a regimen, as far as they are for the patient, ended before a day."""
    drug = treatment_plan.of_drug(regimen)
    if any(_may_start(one) for one in drug):
        return False
    ends = [one.over_on for one in drug if _fitted(one, date.max)]
    return all(end is not None and end < today for end in ends)


def last_taken_of(treatment_plan: TreatmentPlan, regimen: str) -> date | None:
    """Return the last day on which the drug of a regimen was taken, or may have been; None if there is none."""
    drug = treatment_plan.of_drug(regimen)
    return max((day for one in drug for day in _days_taken(treatment_plan, one)), default=None)


def last_dose_of(treatment_plan: TreatmentPlan, regimen: str) -> date | None:
    """Return the last dose of the drug of a regimen, the latest of all its regimens; None if there is none."""
    days = (_last_dose(treatment_plan, one) for one in treatment_plan.of_drug(regimen))
    return max((day for day in days if day is not None), default=None)


def last_dose_anchor(treatment_plan: TreatmentPlan, regimen: str) -> AnchorDay | None:
    """Return the last dose of the drug of a regimen as an anchor: once its regimens, treatment or the study have ended.

    Of a drug that only runs out it is, provisionally, its last planned day, until a record has ended it: on which of
    its last days it was really taken nobody can know before.
    """
    history, drug = treatment_plan.history, treatment_plan.of_drug(regimen)
    is_over = history.treatment_ended is not None or history.off_study is not None
    concerned = [one for one in drug if _fitted(one, date.max) or _may_start(one)]
    runs_on = any(one.started is None or one.over_on is None for one in concerned)
    last = last_dose_of(treatment_plan, regimen)
    if not history.is_enrolled or (not is_over and (runs_on or not concerned)):
        return None
    running_out = [one for one in concerned if not is_over and one.over_on == one.ran_out_on]
    planned = [_last_planned(treatment_plan, one, one.over_on) for one in running_out if one.over_on is not None]
    days = [day for day in (last, *planned) if day is not None]
    if not days:
        return None
    is_provisional = bool(running_out) or history.last_dose_is_provisional
    because = Reason("last_dose_of", text=drug[0].first.drug_name, day=max(days))
    return AnchorDay(max(days), is_provisional, because)


def _last_planned(treatment_plan: TreatmentPlan, regimen: RegimenPlan, last: date) -> date | None:
    """Return the last day through `last` on which a dose of a regimen is planned."""
    planned = [one.last_planned(last) for one in treatment_plan.doses if one.regimen is regimen]
    planned += [regimen.last_planned(last)] if regimen.first.given_by_site else []
    return max((day for day in planned if day is not None), default=None)


def _last_dose(treatment_plan: TreatmentPlan, regimen: RegimenPlan) -> date | None:
    history = treatment_plan.history
    days = _days_taken(treatment_plan, regimen)
    is_recorded = regimen.first.given_by_site and bool(days)
    days += [history.stands_for(end.last_dose).on for end in history.regimen_ends if end.regimen == regimen.name]
    stated = regimen.treatment_end.last_dose_on if regimen.treatment_end is not None else None
    end = regimen.own_end
    # One that was said to end before it began is not known to have ended.
    goes_on = stated is not None and (end is None or stated <= end or end < regimen.starts_on)
    if stated is not None and not is_recorded and regimen.starts_on <= stated and goes_on:
        # What is said of the last dose of all is that of each drug that was still taken; of what the site gave itself
        # each dose is on record.
        days += [stated] if _fitted(regimen, stated) else []
    if not days and end is not None and regimen.starts_on <= end:
        # It had ended, and nobody recorded a dose of it: the last may have been the last that was planned.
        last = end if history.off_study_on is None else min(end, history.off_study_on)
        planned = _last_planned(treatment_plan, regimen, last)
        days += [] if planned is None else [planned]
    if (first := history.first_dose_on) is not None and not is_recorded and _fitted(regimen, first):
        # Treatment is on record to have started, also if it was said to end before that, without a dose.
        days.append(first)
    return max(days, default=None)


def _days_taken(treatment_plan: TreatmentPlan, regimen: RegimenPlan) -> list[date]:
    """Return the last days on which doses of a regimen were taken, or may have been, of each of its intakes.

    Of one that is given at the site these are the days on which it was given.
    """
    if regimen.first.given_by_site:
        return [dose.done_on for dose in treatment_plan.history.given_of(regimen.name)]
    logs = [one.log for one in treatment_plan.doses if one.regimen is regimen]
    return [day for log in logs for day in (log.last_taken_on, log.last_unconfirmed_on) if day is not None]


def _fitted(regimen: RegimenPlan, through: date) -> bool:
    """Return whether a regimen was for the patient on a day since its start, through a day."""
    return regimen.started is not None and any(regimen.stretches(regimen.starts_on, through))


def _may_start(regimen: RegimenPlan) -> bool:
    """Return whether a regimen is still to start, though nobody can say when."""
    history = regimen.history
    is_over = history.treatment_ended is not None or history.off_study is not None
    return regimen.started is None and not is_over and regimen.exists_on(date.max)
