"""Visits counted anew from each of several responses (rules, section 2).

A confirming scan 4 weeks after each PR or CR: of 2024-02-14 on 03-13, of 03-27 on 04-24, of 05-08 on 06-05.
"""

from __future__ import annotations

from typing import Any

import pytest

from scheduler_api.engine.errors import ValidationFailed
from scheduler_api.engine.protocol_file.parse import read_protocol

from .patients import Patient, patient_with, protocol, protocol_data, series

EACH = {"response": ["PR", "CR"], "of": "imaging", "each": True}
IMAGING = series("imaging", every={"weeks": 6})
CONFIRMATION = series("confirmation", EACH, first={"weeks": 4})


def refusal(*visits: dict[str, Any]) -> str:
    """Return what is said of series that cannot be in a protocol."""
    with pytest.raises(ValidationFailed) as refused:
        read_protocol(protocol_data(IMAGING, *visits))
    return " ".join(f"{one.pointer}: {one.detail}" for one in refused.value.errors)


def test_each_response_has_a_visit_of_its_own() -> None:
    patient = patient_with(IMAGING, CONFIRMATION)
    assert patient.targets("confirmation") == {}
    patient.scan("2024-02-14", response="PR")
    assert patient.targets("confirmation") == {"confirmation": "2024-03-13"}
    patient.scan("2024-03-27", response="SD")
    patient.scan("2024-05-08", response="CR")
    assert patient.targets("confirmation") == {"confirmation": "2024-03-13", "confirmation-2": "2024-06-05"}
    seen = patient.on("2024-05-20")
    assert seen.visits["confirmation-2"]["because"] == "response CR 2024-05-08 + 4 weeks"
    assert (seen.status("confirmation"), seen.status("confirmation-2")) == ("overdue", "upcoming")
    # Its window opens, and the one before it was missed.
    assert patient.on("2024-05-29").status("confirmation") == "missed"


def test_what_was_done_on_one_day_is_one_response() -> None:
    patient = patient_with(IMAGING, CONFIRMATION)
    patient.scan("2024-02-14", response="PR")
    patient.record("visit_done", series="imaging", done_on="2024-02-14", response="CR", part=True)
    assert patient.targets("confirmation") == {"confirmation": "2024-03-13"}
    patient.record("visit_done", series="imaging", done_on="2024-02-16", response="CR", part=True)
    assert patient.targets("confirmation") == {"confirmation": "2024-03-13", "confirmation-2": "2024-03-15"}


def test_visits_of_two_responses_may_fall_together_and_each_is_done_by_itself() -> None:
    patient = patient_with(IMAGING, series("check", EACH, every={"weeks": 4}, count=2, window=(2, 2)))
    patient.scan("2024-02-14", response="PR")
    patient.scan("2024-03-13", response="PR")
    assert patient.targets("check") == {
        **{"check-w4": "2024-03-13", "check-w8": "2024-04-10"},
        **{"check-2-w4": "2024-04-10", "check-2-w8": "2024-05-08"},
    }
    patient.record("visit_done", series="check", done_on="2024-04-11")
    seen = patient.on("2024-04-12")
    assert [seen.status(name) for name in ("check-w4", "check-w8", "check-2-w4")] == ["missed", "done", "open"]
    patient.record("visit_done", series="check", done_on="2024-04-12")
    assert patient.on("2024-04-12").status("check-2-w4") == "done"


def test_the_end_of_a_series_ends_the_visits_of_all_responses() -> None:
    patient = patient_with(IMAGING, series("check", EACH, every={"weeks": 4}, until=["progression"], window=(2, 2)))
    patient.scan("2024-02-14", response="PR")
    patient.scan("2024-03-27", response="PR")
    patient.scan("2024-05-08", response="PD")
    assert [*patient.targets("check")] == ["check-w4", "check-w8", "check-2-w4", "check-w12"]
    assert patient.on("2024-05-08").status("check-w12") == "not_required"


def test_later_responses_move_up_when_an_earlier_one_is_corrected_and_what_was_booked_stays() -> None:
    patient = patient_with(IMAGING, CONFIRMATION)
    first = patient.scan("2024-02-14", response="PR")
    patient.scan("2024-05-08", response="PR")
    patient.record("visit_booked", visit="confirmation-2", booked_on="2024-06-04")
    assert patient.on("2024-05-20").status("confirmation-2") == "upcoming"
    patient.correct(first, "visit_done", series="imaging", done_on="2024-02-14", response="SD")
    seen = patient.on("2024-05-20")
    assert seen.window("confirmation") == ("2024-05-29", "2024-06-05", "2024-06-12")
    row = seen.visits["confirmation-2"]
    assert (row["status"], row["booked_on"], row["target_on"]) == ("not_required", "2024-06-04", None)
    assert row["label"] == "confirmation 4"
    # A response that arrives late takes its place by its day: the booking has its visit again.
    patient.scan("2024-03-27", response="CR")
    assert patient.targets("confirmation") == {"confirmation": "2024-04-24", "confirmation-2": "2024-06-05"}
    assert patient.on("2024-05-20").status("confirmation-2") == "upcoming"


