"""A phone's requests in process against a trivial endpoint of Flask called the same way."""

from __future__ import annotations

from pathlib import Path

from werkzeug.test import EnvironBuilder

from .measure import Figure, ratio
from .requests import REFERENCE
from .service import Service, call, logging_to_nowhere, trivial


def figures(folder: Path) -> list[Figure]:
    """The one screen of a phone, that it has not changed, and its size."""
    service, least = Service(folder, "phones"), trivial()
    nothing, patient_id = service.get("/"), service.add_two_year_patient()
    headers = {
        "Authorization": f"Bearer {service.phone_of(patient_id)}",
        "Accept-Language": "en-GB, en;q=0.9",
        "Accept-Encoding": "gzip, br",
    }
    plain = EnvironBuilder("/v1/me/today", headers=headers).get_environ()
    with logging_to_nowhere():
        seen, body = call(service.app, plain)
        tag = {"If-None-Match": dict(seen)["ETag"]}
        again = EnvironBuilder("/v1/me/today", headers={**headers, **tag}).get_environ()
        return [
            Figure(
                "Today on a phone",
                "`GET /v1/me/today` of the two-year patient: token, patient, reckoning, JSON",
                REFERENCE,
                ratio(lambda: call(service.app, plain), lambda: call(least, nothing)),
                2.0,
            ),
            Figure(
                "Today, not modified",
                "the same with `If-None-Match`: 304",
                REFERENCE,
                ratio(lambda: call(service.app, again, "304 NOT MODIFIED"), lambda: call(least, nothing)),
                1.5,
            ),
            Figure("Size of today", "the body of that answer", "bytes", len(body), 1000, "bytes"),
        ]
