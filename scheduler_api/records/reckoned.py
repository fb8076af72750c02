"""What is reckoned of a patient, remembered with the history it follows from."""

from __future__ import annotations

from threading import Lock

from scheduler_api.engine.calendar import Reckoning
from scheduler_api.store import snapshots
from scheduler_api.store.memory import Memory
from scheduler_api.store.port import Row, Store

from .protocols import versions_named

#: Versions of a protocol never change either: a reckoning is as good as the head of the facts it follows from.
_reckonings: Memory[Reckoning] = Memory()

#: To be held while the visits of a remembered reckoning are asked, or of one that took them over: they are read on as
#: far as is asked, for one thread at a time. What a fact just made anew is nobody else's until its unit of work ends.
#: Not to be held while the database is asked, for which others may be waiting.
asking = Lock()
#: The reckoning of a patient at the head that a row names, if it is remembered: nothing else need be read then.
remembered = _reckonings.get
#: Remember the reckoning of a patient at a head.
remember = _reckonings.put


def of_row(store: Store, row: Row) -> Reckoning:
    """The reckoning of the patient whose row this is."""
    found = remembered(row)
    if found is not None:
        return found
    history = snapshots.of_row(row)
    return remember(row["patient_id"], row["head"], Reckoning(versions_named(store, history), history))
