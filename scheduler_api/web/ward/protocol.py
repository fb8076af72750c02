"""`/ward/protocols`: a protocol's schedule as a picture, where each value comes from, and what a version changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import orjson
from flask import Response, request

from scheduler_api.api.http.operation import RECORDERS, any_query
from scheduler_api.api.http.operation import page as signed_in
from scheduler_api.api.http.problems import Problem
from scheduler_api.api.http.requests import session
from scheduler_api.engine.errors import ValidationFailed
from scheduler_api.engine.model.protocol import Protocol
from scheduler_api.schemas.fields import CivilDate, Strict, Text
from scheduler_api.use_cases.patients import amendments
from scheduler_api.use_cases.session import NotFound
from scheduler_api.use_cases.sites import protocols
from scheduler_api.web.pages import blueprint, page
from scheduler_api.web.pictures import picture
from scheduler_api.web.queries import all_sites, asked_of

from .lists import may_record
from .schedule import pictures

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


@blueprint.route("/ward/protocols/<string:protocol>/versions/<int:version>/schedule-<string:name>.<string:form>")
@signed_in()
@any_query
def show_protocol_picture(protocol: str, version: int, name: str, form: str) -> Response:
    """Give the picture of a version's schedule as a file, for a sample patient of an arm and a sex"""
    drawn = next((one for one in pictures(_versions(protocol, version)[version]) if one["name"] == name), None)
    if drawn is None:
        raise Problem(404, "There is no such picture.")
    return picture("schedule", form, f"{protocol}-{version}-{name}", drawn=drawn)


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
        pictures=[*pictures(shown)],
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
