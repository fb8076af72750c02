"""Several regimens, several doses a day, and days that change from cycle to cycle: by hand (rules, section 4)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest

from scheduler_api.engine.errors import Conflict, NeedsConfirmation, ValidationFailed
from scheduler_api.engine.protocol_file.parse import read_protocol
from scheduler_api.engine.reminders.plan import Planner
from scheduler_api.engine.reminders.preferences import NotificationPreferences, SitePreferences
from scheduler_api.engine.worklist.worklist import worklist

from .patients import ARMS, Patient, day, plain, protocol_data, regimen_data, series

Data = dict[str, Any]

PER_KG: Data = {**regimen_data(), "dose": {"amount": 5, "unit": "mg", "per": "kg"}}


def drug(name: str = "olaparib", amount: float = 200, levels: list[float] | None = None, **fields: Any) -> Data:
    """The data of another regimen: 200 mg a day in cycles of 21 days, unless said otherwise."""
    return {**regimen_data(amount, levels or [], **fields), "id": name, "drug": name}


def treated(*regimens: Data, visits: tuple[Data, ...] = (), **rest: Any) -> Patient:
    """The patient of the worked examples, whose first dose was on 2024-01-05, on a protocol with these regimens."""
    arm = rest.pop("arm", None)
    data = {**protocol_data(*visits, **rest), "regimens": list(regimens)}
    return Patient.treated(read_protocol(data), **({"arm": arm} if arm else {}))


def take(patient: Patient, dose_on: str, amount: float, regimen: str | None = None, slot: int | None = None) -> str:
    """Record a dose as taken."""
    names = {"regimen": regimen, "slot": slot}
    return patient.record("dose_recorded", dose_on=dose_on, status="taken", amount=amount, **names)


def doses(patient: Patient, on: str, today: str = "2024-06-30") -> dict[str, tuple[float | None, str]]:
    """The doses of a day, without the day in their names: the planned amount and the status of each."""
    rows = patient.on(today, on, on)["doses"]
    return {row["dose_id"].removeprefix(f"{on}."): (row["amount"], row["status"]) for row in rows}


def to_do(patient: Patient, kind: str, on: str) -> list[str]:
    """What is to do of a kind on a day, in words."""
    entries = worklist(patient.schedule(), None, day(on), day(on))
    return [str(plain(entry.because)) for entry in entries if entry.kind == kind]


class TestTwiceADay:
    """Each dose of a day stands by itself."""

    @pytest.fixture
    def patient(self) -> Patient:
        return treated({**regimen_data(), "times_a_day": 2})

    def test_the_last_of_so_many_doses_is_the_last_in_every_range(self) -> None:
        """Eight doses, three a day: the third of the third day would be the ninth."""
        patient = treated({**regimen_data(), "times_a_day": 3, "max_doses": 8})
        listed = [row["dose_id"] for row in patient.on("2024-01-06", "2024-01-01", "2024-01-20")["doses"]]
        assert (len(listed), listed[-1]) == (8, "2024-01-07.surufatinib.2")

    def test_one_taken_and_one_not_said(self, patient: Patient) -> None:
        take(patient, "2024-01-10", 300, slot=1)
        assert doses(patient, "2024-01-10") == {
            "surufatinib.1": (300, "taken"),
            "surufatinib.2": (300, "unrecorded"),
        }
        # From 5 to 10 January, two a day: the first of the 5th, which is not said, too.
        counted = patient.schedule().adherence(day("2024-01-11"))
        assert (counted["planned"], counted["taken"], counted["unrecorded"]) == (12, 1, 11)

    def test_what_was_not_taken_is_told_by_intake(self, patient: Patient) -> None:
        for on in (day("2024-01-05") + timedelta(n) for n in range(6)):
            take(patient, str(on), 300, slot=1)
        assert to_do(patient, "doses_not_taken", "2024-01-11") == [
            "no dose taken from 2024-01-05 on; planned doses missed or not recorded (dose 2 of the day)"
        ]

    def test_a_date_alone_is_the_first_of_the_day(self, patient: Patient) -> None:
        take(patient, "2024-01-10", 300)
        assert doses(patient, "2024-01-10")["surufatinib.1"] == (300, "taken")

    def test_on_day_1_doses_before_the_first_recorded_one_are_not_listed(self, patient: Patient) -> None:
        take(patient, "2024-01-05", 300, slot=2)
        assert doses(patient, "2024-01-05") == {"surufatinib.2": (300, "taken")}

    def test_fewer_a_day(self, patient: Patient) -> None:
        """A second dose where one is planned could hurt."""
        patient.record("dose_changed", from_on="2024-01-10", amount=250, times_a_day=1)
        assert doses(patient, "2024-01-10") == {"surufatinib.1": (250, "unrecorded")}
        take(patient, "2024-01-10", 250, slot=2)
        assert ("dose_not_planned", "2024-01-10") in patient.on("2024-01-11").deviations()
        assert to_do(patient, "dose_not_planned", "2024-01-11") == [
            "on 2024-01-10: 250 mg taken where no dose was planned (dose 2 of the day)"
        ]

    def test_no_more_a_day_than_the_protocol_has(self, patient: Patient) -> None:
        with pytest.raises(ValidationFailed, match="/times_a_day"):
            patient.record("dose_changed", from_on="2024-01-10", amount=250, times_a_day=3)
        with pytest.raises(ValidationFailed, match="/slot"):
            take(patient, "2024-01-10", 300, slot=3)


class TestNeverMoreThanTheProtocolInForceHas:
    """Planned 50 mg of 100 mg from 2024-02-01; version 2 applies from 2024-03-01, day 15 of a cycle."""

    def amended(self, first: Data, second: Data, **change: Any) -> Patient:
        """A patient whose dose was changed under one version of the regimen, and who goes on with another."""
        versions = ({**protocol_data(version=n), "regimens": [one]} for n, one in ((1, first), (2, second)))
        patient = Patient.treated(*map(read_protocol, versions))
        patient.record("dose_changed", from_on="2024-02-01", amount=50, **change)
        patient.record("protocol_amended", version=2, from_on="2024-03-01")
        return patient

    def test_a_second_dose_a_day_that_the_protocol_no_longer_has_is_not_planned(self) -> None:
        once, twice = regimen_data(100, [50]), regimen_data(100, [50], times_a_day=2)
        patient = self.amended(twice, once, times_a_day=2)
        assert doses(patient, "2024-02-29") == dict.fromkeys(("surufatinib.1", "surufatinib.2"), (50, "unrecorded"))
        assert doses(patient, "2024-03-01") == {"surufatinib.1": (50, "unrecorded")}
        assert to_do(patient, "planned_amount_to_confirm", "2024-03-01") == [
            "50 mg was set from 2024-02-01; the protocol has 100 mg from 2024-03-01: 50 mg is planned until the site "
            "sets an amount; doses a day: 2 by that change, 1 by the protocol, 1 planned"
        ]
        take(patient, "2024-03-02", 50, slot=2)
        assert ("dose_not_planned", "2024-03-02") in patient.on("2024-03-03").deviations()
        patient.record("dose_changed", from_on="2024-03-01", amount=50)
        assert doses(patient, "2024-03-01") == {"surufatinib.1": (50, "unrecorded")}
        assert to_do(patient, "planned_amount_to_confirm", "2024-03-01") == []

    @pytest.mark.parametrize("times", [None, 1])
    def test_a_second_dose_that_the_protocol_has_since_waits_for_the_site(self, times: int | None) -> None:
        """The change was made for one a day: 50 mg twice would be as much as was too much."""
        once, twice = regimen_data(100, [50]), regimen_data(100, [50], times_a_day=2)
        patient = self.amended(once, twice, times_a_day=times)
        assert doses(patient, "2024-03-01") == {"surufatinib.1": (50, "unrecorded")}
        assert len(to_do(patient, "planned_amount_to_confirm", "2024-03-01")) == 1
        patient.record("dose_changed", from_on="2024-03-05", amount=50)
        assert [*doses(patient, "2024-03-05")] == ["surufatinib.1", "surufatinib.2"]

    @pytest.mark.parametrize(
        ("first", "second", "amount", "planned"),
        [
            # Set before the amendment was on record, from a day on which that is in force.
            (regimen_data(300, [250, 200]), regimen_data(200, [150]), 250, 200),
            (regimen_data(300, [250]), {**regimen_data(2, []), "dose": {"amount": 2, "unit": "tablet"}}, 250, 2),
        ],
    )
    def test_an_amount_for_later_is_never_above_what_an_amendment_in_between_allows(
        self, first: Data, second: Data, amount: float, planned: float
    ) -> None:
        versions = ({**protocol_data(version=n), "regimens": [one]} for n, one in ((1, first), (2, second)))
        patient = Patient.treated(*map(read_protocol, versions))
        patient.record("dose_changed", from_on="2024-02-10", amount=amount)
        patient.record("protocol_amended", version=2, from_on="2024-02-01")
        assert doses(patient, "2024-02-09") == {"surufatinib.1": (planned, "unrecorded")}
        assert doses(patient, "2024-02-10") == {"surufatinib.1": (planned, "unrecorded")}
        assert to_do(patient, "planned_amount_to_confirm", "2024-02-09") == []
        assert len(to_do(patient, "planned_amount_to_confirm", "2024-02-10")) == 1

    def test_nor_above_what_is_allowed_once_the_amendment_was_taken_back(self) -> None:
        versions = [
            {**protocol_data(version=n), "regimens": [regimen_data(amount)]} for n, amount in ((1, 300), (2, 400))
        ]
        patient = Patient.treated(*map(read_protocol, versions))
        amended = patient.record("protocol_amended", version=2, from_on="2024-02-01")
        patient.record("dose_changed", from_on="2024-02-10", amount=400)
        assert doses(patient, "2024-02-10") == {"surufatinib.1": (400, "unrecorded")}
        patient.void(amended)
        assert doses(patient, "2024-02-10") == {"surufatinib.1": (300, "unrecorded")}
        assert len(to_do(patient, "planned_amount_to_confirm", "2024-02-10")) == 1

    def test_a_day_on_hold_brings_no_other_amount(self) -> None:
        """100 mg in cycle 1 and 300 mg from cycle 2 on; a hold keeps cycle 1 running until 2024-02-08."""
        data = regimen_data(
            300, [200], on_hold="extend", when=[{"cycles": [1], "days": "all", "amount": 100}, {"days": "all"}]
        )
        patient = treated(data)
        patient.record("dose_changed", from_on="2024-01-10", amount=200)
        patient.record("hold_started", from_on="2024-01-15", resumes_on="2024-01-29", reason="toxicity")
        assert [doses(patient, on)["surufatinib.1"][0] for on in ("2024-02-05", "2024-02-09")] == [100, 200]
        assert to_do(patient, "planned_amount_to_confirm", "2024-02-08") == []
        assert len(to_do(patient, "planned_amount_to_confirm", "2024-02-09")) == 1

    def test_an_escalation_stands_though_there_are_fewer_doses_a_day(self) -> None:
        """150 mg is a level of both versions: only how often is another matter."""
        once, twice = regimen_data(100, [150]), regimen_data(100, [150], times_a_day=2)
        versions = ({**protocol_data(version=n), "regimens": [one]} for n, one in ((1, twice), (2, once)))
        patient = Patient.treated(*map(read_protocol, versions))
        patient.record("dose_changed", from_on="2024-02-01", amount=150)
        patient.record("protocol_amended", version=2, from_on="2024-03-01")
        assert doses(patient, "2024-03-01") == {"surufatinib.1": (150, "unrecorded")}

    def test_days_that_the_protocol_no_longer_has_are_not_planned(self) -> None:
        """Cycle 4 begins on 2024-03-08; of days 1 to 14, days 8 to 14 are gone, 2024-03-15 to 21."""
        first, second = (regimen_data(100, [50], days={"from": 1, "to": last}) for last in (14, 7))
        patient = self.amended(first, second, days=[*range(1, 15)])
        said = [doses(patient, on)["surufatinib.1"] for on in ("2024-02-29", "2024-03-08", "2024-03-14", "2024-03-15")]
        assert said == [(50, "unrecorded")] * 3 + [(None, "rest")]
        (why,) = to_do(patient, "planned_amount_to_confirm", "2024-03-01")
        assert why.endswith("; doses only on days of the cycle that both name")

    def test_days_that_a_change_did_not_name_are_those_of_the_version_in_force(self) -> None:
        first, second = (regimen_data(100, [50], days={"from": 1, "to": last}) for last in (7, 14))
        patient = self.amended(first, second)
        assert doses(patient, "2024-03-15") == {"surufatinib.1": (50, "unrecorded")}
        assert to_do(patient, "planned_amount_to_confirm", "2024-03-15") == []
        # Those that it did are still the only ones.
        patient = self.amended(first, second, days=[1, 2])
        assert [doses(patient, on)["surufatinib.1"][0] for on in ("2024-03-09", "2024-03-10")] == [50, None]
        assert len(to_do(patient, "planned_amount_to_confirm", "2024-03-15")) == 1

    def test_days_of_cycles_in_which_the_protocol_has_no_dose_have_none(self) -> None:
        """Doses in cycles 1 and 2 only; cycle 3 begins on 2024-02-16."""
        patient = treated(regimen_data(when=[{"cycles": {"to": 2}, "days": "all"}]))
        patient.record("dose_changed", from_on="2024-02-01", amount=250, days=[1, 8])
        said = [doses(patient, on)["surufatinib.1"] for on in ("2024-02-02", "2024-02-16")]
        assert said == [(250, "unrecorded"), (None, "rest")]

    def test_a_day_on_which_the_protocol_has_no_dose_is_rejected(self) -> None:
        patient = treated(regimen_data(days={"from": 1, "to": 14}))
        for days in ([1, 15], [22]):
            with pytest.raises(ValidationFailed, match="/days"):
                patient.record("dose_changed", from_on="2024-02-01", amount=250, days=days)


class TestTwoDrugs:
    """Each regimen runs by itself."""

    @pytest.fixture
    def patient(self) -> Patient:
        clinic = series("clinic", {"days": [1]}, window=(1, 1))
        of_other = series("lab", {"regimen": "olaparib", "days": [1]}, window=(1, 1))
        return treated(regimen_data(), drug(cycle_days=28), visits=(clinic, of_other))

    def test_one_held_a_week(self, patient: Patient) -> None:
        """Its doses are held; the other's, cycles and visits are unchanged."""
        patient.record("hold_started", from_on="2024-01-10", resumes_on="2024-01-17", regimens=["olaparib"])
        assert doses(patient, "2024-01-12") == {"surufatinib.1": (300, "unrecorded"), "olaparib.1": (None, "held")}
        assert doses(patient, "2024-01-17")["olaparib.1"] == (200, "unrecorded")
        assert patient.targets("clinic", "2024-02-20") == {"clinic-c1d1": "2024-01-05", "clinic-c2d1": "2024-01-26"} | {
            "clinic-c3d1": "2024-02-16"
        }

    def test_visits_on_days_of_another_regimens_cycles_have_its_name(self, patient: Patient) -> None:
        assert patient.targets("lab", "2024-03-02") == {
            "lab-olaparib-c1d1": "2024-01-05",
            "lab-olaparib-c2d1": "2024-02-02",
            "lab-olaparib-c3d1": "2024-03-01",
        }

    def test_there_are_none_on_days_on_which_that_is_not_for_the_patient(self) -> None:
        """Cycles of 28 days from 2024-01-05: day 1 of the third is 2024-03-01."""
        lab = series("lab", {"regimen": "olaparib", "days": [1]}, window=(1, 1))
        of_arm = drug(cycle_days=28, who={"arm": "b"})
        patient = treated(regimen_data(), of_arm, visits=(lab,), arms=ARMS, arm="a")
        assert patient.targets("lab", "2024-03-02") == {}
        patient.record("arm_assigned", arm="b", on="2024-02-10")
        assert patient.targets("lab", "2024-03-02") == {"lab-olaparib-c3d1": "2024-03-01"}

    def test_a_hold_of_all_beside_one_of_its_own(self, patient: Patient) -> None:
        own = patient.record("hold_started", from_on="2024-01-10", regimens=["olaparib"])
        of_all = patient.record("hold_started", from_on="2024-01-12")
        assert doses(patient, "2024-01-13") == {"surufatinib.1": (None, "held"), "olaparib.1": (None, "held")}
        with pytest.raises(ValidationFailed, match="/hold"):
            patient.record("hold_ended", resumes_on="2024-01-15")
        patient.record("hold_ended", resumes_on="2024-01-15", hold=of_all)
        assert doses(patient, "2024-01-15") == {"surufatinib.1": (300, "unrecorded"), "olaparib.1": (None, "held")}
        patient.record("hold_ended", resumes_on="2024-01-20", hold=own)
        assert doses(patient, "2024-01-20")["olaparib.1"] == (200, "unrecorded")
        with pytest.raises(Conflict, match="overlap"):
            patient.record("hold_started", from_on="2024-01-18", regimens=["olaparib"])

    def test_facts_about_one_of_several_name_it(self, patient: Patient) -> None:
        for kind, data in (
            ("dose_changed", {"from_on": "2024-01-10", "amount": 200}),
            ("regimen_ended", {"regimen": "aspirin", "last_dose_on": "2024-01-10"}),
            ("hold_started", {"from_on": "2024-01-10", "regimens": ["aspirin"]}),
            ("dose_recorded", {"dose_on": "2024-01-10", "status": "missed", "regimen": "aspirin"}),
        ):
            with pytest.raises(ValidationFailed, match="/regimen"):
                patient.record(kind, **data)

    def test_a_reduction_of_one(self, patient: Patient) -> None:
        patient.record("dose_changed", from_on="2024-01-10", amount=250, regimen="surufatinib")
        assert doses(patient, "2024-01-10") == {
            "surufatinib.1": (250, "unrecorded"),
            "olaparib.1": (200, "unrecorded"),
        }

    def test_one_ends_and_the_other_goes_on(self, patient: Patient) -> None:
        """The lab visits end with it; what is taken of it later was not planned."""
        take(patient, "2024-01-20", 200, "olaparib")
        patient.record("regimen_ended", regimen="olaparib", last_dose_on="2024-01-20", reason="anaemia")
        assert doses(patient, "2024-01-21") == {"surufatinib.1": (300, "unrecorded")}
        assert patient.targets("lab", "2024-03-02") == {"lab-olaparib-c1d1": "2024-01-05"}
        take(patient, "2024-01-25", 200, "olaparib")
        assert patient.on("2024-01-26").deviations("dose_not_planned") == [("dose_not_planned", "2024-01-25")]

    def test_adherence_is_of_each(self, patient: Patient) -> None:
        take(patient, "2024-01-05", 300, "surufatinib")
        take(patient, "2024-01-05", 100, "olaparib")
        counted = patient.schedule().adherence(day("2024-01-06"))
        assert (counted["planned"], counted["taken"], counted["relative_dose_intensity"]) == (2, 2, None)
        assert [(one["regimen"], one["relative_dose_intensity"]) for one in counted["regimens"]] == [
            ("surufatinib", 1),
            ("olaparib", 0.5),
        ]


