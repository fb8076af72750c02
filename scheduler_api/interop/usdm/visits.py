"""Make visits of the instances that have a place: those of one encounter on one day are one visit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .durations import read_length
from .path import Loop, Path
from .positions import Position, Unplaced
from .report import Report
from .study import Instance, Study
from .visit import MOST_TEXT, Visit, activities_of, mode_of, other_number, window_of


def visits_of(
    study: Study,
    path: Path,
    places: Mapping[str, Position | Unplaced],
    left_out: Iterable[str],
    cycle_days: int | None,
    report: Report,
) -> list[Visit]:
    """Return the visits of a timeline in its order, and report the instances of which none is made.

    A cycle has `cycle_days` (None: nobody has said how many); a loop that takes as long is a cycle.
    """
    groups: dict[object, list[Instance]] = {}
    gone = set(left_out)
    ordered = {instance.id: instance for instance in (*path.order, *study.main.instances.values())}
    for instance in ordered.values():
        place = places[instance.id]
        if instance.is_decision:
            continue
        if instance.id in gone:
            report.drop(instance, "left_out", "The answers say so.")
        elif isinstance(place, Unplaced):
            report.drop(instance, place.why, place.detail)
        elif len(path.loops_of(instance.id)) > 1:
            report.drop(instance, "nested_loops", "It is in a loop inside a loop.")
        elif (loops := path.loops_of(instance.id)) and (found := _outside(place, places, loops[0], cycle_days)):
            report.drop(instance, "in_loop", found)
        elif instance.is_visit:
            groups.setdefault(_day_of(instance, place, path), []).append(instance)
    shared = _on_several_days(groups.values())
    return [_visit(study, path, places, parts, shared) for parts in groups.values()]


def round_days(places: Mapping[str, Position | Unplaced], loop: Loop) -> int | None:
    """Return how many days one round of a loop takes; None if no timing says so."""
    start, decision = places[loop.start.id], places[loop.decision.id]
    if not isinstance(start, Position) or not isinstance(decision, Position) or start.root != decision.root:
        return None
    length = decision.distance.whole - start.distance.whole
    return length.days if length.days > 0 and not length.months else None


def _outside(
    place: Position, places: Mapping[str, Position | Unplaced], loop: Loop, cycle_days: int | None
) -> str | None:
    """Return why an instance of a loop is on no day of its cycle; None if it is on one."""
    start = places[loop.start.id]
    if not isinstance(start, Position) or start.root != place.root:
        return f"It is in the loop of {loop.decision.id}, and not counted from its beginning, {loop.start.id}."
    takes = round_days(places, loop)
    if None not in (takes, cycle_days) and takes != cycle_days:
        return f"A round of the loop of {loop.decision.id} takes {takes} days, and a cycle has {cycle_days}."
    distance = place.distance.whole - start.distance.whole
    if distance.months or distance.days < 0:
        return f"It is in the loop of {loop.decision.id}, {distance.words()} from its beginning."
    return None


def _day_of(instance: Instance, place: Position, path: Path) -> object:
    """Return what instances of one visit have in common."""
    loops = tuple(loop.decision.id for loop in path.loops_of(instance.id))
    whole = place.distance.whole
    return instance.encounter or instance.id, place.root, whole.days, whole.months, loops


def _on_several_days(groups: Iterable[list[Instance]]) -> set[str]:
    """Return the encounters that are on several days: their label does not say which visit it is."""
    seen: set[str] = set()
    several: set[str] = set()
    for first, *_ in groups:
        (several if first.encounter in seen else seen).add(first.encounter)
    return several


def _visit(
    study: Study,
    path: Path,
    places: Mapping[str, Position | Unplaced],
    parts: list[Instance],
    shared: set[str],
) -> Visit:
    """Return the visit of which some instances are parts, with all that its parts lose."""
    ids = {part.id for part in parts}
    placed = [(part, place) for part in parts if isinstance(place := places[part.id], Position)]
    # First the part that others are counted from: the reference itself, or what is counted from another visit.
    placed.sort(key=lambda pair: (pair[1].root != pair[0].id, pair[1].via in ids))
    lead, place = placed[0]
    loops = path.loops_of(lead.id)
    via, planned = place.via, place.distance.whole
    distance = place.distance_from_visit if via else planned
    start = places[loops[0].start.id] if loops else None
    if isinstance(start, Position):
        via, distance = None, planned - start.distance.whole
    visit = Visit(
        parts=[part for part, _ in placed],
        label=_label(study, lead, shared),
        root=place.root,
        distance=distance,
        planned=planned,
        via=via,
        loop=loops[0] if loops else None,
        timings=[each.timing for _, each in placed if each.timing is not None],
    )
    for part, each in placed:
        _note_losses(study, visit, part, each)
    if (found := other_number(visit)) is not None:
        visit.said.append((lead, "label_differs", found))
    if len(visit.label) > MOST_TEXT:
        visit.label = visit.label[:MOST_TEXT]
        visit.said.append((lead, "text_cut", f"Its label is cut after {MOST_TEXT} characters."))
    visit.window = window_of(visit)
    visit.mode = mode_of(study, visit)
    visit.activities = activities_of(study, visit)
    return visit


def _label(study: Study, lead: Instance, shared: set[str]) -> str:
    """Return the label of an instance's encounter, or its own if the encounter is on several days."""
    encounter = study.encounters.get(lead.encounter)
    own = lead.label or lead.name
    if encounter is None or lead.encounter in shared:
        return own or lead.id
    return encounter.label or encounter.name or own or lead.id


def _note_losses(study: Study, visit: Visit, part: Instance, place: Position) -> None:
    """Note what is lost of the timing of one part of a visit."""
    timing = place.timing
    # The value of a reference means nothing.
    if timing is None or place.root == part.id:
        return
    length = read_length(timing.value)
    if length is not None and length.minutes:
        as_days = length.whole.words() if length.whole.days else "the same day"
        visit.said.append((timing, "hours", f"{timing.value} is counted as {as_days}."))
    known = {each.id for each in visit.parts} | {visit.root, visit.via}
    counted_from = study.main.instances.get(timing.to)
    if counted_from is not None and counted_from.is_visit and visit.loop is None and timing.to not in known:
        words = f"It is counted from the planned day of {counted_from.words}, not from the day it was done."
        visit.said.append((part, "counted_from_planned_day", words))
