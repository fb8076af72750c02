"""Who is signed in to the pages, and what a form needs."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import pytest
from conftest import copied
from databases import Databases
from service import Client, Patient, Service

import scheduler_api
from scheduler_api.api.http.requests import SESSION_COOKIE
from scheduler_api.use_cases.auth import tokens
from scheduler_api.use_cases.operations import housekeeping

from .reading import Page, Visitor, path_of


def secret_of(visitor: Visitor) -> str:
    """What the browser holds."""
    cookie = visitor.client.get_cookie(SESSION_COOKIE)
    assert cookie is not None
    return cookie.value


def test_the_first_page_leads_to_the_sign_in_and_that_to_the_page_that_was_asked_for(
    service: Service, patient: Patient
) -> None:
    visitor = Visitor(service)
    assert "/sign-in" in visitor.get("/").text
    address = f"/ward/patients/{patient.patient_id}?month=2024-03"
    led = visitor.get(address)
    assert (led.status_code, path_of(led)) == (303, "/sign-in")
    page = visitor.page(led.headers["Location"])
    assert visitor.press(page, "Sign in", token=service.tokens["nurse"]).headers["Location"] == address
    assert visitor.page(address).status == 200
    assert "To today's list" in visitor.page("/").text


@pytest.mark.parametrize("address", ["//evil.example/", "/\\evil.example", "https://evil.example/", "/\t/evil.example"])
def test_the_sign_in_leads_to_no_other_site(service: Service, address: str) -> None:
    visitor = Visitor(service)
    answer = visitor.press(visitor.page("/sign-in"), "Sign in", token=service.tokens["nurse"], next=address)
    assert answer.headers["Location"] == "/ward"


def test_a_wrong_token_opens_nothing_and_is_in_the_audit(service: Service) -> None:
    visitor = Visitor(service)
    for token in ("", "sch_nobody", "凭证", service.tokens["nurse"][:-1]):
        answer = visitor.press(visitor.page("/sign-in"), "Sign in", token=token)
        assert answer.status_code == 401
        assert "This token is not valid." in answer.text
        assert token == "" or token not in answer.text
        assert path_of(visitor.get("/ward")) == "/sign-in"
    refused = service.store.rows("SELECT role, route, detail FROM audit WHERE action = 'refused'")
    assert {(row["role"], row["route"]) for row in refused} == {("unknown", "POST /sign-in")}
    assert [json.loads(row["detail"])["status"] for row in refused] == [401] * 4


def test_the_browser_holds_a_secret_and_the_database_its_hash(service: Service) -> None:
    visitor = Visitor(service, "nurse")
    secret, token = secret_of(visitor), service.tokens["nurse"]
    cookie = visitor.client.get_cookie(SESSION_COOKIE)
    assert cookie is not None
    assert cookie.http_only
    assert cookie.same_site == "Lax"
    assert token not in secret
    rows = service.store.rows("SELECT * FROM web_sessions")
    assert hashlib.sha256(secret.encode()).hexdigest() in [row["hash"] for row in rows]
    assert not any(value in (secret, token) for row in rows for value in row.values())
    noted = service.store.rows("SELECT role, detail FROM audit WHERE action = 'signed_in'")
    assert {(row["role"], row["detail"]) for row in noted} == {("nurse", "{}")}


def test_by_tls_the_cookie_is_sent_by_tls_only(service: Service) -> None:
    answer = service.app.test_client().get("/sign-in", base_url="https://ward.example")
    assert "Secure" in answer.headers["Set-Cookie"]


def test_whoever_signs_in_gets_a_new_secret(service: Service) -> None:
    visitor = Visitor(service)
    page = visitor.page("/sign-in")
    before = secret_of(visitor)
    visitor.press(page, "Sign in", token=service.tokens["nurse"])
    assert secret_of(visitor) != before


def test_a_session_ends_when_it_is_ended(service: Service) -> None:
    visitor = Visitor(service, "nurse")
    secret = secret_of(visitor)
    visitor.press(visitor.page("/ward"), "Sign out")
    assert path_of(visitor.get("/ward")) == "/sign-in"
    visitor.client.set_cookie(SESSION_COOKIE, secret)
    assert path_of(visitor.get("/ward")) == "/sign-in"
    hashed = {"hash": hashlib.sha256(secret.encode()).hexdigest()}
    assert service.store.rows("SELECT * FROM web_sessions WHERE hash = :hash", hashed) == []


def test_a_session_ends_after_twelve_hours(
    databases: Databases, template: tuple[str, dict[str, str]], tmp_path: Path
) -> None:
    with copied(databases, template, tmp_path) as service:
        visitor = Visitor(service, "nurse")
        service.clock.set("2024-02-20T23:59:00+08:00")
        assert visitor.get("/ward").status_code == 200
        service.clock.set("2024-02-21T00:01:00+08:00")
        assert path_of(visitor.get("/ward")) == "/sign-in"
        assert len(service.store.rows("SELECT * FROM web_sessions")) == 1
        service.clock.set("2024-02-22T00:01:00+08:00")
        housekeeping.forget(service.store, service.clock())
        assert service.store.rows("SELECT * FROM web_sessions") == []


def test_a_session_ends_with_its_token(service: Service) -> None:
    visitor = Visitor(service, service.token("nurse", ["FUSCC"], "leaver"))
    assert visitor.get("/ward").status_code == 200
    (row,) = [row for row in tokens.list_all(service.store) if row["name"] == "leaver"]
    tokens.revoke(service.store, row["token_id"], service.clock())
    assert path_of(visitor.get("/ward")) == "/sign-in"


def test_the_cookie_is_no_token_of_the_api_and_a_token_opens_no_page(service: Service) -> None:
    visitor = Visitor(service, "nurse")
    assert visitor.get("/v1/patients").status_code == 401
    assert Client(service.app, secret_of(visitor)).get("/v1/patients").status_code == 401
    token = {"Authorization": f"Bearer {service.tokens['nurse']}"}
    assert service.app.test_client().get("/ward", headers=token).status_code == 303


def test_a_form_of_another_session_is_refused(service: Service, patient: Patient) -> None:
    visitor, other = Visitor(service, "nurse"), Visitor(service, "nurse")
    page = other.page("/ward")
    (foreign,) = {field.attrib["value"] for field in page.all("input", name="csrf_token")}
    address = f"/ward/patients/{patient.patient_id}/visits/imaging-w6/booking"
    with service.unchanged():
        for token in (None, "", foreign, foreign.upper()):
            sent = {"booked_on": "2024-02-21"} | ({} if token is None else {"csrf_token": token})
            answer = visitor.post(address, sent)
            assert answer.status_code == 403
            assert "This did not work" in answer.text
        assert visitor.post("/sign-out", {}).status_code == 403
        assert Visitor(service).post("/sign-in", {"token": service.tokens["nurse"]}).status_code == 403


def test_every_form_that_records_has_the_token_of_the_session(service: Service, patient: Patient) -> None:
    visitor = Visitor(service, "nurse")
    for address in ("/ward", "/ward/patients", f"/ward/patients/{patient.patient_id}"):
        forms = [form for form in visitor.page(address).root.iter("form") if form.get("method") == "post"]
        assert forms
        for form in forms:
            assert [one.get("name") for one in form.iter("input")].count("csrf_token") == 1


def test_a_page_runs_nothing_but_our_files_and_is_kept_nowhere(service: Service, patient: Patient) -> None:
    visitor = Visitor(service, "nurse")
    for address in ("/", "/sign-in", "/ward", f"/ward/patients/{patient.patient_id}"):
        answer = visitor.get(address)
        policy = dict(part.strip().partition(" ")[::2] for part in answer.headers["Content-Security-Policy"].split(";"))
        assert policy["default-src"] == "'none'"
        assert policy["script-src"] == policy["style-src"] == policy["form-action"] == "'self'"
        assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["Cache-Control"] == "no-store"
        assert not re.search(r"<script(?! src=)|<style|\sstyle=|\son\w+=", answer.text)


def test_a_file_of_the_pages_may_be_kept_since_its_address_changes_with_it(service: Service) -> None:
    page = Visitor(service).page("/")
    address = page.one("link", rel="stylesheet").attrib["href"]
    assert re.fullmatch(r"/static/pages\.css\?v=[0-9a-f]{12}", address)
    with service.app.test_client().get(address) as answer:
        assert answer.mimetype == "text/css"
        assert "immutable" in answer.headers["Cache-Control"]
    assert service.app.test_client().get("/static/../pages.py").status_code == 404


def test_the_language_is_the_browsers_until_another_is_chosen(service: Service, patient: Patient) -> None:
    visitor = Visitor(service, language="zh-CN")
    page = visitor.page("/sign-in")
    assert page.one("html").attrib["lang"] == "zh-CN"
    english = visitor.after(visitor.press(page, "English"))
    assert english.one("html").attrib["lang"] == "en"
    # From the answer to a form it leads to a page, not to the form's address.
    nurse = Visitor(service, "nurse")
    form = nurse.page(f"/ward/patients/{patient.patient_id}/record")
    filled = Page(nurse.press(form, "Dose hold"))
    assert nurse.press(filled, "中文").headers["Location"] == f"/ward/patients/{patient.patient_id}"
    assert english.one("h1").text == "Sign in"


def test_the_files_of_others_are_those_that_the_list_names() -> None:
    folder = Path(scheduler_api.__file__).parent / "web" / "static"
    lines = [line.split() for line in (folder / "vendored.txt").read_text().splitlines() if not line.startswith("#")]
    assert len(lines) == 2
    for _, _, _, name, digest in lines:
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest
