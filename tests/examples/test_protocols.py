"""The protocols in examples/: each loads, and gives every kind of patient a calendar."""

from __future__ import annotations

import json
from datetime import date, timedelta
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from engine.patients import NOW

from scheduler_api.engine.model.facts import Enrolled, Fact, Registered
from scheduler_api.engine.model.fold import fold
from scheduler_api.engine.protocol_file.parse import read_protocol
from scheduler_api.engine.views.calendar import calendar

FILES = sorted((Path(__file__).parents[2] / "examples" / "protocols").glob("*.json"))
START = date(2026, 1, 5)


def test_there_are_ten_and_each_is_listed() -> None:
    listed = (FILES[0].parent / "README.md").read_text("utf-8")
    assert len(FILES) == 10
    for path in FILES:
        assert f"[{path.name}]({path.name})" in listed


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_arm_has_doses_and_visits(path: Path) -> None:
    data: dict[str, Any] = json.loads(path.read_text("utf-8"))
    protocol = read_protocol(data)
    assert protocol.id == path.stem
    for arm, sex in product(protocol.arms or (None,), ("female", "male")):
        registered = Registered("001", "FUSCC", protocol.id, 1, sex, "fertile", None, "Asia/Shanghai", START)
        facts = [Fact("1", registered, NOW), Fact("2", Enrolled(START, START, arm), NOW)]
        document = calendar({1: protocol}, fold(facts), START, START, START + timedelta(365))
        regimens = {one.id for one in protocol.regimens}
        given = [row for row in document["visits"] if row["series"] in regimens]
        assert document["doses"] or given, (arm, sex)
        assert [row for row in document["visits"] if row["series"] not in regimens], (arm, sex)
