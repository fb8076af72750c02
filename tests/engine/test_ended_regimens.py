"""Work out by hand what becomes of visits on days of the cycles of a regimen that ended (rules, section 5)."""

from __future__ import annotations

from typing import Any

import pytest

from .patients import ARMS, Patient, regimen_data, series
from .test_given_at_site import give, infusion
from .test_regimens import drug, treated
from .test_worklist import listed

Data = dict[str, Any]

CLINIC = series("clinic", {"days": [1, 8, 15]}, window=(1, 1))
BLOOD = series("blood", {"regimen": "pembrolizumab", "days": [8]}, window=(1, 1))
CROSSOVER = [{"id": "crossover", "label": "Crossover"}]


def two_drugs(tablets: Data | None = None, **fields: Any) -> Patient:
    """Tablets, and an infusion that was given on 2024-01-05 and 2024-01-26, with visits in the cycles of each."""
    patient = treated(tablets or regimen_data(), infusion(**fields), visits=(CLINIC, BLOOD))
    give(patient, "2024-01-05")
    give(patient, "2024-01-26")
    return patient


def end(patient: Patient, last_dose_on: str, regimen: str = "pembrolizumab") -> None:
    """Record that a regimen ended."""
    patient.record("regimen_ended", regimen=regimen, last_dose_on=last_dose_on)


def do(patient: Patient, done_on: str, visit: str | None = None, name: str = "blood") -> None:
    """Record a visit as done, perhaps without naming it."""
    patient.record("visit_done", series=name, done_on=done_on, visit=visit)


def statuses(patient: Patient, name: str = "blood", today: str = "2024-02-20") -> dict[str, str]:
    """The status of each visit of a series."""
    rows = patient.on(today).visits.values()
    return {row["visit"]: row["status"] for row in rows if row["series"] == name}


class TestOneThatWasSaidToHaveEnded:
    """Its last dose was on 26 January."""

    @pytest.mark.parametrize(
        ("done_on", "visit", "assigned"),
        [
            ("2024-02-02", "blood-pembrolizumab-c2d8", "named"),
            ("2024-02-02", None, "window"),
            # One day, and two days, after the window.
            ("2024-02-04", None, "late"),
            ("2024-02-05", "blood-pembrolizumab-c2d8", "named"),
        ],
    )
    def test_what_was_done_stays_done(self, done_on: str, visit: str | None, assigned: str) -> None:
        """The last dose lies before the day on which anybody knew that it was the last."""
        patient = two_drugs()
        do(patient, done_on, visit)
        before = patient.on("2024-02-20").visits["blood-pembrolizumab-c2d8"]
        end(patient, "2024-01-26")
        assert patient.on("2024-02-20").visits["blood-pembrolizumab-c2d8"] == before
        assert (before["status"], before["assigned"]) == ("done", assigned)

    def test_what_was_missed_stays_missed_and_nothing_becomes_overdue(self) -> None:
        """Day 8 of cycle 1 was 12 January: nobody asks for it in February because no other comes after it."""
        patient = two_drugs()
        assert statuses(patient)["blood-pembrolizumab-c1d8"] == "missed"
        end(patient, "2024-01-26")
        assert statuses(patient) == {"blood-pembrolizumab-c1d8": "missed"}
        assert ("visit_overdue", "blood-pembrolizumab-c1d8") not in listed(patient, "2024-02-20")

    def test_a_visit_open_on_the_day_of_the_last_dose_is_not_required(self) -> None:
        patient = two_drugs()
        end(patient, "2024-02-02", "surufatinib")
        row = patient.on("2024-02-20").visits["clinic-c2d8"]
        assert row["status"] == "not_required"
        assert row["because"].endswith("not required: surufatinib ended, last dose 2024-02-02")

    def test_one_that_is_booked_is_to_be_cancelled(self) -> None:
        patient = two_drugs()
        patient.record("visit_booked", visit="blood-pembrolizumab-c3d8", booked_on="2024-02-23")
        end(patient, "2024-01-26")
        assert statuses(patient)["blood-pembrolizumab-c3d8"] == "not_required"

    def test_of_a_last_dose_of_which_only_the_month_is_known(self) -> None:
        """It may have been on any day of January: nothing whose window meets these is missed."""
        patient = two_drugs()
        do(patient, "2024-02-02")
        end(patient, "2024-01")
        assert statuses(patient) == {
            "blood-pembrolizumab-c1d8": "not_required",
            "blood-pembrolizumab-c2d8": "done",
        }

    def test_treatment_that_ended_before_takes_nothing_that_was_done_later(self) -> None:
        patient = two_drugs()
        do(patient, "2024-01-12")
        do(patient, "2024-02-02")
        end(patient, "2024-01-26")
        patient.end_treatment("2024-01-26")
        assert statuses(patient) == {"blood-pembrolizumab-c1d8": "done"}

    def test_nothing_that_is_to_come_is_suggested(self) -> None:
        patient = two_drugs()
        do(patient, "2024-02-02")
        do(patient, "2024-02-17")
        assert patient.on("2024-02-20")["unscheduled"][0]["suggested_visit"] == "blood-pembrolizumab-c3d8"
        end(patient, "2024-01-26")
        assert patient.on("2024-02-20")["unscheduled"][0]["suggested_visit"] is None

    def test_what_a_hold_moved_stays_where_it_was(self) -> None:
        """Held from 1 until 10 February, day 8 of cycle 2 was 12 February, also after a last dose before the hold."""
        patient = two_drugs(regimen_data(on_hold="extend"))
        patient.record("hold_started", from_on="2024-02-01", resumes_on="2024-02-11", regimens=["surufatinib"])
        do(patient, "2024-02-12", name="clinic")
        end(patient, "2024-01-31", "surufatinib")
        row = patient.on("2024-02-20").visits["clinic-c2d8"]
        assert (row["target_on"], row["done_on"], row["days_off"]) == ("2024-02-12", "2024-02-12", 0)


