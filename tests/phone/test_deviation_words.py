"""What was planned and what was done instead is said to a patient in words of the patient's language."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from engine.patients import Patient as Treated
from engine.patients import protocol
from service import Patient

from scheduler_api import i18n
from scheduler_api.engine.reason import Reason
from scheduler_api.engine.views.calendar import calendar

from .phones import Phone

#: By kind: what was planned and what was done, in both languages.
WORDS = {
    "dose_before_start": {
        "en": ("first dose 2024-01-05", "300 mg"),
        "zh-CN": ("首次服药 2024-01-05", "300 mg"),
    },
    "dose_missed": {"en": ("300 mg", "missed"), "zh-CN": ("300 mg", "漏服")},
    "dose_amount": {"en": ("300 mg", "200 mg"), "zh-CN": ("300 mg", "200 mg")},
    "dose_while_held": {"en": ("held", "300 mg"), "zh-CN": ("暂停用药", "300 mg")},
    "dose_after_end": {
        "en": ("last day of treatment 2024-01-20", "300 mg"),
        "zh-CN": ("治疗最后一天 2024-01-20", "300 mg"),
    },
}


@pytest.fixture
def deviating(patient: Patient) -> Patient:
    """A patient whose days went otherwise than planned in every way that the built-in protocol knows."""
    for day in ("04", "13", "22"):
        patient.record("dose_recorded", dose_on=f"2024-01-{day}", status="taken", amount=300)
    patient.record("dose_recorded", dose_on="2024-01-08", status="missed")
    patient.record("dose_recorded", dose_on="2024-01-10", status="taken", amount=200)
    patient.record("hold_started", from_on="2024-01-12")
    patient.record("hold_ended", resumes_on="2024-01-15")
    patient.record("treatment_ended", last_dose_on="2024-01-20", decided_on="2024-01-20", reason="intolerance")
    return patient


def said(deviations: list[dict[str, Any]]) -> dict[str, tuple[str, str]]:
    """What was planned and what was done, by kind."""
    found = {row["kind"]: (row["planned"], row["actual"]) for row in deviations}
    assert len(found) == len(deviations)
    return found


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_the_calendar_of_a_phone(deviating: Patient, phone: Phone, language: str) -> None:
    document = phone.read("calendar", language, from_="2024-01-03", to="2024-01-31")
    assert said(document["deviations"]) == {kind: words[language] for kind, words in WORDS.items()}


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_staff_read_them_in_their_language_as_json_and_as_csv(deviating: Patient, language: str) -> None:
    headers = {"Accept-Language": language}
    expected = {kind: words[language] for kind, words in WORDS.items()}
    through = {"to": "2024-01-31"}
    assert said(deviating.get("deviations", headers, **through).json["items"]) == expected
    table = deviating.get("deviations", {**headers, "Accept": "text/csv; bom=false"}, **through)
    names, *rows = table.text.splitlines()
    assert said([dict(zip(names.split(","), row.split(","), strict=True)) for row in rows]) == expected


def test_a_day_of_rest() -> None:
    patient = Treated.treated(protocol(days=list(range(1, 15))))
    patient.take("2024-01-20")
    days = date(2024, 2, 1), date(2024, 1, 3), date(2024, 1, 31)
    (row,) = calendar(patient.versions, patient.history, *days)["deviations"]
    assert row["planned"] == Reason("rest_day")
    assert [i18n.word(row["planned"], language) for language in ("en", "zh-CN")] == ["rest", "停药日"]
