"""The table `marks`: when each recurring job was last done."""

from __future__ import annotations

from scheduler_api.store.database.port import Row, Store


def mark(store: Store, name: str, at: str) -> None:
    """Record when a job was last done."""
    store.write(
        "INSERT INTO marks (name, at) VALUES (:name, :at) ON CONFLICT (name) DO UPDATE SET at = excluded.at",
        {"name": name, "at": at},
    )


def marked(store: Store, name: str) -> str | None:
    """Return when a job was last done; None if never."""
    row = store.row("SELECT at FROM marks WHERE name = :name", {"name": name})
    return None if row is None else str(row["at"])


def after(store: Store, at: str) -> list[Row]:
    """Return the marks of jobs that were done later than an instant."""
    return store.rows("SELECT name, at FROM marks WHERE at > :at ORDER BY name", {"at": at})
