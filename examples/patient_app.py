#!/usr/bin/env python3
"""A patient's phone: the reference client of `/v1/me`, in one file and with the standard library alone.

It activates with the code from the nurse, shows today, records doses with or without a network, and sends what waits
as soon as there is one. docs/patient-app.md walks through it. Try `patient_app.py --help`.
"""

from __future__ import annotations

import argparse
import json
import locale
import os
import sys
import uuid
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import HTTPRedirectHandler, Request, build_opener
from zoneinfo import ZoneInfo

#: How long to wait for an answer, in seconds: some lines are slow.
PATIENCE = 20
#: How many queued facts are sent at once.
BATCH = 100


class Offline(Exception):
    """No answer, or not one of the service's. Whether it got the request nobody knows: repeat it later."""


class Refused(Exception):
    """The service said no; `problem` is its document (RFC 9457)."""

    def __init__(self, problem: dict[str, Any]) -> None:
        self.problem = problem
        errors = problem.get("errors") or [{"detail": problem["detail"]}]
        super().__init__(" ".join(error["detail"] for error in errors))


class NotActivated(Exception):
    """The phone has no session, or no longer one: the patient asks the site for a code."""


class UnknownAmount(Exception):
    """The phone shows no amount for that dose, so the patient has to say how much was taken."""


def empty() -> dict[str, Any]:
    """What a phone keeps before it is activated. `today` and `calendar`, once fetched, are an etag and a document."""
    return {
        "server": None,
        "patient_id": None,
        "access_token": None,
        "refresh_token": None,
        "time_zone": None,  # the one last told
        "cursor": 0,
        "clock_off": 0,  # how many seconds this phone's clock is ahead, as the service last said
        "queue": [],
        "notices": [],
        "today": None,
        "calendar": None,
    }


def day_of(dose_id: str) -> str:
    """The day of a dose, YYYY-MM-DD: what its name begins with."""
    return dose_id[:10]


# --- The phone's clock ---------------------------------------------------------------------------------------------


def local_now() -> datetime:
    """The present instant in the phone's own time zone, whose name is the zone's `key`."""
    return datetime.now(ZoneInfo(os.environ.get("TZ") or _time_zone_of_machine()))


def _time_zone_of_machine() -> str:
    _, found, name = os.path.realpath("/etc/localtime").partition("zoneinfo/")
    return name if found else "UTC"


