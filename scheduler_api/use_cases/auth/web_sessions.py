"""Start, find, renew and end the sessions of staff on the pages: a browser holds a secret, and never a token.

A session of an account at a provider is good as long as the access token from which its role and sites were read. While
it is in use it is renewed: the provider is asked again, and the session goes on with what the provider says then.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import NamedTuple

import orjson

from scheduler_api.engine.instants import stamp
from scheduler_api.store.database.port import Row, Store
from scheduler_api.store.operations import web_sessions
from scheduler_api.use_cases.audit.events import note
from scheduler_api.use_cases.session import Actor, Session, Unauthenticated

from . import kept_forms, tokens

#: How long a session lasts at most, however often it is renewed: a shift.
LIFE = timedelta(hours=12)
#: For how long one that has ended is kept, with what was filled in since (`kept_forms`).
KEPT = timedelta(days=1)


class SignedIn(NamedTuple):
    """Says whose a session is, and whether it is time to renew it."""

    actor: Actor
    is_to_renew: bool


def start(store: Store, token: str, now: datetime, route: str, before: str = "") -> str:
    """Return the secret of a new session of whoever has a token. Raises Unauthenticated if the token is not valid.

    `before` is the secret of the session that the browser had before.
    """
    actor = tokens.authenticate(store, token)
    if actor is None:
        raise Unauthenticated("The token is not valid.")
    return _insert(Session(store, actor, now, route), {"token_id": actor.token_id, "actor": None}, now + LIFE, before)


def start_elsewhere(session: Session, until: datetime, before: str = "") -> str:
    """Return the secret of a new session of the actor of `session`, who signed in elsewhere until an instant."""
    limit = session.now + LIFE
    row = {"token_id": None, "actor": _kept(session, until, limit)}
    return _insert(session, row, min(until, limit), before)


def _kept(session: Session, until: datetime, limit: datetime) -> str:
    """Return what is kept of the actor of a session that is good `until` an instant, and when to renew it.

    That is halfway there, so that who opens a form has time for it; never (None) if it would last no longer.
    """
    actor = session.actor
    renew_at = stamp(session.now + (until - session.now) / 2) if until < limit else None
    kept = {"token_id": actor.token_id, "role": actor.role, "name": actor.name, "sites": actor.sites}
    return orjson.dumps({**kept, "renew_at": renew_at}).decode()


def _insert(session: Session, row: Row, ends_at: datetime, before: str) -> str:
    secret, store = secrets.token_urlsafe(32), session.store
    instants = {"started_at": stamp(session.now), "ends_at": stamp(ends_at)}
    with store.transaction():
        form = kept_forms.take(store, before, session.actor.token_id)
        web_sessions.insert(store, {"hash": tokens.digest(secret), **row, **instants, "form": form})
        note(session, "signed_in")
    return secret


def authenticate(store: Store, secret: str, now: datetime) -> SignedIn | None:
    """Return whose session a secret opens; None if it has ended or there is none, or the token was revoked."""
    row = web_sessions.find(store, tokens.digest(secret), stamp(now))
    if row is None or row["actor"] is None:
        return None if row is None else SignedIn(tokens.actor_of(row), False)
    kept = orjson.loads(row["actor"])
    sites = None if kept["sites"] is None else tuple(kept["sites"])
    actor = Actor(kept["token_id"], kept["role"], kept["name"], sites)
    return SignedIn(actor, kept.get("renew_at") is not None and kept["renew_at"] <= stamp(now))


def may_renew(store: Store, secret: str, now: datetime) -> bool:
    """Return whether the session of a secret, which may have ended, can be renewed: it is due, and was not tried."""
    row = web_sessions.get(store, tokens.digest(secret))
    if row is None or row["actor"] is None or row["started_at"] <= stamp(now - LIFE):
        return False
    renew_at = orjson.loads(row["actor"]).get("renew_at")
    return renew_at is not None and renew_at <= stamp(now)


def try_to_renew(store: Store, secret: str) -> None:
    """Note that the provider is asked: whatever comes of it, this is not tried again until it has said yes."""
    with store.transaction():
        row = web_sessions.get(store, tokens.digest(secret))
        if row is not None and row["actor"] is not None:
            kept = orjson.loads(row["actor"]) | {"renew_at": None}
            web_sessions.set_actor(store, row["hash"], orjson.dumps(kept).decode(), row["ends_at"])


def renew(session: Session, secret: str, until: datetime) -> bool:
    """Let the session of a secret go on until an instant, with the role and sites of the actor of `session`.

    It stays as it is if it is another person's, or has lasted as long as one may. Return whether it goes on.
    """
    with session.store.transaction():
        row = web_sessions.get(session.store, tokens.digest(secret))
        if row is None or row["actor"] is None or kept_forms.owner_of(row) != session.actor.token_id:
            return False
        limit = datetime.fromisoformat(row["started_at"]) + LIFE
        if session.now >= min(until, limit):
            return False
        actor, ends_at = _kept(session, until, limit), stamp(min(until, limit))
        web_sessions.set_actor(session.store, row["hash"], actor, ends_at)
        if not kept_forms.waits(row):
            web_sessions.set_form(session.store, row["hash"], None)
        return True


def has_ended(store: Store, secret: str, now: datetime) -> bool:
    """Return whether the session of a secret ended within the last day or so."""
    row = web_sessions.get(store, tokens.digest(secret))
    return row is not None and row["ends_at"] <= stamp(now)


def end_of(session: Session, secret: str) -> None:
    """End the session of a secret, if it is that of the actor of `session`, who has no role any more."""
    row = web_sessions.get(session.store, tokens.digest(secret))
    if row is not None and kept_forms.owner_of(row) == session.actor.token_id:
        end(session, secret)


def end(session: Session, secret: str) -> None:
    """End the session that a secret opens."""
    with session.store.transaction():
        web_sessions.delete(session.store, tokens.digest(secret))
        note(session, "signed_out")
