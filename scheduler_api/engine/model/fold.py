"""Fold facts, corrections and voids into a history (rules, section 3)."""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from operator import attrgetter
from typing import NamedTuple, assert_never

from scheduler_api.engine.dates import PartialDate, civil_date

from .dose_log import DoseLog, LateWord, Word, log_name
from .facts import (
    SCREEN_FAILURE,
    UNKNOWN,
    ArmAssigned,
    CohortChanged,
    DoseChanged,
    DoseRecorded,
    DoseTakenBack,
    DrugDispensed,
    DrugLost,
    DrugReturned,
    Enrolled,
    Fact,
    FertilityChanged,
    HoldEnded,
    HoldStarted,
    MilestoneReached,
    NewTherapyStarted,
    PregnancyClosed,
    PregnancyReported,
    Progressed,
    ProtocolAmended,
    RegimenEnded,
    Registered,
    SiteTransferred,
    StudyEnded,
    TimeZoneChanged,
    TreatmentEnded,
    TreatmentStarted,
    VisitBooked,
    VisitDone,
    Voided,
    When,
    appointment_name,
    is_appointment,
)
from .history import History
from .records import (
    Amendment,
    ArmChange,
    Booking,
    CohortChange,
    DoneVisit,
    DoseChange,
    DrugCount,
    EndOfStudy,
    EndOfTreatment,
    FertilityChange,
    Hold,
    MilestoneDay,
    PregnancyReport,
    RegimenEnd,
    ReportedDay,
    Transfer,
)

#: The reasons to leave the study after which nothing goes to the patient, unless the site says otherwise.
STOP_CONTACT = ("withdrawal", SCREEN_FAILURE)


def fold(facts: Iterable[Fact]) -> History:
    """Fold all facts of one patient, in the order they were received, into a history (section 3).

    Raises ValueError when there is no active registration.
    """
    facts = list(facts)
    resolved = _resolve(facts)
    superseded = resolved.superseded
    active = [fact for fact in facts if fact.fact_id not in superseded]
    places = _as_known(facts)
    known_since = {fact_id: facts[place].recorded_at for fact_id, place in places.items()}
    booked = _booked(facts)
    folding = _Folding(known_since=known_since, booked=booked)
    # A corrected registration counts from the beginning.
    voided = {fact.body.voids for fact in facts if isinstance(fact.body, Voided)}
    for fact in sorted(facts, key=lambda fact: (not isinstance(fact.body, Registered), places[fact.fact_id])):
        if fact.fact_id in superseded:
            # A voided booking leaves none: the one whose place it took does not come back.
            if isinstance(fact.body, VisitBooked) and fact.fact_id in voided and fact.body.booked_on is not None:
                folding.bookings.pop(booked[fact.fact_id].name, None)
        elif not isinstance(fact.body, HoldStarted | HoldEnded):
            folding.add(fact)
    if folding.pregnancy_reports or folding.ends_of_treatment:
        _settle(folding, facts, active)
    bodies = {fact.fact_id: fact.body for fact in active}
    for fact_id, body in bodies.items():
        if isinstance(body, HoldStarted):
            end = bodies.get(resolved.ends_of.get(fact_id, ""))
            resumes_on = end.resumes_on if isinstance(end, HoldEnded) else resolved.resumptions.get(fact_id)
            hold = Hold(body.from_on, resumes_on, known_since[fact_id], body.regimens, fact_id)
            insort(folding.holds, hold, key=_from_on)
    return folding.freeze()


def _as_known(facts: Iterable[Fact]) -> dict[str, int]:
    """Return the place among the facts at which each counts as received.

    What is so from a day on, corrected with the same day, counts as received when the original was. So does each
    correction of a transfer.
    """
    places: dict[str, int] = {}
    days: dict[str, date] = {}
    for number, fact in enumerate(facts):
        match fact.body:
            case ArmAssigned(on=day) | CohortChanged(from_on=day) | FertilityChanged(from_on=day):
                pass
            case DoseChanged(from_on=day) | HoldStarted(from_on=day) | ProtocolAmended(from_on=day):
                pass
            case SiteTransferred():
                day = date.min
            case _:
                places[fact.fact_id] = number
                continue
        days[fact.fact_id] = day
        keeps_its_day = fact.replaces is not None and days.get(fact.replaces) == day
        places[fact.fact_id] = places[fact.replaces or ""] if keeps_its_day else number
    return places


