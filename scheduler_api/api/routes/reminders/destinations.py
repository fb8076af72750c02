"""`/v1/sites/{site}/destinations` and the Web Push subscription of a phone: where messages go."""

from __future__ import annotations

import base64
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from flask import Response, url_for
from marshmallow import ValidationError, validates_schema

from scheduler_api.api.http.accept import TABLES
from scheduler_api.api.http.operation import COORDINATORS, patient, produces, sends, staff
from scheduler_api.api.http.pages import PageQuery, page_of
from scheduler_api.api.http.parsing import ResourceBlueprint
from scheduler_api.api.http.requests import answer, services, session
from scheduler_api.engine.errors import FieldError, ValidationFailed
from scheduler_api.i18n import LANGUAGES
from scheduler_api.reminders.outbound.allowed_hosts import HostNotAllowed
from scheduler_api.reminders.outbound.keys import Keys, NoKeys
from scheduler_api.reminders.outbound_settings import Outside
from scheduler_api.schemas.fields import Choice, Instant, Strict, Text, Whole, fields, listed
from scheduler_api.use_cases.reminders import destinations
from scheduler_api.use_cases.session import NotFound

blueprint = ResourceBlueprint("destinations", __name__, description="Where messages go")

#: What a site can have.
CHANNELS = ("webhook", "email", "log")
STATES = ("good", "failing", "rejecting", "ended")


class NewDestinationSchema(Strict):
    """A destination of a site: a web server, a mailbox, or our own log for trying out."""

    channel = Choice(*CHANNELS, required=True)
    audience = Choice(
        "patient", "site", required=True, metadata={"description": "`patient`: the site's gateway to its patients"}
    )
    address = Text(2000, 0, load_default="", metadata={"description": "An https URL, or an e-mail address"})
    language = Choice(*LANGUAGES, load_default=LANGUAGES[0], metadata={"description": "Of what the site's staff read"})


class DestinationSchema(Strict):
    """A destination of a site. `failing`: it does not answer; `rejecting`: it refuses for good what is sent."""

    destination_id = fields.String(required=True)
    channel = Choice(*CHANNELS, required=True)
    audience = Choice("patient", "site", required=True)
    site = fields.String(required=True)
    address = fields.String(required=True)
    language = fields.String(required=True)
    state = Choice(*STATES, required=True)
    failing_since = Instant(required=True, allow_none=True, metadata={"description": "Since the last accepted message"})
    problem = fields.String(required=True, allow_none=True, metadata={"description": "Why the last was not accepted"})
    made_at = Instant(required=True)
    ended_at = Instant(required=True, allow_none=True)
    ended_because = fields.String(required=True, allow_none=True)


class CreatedDestinationSchema(DestinationSchema):
    """A destination that was just made; the secret that its messages are signed with is returned only here."""

    secret = fields.String(required=True, allow_none=True, metadata={"description": "Of a webhook"})


def _point(text: str) -> None:
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), _bytes(text))
    except ValueError:
        raise ValidationError("Not an uncompressed point on P-256, base64url.") from None


def _sixteen_bytes(text: str) -> None:
    try:
        length = len(_bytes(text))
    except ValueError:
        length = 0
    if length != 16:
        raise ValidationError("Not 16 bytes, base64url.")


