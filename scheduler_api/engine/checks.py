"""Refuse facts that are impossible, and say why (rules, sections 1, 3, 4 and 9).

A fact that merely differs from the plan is never refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from datetime import date, datetime
from itertools import combinations

from scheduler_api.engine.dates import earliest_of
from scheduler_api.engine.doses.accountability import more_than_dispensed
from scheduler_api.engine.model.facts import (
    FEMALE_BASES,
    MALE_BASES,
    PARTNER,
    PATIENT,
    SCREEN_FAILURE,
    UNKNOWN,
    UNSCHEDULED,
    ArmAssigned,
    Body,
    CohortChanged,
    DoseChanged,
    DoseRecorded,
    DoseTakenBack,
    DrugDispensed,
    DrugLost,
    DrugReturned,
    Enrolled,
    Fact,
    FertilityChanged,
    HoldEnded,
    HoldStarted,
    MilestoneReached,
    NewTherapyStarted,
    PregnancyClosed,
    PregnancyReported,
    Progressed,
    ProtocolAmended,
    RegimenEnded,
    Registered,
    StudyEnded,
    TimeZoneChanged,
    TreatmentEnded,
    TreatmentStarted,
    VisitBooked,
    VisitDone,
    Voided,
    When,
    is_appointment,
)
from scheduler_api.engine.model.fold import extend, fold, superseded_by
from scheduler_api.engine.model.history import History
from scheduler_api.engine.model.protocol import Protocol, Regimen, Versions
from scheduler_api.engine.model.records import DoneVisit, EndOfTreatment, Hold, PregnancyReport
from scheduler_api.engine.model.versions import Period, changes_of_dose, gives_doses, periods, version_on
from scheduler_api.engine.protocol_file.clashes import anchor_circle, same_names
from scheduler_api.engine.treatment.capsules import capsules_for, with_unit
from scheduler_api.engine.treatment.doses import TreatmentPlan
from scheduler_api.engine.treatment.reopening import end_beside

from .amendments import amendment_error, lost_records
from .dates import PartialDate, add_months, civil_date, is_time_zone
from .declared import arm_errors, declared_errors, regimen_errors
from .errors import Code, Conflict, FieldError, NeedsConfirmation, ValidationFailed

#: Days that may lie after today; every other day in a fact is one that has happened (principle 1).
MAY_LIE_AHEAD = frozenset({"booked_on", "resumes_on", "from_on", "planned_first_dose_on", "planned_enrolment_on"})
#: What there is only of a patient who is enrolled.
NEED_ENROLMENT = (
    TreatmentStarted,
    DoseRecorded,
    DoseTakenBack,
    HoldStarted,
    HoldEnded,
    DoseChanged,
    RegimenEnded,
    DrugDispensed,
    DrugReturned,
    DrugLost,
    Progressed,
    NewTherapyStarted,
    TreatmentEnded,
)
#: What happens after the death of a patient too: relatives bring back what is left.
MAY_FOLLOW_DEATH = (DrugReturned, DrugLost)
#: What may lie up to a year before enrolment: screening.
MAY_PRECEDE_ENROLMENT = (
    ArmAssigned,
    CohortChanged,
    MilestoneReached,
    VisitBooked,
    VisitDone,
    FertilityChanged,
    PregnancyReported,
    PregnancyClosed,
    ProtocolAmended,
)
#: Why a patient left the study on a day of which perhaps only the month or the year is known.
MAY_BE_PARTIAL = ("death", "lost_to_follow_up")
#: The time zone in which a day begins first.
FIRST_ZONE = "Pacific/Kiritimati"
#: Kinds whose data has a `reason` of its own, so that a correction says why in `correction_reason`.
HAVE_A_REASON = (HoldStarted, DoseChanged, RegimenEnded, TreatmentEnded, StudyEnded)
#: Fields that say nothing while they are null, so that they can be filled in later without a reason.
CAN_BE_COMPLETED = frozenset(
    {"response", "visit", "time", "place", "taken_at", "note", "kit", "consented_on", "planned_enrolment_on"}
)


def first_errors(
    versions: Versions | None, registered: Registered, enrolled: Enrolled | None, now: datetime
) -> list[FieldError]:
    """Return what is impossible in a new patient, registered and perhaps enrolled `now` (an instant with offset).

    `versions` are None if there is no such protocol, which the caller says.
    """
    errors = _registration_errors(registered, now)
    if versions is not None and registered.version not in versions:
        errors.append(
            FieldError("/protocol/version", f"The protocol has no version {registered.version}.", "not_found")
        )
    elif versions is not None and enrolled is not None:
        errors += arm_errors(versions[registered.version], enrolled.arm)
    if enrolled is not None:
        errors += _day_errors(enrolled, None, _today_there(registered.time_zone, now))
    return errors


def _registration_errors(body: Registered, now: datetime) -> list[FieldError]:
    """Return what is impossible in a registration received `now`, whatever the protocol."""
    errors = _fertility_errors(body.sex, body.fertility, body.basis)
    if not is_time_zone(body.time_zone):
        errors.append(FieldError("/time_zone", "Not an IANA time zone.", "no_such_time_zone"))
    return errors + _day_errors(body, None, _today_there(body.time_zone, now))


def _today_there(time_zone: str, now: datetime) -> date:
    """Return the date in a zone; in one that does not exist, the latest date that it is anywhere on Earth."""
    return civil_date(now, time_zone if is_time_zone(time_zone) else FIRST_ZONE)


def next_history(
    versions: Versions,
    history: History,
    facts: Sequence[Fact] | None,
    fact: Fact,
    now: datetime,
    today: date | None = None,
) -> History:
    """Return the history with one more fact, received `now`; `today` is the patient's present day unless given.

    `facts` are all facts so far, in order; needed only if `fact` replaces or voids one, or enrols the patient. Raises
    ValidationFailed with an error for every bad field, or Conflict when the fact does not fit what is on record.
    """
    if fact.supersedes is None:
        _check(versions, history, fact, now, today)
        if isinstance(fact.body, Enrolled) and (earlier := _before_enrolment(list(facts or ()), fact.body)):
            raise ValidationFailed([earlier])
        after = extend(history, fact)
    else:
        after = _corrected(versions, history, list(facts or ()), fact, now)
    errors = _hold_errors(after, "/from_on" if isinstance(fact.body, HoldStarted) else "/resumes_on")
    if after.drug_counts != history.drug_counts:
        errors += _more_than_dispensed(versions, after, fact.body)
    if after.amendments != history.amendments:
        before = [*lost_records(versions, history)]
        errors += [lost for lost in lost_records(versions, after) if lost not in before]
    if (after.registered.site, after.transfers) != (history.registered.site, history.transfers):
        errors += _transfer_errors(after, today or civil_date(now, after.time_zone))
    if errors:
        raise Conflict(errors if not isinstance(fact.body, Voided) else [replace(errors[0], pointer="/voids")])
    return after


def _check(versions: Versions, history: History, fact: Fact, now: datetime, today: date | None = None) -> None:
    """Raise ValidationFailed or Conflict if the fact is impossible, given the record and the instant it is received."""
    body, today = fact.body, today or civil_date(now, history.time_zone)
    # What staff are still to confirm may name any day: the phone's clock was wrong.
    is_dose = isinstance(body, VisitDone) and gives_doses(periods(versions, history), body.series)
    if not history.is_enrolled and (is_dose or isinstance(body, NEED_ENROLMENT)):
        raise ValidationFailed(
            FieldError(f"/{name}", "The patient is not enrolled.", "not_enrolled") for name, _, _ in _days(body)
        )
    errors = [] if fact.to_confirm else _day_errors(body, history.enrolled_on, today, is_dose)
    errors += _moment_errors(history, body, today)
    named = {field_error.pointer for field_error in errors}
    if "/dose_on" in named:
        # What is planned on a day that cannot be is nobody's question.
        named.add("/amount")
    found = [*_body_errors(versions, history, body, today), *declared_errors(periods(versions, history), body, today)]
    errors += [field_error for field_error in found if field_error.pointer not in named]
    if errors:
        raise ValidationFailed(errors)
    if conflict := _conflict(versions, history, fact):
        raise Conflict([conflict])
    # What corrects an end ends the same hold.
    if isinstance(body, HoldEnded) and fact.replaces is None and len(open_holds := _open_holds(history, body)) > 1:
        listed = ", ".join(hold.fact_id for hold in open_holds)
        detail = f"Several holds are open: name the fact of one ({listed})."
        raise ValidationFailed([FieldError("/hold", detail, "missing")])
    if isinstance(body, DoseChanged) and (unconfirmed := _unconfirmed(versions, history, body)):
        raise NeedsConfirmation(unconfirmed)
    # What a patient's phone says is never lost: the site looks at it.
    if fact.role != "patient" and (too_late := _after_death(history, body) or _after_failure(history, body)):
        raise too_late


def _corrected(versions: Versions, history: History, facts: list[Fact], fact: Fact, now: datetime) -> History:
    """Return the history after a fact that replaces or voids another."""
    at = "/voids" if isinstance(fact.body, Voided) else "/replaces"
    old = next((earlier for earlier in facts if earlier.fact_id == fact.supersedes), None)
    if old is None:
        raise ValidationFailed([FieldError(at, "No fact of this patient has this id.", "not_found")])
    if (by := superseded_by(facts).get(old.fact_id)) is not None:
        raise Conflict([FieldError(at, f"That fact is superseded: {by} replaced or voided it.", "superseded")])
    if isinstance(fact.body, Voided):
        if isinstance(old.body, Voided):
            raise ValidationFailed([FieldError(at, "A `voided` stays.", "not_voidable")])
        if isinstance(old.body, Registered | Enrolled):
            raise ValidationFailed(
                [
                    FieldError(
                        at,
                        f"A fact of the kind {old.kind} can be replaced, not voided.",
                        "not_voidable",
                    )
                ]
            )
    elif old.kind != fact.kind:
        raise ValidationFailed([FieldError(at, f"That fact is of the kind {old.kind}, not {fact.kind}.", "other_kind")])
    if not (fact.correction or "").strip() and not _completes(old.body, fact.body):
        field = "/correction_reason" if isinstance(fact.body, HAVE_A_REASON) else "/reason"
        raise ValidationFailed([FieldError(field, "Missing: a correction says why.", "reason_missing")])
    after = [*facts, fact]
    if isinstance(fact.body, Registered):
        _check_new_registration(history, after, fact.body, now)
    elif isinstance(fact.body, Enrolled):
        _check_new_enrolment(history, after, fact.body, now)
    elif not isinstance(fact.body, Voided):
        # It is checked against the record without the fact that it replaces. A booking may have moved an appointment,
        # which stands without it.
        is_booking = isinstance(fact.body, VisitBooked)
        without = fold(
            [one for one in facts if one is not old] if is_booking else [*facts, Fact("", Voided(old.fact_id), now)]
        )
        _check(versions, without, fact, now)
    return fold(after)


def _completes(old: Body, new: Body) -> bool:
    """Return whether a fact only fills in what another left open (section 3): that is no correction."""
    if isinstance(new, Voided):
        return False
    # What a response means comes with it.
    compared = [field.name for field in fields(new) if field.name not in ("progression", "before_start")]
    differ = [name for name in compared if getattr(old, name) != getattr(new, name)]
    return bool(differ) and all(name in CAN_BE_COMPLETED and getattr(old, name) is None for name in differ)


def _check_new_registration(history: History, facts: list[Fact], body: Registered, now: datetime) -> None:
    errors = _registration_errors(body, now)
    if (body.protocol, body.version) != (history.registered.protocol, history.registered.version):
        errors.append(FieldError("/protocol", "Another protocol or version: record an amendment.", "needs_amendment"))
    if body.sex != history.registered.sex and (pregnant := _pregnancy_on_record(facts)) is not None:
        errors.append(
            FieldError(
                "/sex", f"{pregnant} records a pregnancy of a {history.registered.sex} patient.", "contradicts_record"
            )
        )
    if errors:
        raise ValidationFailed(errors)


def _check_new_enrolment(history: History, facts: list[Fact], body: Enrolled, now: datetime) -> None:
    errors = _day_errors(body, None, civil_date(now, history.time_zone))
    if (earlier := _before_enrolment(facts, body)) is not None:
        errors.append(earlier)
    if errors:
        raise ValidationFailed(errors)
    if too_late := _after_death(history, body):
        raise too_late


def _before_enrolment(facts: list[Fact], body: Enrolled) -> FieldError | None:
    """Return what speaks against a day of enrolment: something on record of a day that is too early for it."""
    superseded = superseded_by(facts)
    earliest = min(
        (
            day
            for fact in facts
            if fact.fact_id not in superseded
            and not fact.to_confirm
            and not isinstance(fact.body, Registered | Enrolled)
            for _, _, day in _days(fact.body)
            if day < _earliest(fact.body, body.enrolled_on)
        ),
        default=None,
    )
    if earliest is None:
        return None
    return FieldError(
        "/enrolled_on",
        f"After {earliest}, for which something is on record.",
        "contradicts_record",
    )


def _pregnancy_on_record(facts: list[Fact]) -> str | None:
    """Return an active fact that records a pregnancy, which goes with the patient's sex."""
    superseded = superseded_by(facts)
    for fact in facts:
        is_end = isinstance(fact.body, TreatmentEnded) and fact.body.reason == "pregnancy"
        if fact.fact_id not in superseded and (is_end or isinstance(fact.body, PregnancyReported)):
            return fact.fact_id
    return None


