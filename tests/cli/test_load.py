"""`python -m bench.load`: synthetic patients at speed, as whole as if the service had recorded each."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from click.testing import CliRunner

from bench import load
from scheduler_api.engine.errors import Conflict
from scheduler_api.store.database.port import Store

from .conftest import Commands


@pytest.fixture(autouse=True)
def few_kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few kinds of patients and few at once, so that there are likenesses of each and several portions."""
    for name, value in (("KINDS", 5), ("SITES", 3), ("PORTION", 8)):
        monkeypatch.setattr(load, name, value)


def test_what_is_loaded_is_well_and_can_be_lived_with(run: Commands) -> None:
    loaded = CliRunner().invoke(load.main, ["23"], env={"SCHEDULER_DATABASE": run.database})
    assert (loaded.exit_code, loaded.stdout) == (0, "23 synthetic patients loaded.\n")
    assert run.ok("verify").startswith("All is well: 23 patients, ")
    assert "SYN-0000022" in run.ok("calendar", "SYN-0000022")
    assert run.ok("rebuild") == "23 patients rebuilt from the log.\n"
    run.ok("verify")


def test_it_is_loaded_once(run: Commands, store: Store) -> None:
    load.load(store, 1, datetime.now(UTC))
    with pytest.raises(Conflict) as refused:
        load.load(store, 9, datetime.now(UTC))
    assert [field_error.detail for field_error in refused.value.errors] == [
        "nct06110650 has another patient SYN-0000000."
    ]
    assert run.ok("verify").startswith("All is well: 1 patient, ")
