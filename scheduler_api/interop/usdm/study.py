"""What a USDM document says of when things happen, object by object."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Named:
    """Any object: its kind, id, and words for people."""

    kind: str
    id: str
    name: str
    label: str

    @property
    def words(self) -> str:
        """Return what people call it."""
        return self.label or self.name or self.id


@dataclass(frozen=True, slots=True)
class Instance(Named):
    """Something scheduled once on a timeline. `next` is what follows by default; of a decision `targets` are others.

    Each of `targets` is the id of the condition's assignment, the condition's text, and the id of an instance.
    """

    next: str
    encounter: str
    activities: tuple[str, ...]
    targets: tuple[tuple[str, str, str], ...]
    pointer: str

    @property
    def is_decision(self) -> bool:
        """Return whether it decides what follows."""
        return self.kind == "ScheduledDecisionInstance"

    @property
    def is_visit(self) -> bool:
        """Return whether it is a visit: others are anchors, delays and exits."""
        return not self.is_decision and bool(self.encounter or self.activities)


@dataclass(frozen=True, slots=True)
class Timing(Named):
    """When `of` is: after or before `to`, by the ISO 8601 duration `value`; the window lies around that day."""

    type: str
    value: str
    of: str
    to: str
    start_to_start: bool
    lower: str
    upper: str


@dataclass(frozen=True, slots=True)
class Timeline(Named):
    """A timeline, with its instances by id, its timings, and the ids of its exits."""

    pointer: str
    is_main: bool
    entry: str
    exits: frozenset[str]
    instances: Mapping[str, Instance]
    timings: tuple[Timing, ...]


@dataclass(frozen=True, slots=True)
class Encounter(Named):
    """An encounter, by what contact."""

    contacts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Administration(Named):
    """How something is given: `amount` of `unit` by `route`, so often; what is missing is None or empty."""

    drug: Named
    amount: float | None
    unit: str
    route: str
    frequency: str
    duration: bool


@dataclass(frozen=True, slots=True)
class Study:
    """A study design, with what its version of the study has."""

    title: Named
    identifiers: tuple[str, ...]
    arms: tuple[Named, ...]
    main: Timeline
    others: tuple[Timeline, ...]
    encounters: Mapping[str, Encounter]
    activities: Mapping[str, Named]
    administrations: tuple[Administration, ...]
    conditions: tuple[Named, ...]
    rules: tuple[Named, ...]
