"""A fact of every kind that would be recorded; tests change one thing in it."""

from __future__ import annotations

from typing import Any

NEW_FACT: dict[str, dict[str, Any]] = {
    "site_transferred": {"site": "BERLIN", "from_on": "2024-03-01"},
    "treatment_started": {"first_dose_on": "2024-01-05"},
    "dose_recorded": {"dose_on": "2024-01-05", "status": "taken"},
    "hold_started": {"from_on": "2024-02-01"},
    "hold_ended": {"resumes_on": "2024-02-08"},
    "dose_changed": {"from_on": "2024-02-01", "amount": 250},
    "visit_booked": {"visit": "imaging-w6", "booked_on": "2024-02-14"},
    "visit_done": {"series": "imaging", "done_on": "2024-02-14"},
    "progressed": {"progressed_on": "2024-02-14", "basis": "clinical"},
    "new_therapy_started": {"started_on": "2024-02-14"},
    "treatment_ended": {"last_dose_on": None, "decided_on": "2024-02-14", "reason": "other"},
    "study_ended": {"ended_on": "2024-02-14", "reason": "completed"},
    "fertility_changed": {"fertility": "not_fertile", "basis": "sterilisation", "from_on": "2024-02-14"},
    "pregnancy_reported": {"reported_on": "2024-02-14", "of": "patient"},
    "pregnancy_closed": {"closed_on": "2024-02-14", "outcome": "unknown"},
    "protocol_amended": {"version": 1, "from_on": "2024-02-14"},
    "time_zone_changed": {"time_zone": "Europe/Berlin"},
    "voided": {"voids": "f-none", "reason": "never happened"},
}
OPTIONAL = {("fertility_changed", "basis")}
