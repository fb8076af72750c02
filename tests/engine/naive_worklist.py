"""What is to do on a day, read off the calendar of that day without any of the worklist's own computation."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from scheduler_api.engine.model.history import History
from scheduler_api.engine.model.protocol import Protocol, Versions
from scheduler_api.engine.model.records import Reopening
from scheduler_api.engine.views.calendar import calendar

from . import naive_protocol as said_by
from .naive import Known
from .naive_facts import Dose
from .naive_protocol import amount, has_dose, highest, planned_amount
from .naive_treatment import FAR, HARMFUL
from .patients import plain

ONE_DAY, WEEK = timedelta(1), timedelta(7)
FORTNIGHT, FOUR_WEEKS = timedelta(14), timedelta(28)
#: A day in a reason; the last is that of what ended something.
_DAY = re.compile(r"\d{4}-\d\d-\d\d")


def naive_worklist(
    versions: Versions,
    history: History,
    today: date,
    last: date,
    present: date | None = None,
    known: Known | None = None,
) -> dict[tuple[str, str], date | None]:
    """When each thing that is to do on a day is due, by kind and subject; visits are looked for through `last`.

    When a pregnancy is due is None: the tests say it.

    `present` is the day on which it is asked, if another: from then on no day is over yet. `known` is what stands of
    the facts, without which no more than one dose a day can be read. Of more than that what is to be said of planned
    amounts, and of two regimens of one drug, is left out (`OF_AMOUNTS`).
    """
    enrolled_on = history.enrolled.enrolled_on if history.enrolled else None
    history = as_read(history, known)
    since = min([day for day in (history.registered.consented_on, enrolled_on) if day is not None], default=None)
    if since is not None and today < since:
        return {}
    visits, doses, rows, unscheduled = {}, {}, {}, []
    marks = [day for day in (history.registered.consented_on, enrolled_on, history.c1d1, today) if day is not None]
    first = start = min(marks) - timedelta(400)
    while start <= last:
        document = calendar(versions, history, today, start, min(start + timedelta(799), last))
        visits.update({row["visit"]: row for row in document["visits"]})
        doses.update({row["dose_on"]: row["status"] for row in document["doses"]})
        unscheduled += document["unscheduled"]
        rows.update({row["dose_on"]: row for row in document["doses"]})
        start += timedelta(800)
    found: dict[tuple[str, str], date | None] = {}
    for name, row in visits.items():
        parts = _only_parts(row, history, unscheduled) if row["status"] == "done" else []
        found |= {(kind, name): due_on for kind, due_on in _of_visit(row, today, history, parts)}
        if (due_on := _cancelled_elsewhere_by(history, row, today)) is not None:
            found["booking_at_old_site", name] = due_on
    for row in unscheduled:
        found |= {(kind, row["fact_id"]): due_on for kind, due_on in _of_unscheduled(row, visits, today)}
    found |= {("pregnancy", str(on)): None for on in _first_of_stretch(history, today, known)}
    found |= {(kind, ""): due_on for kind, due_on in _of_treatment(versions, history, today)}
    found |= {("dose_before_start", str(on)): on for on in _first_said_taken(history, known) if on <= today}
    found |= {(kind, ""): due_on for kind, due_on in _of_arm(history, known, today)}
    found |= {("milestone_unconfirmed", name): on for name, on in _announced(history, known) if on <= today}
    found |= {("hold_open", about): due_on for about, due_on in _of_holds(history, today)}
    if known is not None and not has_one_dose(known):
        return found | _of_several_doses(known, history, today, present or today, last)
    if history.begun:
        found |= {("doses_not_taken", str(on)): due for on, due in _first_of_row(doses, today, present or today)}
    days = [first + n * ONE_DAY for n in range((last - first).days + 1)]
    for kind, on, beside in _that_could_hurt(versions, history, rows, days):
        if on <= today:
            found[kind, f"{on}{beside}"] = on
    found |= {(kind, str(on)): due_on for kind, on, due_on in _to_confirm(history, today)}
    return found | {("planned_amount_to_confirm", str(on)): on for on in _amounts_set_before(versions, history, today)}


def as_read(history: History, known: Known | None) -> History:
    """The history with what follows from the protocol, as the facts are read.

    An end of treatment does not count once treatment was reopened, and not every dose starts treatment.
    """
    if known is None:
        return history
    unnamed = {""} if known._only_regimen(date.min) in known.beside_start else set()
    reopened = None if known.reopened_on is None else Reopening(known.reopened_on, "")
    beside, anew_on = frozenset(known.beside_start | unnamed), tuple(sorted(known.crossings))
    return replace(history, reopened=reopened, beside_start=beside, anew_on=anew_on)


#: What stands of planned amounts and of regimens that overlap.
OF_AMOUNTS = ("planned_amount_to_confirm", "dose_to_calculate", "regimens_overlap")


def has_one_dose(known: Known) -> bool:
    """Return whether the patient takes one dose a day of one regimen, by every version, while treatment goes on."""
    found = [known.reading(name, start) for name in known.names for start, _, _ in known.periods]
    more = {"times_a_day", "cycles", "max_doses", "cycles_of", "starts", "given_by"}
    plain_ones = [not more & {*one} for one in found]
    return len(known.names) == 1 and all(plain_ones) and all("per" not in one["dose"] for one in found)


def _of_several_doses(
    known: Known, history: History, today: date, present: date, last: date
) -> dict[tuple[str, str], date | None]:
    """What is to do about the doses of several regimens, or several a day: of each dose by itself."""
    found: dict[tuple[str, str], date | None] = {}
    times = [known.reading(name, start).get("times_a_day", 1) for name in known.names for start, _, _ in known.periods]
    registered = said_by.regimens(known.versions[known.registered.version])
    at_first = [one for one in registered if not said_by.is_given_by_site(one)]

    def about(dose: Dose) -> str:
        """The day alone, if the patient was registered for one dose a day of one regimen, and it is that."""
        is_only = len(at_first) == 1 and at_first[0].get("times_a_day", 1) == dose.slot == 1
        return str(dose.on) if is_only and dose.regimen == at_first[0]["id"] else dose.dose_id

    rows = [(row["dose_id"], row["dose_on"], row["status"]) for row in known.dose_days(today, today)]
    for name, slot in sorted({(name, slot) for name in known.names for slot in range(1, max(times) + 1)}):
        own = {on: status for dose_id, on, status in rows if dose_id == Dose(on, name, slot).dose_id}
        # A day that another regimen of the drug plans ends no row.
        days = [on for on in known.calendar(name).days if on <= today and known.runs(name, on)]
        own |= {on: "rest" for on in days if on not in own and known.is_superseded(name, on)}
        if known.begun or not known.rests_on_c1d1(name):
            for on, due_on in _first_of_row(own, today, present):
                found["doses_not_taken", about(Dose(on, name, slot))] = due_on
        for kind, on, beside in _harmful(known, name, slot):
            if on <= today:
                found[kind, about(Dose(on, name, slot)) + beside] = on
    for name in (name for name in known.names if known.is_given_by_site(name)):
        for kind, of in known.deviations_of_doses_at_site(today):
            record = next((one for one in known.given(name) if of in (one.fact_id, _visit_of(known, name, one))), None)
            if kind in HARMFUL and record is not None and record.done_on <= today:
                found[kind, f"{name}.{of}" if of == record.fact_id else of] = record.done_on
    for dose, late in known.to_confirm().items():
        received_on = late.recorded_at.astimezone(ZoneInfo(history.time_zone)).date()
        if received_on <= today:
            kind = "record_after_death" if known.off and dose.on > known.off else "doses_to_confirm"
            found[kind, about(dose)] = received_on
    over_on, goes_on = _over_on(known), not known.ended and (not known.off or today < known.off)
    if over_on is not None and over_on < today and known.begun and goes_on:
        found["treatment_to_end", ""] = over_on + ONE_DAY + FOUR_WEEKS
    return found


def _visit_of(known: Known, name: str, record: Any) -> str | None:
    """The dose at the site that a record belongs to."""
    return next((visit.name for visit in known.series(name).visits if record in visit.done), None)


def _over_on(known: Known) -> date | None:
    """The last day of the last regimen, if each has an end of its own."""
    ends = [known.over_on(name) for name in known.names if known.fitted(name, date(2300, 1, 1))]
    return None if None in ends else max((end for end in ends if end is not None), default=None)


#: What the entry about a patient's word that does not count has behind the day.
BESIDE = ".by-patient"


def _harmful(known: Known, name: str, slot: int) -> Iterator[tuple[str, date, str]]:
    """Each dose of a regimen and a slot that could hurt, but for those that go on from one like it on the day before.

    The word that counts is one row of them, what the patient says beside it another: if it is no less harm than that.
    """
    counting: dict[date, tuple[Any, ...] | None] = {}
    beside: dict[date, tuple[Any, ...] | None] = {}
    for dose in sorted(dose for dose in known.words if (dose.regimen, dose.slot) == (name, slot)):
        standing = known.word_that_stands(dose)
        if standing is not None and standing.body.status == "taken":
            counting[dose.on] = _why(known, dose, standing)
        late = known.to_confirm().get(dose)
        said = [known.said(dose, False)] if known.said(dose, True) else []
        said += [late] if late is not None and not (known.off and dose.on > known.off) else []
        for fact in said:
            if fact is not None and fact.kind == "dose_recorded" and fact.body.status == "taken":
                why = _why(known, dose, fact)
                beside[dose.on] = why if _says_more(why, counting.get(dose.on)) else None
    for row, of in ((counting, ""), (beside, BESIDE)):
        for on, why in row.items():
            if why is not None and row.get(on - ONE_DAY) != why:
                yield why[0], on, of


def _says_more(why: tuple[Any, ...] | None, counting: tuple[Any, ...] | None) -> bool:
    """Return whether what the patient says could hurt for another reason than what counts, or by more of the drug."""
    if why is None or counting is None:
        return why is not None
    return why[0] != counting[0] or why[-1] > counting[-1]


def _why(known: Known, dose: Dose, fact: Any) -> tuple[Any, ...] | None:
    """Why a dose could hurt, what was planned, and what was taken."""
    at = fact.body.taken_at or fact.said_at
    kinds = known.deviates(dose, fact.body.amount, at) & HARMFUL
    planned = known.planned_amount(dose.regimen, dose.on, at) if kinds == {"dose_above_plan"} else None
    return (*kinds, planned, fact.body.amount) if kinds else None


def _first_said_taken(history: History, known: Known | None) -> Iterator[date]:
    """Cycle 1 day 1 if the patient said that a dose was taken on it, as long as nobody has recorded a start."""
    if known is None:
        said = [log.words_of(history.c1d1).patient for log in history.doses.values() if history.c1d1]
        if history.first_dose_on is None and any(word and word.status == "taken" for word in said):
            yield history.c1d1 or date.max
    elif known.start is None and known.begun:
        facts = [known.said(dose, staff=False) for dose in known.words if dose.on == known.c1d1]
        if any(fact and fact.kind == "dose_recorded" and fact.body.status == "taken" for fact in facts):
            yield known.first_day


def _of_arm(history: History, known: Known | None, today: date) -> Iterator[tuple[str, date]]:
    """Yield the day by which the patient is to have an arm, while there is none; without `known` no trial has any.

    That is the first day of what only some arms take; in a trial in which all take the same, cycle 1 day 1. Where an
    amendment brings the arms later, not before it begins; where one takes them away, nobody asks from then on.
    """
    if known is None or known.enrolled is None or known.c1d1 is None:
        return
    amended = sorted(one.from_on for one in known.all("protocol_amended"))

    def has_arms(on: date) -> bool:
        assert known is not None
        return bool(known.version(on).definition.get("arms"))

    with_arms = [on for on in [known.c1d1, *(day for day in amended if day > known.c1d1)] if has_arms(on)]
    if not with_arms or not any(map(has_arms, [max(today, known.c1d1), *(day for day in amended if day > today)])):
        return
    of_arms = [one["id"] for one in said_by.regimens(known.version(with_arms[0])) if "arm" in one.get("who", {})]
    starts = [known.start_of(name) for name in of_arms] if of_arms else [with_arms[0]]
    needed_on = min((max(day, with_arms[0]) for day in starts if day is not None), default=None)
    if needed_on is None:
        return
    asked_from = known.enrolled.enrolled_on
    if needed_on > known.c1d1:
        asked_from = max(asked_from, needed_on - WEEK)
    is_over = history.last_dose_day is not None and today > history.last_dose_day
    if asked_from <= today and not is_over and known.arm(max(needed_on, today)) is None:
        yield "arm_missing", needed_on


def _announced(history: History, known: Known | None) -> Iterator[tuple[str, date]]:
    """Yield each milestone that was recorded ahead and not confirmed since, with its day; none of after the study."""
    if known is None:
        found = [(one.name, one.from_on) for one in history.milestones if one.is_announced]
    else:
        found = [(body.milestone, body.on) for body in known.announced]
    for name, on in found:
        if history.off_study_on is None or on <= history.off_study_on:
            yield name, on


def _of_holds(history: History, today: date) -> Iterator[tuple[str, date]]:
    """Each hold without an end, by the regimens that it names, and when it should have one."""
    if history.enrolled is None:
        return
    if history.last_dose_day is None or today <= history.last_dose_day:
        for hold in history.holds:
            if not hold.resumes_on and today - hold.from_on >= WEEK:
                yield ".".join(hold.regimens or ()), hold.from_on + WEEK + FORTNIGHT


def is_pregnant(history: History, day: date) -> bool:
    """Return whether a pregnancy of hers is open on a day (section 7)."""
    known_from = [report.reported_on for report in history.pregnancy_reports if report.of == "patient"]
    known_from += [end.decided_on for end in history.treatment_ends if end.reason == "pregnancy"]
    is_dead = history.died_on is not None and history.died_on <= day
    open_ones = [
        first
        for first in known_from
        if first <= day and not any(first <= closed <= day for closed in history.pregnancies_closed_on)
    ]
    return bool(open_ones) and not is_dead


def is_stopped(history: History, day: date, known: Known | None) -> bool:
    """Return whether everything that the patient takes is held on a day, or its end was decided by then.

    Without `known` that is one drug, for as long as treatment goes on.
    """
    if history.enrolled is None:
        # Who is not enrolled is not treated.
        return True
    if known is None:
        ended = history.treatment_ended
        return history.is_held(day) or (ended is not None and ended.decided_on <= day)
    # What has no day to start on is not taken yet; where that is all, it may be at any time.
    taken = [name for name in known.names if known.fitted(name, FAR)]
    taken = taken or [name for name in known.names if known.takes(name, FAR)]
    # What is still to start is held if it is on its first day.
    first = {name: max(day, known.start_of(name) or day) for name in taken}
    return all(known.held(name, first[name]) or _has_ended(known, name, day) for name in taken)


def _has_ended(known: Known, name: str, day: date) -> bool:
    """Return whether a regimen has ended by a day: that was decided or said by then, or its own last day is over."""
    end, over_on = known.ended_with(name), known.ends_by_itself(name)
    if end is not None and known.decided_by(end) <= day:
        return True
    return any(said <= day for said in known.said_to_end(name)) or (over_on is not None and over_on < day)


def _first_of_stretch(history: History, today: date, known: Known | None) -> Iterator[date]:
    """The first day of the pregnancy that is open since which treatment goes on, or since which it does not."""
    if not is_pregnant(history, today):
        return
    day, goes_on = today, is_stopped(history, today, known)
    while is_pregnant(history, day - ONE_DAY) and is_stopped(history, day - ONE_DAY, known) == goes_on:
        day -= ONE_DAY
    yield day


def _to_confirm(history: History, today: date) -> Iterator[tuple[str, date, date]]:
    """Each day of which a phone said something too late, or of after the end, that nobody confirmed."""
    off_on = history.off_study_on
    for day, late in history.log("").unconfirmed():
        received_on = late.received_at.astimezone(ZoneInfo(history.time_zone)).date()
        if received_on <= today:
            yield "record_after_death" if off_on and day > off_on else "doses_to_confirm", day, received_on


def _amounts_set_before(versions: Versions, history: History, today: date) -> Iterator[date]:
    """The first day of the protocol's amount, where the amount in force was set while the protocol had another."""

    def version_on(day: date) -> Protocol:
        amended = [one.version for one in history.amendments if one.from_on <= day]
        return versions[[history.registered.version, *amended][-1]]

    changes = [change for change in history.dose_changes if change.from_on <= today]
    begun = [one.from_on for one in history.amendments if one.from_on <= today]
    over = history.last_dose_day is not None and today > history.last_dose_day
    if not changes or over or history.c1d1 is None or today < history.c1d1:
        return
    since = changes[-1].from_on
    begins = max([since, *begun[-1:]])
    then, now = version_on(since), version_on(begins)
    # One above the highest was set while another version was to be in force.
    if amount(then) != amount(now) or highest(now) < highest(then) or highest(now) < changes[-1].amount:
        yield max(begins, history.c1d1)


