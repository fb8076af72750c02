"""What somebody says beside a USDM document, because USDM cannot say it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from scheduler_api.engine.errors import FieldError, ValidationFailed


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers; what is None or not there is asked.

    `references`: which milestone an instance is, by its id or name. `until` and `window` are for all entries but the
    series of `until_of` and `window_of`. `responses` are those of single series. `loops`: the cycles of a loop, by its
    decision. `leave_out`: instances not to carry.
    """

    design: str | None = None
    id: str | None = None
    version: int = 1
    references: Mapping[str, str] = field(default_factory=dict)
    until: list[Any] | None = None
    until_of: Mapping[str, list[Any]] = field(default_factory=dict)
    window: Mapping[str, int] | None = None
    window_of: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    responses: Mapping[str, Any] = field(default_factory=dict)
    administration: str | None = None
    dose_mg: float | None = None
    cycle_days: int | None = None
    on_hold: str | None = None
    contraception: list[Any] | None = None
    loops: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    leave_out: tuple[str, ...] = ()


def answers_of(shape: Mapping[str, Any]) -> Answers:
    """Return the answers that a shape of schemas/imports.py has."""
    loops = {
        name: {field_name.rstrip("_"): number for field_name, number in cycles.items()}
        for name, cycles in shape.get("loops", {}).items()
    }
    return Answers(**{**shape, "loops": loops, "leave_out": tuple(shape.get("leave_out", ()))})


def check_names(field_name: str, given: Iterable[str], known: Iterable[str], kind: str) -> None:
    """Check that each name in a field of the answers is known. Raises ValidationFailed that lists those there are."""
    names = [*dict.fromkeys(known)]
    there = ", ".join(names[:40]) or "none"
    errors = [
        FieldError(f"/answers/{field_name}/{_token(name)}", f"No such {kind}. There are: {there}.", "not_found")
        for name in given
        if name not in names
    ]
    if errors:
        raise ValidationFailed(errors)


def _token(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
