"""Texts for patients and sites: all of them in Chinese, with nothing lost on the way."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from babel.messages.pofile import read_po
from engine.patients import Patient as Treated
from engine.patients import protocol, protocol_data, regimen_data, series, start_of
from engine.strategies import any_day, patients, todays
from hypothesis import example, given

import scheduler_api
from scheduler_api import i18n
from scheduler_api.engine.protocol_file.parse import read_protocol
from scheduler_api.engine.reason import Reason, count
from scheduler_api.engine.views.calendar import calendar, today_view
from scheduler_api.engine.views.notices import notices
from scheduler_api.engine.worklist.entry import KINDS, REACH_NOBODY, WorklistEntry
from scheduler_api.engine.worklist.worklist import worklist
from scheduler_api.i18n.rules import RULES
from scheduler_api.store.patients import reasons

OTHERS = [language for language in i18n.LANGUAGES if language != "en"]
#: What may stay as it is: dates, numbers, names of visits and sites, and codes of responses.
VISIT = re.compile(
    r"\b(?:(?:imaging|confirmation|contraception|clinic|safety|call|lab|infusion)(?:-[a-z0-9-]+)?"
    r"|(?:surufatinib|fruquintinib|olaparib)(?:-[a-z0-9-]+)?|[ab]|crossover|surgery|CR|PR|SD|FUSCC|BERLIN|PARIS)\b",
    re.ASCII,
)
#: The labels of generated protocols, as such a protocol would give them in Chinese.
LABELS = {
    f"{name} {{n}}": "访视 {n}"
    for name in ("imaging", "confirmation", "contraception", "clinic", "safety", "call", "lab", "infusion")
}


def placeholders(text: str) -> list[str]:
    """What a text leaves to be filled in."""
    return sorted(re.findall(r"\{(\w+)\}", text))


def numbers(text: str) -> list[str]:
    """The dates and numbers of a text, in any order, but those in names of visits."""
    return sorted(re.findall(r"\d+(?:-\d\d-\d\d)?", VISIT.sub("", text)))


def said(document: Any) -> Iterator[Reason]:
    """Every label and reason in a document."""
    if isinstance(document, Reason):
        yield document
    elif isinstance(document, list):
        for item in document:
            yield from said(item)
    elif isinstance(document, dict):
        for value in document.values():
            yield from said(value)


def check(reason: Reason) -> None:
    """A reason is said in Chinese: no word is left in English, and no date or number is lost."""
    if reason.rule == "label":
        # As a protocol would give its own label in Chinese.
        reason = Reason("label", **{**reason.inputs, "labels": (("zh-CN", LABELS.get(reason.inputs["text"], "")),)})
    english, chinese = i18n.word(reason, "en"), i18n.word(reason, "zh-CN")
    assert not re.search(r"[A-Za-z{}]", VISIT.sub("", chinese).replace(" mg", "")), (english, chinese)
    assert numbers(chinese) == numbers(english), (english, chinese)


@pytest.mark.parametrize("language", OTHERS)
def test_no_string_lacks_a_translation(language: str) -> None:
    place = files("scheduler_api").joinpath("i18n", "locale", language.replace("-", "_"), "LC_MESSAGES", "messages.po")
    with place.open("rb") as file:
        catalogue = read_po(file, abort_invalid=True)
    messages = {message.id: message for message in catalogue if message.id}
    everything = [*RULES.values(), *i18n.TEXTS]
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
    first = start_of(patient) - timedelta(60)
    documents = [
        calendar(patient.versions, patient.history, today, first, first + timedelta(500)),
        today_view(patient.schedule(), today),
    ]
    schedule = patient.schedule()
    told = [*notices(schedule, today, schedule.treatment_plan.rows(today, today, today))]
    for document in documents:
        for reason in [*said(document), *(notice.detail for notice in told)]:
            check(reason)
            # As phones are told of it: why a visit is not required is for the site to tell.
            if reason.rule == "not_required":
                check(Reason("not_required_untold", base=reason.inputs["base"]))


def to_do(patient: Treated) -> list[WorklistEntry]:
    """All there is for the site to do about a patient of the built-in protocol, on any day of the year 2024."""
    schedule, first, last = patient.schedule(), date(2024, 1, 1), date(2024, 12, 31)
    return worklist(schedule, schedule.visits(date.min, last), first, last)


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
    early = Treated.treated()
    early.scan("2024-02-05")
    yield early
    for anchor, every in (("first_dose", 6), ("enrolment", 7)):
        later = protocol(series("imaging", anchor, every={"weeks": every}), version=2)
        amended = Treated.treated(protocol(series("imaging", every={"weeks": 6})), later)
        amended.record("protocol_amended", version=2, from_on="2024-02-16")
        yield amended
    held = Treated.treated()
    held.record("hold_started", from_on="2024-02-01", reason="proteinuria")
    held.take("2024-02-02", "2024-02-03", amount=300)
    yield held
    reduced = Treated.treated(protocol(), protocol(amount=250, version=2))
    reduced.record("dose_changed", from_on="2024-02-01", amount=200)
    reduced.record("protocol_amended", version=2, from_on="2024-02-16")
    yield reduced
    above = Treated.treated(protocol(days=[*range(1, 15)]))
    above.take("2024-01-10", amount=600)
    above.take("2024-01-20", amount=300)
    above.end_treatment("2024-02-01")
    above.take("2024-02-02", amount=300)
    yield above
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
    moved = Treated.treated()
    moved.record("visit_booked", visit="imaging-w6", booked_on="2024-02-20")
    moved.record("site_transferred", site="BERLIN", from_on="2024-02-18")
    yield moved
    by_weight = {**regimen_data(cycles=2), "dose": {"amount": 5, "unit": "mg", "per": "kg"}, "drug": "fruquintinib"}
    second = {**regimen_data(cycles=2), "id": "olaparib", "times_a_day": 2}
    several = Treated.treated(read_protocol({**protocol_data(), "regimens": [by_weight, second]}))
    several.record("dose_recorded", dose_on="2024-03-20", status="taken", amount=300, regimen="olaparib", slot=1)
    yield several
    same = Treated.treated(read_protocol({**protocol_data(), "regimens": [regimen_data(), second]}))
    yield same
    counted = Treated.treated()
    counted.record("drug_dispensed", on="2024-01-05", units={"50": 100})
    counted.record("drug_returned", on="2024-02-10", units={})
    yield counted
    for dose_on in ("2024-02-10", "2024-02-18"):
        late, received = Treated.treated(), datetime(2024, 2, 18, 12, tzinfo=UTC)
        late.record("study_ended", ended_on="2024-02-16", reason="death")
        late.say(said_at=received, now=received, to_confirm=True, dose_on=dose_on, status="taken", amount=300)
        yield late
    unexpected, said_at = Treated(planned_first_dose_on="2024-03-01"), datetime(2024, 2, 16, 12, tzinfo=UTC)
    unexpected.say(said_at=said_at, now=said_at, dose_on="2024-02-16", status="taken", amount=300)
    yield unexpected
    yield Treated.treated(protocol(arms=[{"id": "a", "label": "Arm A"}]))
    milestones = [{"id": "surgery", "label": "Surgery"}]
    ahead = Treated.treated(protocol(milestones=milestones))
    announced_at = datetime(2024, 2, 16, 12, tzinfo=UTC)
    for milestone in ("surgery", "randomisation"):
        ahead.record("milestone_reached", milestone=milestone, on="2024-02-20", now=announced_at)
    yield ahead


def test_every_kind_of_work_is_said_in_chinese() -> None:
    found = [entry for patient in patients_with_work() for entry in to_do(patient)]
    # One kind follows from what became of messages, and from no fact.
    assert {entry.kind for entry in found} == set(KINDS) - {REACH_NOBODY}
    for entry in found:
        check(entry.because)
    check(Reason("reached_nobody", day=date(2024, 2, 20)))


@given(patients(), todays)
def test_all_that_is_to_do_is_said_in_chinese(patient: Treated, today: date) -> None:
    """Whatever happened to a patient of whatever protocol."""
    schedule, reach = patient.schedule(), timedelta(200)
    for entry in worklist(schedule, schedule.visits(date.min, today + reach), today - reach, today + reach):
        check(entry.because)


def test_work_about_a_booking_that_is_to_be_cancelled_says_why() -> None:
    booked, ended = Reason("booked", day=date(2024, 2, 20)), Reason("progressed", day=date(2024, 2, 16))
    reason = Reason("not_required", base=booked, end=ended)
    assert i18n.word(reason, "en") == "booked 2024-02-20; not required: progressed 2024-02-16"
    assert i18n.word(reason, "zh-CN") == "预约日期 2024-02-20；无需进行：疾病进展 2024-02-16"


def test_the_built_in_labels_are_said_in_chinese() -> None:
    patient = Treated.treated()
    patient.end_treatment("2024-02-19")
    document = calendar(patient.versions, patient.history, *map(date, (2024,) * 3, (2, 1, 6), (20, 1, 30)))
    labels = {visit["visit"]: i18n.word(visit["label"], "zh-CN") for visit in document["visits"]}
    assert labels["imaging-w6"] == "第 6 周肿瘤影像学检查"
    assert labels["contraception-m1"] == "第 1 个月避孕随访"


def test_every_rule_has_its_inputs_and_no_other() -> None:
    """Give each rule what its text asks for, in every language, and for each visit that is named its label."""
    said, beside = set(), {"visit": "label", "visit2": "label2"}
    package = Path(scheduler_api.__file__).parent
    for source in (*(package / "engine").rglob("*.py"), *(package / "use_cases").rglob("*.py")):
        for call in ast.walk(ast.parse(source.read_text("utf-8"))):
            if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "Reason"):
                continue
            rule, inputs = call.args[0], {keyword.arg for keyword in call.keywords}
            if isinstance(rule, ast.Constant) and rule.value not in ("label", "") and None not in inputs:
                asked = set(placeholders(RULES[rule.value]))
                assert inputs == asked | {beside[name] for name in asked & {*beside}}, (source.name, rule.value)
                said.add(rule.value)
    assert {"enrolment", "visit_done", "not_required", "held"} <= said


def test_a_reason_comes_back_as_it_was_stored() -> None:
    base = Reason("after", base=Reason("enrolment", day=date(2024, 1, 3)), count=count(6, "week"))
    reason = Reason("not_required", base=base, end=Reason("progressed", day=date(2024, 2, 1)))
    text = reasons.to_text(reason)
    assert i18n.word(reasons.of_text(text), "en") == i18n.word(reason, "en")
    assert i18n.word(reason, "en") == "enrolment 2024-01-03 + 6 weeks; not required: progressed 2024-02-01"
    assert reasons.to_text(reasons.of_text(text)) == text
    assert (reason, hash(reason)) == (
        Reason("not_required", **reason.inputs),
        hash(Reason(reason.rule, **reason.inputs)),
    )
    assert reason != base


def test_a_label_in_the_protocols_own_words_is_said_from_what_was_stored() -> None:
    label = Reason("label", text="Week {n} scan", labels=(("zh-CN", "第 {n} 周扫描"),), n=6, day=43)
    stored = reasons.of_text(reasons.to_text(label))
    assert (stored, hash(stored)) == (label, hash(label))
    assert (i18n.word(stored, "zh-CN"), i18n.word(stored, "en")) == ("第 6 周扫描", "Week 6 scan")


GERMAN = """
msgid ""
msgstr ""
"Language: de\\n"
"Content-Type: text/plain; charset=utf-8\\n"

