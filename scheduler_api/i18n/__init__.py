"""Texts that patients and sites read, in each language that has a catalogue.

English is written in the code; any other language is a folder of `locale` with two catalogues: `messages.po` of what
the API and reminders say, and `pages.po` of the pages. What they lack is said in English. Dates stay as they are: the
client writes them in the manner of its place.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from babel.messages.pofile import read_po

from scheduler_api.engine.reason import Reason

from .rules import RULES

ENGLISH = "en"

#: Labels of the built-in protocol, what a calendar feed says, and what reminders say.
TEXTS = (
    "surufatinib",
    "Week {n} tumour imaging",
    "Month {n} contraception follow-up",
    "Appointment: {label}",
    "Window: {label}",
    "Target day {day}. Open from {first} through {last}.",
    "Study visit: possible days",
    "Study visit",
    "Study visit: {subject}",
    "{subject}: {label}",
    "No longer required: this booking is to be cancelled",
    "Bookings: {site}",
    "Last day of contraception",
    "Last day of the agreed precautions",
    "Take today's dose",
    "Take today's dose: {drug} {amount}",
    "Take today's dose: {drug}",
    "Trial calendar",
    "Study reminder",
    "Study reminder, {day}",
    "Take your dose of {day}",
    "Take your dose of {day}: {what}",
    "{drug} {amount}",
    "{drug} {amount} ({pieces})",
    "{count} × {strength}",
    "As asked: take your dose of {day}",
    "Dose of {day}: not recorded yet",
    "Please book your next study visit, through {last}",
    "No study visit is booked yet. Please come by {last}",
    "This appointment may no longer be needed: please ask the site",
    "You have a study visit on {day}",
    "You have a study visit on {day} at {time} ({zone})",
    "Your study visit on {day} is cancelled",
    "Your study visit on {day} is cancelled: it is now booked for {new_day}",
    "A study visit is booked for {day}, but it may no longer be needed: please ask the site",
    "Please keep to the precautions agreed with your study site",
    "Contraception is still required",
    "The precautions agreed with your study site have ended; ask the site if in doubt",
    "Contraception is no longer required; ask the site if in doubt",
    "To do: {number}",
    "Nothing to do",
    "And {number} more",
    "A recorded dose may be too much, or none was planned: please check at once",
    "Two doses in a row were missed or not recorded",
    "The window of {visit} has closed and nothing is recorded as done",
)


class Words:
    """The words of all languages that have a catalogue in a folder, beside English."""

    def __init__(self, folder: Traversable) -> None:
        self._folder = folder
        names = sorted(entry.name for entry in folder.iterdir() if entry.joinpath("LC_MESSAGES").is_dir())
        #: The languages there are, English first.
        self.languages = (ENGLISH, *(name.replace("_", "-") for name in names))
        self._catalogue = cache(self._read)
        # Lists and calendars show the same reasons again and again: a page of 50 visits has 100, which take 200 µs to
        # word and 70 to find here.
        self.reason = lru_cache(maxsize=16384)(self._word)

    def say(self, text: str, language: str, **values: Any) -> str:
        """Return one of TEXTS in a language, with its values."""
        return self._catalogue(language).get(text, text).format(**values)

    def _word(self, reason: Reason, language: str) -> str:
        """Return a reason, or a label, in a language."""
        if reason.rule == "label":
            return self._label(reason.inputs, language)
        values = {
            name: self._word(value, language) if isinstance(value, Reason) else value
            for name, value in reason.inputs.items()
        }
        text = RULES[reason.rule]
        return self._catalogue(language).get(text, text).format_map(values)

    def _label(self, inputs: dict[str, Any], language: str) -> str:
        # A protocol may have labels of its own in a language. Not `format`: braces in them may mean nothing.
        own = dict(inputs.get("labels", ()))
        text: str = own.get(language) or self._catalogue(language).get(inputs["text"], inputs["text"])
        return text.replace("{n}", str(inputs["n"])).replace("{day}", str(inputs["day"]))

    def _read(self, language: str) -> dict[str, str]:
        if language == ENGLISH:
            return {}
        folder = self._folder.joinpath(language.replace("-", "_"), "LC_MESSAGES")
        texts: dict[str, str] = {}
        for path in (one for one in folder.iterdir() if one.name.endswith(".po")):
            with path.open("rb") as file:
                texts |= {str(one.id): str(one.string) for one in read_po(file) if one.id and one.string}
        return texts


WORDS = Words(files("scheduler_api").joinpath("i18n", "locale"))
LANGUAGES = WORDS.languages
say = WORDS.say
word = WORDS.reason


@cache
def worded(language: str) -> Callable[[Any], str]:
    """Return what words the reasons in a document while it is written as JSON (`default=` of orjson)."""

    def default(value: Any) -> str:
        if isinstance(value, Reason):
            return word(value, language)
        raise TypeError(f"{type(value).__name__} is not JSON")

    return default
