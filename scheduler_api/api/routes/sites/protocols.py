"""`/v1/protocols`: versions of protocols."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response
from marshmallow import ValidationError

from scheduler_api.api.http.conditions import idempotent
from scheduler_api.api.http.operation import ADMINS, produces, staff
from scheduler_api.api.http.pages import PageQuery, page_of
from scheduler_api.api.http.parsing import ResourceBlueprint
from scheduler_api.api.http.requests import answer, session
from scheduler_api.engine.protocol_file.slips import SLIPS
from scheduler_api.schemas.fields import Choice, Instant, Strict, fields, listed
from scheduler_api.use_cases.sites import protocols

blueprint = ResourceBlueprint("protocols", __name__, description="Protocols as data, in versions that never change")


class ProtocolSummarySchema(Strict):
    """A version of a protocol, in short."""

    id = fields.String(required=True)
    version = fields.Integer(required=True)
    title = fields.String(required=True)
    added_at = Instant(required=True)


class ProtocolWarningSchema(Strict):
    """What in a protocol is probably a slip. It keeps the protocol from nothing."""

    pointer = fields.String(required=True, metadata={"description": "Where, as a JSON pointer"})
    code = Choice(*SLIPS, required=True)
    detail = fields.String(required=True)


class AddedProtocolSchema(ProtocolSummarySchema):
    """A version of a protocol that was added, and what in it is probably a slip."""

    warnings = fields.List(fields.Nested(ProtocolWarningSchema), required=True)


class ProtocolDefinitionSchema(Strict):
    """A protocol's definition: regimens, series of visits, contraception. docs/protocols.md explains every field."""

    class Meta(Strict.Meta):
        unknown = "include"

    id = fields.Raw(required=True, metadata={"type": "string"})
    version = fields.Raw(required=True, metadata={"type": "integer"})
    regimens = fields.Raw(required=True, metadata={"type": "array", "items": {"type": "object"}})
    visits = fields.Raw(required=True, metadata={"type": "array", "items": {"type": "object"}})
    contraception = fields.Raw(required=True, metadata={"type": "array", "items": {"type": "object"}})

    def load(self, data: Any, *args: Any, **kwargs: Any) -> Any:
        """Return the definition unchanged: the engine reads protocols and names every bad field."""
        if not isinstance(data, dict):
            raise ValidationError({"_schema": ["Not an object."]})
        return data


@blueprint.route("/protocols")
@staff()
@produces("text/csv")
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, listed(ProtocolSummarySchema, "ProtocolList"))
def list_protocols(query: dict[str, Any]) -> Response:
    """List all versions of all protocols"""
    return page_of(protocols.list_all(session()), _place, query, ProtocolSummarySchema)


def _place(protocol: Mapping[str, Any]) -> tuple[str, ...]:
    return protocol["id"], f"{protocol['version']:05}"


@blueprint.route("/protocols", methods=["POST"])
@staff(ADMINS)
@blueprint.arguments(ProtocolDefinitionSchema)
@blueprint.response(201, AddedProtocolSchema)
@idempotent
def add_protocol(definition: dict[str, Any]) -> Response:
    """Add a version of a protocol

    It is checked whole, and never changes once it is there. Only for an admin.
    """
    return answer(protocols.add(session(), definition), 201)


@blueprint.route("/protocols/<string:protocol>/versions/<int:version>")
@staff()
@blueprint.response(200, ProtocolDefinitionSchema)
def get_protocol(protocol: str, version: int) -> Response:
    """Get the definition of one version"""
    return answer(protocols.get(session(), protocol, version))
