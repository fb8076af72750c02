"""Requests in process against a trivial endpoint of Flask called the same way: no network hides the cost."""

from __future__ import annotations

from pathlib import Path

import orjson

from .measure import Figure, ratio
from .service import Service, call, logging_to_nowhere, trivial

REFERENCE = 'a trivial Flask endpoint that answers `{"status": "ok"}`'


def figures(folder: Path) -> list[Figure]:
    """Reading a calendar, hearing that it has not changed, and recording a dose."""
    service, least = Service(folder), trivial()
    nothing = service.get("/")
    with logging_to_nowhere():
        found = []
        for whom, patient_id in (
            ("mid-trial", service.add_mid_trial_patient()),
            ("two-year", service.add_two_year_patient()),
        ):
            path = f"/v1/patients/{patient_id}/calendar"
            plain = service.get(path)
            headers, body = call(service.app, plain)
            again = service.get(path, **{"If-None-Match": dict(headers)["ETag"]})
            days = len(orjson.loads(body)["doses"])
            what = f"`GET …/calendar` of the {whom} patient: {days} dose days, {len(body):,} bytes"
            found.append(
                Figure(
                    f"Calendar, {whom} patient",
                    what,
                    REFERENCE,
                    ratio(lambda p=plain: call(service.app, p), lambda: call(least, nothing)),  # type: ignore[misc]
                    5,
                )
            )
            compressed = service.get(path, **{"Accept-Encoding": "gzip"})
            found.append(
                Figure(
                    f"… compressed, {whom} patient",
                    "the same for a client that takes gzip, as browsers do: by Flask, then compressed",
                    REFERENCE,
                    ratio(lambda c=compressed: call(service.app, c), lambda: call(least, nothing)),  # type: ignore[misc]
                )
            )
            found.append(
                Figure(
                    f"Not modified, {whom} patient",
                    "the same with `If-None-Match`: 304",
                    REFERENCE,
                    ratio(
                        lambda a=again: call(service.app, a, "304 NOT MODIFIED"),  # type: ignore[misc]
                        lambda: call(least, nothing),
                    ),
                    1.6,
                )
            )
    return found
