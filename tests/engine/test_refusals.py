"""What is impossible, with a pointer to the field; and what is a mere difference from the plan and is not refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from scheduler_api.engine.errors import Conflict, NeedsConfirmation, ValidationFailed

from .patients import Patient, builtin, protocol, registration, series

#: Noon in Shanghai on 2024-03-01.
NOON = datetime(2024, 3, 1, 4, tzinfo=UTC)


@pytest.fixture
def patient() -> Patient:
    return Patient.treated(builtin())


def refused(act: Callable[[], object], kind: type[ValidationFailed] = ValidationFailed) -> list[str]:
    """The pointers of what an act is refused for; exactly of this kind."""
    with pytest.raises(ValidationFailed) as caught:
        act()
    assert type(caught.value) is kind
    assert all(field_error.detail for field_error in caught.value.errors)
    return [field_error.pointer for field_error in caught.value.errors]


DATED = [
    ("treatment_started", "first_dose_on", {}),
    ("dose_recorded", "dose_on", {"status": "taken"}),
    ("dose_recorded", "dose_on", {"status": "missed"}),
    ("visit_done", "done_on", {"series": "imaging"}),
    ("progressed", "progressed_on", {"basis": "clinical"}),
    ("new_therapy_started", "started_on", {}),
    ("treatment_ended", "decided_on", {"last_dose_on": "2024-01-10", "reason": "other"}),
    ("treatment_ended", "last_dose_on", {"decided_on": "2024-03-01", "reason": "other"}),
    ("study_ended", "ended_on", {"reason": "withdrawal"}),
]
AHEAD = [
    ("hold_started", "from_on", {}),
    ("dose_changed", "from_on", {"amount": 200}),
    ("visit_booked", "booked_on", {"visit": "imaging-w6"}),
    ("fertility_changed", "from_on", {"fertility": "not_fertile", "basis": "sterilisation"}),
    ("protocol_amended", "from_on", {"version": 1}),
]


@pytest.mark.parametrize(("kind", "field", "data"), DATED)
def test_what_happened_did_not_happen_after_today(kind: str, field: str, data: dict[str, Any]) -> None:
    patient = Patient(builtin())
    assert refused(lambda: patient.record(kind, **data, **{field: "2024-03-02"}, now=NOON)) == [f"/{field}"]
    patient.record(kind, **data, **{field: "2024-03-01"}, now=NOON)


@pytest.mark.parametrize(("kind", "field", "data"), DATED)
def test_nothing_happened_before_enrolment(kind: str, field: str, data: dict[str, Any]) -> None:
    patient = Patient(builtin())
    # A visit may be done up to a year before: screening.
    before, first = ("2023-01-02", "2023-01-03") if kind == "visit_done" else ("2024-01-02", "2024-01-03")
    assert refused(lambda: patient.record(kind, **data, **{field: before})) == [f"/{field}"]
    patient.record(kind, **data, **{field: first})


@pytest.mark.parametrize(("kind", "field", "data"), AHEAD)
def test_what_is_planned_may_lie_after_today(patient: Patient, kind: str, field: str, data: dict[str, Any]) -> None:
    patient.record(kind, **data, **{field: "2024-03-02"}, now=NOON)


def test_an_open_hold_may_end_after_today(patient: Patient) -> None:
    patient.record("hold_started", from_on="2024-02-20", now=NOON)
    patient.record("hold_ended", resumes_on="2024-03-20", now=NOON)


def test_several_dates_are_named_at_once(patient: Patient) -> None:
    def act() -> None:
        patient.record("treatment_ended", last_dose_on="2024-03-05", decided_on="2024-03-06", reason="other", now=NOON)

    assert sorted(refused(act)) == ["/decided_on", "/last_dose_on"]


def test_faults_of_different_sorts_are_named_at_once(patient: Patient) -> None:
    def act() -> None:
        patient.record("visit_done", series="imaging", visit="imaging-w5", done_on="2024-03-05", now=NOON)

    assert sorted(refused(act)) == ["/done_on", "/visit"]


def test_a_dose_was_not_taken_after_today(patient: Patient) -> None:
    def take(taken_at: str) -> None:
        patient.record("dose_recorded", dose_on="2024-03-01", status="taken", taken_at=taken_at, now=NOON)

    assert refused(lambda: take("2024-03-02T00:00:00+08:00")) == ["/taken_at"]
    # A phone's clock may be some minutes fast.
    take("2024-03-01T12:03:00+08:00")


def test_a_dose_missed_has_no_amount_and_no_moment(patient: Patient) -> None:
    def miss(**data: Any) -> None:
        patient.record("dose_recorded", dose_on="2024-02-01", status="missed", **data)

    assert refused(lambda: miss(amount=300, taken_at="2024-02-01T20:00:00+08:00")) == ["/amount", "/taken_at"]
    miss(note="on the road")


# Enrolment.


@pytest.mark.parametrize(
    ("data", "pointer"),
    [
        ({"enrolled_on": "2027-01-03"}, "/enrolled_on"),
        ({"planned_first_dose_on": "2024-01-02"}, "/planned_first_dose_on"),
        ({"time_zone": "Asia/Fudan"}, "/time_zone"),
        ({"time_zone": "localtime"}, "/time_zone"),
        ({"version": 2}, "/protocol/version"),
        ({"fertility": "not_fertile"}, "/basis"),
        ({"fertility": "not_fertile", "basis": "wish"}, "/basis"),
        ({"fertility": "fertile", "basis": "sterilisation"}, "/basis"),
        ({"sex": "male", "fertility": "not_fertile", "basis": "natural_menopause"}, "/basis"),
    ],
)
def test_an_impossible_enrolment(data: dict[str, Any], pointer: str) -> None:
    assert refused(lambda: Patient(builtin(), **data)) == [pointer]


def test_faults_of_an_enrolment_come_together() -> None:
    data = {"time_zone": "Mars", "fertility": "not_fertile", "version": 9}
    assert sorted(refused(lambda: Patient(builtin(), **data))) == ["/basis", "/protocol/version", "/time_zone"]


@pytest.mark.parametrize("basis", ["natural_menopause", "artificial_menopause", "sterilisation"])
def test_a_female_patient_is_not_fertile_for_one_of_three_reasons(basis: str) -> None:
    Patient(builtin(), fertility="not_fertile", basis=basis)


def test_the_planned_first_dose_may_lie_after_today() -> None:
    Patient(builtin(), now=NOON, enrolled_on="2024-03-01", planned_first_dose_on="2024-03-20")


# Contradictions: possible by themselves, but not with what is on record.


def test_a_second_enrolment_start_end_or_leaving_contradicts_the_first(patient: Patient) -> None:
    end = {"last_dose_on": "2024-02-01", "decided_on": "2024-02-01", "reason": "other"}
    patient.record("treatment_ended", **end)
    patient.record("study_ended", ended_on="2024-02-10", reason="completed")
    assert refused(lambda: patient.record("treatment_started", first_dose_on="2024-01-06"), Conflict) == ["/kind"]
    assert refused(lambda: patient.record("treatment_ended", **end), Conflict) == ["/kind"]
    assert refused(lambda: patient.record("study_ended", ended_on="2024-02-11", reason="completed"), Conflict) == [
        "/kind"
    ]


def test_no_hold_is_open_to_be_ended(patient: Patient) -> None:
    assert refused(lambda: patient.record("hold_ended", resumes_on="2024-02-01"), Conflict) == ["/kind"]
    patient.record("hold_started", from_on="2024-01-10", resumes_on="2024-01-12")
    assert refused(lambda: patient.record("hold_ended", resumes_on="2024-02-01"), Conflict) == ["/kind"]


@pytest.mark.parametrize(
    ("from_on", "resumes_on"),
    [
        ("2024-02-09", "2024-02-11"),
        ("2024-02-10", "2024-02-11"),
        ("2024-02-14", "2024-02-20"),
        ("2024-02-01", "2024-03-01"),
        ("2024-02-01", None),
        ("2024-02-14", None),
    ],
)
def test_holds_do_not_overlap(patient: Patient, from_on: str, resumes_on: str | None) -> None:
    patient.record("hold_started", from_on="2024-02-10", resumes_on="2024-02-15")
    assert refused(lambda: patient.record("hold_started", from_on=from_on, resumes_on=resumes_on), Conflict) == [
        "/from_on"
    ]


def test_a_second_hold_overlaps_an_open_one(patient: Patient) -> None:
    patient.record("hold_started", from_on="2024-02-10")
    assert refused(lambda: patient.record("hold_started", from_on="2024-03-10"), Conflict) == ["/from_on"]
    patient.record("hold_started", from_on="2024-02-01", resumes_on="2024-02-10")


def test_an_end_that_reaches_into_a_later_hold_overlaps_it(patient: Patient) -> None:
    patient.record("hold_started", from_on="2024-02-10")
    end = patient.record("hold_ended", resumes_on="2024-02-15")
    patient.record("hold_started", from_on="2024-02-20")
    assert refused(lambda: patient.correct(end, "hold_ended", resumes_on="2024-02-21"), Conflict) == ["/resumes_on"]


def test_dosing_resumes_after_the_hold_began(patient: Patient) -> None:
    assert refused(lambda: patient.record("hold_started", from_on="2024-02-10", resumes_on="2024-02-10")) == [
        "/resumes_on"
    ]
    patient.record("hold_started", from_on="2024-02-10")
    assert refused(lambda: patient.record("hold_ended", resumes_on="2024-02-10")) == ["/resumes_on"]
    patient.record("hold_ended", resumes_on="2024-02-11")


def test_a_corrected_start_stays_before_the_end_of_its_hold(patient: Patient) -> None:
    start = patient.record("hold_started", from_on="2024-02-10")
    patient.record("hold_ended", resumes_on="2024-02-15")
    assert refused(lambda: patient.correct(start, "hold_started", from_on="2024-02-15"), Conflict) == ["/from_on"]


# Ends and starts.


def test_the_last_dose_is_null_only_if_none_is_on_record(patient: Patient) -> None:
    assert refused(lambda: patient.end_treatment(None, decided_on="2024-02-01")) == ["/last_dose_on"]
    other = Patient(builtin())
    other.take("2024-01-05")
    assert refused(lambda: other.end_treatment(None, decided_on="2024-02-01")) == ["/last_dose_on"]
    never = Patient(builtin())
    never.miss("2024-01-05")
    never.end_treatment(None, decided_on="2024-02-01")


def test_the_last_dose_is_not_before_the_first(patient: Patient) -> None:
    assert refused(lambda: patient.end_treatment("2024-01-04")) == ["/last_dose_on"]
    patient.end_treatment("2024-01-05")


# What the protocol does not know.


@pytest.mark.parametrize(
    "visit",
    [
        "imaging-w7",
        "imaging-m6",
        "imaging-w0",
        "imaging",
        "imaging-w06",
        "imaging-w-6",
        "contraception-m7",
        "clinic-c1d1",
        "",
    ],
)
def test_an_unknown_visit(patient: Patient, visit: str) -> None:
    assert refused(lambda: patient.record("visit_booked", visit=visit, booked_on="2024-02-01")) == ["/visit"]


def test_a_visit_of_another_series_or_none(patient: Patient) -> None:
    def done(**data: Any) -> Callable[[], object]:
        return lambda: patient.record("visit_done", done_on="2024-02-14", **data)

    assert refused(done(series="clinic")) == ["/series"]
    assert refused(done(series="imaging", visit="contraception-m1")) == ["/visit"]
    assert refused(done(series="imaging", visit="imaging-w5")) == ["/visit"]
    assert refused(done(series="contraception", response="SD")) == ["/response"]


def test_names_of_cycle_visits_and_single_visits() -> None:
    rules = protocol(
        series("clinic", {"days": [8], "cycles": {"to": 12}}), series("screening", "first_dose", first={"days": -14})
    )
    patient = Patient.treated(rules)
    for visit in ("clinic-c1d8", "clinic-c12d8", "screening"):
        patient.record("visit_booked", visit=visit, booked_on="2024-02-01")
    for visit in ("clinic-c0d8", "clinic-c13d8", "clinic-c1d9", "clinic-c01d8", "screening-d-14"):
        assert refused(lambda visit=visit: patient.record("visit_booked", visit=visit, booked_on="2024-02-01")) == [
            "/visit"
        ]


def test_a_cancelled_booking_has_no_time_and_no_place(patient: Patient) -> None:
    assert refused(
        lambda: patient.record("visit_booked", visit="imaging-w6", booked_on=None, time="09:00", place="CT")
    ) == ["/time", "/place"]


def test_a_version_that_is_not_there(patient: Patient) -> None:
    assert refused(lambda: patient.record("protocol_amended", version=2, from_on="2024-02-01")) == ["/version"]


def test_versions_whose_anchors_together_form_a_circle() -> None:
    one = protocol(series("a", every={"weeks": 4}), series("b", {"visit": "a-w4"}, first={"weeks": 1}))
    two = protocol(series("a", {"visit": "b"}, first={"weeks": 1}), series("b", first={"weeks": 1}), version=2)
    patient = Patient.treated(one, two)
    assert refused(lambda: patient.record("protocol_amended", version=2, from_on="2024-02-01")) == ["/version"]


def test_an_unknown_time_zone(patient: Patient) -> None:
    assert refused(lambda: patient.record("time_zone_changed", time_zone="Asia/Peking")) == ["/time_zone"]


def test_a_change_of_fertility_has_a_basis_for_that_sex(patient: Patient) -> None:
    def change(person: Patient, fertility: str, basis: str | None) -> Callable[[], object]:
        return lambda: person.record("fertility_changed", fertility=fertility, basis=basis, from_on="2024-02-01")

    man = Patient.treated(builtin(), sex="male")
    assert refused(change(patient, "not_fertile", None)) == ["/basis"]
    assert refused(change(patient, "fertile", "sterilisation")) == ["/basis"]
    assert refused(change(man, "not_fertile", "artificial_menopause")) == ["/basis"]
    change(man, "not_fertile", "sterilisation")()


def test_no_more_than_the_dose_of_the_version_of_that_day() -> None:
    patient = Patient.treated(protocol(), protocol(version=2, amount=250))
    patient.record("protocol_amended", version=2, from_on="2024-03-01")

    def change(from_on: str, amount: float) -> Callable[[], object]:
        return lambda: patient.record("dose_changed", from_on=from_on, amount=amount)

    assert refused(change("2024-02-29", 300.5)) == ["/amount"]
    assert refused(change("2024-03-01", 300)) == ["/amount"]
    change("2024-02-29", 300)()
    change("2024-03-01", 250)()


# Corrections and voids.


def test_a_correction_names_a_fact_that_stands(patient: Patient) -> None:
    first = patient.record("progressed", progressed_on="2024-03-01", basis="clinical")

    def again(fact: str) -> Callable[[], object]:
        return lambda: patient.correct(fact, "progressed", progressed_on="2024-03-02", basis="clinical")

    assert refused(again("nowhere")) == ["/replaces"]
    again(first)()
    assert refused(again(first), Conflict) == ["/replaces"]


def test_a_void_names_a_fact_that_stands(patient: Patient) -> None:
    first = patient.record("progressed", progressed_on="2024-03-01", basis="clinical")
    assert refused(lambda: patient.void("nowhere")) == ["/voids"]
    patient.void(first)
    assert refused(lambda: patient.void(first), Conflict) == ["/voids"]


@pytest.mark.parametrize("fact", ["registration", "enrolment"])
def test_registration_and_enrolment_can_be_replaced_and_not_voided(patient: Patient, fact: str) -> None:
    assert refused(lambda: patient.void(fact)) == ["/voids"]


def test_a_void_cannot_be_voided(patient: Patient) -> None:
    first = patient.record("progressed", progressed_on="2024-03-01", basis="clinical")
    void = patient.void(first)
    assert refused(lambda: patient.void(void)) == ["/voids"]


def test_a_correction_is_of_the_same_kind(patient: Patient) -> None:
    first = patient.record("progressed", progressed_on="2024-03-01", basis="clinical")
    assert refused(lambda: patient.correct(first, "new_therapy_started", started_on="2024-03-01")) == ["/replaces"]


@pytest.mark.parametrize("why", [None, "", "  "])
def test_a_correction_says_why(patient: Patient, why: str | None) -> None:
    first = patient.record("progressed", progressed_on="2024-03-01", basis="clinical")
    assert refused(
        lambda: patient.correct(first, "progressed", progressed_on="2024-03-02", basis="clinical", why=why)
    ) == ["/reason"]
    assert refused(lambda: patient.void(first, why=why)) == ["/reason"]


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("hold_started", {"from_on": "2024-02-01", "reason": "rash"}),
        ("dose_changed", {"from_on": "2024-02-01", "amount": 200, "reason": "rash"}),
        ("treatment_ended", {"last_dose_on": "2024-02-01", "decided_on": "2024-02-01", "reason": "other"}),
        ("study_ended", {"ended_on": "2024-02-01", "reason": "withdrawal"}),
    ],
)
def test_where_a_kind_has_a_reason_of_its_own_the_correction_has_another(
    patient: Patient, kind: str, data: dict[str, Any]
) -> None:
    first = patient.record(kind, **data)
    assert refused(lambda: patient.correct(first, kind, why=None, **data)) == ["/correction_reason"]


def test_a_correction_is_checked_like_any_fact(patient: Patient) -> None:
    scan = patient.scan("2024-02-14")
    assert refused(lambda: patient.correct(scan, "visit_done", series="imaging", done_on="2023-01-02")) == ["/done_on"]
    end = patient.end_treatment("2024-02-20")
    assert refused(
        lambda: patient.correct(end, "treatment_ended", last_dose_on=None, decided_on="2024-02-20", reason="other")
    ) == ["/last_dose_on"]


def test_what_a_correction_replaces_does_not_contradict_it(patient: Patient) -> None:
    patient.correct("fact-1", "treatment_started", first_dose_on="2024-01-08")
    hold = patient.record("hold_started", from_on="2024-02-01", resumes_on="2024-02-10")
    patient.correct(hold, "hold_started", from_on="2024-02-05", resumes_on="2024-02-12")


def enrolment(**changes: Any) -> dict[str, Any]:
    return {"enrolled_on": "2024-01-03", "planned_first_dose_on": "2024-01-05", **changes}


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        # The first dose was on 01-05.
        ({"enrolled_on": "2024-01-06", "planned_first_dose_on": "2024-01-06"}, "/enrolled_on"),
        ({"enrolled_on": "2027-02-01", "planned_first_dose_on": "2027-02-01"}, "/enrolled_on"),
        ({"planned_first_dose_on": "2024-01-02"}, "/planned_first_dose_on"),
    ],
)
def test_a_corrected_enrolment_fits_what_is_on_record(patient: Patient, changes: dict[str, Any], pointer: str) -> None:
    assert pointer in refused(lambda: patient.correct("enrolment", "enrolled", **enrolment(**changes)))


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"time_zone": "Nowhere"}, "/time_zone"),
        ({"fertility": "not_fertile"}, "/basis"),
        ({"version": 2}, "/protocol"),
        ({"consented_on": "2027-02-01"}, "/consented_on"),
    ],
)
def test_a_corrected_registration_is_possible_in_itself(
    patient: Patient, changes: dict[str, Any], pointer: str
) -> None:
    assert pointer in refused(lambda: patient.correct("registration", "registered", **registration(**changes)))


def test_a_corrected_enrolment_may_be_earlier_or_on_the_first_day_recorded(patient: Patient) -> None:
    again = patient.correct("enrolment", "enrolled", **enrolment(enrolled_on="2024-01-05"))
    patient.correct(again, "enrolled", **enrolment(enrolled_on="2023-12-01"))


def test_what_was_taken_back_or_is_to_be_confirmed_contradicts_no_enrolment() -> None:
    patient = Patient(builtin())
    dose = patient.record("dose_recorded", dose_on="2024-01-04", status="taken", amount=300)
    said_at = datetime(2024, 1, 4, 8, tzinfo=UTC)
    patient.say(said_at=said_at, to_confirm=True, dose_on="2024-01-04", status="taken", amount=300)
    later = {"enrolled_on": "2024-01-05", "planned_first_dose_on": "2024-01-05"}
    assert refused(lambda: patient.correct("enrolment", "enrolled", **later)) == ["/enrolled_on"]
    patient.void(dose)
    patient.correct("enrolment", "enrolled", **later)


@pytest.mark.parametrize("kind", ["dose_recorded", "dose_taken_back"])
@pytest.mark.parametrize("unknown", [{"regimen": "aspirin"}, {"regimen": "surufatinib", "slot": 2}, {"slot": 2}])
def test_nobody_says_anything_of_a_dose_that_the_protocol_does_not_have(
    patient: Patient, kind: str, unknown: dict[str, Any]
) -> None:
    said = {"dose_on": "2024-01-05", **unknown}
    if kind == "dose_recorded":
        said |= {"status": "taken", "amount": 300}
    wrong = "/slot" if "slot" in unknown else "/regimen"
    assert refused(lambda: patient.say(kind, said_at=datetime(2024, 1, 5, 12, tzinfo=UTC), **said)) == [wrong]


def test_staff_say_how_much_was_taken_where_nothing_is_planned() -> None:
    patient = Patient.treated(protocol(days=[1, 2, 3, 4, 5]))
    patient.record("hold_started", from_on="2024-01-08", resumes_on="2024-01-09")
    for held_or_rest in ("2024-01-08", "2024-01-10"):
        taken = {"dose_on": held_or_rest, "status": "taken"}
        assert refused(lambda said=taken: patient.record("dose_recorded", **said)) == ["/amount"]
        patient.record("dose_recorded", **taken, amount=300)
    patient.record("dose_recorded", dose_on="2024-01-09", status="taken")


# Differences from the plan: recorded, flagged, never refused.


def test_doses_may_be_taken_where_none_is_planned(patient: Patient) -> None:
    patient.record("hold_started", from_on="2024-01-10")
    patient.take("2024-01-12", amount=900)
    patient.take("2024-01-04")
    patient.end_treatment("2024-02-01")
    patient.take("2024-02-20")
    patient.record("study_ended", ended_on="2024-02-25", reason="withdrawal")
    patient.take("2024-03-20")


def test_visits_may_be_done_out_of_window_twice_or_after_the_end(patient: Patient) -> None:
    patient.record("progressed", progressed_on="2024-02-01", basis="clinical")
    for done_on in ("2024-01-03", "2024-03-01", "2024-03-02", "2024-08-01"):
        patient.scan(done_on)
    patient.scan("2024-02-14", "imaging-w30")
    patient.record("visit_done", series="contraception", done_on="2024-01-10", visit="contraception-m1")


def test_visits_that_do_not_exist_for_this_patient_may_be_booked(patient: Patient) -> None:
    patient.record("progressed", progressed_on="2024-02-01", basis="clinical")
    patient.record("visit_booked", visit="imaging-w600", booked_on="2024-01-05")
    patient.record("visit_booked", visit="contraception-m6", booked_on="2030-01-01")


def test_ends_may_come_in_any_order(patient: Patient) -> None:
    patient.record("study_ended", ended_on="2024-02-01", reason="withdrawal")
    patient.take("2024-02-20")
    # The decision before the last dose, the last dose before a day recorded taken.
    patient.record("treatment_ended", last_dose_on="2024-02-10", decided_on="2024-02-05", reason="progression")
    patient.record("progressed", progressed_on="2024-03-01", basis="radiological")
    patient.record("new_therapy_started", started_on="2024-02-02")


def test_an_amount_that_the_protocol_does_not_list_is_to_be_confirmed(patient: Patient) -> None:
    def change(*confirmed: str) -> str:
        return patient.record("dose_changed", from_on="2024-02-01", amount=30, confirmed=confirmed)

    for confirmed in ((), ("not_a_level",), ("not_dispensable",)):
        with pytest.raises(NeedsConfirmation) as raised:
            change(*confirmed)
        assert {*raised.value.confirm} == {"not_a_level", "not_dispensable"} - {*confirmed}
    change("not_a_level", "not_dispensable")
    patient.record("dose_changed", from_on="2024-02-01", amount=150, confirmed=["not_a_level"])
    patient.record("dose_changed", from_on="2024-02-02", amount=300)


def test_a_start_may_be_recorded_after_the_days_taken() -> None:
    patient = Patient(builtin(), planned_first_dose_on="2024-01-05")
    patient.take("2024-01-04")
    patient.record("treatment_started", first_dose_on="2024-01-08")


def test_holds_need_no_treatment_and_may_outlast_it() -> None:
    patient = Patient(builtin())
    patient.record("hold_started", from_on="2024-01-03", resumes_on="2024-01-20")
    patient.record("treatment_started", first_dose_on="2024-01-10")
    patient.record("hold_started", from_on="2024-02-10")
    patient.end_treatment("2024-02-01")
    patient.record("hold_ended", resumes_on="2024-02-20")


def test_the_same_fact_may_be_recorded_twice(patient: Patient) -> None:
    for _ in range(2):
        patient.record("progressed", progressed_on="2024-02-01", basis="clinical")
        patient.record("new_therapy_started", started_on="2024-02-01")
        patient.record("fertility_changed", fertility="fertile", basis=None, from_on="2024-02-01")
        patient.record("protocol_amended", version=1, from_on="2024-02-01")
        patient.record("time_zone_changed", time_zone="Europe/Berlin")


# Completing, and the same once more.


def test_what_was_left_open_is_filled_in_without_a_reason(patient: Patient) -> None:
    scan = patient.scan("2024-02-14")
    said = {"series": "imaging", "done_on": "2024-02-14"}
    named = patient.correct(scan, "visit_done", why=None, **said, visit="imaging-w6")
    given = patient.correct(named, "visit_done", why=None, **said, visit="imaging-w6", response="SD")
    other = {**said, "visit": "imaging-w6", "response": "PD"}
    assert refused(lambda: patient.correct(given, "visit_done", why=None, **other)) == ["/reason"]
    moved = {**said, "done_on": "2024-02-15", "visit": "imaging-w6", "response": "SD"}
    assert refused(lambda: patient.correct(given, "visit_done", why=None, **moved)) == ["/reason"]
    booking = patient.record("visit_booked", visit="imaging-w12", booked_on="2024-03-27")
    patient.correct(booking, "visit_booked", why=None, visit="imaging-w12", booked_on="2024-03-27", time="09:00")


def test_no_dose_ever_is_not_something_left_open(patient: Patient) -> None:
    never = Patient(builtin())
    end = {"decided_on": "2024-02-20", "reason": "other"}
    fact_id = never.record("treatment_ended", last_dose_on=None, **end)
    filled = {"last_dose_on": "2024-02-19", **end}
    assert refused(lambda: never.correct(fact_id, "treatment_ended", why=None, **filled)) == ["/correction_reason"]


@pytest.mark.parametrize("again", [None, "imaging-w6"])
@pytest.mark.parametrize("response", ["SD", "PD", None])
def test_the_same_visit_on_the_same_day_is_recorded_once(
    patient: Patient, again: str | None, response: str | None
) -> None:
    scan = patient.scan("2024-02-14", "imaging-w6", "SD")
    with pytest.raises(Conflict) as conflict:
        patient.scan("2024-02-14", again, response)
    assert scan in conflict.value.errors[0].detail


def test_a_part_is_recorded_beside_the_rest_and_not_twice(patient: Patient) -> None:
    patient.scan("2024-02-14", "imaging-w6", "SD")
    part = {"series": "imaging", "done_on": "2024-02-14", "visit": "imaging-w6", "part": True}
    fact_id = patient.record("visit_done", **part, response="PR")
    with pytest.raises(Conflict) as conflict:
        patient.record("visit_done", **part, response="PR")
    assert fact_id in conflict.value.errors[0].detail
    patient.scan("2024-02-14", "unscheduled", "NE")
