"""Doses given at the site: each is a visit, and cycles may count from the day given. By hand (rules, sections 4–6)."""

from __future__ import annotations

from datetime import datetime
from operator import itemgetter
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from scheduler_api.engine.errors import ValidationFailed
from scheduler_api.engine.protocol_file.parse import read_protocol
from scheduler_api.engine.protocol_file.slips import slips
from scheduler_api.engine.views.changes import consequences
from scheduler_api.engine.views.warnings import warnings
from scheduler_api.engine.worklist.worklist import worklist

from .patients import NOW, Patient, day, plain, protocol_data, regimen_data, series
from .test_worklist import listed

Data = dict[str, Any]


def infusion(window: tuple[int, int] | None = (3, 3), **fields: Any) -> Data:
    """An infusion of 200 mg at the site, on day 1 of cycles of 21 days that count from the actual day, ±3 days."""
    given = None if window is None else {"before_days": window[0], "after_days": window[1]}
    data = {
        "id": "pembrolizumab",
        "drug": "pembrolizumab",
        "route": "intravenous",
        "given_by": "site",
        "dose": {"amount": 200, "unit": "mg", "levels": [100]},
        "cycle_days": 21,
        "cycles_count_from": "actual",
        "when": [{"days": [1]}],
        "window": given,
    }
    return {name: value for name, value in {**data, **fields}.items() if value is not None}


def treated(*regimens: Data, visits: tuple[Data, ...] = (), **rest: Any) -> Patient:
    """The patient of the worked examples, whose first dose was on 2024-01-05, on a protocol with these regimens."""
    data = {**protocol_data(*visits, **rest), "regimens": list(regimens or [infusion()])}
    return Patient.treated(read_protocol(data))


def give(patient: Patient, done_on: str, visit: str | None = None, amount: float | None = None) -> str:
    """Record a dose as given; without an amount as planned."""
    return patient.record("visit_done", series="pembrolizumab", done_on=done_on, visit=visit, amount=amount)


def to_do(patient: Patient, kind: str, on: str) -> list[str]:
    """What is to do of a kind on a day, in words."""
    schedule = patient.schedule()
    entries = worklist(schedule, schedule.visits(day("2023-12-01"), day("2024-12-31")), day(on), day(on))
    return [str(plain(entry.because)) for entry in entries if entry.kind == kind]


def places(patient: Patient, *days: str) -> list[tuple[int, int | None] | None]:
    """Cycle and cycle day of some days."""
    regimen = patient.schedule().treatment_plan.regimen("pembrolizumab")
    assert regimen is not None
    return [regimen.place(day(on)) for on in days]


class TestCyclesFromTheActualDay:
    """Day 1 of a cycle is the day on which its day-1 dose was given; its window stays around the target."""

    def test_the_next_cycle_counts_from_the_day_given(self) -> None:
        patient = treated()
        give(patient, "2024-01-05")
        give(patient, "2024-01-28")
        seen = patient.on("2024-01-29")
        assert seen.window("pembrolizumab-c2d1") == ("2024-01-23", "2024-01-26", "2024-01-29")
        assert seen.visits["pembrolizumab-c2d1"]["days_off"] == 0
        assert seen.window("pembrolizumab-c3d1") == ("2024-02-15", "2024-02-18", "2024-02-21")
        assert seen.cycles[2]["starts_on"] == "2024-01-28"
        assert places(patient, "2024-01-25", "2024-01-26", "2024-01-27", "2024-01-28", "2024-02-17") == [
            *((1, 21), (1, None), (1, None), (2, 1), (2, 21)),
        ]

    def test_planned_cycles_count_from_the_plan(self) -> None:
        patient = treated(infusion(cycles_count_from="planned"))
        give(patient, "2024-01-05")
        give(patient, "2024-01-28")
        assert patient.targets("pembrolizumab")["pembrolizumab-c3d1"] == "2024-02-16"

    def test_a_dose_given_early_pulls_the_next_cycle_forward(self) -> None:
        patient = treated()
        give(patient, "2024-01-05")
        give(patient, "2024-01-24")
        targets = patient.targets("pembrolizumab")
        assert (targets["pembrolizumab-c2d1"], targets["pembrolizumab-c3d1"]) == ("2024-01-26", "2024-02-14")
        assert places(patient, "2024-01-23", "2024-01-24", "2024-01-26") == [(1, 19), (2, 1), (2, 3)]

    def test_other_days_of_the_cycle_count_from_it_too(self) -> None:
        patient = treated(infusion(when=[{"days": [1, 8]}]))
        give(patient, "2024-01-06")
        targets = patient.targets("pembrolizumab", "2024-01-30")
        assert targets == {
            "pembrolizumab-c1d1": "2024-01-05",
            "pembrolizumab-c1d8": "2024-01-13",
            "pembrolizumab-c2d1": "2024-01-27",
        }

    def test_a_dose_on_another_day_than_day_1_moves_nothing(self) -> None:
        patient = treated(infusion(when=[{"days": [1, 8]}]))
        give(patient, "2024-01-05")
        give(patient, "2024-01-14")
        targets = patient.targets("pembrolizumab")
        assert patient.on("2024-01-20").visits["pembrolizumab-c1d8"]["done_on"] == "2024-01-14"
        assert targets["pembrolizumab-c2d1"] == "2024-01-26"

    def test_visits_on_days_of_its_cycles_move_with_it(self) -> None:
        clinic = series("clinic", {"days": [1, 15], "regimen": "pembrolizumab"}, window=(1, 1))
        patient = treated(visits=(clinic,))
        give(patient, "2024-01-05")
        give(patient, "2024-01-28")
        targets = patient.targets("clinic", "2024-02-20")
        assert targets["clinic-c2d1"] == "2024-01-28"
        assert targets["clinic-c2d15"] == "2024-02-11"

    def test_what_is_taken_back_moves_the_cycles_back(self) -> None:
        patient = treated()
        give(patient, "2024-01-05")
        late = give(patient, "2024-01-28")
        patient.void(late)
        assert patient.targets("pembrolizumab")["pembrolizumab-c3d1"] == "2024-02-16"

    def test_the_earliest_dose_not_given_is_the_one(self) -> None:
        # Weekly with ±6 days: 2024-01-15 lies in the windows of day 8 (2024-01-12) and day 15 (2024-01-19).
        weekly = infusion(when=[{"days": [1, 8, 15]}], window=(6, 6), cycles_count_from=None)
        patient = treated(weekly)
        give(patient, "2024-01-05")
        give(patient, "2024-01-17")
        visits = patient.on("2024-01-20").visits
        assert visits["pembrolizumab-c1d8"]["done_on"] == "2024-01-17"
        assert visits["pembrolizumab-c1d15"]["done_on"] is None


