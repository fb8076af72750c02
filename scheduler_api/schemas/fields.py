"""Fields and the base of all schemas: undeclared fields are refused."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, ClassVar

from marshmallow import RAISE, Schema, ValidationError, fields, validate

from scheduler_api.engine.dates import EARLIEST, LATEST, parse_date, parse_partial_date, time_zone_of
from scheduler_api.engine.model.facts import UNKNOWN, When
from scheduler_api.engine.protocol_file.reader import MOST_AMOUNT
from scheduler_api.engine.treatment.dose_ids import DoseId, parse_dose_id

__all__ = [
    "Amount",
    "ByName",
    "Choice",
    "CivilDate",
    "Clock",
    "DoseName",
    "Flag",
    "Instant",
    "PartialCivilDate",
    "QueryFlag",
    "QueryNumber",
    "Strict",
    "Text",
    "TimeZone",
    "Whole",
    "fields",
    "listed",
    "validate",
]

_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
#: Printable characters; line breaks only where a text may have lines.
_ONE_LINE = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*$"
_LINES = r"^[^\x00-\x08\x0b-\x1f\x7f-\x9f]*$"


class Strict(Schema):
    """A schema that refuses unknown fields.

    `columns` are those of a list as a table, each with its field, if they are not just the fields of the schema.
    """

    columns: ClassVar[Mapping[str, fields.Field[Any]]] = {}

    class Meta:
        unknown = RAISE


class CivilDate(fields.Field[date]):
    """A civil date, `YYYY-MM-DD`."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> date:
        if not isinstance(value, str):
            raise ValidationError("Not a date of the form YYYY-MM-DD.")
        try:
            return parse_date(value)
        except ValueError as error:
            raise ValidationError(str(error)) from None


class DoseName(fields.Field[DoseId]):
    """The name of a dose, `YYYY-MM-DD.regimen.slot`; only its date for the first dose of that day."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> DoseId:
        if not isinstance(value, str):
            raise ValidationError("Not a dose: a date, or date.regimen.slot.")
        try:
            return parse_dose_id(value)
        except ValueError as error:
            raise ValidationError(str(error)) from None


class PartialCivilDate(fields.Field[When]):
    """A civil date, or one of which only the month or the year is known: `2024-05-20`, `2024-05`, `2024`."""

    def __init__(self, unknown: bool = False, **kwargs: Any) -> None:
        """Take `unknown` as a date too, if so said."""
        self.unknown = unknown
        super().__init__(**kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> Any:
        if self.unknown and value == UNKNOWN:
            return value
        if not isinstance(value, str):
            raise ValidationError("Not a date of the form YYYY-MM-DD, YYYY-MM or YYYY.")
        try:
            return parse_partial_date(value)
        except ValueError as error:
            raise ValidationError(str(error)) from None


class Instant(fields.Field[datetime]):
    """An instant, RFC 3339 with an offset."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> datetime:
        if isinstance(value, str) and _INSTANT.fullmatch(value):
            try:
                instant = datetime.fromisoformat(value.upper())
                if EARLIEST < instant.date() < LATEST:
                    return instant
            except ValueError:
                pass
        raise ValidationError("Not an RFC 3339 instant with an offset, such as 2024-02-20T08:00:00+08:00.")


class Amount(fields.Field[float]):
    """An amount in the unit of its regimen, above 0."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= MOST_AMOUNT:
            raise ValidationError(f"Not a number above 0, at most {MOST_AMOUNT}.")
        return int(value) if value == int(value) else value


class Whole(fields.Integer):
    """A whole number, given as a number."""

    def __init__(self, least: int, most: int, **kwargs: Any) -> None:
        super().__init__(strict=True, validate=validate.Range(least, most), **kwargs)

    def _validated(self, value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.make_error("invalid", input=value)
        return value


class QueryNumber(fields.Integer):
    """A whole number in a query, in plain digits."""

    def __init__(self, least: int, most: int, **kwargs: Any) -> None:
        detail = f"Not a whole number from {least} to {most}."
        super().__init__(
            validate=validate.Range(least, most, error=detail), error_messages={"invalid": detail}, **kwargs
        )

    def _validated(self, value: Any) -> int:
        if not (isinstance(value, str) and value.isascii() and value.isdecimal()):
            raise self.make_error("invalid", input=value)
        return int(value[:10])


class Form(validate.Regexp):
    """A text has this form from its first to its last character, a line break at its end included."""

    def __call__(self, value: Any) -> Any:
        if not self.regex.fullmatch(value):
            raise ValidationError(self._format_error(value))
        return value


class Text(fields.String):
    """A text of at most so many characters, of one line unless `lines`."""

    def __init__(
        self, most: int, least: int = 1, lines: bool = False, pattern: str | None = None, **kwargs: Any
    ) -> None:
        form = Form(
            pattern or (_LINES if lines else _ONE_LINE),
            error="Does not match {regex}." if pattern else "Has control characters.",
        )
        super().__init__(validate=[validate.Length(least, most), form], **kwargs)


class TimeZone(Text):
    """A time zone: its IANA name, or a fixed offset, which is then the zone of that name."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(60, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> str:
        text: str = super()._deserialize(value, attr, data, **kwargs)
        try:
            return time_zone_of(text)
        except ValueError as error:
            raise ValidationError(str(error)) from None


class Clock(fields.String):
    """A time of day, `20:00`."""

    def __init__(self, **kwargs: Any) -> None:
        form = Form(r"^([01][0-9]|2[0-3]):[0-5][0-9]$", error="Not a time of day, such as 09:30.")
        super().__init__(validate=form, **kwargs)


class ByName(fields.Dict):
    """An object with names that only its values are declared for; an error is at the name."""

    def __init__(self, values: fields.Field[Any], fewest: int = 0, **kwargs: Any) -> None:
        super().__init__(Text(200), values, validate=validate.Length(fewest, 1000), **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> Any:
        try:
            return super()._deserialize(value, attr, data, **kwargs)
        except ValidationError as error:
            if not isinstance(error.messages, dict):
                raise
            messages = {name: inner.get("value", inner.get("key")) for name, inner in error.messages.items()}
            raise ValidationError(messages) from None


class Flag(fields.Boolean):
    """True or false, and nothing that only stands for them."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise ValidationError("Not true or false.")
        return value


class QueryFlag(fields.Boolean):
    """`true` or `false` in a query."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> bool:
        if value not in ("true", "false"):
            raise ValidationError("Not one of true, false.")
        return bool(value == "true")


class Choice(fields.String):
    """One of some words."""

    def __init__(self, *choices: str, **kwargs: Any) -> None:
        super().__init__(validate=validate.OneOf(choices, error="Not one of {choices}."), **kwargs)


def listed(item: type[Strict], name: str) -> type[Strict]:
    """Return the schema of a page of items."""
    return Strict.from_dict(  # type: ignore[return-value]
        {
            "items": fields.List(fields.Nested(item), required=True),
            "next_cursor": fields.String(required=True, allow_none=True),
        },
        name=name,
    )


#: How our fields look in OpenAPI.
OPENAPI: Mapping[type[fields.Field[Any]], tuple[str, str | None]] = {
    CivilDate: ("string", "date"),
    PartialCivilDate: ("string", None),
    Instant: ("string", "date-time"),
    Amount: ("number", None),
}
