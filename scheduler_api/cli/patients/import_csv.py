"""`import`: patients and facts in bulk from a CSV file, all or nothing."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from scheduler_api.cli.refusals import Refused

if TYPE_CHECKING:
    from marshmallow import Schema

    from scheduler_api.use_cases.session import Session

_NUMBER = re.compile(r"-?\d{1,15}(\.\d{1,15})?", re.ASCII)
#: Columns that say what a row is about; all others are data of a kind.
_OF_A_ROW = ("subject_number", "kind", "protocol", "version")


class Row(NamedTuple):
    """A line of the file: its number, and what its cells hold, empty ones left out."""

    line: int
    cells: dict[str, str]


class _Nothing(Exception):
    """Ends the unit of work when a row was refused."""


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def import_csv(file: Path) -> None:
    """Register and enrol patients and record facts from FILE: all of it or, if a row is bad, nothing.

    FILE is CSV in UTF-8, one row for each patient or fact, in the order in which they are to be recorded. Its columns
    are subject_number, kind (registered, dose_recorded, …) and the data fields of the kinds in the file; `registered`
    rows have protocol too, version unless it is the latest, and enrolled_on unless the patient is still being screened.
    Empty cells are left out; `null` is written as such.
    """
    from scheduler_api.cli.opening import session
    from scheduler_api.cli.terminal import progress

    rows = list(_rows(file))
    errors: list[str] = []
    spoken_against: list[str] = []
    patients = facts = 0
    with session() as opened, progress() as bar:
        task = bar.add_task("Importing", total=len(rows))
        # Facts of a patient whose registration was refused are not wrong in themselves: they are passed over.
        refused: set[str] = set()
        try:
            with opened.store.transaction():
                for row in rows:
                    bar.advance(task)
                    if row.cells.get("subject_number") in refused:
                        continue
                    row_errors = list(_recorded(opened, row, spoken_against))
                    errors += row_errors
                    is_patient = row.cells.get("kind") == "registered"
                    if row_errors and is_patient:
                        refused.add(row.cells.get("subject_number", ""))
                    patients, facts = patients + is_patient, facts + 1
                if errors:
                    raise _Nothing
        except _Nothing:
            raise Refused("\n".join([*errors, f"Nothing of {file} was recorded."])) from None
    for warning in spoken_against:
        click.echo(warning, err=True)
    click.echo(f"{file}: {patients} patients registered, {facts - patients} more facts recorded.")


def _rows(file: Path) -> Iterator[Row]:
    """Yield the rows of a file. Ends the command if it cannot be read as CSV with the columns that are needed."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.reader(lines, strict=True)
            names = next(reader, [])
            _check_columns(file, names)
            line = reader.line_num + 1
            for cells in reader:
                if len(cells) > len(names):
                    raise Refused(f"line {line}: {len(cells)} cells under {len(names)} columns.")
                held = {name: cell.strip() for name, cell in zip(names, cells, strict=False) if cell.strip()}
                if held:
                    yield Row(line, held)
                line = reader.line_num + 1
    except UnicodeDecodeError as error:
        raise Refused(f"{file} is not UTF-8: {error.reason} at byte {error.start}.") from None
    except csv.Error as error:
        raise Refused(f"{file}, line {reader.line_num}: {error}.") from None


def _check_columns(file: Path, names: list[str]) -> None:
    from scheduler_api.schemas.facts import FACTS

    columns = {*_OF_A_ROW, *(field for schema in FACTS.values() for field in schema.fields)}
    errors = [f"line 1: there is no column {name}." for name in ("subject_number", "kind") if name not in names]
    errors += [f"line 1, column {name or '(empty)'}: no kind of fact has it." for name in names if name not in columns]
    errors += [
        f"line 1, column {name}: given more than once." for name in sorted({n for n in names if names.count(n) > 1})
    ]
    if errors:
        raise Refused("\n".join(errors))


def _recorded(session: Session, row: Row, spoken_against: list[str]) -> Iterator[str]:
    """Record a row; what is wrong with it, a line each."""
    from scheduler_api.engine.errors import ValidationFailed
    from scheduler_api.i18n import word
    from scheduler_api.use_cases.session import NotFound

    try:
        if row.cells.get("kind") == "registered":
            _register(session, row.cells)
        else:
            for warning in _record(session, dict(row.cells)):
                spoken_against.append(f"line {row.line}: warning: {word(warning['detail'], 'en')}")
    except ValidationFailed as error:
        for field_error in error.errors:
            column = field_error.pointer.lstrip("/").removesuffix("/id").removeprefix("protocol/")
            yield f"line {row.line}{f', column {column}' if column else ''}: {field_error.detail}"
    except (NotFound, Refused) as error:
        yield f"line {row.line}, column subject_number: {error}"


def _register(session: Session, cells: dict[str, str]) -> None:
    from scheduler_api.cli.input import new_patient
    from scheduler_api.schemas.enrolments import NewPatientSchema
    from scheduler_api.use_cases.patients import patients

    data = _typed(NewPatientSchema(), cells)
    del data["kind"]
    version = data.pop("version", None)
    if "protocol" in data:
        data["protocol"] = {"id": data["protocol"], **({} if version is None else {"version": _number(version)})}
    patients.register(session, *new_patient(session, data))


def _record(session: Session, cells: dict[str, str]) -> list[dict[str, Any]]:
    """Record the fact of a row; return what speaks against it."""
    from scheduler_api.cli.input import find_patient, shaped
    from scheduler_api.engine.errors import FieldError, ValidationFailed
    from scheduler_api.schemas.facts import FACTS
    from scheduler_api.use_cases.patients import facts

    subject_number, protocol = cells.pop("subject_number", None), cells.pop("protocol", None)
    schema = FACTS.get(cells.get("kind", ""))
    errors = [] if subject_number else [FieldError("/subject_number", "Missing.", "missing")]
    if schema is None:
        errors.append(
            FieldError("/kind", f"Not one of {', '.join(FACTS)}." if "kind" in cells else "Missing.", "missing")
        )
        raise ValidationFailed(errors)
    try:
        new = shaped(schema, _typed(schema, cells))
    except ValidationFailed as error:
        raise ValidationFailed([*errors, *error.errors]) from None
    if not subject_number:
        raise ValidationFailed(errors)
    return facts.record(session, find_patient(session, subject_number, protocol), new).warnings


def _typed(schema: Schema, cells: dict[str, str]) -> dict[str, Any]:
    """Return the cells as JSON would have them: numbers, booleans and lists where the schema has those, and `null`.

    The entries of a list have spaces between them.
    """
    from marshmallow import fields

    from scheduler_api.schemas.fields import Amount

    data: dict[str, Any] = {}
    for name, cell in cells.items():
        field = schema.fields.get(name)
        if isinstance(field, Amount | fields.Number):
            data[name] = _number(cell)
        elif isinstance(field, fields.List) and cell != "null":
            data[name] = cell.split()
        elif isinstance(field, fields.Boolean):
            data[name] = {"true": True, "false": False}.get(cell, cell)
        else:
            data[name] = None if cell == "null" else cell
    return data


def _number(cell: str) -> int | float | str:
    """Return a cell as a number; a cell that is none stays as it is, and is refused as such."""
    if not _NUMBER.fullmatch(cell):
        return cell
    return float(cell) if "." in cell else int(cell)
