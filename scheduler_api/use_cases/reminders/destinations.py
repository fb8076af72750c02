"""Manage destinations: where a site and a patient's phone want messages sent to."""

from __future__ import annotations

import re
import secrets
from typing import Any

import orjson

from scheduler_api.engine.errors import FieldError, ValidationFailed
from scheduler_api.engine.instants import stamp
from scheduler_api.store.database.port import Row
from scheduler_api.store.reminders import destinations
from scheduler_api.use_cases.audit import events
from scheduler_api.use_cases.session import NotFound, Session, patient_row
from scheduler_api.use_cases.sites import sites

#: How many destinations a site can have at once.
AT_MOST = 20
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
#: One plain address that the domain name system can deliver to: a name of parts between dots, and a host with a domain.
_MAILBOX = re.compile(
    rf"(?=[^@]{{1,64}}@.{{1,253}}\Z)[^\s@<>,;:\"()\[\]\\.]+(?:\.[^\s@<>,;:\"()\[\]\\.]+)*"
    rf"@(?:{_LABEL}\.)+(?!\d+\Z){_LABEL}",
    re.ASCII,
)
_PUBLIC_FIELDS = (
    "destination_id",
    "channel",
    "audience",
    "site",
    "address",
    "language",
    "made_at",
    "failing_since",
    "problem",
    "ended_at",
    "ended_because",
)


_NEW = {
    **{"failures": 0, "refusals": 0, "failing_since": None, "problem": None, "paused_until": None},
    **{"ended_at": None, "ended_because": None},
}


def state_of(row: Row) -> str:
    """Return whether a destination takes messages.

    `good`; `failing`: it does not answer, or not now; `rejecting`: it refuses for good what is sent; `ended`.
    """
    if row["ended_at"]:
        return "ended"
    return "rejecting" if row["refusals"] else "failing" if row["failures"] else "good"


def list_of_site(session: Session, site: str) -> list[dict[str, Any]]:
    """List a site's destinations, oldest first, ended ones included. Raises NotFound."""
    sites.get(session, site)
    return [_document(row) for row in destinations.of_site(session.store, site)]


def add_to_site(
    session: Session, site: str, channel: str, audience: str, address: str, language: str
) -> dict[str, Any]:
    """Add a destination to a site. The caller checks whether messages may be sent to a web address.

    Raises NotFound, or ValidationFailed: e-mail does not go to patients, whose names the service does not have.
    """
    sites.get(session, site)
    errors = []
    if channel == "email" and audience == "patient":
        errors.append(FieldError("/audience", "No mail goes to patients.", "not_applicable"))
    if channel == "email" and not _MAILBOX.fullmatch(address):
        errors.append(FieldError("/address", "Not an e-mail address, plain and one.", "malformed"))
    if channel == "log" and address:
        errors.append(FieldError("/address", "The log has no address.", "not_applicable"))
    if errors:
        raise ValidationFailed(errors)
    with session.store.transaction():
        active = [row for row in destinations.of_site(session.store, site) if row["ended_at"] is None]
        if len(active) >= AT_MOST:
            raise ValidationFailed([FieldError("", f"A site has at most {AT_MOST} destinations.", "limit_reached")])
        row = _row(session, channel, audience, address, language) | {"site": site}
        destinations.insert(session.store, row)
        events.note(session, "destination_added", site=site, destination=row["destination_id"], channel=channel)
    return _document({**row, **_NEW})


def end_of_site(session: Session, site: str, destination_id: str) -> None:
    """End a destination of a site: nothing is sent there any more, not even what is waiting. Raises NotFound."""
    sites.get(session, site)
    with session.store.transaction():
        active = {row["destination_id"] for row in destinations.of_site(session.store, site) if row["ended_at"] is None}
        if destination_id not in active:
            raise NotFound("The site has no such destination, or it has ended.")
        destinations.end(session.store, destination_id, stamp(session.now), f"ended by {session.actor.role}")
        events.note(session, "destination_ended", site=site, destination=destination_id)


def subscribe(session: Session, device_id: str, channel: str, address: str, keys: dict[str, str]) -> None:
    """Send a patient's messages to the device that makes the request, replacing its last subscription.

    `address` is a browser's endpoint (`web_push`, with its `keys`), or the app's own token, which goes with each
    message to the gateway of the site (`relay`).

    Raises NotFound for any other device. The caller checks whether messages may be sent to the endpoint.
    """
    check_is_own(session, device_id)
    with session.store.transaction():
        destinations.end_of_device(session.store, device_id, stamp(session.now), "replaced")
        row = _row(session, channel, "patient", address, "") | {
            "patient_id": session.actor.patient_id,
            "device_id": device_id,
            "keys": orjson.dumps(keys).decode(),
        }
        destinations.insert(session.store, row)
        events.note(session, "push_subscribed", session.actor.patient_id, device=device_id)


def unsubscribe(session: Session, device_id: str) -> None:
    """End the subscription of a device of the patient's. Raises NotFound."""
    if session.actor.patient_id is None:
        raise NotFound("No such device.")
    with session.store.transaction():
        patient_row(session, session.actor.patient_id)
        row = destinations.of_device(session.store, device_id)
        if row is None or row["patient_id"] != session.actor.patient_id:
            raise NotFound("The patient has no such device, or it has no subscription.")
        destinations.end_of_device(session.store, device_id, stamp(session.now), "ended by patient")
        events.note(session, "push_ended", session.actor.patient_id, device=device_id)


def check_is_own(session: Session, device_id: str) -> None:
    """Raise NotFound unless the device itself makes the request, so that ending its session ends its messages."""
    if session.actor.patient_id is None or device_id != session.actor.token_id:
        raise NotFound("That is not this device.")


def _row(session: Session, channel: str, audience: str, address: str, language: str) -> dict[str, Any]:
    return {
        # It is long, since the secret of a webhook follows from it.
        "destination_id": f"e-{secrets.token_hex(12)}",
        "channel": channel,
        "audience": audience,
        "site": None,
        "patient_id": None,
        "device_id": None,
        "address": address,
        "keys": "{}",
        "language": language,
        "made_at": stamp(session.now),
        "made_by": session.actor.token_id,
    }


def _document(row: Row) -> dict[str, Any]:
    """Return a destination as staff see it."""
    return {**{name: row[name] for name in _PUBLIC_FIELDS}, "state": state_of(row)}
