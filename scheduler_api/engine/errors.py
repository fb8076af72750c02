"""What is wrong with an input, and where."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """One bad field: a JSON pointer (RFC 6901; empty for the whole document) and a sentence for the sender."""

    pointer: str
    detail: str


class Impossible(ValueError):
    """Well-formed and impossible: refused, with every bad field named. Nothing was recorded."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(f"{fault.pointer}: {fault.detail}" for fault in self.faults))


class Contradiction(Impossible):
    """Possible by itself, but it contradicts what is on record (a second start, an overlapping hold)."""
