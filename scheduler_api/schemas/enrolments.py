"""Schemas of a registration and an enrolment: the patient, and the protocol that the patient enrols under."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError, validates_schema

from scheduler_api.engine.model.facts import Enrolled, Registered

from .fields import Choice, CivilDate, Strict, Text, TimeZone, Whole, fields

FERTILITY = ("fertile", "not_fertile")
BASES = ("natural_menopause", "artificial_menopause", "sterilisation")
#: Pseudonyms, not names: no spaces.
SUBJECT_NUMBER = r"^[A-Za-z0-9][A-Za-z0-9._/-]*$"


class ProtocolVersionSchema(Strict):
    """A protocol and its version; without a version the latest that is approved for the site."""

    id = Text(64, required=True)
    version = Whole(1, 10_000)


class ProtocolReference(fields.Nested):
    """`{"id": …, "version": …}`, or the id alone for the latest version that is approved for the site."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(ProtocolVersionSchema, **kwargs)

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(value, str):
            value = {"id": value}
        if not isinstance(value, dict):
            raise ValidationError("Not an id or an object with `id` and `version`.")
        return super()._deserialize(value, *args, **kwargs)


PLANNED_FIRST_DOSE = {"description": "By default `enrolled_on`"}


ARM = Text(40, load_default=None, allow_none=True, metadata={"description": "The arm assigned on that day"})


class RegistrationSchema(Strict):
    """The data of `registered`, but for the protocol."""

    subject_number = Text(40, pattern=SUBJECT_NUMBER, required=True)
    site = Text(40, required=True)
    sex = Choice("female", "male", required=True)
    fertility = Choice(*FERTILITY, load_default="fertile")
    basis = Choice(*BASES, load_default=None, allow_none=True, metadata={"description": "Why `not_fertile`"})
    time_zone = TimeZone(required=True, metadata={"example": "Asia/Shanghai"})
    consented_on = CivilDate(load_default=None, allow_none=True, metadata={"description": "If it is known"})
    planned_enrolment_on = CivilDate(
        load_default=None, allow_none=True, metadata={"description": "Visits are counted from it until enrolment"}
    )


class RegisteredPatientSchema(RegistrationSchema):
    """A patient: the data of `registered`, and of `enrolled` if the patient is enrolled already."""

    enrolled_on = CivilDate(metadata={"description": "Left out: the patient is still being screened"})
    planned_first_dose_on = CivilDate(metadata=PLANNED_FIRST_DOSE)
    arm = ARM

    @validates_schema
    def first_dose_of_enrolled(self, data: dict[str, Any], **kwargs: Any) -> None:
        """Require an enrolment where a first dose is planned, or an arm assigned."""
        given = [name for name in ("planned_first_dose_on", "arm") if data.get(name) is not None]
        if given and "enrolled_on" not in data:
            raise ValidationError({name: ["Only with `enrolled_on`."] for name in given})


class NewPatientSchema(RegisteredPatientSchema):
    """A patient to register, and perhaps to enrol, under a protocol."""

    protocol = ProtocolReference(required=True)


class RegisteredProtocolSchema(Strict):
    """The protocol and the version that a patient is registered under."""

    id = Text(64, required=True)
    version = Whole(1, 10_000, required=True)


def registered_body(data: Mapping[str, Any], protocol: str, version: int) -> Registered:
    """Return the body of `registered` from data that a `RegistrationSchema` has read."""
    given = {name: data[name] for name in RegistrationSchema._declared_fields if name in data}
    return Registered(protocol=protocol, version=version, **given)


def enrolled_body(data: Mapping[str, Any]) -> Enrolled | None:
    """Return the body of `enrolled` from data that a schema has read; None if they do not enrol the patient."""
    enrolled_on = data.get("enrolled_on")
    if enrolled_on is None:
        return None
    return Enrolled(enrolled_on, data.get("planned_first_dose_on") or enrolled_on, data.get("arm"))
