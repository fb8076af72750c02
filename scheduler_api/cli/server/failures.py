"""Log what goes wrong in a worker: where, and nothing of a patient."""

from __future__ import annotations

import logging
import traceback

from scheduler_api.logs import Seldom
from scheduler_api.metrics import CLOCK_REFUSALS
from scheduler_api.use_cases.clocks import ClockNotTrusted

log = logging.getLogger("scheduler_api.worker")
_seldom = Seldom(log)


def log_failure(event: str, error: Exception) -> None:
    """Log that a job failed and where, without the message, which may hold data of a patient."""
    if isinstance(error, ClockNotTrusted):
        log_refusal(error)
        return
    place = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)]
    log.error(event, extra={"data": {"error": type(error).__name__, "at": place[-4:]}})


def log_refusal(error: ClockNotTrusted) -> None:
    """Log, once a minute, that a job waits until the clock can be trusted, and count it."""
    CLOCK_REFUSALS.inc()
    _seldom.error("clock not trusted", type(error).__name__, message=str(error))
