"""Record facts with their consequences, and list a patient's whole history."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from scheduler_api.engine.dates import civil_date
from scheduler_api.engine.doses.off_plan import HARMFUL
from scheduler_api.engine.errors import Conflict, FieldError, ValidationFailed
from scheduler_api.engine.model.dose_log import log_name
from scheduler_api.engine.model.facts import (
    Body,
    DoseRecorded,
    DoseTakenBack,
    Enrolled,
    Fact,
    ProtocolAmended,
    Registered,
    Sent,
    VisitBooked,
    VisitDone,
    Voided,
    body_to_data,
    correction_field,
)
from scheduler_api.engine.model.fold import superseded_by
from scheduler_api.engine.model.history import History
from scheduler_api.engine.model.records import Stay
from scheduler_api.engine.model.versions import Period
from scheduler_api.engine.reason import Reason
from scheduler_api.engine.recording.checks import next_history
from scheduler_api.engine.recording.received import as_received, check_named
from scheduler_api.engine.recording.several_visits import each_visit
from scheduler_api.engine.views.calendar import PatientSchedule
from scheduler_api.engine.views.changes import consequences, new_deviations
from scheduler_api.engine.views.warnings import displaced, warnings
from scheduler_api.store.database.port import Duplicate, Row
from scheduler_api.store.patients import facts, patients
from scheduler_api.store.patients.snapshots import of_row
from scheduler_api.use_cases.projections import schedules
from scheduler_api.use_cases.projections.horizons import horizon, visits_through
from scheduler_api.use_cases.projections.planning import plan_dose_to_check
from scheduler_api.use_cases.projections.projections import update_patient
from scheduler_api.use_cases.session import Forbidden, Session, Stale, lock_patient, patient_row, readable_until
from scheduler_api.use_cases.sites import sites
from scheduler_api.use_cases.sites.approvals import is_approved
from scheduler_api.use_cases.sites.protocols import versions_named, versions_of


@dataclass(frozen=True)
class NewFact:
    """A fact that someone wants recorded: its data, and if it corrects another, which (`replaces`) and why.

    `sent` says more of what a phone sent. `visits` are the visits that are booked or were done, if one call names
    several: a fact is recorded for each.
    """

    body: Body
    replaces: str | None = None
    correction: str | None = None
    sent: Sent | None = None
    visits: tuple[str, ...] = ()


@dataclass(frozen=True)
class Recorded:
    """A recorded fact as clients see it: what follows from it, and the patient's version after it.

    `deviations` are those that it makes, `warnings` what speaks against it. If one call recorded several facts, `fact`
    is the first of `facts`, and the rest is about all of them.
    """

    fact: dict[str, Any]
    facts: list[dict[str, Any]]
    consequences: list[dict[str, Any]]
    deviations: list[dict[str, Any]]
    warnings: list[dict[str, Any]]
    version: int


@dataclass(frozen=True)
class Appended:
    """A fact that was added to a patient's log: the schedules before and after it, and what speaks against it.

    `day` is given if it records the dose of a day and moves nothing but that day.
    """

    fact: Fact
    before: PatientSchedule
    after: PatientSchedule
    warnings: list[dict[str, Any]]
    version: int
    day: date | None


class _DryRun(Exception):
    """Ends the unit of work of a dry run."""


def record(
    session: Session,
    patient_id: str,
    new: NewFact,
    if_versions: Collection[int] | None = None,
    dry_run: bool = False,
) -> Recorded:
    """Record one fact of a patient, or with `dry_run` only return what recording it would change.

    For several visits it is a fact for each: all of them or, if one is refused, none. Raises NotFound, Forbidden, Stale
    when the patient is at none of `if_versions`, ValidationFailed with every bad field, or Conflict when the fact does
    not fit the record. Then nothing was recorded.
    """
    with unit_of_work(session, dry_run):
        if not new.visits:
            return with_consequences(session, append(session, patient_id, new, if_versions), dry_run)
        lock_patient(session.store, patient_id)
        plan = schedules.of_row(session.store, patient_row(session, patient_id)).treatment_plan.plan
        all_appended: list[Appended] = []
        for one in each_of(plan, new):
            all_appended.append(append(session, patient_id, one, None if all_appended else if_versions))
        recorded = _together(session, all_appended, dry_run)
    return recorded


def each_of(plan: Sequence[Period], new: NewFact) -> list[NewFact]:
    """Return the facts that a call asks for: one, or one for each visit that it names. Raises ValidationFailed."""
    if not new.visits or not isinstance(new.body, VisitBooked | VisitDone):
        return [new]
    bodies = each_visit(plan, new.body, new.visits, new.replaces is not None)
    return [replace(new, body=body, visits=()) for body in bodies]


def _together(session: Session, all_appended: Sequence[Appended], dry_run: bool) -> Recorded:
    """Return facts that one call recorded, with what follows from all of them."""
    first, last = all_appended[0], all_appended[-1]
    warned = [warning for one in all_appended for warning in one.warnings]
    recorded = with_consequences(session, replace(last, before=first.before, warnings=warned), dry_run)
    documents = [_new_document(one.fact, dry_run) for one in all_appended]
    return replace(recorded, fact=documents[0], facts=documents)


@contextmanager
def unit_of_work(session: Session, dry_run: bool) -> Iterator[None]:
    """Make everything done in the block durable when it ends; keep nothing of a dry run."""
    try:
        with session.store.transaction():
            yield
            if dry_run:
                raise _DryRun
    except _DryRun:
        pass


def with_consequences(session: Session, appended: Appended, dry_run: bool) -> Recorded:
    """Return a fact that was added, with what follows from it. In a dry run it has no id and no time of recording."""
    today, through = civil_date(session.now, appended.after.history.time_zone), horizon(session.now)
    before, after = appended.before, appended.after
    moved = consequences(before, after, today, through)
    deviations = new_deviations(before, after, today, appended.day)
    document = _new_document(appended.fact, dry_run)
    return Recorded(document, [document], moved, deviations, appended.warnings, appended.version)


def _new_document(fact: Fact, dry_run: bool) -> dict[str, Any]:
    """Return a fact just recorded as clients see it."""
    document = fact_document(fact, None)
    if dry_run:
        document.update(fact_id=None, recorded_at=None, said_at=None)
    return document


def append(
    session: Session,
    patient_id: str,
    new: NewFact,
    if_versions: Collection[int] | None = None,
    today: date | None = None,
) -> Appended:
    """Add a fact to a patient's log and write what follows from it, inside a unit of work of the caller's.

    `today` replaces the present day if whoever recorded the fact was in another time zone. Raises as `record`.
    """
    lock_patient(session.store, patient_id)
    row = patient_row(session, patient_id, former=isinstance(new.body, VisitBooked))
    if readable_until(session, row) is not None:
        _check_cancels_own(session, row, new)
    if if_versions is not None and row["version"] not in if_versions:
        raise Stale(row["version"])
    before = schedules.of_row(session.store, row)
    if new.sent is None:
        check_named(new.body, before.treatment_plan)
    body = as_received(new.body, before.treatment_plan, new.replaces)
    body = on_a_sites_clock(body, before.history, partial(sites.time_zone_of, session.store))
    fact = _fact(session, replace(new, body=body), row)
    looks_back = fact.supersedes is not None or isinstance(fact.body, Enrolled)
    earlier = facts.of_patient(session.store, patient_id) if looks_back else None
    # The record of a day names no version: those that the history names are all that matters.
    body, day = fact.body, None
    if isinstance(body, DoseRecorded | DoseTakenBack) and fact.supersedes is None and not fact.to_confirm:
        # Who speaks of a day that is to be confirmed moves more than that day.
        log = before.history.log(log_name(body.regimen, body.slot))
        day = None if body.dose_on.isoformat() in log.to_confirm else body.dose_on
    versions = (
        versions_named(session.store, before.history)
        if day is not None
        else versions_of(session.store, row["protocol"])
    )
    after = PatientSchedule(versions, next_history(versions, before.history, earlier, fact, session.now, today))
    if after.history.registered.site != before.history.registered.site:
        _check_site(session, after.history.registered)
    if before.history.transfers != after.history.transfers:
        _check_transfer(session, before.history, after.history)
    if isinstance(body, ProtocolAmended):
        _check_approved(session, after.history, body)
    head = facts.append(session.store, patient_id, row["version"] + 1, row["head"], fact)
    _write(session, row, before, after, head, fact, day)
    warned = [*warnings(after, body, fact.said_at), *_not_approved_there(session, before, after)]
    if any(one["code"] in HARMFUL for one in warned):
        plan_dose_to_check(session.store, patient_id, after, session.now)
    else:
        warned += displaced(before, after, body)
    return Appended(fact, before, after, warned, row["version"] + 1, day)


def on_a_sites_clock(body: Body, history: History, zone_of: Callable[[str], str | None]) -> Body:
    """Return the data of a fact; a booking with the site that is to have the patient then, and that site's time zone.

    Both are as they are when it is booked.
    """
    if not isinstance(body, VisitBooked) or body.booked_on is None:
        return body
    site = history.site_on(body.booked_on)
    return replace(body, site=site, time_zone=zone_of(site))


def _fact(session: Session, new: NewFact, row: Row) -> Fact:
    """Return the fact as it is recorded, always later than the patient's fact before it."""
    recorded_at = max(session.now, datetime.fromisoformat(row["recorded_at"]) + timedelta(microseconds=1))
    actor = session.actor
    return Fact(
        fact_id=new_fact_id(),
        body=new.body,
        recorded_at=recorded_at,
        role=actor.role,
        name=actor.name,
        replaces=new.replaces,
        correction=new.correction,
        actor=actor.token_id,
        sent=new.sent,
    )


