"""All that the measurements import of the product: where its parts move or get other names, this file alone changes."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from flask import Flask

import scheduler_api
from scheduler_api import logs
from scheduler_api.api.http.requests import SESSION_COOKIE
from scheduler_api.cli.database.maintenance import prepare
from scheduler_api.config import Settings
from scheduler_api.engine.instants import stamp
from scheduler_api.engine.model import facts as kinds
from scheduler_api.engine.model.fold import fold
from scheduler_api.engine.model.history import History
from scheduler_api.engine.model.protocol import Protocol
from scheduler_api.engine.protocol_file.parse import read_protocol
from scheduler_api.engine.views.calendar import LONGEST_RANGE, PatientSchedule, calendar, today_view
from scheduler_api.reminders import dispatch
from scheduler_api.reminders.deliver import deliver
from scheduler_api.reminders.outbound import keys
from scheduler_api.store.database.connect import connect
from scheduler_api.store.database.port import Store
from scheduler_api.store.patients import facts
from scheduler_api.store.phones import devices
from scheduler_api.store.visits.visits import Query
from scheduler_api.use_cases.auth import tokens, web_sessions
from scheduler_api.use_cases.patients import patients
from scheduler_api.use_cases.projections import maintenance
from scheduler_api.use_cases.projections.horizons import EVERY, HORIZON
from scheduler_api.use_cases.reminders import destinations
from scheduler_api.use_cases.session import TERMINAL, Actor, Session
from scheduler_api.use_cases.sites import protocols, sites
from scheduler_api.use_cases.visits import visits

from .people import Fact, Facts

__all__ = [
    "EVERY",
    "HORIZON",
    "LONGEST_RANGE",
    "PACKAGE",
    "TERMINAL",
    "Actor",
    "Query",
    "Session",
    "Settings",
    "Store",
    "add_phone",
    "body_of",
    "calendar_of",
    "connect",
    "deliver",
    "destinations",
    "dispatch",
    "history_of",
    "log_to_nowhere",
    "maintenance",
    "make_keys",
    "new_app",
    "new_token",
    "patients",
    "prepare",
    "protocols",
    "read_protocol",
    "sign_in",
    "sites",
    "store_of",
    "today_of",
    "visits",
    "write_log",
]

#: The folder of the product's code.
PACKAGE = Path(scheduler_api.__file__).parent


# The service


def new_app(database: str, now: datetime) -> Flask:
    """Return the service on a database, configured by default, with a clock that stands still."""
    # Requests are counted as always, and are never too many.
    often = {"rate_per_token": 10**9, "rate_per_address": 10**9}
    return scheduler_api.create_app(Settings(database=database, **often), lambda: now)


def store_of(app: Flask) -> Store:
    """Return what the service reads and writes by; in this thread, by the same connection."""
    store: Store = app.extensions["scheduler"].store
    return store


def new_token(store: Store, now: datetime) -> str:
    """Make a staff token that may do everything, and return it."""
    return tokens.create(store, "admin", (), "bench", now)


def sign_in(store: Store, token: str, now: datetime) -> str:
    """Sign in to the pages with a token; return what the browser sends as `Cookie` from then on."""
    return f"{SESSION_COOKIE}={web_sessions.start(store, token, now, 'POST /sign-in')}"


def add_phone(store: Store, patient_id: str, now: datetime) -> str:
    """Add a patient's phone, in a unit of work; return its access token, good for a day.

    Activation by a code is left out: its slow hashes take 50 ms.
    """
    device = f"d-{secrets.token_hex(6)}"
    at, until = stamp(now), stamp(now + timedelta(1))
    devices.add_device(store, {"device_id": device, "patient_id": patient_id, "name": "bench", "activated_at": at})
    pair = {
        "access_hash": tokens.digest(f"pat_{device}"),
        "refresh_hash": tokens.digest(f"ref_{device}"),
        "device_id": device,
        "access_expires_at": until,
        "refresh_expires_at": until,
        "given_for": None,
    }
    devices.add_tokens(store, pair)
    return f"pat_{device}"


def make_keys(path: Path) -> Path:
    """Make the keys that messages are sent with, in a new file; return its path."""
    keys.make(path, "mailto:bench@example.org")
    return path


def log_to_nowhere() -> None:
    """Write logs as always, to a file that keeps nothing."""
    before, sys.stderr = sys.stderr, open("/dev/null", "w", encoding="utf-8")  # noqa: SIM115
    try:
        logs.configure(Settings().log_level)
    finally:
        sys.stderr = before


# What is recorded


def body_of(fact: Fact) -> kinds.Body:
    """Return a fact's data as the engine has them."""
    return kinds.body_from_data(fact.kind, fact.data)


def write_log(store: Store, people: Mapping[str, Facts], now: datetime) -> None:
    """Write the logs of patients, by id, and make from them all that is derived of everybody, as `rebuild` does."""
    with store.transaction():
        for patient_id, recorded in people.items():
            last = ""
            for number, fact in enumerate(_in_the_log(recorded, patient_id), 1):
                last = facts.append(store, patient_id, number, last, fact)
        maintenance.rebuild(store, now)


def _in_the_log(recorded: Facts, patient_id: str) -> Iterator[kinds.Fact]:
    for number, fact in enumerate(recorded):
        at = datetime.combine(fact.on, time(), UTC) + timedelta(seconds=number)
        yield kinds.Fact(f"f-{patient_id[2:]}{number:04x}", body_of(fact), at)


# The engine alone


def history_of(recorded: Facts) -> History:
    """Return what is known after some facts."""
    return fold(_in_the_log(recorded, "p-"))


def calendar_of(history: History, first: date, last: date, protocol: Protocol | None = None) -> Mapping[str, Any]:
    """Return the calendar of a patient of a protocol (the built-in one) for some days, as seen on the last."""
    return calendar({1: protocol or _built_in}, history, last, first, last)


def today_of(history: History, today: date) -> Mapping[str, Any]:
    """Return what matters to a patient of the built-in protocol today."""
    return today_view(PatientSchedule({1: _built_in}, history), today)


(_built_in,) = protocols.built_in()
