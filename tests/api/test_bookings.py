"""Booking a visit and recording what came of it: one call, what it makes, and what is still to decide."""

from __future__ import annotations

from typing import Any

import pytest
from service import Client, Clock, Patient, Service, refused


@pytest.fixture
def patient(nurse: Client) -> Patient:
    """The patient of the worked examples on 2024-02-20: imaging-w6 is open through 02-21, w12 is 03-20 to 04-03."""
    patient = nurse.enrol()
    patient.record("treatment_started", first_dose_on="2024-01-05")
    # So that nobody asks where the doses of the weeks before are.
    patient.record("dose_recorded", dose_on="2024-02-19", status="taken")
    return patient


def send(
    patient: Patient,
    method: str,
    address: str,
    body: Any = None,
    headers: dict[str, str] | None = None,
    **query: str,
) -> Any:
    """A call about a visit of the patient; what was answered, whatever it is."""
    return patient.client.send(method, f"{patient.path}/visits/{address}", body, query=query, headers=headers)


def book(patient: Patient, visit: str, booked_on: str, **more: Any) -> dict[str, Any]:
    """Book a visit; what was answered."""
    answer = send(patient, "PUT", f"{visit}/booking", {"booked_on": booked_on, **more})
    assert answer.status_code == 200, answer.text
    return dict(answer.json)


def result(patient: Patient, visit: str, done_on: str, **more: Any) -> dict[str, Any]:
    """Record a result; what was answered."""
    answer = send(patient, "PUT", f"{visit}/result", {"done_on": done_on, **more})
    assert answer.status_code == 200, answer.text
    return dict(answer.json)


def kinds(patient: Patient) -> list[str]:
    """The kinds of the patient's facts, in order."""
    return [fact["kind"] for fact in patient.read("facts", limit="200")["items"]]


def warned(answer: dict[str, Any]) -> list[str]:
    """What an answer warns of."""
    return [warning["code"] for warning in answer["warnings"]]


def test_booking_moving_and_cancelling_are_facts_like_any(patient: Patient) -> None:
    first = book(patient, "imaging-w12", "2024-03-27", time="08:30", place="Imaging, building 2")
    fact = patient.read("facts")["items"][-1]
    assert first["fact"] == fact
    assert (fact["kind"], fact["visit"], fact["booked_on"], fact["time"]) == (
        "visit_booked",
        "imaging-w12",
        "2024-03-27",
        "08:30",
    )
    shown = {name: first["visit"][name] for name in ("booked_on", "booked_time", "booked_place", "booked_days_off")}
    assert [*shown.values()] == ["2024-03-27", "08:30", "Imaging, building 2", 0]
    assert (first["deviations"], first["warnings"]) == ([], [])
    assert [moved["what"] for moved in first["consequences"]] == ["visit imaging-w12"]
    moved = book(patient, "imaging-w12", "2024-03-28")
    assert (moved["visit"]["booked_on"], moved["visit"]["booked_time"]) == ("2024-03-28", None)
    cancelled = send(patient, "DELETE", "imaging-w12/booking").json
    assert cancelled["visit"]["booked_on"] is None
    assert kinds(patient)[4:] == ["visit_booked"] * 3


def test_the_same_again_records_nothing(service: Service, patient: Patient) -> None:
    book(patient, "imaging-w12", "2024-03-27", time="08:30")
    result(patient, "imaging-w6", "2024-02-15", response="SD")
    tag = patient.get().headers["ETag"]
    with service.unchanged():
        again = book(patient, "imaging-w12", "2024-03-27", time="08:30")
        assert (again["fact"], again["consequences"], again["visit"]["booked_on"]) == (None, [], "2024-03-27")
        assert result(patient, "imaging-w6", "2024-02-15", response="SD")["fact"] is None
        nothing = send(patient, "DELETE", "imaging-w6/booking", headers={"If-Match": tag}).json
        assert nothing["fact"] is None