def _bytes(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


class PushKeysSchema(Strict):
    """The browser's keys."""

    p256dh = fields.String(required=True, validate=_point)
    auth = fields.String(required=True, validate=_sixteen_bytes)


class SubscriptionSchema(Strict):
    """A `PushSubscription`, as browsers write it; or for the gateway of the site the app's own token."""

    kind = Choice("web_push", "relay", load_default="web_push")
    endpoint = Text(2000, load_default=None, metadata={"description": "Of a browser; required with `web_push`"})
    expirationTime = Whole(0, 10**15, load_default=None, allow_none=True)
    keys = fields.Nested(PushKeysSchema, load_default=None, metadata={"description": "Required with `web_push`"})
    token = Text(
        4096, load_default=None, metadata={"description": "By which the gateway reaches the app; required with `relay`"}
    )

    @validates_schema
    def _has_what_its_kind_needs(self, data: dict[str, Any], **kwargs: Any) -> None:
        needed = ("token",) if data["kind"] == "relay" else ("endpoint", "keys")
        missing = {name: ["Missing."] for name in needed if data[name] is None}
        others = {"token", "endpoint", "keys"} - {*needed}
        alien = {name: ["Not with this kind."] for name in others if data[name] is not None}
        if missing or alien:
            raise ValidationError({**missing, **alien})


class PushKeySchema(Strict):
    """The key that a browser subscribes for (`applicationServerKey`)."""

    public_key = fields.String(required=True)


def _outside() -> Outside:
    return services().outside


def _keys() -> Keys:
    """Return the service's keys. Ends the request with 404 if it has none."""
    try:
        return _outside().keys()
    except NoKeys as error:
        raise NotFound(str(error)) from None


def _check(url: str, pointer: str) -> None:
    """Refuse a URL that messages must not be sent to."""
    try:
        _outside().allowed_hosts.check(url)
    except HostNotAllowed as error:
        raise ValidationFailed([FieldError(pointer, str(error), "malformed")]) from None


@blueprint.route("/sites/<string:site>/destinations")
@staff()
@produces(*TABLES)
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, listed(DestinationSchema, "DestinationList"))
def list_destinations(query: dict[str, Any], site: str) -> Response:
    """List where a site's messages go, ended destinations included

    By the time at which they were made.
    """
    rows = destinations.list_of_site(session(), site)
    return page_of(rows, lambda one: (one["made_at"], one["destination_id"]), query, DestinationSchema)


@blueprint.route("/sites/<string:site>/destinations", methods=["POST"])
@staff(COORDINATORS)
@blueprint.arguments(NewDestinationSchema)
@blueprint.response(201, CreatedDestinationSchema)
@sends("Location")
def add_destination(data: dict[str, Any], site: str) -> Response:
    """Add a destination to a site

    Only for a coordinator or an admin. The secret of a webhook is stored nowhere and returned only here, so this call
    takes no Idempotency-Key: a client that lost the response ends the destination and makes another.
    """
    secret = None
    if data["channel"] == "webhook":
        keys = _keys()
        _check(data["address"], "/address")
    made = destinations.add_to_site(session(), site, **data)
    if data["channel"] == "webhook":
        secret = keys.webhook_secret(made["destination_id"])
    location = url_for("destinations.end_destination", site=site, destination_id=made["destination_id"])
    return answer({**made, "secret": secret}, 201, {"Location": location, "Cache-Control": "no-store"})


@blueprint.route("/sites/<string:site>/destinations/<string:destination_id>", methods=["DELETE"])
@staff(COORDINATORS)
@blueprint.response(204)
def end_destination(site: str, destination_id: str) -> Response:
    """End a destination of a site

    Only for a coordinator or an admin. Nothing is sent there any more, not even what is waiting.
    """
    destinations.end_of_site(session(), site, destination_id)
    return Response(status=204)


@blueprint.route("/me/push-key")
@patient
@blueprint.response(200, PushKeySchema)
def get_push_key() -> Response:
    """Get the key that a browser subscribes with to receive reminders by Web Push

    It is the `applicationServerKey` of the browser's `pushManager.subscribe`.
    """
    return answer({"public_key": _keys().public})


@blueprint.route("/me/devices/<string:device_id>/push", methods=["POST"])
@patient
@blueprint.arguments(SubscriptionSchema)
@blueprint.response(204)
def subscribe_to_push(data: dict[str, Any], device_id: str) -> Response:
    """Get reminders by push messages on this device

    The body is the browser's `PushSubscription`; or with `kind` `relay` the app's own token, which is handed with each
    message to the gateway of the site. A later one takes the place of an earlier one, so the call may be repeated
    freely, and should be when there is a new one.
    """
    destinations.check_is_own(session(), device_id)
    if data["kind"] == "relay":
        destinations.subscribe(session(), device_id, "relay", data["token"], {})
        return Response(status=204)
    _keys()
    _check(data["endpoint"], "/endpoint")
    destinations.subscribe(session(), device_id, "web_push", data["endpoint"], data["keys"])
    return Response(status=204)


@blueprint.route("/me/devices/<string:device_id>/push", methods=["DELETE"])
@patient
@blueprint.response(204)
def unsubscribe_from_push(device_id: str) -> Response:
    """Get no more reminders by Web Push on a device

    204 also if it was not subscribed. Other devices go on.
    """
    destinations.unsubscribe(session(), device_id)
    return Response(status=204)
