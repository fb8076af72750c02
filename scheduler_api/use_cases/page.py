"""A page of a list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

Key = TypeVar("Key", bound=tuple[str, ...])


@dataclass(frozen=True)
class Page(Generic[Key]):
    """Some items of a list in its order, and the key to go on after (None: there are no more)."""

    items: list[dict[str, Any]]
    after: Key | None