class TestHolds:
    """Held days do not count under `extend`; a dose whose whole window is held is not listed."""

    def test_held_days_are_added(self) -> None:
        # Days 1 to 19 are 01-05 to 01-23; held through 02-04; days 20 and 21 are 02-05 and 02-06.
        patient = treated(infusion(on_hold="extend"))
        give(patient, "2024-01-05")
        patient.record("hold_started", from_on="2024-01-24", resumes_on="2024-02-05")
        assert patient.targets("pembrolizumab")["pembrolizumab-c2d1"] == "2024-02-07"

    def test_a_dose_on_the_held_day_that_would_be_day_1_is_day_1(self) -> None:
        patient = treated(infusion(on_hold="extend"))
        give(patient, "2024-01-05")
        patient.record("hold_started", from_on="2024-01-24", resumes_on="2024-02-05")
        give(patient, "2024-01-26")
        seen = patient.on("2024-03-01")
        assert seen.visits["pembrolizumab-c2d1"]["done_on"] == "2024-01-26"
        assert places(patient, "2024-01-26", "2024-01-27", "2024-02-05") == [(2, 1), (2, None), (2, 2)]
        # 20 more days count from 02-05 on.
        assert seen.visits["pembrolizumab-c3d1"]["target_on"] == "2024-02-25"
        assert ("dose_while_held", "2024-01-26") in seen.deviations()

    @pytest.mark.parametrize("visit", [None, "pembrolizumab-c1d1"])
    @pytest.mark.parametrize("counts", ["planned", "actual"])
    @pytest.mark.parametrize("is_started", [True, False])
    def test_a_dose_on_the_first_day_is_day_1_though_a_hold_begins_with_it(
        self, visit: str | None, counts: str, is_started: bool
    ) -> None:
        """Held from 5 through 18 January, the days 2 to 21 are 19 January to 7 February."""
        trial = read_protocol({**protocol_data(), "regimens": [infusion(on_hold="extend", cycles_count_from=counts)]})
        patient = Patient(trial, planned_first_dose_on="2024-01-05")
        if is_started:
            patient.record("treatment_started", first_dose_on="2024-01-05")
        give(patient, "2024-01-05", visit)
        patient.record("hold_started", from_on="2024-01-05", resumes_on="2024-01-19")
        seen = patient.on("2024-01-19", last="2024-02-20")
        first = seen.visits["pembrolizumab-c1d1"]
        assert (first["status"], first["target_on"], first["done_on"]) == ("done", "2024-01-05", "2024-01-05")
        assert seen.visits["pembrolizumab-c2d1"]["target_on"] == "2024-02-08"
        assert to_do(patient, "visit_to_book", "2024-01-19") == []
        assert places(patient, "2024-01-05", "2024-01-06", "2024-01-19", "2024-02-07") == [
            *((1, 1), (1, None), (1, 2), (1, 21)),
        ]

    def test_a_hold_from_the_first_day_moves_a_first_dose_that_was_not_given(self) -> None:
        patient = treated(infusion(on_hold="extend"))
        patient.record("hold_started", from_on="2024-01-05", resumes_on="2024-01-19")
        assert patient.on("2024-01-20").visits["pembrolizumab-c1d1"]["target_on"] == "2024-01-19"

    def test_a_dose_on_another_held_day_is_none(self) -> None:
        patient = treated(infusion(on_hold="extend"))
        give(patient, "2024-01-05")
        patient.record("hold_started", from_on="2024-01-24", resumes_on="2024-02-05")
        give(patient, "2024-01-27", amount=200)
        seen = patient.on("2024-02-01")
        assert seen.visits["pembrolizumab-c2d1"]["target_on"] == "2024-02-07"
        assert [row["done_on"] for row in seen["unscheduled"]] == ["2024-01-27"]

    def test_a_dose_whose_window_is_held_is_not_listed_and_its_booking_is_to_cancel(self) -> None:
        """Cycle 2: 2024-01-26 ± 3 days. Nothing is to be given while it is held, so nobody is told to come for it."""
        patient = treated()
        give(patient, "2024-01-05")
        patient.record("hold_started", from_on="2024-01-22", resumes_on="2024-01-30")
        assert "pembrolizumab-c2d1" not in patient.on("2024-01-25").visits
        patient.record("visit_booked", visit="pembrolizumab-c2d1", booked_on="2024-01-26")
        seen = patient.on("2024-02-10")
        row = seen.visits["pembrolizumab-c2d1"]
        assert (row["status"], row["opens_on"], row["booked_on"]) == ("not_required", None, "2024-01-26")
        assert row["because"].endswith("held on all days of its window")
        assert [code for code, *_ in patient.notices("2024-01-25")] == ["ask_before_coming"]
        assert ("booking_to_cancel", "pembrolizumab-c2d1") in listed(patient, "2024-01-25")
        assert ("booking_past", "pembrolizumab-c2d1") in listed(patient, "2024-01-27")
        assert seen.deviations("dose_missed") == []
        rows = patient.schedule().doses(day("2024-02-10"), day("2024-01-20"), day("2024-02-10"))
        assert [(row["visit"], row["status"]) for row in rows] == [("pembrolizumab-c2d1", "held")]
        # A hold that ends early, or a dose that is given all the same, and the booking stands.
        give(patient, "2024-01-26")
        assert patient.on("2024-01-26").status("pembrolizumab-c2d1") == "done"

    def test_a_hold_that_ends_in_the_window_gives_the_booking_its_visit_back(self) -> None:
        patient = treated()
        hold = patient.record("hold_started", from_on="2024-01-22", reason="fever")
        patient.record("visit_booked", visit="pembrolizumab-c2d1", booked_on="2024-01-26")
        assert patient.on("2024-01-25").status("pembrolizumab-c2d1") == "not_required"
        patient.correct(hold, "hold_started", from_on="2024-01-22", reason="fever", resumes_on="2024-01-26")
        assert patient.on("2024-01-25").status("pembrolizumab-c2d1") == "open"
        assert patient.notices("2024-01-25") == []

    def test_one_day_of_the_window_that_is_not_held_keeps_it(self) -> None:
        patient = treated()
        patient.record("hold_started", from_on="2024-01-22", resumes_on="2024-01-29")
        assert patient.on("2024-01-25").status("pembrolizumab-c2d1") == "open"

    def test_where_a_hold_moves_nothing_an_extra_dose_on_a_held_day_is_no_day_1(self) -> None:
        """Cycle 2 counts from the day that is named, 2024-01-28, though day 1 was planned for the held 2024-01-26."""
        patient = treated(infusion())
        give(patient, "2024-01-05")
        patient.record("hold_started", from_on="2024-01-25", resumes_on="2024-01-28")
        give(patient, "2024-01-28", visit="pembrolizumab-c2d1")
        give(patient, "2024-01-26", amount=200)
        assert places(patient, "2024-01-26", "2024-01-28") == [(1, None), (2, 1)]
        assert patient.on("2024-02-10").window("pembrolizumab-c3d1")[1] == "2024-02-18"