class Phone:
    """What the app is, without its screen. Everything it must remember is in one file, written before it counts."""

    def __init__(self, file: Path, now: Callable[[], datetime] = local_now, language: str = "en") -> None:
        self.file, self.now, self.language = file, now, language
        self.state = {**empty(), **(json.loads(file.read_text("utf-8")) if file.exists() else {})}
        #: What this phone's clock showed when the service last answered; None if it did not answer.
        self.answered_on: str | None = None

    def save(self) -> None:
        """Write the state so that a crash leaves either the old one or the new one, for the owner's eyes only."""
        new = self.file.with_name(f"{self.file.name}.new")
        new.unlink(missing_ok=True)
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
            json.dump(self.state, out, ensure_ascii=False, indent=1)
            out.flush()
            os.fsync(out.fileno())
        new.replace(self.file)

    # --- Activation and tokens ---------------------------------------------------------------------------------------

    def activate(self, server: str, code: str, device_name: str) -> None:
        """Turn the code into this phone's tokens. Raises Refused for a bad code, Offline.

        What the patient recorded before a new code was needed still waits in the queue and is sent; another patient's
        is forgotten.
        """
        body = {"code": code, "device_name": device_name}
        _, _, given = self._send("POST", "/v1/activate", body, server=server)
        kept = self.state if self.state["patient_id"] == given["patient_id"] else empty()
        tokens = {name: given[name] for name in ("patient_id", "access_token", "refresh_token")}
        self.state = {**kept, "server": server, **tokens}
        self.save()

    def _refresh(self) -> None:
        """Get the next pair of tokens. Raises NotActivated when the session has ended, Offline.

        The old refresh token is kept until the new one is in the file, so a lost answer is repeated with the same.
        """
        body = {"refresh_token": self.state["refresh_token"]}
        for tries_left in (2, 1, 0):
            try:
                _, _, given = self._send("POST", "/v1/token", body)
                break
            except Offline:
                if not tries_left:
                    raise
            except Refused as refused:
                if refused.problem["status"] != 401:
                    raise
                # The queue stays: it is sent when the phone has been activated again.
                self.state.update(access_token=None, refresh_token=None)
                self.save()
                raise NotActivated from None
        self.state.update({name: given[name] for name in ("access_token", "refresh_token")})
        self.save()

    # --- Requests ----------------------------------------------------------------------------------------------------

    def _ask(self, method: str, path: str, body: Any = None, etag: str | None = None) -> tuple[int, Any, Any]:
        """Send a request as this phone. Raises NotActivated, Refused, Offline.

        Whether the access token has expired the service knows best: the phone's clock may be wrong.
        """
        if self.state["refresh_token"] is None:
            raise NotActivated
        try:
            return self._send(method, path, body, etag)
        except Refused as refused:
            if refused.problem["status"] != 401:
                raise
        self._refresh()
        return self._send(method, path, body, etag)

    def _send(
        self, method: str, path: str, body: Any = None, etag: str | None = None, server: str | None = None
    ) -> tuple[int, Any, Any]:
        """Send a request; status, headers and document of the answer."""
        headers = {"Accept": "application/json", "Accept-Language": self.language}
        if self.state["access_token"] and path.startswith("/v1/me/"):
            headers["Authorization"] = f"Bearer {self.state['access_token']}"
        if etag:
            headers["If-None-Match"] = etag
        data = None
        if body is not None:
            data, headers["Content-Type"] = json.dumps(body).encode(), "application/json"
        request = Request(f"{server or self.state['server']}{path}", data, headers, method=method)
        try:
            with _opener.open(request, timeout=PATIENCE) as answer:
                return answer.status, answer.headers, json.loads(answer.read() or b"null")
        except HTTPError as error:
            with error:
                if error.code == 304:
                    return 304, error.headers, None
                if error.headers.get_content_type() == "application/problem+json" and error.code < 500:
                    raise Refused(json.loads(error.read())) from None
            raise Offline(f"The service is not well ({error.code}).") from None
        except (URLError, OSError, HTTPException, ValueError) as error:
            # A page that is not JSON is not ours either: a hotel's network asks for a login, for instance.
            raise Offline(str(error)) from None

    # --- What the patient says ---------------------------------------------------------------------------------------

    def record(self, dose: str, status: str, **more: Any) -> None:
        """Record a dose as `taken` or `missed`; `more` may be `amount`, `taken_at`, `note`.

        `dose` is its `dose_id`, or a day for the first dose of it. What was taken is what the screen showed for that
        dose, unless something else is said.
        """
        if status == "taken" and "amount" not in more:
            more["amount"] = self._shown_amount(dose)
        self._queue("dose_recorded", dose_id=self._full_name(dose), status=status, **more)

    def take_back(self, dose: str) -> None:
        """Take the record of a dose back."""
        self._queue("dose_taken_back", dose_id=self._full_name(dose))

    def _shown_amount(self, dose: str) -> float:
        """The amount that the phone shows for a dose. Raises UnknownAmount if it shows none."""
        for name in ("today", "calendar"):
            for one in self._kept(name).get("doses", ()):
                if dose in (one["dose_id"], day_of(one["dose_id"])) and one["amount"]:
                    return float(one["amount"])
        raise UnknownAmount(dose)

    def _full_name(self, dose: str) -> str:
        """The `dose_id` of a dose, of which perhaps only the day is given, if the phone knows it."""
        names = [one["dose_id"] for name in ("today", "calendar") for one in self._kept(name).get("doses", ())]
        names += self._kept("today").get("unrecorded", ())
        return next((name for name in names if dose in (name, day_of(name))), dose)

    def _kept(self, name: str) -> dict[str, Any]:
        return (self.state[name] or {}).get("document") or {}

    def _queue(self, kind: str, **data: Any) -> None:
        """Keep what the patient said, whatever comes of the network. `client_id` is made once, here, and never anew."""
        if self.state["patient_id"] is None:
            raise NotActivated
        said_at = self.now().isoformat(timespec="milliseconds")
        self.state["queue"].append({"client_id": uuid.uuid4().hex, "said_at": said_at, "kind": kind, **data})
        self.save()

    def _notice_time_zone(self) -> None:
        """Queue the phone's time zone if it is not the one last told. Doses need it not: each has its own offset."""
        here = str(self.now().tzinfo)
        if self.state["time_zone"] not in (None, here):
            self.state["time_zone"] = here
            self._queue("time_zone_changed", time_zone=here)

    # --- Synchronisation ---------------------------------------------------------------------------------------------

    def sync(self) -> None:
        """Send what waits and take in what changed. Raises Offline, NotActivated, Refused; then repeat it later.

        What was sent stays queued until its outcome is here, so after a lost answer the same is sent again, and by its
        `client_id` the service knows that it is the same.
        """
        while True:
            sent = self.state["queue"][:BATCH]
            # The service corrects what a wrong clock says by the present time of that clock.
            sent_at = self.now().isoformat(timespec="milliseconds")
            body = {"cursor": self.state["cursor"], "sent_at": sent_at, "facts": sent}
            _, _, synced = self._ask("POST", "/v1/me/sync", body)
            self._take_in(synced)
            self._notice_time_zone()
            # Again only for what has not been sent just now: the next batch, or a zone that was noticed.
            if all(fact in sent for fact in self.state["queue"]):
                return

    def _take_in(self, synced: dict[str, Any]) -> None:
        """Write all that an answer says at once: queue, cursor, today, and what the patient must be told."""
        state, outcomes = self.state, {outcome["client_id"]: outcome for outcome in synced["outcomes"]}
        notices = [
            _said_of(fact, outcomes[fact["client_id"]]) for fact in state["queue"] if fact["client_id"] in outcomes
        ]
        if state["cursor"]:  # The first time all of the history comes: that is no news.
            notices += [_said_of_site(change) for change in synced["changes"] if change["by"] == "site"]
        state["notices"] += [notice for notice in dict.fromkeys(notices) if notice]
        state["queue"] = [fact for fact in state["queue"] if fact["client_id"] not in outcomes]
        state["cursor"] = synced["cursor"]
        state["clock_off"] = synced["clock_off_seconds"] or 0
        state["time_zone"] = state["time_zone"] or synced["today"]["time_zone"]
        if state["today"] is None or state["today"]["document"] != synced["today"]:
            state["today"] = {"etag": None, "document": synced["today"]}
        self.save()

    def _fetch(self, name: str) -> bool:
        """Fetch `today` or `calendar`, unless the one that is kept is still right; whether it was not."""
        kept = self.state[name] or {"etag": None, "document": None}
        status, headers, document = self._ask("GET", f"/v1/me/{name}", etag=kept["etag"])
        if status == 304:
            return False
        self.state[name] = {"etag": headers["ETag"], "document": document}
        self.save()
        return True

    # --- What to show ------------------------------------------------------------------------------------------------

    def look(self) -> bool:
        """Bring the phone up to date if there is a network; whether there was.

        While nothing changed, that is one request with an answer of no bytes.
        """
        self._notice_time_zone()
        self.answered_on = None
        try:
            changed = self._fetch("today")
            # Where the phone shows another day than the service, the service says how far the phone's clock is off.
            if changed or self.state["queue"] or self._clock_day() != self._kept("today")["today"]:
                self.sync()
                # For days that begin without a network.
                self._fetch("calendar")
        except Offline:
            return False
        self.answered_on = self._clock_day()
        return True

    def today(self) -> str:
        """The day that it is: as long as the clock shows the same as at the service's last answer, the service's."""
        day = self._clock_day()
        return str(self._kept("today")["today"]) if day == self.answered_on else day

    def _clock_day(self) -> str:
        """The day that this phone's clock shows, less what the service last said that the clock is ahead."""
        shown = self.now()
        right = shown.astimezone(UTC) - timedelta(seconds=self.state["clock_off"])
        return right.astimezone(shown.tzinfo).date().isoformat()

    def screen(self) -> dict[str, Any]:
        """The one screen, with or without a network: `today` as last heard, and what still waits laid over it."""
        kept = self.state["today"]
        if kept is None:
            raise Offline("Nothing has been heard from the service yet.")
        day = self.today()
        # A clock that was wrong may have been set since: without an answer of today nobody knows which day it is.
        is_known = kept["document"]["today"] == day and (not self.state["clock_off"] or self.answered_on)
        shown = dict(kept["document"]) if is_known else self._computed(day)
        said: dict[str, str | None] = {}
        for fact in self.state["queue"]:
            if fact["kind"] != "time_zone_changed":
                # What was said while the phone did not know that day's doses names only the day.
                said[self._full_name(fact["dose_id"])] = fact.get("status")
        shown["doses"] = [
            {**dose, "status": said[dose["dose_id"]] or "due"} if dose["dose_id"] in said else dose
            for dose in shown["doses"]
        ]
        waiting = {name for name, status in said.items() if status is None and day_of(name) < day}
        shown["unrecorded"] = sorted({*shown["unrecorded"], *waiting} - {name for name in said if said[name]})
        return {
            **shown,
            "waiting": len(self.state["queue"]),
            "known_on": kept["document"]["today"],
            "clock_off": self.state["clock_off"],
        }

    def _computed(self, day: str) -> dict[str, Any]:
        """Return what the kept calendar says of a day that began without a network.

        `unknown`: it does not reach that day, or the phone's clock is wrong or was put back since. Then nothing is
        said of the dose: least of all that there is none.
        """
        last = self.state["today"]["document"]
        calendar = self._kept("calendar") or {"doses": [], "visits": [], "to": last["today"]}
        if day < last["today"] or self.state["clock_off"]:
            notices = _still(last["notices"], last["visits"], day)
            return {
                **{**last, "today": day, "cycle": None, "doses": [], "unrecorded": []},
                **{"notices": notices, "unknown": True},
            }
        on_treatment = last["status"] == "on_treatment"
        rows = [row for row in calendar["doses"] if row["dose_on"] == day]
        doses = []
        for row in rows:
            status = "due" if row["status"] == "planned" and on_treatment else row["status"]
            dose = {name: row[name] for name in ("dose_id", "drug", "amount", "unit", "pieces")}
            doses.append({**dose, "status": status, "remind_at": None, "snoozed_until": None})
        week_ago = (date.fromisoformat(day) - timedelta(7)).isoformat()
        # The calendar may be older than `today`, which knows what was said of the days through its own.
        since = [row for row in calendar["doses"] if last["today"] < row["dose_on"] < day]
        nobody_said = ("planned", "due", "unrecorded") if on_treatment else ("unrecorded",)
        asked = [dose["dose_id"] for dose in [*last["doses"], *since] if dose["status"] in nobody_said]
        visits: list[dict[str, Any]] = []
        known: set[str] = set()
        # While nothing is said of contraception, only what is booked is shown.
        booked_only = last["contraception"] is None
        for visit in calendar["visits"]:
            # All that is booked is shown until its day is over, and of each series the first visit to do.
            is_shown = (visit["booked_on"] or "") >= day
            if not visit["appointment"] and visit["status"] in ("upcoming", "open", "overdue"):
                opened, closed = visit["opens_on"] <= day, visit["closes_on"] < day
                visit = {**visit, "status": "overdue" if closed else "open" if opened else "upcoming"}
                is_shown |= not booked_only and visit["series"] not in known
                known.add(visit["series"])
            if is_shown:
                visits.append(visit)
        return {
            **last,
            "today": day,
            "unknown": day > calendar["to"],
            "cycle": {"number": rows[0]["cycle"], "day": rows[0]["cycle_day"]} if rows else None,
            "doses": doses,
            "unrecorded": [name for name in [*last["unrecorded"], *asked] if week_ago <= day_of(name) < day],
            "visits": visits,
            "notices": _still(last["notices"], visits, day),
        }

    def calendar(self, first: str | None = None, last: str | None = None) -> dict[str, Any]:
        """The calendar of some days; of the usual ones also without a network. Raises Offline."""
        if first or last:
            asked = {"from": first, "to": last}
            query = urlencode({name: value for name, value in asked.items() if value})
            return dict(self._ask("GET", f"/v1/me/calendar?{query}")[2])
        try:
            self._fetch("calendar")
        except Offline:
            if self.state["calendar"] is None:
                raise
        return dict(self.state["calendar"]["document"])

    def feed(self, doses: bool = False, drug_name: bool = False) -> dict[str, Any]:
        """The feed for calendar apps. Its `address` comes only when it is made, and is not kept here."""
        query = urlencode({"doses": str(doses).lower(), "drug_name": str(drug_name).lower()})
        return dict(self._ask("GET", f"/v1/me/feed?{query}")[2])

    def revoke_feed(self) -> None:
        """Make the feed's address useless; that there is none is as good."""
        try:
            self._ask("DELETE", "/v1/me/feed")
        except Refused as refused:
            if refused.problem["status"] != 404:
                raise

    def notices(self) -> Iterable[str]:
        """What the patient has not been told yet; each is told once."""
        told, self.state["notices"] = self.state["notices"], []
        if told:
            self.save()
        return list(told)


