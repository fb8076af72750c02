"""`demo`: the service with synthetic patients, ready to be tried; what `make run` starts."""

from __future__ import annotations

import http.client
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from scheduler_api.cli.refusals import Refused

from . import serve

if TYPE_CHECKING:
    from scheduler_api.config import Settings
    from scheduler_api.use_cases.session import Session

#: The file with the tokens of the samples, in the database's folder, so that a later start can print them again.
TOKENS_FILE = "demo-tokens.json"
#: How long the service may take to answer for the first time, in seconds.
PATIENCE = 60
#: Where a patient of the samples is to move, so long after the samples are loaded.
SECOND_SITE = {
    "site": "SYSUCC",
    "name": "Sun Yat-sen University Cancer Center",
    "country": "CN",
    "time_zone": "Asia/Shanghai",
    "opening_days": ["monday", "tuesday", "wednesday", "thursday", "friday"],
}
AHEAD = timedelta(14)
#: Addresses that mean all of a machine's, and one of them to ask.
_ANY_HOST = {"0.0.0.0": "127.0.0.1", "::": "::1"}


@dataclass(frozen=True)
class Samples:
    """The loaded samples: for which day, by how many days the trial's dates were moved, and the tokens by role.

    `transferred` is the subject number of a patient who is to move to another site (None: an earlier version loaded the
    samples).
    """

    loaded_for: date
    moved_by_days: int
    tokens: dict[str, str]
    transferred: str | None


@click.command()
@serve.listening_options
def demo(host: str | None, port: int | None) -> None:
    """Serve 31 synthetic patients: the first time they are loaded, with a token for each role to try.

    The database must be the demo's own: one with other patients or tokens is refused.
    """
    settings = serve.chosen_settings(host=host, port=port)
    address = serve.free_address(settings.host, settings.port)
    welcome = "\n".join(_prepared(settings))
    # Requests are logged; of the server's own lines only what goes wrong, so that the welcome is not lost among them.
    announcer = threading.Thread(target=_announce, args=(address, settings.port, welcome), daemon=True)
    serve.run(settings, "WARNING", announcer.start)


def _prepared(settings: Settings) -> Iterator[str]:
    """Make the database and the samples if they are missing; yield the lines of the welcome."""
    from scheduler_api.cli.database.maintenance import prepare
    from scheduler_api.cli.opening import session_on
    from scheduler_api.store.database.connect import connect, data_folder
    from scheduler_api.use_cases.clocks import last_known
    from scheduler_api.use_cases.operations import clock_acceptance
    from scheduler_api.use_cases.projections import maintenance

    file = data_folder(settings.database) / TOKENS_FILE
    store = connect(settings.database)
    try:
        prepare(store, settings.database)
        session = session_on(store)
        if last_known(store) is not None:
            # Whoever starts it after a week sees what day it is.
            clock_acceptance.accept(session)
        samples = _loaded_before(session, file, settings.database) or _load(session, file)
        maintenance.extend_horizons(store, session.now)
        yield from _welcome(session, samples, settings, file)
    finally:
        store.close()


def _loaded_before(session: Session, file: Path, database: str) -> Samples | None:
    """Return the samples that an earlier start loaded; None for an empty database.

    Ends the command if the database holds other data.
    """
    from scheduler_api.store.database.connect import without_password
    from scheduler_api.use_cases.auth import tokens
    from scheduler_api.use_cases.patients import patients

    if not patients.find(session, limit=1).items and not tokens.list_all(session.store):
        return None
    samples = _read(file)
    if samples is None or not any(tokens.authenticate(session.store, token) for token in samples.tokens.values()):
        raise Refused(
            f"{without_password(database)} holds data that is not the demo's. `scheduler-api serve` serves it; "
            "for the demo, name another database in SCHEDULER_DATABASE."
        )
    return samples


def _read(file: Path) -> Samples | None:
    import orjson

    try:
        data = orjson.loads(file.read_bytes())
        return Samples(
            date.fromisoformat(data["loaded_for"]), data["moved_by_days"], data["tokens"], data.get("transferred")
        )
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def _load(session: Session, file: Path) -> Samples:
    """Load the samples and make the tokens: all of it, the file included, or nothing."""
    import orjson

    from scheduler_api.cli.samples import samples
    from scheduler_api.cli.samples.course import SITE, TIME_ZONE
    from scheduler_api.cli.terminal import progress
    from scheduler_api.engine.dates import civil_date
    from scheduler_api.use_cases.auth import tokens
    from scheduler_api.use_cases.reminders import destinations

    store, now = session.store, session.now
    today = civil_date(now, TIME_ZONE)
    click.echo("Loading 31 synthetic patients, only this time (a few seconds) …")
    with store.transaction(), progress() as bar:
        entries = samples.entries(today)
        task = bar.add_task("Recording", total=len(entries))
        samples.load(store, entries, lambda: bar.advance(task))
        made = {
            role: tokens.create(store, role, [SITE] if role == "nurse" else [], f"demo {role}", now)
            for role in ("nurse", "monitor", "admin")
        }
        for audience in ("patient", "site"):
            destinations.add_to_site(session, SITE, "log", audience, "", "en")
        transferred = _transfer(session, today + AHEAD)
        loaded = Samples(today, samples.shift(today).days, made, transferred)
        document = {"loaded_for": today, "moved_by_days": loaded.moved_by_days, "tokens": made}
        document["transferred"] = transferred
        file.parent.mkdir(parents=True, exist_ok=True)
        with open(file, "wb", opener=lambda path, flags: os.open(path, flags, 0o600)) as out:
            os.fchmod(out.fileno(), 0o600)
            out.write(orjson.dumps(document, option=orjson.OPT_INDENT_2))
    return loaded


