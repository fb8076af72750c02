"""`serve`: the real service in processes of its own."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

import pytest
import requests
from patience import PATIENCE
from ports import free_port
from service import await_ready

from scheduler_api.cli.server.serve import _Bell

from .conftest import Commands

COMMAND = [sys.executable, "-c", "from scheduler_api.cli import main; main(prog_name='scheduler-api')"]
#: The same with limits, in seconds and milliseconds, far beyond those of tests: what ends by them never does here.
PATIENT = [
    *COMMAND[:2],
    "from scheduler_api.api.http import gateway\n"
    "from scheduler_api.cli.server import demo, serve\n"
    "demo.PATIENCE, serve.GRACE, serve.HEAD_TIMEOUT, gateway.DEADLINE = 900, 900, 900_000, 900\n" + COMMAND[2],
]


def start(database: str, *arguments: str, folder: Path | None = None, **environment: str) -> subprocess.Popen[str]:
    """Start a command in a session of its own; both of its outputs are pipes that its processes share."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("SCHEDULER_")}
    return subprocess.Popen(
        [*PATIENT, *arguments],
        env={**clean, "SCHEDULER_DATABASE": database, **environment},
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


class Served:
    """The service while it runs. `end` waits until the last of its processes is gone: they hold the pipes open."""

    def __init__(self, database: str, *arguments: str, ready: bool = True, **environment: str) -> None:
        self.wait_until_ready = ready
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = start(database, "serve", "--port", str(self.port), *arguments, **environment)
        self.ended: tuple[int, str, str] | None = None

    def __enter__(self) -> Served:
        try:
            if self.wait_until_ready:
                self.await_answer()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self.ended is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.communicate()

    def await_answer(self) -> None:
        """Wait until somebody listens, and is ready."""
        await_ready(self.port, self.process)

    def end(self, how: signal.Signals) -> tuple[int, str, str]:
        """Send the first process a signal; exit status and outputs, once all processes are gone."""
        self.process.send_signal(how)
        return self.wait()

    def wait(self) -> tuple[int, str, str]:
        """Exit status and outputs, once all processes are gone: without any of them having to be killed."""
        out, err = self.process.communicate(timeout=PATIENCE)
        self.ended = self.process.returncode, out, err
        return self.ended

    def log_line(self, pattern: str) -> re.Match[str]:
        """Read the log up to a line with this pattern in it."""
        assert self.process.stderr
        for line in self.process.stderr:
            if match := re.search(pattern, line):
                return match
        raise AssertionError(f"{pattern} is not in the log")


@pytest.fixture
def served(run: Commands) -> Iterator[Served]:
    """The service on a database with the built-ins."""
    with Served(run.database) as served:
        yield served


def _connection(served: Served) -> socket.socket:
    return socket.create_connection(("127.0.0.1", served.port), timeout=PATIENCE)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_all_processes_without_a_complaint(served: Served, how: signal.Signals) -> None:
    status, out, err = served.end(how)
    assert (status, out) == (0, "")
    assert "ERROR" not in err


@pytest.mark.one_engine
@pytest.mark.parametrize("attempt", range(5))
def test_a_service_that_is_still_starting_heeds_a_signal(run: Commands, attempt: int) -> None:
    """Neither the first process nor a worker without handlers of its own may forget it."""
    with Served(run.database, ready=False) as served:
        served.log_line("Spawning worker-2")
        assert served.end(signal.SIGTERM)[0] == 0


@pytest.mark.one_engine
def test_a_client_that_stays_connected_does_not_hold_up_the_end(served: Served) -> None:
    with requests.Session() as session:
        assert session.get(f"{served.url}/healthz", timeout=PATIENCE).status_code == 200
        assert served.end(signal.SIGTERM)[0] == 0


@pytest.mark.one_engine
def test_ctrl_c_reaches_all_processes_and_is_no_failure_of_a_worker(served: Served) -> None:
    os.killpg(served.process.pid, signal.SIGINT)
    status, _, err = served.wait()
    assert status == 0
    assert "ERROR" not in err


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_request_that_is_being_answered_is_finished(run: Commands, how: signal.Signals) -> None:
    token = run.ok("tokens", "create", "--role", "admin").strip()
    site = {"site": "A", "name": "A", "country": "CN", "time_zone": "Asia/Shanghai", "opening_days": ["monday"]}
    body = json.dumps(site)
    head = (
        f"POST /v1/sites HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer {token}\r\nContent-Length: {len(body)}\r\n"
        "Content-Type: application/json\r\nExpect: 100-continue\r\n\r\n"
    )
    with Served(run.database, "--workers", "1") as served, _connection(served) as client:
        client.sendall(head.encode())
        # The service says this when it begins to read the body.
        assert client.recv(100).startswith(b"HTTP/1.1 100 ")
        served.process.send_signal(how)
        served.log_line("Stopping worker-1")
        client.sendall(body.encode())
        assert client.recv(100).startswith(b"HTTP/1.1 201 ")
        assert served.wait()[0] == 0
    run.ok("tokens", "create", "--role", "nurse", "--site", "A")


def test_a_worker_that_is_killed_is_replaced(run: Commands) -> None:
    with Served(run.database, "--workers", "1") as served:
        pid = int(served.log_line(r"Spawning worker-1 with PID: (\d+)")[1])
        os.kill(pid, signal.SIGKILL)
        assert int(served.log_line(r"Spawning worker-1 with PID: (\d+)")[1]) != pid
        served.await_answer()
        assert served.end(signal.SIGTERM)[0] == 0


def test_when_the_first_process_is_killed_its_workers_go_too(served: Served) -> None:
    status, _, _ = served.end(signal.SIGKILL)
    assert status == -signal.SIGKILL
    with pytest.raises(ConnectionRefusedError):
        _connection(served)


def test_a_signal_handler_may_ring_while_the_main_thread_waits() -> None:
    bell = _Bell()
    heard: list[int] = []

    def ring(number: int, frame: object) -> None:
        heard.append(number)
        bell.set()

    before = signal.signal(signal.SIGUSR1, ring)
    try:
        for _ in range(2000):
            threading.Thread(target=os.kill, args=(os.getpid(), signal.SIGUSR1)).start()
            bell.wait()
            bell.clear()
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert heard


@pytest.mark.one_engine
def test_clients_that_are_slow_to_ask_keep_nobody_waiting(served: Served) -> None:
    """Neither with half a head, nor with half a body and no token."""
    slow = [_connection(served) for _ in range(60)]
    try:
        for client in slow[:30]:
            client.sendall(b"GET /healthz HTTP/1.1\r\nHost: test\r\n")
        for client in slow[30:]:
            client.sendall(b"POST /v1/previews HTTP/1.1\r\nHost: test\r\nContent-Length: 900\r\n\r\n{")
        for client in slow[30:]:
            assert client.recv(100).startswith(b"HTTP/1.1 401 ")
        for _ in range(6):
            assert requests.get(f"{served.url}/healthz", timeout=PATIENCE).status_code == 200
    finally:
        for client in slow:
            client.close()


@pytest.mark.one_engine
def test_a_port_that_is_taken_is_named(run: Commands, file: Commands, served: Served) -> None:
    for command, on in (("serve", run), ("demo", file)):
        result = on(command, "--port", str(served.port))
        assert (result.exit_code, result.stdout) == (1, "")
        assert result.stderr == f"error: Cannot listen on 127.0.0.1 port {served.port}: Address already in use\n"
    assert not Path(file.database).exists()


@pytest.mark.one_engine
def test_of_several_that_start_at_one_moment_one_serves(run: Commands) -> None:
    port = free_port()
    starting = [start(run.database, "serve", "--port", str(port), "--workers", "1", "--no-worker") for _ in range(3)]
    try:
        ended: list[subprocess.Popen[str]] = []
        while len(ended) < 2:
            ended = [process for process in starting if process.poll() is not None]
        for process in ended:
            assert (
                process.communicate()[1] == f"error: Cannot listen on 127.0.0.1 port {port}: Address already in use\n"
            )
        (serving,) = (process for process in starting if process not in ended)
        await_ready(port, serving)
    finally:
        for process in starting:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


@pytest.mark.one_engine
def test_a_host_that_is_none_of_ours_is_named(run: Commands) -> None:
    (line,) = run.refused("serve", "--host", "192.0.2.1")
    assert line.startswith("Cannot listen on 192.0.2.1 port 8000: ")


@pytest.mark.one_engine
def test_a_port_that_is_none_is_named(run: Commands) -> None:
    result = run("serve", SCHEDULER_PORT="70000")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "error: SCHEDULER_PORT is 70000, not a port from 1 to 65535.\n"


@pytest.mark.one_engine
def test_logs_are_json_with_a_request_id_and_nothing_of_a_patient(run: Commands) -> None:
    token = run.ok("tokens", "create", "--role", "nurse").strip()
    who = ("--protocol", "nct06110650", "--site", "FUSCC", "--sex", "male", "--subject-number", "S-4711")
    patient_id = run.ok("enrol", *who, "--enrolled-on", "2024-01-03").strip()
    with Served(run.database) as served:
        ask = {"Authorization": f"Bearer {token}", "X-Request-ID": "asked-0815"}
        address = f"{served.url}/v1/patients/{patient_id}/calendar"
        assert requests.get(address, headers=ask, timeout=PATIENCE).status_code == 200
        requests.get(f"{served.url}/v1/patients?q=S-4711", headers=ask, timeout=PATIENCE)
        _, out, err = served.end(signal.SIGTERM)
    lines = [json.loads(line) for line in err.splitlines()]
    answered = [line for line in lines if line.get("request_id") == "asked-0815"]
    assert [line["status"] for line in answered] == [200, 200]
    for secret in (token, patient_id, "S-4711", "2024-01-03"):
        assert secret not in out + err


@pytest.mark.one_engine
def test_the_environment_says_where_unless_an_option_does(run: Commands) -> None:
    with Served(run.database, SCHEDULER_PORT="1", SCHEDULER_WORKERS="1", SCHEDULER_LOG_LEVEL="ERROR") as served:
        status, out, err = served.end(signal.SIGTERM)
    assert (status, out, err) == (0, "", "")
