"""The table `reminders`: the messages planned for the next days, each a row, however many patients there are.

It is in the order in which they are due. `reminder_times` only says where to look for a message: one that was sent may
still be named there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from scheduler_api.store.database.port import Row, Store
from scheduler_api.store.database.writes import Writer

_COLUMNS = ("message_id", "audience", "patient_id", "site", "kind", "about", "next_at", "expires_at")
_SAME_PLACE = (
    "ON CONFLICT (next_at, message_id) DO UPDATE SET "
    f"{', '.join(f'{name} = excluded.{name}' for name in _COLUMNS if name not in ('next_at', 'message_id'))}"
)
_SAME_MESSAGE = "ON CONFLICT (message_id) DO UPDATE SET next_at = excluded.next_at"
_TAKE = "DELETE FROM reminders WHERE next_at = :next_at AND message_id = :message_id"
#: What is due no later than a row.
UP_TO = "(next_at, message_id) <= (:next_at, :message_id)"


def row_of(
    patient_id: str | None, site: str, kind: str, about: str, next_at: str, expires_at: str, to_site: bool
) -> Row:
    """Return the row of a message: to a patient, or to a site about one or about none.

    Its id is a digest of its recipient, kind and subject; ids of messages about one patient begin alike, so that their
    rows lie together.
    """
    to = ("site", site) if to_site else ("patient",)
    return {
        "message_id": f"{beginning(patient_id, site)}{_digest(*to, kind, about, size=8)}",
        "audience": "site" if to_site else "patient",
        "patient_id": patient_id,
        "site": site,
        "kind": kind,
        "about": about,
        "next_at": next_at,
        "expires_at": expires_at,
    }


#: How many bytes the digest of a patient, or of a site, has in an id.
_SIZE = 6


@lru_cache(maxsize=1024)
def beginning(patient_id: str | None, site: str) -> str:
    """Return the prefix of the ids of messages about a patient, or of those about a site alone."""
    return f"m-{_digest(patient_id or site, size=_SIZE)}"


def part_of(patient_id: str, parts: int) -> int:
    """Return in which of so many equal parts of all ids (0, 1, …) a patient's messages are."""
    return int(beginning(patient_id, "").removeprefix("m-"), 16) * parts >> 8 * _SIZE


def _digest(*words: str, size: int) -> str:
    return hashlib.blake2b("\n".join(words).encode(), digest_size=size).hexdigest()


def of_patient(store: Store, patient_id: str) -> dict[str, Row]:
    """Return what is planned for a patient, by id."""
    return of_patients(store, [patient_id])[patient_id]


def of_patients(store: Store, patient_ids: Sequence[str]) -> dict[str, dict[str, Row]]:
    """Return what is planned for some patients, by patient and id."""
    found: dict[str, dict[str, Row]] = {patient_id: {} for patient_id in patient_ids}
    owners = [{"owner": patient_id, **between([patient_id])} for patient_id in patient_ids]
    for row in store.rows_of_each(_OF.format(condition="r.patient_id = :owner"), owners):
        found[row["patient_id"]][row["message_id"]] = row
    return found


def of_kind(store: Store, kind: str) -> list[Row]:
    """Return what is planned of a kind, about all patients and sites."""
    return store.rows("SELECT * FROM reminders WHERE kind = :kind ORDER BY next_at, message_id", {"kind": kind})


def of_site(store: Store, site: str) -> dict[str, Row]:
    """Return what is planned for a site itself, by id."""
    of_site = beginning(None, site)
    condition, owner = "r.patient_id IS NULL AND r.site = :owner", {"owner": site, **_range(of_site, of_site)}
    return {row["message_id"]: row for row in store.rows(_OF.format(condition=condition), owner)}


def of_sites(store: Store) -> list[Row]:
    """Return what is planned for sites themselves."""
    return store.rows("SELECT * FROM reminders WHERE patient_id IS NULL ORDER BY next_at, message_id")


#: The condition matters if the ids of two patients' messages happen to begin alike.
_OF = (
    "SELECT r.* FROM reminder_times t JOIN reminders r ON r.next_at = t.next_at AND r.message_id = t.message_id "
    "WHERE t.message_id BETWEEN :first AND :last AND r.message_id BETWEEN :first AND :last AND {condition}"
)


