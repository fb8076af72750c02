"""Years of patients who travel: each hears exactly what a plain loop over the hours says."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from conftest import copied
from databases import Databases
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from service import Service

from .lives import BEGIN, HOURS, Life, add_two_drugs, live_through, told
from .plain import TWO_DRUGS

# What is called for is computed above the database; that planned rows are kept alike is tested on both.
pytestmark = pytest.mark.only("sqlite")
HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a service keeps its keys."""
    return tmp_path_factory.mktemp("year")


def test_a_year_of_29_patients(service: Service) -> None:
    live_through(service, [Life(service, number) for number in range(29)])
    kinds = Counter(kind for _, kind, _ in told(service))
    assert len(kinds) == 11
    assert min(kinds.values()) > 3
    digests = service.store.rows("SELECT site, about FROM outbox WHERE kind = 'digest'")
    assert len(digests) == len({(row["site"], row["about"]) for row in digests}) == 2 * 366


@settings(max_examples=2, phases=[Phase.generate])
@given(seed=st.integers(29, 10**6), outages=st.lists(st.tuples(st.integers(0, HOURS), st.integers(1, 170)), max_size=5))
def test_any_year_with_outages(
    databases: Databases, template: tuple[str, dict[str, str]], folder: Path, seed: int, outages: list[tuple[int, int]]
) -> None:
    """Of each planned dose the plain loop tells once, or not at all: only at night, or once it is too late."""
    hours = [(BEGIN + first * HOUR, BEGIN + (first + length) * HOUR) for first, length in outages]
    with copied(databases, template, folder) as service:
        two_drugs = add_two_drugs(service)
        live_through(service, [Life(service, seed, 0.5), Life(service, seed + 1, 0.5, two_drugs, TWO_DRUGS)], hours)
