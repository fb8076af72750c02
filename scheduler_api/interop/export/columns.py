"""Tables of an export and their columns, with what the data dictionary says of each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from scheduler_api.use_cases.patients.exports import ExportedPatient

#: What the values of a column are. A `partial date` is a date of which perhaps only the month or the year is known, as
#: it was written; an `instant` has its offset.
Kind = Literal["text", "date", "partial date", "instant", "number", "boolean"]


@dataclass(frozen=True)
class Column:
    """A column. `section` is that of docs/rules.md; a value is one of `codes`, if there are any."""

    name: str
    label: str
    kind: Kind
    section: str
    codes: tuple[str, ...] = ()
    unit: str | None = None


@dataclass(frozen=True)
class Table:
    """A table. `rows` gives those of a patient, each with a value for each column; a value left out is not known."""

    name: str
    label: str
    columns: tuple[Column, ...]
    rows: Callable[[ExportedPatient], Iterable[Mapping[str, Any]]]

    @property
    def header(self) -> tuple[Column, ...]:
        """Return all columns: those that say which patient it is, then its own."""
        return (*PATIENT, *self.columns)

    def values(self, patient: ExportedPatient) -> Iterator[list[Any]]:
        """Yield the rows of a patient as lists of values, in the order of `header`."""
        who = [patient.row["patient_id"], patient.history.registered.subject_number]
        for row in self.rows(patient):
            yield [*who, *(row.get(column.name) for column in self.columns)]


def text(name: str, label: str, section: str, *codes: str) -> Column:
    """Return a column of texts, or of some `codes`."""
    return Column(name, label, "text", section, codes)


def day(name: str, label: str, section: str) -> Column:
    """Return a column of dates."""
    return Column(name, label, "date", section)


def partial_day(name: str, label: str, section: str) -> Column:
    """Return a column of dates of which perhaps only the month or the year is known."""
    return Column(name, label, "partial date", section)


def instant(name: str, label: str, section: str) -> Column:
    """Return a column of instants."""
    return Column(name, label, "instant", section)


def number(name: str, label: str, section: str, unit: str | None = None) -> Column:
    """Return a column of numbers."""
    return Column(name, label, "number", section, unit=unit)


def flag(name: str, label: str, section: str) -> Column:
    """Return a column of true and false."""
    return Column(name, label, "boolean", section)


PATIENT = (
    text("patient_id", "The patient's id in this service", "3"),
    text("subject_number", "The trial's number of the patient", "3"),
)
SITE = text("site", "The site that had the patient on the day of the row", "3")
BECAUSE = text("because", "Why, in words", "11")
STUDY_DAY = number("study_day", "Day of the study: C1D1 is day 1, the day before it day -1", "1", "day")
