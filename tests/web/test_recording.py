"""Forms: what follows is shown before it is recorded, as the API says it, and what is wrong stands at its field."""

from __future__ import annotations

from typing import Any

import pytest
from service import Client, Patient, Service
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from scheduler_api.web.patients.forms import document_of
from scheduler_api.web.patients.history import fields_of_fact
from scheduler_api.web.patients.recording import WITH_FORM

from .reading import Page, Visitor, fields_of, text_of

# What a page shows is the same on either database.
pytestmark = pytest.mark.only("sqlite")

XSS = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{7*7}}"


def form_for(visitor: Visitor, patient: Patient, kind: str) -> Page:
    """The empty form of a kind of fact."""
    page = visitor.page(f"/ward/patients/{patient.patient_id}/record")
    (token,) = {field.attrib["value"] for field in page.all("input", name="csrf_token")}
    answer = visitor.post(
        f"/ward/patients/{patient.patient_id}/record?dry_run=true", {"csrf_token": token, "kind": kind}
    )
    assert answer.status_code == 200, answer.text
    return Page(answer)


def entries_of(nurse: Client, patient: Patient, kind: str, **query: str) -> list[dict[str, Any]]:
    """The entries of a kind that the worklist has of a patient."""
    items = nurse.get("/v1/worklist", limit=200, **query).json["items"]
    return [one for one in items if (one["kind"], one["patient_id"]) == (kind, patient.patient_id)]


def previewed(visitor: Visitor, page: Page, **filled: str) -> TestResponse:
    """What a filled in form answers before it is recorded."""
    return visitor.press(page, "Show what follows", **filled)


def test_every_kind_has_a_form_with_a_label_for_each_field(service: Service, patient: Patient) -> None:
    visitor = Visitor(service, "coordinator")
    for kind in sorted(WITH_FORM - {"dose_taken_back"}):
        page = form_for(visitor, patient, kind)
        labelled = {label.attrib["for"] for label in page.root.iter("label") if "for" in label.attrib}
        shown = [one for tag in ("input", "select", "textarea") for one in page.all(tag) if one.get("type") != "hidden"]
        assert {one.attrib["id"] for one in shown if one.get("type") != "checkbox"} == labelled, kind
        # What is needed is asked for; an empty form is not an error yet.
        assert page.all("p", class_="error") == [], kind


def test_a_coordinator_chooses_among_the_other_sites_and_a_nurse_transfers_nobody(
    service: Service, visitor: Visitor, patient: Patient
) -> None:
    of_site = Visitor(service, service.token("coordinator", ["FUSCC"]))
    form = form_for(of_site, patient, "site_transferred")
    assert [option.get("value") for option in form.one("select", name="site").iter("option")] == ["", "BERLIN"]
    address = f"/ward/patients/{patient.patient_id}"
    for somebody, may in ((of_site, True), (visitor, False)):
        kinds = {button.get("value") for _, button in somebody.page(f"{address}/record").buttons()}
        assert ("site_transferred" in kinds) == may
        (token,) = {field.attrib["value"] for field in somebody.page(address).all("input", name="csrf_token")}
        sent = {"csrf_token": token, "kind": "site_transferred"}
        assert somebody.post(f"{address}/record", sent).status_code == (200 if may else 422)


def test_what_follows_is_shown_and_nothing_is_recorded(service: Service, visitor: Visitor, patient: Patient) -> None:
    said: dict[str, Any] = {"kind": "treatment_ended", "last_dose_on": "2024-02-19", "decided_on": "2024-02-20"}
    said["reason"] = "intolerance"
    answer = patient.send(dry_run=True, **said).json
    page = form_for(visitor, patient, "treatment_ended")
    with service.unchanged():
        shown = Page(previewed(visitor, page, **{name: said[name] for name in said if name != "kind"}))
    changes = shown.all("div", class_="change")
    assert len(changes) == len(answer["consequences"])
    (contraception,) = [one for one in changes if text_of(one).startswith("Contraception ")]
    (of_api,) = [one for one in answer["consequences"] if one["what"] == "contraception"]
    assert of_api["after"]["through_on"] == "2024-08-19"
    assert set(shown.days(contraception)) == {"2024-08-19", of_api["before"]["earliest_through_on"]}
    assert "On treatment → In follow-up" in shown.text
    assert "Nothing is recorded yet." in shown.text

    recorded = visitor.after(visitor.press(shown, "Record"))
    assert "Recorded." in recorded.text
    (fact,) = [one for one in patient.read("facts")["items"] if one["kind"] == "treatment_ended"]
    assert (fact["last_dose_on"], fact["reason"]) == ("2024-02-19", "intolerance")
    assert fact["recorded_by"] == {"role": "nurse", "name": "nurse"}


