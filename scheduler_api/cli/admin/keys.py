"""`keys`: the keys that messages are sent with."""

from __future__ import annotations

from pathlib import Path

import click

from scheduler_api.cli.refusals import Refused


@click.command()
@click.option("--contact", help="mailto:… or https://…, whom push services can reach; needed to make the keys.")
def keys(contact: str | None) -> None:
    """Make the keys that messages are sent with, in SCHEDULER_DELIVERY_KEYS, if there are none; print the public."""
    from scheduler_api.config import Settings
    from scheduler_api.reminders.outbound.keys import NoKeys, is_contact, make, read

    path = Path(Settings.from_environment().delivery_keys)
    if not path.exists():
        if contact is None:
            raise Refused(f"There are no keys in {path} yet: say --contact mailto:you@example.org to make them.")
        if not is_contact(contact):
            raise Refused(f"{contact} is no address of the form mailto:you@example.org or https://example.org.")
        path.parent.mkdir(parents=True, exist_ok=True)
        make(path, contact)
    try:
        click.echo(read(path).public)
    except NoKeys as error:
        raise Refused(f"{path}: {error}") from None
