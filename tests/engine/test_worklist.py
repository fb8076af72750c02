"""What is to do: each kind by hand, and on any day what the calendar of that day says."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given

from scheduler_api.engine.protocol_file.parse import read_protocol
from scheduler_api.engine.worklist.entry import KINDS, WorklistEntry, urgency
from scheduler_api.engine.worklist.worklist import worklist

from .naive import Known
from .naive_worklist import OF_AMOUNTS, as_read, has_one_dose, is_pregnant, is_stopped, naive_worklist
from .patients import ARMS, Patient, day, is_listed, plain, protocol, protocol_data, regimen_data, series
from .strategies import lives

REACH = timedelta(60)
OF_A: dict[str, Any] = {**regimen_data(), "who": {"arm": "a"}}
OF_B: dict[str, Any] = {**regimen_data(), "id": "olaparib", "drug": "olaparib", "who": {"arm": "b"}}
LEAD_IN: dict[str, Any] = {**regimen_data(cycles=2), "id": "lead-in", "drug": "anlotinib"}


def entries(patient: Patient, today: str | date) -> list[WorklistEntry]:
    """What stands on a day."""
    on = day(today) if isinstance(today, str) else today
    schedule = patient.schedule()
    visits = schedule.visits(date.min, on + timedelta(300))
    return [entry for entry in worklist(schedule, visits, on - REACH, on + REACH) if is_listed(entry, on)]


def listed(patient: Patient, today: str) -> list[tuple[str, str]]:
    """Kind and subject of what stands on a day, in order."""
    return sorted((entry.kind, entry.about) for entry in entries(patient, today))


def days_of(patient: Patient, kind: str, about: str = "", around: str = "2024-02-20") -> tuple[str, str | None]:
    """The first and last day on which an entry stands."""
    schedule, on = patient.schedule(), day(around)
    found = worklist(schedule, schedule.visits(date.min, on + timedelta(300)), on - REACH, on + REACH)
    (entry,) = [entry for entry in found if (entry.kind, entry.about) == (kind, about)]
    return str(entry.from_on), entry.through_on and str(entry.through_on)


def taking(through: str = "2024-03-31") -> Patient:
    """The patient of the worked examples, every dose taken until a day."""
    patient = Patient.treated()
    patient.take("2024-01-05", through)
    return patient


def test_a_window_that_closes_within_seven_days_is_to_be_booked() -> None:
    """imaging-w6: 2024-02-07 to 2024-02-21."""
    patient = taking()
    assert days_of(patient, "visit_to_book", "imaging-w6") == ("2024-02-14", "2024-02-21")
    patient.record("visit_booked", visit="imaging-w6", booked_on="2024-02-20")
    assert listed(patient, "2024-02-19") == listed(patient, "2024-02-20") == []


def test_an_unbooked_visit_is_overdue_until_the_next_opens() -> None:
    """imaging-w12 opens on 2024-03-20."""
    assert days_of(taking(), "visit_overdue", "imaging-w6") == ("2024-02-22", "2024-03-19")


def test_a_booking_that_passed_with_nothing_done_is_listed_until_it_is_resolved() -> None:
    patient = taking()
    patient.record("visit_booked", visit="imaging-w6", booked_on="2024-02-15")
    assert listed(patient, "2024-02-15") == []
    assert listed(patient, "2024-02-16") == [("booking_past", "imaging-w6")]
    assert listed(patient, "2024-02-22") == [("booking_past", "imaging-w6"), ("visit_overdue", "imaging-w6")]
    patient.scan("2024-02-15", response="SD")
    assert listed(patient, "2024-02-22") == []


@pytest.mark.parametrize("booked_on", ["2024-02-06", "2024-02-22"])
def test_a_booking_outside_the_window_is_told_up_to_its_day(booked_on: str) -> None:
    patient = taking()
    patient.record("visit_booked", visit="imaging-w6", booked_on=booked_on)
    assert days_of(patient, "booking_outside_window", "imaging-w6") == ("2024-01-03", booked_on)


def test_a_booked_visit_that_is_cut_is_to_be_cancelled() -> None:
    patient = taking()
    patient.record("visit_booked", visit="imaging-w6", booked_on="2024-02-20")
    patient.record("progressed", progressed_on="2024-02-16", basis="clinical")
    assert days_of(patient, "booking_to_cancel", "imaging-w6") == ("2024-02-16", "2024-02-20")
    (entry,) = [entry for entry in entries(patient, "2024-02-17") if entry.kind == "booking_to_cancel"]
    assert plain(entry.because) == "booked 2024-02-20; not required: progressed 2024-02-16"
    assert entry.resolve_with[0].fact == {"kind": "visit_booked", "visit": "imaging-w6", "booked_on": None}


def test_what_was_booked_before_the_series_ended_may_have_been_done() -> None:
    """Somebody asks for the scan of 2024-02-15, though no scan is required from the 16th."""
    patient = taking()
    patient.record("visit_booked", visit="imaging-w6", booked_on="2024-02-15")
    patient.record("progressed", progressed_on="2024-02-16", basis="clinical")
    assert ("booking_past", "imaging-w6") in listed(patient, "2024-02-17")


@pytest.mark.parametrize("progressed_on", ["2024-03-22", "2024-03-10"])
def test_a_booking_that_the_end_has_overtaken_is_asked_about_after_its_day_until_it_is_cancelled(
    progressed_on: str,
) -> None:
    """Week 12 opens on 2024-03-20: before or after the progression."""
    patient = taking("2024-06-30")
    patient.scan("2024-02-14", response="SD")
    patient.record("visit_booked", visit="imaging-w12", booked_on="2024-03-27")
    patient.record("progressed", progressed_on=progressed_on, basis="clinical")
    patient.end_treatment("2024-06-30", "progression", decided_on=progressed_on)
    for today, kind in (("2024-03-22", "to_cancel"), ("2024-03-27", "to_cancel"), ("2024-03-28", "past")):
        assert (f"booking_{kind}", "imaging-w12") in listed(patient, today)
    (entry,) = [one for one in entries(patient, "2024-06-01") if one.visit == "imaging-w12"]
    assert (entry.kind, str(entry.due_on), entry.through_on) == ("booking_past", "2024-04-03", None)
    assert plain(entry.because) == f"booked 2024-03-27; not required: progressed {progressed_on}"
    assert [(call.fact["kind"], call.needs) for call in entry.resolve_with] == [
        ("visit_booked", ()),
        ("visit_done", ("done_on", "response")),
    ]
    patient.record("visit_booked", visit="imaging-w12", booked_on=None)
    assert [one for one in listed(patient, "2024-06-01") if one[1]] == []


def test_a_late_scan_that_names_no_visit_is_to_be_confirmed_by_naming_it() -> None:
    patient = taking()
    scan = patient.scan("2024-02-24", response="SD")
    assert days_of(patient, "assignment_to_confirm", "imaging-w6") == ("2024-02-24", None)
    (entry,) = entries(patient, "2024-02-25")
    (confirm,) = entry.resolve_with
    assert confirm.needs == ()
    patient.correct(scan, why=None, **confirm.fact)
    assert listed(patient, "2024-02-25") == []


def test_an_early_scan_that_names_no_visit_is_asked_about_until_that_visit_opens() -> None:
    """w6 done; four weeks later, two before week 12: was it week 12, which opens on 2024-03-20, or an extra scan?"""
    for number in (0, 1):
        patient = taking()
        patient.scan("2024-02-14", response="PR")
        scan = patient.scan("2024-03-13", response="SD")
        (entry,) = entries(patient, "2024-03-14")
        assert (entry.kind, entry.about, entry.visit) == ("assignment_to_confirm", scan, "imaging-w12")
        assert (str(entry.from_on), entry.through_on, str(entry.due_on)) == ("2024-03-13", None, "2024-03-20")
        assert [(call.fact["visit"], call.needs) for call in entry.resolve_with] == [
            ("imaging-w12", ()),
            ("unscheduled", ()),
        ]
        fact = dict(entry.resolve_with[number].fact)
        assert fact.pop("replaces") == scan
        patient.correct(scan, why=None, **fact)
        assert listed(patient, "2024-03-14") == []


def test_an_early_scan_is_asked_about_no_more_once_its_visit_is_done_or_gone() -> None:
    for end in (
        lambda patient: patient.scan("2024-03-27", response="SD"),
        lambda patient: patient.record("progressed", progressed_on="2024-03-15", basis="clinical"),
    ):
        patient = taking()
        patient.scan("2024-02-14", response="PR")
        patient.scan("2024-03-13", response="SD")
        end(patient)
        assert "assignment_to_confirm" not in [kind for kind, _ in listed(patient, "2024-03-28")]


def test_of_a_visit_that_a_hold_moved_away_somebody_says_that_it_was_extra_and_why_or_does_it_again() -> None:
    """Day 1 of cycle 2, 2024-01-26, was done; a hold of 20 days moves it to 2024-02-15."""
    patient = Patient.treated(protocol(series("clinic", {"days": [1]}, window=(3, 3)), on_hold="extend"))
    patient.record("visit_done", series="clinic", done_on="2024-01-27", visit="clinic-c2d1")
    patient.record("hold_started", from_on="2024-01-20", resumes_on="2024-02-09")
    (entry,) = [one for one in entries(patient, "2024-02-10") if one.kind == "assignment_to_confirm"]
    calls = [(call.fact["visit"], call.needs) for call in entry.resolve_with]
    assert calls == [("clinic-c2d1", ("done_on",)), ("unscheduled", ("reason",))]


@pytest.mark.parametrize(
    ("dose_on", "kind", "calls"),
    [
        ("2024-02-24", "doses_to_confirm", ["dose_recorded", "voided"]),
        ("2024-02-25", "doses_to_confirm", ["dose_recorded", "voided"]),
        # Nothing is recorded that is dated after death.
        ("2024-02-26", "record_after_death", ["voided"]),
    ],
)
def test_what_a_phone_said_too_late_is_confirmed_or_voided(dose_on: str, kind: str, calls: list[str]) -> None:
    patient = taking("2024-02-20")
    patient.record("study_ended", ended_on="2024-02-25", reason="death")
    said_at, received_at = datetime(2024, 2, 26, 8, tzinfo=UTC), datetime(2024, 4, 1, 8, tzinfo=UTC)
    patient.say(dose_on=dose_on, status="taken", amount=300, said_at=said_at, to_confirm=True, now=received_at)
    assert kind not in [one.kind for one in entries(patient, "2024-03-31")]
    (entry,) = [one for one in entries(patient, "2024-04-01") if one.about == dose_on]
    assert [call.fact["kind"] for call in entry.resolve_with] == calls
    assert (entry.kind, str(entry.due_on), entry.through_on) == (kind, "2024-04-01", None)


def test_a_scan_without_its_response_is_asked_about_after_a_week() -> None:
    patient = taking()
    scan, extra = patient.scan("2024-02-14"), patient.scan("2024-01-15", "unscheduled")
    assert days_of(patient, "response_missing", "imaging-w6") == ("2024-02-21", None)
    assert days_of(patient, "response_missing", extra) == ("2024-01-22", None)
    for fact_id, visit in ((scan, None), (extra, "unscheduled")):
        done_on = "2024-02-14" if visit is None else "2024-01-15"
        patient.correct(fact_id, "visit_done", why=None, series="imaging", done_on=done_on, visit=visit, response="SD")
    assert listed(patient, "2024-02-22") == []


def test_a_visit_that_an_amendment_leaves_out_is_told() -> None:
    """Week 7, 2024-02-21, would be open in the window of week 6, which closes on that day."""
    imaging = series("imaging", every={"weeks": 6})
    patient = Patient.treated(protocol(imaging), protocol(series("imaging", every={"weeks": 7}), version=2))
    patient.take("2024-01-05", "2024-02-20")
    patient.record("protocol_amended", version=2, from_on="2024-02-16")
    entry = next(entry for entry in entries(patient, "2024-02-16") if entry.kind == "visit_dropped")
    assert (entry.about, entry.visit, str(entry.due_on)) == ("imaging-w7.2024-02-16", "imaging-w7", "2024-02-23")
    assert plain(entry.because) == (
        "the amendment of 2024-02-16 plans imaging-w7 on 2024-02-21, in the window of imaging-w6 (2024-02-14): "
        "it is left out"
    )


def test_two_doses_in_a_row_are_asked_for_one_is_not() -> None:
    """Taken through 2024-02-01: the 2nd is one day, the 3rd the second; on the 4th both have passed unrecorded."""
    patient = taking("2024-02-01")
    assert days_of(patient, "doses_not_taken", "2024-02-02") == ("2024-02-04", None)
    patient.take("2024-02-03")
    assert "doses_not_taken" not in [kind for kind, _ in listed(patient, "2024-02-05")]


def test_a_day_recorded_missed_counts_at_once() -> None:
    patient = taking("2024-02-01")
    patient.miss("2024-02-02", "2024-02-03")
    assert days_of(patient, "doses_not_taken", "2024-02-02") == ("2024-02-03", None)


@pytest.mark.parametrize(("missed", "known_on"), [("2024-02-02", "2024-02-04"), ("2024-02-03", "2024-02-03")])
def test_of_a_day_missed_and_one_that_nobody_spoke_of_the_second_says_when_it_is_known(
    missed: str, known_on: str
) -> None:
    patient = taking("2024-02-01")
    patient.miss(missed)
    assert days_of(patient, "doses_not_taken", "2024-02-02") == (known_on, None)


def test_a_row_ends_with_a_dose_a_hold_or_treatment() -> None:
    """The day that ends it is not on the list any more."""
    for end in (
        lambda patient: patient.take("2024-02-10"),
        lambda patient: patient.record("hold_started", from_on="2024-02-10", reason="fever"),
        lambda patient: patient.record("study_ended", ended_on="2024-02-10", reason="withdrawal"),
    ):
        patient = taking("2024-02-01")
        end(patient)
        assert days_of(patient, "doses_not_taken", "2024-02-02") == ("2024-02-04", "2024-02-09")


def test_a_row_ends_with_the_first_of_a_hold_and_the_end() -> None:
    for hold_on, ended_on in (("2024-02-10", "2024-02-20"), ("2024-02-20", "2024-02-10")):
        patient = taking("2024-02-01")
        patient.record("hold_started", from_on=hold_on)
        patient.record("study_ended", ended_on=ended_on, reason="lost_to_follow_up")
        assert days_of(patient, "doses_not_taken", "2024-02-02") == ("2024-02-04", "2024-02-09")


def test_it_is_due_on_the_day_from_which_it_is_known() -> None:
    patient = taking("2024-02-01")
    (unrecorded,) = entries(patient, "2024-02-05")
    assert (str(unrecorded.from_on), str(unrecorded.due_on)) == ("2024-02-04", "2024-02-04")
    patient.miss("2024-02-02", "2024-02-03")
    (missed,) = entries(patient, "2024-02-05")
    assert (str(missed.from_on), str(missed.due_on)) == ("2024-02-03", "2024-02-03")


def test_an_open_hold_is_asked_about_after_a_week_and_presses_after_two() -> None:
    """Held from 2024-02-01: asked about from the 8th, due on the 22nd."""
    patient = taking("2024-01-31")
    patient.record("hold_started", from_on="2024-02-01", reason="proteinuria")
    patient.scan("2024-02-10", response="SD")
    assert listed(patient, "2024-02-07") == []
    assert days_of(patient, "hold_open") == ("2024-02-08", None)
    (entry,) = entries(patient, "2024-02-08")
    assert (str(entry.due_on), plain(entry.because)) == ("2024-02-22", "held from 2024-02-01, end not known")
    said = {on: urgency(entry.due_on, day(f"2024-02-{on}")) for on in ("14", "15", "19", "20")}
    assert said == {"14": "routine", "15": "soon", "19": "soon", "20": "now"}


def test_of_several_holds_the_one_without_an_end_is_asked_about() -> None:
    patient = Patient.treated()
    patient.record("hold_started", from_on="2024-01-10", resumes_on="2024-01-12")
    patient.record("hold_started", from_on="2024-02-01")
    (entry,) = [one for one in entries(patient, "2024-02-08") if one.kind == "hold_open"]
    assert plain(entry.because) == "held from 2024-02-01, end not known"


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("hold_ended", {"resumes_on": "2024-02-20"}),
        ("treatment_ended", {"last_dose_on": "2024-01-31", "decided_on": "2024-02-20", "reason": "other"}),
    ],
)
def test_an_open_hold_is_resolved_by_its_end_or_by_that_of_treatment(kind: str, data: dict[str, Any]) -> None:
    patient = taking("2024-01-31")
    patient.record("hold_started", from_on="2024-02-01", reason="proteinuria")
    (entry,) = [entry for entry in entries(patient, "2024-02-15") if entry.kind == "hold_open"]
    assert [call.fact["kind"] for call in entry.resolve_with] == ["hold_ended", "treatment_ended"]
    patient.record(kind, **data)
    assert "hold_open" not in [found for found, _ in listed(patient, "2024-02-15")]


def test_rest_days_neither_count_nor_end_a_row() -> None:
    """Four days on, three off: day 4 of the first week and day 1 of the second are two doses in a row."""
    patient = Patient.treated(protocol(cycle_days=7, days=[1, 2, 3, 4]))
    patient.take("2024-01-05", "2024-01-07")
    assert days_of(patient, "doses_not_taken", "2024-01-08", "2024-01-20") == ("2024-01-13", None)


def test_nobody_is_asked_for_doses_before_treatment_began() -> None:
    """The planned first dose, 2024-01-03, is asked for after a week."""
    patient = Patient()
    assert days_of(patient, "first_dose_missing", around="2024-01-20") == ("2024-01-10", None)
    assert listed(patient, "2024-01-09") == []
    patient.record("treatment_started", first_dose_on="2024-01-04")
    assert [kind for kind, _ in listed(patient, "2024-01-10")] == ["doses_not_taken"]


def said_taken(patient: Patient, on: str) -> str:
    """What the phone says on the evening of a day; the fact's id."""
    at = datetime.fromisoformat(f"{on}T21:00:00+08:00")
    return patient.say(said_at=at, now=at, dose_on=on, status="taken", amount=300)


