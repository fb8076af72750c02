"""Find which version of the protocol applies on which day (rules, section 9)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from .history import History
from .protocol import Protocol, Versions
from .records import DoseChange


class Period(NamedTuple):
    """From `from_on` (None: from the beginning) up to, not including, `to_on` (None: for good), `protocol` applies."""

    from_on: date | None
    to_on: date | None
    protocol: Protocol


def periods(versions: Versions, history: History) -> tuple[Period, ...]:
    """Return the versions that apply to a patient, in order of days.

    Of two amendments from one day the later recorded counts.

    Raises KeyError when the history names a version that `versions` does not hold.
    """
    first = versions[history.registered.version]
    if not history.amendments:
        return (Period(None, None, first),)
    changes: dict[date | None, Protocol] = {None: first}
    for amendment in history.amendments:
        changes[amendment.from_on] = versions[amendment.version]
    starts = list(changes)
    return tuple(Period(start, end, changes[start]) for start, end in zip(starts, [*starts[1:], None], strict=True))


def has_responses(plan: Iterable[Period], series: str) -> bool:
    """Return whether visits of a series have responses, by any version in the plan."""
    return any(period.protocol.responses_of(series) is not None for period in plan)


def gives_doses(plan: Iterable[Period], series: str) -> bool:
    """Return whether visits of a series are doses given at the site, by any version in the plan."""
    found = (period.protocol.find_series(series) for period in plan)
    return any(one is not None and one.gives is not None for one in found)


def changes_of_dose(plan: tuple[Period, ...], history: History, regimen: str) -> tuple[DoseChange, ...]:
    """Return the changes of the planned amount of a regimen, in order of days."""
    changes = history.dose_changes
    return tuple(one for one in changes if regimen_of_change(plan, one.regimen, one.from_on) == regimen)


def regimen_of_change(plan: tuple[Period, ...], named: str | None, day: date) -> str | None:
    """Return the name of the regimen that a change of the planned amount from a day on is of; None if nobody can say.

    One that names no regimen is of the only one that the patient was registered with. An earlier version of the service
    also recorded it so where only the version of its day has a single regimen.
    """
    if named is not None:
        return named
    only = plan[0].protocol.only_regimen or version_on(plan, day).only_regimen
    return None if only is None else only.id


def version_on(plan: tuple[Period, ...], day: date) -> Protocol:
    """Return the version that applies on a day."""
    protocol = plan[0].protocol
    for period in plan[1:]:
        if period.from_on is not None and period.from_on <= day:
            protocol = period.protocol
    return protocol
