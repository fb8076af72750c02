"""Nobody asks so often that others have to wait."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from service import Client, Service, refused

from scheduler_api.use_cases.operations.rates import Rates


class Limits:
    """The service with limits of 5 requests a minute by a token and 100 by an address."""

    def __init__(self, service: Service, limited: Service) -> None:
        self.service, self.app, self.store = service, limited.app, limited.store
        service.clock.set("2024-02-20T12:00:15+08:00")

    def ask(self, name: str, address: str = "192.0.2.1", path: str = "/v1/sites", **headers: str) -> Any:
        """Ask for something as one of the staff, from an address."""
        client = Client(self.app, self.service.tokens.get(name, name))
        return client.get(path, {"X-Forwarded-For": address, **headers})

    def statuses(self, times: int, *args: str, **more: str) -> list[int]:
        """What comes of asking so often."""
        return [self.ask(*args, **more).status_code for _ in range(times)]


@pytest.fixture
def limits(service: Service) -> Iterator[Limits]:
    """The service with low limits."""
    with service.beside(rate_per_token=5, rate_per_address=100, trusted_proxies=1) as limited:
        yield Limits(service, limited)


def test_a_token_has_so_many_requests_a_minute(limits: Limits) -> None:
    assert limits.statuses(6, "nurse") == [200] * 5 + [429]
    answer = limits.ask("nurse", "192.0.2.2")
    refused(answer, 429)
    assert answer.headers["Retry-After"] == "45"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    # Others are not held up, and neither is the same in the next minute.
    assert limits.ask("admin").status_code == 200
    limits.service.clock.now += timedelta(seconds=45)
    assert limits.statuses(6, "nurse", "192.0.2.3") == [200] * 5 + [429]


def test_a_token_is_the_same_however_its_header_is_written(limits: Limits) -> None:
    token = limits.service.tokens["nurse"]
    written = [f"{scheme} {token}" for scheme in ("Bearer", "bearer", "BEARER", "Bearer ", "bEaReR", "Bearer  ")]
    client = Client(limits.app, None)
    found = [client.get("/v1/sites", {"Authorization": one, "X-Forwarded-For": "192.0.2.1"}) for one in written]
    assert [answer.status_code for answer in found] == [200] * 5 + [429]


def test_an_address_has_so_many_whatever_tokens_it_shows(service: Service, limits: Limits) -> None:
    tokens = [service.token("nurse", [], str(number)) for number in range(21)]
    assert [limits.ask(token, "192.0.2.9").status_code for token in tokens for _ in range(5)] == [200] * 100 + [429] * 5


def test_who_makes_tokens_up_has_fewer(limits: Limits) -> None:
    """Each counts as twenty."""
    made_up = [limits.ask(f"sch_{number}").status_code for number in range(7)]
    assert made_up == [401] * 5 + [429] * 2
    assert limits.ask("nurse").status_code == 429
    assert limits.ask("nurse", "192.0.2.2").status_code == 200
    # What comes too often is not even noted: the audit grows no faster than the limit.
    assert len(limits.store.rows("SELECT 1 FROM audit WHERE action = 'refused'")) == 5


def test_a_household_of_ipv6_is_one_address(limits: Limits) -> None:
    found = [limits.ask(f"sch_{n}", f"2001:db8:0:1::{n:x}").status_code for n in range(1, 7)]
    assert found == [401] * 5 + [429]
    assert limits.ask("nurse", "2001:db8:0:2::1").status_code == 200


def test_what_is_answered_before_flask_is_limited_too(limits: Limits) -> None:
    patient = Client(limits.service.app, limits.service.tokens["nurse"]).enrol()
    assert limits.statuses(6, "nurse", path=f"{patient.path}/calendar") == [200] * 5 + [429]


def test_who_watches_the_service_is_not_limited(limits: Limits) -> None:
    assert limits.statuses(12, "", path="/healthz") == [200] * 12


def test_processes_tell_each_other(service: Service) -> None:
    one, other = Rates(service.store), Rates(service.store)
    now = int(service.clock.now.timestamp())
    assert [one.hit("often", 100, now) for _ in range(60)] == [0] * 60
    assert [other.hit("often", 100, now) for _ in range(60)] == [0] * 60
    assert one.hit("seldom", 100, now) == 0
    for rates in (one, other, one, other):
        rates.share()
    assert one.hit("often", 100, now) > 0
    assert other.hit("often", 100, now) > 0
    assert other.hit("seldom", 100, now) == 0
    # Only who comes often is told of, under a hash.
    (row,) = service.store.rows("SELECT * FROM rates")
    assert (len(row["sender"]), row["requests"]) == (64, 120)
    assert one.hit("often", 100, now + 60) == 0
    for _ in range(20):
        one.hit("often", 100, now + 120)
    one.share()
    assert [row["requests"] for row in service.store.rows("SELECT * FROM rates")] == [20]
    for rates in (one, other):
        rates.close()


def test_no_limit_is_a_setting(service: Service) -> None:
    assert (service.settings.rate_per_token, service.settings.rate_per_address) == (0, 0)
    client = service.client("nurse")
    assert {client.get("/v1/sites").status_code for _ in range(50)} == {200}


class TestHeaders:
    """Every answer says how little may be done with it."""

    @pytest.mark.parametrize("path", ["/v1/sites", "/v1/nowhere", "/healthz", "/docs", "/openapi.json", "/v1/visits"])
    def test_every_answer(self, limits: Limits, path: str) -> None:
        answer = limits.ask("nurse", path=path)
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert "camera=()" in answer.headers["Permissions-Policy"]
        (policy,) = answer.headers.getlist("Content-Security-Policy")
        assert policy.startswith("default-src 'none'")
        assert "frame-ancestors 'none'" in policy
        assert "Strict-Transport-Security" not in answer.headers

    def test_behind_tls_browsers_are_told_to_stay_there(self, limits: Limits) -> None:
        patient = Client(limits.service.app, limits.service.tokens["nurse"]).enrol()
        for path in ("/v1/sites", f"{patient.path}/calendar", "/v1/nowhere"):
            answer = limits.ask("nurse", path=path, **{"X-Forwarded-Proto": "https"})
            assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"

    def test_health_data_is_kept_by_nobody_else(self, limits: Limits) -> None:
        patient = Client(limits.service.app, limits.service.tokens["nurse"]).enrol()
        for path in (patient.path, f"{patient.path}/calendar", "/v1/patients"):
            assert "private" in limits.ask("nurse", path=path).headers["Cache-Control"]
