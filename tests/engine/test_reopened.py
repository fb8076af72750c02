"""A regimen that starts at a milestone once treatment had ended reopens it: worked by hand (rules, section 4).

First dose 2024-01-05, progression 2024-05-14; the last dose of surufatinib is 2024-05-10, and its end is decided on
2024-05-20. On 2024-06-03 the patient crosses over to olaparib.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from scheduler_api.engine.errors import Conflict
from scheduler_api.engine.protocol_file.parse import read_protocol
from scheduler_api.engine.reminders.plan import Planner
from scheduler_api.engine.reminders.preferences import NotificationPreferences, SitePreferences
from scheduler_api.engine.views.changes import consequences
from scheduler_api.engine.views.warnings import warnings
from scheduler_api.engine.worklist.entry import WorklistEntry, urgency
from scheduler_api.engine.worklist.worklist import worklist

from .patients import NOW, Patient, day, plain, protocol_data, regimen_data, series

Data = dict[str, Any]

VISITS = (
    series("imaging", first={"weeks": 6}, every={"weeks": 6}, until=["progression"]),
    series("safety", "last_dose", first={"days": 30}),
    series("survival", "end_of_treatment", first={"weeks": 12}, every={"weeks": 12}, window=(7, 7)),
    series("clinic", {"days": [1]}, window=(2, 2)),
    series("infusion", {"days": [1], "regimen": "olaparib"}, window=(2, 2), until=["progression"]),
    series("drug", {"last_dose_of": "surufatinib"}, first={"days": 10}, window=(2, 2)),
)


def crossing_over(*visits: Data, after: Data | None = None, **rest: Any) -> Patient:
    """The patient after progression and the end of treatment; `after` is more about the regimen of olaparib."""
    second = {**regimen_data(200, []), "id": "olaparib", "drug": "olaparib", "starts": {"milestone": "crossover"}}
    declared = [{"id": "crossover", "label": "Crossover"}]
    data = protocol_data(*(visits or VISITS), milestones=declared, **rest)
    patient = Patient.treated(read_protocol({**data, "regimens": [regimen_data(), {**second, **(after or {})}]}))
    patient.record("progressed", progressed_on="2024-05-14", basis="clinical")
    return patient


def ended(last_dose_on: str | None = "2024-05-10", decided_on: str = "2024-05-20", reason: str = "progression") -> Data:
    """The data of an end of treatment."""
    return {"last_dose_on": last_dose_on, "decided_on": decided_on, "reason": reason}


SECOND = ended("2024-08-01", "2024-08-05", "intolerance")


def crossed_over(*visits: Data, **rest: Any) -> Patient:
    """The patient who has crossed over; the end is `fact-3`, the crossover `fact-4`."""
    patient = crossing_over(*visits, **rest)
    assert patient.record("treatment_ended", **ended()) == "fact-3"
    assert patient.record("milestone_reached", milestone="crossover", on="2024-06-03") == "fact-4"
    return patient


def take(patient: Patient, dose_on: str, regimen: str = "olaparib", amount: float = 200) -> str:
    """Record a dose as taken."""
    return patient.record("dose_recorded", dose_on=dose_on, status="taken", amount=amount, regimen=regimen, slot=1)


def to_do(patient: Patient, on: str) -> dict[str, str]:
    """Return what is to do about treatment on a day: the kinds, each with why."""
    entries = worklist(patient.schedule(), None, day(on), day(on))
    return {entry.kind: str(plain(entry.because)) for entry in entries if entry.visit is None}


def doses(patient: Patient, on: str, today: str = "2024-06-20") -> dict[str, str]:
    """The doses of a day with their statuses."""
    return {row["drug"]: row["status"] for row in patient.on(today, on, on)["doses"]}


def moved(patient: Patient, kind: str, today: str = "2024-06-20", **data: Any) -> dict[str, tuple[Any, Any, str]]:
    """Return what another fact changes: what was so, what is now, and why."""
    before = patient.schedule()
    patient.record(kind, **data)
    found = plain(consequences(before, patient.schedule(), day(today), day("2024-12-31")))
    return {one["what"]: (one["before"], one["after"], one["because"]) for one in found}


def test_the_other_drug_reopens_treatment() -> None:
    patient = crossing_over()
    patient.record("treatment_ended", **ended())
    assert patient.on("2024-06-20")["status"] == "follow_up"
    assert patient.targets("safety") == {"safety": "2024-06-09"}
    assert patient.targets("survival", last="2024-09-30") == {"survival-w12": "2024-08-12"}
    patient.record("milestone_reached", milestone="crossover", on="2024-06-03")
    seen = patient.on("2024-06-20")
    assert seen["status"] == "on_treatment"
    assert seen["treatment"]["ended"] is None
    assert (seen["treatment"]["cycle"], seen["treatment"]["cycle_day"], seen["treatment"]["amount"]) == (1, 18, 200)
    # Neither the last dose nor the end of treatment has a date.
    assert patient.targets("safety") == patient.targets("survival", last="2024-09-30") == {}


def test_each_regimen_is_ended_by_the_first_end_decided_after_its_start() -> None:
    patient = crossed_over()
    assert doses(patient, "2024-05-10") == {"surufatinib": "unrecorded"}
    assert doses(patient, "2024-05-11") == doses(patient, "2024-06-02") == {}
    assert doses(patient, "2024-06-03") == {"olaparib": "unrecorded"}
    assert doses(patient, "2024-06-20") == {"olaparib": "due"}
    patient.record("treatment_ended", **SECOND)
    assert doses(patient, "2024-05-11") == {}
    assert doses(patient, "2024-08-01", "2024-08-10") == {"olaparib": "unrecorded"}
    assert doses(patient, "2024-08-02", "2024-08-10") == {}


def test_visits_on_days_of_cycles_end_with_their_own_regimen() -> None:
    """Expect none of the drug that was ended to come back, and those of the other after a first progression."""
    patient = crossed_over()
    # C7D1 is 2024-05-10; C8D1 would be 2024-05-31.
    assert [*patient.targets("clinic", last="2024-07-31")][-1] == "clinic-c7d1"
    assert patient.targets("infusion", last="2024-07-10") == {
        "infusion-olaparib-c1d1": "2024-06-03",
        "infusion-olaparib-c2d1": "2024-06-24",
    }
    patient.record("treatment_ended", **SECOND)
    # Of the one that was open until 2024-08-05 the window opens on 2024-08-03; the next would open on 2024-08-24.
    assert [*patient.targets("infusion", last="2024-12-31").values()] == [
        *("2024-06-03", "2024-06-24", "2024-07-15", "2024-08-05"),
    ]
    assert patient.on("2024-09-01").status("infusion-olaparib-c4d1") == "not_required"


def test_the_drug_that_was_ended_still_has_its_last_dose() -> None:
    patient = crossed_over()
    assert patient.targets("drug") == {"drug": "2024-05-20"}
    patient.record("treatment_ended", **SECOND)
    assert patient.targets("drug", last="2024-12-31") == {"drug": "2024-05-20"}


def test_what_was_done_on_visits_counted_from_the_end_is_unscheduled() -> None:
    patient = crossing_over()
    patient.record("treatment_ended", **ended())
    patient.record("visit_done", series="safety", done_on="2024-06-02")
    patient.record("visit_booked", visit="survival-w12", booked_on="2024-08-12")
    assert patient.on("2024-06-20").status("safety") == "done"
    changed = moved(patient, "milestone_reached", milestone="crossover", on="2024-06-03")
    seen = patient.on("2024-06-20")
    assert [(row["series"], row["done_on"]) for row in seen["unscheduled"]] == [("safety", "2024-06-02")]
    # A booked visit does not disappear.
    assert (seen.status("survival-w12"), seen.visits["survival-w12"]["target_on"]) == ("not_required", None)
    reopened = "treatment was reopened: olaparib starts on 2024-06-03"
    assert changed["status"] == ({"status": "follow_up"}, {"status": "on_treatment"}, reopened)
    assert changed["visit safety"][1:] == (None, reopened)
    assert changed["visit survival-w24"][1:] == (None, reopened)
    assert changed["treatment"][1]["ended"] is None
    assert changed["treatment"][2].startswith(reopened)
    assert changed["contraception"][1]["through_on"] is None
    assert changed["doses of olaparib.1 from 2024-06-03"][0] is None


def test_contraception_is_open_ended_again() -> None:
    patient = crossing_over()
    patient.record("treatment_ended", **ended())
    assert patient.on("2024-06-20")["contraception"]["through_on"] == "2024-11-10"
    patient.record("milestone_reached", milestone="crossover", on="2024-06-03")
    seen = patient.on("2024-06-20")["contraception"]
    assert (seen["status"], seen["through_on"], seen["earliest_through_on"]) == ("required", None, "2024-12-20")
    # Long after it would have been released.
    assert patient.on("2025-01-20")["contraception"]["status"] == "required"
    patient.record("treatment_ended", **SECOND)
    assert patient.on("2025-01-20")["contraception"]["through_on"] == "2025-02-01"


def test_the_drug_that_was_ended_counts_from_its_last_dose() -> None:
    """A year after surufatinib, a month after olaparib: while olaparib goes on, both may end last."""
    rules = [
        {"after_last_dose": {"months": 12}, "of": "surufatinib"},
        {"after_last_dose": {"months": 1}, "of": "olaparib"},
    ]
    patient = crossed_over(contraception=rules)
    assert patient.on("2024-06-20")["contraception"]["earliest_through_on"] == "2025-05-10"
    assert patient.on("2025-06-20")["contraception"]["earliest_through_on"] == "2025-07-20"
    patient.record("treatment_ended", **SECOND)
    assert patient.on("2024-09-01")["contraception"]["through_on"] == "2025-05-10"


def test_the_second_end_is_the_one_that_counts() -> None:
    patient = crossed_over()
    take(patient, "2024-06-03")
    changed = moved(patient, "treatment_ended", today="2024-08-20", **SECOND)
    seen = patient.on("2024-08-20")
    assert seen["status"] == "follow_up"
    assert seen["treatment"]["last_dose_on"] == "2024-08-01"
    assert (seen["treatment"]["ended"]["decided_on"], seen["treatment"]["ended"]["reason"]) == (
        *("2024-08-05", "intolerance"),
    )
    assert patient.targets("safety", last="2024-12-31") == {"safety": "2024-08-31"}
    assert patient.targets("survival", last="2024-12-31") == {"survival-w12": "2024-10-28"}
    assert changed["status"] == ({"status": "on_treatment"}, {"status": "follow_up"}, changed["status"][2])
    assert "intolerance" in changed["status"][2]


@pytest.mark.parametrize(
    ("on", "status"),
    [("2024-05-19", "follow_up"), ("2024-05-20", "on_treatment"), ("2024-05-21", "on_treatment")],
)
def test_a_milestone_before_the_decision_reopens_nothing(on: str, status: str) -> None:
    patient = crossing_over()
    patient.record("milestone_reached", milestone="crossover", on=on)
    assert patient.on("2024-05-20")["status"] == "on_treatment"
    patient.record("treatment_ended", **ended())
    assert patient.on("2024-06-20")["status"] == status
    assert doses(patient, "2024-06-20") == ({} if status == "follow_up" else {"olaparib": "due"})


def test_a_milestone_that_is_taken_back_leaves_treatment_ended() -> None:
    patient = crossed_over()
    patient.void("fact-4")
    assert patient.on("2024-06-20")["status"] == "follow_up"
    assert patient.on("2024-06-20")["contraception"]["through_on"] == "2024-11-10"
    assert patient.targets("safety") == {"safety": "2024-06-09"}


def test_if_there_was_a_second_end_that_stays_the_latest() -> None:
    patient = crossed_over()
    second = patient.record("treatment_ended", **SECOND)
    patient.void("fact-4")
    seen = patient.on("2024-08-20")
    assert (seen["status"], seen["treatment"]["ended"]["decided_on"]) == ("follow_up", "2024-08-05")
    assert seen["contraception"]["through_on"] == "2025-02-01"
    assert doses(patient, "2024-05-11") == {}
    patient.void(second)
    assert patient.on("2024-08-20")["treatment"]["ended"]["decided_on"] == "2024-05-20"


def test_the_second_end_taken_back_leaves_treatment_open() -> None:
    patient = crossed_over()
    patient.void(patient.record("treatment_ended", **SECOND))
    assert patient.on("2024-08-20")["status"] == "on_treatment"
    patient.record("treatment_ended", **SECOND)
    assert patient.on("2024-08-20")["status"] == "follow_up"


def test_the_first_end_can_be_corrected() -> None:
    patient = crossed_over()
    patient.correct("fact-3", "treatment_ended", **ended("2024-05-12", "2024-05-22"))
    assert patient.on("2024-06-20")["status"] == "on_treatment"
    assert doses(patient, "2024-05-12") == {"surufatinib": "unrecorded"}
    assert doses(patient, "2024-05-13") == {}
    # Decided after the crossover it ends both.
    patient.correct("fact-5", "treatment_ended", **ended("2024-05-12", "2024-06-04"))
    assert patient.on("2024-06-20")["status"] == "follow_up"
    assert doses(patient, "2024-06-05") == {}


def test_the_first_end_can_be_corrected_after_the_second() -> None:
    patient = crossed_over()
    second = patient.record("treatment_ended", **SECOND)
    corrected = patient.correct("fact-3", "treatment_ended", **ended("2024-05-12", "2024-05-22"))
    assert patient.on("2024-08-20")["treatment"]["ended"]["decided_on"] == "2024-08-05"
    assert doses(patient, "2024-05-12") == {"surufatinib": "unrecorded"}
    with pytest.raises(Conflict, match=second):
        patient.correct(corrected, "treatment_ended", **ended("2024-05-12", "2024-06-04"))


def test_an_end_without_a_new_start_since_is_refused() -> None:
    patient = crossing_over()
    first = patient.record("treatment_ended", **ended())
    with pytest.raises(Conflict, match=first):
        patient.record("treatment_ended", **SECOND)
    patient.record("milestone_reached", milestone="crossover", on="2024-06-03")
    # It would be decided before the other drug began.
    with pytest.raises(Conflict, match=first):
        patient.record("treatment_ended", **ended("2024-05-10", "2024-06-03"))
    second = patient.record("treatment_ended", **SECOND)
    with pytest.raises(Conflict, match=second):
        patient.record("treatment_ended", **ended("2024-08-10", "2024-08-10"))


@pytest.mark.parametrize(
    ("end", "last_dose_on"),
    [
        (ended("2024-06-03", "2024-06-03", "intolerance"), "2024-06-03"),
        (ended("unknown", "2024-06-03", "intolerance"), "2024-06-03"),
        (ended("2024-05-10", "2024-06-03", "death"), "2024-06-03"),
    ],
)
def test_a_second_end_decided_on_the_day_on_which_the_other_drug_began_ends_that(end: Data, last_dose_on: str) -> None:
    """Both that drug's first dose and the decision to stop it are of 2024-06-03."""
    patient = crossed_over()
    take(patient, "2024-06-03")
    patient.record("treatment_ended", **end)
    assert patient.on("2024-06-04")["status"] == ("off_study" if end["reason"] == "death" else "follow_up")
    assert doses(patient, "2024-06-04") == {}
    assert patient.on("2024-06-20")["treatment"]["last_dose_on"] == last_dose_on
    # The first drug's end stands.
    assert doses(patient, "2024-05-11") == {}


