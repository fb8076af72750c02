"""Reading a protocol from data: what is accepted, and every fault with a pointer to its field (rules, section 2)."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from scheduler_api.engine.errors import ValidationFailed
from scheduler_api.engine.protocol_file.parse import read_protocol
from scheduler_api.engine.protocol_file.upcast import current_form

from .patients import builtin, protocol_data, series

IMAGING = series("imaging", every={"weeks": 6}, until=["progression", "crossover"], who={"arm": "a"})
CLINIC = series("clinic", {"days": [1], "cycles": {"from": 1}}, window=(0, 0))
DECLARED: dict[str, Any] = {
    "arms": [{"id": "a", "label": "Arm A"}, {"id": "b", "label": {"en": "Arm B", "zh-CN": "B 组"}}],
    "cohorts": [{"id": "carriers", "label": "Carriers of hepatitis B"}],
    "milestones": [{"id": "crossover", "label": "Crossover"}],
}
MISSING = object()


def valid() -> dict[str, Any]:
    """A protocol that uses every part."""
    regimen = {"levels": [250], "strengths": [50], "days": [1, 2], "on_hold": "extend"}
    rest = {"beyond_progression": False, "reminders": {"off": []}, "title": "A trial", "participants": 29}
    return copy.deepcopy({**protocol_data(IMAGING, CLINIC, **DECLARED, **regimen), **rest})


def refused(data: Any) -> dict[str, str]:
    """The faults of some data: what is said of each, by pointer."""
    with pytest.raises(ValidationFailed) as refusal:
        read_protocol(data)
    assert all(field_error.detail for field_error in refusal.value.errors)
    found = {field_error.pointer: field_error.detail for field_error in refusal.value.errors}
    assert len(found) == len(refusal.value.errors)
    return found


def errors(data: Any) -> list[str]:
    return [*refused(data)]


def changed(pointer: str, value: Any) -> dict[str, Any]:
    """The valid protocol with one value replaced, added or (MISSING) removed."""
    data: Any = valid()
    *path, last = pointer[1:].split("/")
    inner = data
    for key in path:
        inner = inner[int(key) if isinstance(inner, list) else key]
    if value is MISSING:
        del inner[last]
    else:
        inner[int(last) if isinstance(inner, list) else last] = value
    return data


def test_a_protocol_that_uses_every_part() -> None:
    read_protocol(valid())


@pytest.mark.parametrize("data", [None, [], "protocol", 1, True])
def test_what_is_no_object_is_no_protocol(data: Any) -> None:
    assert errors(data) == [""]


@pytest.mark.parametrize(
    "pointer",
    [
        *("/id", "/version", "/regimens", "/visits", "/contraception"),
        *("/arms/0/id", "/arms/0/label", "/cohorts/0/label", "/milestones/0/id"),
        *("/regimens/0/id", "/regimens/0/drug", "/regimens/0/route", "/regimens/0/dose", "/regimens/0/cycle_days"),
        *("/regimens/0/dose/amount", "/regimens/0/dose/unit"),
        *("/visits/0/series", "/visits/0/label", "/visits/0/anchor", "/visits/0/window", "/visits/0/every"),
        *("/visits/0/window/before_days", "/visits/0/window/after_days"),
        "/contraception/0/after_last_dose",
    ],
)
@pytest.mark.parametrize("value", [MISSING, None])
def test_a_value_that_is_missing(pointer: str, value: Any) -> None:
    found = errors(changed(pointer, value))
    # What names something by its id then names nothing.
    assert [other for other in found if not (pointer.endswith("/id") and other.startswith("/visits/0/"))] == [pointer]


@pytest.mark.parametrize(
    "pointer",
    [
        *("/registry", "/participants", "/title", "/beyond_progression", "/reminders", "/sources"),
        *("/regimens/0/strengths", "/regimens/0/when", "/regimens/0/on_hold", "/regimens/0/dose/levels"),
        *("/visits/0/until", "/visits/0/who", "/visits/0/mode", "/visits/0/activities", "/visits/1/anchor/cycles"),
        *("/contraception/0/who", "/contraception/0/of", "/contraception/0/from"),
    ],
)
def test_a_value_that_may_be_left_out(pointer: str) -> None:
    data = changed(pointer, 1)
    *path, last = pointer[1:].split("/")
    inner: Any = data
    for key in path:
        inner = inner[int(key) if isinstance(inner, list) else key]
    del inner[last]
    read_protocol(data)


@pytest.mark.parametrize(
    ("pointer", "there_are", "meant"),
    [
        ("/visit", ("regimens", "visits", "contraception", "arms"), "visits"),
        ("/regimens/0/dos", ("id", "drug", "dose", "cycle_days"), "dose"),
        ("/regimens/0/dose/level", ("amount", "unit", "levels"), "levels"),
        ("/arms/0/name", ("id", "label"), None),
        ("/visits/0/evry", ("series", "anchor", "every", "until", "who"), "every"),
        ("/visits/0/applies_to", ("series", "who"), None),
        ("/visits/0/window/before", ("before_days", "after_days"), "before_days"),
        ("/visits/0/who/fertility", ("sex", "fertile", "arm", "cohort"), "fertile"),
        ("/visits/1/anchor/cycle", ("days", "cycles"), "cycles"),
        ("/visits/1/anchor/cycles/until", ("from", "to", "every"), None),
        ("/regimens/0/when/0/day", ("days",), "days"),
        ("/contraception/0/after_last_doses", ("after_last_dose", "from", "of", "who"), "after_last_dose"),
        ("/a~1b~0c", ("regimens",), None),
    ],
)
def test_a_field_that_is_unknown(pointer: str, there_are: tuple[str, ...], meant: str | None) -> None:
    """It says which there are, and which may have been meant."""
    name = pointer.rpartition("/")[2].replace("~1", "/").replace("~0", "~")
    data = changed(f"{pointer.rpartition('/')[0]}/x", 1) if "~" not in pointer else {**valid(), "x": 1}
    inner: Any = data
    for key in pointer.split("/")[1:-1]:
        inner = inner[int(key) if isinstance(inner, list) else key]
    inner[name] = inner.pop("x")
    found = refused(data)
    assert [*found] == [pointer]
    listed, _, perhaps = found[pointer].partition("Did you mean")
    assert all(field in listed for field in there_are)
    assert perhaps == (f" `{meant}`?" if meant else "")


def test_a_name_that_is_not_declared_says_which_there_are_and_the_nearest() -> None:
    said = refused(changed("/visits/0/until/1", "crossovr"))["/visits/0/until/1"]
    assert "end_of_treatment" in said
    assert "Did you mean `crossover`?" in said
    said = refused(changed("/visits/0/anchor", "enrollment"))["/visits/0/anchor"]
    assert "Did you mean `enrolment`?" in said
    assert "carriers" in refused(changed("/visits/0/who", {"cohort": "carier"}))["/visits/0/who/cohort"]


@pytest.mark.parametrize(
    ("pointer", "value"),
    [
        *[("/id", value) for value in ("", "NCT 1", "-a", 5)],
        *[("/version", value) for value in (0, 1.0, "1", True)],
        *[("/title", value) for value in ("", "x" * 201)],
        ("/registry", 5),
        *[("/participants", value) for value in (0, "29")],
        *[("/arms", value) for value in ({}, "a", [{"id": f"a{n}", "label": "Arm"} for n in range(21)])],
        *[("/beyond_progression", value) for value in ("yes", 1, None)],
        ("/reminders", []),
        ("/sources", []),
        ("/regimens", {}),
        ("/regimens/0", "surufatinib"),
        *[("/regimens/0/id", value) for value in ("", "Surufatinib", "5fu", "a b", 5)],
        *[("/regimens/0/drug", value) for value in (" ", 5, ["surufatinib"])],
        *[("/regimens/0/dose", value) for value in (300, [])],
        *[("/regimens/0/dose/amount", value) for value in (0, -1, "300", True, float("nan"), float("inf"))],
        *[("/regimens/0/dose/unit", value) for value in ("", "a unit of twenty-one letters", 5)],
        *[("/regimens/0/dose/levels", value) for value in (250, None)],
        *[("/regimens/0/dose/levels/0", value) for value in (300, 0, "250")],
        *[("/regimens/0/strengths", value) for value in (50, [1, 2, 3, 4, 5, 6], [50, 50])],
        ("/regimens/0/strengths/0", 0),
        *[("/regimens/0/cycle_days", value) for value in (0, 367, 21.0, "21")],
        *[("/regimens/0/when", value) for value in ({}, "all", [])],
        *[("/regimens/0/when/0/days", value) for value in ("some", [], [1, 1], 5)],
        *[("/regimens/0/when/0/days/1", value) for value in (22, 1.5, "2")],
        ("/regimens/0/on_hold", "stop"),
        ("/visits", {}),
        ("/visits/0", "imaging"),
        *[
            ("/visits/0/series", value)
            for value in ("unscheduled", "Imaging", "imaging-w6", "clinic-c1d1", "clinic-c1d-2", 6)
        ],
        *[("/visits/0/label", value) for value in ("", 5)],
        *[("/visits/0/anchor", value) for value in ("birth", 3, [], {}, {"visits": "clinic-c1d1"})],
        *[("/visits/0/every", value) for value in (6, {}, {"weeks": 6, "days": 1}, {"years": 1})],
        *[("/visits/0/first", value) for value in ({"months": 1}, [])],
        *[("/visits/0/count", value) for value in (0, "6")],
        ("/visits/0/window", 7),
        *[("/visits/0/window/before_days", value) for value in (-1, "7")],
        ("/visits/0/window/after_days", 367),
        *[("/visits/0/until", value) for value in ("death", {"latest": ["death"]})],
        *[("/visits/0/who", value) for value in ("female", [])],
        *[("/visits/0/mode", value) for value in ("telephone", 1)],
        *[("/visits/0/activities", value) for value in ("CT", {})],
        ("/visits/1/every", {"weeks": 1}),
        ("/visits/1/first", {"weeks": 1}),
        ("/visits/1/count", 3),
        *[("/visits/1/anchor/days", value) for value in ([], [0], 1, [1, 1])],
        *[("/visits/1/anchor/days/0", value) for value in (22, "1", -367)],
        *[("/visits/1/anchor/cycles", value) for value in ([], 3, "all", [1, 1])],
        *[("/contraception", value) for value in (6, {})],
        *[("/contraception/0/after_last_dose", value) for value in (6, {}, {"years": 1}, {"months": 6, "days": 1})],
        *[("/contraception/0/from", value) for value in ("birth", "progression", None)],
        *[("/contraception/0/of", value) for value in ("aspirin", 5)],
    ],
)
def test_a_value_that_cannot_be(pointer: str, value: Any) -> None:
    assert errors(changed(pointer, value)) == [pointer]


@pytest.mark.parametrize(
    ("at", "value", "pointer"),
    [
        *[("/visits/0/every", {"weeks": number}, "/weeks") for number in (0, -6, 1.5, "6")],
        *[("/contraception/0/after_last_dose", {"months": number}, "/months") for number in (-1, 6.5, "6")],
        *[("/visits/0/anchor", {"visit": visit}, "/visit") for visit in ("", "safety-w1", None, 5)],
        ("/visits/0/anchor", {"visit": "clinic-c1d1", "name": 1}, "/name"),
        ("/visits/0/anchor", ["enrolment", "birth"], "/1"),
        ("/visits/0/until", ["birth"], "/0"),
        ("/visits/0/until", [{"latest": []}], "/0/latest"),
        ("/visits/0/until", [{}], "/0/latest"),
        ("/visits/0/until", ["death", {"latest": ["progression", "birth"]}], "/1/latest/1"),
        ("/visits/0/until", [{"latest": ["progression"], "earliest": 1}], "/0/earliest"),
        *[("/visits/0/who", {"sex": sex}, "/sex") for sex in ("men", ["male"], None)],
        *[("/visits/0/who", {"fertile": fertile}, "/fertile") for fertile in ("fertile", 1)],
        *[("/visits/0/who", {"arm": arm}, "/arm") for arm in ("c", [], 1, None)],
        ("/visits/0/who", {"arm": ["a", "c"]}, "/arm/1"),
        ("/visits/0/who", {"cohort": "a"}, "/cohort"),
        ("/visits/0/label", {"en": "", "zh-CN": "第 {n} 周"}, "/en"),
        ("/visits/0/label", {"zh-CN": "第 {n} 周"}, "/en"),
        ("/visits/0/label", {"en": "Week {n}", "fr": "Semaine {n}"}, "/fr"),
        ("/visits/0/activities", ["CT", ""], "/1"),
        *[("/visits/1/anchor/cycles", {"from": 2, "to": last}, "/to") for last in (1, "3")],
        ("/visits/1/anchor/cycles", {"every": 0}, "/every"),
        ("/visits/1/anchor/cycles", [1, 0], "/1"),
        ("/visits/1/anchor/days", {"from": 2, "to": 1}, "/to"),
        ("/visits/1/anchor/days", {"from": 2}, "/to"),
        ("/regimens/0/when/0/days", {"from": 0, "to": 8}, "/from"),
        ("/regimens/0/when/0/days", {"from": 1, "to": 22}, "/to"),
        ("/contraception/0/who", {"arm": "c"}, "/arm"),
        ("/contraception/0/of", ["surufatinib", "aspirin"], "/1"),
        ("/arms", [{"id": "a", "label": "Arm A"}, {"id": "A", "label": "Arm A"}], "/1/id"),
        ("/arms", [{"id": "a", "label": "Arm A"}, {"id": "a", "label": "Arm A"}], "/1/id"),
        ("/milestones", [{"id": "crossover", "label": "Crossover"}, {"id": "progression", "label": "Again"}], "/1/id"),
        ("/cohorts", ["carriers"], "/0"),
    ],
)
def test_a_fault_inside_a_value_is_named_there(at: str, value: Any, pointer: str) -> None:
    data = changed(at, value)
    if at == "/visits/0/who":
        del data["visits"][0]["until"]
    assert errors(data) == [at + pointer]


def test_all_faults_are_named_at_once() -> None:
    imaging = {**IMAGING, "until": ["never"], "anchor": "birth", "who": {"arm": "c"}}
    data = protocol_data(imaging, {**CLINIC, "anchor": {"days": [0]}}, amount=0, **DECLARED)
    data["version"] = "one"
    del data["contraception"]
    assert sorted(errors(data)) == [
        *("/contraception", "/regimens/0/dose/amount", "/version"),
        *("/visits/0/anchor", "/visits/0/until/0", "/visits/0/who/arm", "/visits/1/anchor/days"),
    ]


def test_one_fault_raises_no_other() -> None:
    clinic = {**CLINIC, "anchor": {"days": [8]}}
    assert errors(protocol_data(clinic, cycle_days="x", days=[1, 2, 30])) == ["/regimens/0/cycle_days"]
    # Where the length of a cycle is not known, its last day may be any that a cycle can have.
    for day, more in ((366, []), (367, ["/visits/0/anchor/days/0"])):
        data = protocol_data({**CLINIC, "anchor": {"days": [day]}}, cycle_days="x")
        assert errors(data) == ["/regimens/0/cycle_days", *more]
        assert errors({**data, "regimens": {}}) == ["/regimens", *more]
    days = ["/regimens/0/when/0/days/0", "/regimens/0/when/0/days/1"]
    assert errors(protocol_data(days=[-1, 99])) == days
    assert errors(protocol_data(amount="x", levels=[250])) == ["/regimens/0/dose/amount"]


def test_days_before_day_1_are_of_cycle_1() -> None:
    read_protocol(protocol_data(series("baseline", {"days": [-2], "cycles": [1]}, window=(0, 0))))
    for cycles in ({}, {"cycles": [1, 2]}, {"cycles": {"from": 1}}):
        data = protocol_data(series("baseline", {"days": [-2], **cycles}, window=(0, 0)))
        assert errors(data) == ["/visits/0/anchor/days"]


def test_a_single_visit_has_no_count() -> None:
    assert errors(protocol_data(series("safety", first={"weeks": 4}, count=1))) == ["/visits/0/count"]


def test_no_visit_is_more_than_30_years_away() -> None:
    assert errors(protocol_data(series("call", every={"months": 120}, count=4))) == ["/visits/0/count"]
    read_protocol(protocol_data(series("call", every={"months": 120}, count=3)))


@pytest.mark.parametrize(("unit", "most"), [("days", 3660), ("weeks", 522), ("months", 120)])
def test_no_single_step_is_longer_than_ten_years(unit: str, most: int) -> None:
    for number in (most, -most):
        read_protocol(protocol_data(series("safety", first={unit: number})))
    for number in (most + 1, -most - 1):
        assert errors(protocol_data(series("safety", first={unit: number}))) == [f"/visits/0/first/{unit}"]


@pytest.mark.parametrize(
    ("pointer", "most"),
    [
        *[("/version", 10_000), ("/participants", 1_000_000), ("/accountability_margin", 100)],
        *[("/regimens/0/first_cycle", 10_000), ("/regimens/0/cycles", 10_000), ("/regimens/0/max_doses", 10_000)],
        *[("/regimens/0/cycle_days", 366), ("/regimens/0/times_a_day", 4)],
        *[("/visits/1/anchor/cycles/from", 10_000), ("/visits/1/anchor/cycles/every", 1000)],
    ],
)
def test_the_largest_number(pointer: str, most: int) -> None:
    read_protocol(changed(pointer, most))
    assert errors(changed(pointer, most + 1)) == [pointer]


def test_the_largest_count() -> None:
    every_day = protocol_data(series("call", every={"days": 1}, count=10_000, window=(0, 0)))
    read_protocol(every_day)
    every_day["visits"][0]["count"] += 1
    assert errors(every_day) == ["/visits/0/count"]


def test_the_last_cycle_that_can_be_chosen() -> None:
    for cycles in ([10_000], {"to": 10_000}):
        read_protocol(changed("/visits/1/anchor/cycles", cycles))
    for cycles, at in (([10_001], "0"), ({"to": 10_001}, "to")):
        assert errors(changed("/visits/1/anchor/cycles", cycles)) == [f"/visits/1/anchor/cycles/{at}"]


def test_a_window_reaches_a_year_at_most() -> None:
    read_protocol(protocol_data(series("safety", first={"days": 400}, window=(366, 366))))
    for window, name in (((367, 366), "before_days"), ((366, 367), "after_days")):
        data = protocol_data(series("safety", first={"days": 400}, window=window))
        assert errors(data) == [f"/visits/0/window/{name}"]


def declared(count: int) -> list[dict[str, str]]:
    """So many arms, cohorts or milestones, those that the valid protocol names among them."""
    names = ["a", "carriers", "crossover", *(f"x{number}" for number in range(count - 3))]
    return [{"id": name, "label": name} for name in names]


@pytest.mark.parametrize(
    ("pointer", "too_many"),
    [
        *[("/arms", declared(21)), ("/cohorts", declared(21)), ("/milestones", declared(31))],
        *[("/reminders/off", ["dose_due"] * 101), ("/contraception", [{"after_last_dose": {"months": 1}}] * 31)],
        ("/regimens/0/dose/levels", [50 * number for number in range(7, 28)]),
        ("/regimens/0/when", [{"days": [1], "cycles": [number]} for number in range(1, 52)]),
        *[("/regimens/0/activities", ["Weight"] * 31), ("/visits/0/activities", ["CT"] * 31)],
        ("/visits/0/responses", {"codes": [f"R{number}" for number in range(21)], "progression": []}),
        ("/visits/0/responses", {"progression": ["PD"] * 21, "codes": ["PD"]}),
        *[("/visits/0/until", ["death"] * 21), ("/visits/0/until/0", {"latest": ["death"] * 21})],
        *[("/visits/0/who/arm", ["a"] * 21), ("/visits/1/anchor/cycles", [*range(1, 202)])],
    ],
)
def test_the_longest_list(pointer: str, too_many: Any) -> None:
    if isinstance(too_many, dict):
        name, entries = next(iter(too_many.items()))
        read_protocol(changed(pointer, {**too_many, name: entries[:-1]}))
        assert errors(changed(pointer, too_many)) == [f"{pointer}/{name}"]
    else:
        read_protocol(changed(pointer, too_many[:-1]))
        assert errors(changed(pointer, too_many)) == [pointer]


def test_more_entries_than_any_trial_has() -> None:
    visits = [series(f"s{number}", first={"days": 1}) for number in range(201)]
    assert errors(protocol_data(*visits)) == ["/visits"]
    read_protocol(protocol_data(*visits[:200]))


# Stretches.


@pytest.mark.parametrize("anchor", ["first_dose", ["enrolment", "first_dose"], {"visit": "clinic-c1d1"}])
def test_stretches_of_a_series_share_their_anchor(anchor: Any) -> None:
    second = series("imaging", anchor, first={"weeks": 60}, every={"weeks": 9})
    first = series("imaging", every={"weeks": 6}, count=8)
    assert errors(protocol_data(CLINIC, first, second)) == ["/visits/2/anchor"]


def test_each_stretch_has_its_own_unit_window_until_and_who() -> None:
    first = series("call", every={"weeks": 4}, count=2, until=["progression"], who={"sex": "female"})
    second = series("call", first={"months": 12}, every={"months": 3}, window=(1, 2), who={"arm": "a"})
    read_protocol(protocol_data(first, second, **DECLARED))


def test_stretches_on_cycle_days_have_each_their_cycles_and_days() -> None:
    first = series("clinic", {"days": [1, 8], "cycles": {"to": 2}}, window=(1, 1))
    second = series("clinic", {"days": [1], "cycles": {"from": 3}}, window=(3, 3), who={"sex": "female"})
    read_protocol(protocol_data(first, second))


# Anchors.


def test_an_anchor_is_a_visit_of_the_protocol() -> None:
    def after(visit: str) -> dict[str, Any]:
        return protocol_data(
            series("imaging", every={"weeks": 6}), CLINIC, series("safety", {"visit": visit}, first={"weeks": 1})
        )

    for visit in ("imaging-w6", "imaging-w60", "clinic-c9d1"):
        read_protocol(after(visit))
    for visit in ("imaging-w7", "imaging-m6", "imaging", "clinic-c0d1", "clinic-c1d2", "enrolment"):
        assert errors(after(visit)) == ["/visits/2/anchor/visit"]


@pytest.mark.parametrize(
    ("entry", "name"),
    [
        (series("baseline", {"days": [-2], "cycles": [1]}, window=(0, 0)), "baseline"),
        (series("baseline", every={"weeks": 6}, count=1), "baseline"),
        (series("baseline", first={"weeks": 6}), "baseline"),
        (series("baseline", every={"weeks": 6}, count=2), "baseline-w6"),
        (series("baseline", {"days": [-2, 1], "cycles": [1]}, window=(0, 0)), "baseline-c1d-2"),
        (series("baseline", {"days": [1], "cycles": [1, 3]}, window=(0, 0)), "baseline-c3d1"),
    ],
)
def test_a_series_of_one_entry_with_one_target_has_its_name(entry: dict[str, Any], name: str) -> None:
    read_protocol(protocol_data(entry, series("safety", {"visit": name}, first={"weeks": 1})))


# Sources.


def test_sources_point_into_the_protocol() -> None:
    data = {
        **valid(),
        "sources": {"/regimens/0/dose/amount": {"stated": "registry"}, "/visits/0/every": {"stated": "usdm"}},
    }
    read_protocol(data)
    for pointer in ("/regimens/0/colour", "/visits/2", "/visits/x", "regimens", ""):
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
def test_a_source_says_who_states_a_value(source: Any, pointer: str) -> None:
    assert errors({**valid(), "sources": {"/id": source}}) == [pointer]


# The built-in protocol says what the rules say, and of every value where it is from.


def test_the_built_in_protocol() -> None:
    data = json.loads(json.dumps(builtin().definition))
    assert (data["id"], data["version"], data["participants"]) == ("nct06110650", 1, 29)
    assert data["regimens"] == [
        {
            "id": "surufatinib",
            "drug": {"en": "surufatinib", "zh-CN": "索凡替尼"},
            "route": "oral",
            "dose": {"amount": 300, "unit": "mg", "levels": [250, 200]},
            "strengths": [50],
            "cycle_days": 21,
            "on_hold": "continue",
        }
    ]
    imaging, contraception = ({k: v for k, v in entry.items() if k != "label"} for entry in data["visits"])
    assert imaging == {
        "series": "imaging",
        "anchor": "enrolment",
        "every": {"weeks": 6},
        "window": {"before_days": 7, "after_days": 7},
        "until": ["progression", "new_therapy"],
        "responses": "RECIST 1.1",
    }
    assert contraception == {
        "series": "contraception",
        "anchor": "last_dose",
        "every": {"months": 1},
        "count": 6,
        "window": {"before_days": 7, "after_days": 7},
        "who": {"fertile": True},
    }
    assert data["contraception"] == [{"after_last_dose": {"months": 6}}]


def test_every_value_of_the_built_in_protocol_says_where_it_is_from() -> None:
    data = builtin().definition
    told = set(data["sources"])

    def values(at: str, inner: Any) -> set[str]:
        if at in told or not isinstance(inner, dict | list):
            return {at}
        entries = inner.items() if isinstance(inner, dict) else enumerate(inner)
        return {pointer for key, value in entries for pointer in values(f"{at}/{key}", value)}

    parts = {pointer for name in ("regimens", "visits", "contraception") for pointer in values(f"/{name}", data[name])}
    # Names and units are words, not values.
    words = ("id", "unit", "series", "label")
    assert {pointer for pointer in parts - told if pointer.rpartition("/")[2] not in words} == set()


#: The built-in protocol as it was stored in the form before.
BEFORE: dict[str, Any] = {
    "id": "nct06110650",
    "version": 1,
    "title": "Surufatinib in advanced soft tissue sarcoma",
    "participants": 29,
    "dosing": {
        "drug": "surufatinib",
        "route": "oral",
        "dose_mg": 300,
        "reduced_doses_mg": [250, 200],
        "strengths_mg": [50],
        "cycle_days": 21,
        "dosing_days": "all",
        "cycle_on_hold": "continue",
    },
    "visits": [
        {
            "series": "imaging",
            "label": "Week {n} tumour imaging",
            "anchor": "enrolment",
            "every": {"weeks": 6},
            "window": {"before_days": 7, "after_days": 7},
            "until": "progression",
            "applies_to": "all",
        },
        {
            "series": "contraception",
            "label": "Month {n} contraception follow-up",
            "anchor": "last_dose",
            "every": {"months": 1},
            "count": 6,
            "window": {"before_days": 7, "after_days": 7},
            "until": "end_of_study",
            "applies_to": "fertile",
        },
    ],
    "contraception": {"months_after_last_dose": 6},
    "sources": {
        "/dosing/dose_mg": {"stated": "registry"},
        "/dosing/dosing_days": {"stated": "registry"},
        "/visits/0/applies_to": {"stated": "default"},
        "/visits/1/applies_to": {"stated": "default"},
        "/contraception/months_after_last_dose": {"stated": "registry"},
    },
}


def test_a_protocol_stored_in_the_form_before_says_the_same() -> None:
    stored, now = read_protocol(current_form(BEFORE)), builtin()
    assert stored.series == now.series
    assert stored.contraception == now.contraception
    (before,), (after,) = stored.regimens, now.regimens
    assert {name: getattr(before, name) for name in before.__dataclass_fields__ if name != "drugs"} == {
        name: getattr(after, name) for name in after.__dataclass_fields__ if name != "drugs"
    }
    assert set(stored.definition["sources"]) == {
        *("/regimens/0/dose/amount", "/regimens/0/when", "/visits/1/who", "/contraception/0/after_last_dose"),
    }
    assert current_form(stored.definition) == stored.definition


def test_cycle_visits_and_ends_of_the_form_before_are_read() -> None:
    clinic = {"series": "clinic", "label": "{n}", "anchor": "cycle", "window": {"before_days": 1, "after_days": 2}}
    old = {**BEFORE, "sources": {}, "version": 2}
    old["visits"] = [
        {**clinic, "on_day": 8, "until": "end_of_treatment", "count": 4},
        {**clinic, "on_day": 15, "until": "end_of_treatment", "applies_to": "fertile"},
    ]
    old["dosing"] = {**BEFORE["dosing"], "drug": "5-FU", "dosing_days": [1, 8], "cycle_on_hold": "extend"}
    found = current_form(old)
    assert [entry["anchor"] for entry in found["visits"]] == [{"days": [8], "cycles": {"to": 4}}, {"days": [15]}]
    assert [entry["until"] for entry in found["visits"]] == [["end_of_treatment"]] * 2
    assert [entry.get("who") for entry in found["visits"]] == [None, {"fertile": True}]
    (regimen,) = read_protocol(found).regimens
    assert (regimen.drug, [one.days for one in regimen.when], regimen.extend_on_hold) == ("5-FU", [{1, 8}], True)


def test_a_trial_says_what_it_does_not_send() -> None:
    assert read_protocol(changed("/reminders", {"off": ["dose_again"]})).reminders_off == {"dose_again"}
    assert read_protocol(valid()).reminders_off == frozenset()
    # The digest is the site's, of all its trials.
    said = {"off": ["dose_again", "digest", "pigeon"], "on": []}
    assert sorted(errors(changed("/reminders", said))) == ["/reminders/off/1", "/reminders/off/2", "/reminders/on"]
