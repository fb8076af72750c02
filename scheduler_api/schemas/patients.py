"""Schemas of a patient as others see one: visits, cycles, doses, deviations, the calendar."""

from __future__ import annotations

from scheduler_api.engine.model.facts import PART, UNSCHEDULED
from scheduler_api.engine.treatment.status import PATIENT_STATUSES
from scheduler_api.store.visits.visits import STATUSES
from scheduler_api.use_cases.session import ROLES

from .enrolments import BASES, FERTILITY
from .fields import Amount, Choice, CivilDate, DoseName, Instant, Strict, fields

RESPONSE = {"description": "One of the series' responses, such as CR, PR, SD, PD, NE", "example": "SD"}
_PLANNED = {"description": "The amount planned, only of a dose given at the site; null: still to be calculated"}
_GIVEN = {"description": "The amount that was given"}
DEVIATIONS = (
    "dose_missed",
    "dose_while_held",
    "dose_above_plan",
    "dose_amount",
    "dose_on_rest_day",
    "dose_not_planned",
    "dose_before_start",
    "dose_after_end",
    "dose_out_of_window",
    "visit_early",
    "visit_late",
    "visit_missed",
    "visit_after_end",
    "booking_out_of_window",
)
DOSE_STATUSES = ("taken", "held", "rest", "missed", "planned", "due", "unrecorded")


class AppliedProtocolSchema(Strict):
    """The protocol and the version that applies to a patient."""

    id = fields.String(required=True)
    version = fields.Integer(required=True)


class PatientSchema(Strict):
    """A patient as seen today."""

    patient_id = fields.String(required=True, metadata={"description": "Ours, opaque"})
    subject_number = fields.String(
        required=True, metadata={"description": "The trial's, unique in a protocol but for screen failures"}
    )
    site = fields.String(required=True)
    protocol = fields.Nested(
        AppliedProtocolSchema, required=True, metadata={"description": "The version that applies today"}
    )
    consented_on = CivilDate(required=True, allow_none=True)
    planned_enrolment_on = CivilDate(required=True, allow_none=True)
    enrolled_on = CivilDate(required=True, allow_none=True, metadata={"description": "Null: not enrolled"})
    planned_first_dose_on = CivilDate(required=True, allow_none=True)
    arm = fields.String(required=True, allow_none=True, metadata={"description": "The arm of the patient's today"})
    cohorts = fields.List(fields.String(), required=True, metadata={"description": "The cohorts of today"})
    sex = Choice("female", "male", required=True)
    fertility = Choice(*FERTILITY, required=True)
    basis = Choice(*BASES, required=True, allow_none=True)
    time_zone = fields.String(required=True)
    status = Choice(*PATIENT_STATUSES, required=True)
    version = fields.Integer(required=True, metadata={"description": "Goes up with every fact"})


class RecorderSchema(Strict):
    """Who recorded something."""

    role = Choice(*ROLES, "patient", required=True)
    name = fields.String(required=True, allow_none=True)


_STUDY_DAY = {
    "description": "Counted from C1D1, which is day 1; the day before is day -1. Null until treatment has begun",
    "example": 28,
}


class VisitSchema(Strict):
    """A visit: its window, both ends included, what happened to it, and why it is planned then.

    If the plan no longer has a visit that is booked, it has no window, and `because` says why. Nor has one more
    appointment for a visit, or one for no visit: it has a row, and a name, of its own.
    """

    visit = fields.String(
        required=True,
        metadata={
            "description": "Its name. That of one more `appointment` is its visit (or `unscheduled`), a dot, and the "
            "fact that made it",
            "example": "imaging-w6",
        },
    )
    series = fields.String(required=True)
    label = fields.String(required=True)
    target_on = CivilDate(
        required=True, allow_none=True, metadata={"description": "Null, as the window, if the plan has no such visit"}
    )
    opens_on = CivilDate(required=True, allow_none=True)
    closes_on = CivilDate(required=True, allow_none=True)
    status = Choice(*STATUSES, required=True)
    booked_on = CivilDate(required=True, allow_none=True, metadata={"description": "On the clock of the site"})
    booked_time = fields.String(required=True, allow_none=True, metadata={"description": "On the clock of the site"})
    booked_place = fields.String(required=True, allow_none=True)
    booked_at = Instant(
        required=True, allow_none=True, metadata={"description": "The instant of the booking; null without a time"}
    )
    booked_time_zone = fields.String(
        required=True, allow_none=True, metadata={"description": "The time zone of the site when it was booked"}
    )
    done_on = CivilDate(required=True, allow_none=True)
    days_off = fields.Integer(
        required=True, allow_none=True, metadata={"description": "Days outside the window; negative: early"}
    )
    assigned = Choice(
        "named",
        "window",
        "late",
        required=True,
        allow_none=True,
        metadata={"description": "How what was done was assigned; `late`: to be confirmed by naming the visit"},
    )
    response = fields.String(required=True, allow_none=True, metadata=RESPONSE)
    parts = fields.Integer(
        required=True, metadata={"description": "How many records the visit is made of; 0: not done", "example": 1}
    )
    provisional = fields.Boolean(required=True)
    appointment = Choice(
        PART,
        UNSCHEDULED,
        required=True,
        allow_none=True,
        metadata={
            "description": "Not null if this is no visit, but one more appointment: for a part of a visit, or one that "
            "belongs to no visit. `status`: `upcoming` before its day, `open` on it, `overdue` after it"
        },
    )
    because = fields.String(required=True)
    amount = Amount(allow_none=True, metadata=_PLANNED)
    given_amount = Amount(allow_none=True, metadata=_GIVEN)
    unit = fields.String(metadata={"description": "Of the amounts; only of a dose given at the site"})


