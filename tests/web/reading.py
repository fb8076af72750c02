"""A page as somebody without scripts has it: read as a tree, its forms filled in and sent."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element, SubElement

from service import Service
from werkzeug.test import TestResponse

#: Elements without an end.
VOID = {"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"}
#: Elements whose end is left out in some of our pages.
OPEN_ENDED = {"option"}


class _Tree(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.root = Element("page")
        self._open = [self.root]

    def handle_starttag(self, tag: str, attributes: Any) -> None:
        if tag in OPEN_ENDED and self._open[-1].tag == tag:
            self._open.pop()
        element = SubElement(self._open[-1], tag, {name: value or "" for name, value in attributes})
        if tag not in VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attributes: Any) -> None:
        SubElement(self._open[-1], tag, {name: value or "" for name, value in attributes})

    def handle_endtag(self, tag: str) -> None:
        while self._open[-1].tag in OPEN_ENDED and self._open[-1].tag != tag:
            self._open.pop()
        assert self._open[-1].tag == tag, f"</{tag}> ends <{self._open[-1].tag}>"
        self._open.pop()

    def handle_data(self, data: str) -> None:
        last = self._open[-1]
        if len(last):
            last[-1].tail = (last[-1].tail or "") + data
        else:
            last.text = (last.text or "") + data

    def tree(self, text: str) -> Element:
        self.feed(text)
        self.close()
        assert self._open == [self.root], f"<{self._open[-1].tag}> has no end"
        return self.root


def text_of(element: Element) -> str:
    """All text in an element, its white space as a browser shows it."""
    return " ".join(" ".join(element.itertext()).split())


class Page:
    """A page that was answered."""

    def __init__(self, answer: TestResponse) -> None:
        assert answer.mimetype == "text/html", answer.mimetype
        self.status = answer.status_code
        self.source = answer.text
        self.root = _Tree().tree(answer.text)
        self.text = text_of(self.root)

    def all(self, tag: str, **attributes: str) -> list[Element]:
        """The elements with a tag and attributes; `data_field` is `data-field`, `class_` a class that it has."""
        wanted = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}

        def fits(element: Element) -> bool:
            return all(
                value in element.get(name, "").split() if name == "class" else element.get(name) == value
                for name, value in wanted.items()
            )

        return [element for element in self.root.iter(tag) if fits(element)]

    def one(self, tag: str, **attributes: str) -> Element:
        """The only such element."""
        (found,) = self.all(tag, **attributes)
        return found

    def days(self, within: Element | None = None) -> list[str]:
        """The dates that it shows, as programs read them."""
        root = self.root if within is None else within
        return [element.attrib["datetime"] for element in root.iter("time") if "datetime" in element.attrib]

    def buttons(self) -> Iterator[tuple[Element, Element]]:
        """Every form with each of its buttons."""
        for form in self.root.iter("form"):
            for button in form.iter("button"):
                yield form, button


class Visitor:
    """Somebody with a browser that runs no scripts."""

    def __init__(self, service: Service, name: str | None = None, language: str = "en") -> None:
        self.client = service.app.test_client()
        self._headers = {"Accept-Language": language}
        if name is not None:
            page = self.page("/sign-in")
            answer = self.press(page, "Sign in" if language == "en" else "登录", token=service.tokens.get(name, name))
            assert answer.status_code == 303, answer.text

    def get(self, address: str) -> TestResponse:
        """The answer at an address."""
        return self.client.get(address, headers=self._headers)

    def page(self, address: str, status: int = 200) -> Page:
        """The page at an address."""
        answer = self.get(address)
        assert answer.status_code == status, (address, answer.status_code, answer.headers.get("Location"))
        return Page(answer)

    def press(self, page: Page, label: str, number: int = 0, **filled: str) -> TestResponse:
        """Fill a form in and press one of its buttons: that of this label, or if there are several one of them."""
        found = [(form, button) for form, button in page.buttons() if text_of(button) == label]
        assert len(found) > number, f"{label!r} is none of {[text_of(button) for _, button in page.buttons()]}"
        form, button = found[number]
        sent = {**fields_of(form), **filled}
        if "name" in button.attrib:
            sent[button.attrib["name"]] = button.attrib["value"]
        return self.post(button.get("formaction") or form.attrib["action"], sent)

    def post(self, address: str, sent: dict[str, str]) -> TestResponse:
        """The answer to a form."""
        return self.client.post(address, data=sent, headers=self._headers)

    def after(self, answer: TestResponse) -> Page:
        """The page to which an answer leads."""
        assert answer.status_code == 303, (answer.status_code, answer.text)
        return self.page(answer.headers["Location"])


def fields_of(form: Element) -> dict[str, str]:
    """What a form sends if nobody fills anything in."""
    found = {}
    for element in form.iter():
        name, kind = element.get("name"), element.get("type")
        if name is None or element.tag == "button" or (kind == "checkbox" and "checked" not in element.attrib):
            continue
        if element.tag == "select":
            chosen = next((one for one in element.iter("option") if "selected" in one.attrib), None)
            found[name] = chosen.get("value", "") if chosen is not None else ""
        else:
            found[name] = (element.text or "") if element.tag == "textarea" else element.get("value", "")
    return found


def path_of(answer: TestResponse) -> str:
    """The path to which an answer leads."""
    return urlsplit(answer.headers["Location"]).path
