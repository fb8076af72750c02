"""Make a dose of capsules (rules, section 13)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import lru_cache
from typing import Any

#: No dose consists of more capsules than this; an amount that would need more cannot be made.
AT_MOST = 20


@lru_cache(maxsize=256)
def capsules_for(amount: float, strengths: tuple[float, ...]) -> Mapping[float, int] | None:
    """Return the fewest capsules that make a dose exactly, by strength; None if none do. Ties go to the larger."""
    dose, largest_first = exact(amount), sorted(strengths, reverse=True)
    made: dict[Fraction, tuple[float, ...]] = {Fraction(0): ()}
    seen = set(made)
    for _ in range(AT_MOST):
        longer: dict[Fraction, tuple[float, ...]] = {}
        for strength in largest_first:
            for made_so_far, capsules in made.items():
                total = made_so_far + exact(strength)
                if total <= dose and total not in seen:
                    seen.add(total)
                    longer[total] = (*capsules, strength)
        if dose in longer:
            return Counter(longer[dose])
        made = longer
    return None


@lru_cache(maxsize=256)
def pieces(amount: float | None, strengths: tuple[float, ...]) -> Sequence[Mapping[str, Any]]:
    """Return the capsules of a planned dose, largest first: `{strength, count}`.

    There are none where nothing is planned (None), or where the protocol's strengths cannot make the amount.
    """
    capsules = (None if amount is None else capsules_for(amount, strengths)) or {}
    return [{"strength": strength, "count": count} for strength, count in sorted(capsules.items(), reverse=True)]


def with_unit(amount: float, unit: str) -> str:
    """Return an amount as it is written: `300 mg`."""
    return f"{amount:g} {unit}"


def exact(amount: float) -> Fraction:
    """Return an amount exactly as it is written, since 0.1 + 0.2 is to be 0.3."""
    return Fraction(str(amount))
