"""The log and the protocols are only ever added to."""

from __future__ import annotations

from collections.abc import Iterator

from ..dialect import Dialect


def statements(dialect: Dialect) -> Iterator[str]:
    """Yield the statements of this migration."""
    yield from dialect.append_only("facts", "(patient_id = NEW.patient_id AND seq = NEW.seq) OR fact_id = NEW.fact_id")
    yield from dialect.append_only("protocols", "protocol = NEW.protocol AND version = NEW.version")