class _Booked(NamedTuple):
    """Holds what a booking is called, and the series of an unscheduled one."""

    name: str
    series: str | None


def _booked(facts: Iterable[Fact]) -> dict[str, _Booked]:
    """Return what each booking is called, by the fact: its visit, or the appointment that it makes, moves or corrects.

    An appointment keeps the fact that first made it in its name.
    """
    found: dict[str, _Booked] = {}
    series: dict[str, str] = {}
    for fact in facts:
        if isinstance(body := fact.body, VisitBooked):
            name = body.visit
            if body.makes_appointment:
                corrected = found[fact.replaces].name if fact.replaces in found else ""
                first = corrected.partition(".")[2] if is_appointment(corrected) else fact.fact_id
                name = appointment_name(body.visit, first)
            if body.series is not None:
                series[name] = body.series
            found[fact.fact_id] = _Booked(name, series.get(name))
    return found


def extend(history: History, fact: Fact) -> History:
    """Return the history with one more fact that neither replaces nor voids another: as if all were folded again."""
    folding = _Folding(history)
    folding.add(fact)
    return folding.freeze()


def _last_day_about_treatment(fact: Fact) -> date | None:
    """Return the latest day of what staff say about how treatment goes on; None if a fact says nothing about it.

    Recorded after a pregnancy was, it answers the question of whether the patient is to take doses (section 6).
    """
    if fact.side != "staff":
        return None
    match fact.body:
        case TreatmentStarted(first_dose_on):
            return first_dose_on
        case HoldStarted(from_on, _, resumes_on):
            return resumes_on or from_on
        case HoldEnded(resumes_on):
            return resumes_on
        case DoseChanged(from_on):
            return from_on
    return None


def _settle(folding: _Folding, facts: Sequence[Fact], active: Sequence[Fact]) -> None:
    """Say of each pregnancy reported, and each end of treatment, whether staff recorded how treatment goes on since.

    A correction counts as recorded when what it corrects was.
    """
    numbers: dict[str, int] = {}
    for number, fact in enumerate(facts):
        numbers[fact.fact_id] = numbers.get(fact.replaces or "", number)
    said = [(numbers[fact.fact_id], day) for fact in active if (day := _last_day_about_treatment(fact)) is not None]

    def is_settled(fact_id: str, since: date) -> bool:
        return any(later > numbers[fact_id] and day >= since for later, day in said)

    folding.pregnancy_reports = [
        report._replace(is_settled=is_settled(report.fact_id, report.reported_on))
        for report in folding.pregnancy_reports
    ]
    folding.ends_of_treatment = [
        end._replace(is_settled=is_settled(end.fact_id, end.decided.last_on)) for end in folding.ends_of_treatment
    ]


def superseded_by(facts: Sequence[Fact]) -> dict[str, str]:
    """Return which facts are superseded, each with the fact that replaced or voided it (or its hold's start)."""
    return _resolve(facts).superseded


class _Resolved(NamedTuple):
    """Holds which facts are superseded and by what, which active hold start has which active end, and which its own.

    `resumptions` are the days on which dosing resumes that a start, or one that it corrects, was recorded with.
    """

    superseded: dict[str, str]
    ends_of: dict[str, str]
    resumptions: dict[str, date]