class TestDaysThatChange:
    """Loading, weekdays, every other cycle."""

    def test_a_loading_dose(self) -> None:
        patient = treated(regimen_data(300, [], when=[{"cycles": [1], "days": [1], "amount": 600}, {"days": "all"}]))
        assert [doses(patient, on)["surufatinib.1"][0] for on in ("2024-01-05", "2024-01-06", "2024-01-26")] == [
            600,
            300,
            300,
        ]

    def test_weekdays(self) -> None:
        """2024-01-05 is a Friday."""
        patient = treated(regimen_data(when=[{"days": {"weekdays": ["mon", "fri"]}}]))
        days = [f"2024-01-{number:02}" for number in range(5, 13)]
        assert [on for on in days if doses(patient, on)["surufatinib.1"][0]] == [
            "2024-01-05",
            "2024-01-08",
            "2024-01-12",
        ]

    def test_other_days_in_other_cycles(self) -> None:
        """Days 1 to 14 of odd cycles, none in even ones: cycle 2 begins on 26 January, cycle 3 on 16 February."""
        when = [{"cycles": {"from": 1, "every": 2}, "days": {"from": 1, "to": 14}}]
        patient = treated(regimen_data(when=when))
        said = [
            doses(patient, on)["surufatinib.1"][1] for on in ("2024-01-18", "2024-01-19", "2024-01-26", "2024-02-16")
        ]
        assert said == ["unrecorded", "rest", "rest", "unrecorded"]

    def test_an_amount_set_before_the_protocols_becomes_another_is_confirmed(self) -> None:
        """100 mg in cycle 1, then 300. Set to 50 in cycle 1, the lower stands in cycle 2, and somebody is asked."""
        ramp = regimen_data(300, [50, 100], when=[{"cycles": [1], "days": "all", "amount": 100}, {"days": "all"}])
        patient = treated(ramp)
        patient.record("dose_changed", from_on="2024-01-10", amount=50)
        assert [doses(patient, on)["surufatinib.1"][0] for on in ("2024-01-10", "2024-01-26")] == [50, 50]
        assert to_do(patient, "planned_amount_to_confirm", "2024-01-25") == []
        assert len(to_do(patient, "planned_amount_to_confirm", "2024-01-26")) == 1
        patient.record("dose_changed", from_on="2024-01-26", amount=300)
        assert doses(patient, "2024-01-26")["surufatinib.1"][0] == 300


