"""Hold what is said to whoever records a fact that something speaks against, by hand. First dose on 2024-01-05."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from scheduler_api.engine.model.facts import DoseChanged, HoldEnded, HoldStarted, ProtocolAmended
from scheduler_api.engine.protocol_file.parse import read_protocol
from scheduler_api.engine.views.warnings import warnings

from .patients import ARMS, Patient, plain, protocol, protocol_data, regimen_data, series
from .strategies import patients
from .test_given_at_site import infusion
from .test_regimens import drug, treated
from .test_reopened import crossing_over, ended


def found(patient: Patient) -> list[tuple[str, str, list[str]]]:
    """Return the warnings about the last fact: the code, the words, and the days of the records it is about."""
    return [(one["code"], one["detail"], [row["on"] for row in one["records"]]) for one in patient.warned()]


class TestAfterTheEnd:
    """Tell whoever records an amount, a hold or its end that what it is about has ended by then."""

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
                "2024-03-02 is after 2024-03-01, the last day of what it is about: no dose is planned then",
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

    def test_one_that_has_run_out_has_ended(self) -> None:
        """Two cycles from 2024-01-05 end on 2024-02-15."""
        patient = treated(regimen_data(cycles=2))
        patient.record("hold_started", from_on="2024-02-15")
        assert found(patient) == []
        patient.record("hold_ended", resumes_on="2024-02-16")
        assert [one[0] for one in found(patient)] == ["after_end_of_treatment"]

    @pytest.mark.parametrize(
        ("kind", "data"),
        [("hold_started", {}), ("dose_changed", {"amount": 100, "regimen": "olaparib", "confirmed": ["not_a_level"]})],
    )
    def test_one_that_starts_at_a_milestone_to_come_has_not(self, kind: str, data: dict[str, Any]) -> None:
        """Say nothing of what holds, or changes, the doses from the crossover on."""
        patient = crossing_over()
        patient.record("treatment_ended", **ended())
        patient.record(kind, from_on="2024-05-25", **data)
        assert found(patient) == []

    @pytest.mark.parametrize("starts", [{}, {"starts": {"milestone": "crossover"}}])
    def test_what_is_for_another_arm_does_not_count(self, starts: dict[str, Any]) -> None:
        of_a, of_b = ({**one, "who": {"arm": arm}} for one, arm in ((regimen_data(), "a"), (drug(**starts), "b")))
        declared = [{"id": "crossover", "label": "Crossover"}]
        patient = treated(of_a, of_b, arms=ARMS, arm="a", milestones=declared)
        patient.record("regimen_ended", regimen="surufatinib", last_dose_on="2024-01-20")
        patient.record("hold_started", from_on="2024-01-21")
        assert [one[0] for one in found(patient)] == ["after_end_of_treatment"]

    def test_without_a_name_it_is_about_the_only_one_of_the_registration(self) -> None:
        """Version 2 has a second drug from 2024-03-01 on."""
        two = {**protocol_data(version=2), "regimens": [regimen_data(), drug()]}
        patient = Patient.treated(read_protocol(protocol_data()), read_protocol(two))
        patient.record("protocol_amended", version=2, from_on="2024-03-01")
        patient.record("regimen_ended", regimen="surufatinib", last_dose_on="2024-01-20")
        patient.record("dose_changed", from_on="2024-02-01", amount=250)
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
        first = patient.scan("2024-02-14", "imaging-w6")
        assert found(patient) == []
        second = patient.scan("2024-02-20", "imaging-w6", "SD")
        assert found(patient) == [("unscheduled", "what was done on 2024-02-20 belongs to no visit", ["2024-02-20"])]
        # What is added to either later says nothing new.
        for fact_id, done_on, response in ((first, "2024-02-14", "SD"), (second, "2024-02-20", "PR")):
            scan = {"series": "imaging", "visit": "imaging-w6", "done_on": done_on, "response": response}
            patient.correct(fact_id, "visit_done", **scan)
            assert found(patient) == []

    @pytest.mark.parametrize("visit", ["imaging-w6", None])
    def test_the_earlier_one_takes_its_place(self, visit: str | None) -> None:
        """So does one that names the visit from one that does not."""
        patient = Patient.treated()
        patient.scan("2024-02-20", visit)
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
        for visit, done_on in (("unscheduled", "2024-02-10"), (None, "2024-02-11")):
            patient.scan(done_on, visit)
            assert found(patient) == []


Series = list[dict[str, Any]]


def amended(first: Series, second: Series, from_on: str, *facts: tuple[str, dict[str, Any]], **enrolment: str) -> Any:
    """Return the warnings about an amendment from these series of visits to those; `facts` are recorded before it."""
    patient = Patient.treated(protocol(*first), protocol(*second, version=2), **enrolment)
    for kind, data in facts:
        patient.record(kind, **data)
    patient.record("protocol_amended", version=2, from_on=from_on)
    return found(patient)


def imaging(weeks: int, window: tuple[int, int] = (3, 3), **more: Any) -> Series:
    """Return imaging every so many weeks, and a series that stays as it is."""
    clinic = series("clinic", every={"weeks": 3})
    return [series("imaging", every={"weeks": weeks}, window=window, **more), clinic]


class TestAnAmendment:
    """Imaging every 6 weeks from 2024-01-03 (w6 2024-02-14, w12 03-27), amended to every 8 (w8 02-28, w16 04-24)."""

    @pytest.mark.parametrize("from_on", ["2024-02-29", "2024-03-27"])
    def test_a_pause_longer_than_those_of_both_is_said(self, from_on: str) -> None:
        """Too late for w8, and too early for w12: from w6 to w16 there are ten weeks."""
        assert amended(imaging(6), imaging(8), from_on) == [
            (
                "longer_gap",
                "imaging-w16 on 2024-04-24 comes 70 days after 2024-02-14, later than by either version alone",
                [from_on],
            )
        ]

    def test_what_is_booked_and_no_longer_planned_shortens_none(self) -> None:
        booked = ("visit_booked", {"visit": "imaging-w12", "booked_on": "2024-03-26"})
        assert [code for code, *_ in amended(imaging(6), imaging(8), "2024-03-20", booked)] == ["longer_gap"]

    @pytest.mark.parametrize("from_on", ["2024-02-15", "2024-02-28", "2024-03-28", "2024-04-24"])
    def test_no_longer_one_is_none(self, from_on: str) -> None:
        assert amended(imaging(6), imaging(8), from_on) == []

    def test_before_the_first_visit_it_begins_with_enrolment(self) -> None:
        """From every 8 weeks to every 6 from 2024-02-20: w6 was before, and w8 is no more."""
        ((code, detail, _),) = amended(imaging(8), imaging(6), "2024-02-20")
        comes = "imaging-w12 on 2024-03-27 comes 84 days after 2024-01-03"
        assert (code, detail.partition(",")[0]) == ("longer_gap", comes)

    @pytest.mark.parametrize("weeks", [6, 12, 52])
    def test_the_interval_of_the_new_version_is_none(self, weeks: int) -> None:
        assert amended(imaging(6), imaging(weeks), "2024-03-28") == []

    def test_a_longer_pause_far_away_hides_none(self) -> None:
        """From w24 on it is every twelve weeks in both."""
        first, second = (
            [
                series("imaging", every={"weeks": weeks}, count=24 // weeks),
                series("imaging", first={"weeks": 36}, every={"weeks": 12}),
            ]
            for weeks in (6, 8)
        )
        assert [code for code, *_ in amended(first, second, "2024-03-01")] == ["longer_gap"]

    @pytest.mark.parametrize(
        ("same", "from_on", "facts"),
        [
            (series("yearly", every={"months": 12}), "2024-05-20", ()),
            (series("clinic", {"days": [1]}), "2024-03-15", (("hold_started", {"from_on": "2024-02-20"}),)),
        ],
    )
    def test_what_both_have_alike_is_none(self, same: dict[str, Any], from_on: str, facts: Any) -> None:
        assert amended([same], [same], from_on, *facts, enrolled_on="2023-06-01", first_dose_on="2023-06-02") == []

    def test_an_amendment_that_another_of_its_day_replaced_is_none_of_the_plan(self) -> None:
        """Version 3 replaces version 2 from the same day on, before anything of it applied; version 4 follows."""
        versions = [protocol(*imaging(weeks), version=number) for number, weeks in enumerate((6, 12, 6, 8), 1)]
        patient = Patient.treated(*versions)
        for version, from_on in ((2, "2024-02-01"), (3, "2024-02-01"), (4, "2024-03-01")):
            patient.record("protocol_amended", version=version, from_on=from_on)
        assert [code for code, *_ in found(patient)] == ["longer_gap"]

    def test_a_visit_that_is_dropped_leaves_one(self) -> None:
        """With ±7 days w8 would open on 02-21, when w6 closes."""
        found_with = {before: amended(imaging(6, (7, 7)), imaging(8, (before, 7)), "2024-02-16") for before in (6, 7)}
        assert [len(found_with[before]) for before in (6, 7)] == [0, 1]

    def test_what_had_ended_did_not_pause(self) -> None:
        """Ended by the progression of week 12, imaging goes on by the new version from September on."""
        first = imaging(6, until=["progression"])
        scans = [
            ("visit_done", {"series": "imaging", "done_on": on, "visit": visit, "response": response})
            for on, visit, response in (("2024-02-14", "imaging-w6", "SD"), ("2024-03-27", "imaging-w12", "PD"))
        ]
        assert amended(first, imaging(6), "2024-09-01", *scans) == []
        # Nor does what ends with it.
        assert amended(first, imaging(8, until=["progression"]), "2024-03-28", *scans) == []


@given(patients())
def test_whatever_happened_it_can_be_said(patient: Patient) -> None:
    """No warning fails about anything on record, in any trial."""
    schedule = patient.schedule()
    found(patient)
    for fact in patient.facts:
        if isinstance(fact.body, ProtocolAmended | DoseChanged | HoldStarted | HoldEnded):
            assert all(one["detail"] for one in plain(warnings(schedule, fact.body, fact.said_at)))
