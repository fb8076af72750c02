"""Activation: a nurse's one-time code becomes the tokens of a phone, and nobody guesses one."""

from __future__ import annotations

import json
import logging
import re
import xml.etree.ElementTree as ET
from datetime import datetime, timedelta
from typing import Any

import pytest
from service import Client, Clock, Patient, Service, refused

from scheduler_api import logs
from scheduler_api.store.audit import events
from scheduler_api.use_cases.phones import phones

from .phones import Phone, new_code, try_code, try_refresh

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
#: Letters and digits of which an alphabet without look-alikes has at most one each.
LOOK_ALIKE = ("0O", "1IL", "2Z", "5S", "8B", "UV")
#: No code has these.
WRONG = [f"00000000{number:02}" for number in range(20)]


def devices(client: Client, patient: Patient) -> list[Any]:
    """A patient's devices, as staff see them."""
    answer = client.get(f"{patient.path}/devices")
    assert answer.status_code == 200, answer.text
    return list(answer.json["items"])


class TestCode:
    """The code that the nurse reads out."""

    def test_it_has_ten_characters_and_lives_three_days(self, patient: Patient, clock: Clock) -> None:
        answer = patient.client.post("/v1/activations", {"patient_id": patient.patient_id})
        assert (answer.status_code, answer.headers["Cache-Control"]) == (201, "no-store")
        assert answer.json["patient_id"] == patient.patient_id
        assert re.fullmatch(f"[{phones.ALPHABET}]{{10}}", answer.json["code"])
        lives = datetime.fromisoformat(answer.json["expires_at"]) - clock.now
        assert timedelta(hours=72) - timedelta(seconds=1) < lives <= timedelta(hours=72)

    @pytest.mark.parametrize("alike", LOOK_ALIKE)
    def test_no_character_looks_like_another(self, alike: str) -> None:
        assert len(set(alike) & set(phones.ALPHABET)) <= 1
        assert len(set(phones.ALPHABET)) == len(phones.ALPHABET) >= 20

    def test_codes_are_different(self, patient: Patient) -> None:
        codes = {new_code(patient) for _ in range(20)}
        assert len(codes) == 20
        assert len(set("".join(codes))) > 15

    def test_the_picture_is_a_code_that_phones_read(self, patient: Patient) -> None:
        """Well-formed SVG of a QR code with three corners and a quiet zone: phones read no Micro QR codes."""
        answer = patient.client.post("/v1/activations", {"patient_id": patient.patient_id})
        picture = ET.fromstring(answer.json["qr_svg"])
        assert picture.tag == "{http://www.w3.org/2000/svg}svg"
        assert {element.tag.rpartition("}")[2] for element in picture.iter()} <= {"svg", "path", "g", "rect", "title"}
        (path,) = [element for element in picture.iter() if element.get("class") == "qrline"]
        scale = float(path.get("transform", "").removeprefix("scale(").removesuffix(")"))
        dark, size, quiet = modules(path.get("d", "")), 21, 4
        finder = {(x, y) for x in range(7) for y in range(7) if x in (0, 6) or y in (0, 6) or {x, y} <= {2, 3, 4}}
        for left, top in ((quiet, quiet), (quiet + size - 7, quiet), (quiet, quiet + size - 7)):
            corner = {(x - left, y - top) for x, y in dark if 0 <= x - left < 7 and 0 <= y - top < 7}
            assert corner == finder
        # The line of every other module between two of the corners.
        assert {x - quiet for x, y in dark if y == quiet + 6 and 8 <= x - quiet < size - 8} == {8, 10, 12}
        assert picture.get("width") == picture.get("height") == f"{(size + 2 * quiet) * scale:g}"

    @pytest.mark.parametrize(
        "typed",
        [
            lambda code: code.lower(),
            lambda code: f"{code[:4]}-{code[4:]}",
            lambda code: f" {code[:4]} {code[4:]} ",
            # A Chinese keyboard types letters, digits, dashes and spaces in full width.
            lambda code: "".join(chr(ord(character) + 0xFEE0) for character in code),
            lambda code: f"{code[:4]}－{code[4:]}　",
            # Phones put a dash of their own between.
            lambda code: f"{code[:4]}–{code[4:]}",
        ],
        ids=["small", "dash", "spaces", "full width", "full width dash", "long dash"],
    )
    def test_it_may_be_typed_as_people_type(self, service: Service, patient: Patient, typed: Any) -> None:
        assert try_code(service, typed(new_code(patient))).status_code == 200

    def test_it_is_good_for_one_use(self, service: Service, patient: Patient) -> None:
        code = new_code(patient)
        given = try_code(service, code)
        assert (given.status_code, given.headers["Cache-Control"]) == (200, "no-store")
        assert given.json["patient_id"] == patient.patient_id
        refused(try_code(service, code), 422, "/code")

    def test_it_is_good_until_it_expires(self, service: Service, patient: Patient, clock: Clock) -> None:
        made_at = clock.now
        first = new_code(patient)
        clock.now = made_at + timedelta(hours=72) - MINUTE
        assert try_code(service, first).status_code == 200
        made_at = clock.now
        second = new_code(patient)
        clock.now = made_at + timedelta(hours=72) + MINUTE
        refused(try_code(service, second), 422, "/code")

    def test_a_new_code_ends_the_old_one(self, service: Service, patient: Patient) -> None:
        old, new = new_code(patient), new_code(patient)
        refused(try_code(service, old), 422, "/code")
        assert try_code(service, new).status_code == 200

    def test_a_new_code_leaves_other_patients_codes_and_phones_alone(
        self, service: Service, nurse: Client, phone: Phone
    ) -> None:
        other = nurse.enrol(subject_number="002")
        code = new_code(other)
        new_code(phone.patient)
        assert try_code(service, code).json["patient_id"] == other.patient_id
        assert phone.read()["today"] == "2024-02-20"

    def test_who_may_make_one(
        self, service: Service, patient: Patient, monitor: Client, elsewhere: Client, coordinator: Client
    ) -> None:
        body = {"patient_id": patient.patient_id}
        good = new_code(patient)
        with service.unchanged():
            refused(monitor.post("/v1/activations", body), 403)
            refused(elsewhere.post("/v1/activations", body), 404)
            refused(coordinator.post("/v1/activations", {"patient_id": "p-nobody"}), 404)
            refused(service.client("").post("/v1/activations", body), 401)
            refused(coordinator.post("/v1/activations", {}), 422, "/patient_id")
            refused(coordinator.post("/v1/activations", {**body, "code": "AAAAAAAA"}), 422, "/code")
        assert try_code(service, good).status_code == 200

    @pytest.mark.parametrize(
        ("body", "pointers"),
        [
            ({}, ["/code", "/device_name"]),
            ({"code": "", "device_name": ""}, ["/code", "/device_name"]),
            ({"code": 12345678, "device_name": None}, ["/code", "/device_name"]),
            ({"code": "A" * 100, "device_name": "x" * 81}, ["/code", "/device_name"]),
            ({"code": "A\x00", "device_name": "a\nb"}, ["/code", "/device_name"]),
            ({"code": ["A"], "device_name": {}, "patient_id": "p"}, ["/code", "/device_name", "/patient_id"]),
        ],
    )
    def test_what_is_no_code_is_refused_and_no_try(self, service: Service, body: Any, pointers: list[str]) -> None:
        with service.unchanged():
            refused(service.client("").post("/v1/activate", body), 422, *pointers)


