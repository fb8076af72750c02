"""A recorded fact as rows for people, and as the fields of a form that corrects it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from markupsafe import Markup

from scheduler_api.engine.model.facts import KINDS, correction_field
from scheduler_api.i18n.labels import LABELS, label
from scheduler_api.schemas.facts import FACTS
from scheduler_api.schemas.fields import ByName, Instant, PartialCivilDate
from scheduler_api.web import words

from .changes import value_in
from .forms import NEVER, local_time, piece

#: What a fact has besides its data.
_ABOUT_IT = ("fact_id", "kind", "recorded_at", "said_at", "sent", "recorded_by", "replaces", "voided_by")


def rows_of_fact(
    fact: Mapping[str, Any], labels: Mapping[str, Any], language: str
) -> Iterator[tuple[str, Markup | str]]:
    """Yield the data of a fact, each with the name of its field; `labels` are those of visits, by name."""
    for name, value in fact.items():
        if name in _ABOUT_IT or value is None:
            continue
        text = value_in(name, value, "choice", language)
        if isinstance(text, str) and not isinstance(text, Markup) and text in LABELS["choice"]:
            text = label("choice", text, language)
        if name == "visit" and value in labels:
            text = words.reason_in(language, labels[value])
        elif name == "series":
            text = label("series", value, language)
        yield label("field", name, language), text


def fields_of_fact(fact: Mapping[str, Any]) -> set[str]:
    """Return the fields of a form that a fact fills in."""
    return {name.partition(".")[0] for name, _ in data_of_fact(fact, "UTC")}


def data_of_fact(fact: Mapping[str, Any], zone: str) -> Iterator[tuple[str, str]]:
    """Yield the data of a fact as a form has it; its times are local in a zone."""
    for name, field in FACTS[fact["kind"]].fields.items():
        if name in _ABOUT_IT or name == correction_field(KINDS[fact["kind"]]) or name not in fact:
            continue
        value = fact[name]
        if isinstance(field, ByName):
            yield from ((piece(name, strength), str(count)) for strength, count in (value or {}).items())
            continue
        if value is None and field.required and isinstance(field, PartialCivilDate):
            yield name, NEVER
        for one in value if isinstance(value, list | tuple) else [value]:
            if isinstance(field, Instant) and one is not None:
                yield name, local_time(str(one), zone)
            elif one is not None:
                yield name, str(one).lower() if isinstance(one, bool) else str(one)
