"""Write the plan of a patient as a CarePlan: each date with the reason for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scheduler_api.use_cases.patients.care_plans import CarePlan

from .elements import code, extensions, period, present, reference, system

#: The status of a CarePlan, by that of the patient.
PLAN_STATUSES: Mapping[str, str] = {
    "screening": "active",
    "enrolled": "active",
    "on_treatment": "active",
    "follow_up": "active",
    "off_study": "completed",
}
#: The status of an activity, by that of a visit that is not booked; FHIR has no word for what is overdue or missed.
_VISITS = {
    "done": "completed",
    "not_required": "cancelled",
    "upcoming": "not-started",
    "open": "not-started",
    "overdue": "not-started",
    "missed": "not-started",
}
_CYCLES = {"completed": "completed", "current": "in-progress", "upcoming": "not-started"}
_CONTRACEPTION = {"required": "in-progress", "released": "completed", "not_required": "not-started"}


def care_plan(plan: CarePlan, language: str) -> dict[str, Any]:
    """Return a plan as a CarePlan with an activity for each visit, each cycle, and contraception.

    Its words are in `language`.
    """
    patient, protocol = plan.patient, plan.patient["protocol"]
    details = [*map(_visit, plan.visits), *map(_cycle, plan.cycles)]
    if plan.contraception["from_on"] is not None:
        details.append(_contraception(plan.contraception))
    return present(
        resourceType="CarePlan",
        id=patient["patient_id"],
        language=language,
        # The version that applies today.
        instantiatesUri=[system("protocol", protocol["id"], str(protocol["version"]))],
        status=PLAN_STATUSES[patient["status"]],
        intent="plan",
        subject=reference("Patient", patient["patient_id"]),
        period=period(plan.first, plan.last),
        supportingInfo=[reference("ResearchStudy", protocol["id"])],
        activity=[{"detail": detail} for detail in details],
    )


def _visit(visit: Mapping[str, Any]) -> dict[str, Any]:
    """Return a visit: its window, or the booked day of what has none."""
    status, booked_on = visit["status"], visit["booked_on"]
    is_booked = booked_on is not None and status in ("upcoming", "open", "overdue")
    window = visit["opens_on"] or booked_on, visit["closes_on"] or booked_on
    return present(
        extension=extensions(
            target_on=visit["target_on"],
            booked_on=booked_on,
            done_on=visit["done_on"],
            provisional=visit["provisional"],
        ),
        code=code(system("visit"), visit["visit"], visit["label"]),
        status="scheduled" if is_booked else _VISITS[status],
        statusReason=code(system("visit-status"), status),
        scheduledPeriod=period(*window),
        description=visit["because"],
    )


def _cycle(cycle: Mapping[str, Any]) -> dict[str, Any]:
    return present(
        extension=extensions(provisional=cycle["provisional"]),
        code=code(system("cycle"), str(cycle["number"])),
        status=_CYCLES[cycle["status"]],
        scheduledPeriod=period(cycle["starts_on"], cycle["ends_on"]),
        description=cycle["because"],
    )


def _contraception(contraception: Mapping[str, Any]) -> dict[str, Any]:
    """Return contraception; while its last day is not known, `earliest-through-on` is the earliest it can become."""
    return present(
        extension=extensions(
            earliest_through_on=contraception["earliest_through_on"], provisional=contraception["provisional"]
        ),
        code=code(system("activity"), "contraception"),
        status=_CONTRACEPTION[contraception["status"]],
        scheduledPeriod=period(contraception["from_on"], contraception["through_on"]),
        description=contraception["because"],
    )