def modules(path: str) -> set[tuple[int, int]]:
    """The dark modules of a path that draws each row in horizontal lines half a module below its top."""
    x, y, dark = 0.0, 0.0, set()
    for command, numbers in re.findall(r"([Mmh])([^Mmh]*)", path):
        values = [float(value) for value in re.findall(r"-?\d*\.?\d+", numbers)]
        if command == "M":
            x, y = values
        elif command == "m":
            x, y = x + values[0], y + values[1]
        else:
            dark |= {(int(x) + step, int(y)) for step in range(int(values[0]))}
            x += values[0]
    return dark


class TestGuessing:
    """Wrong codes: ten a minute from an address are free, then it has to wait, at most a minute."""

    def test_ten_a_minute_then_a_wait_of_at_most_a_minute(self, service: Service, clock: Clock) -> None:
        for code in WRONG[:10]:
            refused(try_code(service, code), 422, "/code")
            clock.now += timedelta(seconds=2)
        answer = try_code(service, WRONG[10])
        refused(answer, 429)
        wait = int(answer.headers["Retry-After"])
        # Until a minute after the first of the ten, which was 20 seconds ago.
        assert wait in (40, 41)
        clock.now += timedelta(seconds=wait - 2)
        refused(try_code(service, WRONG[10]), 429)
        clock.now += timedelta(seconds=2)
        refused(try_code(service, WRONG[10]), 422, "/code")

    def test_a_good_code_does_not_help_whoever_has_to_wait(
        self, service: Service, patient: Patient, clock: Clock
    ) -> None:
        for code in WRONG[:10]:
            try_code(service, code)
        code = new_code(patient)
        refused(try_code(service, code), 429)
        assert try_code(service, code, address="198.51.100.7").status_code == 200
        # And after the wait, the patient gets in from the first address too.
        code = new_code(patient)
        clock.now += MINUTE + timedelta(seconds=1)
        assert try_code(service, code).status_code == 200

    def test_a_good_code_clears_the_wrong_ones(self, service: Service, patient: Patient) -> None:
        for code in WRONG[:9]:
            try_code(service, code)
        assert try_code(service, new_code(patient)).status_code == 200
        for code in WRONG[:10]:
            refused(try_code(service, code), 422, "/code")
        refused(try_code(service, WRONG[10]), 429)

    def test_a_hospital_whose_thirty_patients_mistype_twice_gets_in_within_a_morning(
        self, service: Service, nurse: Client, clock: Clock
    ) -> None:
        """All come from one address, each as soon as the one before is in; whoever has to wait does."""
        for number in range(30):
            code = new_code(nurse.enrol(subject_number=f"{number + 100}"))
            for typed in (code[::-1], code[1:] + "0", code):
                while (answer := try_code(service, typed)).status_code == 429:
                    assert int(answer.headers["Retry-After"]) <= 61
                    clock.now += timedelta(seconds=int(answer.headers["Retry-After"]))
            assert answer.status_code == 200

    def test_guessing_at_the_allowed_speed_is_hopeless(self, service: Service, clock: Clock) -> None:
        """An address gets ten tries a minute; docs/security.md reckons with that for a thousand of them."""
        tried, until = 0, clock.now + 10 * MINUTE
        while clock.now < until:
            answer = try_code(service, f"00000{tried:05}")
            if answer.status_code == 429:
                clock.now += timedelta(seconds=int(answer.headers["Retry-After"]))
            else:
                tried += 1
                clock.now += timedelta(seconds=1)
        assert 80 <= tried <= 110
        tries = 1000 * 10 * phones.CODE_LIFE // MINUTE
        chance_of_one_of_thirty = tries * 30 / len(phones.ALPHABET) ** phones.CODE_LENGTH
        assert chance_of_one_of_thirty < 1 / 150_000

    def test_many_at_once_get_no_more_tries_than_one(self, service: Service) -> None:
        answers = service.at_once(*(lambda code=code: try_code(service, code) for code in WRONG))
        assert sorted(answer.status_code for answer in answers) == [422] * 10 + [429] * 10

    def test_an_admin_ends_the_wait(self, service: Service, patient: Patient, admin: Client) -> None:
        for code in WRONG[:11]:
            answer = try_code(service, code)
        refused(answer, 429)
        assert admin.post("/v1/activations/unblock", {"address": "198.51.100.1"}).status_code == 204
        refused(try_code(service, WRONG[11]), 429)
        assert admin.post("/v1/activations/unblock", {"address": "203.0.113.5"}).status_code == 204
        assert try_code(service, new_code(patient)).status_code == 200
        refused(admin.post("/v1/activations/unblock", {"address": "hospital"}), 422, "/address")

    def test_by_default_that_of_the_address_of_the_admin(self, service: Service, admin: Client) -> None:
        for code in WRONG[:11]:
            answer = try_code(service, code, address="127.0.0.1")
        refused(answer, 429)
        assert admin.post("/v1/activations/unblock", {}).status_code == 204
        refused(try_code(service, WRONG[11], address="127.0.0.1"), 422, "/code")
        assert "wait_lifted" in [row["action"] for row in service.record()["audit"]]

    def test_nobody_else_ends_it(self, service: Service, nurse: Client, monitor: Client, coordinator: Client) -> None:
        for client in (nurse, monitor, coordinator):
            refused(client.post("/v1/activations/unblock", {}), 403)
        refused(service.client("").post("/v1/activations/unblock", {}), 401)

    def test_a_household_with_ipv6_is_one_address(self, service: Service) -> None:
        for number, code in enumerate(WRONG[:10]):
            refused(try_code(service, code, address=f"2001:db8:1:2::{number + 1:x}"), 422, "/code")
        refused(try_code(service, WRONG[10], address="2001:db8:1:2:ffff::1"), 429)
        refused(try_code(service, WRONG[10], address="2001:db8:1:3::1"), 422, "/code")

    def test_addresses_of_both_kinds_on_one_socket_are_not_all_one(self, service: Service) -> None:
        for number, code in enumerate(WRONG[:11]):
            refused(try_code(service, code, address=f"::ffff:198.51.100.{number}"), 422, "/code")
        for code in WRONG[:9]:
            refused(try_code(service, code, address="::ffff:203.0.113.1"), 422, "/code")
        refused(try_code(service, WRONG[10], address="203.0.113.1"), 422, "/code")
        refused(try_code(service, WRONG[11], address="::ffff:203.0.113.1"), 429)

    @pytest.mark.parametrize("address", ["", "fe80::1%eth0", "unix:/run/socket", "::1", "not an address"])
    def test_any_address_is_counted(self, service: Service, address: str) -> None:
        answers = [try_code(service, code, address=address) for code in WRONG[:11]]
        assert [answer.status_code for answer in answers] == [422] * 10 + [429]

    def test_wrong_tries_are_in_the_audit(self, service: Service) -> None:
        for code in WRONG[:7]:
            try_code(service, code)
        actions = [row["action"] for row in service.record()["audit"]]
        assert actions.count("wrong_code") >= 5

    def test_a_code_used_by_many_at_once_makes_one_phone(
        self, service: Service, patient: Patient, nurse: Client
    ) -> None:
        code = new_code(patient)
        calls = [lambda number=number: try_code(service, code, address=f"192.0.2.{number}") for number in range(8)]
        answers = service.at_once(*calls)
        assert sorted(answer.status_code for answer in answers)[:2] == [200, 422]
        assert {answer.status_code for answer in answers} <= {200, 422, 429}
        assert len(devices(nurse, patient)) == 1


