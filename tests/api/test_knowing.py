"""Whatever is told of a patient, in whatever order: what was known then, what moved, and what a preview says."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import assume, given
from service import Anew, Client, Patient, Service
from stories import Story, begin, stories, tell

from scheduler_api.use_cases.projections import maintenance

#: All days of the stories, in one calendar.
SPAN = {"from_": "2023-08-01", "to": "2025-10-08"}
#: What the service notes in a fact when it receives it.
NOTED = {"visit_booked": {"site", "time_zone"}, "visit_done": {"progression"}}
_MOVES = (
    *("target_on", "opens_on", "closes_on", "status", "booked_on", "done_on", "days_off", "response", "provisional"),
)


def live(service: Service, story: Story) -> tuple[Patient, list[tuple[dict[str, Any], Any, Any]]]:
    """Tell a story; for each fact that was taken: the answer, and the calendar before and after it."""
    patient = begin(service.client("coordinator"), service.clock, story)
    heard = []
    known = [patient.read("facts")["items"][0]]
    for step in story.steps:
        before = patient.read("calendar", **SPAN)
        answer = tell(patient, service.clock, step, known)
        if answer is not None and answer.status_code == 201:
            heard.append((answer.json, before, patient.read("calendar", **SPAN)))
            known.append(answer.json["fact"])
        elif answer is not None:
            assert answer.status_code in (409, 422)
    return patient, heard


# What these show is computed above the database; that facts are read as they were written is tested on both.
above_the_database = pytest.mark.only("sqlite")


@above_the_database
@given(story=stories())
def test_what_was_known_then_can_be_asked_for_ever(amended_trial: Anew, story: Story) -> None:
    with amended_trial() as service:
        patient, heard = live(service, story)
        service.clock.now += timedelta(days=100)
        for answer, _, after in heard:
            then = answer["fact"]["recorded_at"]
            assert patient.read("calendar", **SPAN, known_at=then) == after
            adherence = patient.read("adherence", known_at=then)
            assert {name: adherence[name] for name in after["adherence"]} == after["adherence"]
            assert adherence["today"] == after["today"]
        assert list(maintenance.verify(service.store)) == []


@above_the_database
@given(story=stories(8))
def test_consequences_are_what_moved_in_the_calendar(amended_trial: Anew, story: Story) -> None:
    with amended_trial() as service:
        _, heard = live(service, story)
    for answer, before, after in heard:
        if before["today"] != after["today"]:
            # Time went on too; what the fact moved cannot be told from the two calendars.
            continue
        moved = {entry["what"]: entry for entry in answer["consequences"]}
        # What is told reaches 400 days ahead, what is seen here to the end of the span.
        reach = min(str(date.fromisoformat(after["today"]) + timedelta(398)), SPAN["to"])
        was, now = ({row["visit"]: row for row in seen["visits"]} for seen in (before, after))
        for visit in was.keys() | now.keys():
            one, other = was.get(visit), now.get(visit)
            said = moved.get(f"visit {visit}")
            told = (said["before"], said["after"]) if said else ()
            days = [row["opens_on"] or row["booked_on"] for row in (one, other) if row]
            if max(days + [row["opens_on"] for row in told if row and row.get("opens_on")]) > reach:
                continue
            if one is None or other is None:
                assert said is not None
                assert (said["before"] is None, said["after"] is None) == (one is None, other is None)
            else:
                changed = {name for name in _MOVES if one[name] != other[name]}
                assert changed == (said["after"].keys() if said else set())
                for name in changed:
                    assert said is not None
                    assert (said["before"][name], said["after"][name]) == (one[name], other[name])
        for part in ("treatment", "contraception"):
            changed = {name for name in after[part] if before[part][name] != after[part][name]} - {"because"}
            assert changed == (moved[part]["after"].keys() if part in moved else set())
        assert ("status" in moved) == (before["status"] != after["status"])


@above_the_database
@given(story=stories())
def test_a_preview_of_the_same_facts_is_the_stored_calendar(amended_trial: Anew, story: Story) -> None:
    with amended_trial() as service:
        patient, _ = live(service, story)
        _a_preview_is_the_stored_calendar(service, patient)


def _a_preview_is_the_stored_calendar(service: Service, patient: Patient) -> None:
    facts = patient.read("facts")["items"]
    # What a month or a year stands for follows from when it was received: a preview receives all today.
    assume(all(len(value) == 10 for fact in facts for name, value in fact.items() if name.endswith("_on") and value))
    place = {fact["fact_id"]: str(number) for number, fact in enumerate(facts)}
    sent = []
    for fact in facts[1:]:
        ours = {"fact_id", "recorded_at", "said_at", "sent", "recorded_by", "voided_by"} | NOTED.get(
            fact["kind"], set()
        )
        data = {name: value for name, value in fact.items() if name not in ours}
        for name in ("replaces", "voids"):
            if data.get(name) is not None:
                data[name] = place[data[name]]
        if data["kind"] == "voided":
            del data["replaces"]
        sent.append(data)
    stored = patient.read("calendar")
    names = ("subject_number", "site", "enrolled_on", "planned_first_dose_on", "sex", "fertility", "basis", "time_zone")
    body = {
        "protocol": facts[0]["protocol"],
        "patient": {name: facts[0][name] for name in names if name in facts[0]},
        "facts": sent,
        "today": stored["today"],
    }
    with service.unchanged():
        answer = patient.client.post("/v1/previews", body)
    assert answer.status_code == 200, answer.text
    # A preview numbers the facts that it is sent.
    unscheduled = [{**row, "fact_id": place[row["fact_id"]]} for row in stored["unscheduled"]]
    assert answer.json == {**stored, "patient_id": None, "unscheduled": unscheduled}


def test_another_day_filters_no_facts(coordinator: Client) -> None:
    patient = coordinator.enrol()
    patient.record("treatment_started", first_dose_on="2024-01-05")
    patient.record("progressed", progressed_on="2024-02-10", basis="clinical")
    visit = patient.read("calendar", today="2024-01-10", to="2024-06-01")["visits"][0]
    assert (visit["visit"], visit["status"], visit["because"][-21:]) == (
        "imaging-w6",
        "not_required",
        "progressed 2024-02-10",
    )


def test_known_at_sets_today_unless_it_is_given(service: Service, coordinator: Client) -> None:
    """In Shanghai the instant of the fact was already the 21st."""
    service.clock.set("2024-02-20T17:00:00+00:00")
    patient = coordinator.enrol()
    then = patient.record("treatment_started", first_dose_on="2024-01-05")["fact"]["recorded_at"]
    service.clock.set("2024-03-20T17:00:00+00:00")
    patient.record("progressed", progressed_on="2024-02-10", basis="clinical")
    assert patient.read("calendar", known_at=then)["today"] == "2024-02-21"
    seen = patient.read("calendar", known_at=then, today="2024-03-01", from_="2024-01-01")
    assert (seen["today"], seen["visits"][0]["status"]) == ("2024-03-01", "overdue")
    assert patient.read("calendar", known_at="2024-02-20T16:59:00-01:00")["visits"][0]["status"] == "open"
