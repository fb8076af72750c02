"""Read bodies and queries: undeclared fields are refused, and every bad field is named."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from functools import lru_cache, wraps
from typing import Any

import orjson
from flask import request
from flask_smorest import Blueprint
from marshmallow import RAISE, Schema
from webargs.fields import DelimitedList
from webargs.flaskparser import FlaskParser

from scheduler_api.engine.errors import FieldError
from scheduler_api.schemas.errors import errors_of
from scheduler_api.schemas.fields import Choice, fields, validate

from .operation import operation_of
from .problems import Problem


class Parser(FlaskParser):
    """Reads bodies and queries by their schemas."""

    DEFAULT_UNKNOWN_BY_LOCATION: dict[str, str | None] = {"json": RAISE, "query": RAISE}  # noqa: RUF012

    def load_json(self, req: Any, schema: Any) -> Any:
        """Return the body, which must be JSON and be declared as such."""
        if req.mimetype != "application/json":
            raise Problem(415, "The body is not declared as application/json.", headers={"Accept": "application/json"})
        return document_of(req.get_data())

    def parse(self, argmap: Any, req: Any = None, *, location: str | None = None, **options: Any) -> Any:
        """Return the parsed request."""
        if location == "query":
            return _parsed_query(argmap, request.query_string).copy()
        return super().parse(argmap, req, location=location, **options)

    def parse_query(self, schema: Schema) -> dict[str, Any]:
        """Return the parsed query of this request."""
        parsed: dict[str, Any] = super().parse(schema, location="query")
        return parsed

    def load_querystring(self, req: Any, schema: Any) -> Any:
        """Return the query: the values of a list each in a parameter of its own, or if it says so with commas between.

        Those of a `DelimitedList` are a text with commas, those of any other list a list.
        """
        lists = {one.data_key or name: one for name, one in schema.fields.items() if isinstance(one, fields.List)}
        _check_query(lists)
        is_plain = {name: not isinstance(one, DelimitedList) for name, one in lists.items()}
        return {name: values if is_plain.get(name) else ",".join(values) for name, values in req.args.lists()}

    def handle_error(self, error: Any, req: Any, schema: Any, **kwargs: Any) -> Any:
        """Raise a problem that names every bad field."""
        (messages,) = error.messages.values()
        errors = list(errors_of(messages))
        raise Problem(422, f"{len(errors)} bad field{'s' if len(errors) > 1 else ''}.", errors)


def _each_once(pairs: list[tuple[str, Any]]) -> None:
    if len({name for name, _ in pairs}) < len(pairs):
        raise ValueError


_STRICT = json.JSONDecoder(object_pairs_hook=_each_once)


def document_of(body: bytes) -> Any:
    """Return the JSON document of a body. Raises Problem."""
    try:
        document = orjson.loads(body)
        # A name given twice would be ambiguous, and orjson does not report it.
        _STRICT.decode(body.decode())
    except (ValueError, RecursionError):
        raise Problem(400, "The body is not JSON, or gives a name twice.") from None
    return document


def some_of(*choices: str) -> DelimitedList:
    """Return a parameter of a query that is one or several of some words."""
    description = "One or several, with commas between or each in a parameter of its own"
    return DelimitedList(Choice(*choices), validate=validate.Length(1), metadata={"description": description})


class ResourceBlueprint(Blueprint):
    """A blueprint that reads requests by our parser; a route that declares no query takes none."""

    ARGUMENTS_PARSER = Parser()

    def arguments(self, schema: Any, *, location: str = "json", **options: Any) -> Any:
        """Parse a view's arguments by a schema that is made once and not for each request."""
        schema = schema() if isinstance(schema, type) else schema
        documented = super().arguments(schema, location=location, **options)

        def decorator(view: Callable[..., Any]) -> Callable[..., Any]:
            @wraps(view)
            def wrapper(*args: Any, **kwargs: Any) -> Any:
                return view(*args, self.ARGUMENTS_PARSER.parse(schema, request, location=location), **kwargs)

            return _like(documented(view), wrapper)

        return decorator

    def response(self, *args: Any, **options: Any) -> Any:
        """Declare the response of a view for the contract only: every view returns its response complete."""
        documented = super().response(*args, **options)
        return lambda view: _like(documented(view), view)

    def add_url_rule(self, rule: str, endpoint: Any = None, view_func: Any = None, *args: Any, **options: Any) -> None:
        declared = getattr(view_func, "_apidoc", {}).get("arguments", {}).get("parameters", [])
        takes_query = operation_of(view_func).any_query or any(one["in"] == "query" for one in declared)
        if not takes_query:
            view_func = _without_query(view_func)
        super().add_url_rule(rule, endpoint, view_func, *args, **options)


def _like(documented: Any, view: Any) -> Any:
    """Return a view with the documentation of another."""
    view._apidoc = documented._apidoc
    return view


# Clients repeat the same queries: parsing the parameters of a list takes 110 µs, looking them up here 2.
@lru_cache(maxsize=1024)
def _parsed_query(schema: Schema, query_string: bytes) -> dict[str, Any]:
    """Return the parsed query string of this request; one that is refused is not cached."""
    return ResourceBlueprint.ARGUMENTS_PARSER.parse_query(schema)


def _without_query(view: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(view)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        if request.query_string:
            _check_query()
            errors = [FieldError(f"/{name}", "Unknown field.", "unknown_field") for name in request.args]
            raise Problem(422, "This address takes no query.", errors)
        return view(*args, **kwargs)

    return wrapper


def _check_query(lists: Collection[str] = ()) -> None:
    """End the request with 422 if a parameter is given twice that is none of the `lists`."""
    errors = [
        FieldError(f"/{name}", "Given more than once.", "given_twice")
        for name, values in request.args.lists()
        if len(values) > 1 and name not in lists
    ]
    if errors:
        raise Problem(422, "A parameter is given more than once.", errors)
