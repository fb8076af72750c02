"""The domain EX: one record for consecutive days on which the same dose was taken, and for each dose at the site."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from scheduler_api.engine.doses.dose_runs import dose_runs
from scheduler_api.use_cases.patients.exports import Export, ExportedPatient

from .domains import EPOCH, Domain, Record, Variable, dtc, dy, epoch, identifiers


def _records(export: Export, patient: ExportedPatient) -> Iterator[Record]:
    history, plan = patient.history, patient.schedule.treatment_plan
    rows = patient.schedule.doses(patient.today, date.min + timedelta(1), patient.today)
    for run in dose_runs((row for row in rows if row["status"] == "taken"), history):
        first, last = run["from_on"], run["through_on"]
        regimen = plan.regimen(run["regimen"])
        assert regimen is not None, "a dose has a regimen"
        of_plan = regimen.regimen_on(first)
        yield {
            "EXTRT": of_plan.drug.upper(),
            # Of a dose at the site that belongs to no visit, nobody may have said how much was given.
            "EXDOSE": None if run["taken_amount"] is None else float(run["taken_amount"]),
            "EXDOSU": run["unit"],
            # Each intake of a day has records of its own.
            "EXDOSFRQ": "QD" if first < last else "ONCE",
            "EXROUTE": of_plan.route.upper(),
            "EPOCH": epoch(history, first),
            "EXSTDTC": dtc(first),
            "EXENDTC": dtc(last),
            "EXSTDY": dy(history, first),
            "EXENDY": dy(history, last),
        }


EX = Domain(
    "EX",
    "Exposure",
    (
        *identifiers("EX"),
        Variable("EXTRT", "Name of Treatment"),
        Variable("EXDOSE", "Dose", "double"),
        Variable("EXDOSU", "Dose Units"),
        Variable("EXDOSFRM", "Dose Form"),
        Variable("EXDOSFRQ", "Dosing Frequency per Interval"),
        Variable("EXROUTE", "Route of Administration"),
        EPOCH,
        Variable("EXSTDTC", "Start Date/Time of Treatment"),
        Variable("EXENDTC", "End Date/Time of Treatment"),
        Variable("EXSTDY", "Study Day of Start of Treatment", "integer"),
        Variable("EXENDY", "Study Day of End of Treatment", "integer"),
    ),
    _records,
)