def _days(body: Body) -> Iterator[tuple[str, date, date]]:
    """Yield the dates of a fact: the field, and the first and the last day that it may be."""
    for field in fields(body):
        day = getattr(body, field.name)
        if isinstance(day, PartialDate):
            yield field.name, day.first, day.last
        elif isinstance(day, date) and not isinstance(day, datetime):
            yield field.name, day, day


def _day_errors(body: Body, enrolled_on: date | None, today: date, is_dose: bool = False) -> list[FieldError]:
    """Return which dates cannot be; of one that is partial, some day must be possible.

    `enrolled_on` is None while no day is too early: the patient is not enrolled. `is_dose`: it is a visit at which a
    dose was given.
    """
    if isinstance(body, Enrolled):
        enrolled_on = body.enrolled_on
    errors, earliest = [], date.min if enrolled_on is None else _earliest(body, enrolled_on)
    if is_dose and enrolled_on is not None:
        earliest = enrolled_on
    for name, first, last in _days(body):
        if last < earliest:
            before = "Before" if earliest == enrolled_on else "More than a year before"
            errors.append(FieldError(f"/{name}", f"{before} enrolment {enrolled_on}.", "before_enrolment"))
        elif first > today and name not in MAY_LIE_AHEAD and not isinstance(body, MilestoneReached):
            errors.append(FieldError(f"/{name}", f"After today {today} in the patient's time zone.", "after_today"))
    return errors


