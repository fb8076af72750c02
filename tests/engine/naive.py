"""The rules once more, written the slow and literal way, day by day, to compare the engine with.

Nothing here shares code with the engine; the facts that stand are all it takes from there.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

from scheduler_api.engine.model.facts import Enrolled
from scheduler_api.engine.model.fold import superseded_by
from scheduler_api.engine.model.protocol import Protocol

from .patients import NOW as RECEIVED
from .patients import Patient

DAY = timedelta(1)


def months_later(start: date, months: int) -> date:
    year, month = start.year + (start.month - 1 + months) // 12, (start.month - 1 + months) % 12 + 1
    return date(year, month, min(start.day, monthrange(year, month)[1]))


@dataclass
class PlannedVisit:
    """A visit of the naive model."""

    name: str
    target: date
    opens: date
    closes: date
    done: Any = None
    how: str | None = None


class Known:
    """What stands of a patient's facts."""

    def __init__(self, patient: Patient) -> None:
        superseded = superseded_by(patient.facts)
        self.standing = [fact for fact in patient.facts if fact.fact_id not in superseded]
        self.versions = patient.versions
        self.holds = patient.history.holds
        self.enrolled: Enrolled = self.all("enrolled")[-1]
        self.start = next(iter(self.all("treatment_started")), None)
        self.ended = next(iter(self.all("treatment_ended")), None)
        self.study = next(iter(self.all("study_ended")), None)
        self.zone = patient.history.time_zone
        latest = {record.dose_on: record for record in self.all("dose_recorded")}
        self.taken = {on: record.amount for on, record in sorted(latest.items()) if record.status == "taken"}
        self.missed = {on for on, record in latest.items() if record.status == "missed"}
        self.begun = self.start is not None or bool(self.taken)

    def all(self, kind: str) -> list[Any]:
        return [fact.body for fact in self.standing if fact.kind == kind]

    def latest(self, kind: str, on: date) -> Any:
        """The latest fact of a kind from that day or before."""
        return max(
            (body for body in self.all(kind) if body.from_on <= on),
            key=_from_on_then_receipt(self.all(kind)),
            default=None,
        )

    def stands_for(self, when: Any, but_not_after: date | None = None) -> date:
        """The day that a date stands for: the last of its days that is neither after its receipt nor after death."""
        if isinstance(when, date):
            return when
        day = when.last
        while day > when.first and (day > RECEIVED.date() or (but_not_after and day > but_not_after)):
            day -= DAY
        return day

    @property
    def died(self) -> date | None:
        days = [self.study.ended_on] if self.study and self.study.reason == "death" else []
        days += [self.ended.decided_on] if self.ended and self.ended.reason == "death" else []
        return min(map(self.stands_for, days), default=None)

    @property
    def off(self) -> date | None:
        days = [self.stands_for(self.study.ended_on, self.died)] if self.study else []
        return min([*days, *([self.died] if self.died else [])], default=None)

    @property
    def decided(self) -> date:
        return self.stands_for(self.ended.decided_on, self.died)

    @property
    def stated_last(self) -> date | None:
        """The last dose by the end of treatment; one that nobody knows is at least the decision."""
        if not self.ended or self.ended.last_dose_on is None:
            return None
        return (
            self.decided
            if self.ended.last_dose_on == "unknown"
            else self.stands_for(self.ended.last_dose_on, self.died)
        )

    @property
    def c1d1(self) -> date:
        if self.start:
            return self.start.first_dose_on
        return min(self.taken, default=self.enrolled.planned_first_dose_on)

    @property
    def last_day(self) -> date | None:
        days = [self.off - DAY] if self.off else []
        if self.ended:
            days.append(self.stated_last or self.decided - DAY)
        return min(days, default=None)

    @property
    def last_dose(self) -> date | None:
        days = [*self.taken, *([self.start.first_dose_on] if self.start else [])]
        days += [self.stated_last] if self.stated_last else []
        return max(days, default=None)

    def version(self, on: date) -> Protocol:
        amendment = self.latest("protocol_amended", on)
        return self.versions[amendment.version if amendment else self.enrolled.version]

    def fertile(self, on: date) -> bool:
        change = self.latest("fertility_changed", on)
        return (change or self.enrolled).fertility == "fertile"

    def ever_fertile(self) -> bool:
        return any(map(self.fertile, [self.enrolled.enrolled_on, *(c.from_on for c in self.all("fertility_changed"))]))

    def held(self, on: date) -> bool:
        return any(hold.from_on <= on and (hold.resumes_on is None or on < hold.resumes_on) for hold in self.holds)

    def planned_amount(self, on: date) -> float:
        most = self.version(on).dosing.dose_mg
        change = self.latest("dose_changed", on)
        return min(change.amount, most) if change else most

    def dose_days(self, today: date, through: date) -> Iterator[dict[str, Any]]:
        """The dose days from C1D1 on, one after the other (section 4)."""
        on, cycle, gone = self.c1d1, 1, 0
        running = self.version(on).dosing
        while on <= (min(through, self.last_day) if self.last_day else through):
            if gone == running.cycle_days:
                cycle, gone, running = cycle + 1, 0, self.version(on).dosing
            dosing = self.version(on).dosing
            rests = dosing.dosing_days is not None and gone + 1 not in dosing.dosing_days
            planned, taken_amount = self.planned_amount(on), None
            if on in self.taken:
                status, taken_amount = "taken", planned if self.taken[on] is None else self.taken[on]
            elif self.held(on):
                status = "held"
            elif rests:
                status = "rest"
            elif not self.begun:
                status = "planned"
            elif on in self.missed:
                status = "missed"
            else:
                status = "planned" if on > today else "due" if on == today else "unrecorded"
            yield {
                "dose_on": on,
                "cycle": cycle,
                "cycle_day": gone + 1,
                "amount": None if self.held(on) or rests else planned,
                "taken_amount": taken_amount,
                "status": status,
                "rests": rests,
            }
            if not (running.extend_on_hold and self.held(on)):
                gone += 1
            on += DAY

    def adherence(self, today: date) -> dict[str, Any]:
        """Adherence, counted day by day (section 4)."""
        last = today if today in self.taken or today in self.missed else today - DAY
        rows = list(self.dose_days(today, last)) if self.begun else []
        count = {
            status: sum(row["status"] == status for row in rows) for status in ("taken", "missed", "unrecorded", "held")
        }
        planned = count["taken"] + count["missed"] + count["unrecorded"]
        full = sum(self.version(row["dose_on"]).dosing.dose_mg for row in rows if not row["rests"])
        mg = sum(row["taken_amount"] or 0 for row in rows)
        return {
            "planned": planned,
            **count,
            "adherence": round(count["taken"] / planned, 4) if planned else None,
            "relative_dose_intensity": round(mg / full, 4) if planned and full else None,
        }

    def contraception(self, on: date) -> str:
        """Whether contraception is required on a day, as seen on that day (section 6)."""
        if not self.ever_fertile() or on < self.enrolled.enrolled_on:
            return "not_required"
        through = self.through(on)
        return "required" if self.fertile(on) and on <= through else "released"

    def through(self, on: date) -> date:
        """The last day on which contraception can be required, fertility apart; far ahead while treatment goes on."""
        through = date(2300, 1, 1)
        if self.ended and self.last_dose is None:
            # The end says that nobody was dosed.
            through = min([self.decided, *([self.off] if self.off else [])]) - DAY
        elif self.ended:
            through = self.months_after(self.last_dose)
        elif self.off:
            through = self.months_after(max(self.off, self.last_dose or self.off))
        return min(through, self.died - DAY) if self.died else through

    def months_after(self, base: date) -> date:
        """The months after a day: the longest of all versions in force on a day on which contraception was required."""
        counting, through, on = [], base, self.enrolled.enrolled_on
        until_then = [on + n * DAY for n in range((base - on).days + 1)]
        if not any(map(self.fertile, until_then)):
            # On no day until then was it required: the version of that day says how long it will be.
            counting = [self.version(base)]
            through = months_later(base, counting[0].months_after_last_dose)
        while on <= through:
            if self.fertile(on) and (not self.died or on < self.died):
                counting.append(self.version(on))
                through = max(through, months_later(base, self.version(on).months_after_last_dose))
            on += DAY
        return months_later(base, max((v.months_after_last_dose for v in counting), default=0))

    def end_of(self, until: str) -> tuple[date, date] | None:
        """E of section 6 and the first day that it may be, of a series for all patients that hangs on no cycle."""
        ends = [self.study.ended_on] if self.study else []
        ends += [self.ended.decided_on] if self.ended and self.ended.reason == "death" else []
        if until == "progression":
            ends += [body.progressed_on for body in self.all("progressed")]
            ends += [body.started_on for body in self.all("new_therapy_started")]
            ends += [b.done_on for b in self.all("visit_done") if b.series == "imaging" and b.response == "PD"]
        if until == "end_of_treatment" and self.ended:
            ends.append(self.ended.decided_on)
        return min(((self.stands_for(end, self.died), getattr(end, "first", end)) for end in ends), default=None)

    def imaging(self) -> tuple[list[PlannedVisit], date, list[Any], tuple[date, date] | None]:
        """Imaging under one version: its visits through 2028 with what was done, their anchor, the rest, and E."""
        entries = [e for e in self.version(self.c1d1).definition["visits"] if e["series"] == "imaging"]
        anchor = self.enrolled.enrolled_on if entries[0]["anchor"] == "enrolment" else self.c1d1
        slots = sorted((slot for entry in entries for slot in _expand(entry, anchor)), key=lambda slot: slot.target)
        beyond = [_expand({**e, "count": e["count"] + 1}, anchor)[-1] for e in entries if "count" in e]
        targets = [slot.target for slot in slots]
        if "every" in entries[-1] and "count" in entries[-1]:
            targets.append(beyond[-1].target)
        done = sorted((body for body in self.all("visit_done") if body.series == "imaging"), key=lambda b: b.done_on)
        rest, unscheduled = [], []
        for body in (body for body in done if body.visit):
            slot = next((slot for slot in slots if slot.name == body.visit), None)
            if slot and not slot.done and body.done_on >= min(anchor, slot.opens):
                slot.done, slot.how = body, "named"
            else:
                unscheduled.append(body)
        for body in (body for body in done if not body.visit):
            slot = next((s for s in slots if s.opens <= body.done_on <= s.closes and not s.done), None)
            if slot:
                slot.done, slot.how = body, "window"
            else:
                rest.append(body)
        for body in rest:
            free = [slot for slot in slots if not slot.done]
            nearest = min(free, key=lambda slot: (abs(slot.target - body.done_on), slot.target), default=None)
            after = [target for target in targets if nearest and target > nearest.target]
            far = nearest and after and 2 * abs(nearest.target - body.done_on) > after[0] - nearest.target
            if nearest is None or far or body.done_on < min(anchor, nearest.opens):
                unscheduled.append(body)
            else:
                nearest.done, nearest.how = body, "nearest"
        self.next_opens = {slot.name: following.opens for slot, following in pairwise(slots)}
        if "every" in entries[-1] and "count" in entries[-1]:
            self.next_opens[slots[-1].name] = beyond[-1].opens
        return slots, anchor, unscheduled, self.end_of(entries[0]["until"])

    def status(self, slot: PlannedVisit, end: tuple[date, date] | None, today: date) -> str | None:
        """The status of a visit of imaging; None if it does not exist."""
        if slot.done:
            return "done"
        if end and slot.opens > end[0]:
            return "not_required" if slot.name in self.booked() else None
        if end and end[1] <= slot.closes:
            return "not_required"
        if today < slot.opens:
            return "upcoming"
        if today <= slot.closes:
            return "open"
        following = self.next_opens.get(slot.name)
        return "overdue" if following is None or today < following else "missed"

    def booked(self) -> dict[str, date]:
        days = {body.visit: body.booked_on for body in self.all("visit_booked")}
        return {visit: on for visit, on in days.items() if on is not None}


def _from_on_then_receipt(bodies: list[Any]) -> Any:
    return lambda body: (body.from_on, max(i for i, other in enumerate(bodies) if other is body))


def _expand(entry: dict[str, Any], anchor: date) -> list[PlannedVisit]:
    """The visits of one entry through 2028, by name."""
    unit, number = next(iter((entry.get("first") or entry["every"]).items()))
    every = entry.get("every")
    slots = []
    for k in range(entry.get("count", 5000) if every else 1):
        offset = number + k * (every[unit] if every else 0)
        if unit == "months":
            target = months_later(anchor, offset)
        else:
            target = anchor + offset * timedelta(7 if unit == "weeks" else 1)
        if target > date(2028, 12, 31) and "count" not in entry:
            break
        window = entry["window"]
        slots.append(
            PlannedVisit(
                f"imaging-{unit[0]}{offset}" if every else "imaging",
                target,
                target - timedelta(window["before_days"]),
                target + timedelta(window["after_days"]),
            )
        )
    return slots
