"""The domain DM: one record for each patient."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from babel.core import get_global

from scheduler_api.engine.model.history import History
from scheduler_api.use_cases.patients.exports import Export, ExportedPatient

from .domains import DOMAIN, STUDYID, USUBJID, Domain, Record, Variable, dtc, last_exposure, written

_SEX = {"female": "F", "male": "M"}
#: The arm of a trial that has no arms.
_SINGLE_ARM = "SINGLE", "Single arm"


def _records(export: Export, patient: ExportedPatient) -> Iterator[Record]:
    history = patient.history
    registered, left = history.registered, history.end_of_study
    deaths = {end.fact_id: end.decided for end in history.ends_of_treatment}
    deaths |= {left.fact_id: left.ended} if left is not None else {}
    died = deaths.get(history.death_recorded_by or "")
    planned, actual, why_none = _arms(export, history)
    country = export.countries.get(registered.site)
    yield {
        "SUBJID": registered.subject_number,
        "RFSTDTC": dtc(history.known_c1d1),
        "RFENDTC": last_exposure(history),
        "RFXSTDTC": dtc(history.known_c1d1),
        "RFXENDTC": last_exposure(history),
        "RFICDTC": dtc(registered.consented_on),
        "RFPENDTC": written(left.ended) if left is not None else None,
        "DTHDTC": written(died),
        "DTHFL": "Y" if history.died is not None else None,
        "SITEID": registered.site,
        "SEX": _SEX[registered.sex],
        "ARMCD": planned and planned[0],
        "ARM": planned and planned[1],
        "ACTARMCD": actual and actual[0],
        "ACTARM": actual and actual[1],
        "ARMNRS": why_none,
        "COUNTRY": None if country is None else _three_letters().get(country),
    }


def _arms(export: Export, history: History) -> tuple[tuple[str, str] | None, tuple[str, str] | None, str | None]:
    """Return the planned and the actual arm, each as code and description, and why one of them is missing."""
    if history.failed_screening:
        return None, None, "SCREEN FAILURE"
    if not history.is_enrolled:
        return None, None, "NOT ASSIGNED"
    planned: tuple[str, str] | None = _SINGLE_ARM
    actual = planned
    if any(version.arms for version in export.versions.values()):
        arm = history.arms[0].arm if history.arms else None
        treated = history.arm_on(history.c1d1) if history.c1d1 is not None else None
        planned, actual = (None if one is None else (one.upper(), one) for one in (arm, treated or arm))
    if planned is None:
        return None, None, "NOT ASSIGNED"
    return (planned, actual, None) if history.begun else (planned, None, "ASSIGNED, NOT TREATED")


@cache
def _three_letters() -> dict[str, str]:
    """Return the codes of countries of three letters (ISO 3166-1 alpha-3), by those of two."""
    aliases = get_global("territory_aliases").items()
    return {two[0]: three for three, two in aliases if len(three) == 3 and three.isalpha() and len(two) == 1}


DM = Domain(
    "DM",
    "Demographics",
    (
        STUDYID,
        DOMAIN,
        USUBJID,
        Variable("SUBJID", "Subject Identifier for the Study"),
        Variable("RFSTDTC", "Subject Reference Start Date/Time"),
        Variable("RFENDTC", "Subject Reference End Date/Time"),
        Variable("RFXSTDTC", "Date/Time of First Study Treatment"),
        Variable("RFXENDTC", "Date/Time of Last Study Treatment"),
        Variable("RFICDTC", "Date/Time of Informed Consent"),
        Variable("RFPENDTC", "Date/Time of End of Participation"),
        Variable("DTHDTC", "Date/Time of Death"),
        Variable("DTHFL", "Subject Death Flag"),
        Variable("SITEID", "Study Site Identifier"),
        Variable("AGE", "Age", "integer"),
        Variable("AGEU", "Age Units"),
        Variable("SEX", "Sex"),
        Variable("RACE", "Race"),
        Variable("ARMCD", "Planned Arm Code"),
        Variable("ARM", "Description of Planned Arm"),
        Variable("ACTARMCD", "Actual Arm Code"),
        Variable("ACTARM", "Description of Actual Arm"),
        Variable("ARMNRS", "Reason Arm and/or Actual Arm is Null"),
        Variable("ACTARMUD", "Description of Unplanned Actual Arm"),
        Variable("COUNTRY", "Country"),
    ),
    _records,
    sequence=False,
)
