"""One service for each file: a new one costs seconds, and patients do not get in each other's way."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from identity_provider import Provider
from service import Client, Patient, Service, end

from .elsewhere import ANSWER, AUDIENCE, app_of, visitor_of
from .reading import Visitor

_NUMBERS = count(1)


@pytest.fixture(scope="module")
def service(shared: Service) -> Service:
    """The application around a database with the built-ins; it is noon in Shanghai on 2024-02-20."""
    return shared


@pytest.fixture
def visitor(service: Service) -> Visitor:
    """The nurse of FUSCC at a browser."""
    return Visitor(service, "nurse")


@pytest.fixture
def patient(nurse: Client) -> Patient:
    """A patient enrolled 2024-01-03, first dose 2024-01-05, with a number that nobody else has."""
    patient = nurse.enrol(subject_number=f"S-{next(_NUMBERS):02}")
    patient.record("treatment_started", first_dose_on="2024-01-05")
    return patient


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    """A provider on a port of its own."""
    provider = Provider()
    provider.back = f"http://localhost{ANSWER}"
    yield provider
    provider.close()


@pytest.fixture(scope="module")
def app(service: Service, provider: Provider) -> Iterator[Any]:
    """The service with that provider."""
    app = app_of(service, provider)
    yield app
    end(app)


@pytest.fixture
def browser(app: Any, service: Service, provider: Provider) -> Visitor:
    """A browser of a nurse of FUSCC, who has an account at the provider; its tokens are good for five minutes."""
    now = int(service.clock.now.timestamp())
    provider.down, provider.signed_in, provider.identity = False, True, {}
    provider.claims = {"iss": provider.issuer, "aud": AUDIENCE, "sub": "6f1a", "iat": now, "exp": now + 300}
    provider.claims |= {"roles": ["nurse"], "sites": ["FUSCC"], "name": "Nurse Wang"}
    return visitor_of(app, service)
