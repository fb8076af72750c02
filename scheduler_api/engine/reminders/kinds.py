"""The kinds of message that the service sends, and who may switch which off."""

from __future__ import annotations

TO_PATIENTS = (
    "dose_due",
    "dose_again",
    "dose_later",
    "window_opened",
    "window_closing",
    "booking_tomorrow",
    "contraception_monthly",
    "contraception_released",
)
"""To a patient. `dose_later` is a dose reminder that the patient put off."""

DOSE_TO_CHECK = "dose_to_check"
"""Asks a site to check a dose that could hurt: sent at once when it is recorded, and never switched off."""

TO_SITES = ("digest", "doses_missed", "window_missed", DOSE_TO_CHECK)
"""To the staff of a site."""

DIGEST = "digest"
"""The one message that is about a site and no patient."""

KINDS = tuple(kind for kind in TO_PATIENTS + TO_SITES if kind not in ("dose_later", DOSE_TO_CHECK))
"""What a site may switch off. `dose_later` only comes when a patient asks for it."""

ABOUT_PATIENTS = tuple(kind for kind in KINDS if kind != DIGEST)
"""What a protocol may switch off."""

STOPPABLE = tuple(kind for kind in TO_PATIENTS if kind != "dose_later")
"""What a site may stop for one patient."""

DOSE_KINDS = TO_PATIENTS[:3]
"""The reminders of one dose day."""

SAFE_TO_SWITCH_OFF = ("dose_again", "window_opened", "contraception_released")
"""What a patient may switch off: another message says the same, or not hearing of it errs on the safe side.

`dose_again` repeats `dose_due`; the window that opened is announced again before it closes; a patient who does not
hear of the release goes on with contraception. The others may be the last message before a dose or a scan is missed or
a pregnancy begins.
"""
