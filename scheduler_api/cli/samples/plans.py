"""Say what happens to each of the 31 synthetic patients. Nobody here is, or is taken from, a real person.

Every number is a day counted from the patient's enrolment (day 0), unless it says otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple


class HoldPlan(NamedTuple):
    """A hold of so many days (None: it is still open), and the planned dose after it if that is reduced."""

    day: int
    days: int | None
    then_amount: float | None = None
    reason: str = "proteinuria"


class ScanPlan(NamedTuple):
    """A scan that is not as usual: days from its target on which it is done and booked (None: it is not)."""

    done: int | None = 0
    booked: int | None = 0
    response: str | None = None
    named: bool = False


class AppointmentPlan(NamedTuple):
    """An appointment beside those for the visits themselves: made on a day, for a later one.

    It is for a part of a `visit`, or for none.
    """

    made: int
    day: int
    time: str
    place: str
    visit: str | None = None


class CountPlan(NamedTuple):
    """Capsules of 50 mg counted on a day: those that came back and were lost since (None: no return), then given out.

    `kit` is the number on the bottle that is given out, if one is.
    """

    day: int
    given_out: int = 0
    kit: str | None = None
    back: int | None = None
    lost: int = 0


class EndPlan(NamedTuple):
    """The end of treatment: the last dose (None: never dosed), the day it was decided, and why."""

    last_dose: int | None
    decided: int
    reason: str


class Mistake(NamedTuple):
    """A dose recorded wrongly and corrected later, or a hold recorded for the wrong patient and taken back."""

    kind: str
    day: int
    after: int
    why: str


@dataclass(frozen=True)
class Plan:
    """The course of one patient. `doses` are days on which, against the plan or not, so many mg are taken."""

    sex: str = "female"
    basis: str | None = None
    time_zone: str = "Asia/Shanghai"
    first_dose: int | None = 2
    holds: tuple[HoldPlan, ...] = ()
    scans: Mapping[int, ScanPlan] = field(default_factory=dict)
    confirming_scan: int | None = None
    appointments: tuple[AppointmentPlan, ...] = ()
    doses: Mapping[int, float] = field(default_factory=dict)
    counts: tuple[CountPlan, ...] = ()
    progressed: int | None = None
    new_therapy: int | None = None
    ended: EndPlan | None = None
    study_ended: tuple[int, str] | None = None
    sterilised: int | None = None
    skipped_follow_ups: frozenset[int] = frozenset()
    mistake: Mistake | None = None
    silent_days: int = 0


@dataclass(frozen=True)
class ScreeningPlan:
    """A patient who is being screened: consented so many `days` ago; for which day enrolment was `planned`.

    `failed` is the day on which the patient turned out not to fit the trial.
    """

    days: int
    planned: int
    sex: str = "female"
    failed: int | None = None


#: In order of enrolment, which is 11 days apart. On the day the samples are for, the first has been in the trial for
#: 313 days and the last for 5. Scans are numbered from 1: the n-th is due in week 6·n.
PLANS: tuple[Plan, ...] = (
    # 1, 313 days: progression on the scan of week 24, contraception follow-up still going on.
    Plan(scans={4: ScanPlan(response="PD", named=True)}, ended=EndPlan(170, 172, "progression")),
    # 2: progression early, all six follow-ups, off study.
    Plan(
        first_dose=1,
        scans={2: ScanPlan(response="PD")},
        ended=EndPlan(86, 87, "progression"),
        study_ended=(282, "completed"),
    ),
    # 3: two holds, two reductions, then intolerance; imaging goes on, with gaps.
    Plan(
        first_dose=3,
        holds=(HoldPlan(20, 10, 250), HoldPlan(45, 8, 200, "raised transaminases")),
        scans={4: ScanPlan(None, 3), 5: ScanPlan(None, None)},
        ended=EndPlan(62, 64, "intolerance"),
        skipped_follow_ups=frozenset({3, 6}),
    ),
    # 4: a response that another scan confirmed four weeks later, two reductions, a capsule on a held day.
    Plan(
        sex="male",
        holds=(HoldPlan(60, 7, 250), HoldPlan(152, 9, 200, "hand-foot syndrome")),
        scans={2: ScanPlan(response="PR"), 5: ScanPlan(response="CR", named=True)},
        confirming_scan=112,
        doses={62: 300},
    ),
    # 5: died on treatment.
    Plan(basis="natural_menopause", ended=EndPlan(129, 130, "death"), study_ended=(130, "death")),
    # 6: withdrew, and brought back what was left; six capsules were lost.
    Plan(
        ended=EndPlan(50, 52, "withdrawal"),
        study_ended=(55, "withdrawal"),
        skipped_follow_ups=frozenset({1}),
        counts=(CountPlan(2, 180, "K-0601"), CountPlan(23, 180, "K-0602", back=60), CountPlan(52, back=24, lost=6)),
    ),
    # 7: lost to follow-up; nobody recorded an end of treatment.
    Plan(sex="male", study_ended=(125, "lost_to_follow_up"), silent_days=12),
    # 8: clinical progression on the day of a scan, which was not done; then another therapy.
    Plan(
        sex="male",
        scans={2: ScanPlan(None, 4)},
        progressed=88,
        new_therapy=112,
        ended=EndPlan(87, 89, "progression"),
    ),
    # 9: on treatment after the menopause; a scan missed, a double dose.
    Plan(basis="natural_menopause", scans={3: ScanPlan(None, -2)}, doses={33: 600}),
    # 10: two holds; not fertile since an operation.
    Plan(holds=(HoldPlan(30, 10), HoldPlan(120, 7, 250, "hypertension")), sterilised=90),
    # 11: one scan late, one early, half a dose.
    Plan(
        sex="male",
        scans={2: ScanPlan(11, 4), 3: ScanPlan(-10, -10, named=True)},
        doses={64: 150},
    ),
    # 12: intolerance, and a capsule after the end; a hold recorded for the wrong patient.
    Plan(
        ended=EndPlan(100, 101, "intolerance"),
        doses={104: 300},
        mistake=Mistake("hold", 40, 1, "recorded for the wrong patient"),
    ),
    # 13: on hold now; the second part of the last scan, an MRI, was booked, and nobody recorded whether it was done.
    Plan(
        sex="male",
        holds=(HoldPlan(70, 7, 250), HoldPlan(176, None, None, "bleeding")),
        appointments=(AppointmentPlan(160, 175, "14:00", "MRI, building 4", "imaging-w24"),),
    ),
    # 14: the physician ended treatment; a follow-up skipped.
    Plan(ended=EndPlan(80, 80, "physician_decision"), skipped_follow_ups=frozenset({2})),
    # 15: far west of the centre; the scan of week 18 is overdue.
    Plan(sex="male", time_zone="Asia/Urumqi", scans={3: ScanPlan(None, None)}),
    # 16: a scan so late that somebody is to confirm which visit it was; a dose said to be missed that was taken.
    Plan(
        holds=(HoldPlan(25, 7, 250),),
        scans={2: ScanPlan(15, 15)},
        mistake=Mistake("dose", 12, 1, "found in the patient's diary"),
    ),
    # 17: treatment ended for a pregnancy, which is still open.
    Plan(ended=EndPlan(70, 71, "pregnancy")),
    # 18: the scan of week 18 is open and nobody has booked it.
    Plan(sex="male", scans={3: ScanPlan(None, None)}),
    # 19: the next scan is booked for a day after its window.
    Plan(scans={3: ScanPlan(None, 10)}),
    # 20: a scan between two visits showed progression.
    Plan(sex="male", scans={2: ScanPlan(-12, 1, "PD")}, ended=EndPlan(74, 75, "progression")),
    # 21: a scan overdue and booked for next week.
    Plan(basis="sterilisation", scans={2: ScanPlan(None, 12)}),
    # 22: a scan open and booked in two parts: the CT, and some days later the MRI.
    Plan(
        sex="male",
        scans={2: ScanPlan(None, 1)},
        appointments=(AppointmentPlan(70, 89, "14:00", "MRI, building 4", "imaging-w12"),),
    ),
    # 23: withdrew before the first dose.
    Plan(first_dose=None, ended=EndPlan(None, 6, "withdrawal"), study_ended=(6, "withdrawal")),
    # 24: took a capsule on the eve of the recorded start.
    Plan(sex="male", first_dose=4, doses={3: 300}),
    # 25: did not come to a booked scan.
    Plan(scans={1: ScanPlan(None, 3)}),
    # 26: a man who is not fertile; what came back after the first cycle was counted.
    Plan(
        sex="male",
        basis="sterilisation",
        scans={1: ScanPlan(None, 0)},
        counts=(CountPlan(2, 150, "K-2601"), CountPlan(23, 150, "K-2602", back=30)),
    ),
    # 27 and 28: the first weeks; the former has an appointment for an extra scan, because of a headache, and the latter
    # has not said anything for some days.
    Plan(
        basis="artificial_menopause",
        appointments=(AppointmentPlan(25, 33, "10:00", "MRI, building 4"),),
    ),
    Plan(sex="male", silent_days=4),
    # 29, 5 days: enrolled, not yet started.
    Plan(first_dose=None),
)

#: Two more who consented in the last weeks: days since then; the day of consent is day 0.
SCREENING: tuple[ScreeningPlan, ...] = (
    # 30, 4 days: being screened, enrolment planned for next week.
    ScreeningPlan(days=4, planned=11),
    # 31, 16 days: the trial was not for this patient.
    ScreeningPlan(days=16, planned=20, sex="male", failed=9),
)