def _check_cancels_own(session: Session, row: Row, new: NewFact) -> None:
    """Check that a site that had the patient before only cancels a booking that it holds itself. Raises Forbidden."""
    body, bookings = new.body, of_row(session.store, row).bookings
    booking = bookings.get(body.visit) if isinstance(body, VisitBooked) else None
    is_own = booking is not None and session.actor.sees(booking.site)
    if not is_own or new.replaces is not None or not isinstance(body, VisitBooked) or body.booked_on is not None:
        raise Forbidden("Another site has the patient now; only a booking at one of your sites can be cancelled.")


def _check_transfer(session: Session, before: History, after: History) -> None:
    """Check who transfers a patient, and where to: a coordinator of the site before, or an admin.

    Once it is so the site before records nothing more, so that only who sees both sites corrects it. Raises Forbidden;
    ValidationFailed for an unknown site.
    """
    changed = {*before.transfers} ^ {*after.transfers}
    for transfer in changed:
        old = before.site_on(transfer.from_on - timedelta(1))
        is_of_old_site = session.actor.role == "coordinator" and session.actor.sees(old)
        if session.actor.role != "admin" and not is_of_old_site:
            raise Forbidden("A patient is transferred by a coordinator of the site before, or an admin.")
        if not sites.exists(session.store, transfer.site):
            raise ValidationFailed([FieldError("/site", "No such site.", "not_found")])


