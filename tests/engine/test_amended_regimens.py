"""What an amendment changes of regimens: by hand (rules, sections 4 and 9)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from scheduler_api.engine.errors import Conflict, ValidationFailed
from scheduler_api.engine.protocol_file.parse import read_protocol

from .patients import Patient, plain, protocol_data, regimen_data, series
from .test_given_at_site import give, infusion
from .test_regimens import Data, doses, drug, take


def treated(
    *versions: list[Data], from_on: str | None = "2024-02-01", visits: Sequence[Data] = (), **rest: list[Data]
) -> Patient:
    """The patient of the worked examples, whose first dose was on 2024-01-05, on versions with these regimens.

    The second applies from `from_on`; None: it is not in force yet.
    """
    read = [
        read_protocol({**protocol_data(*visits, version=number, **rest), "regimens": regimens})
        for number, regimens in enumerate(versions, 1)
    ]
    patient = Patient.treated(*read)
    if from_on is not None:
        patient.record("protocol_amended", version=2, from_on=from_on)
    return patient


class TestWhatNamesNoRegimen:
    """What was recorded in a version with one regimen says nothing of those that an amendment adds."""

    def test_an_amount(self) -> None:
        patient = treated([regimen_data()], [regimen_data(), drug("tamoxifen", 20)], from_on=None)
        patient.record("dose_changed", from_on="2024-01-10", amount=200)
        patient.record("protocol_amended", version=2, from_on="2024-02-01")
        assert doses(patient, "2024-02-01") == {
            "surufatinib.1": (200, "unrecorded"),
            "tamoxifen.1": (20, "unrecorded"),
        }

    def test_an_amount_of_the_only_regimen_of_a_later_version(self) -> None:
        """Surufatinib ended on 20 January; the change is of olaparib, also once a third version has more drugs."""
        patient = treated(
            *([regimen_data(), drug()], [drug(levels=[100])], [drug(levels=[100]), drug("tamoxifen", 120)]),
            from_on=None,
        )
        patient.record("regimen_ended", regimen="surufatinib", last_dose_on="2024-01-20")
        patient.record("protocol_amended", version=2, from_on="2024-02-01")
        patient.record("dose_changed", from_on="2024-02-10", amount=100)
        patient.record("protocol_amended", version=3, from_on="2024-02-05")
        assert doses(patient, "2024-02-10") == {"olaparib.1": (100, "unrecorded"), "tamoxifen.1": (120, "unrecorded")}

    def test_a_hold_is_of_all_of_them(self) -> None:
        patient = treated([regimen_data()], [regimen_data(), drug("tamoxifen", 20)], from_on=None)
        patient.record("hold_started", from_on="2024-01-25", resumes_on="2024-02-03")
        patient.record("protocol_amended", version=2, from_on="2024-02-01")
        assert doses(patient, "2024-02-02")["tamoxifen.1"] == (None, "held")
        assert doses(patient, "2024-02-03")["tamoxifen.1"] == (20, "unrecorded")


class TestStart:
    """A regimen starts by the version that is in force on the day on which it starts."""

    CROSSOVER = ({"id": "crossover", "label": "Crossover"},)

    def test_a_gap_that_an_amendment_adds_is_kept(self) -> None:
        """Two cycles end on 15 February; 14 days after them, the 16th is in the washout, and the start on 1 March."""
        following = drug(starts={"after": "surufatinib"})
        patient = treated(
            [regimen_data(cycles=2), following], [regimen_data(cycles=2), {**following, "gap": {"days": 14}}]
        )
        assert doses(patient, "2024-02-15") == {"surufatinib.1": (300, "unrecorded")}
        assert [*doses(patient, "2024-02-16"), *doses(patient, "2024-02-29")] == []
        assert doses(patient, "2024-03-01") == {"olaparib.1": (200, "unrecorded")}

    def test_one_that_is_to_wait_for_a_milestone_waits(self) -> None:
        of_both = [regimen_data(cycles=2), drug(starts={"after": "surufatinib"})]
        waiting = [regimen_data(cycles=2), drug(starts={"milestone": "crossover"})]
        patient = treated(of_both, waiting, milestones=[*self.CROSSOVER])
        assert doses(patient, "2024-02-16") == {}
        patient.record("milestone_reached", milestone="crossover", on="2024-02-20")
        assert [*doses(patient, "2024-02-19")] == []
        assert patient.on("2024-02-20", "2024-02-20")["doses"][0]["cycle_day"] == 1

    def test_one_that_has_started_goes_on(self) -> None:
        """Olaparib started on 16 February; the gap of a version from the 20th comes too late."""
        following = drug(starts={"after": "surufatinib"})
        gap = {**following, "gap": {"days": 14}}
        patient = treated([regimen_data(cycles=2), following], [regimen_data(cycles=2), gap], from_on="2024-02-20")
        assert [patient.on("2024-03-01", on, on).place(on) for on in ("2024-02-16", "2024-02-20")] == [(1, 1), (1, 5)]

    def test_one_that_would_have_started_before_the_amendment_starts_with_it(self) -> None:
        """By version 2, from 1 March, there is no gap any more: nothing was planned from 16 to 29 February."""
        following = drug(starts={"after": "surufatinib"})
        gap = {**following, "gap": {"days": 28}}
        patient = treated([regimen_data(cycles=2), gap], [regimen_data(cycles=2), following], from_on="2024-03-01")
        assert doses(patient, "2024-02-29") == {}
        (row,) = patient.on("2024-03-01", "2024-03-01", "2024-03-01")["doses"]
        assert (row["dose_id"], row["cycle"], row["cycle_day"]) == ("2024-03-01.olaparib.1", 1, 1)

    def test_one_that_waited_for_a_milestone_and_is_to_start_with_treatment_starts_with_the_amendment(self) -> None:
        waiting = [regimen_data(), drug(starts={"milestone": "crossover"})]
        clinic = series("clinic", {"regimen": "olaparib", "days": [1], "cycles": [1, 2]}, window=(1, 1))
        patient = treated(waiting, [regimen_data(), drug()], milestones=[*self.CROSSOVER], visits=[clinic])
        assert [*doses(patient, "2024-01-31"), *doses(patient, "2024-02-01")] == [
            *("surufatinib.1", "surufatinib.1", "olaparib.1"),
        ]
        seen = patient.on("2024-02-03")
        assert seen.targets("clinic") == {"clinic-olaparib-c1d1": "2024-02-01", "clinic-olaparib-c2d1": "2024-02-22"}
        assert seen.visits["clinic-olaparib-c2d1"]["because"] == (
            "the amendment of 2024-02-01, by which it was to start earlier (first dose 2024-01-05) + 21 days"
            " = cycle 2 day 1"
        )

    def test_one_that_is_to_start_on_the_day_of_the_amendment_starts_by_itself(self) -> None:
        waiting = [regimen_data(), drug(starts={"milestone": "crossover"})]
        patient = treated(waiting, [regimen_data(), drug()], from_on="2024-01-05", milestones=[*self.CROSSOVER])
        olaparib = patient.schedule().treatment_plan.regimen("olaparib")
        assert olaparib is not None
        assert olaparib.started is not None
        assert plain(olaparib.started.because) == "first dose 2024-01-05"


class TestNumberOfDoses:
    """How many doses a regimen has is what the version of the day says, all doses before counted."""

    @pytest.mark.parametrize("before", [{}, {"max_doses": 60}])
    def test_a_number_that_an_amendment_sets_or_lowers(self, before: Data) -> None:
        """From 5 January to 3 February there are 30 days."""
        patient = treated([regimen_data(**before)], [regimen_data(max_doses=30)], from_on="2024-01-20")
        assert doses(patient, "2024-02-03") == {"surufatinib.1": (300, "unrecorded")}
        assert doses(patient, "2024-02-04") == {}
        assert patient.on("2024-02-10").deviations() == []
        take(patient, "2024-02-04", 300)
        assert patient.on("2024-02-10").deviations() == [("dose_not_planned", "2024-02-04")]

    def test_a_number_that_was_reached_before_ends_it_the_day_before_the_amendment(self) -> None:
        patient = treated([regimen_data()], [regimen_data(max_doses=10)], from_on="2024-01-20")
        patient.miss("2024-01-19")
        assert doses(patient, "2024-01-19") == {"surufatinib.1": (300, "missed")}
        assert doses(patient, "2024-01-20") == {}

    def test_a_number_that_an_amendment_raises_or_takes_away(self) -> None:
        for more in ({}, {"max_doses": 40}):
            patient = treated([regimen_data(max_doses=30)], [regimen_data(**more)], from_on="2024-01-20")
            assert doses(patient, "2024-02-04") == {"surufatinib.1": (300, "unrecorded")}
        late = treated([regimen_data(max_doses=30)], [regimen_data()], from_on="2024-02-10")
        assert doses(late, "2024-02-10") == {}

    def test_of_what_the_site_gives(self) -> None:
        """Two were given. The third was to be given from 13 February on, and has been left out since the 14th."""
        clinic = [infusion(cycles_count_from="planned", **more) for more in ({}, {"max_doses": 2})]
        patient = treated([clinic[0]], [clinic[1]], from_on="2024-02-14")
        give(patient, "2024-01-05")
        give(patient, "2024-01-26")
        assert [*patient.on("2024-02-14").visits] == ["pembrolizumab-c1d1", "pembrolizumab-c2d1"]
        assert patient.on("2024-02-14", "2024-02-01", "2024-03-30")["cycles"][-1]["ends_on"] == "2024-02-13"


class TestWhatCannotBeTakenAway:
    """An amendment takes away neither what the patient takes, nor what is on record."""

    ARMS = ({"id": "a", "label": "Arm A"}, {"id": "b", "label": "Arm B"})

    def test_a_regimen_that_began_after_the_amendment(self) -> None:
        """Surufatinib ended on 5 February, olaparib began on the 10th: no version without it can apply from the 9th."""
        crossover = drug(starts={"milestone": "crossover"})
        declared = [{"id": "crossover", "label": "Crossover"}]
        patient = treated([regimen_data(), crossover], [regimen_data()], from_on=None, milestones=declared)
        patient.record("regimen_ended", regimen="surufatinib", last_dose_on="2024-02-05")
        patient.record("milestone_reached", milestone="crossover", on="2024-02-10")
        take(patient, "2024-02-12", 200, "olaparib")
        with pytest.raises(ValidationFailed, match="olaparib, which runs on 2024-02-10"):
            patient.record("protocol_amended", version=2, from_on="2024-02-09")
        patient.record("regimen_ended", regimen="olaparib", last_dose_on="2024-02-12")
        patient.record("protocol_amended", version=2, from_on="2024-02-13")
        assert doses(patient, "2024-02-12")["olaparib.1"] == (200, "taken")

    def test_only_until_the_next_amendment(self) -> None:
        """Version 2 has no olaparib, and applies from 1 to 9 February; olaparib begins on the 16th, with version 3."""
        both = [regimen_data(cycles=2), drug(starts={"after": "surufatinib"})]
        patient = treated(both, [regimen_data(cycles=2)], both, from_on=None)
        with pytest.raises(ValidationFailed, match="olaparib, which runs on 2024-02-16"):
            patient.record("protocol_amended", version=2, from_on="2024-02-01")
        patient.record("protocol_amended", version=3, from_on="2024-02-10")
        patient.record("protocol_amended", version=2, from_on="2024-02-01")

    def test_what_is_still_to_begin(self) -> None:
        """On 20 January nobody takes olaparib yet."""
        both = [regimen_data(cycles=2), drug(starts={"after": "surufatinib"})]
        patient = treated(both, [regimen_data(cycles=2)], from_on=None)
        on_that_day = datetime(2024, 1, 20, 4, tzinfo=UTC)
        patient.record("protocol_amended", version=2, from_on="2024-02-01", now=on_that_day)
        assert doses(patient, "2024-02-16") == {}

    def test_the_arm_of_a_later_day(self) -> None:
        versions = [read_protocol(protocol_data(version=number, arms=[*self.ARMS[: 3 - number]])) for number in (1, 2)]
        patient = Patient.treated(*versions, arm="a")
        patient.record("arm_assigned", arm="b", on="2024-02-10")
        with pytest.raises(ValidationFailed, match="no arm b, in which the patient is on 2024-02-10"):
            patient.record("protocol_amended", version=2, from_on="2024-02-01")

    def test_a_regimen_of_which_a_dose_is_on_record(self) -> None:
        patient = treated([regimen_data()], [regimen_data(), drug()], [regimen_data(), drug(amount=100)], from_on=None)
        amendment = patient.record("protocol_amended", version=2, from_on="2024-02-01")
        dose = take(patient, "2024-02-05", 900, "olaparib")
        with pytest.raises(Conflict, match="Doses of olaparib are on record"):
            patient.void(amendment)
        amendment = patient.correct(amendment, "protocol_amended", version=3, from_on="2024-02-01")
        patient.void(dose)
        patient.void(amendment)

    def test_a_series_of_which_a_visit_is_on_record(self) -> None:
        lab = series("lab", every={"weeks": 4}, window=(3, 3))
        patient = Patient.treated(
            *(read_protocol(protocol_data(*visits, version=n)) for n, visits in ((1, ()), (2, (lab,))))
        )
        amendment = patient.record("protocol_amended", version=2, from_on="2024-01-20")
        patient.record("visit_done", series="lab", done_on="2024-01-31")
        with pytest.raises(Conflict, match="records a visit of lab"):
            patient.void(amendment)

    def test_an_arm_that_was_assigned(self) -> None:
        versions = [read_protocol(protocol_data(version=number, arms=[*self.ARMS[:number]])) for number in (1, 2)]
        patient = Patient.treated(*versions, arm="a")
        amendment = patient.record("protocol_amended", version=2, from_on="2024-02-01")
        patient.record("arm_assigned", arm="b", on="2024-02-10")
        with pytest.raises(Conflict, match="Arm b is on record"):
            patient.void(amendment)
