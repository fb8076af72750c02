"""Refuse facts that are impossible, and say why (rules, sections 1, 3, 4 and 9).

A fact that merely differs from the plan is never refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import date, datetime

from scheduler_api.engine.dates import civil_date, is_time_zone
from scheduler_api.engine.doses.accountability import more_than_dispensed
from scheduler_api.engine.errors import Conflict, FieldError, NeedsConfirmation, ValidationFailed
from scheduler_api.engine.model.facts import (
    Body,
    DoseChanged,
    DoseRecorded,
    DoseTakenBack,
    DrugDispensed,
    DrugLost,
    DrugReturned,
    Enrolled,
    Fact,
    HoldEnded,
    HoldStarted,
    NewTherapyStarted,
    PregnancyReported,
    Progressed,
    RegimenEnded,
    Registered,
    TreatmentEnded,
    TreatmentStarted,
    VisitBooked,
    VisitDone,
    Voided,
    correction_field,
)
from scheduler_api.engine.model.fold import extend, fold, superseded_by
from scheduler_api.engine.model.history import History
from scheduler_api.engine.model.protocol import Versions
from scheduler_api.engine.model.versions import gives_doses, periods
from scheduler_api.engine.treatment.doses import TreatmentPlan

from .amendments import lost_records
from .conflicts import after_death, after_failure, conflict_of
from .contents import content_errors, fertility_errors
from .days import day_errors, days_of, earliest_for, moment_errors, today_there
from .declared import arm_errors, declared_errors
from .dose_changes import unusual_amount
from .holds import hold_errors, holds_to_end

#: The facts that only a patient who is enrolled can have.
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
#: Fields that say nothing while they are null, so that they can be filled in later without a reason.
CAN_BE_COMPLETED = frozenset(
    {"response", "visit", "time", "place", "taken_at", "note", "kit", "consented_on", "planned_enrolment_on"}
)


def first_errors(
    versions: Versions | None, registered: Registered, enrolled: Enrolled | None, now: datetime
) -> list[FieldError]:
    """Return what is wrong with a new patient, registered and perhaps enrolled `now` (an instant with offset).

    `versions` are those of the patient's protocol, None if there is no such protocol: that is the caller's to report.
    """
    errors = _registration_errors(registered, now)
    if versions is not None and registered.version not in versions:
        errors.append(
            FieldError("/protocol/version", f"The protocol has no version {registered.version}.", "not_found")
        )
    elif versions is not None and enrolled is not None:
        errors += arm_errors(versions[registered.version], enrolled.arm)
    if enrolled is not None:
        errors += day_errors(enrolled, None, today_there(registered.time_zone, now))
    return errors


def _registration_errors(body: Registered, now: datetime) -> list[FieldError]:
    """Return what is impossible in a registration received `now`, whatever the protocol."""
    errors = fertility_errors(body.sex, body.fertility, body.basis)
    if not is_time_zone(body.time_zone):
        errors.append(FieldError("/time_zone", "Not an IANA time zone.", "no_such_time_zone"))
    return errors + day_errors(body, None, today_there(body.time_zone, now))


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
    errors = hold_errors(after, "/from_on" if isinstance(fact.body, HoldStarted) else "/resumes_on")
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


def _check(
    versions: Versions,
    history: History,
    fact: Fact,
    now: datetime,
    today: date | None = None,
    corrected: History | None = None,
) -> None:
    """Raise ValidationFailed or Conflict if the fact is impossible, given the record and the instant it is received.

    `corrected` is the history with the fact that it replaces, without which `history` is.
    """
    body, today = fact.body, today or civil_date(now, history.time_zone)
    is_dose = isinstance(body, VisitDone) and gives_doses(periods(versions, history), body.series)
    if not history.is_enrolled and (is_dose or isinstance(body, NEED_ENROLMENT)):
        raise ValidationFailed(
            FieldError(f"/{name}", "The patient is not enrolled.", "not_enrolled") for name, _, _ in days_of(body)
        )
    # What staff are still to confirm may name any day: the phone's clock was wrong.
    errors = [] if fact.to_confirm else day_errors(body, history.enrolled_on, today, is_dose)
    errors += moment_errors(history, body, today)
    named = {field_error.pointer for field_error in errors}
    if "/dose_on" in named:
        # Whether an amount is planned on a day that cannot be does not matter.
        named.add("/amount")
    found = [*content_errors(versions, history, body, today), *declared_errors(periods(versions, history), body, today)]
    errors += [field_error for field_error in found if field_error.pointer not in named]
    if errors:
        raise ValidationFailed(errors)
    if conflict := conflict_of(versions, history, fact):
        raise Conflict([conflict])
    # A correction need not name the hold: it is the one that the corrected fact ended.
    if isinstance(body, HoldEnded) and fact.replaces is None and len(open_holds := holds_to_end(history, body)) > 1:
        listed = ", ".join(hold.fact_id for hold in open_holds)
        detail = f"Several holds are open: name the fact of one ({listed})."
        raise ValidationFailed([FieldError("/hold", detail, "missing")])
    if isinstance(body, DoseChanged) and (unconfirmed := unusual_amount(versions, corrected or history, body)):
        raise NeedsConfirmation(unconfirmed)
    # What a patient's phone says is never lost: the site looks at it.
    if fact.role != "patient" and (too_late := after_death(history, body) or after_failure(history, body)):
        raise too_late


def _corrected(versions: Versions, history: History, facts: list[Fact], fact: Fact, now: datetime) -> History:
    """Return the history after a fact that replaces or voids another. Raises ValidationFailed or Conflict."""
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
        field = correction_field(type(fact.body))
        raise ValidationFailed([FieldError(f"/{field}", "Missing: a correction says why.", "reason_missing")])
    after = [*facts, fact]
    if isinstance(fact.body, Registered):
        _check_new_registration(history, after, fact.body, now)
    elif isinstance(fact.body, Enrolled):
        _check_new_enrolment(history, after, fact.body, now)
    elif not isinstance(fact.body, Voided):
        # It is checked against the record without the fact that it replaces. That is left out if it is a booking: to
        # void it would take away the appointment that it moved.
        is_booking = isinstance(fact.body, VisitBooked)
        without = fold(
            [one for one in facts if one is not old] if is_booking else [*facts, Fact("", Voided(old.fact_id), now)]
        )
        _check(versions, without, fact, now, corrected=history)
    return fold(after)


def _completes(old: Body, new: Body) -> bool:
    """Return whether a fact only fills in what another left open (section 3): that is no correction."""
    if isinstance(new, Voided):
        return False
    # These two follow from the others when a fact is received.
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
    errors = day_errors(body, None, civil_date(now, history.time_zone))
    if (earlier := _before_enrolment(facts, body)) is not None:
        errors.append(earlier)
    if errors:
        raise ValidationFailed(errors)
    if too_late := after_death(history, body):
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
            for _, _, day in days_of(fact.body)
            if day < earliest_for(fact.body, body.enrolled_on)
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


def _transfer_errors(history: History, today: date) -> list[FieldError]:
    """Return what is wrong with the transfers: each has to be to another site, and only one may lie ahead."""
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
    """Return the error of a fact by which more drug came back or was lost than had been given out; empty if none."""
    said = more_than_dispensed(TreatmentPlan(periods(versions, history), history))
    field = "lost" if isinstance(body, DrugReturned) and not body.units else "units"
    return [] if said is None else [FieldError(f"/{field}", said, "more_than_dispensed")]