msgid "enrolment {day}"
msgstr "Einschluss {day}"

msgid "{number} weeks"
msgstr "{number} Wochen"
"""


def test_a_language_more_is_a_catalogue_more(tmp_path: Path) -> None:
    catalogue = tmp_path / "de" / "LC_MESSAGES" / "messages.po"
    catalogue.parent.mkdir(parents=True)
    catalogue.write_text(GERMAN, "utf-8")
    more = i18n.Words(tmp_path)
    reason = Reason("after", base=Reason("enrolment", day=date(2024, 1, 3)), count=count(6, "week"))
    assert more.languages == ("en", "de")
    assert more.reason(reason, "de") == "Einschluss 2024-01-03 + 6 Wochen"
    # What it lacks is said in English.
    assert more.reason(Reason("died", day=date(2024, 2, 1)), "de") == "died 2024-02-01"


@pytest.mark.parametrize("text", i18n.TEXTS)
def test_texts_of_the_feed(text: str) -> None:
    values = dict.fromkeys(placeholders(text), "7")
    assert i18n.say(text, "en", **values) == text.format(**values)
    chinese = i18n.say(text, "zh-CN", **values)
    assert not re.search(r"[A-Za-z{}]", chinese.replace(" mg", ""))
    assert chinese.count("7") == len(values)


@pytest.mark.parametrize(
    ("english", "label", "other", "expected"),
    [
        ("Scan {n}", "Scan 3", "扫描 {n}", "扫描 3"),
        ("Cycle {n} day {day}", "Cycle 3 day 15", "第 {n} 周期第 {day} 天", "第 3 周期第 15 天"),
        ("Scan", "Scan", "扫描", "扫描"),
        ("Scan {n} (week {n})", "Scan 3 (week 3)", "第 {n} 周扫描", "第 3 周扫描"),
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
    reason = Reason("label", text=english, n=3, day=15, labels=(("zh-CN", other),))
    assert i18n.word(reason, "en") == label
    assert i18n.word(reason, "zh-CN") == expected


def test_no_day_is_lost() -> None:
    """The longest reasons there are."""
    done = Reason("visit_done", visit="clinic-c2d1", day=date(2024, 2, 20))
    planned = Reason("after", base=done, count=count(6, "week"))
    reason = Reason("not_required", base=planned, end=Reason("study_ended", day=date(2024, 3, 1)))
    assert i18n.word(reason, "zh-CN") == "clinic-c2d1 完成于 2024-02-20 + 6 周；无需进行：已出组 2024-03-01"
    for number, unit in ((1, "day"), (2, "day"), (1, "week"), (6, "week"), (1, "month"), (6, "month")):
        check(Reason("after", base=Reason("last_dose", day=date(2024, 2, 19)), count=count(number, unit)))
