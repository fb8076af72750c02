"""Generated protocols and patients: every anchor, unit and kind of fact, with corrections and voids between them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from operator import add
from typing import Any

from hypothesis import assume
from hypothesis import strategies as st

from scheduler_api.engine.errors import ValidationFailed
from scheduler_api.engine.model.fold import superseded_by
from scheduler_api.engine.model.history import History
from scheduler_api.engine.model.protocol import Protocol
from scheduler_api.engine.protocol_file.parse import read_protocol

from .patients import Patient, protocol_data, series, start_of

Draw = Callable[[st.SearchStrategy[Any]], Any]

UNTIL = st.sampled_from(["progression", "end_of_treatment", "end_of_study"])
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


@st.composite
def rhythms(draw: Draw, name: str, anchor: Any) -> list[dict[str, Any]]:
    """A series counted in days, weeks or months: single, open-ended, bounded, or in two recurrences."""
    unit = draw(st.sampled_from(["days", "weeks", "weeks", "months"]))
    every = draw(st.integers(1, {"days": 60, "weeks": 12, "months": 4}[unit]))
    common = {"until": draw(UNTIL), "applies_to": draw(st.sampled_from(["all", "all", "fertile"]))}
    window = draw(windows(every * LEAST[unit]))
    shape = draw(st.sampled_from(["single", "endless", "counted", "two"]))
    first = draw(st.none() | st.integers(-20, 40))
    start: dict[str, Any] = {} if first is None else {"first": {unit: first}}
    if shape == "single":
        return [series(name, anchor, window=window, first={unit: every if first is None else first}, **common)]
    # Months of a long series make the check of a protocol slow.
    if shape == "endless" and unit != "months":
        return [series(name, anchor, window=window, every={unit: every}, **start, **common)]
    count = draw(st.integers(1, 6))
    entry = series(name, anchor, window=window, every={unit: every}, count=count, **start, **common)
    if shape != "two":
        return [entry]
    then = draw(st.integers(1, 9))
    last = (every if first is None else first) + (count - 1) * every
    gap = min(every, then)
    window = draw(windows(gap * LEAST[unit]))
    entry["window"] = {"before_days": window[0], "after_days": window[1]}
    rest = {"count": 3} if unit == "months" else {}
    return [
        entry,
        series(name, anchor, window=window, first={unit: last + then}, every={unit: then}, **rest, **common),
    ]


@st.composite
def cycle_visits(draw: Draw, name: str, cycle_days: int) -> list[dict[str, Any]]:
    """A series on one or two days of each cycle."""
    before, after = draw(windows(max(cycle_days // 3, 1)))
    days = sorted({1, *draw(st.sets(st.just(1 + cycle_days // 2), max_size=1))})
    until = draw(UNTIL)
    return [
        series(name, "cycle", window=(before, after), on_day=on_day, until=until, **draw(counts)) for on_day in days
    ]


counts = st.just({}) | st.builds(lambda count: {"count": count}, st.integers(1, 5))


@st.composite
def definitions(draw: Draw, version: int = 1) -> dict[str, Any]:
    """The data of a protocol; nearly always a valid one."""
    cycle_days = draw(st.sampled_from([1, 7, 14, 21, 28, 42]))
    visits = draw(rhythms("imaging", draw(st.sampled_from(["enrolment", "enrolment", "first_dose"]))))
    if draw(st.booleans()):
        visits += draw(cycle_visits("clinic", cycle_days))
    if draw(st.booleans()):
        visits += draw(rhythms("contraception", "last_dose"))
    if draw(st.booleans()):
        visits += draw(rhythms("safety", {"visit": draw(st.sampled_from(names_in(visits)))}))
    if draw(st.booleans()):
        visits += draw(rhythms("call", {"visit": draw(st.sampled_from(names_in(visits)))}))
    dosing: dict[str, Any] = {"cycle_days": cycle_days, "cycle_on_hold": draw(st.sampled_from(["continue", "extend"]))}
    if draw(st.booleans()):
        dosing["dosing_days"] = sorted(draw(st.sets(st.integers(1, cycle_days), min_size=1)))
    dosing["dose_mg"] = draw(st.sampled_from([300, 200, 12.5]))
    months = draw(st.integers(0, 12))
    return protocol_data(*visits, version=version, months=months, **dosing)


def names_in(visits: list[dict[str, Any]]) -> list[str]:
    """Names of the first visits of each entry, and one that is never there."""
    names = []
    for entry in visits:
        name = entry["series"]
        if entry["anchor"] == "cycle":
            names += [f"{name}-c{number}d{entry['on_day']}" for number in range(1, min(entry.get("count", 3), 3) + 1)]
        elif "every" not in entry:
            names.append(name)
        else:
            unit, every = next(iter(entry["every"].items()))
            first = next(iter(entry.get("first", entry["every"]).values()))
            names += [f"{name}-{unit[0]}{first + k * every}" for k in range(min(entry.get("count", 3), 3))]
    return names


@st.composite
def protocols(draw: Draw) -> tuple[Protocol, ...]:
    """One to three versions of one protocol."""
    versions = []
    for version in range(1, draw(st.sampled_from([1, 1, 2, 3])) + 1):
        try:
            versions.append(read_protocol(draw(definitions(version))))
        except ValidationFailed:
            assume(False)
    return tuple(versions)


@st.composite
def patients(draw: Draw) -> Patient:
    """A patient with a history of random facts, corrections and voids; those that are refused are dropped."""
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
        sex=sex,
        **draw(fertility),
    )
    if not screened and draw(st.integers(0, 3)):
        patient.record("treatment_started", first_dose_on=str(enrolled_on + timedelta(draw(st.integers(0, 9)))))
    visits = [name for version in versions for name in names_in(version.definition["visits"])]
    for _ in range(draw(st.sampled_from([8, 4, 16, 24]))):
        try:
            draw(a_step(patient, enrolled_on, visits))
        except ValidationFailed:
            continue
    return patient


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
def facts(draw: Draw, enrolled_on: date, visits: list[str], kind: str | None = None) -> tuple[str, dict[str, Any]]:
    """A kind of fact, any unless it is given, with its data."""

    def on(most: int = 300) -> str:
        return (enrolled_on + timedelta(draw(st.integers(0, most)))).isoformat()

    def about(most: int = 300) -> str:
        """A day, or only its month or year."""
        return on(most)[: draw(st.sampled_from([10, 10, 10, 7, 4]))]

    kind = kind or draw(st.sampled_from(KINDS))
    match kind:
        case "enrolled":
            return kind, {"enrolled_on": on(20), "planned_first_dose_on": on(30)}
        case "treatment_started":
            return kind, {"first_dose_on": on(20)}
        case "dose_recorded":
            status = draw(st.sampled_from(["taken", "taken", "missed"]))
            amount = draw(st.sampled_from([None, None, 300, 300, 200, 600])) if status == "taken" else None
            return kind, {"dose_on": on(150), "status": status, "amount": amount}
        case "hold_started":
            from_on = draw(st.integers(0, 200))
            resumes = draw(st.none() | st.integers(1, 30))
            return kind, {
                "from_on": (enrolled_on + timedelta(from_on)).isoformat(),
                "resumes_on": None if resumes is None else (enrolled_on + timedelta(from_on + resumes)).isoformat(),
            }
        case "hold_ended":
            return kind, {"resumes_on": on(250)}
        case "dose_changed":
            sure = ("not_a_level", "not_dispensable")
            return kind, {"from_on": on(), "amount": draw(st.sampled_from([250, 200, 10])), "confirmed": sure}
        case "visit_booked":
            booked_on = draw(st.sampled_from([None, on(), on()]))
            return kind, draw(an_appointment(draw(st.sampled_from(visits)), booked_on, None))
        case "visit_done":
            visit = draw(st.none() | st.sampled_from(visits))
            of = visit.split("-")[0] if visit else draw(st.sampled_from(sorted({v.split("-")[0] for v in visits})))
            responses = ["SD", "PR", None, None, "PD"] if of == "imaging" else [None]
            # An extra one, a part of a visit, or one done before enrolment, now and then.
            visit = draw(st.sampled_from([visit, visit, visit, "unscheduled"]))
            part = draw(st.sampled_from([False, False, False, True]))
            early = (enrolled_on - timedelta(draw(st.sampled_from([5, 30])))).isoformat()
            done_on = draw(st.sampled_from([on(), on(), on(), on(), early]))
            response = draw(st.sampled_from(responses))
            return kind, {"series": of, "done_on": done_on, "visit": visit, "response": response, "part": part}
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
    "treatment_started",
    *["dose_recorded"] * 5,
    *["hold_started"] * 3,
    "hold_ended",
    "hold_ended",
    "dose_changed",
    *["visit_booked"] * 2,
    *["visit_done"] * 4,
    "progressed",
    "new_therapy_started",
    "treatment_ended",
    "treatment_ended",
    "study_ended",
    "fertility_changed",
    "fertility_changed",
    *["site_transferred"] * 2,
    *["pregnancy_reported"] * 2,
    "pregnancy_closed",
    *["protocol_amended"] * 3,
    "time_zone_changed",
]


@st.composite
def a_step(draw: Draw, patient: Patient, enrolled_on: date, visits: list[str]) -> None:
    """Record, correct or void one fact, or a run of days. Raises ValidationFailed when it is refused."""
    kind, data = draw(facts(enrolled_on, visits))
    how = draw(
        st.sampled_from(
            ["record", "record", "record", "visit", "visit", "amend", "days", "say", "correct", "correct again", "void"]
        )
    )
    if how == "record":
        patient.record(kind, **data)
    elif how == "days":
        first = enrolled_on + timedelta(draw(st.integers(0, 100)))
        last = first + timedelta(draw(st.integers(0, 12)))
        patient.take(first.isoformat(), last.isoformat(), draw(st.sampled_from([None, 300, 150])))
    elif how in ("visit", "amend"):
        draw(near_a_visit(patient, enrolled_on, how))
    elif how == "say":
        draw(a_word(patient, enrolled_on))
    elif how in ("correct", "correct again"):
        # What is superseded cannot be corrected: that is tried too, but not often.
        superseded = superseded_by(patient.facts) if draw(st.integers(0, 9)) else {}
        able = [fact for fact in patient.facts if fact.kind in KINDS and fact.fact_id not in superseded]
        same = [fact for fact in able if fact.kind == kind]
        if how != "correct":
            same = [fact for fact in able if fact.supersedes is not None] or same
        if same:
            fact = draw(st.sampled_from(same))
            kind, data = draw(facts(enrolled_on, visits, fact.kind))
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
def near_a_visit(draw: Draw, patient: Patient, enrolled_on: date, how: str) -> None:
    """Do or book a visit that is planned now, or amend, about when its window is: days at random hardly meet one."""
    planned = patient.schedule().visits(enrolled_on - timedelta(40), enrolled_on + timedelta(250))
    imaging = [visit for visit in planned if visit.series == "imaging"]
    if not planned:
        return
    visit = draw(st.sampled_from((imaging or planned)[:6]) | st.sampled_from(planned[:20]))
    on = visit.opens_on + timedelta(draw(st.integers(-15, (visit.closes_on - visit.opens_on).days + 15)))
    if how == "amend":
        patient.record("protocol_amended", version=draw(st.sampled_from([*patient.versions])), from_on=on.isoformat())
    elif draw(st.integers(0, 3)) == 0:
        data = draw(an_appointment(visit.visit, on.isoformat(), patient.history))
        patient.record("visit_booked", **data)
    else:
        response = draw(st.sampled_from([None, "SD", "PD", "NE"])) if visit.series == "imaging" else None
        named, part = draw(st.sampled_from([None, None, visit.visit])), draw(st.sampled_from([False, False, True]))
        patient.record("visit_done", series=visit.series, done_on=str(on), visit=named, response=response, part=part)


@st.composite
def a_word(draw: Draw, patient: Patient, enrolled_on: date) -> None:
    """Let the patient say something of a few days at a phone, or take it back; it arrives in any order."""
    on = enrolled_on + timedelta(draw(st.integers(0, 40)))
    for number in range(draw(st.integers(1, 3))):
        dose_on = (on + timedelta(number)).isoformat()
        said_at = datetime.combine(on, time(8), UTC) + timedelta(hours=draw(st.integers(0, 50)))
        said: dict[str, Any] = {"dose_on": dose_on, "said_at": said_at, "to_confirm": draw(st.integers(0, 4)) == 0}
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
    return patient, [draw(todays), *(draw(about) for _ in range(4))]


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
    return draw(
        json_values | st.sampled_from([0, -1, 1, 400, "cycle", "last_dose", {"visit": "imaging"}, {"months": 1}])
    )
