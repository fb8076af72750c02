"""A folded history as text and back: the snapshot of a patient.

Two texts: what is small, and the recorded days, which are many and which lists of patients do not need.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import Any

import orjson

from scheduler_api.engine.facts import Enrolled, StudyEnded, TreatmentEnded, VisitDone, body_from_data, body_to_data
from scheduler_api.engine.history import Amendment, Booking, DoseChange, FertilityChange, History, Hold

from .memory import Memory
from .port import Row


def small_text(history: History) -> str:
    """The small part of the snapshot. Equal histories give equal texts."""
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


def doses_text(history: History) -> str:
    """The recorded days of the snapshot. Equal histories give equal texts."""
    return _dump({"taken": history.taken, "missed": history.missed_in_order})


def of_row(row: Row) -> History:
    """The history in a patient's row. Remembered by the head of its chain of facts."""
    history = _histories.get(row)
    return history or remember(row["patient_id"], row["head"], from_texts(row["history"], row["doses"]))


_histories: Memory[History] = Memory()
#: Remember the history of a patient at a head.
remember = _histories.put


def without_doses(row: Row) -> History:
    """The history in a patient's row, as if no day were recorded: enough for lists of patients."""
    return _without_doses(row["history"])


def _dump(value: Any) -> str:
    return orjson.dumps(value, default=tuple, option=orjson.OPT_NON_STR_KEYS).decode()


@lru_cache(maxsize=512)
def _without_doses(small: str) -> History:
    return from_texts(small, '{"taken":{},"missed":[]}')


def from_texts(small: str, doses: str) -> History:
    """The history of a snapshot."""
    data, days = orjson.loads(small), orjson.loads(doses)
    return History(
        enrolled=_body("enrolled", data["enrolled"], Enrolled),
        time_zone=data["time_zone"],
        first_dose_on=_date(data["first_dose_on"]),
        taken={date.fromisoformat(day): mg for day, mg in days["taken"].items()},
        missed=frozenset(map(date.fromisoformat, days["missed"])),
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
