"""A folded history as text and back: the snapshot of a patient.

Two texts: the recorded doses, which are many and which lists of patients do not need, and the rest. A snapshot that
was written by another version, or that cannot be read, is folded anew from the log.
"""

from __future__ import annotations

from typing import NamedTuple

import orjson

from scheduler_api.engine.dose_log import DoseLog
from scheduler_api.engine.folding import fold
from scheduler_api.engine.history import History
from scheduler_api.engine.standing import Standing
from scheduler_api.engine.visits import Visit
from scheduler_api.engine.worklist import Entry

from . import facts
from .codec import decoder, from_json, shape_of, stored_fields, to_json
from .port import Row, Store

#: To be raised when what is derived gets another meaning, though its fields stay the same.
_MEANING = 1
#: The format of all that is derived and stored of a patient. A field added anywhere in it makes it another.
FORMAT = shape_of(History, Visit, Entry, Standing) ^ _MEANING

_FIELDS = {name: decoder(kind) for name, kind in stored_fields(History) if name != "doses"}


class Texts(NamedTuple):
    """A snapshot: all but the recorded doses, and these."""

    history: str
    days: str


def texts_of(history: History) -> Texts:
    """Return the snapshot of a history. Equal histories give equal texts."""
    return Texts(to_json({name: getattr(history, name) for name in _FIELDS}), to_json(history.doses))


def of_row(store: Store, row: Row) -> History:
    """Return the history in a patient's row; folded from the log if the row is of another format."""
    return _read(store, row, row["days"])


def without_doses(store: Store, row: Row) -> History:
    """Return the history in a patient's row, as if no dose were recorded: enough for lists of patients."""
    return _read(store, row, _NO_DOSES)


def _read(store: Store, row: Row, doses: str) -> History:
    if row["format"] == FORMAT:
        try:
            return from_texts(row["history"], doses)
        except (ValueError, TypeError, KeyError):
            pass
    return fold(facts.of_patient(store, row["patient_id"]))


def from_texts(history: str, doses: str) -> History:
    """Return the history of a snapshot. Raises ValueError, TypeError or KeyError if it cannot be read."""
    data = orjson.loads(history)
    return History(**{name: decode(data[name]) for name, decode in _FIELDS.items()}, doses=from_json(DoseLog, doses))


_NO_DOSES = to_json(DoseLog())
