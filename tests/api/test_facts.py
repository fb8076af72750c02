"""Recording: each kind with what it moves, dry runs, corrections, voids, and the history that keeps all of it."""

from __future__ import annotations

from typing import Any

import pytest
from service import Client, Clock, Patient, Service, refused

from .inputs import NEW_FACT


def moved(answer: dict[str, Any]) -> dict[str, Any]:
    """What a fact moved, by what: before and after."""
    assert all(entry["because"] for entry in answer["consequences"])
    found = {entry["what"]: (entry["before"], entry["after"]) for entry in answer["consequences"]}
    assert len(found) == len(answer["consequences"])
    return found


def test_the_start_of_treatment_moves_cycles_and_ends_being_provisional(nurse: Client) -> None:
    found = moved(nurse.enrol().record("treatment_started", first_dose_on="2024-01-05"))
    assert found["status"] == ({"status": "enrolled"}, {"status": "on_treatment"})
    before, after = found["cycle 2"]
    assert (before["starts_on"], after["starts_on"]) == ("2024-01-24", "2024-01-26")
    assert (before["provisional"], after["provisional"]) == (True, False)
    assert not [what for what in found if what.startswith("visit")]


def test_a_dose_moves_the_last_dose_and_contraception_with_it(patient: Patient) -> None:
    found = moved(patient.record("dose_recorded", dose_on="2024-02-19", status="taken"))
    assert found == {"treatment": ({"last_dose_on": "2024-01-05"}, {"last_dose_on": "2024-02-19"})}
    ended = moved(patient.record("treatment_ended", last_dose_on="2024-02-19", decided_on="2024-02-19", reason="other"))
    assert ended["contraception"][1]["through_on"] == "2024-08-19"
    late = moved(patient.record("dose_recorded", dose_on="2024-02-20", status="taken", amount=300))
    assert late["contraception"] == ({"through_on": "2024-08-19"}, {"through_on": "2024-08-20"})
    assert late["visit contraception-m1"][1]["target_on"] == "2024-03-20"


def test_a_missed_dose_and_an_earlier_one_move_nothing(patient: Patient) -> None:
    patient.record("dose_recorded", dose_on="2024-02-10", status="taken")
    assert moved(patient.record("dose_recorded", dose_on="2024-02-09", status="taken")) == {}
    assert moved(patient.record("dose_recorded", dose_on="2024-02-11", status="missed")) == {}


def test_a_hold_does_not_move_imaging_windows_or_cycles(patient: Patient) -> None:
    planned = {"through_on": None, "amount": 300, "held": False, "days": None}
    assert moved(patient.record("hold_started", from_on="2024-02-10")) == {
        "treatment": ({"on_hold": False}, {"on_hold": True}),
        "doses from 2024-01-05": ({"through_on": None}, {"through_on": "2024-02-09"}),
        "doses from 2024-02-10": (None, {**planned, "amount": None, "held": True}),
    }
    assert moved(patient.record("hold_ended", resumes_on="2024-02-17")) == {
        "treatment": ({"on_hold": True}, {"on_hold": False}),
        "doses from 2024-02-10": ({"through_on": None}, {"through_on": "2024-02-16"}),
        "doses from 2024-02-17": (None, planned),
    }


def test_a_changed_dose_is_that_of_today_or_of_the_day_it_begins(patient: Patient) -> None:
    found = moved(patient.record("dose_changed", from_on="2024-02-20", amount=250, reason="hypertension"))
    assert found["treatment"] == ({"amount": 300}, {"amount": 250})
    assert moved(patient.record("dose_changed", from_on="2024-02-21", amount=200)) == {
        "doses from 2024-02-20": ({"through_on": None}, {"through_on": "2024-02-20"}),
        "doses from 2024-02-21": (None, {"through_on": None, "amount": 200, "held": False, "days": None}),
    }


