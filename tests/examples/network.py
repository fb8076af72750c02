"""The network between a phone and the service: a real proxy that can lose what passes through it."""

from __future__ import annotations

import importlib.util
import socket
import sys
import threading
from collections import deque
from functools import partial
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

from patience import PATIENCE

EXAMPLES = Path(__file__).parents[2] / "examples"


def load(path: Path) -> ModuleType:
    """An example as a module: they are no package."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[path.stem] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


#: What belongs to one connection and is not passed on.
OF_CONNECTION = {"connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade", "date", "server"}


class _Handler(BaseHTTPRequestHandler):
    """A proxy under the network's weather, as a site has one in front of the service."""

    server: Network

    def __init__(self, *args: Any, api: str, **kwargs: Any) -> None:
        self.api = urlsplit(api)
        super().__init__(*args, **kwargs)

    def do_GET(self) -> None:
        """What the service says."""
        self.pass_on()

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET

    def pass_on(self) -> None:
        """Ask the service, and answer what it says. Only calls of the API meet the weather, unless all is offline."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.server.offline and not self.path.startswith("/v1/"):
            return
        status, headers, content = self.asked(body) if self.path.startswith("/v1/") else self.answer_to(body)
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def asked(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        """Fair: as it is. Twice: the service gets the request twice. Lost: it gets it, and its answer gets lost."""
        weather = self.server.next_weather()
        if weather == "offline":
            raise ConnectionError(weather)
        answer = self.answer_to(body)
        self.server.answered.append((self.command, self.path, answer[0]))
        if weather == "twice":
            answer = self.answer_to(body)
        if weather == "lost":
            raise ConnectionError(weather)
        return answer

    def answer_to(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        """What the service says to this request: status, headers, body."""
        headers = {name: value for name, value in self.headers.items() if name.lower() not in OF_CONNECTION}
        forwarded = {"For": self.client_address[0], "Proto": "http", "Host": self.headers.get("Host", "")}
        headers.update({f"X-Forwarded-{name}": value for name, value in forwarded.items()})
        connection = HTTPConnection(self.api.hostname or "", self.api.port, timeout=PATIENCE)
        try:
            connection.request(self.command, self.path, body or None, headers)
            answer = connection.getresponse()
            kept = [(name, value) for name, value in answer.getheaders() if name.lower() not in OF_CONNECTION]
            return answer.status, kept, answer.read()
        finally:
            connection.close()

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
