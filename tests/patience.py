"""Wait for others as long as it takes: the machine may be slow."""

from __future__ import annotations

from scheduler_api.store.database import postgres, sqlite

#: How long tests wait for what must happen, in seconds: far longer than it takes on the slowest machine.
PATIENCE = 120


def wait_for_databases() -> None:
    """Let nobody in this process give up waiting for a database, or for another who has it."""
    postgres.BUSY_TIMEOUT = sqlite.BUSY_TIMEOUT = PATIENCE * 1000
    postgres.CONNECTION_TIMEOUT = postgres._LIVELINESS["connect_timeout"] = PATIENCE
