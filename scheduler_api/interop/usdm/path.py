"""Follow a timeline from its entry: in which order its instances come, which of them repeat, which are conditional."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from scheduler_api.engine.errors import FieldError, ValidationFailed

from .study import Instance, Timeline

#: More is no schedule that anybody wrote.
MOST_LOOPS = 100


@dataclass(frozen=True, slots=True)
class Loop:
    """Instances that repeat: from `start` through the one before `decision`, which may lead back to it."""

    decision: Instance
    start: Instance
    body: frozenset[str]


@dataclass(frozen=True, slots=True)
class Path:
    """The instances in order, the loops among them, and the ids of those that a condition alone leads to."""

    order: tuple[Instance, ...]
    loops: tuple[Loop, ...]
    conditional: frozenset[str]

    def loops_of(self, instance: str) -> list[Loop]:
        """Return the loops that an instance is in."""
        return [loop for loop in self.loops if instance in loop.body]


def follow(timeline: Timeline) -> Path:
    """Return the path through a timeline.

    Raises ValidationFailed if it leads nowhere, or in a circle that no decision ends.
    """
    order: list[Instance] = []
    places: dict[str, int] = {}
    loops: list[Loop] = []
    instance: Instance | None = _at(timeline, timeline.entry, "entryId of the main timeline")
    while instance is not None:
        places[instance.id] = len(order)
        order.append(instance)
        onward = [name for name in (instance.next,) if name and name not in timeline.exits]
        branches = [target for _, _, target in instance.targets if target not in timeline.exits]
        for target in dict.fromkeys([*onward, *branches]):
            _at(timeline, target, f"instance {instance.id}")
            if target in places:
                if not instance.is_decision:
                    words = (
                        f"After {instance.id} the main timeline leads back to {target} for ever: no decision ends it."
                    )
                    raise ValidationFailed([FieldError(instance.pointer, words, "malformed")])
                start = places[target]
                body = frozenset(each.id for each in order[start:])
                if len(loops) == MOST_LOOPS:
                    words = f"More than {MOST_LOOPS} loops."
                    raise ValidationFailed([FieldError(instance.pointer, words, "malformed")])
                loops.append(Loop(instance, order[start], body))
        ahead = [target for target in onward if target not in places]
        if not ahead and instance.is_decision:
            # A loop whose default is to go on: what a condition leads to is what follows it.
            ahead = [target for target in branches if target not in places]
        instance = timeline.instances[ahead[0]] if ahead else None
    return Path(tuple(order), tuple(loops), frozenset(_conditional(timeline, places)))


def _at(timeline: Timeline, instance: str, whose: str) -> Instance:
    if instance not in timeline.instances:
        words = f"The {whose} leads to {instance or 'nothing'}, which is no instance of this timeline."
        raise ValidationFailed([FieldError("/study", words, "malformed")])
    return timeline.instances[instance]


def _conditional(timeline: Timeline, places: Mapping[str, int]) -> Iterator[str]:
    """Yield the ids of instances off the path to which a decision on or off the path leads."""
    todo = [target for each in timeline.instances.values() for _, _, target in each.targets]
    seen = set(places)
    while todo:
        name = todo.pop()
        if name in seen or name not in timeline.instances:
            continue
        seen.add(name)
        yield name
        instance = timeline.instances[name]
        todo += [instance.next, *(target for _, _, target in instance.targets)]
