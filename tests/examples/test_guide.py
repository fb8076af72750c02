"""docs/patient-app.md, carried out: every request in it is sent, every command is run, and the answers are as written.

Comments in the page say what is not shown: `<!-- at 2024-02-20T08:00 Asia/Shanghai -->` sets the clock of phone and
service, `<!-- site {…} -->` records a fact, `<!-- offline -->` and `<!-- online -->` are the weather. In an answer, `…`
stands for what is left out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from service import Patient

from .conftest import World, app
from .network import EXAMPLES

PAGE = EXAMPLES.parent / "docs" / "patient-app.md"
STEPS = re.compile(r"^```(http|console)\n(.*?)^```$|^<!-- (\w+) ?([^\n]*) ?-->$", re.MULTILINE | re.DOTALL)
#: What is made anew each time, and so is another one in the page: tokens, ids, codes, ETags, secret addresses.
MADE = re.compile(r'(?:pat|ref)_[\w-]{43}|[fdp]-[0-9a-f]{12,16}|\b[2-9A-Z]{8}\b|"\d+\.[\d-]+\.\w+"|\S+\.ics')
#: Instants are written to the second.
FRACTION = re.compile(r"(T\d\d:\d\d:\d\d)\.\d+")


class Reader:
    """Carries out the page; `real` is what stands, this time, for what was made when the page was written."""

    def __init__(self, world: World, capsys: pytest.CaptureFixture[str]) -> None:
        self._world, self._capsys = world, capsys
        self._patient = self._enrol()
        nurse = world.service.tokens["nurse"]
        self.real = {"NURSE": nurse, "p-4688903a0b1b3715": self._patient.patient_id}
        self.real["https://trial.example"] = world.network.url
        self._answer: requests.Response | None = None

    def _enrol(self) -> Patient:
        """The patient of the page: all is recorded, but the 19th."""
        self._world.at("2024-02-19T12:00:00")
        patient = self._world.enrol(first_dose_on="2024-02-17")
        for day in (17, 18):
            patient.record("dose_recorded", dose_on=f"2024-02-{day}", status="taken")
        patient.record("visit_booked", visit="imaging-w6", booked_on="2024-02-21", time="09:30", place="Building 2")
        return patient

    def carry_out(self, language: str, block: str, name: str, value: str) -> None:
        """Do one step."""
        if language == "console":
            self._run(block)
        elif language == "http" and block.startswith("HTTP/"):
            assert self.answer() == self.spoken(block)
        elif language == "http":
            self._ask(block)
        elif name == "at":
            local, zone = value.split()
            self._world.at(local, zone)
        elif name == "site":
            self._patient.record(**json.loads(value))
        else:
            assert name in ("offline", "online"), name
            self._world.network.offline = name == "offline"

    def _ask(self, block: str) -> None:
        head, _, body = self._really(block).partition("\n\n")
        (method, path), *headers = (line.split(maxsplit=1) for line in head.splitlines())
        self._answer = requests.request(
            method,
            f"{self._world.network.url}{path}",
            headers={"Accept-Language": "en", **{name.rstrip(":"): value for name, value in headers}},
            data=body.encode() or None,
            timeout=20,
        )

    def answer(self) -> tuple[str, dict[str, str], Any]:
        """The last answer: status line, headers, document."""
        answer = self._answer
        assert answer is not None
        is_json = "json" in answer.headers.get("Content-Type", "")
        return f"{answer.status_code} {answer.reason}", dict(answer.headers), answer.json() if is_json else answer.text

    def spoken(self, block: str) -> tuple[str, dict[str, str], Any]:
        """An answer of the page, with what was made anew this time in its places, and the headers it does not show."""
        _, headers, document = self.answer()
        head, _, body = block.partition("\n\n")
        line, *shown = head.splitlines()
        written = dict(header.split(": ", 1) for header in shown)
        for name, value in written.items():
            written[name] = self._meant(value, headers.get(name, ""))
        expected = json.loads(body) if isinstance(document, dict | list) else body
        return line.partition(" ")[2], {**headers, **written}, self._meant(expected, document)

    def _meant(self, written: Any, real: Any) -> Any:
        """What the page means by a value, where the real one is this."""
        if written == "…":
            return real
        if isinstance(written, dict) and isinstance(real, dict):
            return {name: self._meant(value, real.get(name)) for name, value in written.items()}
        if isinstance(written, list) and isinstance(real, list) and len(written) == len(real):
            return [self._meant(*pair) for pair in zip(written, real, strict=True)]
        if not isinstance(written, str) or not isinstance(real, str):
            return written
        if written.endswith("…"):
            return real if real.startswith(written[:-1]) else written
        if MADE.fullmatch(written) and MADE.fullmatch(real):
            return self.real.setdefault(written, real)
        written = self._really(written)
        return real if FRACTION.sub(r"\1", written) == FRACTION.sub(r"\1", real) else written

    def _really(self, text: str) -> str:
        for written, real in self.real.items():
            text = text.replace(written, real)
        return text

    def _run(self, block: str) -> None:
        """Run each command of the phone in turn; what it says is what stands below it."""
        for command, said in re.findall(
            r"^\$ python3 examples/patient_app.py (.*)\n((?:[^$].*\n)*)", block, re.MULTILINE
        ):
            printed = self.run(self._really(command).split())
            assert self._meant(said.strip(), printed.strip()) == printed.strip()

    def run(self, arguments: list[str]) -> str:
        """Run a command of the phone; what it printed."""
        state = str(self._world.folder / "guide.json")
        app.main(["--state", state, "--language", "en", *arguments], self._world.now)
        out, err = self._capsys.readouterr()
        return out + err


def steps() -> Iterator[tuple[str, ...]]:
    """The steps of the page, in order."""
    return (step.groups(default="") for step in STEPS.finditer(PAGE.read_text("utf-8")))


def test_the_guide_is_true(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    reader = Reader(world, capsys)
    done = [reader.carry_out(*step) for step in steps()]
    assert len(done) > 30