def test_a_dose_that_a_phone_reports_before_any_start_is_told_to_the_site_until_a_start_is_recorded() -> None:
    """Treatment was to begin on 2024-02-01; by the phone it began on 2024-01-10."""
    patient = Patient(planned_first_dose_on="2024-02-01")
    assert listed(patient, "2024-01-10") == []
    said_taken(patient, "2024-01-11")
    assert days_of(patient, "dose_before_start", "2024-01-11") == ("2024-01-11", None)
    said_taken(patient, "2024-01-10")
    (entry,) = entries(patient, "2024-01-11")
    assert (entry.kind, entry.about, str(entry.due_on)) == ("dose_before_start", "2024-01-10", "2024-01-10")
    assert urgency(entry.due_on, day("2024-01-10")) == "now"
    assert plain(entry.because) == "by the patient's word the first dose was taken on 2024-01-10, no start recorded"
    # That staff recorded the dose too is no start; and nobody looks at another list once treatment is over.
    patient.take("2024-01-10")
    assert ("dose_before_start", "2024-01-10") in listed(patient, "2024-01-12")
    patient.end_treatment("2024-01-12")
    assert ("dose_before_start", "2024-01-10") in listed(patient, "2024-03-01")
    patient.record(**entry.resolve_with[0].fact)
    assert "dose_before_start" not in [kind for kind, _ in listed(patient, "2024-03-01")]