def _only_parts(row: dict[str, Any], history: History, unscheduled: list[dict[str, Any]]) -> list[date]:
    """The days of the parts of a visit that was done, if nothing but parts of it is on record."""
    extra = [one["fact_id"] for one in unscheduled]
    days = [
        one.done_on
        for one in history.visits_done
        if one.part
        and one.series == row["series"]
        and one.fact_id not in extra
        and (one.visit == row["visit"] or (one.visit is None and row["opens_on"] <= one.done_on <= row["closes_on"]))
    ]
    return days if len(days) == row["parts"] else []


def _of_visit(row: dict[str, Any], today: date, history: History, parts: list[date]) -> Iterator[tuple[str, date]]:
    """What is to do about a visit; `parts` are the days on which it was done, if only in parts."""
    off_on = history.off_study_on
    status, booked_on, opens_on, closes_on = (row[name] for name in ("status", "booked_on", "opens_on", "closes_on"))
    is_past = booked_on is not None and booked_on < today
    # Whoever has left does not come, also for what was overdue, or for another part.
    in_vain = booked_on is not None and off_on is not None and off_on < booked_on and off_on <= today
    if row["appointment"] is not None:
        if is_past or status == "not_required":
            yield "booking_past" if is_past else "booking_to_cancel", booked_on
        return
    if status == "done":
        if booked_on is not None and not parts and row["done_on"] <= today <= booked_on and booked_on > row["done_on"]:
            yield "booking_to_cancel", booked_on
        # Until a part for that day or a later one is on record, another part is to come.
        if booked_on is not None and parts and max(parts) < booked_on and (is_past or in_vain):
            yield "booking_past" if is_past else "booking_to_cancel", closes_on if is_past else booked_on
        if row["assigned"] == "late" and row["done_on"] <= today:
            yield "assignment_to_confirm", row["done_on"] + FOUR_WEEKS
        if row["series"] == "imaging" and row["response"] is None and row["done_on"] + WEEK <= today:
            yield "response_missing", row["done_on"] + FORTNIGHT
    elif opens_on is None:
        yield "booking_past" if is_past else "booking_to_cancel", booked_on
    elif status == "not_required":
        ended_on = _first_that_it_may_be(date.fromisoformat(_DAY.findall(plain(row["because"]))[-1]), history)
        if is_past:
            yield "booking_past", closes_on
        if booked_on is not None and ended_on <= today <= booked_on and booked_on > ended_on:
            yield "booking_to_cancel", booked_on
    else:
        if status == "overdue":
            yield "visit_overdue", closes_on
        if is_past:
            yield "booking_past", closes_on
        if in_vain and not is_past:
            yield "booking_to_cancel", booked_on
        if booked_on is not None and not in_vain and not is_past and not opens_on <= booked_on <= closes_on:
            yield "booking_outside_window", min(booked_on, closes_on)
        if booked_on is None and row["series"] == "contraception" and status == "open":
            yield "follow_up_due", closes_on
        if booked_on is None and row["series"] != "contraception" and today <= closes_on <= today + WEEK:
            yield "visit_to_book", closes_on


