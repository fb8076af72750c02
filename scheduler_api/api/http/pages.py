"""Lists: pages with a cursor, as JSON, CSV or a workbook."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

import orjson
from flask import Response, g, request

from scheduler_api.engine.errors import FieldError
from scheduler_api.schemas.fields import QueryNumber, Strict, Text

from .accept import CSV, TABLES, form_of_list, wants_mark
from .language import language
from .problems import Problem
from .requests import answer
from .tables import csv_table, workbook

Item = Mapping[str, Any]


class PageQuery(Strict):
    """A list is read in pages."""

    limit = QueryNumber(1, 200, load_default=50, metadata={"description": "How many items at most"})
    cursor = Text(1000, metadata={"description": "`next_cursor` of the page before"})


def cursor_key(query: Mapping[str, Any], parts: int, begins: str | None = None) -> Any:
    """Return the key in a query's cursor. Ends the request if the cursor is not of this list.

    `begins` is the first part that the key must have, if any.
    """
    cursor = query.get("cursor")
    if cursor is None:
        return None
    try:
        key = orjson.loads(base64.b64decode(cursor.encode(), altchars=b"-_", validate=True))
    except ValueError:
        key = None
    fits = isinstance(key, list) and len(key) == parts and all(isinstance(part, str) for part in key)
    if not fits or begins not in (None, key[0]):
        raise Problem(
            422,
            "The cursor is not valid.",
            [FieldError("/cursor", "Not a cursor of this list.", "malformed")],
        )
    return tuple(key)


def page_of(
    items: Sequence[Item], key: Callable[[Item], tuple[str, ...]], query: Mapping[str, Any], schema: type[Strict]
) -> Response:
    """Return one page of a list that is complete in memory, in order of `key`."""
    after = cursor_key(query, len(key(items[0])) if items else 1) if query.get("cursor") else None
    rest = [item for item in items if after is None or key(item) > after]
    items = rest[: query["limit"]]
    return page(items, key(items[-1]) if len(rest) > len(items) else None, schema)


def encoded(after: Sequence[str] | None) -> str | None:
    """Return the cursor for the key to go on after."""
    return base64.urlsafe_b64encode(orjson.dumps(list(after))).decode() if after else None


def page(items: Sequence[Item], after: Sequence[str] | None, schema: type[Strict]) -> Response:
    """Return one page of a list: JSON with the cursor of the next page, or a table if preferred; a Link to the next."""
    g.item_count = len(items)
    cursor = encoded(after)
    headers = {"Vary": "Accept"}
    if cursor is not None:
        headers["Link"] = f'<{address_of_next(cursor)}>; rel="next"'
    form = form_of_list()
    if form in TABLES:
        return _table(form, items, schema, headers)
    return answer({"items": items, "next_cursor": cursor}, headers=headers)


def address_of_next(cursor: str) -> str:
    """Return the address of the next page, without its host: the same request, going on at a cursor."""
    parameters = [(name, value) for name, value in request.args.items(multi=True) if name != "cursor"]
    return f"{request.path}?{urlencode([*parameters, ('cursor', cursor)])}"


def _table(form: str, items: Sequence[Item], schema: type[Strict], headers: Mapping[str, str]) -> Response:
    if form == CSV:
        response = Response(csv_table(items, schema, language(), wants_mark()), content_type="text/csv; charset=utf-8")
    else:
        name = request.path.rpartition("/")[2]
        response = Response(workbook(items, schema, language(), name), content_type=form)
        response.headers["Content-Disposition"] = f"attachment; filename={name}.xlsx"
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers.update(headers)
    return response
