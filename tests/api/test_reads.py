"""What is answered before Flask is asked is what Flask would have answered, and to nobody else."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from service import Client, Patient, Service, refused

from scheduler_api.records import phones, tokens


@pytest.fixture
def patient(nurse: Client) -> Patient:
    """A patient on treatment."""
    patient = nurse.enrol()
    patient.record("treatment_started", first_dose_on="2024-01-05")
    patient.record("dose_recorded", dose_on="2024-01-05", status="taken")
    return patient


def test_a_calendar_is_the_same_by_either_way(patient: Patient) -> None:
    # Who says anything about compression is answered by Flask.
    same(patient.get("calendar"), patient.get("calendar", {"Accept-Encoding": "identity"}))


def same(before: Any, after: Any) -> None:
    """Check that two answers are the same, except for their ids."""
    assert (before.status_code, before.data) == (after.status_code, after.data)
    assert {name: value for name, value in before.headers.items() if name != "X-Request-ID"} == {
        name: value for name, value in after.headers.items() if name != "X-Request-ID"
    }


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("series=imaging&status=open,upcoming&site=FUSCC&limit=2", 200),
        ("limit=2&cursor=CURSOR&sort=subject", 200),
        ("sort=subject&limit=1", 200),
        ("booked=false&from=2024-03-01&to=2024-04-01&patient=p-%C3%A9+", 200),
        ("limit=2&sort=opens_on&cursor=CURSOR", 422),
        ("limit=2&limit=3", 422),
        ("limit=&site=", 422),
        ("colour=%FF", 422),
        ("site", 422),
        ("site=BERLIN", 404),
    ],
)
def test_a_page_of_visits_is_the_same_by_either_way(nurse: Client, patient: Patient, query: str, status: int) -> None:
    cursor = nurse.get("/v1/visits", limit="1", sort="subject").json["next_cursor"]
    address = f"/v1/visits?{query.replace('CURSOR', quote(cursor))}"
    before, after = nurse.send("GET", address), nurse.send("GET", address, headers={"Accept-Encoding": "identity"})
    assert before.status_code == status
    if status == 200:
        same(before, after)
    else:
        assert before.json == after.json


def test_flask_is_not_asked_for_the_plain_case(service: Service, patient: Patient) -> None:
    code = phones.make_code(service.session(), patient.patient_id)["code"]
    phone = phones.activate(service.store, code, "phone", "127.0.0.1", service.clock())["access_token"]
    nurse, tag = service.tokens["nurse"], patient.get("calendar").headers["ETag"]
    for path, token in (
        (f"{patient.path}/calendar", nurse),
        ("/v1/visits?series=imaging&status=open,upcoming", nurse),
        ("/v1/me/today", phone),
    ):
        assert service.ask("GET", path, token) == ("200 OK", False)
        assert service.ask("GET", f"{path}{'&' if '?' in path else '?'}limit=0", token)[1]
    known = {"If-None-Match": tag}
    assert service.ask("GET", f"{patient.path}/calendar", nurse, headers=known) == ("304 NOT MODIFIED", False)


@pytest.mark.parametrize("part", ["", "calendar", "adherence", "deviations", "facts"])
def test_a_known_etag_opens_no_door(service: Service, patient: Patient, elsewhere: Client, part: str) -> None:
    path = f"/v1/patients/{patient.patient_id}" + (f"/{part}" if part else "")
    token = tokens.create(service.store, "nurse", [], "leaver", service.clock())
    leaver = service.client(token)
    known = {"If-None-Match": leaver.get(path).headers["ETag"]}
    assert leaver.get(path, known).status_code == 304
    refused(elsewhere.get(path, known), 404)
    (row,) = [row for row in tokens.list_all(service.store) if row["name"] == "leaver"]
    tokens.revoke(service.store, row["token_id"], service.clock())
    for headers in (known, {}):
        refused(leaver.get(path, headers), 401)


def test_a_fact_is_seen_at_once(patient: Patient) -> None:
    known = {"If-None-Match": patient.get("calendar").headers["ETag"]}
    assert patient.get("calendar", known).status_code == 304
    patient.record("dose_recorded", dose_on="2024-01-06", status="missed")
    changed = patient.get("calendar", known)
    assert (changed.status_code, changed.json["adherence"]["missed"]) == (200, 1)