def between(patient_ids: Iterable[str]) -> Row:
    """Return the `first` and the `last` id that messages about some patients can have."""
    beginnings = [beginning(patient_id, "") for patient_id in patient_ids]
    return _range(min(beginnings, default=""), max(beginnings, default=""))


def _range(first: str, last: str) -> Row:
    # No digit of a digest is beyond "f".
    return {"first": first, "last": f"{last}g"}


def replace(writer: Writer, stored: Mapping[str, Row], rows: Mapping[str, Row], now: str) -> None:
    """Make the `stored` rows of a patient, or of a site, equal to these, touching only those that differ.

    One that has expired by `now` stays until it is due, and is skipped then.
    """
    gone = [row for message_id, row in stored.items() if message_id not in rows and row["expires_at"] > now]
    changed = [row for message_id, row in rows.items() if stored.get(message_id) != row]
    if not gone and not changed:
        return
    take(writer, [*gone, *(stored[row["message_id"]] for row in changed if row["message_id"] in stored)])
    some = (gone or changed)[0]
    own = beginning(some["patient_id"], some["site"])
    writer.write_many(
        "DELETE FROM reminder_times WHERE message_id BETWEEN :first AND :last AND NOT EXISTS (SELECT 1 FROM "
        "reminders r WHERE r.next_at = reminder_times.next_at AND r.message_id = reminder_times.message_id "
        "AND r.message_id BETWEEN :first AND :last)",
        [_range(own, own)],
    )
    put(writer, changed)


def put(writer: Writer, rows: Sequence[Row]) -> None:
    """Store rows that are not planned at another time."""
    if rows:
        times = [{"message_id": row["message_id"], "next_at": row["next_at"]} for row in rows]
        writer.bulk_insert("reminders", [{name: row[name] for name in _COLUMNS} for row in rows], _SAME_PLACE)
        writer.bulk_insert("reminder_times", times, _SAME_MESSAGE)


class Place(NamedTuple):
    """A place in the order of the table."""

    next_at: str
    message_id: str


#: Before all rows.
BEGINNING = Place("", "")


def due(store: Store, now: str, limit: int, after: Place = BEGINNING) -> list[Row]:
    """Return some rows that are due, soonest first; no other worker gets them before this unit of work ends.

    What lies before `after` is not looked through: a database may need long to skip many rows that were just deleted.
    """
    return store.rows(
        "SELECT * FROM reminders WHERE (next_at, message_id) > (:next_at, :message_id) AND next_at <= :now "
        f"ORDER BY next_at, message_id LIMIT :limit {store.for_update} {store.skip_locked}",
        {"now": now, "limit": limit, **after._asdict()},
    )


def take(writer: Writer, rows: Sequence[Row]) -> None:
    """Delete rows, which are then no longer planned."""
    writer.write_many(_TAKE, rows)


def last_due(store: Store, now: str, limit: int) -> Row | None:
    """Return `next_at` and `message_id` of the last of so many rows that are due soonest; None: none is due."""
    return store.row(
        "SELECT next_at, message_id FROM (SELECT next_at, message_id FROM reminders WHERE next_at <= :now "
        "ORDER BY next_at, message_id LIMIT :limit) soonest ORDER BY next_at DESC, message_id DESC LIMIT 1",
        {"now": now, "limit": limit},
    )


def kinds_up_to(store: Store, last: Row) -> list[Row]:
    """Return a row for each `kind` among those due no later than one.

    It has their `number`, when the first is due (`first`) and when the first expires (`ends`).
    """
    return store.rows(
        "SELECT kind, COUNT(*) AS number, MIN(next_at) AS first, MIN(expires_at) AS ends "
        f"FROM reminders WHERE {UP_TO} GROUP BY kind",
        last,
    )


def take_up_to(store: Store, last: Row) -> None:
    """Delete all rows that are due no later than one."""
    store.write(f"DELETE FROM reminders WHERE {UP_TO}", last)


def is_any_due(store: Store, now: str, after: Place = BEGINNING) -> bool:
    """Return whether any row after a place is due."""
    found = store.row(
        "SELECT 1 FROM reminders WHERE (next_at, message_id) > (:next_at, :message_id) AND next_at <= :now LIMIT 1",
        {"now": now, **after._asdict()},
    )
    return found is not None


def tidy(store: Store) -> None:
    """Free the places of rows that were deleted, after many were, so that nobody needs to skip them."""
    store.tidy("reminders")
