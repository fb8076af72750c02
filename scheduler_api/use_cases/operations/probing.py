"""Find out whether the database can be written, for who asks whether the service is ready."""

from __future__ import annotations

import math
import threading
import time
from datetime import datetime

from scheduler_api.engine.instants import stamp
from scheduler_api.store.database.port import Busy, Store, Unavailable
from scheduler_api.store.operations import marks

#: For how long the result of a try is good, in seconds: anybody may ask, and each try is a durable write.
GOOD_FOR = 10.0


class WriteProbe:
    """Writes a mark from time to time. A disk that is full and a database that is read-only show in nothing else."""

    def __init__(self, store: Store) -> None:
        self._store, self._lock = store, threading.Lock()
        self._tried_at, self._failure = -math.inf, ""

    def check(self, now: datetime) -> None:
        """Raise Unavailable if the database cannot be written, at an instant or some seconds before."""
        with self._lock:
            if time.monotonic() - self._tried_at >= GOOD_FOR:
                self._failure = self._failure_now(now)
                self._tried_at = time.monotonic()
            if self._failure:
                raise Unavailable(self._failure)

    def _failure_now(self, now: datetime) -> str:
        try:
            with self._store.transaction():
                marks.mark(self._store, "probe", stamp(now))
        except (Busy, Unavailable) as error:
            return str(error)
        return ""
