"""Find what the forms for one patient have to choose from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from scheduler_api.engine.dates import civil_date
from scheduler_api.engine.model.facts import UNSCHEDULED
from scheduler_api.engine.visits.recurrence import label_of
from scheduler_api.store.database.port import Row
from scheduler_api.store.visits.visits import Query
from scheduler_api.use_cases.projections import schedules
from scheduler_api.use_cases.session import Session
from scheduler_api.use_cases.sites import protocols, sites
from scheduler_api.use_cases.visits import visits

from .forms import Options


def options_of(session: Session, row: Row) -> Mapping[str, Options]:
    """Return the options of the fields that depend on the patient: those of the protocol that applies today.

    A drug, an arm or a part of the day that need not be named has none.
    """
    schedule, today = schedules.of_row(session.store, row), civil_date(session.now, row["time_zone"])
    protocol = schedule.protocol_on(today)
    regimens = [(one.id, one.drug) for one in protocol.regimens]
    several = regimens if len(regimens) > 1 else []
    per_day = max((one.times_a_day for one in protocol.regimens), default=1)
    responses = dict.fromkeys(code for one in protocol.series if one.responses for code in one.responses.codes)
    holds = [(one.fact_id, str(one.from_on)) for one in schedule.history.open_holds]
    versions = protocols.versions_of(session.store, protocol.id)
    strengths = strengths_of(session, row)
    return {
        "units": strengths,
        "lost": strengths,
        "regimen": several,
        "regimens": several,
        "slot": [(str(number), "") for number in range(1, per_day + 1)] if per_day > 1 else [],
        "times_a_day": [(str(number), "") for number in range(1, per_day + 1)] if per_day > 1 else [],
        "arm": [(arm, "") for arm in protocol.arms],
        "cohort": [(cohort, "") for cohort in protocol.cohorts],
        "milestone": [(one, "") for one in sorted(protocol.milestones)],
        "response": [(code, "") for code in responses],
        "series": [(one.name, "") for one in protocol.series],
        "hold": holds if len(holds) > 1 else [],
        "version": [(str(number), "") for number in sorted(versions)],
        "site": sites.others(session.store, schedule.history.site_on(today)),
        "visit": [(UNSCHEDULED, ""), *((item["visit"], "") for item in visits_of(session, row["patient_id"]))],
    }


def strengths_of(session: Session, row: Row) -> Options:
    """Return the strengths of the patient's drugs, the largest first, each with its unit; none if none are known."""
    schedule = schedules.of_row(session.store, row)
    regimens = schedule.protocol_on(civil_date(session.now, row["time_zone"])).regimens
    found = {strength: f"{strength:g} {one.unit}" for one in regimens for strength in one.strengths}
    return [(f"{strength:g}", text) for strength, text in sorted(found.items(), reverse=True)]


def amounts_of(session: Session, row: Row) -> list[str]:
    """Return the amounts that the protocol names for the patient's drugs, the largest first."""
    schedule = schedules.of_row(session.store, row)
    protocol = schedule.protocol_on(civil_date(session.now, row["time_zone"]))
    amounts = {amount for one in protocol.regimens for amount in (one.amount, *one.levels)}
    return [f"{amount:.10g}" for amount in sorted(amounts, reverse=True)]


def visits_of(session: Session, patient_id: str) -> list[dict[str, Any]]:
    """Return the visits of a patient, by target day, as far as a page of the list reaches."""
    return visits.find(session, Query(patient_id=patient_id, sort="target_on", limit=200)).items


def labels_of(session: Session, row: Row, new: Iterable[str] = ()) -> dict[str, Any]:
    """Return the labels of a patient's visits by name, and of those that are `new`: they follow from what is shown."""
    labels = {item["visit"]: item["label"] for item in visits_of(session, row["patient_id"])}
    if unknown := [visit for visit in new if visit not in labels]:
        protocol = schedules.of_row(session.store, row).protocol_on(civil_date(session.now, row["time_zone"]))
        for visit in unknown:
            found = (label_of(series, visit) for series in protocol.series)
            labels[visit] = next(filter(None, found), visit)
    return labels
