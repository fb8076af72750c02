"""`bench`: what is needed to measure."""

from __future__ import annotations

import click


@click.group()
def bench() -> None:
    """Make what measurements need."""


@bench.command()
@click.argument("patients", type=click.IntRange(1, 100_000_000))
def load(patients: int) -> None:
    """Fill the database with so many synthetic PATIENTS, at speed. Not for a database with patients of a trial.

    What is derived of them is as the service derives it: `verify` finds all well.
    """
    from scheduler_api.records import loading

    from .opening import session
    from .terminal import progress

    with session() as opened, progress() as bar:
        task = bar.add_task("Loading", total=2 * patients)
        loading.load(opened.store, patients, opened.now, lambda more: bar.advance(task, more))
    click.echo(f"{patients} synthetic patients loaded.")
