"""Read a protocol from data (rules, section 2), naming every bad field at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scheduler_api.engine.errors import FieldError, ValidationFailed
from scheduler_api.engine.model.protocol import MILESTONES, ContraceptionRule, Protocol, Regimen
from scheduler_api.engine.reminders.kinds import ABOUT_PATIENTS

from .clashes import clashes
from .foreign import how_to_import
from .parse_choices import Declared, read_days, read_duration, read_who
from .parse_series import read_series
from .reader import Fields, resolves

#: More strengths of one drug are a typing error.
MOST_STRENGTHS = 5
STATED = ("registry", "protocol", "publication", "usdm", "default")
SINCE = ("enrolment", "consent", "first_dose")
_PROTOCOL = r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?"
_ID = r"[a-z](?:[a-z0-9_-]{0,38}[a-z0-9])?"
_ID_WORDS = "lower-case letters, digits, hyphens and underscores, beginning with a letter, at most 40"


def read_protocol(data: Any) -> Protocol:
    """Read the protocol that `data` (parsed JSON) defines.

    Raises ValidationFailed with an error for every bad field.
    """
    if (words := how_to_import(data)) is not None:
        raise ValidationFailed([FieldError("", words, "malformed")])
    fields = Fields()
    protocol = _protocol(fields, data)
    if not fields.errors and protocol is not None:
        fields.errors += clashes(protocol)
    if fields.errors or protocol is None:
        raise ValidationFailed(fields.errors)
    return protocol


def _protocol(fields: Fields, data: Any) -> Protocol | None:
    required = ("id", "version", "regimens", "visits", "contraception")
    optional = ("title", "registry", "participants", "arms", "cohorts", "milestones", "beyond_progression")
    if not fields.table("", data, required, (*optional, "reminders", "sources")):
        return None
    words = "lower-case letters, digits and hyphens, at most 64"
    identifier = fields.pattern("/id", data.get("id"), _PROTOCOL, words)
    version = fields.integer("/version", data.get("version"), 1, 10_000)
    title = fields.text("/title", data["title"]) if "title" in data else identifier
    fields.text("/registry", data.get("registry", ""), empty=True)
    participants = data.get("participants")
    if participants is not None:
        fields.integer("/participants", participants, 1, 1_000_000)
    declared = Declared(
        _ids(fields, "/arms", data.get("arms", []), 20),
        _ids(fields, "/cohorts", data.get("cohorts", []), 20),
        _ids(fields, "/milestones", data.get("milestones", []), 30, MILESTONES),
    )
    regimens = _regimens(fields, "/regimens", data.get("regimens"))
    series = read_series(fields, "/visits", data.get("visits"), declared, regimens[0].cycle_days if regimens else 366)
    contraception = _contraception(fields, "/contraception", data.get("contraception"), declared, regimens)
    beyond = fields.flag("/beyond_progression", data.get("beyond_progression", False))
    off = _reminders_off(fields, "/reminders", data.get("reminders", {}))
    _sources(fields, data)
    if fields.errors or not regimens:
        return None
    return Protocol(
        identifier,
        version,
        title,
        participants,
        regimens,
        series,
        contraception,
        declared.arms or (),
        declared.cohorts or (),
        frozenset(declared.milestones or ()),
        beyond,
        off,
        data,
    )


def _ids(fields: Fields, at: str, data: Any, most: int, taken: tuple[str, ...] = ()) -> tuple[str, ...] | None:
    """Read what a protocol declares by id and label: arms, cohorts, milestones. None if something is wrong there."""
    found: list[str] = []
    before = len(fields.errors)
    for index, entry in enumerate(fields.items(at, data, most)):
        if fields.table(f"{at}/{index}", entry, ("id", "label"), ()):
            name = fields.pattern(f"{at}/{index}/id", entry.get("id"), _ID, _ID_WORDS)
            fields.words(f"{at}/{index}/label", entry.get("label"))
            if name in taken:
                fields.field_error(f"{at}/{index}/id", "Every protocol has a milestone of this name.")
            elif name in found:
                fields.field_error(f"{at}/{index}/id", "Listed twice.")
            found.append(name)
    return tuple(found) if len(fields.errors) == before else None


def _reminders_off(fields: Fields, at: str, data: Any) -> frozenset[str]:
    if not fields.table(at, data, (), ("off",)):
        return frozenset()
    kinds = fields.items(f"{at}/off", data.get("off", []), 100)
    return frozenset(fields.choice(f"{at}/off/{index}", kind, ABOUT_PATIENTS) for index, kind in enumerate(kinds))


def _regimens(fields: Fields, at: str, data: Any) -> tuple[Regimen, ...]:
    entries = fields.items(at, data)
    if isinstance(data, list) and len(data) != 1:
        fields.field_error(at, "One regimen is needed, and no more than one can be scheduled.")
    found = [_regimen(fields, f"{at}/{index}", entry) for index, entry in enumerate(entries[:1])]
    return tuple(regimen for regimen in found if regimen is not None)


def _regimen(fields: Fields, at: str, data: Any) -> Regimen | None:
    required = ("id", "drug", "route", "dose", "cycle_days")
    if not fields.table(at, data, required, ("strengths", "when", "on_hold")):
        return None
    drug, drugs = fields.words(f"{at}/drug", data.get("drug"))
    amount, levels = _dose(fields, f"{at}/dose", data.get("dose"))
    cycle_days = fields.integer(f"{at}/cycle_days", data.get("cycle_days"), 1, 366, instead=366)
    return Regimen(
        id=fields.pattern(f"{at}/id", data.get("id"), _ID, _ID_WORDS),
        drug=drug,
        drugs=drugs,
        route=fields.text(f"{at}/route", data.get("route")),
        amount=amount,
        levels=levels,
        strengths=_strengths(fields, f"{at}/strengths", data.get("strengths", [])),
        cycle_days=cycle_days,
        days=_when(fields, f"{at}/when", data.get("when", [{"days": "all"}]), cycle_days),
        extend_on_hold=fields.choice(f"{at}/on_hold", data.get("on_hold", "continue"), ("continue", "extend"))
        == "extend",
    )


def _dose(fields: Fields, at: str, data: Any) -> tuple[float, tuple[float, ...]]:
    """Read the amount of one intake and its levels."""
    if not fields.table(at, data, ("amount", "unit"), ("levels",)):
        return 0.0, ()
    amount = fields.amount(f"{at}/amount", data.get("amount"))
    fields.choice(f"{at}/unit", data.get("unit"), (Regimen.unit,), "the unit that can be scheduled, {}")
    levels = [
        fields.amount(f"{at}/levels/{index}", level)
        for index, level in enumerate(fields.items(f"{at}/levels", data.get("levels", []), 20))
    ]
    for index, level in enumerate(levels):
        if level and level in (amount, *levels[:index]):
            fields.field_error(f"{at}/levels/{index}", "It is the amount, or listed twice.")
    return amount, tuple(levels)


def _when(fields: Fields, at: str, data: Any, cycle_days: int) -> frozenset[int] | None:
    """Read on which days of each cycle there is a dose; None: on all."""
    entries = fields.items(at, data)
    if isinstance(data, list) and len(data) != 1:
        fields.field_error(at, "One entry is needed, and no more than one can be scheduled.")
    days = None
    for entry in entries[:1]:
        if fields.table(f"{at}/0", entry, ("days",), ()):
            days = read_days(fields, f"{at}/0/days", entry.get("days"), 1, cycle_days) if "days" in entry else None
    return None if days is None else frozenset(days)


def _strengths(fields: Fields, at: str, data: Any) -> tuple[float, ...]:
    strengths = fields.items(at, data)
    if len(strengths) > MOST_STRENGTHS:
        fields.field_error(at, f"More than {MOST_STRENGTHS} strengths.")
        return ()
    amounts = [fields.amount(f"{at}/{index}", amount) for index, amount in enumerate(strengths)]
    if len(set(amounts)) < len([amount for amount in amounts if amount]):
        fields.field_error(at, "A strength is listed twice.")
    return tuple(sorted(amounts, reverse=True))


def _contraception(
    fields: Fields, at: str, data: Any, declared: Declared, regimens: tuple[Regimen, ...]
) -> tuple[ContraceptionRule, ...]:
    rules = []
    ids = tuple(regimen.id for regimen in regimens)
    for index, entry in enumerate(fields.items(at, data, 30)):
        here = f"{at}/{index}"
        if not fields.table(here, entry, ("after_last_dose",), ("who", "of", "from")):
            continue
        unit, length = read_duration(fields, f"{here}/after_last_dose", entry.get("after_last_dose"), 0)
        of = entry.get("of", "all")
        for number, regimen in enumerate(of if isinstance(of, list) else []):
            fields.choice(f"{here}/of/{number}", regimen, ids, "a regimen of the protocol ({})")
        if not isinstance(of, list) and of != "all":
            fields.choice(f"{here}/of", of, ids, "`all` or a regimen of the protocol ({})")
        since = fields.choice(f"{here}/from", entry.get("from", "enrolment"), SINCE)
        rules.append(
            ContraceptionRule(
                length, "m" if unit == "m" else "d", since, read_who(fields, f"{here}/who", entry.get("who"), declared)
            )
        )
    return tuple(rules)


def _sources(fields: Fields, data: Mapping[str, Any]) -> None:
    """Check `sources`, which says for each value who states it, or that it is a default.

    Its pointers must point to something.
    """
    sources = data.get("sources", {})
    if not isinstance(sources, dict):
        fields.field_error("/sources", "Not an object.")
        return
    for pointer, source in sources.items():
        at = f"/sources/{pointer.replace('~', '~0').replace('/', '~1')}"
        if not resolves(data, pointer):
            fields.field_error(at, "Points to nothing in this protocol.")
        if fields.table(at, source, ("stated",), ("note",)):
            fields.choice(f"{at}/stated", source.get("stated"), STATED)
            fields.text(f"{at}/note", source.get("note", ""), empty=True)
