"""The tables about visits: planned and done, unscheduled, booked, and responses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from scheduler_api.engine.dates import study_day
from scheduler_api.engine.model.facts import PART, UNSCHEDULED
from scheduler_api.engine.visits.series import Visit
from scheduler_api.store.visits.visits import STATUSES
from scheduler_api.use_cases.patients.exports import ExportedPatient

from .columns import BECAUSE, SITE, STUDY_DAY, Table, day, flag, instant, number, text

_VISIT = text("visit", "The visit", "5")
_SERIES = text("series", "The series of visits", "2")
_STATUS = text("status", "Status of the visit today", "5", *STATUSES)
_APPOINTMENT = text(
    "appointment", "One more appointment, for a part of a visit or for no visit", "5", PART, UNSCHEDULED
)
_BOOKING = (
    day("booked_on", "Day for which it is booked, on the clock of the site", "5"),
    text("booked_time", "Time for which it is booked, on the clock of the site", "5"),
    instant("booked_at", "Instant for which it is booked; empty without a time", "5"),
    text("booked_time_zone", "Time zone of the site when it was booked", "5"),
    text("booked_place", "Place for which it is booked", "5"),
)
_RESPONSE = text("response", "Tumour response, in the codes of the protocol", "5")
_FACT = text("fact_id", "The fact that says that it was done", "3")
_DONE = day("done_on", "Day on which it was done", "5")


def _row(patient: ExportedPatient, visit: Visit) -> dict[str, Any]:
    history, today = patient.history, patient.today
    return {
        **visit.row(today),
        "site": visit.site(history, today),
        "study_day": study_day(history.known_c1d1, visit.done_on or visit.target_on),
    }


def _visits(patient: ExportedPatient) -> Iterator[Mapping[str, Any]]:
    return (_row(patient, visit) for visit in patient.visits)


VISITS = Table(
    "visits",
    "One row for each visit through 400 days ahead: its window, its status, its booking and what was done",
    (
        text("site", "The site that has the patient on the day of the visit", "3"),
        _VISIT,
        _SERIES,
        text("label", "The visit in words", "2"),
        _STATUS,
        day("target_on", "Target day; empty, as the window, if the plan has no such visit", "5"),
        day("opens_on", "First day of the window", "5"),
        day("closes_on", "Last day of the window", "5"),
        _DONE,
        number("study_day", "Day of the study on which it was done, else of its target", "1", "day"),
        number("days_off", "Days outside the window; negative: early", "5", "day"),
        text("assigned", "How what was done was assigned to the visit", "5", "named", "window", "late"),
        _RESPONSE,
        number("parts", "Records that the visit is made of; 0: not done", "5"),
        *_BOOKING,
        flag("provisional", "Its target may still move", "5"),
        _APPOINTMENT,
        BECAUSE,
    ),
    _visits,
)


def _bookings(patient: ExportedPatient) -> Iterator[Mapping[str, Any]]:
    for visit in patient.visits:
        if visit.booked_on is not None:
            yield {**_row(patient, visit), "site": visit.booked_site}


BOOKINGS = Table(
    "bookings",
    "One row for each booking that stands; those that were moved or cancelled are facts",
    (text("site", "The site for which it is booked", "5"), _VISIT, _SERIES, *_BOOKING, _STATUS, _APPOINTMENT),
    _bookings,
)


def _unscheduled(patient: ExportedPatient) -> Iterator[Mapping[str, Any]]:
    for row in patient.schedule.unscheduled(date.min, patient.today):
        yield {**row, "site": patient.history.site_on(row["done_on"])}


UNSCHEDULED_VISITS = Table(
    "unscheduled",
    "What was done and belongs to no planned visit",
    (
        SITE,
        _FACT,
        _SERIES,
        _DONE,
        STUDY_DAY,
        text("visit", "The visit that was named, or unscheduled for an extra one", "5"),
        _RESPONSE,
        flag("part", "It was said to be a part of a visit", "5"),
        text("suggested_visit", "The visit to come that it may have been, done early", "5"),
    ),
    _unscheduled,
)


def _visit_of_each_fact(patient: ExportedPatient) -> dict[str, str]:
    """Return the visit to which each record of something done belongs, by the id of its fact."""
    visits = patient.schedule.visit_schedule
    done = (visit for visit in patient.visits if visit.done_on is not None)
    performed = ((visit.visit, visits.series(visit.series).performed(visit.visit)) for visit in done)
    return {record.fact_id: name for name, one in performed if one is not None for record in one.records}


def _responses(patient: ExportedPatient) -> Iterator[Mapping[str, Any]]:
    history, visits = patient.history, _visit_of_each_fact(patient)
    for done in history.visits_done:
        if done.response is not None:
            yield {
                "site": history.site_on(done.done_on),
                "fact_id": done.fact_id,
                "series": done.series,
                "visit": visits.get(done.fact_id),
                "done_on": done.done_on,
                "study_day": study_day(history.known_c1d1, done.done_on),
                "part": done.part,
                "response": done.response,
                "progression": done.progression,
            }


RESPONSES = Table(
    "responses",
    "One row for each tumour response on record, those of parts and of unscheduled visits included",
    (
        SITE,
        _FACT,
        _SERIES,
        text("visit", "The visit to which it belongs; empty: none", "5"),
        _DONE,
        STUDY_DAY,
        flag("part", "It is of a part of the visit", "5"),
        _RESPONSE,
        flag("progression", "By the protocol it means that the disease progressed", "5"),
    ),
    _responses,
)
