"""`/ward/cohort`: the patients of a study together, as pictures with their data beside them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from flask import Response, g

from scheduler_api.api.http.operation import any_query
from scheduler_api.api.http.operation import page as signed_in
from scheduler_api.api.http.problems import Problem
from scheduler_api.api.http.requests import session
from scheduler_api.schemas.fields import Strict, Text
from scheduler_api.use_cases.patients import courses
from scheduler_api.use_cases.sites import protocols
from scheduler_api.web.pages import blueprint, page
from scheduler_api.web.pictures import picture as as_file
from scheduler_api.web.queries import all_sites, asked

#: In units of the pictures: the column of names, the width for time, the line above, a row, and a cell of the map.
NAMES, WIDTH, TOP, STEP, CELL = 92, 640, 26, 20, 24
#: From which adherence on a cell of the map has which shade, the best first.
_SHADES = ((0.95, "a"), (0.9, "b"), (0.8, "c"), (0.5, "d"), (0.0, "e"))
#: How wide and high the picture of enrolment is.
_CURVE, _HEIGHT = 320, 140
_SIZE = {"names": NAMES, "width": WIDTH, "top": TOP, "step": STEP, "cell": CELL, "height": _HEIGHT, "curve": _CURVE}


class CohortQuery(Strict):
    """Says which study, by default the first, and at which site."""

    site = Text(40)
    protocol = Text(80)


class Lane(NamedTuple):
    """A patient's course as a lane of the swimmer plot, in its units from the first day of treatment."""

    course: Mapping[str, Any]
    length: int
    days: int
    holds: list[tuple[int, int]]
    responses: list[tuple[int, str]]
    progressed: int | None
    goes_on: bool


class Cell(NamedTuple):
    """Holds a cycle of a patient as a cell of the map of adherence: where it lies, its shade, and what it says."""

    x: int
    shade: str
    text: str


class Adherence(NamedTuple):
    """Holds a patient's row of the map of adherence; `counts` are what its table has, from the first cycle on."""

    subject_number: str
    cells: list[Cell]
    counts: list[str]


@blueprint.route("/ward/cohort")
@signed_in()
@any_query
def show_cohort() -> Response:
    """Show the patients of a study: treatment, adherence, enrolment and deviations"""
    query, summary, found = _cohort()
    names = list(dict.fromkeys(one["id"] for one in protocols.list_all(session())))
    pictures = _pictures(found, summary["planned"])
    return page("cohort.html", query=query, sites=all_sites(), protocols=names, summary=summary, **pictures)


@blueprint.route("/ward/cohort/<string:picture>.<string:form>")
@signed_in()
@any_query
def show_cohort_picture(picture: str, form: str) -> Response:
    """Give one of the pictures of a study as a file"""
    query, summary, found = _cohort()
    values = _pictures(found, summary["planned"])
    of_picture = {"treatment": values["lanes"], "adherence": values["most_cycles"], "enrolment": values["curve"]}
    if not of_picture.get(picture):
        raise Problem(404, "There is no such picture.")
    return as_file(picture, form, f"{query['protocol']}-{picture}", **values)


def _cohort() -> tuple[dict[str, Any], dict[str, Any], list[dict[str, Any]]]:
    """Return what is asked for, by default the first study, its counts, and the courses of its patients."""
    query = asked(CohortQuery)
    names = [one["id"] for one in protocols.list_all(session())]
    protocol = query.setdefault("protocol", names[0] if names else "")
    summary, found = courses.cohort(session(), protocol, query.get("site"))
    g.item_count = len(found)
    return query, summary, found