def _earliest(body: Body, enrolled_on: date) -> date:
    """Return the first day that a fact may be about: some may lie up to a year before enrolment."""
    if isinstance(body, Registered):
        return date.min
    return add_months(enrolled_on, -12) if isinstance(body, MAY_PRECEDE_ENROLMENT) else enrolled_on


def _moment_errors(history: History, body: Body, today: date) -> list[FieldError]:
    """Return what is impossible in the moment of a dose. Only its day counts: a phone's clock may be a little fast."""
    if not isinstance(body, DoseRecorded) or body.taken_at is None:
        return []
    taken_on = civil_date(body.taken_at, history.time_zone)
    if taken_on > today:
        return [FieldError("/taken_at", f"After today {today} in the patient's time zone.", "after_today")]
    if history.enrolled_on is not None and taken_on < history.enrolled_on:
        return [FieldError("/taken_at", f"Before enrolment {history.enrolled_on}.", "before_enrolment")]
    return []


def _fertility_errors(sex: str, fertility: str, basis: str | None) -> list[FieldError]:
    if fertility == "fertile":
        return [FieldError("/basis", "Only for `not_fertile`.", "not_applicable")] if basis is not None else []
    bases = FEMALE_BASES if sex == "female" else MALE_BASES
    if basis is None:
        return [FieldError("/basis", f"Missing: `not_fertile` has one of {', '.join(bases)}.", "missing")]
    return [] if basis in bases else [FieldError("/basis", f"Not one of {', '.join(bases)} (sex {sex}).", "malformed")]


