"""Count for Prometheus: requests, and messages by their status.

With `PROMETHEUS_MULTIPROC_DIR` all processes of a machine count into files of that folder, and any of them adds them
up; without it a process counts for itself. prometheus_client decides which when it is imported.

No label names a patient, a site or an address: there are rules of addresses, kinds of message and channels only.
"""

from __future__ import annotations

import os

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

#: Other methods are counted together, so that invented names do not each take memory.
_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"))

_registry = CollectorRegistry()
disable_created_metrics()

_request_seconds = Histogram(
    "scheduler_request_seconds",
    "From when a request came to when its answer began.",
    ["route", "method", "status"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0),
    registry=_registry,
)
MESSAGES_DUE = Counter("scheduler_messages_due", "Messages that were due and went out.", ["kind"], registry=_registry)
MESSAGES_STALE = Counter(
    "scheduler_messages_stale", "Messages skipped, since they made no sense any more.", ["kind"], registry=_registry
)
MESSAGES_FINISHED = Counter(
    "scheduler_messages_finished", "Messages, by what became of them.", ["kind", "status"], registry=_registry
)
DELIVERIES = Counter(
    "scheduler_deliveries",
    "Messages to one destination each, by what became of them; `retried` is an attempt that failed.",
    ["kind", "channel", "status"],
    registry=_registry,
)
DELIVERY_LAG = Histogram(
    "scheduler_delivery_lag_seconds",
    "From when a message was due to when it was sent.",
    ["kind", "channel"],
    buckets=(1, 5, 15, 60, 300, 900, 3600, 21600),
    registry=_registry,
)
CLOCK_REFUSALS = Counter(
    "scheduler_clock_refusals", "Jobs and requests refused while the clock could not be trusted.", registry=_registry
)


def count_request(route: str | None, method: str, status: int, seconds: float) -> None:
    """Count a request: the rule of its address (None: none fits), its status, and the seconds until its response."""
    label = method if method in _METHODS else "other"
    _request_seconds.labels(route or "", label, f"{status // 100}xx").observe(seconds)


def exposition() -> bytes:
    """Return what this process, or every process that shares its folder, has counted, in Prometheus's text format."""
    shared = "PROMETHEUS_MULTIPROC_DIR" in os.environ
    return generate_latest(MultiProcessCollector(None) if shared else _registry)
