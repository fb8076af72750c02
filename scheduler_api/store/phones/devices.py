"""The tables `activations`, `devices`, `device_tokens` and `wrong_tries`: patients' phones and how they sign in."""

from __future__ import annotations

from datetime import datetime

from scheduler_api.engine.instants import stamp
from scheduler_api.store import contents
from scheduler_api.store.database.port import Row, Store
from scheduler_api.store.reminders import destinations
from scheduler_api.store.sites.at_sites import site_sql

from . import feeds


def add_code(store: Store, row: Row, at: str) -> None:
    """Store the hash of a one-time code at an instant; earlier codes of that patient become invalid."""
    contents.delete(store, "activations", "patient_id = :patient_id AND used_at IS NULL", row, at)
    contents.insert(store, "activations", row, at)


def use_code(store: Store, digest: str, now: str) -> str | None:
    """Use up a code; return the patient it is for, or None if it is unknown, used or expired."""
    change = "used_at = :now WHERE hash = :hash AND used_at IS NULL AND expires_at > :now"
    if contents.update(store, "activations", change, {"hash": digest, "now": now}, now) == 0:
        return None
    row = store.row("SELECT patient_id FROM activations WHERE hash = :hash", {"hash": digest})
    return row["patient_id"] if row else None


def add_device(store: Store, row: Row) -> None:
    """Add a device."""
    contents.insert(store, "devices", row, row["activated_at"])


def of_patient(store: Store, patient_id: str) -> list[Row]:
    """Return a patient's devices, oldest first, each with its present or last push subscription."""
    return store.rows(
        "SELECT d.device_id, d.name, d.activated_at, d.ended_at, d.ended_because, p.channel AS push_channel, "
        "p.failures, p.refusals, p.failing_since, p.problem, p.ended_at AS push_ended_at, "
        "p.ended_because AS push_ended_because FROM devices d LEFT JOIN destinations p ON p.destination_id = "
        "(SELECT x.destination_id FROM destinations x WHERE x.device_id = d.device_id "
        "ORDER BY (x.ended_at IS NULL) DESC, x.made_at DESC, x.destination_id LIMIT 1) "
        "WHERE d.patient_id = :patient_id ORDER BY d.activated_at, d.device_id",
        {"patient_id": patient_id},
    )


def end_device(store: Store, patient_id: str, device_id: str, at: str, because: str) -> bool:
    """End a device's session and its subscription to messages; return False if it has no session."""
    parameters = {"patient_id": patient_id, "device_id": device_id, "at": at, "because": because}
    change = (
        "ended_at = :at, ended_because = :because "
        "WHERE device_id = :device_id AND patient_id = :patient_id AND ended_at IS NULL"
    )
    changed = contents.update(store, "devices", change, parameters, at)
    store.write("DELETE FROM device_tokens WHERE device_id = :device_id", parameters)
    destinations.end_of_device(store, device_id, at, because)
    # Whoever has the phone may have the address of the feed, too.
    feeds.revoke(store, patient_id, at)
    return changed == 1


def add_tokens(store: Store, row: Row) -> None:
    """Store the hashes of a pair of tokens."""
    store.write(
        "INSERT INTO device_tokens "
        "(access_hash, refresh_hash, device_id, access_expires_at, refresh_expires_at, given_for) VALUES "
        "(:access_hash, :refresh_hash, :device_id, :access_expires_at, :refresh_expires_at, :given_for)",
        row,
    )


