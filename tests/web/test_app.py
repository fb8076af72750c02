"""The patient's app, in a browser, against the service in processes of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
import requests
from databases import Databases
from examples.conftest import Nurse
from examples.devtools import Browser, Page
from examples.network import Network
from patience import PATIENCE
from reminders.conftest import CONTACT
from reminders.receivers import Browser as Subscriber
from service import Server

from scheduler_api.reminders.outbound.keys import make

# What a client does is the same on either database.
pytestmark = pytest.mark.only("sqlite")

#: The page's own files are kept by its service worker from the first visit on.
KEPT = """navigator.serviceWorker.ready
  .then(() => caches.open("patient-app"))
  .then(async (cache) => Boolean(await cache.match("./")) && Boolean(await cache.match("patient-app.js")))"""


@pytest.fixture(scope="module")
def server(
    databases: Databases, template: tuple[str, dict[str, str]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """The service in a process of its own; it has keys, and a push service may be on this machine."""
    database, folder = databases.copy(template[0]), tmp_path_factory.mktemp("server")
    make(folder / "keys.json", CONTACT)
    settings = {"delivery_keys": str(folder / "keys.json"), "private_networks": "127.0.0.0/8, ::1/128"}
    with Server(database, folder, **settings) as server:
        yield server
    databases.drop(database)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A browser for all tests of this file."""
    with Browser(tmp_path_factory.mktemp("browser")) as browser:
        yield browser


@pytest.fixture(scope="module")
def real_nurse(server: Server, template: tuple[str, dict[str, str]]) -> Nurse:
    """A nurse of that service."""
    return Nurse(server.url, template[1]["nurse"])


@pytest.fixture
def network(server: Server) -> Iterator[Network]:
    """The page and the API from one origin."""
    with Network(server.url) as network:
        yield network


@pytest.fixture
def patient(real_nurse: Nurse) -> str:
    """A patient who began treatment yesterday and recorded nothing yet."""
    return real_nurse.enrol()


@pytest.fixture
def page(browser: Browser, network: Network, real_nurse: Nurse, patient: str) -> Iterator[Page]:
    """The patient's page, activated."""
    page = browser.page(timezone=real_nurse.zone, language="en-GB")
    page.go(f"{network.url}/app/")
    activate(page, real_nurse.code(patient))
    page.shows("Take it today at 20:00")
    page.until("document.querySelector('.calendar')")
    yield page
    assert page.complaints() == []


def activate(page: Page, code: str) -> None:
    """Type in a code, as patients do."""
    page.until("document.querySelector('form')")
    typed = json.dumps(f"{code[:4].lower()} {code[4:]}")
    page.evaluate(f"document.querySelector('input').value = {typed}; document.querySelector('form').requestSubmit()")


def test_a_day_is_recorded_taken_back_and_recorded_otherwise(page: Page, real_nurse: Nurse, patient: str) -> None:
    today, yesterday = real_nurse.days_ago(0), real_nurse.days_ago(1)
    page.click("✓ Taken")
    page.shows("✓ Taken today", "All saved")
    page.click("Undo")
    page.shows("Take it today")
    page.click("Not taken", ".dose")
    page.shows("Not taken today")
    page.click("Taken (300\N{NO-BREAK SPACE}mg)", ".days")
    page.until("!document.querySelector('.days')")
    page.shows("All saved")
    assert real_nurse.doses(patient) == [(today, "taken"), (today, "missed"), (yesterday, "taken")]


def test_without_a_network_the_page_opens_and_records_and_later_sends_each_once(
    page: Page, network: Network, real_nurse: Nurse, patient: str
) -> None:
    assert page.evaluate(KEPT) is True
    network.offline = True
    page.click("✓ Taken")
    page.shows("✓ Taken today", "1 waiting for a network")
    page.close()
    page = page.another()
    page.go(f"{network.url}/app/")
    page.shows("✓ Taken today", "1 waiting for a network", "Did you take it?")
    page.click("Not taken", ".days")
    page.shows("2 waiting for a network")
    assert real_nurse.doses(patient) == []
    network.offline = False
    # The service gets it, and its answer is lost; then it gets all of it twice.
    network.then("fair", "lost", "fair", "twice")
    page.evaluate("update()")
    page.shows("2 waiting for a network")
    page.evaluate("void dispatchEvent(new Event('online'))")
    page.shows("All saved")
    assert real_nurse.doses(patient) == [(real_nurse.days_ago(0), "taken"), (real_nurse.days_ago(1), "missed")]


