"""`/metrics` for Prometheus: what the processes of this machine counted, and how many messages wait now."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Blueprint, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from scheduler_api.api.http.operation import produces, public, says
from scheduler_api.api.http.requests import services
from scheduler_api.metrics import exposition
from scheduler_api.services import Services
from scheduler_api.store.reminders import sent_messages
from scheduler_api.use_cases.clocks import ClockNotTrusted

blueprint = Blueprint("metrics", __name__)


@blueprint.route("/metrics")
@public
@says(200)
@produces("text/plain")
def get_metrics() -> Response:
    """Get the counts of this machine's processes for Prometheus

    In the text format of Prometheus; without data of patients.
    """
    return Response(exposition() + generate_latest(_Now(services())), content_type=CONTENT_TYPE_LATEST)


class _Now(Collector):
    """Says what is so at the moment, by looking whenever the metrics are read."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics."""
        trusted = 1
        try:
            self._services.now()
        except ClockNotTrusted:
            trusted = 0
        yield GaugeMetricFamily("scheduler_clock_trusted", "Whether the clock of this machine is trusted.", trusted)
        waiting = sent_messages.count_waiting(self._services.store)
        yield GaugeMetricFamily("scheduler_messages_waiting", "Messages that wait to be delivered.", waiting)
