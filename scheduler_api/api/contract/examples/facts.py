"""An example of each kind of fact."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .example import TREATED, Example, fact_id


def _fact(kind: str, summary: str, *after: str, **data: Any) -> Example:
    return Example("record_fact", summary, {"kind": kind, **data}, after=after or TREATED)


_COMBINATION = ("combination", "in_an_arm")

FACTS: Mapping[str, Example] = {
    "dose_recorded": _fact("dose_recorded", "A dose was taken", dose_on="2024-02-20", status="taken", amount=300),
    "registered": _fact(
        "registered",
        "The registration was wrong: it is corrected",
        **{"replaces": fact_id(1), "reason": "Wrong sex on the form", "subject_number": "001", "site": "FUSCC"},
        **{"protocol": {"id": "nct06110650", "version": 1}, "sex": "male", "time_zone": "Asia/Shanghai"},
    ),
    "enrolled": _fact(
        "enrolled",
        "A patient who was screened is enrolled",
        "registered_for_screening",
        enrolled_on="2024-02-20",
        planned_first_dose_on="2024-02-22",
    ),
    "site_transferred": _fact(
        "site_transferred",
        "Another site has the patient",
        *("site_added", *TREATED),
        **{"site": "SYSUCC", "from_on": "2024-03-01"},
    )._replace(by="coordinator"),
    "arm_assigned": _fact(
        "arm_assigned", "The patient changes to another arm", *_COMBINATION, arm="b", on="2024-02-20"
    ),
    "cohort_changed": _fact(
        "cohort_changed",
        "The patient belongs to a cohort",
        *_COMBINATION,
        **{"cohort": "hbv", "member": True, "from_on": "2024-02-20"},
    ),
    "milestone_reached": _fact(
        "milestone_reached", "A milestone of the protocol", *_COMBINATION, milestone="surgery", on="2024-02-19"
    ),
    "treatment_started": _fact(
        "treatment_started", "The first dose", "registered_and_enrolled", first_dose_on="2024-01-05"
    )._replace(at="2024-01-05T12:00:00+08:00"),
    "hold_started": _fact("hold_started", "Doses are held", from_on="2024-02-20", reason="Proteinuria"),
    "hold_ended": _fact("hold_ended", "Doses go on", *TREATED, "hold_started", resumes_on="2024-02-27"),
    "dose_changed": _fact(
        "dose_changed", "A lower dose from a day on", from_on="2024-02-21", amount=250, reason="Hand-foot syndrome"
    ),
    "regimen_ended": _fact(
        "regimen_ended",
        "One of several drugs ends",
        *_COMBINATION,
        **{"regimen": "capecitabine", "last_dose_on": "2024-02-19", "reason": "Diarrhoea"},
    ),
    "drug_dispensed": _fact(
        "drug_dispensed",
        "A bottle was given out",
        *TREATED,
        **{"on": "2024-02-19", "units": {"50": 126}, "kit": "A-1017"},
    ),
    "drug_returned": _fact(
        "drug_returned",
        "The bottle came back, and was counted",
        *(*TREATED, "drug_dispensed"),
        **{"on": "2024-02-20", "units": {"50": 118}, "lost": {"50": 2}, "kit": "A-1017"},
    ),
    "drug_lost": _fact(
        "drug_lost",
        "Two capsules fell into the sink",
        *(*TREATED, "drug_dispensed"),
        **{"on": "2024-02-20", "units": {"50": 2}, "kit": "A-1017"},
    ),
    "visit_booked": _fact(
        "visit_booked",
        "A scan is booked",
        **{"visit": "imaging-w6", "booked_on": "2024-02-21", "time": "09:30", "place": "Building 2"},
    ),
    "visit_done": _fact("visit_done", "A scan was done", series="imaging", done_on="2024-02-19", response="SD"),
    "progressed": _fact("progressed", "The disease progressed", progressed_on="2024-02-19", basis="clinical"),
    "new_therapy_started": _fact(
        "new_therapy_started", "Another therapy began; only the month is known", started_on="2024-02"
    ),
    "treatment_ended": _fact(
        "treatment_ended",
        "Treatment ended",
        **{"last_dose_on": "2024-02-19", "decided_on": "2024-02-20", "reason": "intolerance"},
    ),
    "study_ended": _fact("study_ended", "The patient left the study", ended_on="2024-02-20", reason="withdrawal"),
    "fertility_changed": _fact(
        "fertility_changed",
        "The patient can no longer become pregnant",
        **{"fertility": "not_fertile", "basis": "sterilisation", "from_on": "2024-02-14"},
    ),
    "pregnancy_reported": _fact(
        "pregnancy_reported", "A pregnancy was reported", reported_on="2024-02-20", of="patient"
    ),
    "pregnancy_closed": _fact(
        "pregnancy_closed",
        "It turned out that there was none",
        *TREATED,
        "pregnancy_reported",
        **{"closed_on": "2024-02-20", "outcome": "not_pregnant"},
    ),
    "protocol_amended": _fact(
        "protocol_amended",
        "A new version applies from a day on",
        *(*TREATED, "version_added", "approved"),
        version=2,
        from_on="2024-03-01",
    ),
    "time_zone_changed": _fact("time_zone_changed", "The patient lives elsewhere", time_zone="Europe/Berlin"),
    "voided": _fact("voided", "A fact was wrong: it is taken back", voids=fact_id(3), reason="Another patient's"),
}
