"""Chain rows: each hash covers the row and the hash before it, so that every edit can be detected."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

#: What the hash of a fact covers, in this order. Its chain is the patient's.
FACT = (
    "patient_id",
    "seq",
    "fact_id",
    "kind",
    "data",
    "recorded_at",
    "role",
    "name",
    "replaces",
    "correction",
    "actor",
)
#: What the hash of a row of the audit covers. Its chain is the stream's.
AUDIT = (
    "stream",
    "seq",
    "at",
    "actor",
    "role",
    "name",
    "action",
    "patient_id",
    "site",
    "route",
    "detail",
)
#: What the hash of an entry about a row's content covers. Its chain is the row's.
CONTENT = (
    "stream",
    "seq",
    "at",
    "digest",
)


def link(previous: str, row: Mapping[str, Any], covered: Sequence[str]) -> str:
    """Return the SHA-256 (hex) of a row, chained to the hash of the row before it (empty for the first)."""
    return hashlib.sha256(orjson.dumps([previous, *(row[column] for column in covered)])).hexdigest()
