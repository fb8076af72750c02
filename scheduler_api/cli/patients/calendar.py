"""`calendar`: one patient's months, visits, contraception and adherence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from scheduler_api.use_cases.session import Session


@click.command()
@click.argument("patient")
@click.option("--month", metavar="YYYY-MM", help="By default the month of today.")
@click.option("--months", "count", type=click.IntRange(1, 24), default=1, show_default=True, help="How many.")
def calendar(patient: str, month: str | None, count: int) -> None:
    """Show the months of PATIENT (a patient_id or a subject number), and below them visits and what they rest on."""
    from scheduler_api.cli.input import find_patient
    from scheduler_api.cli.opening import session
    from scheduler_api.cli.terminal import console
    from scheduler_api.engine.dates import add_months
    from scheduler_api.use_cases.patients import accountability, calendars, intakes, patients

    from .month import months

    with session() as opened:
        patient_id = find_patient(opened, patient)
        first = _first_day(opened, patient_id, month)
        view = calendars.View(first, add_months(first, count) - timedelta(1))
        document = calendars.calendar_document(opened, patient_id, view)
        about = patients.get(opened, patient_id)
        today = intakes.of_today(opened, patient_id)
        counts = accountability.accountability_documents(opened, patient_id)
    out = console()
    out.print(_head(about, document, today), style="bold")
    out.print()
    for text in months(document, [add_months(first, number) for number in range(count)]):
        out.print(text)
    for line in _visits(document):
        out.print(line)
    out.print(_contraception(document["contraception"]))
    out.print(_adherence(document["adherence"]))
    for line in _counts(counts, document["from"], document["to"]):
        out.print(line)


def _first_day(session: Session, patient_id: str, month: str | None) -> date:
    from scheduler_api.engine.dates import parse_date
    from scheduler_api.use_cases.patients import calendars

    if month is None:
        return calendars.edition(session, patient_id, calendars.View()).today.replace(day=1)
    try:
        return parse_date(f"{month}-01")
    except ValueError:
        raise click.BadParameter(f"{month!r} is not a month of the form YYYY-MM.", param_hint="--month") from None


def _head(about: Mapping[str, Any], document: Mapping[str, Any], doses: Sequence[Mapping[str, Any]]) -> str:
    treatment, protocol = document["treatment"], document["protocol"]
    words = document["status"].replace("_", " ")
    if treatment["cycle"] is not None:
        day = treatment["cycle_day"]
        words += f", cycle {treatment['cycle']}" + (f" day {day}, " if day else ", ")
        words += _doses(doses)
    place = f"{about['site']}, {protocol['id']} version {protocol['version']}, {document['time_zone']}"
    return f"{about['subject_number']} ({about['patient_id']}), {place}\nToday {document['today']}: {words}"


def _doses(doses: Sequence[Mapping[str, Any]]) -> str:
    """Return what there is to take today."""
    from scheduler_api.i18n import ENGLISH, word

    statuses = {dose["status"] for dose in doses}
    if statuses <= {"rest"}:
        return "no dose"
    if statuses == {"held"}:
        return "on hold"
    each = []
    for dose in doses:
        amount = dose["status"] if dose["amount"] is None else f"{dose['amount']:g} {dose['unit']}"
        whose = [word(dose["drug"], ENGLISH)] if dose["drug"] is not None else []
        whose += [f"dose {dose['which']} of the day"] if dose["which"] is not None else []
        each.append(", ".join([*whose, "calls the site first" if dose["calls_first"] else amount]))
    return "; ".join(each)


def _visits(document: Mapping[str, Any]) -> Iterator[str]:
    """Yield two lines for each visit: its status, and why it is planned there.

    Of one more appointment the first line names the visit, and the second the appointment.
    """
    from scheduler_api.engine.model.facts import visit_of
    from scheduler_api.i18n import ENGLISH, word

    visits, unscheduled = document["visits"], document["unscheduled"]
    names = [visit_of(visit["visit"]) for visit in visits]
    width = max(map(len, names), default=0)
    for name, visit in zip(names, visits, strict=True):
        kind = "only booked" if visit["appointment"] is None else "one more appointment"
        window = f"{visit['opens_on']} … {visit['closes_on']}" if visit["opens_on"] else f"{kind:23}"
        yield f"{name:{width}}  {visit['status']:12}  {window}  {_happened(visit)}".rstrip()
        own = "" if visit["appointment"] is None else f" ({visit['visit']})"
        yield f"{'':{width}}  {word(visit['because'], ENGLISH)}{own}"
    for visit in unscheduled:
        yield f"{visit['series']} done {visit['done_on']} {visit['response'] or ''}".rstrip() + ", belongs to no visit"
    if visits or unscheduled:
        yield ""


def _happened(visit: Mapping[str, Any]) -> str:
    if visit["done_on"] is not None:
        off = f" ({visit['days_off']:+} days)" if visit["days_off"] else ""
        return f"done {visit['done_on']}{off} {visit['response'] or ''}".rstrip()
    return f"booked {visit['booked_on']} {visit['booked_time'] or ''}".rstrip() if visit["booked_on"] else ""


def _contraception(document: Mapping[str, Any]) -> str:
    from scheduler_api.i18n import ENGLISH, word

    words = document["status"].replace("_", " ")
    if document["through_on"] is not None:
        words += f", from {document['from_on']} through {document['through_on']}"
    elif document["earliest_through_on"] is not None:
        words += f", from {document['from_on']} through {document['earliest_through_on']} or later"
    return f"Contraception: {words} ({word(document['because'], ENGLISH)})"


def _adherence(document: Mapping[str, Any]) -> str:
    if document["adherence"] is None:
        return "Adherence: nothing planned yet"
    counts = ", ".join(f"{document[name]} {name}" for name in ("missed", "unrecorded", "held"))
    dose_intensity = document["relative_dose_intensity"]
    return f"Adherence: {document['adherence']:.1%} ({document['taken']} of {document['planned']} taken; {counts})" + (
        f"; relative dose intensity {dose_intensity:.1%}" if dose_intensity is not None else ""
    )


def _counts(periods: Iterable[Mapping[str, Any]], first: date, last: date) -> Iterator[str]:
    """Yield a line for each count of drug that meets some days: what it says, and what should be left."""
    from scheduler_api.i18n import ENGLISH, word

    for period in periods:
        if period["from_on"] <= last and first <= (period["returned_on"] or last):
            compliance, left = period["compliance"], period["left"] or {}
            more = [f"compliance by count {compliance:.1%}"] if compliance is not None else []
            more += [f"{count} × {strength} {period['unit']} left by the diary" for strength, count in left.items()]
            yield "; ".join([word(period["because"], ENGLISH), *more])
