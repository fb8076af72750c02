"""Reading a protocol from data (rules, section 2), naming every bad field at once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from functools import partial
from itertools import takewhile
from math import lcm
from typing import Any, TypeVar

from .cycles import CycleRun
from .faults import Fault, Impossible
from .kinds import ABOUT_PATIENTS
from .protocol import Dosing, Protocol, Series, Stretch, Unit
from .slots import AnchorDay, Slot, overlapping, slots_of

T = TypeVar("T")

ANCHORS = ("enrolment", "first_dose", "cycle", "last_dose")
UNTIL = ("progression", "end_of_treatment", "end_of_study")
APPLIES_TO = ("all", "fertile")
#: A stretch with a count ends within so many years.
LONGEST = 30
#: More strengths of one drug are a typing error.
MOST_STRENGTHS = 5
#: The languages, besides English, in which a protocol may give its own labels.
LANGUAGES = ("zh-CN",)
STATED = ("registry", "default")
_ID = r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?"
_SERIES = r"[a-z](?:[a-z0-9-]{0,38}[a-z0-9])?"
_LIKE_A_VISIT = re.compile(r"-(?:[dwm]-?\d+|c\d+d\d+)$", re.ASCII)
_UNITS: Mapping[str, tuple[Unit, int, int]] = {"days": ("d", 1, 3660), "weeks": ("w", 7, 522), "months": ("m", 1, 120)}


def read_protocol(data: Any) -> Protocol:
    """The protocol that `data` (parsed JSON) defines. Raises Impossible with a fault for every bad field."""
    reader = _Reader()
    protocol = reader.protocol(data)
    if not reader.faults and protocol is not None:
        reader.faults += _circles(protocol.series) + _overlaps(protocol)
    if reader.faults or protocol is None:
        raise Impossible(reader.faults)
    return protocol


def anchor_circle(series: Iterable[Series]) -> str | None:
    """The name of a series that, through the visits it is anchored on, depends on itself; None if there is none.

    `series` may come from several versions of a protocol: a patient can be on all of them.
    """
    entries = list(series)
    depends: dict[str, set[str]] = {}
    for entry in entries:
        on = (other.name for other in entries if entry.anchor_visit and other.has_visit(entry.anchor_visit))
        depends.setdefault(entry.name, set()).update(on)
    for name in depends:
        seen, todo = set(), list(depends[name])
        while todo:
            other = todo.pop()
            if other == name:
                return name
            if other not in seen:
                seen.add(other)
                todo += depends[other]
    return None


class _Reader:
    """Walks the data and collects faults; what it returns counts only if there are none."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []

    def fault(self, pointer: str, detail: str) -> None:
        self.faults.append(Fault(pointer, detail))

    def protocol(self, data: Any) -> Protocol | None:
        required = ("id", "version", "dosing", "visits", "contraception")
        optional = ("title", "registry", "participants", "sources", "reminders")
        if not self.table("", data, required, optional):
            return None
        identifier = self.pattern("/id", data.get("id"), _ID, "lower-case letters, digits and hyphens, at most 64")
        version = self.integer("/version", data.get("version"), 1, 10_000)
        title = self.text("/title", data["title"]) if "title" in data else identifier
        self.text("/registry", data.get("registry", ""), empty=True)
        participants = data.get("participants")
        if participants is not None:
            self.integer("/participants", participants, 1, 1_000_000)
        dosing = self.dosing("/dosing", data.get("dosing"))
        series = self.visits("/visits", data.get("visits"), dosing)
        months = 0
        if self.table("/contraception", data.get("contraception"), ("months_after_last_dose",), ()):
            pointer = "/contraception/months_after_last_dose"
            months = self.integer(pointer, data["contraception"].get("months_after_last_dose"), 0, 120)
        off = self.reminders_off("/reminders", data.get("reminders", {}))
        self.sources(data)
        if self.faults or dosing is None:
            return None
        return Protocol(identifier, version, title, participants, dosing, series, months, off, data)

    def reminders_off(self, at: str, data: Any) -> frozenset[str]:
        if not self.table(at, data, (), ("off",)):
            return frozenset()
        kinds = self.items(f"{at}/off", data.get("off", []))
        return frozenset(
            self.choice(f"{at}/off/{index}", kind, ABOUT_PATIENTS) for index, kind in enumerate(kinds[:100])
        )

    def dosing(self, at: str, data: Any) -> Dosing | None:
        optional = ("reduced_doses_mg", "strengths_mg", "dosing_days", "cycle_on_hold")
        if not self.table(at, data, ("drug", "route", "dose_mg", "cycle_days"), optional):
            return None
        dose = self.amount(f"{at}/dose_mg", data.get("dose_mg"))
        reduced = self.items(f"{at}/reduced_doses_mg", data.get("reduced_doses_mg", []))
        amounts = tuple(self.amount(f"{at}/reduced_doses_mg/{i}", mg) for i, mg in enumerate(reduced))
        for index, mg in enumerate(amounts):
            if mg >= dose > 0:
                self.fault(f"{at}/reduced_doses_mg/{index}", "Not less than dose_mg.")
        cycle_days = self.integer(f"{at}/cycle_days", data.get("cycle_days"), 1, 366, instead=366)
        on_hold = self.choice(f"{at}/cycle_on_hold", data.get("cycle_on_hold", "continue"), ("continue", "extend"))
        return Dosing(
            self.text(f"{at}/drug", data.get("drug")),
            self.text(f"{at}/route", data.get("route")),
            dose,
            amounts,
            cycle_days,
            self.dosing_days(f"{at}/dosing_days", data.get("dosing_days", "all"), cycle_days),
            on_hold == "extend",
            self.strengths(f"{at}/strengths_mg", data.get("strengths_mg", [])),
        )

    def strengths(self, at: str, data: Any) -> tuple[float, ...]:
        found = self.items(at, data)
        if len(found) > MOST_STRENGTHS:
            self.fault(at, f"More than {MOST_STRENGTHS} strengths.")
            return ()
        amounts = [self.amount(f"{at}/{index}", mg) for index, mg in enumerate(found)]
        if len(set(amounts)) < len([mg for mg in amounts if mg]):
            self.fault(at, "A strength is listed twice.")
        return tuple(sorted(amounts, reverse=True))

    def dosing_days(self, at: str, data: Any, cycle_days: int) -> frozenset[int] | None:
        if data == "all":
            return None
        if not isinstance(data, list):
            self.fault(at, "Not `all` or a list of days of the cycle.")
            return None
        before = len(self.faults)
        days = [self.integer(f"{at}/{i}", day, 1, cycle_days) for i, day in enumerate(data[:366])]
        if len(self.faults) == before and len(set(days)) < max(len(data), 1):
            self.fault(at, "A day is listed twice." if days else "No days.")
        return None if set(days) == set(range(1, cycle_days + 1)) else frozenset(days)

    def visits(self, at: str, data: Any, dosing: Dosing | None) -> tuple[Series, ...]:
        stretches: dict[str, list[tuple[str, Series]]] = {}
        entries = self.items(at, data)
        if len(entries) > 30:
            self.fault(at, "More than 30 entries.")
            return ()
        for index, entry in enumerate(entries):
            one = self.entry(f"{at}/{index}", entry, dosing.cycle_days if dosing else 366)
            if one is not None:
                stretches.setdefault(one.name, []).append((f"{at}/{index}", one))
        found = []
        for name, parts in stretches.items():
            first = parts[0][1]
            for pointer, part in parts[1:]:
                if (part.stretches[0].unit == "m") != (first.stretches[0].unit == "m"):
                    detail = f"Stretches of the series {name} are all in months, or all in days and weeks."
                    self.fault(f"{pointer}/every", detail)
                for said, here, there in (
                    ("anchor", (part.anchor, part.anchor_visit), (first.anchor, first.anchor_visit)),
                    ("until", part.until, first.until),
                    ("applies_to", part.fertile_only, first.fertile_only),
                ):
                    if here != there:
                        self.fault(f"{pointer}/{said}", f"Stretches of the series {name} have one {said}.")
            merged = tuple(stretch for _, part in parts for stretch in part.stretches)
            found.append(Series(name, first.anchor, first.anchor_visit, first.until, first.fertile_only, merged))
        for pointer, part in (pair for parts in stretches.values() for pair in parts):
            if part.anchor_visit and not any(series.has_visit(part.anchor_visit) for series in found):
                self.fault(f"{pointer}/anchor/visit", f"No series has a visit {part.anchor_visit}.")
        return tuple(found)

    def entry(self, at: str, data: Any, cycle_days: int) -> Series | None:
        optional = ("labels", "first", "every", "count", "on_day", "applies_to")
        if not self.table(at, data, ("series", "label", "anchor", "window", "until"), optional):
            return None
        labels = data.get("labels", {})
        if self.table(f"{at}/labels", labels, (), LANGUAGES):
            for language, label in labels.items():
                self.text(f"{at}/labels/{language}", label)
        name = self.pattern(
            f"{at}/series", data.get("series"), _SERIES, "lower-case letters, digits and hyphens, at most 40"
        )
        if _LIKE_A_VISIT.search(name):
            self.fault(f"{at}/series", "Ends like the name of a visit.")
        anchor, anchor_visit = self.anchor(f"{at}/anchor", data.get("anchor"))
        unit: Unit = "d"
        if anchor == "cycle":
            first, every = 0, None
            for field in ("first", "every"):
                if field in data:
                    self.fault(f"{at}/{field}", "Not used with the anchor `cycle`: it has `on_day`.")
            on_day = self.integer(f"{at}/on_day", data.get("on_day"), 1, cycle_days)
        else:
            unit, first, every = self.rhythm(at, data)
            on_day = 0
            if "on_day" in data:
                self.fault(f"{at}/on_day", "Only used with the anchor `cycle`.")
        count = data.get("count")
        if count is not None:
            count = self.integer(f"{at}/count", count, 1, 10_000)
            if every is None and anchor != "cycle":
                self.fault(f"{at}/count", "A single visit has no count.")
        before, after = 0, 0
        if self.table(f"{at}/window", data.get("window"), ("before_days", "after_days"), ()):
            before = self.integer(f"{at}/window/before_days", data["window"].get("before_days"), 0, 366)
            after = self.integer(f"{at}/window/after_days", data["window"].get("after_days"), 0, 366)
        stretch = Stretch(self.text(f"{at}/label", data.get("label")), unit, first, every, count, on_day, before, after)
        if every and count and first + (count - 1) * every > LONGEST * (12 if unit == "m" else 366):
            self.fault(f"{at}/count", f"The last visit is more than {LONGEST} years from its anchor.")
        until = self.choice(f"{at}/until", data.get("until"), UNTIL)
        applies = self.choice(f"{at}/applies_to", data.get("applies_to", "all"), APPLIES_TO)
        return Series(name, anchor, anchor_visit, until, applies == "fertile", (stretch,))

    def anchor(self, at: str, data: Any) -> tuple[Any, str | None]:
        if isinstance(data, dict):
            self.table(at, data, ("visit",), ())
            return "visit", self.text(f"{at}/visit", data.get("visit"))
        return self.choice(at, data, ANCHORS, 'one of {} or {{"visit": name}}'), None

    def rhythm(self, at: str, data: Mapping[str, Any]) -> tuple[Unit, int, int | None]:
        """Unit, first and every, in days or months; names count in weeks only if all is in weeks."""
        every = self.offset(f"{at}/every", data["every"], 1) if "every" in data else None
        first = self.offset(f"{at}/first", data["first"], None) if "first" in data else every
        if first is None:
            self.fault(f"{at}/every", "Missing: a series has `every`, or `first` for a single visit.")
            return "d", 0, None
        if every is None:
            return first[0], first[1], None
        if "m" in (first[0], every[0]) and first[0] != every[0]:
            self.fault(f"{at}/first", "`first` and `every` are both in days and weeks, or both in months.")
        return ("d" if first[0] != every[0] else every[0]), first[1], every[1]

    def offset(self, at: str, data: Any, least: int | None) -> tuple[Unit, int]:
        """A unit and a number of days or months."""
        if not isinstance(data, dict) or len(data) != 1 or (unit := next(iter(data))) not in _UNITS:
            self.fault(at, 'Not one of {"days": n}, {"weeks": n}, {"months": n}.')
            return "d", 1
        letter, per_unit, most = _UNITS[unit]
        return letter, self.integer(f"{at}/{unit}", data[unit], -most if least is None else least, most) * per_unit

    def sources(self, data: Mapping[str, Any]) -> None:
        """`sources` says of each value whether the registry states it or it is a default; its pointers must exist."""
        sources = data.get("sources", {})
        if not isinstance(sources, dict):
            self.fault("/sources", "Not an object.")
            return
        for pointer, source in sources.items():
            at = f"/sources/{pointer.replace('~', '~0').replace('/', '~1')}"
            if not _resolves(data, pointer):
                self.fault(at, "Points to nothing in this protocol.")
            if self.table(at, source, ("stated",), ("note",)):
                self.choice(f"{at}/stated", source.get("stated"), STATED)
                self.text(f"{at}/note", source.get("note", ""), empty=True)

    def table(self, at: str, data: Any, required: tuple[str, ...], optional: tuple[str, ...]) -> bool:
        if not isinstance(data, dict):
            return self.wrong(at, data if at else "", "Not an object.", False)
        for field in required:
            if field not in data:
                self.fault(f"{at}/{field}", "Missing.")
        for field in data:
            if field not in required and field not in optional:
                self.fault(f"{at}/{str(field).replace('~', '~0').replace('/', '~1')}", "Unknown field.")
        return True

    def items(self, at: str, data: Any) -> list[Any]:
        return data if isinstance(data, list) else self.wrong(at, data, "Not a list.", [])

    def text(self, at: str, data: Any, empty: bool = False) -> str:
        if isinstance(data, str) and (empty or data.strip()) and len(data) <= 200:
            return data
        return self.wrong(at, data, "Not a text of 1 to 200 characters.", "")

    def pattern(self, at: str, data: Any, pattern: str, words: str) -> str:
        if isinstance(data, str) and re.fullmatch(pattern, data, re.ASCII):
            return data
        return self.wrong(at, data, f"Not a name: {words}.", "")

    def choice(self, at: str, data: Any, choices: tuple[str, ...], words: str = "one of {}") -> Any:
        if isinstance(data, str) and data in choices:
            return data
        return self.wrong(at, data, f"Not {words.format(', '.join(choices))}.", "")

    def integer(self, at: str, data: Any, least: int, most: int, instead: int = 1) -> int:
        if isinstance(data, int) and not isinstance(data, bool) and least <= data <= most:
            return data
        return self.wrong(at, data, f"Not a whole number from {least} to {most}.", instead)

    def amount(self, at: str, data: Any) -> float:
        if isinstance(data, int | float) and not isinstance(data, bool) and 0 < data <= 100_000:
            return data
        return self.wrong(at, data, "Not a number of mg above 0, at most 100000.", 0.0)

    def wrong(self, at: str, data: Any, detail: str, instead: T) -> T:
        """Note a fault, once for each field, and go on with a value that raises no other."""
        if not any(fault.pointer == at for fault in self.faults):
            self.fault(at, "Missing." if data is None else detail)
        return instead


