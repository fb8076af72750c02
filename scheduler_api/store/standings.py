"""The table `standings`: a derived row for each patient, from which cycle, hold and last scan on any day follow.

Apart from `patients`, since it rarely changes and lists read it for every line.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache

import orjson

from scheduler_api.engine.cycles import CycleRun
from scheduler_api.engine.history import Hold
from scheduler_api.engine.standing import LastDone, Standing

from .port import Store

_UPSERT = (
    "INSERT INTO standings (patient_id, standing) VALUES (:patient_id, :standing) "
    "ON CONFLICT (patient_id) DO UPDATE SET standing = excluded.standing WHERE standings.standing <> excluded.standing"
)


def put(store: Store, patient_id: str, standing: Standing) -> None:
    """Keep a patient's standing; nothing is written if it is the one that is kept."""
    store.write(_UPSERT, {"patient_id": patient_id, "standing": to_text(standing)})


def get(store: Store, patient_id: str) -> str | None:
    """A patient's standing as it is kept."""
    row = store.row("SELECT standing FROM standings WHERE patient_id = :patient_id", {"patient_id": patient_id})
    return None if row is None else row["standing"]


def to_text(standing: Standing) -> str:
    """A standing as text. Equal standings give equal texts."""
    # The holds that stop the count are all or none: once is enough.
    runs = [(run.first_number, run.starts_on, run.cycle_days, bool(run.holds)) for run in standing.runs]
    last = {series: tuple(done) for series, done in sorted(standing.last_done.items())}
    parts = (standing.from_on, standing.through_on, runs, standing.holds, last)
    return orjson.dumps(parts, default=tuple).decode()


@lru_cache(maxsize=8192)
def of_text(text: str) -> Standing:
    """The opposite of `to_text`. Remembered by content: the same text always means the same standing."""
    from_on, through_on, runs, holds, last = orjson.loads(text)
    held = tuple(Hold(date.fromisoformat(start), _date(end)) for start, end in holds)
    return Standing(
        _date(from_on),
        _date(through_on),
        tuple(
            CycleRun(number, date.fromisoformat(starts_on), cycle_days, held if stops else ())
            for number, starts_on, cycle_days, stops in runs
        ),
        held,
        {series: LastDone(date.fromisoformat(done_on), response) for series, (done_on, response) in last.items()},
    )


def _date(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
