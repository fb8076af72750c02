"""Say which patients a site has, and had: as SQL, and of a row.

A row has the patient's latest transfer: `moved_at` is the instant from which `moved_to` has the patient, before it
`site`. Without a transfer both are null. At most one transfer lies ahead, so this is true at every instant from now on.
The table `former_sites` has the last day of each site that has a patient whom another has after it (`through_on`), and
the instant until which it reads what is recorded: the end of that day, or if the transfer was recorded after it, then.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, time, timedelta
from typing import Any

from scheduler_api.engine.dates import ONE_DAY
from scheduler_api.engine.instants import local_instant, stamp
from scheduler_api.engine.model.history import History
from scheduler_api.store.database.port import Row, Store
from scheduler_api.store.database.sql import one_of
from scheduler_api.store.database.writes import Writer


def site_columns(history: History) -> tuple[str, str | None, str | None]:
    """Return the values of `site`, `moved_to` and `moved_at`."""
    if not history.transfers:
        return history.registered.site, None, None
    latest = history.transfers[-1]
    moved_at = stamp(local_instant(latest.from_on, time(0), history.time_zone))
    return history.site_on(latest.from_on - ONE_DAY), latest.site, moved_at


def former_rows(patient_id: str, history: History) -> dict[str, Row]:
    """Return the rows of `former_sites` of a patient, by site: of several stays there the last one counts."""
    rows: dict[str, Row] = {}
    for stay in history.stays:
        if stay.next is not None:
            midnight = local_instant(stay.next.from_on, time(0), history.time_zone)
            until = max(midnight, stay.next.known_since + timedelta(microseconds=1))
            row = {"through_on": str(stay.through_on), "until_at": stamp(until)}
            rows[stay.site] = {"patient_id": patient_id, "site": stay.site, **row}
    return rows


def former(store: Store, patient_id: str) -> dict[str, Row]:
    """Return the stored rows of `former_sites` of a patient, by site."""
    rows = store.rows("SELECT * FROM former_sites WHERE patient_id = :patient_id", {"patient_id": patient_id})
    return {row["site"]: row for row in rows}


def replace_former(store: Store, patient_id: str, rows: dict[str, Row]) -> None:
    """Make a patient's stored rows of `former_sites` equal to these."""
    store.write("DELETE FROM former_sites WHERE patient_id = :patient_id", {"patient_id": patient_id})
    insert_former(store, rows)


def insert_former(writer: Writer, rows: dict[str, Row]) -> None:
    """Store rows of `former_sites` of a patient of whom none are stored."""
    if rows:
        writer.bulk_insert("former_sites", [*rows.values()])


def last_of(store: Store, patient_id: str, sites: Collection[str], now: datetime) -> Row | None:
    """Return the row of the last of some sites that had a patient before now; None if none had."""
    parameters: dict[str, Any] = {"patient_id": patient_id, "now": stamp(now)}
    return store.row(
        "SELECT through_on, until_at FROM former_sites WHERE patient_id = :patient_id AND until_at <= :now "
        f"AND {one_of('site', 'site', sites, parameters)} ORDER BY until_at DESC, site LIMIT 1",
        parameters,
    )


def site_of(row: Row, now: datetime) -> str:
    """Return the site that has a patient now; `row` has the three columns."""
    moved_at = row["moved_at"]
    return str(row["site"] if moved_at is None or stamp(now) < moved_at else row["moved_to"])


def site_sql(alias: str, now: datetime, parameters: dict[str, Any]) -> str:
    """Return the site that has a patient now, as SQL; `alias` names the table of patients (`p.`, or nothing)."""
    parameters["now"] = stamp(now)
    return f"CASE WHEN {alias}moved_at <= :now THEN {alias}moved_to ELSE {alias}site END"


def at_sites(alias: str, sites: Collection[str], now: datetime, parameters: dict[str, Any]) -> str:
    """Return the condition that some sites have a patient now."""
    return f"({' OR '.join(ways_to_sites(alias, sites, now, parameters))})"


def ways_to_sites(
    alias: str, sites: Collection[str], now: datetime, parameters: dict[str, Any], former: bool = False
) -> list[str]:
    """Return the conditions that some sites have a patient now: who stayed, who came; with `former` also who left.

    No patient meets two of them.
    """
    parameters["now"] = stamp(now)
    here = one_of(f"{alias}site", "site", sites, parameters)
    there = one_of(f"{alias}moved_to", "site", sites, parameters)
    ways = [
        f"({here} AND ({alias}moved_at IS NULL OR {alias}moved_at > :now))",
        f"({there} AND {alias}moved_at <= :now)",
    ]
    if former:
        left = f"SELECT patient_id FROM former_sites WHERE {one_of('site', 'site', sites, parameters)}"
        ways.append(f"({alias}patient_id IN ({left} AND until_at <= :now) AND NOT ({ways[0]} OR {ways[1]}))")
    return ways


def was_at_sites(patient_id: str, sites: Collection[str], at: str, parameters: dict[str, Any]) -> str:
    """Return the condition that something at an instant is from before a patient left some sites.

    `patient_id` and `at` are columns, or the names of parameters.
    """
    return (
        f"EXISTS (SELECT 1 FROM former_sites h WHERE h.patient_id = {patient_id} "
        f"AND {one_of('h.site', 'site', sites, parameters)} AND {at} < h.until_at)"
    )
