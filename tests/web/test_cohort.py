"""The patients of a study together: the pictures and their tables say what the API says of each."""

from __future__ import annotations

import pytest
from service import Client, Patient, Service

from .reading import Visitor, text_of

# What a page shows is the same on either database.
pytestmark = pytest.mark.only("sqlite")


@pytest.fixture(scope="module")
def treated(service: Service) -> Patient:
    """A patient from 5 January on with a hold, a response, a missed dose and one taken on hold; today is day 47."""
    patient = service.client("nurse").enrol(subject_number="FUSCC-01")
    patient.record("treatment_started", first_dose_on="2024-01-05")
    for day, status in (("2024-01-05", "taken"), ("2024-01-06", "missed"), ("2024-02-13", "taken")):
        patient.record("dose_recorded", dose_on=day, status=status)
    patient.record("hold_started", from_on="2024-02-12", resumes_on="2024-02-15")
    patient.record("visit_done", series="imaging", done_on="2024-02-14", response="SD")
    return patient


def test_the_numbers_are_those_of_the_summary(treated: Patient, nurse: Client, visitor: Visitor) -> None:
    nurse.register(subject_number="FUSCC-02")
    summary = nurse.get("/v1/studies/nct06110650/summary").json
    page = visitor.page("/ward/cohort")
    shown = {one.attrib["data-field"]: text_of(one) for one in page.root.iter("dd") if "data-field" in one.attrib}
    assert shown["enrolled"] == f"{summary['enrolled']} / 29"
    for status, number in summary["statuses"].items():
        assert shown[status] == str(number)
    assert shown["adherence"] == f"{summary['doses']['adherence'] * 100:.1f} %"
    rows = {row.attrib["data-deviation"]: row for row in page.root.iter("tr") if "data-deviation" in row.attrib}
    assert {kind: text_of(row).split()[-1] for kind, row in rows.items()} == {
        kind: str(number) for kind, number in summary["deviations"].items()
    }


def test_a_course_is_a_lane_with_its_data_in_the_table(treated: Patient, visitor: Visitor) -> None:
    page = visitor.page("/ward/cohort")
    (row,) = [one for one in page.root.iter("tr") if one.get("data-course") == treated.patient_id]
    assert page.days(row) == ["2024-01-05", "2024-02-20", "2024-02-12", "2024-02-14", "2024-02-14"]
    assert "47" in text_of(row).split()
    # The lane is as wide as the picture, 640; the hold began after 38 of 47 days.
    (lane,) = page.all("rect", class_="lane")
    assert lane.attrib["width"] == "640"
    (hold,) = page.all("rect", class_="hold")
    assert int(hold.attrib["x"]) == 92 + 38 * 640 // 47
    (response,) = page.all("text", class_="response")
    assert (response.text, int(response.attrib["x"])) == ("SD", 92 + 40 * 640 // 47)
    assert len(page.all("path", class_="on")) == 1


def test_adherence_by_cycle_adds_up_to_the_adherence(treated: Patient, visitor: Visitor) -> None:
    page = visitor.page("/ward/cohort")
    (table,) = [one for one in page.root.iter("table") if "Adherence by cycle" in text_of(one)]
    cells = [text_of(cell) for cell in table.iter("td")]
    # Cycle 2 began on 26 January, cycle 3 on 16 February. The dose taken on hold counts as planned.
    assert cells == ["1/21", "1/19", "0/4"]
    adherence = treated.read("adherence")
    assert sum(int(cell.split("/")[0]) for cell in cells) == adherence["taken"]
    assert sum(int(cell.split("/")[1]) for cell in cells) == adherence["planned"]


def test_enrolment_rises_month_by_month(treated: Patient, nurse: Client, visitor: Visitor) -> None:
    nurse.enrol(subject_number="FUSCC-03", enrolled_on="2024-02-05")
    (table,) = [one for one in visitor.page("/ward/cohort").root.iter("table") if text_of(one).startswith("Enrolment ")]
    assert text_of(table) == "Enrolment January 2024 1 February 2024 2"


def test_another_study_is_not_there(visitor: Visitor) -> None:
    assert visitor.page("/ward/cohort?protocol=none", 404).status == 404
