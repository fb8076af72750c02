"""The table `destinations`: where messages go, and which of them do not answer."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from scheduler_api.store import contents
from scheduler_api.store.database.port import Row, Store
from scheduler_api.store.database.sql import one_of

_COLUMNS = (
    "destination_id",
    "channel",
    "audience",
    "site",
    "patient_id",
    "device_id",
    "address",
    "keys",
    "language",
    "made_at",
    "made_by",
)


def insert(store: Store, row: Row) -> None:
    """Add a destination."""
    contents.insert(store, "destinations", row, row["made_at"], _COLUMNS)


def of_site(store: Store, site: str) -> list[Row]:
    """Return a site's own destinations, oldest first, ended ones included."""
    return store.rows(
        "SELECT * FROM destinations WHERE site = :site AND patient_id IS NULL ORDER BY made_at, destination_id",
        {"site": site},
    )


def of_device(store: Store, device_id: str) -> Row | None:
    """Return the subscription of a device; None if it has none, or none any more."""
    return store.row(
        "SELECT * FROM destinations WHERE device_id = :device_id AND ended_at IS NULL", {"device_id": device_id}
    )


def end(store: Store, destination_id: str, at: str, because: str) -> None:
    """End a destination: nothing is sent there any more, not even what is waiting."""
    change = "ended_at = :at, ended_because = :because WHERE destination_id = :destination_id AND ended_at IS NULL"
    parameters = {"destination_id": destination_id, "at": at, "because": because}
    contents.update(store, "destinations", change, parameters, at)


def end_of_device(store: Store, device_id: str, at: str, because: str) -> None:
    """End the subscription of a device, if it has one."""
    change = "ended_at = :at, ended_because = :because WHERE device_id = :device_id AND ended_at IS NULL"
    contents.update(store, "destinations", change, {"device_id": device_id, "at": at, "because": because}, at)


def answered(store: Store, destination_ids: Collection[str]) -> None:
    """Note that some destinations took a message, which clears their earlier failures."""
    parameters: dict[str, Any] = {}
    of_them = one_of("destination_id", "destination", destination_ids, parameters)
    # In the order in which workers can wait for each other; of few there is anything to clear.
    failing = store.rows(
        f"SELECT destination_id FROM destinations WHERE {of_them} "
        f"AND (failing_since IS NOT NULL OR paused_until IS NOT NULL) ORDER BY destination_id {store.for_update}",
        parameters,
    )
    store.write_many(
        "UPDATE destinations SET failures = 0, refusals = 0, paused_until = NULL, failing_since = NULL, problem = NULL "
        "WHERE destination_id = :destination_id",
        failing,
    )


def failed(store: Store, destination_id: str, at: str, problem: str | None) -> Row:
    """Note that a destination failed once more; return how often in a row (`failures`), and `failing_since`."""
    return store.rows(
        "UPDATE destinations SET failures = failures + 1, problem = :problem, "
        "failing_since = COALESCE(failing_since, :at) WHERE destination_id = :destination_id "
        "RETURNING failures, failing_since",
        {"destination_id": destination_id, "at": at, "problem": problem},
    )[0]


def refused(store: Store, destination_id: str, at: str, problem: str | None) -> None:
    """Note that a destination refused a message for good: it answers, so that others may be tried at once."""
    store.write(
        "UPDATE destinations SET failures = 0, paused_until = NULL, refusals = refusals + 1, problem = :problem, "
        "failing_since = COALESCE(failing_since, :at) WHERE destination_id = :destination_id",
        {"destination_id": destination_id, "at": at, "problem": problem},
    )


def relay_tokens(store: Store, patient_ids: Collection[str]) -> dict[str, list[str]]:
    """Return the tokens by which an operator's gateway reaches the apps of some patients, by patient, oldest first."""
    parameters: dict[str, Any] = {}
    of_them = one_of("patient_id", "patient", patient_ids, parameters)
    rows = store.rows(
        f"SELECT patient_id, address FROM destinations WHERE {of_them} "
        "AND channel = 'relay' AND ended_at IS NULL ORDER BY made_at, destination_id",
        parameters,
    )
    tokens: dict[str, list[str]] = {}
    for row in rows:
        tokens.setdefault(row["patient_id"], []).append(row["address"])
    return tokens


def pause(store: Store, destination_id: str, until: str) -> None:
    """Pause a destination: until an instant no delivery to it is tried."""
    store.write(
        "UPDATE destinations SET paused_until = :until WHERE destination_id = :destination_id",
        {"destination_id": destination_id, "until": until},
    )


def resume(store: Store) -> None:
    """End all pauses: each destination is tried again, and paused anew if it still fails."""
    store.write("UPDATE destinations SET paused_until = NULL WHERE paused_until IS NOT NULL", {})