def test_a_form_that_changed_since_it_was_looked_at_is_shown_again(
    service: Service, visitor: Visitor, patient: Patient
) -> None:
    page = form_for(visitor, patient, "hold_started")
    shown = Page(previewed(visitor, page, from_on="2024-02-21"))
    with service.unchanged():
        again = visitor.press(shown, "Record", from_on="2024-02-22")
    assert again.status_code == 200
    visitor.after(visitor.press(Page(again), "Record"))
    (hold,) = [one for one in patient.read("facts")["items"] if one["kind"] == "hold_started"]
    assert hold["from_on"] == "2024-02-22"


def test_a_patient_who_changed_meanwhile_is_not_written_over(
    service: Service, visitor: Visitor, patient: Patient
) -> None:
    shown = Page(previewed(visitor, form_for(visitor, patient, "hold_started"), from_on="2024-02-21"))
    patient.record("dose_recorded", dose_on="2024-02-19", status="taken")
    with service.unchanged():
        refused = visitor.press(shown, "Record")
    assert refused.status_code == 412
    assert "The patient changed meanwhile. Look again." in refused.text
    # The form now is for the patient as it is.
    again = Page(previewed(visitor, Page(refused)))
    assert visitor.press(again, "Record").status_code == 303


def test_recording_twice_records_once(visitor: Visitor, patient: Patient) -> None:
    shown = Page(previewed(visitor, form_for(visitor, patient, "dose_recorded"), dose_on="2024-02-19", status="taken"))
    assert visitor.press(shown, "Record").status_code == 303
    assert visitor.press(shown, "Record").status_code == 412
    assert len([one for one in patient.read("facts")["items"] if one["kind"] == "dose_recorded"]) == 1


def test_every_bad_field_has_its_refusal(service: Service, visitor: Visitor, patient: Patient) -> None:
    page = form_for(visitor, patient, "dose_recorded")
    with service.unchanged():
        refused = previewed(visitor, page, dose_on="2024-02-30", status="", amount="a lot", note="Seen")
    assert refused.status_code == 422
    shown = Page(refused)
    errors = {one.attrib["id"]: text_of(one) for one in shown.all("p", class_="error")}
    assert errors == {
        "e-dose_on": "This date does not exist.",
        "e-status": "Missing.",
        "e-amount": "Not a number above 0, at most 1000000000000.",
    }
    for name in ("dose_on", "status", "amount"):
        (field,) = [one for one in shown.root.iter() if one.get("id") == f"f-{name}"]
        assert field.attrib["aria-invalid"] == "true"
        assert f"e-{name}" in field.attrib["aria-describedby"]
    assert [one.text for one in shown.all("textarea", name="note")] == ["Seen"]


def test_a_conflict_is_said_at_the_form(service: Service, visitor: Visitor, patient: Patient) -> None:
    page = form_for(visitor, patient, "treatment_started")
    with service.unchanged():
        refused = previewed(visitor, page, first_dose_on="2024-01-06")
    assert refused.status_code == 409
    (error,) = [text_of(one) for one in Page(refused).root.iter() if one.get("role") == "alert"]
    # The API names the field by which programs correct it; the start is in the history, with a button.
    assert error == "This is on record already. Correct it in the history."


