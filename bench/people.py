"""The patients of the measurements: what is recorded about them, by rule and not by chance.

A patient is a list of facts in the form of the log, so that the same patients are recorded in a database, folded by the
engine alone, or compared with other programs.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple

#: The built-in protocol, and the site that is built in with it.
PROTOCOL, SITE = "nct06110650", "FUSCC"
#: A trial with a third series of visits, in `three_series.json`: a clinic visit in each cycle of 21 days.
THREE_SERIES = "three-series"
#: A trial of two arms, three regimens and four series, in `two_arms.json`; its patients take one drug of the first arm
#: once a day on 21 of 28 days, and another twice a day.
TWO_ARMS = "two-arms"
ENROLLED_ON = date(2024, 1, 3)
#: Two days after enrolment the first dose, then one every day for two years.
TO_FIRST_DOSE = timedelta(2)
TREATED_FROM = ENROLLED_ON + TO_FIRST_DOSE
DOSES = 730
SCANS = 17
FOLLOW_UPS = 6
BETWEEN_SCANS = timedelta(weeks=6)
CYCLE = timedelta(21)
LONGER_CYCLE = timedelta(28)
#: The instant of all measurements: five days before the last dose of the two-year patient, at noon in Shanghai.
NOW = datetime.combine(TREATED_FROM + timedelta(DOSES - 5), time(4), UTC)


class Fact(NamedTuple):
    """A fact as the log has it: its kind, its data as JSON has them, and the day on which it was recorded."""

    kind: str
    data: dict[str, Any]
    on: date


Facts = list[Fact]


def enrolled(subject_number: str, on: date = ENROLLED_ON, protocol: str = PROTOCOL, site: str = SITE) -> Facts:
    """Return a registration and an enrolment on one day; treatment is planned two days later."""
    data = {
        "subject_number": subject_number,
        "site": site,
        "protocol": protocol,
        "version": 1,
        "sex": "female",
        "fertility": "fertile",
        "basis": None,
        "time_zone": "Asia/Shanghai",
    }
    enrolment = {"enrolled_on": on.isoformat(), "planned_first_dose_on": (on + TO_FIRST_DOSE).isoformat()}
    if protocol == TWO_ARMS:
        enrolment["arm"] = "combination"
    return [Fact("registered", data, on), Fact("enrolled", enrolment, on)]


def two_years(doses: int = DOSES - 5, protocol: str = PROTOCOL, eventful: bool = False, ended: bool = False) -> Facts:
    """Return the two-year patient: by default up to yesterday as of `NOW`; or with treatment ended for intolerance."""
    facts = on_treatment("001", ENROLLED_ON, doses, protocol, eventful)
    if ended:
        last = TREATED_FROM + timedelta(doses - 1)
        data = {"last_dose_on": last.isoformat(), "decided_on": last.isoformat(), "reason": "intolerance"}
        facts.append(Fact("treatment_ended", data, last))
    return facts


def half_a_year(today: date) -> Facts:
    """Return a patient half a year into treatment, eventful, with every dose recorded up to yesterday."""
    return on_treatment("002", today - timedelta(182), 180, eventful=True)


def on_treatment(
    subject_number: str, enrolled_on: date, doses: int, protocol: str = PROTOCOL, eventful: bool = False
) -> Facts:
    """Return a patient with a dose recorded every day for so many days, and the visits of that time on their targets.

    Without a dose, treatment has not begun.
    `eventful`: every twentieth dose was missed, every fiftieth taken at another amount, every scan three days late; a
    week was held and the dose reduced once.
    """
    first = enrolled_on + TO_FIRST_DOSE
    facts = [Fact("treatment_started", {"first_dose_on": first.isoformat()}, first)] if doses > 0 else []
    facts += _two_drugs(first, doses) if protocol == TWO_ARMS else _doses(first, doses, eventful)
    late = timedelta(3 if eventful else 0)
    facts += _visits("imaging", enrolled_on + BETWEEN_SCANS, first + timedelta(doses), BETWEEN_SCANS, late)
    if protocol == THREE_SERIES:
        facts += _visits("clinic", first, first + timedelta(doses), CYCLE)
    if protocol == TWO_ARMS:
        facts += _visits("clinic", first, first + timedelta(doses), LONGER_CYCLE)
        facts += _visits("laboratory", first + LONGER_CYCLE, first + timedelta(doses), LONGER_CYCLE)
    if eventful and doses > 107:
        hold, resumed = first + timedelta(100), first + timedelta(107)
        data = {"from_on": hold.isoformat(), "reason": "platelets", "resumes_on": resumed.isoformat()}
        facts.append(Fact("hold_started", data, hold))
        data = {"from_on": resumed.isoformat(), "amount": 250, "reason": "platelets"}
        facts.append(Fact("dose_changed", data, resumed))
    facts.sort(key=lambda fact: fact.on)
    return [*enrolled(subject_number, enrolled_on, protocol), *facts]


def _doses(first: date, doses: int, eventful: bool) -> Iterator[Fact]:
    for number in range(doses):
        if eventful and 100 <= number < 107:
            continue
        day = first + timedelta(number)
        missed, other = eventful and number % 20 == 9, eventful and number % 50 == 3
        data = {"dose_on": day.isoformat(), "status": "missed" if missed else "taken"}
        planned = 250 if eventful and number >= 107 else 300
        yield Fact("dose_recorded", data | ({} if missed else {"amount": 200 if other else planned}), day)


def _two_drugs(first: date, doses: int) -> Iterator[Fact]:
    for number in range(doses):
        day = first + timedelta(number)
        said = {"dose_on": day.isoformat(), "status": "taken"}
        if number % LONGER_CYCLE.days < 21:
            yield Fact("dose_recorded", {**said, "regimen": "fruquintinib", "slot": 1, "amount": 5}, day)
        for slot in (1, 2):
            yield Fact("dose_recorded", {**said, "regimen": "capecitabine", "slot": slot, "amount": 1500}, day)


def _visits(series: str, target: date, until: date, step: timedelta, late: timedelta = timedelta(0)) -> Iterator[Fact]:
    while target + late < until:
        done = target + late
        data = {"series": series, "done_on": done.isoformat()}
        yield Fact("visit_done", data | ({"response": "SD"} if series == "imaging" else {}), done)
        target += step
