"""The day of docs/nurse.md on a tablet, by touch, with scripts and without: what is recorded then is what it shows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from conftest import SAMPLED_ON
from databases import Databases
from examples.conftest import Served
from examples.devtools import Browser, Page
from examples.network import Network
from examples.pages import Shown, document_of
from examples.test_nurse import PAGE, STEPS
from service import Service

from scheduler_api.i18n import say
from scheduler_api.i18n.labels import LABELS
from scheduler_api.use_cases.projections import maintenance

from .touch import Finger

# What a browser does is the same on either database.
pytestmark = pytest.mark.only("sqlite")

#: A tablet, held upright.
TABLET = {"width": 820, "height": 1180, "deviceScaleFactor": 1, "mobile": True}
TABLE = {"Accept": "text/csv; bom=false"}
#: What the page of the day shows of its commands, in order.
SHOWN = [text for _, _, text in STEPS.findall(PAGE.read_text("utf-8"))]
#: The day from which another site has a patient.
MOVED_ON = "2025-05-21"
BOOKING, RESULT = "section[aria-labelledby=booking]", "section[aria-labelledby=result]"
#: The bookings: whose, which visit, day and time.
BOOKED = (
    ("FUSCC-18", "imaging-w18", "2025-05-22", "09:30"),
    ("FUSCC-24", "imaging-w12", "2025-06-13", "08:30"),
    ("FUSCC-19", "imaging-w18", "2025-05-30", "09:30"),
)


@pytest.fixture(scope="module")
def morning(databases: Databases, sampled: tuple[str, dict[str, str]]) -> Iterator[str]:
    """A database with the sample patients, at eight in the morning."""
    database = databases.copy(sampled[0])
    service = at_eight(database, sampled[1])
    maintenance.extend_horizons(service.store, service.clock())
    service.close()
    yield database
    databases.drop(database)


@pytest.fixture
def desk(databases: Databases, sampled: tuple[str, dict[str, str]], morning: str) -> Iterator[Service]:
    """The service on that morning."""
    with databases.lent(morning) as database:
        service = at_eight(database, sampled[1])
        yield service
        service.close()


def at_eight(database: str, tokens: dict[str, str]) -> Service:
    """The service at eight in the morning in Shanghai."""
    service = Service(database, tokens)
    service.clock.set(f"{SAMPLED_ON}T08:00:00+08:00")
    return service


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A browser for all days."""
    with Browser(tmp_path_factory.mktemp("browser")) as browser:
        yield browser


