"""Recognise documents of other formats that say what a trial does, to tell how they are imported."""

from __future__ import annotations

from typing import Any


def is_usdm(data: Any) -> bool:
    """Return whether data is a study in the form of CDISC USDM."""
    study = data.get("study") if isinstance(data, dict) else None
    return isinstance(study, dict) and isinstance(study.get("versions"), list)


def how_to_import(data: Any) -> str | None:
    """Return what to do with a document of a known other format; None if it is of none."""
    if is_usdm(data):
        return (
            "This is a USDM document, not a protocol: `scheduler-api protocols import FILE` or "
            "`POST /v1/protocols/import` makes a draft of it."
        )
    if isinstance(data, dict) and isinstance(data.get("resourceType"), str):
        return (
            f"This is a FHIR {data['resourceType'][:40]}, not a protocol. Export the study as USDM 4 JSON: "
            "`scheduler-api protocols import FILE` makes a draft of that."
        )
    return None