def _still(notices: Iterable[dict[str, Any]], visits: Iterable[dict[str, Any]], day: str) -> list[dict[str, Any]]:
    """Return what is still to be known on a later day: not what was about doses of the day before, or past visits."""
    booked = {visit["visit"] for visit in visits if (visit["booked_on"] or "") >= day}
    return [notice for notice in notices if notice["about"] is None or notice["about"] in booked]


class _NoRedirects(HTTPRedirectHandler):
    """The service redirects nowhere; whoever does is not to have the token."""

    def redirect_request(self, *args: Any) -> None:
        return None


_opener = build_opener(_NoRedirects)

# --- Words -----------------------------------------------------------------------------------------------------------

#: What a change by the site means to the patient; any other is only in the calendar.
NEWS = {
    "hold_started": "From {from_on}: take no {drugs} until the site tells you to.",
    "hold_ended": "From {resumes_on}: take your {drugs} again.",
    "dose_changed": "From {from_on}: {drug} {amount:g} {unit}, {times}.",
    "regimen_ended": "{drug} has ended: take no more of it.",
    "dose_recorded": "The site recorded {dose_on} as {status}.",
    "visit_booked": "Booked: {visit} on {booked_on}.",
    "treatment_ended": "Treatment has ended.",
    "study_ended": "The study has ended for you.",
    "voided": "The site took something back; look at your calendar.",
}
DOSE = {
    "due": "take it today",
    "taken": "taken",
    "missed": "not taken",
    "held": "on hold: take none until the site tells you to",
    "rest": "a day of rest: take none",
    "planned": "treatment has not begun: take none until the site tells you to",
}


