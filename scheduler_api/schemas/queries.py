"""Schemas of what is asked for: which days of a calendar, which entries of the audit trail."""

from __future__ import annotations

from .fields import CivilDate, Instant, Strict, Text


class RangeQuery(Strict):
    """Which days."""

    from_ = CivilDate(data_key="from")
    to = CivilDate()


class ViewQuery(RangeQuery):
    """Which calendar is asked for."""

    today = CivilDate(metadata={"description": "Look at another day; filters no facts"})
    known_at = Instant(metadata={"description": "As it was known at an instant; sets `today` unless that is given"})


class TrailQuery(Strict):
    """Which entries are asked for: those at or after `from`, and before `to`."""

    patient = Text(40)
    actor = Text(80, metadata={"description": "The id of a token, a device or a person, as entries have it"})
    action = Text(40, metadata={"description": "A kind of fact, or `read`, `refused`, `token_made` …"})
    site = Text(40)
    from_ = Instant(data_key="from")
    to = Instant()
