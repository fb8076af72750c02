"""Which visit a `visit_done` belongs to: the three passes of section 5, in order of day, then of receipt.

Imaging of the built-in protocol, enrolled 2024-01-03: w6 2024-02-07…02-21, w12 03-20…04-03, w18 05-01…05-15.
"""

from __future__ import annotations

from typing import Any

from .patients import Patient, Seen, builtin, day, protocol, series


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


def suggested(seen: Seen) -> dict[str, str | None]:
    """The visit to come that each unscheduled one may have been, by day."""
    return {row["done_on"][5:]: row["suggested_visit"] for row in seen["unscheduled"]}


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


def test_the_ends_of_a_window_are_in_it() -> None:
    assert assigned(scanned(("2024-02-07", None), ("2024-04-03", None))) == {
        "imaging-w6": ("02-07", "window"),
        "imaging-w12": ("04-03", "window"),
    }
    assert assigned(scanned(("2024-02-06", None), ("2024-04-04", None))) == {"imaging-w12": ("04-04", "late")}


def test_an_early_scan_that_names_no_visit_hides_none() -> None:
    """Half of six weeks before w6's target is 2024-01-24."""
    for done_on, visit in (("2024-02-06", "imaging-w6"), ("2024-01-24", "imaging-w6"), ("2024-01-23", None)):
        patient = Patient.treated(builtin())
        patient.scan(done_on)
        seen = patient.on("2024-02-07")
        assert (seen.status("imaging-w6"), suggested(seen)) == ("open", {done_on[5:]: visit})
        assert patient.view("2024-02-07")["visits"][0]["visit"] == "imaging-w6"


def test_an_early_scan_is_the_visit_once_somebody_says_so_or_an_extra_one() -> None:
    for visit, status, found in (("imaging-w6", "done", {}), ("unscheduled", "open", {"02-06": None})):
        patient = Patient.treated(builtin())
        scan = patient.scan("2024-02-06", response="SD")
        patient.correct(
            scan, "visit_done", why=None, series="imaging", done_on="2024-02-06", visit=visit, response="SD"
        )
        seen = patient.on("2024-02-07")
        assert (seen.status("imaging-w6"), suggested(seen)) == (status, found)


def test_no_visit_is_suggested_that_is_done() -> None:
    assert suggested(scanned(("2024-03-13", None))) == {}
    # Late for week 6, as it names none; then an extra one, half an interval before week 12.
    seen = scanned(("2024-02-14", None), ("2024-03-13", None))
    assert suggested(seen) == {"03-13": "imaging-w12"}
    assert suggested(scanned(("2024-02-14", None), ("2024-03-13", None), ("2024-03-27", None))) == {"03-13": None}


def test_a_late_scan_belongs_to_the_visit_before_it_until_the_next_one_opens() -> None:
    assert assigned(scanned(("2024-02-22", None))) == {"imaging-w6": ("02-22", "late")}
    assert assigned(scanned(("2024-03-19", None))) == {"imaging-w6": ("03-19", "late")}
    assert assigned(scanned(("2024-03-20", None))) == {"imaging-w12": ("03-20", "window")}
    # Between w12 and w18 nobody takes it for w6.
    assert assigned(scanned(("2024-03-27", None), ("2024-04-10", None))) == {"imaging-w12": ("03-27", "window")}


def test_late_goes_by_the_next_visit_that_exists() -> None:
    """Weeks 12, 24, … go on; weeks 6, 18, … ended on 2024-03-01: week 18 (05-01 to 05-15) does not exist."""
    endless = series("imaging", every={"weeks": 12}, until=[])
    ended = series("imaging", first={"weeks": 6}, every={"weeks": 12}, until=["new_therapy"])
    for late in ("2024-05-06", "2024-06-11"):
        patient = Patient.treated(protocol(endless, ended))
        patient.scan("2024-02-14", "imaging-w6")
        patient.record("new_therapy_started", started_on="2024-03-01")
        patient.scan(late)
        assert assigned(patient.on("2024-06-12"))["imaging-w12"] == (late[5:], "late")
    # Once somebody says that it was week 18 after all, that is the next.
    patient.scan("2024-05-08", "imaging-w18")
    seen = patient.on("2024-06-12")
    assert assigned(seen) == {"imaging-w6": ("02-14", "named"), "imaging-w18": ("05-08", "named")}
    assert unscheduled(seen) == ["06-11"]