def _not_approved_there(session: Session, before: PatientSchedule, after: PatientSchedule) -> Iterator[dict[str, Any]]:
    """Yield the warnings about sites that are to have the patient now under a version that is not approved for them.

    A patient who moves is not turned away for that; but that site cannot treat by that version.
    """
    if (before.history.transfers, before.history.amendments) == (after.history.transfers, after.history.amendments):
        return
    was = {(stay.site, version) for stay, version, _ in _not_approved(session, before)}
    for stay, version, day in _not_approved(session, after):
        if (stay.site, version) not in was:
            yield {
                "code": "site_not_approved",
                "detail": Reason("version_not_approved", number=version, site=stay.site, day=day),
                "records": [] if stay.from_on is None else [{"kind": "site_transferred", "on": stay.from_on}],
            }


def _not_approved(session: Session, schedule: PatientSchedule) -> Iterator[tuple[Stay, int, date]]:
    """Yield where a patient is or will be, and each version that is not approved there, with the first day of both.

    At the site that registered the patient, the version of the registration is not asked about any more.
    """
    history = schedule.history
    for stay in history.stays:
        for period in schedule.treatment_plan.plan:
            version, day = period.protocol.version, max(stay.from_on or date.min, period.from_on or date.min)
            is_theirs = day <= (stay.through_on or date.max) and (period.to_on is None or day < period.to_on)
            is_first = stay.from_on is None and period.from_on is None
            asked = session, history.registered.protocol, version, stay.site, day
            if is_theirs and not is_first and not is_approved(*asked):
                yield stay, version, day