def test_bookings_replace_and_cancel_one_another(patient: Patient) -> None:
    first = moved(patient.record("visit_booked", visit="imaging-w6", booked_on="2024-02-21", time="09:30"))
    assert first == {"visit imaging-w6": ({"booked_on": None}, {"booked_on": "2024-02-21"})}
    later = moved(patient.record("visit_booked", visit="imaging-w6", booked_on="2024-02-20"))
    assert later == {"visit imaging-w6": ({"booked_on": "2024-02-21"}, {"booked_on": "2024-02-20"})}
    none = moved(patient.record("visit_booked", visit="imaging-w6", booked_on=None))
    assert none == {"visit imaging-w6": ({"booked_on": "2024-02-20"}, {"booked_on": None})}


def test_a_scan_is_done_and_progression_ends_the_series(patient: Patient) -> None:
    done = moved(patient.record("visit_done", series="imaging", done_on="2024-02-19", response="SD"))
    assert done == {
        "visit imaging-w6": (
            {"status": "open", "done_on": None, "days_off": None, "response": None},
            {"status": "done", "done_on": "2024-02-19", "days_off": 0, "response": "SD"},
        )
    }
    ended = moved(patient.record("progressed", progressed_on="2024-02-19", basis="clinical"))
    assert "visit imaging-w6" not in ended
    assert {what for what, (_, after) in ended.items() if after is None} >= {"visit imaging-w12", "visit imaging-w54"}


def test_progression_on_a_scan_and_new_therapy_end_imaging_alike(nurse: Client) -> None:
    gone = []
    for number, (kind, data) in enumerate(
        [
            ("visit_done", {"series": "imaging", "done_on": "2024-02-14", "response": "PD"}),
            ("progressed", {"progressed_on": "2024-02-14", "basis": "radiological"}),
            ("new_therapy_started", {"started_on": "2024-02-14"}),
        ]
    ):
        found = moved(nurse.enrol(subject_number=f"10{number}").record(kind, **data))
        gone.append({what for what, (_, after) in found.items() if after is None})
    assert gone[0] == gone[1] == gone[2] != set()


def test_the_end_of_treatment_brings_contraception_follow_up(patient: Patient) -> None:
    found = moved(
        patient.record("treatment_ended", last_dose_on="2024-02-16", decided_on="2024-02-18", reason="intolerance")
    )
    assert found["status"] == ({"status": "on_treatment"}, {"status": "follow_up"})
    assert found["contraception"][1]["through_on"] == "2024-08-16"
    assert found["visit contraception-m1"][0] is None
    assert [found[f"visit contraception-m{month}"][1]["target_on"] for month in (1, 6)] == ["2024-03-16", "2024-08-16"]
    assert found["cycle 4"][1] is None
    assert "visit imaging-w12" not in found


def test_death_ends_everything(patient: Patient) -> None:
    found = moved(patient.record("study_ended", ended_on="2024-02-18", reason="death"))
    assert found["status"] == ({"status": "on_treatment"}, {"status": "off_study"})
    assert found["contraception"][1]["status"] == "released"
    assert found["visit imaging-w12"][1] is None
    assert found["visit imaging-w6"] == ({"status": "open"}, {"status": "not_required"})


def test_fertility_ends_contraception(patient: Patient) -> None:
    data = {"fertility": "not_fertile", "basis": "sterilisation", "from_on": "2024-02-10"}
    assert moved(patient.record("fertility_changed", **data))["contraception"][1]["through_on"] == "2024-02-09"


def test_an_amendment_moves_visits_from_its_day_on(patient: Patient, admin: Client) -> None:
    definition = admin.get("/v1/protocols/nct06110650/versions/1").json
    imaging, contraception = definition["visits"]
    second = {**definition, "version": 2, "sources": {}, "visits": [{**imaging, "every": {"weeks": 8}}, contraception]}
    assert admin.post("/v1/protocols", second).status_code == 201
    admin.approve()
    found = moved(patient.record("protocol_amended", version=2, from_on="2024-03-01"))
    assert "visit imaging-w6" not in found
    assert found["visit imaging-w12"][1] is None
    assert found["visit imaging-w16"][1]["target_on"] == "2024-04-24"
    assert patient.read()["protocol"] == {"id": "nct06110650", "version": 1}
    assert patient.read("calendar", today="2024-03-01")["protocol"] == {"id": "nct06110650", "version": 2}


