"""Delay writes that need not be done at once and are cheaper done together."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from scheduler_api.store.database.port import Store

#: How long a request may wait, in seconds; and how long at most between two tries of an action that fails.
DELAY, LONGEST_DELAY = 1.0, 60.0


class Debouncer:
    """Runs an action within a second of a request, once for all requests that come meanwhile, until it succeeds.

    An action that fails is tried again after twice the time, so that an unavailable database is not flooded.
    Each run has a thread that ends with it, so that an idle process has none.
    """

    def __init__(self, store: Store, action: Callable[[], None], log: logging.Logger, failure: str) -> None:
        """Run `action`, which uses `store`; a run that fails logs `failure` as a warning."""
        self._store, self._action, self._log, self._failure = store, action, log, failure
        self._lock, self._is_due, self._is_closed = threading.Lock(), False, False
        self._delay = DELAY

    def request(self) -> None:
        """Request a run of the action."""
        if self._is_due or self._is_closed:
            return
        with self._lock:
            was_due, self._is_due = self._is_due, True
        if not was_due:
            self._start()

    def close(self) -> None:
        """Stop: later requests have no effect."""
        self._is_closed = True

    def _start(self) -> None:
        timer = threading.Timer(self._delay, self._run)
        timer.daemon = True
        timer.start()

    def _run(self) -> None:
        if self._is_closed:
            return
        # A request from here on may come too late for this run.
        self._is_due = False
        try:
            self._action()
            self._delay = DELAY
        except Exception as error:
            self._log.warning(self._failure, extra={"data": {"error": type(error).__name__}})
            self._delay = min(2 * self._delay, LONGEST_DELAY)
            self.request()
        finally:
            # This thread ends here, and with it its connection.
            self._store.close()
