"""The tables `patient_preferences` and `site_preferences`: how patients and sites want to be reminded, as JSON."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from scheduler_api.store import contents
from scheduler_api.store.database.port import Row, Store
from scheduler_api.store.database.sql import one_of


def put_patients(store: Store, patient_id: str, preferences: str, at: str) -> None:
    """Store a patient's preferences at an instant, and the copy of them in the patient's row."""
    row = {"patient_id": patient_id, "preferences": preferences}
    contents.put(store, "patient_preferences", row, at, tuple(row))
    store.write("UPDATE patients SET preferences = :preferences WHERE patient_id = :patient_id", row)


def stored_of_patients(store: Store, patient_ids: Collection[str]) -> dict[str, str]:
    """Return the same of those of some patients who have set any, by patient."""
    parameters: dict[str, Any] = {}
    of_them = one_of("patient_id", "patient", patient_ids, parameters)
    rows = store.rows(f"SELECT patient_id, preferences FROM patient_preferences WHERE {of_them}", parameters)
    return {row["patient_id"]: row["preferences"] for row in rows}


def stored_of_patient(store: Store, patient_id: str) -> str | None:
    """Return the preferences that a patient has set, of which the patient's row has a copy; None if none are."""
    row = store.row(
        "SELECT preferences FROM patient_preferences WHERE patient_id = :patient_id", {"patient_id": patient_id}
    )
    return None if row is None else str(row["preferences"])


def of_patient(store: Store, patient_id: str) -> Row | None:
    """Return a patient's time zone and preferences (None: the patient has set none)."""
    return store.row(
        "SELECT time_zone, preferences FROM patients WHERE patient_id = :patient_id", {"patient_id": patient_id}
    )


def of_site(store: Store, site: str) -> Row | None:
    """Return a site's time zone and preferences (None: it has set none)."""
    return store.row(
        "SELECT s.time_zone, w.preferences FROM sites s LEFT JOIN site_preferences w ON w.site = s.site "
        "WHERE s.site = :site",
        {"site": site},
    )


def of_sites(store: Store, sites: Collection[str]) -> list[Row]:
    """Return `site`, time zone and preferences of some sites."""
    parameters: dict[str, Any] = {}
    return store.rows(
        "SELECT s.site, s.time_zone, w.preferences FROM sites s LEFT JOIN site_preferences w ON w.site = s.site "
        f"WHERE {one_of('s.site', 'site', sites, parameters)}",
        parameters,
    )


def put_sites(store: Store, site: str, preferences: str, at: str) -> None:
    """Store a site's preferences at an instant."""
    row = {"site": site, "preferences": preferences}
    contents.put(store, "site_preferences", row, at, tuple(row))
