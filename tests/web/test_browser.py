"""The pages of the ward in a browser, on a tablet: what scripts add, and that nothing is complained about."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from databases import Databases
from examples.conftest import Nurse
from examples.devtools import Browser, Page
from identity_provider import CLIENT, SECRET, Provider
from service import Server

from scheduler_api.store.database.connect import connect

# What a browser does is the same on either database.
pytestmark = pytest.mark.only("sqlite")


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    """Where a nurse of FUSCC has an account, at the real time."""
    provider, now = Provider(), int(time.time())
    provider.claims = {"iss": provider.issuer, "aud": "scheduler-api", "sub": "6f1a", "iat": now, "exp": now + 3600}
    provider.claims |= {"roles": ["nurse"], "sites": ["FUSCC"], "name": "Nurse Wang"}
    yield provider
    provider.close()


@pytest.fixture(scope="module")
def server(
    databases: Databases,
    template: tuple[str, dict[str, str]],
    tmp_path_factory: pytest.TempPathFactory,
    provider: Provider,
) -> Iterator[Server]:
    """The service in a process of its own, with that provider."""
    database = databases.copy(template[0])
    settings = {"oidc_issuer": provider.issuer, "oidc_audience": "scheduler-api", "oidc_name_claim": "name"}
    settings |= {"oidc_client_id": CLIENT, "oidc_client_secret": SECRET}
    with Server(database, tmp_path_factory.mktemp("server"), worker=False, **settings) as server:
        provider.back = f"{server.url}/sign-in/openid/answer"
        yield server
    databases.drop(database)


@pytest.fixture(scope="module")
def nurse_of_server(server: Server, template: tuple[str, dict[str, str]]) -> Nurse:
    """A nurse who also has software of her own."""
    return Nurse(server.url, template[1]["nurse"])


@pytest.fixture(scope="module")
def page(
    server: Server, template: tuple[str, dict[str, str]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Page]:
    """A tablet on which a nurse has signed in."""
    profile: Path = tmp_path_factory.mktemp("browser")
    with Browser(profile) as browser:
        page = browser.page(language="en-GB")
        page.send("Emulation.setDeviceMetricsOverride", width=820, height=1180, deviceScaleFactor=1, mobile=True)
        page.go(f"{server.url}/ward")
        sign_in(page, template[1]["nurse"])
        assert page.evaluate("location.pathname") == "/ward"
        yield page
        assert page.complaints() == []


def sign_in(page: Page, token: str) -> None:
    """Sign in with a staff token."""
    page.evaluate(f"document.getElementById('token').value = '{token}'")
    page.leave("document.querySelector('main form button').click()")


#: Asks for the list as the page does after a minute.
RENEW = "void htmx.ajax('GET', '/ward', {source: '#today', target: '#today', select: '#today', swap: 'outerHTML'})"


def fill(page: Page, name: str, value: str) -> None:
    """Fill a field in, as a finger does."""
    field = f"document.querySelector('main [name={name}]')"
    page.evaluate(f"{field}.value = '{value}'; {field}.dispatchEvent(new Event('change', {{bubbles: true}}))")


def test_what_follows_shows_itself_while_a_form_is_filled_in(
    page: Page, server: Server, nurse_of_server: Nurse
) -> None:
    patient = nurse_of_server.enrol()
    page.go(f"{server.url}/ward/patients/{patient}/record")
    page.leave("document.querySelector('button[value=hold_started]').click()")
    fill(page, "from_on", nurse_of_server.days_ago(0))
    page.until("document.querySelector('#preview .change')")
    page.shows("Nothing is recorded yet.", "end not known")
    # A day that makes no sense takes back what was shown, and says why.
    fill(page, "resumes_on", nurse_of_server.days_ago(3))
    page.until("document.querySelector('#preview [role=alert]')")
    assert page.evaluate("document.querySelector('#preview .change')") is None
    assert page.evaluate("[...document.querySelectorAll('#buttons button')].map((one) => one.textContent)") == [
        "Show what follows"
    ]
    fill(page, "resumes_on", "")
    page.until("document.querySelector('#preview .change')")
    page.leave("[...document.querySelectorAll('#buttons button')].find((one) => one.textContent === 'Record').click()")
    page.shows("Recorded.", "On hold")
    (hold,) = [fact for fact in nurse_of_server.read(patient, "facts") if fact["kind"] == "hold_started"]
    assert hold["from_on"] == nurse_of_server.days_ago(0)
    assert "resumes_on" not in hold


def test_the_list_of_the_day_renews_itself(page: Page, server: Server, nurse_of_server: Nurse) -> None:
    page.go(f"{server.url}/ward")
    page.evaluate("window.isSame = true")
    patient = nurse_of_server.enrol()
    nurse_of_server.post(
        f"patients/{patient}/facts",
        kind="dose_recorded",
        dose_on=nurse_of_server.days_ago(1),
        status="taken",
        amount=900,
    )
    # A minute later.
    page.evaluate(RENEW)
    page.until(f"document.body.innerHTML.includes('dose_above_plan.{patient}')")
    assert page.evaluate("[document.querySelectorAll('#today').length, window.isSame]") == [1, True]


def test_a_session_that_ended_leads_to_the_sign_in(page: Page, server: Server) -> None:
    page.go(f"{server.url}/ward")
    page.send("Network.clearBrowserCookies")
    page.leave(RENEW)
    assert page.evaluate("location.pathname") == "/sign-in"


def test_an_account_elsewhere_leads_to_the_page_that_was_asked_for(page: Page, server: Server) -> None:
    """With cookies, redirects and a content policy as a browser has them."""
    page.send("Network.clearBrowserCookies")
    page.go(f"{server.url}/ward/days")
    page.leave("[...document.querySelectorAll('main a')].find((one) => one.textContent.includes('account')).click()")
    assert page.evaluate("location.pathname") == "/ward/days"
    page.shows("Nurse Wang", "FUSCC")
    page.leave("[...document.querySelectorAll('.top button')].find((one) => one.textContent === 'Sign out').click()")
    page.shows("You are signed out here", "Sign out there too")
    page.go(f"{server.url}/ward/days")
    assert page.evaluate("location.pathname") == "/sign-in"


def age_sessions(server: Server, *columns: str) -> None:
    """Let it be time to renew all sessions; with `ends_at` they are over."""
    store, past = connect(server.database), {"past": "2024-02-20T04:00:00.000000+00:00"}
    with store.transaction():
        store.write("UPDATE web_sessions SET actor = json_set(actor, '$.renew_at', :past)", past)
        for column in columns:
            store.write(f"UPDATE web_sessions SET {column} = :past", past)
    store.close()


def renewals(provider: Provider) -> int:
    """Return how often the provider was asked to renew a session."""
    return sum("prompt=none" in path for path in provider.asked)


def labelled(label: str) -> str:
    """Return a script that finds the link or button with a label."""
    return f"[...document.querySelectorAll('main :is(a, button)')].find((one) => one.textContent === '{label}')"


def press(page: Page, label: str) -> None:
    """Press the link or button with a label, and wait for the page that it leads to."""
    page.leave(f"{labelled(label)}.click()")


def test_a_session_of_an_account_elsewhere_goes_on_and_so_does_a_form(
    page: Page, server: Server, provider: Provider, nurse_of_server: Nurse
) -> None:
    page.send("Network.clearBrowserCookies")
    page.go(f"{server.url}/ward/days")
    press(page, "With the account of your organisation")
    age_sessions(server, "ends_at")
    page.leave_twice(lambda: page.send("Page.navigate", url=f"{server.url}/ward/days?series=imaging"))
    assert "Nurse Wang" in page.text()
    assert page.evaluate("location.pathname + location.search") == "/ward/days?series=imaging"
    assert renewals(provider) == 1
    # What was sent too late comes back; the server has heard it although the session was over.
    patient = nurse_of_server.enrol()
    page.go(f"{server.url}/ward/patients/{patient}/record")
    page.leave("document.querySelector('button[value=hold_started]').click()")
    fill(page, "from_on", nurse_of_server.days_ago(0))
    page.until("document.querySelector('#preview .change')")
    age_sessions(server, "ends_at")
    press(page, "Record")
    press(page, "With the account of your organisation")
    press(page, "Go on with it")
    assert page.evaluate("document.querySelector('[name=from_on]').value") == nurse_of_server.days_ago(0)
    assert "hold_started" not in [fact["kind"] for fact in nurse_of_server.read(patient, "facts")]
    # A form, too, leads on by way of the provider, which its policy would forbid if it did so itself.
    age_sessions(server)
    page.leave_twice(lambda: page.evaluate(f"{labelled('Record')}.click()"))
    assert "Recorded." in page.text()
    assert renewals(provider) == 2
    assert "hold_started" in [fact["kind"] for fact in nurse_of_server.read(patient, "facts")]


def test_at_twice_its_size_no_page_is_wider_than_the_screen(
    page: Page, server: Server, template: tuple[str, dict[str, str]], nurse_of_server: Nurse
) -> None:
    """A tablet of 820 pixels has 410 then; what is a wide picture or table is moved by itself."""
    patient = f"/ward/patients/{nurse_of_server.enrol()}"
    given = {"kind": "drug_dispensed", "on": nurse_of_server.days_ago(0), "units": {"50": 120}, "kit": "SF-0412"}
    nurse_of_server.post(f"{patient.removeprefix('/ward/')}/facts", **given)
    page.send("Network.clearBrowserCookies")
    page.send("Emulation.setDeviceMetricsOverride", width=410, height=590, deviceScaleFactor=2, mobile=True)
    ward = (
        "",
        "/days",
        "/scans",
        "/patients",
        "/register",
        "/cohort",
        "/feeds",
        "/print",
        "/protocols",
        "/protocols/nct06110650/versions/1",
    )
    wide = {}

    def measure(address: str) -> None:
        page.go(f"{server.url}{address}")
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > 410:
            wide[address] = width

    for address in ("/", "/sign-in/openid/answer", "/signed-out", "/sign-in"):
        measure(address)
    sign_in(page, template[1]["nurse"])
    for address in (
        *(f"/ward{path}" for path in ward),
        patient,
        f"{patient}/record",
        f"{patient}/print",
        f"{patient}/visits/imaging-w6",
    ):
        measure(address)
    page.go(f"{server.url}{patient}/record")
    page.leave("document.querySelector('button[value=drug_returned]').click()")
    assert page.evaluate("document.documentElement.scrollWidth") == 410
    assert wide == {}
