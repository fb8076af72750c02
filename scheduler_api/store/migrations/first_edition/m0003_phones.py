"""Patients' phones: codes, devices, tokens, what they sent, and feeds."""

from __future__ import annotations

from collections.abc import Iterator

from ..dialect import Dialect

_PHONES = (
    # A one-time code, of which only a slow hash is kept.
    """
    CREATE TABLE activations (
        hash TEXT PRIMARY KEY,
        patient_id TEXT NOT NULL,
        made_by TEXT,
        expires_at TEXT NOT NULL,
        used_at TEXT
    )
    """,
    """
    CREATE TABLE devices (
        device_id TEXT PRIMARY KEY,
        patient_id TEXT NOT NULL,
        name TEXT NOT NULL,
        activated_at TEXT NOT NULL,
        ended_at TEXT,
        ended_because TEXT
    )
    """,
    "CREATE INDEX devices_by_patient ON devices (patient_id, activated_at)",
    # Access and refresh tokens in pairs; `replaced_at` is when a refresh token gave the next pair.
    """
    CREATE TABLE device_tokens (
        access_hash TEXT PRIMARY KEY,
        refresh_hash TEXT NOT NULL UNIQUE,
        device_id TEXT NOT NULL,
        access_expires_at TEXT NOT NULL,
        refresh_expires_at TEXT NOT NULL,
        replaced_at TEXT,
        given_for TEXT,
        dropped INTEGER NOT NULL DEFAULT 0
    )
    """,
    "CREATE INDEX device_tokens_by_device ON device_tokens (device_id)",
    # Wrong codes, by address and by code, as hashes.
    """
    CREATE TABLE wrong_tries (
        subject TEXT NOT NULL,
        tried_at TEXT NOT NULL
    )
    """,
    "CREATE INDEX wrong_tries_by_subject ON wrong_tries (subject, tried_at)",
    # What came of each fact that a phone sent, so that it may send it again.
    """
    CREATE TABLE sent_facts (
        patient_id TEXT NOT NULL,
        client_id TEXT NOT NULL,
        request_hash TEXT NOT NULL,
        outcome TEXT NOT NULL,
        PRIMARY KEY (patient_id, client_id)
    )
    """,
    """
    CREATE TABLE feeds (
        hash TEXT PRIMARY KEY,
        patient_id TEXT NOT NULL,
        options TEXT NOT NULL,
        made_at TEXT NOT NULL,
        revoked_at TEXT
    )
    """,
    "CREATE INDEX feeds_by_patient ON feeds (patient_id)",
    # The events that a feed has contained; `feed` is the feed's hash.
    """
    CREATE TABLE feed_events (
        feed TEXT NOT NULL,
        uid TEXT NOT NULL,
        sequence INTEGER NOT NULL,
        modified_at TEXT NOT NULL,
        content TEXT NOT NULL,
        cancelled INTEGER NOT NULL,
        PRIMARY KEY (feed, uid)
    )
    """,
)


def statements(dialect: Dialect) -> Iterator[str]:
    """Yield the statements of this migration."""
    yield from _PHONES
