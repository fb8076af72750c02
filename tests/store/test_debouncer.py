"""A debounced action runs once however often it is requested, again until it succeeds, and not after the end."""

from __future__ import annotations

import logging
import threading

import pytest
from service import Service

from scheduler_api.use_cases import debouncer

LOG = logging.getLogger("scheduler_api.debouncer")


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(debouncer, "DELAY", 0.001)
    monkeypatch.setattr(debouncer, "LONGEST_DELAY", 0.004)


def test_what_fails_is_tried_until_it_succeeds(service: Service) -> None:
    tries, done = [], threading.Event()

    def action() -> None:
        tries.append(None)
        if len(tries) < 5:
            raise ConnectionError
        done.set()

    debouncer.Debouncer(service.store, action, LOG, "not yet").request()
    assert done.wait(20)
    assert len(tries) == 5


def test_nothing_is_done_after_the_end(service: Service) -> None:
    tries, failed = [], threading.Event()

    def action() -> None:
        tries.append(None)
        failed.set()
        raise ConnectionError

    others = set(threading.enumerate())
    later = debouncer.Debouncer(service.store, action, LOG, "never")
    later.request()
    assert failed.wait(20)
    later.close()
    # One that is only just being started is not alive yet.
    while started := set(threading.enumerate()) - others:
        for thread in started:
            if thread.is_alive():
                thread.join(20)
    count = len(tries)
    later.request()
    assert not set(threading.enumerate()) - others
    assert len(tries) == count
