"""The drug that was given out and came back: its forms, what follows from them, and the table on the patient's page."""

from __future__ import annotations

import pytest
from service import Patient, Service

from .reading import Page, Visitor, text_of
from .test_recording import form_for, previewed

# What a page shows is the same on either database.
pytestmark = pytest.mark.only("sqlite")

UNITS = "units.50"


def rows(page: Page) -> list[list[str]]:
    """The rows of the table of what was counted, without the drug."""
    return [[text_of(cell) for cell in row.iter("td")] for row in page.root.iter("tr") if "data-count" in row.attrib]


def test_what_follows_from_a_return_is_shown_before_it_is_recorded(
    service: Service, visitor: Visitor, counted: Patient
) -> None:
    """60 − 12 back = 48 capsules, 2400 mg; by the diary 5 × 300 mg; planned 7 × 300 mg."""
    address = f"/ward/patients/{counted.patient_id}"
    assert rows(visitor.page(address)) == [
        ["5 Jan 2024", "–", "60 × 50", "–", "0", "30 × 50", "–", "1500 mg", "–"],
    ]
    with service.unchanged():
        shown = Page(previewed(visitor, form_for(visitor, counted, "drug_returned"), on="2024-01-12", **{UNITS: "12"}))
    (change,) = shown.all("div", class_="change")
    assert text_of(change).startswith("Drug counted from 5 Jan 2024 Returned on – → 12 Jan 2024 Returned – → 12 × 50")
    assert "Compliance by count – → 114.3% Difference – → 900 Count and diary agree – → No" in text_of(change)
    (warning,) = shown.all("p", class_="warning")
    assert "2400 mg used by the count" in text_of(warning)
    after = visitor.after(visitor.press(shown, "Record"))
    assert "The count of drug differs from the diary." in after.text
    (period,) = counted.read("accountability")["items"]
    assert (period["used_amount"], period["taken_amount"], period["compliance"]) == (2400, 1500, 1.1429)
    assert rows(after) == [
        [
            *("5 Jan 2024", "12 Jan 2024", "60 × 50", "12 × 50", "0", "–", "2400 mg"),
            *("1500 mg differs from the count", "114.3 %"),
        ],
    ]


def test_what_was_counted_wrongly_is_corrected_with_all_that_is_on_record(visitor: Visitor, counted: Patient) -> None:
    counted.record("drug_returned", on="2024-01-12", units={"50": 24}, lost={"50": 6}, kit="A-1")
    page = visitor.page(f"/ward/patients/{counted.patient_id}")
    assert "Pieces by strength 24 × 50 Pieces lost 6 × 50" in page.text
    form = Page(visitor.press(page, "Correct"))
    assert [form.one("input", name=name).attrib["value"] for name in (UNITS, "lost.50", "kit")] == ["24", "6", "A-1"]
    shown = Page(previewed(visitor, form, **{UNITS: "30", "lost.50": "", "reason": "Counted again"}))
    visitor.after(visitor.press(shown, "Record"))
    _, new = (one for one in counted.read("facts")["items"] if one["kind"] == "drug_returned")
    assert (new["units"], new.get("lost"), new["kit"]) == ({"50": 30}, None, "A-1")


def test_what_cannot_be_counted_is_refused_at_its_field(service: Service, visitor: Visitor, counted: Patient) -> None:
    with service.unchanged():
        for kind, filled, status, error in (
            ("drug_returned", {UNITS: "61"}, 409, "1 more of 50 mg than were given out through 12 Jan 2024."),
            ("drug_dispensed", {UNITS: "a few"}, 422, "Not a valid integer."),
            ("drug_lost", {}, 422, "Missing."),
            ("drug_dispensed", {UNITS: "10", "units.70": "1"}, 422, None),
        ):
            refused = previewed(visitor, form_for(visitor, counted, kind), on="2024-01-12", **filled)
            assert refused.status_code == status, kind
            shown = Page(refused)
            (said,) = shown.all("p", class_="error")
            assert said.attrib["id"] == "e-units"
            assert error is None or text_of(said) == error
            assert shown.one("input", name=UNITS).attrib["value"] == filled.get(UNITS, "")


def test_a_monitor_reads_the_table_and_records_nothing(service: Service, counted: Patient) -> None:
    page = Visitor(service, "monitor").page(f"/ward/patients/{counted.patient_id}")
    assert len(rows(page)) == 1
    assert [text_of(button) for _, button in page.buttons() if "given out" in text_of(button)] == []


def test_the_log_on_paper_has_every_count_that_stands_and_who_recorded_it(visitor: Visitor, counted: Patient) -> None:
    wrong = counted.record("drug_lost", on="2024-01-08", units={"50": 7})["fact"]["fact_id"]
    counted.record("voided", voids=wrong, reason="Of another patient")
    counted.record("drug_lost", on="2024-01-08", units={"50": 2})
    counted.record("drug_returned", on="2024-01-12", units={"50": 24}, lost={"50": 4}, kit="A-1")
    page = visitor.page(f"/ward/patients/{counted.patient_id}/accountability")
    log = [row for row in page.root.iter("tr") if "data-fact" in row.attrib]
    assert [[text_of(cell) for cell in row] for row in log] == [
        ["5 Jan 2024", "A-1", "60 × 50", "", "", "nurse", ""],
        ["8 Jan 2024", "", "", "", "2 × 50", "nurse", ""],
        ["12 Jan 2024", "A-1", "", "24 × 50", "4 × 50", "nurse", ""],
    ]
    # 60 − 24 − 6 = 30 capsules are 1500 mg, as five days of 300 mg.
    assert rows(page)[0][2:8] == ["60 × 50", "24 × 50", "6 × 50", "–", "1500 mg", "1500 mg"]
    chinese = visitor.page(f"/ward/patients/{counted.patient_id}/accountability?language=zh-CN")
    assert "药物清点" in chinese.text
