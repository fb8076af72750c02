"""The history of one patient: the active facts, folded (rules, section 3)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from functools import cached_property
from itertools import pairwise
from operator import attrgetter, itemgetter

from scheduler_api.engine.dates import ONE_DAY, earliest_of
from scheduler_api.engine.reason import Reason

from .dose_log import DoseLog, regimen_of_log
from .facts import PATIENT, SCREEN_FAILURE, Enrolled, Registered
from .protocol import EVERYBODY, Who
from .records import (
    Amendment,
    ArmChange,
    Booking,
    CohortChange,
    Done,
    DoneVisit,
    DoseChange,
    DrugCount,
    EndOfStudy,
    EndOfTreatment,
    FertilityChange,
    Hold,
    Milestone,
    MilestoneDay,
    Pregnancy,
    PregnancyReport,
    RegimenEnd,
    Reopening,
    ReportedDay,
    Stay,
    Transfer,
    TreatmentEnd,
    earliest,
)


@dataclass(frozen=True)
class History:
    """The history of one patient: the active facts, folded.

    Its fields are what is stored of it; a field that is added here is stored and read without further code. `doses` has
    what was said of doses, a log for each intake of each regimen by its `log_name`; `enrolled` is None while the
    patient is only registered; `time_zone_said_at` is when the present zone was said, None at registration; `moved_at`
    is when the patient's own word of it was received, None if it is the site's. Lists are in order of day, then of
    receipt; `progressions`, `new_therapies` and `regimen_ends` as they were received. `reopened`, `beside_start` and
    `anew_on` follow from the protocol, not from facts: a treatment plan sets them in the history that it works with,
    and nobody stores them. `beside_start` are the regimens whose doses do not start treatment; the empty name is one
    of them if the only dose, which facts need not name, is of such a regimen. `anew_on` are the days on which a regimen
    starts at a milestone, in order; they are empty if there is but one end of treatment, of a day known exactly.
    """

    registered: Registered
    time_zone: str
    enrolled: Enrolled | None = None
    time_zone_said_at: datetime | None = None
    moved_at: datetime | None = None
    first_dose_on: date | None = None
    doses: Mapping[str, DoseLog] = field(default_factory=dict)
    holds: tuple[Hold, ...] = ()
    dose_changes: tuple[DoseChange, ...] = ()
    regimen_ends: tuple[RegimenEnd, ...] = ()
    drug_counts: tuple[DrugCount, ...] = ()
    bookings: Mapping[str, Booking] = field(default_factory=dict)
    visits_done: tuple[DoneVisit, ...] = ()
    progressions: tuple[ReportedDay, ...] = ()
    new_therapies: tuple[ReportedDay, ...] = ()
    ends_of_treatment: tuple[EndOfTreatment, ...] = ()
    end_of_study: EndOfStudy | None = None
    fertility_changes: tuple[FertilityChange, ...] = ()
    arm_changes: tuple[ArmChange, ...] = ()
    cohort_changes: tuple[CohortChange, ...] = ()
    milestones: tuple[MilestoneDay, ...] = ()
    amendments: tuple[Amendment, ...] = ()
    transfers: tuple[Transfer, ...] = ()
    pregnancy_reports: tuple[PregnancyReport, ...] = ()
    pregnancies_closed_on: tuple[date, ...] = ()
    reopened: Reopening | None = None
    beside_start: frozenset[str] = frozenset()
    anew_on: tuple[date, ...] = ()

    # What follows from the fields. A history never changes, so each is computed once, when it is first needed.

    @cached_property
    def begun(self) -> bool:
        """Return whether a start or a dose that starts treatment is on record; before that none is due (section 4)."""
        return self.first_dose_on is not None or self.first_taken_on is not None

    @cached_property
    def first_taken_on(self) -> date | None:
        """Return the first day on which a dose that starts treatment was taken or given; None if there is none.

        A dose given on a day before day 1 starts no treatment, nor does one of a regimen that waits for none.
        """
        logs = [log for name, log in self.doses.items() if regimen_of_log(name) not in self.beside_start]
        days = [day for log in logs if (day := log.first_taken_on) is not None]
        given = (dose for dose in self.given if dose.series not in self.beside_start)
        days += [dose.done_on for dose in given if not dose.before_start]
        return min(days, default=None)

    @cached_property
    def last_taken_on(self) -> date | None:
        """Return the last day on which a dose was taken or given; None if there is none."""
        days = [day for log in self.doses.values() if (day := log.last_taken_on) is not None]
        return max([*days, *(dose.done_on for dose in self.given)], default=None)

    @cached_property
    def given(self) -> tuple[DoneVisit, ...]:
        """Return the doses given at the site, in order of days, then of receipt."""
        return tuple(visit for visit in self.visits_done if visit.amount is not None)

    def given_of(self, regimen: str) -> tuple[DoneVisit, ...]:
        """Return the doses of a regimen given at the site, in order of days, then of receipt."""
        return tuple(dose for dose in self.given if dose.series == regimen)

    def log(self, name: str) -> DoseLog:
        """Return what was said of the doses of an intake of a regimen, by its `log_name`."""
        return self.doses.get(name) or _NOTHING_SAID

    @property
    def is_enrolled(self) -> bool:
        """Return whether an enrolment is on record; before that nothing is planned but visits (section 3)."""
        return self.enrolled is not None

    @property
    def enrolled_on(self) -> date | None:
        """Return the day of enrolment; None while the patient is only registered."""
        return None if self.enrolled is None else self.enrolled.enrolled_on

    @property
    def enrolment_on(self) -> date | None:
        """Return the day that visits are counted from which hang on enrolment: the day planned, until it is known."""
        return self.registered.planned_enrolment_on if self.enrolled is None else self.enrolled.enrolled_on

    @property
    def enrolment_because(self) -> Reason:
        """Return why enrolment is that day."""
        return Reason("planned_enrolment" if self.enrolled is None else "enrolment", day=self.enrolment_on)

    @cached_property
    def first_on(self) -> date | None:
        """Return the first day of the patient in the trial that is on record: consent, enrolment, or something done."""
        done_on = (visit.done_on for visit in self.visits_done[:1])
        return earliest_of(self.registered.consented_on, self.enrolled_on, self.first_taken_on, *done_on)

    @cached_property
    def c1d1(self) -> date | None:
        """Return cycle 1 day 1 (section 4): the first dose recorded, else the first day taken, else the planned day.

        Before enrolment it is planned for the day of enrolment; None while that has no date either.
        """
        planned = self.enrolment_on if self.enrolled is None else self.enrolled.planned_first_dose_on
        return self.first_dose_on or self.first_taken_on or planned

    @property
    def known_c1d1(self) -> date | None:
        """Return cycle 1 day 1 once a start or a taken day is on record; None while it is only planned."""
        return self.c1d1 if self.begun else None

    @cached_property
    def c1d1_because(self) -> Reason:
        """Return why cycle 1 day 1 is that day."""
        if self.enrolled is None:
            return Reason("not_enrolled") if self.c1d1 is None else self.enrolment_because
        taken = self.first_taken_on
        rule = "first_dose" if self.first_dose_on else "first_taken" if taken else "planned_first_dose"
        return Reason(rule, day=self.c1d1)

    @property
    def last_dose_on(self) -> date | None:
        """Return the day of the last dose; None if never dosed."""
        return None if self.last_dose is None else self.last_dose.on

    @cached_property
    def last_dose(self) -> Milestone | None:
        """Return the last dose (section 3), the latest of first dose, days taken and ends; None if never dosed.

        Days that a patient said late count too, though they are still to confirm.
        """
        unconfirmed = [log.last_unconfirmed_on for log in self.doses.values()]
        days = [Milestone(day, day) for day in unconfirmed if day is not None]
        return _latest([self._confirmed_last_dose, *days])

    @property
    def confirmed_last_dose_on(self) -> date | None:
        """Return the last dose without what staff are still to confirm; None: no dose is sure."""
        return None if self._confirmed_last_dose is None else self._confirmed_last_dose.on

    @cached_property
    def _confirmed_last_dose(self) -> Milestone | None:
        days = [Milestone(day, day) for day in (self.first_dose_on, self.last_taken_on) if day is not None]
        stated = [end.last_dose for end in self.treatment_ends]
        return _latest([*days, *stated, *(self.stands_for(end.last_dose) for end in self.regimen_ends)])

    @property
    def last_dose_is_provisional(self) -> bool:
        """Return whether the last dose is not known, is still to confirm, or rests on an inexact day (section 1)."""
        is_sure = self.last_dose == self._confirmed_last_dose and not self.last_dose_is_unknown
        return not is_sure or self._reported_last_dose is not None

    @property
    def last_dose_is_unknown(self) -> bool:
        """Return whether the latest end of treatment says that nobody knows the last dose."""
        return bool(self.treatment_ends) and self.treatment_ends[-1].said.last_dose_unknown

    @property
    def _reported_last_dose(self) -> ReportedDay | None:
        """Return what was reported of the last dose if its day is not exactly known."""
        last = self.last_dose
        if last is None or not last.is_vague:
            return None
        reported = [end.last_dose for end in self.ends_of_treatment]
        reported += [end.last_dose for end in self.regimen_ends]
        return next((day for day in reported if day is not None and self.stands_for(day).on == last.on), None)

    @property
    def last_dose_because(self) -> Reason:
        """Return why the last dose is that day: an inexact one in the words in which it was reported."""
        last, reported = self.last_dose_on, self._reported_last_dose
        if last != self.confirmed_last_dose_on:
            return Reason("last_dose_to_confirm", day=last)
        if self.last_dose_is_unknown:
            is_taken = self.last_taken_on == last
            base = Reason("last_dose", day=last) if is_taken else self.treatment_ends[-1].because
            return Reason("last_dose_unknown", base=base)
        if reported is not None:
            return Reason("last_dose_reported", text=reported.text, day=last)
        is_confirmed = self.last_dose == self._confirmed_last_dose
        return Reason("last_dose" if is_confirmed else "last_dose_to_confirm", day=last)

    @cached_property
    def _death(self) -> tuple[ReportedDay, str] | None:
        """Return the earliest date of death, and the fact that says so; of two alike the one that is better known."""
        left = self.end_of_study
        deaths = [(end.decided, end.fact_id) for end in self.ends_of_treatment if end.reason == "death"]
        deaths += [(left.ended, left.fact_id)] if left and left.reason == "death" else []
        deaths.sort(key=lambda death: (death[0].last_on, death[0].last_on - death[0].first_on))
        return next(iter(deaths), None)

    @property
    def died(self) -> Milestone | None:
        """Return the earliest date of death, whichever fact recorded it."""
        return Milestone(self._death[0].last_on, self._death[0].first_on) if self._death else None

    @property
    def death_reported(self) -> ReportedDay | None:
        """Return the date of death as it was reported."""
        return self._death[0] if self._death else None

    @property
    def died_because(self) -> Reason:
        """Return why the date of death of a patient who died is that day."""
        assert self._death is not None
        return self._death[0].in_words(Reason("died", day=self.died_on))

    @property
    def death_recorded_by(self) -> str | None:
        """Return the fact that says when the patient died; of two the one with the earlier date."""
        return self._death[1] if self._death else None

    @property
    def may_be_contacted(self) -> bool:
        """Return whether messages may still go to the patient once off study (section 3)."""
        return self.died is None and (self.end_of_study is None or self.end_of_study.contact)

    def is_left_alone(self, day: date) -> bool:
        """Return whether on a day nothing is asked of the patient, who died or left and is not to be contacted."""
        return self.off_study is not None and self.off_study.on <= day and not self.may_be_contacted

    @property
    def failed_screening(self) -> bool:
        """Return whether the patient left the study because the trial was not for the patient."""
        return self.end_of_study is not None and self.end_of_study.reason == SCREEN_FAILURE

    @property
    def died_on(self) -> date | None:
        """Return the date of death."""
        return self.died.on if self.died else None

    @cached_property
    def off_study(self) -> Milestone | None:
        """Return the first day off study: the end of the study, or death."""
        left = self.end_of_study
        if left is None or left.reason == "death":
            return self.died
        return earliest(off for off in (self.died, self.stands_for(left.ended)) if off is not None)

    @property
    def off_study_on(self) -> date | None:
        """Return the first day off study."""
        return self.off_study.on if self.off_study else None

    @property
    def progressions_since_enrolment(self) -> list[ReportedDay]:
        """Return the progressions that count: what a scan before enrolment showed was none of this treatment."""
        enrolled_on = self.enrolled_on
        return [] if enrolled_on is None else [day for day in self.progressions if day.last_on >= enrolled_on]

    @cached_property
    def progressed(self) -> Milestone | None:
        """Return the earliest progression since enrolment."""
        return earliest(map(self.stands_for, self.progressions_since_enrolment))

    @property
    def progressed_on(self) -> date | None:
        """Return the day of the earliest progression since enrolment."""
        return self.progressed.on if self.progressed else None

    @cached_property
    def new_therapy(self) -> Milestone | None:
        """Return the earliest new therapy on record."""
        return earliest(map(self.stands_for, self.new_therapies))

    @property
    def treatment_ended(self) -> TreatmentEnd | None:
        """Return the end of treatment that counts: the latest, unless treatment was reopened (section 4)."""
        return self.treatment_ends[-1] if self.treatment_ends and self.reopened is None else None

    @cached_property
    def treatment_ends(self) -> tuple[TreatmentEnd, ...]:
        """Return all ends of treatment, in order of decisions."""
        return tuple(sorted(map(self._as_it_stands, self.ends_of_treatment), key=attrgetter("decided_on")))

    def end_after(self, day: date | None) -> TreatmentEnd | None:
        """Return the end of treatment that ends what started on a day: the first decided after it; None: the first.

        One decided on that very day ends it too, if it is of death or states a last dose of that day, and has nothing
        else to end: another end was decided before it, and no regimen started between them.
        """
        for before, end in pairwise((None, *self.treatment_ends)):
            if end is not None and (day is None or end.decided_on > day or self._ends_on_its_day(before, end, day)):
                return end
        return None

    def _ends_on_its_day(self, before: TreatmentEnd | None, end: TreatmentEnd, day: date) -> bool:
        """Return whether an end of treatment, after another, ends what started on the day of its decision."""
        if before is None or end.decided.is_vague or not end.decided_on == day > before.decided_on:
            return False
        is_of_that_day = end.reason == "death" or (end.last_dose_on is not None and end.last_dose_on >= day)
        return is_of_that_day and not any(before.decided_on <= anew < day for anew in self.anew_on)

    def _as_it_stands(self, end: EndOfTreatment) -> TreatmentEnd:
        """Return an end of treatment. A last dose that nobody knows stands for the day of the decision (section 3)."""
        decided = self._decided(end)
        if end.last_dose_unknown:
            return TreatmentEnd(decided, decided, end)
        return TreatmentEnd(None if end.last_dose is None else self.stands_for(end.last_dose), decided, end)

    def _decided(self, end: EndOfTreatment) -> Milestone:
        """Return the day of a decision: not after a regimen started anew since the last dose that was stated with it.

        What ends by death ends everything, whenever it was.
        """
        decided = self.stands_for(end.decided)
        if end.last_dose is None or end.reason == "death":
            return decided
        last_on = self.stands_for(end.last_dose).on
        anew = (day for day in self.anew_on if last_on < day and decided.first_on <= day < decided.on)
        return decided._replace(on=next(anew, decided.on))

    def stands_for(self, day: ReportedDay) -> Milestone:
        """Return what a reported day stands for: the last of its days that is not after death (section 1)."""
        on = day.last_on if self.died is None else min(day.last_on, self.died.on)
        return Milestone(max(on, day.first_on), day.first_on)

    @cached_property
    def last_treatment_day(self) -> date | None:
        """Return the last day of treatment (section 4): a dose taken on it is inside. None while no end is recorded."""
        return self.last_day_by(self.treatment_ended)

    def last_day_by(self, ended: TreatmentEnd | None) -> date | None:
        """Return the last day of what an end of treatment ended, or the study; None while neither did."""
        return earliest_of(self.off_study_on, None if ended is None else ended.last_day)

    @cached_property
    def last_dose_day(self) -> date | None:
        """Return the last day that has a dose: the day of the end has one only if it was recorded (section 4)."""
        end = self.last_treatment_day
        if end is None or any(log.status(end) is not None for log in self.doses.values()):
            return end
        ended = self.treatment_ended
        return end if ended is not None and ended.states_last_dose(end) else end - ONE_DAY

    # Sites (section 3).

    def site_on(self, day: date) -> str:
        """Return the site that has the patient on a day."""
        begun = [transfer.site for transfer in self.transfers if transfer.from_on <= day]
        return begun[-1] if begun else self.registered.site

    @cached_property
    def stays(self) -> tuple[Stay, ...]:
        """Return the sites that have the patient, one after the other."""
        sites = [(None, self.registered.site), *((one.from_on, one.site) for one in self.transfers)]
        stays = zip(sites, (*self.transfers, None), strict=True)
        return tuple(Stay(site, from_on, end and end.from_on - ONE_DAY, end) for (from_on, site), end in stays)

    # Pregnancy (section 6).

    @cached_property
    def pregnancies(self) -> tuple[Pregnancy, ...]:
        """Return the pregnancies of the patient, in order of days: reported, or treatment ended for it, until closed.

        Death ends one too. What is reported while one is open belongs to it.
        """
        opened = [
            (report.reported_on, Reason("pregnancy_reported", day=report.reported_on))
            for report in self.pregnancy_reports
            if report.of == PATIENT
        ]
        for on in self._ended_for_pregnancy:
            opened.append((on, Reason("ended_for_pregnancy", day=on)))
        found: list[Pregnancy] = []
        for from_on, because in sorted(opened, key=itemgetter(0)):
            closed_on = self._pregnancy_over_on(from_on)
            is_part = found and (found[-1].closed_on is None or from_on < found[-1].closed_on)
            if not is_part and (closed_on is None or from_on < closed_on):
                found.append(Pregnancy(from_on, closed_on, because))
        return tuple(found)

    @property
    def _ended_for_pregnancy(self) -> list[date]:
        """Return the days on which it was decided to end treatment for a pregnancy."""
        return [end.decided_on for end in self.treatment_ends if end.reason == "pregnancy"]

    def _pregnancy_over_on(self, from_on: date) -> date | None:
        """Return the first day on which a pregnancy known from a day on is no longer open; None while it is."""
        ends = [self.died_on] if self.died_on is not None else []
        return min([*ends, *(day for day in self.pregnancies_closed_on if day >= from_on)], default=None)

    @property
    def pregnancies_to_close(self) -> list[date]:
        """Return from which days on a pregnancy is open that is not closed yet, the patient's or a partner's."""
        opened = [report.reported_on for report in self.pregnancy_reports]
        opened += self._ended_for_pregnancy
        last_closed_on = self.pregnancies_closed_on[-1] if self.pregnancies_closed_on else date.min
        return sorted(day for day in opened if day > last_closed_on)

    def pregnancy_on(self, first: date, last: date | None = None) -> Pregnancy | None:
        """Return the pregnancy of the patient that is open on a day, or on any day of `first`…`last`."""
        for one in self.pregnancies:
            if one.from_on <= (last or first) and (one.closed_on is None or first < one.closed_on):
                return one
        return None

    def awaits_site(self, day: date) -> bool:
        """Return whether no dose is due on a day before the patient has called the site (section 6).

        A pregnancy was reported, or treatment ended for it, and staff have not recorded anything about treatment since.
        """
        reports = [one for one in self.pregnancy_reports if one.of == PATIENT]
        told_on = [report.reported_on for report in reports if not report.is_settled]
        ended = (end for end in self.treatment_ends if end.reason == "pregnancy")
        told_on += [end.decided_on for end in ended if not end.said.is_settled]
        over_on = ((one, self._pregnancy_over_on(one)) for one in told_on if one <= day)
        return any(over is None or day < over for _, over in over_on)

    @cached_property
    def done_of_series(self) -> Mapping[str, Done]:
        """Return what was done, by the series it was recorded for."""
        done: dict[str, Done] = {}
        for visit in self.visits_done:
            of_series = done.get(visit.series)
            if of_series is None:
                of_series = done[visit.series] = Done([], [], [])
            if visit.part:
                of_series.parts.append(visit)
            elif visit.visit is None:
                of_series.unnamed.append(visit)
            else:
                of_series.named.append(visit)
        return done

    @property
    def off_study_because(self) -> Reason:
        """Return why a patient who is off study is so."""
        if self.off_study_on == self.died_on or self.end_of_study is None:
            return self.died_because
        return self.end_of_study.ended.in_words(Reason("study_ended", day=self.off_study_on))

    def plans_like(self, other: History) -> bool:
        """Return whether cycles, planned doses and visits are those of another history of the patient.

        Nearly every fact records a dose during treatment, which changes none of them. The first record of an
        intake may: one that is not planned is an intake all the same from then on.
        """
        return (
            _all_but_doses(self) == _all_but_doses(other)
            and self.doses.keys() == other.doses.keys()
            and not self.ends_of_treatment
            and self.off_study_on is None
            and (self.begun, self.c1d1_because) == (other.begun, other.c1d1_because)
        )

    def is_held(self, day: date) -> bool:
        """Return whether `day` lies in a hold, of whichever regimens."""
        return bool(self.holds) and any(hold.covers(day) for hold in self.holds)

    @property
    def open_holds(self) -> list[Hold]:
        """Return the holds without a recorded end."""
        return [hold for hold in self.holds if hold.resumes_on is None]

    def holds_of(self, *regimens: str) -> tuple[Hold, ...]:
        """Return the holds that name one of some regimens or all, in order of days; those that overlap are one."""
        if all(hold.regimens is None for hold in self.holds):
            return self.holds
        joined: list[Hold] = []
        for hold in self.holds:
            if hold.regimens is not None and set(regimens).isdisjoint(hold.regimens):
                continue
            last = joined[-1] if joined else None
            if last is None or (last.resumes_on is not None and last.resumes_on <= hold.from_on):
                joined.append(hold)
            elif last.resumes_on is not None:
                ends_on = None if hold.resumes_on is None else max(last.resumes_on, hold.resumes_on)
                joined[-1] = last._replace(resumes_on=ends_on)
        return tuple(joined)

    def is_fertile(self, day: date) -> bool:
        """Return whether the patient is fertile on a day, by the latest change or by registration (section 6)."""
        fertile = self.registered.fertility == "fertile"
        for change in self.fertility_changes:
            if change.from_on > day:
                break
            fertile = change.fertile
        return fertile

    # Arms and cohorts (section 2).

    @cached_property
    def arms(self) -> tuple[ArmChange, ...]:
        """Return the arms of the patient in order of days: the one assigned at enrolment, and the later ones."""
        if self.enrolled is None or self.enrolled.arm is None:
            return self.arm_changes
        first = ArmChange(self.enrolled.enrolled_on, self.enrolled.arm)
        return tuple(sorted([first, *self.arm_changes], key=attrgetter("from_on")))

    def arm_on(self, day: date) -> str | None:
        """Return the arm of the patient on a day; None before one is assigned."""
        begun = [change.arm for change in self.arms if change.from_on <= day]
        return begun[-1] if begun else None

    def cohorts_on(self, day: date) -> frozenset[str]:
        """Return the cohorts of which the patient is a member on a day."""
        members: set[str] = set()
        for change in self.cohort_changes:
            if change.from_on <= day:
                (members.add if change.member else members.discard)(change.cohort)
        return frozenset(members)

    def fits(self, who: Who, day: date) -> bool:
        """Return whether something is for this patient on a day: all that `who` names holds."""
        if who is EVERYBODY:
            return True
        return (
            (who.sex is None or who.sex == self.registered.sex)
            and (who.fertile is None or who.fertile == self.is_fertile(day))
            and (who.arms is None or self.arm_on(day) in who.arms)
            and (who.cohorts is None or not who.cohorts.isdisjoint(self.cohorts_on(day)))
        )

    def always_fits(self, who: Who) -> bool:
        """Return whether something is for this patient on every day, by what is on record."""
        return all(self.fits(who, day) for day in (date.min, *self.changes_of(who)))

    def may_fit(self, who: Who) -> bool:
        """Return whether something is for this patient on any day, by what is on record."""
        return self.may_fit_from(who, date.min)

    def may_fit_from(self, who: Who, day: date) -> bool:
        """Return whether something is for this patient on a day or a later one, by what is on record."""
        later = (change for change in self.changes_of(who) if change > day)
        return any(self.fits(who, on) for on in (day, *later))

    def changes_of(self, who: Who) -> list[date]:
        """Return the days on which what `who` names changes for this patient, in order."""
        days = [change.from_on for change in self.fertility_changes] if who.fertile is not None else []
        days += [change.from_on for change in self.arms] if who.arms is not None else []
        days += [change.from_on for change in self.cohort_changes] if who.cohorts is not None else []
        return sorted(days)


def _latest(days: Iterable[Milestone | None]) -> Milestone | None:
    """Return the latest of some days, any of which may be inexact; None if none is known."""
    known = [day for day in days if day is not None]
    return Milestone(max(day.on for day in known), max(day.first_on for day in known)) if known else None


_NOTHING_SAID = DoseLog()
_all_but_doses = attrgetter(*(one.name for one in fields(History) if one.name != "doses"))
