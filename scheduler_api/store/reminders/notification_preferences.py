"""The tables `patient_preferences` and `site_preferences`: how patients and sites want to be reminded, as JSON."""

from __future__ import annotations

from scheduler_api.store import contents
from scheduler_api.store.database.port import Row, Store


def put_patients(store: Store, patient_id: str, preferences: str, at: str) -> None:
    """Store a patient's preferences at an instant, and the copy of them in the patient's row."""
    row = {"patient_id": patient_id, "preferences": preferences}
    contents.put(store, "patient_preferences", row, at, tuple(row))
    store.write("UPDATE patients SET preferences = :preferences WHERE patient_id = :patient_id", row)


def refresh_copy(store: Store, patient_id: str) -> str | None:
    """Write the copy in the patient's row again; return the preferences, None if the patient has set none."""
    preferences = stored_of_patient(store, patient_id)
    if preferences is not None:
        store.write(
            "UPDATE patients SET preferences = :preferences WHERE patient_id = :patient_id",
            {"preferences": preferences, "patient_id": patient_id},
        )
    return preferences


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


def put_sites(store: Store, site: str, preferences: str, at: str) -> None:
    """Store a site's preferences at an instant."""
    row = {"site": site, "preferences": preferences}
    contents.put(store, "site_preferences", row, at, tuple(row))
