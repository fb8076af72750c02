"""Read what is booked or was done for several visits of one day, each of another series (rules, section 5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from scheduler_api.engine.errors import FieldError, ValidationFailed
from scheduler_api.engine.model.facts import VisitBooked, VisitDone
from scheduler_api.engine.model.versions import Period, gives_doses, has_responses


def each_visit(
    plan: Sequence[Period], body: VisitBooked | VisitDone, visits: Sequence[str], corrects: bool
) -> list[VisitBooked | VisitDone]:
    """Return what is booked, or was done, for each of the visits named, in their order.

    A response is of those that have responses, an amount of those that are doses. `body` says what they share, and
    names neither a series nor a visit; `corrects` says whether it is meant to replace another fact. Raises
    ValidationFailed with an error for every bad field.
    """
    given = {"series": bool(body.series), "visit": bool(body.visit), "part": body.part, "replaces": corrects}
    detail = "Not together with `visits`."
    errors = [FieldError(f"/{name}", detail, "not_applicable") for name, is_so in given.items() if is_so]
    found: dict[str, VisitBooked | VisitDone] = {}
    for number, visit in enumerate(visits):
        series = next((one.name for period in plan if (one := period.protocol.series_of(visit)) is not None), None)
        if series is None:
            errors.append(FieldError(f"/visits/{number}", "The protocol has no such visit.", "not_found"))
        elif series in found:
            detail = f"Another visit of the series {series} is named."
            errors.append(FieldError(f"/visits/{number}", detail, "given_twice"))
        elif isinstance(body, VisitBooked):
            found[series] = replace(body, visit=visit)
        else:
            response = body.response if has_responses(plan, series) else None
            of_dose = body.amount if gives_doses(plan, series) else None
            found[series] = replace(body, series=series, visit=visit, response=response, amount=of_dose)
    done = [one for one in found.values() if isinstance(one, VisitDone)]
    said = body.response if isinstance(body, VisitDone) else None
    if said is not None and len(done) == len(visits) and all(one.response is None for one in done):
        errors.append(FieldError("/response", "None of these visits has a response.", "not_applicable"))
    amount = body.amount if isinstance(body, VisitDone) else None
    if amount is not None and len(done) == len(visits) and all(one.amount is None for one in done):
        errors.append(FieldError("/amount", "None of these visits is a dose.", "not_applicable"))
    if errors:
        raise ValidationFailed(errors)
    return [*found.values()]
