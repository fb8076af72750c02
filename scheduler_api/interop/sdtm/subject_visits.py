"""The domain SV: the visits that took place, those that did not and should have, and unscheduled ones."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from scheduler_api.engine.model.protocol import Recurrence, Series, Versions
from scheduler_api.engine.visits.series import Visit
from scheduler_api.use_cases.patients.exports import Export, ExportedPatient

from .domains import DOMAIN, EPOCH, STUDYID, USUBJID, Domain, Record, Variable, dtc, dy, epoch

#: Visits of the n-th series have numbers from n times the first on, its unscheduled ones further on by the second.
_OF_SERIES, _UNSCHEDULED = 10_000, 9_000
#: Of a series that is counted from each of several responses, those from a later one are higher by this for each.
_OF_RESPONSE = 0.0001
_DAYS_OF_MONTH = 30.4375


def _records(export: Export, patient: ExportedPatient) -> Iterator[Record]:
    history, today = patient.history, patient.today
    places = _places(export.versions)
    for visit in patient.visits:
        is_done = visit.done_on is not None
        if visit.appointment is not None or (not is_done and visit.status(today) != "missed"):
            continue
        day, last = visit.done_on, _last_day(patient, visit)
        yield {
            "VISITNUM": _number(export.versions, places, visit.series, visit.visit),
            "VISIT": visit.visit.upper(),
            "SVPRESP": "Y",
            "SVOCCUR": "Y" if is_done else "N",
            "VISITDY": dy(history, visit.target_on),
            "EPOCH": epoch(history, day or visit.target_on),
            "SVSTDTC": dtc(day),
            "SVENDTC": dtc(last),
            "SVSTDY": dy(history, day),
            "SVENDY": dy(history, last),
        }
    counts: dict[str, int] = {}
    for row in patient.schedule.unscheduled(history.first_on or today, today):
        series, day = row["series"], row["done_on"]
        counts[series] = counts.get(series, 0) + 1
        yield {
            "VISITNUM": places.get(series, 0) * _OF_SERIES + _UNSCHEDULED + counts[series] / 100,
            "VISIT": f"UNSCHEDULED {series.upper()} {counts[series]}",
            "EPOCH": epoch(history, day),
            "SVSTDTC": dtc(day),
            "SVENDTC": dtc(day),
            "SVSTDY": dy(history, day),
            "SVENDY": dy(history, day),
            "SVUPDES": f"Unscheduled {series}",
        }


def _last_day(patient: ExportedPatient, visit: Visit) -> date | None:
    """Return the day of the last part of a visit; None if it was not done."""
    performed = patient.schedule.visit_schedule.series(visit.series).performed(visit.visit)
    return None if performed is None else max(record.done_on for record in performed.records)


def _places(versions: Versions) -> dict[str, int]:
    """Return the place of each series among those of all versions, from 1; a new version only adds to them."""
    names = dict.fromkeys(series.name for number in sorted(versions) for series in versions[number].series)
    return {name: place for place, name in enumerate(names, 1)}


def _number(versions: Versions, places: dict[str, int], series: str, visit: str) -> float:
    """Return the number of a visit: the same for all patients, and in order of the plan within its series."""
    for number in sorted(versions):
        planned = versions[number].find_series(series)
        found = planned.locate(visit) if planned is not None else None
        if planned is not None and found is not None:
            place, response = places[series] * _OF_SERIES + _distance(planned, *found), planned.response_of(visit)
            return place if response == 1 else round(place + (response - 1) * _OF_RESPONSE, 4)
    return places[series] * _OF_SERIES


def _distance(series: Series, recurrence: Recurrence, number: int) -> float:
    """Return how far a visit is from the anchor of its series: in days, or its cycle and day."""
    if series.anchor.is_cycle:
        return number + recurrence.on_day / 1000
    steps = recurrence.first + (number - 1) * (recurrence.every or 0)
    return round(steps * _DAYS_OF_MONTH, 2) if recurrence.unit == "m" else steps


SV = Domain(
    "SV",
    "Subject Visits",
    (
        STUDYID,
        DOMAIN,
        USUBJID,
        Variable("VISITNUM", "Visit Number", "double", key=3),
        Variable("VISIT", "Visit Name"),
        Variable("SVPRESP", "Pre-specified"),
        Variable("SVOCCUR", "Occurrence"),
        Variable("VISITDY", "Planned Study Day of Visit", "integer"),
        EPOCH,
        Variable("SVSTDTC", "Start Date/Time of Observation"),
        Variable("SVENDTC", "End Date/Time of Observation"),
        Variable("SVSTDY", "Study Day of Start of Observation", "integer"),
        Variable("SVENDY", "Study Day of End of Observation", "integer"),
        Variable("SVUPDES", "Description of Unplanned Visit"),
    ),
    _records,
    sequence=False,
)
