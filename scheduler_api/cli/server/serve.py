"""`serve`: the service, by Granian."""

from __future__ import annotations

import errno
import os
import resource
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from scheduler_api.cli.refusals import Refused

from .worker import worker_beside

if TYPE_CHECKING:
    from scheduler_api.config import Settings

#: How long a worker may go on with its requests after the signal to stop, in seconds.
GRACE = 8
#: How many requests a worker may be receiving, answering and sending at once; more wait to be accepted.
CONNECTIONS = 8192
#: How long a client may take to send the head of a request, in milliseconds.
HEAD_TIMEOUT = 10_000
LAST_PORT = 65535
#: The variable by which prometheus_client lets processes count together, in the folder that it names.
_METRICS = "PROMETHEUS_MULTIPROC_DIR"
#: How long to wait until a service that is ending releases the port, in seconds.
HANDOVER = 1


def listening_options(command: Any) -> Any:
    """Add `--host` and `--port` to a command; by default the settings'."""
    command = click.option("--port", type=click.IntRange(1, LAST_PORT), help="By default SCHEDULER_PORT, or 8000.")(
        command
    )
    return click.option("--host", help="By default SCHEDULER_HOST, or 127.0.0.1.")(command)


@click.command()
@listening_options
@click.option("--workers", type=click.IntRange(1, 256), help="Processes; by default SCHEDULER_WORKERS, or 2.")
@click.option("--worker/--no-worker", default=True, help="Whether to run `worker` too; by default yes.")
def serve(host: str | None, port: int | None, workers: int | None, worker: bool) -> None:
    """Serve requests until SIGTERM or SIGINT; requests under way are finished."""
    from scheduler_api.cli.opening import opened

    settings = chosen_settings(host=host, port=port, workers=workers)
    with opened(settings.database):
        pass
    run(settings, worker=worker)


def chosen_settings(**options: Any) -> Settings:
    """Return the environment's settings, overridden by the options that were given. Raises BadSetting."""
    from scheduler_api.config import BadSetting, Settings

    given = {name: value for name, value in options.items() if value is not None}
    settings = replace(Settings.from_environment(), **given)
    if settings.port > LAST_PORT:
        raise BadSetting(f"SCHEDULER_PORT is {settings.port}, not a port from 1 to {LAST_PORT}.")
    return settings


def run(
    settings: Settings,
    log_level: str | None = None,
    starting: Callable[[], None] | None = None,
    worker: bool = True,
) -> None:
    """Serve until a signal to stop, with a `worker` process. `log_level` is that of the server's own lines.

    `starting` is called when the address is bound and no worker has been started yet. Ends the command if the address
    cannot be used. A worker that fails is replaced, unless it fails at once again.
    """
    from granian.constants import HTTPModes, Interfaces
    from granian.http import HTTP1Settings
    from granian.log import LogLevels
    from granian.server import Server

    address = free_address(settings.host, settings.port)
    server = Server(
        "scheduler_api:create_app",
        address=address,
        port=settings.port,
        interface=Interfaces.ASGINL,
        workers=settings.workers,
        backpressure=CONNECTIONS,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=HEAD_TIMEOUT),
        websockets=False,
        log_level=LogLevels((log_level or settings.log_level).lower()),
        log_dictconfig=_LOGS,
        respawn_failed_workers=True,
        workers_kill_timeout=GRACE,
    )
    if starting is not None:
        server.on_startup(starting)
    server.main_loop_interrupt = _Bell()  # type: ignore[assignment]
    with _counting_together(), worker_beside(settings) if worker else nullcontext():
        _let_forks_heed_signals()
        server.serve(target_loader=partial(_application, settings), wrap_loader=False)


@contextmanager
def _counting_together() -> Iterator[None]:
    """Let all processes that start inside count into one new folder, so that `/metrics` of any adds them up.

    A folder that the environment names already is used as it is.
    """
    if _METRICS in os.environ:
        yield
        return
    if "prometheus_client" in sys.modules:
        raise RuntimeError("prometheus_client was imported before it could know that processes count together.")
    with tempfile.TemporaryDirectory(prefix="scheduler-metrics-") as folder:
        os.environ[_METRICS] = folder
        try:
            yield
        finally:
            del os.environ[_METRICS]


