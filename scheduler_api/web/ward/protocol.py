"""`/ward/protocols`: a protocol's schedule as a picture, where each value comes from, and what a version changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any, NamedTuple

import orjson
from flask import Response, request

from scheduler_api.api.http.operation import RECORDERS, any_query
from scheduler_api.api.http.operation import page as signed_in
from scheduler_api.api.http.requests import session
from scheduler_api.engine.errors import ValidationFailed
from scheduler_api.engine.model.facts import Enrolled, Registered, TreatmentStarted
from scheduler_api.engine.model.protocol import Protocol
from scheduler_api.schemas.fields import CivilDate, Strict, Text
from scheduler_api.use_cases.patients import amendments, calendars
from scheduler_api.use_cases.patients.facts import NewFact
from scheduler_api.use_cases.session import NotFound
from scheduler_api.use_cases.sites import protocols
from scheduler_api.web.pages import blueprint, page
from scheduler_api.web.pictures import picture
from scheduler_api.web.queries import all_sites, asked_of

from .lists import may_record

#: The day on which the sample patient of the picture enrols and takes the first dose; how far it reaches.
_ENROLLED_ON, _REACH = date(2024, 1, 1), timedelta(7 * 40)
#: In units of the picture.
_NAMES, _DAY, _TOP, _STEP = 150, 2.4, 26, 26
#: Of how many patients the page shows what an amendment would move.
_PATIENTS = 50
#: What of a definition names it, or says where values come from.
_ABOUT_IT = ("id", "version", "sources")


class MovesForm(Strict):
    """From which day a version would apply, to which site's patients."""

    site = Text(40, required=True)
    from_on = CivilDate(required=True)


class Value(NamedTuple):
    """A value of a definition: where it stands, and what is said of where it comes from (None: nothing)."""

    pointer: str
    value: str
    stated: str | None
    note: str | None


class Change(NamedTuple):
    """Says what differs between two versions at a pointer; None: it is not there."""

    pointer: str
    before: str | None
    after: str | None


@blueprint.route("/ward/protocols")
@signed_in()
@any_query
def show_protocols() -> Response:
    """List the versions of all protocols"""
    return page("protocols.html", protocols=protocols.list_all(session()))


@blueprint.route("/ward/protocols/<string:protocol>/versions/<int:version>")
@signed_in()
@any_query
def show_protocol(protocol: str, version: int) -> Response:
    """Show a version: its schedule, where its values come from, and what it changed"""
    return _protocol(protocol, version)


@blueprint.route("/ward/protocols/<string:protocol>/versions/<int:version>/schedule.<string:form>")
@signed_in()
@any_query
def show_protocol_picture(protocol: str, version: int, form: str) -> Response:
    """Give the picture of a version's schedule as a file"""
    return picture("schedule", form, f"{protocol}-{version}", **_picture_of(_versions(protocol, version)[version]))


@blueprint.route("/ward/protocols/<string:protocol>/versions/<int:version>/moves", methods=["POST"])
@signed_in(RECORDERS)
@any_query
def show_moves(protocol: str, version: int) -> Response:
    """Show what would move for a site's patients if a version applied from a day on; nothing is recorded"""
    given = asked_of(MovesForm, request.form)
    amendment = amendments.Amendment(protocol, version, given["from_on"], "Shown only")
    try:
        portion = amendments.to_site(session(), amendment, given["site"], None, _PATIENTS, dry_run=True)
    except ValidationFailed as refused:
        return _protocol(protocol, version, 422, errors=refused.errors)
    return _protocol(protocol, version, portion=portion, given=given)


def _protocol(protocol: str, version: int, status: int = 200, **values: Any) -> Response:
    versions = _versions(protocol, version)
    shown, before = versions[version], versions.get(version - 1)
    return page(
        "protocol.html",
        status,
        protocol=shown,
        versions=sorted(versions),
        values=[*values_of(shown.definition)],
        changes=[*changes_between(before.definition, shown.definition)] if before is not None else [],
        before=before,
        **_picture_of(shown),
        sites=all_sites(),
        may_record=may_record(),
        **{"portion": None, "given": {}, "errors": (), **values},
    )