def test_nor_if_the_dose_was_not_taken_or_staff_alone_recorded_it() -> None:
    patient = Patient(planned_first_dose_on="2024-02-01")
    said_taken(patient, "2024-01-10")
    (entry,) = entries(patient, "2024-01-10")
    patient.record(**entry.resolve_with[1].fact)
    assert listed(patient, "2024-01-10") == []
    other = Patient(planned_first_dose_on="2024-02-01")
    other.take("2024-01-10")
    assert listed(other, "2024-01-10") == []
    # By staff's word treatment began before the day that the phone speaks of.
    said_taken(other, "2024-01-11")
    assert listed(other, "2024-01-11") == []


class TestAnArmThatIsNotAssigned:
    """Enrolled on 2024-01-03, first dose planned for 2024-01-10, in a trial of the arms a and b."""

    def enrolled(self, *regimens: dict[str, Any], **enrolment: Any) -> Patient:
        """Return a patient of a trial with these regimens."""
        milestones = [{"id": "crossover", "label": "Crossover"}]
        data = {**protocol_data(arms=ARMS, milestones=milestones), "regimens": [*regimens]}
        return Patient(read_protocol(data), **{"planned_first_dose_on": "2024-01-10", **enrolment})

    def asked(self, patient: Patient, *days: str) -> list[str]:
        """Return those of some days on which the worklist asks for the arm."""
        return [one for one in days if ("arm_missing", "") in listed(patient, one)]

    def test_it_is_asked_for_from_enrolment_until_one_is_assigned(self) -> None:
        patient = self.enrolled(OF_A, OF_B)
        assert listed(patient, "2024-01-02") == []
        (entry,) = entries(patient, "2024-01-03")
        assert (entry.kind, entry.about, str(entry.due_on)) == ("arm_missing", "", "2024-01-10")
        assert [urgency(entry.due_on, day(on)) for on in ("2024-01-03", "2024-01-08")] == ["soon", "now"]
        because = "planned first dose 2024-01-10, no arm assigned: what is for one arm alone is not planned"
        assert plain(entry.because) == because
        # It stands although treatment began, and then says so.
        patient.record("treatment_started", first_dose_on="2024-01-12")
        (entry,) = entries(patient, "2024-01-20")
        assert (entry.kind, str(entry.due_on)) == ("arm_missing", "2024-01-12")
        (call,) = entry.resolve_with
        assert (call.fact, call.needs) == ({"kind": "arm_assigned"}, ("arm", "on"))
        patient.record(**call.fact, arm="b", on="2024-01-15")
        assert days_of(patient, "arm_missing", around="2024-01-20") == ("2024-01-03", "2024-01-14")

    def test_it_is_asked_for_from_enrolment_also_long_before_the_first_dose(self) -> None:
        patient = self.enrolled(OF_A, OF_B, consented_on="2023-12-20", planned_first_dose_on="2024-02-10")
        assert days_of(patient, "arm_missing") == ("2024-01-03", None)
        # Nor before it where the first drug of an arm starts soon after the first dose.
        starts = {"starts": {"milestone": "crossover"}}
        rest = {"consented_on": "2023-12-20", "planned_first_dose_on": "2024-01-04"}
        patient = self.enrolled(LEAD_IN, {**OF_A, **starts}, {**OF_B, **starts}, **rest)
        patient.record("milestone_reached", milestone="crossover", on="2024-01-06")
        assert days_of(patient, "arm_missing") == ("2024-01-03", None)

    @pytest.mark.parametrize("on", ["2024-01-03", "2024-01-05", "2024-01-10"])
    def test_nobody_asks_for_one_that_is_assigned_by_the_first_dose(self, on: str) -> None:
        patient = self.enrolled(OF_A, OF_B)
        patient.record("arm_assigned", arm="a", on=on)
        assert self.asked(patient, "2024-01-03", "2024-01-09", "2024-01-10") == []

    def test_nor_for_one_of_the_enrolment_nor_in_a_trial_without_arms(self) -> None:
        assert self.asked(self.enrolled(OF_A, OF_B, arm="a"), "2024-01-03", "2024-01-20") == []
        assert self.asked(Patient(planned_first_dose_on="2024-01-10"), "2024-01-03", "2024-01-20") == []

    @pytest.mark.parametrize("of_arms", [(), (OF_B,)])
    def test_it_is_missing_too_where_all_or_most_is_for_everybody(self, of_arms: tuple[dict[str, Any], ...]) -> None:
        patient = self.enrolled(regimen_data(), *of_arms)
        assert self.asked(patient, "2024-01-02", "2024-01-03", "2024-01-10") == ["2024-01-03", "2024-01-10"]

    @pytest.mark.parametrize(
        ("kind", "data"),
        [
            ("treatment_ended", {"last_dose_on": None, "decided_on": "2024-01-20", "reason": "withdrawal"}),
            ("study_ended", {"ended_on": "2024-01-20", "reason": "withdrawal"}),
        ],
    )
    def test_it_ends_with_treatment_or_the_study(self, kind: str, data: dict[str, Any]) -> None:
        patient = self.enrolled(OF_A, OF_B)
        patient.record(kind, **data)
        assert self.asked(patient, "2024-01-19", "2024-01-20") == ["2024-01-19"]

    @pytest.mark.parametrize("milestone", ["crossover", "randomisation"])
    def test_where_each_drug_of_an_arm_starts_at_a_milestone_it_is_asked_for_once_that_is_on_record(
        self, milestone: str
    ) -> None:
        starts = {"starts": {"milestone": milestone}}
        patient = self.enrolled(LEAD_IN, {**OF_A, **starts}, {**OF_B, **starts})
        assert self.asked(patient, "2024-01-03", "2024-01-10", "2024-03-01") == []
        patient.record("milestone_reached", milestone=milestone, on="2024-02-20")
        assert days_of(patient, "arm_missing") == ("2024-02-13", None)
        (entry,) = [one for one in entries(patient, "2024-02-20") if one.kind == "arm_missing"]
        assert str(entry.due_on) == "2024-02-20"
        patient.record("arm_assigned", arm="a", on="2024-02-20")
        assert self.asked(patient, "2024-02-13", "2024-02-20") == []

    def test_where_one_of_them_starts_with_the_first_dose_it_is_needed_then(self) -> None:
        patient = self.enrolled(OF_A, {**OF_B, "starts": {"milestone": "crossover"}})
        patient.record("milestone_reached", milestone="crossover", on="2024-02-20")
        assert days_of(patient, "arm_missing", around="2024-01-10") == ("2024-01-03", None)

    def test_after_a_lead_in_for_everybody_it_is_needed_when_that_is_over(self) -> None:
        """Two cycles of 21 days from 2024-01-10 on: through 2024-02-20."""
        starts = {"starts": {"after": "lead-in"}}
        patient = self.enrolled(LEAD_IN, {**OF_A, **starts}, {**OF_B, **starts})
        assert days_of(patient, "arm_missing") == ("2024-02-14", None)
        (entry,) = [one for one in entries(patient, "2024-02-20") if one.kind == "arm_missing"]
        assert str(entry.due_on) == "2024-02-21"

    @pytest.mark.parametrize(
        ("from_on", "asked_from", "due_on"),
        [
            ("2024-01-10", "2024-01-03", "2024-01-10"),
            ("2024-01-11", "2024-01-04", "2024-01-11"),
            ("2024-03-01", "2024-02-23", "2024-03-01"),
        ],
    )
    def test_an_amendment_may_bring_the_arms(self, from_on: str, asked_from: str, due_on: str) -> None:
        patient = Patient(protocol(), protocol(arms=ARMS, version=2), planned_first_dose_on="2024-01-10")
        patient.record("protocol_amended", version=2, from_on=from_on)
        assert days_of(patient, "arm_missing") == (asked_from, None)
        (entry,) = [one for one in entries(patient, due_on) if one.kind == "arm_missing"]
        assert str(entry.due_on) == due_on

    def test_one_that_comes_after_the_first_dose_says_so(self) -> None:
        with_arms = read_protocol({**protocol_data(arms=ARMS, version=2), "regimens": [OF_A, OF_B]})
        patient = Patient(protocol(), with_arms, planned_first_dose_on="2024-01-10")
        patient.record("protocol_amended", version=2, from_on="2024-03-01")
        (entry,) = [one for one in entries(patient, "2024-02-23") if one.kind == "arm_missing"]
        because = "version 2 of the protocol from 2024-03-01, no arm assigned: what is for one arm alone is not planned"
        assert plain(entry.because) == because

    def test_an_amendment_may_take_the_arms_away(self) -> None:
        patient = Patient(protocol(arms=ARMS), protocol(version=2), planned_first_dose_on="2024-01-10")
        patient.record("protocol_amended", version=2, from_on="2024-03-01")
        assert days_of(patient, "arm_missing") == ("2024-01-03", "2024-02-29")