class TestTheLead:
    """Visits in its cycles end with it, though another drug goes on."""

    def test_they_do_not_go_over_to_the_other_drug(self) -> None:
        patient = two_drugs()
        do(patient, "2024-02-02", name="clinic")
        end(patient, "2024-01-30", "surufatinib")
        assert statuses(patient, "clinic") == {
            "clinic-c1d1": "missed",
            "clinic-c1d8": "missed",
            "clinic-c1d15": "missed",
            "clinic-c2d1": "missed",
            "clinic-c2d8": "done",
        }
        assert statuses(patient)["blood-pembrolizumab-c3d8"] == "upcoming"

    def test_one_that_follows_it_carries_them_on(self) -> None:
        """Its second cycle would have been over on 15 February: what follows begins on the 16th."""
        following = drug(starts={"after": "surufatinib"}, first_cycle=7)
        patient = treated(regimen_data(cycles=6), following, visits=(CLINIC,))
        do(patient, "2024-02-02", name="clinic")
        end(patient, "2024-01-30", "surufatinib")
        seen = patient.on("2024-02-16", last="2024-02-25")
        assert [(name, row["target_on"], row["status"]) for name, row in seen.visits.items()][3:] == [
            ("clinic-c2d1", "2024-01-26", "missed"),
            ("clinic-c2d8", "2024-02-02", "done"),
            ("clinic-c7d1", "2024-02-16", "open"),
            ("clinic-c7d8", "2024-02-23", "upcoming"),
        ]


class TestSharedCycles:
    """Olaparib is taken in the cycles of surufatinib."""

    @pytest.fixture
    def patient(self) -> Patient:
        shared = drug(cycles_of="surufatinib")
        del shared["cycle_days"]
        lab = series("lab", {"regimen": "olaparib", "days": [8]}, window=(1, 1))
        return treated(regimen_data(), shared, visits=(CLINIC, lab))

    def test_the_end_of_the_one_whose_cycles_they_are_ends_the_visits_of_both(self, patient: Patient) -> None:
        end(patient, "2024-01-30", "surufatinib")
        assert list(statuses(patient, "lab")) == ["lab-olaparib-c1d8"]
        assert list(statuses(patient, "clinic"))[-1] == "clinic-c2d1"

    def test_the_end_of_the_other_ends_its_own(self, patient: Patient) -> None:
        end(patient, "2024-01-30", "olaparib")
        assert statuses(patient, "lab") == {"lab-olaparib-c1d8": "missed"}
        assert statuses(patient, "clinic")["clinic-c3d8"] == "upcoming"


def test_a_drug_that_reopened_treatment_ends_its_own_visits() -> None:
    """It began at the crossover on 10 February; the end of treatment had ended the visits of the first."""
    second = drug(starts={"milestone": "crossover"})
    lab = series("lab", {"regimen": "olaparib", "days": [1, 8]}, window=(1, 1))
    patient = treated(regimen_data(), second, visits=(CLINIC, lab), milestones=CROSSOVER)
    patient.end_treatment("2024-01-30", decided_on="2024-02-05")
    patient.record("milestone_reached", milestone="crossover", on="2024-02-10")
    do(patient, "2024-02-17", name="lab")
    clinic = statuses(patient, "clinic")
    end(patient, "2024-02-14", "olaparib")
    assert statuses(patient, "lab") == {"lab-olaparib-c1d1": "missed", "lab-olaparib-c1d8": "done"}
    assert statuses(patient, "clinic") == clinic


def test_after_the_last_of_so_many_doses_the_cycle_is_one_to_its_end() -> None:
    """Give two infusions: the second begins the last cycle, whose day 8 is 2 February; there is no third."""
    patient = two_drugs(max_doses=2)
    assert statuses(patient) == {"blood-pembrolizumab-c1d8": "missed", "blood-pembrolizumab-c2d8": "overdue"}
    do(patient, "2024-02-02")
    assert statuses(patient) == {"blood-pembrolizumab-c1d8": "missed", "blood-pembrolizumab-c2d8": "done"}


def test_nobody_asks_for_visits_in_cycles_that_are_no_longer_for_the_patient() -> None:
    """Day 8 of cycle 1 was 12 January; from the 20th on she is in the other arm."""
    patient = treated(regimen_data(), infusion(who={"arm": "a"}), visits=(CLINIC, BLOOD), arms=ARMS, arm="a")
    patient.record("arm_assigned", arm="b", on="2024-01-20")
    assert statuses(patient) == {"blood-pembrolizumab-c1d8": "missed"}
