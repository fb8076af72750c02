"""Synthetic patients for trying the service: the same seed and day give the same facts.

The dates are those of the trial, 2023-11-28 to 2025-08-15, moved by whole days so that a given day falls in its middle.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, timedelta
from random import Random
from typing import TYPE_CHECKING

from scheduler_api.engine.model.facts import Registered, Voided

from .course import SITE, Course, Entry, screening
from .plans import PLANS, SCREENING

if TYPE_CHECKING:
    from scheduler_api.store.database.port import Store

SEED = 6110650
TRIAL_FIRST, TRIAL_LAST = date(2023, 11, 28), date(2025, 8, 15)
#: The day of the trial that becomes today.
MIDDLE = TRIAL_FIRST + (TRIAL_LAST - TRIAL_FIRST) // 2
BETWEEN_ENROLMENTS = 11
#: The patient whom the examples of the contract are about: seven weeks in the trial, with a scan that is open.
OF_EXAMPLES = "FUSCC-25"


def shift(today: date) -> timedelta:
    """Return by how many days the trial's dates are moved so that `today` is in its middle."""
    return today - MIDDLE


def entries(today: date, seed: int = SEED) -> list[Entry]:
    """Return all facts of all sample patients up to the evening before `today`, in the order they were recorded."""
    all_entries: list[Entry] = []
    for index, plan in enumerate(PLANS):
        enrolled_on = TRIAL_FIRST + shift(today) + timedelta(index * BETWEEN_ENROLMENTS)
        all_entries += Course(plan, f"FUSCC-{index + 1:02}", enrolled_on, today, Random(f"{seed}/{index}")).entries()
    for index, screened in enumerate(SCREENING, len(PLANS)):
        all_entries += screening(screened, f"FUSCC-{index + 1:02}", today, Random(f"{seed}/{index}"))
    return sorted(all_entries, key=lambda entry: entry.at)


def load(store: Store, entries: Iterable[Entry], progress: Callable[[], None] = lambda: None) -> None:
    """Record entries as if it had happened day by day, in one unit of work.

    The store must have the protocol and the site.
    """
    from scheduler_api.api.contract.examples.example import PATIENT
    from scheduler_api.use_cases.patients import facts, patients
    from scheduler_api.use_cases.session import Actor, Session

    nurse = Actor("samples", "nurse", "study nurse", (SITE,))
    patient_ids: dict[str, str] = {}
    fact_ids: dict[str, str] = {}
    with store.transaction():
        for entry in entries:
            session, body = Session(store, nurse, entry.at), entry.body
            if isinstance(body, Registered):
                patient_id = PATIENT if entry.subject_number == OF_EXAMPLES else None
                patient_ids[entry.subject_number] = patients.register(session, body, None, patient_id)["patient_id"]
            else:
                if isinstance(body, Voided):
                    body = Voided(fact_ids[body.voids])
                replaces = fact_ids[entry.replaces] if entry.replaces else None
                new = facts.NewFact(body, replaces, entry.correction)
                fact = facts.append(session, patient_ids[entry.subject_number], new).fact
                if entry.key is not None:
                    fact_ids[entry.key] = fact.fact_id
            progress()
