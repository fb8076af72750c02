"""What need not be done at once, and is cheaper done together."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from scheduler_api.store.port import Store

#: How long it may wait, in seconds; and how long at most between two tries of what fails.
WITHIN, LONGEST_WAIT = 1.0, 60.0


class Soon:
    """Does something within a second of being asked, once however often it is asked meanwhile; until it succeeds.

    What fails is tried again after twice the time, so that a database that is away is left in peace. It runs in a
    thread that ends with it, so that a process with nothing to do has none.
    """

    def __init__(self, store: Store, action: Callable[[], None], log: logging.Logger, failure: str) -> None:
        self._store, self._action, self._log, self._failure = store, action, log, failure
        self._lock, self._due, self._ended = threading.Lock(), False, False
        self._wait = WITHIN

    def ask(self) -> None:
        """Have it done."""
        if self._due or self._ended:
            return
        with self._lock:
            due, self._due = self._due, True
        if not due:
            self._later()

    def end(self) -> None:
        """Do nothing more, whoever asks."""
        self._ended = True

    def _later(self) -> None:
        timer = threading.Timer(self._wait, self._run)
        timer.daemon = True
        timer.start()

    def _run(self) -> None:
        if self._ended:
            return
        # Whoever asks from here on is not sure to be heard by this run.
        self._due = False
        try:
            self._action()
            self._wait = WITHIN
        except Exception as error:
            self._log.warning(self._failure, extra={"data": {"error": type(error).__name__}})
            self._wait = min(2 * self._wait, LONGEST_WAIT)
            self.ask()
        finally:
            # This thread ends here, and with it its connection.
            self._store.close()
