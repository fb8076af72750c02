"""Make, check, list and revoke staff tokens, which are shown once and stored as a hash."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson

from scheduler_api.engine.errors import FieldError, ValidationFailed
from scheduler_api.engine.instants import stamp
from scheduler_api.store.database.port import Row, Store
from scheduler_api.store.operations import tokens
from scheduler_api.store.sites import sites
from scheduler_api.use_cases.audit.events import note
from scheduler_api.use_cases.session import ROLES, TERMINAL, Actor, NotFound, Session


def create(store: Store, role: str, for_sites: Sequence[str], name: str | None, now: datetime) -> str:
    """Make a new token for a role and some sites (none named: all).

    The token is returned only here, since it is not stored. Raises ValidationFailed for an unknown role or site.
    """
    errors = [FieldError("/role", f"Not one of {', '.join(ROLES)}.", "malformed")] if role not in ROLES else []
    errors += [
        FieldError("/site", f"No such site: {site}.", "not_found")
        for site in for_sites
        if sites.get(store, site) is None
    ]
    if errors:
        raise ValidationFailed(errors)
    token, token_id = f"sch_{secrets.token_urlsafe(32)}", f"t-{secrets.token_hex(6)}"
    named = sorted(set(for_sites)) or None
    with store.transaction():
        tokens.insert(
            store,
            {
                "token_id": token_id,
                "hash": digest(token),
                "role": role,
                "name": name,
                "sites": orjson.dumps(named).decode() if named else None,
                "created_at": stamp(now),
            },
        )
        new = {"token_id": token_id, "role": role, "name": name, "sites": named}
        note(Session(store, TERMINAL, now), "token_made", new=new)
    return token


def authenticate(store: Store, token: str) -> Actor | None:
    """Return the actor that a token names; None if there is none, or it was revoked."""
    row = tokens.by_hash(store, digest(token))
    return None if row is None else actor_of(row)


def authenticate_for_patient(store: Store, token: str, patient_id: str) -> tuple[Actor | None, Row | None]:
    """Return the actor that a token names and the row of a patient, in one read; None for what does not exist.

    The caller checks whether the actor may see that patient.
    """
    row = tokens.with_patient(store, digest(token), patient_id)
    if row is None:
        return None, None
    return actor_of(row), row if row["patient_id"] is not None else None


def list_all(store: Store) -> list[dict[str, Any]]:
    """Return all tokens, revoked ones included, without anything secret."""
    return [{**row, "sites": _sites(row)} for row in tokens.every(store)]


def revoke(store: Store, token_id: str, now: datetime) -> None:
    """Revoke a token from now on. Raises NotFound."""
    with store.transaction():
        if not tokens.revoke(store, token_id, stamp(now)):
            raise NotFound("No such token, or it is revoked already.")
        note(Session(store, TERMINAL, now), "token_revoked", token_id=token_id)


def digest(token: str) -> str:
    """Return the hash of a token, which is what is stored."""
    return hashlib.sha256(token.encode()).hexdigest()


def actor_of(row: Row) -> Actor:
    """Return the actor that a row of a token names."""
    return Actor(row["token_id"], row["role"], row["name"], _sites(row))


def _sites(row: Row) -> tuple[str, ...] | None:
    return None if row["sites"] is None else tuple(orjson.loads(row["sites"]))
