"""The one screen: right in every status, small, and asked for at little cost until the patient's midnight."""

from __future__ import annotations

import gzip
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import brotli
import pytest
from hypothesis import given
from hypothesis import strategies as st
from service import Client, Clock, Patient, Service, refused

from scheduler_api.engine.dates import civil_date
from scheduler_api.engine.instants import end_of, local_instant

from .phones import Phone

#: The dose of the day of these tests.
LAST = "2024-02-20.surufatinib.1"


def take(patient: Patient, first: str, last: str) -> None:
    """Record each day from `first` through `last` taken."""
    start, end = date.fromisoformat(first), date.fromisoformat(last)
    for number in range((end - start).days + 1):
        patient.record("dose_recorded", dose_on=str(start + timedelta(number)), status="taken")


class TestPhases:
    """There is an answer on every day of a patient's way through the trial, and it is the calendar's."""

    def _shown(self, phone: Phone) -> Any:
        """Today's screen, checked against the calendar."""
        shown, calendar = phone.read(), phone.read("calendar")
        assert (shown["today"], shown["status"]) == (calendar["today"], calendar["status"])
        assert shown["contraception"] == calendar["contraception"]
        fields = ("dose_id", "drug", "amount", "pieces", "status")
        rows = [row for row in calendar["doses"] if row["dose_on"] == shown["today"]]
        assert [{name: dose[name] for name in fields} for dose in shown["doses"]] == [
            {name: row[name] for name in fields} for row in rows
        ]
        before = [row for row in calendar["doses"] if row["dose_on"] < shown["today"]]
        asked = [row["dose_id"] for row in before if row["status"] == "unrecorded"]
        assert shown["unrecorded"] == ([] if shown["status"] == "off_study" else asked)
        treatment = calendar["treatment"]
        place = shown["cycle"] and (shown["cycle"]["number"], shown["cycle"]["day"])
        assert place == (treatment["cycle"] and (treatment["cycle"], treatment["cycle_day"]))
        return shown

    def test_before_the_first_dose(self, service: Service, nurse: Client) -> None:
        """Nobody is told to take anything before treatment started."""
        shown = self._shown(Phone(service, nurse.enrol()))
        assert shown["status"] == "enrolled"
        assert (shown["cycle"], shown["unrecorded"]) == (None, [])
        assert shown["doses"][0]["status"] == "planned"
        assert shown["contraception"]["status"] == "required"

    def test_on_treatment(self, phone: Phone) -> None:
        take(phone.patient, "2024-02-13", "2024-02-18")
        phone.patient.record("visit_booked", visit="imaging-w6", booked_on="2024-02-21", time="09:30")
        shown = self._shown(phone)
        assert shown["status"] == "on_treatment"
        assert shown["cycle"] == {"number": 3, "day": 5, "of_days": 21}
        assert shown["doses"] == [
            {
                "dose_id": "2024-02-20.surufatinib.1",
                "drug": "surufatinib",
                "amount": 300,
                "unit": "mg",
                "pieces": [{"strength": 50, "count": 6}],
                "status": "due",
                "remind_at": "2024-02-20T20:00:00+08:00",
                "snoozed_until": None,
            }
        ]
        assert shown["unrecorded"] == ["2024-02-19.surufatinib.1"]
        (scan,) = shown["visits"]
        assert (scan["visit"], scan["status"]) == ("imaging-w6", "open")
        assert (scan["booked_on"], scan["booked_time"]) == ("2024-02-21", "09:30")
        assert shown["contraception"]["earliest_through_on"] == "2024-08-20"

    def test_a_week_to_catch_up_on(self, phone: Phone) -> None:
        days = [f"2024-02-{day}.surufatinib.1" for day in range(13, 20)]
        assert self._shown(phone)["unrecorded"] == days
        phone.record("2024-02-14")
        phone.record("2024-02-17", "missed")
        assert self._shown(phone)["unrecorded"] == [days[0], days[2], days[3], days[5], days[6]]

    def test_a_dose_is_recorded(self, phone: Phone) -> None:
        for status in ("taken", "missed"):
            phone.record("2024-02-20", status)
            assert self._shown(phone)["doses"][0]["status"] == status
        phone.take_back("2024-02-20")
        assert self._shown(phone)["doses"][0]["status"] == "due"

    def test_on_hold(self, phone: Phone, clock: Clock) -> None:
        phone.patient.record("hold_started", from_on="2024-02-18", reason="toxicity")
        shown = self._shown(phone)
        assert (shown["status"], shown["doses"][0]["status"]) == ("on_treatment", "held")
        assert shown["unrecorded"][-1] == "2024-02-17.surufatinib.1"
        phone.patient.record("hold_ended", resumes_on="2024-02-21")
        clock.set("2024-02-21T12:00:00+08:00")
        assert self._shown(phone)["doses"][0]["status"] == "due"

    def test_a_reduced_dose(self, phone: Phone) -> None:
        phone.patient.record("dose_changed", from_on="2024-02-20", amount=250, reason="toxicity")
        assert self._shown(phone)["doses"][0]["amount"] == 250

    def test_on_a_rest_day(self, service: Service, admin: Client, nurse: Client, clock: Clock) -> None:
        definition = admin.get("/v1/protocols/nct06110650/versions/1").json
        when = [{"days": {"from": 1, "to": 14}}]
        regimens = [{**definition["regimens"][0], "when": when, "cycle_days": 21}]
        added = admin.post("/v1/protocols", {**definition, "id": "two-of-three", "regimens": regimens})
        assert added.status_code == 201, added.text
        patient = nurse.enrol(protocol="two-of-three")
        patient.record("treatment_started", first_dose_on="2024-01-05")
        phone = Phone(service, patient)
        clock.set("2024-02-09T12:00:00+08:00")
        assert self._shown(phone)["doses"][0]["status"] == "rest"
        assert phone.read()["cycle"] == {"number": 2, "day": 15, "of_days": 21}

    def test_the_drug_has_its_name_in_the_patients_language(
        self, service: Service, admin: Client, nurse: Client
    ) -> None:
        definition = admin.get("/v1/protocols/nct06110650/versions/1").json
        regimen = {**definition["regimens"][0], "id": "anlotinib", "drug": {"en": "anlotinib", "zh-CN": "安罗替尼"}}
        added = admin.post("/v1/protocols", {**definition, "id": "anlotinib", "regimens": [regimen]})
        assert added.status_code == 201, added.text
        patient = nurse.enrol(protocol="anlotinib")
        patient.record("treatment_started", first_dose_on="2024-01-05")
        client = service.client(Phone(service, patient).access)
        for language, name in (("zh-CN", "安罗替尼"), ("en", "anlotinib")):
            answer = client.get("/v1/me/today", {"Accept-Language": language})
            assert [dose["drug"] for dose in answer.json["doses"]] == [name]

    def test_on_a_held_day_that_does_not_count(
        self, service: Service, admin: Client, nurse: Client, clock: Clock
    ) -> None:
        definition = admin.get("/v1/protocols/nct06110650/versions/1").json
        regimens = [{**definition["regimens"][0], "on_hold": "extend"}]
        added = admin.post("/v1/protocols", {**definition, "id": "extending", "regimens": regimens})
        assert added.status_code == 201, added.text
        patient = nurse.enrol(protocol="extending")
        patient.record("treatment_started", first_dose_on="2024-01-05")
        patient.record("hold_started", from_on="2024-01-26", resumes_on="2024-02-09", reason="toxicity")
        phone = Phone(service, patient)
        clock.set("2024-02-08T12:00:00+08:00")
        assert self._shown(phone)["doses"][0]["status"] == "held"
        assert phone.read()["cycle"] == {"number": 1, "day": None, "of_days": 21}
        scan = nurse.get("/v1/visits").json["items"][0]
        assert (scan["cycle"], scan["cycle_day"], scan["on_hold"]) == (1, None, True)
        clock.set("2024-02-09T12:00:00+08:00")
        assert phone.read()["cycle"] == {"number": 2, "day": 1, "of_days": 21}

    def test_after_treatment_and_released(self, phone: Phone, clock: Clock) -> None:
        take(phone.patient, "2024-02-12", "2024-02-19")
        phone.patient.record(
            "treatment_ended", last_dose_on="2024-02-19", decided_on="2024-02-20", reason="intolerance"
        )
        shown = self._shown(phone)
        assert (shown["status"], shown["doses"], shown["cycle"]) == ("follow_up", [], None)
        assert shown["contraception"]["through_on"] == "2024-08-19"
        assert [visit["visit"] for visit in shown["visits"]] == ["imaging-w6", "contraception-m1"]
        clock.set("2024-08-19T23:00:00+08:00")
        phone = Phone(phone.service, phone.patient)
        assert self._shown(phone)["contraception"]["status"] == "required"
        clock.set("2024-08-20T00:00:01+08:00")
        assert self._shown(phone)["contraception"]["status"] == "released"

    def test_the_last_dose_by_the_record_is_asked_about_and_none_to_take(self, phone: Phone) -> None:
        take(phone.patient, "2024-02-12", "2024-02-19")
        assert [dose["remind_at"][11:16] for dose in phone.read()["doses"]] == ["20:00"]
        phone.patient.record("treatment_ended", last_dose_on="2024-02-20", decided_on="2024-02-20", reason="other")
        shown = phone.read()
        assert (shown["status"], shown["doses"], shown["unrecorded"]) == ("on_treatment", [], [LAST])
        (row,) = [row for row in phone.read("calendar")["doses"] if row["dose_id"] == LAST]
        assert (row["status"], row["remind_at"]) == ("due", None)
        assert phone.record("2024-02-20").json["outcome"] == "recorded"
        shown = phone.read()
        assert ([dose["status"] for dose in shown["doses"]], shown["unrecorded"]) == (["taken"], [])

    def test_off_study(self, phone: Phone) -> None:
        phone.patient.record("treatment_ended", last_dose_on="2024-02-10", decided_on="2024-02-10", reason="withdrawal")
        phone.patient.record("study_ended", ended_on="2024-02-15", reason="withdrawal")
        shown = self._shown(phone)
        assert (shown["status"], shown["doses"], shown["cycle"], shown["visits"]) == ("off_study", [], None, [])
        assert shown["contraception"]["through_on"] == "2024-08-10"

    def test_dead(self, phone: Phone) -> None:
        phone.patient.record("study_ended", ended_on="2024-02-19", reason="death")
        shown = self._shown(phone)
        assert (shown["status"], shown["doses"], shown["cycle"], shown["visits"]) == ("off_study", [], None, [])
        assert shown["contraception"]["status"] == "released"

    def test_not_fertile(self, service: Service, nurse: Client) -> None:
        shown = self._shown(Phone(service, nurse.enrol(fertility="not_fertile", basis="natural_menopause")))
        assert shown["contraception"]["status"] == "not_required"

    def test_years_later_and_long_before(self, phone: Phone, clock: Clock) -> None:
        for instant in ("2030-01-01T12:00:00+08:00", "2024-01-05T00:00:00+08:00"):
            clock.set(instant)
            # The tokens of the phone are of 2024.
            phone = Phone(phone.service, phone.patient)
            assert self._shown(phone)["today"] == instant[:10]

    @pytest.mark.parametrize("reason", ["death", "withdrawal"])
    def test_nothing_is_asked_on_the_day_of_leaving(self, phone: Phone, reason: str) -> None:
        phone.patient.record("treatment_ended", last_dose_on="2024-02-20", decided_on="2024-02-20", reason=reason)
        if reason == "withdrawal":
            phone.patient.record("study_ended", ended_on="2024-02-20", reason=reason, contact_after="stop")
        shown = phone.read()
        assert (shown["status"], shown["doses"], shown["unrecorded"]) == ("off_study", [], [])
        (row,) = [row for row in phone.read("calendar")["doses"] if row["dose_id"] == LAST]
        assert row["remind_at"] is None

    def test_before_a_start_nothing_is_asked_either(self, service: Service, nurse: Client) -> None:
        """The end says that the last dose was today's, though no start is recorded."""
        phone = Phone(service, nurse.enrol())
        phone.patient.record("treatment_ended", last_dose_on="2024-02-20", decided_on="2024-02-20", reason="death")
        shown = phone.read()
        assert (shown["doses"], shown["unrecorded"]) == ([], [])


