"""`enrol`."""

from __future__ import annotations

from scheduler_api.cli.opening import session_on
from scheduler_api.store.database.port import Store
from scheduler_api.use_cases.patients import facts, patients

from .conftest import Commands

WOMAN = ("--protocol", "nct06110650", "--site", "FUSCC", "--subject-number", "001", "--sex", "female")


def test_enrol_prints_the_patient_id_alone(run: Commands, store: Store) -> None:
    patient_id = run.ok("enrol", *WOMAN, "--enrolled-on", "2024-01-03").strip()
    patient = patients.get(session_on(store), patient_id)
    assert (patient["subject_number"], patient["site"], patient["sex"]) == ("001", "FUSCC", "female")
    assert patient["protocol"] == {"id": "nct06110650", "version": 1}
    assert (str(patient["enrolled_on"]), str(patient["planned_first_dose_on"])) == ("2024-01-03", "2024-01-03")
    # By default the site's.
    assert patient["time_zone"] == "Asia/Shanghai"
    recorded = facts.history_documents(session_on(store), patient_id)
    assert [fact["kind"] for fact in recorded] == ["registered", "enrolled"]
    assert [fact["recorded_by"] for fact in recorded] == [{"role": "admin", "name": "cli"}] * 2


def test_without_a_day_of_enrolment_the_patient_is_registered(run: Commands, store: Store) -> None:
    days = ("--consented-on", "2024-01-02", "--planned-enrolment-on", "2024-01-20")
    patient_id = run.ok("enrol", *WOMAN, *days).strip()
    patient = patients.get(session_on(store), patient_id)
    assert (patient["status"], patient["enrolled_on"]) == ("screening", None)
    assert (str(patient["consented_on"]), str(patient["planned_enrolment_on"])) == ("2024-01-02", "2024-01-20")


def test_every_field_can_be_said(run: Commands, store: Store) -> None:
    said = ("--planned-first-dose-on", "2024-01-09", "--fertility", "not_fertile", "--basis", "natural_menopause")
    place = ("--time-zone", "Asia/Urumqi", "--version", "1")
    patient_id = run.ok("enrol", *WOMAN, "--enrolled-on", "2024-01-03", *said, *place).strip()
    patient = patients.get(session_on(store), patient_id)
    assert str(patient["planned_first_dose_on"]) == "2024-01-09"
    assert (patient["fertility"], patient["basis"]) == ("not_fertile", "natural_menopause")
    assert patient["time_zone"] == "Asia/Urumqi"


def test_a_second_enrolment_of_a_subject_number_is_refused(run: Commands, store: Store) -> None:
    run.ok("enrol", *WOMAN, "--enrolled-on", "2024-01-03")
    (line,) = run.refused("enrol", *WOMAN, "--enrolled-on", "2024-01-04")
    assert line.startswith("/subject_number: ")
    assert len(store.rows("SELECT * FROM facts")) == 2


def test_bad_fields_are_named_and_nobody_enrolled(run: Commands, store: Store) -> None:
    lines = run.refused("enrol", *WOMAN, "--enrolled-on", "2024-02-30", "--planned-first-dose-on", "soon")
    assert [line.partition(":")[0] for line in lines] == ["/enrolled_on", "/planned_first_dose_on"]
    woman = ("enrol", *WOMAN, "--enrolled-on", "2024-01-03")
    assert run.refused(*woman, "--fertility", "not_fertile")[0].startswith("/basis: Missing")
    assert run.refused(*woman, "--time-zone", "Mars/Base")[0].startswith("/time_zone: ")
    assert run.refused(*woman, "--site", "MOON") == ["/site: No such site."]
    assert run.refused(*woman, "--protocol", "nct0") == ["/protocol/id: No such protocol."]
    assert run.refused(*woman, "--version", "2") == ["/protocol/version: The protocol has no version 2."]
    assert store.rows("SELECT * FROM facts") == []
