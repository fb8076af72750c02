"""Start, find and end the sessions of staff on the pages: a browser holds a secret, and never a token."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from scheduler_api.engine.instants import stamp
from scheduler_api.store.database.port import Store
from scheduler_api.store.operations import web_sessions
from scheduler_api.use_cases.audit.events import note
from scheduler_api.use_cases.session import Actor, Session, Unauthenticated

from . import tokens

#: How long a session lasts: a shift.
LIFE = timedelta(hours=12)


def start(store: Store, token: str, now: datetime, route: str) -> str:
    """Return the secret of a new session of whoever has a token. Raises Unauthenticated if the token is not valid."""
    actor = tokens.authenticate(store, token)
    if actor is None:
        raise Unauthenticated("The token is not valid.")
    secret = secrets.token_urlsafe(32)
    with store.transaction():
        row = {"hash": tokens.digest(secret), "token_id": actor.token_id}
        web_sessions.insert(store, {**row, "started_at": stamp(now), "ends_at": stamp(now + LIFE)})
        note(Session(store, actor, now, route), "signed_in")
    return secret


def authenticate(store: Store, secret: str, now: datetime) -> Actor | None:
    """Return whose session a secret opens; None if it has ended or there is none, or the token was revoked."""
    row = web_sessions.token_of(store, tokens.digest(secret), stamp(now))
    return None if row is None else tokens.actor_of(row)


def end(session: Session, secret: str) -> None:
    """End the session that a secret opens."""
    with session.store.transaction():
        web_sessions.delete(session.store, tokens.digest(secret))
        note(session, "signed_out")
