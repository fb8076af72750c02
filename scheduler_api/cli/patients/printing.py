"""`print`: the pages for paper as PDF."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

_FILE = click.argument("file", type=click.Path(path_type=Path))
_PATIENT = click.argument("patient")
#: The same as in i18n, so that --help does not load it; a test holds them equal.
LANGUAGES = ("en", "zh-CN")
_LANGUAGE = click.option("--language", type=click.Choice(LANGUAGES), default="en", show_default=True)


@click.group("print")
def print_pages() -> None:
    """Make a PDF on A4 of a page for paper: FILE, which must not exist, and nobody but this account can read.

    It needs WeasyPrint, and the fonts of the machine (docs/pages.md). PATIENT is a patient_id or a subject number.
    """


@print_pages.command()
@_FILE
@click.option("--site", help="By default all sites.")
@_LANGUAGE
def today(file: Path, **query: Any) -> None:
    """Print the list of today: who comes, and what is to do."""
    _write(file, "print_today", None, query)


@print_pages.command()
@_PATIENT
@_FILE
@_LANGUAGE
def schedule(patient: str, file: Path, **query: Any) -> None:
    """Print a patient's visits to come."""
    _write(file, "print_schedule", patient, query)


@print_pages.command()
@_PATIENT
@_FILE
@click.option("--cycle", type=click.IntRange(1, 999), help="By default the present one.")
@_LANGUAGE
def diary(patient: str, file: Path, **query: Any) -> None:
    """Print the days of a cycle, on which the patient writes what was taken."""
    _write(file, "print_diary", patient, query)


@print_pages.command()
@_PATIENT
@_FILE
@_LANGUAGE
def accountability(patient: str, file: Path, **query: Any) -> None:
    """Print the log of the drug that a patient was given and brought back."""
    _write(file, "print_accountability", patient, query)


def _write(file: Path, view: str, patient: str | None, query: dict[str, Any]) -> None:
    from scheduler_api.api.http.problems import Problem
    from scheduler_api.cli.input import find_patient
    from scheduler_api.cli.new_file import new_file
    from scheduler_api.cli.opening import session
    from scheduler_api.cli.refusals import Refused
    from scheduler_api.interop.pdf import NoPdf, pdf_of
    from scheduler_api.web.paper import on_paper

    with session() as opened:
        of = {} if patient is None else {"patient_id": find_patient(opened, patient)}
        try:
            made = pdf_of(*on_paper(opened, view, of, query))
        except (NoPdf, Problem) as refused:
            raise Refused(str(refused)) from None
    with new_file(file, "a PDF") as target:
        target.write(made)
    click.echo(f"{file}: {len(made)} bytes.")
