"""Who recorded each fact, a chained log of what else happened, checkpoints over both logs; who asks often."""

from __future__ import annotations

from collections.abc import Iterator

from ..dialect import Dialect

_TABLES = (
    "ALTER TABLE facts ADD COLUMN actor TEXT",
    "CREATE INDEX facts_by_time ON facts (recorded_at, patient_id, seq)",
    # A chain for each stream (a patient, or an actor where no patient is concerned), so that writers about different
    # patients never wait for each other. `hash` covers the row and the hash of the stream's row before it.
    """
    CREATE TABLE audit (
        stream TEXT NOT NULL,
        seq INTEGER NOT NULL,
        at TEXT NOT NULL,
        actor TEXT NOT NULL,
        role TEXT NOT NULL,
        name TEXT,
        action TEXT NOT NULL,
        patient_id TEXT,
        site TEXT,
        route TEXT,
        detail TEXT NOT NULL,
        hash TEXT NOT NULL,
        PRIMARY KEY (stream, seq)
    )
    """,
    "CREATE INDEX audit_by_time ON audit (at, stream, seq)",
    "CREATE INDEX audit_by_patient ON audit (patient_id, at)",
    "CREATE INDEX audit_by_site ON audit (site, at)",
    "CREATE INDEX audit_by_actor ON audit (actor, at)",
    # A chain alone cannot see its own end cut off: a checkpoint says where every chain had come to, by the heads that
    # moved since the checkpoint before it. `hash` covers the row, those heads and the hash of the checkpoint before.
    """
    CREATE TABLE checkpoints (
        checkpoint INTEGER PRIMARY KEY,
        at TEXT NOT NULL,
        heads INTEGER NOT NULL,
        digest TEXT NOT NULL,
        hash TEXT NOT NULL,
        signed_by TEXT,
        signature TEXT
    )
    """,
    """
    CREATE TABLE checkpoint_heads (
        log TEXT NOT NULL,
        stream TEXT NOT NULL,
        seq INTEGER NOT NULL,
        hash TEXT NOT NULL,
        checkpoint INTEGER NOT NULL,
        PRIMARY KEY (log, stream, seq)
    )
    """,
    # Requests of a minute, of those senders who come so often that the processes must know of each other's.
    """
    CREATE TABLE rates (
        sender TEXT NOT NULL,
        minute INTEGER NOT NULL,
        requests INTEGER NOT NULL,
        PRIMARY KEY (sender, minute)
    )
    """,
    "CREATE INDEX checkpoint_heads_by_checkpoint ON checkpoint_heads (checkpoint, log, stream)",
)


def statements(dialect: Dialect) -> Iterator[str]:
    """Yield the statements of this migration."""
    yield from _TABLES
    yield from dialect.append_only("audit", "stream = NEW.stream AND seq = NEW.seq")
    yield from dialect.append_only("checkpoints", "checkpoint = NEW.checkpoint")
    yield from dialect.append_only("checkpoint_heads", "log = NEW.log AND stream = NEW.stream AND seq = NEW.seq")
