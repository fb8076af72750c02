"""What each rule of a reason says in English: the texts that catalogues translate."""

from __future__ import annotations

from collections.abc import Mapping

#: By the rule's name. What stands in braces is one of its inputs, which may be a reason itself.
RULES: Mapping[str, str] = {
    # Days that others are counted from.
    "enrolment": "enrolment {day}",
    "consent": "consent {day}",
    "arm_assigned": "arm {text} from {day}",
    "randomisation": "randomisation {day}",
    "milestone": "{text} {day}",
    "planned_enrolment": "planned enrolment {day}",
    "not_enrolled": "not enrolled",
    "registered": "registered, not enrolled",
    "first_dose": "first dose {day}",
    "first_taken": "first day recorded taken {day}",
    "planned_first_dose": "planned first dose {day}",
    "last_dose": "last dose {day}",
    "last_dose_unknown": "last dose not known, {base}",
    "last_dose_reported": "last dose {text}, taken as {day}",
    "last_dose_to_confirm": "last dose {day}, as the patient said and the site has yet to confirm",
    "no_dose": "no dose on record",
    "today": "today {day}",
    "visit_done": "{visit} done {day}",
    "visit_target": "{visit} target {day}",
    # Distances.
    "day": "{number} day",
    "days": "{number} days",
    "week": "{number} week",
    "weeks": "{number} weeks",
    "month": "{number} month",
    "months": "{number} months",
    "after": "{base} + {count}",
    "before": "{base} - {count}",
    "cycle_day": "{base} + {days} = cycle {number} day {number2}",
    # Ends.
    "died": "died {day}",
    "study_ended": "study ended {day}",
    "reported": "{base}, reported as {text}",
    "progressed": "progressed {day}",
    "new_therapy": "new therapy {day}",
    "treatment_ended": "treatment ended {day}",
    "not_for_patient": "not for this patient from {day}",
    "no_cycle_after": "no cycle after {day}",
    "not_required": "{base}; not required: {end}",
    "not_required_untold": "{base}; not required",
    # Contraception.
    "treatment_goes_on": "treatment goes on; at the earliest {base}",
    "never_dosed": "never dosed; {base}",
    "never_enrolled": "never enrolled; {base}",
    "end_not_recorded": "{base}, end of treatment not recorded",
    "never_fertile": "not fertile since enrolment {day} ({basis})",
    "not_fertile_for": "not fertile from {day} ({basis})",
    "not_fertile": "not fertile from {day}",
    "last_dose_of": "last dose of {text} {day}",
    "no_contraception_rule": "the protocol asks this patient for none",
    "natural_menopause": "natural_menopause",
    "artificial_menopause": "artificial_menopause",
    "sterilisation": "sterilisation",
    # Sites.
    "site_of_registration": "registered at {site}",
    "site_from": "{site} has the patient from {day} on",
    # Treatment.
    "reported_to_confirm": "reported by the patient for {day}, received {day2}: to be confirmed",
    "before_consent": "done {day}, before consent {day2}",
    "records_after_end": "records after {day}: {number}",
    "ended": "treatment ended ({reason}), last dose {day}",
    "ended_never_dosed": "treatment ended ({reason}), never dosed, decided {day}",
    "ended_unknown": "treatment ended ({reason}), last dose not known, decided {day}",
    "end_taken_back": "the end of treatment was taken back",
    "held": "held from {day}, resumes {day2}",
    "held_open": "held from {day}, end not known",
    "resumed": "resumed {day}",
    "no_hold": "no hold on record",
    "last_day_of_treatment": "last day of treatment {day}",
    "held_day": "held",
    "rest_day": "rest",
    "missed_day": "missed",
    "not_planned_day": "no dose",
    "amount_to_calculate": "the amount of this patient is to be calculated",
    "no_amount": "no amount",
    "regimen_over": "the regimen is over",
    "after_regimen": "{text} is over on {day}, then a gap of {count}",
    "amount_changed": "{amount} from {day}",
    "amount_of_protocol": "{amount} by version {number} of the protocol",
    "held_days_not_counted": "{base}; held days are not counted",
    "open_hold_stops_cycles": "an open hold stops the count of cycles",
    "both": "{base}; {other}",
    # Visits.
    "done_named": "done {day}, recorded for it",
    "done_window": "done {day}, inside its window",
    "done_late": "done {day}, after its window and before the next opened: to be confirmed",
    "nothing_belongs": "nothing on record belongs to it any more",
    "response": "response {response}",
    "response_taken_back": "the response was taken back",
    "booked": "booked {day}",
    "booking_cancelled": "booking cancelled",
    "part_appointment": "{base}: further appointment",
    "unscheduled_appointment": "Unscheduled appointment ({series})",
    "appointment_kept": "what was recorded as done ended the appointment",
    "not_in_plan": "no longer in the plan",
    "booked_after_done": "{base}, but it was done on {day}",
    # What a site has to do.
    "window_open": "window {day} to {day2}, not done and not booked",
    "window_not_done": "window {day} to {day2}, not done",
    "window_not_booked": "window {day} to {day2}, not booked",
    "booked_outside": "booked {day}, window {day2} to {day3}",
    "booked_at_old_site": "booked {day} at {site}, and {site2} has the patient then",
    "booked_past": "booked {day}, nothing recorded as done",
    "done_after_window": "done {day}, after the window of {visit} closed on {day2}: was it that visit?",
    "done_before": "done {day}, before {visit} (target {day2}) opened: was it that visit done early, or an extra one?",
    "no_response": "done {day}, no response recorded",
    "dropped_same_name": (
        "the amendment of {day3} plans {visit} on {day}, and it is already planned on {day2}: that one stays"
    ),
    "dropped_overlap": (
        "the amendment of {day3} plans {visit} on {day}, in the window of {visit2} ({day2}): it is left out"
    ),
    "reached_nobody": "since {day} no message has reached the patient",
    "on_day": "on {day}",
    "on_days": "from {day} to {day2}",
    "dose_above_plan": "{base}: {amount} taken where {amount2} were planned",
    "dose_while_held": "{base}: {amount} taken while dosing was held",
    "dose_on_rest_day": "{base}: {amount} taken where no dose was planned (rest)",
    "dose_after_end": "{base}: {amount} taken after the last day of treatment",
    "dose_not_planned": "{base}: {amount} taken where no dose was planned",
    "of_drug": "{drug}: {base}",
    "regimens_over": "the last regimen was over on {day}",
    "regimens_overlap": "{text} and {other} are the same drug and both run from {day} on: only {other} is planned",
    "by_the_patients_word": "{base}, by the patient's word",
    "amount_set_before": (
        "{amount} was set from {day}; the protocol has {amount2} from {day2}: "
        "{amount3} is planned until the site sets an amount"
    ),
    "no_dose_taken": "no dose taken from {day} on; planned doses missed or not recorded",
    "contraception_rests_on_last_dose": ("{base}, end of treatment not recorded: contraception rests on the last dose"),
    "no_start_recorded": "planned first dose {day}, no start and no dose recorded",
    "no_progression_recorded": (
        "treatment ended for progression {day}, no date of progression recorded: imaging goes on"
    ),
    "pregnancy_reported": "pregnancy reported {day}",
    "ended_for_pregnancy": "treatment ended for pregnancy {day}",
    "pregnant_on_treatment": "{base}: neither a hold nor an end of treatment is recorded",
    "no_reminders_while_pregnant": ("{base}: no dose reminder is sent until the site records how treatment goes on"),
    "reminders_again": "the site recorded how treatment goes on, or no pregnancy is open",
    # What a patient needs to know today.
    "call_site_before_dose": "Call your study site before you take a dose.",
    "amount_differs": "Today's dose is {amount}; before it was {amount2}. Check the amount before you take it.",
    "booked_in_vain": "The appointment of {day} may no longer be needed: ask your study site before you come.",
    "booked_elsewhere": (
        "The appointment of {day} was made with your former study site: ask your study site before you come."
    ),
    "dose_reminders_stopped": "You are sent no dose reminders any more: look here for what to take.",
    "messages_stopped": (
        "You are sent no reminders or messages any more: look here for what is planned, and call your study site if in "
        "doubt."
    ),
    # Messages.
    "dose_of": "dose of {day}, cycle {number} day {number2}",
    "put_off": "{base}: put off until later",
    "not_recorded_yet": "{base}: not recorded yet",
    "window_opened": "the window opened on {day} and nothing is booked",
    "window_closes": "the window closes on {day} and nothing is booked",
    "window_closed": "the window closed on {day} and nothing is recorded as done",
    "booked_on": "booked on {day}",
    "contraception_since": "contraception required since {day}",
    "each_morning": "each morning",
    # What was given out, and came back.
    "drug_out": "{drug}: given out since {day}",
    "drug_counted": (
        "{drug}: {amount} used by the count from {day} until the return of {day2}, {amount2} taken by the diary"
    ),
    "count_differs": "{base}; they may differ by {number} %",
    "nothing_dispensed": "nothing that was given out is on record any more",
    "dispensed_after_end": "given out {day}, after the last day of treatment {day2}",
    "kit_given_twice": "{text} was given out before and did not come back",
    "unknown_kit": "no kit {text} was given out",
    # Supply.
    "held_no_dose": "held: no dose is planned",
    "still_to_take": "{number} of {number2} days with {amount} still to take",
    "cannot_be_made": "{base}, which cannot be made of {amount}",
    "no_strengths": "{base}, which cannot be made of: the protocol names no strengths",
}
