"""What a phone queued while it was offline goes in once; what changed meanwhile comes back, and nothing else."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from service import Client, Clock, Patient, Service, refused

from .phones import Phone, dose, history, moved_to, taken_back

NOW = "2024-02-20T12:00:00+08:00"


def days_on_record(patient: Patient) -> dict[str, str]:
    """The days on record with what stands."""
    rows = patient.read("calendar", from_="2024-02-01", to="2024-02-29")["doses"]
    return {row["dose_on"]: row["status"] for row in rows if row["status"] in ("taken", "missed")}


class TestOnce:
    """Each queued fact counts once, whatever the phone repeats."""

    def test_a_queue_goes_in_in_its_order(self, phone: Phone) -> None:
        queue = [
            dose("2024-02-18", "missed", said_at="2024-02-18T21:00:00+08:00"),
            dose("2024-02-18", said_at="2024-02-18T22:00:00+08:00", note="an hour late"),
            dose("2024-02-19", said_at="2024-02-19T20:00:00+08:00"),
            taken_back("2024-02-19", said_at="2024-02-19T20:01:00+08:00"),
            dose("2024-02-20", said_at=NOW),
        ]
        synced = phone.sync(*queue)
        assert [outcome["client_id"] for outcome in synced["outcomes"]] == [fact["client_id"] for fact in queue]
        assert [outcome["outcome"] for outcome in synced["outcomes"]] == ["recorded"] * 5
        assert len({outcome["fact_id"] for outcome in synced["outcomes"]} - {None}) == 5
        assert days_on_record(phone.patient) == {"2024-02-18": "taken", "2024-02-20": "taken"}
        assert synced["today"] == phone.read()

    def test_repeated_it_changes_nothing(self, service: Service, phone: Phone) -> None:
        queue = [dose(f"2024-02-{day}", said_at=NOW) for day in (17, 18, 19)]
        queue.append(taken_back("2024-02-18", said_at=NOW))
        first = phone.sync(*queue)
        with service.unchanged():
            for _ in range(2):
                again = phone.sync(*queue)
                assert [outcome["outcome"] for outcome in again["outcomes"]] == ["already_recorded"] * 4
                ids = [outcome["fact_id"] for outcome in again["outcomes"]]
                assert ids == [outcome["fact_id"] for outcome in first["outcomes"]]
                assert again["cursor"] == first["cursor"]

    def test_twice_in_one_queue_it_counts_once(self, phone: Phone) -> None:
        fact = dose("2024-02-19", said_at=NOW)
        assert phone.outcomes(fact, fact, fact) == ["recorded", "already_recorded", "already_recorded"]

    def test_an_old_queue_that_comes_again_later_revives_nothing(self, phone: Phone) -> None:
        """The answer to the first queue was lost; meanwhile the patient took the day back."""
        first = dose("2024-02-19", said_at="2024-02-20T11:58:00+08:00")
        second = taken_back("2024-02-19", said_at="2024-02-20T11:59:00+08:00")
        phone.sync(first)
        phone.sync(second)
        assert phone.outcomes(second, first) == ["already_recorded"] * 2
        assert phone.status_of("2024-02-19") == "unrecorded"
        phone.record("2024-02-19", "missed")
        assert phone.outcomes(first, second) == ["already_recorded"] * 2
        assert phone.status_of("2024-02-19") == "missed"

    def test_days_may_come_in_any_order(self, service: Service, nurse: Client) -> None:
        facts = [dose(f"2024-02-{day}", status, said_at=NOW) for day, status in ((15, "taken"), (16, "missed"))]
        facts.append(dose("2024-02-17", said_at=NOW, amount=200))
        seen = []
        for number, order in enumerate(permutations(facts)):
            patient = nurse.enrol(subject_number=f"1{number}")
            patient.record("treatment_started", first_dose_on="2024-01-05")
            phone = Phone(service, patient)
            for fact in order:
                phone.sync(fact)
            assert phone.outcomes(*facts) == ["already_recorded"] * 3
            seen.append(phone.read("calendar")["doses"])
        assert all(doses == seen[0] for doses in seen)

    def test_one_id_with_something_else_is_refused(self, service: Service, phone: Phone) -> None:
        fact = dose("2024-02-19", said_at=NOW)
        phone.sync(fact)
        for other in ({"status": "missed"}, {"dose_id": "2024-02-18"}, {"note": "x"}, {"kind": "dose_taken_back"}):
            with service.unchanged():
                (outcome,) = phone.sync({**fact, **other})["outcomes"]
            assert outcome["outcome"] == "refused"
            assert outcome["problem"]["status"] == 409
            assert [error["pointer"] for error in outcome["problem"]["errors"]] == ["/client_id"]
        # The order of the names in it does not matter.
        assert phone.outcomes(dict(reversed(fact.items()))) == ["already_recorded"]

    def test_an_id_is_of_one_patient(self, service: Service, nurse: Client, phone: Phone) -> None:
        other = nurse.enrol(subject_number="002")
        other.record("treatment_started", first_dose_on="2024-01-05")
        fact = dose("2024-02-19", said_at=NOW)
        assert phone.outcomes(fact) == ["recorded"]
        assert Phone(service, other).outcomes({**fact, "note": "x"}) == ["recorded"]

    def test_a_phone_that_is_activated_anew_may_send_its_queue_again(self, service: Service, phone: Phone) -> None:
        fact = dose("2024-02-19", said_at=NOW)
        phone.sync(fact)
        phone.send("DELETE", f"devices/{phone.device_id}")
        assert Phone(service, phone.patient).outcomes(fact) == ["already_recorded"]

    def test_sent_at_once_it_counts_once(self, service: Service, phone: Phone) -> None:
        queue = [dose(f"2024-02-{day}", said_at=NOW) for day in (18, 19)]
        cursor = phone.cursor
        answers = service.at_once(*(lambda: phone.sync(*queue, cursor=cursor) for _ in range(5)))
        outcomes = [outcome["outcome"] for answer in answers for outcome in answer["outcomes"]]
        assert sorted(outcomes) == ["already_recorded"] * 8 + ["recorded"] * 2

    def test_a_queue_of_five_hundred(self, phone: Phone) -> None:
        chance = random.Random(5)
        queue = [
            dose(
                f"2024-02-{chance.randint(13, 20)}",
                chance.choice(["taken", "missed"]),
                said_at=f"2024-02-20T11:{number // 60:02}:{number % 60:02}+08:00",
            )
            for number in range(500)
        ]
        assert set(phone.outcomes(*queue)) == {"recorded"}
        last = {fact["dose_id"]: fact["status"] for fact in queue}
        assert days_on_record(phone.patient) == last
        refused(phone.send("POST", "sync", {"cursor": 0, "sent_at": NOW, "facts": [*queue, queue[0]]}), 422, "/facts")


class TestRefused:
    """What cannot be is told, fact by fact, and keeps out nothing else."""

    BAD = (
        (dose("2024-02-12", said_at=NOW), 422, "/dose_id"),
        (dose("2024-02-21", said_at=NOW), 422, "/dose_id"),
        (dose("2023-12-31", said_at="2024-01-06T12:00:00+08:00"), 422, "/dose_id"),
        (dose("2024-02-30", said_at=NOW), 422, "/dose_id"),
        (dose("2024-02-19", "eaten", said_at=NOW), 422, "/status"),
        (dose("2024-02-19", said_at=NOW, amount=-1), 422, "/amount"),
        (dose("2024-02-19", said_at=NOW, colour="red"), 422, "/colour"),
        (dose("2024-02-19", said_at="2024-02-20T12:00:00"), 422, "/said_at"),
        (dose("2024-02-19", "missed", said_at=NOW, amount=300), 422, "/amount"),
        (taken_back("2024-02-12", said_at=NOW), 422, "/dose_id"),
        (moved_to("Mars/Olympus", said_at=NOW), 422, "/time_zone"),
        ({"client_id": "k-1", "kind": "progressed", "said_at": NOW}, 422, "/kind"),
        ({"client_id": "k-2", "kind": ["dose_recorded"], "said_at": NOW}, 422, "/kind"),
        ({"client_id": "k-3"}, 422, "/kind"),
        ({"client_id": "k-4", "kind": "dose_recorded"}, 422, "/dose_id"),
    )

    def test_the_rest_goes_in(self, phone: Phone) -> None:
        good = [dose(f"2024-02-{day}", said_at=NOW) for day in (17, 18, 19)]
        queue = [good[0], *(fact for fact, *_ in self.BAD[:8]), good[1], *(fact for fact, *_ in self.BAD[8:]), good[2]]
        outcomes = {outcome["client_id"]: outcome for outcome in phone.sync(*queue)["outcomes"]}
        assert list(outcomes) == [fact["client_id"] for fact in queue]
        for fact, status, pointer in self.BAD:
            outcome = outcomes[fact["client_id"]]
            assert (outcome["outcome"], outcome["fact_id"]) == ("refused", None)
            problem = outcome["problem"]
            assert problem["status"] == status
            assert problem["type"].startswith("urn:scheduler-api:")
            assert pointer is None or pointer in [error["pointer"] for error in problem["errors"]]
            assert all(error["detail"] for error in problem["errors"])
        assert [outcomes[fact["client_id"]]["outcome"] for fact in good] == ["recorded"] * 3
        assert all(outcomes[fact["client_id"]]["problem"] is None for fact in good)
        assert days_on_record(phone.patient) == {f"2024-02-{day}": "taken" for day in (17, 18, 19)}

    def test_what_was_refused_may_become_possible(self, phone: Phone, clock: Clock) -> None:
        fact = dose("2024-02-21", said_at=NOW)
        assert phone.outcomes(fact) == ["refused"]
        clock.set("2024-02-21T08:01:00+08:00")
        assert phone.outcomes(fact) == ["recorded"]

    def test_the_sites_record_stands(self, phone: Phone) -> None:
        phone.patient.record("dose_recorded", dose_on="2024-02-19", status="missed")
        said = dose("2024-02-19", said_at="2024-02-19T20:00:00+08:00")
        back = taken_back("2024-02-19", said_at="2024-02-19T20:01:00+08:00")
        for _ in range(3):
            outcomes = phone.sync(said, back)["outcomes"]
            assert [outcome["outcome"] for outcome in outcomes] == ["site_record_stands"] * 2
            assert all(outcome["fact_id"] for outcome in outcomes)
        assert phone.status_of("2024-02-19") == "missed"
        assert len([fact for fact in history(phone.patient) if fact["kind"].startswith("dose_")]) == 3

    @pytest.mark.parametrize(
        ("body", "pointers"),
        [
            ({}, ["/cursor"]),
            ({"cursor": -1}, ["/cursor"]),
            ({"cursor": "0"}, ["/cursor"]),
            ({"cursor": True}, ["/cursor"]),
            ({"cursor": 0.5}, ["/cursor"]),
            ({"cursor": 10**30}, ["/cursor"]),
            ({"cursor": 0, "facts": {}}, ["/facts"]),
            ({"cursor": 0, "facts": None}, ["/facts"]),
            ({"cursor": 0, "since": "x"}, ["/since"]),
            ({"cursor": 0, "facts": [1]}, ["/facts/0/client_id"]),
            ({"cursor": 0, "facts": [{"kind": "dose_recorded"}]}, ["/facts/0/client_id"]),
            ({"cursor": 0, "facts": [{"client_id": "a b"}]}, ["/facts/0/client_id"]),
            ({"cursor": 0, "facts": [{"client_id": "a\n"}]}, ["/facts/0/client_id"]),
            ({"cursor": 0, "facts": [{"client_id": "x" * 65}]}, ["/facts/0/client_id"]),
            (
                {"cursor": 0, "facts": [{"client_id": 7}, {"client_id": ""}]},
                ["/facts/0/client_id", "/facts/1/client_id"],
            ),
        ],
    )
    def test_nobody_could_be_told_which_it_is(
        self, service: Service, phone: Phone, body: Any, pointers: list[str]
    ) -> None:
        """A queue that cannot be answered fact by fact is refused whole."""
        if "facts" in body and isinstance(body["facts"], list):
            body = {**body, "facts": [*body["facts"], dose("2024-02-19", said_at=NOW)]}
        body = {"sent_at": NOW, **body}
        with service.unchanged():
            refused(phone.send("POST", "sync", body), 422, *pointers)


class TestChanges:
    """What changed since the cursor, by the site and by other phones; no reason, note or response of the site's."""

    def test_the_cursor_goes_on(self, service: Service, phone: Phone) -> None:
        first = phone.sync()
        assert [change["kind"] for change in first["changes"]] == ["treatment_started"]
        assert phone.sync()["changes"] == []
        phone.patient.record("visit_booked", visit="imaging-w6", booked_on="2024-02-21", time="09:30", place="Room 3")
        (change,) = phone.sync()["changes"]
        assert (change["kind"], change["by"]) == ("visit_booked", "site")
        expected = {
            "visit": "imaging-w6",
            "booked_on": "2024-02-21",
            "time": "09:30",
            "place": "Room 3",
            "time_zone": "Asia/Shanghai",
        }
        assert change["data"] == expected
        other = Phone(service, phone.patient, "Tablet")
        other.record("2024-02-19")
        (change,) = phone.sync()["changes"]
        assert (change["kind"], change["by"]) == ("dose_recorded", "patient")
        assert change["data"].items() >= {"dose_on": "2024-02-19", "status": "taken"}.items()
        assert len(phone.sync(cursor=0)["changes"]) == 3

    def test_what_the_phone_sent_is_among_them(self, phone: Phone) -> None:
        phone.sync()
        synced = phone.sync(dose("2024-02-19", said_at=NOW))
        assert [change["fact_id"] for change in synced["changes"]] == [synced["outcomes"][0]["fact_id"]]

    def test_corrections_and_voids_name_what_they_strike(self, phone: Phone) -> None:
        one = phone.patient.record("hold_started", from_on="2024-02-18", reason="toxicity")["fact"]["fact_id"]
        phone.sync()
        two = phone.patient.record(
            "hold_started", from_on="2024-02-19", reason="toxicity", replaces=one, correction_reason="typing error"
        )["fact"]["fact_id"]
        phone.patient.record("voided", voids=two, reason="other patient")
        corrected, voided = phone.sync()["changes"]
        assert (corrected["fact_id"], corrected["replaces"]) == (two, one)
        assert voided["data"] == {"voids": two}

    def test_a_cursor_from_the_future_gives_ours(self, phone: Phone) -> None:
        """A phone restored from a backup of a test system, say."""
        synced = phone.sync(cursor=1_000_000)
        assert (synced["changes"], synced["cursor"]) == ([], 3)

    def test_nothing_of_the_site_is_told_but_days_and_amounts(self, phone: Phone) -> None:
        patient = phone.patient
        secret = "SECRET toxicity, PD, progression"
        patient.record("dose_recorded", dose_on="2024-02-10", status="taken", note=secret)
        hold = patient.record("hold_started", from_on="2024-02-11", reason=secret)["fact"]["fact_id"]
        patient.record("hold_ended", resumes_on="2024-02-14")
        patient.record("dose_changed", from_on="2024-02-14", amount=250, reason=secret)
        patient.record("visit_booked", visit="imaging-w6", booked_on="2024-02-15", place="Room 3")
        patient.record("visit_done", series="imaging", done_on="2024-02-15", response="PD")
        progress = patient.record("progressed", progressed_on="2024-02-15", basis="radiological")["fact"]["fact_id"]
        patient.record("new_therapy_started", started_on="2024-02-16")
        patient.record("fertility_changed", fertility="not_fertile", basis="sterilisation", from_on="2024-02-16")
        patient.record("treatment_ended", last_dose_on="2024-02-15", decided_on="2024-02-16", reason="progression")
        patient.record("study_ended", ended_on="2024-02-17", reason="withdrawal")
        patient.record("protocol_amended", version=1, from_on="2024-02-17")
        patient.record("time_zone_changed", time_zone="Europe/Berlin")
        patient.record("voided", voids=hold, reason=secret)
        synced = phone.sync(dose("2024-02-19", said_at=NOW, note="my own note"))
        kinds = {change["kind"] for change in synced["changes"]}
        assert kinds >= {"dose_recorded", "hold_started", "visit_done", "treatment_ended", "study_ended", "voided"}
        told = str(synced)
        words = (secret, "SECRET", "PD", "progress", "radiolog", "toxic", "withdraw", "therapy")
        assert not [word for word in (*words, "reason", progress, "my own note") if word in told]
        for change in synced["changes"]:
            assert change.keys() == {"fact_id", "kind", "recorded_at", "said_at", "by", "replaces", "data"}
            assert datetime.fromisoformat(change["recorded_at"]).tzinfo is not None

    def test_taking_back_progression_tells_nothing(self, phone: Phone) -> None:
        """That something untold was voided is untold too."""
        fact = phone.patient.record("progressed", progressed_on="2024-02-15", basis="clinical")["fact"]["fact_id"]
        phone.patient.record("voided", voids=fact, reason="typing error")
        synced = phone.sync()
        assert [change["kind"] for change in synced["changes"]] == ["treatment_started"]

    def test_words_are_in_the_phones_language(self, phone: Phone) -> None:
        answer = phone.send("POST", "sync", {"cursor": 0, "sent_at": NOW}, headers={"Accept-Language": "zh-CN"})
        assert answer.headers["Content-Language"] == "zh-CN"
        assert answer.json["today"] == phone.read(language="zh-CN")


