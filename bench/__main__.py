"""Measure, print a table, and write docs/benchmarks.md. Exit status 1 if a figure misses its limit."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from datetime import UTC, datetime

from . import calendars, clients, crowd, reading, reminders, server, sites
from .measure import Figure
from .report import FIGURES, READING, replace_section, table
from .service import workplace


def main() -> int:
    """Run everything; return the exit status."""
    figures: list[Figure] = []
    # Who is never seen comes first, into a process that has seen nobody.
    for part in (crowd, clients, sites, calendars, server, reminders):
        with workplace() as folder:
            figures += part.figures(folder)
    text = table(figures)
    if shutil.which(server.WRK) is None:
        text += f"\n\nRequests per second are not measured: `{server.WRK}` is not installed."
    print(text)
    replace_section(FIGURES, f"{text}\n\n{_where()}")
    replace_section(READING, reading.section())
    missed = [figure for figure in figures if figure.missed]
    for figure in missed:
        print(f"missed: {figure.name} is {figure.value:.3g}, not {figure.limit_in_words}", file=sys.stderr)
    return 1 if missed else 0


def _where() -> str:
    day = datetime.now(UTC).date()
    python = platform.python_version()
    return f"Measured on {day} with Python {python} on {os.cpu_count()} shared cores ({platform.machine()})."


if __name__ == "__main__":
    sys.exit(main())
