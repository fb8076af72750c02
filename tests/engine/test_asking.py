"""Nobody who died or left is asked to come; nor for anything else, who is not to be contacted (rules, section 3)."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from scheduler_api.engine.errors import ValidationFailed
from scheduler_api.engine.reminders.kinds import TO_PATIENTS
from scheduler_api.engine.reminders.plan import Planner
from scheduler_api.engine.reminders.preferences import NotificationPreferences, SitePreferences
from scheduler_api.engine.views.calendar import PatientSchedule, calendar, today_view
from scheduler_api.engine.worklist.worklist import worklist
from scheduler_api.use_cases.phones import feeds

from .naive import Known
from .patients import Patient, start_of
from .strategies import patients

#: What a site still has to do about the record of a patient who died: nothing of it asks the patient to come.
ABOUT_THE_RECORD = {
    *("treatment_end_missing", "progression_date_missing", "assignment_to_confirm"),
    *("booking_past", "booking_to_cancel", "booking_at_old_site", "response_missing"),
    *("doses_to_confirm", "record_after_death", "dose_before_start", "milestone_unconfirmed"),
    *("dose_above_plan", "dose_while_held", "dose_on_rest_day", "dose_not_planned", "dose_after_end"),
}
OF_THE_LAST_DAY = {"dose_to_calculate", "planned_amount_to_confirm", "doses_not_taken"}
#: What asks a site to have the patient come.
TO_COME = {"visit_to_book", "follow_up_due", "visit_overdue", "booking_outside_window"}
#: Messages that ask the patient to come or to take something.
ASKING = {"window_opened", "window_closing", "booking_tomorrow", "dose_due", "dose_again", "dose_later"}
#: What a visit or dose is while somebody is still to come for it, or to take it.
STILL_TO_COME, STILL_TO_TAKE = {"upcoming", "open", "overdue"}, {"due", "planned"}

partly = st.sampled_from([10, 10, 10, 7, 4])
ends = st.one_of(
    st.tuples(st.just("study_ended"), st.just("death"), partly),
    st.tuples(st.just("treatment_ended"), st.just("death"), partly),
    st.tuples(st.just("study_ended"), st.just("lost_to_follow_up"), partly),
    st.tuples(st.just("study_ended"), st.sampled_from(["withdrawal", "completed", "sponsor_decision"]), st.just(10)),
)


@st.composite
def patients_who_left(draw: Any) -> Patient:
    """A patient with any history, who then died or left, or had already."""
    patient: Patient = draw(patients())
    on = str(start_of(patient) + timedelta(draw(st.integers(0, 400))))
    kind, reason, length = draw(ends)
    contact = draw(st.sampled_from([None, "stop", "continue"])) if kind == "study_ended" and reason != "death" else None
    # Somebody who leaves often has an appointment still to come.
    visits = [visit.visit for visit in patient.schedule().visits(date.fromisoformat(on), date(2026, 1, 1))]
    if visits and draw(st.booleans()):
        ahead = date.fromisoformat(on) + timedelta(draw(st.integers(0, 60)))
        _unless_refused(patient, "visit_booked", visit=draw(st.sampled_from(visits[:4])), booked_on=str(ahead))
    if kind == "study_ended" and draw(st.booleans()):
        # The last dose of who leaves is perhaps that of this very day.
        _unless_refused(patient, "treatment_ended", last_dose_on=on, decided_on=on, reason="other")
    if kind == "study_ended":
        more = {} if contact is None else {"contact_after": contact}
        _unless_refused(patient, kind, ended_on=on[:length], reason=reason, **more)
    else:
        last = draw(st.sampled_from([None, on[:length]]))
        _unless_refused(patient, kind, last_dose_on=last, decided_on=on[:length], reason=reason)
    assume(patient.history.off_study is not None)
    return patient


def _unless_refused(patient: Patient, kind: str, **data: Any) -> None:
    try:
        patient.record(kind, **data)
    except ValidationFailed:
        return


def test_a_late_appointment_of_who_has_left_is_to_cancel_and_nobody_is_reminded_of_it() -> None:
    """Imaging of week 6 closed on 2024-02-21 and was booked late; then the patient was lost, but may be written to."""
    patient = Patient.treated()
    patient.record("visit_booked", visit="imaging-w6", booked_on="2024-03-08")
    first, last = date(2024, 3, 7), date(2024, 3, 7)
    assert "booking_tomorrow" in {one.kind for one in _messages(patient.schedule(), first, last)}
    patient.record("study_ended", ended_on="2024-03-01", reason="lost_to_follow_up", contact_after="continue")
    schedule = patient.schedule()
    assert [one.kind for one in _messages(schedule, first, last) if one.kind in ASKING] == []
    found = {entry.kind: entry for entry in _entries(schedule, date(2024, 3, 1), date(2024, 3, 8)) if entry.visit}
    assert set(found) == {"booking_to_cancel"}
    entry = found["booking_to_cancel"]
    assert (entry.from_on, entry.through_on, entry.due_on) == (date(2024, 3, 1), date(2024, 3, 8), date(2024, 3, 8))
    # The day after, somebody should say what came of it.
    later = _entries(schedule, date(2024, 3, 9), date(2024, 3, 9))
    assert {entry.kind for entry in later if entry.visit} == {"booking_past"}
    # Whoever left on the very day may have come.
    on_the_day = Patient.treated()
    on_the_day.record("visit_booked", visit="imaging-w6", booked_on="2024-03-08")
    on_the_day.record("study_ended", ended_on="2024-03-08", reason="lost_to_follow_up", contact_after="continue")
    entries = _entries(on_the_day.schedule(), date(2024, 3, 8), date(2024, 3, 8))
    assert "booking_to_cancel" not in {entry.kind for entry in entries}


def test_what_was_booked_with_the_site_before_is_for_it_to_cancel_also_after_a_death() -> None:
    patient = Patient.treated()
    patient.record("visit_booked", visit="imaging-w12", booked_on="2024-03-27")
    patient.record("site_transferred", site="BERLIN", from_on="2024-03-01")
    patient.record("study_ended", ended_on="2024-02-20", reason="death")
    entries = _entries(patient.schedule(), date(2024, 2, 21), date(2024, 3, 27))
    assert [(entry.kind, entry.site) for entry in entries if entry.visit] == [
        ("booking_to_cancel", None),
        ("booking_at_old_site", "FUSCC"),
    ]
    # Nobody cancelled it: that is still to be done.
    later = _entries(patient.schedule(), date(2024, 3, 28), date(2024, 12, 1))
    assert [(entry.kind, entry.site) for entry in later if entry.visit] == [("booking_past", None)]


def test_who_is_not_to_be_contacted_is_asked_for_nothing_from_the_day_of_leaving_on() -> None:
    patient = Patient.treated()
    patient.record("study_ended", ended_on="2024-02-20", reason="withdrawal")
    before, since = patient.view("2024-02-19"), patient.view("2024-02-20")
    assert len(before["unrecorded"]) == 7
    assert [visit["visit"] for visit in before["visits"]] == ["contraception-m1"]
    assert (since["unrecorded"], since["visits"]) == ([], [])


def test_on_the_day_of_a_withdrawal_only_the_dose_that_was_taken_is_shown() -> None:
    patient = Patient.treated()
    patient.take("2024-02-10")
    patient.record("study_ended", ended_on="2024-02-10", reason="withdrawal")
    assert [row["status"] for row in patient.view("2024-02-10")["doses"]] == ["taken"]
    assert (patient.view("2024-02-10")["unrecorded"], patient.view("2024-02-11")["doses"]) == ([], [])


@given(patients_who_left(), st.integers(0, 90))
def test_who_has_died_or_left_is_not_asked_to_come(patient: Patient, later: int) -> None:
    """In the calendar, on the phone's page of the day, in the feed, by a message, and on the worklist of the site."""
    history, schedule = patient.history, patient.schedule()
    assert history.off_study is not None
    today = history.off_study.on + timedelta(later)
    document = calendar(patient.versions, history, today, today - timedelta(90), today + timedelta(700))
    assert [row for row in document["visits"] if row["status"] in STILL_TO_COME] == []
    # Of a patient who never began, days before that stay planned; and a last dose of that very day stays as it is.
    known = Known(patient)
    doses = [row for row in document["doses"] if row["dose_on"] >= history.off_study.on]
    doses = [row for row in doses if row["status"] in STILL_TO_TAKE]
    assert [row for row in doses if row["dose_on"] not in known.stated_last_days(row["dose_id"].split(".")[1])] == []
    view = today_view(schedule, today)
    assert [visit for visit in view["visits"] if visit["status"] in STILL_TO_COME] == []
    assert "due" not in [dose["status"] for dose in view["doses"]]
    assert {event["kind"] for event in _feed(schedule, today)} <= {"contraception"}
    messages = _messages(schedule, today, today + timedelta(400))
    assert [one for one in messages if one.kind in ASKING and one.day >= today] == []
    assert {entry.kind for entry in _entries(schedule, today, today + timedelta(400))} & TO_COME == set()


