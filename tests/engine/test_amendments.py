"""Amendments and visits (rules, section 9): version 1 has imaging every 6 weeks ±7 days from 2024-01-03."""

from __future__ import annotations

from typing import Any

from .patients import Patient, Seen, protocol, series

ONE = protocol(series("imaging", every={"weeks": 6}, until=["progression", "new_therapy"]))


def two(*visits: dict[str, Any], **rest: Any) -> Any:
    return protocol(*visits, version=2, **rest)


def amended(second: Any, from_on: str, last: str = "2024-08-01", today: str = "2024-03-01") -> Seen:
    patient = Patient.treated(ONE, second)
    patient.record("protocol_amended", version=2, from_on=from_on)
    return patient.on(today, last=last)


def test_the_version_that_applies_on_a_day_is_named() -> None:
    second = two(series("imaging", every={"weeks": 8}))
    assert amended(second, "2024-04-01", today="2024-03-31")["protocol"]["version"] == 1
    assert amended(second, "2024-04-01", today="2024-04-01")["protocol"]["version"] == 2


def test_visits_with_earlier_targets_stay_those_of_the_old_version() -> None:
    # Old targets: w6 02-14, w12 03-27, w18 05-08. New: w8 02-28, w16 04-24, w24 06-19.
    seen = amended(two(series("imaging", every={"weeks": 8}, window=(3, 3))), "2024-03-28")
    assert seen.targets("imaging") == {
        "imaging-w6": "2024-02-14",
        "imaging-w12": "2024-03-27",
        "imaging-w16": "2024-04-24",
        "imaging-w24": "2024-06-19",
    }
    assert seen.window("imaging-w12") == ("2024-03-20", "2024-03-27", "2024-04-03")
    assert seen.window("imaging-w16") == ("2024-04-21", "2024-04-24", "2024-04-27")


def test_a_visit_with_its_target_on_the_first_day_is_of_the_new_version() -> None:
    seen = amended(two(series("imaging", every={"weeks": 6}, window=(1, 1))), "2024-03-27")
    assert seen.window("imaging-w6") == ("2024-02-07", "2024-02-14", "2024-02-21")
    assert seen.window("imaging-w12") == ("2024-03-26", "2024-03-27", "2024-03-28")


def test_a_new_visit_that_would_overlap_an_old_one_is_dropped() -> None:
    # From 02-16: w7 (02-21, from 02-18) overlaps w6 (until 02-21); w14 is 04-10.
    seen = amended(two(series("imaging", every={"weeks": 7}, window=(3, 3))), "2024-02-16")
    assert list(seen.targets("imaging").items())[:2] == [("imaging-w6", "2024-02-14"), ("imaging-w14", "2024-04-10")]


def test_a_new_visit_just_after_an_old_one_stays() -> None:
    # w8 opens on 02-25, four days after w6 closed.
    seen = amended(two(series("imaging", every={"weeks": 8}, window=(3, 3))), "2024-02-16")
    assert list(seen.targets("imaging"))[:2] == ["imaging-w6", "imaging-w8"]
    # With ±7 days it would open on 02-21, the day w6 closes.
    seen = amended(two(series("imaging", every={"weeks": 8}, window=(7, 7))), "2024-02-16")
    assert list(seen.targets("imaging"))[:2] == ["imaging-w6", "imaging-w16"]


def test_a_new_visit_with_the_name_of_an_old_one_is_dropped() -> None:
    # From the first dose, seen 2 days later than from enrolment: w6 would come again on 02-16.
    second = two(series("imaging", "first_dose", every={"weeks": 6}, window=(0, 0)))
    seen = amended(second, "2024-02-16")
    assert seen.targets("imaging")["imaging-w6"] == "2024-02-14"
    assert seen.targets("imaging")["imaging-w12"] == "2024-03-29"
    # The window is that of the old version.
    assert seen.window("imaging-w6") == ("2024-02-07", "2024-02-14", "2024-02-21")


def test_a_series_of_the_new_version_begins_with_it_and_one_it_lacks_ends() -> None:
    seen = amended(two(series("lab", every={"weeks": 6}, window=(0, 0))), "2024-03-01", last="2024-05-30")
    assert list(seen.targets("imaging")) == ["imaging-w6"]
    assert list(seen.targets("lab")) == ["lab-w12", "lab-w18"]


