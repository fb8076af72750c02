"""Say what a message is about, as it is kept: a day and, where that is not enough, a visit or the number of a dose."""

from __future__ import annotations

from datetime import date


def about_day(day: date, which: str | None = None) -> str:
    """Return what a message is about: a day, and which visit or dose."""
    return f"{day} {which}" if which else f"{day}"


def about_visit(day: date, visit: str, number: int = 1, is_off: bool = False) -> str:
    """Return what the message of a number about the appointment of a visit is about; `is_off`: it is not on that day.

    The first needs only the day and the visit.
    """
    words = [visit, *([] if number == 1 else [str(number)]), *(["off"] if is_off else [])]
    return about_day(day, " ".join(words))


def visit_about(which: str) -> tuple[str, bool]:
    """Return which visit a message is about, by what follows the day, and whether it says that it is off."""
    visit, *more = which.split(" ")
    return visit, "off" in more


def about_dose(day: date, slot: int) -> str:
    """Return what a message about the doses of one time of a day is about; those of the first need only the day."""
    return about_day(day, None if slot == 1 else f"{slot}")


def slot_about(which: str) -> int:
    """Return which dose of the day a message is about, by what follows the day: its number, if any, comes first."""
    number = which.partition(" ")[0]
    return int(number) if number.isdigit() else 1