def _resolves(data: Any, pointer: str) -> bool:
    if not pointer.startswith("/"):
        return False
    for token in pointer[1:].split("/"):
        key = token.replace("~1", "/").replace("~0", "~")
        if isinstance(data, dict) and key in data:
            data = data[key]
        elif isinstance(data, list) and key.isdecimal() and key.isascii() and len(key) < 6 and int(key) < len(data):
            data = data[int(key)]
        else:
            return False
    return True


def _circles(series: tuple[Series, ...]) -> list[Fault]:
    name = anchor_circle(series)
    return [Fault("/visits", f"The anchors of the series {name} form a circle.")] if name else []


def _overlaps(protocol: Protocol) -> list[Fault]:
    """Two visits of one series with overlapping windows or one name, looked for over ten years and every anchor day."""
    faults = []
    for series in protocol.series:
        clash = next(filter(None, map(overlapping, _samples(series, protocol.dosing.cycle_days))), None)
        if clash is not None:
            names = f"{clash[0].name} and {clash[1].name}"
            faults.append(Fault("/visits", f"The windows of {names} overlap, or the two are one visit."))
    return faults


def _samples(series: Series, cycle_days: int) -> Iterator[Iterator[Slot]]:
    """The visits of a series from every anchor that may make a difference, until their rhythm repeats.

    Days move with their anchor, so one will do; months differ by month, by leap year and by what they clamp.
    """
    anchors = [date(2023, 3, 1)]
    if any(stretch.unit == "m" for stretch in series.stretches):
        days = (anchors[0] + timedelta(number) for number in range(1461))
        anchors = [day for day in days if day.day >= 28]
    for day in anchors:
        anchor = AnchorDay(day, False, "")
        slots = slots_of(series, anchor, (CycleRun(1, day, cycle_days, ()),))
        yield takewhile(partial(_is_visit_until, day + timedelta(_reach(series, cycle_days))), slots)


def _reach(series: Series, cycle_days: int) -> int:
    """After how many days nothing new can come: the last visit that is counted, then once around of the others."""
    stretches = series.stretches
    if series.anchor == "cycle":
        days = cycle_days * (max(stretch.count or 0 for stretch in stretches) + 2)
    else:
        ends = [stretch.first + ((stretch.count or 1) - 1) * (stretch.every or 0) for stretch in stretches]
        around = lcm(*(stretch.every for stretch in stretches if stretch.every and not stretch.count))
        reach = max(0, *ends) + 2 * around
        days = (reach + 13) * 31 if stretches[0].unit == "m" else reach
    return min(days, 2 * LONGEST * 366)


def _is_visit_until(horizon: date, slot: Slot) -> bool:
    return slot.exists and slot.target_on <= horizon