def test_what_may_be_a_mistake_is_asked_and_recorded_once_confirmed(visitor: Visitor, patient: Patient) -> None:
    page = form_for(visitor, patient, "dose_changed")
    assert page.all("input", name="confirmed") == []
    asked = previewed(visitor, page, from_on="2024-02-21", amount="225")
    assert asked.status_code == 422
    shown = Page(asked)
    choices = [one.attrib["value"] for one in shown.all("input", name="confirmed")]
    assert {"not_a_level", "not_dispensable"} <= set(choices)
    (error,) = shown.all("p", class_="error")
    assert "please confirm" in text_of(error)
    sent = fields_of(next(form for form in shown.root.iter("form") if "/record" in form.get("action", "")))
    address = f"/ward/patients/{patient.patient_id}/record"
    both = {**sent, "confirmed": "not_a_level,not_dispensable"}
    confirmed = Page(visitor.post(f"{address}?dry_run=true", both))
    assert confirmed.status == 200
    assert "225 mg" in confirmed.text


def test_a_record_is_corrected_from_the_history_with_a_reason(visitor: Visitor, patient: Patient) -> None:
    patient.record("dose_recorded", dose_on="2024-02-19", status="taken", amount=300, note="Before breakfast")
    page = visitor.page(f"/ward/patients/{patient.patient_id}?history=all")
    form = Page(visitor.press(page, "Correct"))
    assert text_of(form.one("h1")) == "Correct: Dose"
    assert form.one("input", name="dose_on").attrib["value"] == "2024-02-19"
    assert form.one("textarea", name="note").text == "Before breakfast"
    assert previewed(visitor, form, status="missed", amount="").status_code == 422
    shown = Page(previewed(visitor, form, status="missed", amount="", reason="The patient was sick"))
    visitor.after(visitor.press(shown, "Record"))
    facts = [one for one in patient.read("facts")["items"] if one["kind"] == "dose_recorded"]
    assert [(one["status"], one["voided_by"] is None) for one in facts] == [("taken", False), ("missed", True)]
    assert facts[1]["replaces"] == facts[0]["fact_id"]
    assert facts[1]["reason"] == "The patient was sick"


def test_a_correction_keeps_what_is_on_record(visitor: Visitor, patient: Patient) -> None:
    """Nothing is lost that the form need not ask for: a time to the second, the visit, the drug."""
    said = {"dose_on": "2024-02-19", "status": "taken", "taken_at": "2024-02-19T00:15:30+00:00"}
    patient.record("dose_recorded", **said, regimen="surufatinib")
    form = Page(visitor.press(visitor.page(f"/ward/patients/{patient.patient_id}?history=all"), "Correct"))
    assert form.one("input", name="taken_at").attrib["value"] == "2024-02-19T08:15:30"
    shown = Page(previewed(visitor, form, note="Seen", reason="A note"))
    visitor.after(visitor.press(shown, "Record"))
    old, new = (one for one in patient.read("facts")["items"] if one["kind"] == "dose_recorded")
    assert new["taken_at"] == "2024-02-19T08:15:30+08:00"
    assert (new["amount"], new.get("regimen")) == (old["amount"], old.get("regimen"))
    patient.record("visit_done", series="imaging", visit="unscheduled", done_on="2024-02-18", response="SD")
    form = Page(visitor.press(visitor.page(f"/ward/patients/{patient.patient_id}"), "Correct"))
    sent = fields_of(next(form for form in form.root.iter("form") if "/record" in form.get("action", "")))
    assert (sent["series"], sent["visit"], sent["response"]) == ("imaging", "unscheduled", "SD")


@pytest.mark.parametrize(
    "fact",
    [
        {"kind": "hold_started", "from_on": "2024-02-19", "reason": "ALT\ngrade 3"},
        {"kind": "dose_changed", "from_on": "2024-02-19", "amount": 250, "reason": "Bleeding"},
        {"kind": "treatment_ended", "last_dose_on": "2024-02-18", "decided_on": "2024-02-19", "reason": "intolerance"},
    ],
)
def test_a_correction_keeps_the_reason_of_the_fact_itself(
    visitor: Visitor, patient: Patient, fact: dict[str, Any]
) -> None:
    """It is another field than the reason of the correction, which is asked each time."""
    patient.record(**fact)
    for number in ("first", "second"):
        form = Page(visitor.press(visitor.page(f"/ward/patients/{patient.patient_id}"), "Correct"))
        assert previewed(visitor, form).status_code == 422
        shown = Page(previewed(visitor, form, correction_reason=f"The {number} look"))
        visitor.after(visitor.press(shown, "Record"))
    facts = [one for one in patient.read("facts")["items"] if one["kind"] == fact["kind"]]
    assert [(one["reason"], one["correction_reason"]) for one in facts] == [
        (fact["reason"], None),
        (fact["reason"], "The first look"),
        (fact["reason"], "The second look"),
    ]