class TestWhomToCall:
    """The site's contact, as a coordinator of the site sets it."""

    CONTACT: ClassVar = {"name": "王护士", "phone": "+86 21 6417 5590"}

    def test_it_is_on_the_screen_from_the_next_request_on(self, phone: Phone, coordinator: Client) -> None:
        before = phone.get("today")
        assert before.json["site_contact"] is None
        assert coordinator.send("PUT", "/v1/sites/FUSCC/contact", self.CONTACT).json == self.CONTACT
        answer = phone.get("today", {"If-None-Match": before.headers["ETag"]})
        assert (answer.status_code, answer.json["site_contact"]) == (200, self.CONTACT)
        assert phone.sync()["today"]["site_contact"] == self.CONTACT
        assert coordinator.get("/v1/sites/FUSCC").json["contact"] == self.CONTACT

    def test_only_those_of_the_site_set_it(self, service: Service, nurse: Client, coordinator: Client) -> None:
        with service.unchanged():
            refused(nurse.send("PUT", "/v1/sites/FUSCC/contact", self.CONTACT), 403)
            refused(coordinator.send("PUT", "/v1/sites/NOWHERE/contact", self.CONTACT), 404)
            for name, value in (("phone", "call me"), ("phone", ""), ("name", "")):
                contact = {**self.CONTACT, name: value}
                refused(coordinator.send("PUT", "/v1/sites/FUSCC/contact", contact), 422, f"/{name}")