class Ward:
    """Somebody with a tablet, in a language; and what the API answers the same person meanwhile."""

    def __init__(self, page: Page, service: Service, language: str) -> None:
        self.page, self.finger, self._language, self._service = page, Finger(page), language, service

    def sign_in(self, token: str) -> None:
        """Sign in where that is asked."""
        self._api = self._service.client(token)
        self.fill(token=token)
        self.press("Sign in")

    def sign_out(self) -> None:
        """Sign out, and go to where the next one signs in."""
        self.press("Sign out", ".who")
        self.press("Sign in as staff")

    def press(self, text: str, within: str = "main") -> None:
        """Press what is called so in the nurse's language."""
        self.finger.open(say(text, self._language), within)

    def fill(self, within: str = "main", **values: str) -> None:
        """Fill fields in."""
        for name, value in values.items():
            self.finger.fill(name, value, within)

    def go_to(self, subject_number: str) -> None:
        """Go to a patient's page by the list of all."""
        self.press("Patients", "nav")
        self.press(subject_number)

    def press_in(self, entry_id: str, text: str) -> None:
        """Press a button of an entry of today's list."""
        self.press("Today", "nav")
        self.press(text, f'[data-entry="{entry_id}"]')

    def go_to_visit(self, subject_number: str, visit: str) -> None:
        """Go to a visit by the patient's page."""
        self.go_to(subject_number)
        path = f"/v1/patients/{self.patient(subject_number)}/visits/{visit}"
        label = self._api.get(path, {"Accept-Language": self._language}).json["label"]
        self.press(label, ".visits")

    def record(self, subject_number: str, kind: str, **values: str) -> None:
        """Record a fact, once it was seen what follows."""
        self.go_to(subject_number)
        self.press("Record")
        self.press(LABELS["fact"][kind])
        self.fill(**values)
        self.follow()
        self.press("Record")

    def follow(self, within: str = "main") -> None:
        """Ask what follows, unless it is shown."""
        if not self.shows("#preview .preview"):
            self.press("Show what follows", within)
        assert self.shows(".preview"), self.page.text()

    def shows(self, selector: str) -> bool:
        """Return whether something is on the page."""
        return bool(self.page.evaluate(f"Boolean(document.querySelector({selector!r}))"))

    def days(self, selector: str) -> list[str]:
        """The dates in a part of the page."""
        each = f"[...document.querySelectorAll({f'{selector} time'!r})]"
        return list(self.page.evaluate(f"{each}.map((one) => one.dateTime)"))

    def entries(self) -> set[str]:
        """Return what is on today's list."""
        self.press("Today", "nav")
        each = "[...document.querySelectorAll('[data-entry]')]"
        return set(self.page.evaluate(f"{each}.map((one) => one.dataset.entry)"))

    def get(self, path: str, **query: Any) -> Any:
        """Return what the API answers."""
        answer = self._api.get(path, **query)
        assert answer.status_code == 200, answer.text
        return answer.json

    def patient(self, subject_number: str) -> str:
        """A patient's id."""
        (patient,) = self.get("/v1/patients", subject_number=subject_number)["items"]
        return str(patient["patient_id"])

    def recorded(self, subject_number: str) -> list[dict[str, Any]]:
        """The facts that were recorded of a patient today, without ids and times."""
        found = self.get(f"/v1/patients/{self.patient(subject_number)}/facts", limit=200)["items"]
        about = {"fact_id", "recorded_at", "said_at", "recorded_by", "sent", "replaces", "voided_by"}
        return [
            {name: value for name, value in fact.items() if name not in about and value is not None}
            for fact in found
            if fact["recorded_at"].startswith(SAMPLED_ON.isoformat())
        ]

    def table(self, path: str, *columns: int, **query: Any) -> str:
        """Some columns of a list, as `cut` gives them."""
        rows = self._api.get(path, TABLE, **query).text.splitlines()
        return "".join(",".join(row.split(",")[number - 1] for number in columns) + "\n" for row in rows)


@pytest.fixture(params=[("en", True), ("zh-CN", False)], ids=["with scripts", "without scripts, in Chinese"])
def ward(request: pytest.FixtureRequest, browser: Browser, desk: Service) -> Iterator[Ward]:
    """A nurse at FUSCC who has signed in on a tablet."""
    language, scripts = request.param
    with Served(desk) as served, Network(served.url) as network:
        page = browser.page(language=language)
        page.send("Emulation.setDeviceMetricsOverride", **TABLET)
        page.send("Emulation.setScriptExecutionDisabled", value=not scripts)
        page.go(f"{network.url}/ward")
        ward = Ward(page, desk, language)
        ward.sign_in(desk.tokens["nurse"])
        yield ward
        assert page.complaints() == []
        page.close()


