"""Requests with an Idempotency-Key: each is carried out once, and every repetition gets the same response."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import NamedTuple

import orjson

from scheduler_api.engine.instants import stamp
from scheduler_api.store.database.port import Duplicate
from scheduler_api.store.operations import idempotency
from scheduler_api.use_cases.session import Session

#: How long a response is kept.
KEPT = timedelta(hours=24)


class StoredResponse(NamedTuple):
    """The HTTP response to a request with a key."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class KeyReused(Exception):
    """The key was used before for another request."""


def lock(session: Session, key: str) -> None:
    """Lock a key, so that other requests with it wait until the unit of work ends."""
    session.store.lock(f"answer {session.actor.token_id} {key}")


def find(session: Session, key: str, request_hash: str) -> StoredResponse | None:
    """Return the response already given to this key and request, if any. Raises KeyReused for another request."""
    row = idempotency.get(session.store, session.actor.token_id, key)
    if row is None or row["answered_at"] < stamp(session.now - KEPT):
        return None
    if row["request_hash"] != request_hash:
        raise KeyReused
    return StoredResponse(row["status"], orjson.loads(row["headers"]), row["body"].encode())


def keep(session: Session, key: str, request_hash: str, response: StoredResponse) -> None:
    """Store a response, in the unit of work of its request. Raises KeyReused if another request was faster."""
    row = {
        "token_id": session.actor.token_id,
        "key": key,
        "request_hash": request_hash,
        "status": response.status,
        "headers": orjson.dumps(dict(response.headers)).decode(),
        "body": response.body.decode(),
        "answered_at": stamp(session.now),
    }
    try:
        idempotency.insert(session.store, row, stamp(session.now - KEPT))
    except Duplicate:
        raise KeyReused from None
