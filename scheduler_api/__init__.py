"""A schedule service for patients of clinical trials: facts in, calendars out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from .config import Settings
    from .services import Services


def utc_now() -> datetime:
    """Return the present instant, in UTC."""
    return datetime.now(UTC)


def create_app(
    settings: Settings | None = None,
    clock: Callable[[], datetime] = utc_now,
    seconds: Callable[[], float] | None = None,
) -> Flask:
    """Build the application from settings (by default the environment's) and a clock giving instants with offset.

    The machine's clock is watched by the seconds that the kernel counts. Another one is trusted, unless `seconds` is
    given, which counts evenly and is never set.
    """
    from scheduler_api.api.application import application
    from scheduler_api.web import register

    from .config import Settings

    settings = settings or Settings.from_environment()
    app = application(services_of(settings, clock, seconds), settings.max_body, settings.trusted_proxies)
    register(app)
    return app


def services_of(
    settings: Settings, clock: Callable[[], datetime], seconds: Callable[[], float] | None = None
) -> Services:
    """Return the parts of an instance that has these settings; `clock` and `seconds` as for `create_app`."""
    from scheduler_api.store.database.connect import connect
    from scheduler_api.use_cases.audit.checkpoints import keys_in
    from scheduler_api.use_cases.audit.events import Readings
    from scheduler_api.use_cases.auth.code_flow import CodeFlow
    from scheduler_api.use_cases.auth.oidc import SignIn
    from scheduler_api.use_cases.clocks import ClockWatch, seconds_since_boot
    from scheduler_api.use_cases.operations.rates import RateLimits

    from .services import Services

    store, provider = connect(settings.database), settings.provider()
    sign_in = SignIn(provider) if provider else None
    if seconds is None and clock is utc_now:
        seconds = seconds_since_boot
    return Services(
        store=store,
        clock=clock,
        watch=ClockWatch(store, clock, seconds),
        keys=keys_in(settings.checkpoint_key),
        sign_in=sign_in,
        code_flow=CodeFlow(sign_in) if sign_in and provider and provider.client_id else None,
        outside=settings.outside(),
        limits=RateLimits(store, settings.rate_per_token, settings.rate_per_address),
        readings=Readings(store),
    )
