"""What is no JSON, or none that we read."""

from __future__ import annotations

import pytest
from service import Patient, Service, refused

DOSE = '{"kind": "dose_recorded", "dose_on": "2024-01-05", "status": "taken"%s}'
NOT_JSON: dict[str, str | bytes] = {
    "nothing": "",
    "text": "hello",
    "cut off": DOSE[:-3],
    "two documents": DOSE % "" + "{}",
    "comma at the end": DOSE % ",",
    "single quotes": (DOSE % "").replace('"', "'"),
    "a comment": DOSE % "" + "// taken",
    "NaN": DOSE % ', "amount": NaN',
    "infinity": DOSE % ', "amount": Infinity',
    "too large a number": DOSE % ', "amount": 1e400',
    "half a surrogate pair": DOSE % r', "note": "\ud800"',
    "raw NUL": DOSE % ', "note": "\0"',
    "invalid UTF-8": (DOSE % ', "note": "?"').encode().replace(b"?", b"\xff"),
    "a surrogate in UTF-8": (DOSE % ', "note": "?"').encode().replace(b"?", b"\xed\xa0\x80"),
    "UTF-16": (DOSE % "").encode("utf-16"),
    "a key twice": DOSE % ', "dose_on": "2024-01-06"',
    "a key twice further in": '{"protocol": {"id": "a", "id": "b"}}',
    "100,000 levels of lists": "[" * 100_000,
    "100,000 levels, closed": "[" * 100_000 + "]" * 100_000,
    "100,000 levels of objects": '{"a":' * 100_000 + "1" + "}" * 100_000,
}


@pytest.mark.parametrize("data", NOT_JSON.values(), ids=NOT_JSON)
@pytest.mark.parametrize("path", ["/v1/patients", "{patient}/facts", "/v1/previews", "/v1/protocols", "/v1/sites"])
def test_not_json(service: Service, patient: Patient, path: str, data: str | bytes) -> None:
    refused(service.client("admin").send("POST", path.format(patient=patient.path), data=data), 400)


@pytest.mark.parametrize("levels", [250, 300, 1000])
def test_levels_that_a_reader_can_take(service: Service, patient: Patient, levels: int) -> None:
    """No field is so deep; whoever refuses it, and where, it is a problem."""
    deep = '{"a":' * levels + "1" + "}" * levels
    admin = service.client("admin")
    for path, name in (
        (f"{patient.path}/facts", "note"),
        ("/v1/patients", "site"),
        ("/v1/protocols", "sources"),
        ("/v1/previews", "definition"),
    ):
        answer = admin.send("POST", path, data=f'{{"kind": "dose_recorded", "{name}": {deep}}}')
        assert answer.status_code in (400, 422), answer.text


@pytest.mark.parametrize("number", ["1" * 100, "-" + "1" * 5000, "-0." + "1" * 5000, "1e308", "1e-400", "-0"])
def test_numbers_beyond_measure(patient: Patient, number: str) -> None:
    """JSON has no limit for numbers; its readers have."""
    answer = patient.client.send("POST", f"{patient.path}/facts", data=DOSE % f', "amount": {number}')
    if answer.status_code == 400:
        refused(answer, 400)
    else:
        refused(answer, 422, "/amount")


@pytest.mark.parametrize(
    "kind",
    ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/xml", "json"],
)
def test_not_declared_as_json(patient: Patient, kind: str) -> None:
    data, headers = DOSE % "", {"Content-Type": kind}
    refused(patient.client.send("POST", f"{patient.path}/facts", data=data, headers=headers), 415)


def test_compressed(patient: Patient) -> None:
    headers = {"Content-Encoding": "gzip"}
    answer = patient.client.send("POST", f"{patient.path}/facts", data=b"\x1f\x8b\x08", headers=headers)
    assert answer.status_code in (400, 415)


def test_more_than_a_megabyte(patient: Patient) -> None:
    data = DOSE % f', "note": "{"x" * 10_000_000}"'
    for path in ("/v1/patients", f"{patient.path}/facts", "/v1/previews"):
        refused(patient.client.send("POST", path, data=data), 413)
