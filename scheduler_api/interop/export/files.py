"""Write the tables of an export: as a zip of CSV files, or as one workbook. Rows go to the disk as they come."""

from __future__ import annotations

import csv
import io
from contextlib import ExitStack
from tempfile import TemporaryFile
from typing import IO
from zipfile import ZIP_DEFLATED, ZipFile

from scheduler_api.interop.archives import add_to
from scheduler_api.interop.cells import MARK, csv_cell
from scheduler_api.interop.workbooks import Heading, Workbook
from scheduler_api.use_cases.patients.exports import Export

from .tables import DICTIONARY, DICTIONARY_COLUMNS, TABLES, dictionary


def write_csv(export: Export, file: IO[bytes]) -> int:
    """Write an export as a zip with a CSV file for each table and the dictionary; return how many patients it has."""
    count = 0
    with ExitStack() as temporary, ZipFile(file, "w", ZIP_DEFLATED) as archive:
        texts = [temporary.enter_context(TemporaryFile("w+", encoding="utf-8", newline="")) for _ in TABLES]
        writers = [csv.writer(text) for text in texts]
        for table, writer in zip(TABLES, writers, strict=True):
            writer.writerow(column.name for column in table.header)
        for count, patient in enumerate(export.patients, 1):  # noqa: B007
            for table, writer in zip(TABLES, writers, strict=True):
                writer.writerows(map(csv_cell, values) for values in table.values(patient))
        first: IO[str] = io.StringIO()
        csv.writer(first).writerows([DICTIONARY_COLUMNS, *dictionary()])
        files = [(DICTIONARY, first), *zip((table.name for table in TABLES), texts, strict=True)]
        for name, text in files:
            text.seek(0)
            add_to(archive, f"{name}.csv", export.as_of, MARK, text)
    return count


def write_workbook(export: Export, file: IO[bytes]) -> int:
    """Write an export as a workbook: the dictionary, then a sheet for each table; return how many patients it has."""
    count = 0
    with Workbook(file) as workbook:
        first = workbook.sheet(DICTIONARY, [Heading(name, "text") for name in DICTIONARY_COLUMNS])
        for row in dictionary():
            first.add(row)
        headings = ([Heading(column.name, column.kind) for column in table.header] for table in TABLES)
        sheets = [workbook.sheet(table.name, of) for table, of in zip(TABLES, headings, strict=True)]
        for count, patient in enumerate(export.patients, 1):  # noqa: B007
            for table, sheet in zip(TABLES, sheets, strict=True):
                for values in table.values(patient):
                    sheet.add(values)
    return count
