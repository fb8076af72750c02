"""Configure our logs: one line of JSON for each record, on standard error, without data of patients."""

from __future__ import annotations

import logging
import math
import sys
import threading
import time
from datetime import UTC, datetime

import orjson


class JsonFormatter(logging.Formatter):
    """Formats a record as one line of JSON.

    >>> log.info("ticked", extra={"data": {"due": 2}})
    {"at":"2024-02-20T04:00:00.000+00:00","level":"INFO","logger":"scheduler_api.worker","event":"ticked","due":2}
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, without its end. The fields of `data` in `extra` are added to it."""
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "event": record.getMessage(),
            **getattr(record, "data", {}),
        }
        return orjson.dumps(line).decode()


class Seldom:
    """Logs what may happen again and again, such as a database that does not answer, once a minute.

    The next line of the same event and cause says how often it happened unlogged meanwhile, as `more`.
    """

    def __init__(self, log: logging.Logger, seconds: float = 60.0) -> None:
        """Log to `log`, each cause once in so many seconds."""
        self._log, self._seconds = log, seconds
        self._last: dict[tuple[str, str], tuple[float, int]] = {}
        self._lock = threading.Lock()

    def error(self, event: str, cause: str, **data: object) -> None:
        """Log an event with its cause, which is one of few, and more data; or count it."""
        now = time.monotonic()
        with self._lock:
            logged_at, more = self._last.get((event, cause), (-math.inf, 0))
            if now - logged_at < self._seconds:
                self._last[event, cause] = logged_at, more + 1
                return
            self._last[event, cause] = now, 0
        self._log.error(event, extra={"data": {"error": cause, **data, **({"more": more} if more else {})}})


def configure(level: str) -> None:
    """Send our logs, from a level on, to standard error as JSON."""
    # Our lines have no thread, process, task or place in the code, so these need not be collected.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging._srcfile = None
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    ours = logging.getLogger("scheduler_api")
    ours.handlers, ours.propagate = [handler], False
    ours.setLevel(level)
