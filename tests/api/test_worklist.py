"""The worklist of sites: what is listed, for whom, what resolves it, and what can wait."""

from __future__ import annotations

import csv
from datetime import date, timedelta
from typing import Any

import pytest
from engine.naive_worklist import naive_worklist, sites_until
from hypothesis import given, settings
from hypothesis import strategies as st
from service import Anew, Client, Clock, Patient, Service, refused
from stories import Story, begin, stories, tell

from scheduler_api.engine.dates import civil_date
from scheduler_api.store.patients import patients
from scheduler_api.store.patients.snapshots import of_row
from scheduler_api.use_cases.projections import maintenance
from scheduler_api.use_cases.sites.protocols import versions_of


def listed(client: Client, **query: Any) -> list[tuple[str, str | None]]:
    """Kind and visit of what is to do, as the answer orders it."""
    return [(item["kind"], item["visit"]) for item in client.get("/v1/worklist", **query).json["items"]]


@pytest.fixture
def patient(nurse: Client) -> Patient:
    """A patient who took every dose until yesterday, 2024-02-19; her imaging of week 6 closes on 2024-02-21."""
    patient = nurse.enrol()
    patient.record("treatment_started", first_dose_on="2024-01-05")
    for number in range(46):
        patient.record("dose_recorded", dose_on=str(date(2024, 1, 5) + timedelta(number)), status="taken")
    return patient


def test_an_entry_says_why_how_urgent_and_what_resolves_it(nurse: Client, patient: Patient) -> None:
    (entry,) = nurse.get("/v1/worklist", site="FUSCC").json["items"]
    visit = f"{patient.path}/visits/imaging-w6"
    assert entry == {
        "entry_id": f"visit_to_book.{patient.patient_id}.imaging-w6",
        "kind": "visit_to_book",
        "urgency": "now",
        "patient_id": patient.patient_id,
        "subject_number": "001",
        "site": "FUSCC",
        "visit": "imaging-w6",
        "since": "2024-02-14",
        "due_on": "2024-02-21",
        "because": "window 2024-02-07 to 2024-02-21, not booked",
        "label": "Week 6 tumour imaging",
        "suggested_days": ["2024-02-20", "2024-02-21"],
        "resolve_with": [
            {"method": "PUT", "path": f"{visit}/booking", "body": {}, "needs": ["booked_on"]},
            {"method": "PUT", "path": f"{visit}/result", "body": {}, "needs": ["done_on", "response"]},
        ],
        "acknowledged": None,
        "today": "2024-02-20",
    }


#: What fills in the fields that an entry's calls need.
VALUES = {
    "booked_on": "2024-02-21",
    "done_on": "2024-02-20",
    "response": "SD",
    "reason": "progression",
    "dose_on": "2024-02-18",
    "status": "taken",
    "resumes_on": "2024-02-21",
    "from_on": "2024-02-20",
    "first_dose_on": "2024-02-10",
    "last_dose_on": "2024-01-16",
    "decided_on": "2024-02-20",
    "progressed_on": "2024-02-20",
    "basis": "clinical",
    "closed_on": "2024-02-20",
    "outcome": "not_pregnant",
    "note": "Seen",
    "until": "2024-02-22",
}
#: Facts (after enrolment on 2024-01-03), the entry they make on 2024-02-20, and how many calls are offered for it.
SITUATIONS: list[tuple[list[dict[str, Any]], str, int]] = [
    ([], "visit_to_book", 2),
    ([{"kind": "visit_booked", "visit": "imaging-w6", "booked_on": "2024-02-19"}], "booking_past", 3),
    ([{"kind": "visit_booked", "visit": "imaging-w6", "booked_on": "2024-02-22"}], "booking_outside_window", 2),
    (
        [
            {"kind": "visit_booked", "visit": "imaging-w6", "booked_on": "2024-02-21"},
            {"kind": "progressed", "progressed_on": "2024-02-19", "basis": "clinical"},
        ],
        "booking_to_cancel",
        2,
    ),
    (
        [
            {"kind": "visit_booked", "visit": "imaging-w6", "booked_on": "2024-02-21"},
            {"kind": "visit_done", "series": "imaging", "visit": "imaging-w6", "done_on": "2024-02-20"},
        ],
        "booking_to_cancel",
        1,
    ),
    (
        [
            {"kind": "treatment_ended", "last_dose_on": "2024-01-16", "decided_on": "2024-01-16", "reason": "other"},
            {"kind": "visit_booked", "visit": "contraception-m1", "booked_on": "2024-02-21"},
            {
                "kind": "fertility_changed",
                "fertility": "not_fertile",
                "basis": "sterilisation",
                "from_on": "2024-02-01",
            },
        ],
        "booking_to_cancel",
        2,
    ),
    ([{"kind": "visit_done", "series": "imaging", "done_on": "2024-01-30"}], "assignment_to_confirm", 2),
    ([{"kind": "visit_done", "series": "imaging", "done_on": "2024-01-30"}], "response_missing", 1),
    (
        [{"kind": "visit_done", "series": "imaging", "visit": "imaging-w6", "done_on": "2024-02-07"}],
        "response_missing",
        1,
    ),
    ([{"kind": "treatment_started", "first_dose_on": "2024-01-05"}], "doses_not_taken", 4),
    ([{"kind": "hold_started", "from_on": "2024-02-13", "reason": "Bleeding"}], "hold_open", 3),
    ([{"kind": "progressed", "progressed_on": "2024-02-19", "basis": "clinical"}], "treatment_still_open", 1),
    (
        [{"kind": "treatment_ended", "last_dose_on": None, "decided_on": "2024-02-19", "reason": "progression"}],
        "progression_date_missing",
        1,
    ),
    (
        [{"kind": "treatment_ended", "last_dose_on": None, "decided_on": "2024-02-19", "reason": "pregnancy"}],
        "pregnancy",
        2,
    ),
    ([{"kind": "pregnancy_reported", "reported_on": "2024-02-19", "of": "patient"}], "pregnancy", 4),
    ([], "first_dose_missing", 2),
    ([{"kind": "study_ended", "ended_on": "2024-02-19", "reason": "withdrawal"}], "treatment_end_missing", 1),
    ([{"kind": "treatment_ended", "last_dose_on": "2024-01-16", "decided_on": "2024-01-16", "reason": "other"}],
     "follow_up_due", 2),
]  # fmt: skip


