"""Refuse amendments that would take away what the patient takes, or what is on record (rules, section 9)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from scheduler_api.engine.dates import ONE_DAY
from scheduler_api.engine.errors import FieldError
from scheduler_api.engine.model.dose_log import regimen_of_log
from scheduler_api.engine.model.history import History
from scheduler_api.engine.model.protocol import Protocol, Versions
from scheduler_api.engine.model.versions import Period, periods, version_on
from scheduler_api.engine.visits.given import settled_plan


def amendment_error(
    plan: tuple[Period, ...], history: History, protocol: Protocol, from_on: date, today: date
) -> FieldError | None:
    """Return why a patient cannot be amended to a version from a day on; None if that is possible.

    The version must have the patient's arm, and each regimen that runs, on the days for which it is to apply: until the
    next amendment, but no further than `today` (or `from_on`, if that lies ahead).
    """
    following = (one.from_on - ONE_DAY for one in history.amendments if one.from_on > from_on)
    through_on = min([max(from_on, today), *following])
    for day in (from_on, *(one.from_on for one in history.arms if from_on < one.from_on <= through_on)):
        arm = history.arm_on(day)
        if arm is not None and arm not in protocol.arms:
            detail = f"Version {protocol.version} has no arm {arm}, in which the patient is on {day}."
            return FieldError("/version", detail, "not_applicable")
    lost = {one.id for period in plan for one in period.protocol.regimens if protocol.find_regimen(one.id) is None}
    # Nearly always none is lost, and nothing is computed.
    for one in settled_plan(plan, history).regimens if lost else ():
        if one.name in lost and (runs_on := one.first_day_run(from_on, through_on)) is not None:
            detail = f"Version {protocol.version} has no regimen {one.name}, which runs on {runs_on}."
            return FieldError("/version", detail, "not_applicable")
    return None


def lost_records(versions: Versions, history: History) -> Iterator[FieldError]:
    """Yield an error for each record that nothing would show any more.

    These are doses of a regimen, and visits of a series, that no version of the patient's has, and arms that the
    version of their day does not have.
    """
    plan = periods(versions, history)
    regimens = {one.id for period in plan for one in period.protocol.regimens}
    for name in history.doses:
        regimen = regimen_of_log(name)
        if regimen and regimen not in regimens:
            yield _on_record(f"Doses of {regimen} are on record, which no version of this patient has then.")
    for done in history.visits_done:
        if all(period.protocol.find_series(done.series) is None for period in plan):
            yield _on_record(
                f"{done.fact_id} records a visit of {done.series}, which no version of this patient has then."
            )
    for change in history.arms:
        if change.arm not in version_on(plan, change.from_on).arms:
            yield _on_record(
                f"Arm {change.arm} is on record from {change.from_on} on, which that version does not have."
            )


def _on_record(detail: str) -> FieldError:
    return FieldError("/version", detail, "contradicts_record")
