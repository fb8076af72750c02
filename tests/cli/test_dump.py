"""The tools of PostgreSQL make backups of our databases too, and what they restore is whole and guarded."""

from __future__ import annotations

import subprocess
from pathlib import Path

import psycopg
import pytest
from databases import Postgresql

from .conftest import Commands


@pytest.mark.only("postgresql")
def test_what_is_dumped_and_restored_is_well(databases: Postgresql, run_samples: Commands, tmp_path: Path) -> None:
    programs, file = databases.cluster.programs, tmp_path / "scheduler.dump"
    subprocess.run([programs / "pg_dump", "--format=custom", f"--file={file}", run_samples.database], check=True)
    restored = Commands(databases.new())
    subprocess.run([programs / "pg_restore", "--exit-on-error", f"--dbname={restored.database}", file], check=True)
    assert restored.ok("verify") == run_samples.ok("verify")
    assert restored.ok("init").endswith(": nothing to do\n")
    with databases.raw(restored.database) as raw, pytest.raises(psycopg.errors.RaiseException, match="append-only"):
        raw.execute("DELETE FROM facts")
    databases.drop(restored.database)