@pytest.mark.parametrize(("facts", "kind", "calls"), SITUATIONS, ids=[f"{kind}" for _, kind, _ in SITUATIONS])
def test_every_call_that_is_offered_is_accepted_once_its_needs_are_filled(
    nurse: Client, facts: list[dict[str, Any]], kind: str, calls: int
) -> None:
    patient = nurse.enrol()
    for fact in facts:
        patient.record(**fact)
    (entry,) = [item for item in nurse.get("/v1/worklist").json["items"] if item["kind"] == kind]
    assert len(entry["resolve_with"]) == calls
    for call in entry["resolve_with"]:
        body = {**call["body"], **{name: VALUES[name] for name in call["needs"]}}
        query = {} if call["path"].endswith("/acknowledgement") else {"dry_run": "true"}
        answer = nurse.send(call["method"], call["path"], body, query=query)
        assert answer.status_code == 200, answer.text
        for name in call["needs"]:
            lacking = {field: value for field, value in body.items() if field != name}
            # Without an optional field the call does less, but never something else.
            if name not in ("response", "reason") or call["body"].get("kind") == "treatment_ended":
                refused(nurse.send(call["method"], call["path"], lacking, query=query), 422, f"/{name}")


def test_resolved_by_the_first_call(nurse: Client, patient: Patient) -> None:
    """From overdue to confirmed: each entry goes with the call that it offered."""
    patient.record("visit_done", series="imaging", done_on="2024-01-30", response="PR")
    kinds = [item["kind"] for item in nurse.get("/v1/worklist").json["items"]]
    assert kinds == ["assignment_to_confirm", "visit_to_book"]
    entry, _ = nurse.get("/v1/worklist").json["items"]
    call, _ = entry["resolve_with"]
    answer = nurse.send(call["method"], call["path"], call["body"])
    assert answer.status_code == 201
    assert listed(nurse) == []
    (row,) = nurse.get("/v1/visits", patient=patient.patient_id, status="done").json["items"]
    assert (row["visit"], row["assigned"], row["response"]) == ("imaging-w6", "named", "PR")


def test_what_is_about_a_visit_says_when_it_could_be_done(nurse: Client, patient: Patient, clock: Clock) -> None:
    """Overdue from 2024-02-22: 23 February is a Friday. Nobody proposes a day for what is done, or about no visit."""
    clock.set("2024-02-23T08:00:00+08:00")
    doses, overdue = nurse.get("/v1/worklist", on="2024-02-23").json["items"][::-1]
    assert (overdue["kind"], overdue["label"]) == ("visit_overdue", "Week 6 tumour imaging")
    assert overdue["suggested_days"] == ["2024-02-23", "2024-02-26", "2024-02-27", "2024-02-28", "2024-02-29"]
    assert (doses["kind"], doses["label"], doses["suggested_days"]) == ("doses_not_taken", None, [])
    listed = {row["visit"]: row for row in nurse.get("/v1/visits", patient=patient.patient_id).json["items"]}
    assert listed["imaging-w6"]["suggested_days"] == overdue["suggested_days"]
    patient.record("visit_done", series="imaging", done_on="2024-02-23", response="SD")
    (confirm,) = [item for item in nurse.get("/v1/worklist").json["items"] if item["visit"]]
    assert (confirm["kind"], confirm["suggested_days"]) == ("assignment_to_confirm", [])


