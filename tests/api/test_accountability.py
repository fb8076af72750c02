"""`/v1/patients/{id}/accountability`: who reads it, as JSON and CSV; what recording answers; the worklist."""

from __future__ import annotations

import csv
import io

import pytest
from service import Client, Patient, Service, refused

# What is above the database is the same on either.
pytestmark = pytest.mark.only("sqlite")


def test_a_return_is_compared_with_the_diary(counted: Patient) -> None:
    """60 − 12 back = 48 capsules, 2400 mg; by the diary 5 × 300 mg; planned 7 × 300 mg."""
    dry = counted.send("drug_returned", on="2024-01-12", units={"50": 12}, dry_run=True)
    assert counted.read("accountability")["items"][0]["left"] == {"50": 30}
    answer = counted.record("drug_returned", on="2024-01-12", units={"50": 12})
    assert dry.json["consequences"] == answer["consequences"]
    assert [(one["code"], one["records"]) for one in answer["warnings"]] == [
        ("drug_count_differs", [{"kind": "drug_returned", "on": "2024-01-12"}])
    ]
    assert answer["consequences"][0]["after"]["difference"] == 900
    assert answer["deviations"] == []
    (row,) = counted.read("accountability")["items"]
    assert (row["used_amount"], row["taken_amount"], row["planned_amount"]) == (2400, 1500, 2100)
    assert (row["compliance"], row["agrees"], row["left"]) == (1.1429, False, None)


def test_it_is_read_as_csv(counted: Patient) -> None:
    counted.record("drug_returned", on="2024-01-12", units={"50": 24}, lost={"50": 6})
    text = counted.client.get(f"/v1/patients/{counted.patient_id}/accountability", headers={"Accept": "text/csv"}).text
    (row,) = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))
    assert (row["dispensed"], row["returned"], row["lost"], row["left"]) == ("50=60", "50=24", "50=6", "")
    assert (row["from_on"], row["returned_on"], row["used_amount"], row["agrees"]) == (
        "2024-01-05",
        "2024-01-12",
        "1500",
        "true",
    )
    facts = counted.client.get(f"/v1/patients/{counted.patient_id}/facts", headers={"Accept": "text/csv"}).text
    *_, fact = csv.DictReader(io.StringIO(facts.removeprefix("\ufeff")))
    assert (fact["units"], fact["lost"]) == ("50=24", "50=6")


def test_the_worklist_asks_until_the_diary_is_corrected_or_it_is_acknowledged(counted: Patient, nurse: Client) -> None:
    counted.record("drug_returned", on="2024-01-12", units={"50": 12})

    def asked() -> list[str]:
        items = nurse.get("/v1/worklist", limit=200).json["items"]
        return [one["entry_id"] for one in items if one["kind"] == "drug_count_differs"]

    (entry,) = asked()
    counted.record("dose_recorded", dose_on="2024-01-10", status="taken")
    counted.record("dose_recorded", dose_on="2024-01-11", status="taken")
    # 2100 mg by the diary, 2400 by the count: a day's doses.
    assert asked() == []
    taken_back = counted.record("dose_recorded", dose_on="2024-01-11", status="missed")
    assert "drug count from 2024-01-05" in [one["what"] for one in taken_back["consequences"]]
    assert asked() == [entry]
    said = nurse.send(
        "PUT", f"/v1/worklist/{entry}/acknowledgement", {"note": "A bottle was left on a train", "until": None}
    )
    assert said.status_code == 200, said.text
    assert asked() == []


def test_what_cannot_be_is_refused(service: Service, counted: Patient) -> None:
    with service.unchanged():
        refused(counted.send("drug_returned", on="2024-01-12", units={"50": 61}), 409, "/units")
        refused(counted.send("drug_returned", on="2024-01-12", units={"50": -1}), 422, "/units/50")
        refused(counted.send("drug_returned", on="2024-01-12", units={"75": 1}), 422, "/units/75")
        refused(counted.send("drug_dispensed", on="2024-01-12", units={}), 422, "/units")
        refused(counted.send("drug_dispensed", on="2024-01-12", units={"50": 0}), 422, "/units/50")
        refused(counted.send("drug_dispensed", on="2024-01-02", units={"50": 1}), 422, "/on")
        refused(counted.send("drug_lost", on="2024-01-12", units=[50]), 422, "/units")


def test_another_site_does_not_read_it(counted: Patient, service: Service) -> None:
    path = f"/v1/patients/{counted.patient_id}/accountability"
    assert service.client("elsewhere").get(path).status_code == 404
