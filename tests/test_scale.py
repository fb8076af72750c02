"""What is measured at many patients is a database like any other, or its figures mean nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from databases import Databases, Postgresql

from bench import load
from bench.scale import asking
from bench.scale.filling import Postgresql as PostgresqlMade
from bench.scale.filling import Sqlite, filled
from scheduler_api.store.database.connect import connect
from scheduler_api.use_cases.projections import maintenance


def test_a_filled_database_is_well_and_has_every_index(
    databases: Databases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load, "KINDS", 5)
    empty = connect(databases.new())
    empty.migrate()
    engine = PostgresqlMade(databases.cluster) if isinstance(databases, Postgresql) else Sqlite(tmp_path)
    store = filled(engine, 23).service.store
    names = [{row["name"] for row in one.rows(engine.indexes)} for one in (empty, store)]
    assert names[0] == names[1] != set()
    assert list(maintenance.verify(store)) == []
    store.close()
    empty.close()


def test_what_is_asked_is_answered_at_both_sizes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "KINDS", 5)
    for name in ("ASKED", "LISTED"):
        monkeypatch.setattr(asking, name, 5)
    few, many = (filled(Sqlite(tmp_path), count) for count in (30, 40))
    assert {len(side) for times in asking.latencies(few, many).values() for side in times} == {5}
