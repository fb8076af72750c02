"""A schedule that is kept answers for any other day."""

from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from scheduler_api.engine.views.calendar import today_view

from .patients import Patient
from .strategies import patients, todays


@given(patients(), st.lists(todays, min_size=2, max_size=6))
def test_a_kept_schedule_says_of_any_day_what_a_new_one_says(patient: Patient, days: list[date]) -> None:
    kept = patient.schedule()
    assert [today_view(kept, day) for day in days] == [today_view(patient.schedule(), day) for day in days]
