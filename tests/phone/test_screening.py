"""The phone of a patient who is registered and not enrolled."""

from __future__ import annotations

from service import Client, Service, refused

from .phones import Phone


def screened(service: Service, nurse: Client) -> Phone:
    """A phone of a patient who is being screened."""
    return Phone(service, nurse.register(planned_enrolment_on="2024-02-27"))


def test_nothing_is_shown_of_treatment(service: Service, nurse: Client) -> None:
    phone = screened(service, nurse)
    shown = phone.read()
    assert (shown["status"], shown["doses"], shown["cycle"], shown["unrecorded"]) == ("screening", [], None, [])
    assert shown["visits"] == []
    assert shown["contraception"]["status"] == "not_required"
    calendar = phone.read("calendar")
    assert (calendar["doses"], calendar["cycles"]) == ([], [])
    assert calendar["treatment"]["first_dose_on"] is None
    assert phone.read(language="zh-CN")["contraception"]["because"] == "未入组"


def test_a_dose_is_refused_until_the_patient_is_enrolled(service: Service, nurse: Client) -> None:
    phone = screened(service, nurse)
    refused(phone.record("2024-02-19"), 422, "/dose_id")
    said = {"client_id": "a1", "kind": "dose_recorded", "said_at": "2024-02-20T11:00:00+08:00"}
    dose = {"dose_id": "2024-02-19", "status": "taken", "amount": 300}
    (outcome,) = phone.sync({**said, **dose})["outcomes"]
    assert (outcome["outcome"], outcome["problem"]["errors"][0]["pointer"]) == ("refused", "/dose_id")
    etag = phone.get("today").headers["ETag"]
    phone.patient.record("enrolled", enrolled_on="2024-02-19")
    assert phone.get("today", {"If-None-Match": etag}).status_code == 200
    assert phone.read()["status"] == "enrolled"
    assert phone.record("2024-02-19").status_code in (200, 201)