def test_a_contraception_follow_up_is_due_while_it_is_open_and_not_booked() -> None:
    """The worked example: last dose 2024-08-31, m1 open 2024-09-23 to 2024-10-07."""
    patient = taking("2024-08-31")
    for week in range(6, 36, 6):
        patient.record("visit_done", series="imaging", visit=f"imaging-w{week}", done_on="2024-08-01", response="SD")
    patient.end_treatment("2024-08-31", "progression")
    patient.record("progressed", progressed_on="2024-08-30", basis="clinical")
    assert days_of(patient, "follow_up_due", "contraception-m1", "2024-09-20") == ("2024-09-23", "2024-10-07")
    assert listed(patient, "2024-09-25") == [("follow_up_due", "contraception-m1")]
    patient.record("visit_booked", visit="contraception-m1", booked_on="2024-10-01")
    assert listed(patient, "2024-09-25") == []


def test_progression_with_treatment_open_asks_for_the_end_of_treatment() -> None:
    patient = taking()
    patient.scan("2024-02-14", response="PD")
    assert days_of(patient, "treatment_still_open") == ("2024-02-14", None)
    patient.end_treatment("2024-03-31", "progression")
    assert listed(patient, "2024-04-02") == []


def test_an_end_for_progression_asks_for_its_date() -> None:
    patient = taking("2024-02-10")
    patient.end_treatment("2024-02-10", "progression", decided_on="2024-02-12")
    assert days_of(patient, "progression_date_missing") == ("2024-02-12", None)


