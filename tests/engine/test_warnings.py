"""What speaks against a fact, and who records it should know: by hand. First dose on 2024-01-05."""

from __future__ import annotations

from typing import Any

import pytest

from .patients import Patient, regimen_data
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
