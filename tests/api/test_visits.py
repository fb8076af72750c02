"""Visits of all patients: the same as looking through each patient's calendar, in every zone, on every day."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import holidays
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from service import Anew, Client, Patient, Service
from stories import Story, begin, stories, tell

from scheduler_api.engine.treatment.status import PATIENT_STATUSES
from scheduler_api.use_cases.projections import maintenance

STATUSES = ("done", "not_required", "upcoming", "open", "overdue", "missed")


HOLIDAYS = {"FUSCC": holidays.country_holidays("CN"), "BERLIN": holidays.country_holidays("DE")}
#: The orders, and the fields that say where a visit stands in each.
SORTS = {
    "closes_on": ("closes_on", "patient_id", "visit"),
    "opens_on": ("opens_on", "patient_id", "visit"),
    "target_on": ("target_on", "patient_id", "visit"),
    "booked_at": ("booked_on", "patient_id", "visit"),
    "subject": ("subject_number", "patient_id", "target_on", "visit"),
}


def everything(service: Service, client: Client, patients: list[str]) -> list[dict[str, Any]]:
    """The visits in the patients' calendars, with whose they are and what stands beside them in a list."""
    found = []
    for patient_id in patients:
        whose = Patient(client, patient_id).read()
        calendar = Patient(client, patient_id).read("calendar", from_="2023-08-01", to="2025-10-08")
        stands = {name: calendar["treatment"][name] for name in ("cycle", "cycle_day", "on_hold")}
        last = last_done(Patient(client, patient_id).read("facts", limit="200")["items"])
        for row in calendar["visits"]:
            owner = {name: whose[name] for name in ("patient_id", "subject_number")}
            done = last.get(row["series"], {})
            beside = {"last_done_on": done.get("done_on"), "last_response": done.get("response")}
            found.append({**row, **owner, **stands, **beside, "today": calendar["today"]})
    # A booking is on the clock of the site that it was made for, and takes a slot there.
    scans = [row for row in found if row["booked_on"] and row["series"] == "imaging"]
    booked = [row for row in scans if row["booked_time_zone"] == "Asia/Shanghai"]
    for row in found:
        to_do = row["status"] not in ("done", "not_required") and row["appointment"] is None
        row["closes_in_days"] = days_between(row["today"], row["closes_on"]) if to_do else None
        row["booked_days_off"] = row["booked_on"] and days_off(row, row["booked_on"])
        row["suggested_days"] = suggested(service, row, booked) if to_do else []
    return found


