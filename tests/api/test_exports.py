"""Who may export a study, what is refused, and what a former site and an earlier instant get."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from phone.phones import Phone, dose
from service import Client, Clock, Patient, Service, refused

from scheduler_api.engine.model.facts import KINDS
from scheduler_api.interop.export.fact_table import DATA, FIELD_OF

ADDRESS = "/v1/exports/nct06110650"
Rows = list[dict[str, str]]


def exported(client: Client, **query: Any) -> Mapping[str, Rows]:
    """The tables that a client gets, by name."""
    answer = client.get(ADDRESS, **query)
    assert answer.status_code == 200, answer.text
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        texts = {name.removesuffix(".csv"): archive.read(name).decode("utf-8-sig") for name in archive.namelist()}
    return {name: [*csv.DictReader(io.StringIO(text), strict=True)] for name, text in texts.items()}


def staff(service: Service, role: str, *sites: str) -> Client:
    """Someone with a role at some sites."""
    return service.client(service.token(role, [*sites]))


def test_a_sites_staff_get_its_patients_only(service: Service, patient: Patient, elsewhere: Client) -> None:
    there = elsewhere.enrol(subject_number="B-1", site="BERLIN", time_zone="Europe/Berlin")
    for role in ("coordinator", "monitor", "admin"):
        for sites, wanted in (
            ((), [patient.patient_id, there.patient_id]),
            (("FUSCC",), [patient.patient_id]),
            (("BERLIN",), [there.patient_id]),
            (("BERLIN", "FUSCC"), [patient.patient_id, there.patient_id]),
        ):
            tables = exported(staff(service, role, *sites))
            assert [row["patient_id"] for row in tables["patients"]] == wanted
            assert {row["patient_id"] for row in tables["facts"]} == {*wanted}
    named = exported(staff(service, "monitor"), site="BERLIN")
    assert [row["patient_id"] for row in named["patients"]] == [there.patient_id]


def test_who_may_not(service: Service, patient: Patient, nurse: Client, elsewhere: Client) -> None:
    for client in (nurse, elsewhere):
        refused(client.get(ADDRESS), 403)
    refused(service.client(Phone(service, patient).access).get(ADDRESS), 401)
    refused(service.client("").get(ADDRESS), 401)
    refused(staff(service, "monitor", "BERLIN").get(ADDRESS, site="FUSCC"), 404)


def test_a_bad_parameter_is_named(monitor: Client, patient: Patient) -> None:
    for name, value in (
        ("format", "sas"),
        ("known_at", "2024-02-20"),
        ("known_at", "2024-02-20T12:00:00"),
        ("known_at", "2199-01-01T00:00:00Z"),
        ("patient", "p-1"),
        ("site", ""),
    ):
        refused(monitor.get(ADDRESS, **{name: value}), 422, f"/{name}")


def test_what_is_not_there(monitor: Client) -> None:
    refused(monitor.get("/v1/exports/none"), 404)
    empty = exported(monitor)
    assert empty["patients"] == []
    assert len(empty["dictionary"]) > 150


def test_accept_is_for_the_format_that_is_asked_for(monitor: Client, patient: Patient) -> None:
    workbook = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    assert monitor.get(ADDRESS, {"Accept": workbook}, format="xlsx").headers["Content-Type"] == workbook
    assert monitor.get(ADDRESS, {"Accept": "application/zip"}).status_code == 200
    refused(monitor.get(ADDRESS, {"Accept": "application/zip"}, format="xlsx"), 406)
    refused(monitor.get(ADDRESS, {"Accept": "application/json"}), 406)


def test_a_former_site_gets_what_lies_before(
    service: Service, patient: Patient, coordinator: Client, clock: Clock
) -> None:
    patient.record("dose_recorded", dose_on="2024-02-19", status="missed")
    Patient(coordinator, patient.patient_id).record("site_transferred", site="BERLIN", from_on="2024-02-22")
    clock.set("2024-02-25T12:00:00+08:00")
    there = Patient(service.client("elsewhere"), patient.patient_id)
    there.record("dose_recorded", dose_on="2024-02-20", status="missed")
    before, after = exported(staff(service, "monitor", "FUSCC")), exported(staff(service, "monitor", "BERLIN"))
    assert [(row["site"], row["today"]) for row in before["patients"]] == [("FUSCC", "2024-02-21")]
    assert [(row["site"], row["today"]) for row in after["patients"]] == [("BERLIN", "2024-02-25")]
    assert (before["doses"][-1]["dose_on"], after["doses"][-1]["dose_on"]) == ("2024-02-21", "2024-02-25")
    assert [row["on"] for row in before["deviations"]] == ["2024-02-19"]
    assert [row["on"] for row in after["deviations"]][:2] == ["2024-02-19", "2024-02-20"]
    assert len(after["facts"]) == len(before["facts"]) + 1
    # The rows of the time before are those of the site that had the patient.
    assert {row["site"] for row in after["doses"] if row["dose_on"] < "2024-02-22"} == {"FUSCC"}


def test_a_corrected_fact_stays_with_what_corrected_it(monitor: Client, patient: Patient, clock: Clock) -> None:
    wrong = patient.record("hold_started", from_on="2024-02-01", reason="=proteinuria")["fact"]
    clock.set("2024-02-20T13:00:00+08:00")
    right = patient.record(
        "hold_started",
        from_on="2024-02-02",
        reason="proteinuria",
        replaces=wrong["fact_id"],
        correction_reason="typing error",
    )["fact"]
    tables = exported(monitor)
    first, second = tables["facts"][-2:]
    assert (first["fact_id"], first["voided_by"], first["from_on"]) == (
        wrong["fact_id"],
        right["fact_id"],
        "2024-02-01",
    )
    # What a spreadsheet would run as a formula is a text.
    assert first["reason"] == "'=proteinuria"
    assert (second["replaces"], second["voided_by"]) == (wrong["fact_id"], "")
    assert (second["reason"], second["correction_reason"]) == ("proteinuria", "typing error")
    assert [(row["from_on"], row["reason"]) for row in tables["holds"]] == [("2024-02-02", "proteinuria")]
    then = exported(monitor, known_at="2024-02-20T12:30:00+08:00")
    assert [(row["from_on"], row["reason"]) for row in then["holds"]] == [("2024-02-01", "'=proteinuria")]
    assert then["facts"][-1]["voided_by"] == ""
    assert exported(monitor, known_at="2024-01-01T00:00:00+08:00")["patients"] == []


def test_partial_dates_stay_as_they_were_written(monitor: Client, patient: Patient) -> None:
    patient.record("treatment_ended", last_dose_on="2024-02", decided_on="2024", reason="intolerance")
    patient.record("new_therapy_started", started_on="2024-02")
    tables = exported(monitor)
    (row,) = tables["patients"]
    assert (row["treatment_last_dose_on"], row["treatment_ended_on"], row["new_therapy_on"]) == (
        "2024-02",
        "2024",
        "2024-02",
    )
    # It stands for the last of its days that is not after the day on which it was recorded.
    assert (row["last_dose_on"], row["last_dose_provisional"]) == ("2024-02-20", "true")
    ended, therapy = tables["facts"][-2:]
    assert (ended["last_dose_on"], ended["decided_on"], therapy["started_on"]) == ("2024-02", "2024", "2024-02")


def test_what_a_phone_said_has_both_instants(service: Service, monitor: Client, patient: Patient) -> None:
    phone = Phone(service, patient)
    phone.sync(dose("2024-02-19", said_at="2024-02-19T20:00:00+08:00", note="at supper"))
    (row,) = [one for one in exported(monitor)["facts"] if one["kind"] == "dose_recorded"]
    assert row["said_at"] == "2024-02-19T20:00:00+08:00"
    assert row["recorded_at"].startswith("2024-02-20T04:00:00.")
    assert row["phone_said_at"] == "2024-02-19T20:00:00+08:00"
    assert (row["recorded_by_role"], row["recorded_by_name"], row["note"]) == ("patient", "", "at supper")


def test_every_field_of_a_fact_has_a_column() -> None:
    recorded = {field.name for kind in KINDS.values() for field in fields(kind)}
    assert {FIELD_OF.get(column.name, column.name) for column in DATA} == recorded


def test_it_is_recorded_who_read_how_many(service: Service, coordinator: Client, patient: Patient) -> None:
    exported(staff(service, "monitor", "FUSCC"), site="FUSCC")
    service.app.extensions["scheduler"].readings.flush()
    entries = coordinator.get("/v1/audit", action="read", limit=200).json["items"]
    (entry,) = [one for one in entries if one["route"] == "GET /v1/exports/<string:protocol>"]
    assert entry["actor"]["role"] == "monitor"
    assert (entry["detail"]["query"], entry["detail"]["shown"]) == ("site=FUSCC", 1)