class TestPrivacy:
    """What a scan showed, and why treatment ended, is for the site to tell."""

    WORDS = ("progress", "PD", "disease", "intolerance", "toxicity", "进展", "reason", "vomit")

    def test_no_answer_tells_it(self, phone: Phone, clock: Clock) -> None:
        patient = phone.patient
        patient.record("dose_recorded", dose_on="2024-02-18", status="missed", note="vomited, disease progress")
        patient.record("hold_started", from_on="2024-02-19", reason="toxicity")
        patient.record("visit_booked", visit="imaging-w12", booked_on="2024-03-27")
        patient.record("visit_done", series="imaging", done_on="2024-02-19", response="PD")
        patient.record("progressed", progressed_on="2024-02-19", basis="clinical")
        patient.record("new_therapy_started", started_on="2024-02-20")
        patient.record("treatment_ended", last_dose_on="2024-02-18", decided_on="2024-02-20", reason="progression")
        for language in ("en", "zh-CN"):
            answers = [
                phone.get("today", {"Accept-Language": language}),
                phone.get("calendar", {"Accept-Language": language}, from_="2024-01-01", to="2025-06-01"),
            ]
            for answer in answers:
                said = answer.text.replace('"reason":null', "")
                assert not [word for word in self.WORDS if word in said], said


