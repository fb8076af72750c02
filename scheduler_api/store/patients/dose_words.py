"""The table `dose_words`: what was said of doses, by patient, log (an intake of a regimen) and month; derived.

`version` is that of the patient when a month was last written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import msgspec

from scheduler_api.engine.model.dose_log import DoseLog, Words
from scheduler_api.engine.model.fold import fold
from scheduler_api.store.database.port import Row, Store
from scheduler_api.store.database.writes import Writer

from . import facts

#: Returns what is stored of a month, written `2024-02`.
ReadMonth = Callable[[str], str]
#: The log (an intake of a regimen) and the month of what is stored.
Key = tuple[str, str]
_NOTHING = "{}"
_MONTH = len("2024-02")
_CONFLICT = "ON CONFLICT (patient_id, log, month) DO UPDATE SET version = excluded.version, words = excluded.words"

_encode = msgspec.json.Encoder(order="deterministic").encode
_decode_days = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_decode_words = msgspec.json.Decoder(Words).decode


class StoredWords:
    """The words about each day as they are stored; a month is read when one of its days is asked for."""

    def __init__(self, read: ReadMonth) -> None:
        self._read = read
        self._months: dict[str, dict[str, msgspec.Raw | Words]] = {}
        self._changed: frozenset[str] = frozenset()

    def get(self, day: str, default: Words) -> Words:
        """Return the words about a day, or the default. Raises msgspec.DecodeError if they cannot be read."""
        words = self._month(day[:_MONTH]).get(day, default)
        return _decode_words(words) if isinstance(words, msgspec.Raw) else words

    def __or__(self, other: dict[str, Words]) -> StoredWords:
        """Return the words with others in the place of those about the same days."""
        changed = StoredWords(self._read)
        changed._months = {**self._months}
        for day, words in other.items():
            month = day[:_MONTH]
            changed._months[month] = {**changed._month(month), day: words}
        changed._changed = self._changed.union(day[:_MONTH] for day in other)
        return changed

    def changed(self) -> Iterator[tuple[str, str]]:
        """Yield the months that are not as they were read, each as it is to be stored."""
        return ((month, _encode(self._months[month]).decode()) for month in sorted(self._changed))

    def _month(self, month: str) -> dict[str, msgspec.Raw | Words]:
        if month not in self._months:
            self._months[month] = {**_decode_days(self._read(month))}
        return self._months[month]


def changed(doses: Mapping[str, DoseLog]) -> dict[Key, str]:
    """Return the months that are not as they were read, each as it is to be stored."""
    words = ((log, one.words) for log, one in doses.items())
    return {
        (log, month): text for log, read in words if isinstance(read, StoredWords) for month, text in read.changed()
    }


def by_month(doses: Mapping[str, DoseLog]) -> dict[Key, str]:
    """Return the words of a history just folded from the log, by log and month, as they are stored."""
    months: dict[Key, dict[str, Words]] = {}
    for log, one in doses.items():
        assert isinstance(one.words, dict)
        for day, said in one.words.items():
            months.setdefault((log, day[:_MONTH]), {})[day] = said
    return {key: _encode(days).decode() for key, days in months.items()}


def month_of(store: Store, patient_id: str, version: int, log: str, month: str) -> str:
    """Return what was said of a month's doses when the patient was at a version."""
    row = store.row(
        "SELECT version, words FROM dose_words WHERE patient_id = :patient_id AND log = :log AND month = :month",
        {"patient_id": patient_id, "log": log, "month": month},
    )
    if row is None or row["version"] <= version:
        return _NOTHING if row is None else str(row["words"])
    # Something was recorded since the patient's row was read.
    history = fold(facts.of_patient_through(store, patient_id, version))
    return by_month(history.doses).get((log, month), _NOTHING)


def of_patient(store: Store, patient_id: str) -> dict[Key, str]:
    """Return what is stored of a patient, by log and month; months of which nothing is said any more are left out."""
    rows = store.rows(
        "SELECT log, month, words FROM dose_words WHERE patient_id = :patient_id", {"patient_id": patient_id}
    )
    return {(row["log"], row["month"]): row["words"] for row in rows if row["words"] != _NOTHING}


def write(store: Store, patient_id: str, version: int, doses: Mapping[str, DoseLog]) -> None:
    """Store the words of a patient who is at a version now, touching only months that differ."""
    if any(isinstance(one.words, StoredWords) for one in doses.values()):
        new = {log: one for log, one in doses.items() if not isinstance(one.words, StoredWords)}
        wanted = changed(doses) | by_month(new)
    else:
        stored, wanted = of_patient(store, patient_id), by_month(doses)
        # A month of which nothing is said any more keeps its row: who read the version before sees that it changed.
        wanted |= {key: _NOTHING for key in stored if key not in wanted}
        wanted = {key: text for key, text in wanted.items() if stored.get(key) != text}
    if wanted:
        store.bulk_insert("dose_words", _rows(patient_id, version, wanted), _CONFLICT)


def insert(writer: Writer, patient_id: str, version: int, doses: Mapping[str, DoseLog]) -> None:
    """Store the words of a patient of whom none are stored, from a history just folded from the log."""
    if months := by_month(doses):
        writer.bulk_insert("dose_words", _rows(patient_id, version, months))


def _rows(patient_id: str, version: int, months: Mapping[Key, str]) -> list[Row]:
    return [
        {"patient_id": patient_id, "log": log, "month": month, "version": version, "words": text}
        for (log, month), text in months.items()
    ]
