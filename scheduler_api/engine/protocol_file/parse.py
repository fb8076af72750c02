"""Read a protocol from data (rules, section 2), naming every bad field at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scheduler_api.engine.errors import FieldError, ValidationFailed, pointer_token
from scheduler_api.engine.model.protocol import MILESTONES, ContraceptionRule, Protocol, Regimen
from scheduler_api.engine.reminders.kinds import ABOUT_PATIENTS

from .clashes import clashes
from .foreign import how_to_import
from .parse_choices import Declared, read_duration, read_who
from .parse_regimens import ID, ID_WORDS, read_regimens
from .parse_series import read_series
from .reader import Fields, resolves

STATED = ("registry", "protocol", "publication", "usdm", "default")
SINCE = ("enrolment", "consent", "first_dose")
_PROTOCOL = r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?"


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
    if not fields.table("", data, required, (*optional, "accountability_margin", "reminders", "sources")):
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
    regimens = read_regimens(fields, "/regimens", data.get("regimens"), declared)
    series = read_series(fields, "/visits", data.get("visits"), declared, regimens)
    contraception = _contraception(fields, "/contraception", data.get("contraception"), declared, regimens)
    beyond = fields.flag("/beyond_progression", data.get("beyond_progression", False))
    margin = fields.integer("/accountability_margin", data.get("accountability_margin", 10), 0, 100)
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
        margin,
    )


def _ids(fields: Fields, at: str, data: Any, most: int, taken: tuple[str, ...] = ()) -> tuple[str, ...] | None:
    """Read what a protocol declares by id and label: arms, cohorts, milestones. None if something is wrong there."""
    found: list[str] = []
    before = len(fields.errors)
    for index, entry in enumerate(fields.items(at, data, most)):
        if fields.table(f"{at}/{index}", entry, ("id", "label"), ()):
            name = fields.pattern(f"{at}/{index}/id", entry.get("id"), ID, ID_WORDS)
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
        if isinstance(of, list):
            words = "a regimen of the protocol ({})"
            names = [fields.choice(f"{here}/of/{number}", name, ids, words) for number, name in enumerate(of)]
        elif of == "all":
            names = []
        else:
            names = [fields.choice(f"{here}/of", of, ids, "`all` or a regimen of the protocol ({})")]
        since = fields.choice(f"{here}/from", entry.get("from", "enrolment"), SINCE)
        rules.append(
            ContraceptionRule(
                length,
                "m" if unit == "m" else "d",
                since,
                read_who(fields, f"{here}/who", entry.get("who"), declared),
                frozenset(names),
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
        at = f"/sources/{pointer_token(pointer)}"
        if not resolves(data, pointer):
            fields.field_error(at, "Points to nothing in this protocol.")
        if fields.table(at, source, ("stated",), ("note",)):
            fields.choice(f"{at}/stated", source.get("stated"), STATED)
            fields.text(f"{at}/note", source.get("note", ""), empty=True)