#: Sets the clock of a page, so many hours ahead.
SET_CLOCK = """(() => {
  const ahead = %d * 3600 * 1000;
  globalThis.RealDate ||= Date;
  globalThis.Date = class extends RealDate {
    constructor(...given) { given.length ? super(...given) : super(RealDate.now() + ahead); }
    static now() { return RealDate.now() + ahead; }
  };
})()"""


def test_after_weeks_without_a_network_the_page_does_not_know_the_dose(
    page: Page, network: Network, patient: str
) -> None:
    page.evaluate("update()")
    network.offline = True
    page.evaluate(SET_CLOCK % (60 * 24))
    page.evaluate("update()")
    page.shows("This phone does not know what is planned for this day.")
    assert "No dose today" not in page.text()
    assert page.evaluate("document.querySelector('.dose button')") is None
    # A clock that was put back since: what is shown was not yet known on that day.
    page.evaluate(SET_CLOCK % (-3 * 24))
    page.evaluate("update()")
    page.shows("This phone does not know what is planned for this day.")
    network.offline = False
    page.evaluate(SET_CLOCK % 0)
    page.evaluate("update()")
    page.shows("Take it today")


@pytest.mark.parametrize("ahead", [-26, 400 * 24])
def test_with_a_wrong_clock_the_services_day_is_shown_and_the_patient_is_told(
    page: Page, real_nurse: Nurse, patient: str, ahead: int
) -> None:
    page.evaluate(SET_CLOCK % ahead)
    page.evaluate("update()")
    page.shows("The clock of this phone is wrong. Please set it.", "Take it today")
    page.click("✓ Taken")
    page.shows("✓ Taken today", "All saved")
    assert real_nurse.doses(patient) == [(real_nurse.days_ago(0), "taken")]
    page.evaluate(SET_CLOCK % 0)
    page.evaluate("update()")
    page.until("!document.body.innerText.includes('The clock of this phone is wrong')")


def test_what_is_said_after_midnight_of_the_day_before_is_said_to_be_saved(
    page: Page, network: Network, real_nurse: Nurse, patient: str
) -> None:
    """The button still means the day that was read; the new day's dose then stands in the same place."""
    network.offline = True
    page.evaluate(SET_CLOCK % 24)
    page.click("✓ Taken")
    page.shows("Saved for ", "1 waiting for a network", "Take it today")
    waiting = page.evaluate("kept().then(({ facts }) => facts.map((one) => [one.dose_id.slice(0, 10), one.status]))")
    assert waiting == [[real_nurse.days_ago(0), "taken"]]
    page.evaluate("keep((state, queue) => queue.clear())")


def test_a_tap_on_a_message_opens_the_day_that_it_is_about(page: Page, real_nurse: Nurse, patient: str) -> None:
    page.evaluate(f"location.hash = '{real_nurse.days_ago(1)}'")
    page.until("document.querySelector('.card.asked p')?.innerText === 'Nothing is recorded for this day yet'")
    assert page.evaluate("document.querySelectorAll('li.asked').length") == 1
    page.evaluate(f"location.hash = '{real_nurse.days_ago(0)}'")
    page.until("!document.querySelector('.card.asked')")


@pytest.fixture
def other(page: Page, network: Network) -> Page:
    """The same page once more, which has looked for news."""
    other = page.another()
    other.go(f"{network.url}/app/")
    other.until("answeredOn")
    return other


#: Presses a button as it stands on the screen, whatever the other page has done since.
PRESS = "[...document.querySelectorAll('button')].find((one) => one.textContent === '%s').onclick()"


