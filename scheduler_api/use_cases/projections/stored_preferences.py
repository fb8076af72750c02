"""How patients and sites want to be reminded, as it is kept, and what they get who have said nothing."""

from __future__ import annotations

from datetime import time
from functools import lru_cache
from typing import Any

import orjson

from scheduler_api.engine.reminders.preferences import NIGHT, NotificationPreferences, QuietHours, SitePreferences

#: The ways in which a patient may want to be reached.
CHANNELS = ("web_push", "webhook")
_NIGHT = {"from": f"{NIGHT.starts:%H:%M}", "to": f"{NIGHT.ends:%H:%M}"}
#: Of a patient who has said nothing. `show_drug`: whether a lock screen may show drug and disease.
PATIENTS = {
    "time": "20:00",
    "again_after_minutes": 60,
    "channels": list(CHANNELS),
    "language": "en",
    "quiet": _NIGHT,
    "off": [],
    "show_drug": False,
}
SITES = {"digest": "08:00", "quiet": _NIGHT, "off": []}


def patients_document(text: str | None) -> dict[str, Any]:
    """Return a patient's preferences as clients see them; `text` as stored, None if nothing is."""
    return {**PATIENTS, **(orjson.loads(text) if text else {})}


def sites_document(text: str | None) -> dict[str, Any]:
    """Return a site's preferences as clients see them."""
    return {**SITES, **(orjson.loads(text) if text else {})}


@lru_cache(maxsize=1024)
def patients(text: str | None) -> NotificationPreferences:
    """Return a patient's preferences as stored."""
    said = patients_document(text)
    at, quiet, off = time.fromisoformat(said["time"]), _quiet(said["quiet"]), frozenset(said["off"])
    return NotificationPreferences(at, said["again_after_minutes"], quiet, off)


@lru_cache(maxsize=1024)
def sites(time_zone: str, text: str | None) -> SitePreferences:
    """Return a site's preferences as stored."""
    said = sites_document(text)
    return SitePreferences(time_zone, time.fromisoformat(said["digest"]), _quiet(said["quiet"]), frozenset(said["off"]))


def _quiet(said: dict[str, str] | None) -> QuietHours | None:
    return None if said is None else QuietHours(time.fromisoformat(said["from"]), time.fromisoformat(said["to"]))
