"""Find the holds that are open, and those that contradict one another (rules, section 3)."""

from __future__ import annotations

from itertools import combinations

from scheduler_api.engine.errors import FieldError
from scheduler_api.engine.model.facts import HoldEnded
from scheduler_api.engine.model.history import History
from scheduler_api.engine.model.records import Hold


def holds_to_end(history: History, ended: HoldEnded | None = None) -> list[Hold]:
    """Return the open holds; with `ended`, only those that this fact may end."""
    holds = history.open_holds
    return holds if ended is None or ended.hold is None else [hold for hold in holds if hold.fact_id == ended.hold]


def hold_errors(history: History, pointer: str) -> list[FieldError]:
    """Return the first hold that would end before it began, or that overlaps another of the same regimens."""
    for hold in history.holds:
        if hold.resumes_on is not None and hold.resumes_on <= hold.from_on:
            return [
                FieldError(
                    pointer,
                    f"The hold from {hold.from_on} would end on {hold.resumes_on}, before it began.",
                    "order_reversed",
                )
            ]
    # A hold of one regimen and a hold of all may overlap: each is ended by itself.
    pairs = ((one, other) for one, other in combinations(history.holds, 2) if one.regimens == other.regimens)
    for one, other in pairs:
        if one.resumes_on is None or other.from_on < one.resumes_on:
            until = f"until {one.resumes_on}" if one.resumes_on else "and open"
            return [
                FieldError(
                    pointer,
                    f"The hold from {one.from_on} {until} overlaps the one from {other.from_on}.",
                    "holds_overlap",
                )
            ]
    return []
