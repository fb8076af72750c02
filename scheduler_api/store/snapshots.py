"""A folded history as text and back: the snapshot of a patient.

Two texts: the recorded days, which are many and which lists of patients do not need, and the rest. Of a day there is
one letter, so that a patient of years is a row that fits on a page of the database.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import Any, NamedTuple

import orjson

from scheduler_api.engine.facts import Enrolled, StudyEnded, TreatmentEnded, VisitDone, body_from_data, body_to_data
from scheduler_api.engine.history import Amendment, Booking, DoseChange, FertilityChange, History, Hold

from .memory import Memory
from .port import Row


class Texts(NamedTuple):
    """A snapshot: all but the recorded days, and these."""

    history: str
    days: str


def texts_of(history: History) -> Texts:
    """The snapshot of a history. Equal histories give equal texts."""
    return Texts(_small_text(history), _days_text(history))


def texts_after(stored: Row, before: History, after: History, day: date | None) -> Texts:
    """The same, made from the row of the history `before` it; of a record of one `day`, only that differs."""
    small = stored["history"] if after.differs_in_days_alone(before) else _small_text(after)
    if after.has_days_of(before):
        return Texts(small, stored["days"])
    return Texts(small, _days_text(after) if day is None else _days_text_with(stored["days"], after, day))


def _small_text(history: History) -> str:
    small = {
        "enrolled": body_to_data(history.enrolled),
        "time_zone": history.time_zone,
        "first_dose_on": history.first_dose_on,
        "holds": history.holds,
        "dose_changes": history.dose_changes,
        "bookings": dict(sorted(history.bookings.items())),
        "visits_done": [body_to_data(done) for done in history.visits_done],
        "progressed_on": history.progressed_on,
        "new_therapy_on": history.new_therapy_on,
        "treatment_ended": history.treatment_ended and body_to_data(history.treatment_ended),
        "study_ended": history.study_ended and body_to_data(history.study_ended),
        "fertility_changes": history.fertility_changes,
        "amendments": history.amendments,
    }
    return _dump(small)


#: A day taken as planned, taken at another amount (which stands beside the letters, in order), missed, not recorded.
_AS_PLANNED, _OTHERWISE, _MISSED, _SILENT = "txm."


def _days_text(history: History) -> str:
    """From the first of them to the last, a letter for each."""
    taken, missed = history.taken, history.missed
    ordinals = [day.toordinal() for day in (*taken, *missed)]
    if not ordinals:
        return _dump((None, "", ()))
    first = min(ordinals)
    letters = [_SILENT] * (max(ordinals) + 1 - first)
    for day, mg in taken.items():
        letters[day.toordinal() - first] = _AS_PLANNED if mg is None else _OTHERWISE
    for day in missed:
        letters[day.toordinal() - first] = _MISSED
    amounts = [mg for mg in history.taken_in_order[1] if mg is not None]
    return _dump((date.fromordinal(first), "".join(letters), amounts))


def _days_text_with(text: str, history: History, day: date) -> str:
    """The recorded days of a history, from the text of one that had all of them but this day, or had it otherwise."""
    first, letters, amounts = orjson.loads(text)
    letter = _MISSED if day in history.missed else _AS_PLANNED if history.taken.get(day, 0) is None else None
    place = (day - date.fromisoformat(first)).days if first else -1
    if letter is None or place < 0 or letters[place : place + 1] == _OTHERWISE:
        return _days_text(history)
    return _dump((first, letters[:place].ljust(place, _SILENT) + letter + letters[place + 1 :], amounts))


def _days(text: str) -> tuple[dict[date, float | None], frozenset[date]]:
    """The days taken and those missed."""
    first, letters, amounts = orjson.loads(text)
    taken: dict[date, float | None] = {}
    missed = []
    ordinal, amount = date.fromisoformat(first).toordinal() if first else 0, iter(amounts)
    for place, letter in enumerate(letters, ordinal):
        if letter == _AS_PLANNED:
            taken[date.fromordinal(place)] = None
        elif letter == _OTHERWISE:
            taken[date.fromordinal(place)] = next(amount)
        elif letter == _MISSED:
            missed.append(date.fromordinal(place))
    return taken, frozenset(missed)


def of_row(row: Row) -> History:
    """The history in a patient's row. Remembered by the head of its chain of facts."""
    history = _histories.get(row)
    return history or remember(row["patient_id"], row["head"], from_texts(row["history"], row["days"]))


_histories: Memory[History] = Memory()
#: Remember the history of a patient at a head.
remember = _histories.put


def without_days(row: Row) -> History:
    """The history in a patient's row, as if no day were recorded: enough for lists of patients."""
    return _without_days(row["history"])


def _dump(value: Any) -> str:
    return orjson.dumps(value, default=tuple, option=orjson.OPT_NON_STR_KEYS).decode()


@lru_cache(maxsize=512)
def _without_days(small: str) -> History:
    return from_texts(small, '[null,"",[]]')


def from_texts(small: str, days: str) -> History:
    """The history of a snapshot."""
    data = orjson.loads(small)
    taken, missed = _days(days)
    return History(
        enrolled=_body("enrolled", data["enrolled"], Enrolled),
        time_zone=data["time_zone"],
        first_dose_on=_date(data["first_dose_on"]),
        taken=taken,
        missed=missed,
        holds=tuple(Hold(date.fromisoformat(start), _date(end)) for start, end in data["holds"]),
        dose_changes=tuple(DoseChange(date.fromisoformat(day), mg) for day, mg in data["dose_changes"]),
        bookings={
            visit: Booking(date.fromisoformat(day), time, place)
            for visit, (day, time, place) in data["bookings"].items()
        },
        visits_done=tuple(_body("visit_done", done, VisitDone) for done in data["visits_done"]),
        progressed_on=_date(data["progressed_on"]),
        new_therapy_on=_date(data["new_therapy_on"]),
        treatment_ended=data["treatment_ended"] and _body("treatment_ended", data["treatment_ended"], TreatmentEnded),
        study_ended=data["study_ended"] and _body("study_ended", data["study_ended"], StudyEnded),
        fertility_changes=tuple(
            FertilityChange(date.fromisoformat(day), fertile, basis)
            for day, fertile, basis in data["fertility_changes"]
        ),
        amendments=tuple(Amendment(date.fromisoformat(day), version) for day, version in data["amendments"]),
    )


def _date(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _body(kind: str, data: Any, expected: type[Any]) -> Any:
    body = body_from_data(kind, data)
    assert isinstance(body, expected)
    return body
