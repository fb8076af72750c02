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
#: How long who asks waits for a try, in seconds: one that waits for another writer is no failure.
WAIT = 2.0


class WriteProbe:
    """Writes a mark from time to time. A disk that is full and a database that is read-only show in nothing else."""

    def __init__(self, store: Store) -> None:
        self._store, self._lock = store, threading.Lock()
        self._tried_at, self._failure = -math.inf, ""
        self._trying: threading.Thread | None = None

    def check(self, now: datetime) -> None:
        """Raise Unavailable if the database cannot be written, at an instant or some seconds before."""
        with self._lock:
            is_trying = self._trying is not None and self._trying.is_alive()
            if not is_trying and time.monotonic() - self._tried_at >= GOOD_FOR:
                self._tried_at = time.monotonic()
                self._trying = threading.Thread(target=self._try, args=(now,), daemon=True)
                self._trying.start()
            trying = self._trying
        if trying is not None:
            trying.join(WAIT)
        if self._failure:
            raise Unavailable(self._failure)

    def _try(self, now: datetime) -> None:
        """Write a mark. Whoever writes for long, such as `rebuild`, shows that one can."""
        try:
            with self._store.transaction():
                marks.mark(self._store, "probe", stamp(now))
            self._failure = ""
        except Busy:
            self._failure = ""
        except Unavailable as error:
            self._failure = str(error)
        finally:
            # This thread ends here, and with it its connection.
            self._store.close()
