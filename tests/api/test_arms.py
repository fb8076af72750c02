"""Arms, cohorts and milestones of a trial: recorded, shown, and what moves with them."""

from __future__ import annotations

from typing import Any

import pytest
from service import Client, Patient, Service, refused

from scheduler_api.use_cases.projections import maintenance

WINDOW = {"before_days": 7, "after_days": 7}


def definition(version: int = 1) -> dict[str, Any]:
    """A trial of two arms with scans of their own rhythm, a cohort with a test, and a visit after surgery."""
    scans = [
        {
            **{"series": "scan", "label": "Scan, week {n}", "anchor": "randomisation", "every": {"weeks": weeks}},
            **{"window": WINDOW, "who": {"arm": arm}, "responses": "iRECIST", "until": ["progression"]},
        }
        for arm, weeks in (("a", 6), ("b", 8))
    ]
    test = {"series": "hbv-dna", "label": "HBV DNA, week {n}", "anchor": "enrolment", "every": {"weeks": 4}}
    wound = {"series": "wound", "label": "Wound check", "anchor": "surgery", "first": {"days": 14}, "window": WINDOW}
    return {
        "id": "two-arms",
        "version": version,
        "arms": [{"id": name, "label": f"Arm {name.upper()}"} for name in ("a", "b")],
        "cohorts": [{"id": "hbv", "label": {"en": "Carriers of hepatitis B", "zh-CN": "乙肝携带者"}}],
        "milestones": [{"id": "surgery", "label": "Surgery"}],
        "regimens": [
            {
                **{"id": "anlotinib", "drug": {"en": "anlotinib", "zh-CN": "安罗替尼"}, "route": "oral"},
                **{"dose": {"amount": 10, "unit": "mg", "levels": [8, 12]}, "cycle_days": 21},
            }
        ],
        "visits": [*scans, {**test, "window": WINDOW, "who": {"cohort": "hbv"}}, wound],
        "contraception": [
            {"who": {"arm": "a"}, "after_last_dose": {"days": 180}},
            {"who": {"arm": "b"}, "after_last_dose": {"days": 90}},
        ],
    }


@pytest.fixture
def patient(admin: Client, nurse: Client) -> Patient:
    """A patient of that trial in arm A; today is 2024-02-20."""
    assert admin.post("/v1/protocols", definition()).status_code == 201
    return nurse.enrol(protocol="two-arms", arm="a")


def targets(patient: Patient, series: str) -> list[tuple[str, str]]:
    rows = patient.client.get("/v1/visits", series=series, patient=patient.patient_id, limit="200").json["items"]
    return [(row["visit"], row["target_on"]) for row in rows][:3]


def test_an_arm_decides_about_visits_and_contraception(service: Service, patient: Patient) -> None:
    assert (patient.read()["arm"], patient.read()["cohorts"]) == ("a", [])
    assert targets(patient, "scan") == [
        ("scan-w6", "2024-02-14"),
        ("scan-w12", "2024-03-27"),
        ("scan-w18", "2024-05-08"),
    ]
    answer = patient.record("arm_assigned", arm="b", on="2024-02-20")
    moved = {row["what"]: row for row in answer["consequences"]}
    assert (moved["visit scan-w12"]["after"], moved["visit scan-w16"]["after"]["target_on"]) == (None, "2024-04-24")
    assert patient.read()["arm"] == "b"
    assert targets(patient, "scan") == [
        ("scan-w6", "2024-02-14"),
        ("scan-w8", "2024-02-28"),
        ("scan-w16", "2024-04-24"),
    ]
    patient.record("treatment_started", first_dose_on="2024-01-05")
    end = {"last_dose_on": "2024-02-20", "decided_on": "2024-02-20", "reason": "intolerance"}
    moved = {row["what"]: row for row in patient.record("treatment_ended", **end)["consequences"]}
    # Of both arms the patient was in, the longer rule counts.
    assert moved["contraception"]["after"]["through_on"] == "2024-08-18"
    assert [*maintenance.verify(service.store)] == []


