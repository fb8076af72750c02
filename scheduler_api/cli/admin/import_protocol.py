"""`protocols import`: a draft of a protocol, and a report, from a document of another format."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scheduler_api.cli.input import shaped
from scheduler_api.cli.refusals import Refused

from .documents import read_json

if TYPE_CHECKING:
    from scheduler_api.interop.usdm.report import Report

_UNITS = {"d": "days", "w": "weeks", "m": "months"}


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--draft", type=click.Path(dir_okay=False, path_type=Path), help="Where to write the draft.")
@click.option("--design", help="The id of the study design, if there are several.")
@click.option("--id", "name", help="The id of the protocol; by default the registry's number.")
@click.option("--version", type=int, help="The version of the protocol; by default 1.")
@click.option("--reference", multiple=True, metavar="INSTANCE=MILESTONE", help="Which milestone an instance is.")
@click.option("--until", multiple=True, metavar="[SERIES=]A,B", help="What ends visits, the earliest counts.")
@click.option("--window", multiple=True, metavar="[SERIES=]BEFORE,AFTER", help="Days, where the study states none.")
@click.option("--responses", multiple=True, metavar="SERIES=CRITERIA", help="Such as scan='RECIST 1.1'.")
@click.option("--administration", help="The id of what the patient takes daily.")
@click.option("--dose-mg", type=float, help="One dose, in mg.")
@click.option("--cycle-days", type=int, help="The length of a cycle.")
@click.option("--on-hold", help="continue or extend: what a hold does to a cycle.")
@click.option("--contraception", metavar="LENGTH", help="After the last dose: 180d, 26w or 6m; or none.")
@click.option("--loop", multiple=True, metavar="DECISION=FROM-[TO]", help="The cycles in which a loop's visits are.")
@click.option("--leave-out", multiple=True, metavar="INSTANCE", help="An instance not to carry.")
def import_protocol(file: Path, draft: Path | None, name: str | None, **options: Any) -> None:
    """Make a draft of a protocol from a CDISC USDM 4 FILE, and say what became of each of its parts.

    Nothing is guessed. What is not said is null in the draft, which `protocols check` refuses.
    """
    import json

    from scheduler_api.interop.usdm.answers import answers_of
    from scheduler_api.interop.usdm.draft import import_study
    from scheduler_api.schemas.imports import ImportSchema

    if draft is not None and draft.exists():
        raise Refused(f"{draft} is there already, and may have been filled in.")
    said = _answers(name, options)
    data = shaped(ImportSchema(), {"document": read_json(file), "answers": said})
    imported = import_study(data["document"], answers_of(data["answers"]))
    if draft is None:
        click.echo(json.dumps(imported.document(), ensure_ascii=False, indent=2))
        return
    draft.write_text(json.dumps(imported.draft, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    _show(imported.report, draft)


def _answers(name: str | None, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options as the answers of `POST /v1/protocols/import`."""
    same = ("design", "version", "administration", "dose_mg", "cycle_days", "on_hold")
    answers: dict[str, Any] = {field: options[field] for field in same if options[field] is not None}
    if name is not None:
        answers["id"] = name
    answers["references"] = dict(_pair("--reference", text) for text in options["reference"])
    answers["responses"] = dict(_pair("--responses", text) for text in options["responses"])
    answers["loops"] = {decision: _cycles(text) for decision, text in (_pair("--loop", x) for x in options["loop"])}
    answers["leave_out"] = list(options["leave_out"])
    for field, read in (("until", _names), ("window", _window)):
        for text in options[field]:
            series, _, value = text.rpartition("=")
            if series:
                answers.setdefault(f"{field}_of", {})[series] = read(value)
            else:
                answers[field] = read(value)
    if options["contraception"] is not None:
        answers["contraception"] = _contraception(options["contraception"])
    return answers


def _pair(option: str, text: str) -> tuple[str, str]:
    name, equals, value = text.rpartition("=")
    if not equals:
        raise click.BadParameter(f"{text!r} has no `=`.", param_hint=option)
    return name, value


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _window(text: str) -> dict[str, int]:
    match = re.fullmatch(r"(\d{1,4}),(\d{1,4})", text, re.ASCII)
    if match is None:
        raise click.BadParameter(f"{text!r} is not two numbers of days, such as 3,7.", param_hint="--window")
    return {"before_days": int(match[1]), "after_days": int(match[2])}


def _cycles(text: str) -> dict[str, int]:
    match = re.fullmatch(r"(\d{1,5})-(\d{1,5})?", text, re.ASCII)
    if match is None:
        raise click.BadParameter(f"{text!r} is not cycles such as 4-12, or 4-.", param_hint="--loop")
    return {"from": int(match[1]), **({"to": int(match[2])} if match[2] else {})}


def _contraception(text: str) -> list[dict[str, Any]]:
    match = re.fullmatch(r"(\d{1,4})([dwm])", text, re.ASCII)
    if match is None and text != "none":
        raise click.BadParameter(f"{text!r} is not 180d, 26w, 6m or none.", param_hint="--contraception")
    return [{"after_last_dose": {_UNITS[match[2]]: int(match[1])}}] if match else []


def _show(report: Report, draft: Path) -> None:
    from scheduler_api.cli.terminal import table

    rows: Iterable[Any]
    for title, said in (("Carried", report.carried), ("Changed", report.changed), ("Not carried", report.not_carried)):
        click.echo(f"{title}: {len(said)}\n")
        rows = ((f"{one.kind} {one.id}", one.name, one.pointer, one.why, one.detail) for one in said)
        table(("object", "name", "in the draft", "why", "detail"), rows)
        click.echo()
    click.echo(f"To fill in: {len(report.to_fill_in)}\n")
    rows = ((hole.question, _option(hole.answer), _places(hole.pointers)) for hole in report.to_fill_in)
    table(("question", "option", "null at"), rows)
    click.echo(f"\nThe draft is in {draft}. Show it with `protocols check`, and compare every date with the study.")


def _option(answer: str) -> str:
    """Return which option of the command gives an answer."""
    if not answer:
        return "in the draft"
    field, _, name = answer.partition(", ")[0].partition("/")
    options = {"references": f"--reference {name}=", "loops": f"--loop {name}="}
    return options.get(field, f"--{field.replace('_', '-')}")


def _places(pointers: tuple[str, ...]) -> str:
    more = f" and {len(pointers) - 3} more" if len(pointers) > 4 else ""
    return ", ".join(pointers[:3] if more else pointers) + more
