"""What the pages of the ward show is what the API answers: numbers and dates are read from both."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest
from service import Client, Patient, Service

from scheduler_api.i18n import say
from scheduler_api.i18n.labels import LABELS, label

from .reading import Page, Visitor, text_of

# What a page shows is the same on either database.
pytestmark = pytest.mark.only("sqlite")


@pytest.fixture(scope="module")
def busy(service: Service) -> Patient:
    """A patient whose scan of week 6 is open and booked for today, who missed doses, and who took one on hold."""
    patient = service.client("nurse").enrol(subject_number="FUSCC-07")
    patient.record("treatment_started", first_dose_on="2024-01-05")
    patient.record("dose_recorded", dose_on="2024-01-05", status="taken", amount=300)
    patient.record("dose_recorded", dose_on="2024-02-10", status="missed")
    patient.record("hold_started", from_on="2024-02-12", resumes_on="2024-02-15", reason="Proteinuria")
    patient.record("dose_recorded", dose_on="2024-02-13", status="taken", amount=300)
    patient.record("visit_booked", visit="imaging-w6", booked_on="2024-02-20", time="09:30", place="Room 2")
    patient.record("visit_booked", visit="imaging-w12", booked_on="2024-02-27")
    return patient


def test_todays_list_is_the_worklist_with_alarms_first(busy: Patient, nurse: Client, visitor: Visitor) -> None:
    nurse.enrol(subject_number="OTHER-08")
    items = nurse.get("/v1/worklist", limit=200).json["items"]
    page = visitor.page("/ward")
    shown = page.all("li", class_="entry")
    assert {entry.attrib["data-entry"] for entry in shown} == {item["entry_id"] for item in items}
    assert len(items) >= 2
    kinds = {item["entry_id"]: item["kind"] for item in items}
    alarms = [kinds[entry.attrib["data-entry"]] for entry in page.all("li", class_="alarm")]
    assert set(alarms) == {"dose_while_held", "doses_not_taken"}
    assert [entry.attrib["data-entry"] for entry in page.all("li", class_="alarm")] == [
        entry.attrib["data-entry"] for entry in shown[: len(alarms)]
    ]
    for item in items:
        (entry,) = [one for one in shown if one.attrib["data-entry"] == item["entry_id"]]
        assert page.days(entry)[:1] == [item["due_on"]]
        days = [button.attrib["value"] for button in entry.iter("button") if button.get("name") == "booked_on"]
        assert days == item["suggested_days"]


def test_who_comes_is_the_list_of_bookings(busy: Patient, nurse: Client, visitor: Visitor) -> None:
    items = nurse.get("/v1/visits", booked_from="2024-02-20", booked_to="2024-03-04", sort="booked_at").json["items"]
    assert [(item["booked_on"], item["visit"]) for item in items] == [
        ("2024-02-20", "imaging-w6"),
        ("2024-02-27", "imaging-w12"),
    ]
    page = visitor.page("/ward/days")
    assert page.days(page.one("main")) == [item["booked_on"] for item in items]
    rows = [text_of(row) for row in page.all("li", class_="appointment")]
    assert rows[0] == "09:30 FUSCC-07 Week 6 tumour imaging Room 2 Expected today"
    assert rows[1].startswith("all day FUSCC-07 Week 12 tumour imaging outside the window by 22 days")
    # Beside the list of the day there is a week.
    week = [text_of(row) for row in visitor.page("/ward").all("li", class_="appointment")]
    assert week == rows[:1]
    assert visitor.page("/ward/days?series=contraception").all("li", class_="appointment") == []


def test_who_came_is_seen(patient: Patient, visitor: Visitor) -> None:
    patient.record("visit_booked", visit="imaging-w6", booked_on="2024-02-20", time="07:00")
    assert text_of(visitor.page("/ward").all("li", class_="appointment")[0]).endswith("Expected today")
    patient.record("visit_done", series="imaging", done_on="2024-02-20", response="SD")
    assert text_of(visitor.page("/ward").all("li", class_="appointment")[0]).endswith("Done")
    # The other tests of this file count who comes.
    patient.record("visit_booked", visit="imaging-w6", booked_on=None)


def test_the_picture_of_the_scans_has_its_data_as_a_table(busy: Patient, nurse: Client, visitor: Visitor) -> None:
    query = {"series": "imaging", "from_": "2024-01-30", "to": "2024-04-01", "sort": "subject"}
    items = nurse.get("/v1/visits", **query).json["items"]
    page = visitor.page("/ward/scans")
    (body,) = page.all("tbody")
    names = ("opens_on", "target_on", "closes_on", "booked_on", "done_on")
    assert page.days(body) == [item[name] for item in items for name in names if item[name]]
    of_busy = [item["visit"] for item in items if item["patient_id"] == busy.patient_id]
    assert of_busy == ["imaging-w6", "imaging-w12"]
    # Of 11 units a day, from 30 January on: the window of week 6 opens on 7 February.
    # The busy patient's row comes first.
    windows = [(int(bar.attrib["x"]), int(bar.attrib["width"])) for bar in page.all("rect", class_="w")]
    assert windows[0] == (92 + 8 * 11, 15 * 11)
    assert [int(mark.attrib["x"]) for mark in page.all("use", class_="b")][:2] == [92 + 21 * 11 + 5, 92 + 28 * 11 + 5]
    assert "M323 " in page.one("path", class_="now").attrib["d"]


def facts_of(page: Page) -> dict[str, str]:
    """The numbers and dates of a patient's page by the field that they are."""
    found = {}
    for element in page.root.iter("dd"):
        if (name := element.get("data-field")) is not None:
            found[name] = (page.days(element) or [text_of(element)])[0]
    return found


