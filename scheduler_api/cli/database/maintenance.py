"""`init`, `rebuild`, `verify`, `extend-horizon` and `backup`: maintain the database."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from scheduler_api.cli.refusals import Refused

if TYPE_CHECKING:
    from scheduler_api.store.database.port import Row, Store


@click.command()
def init() -> None:
    """Make the database, or bring it to this version. Changes nothing that is there already."""
    from scheduler_api.cli.opening import settings_database
    from scheduler_api.store.database.connect import connect, without_password

    database = settings_database()
    store = connect(database)
    try:
        done = prepare(store, database)
    finally:
        store.close()
    for line in done or ["nothing to do"]:
        click.echo(f"{without_password(database)}: {line}")


def prepare(store: Store, database: str) -> list[str]:
    """Bring a database to this version, with the built-in protocols and site; return what was done, a line each."""
    from scheduler_api.cli.opening import pending, session_on, usable
    from scheduler_api.config import Settings
    from scheduler_api.store.patients import patients
    from scheduler_api.use_cases.audit import checkpoints, contents
    from scheduler_api.use_cases.projections import maintenance
    from scheduler_api.use_cases.sites import protocols, sites

    if store.exists():
        # A file that is not a database must not be touched.
        pending(store, database)
    with usable(database):
        done = [f"migration {name} applied" for name in store.migrate()]
    session = session_on(store)
    covered = contents.cover_all(session)
    done += [f"{covered} rows covered by the audit from now on"] if covered else []
    with store.transaction():
        store.lock("built-ins")
        done += [f"protocol {protocol} added" for protocol in protocols.add_built_in(session)]
        before = {site["site"] for site in sites.list_all(session)}
        sites.add_built_in(session)
        done += [f"site {site['site']} added" for site in sites.list_all(session) if site["site"] not in before]
    if patients.is_any_of_another_format(store):
        count = maintenance.rebuild(store, session.now)
        done.append(f"{_patients(count)} derived again from the log: stored by another version")
    keys = checkpoints.keys_in(Settings.from_environment().checkpoint_key)
    if keys.signing is not None:
        # From now on a database without any checkpoint has lost them.
        checkpoints.make_if_due(store, keys, session.now)
    return done


@click.command()
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="How many processes derive data from the log; worth it from some thousand patients on.",
)
def rebuild(workers: int) -> None:
    """Write all derived data anew from the log: patients' rows and visits."""
    from scheduler_api.cli.opening import session
    from scheduler_api.cli.terminal import progress
    from scheduler_api.use_cases.projections import maintenance

    with session() as opened, progress() as bar:
        task = bar.add_task("Rebuilding", total=None)
        count = maintenance.rebuild(opened.store, opened.now, lambda patient_id: bar.advance(task), workers)
    click.echo(f"{_patients(count)} rebuilt from the log.")


@click.command()
@click.option(
    "--checkpoints",
    type=click.File("rb"),
    help="Checkpoints kept elsewhere (`audit checkpoint --all`): are they still there as they were?",
)
def verify(checkpoints: BinaryIO | None) -> None:
    """Check the chains of all logs, their checkpoints, and what is derived from the facts. Exit status 1 if not well.

    What was recorded by a clock that was ahead is named too: it is of an instant still to come.
    With SCHEDULER_CHECKPOINT_KEY the signatures of the checkpoints are checked too.
    """
    import orjson

    from scheduler_api.cli.opening import opened, settings_database

    kept = [orjson.loads(line) for line in checkpoints or () if line.strip()]
    with opened(settings_database()) as store:
        click.echo(_verified(store, kept))


def _verified(store: Store, kept: Iterable[Row] = ()) -> str:
    """Check a database; return a line with counts. Ends the command if anything is wrong, naming it."""
    from scheduler_api import utc_now
    from scheduler_api.cli.terminal import progress
    from scheduler_api.config import Settings
    from scheduler_api.store.database.port import Damaged
    from scheduler_api.store.patients import patients
    from scheduler_api.use_cases.audit.checkpoints import keys_in
    from scheduler_api.use_cases.projections import maintenance

    checked = facts = 0

    with progress() as bar:
        task = bar.add_task("Verifying", total=None)

        def count(patient_id: str) -> None:
            nonlocal checked, facts
            head = patients.get(store, patient_id)
            checked, facts = checked + 1, facts + (head["version"] if head else 0)
            bar.advance(task)

        keys = keys_in(Settings.from_environment().checkpoint_key)
        wrong: list[str] = []
        try:
            wrong += maintenance.verify(store, count, keys, kept, utc_now())
        except Damaged as error:
            wrong.append(f"the database itself: cannot be read any further ({error})")
    if wrong:
        raise Refused("\n".join(wrong))
    return f"All is well: {_patients(checked)}, {facts} facts."


@click.command("extend-horizon")
def extend_horizons() -> None:
    """Extend the visits and messages of the patients for whom it is time. Run it once a day."""
    from scheduler_api.cli.opening import session
    from scheduler_api.use_cases.projections import maintenance

    with session() as opened:
        count = maintenance.extend_horizons(opened.store, opened.now)
    click.echo(f"{_patients(count)} extended.")


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
def backup(file: Path) -> None:
    """Copy the database into FILE, which must not exist, while the service goes on; and check the copy.

    A copy of what is not well is kept, as FILE.not-well: it may be all there is.
    """
    from scheduler_api.cli.opening import opened, settings_database
    from scheduler_api.store.database.connect import connect

    marked = file.with_name(f"{file.name}.not-well")
    with opened(settings_database()) as store:
        if marked.exists():
            raise Refused(f"{marked} exists; a backup goes into a new file.")
        try:
            # The file is made here and not by the database, so that nobody else can read it and no file is overwritten.
            os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        except FileExistsError:
            raise Refused(f"{file} exists; a backup goes into a new file.") from None
        try:
            store.backup(file)
            copy = connect(str(file))
            try:
                result = _verified(copy)
            finally:
                copy.close()
        except BaseException as error:
            file.rename(marked)
            reason = error.message if isinstance(error, Refused) else f"{type(error).__name__}: {error}"
            raise Refused(f"{reason}\nThe copy is kept as {marked}: it is not well.") from error
    click.echo(f"{file}: {file.stat().st_size} bytes. {result}")


def _patients(count: int) -> str:
    return f"{count} patient{'' if count == 1 else 's'}"
