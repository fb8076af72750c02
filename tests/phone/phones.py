"""Patients' phones as tests see them: activated with a nurse's code, and kept in with their tokens."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

from service import Patient, Service
from werkzeug.test import TestResponse

_numbers = count(1)


def new_code(patient: Patient) -> str:
    """A one-time code that the nurse makes for a patient."""
    answer = patient.client.post("/v1/activations", {"patient_id": patient.patient_id})
    assert answer.status_code == 201, answer.text
    return str(answer.json["code"])


def try_code(service: Service, code: str, address: str = "203.0.113.5", name: str = "Redmi 12") -> TestResponse:
    """Send a code from an address, whatever comes of it."""
    body = json.dumps({"code": code, "device_name": name})
    return service.app.test_client().post(
        "/v1/activate", data=body, content_type="application/json", environ_overrides={"REMOTE_ADDR": address}
    )


def try_refresh(service: Service, token: str) -> TestResponse:
    """Ask for a new pair of tokens, whatever comes of it."""
    return service.client("").post("/v1/token", {"refresh_token": token})


def history(patient: Patient) -> list[dict[str, Any]]:
    """All facts of a patient, in order."""
    page = patient.read("facts", limit=200)
    facts = list(page["items"])
    while page["next_cursor"]:
        page = patient.read("facts", limit=200, cursor=page["next_cursor"])
        facts += page["items"]
    return facts


def dose(dose_on: str, status: str = "taken", *, said_at: str, client_id: str = "", **data: Any) -> dict[str, Any]:
    """A day recorded while offline: 300 mg taken, unless something else is said."""
    if status == "taken":
        data.setdefault("amount", 300)
    return _queued("dose_recorded", client_id, said_at, dose_id=dose_on, status=status, **data)


def taken_back(dose_on: str, *, said_at: str, client_id: str = "") -> dict[str, Any]:
    """A day's record taken back while offline."""
    return _queued("dose_taken_back", client_id, said_at, dose_id=dose_on)


def moved_to(time_zone: str, *, said_at: str, client_id: str = "") -> dict[str, Any]:
    """The patient lives by another time zone."""
    return _queued("time_zone_changed", client_id, said_at, time_zone=time_zone)


def _queued(kind: str, client_id: str, said_at: str, **data: Any) -> dict[str, Any]:
    return {"client_id": client_id or f"c-{next(_numbers)}", "kind": kind, "said_at": said_at, **data}


class Phone:
    """A phone of a patient. It gets a new access token by itself when the old one has gone by."""

    def __init__(self, service: Service, patient: Patient, name: str = "Redmi 12") -> None:
        self.service, self.patient = service, patient
        answer = try_code(service, new_code(patient), name=name)
        assert answer.status_code == 200, answer.text
        self.cursor = 0
        self.zone = "Asia/Shanghai"
        self._keep(answer.json)

    def _keep(self, given: Any) -> None:
        self.access, self.refresh, self.device_id = given["access_token"], given["refresh_token"], given["device_id"]
        self._expires_at = datetime.fromisoformat(given["expires_at"])
        self._client = self.service.client(self.access)

    def renew(self) -> None:
        """Get a new pair of tokens."""
        answer = try_refresh(self.service, self.refresh)
        assert answer.status_code == 200, answer.text
        self._keep(answer.json)

    def send(self, method: str, path: str, body: Any = None, **options: Any) -> TestResponse:
        """Send a request below `/v1/me`, whatever comes of it."""
        if self.service.clock.now + timedelta(seconds=1) >= self._expires_at:
            self.renew()
        return self._client.send(method, f"/v1/me/{path}", body, **options)

    def get(self, path: str, headers: Mapping[str, str] | None = None, **query: Any) -> TestResponse:
        """GET; a query's `from` is written `from_`."""
        return self.send("GET", path, headers=headers, query={name.rstrip("_"): query[name] for name in query})

    def read(self, path: str = "today", language: str = "en", **query: Any) -> Any:
        """What a GET answers."""
        answer = self.get(path, {"Accept-Language": language}, **query)
        assert answer.status_code == 200, answer.text
        return answer.json

    def now(self) -> str:
        """The present by the phone's clock, which is right."""
        return self.service.clock.now.astimezone(ZoneInfo(self.zone)).isoformat()

    def record(self, dose_on: str, status: str = "taken", **data: Any) -> TestResponse:
        """Record a day, whatever comes of it: 300 mg taken now, unless something else is said."""
        if status == "taken":
            data.setdefault("amount", 300)
        return self.send(
            "PUT", f"doses/{dose_on}", {"status": status, "said_at": self.now(), "sent_at": self.now(), **data}
        )

    def take_back(self, dose_on: str, said_at: str = "") -> TestResponse:
        """Take a day's record back, whatever comes of it."""
        query = {"said_at": said_at or self.now(), "sent_at": self.now()}
        return self.send("DELETE", f"doses/{dose_on}", query=query)

    def sync(self, *facts: dict[str, Any], cursor: int | None = None, sent_at: str = "") -> Any:
        """Send what was queued, and go on from the new cursor; the answer."""
        sent_from = self.cursor if cursor is None else cursor
        body = {"cursor": sent_from, "sent_at": sent_at or self.now(), "facts": list(facts)}
        answer = self.send("POST", "sync", body)
        assert answer.status_code == 200, answer.text
        self.cursor = answer.json["cursor"]
        return answer.json

    def outcomes(self, *facts: dict[str, Any]) -> list[str]:
        """What came of each fact that was queued, in a word."""
        return [outcome["outcome"] for outcome in self.sync(*facts)["outcomes"]]

    def status_of(self, dose_on: str) -> Any:
        """How a day stands in the calendar; None if it is no dose day."""
        rows = self.read("calendar", from_=dose_on, to=dose_on)["doses"]
        return rows[0]["status"] if rows else None