class TestTokens:
    """Access tokens live an hour, refresh tokens ninety days and one use."""

    def test_an_access_token_lives_an_hour(self, service: Service, phone: Phone, clock: Clock) -> None:
        client, given_at = service.client(phone.access), clock.now
        clock.now = given_at + HOUR - MINUTE
        assert client.get("/v1/me/today").status_code == 200
        clock.now = given_at + HOUR + timedelta(seconds=1)
        problem = client.get("/v1/me/today")
        refused(problem, 401)
        assert problem.headers["WWW-Authenticate"].startswith("Bearer")

    def test_a_refresh_gives_a_pair_of_its_own(self, service: Service, phone: Phone, clock: Clock) -> None:
        old = (phone.access, phone.refresh)
        answer = try_refresh(service, phone.refresh)
        assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
        assert answer.json["patient_id"] == phone.patient.patient_id
        assert answer.json["device_id"] == phone.device_id
        new = (answer.json["access_token"], answer.json["refresh_token"])
        assert len({*old, *new}) == 4
        assert min(len(token) for token in new) >= 43
        lives = datetime.fromisoformat(answer.json["expires_at"]) - clock.now
        assert HOUR - MINUTE < lives <= HOUR
        assert service.client(new[0]).get("/v1/me/today").status_code == 200

    def test_tokens_of_one_kind_are_nothing_as_the_other(self, service: Service, phone: Phone) -> None:
        refused(service.client(phone.refresh).get("/v1/me/today"), 401)
        refused(try_refresh(service, phone.access), 401)

    def test_a_phone_that_refreshes_stays_in_for_years(self, service: Service, phone: Phone, clock: Clock) -> None:
        for _ in range(10):
            clock.now += 89 * DAY
            phone.renew()
        assert phone.get("today").status_code == 200
        # What can do nothing any more is forgotten.
        assert len(service.record()["device_tokens"]) < 5

    def test_a_phone_left_alone_for_ninety_days_is_out(self, service: Service, phone: Phone, clock: Clock) -> None:
        clock.now += 90 * DAY + MINUTE
        refused(try_refresh(service, phone.refresh), 401)

    def test_a_lost_answer_may_be_asked_for_again(self, service: Service, phone: Phone, clock: Clock) -> None:
        """The answer is lost twice, once for a day; the pair that reaches the phone works, and goes on working."""
        sent = phone.refresh
        lost = [try_refresh(service, sent).json]
        clock.now += 4 * MINUTE
        lost.append(try_refresh(service, sent).json)
        clock.now += DAY
        answer = try_refresh(service, sent)
        assert answer.status_code == 200
        assert service.client(answer.json["access_token"]).get("/v1/me/today").status_code == 200
        for pair in lost:
            refused(service.client(pair["access_token"]).get("/v1/me/today"), 401)
        clock.now += DAY
        assert try_refresh(service, answer.json["refresh_token"]).status_code == 200

    def test_the_answer_was_not_lost_once_its_access_token_was_used(
        self, service: Service, phone: Phone, clock: Clock
    ) -> None:
        old = phone.refresh
        phone.renew()
        assert phone.get("today").status_code == 200
        clock.now += MINUTE
        refused(try_refresh(service, old), 401)
        self._ended(service, phone, phone.access, phone.refresh)

    def _ended(self, service: Service, phone: Phone, *tokens: str) -> None:
        """The session has ended for all tokens, and the audit says so."""
        for token in tokens:
            refused(service.client(token).get("/v1/me/today"), 401)
            refused(try_refresh(service, token), 401)
        (device,) = devices(phone.patient.client, phone.patient)
        assert device["ended_at"] is not None
        assert device["ended_because"]
        rows = list(events.of_stream(service.store, phone.patient.patient_id))
        assert [row["actor"] for row in rows if row["action"] == "session_ended"] == [phone.device_id]

    def test_an_old_refresh_token_ends_the_session(self, service: Service, phone: Phone, clock: Clock) -> None:
        old_access, old_refresh = phone.access, phone.refresh
        phone.renew()
        phone.renew()
        clock.now += 11 * MINUTE
        refused(try_refresh(service, old_refresh), 401)
        self._ended(service, phone, old_access, old_refresh, phone.access, phone.refresh)

    def test_an_old_refresh_token_is_known_as_old_at_once_if_the_new_one_was_used(
        self, service: Service, phone: Phone, clock: Clock
    ) -> None:
        old = phone.refresh
        phone.renew()
        clock.now += MINUTE
        phone.renew()
        refused(try_refresh(service, old), 401)
        self._ended(service, phone, phone.access, phone.refresh)

    def test_a_thief_before_the_phone_used_its_pair_does_not_stay(
        self, service: Service, phone: Phone, clock: Clock
    ) -> None:
        """Of two who hold tokens of one session, the phone comes back with the pair that was replaced: both are out."""
        stolen = phone.refresh
        phone.renew()
        clock.now += MINUTE
        thief = try_refresh(service, stolen).json
        clock.now += HOUR
        refused(try_refresh(service, phone.refresh), 401)
        self._ended(service, phone, thief["access_token"], thief["refresh_token"])

    def test_refreshes_at_once_leave_a_pair_that_works(self, service: Service, phone: Phone) -> None:
        """An app and its widget refresh at the same moment: all are answered, and one pair is good."""
        sent = phone.refresh
        answers = service.at_once(*(lambda: try_refresh(service, sent) for _ in range(6)))
        assert [answer.status_code for answer in answers] == [200] * 6
        pairs = [answer.json for answer in answers]
        good = [pair for pair in pairs if service.client(pair["access_token"]).get("/v1/me/today").status_code == 200]
        assert len(good) == 1
        assert try_refresh(service, good[0]["refresh_token"]).status_code == 200

    @pytest.mark.parametrize("token", ["ref_", "ref_" + "A" * 43, "x" * 200, "令牌", " "])
    def test_what_is_no_token_opens_nothing(self, service: Service, phone: Phone, token: str) -> None:
        with service.unchanged():
            refused(try_refresh(service, token), 401)

    @pytest.mark.parametrize("body", [{}, {"refresh_token": ""}, {"refresh_token": None}, {"refresh_token": "x" * 201}])
    def test_a_body_without_one_is_refused(self, service: Service, body: Any) -> None:
        refused(service.client("").post("/v1/token", body), 422, "/refresh_token")


