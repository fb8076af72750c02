"""What is noted besides facts: other writes, refused access, and that staff read health data."""

from __future__ import annotations

import logging
import os
import threading
from dataclasses import dataclass
from datetime import datetime
from multiprocessing.util import Finalize
from typing import Any, NamedTuple
from weakref import WeakSet

from scheduler_api.engine.instants import stamp
from scheduler_api.store.audit import events
from scheduler_api.store.database.port import Store
from scheduler_api.store.patients import patients
from scheduler_api.store.sites import sites
from scheduler_api.use_cases.debouncer import Debouncer
from scheduler_api.use_cases.session import Actor, Session

log = logging.getLogger("scheduler_api.audit")

#: How much of what was read may wait to be noted.
WAITING_AT_MOST = 5000
#: How much of a query is kept.
LONGEST_QUERY = 500


def note(session: Session, action: str, patient_id: str | None = None, site: str | None = None, **detail: Any) -> None:
    """Note something that was done, in the unit of work that does it. `detail` has no token and no code.

    What had a value before says so in `old` and `new`.
    """
    if patient_id is not None and site is None:
        row = patients.get(session.store, patient_id)
        site = row["site"] if row else None
    at = stamp(session.now)
    actor = session.actor
    event = events.Event(
        at, actor.token_id, actor.role, actor.name, action, patient_id, site, session.route, _said(detail)
    )
    events.add(session.store, event)


def refused(session: Session, status: int, patient_id: str | None, site: str | None, **detail: Any) -> None:
    """Note, durably, that someone was refused. A patient or site that is not there is left out."""
    with session.store.transaction():
        if patient_id is not None and patients.get(session.store, patient_id) is None:
            patient_id = None
        if site is not None and sites.get(session.store, site) is None:
            site = None
        note(session, "refused", patient_id, site, status=status, **detail)


def unknown(address_digest: str) -> Actor:
    """Return an actor for someone without a known token, told apart by part of the digest of their address."""
    return Actor(f"unknown-{address_digest[:2]}", "unknown", None, ())


def _said(detail: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in detail.items() if value is not None}


class Reading(NamedTuple):
    """Health data that a member of staff looked at: by which call, of which patient or with which query."""

    actor: Actor
    route: str
    patient_id: str | None
    query: str
    status: int


@dataclass
class _Seen:
    """When a reading came first, how often, and how many items a list showed."""

    at: datetime
    times: int
    shown: int | None


class Readings:
    """What was read and is not yet noted, in this process.

    A durable note for each read would cost more than the read. So they wait here, the same reading only once, and are
    noted together within a second, and when the process ends. A process that is killed loses those of its last second,
    and nothing else: writes and refusals are noted before they are answered.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: dict[Reading, _Seen] = {}
        self._lock, self._flushing = threading.Lock(), threading.Lock()
        self._debouncer = Debouncer(store, self.flush, log, "readings wait")
        _note_at_exit(self)

    def add(self, reading: Reading, now: datetime, shown: int | None = None) -> None:
        """Note that something was read. Raises Busy or Unavailable if too much waits and cannot be noted."""
        with self._lock:
            seen = self._waiting.get(reading)
            if seen is not None:
                seen.times += 1
            else:
                self._waiting[reading] = _Seen(now, 1, shown)
            full = len(self._waiting) > WAITING_AT_MOST
        if full:
            self.flush()
        else:
            self._debouncer.request()

    def flush(self) -> None:
        """Note what waits. Raises Busy or Unavailable; then it goes on waiting."""
        with self._flushing:
            with self._lock:
                batch, self._waiting = self._waiting, {}
            if not batch:
                return
            try:
                # By stream, so that two processes that do this at once take their turns in one order.
                with self._store.transaction():
                    for reading in sorted(batch, key=lambda reading: reading.patient_id or reading.actor.token_id):
                        _note_reading(self._store, reading, batch[reading])
            except BaseException:
                with self._lock:
                    for reading, seen in self._waiting.items():
                        if reading in batch:
                            batch[reading].times += seen.times
                        else:
                            batch[reading] = seen
                    self._waiting = batch
                raise

    def close(self) -> None:
        """Note what waits, and nothing more after it. Raises Busy or Unavailable."""
        self._debouncer.close()
        self.flush()

    def forget(self) -> None:
        """Begin with nothing: what waits is left to the process that this one was forked from."""
        self._waiting = {}
        self._lock, self._flushing = threading.Lock(), threading.Lock()
        self._debouncer = Debouncer(self._store, self.flush, log, "readings wait")


def _note_reading(store: Store, reading: Reading, seen: _Seen) -> None:
    session = Session(store, reading.actor, seen.at, reading.route)
    times = seen.times if seen.times > 1 else None
    query = reading.query[:LONGEST_QUERY] or None
    note(session, "read", reading.patient_id, status=reading.status, query=query, shown=seen.shown, times=times)


_ours: WeakSet[Readings] = WeakSet()
_pid = 0


def _note_at_exit(readings: Readings) -> None:
    """See to it that what waits is noted when this process ends, also one that multiprocessing forked."""
    global _pid
    _ours.add(readings)
    if _pid != os.getpid():
        _pid = os.getpid()
        Finalize(None, _flush_all, exitpriority=0)


def _flush_all() -> None:
    for readings in list(_ours):
        try:
            readings.flush()
        except Exception as error:
            log.error("readings lost", extra={"data": {"error": type(error).__name__}})


def _forget_all() -> None:
    for readings in list(_ours):
        readings.forget()


os.register_at_fork(after_in_child=_forget_all)
