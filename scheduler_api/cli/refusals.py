"""Turn refusals into lines on standard error, one for each error, and exit status 1."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click


class Refused(click.ClickException):
    """Ends a command: each line of the message is printed after `error:`."""

    def show(self, file: Any = None) -> None:
        """Show the lines on standard error."""
        for line in self.message.splitlines():
            click.echo(f"{click.style('error:', fg='red')} {line}", file=file, err=True)


class Group(click.Group):
    """A group whose commands never end bad input with a traceback. Commands are listed as they were added."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands, in the order they were added."""
        return list(self.commands)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command."""
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise
        except Exception as error:
            lines = list(_lines(error))
            if not lines:
                raise
            raise Refused("\n".join(lines)) from error


def _lines(error: Exception) -> Iterator[str]:
    """Yield the lines to show for an error; nothing for an error that input or surroundings cannot cause."""
    from scheduler_api.config import BadSetting
    from scheduler_api.engine.errors import ValidationFailed
    from scheduler_api.store.database.port import Busy, Unavailable
    from scheduler_api.use_cases.audit.checkpoints import BadKey
    from scheduler_api.use_cases.clocks import ClockNotTrusted
    from scheduler_api.use_cases.session import Forbidden, NotFound, Stale

    if isinstance(error, ValidationFailed):
        for field_error in error.errors:
            yield f"{field_error.pointer}: {field_error.detail}" if field_error.pointer else field_error.detail
    elif isinstance(error, Busy):
        yield "The database is busy; nothing was changed. Try again in a moment."
    elif isinstance(error, Unavailable):
        yield f"The database cannot be used: {error}"
    elif isinstance(error, BadSetting | BadKey | ClockNotTrusted | NotFound | Forbidden | Stale):
        yield str(error)
    elif isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        yield f"{where}{error.strerror or error}"