class TestAmounts:
    """What was given is what was planned, unless somebody says how much; what could hurt is listed at once."""

    def test_loading_doses(self) -> None:
        when = [{"cycles": [1], "days": [1, 8], "amount": 400, "window": {"before_days": 0, "after_days": 1}}]
        patient = treated(infusion(when=[*when, {"days": [1]}]))
        give(patient, "2024-01-05")
        visits = patient.on("2024-01-20").visits
        amounts = {name: (row["amount"], row["given_amount"]) for name, row in list(visits.items())[:3]}
        assert amounts == {
            "pembrolizumab-c1d1": (400, 400),
            "pembrolizumab-c1d8": (400, None),
            "pembrolizumab-c2d1": (200, None),
        }
        assert patient.on("2024-01-20").window("pembrolizumab-c1d8") == ("2024-01-12", "2024-01-12", "2024-01-13")

    def test_a_reduction_from_a_day_on_is_that_of_the_day_given(self) -> None:
        patient = treated()
        patient.record("dose_changed", from_on="2024-01-27", amount=100)
        give(patient, "2024-01-05")
        give(patient, "2024-01-28")
        assert patient.on("2024-01-30").visits["pembrolizumab-c2d1"]["given_amount"] == 100

    def test_more_than_planned(self) -> None:
        patient = treated()
        fact_id = give(patient, "2024-01-05", amount=400)
        seen = patient.on("2024-01-06")
        assert seen.deviations() == [("dose_above_plan", "2024-01-05"), ("dose_amount", "2024-01-05")]
        said = "pembrolizumab: on 2024-01-05: 400 mg given where 200 mg were planned"
        assert to_do(patient, "dose_above_plan", "2024-01-06") == [said]
        body = next(fact.body for fact in patient.facts if fact.fact_id == fact_id)
        (warning,) = warnings(patient.schedule(), body, NOW)
        assert (warning["code"], plain(warning["detail"])) == ("dose_above_plan", said)

    def test_a_correction_keeps_the_amount_that_was_given(self) -> None:
        patient = treated()
        fact_id = give(patient, "2024-01-05", amount=150)
        patient.correct(fact_id, "visit_done", series="pembrolizumab", done_on="2024-01-06")
        assert patient.on("2024-01-10").visits["pembrolizumab-c1d1"]["given_amount"] == 150

    def test_what_belongs_to_no_visit_needs_an_amount_and_could_hurt(self) -> None:
        patient = treated()
        give(patient, "2024-01-05")
        with pytest.raises(ValidationFailed, match="say how much was given"):
            give(patient, "2024-01-12")
        give(patient, "2024-01-12", amount=200)
        assert patient.on("2024-01-13").deviations() == [("dose_not_planned", "2024-01-12")]

    def test_an_amount_by_weight_is_to_be_calculated(self) -> None:
        by_weight = {"amount": 2, "unit": "mg", "per": "kg"}
        patient = treated(infusion(dose=by_weight))
        assert patient.on("2024-01-05").visits["pembrolizumab-c1d1"]["amount"] is None
        assert len(to_do(patient, "dose_to_calculate", "2024-01-05")) == 1
        patient.record("dose_changed", from_on="2024-01-05", amount=130)
        give(patient, "2024-01-05")
        assert patient.on("2024-01-06").visits["pembrolizumab-c1d1"]["given_amount"] == 130

    def test_a_visit_that_a_later_version_makes_a_dose_has_no_planned_amount(self) -> None:
        first = read_protocol(protocol_data(series("pembrolizumab", every={"weeks": 3})))
        second = read_protocol({**protocol_data(version=2), "regimens": [regimen_data(), infusion()]})
        patient = Patient.treated(first, second)
        patient.record("protocol_amended", version=2, from_on="2024-02-10")
        patient.record("dose_changed", regimen="pembrolizumab", from_on="2024-02-11", amount=100)
        give(patient, "2024-02-12", visit="pembrolizumab-w3", amount=20)
        (done,) = (one for one in patient.schedule().visits(day("2024-01-01"), day("2024-02-09")) if one.done_on)
        assert (done.visit, done.amount, done.given_amount) == ("pembrolizumab-w3", None, 20)

    def test_outside_the_window_and_not_given(self) -> None:
        patient = treated()
        give(patient, "2024-01-05")
        give(patient, "2024-01-31", visit="pembrolizumab-c2d1")
        seen = patient.on("2024-02-26")
        assert seen.deviations() == [("dose_out_of_window", "2024-01-31"), ("dose_missed", "2024-02-25")]


