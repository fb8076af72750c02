"""Define an entry of the worklist, its kinds, and the calls that resolve it (rules, section 12)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, NamedTuple

from scheduler_api.engine.doses.accountability import COUNT_DIFFERS
from scheduler_api.engine.doses.off_plan import HARMFUL
from scheduler_api.engine.reason import Reason
from scheduler_api.engine.treatment.doses import DosePlan, TreatmentPlan
from scheduler_api.engine.treatment.regimens import RegimenPlan

#: The kind that stands on the list of another site than the one that has the patient.
BOOKING_AT_OLD_SITE = "booking_at_old_site"
#: The kind that follows from no fact, but from what became of messages.
REACH_NOBODY = "reminders_reach_nobody"
#: The kinds that follow from what visits follow from, and stand as long as those do.
ABOUT_VISITS = (
    "visit_to_book",
    "follow_up_due",
    "visit_overdue",
    "booking_past",
    "booking_outside_window",
    "booking_to_cancel",
    BOOKING_AT_OLD_SITE,
    "assignment_to_confirm",
    "response_missing",
    "visit_dropped",
)
KINDS = (
    *ABOUT_VISITS,
    "doses_not_taken",
    *HARMFUL,
    "doses_to_confirm",
    COUNT_DIFFERS,
    "record_after_death",
    "hold_open",
    "planned_amount_to_confirm",
    "dose_to_calculate",
    "regimens_overlap",
    "arm_missing",
    "milestone_unconfirmed",
    "treatment_still_open",
    "treatment_to_end",
    "progression_date_missing",
    "pregnancy",
    "dose_before_start",
    "first_dose_missing",
    "treatment_end_missing",
    REACH_NOBODY,
)
#: The kinds that are acknowledged for good: what happened stays on record, and somebody has looked at it.
ACKNOWLEDGED_FOR_GOOD = (*HARMFUL, "visit_dropped", COUNT_DIFFERS)
#: The kind that cannot be foreseen: whether a day is without a dose is certain only after it.
UNFORESEEABLE = "doses_not_taken"
URGENCIES = ("now", "soon", "routine")
#: How long a missing record that changes nothing for the patient may wait.
PAPER = timedelta(28)


class ResolvingCall(NamedTuple):
    """A fact that would resolve an entry, as far as it is given, and the names of the fields still to be filled in."""

    fact: dict[str, Any]
    needs: tuple[str, ...]


END_TREATMENT = ResolvingCall({"kind": "treatment_ended"}, ("last_dose_on", "decided_on", "reason"))


class WorklistEntry(NamedTuple):
    """Something to do. It is listed on the days `from_on`…`through_on` (None: until it is resolved).

    `about` tells a patient's entries of one kind apart. `due_on` is the day by which it should be resolved, before
    `from_on` only for what is late from the start: a visit whose window has closed. `site` is the site that has it on
    its list (None: whichever has the patient on the day of the list).
    """

    kind: str
    about: str
    visit: str | None
    from_on: date
    through_on: date | None
    due_on: date
    because: Reason
    resolve_with: tuple[ResolvingCall, ...]
    site: str | None = None


def urgency(due_on: date, today: date) -> str:
    """Return `now` if due within two days or late, `soon` within seven, else `routine`."""
    left = (due_on - today).days
    return "now" if left <= 2 else "soon" if left <= 7 else "routine"


def plain(
    kind: str, from_on: date, through_on: date | None, due_on: date, because: Reason, *calls: ResolvingCall
) -> WorklistEntry:
    """Return an entry that is about no visit, and the only one of its kind for the patient."""
    return WorklistEntry(kind, "", None, from_on, through_on, due_on, because, calls)


def intake_named(plan: DosePlan) -> dict[str, Any]:
    """Return how facts name an intake: by nothing, if it is the only one."""
    regimen, slot = plan.regimen.named(plan.slot)
    return {} if regimen is None else {"regimen": regimen, "slot": slot}


def of_drug(treatment_plan: TreatmentPlan, regimen: RegimenPlan, because: Reason) -> Reason:
    """Return a reason with the drug that it is about, where there are several."""
    if len(treatment_plan.regimens) == 1:
        return because
    return Reason("of_drug", base=because, drug=regimen.first.drug_name)


def of_intake(treatment_plan: TreatmentPlan, plan: DosePlan, because: Reason) -> Reason:
    """Return a reason with the drug and the intake of the day that it is about, where there are several."""
    if plan.regimen.slots > 1:
        because = Reason("of_slot", base=because, number=plan.slot)
    return of_drug(treatment_plan, plan.regimen, because)
