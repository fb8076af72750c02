"""Stories of patients as the service hears them: facts, corrections and voids, each some hours after the one before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import count
from typing import Any

from engine.strategies import facts
from hypothesis import strategies as st
from service import Client, Clock, Patient

Draw = Callable[[st.SearchStrategy[Any]], Any]

VISITS = [
    "imaging-w6",
    "imaging-w12",
    "imaging-w18",
    "imaging-w8",
    "contraception-m1",
    "contraception-m3",
    "clinic-c2d1",
]
ZONES = ["Asia/Shanghai", "Europe/Berlin", "Pacific/Kiritimati", "Pacific/Niue", "America/New_York"]
HAVE_A_REASON = ("hold_started", "dose_changed", "treatment_ended", "study_ended")
_NUMBERS = count(1)


@dataclass(frozen=True)
class Step:
    """Something that is sent, `hours` after the step before; it corrects or voids the fact that `which` picks."""

    how: str
    kind: str
    data: dict[str, Any]
    which: int
    hours: float


@dataclass(frozen=True)
class Story:
    """An enrolment at noon of some day, and what is sent after it."""

    enrolment: dict[str, Any]
    heard: int
    steps: tuple[Step, ...]


@st.composite
def stories(draw: Draw, most: int = 14) -> Story:
    """A story of at most so many steps."""
    enrolled_on = draw(st.sampled_from([date(2024, 1, 3), date(2024, 1, 31), date(2024, 2, 29), date(2023, 8, 31)]))
    enrolment = {
        "site": draw(st.sampled_from(["FUSCC", "BERLIN"])),
        "enrolled_on": enrolled_on.isoformat(),
        "planned_first_dose_on": (enrolled_on + timedelta(draw(st.integers(0, 9)))).isoformat(),
        "sex": draw(st.sampled_from(["female", "female", "male"])),
        "time_zone": draw(st.sampled_from(ZONES)),
    }
    steps = []
    for _ in range(draw(st.integers(1, most))):
        how = draw(st.sampled_from(["record"] * 5 + ["correct"] * 2 + ["void", "enrol again"]))
        kind, data = draw(facts(enrolled_on, VISITS))
        if kind == "site_transferred" and how == "record" and any(step.kind == kind for step in steps):
            # Stories are also looked at on days before they were heard: a second transfer, which can be recorded only
            # once the first is past, would then lie ahead.
            how = "correct"
        if how == "enrol again":
            kind, data = "enrolled", {}
            data["enrolled_on"] = (enrolled_on + timedelta(draw(st.integers(-5, 5)))).isoformat()
        hours = draw(st.sampled_from([0, 0.1, 5, 24, 24 * 20]))
        steps.append(Step(how, kind, data, draw(st.integers(0, 50)), hours))
    return Story(enrolment, draw(st.integers(30, 330)), tuple(steps))


def amended(definition: dict[str, Any]) -> list[dict[str, Any]]:
    """Versions 2 and 3 of the built-in protocol: other intervals, then longer cycles with a visit in each."""
    imaging, contraception = definition["visits"]
    window = {"before_days": 3, "after_days": 4}
    second = {
        **definition,
        "version": 2,
        "visits": [{**imaging, "every": {"weeks": 8}, "window": window}, contraception],
        "contraception": [{"after_last_dose": {"months": 3}}],
        "sources": {},
    }
    clinic = {
        "series": "clinic",
        "label": "Clinic",
        "anchor": {"days": [1]},
        "window": {"before_days": 1, "after_days": 1},
        "until": ["end_of_treatment"],
    }
    when = [{"days": {"from": 1, "to": 21}}]
    longer = {**definition["regimens"][0], "cycle_days": 28, "when": when, "on_hold": "extend"}
    return [second, {**second, "version": 3, "regimens": [longer], "visits": [*second["visits"], clinic]}]


#: A scan four weeks after each response.
CONFIRMING = {
    "series": "again",
    "label": "Confirming scan",
    "anchor": {"response": ["PR", "CR"], "of": "imaging", "each": True},
    "first": {"weeks": 4},
    "window": {"before_days": 7, "after_days": 7},
}


def add_trial(admin: Client, name: str, *visits: dict[str, Any]) -> None:
    """Add a protocol like the built-in one, whose visits are its imaging and these."""
    definition = admin.get("/v1/protocols/nct06110650/versions/1").json
    imaging = next(entry for entry in definition["visits"] if entry["series"] == "imaging")
    plan = {**definition, "id": name, "sources": {}, "visits": [imaging, *visits]}
    assert admin.post("/v1/protocols", plan).status_code == 201
    assert admin.get(f"/v1/protocols/{name}/versions/1").json["visits"] == plan["visits"]


def begin(client: Client, clock: Clock, story: Story) -> Patient:
    """Enrol the patient of a story."""
    clock.set(f"{story.enrolment['enrolled_on']}T12:00:00+00:00")
    clock.now += timedelta(story.heard)
    protocol = {"id": "nct06110650", "version": 1}
    return client.enrol(**story.enrolment, protocol=protocol, subject_number=f"S-{next(_NUMBERS):05}")


def tell(patient: Patient, clock: Clock, step: Step, known: Sequence[dict[str, Any]]) -> Any:
    """Send a step; the answer, or None if it corrects and there is nothing to correct."""
    clock.now += timedelta(hours=step.hours)
    same = [fact for fact in known if step.how == "void" or fact["kind"] == step.kind]
    if step.how == "record":
        return patient.send(step.kind, **step.data)
    if not same:
        return None
    old = same[step.which % len(same)]["fact_id"]
    if step.how == "void":
        return patient.send("voided", voids=old, reason="never happened")
    why = "correction_reason" if step.kind in HAVE_A_REASON else "reason"
    data = step.data
    if step.how == "enrol again":
        now = patient.read()
        data = {name: now[name] for name in ("subject_number", "site", "time_zone")}
        data |= {"protocol": {"id": "nct06110650", "version": 1}, **step.data}
    return patient.send(step.kind, **data, replaces=old, **{why: "typing error"})
