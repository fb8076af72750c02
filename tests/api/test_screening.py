"""Registering, enrolling later, screen failures, and whose subject number it is."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from service import ENROLMENT, REGISTERED, Client, Clock, Patient, Service, refused

from scheduler_api.store.database.chain import FACT, link
from scheduler_api.use_cases.projections import maintenance

TO_SCREEN = {name: value for name, value in ENROLMENT.items() if name != "enrolled_on"}


def fail(patient: Patient, ended_on: str = "2024-02-10") -> str:
    """Record that the trial is not for the patient; the fact's id."""
    return str(patient.record("study_ended", ended_on=ended_on, reason="screen_failure")["fact"]["fact_id"])


def numbers(client: Client, status: str) -> list[str]:
    """The subject numbers of the patients with a status."""
    return [item["subject_number"] for item in client.get("/v1/patients", status=status).json["items"]]


def test_a_patient_is_registered_and_enrolled_later(service: Service, nurse: Client) -> None:
    patient = nurse.register(consented_on="2024-02-01", planned_enrolment_on="2024-02-27")
    shown = patient.read()
    assert (shown["status"], shown["consented_on"], shown["planned_enrolment_on"]) == (
        "screening",
        "2024-02-01",
        "2024-02-27",
    )
    assert (shown["enrolled_on"], shown["planned_first_dose_on"], shown["version"]) == (None, None, 1)
    assert numbers(nurse, "screening") == ["001"]
    assert nurse.get("/v1/worklist").json["items"] == []
    answer = patient.record("enrolled", enrolled_on="2024-02-19")
    found = {moved["what"]: moved for moved in answer["consequences"]}
    assert found["status"]["after"] == {"status": "enrolled"}
    assert found["contraception"]["after"]["status"] == "required"
    shown = patient.read()
    assert (shown["status"], shown["enrolled_on"], shown["planned_first_dose_on"]) == (
        "enrolled",
        "2024-02-19",
        "2024-02-19",
    )
    assert (numbers(nurse, "screening"), numbers(nurse, "enrolled")) == ([], ["001"])
    problem = refused(patient.send("enrolled", enrolled_on="2024-02-18"), 409, "/kind")
    assert "`replaces`" in problem["errors"][0]["detail"]
    assert [*maintenance.verify(service.store)] == []


def test_enrolled_with_registration_gives_the_same_patient(nurse: Client) -> None:
    at_once, later = nurse.enrol(), nurse.register(subject_number="002")
    later.record("enrolled", enrolled_on="2024-01-03")
    theirs = ("patient_id", "subject_number")
    one, other = ({k: v for k, v in patient.read().items() if k not in theirs} for patient in (at_once, later))
    assert one == other
    calendars = [patient.read("calendar", from_="2024-01-01", to="2025-01-01") for patient in (at_once, later)]
    assert {**calendars[0], "patient_id": None} == {**calendars[1], "patient_id": None}
    assert [fact["kind"] for fact in at_once.read("facts")["items"]] == ["registered", "enrolled"]


def test_a_first_dose_is_planned_only_of_somebody_who_enrols(nurse: Client) -> None:
    body = {**TO_SCREEN, "planned_first_dose_on": "2024-03-01"}
    refused(nurse.post("/v1/patients", body), 422, "/planned_first_dose_on")
    refused(nurse.post("/v1/patients", {**TO_SCREEN, "consented_on": "2024-02-21"}), 422, "/consented_on")


def test_nothing_of_treatment_is_recorded_before_enrolment(service: Service, nurse: Client) -> None:
    patient = nurse.register()
    with service.unchanged():
        refused(patient.send("dose_recorded", dose_on="2024-02-19", status="taken", amount=300), 422, "/dose_on")
        refused(patient.send("dose_recorded", dose_on="2024-02-19", status="taken"), 422, "/dose_on")
        refused(patient.send("treatment_started", first_dose_on="2024-02-19"), 422, "/first_dose_on")
        refused(patient.send("hold_started", from_on="2024-02-19"), 422, "/from_on")


