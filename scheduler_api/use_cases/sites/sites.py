"""Read and add sites, where patients are treated."""

from __future__ import annotations

from typing import Any

import orjson

from scheduler_api.engine.dates import is_time_zone
from scheduler_api.engine.errors import Conflict, FieldError, ValidationFailed
from scheduler_api.engine.instants import stamp
from scheduler_api.store.database.port import Duplicate, Row, Store
from scheduler_api.store.sites import sites
from scheduler_api.use_cases.audit.events import note
from scheduler_api.use_cases.session import Forbidden, NotFound, Session, sites_to_search

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


def others(store: Store, site: str) -> list[tuple[str, str]]:
    """Return the ids and names of all sites but one: those to which it may transfer a patient."""
    return [(row["site"], row["name"]) for row in sites.every(store) if row["site"] != site]


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


def time_zone_of(store: Store, site: str) -> str | None:
    """Return the time zone of a site; None if there is no such site."""
    row = sites.get(store, site)
    return None if row is None else str(row["time_zone"])


def add(session: Session, site: dict[str, Any]) -> dict[str, Any]:
    """Add a site. Raises Forbidden, ValidationFailed, or Conflict when its id is taken."""
    if session.sites is not None:
        raise Forbidden("Only an admin of all sites adds sites.")
    if not is_time_zone(site["time_zone"]):
        raise ValidationFailed([FieldError("/time_zone", "Not an IANA time zone.", "no_such_time_zone")])
    try:
        with session.store.transaction():
            contact = site.get("contact") or {"name": None, "phone": None}
            row = {**site, "opening_days": orjson.dumps(site["opening_days"]).decode()}
            row |= {"contact_name": contact["name"], "contact_phone": contact["phone"]}
            sites.insert(session.store, row, stamp(session.now))
            note(session, "site_added", site=site["site"], new=site)
    except Duplicate:
        raise Conflict([FieldError("/site", "There is a site of this id.", "id_taken")]) from None
    return {"contact": None, **site}


def set_contact(session: Session, site: str, contact: dict[str, str]) -> dict[str, str]:
    """Store whom a site's patients call: a name and a telephone number. Raises NotFound."""
    with session.store.transaction():
        session.store.lock(f"site {site}")
        old = get(session, site)["contact"]
        sites.set_contact(session.store, site, contact["name"], contact["phone"], stamp(session.now))
        note(session, "site_contact_changed", site=site, old={"contact": old}, new={"contact": contact})
    return contact


def contact_of(name: str | None, phone: str | None) -> dict[str, str] | None:
    """Return whom a site's patients call, as clients see it; None if the site has not said."""
    return None if name is None or phone is None else {"name": name, "phone": phone}


def add_built_in(session: Session) -> None:
    """Add the centre of the built-in trial if it is missing."""
    if not exists(session.store, FUSCC["site"]):  # type: ignore[arg-type]
        add(session, FUSCC)


def _document(row: Row) -> dict[str, Any]:
    document = {**row, "opening_days": orjson.loads(row["opening_days"])}
    document["contact"] = contact_of(document.pop("contact_name"), document.pop("contact_phone"))
    return document
