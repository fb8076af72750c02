"""`/metrics` for Prometheus: what the processes of this machine counted, and how many messages wait now."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Blueprint, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from scheduler_api.api.http.operation import produces, public, says
from scheduler_api.api.http.requests import store
from scheduler_api.metrics import exposition
from scheduler_api.store.database.port import Store
from scheduler_api.store.reminders import sent_messages

blueprint = Blueprint("metrics", __name__)


@blueprint.route("/metrics")
@public
@says(200)
@produces("text/plain")
def get_metrics() -> Response:
    """Get the counts of this machine's processes for Prometheus"""
    return Response(exposition() + generate_latest(_Waiting(store())), content_type=CONTENT_TYPE_LATEST)


class _Waiting(Collector):
    """Counts the messages that wait, by asking the database whenever the metrics are read."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def collect(self) -> Iterator[Metric]:
        """Yield the one metric."""
        waiting = sent_messages.count_waiting(self._store)
        yield GaugeMetricFamily("scheduler_messages_waiting", "Messages that wait to be delivered.", waiting)
