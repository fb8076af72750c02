"""The table `standings`: a derived row for each patient, from which cycle, hold and last scan on any day follow.

Apart from `patients`, since it rarely changes and lists read it for every line.
"""

from __future__ import annotations

from functools import lru_cache

import msgspec

from scheduler_api.engine.treatment.position import Standing
from scheduler_api.store.database.port import Store

_UPSERT = (
    "INSERT INTO standings (patient_id, standing) VALUES (:patient_id, :standing) "
    "ON CONFLICT (patient_id) DO UPDATE SET standing = excluded.standing WHERE standings.standing <> excluded.standing"
)


_encode = msgspec.json.Encoder(order="deterministic").encode
_decode = msgspec.json.Decoder(Standing).decode


def put(store: Store, patient_id: str, standing: Standing) -> None:
    """Keep a patient's standing; nothing is written if it is the one that is kept."""
    store.write(_UPSERT, {"patient_id": patient_id, "standing": to_text(standing)})


def get(store: Store, patient_id: str) -> str | None:
    """Return a patient's position as it is stored."""
    row = store.row("SELECT standing FROM standings WHERE patient_id = :patient_id", {"patient_id": patient_id})
    return None if row is None else row["standing"]


def to_text(standing: Standing) -> str:
    """Return a standing as text. Equal standings give equal texts."""
    return _encode(standing).decode()


@lru_cache(maxsize=8192)
def of_text(text: str) -> Standing:
    """Return the standing that `to_text` wrote. Cached by content: the same text always means the same standing."""
    return _decode(text)
