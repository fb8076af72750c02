"""`import`: patients and facts in bulk from a table, all or nothing."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from scheduler_api.cli.refusals import Refused

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from .import_rows import Outcome


class Row(NamedTuple):
    """A row of the file: its number, what its cells hold by column, empty ones left out, and what is wrong with it."""

    number: int
    cells: dict[str, str]
    errors: list[str]


class _Nothing(Exception):
    """Ends the unit of work when a row was refused, or nothing was to be recorded."""


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--sheet", help="Of a workbook with several; by default the only one that is not empty.")
@click.option("--dry-run", is_flag=True, help="Show what would be recorded, and record nothing.")
def import_table(file: Path, sheet: str | None, dry_run: bool) -> None:
    """Register and enrol patients and record facts from FILE: all of it or, if a row is bad, nothing.

    FILE is an Excel workbook (.xlsx), or CSV in UTF-8 or GB18030 with commas or semicolons: one row for each patient or
    fact, in the order in which they are to be recorded. Its columns are subject_number, kind (registered,
    dose_recorded, …) and the data fields of the kinds in the file; `registered` rows have protocol too, version unless
    it is the latest, and enrolled_on unless the patient is still being screened. Doses have regimen and slot where the
    trial has several; a column unit says what amounts are in, and is checked. Dates may be written 2026-10-01 or
    2026/10/1. Empty cells are left out; `null` is written as such.
    """
    from scheduler_api.cli.opening import session
    from scheduler_api.cli.terminal import progress, table

    from .import_rows import Importer

    errors, rows = _read(file, sheet)
    outcomes: list[tuple[int, Outcome]] = []
    with session() as opened, progress() as bar:
        task = bar.add_task("Importing", total=len(rows))
        importer = Importer(opened)
        try:
            with opened.store.transaction():
                for row in rows:
                    bar.advance(task)
                    outcome = importer.take(row.cells)
                    outcomes.append((row.number, outcome))
                    errors += [*row.errors, *(f"row {row.number}{error}" for error in outcome.errors)]
                if errors or dry_run:
                    raise _Nothing
        except _Nothing:
            if errors:
                raise Refused("\n".join([*errors, f"Nothing of {file} was recorded."])) from None
    for number, outcome in outcomes:
        for warning in outcome.warnings:
            click.echo(f"row {number}: warning: {warning}", err=True)
    patients = sum(outcome.is_patient for _, outcome in outcomes)
    more = sum(len(outcome.facts) for _, outcome in outcomes if not outcome.is_patient)
    if dry_run:
        shown = [(number, outcome.patient, kind, data) for number, outcome in outcomes for kind, data in outcome.facts]
        table(("row", "patient", "kind", "data"), shown)
    would, nothing = ("would be ", " Nothing was recorded.") if dry_run else ("", "")
    click.echo(f"{file}: {patients} patients {would}registered, {more} more facts recorded.{nothing}")


def _read(file: Path, sheet: str | None) -> tuple[list[str], list[Row]]:
    """Return what is wrong with the columns of a file, and its rows.

    Ends the command if it cannot be read as a table, or lacks a column without which no row can be understood.
    """
    from scheduler_api.interop.tables import Unreadable, read_table

    from .import_rows import columns

    try:
        names, *lines = list(read_table(file.read_bytes(), sheet)) or [[]]
    except Unreadable as error:
        raise Refused(f"{file} is {error}") from None
    errors = list(_column_errors(names))
    if lacking := [f"row 1: there is no column {name}." for name in ("subject_number", "kind") if name not in names]:
        raise Refused("\n".join([*lacking, *errors]))
    known = columns()
    numbered = (_row(number, names, known, cells) for number, cells in enumerate(lines, 2))
    return errors, [row for row in numbered if row.cells or row.errors]


def _column_errors(names: Sequence[str]) -> Iterator[str]:
    from .import_rows import columns

    known = columns()
    # Spreadsheets have a column without a name wherever somebody once typed something.
    for name in dict.fromkeys(filter(None, names)):
        if name not in known:
            yield f"row 1, column {name}: no kind of fact has it."
        if names.count(name) > 1:
            yield f"row 1, column {name}: given more than once."


def _row(number: int, names: Sequence[str], known: Collection[str], cells: Sequence[str]) -> Row:
    """Return a row; cells of unknown columns, which are named once for all rows, are left out."""
    held: dict[str, str] = {}
    errors = []
    for name, cell in zip_longest(names, cells, fillvalue=""):
        if cell and not name:
            errors.append(f"row {number}: {cell} stands in no column that has a name.")
        elif cell and name in known:
            held.setdefault(name, cell)
    return Row(number, held, errors)
