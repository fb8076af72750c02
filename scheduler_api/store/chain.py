"""The chain of a patient's facts: each hash covers the fact and the hash before it, so that no edit goes unseen."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import orjson

#: What a row's hash covers, in this order.
COVERED = ("patient_id", "seq", "fact_id", "kind", "data", "recorded_at", "role", "name", "replaces", "correction")


def link(previous: str, row: Mapping[str, Any]) -> str:
    """The SHA-256 (hex) of a fact's row, chained to the hash of the patient's fact before it (empty for the first)."""
    return hashlib.sha256(orjson.dumps([previous, *(row[column] for column in COVERED)])).hexdigest()
