"""A patient moves to another site: who reads and writes, and whose lists, messages and deviations are whose."""

from __future__ import annotations

from typing import Any

import pytest
from phone.phones import Phone
from service import Client, Clock, Patient, Service, refused, text_of

from scheduler_api.use_cases.projections import maintenance

from .test_walk import calls


@pytest.fixture
def moved(patient: Patient, coordinator: Client) -> Patient:
    """The patient of the worked examples, seen by a nurse of FUSCC; BERLIN has her from 2024-02-22 on."""
    mover = Patient(coordinator, patient.patient_id)
    mover.record("visit_booked", visit="imaging-w12", booked_on="2024-03-27")
    mover.record("site_transferred", site="BERLIN", from_on="2024-02-22")
    return patient


@pytest.fixture
def there(moved: Patient, elsewhere: Client) -> Patient:
    """The same patient, seen by a nurse of BERLIN."""
    return Patient(elsewhere, moved.patient_id)


def listed(client: Client, **query: Any) -> list[tuple[str, str]]:
    return [(item["kind"], item["site"]) for item in client.get("/v1/worklist", **query).json["items"]]


def test_until_the_day_the_old_site_has_the_patient(moved: Patient, there: Patient) -> None:
    assert moved.read()["site"] == "FUSCC"
    assert moved.send("dose_recorded", dose_on="2024-02-19", status="taken").status_code == 201
    refused(there.get(), 404)
    refused(there.send("dose_recorded", dose_on="2024-02-19", status="taken"), 404)


def test_from_the_day_on_the_new_site_writes_and_the_old_one_reads_what_lies_before(
    moved: Patient, there: Patient, clock: Clock
) -> None:
    moved.record("dose_recorded", dose_on="2024-02-19", status="missed")
    # Midnight of 2024-02-22 where the patient lives.
    clock.set("2024-02-21T16:00:00+00:00")
    assert there.read()["site"] == "BERLIN"
    there.record("dose_recorded", dose_on="2024-02-20", status="missed")
    refused(moved.send("dose_recorded", dose_on="2024-02-21", status="missed"), 403)
    assert moved.read()["site"] == "FUSCC"

    def missed(calendar: dict[str, Any]) -> list[str]:
        return [one["on"] for one in calendar["deviations"] if one["kind"] == "dose_missed"]

    calendar = moved.read("calendar")
    assert (calendar["today"], missed(calendar)) == ("2024-02-21", ["2024-02-19"])
    assert missed(there.read("calendar")) == ["2024-02-19", "2024-02-20"]
    assert "2024-02-20" not in str([fact.get("dose_on") for fact in moved.read("facts")["items"]])
    assert len(there.read("facts")["items"]) == len(moved.read("facts")["items"]) + 1
    refused(moved.get("supply", visit="imaging-w12"), 403)


def test_lists_follow_the_patient(
    service: Service, nurse: Client, elsewhere: Client, moved: Patient, there: Patient, clock: Clock
) -> None:
    def names(client: Client) -> list[str]:
        return [item["patient_id"] for item in client.get("/v1/patients").json["items"]]

    assert (names(nurse), names(elsewhere)) == ([moved.patient_id], [])
    assert ("visit_to_book", "FUSCC") in listed(nurse)
    assert all(site == "FUSCC" for _, site in listed(nurse))
    assert listed(elsewhere) == []
    clock.set("2024-02-22T04:00:00+00:00")
    assert (names(nurse), names(elsewhere)) == ([], [moved.patient_id])
    assert listed(nurse) == [("booking_at_old_site", "FUSCC")]
    assert ("visit_overdue", "BERLIN") in listed(elsewhere)
    summary = elsewhere.get("/v1/studies/nct06110650/summary").json
    assert [one["site"] for one in summary["sites"]] == ["BERLIN"]
    assert list(maintenance.verify(service.store)) == []
    maintenance.rebuild(service.store, service.clock())
    assert list(maintenance.verify(service.store)) == []