#: What is said of a dose of which the phone does not know.
UNKNOWN = (
    "This phone does not know what is planned for this day. "
    "Connect it to a network, or call your study site, before you take a dose."
)
#: The code of the notice that is shown in place of what is said of a dose.
CALL_SITE = "call_site_before_dose"
#: What the patient is told of what became of a word, unless it counts.
OUTCOMES = {
    "site_record_stands": "the site recorded this day, and its record stands.",
    "superseded": "something that was said later stands.",
    "to_confirm": "the site has to confirm this; call the site.",
}


def _said_of(fact: dict[str, Any], outcome: dict[str, Any]) -> str | None:
    """What the patient is told of a queued fact's outcome; nothing if all is well."""
    about = day_of(fact["dose_id"]) if "dose_id" in fact else fact["time_zone"]
    if outcome["outcome"] == "refused":
        return f"{about}: not recorded. {Refused(outcome['problem'])}"
    text = OUTCOMES.get(outcome["outcome"])
    warned = [f"{warning['detail']}. Call your study site now." for warning in outcome["warnings"]]
    return " ".join([*([f"{about}: {text}"] if text else []), *warned]) or None


def _said_of_site(change: dict[str, Any]) -> str | None:
    if change["kind"] == "visit_booked" and change["data"]["booked_on"] is None:
        return f"No longer booked: {_visit_of(change)}."
    text, data = NEWS.get(change["kind"]), change["data"]
    drugs = " and ".join(data.get("drugs") or ["doses" if change["kind"] == "hold_ended" else "dose"])
    return text and text.format(**{**data, "visit": _visit_of(change), "drugs": drugs, "times": _times(data)})