def test_a_page_that_is_open_twice_sends_nothing_twice_and_keeps_its_session(
    page: Page, other: Page, network: Network, real_nurse: Nurse, patient: str
) -> None:
    # Both find at the same time that the access token has expired; the first answer to a refresh is lost.
    page.evaluate("keep((state) => { state.access_token = 'pat_expired'; })")
    network.then("fair", "lost")
    for one in (page, other):
        one.evaluate(f"void {PRESS % '✓ Taken'}")
    for one in (page, other):
        one.shows("✓ Taken today", "All saved")
        one.evaluate("look()")
    assert real_nurse.doses(patient) == [(real_nurse.days_ago(0), "taken")]
    assert [device["ended_at"] for device in real_nurse.read(patient, "devices")] == [None]
    refreshes = [status for _, path, status in network.answered if path == "/v1/token"]
    assert refreshes == [200, 200]


@pytest.mark.parametrize("offline", [False, True])
def test_what_one_page_has_recorded_the_other_does_not_record_again(
    page: Page, other: Page, network: Network, real_nurse: Nurse, patient: str, offline: bool
) -> None:
    """The first page's record is confirmed, or waits; the other page still shows that the dose is due."""
    today, yesterday = real_nurse.days_ago(0), real_nurse.days_ago(1)
    network.offline = offline
    page.click("✓ Taken")
    page.click("Not taken", ".days")
    other.click("Not taken", ".days")
    assert other.evaluate("kept().then(({ facts }) => facts.length)") == (2 if offline else 0)
    # What is said otherwise is recorded, and so is what is taken back, once.
    other.click("Undo")
    page.click("Undo")
    page.click("✓ Taken")
    other.click("✓ Taken")
    network.offline = False
    page.evaluate("update()")
    page.shows("All saved")
    assert sorted(real_nurse.doses(patient)) == [(yesterday, "missed"), (today, "taken"), (today, "taken")]
    kinds = [fact["kind"] for fact in real_nurse.read(patient, "facts") if fact["sent"]]
    assert kinds.count("dose_taken_back") == 1


def test_a_change_by_the_nurse_is_told_once(page: Page, real_nurse: Nurse, patient: str) -> None:
    held = {"kind": "hold_started", "from_on": real_nurse.days_ago(0), "reason": "Proteinuria"}
    real_nurse.post(f"patients/{patient}/facts", **held)
    page.evaluate("update()")
    page.shows("take no dose until the site tells you to", "On hold: take none until the site tells you to")
    page.click("OK")
    page.until("!document.querySelector('.notice')")
    page.evaluate("update()")
    assert "take no dose until" not in page.text()
    assert page.evaluate("document.querySelector('.dose button')") is None


def test_a_new_code_is_asked_for_when_the_session_was_ended_and_nothing_is_lost(
    page: Page, network: Network, real_nurse: Nurse, patient: str
) -> None:
    network.offline = True
    page.click("✓ Taken")
    page.shows("1 waiting")
    network.offline = False
    real_nurse.end_devices(patient)
    page.evaluate("update()")
    page.shows("This phone needs a new code. What you recorded is kept and will be sent.")
    activate(page, "AAAAAAAA")
    page.shows("The code is wrong, used or expired.")
    activate(page, real_nurse.code(patient))
    page.shows("✓ Taken today", "All saved")
    assert real_nurse.doses(patient) == [(real_nurse.days_ago(0), "taken")]


def test_the_zone_of_a_phone_that_travelled_is_told(
    page: Page, network: Network, real_nurse: Nurse, patient: str
) -> None:
    page.close()
    page = page.another(timezone="America/Los_Angeles")
    page.go(f"{network.url}/app/")
    page.until("document.querySelector('.dose')")
    page.evaluate("update()")
    zones = [fact["time_zone"] for fact in real_nurse.read(patient, "facts") if fact["kind"] == "time_zone_changed"]
    assert zones == ["America/Los_Angeles"]
    assert page.evaluate("localInstant(new Date('2024-02-20T04:05:06Z'))") == "2024-02-19T20:05:06.000-08:00"
    assert page.evaluate("localInstant(new Date('2024-07-20T04:05:06Z'))") == "2024-07-19T21:05:06.000-07:00"