def test_a_form_says_of_a_field_that_it_was_emptied_and_nothing_of_one_that_never_was_filled() -> None:
    record: dict[str, Any] = {"kind": "hold_started", "from_on": "2024-02-19", "resumes_on": "2024-02-26"}
    record |= {"reason": None, "regimens": ["surufatinib"], "correction_reason": "A day longer"}
    emptied = {"from_on": "2024-02-19", "resumes_on": " ", "reason": "", "correction_reason": "Its end is not known"}
    sent = {"kind": "hold_started", "from_on": "2024-02-19", "correction_reason": "Its end is not known"}
    assert document_of("hold_started", MultiDict(emptied), "UTC", fields_of_fact(record)) == {
        **sent,
        "resumes_on": None,
        "regimens": None,
    }
    assert document_of("hold_started", MultiDict(emptied), "UTC") == sent
    # What a fact needs is missing rather than null: null would say something, such as that a booking is cancelled.
    booking = {"kind": "visit_booked", "visit": "imaging-w6", "booked_on": "2024-02-20", "time": "09:30", "part": False}
    cleared = MultiDict({"visit": "", "booked_on": "", "time": "", "part": ""})
    assert document_of("visit_booked", cleared, "UTC", fields_of_fact(booking)) == {
        "kind": "visit_booked",
        "time": None,
    }
    returned = {"kind": "drug_returned", "on": "2024-02-20", "units": {"50": 4}, "lost": {"50": 2}, "kit": "K-1"}
    counts = MultiDict({"on": "2024-02-20", "units.50": "4", "lost.50": "", "kit": "K-1"})
    assert document_of("drug_returned", counts, "UTC", fields_of_fact(returned)) == {
        **{"kind": "drug_returned", "on": "2024-02-20", "units": {"50": 4}, "kit": "K-1"},
        "lost": None,
    }


def test_an_emptied_field_stays_empty_while_a_correction_is_looked_at(visitor: Visitor, patient: Patient) -> None:
    patient.record("hold_started", from_on="2024-02-19", resumes_on="2024-02-22", reason="Proteinuria")
    form = Page(visitor.press(visitor.page(f"/ward/patients/{patient.patient_id}"), "Correct"))
    shown = Page(previewed(visitor, form, resumes_on="", correction_reason="Its end is not known"))
    assert shown.one("input", name="resumes_on").get("value") == ""
    visitor.after(visitor.press(shown, "Record"))
    statuses = {dose["dose_on"]: dose["status"] for dose in patient.read("calendar")["doses"]}
    assert (statuses["2024-02-18"], statuses["2024-02-22"]) == ("unrecorded", "held")
    # It goes without saying in the next correction: there is nothing to take away any more.
    form = Page(visitor.press(visitor.page(f"/ward/patients/{patient.patient_id}"), "Correct"))
    shown = Page(previewed(visitor, form, resumes_on="2024-02-23", correction_reason="Now it is"))
    visitor.after(visitor.press(shown, "Record"))
    assert {dose["dose_on"]: dose["status"] for dose in patient.read("calendar")["doses"]}["2024-02-23"] == "planned"


def test_a_number_is_written_in_plain_digits(visitor: Visitor, patient: Patient) -> None:
    page = form_for(visitor, patient, "dose_recorded")
    for amount in ("2_00", "nan", "inf", "1e2", "２００", "2,5", "0", "-1"):
        refused = previewed(visitor, page, dose_on="2024-02-19", status="taken", amount=amount)
        assert refused.status_code == 422, amount
    assert previewed(visitor, page, dose_on="2024-02-19", status="taken", amount="250.0").status_code == 200


