"""Who should hear what and when, told by a plain loop over hours: it knows the trial's rules, and nothing of ours.

The trial is nct06110650: a dose every day, scans every 6 weeks from enrolment ± 7 days, contraception and its monthly
visits for 6 months after the last dose. Or one like it, with other doses.
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

DAY = timedelta(1)
#: Reminders of the last hours before the next dose would have it taken too soon after.
BEFORE_NEXT = timedelta(hours=2)
Said = tuple[str, str]


class Intake(NamedTuple):
    """One dose of a day: of which drug, its number among the doses of that drug, and on the first days of each 21."""

    drug: str
    slot: int
    amount: float
    days: int = 21

    def is_on(self, day: date, first_dose_on: date) -> bool:
        """Return whether it is taken on a day."""
        return (day - first_dose_on).days % 21 < self.days


#: The doses of the trial, and those of one with two drugs of which one is taken twice a day, but in no third week.
ONE_A_DAY = (Intake("surufatinib", 1, 300),)
TWO_DRUGS = (*ONE_A_DAY, Intake("olaparib", 1, 200, 14), Intake("olaparib", 2, 200, 14))


@cache
def months_after(day: date, months: int) -> date:
    """A day some months later; the last of the month if that has no such day."""
    year, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + year, month + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def is_night(at: time) -> bool:
    """Return whether it is quiet: from ten in the evening to seven in the morning."""
    return at >= time(22) or at < time(7)


@dataclass
class Plain:
    """One patient as the loop knows them."""

    enrolled_on: date
    zone: str
    site_zone: str
    fertile: bool
    first_dose_on: date
    intakes: tuple[Intake, ...] = ONE_A_DAY
    begun: bool = False
    #: When the doses of a day are reminded of, those taken together once; the trial's own times at first.
    times: tuple[time, ...] = ()
    again_after: timedelta | None = timedelta(hours=1)
    off: set[str] = field(default_factory=set)
    taken: set[tuple[date, Intake]] = field(default_factory=set)
    missed: set[tuple[date, Intake]] = field(default_factory=set)
    holds: list[tuple[date, date | None]] = field(default_factory=list)
    #: The day for which a visit is booked, and since when; and the day on which a visit was done.
    booked: dict[str, date] = field(default_factory=dict)
    booked_at: dict[str, datetime] = field(default_factory=dict)
    done: dict[str, date] = field(default_factory=dict)
    progressed_on: date | None = None
    last_dose_on: date | None = None
    ended_for: str | None = None
    died: bool = False
    #: From when on nobody writes to the patient any more, who withdrew.
    left_on: date | None = None
    #: When the patient last chose another time; and when time or zone last changed by the patient's own doing.
    time_set_at: datetime | None = None
    changed_at: datetime | None = None
    #: The instants at which a dose was recorded as taken on a day on hold: the site is asked at once to look at it.
    to_check: set[datetime] = field(default_factory=set)
    told: dict[Said, datetime] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Take the usual times."""
        slots = max(one.slot for one in self.intakes)
        self.times = self.times or ((time(20),) if slots == 1 else (time(8), time(20)))

    def may_hear(self, now: datetime) -> bool:
        """Return whether this is an hour at which something may be due though nothing happened."""
        again = self.again_after or timedelta()
        hours = {time(0), time(7), time(9), time(18), *self.times}
        zone = ZoneInfo(self.zone)
        at = now.astimezone(zone)
        if at.time() in hours or now.astimezone(ZoneInfo(self.site_zone)).time() == time(7):
            return True
        # Where the clocks go forward at midnight, a day begins at one or two.
        if at.date() != (now - timedelta(hours=1)).astimezone(zone).date():
            return True
        return any(self.told.get(("dose_due", about)) == now - again for about in self._abouts(at.date()))

    def _abouts(self, day: date) -> list[str]:
        """What messages about the doses of a day are about: the first of it need no number."""
        return [str(day), *(f"{day} {slot}" for slot in range(2, len(self.times) + 1))]

    def hear(self, now: datetime) -> list[Said]:
        """What the patient, or the site of the patient, is told at this hour; it is noted as told."""
        local = now.astimezone(ZoneInfo(self.zone))
        today, at = local.date(), local.time()
        # What was recorded is to be looked at, though the patient died within the hour.
        to_check = [recorded_at for recorded_at in self.to_check if now - recorded_at < 7 * DAY]
        said = [("dose_to_check", recorded_at.isoformat(timespec="microseconds")) for recorded_at in to_check]
        if not self.died and self.left_on is None:
            for slot, about in enumerate(self._abouts(today), 1):
                said += self._dose(now, today, at, slot, about)
        if not self.died and self.left_on is None and not is_night(at):
            said += self._scans(now, today, at)
            said += self._contraception(today, at)
        if not self.died and not is_night(now.astimezone(ZoneInfo(self.site_zone)).time()):
            said += self._to_site(today)
        new = [one for one in said if one not in self.told and one[0] not in self.off]
        self.told.update(dict.fromkeys(new, now))
        return new

    def is_planned(self, day: date, intake: Intake) -> bool:
        """Return whether a dose is planned on a day."""
        return self._is_time_of(day) and intake.is_on(day, self.first_dose_on)

    def is_known(self, day: date, intake: Intake) -> bool:
        """Return whether anybody said of a dose that it was taken or missed."""
        return (day, intake) in self.taken or (day, intake) in self.missed

    def is_to_take(self, day: date, slot: int) -> bool:
        """Return whether a dose is planned at one of the times of a day of which nobody said anything.

        Once the end of treatment is recorded, nobody is told to take the last dose: by the record it was taken.
        """
        return self.ended_for is None and any(
            one.slot == slot and self.is_planned(day, one) and not self.is_known(day, one) for one in self.intakes
        )

    def _is_time_of(self, day: date) -> bool:
        """Return whether treatment goes on on a day, and is not held."""
        if not self.begun or day < self.first_dose_on or (self.ended_for is not None and day > self.last_dose_on):
            return False
        if self.left_on is not None and day >= self.left_on:
            return False
        return not any(start <= day and (end is None or day < end) for start, end in self.holds)

    def _dose(self, now: datetime, today: date, at: time, slot: int, about: str) -> list[Said]:
        if not self.is_to_take(today, slot):
            return []
        dose_time, zone = self.times[slot - 1], ZoneInfo(self.zone)
        later = range(slot + 1, len(self.times) + 1)
        planned = [one.slot for one in self.intakes if one.slot in later and self.is_planned(today, one)]
        # Too late for this one is when the next is near.
        if any(now > self.latest(today, number) for number in planned):
            return []
        first = self.told.get(("dose_due", about))
        if first is None:
            # The night is quiet, unless the patient's own change made the time pass.
            is_due = at >= dose_time and (not is_night(at) or self.changed_at == now)
            return [("dose_due", about)] if is_due else []
        time_is_at = datetime.combine(today, dose_time, zone).timestamp()
        if self.time_set_at is not None and first < self.time_set_at and self.time_set_at.timestamp() < time_is_at:
            # To be told later was the patient's wish.
            return [("dose_later", f"{about} {dose_time:%H:%M}")] if now.timestamp() >= time_is_at else []
        if self.again_after is not None and not is_night(at) and now >= first + self.again_after:
            # Whoever takes something more often has no second reminder near the next time, on no day.
            near = any(first + self.again_after > self.latest(today, number) for number in later)
            return [] if near else [("dose_again", about)]
        return []

    def latest(self, day: date, slot: int) -> datetime:
        """Until when a reminder of the dose before one of a day makes sense."""
        at = datetime.combine(day, self.times[slot - 1], ZoneInfo(self.zone))
        return datetime.fromtimestamp(at.timestamp(), UTC) - BEFORE_NEXT

    def _visits(self) -> list[tuple[str, date, date, bool]]:
        """Name, first and last day of the window, and whether it is required."""
        found = []
        for number in range(1, 12):
            target = self.enrolled_on + number * timedelta(weeks=6)
            opens, closes = target - 7 * DAY, target + 7 * DAY
            required = all(on is None or on > closes for on in (self.progressed_on, self.left_on))
            found.append((f"imaging-w{6 * number}", opens, closes, required))
        if self.ended_for is not None and self.fertile:
            for number in range(1, 7):
                target = months_after(self.last_dose_on, number)
                found.append((f"contraception-m{number}", target - 7 * DAY, target + 7 * DAY, True))
        return found

    def _appointment(self, name: str, booked: date, now: datetime) -> list[Said]:
        """What is said of an appointment before its day begins where the site is.

        From the last evening of the patient's before that; and at once if what was said of it is no longer so.
        """
        begins, zone = datetime.combine(booked, time(0), ZoneInfo(self.site_zone)), ZoneInfo(self.zone)
        evening = datetime.combine(booked + DAY, time(18), zone)
        while evening.timestamp() >= begins.timestamp():
            evening = datetime.combine(evening.date() - DAY, time(18), zone)
        if now.timestamp() >= begins.timestamp():
            return []
        if before := self._told_of(booked, name):
            last_at, last = before[-1]
            again = last.endswith(" off") or last_at < self.booked_at[name]
            return [("booking_tomorrow", f"{booked} {name} {len(before) + 1}")] if again else []
        return [("booking_tomorrow", f"{booked} {name}")] if evening.timestamp() <= now.timestamp() else []

    def _told_of(self, day: date, name: str) -> list[tuple[datetime, str]]:
        """When what was said of an appointment of a visit on a day, in that order."""
        of = f"{day} {name}"
        said = [(at, about) for (kind, about), at in self.told.items() if kind == "booking_tomorrow"]
        return sorted((at, about) for at, about in said if f"{about} ".startswith(f"{of} "))

    def _called_off(self, today: date) -> list[Said]:
        """What is said, until its day is over, of an appointment that there is no more though it was told of."""
        told = {(about[:10], about.split()[1]) for kind, about in self.told if kind == "booking_tomorrow"}
        said = []
        for on, name in told:
            day = date.fromisoformat(on)
            is_done = name in self.done and self.done[name] >= day
            if day >= today and self.booked.get(name) != day and not is_done:
                before = self._told_of(day, name)
                if not before[-1][1].endswith(" off"):
                    said.append(("booking_tomorrow", f"{on} {name} {len(before) + 1} off"))
        return said

    def _scans(self, now: datetime, today: date, at: time) -> list[Said]:
        said = self._called_off(today)
        for name, opens, closes, required in self._visits():
            pregnant = self.ended_for == "pregnancy"
            booked, warned = self.booked.get(name), closes - 3 * DAY
            # What is booked is told of, though it is no longer required or was done before: to ask the site.
            if booked is not None and (name not in self.done or self.done[name] < booked):
                said += self._appointment(name, booked, now)
            if not required or name in self.done:
                continue
            if (
                not pregnant
                and opens <= today < warned
                and (today > opens or at >= time(9))
                and (booked is None or booked < opens)
            ):
                said.append(("window_opened", f"{opens} {name}"))
            if (
                not pregnant
                and warned <= today <= closes
                and (today > warned or at >= time(9))
                and (booked is None or booked < warned)
            ):
                said.append(("window_closing", f"{closes} {name}"))
        return said

    def _contraception(self, today: date, at: time) -> list[Said]:
        if not self.fertile or self.ended_for == "pregnancy":
            return []
        said = []
        through = months_after(self.last_dose_on, 6) if self.ended_for is not None else None
        for number in range(1, 30):
            day = months_after(self.enrolled_on, number)
            required = through is None or day <= through
            if required and day <= today <= day + 6 * DAY and (today > day or at >= time(9)):
                said.append(("contraception_monthly", str(day)))
        if through is not None:
            free = through + DAY
            if free <= today <= free + 6 * DAY and (today > free or at >= time(9)):
                said.append(("contraception_released", str(free)))
        return said

    def _to_site(self, today: date) -> list[Said]:
        said = []
        for name, _, closes, required in self._visits():
            if name not in self.done and required and closes < today <= closes + 2 * DAY:
                said.append(("window_missed", f"{closes} {name}"))
        for day in (today - 2 * DAY, today - DAY, today):
            for one in self.intakes:
                known = day < today or (day, one) in self.missed
                if known and self.is_planned(day, one) and self._not_taken_through(day, one) == 2:
                    said.append(("doses_missed", str(day)))
        return said

    def _not_taken_through(self, day: date, intake: Intake) -> int:
        """How many planned doses of one in a row, the last on a day, were not taken; three stand for more."""
        count = 0
        while count < 3 and self._is_time_of(day) and (day, intake) not in self.taken:
            # A day of rest is no end of a row.
            count, day = count + intake.is_on(day, self.first_dose_on), day - DAY
        return count
