"""Which messages a patient's calendar calls for, when, and why.

A message belongs to a civil day of the patient's. Its kind and what it is about (that day, and the visit if it is about
one) tell it apart from all others. The messages follow from the history alone, so that a correction withdraws one and
calls for another.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from functools import cached_property
from operator import attrgetter
from typing import NamedTuple

from scheduler_api.engine.dates import ONE_DAY, add_months, civil_date
from scheduler_api.engine.doses.dose_gaps import dose_gaps
from scheduler_api.engine.instants import end_of, local_instant
from scheduler_api.engine.model.history import History
from scheduler_api.engine.reason import Reason
from scheduler_api.engine.treatment.dose_ids import slot_of
from scheduler_api.engine.views.calendar import PatientSchedule
from scheduler_api.engine.visits.series import Visit

from .about import about_day, about_visit, visit_about
from .first_reminder import FirstReminder, SentMessages, planned_slots
from .kinds import TO_PATIENTS
from .preferences import BEFORE_NEXT, NotificationPreferences, SitePreferences

#: When what is not about a dose is sent, on the patient's clock.
MORNING, EVENING = time(9), time(18)
#: So many days before it closes, the patient is reminded once more of a window without a booking.
CLOSING_DAYS = 3
#: A booking with a time is announced at least so long before it.
_BEFORE_BOOKING = timedelta(hours=12)
#: What quiet hours would hold back for too long comes so long before them.
_BEFORE_QUIET = timedelta(minutes=30)
#: How many days after its own day a message still makes sense: one about contraception, one to the site.
CONTRACEPTION_DAYS, SITE_DAYS = 6, 2


class Message(NamedTuple):
    """A message: `due_at` is when it is due, `next_at` when it may be sent (quiet hours hold it back), both instants.

    From `expires_at` on it is no longer of use. `about` is its day, and the visit after a space.
    """

    kind: str
    about: str
    due_at: datetime
    next_at: datetime
    expires_at: datetime
    because: Reason

    @property
    def day(self) -> date:
        """Return the day that the message is about."""
        return date.fromisoformat(self.about[:10])

    @property
    def makes_sense(self) -> bool:
        """Return whether the message can be sent before it expires."""
        return self.next_at < self.expires_at


class Told(NamedTuple):
    """A message about an appointment that went out: what it is about, whether it says that it is off, and when."""

    about: str
    is_off: bool
    sent_at: datetime


class Planner:
    """Plans the messages that a patient's calendar calls for, to the patient and to the site."""

    def __init__(
        self, schedule: PatientSchedule, preferences: NotificationPreferences, site: SitePreferences, sent: SentMessages
    ) -> None:
        self._schedule, self._preferences, self._site, self._sent = schedule, preferences, site, sent
        self._history: History = schedule.history
        self._zone = schedule.history.time_zone
        self._times = preferences.times_of(schedule.treatment_plan.slots)

    def messages(self, first: date, last: date) -> list[Message]:
        """Return all messages whose day is in `first`…`last`, and earlier ones that have not expired on `first`.

        After death there are none (rules, section 3), not even those still to come on that day. To a patient who left
        there are none from that day on that ask to come, and none at all if the patient is not to be contacted.
        """
        history = self._history
        if history.died is not None:
            return []
        messages = [*self._doses(first, last), *self._visits(first, last), *self._contraception(first, last)]
        messages += self._called_off(first)
        messages += self._doses_missed(first, last)
        if history.off_study is not None:
            left = local_instant(history.off_study.first_on, time(0), self._zone)
            # Nobody who left is told to come, be it to a visit that was overdue then and is still booked.
            asks = {"booking_tomorrow"} if history.may_be_contacted else set(TO_PATIENTS)
            messages = [one for one in messages if one.kind not in asks or one.next_at < left]
        return [message for message in messages if not self._is_off(message.kind, message.day)]

    def _is_off(self, kind: str, day: date) -> bool:
        """Return whether the trial, the site or the patient has switched a kind off."""
        own = self._preferences.off | self._preferences.stopped
        return kind in own or is_off(kind, day, self._schedule, self._site)

    def _message(self, kind: str, about: str, due_at: datetime, through: date, because: Reason) -> Message:
        """Return a message to the patient, held back by the patient's quiet hours."""
        quiet = self._preferences.quiet
        next_at = quiet.held_until(due_at, self._zone) if quiet else due_at
        return Message(kind, about, due_at, next_at, end_of(through, self._zone), because)

    def _to_site(self, kind: str, day: date, due_at: datetime, because: Reason, visit: str | None = None) -> Message:
        """Return a message to the site about the patient, held back by the site's quiet hours."""
        quiet, about = self._site.quiet, about_day(day, visit)
        next_at = quiet.held_until(due_at, self._site.time_zone) if quiet else due_at
        return Message(kind, about, due_at, next_at, end_of(day + timedelta(SITE_DAYS), self._zone), because)

    # The dose.

    def _doses(self, first: date, last: date) -> Iterator[Message]:
        """Yield reminders of doses that are planned and not recorded.

        There are none before treatment has begun, nor from the day of its end on (section 4).
        """
        reminded: set[tuple[date, int]] = set()
        treatment_plan = self._schedule.treatment_plan
        if not any(one.asks_for(first) for one in treatment_plan.regimens):
            return
        rows = treatment_plan.rows(first, first, last)
        planned = planned_slots(treatment_plan, rows)
        for row in filter(treatment_plan.is_reminded, rows):
            day, slot = row["dose_on"], slot_of(row["dose_id"])
            # Who reported a pregnancy calls the site first, unless staff said how treatment goes on (section 6).
            # All drugs that are taken at one time have one reminder.
            if not self._history.awaits_site(day) and (day, slot) not in reminded:
                reminded.add((day, slot))
                because = Reason("dose_of", day=day, number=row["cycle"], number2=row["cycle_day"])
                of_day = day, slot, planned[day]
                reminder = FirstReminder(*of_day, self._times, self._history, self._preferences, self._sent)
                yield from self._dose(reminder, because)

    def _dose(self, first: FirstReminder, because: Reason) -> Iterator[Message]:
        """Yield the first reminder of a dose, and those that follow it."""
        preferences, day, slot, about = self._preferences, first.day, first.slot, first.about
        if self._is_off("dose_due", day):
            return
        end = end_of(day, self._zone)
        yield Message("dose_due", about, first.due_at, first.next_at, first.expires_at, because)
        later = {f"{about} {kind}": (until, end) for kind, until in first.put_off.items()}
        if first.moved_to is not None:
            later[f"{about} {self._times[slot - 1]:%H:%M}"] = first.moved_to, first.expires_at
        for what, (until, expires_at) in later.items():
            yield Message("dose_later", what, until, until, expires_at, Reason("put_off", base=because))
        has_second = preferences.again_after_minutes is not None and "dose_due" not in first.put_off
        if has_second and first.moved_to is None:
            again_at = first.sent_at + timedelta(minutes=preferences.again_after_minutes or 0)
            # Who flew back over the date line since has the day before once more first.
            again_at = max(again_at, local_instant(day, time(0), self._zone))
            latest = end
            if slot < len(self._times):
                latest = local_instant(day, self._times[slot], self._zone) - BEFORE_NEXT
            # What was sent some seconds after its time was on time.
            if again_at < end and again_at.replace(second=0, microsecond=0) <= latest:
                again = self._message("dose_again", about, again_at, day, Reason("not_recorded_yet", base=because))
                yield again._replace(expires_at=first.expires_at)

    def _doses_missed(self, first: date, last: date) -> Iterator[Message]:
        """Yield a message to the site for each run of two or more planned doses that were missed or not recorded."""
        first -= timedelta(SITE_DAYS)
        gaps = (gap for plan in self._schedule.treatment_plan.doses for gap in dose_gaps(plan, first, last))
        # Of doses of a day the site hears once, as soon as of any of them.
        latest_first = sorted(gaps, key=attrgetter("reported_on"), reverse=True)
        for row in {gap.second_on: gap for gap in latest_first}.values():
            if first <= row.second_on <= last:
                # From the day itself if it is recorded missed, else when the day is over.
                at = local_instant(row.reported_on, time(0), self._zone)
                yield self._to_site("doses_missed", row.second_on, at, row.because)

    # Visits.

    def _visits(self, first: date, last: date) -> Iterator[Message]:
        for visit in self._schedule.visits(first - timedelta(SITE_DAYS + 1), last + timedelta(CLOSING_DAYS)):
            # What is booked in vain asks the patient to ask the site.
            yield from self._booking(visit, first, last) if visit.booking is not None else ()
            if visit.done_on is not None or visit.appointment is not None:
                continue
            # Nobody is asked to book, or missed, what aims at or after a start that is only planned (section 4).
            is_asked = visit.status(first) != "not_required" and not visit.awaits_start
            yield from self._window(visit, first, last) if is_asked else ()
            missed_on = visit.closes_on + ONE_DAY
            if is_asked and first - timedelta(SITE_DAYS - 1) <= missed_on <= last:
                at = local_instant(missed_on, time(0), self._zone)
                because = Reason("window_closed", day=visit.closes_on)
                yield self._to_site("window_missed", visit.closes_on, at, because, visit.visit)

    def _window(self, visit: Visit, first: date, last: date) -> Iterator[Message]:
        """Yield messages that a window opened, or closes soon, without a booking; none while a pregnancy is open.

        A booking that has passed does not count.
        """
        booked, opens, closes = visit.booked_on, visit.opens_on, visit.closes_on
        warned_on = closes - timedelta(CLOSING_DAYS)
        # A window so short that both would come at once has one message.
        opened_through = warned_on - ONE_DAY if warned_on > opens else closes
        pregnant = self._history.pregnancy_on
        if (
            opens <= last
            and first <= opened_through
            and (booked is None or booked < opens)
            and not pregnant(opens, opened_through)
        ):
            at = local_instant(opens, MORNING, self._zone)
            because = Reason("window_opened", day=opens)
            yield self._message("window_opened", about_day(opens, visit.visit), at, opened_through, because)
        if (
            opens < warned_on <= last
            and first <= closes
            and (booked is None or booked < warned_on)
            and not pregnant(warned_on, closes)
        ):
            at = local_instant(warned_on, MORNING, self._zone)
            because = Reason("window_closes", day=closes)
            yield self._message("window_closing", about_day(closes, visit.visit), at, closes, because)

    def _booking(self, visit: Visit, first: date, last: date) -> Iterator[Message]:
        """Yield a message on the evening before an appointment; it is of use until then.

        That is the last evening that is at least 12 hours before it or, if it has no time, before its day begins where
        the site is. If the patient's quiet hours would hold it back for too long, it comes before they begin.
        """
        booked_from = visit.booked_from
        if visit.booked_on is None or booked_from is None:
            return
        latest = booked_from - (_BEFORE_BOOKING if visit.booked_time is not None else timedelta(seconds=1))
        evening = civil_date(latest, self._zone)
        at = local_instant(evening, EVENING, self._zone)
        if at > latest:
            at = local_instant(evening - ONE_DAY, EVENING, self._zone)
        quiet = self._preferences.quiet
        if quiet is not None and quiet.held_until(at, self._zone) > latest:
            at = quiet.began(at, self._zone) - _BEFORE_QUIET
        if civil_date(at, self._zone) <= last and first <= civil_date(booked_from, self._zone):
            because, about = Reason("booked_on", day=visit.booked_on), about_visit(visit.booked_on, visit.visit)
            if told := self._told.get((visit.booked_on, visit.visit)):
                about, is_off, sent_at = told[-1]
                since = self._history.bookings[visit.visit].since
                if is_off or sent_at < since:
                    # What the patient was told is no longer so.
                    about, at = about_visit(visit.booked_on, visit.visit, len(told) + 1), max(since, sent_at)
            message = self._message("booking_tomorrow", about, at, visit.booked_on, because)
            yield message._replace(expires_at=booked_from)

    def _called_off(self, first: date) -> Iterator[Message]:
        """Yield that there is no appointment on a day for which the patient was told of one, until that day is over.

        Who has left the study is told no more, and of a visit that was done there is nothing to tell.
        """
        for (day, visit), told in self._told.items():
            booking, row = self._history.bookings.get(visit), self._schedule.visit_schedule.visit(visit)
            is_done = row is not None and row.done_on is not None and row.done_on >= day
            is_on = booking is not None and booking.booked_on == day
            if day < first or is_done or is_on or self._history.off_study is not None:
                continue
            about, is_off, sent_at = told[-1]
            about = about if is_off else about_visit(day, visit, len(told) + 1, is_off=True)
            yield self._message("booking_tomorrow", about, sent_at, day, Reason("booking_off", day=day))

    @cached_property
    def _told(self) -> dict[tuple[date, str], list[Told]]:
        """Return what the patient was told of appointments, by day and visit, in that order."""
        found = defaultdict[tuple[date, str], list[Told]](list)
        for (kind, about), sent in self._sent.items():
            if kind == "booking_tomorrow":
                visit, is_off = visit_about(about[11:])
                found[date.fromisoformat(about[:10]), visit].append(Told(about, is_off, sent.at))
        return {what: sorted(told, key=attrgetter("sent_at")) for what, told in found.items()}

    # Contraception.

    def _contraception(self, first: date, last: date) -> Iterator[Message]:
        """Yield a message each month from the first day contraception is required, and one when it no longer is.

        Section 6 of the rules says when that is. While a pregnancy is open there is none.
        """
        document = self._schedule.contraception(last)
        through, since = document["through_on"], document["from_on"]
        if since is None:
            return
        first -= timedelta(CONTRACEPTION_DAYS)
        months = (first.year - since.year) * 12 + first.month - since.month
        for number in range(max(months, 1), max(months, 1) + 3):
            day = add_months(since, number)
            if (
                first <= day <= last
                and not self._is_pregnant_about(day)
                and self._schedule.contraception(day)["status"] == "required"
            ):
                because = Reason("contraception_since", day=since)
                yield self._in_the_morning("contraception_monthly", day, because)
        # While there may be a later dose that is not on record, no message says that it is over.
        if through is None or document["provisional"] or through < since:
            return
        if first <= (released := through + ONE_DAY) <= last and not self._is_pregnant_about(released):
            yield self._in_the_morning("contraception_released", released, document["because"])

    def _is_pregnant_about(self, day: date) -> bool:
        """Return whether a pregnancy is open on a day on which a message of a day about contraception may be sent."""
        return self._history.pregnancy_on(day, day + timedelta(CONTRACEPTION_DAYS)) is not None

    def _in_the_morning(self, kind: str, day: date, because: Reason) -> Message:
        at = local_instant(day, MORNING, self._zone)
        return self._message(kind, about_day(day), at, day + timedelta(CONTRACEPTION_DAYS), because)


def is_off(kind: str, day: date, schedule: PatientSchedule, site: SitePreferences) -> bool:
    """Return whether the trial or the site has switched a kind off for all patients on a day."""
    return kind in schedule.protocol_on(day).reminders_off or kind in site.off


def digest(site: SitePreferences, day: date) -> Message:
    """Return a site's message on the morning of a day: what there is to do."""
    at = local_instant(day, site.digest, site.time_zone)
    return Message("digest", day.isoformat(), at, at, end_of(day, site.time_zone), Reason("each_morning"))