def to_confirm(phone: Phone) -> list[Any]:
    """What the worklist says of records that are to be confirmed."""
    items = phone.service.client("nurse").get("/v1/worklist", limit=200).json["items"]
    return [item for item in items if item["kind"] in ("doses_to_confirm", "record_after_death")]


class TestLate:
    """A day counts from the instant at which it was said; after 30 days the site has to confirm it."""

    def test_what_a_phone_says_of_days_after_death_is_for_the_site_to_look_at(self, phone: Phone) -> None:
        phone.patient.record("study_ended", ended_on="2024-02-18", reason="death")
        assert phone.outcomes(dose("2024-02-19", said_at="2024-02-19T20:00:00+08:00")) == ["to_confirm"]
        (entry,) = to_confirm(phone)
        assert (entry["kind"], entry["urgency"]) == ("record_after_death", "now")
        # Staff cannot confirm a dose taken after death, only void the record.
        (void,) = entry["resolve_with"]
        answer = phone.service.client("nurse").post(void["path"], {**void["body"], "reason": "a relative"})
        assert answer.status_code == 201
        assert to_confirm(phone) == []

    def test_a_late_word_that_takes_a_day_back_can_be_voided_and_not_recorded(self, phone: Phone, clock: Clock) -> None:
        clock.set("2024-04-01T12:00:00+08:00")
        assert phone.outcomes(taken_back("2024-02-19", said_at="2024-02-20T20:00:00+08:00")) == ["to_confirm"]
        (entry,) = to_confirm(phone)
        (void,) = entry["resolve_with"]
        answer = phone.service.client("nurse").post(void["path"], {**void["body"], "reason": "typed by mistake"})
        assert answer.status_code == 201
        assert to_confirm(phone) == []

    def test_within_thirty_days_and_later(self, phone: Phone, clock: Clock) -> None:
        said = datetime.fromisoformat("2024-02-20T20:00:00+08:00")
        facts = [dose(f"2024-02-{day}", said_at=said.isoformat()) for day in (13, 20)]
        clock.now = said + timedelta(days=30) - timedelta(minutes=1)
        assert phone.outcomes(*facts) == ["recorded"] * 2
        assert phone.outcomes(dose("2024-02-12", said_at=said.isoformat())) == ["refused"]
        clock.now = said + timedelta(days=30, minutes=1)
        assert phone.outcomes(dose("2024-02-19", said_at=said.isoformat())) == ["to_confirm"]
        assert phone.status_of("2024-02-19") == "unrecorded"
        # The site is asked, and its record of the day resolves that.
        (entry,) = to_confirm(phone)
        assert (entry["kind"], entry["due_on"], entry["urgency"]) == ("doses_to_confirm", "2024-03-21", "now")
        confirm, void = entry["resolve_with"]
        assert void["body"]["kind"] == "voided"
        assert phone.service.client("nurse").post(confirm["path"], confirm["body"]).status_code == 201
        assert to_confirm(phone) == []
        assert phone.status_of("2024-02-19") == "taken"
        # What was recorded in time is not lost when its answer was.
        assert phone.outcomes(*facts) == ["already_recorded"] * 2

    def test_what_is_late_counts_for_the_last_dose_until_the_site_says_something(
        self, phone: Phone, clock: Clock
    ) -> None:
        phone.patient.record("treatment_ended", last_dose_on="2024-02-10", decided_on="2024-02-10", reason="other")
        late = dose("2024-02-19", said_at="2024-02-19T20:00:00+08:00")
        clock.set("2024-04-01T12:00:00+08:00")
        assert phone.outcomes(late) == ["to_confirm"]
        shown = phone.patient.read("calendar")
        assert shown["treatment"]["last_dose_on"] == "2024-02-19"
        contraception = shown["contraception"]
        assert (contraception["through_on"], contraception["provisional"]) == ("2024-08-19", True)
        assert "confirm" in contraception["because"]
        assert shown["adherence"]["taken"] == 0
        phone.patient.record("dose_recorded", dose_on="2024-02-19", status="missed")
        contraception = phone.patient.read("calendar")["contraception"]
        assert (contraception["through_on"], contraception["provisional"]) == ("2024-08-10", False)

    def test_a_day_is_judged_against_the_day_of_receipt(self, phone: Phone, clock: Clock) -> None:
        """Said on the 20th of the 21st, by a clock that is right, and received on the 21st."""
        clock.set("2024-02-21T08:00:00+08:00")
        said = dose("2024-02-21", said_at="2024-02-20T23:59:00+08:00")
        assert phone.outcomes(said) == ["recorded"]