def test_a_change_of_time_zone_moves_no_date_but_today(patient: Patient, clock: Clock) -> None:
    clock.set("2024-02-21T20:00:00+00:00")
    before = patient.read("calendar", from_="2024-01-01")
    assert (before["today"], before["visits"][0]["status"]) == ("2024-02-22", "overdue")
    assert moved(patient.record("time_zone_changed", time_zone="America/New_York")) == {}
    after = patient.read("calendar", from_="2024-01-01", to=before["to"])
    assert (after["today"], after["visits"][0]["status"]) == ("2024-02-21", "open")
    assert patient.read("calendar", from_="2024-01-01", to=before["to"], today="2024-02-22") == {
        **before,
        "time_zone": "America/New_York",
    }


@pytest.mark.parametrize("kind", NEW_FACT)
def test_a_dry_run_answers_the_same_and_records_nothing(service: Service, nurse: Client, kind: str) -> None:
    patient = nurse.enrol()
    if kind == "site_transferred":
        patient = Patient(service.client("coordinator"), patient.patient_id)
    data = dict(NEW_FACT[kind])
    if kind == "hold_ended":
        patient.record("hold_started", from_on="2024-02-01")
    if kind == "pregnancy_closed":
        patient.record("pregnancy_reported", **NEW_FACT["pregnancy_reported"])
    if kind == "voided":
        data["voids"] = patient.record("dose_recorded", dose_on="2024-02-01", status="taken")["fact"]["fact_id"]
    version = patient.get().headers["ETag"]
    with service.unchanged():
        dry = patient.send(kind, dry_run=True, **data)
    assert dry.status_code == 200
    assert patient.get().headers["ETag"] == version
    real = patient.record(kind, **data)
    assert dry.json["consequences"] == real["consequences"]
    # What never came to be has no id and no instant.
    assert dry.json["fact"] == {**real["fact"], "fact_id": None, "recorded_at": None, "said_at": None}
    assert real["fact"] == patient.read("facts")["items"][-1]
    assert {name: real["fact"].get(name) for name in data} == data


def test_the_history_keeps_what_was_corrected_and_voided_and_why(patient: Patient, coordinator: Client) -> None:
    other = Patient(coordinator, patient.patient_id)
    wrong = patient.record("dose_recorded", dose_on="2024-02-10", status="taken", amount=600, note="two boxes")
    right = other.record(
        "dose_recorded", dose_on="2024-02-10", status="taken", replaces=wrong["fact"]["fact_id"], reason="miscounted"
    )
    hold = patient.record("hold_started", from_on="2024-02-11", reason="rash", resumes_on="2024-02-12")
    hold_again = patient.record(
        "hold_started",
        from_on="2024-02-12",
        resumes_on="2024-02-13",
        reason="rash",
        replaces=hold["fact"]["fact_id"],
        correction_reason="wrong day",
    )
    void = other.record("voided", voids=hold_again["fact"]["fact_id"], reason="another patient's")
    history = patient.read("facts")["items"]
    assert [fact["kind"] for fact in history] == [
        "registered",
        "enrolled",
        "treatment_started",
        "dose_recorded",
        "dose_recorded",
        "hold_started",
        "hold_started",
        "voided",
    ]
    registered, enrolled, started, first, second, one, two, gone = history
    assert [fact["voided_by"] for fact in (registered, enrolled, started, second, gone)] == [None] * 5
    assert first == {**wrong["fact"], "voided_by": right["fact"]["fact_id"]}
    assert (second["replaces"], second["reason"]) == (first["fact_id"], "miscounted")
    assert second["recorded_by"] == {"role": "coordinator", "name": "coordinator"}
    assert one["voided_by"] == two["fact_id"]
    assert (two["reason"], two["correction_reason"], two["voided_by"]) == ("rash", "wrong day", void["fact"]["fact_id"])
    assert (gone["voids"], gone["reason"]) == (two["fact_id"], "another patient's")
    moments = [fact["recorded_at"] for fact in history]
    assert moments == sorted(moments)
    assert registered["protocol"] == {"id": "nct06110650", "version": 1}