def _resolve(facts: Sequence[Fact]) -> _Resolved:
    """Return what became of each fact, by the corrections and ends among them."""
    resumptions: dict[str, date] = {}
    superseded: dict[str, str] = {}
    ends_of: dict[str, str] = {}
    starts_of: dict[str, str] = {}
    open_holds: list[str] = []

    def close(start: str, end: str) -> None:
        ends_of[start], starts_of[end] = end, start

    for fact in facts:
        old, body = fact.supersedes, fact.body
        if old is not None:
            superseded[old] = fact.fact_id
        if isinstance(body, Voided):
            if (end := ends_of.pop(body.voids, None)) is not None:
                superseded[end] = fact.fact_id
                del starts_of[end]
            if (start := starts_of.pop(body.voids, None)) is not None:
                del ends_of[start]
                open_holds.append(start)
            if body.voids in open_holds:
                open_holds.remove(body.voids)
        elif isinstance(body, HoldStarted):
            # A corrected start keeps the end of the hold it corrects, unless it names another, or none.
            if old in ends_of and body.resumes_on is None and not body.no_end:
                close(fact.fact_id, ends_of.pop(old))
                continue
            if old in ends_of:
                end = ends_of.pop(old)
                superseded[end] = fact.fact_id
                del starts_of[end]
            if old in open_holds:
                open_holds.remove(old)
            resumes_on = body.resumes_on or (None if body.no_end else resumptions.get(old or ""))
            if resumes_on is None:
                open_holds.append(fact.fact_id)
            else:
                resumptions[fact.fact_id] = resumes_on
        elif isinstance(body, HoldEnded):
            if old in starts_of:
                close(starts_of.pop(old), fact.fact_id)
            elif open_holds:
                named = body.hold in open_holds
                close(open_holds.pop(open_holds.index(body.hold or "") if named else -1), fact.fact_id)
    return _Resolved(superseded, ends_of, resumptions)


_from_on, _decided_on = attrgetter("from_on"), attrgetter("decided.last_on")


