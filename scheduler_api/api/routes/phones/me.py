"""`/v1/me`: everything for a patient's phone. Its token opens nothing else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any

from flask import Response
from marshmallow import ValidationError, validates_schema

from scheduler_api.api.http.accept import TABLES
from scheduler_api.api.http.conditions import phone_headers, unless_not_modified
from scheduler_api.api.http.language import language
from scheduler_api.api.http.operation import heeds, patient, produces
from scheduler_api.api.http.pages import PageQuery
from scheduler_api.api.http.parsing import ResourceBlueprint
from scheduler_api.api.http.requests import answer, phone, session
from scheduler_api.api.routes.sites.sites import SiteContactSchema
from scheduler_api.engine.doses.off_plan import HARMFUL
from scheduler_api.engine.errors import FieldError, ValidationFailed
from scheduler_api.engine.model.facts import DoseRecorded, DoseTakenBack
from scheduler_api.engine.treatment.dose_ids import DoseId, parse_dose_id
from scheduler_api.engine.treatment.status import PATIENT_STATUSES
from scheduler_api.engine.views.notices import NOTICES
from scheduler_api.schemas.fields import Amount, Choice, CivilDate, DoseName, Instant, Strict, Text, fields, listed
from scheduler_api.schemas.patients import (
    DOSE_STATUSES,
    PIECES,
    ContraceptionSchema,
    DoseDaySchema,
    PatientCalendarSchema,
    PieceSchema,
    VisitSchema,
)
from scheduler_api.schemas.queries import RangeQuery
from scheduler_api.use_cases.patients.calendars import View
from scheduler_api.use_cases.phones import doses, phones, today

from .activation import DeviceSchema, devices_page

blueprint = ResourceBlueprint("patient phone", __name__, description="The patient's phone")


class CycleDaySchema(Strict):
    """The patient's position in the cycle."""

    number = fields.Integer(required=True)
    day = fields.Integer(
        required=True, allow_none=True, metadata={"description": "Null on a held day that does not count"}
    )
    of_days = fields.Integer(required=True)


class TodaysDoseSchema(Strict):
    """A dose of today."""

    dose_id = DoseName(required=True)
    drug = fields.String(required=True)
    amount = Amount(
        required=True,
        allow_none=True,
        metadata={"description": "Null on held and rest days, and until the site calculates it"},
    )
    unit = fields.String(required=True, metadata={"description": "Of the amount and of strengths", "example": "mg"})
    pieces = fields.List(fields.Nested(PieceSchema), required=True, metadata={"description": PIECES})
    status = Choice(*DOSE_STATUSES, required=True)
    remind_at = Instant(
        required=True,
        allow_none=True,
        metadata={"description": "When the reminder of a due dose comes or came; null: none comes"},
    )
    snoozed_until = Instant(
        required=True,
        allow_none=True,
        metadata={"description": "Until when the reminder of a due dose is put off"},
    )


class TodayVisitSchema(VisitSchema):
    """The visit of a series that matters today."""

    class Meta(Strict.Meta):
        fields = today.VISIT_FIELDS


class NoticeSchema(Strict):
    """Something that the patient needs to know today, in the language of the answer.

    `call_site_before_dose`: to be shown instead of asking for any dose, or for the one that it is about.
    """

    code = Choice(*NOTICES, required=True)
    about = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "The `dose_id` or the visit that it is about, if any", "example": "imaging-w12"},
    )
    detail = fields.String(
        required=True,
        metadata={"description": "What to show", "example": "Call your study site before you take a dose."},
    )


class TodaysScreenSchema(Strict):
    """The one screen of a patient's phone."""

    today = CivilDate(required=True)
    time_zone = fields.String(required=True)
    status = Choice(*PATIENT_STATUSES, required=True)
    cycle = fields.Nested(CycleDaySchema, required=True, allow_none=True)
    doses = fields.List(fields.Nested(TodaysDoseSchema), required=True)
    unrecorded = fields.List(
        DoseName(), required=True, metadata={"description": "Doses of the last 7 days that nobody recorded"}
    )
    visits = fields.List(fields.Nested(TodayVisitSchema), required=True)
    notices = fields.List(
        fields.Nested(NoticeSchema),
        required=True,
        metadata={"description": "What the patient needs to know and act on, the most urgent first; usually nothing"},
    )
    contraception = fields.Nested(
        ContraceptionSchema,
        required=True,
        allow_none=True,
        metadata={"description": "Null while the phone is to say nothing about it"},
    )
    site_contact = fields.Nested(
        SiteContactSchema, required=True, allow_none=True, metadata={"description": "Whom to call; null: not said"}
    )
    changes_at = Instant(required=True, metadata={"description": "When this changes by itself: the next midnight"})


class MyDoseDaySchema(DoseDaySchema):
    """A dose day of the patient's calendar."""

    remind_at = Instant(
        required=True, allow_none=True, metadata={"description": "When its reminder comes or came; null: none comes"}
    )


class MyCalendarSchema(PatientCalendarSchema):
    """The calendar of the patient, for the phone."""

    doses = fields.List(fields.Nested(MyDoseDaySchema), required=True)


CLOCK_OFF = {"description": "How far the phone's clock is ahead (negative: behind), if more than five minutes"}


class DoseWordSchema(Strict):
    """Holds what a patient says of a day's dose."""

    status = Choice("taken", "missed", required=True)
    amount = Amount(load_default=None, metadata={"description": "What the screen showed; required with `taken`"})
    taken_at = Instant(load_default=None)
    note = Text(1000, lines=True, load_default=None)

    @validates_schema(pass_original=True, skip_on_field_errors=False)
    def _says_how_much(self, data: dict[str, Any], given: Any, **kwargs: Any) -> None:
        if data.get("status") == "taken" and isinstance(given, dict) and given.get("amount") is None:
            raise ValidationError(str(fields.Field.default_error_messages["required"]), "amount")


