"""The domain DS: consent and enrolment, and how treatment and study ended."""

from __future__ import annotations

from collections.abc import Iterator

from scheduler_api.engine.model.records import ReportedDay
from scheduler_api.use_cases.patients.exports import Export, ExportedPatient

from .domains import EPOCH, Domain, Record, Variable, dtc, dy, dy_of, epoch, identifiers, written

#: The terms of CDISC's codelist NCOMPLT, by the reasons of the service.
_TERMS = {
    "progression": "PROGRESSIVE DISEASE",
    "intolerance": "ADVERSE EVENT",
    "completed": "COMPLETED",
    "withdrawal": "WITHDRAWAL BY SUBJECT",
    "pregnancy": "PREGNANCY",
    "death": "DEATH",
    "physician_decision": "PHYSICIAN DECISION",
    "screen_failure": "SCREEN FAILURE",
    "lost_to_follow_up": "LOST TO FOLLOW-UP",
    # The study itself may go on: SITE or STUDY TERMINATED BY SPONSOR would say more than is known.
    "sponsor_decision": "OTHER",
    "other": "OTHER",
}
_MILESTONE, _EVENT = "PROTOCOL MILESTONE", "DISPOSITION EVENT"


def _records(export: Export, patient: ExportedPatient) -> Iterator[Record]:
    history = patient.history
    for term, day in (
        ("INFORMED CONSENT OBTAINED", history.registered.consented_on),
        ("ENTERED INTO TRIAL", history.enrolled_on),
    ):
        if day is not None:
            yield {
                "DSTERM": term,
                "DSDECOD": term,
                "DSCAT": _MILESTONE,
                "EPOCH": epoch(history, day),
                "DSSTDTC": dtc(day),
                "DSSTDY": dy(history, day),
            }
    for ended in history.ends_of_treatment:
        yield _event(patient, "STUDY TREATMENT", ended.reason, ended.decided)
    if (left := history.end_of_study) is not None:
        yield _event(patient, "STUDY PARTICIPATION", left.reason, left.ended)


def _event(patient: ExportedPatient, of: str, reason: str, on: ReportedDay) -> Record:
    history = patient.history
    return {
        "DSTERM": reason.replace("_", " ").upper(),
        "DSDECOD": _TERMS[reason],
        "DSCAT": _EVENT,
        "DSSCAT": of,
        "EPOCH": epoch(history, history.stands_for(on).on),
        "DSSTDTC": written(on),
        "DSSTDY": dy_of(history, on),
    }


DS = Domain(
    "DS",
    "Disposition",
    (
        *identifiers("DS"),
        Variable("DSTERM", "Reported Term for the Disposition Event"),
        Variable("DSDECOD", "Standardized Disposition Term"),
        Variable("DSCAT", "Category for Disposition Event"),
        Variable("DSSCAT", "Subcategory for Disposition Event"),
        EPOCH,
        Variable("DSSTDTC", "Start Date/Time of Disposition Event"),
        Variable("DSSTDY", "Study Day of Start of Disposition Event", "integer"),
    ),
    _records,
)