def _times(data: dict[str, Any]) -> str:
    """How often a changed dose is to be taken, and on which days of the cycle if not on all that were planned."""
    times = data.get("times_a_day", 1)
    often = {1: "once a day", 2: "twice a day"}.get(times, f"{times} times a day")
    days = ", ".join(map(str, data.get("days") or ()))
    return f"{often}, on the days {days} of the cycle" if days else often


def _visit_of(change: dict[str, Any]) -> str:
    """The visit that a change is about; one more appointment has a name that says more than a patient needs."""
    return (change["data"].get("visit") or "").partition(".")[0]


def _lines(screen: dict[str, Any]) -> Iterable[str]:
    """The screen as text."""
    yield f"{screen['today']} · {screen['status'].replace('_', ' ')}"
    if cycle := screen["cycle"]:
        yield f"Cycle {cycle['number']}" + (f", day {cycle['day']}" if cycle["day"] else "")
    call_site = next((notice["detail"] for notice in screen["notices"] if notice["code"] == CALL_SITE), None)
    yield from (notice["detail"] for notice in screen["notices"] if notice["code"] != CALL_SITE)
    for dose in screen["doses"]:
        amount = f" {dose['amount']:g} {dose['unit']}" if dose["amount"] else ""
        pieces = " + ".join(f"{piece['count']} × {piece['strength']:g} {dose['unit']}" for piece in dose["pieces"])
        asked = DOSE[dose["status"]]
        if call_site and dose["status"] in ("due", "planned"):
            asked = call_site
        # Of several, the one that is meant is named: take 2024-02-20.surufatinib.2
        name = f" {dose['dose_id']}" if len(screen["doses"]) > 1 else ""
        yield f"Dose{name}: {dose['drug']}{amount}{f' ({pieces})' if pieces else ''}: {asked}"
    if screen.get("unknown"):
        yield UNKNOWN
    if screen["clock_off"]:
        yield "The clock of this phone is wrong. Please set it."
    if call_site and not screen["doses"]:
        yield call_site
    if screen["unrecorded"]:
        names = screen["unrecorded"]
        days = list(dict.fromkeys(map(day_of, names)))
        yield f"Not recorded: {', '.join(days if len(days) == len(names) else names)}"
    for visit in screen["visits"]:
        when = f"{visit['opens_on']} to {visit['closes_on']}"
        if visit["booked_on"]:
            zone = visit["booked_time_zone"] if visit["booked_time_zone"] != screen["time_zone"] else None
            at = f" {visit['booked_time']}" + (f" ({zone})" if zone else "") if visit["booked_time"] else ""
            when = f"booked {visit['booked_on']}{at}"
        status = visit["status"].replace("_", " ")
        yield f"{visit['label']}: {status}, {when}"
    contraception = screen["contraception"]
    if contraception and contraception["status"] == "required":
        yield f"Contraception: required{_through(contraception)}"
    if contact := screen["site_contact"]:
        yield f"Your study site: {contact['name']}, {contact['phone']}"
    if screen["known_on"] != screen["today"]:
        yield f"As far as was known on {screen['known_on']}"
    if screen["waiting"]:
        yield f"Waiting for a network: {screen['waiting']}"


