"""What an amendment changes of regimens: by hand (rules, sections 4 and 9)."""

from __future__ import annotations

from scheduler_api.engine.protocol_file.parse import read_protocol

from .patients import Patient, protocol_data, regimen_data
from .test_regimens import Data, doses, drug


def treated(*versions: list[Data], from_on: str | None = "2024-02-01", **rest: list[Data]) -> Patient:
    """The patient of the worked examples, whose first dose was on 2024-01-05, on versions with these regimens.

    The second applies from `from_on`; None: it is not in force yet.
    """
    read = [
        read_protocol({**protocol_data(version=number, **rest), "regimens": regimens})
        for number, regimens in enumerate(versions, 1)
    ]
    patient = Patient.treated(*read)
    if from_on is not None:
        patient.record("protocol_amended", version=2, from_on=from_on)
    return patient


class TestWhatNamesNoRegimen:
    """What was recorded in a version with one regimen says nothing of those that an amendment adds."""

    def test_an_amount(self) -> None:
        patient = treated([regimen_data()], [regimen_data(), drug("tamoxifen", 20)], from_on=None)
        patient.record("dose_changed", from_on="2024-01-10", amount=200)
        patient.record("protocol_amended", version=2, from_on="2024-02-01")
        assert doses(patient, "2024-02-01") == {
            "surufatinib.1": (200, "unrecorded"),
            "tamoxifen.1": (20, "unrecorded"),
        }

    def test_an_amount_of_the_only_regimen_of_a_later_version(self) -> None:
        """Surufatinib ended on 20 January; the change is of olaparib, also once a third version has another drug too."""
        patient = treated(
            *([regimen_data(), drug()], [drug(levels=[100])], [drug(levels=[100]), drug("tamoxifen", 120)]),
            from_on=None,
        )
        patient.record("regimen_ended", regimen="surufatinib", last_dose_on="2024-01-20")
        patient.record("protocol_amended", version=2, from_on="2024-02-01")
        patient.record("dose_changed", from_on="2024-02-10", amount=100)
        patient.record("protocol_amended", version=3, from_on="2024-02-05")
        assert doses(patient, "2024-02-10") == {"olaparib.1": (100, "unrecorded"), "tamoxifen.1": (120, "unrecorded")}

    def test_a_hold_is_of_all_of_them(self) -> None:
        patient = treated([regimen_data()], [regimen_data(), drug("tamoxifen", 20)], from_on=None)
        patient.record("hold_started", from_on="2024-01-25", resumes_on="2024-02-03")
        patient.record("protocol_amended", version=2, from_on="2024-02-01")
        assert doses(patient, "2024-02-02")["tamoxifen.1"] == (None, "held")
        assert doses(patient, "2024-02-03")["tamoxifen.1"] == (20, "unrecorded")
