"""Read the stored preferences of patients and sites, and supply the defaults of those who have set none."""

from __future__ import annotations

from datetime import datetime, time
from functools import lru_cache
from typing import Any

import orjson

from scheduler_api.engine.reminders.kinds import TO_PATIENTS
from scheduler_api.engine.reminders.preferences import NIGHT, NotificationPreferences, QuietHours, SitePreferences

#: The channels that a patient may choose.
CHANNELS = ("web_push", "webhook")
_NIGHT = {"from": f"{NIGHT.starts:%H:%M}", "to": f"{NIGHT.ends:%H:%M}"}
#: The defaults of a patient. `times` are as by default while none are chosen. `show_drug`: whether a lock screen may
#: show drug and disease.
PATIENTS = {
    "times": [],
    "again_after_minutes": 60,
    "channels": list(CHANNELS),
    "language": "en",
    "quiet": _NIGHT,
    "off": [],
    "show_drug": False,
}
#: What is stored beside what the patient chose: when that last was another time, and which kinds the site stopped.
_TIME_SET_AT, _STOPPED = "time_set_at", "stopped"
STOPPED = {"all": False, "kinds": [], "reason": None}
SITES = {"digest": "08:00", "quiet": _NIGHT, "off": []}


def patients_document(text: str | None) -> dict[str, Any]:
    """Return a patient's preferences as clients see them; `text` as stored, None if nothing is."""
    stored = orjson.loads(text) if text else {}
    if "time" in stored:
        # Stored when there was one dose a day.
        stored["times"] = [stored.pop("time")]
    return {**PATIENTS, **{name: value for name, value in stored.items() if name not in (_TIME_SET_AT, _STOPPED)}}


def patients_text(document: dict[str, Any], before: str | None, at: str) -> str:
    """Return a patient's preferences as they are stored from an instant on; `before` are those stored until then."""
    stored = orjson.loads(before) if before else {}
    beside = {name: stored[name] for name in (_TIME_SET_AT, _STOPPED) if name in stored}
    if document["times"] != patients_document(before)["times"]:
        beside[_TIME_SET_AT] = at
    return orjson.dumps({**document, **beside}).decode()


def text_in(language: str, before: str | None) -> str | None:
    """Return a patient's preferences with a language; None if one is stored `before`."""
    stored = orjson.loads(before) if before else {}
    return None if "language" in stored else orjson.dumps({**stored, "language": language}).decode()


def stopped_text(stopped: dict[str, Any], before: str | None) -> str:
    """Return a patient's preferences as they are stored once the site stopped some kinds; `before` are those before."""
    return orjson.dumps({**(orjson.loads(before) if before else {}), _STOPPED: stopped}).decode()


def stopped_document(text: str | None) -> dict[str, Any]:
    """Return which messages to a patient the site stopped, as clients see it."""
    stored = orjson.loads(text) if text else {}
    return {**STOPPED, **stored.get(_STOPPED, {})}


def sites_document(text: str | None) -> dict[str, Any]:
    """Return a site's preferences as clients see them."""
    return {**SITES, **(orjson.loads(text) if text else {})}


@lru_cache(maxsize=1024)
def patients(text: str | None) -> NotificationPreferences:
    """Return a patient's preferences as stored."""
    document = patients_document(text)
    times = tuple(map(time.fromisoformat, document["times"]))
    quiet, off = _quiet(document["quiet"]), frozenset(document["off"])
    set_at = orjson.loads(text).get(_TIME_SET_AT) if text else None
    time_set_at = None if set_at is None else datetime.fromisoformat(set_at)
    stopped = stopped_document(text)
    kinds = frozenset(TO_PATIENTS if stopped["all"] else stopped["kinds"])
    return NotificationPreferences(times, document["again_after_minutes"], quiet, off, time_set_at, kinds)


@lru_cache(maxsize=1024)
def sites(time_zone: str, text: str | None) -> SitePreferences:
    """Return a site's preferences as stored."""
    document = sites_document(text)
    return SitePreferences(
        time_zone, time.fromisoformat(document["digest"]), _quiet(document["quiet"]), frozenset(document["off"])
    )


def _quiet(hours: dict[str, str] | None) -> QuietHours | None:
    return None if hours is None else QuietHours(time.fromisoformat(hours["from"]), time.fromisoformat(hours["to"]))
