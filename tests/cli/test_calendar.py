"""`calendar`."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from scheduler_api.cli.opening import session_on
from scheduler_api.cli.patients.month import DOSES, series_letters
from scheduler_api.store.database.port import Store
from scheduler_api.use_cases.patients import calendars

from .conftest import Commands
from .test_protocols import BUILT_IN

#: The patient of the worked examples with a hold, a missed day, a late scan and one between two visits.
FACTS = """subject_number,kind,first_dose_on,dose_on,status,from_on,resumes_on,series,done_on,response,visit,booked_on
001,treatment_started,2024-01-05,,,,,,,,,
001,dose_recorded,,2024-02-01,taken,,,,,,,
001,dose_recorded,,2024-02-02,missed,,,,,,,
001,hold_started,,,,2024-02-10,2024-02-17,,,,,
001,visit_booked,,,,,,,,,imaging-w6,2024-02-19
001,visit_done,,,,,,imaging,2024-02-24,SD,,
"""
FEBRUARY = """\
February 2024
         Mon       Tue       Wed       Thu       Fri       Sat       Sun
C2d7                                    1 +       2 x       3 ?       4 ?
C2d11     5 ?       6 ?       7 ? i     8 ? i     9 ? i    10 = i    11 = i
C2d18    12 = i    13 = i    14 = I    15 = i    16 = i    17 ? i    18 ? i
C3d4     19 ? i@   20 ? i    21 ? i    22 ?      23 ?      24 ? i*   25 ?
C3d11    26 ?      27 ?      28 ?      29 ?

[ ] today   + taken   x missed   ? unrecorded   = held
i window of imaging (I its target)   * visit done   @ visit booked

imaging-w6  done          2024-02-07 … 2024-02-21  done 2024-02-24 (+3 days) SD
            enrolment 2024-01-03 + 6 weeks
