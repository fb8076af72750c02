"""What an import says of each object of a study: carried, carried with a loss, not carried, or to be filled in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from .study import Named

Why = Literal[
    "answered",
    "arm_not_said",
    "circle",
    "condition_in_text",
    "conditional",
    "counted_from_end",
    "counted_from_planned_day",
    "counted_from_visit",
    "duration_in_text",
    "encounter_unused",
    "given_otherwise",
    "hours",
    "in_loop",
    "label_differs",
    "left_out",
    "list_cut",
    "mode_not_said",
    "months_and_days",
    "nested_loops",
    "no_timing",
    "not_reached",
    "of_cycles",
    "on_not_carried",
    "one_regimen",
    "other_timeline",
    "relative_to_itself",
    "rule_in_text",
    "several_timings",
    "single_arm",
    "sub_timeline",
    "text_cut",
    "too_far",
    "unknown_instance",
    "unreadable_duration",
    "windows_differ",
]
"""Why an object is not carried, or not carried as it stands. docs/protocols.md explains each."""


@dataclass(frozen=True, slots=True)
class Said:
    """What is said of one object: its place in the draft, if it has one, and why it is not as it was, if so."""

    kind: str
    id: str
    name: str
    why: Why | None
    detail: str
    pointer: str | None = None


@dataclass(frozen=True, slots=True)
class Hole:
    """What USDM does not say: the places in the draft, the question, and the field of the answers that fills them.

    `answer` is empty where the draft itself has to be filled in.
    """

    pointers: tuple[str, ...]
    question: str
    answer: str


@dataclass(slots=True)
class Report:
    """The report of one import, in the order of the study."""

    carried: list[Said] = field(default_factory=list)
    changed: list[Said] = field(default_factory=list)
    not_carried: list[Said] = field(default_factory=list)
    to_fill_in: list[Hole] = field(default_factory=list)

    def carry(self, of: Named, pointer: str, detail: str) -> None:
        """Say that an object is carried."""
        self.carried.append(Said(of.kind, of.id, of.words, None, detail, pointer))

    def change(self, of: Named, why: Why, detail: str, pointer: str | None = None) -> None:
        """Say that an object is carried, but not wholly as it stands."""
        self.changed.append(Said(of.kind, of.id, of.words, why, detail, pointer))

    def drop(self, of: Named, why: Why, detail: str) -> None:
        """Say that an object is not carried."""
        self.not_carried.append(Said(of.kind, of.id, of.words, why, detail))

    def ask(self, pointers: Iterable[str], question: str, answer: str) -> None:
        """Ask what stands at some places of the draft; nothing if there are none."""
        if places := tuple(pointers):
            self.to_fill_in.append(Hole(places, question, answer))

    def document(self) -> dict[str, Any]:
        """Return it as clients see it."""
        return asdict(self)
