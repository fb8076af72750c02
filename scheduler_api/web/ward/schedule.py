"""Draw the schedule of a protocol: the days of each drug, cycles, visits with their windows, and contraception."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from itertools import groupby
from typing import Any, NamedTuple

from scheduler_api.engine.model.protocol import Protocol
from scheduler_api.engine.treatment.dose_ids import parse_dose_id
from scheduler_api.use_cases.patients.samples import ENROLLED_ON, YEAR, Sample, samples

#: How much is drawn before enrolment, where a protocol has visits there (screening).
_BEFORE = timedelta(28)
#: In units of the picture: the column of names, a day, the line above, and a row.
_NAMES, _DAY, _TOP, _STEP = 175, 1.9, 26, 26


class Bar(NamedTuple):
    """Holds a stretch of days of a row: what it shows is its `kind`; `target` is where a visit's target day lies."""

    kind: str
    x: int
    width: int
    target: int | None = None
    text: str = ""
    label: Any = None


class Row(NamedTuple):
    """Holds a row: `name` names what `kind` says that it is (a drug, a series, or nothing else of its kind)."""

    kind: str
    name: Any
    bars: list[Bar]


def pictures(protocol: Protocol) -> Iterator[dict[str, Any]]:
    """Yield what the pictures of a protocol's schedule are made of: that of a sample patient of each arm and sex."""
    return (_picture(protocol, sample) for sample in samples(protocol))


def _picture(protocol: Protocol, sample: Sample) -> dict[str, Any]:
    begins_on = min([ENROLLED_ON, *(visit["opens_on"] for visit in sample.calendar["visits"])])
    begins_on = max(begins_on, ENROLLED_ON - _BEFORE)
    days = (ENROLLED_ON + YEAR - begins_on).days
    scale = _Scale(begins_on, days)
    weeks = [(scale.x(ENROLLED_ON + timedelta(7 * week)), week) for week in range(0, YEAR.days // 7, 4)]
    return {
        "arm": sample.arm,
        "sex": sample.sex,
        "name": "-".join(part for part in (sample.arm, sample.sex) if part is not None),
        "rows": [*_rows(protocol, sample.calendar, scale)],
        "weeks": weeks,
        "size": {"width": _NAMES + int(days * _DAY) + 10, "top": _TOP, "step": _STEP},
    }


class _Scale(NamedTuple):
    """Places days in a picture that begins on a day and has some days."""

    begins_on: date
    days: int

    def x(self, day: date) -> int:
        """Return where a day begins."""
        return _NAMES + int((day - self.begins_on).days * _DAY)

    def bar(self, kind: str, first: date, last: date | None, **more: Any) -> Bar | None:
        """Return the bar of the days `first` … `last` (None: beyond the picture); None for what lies outside."""
        begin = max((first - self.begins_on).days, 0)
        end = self.days if last is None else min((last - self.begins_on).days + 1, self.days)
        x = _NAMES + int(begin * _DAY)
        return None if begin >= end else Bar(kind, x, max(int((end - begin) * _DAY) - 1, 1), **more)


def _rows(protocol: Protocol, calendar: Mapping[str, Any], scale: _Scale) -> Iterator[Row]:
    """Yield the rows of a calendar from top to bottom."""
    cycles = (
        scale.bar("cycle", one["starts_on"], one["ends_on"], text=str(one["number"])) for one in calendar["cycles"]
    )
    yield Row("cycle", None, [bar for bar in cycles if bar is not None])
    for drug, days in _days_of_drugs(protocol, calendar["doses"]):
        doses = (scale.bar("dose", first, last) for first, last in _stretches(days))
        yield Row("drug", drug, [bar for bar in doses if bar is not None])
    series: dict[str, list[Bar]] = {}
    for visit in calendar["visits"]:
        target = visit["target_on"]
        at = scale.x(target) if scale.begins_on <= target <= ENROLLED_ON + YEAR else None
        bar = scale.bar("visit", visit["opens_on"], visit["closes_on"], target=at, label=visit["label"])
        series.setdefault(visit["series"], []).extend([bar] if bar is not None else [])
    for name, bars in series.items():
        yield Row("series", name, bars)
    contraception = calendar["contraception"]
    if contraception["from_on"] is not None:
        bar = scale.bar("contraception", contraception["from_on"], contraception["through_on"])
        yield Row("contraception", None, [bar] if bar is not None else [])


def _days_of_drugs(
    protocol: Protocol, doses: list[dict[str, Any]]
) -> Iterator[tuple[Any, list[tuple[date, int | None]]]]:
    """Yield each drug that the patient takes, and its days in order, each with its cycle."""
    planned = [(parse_dose_id(dose["dose_id"]), dose["cycle"]) for dose in doses if dose["status"] != "rest"]
    for regimen in protocol.taken_by_patient:
        # The doses of the only one, if there is one a day, are named by the day alone.
        days = {(dose.day, cycle) for dose, cycle in planned if dose.regimen in (None, regimen.id)}
        if days:
            yield regimen.drug_name, sorted(days)


def _stretches(days: list[tuple[date, int | None]]) -> Iterator[tuple[date, date]]:
    """Yield the first and the last day of days that follow one another in one cycle."""
    for _, numbered in groupby(enumerate(days), lambda one: (one[1][1], one[1][0] - timedelta(one[0]))):
        found = [day for _, (day, _) in numbered]
        yield found[0], found[-1]
