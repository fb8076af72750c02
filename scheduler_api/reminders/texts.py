"""Write the texts of messages: short enough for a lock screen, without revealing to others what the patient has.

Neither drug nor disease is named, nor what the precautions are, unless the patient wants that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from scheduler_api.engine.reason import Reason
from scheduler_api.engine.treatment.capsules import with_unit
from scheduler_api.i18n import say, word

#: How many lines a digest has at most.
LINES = 50
_DOSE = {
    "dose_due": "Take your dose of {day}",
    "dose_again": "Dose of {day}: not recorded yet",
    "dose_later": "As asked: take your dose of {day}",
}


class MessageText(NamedTuple):
    """The title and body of a message, in a language."""

    title: str
    body: str


class Dose(NamedTuple):
    """The details of a dose, for a patient who wants them in messages."""

    drug: Reason
    amount: float
    unit: str
    pieces: Sequence[Mapping[str, Any]] = ()


class Window(NamedTuple):
    """The details of a visit: its label (if wanted), the last day of its window, and a booking's day, time and zone.

    `ask`: it may no longer be needed.
    """

    label: str | None
    last: str
    day: str | None = None
    time: str | None = None
    zone: str | None = None
    ask: bool = False


def dose(kind: str, language: str, day: str, details: Sequence[Dose]) -> MessageText:
    """Return a reminder of doses of a day, which it names: it may be read the day after."""
    body = say(_DOSE[kind], language, day=day)
    if not details:
        return MessageText(say("Study reminder", language), body)
    what = " + ".join(_one_dose(one, language) for one in details)
    return MessageText(body, say("Take your dose of {day}: {what}", language, day=day, what=what))


def _one_dose(dose: Dose, language: str) -> str:
    """Return a drug and its amount in words, with the pieces that make it."""
    pieces = " + ".join(
        say("{count} × {strength}", language, count=one["count"], strength=with_unit(one["strength"], dose.unit))
        for one in dose.pieces
    )
    form = "{drug} {amount} ({pieces})" if pieces else "{drug} {amount}"
    amount = with_unit(dose.amount, dose.unit)
    return say(form, language, drug=word(dose.drug, language), amount=amount, pieces=pieces)


def visit(kind: str, language: str, window: Window) -> MessageText:
    """Return a reminder of a visit."""
    title = window.label or say("Study reminder", language)
    if kind == "booking_tomorrow":
        form = "You have a study visit on {day}"
        if window.ask:
            form = "A study visit is booked for {day}, but it may no longer be needed: please ask the site"
        elif window.time:
            form = "You have a study visit on {day} at {time} ({zone})"
        return MessageText(title, say(form, language, day=window.day, time=window.time, zone=window.zone))
    form = "Please book your next study visit, through {last}"
    if kind == "window_closing":
        form = "No study visit is booked yet. Please come by {last}"
    return MessageText(title, say(form, language, last=window.last))


def called_off(language: str, label: str | None, day: str, booked_on: str | None) -> MessageText:
    """Return that a visit is not on the day for which it was announced; it may be `booked_on` another."""
    form = "Your study visit on {day} is cancelled"
    if booked_on is not None:
        form = "Your study visit on {day} is cancelled: it is now booked for {new_day}"
    return MessageText(label or say("Study reminder", language), say(form, language, day=day, new_day=booked_on))


def contraception(kind: str, language: str, day: str, is_named: bool) -> MessageText:
    """Return a reminder about contraception as of a day; it is named only if the patient wants that."""
    if kind == "contraception_monthly":
        form = "Contraception is still required"
        discreet = "Please keep to the precautions agreed with your study site"
    else:
        form = "Contraception is no longer required; ask the site if in doubt"
        discreet = "The precautions agreed with your study site have ended; ask the site if in doubt"
    return MessageText(say("Study reminder, {day}", language, day=day), say(form if is_named else discreet, language))


def to_site(kind: str, language: str, subject_number: str, visit: str) -> MessageText:
    """Return a message to a site about a patient, who is identified by subject number; and about a visit, by label."""
    if kind == "doses_missed":
        return MessageText(subject_number, say("Two doses in a row were missed or not recorded", language))
    if kind == "dose_to_check":
        return MessageText(
            subject_number, say("A recorded dose may be too much, or none was planned: please check at once", language)
        )
    form = "The window of {visit} has closed and nothing is recorded as done"
    return MessageText(subject_number, say(form, language, visit=visit))


def digest(language: str, work: Sequence[str]) -> MessageText:
    """Return the day's work of a site, a line each, of at most `LINES` lines."""
    if not work:
        return MessageText(say("Nothing to do", language), say("Nothing to do", language))
    lines = list(work[:LINES])
    if len(work) > LINES:
        lines.append(say("And {number} more", language, number=len(work) - LINES))
    return MessageText(say("To do: {number}", language, number=len(work)), "\n".join(lines))
