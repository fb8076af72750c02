"""Texts for patients and sites: all of them in Chinese, with nothing lost on the way."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from importlib.resources import files
from typing import Any

import pytest
from babel.messages.pofile import read_po
from engine.patients import Patient as Treated
from engine.patients import plain
from engine.strategies import any_day, patients, todays
from hypothesis import example, given
from hypothesis import strategies as st

from scheduler_api import words
from scheduler_api.engine.calendar import calendar, today_view
from scheduler_api.engine.worklist import KINDS, Entry, worklist

OTHERS = [language for language in words.LANGUAGES if language != "en"]
#: What may stay as it is: dates, numbers, and names of visits.
VISIT = re.compile(r"\b(?:imaging|contraception|clinic|safety|call)(?:-[a-z0-9-]+)?\b", re.ASCII)
#: The labels of generated protocols, as such a protocol would give them in Chinese.
LABELS = {f"{name} {{n}}": "访视 {n}" for name in ("imaging", "contraception", "clinic", "safety", "call")}


def placeholders(text: str) -> list[str]:
    """What a text leaves to be filled in."""
    return sorted(re.findall(r"\{(\w+)\}", text))


def numbers(text: str) -> list[str]:
    """The dates and numbers of a text, in any order, but those in names of visits."""
    return sorted(re.findall(r"\d+(?:-\d\d-\d\d)?", VISIT.sub("", text)))


def said(document: Any) -> Iterator[str]:
    """Every label and reason in a document."""
    if isinstance(document, list):
        for item in document:
            yield from said(item)
    elif isinstance(document, dict):
        for name, value in document.items():
            if name in ("because", "label") and value is not None:
                yield value
            else:
                yield from said(value)


def check(english: str, chinese: str) -> None:
    """A text is said in Chinese: no word is left in English, and no date or number is lost."""
    assert not re.search(r"[A-Za-z{}]", VISIT.sub("", chinese)), (english, chinese)
    assert numbers(chinese) == numbers(english), (english, chinese)


@pytest.mark.parametrize("language", OTHERS)
def test_no_string_lacks_a_translation(language: str) -> None:
    place = files("scheduler_api").joinpath("words", "locale", language.replace("-", "_"), "LC_MESSAGES", "messages.po")
    with place.open("rb") as file:
        catalogue = read_po(file, abort_invalid=True)
    messages = {message.id: message for message in catalogue if message.id}
    everything = [*words.SENTENCES, *words.TEXTS]
    assert len(everything) == len(set(everything))
    assert set(messages) == set(everything)
    assert not catalogue.obsolete
    assert catalogue.locale_identifier == language.replace("-", "_")
    for text, message in messages.items():
        assert message.string, text
        assert not message.fuzzy
        assert placeholders(message.string) == placeholders(text), text
        unfilled = re.sub(r"\{\w+\}|mg", "", message.string)
        assert not re.search("[A-Za-z]", unfilled), message.string


@given(patients(), todays | any_day)
@example(Treated.treated(), date(2024, 2, 20))
def test_every_reason_is_said_in_chinese(patient: Treated, today: date) -> None:
    """Whatever happened to a patient of whatever protocol: visits, cycles, treatment and contraception say why."""
    first = patient.history.enrolled.enrolled_on - timedelta(60)
    documents = [
        calendar(patient.versions, patient.history, today, first, first + timedelta(500)),
        today_view(patient.reckoning(), today),
    ]
    for document in documents:
        english = list(said(plain(document)))
        chinese = list(said(words.translated(plain(document), "zh-CN", LABELS)))
        assert len(chinese) == len(english)
        for before, after in zip(english, chinese, strict=True):
            check(before, after)
            # As phones are told of it: why a visit is not required is for the site to tell.
            why, ended, _ = before.partition("; not required: ")
            if ended:
                check(f"{why}; not required", words.translate(f"{why}; not required", "zh-CN", LABELS))


def to_do(patient: Treated) -> list[Entry]:
    """All there is for the site to do about a patient of the built-in protocol, on any day of the year 2024."""
    reckoning, first, last = patient.reckoning(), date(2024, 1, 1), date(2024, 12, 31)
    return worklist(reckoning, reckoning.visits(date.min, last), first, last)


def patients_with_work() -> Iterator[Treated]:
    """Patients of whom together every kind of work is there, in each of the forms in which it is told."""
    yield Treated()
    for booked_on in ("2024-02-06", "2024-02-14"):
        booked = Treated.treated()
        booked.record("visit_booked", visit="imaging-w6", booked_on=booked_on)
        yield booked
    scanned = Treated.treated()
    scanned.scan("2024-02-24", response="SD")
    yield scanned
    held = Treated.treated()
    held.record("hold_started", from_on="2024-02-01", reason="proteinuria")
    yield held
    for reason in ("progression", "pregnancy"):
        ended = Treated.treated()
        ended.take("2024-01-05", "2024-02-10")
        ended.end_treatment("2024-02-10", reason)
        yield ended
    for kind, data in (
        ("progressed", {"progressed_on": "2024-02-16", "basis": "clinical"}),
        ("study_ended", {"ended_on": "2024-02-16", "reason": "withdrawal"}),
        ("study_ended", {"ended_on": "2024-02-16", "reason": "death"}),
    ):
        cut = Treated.treated()
        cut.record("visit_booked", visit="imaging-w6", booked_on="2024-02-20")
        cut.record(kind, **data)
        yield cut


def test_every_kind_of_work_is_said_in_chinese() -> None:
    found = [entry for patient in patients_with_work() for entry in to_do(patient)]
    assert {entry.kind for entry in found} == set(KINDS)
    for entry in found:
        check(entry.because, words.translate(entry.because, "zh-CN"))


@given(patients(), todays)
def test_all_that_is_to_do_is_said_in_chinese(patient: Treated, today: date) -> None:
    """Whatever happened to a patient of whatever protocol."""
    reckoning, reach = patient.reckoning(), timedelta(200)
    for entry in worklist(reckoning, reckoning.visits(date.min, today + reach), today - reach, today + reach):
        check(entry.because, words.translate(entry.because, "zh-CN"))


def test_work_about_a_booking_that_is_to_be_cancelled_says_why() -> None:
    sentence = "booked 2024-02-20; not required: progressed 2024-02-16"
    assert words.translate(sentence, "zh-CN") == "预约于 2024-02-20；不再需要：疾病进展 2024-02-16"


def test_the_built_in_labels_are_said_in_chinese() -> None:
    patient = Treated.treated()
    patient.end_treatment("2024-02-19")
    document = patient.on("2024-02-20", "2024-01-01").document
    labels = {visit["visit"]: visit["label"] for visit in words.translated(document, "zh-CN")["visits"]}
    assert labels["imaging-w6"] == "第 6 周肿瘤影像检查"
    assert labels["contraception-m1"] == "第 1 个月避孕随访"
    for before, after in zip(said(document), said(words.translated(document, "zh-CN")), strict=True):
        check(before, after)


def test_english_stays_as_it_is() -> None:
    document = Treated.treated().view("2024-02-20")
    assert words.translated(document, "en", LABELS) == document


@pytest.mark.parametrize("text", words.TEXTS)
def test_texts_of_the_feed(text: str) -> None:
    values = dict.fromkeys(placeholders(text), "7")
    assert words.say(text, "en", **values) == text.format(**values)
    chinese = words.say(text, "zh-CN", **values)
    assert not re.search(r"[A-Za-z{}]", chinese.replace(" mg", ""))
    assert chinese.count("7") == len(values)


def test_only_words_are_translated() -> None:
    """A site's or a patient's own text is nobody's to change."""
    document = {"place": "Trial calendar", "note": "died 2024-02-20", "status": "missed", "label": "Trial calendar"}
    assert words.translated(document, "zh-CN") == {**document, "label": "试验日历"}