def _first_that_it_may_be(end: date, history: History) -> date:
    """The first of the days that an end may have been, where only its month or year is known."""
    known = [history.off_study, history.progressed, history.new_therapy]
    known += [ended.decided for ended in history.treatment_ends]
    return min([day.first_on for day in known if day is not None and day.on == end], default=end)


def _cancelled_elsewhere_by(history: History, row: dict[str, Any], today: date) -> date | None:
    """When a visit that is to come should be cancelled, because it is booked at a site that another has followed."""
    booking = history.bookings.get(row["visit"])
    if booking is None or row["status"] == "done" or booking.booked_on < today:
        return None
    if booking.site == sites_until(history, booking.booked_on)[-1]:
        return None
    return max(
        (move.from_on for move in history.transfers if move.from_on <= booking.booked_on), default=booking.booked_on
    )


def sites_until(history: History, day: date) -> list[str]:
    """The sites that had the patient through a day, one after the other."""
    return [history.registered.site, *(move.site for move in history.transfers if move.from_on <= day)]


def _of_unscheduled(row: dict[str, Any], visits: dict[str, dict[str, Any]], today: date) -> Iterator[tuple[str, date]]:
    if row["suggested_visit"] is not None and row["done_on"] <= today:
        yield "assignment_to_confirm", visits[row["suggested_visit"]]["opens_on"]
    if row["series"] == "imaging" and row["response"] is None and row["done_on"] + WEEK <= today:
        yield "response_missing", row["done_on"] + FORTNIGHT


