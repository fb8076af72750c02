"""`protocols`: the protocols that patients can be enrolled under."""

from __future__ import annotations

from calendar import day_abbr
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .documents import read_json
from .import_protocol import import_protocol

if TYPE_CHECKING:
    from scheduler_api.engine.model.protocol import Cycles, DoseDays, Protocol, Regimen, Series, Who
    from scheduler_api.use_cases.patients.samples import Sample


@click.group()
def protocols() -> None:
    """List, check, add and import protocols."""


protocols.add_command(import_protocol)


@protocols.command("list")
def list_protocols() -> None:
    """List all versions of all protocols."""
    from scheduler_api.cli.opening import session
    from scheduler_api.cli.terminal import table
    from scheduler_api.use_cases.sites import protocols as records

    with session() as opened:
        summaries = records.list_all(opened)
    rows = [(row["id"], row["version"], row["title"], row["added_at"][:19]) for row in summaries]
    table(("id", "version", "title", "added (UTC)"), rows)


@protocols.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--pictures",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A folder, into which that year is drawn too: one SVG for each sample patient.",
)
def check(file: Path, pictures: Path | None) -> None:
    """Say what is wrong with a protocol's FILE, or show it and the first year of a sample patient.

    One of each arm, and of each sex where it makes a difference.
    """
    from scheduler_api.cli.new_file import new_file
    from scheduler_api.engine.protocol_file.parse import read_protocol
    from scheduler_api.engine.protocol_file.slips import slips
    from scheduler_api.use_cases.patients.samples import samples
    from scheduler_api.web.paper import drawings

    protocol = read_protocol(read_json(file))
    _show(protocol)
    _show_slips(slip._asdict() for slip in slips(protocol))
    for sample in samples(protocol):
        _show_sample(sample)
    if pictures is not None:
        for name, svg in drawings(protocol):
            drawn = pictures / f"{protocol.id}-{protocol.version}-{name}.svg"
            with new_file(drawn, "a picture") as target:
                target.write(svg.encode())
            click.echo(f"{drawn}: drawn.")


@protocols.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def add(file: Path) -> None:
    """Add a protocol, or the next version of one, from its FILE. It can never be changed or taken away again."""
    from scheduler_api.cli.opening import session
    from scheduler_api.use_cases.sites import protocols as records

    definition = read_json(file)
    with session() as opened:
        added = records.add(opened, definition)
    click.echo(f"{added['id']} version {added['version']} added.")
    _show_slips(added["warnings"])


def _show_slips(slips: Iterable[Mapping[str, str]]) -> None:
    for slip in slips:
        click.echo(f"  Meant so? {slip['pointer']}: {slip['detail']}")


def _show(protocol: Protocol) -> None:
    click.echo(f"{protocol.id} version {protocol.version}: {protocol.title}")
    for regimen in protocol.regimens:
        days = "; ".join(map(_dose_days, regimen.when)) or "every day"
        on_hold = "a hold makes a cycle longer" if regimen.extend_on_hold else "a hold does not stop the count"
        times = f" {regimen.times_a_day} times" if regimen.times_a_day > 1 else ""
        per = f" per {regimen.per}" if regimen.per else ""
        amount = f"{regimen.amount:g} {regimen.unit}{per}{times}"
        click.echo(f"  regimen        {regimen.drug}, {regimen.route}, {amount} {days}")
        if len(protocol.regimens) > 1:
            click.echo(f"                 {_start(regimen)}; for {_whom(regimen.who)}")
        if regimen.levels:
            click.echo(f"  levels         {', '.join(f'{level:g}' for level in regimen.levels)} {regimen.unit}")
        if regimen.given_by_site:
            click.echo(f"  at the site    {_given(regimen)}")
        click.echo(f"  cycles         {regimen.cycle_days} days; {on_hold}")
    for kind, names in (("arms", protocol.arms), ("cohorts", protocol.cohorts), ("milestones", protocol.milestones)):
        if names:
            click.echo(f"  {kind:14} {', '.join(sorted(names))}")
    for rule in protocol.contraception:
        length = _length(rule.length, rule.unit)
        click.echo(
            f"  contraception  from {_words(rule.since)} through {length} after the last dose; {_whom(rule.who)}"
        )
    for series in protocol.series:
        # What is given at the site stands with its regimen.
        for line in _series_lines(series) if series.gives is None else ():
            click.echo(f"  {line}")


def _given(regimen: Regimen) -> str:
    """Return how a regimen is given at the site, in words: windows, what cycles count from, how many doses."""
    windows = dict.fromkeys(entry.window or regimen.window for entry in regimen.entries)
    words = [" or ".join(f"{before} days before to {after} after" for before, after in windows)]
    words += ["cycles count from the day given"] if regimen.counts_actual else []
    words += [f"at most {regimen.max_doses} doses"] if regimen.max_doses is not None else []
    return "; ".join(words)


