"""A protocol's page: what is stated and what is a default, what a version changed, and what it would move."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from service import Anew, Client, Service

import bench
from scheduler_api.engine.protocol_file.parse import read_protocol
from scheduler_api.interop.png import NoFont, png_of
from scheduler_api.web.ward.schedule import pictures

from .reading import Page, Visitor, text_of
from .test_recording import form_for, previewed

# What a page shows is the same on either database.
pytestmark = pytest.mark.only("sqlite")


@pytest.fixture(scope="module")
def service(amended_trial: Anew) -> Iterator[Service]:
    """Version 2 has scans every 8 weeks, and contraception for 3 months; version 3 has longer cycles."""
    with amended_trial() as service:
        yield service


def values(page: Page, name: str) -> dict[str, list[str]]:
    """The cells of each row that has an attribute, by its value."""
    rows = [row for row in page.root.iter("tr") if name in row.attrib]
    return {row.attrib[name]: [text_of(cell) for cell in row.iter("td")] for row in rows}


def test_each_value_says_where_it_comes_from(nurse: Client, visitor: Visitor) -> None:
    definition = nurse.get("/v1/protocols/nct06110650/versions/1").json
    shown = values(visitor.page("/ward/protocols/nct06110650/versions/1"), "data-value")
    words = {"registry": "Trial registry", "default": "Our default"}
    for pointer, source in definition["sources"].items():
        assert shown[pointer][1:] == [words[source["stated"]], source.get("note", "")]
    assert shown["/participants"][0] == "29"
    assert shown["/visits/0/every"][0] == '{"weeks":6}'


def test_the_schedule_is_a_picture(visitor: Visitor) -> None:
    """The sample patient enrols on 2024-01-03, takes 300 mg a day from 2024-01-05, and the last on 2024-07-03."""
    page = visitor.page("/ward/protocols/nct06110650/versions/1")
    bars = {kind: page.all("rect", class_=f"of-{kind}") for kind in ("cycle", "dose", "visit", "contraception")}
    # 181 days are eight cycles of three weeks, and 13 days of a ninth; the days of each are one stretch of doses.
    assert (len(bars["cycle"]), len(bars["dose"])) == (9, 9)
    scans = [f"Week {week} tumour imaging" for week in range(6, 53, 6)]
    months = [f"Month {number} contraception follow-up" for number in range(1, 7)]
    assert [text_of(bar) for bar in bars["visit"]] == [*scans, *months]
    # Week 6 is 42 days after enrolment: its window opens on day 35, at 1.9 units a day after the names.
    assert int(bars["visit"][0].attrib["x"]) == 175 + int(35 * 1.9)
    # Contraception goes from enrolment through six months after the last dose, 2025-01-03: beyond the year shown.
    (contraception,) = bars["contraception"]
    assert (contraception.attrib["x"], contraception.attrib["width"]) == ("175", str(int(366 * 1.9) - 1))


def test_a_picture_of_several_drugs_has_a_row_for_each() -> None:
    """Draw two drugs, of which one is taken on 21 of the 28 days of a cycle, and the other twice on each."""
    definition = json.loads((Path(bench.__file__).parent / "two_arms.json").read_bytes())
    treated, control = pictures(read_protocol(definition))
    assert [(one["arm"], one["sex"]) for one in (treated, control)] == [
        ("combination", "female"),
        ("control", "female"),
    ]
    drugs = {row.name.inputs["text"]: row.bars for row in treated["rows"] if row.kind == "drug"}
    # Seven cycles begin before 2024-07-03, and the last has 13 days.
    assert [bar.width for bar in drugs["fruquintinib"]] == [int(21 * 1.9) - 1] * 6 + [int(13 * 1.9) - 1]
    assert [bar.width for bar in drugs["capecitabine"]] == [int(28 * 1.9) - 1] * 6 + [int(13 * 1.9) - 1]
    assert [row.name.inputs["text"] for row in control["rows"] if row.kind == "drug"] == ["placebo"]


def test_what_is_given_at_the_site_is_drawn_as_visits_only() -> None:
    """A tablet once a day, whose doses are named by the day alone, and an infusion in each cycle."""
    definition = json.loads((Path(bench.__file__).parent / "two_arms.json").read_bytes())
    tablet, infusion = definition["regimens"][0], definition["regimens"][2]
    infusion |= {"given_by": "site", "when": [{"days": [1]}], "window": {"before_days": 0, "after_days": 3}}
    definition["regimens"] = [tablet | {"who": {"arm": "control"}}, infusion]
    *_, control = pictures(read_protocol(definition))
    kinds = [(row.kind, len(row.bars)) for row in control["rows"] if row.name is not None]
    drugs = {row.name.inputs["text"] for row in control["rows"] if row.kind == "drug"}
    assert drugs == {"fruquintinib"}
    assert ("drug", 7) in kinds
    assert [len(row.bars) for row in control["rows"] if row.name == "placebo"] == [7]


def test_the_picture_is_there_as_a_file_in_the_language_of_the_page(service: Service, visitor: Visitor) -> None:
    links = [link.attrib["href"] for link in visitor.page("/ward/protocols/nct06110650/versions/1").all("a")]
    address = "/ward/protocols/nct06110650/versions/1/schedule-female"
    assert {f"{address}.svg", f"{address}.png"} <= {*links}
    reader = Visitor(service, "nurse", language="zh-CN")
    assert "影像" in reader.get(f"{address}.svg").text
    english, translated = visitor.get(f"{address}.png"), reader.get(f"{address}.png")
    assert (english.mimetype, translated.mimetype) == ("image/png", "image/png")
    assert english.headers["Content-Disposition"] == 'attachment; filename="nct06110650-1-female.png"'
    assert english.data != translated.data
    assert visitor.page("/ward/protocols/nct06110650/versions/9/schedule-female.png", 404).status == 404
    assert visitor.page("/ward/protocols/nct06110650/versions/1/schedule-male.png", 404).status == 404


def test_what_no_font_has_is_no_box() -> None:
    with pytest.raises(NoFont, match="\U0010fffd"):
        png_of('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><text>Week \U0010fffd</text></svg>')


def test_what_a_version_changed_is_listed(visitor: Visitor) -> None:
    assert values(visitor.page("/ward/protocols/nct06110650/versions/1"), "data-change") == {}
    assert values(visitor.page("/ward/protocols/nct06110650/versions/2"), "data-change") == {
        "/visits/0/every/weeks": ["6", "8"],
        "/visits/0/window/before_days": ["7", "3"],
        "/visits/0/window/after_days": ["7", "4"],
        "/contraception/0/after_last_dose/months": ["6", "3"],
    }
    third = values(visitor.page("/ward/protocols/nct06110650/versions/3"), "data-change")
    assert third["/regimens/0/cycle_days"] == ["21", "28"]
    assert third["/visits/2/series"] == ["–", "clinic"]
    assert visitor.page("/ward/protocols/nct06110650/versions/4", 404).status == 404


def test_what_it_would_move_is_shown_and_not_recorded(service: Service, nurse: Client, visitor: Visitor) -> None:
    # Of version 1, as the coordinator decided.
    protocol = {"id": "nct06110650", "version": 1}
    patient = nurse.enrol(subject_number="OLD-1", protocol=protocol)
    patient.record("treatment_started", first_dose_on="2024-01-05")
    page = visitor.page("/ward/protocols/nct06110650/versions/2")
    said = {"kind": "protocol_amended", "version": 2, "from_on": "2024-03-01"}
    consequences = patient.send(dry_run=True, **said).json["consequences"]
    with service.unchanged():
        shown = Page(visitor.press(page, "Show what follows", from_on="2024-03-01", site="FUSCC"))
    moved = values(shown, "data-moved")
    gap = "Week 16 tumour imaging on 24 Apr 2024 comes 70 days after 14 Feb 2024, later than by either version alone"
    assert moved[patient.patient_id] == [f"{len(consequences)} changes {gap}"]
    assert consequences
    assert visitor.press(page, "Show what follows", from_on="2024-02-30", site="FUSCC").status_code == 422
    assert visitor.press(page, "Show what follows", from_on="2024-03-01", site="BERLIN").status_code == 404


def test_why_a_version_is_not_applied_is_said(service: Service, admin: Client, visitor: Visitor) -> None:
    """FUSCC approves version 3 from 2024-04-01 on."""
    patient = admin.enrol(subject_number="NOT-YET", protocol={"id": "nct06110650", "version": 1})
    admin.approve(version=3, sites=["FUSCC"], approved_on="2024-04-01")
    why = "Version 3 is not approved for FUSCC on 1 Mar 2024."
    with service.unchanged():
        page = visitor.page("/ward/protocols/nct06110650/versions/3")
        shown = Page(visitor.press(page, "Show what follows", from_on="2024-03-01", site="FUSCC"))
        assert values(shown, "data-moved")[patient.patient_id] == [f"refused {why}"]
        form = form_for(visitor, patient, "protocol_amended")
        refused = previewed(visitor, form, version="3", from_on="2024-03-01")
    assert refused.status_code == 422
    assert {one.attrib["id"]: text_of(one) for one in Page(refused).all("p", class_="error")} == {"e-version": why}
    assert previewed(visitor, form, version="3", from_on="2024-04-01").status_code == 200