def test_voiding_a_correction_does_not_revive_what_it_corrected(patient: Patient) -> None:
    wrong = patient.record("dose_recorded", dose_on="2024-02-10", status="taken")["fact"]["fact_id"]
    right = patient.record("dose_recorded", dose_on="2024-02-10", status="missed", replaces=wrong, reason="typo")
    patient.record("voided", voids=right["fact"]["fact_id"], reason="nobody knows")
    (day,) = patient.read("calendar", from_="2024-02-10", to="2024-02-10")["doses"]
    assert day["status"] == "unrecorded"


def test_a_correction_may_take_the_place_of_the_only_start(patient: Patient) -> None:
    start = patient.read("facts")["items"][-1]["fact_id"]
    refused(patient.send("treatment_started", first_dose_on="2024-01-08"), 409, "/kind")
    answer = patient.record("treatment_started", first_dose_on="2024-01-08", replaces=start, reason="typo")
    assert moved(answer)["cycle 2"][1]["starts_on"] == "2024-01-29"


def test_facts_of_a_moment_keep_their_order(service: Service, patient: Patient) -> None:
    """A clock that stands still or goes back changes nothing in the order of receipt."""
    for day, instant in enumerate(["2024-02-20T05:00:00Z", "2024-02-20T04:30:00Z", "2024-02-20T04:30:00Z"], 10):
        service.clock.set(instant.replace("Z", "+00:00"))
        patient.record("dose_recorded", dose_on=f"2024-02-{day}", status="taken")
    facts = patient.read("facts")["items"]
    assert [fact.get("dose_on") for fact in facts[-3:]] == ["2024-02-10", "2024-02-11", "2024-02-12"]
    moments = [fact["recorded_at"] for fact in facts]
    assert len(set(moments)) == len(moments)
    service.clock.set("2024-02-21T04:00:00+00:00")
    known = [patient.read("adherence", known_at=moment)["taken"] for moment in moments]
    assert known == [0, 0, 0, 1, 2, 3]


def test_the_answer_names_the_deviations_that_a_fact_makes(patient: Patient) -> None:
    """In a dry run and in a correction too; what the fact leaves as it was, or mends, is not named."""

    def made(answer: Any) -> list[tuple[str, str, str, str | None]]:
        return [(one["kind"], one["on"], one["planned"], one["actual"]) for one in answer["deviations"]]

    dose = {"kind": "dose_recorded", "dose_on": "2024-02-10", "status": "taken"}
    above = [
        ("dose_above_plan", "2024-02-10", "300 mg", "600 mg"),
        ("dose_amount", "2024-02-10", "300 mg", "600 mg"),
    ]
    path = f"/v1/patients/{patient.patient_id}/facts"
    assert made(patient.client.post(path, {**dose, "amount": 600}, dry_run="true").json) == above
    wrong = patient.record(**dose, amount=600)
    assert made(wrong) == above
    assert made(patient.record("dose_recorded", dose_on="2024-02-11", status="taken")) == []
    again = patient.record(**dose, amount=250, replaces=wrong["fact"]["fact_id"], reason="typo")
    assert made(again) == [("dose_amount", "2024-02-10", "300 mg", "250 mg")]
    right = patient.record(**dose, amount=300, replaces=again["fact"]["fact_id"], reason="typo")
    assert made(right) == []
    # A change that is recorded late makes deviations of what was taken before it was.
    late = patient.record("dose_changed", from_on="2024-02-11", amount=200, reason="toxicity")
    assert made(late) == [
        ("dose_above_plan", "2024-02-11", "200 mg", "300 mg"),
        ("dose_amount", "2024-02-11", "200 mg", "300 mg"),
    ]
    assert made(patient.record("visit_done", series="imaging", done_on="2024-02-01", visit="imaging-w6")) == [
        ("visit_early", "2024-02-01", "2024-02-07/2024-02-21", "2024-02-01")
    ]


def test_a_deviation_of_a_visit_before_enrolment_is_listed(patient: Patient) -> None:
    answer = patient.record("visit_done", series="imaging", done_on="2023-12-20", visit="imaging-w6")
    assert [one["kind"] for one in answer["deviations"]] == ["visit_early"]
    assert patient.read("deviations")["items"] == answer["deviations"]