def test_a_record_is_taken_back_with_a_reason(visitor: Visitor, patient: Patient) -> None:
    patient.record("hold_started", from_on="2024-02-19")
    form = Page(visitor.press(visitor.page(f"/ward/patients/{patient.patient_id}"), "Take back"))
    shown = Page(previewed(visitor, form, reason="Wrong patient"))
    visitor.after(visitor.press(shown, "Record"))
    (hold,) = [one for one in patient.read("facts")["items"] if one["kind"] == "hold_started"]
    assert hold["voided_by"] is not None


def test_a_local_time_is_that_of_the_patient(visitor: Visitor, patient: Patient) -> None:
    filled = {"dose_on": "2024-02-19", "status": "taken", "taken_at": "2024-02-19T08:15"}
    shown = Page(previewed(visitor, form_for(visitor, patient, "dose_recorded"), **filled))
    visitor.after(visitor.press(shown, "Record"))
    (dose,) = [one for one in patient.read("facts")["items"] if one["kind"] == "dose_recorded"]
    assert dose["taken_at"] == "2024-02-19T08:15:00+08:00"


def test_one_touch_books_a_suggested_day(visitor: Visitor, nurse: Client, patient: Patient) -> None:
    page = visitor.page("/ward")
    name = f"visit_to_book.{patient.patient_id}.imaging-w6"
    (entry,) = [one for one in page.all("li", class_="entry") if one.attrib["data-entry"] == name]
    (form,) = [form for form in entry.iter("form") if form.attrib["action"].endswith("/booking")]
    day = next(button for button in form.iter("button") if button.get("name") == "booked_on")
    sent = {**fields_of(form), "booked_on": day.attrib["value"]}
    after = visitor.after(visitor.post(form.attrib["action"], sent))
    assert "Booked." in after.text
    assert nurse.get(f"{patient.path}/visits/imaging-w6").json["booked_on"] == day.attrib["value"] == "2024-02-20"
    assert name not in [one.attrib["data-entry"] for one in after.all("li", class_="entry")]


def test_a_booking_shows_what_speaks_against_it_before_it_is_made(
    service: Service, visitor: Visitor, nurse: Client, patient: Patient
) -> None:
    address = f"/ward/patients/{patient.patient_id}/visits/imaging-w6"
    # 24 February 2024 was a Saturday.
    with service.unchanged():
        shown = Page(visitor.press(visitor.page(address), "Show what follows", booked_on="2024-02-24", time="09:30"))
    assert "FUSCC is not open on 24 Feb 2024" in shown.text
    visitor.after(visitor.press(shown, "Book"))
    booked = nurse.get(f"{patient.path}/visits/imaging-w6").json
    assert (booked["booked_on"], booked["booked_time"]) == ("2024-02-24", "09:30")
    # A time that is emptied does not come back on the form that is looked at.
    moved = Page(visitor.press(visitor.page(address), "Show what follows", time=""))
    assert moved.one("input", name="time").get("value") == ""
    visitor.after(visitor.press(moved, "Book"))
    assert nurse.get(f"{patient.path}/visits/imaging-w6").json["booked_time"] is None
    after = visitor.after(visitor.press(visitor.page(address), "Cancel the booking"))
    assert "The booking is cancelled." in after.text
    assert nurse.get(f"{patient.path}/visits/imaging-w6").json["booked_on"] is None
    refused = visitor.press(visitor.page(address), "Show what follows", booked_on="2024-02-30", time="9.30")
    assert refused.status_code == 422
    assert "Day: This date does not exist." in Page(refused).text


def test_a_result_is_recorded_with_what_follows(visitor: Visitor, nurse: Client, patient: Patient) -> None:
    address = f"/ward/patients/{patient.patient_id}/visits/imaging-w6"
    shown = Page(visitor.press(visitor.page(address), "Show what follows", 1, done_on="2024-02-19", response="PD"))
    assert "progress" in shown.text
    assert "2024-02-19" in shown.days()
    visitor.after(visitor.press(shown, "Record"))
    done = nurse.get(f"{patient.path}/visits/imaging-w6").json
    assert (done["done_on"], done["response"], done["status"]) == ("2024-02-19", "PD", "done")


