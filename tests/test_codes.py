"""Codes of refusals: each comes from where the refusal is made, and docs/api.md and the contract list them all."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from refusal_codes import documented
from service import Client, Patient

from scheduler_api.engine.errors import CODES

ROOT = Path(__file__).parent.parent
#: The status of a refusal made by each of these.
STATUSES = {"ValidationFailed": "422", "Conflict": "409"}


def made(node: ast.AST, status: str | None = None) -> Iterator[tuple[ast.Call, str | None]]:
    """Every `FieldError(…)` of some code, with the status where it is made right inside the refusal."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        if node.func.id == "FieldError":
            yield node, status
        status = STATUSES.get(node.func.id, status)
        if node.func.id == "Problem" and isinstance(node.args[0], ast.Constant):
            status = str(node.args[0].value)
    for child in ast.iter_child_nodes(node):
        yield from made(child, status)


def test_every_refusal_has_a_code_that_is_documented_with_its_status() -> None:
    told, used = documented(), set()
    for file in sorted((ROOT / "scheduler_api").rglob("*.py")):
        for call, status in made(ast.parse(file.read_text("utf-8"))):
            code = call.args[2] if len(call.args) > 2 else None
            if isinstance(code, ast.Constant):
                used.add(code.value)
                assert status is None or status in told[code.value], (file.name, call.lineno, code.value, status)
    assert list(told) == sorted(CODES) == list(CODES)
    # Those that come with a name of their own, and the one for what has none.
    assert set(CODES) - used <= {
        *("impossible", "not_a_level", "not_dispensable", "above_previous", "missing", "unknown_field"),
    }
    assert used <= set(CODES)


@pytest.mark.only("sqlite")
def test_the_contract_lists_the_codes(nurse: Client) -> None:
    schema = nurse.get("/openapi.json").json["components"]["schemas"]["FieldError"]
    assert schema["properties"]["code"]["enum"] == list(CODES)
    assert "code" in schema["required"]


@pytest.mark.only("sqlite")
def test_a_refusal_says_its_code(patient: Patient) -> None:
    facts = f"/v1/patients/{patient.patient_id}/facts"
    change = {"kind": "dose_changed", "from_on": "2024-02-10", "reason": "toxicity"}
    cases: list[tuple[dict[str, object], list[tuple[str, str]]]] = [
        ({"kind": "dose_recorded"}, [("/dose_on", "missing"), ("/status", "missing")]),
        ({"kind": "dose_recorded", "dose_on": "2024-02-30", "status": "taken"}, [("/dose_on", "malformed")]),
        (
            {"kind": "dose_recorded", "dose_on": "2024-02-10", "status": "taken", "colour": "red"},
            [("/colour", "unknown_field")],
        ),
        ({"kind": "dose_recorded", "dose_on": "2030-01-01", "status": "missed"}, [("/dose_on", "after_today")]),
        ({"kind": "treatment_started", "first_dose_on": "2024-01-06"}, [("/kind", "on_record")]),
        ({**change, "amount": 600}, [("/amount", "above_highest")]),
        ({**change, "amount": 30}, []),
        ({"kind": "voided", "voids": "f-1", "reason": "typo"}, [("/voids", "not_found")]),
    ]
    for body, expected in cases:
        problem = patient.client.post(facts, body).json
        found = sorted((error["pointer"], error["code"]) for error in problem["errors"])
        if expected:
            assert found == expected, body
        else:
            assert problem["code"] == "needs_confirmation"
            assert found == [("/confirmed", "not_a_level"), ("/confirmed", "not_dispensable")]