class CalendarVisitSchema(VisitSchema):
    """A visit of a calendar or list; its study day is that on which it was done, else that of its target."""

    study_day = fields.Integer(required=True, allow_none=True, metadata=_STUDY_DAY)
    site = fields.String(
        required=True,
        allow_none=True,
        metadata={
            "description": "The site that has the patient on the day it was done, is booked for or due; null on a phone"
        },
    )


class ContraceptionSchema(Strict):
    """Through when contraception is required, and why; one of `through_on` and `earliest_through_on` is null."""

    status = Choice("not_required", "required", "released", required=True)
    from_on = CivilDate(required=True, allow_none=True)
    through_on = CivilDate(required=True, allow_none=True, metadata={"description": "The last day, included"})
    earliest_through_on = CivilDate(required=True, allow_none=True)
    provisional = fields.Boolean(required=True)
    because = fields.String(required=True)


class DoseAdherenceSchema(Strict):
    """Doses from C1D1 on; both ratios are null if nothing was planned.

    The intensity of several drugs together is null too.
    """

    planned = fields.Integer(required=True)
    taken = fields.Integer(required=True)
    missed = fields.Integer(required=True)
    unrecorded = fields.Integer(required=True)
    held = fields.Integer(required=True)
    adherence = fields.Float(required=True, allow_none=True)
    relative_dose_intensity = fields.Float(required=True, allow_none=True)


class RegimenAdherenceSchema(DoseAdherenceSchema):
    """The adherence to one of several regimens."""

    regimen = fields.String(required=True)
    drug = fields.String(required=True)


class AllAdherenceSchema(DoseAdherenceSchema):
    """The adherence to all regimens of a patient, and to each if there are several."""

    regimens = fields.List(fields.Nested(RegimenAdherenceSchema), metadata={"description": "If there are several"})


class DeviationSchema(Strict):
    """What differs between plan and record."""

    kind = Choice(*DEVIATIONS, required=True)
    on = CivilDate(required=True)
    visit = fields.String(required=True, allow_none=True)
    dose_on = CivilDate(required=True, allow_none=True)
    dose_id = DoseName(required=True, allow_none=True)
    planned = fields.String(
        required=True,
        metadata={"description": "An amount, a window, or words in the language of the answer", "example": "300 mg"},
    )
    actual = fields.String(
        required=True, allow_none=True, metadata={"description": "An amount, a day, or words; null: nothing was done"}
    )
    days_off = fields.Integer(required=True, allow_none=True)
    site = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "The site that had the patient on that day; null on a phone"},
    )


class TreatmentEndSchema(Strict):
    """The end of treatment as recorded."""

    last_dose_on = CivilDate(required=True, allow_none=True)
    decided_on = CivilDate(required=True)
    provisional = fields.Boolean(
        required=True, metadata={"description": "Whether the day of the last dose is not exactly known"}
    )
    reason = fields.String(required=True, allow_none=True, metadata={"description": "Null for the patient's phone"})


_LEAD_AMOUNT = {
    "description": "The planned amount of one intake (or dose at the site) of the lead regimen, whether or not there "
    "is a dose today: also on a rest day and on hold. What there is to take is in `doses`. Null while no regimen runs, "
    "and while the amount is to be calculated"
}
_LEAD_HELD = {"description": "Whether the lead regimen is held today"}


