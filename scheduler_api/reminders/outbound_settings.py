"""The settings with which an instance sends messages (keys, allowed hosts, mail server), and its channels."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from scheduler_api.reminders.channels.mail import Mail, Server
from scheduler_api.reminders.outbound.allowed_hosts import AllowedHosts

from .channels import Channel
from .outbound import keys

#: How long an attempt may take in all, in seconds; the look-up of a name comes before.
SECONDS = 10.0


@dataclass(frozen=True)
class Outside:
    """The settings for sending messages. `server` None: no mail is sent."""

    keys_file: Path
    allowed_hosts: AllowedHosts
    server: Server | None
    mail_from: str

    def keys(self) -> keys.Keys:
        """Return the instance's keys. Raises NoKeys."""
        return keys.read(self.keys_file)

    def channels(self, seconds: float = SECONDS) -> dict[str, Channel]:
        """Return the channels that are configured, by name: webhooks and Web Push need keys, e-mail a server.

        `seconds` is how long an attempt may take.
        """
        # Loaded only by processes that send, since it takes longer than all the rest.
        from scheduler_api.reminders.channels.log import Log
        from scheduler_api.reminders.channels.web_push import WebPush
        from scheduler_api.reminders.channels.webhook import Webhook

        channels: dict[str, Channel] = {"log": Log()}
        if self.server is not None:
            channels["email"] = Mail(self.server, self.mail_from, seconds)
        try:
            own = self.keys()
        except keys.NoKeys:
            return channels
        return {
            **channels,
            "webhook": Webhook(own, self.allowed_hosts, seconds),
            "web_push": WebPush(own, self.allowed_hosts, seconds),
        }
