"""Let somebody say that the machine's clock is right, after it jumped too far to be trusted by itself."""

from __future__ import annotations

from datetime import datetime

from scheduler_api.engine.instants import stamp
from scheduler_api.use_cases import clocks
from scheduler_api.use_cases.audit.events import note
from scheduler_api.use_cases.session import Session


def accept(session: Session) -> datetime | None:
    """Take the clock for right, whatever was noted before; return the last instant that was trusted, if any.

    Raises ClockNotTrusted if the database's own clock shows something else.
    """
    store = session.store
    clocks.check(store, session.now, behind=False)
    with store.transaction():
        known = clocks.last_known(store)
        clocks.note_trusted(store, session.now)
        old = {"clock": None if known is None else stamp(known)}
        note(session, "clock_accepted", old=old, new={"clock": stamp(session.now)})
    return known
