"""Dates, times and reasons as people of a language write them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from functools import lru_cache, partial
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date
from markupsafe import Markup

from scheduler_api.engine.errors import FieldError
from scheduler_api.engine.reason import Reason
from scheduler_api.i18n import ENGLISH, word
from scheduler_api.i18n.labels import label

#: How dates are written: with the day of the week, without the year, only the month, and short for a narrow column.
_PATTERNS: Mapping[str, Mapping[str, str]] = {
    ENGLISH: {"day": "d MMM y", "full": "EEEE d MMMM y", "near": "EEE d MMM", "month": "MMMM y", "short": "d MMM"},
    "zh-CN": {"day": "y年M月d日", "full": "y年M月d日 EEEE", "near": "M月d日 EEE", "month": "y年M月", "short": "M月d日"},
}
#: British English, for the order of day and month.
_LOCALES = {ENGLISH: "en_GB"}
#: A date that is no further from today is plain without its year.
_PLAIN = timedelta(120)
#: The inputs of reasons that are codes, and the group of their labels.
_CODES = {"reason": "choice", "basis": "choice", "series": "series"}
#: The inputs of reasons that name visits, and those with the labels of the same.
_NAMES = {"visit": "label", "visit2": "label2"}
#: What refusals name for programs: fields and codes, and ids of facts.
_FOR_PROGRAMS = re.compile(r"[`_]|\bf-[0-9a-f]", re.ASCII)
_ISO = re.compile(r"\b\d{4}-\d\d-\d\d\b", re.ASCII)


@lru_cache(maxsize=8192)
def date_in(day: date, manner: str, language: str) -> str:
    """Return a date in a language: with its year (`day`), its weekday too (`full`), weekday but no year (`near`) …"""
    patterns = _PATTERNS.get(language, _PATTERNS[ENGLISH])
    return format_date(day, patterns[manner], _LOCALES.get(language, language.replace("-", "_")))


@lru_cache(maxsize=8)
def of(language: str) -> dict[str, Any]:
    """Return the functions with which templates write dates, times and reasons in a language."""
    return {
        "day": partial(time_element, "day", language),
        "near": partial(near, language),
        "full": partial(time_element, "full", language),
        "plain_day": lambda value: date_in(to_date(value), "day", language),
        "plain_near": partial(plain_near, language),
        "month": lambda value: date_in(to_date(value), "month", language),
        "moment": partial(_moment, language),
        "reason": partial(reason_in, language),
        "refusal": partial(_refusal, language),
        "weekdays": _weekdays(language),
    }


def to_date(value: date | str) -> date:
    """Return a date, given as such or as text."""
    return value if isinstance(value, date) else date.fromisoformat(value)


@lru_cache(maxsize=8192)
def time_element(manner: str, language: str, value: date | str | None) -> Markup:
    """Return a date for people, and as programs read it; one of which only the year or month is known as it is."""
    if value is None:
        return Markup("")
    if isinstance(value, str) and not _ISO.fullmatch(value):
        return Markup("<time>{}</time>").format(value)
    day = to_date(value)
    return Markup('<time datetime="{}">{}</time>').format(day.isoformat(), date_in(day, manner, language))


@lru_cache(maxsize=8192)
def near(language: str, value: date | str, today: date | str) -> Markup:
    """Return a date with its weekday, for people and programs; without its year only if that is plain from today."""
    return Markup('<time datetime="{}">{}</time>').format(str(value), plain_near(language, value, today))


@lru_cache(maxsize=8192)
def plain_near(language: str, value: date | str, today: date | str) -> str:
    """Return a date with its weekday; without its year only if that is plain from today."""
    day = to_date(value)
    return date_in(day, "near" if abs(day - to_date(today)) <= _PLAIN else "day", language)


def _moment(language: str, value: datetime | str, zone: str) -> Markup:
    """Return an instant on the clock of a time zone."""
    instant = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    local = instant.astimezone(ZoneInfo(zone))
    text = f"{date_in(local.date(), 'day', language)} {local:%H:%M}"
    return Markup('<time datetime="{}">{}</time>').format(local.isoformat(timespec="seconds"), text)


def reason_in(language: str, value: Reason | str | None) -> str:
    """Return a reason or a label in a language, its dates as people write them."""
    if value is None:
        return ""
    return _worded(value, language) if isinstance(value, Reason) else _dated(value, language)


@lru_cache(maxsize=16384)
def _worded(reason: Reason, language: str) -> str:
    return _dated(word(_for_people(reason, language), language), language)


def _for_people(reason: Reason, language: str) -> Reason:
    """Return a reason with what pages call the codes in it, and with the labels of visits instead of their names."""

    def plain(name: str, value: Any) -> Any:
        if isinstance(value, Reason):
            return _for_people(value, language)
        return label(_CODES[name], value, language).lower() if name in _CODES else value

    inputs = reason.inputs
    named = {name: inputs.get(_NAMES.get(name, name), value) for name, value in inputs.items()}
    return Reason(reason.rule, **{name: plain(name, value) for name, value in named.items()})


def _refusal(language: str, error: FieldError) -> str:
    """Return why something is refused: in English the whole sentence, unless it names what only programs know."""
    if language != ENGLISH or _FOR_PROGRAMS.search(error.detail):
        return label("refusal", error.code, language)
    return _dated(error.detail, language)


@lru_cache(maxsize=8192)
def _dated(text: str, language: str) -> str:
    return _ISO.sub(lambda found: _if_date(found[0], language), text)


def _if_date(text: str, language: str) -> str:
    try:
        return date_in(date.fromisoformat(text), "day", language)
    except ValueError:
        return text


def _weekdays(language: str) -> tuple[str, ...]:
    """Return the names of the days of a week, Monday first."""
    names = Locale.parse(_LOCALES.get(language, language.replace("-", "_"))).days["stand-alone"]["abbreviated"]
    return tuple(names[number] for number in range(7))