class TestWords:
    """Of two phones and a nurse: each word is kept, and each is told what became of it."""

    def test_an_older_word_that_comes_later_is_superseded(self, service: Service, phone: Phone, clock: Clock) -> None:
        """Phone A is offline and says missed at 08:00; B says taken at 20:10 and syncs first."""
        other = Phone(service, phone.patient, "Tablet")
        clock.set("2024-02-20T20:11:00+08:00")
        taken = dose("2024-02-20", said_at="2024-02-20T20:10:00+08:00")
        missed = dose("2024-02-20", "missed", said_at="2024-02-20T08:00:00+08:00")
        assert other.outcomes(taken) == ["recorded"]
        clock.set("2024-02-21T09:00:00+08:00")
        assert phone.outcomes(missed) == ["superseded"]
        assert phone.status_of("2024-02-20") == "taken"
        assert phone.outcomes(missed) == ["superseded"]
        assert len([fact for fact in history(phone.patient) if fact["kind"] == "dose_recorded"]) == 2

    def test_taking_back_clears_what_was_said_before_it_and_comes_before_it(
        self, service: Service, phone: Phone, clock: Clock
    ) -> None:
        other = Phone(service, phone.patient, "Tablet")
        clock.set("2024-02-20T22:00:00+08:00")
        assert other.outcomes(taken_back("2024-02-20", said_at="2024-02-20T21:00:00+08:00")) == ["recorded"]
        assert phone.outcomes(dose("2024-02-20", said_at="2024-02-20T20:00:00+08:00")) == ["superseded"]
        assert phone.status_of("2024-02-20") == "due"
        assert phone.outcomes(dose("2024-02-20", said_at="2024-02-20T21:30:00+08:00")) == ["recorded"]
        assert other.outcomes(taken_back("2024-02-20", said_at="2024-02-20T21:15:00+08:00")) == ["superseded"]
        assert phone.status_of("2024-02-20") == "taken"

    def test_the_nurse_stands_before_both_phones_and_both_words_are_kept(
        self, service: Service, phone: Phone, clock: Clock
    ) -> None:
        other = Phone(service, phone.patient, "Tablet")
        clock.set("2024-02-20T22:00:00+08:00")
        assert phone.outcomes(dose("2024-02-20", said_at="2024-02-20T20:00:00+08:00")) == ["recorded"]
        site = phone.patient.record("dose_recorded", dose_on="2024-02-20", status="missed")["fact"]["fact_id"]
        later = dose("2024-02-20", said_at="2024-02-20T22:30:00+08:00", amount=600)
        clock.set("2024-02-20T22:40:00+08:00")
        assert other.outcomes(later) == ["site_record_stands"]
        assert phone.status_of("2024-02-20") == "missed"
        phone.patient.record("voided", voids=site, reason="other patient")
        (row,) = phone.read("calendar", from_="2024-02-20", to="2024-02-20")["doses"]
        assert (row["status"], row["taken_amount"]) == ("taken", 600)

    def test_offline_through_a_reduction_nothing_that_was_taken_changes(self, phone: Phone, clock: Clock) -> None:
        """The phone showed 300 mg; from the 26th 200 mg are planned. It syncs three days, 300 mg each."""
        clock.set("2024-02-26T10:00:00+08:00")
        phone.patient.record("dose_changed", from_on="2024-02-26", amount=200, reason="proteinuria")
        clock.set("2024-02-27T21:00:00+08:00")
        queue = [dose(f"2024-02-{day}", said_at=f"2024-02-{day}T20:00:00+08:00") for day in (25, 26, 27)]
        assert phone.outcomes(*queue) == ["recorded"] * 3
        rows = phone.patient.read("calendar", from_="2024-02-25", to="2024-02-27")
        assert [(row["amount"], row["taken_amount"]) for row in rows["doses"]] == [(300, 300), (200, 300), (200, 300)]
        differs = {row["on"] for row in rows["deviations"] if row["kind"] == "dose_amount"}
        assert differs == {"2024-02-26", "2024-02-27"}

    def test_a_reduction_entered_after_the_doses_arrived_changes_nothing_that_was_taken(
        self, phone: Phone, clock: Clock
    ) -> None:
        clock.set("2024-02-27T21:00:00+08:00")
        queue = [dose(f"2024-02-{day}", said_at=f"2024-02-{day}T20:00:00+08:00") for day in (25, 26, 27)]
        assert phone.outcomes(*queue) == ["recorded"] * 3
        phone.patient.record("dose_recorded", dose_on="2024-02-24", status="taken")
        phone.patient.record("dose_changed", from_on="2024-02-24", amount=200, reason="proteinuria")
        rows = phone.patient.read("calendar", from_="2024-02-24", to="2024-02-27")["doses"]
        assert [(row["amount"], row["taken_amount"]) for row in rows] == [(200, 300)] * 4

    def test_of_the_time_zone_what_was_said_last_counts(self, service: Service, phone: Phone, clock: Clock) -> None:
        other = Phone(service, phone.patient, "Tablet")
        assert other.outcomes(moved_to("Europe/Berlin", said_at="2024-02-20T11:50:00+08:00")) == ["recorded"]
        older = moved_to("America/Los_Angeles", said_at="2024-02-20T11:40:00+08:00")
        assert phone.outcomes(older) == ["superseded"]
        assert phone.read()["time_zone"] == "Europe/Berlin"
        phone.patient.record("time_zone_changed", time_zone="Asia/Shanghai")
        assert other.outcomes(moved_to("Europe/Paris", said_at="2024-02-20T11:55:00+08:00")) == ["superseded"]
        assert phone.read()["time_zone"] == "Asia/Shanghai"


