"""ETag, If-None-Match and If-Match: nothing is sent twice, nothing is overwritten unseen."""

from __future__ import annotations

from datetime import timedelta

import pytest
from service import ENROLMENT, Client, Clock, Patient, Service, refused

from scheduler_api.use_cases.auth import tokens

PARTS = ["", "calendar", "facts", "adherence", "deviations"]
DOSE = {"dose_on": "2024-01-05", "status": "taken"}


def tags(patient: Patient) -> dict[str, str]:
    """The ETag of each part of what is known of a patient."""
    return {part: patient.get(part).headers["ETag"] for part in PARTS}


@pytest.mark.parametrize("part", PARTS)
def test_what_has_not_changed_is_not_sent_again(patient: Patient, part: str) -> None:
    first = patient.get(part)
    tag = first.headers["ETag"]
    for sent in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = patient.get(part, {"If-None-Match": sent})
        assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", tag)
        assert again.headers["Cache-Control"] == first.headers["Cache-Control"] == "private, no-cache"
        assert again.headers.get("Vary") == first.headers.get("Vary")
        assert "Content-Type" not in again.headers
    for sent in ('"other"', tag.strip('"'), "", tag.upper().replace("P", "Q") + "x"):
        assert patient.get(part, {"If-None-Match": sent}).status_code == 200


def test_each_question_has_a_tag_of_its_own(patient: Patient) -> None:
    questions = [patient.get(part).headers["ETag"] for part in PARTS]
    questions += [patient.get("calendar", from_=day).headers["ETag"] for day in ("2024-01-03", "2024-01-04")]
    questions += [patient.get("calendar", today="2024-01-03").headers["ETag"]]
    assert len(set(questions)) == len(questions)


@pytest.mark.parametrize("part", ["facts", "deviations"])
def test_csv_and_json_have_tags_of_their_own(patient: Patient, part: str) -> None:
    json, csv = patient.get(part), patient.get(part, {"Accept": "text/csv"})
    for answer in (json, csv):
        assert "Accept" in answer.headers["Vary"].split(", ")
    assert json.headers["ETag"] != csv.headers["ETag"]
    assert patient.get(part, {"Accept": "text/csv", "If-None-Match": json.headers["ETag"]}).status_code == 200


def test_tags_change_with_each_fact_and_only_with_facts(patient: Patient, coordinator: Client, monitor: Client) -> None:
    before = tags(patient)
    other = patient.client.enrol(subject_number="002")
    other.record("dose_recorded", **DOSE)
    patient.send("dose_recorded", dry_run=True, **DOSE)
    patient.send("dose_recorded", dose_on="2024-02-30", status="taken")
    patient.send("hold_ended", resumes_on="2024-02-01")
    patient.get("calendar")
    assert tags(patient) == before == tags(Patient(monitor, patient.patient_id))
    Patient(coordinator, patient.patient_id).record("dose_recorded", **DOSE)
    after = tags(patient)
    assert not set(before.values()) & set(after.values())


@pytest.mark.parametrize(
    ("time_zone", "midnight"),
    [
        ("Asia/Shanghai", "2024-02-21T00:00:00+08:00"),
        ("Pacific/Kiritimati", "2024-02-21T00:00:00+14:00"),
        ("Pacific/Niue", "2024-02-20T00:00:00-11:00"),
        ("America/New_York", "2024-03-10T00:00:00-05:00"),
        ("America/New_York", "2024-03-11T00:00:00-04:00"),
        ("America/Santiago", "2024-04-07T00:00:00-04:00"),
    ],
)
def test_tags_change_at_the_patients_midnight_and_at_no_other(
    nurse: Client, clock: Clock, time_zone: str, midnight: str
) -> None:
    patient = nurse.enrol(time_zone=time_zone)
    clock.set(midnight)
    instant = clock.now

    def tags_at(*hours: float) -> set[tuple[str, ...]]:
        found = set()
        for hour in hours:
            clock.now = instant + timedelta(hours=hour)
            found.add(tuple(tags(patient).values()))
        return found

    before, after = tags_at(-20, -12, -8, -1, -0.001), tags_at(0, 1, 8, 12, 20)
    assert (len(before), len(after), len(before | after)) == (1, 1, 2)


