"""A patient's days: recorded, changed and taken back, a week back and never ahead; the site's record stands."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from service import Client, Clock, Patient, Service, refused

from scheduler_api.use_cases.projections import maintenance

from .phones import Phone, dose, history

#: An hour ago by a phone's clock.
AT = "2024-02-20T11:00:00+08:00"


def kept(answer: Any, outcome: str) -> Any:
    """Check what came of it; the id of the fact."""
    assert answer.status_code == 200, answer.text
    assert answer.json["outcome"] == outcome
    return answer.json["fact_id"]


def of_day(patient: Patient, dose_on: str) -> list[tuple[str, str, bool]]:
    """The records of a day in order: by whom, what, and whether it stands."""
    return [
        (fact["recorded_by"]["role"], fact["status"], fact["voided_by"] is None)
        for fact in history(patient)
        if fact["kind"] == "dose_recorded" and fact["dose_on"] == dose_on
    ]


def number_of_facts(patient: Patient) -> int:
    """How many facts there are of a patient."""
    return len(history(patient))


class TestRepeating:
    """A phone on a bad line sends everything again: nothing happens twice."""

    @pytest.mark.parametrize(
        "said",
        [
            {"status": "missed"},
            {"status": "missed", "note": "forgot\nin the train"},
            {"status": "taken", "amount": 300},
            {"status": "taken", "amount": 250.5, "taken_at": "2024-02-19T21:00:00+08:00", "note": "恶心 🤢"},
        ],
    )
    def test_the_same_again_changes_nothing(self, phone: Phone, said: dict[str, Any]) -> None:
        said["said_at"] = AT
        first = kept(phone.record("2024-02-19", **said), "recorded")
        tag, facts = phone.get("today").headers["ETag"], number_of_facts(phone.patient)
        for _ in range(3):
            assert kept(phone.record("2024-02-19", **said), "already_recorded") == first
        assert number_of_facts(phone.patient) == facts
        assert phone.get("today", {"If-None-Match": tag}).status_code == 304
        (fact,) = [fact for fact in history(phone.patient) if fact["fact_id"] == first]
        assert all(fact[name] == said[name] for name in said if name not in ("taken_at", "said_at"))
        assert datetime.fromisoformat(fact["said_at"]) == datetime.fromisoformat(AT)

    def test_the_same_instant_written_otherwise_is_the_same(self, phone: Phone) -> None:
        one = {"taken_at": "2024-02-19T21:00:00+08:00", "said_at": AT}
        other = {"taken_at": "2024-02-19T13:00:00.000Z", "said_at": "2024-02-20T03:00:00Z"}
        first = kept(phone.record("2024-02-19", **one), "recorded")
        assert kept(phone.record("2024-02-19", **other), "already_recorded") == first

    def test_the_same_said_later_is_another_word(self, phone: Phone) -> None:
        first = kept(phone.record("2024-02-19", said_at=AT), "recorded")
        assert kept(phone.record("2024-02-19"), "recorded") != first

    def test_taking_back_again_changes_nothing(self, phone: Phone) -> None:
        phone.record("2024-02-19", said_at="2024-02-20T10:59:00+08:00")
        first = kept(phone.take_back("2024-02-19", AT), "recorded")
        facts = number_of_facts(phone.patient)
        for _ in range(3):
            assert kept(phone.take_back("2024-02-19", AT), "already_recorded") == first
        assert number_of_facts(phone.patient) == facts

    def test_sent_many_times_at_once_it_is_one_record(self, service: Service, phone: Phone) -> None:
        calls: list[Callable[[], Any]] = [lambda: phone.record("2024-02-19", said_at=AT) for _ in range(6)]
        answers = service.at_once(*calls)
        assert sorted(answer.json["outcome"] for answer in answers) == ["already_recorded"] * 5 + ["recorded"]
        assert len({answer.json["fact_id"] for answer in answers}) == 1
        assert of_day(phone.patient, "2024-02-19") == [("patient", "taken", True)]

    def test_two_phones_that_say_the_same_make_one_record(self, service: Service, phone: Phone) -> None:
        other = Phone(service, phone.patient, "Tablet")
        first = kept(phone.record("2024-02-19", said_at=AT), "recorded")
        assert kept(other.record("2024-02-19", said_at=AT), "already_recorded") == first


class TestCorrecting:
    """The patient changes a record; the history keeps what it was."""

    def test_the_latest_counts_and_all_are_kept(self, phone: Phone) -> None:
        for status in ("taken", "missed", "taken"):
            kept(phone.record("2024-02-19", status), "recorded")
            assert phone.status_of("2024-02-19") == status
        assert of_day(phone.patient, "2024-02-19") == [
            ("patient", "taken", True),
            ("patient", "missed", True),
            ("patient", "taken", True),
        ]

    def test_another_amount_or_note_is_a_change(self, phone: Phone) -> None:
        kept(phone.record("2024-02-19"), "recorded")
        kept(phone.record("2024-02-19", amount=200), "recorded")
        kept(phone.record("2024-02-19", amount=200, note="two capsules fell down"), "recorded")
        row = phone.read("calendar", from_="2024-02-19", to="2024-02-19")["doses"][0]
        assert (row["amount"], row["taken_amount"]) == (300, 200)

    def test_taken_back_nothing_said_before_of_the_day_stands(self, phone: Phone) -> None:
        phone.record("2024-02-19")
        phone.record("2024-02-19", "missed")
        kept(phone.take_back("2024-02-19"), "recorded")
        assert phone.status_of("2024-02-19") == "unrecorded"
        assert len(of_day(phone.patient, "2024-02-19")) == 2
        kept(phone.record("2024-02-19"), "recorded")
        assert phone.status_of("2024-02-19") == "taken"

    def test_other_days_stay_as_they_are(self, phone: Phone) -> None:
        for day in ("2024-02-17", "2024-02-18", "2024-02-19"):
            phone.record(day)
        phone.take_back("2024-02-18")
        assert [phone.status_of(f"2024-02-{day}") for day in (17, 18, 19)] == ["taken", "unrecorded", "taken"]


class TestReach:
    """Seven days back in the patient's own time zone, and not ahead."""

    @pytest.mark.parametrize(
        ("time_zone", "now"),
        [
            ("Asia/Shanghai", "2024-02-20T12:00:00+08:00"),
            # In UTC it is still the day before, or already the next.
            ("Asia/Shanghai", "2024-02-20T00:00:01+08:00"),
            ("Asia/Shanghai", "2024-02-20T23:59:58+08:00"),
            ("America/Los_Angeles", "2024-02-20T00:00:01-08:00"),
            ("America/Los_Angeles", "2024-02-20T17:00:00-08:00"),
            ("Pacific/Kiritimati", "2024-02-20T01:00:00+14:00"),
            ("Pacific/Niue", "2024-02-20T23:00:00-11:00"),
        ],
    )
    def test_a_week_back_and_not_ahead(
        self, service: Service, patient: Patient, clock: Clock, time_zone: str, now: str
    ) -> None:
        clock.set("2024-02-19T12:00:00+00:00")
        patient.record("time_zone_changed", time_zone=time_zone)
        clock.set(now)
        phone = Phone(service, patient)
        phone.zone = time_zone
        with service.unchanged():
            for day in ("2024-02-12", "2024-02-21", "2024-02-22", "2024-01-05", "2023-12-31"):
                refused(phone.record(day), 422, "/dose_id")
                refused(phone.take_back(day), 422, "/dose_id")
        for day in ("2024-02-13", "2024-02-20"):
            kept(phone.record(day), "recorded")
            kept(phone.take_back(day), "recorded")

    def test_not_before_enrolment(self, service: Service, nurse: Client) -> None:
        patient = nurse.enrol(enrolled_on="2024-02-18")
        phone = Phone(service, patient)
        refused(phone.record("2024-02-17"), 422, "/dose_id")
        kept(phone.record("2024-02-18"), "recorded")

    def test_a_capsule_after_the_end_is_recorded_and_flagged(self, phone: Phone) -> None:
        """A difference from the plan is never refused: it moves the last dose, and contraception."""
        phone.patient.record("treatment_ended", last_dose_on="2024-02-17", decided_on="2024-02-18", reason="other")
        kept(phone.record("2024-02-19"), "recorded")
        shown = phone.read("calendar")
        assert shown["treatment"]["last_dose_on"] == "2024-02-19"
        assert shown["contraception"]["through_on"] == "2024-08-19"
        assert [row["kind"] for row in shown["deviations"]] == ["dose_after_end"]

    def test_a_capsule_on_a_held_day_is_recorded_and_flagged(self, phone: Phone) -> None:
        phone.patient.record("hold_started", from_on="2024-02-18", reason="toxicity")
        kept(phone.record("2024-02-19"), "recorded")
        shown = phone.read("calendar")
        assert [row["kind"] for row in shown["deviations"]] == ["dose_while_held"]

    def test_before_the_start_is_recorded_it_counts_as_one(self, service: Service, nurse: Client) -> None:
        phone = Phone(service, nurse.enrol())
        kept(phone.record("2024-02-20"), "recorded")
        assert phone.read()["cycle"] == {"number": 1, "day": 1, "of_days": 21}