def by_access(store: Store, digest: str, at: datetime) -> Row | None:
    """Return the device of a valid access token, its patient's whole row, and what else a phone's screen follows from.

    That is the site's contact and preferences, and the latest instant until which a reminder that still makes sense
    was put off.
    """
    parameters = {"hash": digest, "now": stamp(at)}
    return store.row(
        "SELECT d.device_id, t.used_at AS token_used_at, p.*, s.contact_name, s.contact_phone, "
        "s.time_zone AS site_time_zone, w.preferences AS site_preferences, "
        "(SELECT MAX(o.put_off_until) FROM outbox o WHERE o.patient_id = p.patient_id AND o.expires_at > :now) "
        "AS put_off_until FROM device_tokens t "
        "JOIN devices d ON d.device_id = t.device_id JOIN patients p ON p.patient_id = d.patient_id "
        f"JOIN sites s ON s.site = {site_sql('p.', at, parameters)} LEFT JOIN site_preferences w ON w.site = s.site "
        "WHERE t.access_hash = :hash AND t.access_expires_at > :now AND d.ended_at IS NULL",
        parameters,
    )


def by_refresh(store: Store, digest: str) -> Row | None:
    """Return a pair of tokens by its refresh token, with the device's patient."""
    return store.row(
        "SELECT t.*, d.patient_id FROM device_tokens t JOIN devices d ON d.device_id = t.device_id "
        "WHERE t.refresh_hash = :hash AND d.ended_at IS NULL",
        {"hash": digest},
    )


def mark_replaced(store: Store, digest: str, at: str) -> None:
    """Record that a refresh token was exchanged for the next pair."""
    store.write(
        "UPDATE device_tokens SET replaced_at = :at WHERE refresh_hash = :hash AND replaced_at IS NULL",
        {"hash": digest, "at": at},
    )


def mark_used(store: Store, digest: str, at: str) -> None:
    """Record when an access token was used first."""
    store.write(
        "UPDATE device_tokens SET used_at = :at WHERE access_hash = :hash AND used_at IS NULL",
        {"hash": digest, "at": at},
    )


def drop_unused(store: Store, digest: str, now: str) -> bool:
    """Drop the pair that was given for a refresh token, if no phone ever used it; return False if one did.

    The row stays, marked as dropped: if a dropped token is presented after all, someone else holds the pair that
    replaced it.
    """
    used = store.row(
        "SELECT 1 FROM device_tokens WHERE given_for = :hash AND (used_at IS NOT NULL OR replaced_at IS NOT NULL)",
        {"hash": digest},
    )
    if used is not None:
        return False
    store.write(
        "UPDATE device_tokens SET dropped = 1, access_expires_at = :now WHERE given_for = :hash AND dropped = 0",
        {"hash": digest, "now": now},
    )
    return True


def forget_expired(store: Store, device_id: str, now: str) -> None:
    """Delete a device's expired pairs."""
    store.write(
        "DELETE FROM device_tokens WHERE device_id = :device_id AND refresh_expires_at <= :now",
        {"device_id": device_id, "now": now},
    )


def wrong_tries(store: Store, subject: str, since: str) -> list[str]:
    """Return the times of wrong tries by a sender after an instant, in order."""
    rows = store.rows(
        "SELECT tried_at FROM wrong_tries WHERE subject = :subject AND tried_at > :since ORDER BY tried_at",
        {"subject": subject, "since": since},
    )
    return [row["tried_at"] for row in rows]


def forget_wrong_tries(store: Store, subject: str) -> None:
    """Delete the wrong tries of a sender."""
    store.write("DELETE FROM wrong_tries WHERE subject = :subject", {"subject": subject})


def add_wrong_try(store: Store, subject: str, at: str) -> None:
    """Record a wrong try."""
    store.write("INSERT INTO wrong_tries (subject, tried_at) VALUES (:subject, :at)", {"subject": subject, "at": at})


def delete_expired(store: Store, now: str, tries_before: str) -> int:
    """Delete expired codes and tokens, and wrong tries before an instant; return how many."""
    parameters = {"now": now, "tries_before": tries_before}
    return (
        store.write("DELETE FROM device_tokens WHERE refresh_expires_at <= :now", parameters)
        + contents.delete(store, "activations", "expires_at <= :now", parameters, now)
        + store.write("DELETE FROM wrong_tries WHERE tried_at < :tries_before", parameters)
    )