def test_the_last_visit_of_a_series_that_the_new_version_lacks_stays_overdue() -> None:
    patient = Patient.treated(ONE, two(series("lab", every={"weeks": 6}, window=(0, 0))))
    patient.record("protocol_amended", version=2, from_on="2024-03-01")
    # imaging-w12 would have opened on 03-20, and is no longer planned.
    assert patient.on("2024-06-20").status("imaging-w6") == "overdue"


def test_a_visit_of_either_version_can_be_booked_and_done() -> None:
    patient = Patient.treated(ONE, two(series("imaging", every={"weeks": 8}, window=(3, 3))))
    patient.record("protocol_amended", version=2, from_on="2024-03-28")
    patient.scan("2024-02-14", "imaging-w6")
    patient.scan("2024-04-24", "imaging-w16")
    # Known to version 1, though no longer planned.
    patient.scan("2024-05-08", "imaging-w18")
    seen = patient.on("2024-05-10")
    assert (seen.status("imaging-w6"), seen.status("imaging-w16")) == ("done", "done")
    assert [row["visit"] for row in seen["unscheduled"]] == ["imaging-w18"]


def test_an_amendment_taken_back_brings_the_old_plan_back() -> None:
    patient = Patient.treated(ONE, two(series("imaging", every={"weeks": 8}, window=(3, 3))))
    before = patient.on("2024-03-01").document
    amendment = patient.record("protocol_amended", version=2, from_on="2024-03-01")
    assert patient.on("2024-03-01").document != before
    patient.void(amendment)
    assert patient.on("2024-03-01").document == before


def test_cycle_visits_follow_the_new_length_of_cycles() -> None:
    clinic = series("clinic", {"days": [1]}, window=(0, 0))
    patient = Patient.treated(protocol(clinic), protocol(clinic, version=2, cycle_days=28))
    patient.record("protocol_amended", version=2, from_on="2024-02-01")
    assert list(patient.on("2024-02-01").targets("clinic").items())[:4] == [
        ("clinic-c1d1", "2024-01-05"),
        ("clinic-c2d1", "2024-01-26"),
        ("clinic-c3d1", "2024-02-16"),
        ("clinic-c4d1", "2024-03-15"),
    ]


def test_days_of_a_cycle_go_on_past_cycles_too_short_to_have_them() -> None:
    """The worked example: cycles of 14 days with clinic day 8, from 2024-02-02 (C3D1) of 28 days with day 15."""
    one = protocol(series("clinic", {"days": [8]}, window=(0, 0)), cycle_days=14)
    other = two(series("clinic", {"days": [15]}, window=(0, 0)), cycle_days=28)
    patient = Patient.treated(one, other)
    patient.record("protocol_amended", version=2, from_on="2024-02-02")
    assert [*patient.on("2024-02-02").targets("clinic").items()][:4] == [
        ("clinic-c1d8", "2024-01-12"),
        ("clinic-c2d8", "2024-01-26"),
        ("clinic-c3d15", "2024-02-16"),
        ("clinic-c4d15", "2024-03-15"),
    ]


def test_visits_with_earlier_targets_keep_the_end_of_their_version() -> None:
    """Progression in week 12: from then on version 1 asks for no scan, version 2 for those from 2024-06-01."""
    patient = Patient.treated(ONE, two(series("imaging", every={"weeks": 6}, until=[])))
    patient.scan("2024-03-27", "imaging-w12", "PD")
    patient.record("protocol_amended", version=2, from_on="2024-06-01")
    targets = [*patient.on("2024-06-01").targets("imaging")]
    assert targets[:3] == ["imaging-w6", "imaging-w12", "imaging-w24"]
    view = patient.view("2024-06-01")
    assert [row["visit"] for row in view["visits"]] == ["imaging-w24"]


def test_an_earlier_visit_that_was_not_done_and_had_closed_drops_none() -> None:
    """Week 6 closed on 2024-02-21; the new week 8 (2024-02-28) is open from 02-18."""
    second = two(series("imaging", every={"weeks": 8}, window=(10, 3)))
    assert [*amended(second, "2024-02-22").targets("imaging")][:2] == ["imaging-w6", "imaging-w8"]
    done = Patient.treated(ONE, second)
    done.scan("2024-02-14")
    done.record("protocol_amended", version=2, from_on="2024-02-22")
    assert [*done.on("2024-03-01").targets("imaging")][:2] == ["imaging-w6", "imaging-w16"]
    # What is done in both windows belongs to the nearer target.
    both = Patient.treated(ONE, second)
    both.record("protocol_amended", version=2, from_on="2024-02-22")
    both.scan("2024-02-23")
    assert both.on("2024-03-01").visits["imaging-w8"]["assigned"] == "window"


