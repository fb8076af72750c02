"""Write tables as Excel workbooks: real dates, frozen headers, windows coloured by status; row by row to the disk."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from tempfile import TemporaryDirectory
from typing import IO, Any, NamedTuple

import xlsxwriter

from scheduler_api.i18n import ENGLISH

from .cells import text_of

#: The type of content of a workbook.
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
#: A sheet of Excel has so many rows at most.
MOST_ROWS = 1_048_576
#: Colours of what has a status: green is done, yellow is to do, red is late.
_COLOURS = {
    "done": "#C6EFCE",
    "taken": "#C6EFCE",
    "open": "#FFEB9C",
    "due": "#FFEB9C",
    "overdue": "#FFC7CE",
    "unrecorded": "#FFC7CE",
    "missed": "#FF9999",
    "upcoming": "#DDEBF7",
    "held": "#D9D9D9",
    "not_required": "#D9D9D9",
}
_COLOURED = ("status", "target_on", "opens_on", "closes_on")
_DATE = "yyyy-mm-dd"
_WIDTHS = {"date": 11, "partial date": 11, "number": 9, "boolean": 9, "instant": 33}
_WIDTH = 18


class Heading(NamedTuple):
    """A column of a sheet: its name, and the kind of its values (as of a column of an export)."""

    name: str
    kind: str


class Sheet:
    """A table of a workbook. When a sheet is full, it goes on in another."""

    def __init__(self, workbook: Workbook, name: str, headings: Sequence[Heading]) -> None:
        self._workbook, self._name, self._headings = workbook, name, headings
        names = [heading.name for heading in headings]
        self._status = names.index("status") if "status" in names else None
        self._sheets = 0
        self._begin()

    def add(self, values: Iterable[Any]) -> None:
        """Add a row."""
        if self._row == MOST_ROWS:
            self.end()
            self._begin()
        row = [*values]
        status = row[self._status] if self._status is not None else None
        for place, (heading, value) in enumerate(zip(self._headings, row, strict=True)):
            if value is not None:
                colour = _COLOURS.get(str(status)) if heading.name in _COLOURED else None
                self._write(place, heading.kind, value, colour)
        self._row += 1

    def end(self) -> None:
        """Give the sheet a filter over all its rows."""
        self._sheet.autofilter(0, 0, self._row - 1, len(self._headings) - 1)

    def _begin(self) -> None:
        self._sheets += 1
        name = self._name if self._sheets == 1 else f"{self._name} {self._sheets}"
        self._sheet = sheet = self._workbook.file.add_worksheet(name)
        sheet.freeze_panes(1, 0)
        for place, heading in enumerate(self._headings):
            sheet.set_column(place, place, max(_WIDTHS.get(heading.kind, _WIDTH), len(heading.name) + 3))
            sheet.write_string(0, place, heading.name, self._workbook.header)
        self._row = 1

    def _write(self, place: int, kind: str, value: Any, colour: str | None) -> None:
        if kind in ("date", "partial date"):
            text = text_of(value)
            if len(text) == len("2024-02-20"):
                style = self._workbook.format(_DATE, colour)
                self._sheet.write_datetime(self._row, place, date.fromisoformat(text), style)
                return
        style = self._workbook.format(None, colour) if colour is not None else None
        if isinstance(value, bool):
            self._sheet.write_boolean(self._row, place, value, style)
        elif isinstance(value, int | float):
            self._sheet.write_number(self._row, place, value, style)
        elif text := text_of(value, self._workbook.language):
            self._sheet.write_string(self._row, place, text, style)


class Workbook:
    """A workbook that is written to a file when its block ends, with words in a language.

    Rows go to a folder of its own at once, so that any number can be written; the folder is gone afterwards.
    """

    def __init__(self, file: IO[bytes], language: str = ENGLISH) -> None:
        self.language = language
        self._folder = TemporaryDirectory()
        self.file = xlsxwriter.Workbook(file, {"constant_memory": True, "tmpdir": self._folder.name})
        self.header = self.file.add_format({"bold": True, "bottom": 1})
        self._formats: dict[tuple[str | None, str | None], Any] = {}
        self._sheets: list[Sheet] = []

    def sheet(self, name: str, headings: Sequence[Heading]) -> Sheet:
        """Add a table with a name of at most 28 characters."""
        self._sheets.append(Sheet(self, name, headings))
        return self._sheets[-1]

    def format(self, number: str | None, colour: str | None) -> Any:
        """Return the format of cells with a format of numbers and a colour behind them (None: as usual)."""
        if (number, colour) not in self._formats:
            look = {"num_format": number, "bg_color": colour}
            self._formats[number, colour] = self.file.add_format({name: one for name, one in look.items() if one})
        return self._formats[number, colour]

    def __enter__(self) -> Workbook:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        with self._folder:
            if error is not None:
                for one in self.file.worksheets():
                    one.row_data_fh.close()
                return
            for sheet in self._sheets:
                sheet.end()
            self.file.close()
