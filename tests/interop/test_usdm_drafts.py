"""What of a USDM study becomes a draft, and what the report says of the rest: five shapes that real files have."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, get_args

import pytest
from usdm_files import ANSWERS, NAMES, study

from scheduler_api.engine.errors import ValidationFailed
from scheduler_api.engine.protocol_file.parse import read_protocol
from scheduler_api.interop.usdm.answers import Answers, answers_of
from scheduler_api.interop.usdm.draft import Imported, import_study
from scheduler_api.interop.usdm.naming import slug
from scheduler_api.interop.usdm.report import Why
from scheduler_api.schemas.imports import ImportSchema

pytestmark = pytest.mark.one_engine
DESIGN = ("study", "versions", 0, "studyDesigns", 0)

#: Scans of weeks 6, 12 and 18, as they are written in one entry.
WEEK_SCANS = {
    **{"series": "week-scan", "anchor": "first_dose", "first": {"weeks": 6}, "every": {"weeks": 6}, "count": 3},
    "responses": "RECIST 1.1",
}


def imported(name: str, **answers: Any) -> Imported:
    """A study with its answers, and others."""
    return import_study(study(name), answers_of(ImportSchema().load({"document": {}, "answers": answers})["answers"]))


def complete(name: str, **answers: Any) -> Imported:
    """A study with all that it does not say."""
    return imported(name, **{**ANSWERS[name], **answers})


def visits(found: Imported, *without: str) -> list[dict[str, Any]]:
    """The visits of the draft, without some fields."""
    hidden = {"window", "until", "mode", "activities", "label", *without}
    return [{key: value for key, value in visit.items() if key not in hidden} for visit in found.draft["visits"]]


def whys(found: Imported) -> set[tuple[str, str | None]]:
    """The objects that are not carried, each with why."""
    return {(said.id, said.why) for said in found.report.not_carried}


def losses(found: Imported) -> set[tuple[str, str | None]]:
    """The objects that are carried otherwise than they stand, each with why."""
    return {(said.id, said.why) for said in found.report.changed}


@pytest.mark.parametrize("name", NAMES)
def test_a_completed_draft_is_a_protocol_and_leaves_nothing_to_fill_in(name: str) -> None:
    found = complete(name)
    assert found.report.to_fill_in == []
    protocol = read_protocol(found.draft)
    assert protocol.title == study(name)["study"]["name"]
    assert protocol.id == found.draft["registry"].lower()


@pytest.mark.parametrize("name", NAMES)
def test_what_nobody_has_said_is_null_and_the_check_names_each_place(name: str) -> None:
    found = imported(name)
    asked = {pointer for hole in found.report.to_fill_in for pointer in hole.pointers}
    assert {"/contraception", "/visits/0/until"} <= asked
    with pytest.raises(ValidationFailed) as refused:
        read_protocol(found.draft)
    assert {error.pointer for error in refused.value.errors} == asked
    for pointer in asked:
        value: Any = found.draft
        for token in pointer[1:].split("/"):
            value = value[int(token) if isinstance(value, list) else token]
        assert value is None


@pytest.mark.parametrize("name", NAMES)
def test_each_answer_leaves_one_question_less(name: str) -> None:
    """No answer is taken for another: without any one of them its question is asked, and only that."""
    for field in ANSWERS[name]:
        rest = {key: value for key, value in ANSWERS[name].items() if key != field}
        asked = {hole.answer.partition("/")[0].partition(", ")[0] for hole in imported(name, **rest).report.to_fill_in}
        # A window or an end for one series is asked with the others.
        assert asked in ({field}, {field.removesuffix("_of")}, set()), field
        if asked == set():
            assert field in ("until_of", "responses")


@pytest.mark.parametrize("name", NAMES)
def test_every_instance_is_accounted_for_once(name: str) -> None:
    """A visit is carried or not carried, and never both or neither."""
    found = imported(name)
    said = [one.id for one in (*found.report.carried, *found.report.not_carried)]
    assert len(said) == len(set(said))
    design = study(name)["study"]["versions"][0]["studyDesigns"][0]
    (main,) = [timeline for timeline in design["scheduleTimelines"] if timeline["mainTimeline"]]
    scheduled = {one["id"] for one in main["instances"] if one.get("encounterId") or one.get("activityIds")}
    assert scheduled <= set(said)
    interventions = study(name)["study"]["versions"][0]["studyInterventions"]
    assert {one["id"] for each in interventions for one in each["administrations"]} <= set(said)


@pytest.mark.parametrize("name", NAMES)
def test_what_a_study_says_has_its_source(name: str) -> None:
    found = complete(name)
    assert {source["stated"] for source in found.draft["sources"].values()} == {"usdm"}
    timings = json.dumps(study(name))
    for pointer, source in found.draft["sources"].items():
        if pointer.startswith("/visits/"):
            kind, _, ids = source["note"].partition(" ")
            assert kind in ("timing", "timings"), pointer
            assert all(f'"{timing}"' in timings for timing in ids.split(", "))
    for number, visit in enumerate(found.draft["visits"]):
        where = "anchor/days" if isinstance(visit["anchor"], dict) and "days" in visit["anchor"] else "first"
        # The day of a reference that no timing gives a distance is the reference's own.
        assert f"/visits/{number}/{where}" in found.draft["sources"]


def test_unrolled_cycles_are_days_of_cycles_where_label_and_distance_agree() -> None:
    found = complete("unrolled_cycles")
    assert visits(found) == [
        {"series": "screening", "anchor": "first_dose", "first": {"days": -14}},
        {"series": "cycle", "anchor": {"days": [1], "cycles": [1]}},
        {"series": "cycle", "anchor": {"days": [8], "cycles": [1]}},
        {"series": "cycle", "anchor": {"days": [15], "cycles": [1]}},
        {"series": "cycle", "anchor": {"days": [1], "cycles": {"from": 2, "to": 4}}},
        WEEK_SCANS,
        {"series": "safety-call", "anchor": "last_dose", "first": {"days": 30}},
    ]
    assert {("c1d1", "of_cycles"), ("c4d1", "of_cycles"), ("daily", "duration_in_text")} <= losses(found)
    assert whys(found) == {("arm-1", "single_arm"), ("infusion", "given_otherwise")}
    assert found.draft["regimens"] == [
        {
            **{"id": "anlotinib", "drug": "Anlotinib", "route": "oral", "dose": {"amount": 12, "unit": "mg"}},
            **{"cycle_days": 21, "on_hold": "continue", "when": [{"days": "all"}]},
        }
    ]
    assert found.draft["visits"][-1]["mode"] == "remote"
    assert found.draft["visits"][5]["label"] == "Week {n} scan"


def test_unrolled_cycles_of_another_length_are_counted_from_what_the_timings_say() -> None:
    """The labels say cycles of 21 days: with 28 they are visits like others, counted from the visit before."""
    found = complete("unrolled_cycles", cycle_days=28)
    assert visits(found)[3:8] == [
        {"series": "cycle", "anchor": {"days": [15], "cycles": [1]}},
        {"series": "cycle-2-day-1", "anchor": "first_dose", "first": {"days": 21}},
        WEEK_SCANS,
        {"series": "cycle-3-day-1", "anchor": {"visit": "cycle-2-day-1"}, "first": {"days": 21}},
        {"series": "cycle-4-day-1", "anchor": {"visit": "cycle-3-day-1"}, "first": {"days": 21}},
    ]
    assert {("c3d1", "counted_from_visit"), ("c4d1", "counted_from_visit")} <= losses(found)
    read_protocol(found.draft)


def test_a_loop_is_days_of_the_cycles_that_somebody_names() -> None:
    found = complete("loop")
    assert visits(found)[2:] == [
        {"series": "day-1-of-the-cycle", "anchor": {"days": [1], "cycles": {"from": 2, "to": 6}}},
        {"series": "day-15-of-the-cycle", "anchor": {"days": [15], "cycles": {"from": 2, "to": 6}}},
        {"series": "end-of-treatment", "anchor": "end_of_treatment", "first": {"days": 0}},
        {"series": "follow-up", "anchor": "end_of_treatment", "first": {"months": 3}},
    ]
    # How often it goes round is a text, and what comes after the last round has no day.
    assert {("again-c1", "condition_in_text"), ("last", "in_loop")} <= whys(found)
    assert ("follow-up", "mode_not_said") in losses(found)
    assert "mode" not in found.draft["visits"][-1]
    (asked,) = [hole for hole in imported("loop").report.to_fill_in if hole.answer == "loops/again"]
    assert "every 28 days" in asked.question
    assert asked.pointers == ("/visits/2/anchor/cycles", "/visits/3/anchor/cycles")


def test_a_loop_of_another_length_than_the_cycle_is_not_carried() -> None:
    found = complete("loop", cycle_days=21)
    assert {("day-1", "in_loop"), ("day-15", "in_loop")} <= whys(found)
    assert [visit["series"] for visit in visits(found)] == ["screening", "cycle", "end-of-treatment", "follow-up"]


def test_references_that_lead_elsewhere_are_listed_and_nothing_is_counted_from_them() -> None:
    found = complete("other_timeline")
    assert visits(found) == [
        {"series": "screening", "anchor": "first_dose", "first": {"weeks": -1}},
        {"series": "dosing", "anchor": "first_dose", "first": {"days": 0}},
        {"series": "week-2", "anchor": "first_dose", "first": {"weeks": 2}},
        {"series": "week-4", "anchor": {"visit": "week-2"}, "first": {"weeks": 2}},
    ]
    assert whys(found) == {
        ("pressure", "other_timeline"),
        ("itself", "relative_to_itself"),
        ("after-itself", "on_not_carried"),
        ("circle-1", "circle"),
        ("circle-2", "circle"),
        ("untimed", "no_timing"),
        ("twice", "several_timings"),
        ("words", "unreadable_duration"),
        ("end", "counted_from_end"),
        ("mixed", "months_and_days"),
        ("far", "too_far"),
        ("nowhere", "unknown_instance"),
        ("biopsy", "conditional"),
        ("after-biopsy", "conditional"),
        ("lost", "not_reached"),
        ("choice-c1", "condition_in_text"),
        ("if-unwell", "condition_in_text"),
        ("e-unused-rule", "rule_in_text"),
        ("e-unused", "encounter_unused"),
        ("timing-stray", "other_timeline"),
        ("pressures", "sub_timeline"),
        ("arm-1", "single_arm"),
    }
    # The dose is a text: nobody's number but that of the answers.
    assert found.draft["regimens"][0]["dose"] == {"amount": 40, "unit": "mg"}
    assert "/regimens/0/dose/amount" not in found.draft["sources"]


def test_hours_are_the_same_day_and_whole_days_of_hours_are_days() -> None:
    found = complete("minutes")
    assert visits(found) == [
        {"series": "day-1", "anchor": "first_dose", "first": {"days": 0}},
        {"series": "evening-call", "anchor": "first_dose", "first": {"days": 0}},
        {"series": "visit-24-hours", "anchor": "first_dose", "first": {"days": 1}},
        {"series": "day-8", "anchor": "first_dose", "first": {"days": 7}},
        {"series": "day-7", "anchor": "first_dose", "first": {"days": 7}},
        {"series": "discharge", "anchor": {"visit": "day-8"}, "first": {"days": 0}},
    ]
    # Four instances of one encounter on one day are one visit, with all their activities.
    assert found.draft["visits"][0]["activities"] == ["Dosing", "ECG", "Blood count"]
    assert {said.id for said in found.report.carried if said.pointer == "/visits/0"} == {
        *("arrive", "pre-dose", "dose", "hour-6")
    }
    hours = {said.id for said in found.report.changed if said.why == "hours"}
    assert hours == {"timing-2", "timing-4", "timing-5", "timing-6", "timing-10"}
    assert ("hour-36", "hours") in whys(found)
    # A window is never wider than the study's: 36 hours are a day.
    assert found.draft["visits"][2]["window"] == {"before_days": 1, "after_days": 1}
    # Day 7 by its label, and seven days after day 1.
    assert ("day-7", "label_differs") in losses(found)
    assert ("day-8", "label_differs") not in losses(found)


def test_a_windowed_screening_lies_around_its_day_as_the_calendar_goes() -> None:
    found = complete("windowed_screening")
    screening = found.draft["visits"][0]
    assert (screening["anchor"], screening["first"]) == ("randomisation", {"weeks": -4})
    assert screening["window"] == {"before_days": 0, "after_days": 27}
    assert visits(found)[2] == {
        **{"series": "month", "anchor": "randomisation", "first": {"months": 3}, "every": {"months": 3}, "count": 3},
    }
    assert visits(found)[3] == {"series": "one-year", "anchor": "randomisation", "first": {"months": 12}}
    assert found.draft["regimens"][0]["dose"]["amount"] == 100
    assert whys(found) == {("low", "one_regimen"), ("none", "given_otherwise")}
    assert [arm["id"] for arm in found.draft["arms"]] == ["low-dose", "high-dose", "placebo"]
    assert {said.id for said in found.report.changed if said.why == "arm_not_said"} == {"arm-1", "arm-2", "arm-3"}


def test_of_several_administrations_none_is_chosen() -> None:
    answers = {name: value for name, value in ANSWERS["windowed_screening"].items() if name != "administration"}
    found = imported("windowed_screening", **answers)
    assert found.draft["regimens"] is None
    assert [(hole.pointers, hole.answer) for hole in found.report.to_fill_in] == [(("/regimens",), "administration")]


def test_an_administration_that_does_not_fit_is_carried_as_far_as_it_does_if_somebody_names_it() -> None:
    found = complete("unrolled_cycles", administration="infusion")
    regimen = found.draft["regimens"][0]
    assert (regimen["drug"], regimen["dose"]["amount"], regimen["when"]) == ("Docetaxel", None, None)
    asked = {pointer for hole in found.report.to_fill_in for pointer in hole.pointers}
    assert asked == {"/regimens/0/dose/amount", "/regimens/0/when"}
    assert ("daily", "one_regimen") in whys(found)


def test_an_answer_beside_what_the_study_says_is_reported() -> None:
    found = complete("loop", dose_mg=450)
    assert found.draft["regimens"][0]["dose"]["amount"] == 450
    assert ("daily", "answered") in losses(found)


def test_what_is_left_out_is_listed_and_what_is_counted_from_it_goes_by_the_plan() -> None:
    found = complete("unrolled_cycles", cycle_days=28, leave_out=["C3D1"])
    assert ("c3d1", "left_out") in whys(found)
    assert {"series": "cycle-4-day-1", "anchor": {"visit": "cycle-2-day-1"}, "first": {"days": 42}} in visits(found)
    assert ("c4d1", "counted_from_planned_day") in losses(found)


def test_a_reference_that_is_named_is_counted_from_nothing_else() -> None:
    """The end of treatment may stand in the file as a day after the last visit: it is when treatment ends."""
    document = study("unrolled_cycles")
    timings = document["study"]["versions"][0]["studyDesigns"][0]["scheduleTimelines"][0]["timings"]
    (timing,) = [one for one in timings if one["relativeFromScheduledInstanceId"] == "eot"]
    timing["type"] = {"code": "C201356", "decode": "After"}
    timing |= {"value": "P21D", "relativeToScheduledInstanceId": "c4d1"}
    asked = import_study(document, Answers())
    assert {"series": "safety-call", "anchor": {"visit": "cycle-4-day-1"}, "first": {"days": 51}} in visits(asked)
    named = import_study(document, Answers(references={"eot": "end_of_treatment"}))
    assert {"series": "safety-call", "anchor": "end_of_treatment", "first": {"days": 30}} in visits(named)


def test_a_draft_without_visits_is_no_protocol() -> None:
    found = complete(
        "minutes",
        references={},
        leave_out=[*("ARRIVE", "PRE-DOSE", "DOSE", "HOUR-6", "EVENING"), "hour-24", "day-8", "day-7", "discharge"],
    )
    assert found.draft["visits"] is None
    assert "/visits" in {pointer for hole in found.report.to_fill_in for pointer in hole.pointers}


def test_each_reason_is_explained() -> None:
    page = (Path(__file__).parents[2] / "docs" / "protocols.md").read_text("utf-8")
    section = page.partition("| `why` | meaning |")[2].partition("\n## ")[0]
    explained = [
        word for row in re.findall(r"^\| (`.*?`) \|", section, re.MULTILINE) for word in re.findall(r"`(\w+)`", row)
    ]
    assert sorted(explained) == list(get_args(Why))


def test_a_loop_of_all_cycles_has_its_reference_on_day_1_of_the_first() -> None:
    """What is counted from the reference is counted once, though the visit of that day repeats."""
    document = study("loop")
    main = document["study"]["versions"][0]["studyDesigns"][0]["scheduleTimelines"][0]
    instances = {instance["id"]: instance for instance in main["instances"]}
    instances["c1d1"]["defaultConditionId"] = "day-15"
    instances["again"]["conditionAssignments"][0]["conditionTargetId"] = "c1d1"
    for timing in main["timings"]:
        if timing["relativeFromScheduledInstanceId"] in ("day-15", "delay"):
            timing["relativeToScheduledInstanceId"] = "c1d1"
    answers = {**ANSWERS["loop"], "loops": {"AGAIN": {"from": 1}}}
    shape = ImportSchema().load({"document": {}, "answers": answers})["answers"]
    found = import_study(document, answers_of(shape))
    assert visits(found)[:3] == [
        {"series": "screening", "anchor": "first_dose", "first": {"days": -7}},
        {"series": "cycle-day", "anchor": {"days": [1], "cycles": {"from": 1}}},
        {"series": "day-15-of-the-cycle", "anchor": {"days": [15], "cycles": {"from": 1}}},
    ]
    assert found.draft["visits"][1]["label"] == "Cycle {n} day {day}"
    assert {("start", "not_reached"), ("day-1", "not_reached")} <= whys(found)
    read_protocol(found.draft)


def test_visits_apart_in_the_file_are_one_series_and_those_of_other_windows_are_not() -> None:
    document = study("unrolled_cycles")
    design = document["study"]["versions"][0]["studyDesigns"][0]
    instances = {instance["id"]: instance for instance in design["scheduleTimelines"][0]["instances"]}
    # The second scan comes after the third cycle.
    instances["scan-6"]["defaultConditionId"], instances["c3d1"]["defaultConditionId"] = "c3d1", "scan-12"
    instances["scan-18"]["defaultConditionId"] = "c4d1"
    folded = [visit["count"] for visit in visits(import_study(document, Answers())) if "count" in visit]
    assert folded == [3]
    timings = {
        timing["relativeFromScheduledInstanceId"]: timing for timing in design["scheduleTimelines"][0]["timings"]
    }
    timings["scan-18"]["windowUpper"] = "P14D"
    names = [visit["series"] for visit in visits(import_study(document, Answers()))]
    assert [name for name in names if "scan" in name] == ["week-6-scan", "week-12-scan", "week-18-scan"]


def test_windows_of_one_visit_that_differ_are_asked_for() -> None:
    document = study("minutes")
    timings = document["study"]["versions"][0]["studyDesigns"][0]["scheduleTimelines"][0]["timings"]
    timings[3]["windowUpper"] = "P1D"
    found = import_study(document, Answers())
    assert found.draft["visits"][0]["window"] is None
    assert ("dose", "windows_differ") in losses(found)


def test_long_words_and_lists_are_cut_as_far_as_a_protocol_holds_and_it_is_said() -> None:
    document = study("windowed_screening")
    version = document["study"]["versions"][0]
    design = version["studyDesigns"][0]
    version["titles"][1]["text"] = "t" * 300
    design["encounters"][0]["label"] = "e" * 300
    design["activities"] += [{"id": f"a-{n}", "name": f"Activity {n}", "instanceType": "Activity"} for n in range(40)]
    design["scheduleTimelines"][0]["instances"][0]["activityIds"] = [f"a-{n}" for n in range(40)]
    shape = ImportSchema().load({"document": {}, "answers": ANSWERS["windowed_screening"]})["answers"]
    found = import_study(document, answers_of(shape))
    assert {("title-2", "text_cut"), ("screen", "text_cut"), ("screen", "list_cut")} <= losses(found)
    read_protocol(found.draft)


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("Day -1", "day-minus-1"),
        ("Cycle 1 (D1)", "cycle-1-d1-visit"),
        ("24 h", "visit-24-h"),
        ("第一次访视", "visit"),
        ("Évaluation", "evaluation"),
        ("w" * 60, "w" * 40),
    ],
)
def test_words_become_names_of_series(words: str, name: str) -> None:
    assert slug(words, "visit") == name
    assert slug(words, "visit", {name}) != name


def test_two_encounters_of_one_cycle_day_are_two_series() -> None:
    document = study("unrolled_cycles")
    design = document["study"]["versions"][0]["studyDesigns"][0]
    (scan,) = [encounter for encounter in design["encounters"] if encounter["id"] == "e-c1d15"]
    scan["label"] = "Cycle 1 day 8"
    timings = {
        timing["relativeFromScheduledInstanceId"]: timing for timing in design["scheduleTimelines"][0]["timings"]
    }
    timings["c1d15"]["value"] = "P7D"
    shape = ImportSchema().load({"document": {}, "answers": ANSWERS["unrolled_cycles"]})["answers"]
    found = import_study(document, answers_of(shape))
    assert {"series": "cycle", "anchor": {"days": [8], "cycles": [1]}} in visits(found)
    assert {"series": "cycle-1-day-8", "anchor": "first_dose", "first": {"days": 7}} in visits(found)
    read_protocol(found.draft)


def test_parts_of_one_visit_that_are_counted_from_other_visits_say_that_they_go_by_the_plan() -> None:
    document = study("minutes")
    main = document["study"]["versions"][0]["studyDesigns"][0]["scheduleTimelines"][0]
    instances = {instance["id"]: instance for instance in main["instances"]}
    timings = {timing["relativeFromScheduledInstanceId"]: timing for timing in main["timings"]}
    instances["discharge"]["encounterId"] = "e-day-8"
    # A week after the day of the 24 hours, which is the second: the day of the discharge, too.
    timings["discharge"] |= {"value": "P6D", "relativeToScheduledInstanceId": "hour-24"}
    found = import_study(document, Answers())
    assert [visit["series"] for visit in visits(found)][3:] == ["day-8", "day-7"]
    assert ("discharge", "counted_from_planned_day") in losses(found)


def test_names_that_mean_something_are_not_taken() -> None:
    document = study("windowed_screening")
    encounters = document["study"]["versions"][0]["studyDesigns"][0]["encounters"]
    encounters[0]["label"], encounters[1]["label"] = "Unscheduled", "Contraception"
    assert [visit["series"] for visit in visits(import_study(document, Answers()))][:2] == [
        *("unscheduled-2", "contraception-2")
    ]
