"""Measure, print a table, and write docs/benchmarks.md. Exit status 1 if a figure misses its limit."""

from __future__ import annotations

import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from . import dates, desk, phones, reminders, requests, server, visits, writing
from .measure import Figure

REPORT = Path(__file__).parent.parent / "docs" / "benchmarks.md"
_HEAD = """# What it costs

Written by `make bench`. Figures are ratios of two things measured in turn in one run: times differ from machine to
machine and from minute to minute, a ratio hardly does. Each is the median of many pairs.

What is warm, as in a server that has run for a while: the parsed protocol, the folded history of a patient's row and
what is reckoned of it (remembered by the head of its chain of facts, a hash that covers every fact, so it is never
stale), what a list said of a visit (remembered by that head, the day and the site's calendar), and SQLite's write-ahead
log, which has its size. What is not: any calendar, any page, which visits a list has, what is booked, any token.
Requests are made in process, where no network hides their cost; logs are written, to a file that keeps nothing.

The calendar and a phone's today are answered before Flask is asked (`scheduler_api/api/reads.py`), and a plain fact is
recorded there (`writes.py`). For the calendar
that, and so its limit, holds for a client that takes no compressed answers and asks for the usual days; for others it
goes through Flask, and what compressing adds has a line of its own.

Many patients on both engines are measured by `make bench-scale` ([scale.md](scale.md)), the same schedules beside
other programs by `make bench-peers` ([peers.md](peers.md)).

"""


def main() -> int:
    """Run everything; the exit status."""
    figures: list[Figure] = dates.figures()
    with tempfile.TemporaryDirectory() as folder:
        for part in (requests, phones, writing, visits, desk, server, reminders):
            figures += part.figures(Path(folder))
    table = "\n".join(_table(figures))
    if shutil.which(server.WRK) is None:
        table += f"\n\nRequests per second are not measured: `{server.WRK}` is not installed."
    print(table)
    REPORT.write_text(f"{_HEAD}{table}\n\n{_where()}\n", encoding="utf-8")
    missed = [figure for figure in figures if figure.missed]
    for figure in missed:
        print(f"missed: {figure.name} is {figure.value:.3g}, not {_limit(figure)}", file=sys.stderr)
    return 1 if missed else 0


def _table(figures: Iterable[Figure]) -> Iterable[str]:
    yield "| what | measured | against | figure | limit |"
    yield "| --- | --- | --- | ---: | ---: |"
    for figure in figures:
        value = f"{figure.value:,.3g}" if figure.value < 1000 else f"{figure.value:,.0f}"
        yield f"| {figure.name} | {figure.ours} | {figure.reference} | {value} {figure.unit} | {_limit(figure)} |"


def _limit(figure: Figure) -> str:
    if figure.least is not None:
        return f"at least {figure.least:,.0f}"
    return "" if figure.limit is None else f"at most {figure.limit:g}"


def _where() -> str:
    day = datetime.now(UTC).date()
    python = platform.python_version()
    return f"Measured on {day} with Python {python} on {os.cpu_count()} shared cores ({platform.machine()})."


if __name__ == "__main__":
    sys.exit(main())
