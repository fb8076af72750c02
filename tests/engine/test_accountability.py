"""The count of drug: by hand, and against a naive second reading. 300 mg a day of 50 mg capsules from 2024-01-05."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler_api.engine.doses.accountability import CountPeriod, count_periods
from scheduler_api.engine.errors import Conflict, ValidationFailed
from scheduler_api.engine.protocol_file.parse import read_protocol

from .naive_accountability import NaivePeriod, is_possible, moves, naive_periods
from .patients import Patient, day, plain, protocol, protocol_data, regimen_data, series
from .test_consequences import moved
from .test_worklist import entries

#: The day of the first return: 21 days of 6 capsules are 126.
RETURN = "2024-01-26"


def periods(patient: Patient) -> list[CountPeriod]:
    """The periods of a patient."""
    return count_periods(patient.schedule().treatment_plan)


def counted(patient: Patient, number: int = 0) -> tuple[Any, ...]:
    """Of one period: used, taken and planned amounts, compliance, whether both agree."""
    row = plain(periods(patient)[number].row())
    return row["used_amount"], row["taken_amount"], row["planned_amount"], row["compliance"], row["agrees"]


def supplied(*versions: Any, units: Mapping[str, int] | None = None, **start: Any) -> Patient:
    """A patient who was given 150 capsules on the first day."""
    patient = Patient.treated(*versions, **start)
    patient.record("drug_dispensed", on="2024-01-05", units=units or {"50": 150})
    return patient


def warned(patient: Patient) -> list[str]:
    """The codes of the warnings about the last fact."""
    return [one["code"] for one in patient.warned()]


class TestCount:
    """What was used by the count, and what the diary says."""

    def test_all_was_taken(self) -> None:
        """150 − 24 = 126 capsules, 6300 mg."""
        patient = supplied()
        patient.take("2024-01-05", "2024-01-25")
        patient.record("drug_returned", on=RETURN, units={"50": 24})
        assert counted(patient) == (6300, 6300, 6300, 1, True)
        (period,) = plain([one.row() for one in periods(patient)])
        assert (period["from_on"], period["returned_on"], period["expected"]) == ("2024-01-05", RETURN, {"50": 126})
        assert period["because"] == (
            f"surufatinib: 6300 mg used by the count from 2024-01-05 until the return of {RETURN}, 6300 mg taken by "
            "the diary"
        )

    def test_within_a_tenth_of_the_diary_they_agree(self) -> None:
        """19 doses are 5700 mg; the margin is 570 mg. 30 capsules back: 6000 mg used; 24 back: 6300 mg."""
        patient = supplied()
        patient.take("2024-01-05", "2024-01-23")
        patient.miss("2024-01-24", "2024-01-25")
        back = patient.record("drug_returned", on=RETURN, units={"50": 30})
        assert counted(patient) == (6000, 5700, 6300, 0.9524, True)
        patient.correct(back, "drug_returned", on=RETURN, units={"50": 24})
        assert counted(patient) == (6300, 5700, 6300, 1, False)

    def test_the_margin_is_the_protocols(self) -> None:
        """6900 mg used, 6300 taken: 600 mg, and a day's dose is 300 mg."""
        for margin, agrees in ((0, False), (9, False), (10, True)):
            patient = supplied(protocol(strengths=[50], accountability_margin=margin))
            patient.take("2024-01-05", "2024-01-25")
            patient.record("drug_returned", on=RETURN, units={"50": 12})
            assert counted(patient)[-1] is agrees

    def test_the_dose_of_the_day_of_a_return_may_be_on_either_side_of_it(self) -> None:
        """7 days are 2100 mg, a tenth of that 210 mg; the count has one dose more, or one less."""
        for back, agrees in ((108, True), (102, True), (114, True), (101, False), (115, False)):
            patient = supplied()
            patient.take("2024-01-05", "2024-01-11")
            patient.record("drug_returned", on="2024-01-12", units={"50": back})
            assert counted(patient)[-1] is agrees, back

    def test_what_was_lost_was_not_used(self) -> None:
        """150 − 12 lost on the way − 6 lost at the return − 6 back = 126."""
        patient = supplied()
        patient.take("2024-01-05", "2024-01-25")
        patient.record("drug_lost", on="2024-01-15", units={"50": 12}, note="fell into the sink")
        patient.record("drug_returned", on=RETURN, units={"50": 6}, lost={"50": 6})
        assert counted(patient) == (6300, 6300, 6300, 1, True)
        assert plain(periods(patient)[0].row())["lost"] == {"50": 18}

    def test_held_days_are_not_planned_and_a_dose_taken_then_is_in_the_diary(self) -> None:
        """16 days of 300 mg; on one of the five held days a dose was taken."""
        patient = supplied()
        patient.record("hold_started", from_on="2024-01-10", resumes_on="2024-01-15")
        patient.take("2024-01-05", "2024-01-10")
        patient.take("2024-01-15", "2024-01-25")
        patient.record("drug_returned", on=RETURN, units={"50": 150 - 17 * 6})
        assert counted(patient) == (5100, 5100, 4800, 1.0625, True)

    def test_what_is_left_by_the_diary(self) -> None:
        """24 capsules back; 120 new ones the same day; 3 doses since, of 300, 250 and 300 mg: 17 capsules; one lost."""
        patient = supplied()
        patient.record("drug_dispensed", on=RETURN, units={"50": 120})
        patient.record("drug_returned", on=RETURN, units={"50": 24})
        patient.record("drug_lost", on="2024-01-27", units={"50": 1})
        for on, amount in ((RETURN, 300.0), ("2024-01-27", 250.0), ("2024-01-28", 300.0)):
            patient.take(on, amount=amount)
        row = plain(periods(patient)[1].row())
        assert (row["from_on"], row["returned_on"], row["dispensed"]) == (RETURN, None, {"50": 120})
        assert (row["expected"], row["left"], row["taken_amount"]) == ({"50": 17}, {"50": 102}, 850)
        assert row["compliance"] is row["agrees"] is row["used_amount"] is row["returned"] is None
        assert row["because"] == f"surufatinib: given out since {RETURN}"

    def test_strengths_add_up_by_amount(self) -> None:
        """60 × 50 mg + 30 × 200 mg − 18 × 50 mg − 9 × 200 mg = 6300 mg, and 21 doses are 200 + 2 × 50 mg each."""
        patient = supplied(protocol(strengths=[200, 50]), units={"50": 60, "200": 30})
        patient.take("2024-01-05", "2024-01-25")
        patient.record("drug_returned", on=RETURN, units={"50": 18, "200": 9})
        assert counted(patient) == (6300, 6300, 6300, 1, True)
        assert plain(periods(patient)[0].row())["expected"] == {"200": 21, "50": 42}

    def test_a_dose_that_what_was_given_out_cannot_make_has_no_pieces(self) -> None:
        patient = supplied(protocol(strengths=[200, 50]), units={"200": 30})
        patient.take("2024-01-05")
        assert periods(patient)[0].row()["expected"] is None

    def test_all_that_was_given_out_comes_back_the_same_day(self) -> None:
        patient = supplied()
        patient.record("drug_returned", on="2024-01-05", units={"50": 150})
        assert counted(patient) == (0, 0, 0, None, True)
        assert len(periods(patient)) == 1

    def test_nothing_came_back(self) -> None:
        patient = supplied(units={"50": 126})
        patient.take("2024-01-05", "2024-01-25")
        patient.record("drug_returned", on=RETURN, units={})
        assert counted(patient) == (6300, 6300, 6300, 1, True)

    def test_regimens_of_one_drug_share_their_bottles(self) -> None:
        """300 mg for one cycle of 7 days, then 200 mg: (7 × 6 + 7 × 4) capsules in 14 days."""
        first = regimen_data(id="loading", cycle_days=7, cycles=1, strengths=[50])
        then = regimen_data(200, id="upkeep", cycle_days=7, starts={"after": "loading"}, strengths=[50])
        other = regimen_data(100, [], id="olaparib", drug="olaparib", strengths=[100])
        patient = Patient.treated(read_protocol({**protocol_data(), "regimens": [first, then, other]}))
        patient.record("drug_dispensed", on="2024-01-05", units={"50": 80}, regimen="loading")
        patient.record("drug_dispensed", on="2024-01-05", units={"100": 20}, regimen="olaparib")
        for n in range(14):
            on = (day("2024-01-05") + timedelta(n)).isoformat()
            patient.record(
                "dose_recorded", dose_on=on, status="taken", regimen="loading" if n < 7 else "upkeep", slot=1
            )
        patient.record("drug_returned", on="2024-01-19", units={"50": 10}, regimen="upkeep")
        rows = plain([period.row() for period in periods(patient)])
        assert [row["regimens"] for row in rows] == [["loading", "upkeep"], ["olaparib"]]
        assert counted(patient) == (3500, 3500, 3500, 1, True)
        assert rows[1]["left"] == {"100": 20}


