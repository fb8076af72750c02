"""Read and add sites, where patients are treated."""

from __future__ import annotations

from typing import Any

import orjson

from scheduler_api.engine.dates import is_time_zone
from scheduler_api.engine.errors import Conflict, FieldError, ValidationFailed
from scheduler_api.store.database.port import Duplicate, Row, Store
from scheduler_api.store.sites import sites
from scheduler_api.use_cases.audit.events import note
from scheduler_api.use_cases.session import NotFound, Session, sites_to_search

from .site_calendars import WEEKDAYS

#: The centre of the built-in trial.
FUSCC = {
    "site": "FUSCC",
    "name": "Fudan University Shanghai Cancer Center",
    "country": "CN",
    "time_zone": "Asia/Shanghai",
    "opening_days": list(WEEKDAYS[:5]),
}


def list_all(session: Session) -> list[dict[str, Any]]:
    """Return the actor's sites, by id."""
    return [_document(row) for row in sites.every(session.store) if session.actor.sees(row["site"])]


def get(session: Session, site: str) -> dict[str, Any]:
    """Return one site. Raises NotFound."""
    sites_to_search(session, site)
    row = sites.get(session.store, site)
    if row is None:
        raise NotFound("No such site.")
    return _document(row)


def exists(store: Store, site: str) -> bool:
    """Return whether there is such a site."""
    return sites.get(store, site) is not None


def add(session: Session, site: dict[str, Any]) -> dict[str, Any]:
    """Add a site. Raises Forbidden, ValidationFailed, or Conflict when its id is taken."""
    if not is_time_zone(site["time_zone"]):
        raise ValidationFailed([FieldError("/time_zone", "Not an IANA time zone.")])
    try:
        with session.store.transaction():
            sites.insert(session.store, {**site, "opening_days": orjson.dumps(site["opening_days"]).decode()})
            note(session, "site_added", site=site["site"], new=site)
    except Duplicate:
        raise Conflict([FieldError("/site", "There is a site of this id.")]) from None
    return site


def add_built_in(session: Session) -> None:
    """Add the centre of the built-in trial if it is missing."""
    if not exists(session.store, FUSCC["site"]):  # type: ignore[arg-type]
        add(session, FUSCC)


def _document(row: Row) -> dict[str, Any]:
    return {**row, "opening_days": orjson.loads(row["opening_days"])}