def _first_of_row(doses: dict[date, str], today: date, present: date) -> Iterator[tuple[date, date]]:
    """The first of two or more doses in a row that were not taken, up to now, and when the second was known to be."""
    row, day = [], today
    while (status := doses.get(day)) in ("missed", "unrecorded", "rest", "due"):
        row += [day] if status == "missed" or (status == "unrecorded" and day < present) else []
        day -= ONE_DAY
    if len(row) >= 2:
        yield row[-1], row[-2] if doses[row[-2]] == "missed" else row[-2] + ONE_DAY


def _that_could_hurt(
    versions: Versions, history: History, rows: dict[date, dict[str, Any]], days: list[date]
) -> Iterator[tuple[str, date, str]]:
    """Each dose that could hurt, but for those that go on from one like it on the day before.

    The word that counts is one row of them, what the patient says beside it another: if it is no less harm than that.
    """
    late = dict(history.log("").unconfirmed())
    counting: dict[date, tuple[Any, ...] | None] = {}
    beside: dict[date, tuple[Any, ...] | None] = {}
    for day in days:
        words = history.log("").words_of(day)
        if words.standing is not None and words.standing.status == "taken":
            counting[day] = _why_it_could_hurt(versions, history, rows.get(day), day, words.standing)
        said = [words.said_by_patient] if words.staff is not None else []
        is_asked = history.off_study_on is not None and day > history.off_study_on
        said += [late[day].word] if day in late and not is_asked else []
        for word in said:
            if word is not None and word.status == "taken":
                why = _why_it_could_hurt(versions, history, rows.get(day), day, word)
                beside[day] = why if _says_more(why, counting.get(day)) else None
    for row, of in ((counting, ""), (beside, BESIDE)):
        for day, why in row.items():
            if why is not None and row.get(day - ONE_DAY) != why:
                yield why[0], day, of


