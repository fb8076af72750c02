"""`/v1/activations`, `/v1/activate`, `/v1/token`, and a patient's devices: how phones sign in and out."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import segno
from flask import Response, request

from scheduler_api.api.http.accept import TABLES
from scheduler_api.api.http.language import language
from scheduler_api.api.http.operation import ADMINS, RECORDERS, produces, public, staff
from scheduler_api.api.http.pages import PageQuery, page_of
from scheduler_api.api.http.parsing import ResourceBlueprint
from scheduler_api.api.http.requests import answer, now, session, store
from scheduler_api.schemas.fields import Choice, Instant, Strict, Text, fields, listed
from scheduler_api.use_cases.phones import phones

blueprint = ResourceBlueprint("phone activation", __name__, description="Patients' phones: signing in and out")


class NewActivationCodeSchema(Strict):
    """The patient for whom a code is made."""

    patient_id = Text(40, required=True)


class ActivationCodeSchema(Strict):
    """A one-time code, returned only here, also as a QR picture."""

    patient_id = fields.String(required=True)
    code = fields.String(required=True, metadata={"example": "7KQ2MWX4TR"})
    expires_at = Instant(required=True)
    qr_svg = fields.String(required=True, metadata={"description": "An SVG picture of the code"})


class PhoneActivationSchema(Strict):
    """A one-time code, and a name that tells this device from others."""

    code = Text(20, required=True)
    device_name = Text(80, required=True)


class WaitSchema(Strict):
    """The network address at which phones have to wait; by default that of the request."""

    address = Text(64)


class TokenRefreshSchema(Strict):
    """The refresh token of a pair."""

    refresh_token = Text(200, required=True)


class TokenPairSchema(Strict):
    """An access token for an hour, and a refresh token for the next pair."""

    access_token = fields.String(required=True)
    refresh_token = fields.String(required=True)
    expires_at = Instant(required=True, metadata={"description": "Until when the access token is valid"})
    patient_id = fields.String(required=True)
    device_id = fields.String(required=True)


class DevicePushSchema(Strict):
    """Shows how a device's push subscription is doing; `because` says why if it is not good."""

    kind = Choice("web_push", "relay", required=True)
    state = Choice(
        *("good", "failing", "rejecting", "ended"),
        required=True,
        metadata={"description": "Other than `good`: the app should subscribe anew"},
    )
    ended_at = Instant(required=True, allow_none=True)
    because = fields.String(required=True, allow_none=True)


class DeviceSchema(Strict):
    """A device of a patient; `ended_at` is null while its session lasts."""

    device_id = fields.String(required=True)
    name = fields.String(required=True)
    activated_at = Instant(required=True)
    ended_at = Instant(required=True, allow_none=True)
    ended_because = fields.String(required=True, allow_none=True)
    push = fields.Nested(
        DevicePushSchema, required=True, allow_none=True, metadata={"description": "Null: it never subscribed"}
    )


@blueprint.route("/activations", methods=["POST"])
@staff(RECORDERS)
@blueprint.arguments(NewActivationCodeSchema)
@blueprint.response(201, ActivationCodeSchema)
def create_activation_code(data: dict[str, Any]) -> Response:
    """Make a one-time code for a patient's phone

    Valid for 72 hours and one use; earlier unused codes of the patient become invalid. The response is stored nowhere,
    so this call takes no Idempotency-Key: a client that lost the response makes another code.
    """
    made = phones.make_code(session(), data["patient_id"])
    return answer({**made, "qr_svg": _picture(made["code"])}, 201, {"Cache-Control": "no-store"})


@blueprint.route("/activations/unblock", methods=["POST"])
@staff(ADMINS)
@blueprint.arguments(WaitSchema)
@blueprint.response(204)
def end_activation_wait(data: dict[str, Any]) -> Response:
    """Let phones at an address try codes again at once

    After wrong codes they would have to wait, at most a minute.
    """
    phones.lift_wait(session(), data.get("address") or request.remote_addr or "")
    return Response(status=204)


@blueprint.route("/activate", methods=["POST"])
@public
@blueprint.arguments(PhoneActivationSchema)
@blueprint.response(200, TokenPairSchema)
def activate_phone(data: dict[str, Any]) -> Response:
    """Turn a one-time code into the tokens of a phone

    Needs no token. After ten wrong codes from an address in a minute, the next has to wait, at most a minute.
    """
    spoken = language() if "Accept-Language" in request.headers else None
    tokens = phones.activate(store(), data["code"], data["device_name"], request.remote_addr or "", now(), spoken)
    return answer(tokens, headers={"Cache-Control": "no-store"})


@blueprint.route("/token", methods=["POST"])
@public
@blueprint.arguments(TokenRefreshSchema)
@blueprint.response(200, TokenPairSchema)
def refresh_tokens(data: dict[str, Any]) -> Response:
    """Get a new pair of tokens

    Needs no access token. A phone that lost the response may repeat the call until it has used the pair; after that a
    second use of a refresh token ends the device's session.
    """
    return answer(phones.refresh(store(), data["refresh_token"], now()), headers={"Cache-Control": "no-store"})


@blueprint.route("/patients/<string:patient_id>/devices")
@staff()
@produces(*TABLES)
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, listed(DeviceSchema, "DeviceList"))
def list_patient_devices(query: dict[str, Any], patient_id: str) -> Response:
    """List a patient's devices

    Those whose session has ended included.
    """
    return devices_page(patient_id, query)


@blueprint.route("/patients/<string:patient_id>/devices/<string:device_id>", methods=["DELETE"])
@staff(RECORDERS)
@blueprint.response(204)
def end_patient_device(patient_id: str, device_id: str) -> Response:
    """End the session of a patient's device

    For a phone that was lost: its tokens are no longer valid.
    """
    phones.end_device(session(), patient_id, device_id)
    return Response(status=204)


def devices_page(patient_id: str, query: dict[str, Any]) -> Response:
    """Return one page of a patient's devices."""
    devices = phones.list_devices(session(), patient_id)
    return page_of(devices, lambda device: (device["activated_at"], device["device_id"]), query, DeviceSchema)


def _picture(code: str) -> str:
    picture = BytesIO()
    segno.make_qr(code, error="m").save(picture, kind="svg", scale=6, xmldecl=False, svgns=True)
    return picture.getvalue().decode()