def _body_errors(versions: Versions, history: History, body: Body, today: date) -> list[FieldError]:
    """Return what is wrong with a fact in itself and against the protocol."""
    plan = periods(versions, history)
    match body:
        case DoseTakenBack() if (of_site := _given_at_site(plan, body)) is not None:
            return [of_site]
        case DoseRecorded():
            if (of_site := _given_at_site(plan, body)) is not None:
                return [of_site]
            is_named = body.regimen is not None or body.slot is not None
            if is_named and (errors := _dose_errors(TreatmentPlan(plan, history), body)):
                return errors
            if body.status == "missed":
                given = [name for name in ("amount", "taken_at") if getattr(body, name) is not None]
                return [FieldError(f"/{name}", "Only for a dose that was taken.", "not_applicable") for name in given]
            if body.amount is None:
                return [
                    FieldError(
                        "/amount",
                        "Missing: nothing is planned on that day, so say how much was taken.",
                        "missing",
                    )
                ]
        case HoldStarted():
            for index, name in enumerate(body.regimens or ()):
                if errors := regimen_errors(plan, f"/regimens/{index}", name, body.from_on):
                    return errors
            if body.regimens is not None and not body.regimens:
                return [FieldError("/regimens", "None is named; left out, it holds all.", "malformed")]
            if body.resumes_on is not None and body.resumes_on <= body.from_on:
                return [FieldError("/resumes_on", "Not after `from_on`.", "order_reversed")]
        case HoldEnded():
            open_holds = _open_holds(history, body)
            if not open_holds and body.hold is not None and _open_holds(history):
                return [FieldError("/hold", "No open hold was started by this fact.", "not_found")]
            open_hold = open_holds[0] if open_holds else None
            if open_hold is not None and body.resumes_on <= open_hold.from_on:
                return [
                    FieldError(
                        "/resumes_on",
                        f"Not after the hold's first day {open_hold.from_on}.",
                        "order_reversed",
                    )
                ]
        case DoseChanged():
            if errors := regimen_errors(plan, "/regimen", body.regimen, body.from_on):
                return errors
            regimen = _regimen(plan, body)
            if regimen.per is None and body.amount > regimen.highest:
                most = with_unit(regimen.highest, regimen.unit)
                return [FieldError("/amount", f"More than the protocol's {most}.", "above_highest")]
            return _day_choice_errors(regimen, body)
        case RegimenEnded():
            on = body.last_dose_on.last if isinstance(body.last_dose_on, PartialDate) else body.last_dose_on
            return regimen_errors(plan, "/regimen", body.regimen, on)
        case VisitBooked():
            errors = _booking_errors([period.protocol for period in plan], history, body)
            if body.booked_on is None:
                given = [name for name in ("time", "place") if getattr(body, name) is not None]
                errors += [FieldError(f"/{name}", "A cancelled booking has none.", "not_applicable") for name in given]
            return errors
        case VisitDone():
            protocols = [period.protocol for period in plan]
            errors = []
            if all(protocol.find_series(body.series) is None for protocol in protocols):
                errors.append(FieldError("/series", "The protocol has no such series.", "not_found"))
            elif body.visit is not None and body.visit != UNSCHEDULED:
                errors += _visit_errors(protocols, body.visit, body.series)
            errors += _response_errors(protocols, body)
            return errors + _given_errors(plan, body)
        case TreatmentEnded():
            return _end_errors(history, body)
        case StudyEnded():
            if isinstance(body.ended_on, PartialDate) and body.reason not in MAY_BE_PARTIAL:
                return [
                    FieldError(
                        "/ended_on",
                        f"Not a day; only for {' or '.join(MAY_BE_PARTIAL)} may it be less.",
                        "malformed",
                    )
                ]
        case TreatmentStarted():
            last_dose_on = earliest_of(*(end.last_dose_on for end in history.treatment_ends if not end.is_provisional))
            if last_dose_on is not None and body.first_dose_on > last_dose_on:
                return [FieldError("/first_dose_on", f"After the recorded last dose {last_dose_on}.", "order_reversed")]
        case FertilityChanged():
            return _fertility_errors(history.registered.sex, body.fertility, body.basis)
        case PregnancyReported():
            return _pregnancy_errors(history, body)
        case PregnancyClosed():
            opened = history.pregnancies_to_close
            if opened and body.closed_on < opened[0]:
                return [
                    FieldError("/closed_on", f"Before the pregnancy, on record from {opened[0]} on.", "order_reversed")
                ]
        case Enrolled():
            return arm_errors(versions[history.registered.version], body.arm)
        case ProtocolAmended():
            if body.version not in versions:
                return [FieldError("/version", f"The protocol has no version {body.version}.", "not_found")]
            if lost := amendment_error(plan, history, versions[body.version], body.from_on, today):
                return [lost]
            numbers = {period.protocol.version for period in plan} | {body.version}
            of_all = [series for number in sorted(numbers) for series in versions[number].series]
            if circle := anchor_circle(of_all):
                detail = f"With the versions the patient is on, the anchors of the series {circle} form a circle."
                return [FieldError("/version", detail, "anchors_circular")]
            if (names := same_names(of_all)) is not None:
                series, other = names
                detail = f"With the versions the patient is on, {other} would name a series and a visit of {series}."
                return [FieldError("/version", detail, "malformed")]
        case TimeZoneChanged():
            if not is_time_zone(body.time_zone):
                return [FieldError("/time_zone", "Not an IANA time zone.", "no_such_time_zone")]
    return []