class TestSite:
    """Where the site recorded a day, its record stands; the patient's words are kept beside it."""

    def test_the_patients_record_is_kept_and_does_not_stand(self, phone: Phone) -> None:
        site = phone.patient.record("dose_recorded", dose_on="2024-02-19", status="missed")["fact"]["fact_id"]
        fact_id = kept(phone.record("2024-02-19"), "site_record_stands")
        assert fact_id != site
        assert phone.status_of("2024-02-19") == "missed"
        assert of_day(phone.patient, "2024-02-19") == [("nurse", "missed", True), ("patient", "taken", True)]

    def test_repeated_it_is_kept_once(self, phone: Phone) -> None:
        phone.patient.record("dose_recorded", dose_on="2024-02-19", status="missed")
        first = kept(phone.record("2024-02-19", said_at=AT), "site_record_stands")
        assert [kept(phone.record("2024-02-19", said_at=AT), "already_recorded") for _ in range(3)] == [first] * 3
        assert of_day(phone.patient, "2024-02-19") == [("nurse", "missed", True), ("patient", "taken", True)]

    def test_an_answer_lost_before_the_site_recorded_the_day(self, phone: Phone) -> None:
        """The patient's record came first, then the site's; now the phone says its own again."""
        first = kept(phone.record("2024-02-19", said_at=AT), "recorded")
        phone.patient.record("dose_recorded", dose_on="2024-02-19", status="missed")
        for _ in range(2):
            assert kept(phone.record("2024-02-19", said_at=AT), "already_recorded") == first
        assert phone.status_of("2024-02-19") == "missed"
        assert of_day(phone.patient, "2024-02-19") == [("patient", "taken", True), ("nurse", "missed", True)]

    def test_the_same_as_the_site_said_is_kept_all_the_same(self, phone: Phone) -> None:
        """Whoever agrees today may be the only one to have said it tomorrow."""
        site = phone.patient.record("dose_recorded", dose_on="2024-02-19", status="taken")["fact"]["fact_id"]
        assert kept(phone.record("2024-02-19"), "site_record_stands") != site

    def test_the_site_voids_its_record_and_the_patients_stands(self, phone: Phone) -> None:
        site = phone.patient.record("dose_recorded", dose_on="2024-02-19", status="missed")["fact"]["fact_id"]
        kept(phone.record("2024-02-19"), "site_record_stands")
        phone.patient.record("voided", voids=site, reason="typing error")
        # What the patient said in the meantime is not lost.
        assert phone.status_of("2024-02-19") == "taken"
        kept(phone.record("2024-02-19", "missed"), "recorded")
        assert phone.status_of("2024-02-19") == "missed"

    def test_the_site_corrects_its_record(self, phone: Phone) -> None:
        site = phone.patient.record("dose_recorded", dose_on="2024-02-18", status="missed")["fact"]["fact_id"]
        phone.patient.record("dose_recorded", dose_on="2024-02-19", status="missed", replaces=site, reason="wrong day")
        kept(phone.record("2024-02-18"), "recorded")
        kept(phone.record("2024-02-19"), "site_record_stands")

    def test_the_site_corrects_the_patients_record(self, phone: Phone) -> None:
        mine = kept(phone.record("2024-02-19"), "recorded")
        phone.patient.record(
            "dose_recorded", dose_on="2024-02-19", status="missed", replaces=mine, reason="pill counted"
        )
        kept(phone.record("2024-02-19"), "site_record_stands")
        assert phone.status_of("2024-02-19") == "missed"

    def test_it_is_not_the_patients_to_take_back(self, phone: Phone) -> None:
        """Taking back clears what the patient said, and nothing of the site's."""
        phone.record("2024-02-19")
        site = phone.patient.record("dose_recorded", dose_on="2024-02-19", status="missed")["fact"]["fact_id"]
        kept(phone.take_back("2024-02-19"), "site_record_stands")
        assert phone.status_of("2024-02-19") == "missed"
        phone.patient.record("voided", voids=site, reason="typing error")
        assert phone.status_of("2024-02-19") == "unrecorded"