def test_a_study_that_ended_before_treatment_asks_for_the_end_of_treatment() -> None:
    patient = taking("2024-02-10")
    patient.record("study_ended", ended_on="2024-02-12", reason="lost_to_follow_up")
    assert days_of(patient, "treatment_end_missing") == ("2024-02-12", None)


def test_nothing_stands_before_enrolment() -> None:
    patient = Patient(protocol(series("screening", "enrolment", first={"days": -14}, window=(0, 0))))
    assert listed(patient, "2024-01-02") == []
    assert listed(patient, "2024-01-03") == [("visit_overdue", "screening")]


@pytest.mark.parametrize(
    ("due_on", "said"),
    [
        ("2024-02-10", "now"),
        ("2024-02-22", "now"),
        ("2024-02-23", "soon"),
        ("2024-02-27", "soon"),
        ("2024-02-28", "routine"),
    ],
)
def test_urgency_is_how_soon_it_is_due(due_on: str, said: str) -> None:
    assert urgency(day(due_on), day("2024-02-20")) == said


@given(lives())
def test_on_any_day_it_is_what_the_calendar_of_that_day_says(life: tuple[Patient, list[date]]) -> None:
    patient, days = life
    for today in days:
        _is_what_the_calendar_says(patient, today)
    schedule, last = patient.schedule(), max(days)
    everything: list[Any] = worklist(schedule, schedule.visits(date.min, last), date(1900, 1, 1), last)
    assert len({(entry.kind, entry.about) for entry in everything}) == len(everything)