class TestDevices:
    """Devices are listed and ended by the patient and by the site."""

    def test_they_are_listed(self, service: Service, patient: Patient, nurse: Client, monitor: Client) -> None:
        phone = Phone(service, patient, "奶奶的手机")
        tablet = Phone(service, patient, "Tablet")
        mine = phone.read("devices")["items"]
        assert [device["name"] for device in mine] == ["奶奶的手机", "Tablet"]
        assert [device["device_id"] for device in mine] == [phone.device_id, tablet.device_id]
        assert all(device["ended_at"] is None for device in mine)
        assert devices(nurse, patient) == devices(monitor, patient) == mine
        page = phone.read("devices", limit=1)
        assert [device["name"] for device in page["items"]] == ["奶奶的手机"]
        rest = phone.read("devices", cursor=page["next_cursor"])
        assert [device["name"] for device in rest["items"]] == ["Tablet"]

    def test_the_patient_ends_one_and_it_is_out_at_once(self, service: Service, patient: Patient) -> None:
        phone, lost = Phone(service, patient), Phone(service, patient, "Lost")
        assert lost.get("today").status_code == 200
        assert phone.send("DELETE", f"devices/{lost.device_id}").status_code == 204
        for method, path, body in (("GET", "today", None), ("PUT", "doses/2024-02-20", {"status": "taken"})):
            refused(lost.send(method, path, body), 401)
        refused(try_refresh(service, lost.refresh), 401)
        assert phone.get("today").status_code == 200
        ended = {device["name"]: device["ended_because"] for device in phone.read("devices")["items"]}
        assert ended["Lost"]
        assert ended["Redmi 12"] is None
        refused(phone.send("DELETE", f"devices/{lost.device_id}"), 404)

    def test_a_phone_ends_itself(self, phone: Phone) -> None:
        assert phone.send("DELETE", f"devices/{phone.device_id}").status_code == 204
        refused(phone.get("today"), 401)

    def test_the_nurse_ends_one(self, service: Service, phone: Phone, nurse: Client) -> None:
        address = f"{phone.patient.path}/devices/{phone.device_id}"
        assert nurse.send("DELETE", address).status_code == 204
        refused(phone.get("today"), 401)
        refused(try_refresh(service, phone.refresh), 401)
        refused(nurse.send("DELETE", address), 404)
        rows = list(events.of_stream(service.store, phone.patient.patient_id))
        noted = [row["action"] for row in rows if row["action"] != "read"]
        assert noted == ["code_made", "activated", "session_ended"]

    def test_who_may_not(
        self, service: Service, phone: Phone, nurse: Client, monitor: Client, elsewhere: Client
    ) -> None:
        other = Phone(service, nurse.enrol(subject_number="002"))
        address = f"{phone.patient.path}/devices/{phone.device_id}"
        with service.unchanged():
            refused(monitor.send("DELETE", address), 403)
            refused(elsewhere.send("DELETE", address), 404)
            refused(elsewhere.get(f"{phone.patient.path}/devices"), 404)
            refused(other.send("DELETE", f"devices/{phone.device_id}"), 404)
            refused(nurse.send("DELETE", f"{other.patient.path}/devices/{phone.device_id}"), 404)
        assert phone.get("today").status_code == 200