def test_of_two_drugs_that_began_the_end_of_the_day_of_the_second_is_that_of_the_first() -> None:
    """Olaparib from 2024-06-03 is stopped on 2024-08-05, on which a third drug begins."""
    third = {**regimen_data(200, []), "id": "third", "drug": "third", "starts": {"milestone": "switch"}}
    second = {**regimen_data(200, []), "id": "olaparib", "drug": "olaparib", "starts": {"milestone": "crossover"}}
    declared = [{"id": name, "label": name} for name in ("crossover", "switch")]
    data = {**protocol_data(milestones=declared), "regimens": [regimen_data(), second, third]}
    patient = Patient.treated(read_protocol(data))
    patient.record("treatment_ended", **ended())
    patient.record("milestone_reached", milestone="crossover", on="2024-06-03")
    patient.record("treatment_ended", **ended("2024-08-05", "2024-08-05", "intolerance"))
    patient.record("milestone_reached", milestone="switch", on="2024-08-05")
    assert doses(patient, "2024-08-06", "2024-08-06") == {"third": "due"}
    assert patient.on("2024-08-06")["status"] == "on_treatment"


def test_the_first_end_may_be_recorded_last() -> None:
    patient = crossing_over()
    patient.record("milestone_reached", milestone="crossover", on="2024-06-03")
    patient.record("treatment_ended", **SECOND)
    assert doses(patient, "2024-05-11", "2024-08-10") == {"surufatinib": "unrecorded"}
    patient.record("treatment_ended", **ended())
    assert doses(patient, "2024-05-11", "2024-08-10") == {}
    assert patient.on("2024-08-20")["treatment"]["ended"]["decided_on"] == "2024-08-05"


