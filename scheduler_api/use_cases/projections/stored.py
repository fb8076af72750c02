"""Read what is stored of patients and decides what must be written about them, of many at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from scheduler_api.engine.model.history import History
from scheduler_api.engine.reminders.preferences import SitePreferences
from scheduler_api.store.database.port import Row, Store
from scheduler_api.store.reminders import notification_preferences, outbox, planned_messages, unreached
from scheduler_api.store.visits import visits, worklist

from . import stored_preferences

#: For how many days a message that was sent may still matter to the plan after it expired.
REMEMBERED = timedelta(3)

#: What sites want, by site.
Sites = Mapping[str, SitePreferences]


class Messages(NamedTuple):
    """The messages of a patient: rows of those that were sent and may matter, and of those that are planned, by id."""

    sent: Sequence[Row]
    planned: Mapping[str, Row]


class StoredRows(NamedTuple):
    """Holds what is stored of a patient: visits by name, worklist by id, messages, since when none came through."""

    visits: Mapping[str, Row]
    worklist: Mapping[str, Row]
    messages: Messages
    unreached_since: str | None


def sent_to(store: Store, patient_ids: Sequence[str], now: datetime) -> dict[str, list[Row]]:
    """Return the messages that were sent about some patients and may matter to the plan, by patient."""
    # A day more, wherever it is another day.
    since = (now.date() - REMEMBERED - timedelta(1)).isoformat()
    sent: dict[str, list[Row]] = {patient_id: [] for patient_id in patient_ids}
    for row in outbox.of_patients(store, patient_ids, since):
        sent[row["patient_id"]].append(row)
    return sent


def messages_of(store: Store, patient_ids: Sequence[str], now: datetime) -> dict[str, Messages]:
    """Return the messages of some patients, by patient."""
    sent, planned = sent_to(store, patient_ids, now), planned_messages.of_patients(store, patient_ids)
    return {patient_id: Messages(sent[patient_id], planned[patient_id]) for patient_id in patient_ids}


def stored_rows(store: Store, patient_ids: Sequence[str], now: datetime) -> dict[str, StoredRows]:
    """Return what is stored of some patients, by patient."""
    of_visits, of_worklist = visits.of_patients(store, patient_ids), worklist.of_patients(store, patient_ids)
    messages, unreached_since = messages_of(store, patient_ids, now), unreached.since_of_each(store, patient_ids)
    return {
        one: StoredRows(of_visits.get(one, {}), of_worklist.get(one, {}), messages[one], unreached_since.get(one))
        for one in patient_ids
    }


def sites_of(store: Store, histories: Iterable[History]) -> Sites:
    """Return what the sites want that have, had or are to have some patients."""
    return sites_named(store, {stay.site for history in histories for stay in history.stays})


def sites_named(store: Store, names: Iterable[str]) -> Sites:
    """Return what some sites want."""
    return {
        row["site"]: stored_preferences.sites(row["time_zone"], row["preferences"])
        for row in notification_preferences.of_sites(store, sorted(names))
    }
