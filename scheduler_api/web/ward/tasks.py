"""Put entries of the worklist into words, and offer what a nurse can do about each: the calls that resolve it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from scheduler_api.engine.doses.off_plan import HARMFUL
from scheduler_api.engine.worklist.entry import BOOKING_AT_OLD_SITE, URGENCIES
from scheduler_api.i18n.labels import label
from scheduler_api.web import words
from scheduler_api.web.pages import Addresses, addresses

#: What comes first, whenever it was due: doses that could hurt, that nobody expected yet, or that were not taken; and a
#: milestone with which doses may have begun though it never took place.
ALARMS = (*HARMFUL, "dose_before_start", "milestone_unconfirmed", "doses_not_taken", "record_after_death")


class Action(NamedTuple):
    """Holds what can be done at an address: by a form with one or several buttons (value and text), or by a link.

    By `what` a visit is booked on one of the suggested days, its booking is cancelled, a fact of one of some kinds is
    recorded of which fields are `known`; or the visit's page is opened, a fact is corrected in the history, or the
    entry is acknowledged: as seen, or because it can wait.
    """

    what: str
    at: str
    buttons: Sequence[tuple[str, str]] = ()
    known: Sequence[tuple[str, Any]] = ()


class Entry:
    """Holds an entry of the worklist as pages show it: words in the language `spoken`, addresses, what can be done."""

    def __init__(self, entry: Mapping[str, Any], spoken: str, address: Addresses) -> None:
        self._entry, self._spoken, self._address = entry, spoken, address
        self.is_alarm = entry["kind"] in ALARMS
        #: A site that had the patient before does not see the visit, but what it has booked.
        self.is_elsewhere = entry["kind"] == BOOKING_AT_OLD_SITE
        self.entry_id, self.subject_number = entry["entry_id"], entry["subject_number"]
        self.task = label("task", entry["kind"], spoken)
        self.due = words.near(spoken, entry["due_on"], entry["today"])
        self.because = words.reason_in(spoken, entry["because"])
        #: The visit that it is about, and its page; of an entry about no visit None.
        self.about = words.reason_in(spoken, entry["label"]) or entry["visit"]
        self.at_visit = self._at("show_visit", visit=entry["visit"]) if entry["visit"] else None
        self.at_patient = self._at("show_patient")

    def _at(self, view: str, **values: str) -> str:
        return self._address(f"pages.{view}", patient_id=self._entry["patient_id"], **values)

    @property
    def actions(self) -> Iterator[Action]:
        """Yield what can be done about it, in the order of the calls that resolve it."""
        entry, opened, can_wait, kinds = self._entry, False, False, list[str]()
        if entry["suggested_days"]:
            days = [(day, words.plain_near(self._spoken, day, entry["today"])) for day in entry["suggested_days"]]
            yield Action("book", self._at("book_visit", visit=entry["visit"]), days)
        for call in entry["resolve_with"]:
            path, body = call["path"], call["body"]
            if path.endswith("/acknowledgement"):
                can_wait = True
            elif path.endswith("/facts"):
                known = [(name, value) for name, value in body.items() if name != "kind" and value is not None]
                if "replaces" in call["needs"]:
                    yield Action("correct", self._at("show_patient", history="all", _anchor="history"))
                elif known:
                    yield self._to_record([body["kind"]], known)
                else:
                    kinds.append(body["kind"])
            elif call["method"] == "DELETE":
                yield Action("cancel", self._at("book_visit", visit=entry["visit"]))
            elif not opened:
                opened = True
                yield Action("open", self._at("show_visit", visit=entry["visit"]))
        if kinds:
            yield self._to_record(kinds)
        if can_wait:
            # Doses that were not taken may turn out to be harmless.
            what = "seen" if self.is_alarm and entry["kind"] != "doses_not_taken" else "can_wait"
            yield Action(what, self._address("pages.show_acknowledgement", entry_id=self.entry_id))

    def _to_record(self, kinds: Sequence[str], known: Sequence[tuple[str, Any]] = ()) -> Action:
        buttons = [(kind, label("fact", kind, self._spoken)) for kind in kinds]
        return Action("record", self._at("record"), buttons, known)


def grouped(entries: Sequence[Mapping[str, Any]], spoken: str) -> list[tuple[str, list[Entry]]]:
    """Return the entries of a worklist in the order of the page: alarms, then by urgency; empty groups are left out."""
    groups: dict[str, list[Entry]] = {name: [] for name in ("alarm", *URGENCIES)}
    address = addresses()
    for one in entries:
        entry = Entry(one, spoken, address)
        groups["alarm" if entry.is_alarm else one["urgency"]].append(entry)
    return [(name, found) for name, found in groups.items() if found]
