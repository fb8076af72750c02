"""Check the data of a fact in itself and against the protocol (rules, sections 3 and 9)."""

from __future__ import annotations

from datetime import date

from scheduler_api.engine.dates import PartialDate, earliest_of, is_time_zone
from scheduler_api.engine.errors import FieldError
from scheduler_api.engine.model.facts import (
    FEMALE_BASES,
    MALE_BASES,
    PARTNER,
    PATIENT,
    UNKNOWN,
    UNSCHEDULED,
    Body,
    DoseChanged,
    DoseRecorded,
    DoseTakenBack,
    Enrolled,
    FertilityChanged,
    HoldEnded,
    HoldStarted,
    PregnancyClosed,
    PregnancyReported,
    ProtocolAmended,
    RegimenEnded,
    StudyEnded,
    TimeZoneChanged,
    TreatmentEnded,
    TreatmentStarted,
    VisitBooked,
    VisitDone,
    When,
    is_appointment,
)
from scheduler_api.engine.model.history import History
from scheduler_api.engine.model.protocol import Protocol, Versions
from scheduler_api.engine.model.versions import Period, gives_doses, periods, version_on
from scheduler_api.engine.protocol_file.clashes import anchor_circle, same_names
from scheduler_api.engine.treatment.doses import TreatmentPlan

from .amendments import amendment_error
from .declared import arm_errors, regimen_errors
from .dose_changes import dose_change_errors
from .holds import holds_to_end

#: The reasons for leaving the study with which only the month or the year may be given: often nobody knows the day.
MAY_BE_PARTIAL = ("death", "lost_to_follow_up")


def fertility_errors(sex: str, fertility: str, basis: str | None) -> list[FieldError]:
    """Return what is wrong with a statement on fertility: `not_fertile` needs a `basis`, one of those of the sex."""
    if fertility == "fertile":
        return [FieldError("/basis", "Only for `not_fertile`.", "not_applicable")] if basis is not None else []
    bases = FEMALE_BASES if sex == "female" else MALE_BASES
    if basis is None:
        return [FieldError("/basis", f"Missing: `not_fertile` has one of {', '.join(bases)}.", "missing")]
    return [] if basis in bases else [FieldError("/basis", f"Not one of {', '.join(bases)} (sex {sex}).", "malformed")]


def content_errors(versions: Versions, history: History, body: Body, today: date) -> list[FieldError]:
    """Return what is wrong with a fact in itself and against the protocol."""
    plan = periods(versions, history)
    match body:
        case DoseRecorded() | DoseTakenBack():
            if (of_site := _given_at_site(plan, body)) is not None:
                return [of_site]
            is_named = body.regimen is not None or body.slot is not None
            if is_named and (errors := _dose_errors(TreatmentPlan(plan, history), body)):
                return errors
            if isinstance(body, DoseTakenBack):
                return []
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
            if body.no_end and body.resumes_on is not None:
                return [FieldError("/no_end", "Only without `resumes_on`.", "not_applicable")]
            if body.resumes_on is not None and body.resumes_on <= body.from_on:
                return [FieldError("/resumes_on", "Not after `from_on`.", "order_reversed")]
        case HoldEnded():
            open_holds = holds_to_end(history, body)
            if not open_holds and body.hold is not None and holds_to_end(history):
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
            return dose_change_errors(plan, body)
        case RegimenEnded():
            return regimen_errors(plan, "/regimen", body.regimen, _latest(body.last_dose_on))
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
            return fertility_errors(history.registered.sex, body.fertility, body.basis)
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


def _dose_errors(treatment_plan: TreatmentPlan, body: DoseRecorded | DoseTakenBack) -> list[FieldError]:
    """Return what is wrong with the regimen and the intake that a dose is said to be of."""
    ids = [one.name for one in treatment_plan.regimens]
    if body.regimen is not None and body.regimen not in ids:
        return [FieldError("/regimen", f"The protocol has no regimen {body.regimen}: {', '.join(ids)}.", "not_found")]
    if body.slot is not None and treatment_plan.dose_plan(body.regimen, body.slot) is None:
        return [FieldError("/slot", f"There is no intake {body.slot} of that day.", "not_found")]
    return []
