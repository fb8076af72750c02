"""An example of each refusal: the codes of bad fields, then the problems that name no field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .calls import CALLS
from .example import MESSAGES_SENT, NOW, PATIENT, PHONE_AT_NIGHT, TREATED, WITH_PHONE, Example, fact_id

_SENT = {"sent_at": NOW, "said_at": NOW}
_KEY = {"Idempotency-Key": "k-1"}
_FAILED_SCREENING = ("registered_for_screening", "screening_failed")


def _fact(kind: str, summary: str, *after: str, **data: Any) -> Example:
    return Example("record_fact", summary, {"kind": kind, **data}, after=after or TREATED)


def _protocol(summary: str, visits: list[dict[str, Any]]) -> Example:
    return Example("add_protocol", summary, {**CALLS["version_added"].body, "visits": visits}, after=())


def _series(name: str, anchor: Any, **fields: Any) -> dict[str, Any]:
    return {"series": name, "label": name, "anchor": anchor, "window": {"before_days": 7, "after_days": 7}, **fields}


#: By the code that the answer has.
CODES: Mapping[str, Example] = {
    "above_highest": _fact("dose_changed", "More than the highest dose", from_on="2024-02-21", amount=600),
    "above_previous": _fact(
        "dose_changed",
        "A tenth more than before, where it is calculated for each patient",
        *("dose_per_weight", "of_dose_per_weight", "first_amount"),
        **{"from_on": "2024-02-21", "amount": 400},
    ),
    "after_death": _fact(
        "dose_recorded",
        "A dose after death",
        *TREATED,
        "died",
        **{"dose_on": "2024-02-20", "status": "taken", "amount": 300},
    ),
    "after_today": _fact("dose_recorded", "A dose that lies ahead", dose_on="2024-02-21", status="taken"),
    "anchors_circular": _protocol(
        "Series that count from each other",
        [_series("a", {"visit": "b"}, first={"days": 7}), _series("b", {"visit": "a"}, first={"days": 7})],
    ),
    "before_enrolment": _fact("dose_recorded", "A dose before enrolment", dose_on="2024-01-02", status="taken"),
    "code_used": Example(
        "activate_phone", "A code that is wrong", {"code": "7KQ2MWX4TX", "device_name": "My phone"}, after=WITH_PHONE
    ),
    "contradicts_record": _fact(
        "treatment_ended",
        "No dose ever, but one is on record",
        *(*TREATED, "dose_recorded"),
        **{"last_dose_on": None, "decided_on": "2024-02-20", "reason": "intolerance"},
    ),
    "for_good": Example(
        "acknowledge_entry",
        "A day, where a dose was taken that could hurt",
        {"note": "Called the patient", "until": "2024-02-22"},
        path={"entry_id": f"dose_above_plan.{PATIENT}.2024-02-19"},
        after=(*TREATED, "dose_too_high"),
    ),
    "given_twice": Example("list_patients", "A parameter twice", query={"limit": "1&limit=2"}),
    "holds_overlap": _fact(
        "hold_started", "A hold within another", *TREATED, "hold_started", "hold_ended", from_on="2024-02-22"
    ),
    "id_reused": _fact(
        "progressed",
        "The same key with another request",
        *(*TREATED, "dose_with_key"),
        **{"progressed_on": "2024-02-19", "basis": "clinical"},
    )._replace(headers=_KEY),
    "id_taken": Example("add_site", "A site that there is", {**CALLS["site_added"].body, "site": "FUSCC"}, after=()),
    "limit_reached": Example(
        "add_destination",
        "A destination too many",
        CALLS["destination"].body,
        after=tuple(["destination"] * 20),
    ),
    "malformed": _fact("dose_recorded", "A day that does not exist", dose_on="2024-02-30", status="taken"),
    "missing": _fact("dose_recorded", "No day", status="taken"),
    "more_than_dispensed": _fact(
        "drug_returned",
        "More came back than was given out",
        *(*TREATED, "drug_dispensed"),
        **{"on": "2024-02-20", "units": {"50": 127}},
    ),
    "needs_amendment": _fact(
        "registered",
        "Another version as a correction",
        **{"replaces": fact_id(1), "reason": "Wrong version", "subject_number": "001", "site": "FUSCC"},
        **{"protocol": {"id": "nct06110650", "version": 2}, "sex": "female", "time_zone": "Asia/Shanghai"},
    ),
    "no_open_hold": _fact("hold_ended", "No hold is open", resumes_on="2024-02-20"),
    "no_open_pregnancy": _fact(
        "pregnancy_closed", "No pregnancy is open", closed_on="2024-02-20", outcome="not_pregnant"
    ),
    "no_such_time_zone": _fact("time_zone_changed", "No time zone", time_zone="Asia/Pudong"),
    "not_a_level": _fact("dose_changed", "A dose that the protocol does not name", from_on="2024-02-21", amount=100),
    "not_applicable": _fact(
        "fertility_changed",
        "A reason that does not go with it",
        **{"fertility": "fertile", "basis": "sterilisation", "from_on": "2024-02-14"},
    ),
    "not_approved": Example(
        "register_patient",
        "A version that is not approved for the site",
        {**CALLS["registered_and_enrolled"].body, "protocol": {"id": "nct06110650", "version": 2}},
        after=("version_added",),
    ),
    "not_dispensable": _fact("dose_changed", "What capsules cannot make", from_on="2024-02-21", amount=130),
    "not_due": Example("snooze_reminder", "The dose is recorded", {"minutes": 30}, after=(*PHONE_AT_NIGHT, "dose")),
    "not_enrolled": _fact(
        "dose_recorded",
        "A patient who is being screened",
        "registered_for_screening",
        dose_on="2024-02-20",
        status="taken",
    ),
    "not_found": _fact("voided", "No such fact", voids="f-00000000000000ff", reason="Another patient's"),
    "not_sent": Example("snooze_reminder", "No reminder came yet", {"minutes": 30}, after=WITH_PHONE),
    "not_to_resend": Example(
        "resend_message", "It was sent again already", after=(*TREATED, MESSAGES_SENT, "message_resent")
    ),
    "not_to_switch_off": Example(
        "set_my_reminders", "A message that patients always get", {"off": ["window_closing"]}, after=WITH_PHONE
    ),
    "not_voidable": _fact("voided", "The registration", voids=fact_id(1), reason="Another patient's"),
    "number_taken": Example(
        "register_patient", "A number that another patient has", CALLS["registered_and_enrolled"].body
    ),
    "on_record": _fact("treatment_started", "Treatment started before", first_dose_on="2024-01-06"),
    "order_reversed": _fact("hold_started", "It ends before it begins", from_on="2024-02-20", resumes_on="2024-02-19"),
    "other_kind": _fact(
        "dose_recorded",
        "It corrects a fact of another kind",
        **{"dose_on": "2024-02-19", "status": "taken", "replaces": fact_id(3), "reason": "Wrong day"},
    ),
    "out_of_reach": Example(
        "acknowledge_entry", "A day too far ahead", {"note": "The patient is away", "until": "2025-02-22"}
    ),
    "past_midnight": Example("snooze_reminder", "After the day is over", {"minutes": 720}, after=WITH_PHONE),
    "put_off_before": Example(
        "snooze_reminder", "Once more", {"minutes": 30}, after=(*PHONE_AT_NIGHT, "reminder_put_off")
    ),
    "quiet_hours": Example("set_my_reminders", "A time within the quiet hours", {"times": ["23:00"]}, after=WITH_PHONE),
    "range_reversed": Example(
        "list_visits", "From a day to one before", query={"from": "2024-02-20", "to": "2024-02-19"}
    ),
    "range_too_long": Example("get_patient_calendar", "Three years", query={"from": "2024-01-01", "to": "2027-01-01"}),
    "reason_missing": _fact(
        "treatment_started", "A correction that does not say why", first_dose_on="2024-01-06", replaces=fact_id(3)
    ),
    "screen_failure": _fact(
        "enrolled", "A patient who did not fit the trial", *_FAILED_SCREENING, enrolled_on="2024-02-20"
    ),
    "superseded": _fact(
        "voided", "A fact that was taken back before", *TREATED, "voided", voids=fact_id(3), reason="Another patient's"
    ),
    "too_long_ago": Example(
        "record_dose",
        "More than seven days ago",
        {"status": "taken", "amount": 300, **_SENT},
        path={"dose_id": "2024-02-10"},
        after=WITH_PHONE,
    ),
    "unknown_field": _fact(
        "progressed", "A field too many", progressed_on="2024-02-19", basis="clinical", colour="red"
    ),
    "windows_overlap": _protocol(
        "Visits that cannot be told apart",
        [_series("imaging", "enrolment", every={"weeks": weeks}) for weeks in (6, 12)],
    ),
}
#: Those that only come when two requests meet, or of which there is none at present.
NEVER_ALONE = ("changed_meanwhile", "impossible")

#: What the examples of refusals need; they are not shown.
NEEDED: Mapping[str, Example] = {
    "died": _fact("treatment_ended", "", last_dose_on="2024-02-18", decided_on="2024-02-19", reason="death"),
    "screening_failed": _fact(
        "study_ended", "", "registered_for_screening", ended_on="2024-02-20", reason="screen_failure"
    ),
    "dose_too_high": _fact("dose_recorded", "", dose_on="2024-02-19", status="taken", amount=600),
    "dose_with_key": _fact("dose_recorded", "", dose_on="2024-02-19", status="taken")._replace(headers=_KEY),
    "dose_per_weight": Example(
        "add_protocol",
        "",
        {
            **{"id": "per-weight", "version": 1, "visits": [], "contraception": []},
            "regimens": [
                {
                    **{"id": "trastuzumab", "drug": {"en": "trastuzumab"}, "route": "intravenous"},
                    "cycle_days": 21,
                    "dose": {"amount": 6, "unit": "mg", "per": "kg"},
                }
            ],
        },
        after=(),
    ),
    "of_dose_per_weight": Example(
        "register_patient", "", {**CALLS["registered_and_enrolled"].body, "protocol": "per-weight"}, after=()
    ),
    "first_amount": _fact("dose_changed", "", "of_dose_per_weight", from_on="2024-01-05", amount=320),
}

#: By status and name.
PROBLEMS: Mapping[tuple[int, str], Example] = {
    (400, "not_json"): Example("register_patient", "The body ends too early", b'{"site": ', after=()),
    (401, "no_token"): Example("list_patients", "No token", after=(), by="nobody"),
    (403, "only_reads"): Example(
        "register_patient", "A monitor records", CALLS["registered_and_enrolled"].body, after=(), by="monitor"
    ),
    (404, "no_such_patient"): Example(
        "get_patient", "No such patient, or not for this token", path={"patient_id": "p-00000000000000ff"}, after=()
    ),
    (406, "not_acceptable"): Example("list_patients", "As XML", headers={"Accept": "application/xml"}, after=()),
    (412, "stale"): _fact(
        "progressed", "The patient changed since", progressed_on="2024-02-19", basis="clinical"
    )._replace(headers={"If-Match": '"1.2024-02-20.000000000000"'}),
    (415, "not_declared_as_json"): Example(
        "register_patient", "The body is declared as text", b"{}", headers={"Content-Type": "text/plain"}, after=()
    ),
}
