"""What is measured is a service like any other, asked as clients ask it, or the figures mean nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from databases import Databases
from service import end

from bench import calendars, clients, crowd, measure, reading, report, sites
from bench.people import THREE_SERIES, TWO_ARMS, half_a_year, two_years
from bench.product import maintenance
from bench.service import Service


@pytest.fixture
def briefly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each side of a ratio is called once or a few times, and there are few patients."""
    for module, name, value in (
        (measure, "PAIRS", 2),
        (measure, "SIDE", 0),
        (crowd, "PATIENTS", 30),
        (sites, "MANY", sites.FEW + 1),
        (sites, "DESK", 20),
    ):
        monkeypatch.setattr(module, name, value)


def test_a_database_that_is_measured_is_well(databases: Databases) -> None:
    service = Service(databases.new())
    people = {"p-1": two_years(), "p-2": half_a_year(service.now.date()), "p-3": crowd.patient(7)}
    service.enrol(people)
    assert list(maintenance.verify(service.store)) == []
    recorded = service.get("/v1/patients/p-1/facts?limit=200").json()["items"]
    assert [fact["kind"] for fact in recorded] == [fact.kind for fact in people["p-1"][:200]]
    end(service.app)


def test_the_other_trials_have_more_series_and_drugs(tmp_path: Path) -> None:
    service = clients.prepared(tmp_path / "others.db")
    series, doses = [], []
    for patient_id in (clients.LONG, *clients.OTHERS):
        visits = service.get(f"/v1/visits?patient={patient_id}&limit=200").json()["items"]
        series.append({visit["series"] for visit in visits})
        day = service.get(f"/v1/patients/{patient_id}/calendar").json()["doses"][0]["dose_on"]
        doses.append(len(service.get(f"/v1/patients/{patient_id}/calendar?from={day}&to={day}").json()["doses"]))
    assert series == [{"imaging"}, {"imaging", "clinic"}, {"imaging", "clinic", "laboratory"}]
    assert doses == [1, 1, 3]
    assert [two_years(protocol=one)[0].data["protocol"] for one in (THREE_SERIES, TWO_ARMS)] == [THREE_SERIES, TWO_ARMS]


@pytest.mark.parametrize("part", [calendars, clients, crowd, sites], ids=lambda part: part.__name__)
@pytest.mark.usefixtures("briefly")
def test_everything_is_answered_as_expected(part: Any, tmp_path: Path) -> None:
    figures = part.figures(tmp_path)
    assert all(figure.value > 0 for figure in figures)


def test_a_request_runs_several_functions_of_several_files(tmp_path: Path) -> None:
    found = list(reading.counts(tmp_path))
    assert len(found) == len(reading.CASES)
    assert all(1 < files <= functions for files, functions in found)


def test_a_figure_beyond_its_limit_is_missed() -> None:
    missed = [
        measure.Figure("", "", "", value, limit, least=least).missed
        for value, limit, least in ((2, 2, None), (2.1, 2, None), (9, None, None), (5, None, 5), (4.9, None, 5))
    ]
    assert missed == [False, True, False, False, True]


def test_a_section_of_the_report_is_replaced_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "page.md"
    page.write_text("# Page\n\n## One\n\nold\n\n## Two\n\nkept\n")
    monkeypatch.setattr(report, "REPORT", page)
    report.replace_section("One", "new \\1")
    assert page.read_text() == "# Page\n\n## One\n\nnew \\1\n\n## Two\n\nkept\n"
    report.replace_section("Two", "last")
    assert page.read_text().endswith("\n\n## Two\n\nlast\n")
    with pytest.raises(ValueError, match="no section Three"):
        report.replace_section("Three", "")
