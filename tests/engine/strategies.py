"""Generated protocols and patients: every anchor, unit and kind of fact, with corrections and voids between them."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from operator import add
from typing import Any, NamedTuple

from hypothesis import assume
from hypothesis import strategies as st

from scheduler_api.engine.errors import ValidationFailed
from scheduler_api.engine.model.fold import superseded_by
from scheduler_api.engine.model.history import History
from scheduler_api.engine.model.protocol import Protocol
from scheduler_api.engine.protocol_file.parse import read_protocol

from .naive import Known
from .patients import NOW, Patient, protocol_data, regimen_data, series, start_of

Draw = Callable[[st.SearchStrategy[Any]], Any]

#: What protocols may declare, and facts then name.
ARMS, COHORTS, OWN = ["a", "b"], ["carriers", "elderly"], ["crossover", "surgery"]
#: What series are counted from; the first ones more often.
ANCHORS = ["enrolment", "enrolment", "first_dose", "randomisation", "consent", "progression", "end_of_treatment"]
#: What ends a series that is counted from before treatment has ended.
ENDS = ["progression", "new_therapy", "end_of_treatment", "last_dose", "death", "end_of_study"]
#: The least number of days that one unit can be.
LEAST = {"days": 1, "weeks": 7, "months": 28}
#: Around ends of months, a leap day and the end of a year.
ENROLLED = st.sampled_from(
    [date(2024, 1, 3), date(2024, 1, 31), date(2023, 8, 31), date(2024, 2, 29), date(2023, 12, 31), date(2023, 2, 28)]
)


@st.composite
def windows(draw: Draw, days: int) -> tuple[int, int]:
    """Days before and after that leave no overlap between visits so many days apart."""
    before = draw(st.integers(0, min(days - 1, 20)))
    return before, draw(st.integers(0, min(days - 1 - before, 20)))


class Declared(NamedTuple):
    """The ids that a protocol declares."""

    arms: list[str]
    cohorts: list[str]
    milestones: list[str]

    def data(self) -> dict[str, Any]:
        """The parts of a protocol that declare them; those that are empty may be left out."""
        parts = self._asdict().items()
        return {part: [{"id": name, "label": name.title()} for name in names] for part, names in parts if names}


NOTHING = Declared([], [], [])
declared = st.builds(
    Declared, st.sampled_from([[], ARMS, ARMS]), st.sampled_from([[], COHORTS]), st.sampled_from([[], OWN, OWN])
)


class Course(NamedTuple):
    """What is the same of a regimen in every version: what it is, for whom, who gives it, and where it starts.

    `is_plain`: it has one dose a day, on the same days of every cycle, for as long as treatment goes on.
    """

    id: str = "surufatinib"
    drug: str = "surufatinib"
    is_plain: bool = True
    rest: dict[str, Any] = {}  # noqa: RUF012

    @property
    def is_given(self) -> bool:
        """Return whether it is given at the site."""
        return self.rest.get("given_by") == "site"


class Taking(NamedTuple):
    """What facts about doses name: regimens where there are several, slots up to `slots`, holds that are open.

    `taken` are those that the patient takes, where they need a name; `given` those that the site gives.
    """

    regimens: tuple[str, ...] = ()
    slots: int = 1
    open_holds: tuple[str, ...] = ()
    taken: tuple[str, ...] = ()
    given: tuple[str, ...] = ()


ONE_DOSE = Taking()


@st.composite
def courses(draw: Draw, said: Declared) -> list[Course]:
    """The regimens of a protocol: of most only one, and that a simple one."""
    more = draw(st.sampled_from([0, 0, 0, 0, 0, 1, 1, 2]))
    who = draw(st.sampled_from([{}, {}, {"arm": "a"}, {"arm": ["a", "b"]}])) if said.arms and more else {}
    is_plain = draw(st.sampled_from([True, True, True, False]))
    first = Course(is_plain=is_plain, rest={**({"who": who} if who else {}), **draw(given_by(is_plain))})
    found = [first]
    for name in ("fruquintinib", "olaparib")[:more]:
        before = draw(st.sampled_from(found))
        drug = draw(st.sampled_from([name, name, name, "surufatinib"]))
        rest: dict[str, Any] = {}
        match draw(st.sampled_from(["first_dose", "first_dose", "after", "after", "milestone", "cycles_of"])):
            case "after":
                # Its cycles go on from those before it, so that no two visits have one name.
                rest = {"starts": {"after": before.id}, "first_cycle": 100 * len(found)}
                rest |= draw(st.sampled_from([{}, {}, {"gap": {"days": 9}}, {"gap": {"weeks": 2}}]))
            case "milestone":
                milestone = draw(st.sampled_from([*said.milestones, *said.milestones, "randomisation", "progression"]))
                rest = {"starts": {"milestone": milestone}}
            case "cycles_of" if "cycles_of" not in before.rest:
                rest = {"cycles_of": before.id}
        if said.arms or said.cohorts:
            whom = [{}, {}, *[{"arm": name} for name in said.arms], *[{"cohort": COHORTS} for _ in said.cohorts[:1]]]
            rest |= {"who": who} if (who := draw(st.sampled_from(whom))) else {}
        is_plain = draw(st.booleans())
        rest |= draw(given_by(is_plain, "cycles_of" in rest))
        found.append(Course(name, drug, is_plain, rest))
    return found


@st.composite
def given_by(draw: Draw, is_plain: bool, shares: bool = False) -> dict[str, Any]:
    """Who gives a regimen: the patient takes what is plain, and the site gives every other one of the rest."""
    if is_plain or draw(st.booleans()):
        return {}
    counts = {} if shares else {"cycles_count_from": draw(st.sampled_from(["planned", "actual", "actual"]))}
    return {"given_by": "site", **counts}


@st.composite
def regimens(draw: Draw, course: Course) -> dict[str, Any]:
    """The data of a regimen in one version."""
    cycle_days = draw(st.sampled_from([1, 7, 14, 21, 28, 42]))
    shares = "cycles_of" in course.rest
    own = {} if shares else {"cycle_days": cycle_days, "on_hold": draw(st.sampled_from(["continue", "extend"]))}
    amount, levels = draw(st.sampled_from([300, 200, 12.5])), None
    if draw(st.integers(0, 3)) == 0:
        # Amounts that are allowed may be higher than the planned one too.
        levels = draw(st.sampled_from([[], [400], [250, 100], [400, 250]]))
    # The days of a regimen that shares the cycles of another have to be in those, however long.
    last = 1 if shares else cycle_days
    if course.is_given:
        own |= draw(given_when(last, shares))
        own |= {"cycles": draw(st.integers(1, 9))} if not shares and draw(st.integers(0, 3)) == 0 else {}
        own |= {"first_cycle": draw(st.integers(1, 7))} if not shares and draw(st.integers(0, 5)) == 0 else {}
    elif course.is_plain:
        days = draw(days_of(last))
        own |= {} if days is None else {"when": [{"days": days}]}
    else:
        own["times_a_day"] = draw(st.sampled_from([1, 1, 2, 2, 3]))
        own |= {"when": draw(st.lists(selectors(last), min_size=1, max_size=3))} if draw(st.booleans()) else {}
        if not shares:
            own |= {"cycles": draw(st.integers(1, 9))} if draw(st.integers(0, 2)) == 0 else {}
            own |= {"first_cycle": draw(st.integers(1, 7))} if draw(st.integers(0, 3)) == 0 else {}
    if not course.is_plain and draw(st.integers(0, 3)) == 0:
        own["max_doses"] = draw(st.integers(1, 12))
    data = {**regimen_data(amount, levels), "id": course.id, "drug": course.drug, **own, **course.rest}
    if "starts" in course.rest and draw(st.integers(0, 2)) == 0:
        # Another version may have another gap, or wait for something else.
        data.pop("gap", None)
        after = {"starts": {"after": "surufatinib"}}
        data |= draw(
            st.sampled_from([{}, {**after, "gap": {"days": 30}}, after, {"starts": {"milestone": "progression"}}])
        )
    if shares:
        del data["cycle_days"]
    if not course.is_plain and draw(st.integers(0, 5)) == 0:
        data["dose"] = {"amount": 5, "unit": "mg", "per": draw(st.sampled_from(["kg", "m2"]))}
    return data


@st.composite
def given_when(draw: Draw, cycle_days: int, shares: bool) -> dict[str, Any]:
    """On which days something is given at the site, and in which window: mostly on day 1, perhaps of other amounts."""
    days = sorted({1, *draw(st.sets(st.sampled_from([1 + cycle_days // 2, 1 + cycle_days // 3]), max_size=2))})
    before, after = draw(windows(max(cycle_days // 3, 1)))
    entries: list[dict[str, Any]] = [{"days": draw(st.sampled_from([[1], days]))}]
    if draw(st.integers(0, 2)) == 0:
        # A loading dose, or some cycles with days of their own.
        loading = {"cycles": draw(st.sampled_from([[1], [1, 2], {"to": 3}, {"from": 2, "every": 2}])), "days": [1]}
        loading |= draw(st.sampled_from([{}, {"amount": 400}, {"window": {"before_days": 0, "after_days": 0}}]))
        entries = [loading, *entries]
    if not shares and draw(st.integers(0, 3)) == 0:
        # Its window closes before that of day 1 opens.
        entries.append({"cycles": [1], "days": [-1 - draw(st.integers(1, 4)) - after - before]})
    if draw(st.integers(0, 7)) == 0:
        entries = [{"days": {"weekdays": draw(st.sampled_from([["mon"], ["tue", "fri"]]))}}]
        before = after = min(before, after, 1)
    return {"when": entries, "window": {"before_days": before, "after_days": after}}


@st.composite
def days_of(draw: Draw, cycle_days: int) -> Any:
    """Which days of a cycle have a dose; None leaves it out, which is all of them."""
    how = draw(st.sampled_from(["all", "none", "list", "range"]))
    if how == "list":
        return sorted(draw(st.sets(st.integers(1, cycle_days), min_size=1)))
    if how == "range":
        every = draw(st.integers(1, cycle_days))
        return {"from": draw(st.integers(1, cycle_days)), "to": cycle_days, "every": every}
    return "all" if how == "all" else None


@st.composite
def selectors(draw: Draw, cycle_days: int) -> dict[str, Any]:
    """An entry of `when`: days of some cycles, perhaps of the week, perhaps with an amount of their own."""
    weekdays = st.sampled_from([["mon"], ["mon", "wed", "fri"], ["sat", "sun"]])
    days = draw(days_of(cycle_days))
    if draw(st.integers(0, 4)) == 0:
        days = {"weekdays": draw(weekdays)}
    cycles = draw(choices)
    amount = draw(st.sampled_from([None, None, 100, 250, 400]))
    return {
        **({} if cycles is None else {"cycles": cycles}),
        "days": "all" if days is None else days,
        **({} if amount is None else {"amount": amount}),
    }


@st.composite
def whos(draw: Draw, said: Declared) -> dict[str, Any]:
    """For whom something is: mostly for everybody."""
    who: dict[str, Any] = {}
    for _ in range(draw(st.sampled_from([0, 0, 1, 1, 2]))):
        match draw(st.sampled_from(["fertile", "fertile", "sex", "arm", "cohort"])):
            case "sex":
                who["sex"] = draw(st.sampled_from(["female", "female", "male"]))
            case "arm" if said.arms:
                who["arm"] = draw(st.sampled_from(["a", "b", ["a"], ["a", "b"]]))
            case "cohort" if said.cohorts:
                who["cohort"] = draw(st.sampled_from([*COHORTS, COHORTS]))
            case "fertile":
                who["fertile"] = draw(st.sampled_from([True, True, False]))
    return who


@st.composite
def anchors(draw: Draw, said: Declared) -> Any:
    """A milestone, or a list of them."""
    names = [*ANCHORS, *said.milestones]
    if draw(st.integers(0, 3)):
        return draw(st.sampled_from(names))
    return draw(st.lists(st.sampled_from([*names, "new_therapy", "last_dose"]), min_size=1, max_size=3, unique=True))


@st.composite
def untils(draw: Draw, said: Declared, anchor: Any) -> list[Any]:
    """What ends the visits of an entry: nothing that the anchor waits for."""
    of = anchor if isinstance(anchor, list) else [anchor]
    late = ("last_dose", "end_of_treatment", "progression", "new_therapy", *said.milestones)
    names = ["end_of_study", "death"] if any(name in late for name in of) else ENDS
    names = [name for name in [*names, *said.milestones, "new_therapy"] if name not in of]
    if any(name in said.milestones for name in of):
        # Imaging after a crossover goes on until the next progression.
        names += ["progression", "new_therapy"]
    latest = st.lists(st.sampled_from(names), min_size=1, max_size=2, unique=True).map(
        lambda all_of: {"latest": all_of}
    )
    return draw(st.lists(st.sampled_from(names) | latest, max_size=2))


@st.composite
def whom_and_until(draw: Draw, said: Declared, anchor: Any) -> dict[str, Any]:
    """Who and until of one entry; left out where they say nothing."""
    found = {"who": draw(whos(said)), "until": draw(untils(said, anchor))}
    return {name: value for name, value in found.items() if value or draw(st.booleans())}


@st.composite
def rhythms(draw: Draw, name: str, anchor: Any, said: Declared = NOTHING) -> list[dict[str, Any]]:
    """A series counted in days, weeks or months: single, open-ended, bounded, in stretches, or for each arm its own."""
    unit = draw(st.sampled_from(["days", "weeks", "weeks", "months"]))
    every = draw(st.integers(1, {"days": 60, "weeks": 12, "months": 4}[unit]))
    common = draw(whom_and_until(said, anchor))
    window = draw(windows(every * LEAST[unit]))
    shape = draw(st.sampled_from(["single", "endless", "counted", "stretches", "stretches", "arms"]))
    first = draw(st.none() | st.integers(-20, 40))
    start: dict[str, Any] = {} if first is None else {"first": {unit: first}}
    if shape == "single":
        return [series(name, anchor, window=window, first={unit: every if first is None else first}, **common)]
    if shape == "arms" and said.arms:
        # Nobody is in both arms: their visits may lie on one day and have one name.
        other = draw(st.integers(1, 9))
        common.pop("who", None)
        return [
            series(name, anchor, window=window, every={unit: every}, count=3, who={"arm": "a"}, **common),
            series(name, anchor, window=(0, 0), every={"weeks": other}, count=4, who={"arm": "b"}, **common),
        ]
    # Months of a long series make the check of a protocol slow.
    if shape == "endless" and unit != "months":
        return [series(name, anchor, window=window, every={unit: every}, **start, **common)]
    count = draw(st.integers(1, 6))
    entry = series(name, anchor, window=window, every={unit: every}, count=count, **start, **common)
    if shape != "stretches":
        return [entry]
    return [entry, draw(next_stretch(entry, said))]


@st.composite
def confirmations(draw: Draw, said: Declared) -> list[dict[str, Any]]:
    """A series counted from a response of imaging: mostly from each, and then with one window."""
    codes = draw(st.sampled_from([["PR"], ["PR", "CR"], ["PR", "CR", "SD"]]))
    each = draw(st.sampled_from([{"each": True}, {"each": True}, {}]))
    entries = draw(rhythms("confirmation", {"response": codes, "of": "imaging", **each}, said))
    windows = [entry["window"] for entry in entries]
    narrowest = {side: min(window[side] for window in windows) for side in ("before_days", "after_days")}
    return [{**entry, "window": narrowest} for entry in entries] if each else entries


@st.composite
def next_stretch(draw: Draw, entry: dict[str, Any], said: Declared) -> dict[str, Any]:
    """A further stretch of a series, after one with a count: in its own unit, with its own window, until and who."""
    ((unit, every),) = entry["every"].items()
    last = entry.get("first", entry["every"])[unit] + (entry["count"] - 1) * every
    rest = draw(whom_and_until(said, entry["anchor"]))
    then = draw(st.sampled_from([unit, unit, "days", "weeks"] if unit != "months" else ["months", "months", "days"]))
    step = draw(st.integers(1, 9))
    if then == unit:
        first = last + step
        window = draw(windows(min(every, step) * LEAST[unit]))
        entry["window"] = {"before_days": window[0], "after_days": window[1]}
    else:
        # Well after the last of the first, however long its months are.
        days = last * {"days": 1, "weeks": 7, "months": 31}[unit] + entry["window"]["after_days"] + 20
        first = max(days, 1) // LEAST[then] + 3 + step
        window = draw(windows(step * LEAST[then]))
    rest |= {"count": 3} if then == "months" else {}
    name, anchor = entry["series"], entry["anchor"]
    return series(name, anchor, window=window, first={then: first}, every={then: step}, **rest)


@st.composite
def cycle_visits(
    draw: Draw, name: str, cycle_days: int, said: Declared = NOTHING, regimen: str | None = None
) -> list[dict[str, Any]]:
    """A series on one or two days of each cycle, or of some, perhaps with one before day 1, of the lead or another."""
    before, after = draw(windows(max(cycle_days // 3, 1)))
    days = sorted({1, *draw(st.sets(st.just(1 + cycle_days // 2), max_size=1))})
    common = draw(whom_and_until(said, "first_dose"))
    choice = draw(choices)
    cycles = {} if choice is None else {"cycles": choice}
    of = {} if regimen is None else {"regimen": regimen}
    entries = [series(name, {"days": days, **cycles, **of}, window=(before, after), **common)]
    if len(days) == 2 and draw(st.booleans()):
        # Each day with its own cycles, for its own patients.
        rest = draw(whom_and_until(said, "first_dose"))
        other = draw(choices)
        cycles = {} if other is None else {"cycles": other}
        entries = [
            series(name, {"days": [1], **cycles, **of}, window=(before, after), **common),
            series(name, {"days": days[1:], **cycles, **of}, window=(before, after), **rest),
        ]
    if draw(st.integers(0, 2)) == 0:
        rest = draw(whom_and_until(said, "first_dose"))
        entries.append(series(name, {"days": [-before - 3], "cycles": [1], **of}, window=(1, 1), **rest))
    return entries


choices = st.sampled_from(
    [
        None,
        None,
        None,
        {"to": 1},
        {"to": 3},
        {"from": 2},
        {"from": 2, "to": 5, "every": 2},
        {"every": 2},
        [1],
        [1, 2, 4],
    ]
)


@st.composite
def contraception_rules(draw: Draw, said: Declared, taken: list[str]) -> list[dict[str, Any]]:
    """For how long after the last dose: mostly one rule for everybody."""
    rules = []
    for _ in range(draw(st.sampled_from([1, 1, 1, 2, 3, 0]))):
        unit, most = draw(st.sampled_from([("months", 12), ("months", 12), ("weeks", 30), ("days", 200)]))
        rule: dict[str, Any] = {"after_last_dose": {unit: draw(st.integers(0, most))}}
        if draw(st.integers(0, 2)) == 0:
            rule["who"] = draw(whos(said))
        since = draw(st.sampled_from([None, None, "enrolment", "consent", "first_dose"]))
        of = draw(st.sampled_from([None, None, "all", *taken, taken[:1], taken[1:] or taken]))
        rules.append({**rule, **({"from": since} if since else {}), **({"of": of} if of else {})})
    return rules


@st.composite
def definitions(
    draw: Draw, version: int = 1, said: Declared | None = None, taken: list[Course] | None = None
) -> dict[str, Any]:
    """The data of a protocol; nearly always a valid one."""
    said = draw(declared) if said is None else said
    taken = draw(courses(said)) if taken is None else taken
    found = [draw(regimens(course)) for course in taken]
    lengths = {one["id"]: one["cycle_days"] for one in found if "cycle_days" in one}
    visits = draw(rhythms("imaging", draw(anchors(said)), said))
    if draw(st.booleans()):
        visits += draw(cycle_visits("clinic", min(lengths.values()), said))
    if len(found) > 1 and draw(st.booleans()):
        of = draw(st.sampled_from(sorted(lengths)))
        visits += draw(cycle_visits("infusion", lengths[of], said, of))
    if draw(st.booleans()):
        visits += draw(rhythms("contraception", "last_dose", said))
    if draw(st.booleans()):
        visits += draw(rhythms("lab", draw(anchors(said)), said))
    if draw(st.integers(0, 2)) == 0:
        visits += draw(confirmations(said))
    for name in ("safety", "call"):
        if draw(st.integers(0, 2)) == 0:
            names = [*names_in(visits), *dose_names(found)]
            visits += draw(rhythms(name, {"visit": draw(st.sampled_from(names))}, said))
    rules = draw(contraception_rules(said, [course.id for course in taken]))
    beyond = draw(st.sampled_from([{}, {}, {}, {"beyond_progression": True}]))
    data = protocol_data(*visits, version=version, contraception=rules, **said.data(), **beyond)
    return {**data, "regimens": found}


def dose_names(regimens: list[dict[str, Any]]) -> list[str]:
    """Names of the first doses of what is given at the site, and some that are perhaps never there."""
    names = []
    for one in regimens:
        first = one.get("first_cycle", 1)
        for when in one["when"] if one.get("given_by") == "site" else ():
            days = when["days"] if isinstance(when["days"], list) else [1, 2]
            names += [f"{one['id']}-c{first + number}d{day}" for number in range(3) for day in days]
    return list(dict.fromkeys(names))


def names_in(visits: list[dict[str, Any]]) -> list[str]:
    """Names of the first visits of each entry, and some that are perhaps never there."""
    names = []
    for entry in visits:
        name, anchor = entry["series"], entry["anchor"]
        alone = sum(other["series"] == name for other in visits) == 1
        if isinstance(anchor, dict) and "days" in anchor:
            cycles = anchor.get("cycles", {})
            chosen = cycles if isinstance(cycles, list) else range(cycles.get("from", 1), cycles.get("to", 9) + 1)
            step = 1 if isinstance(cycles, list) else cycles.get("every", 1)
            of = f"{anchor['regimen']}-" if anchor.get("regimen", "surufatinib") != "surufatinib" else ""
            found = [f"{name}-{of}c{number}d{day}" for number in chosen[::step][:3] for day in anchor["days"]]
            names += [name] if alone and len(chosen[::step]) == len(anchor["days"]) == 1 else found
        elif "every" not in entry:
            ((unit, first),) = entry["first"].items()
            names.append(name if alone else f"{name}-{unit[0]}{first}")
        else:
            unit, every = next(iter(entry["every"].items()))
            first = next(iter(entry.get("first", entry["every"]).values()))
            found = [f"{name}-{unit[0]}{first + k * every}" for k in range(min(entry.get("count", 3), 3))]
            names += [name] if alone and entry.get("count") == 1 else found
        if isinstance(anchor, dict) and anchor.get("each"):
            from_first = [visit for visit in names if _is_first(visit, name)]
            names += [visit.replace(name, f"{name}-{number}") for visit in from_first for number in (2, 3)]
    return list(dict.fromkeys(names))


def _is_first(visit: str, series: str) -> bool:
    """Return whether a visit is of a series, and counted from the first response."""
    return re.fullmatch(rf"{series}(-[dwm].*)?", visit) is not None


@st.composite
def protocols(draw: Draw) -> tuple[Protocol, ...]:
    """One to three versions of one protocol; they declare the same, and have the same regimens."""
    versions, said = [], draw(declared)
    taken = draw(courses(said))
    for version in range(1, draw(st.sampled_from([1, 1, 2, 3])) + 1):
        try:
            versions.append(read_protocol(draw(definitions(version, said, taken))))
        except ValidationFailed:
            assume(False)
    return tuple(versions)


@st.composite
def patients(draw: Draw) -> Patient:
    """A patient with a history of random facts, corrections and voids; those that are refused are dropped."""
    if draw(st.integers(0, 9)) == 9:
        return draw(latecomers())
    versions = draw(protocols())
    enrolled_on = draw(ENROLLED)
    # Now and then somebody who is being screened, and perhaps enrols later, or never.
    screened = draw(st.sampled_from([False, False, False, True]))
    days_ahead = st.none() | st.integers(-20, 40)
    sex = draw(st.sampled_from(["female", "female", "male"]))
    patient = Patient(
        *versions,
        enrolled_on=None if screened else enrolled_on.isoformat(),
        planned_first_dose_on=(enrolled_on + timedelta(draw(st.integers(0, 9)))).isoformat(),
        consented_on=_near(enrolled_on, draw(days_ahead)),
        planned_enrolment_on=_near(enrolled_on, draw(days_ahead)),
        arm=draw(st.none() | st.sampled_from(ARMS)) if versions[0].definition.get("arms") and not screened else None,
        sex=sex,
        **draw(fertility),
    )
    if not screened and draw(st.integers(0, 3)):
        patient.record("treatment_started", first_dose_on=str(enrolled_on + timedelta(draw(st.integers(0, 9)))))
    visits = [name for version in versions for name in names_in(version.definition["visits"])]
    visits += [name for version in versions for name in dose_names(version.definition["regimens"])]
    steps = draw(st.sampled_from([8, 4, 16, 24]))
    goes_on_at = draw(st.integers(0, steps // 2)) if milestones_of(versions) else None
    for number in range(steps):
        try:
            if number == goes_on_at:
                draw(a_reopening(patient, enrolled_on, milestones_of(versions)))
            draw(a_step(patient, enrolled_on, visits))
        except ValidationFailed:
            continue
    return patient


@st.composite
def latecomers(draw: Draw) -> Patient:
    """Draw a patient to whom a regimen comes after its start: another arm's, or one that an amendment brings."""
    by_arm, said = draw(st.booleans()), Declared(ARMS, [], [])
    late = Course("olaparib", "olaparib", False, {**({"who": {"arm": "b"}} if by_arm else {}), **draw(given_by(False))})
    versions = []
    for version in range(1, draw(st.sampled_from([1, 2])) + 1 + (not by_arm)):
        taken = [Course(), late] if by_arm or version > 1 else [Course()]
        found = [draw(regimens(course)) for course in taken]
        if not late.is_given and len(found) > 1:
            # Mostly it begins with less.
            cycles = draw(st.sampled_from([[1], [1, 2], {"to": 2}, {"from": 1, "every": 2}, [2]]))
            days = draw(st.sampled_from(["all", "all", {"from": 1, "to": 5}]))
            ramp = {"cycles": cycles, "days": days, "amount": draw(st.sampled_from([10, 100, 250]))}
            found[-1]["when"] = [ramp, *draw(st.sampled_from([[{"days": "all"}], found[-1].get("when", [])]))]
        try:
            versions.append(read_protocol({**protocol_data(version=version, **said.data()), "regimens": found}))
        except ValidationFailed:
            assume(False)
    enrolled_on = draw(ENROLLED)
    patient = Patient(*versions, enrolled_on=str(enrolled_on), arm="a")
    patient.record("treatment_started", first_dose_on=str(enrolled_on + timedelta(draw(st.integers(0, 9)))))
    # In the first cycles, some days of which may be on hold.
    if draw(st.booleans()):
        held = enrolled_on + timedelta(draw(st.integers(5, 90)))
        patient.record("hold_started", from_on=str(held), resumes_on=str(held + timedelta(draw(st.integers(1, 9)))))
    from_on = str(enrolled_on + timedelta(draw(st.integers(5, 90))))
    if by_arm:
        patient.record("arm_assigned", arm="b", on=from_on)
    for version in versions[1:]:
        patient.record("protocol_amended", version=version.version, from_on=from_on)
    for _ in range(draw(st.sampled_from([0, 2, 4, 8]))):
        try:
            draw(a_step(patient, enrolled_on, ["unscheduled"]))
        except ValidationFailed:
            continue
    return patient