class TestHeld:
    """C1 given; C2 is 2024-01-26 ±3; all days of C3, 2024-02-16 ±3, are held; C4, 2024-03-08, opens on 03-05."""

    def held(self, *given: str) -> Patient:
        """A patient whose cycles count from the day planned, with doses on these days."""
        patient = treated(infusion(cycles_count_from="planned"))
        patient.record("hold_started", from_on="2024-02-10", resumes_on="2024-02-25", reason="toxicity")
        for on in ("2024-01-05", *given):
            give(patient, on)
        return patient

    def test_a_dose_held_all_the_time_is_not_the_next(self) -> None:
        patient = self.held()
        for today in ("2024-02-08", "2024-02-14", "2024-03-04"):
            assert patient.on(today).status("pembrolizumab-c2d1") == "overdue"
            assert [row["visit"] for row in patient.view(today)["visits"]] == ["pembrolizumab-c2d1"]
        assert patient.on("2024-03-05").status("pembrolizumab-c2d1") == "missed"

    def test_what_is_given_after_the_hold_is_the_dose_that_is_overdue(self) -> None:
        seen = self.held("2024-02-26").on("2024-02-26")
        assert seen.visits["pembrolizumab-c2d1"]["assigned"] == "late"
        assert "pembrolizumab-c3d1" not in seen.visits

    def test_if_none_is_overdue_it_is_the_one_that_was_held(self) -> None:
        seen = self.held("2024-01-26", "2024-02-26").on("2024-02-26")
        assert (seen.visits["pembrolizumab-c3d1"]["assigned"], seen["unscheduled"]) == ("late", [])

    def test_under_an_open_hold_the_dose_before_it_stays_overdue(self) -> None:
        patient = treated(infusion(cycles_count_from="planned"))
        give(patient, "2024-01-05")
        patient.record("hold_started", from_on="2024-02-10", reason="toxicity")
        assert patient.on("2026-02-10").status("pembrolizumab-c2d1") == "overdue"
        # Later ones are held, too, but what is booked counts.
        give(patient, "2024-01-26")
        assert patient.view("2024-02-20")["visits"] == []
        patient.record("visit_booked", visit="pembrolizumab-c6d1", booked_on="2024-04-19")
        assert [row["visit"] for row in patient.view("2024-02-20")["visits"]] == ["pembrolizumab-c6d1"]


