"""`/v1/me`: what a patient's phone asks and says. Its token reaches nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from functools import wraps
from typing import Any, cast

from flask import Response, g
from marshmallow import ValidationError

from scheduler_api.engine.dates import civil_date, parse_date
from scheduler_api.engine.facts import DoseRecorded
from scheduler_api.engine.faults import Fault, Impossible
from scheduler_api.records import doses, phones, sync, today
from scheduler_api.records.calendars import View

from .activation import DeviceSchema, devices_page
from .conditions import patient_tag, unless_known
from .fields import Choice, CivilDate, Instant, Mg, Strict, Text, fields, validate
from .language import language
from .pages import PageQuery
from .parsing import ResourceBlueprint, faults_of
from .problems import Problem, ProblemSchema
from .requests import answer, session
from .shapes import DOSE_STATUSES, PHASES, CalendarSchema, ContraceptionSchema, RangeQuery, VisitSchema, listed

_CLIENT_ID = re.compile(r"^[A-Za-z0-9_-]{1,64}$", re.ASCII)

blueprint = ResourceBlueprint("me", __name__, description="The patient's phone")


class CycleDaySchema(Strict):
    """Where the patient stands in the cycle."""

    number = fields.Integer(required=True)
    day = fields.Integer(required=True)
    of_days = fields.Integer(required=True)


class TodaysDoseSchema(Strict):
    """Today's dose."""

    dose_on = CivilDate(required=True)
    status = Choice(*DOSE_STATUSES, required=True)
    dose_mg = Mg(required=True)
    drug = fields.String(required=True)
    remind_at = Instant(required=True)


class TodayVisitSchema(VisitSchema):
    """The visit of a series that matters today."""

    class Meta(Strict.Meta):
        fields = today.SHOWN


class TodaySchema(Strict):
    """The one screen of a patient's phone."""

    today = CivilDate(required=True)
    time_zone = fields.String(required=True)
    phase = Choice(*PHASES, required=True)
    cycle = fields.Nested(CycleDaySchema, required=True, allow_none=True)
    dose = fields.Nested(TodaysDoseSchema, required=True, allow_none=True)
    unrecorded = fields.List(CivilDate(), required=True, metadata={"description": "Days of the last 7 nobody recorded"})
    visits = fields.List(fields.Nested(TodayVisitSchema), required=True)
    contraception = fields.Nested(ContraceptionSchema, required=True)
    changes_at = Instant(required=True, metadata={"description": "When this changes by itself: the next midnight"})


class DoseSchema(Strict):
    """What a patient says of a day."""

    status = Choice("taken", "missed", required=True)
    dose_mg = Mg(load_default=None, metadata={"description": "The day's total; by default as planned"})
    taken_at = Instant(load_default=None)
    note = Text(1000, lines=True, load_default=None)


class KeptSchema(Strict):
    """What came of it. `site_record_stands`: kept in the history, but the site recorded that day otherwise."""

    outcome = Choice("recorded", "already_recorded", "site_record_stands", required=True)
    fact_id = fields.String(required=True, allow_none=True)


class QueuedSchema(Strict):
    """What every queued fact has: the phone's own id for it, and when the phone recorded it, with its offset."""

    client_id = Text(64, required=True, pattern=_CLIENT_ID.pattern)
    recorded_at = Instant(required=True)


class QueuedDoseSchema(QueuedSchema, DoseSchema):
    """A day recorded while offline."""

    kind = Choice("dose_recorded", required=True)
    dose_on = CivilDate(required=True)


class QueuedTakingBackSchema(QueuedSchema):
    """A day's record taken back while offline."""

    kind = Choice("dose_taken_back", required=True)
    dose_on = CivilDate(required=True)


class QueuedTimeZoneSchema(QueuedSchema):
    """The patient lives by another time zone."""

    kind = Choice("time_zone_changed", required=True)
    time_zone = Text(60, required=True)


QUEUED: Mapping[str, Strict] = {
    "dose_recorded": QueuedDoseSchema(),
    "dose_taken_back": QueuedTakingBackSchema(),
    "time_zone_changed": QueuedTimeZoneSchema(),
}


class SyncSchema(Strict):
    """What the phone queued, in its order, and how far it has seen the history (0: nothing)."""

    cursor = fields.Integer(required=True, strict=True, validate=validate.Range(0, 1_000_000_000))
    facts = fields.List(fields.Raw(metadata={"type": "object"}), load_default=list, validate=validate.Length(max=500))


class OutcomeSchema(Strict):
    """What came of one queued fact; `problem` only if it was refused."""

    client_id = fields.String(required=True)
    outcome = Choice("recorded", "already_recorded", "site_record_stands", "refused", required=True)
    fact_id = fields.String(required=True, allow_none=True)
    problem = fields.Nested(ProblemSchema, required=True, allow_none=True)


class ChangeSchema(Strict):
    """A fact as a phone is told of it: days and amounts."""

    fact_id = fields.String(required=True)
    kind = fields.String(required=True)
    recorded_at = Instant(required=True)
    by = Choice("patient", "site", required=True)
    replaces = fields.String(required=True, allow_none=True)
    data = fields.Dict(required=True)


class SyncedSchema(Strict):
    """What came of each, what changed since the cursor, the new cursor, and today as it is now."""

    outcomes = fields.List(fields.Nested(OutcomeSchema), required=True)
    changes = fields.List(fields.Nested(ChangeSchema), required=True)
    cursor = fields.Integer(required=True)
    today = fields.Nested(TodaySchema, required=True)


def _phone() -> phones.Phone:
    return cast(phones.Phone, g.phone)


