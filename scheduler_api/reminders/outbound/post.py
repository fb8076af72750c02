"""Post to an address that someone else chose: bounded in time, to the address that was checked, without redirects."""

from __future__ import annotations

import http.client
import math
import os
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from email.utils import parsedate_to_datetime
from functools import cache
from typing import NamedTuple

from .allowed_hosts import AllowedHosts, HostNotAllowed, Target, parse

#: The longest body of a response, in bytes, that is read so that the connection can be kept.
_MOST = 16_384


class Response(NamedTuple):
    """The response: its status, and after how many seconds to retry if the receiver says so."""

    status: int
    retry_after: float | None


class NoResponse(Exception):
    """There was no response; the message says why in a word or two."""


class Connection:
    """A connection to the host of a URL: made for the first body that is posted, and kept as long as the receiver does.

    It goes to the address that was checked when it was made. Use it as a context, in one thread. No redirect is
    followed, and no proxy, cookie or password of the environment is used: the standard library's client does none of
    that by itself.
    """

    def __init__(self, url: str, allowed_hosts: AllowedHosts, seconds: float) -> None:
        """`seconds` is how long a post may take; the look-up of the name comes before."""
        self._url, self._allowed_hosts, self._seconds = url, allowed_hosts, seconds
        self._open: tuple[http.client.HTTPConnection, Deadline] | None = None

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *error: object) -> None:
        self._close()

    def post(self, body: bytes, headers: Mapping[str, str], now: datetime) -> Response:
        """Post a body and wait for the status. Raises NoResponse."""
        try:
            target = parse(self._url)
            if self._open is not None:
                with suppress(ConnectionError, ssl.SSLError):
                    return self._exchange(target, body, headers, now)
                # The receiver no longer kept it. If it took the body all the same, it knows the message by its id.
            self._open = self._connected(target)
            return self._exchange(target, body, headers, now)
        except HostNotAllowed as error:
            raise NoResponse(str(error)) from error
        except (OSError, http.client.HTTPException) as error:
            raise NoResponse(type(error).__name__) from error

    def _connected(self, target: Target) -> tuple[http.client.HTTPConnection, Deadline]:
        sock = self._allowed_hosts.connect(target, self._seconds)
        # Head and body are sent in two pieces, of which the second must not wait until the first has arrived.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = http.client.HTTPConnection(target.host, target.port)
        # It must never connect by itself, to an address that was not checked.
        connection.auto_open = 0
        connection.sock = sock
        return connection, Deadline(sock, self._seconds)

    def _exchange(self, target: Target, body: bytes, headers: Mapping[str, str], now: datetime) -> Response:
        assert self._open is not None
        connection, deadline = self._open
        try:
            with deadline.applied():
                connection.sock = _secured(connection.sock, target)
                connection.request("POST", target.path, body, headers)
                response = connection.getresponse()
        except BaseException:
            self._close()
            raise
        with closing(response):
            if response.will_close or not _is_read(response):
                self._close()
        return Response(response.status, _seconds_to_wait(response.headers.get("Retry-After"), now))

    def _close(self) -> None:
        if self._open is not None:
            connection, deadline = self._open
            self._open = None
            connection.close()
            deadline.close()


def _is_read(response: http.client.HTTPResponse) -> bool:
    """Read the body of a response, which says nothing to us; return whether it ended, as it must before the next."""
    with suppress(OSError, http.client.HTTPException):
        response.read(_MOST)
        return response.isclosed()
    return False


class Deadline:
    """Ends the use of a socket after so many seconds, however slowly data come.

    A socket's own time-out applies to each byte.
    """

    def __init__(self, sock: socket.socket, seconds: float) -> None:
        """Begin with a thread of its own; `close` ends it."""
        self._seconds, self._until = seconds, time.monotonic() + seconds
        self._late, self._ended = threading.Event(), threading.Event()
        # A second handle of the same connection, since TLS takes the first one for itself.
        self._twin = socket.socket(fileno=os.dup(sock.fileno()))
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Apply it to the block, from now on. Raises TimeoutError."""
        self._until = time.monotonic() + self._seconds
        try:
            yield
        except Exception as error:
            if self._late.is_set():
                raise TimeoutError from error
            raise
        # A connection that was cut here may look like a complete response.
        if self._late.is_set():
            raise TimeoutError

    def close(self) -> None:
        """End it, with its handle of the connection."""
        self._ended.set()
        self._thread.join()
        self._twin.close()

    def _watch(self) -> None:
        while (left := self._until - time.monotonic()) > 0:
            if self._ended.wait(left):
                return
        self._late.set()
        with suppress(OSError):
            self._twin.shutdown(socket.SHUT_RDWR)


def _secured(sock: socket.socket, target: Target) -> socket.socket:
    """Return a socket with TLS, if the target is to be reached so and it has none yet."""
    if target.scheme == "http" or isinstance(sock, ssl.SSLSocket):
        return sock
    return tls().wrap_socket(sock, server_hostname=target.host)


@cache
def tls() -> ssl.SSLContext:
    """Return a TLS context with the certificates that this machine trusts; `SSL_CERT_FILE` adds others."""
    return ssl.create_default_context()


def _seconds_to_wait(header: str | None, now: datetime) -> float | None:
    """Return the seconds that `Retry-After` asks for, given as seconds or a date; None if it cannot be understood."""
    if header is None:
        return None
    if header.isascii() and header.isdecimal():
        return float(header[:9])
    try:
        seconds = (parsedate_to_datetime(header) - now).total_seconds()
    except (TypeError, ValueError):
        return None
    return max(seconds, 0.0) if math.isfinite(seconds) else None
