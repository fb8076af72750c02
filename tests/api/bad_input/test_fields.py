"""A field of a fact that is missing, unknown, of the wrong type or impossible."""

from __future__ import annotations

from typing import Any

import pytest
from service import Patient, Service, refused

from ..inputs import NEW_FACT, OPTIONAL


@pytest.mark.parametrize("kind", NEW_FACT)
def test_every_missing_field_is_named(patient: Patient, kind: str) -> None:
    refused(patient.send(kind), 422, *(f"/{name}" for name in NEW_FACT[kind] if (kind, name) not in OPTIONAL))


@pytest.mark.parametrize("kind", NEW_FACT)
def test_unknown_fields_are_refused(patient: Patient, kind: str) -> None:
    bad = {"colour": "red", "a/b~c": 1, "": 2, "recorded_at": "2024-01-01T00:00:00Z", "fact_id": "f-1"}
    pointers = ("/colour", "/a~1b~0c", "/", "/recorded_at", "/fact_id")
    refused(patient.send(kind, **NEW_FACT[kind], **bad), 422, *pointers)


@pytest.mark.parametrize("kind", NEW_FACT)
@pytest.mark.parametrize("wrong", [{}, [], True, 1.5, ["x"]], ids=str)
def test_wrong_types_are_refused(patient: Patient, kind: str, wrong: Any) -> None:
    data = dict.fromkeys(NEW_FACT[kind], wrong)
    pointers = [f"/{name}" for name in data if not (name == "amount" and wrong == 1.5)]
    refused(patient.send(kind, **data), 422, *pointers)


@pytest.mark.parametrize("kind", NEW_FACT)
def test_null_stands_only_where_it_means_something(patient: Patient, kind: str) -> None:
    means = {("visit_booked", "booked_on"), ("treatment_ended", "last_dose_on"), *OPTIONAL}
    pointers = [f"/{name}" for name in NEW_FACT[kind] if (kind, name) not in means]
    refused(patient.send(kind, **dict.fromkeys(NEW_FACT[kind])), 422, *pointers)


@pytest.mark.parametrize("kind", [None, 5, [], {}, "", "born", "Voided", "dose_recorded ", True], ids=str)
def test_an_unknown_kind(patient: Patient, kind: Any) -> None:
    refused(patient.client.post(f"{patient.path}/facts", {"kind": kind}), 422, "/kind")


def test_no_kind(patient: Patient) -> None:
    refused(patient.client.post(f"{patient.path}/facts", {}), 422, "/kind")


@pytest.mark.parametrize("body", ["null", "5", '"text"', "[]", "true", '[{"kind": "voided"}]'])
@pytest.mark.parametrize("path", ["/v1/patients", "{patient}/facts", "/v1/previews", "/v1/protocols", "/v1/sites"])
def test_a_body_that_is_no_object(service: Service, patient: Patient, path: str, body: str) -> None:
    answer = service.client("admin").send("POST", path.format(patient=patient.path), data=body)
    refused(answer, 422, "")


