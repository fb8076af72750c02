"""Write booked visits as Appointment."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from scheduler_api.engine.instants import local_instant

from .elements import code, present, reference, site, system

#: How long an appointment is taken to last: FHIR asks for an end.
LASTS = timedelta(hours=1)
#: The status of an Appointment; of what was cancelled there is none.
BOOKED, FULFILLED = "booked", "fulfilled"


def appointment_key(visit: str) -> str:
    """Return what stands for a visit in the id of its appointment, which may be shorter than the name of a visit."""
    return hashlib.sha256(visit.encode()).hexdigest()[:16]


def appointment(visit: Mapping[str, Any], language: str) -> dict[str, Any]:
    """Return a booked visit, as the list of visits has it, as an Appointment; its words are in `language`.

    One without a time takes the whole day on the clock of the site.
    """
    starts_at, ends_at = _span(visit)
    return present(
        resourceType="Appointment",
        id=f"{visit['patient_id']}.{appointment_key(visit['visit'])}",
        language=language,
        # FHIR has no status for what is overdue, or booked though it is no longer required.
        extension=[{"url": system("visit-status"), "valueCode": visit["status"]}],
        status=FULFILLED if visit["done_on"] is not None else BOOKED,
        serviceType=[code(system("visit"), visit["visit"], visit["label"])],
        description=visit["label"],
        comment=visit["because"],
        start=starts_at.isoformat(),
        end=ends_at.isoformat(),
        participant=[
            {"actor": reference("Patient", visit["patient_id"]), "status": "accepted"},
            {
                "actor": present(**site(visit["site"], "Location"), display=visit["booked_place"]),
                "status": "accepted",
            },
        ],
    )


def _span(visit: Mapping[str, Any]) -> tuple[datetime, datetime]:
    if visit["booked_at"] is not None:
        starts_at = datetime.fromisoformat(visit["booked_at"])
        return starts_at, starts_at + LASTS
    day, zone = date.fromisoformat(visit["booked_on"]), visit["booked_time_zone"]
    return local_instant(day, time(), zone), local_instant(day + timedelta(1), time(), zone)
