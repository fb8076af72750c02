"""Hold the parts of an instance of the service: built once by `create_app`, and used by every request."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from scheduler_api.reminders.outbound_settings import Outside
from scheduler_api.store.database.port import Store
from scheduler_api.use_cases.audit.checkpoints import Keys
from scheduler_api.use_cases.audit.events import Readings
from scheduler_api.use_cases.auth.code_flow import CodeFlow
from scheduler_api.use_cases.auth.oidc import SignIn
from scheduler_api.use_cases.clocks import ClockWatch
from scheduler_api.use_cases.operations.probing import WriteProbe
from scheduler_api.use_cases.operations.rates import RateLimits


@dataclass
class Services:
    """A store, a clock, and what is built around them.

    `watch` says the time, unless the clock jumped; `clock` gives instants with offset, right or not. `keys` sign
    checkpoints. `sign_in` checks the tokens of staff who sign in elsewhere, and `code_flow` signs them in to the
    pages there (None: nobody does). `outside` has the
    settings for sending messages. `contract` is the OpenAPI document.
    `is_damaged`: the database said so, to any request. `probe` tries to write.
    """

    store: Store
    clock: Callable[[], datetime]
    watch: ClockWatch
    keys: Keys
    sign_in: SignIn | None
    code_flow: CodeFlow | None
    outside: Outside
    limits: RateLimits
    readings: Readings
    contract: dict[str, Any] = field(default_factory=dict)
    is_damaged: bool = False
    probe: WriteProbe = field(init=False)
    started_at: datetime = field(init=False)

    def __post_init__(self) -> None:
        self.probe = WriteProbe(self.store)
        self.started_at = self.clock().astimezone(UTC)

    def now(self) -> datetime:
        """Return the present instant, in UTC. Raises ClockNotTrusted, Unavailable."""
        return self.watch.now()

    def close(self) -> None:
        """Write what still waits to be written, and close all connections. Raises Unavailable."""
        with ExitStack() as closing:
            for part in (self.store, self.readings, self.limits):
                closing.callback(part.close)
