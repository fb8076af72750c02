"""Record audit events besides facts: other writes, refused access, and reads of health data by staff."""

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
from scheduler_api.store.database.port import Busy, Store, Unavailable
from scheduler_api.store.patients import patients
from scheduler_api.store.sites import sites
from scheduler_api.store.sites.at_sites import site_of
from scheduler_api.use_cases.debouncer import Debouncer
from scheduler_api.use_cases.session import Actor, Session

log = logging.getLogger("scheduler_api.audit")

#: How many readings may wait to be recorded.
WAITING_AT_MOST = 5000
#: How many characters of a query are recorded.
LONGEST_QUERY = 500


def note(session: Session, action: str, patient_id: str | None = None, site: str | None = None, **detail: Any) -> None:
    """Record an action, in the unit of work that does it. `detail` has no token and no code.

    A change of a value has it in `old` and `new`.
    """
    if patient_id is not None and site is None:
        row = patients.get(session.store, patient_id)
        site = site_of(row, session.now) if row else None
    at = stamp(session.now)
    actor = session.actor
    event = events.Event(
        at, actor.token_id, actor.role, actor.name, action, patient_id, site, session.route, _without_none(detail)
    )
    events.add(session.store, event)


def refused(session: Session, status: int, patient_id: str | None, site: str | None, **detail: Any) -> None:
    """Record, durably, that someone was refused. A patient or site that does not exist is left out."""
    with session.store.transaction():
        if patient_id is not None and patients.get(session.store, patient_id) is None:
            patient_id = None
        if site is not None and sites.get(session.store, site) is None:
            site = None
        note(session, "refused", patient_id, site, status=status, **detail)


def unknown(address_digest: str) -> Actor:
    """Return an actor for someone without a valid token, distinguished by part of the digest of their address."""
    return Actor(f"unknown-{address_digest[:2]}", "unknown", None, ())


def _without_none(detail: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in detail.items() if value is not None}


class Reading(NamedTuple):
    """A read of health data by a member of staff: by which call, of which patient or with which query."""

    actor: Actor
    route: str
    patient_id: str | None
    query: str
    status: int


@dataclass
class _Waiting:
    """When a reading happened first, how often, and how many items its list had."""

    at: datetime
    times: int
    items: int | None


class Readings:
    """Holds the readings of this process that are not yet recorded.

    A durable record of each read would cost more than the read. So readings wait here, equal ones once, and are
    recorded together within a second, and when the process ends. A process that is killed loses those of its last
    second, and nothing else: writes and refusals are recorded before the response.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: dict[Reading, _Waiting] = {}
        self._lock, self._flushing = threading.Lock(), threading.Lock()
        self._debouncer = Debouncer(store, self.flush, log, "readings wait")
        _note_at_exit(self)

    def add(self, reading: Reading, now: datetime, items: int | None = None) -> None:
        """Add a reading. Raises Busy or Unavailable if too many wait and cannot be recorded."""
        with self._lock:
            waiting = self._waiting.get(reading)
            if waiting is not None:
                waiting.times += 1
            else:
                self._waiting[reading] = _Waiting(now, 1, items)
            full = len(self._waiting) > WAITING_AT_MOST
        if full:
            self.flush()
        else:
            self._debouncer.request()

    def flush(self) -> None:
        """Record the readings that wait. Raises Busy or Unavailable; then they go on waiting."""
        with self._flushing:
            with self._lock:
                batch, self._waiting = self._waiting, {}
            if not batch:
                return
            try:
                # By stream, so that two processes doing this at once lock the streams in the same order.
                with self._store.transaction():
                    for reading in sorted(batch, key=lambda reading: reading.patient_id or reading.actor.token_id):
                        _note_reading(self._store, reading, batch[reading])
            except (Busy, Unavailable):
                self._put_back(batch)
                raise
            except Exception:
                self._record_each(batch)

    def _record_each(self, batch: dict[Reading, _Waiting]) -> None:
        """Record readings one by one: one that cannot be recorded must not keep all others waiting for ever."""
        while batch:
            reading = min(batch, key=lambda reading: reading.patient_id or reading.actor.token_id)
            try:
                with self._store.transaction():
                    _note_reading(self._store, reading, batch[reading])
            except (Busy, Unavailable):
                self._put_back(batch)
                raise
            except Exception as error:
                log.error("readings lost", extra={"data": {"error": type(error).__name__}})
            del batch[reading]

    def _put_back(self, batch: dict[Reading, _Waiting]) -> None:
        with self._lock:
            for reading, waiting in self._waiting.items():
                if reading in batch:
                    batch[reading].times += waiting.times
                else:
                    batch[reading] = waiting
            self._waiting = batch

    def close(self) -> None:
        """Record the readings that wait, and stop recording in the background. Raises Busy or Unavailable."""
        self._debouncer.close()
        self.flush()

    def forget(self) -> None:
        """Start empty after a fork: the parent process records what was waiting."""
        self._waiting = {}
        self._lock, self._flushing = threading.Lock(), threading.Lock()
        self._debouncer = Debouncer(self._store, self.flush, log, "readings wait")


def _note_reading(store: Store, reading: Reading, waiting: _Waiting) -> None:
    session = Session(store, reading.actor, waiting.at, reading.route)
    times = waiting.times if waiting.times > 1 else None
    query = reading.query[:LONGEST_QUERY] or None
    note(session, "read", reading.patient_id, status=reading.status, query=query, shown=waiting.items, times=times)


_ours: WeakSet[Readings] = WeakSet()
_pid = 0


def _note_at_exit(readings: Readings) -> None:
    """Register readings to be recorded when this process ends, also in a process that multiprocessing forked."""
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
