"""`protocols`: the protocols that patients can be enrolled under."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scheduler_api.cli.refusals import Refused

if TYPE_CHECKING:
    from scheduler_api.engine.model.protocol import Protocol, Series

#: The patient that `protocols check` shows: fertile, and off treatment half-way, so that all kinds of visits appear.
_ENROLLED_ON = date(2024, 1, 3)
_FIRST_DOSE_ON = date(2024, 1, 5)
_LAST_DOSE_ON = date(2024, 7, 3)
_YEAR = timedelta(366)


@click.group()
def protocols() -> None:
    """List, check and add protocols."""


@protocols.command("list")
def list_protocols() -> None:
    """List all versions of all protocols."""
    from scheduler_api.cli.opening import session
    from scheduler_api.cli.terminal import table
    from scheduler_api.use_cases.sites import protocols as records

    with session() as opened:
        summaries = records.list_all(opened)
    rows = [(row["id"], row["version"], row["title"], row["added_at"][:19]) for row in summaries]
    table(("id", "version", "title", "added (UTC)"), rows)


@protocols.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def check(file: Path) -> None:
    """Say what is wrong with a protocol's FILE, or show it and the first year of a sample patient."""
    from scheduler_api.engine.protocol_file.parse import read_protocol

    protocol = read_protocol(_definition(file))
    _show(protocol)
    _show_sample(protocol)


@protocols.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def add(file: Path) -> None:
    """Add a protocol, or the next version of one, from its FILE. It can never be changed or taken away again."""
    from scheduler_api.cli.opening import session
    from scheduler_api.use_cases.sites import protocols as records

    definition = _definition(file)
    with session() as opened:
        added = records.add(opened, definition)
    click.echo(f"{added['id']} version {added['version']} added.")


def _definition(file: Path) -> Any:
    import json

    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        raise Refused(f"{file} is not UTF-8: {error.reason} at byte {error.start}.") from None
    except json.JSONDecodeError as error:
        raise Refused(f"{file} is not JSON: {error.msg}, line {error.lineno} column {error.colno}.") from None
    except (RecursionError, ValueError) as error:
        raise Refused(f"{file} is not JSON that can be read: {error}.") from None


def _show(protocol: Protocol) -> None:
    dosing = protocol.dosing
    days = "every day" if dosing.dosing_days is None else f"on days {_ranges(dosing.dosing_days)}"
    on_hold = "a hold makes a cycle longer" if dosing.extend_on_hold else "a hold does not stop the count"
    click.echo(f"{protocol.id} version {protocol.version}: {protocol.title}")
    click.echo(f"  dosing         {dosing.drug}, {dosing.route}, {dosing.dose_mg:g} mg {days}")
    if dosing.reduced_doses_mg:
        click.echo(f"  reduced to     {', '.join(f'{mg:g}' for mg in dosing.reduced_doses_mg)} mg")
    click.echo(f"  cycles         {dosing.cycle_days} days; {on_hold}")
    click.echo(f"  contraception  through {protocol.months_after_last_dose} months after the last dose")
    for series in protocol.series:
        for line in _series_lines(series):
            click.echo(f"  {line}")


def _series_lines(series: Series) -> list[str]:
    """Return a line for each recurrence of a series."""
    anchor = series.anchor_visit if series.anchor == "visit" else series.anchor
    to = "fertile patients" if series.fertile_only else "all"
    lines = []
    for recurrence in series.recurrences:
        if series.anchor == "cycle":
            rhythm = f"on day {recurrence.on_day} of each cycle"
        elif recurrence.every is None:
            rhythm = f"{_length(recurrence.first, recurrence.unit)} from {anchor}"
        else:
            rhythm = f"every {_length(recurrence.every, recurrence.unit)} from {anchor}"
            if recurrence.first != recurrence.every:
                rhythm += f", first after {_length(recurrence.first, recurrence.unit)}"
        if recurrence.count:
            rhythm += f", {recurrence.count} times"
        window = f"{recurrence.before_days} days before to {recurrence.after_days} after"
        lines.append(f"{series.name:14} {rhythm}; {window}; until {series.until.replace('_', ' ')}; {to}")
    return lines


def _length(number: int, unit: str) -> str:
    if unit == "w":
        number //= 7
    word = {"d": "day", "w": "week", "m": "month"}[unit]
    return f"{number} {word}{'' if number == 1 else 's'}"


def _ranges(days: frozenset[int]) -> str:
    """Return days as people write them: `1-28, 30`."""
    runs: list[list[int]] = []
    for day in sorted(days):
        if runs and day == runs[-1][-1] + 1:
            runs[-1][1:] = [day]
        else:
            runs.append([day])
    return ", ".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)


def _show_sample(protocol: Protocol) -> None:
    from scheduler_api.cli.terminal import table
    from scheduler_api.i18n import ENGLISH, word

    document = _sample(protocol)
    click.echo(
        f"\nFor example a fertile patient: enrolled {_ENROLLED_ON}, first dose {_FIRST_DOSE_ON}, "
        f"treatment ended for intolerance, last dose {_LAST_DOSE_ON}.\n"
    )
    table(
        ("cycle", "starts", "ends"), ((row["number"], row["starts_on"], row["ends_on"]) for row in document["cycles"])
    )
    click.echo()
    rows = [
        (
            v["visit"],
            word(v["label"], ENGLISH),
            v["target_on"],
            v["opens_on"],
            v["closes_on"],
            word(v["because"], ENGLISH),
        )
        for v in document["visits"]
    ]
    table(("visit", "label", "target", "opens", "closes", "because"), rows)
    contraception = document["contraception"]
    click.echo(
        f"\nContraception required from {contraception['from_on']} through {contraception['through_on']}: "
        f"{word(contraception['because'], ENGLISH)}"
    )


def _sample(protocol: Protocol) -> dict[str, Any]:
    """Return the first year of the sample patient."""
    from scheduler_api.engine.model.facts import Enrolled, Registered, TreatmentEnded, TreatmentStarted
    from scheduler_api.use_cases.patients.calendars import View, preview
    from scheduler_api.use_cases.patients.facts import NewFact

    registered = Registered(
        subject_number="sample",
        site="sample",
        protocol=protocol.id,
        version=protocol.version,
        sex="female",
        fertility="fertile",
        basis=None,
        time_zone="UTC",
    )
    enrolled = Enrolled(_ENROLLED_ON, _FIRST_DOSE_ON)
    facts = [
        NewFact(TreatmentStarted(_FIRST_DOSE_ON)),
        NewFact(TreatmentEnded(_LAST_DOSE_ON, _LAST_DOSE_ON, "intolerance")),
    ]
    last = _ENROLLED_ON + _YEAR
    # Visits before enrolment (screening) are of the first year, too.
    view = View(_ENROLLED_ON - _YEAR, last)
    return preview({protocol.version: protocol}, registered, enrolled, facts, last, view)
