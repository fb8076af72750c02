"""After a restore: find what was revoked since the backup was made and is valid again, and revoke it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from scheduler_api.engine.instants import stamp
from scheduler_api.store.operations import tokens as token_rows
from scheduler_api.store.phones import devices
from scheduler_api.store.phones import feeds as feed_rows
from scheduler_api.store.reminders import destinations as destination_rows
from scheduler_api.store.sites import site_feeds
from scheduler_api.use_cases.audit import search
from scheduler_api.use_cases.audit.events import note
from scheduler_api.use_cases.auth import tokens
from scheduler_api.use_cases.phones import feeds, phones
from scheduler_api.use_cases.reminders import destinations
from scheduler_api.use_cases.session import Session
from scheduler_api.use_cases.visits import booking_feeds

#: An entry of the audit trail, as it is exported.
Entry = Mapping[str, Any]


class Revoked(NamedTuple):
    """Holds what an entry of the trail says was revoked: the kind of thing, its id, and when and by whom."""

    what: str
    name: str
    at: str
    by: str | None
    entry: Entry


class _Kind(NamedTuple):
    """How to recognise something that was revoked and is valid again, and how to revoke it."""

    what: str
    name: Callable[[Entry], str]
    is_valid: Callable[[Session, Entry], bool]
    revoke: Callable[[Session, Entry], None]


def entries_of(session: Session) -> Iterator[Entry]:
    """Yield the entries of a database's trail that revoke something."""
    for action in _KINDS:
        yield from search.export(session, search.Filters(action=action))


def valid_again(session: Session, trail: Iterable[Entry]) -> list[Revoked]:
    """Return what a trail says was revoked and is valid in the database of a session, oldest first, each once."""
    found: dict[tuple[str, str], Revoked] = {}
    for entry in trail:
        kind = _KINDS.get(entry["action"]) if entry["log"] == "audit" else None
        if kind is not None and kind.is_valid(session, entry):
            by = entry["actor"]["name"] or entry["actor"]["id"]
            one = Revoked(kind.what, kind.name(entry), entry["at"], by, entry)
            found.setdefault((one.what, one.name), one)
    return sorted(found.values(), key=lambda one: one.at)


def revoke(session: Session, revoked: Iterable[Revoked]) -> None:
    """Revoke what is valid again, from now on: all of it or nothing."""
    with session.store.transaction():
        for one in revoked:
            # One may have been revoked with another: a feed with its phone.
            kind = _KINDS[one.entry["action"]]
            if kind.is_valid(session, one.entry):
                kind.revoke(session, one.entry)


def _token_is_valid(session: Session, entry: Entry) -> bool:
    rows = token_rows.every(session.store)
    return any(row["token_id"] == entry["detail"]["token_id"] and row["revoked_at"] is None for row in rows)


def _session_is_valid(session: Session, entry: Entry) -> bool:
    rows = devices.of_patient(session.store, entry["patient_id"])
    return any(row["device_id"] == entry["detail"]["device"] and row["ended_at"] is None for row in rows)


def _feed_is_valid(session: Session, entry: Entry) -> bool:
    feed = feed_rows.of_patient(session.store, entry["patient_id"])
    return feed is not None and feed["made_at"] <= entry["at"]


def _site_feed_is_valid(session: Session, entry: Entry) -> bool:
    rows = site_feeds.of_site(session.store, entry["site"])
    return any(row["feed_id"] == entry["detail"]["feed"] for row in rows)


def _destination_is_valid(session: Session, entry: Entry) -> bool:
    rows = destination_rows.of_site(session.store, entry["site"])
    return any(row["destination_id"] == entry["detail"]["destination"] and row["ended_at"] is None for row in rows)


def _push_is_valid(session: Session, entry: Entry) -> bool:
    row = destination_rows.of_device(session.store, entry["detail"]["device"])
    return row is not None and row["made_at"] <= entry["at"]


def _end_push(session: Session, entry: Entry) -> None:
    device_id = entry["detail"]["device"]
    destination_rows.end_of_device(session.store, device_id, stamp(session.now), "ended again after a restore")
    note(session, "push_ended", entry["patient_id"], device=device_id)


_KINDS: Mapping[str, _Kind] = {
    "token_revoked": _Kind(
        "token",
        lambda entry: str(entry["detail"]["token_id"]),
        _token_is_valid,
        lambda session, entry: tokens.revoke(session.store, entry["detail"]["token_id"], session.now),
    ),
    "session_ended": _Kind(
        "phone",
        lambda entry: str(entry["detail"]["device"]),
        _session_is_valid,
        lambda session, entry: phones.end_device(session, entry["patient_id"], entry["detail"]["device"]),
    ),
    "feed_revoked": _Kind(
        "calendar feed of",
        lambda entry: str(entry["patient_id"]),
        _feed_is_valid,
        lambda session, entry: feeds.close(session, entry["patient_id"]),
    ),
    "site_feed_revoked": _Kind(
        "calendar feed",
        lambda entry: str(entry["detail"]["feed"]),
        _site_feed_is_valid,
        lambda session, entry: booking_feeds.revoke(session, entry["site"], entry["detail"]["feed"]),
    ),
    "destination_ended": _Kind(
        "destination",
        lambda entry: str(entry["detail"]["destination"]),
        _destination_is_valid,
        lambda session, entry: destinations.end_of_site(session, entry["site"], entry["detail"]["destination"]),
    ),
    "push_ended": _Kind("push to", lambda entry: str(entry["detail"]["device"]), _push_is_valid, _end_push),
}
