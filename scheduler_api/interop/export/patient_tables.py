"""The tables about a patient as a whole: one row of each, and contraception, deviations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from scheduler_api.engine.model.facts import UNKNOWN
from scheduler_api.engine.treatment.status import PATIENT_STATUSES
from scheduler_api.schemas.enrolments import BASES, FERTILITY
from scheduler_api.schemas.patients import DEVIATIONS
from scheduler_api.use_cases.patients.exports import ExportedPatient

from .columns import BECAUSE, SITE, Table, day, flag, number, partial_day, text


def _patients(patient: ExportedPatient) -> Iterator[Mapping[str, Any]]:
    history, treatment = patient.history, patient.schedule.treatment(patient.today)
    ended = history.treatment_ended and history.treatment_ended.said
    left, document = history.end_of_study, patient.document()
    progressed = min(history.progressions_since_enrolment, key=history.stands_for, default=None)
    new_therapy = min(history.new_therapies, key=history.stands_for, default=None)
    stated = ended.last_dose.text if ended is not None and ended.last_dose is not None else None
    yield {
        **document,
        "protocol_version": document["protocol"]["version"],
        "today": patient.today,
        "first_dose_on": history.known_c1d1,
        "last_dose_on": treatment["last_dose_on"],
        "last_dose_provisional": history.last_dose_is_provisional,
        "cycle": treatment["cycle"],
        "cycle_day": treatment["cycle_day"],
        "on_hold": treatment["on_hold"],
        "progressed_on": progressed and progressed.text,
        "new_therapy_on": new_therapy and new_therapy.text,
        "treatment_ended_on": ended and ended.decided.text,
        "treatment_last_dose_on": UNKNOWN if ended is not None and ended.last_dose_unknown else stated,
        "treatment_end_reason": ended and ended.reason,
        "study_ended_on": left and left.ended.text,
        "study_end_reason": left and left.reason,
    }


PATIENTS = Table(
    "patients",
    "One row for each patient, as of the patient's day (today) at the instant of the export",
    (
        text("site", "The site that has the patient", "3"),
        number("protocol_version", "The version of the protocol that applies", "9"),
        text("status", "Where the patient stands", "7", *PATIENT_STATUSES),
        day("today", "The patient's day at the instant of the export", "1"),
        text("time_zone", "The time zone in which the patient's days are counted", "1"),
        text("sex", "Sex", "3", "female", "male"),
        text("fertility", "Reproductive potential", "6", *FERTILITY),
        text("basis", "Why not fertile", "6", *BASES),
        text("arm", "Arm of the trial", "3"),
        text("cohorts", "Cohorts of which the patient is a member, with semicolons between", "3"),
        day("consented_on", "Day of consent", "3"),
        day("planned_enrolment_on", "Day for which enrolment was planned", "3"),
        day("enrolled_on", "Day of enrolment", "3"),
        day("planned_first_dose_on", "Day for which the first dose was planned", "3"),
        day("first_dose_on", "First dose (C1D1), once on record", "4"),
        day("last_dose_on", "Last dose on record so far", "3"),
        flag("last_dose_provisional", "The last dose is not known for sure, or only by month or year", "3"),
        number("cycle", "Cycle of today; empty outside treatment", "4"),
        number("cycle_day", "Day of the cycle; empty also on a held day that does not count", "4"),
        flag("on_hold", "Dosing is held today", "4"),
        partial_day("progressed_on", "Earliest progression, as written", "3"),
        partial_day("new_therapy_on", "Earliest new anti-tumour therapy, as written", "3"),
        partial_day("treatment_ended_on", "Decision to end treatment, as written", "3"),
        partial_day(
            "treatment_last_dose_on", "Last dose that the end of treatment states, as written, or unknown", "3"
        ),
        text("treatment_end_reason", "Why treatment ended", "3"),
        partial_day("study_ended_on", "End of the study for the patient, as written", "3"),
        text("study_end_reason", "Why the patient left the study", "3"),
    ),
    _patients,
)


def _contraception(patient: ExportedPatient) -> Iterator[Mapping[str, Any]]:
    yield patient.schedule.contraception(patient.today)


CONTRACEPTION = Table(
    "contraception",
    "From when and through when each patient has to use contraception",
    (
        text("status", "Whether contraception is required today", "6", "not_required", "required", "released"),
        day("from_on", "First day on which it is required", "6"),
        day("through_on", "Last day on which it is required, once that is known", "6"),
        day("earliest_through_on", "The earliest day that through_on can be, while treatment goes on", "6"),
        flag("provisional", "A dose that is not on record could change it", "6"),
        BECAUSE,
    ),
    _contraception,
)


DEVIATION_TABLE = Table(
    "deviations",
    "Where the record differs from the plan",
    (
        SITE,
        text("kind", "What differs", "8", *DEVIATIONS),
        day("on", "Its day", "8"),
        text("visit", "The visit that it is about", "8"),
        text("dose_id", "The dose that it is about", "8"),
        text("planned", "What was planned", "8"),
        text("actual", "What was done; empty: nothing", "8"),
        number("days_off", "Days outside the window; negative: early", "5", "day"),
    ),
    ExportedPatient.deviations,
)
