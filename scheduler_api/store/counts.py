"""The tables `reminder_counts` and `marks`: how often something happened, and when it last did."""

from __future__ import annotations

from collections.abc import Mapping

from .port import Row, Store


def add(store: Store, what: str, by_kind: Mapping[str, int]) -> None:
    """Count that something happened so often to each kind of message."""
    store.write_many(
        "INSERT INTO reminder_counts (what, kind, number) VALUES (:what, :kind, :number) "
        "ON CONFLICT (what, kind) DO UPDATE SET number = reminder_counts.number + excluded.number",
        [{"what": what, "kind": kind, "number": number} for kind, number in sorted(by_kind.items())],
    )


def every(store: Store) -> list[Row]:
    """All counts."""
    return store.rows("SELECT what, kind, number FROM reminder_counts ORDER BY what, kind")


def mark(store: Store, name: str, at: str) -> None:
    """Note when something was last done."""
    store.write(
        "INSERT INTO marks (name, at) VALUES (:name, :at) ON CONFLICT (name) DO UPDATE SET at = excluded.at",
        {"name": name, "at": at},
    )


def marked(store: Store, name: str) -> str | None:
    """When something was last done; None if never."""
    row = store.row("SELECT at FROM marks WHERE name = :name", {"name": name})
    return None if row is None else str(row["at"])
