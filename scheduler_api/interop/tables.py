"""Read tables as spreadsheet programs write them: CSV in the usual encodings, and Excel workbooks."""

from __future__ import annotations

import csv
import io
import re
import warnings
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Any
from zipfile import BadZipFile

#: How a file begins: a workbook of today's Excel, and an older or a protected one.
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
#: What of a number format is no placeholder: quoted text, escaped characters, colours and locales.
_LITERAL = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]')
#: The dates among the number formats that Excel in China has beside those that it has everywhere, by their number.
_CHINESE_DATES = {
    **dict.fromkeys((27, 36, 50, 52, 57), "yyyym"),
    **dict.fromkeys((28, 29, 51, 53, 54, 58), "md"),
    **{30: "mdyy", 31: "yyyymd"},
}


class Unreadable(ValueError):
    """A file that is no table that can be read. The message says what it is instead."""


def read_table(content: bytes, sheet: str | None = None) -> Iterator[list[str]]:
    """Yield the rows of a table, the first included, each as the texts of its cells without surrounding spaces.

    `content` is an Excel workbook (.xlsx), of which `sheet` is read (by default the only one that is not empty), or CSV
    in UTF-8 (with or without a byte order mark) or GB18030, its cells separated by commas or, if the first row has more
    of those, by semicolons. Dates are written 2026-10-01, or 2026-10 where a workbook shows no day; times 09:30; truth
    values `true` and `false`. Raises Unreadable.
    """
    if content.startswith(_OLE):
        raise Unreadable("an old or a protected Excel file: save it as .xlsx, without a password.")
    if content.startswith(_ZIP):
        yield from _sheet(content, sheet)
    elif sheet is not None:
        raise Unreadable("CSV, which has no sheets.")
    else:
        yield from _csv(content)


def _csv(content: bytes) -> Iterator[list[str]]:
    text = _decoded(content)
    head = text.partition("\n")[0]
    delimiter = ";" if head.count(";") > head.count(",") else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    number = 0
    while True:
        number += 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise Unreadable(f"no CSV in row {number}: {error}.") from None
        if cells is None:
            return
        yield [cell.strip() for cell in cells]


def _decoded(content: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Unreadable("neither an Excel workbook nor CSV in UTF-8 or GB18030.")


def _sheet(content: bytes, name: str | None) -> Iterator[list[str]]:
    import openpyxl
    from openpyxl.utils.exceptions import InvalidFileException

    with warnings.catch_warnings():
        # It warns of what it leaves out, such as styles: nothing that is data.
        warnings.filterwarnings("ignore", module="openpyxl")
        try:
            book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
            sheets = {sheet.title: sheet for sheet in book.worksheets}
            # What a workbook says of the size of its sheets may be wrong.
            for sheet in sheets.values():
                sheet.reset_dimensions()
            chosen = sheets[_chosen(sheets, name)]
            rows = [[_text(cell, book.epoch) for cell in row] for row in chosen.iter_rows()]
        except (BadZipFile, InvalidFileException, KeyError, OSError, SyntaxError) as error:
            raise Unreadable(f"no Excel workbook that can be read: {error}.") from None
    yield from rows


def _chosen(sheets: dict[str, Any], name: str | None) -> str:
    """Return the name of the sheet to read. Raises Unreadable if it is not clear, or not there."""
    if name is None:
        filled = [title for title, sheet in sheets.items() if _has_values(sheet)]
        if len(filled) > 1:
            raise Unreadable(f"a workbook with several sheets ({', '.join(filled)}): say which is meant.")
        return filled[0] if filled else next(iter(sheets))
    if name not in sheets:
        raise Unreadable(f"a workbook without the sheet {name}; it has {', '.join(sheets)}.")
    return name


def _has_values(sheet: Any) -> bool:
    return any(value is not None for row in sheet.iter_rows(values_only=True) for value in row)


def _text(cell: Any, epoch: datetime) -> str:
    """Return the value of a cell as text, as it is shown where that says less than the value."""
    from openpyxl.utils.datetime import from_excel

    value, shown = cell.value, _LITERAL.sub("", cell.number_format or "").lower()
    if type(value) in (int, float) and (chinese := _CHINESE_DATES.get(cell.style_array.numFmtId)) is not None:
        value, shown = from_excel(value, epoch), chinese
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case datetime() | date():
            return _date(value, shown)
        case time():
            return value.isoformat("seconds" if value.second else "minutes")
        case int() if re.fullmatch("0+", shown):
            # Such as 007.
            return f"{value:0{len(shown)}d}"
        case int() | float():
            return f"{value:.15g}"
        case _:
            return str(value).strip()


def _date(value: date, shown: str) -> str:
    """Return a date as it is shown: where somebody typed only a month, its first day is not what was said."""
    if isinstance(value, datetime):
        if value.time() != time():
            return value.isoformat()
        value = value.date()
    if "d" in shown or "h" in shown or not re.search("[my]", shown):
        return value.isoformat()
    return f"{value:%Y-%m}" if "m" in shown else f"{value:%Y}"