class TestClocks:
    """A phone's clock is a day off, a year off, or at 1970: no dose is lost, and none is written anew."""

    OFF = (
        pytest.param(timedelta(days=1), id="a day fast"),
        pytest.param(timedelta(days=-1), id="a day slow"),
        pytest.param(timedelta(days=366), id="a year fast"),
        pytest.param(timedelta(days=-365), id="a year slow"),
        pytest.param(datetime.fromisoformat("1970-01-01T00:10:00+00:00") - datetime.fromisoformat(NOW), id="1970"),
    )

    @pytest.mark.parametrize("off", OFF)
    def test_what_was_said_is_corrected_and_what_was_sent_is_kept(
        self, phone: Phone, clock: Clock, off: timedelta
    ) -> None:
        now = datetime.fromisoformat(NOW)
        said = [(now + off - timedelta(minutes=minutes)).isoformat() for minutes in (90, 60, 30)]
        queue = [
            dose("2024-02-19", "missed", said_at=said[0]),
            dose("2024-02-19", said_at=said[1], taken_at=said[1]),
            dose("2024-02-20", said_at=said[2]),
        ]
        clock.now = now
        synced = phone.sync(*queue, sent_at=(now + off).isoformat())
        assert [outcome["outcome"] for outcome in synced["outcomes"]] == ["recorded"] * 3
        assert abs(synced["clock_off_seconds"] - off.total_seconds()) <= 1
        assert days_on_record(phone.patient) == {"2024-02-19": "taken", "2024-02-20": "taken"}
        facts = [fact for fact in history(phone.patient) if fact["kind"] == "dose_recorded"]
        for fact, minutes, sent in zip(facts, (90, 60, 30), said, strict=True):
            counted = datetime.fromisoformat(fact["said_at"])
            assert abs(counted - (now - timedelta(minutes=minutes))) < timedelta(seconds=1)
            assert datetime.fromisoformat(fact["sent"]["said_at"]) == datetime.fromisoformat(sent)
        assert abs(datetime.fromisoformat(facts[1]["taken_at"]) - (now - timedelta(minutes=60))) < timedelta(seconds=1)
        assert datetime.fromisoformat(facts[1]["sent"]["taken_at"]) == datetime.fromisoformat(said[1])

    @pytest.mark.parametrize("off", OFF)
    def test_a_day_by_the_wrong_clock_is_kept_for_the_site_to_confirm(
        self, phone: Phone, clock: Clock, off: timedelta
    ) -> None:
        clock.now = now = datetime.fromisoformat(NOW)
        by_phone = (now + off).date().isoformat()
        (outcome,) = phone.sync(dose(by_phone, said_at=(now + off).isoformat()), sent_at=(now + off).isoformat())[
            "outcomes"
        ]
        expected = "recorded" if off == timedelta(days=-1) else "to_confirm"
        assert (outcome["outcome"], outcome["problem"]) == (expected, None)
        (fact,) = [fact for fact in history(phone.patient) if fact["kind"] == "dose_recorded"]
        assert (fact["dose_on"], fact["amount"]) == (by_phone, 300)

    def test_a_clock_set_right_before_sending_leaves_the_word_to_be_confirmed(self, phone: Phone) -> None:
        """Said at 1970 and sent at the right time: nobody can tell when it was said."""
        assert phone.outcomes(dose("2024-02-19", said_at="1970-01-01T00:10:00Z")) == ["to_confirm"]

    @pytest.mark.parametrize(
        "ahead", ["2024-02-20T12:03:00+08:00", "2024-02-20T23:59:59+08:00", "2031-01-01T00:00:00Z"]
    )
    def test_what_is_said_of_the_future_is_said_now(self, phone: Phone, ahead: str) -> None:
        facts = [dose(day, said_at=ahead) for day in ("2024-02-20", "2024-02-13", "2024-02-12", "2024-02-21")]
        wrong = "refused" if "12:03" in ahead else "to_confirm"
        assert phone.outcomes(*facts) == ["recorded", "recorded", wrong, wrong]

    def test_a_time_of_day_by_a_clock_that_is_a_little_fast(self, phone: Phone) -> None:
        said = "2024-02-20T12:03:00+08:00"
        synced = phone.sync(dose("2024-02-20", said_at=said, taken_at=said), sent_at=said)
        assert synced["outcomes"][0]["outcome"] == "recorded"
        assert synced["clock_off_seconds"] is None

    def test_online_too(self, phone: Phone) -> None:
        answer = phone.record("2024-02-20", said_at="1970-01-01T00:10:00Z", sent_at="1970-01-01T00:10:02Z")
        assert answer.json["outcome"] == "recorded"
        assert answer.json["clock_off_seconds"] < -50 * 365 * 86400