class TestWhoComesToARegimenAfterItsStart:
    """100 mg of olaparib in cycle 1, then 300; who comes to it on 10 March, in cycle 4, begins with 100, too."""

    RAMP: tuple[Data, ...] = ({"cycles": [1], "days": "all", "amount": 100}, {"days": "all"})

    def in_arm_b(self, when: Iterable[Data] = RAMP, **fields: Any) -> Patient:
        """Return the patient of arm a, who is in arm b from 10 March on."""
        of_b = drug("olaparib", 300, [200, 100], when=[*when], **fields)
        patient = treated({**regimen_data(), "who": {"arm": "a"}}, {**of_b, "who": {"arm": "b"}}, arms=ARMS, arm="a")
        patient.record("arm_assigned", arm="b", on="2024-03-10")
        return patient

    @staticmethod
    def planned(patient: Patient, *days: str) -> list[float | None]:
        return [doses(patient, on)["olaparib.1"][0] for on in days]

    def test_an_arm_that_is_assigned_later(self) -> None:
        """21 days end on 30 March, in cycle 5."""
        patient = self.in_arm_b()
        assert self.planned(patient, "2024-03-10", "2024-03-29", "2024-03-30", "2024-03-31") == [100, 100, 100, 300]
        assert [row["cycle"] for row in patient.on("2024-06-30", "2024-03-10", "2024-03-30")["doses"]][::20] == [4, 5]

    def test_an_amendment_that_brings_it(self) -> None:
        old, of_b = protocol_data(), drug("olaparib", 300, [], when=[*self.RAMP])
        new = {**old, "version": 2, "regimens": [regimen_data(), of_b]}
        patient = Patient.treated(read_protocol(old), read_protocol(new))
        patient.record("protocol_amended", version=2, from_on="2024-03-10")
        assert self.planned(patient, "2024-03-10", "2024-03-30", "2024-03-31") == [100, 100, 300]

    def test_days_on_hold_do_not_count_where_they_count_in_no_cycle(self) -> None:
        for on_hold, last in (("extend", "2024-04-04"), ("continue", "2024-03-30")):
            patient = self.in_arm_b(on_hold=on_hold)
            patient.record("hold_started", from_on="2024-03-15", resumes_on="2024-03-20", reason="toxicity")
            following = str(day(last) + timedelta(1))
            assert self.planned(patient, "2024-03-10", "2024-03-20", last, following) == [100, 100, 100, 300]

    def test_steps_within_a_cycle(self) -> None:
        """100 mg on days 1 to 7 of cycle 1, 200 on days 8 to 14."""
        first = [{"cycles": [1], "days": {"from": 7 * n + 1, "to": 7 * n + 7}, "amount": 100 * (n + 1)} for n in (0, 1)]
        patient = self.in_arm_b([*first, {"days": "all"}])
        days = ("2024-03-10", "2024-03-16", "2024-03-17", "2024-03-23", "2024-03-24")
        assert self.planned(patient, *days) == [100, 100, 200, 200, 300]

    def test_a_lower_amount_of_a_day_stays(self) -> None:
        """40 and 20 mg alternate by the week: the first day for the patient is one of 20."""
        patient = self.in_arm_b([{"days": {"from": 1, "to": 7}}, {"days": "all", "amount": 20}])
        # Days 1 to 7 of cycle 5 begin on 29 March.
        assert self.planned(patient, "2024-03-10", "2024-03-28", "2024-03-29", "2024-04-05") == [300, 20, 300, 20]

    def test_what_the_site_sets_from_that_day_on_is_planned(self) -> None:
        for from_on, planned in (("2024-03-10", 200), ("2024-03-09", 100)):
            patient = self.in_arm_b()
            patient.record("dose_changed", regimen="olaparib", from_on=from_on, amount=200)
            assert self.planned(patient, "2024-03-10") == [planned]

    def test_a_dose_taken_before_counts_among_so_many(self) -> None:
        for amount, last in ((None, "2024-03-12"), (100, "2024-03-11")):
            patient = self.in_arm_b(max_doses=3)
            if amount:
                take(patient, "2024-02-03", amount, "olaparib", 1)
            following = str(day(last) + timedelta(1))
            assert ["olaparib.1" in doses(patient, on) for on in ("2024-03-10", last, following)] == [True, True, False]

    def test_more_than_it_deviates(self) -> None:
        patient = self.in_arm_b()
        take(patient, "2024-03-10", 300, "olaparib", 1)
        assert [kind for kind, _ in patient.on("2024-03-10").deviations()] == ["dose_above_plan", "dose_amount"]


