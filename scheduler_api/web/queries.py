"""Read the queries of pages by schemas, as the API does; a field left empty in a form is not asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from flask import request
from marshmallow import EXCLUDE, ValidationError

from scheduler_api.api.http.problems import Problem
from scheduler_api.api.http.requests import session
from scheduler_api.schemas.errors import errors_of
from scheduler_api.schemas.fields import Strict, Text
from scheduler_api.use_cases.sites import protocols, sites


class WardQuery(Strict):
    """The filters of a page of the ward."""

    site = Text(40)
    series = Text(40)


def asked(schema: type[Strict]) -> dict[str, Any]:
    """Return the query of this request. Ends it with 422 if a field is bad."""
    return asked_of(schema, request.args)


def asked_of(schema: type[Strict], given: Mapping[str, str]) -> dict[str, Any]:
    """Return what was filled in, by a schema. Ends the request with 422 if a field is bad."""
    try:
        found: dict[str, Any] = schema().load({name: one for name, one in given.items() if one}, unknown=EXCLUDE)
    except ValidationError as error:
        raise Problem(422, "What was asked for is not right.", [*errors_of(error.normalized_messages())]) from None
    return found


def all_sites() -> list[dict[str, Any]]:
    """Return the sites that one can choose from: all that the session sees."""
    return sites.list_all(session())


def all_series() -> list[str]:
    """Return the names of the series of all protocols, in their order."""
    return list(dict.fromkeys(_series()))


def _series() -> Iterator[str]:
    for protocol in dict.fromkeys(summary["id"] for summary in protocols.list_all(session())):
        for version in protocols.versions_of(session().store, protocol).values():
            yield from (series.name for series in version.series)
