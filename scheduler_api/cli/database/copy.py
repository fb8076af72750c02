"""`copy`: a whole database into another, of either engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from scheduler_api.cli.refusals import Refused

if TYPE_CHECKING:
    from scheduler_api.store.database.port import Store


@click.command()
@click.argument("source", metavar="FROM")
@click.argument("target", metavar="TO")
def copy(source: str, target: str) -> None:
    """Copy a whole database FROM one TO another, of either engine, and check that all is equal.

    Stop the service first: nobody may write meanwhile. TO is made by this command or empty; if it was interrupted, the
    same command goes on where it was.
    """
    from scheduler_api.cli.opening import opened, usable
    from scheduler_api.cli.terminal import progress
    from scheduler_api.store.database.connect import connect, without_password
    from scheduler_api.store.database.copying import copy as copy_all

    with opened(source) as one:
        other = connect(target)
        try:
            with usable(target):
                other.migrate()
            _check_is_a_copy(one, other, without_password(target))
            with progress() as bar:
                task = bar.add_task("Copying", total=None)
                copy_all(one, other, lambda table, rows: bar.update(task, advance=rows, description=f"Copying {table}"))
            click.echo(f"{without_password(target)}: {_compared(one, other)}")
        finally:
            other.close()


def _check_is_a_copy(source: Store, target: Store, name: str) -> None:
    """End the command if the target has facts that the source has not."""
    last = target.row("SELECT * FROM facts ORDER BY patient_id DESC, seq DESC LIMIT 1")
    same_row = last and source.row("SELECT * FROM facts WHERE patient_id = :patient_id AND seq = :seq", last)
    if last != same_row:
        raise Refused(f"{name} has facts of its own; a copy goes into an empty database.")


def _compared(source: Store, target: Store) -> str:
    """Return a line with counts when both are equal. Ends the command if they are not, naming what differs."""
    from scheduler_api import utc_now
    from scheduler_api.cli.terminal import progress
    from scheduler_api.use_cases.operations import equality
    from scheduler_api.use_cases.projections import maintenance

    with progress() as bar:
        task = bar.add_task("Comparing", total=None)
        differences = [*equality.differences(source, target, utc_now(), lambda: bar.advance(task))]
        differences += maintenance.verify(target, lambda patient_id: bar.advance(task))
    if differences:
        raise Refused("\n".join(differences))
    counts = {table: target.row(f"SELECT COUNT(*) AS n FROM {table}") for table in ("patients", "facts")}
    patients, facts = (row["n"] if row else 0 for row in counts.values())
    return f"{patients} patients and {facts} facts; every row, and so every calendar, is equal."