class TestNoReductionRaises:
    """A change up to the protocol's highest amount never plans more than the protocol has on a day."""

    @staticmethod
    def planned(patient: Patient, *days: str) -> list[float | None]:
        return [doses(patient, on)["surufatinib.1"][0] for on in days]

    def test_amounts_that_alternate_within_a_cycle(self) -> None:
        """40 mg on days 1 to 7 of 14, 20 on the others: of cycle 2 day 1 is 19 January, day 8 the 26th."""
        when = [{"days": {"from": 1, "to": 7}}, {"days": "all", "amount": 20}]
        patient = treated(regimen_data(40, [50, 30, 10], cycle_days=14, when=when))
        days = ("2024-01-19", "2024-01-26")
        assert self.planned(patient, *days) == [40, 20]
        for amount, planned in ((30, [30, 20]), (10, [10, 10]), (40, [40, 20]), (50, [50, 50])):
            patient.record("dose_changed", from_on="2024-01-19", amount=amount)
            assert self.planned(patient, *days) == planned
            assert to_do(patient, "planned_amount_to_confirm", "2024-01-26") == []

    def test_a_dose_of_a_day_that_was_not_reduced_deviates(self) -> None:
        when = [{"days": {"from": 1, "to": 7}}, {"days": "all", "amount": 20}]
        patient = treated(regimen_data(40, [30], cycle_days=14, when=when))
        patient.record("dose_changed", from_on="2024-01-19", amount=30)
        take(patient, "2024-01-25", 30)
        take(patient, "2024-01-26", 30)
        assert patient.on("2024-01-26").deviations() == [
            ("dose_above_plan", "2024-01-26"),
            ("dose_amount", "2024-01-26"),
        ]

    def test_amounts_that_alternate_between_cycles(self) -> None:
        """Set in a cycle of 20 mg, 26 January to 15 February, before one of 40."""
        when = [{"cycles": {"from": 1, "every": 2}, "days": "all"}, {"days": "all", "amount": 20}]
        patient = treated(regimen_data(40, [30], when=when))
        patient.record("dose_changed", from_on="2024-01-26", amount=30)
        assert self.planned(patient, "2024-01-26", "2024-02-16", "2024-03-08") == [20, 30, 20]

    def test_a_ramp_up_becomes_no_faster(self) -> None:
        """100 mg in cycle 1, then 300: 200 in cycle 1 are 100 until it is over, and then somebody is asked."""
        ramp = regimen_data(300, [200, 100], when=[{"cycles": [1], "days": "all", "amount": 100}, {"days": "all"}])
        patient = treated(ramp)
        patient.record("dose_changed", from_on="2024-01-10", amount=200)
        assert self.planned(patient, "2024-01-10", "2024-01-25", "2024-01-26") == [100, 100, 200]
        assert len(to_do(patient, "planned_amount_to_confirm", "2024-01-26")) == 1

    @pytest.mark.parametrize("cycles", [[1], {"from": 1, "to": 1}])
    def test_after_the_loading_dose_a_higher_level_is_planned(self, cycles: object) -> None:
        """600 mg are planned in cycle 1 only: from cycle 2 on 400 is more than the protocol plans."""
        when = [{"cycles": cycles, "days": [1], "amount": 600}, {"days": "all"}]
        patient = treated(regimen_data(300, [400], when=when))
        patient.record("dose_changed", from_on="2024-01-26", amount=400)
        assert self.planned(patient, "2024-01-26", "2024-02-16") == [400, 400]
        patient.record("dose_changed", from_on="2024-01-05", amount=400)
        assert self.planned(patient, "2024-01-05", "2024-01-06") == [400, 300]


