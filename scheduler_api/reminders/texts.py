"""What messages say: short enough for a lock screen, and nothing there that tells others what the patient has.

Neither drug nor disease is named, nor what the precautions are, unless the patient wants that (`shown`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from scheduler_api.i18n import say

#: How many lines a digest has at most.
LINES = 50
_DOSE = {
    "dose_again": "Today's dose is not recorded yet",
    "dose_later": "As you asked: take today's dose",
}


class Said(NamedTuple):
    """A message in a language."""

    title: str
    body: str


class Dose(NamedTuple):
    """What a patient who wants it is told of a dose."""

    drug: str
    mg: float


class Window(NamedTuple):
    """What a patient is told of a visit: its label (if wanted), until when its window is open, and a booking's time."""

    label: str | None
    last: str
    time: str | None


def dose(kind: str, language: str, shown: Dose | None) -> Said:
    """Return a reminder of today's dose."""
    body = say(_DOSE.get(kind, "Take today's dose"), language)
    if shown is None:
        return Said(say("Study reminder", language), body)
    return Said(body, say("Take today's dose: {drug} {mg} mg", language, drug=shown.drug, mg=f"{shown.mg:g}"))


def visit(kind: str, language: str, shown: Window) -> Said:
    """Return a reminder of a visit."""
    title = shown.label or say("Study reminder", language)
    if kind == "booking_tomorrow":
        form = "You have a study visit tomorrow at {time}" if shown.time else "You have a study visit tomorrow"
        return Said(title, say(form, language, time=shown.time))
    form = "Please book your next study visit, through {last}"
    if kind == "window_closing":
        form = "No study visit is booked yet. Please come by {last}"
    return Said(title, say(form, language, last=shown.last))


def contraception(kind: str, language: str, shown: bool) -> Said:
    """Return a reminder about contraception, which is named only to those who want that."""
    if kind == "contraception_monthly":
        form = "Contraception is still required"
        discreet = "Please keep to the precautions agreed with your study site"
    else:
        form = "Contraception is no longer required; ask the site if in doubt"
        discreet = "The precautions agreed with your study site have ended; ask the site if in doubt"
    return Said(say("Study reminder", language), say(form if shown else discreet, language))


def to_site(kind: str, language: str, subject_number: str, visit: str | None) -> Said:
    """Return a message to a site about a patient, who is identified by subject number."""
    if kind == "doses_missed":
        return Said(subject_number, say("Two doses in a row were missed or not recorded", language))
    form = "The window of {visit} has closed and nothing is recorded as done"
    return Said(subject_number, say(form, language, visit=visit))


def digest(language: str, work: Sequence[str]) -> Said:
    """Return the day's work of a site, a line each, with no more lines than anyone reads in a mail."""
    if not work:
        return Said(say("Nothing to do", language), say("Nothing to do", language))
    lines = list(work[:LINES])
    if len(work) > LINES:
        lines.append(say("And {number} more", language, number=len(work) - LINES))
    return Said(say("To do: {number}", language, number=len(work)), "\n".join(lines))
