"""Check that rows from which a date or a right follows have the content that the service wrote last."""

from __future__ import annotations

from collections.abc import Iterator

from scheduler_api.engine.instants import stamp
from scheduler_api.store import contents
from scheduler_api.store.database.chain import CONTENT, link
from scheduler_api.store.database.port import Store
from scheduler_api.use_cases.session import Session

from .events import note


def cover_all(session: Session) -> int:
    """Cover the rows of a database of an earlier version; return how many. Nothing is done if any row is covered."""
    with session.store.transaction():
        count = contents.cover_all(session.store, stamp(session.now))
        if count:
            note(session, "contents_covered", rows=count)
    return count


def content_breaks(store: Store) -> Iterator[str]:
    """Yield which rows were edited, added or deleted by anybody but the service, a sentence each."""
    missing: set[str] = set()
    for chain in contents.streams(store):
        previous, stream = "", chain[0]["stream"]
        for expected, entry in enumerate(chain, 1):
            if entry["seq"] != expected or entry["hash"] != link(previous, entry, CONTENT):
                yield f"{stream}: what is known of its content (number {expected}) is not what was recorded"
                break
            previous = entry["hash"]
        if chain[-1]["digest"] is not None:
            missing.add(stream)
    for table in contents.COVERED:
        for row in contents.rows_of(store, table):
            stream = contents.stream_of(table, row)
            known = contents.last_digest(store, stream)
            if known is None or known["digest"] is None:
                yield f"{stream}: was not made by the service"
            elif known["digest"] != contents.digest_of(table, row):
                yield f"{stream}: is not what the service wrote"
            missing.discard(stream)
    yield from (f"{stream}: is missing" for stream in sorted(missing))