def _through(contraception: dict[str, Any]) -> str:
    if contraception["through_on"]:
        return f" through {contraception['through_on']}"
    return f", at least through {contraception['earliest_through_on']}"


# --- The command line ------------------------------------------------------------------------------------------------


def main(arguments: list[str] | None = None, now: Callable[[], datetime] = local_now) -> int:
    """Run one command; 0 if it was done, 1 if it was refused or needs a network."""
    asked = _parser().parse_args(arguments)
    phone = Phone(asked.state, now, asked.language)
    try:
        for line in COMMANDS[asked.command](phone, asked):
            print(line)
    except NotActivated:
        print("This phone is not activated: ask the site for a code.", file=sys.stderr)
    except Refused as refused:
        print(refused, file=sys.stderr)
    except UnknownAmount as unknown:
        print(f"{unknown}: no amount is shown for this day. Say how much was taken: --amount.", file=sys.stderr)
    except Offline:
        print("No network. Try again later.", file=sys.stderr)
    else:
        return 0
    finally:
        for notice in phone.notices():
            print(f"* {notice}")
    return 1


def _activate(phone: Phone, asked: argparse.Namespace) -> Iterable[str]:
    phone.activate(asked.server.rstrip("/"), asked.code, asked.name)
    yield "Activated."
    yield from _today(phone, asked)


