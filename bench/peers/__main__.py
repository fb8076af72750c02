"""Measure every peer, print a table, and write docs/peers.md: `python -m bench.peers PYTHON [PATIENTS]`.

PYTHON is the interpreter of the environment that has clinicedc.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from ..product import HORIZON
from . import by_rrule, by_us, plan
from .plan import Answer, Cost

ROOT = Path(__file__).parent.parent.parent
REPORT = ROOT / "docs" / "peers.md"
PATIENTS = 100
TEXT = Path(__file__).parent / "report.md"


def main(python: str, count: int) -> None:
    """Run all, compare the dates, print, write."""
    asked = plan.patients(count)
    with tempfile.TemporaryDirectory() as folder:
        answers = {
            "this service": by_us.answer(Path(folder), asked),
            "clinicedc": _clinicedc(python, Path(folder), count),
            "dateutil.rrule": by_rrule.answer(Path(folder), asked),
        }
    _check_same_dates(list(answers.values()))
    table = "\n".join(_table(answers))
    print(table)
    weeks = plan.WEEKS_BETWEEN
    REPORT.write_text(
        TEXT.read_text(encoding="utf-8").format(
            patients=f"{count:,}",
            sites=plan.SITES,
            weeks=weeks,
            weeks_twice=weeks * 2,
            weeks_last=weeks * plan.VISITS,
            visits=plan.VISITS,
            window=plan.WINDOW.days,
            page=plan.PAGE,
            table=table,
            where=_where(answers.values()),
            horizon=HORIZON,
        ),
        encoding="utf-8",
    )


def _clinicedc(python: str, folder: Path, count: int) -> Answer:
    """The answer of clinicedc, from its own environment; what it prints is shown only if it fails."""
    command = [python, "-m", "bench.peers.by_clinicedc", str(folder), str(count)]
    run = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if run.returncode:
        raise RuntimeError(f"clinicedc failed:\n{run.stdout[-5000:]}")
    return Answer.read(json.loads((folder / "answer.json").read_text(encoding="utf-8")))


def _check_same_dates(answers: Sequence[Answer]) -> None:
    """All compute the same dates, or the comparison means nothing."""
    for answer in answers:
        assert len(answer.page) == plan.PAGE
        assert answer.page == answers[0].page
        assert answer.visits == answers[0].visits


def _table(answers: dict[str, Answer]) -> Iterator[str]:
    yield f"| | {' | '.join(answers)} |"
    yield f"| --- |{' ---: |' * len(answers)}"
    lines: list[tuple[str, Callable[[Answer], float], str, float]] = [
        ("a patient's schedule made", lambda answer: _median(answer.patients, "clock"), "ms", 1e3),
        ("… of it on the processor", lambda answer: _median(answer.patients, "processor"), "ms", 1e3),
        ("a patient on the disk", lambda answer: answer.bytes, "bytes", 1),
        ("upcoming scans of a site", lambda answer: _median(answer.queries, "clock"), "ms", 1e3),
        ("… of it on the processor", lambda answer: _median(answer.queries, "processor"), "ms", 1e3),
    ]
    for name, of, unit, scale in lines:
        ours, *others = (of(answer) for answer in answers.values())
        cells = [f"{_short(other * scale)} {unit} ({_short(other / ours)} ×)" for other in others]
        yield f"| {name} | {' | '.join([f'{_short(ours * scale)} {unit}', *cells])} |"


def _median(costs: Iterable[Cost], part: str) -> float:
    return statistics.median(getattr(cost, part) for cost in costs)


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.2g}"


def _where(answers: Iterable[Answer]) -> str:
    """When, where and with what it was measured."""
    versions = [f"{name} {number}" for answer in answers for name, number in answer.versions.items()]
    return (
        f"Measured on {datetime.now(UTC).date()} on {os.cpu_count()} shared cores ({platform.machine()}); "
        f"this service and dateutil with Python {platform.python_version()}; {', '.join(versions)}."
    )


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else PATIENTS)
