"""Nobody who has died, or left and is not to be contacted, is asked for anything (rules, section 3)."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from scheduler_api.engine.errors import ValidationFailed
from scheduler_api.engine.reminders.kinds import TO_PATIENTS
from scheduler_api.engine.reminders.plan import Planner
from scheduler_api.engine.reminders.preferences import NotificationPreferences, SitePreferences
from scheduler_api.engine.views.calendar import today_view
from scheduler_api.engine.views.tasks import worklist

from .patients import Patient, start_of
from .strategies import patients

#: What a site still has to do about the record of a patient who died: nothing of it asks the patient to come.
ABOUT_THE_RECORD = {
    *("treatment_end_missing", "progression_date_missing", "assignment_to_confirm"),
    *("booking_past", "booking_to_cancel", "response_missing"),
    *("doses_to_confirm", "record_after_death"),
    *("dose_above_plan", "dose_while_held", "dose_on_rest_day", "dose_after_end"),
}


@given(patients(), st.integers(0, 400), st.integers(0, 40), st.sampled_from(["death", "withdrawal"]))
def test_no_view_and_no_message_asks_who_has_died_or_left(patient: Patient, on: int, later: int, why: str) -> None:
    left_on = start_of(patient) + timedelta(on)
    try:
        patient.record("study_ended", ended_on=str(left_on), reason=why)
    except ValidationFailed:
        return
    history, schedule = patient.history, patient.schedule()
    if history.off_study is None or history.may_be_contacted:
        return
    today = history.off_study.on + timedelta(later)
    view = today_view(schedule, today)
    assert (view["unrecorded"], view["visits"]) == ([], [])
    assert view["dose"] is None or view["dose"]["status"] not in ("due", "planned", "unrecorded")
    messages = Planner(schedule, NotificationPreferences(), SitePreferences("Asia/Shanghai"), {}).messages(
        today, today + timedelta(60)
    )
    assert [message for message in messages if message.kind in TO_PATIENTS and message.day >= today] == []
    if history.died is not None:
        assert messages == []
        visits = schedule.visits(date(2010, 1, 1), date(2032, 12, 31))
        entries = worklist(schedule, visits, today, today)
        assert {entry.kind for entry in entries} <= ABOUT_THE_RECORD
