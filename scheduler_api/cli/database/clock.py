"""`clock`: what the machine's clock shows beside what is known in the database."""

from __future__ import annotations

import click


@click.command()
@click.option("--accept", is_flag=True, help="The machine's clock is right, whatever the database knows.")
def clock(accept: bool) -> None:
    """Compare the machine's clock with the last instant that a worker noted, and with the database's clock.

    A service whose clock jumped by more than a week sends, records and tells nothing until somebody has compared the
    clock with another one and says that it is right.
    """
    from scheduler_api.cli.opening import opened, session_on, settings_database
    from scheduler_api.use_cases import clocks
    from scheduler_api.use_cases.operations import clock_acceptance

    with opened(settings_database()) as store:
        session = session_on(store)
        if accept:
            clock_acceptance.accept(session)
        shown = {
            "this machine": session.now,
            "last noted by a worker": clocks.last_known(store),
            "the database": store.clock(),
        }
    for name, instant in shown.items():
        if instant is not None:
            click.echo(f"{name:24}{instant.astimezone(session.now.tzinfo):%Y-%m-%d %H:%M:%S} UTC")
