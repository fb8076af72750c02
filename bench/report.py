"""The sections of docs/benchmarks.md that are written by measuring."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from .measure import Figure

REPORT = Path(__file__).parent.parent / "docs" / "benchmarks.md"
#: Their headings.
FIGURES, READING = "Figures", "What runs for one request"


def replace_section(heading: str, text: str) -> None:
    """Write a section in the place of the one that has its heading. Raises ValueError if there is none."""
    before = REPORT.read_text(encoding="utf-8")
    pattern = re.compile(rf"(?<=^## {re.escape(heading)}\n\n).*?(?=^## |\Z)", re.DOTALL | re.MULTILINE)
    after, number = pattern.subn(lambda found: f"{text}\n\n", before)
    if number != 1:
        raise ValueError(f"{REPORT} has no section {heading}.")
    REPORT.write_text(f"{after.strip()}\n", encoding="utf-8")


def table(figures: Iterable[Figure]) -> str:
    """Return figures as a table, a row each."""
    return "\n".join(_rows(figures))


def _rows(figures: Iterable[Figure]) -> Iterator[str]:
    yield "| what | measured | against | figure | limit |"
    yield "| --- | --- | --- | ---: | ---: |"
    for figure in figures:
        value = f"{figure.value:,.3g}" if figure.value < 1000 else f"{figure.value:,.0f}"
        missed = " **missed**" if figure.missed else ""
        limit = f"{figure.limit_in_words}{missed}"
        yield f"| {figure.name} | {figure.measured} | {figure.against} | {value} {figure.unit} | {limit} |"