def _unconfirmed(versions: Versions, history: History, body: DoseChanged) -> dict[Code, str]:
    """Return what of a planned amount is unusual and was not confirmed, each with why (rules, section 4)."""
    plan = periods(versions, history)
    regimen = _regimen(plan, body)
    unusual: dict[Code, str] = {}
    amount, unit = with_unit(body.amount, regimen.unit), regimen.unit
    levels = [regimen.amount, *sorted(regimen.amounts - {regimen.amount}), *regimen.levels]
    if regimen.per is not None:
        changes = changes_of_dose(plan, history, regimen.id)
        before = [change for change in changes if change.from_on <= body.from_on]
        if before and body.amount > before[-1].amount * _MOST_ABOVE:
            latest = with_unit(before[-1].amount, unit)
            unusual["above_previous"] = f"{amount} is more than a tenth above {latest}, from {before[-1].from_on}."
    elif body.amount not in levels:
        listed = ", ".join(f"{level:g}" for level in levels)
        unusual["not_a_level"] = f"{amount} is no dose of the protocol, which has {listed} {unit}."
    if regimen.strengths and capsules_for(body.amount, regimen.strengths) is None:
        listed = ", ".join(f"{strength:g}" for strength in regimen.strengths)
        unusual["not_dispensable"] = f"{amount} cannot be made of {listed} {unit}."
    return {what: why for what, why in unusual.items() if what not in (body.confirmed or ())}


