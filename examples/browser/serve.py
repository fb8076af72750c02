#!/usr/bin/env python3
"""The page and the API from one origin, for development: `serve.py --api http://127.0.0.1:8000`, then open /app/.

In production the site's own proxy does this, with TLS. Here everything under /v1/ is passed on to the API, and /app/
is this folder.
"""

from __future__ import annotations

import argparse
from functools import partial
from http.client import HTTPConnection
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

#: What belongs to one connection and is not passed on.
OF_CONNECTION = {"connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade", "date", "server"}
#: The page runs its own script and talks to its own origin, and to nobody else.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; connect-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class Handler(SimpleHTTPRequestHandler):
    """Answers with a file of the page, or with what the API at `api` says."""

    def __init__(self, *args: object, api: str, **kwargs: object) -> None:
        self.api = urlsplit(api)
        super().__init__(*args, directory=str(Path(__file__).parent), **kwargs)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        """A file of the page, or what the API says."""
        if self.path.startswith("/v1/"):
            self.pass_on()
        elif self.path.startswith("/app/"):
            self.path = self.path.removeprefix("/app")
            super().do_GET()
        else:
            self.send_error(404)

    def do_POST(self) -> None:
        """What the API says."""
        self.pass_on()

    do_PUT = do_PATCH = do_DELETE = do_POST

    def pass_on(self) -> None:
        """Ask the API, and answer what it says."""
        status, headers, body = self.asked(self.rfile.read(int(self.headers.get("Content-Length", 0))))
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        super().end_headers()
        self.wfile.write(body)

    def asked(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        """What the API says to this request: status, headers, body."""
        headers = {name: value for name, value in self.headers.items() if name.lower() not in OF_CONNECTION}
        forwarded = {"For": self.client_address[0], "Proto": "http", "Host": self.headers.get("Host", "")}
        headers.update({f"X-Forwarded-{name}": value for name, value in forwarded.items()})
        connection = HTTPConnection(self.api.hostname or "", self.api.port, timeout=30)
        try:
            connection.request(self.command, self.path, body or None, headers)
            answer = connection.getresponse()
            kept = [(name, value) for name, value in answer.getheaders() if name.lower() not in OF_CONNECTION]
            return answer.status, kept, answer.read()
        finally:
            connection.close()

    def end_headers(self) -> None:
        """The headers of a file."""
        self.send_header("Content-Security-Policy", POLICY)
        self.send_header("Cache-Control", "no-cache")
        super().end_headers()


def main() -> None:
    """Serve until Ctrl-C."""
    parser = argparse.ArgumentParser(description="The page and the API from one origin, for development.")
    parser.add_argument("--api", required=True, help="where the API is, such as http://127.0.0.1:8000")
    parser.add_argument("--port", type=int, default=8080)
    asked = parser.parse_args()
    with ThreadingHTTPServer(("127.0.0.1", asked.port), partial(Handler, api=asked.api)) as server:
        print(f"http://127.0.0.1:{asked.port}/app/")
        server.serve_forever()


if __name__ == "__main__":
    main()