def _is_what_the_calendar_says(patient: Patient, today: date) -> None:
    stands = entries(patient, today)
    # What an amendment leaves out is in no calendar: another property compares it.
    left_out, known = ["visit_dropped"], Known(patient)
    if not has_one_dose(known):
        left_out += OF_AMOUNTS
    ids = [(entry.kind, entry.about) for entry in stands if entry.kind not in left_out]
    expected = naive_worklist(patient.versions, patient.history, today, today + timedelta(300), known=known)
    assert sorted(ids) == sorted(expected)
    assert {kind for kind, _ in ids} <= set(KINDS)
    for entry in stands:
        if (due_on := expected.get((entry.kind, entry.about))) is not None:
            assert entry.due_on == due_on
        if entry.kind == "pregnancy":
            is_now = urgency(entry.due_on, entry.from_on) == "now"
            assert is_now != is_stopped(as_read(patient.history, known), today, known)
        elif is_pregnant(patient.history, today) and patient.history.pregnancies[-1].closed_on is None:
            assert "pregnan" in plain(entry.because)


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("study_ended", {"ended_on": "2024-08", "reason": "lost_to_follow_up"}),
        ("progressed", {"progressed_on": "2024-08", "basis": "clinical"}),
    ],
)
def test_an_appointment_is_to_cancel_from_the_first_day_that_an_end_may_have_been(
    kind: str, data: dict[str, Any]
) -> None:
    """Some day in August: it stands for the 31st, and on the 8th the patient may have left already."""
    patient = Patient.treated()
    patient.record("visit_booked", visit="imaging-w36", booked_on="2024-09-12")
    patient.record(kind, **data)
    (entry,) = [one for one in entries(patient, "2024-08-08") if one.visit == "imaging-w36"]
    assert (entry.kind, str(entry.from_on), str(entry.through_on)) == ("booking_to_cancel", "2024-08-01", "2024-09-12")
    assert (entry.kind, entry.about) in naive_worklist(
        patient.versions, patient.history, day("2024-08-08"), day("2025-06-01")
    )


