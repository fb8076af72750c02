"""Texts that patients and sites read, in English and Simplified Chinese.

The engine explains in English; each sentence has one of the forms below, so that it can be said in another language
from the text alone. Dates stay as they are: the client writes them in the manner of its place.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache, partial
from importlib.resources import files
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

#: The languages there are, the default first.
LANGUAGES = ("en", "zh-CN")

#: How a `because` can read. The forms in front are tried first; what a name in braces stands for is said in turn.
SENTENCES = (
    "{said}; not required: {said2}",
    "{said}; not required",
    "treatment goes on; at the earliest {said}",
    "never dosed; {said}",
    "not fertile since enrolment {day} ({basis})",
    "not fertile from {day} ({basis})",
    "not fertile from {day}",
    "{said} + {days} = cycle {number} day {number2}",
    "{said} + {count}",
    "{said} - {count}",
    "{said}, end of treatment not recorded",
    "enrolment {day}",
    "first dose {day}",
    "first day recorded taken {day}",
    "planned first dose {day}",
    "last dose {day}",
    "{visit} done {day}",
    "{visit} target {day}",
    "progressed {day}",
    "new therapy {day}",
    "treatment ended {day}",
    "study ended {day}",
    "no cycle after {day}",
    "died {day}",
    "today {day}",
    "{said}, end of treatment not recorded: contraception rests on the last dose",
    "window {day} to {day2}, not done and not booked",
    "window {day} to {day2}, not done",
    "window {day} to {day2}, not booked",
    "booked {day}, window {day2} to {day3}",
    "booked {day}, nothing recorded as done",
    "booked {day}",
    "done {day}, outside every window: nearest to {visit} (target {day2})",
    "no dose taken from {day} on; planned doses missed or not recorded",
    "held from {day}, end not known",
    "planned first dose {day}, no start and no dose recorded",
    "treatment ended for progression {day}, no date of progression recorded: imaging goes on",
    "treatment ended for pregnancy {day}: nothing about contraception or imaging is sent",
    "{number} day",
    "{number} days",
    "{number} week",
    "{number} weeks",
    "{number} month",
    "{number} months",
    "natural_menopause",
    "artificial_menopause",
    "sterilisation",
)

#: Labels of the built-in protocol, what a calendar feed says, and what reminders say.
TEXTS = (
    "Week {number} tumour imaging",
    "Month {number} contraception follow-up",
    "Appointment: {label}",
    "Window: {label}",
    "Target day {day}. Open from {first} through {last}.",
    "Last day of contraception",
    "Take today's dose",
    "Take today's dose: {drug} {mg} mg",
    "Trial calendar",
    "Study reminder",
    "As you asked: take today's dose",
    "Today's dose is not recorded yet",
    "Please book your next study visit, through {last}",
    "No study visit is booked yet. Please come by {last}",
    "You have a study visit tomorrow",
    "You have a study visit tomorrow at {time}",
    "Please keep to the precautions agreed with your study site",
    "Contraception is still required",
    "The precautions agreed with your study site have ended; ask the site if in doubt",
    "Contraception is no longer required; ask the site if in doubt",
    "To do: {number}",
    "Nothing to do",
    "And {number} more",
    "Two doses in a row were missed or not recorded",
    "The window of {visit} has closed and nothing is recorded as done",
)

_DAY = r"\d{4}-\d\d-\d\d"
_GROUPS = {
    "day": _DAY,
    "day2": _DAY,
    "day3": _DAY,
    "number": r"-?\d+",
    "number2": r"\d+",
    "basis": r"[a-z_]+",
    "visit": r"[a-z0-9-]+",
    "days": r"\d+ days?",
    "count": r"\d+ (?:day|week|month)s?",
}
#: What of a document is words.
_IN_WORDS = ("because", "label")
_SAID_IN_TURN = ("said", "said2", "days", "count", "basis")


def say(text: str, language: str, **values: Any) -> str:
    """One of TEXTS in a language, with its values."""
    template = text if language == LANGUAGES[0] else _catalog(language)[text].string
    return str(template).format(**values)


def translate(sentence: str, language: str, labels: Mapping[str, str] | None = None) -> str:
    """A sentence of the engine's, or a label, in a language; as it is if it has none of the known forms.

    `labels` are a protocol's own: its English labels, with `{n}` and `{day}`, and those in this language.
    """
    if language == LANGUAGES[0]:
        return sentence
    for pattern, template in _own_labels(tuple((labels or {}).items())) + _patterns(language):
        match = pattern.fullmatch(sentence)
        if match is not None:
            values = match.groupdict()
            for name in _SAID_IN_TURN:
                if name in values:
                    values[name] = translate(values[name], language)
            # Not `format`: a protocol's own label may have braces that mean nothing.
            return re.sub(r"\{(\w+)\}", partial(_value, values), template)
    return sentence


def _value(values: Mapping[str, str], braces: re.Match[str]) -> str:
    return values.get(braces[1], braces[0])


def translated(document: Any, to: str, labels: Mapping[str, str] | None = None) -> Any:
    """A document with its labels and reasons in a language, wherever they stand in it."""
    if to == LANGUAGES[0]:
        return document
    if isinstance(document, list):
        return [translated(item, to, labels) for item in document]
    if isinstance(document, Mapping):
        return {
            name: translate(value, to, labels) if name in _IN_WORDS and value else translated(value, to, labels)
            for name, value in document.items()
        }
    return document


@cache
def _patterns(language: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    catalog = _catalog(language)
    return tuple((_pattern(text), str(catalog[text].string)) for text in (*SENTENCES, *TEXTS))


@cache
def _own_labels(labels: tuple[tuple[str, str], ...]) -> tuple[tuple[re.Pattern[str], str], ...]:
    def named(label: str) -> str:
        return label.replace("{n}", "{number}").replace("{day}", "{number2}")

    return tuple((_pattern(named(english)), named(other)) for english, other in labels)


def _pattern(template: str) -> re.Pattern[str]:
    parts = re.split(r"\{([a-z]\w*)\}", template)
    seen: set[str] = set()
    for index, part in enumerate(parts):
        if index % 2 == 0:
            parts[index] = re.escape(part)
        else:
            parts[index] = f"(?P={part})" if part in seen else f"(?P<{part}>{_GROUPS.get(part, '.+')})"
            seen.add(part)
    return re.compile("".join(parts), re.ASCII | re.DOTALL)


@cache
def _catalog(language: str) -> Catalog:
    folder = files("scheduler_api").joinpath("words", "locale", language.replace("-", "_"), "LC_MESSAGES")
    with folder.joinpath("messages.po").open("rb") as file:
        return read_po(file)
