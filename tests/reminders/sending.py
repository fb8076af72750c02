"""Delivery as tests see it: messages in the outbox, and destinations of a site."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from patience import PATIENCE
from service import Service

from scheduler_api.engine.instants import stamp
from scheduler_api.reminders.channels import Channel
from scheduler_api.reminders.deliver import Pace, deliver
from scheduler_api.reminders.dispatch import tick
from scheduler_api.store.database.port import Store
from scheduler_api.store.reminders import outbox
from scheduler_api.use_cases.projections import maintenance

#: How tests are paced. Each attempt has all the time it takes.
PACE = Pace(threads=8, lease=timedelta(hours=1), look=PATIENCE)


class Sending:
    """Delivery of one service."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.store: Store = service.store
        self.channels: dict[str, Channel] = service.settings.outside().channels(PATIENCE)

    def add(
        self,
        address: str,
        channel: str = "webhook",
        audience: str = "site",
        site: str = "FUSCC",
        language: str = "en",
    ) -> Any:
        """Add a destination to a site; it, with its secret."""
        body = {"channel": channel, "audience": audience, "address": address, "language": language}
        answer = self.service.client("coordinator").post(f"/v1/sites/{site}/destinations", body)
        assert answer.status_code == 201, answer.text
        return answer.json

    def state(self, destination: Any) -> Any:
        """How a destination is doing."""
        page = self.service.client("coordinator").get(f"/v1/sites/{destination['site']}/destinations").json
        return {one["destination_id"]: one["state"] for one in page["items"]}[destination["destination_id"]]

    def queue(self, first: int, last: int | None = None, **columns: Any) -> None:
        """Put messages with some numbers into the outbox, due now and good for two days unless said otherwise."""
        now = self.service.clock()
        usual = {"audience": "site", "patient_id": None, "site": "FUSCC", "kind": "digest", "about": "2024-02-20"}
        times = {"next_at": stamp(now), "expires_at": stamp(now + timedelta(days=2))}
        numbers = range(first, (last or first) + 1)
        rows = [{"message_id": f"m-{number:06}", **usual, **times, **columns} for number in numbers]
        with self.store.transaction():
            outbox.write(self.store, rows, stamp(now))

    def deliver(self, stopping: Callable[[], bool] = lambda: False, **pace: Any) -> int:
        """Do what a worker does; how many attempts were made."""
        return deliver(self.store, self.channels, self.service.clock, replace(PACE, **pace), stopping)

    def told(self, at: str) -> None:
        """Go to an instant, and do all that a worker does."""
        self.service.clock.set(at)
        self.work()

    def work(self) -> None:
        """Do all that a worker does: what is planned follows the day, what is due goes out."""
        maintenance.extend_horizons(self.store, self.service.clock.now)
        tick(self.store, self.service.clock.now)
        self.deliver()

    def later(self, **time: float) -> int:
        """Go forward in time, and do what a worker does."""
        self.service.clock.now += timedelta(**time)
        return self.deliver()

    def found(self, **query: Any) -> list[Any]:
        """The messages that staff find."""
        answer = self.service.client("monitor").get("/v1/reminders", limit=200, **query)
        assert answer.status_code == 200, answer.text
        return list(answer.json["items"])

    def one(self, number: int = 1) -> Any:
        """The message of a number, as staff find it."""
        return next(found for found in self.found() if found["message_id"] == f"m-{number:06}")

    def statuses(self) -> dict[str, int]:
        """How many messages have each status."""
        rows = self.store.rows("SELECT status, COUNT(*) AS number FROM outbox GROUP BY status")
        return {row["status"]: row["number"] for row in rows}

    def attempts(self) -> dict[str, int]:
        """Return how often each message was tried at its only destination."""
        return {row["message_id"]: row["attempts"] for row in self.store.rows("SELECT * FROM deliveries")}

    def next_at(self, number: int = 1) -> timedelta:
        """In how long the only delivery of a message is tried next."""
        (way,) = self.one(number)["deliveries"]
        return datetime.fromisoformat(way["next_at"]) - self.service.clock.now
