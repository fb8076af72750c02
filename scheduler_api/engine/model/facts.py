"""Define the kinds of fact and their data (rules, section 3), and their form as plain JSON data."""

from __future__ import annotations

import typing
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from functools import cache
from typing import Any

from scheduler_api.engine.dates import PartialDate, parse_partial_date

from .dose_log import Side

#: What the end of treatment says of a last dose that nobody knows.
UNKNOWN = "unknown"
#: A day of which perhaps only the month or the year is known (section 1).
When = date | PartialDate
Fertility = typing.Literal["fertile", "not_fertile"]
FEMALE_BASES = ("natural_menopause", "artificial_menopause", "sterilisation")
MALE_BASES = ("sterilisation",)
#: The reason of an end of the study that says that the patient did not fit the trial, and was never dosed in it.
SCREEN_FAILURE = "screen_failure"
UNSCHEDULED = "unscheduled"
"""Stands in a `visit_done` or a `visit_booked` in the place of a visit when it is an extra one."""
PART = "part"
"""Marks an appointment beside that of its visit: CT on one day, MRI on another."""
PATIENT, PARTNER = "patient", "partner"
"""Whose pregnancy it is."""
PREGNANCY_OUTCOMES = (
    "live_birth",
    "stillbirth",
    "miscarriage",
    "ectopic",
    "termination",
    "not_pregnant",
    "unknown",
)
"""How a pregnancy ended; `not_pregnant`: there was none."""


@dataclass(frozen=True, slots=True)
class Registered:
    """A patient is known to the trial, and is being screened for it; the days may be known later, or never."""

    subject_number: str
    site: str
    protocol: str
    version: int
    sex: str
    fertility: str
    basis: str | None
    time_zone: str
    consented_on: date | None = None
    planned_enrolment_on: date | None = None


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A patient joined the trial."""

    enrolled_on: date
    planned_first_dose_on: date
    arm: str | None = None


@dataclass(frozen=True, slots=True)
class SiteTransferred:
    """Another site has the patient from a day on (section 3)."""

    site: str
    from_on: date


@dataclass(frozen=True, slots=True)
class ArmAssigned:
    """The patient is in an arm of the trial from a day on."""

    arm: str
    on: date


@dataclass(frozen=True, slots=True)
class CohortChanged:
    """The patient is, or is no longer, a member of a cohort from a day on."""

    cohort: str
    member: bool
    from_on: date


@dataclass(frozen=True, slots=True)
class MilestoneReached:
    """A milestone that the protocol declares, or `randomisation`, is or will be reached on a day."""

    milestone: str
    on: date


@dataclass(frozen=True, slots=True)
class TreatmentStarted:
    """The first dose was taken: C1D1."""

    first_dose_on: date


@dataclass(frozen=True, slots=True)
class DoseRecorded:
    """A dose was taken or missed. `amount` is what was taken: fixed when the fact is received, None if missed.

    `regimen` and `slot` (its number among the doses of the day) are None where the protocol has only one of both.
    """

    dose_on: date
    status: str
    amount: float | None = None
    taken_at: datetime | None = None
    note: str | None = None
    regimen: str | None = None
    slot: int | None = None


@dataclass(frozen=True, slots=True)
class DoseTakenBack:
    """The patient takes back what was said on a phone of a dose, named as in `DoseRecorded`."""

    dose_on: date
    regimen: str | None = None
    slot: int | None = None


@dataclass(frozen=True, slots=True)
class HoldStarted:
    """Dosing of some regimens (None: of all) is held from a day on, until `resumes_on` if that day is already set.

    A correction without `resumes_on` keeps the end that was recorded, unless it says that there is `no_end` any more.
    """

    from_on: date
    reason: str | None = None
    resumes_on: date | None = None
    regimens: tuple[str, ...] | None = None
    no_end: bool = False


@dataclass(frozen=True, slots=True)
class HoldEnded:
    """An open hold ends; `resumes_on` is the first day of dosing again.

    `hold` is the fact that started it, None where only one is open.
    """

    resumes_on: date
    hold: str | None = None


@dataclass(frozen=True, slots=True)
class DoseChanged:
    """The planned amount of one intake from a day on, and how many intakes a day or on which days of the cycle.

    None leaves those as the protocol has them. `regimen` is None where the protocol has only one. `confirmed` are the
    codes of what is unusual about it and was confirmed.
    """

    from_on: date
    amount: float
    reason: str | None = None
    confirmed: tuple[str, ...] | None = None
    regimen: str | None = None
    times_a_day: int | None = None
    days: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class RegimenEnded:
    """One regimen ended while treatment goes on with others; its last dose may be known only by month or year."""

    regimen: str
    last_dose_on: When
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class DrugDispensed:
    """Some pieces were given to the patient: `units` are how many of each strength, which is written `50`.

    `regimen` is None where the protocol has only one; `kit` is what is written on the bottle or kit.
    """

    on: date
    units: Mapping[str, int]
    regimen: str | None = None
    kit: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class DrugReturned:
    """The patient brought back what was left, and it was counted; `lost` are pieces that were lost meanwhile."""

    on: date
    units: Mapping[str, int]
    lost: Mapping[str, int] | None = None
    regimen: str | None = None
    kit: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class DrugLost:
    """Some pieces were lost or destroyed, as was said between two returns."""

    on: date
    units: Mapping[str, int]
    regimen: str | None = None
    kit: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class VisitBooked:
    """A visit has a day; None cancels the booking.

    Day and time are on the clock of the site, whose zone is kept as it was when the visit was booked. A `part` is a
    further appointment of the visit; one for `UNSCHEDULED` belongs to no planned visit of its `series`. Both get a name
    of their own (`appointment_name`), which stands in the place of the visit when they are moved or cancelled.
    """

    visit: str
    booked_on: date | None
    time: str | None = None
    place: str | None = None
    site: str | None = None
    time_zone: str | None = None
    part: bool = False
    series: str | None = None

    @property
    def makes_appointment(self) -> bool:
        """Return whether it makes a further or an unscheduled appointment."""
        return self.part or self.visit == UNSCHEDULED


@dataclass(frozen=True, slots=True)
class VisitDone:
    """A visit took place, perhaps with a response.

    `visit` names it, or says that it was an extra one (`UNSCHEDULED`); None leaves that to the rules. A `part` belongs
    to a visit of which another part is, or will be, on record. `progression`: by the protocol, the response means that
    the disease progressed, which is fixed when the fact is received. So are, of a dose given at the site, the `amount`
    given, where nobody says it, and whether it is `before_start`: of a day before day 1, which starts no treatment.
    """

    series: str
    done_on: date
    visit: str | None = None
    response: str | None = None
    part: bool = False
    progression: bool = False
    amount: float | None = None
    before_start: bool = False


@dataclass(frozen=True, slots=True)
class Progressed:
    """The disease progressed."""

    progressed_on: When
    basis: str


@dataclass(frozen=True, slots=True)
class NewTherapyStarted:
    """Another anti-tumour therapy began."""

    started_on: When


@dataclass(frozen=True, slots=True)
class TreatmentEnded:
    """Treatment ended; `last_dose_on` None: no dose was ever taken. For death, `decided_on` is its date."""

    last_dose_on: When | typing.Literal["unknown"] | None
    decided_on: When
    reason: str


@dataclass(frozen=True, slots=True)
class StudyEnded:
    """The patient left the study; `contact_after` says whether messages may go to the patient afterwards."""

    ended_on: When
    reason: str
    contact_after: str | None = None


@dataclass(frozen=True, slots=True)
class FertilityChanged:
    """The patient's reproductive potential from a day on."""

    fertility: str
    basis: str | None
    from_on: date


