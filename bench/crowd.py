"""Many patients who each ask for their today: what one costs that this process has never seen, and all in turn."""

from __future__ import annotations

import statistics
from datetime import timedelta
from itertools import islice
from pathlib import Path

from .measure import Figure, repetitions, seconds
from .people import NOW, Facts, on_treatment
from .service import TRIVIAL, Request, Service, trivial

PATIENTS, TIMES = 2_000, 3
#: They enrolled on days of the last two years: the longest ago, in days, and how many days one is from the next.
LONGEST, STEP = 700, 397
#: So many ask in one side of a pair.
BATCH = 20


def figures(folder: Path) -> list[Figure]:
    """Measure the first time that each asks, and all times. Warm is the code, and the pages of the database."""
    service, least = Service(folder / "crowd.db"), trivial()
    people = {f"p-c{number:015x}": patient(number) for number in range(PATIENTS)}
    # One more, with a history as long as theirs are on average, asks all the time.
    people["p-a000000000000000"] = on_treatment("again", NOW.date() - timedelta(LONGEST // 2), LONGEST // 2 - 1)
    service.enrol(people)
    *asking, again = (service.get("/v1/me/today", phone) for phone in service.phones(people))
    first, in_turn = _ratios(asking, again, least)
    mean = sum(len(facts) for facts in people.values()) // len(people)
    who = f"{PATIENTS:,} patients with {mean} facts on average"
    return [
        Figure(
            "Today, of a patient never seen",
            f"`GET /v1/me/today` of {who}, each asking for the first time in this process",
            TRIVIAL,
            first,
            3.5,
        ),
        Figure(
            "Today, of many in turn",
            f"{who}, asking in turn, {TIMES} times over: means of {BATCH}",
            "one patient with as many facts who asks again",
            in_turn,
            1.3,
        ),
    ]


def patient(number: int) -> Facts:
    """Return one of them: every dose is recorded up to yesterday, a third were eventful."""
    ago = 3 + number * STEP % LONGEST
    return on_treatment(f"{number:05}", NOW.date() - timedelta(ago), ago - 2, eventful=number % 3 == 0)


def _ratios(asking: list[Request], again: Request, least: Request) -> tuple[float, float]:
    """Return what a first request costs against the least, and what any of them costs against one asked again."""
    first, in_turn = [], []
    few = repetitions(least)
    for turn in range(TIMES):
        requests = iter(asking)
        while batch := list(islice(requests, BATCH)):
            mean = sum(seconds(request) for request in batch) / len(batch)
            in_turn.append(mean / seconds(again, BATCH))
            if turn == 0:
                first.append(mean / seconds(least, few))
    return statistics.median(first), statistics.median(in_turn)