@pytest.mark.parametrize(
    ("booked_on", "kind", "days_off"),
    [("2024-03-20", None, 0), ("2024-03-19", "booking_out_of_window", -1), ("2024-04-08", "booking_out_of_window", 5)],
)
def test_a_booking_outside_the_window_is_recorded_and_said(
    patient: Patient, booked_on: str, kind: str | None, days_off: int
) -> None:
    answer = book(patient, "imaging-w12", booked_on)
    assert answer["visit"]["booked_days_off"] == days_off
    made = answer["deviations"]
    assert [(one["kind"], one["days_off"]) for one in made] == ([(kind, days_off)] if kind else [])
    whole = patient.read("deviations", limit="200")["items"]
    assert [found for found in whole if found["kind"] == "booking_out_of_window"] == made


@pytest.mark.parametrize(
    ("done_on", "kind", "days_off"),
    [("2024-02-07", None, 0), ("2024-02-06", "visit_early", -1), ("2024-02-24", "visit_late", 3)],
)
def test_a_result_outside_the_window_is_recorded_and_said(
    clock: Clock, patient: Patient, done_on: str, kind: str | None, days_off: int
) -> None:
    clock.set("2024-02-25T12:00:00+08:00")
    answer = result(patient, "imaging-w6", done_on, response="PR")
    visit, made = answer["visit"], answer["deviations"]
    assert (visit["status"], visit["done_on"], visit["response"]) == ("done", done_on, "PR")
    assert (visit["days_off"], visit["assigned"]) == (days_off, "named")
    assert [(one["kind"], one["days_off"]) for one in made] == ([(kind, days_off)] if kind else [])


def test_what_speaks_against_a_day_is_said_and_it_is_booked_all_the_same(coordinator: Client, patient: Patient) -> None:
    weekly = ["monday", "tuesday", "wednesday", "thursday", "friday"]
    coordinator.send("PUT", "/v1/sites/FUSCC/calendar", {"opening_days": weekly, "slots_per_day": 1})
    book(coordinator.enrol(subject_number="002"), "imaging-w12", "2024-03-27")
    full = book(patient, "imaging-w12", "2024-03-27")
    assert full["warnings"] == [{"code": "no_slot_left", "detail": "1 of 1 slots are booked on 2024-03-27"}]
    assert full["visit"]["booked_on"] == "2024-03-27"
    holiday = book(patient, "imaging-w12", "2024-04-04")
    assert holiday["warnings"] == [
        {
            "code": "site_closed",
            "detail": "FUSCC is not open on 2024-04-04: public holiday: Tomb-Sweeping Day",
        }
    ]
    assert [one["days_off"] for one in holiday["deviations"]] == [1]
    assert warned(book(patient, "imaging-w6", "2024-02-19")) == ["day_past"]
    # Other visits take no scanner, and whose slot it is keeps it.
    book(patient, "imaging-w12", "2024-03-28")
    assert warned(book(patient, "imaging-w12", "2024-03-28", time="09:00")) == []


def test_a_visit_done_or_not_required_can_be_booked_and_is_said(patient: Patient) -> None:
    result(patient, "imaging-w6", "2024-02-19", response="PD")
    assert warned(book(patient, "imaging-w6", "2024-02-21")) == ["already_done"]
    cut = book(patient, "imaging-w12", "2024-03-27")
    assert cut["warnings"] == [
        {"code": "not_required", "detail": "enrolment 2024-01-03 + 12 weeks; not required: progressed 2024-02-19"}
    ]
    to_cancel = [("booking_to_cancel", "imaging-w6"), ("booking_to_cancel", "imaging-w12")]
    assert [(entry["kind"], entry["visit"]) for entry in cut["to_do"]] == [("treatment_still_open", None), *to_cancel]
    assert send(patient, "DELETE", "imaging-w12/booking").json["visit"] is None


