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
        self._values: OrderedDict[str, tuple[str, Value]] = OrderedDict()
        self._lock = Lock()

    def get(self, row: Row) -> Value | None:
        """The value of the patient and head that a row names, if it is remembered."""
        head, value = self._values.get(row["patient_id"], (None, None))
        return value if head == row["head"] else None

    def put(self, patient_id: str, head: str, value: Value) -> Value:
        """Remember a value in place of the patient's last, and forget the patient who was seen first."""
        with self._lock:
            self._values.pop(patient_id, None)
            if len(self._values) >= _MOST:
                self._values.popitem(last=False)
            self._values[patient_id] = head, value
        return value
