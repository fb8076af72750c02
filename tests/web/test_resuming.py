"""Go on when a session is due or has ended: it is renewed while it is in use, and nothing filled in is lost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from identity_provider import Provider
from service import Patient, Service
from werkzeug.test import TestResponse

from scheduler_api.api.http.gateway import HEAD, UNCHECKED
from scheduler_api.api.http.requests import SESSION_COOKIE
from scheduler_api.use_cases.operations import housekeeping

from .elsewhere import come_back
from .reading import Page, Visitor, fields_of, path_of, text_of

#: It is noon when somebody signs in; the tokens of the provider are good for five minutes.
NOON, HALFWAY, OVER, NEXT_DAY = (f"2024-02-{when}+08:00" for when in ("20T12:00", "20T12:03", "20T12:06", "21T00:01"))


@pytest.fixture(autouse=True)
def _noon(service: Service) -> Iterator[None]:
    """Every test begins at the same instant."""
    began = service.clock.now
    yield
    service.clock.now = began


def open_page(browser: Visitor, address: str) -> TestResponse:
    """Open an address, as a browser does for a person."""
    return browser.client.get(address, headers={"Accept-Language": "en", "Sec-Fetch-Dest": "document"})


def renew(browser: Visitor, provider: Provider, service: Service, address: str = "/ward") -> TestResponse:
    """Open an address by way of the provider, which gives a token that is good for five minutes; its last answer."""
    page = Page(open_page(browser, address))
    led = page.one("meta", http_equiv="refresh").attrib["content"].removeprefix("0;url=")
    asked = browser.get(led).headers["Location"]
    assert parse_qs(urlsplit(asked).query)["prompt"] == ["none"]
    now = int(service.clock.now.timestamp())
    provider.claims |= {"iat": now, "exp": now + 300}
    return browser.get(provider.authorize(asked))


def secret_of(browser: Visitor) -> str:
    """Return the secret that the browser holds."""
    cookie = browser.client.get_cookie(SESSION_COOKIE)
    assert cookie is not None
    return cookie.value


def holds(patient: Patient) -> list[str]:
    """The first days of the holds on record."""
    return [fact["from_on"] for fact in patient.read("facts")["items"] if fact["kind"] == "hold_started"]


def entry_of(patient: Patient) -> dict[str, Any]:
    """Return the only entry of the worklist about a visit of the patient."""
    items = patient.client.get("/v1/worklist", limit=200).json["items"]
    (entry,) = [one for one in items if one["patient_id"] == patient.patient_id and one["visit"] is not None]
    return dict(entry)


def hold_of(visitor: Visitor, patient: Patient) -> Page:
    """The form of a hold, with what follows from it."""
    form = Page(visitor.press(visitor.page(f"/ward/patients/{patient.patient_id}/record"), "Dose hold"))
    return Page(visitor.press(form, "Show what follows", from_on="2024-02-21", reason="Bleeding"))


def test_a_page_that_is_opened_halfway_renews_the_session_with_the_rights_of_then(
    browser: Visitor, provider: Provider, service: Service
) -> None:
    come_back(browser, provider)
    secret = secret_of(browser)
    assert "Patients" in Page(open_page(browser, "/ward/patients")).text
    service.clock.set(HALFWAY)
    provider.claims |= {"sites": ["BERLIN", "FUSCC"]}
    asked = "/ward/patients?status=screening"
    assert renew(browser, provider, service, asked).headers["Location"] == asked
    # The forms of other pages that are open stay those of this session.
    assert secret_of(browser) == secret
    service.clock.set("2024-02-20T12:07+08:00")
    assert "Nurse · Nurse Wang · BERLIN, FUSCC" in Page(browser.get("/ward")).text


def test_what_a_page_fetches_by_itself_renews_nothing(browser: Visitor, provider: Provider, service: Service) -> None:
    come_back(browser, provider)
    service.clock.set(HALFWAY)
    assert browser.get("/ward").status_code == 200
    service.clock.set(OVER)
    led = browser.client.get("/ward?site=FUSCC", headers={"HX-Request": "true", "Sec-Fetch-Dest": "empty"})
    assert led.headers["HX-Redirect"] == "/sign-in?next=/ward?site%3DFUSCC"


def test_a_session_that_ended_between_two_pages_goes_on(browser: Visitor, provider: Provider, service: Service) -> None:
    come_back(browser, provider)
    service.clock.set("2024-02-20T13:30+08:00")
    assert renew(browser, provider, service, "/ward/days").headers["Location"] == "/ward/days"
    assert "Coming days" in Page(open_page(browser, "/ward/days")).text


def test_whom_the_provider_does_not_know_any_more_it_asks_once(
    browser: Visitor, provider: Provider, service: Service
) -> None:
    come_back(browser, provider)
    provider.signed_in = False
    service.clock.set(HALFWAY)
    assert renew(browser, provider, service).headers["Location"] == "/ward"
    assert "To do" in Page(open_page(browser, "/ward")).text
    service.clock.set(OVER)
    assert open_page(browser, "/ward/days").headers["Location"] == "/sign-in?next=/ward/days"


def test_while_the_provider_is_down_the_session_goes_on_to_its_end(
    browser: Visitor, provider: Provider, service: Service
) -> None:
    come_back(browser, provider)
    service.clock.set(HALFWAY)
    provider.down = True
    assert renew(browser, provider, service).headers["Location"] == "/ward"
    assert "To do" in Page(open_page(browser, "/ward")).text


def test_a_session_is_not_renewed_beyond_twelve_hours(browser: Visitor, provider: Provider, service: Service) -> None:
    now = int(service.clock.now.timestamp())
    provider.claims |= {"exp": now + 23 * 3600}
    come_back(browser, provider)
    service.clock.set("2024-02-20T23:59+08:00")
    assert "To do" in Page(open_page(browser, "/ward")).text
    service.clock.set(NEXT_DAY)
    assert path_of(open_page(browser, "/ward")) == "/sign-in"
    # Nor one that was renewed shortly before.
    service.clock.set(NOON)
    provider.claims |= {"exp": now + 300}
    come_back(browser, provider)
    service.clock.set("2024-02-20T23:58+08:00")
    renew(browser, provider, service)
    assert "To do" in Page(open_page(browser, "/ward")).text
    service.clock.set(NEXT_DAY)
    assert path_of(open_page(browser, "/ward")) == "/sign-in"


def test_who_lost_the_role_meanwhile_is_signed_out(browser: Visitor, provider: Provider, service: Service) -> None:
    come_back(browser, provider)
    service.clock.set(HALFWAY)
    provider.claims |= {"roles": []}
    assert renew(browser, provider, service).status_code == 403
    assert path_of(browser.get("/ward")) == "/sign-in"


def test_another_person_at_the_provider_takes_over_no_session(
    browser: Visitor, provider: Provider, service: Service
) -> None:
    come_back(browser, provider)
    service.clock.set(OVER)
    provider.claims |= {"sub": "another", "name": "Nurse Li"}
    assert renew(browser, provider, service).headers["Location"] == "/ward"
    assert path_of(open_page(browser, "/ward")) == "/sign-in"


def test_a_form_that_was_sent_too_late_is_shown_again_and_recorded_once_it_was_seen(
    service: Service, visitor: Visitor, patient: Patient
) -> None:
    shown = hold_of(visitor, patient)
    service.clock.set(NEXT_DAY)
    led = visitor.press(shown, "Record")
    assert led.headers["Location"] == f"/sign-in?next=/ward/patients/{patient.patient_id}"
    page = visitor.page(led.headers["Location"])
    assert "Your session is over." in page.text
    assert "Bleeding" not in page.source
    offered = visitor.after(visitor.press(page, "Sign in", token=service.tokens["nurse"]))
    again = Page(visitor.press(offered, "Go on with it"))
    assert holds(patient) == []
    (form,) = [form for form in again.root.iter("form") if "hx-post" in form.attrib]
    assert (fields_of(form)["from_on"], fields_of(form)["reason"]) == ("2024-02-21", "Bleeding")
    assert again.all("section", class_="preview")
    visitor.after(visitor.press(again, "Record"))
    assert holds(patient) == ["2024-02-21"]
    # The next time there is nothing to go on with.
    service.clock.set("2024-02-21T13:00+08:00")
    page = visitor.page(visitor.get("/ward/days").headers["Location"])
    assert visitor.press(page, "Sign in", token=service.tokens["nurse"]).headers["Location"] == "/ward/days"


def test_it_is_kept_by_way_of_the_provider_too(
    browser: Visitor, provider: Provider, service: Service, patient: Patient
) -> None:
    come_back(browser, provider)
    shown = hold_of(browser, patient)
    service.clock.set(OVER)
    (form,) = [form for form in shown.root.iter("form") if "hx-post" in form.attrib]
    led = browser.client.post(form.attrib["hx-post"], data=fields_of(form), headers={"HX-Request": "true"})
    assert led.headers["HX-Redirect"] == f"/sign-in?next=/ward/patients/{patient.patient_id}"
    provider.claims |= {"iat": int(service.clock.now.timestamp()), "exp": int(service.clock.now.timestamp()) + 300}
    offered = browser.after(come_back(browser, provider, led.headers["HX-Redirect"]))
    again = Page(browser.press(offered, "Go on with it"))
    browser.after(browser.press(again, "Record"))
    assert holds(patient) == ["2024-02-21"]
    # Or if a page is opened instead of the sign-in.
    shown = hold_of(browser, patient)
    service.clock.set("2024-02-20T13:00+08:00")
    assert path_of(browser.press(shown, "Show what follows")) == "/sign-in"
    assert renew(browser, provider, service).headers["Location"] == "/ward/form"
    assert "Bleeding" in browser.page("/ward/form").source
    # It is offered once.
    service.clock.set("2024-02-20T14:00+08:00")
    assert renew(browser, provider, service).headers["Location"] == "/ward"


@pytest.mark.parametrize("name", ["coordinator", "elsewhere"])
def test_what_one_person_has_filled_in_is_shown_to_no_other(
    service: Service, visitor: Visitor, patient: Patient, name: str
) -> None:
    shown = hold_of(visitor, patient)
    service.clock.set(NEXT_DAY)
    page = visitor.page(visitor.press(shown, "Record").headers["Location"])
    led = visitor.press(page, "Sign in", token=service.tokens[name])
    assert led.headers["Location"] == f"/ward/patients/{patient.patient_id}"
    assert visitor.get("/ward/form").headers["Location"] == "/ward"


def test_a_note_a_booking_a_result_and_a_registration_are_shown_again(service: Service, patient: Patient) -> None:
    visit, filled = f"/ward/patients/{patient.patient_id}/visits/imaging-w6", {"if_version": "2", "seen": ""}
    entry = entry_of(patient)
    forms: dict[str, dict[str, str]] = {
        f"{visit}/booking": {**filled, "booked_on": "2024-02-21", "place": "ROOM-4711"},
        f"{visit}/result": {**filled, "done_on": "2024-02-20", "response": "SD"},
        f"/ward/worklist/{entry['entry_id']}/acknowledgement": {"note": "Told on Monday", "until": "2024-02-22"},
        "/ward/register": {"subject_number": "S-TOO-LATE", "site": "FUSCC", "seen": "x"},
    }
    for address, values in forms.items():
        service.clock.set(NOON)
        visitor = Visitor(service, "nurse")
        before = patient.read("facts")["items"]
        token = visitor.page("/ward").all("input", name="csrf_token")[0].attrib["value"]
        service.clock.set(NEXT_DAY)
        page = visitor.page(visitor.post(address, {**values, "csrf_token": token}).headers["Location"])
        offered = visitor.after(visitor.press(page, "Sign in", token=service.tokens["nurse"]))
        again = Page(visitor.press(offered, "Go on with it"))
        (form,) = [form for form in again.root.iter("form") if set(values) <= set(fields_of(form))]
        kept = {name: value for name, value in values.items() if name not in filled}
        assert kept.items() <= fields_of(form).items(), address
        assert patient.read("facts")["items"] == before
        assert entry_of(patient)["acknowledged"] is None


def test_only_a_form_of_the_ended_session_is_received_and_kept(
    service: Service, visitor: Visitor, patient: Patient
) -> None:
    address = f"/ward/patients/{patient.patient_id}/record"
    sent = {"kind": "hold_started", "filled": "1", "from_on": "2024-02-21", "csrf_token": "of another"}
    service.clock.set(NEXT_DAY)

    def head_of(browser: Visitor) -> TestResponse:
        return browser.client.post(address, data=sent, environ_overrides={HEAD: UNCHECKED})

    # Whoever has no session, or one that ended long ago, is not listened to.
    assert path_of(head_of(Visitor(service))) == "/sign-in"
    assert head_of(visitor).status_code == 100
    # Only forms are: the same of a page that is read leads to the sign-in.
    read = visitor.client.get("/ward", data="5 bytes", environ_overrides={HEAD: UNCHECKED})
    assert path_of(read) == "/sign-in"
    page = visitor.page(visitor.post(address, sent).headers["Location"])
    led = visitor.press(page, "Sign in", token=service.tokens["nurse"])
    assert path_of(led) == f"/ward/patients/{patient.patient_id}"
    assert [text_of(one) for one in visitor.page("/ward").all("h1")] != ["What you had filled in"]


def test_what_nobody_went_on_with_is_deleted_after_a_day(service: Service, visitor: Visitor, patient: Patient) -> None:
    shown = hold_of(visitor, patient)
    service.clock.set(NEXT_DAY)
    visitor.press(shown, "Record")
    kept = f"SELECT form FROM web_sessions WHERE form LIKE '%{patient.patient_id}%'"
    assert service.store.rows(kept)
    service.clock.set("2024-02-21T23:59+08:00")
    housekeeping.forget(service.store, service.clock())
    assert service.store.rows(kept)
    service.clock.set("2024-02-22T00:02+08:00")
    housekeeping.forget(service.store, service.clock())
    assert service.store.rows(kept) == []
