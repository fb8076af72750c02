"""An evening: reminders of all patients are due at once, and two workers deliver them to a receiver that counts."""

from __future__ import annotations

import asyncio
import multiprocessing
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from multiprocessing.queues import SimpleQueue
from multiprocessing.synchronize import Barrier, Event
from pathlib import Path
from typing import NamedTuple

from ..load import SITES
from ..product import TERMINAL, Session, Settings, connect, deliver, destinations, dispatch, make_keys
from .filling import Filled
from .serving import processor_of_database

#: So many messages are delivered; for more it is estimated how long that would take.
DELIVERED = 5_000
WORKERS = 2


class Evening(NamedTuple):
    """Holds how many are due, the seconds until all are in the outbox, and those until all are delivered (estimated).

    `busy` are the seconds of the processor that one message takes, of the workers and the database, from the plan to
    the receiver; `twice` is how many came more than once.
    """

    due: int
    claimed: float
    delivered: float
    busy: float
    twice: int


def evening_of(at: Filled, folder: Path) -> Evening:
    """Let all reminders of the last evening for which they are planned be due, and deliver some of them."""
    store, context = at.service.store, multiprocessing.get_context("spawn")
    row = store.row(
        "SELECT MAX(next_at) AS at FROM "
        "(SELECT next_at FROM reminders GROUP BY next_at HAVING COUNT(*) >= :most) often",
        {"most": at.patients * 9 // 10},
    )
    assert row is not None
    due_at = datetime.fromisoformat(row["at"])
    with store.transaction():
        # What would be late by then is not what is measured.
        store.write("DELETE FROM reminders WHERE next_at < :at", row)
        store.write("UPDATE outbox SET status = 'expired' WHERE status = 'waiting'", {})
    ids: SimpleQueue[list[str]] = context.SimpleQueue()
    ports: SimpleQueue[int] = context.SimpleQueue()
    enough, stop, done = context.Event(), context.Event(), context.Barrier(WORKERS + 1)
    spent: SimpleQueue[float] = context.SimpleQueue()
    receiver = context.Process(target=_receive, args=(ports, ids, enough, stop))
    receiver.start()
    address, session = f"http://127.0.0.1:{ports.get()}/", Session(store, TERMINAL, at.service.now)
    for number in range(SITES):
        destinations.add_to_site(session, f"SYN-{number:03}", "webhook", "patient", address, "en")
    began, before = time.perf_counter(), time.process_time() + processor_of_database()
    due = dispatch.tick(store, due_at).due
    claimed = time.perf_counter() - began
    claiming = time.process_time() + processor_of_database() - before
    keys = str(make_keys(folder / f"keys-{time.monotonic_ns()}.json"))
    workers = [
        context.Process(target=_work, args=(at.service.database, keys, due_at.isoformat(), enough, done, spent))
        for _ in range(WORKERS)
    ]
    before_delivery = processor_of_database()
    for worker in workers:
        worker.start()
    took = ids.get()
    done.wait()
    delivering = processor_of_database() - before_delivery + sum(spent.get() for _ in workers)
    done.wait()
    for worker in workers:
        worker.join()
    stop.set()
    received = ids.get()
    receiver.join()
    seconds = float(took[0])
    busy = claiming / due + delivering / len(received)
    return Evening(due, claimed, seconds / DELIVERED * due, busy, len(received) - len(set(received)))


def _work(database: str, keys: str, due_at: str, enough: Event, done: Barrier, spent: SimpleQueue[float]) -> None:
    store, began, before = connect(database), time.monotonic(), time.process_time()
    channels = Settings(database=database, delivery_keys=keys, private_networks="127.0.0.0/8").outside().channels()
    clock = _clock(datetime.fromisoformat(due_at), began)
    while not enough.is_set():
        deliver(store, channels, clock, stopping=enough.is_set)
    spent.put(time.process_time() - before)
    done.wait()
    # Until now the connection is kept: what the database did for it is counted as long as it is open.
    done.wait()
    store.close()


def _clock(at: datetime, began: float) -> Callable[[], datetime]:
    return lambda: (at + timedelta(seconds=time.monotonic() - began)).astimezone(UTC)


def _receive(ports: SimpleQueue[int], ids: SimpleQueue[list[str]], enough: Event, stop: Event) -> None:
    """Accept everything; say how long `DELIVERED` messages took from the first one on, and at last which came."""
    asyncio.run(_serve(ports, ids, enough, stop))


async def _serve(ports: SimpleQueue[int], ids: SimpleQueue[list[str]], enough: Event, stop: Event) -> None:
    received: list[str] = []
    began = 0.0

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal began
        with suppress(asyncio.IncompleteReadError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("ascii").lower()
                fields = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if line)
                await reader.readexactly(int(fields["content-length"]))
                began = began or time.perf_counter()
                received.append(fields["scheduler-message-id"])
                if len(received) == DELIVERED:
                    ids.put([str(time.perf_counter() - began)])
                    enough.set()
                writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(accept, "127.0.0.1", 0, backlog=256)
    ports.put(server.sockets[0].getsockname()[1])
    while not stop.is_set():
        await asyncio.sleep(0.1)
    ids.put(received)