def test_a_patients_page_is_the_patients_calendar(busy: Patient, visitor: Visitor) -> None:
    calendar: dict[str, Any] = busy.read("calendar", from_="2024-02-01", to="2024-02-29")
    page = visitor.page(f"/ward/patients/{busy.patient_id}")
    assert facts_of(page) == {
        "cycle": f"{calendar['treatment']['cycle']} · day {calendar['treatment']['cycle_day']}",
        "dose": f"{next(dose for dose in calendar['doses'] if dose['dose_on'] == calendar['today'])['amount']} mg",
        "enrolled_on": "2024-01-03",
        "first_dose_on": calendar["treatment"]["first_dose_on"],
        "last_dose_on": calendar["treatment"]["last_dose_on"],
        "adherence": f"{round(calendar['adherence']['adherence'] * 100)} % "
        f"{calendar['adherence']['taken']} / {calendar['adherence']['planned']}",
        "relative_dose_intensity": f"{round(calendar['adherence']['relative_dose_intensity'] * 100)} %",
    }
    assert calendar["contraception"]["earliest_through_on"] in page.days()
    days = {cell.attrib["data-day"]: text_of(cell) for cell in page.root.iter("td") if "data-day" in cell.attrib}
    words = {"taken": "Taken ✓", "missed": "Missed ✕", "held": "On hold ∥", "unrecorded": "Not recorded ?"}
    words |= {"planned": "Planned ·", "due": "Due today ○"}
    assert len(days) == 29
    for dose in calendar["doses"]:
        assert words[dose["status"]] in days[dose["dose_on"]], dose
        assert f"C{dose['cycle']}·{dose['cycle_day']}" in days[dose["dose_on"]]
    assert "Booked Week 6 tumour imaging" in days["2024-02-20"]
    assert [cell.attrib["data-day"] for cell in page.all("td", class_="now")] == ["2024-02-20"]
    windows = {
        cell.attrib["data-day"] for mark in ("window", "target", "booked") for cell in page.all("td", class_=mark)
    }
    assert {f"2024-02-{day:02}" for day in range(7, 22)} | {"2024-02-27"} == windows


def test_next_visits_say_when_and_why(busy: Patient, nurse: Client, visitor: Visitor) -> None:
    query = {"patient": busy.patient_id, "status": "open,upcoming,overdue", "limit": 4}
    items = nurse.get("/v1/visits", **query).json["items"]
    page = visitor.page(f"/ward/patients/{busy.patient_id}")
    shown = [card for card in page.root.iter("li") if "data-visit" in card.attrib]
    assert [card.attrib["data-visit"] for card in shown] == [item["visit"] for item in items]
    for card, item in zip(shown, items, strict=True):
        wanted = [item[name] for name in ("opens_on", "closes_on", "target_on", "booked_on") if item[name]]
        assert page.days(card) == wanted
    assert "enrolment 3 Jan 2024 + 6 weeks" in text_of(shown[0])


def test_dates_are_written_as_people_of_the_language_write_them(busy: Patient, service: Service) -> None:
    page = Visitor(service, "nurse", "zh-CN").page(f"/ward/patients/{busy.patient_id}")
    assert "入组 2024年1月3日 + 6 周" in page.text
    assert "2024年2月" in page.text
    assert "周一" in page.text


def test_the_history_has_corrections_and_who_said_what_when(busy: Patient, visitor: Visitor) -> None:
    facts = busy.read("facts", limit=200)["items"]
    (hold,) = [fact for fact in facts if fact["kind"] == "hold_started"]
    corrected = {"kind": "hold_started", "from_on": "2024-02-12", "resumes_on": "2024-02-16"}
    busy.record(**corrected, replaces=hold["fact_id"], correction_reason="A day longer")
    page = visitor.page(f"/ward/patients/{busy.patient_id}?history=all")
    facts = busy.read("facts", limit=200)["items"]
    (history,) = page.all("ol", class_="history")
    assert [item.attrib["id"] for item in history] == [fact["fact_id"] for fact in reversed(facts)]
    (old,) = [item for item in history if item.attrib["id"] == hold["fact_id"]]
    assert "Corrected or taken back" in text_of(old)
    assert "Reason Proteinuria" in text_of(old)
    newest = text_of(next(iter(history)))
    assert "Why it is corrected A day longer" in newest
    assert "Nurse nurse · 20 Feb 2024 12:00" in newest
    shorter = visitor.page(f"/ward/patients/{busy.patient_id}")
    assert len(shorter.all("ol", class_="history")[0]) == len(facts) - 3


