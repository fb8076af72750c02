"""Headers that mean nothing."""

from __future__ import annotations

import pytest
from service import Client, Patient, Service, refused

from ..inputs import NEW_FACT


@pytest.mark.parametrize("tag", ["", "1", '""', '"x"', '"-1.2024-02-20.x"', "W/", '"1', '"9999999999999999"', ","])
def test_if_match(patient: Patient, tag: str) -> None:
    refused(patient.send("dose_recorded", {"If-Match": tag}, **NEW_FACT["dose_recorded"]), 412)


@pytest.mark.parametrize("key", ["", " ", "two words", "x" * 201, "\x7f", "schlüssel"])
def test_idempotency_key(patient: Patient, key: str) -> None:
    answer = patient.send("dose_recorded", {"Idempotency-Key": key}, **NEW_FACT["dose_recorded"])
    refused(answer, 422, "/Idempotency-Key")


@pytest.mark.parametrize(
    "sent",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer x",
        "Bearer \xff",
        "Basic bjpw",
        "Token {token}",
        "{token}",
        "Bearer {token} x",
        "Bearer {token},",
        "Bearer\t{token}",
        "Bearer '{token}'",
        "BearerBearer {token}",
        "Bearer " + "x" * 50_000,
        "Bearer {TOKEN}",
        "Bearer \u0660",
        "Digest username=x",
        ", Bearer {token}",
        "Bearer {hash}",
        "Bearer {id}",
    ],
)
def test_authorization(service: Service, patient: Patient, sent: str) -> None:
    token = service.tokens["nurse"]
    row = next(row for row in service.store.rows("SELECT * FROM tokens") if row["name"] == "nurse")
    value = sent.replace("{token}", token).replace("{TOKEN}", token.swapcase())
    value = value.replace("{hash}", row["hash"]).replace("{id}", row["token_id"])
    nobody = Client(service.app, None)
    headers = {"Authorization": value.encode().decode("latin-1")}
    for method, path in (("GET", patient.path), ("POST", f"{patient.path}/facts"), ("GET", "/v1/nothing")):
        answer = nobody.send(method, path, headers=headers)
        refused(answer, 401)
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
