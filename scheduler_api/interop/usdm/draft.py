"""Make a draft of a protocol, and a report, from a USDM document. Nothing is guessed: what is not said stays null."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .answers import Answers, check_names
from .document import read_study
from .entries import entries_of
from .naming import slug
from .path import Path, follow
from .positions import place_all
from .regimen import regimens_of
from .report import Report
from .study import Instance, Named, Study
from .visit import MOST_TEXT
from .visits import round_days, visits_of
from .writing import Writer, unused

_REGISTERED = re.compile(r"NCT\d{8}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Imported:
    """A draft, with null where something has to be filled in, and the report of how it was made."""

    draft: dict[str, Any]
    report: Report

    def document(self) -> dict[str, Any]:
        """Return both as clients see them."""
        return {"draft": self.draft, "report": self.report.document()}


def import_study(data: Any, answers: Answers) -> Imported:
    """Return the draft and the report of a USDM document (parsed JSON).

    Raises ValidationFailed for a document that cannot be followed, and for answers about what is not in it.
    """
    study = read_study(data, answers.design)
    path = follow(study.main)
    instances = list(study.main.instances.values())
    decisions = [loop.decision for loop in path.loops]
    check_names("references", answers.references, _names(instances), "instance")
    check_names("leave_out", answers.leave_out, _names(instances), "instance")
    check_names("loops", answers.loops, _names(decisions), "decision that leads back")
    references = {
        each.id: answers.references[name]
        for each in instances
        for name in (each.name, each.id)
        if name in answers.references
    }
    left_out = {each.id for each in instances if {each.id, each.name} & set(answers.leave_out)}
    report = Report()
    sources: dict[str, Any] = {}
    arms = _arms(study, report)
    regimens = regimens_of(study, answers, report, sources)
    places = place_all(study, path, references, left_out)
    visits = visits_of(study, path, places, left_out, answers.cycle_days, report)
    rounds = {loop.decision.id: round_days(places, loop) for loop in path.loops}
    entries = entries_of(visits, answers, references)
    draft: dict[str, Any] = {
        "id": answers.id or _id(study),
        "version": answers.version,
        **_about(study, report, sources),
        **({"arms": arms} if arms else {}),
        "regimens": regimens,
        "visits": Writer(study, entries, answers, references, rounds, report, sources).written() or None,
        "contraception": answers.contraception,
        "sources": sources,
    }
    _ask(draft, report)
    _drop_the_rest(study, path, unused(study), report)
    return Imported(draft, report)


def _names(instances: list[Instance]) -> Iterator[str]:
    for instance in instances:
        yield instance.id
        if instance.name:
            yield instance.name


def _id(study: Study) -> str | None:
    """Return the number of the registry in small letters, if the study has one."""
    found = [text for text in study.identifiers if _REGISTERED.fullmatch(text)]
    return found[0].lower() if len(found) == 1 else None


def _about(study: Study, report: Report, sources: dict[str, Any]) -> dict[str, str]:
    """Return what is for people alone."""
    about = {}
    title = study.title.label
    if title:
        about["title"] = title[:MOST_TEXT]
        sources["/title"] = {"stated": "usdm"}
        if len(title) > MOST_TEXT:
            report.change(study.title, "text_cut", f"It is cut after {MOST_TEXT} characters.", "/title")
    identifiers = ", ".join(text for text in study.identifiers if text)
    if identifiers:
        about["registry"] = identifiers[:MOST_TEXT]
        sources["/registry"] = {"stated": "usdm"}
    return about


def _arms(study: Study, report: Report) -> list[dict[str, str]]:
    """Return the arms, if there are several."""
    if len(study.arms) == 1:
        report.drop(study.arms[0], "single_arm", "Everybody is in it.")
        return []
    arms: list[dict[str, str]] = []
    for arm in study.arms:
        name = slug(arm.words, "arm", [each["id"] for each in arms])
        pointer = f"/arms/{len(arms)}"
        arms.append({"id": name, "label": arm.words[:MOST_TEXT]})
        report.carry(arm, pointer, f"The arm {name}.")
        report.change(
            arm, "arm_not_said", "Which visits and doses are for this arm alone is not read: `who` says it.", pointer
        )
    return arms


def _ask(draft: dict[str, Any], report: Report) -> None:
    if draft["id"] is None:
        report.ask(["/id"], "What is the protocol called in this service?", "id")
    if draft["visits"] is None:
        report.ask(["/visits"], "No visit could be carried. Which are there?", "")
    if draft["contraception"] is None:
        report.ask(["/contraception"], "For how long after the last dose is contraception required?", "contraception")


def _drop_the_rest(study: Study, path: Path, encounters: list[Named], report: Report) -> None:
    """Report what no draft has: other timelines, conditions and rules in text."""
    loops = {loop.decision.id for loop in path.loops}
    reached = {instance.id for instance in path.order}
    for instance in study.main.instances.values():
        for assignment, condition, target in instance.targets:
            otherwise = "all have the visits in between" if target in reached else "nobody goes there"
            otherwise = "its loop is days of cycles" if instance.id in loops else otherwise
            words = f"By this text {instance.id} leads to {target}; in the draft {otherwise}."
            report.drop(Named("ConditionAssignment", assignment, "", condition), "condition_in_text", words)
    for timing in study.main.timings:
        if timing.of not in study.main.instances:
            report.drop(timing, "other_timeline", f"It says when {timing.of} is, which is not on the main timeline.")
    for timeline in study.others:
        timings = ", ".join(timing.id for timing in timeline.timings) or "none"
        words = f"It is not the main timeline. Its instances: {len(timeline.instances)}, its timings: {timings}."
        report.drop(timeline, "sub_timeline", words)
    for named in study.conditions:
        report.drop(named, "condition_in_text", "A condition is a text.")
    for rule in study.rules:
        report.drop(rule, "rule_in_text", "When it begins or ends is a text.")
    for encounter in encounters:
        report.drop(encounter, "encounter_unused", "Nothing that is scheduled has it.")
