"""Record the rows of a table: each is a patient or a fact, written as people write them in a spreadsheet."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from marshmallow import fields

from scheduler_api.cli.input import find_patient, new_patient, shaped
from scheduler_api.cli.refusals import Refused
from scheduler_api.engine.errors import FieldError, ValidationFailed
from scheduler_api.engine.model.facts import DoseChanged, DoseRecorded
from scheduler_api.engine.model.versions import version_on
from scheduler_api.i18n import word
from scheduler_api.schemas.enrolments import NewPatientSchema
from scheduler_api.schemas.facts import FACTS
from scheduler_api.schemas.fields import Amount, ByName, CivilDate, Clock, PartialCivilDate
from scheduler_api.use_cases.patients import facts, patients
from scheduler_api.use_cases.projections import schedules
from scheduler_api.use_cases.session import NotFound, patient_row

if TYPE_CHECKING:
    from marshmallow import Schema

    from scheduler_api.use_cases.session import Session

#: Columns that say what a row is about, or what its amount is in; all others are data of a kind.
_OF_A_ROW = ("subject_number", "kind", "protocol", "version")
_UNIT = "unit"
_NUMBER = re.compile(r"-?\d{1,15}(\.\d{1,15})?", re.ASCII)
#: Dates as spreadsheets write them: 2026/10/1, 2026-10, 2026年10月1日; an empty time may follow.
_DATE = re.compile(
    r"(\d{4})(?:[-/.](\d\d?)(?:[-/.](\d\d?))?|年(\d\d?)月(?:(\d\d?)日)?)(?:[ T]0?0:00(?::00)?)?", re.ASCII
)
_TIME = re.compile(r"(\d\d?):(\d\d)(?::00)?", re.ASCII)
#: What of a fact is not its data.
_ABOUT_A_FACT = ("fact_id", "kind", "recorded_at", "said_at", "sent", "recorded_by", "voided_by")


@dataclass
class Outcome:
    """Says what became of a row: the kinds and data of the facts that it records, what speaks against them, its errors.

    An error begins with the column that it is about.
    """

    patient: str
    is_patient: bool
    facts: list[tuple[str, str]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


def columns() -> frozenset[str]:
    """Return the columns that a table may have."""
    of_facts = (name for schema in FACTS.values() for name in schema.fields)
    return frozenset((*_OF_A_ROW, _UNIT, *NewPatientSchema().fields, *of_facts))


class Importer:
    """Records rows one after the other; what of a row can be judged is judged, also after one that was refused."""

    def __init__(self, session: Session) -> None:
        self._session = session
        #: Facts of a patient whose registration was refused are only read: there is nobody to record them of.
        self._refused: set[str] = set()

    def take(self, cells: Mapping[str, str]) -> Outcome:
        """Record a row, given its cells that are not empty by column."""
        number = cells.get("subject_number", "")
        outcome = Outcome(number, cells.get("kind") == "registered")
        errors: list[FieldError] = []
        try:
            if outcome.is_patient:
                self._register(cells, outcome)
            else:
                # Those found before it is refused count too.
                for found in self._record(dict(cells), outcome):
                    errors.append(found)
        except ValidationFailed as refused:
            errors += refused.errors
        if errors and outcome.is_patient:
            self._refused.add(number)
        for error in errors:
            column = error.pointer.lstrip("/").removesuffix("/id").removeprefix("protocol/")
            outcome.errors.append(f"{f', column {column}' if column else ''}: {error.detail}")
        return outcome

    def _register(self, cells: Mapping[str, str], outcome: Outcome) -> None:
        data = _typed(NewPatientSchema(), cells)
        del data["kind"]
        version = data.pop("version", None)
        if "protocol" in data:
            data["protocol"] = {"id": data["protocol"], **({} if version is None else {"version": _number(version)})}
        patient = patients.register(self._session, *new_patient(self._session, data))
        outcome.facts = [_shown(fact) for fact in facts.history_documents(self._session, patient["patient_id"])]

    def _record(self, cells: dict[str, str], outcome: Outcome) -> Iterator[FieldError]:
        """Record the fact of a row; yield what is wrong with it beside what recording it refuses."""
        number, protocol, unit = (cells.pop(name, None) for name in ("subject_number", "protocol", _UNIT))
        patient_id = None
        if number is None:
            yield FieldError("/subject_number", "Missing.", "missing")
        elif number not in self._refused:
            try:
                patient_id = find_patient(self._session, number, protocol)
            except (NotFound, Refused) as error:
                yield FieldError("/subject_number", str(error), "not_found")
        kind = cells.get("kind", "")
        if (schema := FACTS.get(kind)) is None:
            raise ValidationFailed([FieldError("/kind", f"Not one of {', '.join(FACTS)}." if kind else "Missing.")])
        new = shaped(schema, _typed(schema, cells))
        if unit is not None and not isinstance(new.body, DoseRecorded | DoseChanged):
            yield FieldError("/unit", "Unknown field.", "unknown_field")
        if patient_id is None:
            return
        if isinstance(new.body, DoseRecorded | DoseChanged):
            yield from self._dose_errors(patient_id, new.body, unit)
        recorded = facts.record(self._session, patient_id, new)
        outcome.facts = [_shown(fact) for fact in recorded.facts]
        outcome.warnings = [word(warning["detail"], "en") for warning in recorded.warnings]

    def _dose_errors(self, patient_id: str, body: DoseRecorded | DoseChanged, unit: str | None) -> Iterator[FieldError]:
        """Yield what a table has to say of a dose: which of the day, where there are several, and the trial's unit."""
        schedule = schedules.of_row(self._session.store, patient_row(self._session, patient_id))
        day = body.dose_on if isinstance(body, DoseRecorded) else body.from_on
        protocol = version_on(schedule.treatment_plan.plan, day)
        regimen = protocol.only_regimen if body.regimen is None else protocol.find_regimen(body.regimen)
        if isinstance(body, DoseRecorded) and body.slot is None and regimen is not None and regimen.times_a_day > 1:
            times = ", ".join(map(str, range(1, regimen.times_a_day + 1)))
            yield FieldError("/slot", f"Missing: {regimen.id} is taken several times a day ({times}).", "missing")
        if unit is not None and regimen is not None and unit != regimen.unit:
            yield FieldError("/unit", f"The protocol has {regimen.unit} for {regimen.id}.")