class WhenSaidSchema(Strict):
    """When something was said on a phone and when it was sent, both by the phone's own clock."""

    said_at = Instant(required=True)
    sent_at = Instant(required=True)


class DoseConfirmationSchema(DoseWordSchema, WhenSaidSchema):
    """Holds what a patient says of a day's dose, and when."""


class DoseReferenceSchema(Strict):
    """The record of a day's dose."""

    kind = Choice("dose_recorded", required=True)
    on = CivilDate(required=True)


class DoseWarningSchema(Strict):
    """Why a dose that was recorded could hurt: the patient should call the site, which is told at once."""

    code = Choice(*HARMFUL, required=True)
    detail = fields.String(required=True)
    records = fields.List(fields.Nested(DoseReferenceSchema), required=True)


class DoseOutcomeSchema(Strict):
    """Says what became of the record of a day's dose.

    `superseded`: something said later stands. `site_record_stands`: the site recorded that day, which stands.
    `to_confirm`: it counts once the site confirms it. All are kept in the history.
    """

    dose_id = DoseName(required=True)
    outcome = Choice(*doses.OUTCOMES, required=True)
    fact_id = fields.String(required=True)
    clock_off_seconds = fields.Integer(required=True, allow_none=True, metadata=CLOCK_OFF)
    warnings = fields.List(fields.Nested(DoseWarningSchema), required=True)


def _conditional(view: Callable[..., Response]) -> Callable[..., Response]:
    """Give a response an ETag of patient, day, language and request, for which only the token's row is read."""

    @wraps(view)
    def wrapper(*args: Any, **kwargs: Any) -> Response:
        headers = phone_headers(phone(), session().now, language())
        return unless_not_modified(headers, lambda: view(*args, **kwargs))

    return heeds("If-None-Match")(wrapper)


@blueprint.route("/me/today")
@patient
@blueprint.response(200, TodaysScreenSchema)
@_conditional
def get_today() -> Response:
    """Get today's screen: today's doses, those to catch up on, the visits that matter, contraception

    It fits into one answer of less than 1.5 KB, and changes by itself only at `changes_at`.
    """
    return answer(today.today_document(session(), phone()))


@blueprint.route("/me/calendar")
@patient
@_conditional
@blueprint.arguments(RangeQuery, location="query")
@blueprint.response(200, MyCalendarSchema)
def get_my_calendar(query: dict[str, Any]) -> Response:
    """Get the patient's calendar

    By default a week back and six weeks ahead; at most 800 days. The results of scans are left to the site to tell.
    """
    view = View(query.get("from_"), query.get("to"))
    return answer(today.calendar_document(session(), phone(), view))


@blueprint.route("/me/doses/<path:dose_id>", methods=["PUT"])
@patient
@blueprint.arguments(DoseConfirmationSchema)
@blueprint.response(200, DoseOutcomeSchema)
def record_dose(data: dict[str, Any], dose_id: str) -> Response:
    """Record a dose as taken or missed

    A dose of today or up to 7 days back, counted when it was said. The same content said at the same instant is
    recorded once.
    """
    said_at, sent_at = data.pop("said_at"), data.pop("sent_at")
    named = _dose(dose_id)
    return _keep(named, DoseRecorded(named.day, **data), said_at, sent_at)


@blueprint.route("/me/doses/<path:dose_id>", methods=["DELETE"])
@patient
@blueprint.arguments(WhenSaidSchema, location="query")
@blueprint.response(200, DoseOutcomeSchema)
def take_back_dose(query: dict[str, Any], dose_id: str) -> Response:
    """Take back what the patient said of a dose before

    All of it stays in the history. What the site recorded stands.
    """
    named = _dose(dose_id)
    return _keep(named, DoseTakenBack(named.day), query["said_at"], query["sent_at"])


@blueprint.route("/me/devices")
@patient
@produces(*TABLES)
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, listed(DeviceSchema, "MyDeviceList"))
def list_my_devices(query: dict[str, Any]) -> Response:
    """List the patient's devices

    Those whose session has ended included.
    """
    return devices_page(phone().patient_id, query)


@blueprint.route("/me/devices/<string:device_id>", methods=["DELETE"])
@patient
@blueprint.response(204)
def end_my_device(device_id: str) -> Response:
    """End the session of a device, this one or another

    Its tokens are no longer valid.
    """
    phones.end_device(session(), phone().patient_id, device_id)
    return Response(status=204)


def _keep(named: DoseId, body: DoseRecorded | DoseTakenBack, said_at: datetime, sent_at: datetime) -> Response:
    patient_id = phone().patient_id
    (when,) = doses.said(session(), patient_id, [said_at], sent_at)
    kept = doses.record_dose(session(), patient_id, named, body, when)
    off = round(when.off.total_seconds()) or None
    warnings = doses.dose_warnings(session(), patient_id, named, body, when) if isinstance(body, DoseRecorded) else []
    document = {
        "dose_id": kept.dose_id,
        "outcome": kept.outcome,
        "fact_id": kept.fact_id,
        "clock_off_seconds": off,
        "warnings": warnings,
    }
    return answer(document)


def _dose(text: str) -> DoseId:
    try:
        return parse_dose_id(text)
    except ValueError as error:
        raise ValidationFailed([FieldError("/dose_id", str(error), "malformed")]) from None
