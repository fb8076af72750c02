"""Configure our logs: one line of JSON for each record, on standard error, without data of patients."""

from __future__ import annotations

import logging
import sys
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
