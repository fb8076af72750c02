"""The network between a phone and the service: a real proxy that can lose what passes through it."""

from __future__ import annotations

import importlib.util
import socket
import sys
import threading
from collections import deque
from functools import partial
from http.server import ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any

EXAMPLES = Path(__file__).parents[2] / "examples"


def load(path: Path) -> ModuleType:
    """An example as a module: they are no package."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[path.stem] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class _Handler(load(EXAMPLES / "browser" / "serve.py").Handler):  # type: ignore[misc]
    """The example's proxy under the network's weather."""

    server: Network

    def do_GET(self) -> None:
        if self.path.startswith("/v1/") or not self.server.offline:
            super().do_GET()

    def asked(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        """Fair: as it is. Twice: the service gets the request twice. Lost: it gets it, and its answer gets lost."""
        weather = self.server.next_weather()
        if weather == "offline":
            raise ConnectionError(weather)
        answer: tuple[int, list[tuple[str, str]], bytes] = super().asked(body)
        self.server.answered.append((self.command, self.path, answer[0]))
        if weather == "twice":
            answer = super().asked(body)
        if weather == "lost":
            raise ConnectionError(weather)
        return answer

    def log_message(self, *args: object) -> None:
        """Tests are quiet."""


class Network(ThreadingHTTPServer):
    """Serves the page and passes requests on to the service, on a free port; use it as a context.

    `offline` refuses everything. `then(...)` gives the weather of the next requests to the service, one by one;
    afterwards it is fair again. `answered` is what the service got: method, path, status.
    """

    daemon_threads = True

    def __init__(self, api: str) -> None:
        super().__init__(("127.0.0.1", 0), partial(_Handler, api=api))
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.offline = False
        self.answered: list[tuple[str, str, int]] = []
        self._weather: deque[str] = deque()
        self._thread = threading.Thread(target=self.serve_forever, args=(0.02,))

    def __enter__(self) -> Network:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()

    def then(self, *weather: str) -> None:
        """The weather of the next requests: `fair`, `offline`, `lost` or `twice`."""
        self._weather = deque(weather)

    def next_weather(self) -> str:
        """The weather of the request that is just passing."""
        if self.offline:
            return "offline"
        return self._weather.popleft() if self._weather else "fair"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A request that gets lost ends here: its connection is closed without an answer. Anything else is a fault."""
        if not isinstance(sys.exception(), ConnectionError | socket.timeout):
            super().handle_error(request, client_address)
