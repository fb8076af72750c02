"""A known ETag opens no door: who may not have an answer is not told either that it is still the same."""

from __future__ import annotations

from datetime import timedelta

import pytest
from phone.phones import Phone
from service import Client, Patient, Service, refused
from werkzeug.test import TestResponse

from scheduler_api.use_cases.auth import tokens

from .routes import Route, routes


def treated(client: Client, subject_number: str) -> Patient:
    """A patient under treatment; all of them are at the same version, so that only who it is tells their tags apart."""
    patient = client.enrol(subject_number=subject_number)
    patient.record("treatment_started", first_dose_on="2024-01-05")
    return patient


@pytest.fixture
def patient(nurse: Client) -> Patient:
    """A patient of the site FUSCC."""
    return treated(nurse, "001")


@pytest.fixture
def phone(service: Service, patient: Patient) -> Phone:
    """The patient's phone."""
    return Phone(service, patient)


@pytest.fixture
def other(service: Service, nurse: Client) -> Phone:
    """The phone of another patient of the same site."""
    return Phone(service, treated(nurse, "002"))


def heeding(service: Service, caller: str) -> list[Route]:
    """The operations that may answer 304."""
    found = [route for route in routes(service.app, caller) if "If-None-Match" in route.declared.headers]
    assert {route.method for route in found} == {"GET", "HEAD", "OPTIONS"}
    return [route for route in found if route.method != "OPTIONS"]


def tags(tag: str) -> tuple[str, ...]:
    """An ETag as a client, a cache and a compressing proxy may send it back, and the one that stands for any."""
    return tag, f"W/{tag}", f'{tag[:-1]}:gzip"', f'"other", {tag}', "*"


def asked(client: Client, route: Route, address: str, tag: str) -> TestResponse:
    """The answer to somebody who knows a tag."""
    return client.send(route.method, address, headers={"If-None-Match": tag})


def no_door(client: Client, route: Route, address: str, tag: str, status: int) -> None:
    """Check that somebody who knows a tag is refused as if they did not."""
    for sent in tags(tag):
        answer = asked(client, route, address, sent)
        assert answer.status_code == status, f"{route.method} {address} {sent}: {answer.status_code}"
        assert "ETag" not in answer.headers
        if route.method != "HEAD":
            refused(answer, status)


def tag_of(client: Client, route: Route, address: str) -> str:
    """The ETag of an answer, by which who may have the answer is told that it is the same."""
    tag = client.send(route.method, address).headers["ETag"]
    for sent in tags(tag):
        assert asked(client, route, address, sent).status_code == 304
    return tag


def revoked(service: Service) -> str:
    """A token of a nurse who has left."""
    token = service.token("nurse", ["FUSCC"], "leaver")
    (row,) = [row for row in tokens.list_all(service.store) if row["name"] == "leaver"]
    tokens.revoke(service.store, row["token_id"], service.clock())
    return token


def test_staff_of_another_site_leavers_phones_and_nobody(
    service: Service, patient: Patient, phone: Phone, other: Phone, elsewhere: Client
) -> None:
    nobody, leaver = Client(service.app, None), service.client(revoked(service))
    strangers = [nobody, service.client("sch_nobody"), leaver]
    strangers += [service.client(one.access) for one in (phone, other)]
    for route in heeding(service, "staff"):
        address = route.address({"patient_id": patient.patient_id, "visit": "imaging-w6"})
        tag = tag_of(patient.client, route, address)
        no_door(elsewhere, route, address, tag, 404)
        for stranger in strangers:
            no_door(stranger, route, address, tag, 401)


def test_staff_nobody_and_a_phone_whose_token_has_gone_by(service: Service, patient: Patient, phone: Phone) -> None:
    client, strangers = service.client(phone.access), [Client(service.app, None), patient.client, service.client("x")]
    known = [(route, tag_of(client, route, route.address())) for route in heeding(service, "patient")]
    for route, tag in known:
        for stranger in strangers:
            no_door(stranger, route, route.address(), tag, 401)
    service.clock.now += timedelta(hours=1)
    for route, tag in known:
        no_door(client, route, route.address(), tag, 401)
    # It is the hour that has gone by: the tags are still right.
    phone.renew()
    for route, tag in known:
        assert asked(service.client(phone.access), route, route.address(), tag).status_code == 304


def test_another_patients_phone_gets_its_own_answer(service: Service, phone: Phone, other: Phone) -> None:
    """Both are at the same version, ask the same address on the same day, and speak the same language."""
    for route in heeding(service, "patient"):
        tag = tag_of(service.client(phone.access), route, route.address())
        for sent in tags(tag)[:-1]:
            answer = asked(service.client(other.access), route, route.address(), sent)
            assert answer.status_code == 200
            assert answer.headers["ETag"] != tag


def test_the_feed_of_another_address(service: Service, phone: Phone, other: Phone, coordinator: Client) -> None:
    nobody, feeds = Client(service.app, None), "/v1/sites/FUSCC/feeds"
    made = {
        "/v1/feeds/{secret}.ics": [one.read("feed")["address"] for one in (phone, other)],
        "/v1/feeds/bookings/{secret}.ics": [coordinator.post(feeds, {}).json["address"] for _ in range(2)],
    }
    known = []
    for route in heeding(service, "public"):
        mine, theirs = ({"secret": one.rpartition("/")[2].removesuffix(".ics")} for one in made[route.path])
        tag = tag_of(nobody, route, route.address(mine))
        assert asked(nobody, route, route.address(theirs), tag).status_code == 200
        no_door(nobody, route, route.address({"secret": "A" * 32}), tag, 404)
        known.append((route, route.address(mine), tag))
    phone.send("DELETE", "feed")
    coordinator.send("DELETE", f"{feeds}/{coordinator.get(feeds).json['items'][0]['feed_id']}")
    for route, address, tag in known:
        no_door(nobody, route, address, tag, 404)


def test_what_gives_a_tag_heeds_it(service: Service, patient: Patient, phone: Phone) -> None:
    """So that the walks above miss nothing: no other answer to a question has a tag."""
    ids = {
        "patient_id": patient.patient_id,
        "visit": "imaging-w6",
        "site": "FUSCC",
        "protocol": "nct06110650",
        "version": "1",
    }
    for caller, client in (("staff", service.client("admin")), ("patient", service.client(phone.access))):
        for route in routes(service.app, caller):
            if route.method == "GET":
                answer = client.send("GET", route.address(ids))
                assert ("ETag" in answer.headers) == ("If-None-Match" in route.declared.headers), route.rule