def test_of_two_late_scans_the_earlier_has_the_visit() -> None:
    seen = scanned(("2024-03-01", None), ("2024-02-24", None))
    assert assigned(seen) == {"imaging-w6": ("02-24", "late")}
    # 03-01 is 26 days before week 12.
    assert suggested(seen) == {"03-01": None}
    assert suggested(scanned(("2024-02-24", None), ("2024-03-06", None))) == {"03-06": "imaging-w12"}


def test_nothing_is_late_for_a_visit_that_was_not_required_through_its_window() -> None:
    patient = Patient.treated(builtin())
    patient.record("progressed", progressed_on="2024-02-21", basis="clinical")
    patient.scan("2024-02-24")
    seen = patient.on("2024-03-01")
    assert (seen.status("imaging-w6"), suggested(seen)) == ("not_required", {"02-24": None})


def test_a_visit_that_opens_after_the_end_takes_nothing_that_does_not_name_it() -> None:
    patient = Patient.treated(builtin())
    patient.record("progressed", progressed_on="2024-03-19", basis="clinical")
    patient.scan("2024-02-14")
    patient.scan("2024-03-25")
    seen = patient.on("2024-04-01")
    assert (list(seen.targets("imaging")), suggested(seen)) == (["imaging-w6"], {"03-25": None})
    patient.scan("2024-03-26", "imaging-w12")
    assert patient.on("2024-04-01").status("imaging-w12") == "done"


def test_the_window_pass_comes_before_a_late_one() -> None:
    """Both scans name none, the one after the window was received first."""
    seen = scanned(("2024-02-22", None), ("2024-02-10", None))
    assert assigned(seen) == {"imaging-w6": ("02-10", "window")}
    assert unscheduled(seen) == ["02-22"]


def test_half_an_interval_is_half_of_every_else_of_the_gap_before() -> None:
    rules = protocol(
        series("imaging", every={"weeks": 2}, count=2, window=(2, 2)),
        series("imaging", first={"weeks": 10}, every={"weeks": 6}, window=(2, 2)),
        series("clinic", {"days": [1]}, window=(0, 0)),
        series("clinic", {"days": [8]}, window=(0, 0)),
    )

    def one(series_of: str, done_on: str, *earlier: str) -> str | None:
        patient = Patient.treated(rules)
        for on in (*earlier, done_on):
            patient.record("visit_done", series=series_of, done_on=on)
        return suggested(patient.on("2024-12-31"))[done_on[5:]]

    # Targets 01-17, 01-31, 03-13, 04-24: week 10 has 6 weeks between visits, week 2 two.
    assert (one("imaging", "2024-01-10"), one("imaging", "2024-01-09")) == ("imaging-w2", None)
    assert one("imaging", "2024-02-21", "2024-01-17", "2024-01-31") == "imaging-w10"
    assert one("imaging", "2024-02-20", "2024-01-17", "2024-01-31") is None
    # Day 8 of cycle 1 is 01-12, day 1 of cycle 2 is 01-26, 14 days later.
    assert one("clinic", "2024-01-19", "2024-01-05", "2024-01-12") == "clinic-c2d1"
    assert one("clinic", "2024-01-18", "2024-01-05", "2024-01-12") is None


def test_a_visit_may_be_done_before_its_anchor_if_it_is_named() -> None:
    rules = protocol(series("lab", "first_dose", every={"weeks": 1}, window=(0, 0)))

    def done(done_on: str, visit: str | None) -> Seen:
        patient = Patient.treated(rules, first_dose_on="2024-01-12")
        patient.record("visit_done", series="lab", done_on=done_on, visit=visit)
        return patient.on("2024-12-31")

    assert assigned(done("2024-01-11", "lab-w1")) == {"lab-w1": ("01-11", "named")}
    # 01-16 is within half a week of 01-19, and 01-15 is not.
    assert suggested(done("2024-01-16", None)) == {"01-16": "lab-w1"}
    assert suggested(done("2024-01-15", None)) == {"01-15": None}


def test_a_visit_named_before_it_has_a_date_waits_under_its_name() -> None:
    patient = Patient.treated(builtin())
    patient.record("visit_done", series="contraception", done_on="2024-03-14", visit="contraception-m1")
    assert [row["visit"] for row in patient.on("2024-03-14")["unscheduled"]] == ["contraception-m1"]
    patient.end_treatment("2024-03-15")
    seen = patient.on("2024-05-01")
    assert (seen["unscheduled"], seen.visits["contraception-m1"]["days_off"]) == ([], -25)