def milestones_of(versions: tuple[Protocol, ...]) -> list[str]:
    """The milestones of a protocol's own at which regimens of it start."""
    found = [one["starts"] for one in versions[0].definition["regimens"] if isinstance(one.get("starts"), dict)]
    return [starts["milestone"] for starts in found if starts.get("milestone") in OWN]


@st.composite
def a_reopening(draw: Draw, patient: Patient, enrolled_on: date, milestones: list[str]) -> None:
    """End treatment, let a regimen start at a milestone about then, and perhaps end it once more."""
    on = enrolled_on + timedelta(draw(st.integers(20, 150)))
    for number in range(draw(st.sampled_from([1, 2, 2, 3]))):
        last_dose_on = draw(st.sampled_from([None, "unknown", *[str(on - timedelta(draw(st.integers(0, 9))))] * 4]))
        reason = draw(st.sampled_from(["progression", "intolerance", "intolerance", "pregnancy"]))
        decided_on = str(on)[: draw(st.sampled_from([10, 10, 10, 7]))]
        data = {"last_dose_on": last_dose_on, "decided_on": decided_on, "reason": reason}
        on += timedelta(draw(st.sampled_from([0, 1, 10, 30, 30, -5])))
        reached = {"milestone": milestones[number % len(milestones)], "on": str(on)}
        # Perhaps the milestone is announced: whoever records it does so before its day.
        ahead = datetime.combine(on - timedelta(draw(st.integers(2, 40))), time(12), UTC)
        for kind, body, now in (
            ("treatment_ended", data, NOW),
            ("milestone_reached", reached, draw(st.sampled_from([NOW, NOW, ahead]))),
        ):
            try:
                patient.record(kind, now=now, **body)
            except ValidationFailed:
                continue
        on += timedelta(draw(st.integers(0, 90)))


