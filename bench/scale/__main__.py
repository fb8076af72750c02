"""Measure on each engine, print the tables, and write docs/scale.md: `python -m bench.scale [PATIENTS]`."""

from __future__ import annotations

import os
import platform
import shutil
import statistics
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from ..load import SITES
from ..product import EVERY
from ..server import WRK
from ..service import workplace
from . import internet
from .asking import CLAIMED, Times, centile, latencies
from .evening import DELIVERED, Evening, evening_of
from .filling import Engine, Filled, engines, filled
from .serving import CONNECTIONS, SECONDS, Served, served
from .upkeep import PROCESSES, SAMPLE, Upkeep, upkeep_of

REPORT = Path(__file__).parent.parent.parent / "docs" / "scale.md"
TEXT = Path(__file__).parent / "report.md"
FEW, MANY = 1_000, 1_000_000


class Measured(NamedTuple):
    """What was measured on one engine, at few and at many patients."""

    filled: tuple[Filled, Filled]
    asked: dict[str, Times]
    served: dict[tuple[str, int], Served]
    upkeep: tuple[Upkeep, Upkeep]
    evening: Evening


def main(count: int) -> None:
    """Run all; print and write what is known when an engine is done. It needs `wrk`."""
    if shutil.which(WRK) is None:
        sys.exit(f"`{WRK}` is needed: apt-get install {WRK}")
    measured = {}
    with workplace() as folder, engines(folder) as found:
        for engine in found:
            measured[engine.name] = _measured(folder, engine, count)
            _report(measured, count)


def _report(measured: dict[str, Measured], count: int) -> None:
    tables = {
        "kept": "\n".join(_kept(measured, count)),
        "asked": "\n".join(_asked(measured, count)),
        "served": "\n".join(_served(measured)),
        "evenings": "\n".join(_evenings(measured)),
        "internet": "\n".join(_internet(measured)),
        "million": "\n".join(_for_a_million(measured, count)),
    }
    print("\n\n".join(tables.values()))
    REPORT.write_text(
        TEXT.read_text(encoding="utf-8").format(
            **tables,
            few=f"{FEW:,}",
            patients=f"{count:,}",
            sites=SITES,
            claimed=CLAIMED,
            per_site=f"{count // SITES:,}",
            count=count,
            sample=f"{SAMPLE:,}",
            every=EVERY,
            delivered=f"{DELIVERED:,}",
            seconds=SECONDS,
            connections=CONNECTIONS,
            where=_where(),
        ),
        encoding="utf-8",
    )


def _measured(folder: Path, engine: Engine, count: int) -> Measured:
    few, many = filled(engine, FEW), filled(engine, count)
    print(f"{engine.name}: loaded in {many.seconds:.0f} s", file=sys.stderr)
    asked, answered = latencies(few, many), served(folder, many)
    # Last, since what it undoes leaves traces in a database.
    found = Measured((few, many), asked, answered, (upkeep_of(few), upkeep_of(many)), evening_of(many, folder))
    for one in (few, many):
        one.service.store.close()
    return found


def _kept(measured: dict[str, Measured], count: int) -> Iterator[str]:
    yield f"| | patients | {' | '.join(measured)} |"
    yield f"| --- | ---: |{' ---: |' * len(measured)}"
    for which, patients in enumerate((FEW, count)):
        columns = [(one.filled[which], one.upkeep[which]) for one in measured.values()]
        sampled = " (of a sample)" if patients > SAMPLE else ""
        work = [
            (f"a day's work, {_processes(number)}", [_duration(upkeep.day[number].seconds) for _, upkeep in columns])
            for number in PROCESSES
        ]
        work += [
            (
                f"to rebuild, {_processes(number)}{sampled}",
                [_duration(upkeep.rebuilt[number]) for _, upkeep in columns],
            )
            for number in PROCESSES
        ]
        for what, cells in (
            ("to load", [_duration(there.seconds) for there, _ in columns]),
            ("on the disk, for each", [f"{there.bytes:,.0f} bytes" for there, _ in columns]),
            *work,
        ):
            yield f"| {what} | {patients:,} | {' | '.join(cells)} |"


def _processes(number: int) -> str:
    return f"{number} process{'' if number == 1 else 'es'}"


def _asked(measured: dict[str, Measured], count: int) -> Iterator[str]:
    yield f"| | | p50 at {FEW:,} | p99 | p50 at {count:,} | p99 | ratio of p50 |"
    yield "| --- | --- | ---: | ---: | ---: | ---: | ---: |"
    for name, one in measured.items():
        for what, times in one.asked.items():
            cells = [f"{centile(side, share) * 1e3:.2f} ms" for side in times for share in (50, 99)]
            yield f"| {name} | {what} | {' | '.join(cells)} | {times.ratio:.2f} × |"


def _served(measured: dict[str, Measured]) -> Iterator[str]:
    yield "| | | processes | a second | cores: service | PostgreSQL | client | two against one |"
    yield "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |"
    for name, one in measured.items():
        for (what, processes), seen in one.served.items():
            against = f"{seen.per_second / one.served[what, 1].per_second:.2f} ×" if processes > 1 else ""
            cores = f"{seen.service:.2f} | {seen.database:.2f} | {seen.client:.2f}"
            yield f"| {name} | {what} | {processes} | {seen.per_second:,.0f} | {cores} | {against} |"


def _evenings(measured: dict[str, Measured]) -> Iterator[str]:
    yield "| | due | to the outbox | a second | delivered a second | processor for each | twice |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: | ---: |"
    for name, one in measured.items():
        evening = one.evening
        claimed, delivered = evening.due / evening.claimed, evening.due / evening.delivered
        cells = f"{evening.due:,} | {_duration(evening.claimed)} | {claimed:,.0f} | {delivered:,.0f}"
        yield f"| {name} | {cells} | {evening.busy * 1e3:.2f} ms | {evening.twice} |"


def _for_a_million(measured: dict[str, Measured], count: int) -> Iterator[str]:
    """Yield what follows in proportion for a million patients, where fewer were measured."""
    yield f"| | {' | '.join(measured)} |"
    yield f"| --- |{' ---: |' * len(measured)}"
    factor = MANY / count

    def line(what: str, seconds: Iterable[float]) -> str:
        return f"| {what} | {' | '.join(_duration(one * factor) for one in seconds)} |"

    found = measured.values()
    for number in PROCESSES:
        yield line(f"a day's work, {_processes(number)}", (one.upkeep[1].day[number].seconds for one in found))
        busy = (one.upkeep[1].day[number].busy for one in found)
        yield line("… of it on the processor, of all programs", busy)
    for number in PROCESSES:
        yield line(f"to rebuild, {_processes(number)}", (one.upkeep[1].rebuilt[number] for one in found))
    yield line("an evening's reminders to the outbox", (one.evening.claimed for one in found))
    yield line("… delivered", (one.evening.delivered for one in found))


def _internet(measured: dict[str, Measured]) -> Iterator[str]:
    if (one := measured.get("PostgreSQL")) is not None:
        yield from internet.table(
            internet.costs(one.filled[1], one.served, one.upkeep[1].day[PROCESSES[0]], one.evening)
        )


def _duration(seconds: float) -> str:
    return f"{seconds:,.1f} s" if seconds < 100 else f"{seconds / 60:,.0f} min"


def _where() -> str:
    load = statistics.fmean(os.getloadavg())
    return (
        f"Measured on {datetime.now(UTC).date()} with Python {platform.python_version()} on {os.cpu_count()} shared "
        f"cores ({platform.machine()}), on which other programs ran too (load {load:.0f})."
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else MANY)
