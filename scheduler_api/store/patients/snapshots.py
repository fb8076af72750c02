"""Convert a folded history to text and back: the snapshot of a patient.

The texts follow from the fields of `History`, and are checked against them when they are read. A snapshot that another
version wrote, or that cannot be read, is folded anew from the log.

What was said of doses day by day has a text of its own, of 63 kB after two years. To decode it takes 340 µs, the rest
5 µs. A phone's today and nearly every calendar need none of it, and the record of a dose one day of it. So it is
decoded when it is asked for, and rows that are only read leave it in the database until then: that saves a tenth of the
time of today and of a calendar.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cached_property, partial
from typing import Any

import msgspec

from scheduler_api.engine.model.dose_log import Words
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
FORMAT = format_of(_MEANING, History, Words, Visit, WorklistEntry, TreatmentPosition)


class StoredWords:
    """The words about each day as they are stored, whose text `read` returns: called when one of them is asked for."""

    def __init__(self, read: Callable[[], str]) -> None:
        self._read = read

    def get(self, day: str, default: Words) -> Words:
        """Return the words about a day, or the default. Raises msgspec.DecodeError if they cannot be read."""
        words = self._by_day.get(day, default)
        return _decode_words(words) if isinstance(words, msgspec.Raw) else words

    def __or__(self, other: dict[str, Words]) -> StoredWords:
        """Return the words with others in the place of those about the same days."""
        changed = StoredWords(self._read)
        changed._by_day = {**self._by_day, **other}
        return changed

    def __eq__(self, other: object) -> bool:
        return _text_of_words(self) == _text_of_words(other)

    __hash__ = None  # type: ignore[assignment]

    @cached_property
    def _by_day(self) -> dict[str, msgspec.Raw | Words]:
        return {**_decode_days(self._read())}


def _as_dict(words: Any) -> Any:
    """Return words of days as msgspec encodes them."""
    return words._by_day


_encode = msgspec.json.Encoder(order="deterministic", enc_hook=_as_dict).encode
_decode = msgspec.json.Decoder(History, dec_hook=lambda kind, value: value).decode
_decode_days = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_decode_words = msgspec.json.Decoder(Words).decode


def texts_of(history: History) -> tuple[str, str]:
    """Return the snapshot of a history: its text, and that of the words about each day's dose.

    Equal histories give equal texts.
    """
    doses = history.doses
    return _encode(replace(history, doses=replace(doses, words={}))).decode(), _text_of_words(doses.words)


def _text_of_words(words: object) -> str:
    return _encode(words).decode()


def of_texts(history: str, read_words: Callable[[], str]) -> History:
    """Return the history that a snapshot holds; `read_words` returns the text of the words about each day's dose.

    Raises msgspec.DecodeError if it cannot be read.
    """
    folded = _decode(history)
    return replace(folded, doses=replace(folded.doses, words=StoredWords(read_words)))


def of_row(store: Store, row: Row) -> History:
    """Return the history in a patient's row; folded from the log if the row is of another format.

    A row without `dose_words` has them read when they are asked for.
    """
    if row["format"] == FORMAT:
        try:
            return of_texts(row["history"], partial(_words_of, store, row))
        except msgspec.DecodeError:
            pass
    return fold(facts.of_patient(store, row["patient_id"]))


def _words_of(store: Store, row: Row) -> str:
    """Return the text of the words about each day's dose that belongs to a patient's row."""
    if "dose_words" in row:
        return str(row["dose_words"])
    found = store.row(
        "SELECT dose_words FROM patients WHERE patient_id = :patient_id AND version = :version AND format = :format",
        {name: row[name] for name in ("patient_id", "version", "format")},
    )
    if found is not None:
        return str(found["dose_words"])
    # Something was recorded since the row was read, which this history does not have.
    return _text_of_words(fold(facts.of_patient_through(store, row["patient_id"], row["version"])).doses.words)
