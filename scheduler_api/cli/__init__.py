"""The commands of `scheduler-api`. What they need is imported inside them, so that each starts at once."""

from __future__ import annotations

import click

from .admin import about, keys, protocols, tokens
from .database import audit, clock, copy, maintenance, restore
from .patients import calendar, enrol, export, import_table, printing, reminders
from .refusals import Group
from .server import demo, serve, worker


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Compute schedules of patients in clinical trials: facts in, calendars out.

    Settings are read from the environment: SCHEDULER_DATABASE, SCHEDULER_LOG_LEVEL and others (docs/operations.md).
    """


for command in (
    maintenance.init,
    serve.serve,
    worker.worker,
    keys.keys,
    demo.demo,
    tokens.tokens,
    protocols.protocols,
    enrol.enrol,
    import_table.import_table,
    calendar.calendar,
    export.export,
    printing.print_pages,
    audit.audit,
    maintenance.rebuild,
    maintenance.verify,
    maintenance.extend_horizons,
    maintenance.backup,
    restore.restore,
    reminders.reminders,
    copy.copy,
    clock.clock,
    about.openapi,
    about.version,
):
    main.add_command(command)
