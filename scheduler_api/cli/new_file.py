"""Make the files that commands write."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from .refusals import Refused


@contextmanager
def new_file(file: Path, what: str) -> Iterator[IO[bytes]]:
    """Open a new file that nobody but this account can read; it goes again if what fills it fails.

    `what` it is ("an export"). Ends the command if it exists.
    """
    try:
        handle = os.open(file, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
    except FileExistsError:
        raise Refused(f"{file} exists; {what} goes into a new file.") from None
    try:
        with os.fdopen(handle, "w+b") as target:
            yield target
    except BaseException:
        file.unlink()
        raise