def _near(day: date, number: int | None) -> str | None:
    """A day so many days from another, as text."""
    return None if number is None else (day + timedelta(number)).isoformat()


fertility = st.sampled_from(
    [
        {"fertility": "fertile", "basis": None},
        {"fertility": "fertile", "basis": None},
        {"fertility": "not_fertile", "basis": "sterilisation"},
    ]
)


@st.composite
def doses(draw: Draw, taking: Taking) -> dict[str, Any]:
    """Which dose of a day: named as far as a protocol has more than one."""
    named = {"regimen": draw(st.sampled_from(taking.taken))} if taking.taken else {}
    return named | ({"slot": draw(st.integers(1, taking.slots))} if taking.slots > 1 else {})


def taking_of(patient: Patient) -> Taking:
    """What facts about doses of a patient name."""
    found = [one for version in patient.versions.values() for one in version.definition["regimens"]]
    names = tuple(dict.fromkeys(one["id"] for one in found))
    opened = tuple(hold.start for hold in Known(patient).holds if hold.resumes_on is None)
    slots = max(one.get("times_a_day", 1) for one in found)
    given = tuple(dict.fromkeys(one["id"] for one in found if one.get("given_by") == "site"))
    several = names if len(names) > 1 else ()
    taken = tuple(name for name in several if name not in given)
    return Taking(several, slots, opened if len(opened) > 1 else (), taken, given)