def test_the_day_of_a_nurse_is_done_by_touch(ward: Ward) -> None:
    worklist = ("/v1/worklist", 2, 3, 5, 7, 9)
    assert is_shown(SHOWN[1], ward.table(*worklist, limit=200))
    assert ward.entries() == {entry["entry_id"] for entry in ward.get("/v1/worklist", limit=200)["items"]}
    p04, p08, p13, p17, p25 = map(ward.patient, ("FUSCC-04", "FUSCC-08", "FUSCC-13", "FUSCC-17", "FUSCC-25"))

    # What has to be done today.
    ward.press_in(f"dose_while_held.{p04}.2024-10-14", "Seen")
    ward.fill(note="Examined on 15 October")
    ward.press("Seen")
    ward.press_in(f"booking_past.{p08}.imaging-w12", "Cancel the booking")

    # Three bookings.
    ward.press("Scans", "nav")
    ward.press_in(f"visit_to_book.{ward.patient('FUSCC-18')}.imaging-w18", "Result, or another day")
    book(ward, *BOOKED[0][2:])
    ward.go_to_visit("FUSCC-24", "imaging-w12")
    book(ward, *BOOKED[1][2:])
    ward.press("Coming days", "nav")
    assert "2025-05-22" in ward.days(".of-day h2")
    ward.go_to_visit("FUSCC-19", "imaging-w18")
    ward.fill(BOOKING, booked_on="2025-06-02", time="09:30")
    ward.follow(BOOKING)
    assert ward.shows(".preview .warning")
    book(ward, *BOOKED[2][2:])

    # A late scan.
    ward.go_to_visit("FUSCC-21", "imaging-w12")
    finish(ward, "2025-05-20", "SD")
    ward.press("Cancel the booking", BOOKING)

    # A hold; a dose reduction, and the capsules for it.
    ward.record("FUSCC-22", "hold_started", from_on="2025-05-20", reason="Proteinuria")
    ward.record("FUSCC-13", "hold_ended", resumes_on="2025-05-21")
    ward.record("FUSCC-13", "dose_changed", from_on="2025-05-21", amount="200", reason="Bleeding")
    ward.press("Record that it was given out")
    ward.fill(kit="SF-0412")
    ward.follow()
    ward.press("Record")

    # A progression, and the end of treatment.
    ward.go_to_visit("FUSCC-25", "imaging-w6")
    finish(ward, "2025-05-20", "PD")
    ended = {"last_dose_on": "2025-05-19", "decided_on": "2025-05-20", "reason": "progression"}
    ward.record("FUSCC-25", "treatment_ended", **ended)

    ward.press("Today", "nav")
    ward.fill(on="2025-06-12")
    ward.press("Show")
    assert ward.shows(f'[data-entry="follow_up_due.{p25}.contraception-m1"]')

    # What can wait, and who is being screened.
    ward.press_in(f"to_follow.{p17}.2025-03-15", "Seen; it can wait")
    ward.fill(note="The obstetrician sees her on 3 June", until="2025-06-04")
    ward.press("Let it wait")
    assert ward.page.complaints() == []

    ward.press("Patients", "nav")
    ward.fill(status="screening")
    ward.press("Show")
    ward.press("FUSCC-30")
    ward.press("Record")
    ward.press(LABELS["fact"]["enrolled"])
    ward.fill(enrolled_on="2025-05-20")
    ward.follow()

    # In the evening.
    assert is_shown(SHOWN[-2], ward.table(*worklist, limit=200))
    assert is_shown(document_of(SHOWN[-1]), ward.get("/v1/studies/nct06110650/summary"))
    (follow_ups,) = (text for text in SHOWN if text.startswith("visit,target_on"))
    assert ward.table("/v1/visits", 1, 4, 5, 6, 7, patient=p25, series="contraception") == follow_ups
    (counts,) = (text for text in SHOWN if text.startswith('{"items": [{"drug"'))
    assert is_shown(document_of(counts), ward.get(f"/v1/patients/{p13}/accountability"))
    assert ward.recorded("FUSCC-22") == [{"kind": "hold_started", "from_on": "2025-05-20", "reason": "Proteinuria"}]
    assert ward.recorded("FUSCC-13") == [
        {"kind": "hold_ended", "resumes_on": "2025-05-21"},
        {"kind": "dose_changed", "from_on": "2025-05-21", "amount": 200, "reason": "Bleeding"},
        {"kind": "drug_dispensed", "on": "2025-05-20", "units": {"50": 144}, "kit": "SF-0412"},
    ]
    for subject_number, visit, on, time in BOOKED:
        found = ward.get(f"/v1/patients/{ward.patient(subject_number)}/visits/{visit}")
        assert (found["booked_on"], found["booked_time"]) == (on, time)
    assert ward.recorded("FUSCC-30") == []