def _why_it_could_hurt(
    versions: Versions, history: History, row: dict[str, Any] | None, day: date, word: Any
) -> tuple[Any, ...] | None:
    """Why a dose could hurt, what was planned, and what was taken; by what was known when it was (section 5)."""
    end, at = history.last_treatment_day, word.taken_at or word.said_at
    if history.c1d1 is None or day < history.c1d1:
        return None
    if end is not None and day > end:
        return "dose_after_end", None, word.amount

    def known(one: Any) -> bool:
        that_day = one.recorded_at.astimezone(ZoneInfo(history.time_zone)).date() == day == one.from_on
        return not that_day or one.recorded_at <= at

    if any(hold.covers(day) and known(hold) for hold in history.holds):
        return "dose_while_held", None, word.amount

    def version_on(on: date) -> Protocol:
        amended = [one.version for one in history.amendments if one.from_on <= on]
        return versions[[history.registered.version, *amended][-1]]

    cycle_day = row["cycle_day"] if row else None
    if cycle_day is not None and not has_dose(version_on(day), cycle_day):
        return "dose_on_rest_day", None, word.amount
    changes = [change for change in history.dose_changes if change.from_on <= day and known(change)]
    planned = amount(version_on(day))
    if changes:
        changed = changes[-1]
        amended = [one.from_on for one in history.amendments if changed.from_on < one.from_on <= day]
        since = map(version_on, [changed.from_on, *amended])
        planned = planned_amount(changed.amount, since, version_on(day))
    return ("dose_above_plan", planned, word.amount) if word.amount > planned else None


