"""`/v1/me/reminders` and `/v1/sites/{site}/reminders`: how patients and sites want to be reminded."""

from __future__ import annotations

from typing import Any

from flask import Response
from marshmallow import ValidationError

from scheduler_api.api.http.conditions import phone_headers, unless_not_modified
from scheduler_api.api.http.language import language
from scheduler_api.api.http.operation import COORDINATORS, RECORDERS, heeds, patient, staff
from scheduler_api.api.http.parsing import ResourceBlueprint
from scheduler_api.api.http.requests import answer, phone, session
from scheduler_api.engine.reminders.kinds import KINDS, SAFE_TO_SWITCH_OFF, STOPPABLE
from scheduler_api.i18n import LANGUAGES
from scheduler_api.schemas.fields import Choice, CivilDate, Clock, Instant, Strict, Text, Whole, fields
from scheduler_api.use_cases.projections import stored_preferences
from scheduler_api.use_cases.reminders import reminders

blueprint = ResourceBlueprint("reminder preferences", __name__, description="How to be reminded")


class QuietHoursSchema(Strict):
    """Hours in which nothing is sent: from a time up to, not including, another. They may span midnight."""

    from_ = Clock(required=True, data_key="from")
    to = Clock(required=True)


class Flag(fields.Boolean):
    """True or false, and nothing that could pass for one."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise ValidationError("Not true or false.")
        return value


def _each_once(names: list[str]) -> None:
    if len(set(names)) < len(names):
        raise ValidationError("One is named twice.")


def _some(*choices: str, description: str) -> Any:
    metadata = {"description": description, "uniqueItems": True}
    return fields.List(Choice(*choices), validate=_each_once, metadata=metadata)


def _quiet() -> Any:
    description = "By default 22:00 to 07:00; null for none"
    return fields.Nested(QuietHoursSchema, allow_none=True, metadata={"description": description})


class PatientReminderPreferencesSchema(Strict):
    """Says how a patient wants to be reminded. What is left out stays as it is; at first it is as by default."""

    times = fields.List(
        Clock(),
        metadata={
            "description": "When to be reminded of each dose of a day, local time, at least 4 hours apart; none: as by "
            "default, which for one dose a day is 20:00",
            "example": ["20:00"],
        },
    )
    again_after_minutes = Whole(
        5, 720, allow_none=True, metadata={"description": "Once more if nothing is recorded; by default 60, null: not"}
    )
    channels = _some(*stored_preferences.CHANNELS, description="How to be reached, of what there is; by default all")
    language = Choice(*LANGUAGES, metadata={"description": "Of the texts; by default English"})
    quiet = _quiet()
    off = _some(*KINDS, description=f"Not to be sent: some of {', '.join(SAFE_TO_SWITCH_OFF)}; by default none")
    show_drug = Flag(metadata={"description": "Whether a lock screen may show drug and disease; by default not"})


class ShownReminderPreferencesSchema(PatientReminderPreferencesSchema):
    """Shows how a patient is reminded."""

    again_at = fields.List(
        Clock(allow_none=True),
        required=True,
        metadata={
            "description": "When the second reminder of each dose comes; null: none does, since the patient wants "
            "none, or quiet hours, midnight or the next dose come before it",
            "example": ["21:00"],
        },
    )


class SiteReminderPreferencesSchema(Strict):
    """What a site wants to hear of. What is left out is as by default."""

    digest = Clock(metadata={"description": "When the digest of the day comes, the site's time; by default 08:00"})
    quiet = _quiet()
    off = _some(*KINDS, description="What neither the site nor its patients are sent; by default none")


class StoppedMessagesSchema(Strict):
    """Says which messages to one patient the site stopped: all, or some kinds. What is left out goes on."""

    all = Flag(load_default=False, metadata={"description": "Whether no message at all goes to the patient"})
    kinds = _some(*STOPPABLE, description="The kinds that do not go to this patient; by default none")
    reason = Text(500, load_default=None, allow_none=True, metadata={"description": "For the audit trail"})


class SnoozeSchema(Strict):
    """In how many minutes to be reminded again."""

    minutes = Whole(5, 720, required=True)


class SnoozedReminderSchema(Strict):
    """The reminder that was put off, and until when."""

    kind = Choice("dose_due", "dose_again", required=True)
    dose_on = CivilDate(required=True)
    put_off_until = Instant(required=True)


@blueprint.route("/me/reminders")
@patient
@heeds("If-None-Match")
@blueprint.response(200, ShownReminderPreferencesSchema)
def get_my_reminders() -> Response:
    """Get how the patient wants to be reminded

    What the patient chose; until then what the site and the protocol say.
    """
    headers = phone_headers(phone(), session().now, language())
    return unless_not_modified(headers, lambda: answer(reminders.patient_preferences(session(), phone().patient_id)))


@blueprint.route("/me/reminders", methods=["PATCH"])
@patient
@blueprint.arguments(PatientReminderPreferencesSchema)
@blueprint.response(200, ShownReminderPreferencesSchema)
def set_my_reminders(data: dict[str, Any]) -> Response:
    """Change how the patient wants to be reminded

    This changes what it names and leaves the rest. Planned messages change at once.
    """
    return answer(reminders.change_patients(session(), phone().patient_id, _as_stored(data)))


@blueprint.route("/me/reminders/snooze", methods=["POST"])
@patient
@blueprint.arguments(SnoozeSchema)
@blueprint.response(200, SnoozedReminderSchema)
def snooze_reminder(data: dict[str, Any]) -> Response:
    """Be reminded of today's dose later

    Once for each reminder, never past midnight; it takes the place of the second reminder.
    """
    return answer(reminders.put_off(session(), phone().patient_id, data["minutes"]))


@blueprint.route("/patients/<string:patient_id>/messages")
@staff()
@blueprint.response(200, StoppedMessagesSchema)
def get_stopped_messages(patient_id: str) -> Response:
    """Get which messages to a patient the site stopped

    None, unless the site said so.
    """
    return answer(reminders.stopped_messages(session(), patient_id))


@blueprint.route("/patients/<string:patient_id>/messages", methods=["PUT"])
@staff(RECORDERS)
@blueprint.arguments(StoppedMessagesSchema)
@blueprint.response(200, StoppedMessagesSchema)
def set_stopped_messages(data: dict[str, Any], patient_id: str) -> Response:
    """Stop the messages to a patient, or some kinds of them

    This replaces what was stopped before; an empty body lets all messages go on. Messages that wait are withdrawn.
    """
    return answer(reminders.stop_messages(session(), patient_id, {**stored_preferences.STOPPED, **data}))


@blueprint.route("/sites/<string:site>/reminders")
@staff()
@blueprint.response(200, SiteReminderPreferencesSchema)
def get_site_reminders(site: str) -> Response:
    """Get which messages a site wants, and when

    What the site chose; until then the defaults.
    """
    return answer(reminders.site_preferences(session(), site))


@blueprint.route("/sites/<string:site>/reminders", methods=["PUT"])
@staff(COORDINATORS)
@blueprint.arguments(SiteReminderPreferencesSchema)
@blueprint.response(200, SiteReminderPreferencesSchema)
def set_site_reminders(data: dict[str, Any], site: str) -> Response:
    """Say what a site wants to hear of, and when

    Only for a coordinator or an admin. This replaces all earlier preferences.
    """
    return answer(reminders.change_sites(session(), site, _with_defaults(data, stored_preferences.SITES)))


def _with_defaults(data: dict[str, Any], default: dict[str, Any]) -> dict[str, Any]:
    """Return the preferences with defaults for what was left out, as they are stored."""
    return {**default, **_as_stored(data)}


def _as_stored(data: dict[str, Any]) -> dict[str, Any]:
    """Return preferences as they are stored."""
    if (quiet := data.get("quiet")) is not None:
        return {**data, "quiet": {"from": quiet["from_"], "to": quiet["to"]}}
    return data
