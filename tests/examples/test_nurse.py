"""docs/nurse.md, carried out: its commands are run by bash and curl, in one shell, and the answers are as written."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import SAMPLED_ON, copied
from databases import Databases
from patience import PATIENCE

from scheduler_api.use_cases.projections import maintenance

from .conftest import Served
from .network import EXAMPLES
from .pages import Shown, document_of

PAGE = EXAMPLES.parent / "docs" / "nurse.md"
#: Commands, and the answer shown below them; those without one print nothing.
STEPS = re.compile(r"^```sh\n(.*?)^```$(?:\n\n```(json|text)\n(.*?)^```$)?", re.MULTILINE | re.DOTALL)


@pytest.fixture
def desk(databases: Databases, sampled: tuple[str, dict[str, str]], tmp_path: Path) -> Iterator[dict[str, str]]:
    """The service with the sample patients, at eight in the morning; what the page's commands find it by."""
    with copied(databases, sampled, tmp_path) as service:
        service.clock.set(f"{SAMPLED_ON}T08:00:00+08:00")
        maintenance.extend_horizons(service.store, service.clock())
        with Served(service) as served:
            yield {"URL": served.url, "TOKEN": service.tokens["nurse"]}


def printed(commands: list[str], environment: dict[str, str], folder: Path) -> list[str]:
    """What each of some commands of one shell prints."""
    script = "".join(f"{command}\nprintf '\\0'\n" for command in commands)
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        env={"PATH": os.environ["PATH"], "HOME": str(folder), **environment},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout.split("\0")[:-1]


# Loading the samples takes longest; what they are on either engine is shown elsewhere.
@pytest.mark.only("sqlite")
def test_the_day_of_a_nurse_is_true(desk: dict[str, str], tmp_path: Path) -> None:
    steps = STEPS.findall(PAGE.read_text("utf-8"))
    assert len(steps) > 15
    page = Shown()
    real = printed([command for command, _, _ in steps], desk, tmp_path)
    for (command, language, written), answer in zip(steps, real, strict=True):
        if language == "json":
            document = document_of(answer)
            assert page.meant(document_of(written), document) == document, command
        else:
            assert page.meant(written, answer) == answer, command
