"""The tables about treatment: doses, holds, changes of the dose, adherence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any

from scheduler_api.engine.model.facts import DoseChanged, HoldStarted
from scheduler_api.schemas.patients import DOSE_STATUSES
from scheduler_api.use_cases.patients.exports import ExportedPatient

from .columns import SITE, STUDY_DAY, Table, day, number, text

_DRUG = text("drug", "The drug", "4")
_REGIMEN = text("regimen", "The regimen of the protocol", "2")
_UNIT = text("unit", "Unit of the amounts of this row", "2")


def _doses(patient: ExportedPatient) -> Iterator[Mapping[str, Any]]:
    history = patient.history
    for row in patient.schedule.doses(patient.today, date.min + timedelta(1), patient.today):
        yield {**row, "site": history.site_on(row["dose_on"])}


DOSES = Table(
    "doses",
    "One row for each dose of each day, taken by the patient or given at the site, from the first through today",
    (
        SITE,
        text("dose_id", "The name of the dose: day, regimen and its number on that day; empty: given at the site", "4"),
        text("visit", "The visit that a dose given at the site is; of one that belongs to none, `unscheduled`", "4"),
        day("dose_on", "Its day; of a dose given at the site the day on which it was given, else its target", "4"),
        STUDY_DAY,
        _REGIMEN,
        number("slot", "Its number among the doses of the regimen on that day", "4"),
        _DRUG,
        number("cycle", "Cycle", "4"),
        number("cycle_day", "Day of the cycle; empty also on a held day that does not count", "4"),
        text("status", "What became of it", "4", *DOSE_STATUSES),
        number("amount", "Planned amount; empty where nothing is planned", "4", "see unit"),
        number("taken_amount", "Amount taken", "4", "see unit"),
        _UNIT,
    ),
    _doses,
)


def _holds(patient: ExportedPatient) -> Iterator[Mapping[str, Any]]:
    started = {fact.fact_id: fact.body for fact in patient.facts}
    for hold in patient.history.holds:
        body = started.get(hold.fact_id)
        yield {
            "site": patient.history.site_on(hold.from_on),
            "fact_id": hold.fact_id,
            "from_on": hold.from_on,
            "resumes_on": hold.resumes_on,
            "regimens": hold.regimens,
            "reason": body.reason if isinstance(body, HoldStarted) else None,
        }


HOLDS = Table(
    "holds",
    "Interruptions of dosing",
    (
        SITE,
        text("fact_id", "The fact that started it", "3"),
        day("from_on", "First day held", "4"),
        day("resumes_on", "First day of dosing again; empty: the hold is open", "4"),
        text("regimens", "The regimens that are held, with semicolons between; empty: all", "4"),
        text("reason", "Why", "3"),
    ),
    _holds,
)


def _dose_changes(patient: ExportedPatient) -> Iterator[Mapping[str, Any]]:
    for fact in patient.active:
        change = fact.body
        if not isinstance(change, DoseChanged):
            continue
        regimen = patient.schedule.treatment_plan.regimen(change.regimen)
        planned = None if regimen is None else regimen.regimen_on(change.from_on)
        yield {
            "site": patient.history.site_on(change.from_on),
            "fact_id": fact.fact_id,
            "from_on": change.from_on,
            "regimen": change.regimen if regimen is None else regimen.name,
            "amount": change.amount,
            "unit": None if planned is None else planned.unit,
            "times_a_day": change.times_a_day,
            "days": change.days,
            "reason": change.reason,
        }


DOSE_CHANGES = Table(
    "dose_changes",
    "Changes of the planned dose",
    (
        SITE,
        text("fact_id", "The fact that records it", "3"),
        day("from_on", "First day of the new dose", "4"),
        _REGIMEN,
        number("amount", "Planned amount of one intake from that day on", "4", "see unit"),
        _UNIT,
        number("times_a_day", "Intakes a day; empty: as the protocol has it", "4"),
        text("days", "Days of the cycle, with semicolons between; empty: as the protocol has it", "4"),
        text("reason", "Why", "3"),
    ),
    _dose_changes,
)


def _adherence(patient: ExportedPatient) -> Iterator[Mapping[str, Any]]:
    document = patient.schedule.adherence(patient.today)
    yield document
    yield from document.get("regimens", ())


ADHERENCE = Table(
    "adherence",
    "Adherence and relative dose intensity: one row for each patient, and one for each regimen if there are several",
    (
        text("regimen", "The regimen; empty: all together", "4"),
        _DRUG,
        number("planned", "Doses planned: taken, missed and unrecorded", "4", "dose"),
        number("taken", "Doses taken", "4", "dose"),
        number("missed", "Doses recorded as missed", "4", "dose"),
        number("unrecorded", "Doses of which nothing is recorded", "4", "dose"),
        number("held", "Doses held", "4", "dose"),
        number("adherence", "Taken of planned", "4", "ratio"),
        number("relative_dose_intensity", "Amount taken of the protocol's; empty for several drugs", "4", "ratio"),
    ),
    _adherence,
)