class TestBadInput:
    """What cannot be is refused with the field's name, and leaves no trace."""

    @pytest.mark.parametrize(
        ("body", "pointers"),
        [
            ({}, ["/status"]),
            ({"status": "taken"}, ["/amount"]),
            ({"status": "taken", "amount": None, "said_at": None}, ["/said_at", "/amount"]),
            ({"status": "missed", "said_at": None}, ["/said_at"]),
            ({"status": "missed", "sent_at": "2024-02-20T20:00:00"}, ["/sent_at"]),
            ({"status": "held"}, ["/status"]),
            (
                {"status": None, "amount": "300", "taken_at": "yesterday", "note": 1},
                ["/status", "/amount", "/taken_at", "/note"],
            ),
            ({"status": "taken", "amount": 0}, ["/amount"]),
            ({"status": "taken", "amount": -300}, ["/amount"]),
            ({"status": "taken", "amount": True}, ["/amount"]),
            ({"status": "taken", "amount": 300, "taken_at": "2024-02-20T20:00:00"}, ["/taken_at"]),
            ({"status": "taken", "amount": 300, "taken_at": "2024-02-21T20:00:00+08:00"}, ["/taken_at"]),
            ({"status": "taken", "amount": 300, "taken_at": "2023-12-31T20:00:00+08:00"}, ["/taken_at"]),
            ({"status": "missed", "amount": 300}, ["/amount"]),
            ({"status": "missed", "taken_at": "2024-02-20T01:00:00+08:00"}, ["/taken_at"]),
            ({"status": "taken", "amount": 300, "note": "x" * 1001}, ["/note"]),
            ({"status": "taken", "amount": 300, "note": "\x00"}, ["/note"]),
            ({"status": "taken", "amount": 300, "dose_on": "2024-02-19"}, ["/dose_on"]),
            ({"status": "taken", "amount": 300, "recorded_at": "2024-02-19T20:00:00+08:00"}, ["/recorded_at"]),
            ({"status": "taken", "amount": 300, "replaces": "f-1", "reason": "x"}, ["/reason", "/replaces"]),
            ([], [""]),
            ("taken", [""]),
        ],
    )
    def test_bodies(self, service: Service, phone: Phone, body: Any, pointers: list[str]) -> None:
        if isinstance(body, dict):
            body = {"said_at": AT, "sent_at": phone.now(), **body}
        with service.unchanged():
            refused(phone.send("PUT", "doses/2024-02-19", body), 422, *pointers)

    def test_an_amount_that_is_needed_is_missing(self, phone: Phone) -> None:
        answer = phone.send("PUT", "doses/2024-02-19", {"status": "taken", "said_at": AT, "sent_at": phone.now()})
        assert answer.json["errors"] == [{"pointer": "/amount", "detail": "Missing.", "code": "missing"}]

    def test_what_is_no_json(self, service: Service, phone: Phone) -> None:
        with service.unchanged():
            for data in ("", "{", '{"status": "taken", "status": "missed"}', b"\xff", "[" * 100_000):
                refused(phone.send("PUT", "doses/2024-02-19", data=data), 400)
            refused(
                phone.send("PUT", "doses/2024-02-19", data="status=taken", headers={"Content-Type": "text/plain"}), 415
            )

    @pytest.mark.parametrize(
        "day",
        [
            "2024-02-30",
            "0000-01-01",
            "10000-01-01",
            "today",
            "20240219",
            "2024-2-19",
            "２０２４-02-19",
            "2024-02-19T00",
        ],
    )
    def test_days(self, service: Service, phone: Phone, day: str) -> None:
        with service.unchanged():
            refused(phone.record(day), 422, "/dose_id")
            refused(phone.take_back(day), 422, "/dose_id")

    def test_a_time_a_little_ahead_of_ours_is_a_clock_that_is_wrong(self, phone: Phone) -> None:
        """The phone's clock is three minutes fast: what it says happened today, and is not impossible."""
        kept(phone.record("2024-02-20", taken_at="2024-02-20T12:03:00+08:00"), "recorded")

    def test_queries_are_refused(self, phone: Phone) -> None:
        body = {"status": "missed", "said_at": AT, "sent_at": AT}
        refused(phone.send("PUT", "doses/2024-02-19", body, query={"dry_run": "true"}), 422, "/dry_run")
        query = {"said_at": AT, "sent_at": AT}
        refused(phone.send("DELETE", "doses/2024-02-19", query={**query, "x": 1}), 422, "/x")
        refused(phone.send("DELETE", "doses/2024-02-19"), 422, "/said_at", "/sent_at")