class TestCost:
    """Small, and a 304 until something changes."""

    def test_under_fifteen_hundred_bytes(self, phone: Phone, coordinator: Client) -> None:
        contact = {"name": "Study nurse Wang, ward 12", "phone": "+86 21 6417 5590 #12"}
        assert coordinator.send("PUT", "/v1/sites/FUSCC/contact", contact).status_code == 200
        take(phone.patient, "2024-01-05", "2024-02-19")
        phone.patient.record("visit_booked", visit="imaging-w6", booked_on="2024-02-21", time="09:30")
        for language in ("en", "zh-CN"):
            answer = phone.get("today", {"Accept-Language": language})
            assert answer.json["unrecorded"] == []
            assert len(answer.data) < 1500

    def test_under_fifteen_hundred_bytes_with_two_series(self, phone: Phone) -> None:
        take(phone.patient, "2024-01-05", "2024-02-19")
        phone.patient.record("treatment_ended", last_dose_on="2024-02-19", decided_on="2024-02-19", reason="other")
        for language in ("en", "zh-CN"):
            answer = phone.get("today", {"Accept-Language": language})
            assert len(answer.json["visits"]) == 2
            assert len(answer.data) < 1500

    def test_it_is_good_until_midnight(self, phone: Phone, clock: Clock) -> None:
        clock.set("2024-02-20T21:30:00+08:00")
        answer = phone.get("today")
        assert answer.json["changes_at"] == "2024-02-21T00:00:00+08:00"
        control = dict(part.strip().partition("=")[::2] for part in answer.headers["Cache-Control"].split(","))
        assert "private" in control
        assert 9000 - 2 <= int(control["max-age"]) <= 9000
        assert "Accept-Language" in answer.headers["Vary"]

    @pytest.mark.parametrize("path", ["today", "calendar"])
    def test_a_304_until_something_changes(self, phone: Phone, clock: Clock, path: str) -> None:
        clock.set("2024-02-20T23:58:00+08:00")
        seen: set[str] = set()

        def changed() -> None:
            """The answer is a new one, and then known."""
            answers = [phone.get(path, {"If-None-Match": tag}) for tag in seen] or [phone.get(path)]
            assert {answer.status_code for answer in answers} == {200}
            tag = answers[0].headers["ETag"]
            assert tag not in seen
            for sent in (tag, f'"x", W/{tag}', "*"):
                known = phone.get(path, {"If-None-Match": sent})
                assert (known.status_code, known.data, known.headers["ETag"]) == (304, b"", tag)
                assert "max-age" in known.headers["Cache-Control"]
                assert known.headers["Vary"]
            seen.add(tag)

        changed()
        phone.record("2024-02-19")
        changed()
        phone.patient.record("hold_started", from_on="2024-02-20", reason="toxicity")
        changed()
        fact = phone.patient.record("visit_booked", visit="imaging-w6", booked_on="2024-02-21")["fact"]
        changed()
        phone.patient.record("voided", voids=fact["fact_id"], reason="typing error")
        changed()
        clock.set("2024-02-21T00:00:00+08:00")
        changed()
        phone.patient.record("time_zone_changed", time_zone="America/Los_Angeles")
        changed()
        clock.set("2024-02-21T00:00:00-08:00")
        changed()

    def test_a_304_is_of_one_question_language_and_patient(self, service: Service, phone: Phone, nurse: Client) -> None:
        tag = phone.get("today").headers["ETag"]
        assert phone.get("today", {"If-None-Match": tag, "Accept-Language": "zh-CN"}).status_code == 200
        assert phone.get("today", {"If-None-Match": tag, "Accept-Language": "en-GB"}).status_code == 304
        tag = phone.get("calendar").headers["ETag"]
        assert phone.get("calendar", {"If-None-Match": tag}, to="2024-03-01").status_code == 200
        # Activated for another patient, the same telephone has the answer of the first in its cache.
        other = nurse.enrol(subject_number="002")
        other.record("treatment_started", first_dose_on="2024-01-08")
        tag = phone.get("today").headers["ETag"]
        assert Phone(service, other).get("today", {"If-None-Match": tag}).status_code == 200

    def test_a_304_reads_little_and_computes_nothing(self, service: Service, phone: Phone) -> None:
        tag = phone.get("today").headers["ETag"]
        with service.store.transaction():
            service.store.write("UPDATE patients SET history = ''", {})
        assert phone.get("today", {"If-None-Match": tag}).status_code == 304

    def test_a_bad_range_is_no_304(self, phone: Phone) -> None:
        refused(phone.get("calendar", {"If-None-Match": "*"}, from_="2024-03-01", to="2024-01-01"), 422, "/to")
        refused(phone.get("calendar", from_="2024-01-01", to="2030-01-01"), 422, "/to")
        refused(phone.get("calendar", today="2024-01-01"), 422, "/today")
        refused(phone.get("today", today="2024-01-01"), 422, "/today")

    @pytest.mark.parametrize(
        ("sent", "how", "unpack"),
        [
            ("zstd, br, gzip", "zstd", None),
            ("br, gzip", "br", brotli.decompress),
            ("gzip", "gzip", gzip.decompress),
            ("br;q=0, gzip;q=0.5", "gzip", gzip.decompress),
            ("identity", None, bytes),
            ("", None, bytes),
        ],
    )
    def test_long_answers_are_compressed(self, phone: Phone, sent: str, how: str | None, unpack: Any) -> None:
        plain = phone.get("calendar", to="2024-12-31")
        headers = {"Accept-Encoding": sent}
        answer = phone.get("calendar", headers, to="2024-12-31")
        assert answer.headers.get("Content-Encoding") == how
        assert "Accept-Encoding" in answer.headers["Vary"]
        assert "Accept-Language" in answer.headers["Vary"]
        if how is not None:
            assert len(answer.data) < len(plain.data) / 5
        if unpack is not None:
            assert unpack(answer.data) == plain.data
        tag = answer.headers["ETag"]
        # Each form of it has a strong tag of its own, and each gives 304.
        assert (tag == plain.headers["ETag"]) == (how is None)
        for wanted in (tag, f"W/{tag}", plain.headers["ETag"]):
            assert phone.get("calendar", {**headers, "If-None-Match": wanted}, to="2024-12-31").status_code == 304

    def test_a_short_answer_is_not_compressed(self, phone: Phone) -> None:
        take(phone.patient, "2024-02-13", "2024-02-19")
        answer = phone.get("today", {"Accept-Encoding": "zstd, br, gzip"})
        assert "Content-Encoding" not in answer.headers

    def test_a_tag_of_a_compressed_answer_is_good_for_a_write(self, phone: Phone) -> None:
        tag = phone.patient.get("calendar", {"Accept-Encoding": "gzip"}).headers["ETag"]
        assert "gzip" in tag
        taken = {"dose_on": "2024-02-19", "status": "taken"}
        assert phone.patient.send("dose_recorded", {"If-Match": tag}, **taken).status_code == 201
        refused(phone.patient.send("dose_recorded", {"If-Match": tag}, **taken), 412)