def test_booking_says_which_messages_come_and_which_no_longer_do_however_far_ahead(patient: Patient) -> None:
    def told(answer: dict[str, Any], field: str) -> set[tuple[str, str]]:
        return {(message["kind"], message["at"]) for message in answer[field]}

    # 18:00 in Shanghai on the eve of the appointment, and 09:00 on the day on which the window of week 12 opens, unless
    # it is booked from then on.
    eve, other_eve = [("booking_tomorrow", f"2024-03-{day}T10:00:00.000000+00:00") for day in (26, 18)]
    opened = ("window_opened", "2024-03-20T01:00:00.000000+00:00")
    booked = book(patient, "imaging-w12", "2024-03-27", time="08:30")
    assert (told(booked, "reminders_planned"), told(booked, "reminders_ended")) == ({eve}, {opened})
    early = book(patient, "imaging-w12", "2024-03-19", time="08:30")
    assert (told(early, "reminders_planned"), told(early, "reminders_ended")) == ({other_eve, opened}, {eve})
    cancelled = send(patient, "DELETE", "imaging-w12/booking").json
    assert (told(cancelled, "reminders_planned"), told(cancelled, "reminders_ended")) == (set(), {other_eve})


def test_progression_says_what_it_ends_and_what_is_to_decide(patient: Patient) -> None:
    book(patient, "imaging-w12", "2024-03-27")
    answer = result(patient, "imaging-w6", "2024-02-20", response="PD")
    moved = {one["what"]: one for one in answer["consequences"]}
    assert moved["visit imaging-w12"]["after"] == {"status": "not_required"}
    assert moved["visit imaging-w18"]["after"] is None
    assert moved["visit imaging-w18"]["because"] == "progressed 2024-02-20"
    to_do = {entry["kind"]: entry for entry in answer["to_do"]}
    assert to_do.keys() == {"treatment_still_open", "booking_to_cancel"}
    listed = patient.client.get("/v1/worklist").json["items"]
    assert [*to_do.values()] == listed
    (call,) = to_do["treatment_still_open"]["resolve_with"]
    assert (call["path"], call["body"]) == (f"{patient.path}/facts", {"kind": "treatment_ended"})
    assert answer["contraception"]["earliest_through_on"] == "2024-08-20"
    assert answer["contraception"]["status"] == "required"
    ended = {(reminder["kind"], reminder["about"]) for reminder in answer["reminders_ended"]}
    assert not ended & {(reminder["kind"], reminder["about"]) for reminder in answer["reminders_planned"]}
    # What the answer asks for resolves it.
    send(patient, "DELETE", "imaging-w12/booking")
    end = {"last_dose_on": "2024-02-20", "decided_on": "2024-02-20", "reason": "progression"}
    patient.record("treatment_ended", **end)
    assert patient.client.get("/v1/worklist").json["items"] == []


def test_a_dry_run_says_the_same_and_records_nothing(service: Service, patient: Patient) -> None:
    calls: list[tuple[str, str, Any]] = [
        ("PUT", "imaging-w12/booking", {"booked_on": "2024-04-05"}),
        ("PUT", "imaging-w6/result", {"done_on": "2024-02-06", "response": "PD"}),
        ("DELETE", "imaging-w12/booking", None),
    ]
    for method, address, body in calls:
        with service.unchanged():
            dry = send(patient, method, address, body, dry_run="true")
            assert (dry.status_code, "ETag" in dry.headers) == (200, False)
        done = send(patient, method, address, body)
        not_kept = {"fact_id": None, "recorded_at": None, "said_at": None}
        assert dry.json == {**done.json, "fact": {**done.json["fact"], **not_kept}}


