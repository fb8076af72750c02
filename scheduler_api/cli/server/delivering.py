"""Deliver what waits in the outbox, for as long as the worker runs."""

from __future__ import annotations

import logging
import threading
import traceback
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scheduler_api.config import Settings

log = logging.getLogger("scheduler_api.worker")

#: How often to check whether anything waits, in seconds.
EVERY = 1.0


def deliver_until(stopping: threading.Event, settings: Settings) -> None:
    """Send what is due until `stopping` is set; attempts under way are finished, which takes some seconds at most."""
    from scheduler_api import utc_now
    from scheduler_api.reminders.deliver import deliver
    from scheduler_api.store.database.connect import connect

    store, channels = connect(settings.database), settings.outside().channels()
    try:
        while not stopping.wait(EVERY):
            try:
                deliver(store, channels, utc_now, stopping=stopping.is_set)
            except Exception as error:
                # A busy or unavailable database comes back; claimed deliveries are tried again when their claim ends.
                place = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)]
                log.error("delivery failed", extra={"data": {"error": type(error).__name__, "at": place[-4:]}})
    finally:
        store.close()