def last_done(facts: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Of each series the latest visit done on record, and of two on one day the one that was received later."""
    done = [fact for fact in facts if fact["kind"] == "visit_done" and fact["voided_by"] is None]
    treatment_position = [fact for fact in done if fact["fact_id"] not in {other["replaces"] for other in facts}]
    return {fact["series"]: fact for fact in sorted(treatment_position, key=lambda fact: fact["done_on"])}


def days_between(first: str, last: str) -> int:
    """From one day to another."""
    return (date.fromisoformat(last) - date.fromisoformat(first)).days


def days_off(row: dict[str, Any], day: str) -> int | None:
    """Days outside a window, negative for early; None without a window."""
    if row["opens_on"] is None:
        return None
    return min(days_between(row["opens_on"], day), 0) or max(days_between(row["closes_on"], day), 0)


def overdue_through(service: Service, row: dict[str, Any]) -> str:
    """The last day on which a visit is overdue, as the status says it."""
    sql = "SELECT overdue_through FROM visits WHERE patient_id = :patient_id AND visit = :visit"
    (found,) = service.store.rows(sql, {"patient_id": row["patient_id"], "visit": row["visit"]})
    return found["overdue_through"] or "9999-12-31"


def suggested(service: Service, row: dict[str, Any], booked: list[dict[str, Any]]) -> list[str]:
    """The days to suggest: by looking at every day, in the window or once that is past, and every scan at FUSCC."""
    own = (row["patient_id"], row["visit"])
    others = [other for other in booked if (other["patient_id"], other["visit"]) != own]
    taken = {other["booked_on"] for other in others if other["done_on"] in (None, other["booked_on"])}

    def can_be(day: date) -> bool:
        if row["site"] == "BERLIN":
            return day.weekday() == 0 and day not in HOLIDAYS["BERLIN"]
        return HOLIDAYS["FUSCC"].is_working_day(day) and (row["series"] != "imaging" or str(day) not in taken)

    opens_on, target_on = date.fromisoformat(row["opens_on"]), date.fromisoformat(row["target_on"])
    window = [opens_on + timedelta(n) for n in range(days_between(row["opens_on"], row["closes_on"]) + 1)]
    if row["status"] == "overdue":
        four_weeks = [date.fromisoformat(row["today"]) + timedelta(n) for n in range(28)]
        window = [day for day in four_weeks if str(day) <= overdue_through(service, row)]
    found = [day for day in window if str(day) >= row["today"] and can_be(day)]
    return [str(day) for day in sorted(found, key=lambda day: (abs(day - target_on), day))[:5]]


def looked_through(rows: list[dict[str, Any]], query: dict[str, str], now_at: dict[str, str]) -> list[dict[str, Any]]:
    """Return what a query asks for, found by looking at every visit; `now_at` is the site that has each patient."""

    def asked_for(row: dict[str, Any]) -> bool:
        booked = row["booked_on"] is not None and (row["done_on"] is not None or row["booked_on"] >= row["today"])
        return (
            (row["opens_on"] or row["booked_on"]) <= query["to"]
            and (row["closes_on"] or row["booked_on"]) >= query.get("from", "")
            and (row["booked_on"] is not None or not {"booked_from", "booked_to"} & {*query})
            and (row["booked_on"] or "") >= query.get("booked_from", "")
            and (row["booked_on"] or "") <= query.get("booked_to", "9")
            and (row["booked_on"] is not None or query.get("sort") != "booked_at")
            and row["series"] == query.get("series", row["series"])
            and row["status"] in query.get("status", row["status"]).split(",")
            and now_at[row["patient_id"]] == query.get("site", now_at[row["patient_id"]])
            and row["patient_id"] == query.get("patient", row["patient_id"])
            and booked == ({"true": True, "false": False}[query["booked"]] if "booked" in query else booked)
        )

    def place(row: dict[str, Any]) -> list[Any]:
        """Where a row stands: without a window by its booked day, and appointments by their instants."""
        if query.get("sort") == "booked_at":
            zone, at = ZoneInfo(row["booked_time_zone"]), time.fromisoformat(row["booked_time"] or "00:00")
            booked_from = datetime.combine(date.fromisoformat(row["booked_on"]), at, zone)
            return [booked_from.timestamp(), row["patient_id"], row["visit"]]
        days = ("opens_on", "closes_on", "target_on")
        columns = SORTS[query.get("sort", "closes_on")]
        return [row[name] or row["booked_on"] if name in days else row[name] for name in columns]

    return sorted(filter(asked_for, rows), key=place)


def read_all(client: Client, query: dict[str, str], limit: int) -> list[dict[str, Any]]:
    """All pages of `/v1/visits`."""
    found, cursor = [], {}
    while True:
        answer = client.send("GET", "/v1/visits", query={**query, **cursor, "limit": str(limit)})
        assert answer.status_code == 200, answer.text
        found += answer.json["items"]
        if answer.json["next_cursor"] is None:
            return found
        cursor = {"cursor": answer.json["next_cursor"]}


def queries(chance: random.Random, today: date, patients: list[str]) -> Iterator[dict[str, str]]:
    """Many questions, among them what a nurse asks for each morning."""
    horizon = today + timedelta(398)
    yield {"series": "imaging", "status": "open,upcoming", "to": str(horizon)}
    yield {"status": "overdue", "to": str(horizon)}
    for _ in range(20):
        query = {"to": str(today + timedelta(chance.choice([0, 1, 7, 60, 398])))}
        if chance.random() < 0.5:
            query["from"] = str(date.fromisoformat(query["to"]) - timedelta(chance.choice([0, 1, 30, 400])))
        if chance.random() < 0.4:
            query["series"] = chance.choice(["imaging", "contraception", "clinic", "none"])
        if chance.random() < 0.6:
            query["status"] = ",".join(chance.sample(STATUSES, chance.randint(1, 6)))
        if chance.random() < 0.3:
            query["site"] = "FUSCC"
        if chance.random() < 0.2:
            query["patient"] = chance.choice(patients)
        if chance.random() < 0.3:
            query["booked"] = chance.choice(["true", "false"])
        if chance.random() < 0.2:
            query["booked_from"] = str(today - timedelta(chance.choice([0, 7, 100])))
        if chance.random() < 0.2:
            query["booked_to"] = str(today + timedelta(chance.choice([0, 7, 100])))
        if chance.random() < 0.5:
            query["sort"] = chance.choice([*SORTS])
        yield query


@given(lives=st.lists(stories(), min_size=10, max_size=16), chance=st.randoms(use_true_random=False))
@settings(max_examples=6, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
def test_a_list_is_what_looking_through_all_calendars_finds(
    amended_trial: Anew, lives: list[Story], chance: random.Random
) -> None:
    with amended_trial() as service:
        coordinator, nurse = service.client("coordinator"), service.client("nurse")
        one_a_day = {"opening_days": ["monday", "tuesday", "wednesday", "thursday", "friday"], "slots_per_day": 1}
        assert coordinator.send("PUT", "/v1/sites/FUSCC/calendar", one_a_day).status_code == 200
        for story in lives:
            patient = begin(coordinator, service.clock, story)
            known = [patient.read("facts")["items"][0]]
            for step in story.steps:
                answer = tell(patient, service.clock, step, known)
                if answer is not None and answer.status_code == 201:
                    known.append(answer.json["fact"])
        patients = [row["patient_id"] for row in service.store.rows("SELECT patient_id FROM patients")]
        for instant in ("2024-02-13T23:30", "2024-05-21T10:30", "2024-08-31T11:00"):
            service.clock.set(f"{instant}:00+00:00")
            maintenance.extend_horizons(service.store, service.clock())
            rows = everything(service, coordinator, patients)
            now_at = {one: coordinator.get(f"/v1/patients/{one}").json["site"] for one in patients}
            for query in queries(chance, service.clock.now.date(), patients):
                expected = looked_through(rows, query, now_at)
                assert read_all(coordinator, query, 23) == expected
                assert read_all(nurse, query, 200) == [row for row in expected if now_at[row["patient_id"]] == "FUSCC"]
            maintenance.rebuild(service.store, service.clock())
            assert read_all(coordinator, query, 200) == expected
            alone = [coordinator.get(f"/v1/patients/{patient_id}").json for patient_id in patients]
            for status in PATIENT_STATUSES:
                listed = coordinator.get("/v1/patients", status=status, limit=200).json["items"]
                with_status = [patient for patient in alone if patient["status"] == status]
                assert listed == sorted(with_status, key=lambda patient: patient["subject_number"])


def test_rows_reach_as_far_as_they_say(service: Service, coordinator: Client) -> None:
    """A question beyond is refused; one that reaches as far as it may is answered in full, also just after midnight."""
    service.clock.set("2024-02-20T23:59:00+00:00")
    patient = coordinator.enrol(time_zone="Pacific/Kiritimati")
    for _ in range(2):
        last = service.clock.now.date() + timedelta(399)
        while coordinator.get("/v1/visits", to=str(last)).status_code == 422:
            last -= timedelta(1)
        assert last >= service.clock.now.date() + timedelta(398)
        rows = coordinator.get("/v1/visits", to=str(last), limit="200").json["items"]
        calendar = patient.read("calendar", from_="2024-01-01", to=str(last))
        assert [row["visit"] for row in rows] == [row["visit"] for row in calendar["visits"]]
        service.clock.set("2024-03-30T00:00:00+00:00")
        maintenance.extend_horizons(service.store, service.clock())


def test_statuses_change_at_each_patients_own_midnight(service: Service, coordinator: Client) -> None:
    """imaging-w6 is open through 2024-02-21, wherever the patient lives."""
    for number, zone in enumerate(("Pacific/Kiritimati", "Asia/Shanghai", "Europe/Berlin", "Pacific/Niue")):
        coordinator.enrol(subject_number=f"0{number}", time_zone=zone)
    seen = []
    for instant in ("21T09:59", "21T10:00", "21T15:59", "21T16:00", "21T22:59", "21T23:00", "22T10:59", "22T11:00"):
        service.clock.set(f"2024-02-{instant}:59+00:00" if instant[-1] == "9" else f"2024-02-{instant}:00+00:00")
        seen.append(len(coordinator.get("/v1/visits", status="open", to="2024-03-01").json["items"]))
    assert seen == [4, 3, 3, 2, 2, 1, 1, 0]


@pytest.mark.parametrize("status", ["open,open", "open,upcoming", "upcoming,open,missed"])
def test_several_statuses(coordinator: Client, status: str) -> None:
    coordinator.enrol()
    found = coordinator.get("/v1/visits", status=status).json["items"]
    assert {row["status"] for row in found} == set(status.split(",")) - {"missed"}
