"""A schedule service for patients of clinical trials: facts in, calendars out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from .config import Settings


def utc_now() -> datetime:
    """The present instant."""
    return datetime.now(UTC)


def create_app(settings: Settings | None = None, clock: Callable[[], datetime] = utc_now) -> Flask:
    """The application, by settings (by default the environment's) and a clock that gives instants with offset."""
    from .api.application import application
    from .config import Settings
    from .records.checkpoints import keys_in
    from .records.oidc import SignIn
    from .store.connect import connect

    settings = settings or Settings.from_environment()
    provider = settings.provider()
    store = connect(settings.database)
    return application(
        store,
        clock,
        settings.outside(),
        settings.max_body,
        settings.trusted_proxies,
        keys_in(settings.checkpoint_key),
        SignIn(provider) if provider else None,
        settings.rate_per_token,
        settings.rate_per_address,
    )
