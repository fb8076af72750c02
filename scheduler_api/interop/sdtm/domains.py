"""Define what a domain of SDTM consists of: its variables, and the records of a patient."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from scheduler_api.engine.dates import study_day
from scheduler_api.engine.model.history import History
from scheduler_api.engine.model.records import ReportedDay
from scheduler_api.use_cases.patients.exports import Export, ExportedPatient

Record = dict[str, Any]


@dataclass(frozen=True)
class Variable:
    """A variable: its name, its label as SDTMIG has it, the type of its values, and its place in the key, if any."""

    name: str
    label: str
    data_type: Literal["string", "integer", "double"] = "string"
    key: int | None = None


@dataclass(frozen=True)
class Domain:
    """A domain. `records` gives those of a patient without what identifies study, domain and patient.

    `sequence`: they are numbered for each patient, in a variable named after the domain.
    """

    name: str
    label: str
    variables: tuple[Variable, ...]
    records: Callable[[Export, ExportedPatient], Iterable[Record]]
    sequence: bool = True

    def rows(self, export: Export, patient: ExportedPatient) -> Iterator[list[Any]]:
        """Yield the records of a patient as values in the order of the variables; what is not known is None."""
        subject = f"{study_id(export)}-{patient.row['patient_id']}"
        identified = {"STUDYID": study_id(export), "DOMAIN": self.name, "USUBJID": subject}
        for number, record in enumerate(self.records(export, patient), 1):
            values = identified | ({f"{self.name}SEQ": number} if self.sequence else {}) | record
            yield [values.get(variable.name) for variable in self.variables]


STUDYID = Variable("STUDYID", "Study Identifier", key=1)
DOMAIN = Variable("DOMAIN", "Domain Abbreviation")
USUBJID = Variable("USUBJID", "Unique Subject Identifier", key=2)
EPOCH = Variable("EPOCH", "Epoch")


def identifiers(domain: str) -> tuple[Variable, ...]:
    """Return the variables that identify a record of a domain with a sequence number."""
    return STUDYID, DOMAIN, USUBJID, Variable(f"{domain}SEQ", "Sequence Number", "integer", key=3)


def study_id(export: Export) -> str:
    """Return the study's identifier: the id of the protocol in capitals."""
    return export.protocol.upper()


def dtc(day: date | None) -> str | None:
    """Return a date in ISO 8601."""
    return None if day is None else day.isoformat()


def written(reported: ReportedDay | None) -> str | None:
    """Return a day as it was reported: perhaps only a month or a year, which ISO 8601 writes alike."""
    return None if reported is None else reported.text


def dy(history: History, day: date | None) -> int | None:
    """Return the study day of a date: that of SDTM, counted from the first dose; None if that is not on record."""
    return None if day is None else study_day(history.known_c1d1, day)


def dy_of(history: History, reported: ReportedDay) -> int | None:
    """Return the study day of a reported day; None if only month or year are known."""
    return dy(history, reported.first_on) if reported.is_exact else None


def epoch(history: History, day: date) -> str:
    """Return the epoch of a day: before the first dose, through the last day of treatment, or after it."""
    start, end = history.known_c1d1, history.last_treatment_day
    if start is None or day < start:
        return "SCREENING"
    return "TREATMENT" if end is None or day <= end else "FOLLOW-UP"


def last_exposure(history: History) -> str | None:
    """Return the last dose on record, as it was written if only month or year are known; None if nobody knows it."""
    if not history.begun or history.last_dose_on is None:
        return None
    ends = history.ends_of_treatment
    if ends and history.last_dose_is_provisional and history.last_dose_on != history.last_taken_on:
        return written(ends[-1].last_dose)
    return dtc(history.last_dose_on)