@st.composite
def facts(
    draw: Draw, enrolled_on: date, visits: list[str], kind: str | None = None, taking: Taking = ONE_DOSE
) -> tuple[str, dict[str, Any]]:
    """A kind of fact, any unless it is given, with its data."""

    def on(most: int = 300) -> str:
        return (enrolled_on + timedelta(draw(st.integers(0, most)))).isoformat()

    def about(most: int = 300) -> str:
        """A day, or only its month or year."""
        return on(most)[: draw(st.sampled_from([10, 10, 10, 7, 4]))]

    kind = kind or draw(st.sampled_from([*KINDS, *["regimen_ended"] * 3] if taking.regimens else KINDS))
    of = {"regimen": draw(st.sampled_from(taking.regimens))} if taking.regimens else {}
    match kind:
        case "enrolled":
            arm = draw(st.sampled_from([None, None, *ARMS]))
            return kind, {"enrolled_on": on(20), "planned_first_dose_on": on(30), "arm": arm}
        case "arm_assigned":
            return kind, {"arm": draw(st.sampled_from(ARMS)), "on": on(draw(st.sampled_from([3, 60, 300])))}
        case "cohort_changed":
            from_on = on(draw(st.sampled_from([0, 30, 300])))
            member = draw(st.sampled_from([True, True, False]))
            return kind, {"cohort": draw(st.sampled_from(COHORTS)), "member": member, "from_on": from_on}
        case "milestone_reached":
            milestone = draw(st.sampled_from([*OWN, *OWN, "randomisation"]))
            return kind, {"milestone": milestone, "on": on(draw(st.sampled_from([10, 200, 200])))}
        case "treatment_started":
            return kind, {"first_dose_on": on(20)}
        case "dose_recorded":
            status = draw(st.sampled_from(["taken", "taken", "missed"]))
            amount = draw(st.sampled_from([None, None, 300, 300, 200, 600])) if status == "taken" else None
            return kind, {"dose_on": on(150), "status": status, "amount": amount, **draw(doses(taking))}
        case "hold_started":
            from_on = draw(st.integers(0, 200))
            resumes = draw(st.none() | st.integers(1, 30))
            return kind, {
                "from_on": (enrolled_on + timedelta(from_on)).isoformat(),
                "resumes_on": None if resumes is None else (enrolled_on + timedelta(from_on + resumes)).isoformat(),
                "no_end": resumes is None and draw(st.booleans()),
                **({"regimens": [of["regimen"]]} if of and draw(st.booleans()) else {}),
            }
        case "hold_ended":
            named = {"hold": draw(st.sampled_from(taking.open_holds))} if taking.open_holds else {}
            return kind, {"resumes_on": on(250), **named}
        case "dose_changed":
            sure = ["not_a_level", "not_dispensable", *["above_previous"] * (taking != ONE_DOSE)]
            data = {"from_on": on(), "amount": draw(st.sampled_from([250, 200, 10, 400])), "confirmed": sure, **of}
            if taking != ONE_DOSE:
                data |= draw(st.sampled_from([{}, {}, {"times_a_day": 1}, {"days": [1]}, {"days": [1, 2, 5]}]))
            return kind, data
        case "regimen_ended":
            return kind, {"last_dose_on": about(), **of}
        case "visit_booked":
            booked_on = draw(st.sampled_from([None, on(), on()]))
            return kind, draw(an_appointment(draw(st.sampled_from(visits)), booked_on, None))
        case "visit_done":
            visit = draw(st.none() | st.sampled_from(visits))
            of = visit.split("-")[0] if visit else draw(st.sampled_from(sorted({v.split("-")[0] for v in visits})))
            responses = ["SD", "PR", "CR", None, None, "PD"] if of == "imaging" else [None]
            # An extra one, a part of a visit, or one done before enrolment, now and then.
            visit = draw(st.sampled_from([visit, visit, visit, "unscheduled"]))
            part = draw(st.sampled_from([False, False, False, True])) and of not in taking.given
            amount = draw(st.sampled_from([None, None, 300, 200, 450])) if of in taking.given else None
            early = (enrolled_on - timedelta(draw(st.sampled_from([5, 30])))).isoformat()
            done_on = draw(st.sampled_from([on(), on(), on(), on(), early]))
            response = draw(st.sampled_from(responses))
            data = {"series": of, "done_on": done_on, "visit": visit, "response": response, "part": part}
            return kind, {**data, "amount": amount}
        case "progressed":
            return kind, {"progressed_on": about(), "basis": "clinical"}
        case "new_therapy_started":
            return kind, {"started_on": about()}
        case "treatment_ended":
            reason = draw(st.sampled_from(["progression", "intolerance", "death", "pregnancy"]))
            return kind, {
                "last_dose_on": draw(st.sampled_from([None, "unknown", about(), about()])),
                "decided_on": about(),
                "reason": reason,
            }
        case "study_ended":
            reason = draw(st.sampled_from(["completed", "death", "withdrawal", "lost_to_follow_up", "screen_failure"]))
            ended_on = about(400) if reason in ("death", "lost_to_follow_up") else on(400)
            return kind, {"ended_on": ended_on, "reason": reason}
        case "fertility_changed":
            from_on = draw(st.sampled_from([on(), on(), (enrolled_on - timedelta(20)).isoformat()]))
            return kind, {**draw(fertility), "from_on": from_on}
        case "site_transferred":
            return kind, {"site": draw(st.sampled_from(["FUSCC", "BERLIN", "PARIS"])), "from_on": on()}
        case "pregnancy_reported":
            return kind, {"reported_on": on(), "of": draw(st.sampled_from(["patient", "patient", "partner"]))}
        case "pregnancy_closed":
            return kind, {"closed_on": on(), "outcome": draw(st.sampled_from(["live_birth", "not_pregnant"]))}
        case "protocol_amended":
            from_on = draw(st.sampled_from([on(200), on(200), (enrolled_on - timedelta(20)).isoformat()]))
            return kind, {"version": draw(st.integers(1, 3)), "from_on": from_on}
        case _:
            return kind, {"time_zone": draw(st.sampled_from(["Pacific/Niue", "Pacific/Kiritimati", "Europe/Berlin"]))}