def test_the_page_speaks_chinese_to_a_chinese_phone(
    browser: Browser, network: Network, real_nurse: Nurse, patient: str
) -> None:
    page = browser.page(timezone=real_nurse.zone, language="zh-CN")
    page.go(f"{network.url}/app/")
    page.shows("研究护士给您的激活码")
    activate(page, real_nurse.code(patient))
    page.shows("请今天 20:00 服药", "第 6 周肿瘤影像学检查", "治疗仍在进行", "已全部保存")
    assert page.evaluate("document.documentElement.lang") == "zh-CN"
    latin = page.evaluate("document.body.innerText.match(/[A-Za-z]+/g)")
    assert set(latin) == {"mg"}
    assert page.complaints() == []


#: The push service of the browser's maker, which is far away: it gives subscriptions, with numbers.
PUSH_SERVICE = """(() => {
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (one) => one.charCodeAt(0));
  const service = globalThis.pushService = { made: 0, now: null };
  PushManager.prototype.getSubscription = async () => service.now;
  PushManager.prototype.subscribe = async ({ userVisibleOnly, applicationServerKey }) => {
    if (!userVisibleOnly || bytes(applicationServerKey).length !== 65) throw new TypeError("not so");
    const endpoint = `https://127.0.0.1:9/send/${service.made += 1}`;
    return service.now = {
      endpoint,
      options: { applicationServerKey: bytes(applicationServerKey).buffer },
      toJSON: () => ({ endpoint, expirationTime: null, keys: %s }),
      unsubscribe: async () => { service.now = null; return true; },
    };
  };
})()"""


def push_service(page: Page, permission: str = "granted") -> None:
    """Let the page's browser have a push service, and the patient permit or deny what is asked."""
    page.permission("notifications", permission)
    page.evaluate(PUSH_SERVICE % json.dumps(Subscriber().keys))


def pushes(network: Network) -> list[tuple[str, int]]:
    """What was asked of the subscription: method and status."""
    return [(method, status) for method, path, status in network.answered if path.endswith("/push")]


def push_states(real_nurse: Nurse, patient: str) -> list[str | None]:
    """How the subscription of each device is doing, as the nurse sees it."""
    return [device["push"] and device["push"]["state"] for device in real_nurse.read(patient, "devices")]


def test_a_button_subscribes_to_reminders_and_another_ends_them(
    page: Page, network: Network, real_nurse: Nurse, patient: str
) -> None:
    push_service(page)
    assert push_states(real_nurse, patient) == [None]
    page.click("Remind me on this phone")
    page.shows("Reminders come to this phone, also while this page is closed.")
    assert push_states(real_nurse, patient) == ["good"]
    # It is sent again only if there is need: a subscription that is sent again loses what waits for it.
    page.evaluate("pushSection.doing(checkSubscription)")
    assert pushes(network) == [("POST", 204)]
    page.click("No more reminders here")
    page.shows("Remind me on this phone")
    assert push_states(real_nurse, patient) == ["ended"]
    assert page.evaluate("pushService.now") is None
    page.evaluate("pushSection.doing(checkSubscription)")
    assert pushes(network) == [("POST", 204), ("DELETE", 204)]


def test_a_subscription_that_the_browser_replaced_or_the_service_lost_is_sent_anew(
    page: Page, network: Network, real_nurse: Nurse, patient: str
) -> None:
    push_service(page)
    page.click("Remind me on this phone")
    page.shows("Reminders come to this phone")
    # The browser dropped it; then it has another key; then the service has ended it.
    page.evaluate("pushService.now = null; pushSection.doing(checkSubscription)")
    page.evaluate("pushService.now.options.applicationServerKey = new ArrayBuffer(65)")
    page.evaluate("pushSection.doing(checkSubscription)")
    assert page.evaluate("pushService.made") == 3
    device, access = page.evaluate("kept().then(({ state }) => [state.device_id, state.access_token])")
    address, mine = f"{network.url}/v1/me/devices/{device}/push", {"Authorization": f"Bearer {access}"}
    assert requests.delete(address, headers=mine, timeout=PATIENCE).status_code == 204
    page.evaluate("pushSection.doing(checkSubscription)")
    assert pushes(network) == [("POST", 204)] * 3 + [("DELETE", 204), ("POST", 204)]
    assert push_states(real_nurse, patient) == ["good"]
    assert page.evaluate("pushService.made") == 3


