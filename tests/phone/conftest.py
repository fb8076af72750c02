"""A patient under treatment, the phone that the nurse's code activated, and readers of calendar feeds."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from service import Patient, Service

from .phones import Phone

JS = Path(__file__).parent / "js"


@pytest.fixture
def phone(service: Service, patient: Patient) -> Phone:
    """The patient's phone."""
    return Phone(service, patient)


@pytest.fixture(scope="session")
def read_by_ical_js() -> Callable[..., list[list[dict[str, Any]]]]:
    """Reads iCalendar documents with ical.js, in the node of this environment; the events of each."""
    locked, installed = JS / "package-lock.json", JS / "node_modules" / ".package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < locked.stat().st_mtime:
        _run("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")

    def read(*documents: bytes) -> list[list[dict[str, Any]]]:
        return list(json.loads(_run("node", "read.js", said=json.dumps([text.decode() for text in documents]))))

    return read


def _run(program: str, *arguments: str, said: str = "") -> str:
    """Run node or npm in the folder `js`; what it writes."""
    command = [Path(sys.executable).with_name(program), *arguments]
    done = subprocess.run(command, cwd=JS, input=said, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
