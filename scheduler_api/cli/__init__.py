"""The commands of `scheduler-api`. What they need is imported inside them, so that each starts at once."""

from __future__ import annotations

import click

from . import (
    about,
    audit,
    calendar,
    copying,
    demo,
    enrol,
    import_csv,
    keys,
    protocols,
    reminders,
    serve,
    tokens,
    upkeep,
    worker,
)
from .refusals import Group


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Compute schedules of patients in clinical trials: facts in, calendars out.

    Settings are read from the environment: SCHEDULER_DATABASE, SCHEDULER_LOG_LEVEL and others (docs/operations.md).
    """


for command in (
    upkeep.init,
    serve.serve,
    worker.worker,
    keys.keys,
    demo.demo,
    tokens.tokens,
    protocols.protocols,
    enrol.enrol,
    import_csv.import_csv,
    calendar.calendar,
    audit.audit,
    upkeep.rebuild,
    upkeep.verify,
    upkeep.roll_forward,
    upkeep.backup,
    reminders.reminders,
    copying.copy,
    about.openapi,
    about.version,
):
    main.add_command(command)
