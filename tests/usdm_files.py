"""The studies of tests/interop/usdm: synthetic USDM 4 documents, each of a shape that real ones have."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "interop" / "usdm"
NAMES = ("loop", "minutes", "other_timeline", "unrolled_cycles", "windowed_screening")
#: What each study does not say, as `POST /v1/protocols/import` takes it.
ANSWERS: dict[str, dict[str, Any]] = {
    "loop": {
        "references": {"c1d1": "first_dose", "EOT": "end_of_treatment"},
        "until_of": {"end-of-treatment": ["end_of_study"], "follow-up": ["new_therapy"]},
        "until": ["end_of_treatment"],
        "loops": {"again": {"from": 2, "to": 6}},
        "cycle_days": 28,
        "on_hold": "continue",
        "contraception": [{"after_last_dose": {"months": 6}}],
    },
    "minutes": {
        "references": {"dose": "first_dose"},
        "until": ["end_of_treatment"],
        "window": {"before_days": 0, "after_days": 0},
        "cycle_days": 7,
        "on_hold": "extend",
        "contraception": [],
    },
    "other_timeline": {
        "references": {"dose": "first_dose"},
        "until": ["progression"],
        "dose_mg": 40,
        "cycle_days": 21,
        "on_hold": "continue",
        "contraception": [{"after_last_dose": {"days": 90}}],
    },
    "unrolled_cycles": {
        "references": {"C1D1": "first_dose", "eot": "last_dose"},
        "until": ["end_of_treatment"],
        "responses": {"week-scan": "RECIST 1.1"},
        "until_of": {"week-scan": ["progression", "new_therapy"], "safety-call": ["end_of_study"]},
        "cycle_days": 21,
        "on_hold": "continue",
        "contraception": [{"after_last_dose": {"days": 180}}],
    },
    "windowed_screening": {
        "references": {"random": "randomisation"},
        "until": ["end_of_study"],
        "window_of": {"randomisation": {"before_days": 0, "after_days": 0}},
        "administration": "high",
        "cycle_days": 28,
        "on_hold": "continue",
        "contraception": [{"after_last_dose": {"weeks": 26}}],
    },
}


def study(name: str) -> Any:
    """The document of a study, to be changed."""
    return json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
