"""Add texts to zip archives."""

from __future__ import annotations

import codecs
import shutil
from datetime import UTC, datetime
from typing import IO
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo


def add_to(archive: ZipFile, name: str, at: datetime, head: str, text: IO[str], tail: str = "") -> None:
    """Add a text, between a head and a tail, to an archive as a file of an instant."""
    entry = ZipInfo(name, at.astimezone(UTC).timetuple()[:6])
    entry.compress_type = ZIP_DEFLATED
    with archive.open(entry, "w", force_zip64=True) as target:
        writer = codecs.getwriter("utf-8")(target)
        writer.write(head)
        shutil.copyfileobj(text, writer)
        writer.write(tail)
