"""Delivery: where messages go, and what became of each on each way."""

from __future__ import annotations

from collections.abc import Iterator

from ..dialect import Dialect

_TABLES = (
    # A patient's browser, or what a site has: a webhook, an e-mail address, the log. All workers know by `failures`
    # (in a row) and `paused_until` who does not answer.
    """
    CREATE TABLE destinations (
        destination_id TEXT PRIMARY KEY,
        channel TEXT NOT NULL,
        audience TEXT NOT NULL,
        site TEXT,
        patient_id TEXT,
        device_id TEXT,
        address TEXT NOT NULL,
        keys TEXT NOT NULL,
        language TEXT NOT NULL,
        made_at TEXT NOT NULL,
        made_by TEXT NOT NULL,
        ended_at TEXT,
        ended_because TEXT,
        failures INTEGER NOT NULL DEFAULT 0,
        paused_until TEXT
    )
    """,
    "CREATE INDEX destinations_by_site ON destinations (site, made_at, destination_id) WHERE patient_id IS NULL",
    "CREATE INDEX destinations_by_patient ON destinations (patient_id) WHERE ended_at IS NULL",
    "CREATE INDEX destinations_by_device ON destinations (device_id) WHERE ended_at IS NULL",
    # `next_at` is when it is tried next; while it is being tried, when another worker may take it for lost.
    """
    CREATE TABLE deliveries (
        message_id TEXT NOT NULL REFERENCES outbox (message_id) ON DELETE CASCADE,
        destination_id TEXT NOT NULL REFERENCES destinations (destination_id),
        status TEXT NOT NULL,
        attempts INTEGER NOT NULL,
        next_at TEXT NOT NULL,
        problem TEXT,
        settled_at TEXT,
        PRIMARY KEY (message_id, destination_id)
    )
    """,
    "CREATE INDEX deliveries_waiting ON deliveries (next_at) WHERE status = 'waiting'",
    "CREATE INDEX deliveries_by_destination ON deliveries (destination_id) WHERE status = 'waiting'",
    # When a message was given to its destinations; null: not yet.
    "ALTER TABLE outbox ADD COLUMN spread_at TEXT",
    "CREATE INDEX outbox_to_spread ON outbox (written_at) WHERE status = 'waiting' AND spread_at IS NULL",
    "CREATE INDEX outbox_by_due ON outbox (due_at, message_id)",
    # What any worker has done, for whoever asks any process. `lag` has the bound of each bucket, in seconds.
    """
    CREATE TABLE delivery_counts (
        what TEXT NOT NULL,
        kind TEXT NOT NULL,
        channel TEXT NOT NULL,
        number INTEGER NOT NULL,
        PRIMARY KEY (what, kind, channel)
    )
    """,
)


def statements(dialect: Dialect) -> Iterator[str]:
    """Yield the statements of this migration."""
    yield from _TABLES