def test_no_day_is_suggested_on_which_the_following_visit_is_open(
    nurse: Client, patient: Patient, clock: Clock
) -> None:
    """imaging-w12 opens on Wednesday, 2024-03-20; from then on that of week 6 is missed."""
    suggested = {}
    for today in ("2024-03-18", "2024-03-20"):
        clock.set(f"{today}T08:00:00+08:00")
        rows = nurse.get("/v1/visits", patient=patient.patient_id).json["items"]
        (row,) = [row for row in rows if row["visit"] == "imaging-w6"]
        suggested[today] = row["suggested_days"]
    assert suggested == {"2024-03-18": ["2024-03-18", "2024-03-19"], "2024-03-20": []}


def test_a_cancelled_booking_is_a_call_of_its_own(nurse: Client, patient: Patient) -> None:
    patient.record("visit_booked", visit="imaging-w6", booked_on="2024-02-21")
    patient.record("progressed", progressed_on="2024-02-19", basis="clinical")
    (entry,) = [item for item in nurse.get("/v1/worklist").json["items"] if item["kind"] == "booking_to_cancel"]
    cancel = entry["resolve_with"][0]
    path = f"{patient.path}/visits/imaging-w6/booking"
    assert cancel == {"method": "DELETE", "path": path, "body": {}, "needs": []}
    nurse.send(cancel["method"], cancel["path"], cancel["body"])
    assert "booking_to_cancel" not in [kind for kind, _ in listed(nurse)]


def test_the_soonest_due_comes_first_in_pages_and_as_csv(nurse: Client) -> None:
    for number in range(3):
        nurse.enrol(subject_number=f"00{number}", enrolled_on=f"2024-01-{3 + number:02}")
    whole = nurse.get("/v1/worklist").json["items"]
    assert [item["due_on"] for item in whole] == sorted(item["due_on"] for item in whole)
    pages, cursor = [], {}
    while True:
        answer = nurse.get("/v1/worklist", limit=2, **cursor).json
        pages += answer["items"]
        if answer["next_cursor"] is None:
            break
        cursor = {"cursor": answer["next_cursor"]}
    assert pages == whole
    assert len(whole) == 6
    rows = list(csv.DictReader(nurse.get("/v1/worklist", {"Accept": "text/csv"}).data.decode("utf-8-sig").splitlines()))
    assert [row["entry_id"] for row in rows] == [item["entry_id"] for item in whole]


def test_another_day_is_computed_as_that_day_would_see_it(nurse: Client, patient: Patient) -> None:
    assert listed(nurse, on="2024-02-13") == []
    assert listed(nurse, on="2024-02-22") == [("visit_overdue", "imaging-w6")]
    (entry,) = nurse.get("/v1/worklist", on="2024-02-15").json["items"]
    assert (entry["urgency"], entry["today"]) == ("soon", "2024-02-15")


def test_no_day_to_come_is_taken_for_one_without_a_dose(nurse: Client, patient: Patient, clock: Clock) -> None:
    """Taken through the 19th. On the 21st one day is over unrecorded, on the 22nd two: then, and not before."""

    def doses_not_taken(on: str) -> list[str]:
        items = nurse.get("/v1/worklist", on=on).json["items"]
        return [item["since"] for item in items if item["kind"] == "doses_not_taken"]

    assert doses_not_taken("2024-03-20") == []
    clock.set("2024-02-21T12:00:00+08:00")
    assert doses_not_taken("2024-02-22") == doses_not_taken("2024-03-20") == []
    clock.set("2024-02-22T12:00:00+08:00")
    assert doses_not_taken("2024-02-22") == doses_not_taken("2024-03-20") == ["2024-02-22"]
    assert doses_not_taken("2024-02-21") == []


def test_doses_recorded_missed_count_on_a_day_to_come(nurse: Client, patient: Patient) -> None:
    patient.record(
        "dose_recorded", dose_on="2024-02-19", status="missed", replaces=_dose_of(patient, "2024-02-19"), reason="slip"
    )
    patient.record("dose_recorded", dose_on="2024-02-20", status="missed")
    assert ("doses_not_taken", None) in listed(nurse, on="2024-03-01")