class TreatmentSchema(Strict):
    """Treatment as seen today. Cycle, amount and hold are of the lead regimen.

    That is the first of the protocol's regimens that has begun, is for the patient and runs today.
    """

    first_dose_on = CivilDate(
        required=True,
        allow_none=True,
        metadata={"description": "C1D1; planned while `provisional`; null before enrolment"},
    )
    last_dose_on = CivilDate(required=True, allow_none=True)
    ended = fields.Nested(TreatmentEndSchema, required=True, allow_none=True)
    cycle = fields.Integer(required=True, allow_none=True)
    cycle_day = fields.Integer(
        required=True, allow_none=True, metadata={"description": "Null also on a held day that does not count"}
    )
    amount = Amount(required=True, allow_none=True, metadata=_LEAD_AMOUNT)
    on_hold = fields.Boolean(required=True, metadata=_LEAD_HELD)
    because = fields.String(required=True)


class CycleSchema(Strict):
    """A cycle; `ends_on` is null while an open hold keeps it from ending."""

    number = fields.Integer(required=True)
    starts_on = CivilDate(required=True)
    ends_on = CivilDate(required=True, allow_none=True)
    status = Choice("completed", "current", "upcoming", required=True)
    provisional = fields.Boolean(required=True)
    because = fields.String(required=True)


#: What the pieces of a dose are.
PIECES = "The capsules that make the amount, largest first; none if nothing is planned, or no strengths can make it"


class PieceSchema(Strict):
    """How many capsules of a strength a dose consists of."""

    strength = Amount(required=True)
    count = fields.Integer(required=True)


class DoseDaySchema(Strict):
    """A dose of a day: the planned amount (null where nothing is planned), and the amount taken."""

    dose_id = DoseName(required=True)
    dose_on = CivilDate(required=True)
    study_day = fields.Integer(required=True, allow_none=True, metadata=_STUDY_DAY)
    cycle = fields.Integer(required=True, allow_none=True)
    cycle_day = fields.Integer(
        required=True, allow_none=True, metadata={"description": "Null also on a held day that does not count"}
    )
    amount = Amount(
        required=True,
        allow_none=True,
        metadata={"description": "Null on held and rest days, and while it is to be calculated for the patient"},
    )
    taken_amount = Amount(required=True, allow_none=True)
    unit = fields.String(required=True, metadata={"description": "Of the amounts and of strengths", "example": "mg"})
    status = Choice(*DOSE_STATUSES, required=True)
    drug = fields.String(required=True)
    pieces = fields.List(fields.Nested(PieceSchema), required=True, metadata={"description": PIECES})


class UnscheduledVisitSchema(Strict):
    """A visit that was done and belongs to no planned visit."""

    fact_id = fields.String(required=True, metadata={"description": "The fact that says so"})
    series = fields.String(required=True)
    done_on = CivilDate(required=True)
    study_day = fields.Integer(required=True, allow_none=True, metadata=_STUDY_DAY)
    visit = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "The visit named; `unscheduled` for an extra one"},
    )
    response = fields.String(required=True, allow_none=True)
    part = fields.Boolean(required=True)
    suggested_visit = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "The visit to come that this may have been, done early; it stays to do"},
    )
    given_amount = Amount(metadata=_GIVEN)
    unit = fields.String(metadata={"description": "Of the amount; only of a dose given at the site"})


class PatientCalendarSchema(Strict):
    """The calendar of one patient: lists meet `from`…`to`, the rest covers the whole history."""

    patient_id = fields.String(required=True, allow_none=True, metadata={"description": "Null in a preview"})
    protocol = fields.Nested(AppliedProtocolSchema, required=True)
    time_zone = fields.String(required=True)
    today = CivilDate(required=True)
    from_ = CivilDate(required=True, data_key="from")
    to = CivilDate(required=True)
    status = Choice(*PATIENT_STATUSES, required=True)
    provisional = fields.Boolean(required=True, metadata={"description": "No start of treatment is recorded"})
    treatment = fields.Nested(TreatmentSchema, required=True)
    cycles = fields.List(fields.Nested(CycleSchema), required=True)
    doses = fields.List(fields.Nested(DoseDaySchema), required=True)
    visits = fields.List(fields.Nested(CalendarVisitSchema), required=True)
    unscheduled = fields.List(fields.Nested(UnscheduledVisitSchema), required=True)
    contraception = fields.Nested(ContraceptionSchema, required=True)
    adherence = fields.Nested(AllAdherenceSchema, required=True)
    deviations = fields.List(fields.Nested(DeviationSchema), required=True)
