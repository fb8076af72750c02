"""Look on each screen of the phone for what only the site may tell: what a scan showed, and what follows from it."""

from __future__ import annotations

import json
from typing import Any

from service import Client, Service
from stories import add_trial

from .phones import Phone


def with_visits_of_responses(admin: Client) -> None:
    """Add a protocol with a visit counted from a response, and one counted from progression."""
    window = {"before_days": 3, "after_days": 3}
    more: list[dict[str, Any]] = [
        {"series": "again", "label": "Second look", "anchor": {"response": ["PR"], "of": "imaging"}},
        {"series": "talk", "label": "Talk", "anchor": "progression"},
    ]
    add_trial(admin, "responses", *({**one, "first": {"weeks": 1}, "window": window} for one in more))


def test_no_reason_on_the_phone_tells_a_response_or_progression(service: Service, admin: Client, nurse: Client) -> None:
    with_visits_of_responses(admin)
    patient = nurse.enrol(protocol="responses")
    for done_on, response in (("2024-02-14", "PR"), ("2024-02-19", "PD")):
        patient.record("visit_done", series="imaging", visit="unscheduled", done_on=done_on, response=response)
    reasons = {visit["visit"]: visit["because"] for visit in patient.read("calendar")["visits"]}
    assert reasons["again"] == "response PR 2024-02-14 + 1 week"
    assert reasons["talk"] == "progressed 2024-02-19 + 1 week"
    phone = Phone(service, patient)
    for language, assessment, week in (("en", "assessment", "week"), ("zh-CN", "评估", "周")):
        for screen in ("today", "calendar"):
            document = phone.read(screen, language)
            told = {visit["visit"]: visit["because"] for visit in document["visits"]}
            assert told["again"] == f"{assessment} 2024-02-14 + 1 {week}"
            assert told["talk"] == f"{assessment} 2024-02-19 + 1 {week}"
            written = json.dumps(document, ensure_ascii=False)
            assert not any(word in written for word in ('"PR"', '"PD"', "response PR", "progress", "进展"))
