"""How requests went: counted in this process, and told to all by the database within a second."""

from __future__ import annotations

import logging
import threading
from bisect import bisect_left
from collections import Counter, deque
from collections.abc import Iterable

from scheduler_api.store import request_counts
from scheduler_api.store.port import Store

from .soon import Soon

log = logging.getLogger("scheduler_api.served")

#: The bounds of how long an answer took, in seconds.
BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
#: The buckets that they make, as they are stored, and beside them the time of all requests together.
BUCKETS, MICROSECONDS = (*map(str, BOUNDS), "+Inf"), "microseconds"
#: So many requests wait to be told at most; of more, the latest.
WAITING_AT_MOST = 100_000
#: Other methods are nobody's: whoever makes names up must not make us keep each.
_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"))


class Served:
    """Requests that this process answered and the database has not yet been told of.

    They are added up when it is told, not while anybody waits for an answer. A process that ends loses those of its
    last second.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: deque[tuple[str | None, str, int, float]] = deque(maxlen=WAITING_AT_MOST)
        self._telling = threading.Lock()
        self._soon = Soon(store, self.tell, log, "counts of requests wait")

    def add(self, route: str | None, method: str, status: int, seconds: float) -> None:
        """Count a request: the rule of its address (None: there is none), its status, how long until its answer."""
        self._waiting.append((route, method, status, seconds))
        self._soon.ask()

    def close(self) -> None:
        """Tell what was counted, and nothing more after it. Raises Busy or Unavailable."""
        self._soon.end()
        self.tell()

    def tell(self) -> None:
        """Add what was counted to what the database has. Raises Busy or Unavailable; then it goes on waiting."""
        with self._telling:
            batch = [self._waiting.popleft() for _ in range(len(self._waiting))]
            if not batch:
                return
            try:
                with self._store.transaction():
                    request_counts.add(self._store, _added_up(batch))
            except BaseException:
                self._waiting.extendleft(reversed(batch))
                raise


def _added_up(batch: Iterable[tuple[str | None, str, int, float]]) -> Counter[tuple[str, str, str, str]]:
    """Counts as they are stored: by route, method, class of status, and bucket; and the time of all."""
    numbers: Counter[tuple[str, str, str, str]] = Counter()
    for route, method, status, seconds in batch:
        key = (route or "", method if method in _METHODS else "other", f"{status // 100}xx")
        numbers[*key, BUCKETS[bisect_left(BOUNDS, seconds)]] += 1
        numbers[*key, MICROSECONDS] += round(seconds * 1_000_000)
    return numbers