class TestAdherence:
    """A dose counts once it was given, or its window is over."""

    def test_given_missed_and_held(self) -> None:
        # C1 given, C2 (01-26) missed, C3 (02-16) held, C4 (03-08) given with half the amount; C5 is 03-29.
        patient = treated(infusion(cycles_count_from="planned"), regimen_data())
        give(patient, "2024-01-05")
        patient.record("hold_started", from_on="2024-02-10", resumes_on="2024-02-25", regimens=["pembrolizumab"])
        give(patient, "2024-03-08", amount=100)
        (own, _) = patient.on("2024-03-20")["adherence"]["regimens"]
        assert own == {
            **{"regimen": "pembrolizumab", "drug": "pembrolizumab"},
            **{"planned": 3, "taken": 2, "missed": 1, "unrecorded": 0, "held": 1},
            # 300 mg of the 800 mg of four cycles.
            **{"adherence": 0.6667, "relative_dose_intensity": 0.375},
        }

    def test_a_dose_whose_window_is_open_does_not_count_yet(self) -> None:
        patient = treated()
        give(patient, "2024-01-05")
        assert patient.on("2024-01-29")["adherence"]["planned"] == 1
        assert patient.on("2024-01-30")["adherence"]["planned"] == 2

    def test_a_dose_that_was_given_early_counts_at_once(self) -> None:
        """Count the dose of cycle 2, due on 26 January, from the 24th on, the day on which it was given."""
        patient = treated(infusion(cycles_count_from="planned"))
        give(patient, "2024-01-05")
        give(patient, "2024-01-24")
        assert [patient.on("2024-01-24")["adherence"][name] for name in ("planned", "taken")] == [2, 2]


class TestStartAndEnd:
    """A dose given starts treatment, counts for the last dose, and may be the last of so many."""

    def test_the_first_dose_given_is_c1d1(self) -> None:
        patient = Patient(read_protocol({**protocol_data(), "regimens": [infusion()]}))
        give(patient, "2024-01-05")
        assert patient.on("2024-01-06")["treatment"]["first_dose_on"] == "2024-01-05"
        assert patient.on("2024-01-06").cycles[1]["starts_on"] == "2024-01-05"

    def test_a_dose_before_day_1_starts_nothing(self) -> None:
        early = [{"cycles": [1], "days": [-2]}, {"days": [1]}]
        data = {**protocol_data(), "regimens": [infusion(when=early, window=(1, 1))]}
        patient = Patient(read_protocol(data), planned_first_dose_on="2024-01-08")
        assert patient.targets("pembrolizumab", "2024-01-10") == {
            "pembrolizumab-c1d-2": "2024-01-06",
            "pembrolizumab-c1d1": "2024-01-08",
        }
        give(patient, "2024-01-05")
        seen = patient.on("2024-01-07")
        assert seen.visits["pembrolizumab-c1d-2"]["done_on"] == "2024-01-05"
        assert seen["provisional"]
        assert not patient.history.begun
        assert seen["treatment"]["last_dose_on"] == "2024-01-05"

    def test_contraception_counts_from_the_last_dose_given(self) -> None:
        patient = treated()
        give(patient, "2024-01-05")
        give(patient, "2024-01-26")
        patient.end_treatment("2024-01-20", decided_on="2024-02-01")
        assert patient.on("2024-02-10")["contraception"]["through_on"] == "2024-07-26"

    def test_after_the_last_of_so_many_doses_there_are_none(self) -> None:
        patient = treated(infusion(max_doses=2))
        give(patient, "2024-01-05")
        assert "pembrolizumab-c3d1" in patient.targets("pembrolizumab")
        give(patient, "2024-01-26")
        assert list(patient.targets("pembrolizumab")) == ["pembrolizumab-c1d1", "pembrolizumab-c2d1"]
        assert len(to_do(patient, "treatment_to_end", "2024-01-27")) == 1

    def test_a_regimen_may_follow_it(self) -> None:
        # The last cycle keeps its full length: 2024-01-28 and 21 days.
        tablets = {**regimen_data(), "starts": {"after": "pembrolizumab"}, "first_cycle": 3}
        patient = treated(infusion(cycles=2), tablets)
        give(patient, "2024-01-05")
        give(patient, "2024-01-28")
        rows = patient.on("2024-06-30")["doses"]
        assert rows[0]["dose_on"] == "2024-02-18"

    def test_what_ends_the_doses(self) -> None:
        patient = treated(infusion(), regimen_data())
        give(patient, "2024-01-05")
        patient.record("regimen_ended", regimen="pembrolizumab", last_dose_on="2024-01-05")
        targets = patient.targets("pembrolizumab")
        assert list(targets) == ["pembrolizumab-c1d1"]
        patient.record("visit_booked", visit="pembrolizumab-c2d1", booked_on="2024-01-26")
        row = patient.on("2024-01-20").visits["pembrolizumab-c2d1"]
        assert row["status"] == "not_required"
        assert row["because"].endswith("not required: pembrolizumab ended, last dose 2024-01-05")