def _conditional(view: Callable[..., Response]) -> Callable[..., Response]:
    """An ETag of patient, day, language and question: nothing was read for it but the token."""

    @wraps(view)
    def wrapper(*args: Any, **kwargs: Any) -> Response:
        phone, spoken = _phone(), language()
        day = civil_date(session().now, phone.time_zone)
        left = int((today.changes_at(day, phone.time_zone) - session().now).total_seconds())
        headers = {
            # The address is the same for all patients, the answer is not.
            "ETag": patient_tag(phone.version, day, f"{phone.patient_id} {spoken}"),
            # Good until midnight without a network, but asked for anew with one: a hold must reach the patient at once.
            "Cache-Control": f"private, no-cache, max-age={left}",
            "Vary": "Accept-Language",
            "Content-Language": spoken,
        }
        return unless_known(headers, lambda: view(*args, **kwargs))

    return wrapper


@blueprint.route("/me/today")
@blueprint.response(200, TodaySchema)
@_conditional
def show_today() -> Response:
    """The one screen: today's dose, days to catch up on, the visits that matter, contraception"""
    return answer(today.today_document(session(), _phone().patient_id, language()))


@blueprint.route("/me/calendar")
@_conditional
@blueprint.arguments(RangeQuery, location="query")
@blueprint.response(200, CalendarSchema)
def show_calendar(query: dict[str, Any]) -> Response:
    """The patient's calendar

    By default a week back and six weeks ahead; at most 800 days. What a scan showed is left to the site to tell.
    """
    view = View(query.get("from_"), query.get("to"))
    return answer(today.calendar_document(session(), _phone().patient_id, view, language()))


@blueprint.route("/me/doses/<string:dose_on>", methods=["PUT"])
@blueprint.arguments(DoseSchema)
@blueprint.response(200, KeptSchema)
def record_dose(data: dict[str, Any], dose_on: str) -> Response:
    """Record a day as taken or missed

    Today or up to 7 days back. The same again changes nothing.
    """
    return answer(_kept(doses.record_day(session(), _phone().patient_id, DoseRecorded(_day(dose_on), **data))))


@blueprint.route("/me/doses/<string:dose_on>", methods=["DELETE"])
@blueprint.response(200, KeptSchema)
def take_back_dose(dose_on: str) -> Response:
    """Take the patient's own record of a day back; it stays in the history, voided"""
    return answer(_kept(doses.take_back_day(session(), _phone().patient_id, _day(dose_on))))


@blueprint.route("/me/sync", methods=["POST"])
@blueprint.arguments(SyncSchema)
@blueprint.response(200, SyncedSchema)
def synchronise(data: dict[str, Any]) -> Response:
    """Send what was queued offline, each exactly once by `client_id`, and get what changed"""
    queued = [_queued(content) for content in _named(data["facts"])]
    synced = sync.sync(session(), _phone().patient_id, data["cursor"], queued)
    for outcome in synced.outcomes:
        if (problem := outcome["problem"]) is not None:
            outcome["problem"] = Problem(problem["status"], "It was not recorded.", problem["faults"]).document()
    document = {
        "outcomes": synced.outcomes,
        "changes": synced.changes,
        "cursor": synced.cursor,
        "today": today.today_document(session(), _phone().patient_id, language()),
    }
    return answer(document, headers={"Content-Language": language()})


@blueprint.route("/me/devices")
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, listed(DeviceSchema, "MyDeviceList"))
def my_devices(query: dict[str, Any]) -> Response:
    """List the patient's devices"""
    return devices_page(_phone().patient_id, query)


@blueprint.route("/me/devices/<string:device_id>", methods=["DELETE"])
@blueprint.response(204)
def end_my_device(device_id: str) -> Response:
    """End the session of a device, this one or another"""
    phones.end_device(session(), _phone().patient_id, device_id)
    return Response(status=204)


def _kept(kept: doses.Kept) -> dict[str, Any]:
    return {"outcome": kept.outcome, "fact_id": kept.fact_id}


def _day(text: str) -> date:
    try:
        return parse_date(text)
    except ValueError as error:
        raise Impossible([Fault("/dose_on", str(error))]) from None


def _named(queued: list[Any]) -> list[Any]:
    """What was queued. Raises Impossible if something has no id: nobody could be told what came of it."""
    ids = [content.get("client_id") if isinstance(content, dict) else None for content in queued]
    bad = [i for i, client_id in enumerate(ids) if not (isinstance(client_id, str) and _CLIENT_ID.fullmatch(client_id))]
    if bad:
        detail = "Missing, or not 1 to 64 letters, digits, - and _."
        raise Impossible(Fault(f"/facts/{number}/client_id", detail) for number in bad)
    return queued


def _queued(content: dict[str, Any]) -> sync.Sent:
    """A queued fact, read; what is wrong with it is its own outcome."""
    client_id = content["client_id"]
    kind = content.get("kind")
    kind = kind if isinstance(kind, str) else ""
    schema = QUEUED.get(kind)
    if schema is None:
        return sync.Sent(client_id, content, None, [Fault("/kind", f"Not one of {', '.join(QUEUED)}.")])
    try:
        data = schema.load(content)
    except ValidationError as error:
        return sync.Sent(client_id, content, None, list(faults_of(error.messages)))
    return sync.Sent(client_id, content, _keeping(kind, data))


def _keeping(kind: str, data: dict[str, Any]) -> Any:
    if kind == "time_zone_changed":
        return sync.time_zone_changed(data["time_zone"])
    if kind == "dose_taken_back":
        return sync.dose_taken_back(data["dose_on"], data["recorded_at"])
    body = DoseRecorded(data["dose_on"], data["status"], data["dose_mg"], data["taken_at"], data["note"])
    return sync.dose_recorded(body, data["recorded_at"])