def _of_treatment(versions: Versions, history: History, today: date) -> Iterator[tuple[str, date]]:
    if history.enrolled is None:
        # Nothing is asked of treatment that there never was.
        return
    off_on, ends = history.off_study_on, history.treatment_ends
    progressed_on = _progressed_on(history)
    is_off = off_on is not None and off_on <= today
    if history.treatment_ended is None:
        if off_on is not None and off_on <= today:
            yield "treatment_end_missing", off_on + FOUR_WEEKS
        if not is_off and progressed_on is not None and progressed_on <= today:
            amended = [one.version for one in history.amendments if one.from_on <= progressed_on]
            version = versions[[history.registered.version, *amended][-1]]
            if not version.definition.get("beyond_progression", False):
                yield "treatment_still_open", progressed_on
        if not is_off and not history.begun and not ends and today >= history.enrolled.planned_first_dose_on + WEEK:
            yield "first_dose_missing", history.enrolled.planned_first_dose_on + WEEK
    for_progression = [end.decided_on for end in ends if end.reason == "progression"]
    if for_progression and for_progression[0] <= today and history.progressed_on is None:
        yield "progression_date_missing", for_progression[0] + FOUR_WEEKS


def _progressed_on(history: History) -> date | None:
    """The first progression, or where treatment was reopened the first since then."""
    since = history.enrolled_on
    assert since is not None
    days = [history.stands_for(day).on for day in history.progressions if day.last_on >= since]
    return min((day for day in days if history.reopened is None or day > history.reopened.from_on), default=None)
