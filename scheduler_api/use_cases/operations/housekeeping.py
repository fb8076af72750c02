"""Delete what is no longer needed: old responses, wrong tries, what has expired, old messages."""

from __future__ import annotations

from datetime import datetime, timedelta

from scheduler_api.engine.instants import stamp
from scheduler_api.store.database.port import Store
from scheduler_api.store.operations import idempotency, web_sessions
from scheduler_api.store.phones import devices
from scheduler_api.store.reminders import outbox
from scheduler_api.use_cases.auth import web_sessions as sessions
from scheduler_api.use_cases.phones import phones

from . import idempotency as responses

#: How long sent messages can be looked up.
MESSAGES_KEPT = timedelta(days=400)


def forget(store: Store, now: datetime) -> int:
    """Delete everything that is too old; return how many rows."""
    with store.transaction():
        return (
            idempotency.forget(store, stamp(now - responses.KEPT))
            + devices.delete_expired(store, stamp(now), stamp(now - phones.TRIES_LIFE))
            + web_sessions.delete_ended(store, stamp(now - sessions.KEPT))
            + outbox.forget(store, stamp(now - MESSAGES_KEPT))
        )
