"""Offer what a nurse can do about an entry of the worklist, as buttons: each is one of the calls that resolve it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from scheduler_api.engine.doses.off_plan import HARMFUL
from scheduler_api.engine.views.tasks import URGENCIES

#: What comes first, whenever it was due: doses that could hurt, or that were not taken.
ALARMS = (*HARMFUL, "doses_not_taken", "record_after_death")


class Action(NamedTuple):
    """A button. `what` is done: a visit is booked on one of the suggested days, its booking is cancelled, its page is
    opened, a `fact` is recorded of which some fields are known, one is corrected in the history, or the entry is
    acknowledged.
    """

    what: str
    fact: Mapping[str, Any] = {}


def grouped(entries: Sequence[dict[str, Any]]) -> list[tuple[str, list[dict[str, Any]]]]:
    """Return the entries of a worklist in the order of the page: alarms, then by urgency; empty groups are left out."""
    groups: dict[str, list[dict[str, Any]]] = {name: [] for name in ("alarm", *URGENCIES)}
    for entry in entries:
        name = "alarm" if entry["kind"] in ALARMS else entry["urgency"]
        groups[name].append({**entry, "actions": [*actions(entry)]})
    return [(name, found) for name, found in groups.items() if found]


def actions(entry: Mapping[str, Any]) -> Iterator[Action]:
    """Yield what can be done about an entry, in the order of the calls that resolve it."""
    if entry["suggested_days"]:
        yield Action("book")
    opened = False
    for call in entry["resolve_with"]:
        path, method = call["path"], call["method"]
        if path.endswith("/acknowledgement"):
            yield Action("acknowledge")
        elif path.endswith("/facts"):
            is_correction = "replaces" in call["needs"]
            yield Action("correct") if is_correction else Action("record", call["body"])
        elif method == "DELETE":
            yield Action("cancel")
        elif not opened:
            opened = True
            yield Action("open")
