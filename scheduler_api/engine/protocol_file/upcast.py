"""Read protocols that were stored in the form before: one drug, one anchor word, months of contraception."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from scheduler_api.engine.model.protocol import Protocol

from .parse import read_protocol
from .reader import resolves

_UNTIL = {
    "progression": ["progression", "new_therapy"],
    "end_of_treatment": ["end_of_treatment"],
    "end_of_study": [],
}
#: Where the values of the form before are now, for what `sources` says of them.
_MOVED = {
    "/dosing/drug": "/regimens/0/drug",
    "/dosing/route": "/regimens/0/route",
    "/dosing/dose_mg": "/regimens/0/dose/amount",
    "/dosing/reduced_doses_mg": "/regimens/0/dose/levels",
    "/dosing/strengths_mg": "/regimens/0/strengths",
    "/dosing/cycle_days": "/regimens/0/cycle_days",
    "/dosing/dosing_days": "/regimens/0/when",
    "/dosing/cycle_on_hold": "/regimens/0/on_hold",
    "/contraception/months_after_last_dose": "/contraception/0/after_last_dose",
}


def read_stored(data: Any) -> Protocol:
    """Read the protocol that a stored definition (parsed JSON) of any form defines. Raises ValidationFailed."""
    return read_protocol(current_form(data))


def current_form(data: Any) -> Any:
    """Return a stored definition in the form of today; one that has it already unchanged."""
    if "dosing" not in data:
        return data
    kept = {name: data[name] for name in ("id", "version", "title", "registry", "participants") if name in data}
    months = data["contraception"]["months_after_last_dose"]
    found = {
        **kept,
        "regimens": [_regimen(data["dosing"])],
        "visits": [_entry(entry) for entry in data["visits"]],
        "contraception": [{"after_last_dose": {"months": months}}],
    }
    if "reminders" in data:
        found["reminders"] = data["reminders"]
    if "sources" in data:
        sources = ((_pointer(pointer), source) for pointer, source in data["sources"].items())
        # What is a default now is no longer in a protocol.
        found["sources"] = {pointer: source for pointer, source in sources if resolves(found, pointer)}
    return found


def _regimen(dosing: Mapping[str, Any]) -> dict[str, Any]:
    name = re.sub(r"[^a-z0-9]+", "-", dosing["drug"].lower()).strip("-")[:40].strip("-")
    regimen = {
        "id": name if re.match("[a-z]", name) else "treatment",
        "drug": dosing["drug"],
        "route": dosing["route"],
        "dose": {"amount": dosing["dose_mg"], "unit": "mg"},
        "cycle_days": dosing["cycle_days"],
    }
    if "reduced_doses_mg" in dosing:
        # An amount could be listed twice.
        regimen["dose"]["levels"] = [*dict.fromkeys(dosing["reduced_doses_mg"])]
    if "strengths_mg" in dosing:
        regimen["strengths"] = dosing["strengths_mg"]
    if "dosing_days" in dosing:
        regimen["when"] = [{"days": dosing["dosing_days"]}]
    if "cycle_on_hold" in dosing:
        regimen["on_hold"] = dosing["cycle_on_hold"]
    return regimen


def _entry(entry: Mapping[str, Any]) -> dict[str, Any]:
    label = {"en": entry["label"], **entry["labels"]} if entry.get("labels") else entry["label"]
    found = {"series": entry["series"], "label": label, "anchor": entry["anchor"]}
    if entry["anchor"] == "cycle":
        found["anchor"] = {"days": [entry["on_day"]]}
        if "count" in entry:
            found["anchor"]["cycles"] = {"to": entry["count"]}
    else:
        found |= {name: entry[name] for name in ("first", "every", "count") if name in entry}
    found |= {"window": entry["window"], "until": _UNTIL[entry["until"]]}
    if entry["series"] == "imaging":
        found["responses"] = "RECIST 1.1"
    if entry.get("applies_to") == "fertile":
        found["who"] = {"fertile": True}
    return found


def _pointer(pointer: str) -> str:
    """Return where a value is now that a source points to."""
    if pointer in _MOVED:
        return _MOVED[pointer]
    return re.sub(r"^(/visits/\d+)/applies_to$", r"\1/who", pointer)
