"""Find what is listed on the worklist among all that is over or to come, day by day."""

from __future__ import annotations

from collections.abc import Iterator

from ..dialect import Dialect


def statements(dialect: Dialect) -> Iterator[str]:
    """Yield the statements of this migration."""
    yield "CREATE INDEX worklist_by_end ON worklist (due_on, (COALESCE(through_on, '9999-12-31')))"
    yield "CREATE INDEX worklist_by_beginning ON worklist (due_on, from_on)"