def _pictures(found: Sequence[Mapping[str, Any]], planned: int | None) -> dict[str, Any]:
    """Return what the pictures of some courses, and their tables, are made of."""
    treated = sorted((one for one in found if one["first_on"]), key=_days, reverse=True)
    longest = max(map(_reach, treated), default=1)
    enrolment = [*_enrolment(found)]
    adherence = [_adherence(one) for one in treated]
    return {
        "lanes": [_lane(one, longest) for one in treated],
        "ticks": [(day * WIDTH // longest, day // 7) for day in range(0, longest + 1, _weeks_between(longest) * 7)],
        "adherence": adherence,
        "most_cycles": max((len(row.counts) for row in adherence), default=0),
        "enrolment": enrolment,
        "curve": _curve(enrolment, planned),
        "size": _SIZE,
    }


def _adherence(course: Mapping[str, Any]) -> Adherence:
    number, cycles = course["subject_number"], course["cycles"]
    counts = {one["cycle"]: f"{one['taken']}/{one['planned']}" for one in cycles}
    cells = [
        Cell(NAMES + (one["cycle"] - 1) * CELL, _shade(one["adherence"]), f"{number} {one['cycle']}: {count}")
        for one, count in zip(cycles, counts.values(), strict=True)
    ]
    # A cycle in which nothing was planned has no cell, and an empty place in the table.
    return Adherence(number, cells, [counts.get(cycle, "") for cycle in range(1, max(counts, default=0) + 1)])


def _shade(adherence: float) -> str:
    return next(name for least, name in _SHADES if adherence >= least)


def _days(course: Mapping[str, Any]) -> int:
    """Return how many days a treatment has lasted."""
    length: int = (course["last_on"] - course["first_on"]).days + 1
    return length


def _reach(course: Mapping[str, Any]) -> int:
    """Return how many days the picture of a treatment needs: responses may come after it."""
    last_on = max(course["last_on"], *(one["on"] for one in course["responses"]), course["last_on"])
    length: int = (last_on - course["first_on"]).days + 1
    return length


def _weeks_between(longest: int) -> int:
    """Return how many weeks lie between two lines of the picture, so that there are at most ten."""
    return next((weeks for weeks in (1, 2, 4, 6, 12, 26, 52) if longest <= weeks * 7 * 10), 104)


def _lane(course: Mapping[str, Any], longest: int) -> Lane:
    first_on = course["first_on"]

    def x(day: date) -> int:
        return (day - first_on).days * WIDTH // longest

    progressed_on = course["progressed_on"]
    return Lane(
        course,
        max(_days(course) * WIDTH // longest, 2),
        _days(course),
        [(x(hold["from_on"]), max(x(hold["through_on"]) - x(hold["from_on"]), 2)) for hold in course["holds"]],
        [(x(one["on"]), one["response"]) for one in course["responses"]],
        x(progressed_on) if progressed_on is not None and progressed_on >= first_on else None,
        course["ended"] is None and course["status"] == "on_treatment",
    )


def _enrolment(found: Sequence[Mapping[str, Any]]) -> Iterator[tuple[date, int]]:
    """Yield the first day of each month in which patients were enrolled, and how many were by its end."""
    months = Counter(one["enrolled_on"].replace(day=1) for one in found if one["enrolled_on"] is not None)
    total = 0
    for month in sorted(months):
        total += months[month]
        yield month, total


def _curve(enrolment: Sequence[tuple[date, int]], planned: int | None) -> dict[str, Any] | None:
    """Return enrolment as a line of steps, and how high the plan lies (None: it has no number)."""
    if not enrolment:
        return None
    first, last = enrolment[0][0], enrolment[-1][0]
    months = (last.year - first.year) * 12 + last.month - first.month + 1
    most = max(enrolment[-1][1], planned or 0)
    path, before = [f"M0 {_HEIGHT}"], 0
    for month, total in enrolment:
        x = ((month.year - first.year) * 12 + month.month - first.month) * _CURVE // months
        path.append(f"H{x}V{_HEIGHT - total * _HEIGHT // most}")
        before = total
    return {
        "path": "".join([*path, f"H{_CURVE}"]),
        "planned": None if planned is None else _HEIGHT - planned * _HEIGHT // most,
        "total": before,
    }
