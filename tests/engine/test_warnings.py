"""What speaks against a fact, and who records it should know: by hand. First dose on 2024-01-05."""

from __future__ import annotations

from typing import Any

import pytest

from .patients import Patient, protocol, regimen_data, series
from .test_given_at_site import infusion
from .test_regimens import treated


def found(patient: Patient) -> list[tuple[str, str, list[str]]]:
    """Return the warnings about the last fact: the code, the words, and the days of the records it is about."""
    return [(one["code"], one["detail"], [row["on"] for row in one["records"]]) for one in patient.warned()]


class TestAfterTheEnd:
    """An amount, a hold or its end that begins after treatment ended does nothing."""

    @pytest.mark.parametrize(
        ("kind", "data"),
        [
            ("dose_changed", {"from_on": "2024-03-02", "amount": 250}),
            ("hold_started", {"from_on": "2024-03-02"}),
        ],
    )
    def test_it_is_said(self, kind: str, data: dict[str, Any]) -> None:
        patient = Patient.treated()
        patient.end_treatment("2024-03-01", decided_on="2024-03-05")
        patient.record(kind, **data)
        assert found(patient) == [
            (
                "after_end_of_treatment",
                "from 2024-03-02, after the last day of treatment 2024-03-01: nothing follows from it",
                ["2024-03-02"],
            )
        ]

    @pytest.mark.parametrize("from_on", ["2024-02-20", "2024-03-01"])
    def test_through_the_last_day_nothing_is_said(self, from_on: str) -> None:
        patient = Patient.treated()
        patient.end_treatment("2024-03-01", decided_on="2024-03-05")
        patient.record("dose_changed", from_on=from_on, amount=250)
        assert found(patient) == []

    def test_nor_without_an_end(self) -> None:
        patient = Patient.treated()
        patient.record("hold_started", from_on="2024-03-02")
        assert found(patient) == []

    def test_the_end_of_a_hold_does_not_resume_what_has_ended(self) -> None:
        patient = Patient.treated()
        patient.record("hold_started", from_on="2024-02-20")
        patient.end_treatment("2024-02-19", decided_on="2024-03-01")
        patient.record("hold_ended", resumes_on="2024-03-04")
        assert [one[0] for one in found(patient)] == ["after_end_of_treatment"]

    def test_of_two_drugs_the_one_that_it_is_about_counts(self) -> None:
        patient = treated(infusion(), regimen_data())
        patient.record("regimen_ended", regimen="surufatinib", last_dose_on="2024-01-20")
        patient.record("hold_started", from_on="2024-01-22", regimens=["surufatinib"])
        assert [one[0] for one in found(patient)] == ["after_end_of_treatment"]
        patient.record("hold_ended", resumes_on="2024-01-23")
        assert [one[0] for one in found(patient)] == ["after_end_of_treatment"]
        # The other drug goes on, and is held.
        patient.record("hold_started", from_on="2024-01-24")
        assert found(patient) == []
        patient.record("hold_ended", resumes_on="2024-01-25")
        assert found(patient) == []
        patient.record("dose_changed", from_on="2024-01-25", amount=100, regimen="pembrolizumab")
        assert found(patient) == []


class TestOneVisitTwice:
    """Imaging week 6 is due 2024-02-14; of two records that name it the earlier counts."""

    def test_the_later_one_is_of_no_visit(self) -> None:
        patient = Patient.treated()
        patient.scan("2024-02-14", "imaging-w6")
        assert found(patient) == []
        patient.scan("2024-02-20", "imaging-w6")
        assert found(patient) == [("unscheduled", "what was done on 2024-02-20 belongs to no visit", ["2024-02-20"])]

    def test_the_earlier_one_takes_its_place(self) -> None:
        patient = Patient.treated()
        patient.scan("2024-02-20", "imaging-w6")
        patient.scan("2024-02-14", "imaging-w6")
        assert found(patient) == [
            ("takes_the_place", "what was done on 2024-02-20 belongs to no visit", ["2024-02-20"])
        ]

    def test_another_visit_a_part_and_an_extra_scan_take_nothing(self) -> None:
        patient = Patient.treated()
        patient.scan("2024-02-20", "imaging-w6")
        patient.scan("2024-03-27", "imaging-w12")
        assert found(patient) == []
        patient.record("visit_done", series="imaging", done_on="2024-02-14", visit="imaging-w6", part=True)
        assert found(patient) == []
        patient.scan("2024-02-10", "unscheduled")
        assert found(patient) == []


class TestAnAmendment:
    """Imaging every 6 weeks from 2024-01-03 (w6 2024-02-14, w12 03-27), amended to every 8 (w8 02-28, w16 04-24)."""

    def warned(
        self, from_on: str, weeks: int = 8, window: tuple[int, int] = (3, 3)
    ) -> list[tuple[str, str, list[str]]]:
        """Return the warnings about the amendment from a day on."""
        first = protocol(series("imaging", every={"weeks": 6}), series("clinic", every={"weeks": 3}))
        second = protocol(
            series("imaging", every={"weeks": weeks}, window=window), series("clinic", every={"weeks": 3}), version=2
        )
        patient = Patient.treated(first, second)
        patient.record("protocol_amended", version=2, from_on=from_on)
        return found(patient)

    @pytest.mark.parametrize("from_on", ["2024-02-29", "2024-03-27"])
    def test_a_pause_longer_than_those_of_both_is_said(self, from_on: str) -> None:
        """Too late for w8, and too early for w12: from w6 to w16 there are ten weeks."""
        assert self.warned(from_on) == [
            (
                "longer_gap",
                "70 days between imaging-w6, 2024-02-14, and imaging-w16, 2024-04-24: longer than before or after",
                [from_on],
            )
        ]

    @pytest.mark.parametrize("from_on", ["2024-02-15", "2024-02-28", "2024-03-28", "2024-04-24"])
    def test_no_longer_one_is_none(self, from_on: str) -> None:
        assert self.warned(from_on) == []

    def test_nor_is_the_first_pause_of_the_longer_interval(self) -> None:
        """From w12 to w24 there are the twelve weeks of the new version."""
        assert self.warned("2024-03-28", weeks=12) == []

    def test_a_visit_that_is_dropped_leaves_one(self) -> None:
        """With ±7 days w8 would open on 02-21, when w6 closes."""
        assert [one[0] for one in self.warned("2024-02-16", window=(7, 7))] == ["longer_gap"]

    def test_what_the_patient_no_longer_needs_is_not_missed(self) -> None:
        imaging = [series("imaging", every={"weeks": weeks}, until=["progression"]) for weeks in (6, 8)]
        patient = Patient.treated(protocol(imaging[0]), protocol(imaging[1], version=2))
        patient.scan("2024-02-14", "imaging-w6", "PD")
        patient.record("protocol_amended", version=2, from_on="2024-03-01")
        assert found(patient) == []
