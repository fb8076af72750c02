"""`audit`: the audit trail as a file, and checkpoints of the logs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import IO

import click

from scheduler_api.cli.refusals import Refused


@click.group()
def audit() -> None:
    """Export the audit trail; make and export checkpoints of the logs, and the key that signs them."""


@audit.command()
@click.argument("file", type=click.File("wb"), default="-")
@click.option("--patient", help="Of one patient: an id or a subject number.")
@click.option("--from", "since", metavar="INSTANT", help="At or after an instant, such as 2026-11-24T00:00:00+08:00.")
@click.option("--to", "until", metavar="INSTANT", help="Before an instant.")
def export(file: IO[bytes], patient: str | None, since: str | None, until: str | None) -> None:
    """Write facts, other writes, refusals and readings as JSON Lines, oldest first, to FILE or to standard output."""
    import orjson

    from scheduler_api.cli.input import find_patient, shaped
    from scheduler_api.cli.opening import session
    from scheduler_api.schemas.queries import TrailQuery
    from scheduler_api.use_cases.audit import search

    given = {"from": since, "to": until}
    range_ = shaped(TrailQuery(), {name: value for name, value in given.items() if value is not None})
    with session() as opened:
        patient_id = find_patient(opened, patient) if patient else None
        filters = search.Filters(patient_id, since=range_.get("from_"), until=range_.get("to"))
        for entry in search.export(opened, filters):
            file.write(orjson.dumps(entry, option=orjson.OPT_APPEND_NEWLINE))


@audit.command()
@click.option("--all", "every", is_flag=True, help="Make none, and print all there are.")
def checkpoint(every: bool) -> None:
    """Make a checkpoint of all logs and print it as a line of JSON, to be kept elsewhere.

    The worker makes one each day. `verify --checkpoints FILE` compares those that were kept with those in the database.
    """
    import orjson

    from scheduler_api.cli.opening import session
    from scheduler_api.config import Settings
    from scheduler_api.use_cases.audit import checkpoints

    keys = checkpoints.keys_in(Settings.from_environment().checkpoint_key)
    with session() as opened:
        made = checkpoints.every(opened.store) if every else [checkpoints.make(opened.store, keys, opened.now)]
    for row in made:
        click.echo(orjson.dumps(row).decode())


@audit.command()
@click.argument("file", type=click.Path(path_type=Path))
def key(file: Path) -> None:
    """Make a key that signs checkpoints, in FILE, which must not exist; print its public half.

    SCHEDULER_CHECKPOINT_KEY names the file. The public halves of keys that signed before may be added to it.
    """
    from scheduler_api.use_cases.audit import checkpoints

    pem = checkpoints.new_key()
    try:
        handle = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        raise Refused(f"{file} exists; a key goes into a new file.") from None
    with os.fdopen(handle, "wb") as opened:
        opened.write(pem)
    (public,) = checkpoints.read_keys(pem).good
    click.echo(checkpoints.public_pem(public), nl=False)
