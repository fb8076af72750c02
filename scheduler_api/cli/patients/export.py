"""`export`: everything on record of a trial, as tables in a file."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click


@click.command()
@click.argument("protocol")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--format", "form", type=click.Choice(("csv", "xlsx", "sdtm")), default="csv", show_default=True)
@click.option("--site", help="Only patients whom this site has or had.")
@click.option("--known-at", metavar="INSTANT", help="As it was on record then: RFC 3339 with an offset.")
def export(protocol: str, file: Path, form: str, site: str | None, known_at: str | None) -> None:
    """Write all tables of PROTOCOL (its id) into FILE, which must not exist: a zip of CSV files, a workbook, or SDTM.

    Nobody but the account that runs the command can read the file. That it was made is recorded in the audit.
    """
    from scheduler_api.cli.new_file import new_file
    from scheduler_api.cli.opening import session
    from scheduler_api.interop.export.formats import FORMATS
    from scheduler_api.use_cases.patients import exports

    with session() as opened:
        found = exports.export(opened, protocol, site, _instant(known_at))
        with new_file(file, "an export") as target:
            count = FORMATS[form].write(found, target)
            exports.note_export(opened, found, site, count)
    click.echo(f"{file}: {count} patient{'' if count == 1 else 's'}, {file.stat().st_size} bytes.")


def _instant(text: str | None) -> datetime | None:
    from marshmallow import ValidationError

    from scheduler_api.schemas.fields import Instant

    if text is None:
        return None
    try:
        return Instant().deserialize(text)
    except ValidationError as error:
        raise click.BadParameter(str(error.messages[0]), param_hint="--known-at") from None
