"""Schemas of facts, one for each kind of section 3 of the rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, ValidationError, post_load, validates_schema

from scheduler_api.engine.errors import CONFIRMED
from scheduler_api.engine.model.facts import (
    KINDS,
    PARTNER,
    PATIENT,
    PREGNANCY_OUTCOMES,
    SCREEN_FAILURE,
    Enrolled,
    HoldStarted,
    Registered,
    correction_field,
)
from scheduler_api.use_cases.patients.facts import NewFact

from .enrolments import (
    ARM,
    BASES,
    FERTILITY,
    PLANNED_FIRST_DOSE,
    RegisteredProtocolSchema,
    RegistrationSchema,
    enrolled_body,
    registered_body,
)
from .fields import (
    Amount,
    ByName,
    Choice,
    CivilDate,
    Clock,
    Flag,
    Instant,
    PartialCivilDate,
    Strict,
    Text,
    TimeZone,
    Whole,
    fields,
    validate,
)
from .patients import RESPONSE, RecorderSchema


class FactSchema(Strict):
    """The fields that every fact may have; the base of each kind's schema."""

    kind: Any
    replaces = Text(40, load_default=None, metadata={"description": "The fact that this one corrects"})

    @validates_schema(pass_original=True, skip_on_field_errors=False)
    def names_a_visit(self, data: dict[str, Any], given: Any, **kwargs: Any) -> None:
        """Require the series of a visit done, or the visit that is booked, unless several visits are named.

        Raises ValidationError.
        """
        needed = _NEEDED_WITHOUT_VISITS.get(given.get("kind"))
        if needed is not None and needed not in given and given.get("visits") is None:
            raise ValidationError({needed: [str(fields.Field.default_error_messages["required"])]})

    @post_load(pass_original=True)
    def fact(self, data: dict[str, Any], given: Any, **kwargs: Any) -> NewFact:
        """Return the fact to record."""
        kind, replaces = data.pop("kind"), data.pop("replaces", None)
        body = KINDS[kind]
        if body is HoldStarted and replaces is not None and given.get("resumes_on", data["from_on"]) is None:
            # Left out, the end stays; null takes it away.
            data["no_end"] = True
        correction = data.pop(correction_field(body), None)
        if body is Registered:
            protocol = data["protocol"]
            return NewFact(registered_body(data, protocol["id"], protocol["version"]), replaces, correction)
        if (needed := _NEEDED_WITHOUT_VISITS.get(kind)) is not None:
            visits = tuple(data.pop("visits") or ())
            return NewFact(body(**{needed: "", **data}), replaces, correction, visits=visits)
        for name in ("regimens", "days"):
            if data.get(name) is not None:
                data[name] = tuple(data[name])
        enrolled = enrolled_body(data) if body is Enrolled else None
        return NewFact(enrolled or body(**data), replaces, correction)


#: What is needed of the kinds that may name several visits, if they do not.
_NEEDED_WITHOUT_VISITS = {"visit_booked": "visit", "visit_done": "series"}
_PARTIAL = {"description": "The day, or only its month or year: 2024-05-20, 2024-05, 2024"}
_WHY = {"description": "Why it corrects or voids; required then"}


def _kind(name: str, **declared: Any) -> type[Strict]:
    """Build the schema of one kind: its data, and a reason for corrections under a name that its data leaves free."""
    need: dict[str, Any] = {"load_default": None}
    if name == "voided":
        need = {"required": True}
        declared["Meta"] = type("Meta", (Strict.Meta,), {"exclude": ("replaces",)})
    declared[correction_field(KINDS[name])] = Text(500, lines=True, metadata=_WHY, **need)
    declared["kind"] = Choice(name, required=True)
    camel = "".join(part.title() for part in name.split("_"))
    return type(f"{camel}Fact", (FactSchema,), {"__doc__": KINDS[name].__doc__, **declared})


def _several(description: str) -> fields.List:
    """Return the field with which one call names several visits."""
    metadata = {"description": description, "example": ["imaging-w6"]}
    return fields.List(Text(80), validate=validate.Length(1, 20), load_default=None, metadata=metadata)