def test_visits_on_all_days_of_a_cycle_and_on_a_range_of_them() -> None:
    """Days 1 to 7 of cycle 1, and days 2 to 4 of cycle 2: every day, unless a step is said."""
    daily = series("lab", {"days": "all", "cycles": [1]}, window=(0, 0))
    some = series("lab", {"days": {"from": 2, "to": 4}, "cycles": [2]}, window=(0, 0))
    patient = treated(regimen_data(cycle_days=7), visits=(daily, some))
    assert [*patient.targets("lab")] == [
        *(f"lab-c1d{number}" for number in range(1, 8)),
        "lab-c2d2",
        "lab-c2d3",
        "lab-c2d4",
    ]


class TestStartsAndEnds:
    """With the first dose, after another, at a milestone; after its cycles, or with `who`."""

    def test_one_after_the_other_with_a_gap(self) -> None:
        """Two cycles of 21 days end on 15 February; after a gap of 7 days the other carries the cycles on."""
        second = drug(starts={"after": "surufatinib"}, gap={"days": 7}, cycle_days=28, first_cycle=3)
        clinic = series("clinic", {"days": [1]}, window=(1, 1))
        patient = treated(regimen_data(cycles=2), second, visits=(clinic,))
        assert doses(patient, "2024-02-15") == {"surufatinib.1": (300, "unrecorded")}
        assert doses(patient, "2024-02-16") == {}
        assert patient.on("2024-02-16")["treatment"]["cycle"] is None
        assert doses(patient, "2024-02-23") == {"olaparib.1": (200, "unrecorded")}
        assert patient.targets("clinic", "2024-03-30") == {
            "clinic-c1d1": "2024-01-05",
            "clinic-c2d1": "2024-01-26",
            "clinic-c3d1": "2024-02-23",
            "clinic-c4d1": "2024-03-22",
        }

    def test_on_its_first_day_a_later_regimen_has_all_its_doses(self) -> None:
        """The day was planned, unlike C1D1: nobody has said what became of the first dose."""
        patient = treated(regimen_data(cycles=1), drug(starts={"after": "surufatinib"}, times_a_day=2))
        take(patient, "2024-01-26", 200, "olaparib", 2)
        assert doses(patient, "2024-01-26") == {"olaparib.1": (200, "unrecorded"), "olaparib.2": (200, "taken")}

    @pytest.mark.parametrize(("last_dose_on", "listed"), [("unknown", []), ("2024-01-25", ["surufatinib.1"])])
    def test_the_last_day_of_its_cycles_may_be_that_of_treatment(self, last_dose_on: str, listed: list[str]) -> None:
        """Nobody recorded a dose of that day: there is one only if it is said to be the last."""
        patient = treated(regimen_data(cycles=1))
        patient.end_treatment(last_dose_on, decided_on="2024-01-25")
        assert list(doses(patient, "2024-01-24")) == ["surufatinib.1"]
        assert list(doses(patient, "2024-01-25")) == listed

    def test_after_one_that_ended_on_hold_the_next_starts_all_the_same(self) -> None:
        """Its second cycle of 14 days began on 19 January and waited from 24 through 28 January, its last day."""
        patient = treated(
            regimen_data(cycles=4, cycle_days=14, on_hold="extend"), drug(starts={"after": "surufatinib"})
        )
        patient.record("hold_started", from_on="2024-01-24", regimens=["surufatinib"])
        assert doses(patient, "2024-03-01") == {"surufatinib.1": (None, "held")}
        patient.record("regimen_ended", regimen="surufatinib", last_dose_on="2024-01-28")
        assert doses(patient, "2024-02-06") == {}
        assert doses(patient, "2024-02-07") == {"olaparib.1": (200, "unrecorded")}

    def test_after_one_that_ended_early_its_cycle_keeps_its_full_length(self) -> None:
        patient = treated(regimen_data(cycles=6), drug(starts={"after": "surufatinib"}))
        patient.record("regimen_ended", regimen="surufatinib", last_dose_on="2024-01-30")
        assert doses(patient, "2024-02-15") == {}
        assert doses(patient, "2024-02-16") == {"olaparib.1": (200, "unrecorded")}

    def test_at_a_milestone(self) -> None:
        crossover = [{"id": "crossover", "label": "Crossover"}]
        patient = treated(regimen_data(), drug(starts={"milestone": "crossover"}), milestones=crossover)
        assert list(doses(patient, "2024-02-10")) == ["surufatinib.1"]
        patient.record("milestone_reached", milestone="crossover", on="2024-02-10")
        assert list(doses(patient, "2024-02-09")) == ["surufatinib.1"]
        assert list(doses(patient, "2024-02-10")) == ["surufatinib.1", "olaparib.1"]

    def test_when_the_last_has_run_out_the_end_of_treatment_is_asked_for(self) -> None:
        patient = treated(regimen_data(cycles=2))
        assert to_do(patient, "treatment_to_end", "2024-02-15") == []
        assert to_do(patient, "treatment_to_end", "2024-02-16") == [
            "the last regimen was over on 2024-02-15, end of treatment not recorded"
        ]

    def test_each_arm_has_its_own(self) -> None:
        """The lead regimen is that of the patient's arm; after a change of arm that of the new one."""
        of_arm = ({**regimen_data(), "who": {"arm": "a"}}, {**drug(cycle_days=28), "who": {"arm": "b"}})
        clinic = series("clinic", {"days": [1]}, window=(1, 1))
        patient = treated(*of_arm, visits=(clinic,), arms=ARMS, arm="b")
        assert doses(patient, "2024-01-10") == {"olaparib.1": (200, "unrecorded")}
        assert patient.targets("clinic", "2024-02-10") == {"clinic-c1d1": "2024-01-05", "clinic-c2d1": "2024-02-02"}
        patient.record("arm_assigned", arm="a", on="2024-01-20")
        assert list(doses(patient, "2024-01-19")) == ["olaparib.1"]
        assert list(doses(patient, "2024-01-20")) == ["surufatinib.1"]
        assert patient.targets("clinic", "2024-02-20") == {
            "clinic-c1d1": "2024-01-05",
            "clinic-c2d1": "2024-01-26",
            "clinic-c3d1": "2024-02-16",
        }

    def test_of_two_of_one_drug_only_the_later_is_planned(self) -> None:
        crossover = [{"id": "crossover", "label": "Crossover"}]
        again = {**drug("again", 100, starts={"milestone": "crossover"}), "drug": "surufatinib"}
        patient = treated(regimen_data(), again, milestones=crossover)
        patient.record("milestone_reached", milestone="crossover", on="2024-02-10")
        assert doses(patient, "2024-02-10") == {"again.1": (100, "unrecorded")}
        assert len(to_do(patient, "regimens_overlap", "2024-02-10")) == 1
        patient.record("regimen_ended", regimen="surufatinib", last_dose_on="2024-02-09")
        assert to_do(patient, "regimens_overlap", "2024-02-10") == []

    def test_days_of_cycles_that_it_shares_wait_while_it_is_held_itself(self) -> None:
        """Cycle 3 begins on 16 February; the hold of all makes the 20th and the 21st wait, and day 5 is the 22nd."""
        second = drug(cycles_of="surufatinib")
        del second["cycle_days"]
        patient = treated(regimen_data(on_hold="extend"), second)
        patient.record("hold_started", from_on="2024-02-01", regimens=["olaparib"])
        patient.record("hold_started", from_on="2024-02-20", resumes_on="2024-02-22")
        rows = patient.on("2024-02-25", "2024-02-19", "2024-02-22")["doses"]
        places = [(row["cycle"], row["cycle_day"]) for row in rows if row["dose_id"].endswith("olaparib.1")]
        assert places == [(3, 4), (3, None), (3, None), (3, 5)]

    def test_one_shares_the_cycles_of_another(self) -> None:
        """What ends or holds that one does the same to it."""
        shared = drug(when=[{"days": [1, 8]}])
        del shared["cycle_days"]
        patient = treated(regimen_data(cycles=2), {**shared, "cycles_of": "surufatinib"})
        assert [doses(patient, on)["olaparib.1"][1] for on in ("2024-01-12", "2024-01-13")] == ["unrecorded", "rest"]
        patient.record("hold_started", from_on="2024-01-12", resumes_on="2024-01-13", regimens=["surufatinib"])
        assert doses(patient, "2024-01-12") == {"surufatinib.1": (None, "held"), "olaparib.1": (None, "held")}
        assert doses(patient, "2024-02-16") == {}

    def test_the_last_dose_of_one_ends_another_that_shares_its_cycles(self) -> None:
        """The third dose of surufatinib is that of the 7th: of olaparib the fifth and sixth are the last, not seven."""
        shared = {**drug(times_a_day=2), "max_doses": 7}
        del shared["cycle_days"]
        patient = treated({**regimen_data(), "max_doses": 3}, {**shared, "cycles_of": "surufatinib"})
        assert [*doses(patient, "2024-01-07")] == ["surufatinib.1", "olaparib.1", "olaparib.2"]
        assert doses(patient, "2024-01-08") == {}

    def test_visits_in_cycles_from_a_milestone_wait_for_no_first_dose(self) -> None:
        """Arm b from enrolment, 3 January: its cycles begin then, though nobody recorded that treatment started."""
        of_a = {**regimen_data(), "who": {"arm": "a"}}
        of_b = drug(starts={"milestone": "randomisation"}, who={"arm": "b"})
        data = {**protocol_data(series("clinic", {"days": [1]}, window=(1, 1)), arms=ARMS), "regimens": [of_a, of_b]}
        seen = Patient(read_protocol(data), arm="b", planned_first_dose_on="2024-01-08").on("2024-02-16")
        rows = [seen.visits[f"clinic-c{number}d1"] for number in (1, 2, 3)]
        days = [(row["target_on"], row["status"]) for row in rows]
        assert days == [("2024-01-03", "missed"), ("2024-01-24", "missed"), ("2024-02-14", "overdue")]
        assert rows[1]["because"] == "arm b from 2024-01-03 + 21 days = cycle 2 day 1"

    def test_a_day_before_a_later_regimen_waits_for_the_first_dose_too(self) -> None:
        """Two cycles of 7 days planned from 5 January, then olaparib from the 19th: its day -4 is the 15th."""
        later = drug(starts={"after": "surufatinib"})
        before = series("lab", {"regimen": "olaparib", "days": [-4], "cycles": [1]}, window=(1, 1))
        data = {**protocol_data(before), "regimens": [regimen_data(cycle_days=7, cycles=2), later]}
        patient = Patient(read_protocol(data), planned_first_dose_on="2024-01-05")
        (visit,) = patient.on("2024-01-16").visits.values()
        assert (visit["target_on"], visit["status"]) == ("2024-01-15", "upcoming")
        patient.record("treatment_started", first_dose_on="2024-01-05")
        (visit,) = patient.on("2024-01-16").visits.values()
        assert (visit["target_on"], visit["status"]) == ("2024-01-15", "open")


