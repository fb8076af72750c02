"""Staff and patients read English or Chinese, as they ask: labels, reasons, warnings and refusals; codes stay."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from service import Client, Patient

from scheduler_api.i18n.refusals import refusal

ROOT = Path(__file__).parents[2] / "scheduler_api"
CHINESE = {"Accept-Language": "zh-CN,en;q=0.5"}
#: Where what is refused is written in the words of whoever makes protocols, or goes to a terminal.
_ENGLISH = ("cli", "contract", "interop", "protocol_file")
_HAN = re.compile(r"[\u4e00-\u9fff]")


def both(patient: Patient, path: str, **query: Any) -> tuple[Any, Any]:
    """An answer in English and in Chinese; each says so."""
    answers = []
    for language, headers in (("en", {}), ("zh-CN", CHINESE)):
        answer = patient.client.get(path, headers, **query)
        assert answer.status_code == 200, answer.text
        assert answer.headers["Content-Language"] == language
        assert "Accept-Language" in answer.headers["Vary"]
        answers.append(answer)
    assert answers[0].headers.get("ETag") != answers[1].headers.get("ETag", "")
    return answers[0], answers[1]


@pytest.mark.only("sqlite")
def test_lists_and_calendars(patient: Patient) -> None:
    english, chinese = both(patient, "/v1/visits", series="imaging", status="open")
    (row,), (same) = english.json["items"], chinese.json["items"]
    assert row["label"] == "Week 6 tumour imaging"
    assert same[0]["label"] == "第 6 周肿瘤影像学检查"
    assert (row["because"], same[0]["because"]) == (
        "enrolment 2024-01-03 + 6 weeks",
        "入组 2024-01-03 + 6 周",
    )
    assert {name for name in row if row[name] != same[0][name]} == {"label", "because"}
    english, chinese = both(patient, f"{patient.path}/calendar")
    assert _HAN.search(english.text) is None
    assert all(_HAN.search(visit["label"]) for visit in chinese.json["visits"])
    english, chinese = both(patient, "/v1/worklist")
    assert [entry["kind"] for entry in english.json["items"]] == [entry["kind"] for entry in chinese.json["items"]]
    assert all(_HAN.search(entry["because"]) for entry in chinese.json["items"])
    assert both(patient, f"{patient.path}/visits/imaging-w6")[1].json["label"] == "第 6 周肿瘤影像学检查"
    table = patient.client.get("/v1/visits", {"Accept": "text/csv", **CHINESE}, series="imaging", status="open")
    assert "第 6 周肿瘤影像学检查" in table.text
    assert table.headers["Content-Language"] == "zh-CN"


@pytest.mark.only("sqlite")
def test_what_was_asked_in_one_language_is_not_taken_for_the_other(patient: Patient) -> None:
    tag = patient.get("calendar").headers["ETag"]
    assert patient.get("calendar", {"If-None-Match": tag}).status_code == 304
    assert patient.get("calendar", {"If-None-Match": tag, **CHINESE}).status_code == 200


@pytest.mark.only("sqlite")
def test_consequences_warnings_and_refusals(patient: Patient) -> None:
    address, booked = f"{patient.path}/visits/imaging-w6/booking?dry_run=true", {"booked_on": "2024-02-19"}
    english = patient.client.send("PUT", address, booked).json
    chinese = patient.client.send("PUT", address, booked, headers=CHINESE).json
    assert [one["code"] for one in english["warnings"]] == [one["code"] for one in chinese["warnings"]] != []
    assert all(_HAN.search(one["detail"]) for one in chinese["warnings"])
    assert [one["what"] for one in english["consequences"]] == [one["what"] for one in chinese["consequences"]]
    answer = patient.send("dose_recorded", CHINESE, dose_on="2024-02-21", status="taken")
    assert answer.headers["Content-Language"] == "zh-CN"
    assert answer.json == {
        "type": "urn:scheduler-api:impossible",
        "title": "内容无效",
        "status": 422,
        "detail": "晚于患者时区的今天 2024-02-20。",
        "errors": [{"pointer": "/dose_on", "detail": "晚于患者时区的今天 2024-02-20。", "code": "after_today"}],
    }
    refused = Client(patient.client._client.application, None).get("/v1/patients", CHINESE)
    assert refused.json["title"] == "没有有效的令牌"
    assert refused.headers["Content-Language"] == "zh-CN"


@pytest.mark.only("sqlite")
def test_what_is_sent_again_is_answered_in_the_language_of_the_first_answer(patient: Patient) -> None:
    key = {"Idempotency-Key": "one"}
    body = {"dose_on": "2024-02-19", "status": "taken"}
    first = patient.send("dose_recorded", {**key, **CHINESE}, **body)
    again = patient.send("dose_recorded", key, **body)
    assert again.data == first.data
    assert again.headers["Content-Language"] == first.headers["Content-Language"] == "zh-CN"


def test_every_refusal_of_the_examples_is_said_in_chinese() -> None:
    answers = orjson.loads((ROOT / "api" / "contract" / "examples" / "answers.json").read_bytes()).values()
    problems = [answer["content"] for answer in answers if answer["status"] >= 400]
    assert len(problems) > 50
    for problem in problems:
        for sentence in (
            problem["title"],
            problem["detail"],
            *(error["detail"] for error in problem.get("errors", ())),
        ):
            if sentence in (problem["detail"],) and problem.get("errors"):
                continue
            said = refusal(sentence, "zh-CN")
            assert _HAN.search(said), sentence
            assert re.findall(r"\d+", said) == re.findall(r"\d+", sentence), sentence
            assert refusal(sentence, "en") == sentence


#: What makes a refusal, and the names of what is put into one.
_MAKE = {
    *("FieldError", "Forbidden", "HostNotAllowed", "NotFound", "OutOfScope", "Problem", "Refusal", "Roles"),
    *("Unauthenticated", "ValidationError", "_refusal"),
}
_PUT_IN = {"detail", "several", "why"}
#: Sentences that are put together from parts, which are said in Chinese as a whole.
_PARTS = (
    r"17 enrolment 17\.",
    r"The hold from 17 17 overlaps .*",
    r"17 (another part|`replaces`; a new one) .*",
    r"17 bad field17\.",
)


def sentences(tree: ast.AST) -> Iterator[str]:
    """Every sentence that says why something is refused, with a number for what is put into it."""
    for node in ast.walk(tree):
        makes = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _MAKE
        named = isinstance(node, ast.Assign) and getattr(node.targets[0], "id", None) in _PUT_IN
        named = named and not isinstance(node.value, ast.Call)
        if makes or named:
            yield from texts(node)


def texts(node: ast.AST) -> Iterator[str]:
    """The sentences among the texts within a part of code."""
    text = ""
    if isinstance(node, ast.JoinedStr):
        text = "".join(str(part.value) if isinstance(part, ast.Constant) else "17" for part in node.values)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        text = node.value
    else:
        for child in ast.iter_child_nodes(node):
            yield from texts(child)
    if re.fullmatch(r"(?:[A-Z]|17)[^\n]* [^\n]*\.", text):
        yield text


def test_every_sentence_of_a_refusal_in_the_code_is_said_in_chinese() -> None:
    """If not: add it to refusals.po."""
    found = {
        sentence
        for file in ROOT.rglob("*.py")
        if not {*_ENGLISH} & {*file.relative_to(ROOT).parts}
        for sentence in sentences(ast.parse(file.read_text("utf-8")))
    }
    assert len(found) > 120
    english = {sentence for sentence in found if not _HAN.search(refusal(sentence, "zh-CN"))}
    assert {sentence for sentence in english if not any(re.fullmatch(part, sentence) for part in _PARTS)} == set()


@pytest.mark.only("sqlite")
@pytest.mark.parametrize(
    ("asked", "answered"),
    [("zh-CN", "zh-CN"), ("zh-Hans", "zh-CN"), ("zh-Hant", "en"), ("zh-TW", "en"), ("de", "en"), ("zh;q=0", "en")],
)
def test_who_does_not_read_simplified_chinese_gets_english(shared: Any, asked: str, answered: str) -> None:
    answer = shared.client("nurse").get("/v1/patients", {"Accept-Language": asked})
    assert answer.headers["Content-Language"] == answered
