"""What holds for every protocol and every history."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date, timedelta
from functools import partial, reduce
from itertools import accumulate, groupby, pairwise
from random import Random
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from scheduler_api.engine.doses.adherence import DoseSums, dose_sums
from scheduler_api.engine.errors import FieldError, ValidationFailed
from scheduler_api.engine.model.facts import DoseRecorded, DoseTakenBack, VisitDone
from scheduler_api.engine.model.fold import extend, fold
from scheduler_api.engine.protocol_file.parse import read_protocol
from scheduler_api.engine.protocol_file.upcast import current_form
from scheduler_api.engine.treatment.dose_ids import parse_dose_id
from scheduler_api.engine.treatment.doses import DosePlan
from scheduler_api.engine.views.calendar import PatientSchedule, calendar, today_view
from scheduler_api.engine.views.changes import consequences, new_deviations
from scheduler_api.engine.views.notices import notices

from .naive import Known
from .naive_protocol import entries_of
from .patients import Patient, plain, start_of
from .strategies import any_day, damaged_definitions, definitions, json_values, lives, patients, ranges, todays

VISIT_FIELDS = (
    *("target_on", "opens_on", "closes_on", "status", "booked_on", "done_on", "days_off", "response", "provisional"),
)
EARLY, LATE = date(2010, 1, 1), date(2032, 12, 31)


@given(patients(), any_day, any_day, st.integers(-3, 810))
def test_every_history_has_a_calendar_on_every_day(patient: Patient, today: date, first: date, days: int) -> None:
    last = first + timedelta(days)
    if 0 <= days < 800:
        document = calendar(patient.versions, patient.history, today, first, last)
        assert len({row["dose_id"] for row in document["doses"]}) == len(document["doses"])
    else:
        with pytest.raises(ValidationFailed):
            calendar(patient.versions, patient.history, today, first, last)
    view = today_view(patient.schedule(), today)
    assert view["today"] == today


@given(patients(), todays, ranges())
def test_the_same_facts_give_the_same_bytes(patient: Patient, today: date, span: tuple[date, date]) -> None:
    grown = calendar(patient.versions, patient.history, today, *span)
    folded = calendar(patient.versions, fold(patient.facts), today, *span)
    assert json.dumps(plain(grown)) == json.dumps(plain(folded))


@given(patients(), todays, ranges(), st.data())
def test_a_shorter_range_is_a_slice_of_a_longer_one(
    patient: Patient, today: date, span: tuple[date, date], data: st.DataObject
) -> None:
    first = data.draw(st.dates(*span))
    last = data.draw(st.dates(first, span[1]))
    longer = calendar(patient.versions, patient.history, today, *span)
    shorter = calendar(patient.versions, patient.history, today, first, last)

    def meets(row: dict[str, Any], *fields: str) -> bool:
        return any(row[field] is not None and first <= row[field] <= last for field in fields)

    expected = {
        **longer,
        "from": first,
        "to": last,
        "doses": [row for row in longer["doses"] if meets(row, "dose_on")],
        "cycles": [
            row
            for row in longer["cycles"]
            if row["starts_on"] <= last and (row["ends_on"] is None or row["ends_on"] >= first)
        ],
        "visits": [
            row
            for row in longer["visits"]
            if (row["opens_on"] and row["opens_on"] <= last and row["closes_on"] >= first)
            or meets(row, "done_on", "booked_on")
        ],
        "deviations": [row for row in longer["deviations"] if meets(row, "on")],
        "unscheduled": [row for row in longer["unscheduled"] if meets(row, "done_on")],
    }
    assert shorter == expected


@given(lives())
def test_the_view_of_a_day_says_what_the_calendar_says(life: tuple[Patient, list[date]]) -> None:
    patient, days = life
    for today in days:
        _view_says_what_the_calendar_says(patient, today)


def _view_says_what_the_calendar_says(patient: Patient, today: date) -> None:
    view = today_view(patient.schedule(), today)
    document = calendar(patient.versions, patient.history, today, today - timedelta(7), today)
    for field in ("today", "time_zone", "status"):
        assert view[field] == document[field]
    known = Known(patient)
    is_pregnant = known.pregnant(today)
    assert view["contraception"] == (None if is_pregnant else document["contraception"])
    place = view["cycle"] or {"number": None, "day": None}
    assert (place["number"], place["day"]) == (document["treatment"]["cycle"], document["treatment"]["cycle_day"])
    fields = ("dose_id", "drug", "amount", "pieces", "status")
    left_alone = patient.history.is_left_alone(today)
    # The last dose, by the record, is none to take: somebody says what became of it.
    last = [row for row in document["doses"] if row["status"] == "due" and not _is_asked_for(patient, row)]
    assert [{field: dose[field] for field in fields} for dose in view["doses"]] == [
        {field: row[field] for field in fields}
        for row in document["doses"]
        if row["dose_on"] == today and row not in last and not (left_alone and row["status"] == "planned")
    ]
    if left_alone:
        assert (view["unrecorded"], view["visits"]) == ([], [])
        return
    unrecorded = [row for row in document["doses"] if row["status"] == "unrecorded"]
    assert view["unrecorded"] == [row["dose_id"] for row in [*unrecorded, *last]]
    rows = [visit.row(today) for visit in patient.schedule().visits(EARLY, LATE)]
    booked = [row for row in rows if row["booked_on"] and (row["booked_on"] >= today or _is_stranded(row))]
    expected = {row["visit"]: row for row in booked if not _is_over(known, row)}
    if not is_pregnant:
        current: dict[str, Any] = {}
        for status in ("overdue", "open", "upcoming"):
            for row in rows:
                if row["status"] == status and not row["appointment"]:
                    current.setdefault(row["series"], row)
        expected |= {row["visit"]: row for row in current.values()}
    assert {row["visit"]: row for row in view["visits"]} == expected
    assert len(view["visits"]) == len(expected)


def _is_stranded(row: dict[str, Any]) -> bool:
    """Return whether the plan does not have what is booked."""
    return row["status"] == "not_required" and row["target_on"] is None and not row["appointment"]


def _is_over(known: Known, row: dict[str, Any]) -> bool:
    """Return whether something was done on the booked day of a visit, or later: then nobody is to come any more."""
    if row["status"] != "done":
        return False
    (visit,) = [one for one in known.series(row["series"]).visits if one.name == row["visit"] and one.done]
    only_parts = all(record.part for record in visit.done)
    last = max(record.done_on for record in visit.done) if only_parts else row["done_on"]
    return bool(last >= row["booked_on"])


def _is_asked_for(patient: Patient, row: dict[str, Any]) -> bool:
    """Return whether the patient is asked to take the dose of a row."""
    dose = parse_dose_id(row["dose_id"])
    assert dose.regimen is not None
    return bool(Known(patient).asks_for(dose.regimen, dose.day))


@given(patients(), any_day)
def test_a_patient_is_at_the_site_that_the_latest_transfer_says(patient: Patient, on: date) -> None:
    known, history = Known(patient), patient.history
    assert history.site_on(on) == known.site(on)
    assert {visit: booking.site for visit, booking in history.bookings.items()} == known.booked_at()
    stays = [one for one in history.stays if (one.from_on or on) <= on <= (one.through_on or on)]
    assert [one.site for one in stays] == [known.site(on)]


@given(patients())
def test_holds_and_bookings_are_those_of_reading_fact_by_fact(patient: Patient) -> None:
    known, history = Known(patient), patient.history
    assert [(h.from_on, h.resumes_on) for h in history.holds] == [(h.from_on, h.resumes_on) for h in known.holds]
    assert {visit: booking.booked_on for visit, booking in history.bookings.items()} == known.booked()


@given(patients(), todays)
def test_dose_days_are_those_of_walking_day_by_day(patient: Patient, today: date) -> None:
    known = Known(patient)
    first = known.c1d1 or today
    expected = [*known.dose_days(today, first + timedelta(400))]
    # A regimen may start at a milestone that was reached before the first dose.
    begin = min([first, *(row["dose_on"] for row in expected)])
    document = calendar(patient.versions, patient.history, today, begin, first + timedelta(400))
    planned = {row["dose_id"] for row in expected}
    inside = [{**row, "drug": plain(row["drug"])} for row in document["doses"] if row["dose_id"] in planned]
    assert [{name: row[name] for name in row if name != "pieces"} for row in inside] == expected
    outside = {row["dose_id"]: row["taken_amount"] for row in document["doses"] if row["dose_id"] not in planned}
    in_range = [dose for dose in known.outside() if begin <= dose.on <= first + timedelta(400)]
    assert outside == {dose.dose_id: known.taken[dose] for dose in in_range}


@given(patients(), todays)
def test_doses_deviate_as_read_one_by_one(patient: Patient, today: date) -> None:
    """What stands by the plan as it was known when the dose was taken; and what the patient says beside it."""
    known = Known(patient)
    rows = [row for row in patient.schedule().all_deviations(today) if row["dose_on"] is not None]
    expected = {*known.dose_deviations(today), *known.deviations_beside()}
    assert {(row["kind"], row["dose_id"]) for row in rows} == {(kind, dose.dose_id) for kind, dose in expected}


@given(patients())
def test_the_words_that_stand_are_those_read_one_by_one(patient: Patient) -> None:
    """Of each day whose word stands, what it says, when and by which fact; and what is still to be confirmed."""
    known, treatment_plan = Known(patient), patient.schedule().treatment_plan
    for dose in known.words:
        plan = treatment_plan.dose_plan(dose.regimen, dose.slot)
        assert plan is not None
        log = plan.log
        staff, own = known.said(dose, True), known.said(dose, False)
        words = log.words_of(dose.on)
        for fact, word in ((staff, words.staff), (own, words.patient)):
            assert (fact is None) == (word is None)
            if fact is not None and word is not None:
                assert (word.fact_id, word.said_at) == (fact.fact_id, fact.said_at)
                said = (fact.body.status, fact.body.amount) if fact.kind == "dose_recorded" else ("taken_back", None)
                assert (word.status, word.amount) == said
        stands = known.word(dose)
        assert log.status(dose.on) == (stands and stands.status)
    late = {
        (on, plan.regimen.name, plan.slot): (word.word.fact_id, word.received_at)
        for plan in treatment_plan.doses
        for on, word in plan.log.unconfirmed()
    }
    assert late == {dose: (fact.fact_id, fact.recorded_at) for dose, fact in known.to_confirm().items()}
    assert patient.history.last_dose_on == known.last_dose


@given(patients())
def test_what_was_taken_is_fixed_when_it_is_received(patient: Patient) -> None:
    """Staff who do not say how much mean what was planned as known then; and no later fact changes it."""
    for number, fact in enumerate(patient.facts):
        given = patient.given.get(fact.fact_id)
        if isinstance(given, DoseRecorded) and given.status == "taken":
            assert isinstance(fact.body, DoseRecorded)
            assert fact.body.amount == given.amount or (
                given.amount is None and fact.body.amount == _fixed(Known(patient, number), given)
            )


def _fixed(known: Known, given: DoseRecorded) -> float | None:
    return known.fixed(known.dose_of(given))


@given(patients(), todays)
def test_cycles_are_those_of_walking_day_by_day(patient: Patient, today: date) -> None:
    known = Known(patient)
    first = known.c1d1 or today
    last = first + timedelta(400)
    walked = {
        days[0]: (number, days[-1])
        for name in known.names
        for number, days in known.cycles(name, last).items()
        if days[-1] >= first and known.shown(days[0]) == name
    }
    cycles = calendar(patient.versions, patient.history, today, first, last)["cycles"]
    assert {row["starts_on"]: row["number"] for row in cycles} == {on: number for on, (number, _) in walked.items()}
    for row in cycles:
        if row["ends_on"] is not None and row["ends_on"] < last:
            assert row["ends_on"] == walked[row["starts_on"]][1]
        name = known.shown(row["starts_on"])
        assert name is not None
        ends = [day for day in (known.ends_by_itself(name), known.end_of_regimen(name)) if day is not None]
        is_vague = bool(ends) and row["ends_on"] == min(ends) and known.may_end_before(name, row["ends_on"])
        if patient.history.first_dose_on is not None and known.rests_on_c1d1(name):
            assert row["provisional"] == is_vague
        assert row["provisional"] or not is_vague


@given(patients(), todays)
def test_adherence_is_what_counting_day_by_day_gives(patient: Patient, today: date) -> None:
    known, document = Known(patient), patient.schedule().adherence(today)
    for own in document.get("regimens", [{"regimen": known.names[0], **document}]):
        name = own["regimen"]
        by_site = known.is_given_by_site(name)
        expected = known.adherence_at_site(today, name) if by_site else known.adherence(today, name)
        assert {name: own[name] for name in expected} == expected


@given(patients(), todays)
def test_doses_by_cycle_add_up_to_all_and_lack_what_the_list_of_doses_lacks(patient: Patient, today: date) -> None:
    schedule = patient.schedule()
    by_cycle, plans = schedule.cycle_sums(today), schedule.treatment_plan.doses
    whole = reduce(DoseSums.plus, by_cycle.values(), DoseSums())
    expected = dose_sums(plans, today)
    assert whole[:4] == expected[:4]
    assert whole.taken_amount == pytest.approx(expected.taken_amount)
    first = min((plan.starts_on for plan in plans), default=today)
    rows = schedule.treatment_plan.rows(today, first, today)
    lacking = Counter(row["cycle"] for row in rows if row["status"] in ("missed", "unrecorded"))
    assert Counter({number: sums.planned - sums.taken for number, sums in by_cycle.items()}) == lacking


@given(patients())
def test_contraception_is_what_reading_day_by_day_gives(patient: Patient) -> None:
    known, schedule = Known(patient), patient.schedule()
    start = start_of(patient)
    days = [start + timedelta(number) for number in range(0, 800, 3)]
    days += [fact + timedelta(near) for fact in _days_of_facts(patient) for near in (-1, 0, 1) if fact > start]
    for on in days:
        seen = schedule.contraception(on)
        assert seen["status"] == known.contraception(on), on
        if seen["status"] == "required" and seen["through_on"] is None:
            assert known.through is None
            # Before enrolment nobody is treated, and nothing is reckoned yet.
            assert (seen["earliest_through_on"] is None) == (known.enrolled is None)
            assert seen["earliest_through_on"] == known.earliest_through(on)
        if seen["through_on"] is not None and seen["status"] == "required":
            assert on <= seen["through_on"]
            assert known.through is None or seen["through_on"] <= known.through
            # It ends earlier only where she is not fertile on the next day.
            assert seen["through_on"] == known.through or not known.fertile(seen["through_on"] + timedelta(1))
        if seen["through_on"] is not None and (rests_on := known.released_by(seen["through_on"] + timedelta(1))):
            assert seen["provisional"] == any(day.first < day.on for day in rests_on)


@given(patients(), todays, ranges(200))
def test_study_days_are_counted_one_by_one(patient: Patient, today: date, span: tuple[date, date]) -> None:
    known, document = Known(patient), calendar(patient.versions, patient.history, today, *span)
    for row in document["doses"]:
        assert row["study_day"] == known.study_day(row["dose_on"])
    for row in document["visits"]:
        # A further appointment has no target: its day is the one it is booked for.
        assert row["study_day"] == known.study_day(row["done_on"] or row["target_on"] or row["booked_on"])
    for row in document["unscheduled"]:
        assert row["study_day"] == known.study_day(row["done_on"])


@given(lives())
def test_a_pregnancy_is_open_as_read_literally(life: tuple[Patient, list[date]]) -> None:
    """And then the phone says nothing about contraception, shows only what is booked, and perhaps to call the site."""
    patient, days = life
    known, schedule = Known(patient), patient.schedule()
    for today in days:
        view, is_pregnant = today_view(schedule, today), known.pregnant(today)
        assert (patient.history.pregnancy_on(today) is not None) == is_pregnant
        assert (view["contraception"] is None) == is_pregnant
        assert patient.history.awaits_site(today) == known.calls_before_taking(today)
        may_take = known.end_day is None or today <= known.end_day
        calls = any(one.code == "call_site_before_dose" for one in notices(schedule, today, []))
        assert calls == (known.calls_before_taking(today) and may_take)
        if is_pregnant:
            to_come = [visit for visit in view["visits"] if visit["status"] != "not_required"]
            assert all(visit["booked_on"] and visit["booked_on"] >= today for visit in to_come)
            assert all(visit["booked_on"] for visit in view["visits"])


@given(lives())
def test_visits_are_assigned_and_cut_as_read_literally(life: tuple[Patient, list[date]]) -> None:
    """In every series: when each visit is, for whom, until when, what was done on it, and what belongs to none."""
    patient, days = life
    names = {entry["series"] for version in patient.versions.values() for entry in version.definition["visits"]}
    names |= {one.id for version in patient.versions.values() for one in version.regimens if one.given_by_site}
    latest = Known(patient)
    # What is the same on several days is read once, for all series.
    on_days = [*accumulate(days, Known.on, initial=latest)][1:]
    for name in sorted(names):
        for today, known in zip(days, on_days, strict=True):
            _series_is_as_read_literally(patient, known, name, today)
        rest = {
            row["fact_id"]: row["suggested_visit"]
            for row in patient.schedule().unscheduled(EARLY, LATE)
            if row["series"] == name
        }
        series = latest.series(name)
        assert rest == {one.record.fact_id: one.suggested for one in series.unscheduled}
        dropped = []
        if name in patient.schedule().visit_schedule.names:
            dropped = patient.schedule().visit_schedule.series(name).dropped
        near = sorted(one.visit.name for one in dropped if one.visit.target_on < date(2028, 1, 1))
        assert near == sorted(series.dropped)


def _series_is_as_read_literally(patient: Patient, known: Known, name: str, today: date) -> None:
    series, expected = known.series(name), {}
    for visit in series.visits:
        status = known.status(visit, today)
        if status is not None and visit.target < date(2028, 1, 1):
            done_on = visit.done_on if visit.done else None
            off = None
            if done_on:
                off = (done_on - visit.opens).days if done_on < visit.opens else max((done_on - visit.closes).days, 0)
            window = (visit.target, visit.opens, visit.closes)
            expected[visit.name] = (*window, status, done_on, off, visit.how, visit.response, len(visit.done))
    stranded = known.stranded(name, series.visits)
    for visit_name in stranded:
        expected[visit_name] = (None, None, None, "not_required", None, None, None, None, 0)
    rows = [visit.row(today) for visit in patient.schedule().visits(EARLY, date(2028, 12, 31), [name])]
    more = {row["visit"]: (row["booked_on"], row["status"]) for row in rows if row["appointment"]}
    assert more == known.appointments(name, series, today)
    fields = ("target_on", "opens_on", "closes_on", "status", "done_on", "days_off", "assigned", "response", "parts")
    rows = [row for row in rows if not row["appointment"]]
    near = [row for row in rows if row["target_on"] is None or row["target_on"] < date(2028, 1, 1)]
    assert {row["visit"]: tuple(row[field] for field in fields) for row in near} == expected
    assert {row["visit"]: row["booked_on"] for row in rows if row["target_on"] is None} == stranded


@given(patients(), todays)
def test_doses_at_the_site_deviate_as_read_one_by_one(patient: Patient, today: date) -> None:
    known, schedule = Known(patient), patient.schedule()
    unknown = {visit.visit for visit in schedule.visits(EARLY, LATE) if visit.is_vague}
    names = [*schedule.visit_schedule.names_of_doses]
    rows = [row for row in schedule.all_deviations(today) if row["kind"] in ("dose_out_of_window", "dose_missed")]
    found = {(row["kind"], row["visit"]) for row in rows if row["dose_on"] is None}
    found |= {(one.kind, one.visit or one.record.fact_id) for one in schedule.off_plan_given()}
    expected = known.on(today).deviations_of_doses_at_site(today)
    resting = ("dose_out_of_window", "dose_missed")
    assert found == {one for one in expected if one[0] not in resting or one[1] not in unknown}
    assert names == [one for one in known.names if known.is_given_by_site(one)]


@given(patients())
def test_what_was_given_is_fixed_when_it_is_received(patient: Patient) -> None:
    """Nurses who do not say how much mean what was planned as known then; a correction keeps what was said before."""
    for number, fact in enumerate(patient.facts):
        body, given = fact.body, patient.given.get(fact.fact_id)
        if not isinstance(body, VisitDone) or not isinstance(given, VisitDone) or body.amount is None:
            continue
        known = Known(patient, number + 1)
        assert body.before_start == Known(patient, number).is_before_day_1(body.series, body)
        if given.amount is None and fact.replaces is None:
            visits = known.series(body.series).visits
            visit = next(one for one in visits if fact.fact_id in [record.fact_id for record in one.done])
            assert body.amount == known.dose_at_site(visit)
        elif given.amount is not None:
            assert body.amount == given.amount


@given(patients(), todays)
def test_what_was_done_for_no_visit_hides_none(patient: Patient, today: date) -> None:
    """A required visit counts as done by what names it, by what was done in its window, or soon after, to confirm."""
    for visit in patient.schedule().visits(EARLY, LATE):
        # A part that is named may lie before the window in which another part was done.
        if visit.done_on is not None and visit.days_off and visit.parts == 1:
            assert visit.assigned == "named" or (visit.assigned == "late" and visit.days_off > 0)


@given(patients(), st.integers(0, 300), st.integers(1, 40), st.sampled_from(["hold", "scan", "dose"]))
def test_windows_never_move_with_holds_scans_or_dose_changes(
    patient: Patient, number: int, length: int, what: str
) -> None:
    before = {visit.visit: visit for visit in patient.schedule().visits(EARLY, LATE)}
    on = start_of(patient) + timedelta(number)
    try:
        if what == "hold":
            patient.record("hold_started", from_on=str(on), resumes_on=str(on + timedelta(length)))
        elif what == "scan":
            patient.record("visit_done", series="imaging", done_on=str(on))
        else:
            sure = ("not_a_level", "not_dispensable")
            patient.record("dose_changed", from_on=str(on), amount=length / 4, confirmed=sure)
    except ValidationFailed:
        assume(False)
    # These hang on what was done or on cycles that a hold makes longer.
    moving = {"scan": {"visit"}, "hold": {"visit", "days"}, "dose": set()}[what]

    def moves(entry: dict[str, Any]) -> bool:
        return isinstance(entry["anchor"], dict) and not moving.isdisjoint(entry["anchor"])

    visits = patient.schedule().visit_schedule
    # A hold may make the cycles longer on whose days the site gives a drug, too.
    doses = visits.names_of_doses if what == "hold" else ()
    fixed = {
        name
        for name in visits.names
        if name not in doses
        and not any(moves(entry) for v in patient.versions.values() for entry in entries_of(v, name))
    }
    for visit in patient.schedule().visits(EARLY, LATE):
        earlier = before.get(visit.visit)
        if visit.series in fixed and earlier is not None and visit.in_plan and earlier.in_plan:
            assert (visit.opens_on, visit.target_on, visit.closes_on) == (
                earlier.opens_on,
                earlier.target_on,
                earlier.closes_on,
            )


@given(patients(), todays, ranges(), st.randoms(use_true_random=False))
def test_the_order_in_which_a_protocol_lists_its_visits_changes_no_date(
    patient: Patient, today: date, span: tuple[date, date], random: Random
) -> None:
    shuffled = {}
    for number, version in patient.versions.items():
        visits = [*version.definition["visits"]]
        random.shuffle(visits)
        shuffled[number] = read_protocol({**version.definition, "visits": visits})
    document, other = (calendar(v, patient.history, today, *span) for v in (patient.versions, shuffled))
    assert plain(other) == plain(document)
    dropped = [_dropped(PatientSchedule(v, patient.history)) for v in (patient.versions, shuffled)]
    assert dropped[0] == dropped[1]


def _dropped(schedule: PatientSchedule) -> set[str]:
    visits = schedule.visit_schedule
    return {one.visit.name for name in visits.names for one in visits.series(name).dropped}


@given(patients())
def test_visits_of_a_series_have_names_and_windows_of_their_own(patient: Patient) -> None:
    """No window lies inside another, but of visits counted from different responses, and of what is for others.

    Who was recorded by name to have done a visit of another arm has it beside those of the own one.
    """
    schedule = patient.schedule()
    visits = schedule.visits(EARLY, LATE)
    assert len({visit.visit for visit in visits}) == len(visits)
    for name in schedule.visit_schedule.names:
        anchors = [entry["anchor"] for version in patient.versions.values() for entry in entries_of(version, name)]
        if any(isinstance(anchor, dict) and "each" in anchor for anchor in anchors):
            continue
        own = [visit for visit in visits if visit.series == name and visit.has_window and visit.assigned != "named"]
        for one, other in pairwise(own):
            assert one.target_on < other.target_on
            assert one.opens_on <= other.opens_on
            assert one.closes_on <= other.closes_on


@given(patients(), todays, ranges())
def test_every_visit_and_cycle_says_why(patient: Patient, today: date, span: tuple[date, date]) -> None:
    document = calendar(patient.versions, patient.history, today, *span)
    for row in [*document["visits"], *document["cycles"], document["contraception"], document["treatment"]]:
        assert plain(row["because"]).strip()


@given(patients(), todays, st.data())
def test_consequences_lead_from_one_calendar_to_the_other(patient: Patient, today: date, data: st.DataObject) -> None:
    index = data.draw(st.integers(1, len(patient.facts)))
    before, after = fold(patient.facts[:index]), patient.history
    through = start_of(patient) + timedelta(400)
    moved = consequences(PatientSchedule(patient.versions, before), patient.schedule(), today, through)
    assert len({entry["what"] for entry in moved}) == len(moved)
    things = _things(patient, before, today, through)
    recorded = [entry for entry in moved if entry["what"].startswith("recorded dose ")]
    deviate = {str(one["on"]) for one in patient.schedule().all_deviations(today) if one["dose_on"]}
    for entry in recorded:
        if " of " in entry["what"]:
            # Given at the site.
            assert entry["after"]["amount"] != entry["before"]["amount"]
            continue
        dose = parse_dose_id(entry["what"].removeprefix("recorded dose "))
        plans = [PatientSchedule(patient.versions, one).treatment_plan.named(dose) for one in (before, patient.history)]
        amounts = [dict(plan.log.taken(dose.day, dose.day))[dose.day] for plan in plans if plan is not None]
        assert str(dose.day) in deviate
        assert amounts[0] == amounts[1] != entry["after"]["amount"] != entry["before"]["amount"]
    for entry in (entry for entry in moved if entry not in recorded):
        assert plain(entry["because"]).strip()
        assert entry["before"] != entry["after"]
        if entry["before"] is None:
            assert entry["what"] not in things
        else:
            assert entry["before"].items() <= things[entry["what"]].items()
        if entry["after"] is None:
            assert things.pop(entry["what"]) == entry["before"]
        else:
            things[entry["what"]] = {**things.get(entry["what"], {}), **entry["after"]}
    assert things == _things(patient, after, today, through)


@given(patients(), st.data())
def test_series_whose_inputs_are_alike_have_the_same_visits(patient: Patient, data: st.DataObject) -> None:
    """What a fact does not touch is not computed again: neither for its consequences nor for the rows that are kept."""
    facts = patient.facts[: data.draw(st.integers(1, len(patient.facts)))]
    before, after = PatientSchedule(patient.versions, fold(facts)), patient.schedule()
    unlike = after.changed_series(before)
    for name in {*before.visit_schedule.names, *after.visit_schedule.names}.difference(unlike):
        assert before.visits(EARLY, LATE, [name]) == after.visits(EARLY, LATE, [name])
    assert before.changed_series(PatientSchedule(patient.versions, fold(facts))) == []


@given(patients())
def test_a_history_that_grows_fact_by_fact_is_the_fold_of_them_all(patient: Patient) -> None:
    """And what it came of stays as it was, though they share what did not change."""
    grown = fold(patient.facts[:1])
    for number, fact in enumerate(patient.facts[1:], 2):
        known, earlier = grown, fold(patient.facts[: number - 1])
        grown = extend(known, fact) if fact.supersedes is None else fold(patient.facts[:number])
        assert known == earlier
        assert grown == fold(patient.facts[:number])


@given(patients())
def test_histories_that_plan_alike_have_the_same_plan(patient: Patient) -> None:
    """What is not computed anew because two histories plan alike is the same in both."""
    for number in range(1, len(patient.facts)):
        before, after = fold(patient.facts[:number]), fold(patient.facts[: number + 1])
        if after.plans_like(before):
            one, other = PatientSchedule(patient.versions, before), PatientSchedule(patient.versions, after)
            assert one.visits(EARLY, LATE) == other.visits(EARLY, LATE)
            for plan, same in zip(one.treatment_plan.doses, other.treatment_plan.doses, strict=True):
                assert [*plan.spans(EARLY, LATE)] == [*same.spans(EARLY, LATE)]
                assert plan.runs == same.runs


@given(definitions())
def test_a_protocol_survives_being_written_and_read(data: dict[str, Any]) -> None:
    try:
        protocol = read_protocol(data)
    except ValidationFailed:
        assume(False)
    assert read_protocol(json.loads(json.dumps(protocol.definition))) == protocol
    assert current_form(data) == data


@given(json_values)
def test_any_data_is_a_protocol_or_impossible(data: Any) -> None:
    _read(data)


@given(damaged_definitions())
def test_a_damaged_protocol_is_a_protocol_or_impossible(data: Any) -> None:
    _read(data)


def _read(data: Any) -> None:
    errors: tuple[FieldError, ...] | None = None
    try:
        read_protocol(data)
    except ValidationFailed as refused:
        errors = refused.errors
    assert errors is None or errors
    for field_error in errors or ():
        assert field_error.pointer == "" or field_error.pointer.startswith("/")
        assert field_error.detail.endswith((".", "?"))


def _days_of_facts(patient: Patient) -> list[date]:
    values = (getattr(fact.body, field) for fact in patient.facts for field in fact.body.__dataclass_fields__)
    return [value for value in values if type(value) is date]


def _things(patient: Patient, history: Any, today: date, through: date) -> dict[str, dict[str, Any]]:
    """What `consequences` speaks of, taken from calendars that together reach from years back through a day."""
    things: dict[str, dict[str, Any]] = {}
    schedule = PatientSchedule(patient.versions, history)
    planned: list[tuple[date, str]] = []
    last = through
    for _ in range(6):
        document = calendar(patient.versions, history, today, last - timedelta(799), last)
        last -= timedelta(800)
        for row in document["visits"]:
            things[f"visit {row['visit']}"] = {field: row[field] for field in VISIT_FIELDS}
        planned += [(row["dose_on"], row["dose_id"]) for row in document["doses"]]
        for row in document["cycles"]:
            regimen = schedule.treatment_plan.regimen_of_day(row["starts_on"])
            of = f" of {regimen.name}" if regimen is not None and regimen.milestone_on is not None else ""
            fields = ("starts_on", "ends_on", "provisional")
            things[f"cycle {row['number']}{of}"] = {field: row[field] for field in fields}
    for stay in history.stays:
        what = "site" if stay.from_on is None else f"site from {stay.from_on}"
        things[what] = {"site": stay.site, "through_on": stay.through_on}
    if schedule.awaits_site(today):
        things["dose reminders"] = {"sent": False}
    plans = schedule.treatment_plan.doses
    for dose_plan in plans:
        ends_on = dose_plan.last_dose_day
        of_plan = [day for day, name in sorted(planned) if name == dose_plan.dose_id(day)]
        of_plan = [day for day in of_plan if dose_plan.span_on(day) and day <= (ends_on or day)]
        for fields, alike in groupby(of_plan, partial(_plan_of, dose_plan)):
            first, *_, until = [*alike] * 2
            through_on = None if until == through != ends_on else until
            of = "" if len(plans) == 1 else f" of {dose_plan.name}"
            things[f"doses{of} from {first}"] = {"through_on": through_on, **fields}
    for part in ("contraception", "treatment"):
        things[part] = {field: value for field, value in document[part].items() if field != "because"}
    things["status"] = {"status": document["status"]}
    return things


def _plan_of(dose_plan: DosePlan, day: date) -> dict[str, Any]:
    """What is planned of an intake on a day."""
    span, regimen = dose_plan.span_on(day), dose_plan.regimen
    assert span is not None
    when, change = regimen.regimen_on(day).when, regimen.change_on(day)
    days = when[0].days if len(when) == 1 else None
    if change is not None and change.days is not None:
        days = frozenset(change.days) & (frozenset(change.days) if days is None else days)
    held = regimen.is_held(day)
    return {"amount": None if held else span.planned_amount, "held": held, "days": days and sorted(days)}


def test_the_engine_reads_nothing_but_what_it_is_given() -> None:
    patient = Patient.treated()
    one = PatientSchedule(patient.versions, patient.history).visits(EARLY, LATE)
    other = PatientSchedule(patient.versions, fold(patient.facts)).visits(EARLY, LATE)
    assert one == other


@given(patients(), todays)
def test_a_fact_makes_the_deviations_that_were_not_there_before(patient: Patient, today: date) -> None:
    assume(len(patient.facts) > 1)
    before, after = PatientSchedule(patient.versions, fold(patient.facts[:-1])), patient.schedule()
    there = before.deviations(today, EARLY, LATE)
    expected = [one for one in after.deviations(today, EARLY, LATE) if one not in there]
    last = patient.facts[-1]
    on = last.body.dose_on if isinstance(last.body, DoseRecorded | DoseTakenBack) and not last.supersedes else None
    assert new_deviations(before, after, today, on) == expected
    assert new_deviations(before, after, today, None) == expected
    assert new_deviations(after, after, today, None) == []
