"""Say what refusals mean, in each language that has a catalogue of them.

Where a request is refused it is said why in English, complete with names and days. Here such a sentence is found again
by its form, which is what the catalogue translates; what it lacks stays English. The code of a refusal never changes.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

from babel.messages.pofile import read_po

from . import ENGLISH

_PLACEHOLDER = re.compile(r"\{(\w+)\}")


def refusal(sentence: str, language: str) -> str:
    """Return a sentence that says why something is refused in a language."""
    if language == ENGLISH:
        return sentence
    whole, forms = _catalogue(language)
    if sentence in whole:
        return whole[sentence]
    for form, translation in forms:
        if (found := form.fullmatch(sentence)) is not None:
            return translation.format_map(found.groupdict())
    return sentence


@cache
def _catalogue(language: str) -> tuple[dict[str, str], list[tuple[re.Pattern[str], str]]]:
    """Return the translations of whole sentences, and of those with names and days in them: the most exact first."""
    path = files("scheduler_api").joinpath("i18n", "locale", language.replace("-", "_"), "LC_MESSAGES", "refusals.po")
    if not path.is_file():
        return {}, []
    with path.open("rb") as file:
        found = {str(message.id): str(message.string) for message in read_po(file) if message.id and message.string}
    forms = sorted((text for text in found if "{" in text), key=lambda text: -len(_PLACEHOLDER.sub("", text)))
    return found, [(_form(text), found[text]) for text in forms]


def _form(text: str) -> re.Pattern[str]:
    """Return what matches the sentences of a form."""
    # What is split is in turn what stands between placeholders, and the name of one.
    parts = enumerate(_PLACEHOLDER.split(text))
    return re.compile("".join(f"(?P<{part}>.+)" if number % 2 else re.escape(part) for number, part in parts))