def _dose_of(patient: Patient, day: str) -> str:
    """The id of the record of a dose."""
    history = patient.read("facts", limit="200")["items"]
    return next(fact["fact_id"] for fact in history if fact.get("dose_on") == day)


def test_an_open_hold_that_was_looked_at_waits(nurse: Client, patient: Patient, clock: Clock) -> None:
    """Held from 2024-02-20; asked about a week later, and again on the day that was noted."""
    patient.record("visit_done", series="imaging", done_on="2024-02-20", response="SD")
    patient.record("hold_started", from_on="2024-02-20", reason="Bleeding")
    clock.set("2024-02-26T08:00:00+08:00")
    assert listed(nurse) == []
    clock.set("2024-02-27T08:00:00+08:00")
    assert listed(nurse) == [("hold_open", None)]
    acknowledge(nurse, f"hold_open.{patient.patient_id}", note="Platelets again on 5 March", until="2024-03-05")
    assert listed(nurse) == []
    clock.set("2024-03-05T08:00:00+08:00")
    assert listed(nurse) == [("hold_open", None)]


@pytest.mark.parametrize("on", ["2023-12-21", "2024-04-21"])
def test_a_day_too_far_away_is_refused(nurse: Client, on: str) -> None:
    refused(nurse.get("/v1/worklist", on=on), 422, "/on")


def test_today_is_the_patients(service: Service, coordinator: Client, clock: Clock) -> None:
    """When the 14th has begun in Kiritimati, a week before the window closes, it is still the 13th in Niue."""
    for number, zone in enumerate(("Pacific/Kiritimati", "Pacific/Niue")):
        coordinator.enrol(subject_number=f"00{number}", time_zone=zone)
    clock.set("2024-02-14T12:00:00+14:00")
    items = coordinator.get("/v1/worklist").json["items"]
    assert [item["today"] for item in items if item["kind"] == "visit_to_book"] == ["2024-02-14"]


def test_every_bad_field_of_a_question_is_named(nurse: Client) -> None:
    query = {"on": "2024-02-30", "limit": "0", "acknowledged": "yes", "kind": "all"}
    refused(nurse.get("/v1/worklist", **query), 422, "/on", "/limit", "/acknowledged", "/kind")
    refused(nurse.get("/v1/worklist", cursor="nonsense"), 422, "/cursor")


def acknowledge(client: Client, entry_id: str, **body: Any) -> Any:
    """Let an entry wait."""
    return client.send("PUT", f"/v1/worklist/{entry_id}/acknowledgement", body)


def test_an_acknowledged_entry_waits_until_its_day(nurse: Client, patient: Patient, clock: Clock) -> None:
    entry_id = f"visit_to_book.{patient.patient_id}.imaging-w6"
    answer = acknowledge(nurse, entry_id, note="She calls back.", until="2024-02-21")
    assert answer.json["acknowledged"]["note"] == "She calls back."
    assert answer.json["acknowledged"]["by"] == {"role": "nurse", "name": "nurse"}
    assert listed(nurse) == []
    (entry,) = nurse.get("/v1/worklist", acknowledged="include").json["items"]
    assert entry == answer.json
    clock.set("2024-02-21T08:00:00+08:00")
    assert listed(nurse) == [("visit_to_book", "imaging-w6")]


def test_an_acknowledgement_ends_when_what_it_was_about_changes(nurse: Client, patient: Patient) -> None:
    patient.record("visit_booked", visit="imaging-w6", booked_on="2024-02-22")
    entry_id = f"booking_outside_window.{patient.patient_id}.imaging-w6"
    assert acknowledge(nurse, entry_id, note="No other slot.", until="2024-02-22").status_code == 200
    patient.record("dose_recorded", dose_on="2024-02-20", status="taken")
    assert listed(nurse) == []
    patient.record("visit_booked", visit="imaging-w6", booked_on="2024-02-24")
    assert listed(nurse) == [("booking_outside_window", "imaging-w6")]


def test_an_acknowledgement_can_be_taken_back_and_outlives_a_rebuild(
    service: Service, nurse: Client, patient: Patient
) -> None:
    path = f"visit_to_book.{patient.patient_id}.imaging-w6"
    acknowledge(nurse, path, note="Waits", until="2024-02-22")
    maintenance.rebuild(service.store, service.clock())
    assert listed(nurse) == []
    for _ in range(2):
        assert nurse.send("DELETE", f"/v1/worklist/{path}/acknowledgement").status_code == 204
    assert listed(nurse) == [("visit_to_book", "imaging-w6")]


