"""Post to an address that someone else chose: bounded in time, to the address that was checked, without redirects."""

from __future__ import annotations

import http.client
import math
import os
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from email.utils import parsedate_to_datetime
from functools import cache
from typing import NamedTuple

from .allowed_hosts import AllowedHosts, HostNotAllowed, Target, parse


class Response(NamedTuple):
    """The response: its status, and after how many seconds to retry if the receiver says so."""

    status: int
    retry_after: float | None


class NoResponse(Exception):
    """There was no response; the message says why in a word or two."""


def post(
    url: str, body: bytes, headers: Mapping[str, str], allowed_hosts: AllowedHosts, seconds: float, now: datetime
) -> Response:
    """Send a body and wait for the status, no longer than so many seconds (the look-up of the name comes before).

    Only the head of the response is read. No redirect is followed, and no proxy, cookie or password of the environment
    is used: the standard library's client does none of that by itself. Raises NoResponse.
    """
    try:
        target = parse(url)
        connection = http.client.HTTPConnection(target.host, target.port)
        with closing(allowed_hosts.connect(target, seconds)) as sock, closing(connection), deadline(sock, seconds):
            connection.sock = _secured(sock, target)
            connection.request("POST", target.path, body, {"Connection": "close", **headers})
            response = connection.getresponse()
            return Response(response.status, _seconds_to_wait(response.headers.get("Retry-After"), now))
    except HostNotAllowed as error:
        raise NoResponse(str(error)) from error
    except (OSError, http.client.HTTPException) as error:
        raise NoResponse(type(error).__name__) from error


@contextmanager
def deadline(sock: socket.socket, seconds: float) -> Iterator[None]:
    """End the use of a socket in the block with TimeoutError after so many seconds, however slowly data come.

    A socket's own time-out applies to each byte.
    """
    late = threading.Event()
    # A second handle of the same connection, since TLS takes the first one for itself.
    with closing(socket.socket(fileno=os.dup(sock.fileno()))) as twin:

        def cut() -> None:
            late.set()
            with suppress(OSError):
                twin.shutdown(socket.SHUT_RDWR)

        timer = threading.Timer(seconds, cut)
        timer.daemon = True
        timer.start()
        try:
            yield
        except Exception as error:
            if late.is_set():
                raise TimeoutError from error
            raise
        finally:
            timer.cancel()
            timer.join()
        # A connection that was cut here may look like a complete response.
        if late.is_set():
            raise TimeoutError


def _secured(sock: socket.socket, target: Target) -> socket.socket:
    return tls().wrap_socket(sock, server_hostname=target.host) if target.scheme == "https" else sock


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
