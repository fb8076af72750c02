"""Find what a fact contradicts of the record, though it is possible by itself (rules, section 3)."""

from __future__ import annotations

from scheduler_api.engine.errors import Conflict, FieldError
from scheduler_api.engine.model.facts import (
    SCREEN_FAILURE,
    Body,
    DoseRecorded,
    DrugLost,
    DrugReturned,
    Enrolled,
    Fact,
    HoldEnded,
    MilestoneReached,
    PregnancyClosed,
    PregnancyReported,
    Registered,
    StudyEnded,
    TreatmentEnded,
    TreatmentStarted,
    VisitDone,
)
from scheduler_api.engine.model.fold import extend
from scheduler_api.engine.model.history import History
from scheduler_api.engine.model.protocol import Versions
from scheduler_api.engine.model.records import DoneVisit, EndOfStudy, EndOfTreatment, PregnancyReport
from scheduler_api.engine.model.versions import periods
from scheduler_api.engine.treatment.reopening import end_beside

from .days import days_of
from .holds import holds_to_end

#: What happens after the death of a patient too: relatives bring back what is left.
MAY_FOLLOW_DEATH = (DrugReturned, DrugLost)


def after_death(history: History, body: Body) -> Conflict | None:
    """Return the conflict of a fact dated after the patient's death (section 3); None if there is none."""
    died_on, reported, fact_id = history.died_on, history.death_reported, history.death_recorded_by
    if died_on is None or reported is None or isinstance(body, MAY_FOLLOW_DEATH):
        return None
    detail = f"After the death of the patient on {died_on}, which {fact_id} records."
    if not reported.is_exact:
        detail = f"After the death of the patient in {reported.text}, taken as {died_on}, which {fact_id} records."
    errors = [FieldError(f"/{name}", detail, "after_death") for name, first, _ in days_of(body) if first > died_on]
    return Conflict(errors) if errors else None


def after_failure(history: History, body: Body) -> Conflict | None:
    """Return the conflict of a dose of a patient whose screening failed (section 3); None if there is none."""
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
    return Conflict([_failed(left)])


def _failed(left: EndOfStudy) -> FieldError:
    """Return the error of what goes on although the screening failed."""
    return FieldError(
        "/kind", f"{left.fact_id} records a screen failure: void or correct that first.", "screen_failure"
    )


def conflict_of(versions: Versions, history: History, fact: Fact) -> FieldError | None:
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
            return _failed(left)
        case TreatmentStarted() if history.first_dose_on is not None:
            return FieldError(
                "/kind",
                f"Treatment started on {history.first_dose_on}; to correct that, use `replaces`.",
                "on_record",
            )
        case TreatmentEnded() if (end := _repeated_end(versions, history, fact)) is not None:
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
        case HoldEnded() if not holds_to_end(history):
            detail = "No hold is open. To move the end of one, correct the fact that recorded it, by `replaces`."
            return FieldError("/kind", detail, "no_open_hold")
    return None


def _repeated_end(versions: Versions, history: History, fact: Fact) -> EndOfTreatment | None:
    """Return the end of treatment on record that a new one repeats, because treatment was not reopened between them."""
    after = extend(history, fact)
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
