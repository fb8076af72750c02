"""`reminders`: what would be sent about a patient, when, and why."""

from __future__ import annotations

import click


@click.group()
def reminders() -> None:
    """Look at the messages that the service sends of its own accord."""


@reminders.command()
@click.argument("patient")
@click.option("--days", type=click.IntRange(1, 400), default=14, show_default=True, help="How many, today included.")
def preview(patient: str, days: int) -> None:
    """Print what would be sent about PATIENT (a patient_id or a subject number) if nothing were recorded meanwhile.

    A line each: local time, to whom, the kind and what it is about, why, and how it stands with it.
    """
    from scheduler_api.cli.input import find_patient
    from scheduler_api.cli.opening import session
    from scheduler_api.engine.reminders.kinds import TO_SITES
    from scheduler_api.i18n import ENGLISH, word
    from scheduler_api.use_cases.reminders import reminders

    with session() as opened:
        foreseen = reminders.preview(opened, find_patient(opened, patient), days)
    for one in foreseen:
        to = "site" if one.message.kind in TO_SITES else "patient"
        state = "held back by quiet hours until too late" if one.state == "skipped" else one.state
        words = f"{one.message.kind:22} {one.message.about}: {word(one.message.because, ENGLISH)} ({state})"
        click.echo(f"{one.at:%Y-%m-%d %H:%M} {to:7} {words}")
    if not foreseen:
        click.echo("Nothing.")
