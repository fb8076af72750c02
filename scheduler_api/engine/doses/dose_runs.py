"""Runs of dose days: consecutive days of one intake on which the same was planned and became of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from operator import itemgetter
from typing import Any

from scheduler_api.engine.dates import ONE_DAY
from scheduler_api.engine.model.history import History

#: What is the same on all days of a run, besides the intake and the site. A dose given at the site is a visit, and a
#: run by itself.
_STATE = ("status", "amount", "taken_amount", "unit", "drug", "visit")


def dose_runs(rows: Iterable[Mapping[str, Any]], history: History) -> list[dict[str, Any]]:
    """Return the runs in doses as `dose_rows` lists them, by first day, then by regimen and intake.

    A run ends where the patient moves to another site, too.
    """
    runs: list[dict[str, Any]] = []
    latest: dict[tuple[str, int], dict[str, Any]] = {}
    for row in rows:
        day, intake = row["dose_on"], (row["regimen"], row["slot"])
        state = {name: row[name] for name in _STATE} | {"site": history.site_on(day)}
        run = latest.get(intake)
        if run is not None and run["through_on"] + ONE_DAY == day and state.items() <= run.items():
            run["through_on"] = day
            run["days"] += 1
            continue
        run = {"regimen": row["regimen"], "slot": row["slot"], "from_on": day, "through_on": day, "days": 1}
        latest[intake] = run | state
        runs.append(latest[intake])
    return sorted(runs, key=itemgetter("from_on", "regimen", "slot"))