def test_new_visits_do_not_drop_new_ones() -> None:
    """Week 7 is dropped for week 6; week 14 is not for week 7."""
    seen = amended(two(series("imaging", every={"weeks": 7}, window=(20, 20))), "2024-02-16")
    assert [*seen.targets("imaging")][:3] == ["imaging-w6", "imaging-w14", "imaging-w21"]


def test_the_order_in_which_stretches_are_listed_changes_nothing() -> None:
    stretches = (
        series("imaging", every={"weeks": 2}, count=3, window=(2, 2)),
        series("imaging", first={"weeks": 12}, every={"weeks": 6}, count=2, window=(3, 3)),
        series("imaging", first={"weeks": 30}, every={"weeks": 12}, window=(7, 7)),
    )
    plain_order, reverse = (
        Patient.treated(protocol(*order)).on("2024-02-01").document for order in (stretches, stretches[::-1])
    )
    assert plain_order == reverse


def test_of_a_version_that_is_soon_replaced_no_later_visit_is_left_out() -> None:
    """Its week 7, 2024-02-21, would overlap week 6; from 2024-02-18 on a third version plans."""
    third = protocol(series("imaging", every={"weeks": 30}), version=3)
    patient = Patient.treated(ONE, two(series("imaging", every={"weeks": 7})), third)
    amendment = patient.record("protocol_amended", version=2, from_on="2024-02-16")
    dropped = patient.schedule().visit_schedule.series("imaging").dropped
    assert [one.visit.name for one in dropped] == ["imaging-w7"]
    patient.record("protocol_amended", version=3, from_on="2024-02-18")
    assert patient.schedule().visit_schedule.series("imaging").dropped == ()
    assert [*patient.on("2024-03-01").targets("imaging")][:2] == ["imaging-w6", "imaging-w30"]
    patient.void(amendment)
    assert patient.schedule().visit_schedule.series("imaging").dropped == ()


def test_an_earlier_visit_done_long_before_its_target_keeps_out_a_new_one_that_overlaps_it() -> None:
    """Weeks 2 and 4 ±2 days, then week 10, 2024-03-13, open from 02-28 to 03-16; the new week 11 is open from 03-10."""
    one = protocol(
        series("imaging", every={"weeks": 2}, count=2, window=(2, 2)),
        series("imaging", first={"weeks": 10}, every={"weeks": 10}, window=(14, 3)),
    )
    for scans, following in (((), "imaging-w11"), (("2024-03-01",), "imaging-w22")):
        patient = Patient.treated(one, two(series("imaging", every={"weeks": 11}, window=(10, 3))))
        for on in scans:
            patient.scan(on)
        patient.record("protocol_amended", version=2, from_on="2024-03-18")
        targets = [*patient.on("2024-03-18").targets("imaging")]
        assert targets[:4] == ["imaging-w2", "imaging-w4", "imaging-w10", following]


def imaged_through_progression(from_on: str, *scans: tuple[str, str], second: Any = None) -> Patient:
    """A patient with these scans, amended to imaging every 8 weeks ±7 days that goes on after progression."""
    patient = Patient.treated(ONE, second or two(series("imaging", every={"weeks": 8}, until=[])))
    for on, response in scans:
        patient.scan(on, response=response)
    patient.record("protocol_amended", version=2, from_on=from_on)
    return patient


def test_an_earlier_visit_that_does_not_exist_drops_none() -> None:
    """Since progression on 2024-03-27 there is no week 30 (2024-07-31 ±7), which week 32 (08-14) would overlap."""
    patient = imaged_through_progression("2024-08-02", ("2024-02-14", "SD"), ("2024-03-27", "PD"))
    seen = patient.on("2024-08-15", last="2024-10-15")
    assert [*seen.targets("imaging")] == ["imaging-w6", "imaging-w12", "imaging-w32", "imaging-w40"]
    assert seen.status("imaging-w32") == "open"
    assert patient.schedule().visit_schedule.series("imaging").dropped == ()
    # Without progression week 30 is still to be done.
    without = imaged_through_progression("2024-08-02", ("2024-02-14", "SD"), ("2024-03-27", "SD"))
    assert [*without.on("2024-08-15", first="2024-07-10", last="2024-10-15").targets("imaging")] == [
        "imaging-w30",
        "imaging-w40",
    ]


