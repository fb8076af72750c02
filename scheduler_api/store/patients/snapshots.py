"""Convert a folded history to text and back: the snapshot of a patient.

The text follows from the fields of `History`, and is checked against them when it is read. A snapshot that another
version wrote, or that cannot be read, is folded anew from the log.
"""

from __future__ import annotations

import msgspec

from scheduler_api.engine.model.fold import fold
from scheduler_api.engine.model.history import History
from scheduler_api.engine.treatment.position import TreatmentPosition
from scheduler_api.engine.views.tasks import WorklistEntry
from scheduler_api.engine.visits.series import Visit
from scheduler_api.store.database.formats import format_of
from scheduler_api.store.database.port import Row, Store

from . import facts

#: Raise it when derived data get another meaning though their fields stay the same.
_MEANING = 1
#: The format of all derived data stored of a patient. It follows from the types, so nobody can forget to change it.
FORMAT = format_of(_MEANING, History, Visit, WorklistEntry, TreatmentPosition)

_encode = msgspec.json.Encoder(order="deterministic").encode
_decode = msgspec.json.Decoder(History).decode


def text_of(history: History) -> str:
    """Return the snapshot of a history. Equal histories give equal texts."""
    return _encode(history).decode()


def of_text(text: str) -> History:
    """Return the history that a snapshot holds. Raises msgspec.DecodeError if it cannot be read."""
    return _decode(text)


def of_row(store: Store, row: Row) -> History:
    """Return the history in a patient's row; folded from the log if the row is of another format."""
    if row["format"] == FORMAT:
        try:
            return of_text(row["history"])
        except msgspec.DecodeError:
            pass
    return fold(facts.of_patient(store, row["patient_id"]))