def test_another_result_corrects_the_one_on_record_and_says_why(patient: Patient) -> None:
    first = result(patient, "imaging-w6", "2024-02-19", response="PD")["fact"]
    refused(send(patient, "PUT", "imaging-w6/result", {"done_on": "2024-02-19", "response": "SD"}), 422, "/reason")
    second = result(patient, "imaging-w6", "2024-02-19", response="SD", reason="read again: stable")["fact"]
    assert (second["replaces"], second["reason"]) == (first["fact_id"], "read again: stable")
    assert {row["visit"] for row in patient.client.get("/v1/visits").json["items"]} >= {"imaging-w12", "imaging-w18"}


def test_a_late_scan_is_confirmed_by_naming_its_visit(clock: Clock, patient: Patient) -> None:
    clock.set("2024-03-07T12:00:00+08:00")
    guessed = patient.record("visit_done", series="imaging", done_on="2024-02-24", response="SD")["fact"]
    body = {"done_on": "2024-02-24", "response": "SD"}
    confirmed = result(patient, "imaging-w6", **body)
    assert (confirmed["fact"]["replaces"], confirmed["visit"]["assigned"]) == (guessed["fact_id"], "named")
    assert result(patient, "imaging-w6", **body)["fact"] is None


def test_an_early_scan_becomes_the_visit_that_is_named_for_it(clock: Clock, patient: Patient) -> None:
    clock.set("2024-03-14T12:00:00+08:00")
    result(patient, "imaging-w6", "2024-02-19", response="PR")
    early = patient.record("visit_done", series="imaging", done_on="2024-03-13")["fact"]
    (row,) = patient.read("calendar")["unscheduled"]
    assert (row["fact_id"], row["suggested_visit"]) == (early["fact_id"], "imaging-w12")
    assert patient.read("visits/imaging-w12")["status"] == "upcoming"
    named = result(patient, "imaging-w12", "2024-03-13", response="SD")
    assert (named["fact"]["replaces"], named["visit"]["days_off"]) == (early["fact_id"], -7)


def test_a_response_is_added_without_a_reason_and_changed_with_one(patient: Patient) -> None:
    first = result(patient, "imaging-w6", "2024-02-19")["fact"]
    second = result(patient, "imaging-w6", "2024-02-19", response="SD")["fact"]
    assert (second["replaces"], second["reason"]) == (first["fact_id"], None)
    refused(send(patient, "PUT", "imaging-w6/result", {"done_on": "2024-02-19", "response": "PR"}), 422, "/reason")


def test_another_day_without_a_response_keeps_the_one_on_record_and_null_removes_it(patient: Patient) -> None:
    result(patient, "imaging-w6", "2024-02-19", response="PD")
    moved = result(patient, "imaging-w6", "2024-02-20", reason="the day was misread")
    assert (moved["fact"]["response"], moved["visit"]["response"], moved["warnings"]) == ("PD", "PD", [])
    assert result(patient, "imaging-w6", "2024-02-20")["fact"] is None
    refused(send(patient, "PUT", "imaging-w6/result", {"done_on": "2024-02-20", "response": None}), 422, "/reason")
    removed = result(patient, "imaging-w6", "2024-02-20", response=None, reason="to be read again")
    assert (removed["visit"]["response"], warned(removed)) == (None, ["no_response"])


def test_a_part_is_a_fact_and_the_same_again_names_what_is_on_record(patient: Patient) -> None:
    first = result(patient, "imaging-w6", "2024-02-19", response="NE")["fact"]
    scan = {"kind": "visit_done", "series": "imaging", "visit": "imaging-w6", "done_on": "2024-02-19"}
    again = patient.client.send("POST", f"{patient.path}/facts", {**scan, "response": "PD"})
    assert first["fact_id"] in refused(again, 409, "/done_on")["errors"][0]["detail"]
    part = patient.record(**scan, response="SD", part=True)["fact"]
    visit = patient.read("visits/imaging-w6")
    assert (visit["response"], visit["parts"]) == ("SD", 2)
    twice = patient.client.send("POST", f"{patient.path}/facts", {**scan, "response": "SD", "part": True})
    assert part["fact_id"] in refused(twice, 409, "/done_on")["errors"][0]["detail"]
    wrong = patient.client.send("POST", f"{patient.path}/facts", {**scan, "part": "true"})
    refused(wrong, 422, "/part")