def test_a_regimen_that_is_not_for_the_patient_reopens_nothing() -> None:
    patient = crossed_over(after={"who": {"sex": "male"}})
    assert patient.on("2024-06-20")["status"] == "follow_up"


def test_nor_does_one_that_would_start_after_the_study() -> None:
    patient = crossing_over()
    patient.record("treatment_ended", **ended())
    patient.record("study_ended", ended_on="2024-06-01", reason="withdrawal")
    patient.record("milestone_reached", milestone="crossover", on="2024-06-03")
    assert patient.on("2024-06-20")["treatment"]["ended"]["decided_on"] == "2024-05-20"
    assert patient.on("2024-06-20")["contraception"]["through_on"] == "2024-11-10"


def test_the_worklist_asks_for_the_end_once_more() -> None:
    """Olaparib runs out with its second cycle on 2024-07-14. That nobody stopped at the progression is not asked."""
    patient = crossed_over(after={"cycles": 2})
    take(patient, "2024-06-03")
    assert to_do(patient, "2024-06-04") == {}
    assert "treatment_to_end" not in to_do(patient, "2024-07-14")
    assert to_do(patient, "2024-07-15")["treatment_to_end"].startswith("the last regimen was over on 2024-07-14")
    patient.record("progressed", progressed_on="2024-07-10", basis="clinical")
    assert "2024-07-10" in to_do(patient, "2024-07-10")["treatment_still_open"]
    patient.record("treatment_ended", **ended("2024-07-14", "2024-07-20", "completed"))
    assert "treatment_to_end" not in to_do(patient, "2024-07-20")
    assert "treatment_still_open" not in to_do(patient, "2024-07-20")


