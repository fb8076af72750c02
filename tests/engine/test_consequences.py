"""What a fact moved. First dose 2024-01-05, the built-in protocol, seen on 2024-03-01, unless said otherwise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from scheduler_api.engine.views.changes import consequences

from .patients import Patient, day, plain, protocol, series

#: Planned doses of the built-in protocol.
DAILY = {"through_on": None, "amount": 300, "held": False, "days": None}
HELD = {"amount": None, "held": True}


def moved(
    patient: Patient, act: Callable[[], object] | None, today: str = "2024-03-01", through: str = "2024-06-30"
) -> dict[str, dict[str, Any]]:
    """What an act moved, by what; without an act, what the patient's whole record did."""
    before = patient.schedule() if act else None
    if act:
        act()
    found = plain(consequences(before, patient.schedule(), day(today), day(through)))
    assert all(entry["because"] for entry in found)
    return {entry["what"]: {"before": entry["before"], "after": entry["after"]} for entry in found}


def test_a_new_patient_has_everything_new() -> None:
    found = moved(Patient.treated(), None, through="2024-02-20")
    assert set(found) == {
        "status",
        "site",
        "treatment",
        "contraception",
        "cycle 1",
        "cycle 2",
        "cycle 3",
        "doses from 2024-01-05",
        "visit imaging-w6",
    }
    assert all(entry["before"] is None for entry in found.values())
    assert found["visit imaging-w6"]["after"]["target_on"] == "2024-02-14"


def test_what_is_planned_of_a_patient_in_screening_rests_on_the_planned_enrolment() -> None:
    screening = series("lab", "first_dose", first={"days": -14}, window=(0, 0))
    planned = "planned enrolment 2024-01-10"
    for enrolment_on, expected in (
        (None, {"treatment": "not enrolled"}),
        ("2024-01-10", {"treatment": planned, "visit lab": f"{planned} - 14 days"}),
    ):
        patient = Patient.screened(protocol(screening), planned_enrolment_on=enrolment_on)
        found = plain(consequences(None, patient.schedule(), day("2024-01-01"), day("2024-02-01")))
        because = {entry["what"]: entry["because"] for entry in found}
        nothing = {"status": "registered, not enrolled", "contraception": "not enrolled", "site": "registered at FUSCC"}
        assert because == {**nothing, **expected}


def test_doses_that_begin_later_than_anyone_looks_are_no_consequence() -> None:
    found = moved(Patient(planned_first_dose_on="2024-12-01"), None, through="2024-06-30")
    assert not [what for what in found if what.startswith(("doses", "cycle"))]


def test_a_fact_that_moves_nothing_has_no_consequences() -> None:
    patient = Patient.treated()
    patient.take("2024-02-20")
    # An earlier day than the last dose moves no date.
    assert moved(patient, lambda: patient.take("2024-02-10")) == {}


def test_a_hold_moves_no_visit_and_no_cycle() -> None:
    patient = Patient.treated()
    found = moved(patient, lambda: patient.record("hold_started", from_on="2024-02-25"))
    assert found == {
        "treatment": {"before": {"on_hold": False}, "after": {"on_hold": True}},
        "doses from 2024-01-05": {"before": {"through_on": None}, "after": {"through_on": "2024-02-24"}},
        "doses from 2024-02-25": {"before": None, "after": {**DAILY, **HELD}},
    }