"""


@pytest.fixture
def patient_id(run: Commands, tmp_path: Path) -> str:
    """A patient with the facts above."""
    who = ("--protocol", "nct06110650", "--site", "FUSCC", "--sex", "female", "--subject-number", "001")
    patient_id = run.ok("enrol", *who, "--enrolled-on", "2024-01-03").strip()
    (tmp_path / "facts.csv").write_text(FACTS)
    run.ok("import", tmp_path / "facts.csv")
    return patient_id


def test_a_month_is_weeks_of_doses_windows_and_visits(run: Commands, patient_id: str) -> None:
    shown = run.ok("calendar", "001", "--month", "2024-02")
    head, today, empty, *rest = shown.splitlines()
    assert head == f"001 ({patient_id}), FUSCC, nct06110650 version 1, Asia/Shanghai"
    assert today.startswith("Today 2")
    assert empty == ""
    assert "\n".join(rest).startswith(FEBRUARY)
    assert rest[-2].startswith("Contraception: required, from 2024-01-03 through ")
    assert rest[-1].startswith("Adherence: ")
    assert "; relative dose intensity " in rest[-1]


def test_a_patient_is_found_by_id_and_by_subject_number(run: Commands, patient_id: str) -> None:
    assert run.ok("calendar", patient_id, "--month", "2024-02") == run.ok("calendar", "001", "--month", "2024-02")
    assert run.refused("calendar", "002") == ["No such patient: 002."]


def test_several_months_follow_each_other(run: Commands, patient_id: str) -> None:
    shown = run.ok("calendar", "001", "--month", "2023-12", "--months", "3")
    months = [line for line in shown.splitlines() if line in ("December 2023", "January 2024", "February 2024")]
    assert months == ["December 2023", "January 2024", "February 2024"]
    assert shown.count("[ ] today") == 1
    assert FEBRUARY.partition("\n\n")[0] in shown


def test_by_default_it_is_the_month_of_today_with_today_in_brackets(
    run: Commands, patient_id: str, store: Store
) -> None:
    today = calendars.edition(session_on(store), patient_id, calendars.View()).today
    shown = run.ok("calendar", "001")
    assert f"\n{today:%B %Y}\n" in shown
    assert f"[{today.day:2}]!" in shown


def test_the_head_says_what_there_is_to_take_today(run: Commands, patient_id: str, tmp_path: Path) -> None:
    def head(subject_number: str) -> str:
        return run.ok("calendar", subject_number).splitlines()[1]

    assert head("001").endswith(", 300 mg")
    (tmp_path / "hold.csv").write_text("subject_number,kind,from_on\n001,hold_started,2024-03-01\n")
    run.ok("import", tmp_path / "hold.csv")
    assert head("001").endswith(", on hold")
    definition = json.loads(BUILT_IN.read_text())
    (first,) = definition["regimens"]
    twice = {**first, "times_a_day": 2}
    by_weight = {"id": "other", "drug": "olaparib", "route": "oral", "cycle_days": 21}
    by_weight |= {"dose": {"amount": 5, "unit": "mg", "per": "kg"}}
    (tmp_path / "two.json").write_text(
        json.dumps({**definition, "id": "two", "regimens": [twice, by_weight], "sources": {}})
    )
    run.ok("protocols", "add", tmp_path / "two.json")
    who = ("--protocol", "two", "--site", "FUSCC", "--sex", "female", "--subject-number", "002")
    run.ok("enrol", *who, "--enrolled-on", "2024-01-03")
    (tmp_path / "start.csv").write_text("subject_number,kind,first_dose_on\n002,treatment_started,2024-01-05\n")
    run.ok("import", tmp_path / "start.csv")
    assert head("002").endswith(
        "surufatinib, dose 1 of the day, 300 mg; surufatinib, dose 2 of the day, 300 mg; olaparib, calls the site first"
    )


@pytest.mark.parametrize("month", ["2024-13", "2024", "2024-2", "0000-01", "9999-12", "soon"])
def test_a_bad_month_is_refused(run: Commands, patient_id: str, month: str) -> None:
    result = run("calendar", "001", "--month", month)
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"'{month}' is not a month of the form YYYY-MM." in result.stderr


@pytest.mark.parametrize("count", ["0", "25", "-1", "x"])
def test_a_bad_number_of_months_is_refused(run: Commands, patient_id: str, count: str) -> None:
    result = run("calendar", "001", "--months", count)
    assert (result.exit_code, result.stdout) == (2, "")


@pytest.mark.parametrize("environment", [{}, {"NO_COLOR": "1", "FORCE_COLOR": "1"}], ids=["pipe", "NO_COLOR"])
def test_without_colour_nothing_is_lost(run: Commands, patient_id: str, environment: dict[str, str]) -> None:
    """On a screen colour is added, and it says nothing that the text does not."""
    plain = run.ok("calendar", "001", "--month", "2024-02")
    shown = run("calendar", "001", "--month", "2024-02", **environment).stdout
    coloured = run("calendar", "001", "--month", "2024-02", FORCE_COLOR="1", NO_COLOR=None).stdout
    assert "\x1b[4" not in shown
    assert "\x1b[4" in coloured
    assert _without_style(shown) == _without_style(coloured) == plain


def _without_style(text: str) -> str:
    return re.sub(r"\x1b\[[\d;]*m", "", text)


def test_lines_fit_a_screen_of_80_columns(run_samples: Commands) -> None:
    for number in range(1, 30, 4):
        shown = run_samples.ok("calendar", f"FUSCC-{number:02}", "--month", "2025-04", "--months", "3")
        body = shown.partition("\n\n")[2].rpartition("\n\n")[0]
        assert max(map(len, body.splitlines())) <= 80


def test_one_more_appointment_stands_beside_its_visit_and_is_named(run_samples: Commands) -> None:
    lines = run_samples.ok("calendar", "FUSCC-22", "--month", "2025-05").splitlines()
    (at,) = (number for number, line in enumerate(lines) if "one more appointment" in line)
    assert re.fullmatch(r"imaging-w12  \w+ +one more appointment +booked 2025-05-27 14:00", lines[at])
    assert re.fullmatch(r" +booked 2025-05-27 \(imaging-w12\.f-[0-9a-f]{16}\)", lines[at + 1])


def test_every_dose_status_has_a_mark_of_its_own() -> None:
    from scheduler_api.schemas.patients import DOSE_STATUSES

    assert set(DOSES) == set(DOSE_STATUSES)
    assert len({mark for mark, _ in DOSES.values()}) == len(DOSES)


def test_series_that_begin_alike_have_letters_of_their_own() -> None:
    assert series_letters(["imaging", "contraception"]) == {"contraception": "c", "imaging": "i"}
    letters = series_letters(["c", "cc", "c-1", "call", "clinic", "aa"])
    assert len(set(letters.values())) == 6


def test_a_pipe_that_is_closed_early_is_no_failure(run: Commands, patient_id: str) -> None:
    """As in `scheduler-api calendar 001 --months 24 | head -1`."""
    command = [sys.executable, "-c", "from scheduler_api.cli import main; main()", "calendar", "001", "--months", "24"]
    environment = {**os.environ, "SCHEDULER_DATABASE": run.database}
    pipe = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, env=environment, **pipe) as process:  # type: ignore[call-overload]
        process.stdout.close()
        assert b"Traceback" not in process.stderr.read()


def test_help_needs_no_database() -> None:
    from scheduler_api.cli import main

    assert CliRunner().invoke(main, ["calendar", "--help"]).exit_code == 0