def _check_site(session: Session, registered: Registered) -> None:
    if not session.actor.sees(registered.site) or not sites.exists(session.store, registered.site):
        raise ValidationFailed([FieldError("/site", "No such site.", "not_found")])


def _check_approved(session: Session, history: History, amended: ProtocolAmended) -> None:
    """Check that a version is approved, on the day from which it applies, for the site that has the patient then.

    Raises ValidationFailed.
    """
    site = history.site_on(amended.from_on)
    if not is_approved(session, history.registered.protocol, amended.version, site, amended.from_on):
        detail = f"Version {amended.version} is not approved for {site} on {amended.from_on}."
        raise ValidationFailed([FieldError("/version", detail, "not_approved")])


def _write(
    session: Session,
    stored: Row,
    before: PatientSchedule,
    after: PatientSchedule,
    head: str,
    fact: Fact,
    day: date | None,
) -> None:
    """Write what follows from a fact (the record of a `day`, if it is one), replacing what is stored.

    Raises Conflict, Stale.
    """
    version, through = stored["version"] + 1, visits_through(stored["patient_id"], session.now)
    row = patients.row_of(stored["patient_id"], after.history, version, head, fact.recorded_at, through)
    try:
        is_written = update_patient(session.store, before, after, stored, row, day, session.now)
    except Duplicate:
        # Either the number was corrected, or what said that the patient is a screen failure.
        at = "/subject_number" if isinstance(fact.body, Registered) else _superseding(fact)
        raise number_taken(at, after.history.registered) from None
    if not is_written:
        raise Stale(version)


def _superseding(fact: Fact) -> str:
    """Return where a fact says which other fact it replaces or voids."""
    return "/voids" if isinstance(fact.body, Voided) else "/replaces"


def number_taken(at: str, registered: Registered) -> Conflict:
    """Return the conflict of a subject number that another patient of the protocol has, who is no screen failure."""
    return Conflict(
        [
            FieldError(
                at,
                f"{registered.protocol} has another patient {registered.subject_number}.",
                "number_taken",
            )
        ]
    )


def new_fact_id() -> str:
    """Make an id for a fact."""
    return f"f-{secrets.token_hex(8)}"


def fact_document(fact: Fact, voided_by: str | None) -> dict[str, Any]:
    """Return a fact as clients see it: its data, who recorded it, when, and why it corrects another."""
    data = body_to_data(fact.body)
    if isinstance(fact.body, Registered):
        data["protocol"] = {"id": data.pop("protocol"), "version": data.pop("version")}
    why = correction_field(type(fact.body))
    return {
        "fact_id": fact.fact_id,
        "kind": fact.kind,
        **data,
        "recorded_at": fact.recorded_at,
        "said_at": fact.said_at,
        "sent": fact.sent and sent_document(fact.sent),
        "recorded_by": {"role": fact.role, "name": fact.name},
        "replaces": fact.replaces,
        "voided_by": voided_by,
        why: fact.correction,
    }


def sent_document(sent: Sent) -> dict[str, Any]:
    """Return what a phone sent with a fact as clients see it: instants by the phone's own clock."""
    return {
        "said_at": sent.phone_said_at,
        "sent_at": sent.phone_sent_at,
        "taken_at": sent.phone_taken_at,
        "to_confirm": sent.to_confirm,
    }


def history_documents(session: Session, patient_id: str) -> list[dict[str, Any]]:
    """Return all facts of a patient in the order they were received, corrected and voided ones included.

    A site that had the patient before reads those of its time. Raises NotFound.
    """
    until = readable_until(session, patient_row(session, patient_id, former=True))
    all_facts = facts.of_patient(session.store, patient_id)
    if until is not None:
        all_facts = [fact for fact in all_facts if fact.recorded_at < until.instant]
    superseded = superseded_by(all_facts)
    return [fact_document(fact, superseded.get(fact.fact_id)) for fact in all_facts]
