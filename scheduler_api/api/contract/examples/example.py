"""Define what an example is: a request, after others that make what it needs, and the service's answer to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

#: The instant at which examples are carried out, unless they say otherwise: seven weeks after the patient enrolled.
NOW = "2024-02-20T12:00:00+08:00"
#: Ids and secrets stand in examples in place of real ones: numbered in the order in which a service gives them.
PATIENT, DEVICE = "p-0000000000000001", "d-000000000001"


def fact_id(number: int) -> str:
    """Return what stands for the id of a fact in examples: that of the patient's first is 1."""
    return f"f-{number:016x}"


class Example(NamedTuple):
    """A request of an operation, which `summary` describes.

    `path` are parts of its address that differ from the usual, `query`, `headers` and `body` are its own. `after` are
    the examples carried out before, by name; None: those that such an operation usually needs. `at` is when, `by` who
    asks, if it is not the first who may.
    """

    operation: str
    summary: str
    body: Any = None
    path: Mapping[str, str] = {}
    query: Mapping[str, str] = {}
    headers: Mapping[str, str] = {}
    after: tuple[str, ...] | None = None
    at: str = NOW
    by: str | None = None


#: A patient on treatment.
TREATED = ("registered_and_enrolled", "treatment_started")
#: The patient's phone too.
WITH_PHONE = (*TREATED, "activation_code", "activated")
#: What is no request, among those `after` which one is carried out: at 20:00 the worker sent the messages of the day.
MESSAGES_SENT = "messages_sent"
#: A patient's phone at night: a token is valid for an hour.
PHONE_AT_NIGHT = (*TREATED, MESSAGES_SENT, "activation_code", "activated")
