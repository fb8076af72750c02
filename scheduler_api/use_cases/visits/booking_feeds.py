"""Calendar feeds of sites: secret addresses under which staff subscribe to what is booked, and their events."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from typing import Any

import orjson

from scheduler_api.engine.dates import civil_date
from scheduler_api.engine.instants import stamp
from scheduler_api.i18n import word
from scheduler_api.store.database.port import Row, Store
from scheduler_api.store.sites import site_feeds
from scheduler_api.store.visits.visits import Query
from scheduler_api.use_cases.audit.events import note
from scheduler_api.use_cases.auth.tokens import digest
from scheduler_api.use_cases.calendar_events import PAST, Event, content_of, followed, uid_of
from scheduler_api.use_cases.session import Actor, NotFound, Session
from scheduler_api.use_cases.sites import sites

from . import visits

#: How many visits are read at a time.
_PORTION = 200


@dataclass(frozen=True)
class Options:
    """The options of a feed: its language, and whether it says what is examined, and where."""

    language: str = "en"
    visit_names: bool = False


@dataclass(frozen=True)
class SiteFeed:
    """A feed that a secret opens: its name, site and options, and the session of who made it, who reads by it."""

    name: str
    site: str
    time_zone: str
    options: Options
    session: Session


def make(session: Session, site: str, options: Options) -> dict[str, Any]:
    """Make a feed of a site and return it with its secret, which is given only here. Raises NotFound."""
    sites.get(session, site)
    secret, actor = secrets.token_urlsafe(24), session.actor
    row = {
        "feed_id": f"k-{secrets.token_hex(8)}",
        "hash": digest(secret),
        "site": site,
        "token_id": actor.token_id,
        "role": actor.role,
        "name": actor.name,
        "options": orjson.dumps(asdict(options)).decode(),
        "made_at": stamp(session.now),
    }
    with session.store.transaction():
        site_feeds.insert(session.store, row)
        note(session, "site_feed_made", site=site, feed=row["feed_id"], options=asdict(options))
    return {"secret": secret, **_document(row)}


def list_all(session: Session, site: str) -> list[dict[str, Any]]:
    """Return the valid feeds of a site, without their secrets, oldest first. Raises NotFound."""
    sites.get(session, site)
    return [_document(row) for row in site_feeds.of_site(session.store, site)]


def revoke(session: Session, site: str, feed_id: str) -> None:
    """Make the address of a site's feed useless. Raises NotFound."""
    sites.get(session, site)
    with session.store.transaction():
        if not site_feeds.revoke(session.store, site, feed_id, stamp(session.now)):
            raise NotFound("No such feed.")
        note(session, "site_feed_revoked", site=site, feed=feed_id)


def opened_by(store: Store, secret: str, now: datetime, route: str) -> SiteFeed:
    """Return the feed that a secret opens; `route` names the call in the audit. Raises NotFound.

    Whoever has the secret reads of that site what its maker may read, for as long as the maker's token is valid.
    """
    row = site_feeds.by_hash(store, digest(secret))
    if row is None:
        raise NotFound("No such feed.")
    maker = Session(store, Actor(row["token_id"], row["role"], row["name"], (row["site"],)), now, route)
    zone = str(sites.time_zone_of(store, row["site"]))
    return SiteFeed(row["feed_id"], row["site"], zone, Options(**orjson.loads(row["options"])), maker)


def events(feed: SiteFeed) -> list[Event]:
    """Return what is booked at the feed's site, from 30 days back, and what was cancelled since it was last read."""
    store, now = feed.session.store, feed.session.now
    today = civil_date(now, feed.time_zone)
    with store.transaction():
        store.lock(f"feed {feed.name}")
        current = {
            uid_of(feed.name, f"{one['patient_id']} {one['visit']}", "booking"): _content(feed, one)
            for one in _booked(feed, today - PAST)
        }
        return followed(store, feed.name, current, today, now)


def _booked(feed: SiteFeed, first: date) -> Iterator[dict[str, Any]]:
    """Yield the bookings from a day on, but for what was done on another day; that a part is to come keeps one."""
    query = Query(booked_first=first, kept=True, sort="booked_at", limit=_PORTION)
    while True:
        page = visits.find(feed.session, query, feed.site)
        yield from page.items
        if page.after is None:
            return
        query = replace(query, after=page.after)


def _content(feed: SiteFeed, visit: dict[str, Any]) -> str:
    """Return a booking as an event: by default nobody who sees the calendar learns what is examined, or where."""
    facts = {"subject": visit["subject_number"], "label": None, "place": None}
    if feed.options.visit_names:
        facts |= {"label": word(visit["label"], feed.options.language), "place": visit["booked_place"]}
    if visit["status"] == "not_required":
        facts["to_cancel"] = True
    day = date.fromisoformat(visit["booked_on"])
    return content_of("booking", day, day, visit["booked_time"], visit["booked_time_zone"], facts)


def _document(row: Row) -> dict[str, Any]:
    made_by = {"role": row["role"], "name": row["name"]}
    options = asdict(Options(**orjson.loads(row["options"])))
    return {"feed_id": row["feed_id"], "made_at": row["made_at"], "made_by": made_by, **options}