class TestBesideTablets:
    """The patient confirms tablets; what the site gives is an appointment."""

    @pytest.fixture
    def patient(self) -> Patient:
        return treated(regimen_data(), infusion())

    def test_only_the_tablets_are_doses_of_the_day(self, patient: Patient) -> None:
        patient.take("2024-01-05", "2024-01-06")
        view = patient.view("2024-01-07")
        assert [dose["dose_id"] for dose in view["doses"]] == ["2024-01-07.surufatinib.1"]
        (visit,) = view["visits"]
        assert (visit["visit"], visit["label"]) == ("pembrolizumab-c1d1", "pembrolizumab, cycle 1 day 1")

    def test_tablets_in_the_cycles_of_an_infusion_wait_with_it(self) -> None:
        tablets = {**regimen_data(), "cycles_of": "pembrolizumab", "when": [{"days": [1, 2]}]}
        del tablets["cycle_days"]
        patient = treated(infusion(), tablets)
        give(patient, "2024-01-05")
        give(patient, "2024-01-28")
        taking = [row["dose_on"] for row in patient.on("2024-01-20", "2024-01-20", "2024-02-20")["doses"]]
        planned = [row["dose_on"] for row in patient.on("2024-01-20")["doses"] if row["status"] == "planned"]
        assert planned[:4] == ["2024-01-28", "2024-01-29", "2024-02-18", "2024-02-19"]
        assert "2024-01-26" in taking

    def test_a_dose_that_the_site_gives_cannot_be_said_to_be_taken(self, patient: Patient) -> None:
        with pytest.raises(ValidationFailed, match="visit_done"):
            patient.record("dose_recorded", dose_on="2024-01-05", status="taken", amount=200, regimen="pembrolizumab")

    def test_nor_where_nothing_is_taken_at_all(self) -> None:
        with pytest.raises(ValidationFailed, match="pembrolizumab is given at the site"):
            treated().record("dose_recorded", dose_on="2024-01-05", status="taken", amount=200)
        assert treated().view("2024-01-05")["doses"] == []

    def test_a_dose_has_no_parts_and_an_examination_no_amount(self) -> None:
        patient = treated(visits=(series("imaging", every={"weeks": 6}),))
        with pytest.raises(ValidationFailed, match="no parts"):
            patient.record("visit_done", series="pembrolizumab", done_on="2024-01-05", part=True)
        with pytest.raises(ValidationFailed, match="Only of a dose"):
            patient.record("visit_done", series="imaging", done_on="2024-01-05", amount=200)

    def test_a_change_of_its_days_is_refused(self, patient: Patient) -> None:
        with pytest.raises(ValidationFailed, match="Only of what the patient takes"):
            patient.record("dose_changed", regimen="pembrolizumab", from_on="2024-01-10", amount=100, days=[1])


class TestTheProtocol:
    """What its author wrote that cannot be."""

    @pytest.mark.parametrize(
        ("fields", "detail"),
        [
            ({"window": None}, "each dose given at the site is a visit"),
            ({"times_a_day": 2}, "Only of what the patient takes"),
            ({"given_by": "patient"}, 'Only with `"given_by": "site"`'),
            ({"given_by": "nurse"}, "Not one of patient, site"),
            ({"id": "pembro-d1"}, "Ends like the name of a visit"),
            ({"when": [{"days": [-1, 1]}]}, "Days before day 1 are of cycle 1"),
            ({"window": (12, 12), "when": [{"days": [1, 2]}]}, None),
        ],
    )
    def test_of_its_regimen(self, fields: Data, detail: str | None) -> None:
        data = {**protocol_data(), "regimens": [infusion(**fields)]}
        if detail is None:
            assert read_protocol(data)
            return
        with pytest.raises(ValidationFailed) as refused:
            read_protocol(data)
        assert any(detail in one.detail for one in refused.value.errors), refused.value.errors

    def test_an_infusion_at_the_site_is_no_slip(self) -> None:
        assert slips(read_protocol({**protocol_data(), "regimens": [infusion()]})) == []

    def test_who_takes_nothing_alone_has_one_time_of_day_to_be_reminded_at(self) -> None:
        assert treated().schedule().treatment_plan.slots == 1

    def test_a_series_of_visits_cannot_have_its_name(self) -> None:
        with pytest.raises(ValidationFailed, match="The doses of the regimen pembrolizumab are that series"):
            treated(visits=(series("pembrolizumab", every={"weeks": 6}),))

    def test_a_visit_may_be_counted_from_a_dose(self) -> None:
        patient = treated(visits=(series("call", {"visit": "pembrolizumab-c2d1"}, first={"days": 3}, window=(1, 1)),))
        give(patient, "2024-01-05")
        assert patient.targets("call") == {"call": "2024-01-29"}
        give(patient, "2024-01-28")
        assert patient.targets("call") == {"call": "2024-01-31"}


