"""`/ward/print` and its like: lists on A4, which a browser prints, in the language that is asked for."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Response, g

from scheduler_api.api.http.operation import any_query
from scheduler_api.api.http.operation import page as signed_in
from scheduler_api.api.http.problems import Problem
from scheduler_api.api.http.requests import session
from scheduler_api.i18n import LANGUAGES
from scheduler_api.schemas.fields import Choice, QueryNumber, Strict, Text
from scheduler_api.use_cases.patients import calendars, intakes, patients
from scheduler_api.use_cases.sites import sites
from scheduler_api.web.pages import blueprint, language, page
from scheduler_api.web.queries import all_sites, asked

from .lists import all_entries, booked, present
from .tasks import grouped

#: A patient's schedule covers so much, as far as a calendar reaches.
_BACK, _AHEAD = timedelta(399), timedelta(400)


class PrintQuery(Strict):
    """The site of a list, and the language of what is printed; of a diary, the cycle."""

    site = Text(40)
    language = Choice(*LANGUAGES)
    cycle = QueryNumber(1, 999)


@blueprint.route("/ward/print")
@signed_in()
@any_query
def print_today() -> Response:
    """Show the list of the day for paper"""
    query = asked(PrintQuery)
    site = query.get("site")
    if site is not None:
        # The list of a site that does not exist would be empty, as if nothing were to do.
        sites.get(session(), site)
    today, zone = present(all_sites(), site)
    entries = [*all_entries(site)]
    g.item_count = len(entries)
    return page(
        "print_today.html",
        spoken=query.get("language"),
        groups=grouped(entries, query.get("language") or language()),
        coming=booked(site, None, today, today),
        site=site,
        today=today,
        zone=zone,
    )


@blueprint.route("/ward/patients/<string:patient_id>/print")
@signed_in()
@any_query
def print_schedule(patient_id: str) -> Response:
    """Show a patient's visits for paper"""
    query, calendar = asked(PrintQuery), _calendar(patient_id)
    to_come = [visit for visit in calendar["visits"] if visit["status"] in ("open", "upcoming", "overdue")]
    return page(
        "print_schedule.html",
        spoken=query.get("language"),
        patient=patients.get(session(), patient_id),
        calendar=calendar,
        visits=to_come,
    )


@blueprint.route("/ward/patients/<string:patient_id>/diary")
@signed_in()
@any_query
def print_diary(patient_id: str) -> Response:
    """Show a cycle's days for paper, on which the patient writes what was taken; by default the present cycle"""
    query, calendar = asked(PrintQuery), _calendar(patient_id)
    cycles = calendar["cycles"]
    if "cycle" in query:
        found = [cycle for cycle in cycles if cycle["number"] == query["cycle"]]
    else:
        found = [cycle for cycle in cycles if cycle["status"] == "current"] or cycles
    if not found:
        raise Problem(404, "No such cycle.")
    # Of two with the same number the later: after a crossover cycles are numbered anew.
    cycle = found[-1]
    return page(
        "print_diary.html",
        spoken=query.get("language"),
        patient=patients.get(session(), patient_id),
        cycle=cycle,
        # All doses of these days: a regimen with cycles of another length counts its own.
        doses=intakes.of_days(session(), patient_id, cycle["starts_on"], cycle["ends_on"] or calendar["to"]),
    )


def _calendar(patient_id: str) -> dict[str, Any]:
    """Return a patient's calendar of about two years around today."""
    today = calendars.edition(session(), patient_id, calendars.View()).today
    return calendars.calendar_document(session(), patient_id, calendars.View(today - _BACK, today + _AHEAD))