def _booking_errors(protocols: list[Protocol], history: History, body: VisitBooked) -> list[FieldError]:
    """Return what is wrong with what a booking is for: a visit, a part of one, nothing planned, or an appointment."""
    errors = []
    if body.part and not _may_be_part(body.visit):
        errors.append(FieldError("/part", "Only with the name of a visit.", "not_applicable"))
    elif body.part and any(one is not None and one.gives for one in (p.series_of(body.visit) for p in protocols)):
        errors.append(FieldError("/part", "A dose has no parts.", "not_applicable"))
    if body.visit == UNSCHEDULED:
        if body.series is None:
            errors.append(FieldError("/series", f"Missing: `{UNSCHEDULED}` needs the series.", "missing"))
        elif all(protocol.find_series(body.series) is None for protocol in protocols):
            errors.append(FieldError("/series", "The protocol has no such series.", "not_found"))
    elif body.series is not None:
        errors.append(FieldError("/series", f"Only with `{UNSCHEDULED}`.", "not_applicable"))
    if is_appointment(body.visit):
        if body.visit not in history.bookings:
            errors.append(FieldError("/visit", "No such appointment stands.", "not_found"))
    elif body.booked_on is None and body.makes_appointment:
        detail = "Of more than one appointment, name the one to cancel: imaging-w6.f-…, as lists have it."
        errors.append(FieldError("/visit", detail, "missing"))
    # What is booked can always be cancelled, also if the plan no longer has a version with such a visit.
    elif body.visit != UNSCHEDULED and (body.booked_on is not None or body.visit not in history.bookings):
        errors += _visit_errors(protocols, body.visit, None)
    return errors


def _response_errors(protocols: list[Protocol], body: VisitDone) -> list[FieldError]:
    """Return what is wrong with the response of what was done: its series has none, or not this one."""
    if body.response is None:
        return []
    found = [protocol.responses_of(body.series) for protocol in protocols]
    codes = dict.fromkeys(code for responses in found if responses is not None for code in responses.codes)
    if not codes:
        return [FieldError("/response", f"Visits of the series {body.series} have none.", "not_applicable")]
    known = body.response in codes
    return [] if known else [FieldError("/response", f"Not one of {', '.join(codes)}.", "malformed")]


def _given_errors(plan: tuple[Period, ...], body: VisitDone) -> list[FieldError]:
    """Return what is wrong with the amount given at a visit: only one that is a dose has one, and needs it."""
    if not gives_doses(plan, body.series):
        is_given = body.amount is not None
        return [FieldError("/amount", "Only of a dose given at the site.", "not_applicable")] if is_given else []
    errors = [FieldError("/part", "A dose has no parts.", "not_applicable")] if body.part else []
    if body.amount is None:
        detail = "Missing: no amount is planned for this dose, so say how much was given."
        errors.append(FieldError("/amount", detail, "missing"))
    return errors


def _given_at_site(plan: tuple[Period, ...], body: DoseRecorded | DoseTakenBack) -> FieldError | None:
    """Return the error of a dose that the patient is said to have taken of what is given at the site."""
    protocol = version_on(plan, body.dose_on)
    taken = protocol.taken_by_patient
    regimen = protocol.find_regimen(body.regimen or "")
    if regimen is None and body.regimen is None and not taken:
        regimen = protocol.regimens[0]
    if regimen is None or not regimen.given_by_site:
        return None
    detail = f"{regimen.id} is given at the site: record a `visit_done` of the series {regimen.id}."
    return FieldError("/regimen", detail, "not_applicable")


def _may_be_part(visit: str) -> bool:
    return visit != UNSCHEDULED and not is_appointment(visit)


def _visit_errors(protocols: list[Protocol], visit: str, series: str | None) -> list[FieldError]:
    series_names = {of_visit.name for protocol in protocols if (of_visit := protocol.series_of(visit)) is not None}
    if not series_names:
        return [FieldError("/visit", "The protocol has no such visit.", "not_found")]
    if series is not None and series not in series_names:
        return [FieldError("/visit", f"Not a visit of the series {series}.", "malformed")]
    return []


def _end_errors(history: History, body: TreatmentEnded) -> list[FieldError]:
    errors = []
    last, first, stated = history.confirmed_last_dose_on, history.first_dose_on, body.last_dose_on
    if stated is None and last is not None:
        errors.append(FieldError("/last_dose_on", f"Null, but a dose on {last} is on record.", "contradicts_record"))
    if first is not None and stated is not None and stated != UNKNOWN and _latest(stated) < first:
        errors.append(FieldError("/last_dose_on", f"Before the first dose {first}.", "order_reversed"))
    if body.reason == "pregnancy" and history.registered.sex == "male":
        detail = "A man's treatment does not end for pregnancy; a partner's is recorded as `pregnancy_reported`."
        errors.append(FieldError("/reason", detail, "not_applicable"))
    return errors


def _pregnancy_errors(history: History, body: PregnancyReported) -> list[FieldError]:
    """Return what is wrong with whose pregnancy it is.

    Recorded as a partner's by mistake, a patient's own would change nothing: so a woman has no partner's.
    """
    if history.registered.sex == "male" and body.of == PATIENT:
        return [FieldError("/of", f"A male patient: record the pregnancy of his `{PARTNER}`.", "not_applicable")]
    if history.registered.sex == "female" and body.of == PARTNER:
        return [FieldError("/of", f"A female patient: record only her own pregnancy (`{PATIENT}`).", "not_applicable")]
    return []


