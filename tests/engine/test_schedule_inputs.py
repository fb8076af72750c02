"""A schedule that is kept answers for any other day."""

from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from scheduler_api.engine.views.calendar import today_view

from .patients import Patient, protocol, series
from .strategies import patients, todays


@given(patients(), st.lists(todays, min_size=2, max_size=6))
def test_a_kept_schedule_says_of_any_day_what_a_new_one_says(patient: Patient, days: list[date]) -> None:
    kept = patient.schedule()
    assert [today_view(kept, day) for day in days] == [today_view(patient.schedule(), day) for day in days]


def test_where_a_visit_would_be_without_a_hold_is_an_input_too() -> None:
    """Day 1 of cycle 2, 2024-01-26, is moved to 02-15, and the visit 10 days after it from 02-05, when it was done.

    Once the first is recorded as done on 01-27, the other would have been on 02-06: the hold did not move it away.
    """
    clinic = series("clinic", {"days": [1]}, window=(3, 3))
    safety = series("safety", {"visit": "clinic-c2d1"}, first={"days": 10}, window=(0, 0))
    patient = Patient.treated(protocol(clinic, safety, on_hold="extend"))
    patient.record("visit_done", series="safety", done_on="2024-02-05", visit="safety")
    patient.record("hold_started", from_on="2024-01-20", resumes_on="2024-02-09")
    before = patient.schedule()
    assert patient.on("2024-02-10").status("safety") == "upcoming"
    patient.record("visit_done", series="clinic", done_on="2024-01-27", visit="clinic-c2d1")
    assert patient.on("2024-02-10").status("safety") == "done"
    assert "safety" in patient.schedule().changed_series(before)
