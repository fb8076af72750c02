"""The table `treatment_positions`: a row for each patient, from which cycle, hold and last scan on any day follow.

It is apart from `patients`, since it rarely changes and lists read it for every row.
"""

from __future__ import annotations

from functools import lru_cache

import msgspec

from scheduler_api.engine.treatment.position import TreatmentPosition
from scheduler_api.store.database.port import Store
from scheduler_api.store.database.writes import Writer

_CONFLICT = (
    "ON CONFLICT (patient_id) DO UPDATE SET position = excluded.position "
    "WHERE treatment_positions.position <> excluded.position"
)


_encode = msgspec.json.Encoder(order="deterministic").encode
_decode = msgspec.json.Decoder(TreatmentPosition).decode


def put(writer: Writer, patient_id: str, position: TreatmentPosition) -> None:
    """Store a patient's position; nothing is written if the same is stored already."""
    row = {"patient_id": patient_id, "position": to_text(position)}
    writer.bulk_insert("treatment_positions", [row], _CONFLICT)


def get(store: Store, patient_id: str) -> str | None:
    """Return a patient's position as it is stored."""
    row = store.row(
        "SELECT position FROM treatment_positions WHERE patient_id = :patient_id", {"patient_id": patient_id}
    )
    return None if row is None else row["position"]


def to_text(position: TreatmentPosition) -> str:
    """Return a position as text. Equal positions give equal texts."""
    return _encode(position).decode()


@lru_cache(maxsize=8192)
def of_text(text: str) -> TreatmentPosition:
    """Return the position that `to_text` wrote. Cached by content: the same text always means the same position."""
    return _decode(text)
