"""Convert what a schema refused into the errors of the API, the command line and the offline queue."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from marshmallow import Schema
from marshmallow.fields import Field

from scheduler_api.engine.errors import Code, FieldError, pointer_token

#: What marshmallow itself refuses: our words, and the code. What else a schema refuses is `malformed`.
_REFUSALS: Mapping[str, tuple[str, Code]] = {
    str(Field.default_error_messages["required"]): ("Missing.", "missing"),
    str(Field.default_error_messages["null"]): ("Missing.", "missing"),
    str(Schema().error_messages["unknown"]): ("Unknown field.", "unknown_field"),
    str(Schema().error_messages["type"]): ("Not an object.", "malformed"),
}


def errors_of(messages: Any, pointer: str = "") -> Iterator[FieldError]:
    """Yield the field errors in marshmallow's messages."""
    if isinstance(messages, Mapping):
        for name, inner in messages.items():
            yield from errors_of(inner, pointer if name == "_schema" else f"{pointer}/{pointer_token(str(name))}")
    elif isinstance(messages, list):
        for message in messages:
            yield from errors_of(message, pointer)
    else:
        detail, code = _REFUSALS.get(str(messages), (str(messages), "malformed"))
        yield FieldError(pointer, detail, code)
