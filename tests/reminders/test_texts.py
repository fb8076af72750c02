"""What messages say: short, in the reader's language, and discreet unless the patient wants it otherwise."""

from __future__ import annotations

import json
import re
from datetime import date
from typing import Any

import pytest
from service import Patient

from scheduler_api.engine.reason import Reason
from scheduler_api.engine.reminders.kinds import TO_PATIENTS, TO_SITES
from scheduler_api.i18n import LANGUAGES
from scheduler_api.reminders import texts
from scheduler_api.reminders.texts import Dose, MessageText, Window
from scheduler_api.store.reminders import notification_preferences

from .receivers import Receiver
from .sending import Sending

DRUG = Reason("label", text="surufatinib", n="", day="", labels=(("zh-CN", "索凡替尼"),))

#: What a lock screen shows of a title and of a body, in Latin letters; a Chinese one takes the room of two.
TITLE, BODY = 40, 110
#: Words that tell a stranger what the patient has or takes.
TELLING = re.compile(
    r"surufatinib|索凡替尼|tumou?r|肿瘤|cancer|癌|sarcoma|imaging|影像|contracepti|避孕|\bmg\b", re.IGNORECASE
)


def said(kind: str, language: str, shown: bool) -> MessageText:
    """A message of a kind to a patient."""
    if kind.startswith("dose_"):
        return texts.dose(kind, language, "2024-02-18", [Dose(DRUG, 300, "mg")] if shown else [])
    if kind.startswith("contraception_"):
        return texts.contraception(kind, language, "2024-02-18", shown)
    label, zone = "Week 6 tumour imaging" if shown else None, "America/Argentina/Buenos_Aires"
    return texts.visit(kind, language, Window(label, "2024-02-21", "2024-02-19", "08:30", zone))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("booked_on", [None, "2024-02-23"])
def test_that_a_visit_is_off_is_short_and_names_no_disease(language: str, booked_on: str | None) -> None:
    message = texts.called_off(language, None, "2024-02-21", booked_on)
    assert 0 < room(message.title) <= TITLE
    assert 0 < room(message.body) <= BODY
    assert not TELLING.search(" ".join(message))
    assert (booked_on is not None) == ("2024-02-23" in message.body)


def room(text: str) -> int:
    """How much room a text takes."""
    return sum(1 if character < "\u2e80" else 2 for character in text)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", TO_PATIENTS)
def test_a_message_to_a_patient_is_short_and_names_neither_drug_nor_disease(kind: str, language: str) -> None:
    discreet, open_ = said(kind, language, False), said(kind, language, True)
    for message in (discreet, open_):
        assert 0 < room(message.title) <= TITLE
        assert 0 < room(message.body) <= BODY
        assert "\n" not in message.title + message.body
        assert "{" not in message.title + message.body
    assert not TELLING.search(" ".join(discreet))
    assert TELLING.search(" ".join(open_))


@pytest.mark.parametrize(("language", "asks"), [("en", "please ask the site"), ("zh-CN", "请向研究中心确认")])
def test_what_is_booked_though_no_longer_required_asks_the_patient_to_ask(language: str, asks: str) -> None:
    message = texts.visit("booking_tomorrow", language, Window(None, "2024-02-24", "2024-02-21", ask=True))
    assert "2024-02-21" in message.body
    assert asks in message.body
    assert room(message.body) <= BODY


@pytest.mark.parametrize("kind", TO_PATIENTS)
def test_every_kind_says_something_of_its_own_in_each_language(kind: str) -> None:
    english, chinese = (said(kind, language, False) for language in LANGUAGES)
    assert not re.search("[A-Za-z]", chinese.body.replace("America/Argentina/Buenos_Aires", ""))
    assert not re.search("[\u4e00-\u9fff]", english.body)
    # It may be read on another day than it was sent: it says which it is about.
    assert re.search("2024-02-(18|19|21)", f"{english.title} {english.body}")
    others = [said(other, "en", False).body for other in TO_PATIENTS if other != kind]
    assert english.body not in others


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_message_to_a_site_has_the_number_of_the_patient_alone(language: str) -> None:
    for kind in TO_SITES[1:]:
        message = texts.to_site(kind, language, "FUSCC-04", "imaging-w6")
        assert message.title == "FUSCC-04"
        assert room(message.body) <= BODY
    assert texts.digest(language, []).title
    lines = texts.digest(language, [f"{number:03}: why" for number in range(200)]).body.splitlines()
    assert len(lines) == texts.LINES + 1
    assert "150" in lines[-1]


