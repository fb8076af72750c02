"""Write protocols as ResearchStudy, and patients as Patient and ResearchSubject."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scheduler_api.engine.model.protocol import Protocol

from .elements import period, present, reference, site, subject_numbers, system

#: The status of a ResearchSubject, by that of the patient.
SUBJECT_STATUSES: Mapping[str, str] = {
    "screening": "screening",
    "enrolled": "on-study",
    "on_treatment": "on-study-intervention",
    "follow_up": "follow-up",
    "off_study": "off-study",
}


def research_study(protocol: Protocol) -> dict[str, Any]:
    """Return a protocol, in its latest version, as a ResearchStudy."""
    arms = protocol.definition.get("arms", ())
    return present(
        resourceType="ResearchStudy",
        id=protocol.id,
        identifier=[{"system": system("protocol"), "value": protocol.id}],
        title=protocol.title,
        # Whether a trial is over is not known here.
        status="active",
        arm=[{"name": arm["id"], "description": _english(arm["label"])} for arm in arms],
    )


def _english(label: Any) -> str:
    return str(label["en"] if isinstance(label, Mapping) else label)


def patient(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a patient, as the list of patients has it, as a Patient: the pseudonym and the site, and nothing else."""
    return {
        "resourceType": "Patient",
        "id": document["patient_id"],
        "identifier": [_identifier(document)],
        "managingOrganization": site(document["site"], "Organization"),
    }


def research_subject(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a patient, as the list of patients has it, as a ResearchSubject: the part in a study.

    The period is left out once it is over: without its end it would say that it goes on.
    """
    is_over = document["status"] == "off_study"
    return present(
        resourceType="ResearchSubject",
        id=document["patient_id"],
        identifier=[_identifier(document)],
        status=SUBJECT_STATUSES[document["status"]],
        period=None if is_over else period(document["consented_on"] or document["enrolled_on"], None),
        study=reference("ResearchStudy", document["protocol"]["id"]),
        individual=reference("Patient", document["patient_id"]),
        assignedArm=document["arm"],
    )


def _identifier(document: Mapping[str, Any]) -> dict[str, str]:
    return {"system": subject_numbers(document["protocol"]["id"]), "value": document["subject_number"]}