@dataclass(frozen=True, slots=True)
class PregnancyReported:
    """A pregnancy was reported to the site: `of` the `patient`, or of a male patient's `partner` (section 6)."""

    reported_on: date
    of: str


@dataclass(frozen=True, slots=True)
class PregnancyClosed:
    """The pregnancy that is open was followed to its end."""

    closed_on: date
    outcome: str


@dataclass(frozen=True, slots=True)
class ProtocolAmended:
    """Another version of the protocol applies from a day on (section 9)."""

    version: int
    from_on: date


@dataclass(frozen=True, slots=True)
class TimeZoneChanged:
    """The patient's clock follows another IANA time zone from now on."""

    time_zone: str


@dataclass(frozen=True, slots=True)
class Voided:
    """A fact is taken back; `voids` is its id."""

    voids: str


Body = (
    Registered
    | Enrolled
    | SiteTransferred
    | ArmAssigned
    | CohortChanged
    | MilestoneReached
    | TreatmentStarted
    | DoseRecorded
    | DoseTakenBack
    | HoldStarted
    | HoldEnded
    | DoseChanged
    | RegimenEnded
    | DrugDispensed
    | DrugReturned
    | DrugLost
    | VisitBooked
    | VisitDone
    | Progressed
    | NewTherapyStarted
    | TreatmentEnded
    | StudyEnded
    | FertilityChanged
    | PregnancyReported
    | PregnancyClosed
    | ProtocolAmended
    | TimeZoneChanged
    | Voided
)

