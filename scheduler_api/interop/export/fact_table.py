"""The table of facts: everything that was ever recorded, with what was corrected, by whom, when and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from scheduler_api.engine.model.facts import KINDS, PREGNANCY_OUTCOMES, Fact
from scheduler_api.use_cases.patients.exports import ExportedPatient
from scheduler_api.use_cases.session import ROLES

from .columns import Table, day, flag, instant, number, partial_day, text

_RECORD = (
    text("fact_id", "The fact", "3"),
    text("kind", "Its kind, which says what columns it has", "3", *KINDS),
    instant("recorded_at", "When the service received it", "3"),
    instant("said_at", "When it was said: for staff when it was recorded, on a phone perhaps before", "3"),
    instant("phone_said_at", "When it was said by the phone's own clock, right or wrong", "3"),
    instant("phone_sent_at", "When it was sent by the phone's own clock", "3"),
    instant("phone_taken_at", "When the dose was taken by the phone's own clock", "3"),
    flag("to_confirm", "It arrived so late that it counts for little until staff confirm it", "3"),
    text("recorded_by_role", "Role of whoever recorded it", "3", *ROLES, "patient"),
    text("recorded_by_name", "Name of the account that recorded it; empty for a patient", "3"),
    text("replaces", "The fact that it corrects", "3"),
    text("voided_by", "The fact that corrects or voids it; empty: it counts", "3"),
    text("correction_reason", "Why it corrects or voids another", "3"),
)

#: The field of a column that has another name, since each row begins with the subject number of today.
FIELD_OF = {"registered_number": "subject_number"}
#: One for each field that some kind of fact has.
DATA = (
    text("registered_number", "Subject number as it was registered with this fact", "3"),
    text("site", "Site: that registers, that has the patient from then on, or that is booked", "3"),
    text("protocol", "Protocol", "3"),
    number("version", "Version of the protocol", "9"),
    text("sex", "Sex", "3"),
    text("fertility", "Reproductive potential", "6"),
    text("basis", "Why not fertile; of progression: how it was found", "3"),
    text("time_zone", "Time zone of the patient; of a booking: of the site", "1"),
    day("consented_on", "Day of consent", "3"),
    day("planned_enrolment_on", "Day for which enrolment is planned", "3"),
    day("enrolled_on", "Day of enrolment", "3"),
    day("planned_first_dose_on", "Day for which the first dose is planned", "3"),
    text("arm", "Arm", "3"),
    text("cohort", "Cohort", "3"),
    flag("member", "Whether the patient is a member of the cohort", "3"),
    text("milestone", "Milestone", "2"),
    day("on", "Day of the arm, of the milestone, or of giving out, bringing back or losing drug", "3"),
    day("from_on", "First day from which it counts", "3"),
    day("first_dose_on", "Day of the first dose", "4"),
    day("dose_on", "Day of the dose", "4"),
    text("status", "What was said of the dose", "4", "taken", "missed"),
    number("amount", "Amount of one intake: taken, or planned from then on", "4", "of the regimen"),
    text("regimen", "Regimen; empty: the only one", "4"),
    number("slot", "Number among the doses of the day; empty: the only one", "4"),
    instant("taken_at", "When the dose was taken", "4"),
    text("note", "Note", "3"),
    text("regimens", "Regimens that are held, with semicolons between; empty: all", "4"),
    day("resumes_on", "First day of dosing again", "4"),
    flag("no_end", "By this correction the hold has no end any more", "3"),
    text("hold", "The fact that started the hold which it ends", "4"),
    text("confirmed", "What whoever recorded it was asked and confirmed, with semicolons between", "4"),
    number("times_a_day", "Intakes a day; empty: as the protocol has it", "4"),
    text("days", "Days of the cycle, with semicolons between; empty: as the protocol has it", "4"),
    text("reason", "Why: of a hold, a change of dose, an end", "3"),
    text("units", "Pieces of drug given out, brought back or lost: strength and number, with semicolons between", "14"),
    text("lost", "Of a return: pieces lost since the return before, written alike; empty: none", "14"),
    text("kit", "What is written on the bottle or kit", "14"),
    text("visit", "Visit", "5"),
    text("series", "Series of visits", "5"),
    day("booked_on", "Day for which the visit is booked; empty: the booking is cancelled", "5"),
    text("time", "Time of the booking, on the clock of the site", "5"),
    text("place", "Place of the booking", "5"),
    flag("part", "It is a part of a visit", "5"),
    day("done_on", "Day on which the visit was done", "5"),
    text("response", "Tumour response", "5"),
    flag("progression", "By the protocol the response means progression", "5"),
    flag("before_start", "A dose of a day before day 1, which starts no treatment", "4"),
    partial_day("progressed_on", "Day of progression, as written", "3"),
    partial_day("started_on", "Start of a new therapy, as written", "3"),
    partial_day("last_dose_on", "Last dose, as written; unknown: nobody knows it; empty: never dosed", "3"),
    partial_day("decided_on", "Decision to end treatment, as written", "3"),
    partial_day("ended_on", "End of the study, as written", "3"),
    text("contact_after", "Whether messages may go to the patient afterwards", "3", "stop", "continue"),
    day("reported_on", "Day on which a pregnancy was reported", "3"),
    text("of", "Whose pregnancy it is", "3", "patient", "partner"),
    day("closed_on", "Day on which the pregnancy was followed to its end", "3"),
    text("outcome", "Outcome of the pregnancy", "3", *PREGNANCY_OUTCOMES),
    text("voids", "The fact that is taken back", "3"),
)
_NAMES = tuple(column.name for column in DATA)


def _facts(patient: ExportedPatient) -> Iterator[Mapping[str, Any]]:
    for fact in patient.facts:
        data = {name: getattr(fact.body, FIELD_OF.get(name, name), None) for name in _NAMES}
        yield {**data, **_record(fact), "voided_by": patient.superseded.get(fact.fact_id)}


def _record(fact: Fact) -> dict[str, Any]:
    sent = fact.sent
    return {
        "fact_id": fact.fact_id,
        "kind": fact.kind,
        "recorded_at": fact.recorded_at,
        "said_at": fact.said_at,
        "phone_said_at": sent and sent.phone_said_at,
        "phone_sent_at": sent and sent.phone_sent_at,
        "phone_taken_at": sent and sent.phone_taken_at,
        "to_confirm": sent and sent.to_confirm,
        "recorded_by_role": fact.role,
        "recorded_by_name": fact.name,
        "replaces": fact.replaces,
        "correction_reason": fact.correction,
    }


FACT_TABLE = Table(
    "facts",
    "Every fact in the order in which it was received, corrected and voided ones included",
    (*_RECORD, *DATA),
    _facts,
)
