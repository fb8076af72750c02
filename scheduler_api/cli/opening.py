"""Open the database that the settings name, for the commands."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from .refusals import Refused

if TYPE_CHECKING:
    from scheduler_api.store.database.port import Store
    from scheduler_api.use_cases.session import Session


def settings_database() -> str:
    """Return the database that the environment names. Raises BadSetting."""
    from scheduler_api.config import Settings

    return Settings.from_environment().database


@contextmanager
def opened(database: str) -> Iterator[Store]:
    """Open a database that has all tables of this version, and close it afterwards. Ends the command if it has not."""
    from scheduler_api.store.database.connect import connect, without_password

    store = connect(database)
    if not store.exists():
        raise Refused(f"There is no database {database}: run scheduler-api init")
    try:
        if pending(store, database):
            raise Refused(f"The database {without_password(database)} is not of this version: run scheduler-api init")
        yield store
    finally:
        store.close()


def pending(store: Store, database: str) -> list[str]:
    """Return the migrations that a database still needs. Ends the command if the database cannot be used."""
    with usable(database):
        return store.pending_migrations()


@contextmanager
def usable(database: str) -> Iterator[None]:
    """End the command, with what the driver says, if a database cannot be opened, read or made."""
    from scheduler_api.store.database.connect import without_password
    from scheduler_api.store.database.port import Busy

    try:
        yield
    except (Busy, OSError):
        raise
    except Exception as error:
        # What a driver raises differs between drivers.
        raise Refused(f"The database {without_password(database)} cannot be used: {error}") from error


@contextmanager
def session() -> Iterator[Session]:
    """Open a session with the rights of an admin, for commands that read and record. Raises ClockNotTrusted."""
    from scheduler_api.use_cases import clocks

    with opened(settings_database()) as store:
        opened_session = session_on(store)
        clocks.check(store, opened_session.now)
        yield opened_session


def session_on(store: Store) -> Session:
    """Return the session of a command: it counts from now, and what it records is marked `cli`."""
    from scheduler_api import utc_now
    from scheduler_api.use_cases.session import TERMINAL, Session

    return Session(store, TERMINAL, utc_now())