def _transfer(session: Session, from_on: date) -> str:
    """Add a second site, and record that the last patient on treatment moves to it on a day; return the number."""
    from scheduler_api.engine.model.facts import SiteTransferred
    from scheduler_api.use_cases.patients import facts, patients
    from scheduler_api.use_cases.sites import sites

    sites.add(session, SECOND_SITE)
    patient = patients.find(session, statuses=["on_treatment"], limit=200).items[-1]
    new = facts.NewFact(SiteTransferred(str(SECOND_SITE["site"]), from_on))
    facts.record(session, patient["patient_id"], new)
    return str(patient["subject_number"])


def _welcome(session: Session, samples: Samples, settings: Settings, file: Path) -> Iterator[str]:
    from scheduler_api.cli.samples.course import SITE, TIME_ZONE
    from scheduler_api.cli.samples.samples import MIDDLE, TRIAL_FIRST, TRIAL_LAST
    from scheduler_api.engine.dates import civil_date
    from scheduler_api.store.database.connect import without_password
    from scheduler_api.use_cases.patients import patients

    url = f"http://{_shown(settings.host)}:{settings.port}"
    today = civil_date(session.now, TIME_ZONE)
    age = (today - samples.loaded_for).days
    days = (TRIAL_LAST - TRIAL_FIRST).days
    yield f"""
Scheduler API, with 31 synthetic patients
  for the ward    {url}/ward (sign in with a token below)
  for patients    {url}/app/ (with a code that the ward makes)
  documentation   {url}/docs
  database        {without_password(settings.database)}

The trial's dates, {TRIAL_FIRST} to {TRIAL_LAST}, are moved by {samples.moved_by_days} days, so that
{samples.loaded_for} is in its middle (day {(MIDDLE - TRIAL_FIRST).days} of {days}). \
Facts are recorded up to the evening before that day."""
    if age:
        yield f"That was {age} day{'' if age == 1 else 's'} ago: nothing was recorded since."
    yield f"""
Tokens (kept in {file})
  nurse of {SITE}  {samples.tokens["nurse"]}
  monitor         {samples.tokens["monitor"]}
  admin           {samples.tokens["admin"]}"""
    treated = patients.find(session, statuses=["on_treatment"], limit=1).items
    if treated:
        patient, token = treated[0], samples.tokens["nurse"]
        of_patient = f"{url}/v1/patients/{patient['patient_id']}"
        asking = f"curl -s -H 'Authorization: Bearer {token}'"
        yield f"""
Try
  # the calendar of {patient["subject_number"]}, who is on treatment
  {asking} {of_patient}/calendar

  # scans that are open or to come
  {asking} '{url}/v1/visits?series=imaging&status=open,upcoming'

  # what would follow if treatment ended {today}; nothing is recorded
  {asking} -H 'Content-Type: application/json' -d '{_end(today)}' '{of_patient}/facts?dry_run=true'"""
        if samples.transferred is not None:
            (moving,) = patients.find(session, subject_number=samples.transferred).items
            yield f"""
  # {samples.transferred}, who moves to {SECOND_SITE["site"]} on {samples.loaded_for + AHEAD}: which visit is whose
  {asking} {url}/v1/patients/{moving["patient_id"]}/calendar"""
    yield "\nCtrl-C stops it.\n"


def _end(day: date) -> str:
    return f'{{"kind":"treatment_ended","last_dose_on":"{day}","decided_on":"{day}","reason":"intolerance"}}'


def _shown(host: str) -> str:
    """Return a host as it can be typed into a browser on this machine."""
    host = _ANY_HOST.get(host, host)
    return f"[{host}]" if ":" in host else host


def _announce(address: str, port: int, welcome: str) -> None:
    """Print the welcome once the service answers."""
    host = _ANY_HOST.get(address, address)
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        connection = http.client.HTTPConnection(host, port, timeout=2)
        try:
            connection.request("GET", "/healthz")
            if connection.getresponse().status == http.client.OK:
                click.echo(welcome)
                return
        except OSError:
            time.sleep(0.05)
        finally:
            connection.close()