def test_a_visit_before_consent_is_recorded_with_a_warning(nurse: Client) -> None:
    patient = nurse.register(consented_on="2024-02-10")
    answer = patient.record("visit_done", series="imaging", visit="imaging-w6", done_on="2024-02-09")
    # Without an enrolment week 6 has no date yet.
    warning, unscheduled = answer["warnings"]
    assert unscheduled["code"] == "unscheduled"
    assert (warning["code"], warning["records"]) == (
        "before_consent",
        [{"kind": "visit_done", "on": "2024-02-09"}],
    )
    assert [row["visit"] for row in patient.read("calendar", from_="2024-02-01")["unscheduled"]] == ["imaging-w6"]


# Numbers.


def test_a_screen_failure_may_be_registered_again_under_its_number(service: Service, nurse: Client) -> None:
    first = nurse.register()
    refused(nurse.post("/v1/patients", TO_SCREEN), 409, "/subject_number")
    failure = fail(first)
    second = nurse.register()
    assert [item["status"] for item in nurse.get("/v1/patients", subject_number="001").json["items"]].count(
        "off_study"
    ) == 1
    with service.unchanged():
        # Neither can be undone while the other has the number.
        problem = refused(first.send("voided", voids=failure, reason="fits after all"), 409, "/voids")
        assert "001" in problem["detail"]
        changed = {"ended_on": "2024-02-10", "reason": "withdrawal", "replaces": failure}
        refused(first.send("study_ended", **changed, correction_reason="withdrew"), 409, "/replaces")
        refused(nurse.post("/v1/patients", TO_SCREEN), 409, "/subject_number")
    fact_id = second.read("facts")["items"][0]["fact_id"]
    second.record("registered", **{**REGISTERED, "subject_number": "002"}, replaces=fact_id, reason="another number")
    first.record("voided", voids=failure, reason="fits after all")
    assert first.read()["status"] == "screening"
    with service.unchanged():
        back = {**REGISTERED, "replaces": second.read("facts")["items"][-1]["fact_id"], "reason": "back"}
        refused(second.send("registered", **back), 409, "/subject_number")
    assert [*maintenance.verify(service.store)] == []


def test_of_two_who_want_a_number_at_once_one_gets_it(service: Service, nurse: Client) -> None:
    """Whoever undoes a screen failure, and whoever registers somebody else under its number."""
    failed = nurse.register()
    failure = fail(failed)

    def undo() -> int:
        patient = Patient(service.client("nurse"), failed.patient_id)
        return int(patient.send("voided", voids=failure, reason="fits after all").status_code)

    def again() -> int:
        return int(service.client("nurse").post("/v1/patients", TO_SCREEN).status_code)

    answers = service.at_once(undo, again, again, again)
    assert sorted(answers) == [201, 409, 409, 409]
    rows = service.store.rows("SELECT failed_screening FROM patients WHERE subject_number = '001'")
    assert [row["failed_screening"] for row in rows].count(0) == 1
    assert [*maintenance.verify(service.store)] == []


def test_a_screen_failure_was_never_dosed(patient: Patient) -> None:
    patient.record("dose_recorded", dose_on="2024-01-05", status="taken")
    refused(patient.send("study_ended", ended_on="2024-02-10", reason="screen_failure"), 409, "/reason")


def test_a_study_counts_who_was_registered_and_who_failed(nurse: Client, coordinator: Client) -> None:
    nurse.register()
    fail(nurse.register(subject_number="002"))
    nurse.enrol(subject_number="003")
    found = coordinator.get("/v1/studies/nct06110650/summary").json
    assert (found["registered"], found["screen_failures"], found["enrolled"]) == (3, 1, 1)
    assert found["statuses"] == {"screening": 1, "not_started": 1, "on_treatment": 0, "follow_up": 0, "off_study": 1}
    assert found["doses"]["planned"] == 0