class TestPerBody:
    """The amount of each patient is calculated by the site."""

    @pytest.fixture
    def patient(self) -> Patient:
        return treated({**regimen_data(), "dose": {"amount": 5, "unit": "mg", "per": "kg"}})

    def test_until_it_is_said_none_is_planned_and_somebody_is_asked(self, patient: Patient) -> None:
        assert doses(patient, "2024-01-10") == {"surufatinib.1": (None, "unrecorded")}
        assert len(to_do(patient, "dose_to_calculate", "2024-01-10")) == 1
        with pytest.raises(ValidationFailed, match="/amount"):
            patient.record("dose_recorded", dose_on="2024-01-10", status="taken")
        patient.record("dose_changed", from_on="2024-01-05", amount=320)
        assert doses(patient, "2024-01-10") == {"surufatinib.1": (320, "unrecorded")}
        assert to_do(patient, "dose_to_calculate", "2024-01-10") == []

    def test_it_is_compared_with_the_latest_before_it(self, patient: Patient) -> None:
        """After a reduction to 250 the 320 of before are more than a tenth above; and after 353, 353 are not."""
        for from_on, amount, more in (
            ("2024-01-05", 320, {}),
            ("2024-01-08", 250, {}),
            ("2024-01-20", 353, {"confirmed": ["above_previous"]}),
            ("2024-01-25", 353, {}),
        ):
            patient.record("dose_changed", from_on=from_on, amount=amount, **more)
        with pytest.raises(NeedsConfirmation):
            patient.record("dose_changed", from_on="2024-01-12", amount=320)

    def test_a_tenth_more_is_confirmed(self, patient: Patient) -> None:
        """The first is accepted, whatever it is; dose intensity goes by it."""
        patient.record("dose_changed", from_on="2024-01-05", amount=320)
        with pytest.raises(NeedsConfirmation) as refused:
            patient.record("dose_changed", from_on="2024-01-08", amount=353)
        assert [*refused.value.confirm] == ["above_previous"]
        # So is one that corrects it, or is of days before it.
        with pytest.raises(NeedsConfirmation):
            patient.correct(patient.facts[-1].fact_id, "dose_changed", from_on="2024-01-05", amount=353)
        with pytest.raises(NeedsConfirmation):
            patient.record("dose_changed", from_on="2024-01-04", amount=353)
        patient.record("dose_changed", from_on="2024-01-08", amount=160)
        take(patient, "2024-01-05", 320)
        take(patient, "2024-01-08", 160)
        assert patient.schedule().adherence(day("2024-01-09"))["relative_dose_intensity"] == 0.375


