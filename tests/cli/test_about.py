"""`openapi`: the contract as a file."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import requests
import yaml
from patience import PATIENCE

from .conftest import Commands
from .test_serve import COMMAND, Served


def _printed(hash_seed: str) -> str:
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    return subprocess.run([*COMMAND, "openapi"], env=environment, capture_output=True, text=True, check=True).stdout


# Nothing of it is asked of a database.
@pytest.mark.only("sqlite")
def test_the_contract_is_the_same_every_time_and_the_one_that_is_served(run: Commands) -> None:
    printed = _printed("1")
    assert printed == _printed("2")
    contract = yaml.safe_load(printed)
    assert list(contract)[:2] == ["openapi", "info"]
    assert contract["openapi"] == "3.1.0"
    with Served(run.database, "--workers", "1") as served:
        assert requests.get(f"{served.url}/openapi.json", timeout=PATIENCE).json() == contract


def test_the_contract_needs_neither_database_nor_settings(file: Commands) -> None:
    assert file.ok("openapi").startswith("openapi: 3.1.0\n")
    assert file("openapi", SCHEDULER_LOG_LEVEL="nonsense").exit_code == 0
    assert not Path(file.database).parent.exists()


def test_texts_of_several_lines_are_written_as_such(file: Commands) -> None:
    printed = file.ok("openapi")
    assert "\\n" not in printed
    assert not [line for line in printed.splitlines() if line.lstrip().startswith(("&", "*"))]


def test_start_up_of_a_command_loads_no_server_and_no_web_framework() -> None:
    code = (
        "import sys, scheduler_api.cli; print([name for name in ('flask', 'granian', 'rich') if name in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout == "[]\n"
