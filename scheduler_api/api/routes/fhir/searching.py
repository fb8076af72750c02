"""Read the parameters of searches under `/fhir/R4`, and answer with resources."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import orjson
from flask import Response, g, request
from marshmallow import ValidationError
from webargs.fields import DelimitedList

from scheduler_api.api.http.accept import JSON, preferred
from scheduler_api.api.http.language import language
from scheduler_api.api.http.pages import address_of_next, encoded
from scheduler_api.engine.dates import parse_date
from scheduler_api.i18n import worded
from scheduler_api.interop.fhir.elements import FHIR_JSON, FHIR_PATH
from scheduler_api.interop.fhir.exchange import SearchParameter, searchset
from scheduler_api.schemas.fields import Choice, QueryNumber, Strict, Text, fields

#: Where all resources are.
ROOT = f"{FHIR_PATH}R4"
_PREFIXES = ("eq", "ge", "gt", "le", "lt")
#: How many characters a day has.
_DAY = 10
_ONE_DAY = timedelta(1)
#: No resource has this value.
NOTHING = ""


class FhirResourceSchema(Strict):
    """A resource of FHIR R4; its type, at https://hl7.org/fhir/R4, says which elements it may have."""

    class Meta(Strict.Meta):
        unknown = "include"

    resourceType = fields.String(required=True, metadata={"description": "Its type", "example": "Patient"})
    id = fields.String(metadata={"description": "Its id among the resources of its type"})


class FhirBundleSchema(Strict):
    """A page of a search: a Bundle of FHIR R4."""

    class Meta(Strict.Meta):
        unknown = "include"

    resourceType = Choice("Bundle", required=True, metadata={"description": "Its type"})
    type = Choice("searchset", required=True, metadata={"description": "What it is a bundle of"})
    link = fields.List(
        fields.Dict(), required=True, metadata={"description": "`self`, and `next` if there is another page"}
    )
    entry = fields.List(fields.Dict(), metadata={"description": "The resources, each with its `fullUrl`"})


class Reference(Text):
    """A reference to a resource: its id, or its address relative or whole."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(300, **kwargs)


class Identifier(Text):
    """An identifier: `value`, or `system|value`."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(300, **kwargs)


class Bounds(fields.List):
    """Dates that bound a range, each with a prefix and in a parameter of its own: all of them hold.

    With commas between, either would hold, which makes no range.
    """

    def __init__(self, **kwargs: Any) -> None:
        bound = Text(40, pattern=f"^({'|'.join(_PREFIXES)})?[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}$")
        super().__init__(bound, validate=_days_exist, **kwargs)


def _days_exist(bounds: Sequence[str]) -> None:
    try:
        _ = [parse_date(bound[-_DAY:]) for bound in bounds]
    except ValueError as error:
        raise ValidationError(str(error)) from None


class FormatQuery(Strict):
    """The form of the answer."""

    format = Choice("json", FHIR_JSON, data_key="_format", metadata={"description": "There is JSON only"})


class SearchQuery(FormatQuery):
    """A search is answered in pages."""

    limit = QueryNumber(
        1, 200, load_default=50, data_key="_count", metadata={"description": "How many resources at most"}
    )
    cursor = Text(1000, metadata={"description": "Of the next page, as its link has it"})


#: The types of parameters in FHIR, by the fields that read them. Others are about the page.
_KINDS: Mapping[type[Any], str] = {Reference: "reference", Bounds: "date", Identifier: "token", DelimitedList: "token"}


def parameters_of(query: type[SearchQuery]) -> Iterator[SearchParameter]:
    """Yield the parameters by which a query searches."""
    for name, field in query().fields.items():
        name = field.data_key or name
        kind = "token" if name == "_id" else _KINDS.get(type(field))
        if kind is not None:
            # `organization:identifier` is the parameter `organization`, which is taken in that form only.
            parameter, _, form = name.partition(":")
            said = f"Only as `{name}`. " if form else ""
            yield SearchParameter(parameter, "reference" if form else kind, f"{said}{field.metadata['description']}")


def id_of(reference: str | None, kind: str) -> str | None:
    """Return the id of the resource of a type to which a reference leads; None: none is given."""
    return reference and reference.removeprefix(f"{base()}/").removeprefix(f"{kind}/")


def parts_of(token: str | None) -> tuple[str | None, str | None]:
    """Return the system and the value that a token asks for; None: any."""
    if token is None:
        return None, None
    of, bar, value = token.rpartition("|")
    return of if bar else None, value


def value_of(token: str | None, system: str) -> str | None:
    """Return the value of a system that a token asks for; `NOTHING` if it is of another."""
    of, value = parts_of(token)
    return value if of in (None, system) else NOTHING


def only(*values: str | None) -> str | None:
    """Return the value that several parameters ask for alike, `NOTHING` if they differ; None: none was given."""
    given = {value for value in values if value is not None}
    return NOTHING if len(given) > 1 else next(iter(given), None)


def range_of(bounds: Sequence[str]) -> tuple[date | None, date | None]:
    """Return the first and the last day that meet all bounds; None where there is no such bound."""
    days = [(bound[:-_DAY] or "eq", parse_date(bound[-_DAY:])) for bound in bounds]
    firsts = [day + _ONE_DAY * (prefix == "gt") for prefix, day in days if prefix in ("eq", "ge", "gt")]
    lasts = [day - _ONE_DAY * (prefix == "lt") for prefix, day in days if prefix in ("eq", "le", "lt")]
    return max(firsts, default=None), min(lasts, default=None)


def base() -> str:
    """Return the whole address of the service's resources, as this request came to it."""
    return request.host_url.rstrip("/") + ROOT


def found(resources: Iterable[Mapping[str, Any]], after: Sequence[str] | None) -> Response:
    """Return a page of a search, and the address to go on at after a key, if there is more."""
    page = [*resources]
    g.item_count = len(page)
    cursor = encoded(after)
    following = None if cursor is None else request.host_url.rstrip("/") + address_of_next(cursor)
    return resource(searchset(base(), page, request.url, following))


def resource(document: Mapping[str, Any]) -> Response:
    """Return a resource in the language of the request, as the type of JSON that it prefers."""
    form = preferred(request.headers.get("Accept", ""), (FHIR_JSON, JSON))
    response = Response(orjson.dumps(document, worded(language())), content_type=form)
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["Vary"] = "Accept"
    return response