_REGIMEN = Text(
    40,
    load_default=None,
    metadata={"description": "Needed if the protocol has several", "example": "surufatinib"},
)


def _units(least: int, description: str, **kwargs: Any) -> ByName:
    """Return the field of a count for each strength, at least so many strengths and so many pieces of each."""
    return ByName(Whole(least, 100_000), least, metadata={"description": description, "example": {"50": 120}}, **kwargs)


#: What facts about pieces of drug say beside how many.
_OF_DRUG: Mapping[str, Any] = {
    "regimen": _REGIMEN,
    "kit": Text(80, load_default=None, metadata={"description": "What is written on the bottle or kit"}),
    "note": Text(1000, lines=True, load_default=None),
}

_DATA: Mapping[str, Mapping[str, Any]] = {
    "registered": {
        **RegistrationSchema._declared_fields,
        "protocol": fields.Nested(RegisteredProtocolSchema, required=True),
    },
    "enrolled": {
        "enrolled_on": CivilDate(required=True),
        "planned_first_dose_on": CivilDate(metadata=PLANNED_FIRST_DOSE),
        "arm": ARM,
    },
    "site_transferred": {
        "site": Text(40, required=True, metadata={"description": "The site that has the patient from then on"}),
        "from_on": CivilDate(required=True),
    },
    "arm_assigned": {"arm": Text(40, required=True), "on": CivilDate(required=True)},
    "cohort_changed": {
        "cohort": Text(40, required=True),
        "member": Flag(required=True, metadata={"description": "false: no longer"}),
        "from_on": CivilDate(required=True),
    },
    "milestone_reached": {
        "milestone": Text(40, required=True, metadata={"description": "One that the protocol declares"}),
        "on": CivilDate(required=True, metadata={"description": "May lie ahead, unless it ends visits"}),
    },
    "treatment_started": {"first_dose_on": CivilDate(required=True)},
    "dose_recorded": {
        "dose_on": CivilDate(required=True),
        "status": Choice("taken", "missed", required=True),
        "amount": Amount(
            load_default=None, metadata={"description": "What was taken; by default what is planned on that day"}
        ),
        "taken_at": Instant(load_default=None),
        "note": Text(1000, lines=True, load_default=None),
        "regimen": _REGIMEN,
        "slot": Whole(
            1, 99, load_default=None, metadata={"description": "Which of the day's doses; by default the first"}
        ),
    },
    "hold_started": {
        "from_on": CivilDate(required=True),
        "resumes_on": CivilDate(
            load_default=None,
            metadata={
                "description": "If the end is already set. In a correction, left out it stays, and null takes it away"
            },
        ),
        "no_end": Flag(
            load_default=False,
            metadata={"description": "Of a correction: the hold has no end any more. `resumes_on: null` says the same"},
        ),
        "reason": Text(500, lines=True, load_default=None),
        "regimens": fields.List(
            Text(40),
            load_default=None,
            validate=validate.Length(1, 30),
            metadata={"description": "Those that are held; by default all", "example": ["surufatinib"]},
        ),
    },
    "hold_ended": {
        "resumes_on": CivilDate(required=True, metadata={"description": "First day of dosing again"}),
        "hold": Text(40, load_default=None, metadata={"description": "The fact of the hold, if several are open"}),
    },
    "dose_changed": {
        "from_on": CivilDate(required=True),
        "amount": Amount(required=True),
        "reason": Text(500, lines=True, load_default=None),
        "confirmed": fields.List(
            Choice(*CONFIRMED),
            load_default=None,
            metadata={"description": "What the sender was asked to confirm, and is sure of"},
        ),
        "regimen": _REGIMEN,
        "times_a_day": Whole(
            1,
            99,
            load_default=None,
            metadata={"description": "Fewer doses a day than the protocol has; by default those"},
        ),
        "days": fields.List(
            Whole(1, 366),
            load_default=None,
            validate=validate.Length(1, 366),
            metadata={"description": "Days of the cycle with a dose; by default the protocol's", "example": [1, 2, 3]},
        ),
    },
    "regimen_ended": {
        "regimen": Text(40, required=True, metadata={"description": "One, while treatment goes on with others"}),
        "last_dose_on": PartialCivilDate(required=True, metadata=_PARTIAL),
        "reason": Text(500, lines=True, load_default=None),
    },
    "drug_dispensed": {
        "on": CivilDate(required=True),
        "units": _units(1, "Pieces given to the patient, by strength", required=True),
        **_OF_DRUG,
    },
    "drug_returned": {
        "on": CivilDate(required=True),
        "units": _units(
            0,
            "Pieces that came back, by strength; none: all were used. What the patient keeps is dispensed again",
            required=True,
        ),
        "lost": _units(1, "Pieces that were lost since the return before", load_default=None),
        **_OF_DRUG,
    },
    "drug_lost": {
        "on": CivilDate(required=True),
        "units": _units(1, "Pieces that were lost or destroyed, by strength", required=True),
        **_OF_DRUG,
    },
    "visit_booked": {
        "visit": Text(
            80,
            metadata={
                "description": "Needed, unless `visits` says which. A visit; `unscheduled` for an appointment that "
                "belongs to no visit of its `series`; or the name of one more appointment, to move or cancel it",
                "example": "imaging-w6",
            },
        ),
        "visits": _several(
            "Several visits booked for one day, each of another series, in place of `visit`. A fact is recorded for "
            "each"
        ),
        "booked_on": CivilDate(required=True, allow_none=True, metadata={"description": "Null cancels"}),
        "time": Clock(load_default=None),
        "place": Text(200, load_default=None),
        "part": Flag(
            load_default=False,
            metadata={"description": "One more appointment for the visit: CT on one day, MRI on another"},
        ),
        "series": Text(40, load_default=None, metadata={"description": "Only with `unscheduled`: needed then"}),
    },
    "visit_done": {
        "series": Text(40, metadata={"description": "Needed, unless `visits` says which visits it was"}),
        "done_on": CivilDate(required=True),
        "visit": Text(
            80,
            load_default=None,
            metadata={
                "description": "Which visit it was; `unscheduled`: an extra one; left out: that in whose window it is",
                "example": "imaging-w6",
            },
        ),
        "visits": _several(
            "Several visits done on one day, each of another series, in place of `series` and `visit`. A fact is "
            "recorded for each; the response is of those that have one"
        ),
        "response": Text(12, load_default=None, metadata=RESPONSE),
        "part": Flag(
            load_default=False,
            metadata={"description": "One of several records of one visit: CT on one day, MRI on another"},
        ),
        "amount": Amount(
            load_default=None,
            metadata={"description": "What was given, if it is a dose at the site; left out: what was planned"},
        ),
    },
    "progressed": {
        "progressed_on": PartialCivilDate(required=True, metadata=_PARTIAL),
        "basis": Choice("radiological", "clinical", required=True),
    },
    "new_therapy_started": {"started_on": PartialCivilDate(required=True, metadata=_PARTIAL)},
    "treatment_ended": {
        "last_dose_on": PartialCivilDate(
            unknown=True,
            required=True,
            allow_none=True,
            metadata={
                "description": "The day, or month or year if no more is known; null if no dose was ever taken; "
                "`unknown` if nobody knows"
            },
        ),
        "decided_on": PartialCivilDate(required=True, metadata={"description": "For death, its date"}),
        "reason": Choice(
            "progression",
            "intolerance",
            "completed",
            "withdrawal",
            "pregnancy",
            "death",
            "physician_decision",
            "other",
            required=True,
        ),
    },
    "study_ended": {
        "ended_on": PartialCivilDate(
            required=True,
            metadata={"description": "The day; for death or loss to follow-up perhaps only month or year"},
        ),
        "contact_after": Choice(
            "stop",
            "continue",
            load_default=None,
            metadata={
                "description": "May messages go to the patient? By default not after `withdrawal` or `screen_failure`"
            },
        ),
        "reason": Choice(
            "completed",
            SCREEN_FAILURE,
            "death",
            "withdrawal",
            "lost_to_follow_up",
            "sponsor_decision",
            required=True,
        ),
    },
    "fertility_changed": {
        "fertility": Choice(*FERTILITY, required=True),
        "basis": Choice(*BASES, load_default=None, allow_none=True),
        "from_on": CivilDate(required=True),
    },
    "pregnancy_reported": {
        "reported_on": CivilDate(required=True, metadata={"description": "When the site heard of it"}),
        "of": Choice(
            PATIENT,
            PARTNER,
            required=True,
            metadata={"description": "`partner`: of a male patient; it changes none of his dates and messages"},
        ),
    },
    "pregnancy_closed": {
        "closed_on": CivilDate(required=True),
        "outcome": Choice(
            *PREGNANCY_OUTCOMES,
            required=True,
            metadata={"description": "`not_pregnant`: it turned out that there was none"},
        ),
    },
    "protocol_amended": {"version": Whole(1, 10_000, required=True), "from_on": CivilDate(required=True)},
    "time_zone_changed": {"time_zone": TimeZone(required=True)},
    "voided": {"voids": Text(40, required=True, metadata={"description": "The fact taken back"})},
}

