"""`/v1/reminders`: sent messages, their recipients, and their deliveries."""

from __future__ import annotations

from typing import Any

from flask import Response

from scheduler_api.api.http.accept import TABLES
from scheduler_api.api.http.conditions import idempotent
from scheduler_api.api.http.operation import RECORDERS, produces, staff
from scheduler_api.api.http.pages import PageQuery, cursor_key, page
from scheduler_api.api.http.parsing import ResourceBlueprint, some_of
from scheduler_api.api.http.requests import answer, session
from scheduler_api.engine.reminders.kinds import TO_PATIENTS, TO_SITES
from scheduler_api.schemas.fields import Choice, Instant, Strict, Text, fields, listed
from scheduler_api.store.reminders.outbox import STATUSES
from scheduler_api.use_cases.reminders import sent_messages

blueprint = ResourceBlueprint("messages", __name__, description="Sent messages")


class MessageQuery(PageQuery):
    """Filters of messages."""

    status = some_of(*STATUSES)
    patient = Text(40)
    site = Text(40)


class DeliverySchema(Strict):
    """A message on its way to one destination. `next_at`: when it is tried next, while it waits."""

    destination_id = fields.String(required=True)
    channel = Choice("web_push", "webhook", "email", "log", required=True)
    status = Choice(*STATUSES, required=True)
    attempts = fields.Integer(required=True)
    problem = fields.String(required=True, allow_none=True, metadata={"description": "Why the last attempt failed"})
    next_at = Instant(required=True, allow_none=True)
    settled_at = Instant(required=True, allow_none=True)


class MessageSchema(Strict):
    """A message. `failed`: it reached nobody, or there was nobody to send it to."""

    message_id = fields.String(required=True)
    audience = Choice("patient", "site", required=True)
    patient_id = fields.String(required=True, allow_none=True)
    subject_number = fields.String(required=True, allow_none=True)
    site = fields.String(required=True)
    kind = Choice(*TO_PATIENTS, *TO_SITES, required=True)
    about = fields.String(required=True, metadata={"description": "The day, and the visit if it is about one"})
    due_at = Instant(required=True)
    expires_at = Instant(required=True, metadata={"description": "From then on it is no longer sent"})
    status = Choice(*STATUSES, required=True)
    settled_at = Instant(required=True, allow_none=True)
    deliveries = fields.List(fields.Nested(DeliverySchema), required=True)


@blueprint.route("/reminders")
@staff()
@produces(*TABLES)
@blueprint.arguments(MessageQuery, location="query")
@blueprint.response(200, listed(MessageSchema, "MessageList"))
def list_messages(query: dict[str, Any]) -> Response:
    """List sent messages, the latest due first

    Those that reached nobody are `status=failed`.
    """
    result = sent_messages.find(
        session(), query.get("status"), query.get("patient"), query.get("site"), cursor_key(query, 2), query["limit"]
    )
    return page(result.items, result.after, MessageSchema)


@blueprint.route("/reminders/<string:message_id>/resend", methods=["POST"])
@staff(RECORDERS)
@blueprint.response(200, MessageSchema)
@idempotent
def resend_message(message_id: str) -> Response:
    """Send a message again that reached nobody

    With the same id, to all present destinations. An expired message is 409.
    """
    return answer(sent_messages.resend(session(), message_id))
