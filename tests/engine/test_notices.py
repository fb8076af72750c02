"""What a patient needs to know today beyond the rows of doses and visits.

Doses of 300 mg from 2024-01-05; imaging-w12 is open from 2024-03-20 to 2024-04-03.
"""

from __future__ import annotations

import pytest

from .patients import Patient

CHANGED = "Today's dose is 200 mg; before it was 300 mg. Check the amount before you take it."
IN_VAIN = "The appointment of 2024-03-27 may no longer be needed: ask your study site before you come."
ELSEWHERE = "The appointment of 2024-03-27 was made with your former study site: ask your study site before you come."


@pytest.fixture
def patient() -> Patient:
    """The patient of the worked examples."""
    return Patient.treated()


def booked() -> Patient:
    """A patient whose scan of week 12 is booked."""
    patient = Patient.treated()
    patient.record("visit_booked", visit="imaging-w12", booked_on="2024-03-27", time="09:00")
    return patient


class TestAmounts:
    def test_it_is_said_from_the_first_day_of_another_amount_until_that_was_taken(self, patient: Patient) -> None:
        patient.record("dose_changed", from_on="2024-02-10", amount=200)
        patient.take("2024-02-08", "2024-02-09")
        assert patient.notices("2024-02-09") == []
        for today in ("2024-02-10", "2024-02-13"):
            assert patient.notices(today) == [("amount_changed", f"{today}.surufatinib.1", CHANGED)]
        patient.take("2024-02-10")
        assert patient.notices("2024-02-10") == patient.notices("2024-02-11") == []

    def test_a_hold_between_hides_nothing(self, patient: Patient) -> None:
        patient.take("2024-02-09")
        patient.record("hold_started", from_on="2024-02-10", resumes_on="2024-02-20")
        patient.record("dose_changed", from_on="2024-02-14", amount=200)
        assert patient.notices("2024-02-15") == []
        assert [code for code, _, _ in patient.notices("2024-02-20")] == ["amount_changed"]

    def test_a_missed_dose_is_not_one_of_the_new_amount(self, patient: Patient) -> None:
        patient.record("dose_changed", from_on="2024-02-10", amount=200)
        patient.take("2024-02-09")
        patient.miss("2024-02-10")
        assert patient.notices("2024-02-10") == []
        assert patient.notices("2024-02-11") == [("amount_changed", "2024-02-11.surufatinib.1", CHANGED)]

    def test_of_a_patient_without_records_the_day_before_counts(self, patient: Patient) -> None:
        patient.record("dose_changed", from_on="2024-02-10", amount=200)
        assert [bool(patient.notices(f"2024-02-{day:02}")) for day in (9, 10, 11)] == [False, True, False]

    def test_what_was_taken_is_not_what_was_planned(self, patient: Patient) -> None:
        """A patient who took too much is told by another way; the plan is as it was."""
        patient.take("2024-02-09", amount=400)
        assert patient.notices("2024-02-10") == []

    def test_the_first_dose_and_the_days_after_the_last_say_nothing(self, patient: Patient) -> None:
        assert patient.notices("2024-01-05") == patient.notices("2024-01-04") == []
        patient.record("dose_changed", from_on="2024-02-10", amount=200)
        patient.take("2024-02-09")
        patient.end_treatment("2024-02-09")
        assert patient.notices("2024-02-10") == []

    def test_who_is_to_call_the_site_first_is_told_only_that(self, patient: Patient) -> None:
        patient.record("dose_changed", from_on="2024-02-10", amount=200)
        patient.record("pregnancy_reported", reported_on="2024-02-10", of="patient")
        assert [code for code, _, _ in patient.notices("2024-02-10")] == ["call_site_before_dose"]


class TestBookings:
    def test_one_that_the_plan_still_has_is_no_matter(self) -> None:
        assert booked().notices("2024-03-20") == []

    def test_to_ask_before_coming_to_what_is_no_longer_required_until_its_day_is_over(self) -> None:
        patient = booked()
        patient.record("progressed", progressed_on="2024-03-01", basis="radiological")
        assert patient.notices("2024-03-27") == [("ask_before_coming", "imaging-w12", IN_VAIN)]
        assert patient.notices("2024-03-28") == []
        patient.record("visit_booked", visit="imaging-w12", booked_on=None)
        assert patient.notices("2024-03-27") == []

    def test_to_ask_before_coming_to_the_site_that_no_longer_has_the_patient(self) -> None:
        patient = booked()
        transfer = patient.record("site_transferred", site="BERLIN", from_on="2024-03-01")
        assert patient.notices("2024-02-20") == [("ask_before_coming", "imaging-w12", ELSEWHERE)]
        later = patient.correct(transfer, "site_transferred", site="BERLIN", from_on="2024-03-28")
        assert patient.notices("2024-02-20") == []
        patient.correct(later, "site_transferred", site="BERLIN", from_on="2024-03-01")
        patient.record("visit_booked", visit="imaging-w12", booked_on="2024-03-28")
        assert patient.notices("2024-02-20") == []

    def test_an_appointment_of_a_visit_that_is_gone(self) -> None:
        patient = Patient.treated()
        fact = patient.record("visit_booked", visit="imaging-w12", booked_on="2024-03-27", part=True)
        patient.record("progressed", progressed_on="2024-03-01", basis="radiological")
        assert patient.notices("2024-03-20") == [("ask_before_coming", f"imaging-w12.{fact}", IN_VAIN)]

    def test_what_was_done_on_the_booked_day_or_later_needs_no_asking(self) -> None:
        for done_on in ("2024-03-27", "2024-03-29"):
            patient = booked()
            patient.scan(done_on, visit="imaging-w12")
            assert patient.notices("2024-03-27") == []

    def test_to_ask_before_coming_to_what_was_done_before(self) -> None:
        patient = booked()
        patient.scan("2024-03-25", visit="imaging-w12")
        assert patient.notices("2024-03-25") == [("ask_before_coming", "imaging-w12", IN_VAIN)]
        assert patient.notices("2024-03-28") == []

    def test_who_left_is_asked_nothing_unless_contact_goes_on(self) -> None:
        patient = booked()
        patient.end_treatment("2024-02-20", "withdrawal")
        left = patient.record("study_ended", ended_on="2024-02-20", reason="withdrawal")
        assert patient.notices("2024-02-21") == []
        patient.correct(left, "study_ended", ended_on="2024-02-20", reason="withdrawal", contact_after="continue")
        assert patient.notices("2024-02-21") == [("ask_before_coming", "imaging-w12", IN_VAIN)]
