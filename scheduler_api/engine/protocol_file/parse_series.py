"""Read the series of visits of a protocol from data (rules, section 2)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from scheduler_api.engine.model.facts import UNSCHEDULED
from scheduler_api.engine.model.protocol import (
    RESPONSES,
    Anchor,
    Cycles,
    Recurrence,
    Regimen,
    Responses,
    Series,
    Unit,
)

from .clashes import LONGEST
from .parse_choices import Declared, read_cycles, read_days, read_duration, read_who, read_window
from .reader import Fields

MODES = ("in_person", "remote")
_SERIES = r"[a-z](?:[a-z0-9-]{0,38}[a-z0-9])?"
_SERIES_WORDS = "lower-case letters, digits and hyphens, beginning with a letter, at most 40"
_LIKE_A_VISIT = re.compile(r"-(?:[dwm]-?\d+|c\d+d-?\d+)$", re.ASCII)
_CODE = r"[A-Za-z0-9+-]{1,12}"
_EVERY_CYCLE = (Cycles(),)


def read_series(
    fields: Fields, at: str, data: Any, declared: Declared, regimens: Sequence[Regimen]
) -> tuple[Series, ...]:
    """Read the series that the entries of a list define, each with the recurrences that have its name.

    Behind them stand those of the regimens that are given at the site, whose doses are visits.
    """
    entries: dict[str, list[tuple[str, Series]]] = {}
    for index, entry in enumerate(fields.items(at, data, 200)):
        one = _entry(fields, f"{at}/{index}", entry, declared, regimens)
        if one is not None:
            entries.setdefault(one.name, []).append((f"{at}/{index}", one))
    series = []
    for name, parts in entries.items():
        first = parts[0][1]
        for pointer, part in parts:
            if part.anchor != first.anchor:
                fields.field_error(f"{pointer}/anchor", f"Entries of the series {name} have one anchor.")
            elif part.anchor.each and _window(part) != _window(first):
                # Else the window of a visit from one response might lie inside that of a visit from another.
                detail = f"Entries of the series {name}, which is counted from each response, have one window."
                fields.field_error(f"{pointer}/window", detail)
            if part.responses != first.responses:
                fields.field_error(f"{pointer}/responses", f"Entries of the series {name} have the same responses.")
        recurrences = [recurrence for _, part in parts for recurrence in part.recurrences]
        numbered = tuple(replace(recurrence, place=place) for place, recurrence in enumerate(recurrences))
        series.append(Series(name, first.anchor, numbered, first.responses))
    for place, regimen in enumerate(regimens):
        if regimen.given_by_site:
            pointer = f"/regimens/{place}/id"
            _check_name(fields, pointer, fields.pattern(pointer, regimen.id, _SERIES, _SERIES_WORDS))
            for pointer, _ in entries.get(regimen.id, ()):
                fields.field_error(f"{pointer}/series", f"The doses of the regimen {regimen.id} are that series.")
            series.append(_doses(regimen))
    for pointer, part in (pair for parts in entries.values() for pair in parts):
        _check_anchor(fields, f"{pointer}/anchor", part.anchor, series)
    return tuple(series)


def _window(part: Series) -> tuple[int, int]:
    """Return the window of an entry, in days before and after."""
    return part.recurrences[0].before_days, part.recurrences[0].after_days


def _doses(regimen: Regimen) -> Series:
    """Return the series of the doses of a regimen that is given at the site."""
    recurrences = []
    for place, entry in enumerate(regimen.entries):
        before, after = entry.window or regimen.window
        recurrences.append(
            Recurrence(
                label="",
                unit="d",
                first=0,
                every=None,
                count=None,
                on_day=1,
                before_days=before,
                after_days=after,
                who=regimen.who,
                place=place,
            )
        )
    return Series(regimen.id, Anchor(regimen=regimen.id), tuple(recurrences), None, regimen)


def _entry(fields: Fields, at: str, data: Any, declared: Declared, regimens: Sequence[Regimen]) -> Series | None:
    optional = ("first", "every", "count", "until", "who", "responses", "mode", "activities")
    if not fields.table(at, data, ("series", "label", "anchor", "window"), optional):
        return None
    name = fields.pattern(f"{at}/series", data.get("series"), _SERIES, _SERIES_WORDS)
    _check_name(fields, f"{at}/series", name)
    label, labels = fields.words(f"{at}/label", data.get("label"))
    before, after = read_window(fields, f"{at}/window", data.get("window"))
    # For people: nothing is computed from them.
    for place, activity in enumerate(fields.items(f"{at}/activities", data.get("activities", []), 30)):
        fields.text(f"{at}/activities/{place}", activity)
    if "mode" in data:
        fields.choice(f"{at}/mode", data["mode"], MODES)
    common = {
        "label": label,
        "labels": labels,
        "before_days": before,
        "after_days": after,
        "until": _until(fields, f"{at}/until", data.get("until", []), declared),
        "who": read_who(fields, f"{at}/who", data.get("who"), declared),
    }
    anchor = _anchor(fields, f"{at}/anchor", data.get("anchor"), declared, regimens)
    responses = _responses(fields, f"{at}/responses", data["responses"]) if "responses" in data else None
    if anchor.is_cycle:
        for field in ("first", "every", "count"):
            if field in data:
                fields.field_error(f"{at}/{field}", "Not used with cycle days: `anchor` says which.")
        named = [one.cycle_days for one in regimens if anchor.regimen in (None, one.id)]
        days = _on_cycle_days(fields, f"{at}/anchor", data["anchor"], max(named, default=366), common)
        of_cycles = tuple(days)
        return Series(name, anchor, of_cycles, responses)
    return Series(name, anchor, (_recurrence(fields, at, data, common),), responses)


def _check_name(fields: Fields, at: str, name: str) -> None:
    """Check the name of a series of visits, also of those that are doses: nothing else may be called like it."""
    if name == UNSCHEDULED:
        fields.field_error(at, "That is the word for what belongs to no visit.")
    if _LIKE_A_VISIT.search(name):
        fields.field_error(at, "Ends like the name of a visit.")


def _responses(fields: Fields, at: str, data: Any) -> Responses | None:
    """Read which responses visits have: by the name of the criteria, or the codes and those that mean progression."""
    if not isinstance(data, dict):
        named = fields.choice(at, data, tuple(RESPONSES), 'one of {} or {{"codes": […], "progression": […]}}')
        return RESPONSES.get(named)
    if not fields.table(at, data, ("codes", "progression"), ()):
        return None
    codes = [
        fields.pattern(f"{at}/codes/{index}", code, _CODE, "letters, digits, + and -, at most 12")
        for index, code in enumerate(fields.items(f"{at}/codes", data.get("codes"), 20))
    ]
    if len(set(codes)) < len(codes):
        fields.field_error(f"{at}/codes", "A code is listed twice.")
    listed = enumerate(fields.items(f"{at}/progression", data.get("progression"), 20))
    progression = {
        fields.choice(f"{at}/progression/{index}", code, codes, "one of the codes") for index, code in listed
    }
    # They mean it everywhere else, and in what was recorded before protocols said so.
    for code in ("PD", "iCPD"):
        if code in codes and code not in progression:
            fields.field_error(f"{at}/progression", f"{code} means progression.")
    return Responses(tuple(codes), frozenset(progression))


def _anchor(fields: Fields, at: str, data: Any, declared: Declared, regimens: Sequence[Regimen]) -> Anchor:
    """Read an anchor: a milestone, a list of them, a visit, a response, a drug's last dose, or days of cycles."""
    if isinstance(data, dict):
        if "visit" in data:
            fields.table(at, data, ("visit",), ())
            return Anchor(visit=fields.text(f"{at}/visit", data["visit"]) or " ")
        if "days" in data or "cycles" in data:
            if "regimen" not in data:
                return Anchor()
            named = fields.choice(f"{at}/regimen", data["regimen"], [one.id for one in regimens] or [data["regimen"]])
            return Anchor(regimen=named, names_regimen=bool(regimens) and named != regimens[0].id)
        if "last_dose_of" in data:
            fields.table(at, data, ("last_dose_of",), ())
            ids = [one.id for one in regimens] or [data["last_dose_of"]]
            return Anchor(last_dose_of=fields.choice(f"{at}/last_dose_of", data["last_dose_of"], ids))
        if "response" in data:
            return _response_anchor(fields, at, data)
        words = 'Not {"visit": name}, {"days": […]}, {"last_dose_of": regimen} or {"response": […], "of": series}.'
        fields.field_error(at, words)
        return Anchor(("enrolment",))
    if isinstance(data, list):
        if not data:
            fields.field_error(at, "No milestones.")
            return Anchor(("enrolment",))
        names = declared.names_milestones
        read = (fields.choice(f"{at}/{index}", name, names(name)) for index, name in enumerate(data[:20]))
        return Anchor(tuple(read))
    words = 'one of {}, a list of them, {{"visit": name}} or {{"days": […]}}'
    return Anchor((fields.choice(at, data, declared.names_milestones(data), words),))


