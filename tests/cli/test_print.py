"""`print`: PDF of the pages for paper, read again."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from pypdf import PdfReader

from scheduler_api import i18n
from scheduler_api.cli.patients.printing import LANGUAGES

from .conftest import Commands

#: What is above the database is the same on both.
pytestmark = pytest.mark.only("sqlite")
#: Fonts without Chinese.
LATIN = Path("/usr/share/fonts/truetype/dejavu")


def test_the_languages_are_all() -> None:
    assert {*LANGUAGES} == {*i18n.LANGUAGES}


def test_a_log_of_the_drug_is_made_in_either_language(run_samples: Commands, tmp_path: Path) -> None:
    """The capsules of FUSCC-06: 180 and 180 out, 60 and 24 back, 6 lost; 6000 mg and 7500 mg were used."""
    english, chinese = tmp_path / "log.pdf", tmp_path / "log-zh.pdf"
    said = run_samples.ok("print", "accountability", "FUSCC-06", english)
    assert said == f"{english}: {english.stat().st_size} bytes.\n"
    assert stat.S_IMODE(english.stat().st_mode) == 0o600
    (page,) = PdfReader(english).pages
    # A4 in points.
    assert [round(float(length)) for length in page.mediabox[2:]] == [595, 842]
    text = " ".join(page.extract_text().split())
    assert text.startswith("Drug accountability FUSCC-06 · FUSCC · as of ")
    assert "K-0601 180 × 50" in text
    assert "6000 mg 6000 mg 95.2 %" in text
    assert "24 × 50 6 × 50" in text
    assert "7500 mg 7500 mg 89.3 %" in text
    # What is only for the screen is not on paper.
    assert "Back" not in text
    run_samples.ok("print", "accountability", "FUSCC-06", chinese, "--language", "zh-CN")
    (page,) = PdfReader(chinese).pages
    text = page.extract_text()
    assert "药物清点" in text
    assert "K-0601" in text


def test_what_cannot_be_printed_is_said(run_samples: Commands, tmp_path: Path) -> None:
    file = tmp_path / "diary.pdf"
    assert run_samples.refused("print", "diary", "FUSCC-06", file, "--cycle", "99") == ["No such cycle."]
    assert run_samples.refused("print", "today", file, "--site", "NOWHERE") == ["No such site."]
    file.touch()
    assert run_samples.refused("print", "schedule", "FUSCC-04", file) == [f"{file} exists; a PDF goes into a new file."]


@pytest.mark.skipif(not LATIN.exists(), reason="it needs Debian's fonts-dejavu-core, which comes with Pango")
def test_a_machine_without_a_font_for_a_text_is_told(run_samples: Commands, tmp_path: Path) -> None:
    """A box in place of a character could be taken for anything."""
    fonts, file = tmp_path / "fonts.conf", tmp_path / "log.pdf"
    fonts.write_text(f'<?xml version="1.0"?><fontconfig><dir>{LATIN}</dir></fontconfig>')
    environment = {**os.environ, "SCHEDULER_DATABASE": run_samples.database, "FONTCONFIG_FILE": str(fonts)}
    asked = ["print", "accountability", "FUSCC-06", str(file), "--language", "zh-CN"]
    command = [sys.executable, "-m", "scheduler_api.cli", *asked]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 1
    assert done.stderr.startswith("error: No font on this machine has 药 ")
    assert not file.exists()
