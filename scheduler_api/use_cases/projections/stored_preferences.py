"""Read the stored preferences of patients and sites, and supply the defaults of those who have set none."""

from __future__ import annotations

from datetime import datetime, time
from functools import lru_cache
from typing import Any

import orjson

from scheduler_api.engine.reminders.preferences import NIGHT, NotificationPreferences, QuietHours, SitePreferences

#: The channels that a patient may choose.
CHANNELS = ("web_push", "webhook")
_NIGHT = {"from": f"{NIGHT.starts:%H:%M}", "to": f"{NIGHT.ends:%H:%M}"}
#: The defaults of a patient. `show_drug`: whether a lock screen may show drug and disease.
PATIENTS = {
    "time": "20:00",
    "again_after_minutes": 60,
    "channels": list(CHANNELS),
    "language": "en",
    "quiet": _NIGHT,
    "off": [],
    "show_drug": False,
}
#: What is stored beside what clients see: when the patient last chose another time.
_TIME_SET_AT = "time_set_at"
SITES = {"digest": "08:00", "quiet": _NIGHT, "off": []}


def patients_document(text: str | None) -> dict[str, Any]:
    """Return a patient's preferences as clients see them; `text` as stored, None if nothing is."""
    stored = orjson.loads(text) if text else {}
    return {**PATIENTS, **{name: value for name, value in stored.items() if name != _TIME_SET_AT}}


def patients_text(document: dict[str, Any], before: str | None, at: str) -> str:
    """Return a patient's preferences as they are stored from an instant on; `before` are those stored until then."""
    set_at = orjson.loads(before).get(_TIME_SET_AT) if before else None
    if document["time"] != patients_document(before)["time"]:
        set_at = at
    return orjson.dumps({**document, **({_TIME_SET_AT: set_at} if set_at else {})}).decode()


def sites_document(text: str | None) -> dict[str, Any]:
    """Return a site's preferences as clients see them."""
    return {**SITES, **(orjson.loads(text) if text else {})}


@lru_cache(maxsize=1024)
def patients(text: str | None) -> NotificationPreferences:
    """Return a patient's preferences as stored."""
    document = patients_document(text)
    at, quiet, off = time.fromisoformat(document["time"]), _quiet(document["quiet"]), frozenset(document["off"])
    set_at = orjson.loads(text).get(_TIME_SET_AT) if text else None
    time_set_at = None if set_at is None else datetime.fromisoformat(set_at)
    return NotificationPreferences(at, document["again_after_minutes"], quiet, off, time_set_at)


@lru_cache(maxsize=1024)
def sites(time_zone: str, text: str | None) -> SitePreferences:
    """Return a site's preferences as stored."""
    document = sites_document(text)
    return SitePreferences(
        time_zone, time.fromisoformat(document["digest"]), _quiet(document["quiet"]), frozenset(document["off"])
    )


def _quiet(hours: dict[str, str] | None) -> QuietHours | None:
    return None if hours is None else QuietHours(time.fromisoformat(hours["from"]), time.fromisoformat(hours["to"]))
