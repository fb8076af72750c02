"""Forms for facts, made of the schemas of the API: a field that a schema has is there, and no other."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from marshmallow import ValidationError
from werkzeug.datastructures import MultiDict

from scheduler_api.engine.errors import FieldError, ValidationFailed
from scheduler_api.engine.model.facts import KINDS, correction_field
from scheduler_api.schemas.errors import errors_of
from scheduler_api.schemas.facts import FACTS, NewFactSchema
from scheduler_api.schemas.fields import (
    Amount,
    ByName,
    Choice,
    CivilDate,
    Clock,
    Flag,
    Instant,
    PartialCivilDate,
    Whole,
    fields,
)
from scheduler_api.use_cases.patients.facts import NewFact

#: What a form says for a last dose that was never taken; the API says null.
NEVER = "never"
#: Fields that are needed seldom: they are shown at the end, unless they have a value or an error.
_SELDOM = ("taken_at", "slot", "regimens", "hold", "times_a_day", "days", "part", "planned_first_dose_on")
#: Fields that only programs use, or that the page adds by itself.
_LEFT_OUT = ("kind", "replaces", "visits", "no_end")

_NUMBER = re.compile(r"\d{1,12}(\.\d{1,6})?", re.ASCII)

Options = Sequence[tuple[str, str]]


@dataclass
class FormField:
    """A field of a form. `options` are those to choose from (None: anything), `errors` the refusals of its value.

    Of `pieces` each option is a strength, with an entry of its own that is named as by `piece`, and a value.
    """

    name: str
    kind: str
    required: bool
    seldom: bool
    options: Options | None
    values: list[str]
    errors: list[FieldError]

    @property
    def value(self) -> str:
        """Return the only value."""
        return self.values[0] if self.values else ""


def form_of(
    kind: str, given: MultiDict[str, str], options: Mapping[str, Options], errors: Sequence[FieldError] = ()
) -> list[FormField]:
    """Return the fields of the form for a kind of fact, as `fields_of`."""
    refused = {_field_of(error) for error in errors}
    hidden = {*_LEFT_OUT, *_hidden(kind, given, refused)}
    schema = {name: field for name, field in FACTS[kind].fields.items() if name not in hidden}
    found = fields_of(schema, given, options, errors)
    for field in found:
        field.required |= field.name == correction_field(KINDS[kind])
    return found


def fields_of(
    schema: Mapping[str, Any], given: MultiDict[str, str], options: Mapping[str, Options], errors: Sequence[FieldError]
) -> list[FormField]:
    """Return the fields of a form, with what was filled in and what is wrong with it.

    `options` are those to choose from, by field; a field for which there are none is left out, unless it has a value:
    what is on record is not lost while it is corrected.
    """
    by_name: dict[str, list[FieldError]] = {}
    for error in errors:
        by_name.setdefault(_field_of(error), []).append(error)
    found = []
    for name, field in schema.items():
        choices, refusals = _options_of(field, options.get(name)), by_name.get(name, [])
        values = [one for one in given.getlist(name) if one]
        if choices is not None:
            known = {value for value, _ in choices}
            on_record = _pieces(name, given) if isinstance(field, ByName) else values
            choices = [*choices, *((value, "") for value in on_record if value not in known)]
            if not choices:
                continue
        if isinstance(field, ByName):
            values = [given.get(piece(name, strength), "") for strength, _ in choices or ()]
        seldom = name in _SELDOM and not values and not refusals
        found.append(FormField(name, _kind_of(field), field.required, seldom, choices, values, refusals))
    return found


def piece(name: str, strength: str) -> str:
    """Return what a form calls the number of pieces of a strength."""
    return f"{name}.{strength}"


def _pieces(name: str, given: Mapping[str, str]) -> dict[str, str]:
    """Return the numbers that were filled in, by strength."""
    before = piece(name, "")
    return {one.removeprefix(before): text for one in given if one.startswith(before) and (text := given[one].strip())}


def _field_of(error: FieldError) -> str:
    """Return the field that an error is about; empty if it is about none."""
    return error.pointer.split("/")[1] if "/" in error.pointer else ""


def _hidden(kind: str, given: MultiDict[str, str], refused: Collection[str]) -> Iterable[str]:
    """Yield the fields that this form need not have: why it corrects, and what is to be confirmed."""
    if not given.get("replaces") and kind != "voided":
        yield correction_field(KINDS[kind])
    if "confirmed" not in refused and not given.get("confirmed"):
        yield "confirmed"
    if kind == "voided":
        yield "voids"


def _options_of(field: Any, own: Options | None) -> Options | None:
    """Return the options of a field: the patient's own, else those of its schema; None if it takes anything."""
    if own is not None:
        return own
    inner = field.inner if isinstance(field, fields.List) else field
    if isinstance(inner, Choice):
        return [(choice, "") for validator in inner.validators for choice in getattr(validator, "choices", ())]
    return [("true", ""), ("false", "")] if isinstance(inner, Flag) else None


