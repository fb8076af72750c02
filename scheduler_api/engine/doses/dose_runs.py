"""Runs of dose days: consecutive days of one intake on which the same was planned and became of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from operator import itemgetter
from typing import Any

from scheduler_api.engine.model.history import ONE_DAY, History
from scheduler_api.engine.treatment.dose_ids import parse_dose_id

#: What is the same on all days of a run, besides the intake and the site.
_STATE = ("status", "amount", "taken_amount", "unit", "drug")


def dose_runs(rows: Iterable[Mapping[str, Any]], history: History) -> list[dict[str, Any]]:
    """Return the runs in dose days as a calendar shows them, by first day, then by regimen and intake.

    A run ends where the patient moves to another site, too.
    """
    runs: list[dict[str, Any]] = []
    latest: dict[tuple[str | None, int | None], dict[str, Any]] = {}
    for row in rows:
        dose = parse_dose_id(row["dose_id"])
        state = {name: row[name] for name in _STATE} | {"site": history.site_on(dose.day)}
        run = latest.get((dose.regimen, dose.slot))
        if run is not None and run["through_on"] + ONE_DAY == dose.day and state.items() <= run.items():
            run["through_on"] = dose.day
            run["days"] += 1
            continue
        run = {"regimen": dose.regimen, "slot": dose.slot, "from_on": dose.day, "through_on": dose.day, "days": 1}
        latest[dose.regimen, dose.slot] = run | state
        runs.append(latest[dose.regimen, dose.slot])
    return sorted(runs, key=itemgetter("from_on", "regimen", "slot"))