class TestSecrecy:
    """Neither the database nor the logs hold what opens anything."""

    def _use(self, service: Service, patient: Patient) -> list[str]:
        """Use every secret there is; the secrets."""
        made = patient.client.post(
            "/v1/activations", {"patient_id": patient.patient_id}, headers={"Idempotency-Key": "once-and-for-all"}
        )
        phone = Phone(service, patient)
        secrets = [made.json["code"], new_code(patient), phone.access, phone.refresh]
        phone.renew()
        address = phone.read("feed")["address"]
        assert service.app.test_client().get(address).status_code == 200
        secrets += [phone.access, phone.refresh, address.rpartition("/")[2].removesuffix(".ics")]
        for code in WRONG[:6]:
            try_code(service, code)
        refused(service.client("").get(f"/v1/feeds/{secrets[-1]}X.ics"), 404)
        try_refresh(service, secrets[3])
        try_code(service, secrets[0], address="192.0.2.77")
        return [*secrets, *WRONG[:6]]

    def test_nothing_secret_is_in_the_database(self, service: Service, patient: Patient) -> None:
        secrets = self._use(service, patient)
        for table, rows in service.record().items():
            kept = json.dumps(rows, default=str)
            assert not [secret for secret in secrets if secret in kept], table

    def test_nothing_secret_is_in_the_logs(
        self, service: Service, patient: Patient, caplog: pytest.LogCaptureFixture
    ) -> None:
        with caplog.at_level(logging.DEBUG):
            secrets = self._use(service, patient)
        lines = [logs.JsonFormatter().format(record) for record in caplog.records]
        assert len(lines) > 15
        for line in lines:
            assert not [secret for secret in (*secrets, patient.patient_id, "203.0.113.5") if secret in line]