def test_whoever_leaves_the_study_then_still_needs_the_second_end() -> None:
    patient = crossed_over()
    patient.record("study_ended", ended_on="2024-07-01", reason="withdrawal")
    assert "treatment_end_missing" in to_do(patient, "2024-07-02")
    assert patient.on("2024-07-02")["contraception"]["through_on"] == "2025-01-01"


def test_a_dose_of_the_first_drug_is_after_its_end() -> None:
    patient = crossed_over()
    take(patient, "2024-06-05", "surufatinib", 300)
    (row,) = [row for row in patient.on("2024-06-20")["deviations"] if row["kind"] == "dose_after_end"]
    assert (row["on"], row["planned"]) == ("2024-06-05", "last day of treatment 2024-05-10")
    assert "dose_after_end" in to_do(patient, "2024-06-20")


def test_a_second_end_whose_last_dose_nobody_knows() -> None:
    patient = crossed_over()
    take(patient, "2024-06-03")
    patient.record("treatment_ended", **ended("unknown", "2024-08-05"))
    seen = patient.on("2024-08-20")
    assert seen["contraception"]["through_on"] == "2025-02-05"
    assert seen["contraception"]["provisional"]


def test_an_end_for_pregnancy_stays_one() -> None:
    """She is pregnant from 2024-05-20 on, and treated again: that is urgent."""
    patient = crossing_over()
    patient.record("treatment_ended", **ended(reason="pregnancy"))
    patient.record("milestone_reached", milestone="crossover", on="2024-06-03")
    assert patient.view("2024-06-20")["contraception"] is None
    pregnant = "treatment ended for pregnancy 2024-05-20; treatment was reopened: olaparib starts on 2024-06-03"
    assert to_do(patient, "2024-06-20")["pregnancy"].startswith(pregnant)