class TestOtherAnchors:
    """Visits counted from a response, or from the last dose of one drug."""

    def test_from_the_first_of_some_responses(self) -> None:
        confirmed = series("confirmation", {"response": ["PR", "CR"], "of": "imaging"}, first={"weeks": 4})
        patient = treated(visits=(series("imaging", every={"weeks": 6}), confirmed))
        assert patient.targets("confirmation") == {}
        patient.scan("2024-02-14", response="SD")
        patient.scan("2024-03-27", response="PR")
        patient.scan("2024-05-08", response="CR")
        assert patient.targets("confirmation") == {"confirmation": "2024-04-24"}
        (row,) = [row for row in patient.on("2024-05-10")["visits"] if row["series"] == "confirmation"]
        assert row["because"] == "response PR 2024-03-27 + 4 weeks"

    def test_from_the_last_dose_of_a_drug_that_was_ended(self) -> None:
        after = series("after", {"last_dose_of": "pembrolizumab"}, first={"days": 30})
        patient = treated(infusion(), regimen_data(), visits=(after,))
        give(patient, "2024-01-05")
        give(patient, "2024-01-26")
        assert patient.targets("after") == {}
        patient.record("regimen_ended", regimen="pembrolizumab", last_dose_on="2024-01-26")
        assert patient.targets("after") == {"after": "2024-02-25"}
        assert not patient.on("2024-02-01").visits["after"]["provisional"]

    def test_from_the_last_planned_day_of_a_drug_that_runs_out(self) -> None:
        # Four days of two cycles of seven days: the last planned day is 2024-01-15.
        after = series("after", {"last_dose_of": "surufatinib"}, first={"days": 30})
        tablets = {**regimen_data(), "cycle_days": 7, "cycles": 2, "when": [{"days": [1, 2, 3, 4]}]}
        patient = treated(tablets, infusion(), visits=(after,))
        patient.record("dose_recorded", dose_on="2024-01-14", status="taken", amount=300)
        assert patient.targets("after") == {"after": "2024-02-14"}
        assert patient.on("2024-02-01").visits["after"]["provisional"]
        patient.record("regimen_ended", regimen="surufatinib", last_dose_on="2024-01-14")
        assert patient.targets("after") == {"after": "2024-02-13"}

    @pytest.mark.parametrize(
        ("anchor", "detail"),
        [
            ({"response": ["PR"], "of": "lab"}, "No series lab with responses"),
            ({"response": ["OK"], "of": "imaging"}, "imaging has no response OK: CR, PR"),
            ({"response": [], "of": "imaging"}, "No responses"),
            ({"response": ["PR"], "of": "imaging", "each": "yes"}, "each"),
            ({"last_dose_of": "aspirin"}, "Not one of pembrolizumab"),
            ({"hour": 3}, "Not {"),
        ],
    )
    def test_what_they_name_is_there(self, anchor: Data, detail: str) -> None:
        with pytest.raises(ValidationFailed) as refused:
            treated(visits=(series("imaging", every={"weeks": 6}), series("call", anchor, first={"days": 3})))
        assert any(detail in one.detail or detail in one.pointer for one in refused.value.errors), refused.value.errors


class TestWhatIsSaidOfDosesThatWereGiven:
    """Infusions of 200 mg on 2024-01-05, 01-26 and 02-16; what is entered late says which of them it is about."""

    @pytest.fixture
    def patient(self) -> Patient:
        patient = treated()
        for on in ("2024-01-05", "2024-01-26", "2024-02-16"):
            give(patient, on)
        return patient

    def warned(self, patient: Patient, kind: str, **data: Any) -> list[tuple[str, str, list[tuple[str, str]]]]:
        """The warnings about a fact: code, in words, and the records that it is about."""
        patient.record(kind, **data)
        return [
            (one["code"], one["detail"], [(row["kind"], row["on"]) for row in one["records"]])
            for one in patient.warned()
        ]

    def moved(self, patient: Patient, kind: str, **data: Any) -> dict[str, tuple[Any, Any, str]]:
        """The recorded doses among the consequences of a fact: planned before, planned now, and why."""
        before = patient.schedule()
        patient.record(kind, **data)
        found = plain(consequences(before, patient.schedule(), day("2024-03-01"), day("2024-04-30")))
        recorded = [one for one in found if one["what"].startswith("recorded dose ")]
        rows = ((one["what"], one["before"]["amount"], one["after"]["amount"], one["because"]) for one in recorded)
        return {what.removeprefix("recorded dose "): tuple(rest) for what, *rest in rows}

    def test_an_end_of_treatment_before_them(self, patient: Patient) -> None:
        end = {"last_dose_on": "2024-01-26", "decided_on": "2024-02-01", "reason": "intolerance"}
        given = [("visit_done", "2024-02-16")]
        assert self.warned(patient, "treatment_ended", **end) == [
            ("records_after_end", "records after 2024-01-26: 1", given)
        ]

    @pytest.mark.parametrize("last_dose_on", ["2024-01-20", "2024-01-26"])
    def test_an_end_of_the_regimen_before_them(self, patient: Patient, last_dose_on: str) -> None:
        given = [("visit_done", on) for on in ("2024-01-26", "2024-02-16") if on > last_dose_on]
        ended = {"regimen": "pembrolizumab", "last_dose_on": last_dose_on}
        assert self.warned(patient, "regimen_ended", **ended) == [
            ("records_after_end", f"records after {last_dose_on}: {len(given)}", given)
        ]

    def test_an_end_of_what_is_taken_beside_it_says_nothing_of_them(self) -> None:
        patient = treated(infusion(), regimen_data())
        give(patient, "2024-01-26")
        for on in ("2024-01-19", "2024-01-21"):
            patient.record("dose_recorded", dose_on=on, status="taken", amount=300, regimen="surufatinib")
        assert self.warned(patient, "regimen_ended", regimen="surufatinib", last_dose_on="2024-01-20") == [
            ("records_after_end", "records after 2024-01-20: 1", [("dose_recorded", "2024-01-21")])
        ]
        assert self.warned(patient, "regimen_ended", regimen="pembrolizumab", last_dose_on="2024-01-26") == []

    def test_a_reduction_from_before_them(self, patient: Patient) -> None:
        """100 mg from 2024-01-20: of the infusion of 2024-01-05 nothing changes."""
        why = "100 mg from 2024-01-20"
        assert self.moved(patient, "dose_changed", from_on="2024-01-20", amount=100) == {
            "2024-01-26 of pembrolizumab-c2d1": (200, 100, why),
            "2024-02-16 of pembrolizumab-c3d1": (200, 100, why),
        }

    def test_a_hold_and_an_end_from_before_them(self, patient: Patient) -> None:
        assert self.moved(patient, "hold_started", from_on="2024-01-25", resumes_on="2024-01-28") == {
            "2024-01-26 of pembrolizumab-c2d1": (200, None, "held from 2024-01-25, resumes 2024-01-28")
        }
        assert self.moved(patient, "regimen_ended", regimen="pembrolizumab", last_dose_on="2024-02-10") == {
            "2024-02-16 of pembrolizumab-c3d1": (200, None, "the regimen is over")
        }