class TestRefusals:
    """What cannot be is refused; all else is recorded."""

    def test_days_and_strengths(self) -> None:
        patient = supplied()
        for pointer, data in (
            ("/on: Before", {"on": "2024-01-02", "units": {"50": 1}}),
            ("/on: After", {"on": "2027-02-01", "units": {"50": 1}}),
            ("/units/75: The protocol has no strength 75. It has 50", {"on": RETURN, "units": {"50": 1, "75": 1}}),
            ("/units/a~1b", {"on": RETURN, "units": {"a/b": 1}}),
            ("/lost/75", {"on": RETURN, "units": {}, "lost": {"75": 1}}),
            ("/regimen", {"on": RETURN, "units": {"50": 1}, "regimen": "aspirin"}),
        ):
            with pytest.raises(ValidationFailed, match=pointer):
                patient.record("drug_returned", **data)
        with pytest.raises(ValidationFailed, match="not enrolled"):
            Patient.screened().record("drug_dispensed", on="2024-01-05", units={"50": 1})

    def test_of_several_regimens_one_is_named(self) -> None:
        other = regimen_data(100, [], id="olaparib", drug="olaparib", strengths=[100])
        patient = Patient.treated(read_protocol({**protocol_data(), "regimens": [regimen_data(), other]}))
        with pytest.raises(ValidationFailed, match="several regimens"):
            patient.record("drug_dispensed", on="2024-01-05", units={"100": 1})
        with pytest.raises(ValidationFailed, match="It has none"):
            patient.record("drug_dispensed", on="2024-01-05", units={"100": 1}, regimen="surufatinib")

    def test_no_more_comes_back_than_was_given_out(self) -> None:
        patient = supplied()
        given_out = patient.facts[-1].fact_id
        for kind, data in (
            ("drug_returned", {"units": {"50": 151}}),
            ("drug_returned", {"units": {"50": 100}, "lost": {"50": 51}}),
            ("drug_lost", {"units": {"50": 151}}),
        ):
            with pytest.raises(Conflict, match="/units: 1 more of 50 mg than were given out through 2024-01-26"):
                patient.record(kind, on=RETURN, **data)
        with pytest.raises(Conflict, match="/lost"):
            patient.record("drug_returned", on=RETURN, units={}, lost={"50": 151})
        # Of 100 back, 100 were given out before.
        patient.record("drug_returned", on=RETURN, units={"50": 100})
        with pytest.raises(Conflict, match="/voids"):
            patient.void(given_out)
        with pytest.raises(Conflict, match="/units: 50 more"):
            patient.correct(given_out, "drug_dispensed", on="2024-01-05", units={"50": 50})

    def test_after_death_relatives_bring_back_what_is_left(self) -> None:
        patient = supplied()
        patient.end_treatment("2024-01-20", "death")
        with pytest.raises(Conflict, match="/on"):
            patient.record("drug_dispensed", on=RETURN, units={"50": 1})
        patient.record("drug_returned", on=RETURN, units={"50": 60})
        assert periods(patient)[0].used == 4500


