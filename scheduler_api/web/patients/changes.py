"""Show what follows from a fact, as rows for people: what changes, from what, to what, and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from markupsafe import Markup

from scheduler_api.i18n.labels import LABELS, label
from scheduler_api.web import words

#: What has statuses of its own: the group of their labels.
_STATUSES = {"visit": "visit_status", "contraception": "contraception"}


def changed(consequences: list[dict[str, Any]], labels: Mapping[str, Any], language: str) -> list[dict[str, Any]]:
    """Return consequences as people read them; `labels` are those of visits, by name."""
    return [
        {
            "what": _what(one["what"], labels, language),
            "rows": [*_rows(one, language)],
            "is_new": one["before"] is None,
            "is_gone": one["after"] is None,
            "because": words.reason_in(language, one["because"]),
        }
        for one in consequences
    ]


def visits_in(consequences: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the names of the visits that consequences are about."""
    for one in consequences:
        kind, _, name = one["what"].partition(" ")
        if kind == "visit":
            yield name


def _what(what: str, labels: Mapping[str, Any], language: str) -> str:
    kind, _, name = what.partition(" ")
    if kind == "visit" and name in labels:
        return words.reason_in(language, labels[name])
    if kind == "site" and name:
        kind = "site_from"
    if kind == "drug":
        name = name.removeprefix("count ")
    # Of several it says which: `of surufatinib.1 from 2024-02-25`, `1 of olaparib`, `2024-01-26 of infusion-c2d1`.
    of, _, name = name.rpartition("from ") if "from " in name else ("", "", name.removeprefix("dose "))
    if kind in ("cycle", "recorded"):
        name, _, of = name.partition(" of ")
    name = f"{name} ({of.strip().removeprefix('of ')})" if of.strip() else name
    of_kind = LABELS["what"].get(kind)
    text = what if of_kind is None else label("what", kind, language, name=name)
    return words.reason_in(language, text)


def _rows(one: Mapping[str, Any], language: str) -> Iterator[tuple[str, Markup | str, Markup | str]]:
    """Yield each field that differs: its name, and its values before and after; of what is new or gone what it had."""
    before, after = one["before"] or {}, one["after"] or {}
    group = _STATUSES.get(one["what"].partition(" ")[0], "status")
    for name in after or before:
        old, new = before.get(name), after.get(name)
        if (old is None and new is None) or (name == "provisional" and not (old or new)):
            continue
        yield label("field", name, language), value_in(name, old, group, language), value_in(name, new, group, language)


def pieces_in(pieces: Mapping[str, int] | None) -> str:
    """Return numbers of pieces by strength as people read them."""
    if pieces is None:
        return "–"
    times = "\N{NO-BREAK SPACE}×\N{NO-BREAK SPACE}"
    return ", ".join(f"{count}{times}{strength}" for strength, count in pieces.items()) or "0"


def value_in(name: str, value: Any, group: str, language: str) -> Markup | str:
    """Return the value of a field for people; `group` has the labels of a status."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return label("choice", str(value).lower(), language)
    if name == "status":
        return label(group, value, language)
    if name == "ended":
        return label("choice", value["reason"], language)
    if (name == "on" or name.endswith("_on")) and len(str(value)) == len("2024-02-20"):
        day: Markup = words.of(language)["day"](value)
        return day
    if name == "taken_at":
        return words.reason_in(language, str(value).replace("T", " ")[:16])
    if name in ("amount", "difference"):
        return f"{value:.10g}"
    if name == "compliance":
        return f"{value:.1%}"
    if name == "protocol":
        return f"{value['id']} · {value['version']}"
    if isinstance(value, Mapping):
        return pieces_in(value)
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