@given(st.text() | st.lists(st.sampled_from([*words.SENTENCES, " + ", "; ", "1 day", "2024-02-20"])).map("".join))
def test_any_text_can_be_asked_for(text: str) -> None:
    assert words.translate(text, "en") == text
    assert isinstance(words.translate(text, "zh-CN"), str)


@pytest.mark.parametrize(
    ("english", "label", "other", "expected"),
    [
        ("Scan {n}", "Scan 3", "扫描 {n}", "扫描 3"),
        ("Cycle {n} day {day}", "Cycle 2 day 15", "第 {n} 周期第 {day} 天", "第 2 周期第 15 天"),
        ("Scan", "Scan", "扫描", "扫描"),
        ("Scan {n} (week {n})", "Scan 6 (week 6)", "第 {n} 周扫描", "第 6 周扫描"),
        # What is no number or day is a brace and no more.
        ("Scan {n}", "Scan 3", "扫描 {n} {x}", "扫描 3 {x}"),
        ("Scan {n}", "Scan 3", "扫描 {", "扫描 {"),
        ("Scan {n}", "Scan 3", "扫描 }", "扫描 }"),
        ("Scan {n}", "Scan 3", "扫描 {0}", "扫描 {0}"),
        ("Scan {n}", "Scan 3", "{n.__class__}", "{n.__class__}"),
        ("Scan {x}", "Scan {x}", "扫描", "扫描"),
    ],
)
def test_a_protocols_own_labels(english: str, label: str, other: str, expected: str) -> None:
    assert words.translate(label, "zh-CN", {english: other}) == expected


def test_a_day_is_never_said_twice_or_lost() -> None:
    """The longest reasons there are."""
    sentence = "clinic-c2d1 done 2024-02-20 + 6 weeks; not required: study ended 2024-03-01"
    assert words.translate(sentence, "zh-CN") == "clinic-c2d1 完成于 2024-02-20 + 6 周；不再需要：研究结束 2024-03-01"
    for number, unit in ((1, "day"), (2, "days"), (1, "week"), (6, "weeks"), (1, "month"), (6, "months")):
        sentence = f"last dose 2024-02-19 + {number} {unit}"
        check(sentence, words.translate(sentence, "zh-CN"))
