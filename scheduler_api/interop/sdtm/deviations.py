"""The domain DV: where the record of a patient differs from the plan."""

from __future__ import annotations

from collections.abc import Iterator

from scheduler_api.interop.cells import text_of
from scheduler_api.use_cases.patients.exports import Export, ExportedPatient

from .domains import EPOCH, Domain, Record, Variable, dtc, dy, epoch, identifiers


def _records(export: Export, patient: ExportedPatient) -> Iterator[Record]:
    history = patient.history
    for one in patient.deviations():
        kind = one["kind"].replace("_", " ")
        actual = text_of(one["actual"]) or "not done"
        of = one["visit"] or one["dose_id"] or "no visit"
        yield {
            "DVSPID": of,
            "DVTERM": f"{kind}: {of}, planned {text_of(one['planned'])}, actual {actual}",
            "DVDECOD": kind.upper(),
            "DVCAT": "DOSE" if one["dose_id"] else "VISIT",
            "EPOCH": epoch(history, one["on"]),
            "DVSTDTC": dtc(one["on"]),
            "DVSTDY": dy(history, one["on"]),
        }


DV = Domain(
    "DV",
    "Protocol Deviations",
    (
        *identifiers("DV"),
        Variable("DVSPID", "Sponsor-Defined Identifier"),
        Variable("DVTERM", "Protocol Deviation Term"),
        Variable("DVDECOD", "Protocol Deviation Coded Term"),
        Variable("DVCAT", "Category for Protocol Deviation"),
        EPOCH,
        Variable("DVSTDTC", "Start Date/Time of Deviation"),
        Variable("DVSTDY", "Study Day of Start of Deviation", "integer"),
    ),
    _records,
)
