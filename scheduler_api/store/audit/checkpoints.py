"""The tables `checkpoints` and `checkpoint_heads`: from time to time, the last row of every chain of all logs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from scheduler_api.store.database.port import Row, Store
from scheduler_api.store.database.sql import one_of

#: The table of each log, and its columns for stream and time.
_LOGS = {
    "audit": ("audit", "stream", "at"),
    "contents": ("contents", "stream", "at"),
    "facts": ("facts", "patient_id", "recorded_at"),
}
_PORTION = 5000


def last(store: Store, through: str | None = None) -> Row | None:
    """Return the last checkpoint, or the last that was made no later than an instant."""
    condition = "" if through is None else "WHERE at <= :through"
    return store.row(f"SELECT * FROM checkpoints {condition} ORDER BY checkpoint DESC LIMIT 1", {"through": through})


def every(store: Store) -> list[Row]:
    """Return all checkpoints, in order."""
    return store.rows("SELECT * FROM checkpoints ORDER BY checkpoint")


def insert(store: Store, row: Row) -> None:
    """Add a checkpoint. Raises Duplicate."""
    store.write(
        "INSERT INTO checkpoints (checkpoint, at, heads, digest, hash, signed_by, signature) "
        "VALUES (:checkpoint, :at, :heads, :digest, :hash, :signed_by, :signature)",
        row,
    )


def moved_heads(store: Store, since: str) -> Iterator[Row]:
    """Yield the last row of each chain that moved since an instant, unless a checkpoint has it; by log and stream."""
    for log, (table, stream, at) in _LOGS.items():
        heads: dict[str, Row] = {}
        after: Row = {"at": since, "stream": "", "seq": 0}
        # By time, so that only what was written since is read.
        while rows := store.rows(
            f"SELECT {at} AS at, {stream} AS stream, seq, hash FROM {table} "
            f"WHERE ({at}, {stream}, seq) > (:at, :stream, :seq) ORDER BY {at}, {stream}, seq LIMIT {_PORTION}",
            after,
        ):
            for row in rows:
                if row["stream"] not in heads or heads[row["stream"]]["seq"] < row["seq"]:
                    heads[row["stream"]] = row
            after = {name: rows[-1][name] for name in after}
        names = sorted(heads)
        for streams in (names[start : start + 500] for start in range(0, len(names), 500)):
            covered = _covered(store, log, streams)
            for name in streams:
                seq, digest = heads[name]["seq"], heads[name]["hash"]
                if covered.get(name, 0) < seq:
                    yield {"log": log, "stream": name, "seq": seq, "hash": digest}


def _covered(store: Store, log: str, streams: Sequence[str]) -> dict[str, int]:
    """Return the number of the last row of each of some chains that a checkpoint covers."""
    parameters: dict[str, Any] = {"log": log}
    rows = store.rows(
        "SELECT stream, MAX(seq) AS seq FROM checkpoint_heads WHERE log = :log "
        f"AND {one_of('stream', 'stream', streams, parameters)} GROUP BY stream",
        parameters,
    )
    return {row["stream"]: row["seq"] for row in rows}


def last_recorded(store: Store) -> str:
    """Return the instant of the last row of any log; empty if there is none."""
    found = [store.row(f"SELECT MAX({at}) AS at FROM {table}") for table, _, at in _LOGS.values()]
    return max((row["at"] for row in found if row and row["at"]), default="")


def insert_heads(store: Store, checkpoint: int, heads: list[Row]) -> None:
    """Add heads to a checkpoint."""
    store.write_many(
        "INSERT INTO checkpoint_heads (log, stream, seq, hash, checkpoint) "
        "VALUES (:log, :stream, :seq, :hash, :checkpoint)",
        [{**head, "checkpoint": checkpoint} for head in heads],
    )


def heads_of(store: Store, checkpoint: int) -> Iterator[Row]:
    """Yield the heads of a checkpoint, by log and stream, read in portions."""
    log = after = ""
    while rows := store.rows(
        "SELECT log, stream, seq, hash FROM checkpoint_heads WHERE checkpoint = :checkpoint "
        f"AND (log, stream) > (:log, :after) ORDER BY log, stream LIMIT {_PORTION}",
        {"checkpoint": checkpoint, "log": log, "after": after},
    ):
        yield from rows
        log, after = rows[-1]["log"], rows[-1]["stream"]


def lost_heads(store: Store, stream: str | None = None) -> list[Row]:
    """Return heads in a checkpoint that the logs have lost or changed since; of one stream only, if given."""
    lost = []
    for log, (table, name, _) in _LOGS.items():
        of = "AND h.stream = :stream " if stream is not None else ""
        lost += store.rows(
            f"SELECT h.*, r.hash AS now FROM checkpoint_heads h LEFT JOIN {table} r "
            f"ON r.{name} = h.stream AND r.seq = h.seq WHERE h.log = :log {of}"
            "AND (r.hash IS NULL OR r.hash <> h.hash) ORDER BY h.stream, h.seq LIMIT 1000",
            {"log": log, "stream": stream},
        )
    return lost
