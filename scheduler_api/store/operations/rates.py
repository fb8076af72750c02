"""The table `rates`: how many requests frequent senders made in the present minute."""

from __future__ import annotations

from scheduler_api.store.database.port import Store


def add(store: Store, sender: str, minute: int, more: int) -> int:
    """Add to the requests of a sender (a hash) in a minute; return their number over all processes."""
    row = store.row(
        "INSERT INTO rates (sender, minute, requests) VALUES (:sender, :minute, :more) "
        "ON CONFLICT (sender, minute) DO UPDATE SET requests = rates.requests + :more RETURNING requests",
        {"sender": sender, "minute": minute, "more": more},
    )
    return int(row["requests"]) if row else more


def forget_before(store: Store, minute: int) -> None:
    """Delete the minutes before one."""
    store.write("DELETE FROM rates WHERE minute < :minute", {"minute": minute})
