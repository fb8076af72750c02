"""Pages of the documentation that are carried out: what one shows, held against the real answers.

In an answer, `…` stands for what is left out: a value, the end of a text, or any items or fields beside those shown.
"""

from __future__ import annotations

import json
import re
from typing import Any

#: What is made anew each time, and so is another one in the page: tokens, ids, codes, ETags, secret addresses.
MADE = re.compile(r'(?:pat|ref)_[\w-]{43}|[fdp]-[0-9a-f]{12,16}|\b[2-9A-Z]{10}\b|"\d+\.[\d-]+\.\w+"|\S+\.ics')
#: Instants are written to the second.
FRACTION = re.compile(r"(T\d\d:\d\d:\d\d)\.\d+")
LEFT_OUT = "…"


def document_of(text: str) -> Any:
    """A JSON document of a page, in which items and fields may be left out."""
    text = re.sub(r"…(?=\s*[\],])|(?<=: )…(?=\s*\})", f'"{LEFT_OUT}"', text)
    return json.loads(re.sub(r"…(?=\s*\})", f'"{LEFT_OUT}": null', text))


class Shown:
    """What stands, this time, for what was made when the page was written: `real`."""

    def __init__(self, **real: str) -> None:
        self.real = real

    def meant(self, written: Any, real: Any) -> Any:
        """What the page means by a value, where the real one is this: equal to it if the page is true."""
        if written == LEFT_OUT:
            return real
        if isinstance(written, dict) and isinstance(real, dict):
            rest = real if LEFT_OUT in written else {}
            told = {name: value for name, value in written.items() if name != LEFT_OUT}
            return {**rest, **{name: self.meant(value, real.get(name)) for name, value in told.items()}}
        if isinstance(written, list) and isinstance(real, list):
            return self._listed(written, real)
        if not isinstance(written, str) or not isinstance(real, str):
            return written
        if written.endswith(LEFT_OUT):
            return real if real.startswith(written[:-1]) else written
        if MADE.sub("\0", written) == MADE.sub("\0", real):
            others = iter(MADE.findall(real))
            return MADE.sub(lambda made: self.real.setdefault(made[0], next(others)), written)
        written = self.really(written)
        return real if FRACTION.sub(r"\1", written) == FRACTION.sub(r"\1", real) else written

    def _listed(self, written: list[Any], real: list[Any]) -> list[Any]:
        """Items in order; where some are left out, each that is shown is the next one like it."""
        found: list[Any] = []
        for number, item in enumerate(written):
            if item == LEFT_OUT:
                following = written[number + 1 :]
                if not following:
                    return [*found, *real[len(found) :]]
                while len(found) < len(real) and self.meant(following[0], real[len(found)]) != real[len(found)]:
                    found.append(real[len(found)])
            else:
                found.append(self.meant(item, real[len(found)] if len(found) < len(real) else None))
        return found

    def really(self, text: str) -> str:
        """A text with what was made this time in its places."""
        for written, real in self.real.items():
            text = text.replace(written, real)
        return text