class TestAnAmendmentToAnAmountPerBody:
    """From 2024-03-01 on the amount is to be calculated: somebody is asked a week before, and no reminder goes out."""

    def amended(self, first: Data, second: Data, **rest: Any) -> Patient:
        arm = {"arm": rest.pop("arm")} if "arm" in rest else {}
        pair = ({**protocol_data(version=n, **rest), "regimens": [one]} for n, one in ((1, first), (2, second)))
        patient = Patient.treated(*map(read_protocol, pair), **arm)
        patient.record("protocol_amended", version=2, from_on="2024-03-01")
        return patient

    def asked(self, patient: Patient, on: str) -> list[tuple[str, str, str, str | None]]:
        """What is asked of the planned amount on a day: kind, subject, due day and last day."""
        entries = worklist(patient.schedule(), None, day(on), day(on))
        kinds = ("dose_to_calculate", "planned_amount_to_confirm")
        return [
            (*one[:2], str(one.due_on), one.through_on and str(one.through_on)) for one in entries if one.kind in kinds
        ]

    def reminded(self, patient: Patient, on: str) -> list[str]:
        """The messages about doses of a day."""
        planner = Planner(patient.schedule(), NotificationPreferences(), SitePreferences("Asia/Shanghai"), {})
        return [one.kind for one in planner.messages(day(on), day(on)) if one.kind.startswith("dose_")]

    def test_though_none_was_set_before(self) -> None:
        patient = self.amended(regimen_data(), PER_KG)
        assert doses(patient, "2024-02-29") == {"surufatinib.1": (300, "unrecorded")}
        assert doses(patient, "2024-03-01") == {"surufatinib.1": (None, "unrecorded")}
        assert self.asked(patient, "2024-02-22") == []
        question = ("dose_to_calculate", "surufatinib.2024-03-01", "2024-03-01", None)
        assert self.asked(patient, "2024-02-23") == self.asked(patient, "2024-03-05") == [question]
        assert self.reminded(patient, "2024-02-29") == ["dose_due", "dose_again"]
        assert self.reminded(patient, "2024-03-01") == []
        call = "Call your study site before you take a dose."
        assert patient.notices("2024-03-01") == [("call_site_before_dose", "2024-03-01.surufatinib.1", call)]
        patient.record("dose_changed", from_on="2024-03-03", amount=320)
        assert self.asked(patient, "2024-03-02") == [(*question[:3], "2024-03-02")]
        assert (self.asked(patient, "2024-03-03"), patient.notices("2024-03-03")) == ([], [])
        assert self.reminded(patient, "2024-03-03") == ["dose_due", "dose_again"]

    def test_for_another_arm_too(self) -> None:
        """Version 2 opens a regimen of arm a to the patient's arm b: it is not asked for before."""
        of_arms = ({**PER_KG, "who": {"arm": arms}} for arms in ("a", ["a", "b"]))
        patient = self.amended(*of_arms, arms=ARMS, arm="b")
        assert self.asked(patient, "2024-02-22") == []
        question = ("dose_to_calculate", "surufatinib.2024-03-01", "2024-03-01", None)
        assert self.asked(patient, "2024-02-23") == self.asked(patient, "2024-03-01") == [question]
        assert doses(patient, "2024-03-01") == {"surufatinib.1": (None, "unrecorded")}

    @pytest.mark.parametrize(
        ("before", "after"),
        [
            ({"amount": 300, "unit": "mg", "levels": [400]}, {"amount": 5, "unit": "mg", "per": "kg"}),
            ({"amount": 5, "unit": "mg", "per": "kg"}, {"amount": 5, "unit": "mg", "per": "m2"}),
            ({"amount": 5, "unit": "mg", "per": "kg"}, {"amount": 6, "unit": "mg", "per": "kg"}),
        ],
    )
    def test_what_was_set_for_another_measure_is_set_again(self, before: Data, after: Data) -> None:
        patient = self.amended({**regimen_data(), "dose": before}, {**regimen_data(), "dose": after})
        patient.record("dose_changed", from_on="2024-01-05", amount=400)
        assert doses(patient, "2024-02-29") == {"surufatinib.1": (400, "unrecorded")}
        assert doses(patient, "2024-03-01") == {"surufatinib.1": (None, "unrecorded")}
        question = ("dose_to_calculate", "surufatinib.2024-03-01", "2024-03-01", None)
        assert self.asked(patient, "2024-03-01") == [question]
        patient.record("dose_changed", from_on="2024-03-01", amount=350)
        assert (doses(patient, "2024-03-01")["surufatinib.1"][0], self.asked(patient, "2024-03-01")) == (350, [])

    def test_from_an_amount_per_body_to_one_of_all_patients(self) -> None:
        """400 mg were the patient's own: the protocol's are planned, and somebody is asked."""
        patient = self.amended(PER_KG, regimen_data())
        patient.record("dose_changed", from_on="2024-01-05", amount=400)
        assert doses(patient, "2024-03-01") == {"surufatinib.1": (300, "unrecorded")}
        assert self.asked(patient, "2024-03-01") == [("planned_amount_to_confirm", "2024-03-01", "2024-03-01", None)]

    def test_one_question_as_long_as_none_was_ever_set(self) -> None:
        per_m2 = {**regimen_data(), "dose": {"amount": 200, "unit": "mg", "per": "m2"}}
        patient = self.amended(PER_KG, per_m2)
        question = ("dose_to_calculate", "surufatinib", "2024-01-05", None)
        assert self.asked(patient, "2024-02-25") == self.asked(patient, "2024-03-05") == [question]

    def test_other_days_leave_the_amount_as_it_was(self) -> None:
        once = {**PER_KG, "when": [{"days": {"from": 1, "to": 14}}]}
        patient = self.amended({**PER_KG, "times_a_day": 2}, once)
        patient.record("dose_changed", from_on="2024-01-05", amount=400)
        assert doses(patient, "2024-03-08") == {"surufatinib.1": (400, "unrecorded")}
        assert [kind for kind, *_ in self.asked(patient, "2024-03-08")] == ["planned_amount_to_confirm"]


def test_a_loading_amount_per_kg_says_nothing_of_the_next() -> None:
    """10 mg per kg in cycle 1, then 5: what was calculated for the first is not planned in cycle 2, from 2024-01-26."""
    when = [{"cycles": [1], "days": "all", "amount": 10}, {"days": "all"}]
    patient = treated({**regimen_data(when=when), "dose": {"amount": 5, "unit": "mg", "per": "kg"}})
    patient.record("dose_changed", from_on="2024-01-05", amount=600)
    assert [doses(patient, on)["surufatinib.1"][0] for on in ("2024-01-25", "2024-01-26")] == [600, None]
    assert len(to_do(patient, "dose_to_calculate", "2024-01-19")) == 1
    assert to_do(patient, "planned_amount_to_confirm", "2024-01-26") == []