def test_what_names_the_visit_of_a_response_that_there_is_not_belongs_to_none() -> None:
    patient = patient_with(IMAGING, CONFIRMATION)
    patient.scan("2024-02-14", response="PR")
    patient.record("visit_done", series="confirmation", visit="confirmation-2", done_on="2024-03-13")
    assert patient.on("2024-03-20").status("confirmation") == "open"
    late = patient.scan("2024-05-08", response="PR")
    # It was done before that response: it cannot have confirmed it.
    assert patient.on("2024-05-20").status("confirmation-2") == "upcoming"
    patient.correct(late, "visit_done", series="imaging", done_on="2024-03-13", response="PR")
    seen = patient.on("2024-05-20")
    assert (seen.status("confirmation-2"), seen.visits["confirmation-2"]["days_off"]) == ("done", -21)


@pytest.mark.parametrize("part", [False, True])
def test_a_scan_that_confirmed_what_was_corrected_away_confirms_no_later_response(part: bool) -> None:
    patient = patient_with(IMAGING, CONFIRMATION)
    first = patient.scan("2024-02-14", response="PR")
    patient.scan("2024-05-08", response="PR")
    done = {"series": "confirmation", "visit": "confirmation", "done_on": "2024-03-13", "part": part}
    fact = patient.record("visit_done", **done)
    assert patient.on("2024-05-20").status("confirmation") == "done"
    patient.correct(first, "visit_done", series="imaging", done_on="2024-02-14", response="SD")
    seen = patient.on("2024-05-20")
    assert (seen.targets("confirmation"), seen.status("confirmation")) == ({"confirmation": "2024-06-05"}, "upcoming")
    assert [row["fact_id"] for row in seen["unscheduled"]] == [fact]


def test_others_may_be_counted_from_the_visit_of_a_later_response() -> None:
    call = series("call", {"visit": "confirmation-2"}, first={"days": 3}, window=(0, 4))
    patient = patient_with(IMAGING, CONFIRMATION, call)
    patient.scan("2024-02-14", response="PR")
    assert patient.targets("call") == {}
    patient.scan("2024-05-08", response="PR")
    assert patient.targets("call") == {"call": "2024-06-08"}


def test_an_amendment_to_each_response_keeps_the_visits_of_the_first() -> None:
    first_only = series("confirmation", {"response": ["PR", "CR"], "of": "imaging"}, first={"weeks": 4})
    patient = Patient.treated(protocol(IMAGING, first_only), protocol(IMAGING, CONFIRMATION, version=2))
    patient.scan("2024-02-14", response="PR")
    patient.scan("2024-03-27", response="PR")
    assert patient.targets("confirmation") == {"confirmation": "2024-03-13"}
    patient.record("protocol_amended", version=2, from_on="2024-04-01")
    assert patient.targets("confirmation") == {"confirmation": "2024-03-13", "confirmation-2": "2024-04-24"}


def test_no_series_is_counted_from_its_own_responses() -> None:
    of_itself = series("scan", {**EACH, "of": "scan"}, first={"weeks": 4}, responses="RECIST 1.1")
    assert "The anchors of the series scan form a circle." in refusal(of_itself)
    scan = series("scan", {**EACH, "of": "rescan"}, first={"weeks": 4}, responses="RECIST 1.1")
    rescan = series("rescan", {"visit": "scan-2"}, first={"weeks": 4}, responses="RECIST 1.1")
    assert "form a circle" in refusal(scan, rescan)


def test_parts_of_a_series_have_one_window() -> None:
    later = series("confirmation", EACH, first={"weeks": 12}, window=(3, 3))
    assert "/visits/2/window: Entries of the series confirmation" in refusal(CONFIRMATION, later)
    read_protocol(protocol_data(IMAGING, CONFIRMATION, {**later, "window": CONFIRMATION["window"]}))


def test_no_other_series_is_called_like_a_visit_of_a_later_response() -> None:
    other = series("confirmation-2", first={"weeks": 4})
    assert "confirmation-2 would name a series, and the visits of confirmation that" in refusal(CONFIRMATION, other)
    read_protocol(protocol_data(IMAGING, CONFIRMATION, {**other, "series": "confirmation-1"}))
    patient = Patient.treated(protocol(IMAGING, other), protocol(IMAGING, CONFIRMATION, version=2))
    with pytest.raises(ValidationFailed, match="confirmation-2 would name a series and a visit of confirmation"):
        patient.record("protocol_amended", version=2, from_on="2024-04-01")
