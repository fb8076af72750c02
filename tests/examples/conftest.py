"""The world of the examples: the service behind real HTTP with a clock that tests set, a phone, and a bad network."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from types import ModuleType
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import requests
from patience import PATIENCE
from service import Patient, Server, Service
from werkzeug.serving import WSGIRequestHandler, make_server

from .network import EXAMPLES, Network, load

#: The reference client.
app: ModuleType = load(EXAMPLES / "patient_app.py")


class _Quiet(WSGIRequestHandler):
    def log_request(self, *args: object) -> None:
        """Tests are quiet."""


class Served:
    """An application of this process on a free port; use it as a context."""

    def __init__(self, service: Service) -> None:
        self._service = service
        # One thread: it has one connection to the database, and closes it.
        self._server = make_server("127.0.0.1", 0, service.app, request_handler=_Quiet)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._serve)

    def _serve(self) -> None:
        self._server.serve_forever(0.02)
        self._service.store.close()

    def __enter__(self) -> Served:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class World:
    """A patient with a phone somewhere on the earth, the service, and what lies between them.

    The service and the phone share the instant; `zone` is where the phone is.
    """

    def __init__(self, service: Service, network: Network, folder: Path) -> None:
        self.service, self.network, self.folder = service, network, folder
        self.zone = "Asia/Shanghai"
        self._numbers = count(1)

    def now(self) -> datetime:
        """What the phone's clock shows."""
        return self.service.clock.now.astimezone(ZoneInfo(self.zone))

    def at(self, local: str, zone: str | None = None, *weather: str) -> None:
        """Go to a local time of the phone, in a zone; with the weather of the next requests."""
        self.zone = zone or self.zone
        instant = datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(self.zone))
        self.service.clock.set(instant.isoformat())
        self.network.then(*weather)

    def enrol(self, nurse: str = "nurse", **data: Any) -> Patient:
        """Enrol a patient and start treatment on `first_dose_on` (by default 2024-01-05; None: not yet)."""
        first = data.pop("first_dose_on", "2024-01-05")
        patient = self.service.client(nurse).enrol(**data)
        if first:
            patient.record("treatment_started", first_dose_on=first)
        return patient

    def new_subject_number(self) -> str:
        """A subject number that nobody has."""
        return f"S-{next(self._numbers)}"

    def code(self, patient: Patient) -> str:
        """A code from the nurse."""
        made = patient.client.post("/v1/activations", {"patient_id": patient.patient_id})
        assert made.status_code == 201, made.text
        return str(made.json["code"])

    def phone(self, patient: Patient | None = None) -> Any:
        """A new phone; activated if a patient is given."""
        phone = app.Phone(self.folder / f"phone-{next(self._numbers)}.json", self.now)
        if patient is not None:
            phone.activate(self.network.url, self.code(patient), "Phone")
            assert phone.look()
        return phone


class Nurse:
    """A nurse who asks the service in processes of its own, at the real time."""

    def __init__(self, url: str, token: str) -> None:
        self.url, self._staff = url, {"Authorization": f"Bearer {token}"}
        self._numbers = count(1)
        #: Where the patients are: in Shanghai, unless a day ends there while tests run.
        self.zone = "Asia/Shanghai"
        if datetime.now(ZoneInfo(self.zone)).hour >= 18:
            self.zone = "Europe/Berlin"
        #: The patients' day.
        self.today = datetime.now(ZoneInfo(self.zone)).date()

    def days_ago(self, number: int) -> str:
        """A day where the patients are."""
        return (self.today - timedelta(number)).isoformat()

    def post(self, path: str, **body: Any) -> Any:
        """Record something; the answer."""
        answer = requests.post(f"{self.url}/v1/{path}", json=body, headers=self._staff, timeout=PATIENCE)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def enrol(self) -> str:
        """Enrol a patient whose first dose was yesterday; the patient's id."""
        enrolment = {"site": "FUSCC", "protocol": "nct06110650", "sex": "male", "time_zone": self.zone}
        number, yesterday = f"R-{next(self._numbers)}", self.days_ago(1)
        patient = self.post("patients", **enrolment, subject_number=number, enrolled_on=yesterday)
        patient_id = str(patient["patient_id"])
        self.post(f"patients/{patient_id}/facts", kind="treatment_started", first_dose_on=yesterday)
        return patient_id

    def code(self, patient_id: str) -> str:
        """A code for a patient's phone."""
        return str(self.post("activations", patient_id=patient_id)["code"])

    def read(self, patient_id: str, part: str) -> list[dict[str, Any]]:
        """A list of a patient's."""
        address = f"{self.url}/v1/patients/{patient_id}/{part}?limit=200"
        answer = requests.get(address, headers=self._staff, timeout=PATIENCE)
        assert answer.status_code == 200, answer.text
        return list(answer.json()["items"])

    def doses(self, patient_id: str) -> list[tuple[str, str]]:
        """Every dose that was ever recorded, in order: day and status."""
        facts = self.read(patient_id, "facts")
        return [(fact["dose_on"], fact["status"]) for fact in facts if fact["kind"] == "dose_recorded"]

    def end_devices(self, patient_id: str) -> None:
        """End the sessions of all of a patient's devices."""
        for device in (one for one in self.read(patient_id, "devices") if one["ended_at"] is None):
            address = f"{self.url}/v1/patients/{patient_id}/devices/{device['device_id']}"
            assert requests.delete(address, headers=self._staff, timeout=PATIENCE).status_code == 204


def reopened(phone: Any) -> Any:
    """The phone after its app was killed: all it knows is in its file."""
    return app.Phone(phone.file, phone.now, phone.language)


def standing(patient: Patient) -> dict[str, str]:
    """What the record says of each day, by the history that the nurse sees: day to status."""
    facts = [fact for fact in patient.read("facts", limit=200)["items"] if fact["voided_by"] is None]
    words = [fact for fact in facts if fact["kind"] in ("dose_recorded", "dose_taken_back")]
    latest: dict[str, str | None] = {}
    # Staff's word stands before the patient's; of one side the one said last.
    for fact in sorted(words, key=lambda fact: (fact["sent"] is None, datetime.fromisoformat(fact["said_at"]))):
        latest[fact["dose_on"]] = fact.get("status")
    return {day: status for day, status in latest.items() if status}


def recorded(patient: Patient) -> list[tuple[str, str]]:
    """Every dose that was ever recorded, in order: nothing that came twice is in it twice."""
    facts = patient.read("facts", limit=200)["items"]
    return [(fact["dose_on"], fact["status"]) for fact in facts if fact["kind"] == "dose_recorded"]


@pytest.fixture(scope="module")
def real_nurse(server: Server, template: tuple[str, dict[str, str]]) -> Nurse:
    """A nurse of the service in processes of its own."""
    return Nurse(server.url, template[1]["nurse"])


@pytest.fixture(scope="module")
def shared_world(shared: Service, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The same for all examples of a generated test."""
    with Served(shared) as served, Network(served.url) as network:
        yield World(shared, network, tmp_path_factory.mktemp("phones"))


@pytest.fixture
def world(service: Service, tmp_path: Path) -> Iterator[World]:
    """The service at noon in Shanghai, 2024-02-20, and a network with fair weather."""
    with Served(service) as served, Network(served.url) as network:
        yield World(service, network, tmp_path)