def test_a_booking_that_a_late_visit_left_over_is_cancelled(visitor: Visitor, nurse: Client, patient: Patient) -> None:
    patient.record("visit_booked", visit="imaging-w6", booked_on="2024-02-27")
    patient.record("visit_done", series="imaging", visit="imaging-w6", done_on="2024-02-19", response="SD")
    address = f"/ward/patients/{patient.patient_id}/visits/imaging-w6"
    after = visitor.after(visitor.press(visitor.page(address), "Cancel the booking"))
    assert "The booking is cancelled." in after.text
    assert nurse.get(f"{patient.path}/visits/imaging-w6").json["booked_on"] is None


def test_a_result_that_changed_since_it_was_looked_at_is_shown_again(
    service: Service, visitor: Visitor, nurse: Client, patient: Patient
) -> None:
    address = f"/ward/patients/{patient.patient_id}/visits/imaging-w6"
    shown = Page(visitor.press(visitor.page(address), "Show what follows", 1, done_on="2024-02-19", response="SD"))
    with service.unchanged():
        again = visitor.press(shown, "Record", done_on="2024-02-18")
        assert again.status_code == 200
    patient.record("dose_recorded", dose_on="2024-02-19", status="taken")
    with service.unchanged():
        stale = visitor.press(Page(again), "Record")
        assert stale.status_code == 412
        assert "The patient changed meanwhile. Look again." in stale.text
    shown = Page(visitor.press(Page(stale), "Show what follows", 1))
    visitor.after(visitor.press(shown, "Record"))
    assert nurse.get(f"{patient.path}/visits/imaging-w6").json["done_on"] == "2024-02-18"


def test_an_entry_waits_until_a_day(visitor: Visitor, nurse: Client, patient: Patient) -> None:
    patient.record("hold_started", from_on="2024-02-01")
    (entry,) = entries_of(nurse, patient, "hold_open")
    address = f"/ward/worklist/{entry['entry_id']}/acknowledgement"
    refused = visitor.press(visitor.page(address), "Let it wait", note="Resumes on Friday", until="2024-02-20")
    assert refused.status_code == 422
    after = visitor.after(visitor.press(Page(refused), "Let it wait", until="2024-02-23"))
    assert entry["entry_id"] not in [one.attrib["data-entry"] for one in after.all("li", class_="entry")]
    (kept,) = [one["acknowledged"] for one in entries_of(nurse, patient, "hold_open", acknowledged="include")]
    assert (kept["note"], kept["until"]) == ("Resumes on Friday", "2024-02-23")


def test_a_dose_that_could_hurt_is_acknowledged_for_good(visitor: Visitor, nurse: Client, patient: Patient) -> None:
    patient.record("dose_recorded", dose_on="2024-02-19", status="taken", amount=600)
    (entry,) = entries_of(nurse, patient, "dose_above_plan")
    form = visitor.page(f"/ward/worklist/{entry['entry_id']}/acknowledgement")
    assert form.all("input", name="until") == []
    assert "It is noted that this was seen." in visitor.after(visitor.press(form, "Seen", note="Examined")).text
    assert entries_of(nurse, patient, "dose_above_plan") == []


def test_a_phone_gets_a_code_and_is_signed_out(service: Service, visitor: Visitor, patient: Patient) -> None:
    address = f"/ward/patients/{patient.patient_id}"
    answer = visitor.press(visitor.page(address), "Code for a phone")
    assert answer.status_code == 200
    code = text_of(Page(answer).one("p", class_="big"))
    given = Client(service.app, None).post("/v1/activate", {"code": code, "device_name": XSS})
    assert given.status_code == 200, given.text
    page = visitor.page(address)
    assert XSS in page.text
    visitor.after(visitor.press(page, "Sign out", 1))
    (device,) = patient.read("devices")["items"]
    assert device["ended_at"] is not None