def test_a_hold_that_moves_a_visit_away_makes_it_to_do_again() -> None:
    """Day 1 of cycle 2 is 2024-01-26; held for 20 days from the 20th on, it is 2024-02-15."""
    clinic = series("clinic", {"days": [1]}, window=(3, 3))
    for visit in ("clinic-c2d1", None):
        patient = Patient.treated(protocol(clinic, on_hold="extend"))
        patient.record("visit_done", series="clinic", done_on="2024-01-05", visit="clinic-c1d1")
        patient.record("visit_done", series="clinic", done_on="2024-01-27", visit=visit)
        assert patient.on("2024-01-28").status("clinic-c2d1") == "done"
        patient.record("hold_started", from_on="2024-01-20", resumes_on="2024-02-09")
        seen = patient.on("2024-02-12")
        assert seen.window("clinic-c2d1") == ("2024-02-12", "2024-02-15", "2024-02-18")
        assert (seen.status("clinic-c1d1"), seen.status("clinic-c2d1")) == ("done", "open")
        assert suggested(seen) == {"01-27": "clinic-c2d1"}
        patient.record("visit_done", series="clinic", done_on="2024-02-12")
        assert suggested(patient.on("2024-02-12")) == {"01-27": None}


def test_a_hold_that_moves_a_visit_by_less_than_its_window_leaves_it_done() -> None:
    patient = Patient.treated(protocol(series("clinic", {"days": [1]}, window=(3, 3)), on_hold="extend"))
    patient.record("visit_done", series="clinic", done_on="2024-01-26", visit="clinic-c2d1")
    patient.record("hold_started", from_on="2024-01-20", resumes_on="2024-01-23")
    assert patient.on("2024-02-09").visits["clinic-c2d1"]["target_on"] == "2024-01-29"
    assert patient.on("2024-02-09").status("clinic-c2d1") == "done"


# Parts.


def test_a_part_on_another_day_belongs_to_the_visit_and_its_response_counts() -> None:
    """The worked example: CT 2024-02-14 `NE`, MRI 2024-02-19 `PD`."""
    patient = Patient.treated(builtin())
    patient.scan("2024-02-14", "imaging-w6", "NE")
    part = {"series": "imaging", "done_on": "2024-02-19", "visit": "imaging-w6", "part": True}
    patient.record("visit_done", **part, response="PD")
    seen = patient.on("2024-03-01")
    row = seen.visits["imaging-w6"]
    assert (row["done_on"], row["response"], row["parts"], row["assigned"]) == ("2024-02-14", "PD", 2, "named")
    assert (seen["unscheduled"], list(seen.targets("imaging"))) == ([], ["imaging-w6"])
    assert patient.history.progressed_on == day("2024-02-19")


def test_the_day_is_that_of_the_earliest_part_and_the_response_the_last_recorded() -> None:
    patient = Patient.treated(builtin())
    patient.scan("2024-02-14", response="SD")
    patient.record("visit_done", series="imaging", done_on="2024-02-12", part=True, response="PR")
    patient.record("visit_done", series="imaging", done_on="2024-02-20", part=True)
    row = patient.on("2024-03-01").visits["imaging-w6"]
    assert (row["done_on"], row["response"], row["parts"], row["assigned"]) == ("2024-02-12", "PR", 3, "window")


def scanned_before_hold(*parts: str, scans: tuple[str, ...] = ("2024-02-16",)) -> Patient:
    """Imaging on day 1 of cycles 3, 5, … ±3 days: 2024-02-16, moved to 03-08 by a hold from 02-01 to 02-21."""
    imaging = series("imaging", {"days": [1], "cycles": {"from": 3, "every": 2}}, window=(3, 3))
    patient = Patient.treated(protocol(imaging, on_hold="extend"))
    for on in scans:
        patient.scan(on, "imaging-c3d1")
    for on in parts:
        patient.record("visit_done", series="imaging", done_on=on, visit="imaging-c3d1", part=True)
    patient.record("hold_started", from_on="2024-02-01", resumes_on="2024-02-22", reason="toxicity")
    return patient


def test_a_part_leaves_a_visit_to_do_again_that_a_hold_moved_away() -> None:
    # In the window of before, and two days after it.
    for part in ("2024-02-17", "2024-02-21"):
        patient = scanned_before_hold(part)
        seen = patient.on("2024-03-08")
        assert seen.window("imaging-c3d1") == ("2024-03-05", "2024-03-08", "2024-03-11")
        assert seen.status("imaging-c3d1") == "open"
        assert suggested(seen) == {"02-16": "imaging-c3d1", part[5:]: None}
        # Done again, it was done on that day; and a part of that belongs to it.
        patient.scan("2024-03-07", "imaging-c3d1")
        patient.record("visit_done", series="imaging", done_on="2024-03-06", visit="imaging-c3d1", part=True)
        row = patient.on("2024-03-08").visits["imaging-c3d1"]
        assert (row["done_on"], row["parts"], row["days_off"]) == ("2024-03-06", 2, 0)


