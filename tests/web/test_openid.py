"""Sign in to the pages at an OpenID Connect provider: who gets in, as whom, for how long, and what others are told."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from identity_provider import CLIENT, Provider
from service import Client, Patient, Service, end
from werkzeug.test import TestResponse

from scheduler_api.config import BadSetting, Settings

from .elsewhere import ANSWER, AUDIENCE, app_of, begin, come_back, visitor_of
from .reading import Page, Visitor, path_of, text_of

# What a page shows is the same on either database.
pytestmark = pytest.mark.only("sqlite")


def failed(answer: TestResponse, status: int) -> str:
    """Why nobody is signed in."""
    assert answer.status_code == status, answer.text
    (said,) = [text_of(one) for one in Page(answer).root.iter() if one.get("role") == "alert"]
    return said


def test_role_sites_and_name_are_those_of_the_token_and_the_page_asked_for_is_shown(
    browser: Visitor, provider: Provider, service: Service, patient: Patient
) -> None:
    berlin = service.client("coordinator").enrol(site="BERLIN", time_zone="Europe/Berlin", subject_number="B-9")
    asked = f"/ward/patients/{patient.patient_id}?month=2024-03"
    answer = come_back(browser, provider, browser.get(asked).headers["Location"])
    assert answer.headers["Location"] == asked
    assert "Nurse · Nurse Wang · FUSCC" in browser.page(asked).text
    assert browser.page(f"/ward/patients/{berlin.patient_id}", 404).status == 404
    form = Page(browser.press(browser.page(f"/ward/patients/{patient.patient_id}/record"), "Dose hold"))
    shown = Page(browser.press(form, "Show what follows", from_on="2024-02-21"))
    browser.after(browser.press(shown, "Record"))
    (hold,) = [fact for fact in patient.read("facts")["items"] if fact["kind"] == "hold_started"]
    assert hold["recorded_by"] == {"role": "nurse", "name": "Nurse Wang"}
    # She is the same person as by her access token.
    Patient(Client(browser.client.application, provider.signed(provider.claims)), patient.patient_id).record(
        "dose_recorded", dose_on="2024-02-19", status="taken"
    )
    trail = service.client("coordinator").get("/v1/audit", patient=patient.patient_id).json["items"]
    ids = {one["actor"]["id"] for one in trail if one["actor"]["id"].startswith("oidc:")}
    assert len(ids) == 1
    assert "6f1a" not in ids.pop()


def test_a_monitor_reads_and_records_nothing(browser: Visitor, provider: Provider, patient: Patient) -> None:
    provider.claims |= {"roles": ["monitor"]}
    assert path_of(come_back(browser, provider)) == "/ward"
    assert browser.get(f"/ward/patients/{patient.patient_id}").status_code == 200
    assert browser.get(f"/ward/patients/{patient.patient_id}/record").status_code == 403


def test_the_browser_keeps_no_token_and_the_database_none(
    browser: Visitor, provider: Provider, service: Service
) -> None:
    answer = come_back(browser, provider)
    cookies = answer.headers.getlist("Set-Cookie")
    assert all("HttpOnly" in one and "SameSite=Lax" in one for one in cookies if "Max-Age=0" not in one)
    assert not any("eyJ" in one for one in cookies)
    rows = service.store.rows("SELECT * FROM web_sessions WHERE actor IS NOT NULL")
    assert rows
    assert not any("eyJ" in str(value) for row in rows for value in row.values())
    noted = service.store.rows("SELECT detail FROM audit WHERE action = 'signed_in' AND route LIKE '%openid%'")
    assert {row["detail"] for row in noted} == {"{}"}


@pytest.mark.parametrize("address", ["//evil.example/", "https://evil.example/", "/\\evil.example"])
def test_the_sign_in_leads_to_no_other_site(browser: Visitor, provider: Provider, address: str) -> None:
    assert path_of(come_back(browser, provider, f"/sign-in?next={address}")) == "/ward"


def test_the_session_ends_with_the_token(browser: Visitor, provider: Provider, service: Service) -> None:
    come_back(browser, provider)
    began = service.clock.now
    try:
        service.clock.set("2024-02-20T12:04:59+08:00")
        assert browser.get("/ward").status_code == 200
        service.clock.set("2024-02-20T12:05:00+08:00")
        assert path_of(browser.get("/ward")) == "/sign-in"
    finally:
        service.clock.now = began


def test_who_signs_out_here_is_told_of_the_session_there(browser: Visitor, provider: Provider) -> None:
    come_back(browser, provider)
    page = browser.after(browser.press(browser.page("/ward"), "Sign out"))
    assert path_of(browser.get("/ward")) == "/sign-in"
    (link,) = [link.attrib["href"] for link in page.root.iter("a") if text_of(link) == "Sign out there too"]
    assert link.partition("?")[0] == f"{provider.issuer}/leave"
    assert parse_qs(urlsplit(link).query) == {"client_id": [CLIENT], "post_logout_redirect_uri": ["http://localhost/"]}


def test_a_state_of_another_browser_or_none_opens_nothing(
    browser: Visitor, provider: Provider, app: Any, service: Service
) -> None:
    theirs = provider.authorize(begin(visitor_of(app, service)))
    begin(browser)
    asked = len(provider.asked)
    for address in (theirs, f"{ANSWER}?code=code-0&state=x", f"{ANSWER}?code=code-0", f"{ANSWER}?state=%ff&code=x"):
        assert failed(browser.get(address), 401).startswith("This sign-in was not begun in this browser")
        begin(browser)
    # Without anything begun.
    assert failed(visitor_of(app, service).get(theirs), 401).startswith("This sign-in was not begun in this browser")
    assert [path for path in provider.asked[asked:] if path.endswith("/token")] == []
    assert path_of(browser.get("/ward")) == "/sign-in"


@pytest.mark.parametrize(
    "identity",
    [
        *({"nonce": "of-another"}, {"nonce": None}, {"aud": AUDIENCE}, {"aud": None}, {"iss": "https://evil.example"}),
        *({"exp": 1708400000}, {"sub": None}),
    ],
    ids=str,
)
def test_an_identity_of_another_sign_in_opens_nothing(
    browser: Visitor, provider: Provider, identity: dict[str, Any]
) -> None:
    provider.identity = identity
    said = failed(come_back(browser, provider), 401)
    assert said == "What your organisation answered does not belong to this sign-in."
    assert path_of(browser.get("/ward")) == "/sign-in"


def test_a_code_is_good_once_and_only_with_the_verifier_of_its_browser(browser: Visitor, provider: Provider) -> None:
    first = provider.authorize(begin(browser))
    code = parse_qs(urlsplit(first).query)["code"][0]
    # The code of one sign-in, put into another of the same browser.
    assert failed(come_back(browser, provider, code=code), 401) == "Your organisation did not complete the sign-in."
    # The answer that was used is of no use once more.
    used = provider.authorize(begin(browser))
    assert browser.get(used).status_code == 303
    assert failed(browser.get(used), 401).startswith("This sign-in was not begun in this browser")


def test_who_is_declined_is_told_so(browser: Visitor, provider: Provider) -> None:
    said = failed(come_back(browser, provider, error="access_denied"), 401)
    assert said == "Your organisation did not let you in, or you did not agree."
    said = failed(come_back(browser, provider, error="server_error"), 401)
    assert said == "Your organisation did not complete the sign-in."
    said = failed(come_back(browser, provider, iss="https://evil.example"), 401)
    assert said == "What your organisation answered does not belong to this sign-in."


def test_who_has_no_role_is_told_so_and_noted(browser: Visitor, provider: Provider, service: Service) -> None:
    provider.claims |= {"roles": ["surgeon"]}
    answer = come_back(browser, provider)
    assert failed(answer, 403).startswith("Your account has no role in this service.")
    assert "Nurse Wang" not in answer.text
    assert path_of(browser.get("/ward")) == "/sign-in"
    refused = service.store.rows("SELECT role, actor FROM audit WHERE action = 'refused' AND role = 'none'")
    assert [row["actor"].startswith("oidc:") for row in refused] == [True]


def test_an_access_token_for_another_service_opens_nothing(browser: Visitor, provider: Provider) -> None:
    provider.claims |= {"aud": "another-api"}
    assert failed(come_back(browser, provider), 401).startswith("What your organisation answered is not meant for")


def test_while_the_provider_is_down_that_is_said_and_staff_tokens_go_on(
    browser: Visitor, provider: Provider, service: Service
) -> None:
    address = provider.authorize(begin(browser))
    provider.down = True
    assert failed(browser.get(address), 503).startswith("The sign-in of your organisation does not answer")
    # An instance that has never heard of it.
    fresh = app_of(service, provider)
    assert failed(visitor_of(fresh, service).get("/sign-in/openid"), 503).startswith("The sign-in of your organisation")
    end(fresh)
    answer = browser.press(browser.page("/sign-in"), "Sign in", token=service.tokens["nurse"])
    assert path_of(answer) == "/ward"
    # Who signed in by a token is not led to the provider.
    assert path_of(browser.press(browser.page("/ward"), "Sign out")) == "/"


def test_without_a_client_nobody_signs_in_elsewhere(service: Service) -> None:
    visitor = Visitor(service)
    assert "With the account of your organisation" not in visitor.page("/sign-in").text
    for address in ("/sign-in/openid", f"{ANSWER}?code=x&state=y", "/signed-out"):
        assert visitor.get(address).status_code in (401, 404), address


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"CLIENT_ID": "pages"}, "ISSUER is not"),
        ({"ISSUER": "https://idp.example", "AUDIENCE": "x", "SCOPE": "profile"}, "openid"),
    ],
)
def test_settings_that_cannot_work_are_refused(settings: dict[str, str], said: str) -> None:
    with pytest.raises(BadSetting, match=said):
        Settings.from_environment({f"SCHEDULER_OIDC_{name}": value for name, value in settings.items()})
