"""A pregnancy of the patient, while it is open (rules, section 7)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from scheduler_api.engine.errors import Conflict, ValidationFailed
from scheduler_api.engine.model.facts import body_to_data
from scheduler_api.engine.protocol_file.parse import read_protocol
from scheduler_api.engine.reminders.plan import Planner
from scheduler_api.engine.reminders.preferences import NotificationPreferences, SitePreferences
from scheduler_api.engine.views.changes import consequences
from scheduler_api.engine.worklist.entry import WorklistEntry, urgency
from scheduler_api.engine.worklist.worklist import worklist

from .patients import Patient, day, is_listed, plain, protocol_data, regimen_data


def pregnant(**enrolment: Any) -> Patient:
    """The patient of the worked examples; the site hears of her pregnancy on 2024-02-20."""
    patient = Patient.treated(**enrolment)
    patient.record("pregnancy_reported", reported_on="2024-02-20", of="patient")
    return patient


def entries(patient: Patient, today: str) -> list[WorklistEntry]:
    """What stands on a day."""
    schedule, on = patient.schedule(), day(today)
    return [one for one in worklist(schedule, schedule.visits(day("2023-01-01"), on), on, on) if is_listed(one, on)]


def calls_site(patient: Patient, today: str) -> bool:
    """Return whether the phone says to call the site before taking a dose."""
    return "call_site_before_dose" in [code for code, _, _ in patient.notices(today)]


def about_pregnancy(patient: Patient, today: str) -> list[tuple[str, str, list[str]]]:
    """Since when the entry stands, how urgent it is, and which kinds of fact resolve it."""
    return [
        (entry.about, urgency(entry.due_on, day(today)), [str(call.fact["kind"]) for call in entry.resolve_with])
        for entry in entries(patient, today)
        if entry.kind == "pregnancy"
    ]


def test_it_changes_no_date() -> None:
    patient, other = pregnant(), Patient.treated()
    assert patient.on("2024-03-01").document == other.on("2024-03-01").document


def test_the_phone_says_to_call_the_site_before_taking_and_nothing_about_contraception() -> None:
    patient = pregnant()
    before, shown = patient.view("2024-02-19"), patient.view("2024-02-20")
    assert (patient.notices("2024-02-19"), before["contraception"]["status"]) == ([], "required")
    assert patient.notices("2024-02-20") == [
        ("call_site_before_dose", None, "Call your study site before you take a dose.")
    ]
    assert (shown["contraception"], shown["visits"]) == (None, [])
    assert [(dose["status"], dose["amount"]) for dose in shown["doses"]] == [("due", 300)]


def test_what_is_booked_is_still_shown() -> None:
    patient = pregnant()
    patient.record("visit_booked", visit="imaging-w12", booked_on="2024-03-27")
    assert [visit["visit"] for visit in patient.view("2024-02-20")["visits"]] == ["imaging-w12"]
    assert patient.view("2024-03-28")["visits"] == []


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("hold_started", {"from_on": "2024-02-20"}),
        ("hold_started", {"from_on": "2024-02-10", "resumes_on": "2024-02-21"}),
        ("dose_changed", {"from_on": "2024-02-21", "amount": 200}),
    ],
)
def test_staff_who_say_how_treatment_goes_on_settle_it(kind: str, data: dict[str, Any]) -> None:
    patient = pregnant()
    said = patient.record(kind, **data)
    assert not calls_site(patient, "2024-02-22")
    patient.void(said)
    assert calls_site(patient, "2024-02-22")


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("hold_started", {"from_on": "2024-02-01", "resumes_on": "2024-02-08"}),
        ("dose_changed", {"from_on": "2024-02-01", "amount": 200}),
        ("dose_recorded", {"dose_on": "2024-02-20", "status": "taken"}),
        ("visit_booked", {"visit": "imaging-w12", "booked_on": "2024-03-27"}),
        ("progressed", {"progressed_on": "2024-02-20", "basis": "clinical"}),
    ],
)
def test_what_says_nothing_of_the_days_to_come_settles_nothing(kind: str, data: dict[str, Any]) -> None:
    patient = pregnant()
    patient.record(kind, **data)
    assert calls_site(patient, "2024-02-22")


def test_what_was_recorded_before_the_report_settles_nothing_however_it_is_corrected() -> None:
    patient = Patient.treated()
    hold = patient.record("hold_started", from_on="2024-02-18", resumes_on="2024-02-22")
    report = patient.record("pregnancy_reported", reported_on="2024-02-20", of="patient")
    patient.correct(hold, "hold_started", from_on="2024-02-18", resumes_on="2024-02-21")
    assert calls_site(patient, "2024-02-22")
    change = patient.record("dose_changed", from_on="2024-02-23", amount=200)
    assert not calls_site(patient, "2024-02-22")
    # A corrected report is as old as the first; and what is corrected was said after it.
    patient.correct(report, "pregnancy_reported", reported_on="2024-02-19", of="patient")
    patient.correct(change, "dose_changed", from_on="2024-02-23", amount=250)
    assert not calls_site(patient, "2024-02-22")


def test_once_it_is_closed_there_is_nothing_to_call_about() -> None:
    patient = pregnant()
    patient.record("pregnancy_closed", closed_on="2024-02-25", outcome="not_pregnant")
    assert calls_site(patient, "2024-02-24")
    assert not calls_site(patient, "2024-02-25")


def test_after_the_end_of_treatment_there_is_nothing_to_call_about() -> None:
    patient = pregnant()
    patient.end_treatment("2024-02-20", "pregnancy", decided_on="2024-02-21")
    assert calls_site(patient, "2024-02-20")
    assert not calls_site(patient, "2024-02-21")


def test_who_stops_for_it_calls_before_she_takes_the_dose_of_that_day() -> None:
    """Both are of 2024-02-20, and nobody recorded her dose."""
    patient = Patient.treated()
    patient.end_treatment("2024-02-20", "pregnancy")
    assert calls_site(patient, "2024-02-20")
    assert patient.view("2024-02-20")["doses"] == []
    assert reminded(patient, "2024-02-20") == []
    assert not calls_site(patient, "2024-02-21")


def crossing_over() -> Patient:
    """Treatment ended for pregnancy on 2024-05-01; at a crossover announced for 2024-06-15 it goes on by itself."""
    other = regimen_data(id="olaparib", drug="olaparib", starts={"milestone": "crossover"})
    data = protocol_data(milestones=[{"id": "crossover", "label": "Crossover"}])
    data["regimens"].append(other)
    patient, now = Patient.treated(read_protocol(data)), datetime(2024, 5, 1, 2, tzinfo=UTC)
    patient.record("milestone_reached", milestone="crossover", on="2024-06-15", now=now)
    patient.end_treatment("2024-04-30", "pregnancy", decided_on="2024-05-01")
    return patient


def reminded(patient: Patient, today: str) -> list[str]:
    """The doses of which she is reminded on a day."""
    planner = Planner(patient.schedule(), NotificationPreferences(), SitePreferences("Asia/Shanghai"), {})
    return [one.about for one in planner.messages(day(today), day(today)) if one.kind == "dose_due"]


@pytest.mark.parametrize(
    ("kind", "data", "settles"),
    [
        ("hold_started", {"from_on": "2024-06-01", "resumes_on": "2024-06-20"}, True),
        ("dose_changed", {"from_on": "2024-06-15", "amount": 200, "regimen": "olaparib"}, True),
        ("hold_started", {"from_on": "2024-04-01", "resumes_on": "2024-04-10"}, False),
        ("dose_recorded", {"dose_on": "2024-04-20", "status": "missed", "regimen": "surufatinib"}, False),
    ],
)
def test_treatment_that_goes_on_after_it_ended_for_a_pregnancy_waits_for_the_site(
    kind: str, data: dict[str, Any], settles: bool
) -> None:
    patient = crossing_over()
    assert [dose["status"] for dose in patient.view("2024-07-01")["doses"]] == ["due"]
    assert (calls_site(patient, "2024-07-01"), reminded(patient, "2024-07-01")) == (True, [])
    said = patient.record(kind, **data)
    assert calls_site(patient, "2024-07-01") is not settles
    assert reminded(patient, "2024-07-01") == (["2024-07-01"] if settles else [])
    patient.void(said)
    assert calls_site(patient, "2024-07-01")
    patient.record("pregnancy_closed", closed_on="2024-06-30", outcome="not_pregnant")
    assert (calls_site(patient, "2024-07-01"), reminded(patient, "2024-07-01")) == (False, ["2024-07-01"])


def test_a_word_before_it_ended_for_the_pregnancy_is_none_about_what_begins_after() -> None:
    """Reported on 2024-04-20 and held at once; then treatment ended for it."""
    patient = crossing_over()
    (end,) = (fact.fact_id for fact in patient.facts if fact.kind == "treatment_ended")
    patient.void(end)
    patient.record("pregnancy_reported", reported_on="2024-04-20", of="patient")
    patient.record("hold_started", from_on="2024-04-21", resumes_on="2024-05-01")
    assert not calls_site(patient, "2024-07-01")
    patient.end_treatment("2024-04-20", "pregnancy", decided_on="2024-05-01")
    assert calls_site(patient, "2024-07-01")


def test_it_stands_on_the_worklist_now_while_neither_hold_nor_end_covers_the_day() -> None:
    patient = pregnant()
    assert about_pregnancy(patient, "2024-02-19") == []
    calls = ["hold_started", "treatment_ended", "pregnancy_closed"]
    assert about_pregnancy(patient, "2024-05-01") == [("2024-02-20", "now", calls)]
    patient.record("hold_started", from_on="2024-02-22")
    assert about_pregnancy(patient, "2024-02-21") == [("2024-02-20", "now", calls)]
    assert about_pregnancy(patient, "2024-05-01") == [("2024-02-22", "routine", ["pregnancy_closed"])]
    patient.record("hold_ended", resumes_on="2024-05-01")
    assert about_pregnancy(patient, "2024-05-01") == [("2024-05-01", "now", calls)]
    patient.end_treatment("2024-05-02", "pregnancy")
    assert about_pregnancy(patient, "2024-05-10") == [("2024-05-02", "routine", ["pregnancy_closed"])]
    # 40 weeks after the report, on 2024-11-26, somebody should know how it ended.
    assert about_pregnancy(patient, "2024-11-23") == [("2024-05-02", "soon", ["pregnancy_closed"])]
    assert about_pregnancy(patient, "2024-11-24") == [("2024-05-02", "now", ["pregnancy_closed"])]


def two_drugs(**other: Any) -> Patient:
    """Surufatinib and olaparib; the site hears of her pregnancy on 2024-02-20."""
    data = protocol_data(milestones=[{"id": "crossover", "label": "Crossover"}])
    data["regimens"].append(regimen_data(id="olaparib", drug="olaparib", **other))
    patient = Patient.treated(read_protocol(data))
    patient.record("pregnancy_reported", reported_on="2024-02-20", of="patient")
    return patient


def urgent(patient: Patient, today: str) -> bool:
    """Return whether her pregnancy is to be looked at now."""
    ((_, how, _),) = about_pregnancy(patient, today)
    return how == "now"


def test_it_is_urgent_until_both_of_two_drugs_are_held_or_ended() -> None:
    patient = two_drugs()
    hold = patient.record("hold_started", from_on="2024-02-20", regimens=["surufatinib"])
    assert urgent(patient, "2024-03-01")
    (entry,) = [one for one in entries(patient, "2024-03-01") if one.kind == "pregnancy"]
    because = "pregnancy reported 2024-02-20: not everything that the patient takes is held or ended"
    assert plain(entry.because) == because
    patient.record("hold_started", from_on="2024-02-24", regimens=["olaparib"])
    assert (urgent(patient, "2024-02-23"), urgent(patient, "2024-02-24")) == (True, False)
    patient.record("regimen_ended", regimen="surufatinib", last_dose_on="2024-02-19", reason="pregnancy")
    patient.void(hold)
    assert not urgent(patient, "2024-03-01")
    patient.record("hold_ended", resumes_on="2024-03-10")
    assert (urgent(patient, "2024-03-09"), urgent(patient, "2024-03-10")) == (False, True)
    patient.record("regimen_ended", regimen="olaparib", last_dose_on="2024-03-12", reason="pregnancy")
    assert (urgent(patient, "2024-03-11"), urgent(patient, "2024-03-12")) == (True, False)


def test_what_is_to_begin_by_the_plan_is_urgent_before_it_begins() -> None:
    """Surufatinib is ended in cycle 3, which would last through 2024-03-07; olaparib follows from 2024-03-08 on."""
    patient = two_drugs(starts={"after": "surufatinib"})
    patient.record("regimen_ended", regimen="surufatinib", last_dose_on="2024-02-19", reason="pregnancy")
    assert urgent(patient, "2024-02-21")
    patient.record("hold_started", from_on="2024-03-08", resumes_on="2024-03-20", regimens=["olaparib"])
    assert [urgent(patient, on) for on in ("2024-02-21", "2024-03-19", "2024-03-20")] == [False, False, True]


def test_what_only_a_milestone_would_begin_is_not_taken_yet() -> None:
    patient = two_drugs(starts={"milestone": "crossover"})
    patient.record("hold_started", from_on="2024-02-20", regimens=["surufatinib"])
    assert not urgent(patient, "2024-03-01")
    patient.record("milestone_reached", milestone="crossover", on="2024-03-01")
    assert urgent(patient, "2024-03-01")


def test_treatment_that_goes_on_by_itself_is_urgent_and_says_why() -> None:
    patient = crossing_over()
    (entry,) = [one for one in entries(patient, "2024-05-02") if one.kind == "pregnancy"]
    assert urgent(patient, "2024-05-02")
    assert plain(entry.because) == (
        "treatment ended for pregnancy 2024-05-01; treatment was reopened: olaparib starts on 2024-06-15: "
        "not everything that the patient takes is held or ended"
    )
    patient.record("hold_started", from_on="2024-06-15")
    assert not urgent(patient, "2024-05-02")


def test_it_stands_until_it_is_closed_also_after_the_study() -> None:
    patient = Patient.treated()
    patient.end_treatment("2024-02-10", "pregnancy", decided_on="2024-02-12")
    patient.record("study_ended", ended_on="2024-03-01", reason="withdrawal")
    assert about_pregnancy(patient, "2024-08-01") == [("2024-02-12", "routine", ["pregnancy_closed"])]
    patient.record("pregnancy_closed", closed_on="2024-10-01", outcome="live_birth")
    assert about_pregnancy(patient, "2024-09-30") != []
    assert about_pregnancy(patient, "2024-10-01") == []
    assert patient.view("2024-10-01")["contraception"] is not None


@pytest.mark.parametrize(
    ("reported_on", "is_named"), [("2024-02-20", True), ("2024-02-21", True), ("2024-02-22", False)]
)
def test_entries_that_are_listed_on_a_day_of_it_name_it(reported_on: str, is_named: bool) -> None:
    """Week 6 is to be booked through 2024-02-21."""
    patient = Patient.treated()
    patient.record("pregnancy_reported", reported_on=reported_on, of="patient")
    (entry,) = [one for one in entries(patient, "2024-02-20") if one.kind == "visit_to_book"]
    assert ("pregnancy" in plain(entry.because)) is is_named


def test_nothing_asks_for_it_after_death() -> None:
    patient = pregnant()
    patient.record("study_ended", ended_on="2024-03-01", reason="death")
    assert about_pregnancy(patient, "2024-02-29") != []
    assert about_pregnancy(patient, "2024-03-01") == []


def test_other_entries_stay_and_say_that_she_is_pregnant() -> None:
    patient = pregnant()
    (entry,) = (one for one in entries(patient, "2024-02-25") if one.kind == "visit_overdue")
    assert plain(entry.because) == "window 2024-02-07 to 2024-02-21, not done; pregnancy reported 2024-02-20"
    patient.record("pregnancy_closed", closed_on="2024-02-24", outcome="not_pregnant")
    (entry,) = (one for one in entries(patient, "2024-02-25") if one.kind == "visit_overdue")
    assert plain(entry.because) == "window 2024-02-07 to 2024-02-21, not done"


def test_consequences_say_that_dose_reminders_stop_and_when_they_go_on() -> None:
    patient, today = Patient.treated(), day("2024-02-21")
    before = patient.schedule()
    patient.record("pregnancy_reported", reported_on="2024-02-20", of="patient")
    reported = patient.schedule()
    because = "pregnancy reported 2024-02-20: no dose reminder is sent until the site records how treatment goes on"
    moved = {"what": "dose reminders", "before": None, "after": {"sent": False}, "because": because}
    assert plain(consequences(before, reported, today, today)) == [moved]
    patient.record("dose_changed", from_on="2024-02-22", amount=200)
    settled = [one for one in consequences(reported, patient.schedule(), today, today) if "reminders" in one["what"]]
    assert [(one["before"], one["after"]) for one in settled] == [({"sent": False}, None)]


def test_a_partners_changes_nothing() -> None:
    patient, other = Patient.treated(sex="male"), Patient.treated(sex="male")
    patient.record("pregnancy_reported", reported_on="2024-02-20", of="partner")
    assert patient.view("2024-02-20") == other.view("2024-02-20")
    assert entries(patient, "2024-02-25") == entries(other, "2024-02-25")
    patient.record("pregnancy_closed", closed_on="2024-10-01", outcome="live_birth")


@pytest.mark.parametrize(("sex", "of"), [("male", "patient"), ("female", "partner")])
def test_whose_it_is_goes_with_the_patients_sex(sex: str, of: str) -> None:
    """A woman's own, recorded as her partner's by mistake, would change nothing."""
    with pytest.raises(ValidationFailed) as refused:
        Patient.treated(sex=sex).record("pregnancy_reported", reported_on="2024-02-20", of=of)
    assert [error.pointer for error in refused.value.errors] == ["/of"]


def test_the_sex_of_who_is_pregnant_is_not_corrected() -> None:
    patient = pregnant()
    registered = body_to_data(patient.history.registered)
    with pytest.raises(ValidationFailed) as refused:
        patient.correct(patient.facts[0].fact_id, "registered", **{**registered, "sex": "male"})
    assert [error.pointer for error in refused.value.errors] == ["/sex"]


def test_a_second_report_and_a_second_closing_conflict() -> None:
    patient = pregnant()
    with pytest.raises(Conflict, match="replaces"):
        patient.record("pregnancy_reported", reported_on="2024-02-21", of="patient")
    with pytest.raises(ValidationFailed, match="Before the pregnancy"):
        patient.record("pregnancy_closed", closed_on="2024-02-19", outcome="miscarriage")
    patient.record("pregnancy_closed", closed_on="2024-02-25", outcome="not_pregnant")
    with pytest.raises(Conflict, match="No pregnancy is open"):
        patient.record("pregnancy_closed", closed_on="2024-02-26", outcome="not_pregnant")
    patient.record("pregnancy_reported", reported_on="2024-06-21", of="patient")
    assert calls_site(patient, "2024-06-21")
