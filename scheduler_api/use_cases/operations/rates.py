"""Requests counted by the minute, by whoever sends them, in all processes together as far as it matters."""

from __future__ import annotations

import logging
from functools import lru_cache

from scheduler_api.store.database.port import Store
from scheduler_api.store.operations import rates
from scheduler_api.use_cases.auth.tokens import digest
from scheduler_api.use_cases.debouncer import Debouncer
from scheduler_api.use_cases.phones.phones import sender_of

log = logging.getLogger("scheduler_api.rates")

#: From which part of a limit on the processes tell each other.
_PART = 10
#: As how many requests of its address one counts that had no valid token.
REFUSED_COUNTS_AS = 20


class RateLimits:
    """Limits how many requests a minute may come by one token and from one network address (0: any number)."""

    def __init__(self, store: Store, per_token: int, per_address: int) -> None:
        self._rates = Rates(store)
        self._per_token, self._per_address = per_token, per_address

    def wait(self, address: str, authorization: str | None, now: int) -> int:
        """Count a request at a second of the epoch; return after how many seconds another may come, 0: at once.

        The address is looked at first, so that whoever makes tokens up is stopped there.
        """
        wait = self._rates.hit(_sender(address), self._per_address, now) if self._per_address else 0
        if not wait and self._per_token and authorization:
            wait = self._rates.hit(authorization, self._per_token, now)
        return wait

    def penalise(self, address: str, now: int) -> None:
        """Let a request without a valid token count for more: each is written to the audit, so there must be few."""
        if self._per_address:
            self._rates.hit(_sender(address), self._per_address, now, REFUSED_COUNTS_AS - 1)

    def tell(self) -> None:
        """Share counts with the other processes now. Raises Busy, Unavailable."""
        self._rates.tell()

    def close(self) -> None:
        """Share nothing more."""
        self._rates.close()


_sender = lru_cache(maxsize=10_000)(sender_of)


class Rates:
    """Counts of the present minute in this process, and what others counted.

    Counting in the database would cost a durable write for each request. So each process counts for itself, and tells
    the others by the database, each second, of those who sent a tenth of their limit or more. Whoever stays below that
    costs nothing; of the others, at most a second's requests, and a tenth of the limit for each process, go unseen.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._minute = 0
        self._here: dict[str, int] = {}
        self._elsewhere: dict[str, int] = {}
        self._told: dict[str, int] = {}
        self._often: set[str] = set()
        # If they cannot be told, each process goes on by its own counts.
        self._debouncer = Debouncer(store, self.tell, log, "rates are not shared")

    def hit(self, sender: str, limit: int, now: int, weight: int = 1) -> int:
        """Count a request, as so many, at a second of the epoch; after how many seconds another may come, 0: at once.

        Requests that come at the same moment may be counted as one: that is cheaper than a lock, and enough.
        """
        minute = now // 60
        if minute != self._minute:
            self._minute, self._here, self._elsewhere, self._told, self._often = minute, {}, {}, {}, set()
        count = self._here[sender] = self._here.get(sender, 0) + weight
        if count * _PART >= limit:
            self._often.add(sender)
            self._debouncer.request()
        return 60 - now % 60 if count + self._elsewhere.get(sender, 0) > limit else 0

    def close(self) -> None:
        """Tell the others nothing more."""
        self._debouncer.close()

    def tell(self) -> None:
        """Tell the other processes of those who come often, and learn what they counted. Raises Busy, Unavailable."""
        minute, here, told, elsewhere = self._minute, self._here, self._told, self._elsewhere
        # In one order, so that two processes that do this at once take their turns.
        often = {sender: here[sender] for sender in sorted(self._often) if sender in here}
        with self._store.transaction():
            for sender, count in often.items():
                total = rates.add(self._store, digest(sender), minute, count - told.get(sender, 0))
                elsewhere[sender] = total - count
            rates.forget_before(self._store, minute - 1)
        told.update(often)