def test_the_old_site_cancels_what_is_booked_there_and_learns_nothing_else(
    nurse: Client, moved: Patient, there: Patient, clock: Clock
) -> None:
    clock.set("2024-02-22T04:00:00+00:00")
    (entry,) = nurse.get("/v1/worklist").json["items"]
    (call,) = entry["resolve_with"]
    refused(nurse.send("PUT", call["path"], {"booked_on": "2024-03-28"}), 403)
    answer = nurse.send(call["method"], call["path"])
    assert answer.status_code == 200, answer.text
    assert (answer.json["visit"], answer.json["to_do"]) == (None, [])
    assert listed(nurse) == []
    (row,) = there.client.get("/v1/visits", series="imaging", status="upcoming", to="2024-04-01").json["items"]
    assert (row["visit"], row["booked_on"], row["site"]) == ("imaging-w12", None, "BERLIN")
    # What the new site booked is not the old one's to cancel.
    there.record("visit_booked", visit="imaging-w12", booked_on="2024-03-27")
    refused(nurse.send(call["method"], call["path"]), 403)


def test_deviations_and_audit_are_readable_for_both(
    nurse: Client, coordinator: Client, elsewhere: Client, moved: Patient, there: Patient, clock: Clock
) -> None:
    moved.record("dose_recorded", dose_on="2024-02-19", status="missed")
    clock.set("2024-02-23T04:00:00+00:00")
    there.record("dose_recorded", dose_on="2024-02-22", status="missed")

    def days(client: Client, **query: Any) -> list[tuple[str, str]]:
        items = client.get("/v1/deviations", **query).json["items"]
        return [(item["on"], item["site"]) for item in items if item["kind"] == "dose_missed"]

    assert days(nurse) == [("2024-02-19", "FUSCC")]
    assert days(elsewhere) == [("2024-02-19", "FUSCC"), ("2024-02-22", "BERLIN")]
    assert days(elsewhere, site="BERLIN") == [("2024-02-22", "BERLIN")]


def test_messages_to_the_site_go_to_the_one_that_has_the_patient(
    service: Service, moved: Patient, there: Patient, clock: Clock
) -> None:
    rows = service.store.rows(
        "SELECT kind, about, site FROM reminders WHERE audience = 'site' AND kind <> 'digest'", {}
    )
    assert {(row["about"][:10], row["site"]) for row in rows} <= {("2024-02-20", "FUSCC"), ("2024-02-21", "FUSCC")}
    clock.set("2024-02-22T04:00:00+00:00")
    there.record("dose_recorded", dose_on="2024-02-21", status="taken", amount=600)
    (check,) = service.store.rows("SELECT site FROM reminders WHERE kind = 'dose_to_check'", {})
    assert check["site"] == "BERLIN"
    assert list(maintenance.verify(service.store)) == []


def test_who_may_transfer(nurse: Client, patient: Patient, service: Service) -> None:
    refused(patient.send("site_transferred", site="BERLIN", from_on="2024-03-01"), 403)
    of_berlin = service.client(service.token("coordinator", ["BERLIN"]))
    refused(Patient(of_berlin, patient.patient_id).send("site_transferred", site="BERLIN", from_on="2024-03-01"), 404)
    of_fuscc = Patient(service.client(service.token("coordinator", ["FUSCC"])), patient.patient_id)
    refused(of_fuscc.send("site_transferred", site="NOWHERE", from_on="2024-03-01"), 422, "/site")
    answer = of_fuscc.record("site_transferred", site="BERLIN", from_on="2024-03-01")
    assert [one["what"] for one in answer["consequences"]] == ["site", "site from 2024-03-01"]
    refused(patient.send("voided", voids=answer["fact"]["fact_id"], reason="a mistake"), 403)


