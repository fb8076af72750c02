"""Read the parts of a USDM document that say when things happen, as they stand there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from scheduler_api.engine.errors import FieldError, ValidationFailed
from scheduler_api.engine.protocol_file.foreign import is_usdm

from .reading import Reader
from .study import Administration, Encounter, Instance, Named, Study, Timeline, Timing

_TYPES = {"C201356": "after", "C201357": "before", "C201358": "fixed reference"}
#: More is no schedule that anybody wrote.
MOST_INSTANCES = 2000
_START_TO_START = "C201355"


def read_study(data: Any, design: str | None = None) -> Study:
    """Return what a document says of one study design, by its id if there are several.

    Raises ValidationFailed with an error for each thing that is not as USDM has it.
    """
    if not is_usdm(data):
        raise ValidationFailed([FieldError("", "Not a USDM document: it has no `study` with `versions`.", "malformed")])
    if not str(data.get("usdmVersion", "")).startswith("4."):
        found = data.get("usdmVersion") or "no version"
        raise ValidationFailed([FieldError("/usdmVersion", f"USDM 4 can be read, not {found}.", "malformed")])
    reader = Reader()
    pairs = [
        (at, version, pointer, found)
        for at, version in reader.tables("/study", data["study"], "versions")
        for pointer, found in reader.tables(at, version, "studyDesigns")
    ]
    reader.end()
    chosen = [pair for pair in pairs if design is None or pair[3].get("id") == design]
    if len(chosen) != 1:
        ids = ", ".join(str(pair[3].get("id")) for pair in pairs)
        words = f"Say which `design`: {ids}." if pairs else "There is no study design."
        raise ValidationFailed([FieldError("/study/versions", words, "malformed")])
    study = _study(reader, *chosen[0])
    reader.end()
    assert study is not None
    return study


def _study(
    reader: Reader, at: str, version: Mapping[str, Any], pointer: str, design: Mapping[str, Any]
) -> Study | None:
    timelines = [_timeline(reader, *pair) for pair in reader.tables(pointer, design, "scheduleTimelines")]
    main = [timeline for timeline in timelines if timeline.is_main]
    if len(main) != 1:
        reader.wrong(f"{pointer}/scheduleTimelines", f"One timeline is the main one, not {len(main)}.")
        return None
    encounters = [_encounter(reader, *pair) for pair in reader.tables(pointer, design, "encounters")]
    activities = _named(reader, pointer, design, "activities", "Activity")
    study = Study(
        title=_title(reader, at, version),
        identifiers=tuple(reader.text(*pair, "text") for pair in reader.tables(at, version, "studyIdentifiers")),
        arms=_named(reader, pointer, design, "arms", "StudyArm"),
        main=main[0],
        others=tuple(timeline for timeline in timelines if not timeline.is_main),
        encounters={encounter.id: encounter for encounter in encounters},
        activities={activity.id: activity for activity in activities},
        administrations=tuple(_administrations(reader, at, version)),
        conditions=_named(reader, at, version, "conditions", "Condition"),
        rules=tuple(_rules(reader, pointer, design)),
    )
    if len(main[0].instances) > MOST_INSTANCES:
        words = f"The main timeline has more than {MOST_INSTANCES} instances."
        reader.wrong(f"{main[0].pointer}/instances", words)
    seen: set[str] = set()
    for timeline in timelines:
        for instance in timeline.instances.values():
            if instance.id in seen:
                reader.wrong(instance.pointer, f"The id {instance.id} is on two timelines.")
            seen.add(instance.id)
    return study


def _title(reader: Reader, at: str, version: Mapping[str, Any]) -> Named:
    """Return the brief title, else the first one, else one without words."""
    titles = _named(reader, at, version, "titles", "StudyTitle")
    kinds = [reader.code(pointer, title, "type")[1].lower() for pointer, title in reader.tables(at, version, "titles")]
    brief = [title for title, kind in zip(titles, kinds, strict=True) if kind.startswith("brief")]
    return next(iter([*brief, *titles]), Named("StudyTitle", "", "", ""))


def _object(reader: Reader, at: str, data: Mapping[str, Any], kind: str) -> tuple[str, str, str, str]:
    return (
        kind,
        reader.needed(at, data, "id"),
        reader.text(at, data, "name"),
        reader.text(at, data, "label") or ("" if data.get("name") else reader.text(at, data, "text")),
    )


def _named(reader: Reader, at: str, data: Mapping[str, Any], name: str, kind: str) -> tuple[Named, ...]:
    return tuple(Named(*_object(reader, *pair, kind)) for pair in reader.tables(at, data, name))


def _timeline(reader: Reader, at: str, data: Mapping[str, Any]) -> Timeline:
    instances: dict[str, Instance] = {}
    for pointer, entry in reader.tables(at, data, "instances"):
        instance = _instance(reader, pointer, entry)
        if instance.id in instances:
            reader.wrong(f"{pointer}/id", f"The id {instance.id} is listed twice.")
        instances[instance.id] = instance
    return Timeline(
        *_object(reader, at, data, "ScheduleTimeline"),
        pointer=at,
        is_main=data.get("mainTimeline") is True,
        entry=reader.needed(at, data, "entryId"),
        exits=frozenset(reader.text(*pair, "id") for pair in reader.tables(at, data, "exits")),
        instances=instances,
        timings=tuple(_timing(reader, *pair) for pair in reader.tables(at, data, "timings")),
    )


def _instance(reader: Reader, at: str, data: Mapping[str, Any]) -> Instance:
    kind = reader.text(at, data, "instanceType")
    if kind not in ("ScheduledActivityInstance", "ScheduledDecisionInstance"):
        reader.wrong(f"{at}/instanceType", "Neither ScheduledActivityInstance nor ScheduledDecisionInstance.")
    assigned = [
        (
            reader.needed(pointer, entry, "id"),
            reader.text(pointer, entry, "condition"),
            reader.needed(pointer, entry, "conditionTargetId"),
        )
        for pointer, entry in reader.tables(at, data, "conditionAssignments")
    ]
    return Instance(
        *_object(reader, at, data, kind),
        next=reader.text(at, data, "defaultConditionId"),
        encounter=reader.text(at, data, "encounterId"),
        activities=reader.texts(at, data, "activityIds"),
        targets=tuple(assigned),
        pointer=at,
    )


def _timing(reader: Reader, at: str, data: Mapping[str, Any]) -> Timing:
    code, words = reader.code(at, data, "type")
    relation, relation_words = reader.code(at, data, "relativeToFrom")
    return Timing(
        *_object(reader, at, data, "Timing"),
        type=_TYPES.get(code, words.lower()),
        value=reader.text(at, data, "value"),
        of=reader.needed(at, data, "relativeFromScheduledInstanceId"),
        to=reader.text(at, data, "relativeToScheduledInstanceId"),
        start_to_start=relation == _START_TO_START or relation_words.lower() in ("start to start", ""),
        lower=reader.text(at, data, "windowLower"),
        upper=reader.text(at, data, "windowUpper"),
    )


def _encounter(reader: Reader, at: str, data: Mapping[str, Any]) -> Encounter:
    contacts = [
        reader.text(pointer, mode, "decode").lower() for pointer, mode in reader.tables(at, data, "contactModes")
    ]
    return Encounter(*_object(reader, at, data, "Encounter"), contacts=tuple(contacts))


def _administrations(reader: Reader, at: str, version: Mapping[str, Any]) -> Iterator[Administration]:
    for above, intervention in reader.tables(at, version, "studyInterventions"):
        drug = Named(*_object(reader, above, intervention, "StudyIntervention"))
        for pointer, data in reader.tables(above, intervention, "administrations"):
            dose = reader.table(f"{pointer}/dose", data["dose"]) if data.get("dose") is not None else {}
            value = dose.get("value")
            if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
                reader.wrong(f"{pointer}/dose/value", "Not a number.")
                value = None
            yield Administration(
                *_object(reader, pointer, data, "Administration"),
                drug=drug,
                amount=value,
                unit=reader.code(f"{pointer}/dose", dose, "unit")[1],
                route=reader.code(pointer, data, "route")[1],
                frequency=reader.code(pointer, data, "frequency")[1],
                duration=data.get("duration") is not None,
            )


def _rules(reader: Reader, at: str, design: Mapping[str, Any]) -> Iterator[Named]:
    """Yield the rules in text by which encounters and elements begin and end."""
    for name in ("encounters", "elements"):
        for pointer, entry in reader.tables(at, design, name):
            for rule in ("transitionStartRule", "transitionEndRule"):
                if entry.get(rule) is not None:
                    where = f"{pointer}/{rule}"
                    data = reader.table(where, entry[rule])
                    words = reader.text(where, data, "text")
                    yield Named("TransitionRule", reader.needed(where, data, "id"), words, words)
