"""What is asked of a few and of many patients in turn, in this process: how long each call takes."""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from typing import NamedTuple

from scheduler_api.engine.instants import stamp

from ..load import SITES
from ..measure import Call
from ..product import Store, dispatch
from .filling import Filled

ASKED, LISTED = 300, 50
#: How many reminders are claimed at once: few, so that a thousand patients give enough claims to measure.
CLAIMED = 10
_UPCOMING = "/v1/visits?series=imaging&status=open,upcoming"
#: Lists of all sites, each in an order that has an index.
_LISTS = {
    "visits by closing, all": "/v1/visits",
    "visits to do, by opening": "/v1/visits?status=open,upcoming&sort=opens_on",
    "visits to do, by target": "/v1/visits?status=open,upcoming&sort=target_on",
    "visits to do, by subject": "/v1/visits?status=open,upcoming&sort=subject",
    "visits by opening, all": "/v1/visits?sort=opens_on",
    "visits by target, all": "/v1/visits?sort=target_on",
    "visits by subject, all": "/v1/visits?sort=subject",
    "visits done, by subject": "/v1/visits?status=done&sort=subject",
    "patients": "/v1/patients",
    "the audit": "/v1/audit",
    "what there is to do": "/v1/worklist",
}


class Times(NamedTuple):
    """How long the calls of one kind took at few and at many patients, in seconds."""

    few: Sequence[float]
    many: Sequence[float]

    @property
    def ratio(self) -> float:
        """How much longer the usual call takes at many."""
        return statistics.median(self.many) / statistics.median(self.few)


def centile(times: Sequence[float], share: int) -> float:
    """The time that so many of a hundred calls did not exceed."""
    return statistics.quantiles(times, n=100, method="inclusive")[share - 1]


def latencies(few: Filled, many: Filled) -> dict[str, Times]:
    """By what is asked: of sites and patients at random, each patient once."""
    asked = {
        "upcoming scans of all sites, first page": _pages,
        "upcoming scans of a site, first page": _pages_of_sites,
        "`today` of a phone": _todays,
        "a fact recorded, durably": _facts,
        "… of it the durable commit": _commits,
        f"{CLAIMED} due reminders claimed, durably": _claims,
    }
    found = {what: in_turn(calls(few), calls(many)) for what, calls in asked.items()}
    for what, path in _LISTS.items():
        found[f"{what}, of all sites, first page"] = in_turn(*([at.service.get(path)] * LISTED for at in (few, many)))
    return found


def in_turn(few: Iterable[Call], many: Iterable[Call]) -> Times:
    """The times of calls at few and at many patients, made in turn."""
    times = Times([], [])
    for number, pair in enumerate(zip(few, many, strict=False)):
        for side in (0, 1) if number % 2 else (1, 0):
            began = time.perf_counter()
            pair[side]()
            times[side].append(time.perf_counter() - began)  # type: ignore[attr-defined]
    return times


def some_patients(store: Store, count: int, seed: int, treated_by: str = "9999-12-31") -> list[str]:
    """The ids of so many patients, at random and always the same, whose treatment had begun by a day."""
    rows = store.rows(
        "SELECT patient_id FROM patients WHERE on_treatment_from <= :day ORDER BY patient_id", {"day": treated_by}
    )
    return random.Random(seed).sample([row["patient_id"] for row in rows], count)


def _pages(at: Filled) -> list[Call]:
    return [at.service.get(_UPCOMING)] * ASKED


def _pages_of_sites(at: Filled) -> list[Call]:
    chosen = random.Random(1).choices(range(SITES), k=ASKED)
    return [at.service.get(f"{_UPCOMING}&site=SYN-{site:03}") for site in chosen]


def _todays(at: Filled) -> list[Call]:
    phones = at.service.phones(some_patients(at.service.store, ASKED, 2))
    return [at.service.get("/v1/me/today", phone) for phone in phones]


def _facts(at: Filled) -> list[Call]:
    """Yesterday's dose of each, which is not recorded yet."""
    dose = {"dose_on": (at.service.now.date() - timedelta(1)).isoformat(), "status": "taken"}
    chosen = some_patients(at.service.store, ASKED, 3)
    return [at.service.fact(patient_id, "dose_recorded", **dose) for patient_id in chosen]


def _commits(at: Filled) -> list[Call]:
    """A transaction that writes one row."""
    store = at.service.store

    def commit(patient_id: str) -> None:
        with store.transaction():
            store.write("INSERT INTO marks (name, at) VALUES (:name, '')", {"name": patient_id})

    return [partial(commit, patient_id) for patient_id in some_patients(store, ASKED, 4)]


def _claims(at: Filled) -> Iterator[Call]:
    """Claims at the instants at which the next doses are due, when all that was due before them is taken."""
    store = at.service.store
    instants = store.rows(
        "SELECT next_at FROM reminders WHERE next_at > :now GROUP BY next_at HAVING COUNT(*) >= :most "
        "ORDER BY next_at LIMIT 4",
        {"now": stamp(at.service.now), "most": at.patients * 9 // 10},
    )
    return islice(_claims_at(store, [datetime.fromisoformat(row["next_at"]) for row in instants]), ASKED)


def _claims_at(store: Store, instants: Sequence[datetime]) -> Iterator[Call]:
    for instant in instants:
        dispatch.tick(store, instant - timedelta(microseconds=1))
        due = {"now": stamp(instant)}
        while store.row("SELECT 1 FROM reminders WHERE next_at <= :now LIMIT 1", due):
            yield partial(dispatch.claim, store, instant, CLAIMED)
