"""What is written is true: commands, settings, problems, kinds and statuses; links lead somewhere, examples work."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from scheduler_api.api.http.problems import TYPES
from scheduler_api.cli import main
from scheduler_api.config import Settings
from scheduler_api.engine.protocol_file.parse import read_protocol
from scheduler_api.engine.treatment.status import PATIENT_STATUSES
from scheduler_api.schemas.facts import FACTS
from scheduler_api.schemas.patients import DOSE_STATUSES, DeviationSchema
from scheduler_api.store.visits.visits import STATUSES
from scheduler_api.use_cases.session import ROLES
from scheduler_api.use_cases.sites.protocols import built_in

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("scheduler_api/**/README.md")])


def written(name: str) -> str:
    """A page's text."""
    return (ROOT / name).read_text()


def test_every_command_is_documented() -> None:
    documented = re.findall(r"^\| `([a-z-]+)` \|", written("docs/operations.md"), re.MULTILINE)
    assert sorted(documented) == sorted(main.commands)


def test_every_setting_is_documented_with_its_default() -> None:
    documented = dict(
        re.findall(r"^\| `(SCHEDULER_[A-Z_]+)` \| `(.*?)` \|", written("docs/operations.md"), re.MULTILINE)
    )
    assert documented == {f"SCHEDULER_{field.name.upper()}": str(field.default) for field in fields(Settings)}


def test_every_problem_is_documented_with_its_status() -> None:
    documented = re.findall(r"^\| (\d{3}) \| `urn:scheduler-api:([a-z-]+)` \|", written("docs/api.md"), re.MULTILINE)
    assert {int(status): name for status, name in documented} == {status: name for status, (name, _) in TYPES.items()}


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ("docs/rules.md", (*FACTS, *DOSE_STATUSES, *STATUSES, *PATIENT_STATUSES)),
        ("docs/rules.md", DeviationSchema().fields["kind"].validate.choices),  # type: ignore[union-attr]
        ("docs/api.md", ROLES),
    ],
)
def test_every_word_of_the_rules_is_explained(page: str, words: tuple[str, ...]) -> None:
    text = written(page)
    assert [word for word in words if f"`{word}`" not in text] == []


def test_every_file_of_the_engine_is_listed_in_its_folder() -> None:
    engine = ROOT / "scheduler_api/engine"
    listed, folder = [], engine
    for row in re.findall(r"^\| (.*?) \|", (engine / "README.md").read_text(), re.MULTILINE):
        names = re.findall(r"`([\w/.]+)`", row)
        if row.startswith("**"):
            folder = engine / names[0]
        else:
            listed += [folder / name for name in names]
    assert sorted(listed) == sorted(file for file in engine.rglob("*.py") if file.name != "__init__.py")


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)", page.read_text())
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_examples_of_protocols_are_some() -> None:
    examples = re.findall(r"```json\n(.*?)```", written("docs/protocols.md"), re.DOTALL)
    protocols = [read_protocol(json.loads(example)) for example in examples]
    assert [[series.name for series in protocol.series] for protocol in protocols] == [
        ["imaging"],
        ["screening", "clinic", "imaging", "call", "safety"],
        ["imaging", "hbv-dna", "pregnancy-test", "wound"],
        ["clinic", "lab"],
        ["clinic", "pembrolizumab"],
    ]


def leaves(value: Any, pointer: str) -> Iterator[str]:
    """The pointers of all values that say something a clinician would ask about."""
    if isinstance(value, dict) and (pointer.count("/") < 3 or pointer.endswith("/dose")):
        for name, inner in value.items():
            yield from leaves(inner, f"{pointer}/{name}")
    elif isinstance(value, list) and pointer in ("/regimens", "/visits", "/contraception"):
        for index, inner in enumerate(value):
            yield from leaves(inner, f"{pointer}/{index}")
    else:
        yield pointer


@pytest.mark.parametrize("protocol", built_in(), ids=lambda protocol: protocol.id)
def test_a_built_in_protocol_says_of_every_value_where_it_is_from(protocol: Any) -> None:
    names = ("/id", "/version", "/title", "/registry")
    said = set(protocol.definition["sources"])
    values = [
        pointer
        for pointer in leaves({k: v for k, v in protocol.definition.items() if k != "sources"}, "")
        if pointer not in names and not pointer.endswith(("/series", "/label", "/id", "/unit"))
    ]
    assert [pointer for pointer in values if pointer not in said] == []