KINDS = [
    "enrolled",
    *["arm_assigned"] * 2,
    *["cohort_changed"] * 2,
    *["milestone_reached"] * 2,
    "treatment_started",
    *["dose_recorded"] * 5,
    *["hold_started"] * 3,
    "hold_ended",
    "hold_ended",
    "dose_changed",
    *["visit_booked"] * 2,
    *["visit_done"] * 4,
    *["progressed"] * 2,
    *["new_therapy_started"] * 2,
    *["treatment_ended"] * 5,
    *["study_ended"] * 3,
    *["fertility_changed"] * 3,
    *["site_transferred"] * 2,
    *["pregnancy_reported"] * 2,
    "pregnancy_closed",
    *["protocol_amended"] * 3,
    "time_zone_changed",
]


@st.composite
def a_step(draw: Draw, patient: Patient, enrolled_on: date, visits: list[str]) -> None:
    """Record, correct or void one fact, or a run of days. Raises ValidationFailed when it is refused."""
    taking = taking_of(patient)
    kind, data = draw(facts(enrolled_on, visits, None, taking))
    how = draw(
        st.sampled_from([*["record"] * 6, "visit", "visit", "amend", "days", "say", "correct", "correct again", "void"])
    )
    if how == "record":
        patient.record(kind, **data)
    elif how == "days":
        first = enrolled_on + timedelta(draw(st.integers(0, 100)))
        last = first + timedelta(draw(st.integers(0, 12)))
        amount, dose = draw(st.sampled_from([None, 300, 150])), draw(doses(taking))
        if not dose:
            patient.take(first.isoformat(), last.isoformat(), amount)
        else:
            for number in range((last - first).days + 1):
                on = (first + timedelta(number)).isoformat()
                patient.record("dose_recorded", dose_on=on, status="taken", amount=amount, **dose)
    elif how in ("visit", "amend"):
        draw(near_a_visit(patient, enrolled_on, how, taking.given))
    elif how == "say":
        draw(a_word(patient, enrolled_on, taking))
    elif how in ("correct", "correct again"):
        # What is superseded cannot be corrected: that is tried too, but not often.
        superseded = superseded_by(patient.facts) if draw(st.integers(0, 9)) else {}
        able = [
            fact for fact in patient.facts if fact.kind in (*KINDS, "regimen_ended") and fact.fact_id not in superseded
        ]
        same = [fact for fact in able if fact.kind == kind]
        if how != "correct":
            same = [fact for fact in able if fact.supersedes is not None] or same
        if same:
            fact = draw(st.sampled_from(same))
            kind, data = draw(facts(enrolled_on, visits, fact.kind, taking))
            patient.correct(fact.fact_id, kind, **data)
    else:
        superseded = superseded_by(patient.facts) if draw(st.integers(0, 9)) else {}
        patient.void(draw(st.sampled_from([f.fact_id for f in patient.facts if f.fact_id not in superseded])))


