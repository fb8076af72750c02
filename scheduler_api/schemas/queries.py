"""Schemas of queries: the days of a calendar, the entries of the audit trail."""

from __future__ import annotations

from .fields import CivilDate, Instant, Strict, Text


class RangeQuery(Strict):
    """A range of days."""

    from_ = CivilDate(data_key="from")
    to = CivilDate()


class ViewQuery(RangeQuery):
    """The options of a calendar."""

    today = CivilDate(metadata={"description": "Look at another day; filters no facts"})
    known_at = Instant(metadata={"description": "As it was on record at an instant; sets `today` unless that is given"})


class TrailQuery(Strict):
    """Filters of audit entries: from `from` on, and before `to`."""

    patient = Text(40)
    actor = Text(80, metadata={"description": "The id of a token, a device or a person, as entries have it"})
    action = Text(40, metadata={"description": "A kind of fact, or `read`, `refused`, `token_made` …"})
    site = Text(40)
    from_ = Instant(data_key="from")
    to = Instant()
