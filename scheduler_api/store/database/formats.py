"""Number the format in which something is stored; the number follows from its types."""

from __future__ import annotations

import hashlib
import types
import typing
from dataclasses import fields, is_dataclass
from typing import Any


def format_of(meaning: int, *kinds: Any) -> int:
    """Return the number of a format, which changes whenever a field of these types, or of types in their fields, does.

    `meaning` changes it where the fields stay the same.
    """
    text = f"{meaning} {' '.join(map(_shape, kinds))}"
    # As many bits as every database and JSON have for a number.
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6])


def _shape(kind: Any) -> str:
    """Return a type as text: the names and types of its fields in order, down to plain values."""
    parts = [_shape(argument) for argument in typing.get_args(kind)]
    if isinstance(kind, types.UnionType) or typing.get_origin(kind) is typing.Union:
        return " | ".join(parts)
    name = getattr(typing.get_origin(kind) or kind, "__name__", repr(kind))
    if is_dataclass(kind) or hasattr(kind, "_fields"):
        hints = typing.get_type_hints(kind)
        names = [one.name for one in fields(kind)] if is_dataclass(kind) else kind._fields
        parts = [f"{name}: {_shape(hints[name])}" for name in names]
    return f"{name}({', '.join(parts)})" if parts else name
