"""The table `delivery_counts`: how often what happened, of which kind, by which channel."""

from __future__ import annotations

from collections.abc import Mapping

from .port import Row, Store


def add(store: Store, numbers: Mapping[tuple[str, str, str], int]) -> None:
    """Add to some counts, each named by what, kind and channel."""
    store.write_many(
        "INSERT INTO delivery_counts (what, kind, channel, number) VALUES (:what, :kind, :channel, :number) "
        "ON CONFLICT (what, kind, channel) DO UPDATE SET number = delivery_counts.number + excluded.number",
        # In one order, so that two workers do not wait for each other.
        [
            {"what": what, "kind": kind, "channel": channel, "number": number}
            for (what, kind, channel), number in sorted(numbers.items())
        ],
    )


def every(store: Store) -> list[Row]:
    """All counts."""
    return store.rows("SELECT what, kind, channel, number FROM delivery_counts ORDER BY what, kind, channel")