@given(patients_who_left(), st.integers(0, 90))
def test_who_died_or_is_not_to_be_contacted_is_asked_for_nothing(patient: Patient, later: int) -> None:
    history, schedule = patient.history, patient.schedule()
    assume(not history.may_be_contacted)
    assert history.off_study is not None
    today = history.off_study.on + timedelta(later)
    view = today_view(schedule, today)
    assert view["unrecorded"] == []
    assert not [dose for dose in view["doses"] if dose["status"] in STILL_TO_TAKE]
    assert _feed(schedule, today) == []
    messages = _messages(schedule, today, today + timedelta(400))
    assert [one for one in messages if one.kind in TO_PATIENTS and one.day >= today] == []
    if history.died is not None:
        assert messages == []
    # Who left may have died only later: until then a pregnancy is asked about.
    if history.died is not None and history.died.on <= today:
        # The very day belongs to treatment: the amount of its dose may be unknown, and days before it not recorded.
        about = ABOUT_THE_RECORD | (OF_THE_LAST_DAY if today == history.died.on else set())
        assert {entry.kind for entry in _entries(schedule, today, today + timedelta(400))} <= about


def _messages(schedule: PatientSchedule, first: date, last: date) -> list[Any]:
    return Planner(schedule, NotificationPreferences(), SitePreferences("Asia/Shanghai"), {}).messages(first, last)


def _entries(schedule: PatientSchedule, first: date, last: date) -> list[Any]:
    return worklist(schedule, schedule.visits(date(2010, 1, 1), date(2032, 12, 31)), first, last)


def _feed(schedule: PatientSchedule, today: date) -> list[dict[str, Any]]:
    """The events of the patient's feed with reminders of doses, as read at noon in a zone that is on UTC."""
    feed = feeds.Feed("name", "p-1", feeds.Options(doses=True), 1, "UTC", NotificationPreferences())
    events = feeds._current(schedule, feed, datetime.combine(today, time(12), UTC))
    return [feeds.orjson.loads(event) for event in events.values()]