@st.composite
def an_appointment(draw: Draw, visit: str, booked_on: str | None, history: History | None) -> dict[str, Any]:
    """The data of a booking: of a visit, of a part of it, of none, or of an appointment that is moved or cancelled."""
    names = [name for name in history.bookings if "." in name] if history is not None else []
    how = draw(st.sampled_from(["visit", "visit", "part", "part", "unscheduled", "name", "name"]))
    if how == "name" and names:
        return {"visit": draw(st.sampled_from(names)), "booked_on": draw(st.sampled_from([booked_on, None]))}
    if how == "unscheduled":
        return {"visit": "unscheduled", "series": visit.split("-")[0], "booked_on": booked_on}
    return {"visit": visit, "part": how == "part", "booked_on": booked_on}


@st.composite
def near_a_visit(draw: Draw, patient: Patient, enrolled_on: date, how: str, given: tuple[str, ...]) -> None:
    """Do or book a visit that is planned now, or amend, about when its window is: days at random hardly meet one."""
    planned = patient.schedule().visits(enrolled_on - timedelta(40), enrolled_on + timedelta(250))
    imaging = [visit for visit in planned if visit.series == "imaging"]
    if not planned:
        return
    if (doses := [visit for visit in planned if visit.series in given]) and draw(st.booleans()):
        # The next one that nobody has given, about its target.
        dose = next((visit for visit in doses if visit.done_on is None), doses[-1])
        on = dose.target_on + timedelta(draw(st.sampled_from([0, 0, 0, 1, -1, 2, -3, 5, 9])))
        named = draw(st.sampled_from([None, None, dose.visit]))
        amount = draw(st.sampled_from([None, None, 200, 450]))
        patient.record("visit_done", series=dose.series, done_on=str(on), visit=named, amount=amount)
        return
    visit = draw(st.sampled_from((imaging or planned)[:6]) | st.sampled_from(planned[:20]))
    on = visit.opens_on + timedelta(draw(st.integers(-15, (visit.closes_on - visit.opens_on).days + 15)))
    if how == "amend":
        patient.record("protocol_amended", version=draw(st.sampled_from([*patient.versions])), from_on=on.isoformat())
    elif draw(st.integers(0, 3)) == 0:
        data = draw(an_appointment(visit.visit, on.isoformat(), patient.history))
        patient.record("visit_booked", **data)
    else:
        responses = [None, "SD", "PR", "PR", "CR", "PD", "NE"] if visit.series == "imaging" else [None]
        response = draw(st.sampled_from(responses))
        named = draw(st.sampled_from([None, None, visit.visit]))
        part = draw(st.sampled_from([False, False, True])) and visit.series not in given
        patient.record("visit_done", series=visit.series, done_on=str(on), visit=named, response=response, part=part)