def test_a_part_alone_does_not_make_a_visit_done_that_a_hold_moved_away() -> None:
    seen = scanned_before_hold("2024-02-17", scans=()).on("2024-03-08")
    assert (seen.status("imaging-c3d1"), suggested(seen)) == ("open", {"02-17": None})
    # Where no hold moved it away, it does.
    assert scanned_before_hold("2024-02-28", scans=()).on("2024-03-08").status("imaging-c3d1") == "done"


def test_a_part_stays_with_a_record_that_the_hold_leaves_in_the_window() -> None:
    """Moved from 2024-02-16 to 02-20, the visit has 02-19 in both windows, and 02-14 in the first alone."""
    imaging = series("imaging", {"days": [1], "cycles": {"from": 3, "every": 2}}, window=(3, 3))
    patient = Patient.treated(protocol(imaging, on_hold="extend"))
    patient.scan("2024-02-19", "imaging-c3d1")
    patient.record("visit_done", series="imaging", done_on="2024-02-14", visit="imaging-c3d1", part=True)
    patient.record("hold_started", from_on="2024-02-01", resumes_on="2024-02-05", reason="toxicity")
    row = patient.on("2024-02-20").visits["imaging-c3d1"]
    assert (row["target_on"], row["done_on"], row["parts"]) == ("2024-02-20", "2024-02-14", 2)


def test_a_part_takes_no_visit_from_another_record() -> None:
    """It comes first, and the scan that names no visit has it all the same."""
    patient = Patient.treated(builtin())
    patient.record("visit_done", series="imaging", done_on="2024-02-10", part=True)
    patient.scan("2024-02-20")
    row = patient.on("2024-03-01").visits["imaging-w6"]
    assert (row["done_on"], row["parts"]) == ("2024-02-10", 2)


def test_a_part_outside_every_window_that_names_no_visit_belongs_to_none() -> None:
    patient = Patient.treated(builtin())
    patient.scan("2024-02-14")
    patient.record("visit_done", series="imaging", done_on="2024-02-24", part=True)
    seen = patient.on("2024-03-01")
    assert [(row["done_on"], row["part"]) for row in seen["unscheduled"]] == [("2024-02-24", True)]


def test_screening_is_planned_before_its_anchor_and_done_there() -> None:
    rules = protocol(series("screening", "first_dose", first={"days": -14}, window=(7, 7)))

    def done(done_on: str) -> Seen:
        patient = Patient.treated(rules, first_dose_on="2024-02-01")
        patient.record("visit_done", series="screening", done_on=done_on)
        return patient.on("2024-12-31")

    # Target 01-18, open 01-11 to 01-25.
    assert assigned(done("2024-01-11")) == {"screening": ("01-11", "window")}
    assert unscheduled(done("2024-01-10")) == ["01-10"]


def test_screening_may_be_done_up_to_a_year_before_enrolment() -> None:
    """The worked example: 14 days before the first dose ±7, done 2023-12-22."""
    screening = series("screening", "first_dose", first={"days": -14}, window=(7, 7))
    patient = Patient(protocol(screening), planned_first_dose_on="2024-01-05")
    patient.record("visit_done", series="screening", done_on="2023-12-22", visit="screening")
    row = patient.on("2024-01-03").visits["screening"]
    assert (row["status"], row["days_off"]) == ("done", 0)
    assert patient.on("2024-01-03").deviations() == []
    early = Patient.treated(protocol(screening))
    early.record("visit_done", series="screening", done_on="2023-01-03", visit="screening")
    assert early.on("2024-01-03", first="2022-12-01").deviations() == [("visit_early", "2023-01-03")]


def test_screening_that_nobody_recorded_is_overdue_through_the_day_of_its_anchor() -> None:
    screening = series("screening", "first_dose", first={"days": -14}, window=(7, 7))
    patient = Patient(protocol(screening), planned_first_dose_on="2024-02-01")
    statuses = [patient.on(today).status("screening") for today in ("2024-01-25", "2024-02-01", "2024-02-02")]
    assert statuses == ["open", "overdue", "missed"]


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
    scan = patient.scan("2024-01-10", response="SD")
    row: dict[str, Any] = patient.on("2024-02-01")["unscheduled"][0]
    assert row == {
        "fact_id": scan,
        "series": "imaging",
        "done_on": "2024-01-10",
        "study_day": 6,
        "visit": None,
        "response": "SD",
        "part": False,
        "suggested_visit": None,
    }


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
