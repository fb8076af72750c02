"""Protocols and patients for tests of the engine. Days are written as text, as in the rules: `2024-01-03`."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import scheduler_api
from scheduler_api.engine.errors import ValidationFailed
from scheduler_api.engine.model.facts import Body, Enrolled, Fact, Registered, Sent, VisitBooked, Voided, body_from_data
from scheduler_api.engine.model.fold import extend, fold
from scheduler_api.engine.model.history import History
from scheduler_api.engine.model.protocol import Protocol
from scheduler_api.engine.protocol_file.parse import read_protocol
from scheduler_api.engine.reason import Reason
from scheduler_api.engine.recording.checks import first_errors, next_history
from scheduler_api.engine.recording.received import as_received
from scheduler_api.engine.views.calendar import PatientSchedule, calendar, today_view
from scheduler_api.engine.views.notices import notices
from scheduler_api.engine.views.warnings import displaced, warnings
from scheduler_api.engine.worklist.entry import WorklistEntry
from scheduler_api.i18n import ENGLISH, word

#: When facts arrive unless a test says otherwise: long after all that happens in the tests.
NOW = datetime(2027, 1, 1, 12, tzinfo=UTC)


#: Parts of a protocol beside its regimen and its visits.
DECLARED = (
    *("arms", "cohorts", "milestones", "contraception", "beyond_progression", "accountability_margin", "reminders"),
    "sources",
)


def day(text: str) -> date:
    """The civil date written `2024-01-03`."""
    return date.fromisoformat(text)


#: The arms of a trial that has two.
ARMS: list[dict[str, Any]] = [{"id": "a", "label": "Arm A"}, {"id": "b", "label": "Arm B"}]


@cache
def builtin() -> Protocol:
    """The built-in protocol of NCT06110650."""
    path = Path(scheduler_api.__file__).parent / "protocols" / "nct06110650.json"
    return read_protocol(json.loads(path.read_text("utf-8")))


def is_listed(entry: WorklistEntry, on: date) -> bool:
    """Return whether an entry is on the worklist of a day."""
    return entry.from_on <= on and (entry.through_on is None or on <= entry.through_on)


def series(name: str, anchor: Any = "enrolment", *, window: tuple[int, int] = (7, 7), **fields: Any) -> dict[str, Any]:
    """The data of one series of visits; it ends with the study unless `until` says otherwise."""
    before, after = window
    entry = {"series": name, "label": f"{name} {{n}}", "anchor": anchor}
    if name == "imaging":
        entry["responses"] = "RECIST 1.1"
    return {**entry, "window": {"before_days": before, "after_days": after}, **fields}


def regimen_data(amount: float = 300, levels: list[float] | None = None, **fields: Any) -> dict[str, Any]:
    """The data of a regimen: 300 mg a day in cycles of 21 days, unless said otherwise; `days` are those of a cycle."""
    if levels is None:
        levels = [level for level in (250, 200) if level < amount]
    if "days" in fields:
        fields["when"] = [{"days": fields.pop("days")}]
    drug = {"id": "surufatinib", "drug": "surufatinib", "route": "oral"}
    return {**drug, "dose": {"amount": amount, "unit": "mg", "levels": levels}, "cycle_days": 21, **fields}


def protocol_data(*visits: dict[str, Any], version: int = 1, months: int = 6, **fields: Any) -> dict[str, Any]:
    """The data of a protocol with these series of visits; what `DECLARED` does not name is its regimen's."""
    own = {name: fields.pop(name) for name in DECLARED if name in fields}
    contraception = [{"after_last_dose": {"months": months}}]
    regimens = [regimen_data(**fields)]
    return {
        **{"id": "test", "version": version, "regimens": regimens, "visits": list(visits)},
        **{"contraception": contraception, **own},
    }


def protocol(*visits: dict[str, Any], **rest: Any) -> Protocol:
    """The protocol that `protocol_data` describes."""
    return read_protocol(protocol_data(*visits, **rest))


