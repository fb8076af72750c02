"""`/v1/me/sync`: facts that a phone queued while it was offline, each with its own outcome."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from flask import Response
from marshmallow import ValidationError

from scheduler_api.api.http.operation import patient
from scheduler_api.api.http.parsing import ResourceBlueprint
from scheduler_api.api.http.problems import Problem, ProblemSchema
from scheduler_api.api.http.requests import answer, phone, session
from scheduler_api.engine.errors import FieldError, ValidationFailed
from scheduler_api.engine.model.facts import DoseRecorded, DoseTakenBack
from scheduler_api.schemas.errors import errors_of
from scheduler_api.schemas.fields import Choice, DoseName, Instant, Strict, Text, TimeZone, fields, validate
from scheduler_api.use_cases.phones import sync, today
from scheduler_api.use_cases.phones.doses import OUTCOMES

from .me import CLOCK_OFF, DoseWarningSchema, DoseWordSchema, TodaysScreenSchema

_CLIENT_ID = re.compile(r"^[A-Za-z0-9_-]{1,64}$", re.ASCII)

blueprint = ResourceBlueprint("offline queue", __name__, description="What a phone queued while it was offline")


class QueuedSchema(Strict):
    """Holds what every queued fact has: the phone's own id for it, and when it was said by the phone's clock."""

    client_id = Text(64, required=True, pattern=_CLIENT_ID.pattern)
    said_at = Instant(required=True)


class QueuedDoseSchema(QueuedSchema, DoseWordSchema):
    """A dose recorded while offline."""

    kind = Choice("dose_recorded", required=True)
    dose_id = DoseName(required=True)


class QueuedDoseTakenBackSchema(QueuedSchema):
    """A dose's record taken back while offline."""

    kind = Choice("dose_taken_back", required=True)
    dose_id = DoseName(required=True)


class QueuedTimeZoneSchema(QueuedSchema):
    """The patient lives in another time zone."""

    kind = Choice("time_zone_changed", required=True)
    time_zone = TimeZone(required=True)


QUEUED: Mapping[str, Strict] = {
    "dose_recorded": QueuedDoseSchema(),
    "dose_taken_back": QueuedDoseTakenBackSchema(),
    "time_zone_changed": QueuedTimeZoneSchema(),
}


class SyncRequestSchema(Strict):
    """Holds what a phone queued, in order, and the number of the last fact that the phone has (0: none)."""

    cursor = fields.Integer(required=True, strict=True, validate=validate.Range(0, 1_000_000_000))
    sent_at = Instant(required=True, metadata={"description": "The present by the phone's clock"})
    facts = fields.List(fields.Raw(metadata={"type": "object"}), load_default=list, validate=validate.Length(max=500))


class SyncOutcomeSchema(Strict):
    """The outcome of one queued fact; `problem` only if it was refused."""

    client_id = fields.String(required=True)
    dose_id = DoseName(
        required=True, allow_none=True, metadata={"description": "Null: it was refused, or is of no dose"}
    )
    outcome = Choice(*OUTCOMES, "refused", required=True)
    fact_id = fields.String(required=True, allow_none=True)
    problem = fields.Nested(ProblemSchema, required=True, allow_none=True)
    warnings = fields.List(fields.Nested(DoseWarningSchema), required=True)


class PhoneChangeSchema(Strict):
    """A fact as a phone gets it: days and amounts."""

    fact_id = fields.String(required=True)
    kind = fields.String(required=True)
    recorded_at = Instant(required=True)
    said_at = Instant(required=True)
    by = Choice("patient", "site", required=True)
    replaces = fields.String(required=True, allow_none=True)
    data = fields.Dict(required=True)


class SyncResultSchema(Strict):
    """The outcome of each queued fact, what changed since the cursor, the new cursor, and today's screen."""

    outcomes = fields.List(fields.Nested(SyncOutcomeSchema), required=True)
    changes = fields.List(fields.Nested(PhoneChangeSchema), required=True)
    cursor = fields.Integer(required=True)
    clock_off_seconds = fields.Integer(required=True, allow_none=True, metadata=CLOCK_OFF)
    today = fields.Nested(TodaysScreenSchema, required=True)


@blueprint.route("/me/sync", methods=["POST"])
@patient
@blueprint.arguments(SyncRequestSchema)
@blueprint.response(200, SyncResultSchema)
def synchronise(data: dict[str, Any]) -> Response:
    """Send what was queued offline, each exactly once by `client_id`, and get what changed

    At most 500 facts in one call. One that is refused does not keep the others from being recorded.
    """
    queued = [_queued(content) for content in _named(data["facts"])]
    synced = sync.sync(session(), phone().patient_id, data["cursor"], data["sent_at"], queued)
    for outcome in synced.outcomes:
        if (problem := outcome["problem"]) is not None:
            outcome["problem"] = Problem(problem["status"], "It was not recorded.", problem["errors"]).document()
    document = {
        "outcomes": synced.outcomes,
        "changes": synced.changes,
        "cursor": synced.cursor,
        "clock_off_seconds": round(synced.clock_off.total_seconds()) or None,
        "today": today.today_document(session(), phone()),
    }
    return answer(document)


def _named(queued: list[Any]) -> list[Any]:
    """Return what was queued. Raises ValidationFailed if an item has no id, since its outcome could not be reported."""
    ids = [content.get("client_id") if isinstance(content, dict) else None for content in queued]
    bad = [i for i, client_id in enumerate(ids) if not (isinstance(client_id, str) and _CLIENT_ID.fullmatch(client_id))]
    if bad:
        detail = "Missing, or not 1 to 64 letters, digits, - and _."
        raise ValidationFailed(FieldError(f"/facts/{number}/client_id", detail, "malformed") for number in bad)
    return queued


def _queued(content: dict[str, Any]) -> sync.QueuedFact:
    """Read one queued fact; what is wrong with it becomes its own outcome."""
    client_id = content["client_id"]
    kind = content.get("kind")
    kind = kind if isinstance(kind, str) else ""
    schema = QUEUED.get(kind)
    if schema is None:
        errors = [FieldError("/kind", f"Not one of {', '.join(QUEUED)}.", "malformed")]
        return sync.QueuedFact(client_id, content, None, errors=errors)
    try:
        data = schema.load(content)
    except ValidationError as error:
        return sync.QueuedFact(client_id, content, None, errors=list(errors_of(error.messages)))
    dose = _dose(data) if kind == "dose_recorded" else None
    return sync.QueuedFact(client_id, content, _recording(kind, data), data["said_at"], dose=dose)


def _recording(kind: str, data: dict[str, Any]) -> Any:
    if kind == "time_zone_changed":
        return sync.time_zone_changed(data["time_zone"])
    if kind == "dose_taken_back":
        return sync.dose_said(data["dose_id"], DoseTakenBack(data["dose_id"].day))
    return sync.dose_said(data["dose_id"], _dose(data))


def _dose(data: dict[str, Any]) -> DoseRecorded:
    named = data["dose_id"]
    said = data["status"], data["amount"], data["taken_at"], data["note"]
    return DoseRecorded(named.day, *said, named.regimen, named.slot)
