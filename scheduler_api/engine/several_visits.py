"""Read what was done for several visits of one day, each of another series (rules, section 5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from .errors import FieldError, ValidationFailed
from .model.facts import VisitDone
from .model.versions import Period


def each_visit(plan: Sequence[Period], body: VisitDone, visits: Sequence[str], corrects: bool) -> list[VisitDone]:
    """Return what was done for each of the visits named, in their order: the response is of those that have responses.

    `body` says what they share, and names neither a series (it is empty) nor a visit; `corrects` says whether it is
    meant to replace another fact. Raises ValidationFailed with an error for every bad field.
    """
    given = {"series": body.series != "", "visit": body.visit is not None, "part": body.part, "replaces": corrects}
    detail = "Not together with `visits`."
    errors = [FieldError(f"/{name}", detail, "not_applicable") for name, is_so in given.items() if is_so]
    done: list[VisitDone] = []
    for number, visit in enumerate(visits):
        series = next((one.name for period in plan if (one := period.protocol.series_of(visit)) is not None), None)
        if series is None:
            errors.append(FieldError(f"/visits/{number}", "The protocol has no such visit.", "not_found"))
        elif any(series == other.series for other in done):
            detail = f"Another visit of the series {series} is named."
            errors.append(FieldError(f"/visits/{number}", detail, "given_twice"))
        else:
            has_response = any(period.protocol.responses_of(series) is not None for period in plan)
            response = body.response if has_response else None
            done.append(replace(body, series=series, visit=visit, response=response))
    if body.response is not None and len(done) == len(visits) and all(one.response is None for one in done):
        errors.append(FieldError("/response", "None of these visits has a response.", "not_applicable"))
    if errors:
        raise ValidationFailed(errors)
    return done
