"""All tables of an export, and the data dictionary that describes them."""

from __future__ import annotations

from collections.abc import Iterator

from .accountability_table import ACCOUNTABILITY
from .columns import Table
from .fact_table import FACT_TABLE
from .patient_tables import CONTRACEPTION, DEVIATION_TABLE, PATIENTS
from .treatment_tables import ADHERENCE, DOSE_CHANGES, DOSES, HOLDS
from .visit_tables import BOOKINGS, RESPONSES, UNSCHEDULED_VISITS, VISITS

TABLES: tuple[Table, ...] = (
    PATIENTS,
    DOSES,
    HOLDS,
    DOSE_CHANGES,
    VISITS,
    UNSCHEDULED_VISITS,
    BOOKINGS,
    RESPONSES,
    DEVIATION_TABLE,
    ADHERENCE,
    ACCOUNTABILITY,
    CONTRACEPTION,
    FACT_TABLE,
)
#: The name of the dictionary, and its columns.
DICTIONARY = "dictionary"
DICTIONARY_COLUMNS = ("table", "column", "label", "type", "unit", "codes", "section")


def dictionary() -> Iterator[tuple[str | None, ...]]:
    """Yield the rows of the data dictionary: for each table a row of its own, then one for each column."""
    for table in TABLES:
        yield table.name, None, table.label, "table", None, None, None
        for column in table.header:
            codes = "; ".join(column.codes) or None
            yield table.name, column.name, column.label, column.kind, column.unit, codes, column.section
