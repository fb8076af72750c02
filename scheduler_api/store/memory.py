"""What follows from a patient's facts, remembered by the head of their chain."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import Generic, TypeVar

from .port import Row

Value = TypeVar("Value")
#: Of how many patients at most something is remembered.
_MOST = 512


class Memory(Generic[Value]):
    """One value for each of the patients seen last, for any number of threads.

    The hash at the head of a chain covers every fact, so that what follows from facts alone can be of no others.
    """

    def __init__(self) -> None:
        self._values: OrderedDict[tuple[str, str], Value] = OrderedDict()
        self._lock = Lock()

    def get(self, row: Row) -> Value | None:
        """The value of the patient and head that a row names, if it is remembered."""
        return self._values.get((row["patient_id"], row["head"]))

    def put(self, patient_id: str, head: str, value: Value) -> Value:
        """Remember a value, and forget the oldest."""
        with self._lock:
            while len(self._values) >= _MOST:
                self._values.popitem(last=False)
            self._values[patient_id, head] = value
        return value
