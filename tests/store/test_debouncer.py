"""A debounced action runs once however often it is requested, again until it succeeds, and not after the end."""

from __future__ import annotations

import logging
import threading

import pytest
from patience import PATIENCE
from service import Service

from scheduler_api.use_cases import debouncer

DELAY = debouncer.DELAY
LOG = logging.getLogger("scheduler_api.debouncer")


pytestmark = pytest.mark.usefixtures("by_itself")


def test_a_request_waits_no_longer_than_a_second() -> None:
    assert DELAY <= 1


def test_what_fails_is_tried_until_it_succeeds(service: Service) -> None:
    tries, done = [], threading.Event()

    def action() -> None:
        tries.append(None)
        if len(tries) < 5:
            raise ConnectionError
        done.set()

    debouncer.Debouncer(service.store, action, LOG, "not yet").request()
    assert done.wait(PATIENCE)
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
    assert failed.wait(PATIENCE)
    later.close()
    # One that is only just being started is not alive yet.
    while started := set(threading.enumerate()) - others:
        for thread in started:
            if thread.is_alive():
                thread.join(PATIENCE)
    count = len(tries)
    later.request()
    assert not set(threading.enumerate()) - others
    assert len(tries) == count
