"""The tables, as migrations in plain SQL. A migration that has been released is never changed; add another.

Each is a module with `statements(dialect)`; it is applied once, in the order of `MIGRATIONS`, under the module's name.
They lie by topic: the tables of the first edition of the rules, what the second edition needs, and who may do what.
Derived: `patients`, `dose_words`, `visits`, `standings`, `worklist`, `time_zones` and `reminders` are made from `facts`
and can be made again at any time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from .access import (
    m0015_token_use,
    m0021_approvals,
    m0022_web_sessions,
    m0025_signed_in_elsewhere,
    m0026_site_feeds,
    m0027_kept_forms,
)
from .dialect import Dialect
from .first_edition import (
    m0001_tables,
    m0002_append_only,
    m0003_phones,
    m0004_reminders,
    m0005_deliveries,
    m0006_site_calendars,
    m0007_worklist,
    m0008_audit,
    m0009_request_counts,
    m0010_format,
    m0011_no_counts,
    m0012_names,
    m0013_visits,
)
from .second_edition import (
    m0014_second_edition,
    m0016_paths,
    m0017_dose_words,
    m0018_visits,
    m0019_dose_logs,
    m0020_contents,
    m0023_given_doses,
    m0024_scale,
    m0028_worklist_days,
    m0029_deliveries,
    m0030_booking_states,
)


class Migration(NamedTuple):
    """A step from one version of the tables to the next: its name, and its statements in a dialect."""

    name: str
    statements: Callable[[Dialect], Iterable[str]]


MIGRATIONS = tuple(
    Migration(module.__name__.rpartition(".")[2], module.statements)
    for module in (
        m0001_tables,
        m0002_append_only,
        m0003_phones,
        m0004_reminders,
        m0005_deliveries,
        m0006_site_calendars,
        m0007_worklist,
        m0008_audit,
        m0009_request_counts,
        m0010_format,
        m0011_no_counts,
        m0012_names,
        m0013_visits,
        m0014_second_edition,
        m0015_token_use,
        m0016_paths,
        m0017_dose_words,
        m0018_visits,
        m0019_dose_logs,
        m0020_contents,
        m0021_approvals,
        m0022_web_sessions,
        m0023_given_doses,
        m0024_scale,
        m0025_signed_in_elsewhere,
        m0026_site_feeds,
        m0027_kept_forms,
        m0028_worklist_days,
        m0029_deliveries,
        m0030_booking_states,
    )
)
