"""Record from when a version of a protocol is approved for a site, and say on which days it is.

The first version is what a site takes part in. Into a later one a patient is enrolled, or amended, only from the day on
which it is approved for the site, by its own ethics committee.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from scheduler_api.engine.dates import civil_date
from scheduler_api.engine.errors import FieldError, ValidationFailed
from scheduler_api.engine.instants import stamp
from scheduler_api.store.database.port import Row
from scheduler_api.store.sites import approvals
from scheduler_api.use_cases.audit.events import note
from scheduler_api.use_cases.session import Session

from . import sites
from .protocols import versions_of

FIRST = 1


def list_of_site(session: Session, site: str) -> list[dict[str, Any]]:
    """Return the approvals of a site, withdrawn ones included, by protocol and version. Raises NotFound."""
    sites.get(session, site)
    return [_document(row) for row in approvals.of_site(session.store, site)]


def record(session: Session, site: str, protocol: str, version: int, approved_on: date | None) -> dict[str, Any]:
    """Record that a version is approved for a site from a day on (None: no longer); return it.

    Raises NotFound for another's site, ValidationFailed for an unknown version.
    """
    with session.store.transaction():
        session.store.lock(f"site {site}")
        sites.get(session, site)
        if version not in versions_of(session.store, protocol):
            raise ValidationFailed([FieldError("/version", "No such version of a protocol.", "not_found")])
        before = {
            (row["protocol"], row["version"]): row["approved_on"] for row in approvals.of_site(session.store, site)
        }
        row = {
            **{"site": site, "protocol": protocol, "version": version},
            "approved_on": None if approved_on is None else approved_on.isoformat(),
            **{"recorded_at": stamp(session.now), "recorded_by": session.actor.token_id},
        }
        approvals.put(session.store, row)
        named = {"protocol": protocol, "version": version}
        old, new = before.get((protocol, version)), row["approved_on"]
        note(
            session, "version_approved", site=site, old={**named, "approved_on": old}, new={**named, "approved_on": new}
        )
    return _document(row)


def approved_version(session: Session, protocol: str, site: str) -> int | None:
    """Return the latest version that a site enrols into today; None if there is no such protocol."""
    versions = versions_of(session.store, protocol)
    return max((version for version in versions if is_approved(session, protocol, version, site)), default=None)


def is_approved(session: Session, protocol: str, version: int, site: str, on: date | None = None) -> bool:
    """Return whether a version is approved for a site on a day; by default today, by the site's clock."""
    if version == FIRST:
        return True
    if on is None:
        time_zone = sites.time_zone_of(session.store, site)
        if time_zone is None:
            return False
        on = civil_date(session.now, time_zone)
    return any(
        (row["protocol"], row["version"]) == (protocol, version) and (row["approved_on"] or "9") <= on.isoformat()
        for row in approvals.of_site(session.store, site)
    )


def _document(row: Row) -> dict[str, Any]:
    return {name: row[name] for name in ("site", "protocol", "version", "approved_on", "recorded_at", "recorded_by")}
