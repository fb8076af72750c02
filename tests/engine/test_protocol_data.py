"""Reading a protocol from data: what is accepted, and every fault with a pointer to its field (rules, section 2)."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from scheduler_api.engine.errors import ValidationFailed
from scheduler_api.engine.protocol_file.parse import read_protocol

from .patients import builtin, protocol_data, series

IMAGING = series("imaging", every={"weeks": 6})
CLINIC = series("clinic", "cycle", on_day=1, window=(0, 0))
MISSING = object()


def errors(data: Any) -> list[str]:
    with pytest.raises(ValidationFailed) as refused:
        read_protocol(data)
    assert all(field_error.detail for field_error in refused.value.errors)
    return [field_error.pointer for field_error in refused.value.errors]


def changed(pointer: str, value: Any) -> dict[str, Any]:
    """A valid definition with one value replaced, added or (MISSING) removed."""
    data: Any = copy.deepcopy(
        protocol_data(IMAGING, CLINIC, reduced_doses_mg=[250], strengths_mg=[50], dosing_days=[1, 2])
    )
    *path, last = pointer[1:].split("/")
    inner = data
    for key in path:
        inner = inner[int(key) if isinstance(inner, list) else key]
    if value is MISSING:
        del inner[last]
    else:
        inner[int(last) if isinstance(inner, list) else last] = value
    return data  # type: ignore[no-any-return]


@pytest.mark.parametrize("data", [None, [], "protocol", 1, True])
def test_what_is_no_object_is_no_protocol(data: Any) -> None:
    assert errors(data) == [""]


@pytest.mark.parametrize(
    "pointer",
    [
        "/id",
        "/version",
        "/dosing",
        "/visits",
        "/contraception",
        "/dosing/drug",
        "/dosing/route",
        "/dosing/dose_mg",
        "/dosing/cycle_days",
        "/visits/0/series",
        "/visits/0/label",
        "/visits/0/anchor",
        "/visits/0/window",
        "/visits/0/until",
        "/visits/0/every",
        "/visits/0/window/before_days",
        "/visits/0/window/after_days",
        "/visits/1/on_day",
        "/contraception/months_after_last_dose",
    ],
)
@pytest.mark.parametrize("value", [MISSING, None])
def test_a_value_that_is_missing(pointer: str, value: Any) -> None:
    assert errors(changed(pointer, value)) == [pointer]


@pytest.mark.parametrize(
    "pointer",
    [
        "/colour",
        "/dosing/colour",
        "/visits/0/colour",
        "/visits/0/window/colour",
        "/contraception/colour",
        "/visits/1/first",
    ],
)
def test_a_field_that_is_unknown_or_not_used(pointer: str) -> None:
    assert errors(changed(pointer, {"weeks": 1})) == [pointer]


@pytest.mark.parametrize(
    ("pointer", "value"),
    [
        ("/id", ""),
        ("/id", "NCT 1"),
        ("/id", "-a"),
        ("/id", 5),
        ("/version", 0),
        ("/version", 1.0),
        ("/version", "1"),
        ("/version", True),
        ("/title", ""),
        ("/title", "x" * 201),
        ("/registry", 5),
        ("/participants", 0),
        ("/participants", "29"),
        ("/dosing", []),
        ("/reminders", []),
        ("/dosing/drug", " "),
        ("/dosing/dose_mg", 0),
        ("/dosing/dose_mg", -1),
        ("/dosing/dose_mg", "300"),
        ("/dosing/dose_mg", True),
        ("/dosing/dose_mg", float("nan")),
        ("/dosing/dose_mg", float("inf")),
        ("/dosing/reduced_doses_mg", 250),
        ("/dosing/reduced_doses_mg", None),
        ("/dosing/reduced_doses_mg/0", 300),
        ("/dosing/reduced_doses_mg/0", 0),
        ("/dosing/strengths_mg", 50),
        ("/dosing/strengths_mg", [1, 2, 3, 4, 5, 6]),
        ("/dosing/strengths_mg", [50, 50]),
        ("/dosing/strengths_mg/0", 0),
        ("/dosing/cycle_days", 0),
        ("/dosing/cycle_days", 367),
        ("/dosing/cycle_days", 21.0),
        ("/dosing/cycle_days", "21"),
        ("/dosing/dosing_days", "some"),
        ("/dosing/dosing_days", []),
        ("/dosing/dosing_days", None),
        ("/dosing/dosing_days", [1, 1]),
        ("/dosing/dosing_days/1", 0),
        ("/dosing/dosing_days/1", 22),
        ("/dosing/dosing_days/1", 1.5),
        ("/dosing/cycle_on_hold", "stop"),
        ("/visits", {}),
        ("/visits/0", "imaging"),
        ("/visits/0/series", "Imaging"),
        ("/visits/0/series", "imaging-w6"),
        ("/visits/0/series", "clinic-c1d1"),
        ("/visits/0/series", 6),
        ("/visits/0/label", ""),
        ("/visits/0/anchor", "birth"),
        ("/visits/0/anchor", 3),
        ("/visits/0/anchor", ["enrolment"]),
        ("/visits/0/every", 6),
        ("/visits/0/every", {}),
        ("/visits/0/every", {"weeks": 6, "days": 1}),
        ("/visits/0/every", {"years": 1}),
        ("/visits/0/first", {"months": 1}),
        ("/visits/0/first", []),
        ("/visits/0/count", 0),
        ("/visits/0/count", "6"),
        ("/visits/0/on_day", 1),
        ("/visits/0/window", 7),
        ("/visits/0/window/before_days", -1),
        ("/visits/0/window/after_days", 367),
        ("/visits/0/until", "death"),
        ("/visits/0/applies_to", "female"),
        ("/visits/1/on_day", 0),
        ("/visits/1/on_day", 22),
        ("/visits/1/every", {"weeks": 1}),
        ("/contraception", 6),
        ("/contraception/months_after_last_dose", -1),
        ("/contraception/months_after_last_dose", 6.5),
        ("/sources", []),
    ],
)
def test_a_value_that_cannot_be(pointer: str, value: Any) -> None:
    assert errors(changed(pointer, value)) == [pointer]


@pytest.mark.parametrize(
    ("pointer", "value"),
    [
        ("/visits/0/every/weeks", 0),
        ("/visits/0/every/weeks", -6),
        ("/visits/0/every/weeks", 1.5),
        ("/visits/0/every/weeks", "6"),
        ("/visits/0/anchor/visit", ""),
        ("/visits/0/anchor/visit", "safety-w1"),
        ("/visits/0/anchor/visit", None),
        ("/visits/0/anchor/name", "clinic-c1d1"),
    ],
)
def test_a_fault_inside_a_value_is_named_there(pointer: str, value: Any) -> None:
    inner = {"visit": "clinic-c1d1"} if "anchor" in pointer else {"weeks": 6}
    data = changed(pointer.rpartition("/")[0], {**inner, pointer.rpartition("/")[2]: value})
    assert errors(data) == [pointer]


def test_all_faults_are_named_at_once() -> None:
    data = protocol_data({**IMAGING, "until": "never", "anchor": "birth"}, {**CLINIC, "on_day": 0}, dose_mg=0)
    data["version"] = "one"
    del data["contraception"]
    assert sorted(errors(data)) == [
        "/contraception",
        "/dosing/dose_mg",
        "/version",
        "/visits/0/anchor",
        "/visits/0/until",
        "/visits/1/on_day",
    ]


def test_one_fault_raises_no_other() -> None:
    data = protocol_data({**CLINIC, "on_day": 8}, cycle_days="x", dosing_days=[1, 2, 30], reduced_doses_mg=[250])
    assert errors(data) == ["/dosing/cycle_days"]
    # Where the length of a cycle is not known, its last day may be any that a cycle can have.
    for on_day, more in ((366, []), (367, ["/visits/0/on_day"])):
        data = protocol_data({**CLINIC, "on_day": on_day}, cycle_days="x")
        assert errors(data) == ["/dosing/cycle_days", *more]
        assert errors({**data, "dosing": []}) == ["/dosing", *more]
    assert errors(protocol_data(dosing_days=[0, 99])) == ["/dosing/dosing_days/0", "/dosing/dosing_days/1"]
    assert errors(protocol_data(dose_mg="x", reduced_doses_mg=[250])) == ["/dosing/dose_mg"]


def test_field_names_are_escaped_in_pointers() -> None:
    assert errors({**protocol_data(), "a/b~c": 1}) == ["/a~1b~0c"]


def test_a_single_visit_has_no_count() -> None:
    assert errors(protocol_data(series("safety", first={"weeks": 4}, count=1))) == ["/visits/0/count"]


def test_no_visit_is_more_than_30_years_away() -> None:
    assert errors(protocol_data(series("call", every={"months": 120}, count=4))) == ["/visits/0/count"]
    read_protocol(protocol_data(series("call", every={"months": 120}, count=3)))


@pytest.mark.parametrize(("unit", "most"), [("days", 3660), ("weeks", 522), ("months", 120)])
def test_no_single_step_is_longer_than_ten_years(unit: str, most: int) -> None:
    for number, pointers in (
        (most, []),
        (-most, []),
        (most + 1, [f"/visits/0/first/{unit}"]),
        (-most - 1, [f"/visits/0/first/{unit}"]),
    ):
        data = protocol_data(series("safety", first={unit: number}))
        assert (errors(data) if pointers else [read_protocol(data)][1:]) == pointers


def test_more_entries_than_any_trial_has() -> None:
    visits = [series(f"s{number}", first={"days": 1}) for number in range(31)]
    assert errors(protocol_data(*visits)) == ["/visits"]
    read_protocol(protocol_data(*visits[:30]))


# Stretches.


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("anchor", "first_dose"),
        ("until", "progression"),
        ("applies_to", "fertile"),
        ("anchor", {"visit": "clinic-c1d1"}),
    ],
)
def test_recurrences_of_a_series_share_anchor_end_and_patients(field: str, value: Any) -> None:
    second = {**series("imaging", first={"weeks": 60}, every={"weeks": 9}), field: value}
    first = series("imaging", every={"weeks": 6}, count=8)
    assert errors(protocol_data(CLINIC, first, second)) == [f"/visits/2/{field}"]


def test_recurrences_are_all_in_months_or_all_in_days_and_weeks() -> None:
    visits = series("call", every={"weeks": 4}, count=2), series("call", first={"months": 12}, every={"months": 3})
    assert errors(protocol_data(*visits)) == ["/visits/1/every"]


# Anchors.


def test_an_anchor_is_a_visit_of_the_protocol() -> None:
    def after(visit: str) -> dict[str, Any]:
        return protocol_data(IMAGING, CLINIC, series("safety", {"visit": visit}, first={"weeks": 1}))

    for visit in ("imaging-w6", "imaging-w60", "clinic-c9d1"):
        read_protocol(after(visit))
    for visit in ("imaging-w7", "imaging", "clinic-c0d1", "clinic-c1d2", "enrolment"):
        assert errors(after(visit)) == ["/visits/2/anchor/visit"]


# Sources.


def test_sources_point_into_the_protocol() -> None:
    data = {
        **protocol_data(IMAGING),
        "sources": {"/dosing/dose_mg": {"stated": "registry"}, "/visits/0/every": {"stated": "default"}},
    }
    read_protocol(data)
    for pointer in ("/dosing/colour", "/visits/1", "/visits/x", "dosing", ""):
        wrong = {**data, "sources": {pointer: {"stated": "registry"}}}
        assert errors(wrong) == [f"/sources/{pointer.replace('/', '~1')}"]


@pytest.mark.parametrize(
    ("source", "pointer"),
    [
        ("registry", "/sources/~1id"),
        ({}, "/sources/~1id/stated"),
        ({"stated": "guess"}, "/sources/~1id/stated"),
        ({"stated": "registry", "note": 5}, "/sources/~1id/note"),
        ({"stated": "registry", "page": 5}, "/sources/~1id/page"),
    ],
)
def test_a_source_is_the_registry_or_a_default(source: Any, pointer: str) -> None:
    assert errors({**protocol_data(), "sources": {"/id": source}}) == [pointer]


# The built-in protocol says what the rules say, and of every value where it is from.


def test_the_built_in_protocol() -> None:
    data = json.loads(json.dumps(builtin().definition))
    assert (data["id"], data["version"], data["participants"]) == ("nct06110650", 1, 29)
    assert data["dosing"] == {
        "drug": "surufatinib",
        "route": data["dosing"]["route"],
        "dose_mg": 300,
        "reduced_doses_mg": [250, 200],
        "strengths_mg": [50],
        "cycle_days": 21,
        "dosing_days": "all",
        "cycle_on_hold": "continue",
    }
    imaging, contraception = ({k: v for k, v in entry.items() if k != "label"} for entry in data["visits"])
    assert imaging == {
        "series": "imaging",
        "anchor": "enrolment",
        "every": {"weeks": 6},
        "window": {"before_days": 7, "after_days": 7},
        "until": "progression",
        "applies_to": "all",
    }
    assert contraception == {
        "series": "contraception",
        "anchor": "last_dose",
        "every": {"months": 1},
        "count": 6,
        "window": {"before_days": 7, "after_days": 7},
        "until": "end_of_study",
        "applies_to": "fertile",
    }
    assert data["contraception"] == {"months_after_last_dose": 6}


def test_every_value_of_the_built_in_protocol_says_where_it_is_from() -> None:
    data = builtin().definition
    told = set(data["sources"])

    def values(at: str, inner: Any, ours: Callable[[str], bool]) -> set[str]:
        if isinstance(inner, dict) and at not in told and not ours(at):
            return {pointer for key, value in inner.items() for pointer in values(f"{at}/{key}", value, ours)}
        return {at}

    parts: set[str] = set()
    for name in ("dosing", "contraception"):
        parts |= values(f"/{name}", data[name], told.__contains__)
    for index, entry in enumerate(data["visits"]):
        parts |= values(f"/visits/{index}", entry, told.__contains__)
    untold = {pointer for pointer in parts - told if pointer.rpartition("/")[2] not in ("series", "label")}
    assert untold == set()


def test_a_trial_says_what_it_does_not_send() -> None:
    assert read_protocol(changed("/reminders", {"off": ["dose_again"]})).reminders_off == {"dose_again"}
    assert read_protocol(protocol_data(IMAGING, CLINIC)).reminders_off == frozenset()
    # The digest is the site's, of all its trials.
    said = {"off": ["dose_again", "digest", "pigeon"], "on": []}
    assert sorted(errors(changed("/reminders", said))) == ["/reminders/off/1", "/reminders/off/2", "/reminders/on"]
