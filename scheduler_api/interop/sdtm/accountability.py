"""The domain DA: what was counted of a drug that the patient takes home, one record for each strength."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from scheduler_api.engine.treatment.capsules import exact, with_unit
from scheduler_api.use_cases.patients.exports import Export, ExportedPatient

from .domains import EPOCH, Domain, Record, Variable, dtc, dy, epoch, identifiers


class _Test(NamedTuple):
    code: str
    name: str


#: CDISC's codelist has the first two, and may be extended.
_TESTS = {
    "dispensed": _Test("DISPAMT", "Dispensed Amount"),
    "returned": _Test("RETAMT", "Returned Amount"),
    "lost": _Test("LOSTAMT", "Lost Amount"),
}


def _records(export: Export, patient: ExportedPatient) -> Iterator[Record]:
    history, plan = patient.history, patient.schedule.treatment_plan
    for count in history.drug_counts:
        regimen = plan.regimen(count.regimen)
        if regimen is None:
            continue
        of_plan, test = regimen.regimen_on(count.on), _TESTS[count.what]
        for strength, pieces in sorted(count.units.items(), key=lambda of: float(of[0]), reverse=True):
            amount = float(exact(float(strength)) * pieces)
            yield {
                "DAREFID": count.kit,
                "DASPID": count.fact_id,
                "DATESTCD": test.code,
                "DATEST": test.name,
                "DACAT": "STUDY MEDICATION",
                "DASCAT": f"{of_plan.drug.upper()} {with_unit(float(strength), of_plan.unit)}",
                # Pieces were counted, and nobody says whether they are capsules or tablets; their amount is standard.
                "DAORRES": str(pieces),
                "DASTRESC": f"{amount:.10g}",
                "DASTRESN": amount,
                "DASTRESU": of_plan.unit,
                "EPOCH": epoch(history, count.on),
                "DADTC": dtc(count.on),
                "DADY": dy(history, count.on),
            }


DA = Domain(
    "DA",
    "Product Accountability",
    (
        *identifiers("DA"),
        Variable("DAREFID", "Reference ID"),
        Variable("DASPID", "Sponsor-Defined Identifier"),
        Variable("DATESTCD", "Short Name of Accountability Assessment"),
        Variable("DATEST", "Name of Accountability Assessment"),
        Variable("DACAT", "Category"),
        Variable("DASCAT", "Subcategory"),
        Variable("DAORRES", "Result or Finding in Original Units"),
        Variable("DAORRESU", "Original Units"),
        Variable("DASTRESC", "Result or Finding in Standard Format"),
        Variable("DASTRESN", "Numeric Result/Finding in Standard Units", "double"),
        Variable("DASTRESU", "Standard Units"),
        Variable("VISITNUM", "Visit Number", "double"),
        EPOCH,
        Variable("DADTC", "Date/Time of Accountability Assessment"),
        Variable("DADY", "Study Day of Accountability Assessment", "integer"),
    ),
    _records,
)