class TestWhatFollows:
    """Warnings, the worklist, consequences."""

    def test_no_date_changes(self) -> None:
        patient = Patient.treated(protocol(series("imaging", every={"weeks": 6}), strengths=[50]))
        patient.take("2024-01-05", "2024-01-25")
        before = patient.on("2024-03-01").document
        found = moved(patient, lambda: patient.record("drug_dispensed", on="2024-01-05", units={"50": 150}))
        given_out = {"returned_on": None, "dispensed": {"50": 150}, "returned": None, "lost": {}}
        nothing = {"compliance": None, "difference": None, "agrees": None}
        assert found == {"drug count from 2024-01-05": {"before": None, "after": given_out | nothing}}
        found = moved(patient, lambda: patient.record("drug_returned", on=RETURN, units={"50": 24}))
        assert found["drug count from 2024-01-05"]["after"] == {
            "returned_on": RETURN,
            "returned": {"50": 24},
            "compliance": 1,
            "difference": 0,
            "agrees": True,
        }
        # A correction of the diary moves the count's verdict, and nothing else.
        found = moved(patient, lambda: patient.miss("2024-01-20"))
        assert found["drug count from 2024-01-05"]["after"] == {"difference": 300}
        patient.take("2024-01-20")
        assert patient.on("2024-03-01").document == before
        drug = [fact.fact_id for fact in reversed(patient.facts) if fact.kind.startswith("drug")]
        found = moved(patient, lambda: [patient.void(fact_id) for fact_id in drug])
        assert found["drug count from 2024-01-05"]["after"] is None

    def test_a_count_that_differs_is_on_the_worklist_until_it_is_corrected(self) -> None:
        patient = supplied()
        patient.take("2024-01-05", "2024-01-20")
        back = patient.record("drug_returned", on=RETURN, units={"50": 24})
        assert warned(patient) == ["drug_count_differs"]
        (entry,) = [one for one in entries(patient, RETURN) if one.kind == "drug_count_differs"]
        assert (str(entry.due_on), entry.through_on, entry.about) == ("2024-02-02", None, RETURN)
        assert plain(entry.because).endswith(
            "6300 mg used by the count from 2024-01-05 until the return of "
            f"{RETURN}, 4800 mg taken by the diary; they may differ by 10 %"
        )
        assert [(call.fact, call.needs) for call in entry.resolve_with] == [
            ({"kind": "drug_returned", "on": RETURN, "replaces": back}, ("units", "reason")),
            ({"kind": "dose_recorded"}, ("dose_on", "status")),
        ]
        patient.take("2024-01-21", "2024-01-25")
        assert "drug_count_differs" not in [one.kind for one in entries(patient, RETURN)]

    def test_warnings(self) -> None:
        patient = supplied()
        patient.record("drug_dispensed", on="2024-01-06", units={"50": 10}, kit="A-1")
        assert warned(patient) == []
        patient.record("drug_dispensed", on="2024-01-07", units={"50": 10}, kit="a-1")
        assert warned(patient) == ["kit_given_twice"]
        patient.record("drug_lost", on="2024-01-08", units={"50": 1}, kit="B-9")
        assert warned(patient) == ["unknown_kit"]
        patient.end_treatment("2024-01-20")
        patient.record("drug_dispensed", on="2024-01-21", units={"50": 10})
        assert warned(patient) == ["dispensed_after_end"]

    def test_a_kit_that_came_back_is_given_out_again(self) -> None:
        patient = Patient.treated()
        for kind in ("drug_dispensed", "drug_returned", "drug_dispensed"):
            patient.record(kind, on="2024-01-05", units={"50": 10}, kit="A-1")
            assert warned(patient) == []
        # A return that names no kit may be of any.
        patient.record("drug_returned", on="2024-01-06", units={"50": 10})
        patient.record("drug_dispensed", on="2024-01-06", units={"50": 10}, kit="A-1")
        assert warned(patient) == []


