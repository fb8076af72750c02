"""The shape of an import: a document of another format, and what its format cannot say."""

from __future__ import annotations

from typing import Any

from scheduler_api.engine.model.protocol import MILESTONES

from .fields import Amount, ByName, Choice, Strict, Text, Whole, fields, validate


class DaysAroundSchema(Strict):
    """A window around a target, as protocols have it."""

    before_days = Whole(0, 366, required=True)
    after_days = Whole(0, 366, required=True)


class CyclesSchema(Strict):
    """The cycles in which the visits of a loop are; without `to` there is no last one."""

    from_ = Whole(1, 10_000, data_key="from", required=True)
    to = Whole(1, 10_000)


def _as_in_a_protocol(**kwargs: Any) -> fields.List:
    """Return a field for a list as protocols have it: they are read when the protocol is."""
    return fields.List(fields.Raw(), validate=validate.Length(max=30), **kwargs)


class ImportAnswersSchema(Strict):
    """What a study's document cannot say. What is left out is asked for in the report."""

    design = Text(200, metadata={"description": "The id of the study design, if there are several"})
    id = Text(64, metadata={"description": "The id of the protocol; else the number of the registry"})
    version = Whole(1, 10_000, load_default=1)
    references = ByName(
        Choice(*MILESTONES),
        load_default=dict,
        metadata={"description": "Which milestone an instance is, by its id or name"},
    )
    until = _as_in_a_protocol(metadata={"description": "What ends visits, as in a protocol"})
    until_of = ByName(_as_in_a_protocol(), load_default=dict, metadata={"description": "The same for single series"})
    window = fields.Nested(DaysAroundSchema, metadata={"description": "For visits of which the study states none"})
    window_of = ByName(
        fields.Nested(DaysAroundSchema), load_default=dict, metadata={"description": "The same for single series"}
    )
    responses = ByName(
        fields.Raw(),
        load_default=dict,
        metadata={"description": "The responses that visits of a series have, as in a protocol"},
    )
    administration = Text(200, metadata={"description": "The id of what the patient takes daily"})
    dose_mg = Amount()
    cycle_days = Whole(1, 366)
    on_hold = Choice("continue", "extend")
    contraception = _as_in_a_protocol(metadata={"description": "The rules, as in a protocol"})
    loops = ByName(
        fields.Nested(CyclesSchema),
        load_default=dict,
        metadata={"description": "The cycles of a loop, by the id or name of the decision that leads back"},
    )
    leave_out = fields.List(
        Text(200),
        load_default=list,
        validate=validate.Length(max=1000),
        metadata={"description": "Instances not to carry, by id or name"},
    )


class ImportSchema(Strict):
    """A CDISC USDM 4 document, and what it cannot say."""

    document = fields.Raw(required=True, metadata={"type": "object", "description": "The USDM document"})
    answers = fields.Nested(ImportAnswersSchema)
