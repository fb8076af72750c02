"""The patients of the measurements: what is recorded about them, by rule and not by chance."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from scheduler_api.engine.facts import (
    Body,
    DoseChanged,
    DoseRecorded,
    Enrolled,
    Fact,
    HoldStarted,
    TreatmentEnded,
    TreatmentStarted,
    VisitDone,
)
from scheduler_api.engine.folding import fold
from scheduler_api.engine.history import History
from scheduler_api.engine.protocol import Protocol
from scheduler_api.records.protocols import built_in

ENROLLED_ON = date(2024, 1, 3)
#: Two days after enrolment the first dose, then one every day for two years.
TREATED_FROM = ENROLLED_ON + timedelta(2)
DOSES = 730
SCANS = 17
FOLLOW_UPS = 6
WEEKS_BETWEEN_SCANS = 6


@lru_cache
def protocol() -> Protocol:
    """The built-in protocol."""
    return built_in()[0]


def enrolled(subject_number: str, enrolled_on: date = ENROLLED_ON, site: str = "FUSCC") -> Enrolled:
    """An enrolment; treatment is planned two days later."""
    first = enrolled_on + timedelta(2)
    of = protocol()
    return Enrolled(
        subject_number, site, of.id, of.version, enrolled_on, "female", "fertile", None, "Asia/Shanghai", first
    )


def treated(enrolled_on: date, days: int, eventful: bool = False) -> Iterator[Body]:
    """The first dose, a dose recorded every day for so many days, and the scans due in that time on their targets.

    `eventful`: every twentieth dose was missed, every fiftieth taken at another amount, every scan three days late; a
    week is held and the dose reduced once.
    """
    first = enrolled_on + timedelta(2)
    yield TreatmentStarted(first)
    if eventful:
        yield HoldStarted(first + timedelta(100), "platelets", first + timedelta(107))
        yield DoseChanged(first + timedelta(107), 250, "platelets")
    for number in range(days):
        if eventful and 100 <= number < 107:
            continue
        missed, other = eventful and number % 20 == 9, eventful and number % 50 == 3
        yield DoseRecorded(first + timedelta(number), "missed" if missed else "taken", 200 if other else None)
    step = timedelta(weeks=WEEKS_BETWEEN_SCANS)
    scan = enrolled_on + step
    while scan < first + timedelta(days):
        yield VisitDone("imaging", scan + timedelta(3 if eventful else 0), None, "SD")
        scan += step


def two_years(ended: bool, days: int = DOSES, eventful: bool = False) -> History:
    """The history of two years: 730 doses and 17 scans; treatment ended for intolerance, or goes on."""
    bodies: list[Body] = [enrolled("001"), *treated(ENROLLED_ON, days, eventful)]
    if ended:
        last = TREATED_FROM + timedelta(days - 1)
        bodies.append(TreatmentEnded(last, last, "intolerance"))
    began = datetime(2024, 1, 3, tzinfo=UTC)
    return fold(Fact(f"f-{n}", body, began + timedelta(minutes=n)) for n, body in enumerate(bodies))
