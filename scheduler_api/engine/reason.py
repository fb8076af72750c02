"""Why something is as it is, as data: it is put into words only where somebody reads it."""

from __future__ import annotations

from datetime import date
from typing import Any


class Reason:
    """The name of a rule, and its inputs: dates, numbers, names, or other reasons. It never changes.

    A visit's label is one too (`label`): a template of the protocol's, and the numbers that stand in it. A reason that
    names a visit (`visit`, `visit2`) has its label beside the name (`label`, `label2`): programs read the one, people
    the other.
    """

    __slots__ = ("_hash", "inputs", "rule")

    def __init__(self, rule: str, **inputs: Any) -> None:
        self.rule = rule
        self.inputs = inputs
        self._hash: int | None = None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Reason) and (self.rule, self.inputs) == (other.rule, other.inputs)

    def __hash__(self) -> int:
        # Lists look up the words of the same reasons again and again: 100 µs a page of 50 visits.
        if self._hash is None:
            self._hash = hash((self.rule, *self.inputs.items()))
        return self._hash

    def __repr__(self) -> str:
        return f"Reason({', '.join([repr(self.rule), *(f'{name}={value!r}' for name, value in self.inputs.items())])})"

    def data(self) -> dict[str, Any]:
        """Return it as JSON values: its inputs, dates as text, beside `rule`."""
        return {"rule": self.rule, **{name: _to_data(value) for name, value in self.inputs.items()}}

    @classmethod
    def of(cls, data: dict[str, Any]) -> Reason:
        """Return the reason that `data` describes; its dates stay texts, which read alike."""
        inputs = {name: _from_data(value) for name, value in data.items()}
        return cls(str(inputs.pop("rule")), **inputs)


def _to_data(value: Any) -> Any:
    if isinstance(value, Reason):
        return value.data()
    return value.isoformat() if isinstance(value, date) else value


def _from_data(value: Any) -> Any:
    if isinstance(value, dict):
        return Reason.of(value)
    # A tuple again, as it was: a reason never changes, and can be hashed.
    return tuple(_from_data(part) for part in value) if isinstance(value, list) else value


def count(number: int, unit: str) -> Reason:
    """Return a number of days, weeks or months; `unit` is the singular."""
    return Reason(f"{unit}s" if abs(number) != 1 else unit, number=number)


def both(one: Reason, other: Reason) -> Reason:
    """Return two reasons as one."""
    return Reason("both", base=one, other=other)