class TestLanguage:
    """The language that the phone prefers, whichever way it writes it."""

    @pytest.mark.parametrize(
        ("sent", "spoken"),
        [
            ("zh", "zh-CN"),
            ("zh-CN", "zh-CN"),
            ("ZH-cn", "zh-CN"),
            ("zh_CN", "zh-CN"),
            ("zh-Hans-CN", "zh-CN"),
            ("zh-Hans", "zh-CN"),
            ("zh-TW", "en"),
            ("zh-CN,zh;q=0.9,en;q=0.8", "zh-CN"),
            ("zh-Hans-CN, en;q=0.5", "zh-CN"),
            ("zh-Hans-CN;q=1.0, en-CN;q=0.9", "zh-CN"),
            ("en;q=0.5, zh-Hans-CN", "zh-CN"),
            ("fr, zh;q=0.1", "zh-CN"),
            ("en", "en"),
            ("en-GB", "en"),
            ("en-GB,en;q=0.9,zh-CN;q=0.8", "en"),
            ("en-GB,zh-CN;q=0.8", "en"),
            ("zh;q=0.4, en-US;q=0.6", "en"),
            ("zh;q=0, en", "en"),
            ("zh;q=0", "en"),
            ("fr", "en"),
            ("*", "en"),
            ("", "en"),
            ("zho", "en"),
            (";;q=x,,=", "en"),
            ("中文", "en"),
            ("x" * 5000, "en"),
        ],
    )
    def test_it_is_found(self, phone: Phone, sent: str, spoken: str) -> None:
        answer = phone.get("today", {"Accept-Language": sent.encode().decode("latin-1")})
        assert (answer.status_code, answer.headers["Content-Language"]) == (200, spoken)
        label = {"en": "Week 6 tumour imaging", "zh-CN": "第 6 周肿瘤影像学检查"}[spoken]
        assert answer.json["visits"][0]["label"] == label

    def test_none_is_english(self, phone: Phone) -> None:
        assert phone.get("today").headers["Content-Language"] == "en"