def test_bad_acknowledgements_are_refused(service: Service, nurse: Client, patient: Patient) -> None:
    entry_id = f"visit_to_book.{patient.patient_id}.imaging-w6"
    with service.unchanged():
        refused(acknowledge(nurse, entry_id, note="", until="soon", by="me"), 422, "/note", "/until", "/by")
        refused(acknowledge(nurse, entry_id), 422, "/note", "/until")
        for until in ("2024-02-20", "2024-05-21"):
            refused(acknowledge(nurse, entry_id, note="Waits", until=until), 422, "/until")
        for unknown in ("nonsense", f"visit_overdue.{patient.patient_id}.imaging-w6", "pregnancy.p-0"):
            refused(acknowledge(nurse, unknown, note="Waits", until="2024-02-22"), 404)


def test_sites_and_roles(service: Service, nurse: Client, patient: Patient, elsewhere: Client, monitor: Client) -> None:
    entry_id = f"visit_to_book.{patient.patient_id}.imaging-w6"
    path = f"/v1/worklist/{entry_id}/acknowledgement"
    with service.unchanged():
        assert listed(elsewhere) == []
        refused(elsewhere.get("/v1/worklist", site="FUSCC"), 404)
        refused(acknowledge(elsewhere, entry_id, note="Waits", until="2024-02-22"), 404)
        refused(elsewhere.send("DELETE", path), 404)
        assert listed(monitor) == listed(nurse, site="FUSCC") != []
        refused(acknowledge(monitor, entry_id, note="Waits", until="2024-02-22"), 403)
        refused(monitor.send("DELETE", path), 403)


def brute_force(service: Service, ids: set[str], on: date | None) -> set[tuple[str, str]]:
    """Patient, and kind and subject, of what all calendars say is to do: today, or on a day."""
    found = set()
    for patient_id in ids:
        row = patients.get(service.store, patient_id)
        assert row is not None
        history = of_row(service.store, row)
        today = on or civil_date(service.clock.now, history.time_zone)
        versions = versions_of(service.store, row["protocol"])
        through = date.fromisoformat(row["visits_through"])
        present = civil_date(service.clock.now, history.time_zone)
        for kind, about in naive_worklist(versions, history, today, through, present):
            # Addresses do not name a pregnancy.
            name = "to_follow" if kind == "pregnancy" else kind
            # An entry is another one for each site; a booking at a site that had the patient stays that site's.
            later = len(sites_until(history, today)) - 1
            if kind == "booking_at_old_site" and (booking := history.bookings[about]):
                later = 0 if booking.site in sites_until(history, booking.booked_on) else later
            part = f"site-{later + 1}" if later else None
            found.add((patient_id, ".".join(filter(None, (name, patient_id, about, part)))))
    return found


def whole_worklist(client: Client, ids: set[str], on: date | None) -> set[tuple[str, str]]:
    """Patient and id of what the service lists."""
    found, cursor = set(), {}
    query = {"on": on.isoformat()} if on else {}
    while True:
        answer = client.get("/v1/worklist", limit=200, **query, **cursor).json
        found |= {(item["patient_id"], item["entry_id"]) for item in answer["items"]}
        if answer["next_cursor"] is None:
            return {entry for entry in found if entry[0] in ids}
        cursor = {"cursor": answer["next_cursor"]}


@settings(max_examples=20)
@given(
    histories=st.lists(stories(), min_size=1, max_size=2), days=st.lists(st.integers(-60, 60), min_size=1, max_size=3)
)
def test_it_equals_a_brute_force_over_all_calendars(
    amended_trial: Anew, histories: list[Story], days: list[int]
) -> None:
    """After any story, on any day, after the days went on and after a rebuild."""
    with amended_trial() as service:
        client, ids, latest = service.client("coordinator"), set(), service.clock.now
        for story in histories:
            patient = begin(client, service.clock, story)
            ids.add(patient.patient_id)
            known = [patient.read("facts")["items"][0]]
            for step in story.steps:
                answer = tell(patient, service.clock, step, known)
                if answer is not None and answer.status_code == 201:
                    known.append(answer.json["fact"])
            latest = max(latest, service.clock.now)
        # Stories are told beside each other; the days go on from the latest.
        service.clock.now = latest
        for change in (None, maintenance.extend_horizons, maintenance.rebuild):
            if change is not None:
                service.clock.now += timedelta(45)
                change(service.store, service.clock())
            maintenance.extend_horizons(service.store, service.clock())
            for on in (None, *(service.clock.now.date() + timedelta(number) for number in days)):
                assert whole_worklist(client, ids, on) == brute_force(service, ids, on)