class TestThePlanBefore:
    """A dose that was recorded before a hold or change of that day is measured by the plan before."""

    def given_at(self, hour: int, kind: str, at: int, **change: Any) -> list[tuple[str, str]]:
        """The deviations of 200 mg given and recorded on 26 January, and a fact of that day at another hour."""
        patient = treated()
        give(patient, "2024-01-05")
        facts: list[tuple[int, str, dict[str, Any]]] = [
            (hour, "visit_done", {"series": "pembrolizumab", "done_on": "2024-01-26", "amount": 200}),
            (at, kind, {"from_on": "2024-01-26", **change}),
        ]
        for o_clock, what, data in sorted(facts, key=itemgetter(0)):
            patient.record(what, now=datetime(2024, 1, 26, o_clock, tzinfo=ZoneInfo("Asia/Shanghai")), **data)
        return patient.on("2024-01-27").deviations()

    def test_a_hold(self) -> None:
        assert self.given_at(9, "hold_started", 11) == []
        assert self.given_at(11, "hold_started", 9) == [("dose_while_held", "2024-01-26")]

    def test_a_reduction(self) -> None:
        assert self.given_at(9, "dose_changed", 11, amount=100) == []
        found = self.given_at(11, "dose_changed", 9, amount=100)
        assert sorted(found) == [("dose_above_plan", "2024-01-26"), ("dose_amount", "2024-01-26")]


class TestOneDrugInTwoForms:
    """Infusions every 21 days, and tablets of the same drug from 15 January on: on one day only the tablets."""

    @pytest.fixture
    def patient(self) -> Patient:
        tablets = {**regimen_data(), "id": "tablets", "drug": "pembrolizumab", "starts": {"milestone": "switched"}}
        data = protocol_data(milestones=[{"id": "switched", "label": "Switched"}])
        patient = Patient.treated(read_protocol({**data, "regimens": [infusion(), tablets]}))
        give(patient, "2024-01-05")
        return patient

    def test_a_dose_on_a_day_of_the_later_one_is_not_planned(self, patient: Patient) -> None:
        assert patient.on("2024-01-20").visits["pembrolizumab-c2d1"]["status"] == "upcoming"
        patient.record("milestone_reached", milestone="switched", on="2024-01-15")
        seen = patient.on("2024-01-26")
        assert [*seen.visits] == ["pembrolizumab-c1d1"]
        assert seen.doses["2024-01-26"]["amount"] == 300
        assert to_do(patient, "visit_to_book", "2024-01-26") == []
        assert to_do(patient, "regimens_overlap", "2024-01-26") == [
            "pembrolizumab and tablets are the same drug and both run from 2024-01-15 on: only tablets is planned"
        ]

    def test_a_booked_one_is_to_be_cancelled(self, patient: Patient) -> None:
        patient.record("visit_booked", visit="pembrolizumab-c2d1", booked_on="2024-01-26")
        patient.record("milestone_reached", milestone="switched", on="2024-01-15")
        assert patient.on("2024-01-20").visits["pembrolizumab-c2d1"]["status"] == "not_required"
        assert len(to_do(patient, "booking_to_cancel", "2024-01-20")) == 1

    @pytest.mark.parametrize("visit", [None, "pembrolizumab-c2d1"])
    def test_one_given_all_the_same_was_not_planned(self, patient: Patient, visit: str | None) -> None:
        give(patient, "2024-01-26", visit)
        patient.record("milestone_reached", milestone="switched", on="2024-01-15")
        seen = patient.on("2024-01-27")
        assert ("dose_not_planned", "2024-01-26") in seen.deviations()
        assert [row["done_on"] for row in seen["unscheduled"]] == ["2024-01-26"]
        assert len(to_do(patient, "dose_not_planned", "2024-01-27")) == 1

    def test_an_infusion_that_started_later_is_planned_in_place_of_the_tablets(self) -> None:
        data = protocol_data(milestones=[{"id": "switched", "label": "Switched"}])
        later = infusion(drug="surufatinib", starts={"milestone": "switched"})
        patient = Patient.treated(read_protocol({**data, "regimens": [regimen_data(), later]}))
        patient.record("milestone_reached", milestone="switched", on="2024-01-15")
        seen = patient.on("2024-01-14", "2024-01-10", "2024-01-20")
        assert seen.status("pembrolizumab-c1d1") == "open"
        assert [*seen.doses] == [f"2024-01-{number}" for number in (10, 11, 12, 13, 14, 16, 17, 18, 19, 20)]
