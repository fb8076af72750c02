"""Documents that are no USDM, or none that can be followed, and answers about what is not there: each is refused."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from usdm_files import ANSWERS, study

from scheduler_api.engine.errors import ValidationFailed
from scheduler_api.engine.protocol_file.parse import read_protocol
from scheduler_api.interop.usdm.answers import Answers, answers_of
from scheduler_api.interop.usdm.draft import import_study
from scheduler_api.schemas.imports import ImportSchema

pytestmark = pytest.mark.one_engine
DESIGN = "/study/versions/0/studyDesigns/0"
MAIN = f"{DESIGN}/scheduleTimelines/0"


def refused(document: Any, answers: Answers | None = None) -> list[tuple[str, str]]:
    """The pointers and words of the refusal of a document."""
    with pytest.raises(ValidationFailed) as error:
        import_study(document, answers or Answers())
    return [(one.pointer, one.detail) for one in error.value.errors]


def changed(name: str, pointer: str, value: Any) -> Any:
    """A study with another value at a place; `...` takes it away."""
    document = study(name)
    *path, last = pointer[1:].split("/")
    inner = document
    for token in path:
        inner = inner[int(token) if isinstance(inner, list) else token]
    key: Any = int(last) if isinstance(inner, list) else last
    if value is ...:
        del inner[key]
    else:
        inner[key] = value
    return document


@pytest.mark.parametrize(
    "document",
    [None, [], "study", 4, {}, {"study": {}}, {"study": []}, {"study": {"versions": {}}}, {"resourceType": "Bundle"}],
    ids=repr,
)
def test_what_is_no_usdm_is_refused_in_one_sentence(document: Any) -> None:
    assert refused(document) == [("", "Not a USDM document: it has no `study` with `versions`.")]


@pytest.mark.parametrize("version", ["3.0.0", "", None, 4, "40"], ids=repr)
def test_another_version_of_usdm_is_refused(version: Any) -> None:
    ((pointer, detail),) = refused(changed("loop", "/usdmVersion", version))
    assert pointer == "/usdmVersion"
    assert detail.startswith("USDM 4 can be read, not ")


@pytest.mark.parametrize(
    ("pointer", "value", "named"),
    [
        ("/study/versions", [], "/study/versions"),
        ("/study/versions/0", None, "/study/versions/0"),
        ("/study/versions/0/studyDesigns", ..., "/study/versions"),
        ("/study/versions/0/studyDesigns", {}, "/study/versions/0/studyDesigns"),
        (f"{DESIGN}/scheduleTimelines", [], f"{DESIGN}/scheduleTimelines"),
        (f"{MAIN}/mainTimeline", False, f"{DESIGN}/scheduleTimelines"),
        (f"{MAIN}/entryId", ..., f"{MAIN}/entryId"),
        (f"{MAIN}/entryId", "gone", "/study"),
        (f"{MAIN}/instances", "all", f"{MAIN}/instances"),
        (f"{MAIN}/instances/1", 7, f"{MAIN}/instances/1"),
        (f"{MAIN}/instances/1/id", ..., f"{MAIN}/instances/1/id"),
        (f"{MAIN}/instances/1/id", "screen", f"{MAIN}/instances/1/id"),
        (f"{MAIN}/instances/1/instanceType", "Visit", f"{MAIN}/instances/1/instanceType"),
        (f"{MAIN}/instances/1/activityIds", [1], f"{MAIN}/instances/1/activityIds"),
        (f"{MAIN}/instances/1/defaultConditionId", "gone", "/study"),
        (f"{MAIN}/instances/3/defaultConditionId", "c1d1", f"{MAIN}/instances/3"),
        (f"{MAIN}/timings/1/type", "After", f"{MAIN}/timings/1/type"),
        (f"{MAIN}/timings/1/value", 21, f"{MAIN}/timings/1/value"),
        (f"{MAIN}/timings/1/windowLower", 2, f"{MAIN}/timings/1/windowLower"),
        (f"{DESIGN}/encounters/0/label", {}, f"{DESIGN}/encounters/0/label"),
        (
            "/study/versions/0/studyInterventions/0/administrations/0/dose/value",
            "600",
            "/study/versions/0/studyInterventions/0/administrations/0/dose/value",
        ),
    ],
    ids=str,
)
def test_what_cannot_be_followed_is_named(pointer: str, value: Any, named: str) -> None:
    assert named in {where for where, _ in refused(changed("loop", pointer, value))}


def test_a_timeline_that_runs_in_a_circle_says_where() -> None:
    ((_, detail),) = refused(changed("loop", f"{MAIN}/instances/3/defaultConditionId", "c1d1"))
    assert detail == "After day-1 the main timeline leads back to c1d1 for ever: no decision ends it."


def test_of_several_designs_one_is_asked_for() -> None:
    document = study("loop")
    designs = document["study"]["versions"][0]["studyDesigns"]
    designs.append({**copy.deepcopy(designs[0]), "id": "other"})
    assert refused(document) == [("/study/versions", "Say which `design`: design, other.")]
    assert refused(document, Answers(design="third")) == [("/study/versions", "Say which `design`: design, other.")]
    assert import_study(document, Answers(design="other")).draft["id"] == "nct00000002"


@pytest.mark.parametrize(
    ("answers", "pointer"),
    [
        ({"references": {"gone": "first_dose"}}, "/answers/references/gone"),
        ({"leave_out": ["a/b"]}, "/answers/leave_out/a~1b"),
        ({"loops": {"c1d1": {"from": 2}}}, "/answers/loops/c1d1"),
        ({"responses": {"scan": "iRECIST"}}, "/answers/responses/scan"),
        ({"until_of": {"scan": ["progression"]}}, "/answers/until_of/scan"),
        # The study states it.
        ({"window_of": {"screening": {"before_days": 1, "after_days": 1}}}, "/answers/window_of/screening"),
        ({"administration": "infusion"}, "/answers/administration/infusion"),
    ],
    ids=str,
)
def test_an_answer_about_what_is_not_there_is_refused(answers: dict[str, Any], pointer: str) -> None:
    given = answers_of(ImportSchema().load({"document": {}, "answers": answers})["answers"])
    assert [where for where, _ in refused(study("loop"), given)] == [pointer]


@pytest.mark.parametrize("value", ["5 days", "P", "PT", "P-1D", "P1.5D", "P1D2W", "1D", "p1d", "P999999D", ""])
def test_an_unknown_unit_is_listed_and_never_guessed(value: str) -> None:
    found = import_study(changed("loop", f"{MAIN}/timings/0/value", value), Answers())
    assert ("screen", "unreadable_duration") in {(one.id, one.why) for one in found.report.not_carried}
    assert "screening" not in [visit["series"] for visit in found.draft["visits"]]


@pytest.mark.parametrize("value", ["5 days", "P1M", "P400D", "P-1D"])
def test_a_window_of_an_unknown_unit_is_asked_for(value: str) -> None:
    found = import_study(changed("loop", f"{MAIN}/timings/0/windowLower", value), Answers())
    assert found.draft["visits"][0]["window"] is None
    assert ("timing-1", "unreadable_duration") in {(one.id, one.why) for one in found.report.changed}
    assert "/visits/0/window" in {pointer for hole in found.report.to_fill_in for pointer in hole.pointers}


def test_an_amount_in_another_unit_is_no_dose_in_mg() -> None:
    at = "/study/versions/0/studyInterventions/0/administrations/0/dose/unit/standardCode/decode"
    found = import_study(changed("loop", at, "Microgram"), Answers())
    assert found.draft["regimens"] is None
    assert ("daily", "given_otherwise") in {(one.id, one.why) for one in found.report.not_carried}
    found = import_study(changed("loop", at, "Microgram"), Answers(administration="daily"))
    assert found.draft["regimens"][0]["dose"]["amount"] is None


def test_a_chain_as_long_as_the_file_is_followed() -> None:
    document = study("windowed_screening")
    main = document["study"]["versions"][0]["studyDesigns"][0]["scheduleTimelines"][0]
    last, timing = dict(main["instances"][-1]), main["timings"][-1]
    for number in range(1500):
        name = f"more-{number}"
        before = main["instances"][-1]
        before["defaultConditionId"] = name
        main["instances"].append({**last, "id": name, "encounterId": None, "activityIds": []})
        of = {"relativeFromScheduledInstanceId": name, "relativeToScheduledInstanceId": before["id"], "value": "P0D"}
        main["timings"].insert(0, {**timing, **of, "id": f"timing-of-{name}"})
    assert len(import_study(document, Answers()).draft["visits"]) == 4


def test_a_file_of_thousands_of_instances_or_hundreds_of_loops_is_refused() -> None:
    document = study("loop")
    main = document["study"]["versions"][0]["studyDesigns"][0]["scheduleTimelines"][0]
    main["instances"] += [{**main["instances"][0], "id": f"more-{number}"} for number in range(2000)]
    assert [pointer for pointer, _ in refused(document)] == [f"{MAIN}/instances"]
    document = study("loop")
    main = document["study"]["versions"][0]["studyDesigns"][0]["scheduleTimelines"][0]
    (decision,) = [one for one in main["instances"] if one["id"] == "again"]
    for number in range(150):
        main["instances"].append({**decision, "id": f"again-{number}", "defaultConditionId": f"again-{number + 1}"})
    main["instances"][-1].pop("defaultConditionId")
    decision["defaultConditionId"] = "again-0"
    ((_, detail),) = refused(document)
    assert detail == "More than 100 loops."


def everywhere(data: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a document."""
    yield path
    for key, inner in data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ():
        yield from everywhere(inner, (*path, key))


