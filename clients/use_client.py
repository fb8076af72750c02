"""A ward and a phone by the client that openapi-python-client makes: `use_client.py URL TOKEN`, of a nurse.

Enrols a patient, records a fact, activates a phone, reads today, pages through scans, sends a queue, and is refused.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from scheduler_client import AuthenticatedClient, Client
from scheduler_client.api.facts import record_fact
from scheduler_client.api.offline_queue import synchronise
from scheduler_client.api.patient_phone import get_today
from scheduler_client.api.patients import register_patient
from scheduler_client.api.phone_activation import activate_phone, create_activation_code
from scheduler_client.api.visits import list_visits
from scheduler_client.models import (
    ActivationCode,
    DoseRecordedFact,
    DoseRecordedFactKind,
    DoseRecordedFactStatus,
    ListVisitsStatusItem,
    NewActivationCode,
    NewPatient,
    NewPatientSex,
    Patient,
    PatientVisit,
    PhoneActivation,
    Problem,
    QueuedDose,
    QueuedDoseKind,
    QueuedDoseStatus,
    RecordingResult,
    SyncRequest,
    SyncResult,
    TodaysScreen,
    TokenPair,
    TreatmentStartedFact,
    TreatmentStartedFactKind,
    VisitList,
)
from scheduler_client.types import UNSET, Unset

#: An hour ago in the time zone of the patient, so that no midnight comes between.
ZONE = "Etc/UTC"


def scans(client: AuthenticatedClient, site: str) -> Iterator[PatientVisit]:
    """Yield all scans that are open or to come, page by page."""
    cursor: str | Unset = UNSET
    while True:
        status = [ListVisitsStatusItem.OPEN, ListVisitsStatusItem.UPCOMING]
        page = list_visits.sync(client=client, series="imaging", status=status, site=site, limit=3, cursor=cursor)
        assert isinstance(page, VisitList), page
        yield from page.items
        if page.next_cursor is None:
            return
        cursor = page.next_cursor


def main(url: str, token: str) -> None:
    """Do all of it, and say what came of it."""
    now = datetime.now(UTC)
    day = now.date()
    ward = AuthenticatedClient(base_url=url, token=token)
    new = NewPatient(
        subject_number=f"P-{now:%H%M%S}",
        site="FUSCC",
        sex=NewPatientSex.FEMALE,
        time_zone=ZONE,
        protocol="nct06110650",
        enrolled_on=day - timedelta(9),
    )
    patient = register_patient.sync(client=ward, body=new)
    assert isinstance(patient, Patient), patient
    started = TreatmentStartedFact(kind=TreatmentStartedFactKind.TREATMENT_STARTED, first_dose_on=day - timedelta(7))
    recorded = record_fact.sync(patient.patient_id, client=ward, body=started)
    assert isinstance(recorded, RecordingResult), recorded
    print("recorded", recorded.fact.kind, len(recorded.consequences), "consequences")

    code = create_activation_code.sync(client=ward, body=NewActivationCode(patient_id=patient.patient_id))
    assert isinstance(code, ActivationCode), code
    pair = activate_phone.sync(client=Client(base_url=url), body=PhoneActivation(code=code.code, device_name="a phone"))
    assert isinstance(pair, TokenPair), pair
    phone = AuthenticatedClient(base_url=url, token=pair.access_token)
    today = get_today.sync(client=phone)
    assert isinstance(today, TodaysScreen), today
    print("today", today.today, [dose.status.value for dose in today.doses])

    found = list(scans(ward, "FUSCC"))
    assert len(found) > 3, found
    assert len({(scan.patient_id, scan.visit) for scan in found}) == len(found)
    print("scans", len(found), found[0].label)

    queued = QueuedDose(
        client_id="p-1",
        kind=QueuedDoseKind.DOSE_RECORDED,
        dose_id=today.doses[0].dose_id,
        status=QueuedDoseStatus.TAKEN,
        amount=300,
        said_at=now,
    )
    synced = synchronise.sync(client=phone, body=SyncRequest(cursor=0, sent_at=datetime.now(UTC), facts=[queued]))
    assert isinstance(synced, SyncResult), synced
    assert [one.outcome.value for one in synced.outcomes] == ["recorded"], synced
    print("sync", synced.cursor, [dose.status.value for dose in synced.today.doses])

    ahead = DoseRecordedFact(
        kind=DoseRecordedFactKind.DOSE_RECORDED,
        dose_on=day + timedelta(2),
        status=DoseRecordedFactStatus.TAKEN,
    )
    problem = record_fact.sync(patient.patient_id, client=ward, body=ahead)
    assert isinstance(problem, Problem), problem
    assert not isinstance(problem.errors, Unset)
    assert [error.code.value for error in problem.errors] == ["after_today"], problem
    print("refused", problem.status, problem.errors[0].code.value)


if __name__ == "__main__":
    main(*sys.argv[1:])
