"""Make the regimen of a draft of the administration that fits: daily, in mg, taken by the patient."""

from __future__ import annotations

from typing import Any

from .answers import Answers, check_names
from .naming import slug
from .report import Report
from .study import Administration, Study

_DAILY = ("daily", "every day", "once daily", "once a day", "once per day", "per day", "qd")
_MG = ("milligram", "mg")
#: Where the pieces of the regimen stand.
AT = "/regimens/0"


def regimens_of(study: Study, answers: Answers, report: Report, sources: dict[str, Any]) -> list[dict[str, Any]] | None:
    """Return the regimens of the draft; None if nobody has said which administration it is.

    Raises ValidationFailed if the answers name one that is not there.
    """
    known = {administration.id: administration for administration in study.administrations}
    if answers.administration is not None:
        check_names("administration", [answers.administration], known, "administration")
    fitting = [each for each in study.administrations if not _misfits(each)]
    chosen = known[answers.administration] if answers.administration else fitting[0] if len(fitting) == 1 else None
    for each in study.administrations:
        if each is not chosen:
            misfits = _misfits(each)
            why = f"It is {' and '.join(misfits)}." if misfits else "A draft has one regimen."
            report.drop(each, "given_otherwise" if misfits else "one_regimen", why)
    if chosen is None:
        which = ", ".join(f"{each.id} ({each.drug.words}, {each.words})" for each in study.administrations) or "none"
        report.ask(["/regimens"], f"Which administration is taken daily by the patient: {which}?", "administration")
        return None
    return [_regimen(chosen, answers, report, sources)]


def _misfits(administration: Administration) -> list[str]:
    """Return in which ways an administration is other than what can be scheduled."""
    found = []
    if administration.frequency.lower() not in _DAILY:
        found.append(f"given {administration.frequency or 'at times that are not said'}")
    if administration.unit and administration.unit.lower() not in _MG:
        found.append(f"of an amount in {administration.unit}")
    elif administration.amount is not None and administration.amount <= 0:
        found.append(f"of {administration.amount:g} mg")
    if not administration.route.lower().startswith("oral"):
        found.append(f"by the route {administration.route or 'that is not said'}")
    return found


def _regimen(chosen: Administration, answers: Answers, report: Report, sources: dict[str, Any]) -> dict[str, Any]:
    source = {"stated": "usdm", "note": f"administration {chosen.id}"[:200]}
    route = chosen.route.removesuffix(" Route of Administration").lower() or None
    in_mg = chosen.unit.lower() in _MG and chosen.amount is not None and 0 < chosen.amount <= 100_000
    stated = chosen.amount if in_mg else None
    amount = answers.dose_mg if answers.dose_mg is not None else stated
    regimen: dict[str, Any] = {
        "id": slug(chosen.drug.words, "treatment"),
        "drug": chosen.drug.words[:200],
        "route": route if route is None else route[:200],
        "dose": {"amount": int(amount) if amount is not None and amount == int(amount) else amount, "unit": "mg"},
        "cycle_days": answers.cycle_days,
        "on_hold": answers.on_hold,
    }
    sources[f"{AT}/drug"] = {"stated": "usdm", "note": f"intervention {chosen.drug.id}"[:200]}
    if route is None:
        report.ask([f"{AT}/route"], "By what route is it taken?", "")
    else:
        sources[f"{AT}/route"] = source
    if amount is None:
        report.ask([f"{AT}/dose/amount"], "How many mg are one dose?", "dose_mg")
    elif answers.dose_mg is None:
        sources[f"{AT}/dose/amount"] = source
    if chosen.frequency.lower() in _DAILY:
        regimen["when"] = [{"days": "all"}]
        sources[f"{AT}/when"] = source
    else:
        regimen["when"] = None
        said = f" The study says: {chosen.frequency}." if chosen.frequency else ""
        report.ask([f"{AT}/when"], f"On which days of a cycle is it taken?{said}", "")
    if answers.cycle_days is None:
        report.ask([f"{AT}/cycle_days"], "How many days does a cycle have?", "cycle_days")
    if answers.on_hold is None:
        words = "Does a hold make a cycle longer (extend), or do cycles go on (continue)?"
        report.ask([f"{AT}/on_hold"], words, "on_hold")
    report.carry(chosen, AT, f"{chosen.drug.words}, taken by the patient.")
    if answers.dose_mg is not None and stated not in (None, answers.dose_mg):
        report.change(
            chosen, "answered", f"The study says {stated:g} mg, the answers {answers.dose_mg:g}.", f"{AT}/dose"
        )
    if chosen.duration:
        words = "For how long it is given is not said in a protocol: treatment ends when its end is recorded."
        report.change(chosen, "duration_in_text", words, AT)
    return regimen