@pytest.mark.parametrize(
    ("preferences", "dose", "visit"),
    [
        (
            {},
            ("Study reminder", "Take your dose of 2024-02-18", "en"),
            ("Study reminder", "No study visit is booked yet. Please come by 2024-02-21", "en"),
        ),
        (
            {"show_drug": True},
            ("Take your dose of 2024-02-18", "Take your dose of 2024-02-18: surufatinib 300 mg (6 × 50 mg)", "en"),
            ("Week 6 tumour imaging", "No study visit is booked yet. Please come by 2024-02-21", "en"),
        ),
        (
            {"language": "zh-CN", "show_drug": True},
            ("请服用 2024-02-18 的药物", "请服用 2024-02-18 的药物：索凡替尼 300 mg（50 mg×6 粒）", "zh-CN"),
            ("第 6 周肿瘤影像学检查", "您尚未预约访视，请最晚于 2024-02-21（含当天）到访", "zh-CN"),
        ),
        # No phone has subscribed: the site's gateway is better than nothing.
        (
            {"channels": ["web_push"]},
            ("Study reminder", "Take your dose of 2024-02-18", "en"),
            ("Study reminder", "No study visit is booked yet. Please come by 2024-02-21", "en"),
        ),
    ],
)
def test_a_message_has_what_the_patient_prefers(sending: Sending, preferences: Any, dose: Any, visit: Any) -> None:
    sending.service.clock.set("2024-02-17T12:00:00+08:00")
    patient: Patient = sending.service.client("nurse").enrol()
    patient.record("treatment_started", first_dose_on="2024-01-05")
    with sending.store.transaction():
        notification_preferences.put_patients(
            sending.store, patient.patient_id, json.dumps(preferences), sending.service.clock().isoformat()
        )
    with Receiver() as gateway:
        sending.add(gateway.url, audience="patient")
        sending.told("2024-02-18T12:00:30+00:00")
        found = {received.json["kind"]: received.json for received in gateway.received}

    def shown(kind: str) -> Any:
        return tuple(found[kind][name] for name in ("title", "body", "language")) if kind in found else None

    assert (shown("dose_due"), shown("window_closing")) == (dose, visit)


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "The window of Week 6 tumour imaging has closed and nothing is recorded as done"),
        ("zh-CN", "第 6 周肿瘤影像学检查的可检查日期已过，尚无完成记录"),
    ],
)
def test_a_window_that_was_missed_is_told_by_the_label_of_its_visit(sending: Sending, language: str, said: str) -> None:
    sending.service.client("nurse").enrol()
    with Receiver() as gateway:
        sending.add(gateway.url, language=language)
        sending.told("2024-02-21T23:30:00+00:00")
    (found,) = (received.json for received in gateway.received if received.json["kind"] == "window_missed")
    assert (found["title"], found["body"], found["about"]) == ("001", said, "2024-02-21 imaging-w6")


def test_what_is_booked_with_the_site_that_the_patient_left_asks_to_ask(sending: Sending) -> None:
    patient = sending.service.client("nurse").enrol()
    patient.record("visit_booked", visit="imaging-w6", booked_on="2024-02-21", time="08:30")
    moved = {"kind": "site_transferred", "site": "BERLIN", "from_on": "2024-02-21"}
    assert sending.service.client("coordinator").post(f"{patient.path}/facts", moved).status_code == 201
    with Receiver() as gateway:
        for site in ("FUSCC", "BERLIN"):
            sending.add(gateway.url, audience="patient", site=site)
        sending.told("2024-02-20T10:00:30+00:00")
    (found,) = (received.json for received in gateway.received if received.json["kind"] == "booking_tomorrow")
    assert found["body"].endswith("it may no longer be needed: please ask the site")


def test_what_is_booked_for_a_visit_that_was_done_before_asks_to_ask(sending: Sending) -> None:
    patient = sending.service.client("nurse").enrol()
    patient.record("visit_booked", visit="imaging-w6", booked_on="2024-02-21", time="08:30")
    patient.record("visit_done", series="imaging", done_on="2024-02-19", response="SD")
    with Receiver() as gateway:
        sending.add(gateway.url, audience="patient")
        sending.told("2024-02-20T10:00:30+00:00")
    (found,) = (received.json for received in gateway.received if received.json["kind"] == "booking_tomorrow")
    assert found["body"].endswith("it may no longer be needed: please ask the site")


def test_a_booked_visit_is_told_with_its_time(sending: Sending) -> None:
    patient = sending.service.client("nurse").enrol()
    patient.record("visit_booked", visit="imaging-w6", booked_on="2024-02-21", time="08:30", place="Room 7")
    with Receiver() as gateway:
        sending.add(gateway.url, audience="patient")
        sending.told("2024-02-20T10:00:30+00:00")
    (found,) = (received.json for received in gateway.received if received.json["kind"] == "booking_tomorrow")
    assert found["body"] == "You have a study visit on 2024-02-21 at 08:30 (Asia/Shanghai)"
    assert date.fromisoformat(found["about"].split()[0]) == date(2024, 2, 21)