def test_nothing_is_planned_asked_or_sent_for_who_was_never_enrolled(
    service: Service, clock: Clock, nurse: Client
) -> None:
    patient = nurse.register(planned_enrolment_on="2024-02-01")
    failed = nurse.register(subject_number="002", planned_enrolment_on="2024-02-01")
    fail(failed)
    for instant in ("2024-02-20T04:00:00+00:00", "2024-03-19T04:00:00+00:00", "2024-08-20T04:00:00+00:00"):
        clock.set(instant)
        maintenance.extend_horizons(service.store, service.clock())
        assert nurse.get("/v1/worklist").json["items"] == []
        for one in (patient, failed):
            assert one.read("calendar")["doses"] == []
            assert one.read("adherence")["planned"] == 0
            assert one.read("deviations")["items"] == []
        assert service.store.rows("SELECT * FROM reminders WHERE patient_id IS NOT NULL") == []


# What an earlier version recorded.


def test_an_enrolment_of_before_there_were_registrations_is_read_as_both(service: Service, nurse: Client) -> None:
    like, patient = nurse.enrol(), recorded_before(service, nurse)
    span = {"from_": "2024-01-01", "to": "2025-01-01"}
    known = {**like.read("calendar", **span), "patient_id": patient.patient_id}
    assert patient.read("calendar", **span) == known
    assert [*maintenance.verify(service.store)] == []
    pages = [patient.read("facts", limit=1)]
    while pages[-1]["next_cursor"] is not None:
        pages.append(patient.read("facts", limit=1, cursor=pages[-1]["next_cursor"]))
    wrong, wrong_day, registered, enrolled = [page["items"][0] for page in pages]
    assert [fact["kind"] for fact in (wrong, wrong_day)] == ["registered", "enrolled"]
    assert (registered["kind"], registered["subject_number"]) == ("registered", "002")
    assert (enrolled["kind"], enrolled["enrolled_on"]) == ("enrolled", "2024-01-03")
    assert (registered["fact_id"], registered["replaces"]) == ("f-2-registered", "f-1-registered")
    assert (wrong["voided_by"], wrong_day["voided_by"]) == ("f-2-registered", "f-2")
    # Both can be corrected, each by itself.
    moved = {**REGISTERED, "subject_number": "009", "replaces": registered["fact_id"], "reason": "typing error"}
    patient.record("registered", **moved)
    patient.record("enrolled", enrolled_on="2024-01-04", replaces=enrolled["fact_id"], reason="typing error")
    shown = patient.read()
    assert (shown["subject_number"], shown["enrolled_on"]) == ("009", "2024-01-04")
    assert [fact["voided_by"] is None for fact in patient.read("facts")["items"][2:]] == [False, False, True, True]
    assert [*maintenance.verify(service.store)] == []


def recorded_before(service: Service, nurse: Client) -> Patient:
    """Return a patient of whom an earlier version recorded an enrolment with all data, and corrected its day."""
    patient = {**REGISTERED, "subject_number": "002", "protocol": "nct06110650", "version": 1}
    data = {**patient, "fertility": "fertile", "basis": None, "planned_first_dose_on": "2024-01-03"}
    previous = ""
    for seq, (enrolled_on, why) in enumerate([("2024-01-02", None), ("2024-01-03", "typing error")], 1):
        row: dict[str, Any] = {
            "patient_id": "p-before",
            "seq": seq,
            "fact_id": f"f-{seq}",
            "kind": "enrolled",
            "data": orjson.dumps({**data, "enrolled_on": enrolled_on}).decode(),
            "recorded_at": f"2024-01-1{seq}T04:00:00.000000+00:00",
            "role": "nurse",
            "name": "nurse",
            "replaces": "f-1" if why else None,
            "correction": why,
            "actor": None,
        }
        row["hash"] = previous = link(previous, row, FACT)
        columns = ", ".join(row), ", ".join(f":{name}" for name in row)
        with service.store.transaction():
            service.store.write(f"INSERT INTO facts ({columns[0]}) VALUES ({columns[1]})", row)
    maintenance.rebuild(service.store, service.clock())
    return Patient(nurse, "p-before")


@pytest.mark.parametrize("text", ["2024-13-01", "soon"])
def test_days_of_a_registration_are_days(nurse: Client, text: str) -> None:
    for name in ("consented_on", "planned_enrolment_on"):
        refused(nurse.post("/v1/patients", {**TO_SCREEN, name: text}), 422, f"/{name}")