def _shown(fact: Mapping[str, Any]) -> tuple[str, str]:
    """Return a fact as a dry run shows it: its kind, and its data in one line."""
    data = {name: value for name, value in fact.items() if name not in _ABOUT_A_FACT and value is not None}
    return str(fact["kind"]), ", ".join(f"{name} {_written(value)}" for name, value in data.items())


def _written(value: Any) -> str:
    if isinstance(value, Mapping):
        return " ".join(map(str, value.values()))
    return " ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _typed(schema: Schema, cells: Mapping[str, str]) -> dict[str, Any]:
    """Return the cells as JSON would have them: by what the schema has for their columns, and `null`."""
    return {name: None if cell == "null" else _value(schema.fields.get(name), cell) for name, cell in cells.items()}


def _value(declared: fields.Field[Any] | None, cell: str) -> Any:
    """Return a cell as JSON would have it; one that cannot be that stays as it is, and is refused as such.

    The entries of a list have spaces between them, counts by name are written `50=120; 200=30`.
    """
    match declared:
        case Amount() | fields.Number():
            return _number(cell)
        case fields.List():
            return [_value(declared.inner, entry) for entry in cell.split()]
        case ByName():
            pairs = [pair.partition("=") for pair in cell.split(";")]
            counts = {name.strip(): _number(count.strip()) for name, _, count in pairs}
            return counts if len(counts) == len(pairs) else cell
        case fields.Boolean():
            return {"true": True, "false": False}.get(cell.lower(), cell)
        case CivilDate() | PartialCivilDate() if (found := _DATE.fullmatch(cell)) is not None:
            year, *rest = filter(None, found.groups())
            return "-".join([year, *(part.zfill(2) for part in rest)])
        case Clock() if (found := _TIME.fullmatch(cell)) is not None:
            return f"{found[1].zfill(2)}:{found[2]}"
        case _:
            return cell


def _number(cell: str) -> int | float | str:
    if not _NUMBER.fullmatch(cell):
        return cell
    return float(cell) if "." in cell else int(cell)
