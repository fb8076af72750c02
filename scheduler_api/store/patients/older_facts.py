"""Facts that an earlier version stored, read as this version writes them.

What is stored never changes, since the patient's chain covers it: only what is read of it has the present names.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: Fields of a kind's data that have another name now.
_RENAMED: Mapping[str, Mapping[str, str]] = {
    "dose_recorded": {"dose_mg": "amount"},
    "dose_changed": {"dose_mg": "amount"},
}


def upcast(kind: str, data: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the data of a stored fact under the names that its kind has now."""
    renamed = _RENAMED.get(kind)
    return data if renamed is None else {renamed.get(name, name): value for name, value in data.items()}
