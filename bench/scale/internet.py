"""Reckon what 100 million patients would cost a month, from what was measured of PostgreSQL: processors and disks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ..product import EVERY
from .evening import Evening
from .filling import Filled
from .serving import Served
from .upkeep import Day

PATIENTS = 100_000_000
#: What a patient does in a day: facts recorded, views of today, messages.
FACTS, VIEWS, MESSAGES = 1.2, 3.0, 1.5
#: Bytes that a fact adds: its row, what was said of the day, the audit.
PER_FACT = 1_000
#: For how many months a patient is followed, on average half of them when one looks.
MONTHS = 24
#: Prices a month, in US dollars: a core with its memory, a gigabyte of replicated disk is three of these.
CORE, GIGABYTE, COPIES = 25.0, 0.10, 3
#: How busy cores are on average; the evening needs more than the night.
BUSY = 0.25
_SECONDS = 86_400


class Costs(NamedTuple):
    """Core seconds a day and bytes of a patient, by what they are for."""

    processor: dict[str, float]
    bytes: float


def costs(filled: Filled, served: dict[tuple[str, int], Served], day: Day, evening: Evening) -> Costs:
    """Return what a patient costs, measured."""
    each = {
        what: (one.service + one.database) / one.per_second for (what, number), one in served.items() if number == 1
    }
    processor = {
        f"{FACTS} facts": FACTS * each["facts"],
        f"{VIEWS:.0f} views of today": VIEWS * each["`today`"],
        f"a {EVERY}th of an extension": day.busy / filled.patients,
        f"{MESSAGES} messages delivered": MESSAGES * evening.busy,
    }
    return Costs(processor, filled.bytes + PER_FACT * FACTS * 30 * MONTHS / 2)


def table(found: Costs) -> Iterator[str]:
    """Yield the table, of one patient and of all."""
    yield f"| | a patient | {PATIENTS:,} patients |"
    yield "| --- | ---: | ---: |"
    for what, seconds in found.processor.items():
        yield f"| {what} a day | {seconds * 1e3:.1f} ms of a core | {seconds * PATIENTS / _SECONDS:,.0f} cores |"
    seconds, gigabytes = sum(found.processor.values()), found.bytes * COPIES / 1e9
    cores = seconds / _SECONDS / BUSY
    yield f"| cores, {BUSY:.0%} busy | {cores:.1e} | {cores * PATIENTS:,.0f} |"
    yield f"| disk, {COPIES} copies | {found.bytes * COPIES / 1e3:,.0f} kB | {gigabytes * PATIENTS / 1e3:,.0f} TB |"
    dollars = cores * CORE + gigabytes * GIGABYTE
    yield f"| a month | ${dollars:.4f} | ${dollars * PATIENTS:,.0f} |"
