"""What a fact moved. First dose 2024-01-05, the built-in protocol, seen on 2024-03-01, unless said otherwise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from scheduler_api.engine.consequences import consequences

from .patients import Patient, day, plain, protocol, series


def moved(
    patient: Patient, act: Callable[[], object] | None, today: str = "2024-03-01", through: str = "2024-06-30"
) -> dict[str, dict[str, Any]]:
    """What an act moved, by what; without an act, what the patient's whole record did."""
    before = patient.reckoning() if act else None
    if act:
        act()
    found = plain(consequences(before, patient.reckoning(), day(today), day(through)))
    assert all(entry["because"] for entry in found)
    return {entry["what"]: {"before": entry["before"], "after": entry["after"]} for entry in found}


def test_a_new_patient_has_everything_new() -> None:
    found = moved(Patient.treated(), None, through="2024-02-20")
    assert set(found) == {
        "phase",
        "treatment",
        "contraception",
        "cycle 1",
        "cycle 2",
        "cycle 3",
        "visit imaging-w6",
    }
    assert all(entry["before"] is None for entry in found.values())
    assert found["visit imaging-w6"]["after"]["target_on"] == "2024-02-14"


def test_a_fact_that_moves_nothing_has_no_consequences() -> None:
    patient = Patient.treated()
    patient.take("2024-02-20")
    # An earlier day than the last dose moves no date.
    assert moved(patient, lambda: patient.take("2024-02-10")) == {}


def test_a_hold_moves_no_visit_and_no_cycle() -> None:
    patient = Patient.treated()
    found = moved(patient, lambda: patient.record("hold_started", from_on="2024-02-25"))
    assert found == {"treatment": {"before": {"on_hold": False}, "after": {"on_hold": True}}}


def test_under_extend_a_hold_moves_cycles_and_their_visits() -> None:
    patient = Patient.treated(protocol(series("clinic", "cycle", on_day=1, window=(0, 0)), cycle_on_hold="extend"))

    def hold() -> None:
        patient.record("hold_started", from_on="2024-03-03", resumes_on="2024-03-05")

    # Cycle 3 runs from 02-16 to 03-07, cycle 4 from 03-08 to 03-28.
    assert moved(patient, hold, through="2024-03-15") == {
        "cycle 3": {"before": {"ends_on": "2024-03-07"}, "after": {"ends_on": "2024-03-09"}},
        "cycle 4": {
            "before": {"starts_on": "2024-03-08", "ends_on": "2024-03-28"},
            "after": {"starts_on": "2024-03-10", "ends_on": "2024-03-30"},
        },
        "visit clinic-c4d1": {
            "before": {"target_on": "2024-03-08", "opens_on": "2024-03-08", "closes_on": "2024-03-08"},
            "after": {"target_on": "2024-03-10", "opens_on": "2024-03-10", "closes_on": "2024-03-10"},
        },
    }


def test_a_scan_done_moves_the_status_of_its_visit() -> None:
    patient = Patient.treated()
    assert moved(patient, lambda: patient.scan("2024-02-24")) == {
        "visit imaging-w6": {
            "before": {"status": "overdue", "done_on": None, "days_off": None},
            "after": {"status": "done", "done_on": "2024-02-24", "days_off": 3},
        }
    }


def test_progression_ends_what_would_have_come() -> None:
    patient = Patient.treated()
    patient.scan("2024-02-14")
    found = moved(
        patient,
        lambda: patient.record("progressed", progressed_on="2024-02-28", basis="clinical"),
        through="2024-04-30",
    )
    assert set(found) == {"visit imaging-w12"}
    assert found["visit imaging-w12"]["after"] is None
    assert found["visit imaging-w12"]["before"]["target_on"] == "2024-03-27"


def test_what_is_gone_says_why() -> None:
    patient = Patient.treated()
    before = patient.reckoning()
    patient.end_treatment("2024-02-20", decided_on="2024-02-25")
    patient.record("progressed", progressed_on="2024-02-28", basis="clinical")
    found = consequences(before, patient.reckoning(), day("2024-03-01"), day("2024-04-30"))
    because = {entry["what"]: entry["because"] for entry in found if entry["after"] is None}
    assert because == {
        "visit imaging-w12": "progressed 2024-02-28",
        "cycle 4": "last day of treatment 2024-02-20",
        "cycle 5": "last day of treatment 2024-02-20",
        "cycle 6": "last day of treatment 2024-02-20",
    }


def test_the_end_of_treatment_moves_cycles_contraception_phase_and_brings_follow_up() -> None:
    patient = Patient.treated()
    found = moved(patient, lambda: patient.end_treatment("2024-02-20", decided_on="2024-02-25"), through="2024-04-20")
    assert found["phase"] == {"before": {"phase": "on_treatment"}, "after": {"phase": "follow_up"}}
    assert found["contraception"] == {
        "before": {"through_on": None, "earliest_through_on": "2024-09-01"},
        "after": {"through_on": "2024-08-20", "earliest_through_on": None},
    }
    assert found["cycle 3"] == {"before": {"ends_on": "2024-03-07"}, "after": {"ends_on": "2024-02-20"}}
    assert found["cycle 4"]["after"] is None
    assert found["visit contraception-m1"]["before"] is None
    assert found["visit contraception-m1"]["after"]["target_on"] == "2024-03-20"
    assert not any(what.startswith("visit imaging") for what in found)


def test_a_booking_and_its_cancellation_are_consequences() -> None:
    patient = Patient.treated()

    def book(on: str | None) -> Callable[[], object]:
        return lambda: patient.record("visit_booked", visit="imaging-w12", booked_on=on)

    assert moved(patient, book("2024-03-27")) == {
        "visit imaging-w12": {"before": {"booked_on": None}, "after": {"booked_on": "2024-03-27"}}
    }
    assert moved(patient, book(None)) == {
        "visit imaging-w12": {"before": {"booked_on": "2024-03-27"}, "after": {"booked_on": None}}
    }


def test_a_void_undoes_what_the_fact_did() -> None:
    patient = Patient.treated()
    scans: list[str] = []
    done = moved(patient, lambda: scans.append(patient.scan("2024-02-24", response="PD")))
    undone = moved(patient, lambda: patient.void(scans[0]))
    assert undone == {what: {"before": entry["after"], "after": entry["before"]} for what, entry in done.items()}


def test_a_void_of_the_start_makes_all_that_rests_on_it_provisional() -> None:
    patient = Patient(protocol(series("lab", "first_dose", every={"weeks": 4})), planned_first_dose_on="2024-01-05")
    start = patient.record("treatment_started", first_dose_on="2024-01-05")
    found = moved(patient, lambda: patient.void(start), through="2024-02-10")
    assert found["cycle 1"] == {"before": {"provisional": False}, "after": {"provisional": True}}
    assert found["visit lab-w4"] == {"before": {"provisional": False}, "after": {"provisional": True}}
    assert found["phase"] == {"before": {"phase": "on_treatment"}, "after": {"phase": "enrolled"}}