#: Zones that change their clocks at midnight or near it, by half an hour, or skipped a day.
ZONES = (
    "America/Santiago",
    "America/Havana",
    "America/Nuuk",
    "America/Asuncion",
    "Africa/Cairo",
    "Asia/Beirut",
    "Asia/Gaza",
    "Asia/Tehran",
    "Asia/Shanghai",
    "Europe/Berlin",
    "Australia/Lord_Howe",
    "Pacific/Apia",
)


class TestMidnight:
    """`changes_at` is the instant at which the patient's date becomes the next."""

    @pytest.mark.parametrize(
        ("time_zone", "today", "expected"),
        [
            ("Asia/Shanghai", "2024-02-20", "2024-02-21T00:00:00+08:00"),
            ("Pacific/Kiritimati", "2024-02-20", "2024-02-21T00:00:00+14:00"),
            ("Pacific/Niue", "2024-02-20", "2024-02-21T00:00:00-11:00"),
            ("Asia/Kathmandu", "2024-02-20", "2024-02-21T00:00:00+05:45"),
            # The clocks go forward at midnight: the day begins at one.
            ("America/Santiago", "2024-09-07", "2024-09-08T01:00:00-03:00"),
            ("Africa/Cairo", "2024-04-25", "2024-04-26T01:00:00+03:00"),
            ("Asia/Beirut", "2024-03-30", "2024-03-31T01:00:00+03:00"),
            # They go back at midnight: the last hour of the day comes twice.
            ("America/Santiago", "2024-04-06", "2024-04-07T00:00:00-04:00"),
            ("Africa/Cairo", "2024-10-31", "2024-11-01T00:00:00+02:00"),
            ("Asia/Beirut", "2024-10-26", "2024-10-27T00:00:00+02:00"),
            # They go back at one: the first hour of the day comes twice.
            ("America/Havana", "2024-11-02", "2024-11-03T00:00:00-04:00"),
            ("Europe/Berlin", "2024-03-30", "2024-03-31T00:00:00+01:00"),
            ("Europe/Berlin", "2024-03-31", "2024-04-01T00:00:00+02:00"),
            ("Europe/Berlin", "2024-10-26", "2024-10-27T00:00:00+02:00"),
            ("Europe/Berlin", "2024-10-27", "2024-10-28T00:00:00+01:00"),
            ("Asia/Almaty", "2024-02-29", "2024-03-01T00:00:00+05:00"),
        ],
    )
    def test_it_is_known(
        self, service: Service, patient: Patient, clock: Clock, time_zone: str, today: str, expected: str
    ) -> None:
        clock.set(f"{today}T12:00:00+00:00")
        if time_zone.startswith("Pacific"):
            clock.set("2024-02-20T10:30:00+00:00" if time_zone.endswith("Niue") else "2024-02-20T09:00:00+00:00")
            today = str(civil_date(clock.now, time_zone))
            expected = f"{date.fromisoformat(today) + timedelta(1)}{expected[10:]}"
        patient.record("time_zone_changed", time_zone=time_zone)
        phone = Phone(service, patient)
        assert phone.read()["changes_at"] == expected
        at = datetime.fromisoformat(expected)
        clock.now = at - timedelta(milliseconds=20)
        assert phone.read()["today"] == today
        clock.now = at
        assert phone.read()["today"] == expected[:10]

    @given(
        st.sampled_from(ZONES),
        st.datetimes(datetime(2010, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC)),  # noqa: DTZ001
    )
    def test_the_date_changes_there_and_not_before(self, time_zone: str, now: datetime) -> None:
        today = civil_date(now, time_zone)
        at = end_of(today, time_zone)
        second = timedelta(seconds=1)
        assert at > now
        assert civil_date(at.astimezone(UTC), time_zone) > today
        assert civil_date(at.astimezone(UTC) - second, time_zone) == today
        assert at.microsecond == 0

    @pytest.mark.parametrize(
        ("time_zone", "day", "at", "expected"),
        [
            ("Asia/Shanghai", "2024-02-20", "20:00", "2024-02-20T20:00:00+08:00"),
            # In the gap: the first instant after it. In the overlap: the first of the two.
            ("Europe/Berlin", "2024-03-31", "02:30", "2024-03-31T03:00:00+02:00"),
            ("Europe/Berlin", "2024-03-31", "02:00", "2024-03-31T03:00:00+02:00"),
            ("Europe/Berlin", "2024-03-31", "01:59", "2024-03-31T01:59:00+01:00"),
            ("Europe/Berlin", "2024-03-31", "03:00", "2024-03-31T03:00:00+02:00"),
            ("Europe/Berlin", "2024-10-27", "02:30", "2024-10-27T02:30:00+02:00"),
            ("America/Santiago", "2024-09-08", "00:30", "2024-09-08T01:00:00-03:00"),
            ("America/Santiago", "2024-04-06", "23:30", "2024-04-06T23:30:00-03:00"),
            ("America/Nuuk", "2024-03-30", "23:15", "2024-03-31T00:00:00-01:00"),
            ("Australia/Lord_Howe", "2024-10-06", "02:15", "2024-10-06T02:30:00+11:00"),
            ("Pacific/Apia", "2011-12-30", "20:00", "2011-12-31T00:00:00+14:00"),
        ],
    )
    def test_a_time_that_is_skipped_or_comes_twice(self, time_zone: str, day: str, at: str, expected: str) -> None:
        found = local_instant(date.fromisoformat(day), time.fromisoformat(at), time_zone)
        assert found.isoformat() == expected

    def test_reminders_keep_the_clock_on_the_wall(self, phone: Phone, clock: Clock) -> None:
        """Eight in the evening by the patient's clock, before and after the clocks change."""
        phone.patient.record("time_zone_changed", time_zone="Europe/Berlin")
        for day, offset in (("2024-03-30", "+01:00"), ("2024-03-31", "+02:00"), ("2024-10-27", "+01:00")):
            clock.set(f"{day}T12:00:00+00:00")
            phone = Phone(phone.service, phone.patient)
            assert phone.read()["doses"][0]["remind_at"] == f"{day}T20:00:00{offset}"
            assert ZoneInfo(phone.read()["time_zone"])
