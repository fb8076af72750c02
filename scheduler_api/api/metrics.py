"""`/metrics` for Prometheus: how requests and messages go. Counts are kept in the database: any process tells the same.

No patient, site or address is in it: rules of addresses, kinds of message, channels and numbers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate

from flask import Blueprint, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from scheduler_api.records.delivery import LAGS
from scheduler_api.records.served import BUCKETS, MICROSECONDS
from scheduler_api.store import counts, delivery_counts, request_counts, sent_messages
from scheduler_api.store.port import Store

from .requests import services, store

blueprint = Blueprint("metrics", __name__)


@blueprint.route("/metrics")
def metrics() -> Response:
    """How requests and messages go, for Prometheus."""
    services().served.tell()
    told = generate_latest(Requests(store())) + generate_latest(Messages(store()))
    return Response(told, content_type=CONTENT_TYPE_LATEST)


class Requests(Collector):
    """The counts of requests, read when they are asked for."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def collect(self) -> Iterator[Metric]:
        """How many requests came, and how long their answers took."""
        family = HistogramMetricFamily(
            "scheduler_request_seconds",
            "From when a request came to when its answer began.",
            labels=["route", "method", "status"],
        )
        counted: dict[tuple[str, str, str], dict[str, int]] = defaultdict(dict)
        for row in request_counts.every(self._store):
            counted[row["route"], row["method"], row["status"]][row["what"]] = row["number"]
        for labels, numbers in counted.items():
            family.add_metric(labels, _adding_up(BUCKETS, numbers), numbers[MICROSECONDS] / 1_000_000)
        yield family


class Messages(Collector):
    """The counts of messages and deliveries, read when they are asked for."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def collect(self) -> Iterator[Metric]:
        """All metrics."""
        due = CounterMetricFamily("scheduler_messages_due", "Messages that were due and went out.", labels=["kind"])
        stale = CounterMetricFamily(
            "scheduler_messages_stale", "Messages skipped, since they made no sense any more.", labels=["kind"]
        )
        for row in counts.every(self._store):
            {"due": due, "stale": stale}[row["what"]].add_metric([row["kind"]], row["number"])
        settled = CounterMetricFamily(
            "scheduler_messages_settled", "Messages, by what became of them.", labels=["kind", "status"]
        )
        attempts = CounterMetricFamily(
            "scheduler_deliveries",
            "Messages to one destination each, by what became of them; `retried` is an attempt that failed.",
            labels=["kind", "channel", "status"],
        )
        lags: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
        for row in delivery_counts.every(self._store):
            what, kind, channel = row["what"], row["kind"], row["channel"]
            if what.startswith("lag"):
                lags[kind, channel][what.removeprefix("lag ")] = row["number"]
            elif channel:
                attempts.add_metric([kind, channel, what], row["number"])
            else:
                settled.add_metric([kind, what], row["number"])
        waiting = GaugeMetricFamily("scheduler_messages_waiting", "Messages that wait to be delivered.")
        waiting.add_metric([], sent_messages.count_waiting(self._store))
        yield from (due, stale, settled, attempts, _histogram(lags), waiting)


def _histogram(lags: dict[tuple[str, str], dict[str, int]]) -> Metric:
    """From when a message was due to when it was sent; each bucket holds those before it."""
    family = HistogramMetricFamily(
        "scheduler_delivery_lag_seconds",
        "From when a message was due to when it was sent.",
        labels=["kind", "channel"],
    )
    for (kind, channel), numbers in sorted(lags.items()):
        buckets = _adding_up((*map(str, LAGS), "+Inf"), numbers)
        family.add_metric([kind, channel], buckets, numbers.get("lag_ms", 0) / 1000)
    return family


def _adding_up(bounds: Sequence[str], numbers: Mapping[str, int]) -> list[tuple[str, int]]:
    """The buckets of a histogram: each holds those before it."""
    return list(zip(bounds, accumulate(numbers.get(bound, 0) for bound in bounds), strict=True))