class _Bell:
    """Lets signal handlers wake the main thread of a process; it replaces a `threading.Event`.

    A signal in the moment in which a thread begins to wait for a lock does not wake it: Python notes the signal, and
    runs its handler when the thread goes on. So this waits for a pipe, into which Python writes each signal's number,
    and `set` a zero. Each zero ends one `wait`, and none is lost; one too many does no harm, since the reason is noted
    elsewhere.
    """

    def __init__(self) -> None:
        self._reading, self._writing = os.pipe()
        os.set_blocking(self._writing, False)
        signal.set_wakeup_fd(self._writing, warn_on_full_buffer=False)

    def set(self) -> None:
        """Ring the bell; allowed at any moment, in any thread and in a signal handler."""
        with suppress(BlockingIOError):  # The pipe is full: who waits will wake anyway.
            os.write(self._writing, b"\0")

    def wait(self) -> None:
        """Wait for a ring; meanwhile the handlers of signals run."""
        while os.read(self._reading, 1) != b"\0":
            pass

    def clear(self) -> None:
        """Do nothing, since rings are not taken back."""


def _let_forks_heed_signals() -> None:
    """End a forked worker at once if it gets the signal to stop before it has a handler of its own.

    Without this the handler of the first process, which it inherits, would lose the signal. A signal in the moment
    of the fork itself waits until the fork is done.
    """
    signals = {signal.SIGTERM}

    def forked() -> None:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, signals)

    os.register_at_fork(
        before=lambda: signal.pthread_sigmask(signal.SIG_BLOCK, signals),
        after_in_parent=lambda: signal.pthread_sigmask(signal.SIG_UNBLOCK, signals),
        after_in_child=forked,
    )


def free_address(host: str, port: int) -> str:
    """Return the numeric address of a host, if the service can listen there. Ends the command if not.

    Each worker opens the port for itself, which several processes may: a second service would start without an error.
    """
    until = time.monotonic() + HANDOVER
    while True:
        try:
            return _bound(host, port)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or time.monotonic() > until:
                raise Refused(f"Cannot listen on {host} port {port}: {error.strerror or error}") from error
            time.sleep(0.05)


def _bound(host: str, port: int) -> str:
    """Return the numeric address of a host after listening there for a moment. Raises OSError."""
    addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, kind, _, _, address = addresses[0]
    with socket.socket(family, kind) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(address)
        _take(f"{address[0]} {port}")
    return str(address[0])


_taken: set[str] = set()


def _take(name: str) -> None:
    """Take a name for this process and those that it starts, until the last of them ends. Raises OSError if it is gone.

    Of two services that start at one moment, both would find the port free before either listens.
    """
    if sys.platform != "linux" or name in _taken:
        return
    claim = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        # A name that is in no folder: the kernel lets it go when its last owner ends, however that is.
        claim.bind(f"\0scheduler-api {name}")
    except OSError:
        claim.close()
        raise
    # It stays open as long as the process lives: nobody closes it.
    claim.detach()
    _taken.add(name)


def _application(settings: Settings) -> Any:
    """Return the application that a worker serves."""
    from scheduler_api import create_app, logs
    from scheduler_api.api.application import WATCHED
    from scheduler_api.api.http.gateway import Gateway

    _allow_connections()
    # Ctrl-C reaches all processes of a terminal; the first one alone decides, and tells the workers by SIGTERM.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    threading.Thread(target=_end_with_parent, daemon=True).start()
    logs.configure(settings.log_level)
    return Gateway(create_app(settings), settings.threads, settings.max_body, WATCHED)


def _allow_connections() -> None:
    """Let this process have as many connections open as the machine allows: each is an open file."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = 2 * CONNECTIONS if hard == resource.RLIM_INFINITY else min(hard, 2 * CONNECTIONS)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def _end_with_parent() -> None:
    """End this worker when the process that started it has ended, however it ended."""
    from multiprocessing import parent_process

    parent = parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(GRACE)
        os._exit(1)


_LOGS = {
    "formatters": {"json": {"()": "scheduler_api.logs.JsonFormatter"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "json", "stream": "ext://sys.stderr"}},
    "loggers": {"_granian": {"handlers": ["console"], "level": "INFO", "propagate": False}},
}