def plain(value: Any) -> Any:
    """A document with its dates as text and its reasons in English, as a client reads it."""
    if isinstance(value, Reason):
        return word(value, ENGLISH)
    if isinstance(value, dict):
        return {key: plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [plain(entry) for entry in value]
    return value.isoformat() if isinstance(value, date) else value


def registration(**changes: Any) -> dict[str, Any]:
    """The data of a `registered`: a fertile woman in Shanghai on the built-in protocol."""
    return {
        "subject_number": "001",
        "site": "FUSCC",
        "protocol": "nct06110650",
        "version": 1,
        "sex": "female",
        "fertility": "fertile",
        "basis": None,
        "time_zone": "Asia/Shanghai",
        **changes,
    }


class Patient:
    """A patient enrolled on 2024-01-03 in Shanghai, female and fertile, whose facts arrive one after the other.

    Every fact passes the checks of the service; folding all facts again must give the history that grew fact by fact.
    """

    def __init__(self, *versions: Protocol, now: datetime = NOW, **enrolment: Any) -> None:
        first, *_ = protocols = versions or (builtin(),)
        self.versions = {version.version: version for version in protocols}
        data = registration(
            **{"protocol": first.id, "version": first.version, "enrolled_on": "2024-01-03", **enrolment}
        )
        of_enrolment = {name: data.pop(name, None) for name in ("enrolled_on", "planned_first_dose_on", "arm")}
        registered, enrolled = body_from_data("registered", data), None
        assert isinstance(registered, Registered)
        self.facts = [Fact("registration", registered, now)]
        if of_enrolment["enrolled_on"] is not None:
            of_enrolment["planned_first_dose_on"] = of_enrolment["planned_first_dose_on"] or of_enrolment["enrolled_on"]
            enrolled = body_from_data("enrolled", of_enrolment)
            assert isinstance(enrolled, Enrolled)
            self.facts.append(Fact("enrolment", enrolled, now))
        if errors := first_errors(self.versions, registered, enrolled, now):
            raise ValidationFailed(errors)
        self.history: History = fold(self.facts)
        self._before = self.history
        self._at_first = len(self.facts)
        #: The data of each fact as it was given, by the fact's id.
        self.given: dict[str, Body] = {}

    @classmethod
    def screened(cls, *versions: Protocol, **registration: Any) -> Patient:
        """A patient who is registered and not enrolled."""
        return cls(*versions, enrolled_on=None, **registration)

    @classmethod
    def treated(cls, *versions: Protocol, first_dose_on: str = "2024-01-05", **enrolment: Any) -> Patient:
        """The patient of the worked examples: first dose on 2024-01-05."""
        patient = cls(*versions, **enrolment)
        patient.record("treatment_started", first_dose_on=first_dose_on)
        return patient

    def record(self, kind: str, *, now: datetime = NOW, **data: Any) -> str:
        """Record a fact; its id."""
        return self._add(Fact(self._next_id(), body_from_data(kind, data), now), now)

    def correct(
        self, replaces: str, kind: str, *, now: datetime = NOW, why: str | None = "typing error", **data: Any
    ) -> str:
        """Record a fact that replaces another; its id."""
        body = body_from_data(kind, data)
        return self._add(Fact(self._next_id(), body, now, replaces=replaces, correction=why), now)

    def void(self, fact_id: str, *, now: datetime = NOW, why: str | None = "never happened") -> str:
        """Take a fact back; the id of the fact that says so."""
        return self._add(Fact(self._next_id(), Voided(fact_id), now, correction=why), now)

    def say(
        self,
        kind: str = "dose_recorded",
        *,
        said_at: datetime,
        now: datetime = NOW,
        to_confirm: bool = False,
        **data: Any,
    ) -> str:
        """Record what the patient said on a phone with a right clock; its id."""
        sent = Sent(said_at, said_at, now, to_confirm=to_confirm)
        fact_id, body = self._next_id(), body_from_data(kind, data)
        return self._add(Fact(fact_id, body, now, role="patient", sent=sent), now)

    def take(self, first: str, last: str | None = None, amount: float | None = None) -> None:
        """Record every day from `first` through `last` taken: as planned, or 300 mg where nothing is planned."""
        self._record_days("taken", first, last, amount=amount)

    def miss(self, first: str, last: str | None = None) -> None:
        """Record every day from `first` through `last` missed."""
        self._record_days("missed", first, last)

    def scan(self, done_on: str, visit: str | None = None, response: str | None = None) -> str:
        """Record tumour imaging done."""
        return self.record("visit_done", series="imaging", done_on=done_on, visit=visit, response=response)

    def end_treatment(
        self, last_dose_on: str | None, reason: str = "intolerance", decided_on: str | None = None
    ) -> str:
        """Record the end of treatment, decided on the day of the last dose unless said otherwise."""
        decided = decided_on or last_dose_on
        return self.record("treatment_ended", last_dose_on=last_dose_on, decided_on=decided, reason=reason)

    def targets(self, name: str, last: str = "2024-06-30", today: str = "2024-06-30") -> dict[str, str]:
        """The targets of the visits of a series through a day."""
        return self.on(today, last=last).targets(name)

    def on(self, today: str, first: str = "2023-11-01", last: str | None = None) -> Seen:
        """The calendar as seen on a day; of 800 days from `first` on unless `last` is given."""
        start = day(first)
        end = day(last) if last else start + timedelta(799)
        return Seen(calendar(self.versions, self.history, day(today), start, end))

    def view(self, today: str) -> dict[str, Any]:
        """The view of one day."""
        return plain(today_view(self.schedule(), day(today)))

    def notices(self, today: str) -> list[tuple[str, str | None, str]]:
        """What the patient needs to know on a day: code, what it is about, and the text."""
        schedule, on = self.schedule(), day(today)
        found = notices(schedule, on, schedule.treatment_plan.rows(on, on, on))
        return [(one.code, one.about, plain(one.detail)) for one in found]

    def schedule(self) -> PatientSchedule:
        """All that follows from the record."""
        return PatientSchedule(self.versions, self.history)

    def warned(self) -> list[dict[str, Any]]:
        """Return the warnings about the last fact."""
        fact, before, after = self.facts[-1], PatientSchedule(self.versions, self._before), self.schedule()
        found = [*warnings(after, fact.body, fact.said_at), *displaced(before, after, fact.body)]
        return [plain(one) for one in found]

    def _record_days(self, status: str, first: str, last: str | None, **data: Any) -> None:
        start, end = day(first), day(last or first)
        for number in range((end - start).days + 1):
            on = start + timedelta(number)
            said = data
            if status == "taken" and data["amount"] is None:
                first = self.schedule().treatment_plan.first_of(on)
                said = {"amount": 300} if first is None or first.planned_on(on) is None else data
            self.record("dose_recorded", dose_on=on.isoformat(), status=status, **said)

    def _next_id(self) -> str:
        return f"fact-{len(self.facts) - self._at_first + 1}"

    def _add(self, fact: Fact, now: datetime) -> str:
        before = self._before = self.history
        self.given[fact.fact_id] = fact.body
        body = as_received(fact.body, self.schedule().treatment_plan, fact.replaces)
        if isinstance(body, VisitBooked) and body.booked_on is not None:
            body = replace(body, site=before.site_on(body.booked_on))
        fact = replace(fact, body=body)
        self.history = next_history(self.versions, before, self.facts, fact, now)
        self.facts.append(fact)
        if fact.supersedes is None:
            assert extend(before, fact) == self.history
        assert fold(self.facts) == self.history
        return fact.fact_id


class Seen:
    """A calendar document with its dates as text, and ways to look things up in it."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document: dict[str, Any] = plain(document)
        self.visits = {row["visit"]: row for row in self.document["visits"]}
        self.doses = {row["dose_on"]: row for row in self.document["doses"]}
        self.cycles = {row["number"]: row for row in self.document["cycles"]}

    def __getitem__(self, part: str) -> Any:
        return self.document[part]

    def window(self, visit: str) -> tuple[str, str, str]:
        """When a visit opens, its target, and when it closes."""
        row = self.visits[visit]
        return row["opens_on"], row["target_on"], row["closes_on"]

    def status(self, thing: str) -> str:
        """The status of a dose day or of a visit."""
        return str((self.doses if thing in self.doses else self.visits)[thing]["status"])

    def place(self, dose_on: str) -> tuple[int | None, int | None]:
        """Cycle and cycle day of a dose day."""
        row = self.doses[dose_on]
        return row["cycle"], row["cycle_day"]

    def deviations(self, *kinds: str) -> list[tuple[str, str]]:
        """Kind and day of the deviations, of these kinds only if any are named."""
        return [(row["kind"], row["on"]) for row in self.document["deviations"] if not kinds or row["kind"] in kinds]

    def targets(self, name: str) -> dict[str, str]:
        """The targets of the visits of a series, by visit."""
        return {row["visit"]: row["target_on"] for row in self.document["visits"] if row["series"] == name}


def patient_with(*visits: dict[str, Any], **dosing: Any) -> Patient:
    """The patient of the worked examples, on a protocol with these series of visits."""
    return Patient.treated(protocol(*visits, **dosing))


def start_of(patient: Patient) -> date:
    """The day from which days are counted: enrolment, or the first day known of a patient who is not enrolled."""
    return patient.history.enrolled_on or patient.history.enrolment_on or day("2024-01-03")