class TestZones:
    """The phone's day is that of the place where the patient is."""

    def test_midnight_in_shanghai(self, phone: Phone, clock: Clock) -> None:
        """In UTC it is four in the afternoon."""
        clock.set("2024-02-20T23:59:58+08:00")
        early = dose("2024-02-21", said_at="2024-02-20T23:59:57+08:00")
        assert phone.outcomes(dose("2024-02-20", said_at="2024-02-20T23:59:57+08:00"), early) == [
            "recorded",
            "refused",
        ]
        assert phone.read()["doses"][0]["dose_id"] == "2024-02-20.surufatinib.1"
        clock.set("2024-02-21T00:00:01+08:00")
        assert phone.read()["doses"][0]["dose_id"] == "2024-02-21.surufatinib.1"
        # It was said a little too early, and is judged by the day on which it comes.
        assert phone.outcomes(early) == ["recorded"]
        assert phone.outcomes(dose("2024-02-21", said_at="2024-02-21T00:00:01+08:00")) == ["recorded"]
        # The phone may say so in UTC.
        assert phone.outcomes(dose("2024-02-21", "missed", said_at="2024-02-20T16:00:01Z")) == ["recorded"]

    def test_to_los_angeles_and_back(self, phone: Phone, clock: Clock) -> None:
        """No day is lost or doubled over two crossings of the date line, online or offline."""
        at_home, there, back = "Asia/Shanghai", "America/Los_Angeles", "Asia/Shanghai"
        clock.set("2024-02-21T22:00:00+08:00")
        assert phone.outcomes(dose("2024-02-20", said_at="2024-02-20T20:00:00+08:00")) == ["recorded"]
        assert phone.outcomes(dose("2024-02-21", said_at="2024-02-21T20:00:00+08:00")) == ["recorded"]
        # Landed: it is the morning of the same day again, and today's dose is taken.
        clock.set("2024-02-21T09:00:00-08:00")
        assert phone.read()["today"] == "2024-02-22"
        assert phone.outcomes(moved_to(there, said_at="2024-02-21T09:00:00-08:00")) == ["recorded"]
        shown = phone.read()
        assert (shown["today"], shown["time_zone"], shown["doses"][0]["status"]) == ("2024-02-21", there, "taken")
        # Offline for three days, and back home before there is a network again.
        queue = [dose(f"2024-02-{day}", said_at=f"2024-02-{day}T20:00:00-08:00") for day in (22, 23, 24)]
        queue.append(moved_to(back, said_at="2024-02-26T20:00:00+08:00"))
        queue.append(dose("2024-02-25", said_at="2024-02-26T20:00:00+08:00"))
        queue.append(dose("2024-02-26", said_at="2024-02-26T20:01:00+08:00"))
        clock.set("2024-02-26T20:30:00+08:00")
        assert phone.outcomes(*queue) == ["recorded"] * 6
        shown = phone.read()
        assert (shown["today"], shown["time_zone"], shown["doses"][0]["status"]) == ("2024-02-26", at_home, "taken")
        rows = phone.read("calendar", from_="2024-02-20", to="2024-02-27")["doses"]
        assert [row["status"] for row in rows] == ["taken"] * 7 + ["planned"]

    @pytest.mark.parametrize(
        ("on_record", "said", "dose_on"),
        [
            # The record says Los Angeles, the phone is in Shanghai, a day ahead.
            ("America/Los_Angeles", "2024-02-21T00:30:00+08:00", "2024-02-21"),
            # The record says Shanghai, the phone is in Los Angeles, a day behind.
            ("Asia/Shanghai", "2024-02-20T20:00:00-08:00", "2024-02-20"),
            # A minute fast, which is later than now.
            ("Europe/Berlin", "2024-02-21T00:31:00+08:00", "2024-02-21"),
        ],
    )
    def test_before_the_move_is_on_record(
        self, phone: Phone, clock: Clock, on_record: str, said: str, dose_on: str
    ) -> None:
        if on_record != "Asia/Shanghai":
            phone.patient.record("time_zone_changed", time_zone=on_record)
        clock.now = datetime.fromisoformat(said).astimezone(clock.now.tzinfo)
        clock.now -= timedelta(minutes=1) if on_record.startswith("Europe") else timedelta(0)
        assert phone.outcomes(dose(dose_on, said_at=said)) == ["recorded"]
        phone.sync(moved_to("Asia/Shanghai", said_at=said))
        assert phone.status_of(dose_on) == "taken"

    def test_no_phone_is_further_ahead_than_the_world(self, phone: Phone, clock: Clock) -> None:
        """An offset that no place has does not open tomorrow."""
        clock.set("2024-02-20T12:00:00+08:00")
        said = "2024-02-21T03:59:00+23:59"
        synced = phone.sync(dose("2024-02-21", said_at=said), sent_at=said)
        assert synced["outcomes"][0]["outcome"] == "refused"

    @pytest.mark.parametrize(
        ("said", "dose_on"),
        [
            ("2024-03-31T00:00:00+01:00", "2024-03-31"),
            ("2024-03-31T01:59:59+01:00", "2024-03-31"),
            ("2024-03-31T03:00:00+02:00", "2024-03-31"),
            ("2024-03-31T23:59:59+02:00", "2024-03-31"),
            ("2024-10-27T00:00:00+02:00", "2024-10-27"),
            ("2024-10-27T02:30:00+02:00", "2024-10-27"),
            ("2024-10-27T02:30:00+01:00", "2024-10-27"),
            ("2024-10-27T23:59:59+01:00", "2024-10-27"),
        ],
    )
    def test_the_clocks_change_in_berlin(
        self, service: Service, patient: Patient, clock: Clock, said: str, dose_on: str
    ) -> None:
        patient.record("time_zone_changed", time_zone="Europe/Berlin")
        clock.set(said)
        phone = Phone(service, patient)
        day = datetime.fromisoformat(dose_on).date()
        clock.set(said)
        assert phone.read()["today"] == dose_on
        facts = [dose(str(day + timedelta(days)), said_at=said) for days in (-8, -7, 0, 1)]
        assert phone.outcomes(*facts) == ["refused", "recorded", "recorded", "refused"]
