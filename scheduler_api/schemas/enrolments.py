"""Schemas of an enrolment: the patient, and the protocol that the patient enrols under."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError

from scheduler_api.engine.model.facts import Enrolled

from .fields import Choice, CivilDate, Strict, Text, Whole, fields

FERTILITY = ("fertile", "not_fertile")
BASES = ("natural_menopause", "artificial_menopause", "sterilisation")
#: Pseudonyms, not names: no spaces.
SUBJECT_NUMBER = r"^[A-Za-z0-9][A-Za-z0-9._/-]*$"


class ProtocolVersionSchema(Strict):
    """A protocol and its version; without a version the latest is meant."""

    id = Text(64, required=True)
    version = Whole(1, 10_000)


class ProtocolReference(fields.Nested):
    """`{"id": …, "version": …}`, or the id alone for the latest version."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(ProtocolVersionSchema, **kwargs)

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(value, str):
            value = {"id": value}
        if not isinstance(value, dict):
            raise ValidationError("Not an id or an object with `id` and `version`.")
        return super()._deserialize(value, *args, **kwargs)


class EnrolmentSchema(Strict):
    """The data of `enrolled`."""

    subject_number = Text(40, pattern=SUBJECT_NUMBER, required=True)
    site = Text(40, required=True)
    enrolled_on = CivilDate(required=True)
    planned_first_dose_on = CivilDate(metadata={"description": "By default `enrolled_on`"})
    sex = Choice("female", "male", required=True)
    fertility = Choice(*FERTILITY, load_default="fertile")
    basis = Choice(*BASES, load_default=None, allow_none=True, metadata={"description": "Why `not_fertile`"})
    time_zone = Text(60, required=True, metadata={"example": "Asia/Shanghai"})


class NewPatientSchema(EnrolmentSchema):
    """A patient to enrol: the data of `enrolled`, and the protocol."""

    protocol = ProtocolReference(required=True)


class EnrolledProtocolSchema(Strict):
    """The protocol and the version that a patient enrols under."""

    id = Text(64, required=True)
    version = Whole(1, 10_000, required=True)


def enrolled_body(data: Mapping[str, Any], protocol: str, version: int) -> Enrolled:
    """Return the body of `enrolled` from data that `EnrolmentSchema` has read."""
    values = {name: value for name, value in data.items() if name != "protocol"}
    values.setdefault("planned_first_dose_on", values["enrolled_on"])
    return Enrolled(protocol=protocol, version=version, **values)
