"""From when a site may enrol into a version of a protocol: ethics committees approve by site."""

from __future__ import annotations

from collections.abc import Iterator

from ..dialect import Dialect

#: `approved_on` is null once an approval was withdrawn.
_APPROVALS = """
    CREATE TABLE approvals (
        site TEXT NOT NULL,
        protocol TEXT NOT NULL,
        version INTEGER NOT NULL,
        approved_on TEXT,
        recorded_at TEXT NOT NULL,
        recorded_by TEXT NOT NULL,
        PRIMARY KEY (site, protocol, version)
    )
    """


def statements(dialect: Dialect) -> Iterator[str]:
    """Yield the statements of this migration."""
    yield _APPROVALS
