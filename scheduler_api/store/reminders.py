"""The table `reminders`: the messages planned for the next days, each a row, however many patients there are."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import lru_cache

from .port import Row, Store

_COLUMNS = ("message_id", "audience", "patient_id", "site", "kind", "about", "next_at", "expires_at")
_UPSERT = (
    f"INSERT INTO reminders ({', '.join(_COLUMNS)}) VALUES ({', '.join(':' + name for name in _COLUMNS)}) "
    "ON CONFLICT (message_id) DO UPDATE SET next_at = excluded.next_at, expires_at = excluded.expires_at"
)


def row_of(
    patient_id: str | None, site: str, kind: str, about: str, next_at: str, expires_at: str, to_site: bool
) -> Row:
    """The row of a message: to a patient, or to a site about one or about none.

    Its id is a digest of to whom and about what it is; those about one patient begin alike and so lie together.
    """
    to = ("site", site) if to_site else ("patient",)
    return {
        "message_id": f"{_beginning(patient_id, site)}{_digest(*to, kind, about, size=8)}",
        "audience": "site" if to_site else "patient",
        "patient_id": patient_id,
        "site": site,
        "kind": kind,
        "about": about,
        "next_at": next_at,
        "expires_at": expires_at,
    }


@lru_cache(maxsize=1024)
def _beginning(patient_id: str | None, site: str) -> str:
    """How the ids of messages about a patient begin, or of those about a site alone."""
    return f"m-{_digest(patient_id or site, size=6)}"


def _digest(*words: str, size: int) -> str:
    return hashlib.blake2b("\n".join(words).encode(), digest_size=size).hexdigest()


def of_patient(store: Store, patient_id: str, after: str = "") -> dict[str, Row]:
    """What is planned for a patient and still makes sense after an instant, by id."""
    return _of(store, "patient_id = :whose", _beginning(patient_id, ""), patient_id, after)


def of_site(store: Store, site: str, after: str = "") -> dict[str, Row]:
    """What is planned for a site itself and still makes sense after an instant, by id."""
    return _of(store, "patient_id IS NULL AND site = :whose", _beginning(None, site), site, after)


def _of(store: Store, condition: str, beginning: str, whose: str, after: str) -> dict[str, Row]:
    # No digit of a digest is beyond "f". The condition is for two patients who happen to begin alike.
    rows = store.rows(
        f"SELECT * FROM reminders WHERE message_id BETWEEN :first AND :last AND {condition} AND expires_at > :after",
        {"first": beginning, "last": f"{beginning}g", "whose": whose, "after": after},
    )
    return {row["message_id"]: row for row in rows}


def replace(store: Store, stored: Mapping[str, Row], rows: Mapping[str, Row]) -> None:
    """Make what is stored equal to these rows, touching only those that differ."""
    gone = [{"message_id": message_id} for message_id in stored if message_id not in rows]
    if gone:
        store.write_many("DELETE FROM reminders WHERE message_id = :message_id", gone)
    changed = [row for message_id, row in rows.items() if stored.get(message_id) != row]
    if changed:
        store.write_many(_UPSERT, changed)


def due(store: Store, now: str, limit: int) -> list[Row]:
    """Some rows that are due, soonest first, which no other worker has before our unit of work ends."""
    return store.rows(
        f"SELECT * FROM reminders WHERE next_at <= :now ORDER BY next_at LIMIT :limit {store.skip_locked}",
        {"now": now, "limit": limit},
    )


def take(store: Store, rows: Sequence[Row]) -> None:
    """Let rows no longer be planned."""
    store.write_many("DELETE FROM reminders WHERE message_id = :message_id", rows)


def put_back(store: Store, rows: Sequence[Row]) -> None:
    """Plan rows again that were taken."""
    store.write_many(_UPSERT, rows)


def is_any_due(store: Store, now: str) -> bool:
    """Whether any row is due."""
    return store.row("SELECT 1 FROM reminders WHERE next_at <= :now LIMIT 1", {"now": now}) is not None
