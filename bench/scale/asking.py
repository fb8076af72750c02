"""What is asked of a few and of many patients in turn, in this process: how long each call takes."""

from __future__ import annotations

import random
import secrets
import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from typing import NamedTuple

from werkzeug.test import EnvironBuilder

from scheduler_api.records.loading import SITES
from scheduler_api.records.tokens import digest
from scheduler_api.reminders import tick
from scheduler_api.store import devices, patients, reminders
from scheduler_api.store.port import Store

from ..service import Environment, Service, call
from .filling import Filled

ASKED = 300
#: How many reminders are claimed at once: few, so that a thousand patients give enough claims to measure.
CLAIMED = 10
_UPCOMING = "/v1/visits?series=imaging&status=open,upcoming"

Call = Callable[[], object]


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
    return {what: in_turn(calls(few), calls(many)) for what, calls in asked.items()}


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


def phone_of(service: Service, patient_id: str) -> str:
    """The access token of a phone of a patient's, good for a day; inside a unit of work."""
    device, until = f"d-{secrets.token_hex(6)}", (service.now + timedelta(1)).isoformat(timespec="microseconds")
    at = service.now.isoformat(timespec="microseconds")
    devices.add_device(
        service.store, {"device_id": device, "patient_id": patient_id, "name": "bench", "activated_at": at}
    )
    tokens = {
        "access_hash": digest(f"pat_{device}"),
        "refresh_hash": digest(f"ref_{device}"),
        "device_id": device,
        "access_expires_at": until,
        "refresh_expires_at": until,
        "given_for": None,
    }
    devices.add_tokens(service.store, tokens)
    return f"pat_{device}"


def _pages(at: Filled) -> list[Call]:
    return [partial(call, at.service.app, at.service.get(_UPCOMING))] * ASKED


def _pages_of_sites(at: Filled) -> list[Call]:
    chosen = random.Random(1).choices(range(SITES), k=ASKED)
    return [partial(call, at.service.app, at.service.get(f"{_UPCOMING}&site=SYN-{site:03}")) for site in chosen]


def _todays(at: Filled) -> list[Call]:
    service = at.service
    with service.store.transaction():
        phones = [phone_of(service, patient_id) for patient_id in some_patients(service.store, ASKED, 2)]
    return [partial(call, service.app, _todays_request(phone)) for phone in phones]


def _todays_request(phone: str) -> Environment:
    return EnvironBuilder("/v1/me/today", headers={"Authorization": f"Bearer {phone}"}).get_environ()


def _facts(at: Filled) -> list[Call]:
    """Yesterday's dose of each, which is not recorded yet."""
    service = at.service
    day = (service.now.date() - timedelta(1)).isoformat()
    dose = {"kind": "dose_recorded", "dose_on": day, "status": "taken"}
    chosen = some_patients(service.store, ASKED, 3)
    requests = [service.post(f"/v1/patients/{patient_id}/facts", dose) for patient_id in chosen]
    bodies = [request["wsgi.input"].getvalue() for request in requests]
    return [
        partial(call, service.app, request, "201 CREATED", body) for request, body in zip(requests, bodies, strict=True)
    ]


def _commits(at: Filled) -> list[Call]:
    """A transaction that changes one column of one row."""
    store = at.service.store
    rows = [row for one in some_patients(store, ASKED, 4) if (row := patients.get(store, one)) is not None]

    def commit(patient_id: str, through: str) -> None:
        with store.transaction():
            patients.set_visits_through(store, patient_id, datetime.fromisoformat(through).date())

    return [partial(commit, row["patient_id"], row["visits_through"]) for row in rows]


def _claims(at: Filled) -> Iterator[Call]:
    """Claims at the instants at which the next doses are due, when all that was due before them is taken."""
    store = at.service.store
    instants = store.rows(
        "SELECT next_at FROM reminders WHERE next_at > :now GROUP BY next_at HAVING COUNT(*) >= :most "
        "ORDER BY next_at LIMIT 4",
        {"now": at.service.now.isoformat(timespec="microseconds"), "most": at.patients * 9 // 10},
    )
    return islice(_claims_at(store, [datetime.fromisoformat(row["next_at"]) for row in instants]), ASKED)


def _claims_at(store: Store, instants: Sequence[datetime]) -> Iterator[Call]:
    for instant in instants:
        tick.tick(store, instant - timedelta(microseconds=1))
        while reminders.is_any_due(store, instant.isoformat(timespec="microseconds")):
            yield partial(tick.claim, store, instant, CLAIMED)
