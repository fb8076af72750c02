"""The tables `patient_wishes` and `site_wishes`: how patients and sites want to be reminded, as JSON."""

from __future__ import annotations

from scheduler_api.store.database.port import Row, Store


def put_patients(store: Store, patient_id: str, wishes: str) -> None:
    """Keep a patient's wishes, and the copy beside the patient."""
    row = {"patient_id": patient_id, "wishes": wishes}
    store.write(
        "INSERT INTO patient_wishes (patient_id, wishes) VALUES (:patient_id, :wishes) "
        "ON CONFLICT (patient_id) DO UPDATE SET wishes = excluded.wishes",
        row,
    )
    store.write("UPDATE patients SET wishes = :wishes WHERE patient_id = :patient_id", row)


def copy_beside_patient(store: Store, patient_id: str) -> str | None:
    """Make the copy again; the wishes, None if the patient has said nothing."""
    row = store.row("SELECT wishes FROM patient_wishes WHERE patient_id = :patient_id", {"patient_id": patient_id})
    if row is None:
        return None
    store.write(
        "UPDATE patients SET wishes = :wishes WHERE patient_id = :patient_id", {**row, "patient_id": patient_id}
    )
    return str(row["wishes"])


def of_patient(store: Store, patient_id: str) -> Row | None:
    """Return a patient's time zone and preferences (None: the patient has set none)."""
    return store.row(
        "SELECT time_zone, wishes FROM patients WHERE patient_id = :patient_id", {"patient_id": patient_id}
    )


def of_site(store: Store, site: str) -> Row | None:
    """Return a site's time zone and preferences (None: it has set none)."""
    return store.row(
        "SELECT s.time_zone, w.wishes FROM sites s LEFT JOIN site_wishes w ON w.site = s.site WHERE s.site = :site",
        {"site": site},
    )


def put_sites(store: Store, site: str, wishes: str) -> None:
    """Keep a site's wishes."""
    store.write(
        "INSERT INTO site_wishes (site, wishes) VALUES (:site, :wishes) "
        "ON CONFLICT (site) DO UPDATE SET wishes = excluded.wishes",
        {"site": site, "wishes": wishes},
    )
