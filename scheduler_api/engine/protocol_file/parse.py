"""Read a protocol from data (rules, section 2), naming every bad field at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scheduler_api.engine.errors import ValidationFailed
from scheduler_api.engine.model.protocol import Dosing, Protocol
from scheduler_api.engine.reminders.kinds import ABOUT_PATIENTS

from .clashes import clashes
from .parse_series import read_series
from .reader import Fields

#: More strengths of one drug are a typing error.
MOST_STRENGTHS = 5
STATED = ("registry", "default")
_ID = r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?"


def read_protocol(data: Any) -> Protocol:
    """Read the protocol that `data` (parsed JSON) defines.

    Raises ValidationFailed with an error for every bad field.
    """
    fields = Fields()
    protocol = _protocol(fields, data)
    if not fields.errors and protocol is not None:
        fields.errors += clashes(protocol)
    if fields.errors or protocol is None:
        raise ValidationFailed(fields.errors)
    return protocol


def _protocol(fields: Fields, data: Any) -> Protocol | None:
    required = ("id", "version", "dosing", "visits", "contraception")
    optional = ("title", "registry", "participants", "sources", "reminders")
    if not fields.table("", data, required, optional):
        return None
    identifier = fields.pattern("/id", data.get("id"), _ID, "lower-case letters, digits and hyphens, at most 64")
    version = fields.integer("/version", data.get("version"), 1, 10_000)
    title = fields.text("/title", data["title"]) if "title" in data else identifier
    fields.text("/registry", data.get("registry", ""), empty=True)
    participants = data.get("participants")
    if participants is not None:
        fields.integer("/participants", participants, 1, 1_000_000)
    dosing = _dosing(fields, "/dosing", data.get("dosing"))
    series = read_series(fields, "/visits", data.get("visits"), dosing.cycle_days if dosing else 366)
    months = 0
    if fields.table("/contraception", data.get("contraception"), ("months_after_last_dose",), ()):
        pointer = "/contraception/months_after_last_dose"
        months = fields.integer(pointer, data["contraception"].get("months_after_last_dose"), 0, 120)
    off = _reminders_off(fields, "/reminders", data.get("reminders", {}))
    _sources(fields, data)
    if fields.errors or dosing is None:
        return None
    return Protocol(identifier, version, title, participants, dosing, series, months, off, data)


def _reminders_off(fields: Fields, at: str, data: Any) -> frozenset[str]:
    if not fields.table(at, data, (), ("off",)):
        return frozenset()
    kinds = fields.items(f"{at}/off", data.get("off", []))
    return frozenset(fields.choice(f"{at}/off/{index}", kind, ABOUT_PATIENTS) for index, kind in enumerate(kinds[:100]))


def _dosing(fields: Fields, at: str, data: Any) -> Dosing | None:
    optional = ("reduced_doses_mg", "strengths_mg", "dosing_days", "cycle_on_hold")
    if not fields.table(at, data, ("drug", "route", "dose_mg", "cycle_days"), optional):
        return None
    dose = fields.amount(f"{at}/dose_mg", data.get("dose_mg"))
    reduced = fields.items(f"{at}/reduced_doses_mg", data.get("reduced_doses_mg", []))
    amounts = tuple(fields.amount(f"{at}/reduced_doses_mg/{i}", mg) for i, mg in enumerate(reduced))
    for index, mg in enumerate(amounts):
        if mg >= dose > 0:
            fields.field_error(f"{at}/reduced_doses_mg/{index}", "Not less than dose_mg.")
    cycle_days = fields.integer(f"{at}/cycle_days", data.get("cycle_days"), 1, 366, instead=366)
    on_hold = fields.choice(f"{at}/cycle_on_hold", data.get("cycle_on_hold", "continue"), ("continue", "extend"))
    return Dosing(
        fields.text(f"{at}/drug", data.get("drug")),
        fields.text(f"{at}/route", data.get("route")),
        dose,
        amounts,
        cycle_days,
        _dosing_days(fields, f"{at}/dosing_days", data.get("dosing_days", "all"), cycle_days),
        on_hold == "extend",
        _strengths(fields, f"{at}/strengths_mg", data.get("strengths_mg", [])),
    )


def _strengths(fields: Fields, at: str, data: Any) -> tuple[float, ...]:
    strengths = fields.items(at, data)
    if len(strengths) > MOST_STRENGTHS:
        fields.field_error(at, f"More than {MOST_STRENGTHS} strengths.")
        return ()
    amounts = [fields.amount(f"{at}/{index}", mg) for index, mg in enumerate(strengths)]
    if len(set(amounts)) < len([mg for mg in amounts if mg]):
        fields.field_error(at, "A strength is listed twice.")
    return tuple(sorted(amounts, reverse=True))


def _dosing_days(fields: Fields, at: str, data: Any, cycle_days: int) -> frozenset[int] | None:
    if data == "all":
        return None
    if not isinstance(data, list):
        fields.field_error(at, "Not `all` or a list of days of the cycle.")
        return None
    before = len(fields.errors)
    days = [fields.integer(f"{at}/{i}", day, 1, cycle_days) for i, day in enumerate(data[:366])]
    if len(fields.errors) == before and len(set(days)) < max(len(data), 1):
        fields.field_error(at, "A day is listed twice." if days else "No days.")
    return None if set(days) == set(range(1, cycle_days + 1)) else frozenset(days)


def _sources(fields: Fields, data: Mapping[str, Any]) -> None:
    """Check `sources`, which says for each value whether the registry states it or it is a default.

    Its pointers must point to something.
    """
    sources = data.get("sources", {})
    if not isinstance(sources, dict):
        fields.field_error("/sources", "Not an object.")
        return
    for pointer, source in sources.items():
        at = f"/sources/{pointer.replace('~', '~0').replace('/', '~1')}"
        if not _resolves(data, pointer):
            fields.field_error(at, "Points to nothing in this protocol.")
        if fields.table(at, source, ("stated",), ("note",)):
            fields.choice(f"{at}/stated", source.get("stated"), STATED)
            fields.text(f"{at}/note", source.get("note", ""), empty=True)


def _resolves(data: Any, pointer: str) -> bool:
    if not pointer.startswith("/"):
        return False
    for token in pointer[1:].split("/"):
        key = token.replace("~1", "/").replace("~0", "~")
        if isinstance(data, dict) and key in data:
            data = data[key]
        elif isinstance(data, list) and key.isdecimal() and key.isascii() and len(key) < 6 and int(key) < len(data):
            data = data[int(key)]
        else:
            return False
    return True
