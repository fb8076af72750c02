"""What `/metrics` tells of requests, whichever process answered them."""

from __future__ import annotations

import pytest
from prometheus_client.parser import text_string_to_metric_families
from service import Client, Service

from scheduler_api.records.served import Served
from scheduler_api.store.port import Busy

NAME = "scheduler_request_seconds"
PATIENT = "/v1/patients/<string:patient_id>"


def counted(client: Client, part: str = "count") -> dict[tuple[str, ...], float]:
    """How many requests came (or another part of the histogram), by route, method and class of status."""
    families = text_string_to_metric_families(client.get("/metrics").text)
    samples = [sample for family in families for sample in family.samples if sample.name == f"{NAME}_{part}"]
    return {tuple(sample.labels[name] for name in ("route", "method", "status")): sample.value for sample in samples}


def test_requests_are_counted_by_rule_method_and_status(service: Service) -> None:
    nurse = service.client("nurse")
    patient = nurse.enrol()
    assert patient.get().status_code == 200
    assert patient.get("calendar").status_code == 200
    again = patient.get("calendar", {"If-None-Match": patient.get("calendar").headers["ETag"]})
    assert again.status_code == 304
    assert nurse.get("/v1/nothing").status_code == 404
    assert nurse.send("BREW", "/v1/sites").status_code == 405
    told = counted(nurse)
    assert told == {
        ("/v1/patients", "POST", "2xx"): 1,
        (PATIENT, "GET", "2xx"): 1,
        (f"{PATIENT}/calendar", "GET", "2xx"): 2,
        (f"{PATIENT}/calendar", "GET", "3xx"): 1,
        ("", "GET", "4xx"): 1,
        ("", "other", "4xx"): 1,
    }
    assert counted(nurse)["/metrics", "GET", "2xx"] == 1


def test_how_long_answers_took_adds_up(service: Service) -> None:
    served: Served = service.app.extensions["scheduler"].served
    for seconds in (0.0005, 0.001, 0.04, 60):
        served.add("/v1/sites", "GET", 200, seconds)
    families = text_string_to_metric_families(service.client("").get("/metrics").text)
    (histogram,) = (family for family in families if family.name == NAME)
    told = {sample.labels["le"]: sample.value for sample in histogram.samples if "le" in sample.labels}
    assert [told[bound] for bound in ("0.001", "0.025", "0.05", "10.0", "+Inf")] == [2, 2, 3, 3, 4]
    assert counted(service.client(""), "sum")["/v1/sites", "GET", "2xx"] == pytest.approx(60.0415)


def test_what_one_process_answered_another_tells(service: Service) -> None:
    other = Service(service.database, service.tokens)
    for each in (service, service, other):
        assert each.client("nurse").get("/v1/sites").status_code == 200
    service.close()
    assert counted(other.client(""))["/v1/sites", "GET", "2xx"] == 3
    other.close()


def test_what_cannot_be_told_now_is_told_later(service: Service) -> None:
    served: Served = service.app.extensions["scheduler"].served
    assert service.client("nurse").get("/v1/sites").status_code == 200
    with service.held(), pytest.raises(Busy):
        served.tell()
    assert service.client("nurse").get("/v1/sites").status_code == 200
    assert counted(service.client(""))["/v1/sites", "GET", "2xx"] == 2


def test_as_many_as_were_answered_at_once_are_counted(service: Service) -> None:
    nurse = service.client("nurse")
    answers = service.at_once(*[lambda: service.client("nurse").get("/v1/sites").status_code] * 8)
    assert answers == [200] * 8
    assert counted(nurse)["/v1/sites", "GET", "2xx"] == 8
