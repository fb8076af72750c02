"""What is wrong with an input, and where."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

Code = Literal[
    "above_highest",
    "above_previous",
    "after_death",
    "after_today",
    "anchors_circular",
    "before_enrolment",
    "changed_meanwhile",
    "code_used",
    "contradicts_record",
    "for_good",
    "given_twice",
    "holds_overlap",
    "id_reused",
    "id_taken",
    "impossible",
    "limit_reached",
    "malformed",
    "missing",
    "more_than_dispensed",
    "needs_amendment",
    "no_open_hold",
    "no_open_pregnancy",
    "no_such_time_zone",
    "not_a_level",
    "not_applicable",
    "not_approved",
    "not_dispensable",
    "not_due",
    "not_enrolled",
    "not_found",
    "not_sent",
    "not_to_resend",
    "not_to_switch_off",
    "not_voidable",
    "number_taken",
    "on_record",
    "order_reversed",
    "other_kind",
    "out_of_reach",
    "past_midnight",
    "put_off_before",
    "quiet_hours",
    "range_reversed",
    "range_too_long",
    "reason_missing",
    "screen_failure",
    "superseded",
    "too_long_ago",
    "unknown_field",
    "windows_overlap",
]
"""Why a field is refused. Programs go by it: its words may change, the code does not. docs/api.md explains each."""
CODES: tuple[Code, ...] = get_args(Code)
CONFIRMED: tuple[Code, ...] = ("not_a_level", "not_dispensable", "above_previous")
"""Show refusals of what may be a mistake, and is recorded if it is confirmed."""


def pointer_token(name: str) -> str:
    """Return a name as it stands in a JSON pointer."""
    return name.replace("~", "~0").replace("/", "~1")


@dataclass(frozen=True, slots=True)
class FieldError:
    """Names a bad field by a JSON pointer (RFC 6901; empty for the whole document), with a sentence and a code."""

    pointer: str
    detail: str
    code: Code = "impossible"

    def document(self) -> dict[str, str]:
        """Return it as clients see it."""
        return {"pointer": self.pointer, "detail": self.detail, "code": self.code}


class ValidationFailed(ValueError):
    """Input that is well-formed but impossible. It names every bad field, and nothing was recorded."""

    def __init__(self, errors: Iterable[FieldError]) -> None:
        self.errors = tuple(errors)
        super().__init__("; ".join(f"{field_error.pointer}: {field_error.detail}" for field_error in self.errors))


class NeedsConfirmation(ValidationFailed):
    """Input that may be a mistake: it is recorded if whoever sends it confirms each of `confirm`."""

    def __init__(self, confirm: Mapping[Code, str]) -> None:
        self.confirm = tuple(confirm)
        super().__init__(FieldError("/confirmed", f"{what}: {why}", what) for what, why in confirm.items())


class Conflict(ValidationFailed):
    """Input that is possible by itself but contradicts the record (a second start, an overlapping hold)."""
