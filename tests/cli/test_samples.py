"""The synthetic patients."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from conftest import SAMPLED_ON

from scheduler_api.cli.database.maintenance import prepare
from scheduler_api.cli.opening import session_on
from scheduler_api.cli.samples import samples
from scheduler_api.cli.samples.plans import PLANS, SCREENING
from scheduler_api.engine.model.facts import Enrolled
from scheduler_api.engine.treatment.status import PATIENT_STATUSES
from scheduler_api.schemas.patients import DeviationSchema
from scheduler_api.store.database.connect import connect
from scheduler_api.store.visits.visits import STATUSES
from scheduler_api.use_cases.patients import calendars, patients
from scheduler_api.use_cases.projections import maintenance
from scheduler_api.use_cases.visits import worklist

from .conftest import Commands

#: Ends of short and long months, a leap day, the end of a year, and each day of a week.
DAYS = [
    date(2024, 2, 29),
    date(2025, 3, 1),
    date(2026, 8, 31),
    date(2026, 12, 31),
    *(date(2027, 5, 10) + timedelta(number) for number in range(7)),
]


def test_the_same_seed_and_day_give_the_same_facts() -> None:
    assert samples.entries(SAMPLED_ON) == samples.entries(SAMPLED_ON)
    assert samples.entries(SAMPLED_ON, seed=1) != samples.entries(SAMPLED_ON, seed=2)


@pytest.mark.parametrize("today", DAYS, ids=str)
def test_facts_were_recorded_in_order_before_today_and_after_they_happened(today: date) -> None:
    found = samples.entries(today)
    assert len(PLANS) + len(SCREENING) == len({entry.subject_number for entry in found}) == 31
    assert [entry.at for entry in found] == sorted(entry.at for entry in found)
    assert found[-1].at < datetime.combine(today, datetime.min.time(), ZoneInfo("Asia/Shanghai"))
    enrolled = [entry.body.enrolled_on for entry in found if isinstance(entry.body, Enrolled)]
    assert enrolled[0] == samples.TRIAL_FIRST + samples.shift(today)
    assert samples.TRIAL_LAST + samples.shift(today) > today > enrolled[-1]
    assert (today - enrolled[0]) == (samples.TRIAL_LAST - samples.TRIAL_FIRST) // 2


@pytest.fixture(scope="module")
def seen(sampled: tuple[str, dict[str, str]]) -> dict[str, set[str]]:
    """All statuses that the calendars of the samples show on the day they are for."""
    return _seen(sampled[0], SAMPLED_ON)


def _seen(database: str, today: date) -> dict[str, set[str]]:
    store = connect(database)
    session = session_on(store)
    found: dict[str, set[str]] = defaultdict(set)
    listed = patients.find(session, limit=200).items
    assert len(listed) == 31
    for patient in listed:
        first = patient["enrolled_on"] or patient["consented_on"]
        view = calendars.View(first, first + timedelta(600), today)
        document = calendars.calendar_document(session, patient["patient_id"], view)
        found["status"].add(document["status"])
        found["contraception"].add(document["contraception"]["status"])
        for name, field in (("doses", "status"), ("visits", "status"), ("deviations", "kind"), ("cycles", "status")):
            found[name] |= {row[field] for row in document[name]}
        found["assigned"] |= {str(visit["assigned"]) for visit in document["visits"]}
        found["appointment"] |= {
            f"{visit['appointment']} {visit['status']}" for visit in document["visits"] if visit["appointment"]
        }
        found["response"] |= {str(visit["response"]) for visit in document["visits"]}
        found["unscheduled"] |= {visit["series"] for visit in document["unscheduled"]}
        ended = document["treatment"]["ended"]
        found["ended"] |= {ended["reason"]} if ended else set()
    store.close()
    return found


def _check_everything_appears(seen: dict[str, set[str]]) -> None:
    kinds = set(DeviationSchema().fields["kind"].validate.choices)  # type: ignore[union-attr]
    assert seen["status"] == set(PATIENT_STATUSES)
    assert seen["contraception"] == {"required", "released", "not_required"}
    # The protocol doses every day: no day of rest.
    assert seen["doses"] == {"taken", "held", "missed", "planned", "due", "unrecorded"}
    assert seen["deviations"] == kinds - {
        "dose_on_rest_day",
        "dose_not_planned",
        "dose_out_of_window",
        "visit_after_end",
    }
    assert seen["visits"] == set(STATUSES)
    assert seen["cycles"] == {"completed", "current", "upcoming"}
    assert seen["assigned"] == {"named", "window", "late", "None"}
    assert seen["appointment"] == {"part overdue", "part upcoming", "unscheduled upcoming"}
    assert seen["response"] == {"CR", "PR", "SD", "PD", "NE", "None"}
    assert seen["unscheduled"] == {"imaging"}
    assert seen["ended"] == {*("progression", "intolerance", "withdrawal", "death", "pregnancy", "physician_decision")}


def test_every_status_appears_on_the_day_they_are_for(seen: dict[str, set[str]]) -> None:
    _check_everything_appears(seen)


@pytest.mark.parametrize("today", [date(2024, 2, 29), date(2027, 5, 15)], ids=str)
def test_every_status_appears_whatever_the_day(today: date, file: Commands) -> None:
    store = connect(file.database)
    prepare(store, file.database)
    samples.load(store, samples.entries(today))
    store.close()
    _check_everything_appears(_seen(file.database, today))


def test_what_is_loaded_is_whole_and_recorded_as_it_happened(sampled: tuple[str, dict[str, str]]) -> None:
    store = connect(sampled[0])
    assert list(maintenance.verify(store)) == []
    recorded = store.rows("SELECT recorded_at, role, name FROM facts ORDER BY recorded_at")
    store.close()
    instants = [datetime.fromisoformat(row["recorded_at"]) for row in recorded]
    assert instants == sorted(entry.at for entry in samples.entries(SAMPLED_ON))
    assert {(row["role"], row["name"]) for row in recorded} == {("nurse", "study nurse")}


def test_a_part_that_nobody_recorded_is_on_the_worklist(run_samples: Commands) -> None:
    store = connect(run_samples.database)
    entries = worklist.find(session_on(store), limit=200).items
    past = {(one["subject_number"], one["visit"].partition(".")[0]) for one in entries if one["kind"] == "booking_past"}
    store.close()
    assert ("FUSCC-13", "imaging-w24") in past


def test_there_is_a_correction_and_a_fact_taken_back(sampled: tuple[str, dict[str, str]]) -> None:
    store = connect(sampled[0])
    corrected = store.rows("SELECT correction FROM facts WHERE replaces IS NOT NULL")
    voided = store.rows("SELECT correction FROM facts WHERE kind = 'voided'")
    store.close()
    assert corrected == [{"correction": "found in the patient's diary"}]
    assert voided == [{"correction": "recorded for the wrong patient"}]


def test_what_was_known_before_a_correction_can_be_seen(run_samples: Commands) -> None:
    """A dose that was said to be missed the evening before it turned out taken."""
    (known, corrected) = (
        entry for entry in samples.entries(SAMPLED_ON) if "16 mistake" in f"{entry.key}{entry.replaces}"
    )
    day = known.body.dose_on  # type: ignore[union-attr]
    store = connect(run_samples.database)
    session = session_on(store)
    (patient,) = patients.find(session, subject_number_part="FUSCC-16").items
    statuses = [
        _row(calendars.calendar_document(session, patient["patient_id"], calendars.View(day, day, known_at=instant)))
        for instant in (known.at, corrected.at)
    ]
    store.close()
    assert statuses == ["missed", "taken"]


def _row(document: dict[str, list[dict[str, str]]]) -> str:
    (row,) = document["doses"]
    return row["status"]
