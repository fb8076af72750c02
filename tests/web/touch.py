"""A finger on a tablet: what it presses must be in sight, with nothing over it."""

from __future__ import annotations

import json
from typing import Any

from examples.devtools import Page

#: Brings an element into sight, and tells where its middle is, and whether a finger there meets it: nothing may be over
#: it, and the page no wider than the screen.
REACHED = """((found) => {
  found.scrollIntoView({ block: "center", behavior: "instant" });
  const { x, y, width, height } = found.getBoundingClientRect();
  const at = document.elementFromPoint(x + width / 2, y + height / 2);
  const isMet = at !== null && (found.contains(at) || at.contains(found));
  return { x: x + width / 2, y: y + height / 2, isMet, isWide: document.documentElement.scrollWidth > screen.width };
})"""
#: Fills a field in, as the tablet's keyboard or calendar does. Where the page shows by itself what follows, it waits
#: until it does, or until it sees that something is still to be filled in.
FILLED = """((field, value) => {
  const shown = field.closest("[hx-post]") && "htmx" in window
    ? new Promise((resolve) => {
        const told = ["htmx:afterSettle", "htmx:validation:halted"];
        for (const name of told) document.body.addEventListener(name, resolve);
      }) : true;
  field.value = value;
  for (const name of ["input", "change"]) field.dispatchEvent(new Event(name, { bubbles: true }));
  return shown;
})"""


class Finger:
    """Somebody at a page who has only a finger."""

    def __init__(self, page: Page) -> None:
        self._page = page
        page.send("Emulation.setTouchEmulationEnabled", enabled=True)

    def open(self, label: str, within: str = "main") -> None:
        """Press the link or button with this label, and wait for the page that it leads to."""
        self._page.leave_by(lambda: self._tap(_labelled(label, within)))

    def fill(self, name: str, value: str, within: str = "main") -> None:
        """Fill in the field with this name."""
        field = f"document.querySelector({json.dumps(f'{within} :is(input, select, textarea)[name={name}]')})"
        if self._page.evaluate(f"{field}.localName") != "select":
            self._tap(field)
            assert self._page.evaluate(f"document.activeElement === {field}"), name
        self._page.evaluate(f"{FILLED}({field}, {json.dumps(value)})")
        assert self._page.evaluate(f"{field}.value") == value, name

    def _tap(self, element: str) -> None:
        assert self._page.evaluate(f"Boolean({element})"), (element, self._page.text())
        place: dict[str, Any] = self._page.evaluate(f"{REACHED}({element})")
        assert (place["isMet"], place["isWide"]) == (True, False), (element, place)
        self._page.send("Input.dispatchTouchEvent", type="touchStart", touchPoints=[{"x": place["x"], "y": place["y"]}])
        self._page.send("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])


def _labelled(label: str, within: str) -> str:
    """An expression for the first link or button with a label, in what a selector finds."""
    each = f"[...document.querySelectorAll({json.dumps(f':is({within}) :is(a, button)')})]"
    return f"{each}.find((one) => one.checkVisibility() && one.innerText.trim() === {json.dumps(label)})"
