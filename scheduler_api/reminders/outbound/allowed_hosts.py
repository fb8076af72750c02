"""Check where the service may connect to on behalf of others: nowhere inside its own network, unless allowed.

Whoever registers an address chooses where our requests go (SSRF). An address is checked when it is registered and again
at each connection, which goes to the very address that was checked: a name that means something else later gains
nothing.
"""

from __future__ import annotations

import ipaddress
import socket
import time
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import urlsplit

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

#: IPv6 addresses with an IPv4 one inside, and site-local ones: names of public hosts lead to none of them.
_NEVER = tuple(
    ipaddress.IPv6Network(network)
    for network in ("::/96", "::ffff:0:0/96", "64:ff9b:1::/48", "2001::/32", "2002::/16", "fec0::/10")
)
#: The one exception (RFC 6052): what is public by IPv4 has such an address where there is only IPv6.
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class HostNotAllowed(Exception):
    """The service does not connect there; the message says why, without the address."""


class Target(NamedTuple):
    """A URL taken apart: all that a request needs."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def origin(self) -> str:
        """Return scheme, host and port, as in a VAPID claim."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = {"https": 443, "http": 80}[self.scheme]
        return f"{self.scheme}://{host}" + ("" if self.port == usual else f":{self.port}")


@dataclass(frozen=True)
class AllowedHosts:
    """The hosts to which we may connect: the public network, and the private networks that are `allowed`."""

    allowed: tuple[Network, ...] = ()

    def check(self, url: str) -> Target:
        """Return the target of a URL that may be sent to now. Raises HostNotAllowed."""
        target = parse(url)
        for address in resolved(target):
            self._check(target, address)
        return target

    def connect(self, target: Target, seconds: float) -> socket.socket:
        """Open a connection to a target, by an address that was checked. Raises HostNotAllowed, OSError."""
        until = time.monotonic() + seconds
        addresses = resolved(target)
        # All of them: a name with one good address among bad ones is not to be tried until it fits.
        for address in addresses:
            self._check(target, address)
        left = len(addresses)
        while True:
            address, left = addresses[-left], left - 1
            try:
                # Of several addresses each gets a share of the time.
                share = max((until - time.monotonic()) / (left + 1), 0.01)
                return socket.create_connection((str(address), target.port), timeout=share)
            except OSError:
                if left == 0:
                    raise

    def _check(self, target: Target, address: Address) -> None:
        if any(address in network for network in self.allowed):
            return
        if not is_public(address):
            raise HostNotAllowed("The address is not a public one.")
        if target.scheme != "https":
            raise HostNotAllowed("Only https leaves the allowed networks.")


def parse(url: str) -> Target:
    """Take a URL apart. Raises HostNotAllowed if no request can be sent to it."""
    try:
        parts = urlsplit(url)
        port = parts.port
        host = parts.hostname or ""
    except ValueError:
        raise HostNotAllowed("Not a URL.") from None
    if parts.scheme not in ("https", "http") or not host:
        raise HostNotAllowed("Not an https URL.")
    if parts.username is not None or parts.password is not None or "%" in host:
        raise HostNotAllowed("The URL has more before its path than a host and a port.")
    if not url.isascii() or any(character <= " " or character == "\x7f" or character == "\\" for character in url):
        raise HostNotAllowed("The URL has characters that must be escaped.")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, host, port or {"https": 443, "http": 80}[parts.scheme], path)


def resolved(target: Target) -> list[Address]:
    """Return the addresses of a target's host, each once. Raises HostNotAllowed if there are none."""
    try:
        resolved_addresses = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise HostNotAllowed("The host's name leads nowhere.") from None
    return list(
        dict.fromkeys(ipaddress.ip_address(str(address[0]).partition("%")[0]) for *_, address in resolved_addresses)
    )


def is_public(address: Address) -> bool:
    """Return whether an address is on the public network.

    Not private, loopback, link-local, multicast, reserved or mapped.
    """
    if isinstance(address, ipaddress.IPv6Address):
        if address in _NAT64:
            return is_public(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
        if any(address in network for network in _NEVER):
            return False
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


def networks(text: str) -> tuple[Network, ...]:
    """Read networks written with commas between, such as `10.2.0.0/16, fd00::/8`. Raises ValueError."""
    return tuple(ipaddress.ip_network(part.strip()) for part in text.split(",") if part.strip())
