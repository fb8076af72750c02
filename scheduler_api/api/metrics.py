"""`/metrics` for Prometheus: how messages go. Counts are kept in the database, so that any process tells the same.

No patient, site or address is in it: kinds of message, channels and numbers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from flask import Blueprint, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from scheduler_api.records.delivery import LAGS
from scheduler_api.store import counts, delivery_counts, sent_messages
from scheduler_api.store.port import Store

from .requests import store

blueprint = Blueprint("metrics", __name__)


@blueprint.route("/metrics")
def metrics() -> Response:
    """How messages go, for Prometheus."""
    return Response(generate_latest(Messages(store())), content_type=CONTENT_TYPE_LATEST)


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
        total, buckets = 0, []
        for bound in (*map(str, LAGS), "+Inf"):
            total += numbers.get(bound, 0)
            buckets.append((bound, total))
        family.add_metric([kind, channel], buckets, numbers.get("lag_ms", 0) / 1000)
    return family