def test_a_tag_opens_no_door(service: Service, patient: Patient, elsewhere: Client) -> None:
    leaver = tokens.create(service.store, "nurse", ["FUSCC"], "leaver", service.clock())
    (row,) = [row for row in tokens.list_all(service.store) if row["name"] == "leaver"]
    assert Patient(service.client(leaver), patient.patient_id).get().status_code == 200
    tokens.revoke(service.store, row["token_id"], service.clock())
    for part, tag in tags(patient).items():
        for client, status in ((elsewhere, 404), (service.client(leaver), 401), (service.client("nobody"), 401)):
            refused(Patient(client, patient.patient_id).get(part, {"If-None-Match": tag}), status)
        refused(Client(service.app, None).send("GET", patient.path, headers={"If-None-Match": tag}), 401)
        refused(patient.client.send("POST", patient.path, {}, headers={"If-None-Match": tag}), 405)


def test_a_tag_is_for_its_question_only(patient: Patient) -> None:
    tag = patient.get("calendar").headers["ETag"]
    for query in ({"from_": "2024-02-14"}, {"today": "2024-02-20"}):
        assert patient.get("calendar", {"If-None-Match": tag}, **query).status_code == 200
    refused(patient.get("calendar", {"If-None-Match": tag}, colour="red"), 422, "/colour")
    other = patient.client.enrol(subject_number="002")
    other.record("treatment_started", first_dose_on="2024-01-05")
    assert other.get("calendar", {"If-None-Match": tag}).status_code == 200


@pytest.mark.parametrize("part", PARTS)
def test_if_match_takes_the_tag_of_any_part(patient: Patient, part: str) -> None:
    tag = patient.get(part).headers["ETag"]
    answer = patient.send("dose_recorded", {"If-Match": tag}, **DOSE)
    assert answer.status_code == 201
    refused(patient.send("dose_recorded", {"If-Match": tag}, dose_on="2024-01-06", status="taken"), 412)


def test_each_answer_has_the_tag_for_the_next_fact(nurse: Client) -> None:
    enrolled = nurse.post("/v1/patients", ENROLMENT)
    patient, tag = Patient(nurse, enrolled.json["patient_id"]), enrolled.headers["ETag"]
    for day in range(5, 10):
        answer = patient.send("dose_recorded", {"If-Match": tag}, dose_on=f"2024-01-0{day}", status="taken")
        assert answer.status_code == 201
        tag = answer.headers["ETag"]


def test_who_has_not_seen_the_latest_fact_does_not_write(service: Service, patient: Patient) -> None:
    seen = patient.get("calendar").headers["ETag"]
    patient.record("dose_recorded", **DOSE)
    with service.unchanged():
        for dry_run in (False, True):
            answer = patient.send("hold_started", {"If-Match": seen}, dry_run, from_on="2024-02-01")
            refused(answer, 412)
        refused(patient.send("hold_started", {"If-Match": f'{seen}, "0.x"'}, from_on="2024-02-01"), 412)
    now = patient.get("calendar").headers["ETag"]
    assert patient.send("hold_started", {"If-Match": f"{seen}, {now}"}, from_on="2024-02-01").status_code == 201
    assert patient.send("hold_ended", {"If-Match": "*"}, resumes_on="2024-02-05").status_code == 201


def test_if_match_compares_strongly(service: Service, patient: Patient) -> None:
    tag = patient.get().headers["ETag"]
    with service.unchanged():
        for sent in (f"W/{tag}", tag.strip('"'), tag[:-1], tag[1:], "2"):
            refused(patient.send("dose_recorded", {"If-Match": sent}, **DOSE), 412)


@pytest.mark.parametrize("encoding", ["gzip", "br", "zstd"])
def test_a_compressed_answer_has_a_tag_of_its_own_that_works(patient: Patient, encoding: str) -> None:
    plain, accepts = patient.get("calendar"), {"Accept-Encoding": encoding}
    packed = patient.get("calendar", accepts)
    tag = packed.headers["ETag"]
    assert packed.headers["Content-Encoding"] == encoding
    assert "Accept-Encoding" in packed.headers["Vary"]
    assert tag != plain.headers["ETag"]
    again = patient.get("calendar", {**accepts, "If-None-Match": tag})
    assert (again.status_code, again.headers["ETag"]) == (304, tag)
    assert patient.send("dose_recorded", {"If-Match": tag}, **DOSE).status_code == 201
    assert patient.get("calendar", {**accepts, "If-None-Match": tag}).status_code == 200
