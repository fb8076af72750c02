"""The tables of a new PostgreSQL database, divided by patient as a distributed database would divide them.

docs/scale.md says why each is divided so. A key or a unique index has the column by which its table is divided, or is
none any more.
"""

from __future__ import annotations

from collections.abc import Iterator

from databases import Raw

#: How many parts each table has.
PARTS = 4
#: All rows of a patient are in one part, the same in all these tables.
BY_PATIENT = (
    *("facts", "patients", "dose_words", "former_sites", "visits", "treatment_positions", "worklist"),
    *("sent_facts", "patient_preferences", "unreached"),
)
#: All messages about a patient are in one part, since their ids begin alike: by ranges of ids.
BY_MESSAGE = ("reminders", "reminder_times", "outbox", "deliveries")
#: Unique indexes without the column by which the table is divided, and what takes their place.
_NO_LONGER_UNIQUE = {
    "facts_fact_id_key": "ALTER TABLE facts ADD UNIQUE (patient_id, fact_id)",
    "patients_by_number": "CREATE INDEX patients_by_number ON patients (protocol, subject_number)",
}


def partition(raw: Raw) -> None:
    """Divide the tables, which are empty."""
    references = raw.execute(
        "SELECT conrelid::regclass::text AS name, pg_get_constraintdef(oid) AS definition FROM pg_constraint "
        "WHERE contype = 'f'"
    )
    for table in (*BY_PATIENT, *BY_MESSAGE):
        assert raw.execute(f"SELECT COUNT(*) AS number FROM {table}") == [{"number": 0}]
        afterwards = [*_keys_and_indexes(raw, table), *_triggers(raw, table)]
        for statement in _divided(table):
            raw.execute(statement)
        for statement in afterwards:
            raw.execute(statement)
    for row in references:
        if row["name"] in BY_MESSAGE:
            raw.execute(f"ALTER TABLE {row['name']} ADD {row['definition']}")


def _divided(table: str) -> Iterator[str]:
    how = "HASH (patient_id)" if table in BY_PATIENT else "RANGE (message_id)"
    yield f"CREATE TABLE whole (LIKE {table} INCLUDING DEFAULTS) PARTITION BY {how}"
    for part in range(PARTS):
        bounds = f"WITH (MODULUS {PARTS}, REMAINDER {part})"
        if table in BY_MESSAGE:
            first = "MINVALUE" if part == 0 else f"'m-{16 * part // PARTS:x}'"
            until = "MAXVALUE" if part == PARTS - 1 else f"'m-{16 * (part + 1) // PARTS:x}'"
            bounds = f"FROM ({first}) TO ({until})"
        yield f"CREATE TABLE {table}_part_{part} PARTITION OF whole FOR VALUES {bounds}"
    yield f"DROP TABLE {table} CASCADE"
    yield f"ALTER TABLE whole RENAME TO {table}"


def _keys_and_indexes(raw: Raw, table: str) -> Iterator[str]:
    for row in raw.execute(
        "SELECT i.relname AS name, pg_get_indexdef(i.oid) AS definition, x.indisprimary AS is_key, "
        "pg_get_constraintdef(c.oid) AS key FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid "
        "LEFT JOIN pg_constraint c ON c.conindid = i.oid AND c.contype = 'p' "
        "WHERE x.indrelid = CAST(:name AS regclass)",
        {"name": table},
    ):
        kept = f"ALTER TABLE {table} ADD {row['key']}" if row["is_key"] else row["definition"]
        yield _NO_LONGER_UNIQUE.get(row["name"], kept)


def _triggers(raw: Raw, table: str) -> Iterator[str]:
    for row in raw.execute(
        "SELECT pg_get_triggerdef(oid) AS definition FROM pg_trigger WHERE NOT tgisinternal "
        "AND tgrelid = CAST(:name AS regclass)",
        {"name": table},
    ):
        yield row["definition"]
