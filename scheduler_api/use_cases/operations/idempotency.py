"""Requests with an Idempotency-Key: each is carried out once, and answered alike however often it is sent."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import NamedTuple

import orjson

from scheduler_api.engine.instants import stamp
from scheduler_api.store.database.port import Duplicate
from scheduler_api.store.operations import idempotency
from scheduler_api.use_cases.session import Session

#: How long an answer is kept.
KEPT = timedelta(hours=24)


class Answer(NamedTuple):
    """An HTTP answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class KeyReused(Exception):
    """The key came before with another request."""


def lock(session: Session, key: str) -> None:
    """Let requests with this key wait for each other, until the unit of work ends."""
    session.store.lock(f"answer {session.actor.token_id} {key}")


def given(session: Session, key: str, request_hash: str) -> Answer | None:
    """Return the answer already given to this key and request, if any. Raises KeyReused for another request."""
    row = idempotency.get(session.store, session.actor.token_id, key)
    if row is None or row["answered_at"] < stamp(session.now - KEPT):
        return None
    if row["request_hash"] != request_hash:
        raise KeyReused
    return Answer(row["status"], orjson.loads(row["headers"]), row["body"].encode())


def keep(session: Session, key: str, request_hash: str, answer: Answer) -> None:
    """Keep an answer, in the unit of work that it is the answer of. Raises KeyReused if another was faster."""
    row = {
        "token_id": session.actor.token_id,
        "key": key,
        "request_hash": request_hash,
        "status": answer.status,
        "headers": orjson.dumps(dict(answer.headers)).decode(),
        "body": answer.body.decode(),
        "answered_at": stamp(session.now),
    }
    try:
        idempotency.insert(session.store, row, stamp(session.now - KEPT))
    except Duplicate:
        raise KeyReused from None
