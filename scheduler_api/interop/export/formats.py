"""The formats in which an export can leave, by the name that a client asks with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import IO, NamedTuple

from scheduler_api.interop.sdtm.datasets import write_sdtm
from scheduler_api.interop.workbooks import XLSX
from scheduler_api.use_cases.patients.exports import Export

from .files import write_csv, write_workbook

ZIP = "application/zip"


class Format(NamedTuple):
    """A format: its type of content, how the name of a file ends, and what writes it and counts the patients."""

    content_type: str
    ending: str
    write: Callable[[Export, IO[bytes]], int]


FORMATS: Mapping[str, Format] = {
    "csv": Format(ZIP, "zip", write_csv),
    "xlsx": Format(XLSX, "xlsx", write_workbook),
    "sdtm": Format(ZIP, "sdtm.zip", write_sdtm),
}
