"""`restore`: after a backup was put in place, what was revoked since it was made."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from scheduler_api.use_cases.operations.restoring import Entry


@click.command()
@click.argument("lost", metavar="LOST")
@click.option("--revoke", is_flag=True, help="Revoke all of it again.")
def restore(lost: str, revoke: bool) -> None:
    """List what was revoked after the backup was made, and so is valid again: tokens, phones, feeds, destinations.

    Put the backup in the place of the database first. LOST is the database that it replaces, as far as it can be read,
    or a file of `audit export`.
    """
    from scheduler_api.cli.opening import session
    from scheduler_api.cli.terminal import table
    from scheduler_api.use_cases.operations import restoring

    with session() as opened, _trail(lost) as trail:
        found = restoring.valid_again(opened, trail)
        if revoke:
            restoring.revoke(opened, found)
    if not found:
        click.echo("Nothing that was revoked since is valid again.")
        return
    table(("revoked (UTC)", "what", "", "by"), [(one.at[:19], one.what, one.name, one.by) for one in found])
    click.echo(f"{len(found)} revoked again." if revoke else "All of it is valid again; --revoke revokes it.")


@contextmanager
def _trail(lost: str) -> Iterator[Iterator[Entry]]:
    """Yield the entries of a trail: of a file of JSON Lines, or of a database."""
    import orjson

    from scheduler_api.cli.opening import opened, session_on
    from scheduler_api.use_cases.operations import restoring

    path = Path(lost)
    if path.is_file() and not path.read_bytes()[:16].startswith(b"SQLite format 3"):
        with path.open("rb") as lines:
            yield (orjson.loads(line) for line in lines if line.strip())
        return
    with opened(lost) as store:
        yield restoring.entries_of(session_on(store))