def test_a_transfer_of_today_is_answered_to_those_who_record_it(service: Service, patient: Patient) -> None:
    of_fuscc = Patient(service.client(service.token("coordinator", ["FUSCC"])), patient.patient_id)
    of_fuscc.record("site_transferred", site="BERLIN", from_on="2024-02-20")
    refused(of_fuscc.send("dose_recorded", dose_on="2024-02-19", status="taken"), 403)
    # It says where the patient is from now on; who has the patient cannot give it back.
    of_berlin = Patient(service.client(service.token("coordinator", ["BERLIN"])), patient.patient_id)
    transfer = of_berlin.read("facts")["items"][-1]
    refused(of_berlin.send("voided", voids=transfer["fact_id"], reason="a mistake"), 403)
    assert [item["site"] for item in of_berlin.read("facts")["items"] if item["kind"] == "registered"] == ["FUSCC"]


def test_the_new_site_corrects_the_registration(patient: Patient, coordinator: Client, elsewhere: Client) -> None:
    Patient(coordinator, patient.patient_id).record("site_transferred", site="BERLIN", from_on="2024-02-20")
    there = Patient(elsewhere, patient.patient_id)
    (old,) = (fact for fact in there.read("facts")["items"] if fact["kind"] == "registered")
    names = ("subject_number", "site", "protocol", "sex", "fertility", "basis", "time_zone")
    data = {**{name: old[name] for name in names}, "consented_on": "2024-01-02"}
    there.record("registered", **data, replaces=old["fact_id"], reason="typing error")
    assert there.read()["consented_on"] == "2024-01-02"


@pytest.mark.parametrize("role", ["nurse", "coordinator", "monitor"])
def test_nothing_that_comes_after_reaches_the_site_before(
    service: Service, moved: Patient, there: Patient, clock: Clock, role: str
) -> None:
    clock.set("2024-02-22T04:00:00+00:00")
    before = {fact["fact_id"] for fact in there.read("facts")["items"]}
    there.record("visit_booked", visit="imaging-w6", booked_on="2024-02-29", place="ROOM-4711")
    there.record("dose_recorded", dose_on="2024-02-20", status="taken", note="NOTE-4711")
    there.record("hold_started", from_on="2024-02-23", reason="REASON-4711")
    after = [fact["fact_id"] for fact in there.read("facts")["items"] if fact["fact_id"] not in before]
    secrets = [*after, "ROOM-4711", "NOTE-4711", "REASON-4711"]
    of_old = service.client(service.token(role, ["FUSCC"]))
    walked = [call for call in calls(service, moved) if call.method == "GET" or "{patient_id}" in call.path]
    assert len(walked) >= 20
    with service.unchanged():
        for call in walked:
            answer = of_old.send(call.method, call.address, call.body)
            where = f"{call.method} {call.path}: {answer.status_code}"
            assert answer.status_code < 500, where
            assert [word for word in secrets if word in text_of(answer)] == [], where
            if call.writes:
                assert answer.status_code in (403, 404, 422), where


def test_nothing_reaches_the_new_site_before_its_day(service: Service, moved: Patient, there: Patient) -> None:
    with service.unchanged():
        for call in calls(service, moved):
            answer = there.client.send(call.method, call.address, call.body)
            assert answer.status_code < 500
            assert moved.patient_id not in text_of(answer).replace(call.address, ""), f"{call.method} {call.path}"