def test_a_result_given_to_the_wrong_visit_is_told(clock: Clock, patient: Patient) -> None:
    clock.set("2024-03-28T12:00:00+08:00")
    assert warned(result(patient, "imaging-w6", "2024-03-27", response="SD")) == ["window_of_another"]
    assert warned(result(patient, "imaging-w12", "2024-03-28")) == ["no_response"]


def test_what_is_impossible_is_refused_as_a_fact_is(service: Service, patient: Patient, monitor: Client) -> None:
    with service.unchanged():
        refused(send(patient, "PUT", "imaging-w6/result", {"done_on": "2024-02-21"}), 422, "/done_on")
        refused(send(patient, "PUT", "imaging-w6/booking", {"booked_on": "2023-01-02"}), 422, "/booked_on")
        refused(send(patient, "PUT", "imaging-w6/booking", {"booked_on": None}), 422, "/booked_on")
        refused(
            send(patient, "PUT", "contraception-m1/result", {"done_on": "2024-02-20", "response": "SD"}),
            422,
            "/response",
        )
        for method, address, body in (
            ("PUT", "imaging-w5/booking", {"booked_on": "2024-02-21"}),
            ("DELETE", "imaging-w5/booking", None),
            ("PUT", "w6/result", {"done_on": "2024-02-20"}),
            ("GET", "imaging-w5", None),
        ):
            refused(send(patient, method, address, body), 404)
        theirs = Patient(monitor, patient.patient_id)
        refused(send(theirs, "PUT", "imaging-w6/booking", {"booked_on": "2024-02-21"}), 403)
        refused(send(theirs, "PUT", "imaging-w6/booking", {"booked_on": "2024-02-21"}, dry_run="true"), 403)


def test_if_match_keeps_two_nurses_from_overwriting_each_other(patient: Patient) -> None:
    tag = send(patient, "GET", "imaging-w12").headers["ETag"]
    first = send(patient, "PUT", "imaging-w12/booking", {"booked_on": "2024-03-27"}, {"If-Match": tag})
    assert first.status_code == 200
    other = {"booked_on": "2024-03-28"}
    refused(send(patient, "PUT", "imaging-w12/booking", other, {"If-Match": tag}), 412)
    # Who asks again for what is so already is told that it is, as if the first answer had not been lost.
    again = send(patient, "PUT", "imaging-w12/booking", {"booked_on": "2024-03-27"}, {"If-Match": tag})
    assert (again.status_code, again.json["fact"]) == (200, None)
    moved = send(patient, "PUT", "imaging-w12/booking", other, {"If-Match": first.headers["ETag"]})
    assert moved.json["visit"]["booked_on"] == "2024-03-28"


def test_one_visit_is_as_the_list_has_it_and_changes_with_the_site(coordinator: Client, patient: Patient) -> None:
    book(patient, "imaging-w12", "2024-03-27")
    for row in coordinator.get("/v1/visits").json["items"]:
        assert send(patient, "GET", row["visit"]).json == row
    far = send(patient, "GET", "imaging-w204").json
    assert (far["target_on"], far["status"]) == ("2027-12-01", "upcoming")
    assert far["suggested_days"][0] == "2027-12-01"
    tag = send(patient, "GET", "imaging-w12").headers["ETag"]
    assert send(patient, "GET", "imaging-w12", headers={"If-None-Match": tag}).status_code == 304
    coordinator.send("PUT", "/v1/sites/FUSCC/calendar", {"opening_days": ["monday"]})
    changed = send(patient, "GET", "imaging-w12", headers={"If-None-Match": tag})
    assert changed.json["suggested_days"] == ["2024-03-25", "2024-04-01"]
