"""The log as a channel, for trying the service out. It logs that a message was sent, without its content."""

from __future__ import annotations

import logging
from collections.abc import Generator, Iterable
from datetime import datetime

from scheduler_api.use_cases.reminders.retrying import Outcome

from . import DELIVERED, Destination, Message

log = logging.getLogger("scheduler_api.reminders")


class Log:
    """Writes the kind and the id of a message into the log."""

    def send(
        self, messages: Iterable[Message], destination: Destination, now: datetime
    ) -> Generator[Outcome, None, None]:
        """Log messages."""
        for message in messages:
            log.info("message", extra={"data": {"kind": message.kind, "message_id": message.message_id}})
            yield DELIVERED
