"""Convert reasons and labels to JSON text, as rows hold them, and back."""

from __future__ import annotations

from functools import lru_cache

import orjson

from scheduler_api.engine.reason import Reason


def to_text(reason: Reason) -> str:
    """Return a reason as text. Equal reasons give equal texts."""
    return orjson.dumps(reason.data()).decode()


# Visits of many patients share labels, and lists show the same visits again and again: without it a page of 50 visits
# takes a third longer.
@lru_cache(maxsize=8192)
def of_text(text: str) -> Reason:
    """Return the reason that `to_text` wrote."""
    return Reason.of(orjson.loads(text))
