"""The patients of a study together: the pictures and their tables say what the API says of each."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from xml.etree import ElementTree

import pytest
from PIL import Image
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


def test_each_picture_is_there_as_a_file(treated: Patient, visitor: Visitor) -> None:
    page = visitor.page("/ward/cohort")
    links = [link.attrib["href"] for link in page.all("a") if "download" in link.attrib]
    of_page = {name: page.one("svg", class_=name) for name in ("swimmers", "heat", "steps")}
    assert [link.partition("?")[0].rpartition("/")[2] for link in links] == [
        f"{name}.{form}" for name in ("treatment", "adherence", "enrolment") for form in ("svg", "png")
    ]
    for (name, shown), svg_link, png_link in zip(of_page.items(), links[::2], links[1::2], strict=True):
        svg, png = visitor.get(svg_link), visitor.get(png_link)
        root = ElementTree.fromstring(svg.text)
        assert (svg.mimetype, root.tag, root.get("class")) == ("image/svg+xml", "{http://www.w3.org/2000/svg}svg", name)
        assert root.get("viewBox") == shown.get("viewbox", shown.get("viewBox"))
        # It has the colours of the page's style, and names no patient by an id of ours.
        assert "var(" not in svg.text
        assert treated.patient_id not in svg.text
        assert png.mimetype == "image/png"
        # Three pixels for each unit of the picture.
        width, height = (round(3 * float(length)) for length in root.get("viewBox", "").split()[2:])
        assert struct.unpack(">II", png.data[16:24]) == (width, height)


def test_the_picture_has_the_colours_of_what_it_shows(treated: Patient, visitor: Visitor) -> None:
    """The lane of the patient is 14 units high from y 29 on, and begins at x 92: `--window` of the light pages."""
    picture = pixels(visitor.get("/ward/cohort/treatment.png").data)
    assert picture(94 * 3, 36 * 3) == (0xB9, 0xDC, 0xD7)
    assert picture(0, 0) == (255, 255, 255)
    # The number of the patient stands in the column of names.
    assert any(picture(x, y) == (0x0B, 0x5C, 0x56) for x in range(6, 240) for y in range(84, 130))


def test_a_picture_that_is_not_there(visitor: Visitor) -> None:
    for address in ("/ward/cohort/deviations.png", "/ward/cohort/treatment.gif", "/ward/cohort/heat.png?protocol=none"):
        assert visitor.page(address, 404).status == 404


def test_a_cycle_on_hold_leaves_its_place_in_the_table_empty(nurse: Client, visitor: Visitor) -> None:
    patient = nurse.enrol(subject_number="FUSCC-04")
    patient.record("treatment_started", first_dose_on="2024-01-05")
    # From day 1 of cycle 2 to day 1 of cycle 3.
    patient.record("hold_started", from_on="2024-01-26", resumes_on="2024-02-16")
    page = visitor.page("/ward/cohort")
    (table,) = [one for one in page.root.iter("table") if "Adherence by cycle" in text_of(one)]
    (row,) = [one for one in table.iter("tr") if text_of(one).startswith("FUSCC-04")]
    assert [text_of(cell) for cell in row.iter("td")] == ["0/21", "", "0/4"]
    titles = [text_of(cell) for cell in page.one("svg", class_="heat").iter("title")]
    assert [title for title in titles if title.startswith("FUSCC-04")] == ["FUSCC-04 1: 0/21", "FUSCC-04 3: 0/4"]


def pixels(png: bytes) -> Callable[[int, int], tuple[int, ...]]:
    """A function that gives the colour of a point of a picture."""
    image = Image.open(io.BytesIO(png)).convert("RGB")
    return lambda x, y: image.getpixel((x, y))  # type: ignore[return-value]
