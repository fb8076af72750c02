"""Facts that an earlier version stored, read as this version writes them.

What is stored never changes, since the patient's chain covers it: only what is read of it has the present names.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

#: Fields of a kind's data that have another name now.
_RENAMED: Mapping[str, Mapping[str, str]] = {
    "dose_recorded": {"dose_mg": "amount"},
    "dose_changed": {"dose_mg": "amount"},
}


#: What `enrolled` said before there was `registered`, but for what it still says.
_REGISTERED = ("subject_number", "site", "protocol", "version", "sex", "fertility", "basis", "time_zone")
#: What is put behind the id of a fact to name the registration that an earlier version recorded with an enrolment.
REGISTRATION = "-registered"


class Part(NamedTuple):
    """Holds a fact of those that a row is read as: what is put behind the row's id to name it, its kind and data."""

    suffix: str
    kind: str
    data: Mapping[str, Any]


def upcast(kind: str, data: Mapping[str, Any]) -> list[Part]:
    """Return what a stored fact is read as: nearly always one fact, its data under the names that its kind has now.

    An enrolment of before there were registrations is both.
    """
    renamed = _RENAMED.get(kind)
    if renamed is not None:
        data = {renamed.get(name, name): value for name, value in data.items()}
    if kind == "visit_done" and data.get("response") == "PD":
        # What a response means was not recorded with it: PD, of imaging, which alone had responses, was progression.
        data = {"progression": True, **data}
    if kind == "enrolled" and "subject_number" in data:
        registered = {name: data[name] for name in _REGISTERED}
        enrolled = {name: value for name, value in data.items() if name not in _REGISTERED}
        return [Part(REGISTRATION, "registered", registered), Part("", kind, enrolled)]
    return [Part("", kind, data)]
