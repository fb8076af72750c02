"""Read the series of visits of a protocol from data (rules, section 2)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from scheduler_api.engine.model.protocol import Recurrence, Series, Unit

from .clashes import LONGEST
from .reader import Fields

ANCHORS = ("enrolment", "first_dose", "cycle", "last_dose")
UNTIL = ("progression", "end_of_treatment", "end_of_study")
APPLIES_TO = ("all", "fertile")
#: The languages, besides English, in which a protocol may give its own labels.
LANGUAGES = ("zh-CN",)
_SERIES = r"[a-z](?:[a-z0-9-]{0,38}[a-z0-9])?"
_LIKE_A_VISIT = re.compile(r"-(?:[dwm]-?\d+|c\d+d\d+)$", re.ASCII)
_UNITS: Mapping[str, tuple[Unit, int, int]] = {"days": ("d", 1, 3660), "weeks": ("w", 7, 522), "months": ("m", 1, 120)}


def read_series(fields: Fields, at: str, data: Any, cycle_days: int) -> tuple[Series, ...]:
    """Read the series that the entries of a list define, each with the recurrences that have its name."""
    recurrences: dict[str, list[tuple[str, Series]]] = {}
    entries = fields.items(at, data)
    if len(entries) > 30:
        fields.field_error(at, "More than 30 entries.")
        return ()
    for index, entry in enumerate(entries):
        one = _entry(fields, f"{at}/{index}", entry, cycle_days)
        if one is not None:
            recurrences.setdefault(one.name, []).append((f"{at}/{index}", one))
    series = []
    for name, parts in recurrences.items():
        first = parts[0][1]
        for pointer, part in parts:
            if (part.recurrences[0].unit == "m") != (first.recurrences[0].unit == "m"):
                detail = f"Entries of the series {name} are all in months, or all in days and weeks."
                fields.field_error(f"{pointer}/every", detail)
            for field, here, there in (
                ("anchor", (part.anchor, part.anchor_visit), (first.anchor, first.anchor_visit)),
                ("until", part.until, first.until),
                ("applies_to", part.fertile_only, first.fertile_only),
            ):
                if here != there:
                    fields.field_error(f"{pointer}/{field}", f"Entries of the series {name} have one {field}.")
        merged = tuple(recurrence for _, part in parts for recurrence in part.recurrences)
        series.append(Series(name, first.anchor, first.anchor_visit, first.until, first.fertile_only, merged))
    for pointer, part in (pair for parts in recurrences.values() for pair in parts):
        if part.anchor_visit and not any(one.has_visit(part.anchor_visit) for one in series):
            fields.field_error(f"{pointer}/anchor/visit", f"No series has a visit {part.anchor_visit}.")
    return tuple(series)


def _entry(fields: Fields, at: str, data: Any, cycle_days: int) -> Series | None:
    optional = ("labels", "first", "every", "count", "on_day", "applies_to")
    if not fields.table(at, data, ("series", "label", "anchor", "window", "until"), optional):
        return None
    labels = data.get("labels", {})
    if fields.table(f"{at}/labels", labels, (), LANGUAGES):
        for language, label in labels.items():
            fields.text(f"{at}/labels/{language}", label)
    name = fields.pattern(
        f"{at}/series", data.get("series"), _SERIES, "lower-case letters, digits and hyphens, at most 40"
    )
    if _LIKE_A_VISIT.search(name):
        fields.field_error(f"{at}/series", "Ends like the name of a visit.")
    anchor, anchor_visit = _anchor(fields, f"{at}/anchor", data.get("anchor"))
    recurrence = _recurrence(fields, at, data, anchor == "cycle", cycle_days)
    until = fields.choice(f"{at}/until", data.get("until"), UNTIL)
    applies = fields.choice(f"{at}/applies_to", data.get("applies_to", "all"), APPLIES_TO)
    return Series(name, anchor, anchor_visit, until, applies == "fertile", (recurrence,))


def _recurrence(fields: Fields, at: str, data: Mapping[str, Any], of_cycle: bool, cycle_days: int) -> Recurrence:
    """Read when the visits of an entry take place, and their windows."""
    unit: Unit = "d"
    if of_cycle:
        first, every = 0, None
        for field in ("first", "every"):
            if field in data:
                fields.field_error(f"{at}/{field}", "Not used with the anchor `cycle`: it has `on_day`.")
        on_day = fields.integer(f"{at}/on_day", data.get("on_day"), 1, cycle_days)
    else:
        unit, first, every = _interval(fields, at, data)
        on_day = 0
        if "on_day" in data:
            fields.field_error(f"{at}/on_day", "Only used with the anchor `cycle`.")
    count = data.get("count")
    if count is not None:
        count = fields.integer(f"{at}/count", count, 1, 10_000)
        if every is None and not of_cycle:
            fields.field_error(f"{at}/count", "A single visit has no count.")
    before, after = 0, 0
    if fields.table(f"{at}/window", data.get("window"), ("before_days", "after_days"), ()):
        before = fields.integer(f"{at}/window/before_days", data["window"].get("before_days"), 0, 366)
        after = fields.integer(f"{at}/window/after_days", data["window"].get("after_days"), 0, 366)
    label, labels = fields.text(f"{at}/label", data.get("label")), data.get("labels")
    own = tuple(sorted(labels.items())) if isinstance(labels, dict) else ()
    recurrence = Recurrence(label, unit, first, every, count, on_day, before, after, own)
    if every and count and first + (count - 1) * every > LONGEST * (12 if unit == "m" else 366):
        fields.field_error(f"{at}/count", f"The last visit is more than {LONGEST} years from its anchor.")
    return recurrence


def _anchor(fields: Fields, at: str, data: Any) -> tuple[Any, str | None]:
    if isinstance(data, dict):
        fields.table(at, data, ("visit",), ())
        return "visit", fields.text(f"{at}/visit", data.get("visit"))
    return fields.choice(at, data, ANCHORS, 'one of {} or {{"visit": name}}'), None


def _interval(fields: Fields, at: str, data: Mapping[str, Any]) -> tuple[Unit, int, int | None]:
    """Read the unit, `first` and `every`, in days or months; visits are named in weeks only if both are in weeks."""
    every = _offset(fields, f"{at}/every", data["every"], 1) if "every" in data else None
    first = _offset(fields, f"{at}/first", data["first"], None) if "first" in data else every
    if first is None:
        fields.field_error(f"{at}/every", "Missing: a series has `every`, or `first` for a single visit.")
        return "d", 0, None
    if every is None:
        return first[0], first[1], None
    if "m" in (first[0], every[0]) and first[0] != every[0]:
        fields.field_error(f"{at}/first", "`first` and `every` are both in days and weeks, or both in months.")
    return ("d" if first[0] != every[0] else every[0]), first[1], every[1]


def _offset(fields: Fields, at: str, data: Any, least: int | None) -> tuple[Unit, int]:
    """Read a unit and a number of days or months."""
    if not isinstance(data, dict) or len(data) != 1 or (unit := next(iter(data))) not in _UNITS:
        fields.field_error(at, 'Not one of {"days": n}, {"weeks": n}, {"months": n}.')
        return "d", 1
    letter, per_unit, most = _UNITS[unit]
    return letter, fields.integer(f"{at}/{unit}", data[unit], -most if least is None else least, most) * per_unit
