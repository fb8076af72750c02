"""Settings, from the environment: everything that differs between one place of running and another."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields

LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


class BadSetting(ValueError):
    """A setting has a value that means nothing; the message names it."""


@dataclass(frozen=True)
class Settings:
    """All settings. Each is read from `SCHEDULER_` and its name in capitals; `docs/operations.md` has the table.

    `database` is the path of the SQLite file, `max_body` the largest request body in bytes, `trusted_proxies` how many
    proxies stand before the service. `checkpoint_key` is the path of a PEM file with the key that signs checkpoints of
    the logs (empty: they are not signed).
    """

    database: str = "instance/scheduler.db"
    log_level: str = "INFO"
    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 2
    threads: int = 4
    max_body: int = 1_000_000
    trusted_proxies: int = 0
    checkpoint_key: str = ""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Settings:
        """The settings an environment gives. Raises BadSetting, also for a `SCHEDULER_` name that is none of ours."""
        known = {f"SCHEDULER_{field.name.upper()}": field for field in fields(cls)}
        unknown = [name for name in environment if name.startswith("SCHEDULER_") and name not in known]
        if unknown:
            raise BadSetting(f"Unknown setting {unknown[0]}; there are {', '.join(sorted(known))}.")
        values: dict[str, str | int] = {}
        for name, field in known.items():
            if name in environment:
                text = environment[name].strip()
                least = 0 if field.default == 0 else 1
                values[field.name] = _number(name, text, least) if field.type == "int" else text
        settings = cls(**values)  # type: ignore[arg-type]
        if settings.log_level not in LOG_LEVELS:
            raise BadSetting(f"SCHEDULER_LOG_LEVEL is {settings.log_level!r}, not one of {', '.join(LOG_LEVELS)}.")
        if not settings.database:
            raise BadSetting("SCHEDULER_DATABASE is empty.")
        return settings


def _number(name: str, text: str, least: int) -> int:
    if not (text.isascii() and text.isdecimal() and least <= int(text) <= 1_000_000_000):
        raise BadSetting(f"{name} is {text!r}, not a whole number from {least}.")
    return int(text)