def test_a_third_regimen_reopens_treatment_once_more() -> None:
    """Decided ends 2024-05-20 and 2024-08-05; surgery on 2024-09-02."""
    third = {**regimen_data(100, []), "id": "fruquintinib", "drug": "fruquintinib", "starts": {"milestone": "surgery"}}
    second = {**regimen_data(200, []), "id": "olaparib", "drug": "olaparib", "starts": {"milestone": "crossover"}}
    own = [{"id": "crossover", "label": "Crossover"}, {"id": "surgery", "label": "Surgery"}]
    data = protocol_data(*VISITS[1:3], milestones=own)
    patient = Patient.treated(read_protocol({**data, "regimens": [regimen_data(), second, third]}))
    for kind, fields in (
        ("treatment_ended", ended()),
        ("milestone_reached", {"milestone": "crossover", "on": "2024-06-03"}),
        ("treatment_ended", SECOND),
        ("milestone_reached", {"milestone": "surgery", "on": "2024-09-02"}),
    ):
        patient.record(kind, **fields)
    assert patient.on("2024-09-10")["status"] == "on_treatment"
    assert doses(patient, "2024-08-10", "2024-09-10") == {}
    assert doses(patient, "2024-09-10", "2024-09-10") == {"fruquintinib": "due"}
    patient.record("treatment_ended", **ended("2024-10-01", "2024-10-02"))
    assert patient.targets("safety", last="2024-12-31") == {"safety": "2024-10-31"}