def test_what_is_probably_a_slip_is_told_when_a_protocol_is_added(admin: Client) -> None:
    one = definition()
    one["visits"][0]["window"] = {"before_days": 21, "after_days": 1}
    answer = admin.post("/v1/protocols", one)
    assert answer.status_code == 201
    assert [(warning["code"], warning["pointer"]) for warning in answer.json["warnings"]] == [
        ("window_wide", "/visits/0/window")
    ]


def test_a_cohort_and_a_milestone_bring_their_visits(service: Service, patient: Patient) -> None:
    assert (targets(patient, "hbv-dna"), targets(patient, "wound")) == ([], [])
    patient.record("cohort_changed", cohort="hbv", member=True, from_on="2024-02-01")
    patient.record("milestone_reached", milestone="surgery", on="2024-03-01")
    assert patient.read()["cohorts"] == ["hbv"]
    assert targets(patient, "hbv-dna")[0] == ("hbv-dna-w8", "2024-02-28")
    assert targets(patient, "wound") == [("wound", "2024-03-15")]
    assert [*maintenance.verify(service.store)] == []


def test_responses_are_those_of_the_series(patient: Patient) -> None:
    problem = refused(patient.send("visit_done", series="scan", done_on="2024-02-15", response="PD"), 422, "/response")
    assert problem["errors"][0]["detail"] == "Not one of iCR, iPR, iSD, iUPD, iCPD, NE."
    answer = patient.record("visit_done", series="scan", done_on="2024-02-15", response="iUPD")
    assert "visit scan-w12" not in {row["what"] for row in answer["consequences"]}
    answer = patient.record("visit_done", series="scan", done_on="2024-02-19", response="iCPD")
    moved = {row["what"]: row for row in answer["consequences"]}
    assert moved["visit scan-w12"]["after"] is None


def test_what_the_trial_does_not_have_is_refused(patient: Patient, nurse: Client) -> None:
    refused(patient.send("arm_assigned", arm="c", on="2024-02-01"), 422, "/arm")
    refused(patient.send("arm_assigned", arm="b", on="2024-03-01"), 422, "/on")
    refused(patient.send("cohort_changed", cohort="old", member=True, from_on="2024-02-01"), 422, "/cohort")
    refused(patient.send("milestone_reached", milestone="birth", on="2024-02-01"), 422, "/milestone")
    patient.record("milestone_reached", milestone="surgery", on="2024-02-01")
    refused(patient.send("milestone_reached", milestone="surgery", on="2024-02-02"), 409, "/milestone")
    body = {
        "protocol": "two-arms",
        "subject_number": "002",
        "site": "FUSCC",
        "sex": "male",
        "time_zone": "Asia/Shanghai",
    }
    refused(nurse.post("/v1/patients", {**body, "arm": "a"}), 422, "/arm")
    refused(nurse.post("/v1/patients", {**body, "arm": "c", "enrolled_on": "2024-01-03"}), 422, "/arm")


def test_the_worklist_asks_for_an_arm_until_one_is_assigned(service: Service, admin: Client, nurse: Client) -> None:
    assert admin.post("/v1/protocols", definition()).status_code == 201
    patient = nurse.enrol(protocol="two-arms", planned_first_dose_on="2024-02-24")

    def asked() -> list[Any]:
        return [one for one in nurse.get("/v1/worklist").json["items"] if one["kind"] == "arm_missing"]

    (entry,) = asked()
    assert (entry["since"], entry["due_on"], entry["urgency"]) == ("2024-01-03", "2024-02-24", "soon")
    assert entry["because"] == (
        "planned first dose 2024-02-24, no arm assigned: what is for one arm alone is not planned"
    )
    (call,) = entry["resolve_with"]
    assert call["needs"] == ["arm", "on"]
    assert [*maintenance.verify(service.store)] == []
    body = {**call["body"], "arm": "b", "on": "2024-02-20"}
    assert nurse.send(call["method"], call["path"], body).status_code == 201
    assert asked() == []
    assert patient.read()["arm"] == "b"
    assert [*maintenance.verify(service.store)] == []