@st.composite
def a_word(draw: Draw, patient: Patient, enrolled_on: date, taking: Taking) -> None:
    """Let the patient say something of a few days at a phone, or take it back; it arrives in any order."""
    on = enrolled_on + timedelta(draw(st.integers(0, 40)))
    for number in range(draw(st.integers(1, 3))):
        dose_on = (on + timedelta(number)).isoformat()
        said_at = datetime.combine(on, time(8), UTC) + timedelta(hours=draw(st.integers(0, 50)))
        said: dict[str, Any] = {"dose_on": dose_on, "said_at": said_at, "to_confirm": draw(st.integers(0, 4)) == 0}
        said |= draw(doses(taking))
        status = draw(st.sampled_from(["taken", "taken", "missed", "taken_back"]))
        if status == "taken_back":
            patient.say("dose_taken_back", **said)
        else:
            amount = draw(st.sampled_from([300, 200, 450])) if status == "taken" else None
            patient.say(**said, status=status, amount=amount)


#: Days to look from: mostly near the facts, now and then anywhere.
todays = st.dates(date(2023, 2, 1), date(2025, 6, 30)) | st.dates(date(2023, 12, 1), date(2024, 12, 31))
any_day = todays | st.dates(date(1900, 1, 1), date(2199, 12, 31))


