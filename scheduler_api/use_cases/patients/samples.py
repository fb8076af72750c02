"""Sample patients of a protocol, who show what its schedule comes to: one of each arm and sex for which it differs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import product
from typing import Any, NamedTuple

from scheduler_api.engine.model.facts import Enrolled, Registered, TreatmentEnded, TreatmentStarted
from scheduler_api.engine.model.protocol import Protocol
from scheduler_api.use_cases.patients.calendars import View, preview
from scheduler_api.use_cases.patients.facts import NewFact

#: The course of each: off treatment half-way through the year that is shown, so that all kinds of visits appear.
ENROLLED_ON = date(2024, 1, 3)
FIRST_DOSE_ON = date(2024, 1, 5)
LAST_DOSE_ON = date(2024, 7, 3)
YEAR = timedelta(366)


class Sample(NamedTuple):
    """A fertile patient of an arm (None: the protocol has none) and a sex, and the calendar of the first year."""

    arm: str | None
    sex: str
    calendar: dict[str, Any]


def samples(protocol: Protocol) -> Iterator[Sample]:
    """Yield the sample patients of a protocol; their calendars begin with visits before enrolment (screening)."""
    for arm, sex in product(protocol.arms or (None,), _sexes(protocol)):
        registered = Registered("sample", "sample", protocol.id, protocol.version, sex, "fertile", None, "UTC")
        enrolled = Enrolled(ENROLLED_ON, FIRST_DOSE_ON, arm)
        facts = [
            NewFact(TreatmentStarted(FIRST_DOSE_ON)),
            NewFact(TreatmentEnded(LAST_DOSE_ON, LAST_DOSE_ON, "intolerance")),
        ]
        last = ENROLLED_ON + YEAR
        view = View(ENROLLED_ON - YEAR, last)
        yield Sample(arm, sex, preview({protocol.version: protocol}, registered, enrolled, facts, last, view))


def _sexes(protocol: Protocol) -> tuple[str, ...]:
    """Return the sexes for which a protocol's schedule differs; a woman stands for all if it does not."""
    whos = [recurrence.who for series in protocol.series for recurrence in series.recurrences]
    whos += [regimen.who for regimen in protocol.regimens]
    whos += [rule.who for rule in protocol.contraception]
    return ("female", "male") if any(who.sex is not None for who in whos) else ("female",)