def _versions(protocol: str, version: int) -> Mapping[int, Protocol]:
    """Return all versions of a protocol. Raises NotFound if this one is none of them."""
    versions = protocols.versions_of(session().store, protocol)
    if version not in versions:
        raise NotFound("No such version of a protocol.")
    return versions


def _picture_of(shown: Protocol) -> dict[str, Any]:
    """Return what the picture of a version's schedule is made of."""
    return {
        "rows": _picture(shown),
        "weeks": [(_x(week * 7), week) for week in range(0, _REACH.days // 7 + 1, 4)],
        "size": {"width": _NAMES + int(_REACH.days * _DAY) + 10, "top": _TOP, "step": _STEP},
    }


def values_of(definition: Mapping[str, Any]) -> Iterator[Value]:
    """Yield the values of a definition: each that has a source of its own, and else each that is no object or list."""
    sources = definition.get("sources", {})

    def walk(found: Any, pointer: str) -> Iterator[Value]:
        source = sources.get(pointer)
        if source is not None or not isinstance(found, dict | list):
            source = source or {}
            text = found if isinstance(found, str) else orjson.dumps(found).decode()
            yield Value(pointer, text, source.get("stated"), source.get("note"))
            return
        for name, inner in found.items() if isinstance(found, dict) else enumerate(found):
            yield from walk(inner, f"{pointer}/{name}")

    for name, inner in definition.items():
        if name not in _ABOUT_IT:
            yield from walk(inner, f"/{name}")


def changes_between(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    """Yield what differs between two definitions, by pointer; where their values come from is not compared."""
    old, new = ({one.pointer: one.value for one in _leaves(definition)} for definition in (before, after))
    for pointer in dict.fromkeys([*old, *new]):
        if old.get(pointer) != new.get(pointer):
            yield Change(pointer, old.get(pointer), new.get(pointer))


def _leaves(definition: Mapping[str, Any]) -> Iterator[Value]:
    return values_of({name: one for name, one in definition.items() if name != "sources"})


def _picture(protocol: Protocol) -> list[dict[str, Any]]:
    """Return the cycles and visits of a sample patient who stays on treatment, a row for each series."""
    registered = Registered("sample", "sample", protocol.id, protocol.version, "female", "fertile", None, "UTC")
    arm = protocol.arms[0] if protocol.arms else None
    enrolled = Enrolled(_ENROLLED_ON, _ENROLLED_ON, arm)
    view = calendars.View(_ENROLLED_ON, _ENROLLED_ON + _REACH)
    facts = [NewFact(TreatmentStarted(_ENROLLED_ON))]
    document = calendars.preview({protocol.version: protocol}, registered, enrolled, facts, _ENROLLED_ON, view)
    cycles = [_bar(one["starts_on"], one["ends_on"], None, str(one["number"])) for one in document["cycles"]]
    rows: dict[str, list[dict[str, Any]]] = {}
    for visit in document["visits"]:
        bar = _bar(visit["opens_on"], visit["closes_on"], visit["target_on"], "")
        rows.setdefault(visit["series"], []).append({**bar, "label": visit["label"]})
    return [{"series": None, "bars": cycles}, *({"series": name, "bars": bars} for name, bars in rows.items())]


def _bar(first: date, last: date | None, target: date | None, text: str) -> dict[str, Any]:
    begin = max((first - _ENROLLED_ON).days, 0)
    end = _REACH.days if last is None else min((last - _ENROLLED_ON).days + 1, _REACH.days)
    at = None if target is None or target > _ENROLLED_ON + _REACH else _x((target - _ENROLLED_ON).days)
    return {"x": _x(begin), "width": max(int((end - begin) * _DAY) - 1, 1), "target": at, "text": text}


def _x(day: int) -> int:
    return _NAMES + int(day * _DAY)