_STEP = st.tuples(
    st.sampled_from(["dispense", "dispense", "return", "return", "lose", "take", "take", "miss", "hold", "void"]),
    # Few days and counts, so that much falls on one day, and counts lie at the margin.
    st.sampled_from([0, 0, 7, 14, 21, 28]),
    st.sampled_from([0, 1, 4, 6, 24, 38, 42, 46, 84, 126, 150]),
)


@given(st.lists(_STEP, max_size=14), st.sampled_from([0, 10, 50]))
def test_the_count_is_what_a_naive_reading_says(steps: list[tuple[str, int, int]], margin: int) -> None:
    patient = Patient.treated(protocol(strengths=[50, 200], accountability_margin=margin, cycle_days=21))
    for what, number, count in steps:
        on = (day("2024-01-05") + timedelta(number)).isoformat()
        units = {"50": count} if count % 3 else {"50": count, "200": count // 3}
        drug = [fact.fact_id for fact in patient.facts if fact.kind.startswith("drug")]
        facts_before = list(patient.facts)
        try:
            match what:
                case "dispense":
                    patient.record("drug_dispensed", on=on, units=units)
                case "return":
                    patient.record("drug_returned", on=on, units=units, lost={"50": 1} if count % 5 == 0 else None)
                case "lose":
                    patient.record("drug_lost", on=on, units=units)
                case "take":
                    until = (day(on) + timedelta(count % 25)).isoformat()
                    patient.take(on, until, amount=[300.0, 250.0, 350.0][count % 3])
                case "miss":
                    patient.miss(on)
                case "hold":
                    patient.record("hold_started", from_on=on, resumes_on=(day(on) + timedelta(3)).isoformat())
                case "void" if drug:
                    patient.void(drug[count % len(drug)])
        except ValidationFailed as refused:
            if any(error.code == "more_than_dispensed" for error in refused.errors):
                assert what in ("return", "lose", "void")
            assert patient.facts == facts_before
        assert is_possible(moves(patient))
    found = [
        NaivePeriod(
            one.from_on,
            one.returned_on,
            *map(_some, (one.dispensed, one.returned, one.lost)),
            one.used,
            one.taken,
            one.planned,
            one.agrees,
        )
        for one in periods(patient)
    ]
    assert found == naive_periods(patient, margin)


def _some(pieces: Mapping[float, int]) -> dict[float, int]:
    return {strength: count for strength, count in pieces.items() if count}
