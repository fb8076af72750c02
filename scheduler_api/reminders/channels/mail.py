"""E-mail to a site, by SMTP with TLS."""

from __future__ import annotations

import smtplib
import socket
from collections.abc import Generator, Iterable
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from urllib.parse import unquote, urlsplit

from scheduler_api.reminders.outbound.post import Deadline, tls
from scheduler_api.use_cases.reminders.retrying import Outcome

from . import DELIVERED, Destination, Message


@dataclass(frozen=True)
class Server:
    """The mail server of the settings. `direct`: TLS from the first byte (smtps), else STARTTLS is required."""

    host: str
    port: int
    user: str | None
    password: str | None = field(repr=False)
    direct: bool

    @classmethod
    def of(cls, url: str) -> Server:
        """Return the server that `smtp://user:password@host:587` or `smtps://…:465` names. Raises ValueError."""
        parts = urlsplit(url)
        if parts.scheme not in ("smtp", "smtps") or not parts.hostname or parts.path.strip("/"):
            raise ValueError("Not smtp://user:password@host:port or smtps://…")
        direct = parts.scheme == "smtps"
        user, password = (None if part is None else unquote(part) for part in (parts.username, parts.password))
        return cls(parts.hostname, parts.port or (465 if direct else 587), user, password, direct)


@dataclass(frozen=True)
class Mail:
    """Sends messages as plain text; a message's id is its Message-ID, by which mail servers recognise a repetition."""

    server: Server
    sender: str
    seconds: float

    def send(
        self, messages: Iterable[Message], destination: Destination, now: datetime
    ) -> Generator[Outcome, None, None]:
        """Mail messages."""
        for message in messages:
            yield self._send(message, destination, now)

    def _send(self, message: Message, destination: Destination, now: datetime) -> Outcome:
        mail = EmailMessage()
        mail["From"], mail["To"] = self.sender, destination.address
        mail["Subject"] = message.title
        mail["Date"] = format_datetime(now)
        mail["Message-ID"] = f"<{message.message_id}@{self.sender.rpartition('@')[2]}>"
        mail["Auto-Submitted"] = "auto-generated"
        # Base64, since a server may not accept the letters of every language as they are.
        mail.set_content(message.body, cte="base64")
        try:
            self._hand_over(mail)
        except smtplib.SMTPRecipientsRefused as error:
            code, _ = next(iter(error.recipients.values()))
            return _refused(code)
        except (smtplib.SMTPSenderRefused, smtplib.SMTPDataError) as error:
            return _refused(error.smtp_code)
        except (OSError, smtplib.SMTPException) as error:
            # This includes a wrong password of ours: the message waits until it is corrected.
            return Outcome("passing", type(error).__name__)
        return DELIVERED

    def _hand_over(self, mail: EmailMessage) -> None:
        server = self.server
        if server.direct:
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(server.host, server.port, timeout=self.seconds, context=tls())
        else:
            smtp = smtplib.SMTP(server.host, server.port, timeout=self.seconds)
        with closing(smtp), closing(Deadline(_socket(smtp), self.seconds)) as deadline, deadline.applied():
            if not server.direct:
                smtp.starttls(context=tls())
            if server.user is not None:
                smtp.login(server.user, server.password or "")
            smtp.send_message(mail)
            # The mail is accepted; an error while closing changes nothing.
            with suppress(OSError):
                smtp.putcmd("QUIT")


def _socket(smtp: smtplib.SMTP) -> socket.socket:
    if smtp.sock is None:
        raise smtplib.SMTPServerDisconnected
    return smtp.sock


def _refused(code: int) -> Outcome:
    """Return what an SMTP reply means: 5xx is permanent. The server's text may hold an address and is not kept."""
    return Outcome("permanent" if code >= 500 else "passing", f"answered {code}")