def test_contraception_goes_on_after_the_drug_that_asks_for_it_longest() -> None:
    """180 days after the last olaparib on 1 March, or 30 after the last surufatinib on 20 May: the later, 28 August."""
    rules = [
        {"after_last_dose": {"days": 180}, "of": "olaparib"},
        {"after_last_dose": {"days": 30}, "of": "surufatinib"},
    ]
    patient = treated(regimen_data(), drug(), contraception=rules)
    take(patient, "2024-03-01", 200, "olaparib")
    patient.record("regimen_ended", regimen="olaparib", last_dose_on="2024-03-01")
    seen = patient.on("2024-03-10")["contraception"]
    assert (seen["through_on"], seen["earliest_through_on"]) == (None, "2024-08-28")
    patient.end_treatment("2024-05-20")
    assert patient.on("2024-06-01")["contraception"]["through_on"] == "2024-08-28"


def test_of_two_regimens_of_one_drug_the_later_last_dose_counts() -> None:
    """Cycle 1 with 200 mg ends on 25 January; 100 mg follow, and treatment ends on 20 May: 30 days later, 19 June."""
    later = {**drug("maintenance", 100), "drug": "olaparib", "starts": {"after": "olaparib"}}
    rules = [{"after_last_dose": {"days": 30}, "of": "olaparib"}]
    patient = treated(drug(cycles=1), later, contraception=rules)
    for on, amount, regimen in (("2024-01-20", 200, "olaparib"), ("2024-05-19", 100, "maintenance")):
        take(patient, on, amount, regimen)
    patient.end_treatment("2024-05-20")
    assert patient.on("2024-06-01")["contraception"]["through_on"] == "2024-06-19"


def test_a_drug_that_has_not_started_asks_for_contraception_until_treatment_ends_without_it() -> None:
    """Olaparib starts at a crossover that never comes: once treatment has ended nobody is to have it any more."""
    rules = [{"after_last_dose": {"days": 30}, "of": "olaparib"}]
    crossover = drug(starts={"milestone": "crossover"})
    declared = [{"id": "crossover", "label": "Crossover"}]
    patient = treated(regimen_data(), crossover, contraception=rules, milestones=declared)
    assert patient.on("2024-03-01")["contraception"]["status"] == "required"
    patient.end_treatment("2024-03-01")
    seen = patient.on("2024-03-02")["contraception"]
    assert (seen["status"], seen["because"]) == ("not_required", "the protocol asks this patient for none")


def test_what_is_only_planned_of_a_drug_is_no_dose_yet() -> None:
    """Two cycles of it end on 15 February; on 10 January, 30 days from that day."""
    patient = treated(
        regimen_data(), drug(cycles=2), contraception=[{"after_last_dose": {"days": 30}, "of": "olaparib"}]
    )
    assert patient.on("2024-01-10")["contraception"]["earliest_through_on"] == "2024-02-09"
    # Once it has run out and nobody recorded a dose, its last planned day counts.
    assert patient.on("2024-03-01")["contraception"]["earliest_through_on"] == "2024-03-16"


def test_a_version_without_a_regimen_that_runs_is_refused() -> None:
    both = {**protocol_data(), "regimens": [regimen_data(), drug()]}
    patient = Patient.treated(read_protocol(both), read_protocol(protocol_data(version=2)))
    with pytest.raises(ValidationFailed, match="olaparib"):
        patient.record("protocol_amended", version=2, from_on="2024-02-01")
    patient.record("regimen_ended", regimen="olaparib", last_dose_on="2024-01-20")
    patient.record("protocol_amended", version=2, from_on="2024-02-01")


def test_what_was_recorded_of_the_only_dose_stays_that_of_its_regimen() -> None:
    """Facts of a trial with one dose a day name none; a version with a second drug changes nothing of theirs."""
    two = {**protocol_data(version=2), "regimens": [drug(), regimen_data()]}
    patient = Patient.treated(read_protocol(protocol_data()), read_protocol(two))
    take(patient, "2024-01-10", 300)
    patient.record("protocol_amended", version=2, from_on="2024-01-20")
    take(patient, "2024-01-25", 300, "surufatinib")
    assert doses(patient, "2024-01-10") == {"surufatinib.1": (300, "taken")}
    assert doses(patient, "2024-01-25") == {"surufatinib.1": (300, "taken"), "olaparib.1": (200, "unrecorded")}


class TestWhatCannotBe:
    """Faults of a protocol's regimens."""

    @pytest.mark.parametrize(
        ("regimens", "pointer"),
        [
            ([], "/regimens"),
            ([regimen_data(), regimen_data()], "/regimens/1/id"),
            ([regimen_data(), drug(starts={"after": "aspirin"})], "/regimens/1/starts/after"),
            ([drug(starts={"after": "surufatinib"}), regimen_data(starts={"after": "olaparib"})], "/regimens/0"),
            ([regimen_data(gap={"days": 7})], "/regimens/0/gap"),
            ([regimen_data(), {**drug(), "cycles_of": "surufatinib"}], "/regimens/1/cycle_days"),
            ([{**regimen_data(), "times_a_day": 0}], "/regimens/0/times_a_day"),
            ([{**regimen_data(), "given_by": "site"}], "/regimens/0/window"),
            ([regimen_data(when=[{"days": {"weekdays": ["monday"]}}])], "/regimens/0/when/0/days/weekdays/0"),
            ([{**regimen_data(), "dose": {"amount": 5, "unit": "mg", "per": "foot"}}], "/regimens/0/dose/per"),
        ],
    )
    def test_a_fault_is_named(self, regimens: list[Data], pointer: str) -> None:
        with pytest.raises(ValidationFailed) as refused:
            read_protocol({**protocol_data(), "regimens": regimens})
        assert pointer in [error.pointer for error in refused.value.errors]

    def test_cycles_that_go_on_have_numbers_that_go_on(self) -> None:
        """Otherwise two visits would be clinic-c1d1."""
        clinic = series("clinic", {"days": [1]}, window=(1, 1))
        regimens = [regimen_data(cycles=2), drug(starts={"after": "surufatinib"})]
        with pytest.raises(ValidationFailed, match="/regimens/1/first_cycle"):
            read_protocol({**protocol_data(clinic), "regimens": regimens})


def test_before_enrolment_no_visit_is_planned_on_days_of_a_regimen_that_starts_at_a_milestone() -> None:
    """An arm is assigned while the patient is screened: nobody is asked to come for treatment before enrolment."""
    second = drug(starts={"milestone": "randomisation"})
    infusions = series("infusion", {"days": [1], "cycles": {"to": 2}, "regimen": "olaparib"}, window=(1, 1))
    trial = read_protocol({**protocol_data(infusions, arms=ARMS), "regimens": [regimen_data(), second]})
    patients = Patient.screened(trial), Patient.screened(trial, planned_enrolment_on="2024-01-08")
    for patient in patients:
        patient.record("arm_assigned", arm="a", on="2024-01-10")
        assert patient.targets("infusion") == {}
        patient.record("enrolled", enrolled_on="2024-01-09", planned_first_dose_on="2024-01-10", arm=None)
        targets = {"infusion-olaparib-c1d1": "2024-01-10", "infusion-olaparib-c2d1": "2024-01-31"}
        assert patient.targets("infusion") == targets
