"""A small study as a CDISC USDM 4 document."""

from __future__ import annotations

from typing import Any


def _code(name: str, code: str, decode: str) -> dict[str, Any]:
    system = {"codeSystem": "http://www.cdisc.org", "codeSystemVersion": "2024-09-27"}
    return {"id": name, "code": code, **system, "decode": decode, "instanceType": "Code"}


def _alias(name: str, code: str, decode: str) -> dict[str, Any]:
    return {"id": f"{name}-alias", "standardCode": _code(name, code, decode), "instanceType": "AliasCode"}


def _instance(name: str, encounter: str, following: str | None) -> dict[str, Any]:
    return {
        **{"id": name, "name": name.upper(), "label": "", "description": "", "encounterId": encounter},
        **({"defaultConditionId": following} if following else {}),
        **{"activityIds": [], "instanceType": "ScheduledActivityInstance"},
    }


def _timing(name: str, kind: dict[str, Any], value: str, of: str, to: str) -> dict[str, Any]:
    return {
        **{"id": name, "name": name.upper(), "type": kind, "value": value, "valueLabel": value},
        "relativeToFrom": _code(f"{name}-relative", "C201355", "Start to Start"),
        **{"relativeFromScheduledInstanceId": of, "relativeToScheduledInstanceId": to, "windowLabel": ""},
        "instanceType": "Timing",
    }


def _encounter(name: str, label: str) -> dict[str, Any]:
    kind = _code(f"{name}-type", "C25716", "Visit")
    return {"id": name, "name": name.upper(), "label": label, "type": kind, "instanceType": "Encounter"}


_ADMINISTRATION = {
    **{"id": "daily", "name": "DAILY", "route": _alias("route", "C38288", "Oral Route of Administration")},
    "frequency": _alias("frequency", "C25473", "Daily"),
    "dose": {
        **{"id": "dose", "value": 20.0, "unit": _alias("unit", "C28253", "Milligram")},
        "instanceType": "Quantity",
    },
    "instanceType": "Administration",
}
_DRUG = {"id": "drug", "name": "DRUG", "label": "Drug", "administrations": [_ADMINISTRATION]}
_TIMELINE = {
    **{"id": "main", "name": "MAIN", "mainTimeline": True, "entryCondition": "Everybody", "entryId": "first"},
    "instances": [_instance("first", "day-1", "second"), _instance("second", "day-8", None)],
    "timings": [
        _timing("t1", _code("t1-type", "C201358", "Fixed Reference"), "P0D", "first", "first"),
        _timing("t2", _code("t2-type", "C201356", "After"), "P7D", "second", "first"),
    ],
    **{"exits": [{"id": "exit", "instanceType": "ScheduleTimelineExit"}], "instanceType": "ScheduleTimeline"},
}
_DESIGN = {
    **{"id": "design", "name": "DESIGN", "arms": [{"id": "arm", "name": "ALL", "label": "Everybody"}]},
    "encounters": [_encounter("day-1", "Day 1"), _encounter("day-8", "Day 8")],
    **{"activities": [], "scheduleTimelines": [_TIMELINE], "instanceType": "InterventionalStudyDesign"},
}
STUDY = {
    "study": {
        **{"id": "study", "name": "A small study", "instanceType": "Study"},
        "versions": [
            {
                **{"id": "version", "versionIdentifier": "1", "conditions": []},
                "titles": [
                    {
                        **{"id": "title", "text": "A small study", "instanceType": "StudyTitle"},
                        "type": _code("title-type", "C207616", "Official Study Title"),
                    }
                ],
                "studyIdentifiers": [{"id": "identifier", "text": "NCT00000001", "scopeId": "registry"}],
                **{"studyInterventions": [_DRUG], "studyDesigns": [_DESIGN], "instanceType": "StudyVersion"},
            }
        ],
    },
    **{"usdmVersion": "4.0.0", "systemName": "example", "systemVersion": "1"},
}