class TestNames:
    """A dose is named by its day, regimen and slot; the day alone names its first."""

    FULL = "2024-02-19.surufatinib.1"

    def test_both_forms_are_of_one_dose(self, phone: Phone) -> None:
        said_at = phone.now()
        first = phone.record(self.FULL, said_at=said_at)
        assert (first.json["dose_id"], first.json["outcome"]) == (self.FULL, "recorded")
        again = phone.record("2024-02-19", said_at=said_at)
        assert (again.json["dose_id"], again.json["outcome"]) == (self.FULL, "already_recorded")
        assert again.json["fact_id"] == first.json["fact_id"]
        (row,) = phone.read("calendar", from_="2024-02-19", to="2024-02-19")["doses"]
        assert (row["dose_id"], row["status"]) == (self.FULL, "taken")
        assert phone.take_back(self.FULL).json["dose_id"] == self.FULL
        assert phone.status_of("2024-02-19") == "unrecorded"

    def test_a_queue_has_both_forms(self, phone: Phone) -> None:
        queue = [dose(self.FULL, said_at=phone.now()), dose("2024-02-18", "missed", said_at=phone.now())]
        outcomes = phone.sync(*queue)["outcomes"]
        assert [one["dose_id"] for one in outcomes] == [self.FULL, "2024-02-18.surufatinib.1"]
        assert [one["dose_id"] for one in phone.sync(*queue)["outcomes"]] == [self.FULL, "2024-02-18.surufatinib.1"]
        assert [phone.status_of(f"2024-02-{day}") for day in (18, 19)] == ["missed", "taken"]

    @pytest.mark.parametrize("name", ["surufatinib.2", "aspirin.1", "surufatinib", "1", "surufatinib.1.1", "."])
    def test_a_dose_that_is_not_the_protocols_is_refused(self, service: Service, phone: Phone, name: str) -> None:
        with service.unchanged():
            refused(phone.record(f"2024-02-19.{name}"), 422, "/dose_id")
            refused(phone.take_back(f"2024-02-19.{name}"), 422, "/dose_id")
            (outcome,) = phone.sync(dose(f"2024-02-19.{name}", said_at=phone.now()))["outcomes"]
        assert (outcome["outcome"], outcome["dose_id"]) == ("refused", None)
        assert [error["pointer"] for error in outcome["problem"]["errors"]] == ["/dose_id"]

    def test_a_phone_that_was_offline_names_the_drug_of_before(
        self, service: Service, admin: Client, nurse: Client
    ) -> None:
        definition = admin.get("/v1/protocols/nct06110650/versions/1").json
        for version, name in ((1, "old"), (2, "new-salt_15")):
            regimens = [{**definition["regimens"][0], "id": name, "drug": name}]
            renamed = {**definition, "id": "renamed", "version": version, "regimens": regimens}
            added = admin.post("/v1/protocols", renamed)
            assert added.status_code == 201, added.text
        admin.approve("renamed")
        patient = nurse.enrol(protocol={"id": "renamed", "version": 1})
        patient.record("treatment_started", first_dose_on="2024-01-05")
        patient.record("regimen_ended", regimen="old", last_dose_on="2024-02-18")
        patient.record("protocol_amended", version=2, from_on="2024-02-19", reason="approved")
        phone = Phone(service, patient)
        rows = phone.read("calendar", from_="2024-02-18", to="2024-02-19")["doses"]
        assert [(row["dose_id"], row["drug"]) for row in rows] == [
            ("2024-02-18.old.1", "old"),
            ("2024-02-19.new-salt_15.1", "new-salt_15"),
        ]
        for named in ("2024-02-19.old.1", "2024-02-20.new-salt_15.1"):
            assert phone.record(named).json["dose_id"] == named
        assert [phone.status_of(day) for day in ("2024-02-19", "2024-02-20")] == ["taken", "taken"]