def test_an_earlier_visit_that_is_not_required_drops_none_unless_it_was_done() -> None:
    """Week 30 is open from 2024-07-24 to 08-07 and not required since progression on 07-25."""
    patient = imaged_through_progression("2024-08-02")
    patient.record("progressed", progressed_on="2024-07-25", basis="clinical")
    seen = patient.on("2024-08-15", first="2024-07-10", last="2024-10-15")
    assert {name: row["status"] for name, row in seen.visits.items()} == {
        "imaging-w30": "not_required",
        "imaging-w32": "open",
        "imaging-w40": "upcoming",
    }
    patient.scan("2024-07-26")
    seen = patient.on("2024-08-15", first="2024-07-10", last="2024-10-15")
    assert {name: row["status"] for name, row in seen.visits.items()} == {
        "imaging-w30": "done",
        "imaging-w40": "upcoming",
    }


def test_an_earlier_visit_that_is_not_required_gives_its_name_to_the_new_one() -> None:
    """Week 30 from the first dose is 2024-08-02; from enrolment it was 07-31, and not required since 07-25."""
    second = two(series("imaging", "first_dose", every={"weeks": 6}, until=[]))
    patient = imaged_through_progression("2024-08-01", second=second)
    patient.record("visit_booked", visit="imaging-w30", booked_on="2024-08-05")
    assert patient.on("2024-08-05").window("imaging-w30")[1] == "2024-07-31"
    patient.record("progressed", progressed_on="2024-07-25", basis="clinical")
    seen = patient.on("2024-08-05")
    assert seen.window("imaging-w30") == ("2024-07-26", "2024-08-02", "2024-08-09")
    # What is booked, and what names it, is now the visit that is to be done.
    assert (seen.status("imaging-w30"), seen.visits["imaging-w30"]["booked_on"]) == ("open", "2024-08-05")
    patient.scan("2024-08-05", "imaging-w30")
    assert patient.on("2024-08-05").visits["imaging-w30"]["days_off"] == 0
    # Done before the amendment, it was the earlier one.
    earlier = imaged_through_progression("2024-08-01", ("2024-07-25", "PD"), second=second)
    assert earlier.on("2024-08-05").window("imaging-w30")[1] == "2024-07-31"
    assert [one.visit.name for one in earlier.schedule().visit_schedule.series("imaging").dropped] == ["imaging-w30"]


def test_a_visit_of_the_day_on_which_a_third_version_begins_takes_nobodys_name() -> None:
    """Week 30 of the second version would be 2024-08-02; from that day on the third one plans, and has none."""
    second = two(series("imaging", "first_dose", every={"weeks": 6}, until=[]))
    patient = Patient.treated(ONE, second, protocol(series("imaging", every={"weeks": 50}), version=3))
    for version, from_on in ((2, "2024-08-01"), (3, "2024-08-02")):
        patient.record("protocol_amended", version=version, from_on=from_on)
    patient.record("progressed", progressed_on="2024-07-25", basis="clinical")
    seen = patient.on("2024-08-05", first="2024-07-10")
    assert (seen.window("imaging-w30")[1], seen.status("imaging-w30")) == ("2024-07-31", "not_required")


def test_a_new_visit_that_closes_before_one_no_longer_required_is_overdue() -> None:
    """Day 212, 2024-08-02 ±1, lies in the window of week 30, which goes on until 08-07."""
    second = two(series("imaging", every={"days": 212}, window=(1, 1), until=[]))
    patient = imaged_through_progression("2024-08-01", second=second)
    patient.record("progressed", progressed_on="2024-07-25", basis="clinical")
    assert [(row["visit"], row["status"]) for row in patient.view("2024-08-05")["visits"]] == [
        ("imaging-d212", "overdue")
    ]
    # After week 30 closed what is done is the required one, late.
    patient.scan("2024-08-08")
    assert patient.on("2024-08-08").visits["imaging-d212"]["assigned"] == "late"
    assert [*patient.on("2024-08-08", first="2024-08-04", last="2024-08-04").targets("imaging")] == ["imaging-w30"]