def _latest(when: When | str) -> date:
    """Return the last day that a date may mean."""
    return when.last if isinstance(when, PartialDate) else date.fromisoformat(str(when))


def _after_death(history: History, body: Body) -> Conflict | None:
    """Return the conflict of a fact dated after the patient's death (section 3)."""
    died_on = history.died_on
    if died_on is None or isinstance(body, MAY_FOLLOW_DEATH):
        return None
    detail = f"After the death of the patient on {died_on}, which {history.death_recorded_by} records."
    errors = [FieldError(f"/{name}", detail, "after_death") for name, first, _ in _days(body) if first > died_on]
    return Conflict(errors) if errors else None


def _after_failure(history: History, body: Body) -> Conflict | None:
    """Return the conflict of a fact that says that a dose was taken by a patient whose screening failed (section 3)."""
    left = history.end_of_study
    if left is None or not history.failed_screening:
        return None
    match body:
        case TreatmentStarted() | DoseRecorded(status="taken") | VisitDone(amount=float() | int()):
            pass
        case TreatmentEnded() if body.last_dose_on is not None:
            pass
        case _:
            return None
    return Conflict(
        [
            FieldError(
                "/kind",
                f"{left.fact_id} records a screen failure: void or correct that first.",
                "screen_failure",
            )
        ]
    )


def _conflict(versions: Versions, history: History, fact: Fact) -> FieldError | None:
    """Return the conflict of a fact with the record, though it is possible by itself; None if there is none."""
    match body := fact.body:
        case Registered():
            return FieldError("/kind", "The patient is registered; to correct that, use `replaces`.", "on_record")
        case Enrolled() if history.enrolled is not None:
            return FieldError(
                "/kind",
                f"The patient enrolled on {history.enrolled_on}; to correct that, use `replaces`.",
                "on_record",
            )
        case Enrolled() if history.failed_screening and (left := history.end_of_study) is not None:
            return FieldError(
                "/kind",
                f"{left.fact_id} records a screen failure: void or correct that first.",
                "screen_failure",
            )
        case TreatmentStarted() if history.first_dose_on is not None:
            return FieldError(
                "/kind",
                f"Treatment started on {history.first_dose_on}; to correct that, use `replaces`.",
                "on_record",
            )
        case TreatmentEnded() if (end := _end_beside(versions, extend(history, fact), fact)) is not None:
            return FieldError(
                "/kind",
                f"{end.fact_id} records the end of treatment; to correct it, use `replaces`.",
                "on_record",
            )
        case StudyEnded() if (left := history.end_of_study) is not None:
            return FieldError(
                "/kind",
                f"{left.fact_id} records the end of the study; to correct it, use `replaces`.",
                "on_record",
            )
        case StudyEnded(reason=reason) if reason == SCREEN_FAILURE and history.last_dose_on is not None:
            return FieldError(
                "/reason",
                f"A dose on {history.last_dose_on} is on record: this is no screen failure.",
                "screen_failure",
            )
        case MilestoneReached(milestone=name) if any(one.name == name for one in history.milestones):
            return FieldError("/milestone", f"{name} is on record; to correct that, use `replaces`.", "on_record")
        case VisitDone() if (same := _same_visit(history, body)) is not None:
            said = "this is on record" if same.response == body.response else f"it is on record with {same.response}"
            detail = f"Done on {same.done_on}: {said} as {same.fact_id}. To correct or complete that, use `replaces`;"
            return FieldError("/done_on", f"{detail} another part of the visit says `part`.", "on_record")
        case PregnancyReported() if (report := _open_report(history)) is not None:
            detail = (
                f"{report.fact_id} reports a pregnancy on {report.reported_on}, which is open; to correct that, use"
            )
            return FieldError(
                "/kind", f"{detail} `replaces`; a new one is reported after `pregnancy_closed`.", "on_record"
            )
        case PregnancyClosed() if not history.pregnancies_to_close:
            return FieldError("/kind", "No pregnancy is open.", "no_open_pregnancy")
        case HoldEnded() if not _open_holds(history):
            return FieldError("/kind", "No hold is open.", "no_open_hold")
    return None


def _end_beside(versions: Versions, after: History, fact: Fact) -> EndOfTreatment | None:
    """Return the end of treatment on record that a new one repeats, because treatment was not reopened between them."""
    return end_beside(periods(versions, after), after, fact.fact_id)


def _open_report(history: History) -> PregnancyReport | None:
    opened = history.pregnancies_to_close
    return next((report for report in history.pregnancy_reports if report.reported_on in opened), None)


