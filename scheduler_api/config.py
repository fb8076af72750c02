"""Settings, from the environment: everything that differs between one place of running and another."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scheduler_api.reminders.outbound_settings import Outside
    from scheduler_api.use_cases.auth.oidc import Provider

LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


#: Where a provider may be asked: by TLS, or on this machine.
_SAFE = ("https://", "http://127.0.0.1:", "http://localhost:")


class BadSetting(ValueError):
    """A setting has an invalid value; the message names it."""


@dataclass(frozen=True)
class Settings:
    """All settings. Each is read from `SCHEDULER_` and its name in capitals; `docs/operations.md` has the table.

    `database` is the path of an SQLite file or the `postgresql://…` of a database, `max_body` the largest request body
    in bytes, `trusted_proxies` how many proxies stand before the service. `checkpoint_key` is the path of a PEM file
    with the key that signs checkpoints of the logs (empty: they are not signed). `rate_…` are requests in a minute
    (0: no limit). `oidc_…` name the provider where staff sign in (empty: there is none). `delivery_keys` is the path of
    the file of keys that messages are sent with, `private_networks` where they may go besides the public network,
    `smtp` a URL with name and password, `mail_from` the address of our mails.
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
    rate_per_token: int = 1200
    rate_per_address: int = 6000
    oidc_issuer: str = ""
    oidc_audience: str = ""
    oidc_keys_url: str = ""
    oidc_role_claim: str = "roles"
    oidc_roles: str = ""
    oidc_sites_claim: str = "sites"
    oidc_name_claim: str = ""
    oidc_client_id: str = ""
    oidc_client_secret: str = field(default="", repr=False)
    oidc_scope: str = "openid"
    delivery_keys: str = "instance/delivery-keys.json"
    private_networks: str = ""
    smtp: str = ""
    mail_from: str = ""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Settings:
        """Return the settings an environment gives. Raises BadSetting, also for an unknown `SCHEDULER_` name."""
        settings_by_name = {f"SCHEDULER_{setting.name.upper()}": setting for setting in fields(cls)}
        unknown = [name for name in environment if name.startswith("SCHEDULER_") and name not in settings_by_name]
        if unknown:
            raise BadSetting(f"Unknown setting {unknown[0]}; there are {', '.join(sorted(settings_by_name))}.")
        values: dict[str, str | int] = {}
        for name, setting in settings_by_name.items():
            if name in environment:
                text = environment[name].strip()
                least = 0 if setting.default == 0 or setting.name.startswith("rate_") else 1
                values[setting.name] = _number(name, text, least) if setting.type == "int" else text
        settings = cls(**values)  # type: ignore[arg-type]
        if settings.log_level not in LOG_LEVELS:
            raise BadSetting(f"SCHEDULER_LOG_LEVEL is {settings.log_level!r}, not one of {', '.join(LOG_LEVELS)}.")
        if not settings.database:
            raise BadSetting("SCHEDULER_DATABASE is empty.")
        settings.provider()
        settings.outside()
        return settings

    def provider(self) -> Provider | None:
        """Return the provider where staff sign in, if there is one. Raises BadSetting."""
        if not self.oidc_issuer:
            if self.oidc_client_id:
                raise BadSetting("SCHEDULER_OIDC_CLIENT_ID is set, and SCHEDULER_OIDC_ISSUER is not.")
            return None
        from scheduler_api.use_cases.auth.oidc import Provider
        from scheduler_api.use_cases.session import ROLES

        for url in (self.oidc_issuer, self.oidc_keys_url):
            if url and not url.startswith(_SAFE):
                raise BadSetting(f"{url!r} of SCHEDULER_OIDC_… is not an https address.")
        if not self.oidc_audience:
            raise BadSetting("SCHEDULER_OIDC_AUDIENCE is empty: tokens issued for other services would be accepted.")
        if "openid" not in self.oidc_scope.split():
            raise BadSetting("SCHEDULER_OIDC_SCOPE has no `openid`: the provider would not say who signs in.")
        roles = {}
        for pair in filter(None, self.oidc_roles.split(",")):
            word, equals, role = (part.strip() for part in pair.partition("="))
            if not (word and equals and role in ROLES):
                raise BadSetting(
                    f"SCHEDULER_OIDC_ROLES has {pair.strip()!r}, not WORD=ROLE with one of {', '.join(ROLES)}."
                )
            roles[word] = role
        return Provider(
            self.oidc_issuer,
            self.oidc_audience,
            self.oidc_keys_url,
            self.oidc_role_claim,
            roles or None,
            self.oidc_sites_claim,
            self.oidc_name_claim,
            self.oidc_client_id,
            self.oidc_client_secret,
            self.oidc_scope,
        )

    def outside(self) -> Outside:
        """Return what these settings give for sending messages. Raises BadSetting."""
        from scheduler_api.reminders.channels.mail import Server
        from scheduler_api.reminders.outbound.allowed_hosts import AllowedHosts, networks
        from scheduler_api.reminders.outbound_settings import Outside

        try:
            allowed_hosts = AllowedHosts(networks(self.private_networks))
        except ValueError as error:
            raise BadSetting(f"SCHEDULER_PRIVATE_NETWORKS: {error}.") from None
        try:
            server = Server.of(self.smtp) if self.smtp else None
        except ValueError:
            # The value has a password in it.
            raise BadSetting("SCHEDULER_SMTP is not smtp://name:password@host:port or smtps://….") from None
        if server is not None and "@" not in self.mail_from:
            raise BadSetting("SCHEDULER_MAIL_FROM is no e-mail address, and SCHEDULER_SMTP is set.")
        return Outside(Path(self.delivery_keys), allowed_hosts, server, self.mail_from)


def _number(name: str, text: str, least: int) -> int:
    if not (text.isascii() and text.isdecimal() and least <= int(text) <= 1_000_000_000):
        raise BadSetting(f"{name} is {text!r}, not a whole number from {least}.")
    return int(text)