KINDS: Mapping[str, type[Body]] = {
    "registered": Registered,
    "enrolled": Enrolled,
    "site_transferred": SiteTransferred,
    "arm_assigned": ArmAssigned,
    "cohort_changed": CohortChanged,
    "milestone_reached": MilestoneReached,
    "treatment_started": TreatmentStarted,
    "dose_recorded": DoseRecorded,
    "dose_taken_back": DoseTakenBack,
    "hold_started": HoldStarted,
    "hold_ended": HoldEnded,
    "dose_changed": DoseChanged,
    "regimen_ended": RegimenEnded,
    "drug_dispensed": DrugDispensed,
    "drug_returned": DrugReturned,
    "drug_lost": DrugLost,
    "visit_booked": VisitBooked,
    "visit_done": VisitDone,
    "progressed": Progressed,
    "new_therapy_started": NewTherapyStarted,
    "treatment_ended": TreatmentEnded,
    "study_ended": StudyEnded,
    "fertility_changed": FertilityChanged,
    "pregnancy_reported": PregnancyReported,
    "pregnancy_closed": PregnancyClosed,
    "protocol_amended": ProtocolAmended,
    "time_zone_changed": TimeZoneChanged,
    "voided": Voided,
}
KIND_OF: Mapping[type[Body], str] = {body: kind for kind, body in KINDS.items()}
#: Kinds whose data has a `reason` of its own, so that a correction says why in `correction_reason`.
_HAVE_A_REASON = (HoldStarted, DoseChanged, RegimenEnded, TreatmentEnded, StudyEnded)


def correction_field(body: type[Body]) -> str:
    """Return the name of the field that says why a fact of a kind corrects another; its own `reason` is not that."""
    return "correction_reason" if issubclass(body, _HAVE_A_REASON) else "reason"


@dataclass(frozen=True, slots=True)
class Sent:
    """When a phone said something. Instants; those that begin with `phone` are as it sent them, by its own clock.

    `to_confirm`: it counts for little until staff confirm it (section 3).
    """

    said_at: datetime
    phone_said_at: datetime
    phone_sent_at: datetime
    phone_taken_at: datetime | None = None
    to_confirm: bool = False


@dataclass(frozen=True, slots=True)
class Fact:
    """One entry in a patient's log.

    `replaces` names the fact it corrects; `correction` says why it replaces or voids (then it is required).
    `recorded_at`, when it was received, is an instant with offset; `role`, `name` and `actor` (the id of a token or
    device) say who recorded it. `sent` says more of what a phone sent.
    """

    fact_id: str
    body: Body
    recorded_at: datetime
    role: str = "nurse"
    name: str | None = None
    replaces: str | None = None
    correction: str | None = None
    actor: str | None = None
    sent: Sent | None = None

    @property
    def said_at(self) -> datetime:
        """Return when it was said: for staff, when it was recorded."""
        return self.recorded_at if self.sent is None else self.sent.said_at

    @property
    def to_confirm(self) -> bool:
        """Return whether it counts for little until staff confirm it."""
        return self.sent is not None and self.sent.to_confirm

    @property
    def side(self) -> Side:
        """Return whose word it is."""
        return "patient" if self.role == "patient" else "staff"

    @property
    def kind(self) -> str:
        """Return the kind's name, as in section 3."""
        return KIND_OF[type(self.body)]

    @property
    def supersedes(self) -> str | None:
        """Return the id of the fact that this one replaces or voids, if any."""
        return self.body.voids if isinstance(self.body, Voided) else self.replaces


def appointment_name(visit: str, fact_id: str) -> str:
    """Return the name of a further or an unscheduled appointment: its visit, and the fact that first made it."""
    return f"{visit}.{fact_id}"


def is_appointment(name: str) -> bool:
    """Return whether a name is that of a further or an unscheduled appointment, not of a visit."""
    return "." in name


def visit_of(name: str) -> str:
    """Return the visit that an appointment is for: `UNSCHEDULED`, or the name of a visit, which may be given too."""
    return name.partition(".")[0]


def body_to_data(body: Body) -> dict[str, Any]:
    """Return the data of a fact as JSON values: dates and instants as text, fields at their default left out."""
    data = {}
    for name, default in _fields(KIND_OF[type(body)]):
        value = getattr(body, name)
        if value != default:
            data[name] = value.isoformat() if isinstance(value, date | PartialDate) else value
    return data


@cache
def _fields(kind: str) -> tuple[tuple[str, Any], ...]:
    """Return the fields of a kind's data, each with its default (`MISSING`, which no value equals, if it has none)."""
    return tuple((field.name, field.default) for field in fields(KINDS[kind]))


def body_from_data(kind: str, data: Mapping[str, Any]) -> Body:
    """Return the body of a fact from the data that `body_to_data` wrote.

    Raises KeyError, TypeError or ValueError on any other data.
    """
    values = dict(data)
    for name, convert in _conversions(kind):
        if values.get(name) is not None:
            values[name] = convert(values[name])
    return KINDS[kind](**values)


@cache
def _conversions(kind: str) -> tuple[tuple[str, Any], ...]:
    """Return the fields of a kind's data that JSON has in another form, each with what reads it."""
    found: list[tuple[str, Any]] = []
    for name, hint in typing.get_type_hints(KINDS[kind]).items():
        members = typing.get_args(hint) or (hint,)
        if any(typing.get_origin(member) is tuple for member in members):
            found.append((name, tuple))
        elif PartialDate in members:
            found.append((name, _read_when))
        elif datetime in members or date in members:
            found.append((name, (datetime if datetime in members else date).fromisoformat))
    return tuple(found)


def _read_when(text: str) -> When | str:
    return UNKNOWN if text == UNKNOWN else parse_partial_date(text)