@pytest.mark.parametrize(
    ("language", "visit"),
    [("en", "Visit An extra one, of no visit"), ("zh-CN", "访视 计划外，不属于任何访视")],
)
def test_an_extra_visit_is_called_one_in_the_history(
    service: Service, nurse: Client, language: str, visit: str
) -> None:
    patient = nurse.enrol(subject_number=f"EXTRA-{language}", enrolled_on="2023-12-01")
    patient.record("visit_done", series="imaging", visit="unscheduled", done_on="2024-02-18", response="SD")
    page = Visitor(service, "nurse", language).page(f"/ward/patients/{patient.patient_id}")
    assert visit in text_of(page.one("ol", class_="history"))


def test_the_list_of_patients_goes_on_where_a_page_ends(service: Service, nurse: Client, visitor: Visitor) -> None:
    numbers = [f"P-{number:03}" for number in range(103)]
    for number in numbers:
        nurse.register(subject_number=number)
    page = visitor.page("/ward/patients?q=P-")
    first = [text_of(row) for row in page.root.iter("th") if row.get("scope") == "row"]
    (link,) = [link for link in page.root.iter("a") if text_of(link) == "Next page"]
    following = visitor.page(link.attrib["href"])
    assert first + [text_of(row) for row in following.root.iter("th") if row.get("scope") == "row"] == numbers
    found = visitor.page("/ward/patients?q=P-05&status=screening")
    assert len([row for row in found.root.iter("th") if row.get("scope") == "row"]) == 10


def test_a_site_with_two_in_sight_can_be_chosen(service: Service, coordinator: Client) -> None:
    coordinator.enrol(subject_number="FUSCC-01", enrolled_on="2023-12-01")
    coordinator.enrol(subject_number="BER-01", enrolled_on="2023-12-01", site="BERLIN", time_zone="Europe/Berlin")
    visitor = Visitor(service, "coordinator")
    assert {"FUSCC-01", "BER-01"} <= set(visitor.page("/ward").text.split())
    berlin = visitor.page("/ward?site=BERLIN")
    assert "BER-01" in berlin.text
    assert "FUSCC-01" not in berlin.text
    assert date.fromisoformat(berlin.days()[0]) == date(2024, 2, 20)
    assert "Europe/Berlin" in berlin.text


def test_what_is_no_page_is_answered_by_one(service: Service, visitor: Visitor) -> None:
    chinese = Visitor(service, "nurse", "zh-CN")
    for address, status in (("/ward/none", 404), ("/ward/patients/none/code", 405)):
        assert len(visitor.page(address, status).all("h1")) == 1
        # It says what is wrong, in either language.
        for language, reader in (("en", visitor), ("zh-CN", chinese)):
            assert label("problem", status, language) == text_of(reader.page(address, status).one("p", class_="error"))


def test_another_day_has_the_worklist_of_that_day_to_look_at(busy: Patient, nurse: Client, visitor: Visitor) -> None:
    items = nurse.get("/v1/worklist", on="2024-03-20", limit=200).json["items"]
    page = visitor.page("/ward?on=2024-03-20")
    assert [entry.attrib["data-entry"] for entry in page.all("li", class_="entry")] != []
    assert {entry.attrib["data-entry"] for entry in page.all("li", class_="entry")} == {
        item["entry_id"] for item in items
    }
    assert page.days(page.one("h1")) == ["2024-03-20"]
    assert page.all("div", class_="actions") == []
    assert visitor.page("/ward?on=2034-03-20", 422).status == 422


@pytest.mark.parametrize(("language", "label"), [("en", "Week 6 tumour imaging"), ("zh-CN", "第 6 周肿瘤影像学检查")])
def test_a_visit_has_its_label_on_pages_where_the_api_says_its_name(
    service: Service, nurse: Client, language: str, label: str
) -> None:
    patient = nurse.enrol(subject_number=f"LATE-{language}", enrolled_on="2023-11-01")
    patient.record("treatment_started", first_dose_on="2023-11-02")
    patient.record("visit_done", series="imaging", done_on="2023-12-27", response="SD")
    patient.record("visit_booked", visit="imaging-w18", booked_on="2024-03-06")
    (because,) = [
        entry["because"]
        for entry in nurse.get("/v1/worklist", limit=200).json["items"]
        if (entry["patient_id"], entry["kind"]) == (patient.patient_id, "assignment_to_confirm")
    ]
    assert because == "done 2023-12-27, after the window of imaging-w6 closed on 2023-12-20: was it that visit?"
    visitor, at = Visitor(service, "nurse", language), f"/ward/patients/{patient.patient_id}"
    pages = [visitor.page(address) for address in ("/ward", "/ward/print", at, f"{at}?history=all")]
    for kind in ("visit_done", "visit_booked"):
        pages.append(Page(visitor.press(visitor.page(f"{at}/record"), say(LABELS["fact"][kind], language))))
    for page in pages:
        assert label in page.text
        assert not re.search(r"imaging-w|contraception-m|\bf-[0-9a-f]", page.text)
