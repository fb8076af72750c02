"""Events of calendar feeds, with what changed since a feed was last read."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import orjson

from scheduler_api.store.database.port import Store
from scheduler_api.store.phones import feed_events

#: For how long an event stays in a feed once it is over.
PAST = timedelta(30)


@dataclass(frozen=True)
class Event:
    """An event of a feed. `kind` is `window`, `appointment`, `contraception`, `dose` or `booking`.

    `at` is on the clock of `zone`; an event without a time is of whole days.
    """

    uid: str
    kind: str
    first: date
    last: date
    at: str | None
    zone: str | None
    facts: dict[str, Any]
    sequence: int
    modified_at: datetime
    cancelled: bool


def uid_of(feed: str, subject: str, kind: str) -> str:
    """Return the id of an event, which calendar apps show here and there: it does not say what the event is about.

    Another address has other events: an app that read the old one keeps no later version of them.
    """
    return f"{hashlib.sha256(f'{feed} {subject} {kind}'.encode()).hexdigest()[:32]}@scheduler-api"


def content_of(kind: str, first: date, last: date, at: str | None, zone: str | None, facts: Mapping[str, Any]) -> str:
    """Return an event as it is stored; in another zone one with a time is at another instant."""
    content = {"kind": kind, "first": first, "last": last, "at": at, "zone": zone if at else None, "facts": facts}
    return orjson.dumps(content).decode()


def followed(store: Store, feed: str, current: Mapping[str, str], today: date, now: datetime) -> list[Event]:
    """Return a feed's events, of which those of today are given by uid, cancelled ones included.

    A change since an event was last read raises its sequence. Call it in a unit of work, under the feed's lock.
    """
    stored = feed_events.of_feed(store, feed)
    result = []
    for uid, content in current.items():
        row = stored.get(uid)
        if row is None or row["content"] != content or row["cancelled"]:
            row = _put(store, feed, uid, content, False, row["sequence"] + 1 if row else 0, now)
        result.append(_event(row))
    for uid, row in stored.items():
        if uid not in current:
            # A past event is left out silently; one that was to come is cancelled, and stays so for some days.
            last = date.fromisoformat(orjson.loads(row["content"])["last"])
            if not row["cancelled"] and last >= today:
                row = _put(store, feed, uid, row["content"], True, row["sequence"] + 1, now)
            if row["cancelled"] and last >= today - PAST:
                result.append(_event(row))
    return sorted(result, key=lambda event: (event.first, event.uid))


def _put(
    store: Store, feed: str, uid: str, content: str, cancelled: bool, sequence: int, now: datetime
) -> dict[str, Any]:
    row = {
        "feed": feed,
        "uid": uid,
        "sequence": sequence,
        "modified_at": now.replace(microsecond=0).isoformat(),
        "content": content,
        "cancelled": int(cancelled),
    }
    feed_events.put(store, row)
    return row


def _event(row: Any) -> Event:
    content = orjson.loads(row["content"])
    return Event(
        uid=row["uid"],
        kind=content["kind"],
        first=date.fromisoformat(content["first"]),
        last=date.fromisoformat(content["last"]),
        at=content["at"],
        zone=content["zone"],
        facts=content["facts"],
        sequence=row["sequence"],
        modified_at=datetime.fromisoformat(row["modified_at"]),
        cancelled=bool(row["cancelled"]),
    )