def test_records_of_the_other_drug_are_not_after_the_first_end() -> None:
    """Recorded late, the first end warns of what was taken of its own drug afterwards, and of nothing else."""
    patient = crossing_over()
    patient.record("milestone_reached", milestone="crossover", on="2024-06-03")
    take(patient, "2024-05-12", "surufatinib", 300)
    take(patient, "2024-06-03")
    patient.record("treatment_ended", **ended())
    (warning,) = warnings(patient.schedule(), patient.facts[-1].body, NOW)
    assert warning["records"] == [{"kind": "dose_recorded", "on": day("2024-05-12")}]


def test_whoever_was_never_dosed_before_is_reminded_of_the_other_drug() -> None:
    """No first dose is on record: the doses of the drug that starts at the milestone are due all the same."""
    second = {**regimen_data(200, []), "id": "olaparib", "drug": "olaparib", "starts": {"milestone": "crossover"}}
    data = protocol_data(milestones=[{"id": "crossover", "label": "Crossover"}])
    patient = Patient(read_protocol({**data, "regimens": [regimen_data(), second]}))
    patient.record("treatment_ended", **ended(None, "2024-02-01", "physician_decision"))
    patient.record("milestone_reached", milestone="crossover", on="2024-02-05")
    assert doses(patient, "2024-02-05", "2024-02-06") == {"olaparib": "unrecorded"}
    assert doses(patient, "2024-02-06", "2024-02-06") == {"olaparib": "due"}
    planner = Planner(patient.schedule(), NotificationPreferences(), SitePreferences("Asia/Shanghai"), {})
    planned = [one.about for one in planner.messages(day("2024-02-04"), day("2024-02-06")) if one.kind == "dose_due"]
    assert planned == ["2024-02-05", "2024-02-06"]
    assert "first_dose_missing" not in to_do(patient, "2024-02-20")


