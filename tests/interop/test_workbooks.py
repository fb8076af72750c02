"""Workbooks: a table that is too long for a sheet, and what becomes of a failure."""

from __future__ import annotations

import io
from pathlib import Path

import openpyxl
import pytest

from scheduler_api.interop import workbooks
from scheduler_api.interop.workbooks import Heading, Workbook

HEADINGS = [Heading("day", "partial date"), Heading("status", "text"), Heading("amount", "number")]


def test_a_table_that_fills_a_sheet_goes_on_in_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbooks, "MOST_ROWS", 3)
    file = io.BytesIO()
    with Workbook(file) as book:
        doses, other = book.sheet("doses", HEADINGS), book.sheet("other", HEADINGS)
        for number in range(5):
            doses.add([f"2024-0{number + 1}", "taken", number])
        other.add([None, "due", None])
    read = openpyxl.load_workbook(file)
    assert read.sheetnames == ["doses", "other", "doses 2", "doses 3"]
    header = ("day", "status", "amount")
    assert [*read["doses"].values] == [header, ("2024-01", "taken", 0), ("2024-02", "taken", 1)]
    assert [*read["doses 2"].values] == [header, ("2024-03", "taken", 2), ("2024-04", "taken", 3)]
    assert [*read["doses 3"].values] == [header, ("2024-05", "taken", 4)]
    assert {sheet.auto_filter.ref for sheet in read} == {"A1:C3", "A1:C2"}


def test_a_text_is_a_text_whatever_it_looks_like() -> None:
    file = io.BytesIO()
    with Workbook(file) as book:
        sheet = book.sheet("texts", [Heading("text", "text")])
        for text in ("=1+1", "http://example.org", "007", "@cmd", "暂停"):
            sheet.add([text])
    found = openpyxl.load_workbook(file)["texts"]
    assert [row[0].value for row in found.iter_rows(min_row=2)] == ["=1+1", "http://example.org", "007", "@cmd", "暂停"]
    assert {row[0].data_type for row in found.iter_rows(min_row=2)} == {"s"}
    assert not [row[0] for row in found.iter_rows() if row[0].hyperlink]


def test_of_a_workbook_that_fails_nothing_is_left(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    file = io.BytesIO()
    with pytest.raises(ValueError, match="cannot go on"):
        _fail(file, tmp_path)
    assert [*tmp_path.iterdir()] == []
    assert file.getvalue() == b""


def _fail(file: io.BytesIO, folder: Path) -> None:
    with Workbook(file) as book:
        book.sheet("doses", HEADINGS).add(["2024-01-05", "taken", 300])
        assert [*folder.iterdir()] != []
        raise ValueError("cannot go on")
