"""`/v1/protocols`: versions of protocols."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, get_args

from flask import Response, url_for
from marshmallow import ValidationError

from scheduler_api.api.http.accept import TABLES
from scheduler_api.api.http.conditions import idempotent
from scheduler_api.api.http.operation import ADMINS, produces, sends, staff
from scheduler_api.api.http.pages import PageQuery, page_of
from scheduler_api.api.http.parsing import ResourceBlueprint
from scheduler_api.api.http.requests import answer, session
from scheduler_api.engine.errors import ValidationFailed
from scheduler_api.engine.protocol_file.slips import SLIPS
from scheduler_api.interop.usdm.answers import answers_of
from scheduler_api.interop.usdm.draft import import_study
from scheduler_api.interop.usdm.report import Why
from scheduler_api.schemas.fields import Choice, Instant, Strict, fields, listed, validate
from scheduler_api.schemas.imports import ImportSchema
from scheduler_api.use_cases.sites import protocols

blueprint = ResourceBlueprint("protocols", __name__, description="Protocols as data, in versions that never change")


class ProtocolSummarySchema(Strict):
    """A version of a protocol, in short."""

    id = fields.String(required=True)
    version = fields.Integer(required=True)
    title = fields.String(required=True)
    added_at = Instant(required=True)


class ProtocolWarningSchema(Strict):
    """Names what in a protocol is probably a slip. The protocol can be used all the same."""

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


class ImportedObjectSchema(Strict):
    """Says what became of one object of a study. `why` says what is lost; docs/protocols.md explains each word."""

    kind = fields.String(required=True)
    id = fields.String(required=True)
    name = fields.String(required=True)
    why = fields.String(required=True, allow_none=True, validate=validate.OneOf(get_args(Why)))
    detail = fields.String(required=True)
    pointer = fields.String(required=True, allow_none=True, metadata={"description": "Its place in the draft"})


class HoleSchema(Strict):
    """A question that the document does not answer: where the draft has null, and the answer that fills it."""

    pointers = fields.List(fields.String(), required=True)
    question = fields.String(required=True)
    answer = fields.String(required=True, metadata={"description": "Empty: the draft itself has to be filled in"})


class ImportReportSchema(Strict):
    """Lists what became of each object that says when something happens."""

    carried = fields.List(fields.Nested(ImportedObjectSchema), required=True)
    changed = fields.List(fields.Nested(ImportedObjectSchema), required=True)
    not_carried = fields.List(fields.Nested(ImportedObjectSchema), required=True)
    to_fill_in = fields.List(fields.Nested(HoleSchema), required=True)


class ImportedSchema(Strict):
    """A draft of a protocol, not checked and not added, and the report of how it was made."""

    draft = fields.Dict(required=True, metadata={"description": "As for POST /v1/protocols; null: missing"})
    report = fields.Nested(ImportReportSchema, required=True)


@blueprint.route("/protocols")
@staff()
@produces(*TABLES)
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, listed(ProtocolSummarySchema, "ProtocolList"))
def list_protocols(query: dict[str, Any]) -> Response:
    """List all versions of all protocols

    By id and number of the version.
    """
    return page_of(protocols.list_all(session()), _place, query, ProtocolSummarySchema)


def _place(protocol: Mapping[str, Any]) -> tuple[str, ...]:
    return protocol["id"], f"{protocol['version']:05}"


@blueprint.route("/protocols", methods=["POST"])
@staff(ADMINS)
@blueprint.arguments(ProtocolDefinitionSchema)
@blueprint.response(201, AddedProtocolSchema)
@sends("Location")
@idempotent
def add_protocol(definition: dict[str, Any]) -> Response:
    """Add a version of a protocol

    It is checked whole, and never changes once it is there. Only for an admin.
    """
    added = protocols.add(session(), definition)
    location = url_for("protocols.get_protocol", protocol=added["id"], version=added["version"])
    return answer(added, 201, {"Location": location})


@blueprint.route("/protocols/import", methods=["POST"])
@staff(ADMINS)
@blueprint.arguments(ImportSchema)
@blueprint.response(200, ImportedSchema)
def preview_import(data: dict[str, Any]) -> Response:
    """Make a draft of a protocol from a CDISC USDM document

    Nothing is recorded and nothing guessed: the report says what is not carried, and what has to be filled in.
    """
    try:
        imported = import_study(data["document"], answers_of(data.get("answers", {})))
    except ValidationFailed as error:
        raise ValidationFailed(
            each if each.pointer.startswith("/answers/") else replace(each, pointer=f"/document{each.pointer}")
            for each in error.errors
        ) from None
    return answer(imported.document())


@blueprint.route("/protocols/<string:protocol>/versions/<int:version>")
@staff()
@blueprint.response(200, ProtocolDefinitionSchema)
def get_protocol(protocol: str, version: int) -> Response:
    """Get the definition of one version

    As it was added: a version never changes.
    """
    return answer(protocols.get(session(), protocol, version))
