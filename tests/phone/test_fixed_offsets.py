"""What phones call their time zone, and how finely they tell the time."""

from __future__ import annotations

import pytest
from service import Client, refused

from .phones import Phone, dose, moved_to


@pytest.mark.parametrize(
    ("said", "zone"),
    [
        ("GMT+08:00", "Etc/GMT-8"),
        ("GMT-3", "Etc/GMT+3"),
        ("UTC+14", "Etc/GMT-14"),
        ("utc-0500", "Etc/GMT+5"),
        ("+05:00", "Etc/GMT-5"),
        ("Etc/GMT-8", "Etc/GMT-8"),
        ("Asia/Shanghai", "Asia/Shanghai"),
    ],
)
def test_a_fixed_offset_is_a_zone(phone: Phone, said: str, zone: str) -> None:
    assert phone.outcomes(moved_to(said, said_at=phone.now())) == ["recorded"]
    assert phone.read()["time_zone"] == zone


@pytest.mark.parametrize("said", ["GMT+05:30", "UTC+15", "+13:45", "GMT-13"])
def test_of_an_offset_that_no_zone_has_alone_the_answer_says_what_to_send(phone: Phone, said: str) -> None:
    (outcome,) = phone.sync(moved_to(said, said_at=phone.now()))["outcomes"]
    assert outcome["outcome"] == "refused"
    (error,) = outcome["problem"]["errors"]
    assert error["pointer"] == "/time_zone"
    assert "Asia/Kolkata" in error["detail"]


def test_whoever_enrols_says_it_so_too(nurse: Client) -> None:
    assert nurse.enrol(time_zone="GMT+08:00").read("")["time_zone"] == "Etc/GMT-8"
    refused(nurse.post("/v1/patients", {"time_zone": "GMT+05:30"}), 422, *FIELDS)


FIELDS = ("/protocol", "/subject_number", "/site", "/sex", "/time_zone")


@pytest.mark.parametrize("fraction", [".1", ".123456", ".123456789", ".123456789012345678"])
def test_an_instant_has_any_number_of_digits(phone: Phone, fraction: str) -> None:
    said_at = f"2024-02-19T20:00:00{fraction}+08:00"
    assert phone.outcomes(dose("2024-02-19", said_at=said_at)) == ["recorded"]