def test_under_extend_a_hold_moves_cycles_and_their_visits() -> None:
    patient = Patient.treated(protocol(series("clinic", {"days": [1]}, window=(0, 0)), on_hold="extend"))

    def hold() -> None:
        patient.record("hold_started", from_on="2024-03-03", resumes_on="2024-03-05")

    # Cycle 3 runs from 02-16 to 03-07, cycle 4 from 03-08 to 03-28.
    assert moved(patient, hold, through="2024-03-15") == {
        "doses from 2024-01-05": {"before": {"through_on": None}, "after": {"through_on": "2024-03-02"}},
        "doses from 2024-03-03": {
            "before": None,
            "after": {**DAILY, **HELD, "through_on": "2024-03-04"},
        },
        "doses from 2024-03-05": {"before": None, "after": DAILY},
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


def test_a_response_that_is_read_again_is_a_consequence() -> None:
    patient = Patient.treated()
    scan = patient.scan("2024-02-14", response="SD")
    before = patient.schedule()
    patient.correct(scan, kind="visit_done", series="imaging", done_on="2024-02-14", response="PD", why="read again")
    found = {
        one["what"]: one
        for one in plain(consequences(before, patient.schedule(), day("2024-03-01"), day("2024-04-30")))
    }
    assert found["visit imaging-w6"] == {
        "what": "visit imaging-w6",
        "before": {"response": "SD"},
        "after": {"response": "PD"},
        "because": "response PD",
    }
    assert found["visit imaging-w12"]["after"] is None


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
    before = patient.schedule()
    patient.end_treatment("2024-02-20", decided_on="2024-02-25")
    patient.record("progressed", progressed_on="2024-02-28", basis="clinical")
    found = plain(consequences(before, patient.schedule(), day("2024-03-01"), day("2024-04-30")))
    because = {entry["what"]: entry["because"] for entry in found if entry["after"] is None}
    ended = "treatment ended (intolerance), last dose 2024-02-20"
    assert because == {
        "visit imaging-w12": "progressed 2024-02-28",
        "cycle 4": ended,
        "cycle 5": ended,
        "cycle 6": ended,
    }


def test_the_end_of_treatment_moves_cycles_contraception_status_and_brings_follow_up() -> None:
    patient = Patient.treated()
    found = moved(patient, lambda: patient.end_treatment("2024-02-20", decided_on="2024-02-25"), through="2024-04-20")
    assert found["status"] == {"before": {"status": "on_treatment"}, "after": {"status": "follow_up"}}
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

    def visit_schedule(on: str | None) -> Callable[[], object]:
        return lambda: patient.record("visit_booked", visit="imaging-w12", booked_on=on)

    assert moved(patient, visit_schedule("2024-03-27")) == {
        "visit imaging-w12": {"before": {"booked_on": None}, "after": {"booked_on": "2024-03-27"}}
    }
    assert moved(patient, visit_schedule(None)) == {
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
    assert found["visit lab-w4"] == {
        "before": {"status": "missed", "provisional": False},
        "after": {"status": "upcoming", "provisional": True},
    }
    assert found["status"] == {"before": {"status": "on_treatment"}, "after": {"status": "enrolled"}}


class TestBecause:
    """Each entry says why as a nurse would: what happened, not where the plan began."""

    def said(self, patient: Patient, act: Callable[[], object], through: str = "2024-04-30") -> dict[str, str]:
        before = patient.schedule()
        act()
        found = plain(consequences(before, patient.schedule(), day("2024-03-01"), day(through)))
        return {entry["what"]: entry["because"] for entry in found}

    def test_a_hold_and_its_end(self) -> None:
        patient = Patient.treated()
        held = "held from 2024-02-25, end not known"
        found = self.said(patient, lambda: patient.record("hold_started", from_on="2024-02-25"))
        assert found == {"treatment": held, "doses from 2024-01-05": held, "doses from 2024-02-25": held}
        found = self.said(patient, lambda: patient.record("hold_ended", resumes_on="2024-03-01"))
        resumed = "resumed 2024-03-01; 300 mg by version 1 of the protocol"
        assert found == {
            "treatment": "resumed 2024-03-01",
            "doses from 2024-02-25": resumed,
            "doses from 2024-03-01": resumed,
        }

    def test_the_end_of_the_latest_of_several_holds(self) -> None:
        patient = Patient.treated()
        patient.record("hold_started", from_on="2024-01-20", resumes_on="2024-01-25")
        patient.record("hold_started", from_on="2024-02-25")
        found = self.said(patient, lambda: patient.record("hold_ended", resumes_on="2024-03-01"))
        assert found["treatment"] == "resumed 2024-03-01"

    def test_what_lies_ahead_is_told_too(self) -> None:
        patient = Patient.treated()
        found = self.said(patient, lambda: patient.record("dose_changed", from_on="2024-03-11", amount=250))
        assert found == {
            "doses from 2024-01-05": "250 mg from 2024-03-11",
            "doses from 2024-03-11": "250 mg from 2024-03-11",
        }
        found = self.said(patient, lambda: patient.void(patient.facts[-1].fact_id))
        first = "first dose 2024-01-05; 300 mg by version 1 of the protocol"
        assert found == {"doses from 2024-01-05": first, "doses from 2024-03-11": first}

    def test_a_scan_that_shows_progression(self) -> None:
        patient = Patient.treated()
        patient.record("visit_booked", visit="imaging-w12", booked_on="2024-03-27")
        found = self.said(patient, lambda: patient.scan("2024-02-24", response="PD"), through="2024-05-30")
        assert found == {
            "visit imaging-w6": "done 2024-02-24, after its window and before the next opened: to be confirmed",
            "visit imaging-w12": "enrolment 2024-01-03 + 12 weeks; not required: progressed 2024-02-24",
            "visit imaging-w18": "progressed 2024-02-24",
        }

    def test_the_end_of_treatment(self) -> None:
        patient = Patient.treated()
        found = self.said(patient, lambda: patient.end_treatment("2024-02-20", decided_on="2024-02-25"))
        assert {found.pop(what) for what in ("contraception", "visit contraception-m1", "visit contraception-m2")} == {
            "last dose 2024-02-20 + 6 months",
            "last dose 2024-02-20 + 1 month",
            "last dose 2024-02-20 + 2 months",
        }
        assert set(found.values()) == {"treatment ended (intolerance), last dose 2024-02-20"}
        assert found.keys() == {"status", "treatment", "doses from 2024-01-05", *(f"cycle {n}" for n in (3, 4, 5, 6))}

    def test_the_end_of_treatment_after_a_last_dose_that_nobody_knows(self) -> None:
        patient = Patient.treated()
        found = self.said(patient, lambda: patient.end_treatment("unknown", decided_on="2024-02-25"))
        assert found["status"] == "treatment ended (intolerance), last dose not known, decided 2024-02-25"

    def test_death(self) -> None:
        patient = Patient.treated()
        found = self.said(patient, lambda: patient.record("study_ended", ended_on="2024-02-25", reason="death"))
        assert {"status", "treatment", "contraception", "cycle 3", "doses from 2024-01-05"} < found.keys()
        # Once the study has ended, the last dose on record is what follow-up is counted from.
        assert found.pop("visit contraception-m1") == "last dose 2024-01-05 + 1 month"
        assert set(found.values()) == {"died 2024-02-25"}

    def test_death_on_a_day_that_nobody_knows(self) -> None:
        """The cycle that it ends becomes provisional, too."""
        patient = Patient.treated()
        found = self.said(patient, lambda: patient.record("study_ended", ended_on="2024-02", reason="death"))
        assert {found[what] for what in ("status", "contraception", "cycle 3")} == {
            "died 2024-02-29, reported as 2024-02"
        }

    def test_a_corrected_first_dose(self) -> None:
        patient = Patient.treated()
        start = patient.facts[-1].fact_id
        found = self.said(
            patient, lambda: patient.correct(start, "treatment_started", first_dose_on="2024-01-08"), "2024-02-10"
        )
        assert found == {
            "treatment": "first dose 2024-01-08; last dose 2024-01-08",
            "cycle 1": "first dose 2024-01-08 + 0 days",
            "cycle 2": "first dose 2024-01-08 + 21 days",
            "doses from 2024-01-08": "first dose 2024-01-08; 300 mg by version 1 of the protocol",
            "doses from 2024-01-05": "first dose 2024-01-08",
        }

    def test_a_reduction_entered_after_days_that_were_taken(self) -> None:
        """300 mg taken through 27 February; on the 28th 200 mg is entered as planned from the 26th."""
        patient = Patient.treated()
        patient.take("2024-01-05", "2024-02-27")
        found = self.said(
            patient, lambda: patient.record("dose_changed", from_on="2024-02-26", amount=200), "2024-02-28"
        )
        assert found == {
            "treatment": "200 mg from 2024-02-26",
            "doses from 2024-01-05": "200 mg from 2024-02-26",
            "doses from 2024-02-26": "200 mg from 2024-02-26",
            "recorded dose 2024-02-26": "200 mg from 2024-02-26",
            "recorded dose 2024-02-27": "200 mg from 2024-02-26",
        }

    def test_a_hold_entered_after_days_that_were_taken(self) -> None:
        patient = Patient.treated()
        patient.take("2024-01-05", "2024-02-27")
        found = self.said(patient, lambda: patient.record("hold_started", from_on="2024-02-27"), "2024-02-28")
        assert found["recorded dose 2024-02-27"] == "held from 2024-02-27, end not known"
        assert "recorded dose 2024-02-26" not in found

    def test_an_amendment(self) -> None:
        first = protocol(series("imaging", every={"weeks": 6}), amount=300)
        second = protocol(series("imaging", every={"weeks": 8}), amount=200, version=2)
        patient = Patient.treated(first, second)
        found = self.said(patient, lambda: patient.record("protocol_amended", version=2, from_on="2024-03-20"))
        assert found == {
            "doses from 2024-01-05": "200 mg by version 2 of the protocol",
            "doses from 2024-03-20": "200 mg by version 2 of the protocol",
            "visit imaging-w16": "enrolment 2024-01-03 + 16 weeks",
            "visit imaging-w12": "no longer in the plan",
        }
