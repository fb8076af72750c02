"""Print what commands show: tables and progress, readable on a screen and in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

#: The width of output into a pipe or a file.
WIDE = 240


def console() -> Console:
    """Return the console for results. It has colours only on a screen, and not with NO_COLOR."""
    from rich.console import Console

    return Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else WIDE)


def table(names: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows under the names of their columns; None is printed as a dash."""
    from rich.table import Table
    from rich.text import Text

    printed = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in names:
        printed.add_column(name, overflow="fold")
    for row in rows:
        printed.add_row(*(Text("-" if cell is None else str(cell)) for cell in row))
    console().print(printed, soft_wrap=False)


def progress() -> Progress:
    """Return a progress bar on standard error, only on a screen; it leaves nothing behind."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
        disable=not sys.stderr.isatty(),
    )