class TestAnAmountSetBeforeTheProtocolHadAnother:
    """Planned 200 mg from 2024-02-01, of 300 mg; from 2024-02-16 on the protocol has 250 mg, then 300 mg again."""

    @pytest.fixture
    def patient(self) -> Patient:
        versions = [protocol(amount=mg, version=number) for number, mg in enumerate((300, 250, 300), 1)]
        patient = Patient.treated(*versions)
        patient.record("dose_changed", from_on="2024-02-01", amount=200)
        patient.record("protocol_amended", version=2, from_on="2024-02-16")
        return patient

    def test_is_to_be_confirmed_and_the_lower_is_planned(self, patient: Patient) -> None:
        assert days_of(patient, "planned_amount_to_confirm", "2024-02-16") == ("2024-02-16", None)
        (entry,) = [one for one in entries(patient, "2024-02-16") if one.kind == "planned_amount_to_confirm"]
        assert plain(entry.because) == (
            "200 mg was set from 2024-02-01; the protocol has 250 mg from 2024-02-16: "
            "200 mg is planned until the site sets an amount"
        )
        assert patient.on("2024-02-16").doses["2024-02-16"]["amount"] == 200

    @pytest.mark.parametrize(
        ("kind", "data", "through_on"),
        [
            ("dose_changed", {"from_on": "2024-02-20", "amount": 250}, "2024-02-19"),
            ("protocol_amended", {"from_on": "2024-03-01", "version": 3}, "2024-02-29"),
            (
                "treatment_ended",
                {"last_dose_on": "2024-03-10", "decided_on": "2024-03-10", "reason": "other"},
                "2024-03-10",
            ),
        ],
    )
    def test_until(self, patient: Patient, kind: str, data: dict[str, Any], through_on: str) -> None:
        patient.record(kind, **data)
        assert days_of(patient, "planned_amount_to_confirm", "2024-02-16") == ("2024-02-16", through_on)

    def test_not_if_it_is_set_from_the_first_day(self, patient: Patient) -> None:
        patient.record("dose_changed", from_on="2024-02-16", amount=200)
        assert "planned_amount_to_confirm" not in [kind for kind, _ in listed(patient, "2024-02-16")]