def _response_anchor(fields: Fields, at: str, data: Mapping[str, Any]) -> Anchor:
    """Read some responses of a series: others are counted from the first of them, or from each."""
    fields.table(at, data, ("response", "of"), ("each",))
    listed = data["response"] if isinstance(data["response"], list) else [data["response"]]
    if not listed:
        fields.field_error(f"{at}/response", "No responses.")
    codes = [fields.text(f"{at}/response", code) for code in listed[:20]]
    each = fields.flag(f"{at}/each", data.get("each", False))
    return Anchor(responses=tuple(codes), responses_of=fields.text(f"{at}/of", data.get("of")) or " ", each=each)


def _check_anchor(fields: Fields, at: str, anchor: Anchor, series: Sequence[Series]) -> None:
    """Check that an anchor names something that there is: a visit, or responses of a series."""
    visit, of = anchor.visit, anchor.responses_of
    if visit and visit.strip() and not any(one.has_visit(visit) for one in series):
        fields.field_error(f"{at}/visit", f"No series has a visit {visit}.")
    if of and of.strip():
        named = next((one for one in series if one.name == of), None)
        codes = () if named is None or named.responses is None else named.responses.codes
        if not codes:
            fields.field_error(f"{at}/of", f"No series {of} with responses.")
        elif unknown := [code for code in anchor.responses if code not in codes]:
            fields.field_error(f"{at}/response", f"{of} has no response {unknown[0]}: {', '.join(codes)}.")