@pytest.mark.parametrize("value", [None, 5, "again", [], {}, ["c1d1"], -1.5, True], ids=repr)
def test_whatever_stands_anywhere_the_document_is_imported_or_refused(value: Any) -> None:
    """A value of another type, or another object's id, in each place of a document: never an exception."""
    answers = answers_of(ImportSchema().load({"document": {}, "answers": ANSWERS["loop"]})["answers"])
    outcomes = {"imported": 0, "refused": 0}
    document = study("loop")
    for path in everywhere(document):
        if not path:
            continue
        inner = document
        for key in path[:-1]:
            inner = inner[key]
        kept = inner[path[-1]]
        inner[path[-1]] = value
        try:
            import_study(document, answers)
            outcomes["imported"] += 1
        except ValidationFailed:
            outcomes["refused"] += 1
        inner[path[-1]] = kept
    assert min(outcomes.values()) > 10


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (study("loop"), "`POST /v1/protocols/import`"),
        ({"study": {"versions": []}}, "This is a USDM document"),
        ({"resourceType": "PlanDefinition"}, "This is a FHIR PlanDefinition"),
        ({"resourceType": "Bundle", "entry": []}, "protocols import FILE"),
    ],
    ids=["study", "least", "plan", "bundle"],
)
def test_a_protocol_that_is_a_document_of_another_format_says_how_to_import_it(document: Any, words: str) -> None:
    with pytest.raises(ValidationFailed) as error:
        read_protocol(document)
    (only,) = error.value.errors
    assert (only.pointer, only.code) == ("", "malformed")
    assert words in only.detail
