"""Start, find and end the sessions of staff on the pages: a browser holds a secret, and never a token."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

import orjson

from scheduler_api.engine.instants import stamp
from scheduler_api.store.database.port import Row, Store
from scheduler_api.store.operations import web_sessions
from scheduler_api.use_cases.audit.events import note
from scheduler_api.use_cases.session import Actor, Session, Unauthenticated

from . import tokens

#: How long a session lasts at most: a shift.
LIFE = timedelta(hours=12)


def start(store: Store, token: str, now: datetime, route: str) -> str:
    """Return the secret of a new session of whoever has a token. Raises Unauthenticated if the token is not valid."""
    actor = tokens.authenticate(store, token)
    if actor is None:
        raise Unauthenticated("The token is not valid.")
    return _insert(Session(store, actor, now, route), {"token_id": actor.token_id, "actor": None}, now + LIFE)


def start_elsewhere(session: Session, until: datetime) -> str:
    """Return the secret of a new session of the actor of `session`, who signed in elsewhere until an instant."""
    actor = session.actor
    kept = {"token_id": actor.token_id, "role": actor.role, "name": actor.name, "sites": actor.sites}
    row = {"token_id": None, "actor": orjson.dumps(kept).decode()}
    return _insert(session, row, min(until, session.now + LIFE))


def _insert(session: Session, row: Row, ends_at: datetime) -> str:
    secret = secrets.token_urlsafe(32)
    instants = {"started_at": stamp(session.now), "ends_at": stamp(ends_at)}
    with session.store.transaction():
        web_sessions.insert(session.store, {"hash": tokens.digest(secret), **row, **instants})
        note(session, "signed_in")
    return secret


def authenticate(store: Store, secret: str, now: datetime) -> Actor | None:
    """Return whose session a secret opens; None if it has ended or there is none, or the token was revoked."""
    row = web_sessions.find(store, tokens.digest(secret), stamp(now))
    if row is None or row["actor"] is None:
        return None if row is None else tokens.actor_of(row)
    kept = orjson.loads(row["actor"])
    sites = None if kept["sites"] is None else tuple(kept["sites"])
    return Actor(kept["token_id"], kept["role"], kept["name"], sites)


def end(session: Session, secret: str) -> None:
    """End the session that a secret opens."""
    with session.store.transaction():
        web_sessions.delete(session.store, tokens.digest(secret))
        note(session, "signed_out")
