"""The export as SDTM: the records of patients worked out by hand."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import pytest
from service import Client, Clock, Patient, Service
from stories import CONFIRMING, add_trial

from .test_given_at_site import DEFINITION as INFUSIONS

#: What is above the database is the same on both.
pytestmark = pytest.mark.only("sqlite")
Records = dict[str, list[dict[str, Any]]]


def exported(client: Client, protocol: str = "nct06110650") -> Records:
    """The records by domain; what is not known is left out, and so is what identifies study, domain and patient."""
    answer = client.get(f"/v1/exports/{protocol}", format="sdtm")
    assert answer.status_code == 200, answer.text
    found: Records = {}
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        for name in archive.namelist():
            dataset = json.loads(archive.read(name))
            columns = [column["name"] for column in dataset["columns"]]
            found[dataset["name"]] = [
                {
                    column: value
                    for column, value in zip(columns, row, strict=True)
                    if value is not None and column not in ("STUDYID", "DOMAIN", "USUBJID")
                }
                for row in dataset["rows"]
            ]
    return found


@pytest.fixture
def treated(nurse: Client) -> Patient:
    """A patient with consent and a first dose on 2024-01-05, who took 300 mg for three days, missed one, took 250."""
    patient = nurse.enrol(consented_on="2023-12-28")
    patient.record("treatment_started", first_dose_on="2024-01-05")
    for day, amount in ((5, 300), (6, 300), (7, 300), (9, 250), (10, 250), (12, 300)):
        patient.record("dose_recorded", dose_on=f"2024-01-{day:02}", status="taken", amount=amount)
    patient.record("dose_recorded", dose_on="2024-01-08", status="missed")
    return patient


def test_exposure_is_a_record_for_days_of_the_same_dose(monitor: Client, treated: Patient) -> None:
    usual = {"EXTRT": "SURUFATINIB", "EXDOSU": "mg", "EXROUTE": "ORAL", "EPOCH": "TREATMENT"}

    def taken(number: int, amount: float, first: int, last: int) -> dict[str, Any]:
        days = {"EXSTDTC": f"2024-01-{first:02}", "EXENDTC": f"2024-01-{last:02}"}
        study_days = {"EXSTDY": first - 4, "EXENDY": last - 4}
        often = {"EXDOSFRQ": "QD" if first < last else "ONCE"}
        return {"EXSEQ": number, "EXDOSE": amount, **usual, **often, **days, **study_days}

    assert exported(monitor)["EX"] == [taken(1, 300, 5, 7), taken(2, 250, 9, 10), taken(3, 300, 12, 12)]


def test_counts_of_the_drug_are_a_record_for_each_strength(monitor: Client, admin: Client, nurse: Client) -> None:
    """40 × 50 mg and 20 × 10 mg out on day 1, 3 × 10 mg lost by day 8, and on day 15 12 × 50 mg back, none of 10 mg."""
    definition = admin.get("/v1/protocols/nct06110650/versions/1").json
    regimen = definition["regimens"][0]
    plan = {**definition, "id": "strengths", "sources": {}, "regimens": [{**regimen, "strengths": [50, 10]}]}
    assert admin.post("/v1/protocols", plan).status_code == 201
    patient = nurse.enrol(protocol="strengths", enrolled_on="2024-01-03")
    patient.record("drug_dispensed", on="2024-01-04", units={"10": 1}, kit="A-0")
    patient.record("treatment_started", first_dose_on="2024-01-05")
    out = patient.record("drug_dispensed", on="2024-01-05", units={"10": 20, "50": 40}, kit="A-1")["fact"]
    patient.record("drug_lost", on="2024-01-12", units={"10": 3})
    back = patient.record("drug_returned", on="2024-01-19", units={"50": 12, "10": 0}, lost={"50": 1})["fact"]
    wrong = patient.record("drug_dispensed", on="2024-01-19", units={"50": 60})["fact"]
    patient.record("voided", voids=wrong["fact_id"], reason="another patient's")
    found = exported(monitor, "strengths")["DA"]
    names = ("DATESTCD", "DASCAT", "DAORRES", "DASTRESN", "DADTC", "DADY")
    large, small = "SURUFATINIB 50 mg", "SURUFATINIB 10 mg"
    assert [tuple(one[name] for name in names) for one in found] == [
        ("DISPAMT", small, "1", 10, "2024-01-04", -1),
        ("DISPAMT", large, "40", 2000, "2024-01-05", 1),
        ("DISPAMT", small, "20", 200, "2024-01-05", 1),
        ("LOSTAMT", small, "3", 30, "2024-01-12", 8),
        ("RETAMT", large, "12", 600, "2024-01-19", 15),
        ("RETAMT", small, "0", 0, "2024-01-19", 15),
        ("LOSTAMT", large, "1", 50, "2024-01-19", 15),
    ]
    assert found[1] == {
        **{"DASEQ": 2, "DAREFID": "A-1", "DASPID": out["fact_id"], "DATESTCD": "DISPAMT", "DATEST": "Dispensed Amount"},
        **{"DACAT": "STUDY MEDICATION", "DASCAT": large, "DAORRES": "40", "DASTRESC": "2000", "DASTRESN": 2000},
        **{"DASTRESU": "mg", "EPOCH": "TREATMENT", "DADTC": "2024-01-05", "DADY": 1},
    }
    assert (found[0]["EPOCH"], found[4]["DASPID"], found[6]["DASPID"]) == ("SCREENING", *[back["fact_id"]] * 2)
    # They are what the account of the patient has: 1 + 40 + 20 pieces out, less 12 back and 4 lost.
    (period,) = patient.read("accountability")["items"]
    signs = {"DISPAMT": 1, "RETAMT": -1, "LOSTAMT": -1}
    assert sum(one["DASTRESN"] * signs[one["DATESTCD"]] for one in found) == period["used_amount"] == 1530


def test_doses_given_at_the_site_are_records_of_their_own(admin: Client, monitor: Client, nurse: Client) -> None:
    """Infusions of 200 mg every 21 days ± 3: on time; two days late, and half; one between; the fourth not yet due."""
    assert admin.post("/v1/protocols", INFUSIONS).status_code == 201
    patient = nurse.enrol(protocol="infusions")
    patient.record("visit_done", series="pembrolizumab", done_on="2024-01-05")
    patient.record("visit_done", series="pembrolizumab", done_on="2024-01-28", amount=100)
    patient.record("visit_done", series="pembrolizumab", done_on="2024-02-05", visit="unscheduled", amount=50)
    for day in (5, 6):
        patient.record("dose_recorded", dose_on=f"2024-01-{day:02}", status="taken", regimen="lenvatinib", amount=20)
    records = exported(monitor, "infusions")
    names = ("EXSEQ", "EXTRT", "EXDOSE", "EXDOSFRQ", "EXROUTE", "EXSTDTC", "EXENDTC", "EXSTDY", "EXENDY")
    infusion = ("PEMBROLIZUMAB", "ONCE", "INTRAVENOUS")

    def given(number: int, amount: float, day: str, study_day: int) -> tuple[Any, ...]:
        return number, infusion[0], amount, *infusion[1:], day, day, study_day, study_day

    assert [tuple(one[name] for name in names) for one in records["EX"]] == [
        (1, "LENVATINIB", 20, "QD", "ORAL", "2024-01-05", "2024-01-06", 1, 2),
        given(2, 200, "2024-01-05", 1),
        given(3, 100, "2024-01-28", 24),
        given(4, 50, "2024-02-05", 32),
    ]
    # Row by row they are the visits that the API lists as done, and what was unscheduled.
    items = nurse.get("/v1/visits", series="pembrolizumab", status="done", sort="target_on").json["items"]
    of_visits = [(one["given_amount"], one["done_on"]) for one in items]
    of_records = [(one["EXDOSE"], one["EXSTDTC"]) for one in records["EX"] if one["EXTRT"] == "PEMBROLIZUMAB"]
    assert of_records == [*of_visits, (50, "2024-02-05")]
    visited = [one["SVSTDTC"] for one in records["SV"] if "PEMBROLIZUMAB" in one["VISIT"]]
    assert visited == [day for _, day in of_records]


def test_demographics_and_disposition(monitor: Client, treated: Patient, nurse: Client) -> None:
    waiting = nurse.enrol(subject_number="002", enrolled_on="2024-02-01", sex="male")
    failed = nurse.register(subject_number="003", consented_on="2024-02-05")
    failed.record("study_ended", ended_on="2024-02-09", reason="screen_failure")
    treated.record("treatment_ended", last_dose_on="2024-01", decided_on="2024-01-20", reason="intolerance")
    treated.record("study_ended", ended_on="2024-02", reason="lost_to_follow_up")
    assert waiting.read()["status"] == "enrolled"
    records = exported(monitor)
    single = {"ARMCD": "SINGLE", "ARM": "Single arm"}
    actual = {"ACTARMCD": "SINGLE", "ACTARM": "Single arm"}
    assert records["DM"] == [
        {
            **{"SUBJID": "001", "SITEID": "FUSCC", "SEX": "F", "COUNTRY": "CHN", **single, **actual},
            # The last dose as it was written, since a later one than the last recorded is stated.
            **{"RFSTDTC": "2024-01-05", "RFENDTC": "2024-01", "RFXSTDTC": "2024-01-05", "RFXENDTC": "2024-01"},
            **{"RFICDTC": "2023-12-28", "RFPENDTC": "2024-02"},
        },
        {"SUBJID": "002", "SITEID": "FUSCC", "SEX": "M", "COUNTRY": "CHN", **single, "ARMNRS": "ASSIGNED, NOT TREATED"},
        {
            **{"SUBJID": "003", "SITEID": "FUSCC", "SEX": "F", "COUNTRY": "CHN", "ARMNRS": "SCREEN FAILURE"},
            **{"RFICDTC": "2024-02-05", "RFPENDTC": "2024-02-09"},
        },
    ]
    consented, entered, ended, left = records["DS"][:4]
    assert consented == {
        **{"DSSEQ": 1, "DSTERM": "INFORMED CONSENT OBTAINED", "DSDECOD": "INFORMED CONSENT OBTAINED"},
        **{"DSCAT": "PROTOCOL MILESTONE", "EPOCH": "SCREENING", "DSSTDTC": "2023-12-28", "DSSTDY": -8},
    }
    assert (entered["DSDECOD"], entered["DSSTDTC"], entered["DSSTDY"]) == ("ENTERED INTO TRIAL", "2024-01-03", -2)
    assert (ended["DSTERM"], ended["DSDECOD"], ended["DSSCAT"]) == ("INTOLERANCE", "ADVERSE EVENT", "STUDY TREATMENT")
    assert (ended["DSSTDTC"], ended["DSSTDY"]) == ("2024-01-20", 16)
    # Of a month there is no study day.
    assert (left["DSDECOD"], left["DSSCAT"], left["DSSTDTC"]) == (
        "LOST TO FOLLOW-UP",
        "STUDY PARTICIPATION",
        "2024-02",
    )
    assert "DSSTDY" not in left
    assert [one["DSDECOD"] for one in records["DS"][4:]] == [
        "ENTERED INTO TRIAL",
        "INFORMED CONSENT OBTAINED",
        "SCREEN FAILURE",
    ]


def test_where_a_patient_was_registered_stays(service: Service, treated: Patient, coordinator: Client) -> None:
    Patient(coordinator, treated.patient_id).record("site_transferred", site="BERLIN", from_on="2024-02-22")
    service.clock.set("2024-02-25T12:00:00+08:00")
    (record,) = exported(service.client(service.token("monitor", ["BERLIN"])))["DM"]
    assert (record["SITEID"], record["COUNTRY"]) == ("FUSCC", "CHN")


def test_a_death_is_in_demographics_as_it_was_written(monitor: Client, treated: Patient) -> None:
    treated.record("study_ended", ended_on="2024-02", reason="death")
    (record,) = exported(monitor)["DM"]
    assert (record["DTHDTC"], record["DTHFL"], record["RFPENDTC"]) == ("2024-02", "Y", "2024-02")


def test_visits_that_took_place_and_those_that_should_have(monitor: Client, treated: Patient, clock: Clock) -> None:
    treated.record("visit_done", series="imaging", done_on="2024-02-14", response="SD")
    treated.record("visit_done", series="imaging", done_on="2024-02-19", visit="imaging-w6", part=True, response="SD")
    treated.record("visit_done", series="imaging", done_on="2024-02-20", visit="unscheduled")
    # Week 12 is missed once week 18 has opened, on 2024-05-01.
    clock.set("2024-05-02T12:00:00+08:00")
    assert exported(monitor)["SV"] == [
        {
            **{"VISITNUM": 10042, "VISIT": "IMAGING-W6", "SVPRESP": "Y", "SVOCCUR": "Y", "VISITDY": 41},
            **{"EPOCH": "TREATMENT", "SVSTDTC": "2024-02-14", "SVENDTC": "2024-02-19", "SVSTDY": 41, "SVENDY": 46},
        },
        {
            **{"VISITNUM": 10084, "VISIT": "IMAGING-W12", "SVPRESP": "Y", "SVOCCUR": "N", "VISITDY": 83},
            "EPOCH": "TREATMENT",
        },
        {
            **{"VISITNUM": 19000.01, "VISIT": "UNSCHEDULED IMAGING 1", "SVUPDES": "Unscheduled imaging"},
            **{"EPOCH": "TREATMENT", "SVSTDTC": "2024-02-20", "SVENDTC": "2024-02-20", "SVSTDY": 47, "SVENDY": 47},
        },
    ]


def test_deviations_say_what_was_planned_and_what_was_done(monitor: Client, treated: Patient) -> None:
    missed, *amounts = exported(monitor)["DV"]
    assert [(one["DVDECOD"], one["DVSTDTC"]) for one in (missed, *amounts)] == [
        ("DOSE MISSED", "2024-01-08"),
        ("DOSE AMOUNT", "2024-01-09"),
        ("DOSE AMOUNT", "2024-01-10"),
    ]
    assert amounts[0]["DVTERM"] == "dose amount: 2024-01-09.surufatinib.1, planned 300 mg, actual 250 mg"
    assert missed["DVTERM"] == "dose missed: 2024-01-08.surufatinib.1, planned 300 mg, actual missed"
    assert (missed["DVCAT"], missed["DVSTDTC"], missed["DVSTDY"]) == ("DOSE", "2024-01-08", 4)
    assert (missed["DVSPID"], missed["EPOCH"]) == ("2024-01-08.surufatinib.1", "TREATMENT")


def test_the_visit_of_a_later_response_has_a_number_of_its_own(admin: Client, monitor: Client, nurse: Client) -> None:
    add_trial(admin, "again", CONFIRMING)
    patient = nurse.enrol(protocol="again", enrolled_on="2024-01-03")
    for done_on, confirmed_on in (("2024-01-10", "2024-02-07"), ("2024-01-17", "2024-02-14")):
        patient.record("visit_done", series="imaging", done_on=done_on, visit="unscheduled", response="PR")
        patient.record("visit_done", series="again", done_on=confirmed_on)
    records = [(one["VISITNUM"], one["VISIT"]) for one in exported(monitor, "again")["SV"]]
    assert [one for one in records if one[1].startswith("AGAIN")] == [(20028, "AGAIN"), (20028.0001, "AGAIN-2")]


def test_arms_and_visits_of_cycles(admin: Client, monitor: Client, nurse: Client) -> None:
    definition = admin.get("/v1/protocols/nct06110650/versions/1").json
    window = {"before_days": 2, "after_days": 2}
    clinic = {"series": "clinic", "label": "Cycle {n} day {day}", "anchor": {"days": [1, 8]}, "window": window}
    arms = [{"id": "a", "label": "A"}, {"id": "b", "label": "B"}]
    plan = {**definition, "id": "arms", "sources": {}, "arms": arms, "visits": [clinic]}
    assert admin.post("/v1/protocols", plan).status_code == 201
    first = nurse.enrol(protocol="arms", arm="a", enrolled_on="2024-01-29")
    first.record("treatment_started", first_dose_on="2024-01-29")
    first.record("arm_assigned", arm="b", on="2024-02-10")
    first.record("visit_done", series="clinic", done_on="2024-02-05")
    nurse.enrol(protocol="arms", subject_number="002", enrolled_on="2024-02-19")
    records = exported(monitor, "arms")
    assert [(one.get("ARMCD"), one.get("ACTARMCD"), one.get("ARMNRS")) for one in records["DM"]] == [
        ("A", "A", None),
        (None, None, "NOT ASSIGNED"),
    ]
    # Day 1 of the first cycle, which was not done, then day 8.
    assert [(one["VISITNUM"], one["VISIT"], one["SVOCCUR"]) for one in records["SV"]] == [
        (10001.001, "CLINIC-C1D1", "N"),
        (10001.008, "CLINIC-C1D8", "Y"),
    ]