def test_a_patient_is_transferred_to_another_site_by_touch(ward: Ward, desk: Service) -> None:
    (booked,) = ward.get("/v1/visits", patient=ward.patient("FUSCC-14"), booked_from=MOVED_ON)["items"]
    patient, visit = booked["patient_id"], booked["visit"]
    facts = ward.get(f"/v1/patients/{patient}/facts", limit=200)["items"]
    enrolled = next(fact for fact in facts if fact["kind"] == "enrolled")
    at_old_site = f"booking_at_old_site.{patient}.{visit}"
    ward.go_to("FUSCC-14")
    ward.press("Record")
    assert not ward.shows("button[value=site_transferred]")

    # The coordinator of the site says where to, and from which day on, which lies ahead.
    ward.sign_out()
    ward.sign_in(desk.token("coordinator", ["FUSCC"]))
    ward.record("FUSCC-14", "site_transferred", site="BERLIN", from_on=MOVED_ON)
    assert ward.recorded("FUSCC-14") == [{"kind": "site_transferred", "site": "BERLIN", "from_on": MOVED_ON}]

    # From that day on the nurse reads what was recorded until then, and records no more; the booking is hers to cancel.
    desk.clock.set(f"{MOVED_ON}T08:00:00+08:00")
    ward.press("Today", "nav")
    ward.sign_in(desk.tokens["nurse"])
    assert at_old_site in ward.entries()
    assert visit not in ward.page.text()
    assert not ward.shows(f'[data-entry="{at_old_site}"] [href*="/visits/"]')
    ward.press("FUSCC-14", f'[data-entry="{at_old_site}"]')
    assert ward.shows(f"[id={enrolled['fact_id']}]")
    assert not ward.shows('[href$="/record"], [action$="/record?dry_run=true"]')
    ward.press_in(at_old_site, "Cancel the booking")
    assert at_old_site not in ward.entries()
    ward.press("Patients", "nav")
    assert not ward.shows(f'[href*="{patient}"]')

    # The other site reads everything, and books anew.
    ward.sign_out()
    ward.sign_in(desk.tokens["elsewhere"])
    ward.go_to_visit("FUSCC-14", visit)
    book(ward, "2025-05-23", "10:00")
    found = ward.get(f"/v1/patients/{patient}/visits/{visit}")
    assert (found["booked_on"], found["booked_time"], found["site"]) == ("2025-05-23", "10:00", "BERLIN")
    ward.go_to("FUSCC-14")
    assert ward.shows(f"[id={enrolled['fact_id']}]")
    assert ward.shows('[href$="/record"]')


def test_a_form_outlives_the_session_by_touch(ward: Ward, desk: Service) -> None:
    ward.go_to("FUSCC-22")
    ward.press("Record")
    ward.press(LABELS["fact"]["hold_started"])
    ward.fill(from_on="2025-05-20", reason="Proteinuria")
    ward.follow()
    desk.clock.set(f"{SAMPLED_ON}T20:01:00+08:00")
    ward.press("Record")
    assert ward.recorded("FUSCC-22") == []
    ward.sign_in(desk.tokens["nurse"])
    ward.press("Go on with it")
    ward.follow()
    assert ward.recorded("FUSCC-22") == []
    ward.press("Record")
    assert ward.recorded("FUSCC-22") == [{"kind": "hold_started", "from_on": "2025-05-20", "reason": "Proteinuria"}]


def is_shown(written: Any, answer: Any) -> bool:
    """Return whether what stands on the page means this answer."""
    return bool(Shown().meant(written, answer) == answer)


def book(ward: Ward, booked_on: str, time: str) -> None:
    """Book the visit that is shown, once it was seen what follows."""
    ward.fill(BOOKING, booked_on=booked_on, time=time)
    ward.follow(BOOKING)
    ward.press("Book", BOOKING)


def finish(ward: Ward, done_on: str, response: str) -> None:
    """Record the result of the visit that is shown, once it was seen what follows."""
    ward.fill(RESULT, done_on=done_on, response=response)
    ward.follow(RESULT)
    ward.press("Record", RESULT)