@pytest.mark.parametrize(
    ("kind", "data", "pointer"),
    [
        ("dose_recorded", {"status": "eaten"}, "/status"),
        ("dose_recorded", {"amount": 0}, "/amount"),
        ("dose_recorded", {"amount": -300}, "/amount"),
        ("dose_recorded", {"amount": 10**30}, "/amount"),
        ("dose_recorded", {"amount": "300"}, "/amount"),
        ("dose_recorded", {"status": "missed", "amount": 300}, "/amount"),
        ("dose_recorded", {"taken_at": "2024-01-05T20:00:00"}, "/taken_at"),
        ("dose_recorded", {"taken_at": "2024-01-05 20:00:00+08:00"}, "/taken_at"),
        ("dose_recorded", {"taken_at": "2024-01-05T20:00:00+99:00"}, "/taken_at"),
        ("dose_recorded", {"taken_at": "2024-01-05T25:00:00Z"}, "/taken_at"),
        ("dose_recorded", {"taken_at": "2024-02-21T00:00:00+08:00"}, "/taken_at"),
        ("dose_recorded", {"taken_at": "2024-01-02T23:59:59+08:00"}, "/taken_at"),
        ("dose_recorded", {"note": "x" * 1001}, "/note"),
        ("dose_recorded", {"note": ""}, "/note"),
        ("dose_recorded", {"note": "a\0b"}, "/note"),
        ("dose_changed", {"amount": 301}, "/amount"),
        ("visit_booked", {"visit": "imaging-w7"}, "/visit"),
        ("visit_booked", {"visit": "imaging"}, "/visit"),
        ("visit_booked", {"visit": "imaging-w" + "6" * 70}, "/visit"),
        ("visit_booked", {"visit": "imaging-w06"}, "/visit"),
        ("visit_booked", {"visit": "imaging-w6\n"}, "/visit"),
        ("visit_booked", {"visit": "contraception-m7"}, "/visit"),
        ("visit_booked", {"time": "24:00"}, "/time"),
        ("visit_booked", {"time": "10:00\n"}, "/time"),
        ("visit_booked", {"place": "two\nlines"}, "/place"),
        ("visit_booked", {"place": "one line\n"}, "/place"),
        ("visit_booked", {"place": "\x85next line"}, "/place"),
        ("visit_booked", {"place": "line\u2028separator"}, "/place"),
        ("visit_booked", {"booked_on": None, "time": "10:00"}, "/time"),
        ("visit_done", {"series": "haircut"}, "/series"),
        ("visit_done", {"visit": "imaging-w7"}, "/visit"),
        ("visit_done", {"visit": "contraception-m1"}, "/visit"),
        ("visit_done", {"response": "sd"}, "/response"),
        ("visit_done", {"series": "contraception", "response": "SD"}, "/response"),
        ("progressed", {"basis": "rumour"}, "/basis"),
        ("treatment_ended", {"reason": "moved"}, "/reason"),
        ("study_ended", {"reason": "moved"}, "/reason"),
        ("fertility_changed", {"basis": None}, "/basis"),
        ("fertility_changed", {"fertility": "fertile"}, "/basis"),
        ("fertility_changed", {"basis": "marriage"}, "/basis"),
        ("protocol_amended", {"version": 2}, "/version"),
        ("protocol_amended", {"version": 0}, "/version"),
        ("protocol_amended", {"version": 10**40}, "/version"),
        ("protocol_amended", {"version": 1.0}, "/version"),
        ("protocol_amended", {"version": True}, "/version"),
        ("time_zone_changed", {"time_zone": "Asia/Atlantis"}, "/time_zone"),
        ("time_zone_changed", {"time_zone": "../../etc/passwd"}, "/time_zone"),
        ("time_zone_changed", {"time_zone": "UTC+8:30"}, "/time_zone"),
        ("time_zone_changed", {"time_zone": "asia/shanghai"}, "/time_zone"),
        ("hold_started", {"resumes_on": "2024-02-01"}, "/resumes_on"),
        ("hold_started", {"resumes_on": "2024-01-31"}, "/resumes_on"),
        ("voided", {"reason": ""}, "/reason"),
        ("voided", {}, "/voids"),
        ("voided", {"replaces": "f-1"}, "/replaces"),
        ("dose_recorded", {"replaces": "f-none", "reason": "typing error"}, "/replaces"),
        ("dose_recorded", {"replaces": ""}, "/replaces"),
        ("dose_recorded", {"replaces": 1}, "/replaces"),
    ],
    ids=str,
)
def test_an_impossible_value(patient: Patient, kind: str, data: dict[str, Any], pointer: str) -> None:
    refused(patient.send(kind, **{**NEW_FACT[kind], **data}), 422, pointer)


def test_all_bad_fields_at_once(patient: Patient) -> None:
    data = {"dose_on": "2024-02-30", "status": "eaten", "amount": -1, "taken_at": "noon", "note": 5, "colour": 1}
    refused(patient.send("dose_recorded", **data), 422, *(f"/{name}" for name in data))
