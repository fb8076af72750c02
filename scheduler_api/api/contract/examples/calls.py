"""An example of each call that is not about recording a fact."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .example import DEVICE, MESSAGES_SENT, NOW, PATIENT, PHONE_AT_NIGHT, TREATED, WITH_PHONE, Example
from .study import STUDY

_PROTOCOL = "nct06110650"
_WEEKDAYS = ["monday", "tuesday", "wednesday", "thursday", "friday"]
_REGISTERED = {
    "subject_number": "001",
    "site": "FUSCC",
    "protocol": _PROTOCOL,
    "sex": "female",
    "time_zone": "Asia/Shanghai",
}
_ENROLLED = {**_REGISTERED, "enrolled_on": "2024-01-03", "planned_first_dose_on": "2024-01-05"}
_PREVIEWED = {name: value for name, value in _ENROLLED.items() if name != "protocol"}
_WINDOW = {"before_days": 7, "after_days": 7}


def _regimen(name: str, amount: float, cycle_days: int) -> dict[str, Any]:
    dose = {"amount": amount, "unit": "mg"}
    return {"id": name, "drug": {"en": name}, "route": "oral", "dose": dose, "cycle_days": cycle_days}


#: A trial of two drugs and two arms, with a cohort and a milestone of its own.
_COMBINATION = {
    "id": "combination",
    "version": 1,
    "title": "Two drugs in two arms",
    "arms": [{"id": "a", "label": "Arm A"}, {"id": "b", "label": "Arm B"}],
    "cohorts": [{"id": "hbv", "label": "Carriers of hepatitis B"}],
    "milestones": [{"id": "surgery", "label": "Surgery"}],
    "regimens": [_regimen("anlotinib", 10, 21), _regimen("capecitabine", 1000, 21)],
    "visits": [
        {
            **{"series": "scan", "label": "Scan, week {n}", "anchor": "enrolment", "every": {"weeks": 6}},
            **{"window": _WINDOW, "until": ["progression"], "responses": "RECIST 1.1"},
        },
        {
            **{"series": "wound", "label": "Wound check", "anchor": "surgery", "first": {"days": 14}},
            "window": _WINDOW,
        },
    ],
    "contraception": [{"after_last_dose": {"months": 6}}],
}
_SECOND = {
    "id": _PROTOCOL,
    "version": 2,
    "title": "Surufatinib in advanced soft tissue sarcoma",
    "regimens": [
        {
            **{"id": "surufatinib", "drug": {"en": "surufatinib", "zh-CN": "索凡替尼"}, "route": "oral"},
            **{"dose": {"amount": 300, "unit": "mg", "levels": [250, 200]}, "strengths": [50], "cycle_days": 21},
            "on_hold": "continue",
        }
    ],
    "visits": [
        {
            **{"series": "imaging", "label": "Week {n} tumour imaging", "anchor": "enrolment", "every": {"weeks": 8}},
            **{"window": _WINDOW, "until": ["progression", "new_therapy"], "responses": "RECIST 1.1"},
        }
    ],
    "contraception": [{"after_last_dose": {"months": 6}}],
}
_SAID = {"said_at": "2024-02-20T08:05:00+08:00", "sent_at": NOW}

#: What is needed before others: it comes first in the forms of those calls.
_BEFORE: Mapping[str, Example] = {
    "registered_and_enrolled": Example(
        "register_patient", "A patient is enrolled", _ENROLLED, after=(), at="2024-01-03T12:00:00+08:00"
    ),
    "registered_for_screening": Example(
        "register_patient",
        "A patient consented and is being screened",
        {**_REGISTERED, "consented_on": "2024-02-13", "planned_enrolment_on": "2024-02-21"},
        after=(),
    ),
    "in_an_arm": Example(
        "register_patient",
        "A patient is enrolled into an arm",
        {**_ENROLLED, "protocol": "combination", "arm": "a"},
        after=("combination",),
    ),
    "activation_code": Example("create_activation_code", "A code for the patient's phone", {"patient_id": PATIENT}),
    "activated": Example(
        "activate_phone",
        "The phone has the code",
        {"code": "7KQ2MWX4TR", "device_name": "My phone"},
        after=(*TREATED, "activation_code"),
    ),
    "site_added": Example(
        "add_site",
        "A site that is open on weekdays",
        {
            **{"site": "SYSUCC", "name": "Sun Yat-sen University Cancer Center", "country": "CN"},
            **{"time_zone": "Asia/Shanghai", "opening_days": _WEEKDAYS},
        },
        after=(),
    ),
    "combination": Example("add_protocol", "A trial of two drugs and two arms", _COMBINATION, after=()),
    "version_added": Example("add_protocol", "A new version: scans every eight weeks", _SECOND, after=()),
    "approved": Example(
        "record_approval",
        "The ethics committee approved a version",
        {"protocol": _PROTOCOL, "version": 2, "approved_on": "2024-02-20"},
        after=("version_added",),
    ),
}

_STAFF: Mapping[str, Example] = {
    "patients": Example("list_patients", "The patients of a trial"),
    "patient": Example("get_patient", "A patient on treatment"),
    "calendar": Example("get_patient_calendar", "A few days", query={"from": "2024-02-19", "to": "2024-02-21"}),
    "adherence": Example("get_patient_adherence", "One dose is recorded", after=(*TREATED, "dose_recorded")),
    "deviations_of_patient": Example("list_patient_deviations", "A dose was missed", after=(*TREATED, "dose_missed")),
    "dose_missed": Example(
        "record_fact", "A dose was missed", {"kind": "dose_recorded", "dose_on": "2024-02-18", "status": "missed"}
    ),
    "facts": Example("list_facts", "The history of a patient"),
    "scans": Example("list_visits", "Scans that are open", query={"series": "imaging", "status": "open"}),
    "visit": Example("get_visit", "A scan that is open"),
    "booking": Example(
        "book_visit", "A day, a time and a place", {"booked_on": "2024-02-21", "time": "09:30", "place": "Building 2"}
    ),
    "booking_cancelled": Example("cancel_booking", "It was booked", after=(*TREATED, "booking")),
    "result": Example("record_visit_result", "A scan with its response", {"done_on": "2024-02-19", "response": "SD"}),
    "worklist": Example("list_worklist", "What there is to do", query={"limit": "2"}),
    "entry_acknowledged": Example(
        "acknowledge_entry", "It can wait", {"note": "The patient is away", "until": "2024-02-22"}
    ),
    "entry_listed_again": Example("withdraw_acknowledgement", "It was to wait", after=(*TREATED, "entry_acknowledged")),
    "deviations": Example("list_deviations", "A dose was missed", after=(*TREATED, "dose_missed")),
    "adherence_of_all": Example("list_adherence", "One dose is recorded", after=(*TREATED, "dose_recorded")),
    "summary": Example("get_study_summary", "A trial with one patient"),
    "supply": Example("get_supply", "Capsules until the next scan"),
    "accountability": Example(
        "list_accountability", "A bottle came back", after=(*TREATED, "drug_dispensed", "drug_returned")
    ),
    "doses_of_all": Example(
        "list_doses",
        "A dose was missed",
        query={"from": "2024-02-17", "to": "2024-02-21"},
        after=(*TREATED, "dose_missed"),
    ),
    "export": Example("export_study", "A trial with one patient, as a zip of CSV files"),
    "preview": Example(
        "preview_calendar",
        "A patient who started two days after enrolment",
        {
            **{"protocol": _PROTOCOL, "patient": _PREVIEWED, "today": "2024-02-20"},
            **{"facts": [{"kind": "treatment_started", "first_dose_on": "2024-01-05"}]},
            **{"from": "2024-02-20", "to": "2024-02-21"},
        },
        after=(),
    ),
    "protocols": Example("list_protocols", "The built-in protocol", after=()),
    "protocol": Example("get_protocol", "The built-in protocol", after=()),
    "import": Example(
        "preview_import",
        "A study with one visit",
        {
            "document": STUDY,
            "answers": {
                **{"until": ["end_of_treatment"], "window": {"before_days": 1, "after_days": 1}, "cycle_days": 21},
                **{"on_hold": "continue", "contraception": []},
            },
        },
        after=(),
    ),
    "amendment": Example(
        "apply_amendment",
        "A version applies to all patients of a site",
        {"site": "FUSCC", "from_on": "2024-03-01", "reason": "Amendment 1"},
        path={"version": "2"},
        after=(*TREATED, "version_added", "approved"),
    ),
    "amendment_not_approved": Example(
        "apply_amendment",
        "From a day before the site approved the version",
        {"site": "FUSCC", "from_on": "2024-02-19", "reason": "Amendment 1"},
        path={"version": "2"},
        after=(*TREATED, "version_added", "approved"),
    ),
    "sites": Example("list_sites", "One site", after=(), by="nurse"),
    "site": Example("get_site", "A site", after=()),
    "contact": Example(
        "set_site_contact",
        "A nurse and a number",
        {"name": "Study nurse", "phone": "+86 21 6417 5590"},
        after=(),
    ),
    "site_calendar": Example("get_site_calendar", "A site that is open on weekdays", after=()),
    "site_calendar_set": Example(
        "set_site_calendar",
        "Open on weekdays, closed on one, two scans a day",
        {
            **{"opening_days": _WEEKDAYS, "slots_per_day": 2},
            "closed_days": [{"on": "2024-02-26", "because": "Scanner serviced"}],
        },
        after=(),
    ),
    "site_days": Example("list_site_days", "Two days", query={"from": "2024-02-23", "to": "2024-02-24"}, after=()),
    "site_feed": Example("create_site_feed", "The address, once", {"language": "en"}, after=()),
    "site_feeds": Example("list_site_feeds", "One feed", after=("site_feed",)),
    "site_feed_revoked": Example("revoke_site_feed", "Somebody left", after=("site_feed",)),
    "bookings_read": Example("read_bookings", "A calendar app asks", after=(*TREATED, "booking", "site_feed")),
    "approvals": Example("list_approvals", "A second version", after=("version_added", "approved")),
    "wait_ended": Example("end_activation_wait", "At an address", {"address": "192.0.2.7"}, after=()),
    "devices_of_patient": Example("list_patient_devices", "A phone", after=WITH_PHONE),
    "device_of_patient_ended": Example("end_patient_device", "A phone that was lost", after=WITH_PHONE),
    "feed_of_patient_revoked": Example("revoke_patient_feed", "A phone that was lost", after=(*WITH_PHONE, "feed")),
    "audit": Example("list_audit_entries", "What was recorded first", query={"limit": "1"}),
    "audit_exported": Example("export_audit", "All that was done"),
    "audit_verified": Example("verify_audit", "Both logs are whole", query={"patient": PATIENT}),
    "messages_of_patient": Example("get_stopped_messages", "None is stopped"),
    "messages_stopped": Example(
        "set_stopped_messages", "No reminders of doses", {"kinds": ["dose_due", "dose_again"], "reason": "As asked"}
    ),
    "site_reminders": Example("get_site_reminders", "What applies by default", after=()),
    "site_reminders_set": Example(
        "set_site_reminders", "An earlier digest", {"digest": "07:30", "quiet": None}, after=()
    ),
    "destinations": Example("list_destinations", "A mailbox", after=("destination",)),
    "destination": Example(
        "add_destination",
        "A mailbox of the site",
        {"channel": "email", "audience": "site", "address": "ward@example.org", "language": "zh-CN"},
        after=(),
    ),
    "destination_ended": Example("end_destination", "A mailbox", after=("destination",)),
    "messages": Example("list_messages", "One that reached nobody", after=(*TREATED, MESSAGES_SENT)),
    "message_resent": Example("resend_message", "It reached nobody", after=(*TREATED, MESSAGES_SENT)),
}

_PHONE: Mapping[str, Example] = {
    "tokens": Example(
        "refresh_tokens", "The next pair", {"refresh_token": "ref_0000000000000000000001"}, after=WITH_PHONE
    ),
    "today": Example("get_today", "A day on treatment"),
    "my_calendar": Example("get_my_calendar", "Two days", query={"from": "2024-02-20", "to": "2024-02-21"}),
    "dose": Example("record_dose", "The dose of the day was taken", {"status": "taken", "amount": 300, **_SAID}),
    "dose_taken_back": Example("take_back_dose", "It was a mistake", query=_SAID, after=(*WITH_PHONE, "dose")),
    "devices": Example("list_my_devices", "This phone"),
    "device_ended": Example("end_my_device", "This phone"),
    "sync": Example(
        "synchronise",
        "A dose that was recorded while offline",
        {
            **{"cursor": 0, "sent_at": NOW},
            "facts": [
                {
                    **{"client_id": "c-1", "kind": "dose_recorded", "dose_id": "2024-02-20", "status": "taken"},
                    **{"amount": 300, "said_at": "2024-02-20T08:05:00+08:00"},
                }
            ],
        },
    ),
    "feed": Example("get_feed", "The address, the first time"),
    "feed_revoked": Example("revoke_feed", "It was made", after=(*WITH_PHONE, "feed")),
    "feed_read": Example("read_feed", "A calendar app asks", after=(*WITH_PHONE, "feed")),
    "my_reminders": Example("get_my_reminders", "What applies by default"),
    "my_reminders_set": Example(
        "set_my_reminders", "An hour later, in Chinese", {"times": ["21:00"], "language": "zh-CN"}
    ),
    "reminder_put_off": Example("snooze_reminder", "In half an hour", {"minutes": 30}, after=PHONE_AT_NIGHT),
    "push_key": Example("get_push_key", "The service's key"),
    "subscribed": Example(
        "subscribe_to_push",
        "The app's own token, for the gateway of the site",
        {"kind": "relay", "token": "c0ffee-of-the-app"},
    ),
    "unsubscribed": Example("unsubscribe_from_push", "The patient wants no more", after=(*WITH_PHONE, "subscribed")),
}

_FHIR: Mapping[str, Example] = {
    "capabilities": Example("get_capabilities", "What there is to read", after=()),
    "studies": Example("search_studies", "The built-in protocol", after=()),
    "study": Example("read_study", "The built-in protocol", after=()),
    "fhir_patients": Example("search_patients", "By subject number", query={"identifier": "001"}),
    "fhir_patient": Example("read_patient", "A patient on treatment"),
    "subjects": Example("search_subjects", "Who is on treatment", query={"status": "on-study-intervention"}),
    "subject": Example("read_subject", "A patient on treatment"),
    "care_plans": Example("search_care_plans", "Whose study is over: nobody's", query={"status": "completed"}),
    "care_plan": Example("read_care_plan", "A patient on treatment"),
    "appointments": Example(
        "search_appointments", "Of one day", query={"date": "2024-02-21"}, after=(*TREATED, "booking")
    ),
    "appointment": Example("read_appointment", "A booked visit", after=(*TREATED, "booking")),
}

CALLS: Mapping[str, Example] = {**_BEFORE, **_STAFF, **_PHONE, **_FHIR}
#: The parts of an address in every example that names no others.
PARAMETERS: Mapping[str, Any] = {
    "patient_id": PATIENT,
    "visit": "imaging-w6",
    # Of that visit, in the id of its appointment.
    "key": "e414a51d3b147869",
    "site": "FUSCC",
    "protocol": _PROTOCOL,
    "version": 1,
    "dose_id": "2024-02-20",
    "device_id": DEVICE,
    "destination_id": "e-000000000000000000000001",
    "message_id": f"m-{1:028x}",
    "feed_id": f"k-{1:016x}",
    "secret": "00000000000000000000000000000001",
    **_SAID,
}