#: When the crossover of 2024-06-03 is announced, and when it is corrected.
BEFORE, LATER = datetime(2024, 5, 25, 12, tzinfo=UTC), datetime(2024, 6, 4, 12, tzinfo=UTC)


class TestACrossoverThatWasAnnounced:
    """Recorded on 2024-05-25 for 2024-06-03; from that day on the site is asked whether it took place."""

    @pytest.fixture
    def patient(self) -> Patient:
        patient = crossing_over()
        patient.record("treatment_ended", **ended())
        patient.record("milestone_reached", milestone="crossover", on="2024-06-03", now=BEFORE)
        return patient

    def _asked(self, patient: Patient, on: str) -> list[WorklistEntry]:
        entries = worklist(patient.schedule(), None, day(on), day(on))
        return [entry for entry in entries if entry.kind == "milestone_unconfirmed"]

    def test_from_its_day_on_the_site_is_asked_and_the_other_drug_is_due(self, patient: Patient) -> None:
        assert self._asked(patient, "2024-06-02") == []
        (entry,) = self._asked(patient, "2024-06-03")
        assert (entry.about, str(entry.due_on), urgency(entry.due_on, day("2024-06-03"))) == (
            *("crossover", "2024-06-03", "now"),
        )
        text = "crossover 2024-06-03, recorded ahead: nobody has confirmed that it took place"
        assert plain(entry.because) == text
        assert self._asked(patient, "2024-06-20") == [entry]
        assert doses(patient, "2024-06-03", "2024-06-03") == {"olaparib": "due"}

    def test_it_is_confirmed_by_a_correction_to_the_same_day(self, patient: Patient) -> None:
        confirm = dict(self._asked(patient, "2024-06-04")[0].resolve_with[0].fact)
        assert (confirm.pop("kind"), confirm.pop("replaces")) == ("milestone_reached", "fact-4")
        patient.correct("fact-4", "milestone_reached", **confirm, now=LATER)
        assert self._asked(patient, "2024-06-04") == []
        assert patient.on("2024-06-20")["status"] == "on_treatment"

    def test_on_its_very_day_it_may_be_confirmed_too(self, patient: Patient) -> None:
        now = datetime(2024, 6, 3, 0, 5, tzinfo=ZoneInfo("Asia/Shanghai"))
        patient.correct("fact-4", "milestone_reached", milestone="crossover", on="2024-06-03", now=now)
        assert self._asked(patient, "2024-06-03") == []

    def test_one_that_is_put_off_is_asked_about_from_the_new_day_on(self, patient: Patient) -> None:
        patient.correct("fact-4", "milestone_reached", milestone="crossover", on="2024-06-17", now=LATER)
        assert self._asked(patient, "2024-06-16") == []
        assert [str(entry.due_on) for entry in self._asked(patient, "2024-06-17")] == ["2024-06-17"]

    def test_one_that_did_not_take_place_is_voided(self, patient: Patient) -> None:
        void = self._asked(patient, "2024-06-04")[0].resolve_with[1].fact
        assert void == {"kind": "voided", "voids": "fact-4"}
        patient.void(void["voids"], now=LATER)
        assert self._asked(patient, "2024-06-04") == []
        assert patient.on("2024-06-20")["status"] == "follow_up"

    @pytest.mark.parametrize(("ended_on", "asked"), [("2024-06-02", 0), ("2024-06-03", 1), ("2024-06-10", 1)])
    def test_nobody_asks_about_a_day_after_the_patient_left(self, patient: Patient, ended_on: str, asked: int) -> None:
        patient.record("study_ended", ended_on=ended_on, reason="withdrawal")
        assert len(self._asked(patient, "2024-06-20")) == asked


