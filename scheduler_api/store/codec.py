"""Frozen dataclasses and named tuples as JSON text and back, by the types of their fields.

A field that is added to a class is stored and read with it: there is no list of keys to keep. `shape_of` tells whether
a text was written by the classes of today.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from functools import cache
from hashlib import blake2b
from typing import Any

import orjson


def to_json(value: Any) -> str:
    """Return a value as JSON text. Equal values give equal texts."""
    return orjson.dumps(value, default=tuple, option=orjson.OPT_SORT_KEYS).decode()


def from_json(kind: Any, text: str) -> Any:
    """Return the value of a type that `to_json` wrote. Raises ValueError, TypeError or KeyError on any other text."""
    return decoder(kind)(orjson.loads(text))


@cache
def decoder(kind: Any) -> Callable[[Any], Any]:
    """Return what makes a value of a type from parsed JSON."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (types.UnionType, typing.Union):
        (one,) = {decoder(argument) for argument in arguments if argument is not type(None)}
        return one if one is _as_it_is else lambda data: None if data is None else one(data)
    if origin is tuple:
        one = decoder(arguments[0])
        return lambda data: tuple(map(one, data))
    if origin is not None and origin is not typing.Literal and issubclass(origin, Mapping):
        one = decoder(arguments[1])
        return lambda data: {key: one(value) for key, value in data.items()}
    if kind in (date, datetime):
        read: Callable[[Any], Any] = kind.fromisoformat
        return read
    if isinstance(kind, type) and is_dataclass(kind):
        return _object_decoder(kind)
    if isinstance(kind, type) and issubclass(kind, tuple):
        places = [decoder(hint) for hint in typing.get_type_hints(kind).values()]
        return lambda data: kind(*(part(one) for part, one in zip(places, data, strict=True)))
    return _as_it_is


def _as_it_is(data: Any) -> Any:
    return data


def _object_decoder(kind: Any) -> Callable[[Any], Any]:
    parts = {name: decoder(hint) for name, hint in stored_fields(kind)}
    # Most fields are texts and numbers, which stay as they are.
    changing = [(name, part) for name, part in parts.items() if part is not _as_it_is]

    def decode(data: dict[str, Any]) -> Any:
        if len(data) != len(parts):
            raise KeyError("a field is missing, or is one too many")
        for name, part in changing:
            if data[name] is not None:
                data[name] = part(data[name])
        return kind(**data)

    return decode


def shape_of(*kinds: Any) -> int:
    """Return a number that changes whenever a field of some types, or of types in their fields, does."""
    seen: dict[str, str] = {}
    for kind in kinds:
        _describe(kind, seen)
    text = "\n".join(f"{name} {shape}" for name, shape in sorted(seen.items()))
    # As many bits as every database and JSON have for a number.
    return int.from_bytes(blake2b(text.encode(), digest_size=6).digest())


def _describe(kind: Any, seen: dict[str, str]) -> None:
    for argument in typing.get_args(kind):
        _describe(argument, seen)
    if not isinstance(kind, type) or kind.__name__ in seen or kind is tuple:
        return
    if not (is_dataclass(kind) or issubclass(kind, tuple)):
        return
    hints = stored_fields(kind) if is_dataclass(kind) else [*typing.get_type_hints(kind).items()]
    # As they are written, so that every Python describes them alike.
    written = {name: kind.__annotations__[name] for name, _ in hints}
    seen[kind.__name__] = " ".join(f"{name}:{getattr(hint, '__forward_arg__', hint)}" for name, hint in written.items())
    for _, hint in hints:
        _describe(hint, seen)


def stored_fields(kind: Any) -> list[tuple[str, Any]]:
    """Return the fields of a dataclass from which it is made, and their types."""
    hints = typing.get_type_hints(kind)
    return [(one.name, hints[one.name]) for one in fields(kind) if one.init]
