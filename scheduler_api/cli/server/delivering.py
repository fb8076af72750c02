"""Deliver what waits in the outbox, for as long as the worker runs."""

from __future__ import annotations

import threading
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scheduler_api.config import Settings
    from scheduler_api.use_cases.clocks import ClockWatch

#: How often to check whether anything waits, in seconds.
EVERY = 1.0


def deliver_until(stopping: threading.Event, settings: Settings, watch: ClockWatch) -> None:
    """Send what is due until `stopping` is set; attempts under way are finished, which takes some seconds at most."""
    from scheduler_api.reminders.deliver import deliver
    from scheduler_api.store.database.connect import connect

    from .failures import log_failure

    store, channels = connect(settings.database), settings.outside().channels()
    try:
        while not stopping.wait(EVERY):
            try:
                clock = _Clock(watch, stopping)
                deliver(store, channels, clock, stopping=clock.is_to_stop)
            except Exception as error:
                # A busy or unavailable database comes back; claimed deliveries are tried again when their claim ends.
                log_failure("delivery failed", error)
    finally:
        store.close()


class _Clock:
    """Says the time while it can be trusted, then the last instant at which it could, for the attempts under way."""

    def __init__(self, watch: ClockWatch, stopping: threading.Event) -> None:
        """Begin now. Raises ClockNotTrusted."""
        self._watch, self._stopping, self._last, self._jumped = watch, stopping, watch.now(), False

    def is_to_stop(self) -> bool:
        """Return whether nothing more is to be claimed: the worker ends, or the clock cannot be trusted."""
        return self._jumped or self._stopping.is_set()

    def __call__(self) -> datetime:
        from scheduler_api.use_cases.clocks import ClockNotTrusted

        from .failures import log_refusal

        try:
            self._last = self._watch.now()
        except ClockNotTrusted as error:
            self._jumped = True
            log_refusal(error)
        return self._last
