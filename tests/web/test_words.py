"""Every text of the pages is in the catalogues, and every code that the API knows has a label."""

from __future__ import annotations

import re
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import get_args

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

import scheduler_api
from scheduler_api import i18n
from scheduler_api.api.http.problems import TYPES
from scheduler_api.engine.errors import Code
from scheduler_api.engine.model.facts import KINDS as FACTS
from scheduler_api.engine.reason import Reason
from scheduler_api.engine.treatment.status import PATIENT_STATUSES
from scheduler_api.engine.worklist.entry import KINDS as TASKS
from scheduler_api.engine.worklist.entry import URGENCIES
from scheduler_api.i18n.labels import LABELS, label
from scheduler_api.schemas.facts import FACTS as SCHEMAS
from scheduler_api.schemas.patients import DEVIATIONS, DOSE_STATUSES
from scheduler_api.store.visits.visits import STATUSES
from scheduler_api.use_cases.session import ROLES
from scheduler_api.web import words

TEMPLATES = Path(scheduler_api.__file__).parent / "web" / "templates"
OTHERS = [language for language in i18n.LANGUAGES if language != i18n.ENGLISH]
#: Codes of refusals that no form of the pages can meet: of phones, messages, protocols and sites.
OF_NO_FORM = {
    *("code_used", "id_reused", "id_taken", "not_sent", "not_to_resend", "not_to_switch_off"),
    *("past_midnight", "put_off_before", "quiet_hours", "too_long_ago", "windows_overlap"),
}


def texts() -> set[str]:
    """Every text of the pages, in English."""
    found = extract_from_dir(TEMPLATES, [("**.html", "jinja2")], options_map={"**.html": {}}, keywords={"_": None})
    return {str(text) for _, _, text, _, _ in found} | {text for group in LABELS.values() for text in group.values()}


@pytest.mark.parametrize("language", OTHERS)
def test_no_text_of_a_page_lacks_a_translation(language: str) -> None:
    folder = files("scheduler_api").joinpath("i18n", "locale", language.replace("-", "_"), "LC_MESSAGES")
    catalogues = []
    for name in ("messages.po", "pages.po"):
        with folder.joinpath(name).open("rb") as file:
            catalogues.append({message.id: message for message in read_po(file, abort_invalid=True) if message.id})
    messages, pages = catalogues
    assert set(pages) == texts() - set(messages)
    for text, message in pages.items():
        assert message.string, text
        assert not message.fuzzy
        assert re.findall(r"\{\w+\}", str(message.string)) == re.findall(r"\{\w+\}", text), text
        # What is typed in or names something stays as it is.
        left = re.sub(r"\{\w+\}|\bmg\b|sch_|“\w+”|API|\bA4\b", "", str(message.string))
        assert not re.search("[A-Za-z]", left), text


def test_texts_that_differ_in_english_differ_in_chinese() -> None:
    """Within a group: two codes that a nurse must tell apart."""
    for group, labels in LABELS.items():
        said = [label(group, code, "zh-CN", name="") for code in labels]
        assert len(set(said)) == len(set(labels.values())), group


def test_every_code_has_a_label() -> None:
    assert [*LABELS["fact"]] == [*FACTS]
    assert [*LABELS["task"]] == [*TASKS]
    assert [*LABELS["status"]] == [*PATIENT_STATUSES]
    assert set(LABELS["visit_status"]) == set(STATUSES)
    assert set(LABELS["dose_status"]) == set(DOSE_STATUSES)
    assert set(LABELS["deviation"]) == set(DEVIATIONS)
    assert [*LABELS["urgency"]] == [*URGENCIES]
    assert set(LABELS["role"]) == {*ROLES, "patient", "cli"}
    # Who is not signed in is led to the sign-in.
    assert {int(status) for status in LABELS["problem"]} == set(TYPES) - {401}
    assert set(LABELS["refusal"]) == set(get_args(Code)) - OF_NO_FORM
    fields = {name for schema in SCHEMAS.values() for name in schema.fields} - {"kind"}
    assert fields - set(LABELS["field"]) == set()
    choices = {
        choice
        for schema in SCHEMAS.values()
        for name, field in schema.fields.items()
        for rule in field.validators
        for choice in getattr(rule, "choices", ())
        if name != "kind"
    }
    assert choices - set(LABELS["choice"]) == set()


def test_a_date_has_its_year_unless_it_is_plain() -> None:
    english, chinese = words.of("en"), words.of("zh-CN")
    assert english["plain_near"]("2026-12-03", "2026-11-29") == "Thu 3 Dec"
    assert english["plain_near"]("2027-07-01", "2026-11-29") == "1 Jul 2027"
    assert chinese["plain_near"]("2027-07-01", "2026-11-29") == "2027年7月1日"
    assert english["reason"]("enrolment 2026-10-07 + 6 weeks") == "enrolment 7 Oct 2026 + 6 weeks"
    assert english["reason"]("version 2026-10-99") == "version 2026-10-99"


def test_a_reason_that_names_visits_says_their_labels_to_people() -> None:
    one, other = (Reason("label", text="Week {n} tumour imaging", n=number, day=0) for number in (6, 7))
    days = {"day": date(2024, 2, 21), "day2": date(2024, 2, 14), "day3": date(2024, 2, 16)}
    names = {"visit": "imaging-w7", "label": other, "visit2": "imaging-w6", "label2": one}
    reason = Reason("dropped_overlap", **names, **days)
    assert i18n.word(reason, "en") == (
        "the amendment of 2024-02-16 plans imaging-w7 on 2024-02-21, in the window of imaging-w6 (2024-02-14): "
        "it is left out"
    )
    assert words.of("en")["reason"](reason) == (
        "the amendment of 16 Feb 2024 plans Week 7 tumour imaging on 21 Feb 2024, in the window of Week 6 tumour "
        "imaging (14 Feb 2024): it is left out"
    )
