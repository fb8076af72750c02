"""Which visit a `visit_done` belongs to: the three passes of section 5, in order of day, then of receipt."""

from __future__ import annotations

from typing import Any

from .patients import Patient, Seen, builtin, protocol, series


def scanned(*scans: tuple[str, str | None]) -> Seen:
    """A patient of the built-in protocol with these scans: the day, and the visit if one is named."""
    patient = Patient.treated(builtin())
    for done_on, visit in scans:
        patient.scan(done_on, visit)
    return patient.on("2024-12-31")


def assigned(seen: Seen) -> dict[str, tuple[str, str]]:
    return {row["visit"]: (row["done_on"][5:], row["assigned"]) for row in seen["visits"] if row["done_on"]}


def unscheduled(seen: Seen) -> list[str]:
    return [row["done_on"][5:] for row in seen["unscheduled"]]


def test_a_named_visit_comes_first_however_far_away() -> None:
    seen = scanned(("2024-02-14", "imaging-w18"))
    assert assigned(seen) == {"imaging-w18": ("02-14", "named")}
    # w18 opens on 05-01: 17 days of February, March and April before.
    assert seen.visits["imaging-w18"]["days_off"] == -77


def test_named_comes_before_window_even_if_received_and_done_later() -> None:
    seen = scanned(("2024-02-14", None), ("2024-02-20", "imaging-w6"))
    assert assigned(seen) == {"imaging-w6": ("02-20", "named")}
    assert unscheduled(seen) == ["02-14"]


def test_a_second_one_naming_a_done_visit_is_unscheduled() -> None:
    seen = scanned(("2024-02-20", "imaging-w6"), ("2024-02-14", "imaging-w6"))
    # In order of the day done: the 14th has the visit.
    assert assigned(seen) == {"imaging-w6": ("02-14", "named")}
    assert unscheduled(seen) == ["02-20"]


def test_of_two_on_one_day_the_first_received_has_the_visit() -> None:
    patient = Patient.treated(builtin())
    patient.scan("2024-02-14", response="SD")
    patient.scan("2024-02-14", response="PR")
    seen = patient.on("2024-03-01")
    assert seen.visits["imaging-w6"]["response"] == "SD"
    assert [row["response"] for row in seen["unscheduled"]] == ["PR"]


def test_the_ends_of_a_window_are_in_it() -> None:
    assert assigned(scanned(("2024-02-07", None), ("2024-04-03", None))) == {
        "imaging-w6": ("02-07", "window"),
        "imaging-w12": ("04-03", "window"),
    }
    assert assigned(scanned(("2024-02-06", None), ("2024-04-04", None))) == {
        "imaging-w6": ("02-06", "nearest"),
        "imaging-w12": ("04-04", "nearest"),
    }


def test_a_second_scan_in_a_window_finds_no_other_visit_near_enough() -> None:
    # 02-20 is 6 days after w6's target, done, and 36 before w12's.
    seen = scanned(("2024-02-14", None), ("2024-02-20", None))
    assert assigned(seen) == {"imaging-w6": ("02-14", "window")}
    assert unscheduled(seen) == ["02-20"]


def test_half_an_interval_is_near_enough_and_a_day_more_is_not() -> None:
    # w6's target 02-14 less 21 days is 01-24.
    assert assigned(scanned(("2024-01-24", None))) == {"imaging-w6": ("01-24", "nearest")}
    assert unscheduled(scanned(("2024-01-23", None))) == ["01-23"]


def test_a_tie_goes_to_the_earlier_visit() -> None:
    # 03-06 is 21 days after w6 and 21 before w12.
    assert assigned(scanned(("2024-03-06", None))) == {"imaging-w6": ("03-06", "nearest")}
    assert assigned(scanned(("2024-03-07", None))) == {"imaging-w12": ("03-07", "nearest")}


def test_the_nearest_is_looked_for_among_visits_not_done() -> None:
    # Both nearest to w6; in order of day the first has it, and 03-01 is 26 days before w12: too far.
    seen = scanned(("2024-03-01", None), ("2024-02-24", None))
    assert assigned(seen) == {"imaging-w6": ("02-24", "nearest")}
    assert unscheduled(seen) == ["03-01"]
    # 03-06 then is left w12, 21 days away.
    assert assigned(scanned(("2024-02-24", None), ("2024-03-06", None)))["imaging-w12"] == ("03-06", "nearest")


def test_the_nearest_visit_not_done_can_be_the_earlier_one_beyond_a_done_one() -> None:
    # w12 (03-27) is done; 04-10 is 14 days after it. Of those not done w18 (05-08) is 28 days away, w6 56.
    seen = scanned(("2024-03-27", None), ("2024-04-10", None))
    assert unscheduled(seen) == ["04-10"]
    # 04-17 is 21 days before w18.
    assert assigned(scanned(("2024-03-27", None), ("2024-04-17", None)))["imaging-w18"] == ("04-17", "nearest")


def test_the_window_pass_comes_before_any_guess() -> None:
    # Alone, 02-25 would be w6's by nearness; the later scan in w6's window comes first.
    seen = scanned(("2024-01-30", None), ("2024-02-10", None))
    assert assigned(seen) == {"imaging-w6": ("02-10", "window")}
    assert unscheduled(seen) == ["01-30"]