@st.composite
def lives(draw: Draw) -> tuple[Patient, list[date]]:
    """A patient, and days to look from: most of them about when something happened, opens, closes or is booked."""
    patient = draw(patients())
    values = (getattr(fact.body, name) for fact in patient.facts for name in fact.body.__dataclass_fields__)
    marks = {start_of(patient), *(value for value in values if type(value) is date)}
    for visit in patient.schedule().visits(min(marks) - timedelta(60), min(marks) + timedelta(500)):
        marks |= {day for day in (visit.opens_on, visit.closes_on, visit.ends_on) if day is not None}
    near = st.builds(timedelta, st.integers(-2, 2) | st.integers(3, 30))
    about = st.builds(add, st.sampled_from(sorted(marks)), near)
    return patient, [draw(todays), *(draw(about) for _ in range(2))]


@st.composite
def ranges(draw: Draw, longest: int = 800) -> tuple[date, date]:
    """A range of 1 to `longest` days near the facts."""
    first = draw(st.dates(date(2022, 12, 1), date(2025, 1, 31)))
    return first, first + timedelta(draw(st.integers(0, longest - 1)))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10) | st.just("all"),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@st.composite
def damaged_definitions(draw: Draw) -> Any:
    """A definition in which some values were replaced, removed or added."""
    data = draw(definitions())
    for _ in range(draw(st.integers(1, 3))):
        data = draw(damaged(data))
    return data


@st.composite
def damaged(draw: Draw, data: Any) -> Any:
    """The same JSON value with one thing inside it changed."""
    if isinstance(data, dict) and data and draw(st.integers(0, 4)):
        key = draw(st.sampled_from(sorted(data)))
        return {**data, key: draw(damaged(data[key]))}
    if isinstance(data, list) and data and draw(st.integers(0, 4)):
        index = draw(st.integers(0, len(data) - 1))
        return [*data[:index], draw(damaged(data[index])), *data[index + 1 :]]
    if isinstance(data, dict) and draw(st.booleans()):
        return {**data, draw(st.text(max_size=5)): 1}
    return draw(json_values | st.sampled_from(DAMAGE))


#: What stands in a protocol in some place, and is wrong in most others.
DAMAGE = [
    *(
        0,
        -1,
        1,
        400,
        "all",
        "last_dose",
        {"visit": "imaging"},
        {"months": 1},
        {"days": [1]},
        {"days": [-1]},
        "enrolment",
    ),
    *({"arm": "a"}, {"fertile": True}, ["progression"], {"latest": ["death"]}, {"from": 1, "to": 3}, [{"id": "a"}]),
    *(
        {"en": "a", "zh-CN": "b"},
        "crossover",
        ["crossover"],
        {"weekdays": ["mon"]},
        {"response": ["PR"], "of": "imaging"},
    ),
]
