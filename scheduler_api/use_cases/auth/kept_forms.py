"""Keep what was filled in on the pages when a session had ended, until the same person has signed in again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import orjson

from scheduler_api.engine.instants import stamp
from scheduler_api.store.database.port import Row, Store
from scheduler_api.store.operations import web_sessions

from . import tokens


class Form(NamedTuple):
    """Holds what was filled in, by names and values, and the address to which the form is sent."""

    address: str
    fields: Sequence[tuple[str, str]]


def keep(store: Store, secret: str, now: datetime, form: Form) -> None:
    """Keep a form that was sent when the session of a secret had ended, in place of an earlier one."""
    text = orjson.dumps({"at": stamp(now), **form._asdict()}).decode()
    with store.transaction():
        web_sessions.set_form(store, tokens.digest(secret), text)


def take(store: Store, secret: str, owner: str) -> str | None:
    """Return the form that waits in the ended session of a secret, for the next one, and delete that session.

    None if there is none, or the session was another person's: what one has filled in is shown to no other.
    """
    row = web_sessions.get(store, tokens.digest(secret))
    if row is None or not waits(row) or owner_of(row) != owner:
        return None
    web_sessions.delete(store, row["hash"])
    return str(row["form"])


def get(store: Store, secret: str) -> Form | None:
    """Return the form that is kept in the session of a secret."""
    row = web_sessions.get(store, tokens.digest(secret))
    if row is None or row["form"] is None:
        return None
    kept = orjson.loads(row["form"])
    return Form(kept["address"], [(name, value) for name, value in kept["fields"]])


def owner_of(row: Row) -> str:
    """Return the id of whoever has a session."""
    return str(row["token_id"] if row["actor"] is None else orjson.loads(row["actor"])["token_id"])


def waits(row: Row) -> bool:
    """Return whether the form of a session is of after its end: one from before was shown when the session went on."""
    return row["form"] is not None and bool(orjson.loads(row["form"])["at"] >= row["ends_at"])
