"""Convert what a schema refused into the errors of the API, the command line and the offline queue."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from scheduler_api.engine.errors import FieldError

_WORDS = {
    "Missing data for required field.": "Missing.",
    "Field may not be null.": "Missing.",
    "Invalid input type.": "Not an object.",
}


def errors_of(messages: Any, pointer: str = "") -> Iterator[FieldError]:
    """Yield the field errors in marshmallow's messages."""
    if isinstance(messages, Mapping):
        for name, inner in messages.items():
            token = str(name).replace("~", "~0").replace("/", "~1")
            yield from errors_of(inner, pointer if name == "_schema" else f"{pointer}/{token}")
    elif isinstance(messages, list):
        for message in messages:
            yield from errors_of(message, pointer)
    else:
        yield FieldError(pointer, _WORDS.get(str(messages), str(messages)))