def test_the_limit_is_half_the_days_to_the_following_target() -> None:
    rules = protocol(
        series("imaging", every={"weeks": 2}, count=2, window=(2, 2)),
        series("imaging", first={"weeks": 10}, every={"weeks": 6}, window=(2, 2)),
    )

    def one(done_on: str) -> dict[str, tuple[str, str]]:
        patient = Patient.treated(rules)
        patient.scan(done_on)
        return assigned(patient.on("2024-12-31"))

    # Targets 01-17, 01-31, 03-13, 04-24. After w4 follow 42 days, so 21 are near enough; after w2 14, so 7.
    assert one("2024-02-21") == {"imaging-w4": ("02-21", "nearest")}
    assert one("2024-02-22") == {"imaging-w10": ("02-22", "nearest")}
    assert one("2024-01-10") == {"imaging-w2": ("01-10", "nearest")}
    assert one("2024-01-09") == {}


def test_the_visit_beyond_count_gives_the_last_one_its_interval() -> None:
    rules = protocol(series("lab", every={"weeks": 4}, count=1, window=(1, 1)))

    def found(done_on: str) -> dict[str, tuple[str, str]]:
        patient = Patient.treated(rules)
        patient.record("visit_done", series="lab", done_on=done_on)
        return assigned(patient.on("2024-12-31"))

    # Target 01-31; 14 days are half the 28 to the next, which does not exist.
    assert found("2024-02-14") == {"lab-w4": ("02-14", "nearest")}
    assert found("2024-02-15") == {}


def test_a_single_visit_has_no_limit() -> None:
    patient = Patient.treated(protocol(series("safety", first={"weeks": 4}, window=(1, 1))))
    patient.record("visit_done", series="safety", done_on="2024-12-01")
    assert assigned(patient.on("2024-12-31")) == {"safety": ("12-01", "nearest")}


def test_one_done_before_its_anchor_is_unscheduled() -> None:
    rules = protocol(series("lab", "first_dose", every={"weeks": 1}, window=(0, 0)))

    def done(done_on: str, visit: str | None) -> Seen:
        patient = Patient.treated(rules, first_dose_on="2024-01-12")
        patient.record("visit_done", series="lab", done_on=done_on, visit=visit)
        return patient.on("2024-12-31")

    assert unscheduled(done("2024-01-11", "lab-w1")) == ["01-11"]
    assert assigned(done("2024-01-12", "lab-w1")) == {"lab-w1": ("01-12", "named")}
    # 01-16 is within half a week of 01-19, and 01-15 is not.
    assert assigned(done("2024-01-16", None)) == {"lab-w1": ("01-16", "nearest")}
    assert unscheduled(done("2024-01-15", None)) == ["01-15"]


def test_follow_up_before_the_last_dose_is_unscheduled_even_if_named() -> None:
    patient = Patient.treated(builtin())
    patient.record("visit_done", series="contraception", done_on="2024-03-14", visit="contraception-m1")
    patient.end_treatment("2024-03-15")
    assert unscheduled(patient.on("2024-05-01")) == ["03-14"]


def test_screening_is_planned_before_its_anchor_and_done_there() -> None:
    rules = protocol(series("screening", "first_dose", first={"days": -14}, window=(7, 7)))

    def done(done_on: str) -> Seen:
        patient = Patient.treated(rules, first_dose_on="2024-02-01")
        patient.record("visit_done", series="screening", done_on=done_on)
        return patient.on("2024-12-31")

    # Target 01-18, open 01-11 to 01-25.
    assert assigned(done("2024-01-11")) == {"screening": ("01-11", "window")}
    assert unscheduled(done("2024-01-10")) == ["01-10"]


def test_a_moving_anchor_assigns_anew() -> None:
    patient = Patient.treated(protocol(series("lab", "first_dose", every={"weeks": 2}, window=(3, 3))))
    patient.record("visit_done", series="lab", done_on="2024-01-19")
    assert assigned(patient.on("2024-02-01")) == {"lab-w2": ("01-19", "window")}
    start = next(fact.fact_id for fact in patient.facts if fact.kind == "treatment_started")
    patient.correct(start, "treatment_started", first_dose_on="2024-01-19")
    # w2 is now on 02-02, 14 days later; half an interval is 7.
    assert unscheduled(patient.on("2024-02-01")) == ["01-19"]


def test_what_is_unscheduled_is_kept_with_what_was_said() -> None:
    patient = Patient.treated(builtin())
    patient.scan("2024-01-10", response="SD")
    row: dict[str, Any] = patient.on("2024-02-01")["unscheduled"][0]
    assert row == {"series": "imaging", "done_on": "2024-01-10", "visit": None, "response": "SD"}


def test_progression_on_an_unscheduled_scan_is_a_progression() -> None:
    patient = Patient.treated(builtin())
    patient.scan("2024-01-10", response="PD")
    assert patient.on("2024-02-01").targets("imaging") == {}


def test_series_do_not_share_what_was_done() -> None:
    rules = protocol(series("imaging", every={"weeks": 6}), series("clinic", every={"weeks": 6}))
    patient = Patient.treated(rules)
    patient.record("visit_done", series="clinic", done_on="2024-02-14")
    seen = patient.on("2024-02-14")
    assert (seen.status("clinic-w6"), seen.status("imaging-w6")) == ("done", "open")