class _Folding:
    """Holds a history while facts are being folded into it."""

    def __init__(
        self,
        history: History | None = None,
        known_since: Mapping[str, datetime] | None = None,
        booked: Mapping[str, _Booked] | None = None,
    ) -> None:
        #: Since when holds and changes of the dose are known, by the fact; without an entry, since it was recorded.
        self.known_since = known_since or {}
        #: What bookings are called, by the fact; without an entry, as it says itself.
        self.booked = booked or {}
        self.registered = history.registered if history else None
        self.enrolled = history.enrolled if history else None
        self.time_zone_said_at = history.time_zone_said_at if history else None
        self.moved_at = history.moved_at if history else None
        self.moved_to = history.time_zone if history and self.time_zone_said_at else None
        self.first_dose_on = history.first_dose_on if history else None
        self.doses = dict(history.doses) if history else {}
        self.holds = list(history.holds) if history else []
        self.dose_changes = list(history.dose_changes) if history else []
        self.regimen_ends = list(history.regimen_ends) if history else []
        self.drug_counts = list(history.drug_counts) if history else []
        self.bookings = dict(history.bookings) if history else {}
        self.visits_done = list(history.visits_done) if history else []
        self.progressions = list(history.progressions) if history else []
        self.new_therapies = list(history.new_therapies) if history else []
        self.ends_of_treatment = list(history.ends_of_treatment) if history else []
        self.end_of_study = history.end_of_study if history else None
        self.fertility_changes = list(history.fertility_changes) if history else []
        self.arm_changes = list(history.arm_changes) if history else []
        self.cohort_changes = list(history.cohort_changes) if history else []
        self.milestones = list(history.milestones) if history else []
        self.amendments = list(history.amendments) if history else []
        self.transfers = list(history.transfers) if history else []
        self.pregnancy_reports = list(history.pregnancy_reports) if history else []
        self.pregnancies_closed_on = list(history.pregnancies_closed_on) if history else []

    def add(self, fact: Fact) -> None:
        """Fold one active fact in."""
        if (day := _last_day_about_treatment(fact)) is not None:
            self.pregnancy_reports = [
                report._replace(is_settled=report.is_settled or day >= report.reported_on)
                for report in self.pregnancy_reports
            ]
            self.ends_of_treatment = [
                end._replace(is_settled=end.is_settled or day >= end.decided.last_on) for end in self.ends_of_treatment
            ]
        match body := fact.body:
            case DoseRecorded() | DoseTakenBack():
                self._add_word(body, fact)
            case VisitDone():
                number = len(self.visits_done) + 1
                what = (body.series, body.done_on, body.visit, body.response, body.part)
                given = body.amount, body.before_start
                done = DoneVisit(*what, fact.fact_id, number, body.progression, *given, fact.said_at)
                insort(self.visits_done, done, key=attrgetter("done_on"))
                if body.progression:
                    self.progressions.append(ReportedDay(body.done_on, body.done_on, body.done_on.isoformat()))
            case VisitBooked():
                name, series = self.booked.get(fact.fact_id) or _booked([fact])[fact.fact_id]
                before = self.bookings.pop(name, None)
                if body.booked_on is not None:
                    # Where nobody knows the site's clock (a calendar that is only tried out) it is the patient's.
                    site, zone = body.site or self._registered.site, body.time_zone or self._time_zone
                    series = series or (before.series if before is not None else None)
                    where = body.place, site, zone, series
                    booking = Booking(body.booked_on, body.time, *where, fact.recorded_at)
                    if before is not None and booking.is_at_time_of(before):
                        booking = booking._replace(since=before.since)
                    self.bookings[name] = booking
            case HoldStarted():
                hold = Hold(body.from_on, body.resumes_on, fact.recorded_at, body.regimens, fact.fact_id)
                insort(self.holds, hold, key=_from_on)
            case HoldEnded():
                index = self._open_hold(body.hold)
                self.holds[index] = self.holds[index]._replace(resumes_on=body.resumes_on)
            case DoseChanged():
                known_since = self.known_since.get(fact.fact_id, fact.recorded_at)
                dose_change = DoseChange(
                    body.from_on, body.amount, known_since, body.regimen, body.times_a_day, body.days
                )
                insort(self.dose_changes, dose_change, key=_from_on)
            case RegimenEnded():
                self.regimen_ends.append(RegimenEnd(body.regimen, self._reported(body.last_dose_on, fact)))
            case DrugDispensed():
                self._add_count("dispensed", body.units, body, fact)
            case DrugReturned():
                self._add_count("returned", body.units, body, fact)
                if body.lost:
                    self._add_count("lost", body.lost, body, fact)
            case DrugLost():
                self._add_count("lost", body.units, body, fact)
            case Registered():
                self.registered = body
            case Enrolled():
                self.enrolled = body
            case SiteTransferred():
                known_since = self.known_since.get(fact.fact_id, fact.recorded_at)
                insort(self.transfers, Transfer(body.from_on, body.site, known_since), key=_from_on)
            case ArmAssigned():
                insort(self.arm_changes, ArmChange(body.on, body.arm), key=_from_on)
            case CohortChanged():
                insort(self.cohort_changes, CohortChange(body.from_on, body.cohort, body.member), key=_from_on)
            case MilestoneReached():
                is_announced = body.on > civil_date(fact.recorded_at, self._time_zone)
                milestone = MilestoneDay(body.on, body.milestone, is_announced, fact.fact_id)
                insort(self.milestones, milestone, key=_from_on)
            case TreatmentStarted():
                self.first_dose_on = body.first_dose_on
            case Progressed():
                self.progressions.append(self._reported(body.progressed_on, fact))
            case NewTherapyStarted():
                self.new_therapies.append(self._reported(body.started_on, fact))
            case TreatmentEnded():
                last = body.last_dose_on
                end = EndOfTreatment(
                    fact.fact_id,
                    None if last is None or isinstance(last, str) else self._reported(last, fact),
                    last == UNKNOWN,
                    self._reported(body.decided_on, fact),
                    body.reason,
                    is_settled=False,
                )
                insort(self.ends_of_treatment, end, key=_decided_on)
            case StudyEnded():
                contact_after = body.contact_after or ("stop" if body.reason in STOP_CONTACT else "continue")
                self.end_of_study = EndOfStudy(
                    fact.fact_id, self._reported(body.ended_on, fact), body.reason, contact_after == "continue"
                )
            case FertilityChanged():
                change = FertilityChange(body.from_on, body.fertility == "fertile", body.basis)
                insort(self.fertility_changes, change, key=_from_on)
            case PregnancyReported():
                report = PregnancyReport(body.reported_on, body.of, fact.fact_id, False)
                insort(self.pregnancy_reports, report, key=attrgetter("reported_on"))
            case PregnancyClosed():
                insort(self.pregnancies_closed_on, body.closed_on)
            case ProtocolAmended():
                insort(self.amendments, Amendment(body.from_on, body.version), key=_from_on)
            case TimeZoneChanged():
                if self.time_zone_said_at is None or fact.said_at >= self.time_zone_said_at:
                    if body.time_zone != self._time_zone:
                        self.moved_at = fact.recorded_at if fact.side == "patient" else None
                    self.moved_to, self.time_zone_said_at = body.time_zone, fact.said_at
            case Voided():
                pass
            case _:
                assert_never(body)

    def _add_count(
        self, what: str, units: Mapping[str, int], body: DrugDispensed | DrugReturned | DrugLost, fact: Fact
    ) -> None:
        count = DrugCount(body.on, what, units, body.regimen, body.kit, fact.fact_id)
        insort(self.drug_counts, count, key=attrgetter("on"))

    def _reported(self, when: When, fact: Fact) -> ReportedDay:
        """Return a day as a fact reported it: none of its days lies after the one on which it was received."""
        if not isinstance(when, PartialDate):
            return ReportedDay(when, when, when.isoformat())
        received_on = civil_date(fact.recorded_at, self._time_zone)
        return ReportedDay(when.first, max(when.first, min(when.last, received_on)), when.isoformat())

    @property
    def _registered(self) -> Registered:
        if self.registered is None:
            raise ValueError("No registration is on record.")
        return self.registered

    @property
    def _time_zone(self) -> str:
        return self.moved_to or self._registered.time_zone

    def _add_word(self, body: DoseRecorded | DoseTakenBack, fact: Fact) -> None:
        if isinstance(body, DoseTakenBack):
            word = Word("taken_back", None, fact.said_at, fact.fact_id)
        else:
            if body.status == "taken" and body.amount is None:
                raise ValueError(f"The fact {fact.fact_id} does not say how much was taken.")
            word = Word(body.status, body.amount, fact.said_at, fact.fact_id, body.taken_at)
        name = log_name(body.regimen, body.slot)
        log = self.doses.get(name) or DoseLog()
        if fact.to_confirm:
            self.doses[name] = log.with_late_word(body.dose_on, LateWord(word, fact.recorded_at))
        else:
            self.doses[name] = log.with_word(body.dose_on, fact.side, word)

    def _open_hold(self, named: str | None) -> int:
        """Return the place of the open hold that is named, or else of the last: `hold_ended` names one of several."""
        places = [place for place, hold in enumerate(self.holds) if hold.resumes_on is None]
        return next((place for place in places if self.holds[place].fact_id == named), places[-1])

    def freeze(self) -> History:
        """Return the history so far."""
        return History(
            registered=self._registered,
            enrolled=self.enrolled,
            time_zone=self._time_zone,
            time_zone_said_at=self.time_zone_said_at,
            moved_at=self.moved_at,
            first_dose_on=self.first_dose_on,
            doses=self.doses,
            holds=tuple(self.holds),
            dose_changes=tuple(self.dose_changes),
            regimen_ends=tuple(self.regimen_ends),
            drug_counts=tuple(self.drug_counts),
            bookings=self.bookings,
            visits_done=tuple(self.visits_done),
            progressions=tuple(self.progressions),
            new_therapies=tuple(self.new_therapies),
            ends_of_treatment=tuple(self.ends_of_treatment),
            end_of_study=self.end_of_study,
            fertility_changes=tuple(self.fertility_changes),
            arm_changes=tuple(self.arm_changes),
            cohort_changes=tuple(self.cohort_changes),
            milestones=tuple(self.milestones),
            amendments=tuple(self.amendments),
            transfers=tuple(self.transfers),
            pregnancy_reports=tuple(self.pregnancy_reports),
            pregnancies_closed_on=tuple(self.pregnancies_closed_on),
        )
