"""The table `request_counts`: how many requests came, by route, method and class of status, and how long they took."""

from __future__ import annotations

from collections.abc import Mapping

from .port import Row, Store


def add(store: Store, numbers: Mapping[tuple[str, str, str, str], int]) -> None:
    """Add to some counts, each named by route, method, status and what."""
    store.write_many(
        "INSERT INTO request_counts (route, method, status, what, number) "
        "VALUES (:route, :method, :status, :what, :number) "
        "ON CONFLICT (route, method, status, what) DO UPDATE SET number = request_counts.number + excluded.number",
        # In one order, so that two processes do not wait for each other.
        [
            {"route": route, "method": method, "status": status, "what": what, "number": number}
            for (route, method, status, what), number in sorted(numbers.items())
        ],
    )


def every(store: Store) -> list[Row]:
    """All counts."""
    return store.rows(
        "SELECT route, method, status, what, number FROM request_counts ORDER BY route, method, status, what"
    )
