"""Count requests by minute and sender, across all processes as far as it matters."""

from __future__ import annotations

import logging
from functools import lru_cache

from scheduler_api.store.database.port import Store
from scheduler_api.store.operations import rates
from scheduler_api.use_cases.auth.tokens import digest
from scheduler_api.use_cases.debouncer import Debouncer
from scheduler_api.use_cases.phones.phones import sender_of

log = logging.getLogger("scheduler_api.rates")

#: Processes share the counts of senders who reached this part of a limit (a tenth).
_PART = 10
#: A request without a valid token counts as so many requests of its address.
REFUSED_COUNTS_AS = 20


class RateLimits:
    """Limits how many requests a minute may come by one token and from one network address (0: any number)."""

    def __init__(self, store: Store, per_token: int, per_address: int) -> None:
        self._rates = Rates(store)
        self._per_token, self._per_address = per_token, per_address

    def wait(self, address: str, token: str, now: int) -> int:
        """Count a request at a second of the epoch; return after how many seconds another may come, 0: at once.

        `token` is empty if the request has none.

        The address is checked first, so that senders of invented tokens are stopped there.
        """
        wait = self._rates.hit(_sender(address), self._per_address, now) if self._per_address else 0
        if not wait and self._per_token and token:
            wait = self._rates.hit(token, self._per_token, now)
        return wait

    def penalise(self, address: str, now: int) -> None:
        """Count a request without a valid token several times: each is written to the audit, so there must be few."""
        if self._per_address:
            self._rates.hit(_sender(address), self._per_address, now, REFUSED_COUNTS_AS - 1)

    def share(self) -> None:
        """Share counts with the other processes now. Raises Busy, Unavailable."""
        self._rates.share()

    def close(self) -> None:
        """Share nothing more."""
        self._rates.close()


_sender = lru_cache(maxsize=10_000)(sender_of)


class Rates:
    """Counts the requests of the present minute in this process, and knows what other processes counted.

    Counting in the database would cost a durable write for each request. So each process counts for itself, and each
    second shares through the database the counts of those who sent a tenth of their limit or more. Senders below that
    cost nothing; of the others, at most a second's requests, and a tenth of the limit for each process, go uncounted.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._minute = 0
        self._here: dict[str, int] = {}
        self._elsewhere: dict[str, int] = {}
        self._shared: dict[str, int] = {}
        self._often: set[str] = set()
        # If they cannot be shared, each process goes on by its own counts.
        self._debouncer = Debouncer(store, self.share, log, "rates are not shared")

    def hit(self, sender: str, limit: int, now: int, weight: int = 1) -> int:
        """Count a request `weight` times, at a second of the epoch; return how many seconds to wait (0: none).

        Requests that come at the same moment may be counted as one: that is cheaper than a lock, and enough.
        """
        minute = now // 60
        if minute != self._minute:
            self._minute, self._here, self._elsewhere, self._shared, self._often = minute, {}, {}, {}, set()
        count = self._here[sender] = self._here.get(sender, 0) + weight
        if count * _PART >= limit:
            self._often.add(sender)
            self._debouncer.request()
        return 60 - now % 60 if count + self._elsewhere.get(sender, 0) > limit else 0

    def close(self) -> None:
        """Share nothing more."""
        self._debouncer.close()

    def share(self) -> None:
        """Share the counts of frequent senders with other processes, and read theirs. Raises Busy, Unavailable."""
        minute, here, shared, elsewhere = self._minute, self._here, self._shared, self._elsewhere
        # In one order, so that two processes that do this at once take their turns.
        often = {sender: here[sender] for sender in sorted(self._often) if sender in here}
        with self._store.transaction():
            for sender, count in often.items():
                total = rates.add(self._store, digest(sender), minute, count - shared.get(sender, 0))
                elsewhere[sender] = total - count
            rates.forget_before(self._store, minute - 1)
        shared.update(often)
