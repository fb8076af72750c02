"""What is wrong with an input, and where."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FieldError:
    """One bad field: a JSON pointer (RFC 6901; empty for the whole document) and a sentence for the sender."""

    pointer: str
    detail: str


class ValidationFailed(ValueError):
    """Input that is well-formed but impossible. It names every bad field, and nothing was recorded."""

    def __init__(self, errors: Iterable[FieldError]) -> None:
        self.errors = tuple(errors)
        super().__init__("; ".join(f"{field_error.pointer}: {field_error.detail}" for field_error in self.errors))


class NeedsConfirmation(ValidationFailed):
    """Input that may be a mistake: it is recorded if whoever sends it confirms each of `confirm`."""

    def __init__(self, confirm: Mapping[str, str]) -> None:
        self.confirm = tuple(confirm)
        super().__init__(FieldError("/confirmed", f"{what}: {why}") for what, why in confirm.items())


class Conflict(ValidationFailed):
    """Input that is possible by itself but contradicts the record (a second start, an overlapping hold)."""
