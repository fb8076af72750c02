"""List sent messages and their deliveries for staff, who may resend a message that reached nobody."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from scheduler_api.engine.errors import Conflict, FieldError
from scheduler_api.engine.instants import stamp
from scheduler_api.store.database.port import Row, Store
from scheduler_api.store.reminders import deliveries, sent_messages
from scheduler_api.use_cases.audit.events import note
from scheduler_api.use_cases.page import Page
from scheduler_api.use_cases.projections.maintenance import extend_horizon
from scheduler_api.use_cases.session import NotFound, OutOfScope, Session, sites_to_search

_PUBLIC_FIELDS = (
    "message_id",
    "audience",
    "patient_id",
    "subject_number",
    "site",
    "kind",
    "about",
    "due_at",
    "expires_at",
    "status",
    "settled_at",
)
_DELIVERY_FIELDS = ("destination_id", "channel", "status", "attempts", "problem", "settled_at")


def find(
    session: Session,
    statuses: Sequence[str] | None = None,
    patient_id: str | None = None,
    site: str | None = None,
    after: tuple[str, str] | None = None,
    limit: int = 50,
) -> Page[tuple[str, str]]:
    """Return the messages to or about the actor's patients, and to the actor's sites.

    Raises NotFound for another's site.
    """
    sites = sites_to_search(session, site)
    rows = sent_messages.find(session.store, session.now, sites, statuses, patient_id, after, limit + 1)
    items = _documents(session.store, rows[:limit])
    return Page(items, (items[-1]["due_at"], items[-1]["message_id"]) if len(rows) > limit else None)


def resend(session: Session, message_id: str) -> dict[str, Any]:
    """Resend a message that reached nobody, with the same id, to all present destinations.

    Raises NotFound, Forbidden, or Conflict: a message that was sent is not sent again, one that waits will be sent
    anyway, and one that has expired (about yesterday's dose) is never sent as if it were new.
    """
    with session.store.transaction():
        row = sent_messages.get(session.store, message_id, session.now)
        if row is None:
            raise NotFound("No such message.")
        if not session.actor.sees(row["site"]):
            raise OutOfScope("No such message.", row["patient_id"], row["site"])
        if row["status"] != "failed":
            raise _refusal(f"The message is {row['status']}; only a failed one is sent again.")
        if row["expires_at"] <= stamp(session.now):
            raise _refusal("It has expired.")
        sent_messages.send_again(session.store, message_id)
        if row["patient_id"] is not None:
            # This withdraws waiting messages that are no longer called for, as any fact does.
            extend_horizon(session.store, row["patient_id"], session.now)
        row = sent_messages.get(session.store, message_id, session.now)
        assert row is not None
        if row["status"] != "waiting":
            raise _refusal("It is no longer needed.")
        note(session, "message_resent", row["patient_id"], row["site"], message=message_id, kind=row["kind"])
        return _documents(session.store, [row])[0]


def _refusal(why: str) -> Conflict:
    return Conflict([FieldError("/message_id", why, "not_to_resend")])


def _documents(store: Store, rows: Sequence[Row]) -> list[dict[str, Any]]:
    by_message: dict[str, list[dict[str, Any]]] = {row["message_id"]: [] for row in rows}
    for delivery in deliveries.of_messages(store, by_message):
        next_at = delivery["next_at"] if delivery["status"] == "waiting" else None
        by_message[delivery["message_id"]].append(
            {**{name: delivery[name] for name in _DELIVERY_FIELDS}, "next_at": next_at}
        )
    return [
        {**{name: row[name] for name in _PUBLIC_FIELDS}, "deliveries": by_message[row["message_id"]]} for row in rows
    ]
