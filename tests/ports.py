"""Ports for programs that have to be told theirs before they start."""

from __future__ import annotations

import socket

_held: list[socket.socket] = []


def free_port() -> int:
    """A port of 127.0.0.1 that is ours as long as this process lives; whoever connects is refused until we listen.

    A socket that is bound and never listens holds it: the system gives it to nobody who asks for any port, nor to the
    near end of a connection. A program that lets others share its address, as servers do, may listen there beside it.
    """
    holder = socket.socket()
    for shared in (socket.SO_REUSEADDR, socket.SO_REUSEPORT):
        holder.setsockopt(socket.SOL_SOCKET, shared, 1)
    holder.bind(("127.0.0.1", 0))
    _held.append(holder)
    return int(holder.getsockname()[1])