def test_a_crossover_that_is_recorded_on_its_day_or_later_is_not_asked_about() -> None:
    assert "milestone_unconfirmed" not in to_do(crossed_over(), "2024-06-20")


class TestADecisionOfWhichOnlyTheMonthIsKnown:
    """The end of surufatinib was decided some day in May; on 2024-05-25 the patient crossed over to olaparib."""

    def _crossed_over(self, decided_on: str = "2024-05", **rest: Any) -> Patient:
        patient = crossing_over()
        patient.record("treatment_ended", **{**ended(decided_on=decided_on), **rest})
        patient.record("milestone_reached", milestone="crossover", on="2024-05-25")
        return patient

    @pytest.mark.parametrize("last_dose_on", ["2024-05-10", "2024-05-24", "2024-04"])
    def test_it_came_first_if_the_last_dose_did(self, last_dose_on: str) -> None:
        patient = self._crossed_over(last_dose_on=last_dose_on)
        assert patient.on("2024-06-20")["status"] == "on_treatment"
        assert doses(patient, "2024-06-20") == {"olaparib": "due"}
        assert doses(patient, "2024-05-25") == {"olaparib": "unrecorded"}

    @pytest.mark.parametrize("last_dose_on", ["2024-05-25", "2024-05-30", "2024-05", "unknown"])
    def test_else_it_stands_for_the_last_day_and_ends_both(self, last_dose_on: str) -> None:
        patient = self._crossed_over(last_dose_on=last_dose_on)
        assert patient.on("2024-06-20")["status"] == "follow_up"
        assert doses(patient, "2024-06-20") == {}

    def test_it_came_first_if_it_was_received_by_then(self) -> None:
        """Received on 2024-05-20, it is not after that day, whatever the last dose was."""
        patient = crossing_over()
        received = datetime(2024, 5, 20, 12, tzinfo=UTC)
        patient.record("treatment_ended", **ended("unknown", "2024-05"), now=received)
        patient.record("milestone_reached", milestone="crossover", on="2024-05-25")
        assert patient.on("2024-06-20")["status"] == "on_treatment"

    def test_of_the_year_too(self) -> None:
        patient = self._crossed_over("2024")
        assert patient.on("2024-06-20")["status"] == "on_treatment"
        # The end of olaparib is the later one, though the year ends after it.
        patient.record("treatment_ended", **SECOND)
        assert doses(patient, "2024-05-11", "2024-08-20") == {}
        assert patient.on("2024-08-20")["treatment"]["ended"]["decided_on"] == "2024-08-05"

    def test_of_another_month_it_is_later(self) -> None:
        assert self._crossed_over("2024-06").on("2024-06-20")["status"] == "follow_up"

    def test_both_ends_may_be_of_one_month(self) -> None:
        patient = self._crossed_over()
        second = patient.record("treatment_ended", **ended("2024-05-28", "2024-05-29", "intolerance"))
        assert doses(patient, "2024-05-11") == {}
        assert doses(patient, "2024-05-28") == {"olaparib": "unrecorded"}
        assert patient.on("2024-06-20")["treatment"]["ended"]["decided_on"] == "2024-05-29"
        patient.correct(second, "treatment_ended", **ended("2024-05-28", "2024-05", "intolerance"))
        assert doses(patient, "2024-05-28") == {"olaparib": "unrecorded"}
        assert patient.on("2024-06-20")["status"] == "follow_up"

    def test_death_in_that_month_ends_both(self) -> None:
        patient = self._crossed_over(reason="death")
        assert patient.on("2024-06-20")["status"] == "off_study"
        assert doses(patient, "2024-05-26") == {}
