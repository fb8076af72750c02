"""Make names of the language out of words."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection

_LONGEST = 40
_LIKE_A_VISIT = re.compile(r"-(?:[dwm]-?\d+|c\d+d-?\d+)$", re.ASCII)


def slug(words: str, instead: str, taken: Collection[str] = ()) -> str:
    """Return a name in lower-case letters, digits and hyphens, beginning with a letter, that is not taken yet.

    `instead` is taken where the words have no letters of the Latin alphabet; it comes before a digit.
    """
    plain = unicodedata.normalize("NFKD", words.lower()).encode("ascii", "ignore").decode()
    minus = re.sub(r"(?<![a-z0-9])-(?=\d)", "minus ", plain)
    name = re.sub(r"[^a-z0-9]+", "-", minus).strip("-")
    if not re.match("[a-z]", name):
        name = f"{instead}-{name}" if name else instead
    if _LIKE_A_VISIT.search(name):
        name = f"{name[: _LONGEST - 6]}-visit"
    name = name[:_LONGEST].rstrip("-")
    found, number = name, 2
    while found in taken or _LIKE_A_VISIT.search(found):
        found = f"{name[: _LONGEST - 4].rstrip('-')}-{number}"
        number += 1
    return found
