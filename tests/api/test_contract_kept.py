"""Requests and answers are held to the contract in every test: here a nurse's day, a phone's week, and the holding."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
import pytest
from contract import Contract
from service import ENROLMENT, Client, Patient, Service
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

pytestmark = pytest.mark.only("sqlite")
PATH = "/v1/patients"


def test_a_nurses_day(service: Service, nurse: Client, patient: Patient) -> None:
    """What a nurse does from morning to evening; each call is held to the contract."""
    worklist = nurse.get("/v1/worklist").json["items"]
    nurse.get("/v1/visits", series="imaging", status="open,upcoming", limit="5")
    nurse.get("/v1/visits", booked_from="2024-02-20", booked_to="2024-02-23", sort="booked_at")
    nurse.get("/v1/sites/FUSCC/days", {"Accept-Language": "zh-CN"})
    scan = patient.read("visits/imaging-w6")
    assert scan["suggested_days"][0] >= "2024-02-20"
    for path, body in (
        (f"{patient.path}/visits/imaging-w6/booking", {"booked_on": "2024-02-21", "time": "09:30"}),
        (f"{patient.path}/visits/imaging-w6/result", {"done_on": "2024-02-20", "response": "SD"}),
    ):
        answer = nurse.send("PUT", path, body, query={"dry_run": "true"})
        again = nurse.send("PUT", path, body)
        assert (answer.status_code, again.status_code) == (200, 200)
        assert again.headers["ETag"]
    key = {"Idempotency-Key": "morning-1"}
    first = patient.send("hold_started", key, from_on="2024-02-20", reason="proteinuria")
    again = patient.send("hold_started", key, from_on="2024-02-20", reason="proteinuria")
    assert (first.status_code, again.headers["Idempotency-Replayed"]) == (201, "true")
    patient.record("hold_ended", resumes_on="2024-02-27")
    assert patient.send("hold_started", from_on="2024-02-22").status_code == 409
    assert patient.send("dose_changed", from_on="2024-02-27", amount=100).json["code"] == "needs_confirmation"
    patient.record("dose_changed", from_on="2024-02-27", amount=250, reason="proteinuria")
    entry = f"/v1/worklist/{worklist[-1]['entry_id']}/acknowledgement"
    assert nurse.send("PUT", entry, {"note": "called", "until": "2024-02-22"}).status_code in (200, 404)
    new = nurse.post(PATH, {**ENROLMENT, "subject_number": "002"}, {"Idempotency-Key": "enrol-2"})
    assert new.headers["Location"].endswith(new.json["patient_id"])
    for part in ("", "calendar", "facts", "adherence", "deviations", "devices", "messages", "supply"):
        read = patient.get(part)
        if "ETag" in read.headers:
            assert patient.get(part, {"If-None-Match": read.headers["ETag"]}).status_code == 304
    pages = nurse.get("/v1/visits", limit="1")
    assert 'rel="next"' in pages.headers["Link"]
    assert nurse.get("/v1/visits", limit="1", cursor=pages.json["next_cursor"]).status_code == 200
    assert nurse.get("/v1/visits", {"Accept": "text/csv"}, limit="3").status_code == 200
    assert nurse.get("/v1/reminders").json["items"] == []
    assert service.client("monitor").get("/v1/studies/nct06110650/summary").status_code == 200


def test_a_phones_week(service: Service, nurse: Client, patient: Patient) -> None:
    """Doses of a week, some of them from the queue of a phone that was offline; each call is held to the contract."""
    code = nurse.post("/v1/activations", {"patient_id": patient.patient_id}).json["code"]
    public = Client(service.app, None)
    pair = public.post("/v1/activate", {"code": code, "device_name": "a phone"}).json
    for day in range(20, 27):
        service.clock.set(f"2024-02-{day}T20:05:00+08:00")
        pair = public.post("/v1/token", {"refresh_token": pair["refresh_token"]}).json
        phone = Client(service.app, pair["access_token"])
        now = {"said_at": f"2024-02-{day}T20:04:00+08:00", "sent_at": f"2024-02-{day}T20:05:00+08:00"}
        today = phone.get("/v1/me/today", {"Accept-Language": "zh-CN"})
        assert phone.get("/v1/me/today", {"If-None-Match": today.headers["ETag"]}).status_code == 200
        dose = today.json["doses"][0]["dose_id"]
        if day % 3:
            said = {"status": "taken", "amount": 300, **now}
            assert phone.send("PUT", f"/v1/me/doses/{dose}", said).json["outcome"] == "recorded"
        else:
            fact = {"client_id": f"c-{day}", "kind": "dose_recorded", "dose_id": dose, "status": "missed"}
            bad = {"client_id": f"b-{day}", "kind": "dose_recorded", "said_at": now["said_at"]}
            body = {"cursor": 0, "sent_at": now["sent_at"], "facts": [{**fact, "said_at": now["said_at"]}, bad]}
            outcomes = phone.post("/v1/me/sync", body).json["outcomes"]
            assert [one["outcome"] for one in outcomes] == ["recorded", "refused"]
    taken_back = phone.send("DELETE", f"/v1/me/doses/{dose}", query=now)
    assert taken_back.status_code == 200
    assert phone.send("PATCH", "/v1/me/reminders", {"times": ["21:00"]}).json["times"] == ["21:00"]
    assert phone.post("/v1/me/reminders/snooze", {"minutes": 30}).status_code == 409
    for path in ("calendar", "reminders", "devices"):
        assert phone.get(f"/v1/me/{path}").status_code == 200
    address = phone.get("/v1/me/feed").json["address"]
    assert public.get(address.partition("localhost")[2]).status_code == 200
    assert phone.send("DELETE", f"/v1/me/devices/{pair['device_id']}").status_code == 204
    assert phone.get("/v1/me/today").status_code == 401


Change = Callable[[Any], None]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda answer: answer.set_data(orjson.dumps({"items": [], "next_cursor": None, "total": 1})), "total"),
        (lambda answer: answer.set_data(orjson.dumps({"items": []})), "next_cursor"),
        (lambda answer: answer.headers.add("X-Total-Count", "1"), "X-Total-Count"),
        (lambda answer: answer.headers.remove("X-Request-ID"), "X-Request-ID"),
        (lambda answer: answer.headers.set("Content-Language", "fr"), "Content-Language"),
        (lambda answer: setattr(answer, "status_code", 202), "202"),
        (lambda answer: setattr(answer, "content_type", "application/xml"), "application/xml"),
    ],
)
def test_an_answer_that_the_contract_lacks_is_noticed(service: Service, change: Change, why: str) -> None:
    contract = Contract(service.app.extensions["scheduler"].contract)
    answer = Response(orjson.dumps({"items": [], "next_cursor": None}), content_type="application/json")
    answer.headers.update({"X-Request-ID": "0123456789", "Content-Language": "en", "Vary": "Accept"})
    contract.check("GET", PATH, MultiDict(), None, answer)
    change(answer)
    with pytest.raises(AssertionError, match=why):
        contract.check("GET", PATH, MultiDict(), None, answer)


def test_a_request_that_is_taken_and_that_the_contract_lacks_is_noticed(service: Service, nurse: Client) -> None:
    contract = Contract(service.app.extensions["scheduler"].contract)
    listed, made = nurse.get(PATH), nurse.post(PATH, ENROLMENT)
    contract.check("GET", PATH, MultiDict({"limit": "3"}), None, listed)
    contract.check("POST", PATH, MultiDict(), orjson.dumps(ENROLMENT), made)
    for query in ({"limit": "300"}, {"limit": "three"}, {"page": "3"}):
        with pytest.raises(AssertionError, match=next(iter(query))):
            contract.check("GET", PATH, MultiDict(query), None, listed)
    for body in ({**ENROLMENT, "colour": "red"}, {**ENROLMENT, "sex": "other"}, {"site": "FUSCC"}):
        with pytest.raises(AssertionError, match="took"):
            contract.check("POST", PATH, MultiDict(), orjson.dumps(body), made)