def test_three_sites_one_after_the_other_and_back(service: Service, patient: Patient, clock: Clock) -> None:
    paris = {"site": "PARIS", "name": "Curie", "country": "FR", "time_zone": "Europe/Paris"}
    assert service.client("admin").post("/v1/sites", paris).status_code == 201
    admin = Patient(service.client("admin"), patient.patient_id)
    admin.record("site_transferred", site="BERLIN", from_on="2024-02-20")
    at = {name: service.client(service.token("coordinator", [name])) for name in ("FUSCC", "BERLIN", "PARIS")}

    def who() -> dict[str, int]:
        return {name: client.get(f"/v1/patients/{patient.patient_id}").status_code for name, client in at.items()}

    def records(name: str) -> int:
        data = {"kind": "dose_recorded", "dose_on": "2024-02-19", "status": "taken"}
        path = f"/v1/patients/{patient.patient_id}/facts"
        return at[name].send("POST", path, data, query={"dry_run": "true"}).status_code

    def days(name: str) -> list[str]:
        items = Patient(at[name], patient.patient_id).read("facts")["items"]
        return [item["dose_on"] for item in items if item["kind"] == "dose_recorded"]

    admin.record("dose_recorded", dose_on="2024-02-20", status="missed")
    clock.set("2024-02-24T04:00:00+00:00")
    of_berlin = Patient(at["BERLIN"], patient.patient_id)
    refused(of_berlin.send("site_transferred", site="BERLIN", from_on="2024-02-26"), 409, "/site")
    onward = admin.record("site_transferred", site="PARIS", from_on="2024-02-24")
    admin.record("dose_recorded", dose_on="2024-02-24", status="missed")
    assert who() == {"FUSCC": 200, "BERLIN": 200, "PARIS": 200}
    assert [records(name) for name in at] == [403, 403, 200]
    assert [days(name) for name in at] == [[], ["2024-02-20"], ["2024-02-20", "2024-02-24"]]
    moves = {name: client.get("/v1/audit", action="site_transferred").json["items"] for name, client in at.items()}
    # Each reads the transfer that took the patient away, and those before it.
    assert {name: len(found) for name, found in moves.items()} == {"FUSCC": 1, "BERLIN": 2, "PARIS": 2}
    missed = {
        name: [
            (one["on"], one["site"])
            for one in client.get("/v1/deviations").json["items"]
            if one["kind"] == "dose_missed"
        ]
        for name, client in at.items()
    }
    there, further = ("2024-02-20", "BERLIN"), ("2024-02-24", "PARIS")
    assert missed == {"FUSCC": [], "BERLIN": [there], "PARIS": [there, further]}
    assert list(maintenance.verify(service.store)) == []
    # It was Shanghai, to which the patient comes back.
    admin.record(
        "site_transferred", site="FUSCC", from_on="2024-02-24", replaces=onward["fact"]["fact_id"], reason="no"
    )
    assert who() == {"FUSCC": 200, "BERLIN": 200, "PARIS": 404}
    assert [records(name) for name in at] == [200, 403, 404]
    assert [days(name) for name in ("FUSCC", "BERLIN")] == [["2024-02-20", "2024-02-24"], ["2024-02-20"]]
    assert list(maintenance.verify(service.store)) == []


def test_a_slot_is_taken_where_the_visit_is_booked(
    service: Service, coordinator: Client, moved: Patient, there: Patient, clock: Clock
) -> None:
    def booked(site: str) -> int:
        (day,) = coordinator.get(f"/v1/sites/{site}/days", from_="2024-03-27", to="2024-03-27").json["days"]
        return day["booked"]

    # Booked at FUSCC before the transfer was known, for a day on which Berlin has the patient.
    assert (booked("FUSCC"), booked("BERLIN")) == (1, 0)
    row = moved.read("visits/imaging-w12")
    assert (row["site"], row["booked_time_zone"]) == ("BERLIN", "Asia/Shanghai")
    # The same once more is another booking: at Berlin, on its clock.
    path = f"/v1/patients/{moved.patient_id}/visits/imaging-w12/booking"
    answer = coordinator.send("PUT", path, {"booked_on": "2024-03-27"}).json
    assert (answer["fact"]["site"], answer["visit"]["booked_time_zone"]) == ("BERLIN", "Europe/Berlin")
    assert (booked("FUSCC"), booked("BERLIN")) == (0, 1)
    assert coordinator.send("PUT", path, {"booked_on": "2024-03-27"}).json["fact"] is None