def _series_lines(series: Series) -> list[str]:
    """Return a line for each recurrence of a series."""
    of = series.anchor
    anchor = of.visit or " or ".join(map(_words, of.milestones))
    if of.responses_of is not None:
        anchor = f"{'each' if of.each else 'the first'} {' or '.join(of.responses)} of {of.responses_of}"
    elif of.last_dose_of is not None:
        anchor = f"the last dose of {of.last_dose_of}"
    lines = []
    for recurrence in series.recurrences:
        if recurrence.on_day:
            rhythm = f"on day {recurrence.on_day} of {_chosen(recurrence.cycles)}"
        elif recurrence.every is None:
            rhythm = f"{_length(recurrence.first, recurrence.unit)} from {anchor}"
        else:
            rhythm = f"every {_length(recurrence.every, recurrence.unit)} from {anchor}"
            if recurrence.first != recurrence.every:
                rhythm += f", first after {_length(recurrence.first, recurrence.unit)}"
        if recurrence.count:
            rhythm += f", {recurrence.count} times"
        window = f"{recurrence.before_days} days before to {recurrence.after_days} after"
        ends = [" and ".join(map(_words, names)) for names in (*recurrence.until, ("end_of_study",))]
        lines.append(f"{series.name:14} {rhythm}; {window}; until {' or '.join(ends)}; {_whom(recurrence.who)}")
    return lines


def _words(name: str) -> str:
    return name.replace("_", " ")


def _chosen(cycles: Cycles) -> str:
    """Return which cycles are chosen, in words."""
    if cycles.first == cycles.last:
        return f"cycle {cycles.first}"
    step = "each cycle" if cycles.step == 1 else f"every {cycles.step} cycles"
    since = f" from cycle {cycles.first}" if cycles.first > 1 else ""
    return f"{step}{since}" + (f" through cycle {cycles.last}" if cycles.last is not None else "")


def _whom(who: Who) -> str:
    """Return for whom something is, in words."""
    parts = [who.sex] if who.sex is not None else []
    parts += ["fertile" if who.fertile else "not fertile"] if who.fertile is not None else []
    chosen = (("arm", who.arms), ("cohort", who.cohorts))
    parts += [f"{kind} {' or '.join(sorted(names))}" for kind, names in chosen if names]
    return f"{', '.join(parts)} patients" if parts else "all"


def _length(number: int, unit: str) -> str:
    if unit == "w":
        number //= 7
    word = {"d": "day", "w": "week", "m": "month"}[unit]
    return f"{number} {word}{'' if number == 1 else 's'}"


def _dose_days(chosen: DoseDays) -> str:
    """Return on which days of which cycles there are doses, in words."""
    days = "every day" if chosen.days is None else f"on days {_ranges(chosen.days)}"
    if chosen.weekdays is not None:
        days = f"on {', '.join(day_abbr[day] for day in sorted(chosen.weekdays))}"
    cycles = f" of {' and '.join(map(_chosen, chosen.cycles))}" if chosen.cycles else ""
    return days + cycles + ("" if chosen.amount is None else f" ({chosen.amount:g})")


def _start(regimen: Regimen) -> str:
    """Return when a regimen starts, in words."""
    starts = regimen.starts
    if regimen.cycles_of is not None:
        return f"with {regimen.cycles_of}"
    if starts.after is not None:
        return f"after {starts.after}" + (f" and {starts.gap_days} days" if starts.gap_days else "")
    return "from the first dose" if starts.milestone is None else f"from {_words(starts.milestone)}"


def _ranges(days: frozenset[int]) -> str:
    """Return days as people write them: `1-28, 30`."""
    runs: list[list[int]] = []
    for day in sorted(days):
        if runs and day == runs[-1][-1] + 1:
            runs[-1][1:] = [day]
        else:
            runs.append([day])
    return ", ".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)


def _show_sample(sample: Sample) -> None:
    from scheduler_api.cli.terminal import table
    from scheduler_api.i18n import ENGLISH, word
    from scheduler_api.use_cases.patients.samples import ENROLLED_ON, FIRST_DOSE_ON, LAST_DOSE_ON

    document = sample.calendar
    whom = {"female": "woman", "male": "man"}[sample.sex] + (f" in arm {sample.arm}" if sample.arm is not None else "")
    click.echo(
        f"\nFor example a fertile {whom}: enrolled {ENROLLED_ON}, first dose {FIRST_DOSE_ON}, "
        f"treatment ended for intolerance, last dose {LAST_DOSE_ON}.\n"
    )
    table(
        ("cycle", "starts", "ends"), ((row["number"], row["starts_on"], row["ends_on"]) for row in document["cycles"])
    )
    click.echo()
    rows = [
        (
            v["visit"],
            word(v["label"], ENGLISH),
            v["target_on"],
            v["opens_on"],
            v["closes_on"],
            word(v["because"], ENGLISH),
        )
        for v in document["visits"]
    ]
    table(("visit", "label", "target", "opens", "closes", "because"), rows)
    contraception = document["contraception"]
    because = word(contraception["because"], ENGLISH)
    if contraception["from_on"] is None:
        click.echo(f"\nContraception not required: {because}")
    else:
        span = f"from {contraception['from_on']} through {contraception['through_on']}"
        click.echo(f"\nContraception required {span}: {because}")
