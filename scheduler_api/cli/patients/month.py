"""A patient's calendar as months in the terminal: weeks as rows, readable without colour."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from rich.text import Text

#: The mark of a dose day, what it means, and its style.
DOSES: Mapping[str, tuple[str, str]] = {
    "taken": ("+", "green"),
    "missed": ("x", "bold red"),
    "unrecorded": ("?", "magenta"),
    "held": ("=", "yellow"),
    "rest": ("~", "dim"),
    "due": ("!", "bold"),
    "planned": (".", "dim"),
}
#: Which dose of a day says most, the first before the others.
_NEED = ("missed", "unrecorded", "due", "planned", "held", "taken", "rest")
DONE, BOOKED = "*", "@"
_WINDOW_STYLES = ("on blue", "on magenta", "on cyan", "on bright_black")
_HEAD = "        " + "".join(f" {name}      " for name in ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"))


def months(document: Mapping[str, Any], firsts: Sequence[date]) -> Iterator[Text]:
    """Yield the months that begin on `firsts`, from a calendar document that covers them, and a legend."""
    letters = series_letters(visit["series"] for visit in (*document["visits"], *document["unscheduled"]))
    marks: set[str] = set()
    for first in firsts:
        yield _month(document, first, letters, marks)
    yield _legend(letters, marks)


def series_letters(names: Iterable[str]) -> dict[str, str]:
    """Assign each series a letter: its own first one if that is free."""
    letters: dict[str, str] = {}
    for name in sorted(set(names)):
        free = (letter for letter in [*name, *"abcdefghijklmnopqrstuvwxyz"] if letter.isalpha())
        letters[name] = next((letter for letter in free if letter not in letters.values()), "#")
    return letters


def _month(document: Mapping[str, Any], first: date, letters: Mapping[str, str], marks: set[str]) -> Text:
    # Of several doses of a day the one is shown that somebody should look at.
    by_need = sorted(document["doses"], key=lambda row: _NEED.index(row["status"]), reverse=True)
    doses = {row["dose_on"]: row for row in by_need}
    text = Text.assemble((f"{first:%B %Y}\n", "bold"), (f"{_HEAD.rstrip()}\n", "dim"))
    monday = first - timedelta(first.weekday())
    while monday < first or monday.month == first.month:
        week = [monday + timedelta(number) for number in range(7)]
        inside = [day for day in week if day.month == first.month]
        cycle = next((doses[day] for day in inside if day in doses and doses[day]["cycle"] is not None), None)
        day_of = f"d{cycle['cycle_day']}" if cycle and cycle["cycle_day"] else ""
        place = f"C{cycle['cycle']}{day_of}" if cycle else ""
        row = Text.assemble((place.ljust(8), "dim"))
        for day in week:
            row.append_text(_cell(day, doses.get(day), document, letters, marks) if day in inside else Text(" " * 10))
        row.rstrip()
        text.append_text(row).append("\n")
        monday += timedelta(7)
    return text


def _cell(
    day: date, dose: Mapping[str, Any] | None, document: Mapping[str, Any], letters: Mapping[str, str], marks: set[str]
) -> Text:
    """Return ten columns: the day (in brackets today), its dose, the series with an open window, and what was done.

    A booking is shown as long as nothing was done.
    """
    today = day == document["today"]
    cell = Text.assemble((f"[{day.day:2}]", "bold") if today else f" {day.day:2} ")
    mark, style = DOSES[dose["status"]] if dose else (" ", "")
    cell.append(mark, style=style)
    window_letters = window = happened = ""
    for visit in (*document["visits"], *document["unscheduled"]):
        letter = letters[visit["series"]]
        is_done, is_booked = visit["done_on"] == day, visit.get("booked_on") == day
        if visit.get("opens_on") is not None and visit["opens_on"] <= day <= visit["closes_on"]:
            window_letters += letter.upper() if day == visit["target_on"] else letter
            window = window or _WINDOW_STYLES[list(letters).index(visit["series"]) % len(_WINDOW_STYLES)]
        elif is_done or is_booked:
            window_letters += letter
        happened = DONE if is_done else happened or (BOOKED if is_booked else "")
    cell.append(" ")
    cell.append(f"{window_letters[:2]}{happened}".ljust(3), style="bold" if happened else "")
    if window:
        cell.stylize(window)
    cell.append(" ")
    marks.update({mark, happened} - {" ", ""})
    return cell


def _legend(letters: Mapping[str, str], marks: set[str]) -> Text:
    parts = [f"{mark} {status}" for status, (mark, _) in DOSES.items() if mark in marks]
    parts += [f"{letter} window of {name} ({letter.upper()} its target)" for name, letter in letters.items()]
    parts += [f"{mark} visit {word}" for mark, word in ((DONE, "done"), (BOOKED, "booked")) if mark in marks]
    lines, line = [], "[ ] today"
    for part in parts:
        if len(line) + len(part) > 74:
            lines.append(line)
            line = part
        else:
            line = f"{line}   {part}"
    return Text("\n".join([*lines, line]) + "\n", style="dim")
