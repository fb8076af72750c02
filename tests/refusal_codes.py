"""The codes of refusals as docs/api.md lists them."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

PAGE = Path(__file__).parent.parent / "docs" / "api.md"


@cache
def documented() -> dict[str, set[str]]:
    """Each code with its statuses, in the order of the page."""
    section = PAGE.read_text("utf-8").partition("### Codes\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \| ([\d, ]+) \|", section, re.MULTILINE)
    return {code: set(statuses.split(", ")) for code, statuses in rows}
