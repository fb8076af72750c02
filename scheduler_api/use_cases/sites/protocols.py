"""Read and add protocols: the built-in ones, and all versions of each."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from operator import attrgetter
from typing import Any

import orjson

from scheduler_api.engine.errors import Conflict, FieldError, ValidationFailed
from scheduler_api.engine.instants import stamp
from scheduler_api.engine.model.history import History
from scheduler_api.engine.model.protocol import Protocol, Versions
from scheduler_api.engine.protocol_file.parse import read_protocol
from scheduler_api.engine.protocol_file.slips import slips
from scheduler_api.engine.protocol_file.upcast import read_stored
from scheduler_api.store.database.port import Duplicate, Store
from scheduler_api.store.sites import protocols
from scheduler_api.use_cases.audit.events import note
from scheduler_api.use_cases.session import Forbidden, NotFound, Session


def built_in() -> list[Protocol]:
    """Return the protocols that come with the service."""
    folder = files("scheduler_api").joinpath("protocols")
    entries = (entry for entry in folder.iterdir() if entry.name.endswith(".json"))
    return [read_protocol(orjson.loads(entry.read_bytes())) for entry in sorted(entries, key=lambda entry: entry.name)]


@lru_cache(maxsize=64)
def _read(definition: str) -> Protocol:
    return read_stored(orjson.loads(definition))


def versions_of(store: Store, protocol: str) -> Versions:
    """Return all versions of a protocol by number; empty if there is none of this id."""
    return {row["version"]: _read(row["definition"]) for row in protocols.versions(store, protocol)}


def versions_named(store: Store, history: History) -> Versions:
    """Return the versions of its protocol that a history names: all that its calendar needs. Raises KeyError."""
    named = [history.registered.version, *map(attrgetter("version"), history.amendments)]
    return {version: _version(store, history.registered.protocol, version) for version in named}


@lru_cache(maxsize=64)
def _version(store: Store, protocol: str, version: int) -> Protocol:
    """Return one version. It never changes once it is stored, which is why it may be cached."""
    return versions_of(store, protocol)[version]


def list_all(session: Session) -> list[Mapping[str, Any]]:
    """Return summaries of all versions of all protocols."""
    return [summary(_read(row["definition"]), row["added_at"]) for row in protocols.every(session.store)]


def latest(session: Session) -> list[Protocol]:
    """Return the latest version of each protocol, by id."""
    return [*{row["protocol"]: _read(row["definition"]) for row in protocols.every(session.store)}.values()]


def get(session: Session, protocol: str, version: int) -> Mapping[str, Any]:
    """Return the definition of one version. Raises NotFound."""
    stored = versions_of(session.store, protocol).get(version)
    if stored is None:
        raise NotFound("No such version of a protocol.")
    return stored.definition


def summary(protocol: Protocol, added_at: str) -> dict[str, Any]:
    """Return the summary of a protocol."""
    return {"id": protocol.id, "version": protocol.version, "title": protocol.title, "added_at": added_at}


def add(session: Session, definition: Any) -> dict[str, Any]:
    """Add a version of a protocol; return its summary, with what in it is probably a slip.

    Raises Forbidden, ValidationFailed, or Conflict when that version is there.
    """
    if session.sites is not None:
        raise Forbidden("Only an admin of all sites adds protocols: every site could enrol into them.")
    protocol = read_protocol(definition)
    with session.store.transaction():
        versions = versions_of(session.store, protocol.id)
        if protocol.version in versions:
            raise Conflict(
                [
                    FieldError(
                        "/version",
                        f"Version {protocol.version} is there, and a version never changes.",
                        "id_taken",
                    )
                ]
            )
        if protocol.version != len(versions) + 1:
            raise ValidationFailed(
                [
                    FieldError(
                        "/version",
                        f"The next version of this protocol is {len(versions) + 1}.",
                        "not_found",
                    )
                ]
            )
        return _insert(session, protocol)


def add_built_in(session: Session) -> list[str]:
    """Add the built-in protocols that are missing; return their ids."""
    added = []
    for protocol in built_in():
        with session.store.transaction():
            if protocol.version not in versions_of(session.store, protocol.id):
                _insert(session, protocol)
                added.append(protocol.id)
    return added


def _insert(session: Session, protocol: Protocol) -> dict[str, Any]:
    added_at = stamp(session.now)
    row = {
        "protocol": protocol.id,
        "version": protocol.version,
        "definition": orjson.dumps(protocol.definition).decode(),
        "added_at": added_at,
    }
    try:
        protocols.insert(session.store, row)
    except Duplicate:
        raise Conflict(
            [FieldError("/version", "This version is there, and a version never changes.", "id_taken")]
        ) from None
    note(session, "protocol_added", protocol=protocol.id, version=protocol.version)
    return {**summary(protocol, added_at), "warnings": [slip._asdict() for slip in slips(protocol)]}
