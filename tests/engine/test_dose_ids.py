"""The names of doses (rules, section 4): by hand, and any of them read back."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler_api.engine.treatment.dose_ids import DoseId, parse_dose_id

from .patients import Patient, protocol

DAY = date(2024, 2, 20)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("2024-02-20", DoseId(DAY)),
        ("2024-02-20.surufatinib.1", DoseId(DAY, "surufatinib", 1)),
        # A drug's name may hold what separates the parts.
        ("2024-02-20.trifluridine/tipiracil 1.5.12", DoseId(DAY, "trifluridine/tipiracil 1.5", 12)),
        ("2024-02-20.呋喹替尼.2", DoseId(DAY, "呋喹替尼", 2)),
    ],
)
def test_a_name_is_a_day_a_regimen_and_a_slot(text: str, named: DoseId) -> None:
    assert parse_dose_id(text) == named
    assert str(named) == text


@pytest.mark.parametrize(
    "text",
    [
        *("", "today", "2024-02-30", "2024-02-20.", "2024-02-20.surufatinib", "2024-02-20.surufatinib."),
        *("2024-02-20..1", "2024-02-20.surufatinib.0", "2024-02-20.surufatinib.01", "2024-02-20.surufatinib.-1"),
        *("2024-02-20.surufatinib.100", "2024-02-20.surufatinib.١", "2024-02-20surufatinib.1", "2024-02-20 .a.1"),
    ],
)
def test_anything_else_is_no_name(text: str) -> None:
    with pytest.raises(ValueError, match=r"Not|not"):
        parse_dose_id(text)


days = st.dates(date(2000, 1, 1), date(2099, 12, 31))
regimens = st.from_regex(r"[^\n\r]{1,20}", fullmatch=True)


@given(days, regimens, st.integers(1, 99))
def test_every_name_is_read_back(day: date, regimen: str, slot: int) -> None:
    named = DoseId(day, regimen, slot)
    assert parse_dose_id(str(named)) == named


def test_a_protocol_has_the_doses_of_its_drug() -> None:
    plan = Patient(protocol(drug="surufatinib")).schedule().treatment_plan
    known = ["2024-02-20", "2024-02-20.surufatinib.1"]
    unknown = ["2024-02-20.surufatinib.2", "2024-02-20.Surufatinib.1", "2024-02-20.aspirin.1"]
    assert [plan.named(parse_dose_id(text)) is not None for text in known + unknown] == [True] * 2 + [False] * 3


def test_rows_have_the_names_drugs_and_pieces_of_their_days() -> None:
    """Largest first; none on held days, nor where the strengths cannot make the amount."""
    patient = Patient.treated(protocol(drug="surufatinib", strengths=[100, 50], levels=[250]))
    patient.record("dose_changed", from_on="2024-02-21", amount=250, reason="rash")
    patient.record("hold_started", from_on="2024-02-22", resumes_on="2024-02-23", reason="rash")
    rows = patient.on("2024-02-20", "2024-02-20", "2024-02-22")["doses"]
    assert [row["dose_id"] for row in rows] == [f"2024-02-{day}.surufatinib.1" for day in (20, 21, 22)]
    assert [row["drug"] for row in rows] == ["surufatinib"] * 3
    assert [row["pieces"] for row in rows] == [
        [{"strength": 100, "count": 3}],
        [{"strength": 100, "count": 2}, {"strength": 50, "count": 1}],
        [],
    ]
    assert Patient.treated(protocol(strengths=[70])).view("2024-02-20")["doses"][0]["pieces"] == []
