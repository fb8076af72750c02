"""Convert a folded history to text and back: the snapshot of a patient.

The texts follow from the fields of `History`, and are checked against them when they are read. A snapshot that another
version wrote, or that cannot be read, is folded anew from the log.

What was said of doses day by day is stored apart, by month (`dose_words`): after two years it is 63 kB, of which today
and nearly every calendar need nothing, and the record of a dose one month.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import msgspec

from scheduler_api.engine.model.dose_log import Words
from scheduler_api.engine.model.fold import fold
from scheduler_api.engine.model.history import History
from scheduler_api.engine.treatment.position import TreatmentPosition
from scheduler_api.engine.visits.series import Visit
from scheduler_api.engine.worklist.entry import WorklistEntry
from scheduler_api.store.database.formats import format_of
from scheduler_api.store.database.port import Row, Store

from . import facts
from .dose_words import ReadMonth, StoredWords, month_of

#: Raise it when derived data get another meaning though their fields stay the same.
_MEANING = 6
#: The format of all derived data stored of a patient. It follows from the types, so nobody can forget to change it.
FORMAT = format_of(_MEANING, History, Words, Visit, WorklistEntry, TreatmentPosition)


_encode = msgspec.json.Encoder(order="deterministic").encode
_decode = msgspec.json.Decoder(History, dec_hook=lambda kind, value: value).decode


def text_of(history: History) -> str:
    """Return the snapshot of a history, without the words about each day's dose. Equal histories give equal texts."""
    doses = {name: replace(log, words={}) for name, log in history.doses.items()}
    # What the protocol makes of it is no part of it.
    return _encode(replace(history, doses=doses, reopened=None, beside_start=frozenset(), anew_on=())).decode()


def of_text(text: str, read: Callable[[str], ReadMonth]) -> History:
    """Return the history that a snapshot holds; `read` returns for a log what reads what was said of a month.

    Raises msgspec.DecodeError if it cannot be read.
    """
    folded = _decode(text)
    doses = {name: replace(log, words=StoredWords(read(name))) for name, log in folded.doses.items()}
    return replace(folded, doses=doses)


def of_row(store: Store, row: Row) -> History:
    """Return the history in a patient's row; folded from the log if the row is of another format."""
    if row["format"] == FORMAT:
        try:
            read = partial(month_of, store, row["patient_id"], row["version"])
            return of_text(row["history"], partial(partial, read))
        except msgspec.DecodeError:
            pass
    return fold(facts.of_patient(store, row["patient_id"]))