FACTS: Mapping[str, Schema] = {name: _kind(name, **declared)() for name, declared in _DATA.items()}


class NewFactSchema(Strict):
    """A fact of any kind of section 3; which fields it has depends on `kind`."""

    def load(self, data: Any, *args: Any, **kwargs: Any) -> Any:
        """Return the fact to record. Raises ValidationError."""
        if not isinstance(data, dict):
            raise ValidationError({"_schema": ["Not an object."]})
        kind = data.get("kind")
        schema = FACTS.get(kind) if isinstance(kind, str) else None
        if schema is None:
            raise ValidationError({"kind": ["Missing." if kind is None else f"Not one of {', '.join(FACTS)}."]})
        return schema.load(data)


class NewFactField(fields.Nested):
    """A fact inside another document."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(NewFactSchema, **kwargs)

    def _load(self, value: Any, partial: Any = None) -> Any:
        return self.schema.load(value)


class SentByPhoneSchema(Strict):
    """What a phone sent with a fact, by its own clock, right or wrong; null for what staff recorded."""

    said_at = Instant(required=True)
    sent_at = Instant(required=True)
    taken_at = Instant(required=True, allow_none=True)
    to_confirm = fields.Boolean(required=True, metadata={"description": "Counts for little until staff confirm it"})


class RecordedFactSchema(Strict):
    """A recorded fact: its data, who recorded it and when, and whether it is still active."""

    class Meta(Strict.Meta):
        unknown = "include"

    fact_id = fields.String(required=True)
    kind = Choice(*KINDS, required=True)
    recorded_at = Instant(required=True)
    said_at = Instant(required=True, metadata={"description": "When it was said: on a phone, perhaps before"})
    sent = fields.Nested(SentByPhoneSchema, required=True, allow_none=True)
    recorded_by = fields.Nested(RecorderSchema, required=True)
    replaces = fields.String(required=True, allow_none=True)
    voided_by = fields.String(
        required=True, allow_none=True, metadata={"description": "The fact that replaced or voided this one"}
    )


def _columns() -> dict[str, fields.Field[Any]]:
    """Return the columns of a list of facts: what each has, then the fields of every kind."""
    columns = dict(RecordedFactSchema._declared_fields)
    for schema in FACTS.values():
        for name, field in schema.fields.items():
            # Of several visits, each has a fact of its own.
            if name not in ("kind", "replaces", "visits"):
                columns.setdefault(name, field)
    return columns


RecordedFactSchema.columns = _columns()


class NewlyRecordedFactSchema(RecordedFactSchema):
    """A fact as the response to its recording has it."""

    fact_id = fields.String(required=True, allow_none=True, metadata={"description": "Null in a dry run"})
    recorded_at = Instant(required=True, allow_none=True, metadata={"description": "Null in a dry run"})
    said_at = Instant(required=True, allow_none=True, metadata={"description": "Null in a dry run"})
