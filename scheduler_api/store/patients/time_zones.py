"""The table `time_zones`, and "today" in SQL for patients who live in different zones."""

from __future__ import annotations

from datetime import date, datetime

from scheduler_api.engine.dates import civil_date
from scheduler_api.store.database.port import Store


def todays(store: Store, now: datetime) -> dict[str, date]:
    """Return the civil date of an instant in each time zone that a patient lives in."""
    zones = store.rows("SELECT time_zone FROM time_zones ORDER BY time_zone")
    return {row["time_zone"]: civil_date(now, row["time_zone"]) for row in zones}


def today_sql(todays: dict[str, date], column: str, parameters: dict[str, object], name: str = "today") -> str:
    """Return an SQL expression for today in the zone that `column` names.

    Its values are put into `parameters`, under names that begin with `name`.
    """
    if not todays:
        return "NULL"
    cases = []
    for number, (zone, today) in enumerate(todays.items()):
        parameters[f"zone_{number}"], parameters[f"{name}_{number}"] = zone, today.isoformat()
        cases.append(f"WHEN :zone_{number} THEN :{name}_{number}")
    return f"CASE {column} {' '.join(cases)} END"