def test_texts_of_people_are_shown_as_they_are_and_run_nothing(visitor: Visitor, patient: Patient) -> None:
    """Notes, reasons, places and the labels that follow from them."""
    patient.record("dose_recorded", dose_on="2024-02-19", status="taken", note=XSS)
    patient.record("hold_started", from_on="2024-02-20", reason=XSS)
    patient.record("visit_booked", visit="imaging-w6", booked_on="2024-02-21", place=XSS)
    base = f"/ward/patients/{patient.patient_id}"
    for address in ("/ward", "/ward/days", "/ward/scans", f"{base}?history=all", f"{base}/visits/imaging-w6"):
        page = visitor.page(address)
        assert [one for one in page.root.iter("script") if "src" not in one.attrib] == [], address
        assert page.all("img") == []
        assert not [name for one in page.root.iter() for name in one.attrib if name.startswith("on")]
        assert "{{7*7}}" in page.text or address in ("/ward", "/ward/scans")
        assert "49" not in page.text or address not in ("/ward/days",)
    shown = Page(previewed(visitor, form_for(visitor, patient, "hold_ended"), resumes_on=XSS))
    assert shown.status == 422
    assert shown.one("input", name="resumes_on").attrib["value"] == XSS
    for query in (f"/ward?said={XSS}&warned={XSS}", f"/sign-in?next={XSS}"):
        assert visitor.page(query).all("img") == []


def test_a_new_patient_is_registered_after_a_look_at_the_visits(
    service: Service, visitor: Visitor, nurse: Client
) -> None:
    page = visitor.page("/ward/register")
    filled = {"subject_number": "NEW-7", "sex": "female", "protocol": "nct06110650", "enrolled_on": "2024-02-20"}
    with service.unchanged():
        shown = Page(previewed(visitor, page, **filled))
    visits = {card.get("data-visit"): shown.days(card) for card in shown.all("div", class_="change")}
    # 20 February and six weeks is 2 April.
    assert visits["imaging-w6"] == ["2024-03-26", "2024-04-09", "2024-04-02"]
    after = visitor.after(visitor.press(shown, "Record"))
    assert "NEW-7" in after.text
    (patient,) = nurse.get("/v1/patients", subject_number="NEW-7").json["items"]
    assert (patient["status"], patient["time_zone"], patient["site"]) == ("enrolled", "Asia/Shanghai", "FUSCC")
    again = previewed(visitor, page, **filled)
    assert again.status_code == 200
    taken = visitor.press(Page(again), "Record")
    assert taken.status_code == 409
    assert "another patient NEW-7" in taken.text
    bad = Page(previewed(visitor, page, **{**filled, "subject_number": "Mrs Li", "enrolled_on": "2024-02-30"}))
    assert {one.attrib["id"] for one in bad.all("p", class_="error")} == {"e-subject_number", "e-enrolled_on"}


def test_what_is_to_be_handed_out_is_the_supply(visitor: Visitor, patient: Patient) -> None:
    supply, address = patient.read("supply"), f"/ward/patients/{patient.patient_id}"
    page = visitor.page(address)
    (line,) = [one for one in page.root.iter("li") if "data-supply" in one.attrib]
    (regimen,) = supply["regimens"]
    (piece,) = regimen["pieces"]
    given_out = "Record that it was given out"
    assert text_of(line) == f"surufatinib {regimen['doses']} doses: {piece['count']} × 50 mg {given_out}"
    assert piece["count"] == 6 * regimen["doses"]
    form = Page(visitor.press(page, given_out))
    visitor.after(visitor.press(Page(previewed(visitor, form)), "Record"))
    (fact,) = [one for one in patient.read("facts")["items"] if one["kind"] == "drug_dispensed"]
    assert (fact["on"], fact["units"]) == ("2024-02-20", {"50": piece["count"]})
    # The window of the next visit closes on the day after.
    patient.record("hold_started", from_on="2024-02-20", resumes_on="2024-02-21")
    (line,) = [one for one in visitor.page(address).root.iter("li") if "data-supply" in one.attrib]
    assert text_of(line).startswith("surufatinib 1 dose: 6 × 50 mg")


def test_messages_are_stopped_and_go_on(visitor: Visitor, patient: Patient) -> None:
    address = f"/ward/patients/{patient.patient_id}"
    after = visitor.after(visitor.press(visitor.page(address), "Stop all messages"))
    assert patient.read("messages")["all"] is True
    visitor.after(visitor.press(after, "Let messages go on"))
    assert patient.read("messages")["all"] is False