def test_a_summary_counts_at_each_site_what_was_its_own(
    service: Service, nurse: Client, coordinator: Client, moved: Patient, there: Patient, clock: Clock
) -> None:
    moved.record("visit_done", series="imaging", visit="imaging-w6", done_on="2024-02-19", response="SD")
    moved.record("dose_recorded", dose_on="2024-02-19", status="missed")
    clock.set("2024-02-23T04:00:00+00:00")
    there.record("dose_recorded", dose_on="2024-02-22", status="missed")

    def sites(client: Client) -> dict[str, tuple[int, int, dict[str, int]]]:
        found = client.get("/v1/studies/nct06110650/summary").json["sites"]
        return {one["site"]: (one["enrolled"], one["scans"]["on_time"], one["deviations"]) for one in found}

    there_and_then = {"FUSCC": (0, 1, {"dose_missed": 1}), "BERLIN": (1, 0, {"dose_missed": 1})}
    assert sites(coordinator) == there_and_then
    assert sites(nurse) == {"FUSCC": there_and_then["FUSCC"]}
    assert sites(there.client) == {"BERLIN": there_and_then["BERLIN"]}
    total = coordinator.get("/v1/studies/nct06110650/summary").json
    assert (total["enrolled"], total["deviations"]) == (1, {"dose_missed": 2})


def test_a_scan_that_is_still_open_is_on_the_new_sites_list(
    nurse: Client, moved: Patient, there: Patient, clock: Clock
) -> None:
    def open_at(client: Client) -> list[tuple[str, str]]:
        items = client.get("/v1/visits", series="imaging", status="open,overdue").json["items"]
        return [(item["visit"], item["site"]) for item in items]

    assert (open_at(nurse), open_at(there.client)) == ([("imaging-w6", "FUSCC")], [])
    # The window closed on 2024-02-21, while Shanghai had the patient; it is overdue where she is now.
    clock.set("2024-02-22T04:00:00+00:00")
    assert (open_at(nurse), open_at(there.client)) == ([], [("imaging-w6", "BERLIN")])
    (row,) = there.client.get("/v1/visits", series="imaging", status="overdue", site="BERLIN").json["items"]
    assert row["suggested_days"][0] >= "2024-02-22"
    assert there.read("visits/imaging-w6")["site"] == "BERLIN"


def test_a_patient_calls_the_site_that_she_is_at(
    service: Service, moved: Patient, coordinator: Client, clock: Clock
) -> None:
    for site, name in (("FUSCC", "Nurse Wang"), ("BERLIN", "Schwester Anna")):
        contact = {"name": name, "phone": "+49 30 4505 0"}
        assert coordinator.send("PUT", f"/v1/sites/{site}/contact", contact).status_code == 200
    phone = Phone(service, moved)
    assert phone.read()["site_contact"]["name"] == "Nurse Wang"
    clock.set("2024-02-21T16:00:00+00:00")
    assert phone.read()["site_contact"]["name"] == "Schwester Anna"


def test_a_transfer_recorded_late_takes_nothing_from_the_site_that_recorded_until_then(
    patient: Patient, coordinator: Client, elsewhere: Client, clock: Clock
) -> None:
    for day in ("2024-02-09", "2024-02-10"):
        patient.record("dose_recorded", dose_on=day, status="missed")
    Patient(coordinator, patient.patient_id).record("site_transferred", site="BERLIN", from_on="2024-02-10")
    Patient(elsewhere, patient.patient_id).record("dose_recorded", dose_on="2024-02-08", status="missed")
    days = [fact["dose_on"] for fact in patient.read("facts")["items"] if fact["kind"] == "dose_recorded"]
    assert days == ["2024-02-09", "2024-02-10"]
    assert patient.read("facts")["items"][-1]["kind"] == "site_transferred"
    calendar = patient.read("calendar")
    assert calendar["today"] == "2024-02-09"
    # What lies after is the other site's, also if it was recorded here.
    assert [one["on"] for one in patient.read("deviations")["items"]] == ["2024-02-09"]
    assert patient.read("calendar", today="2024-02-20")["today"] == "2024-02-09"
