"""Write the domains of SDTM as a zip of Dataset-JSON 1.1. Records go to the disk as they come."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import UTC, datetime
from importlib.metadata import version
from tempfile import TemporaryFile
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZipFile

import orjson

from scheduler_api.interop.archives import add_to
from scheduler_api.use_cases.patients.exports import Export

from .accountability import DA
from .demographics import DM
from .deviations import DV
from .disposition import DS
from .domains import Domain, Variable, study_id
from .exposure import EX
from .subject_visits import SV

DOMAINS: tuple[Domain, ...] = (DA, DM, DS, DV, EX, SV)


def write_sdtm(export: Export, file: IO[bytes]) -> int:
    """Write an export as a zip with a dataset for each domain; return how many patients it has."""
    count, records = 0, dict.fromkeys((domain.name for domain in DOMAINS), 0)
    with ExitStack() as temporary, ZipFile(file, "w", ZIP_DEFLATED) as archive:
        texts = [temporary.enter_context(TemporaryFile("w+", encoding="utf-8")) for _ in DOMAINS]
        for count, patient in enumerate(export.patients, 1):  # noqa: B007
            for domain, text in zip(DOMAINS, texts, strict=True):
                for row in domain.rows(export, patient):
                    text.write("," if records[domain.name] else "")
                    text.write(orjson.dumps(row).decode())
                    records[domain.name] += 1
        for domain, text in zip(DOMAINS, texts, strict=True):
            text.seek(0)
            head = orjson.dumps(_head(export, domain, records[domain.name])).decode().removesuffix("}")
            add_to(archive, f"{domain.name.lower()}.json", export.as_of, f'{head},"rows":[', text, "]}")
    return count


def _head(export: Export, domain: Domain, records: int) -> dict[str, Any]:
    """Return what a dataset says of itself before its rows."""
    study = study_id(export)
    return {
        "datasetJSONCreationDateTime": _instant(export.made_at),
        "datasetJSONVersion": "1.1.0",
        "fileOID": f"{study}.{domain.name}.{_instant(export.as_of)}",
        "dbLastModifiedDateTime": _instant(export.as_of),
        "originator": "scheduler-api",
        "sourceSystem": {"name": "scheduler-api", "version": version("scheduler-api")},
        "studyOID": study,
        "metaDataVersionOID": f"MDV.{study}.SDTMIG.3.4",
        "itemGroupOID": f"IG.{domain.name}",
        "records": records,
        "name": domain.name,
        "label": domain.label,
        "columns": [_column(domain, variable) for variable in domain.variables],
    }


def _column(domain: Domain, variable: Variable) -> dict[str, Any]:
    column = {
        "itemOID": f"IT.{domain.name}.{variable.name}",
        "name": variable.name,
        "label": variable.label,
        "dataType": variable.data_type,
    }
    return column if variable.key is None else {**column, "keySequence": variable.key}


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds")