def _until(fields: Fields, at: str, data: Any, declared: Declared) -> tuple[tuple[str, ...], ...]:
    """Read what ends the visits of an entry: the earliest of its entries, of each the latest of its milestones."""
    names = declared.names_milestones
    found = []
    for index, entry in enumerate(fields.items(at, data, 20)):
        if not isinstance(entry, dict):
            words = 'one of {} or {{"latest": […]}}'
            found.append((fields.choice(f"{at}/{index}", entry, names(entry), words),))
        elif fields.table(f"{at}/{index}", entry, ("latest",), ()):
            latest = fields.items(f"{at}/{index}/latest", entry.get("latest"), 20)
            if not latest and isinstance(entry.get("latest"), list):
                fields.field_error(f"{at}/{index}/latest", "No milestones.")
            pairs = enumerate(latest)
            found.append(tuple(fields.choice(f"{at}/{index}/latest/{n}", name, names(name)) for n, name in pairs))
    return tuple(found)


def _on_cycle_days(
    fields: Fields, at: str, data: Mapping[str, Any], cycle_days: int, common: Mapping[str, Any]
) -> Iterator[Recurrence]:
    """Yield a recurrence for each day of the cycles that an anchor chooses."""
    fields.table(at, data, ("days",), ("cycles", "regimen"))
    chosen = read_cycles(fields, f"{at}/cycles", data["cycles"]) if "cycles" in data else _EVERY_CYCLE
    days = read_days(fields, f"{at}/days", data.get("days"), -366, cycle_days) if "days" in data else (1,)
    if days is None:
        days = tuple(range(1, cycle_days + 1))
    if any(day < 1 for day in days) and chosen != (Cycles(1, 1),):
        fields.field_error(f"{at}/days", 'Days before day 1 are of cycle 1: say `"cycles": [1]`.')
    for cycles in chosen:
        for day in days:
            yield Recurrence(unit="d", first=0, every=None, count=None, on_day=day, cycles=cycles, **common)


def _recurrence(fields: Fields, at: str, data: Mapping[str, Any], common: Mapping[str, Any]) -> Recurrence:
    """Read when the visits of an entry are that is counted from a day."""
    unit, first, every = _interval(fields, at, data)
    count = data.get("count")
    if count is not None:
        count = fields.integer(f"{at}/count", count, 1, 10_000)
        if every is None:
            fields.field_error(f"{at}/count", "A single visit has no count.")
    if every and count and first + (count - 1) * every > LONGEST * (12 if unit == "m" else 366):
        fields.field_error(f"{at}/count", f"The last visit is more than {LONGEST} years from its anchor.")
    return Recurrence(unit=unit, first=first, every=every, count=count, on_day=0, **common)


def _interval(fields: Fields, at: str, data: Mapping[str, Any]) -> tuple[Unit, int, int | None]:
    """Read the unit, `first` and `every`, in days or months; visits are named in weeks only if both are in weeks."""
    every = read_duration(fields, f"{at}/every", data["every"], 1) if "every" in data else None
    first = read_duration(fields, f"{at}/first", data["first"], None) if "first" in data else every
    if first is None:
        fields.field_error(f"{at}/every", "Missing: a series has `every`, or `first` for a single visit.")
        return "d", 0, None
    if every is None:
        return first[0], first[1], None
    if "m" in (first[0], every[0]) and first[0] != every[0]:
        fields.field_error(f"{at}/first", "`first` and `every` are both in days and weeks, or both in months.")
    return ("d" if first[0] != every[0] else every[0]), first[1], every[1]