def test_after_a_new_code_reminders_go_on_and_another_patient_gets_none_of_them(
    page: Page, real_nurse: Nurse, patient: str
) -> None:
    push_service(page)
    page.click("Remind me on this phone")
    page.shows("Reminders come to this phone")
    for who, states in ((patient, ["ended", "good"]), (real_nurse.enrol(), [None])):
        real_nurse.end_devices(patient)
        page.evaluate("update()")
        activate(page, real_nurse.code(who))
        page.shows("Take it today")
        page.until("document.querySelector('.push button')")
        page.evaluate("pushSection.doing(checkSubscription)")
        assert push_states(real_nurse, who) == states
    page.shows("Remind me on this phone")
    assert page.evaluate("pushService.now") is None


def test_the_page_says_why_no_reminder_can_come(page: Page, network: Network) -> None:
    push_service(page, "denied")
    page.click("Remind me on this phone")
    page.shows("This phone does not let this page remind you")
    push_service(page)
    network.offline = True
    page.click("Remind me on this phone")
    page.shows("No network. Please try again.")
    network.offline = False
    page.evaluate(
        "PushManager.prototype.subscribe = async () => { throw new DOMException('push service not available'); }"
    )
    page.click("Remind me on this phone")
    page.shows("This browser cannot get messages here.")
    assert pushes(network) == []


def test_an_address_for_calendar_apps(page: Page, network: Network) -> None:
    page.evaluate("[...document.querySelectorAll('details')].forEach((part) => { part.open = true; })")
    page.click("Make an address")
    first = page.evaluate("document.querySelector('code').innerText")
    assert requests.get(first, timeout=PATIENCE).text.startswith("BEGIN:VCALENDAR")
    page.click("Make an address")
    page.shows("There is an address already")
    page.click("Make a new one")
    second = page.evaluate("document.querySelector('code').innerText")
    assert [requests.get(address, timeout=PATIENCE).status_code for address in (first, second)] == [404, 200]


def test_it_fits_the_screen_of_a_phone_with_type_and_buttons_large_enough(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    sizes = page.evaluate("[...document.querySelectorAll('button')].map((b) => b.getBoundingClientRect().height)")
    assert min(sizes) >= 48
    texts = "[...document.querySelectorAll('p, button, span, h1, h2, summary')]"
    assert min(page.evaluate(f"{texts}.map((text) => parseFloat(getComputedStyle(text).fontSize))")) >= 17


def test_a_link_with_a_code_fills_it_in_and_does_not_keep_it(
    browser: Browser, network: Network, real_nurse: Nurse, patient: str
) -> None:
    page = browser.page(timezone=real_nurse.zone, language="en-GB")
    code = real_nurse.code(patient)
    page.go(f"{network.url}/app/#code={code}")
    page.until("document.querySelector('form')")
    assert page.evaluate("document.querySelector('input').value") == code
    assert page.evaluate("location.href") == f"{network.url}/app/"
    page.evaluate("document.querySelector('form').requestSubmit()")
    page.shows("Take it today at 20:00")
    assert page.complaints() == []


def test_a_patient_chooses_the_language_and_when_to_be_reminded(page: Page, real_nurse: Nurse, patient: str) -> None:
    page.evaluate("document.querySelector('.reminders summary').click()")
    page.until("document.getElementById('remind-at').value === '20:00'")
    page.evaluate("document.getElementById('remind-at').value = '21:30'")
    page.evaluate("document.getElementById('language').value = 'zh-CN'")
    page.leave("void document.querySelector('.reminders button').onclick()")
    page.shows("今日用药", "请今天 21:30 服药")
