"""The page for trying the API, in a browser: whoever knows no field records a fact with the example alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
import requests
from databases import Databases
from patience import PATIENCE
from service import Server

from scheduler_api.api.contract.examples.example import PATIENT
from scheduler_api.cli.samples import samples
from scheduler_api.cli.samples.course import TIME_ZONE
from scheduler_api.engine.dates import civil_date
from scheduler_api.store.database.connect import connect

from .devtools import Browser, Page

pytestmark = pytest.mark.only("sqlite")

#: Types a text into a field as a person does: the page notices.
TYPE = """((field, text) => {
  Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set.call(field, text);
  field.dispatchEvent(new Event("input", { bubbles: true }));
})(document.querySelector(%s), %s)"""


@pytest.fixture(scope="module")
def server(
    databases: Databases, template: tuple[str, dict[str, str]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """The service with the sample patient whom the examples are about."""
    database = databases.copy(template[0])
    store = connect(database)
    samples.load(store, [entry for entry in samples.entries(today()) if entry.subject_number == samples.OF_EXAMPLES])
    store.close()
    with Server(database, tmp_path_factory.mktemp("server"), worker=False) as server:
        yield server
    databases.drop(database)


@pytest.fixture
def page(
    tmp_path_factory: pytest.TempPathFactory, server: Server, template: tuple[str, dict[str, str]]
) -> Iterator[Page]:
    """The page, with the token of a nurse."""
    with Browser(tmp_path_factory.mktemp("browser")) as browser:
        page = browser.page(timezone=TIME_ZONE, language="en-GB")
        page.go(f"{server.url}/docs")
        press(page, ".auth-wrapper .authorize")
        page.until("document.querySelector('.auth-container input')")
        page.evaluate(TYPE % ("'.auth-container input'", json.dumps(template[1]["nurse"])))
        press(page, ".auth-container button.authorize")
        press(page, ".auth-container button.btn-done")
        yield page
        assert page.complaints() == []


def today() -> date:
    """The day where the patient is: another one once midnight has passed there."""
    return civil_date(datetime.now(UTC), TIME_ZONE)


def press(page: Page, selector: str) -> None:
    """Press a button once it is there."""
    found = f"document.querySelector({json.dumps(selector)})"
    page.until(found)
    page.evaluate(f"{found}.click()")


def carried_out(page: Page, tag: str, operation: str) -> tuple[str, str]:
    """Open an operation and press Execute, with what its form says by itself; the status and the answer."""
    block = f"#operations-{tag}-{operation}"
    press(page, f"{block} .opblock-summary-control")
    press(page, f"{block} button.execute")
    status = f"document.querySelector('{block} .live-responses-table .response .response-col_status')"
    page.until(status)
    answer = f"document.querySelector('{block} .live-responses-table .response-col_description')"
    return page.evaluate(f"{status}.innerText"), page.evaluate(f"{answer}.innerText")


def test_a_fact_is_recorded_with_the_example_alone(
    page: Page, server: Server, template: tuple[str, dict[str, str]]
) -> None:
    assert carried_out(page, "facts", "record_fact")[0].startswith("201")
    asked = f"{server.url}/v1/patients/{PATIENT}/facts?limit=200"
    answer = requests.get(asked, headers={"Authorization": f"Bearer {template[1]['nurse']}"}, timeout=PATIENCE).json()
    fact = answer["items"][-1]
    assert (fact["kind"], fact["status"], fact["amount"]) == ("dose_recorded", "taken", 300)
    # Of today, unless midnight has passed since the page was opened.
    assert today() - date.fromisoformat(fact["dose_on"]) <= timedelta(1)
    for tag, operation in (
        ("patients", "list_patients"),
        ("patients", "get_patient_calendar"),
        ("visits", "list_visits"),
        ("bookings", "get_visit"),
        ("bookings", "book_visit"),
        ("previews", "preview_calendar"),
    ):
        status, shown = carried_out(page, tag, operation)
        assert status.startswith("200"), (operation, status, shown)