def _kind_of(field: Any) -> str:
    kinds: tuple[tuple[type[Any], str], ...] = (
        (CivilDate, "date"),
        (PartialCivilDate, "partial"),
        (Instant, "moment"),
        (Clock, "time"),
        (Amount, "number"),
        (Whole, "number"),
        (fields.List, "many"),
        (ByName, "pieces"),
    )
    return next((kind for of, kind in kinds if isinstance(field, of)), "lines" if _has_lines(field) else "text")


def _has_lines(field: Any) -> bool:
    """Return whether a text may have line breaks."""
    return any(getattr(validator, "regex", None) and validator.regex.fullmatch("\n") for validator in field.validators)


def new_fact(kind: str, given: MultiDict[str, str], zone: str, on_record: Collection[str] = ()) -> NewFact:
    """Return the fact that a form describes, as `document_of`. Raises ValidationFailed."""
    try:
        fact: NewFact = NewFactSchema().load(document_of(kind, given, zone, on_record))
    except ValidationError as error:
        raise ValidationFailed(errors_of(error.normalized_messages())) from None
    return fact


def document_of(kind: str, given: MultiDict[str, str], zone: str, on_record: Collection[str] = ()) -> dict[str, Any]:
    """Return what the API would be sent for a form; `zone` is that of its times.

    `on_record` are the fields that the fact has which the form corrects. One of them that is empty now was emptied, and
    is null if it may be; nothing is sent for any other.
    """
    document: dict[str, Any] = {"kind": kind}
    for name, field in FACTS[kind].fields.items():
        values = [text for one in given.getlist(name) if (text := one.replace("\r\n", "\n").strip())]
        if isinstance(field, ByName):
            pieces = {strength: _number(text, int) for strength, text in _pieces(name, given).items()}
            document |= {name: pieces} if pieces else {}
        elif values and name != "kind":
            document[name] = _value(field, values, zone)
        if name in on_record and name not in document and field.allow_none and not field.required:
            document[name] = None
    return document


def _value(field: Any, values: Sequence[str], zone: str) -> Any:
    """Return what the API would be sent for what was filled in; what cannot be read stays text, and is refused."""
    text = values[0]
    if isinstance(field, fields.List):
        parts = [part.strip() for one in values for part in (one.split(",") if len(values) == 1 else [one])]
        return [_number(part, int) for part in parts] if isinstance(field.inner, Whole) else parts
    if isinstance(field, Whole):
        return _number(text, int)
    if isinstance(field, Amount):
        return _number(text, float)
    if isinstance(field, Flag):
        return {"true": True, "false": False}.get(text, text)
    if isinstance(field, PartialCivilDate) and field.allow_none and text == NEVER:
        return None
    if isinstance(field, Instant):
        return _instant(text, zone)
    return text


def _number(text: str, of: type[int] | type[float]) -> Any:
    try:
        return of(text) if _NUMBER.fullmatch(text) else text
    except ValueError:
        return text


def local_time(instant: str, zone: str) -> str:
    """Return an instant as the local time that a form has."""
    return datetime.fromisoformat(instant).astimezone(ZoneInfo(zone)).replace(tzinfo=None).isoformat(timespec="seconds")


def _instant(text: str, zone: str) -> str:
    """Return a local time of a form as an instant; an instant, and what is neither, as it is."""
    try:
        local = datetime.fromisoformat(text)
    except ValueError:
        return text
    return (local if local.tzinfo else local.replace(tzinfo=ZoneInfo(zone))).isoformat(timespec="seconds")
