"""The examples of the contract, carried out: what is shown is what the service takes, and what it answers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from conftest import copied
from databases import Databases
from refusal_codes import documented

from scheduler_api.api.contract import examples
from scheduler_api.api.contract.examples.refusals import CODES, NEVER_ALONE, PROBLEMS
from scheduler_api.engine.errors import CODES as ALL_CODES
from scheduler_api.reminders.outbound.keys import make
from scheduler_api.schemas.facts import FACTS

from .carrying_out import EXAMPLES, Stage

ANSWERS = Path(examples.__file__).with_name("answers.json")
pytestmark = pytest.mark.only("sqlite")


@pytest.fixture(scope="module")
def stage(
    databases: Databases, template: tuple[str, dict[str, str]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stage]:
    """A service on which examples are carried out, each as if it were new."""
    folder = tmp_path_factory.mktemp("examples")
    make(folder / "keys.json", "mailto:ward@example.org")
    with copied(databases, template, folder, private_networks="127.0.0.0/8") as service:
        yield Stage(service)


@pytest.mark.parametrize("name", [*examples.ACCEPTED, *examples.REFUSED])
def test_every_example_is_answered_as_the_contract_shows(stage: Stage, name: str, pytestconfig: pytest.Config) -> None:
    """If the answer has changed, and rightly: `make examples`."""
    answer = stage.carry_out(name)
    shown = orjson.loads(ANSWERS.read_bytes())
    if pytestconfig.getoption("record_examples"):
        order = [*examples.ACCEPTED, *examples.REFUSED]
        shown = {one: shown[one] for one in order if one in shown} | {name: answer}
        ANSWERS.write_bytes(orjson.dumps(shown, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    assert answer == shown[name]
    if name in examples.ACCEPTED:
        assert answer["status"] < 300
    elif name in CODES:
        assert name in {error["code"] for error in answer["content"]["errors"]}
        assert str(answer["status"]) in documented()[name]
    else:
        assert (answer["status"], name) in PROBLEMS


def test_every_kind_of_fact_every_code_and_every_operation_has_an_example(stage: Stage) -> None:
    kinds = {one.body["kind"] for one in examples.ACCEPTED.values() if one.operation == "record_fact"}
    assert kinds == FACTS.keys()
    assert sorted([*CODES, *NEVER_ALONE]) == list(ALL_CODES)
    shown = {one.operation for one in examples.ACCEPTED.values()}
    assert shown == {name for name, (_, path, _) in stage.calls.items() if path.startswith(("/v1/", "/fhir/"))}
    assert EXAMPLES.keys() >= set(orjson.loads(ANSWERS.read_bytes()))
