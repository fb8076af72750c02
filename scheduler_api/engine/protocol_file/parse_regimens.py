"""Read the regimens of a protocol from data (rules, section 4)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from scheduler_api.engine.model.protocol import FIRST_DOSE, Cycles, DoseDays, Regimen, Start

from .parse_choices import Declared, read_cycles, read_days, read_duration, read_who, read_window
from .reader import Fields

#: More strengths of one drug are a typing error.
MOST_STRENGTHS = 5
MOST_TIMES_A_DAY = 4
PER = ("kg", "m2", "AUC")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ID = r"[a-z](?:[a-z0-9_-]{0,38}[a-z0-9])?"
ID_WORDS = "lower-case letters, digits, hyphens and underscores, beginning with a letter, at most 40"
_REQUIRED = ("id", "drug", "route", "dose")
_OPTIONAL = (
    *("strengths", "when", "on_hold", "given_by", "times_a_day", "cycle_days", "cycles_of", "starts", "gap"),
    *("cycles", "first_cycle", "who", "activities", "max_doses", "window", "cycles_count_from"),
)
#: Fields of a regimen only of what is given at the site, and of what only the patient can take.
_ONLY_SITE, _ONLY_PATIENT = ("window", "cycles_count_from"), ("times_a_day", "strengths")


def read_regimens(fields: Fields, at: str, data: Any, declared: Declared) -> tuple[Regimen, ...]:
    """Read the regimens of a protocol, the lead one first."""
    entries = fields.items(at, data, 30)
    if isinstance(data, list) and not data:
        fields.field_error(at, "A protocol has at least one regimen.")
    ids = [entry["id"] for entry in entries if isinstance(entry, dict) and isinstance(entry.get("id"), str)]
    lengths = {name: _length(entries, name) for name in ids}
    found: list[Regimen] = []
    for index, entry in enumerate(entries):
        regimen = _regimen(fields, f"{at}/{index}", entry, declared, ids, lengths)
        if regimen is not None:
            if regimen.id in (one.id for one in found):
                fields.field_error(f"{at}/{index}/id", "Listed twice.")
            found.append(regimen)
    for index, regimen in enumerate(found if not fields.errors else ()):
        _check_others(fields, f"{at}/{index}", regimen, {one.id: one for one in found})
    return tuple(found)


def _length(entries: Sequence[Any], name: str) -> int:
    """Return the days of a cycle of the regimen with an id: its own, or those of the one whose cycles it shares."""
    known = {entry["id"]: entry for entry in entries if isinstance(entry, dict) and isinstance(entry.get("id"), str)}
    for _ in entries:
        days = known.get(name, {}).get("cycle_days")
        if isinstance(days, int):
            return days
        name = str(known.get(name, {}).get("cycles_of"))
    return 366


def _regimen(
    fields: Fields, at: str, data: Any, declared: Declared, ids: Sequence[str], lengths: Mapping[str, int]
) -> Regimen | None:
    if not fields.table(at, data, _REQUIRED, _OPTIONAL):
        return None
    drug, drugs = fields.words(f"{at}/drug", data.get("drug"))
    dose = data.get("dose")
    amount, levels = _dose(fields, f"{at}/dose", dose)
    by_site = fields.choice(f"{at}/given_by", data.get("given_by", "patient"), ("patient", "site")) == "site"
    for field in _ONLY_PATIENT if by_site else _ONLY_SITE:
        if field in data:
            whom = "of what the patient takes" if by_site else 'with `"given_by": "site"`'
            fields.field_error(f"{at}/{field}", f"Only {whom}.")
    if by_site and "window" not in data:
        fields.field_error(f"{at}/window", "Missing: each dose given at the site is a visit, which has a window.")
    cycles_of, cycle_days = data.get("cycles_of"), 366
    if cycles_of is not None:
        fields.choice(f"{at}/cycles_of", cycles_of, [one for one in ids if one != data.get("id")])
        cycle_days = max(1, min(lengths.get(str(cycles_of), 366), 366))
        for field in ("cycle_days", "on_hold", "starts", "gap", "cycles", "first_cycle", "cycles_count_from"):
            if field in data:
                fields.field_error(f"{at}/{field}", f"Not used with `cycles_of`: it is that of {cycles_of}.")
    else:
        cycle_days = fields.integer(f"{at}/cycle_days", data.get("cycle_days"), 1, 366, instead=366)
    for place, activity in enumerate(fields.items(f"{at}/activities", data.get("activities", []), 30)):
        fields.text(f"{at}/activities/{place}", activity)
    table = dose if isinstance(dose, dict) else {}
    days = (-366 if by_site and cycles_of is None else 1, cycle_days)
    counts_from = fields.choice(
        f"{at}/cycles_count_from", data.get("cycles_count_from", "planned"), ("planned", "actual")
    )
    return Regimen(
        id=fields.pattern(f"{at}/id", data.get("id"), ID, ID_WORDS),
        drug=drug,
        drugs=drugs,
        route=fields.text(f"{at}/route", data.get("route")),
        amount=amount,
        levels=levels,
        unit=str(table.get("unit", "")),
        per=table.get("per"),
        strengths=_strengths(fields, f"{at}/strengths", data.get("strengths", [])),
        times_a_day=fields.integer(f"{at}/times_a_day", data.get("times_a_day", 1), 1, MOST_TIMES_A_DAY),
        cycle_days=cycle_days,
        cycles_of=cycles_of,
        when=tuple(_when(fields, f"{at}/when", data.get("when", [{"days": "all"}]), days, by_site)),
        starts=_starts(fields, at, data, declared, ids),
        cycles=_count(fields, at, data, "cycles"),
        first_cycle=fields.integer(f"{at}/first_cycle", data.get("first_cycle", 1), 1, 10_000),
        who=read_who(fields, f"{at}/who", data.get("who"), declared),
        extend_on_hold=fields.choice(f"{at}/on_hold", data.get("on_hold", "continue"), ("continue", "extend"))
        == "extend",
        max_doses=_count(fields, at, data, "max_doses"),
        given_by_site=by_site,
        counts_actual=counts_from == "actual",
        window=read_window(fields, f"{at}/window", data["window"]) if by_site and "window" in data else (0, 0),
    )


def _count(fields: Fields, at: str, data: Mapping[str, Any], name: str) -> int | None:
    return fields.integer(f"{at}/{name}", data[name], 1, 10_000) if name in data else None


def _dose(fields: Fields, at: str, data: Any) -> tuple[float, tuple[float, ...]]:
    """Read the amount of one intake and its levels."""
    if not fields.table(at, data, ("amount", "unit"), ("levels", "per")):
        return 0.0, ()
    amount = fields.amount(f"{at}/amount", data.get("amount"))
    if len(fields.text(f"{at}/unit", data.get("unit"))) > 20:
        fields.field_error(f"{at}/unit", "Longer than 20 letters.")
    if "per" in data:
        fields.choice(f"{at}/per", data["per"], PER)
    levels = [
        fields.amount(f"{at}/levels/{index}", level)
        for index, level in enumerate(fields.items(f"{at}/levels", data.get("levels", []), 20))
    ]
    for index, level in enumerate(levels):
        if level and level in (amount, *levels[:index]):
            fields.field_error(f"{at}/levels/{index}", "It is the amount, or listed twice.")
    return amount, tuple(levels)


def _starts(fields: Fields, at: str, data: Mapping[str, Any], declared: Declared, ids: Sequence[str]) -> Start:
    """Read when a regimen starts: with the first dose, after another, or at a milestone."""
    starts, gap = data.get("starts", "first_dose"), 0
    if "gap" in data:
        unit, gap = read_duration(fields, f"{at}/gap", data["gap"], 0)
        if unit == "m":
            fields.field_error(f"{at}/gap", "Days or weeks.")
        if not isinstance(starts, dict) or "after" not in starts:
            fields.field_error(f"{at}/gap", 'Only with `"starts": {"after": …}`.')
    if not isinstance(starts, dict):
        fields.choice(f"{at}/starts", starts, ("first_dose",), 'not {}, {{"after": regimen}} or {{"milestone": name}}')
        return FIRST_DOSE
    if "after" in starts:
        fields.table(f"{at}/starts", starts, ("after",), ())
        return Start(after=fields.choice(f"{at}/starts/after", starts["after"], ids), gap_days=gap)
    if not fields.table(f"{at}/starts", starts, ("milestone",), ()):
        return FIRST_DOSE
    name = starts.get("milestone")
    return Start(milestone=fields.choice(f"{at}/starts/milestone", name, declared.names_milestones(name)))


def _when(fields: Fields, at: str, data: Any, possible: tuple[int, int], by_site: bool) -> Iterator[DoseDays]:
    """Yield on which days of which cycles there are doses; nothing if every day has one.

    `possible` are the first and the last day that may be named.
    """
    entries = fields.items(at, data, 50)
    if isinstance(data, list) and not data:
        fields.field_error(at, "No days.")
    if entries == [{"days": "all"}]:
        return
    for index, entry in enumerate(entries):
        here = f"{at}/{index}"
        if not fields.table(here, entry, ("days",), ("cycles", "amount", "window")):
            continue
        if "window" in entry and not by_site:
            fields.field_error(f"{here}/window", 'Only with `"given_by": "site"`.')
        days, weekdays = entry.get("days"), None
        if isinstance(days, dict) and "weekdays" in days:
            fields.table(f"{here}/days", days, ("weekdays",), ())
            named = fields.items(f"{here}/days/weekdays", days["weekdays"], 7)
            chosen = [fields.choice(f"{here}/days/weekdays/{n}", one, WEEKDAYS) for n, one in enumerate(named)]
            if not chosen:
                fields.field_error(f"{here}/days/weekdays", "No days.")
            days, weekdays = None, frozenset(WEEKDAYS.index(one) for one in chosen if one in WEEKDAYS)
        elif "days" in entry:
            read = read_days(fields, f"{here}/days", days, *possible)
            days = None if read is None else frozenset(read)
        cycles = read_cycles(fields, f"{here}/cycles", entry["cycles"]) if "cycles" in entry else ()
        if days is not None and min(days, default=1) < 1 and cycles != (Cycles(1, 1),):
            fields.field_error(f"{here}/days", 'Days before day 1 are of cycle 1: say `"cycles": [1]`.')
        yield DoseDays(
            cycles,
            days,
            weekdays,
            fields.amount(f"{here}/amount", entry["amount"]) if "amount" in entry else None,
            read_window(fields, f"{here}/window", entry["window"]) if "window" in entry else None,
        )


def _strengths(fields: Fields, at: str, data: Any) -> tuple[float, ...]:
    strengths = fields.items(at, data)
    if len(strengths) > MOST_STRENGTHS:
        fields.field_error(at, f"More than {MOST_STRENGTHS} strengths.")
        return ()
    amounts = [fields.amount(f"{at}/{index}", amount) for index, amount in enumerate(strengths)]
    if len(set(amounts)) < len([amount for amount in amounts if amount]):
        fields.field_error(at, "A strength is listed twice.")
    return tuple(sorted(amounts, reverse=True))


def _check_others(fields: Fields, at: str, regimen: Regimen, regimens: Mapping[str, Regimen]) -> None:
    """Check what a regimen has from others: a start that can come, and no circle."""
    seen, other = {regimen.id}, regimen
    while (name := other.cycles_of or other.starts.after) is not None:
        if name in seen:
            fields.field_error(at, f"Its start and that of {name} form a circle.")
            return
        seen.add(name)
        other = regimens[name]
    shared = regimens.get(regimen.cycles_of or "")
    if shared is not None and shared.cycles_of is not None:
        fields.field_error(f"{at}/cycles_of", f"{shared.id} has no cycles of its own: name {shared.cycles_of}.")