def _today(phone: Phone, asked: argparse.Namespace) -> Iterable[str]:
    phone.look()
    return _lines(phone.screen())


def _said(phone: Phone, asked: argparse.Namespace) -> Iterable[str]:
    dose = asked.dose or phone.today()
    if asked.command == "undo":
        phone.take_back(dose)
    else:
        more = {"amount": asked.amount, "note": asked.note}
        status = "taken" if asked.command == "take" else "missed"
        phone.record(dose, status, **{name: value for name, value in more.items() if value is not None})
    return _today(phone, asked)


def _sync(phone: Phone, asked: argparse.Namespace) -> Iterable[str]:
    phone.sync()
    return _lines(phone.screen())


def _calendar(phone: Phone, asked: argparse.Namespace) -> Iterable[str]:
    calendar = phone.calendar(asked.first, asked.last)
    for row in calendar["doses"]:
        amount = f"{row['drug']} {row['amount']:g} {row['unit']}  " if row["amount"] else ""
        day = f" day {row['cycle_day']}" if row["cycle_day"] else ""
        yield f"{row['dose_on']}  cycle {row['cycle']}{day}  {amount}{row['status']}"
    for visit in calendar["visits"]:
        days = f"{visit['opens_on']} to {visit['closes_on']}" if visit["opens_on"] else f"booked {visit['booked_on']}"
        yield f"{days}  {visit['label']}  {visit['status']}"


def _feed(phone: Phone, asked: argparse.Namespace) -> Iterable[str]:
    if asked.revoke:
        phone.revoke_feed()
        yield "Revoked."
    else:
        feed = phone.feed(asked.doses, asked.drug_name)
        yield feed["address"] or f"Made {feed['made_at']}. If its address is lost: feed --revoke, then feed."


COMMANDS: dict[str, Callable[[Phone, argparse.Namespace], Iterable[str]]] = {
    "activate": _activate,
    "today": _today,
    "take": _said,
    "miss": _said,
    "undo": _said,
    "sync": _sync,
    "calendar": _calendar,
    "feed": _feed,
}


def _parser() -> argparse.ArgumentParser:
    spoken = (locale.getlocale()[0] or "en").replace("_", "-")
    parser = argparse.ArgumentParser(description="A patient's phone, in the terminal.")
    parser.add_argument("--state", type=Path, default=Path("patient.json"), help="the file of this phone")
    parser.add_argument("--language", default=spoken, help="for Accept-Language; by default yours")
    commands = parser.add_subparsers(dest="command", required=True)
    activate = commands.add_parser("activate", help="activate with the code from the nurse")
    activate.add_argument("code")
    activate.add_argument("--server", required=True, help="where the service is, such as http://127.0.0.1:8000")
    activate.add_argument("--name", default="Patient app", help="what tells this phone from others")
    commands.add_parser("today", help="show today")
    for command, what in (("take", "taken"), ("miss", "not taken"), ("undo", "not recorded after all")):
        one = commands.add_parser(command, help=f"say that a dose was {what}")
        one.add_argument("dose", nargs="?", type=_dose, help="its name, or a day for its first dose; by default today")
        if command != "undo":
            one.add_argument("--amount", type=float, help="what was taken of it; by default as planned")
            one.add_argument("--note")
    commands.add_parser("sync", help="send what waits, and hear what changed")
    calendar = commands.add_parser("calendar", help="show a week back and six weeks ahead")
    calendar.add_argument("--from", dest="first", type=_day)
    calendar.add_argument("--to", dest="last", type=_day)
    feed = commands.add_parser("feed", help="make an address for calendar apps")
    feed.add_argument("--doses", action="store_true", help="with a reminder of each dose")
    feed.add_argument("--drug-name", action="store_true", help="with the name of the drug")
    feed.add_argument("--revoke", action="store_true", help="make the address useless")
    return parser


def _day(text: str) -> str:
    return date.fromisoformat(text).isoformat()


def _dose(text: str) -> str:
    return _day(day_of(text)) + text[len(day_of(text)) :]


if __name__ == "__main__":
    sys.exit(main())