class TestBeforeAStart:
    """The patient takes the drug before the site has recorded a start: it begins treatment, and the site is told."""

    def _entries(self, nurse: Client) -> list[Any]:
        return [one for one in nurse.get("/v1/worklist").json["items"] if one["kind"] == "dose_before_start"]

    def test_the_site_is_told_at_once_and_can_say_what_is_so(self, service: Service, nurse: Client) -> None:
        phone = Phone(service, nurse.enrol(planned_first_dose_on="2024-03-01"))
        assert self._entries(nurse) == []
        assert phone.record("2024-02-19").json["outcome"] == "recorded"
        assert phone.record("2024-02-20").json["outcome"] == "recorded"
        (entry,) = self._entries(nurse)
        assert (entry["urgency"], entry["due_on"]) == ("now", "2024-02-19")
        assert list(maintenance.verify(service.store)) == []
        start, missed = entry["resolve_with"]
        for call in (start, missed):
            assert call["needs"] == []
            assert nurse.send(call["method"], call["path"], call["body"], query={"dry_run": "true"}).status_code == 200
        # The first was none: then the next day is the day on which treatment began.
        assert nurse.send(missed["method"], missed["path"], missed["body"]).status_code == 201
        (entry,) = self._entries(nurse)
        assert entry["due_on"] == "2024-02-20"
        start = entry["resolve_with"][0]
        assert nurse.send(start["method"], start["path"], start["body"]).status_code == 201
        assert self._entries(nurse) == []
        assert list(maintenance.verify(service.store)) == []
        assert phone.patient.read("calendar")["provisional"] is False