def _same_visit(history: History, body: VisitDone) -> DoneVisit | None:
    """Return what is on record of the same visit on the same day; a part counts only if it says the same."""
    for done in history.visits_done:
        if (done.series, done.done_on) != (body.series, body.done_on):
            continue
        same_visit = done.visit == body.visit or None in (done.visit, body.visit)
        both_whole = not body.part and not done.part
        if same_visit and (both_whole or (done.part, done.response) == (body.part, body.response)):
            return done
    return None


def _open_holds(history: History, ended: HoldEnded | None = None) -> list[Hold]:
    """Return the open holds; if one ended, those that it may be."""
    holds = [hold for hold in history.holds if hold.resumes_on is None]
    return holds if ended is None or ended.hold is None else [hold for hold in holds if hold.fact_id == ended.hold]


def _regimen(plan: tuple[Period, ...], body: DoseChanged) -> Regimen:
    """Return the regimen that a change of the dose is of, in the version of its day."""
    protocol = version_on(plan, body.from_on)
    named = protocol.regimens[0] if body.regimen is None else protocol.find_regimen(body.regimen)
    assert named is not None, "an unknown regimen is refused before"
    return named


def _dose_errors(treatment_plan: TreatmentPlan, body: DoseRecorded) -> list[FieldError]:
    """Return what is wrong with the regimen and the intake that a dose is said to be of."""
    ids = [one.name for one in treatment_plan.regimens]
    if body.regimen is not None and body.regimen not in ids:
        return [FieldError("/regimen", f"The protocol has no regimen {body.regimen}: {', '.join(ids)}.", "not_found")]
    if body.slot is not None and treatment_plan.dose_plan(body.regimen, body.slot) is None:
        return [FieldError("/slot", f"There is no intake {body.slot} of that day.", "not_found")]
    return []


def _day_choice_errors(regimen: Regimen, body: DoseChanged) -> list[FieldError]:
    """Return what is wrong with how often, or on which days, a changed dose is to be taken: only fewer are possible."""
    if regimen.given_by_site:
        given = [name for name in ("times_a_day", "days") if getattr(body, name) is not None]
        return [FieldError(f"/{name}", "Only of what the patient takes.", "not_applicable") for name in given]
    errors = []
    if body.times_a_day is not None and body.times_a_day > regimen.times_a_day:
        errors.append(FieldError("/times_a_day", f"More than the protocol's {regimen.times_a_day}.", "above_highest"))
    if body.days is not None and not set(body.days).issubset(regimen.days_listed(regimen.cycle_days)):
        errors.append(FieldError("/days", "Not all are days on which the protocol has a dose.", "malformed"))
    return errors


#: An amount per kg or m² may be so many times the one before; above that it is confirmed.
_MOST_ABOVE = 1.1


def _transfer_errors(history: History, today: date) -> list[FieldError]:
    """Return what contradicts in the transfers: each is to another site, and only one may lie ahead."""
    at, since = history.registered.site, None
    for transfer in history.transfers:
        if transfer.from_on == since:
            detail = f"There is a transfer from {since} already; to correct it, use `replaces`."
            return [FieldError("/from_on", detail, "on_record")]
        if transfer.site == at:
            return [FieldError("/site", f"{at} has the patient on {transfer.from_on} already.", "contradicts_record")]
        at, since = transfer.site, transfer.from_on
    ahead = [transfer.from_on for transfer in history.transfers if transfer.from_on > today]
    if len(ahead) > 1:
        detail = f"Another transfer, from {ahead[0]}, lies ahead; to correct it, use `replaces`."
        return [FieldError("/from_on", detail, "on_record")]
    return []


def _more_than_dispensed(versions: Versions, history: History, body: Body) -> list[FieldError]:
    """Return what came back or was lost, as a fact now has it, though it was not given out by then."""
    said = more_than_dispensed(TreatmentPlan(periods(versions, history), history))
    field = "lost" if isinstance(body, DrugReturned) and not body.units else "units"
    return [] if said is None else [FieldError(f"/{field}", said, "more_than_dispensed")]


def _hold_errors(history: History, pointer: str) -> list[FieldError]:
    for hold in history.holds:
        if hold.resumes_on is not None and hold.resumes_on <= hold.from_on:
            return [
                FieldError(
                    pointer,
                    f"The hold from {hold.from_on} would end on {hold.resumes_on}, before it began.",
                    "order_reversed",
                )
            ]
    # A hold of one regimen beside a hold of all is none of the same scope.
    pairs = ((one, other) for one, other in combinations(history.holds, 2) if one.regimens == other.regimens)
    for one, other in pairs:
        if one.resumes_on is None or other.from_on < one.resumes_on:
            until = f"until {one.resumes_on}" if one.resumes_on else "and open"
            return [
                FieldError(
                    pointer,
                    f"The hold from {one.from_on} {until} overlaps the one from {other.from_on}.",
                    "holds_overlap",
                )
            ]
    return []
