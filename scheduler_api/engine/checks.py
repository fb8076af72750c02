"""Which facts are impossible, and why (rules, sections 1, 3, 4 and 9). A mere difference from the plan never is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from datetime import date, datetime
from itertools import pairwise

from scheduler_api.engine.model.facts import (
    FEMALE_BASES,
    MALE_BASES,
    Body,
    DoseChanged,
    DoseRecorded,
    Enrolled,
    Fact,
    FertilityChanged,
    HoldEnded,
    HoldStarted,
    ProtocolAmended,
    StudyEnded,
    TimeZoneChanged,
    TreatmentEnded,
    TreatmentStarted,
    VisitBooked,
    VisitDone,
    Voided,
)
from scheduler_api.engine.model.fold import extend, fold, struck_by
from scheduler_api.engine.model.history import History, Hold
from scheduler_api.engine.model.protocol import IMAGING, Protocol, Versions
from scheduler_api.engine.model.versions import periods, version_on
from scheduler_api.engine.protocol_file.clashes import anchor_circle

from .dates import civil_date, is_time_zone
from .errors import Contradiction, Fault, Impossible

#: Days that may lie after today; every other day of a fact happened (principle 1).
MAY_LIE_AHEAD = frozenset({"booked_on", "resumes_on", "from_on", "planned_first_dose_on"})
#: Where a day begins first.
FIRST_ZONE = "Pacific/Kiritimati"
#: Kinds whose data has a `reason` of its own, so that a correction says why in `correction_reason`.
HAVE_A_REASON = (HoldStarted, DoseChanged, TreatmentEnded, StudyEnded)


def first_history(versions: Versions, body: Enrolled, now: datetime) -> History:
    """Return the history of a patient who enrols `now` (an instant with offset). Raises ValidationFailed."""
    faults = enrolment_faults(body, now)
    if body.version not in versions:
        faults.append(Fault("/protocol/version", f"The protocol has no version {body.version}."))
    if faults:
        raise Impossible(faults)
    return fold([Fact("", body, now)])


def enrolment_faults(body: Enrolled, now: datetime) -> list[Fault]:
    """Return what is impossible in an enrolment received `now`, whatever the protocol."""
    faults = _fertility_faults(body.sex, body.fertility, body.basis)
    known = is_time_zone(body.time_zone)
    if not known:
        faults.append(Fault("/time_zone", "Not an IANA time zone."))
    # In a zone nobody knows, today is anywhere on Earth.
    return faults + _day_faults(body, body.enrolled_on, civil_date(now, body.time_zone if known else FIRST_ZONE))


def next_history(
    versions: Versions,
    history: History,
    facts: Sequence[Fact] | None,
    fact: Fact,
    now: datetime,
    today: date | None = None,
) -> History:
    """Return the history with one more fact, received `now`; `today` is the patient's present day unless given.

    `facts` are all facts so far, in order; needed only if `fact` replaces or voids one. Raises Impossible with a
    fault for every bad field, or Contradiction when the fact does not fit what is on record.
    """
    if fact.strikes is None:
        check(versions, history, fact.body, now, today)
        after = extend(history, fact.body)
    else:
        after = _corrected(versions, history, list(facts or ()), fact, now)
    faults = _hold_faults(after, "/from_on" if isinstance(fact.body, HoldStarted) else "/resumes_on")
    if faults:
        raise Contradiction(faults if not isinstance(fact.body, Voided) else [Fault("/voids", faults[0].detail)])
    return after


def check(versions: Versions, history: History, body: Body, now: datetime, today: date | None = None) -> None:
    """Raise Impossible or Contradiction if the fact cannot be, given the record and the instant it is received."""
    today = today or civil_date(now, history.time_zone)
    faults = _day_faults(body, history.enrolled.enrolled_on, today) + _moment_faults(history, body, today)
    named = {fault.pointer for fault in faults}
    faults += [fault for fault in _body_faults(versions, history, body) if fault.pointer not in named]
    if faults:
        raise Impossible(faults)
    if conflict := _conflict(history, body):
        raise Contradiction([conflict])


def _corrected(versions: Versions, history: History, facts: list[Fact], fact: Fact, now: datetime) -> History:
    """Return the history after a fact that replaces or voids another."""
    at = "/voids" if isinstance(fact.body, Voided) else "/replaces"
    old = next((known for known in facts if known.fact_id == fact.strikes), None)
    if old is None:
        raise Impossible([Fault(at, "No fact of this patient has this id.")])
    if (by := struck_by(facts).get(old.fact_id)) is not None:
        raise Contradiction([Fault(at, f"That fact no longer stands: {by} took its place or voided it.")])
    if isinstance(fact.body, Voided):
        if isinstance(old.body, Enrolled | Voided):
            words = (
                "An enrolment can be replaced, not voided." if isinstance(old.body, Enrolled) else "A `voided` stays."
            )
            raise Impossible([Fault(at, words)])
    elif old.kind != fact.kind:
        raise Impossible([Fault(at, f"That fact is of the kind {old.kind}, not {fact.kind}.")])
    if not (fact.correction or "").strip():
        field = "/correction_reason" if isinstance(fact.body, HAVE_A_REASON) else "/reason"
        raise Impossible([Fault(field, "Missing: a correction says why.")])
    after = [*facts, fact]
    if isinstance(fact.body, Enrolled):
        _check_new_enrolment(versions, history, after, fact.body, now)
    elif not isinstance(fact.body, Voided):
        # Seen against the record without the fact that it replaces.
        without = fold([*facts, Fact("", Voided(old.fact_id), now)])
        check(versions, without, fact.body, now)
    return fold(after)


def _check_new_enrolment(
    versions: Versions, history: History, facts: list[Fact], body: Enrolled, now: datetime
) -> None:
    faults = enrolment_faults(body, now)
    if (body.protocol, body.version) != (history.enrolled.protocol, history.enrolled.version):
        faults.append(Fault("/protocol", "Another protocol or version: record an amendment."))
    struck = struck_by(facts)
    earliest = min(
        (
            day
            for fact in facts
            if fact.fact_id not in struck and not isinstance(fact.body, Enrolled)
            for _, day in _days(fact.body)
        ),
        default=None,
    )
    if earliest is not None and earliest < body.enrolled_on:
        faults.append(Fault("/enrolled_on", f"After {earliest}, for which something is on record."))
    if faults:
        raise Impossible(faults)


def _days(body: Body) -> list[tuple[str, date]]:
    """Return the civil dates of a fact, by field."""
    days = ((field.name, getattr(body, field.name)) for field in fields(body))
    return [(name, day) for name, day in days if isinstance(day, date) and not isinstance(day, datetime)]


def _day_faults(body: Body, enrolled_on: date, today: date) -> list[Fault]:
    faults = []
    for name, day in _days(body):
        if day < enrolled_on:
            faults.append(Fault(f"/{name}", f"Before enrolment {enrolled_on}."))
        elif day > today and name not in MAY_LIE_AHEAD:
            faults.append(Fault(f"/{name}", f"After today {today} in the patient's time zone."))
    return faults


def _moment_faults(history: History, body: Body, today: date) -> list[Fault]:
    """Judge a moment by its day, since the clock of a phone may be some minutes fast."""
    if not isinstance(body, DoseRecorded) or body.taken_at is None:
        return []
    taken_on = civil_date(body.taken_at, history.time_zone)
    if taken_on > today:
        return [Fault("/taken_at", f"After today {today} in the patient's time zone.")]
    if taken_on < history.enrolled.enrolled_on:
        return [Fault("/taken_at", f"Before enrolment {history.enrolled.enrolled_on}.")]
    return []


def _fertility_faults(sex: str, fertility: str, basis: str | None) -> list[Fault]:
    if fertility == "fertile":
        return [Fault("/basis", "Only for `not_fertile`.")] if basis is not None else []
    bases = FEMALE_BASES if sex == "female" else MALE_BASES
    if basis is None:
        return [Fault("/basis", f"Missing: `not_fertile` has one of {', '.join(bases)}.")]
    return [] if basis in bases else [Fault("/basis", f"Not one of {', '.join(bases)} (sex {sex}).")]


def _body_faults(versions: Versions, history: History, body: Body) -> list[Fault]:
    """Return what is wrong with a fact in itself and against the protocol."""
    plan = periods(versions, history)
    match body:
        case DoseRecorded():
            if body.status == "missed":
                given = [name for name in ("dose_mg", "taken_at") if getattr(body, name) is not None]
                return [Fault(f"/{name}", "Only for a dose that was taken.") for name in given]
        case HoldStarted():
            if body.resumes_on is not None and body.resumes_on <= body.from_on:
                return [Fault("/resumes_on", "Not after `from_on`.")]
        case HoldEnded():
            open_hold = _open_hold(history)
            if open_hold is not None and body.resumes_on <= open_hold.from_on:
                return [Fault("/resumes_on", f"Not after the hold's first day {open_hold.from_on}.")]
        case DoseChanged():
            most = version_on(plan, body.from_on).dosing.dose_mg
            if body.dose_mg > most:
                return [Fault("/dose_mg", f"More than the protocol's {most:g} mg.")]
        case VisitBooked():
            faults = _visit_faults([period.protocol for period in plan], body.visit, None)
            if body.booked_on is None:
                given = [name for name in ("time", "place") if getattr(body, name) is not None]
                faults += [Fault(f"/{name}", "A cancelled booking has none.") for name in given]
            return faults
        case VisitDone():
            protocols = [period.protocol for period in plan]
            faults = []
            if all(protocol.find_series(body.series) is None for protocol in protocols):
                faults.append(Fault("/series", "The protocol has no such series."))
            elif body.visit is not None:
                faults += _visit_faults(protocols, body.visit, body.series)
            if body.response is not None and body.series != IMAGING:
                faults.append(Fault("/response", f"Only for the series {IMAGING}."))
            return faults
        case TreatmentEnded():
            return _end_faults(history, body)
        case TreatmentStarted():
            ended = history.treatment_ended
            if ended and ended.last_dose_on and body.first_dose_on > ended.last_dose_on:
                return [Fault("/first_dose_on", f"After the recorded last dose {ended.last_dose_on}.")]
        case FertilityChanged():
            return _fertility_faults(history.enrolled.sex, body.fertility, body.basis)
        case ProtocolAmended():
            if body.version not in versions:
                return [Fault("/version", f"The protocol has no version {body.version}.")]
            numbers = {period.protocol.version for period in plan} | {body.version}
            if circle := anchor_circle(series for number in sorted(numbers) for series in versions[number].series):
                detail = f"With the versions the patient is on, the anchors of the series {circle} form a circle."
                return [Fault("/version", detail)]
        case TimeZoneChanged():
            if not is_time_zone(body.time_zone):
                return [Fault("/time_zone", "Not an IANA time zone.")]
    return []


def _visit_faults(protocols: list[Protocol], visit: str, series: str | None) -> list[Fault]:
    standing_on = {found.name for protocol in protocols if (found := protocol.series_of(visit)) is not None}
    if not standing_on:
        return [Fault("/visit", "The protocol has no such visit.")]
    if series is not None and series not in standing_on:
        return [Fault("/visit", f"Not a visit of the series {series}.")]
    return []


def _end_faults(history: History, body: TreatmentEnded) -> list[Fault]:
    last, first = history.last_dose_on, history.first_dose_on
    if body.last_dose_on is None and last is not None:
        return [Fault("/last_dose_on", f"Null, but a dose on {last} is on record.")]
    if body.last_dose_on is not None and first is not None and body.last_dose_on < first:
        return [Fault("/last_dose_on", f"Before the first dose {first}.")]
    return []


def _conflict(history: History, body: Body) -> Fault | None:
    """Return what of the record a fact contradicts, though it is possible by itself."""
    match body:
        case Enrolled():
            return Fault("/kind", "The patient is enrolled; a correction names the fact it replaces.")
        case TreatmentStarted() if history.first_dose_on is not None:
            return Fault("/kind", f"Treatment started on {history.first_dose_on}; to correct that, use `replaces`.")
        case TreatmentEnded() if history.treatment_ended is not None:
            return Fault("/kind", "The end of treatment is on record; to correct it, use `replaces`.")
        case StudyEnded() if history.study_ended is not None:
            return Fault("/kind", "The end of the study is on record; to correct it, use `replaces`.")
        case HoldEnded() if _open_hold(history) is None:
            return Fault("/kind", "No hold is open.")
    return None


def _open_hold(history: History) -> Hold | None:
    return next((hold for hold in history.holds if hold.resumes_on is None), None)


def _hold_faults(history: History, pointer: str) -> list[Fault]:
    for hold in history.holds:
        if hold.resumes_on is not None and hold.resumes_on <= hold.from_on:
            return [Fault(pointer, f"The hold from {hold.from_on} would end on {hold.resumes_on}, before it began.")]
    for one, other in pairwise(history.holds):
        if one.resumes_on is None or other.from_on < one.resumes_on:
            until = f"until {one.resumes_on}" if one.resumes_on else "and open"
            return [Fault(pointer, f"The hold from {one.from_on} {until} overlaps the one from {other.from_on}.")]
    return []
