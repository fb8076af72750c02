"""Read the stored preferences of patients and sites, and supply the defaults of those who have set none."""

from __future__ import annotations

from datetime import time
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
    document = patients_document(text)
    at, quiet, off = time.fromisoformat(document["time"]), _quiet(document["quiet"]), frozenset(document["off"])
    return NotificationPreferences(at, document["again_after_minutes"], quiet, off)


@lru_cache(maxsize=1024)
def sites(time_zone: str, text: str | None) -> SitePreferences:
    """Return a site's preferences as stored."""
    document = sites_document(text)
    return SitePreferences(
        time_zone, time.fromisoformat(document["digest"]), _quiet(document["quiet"]), frozenset(document["off"])
    )


def _quiet(hours: dict[str, str] | None) -> QuietHours | None:
    return None if hours is None else QuietHours(time.fromisoformat(hours["from"]), time.fromisoformat(hours["to"]))
