"""docs/patient-app.md, carried out: every request in it is sent, every command is run, and the answers are as written.

Comments in the page say what is not shown: `<!-- at 2024-02-20T08:00 Asia/Shanghai -->` sets the clock of phone and
service, `<!-- site {…} -->` records a fact, `<!-- offline -->` and `<!-- online -->` are the weather. After
`<!-- gone -->` the push service has forgotten the browser. What is JSON and no answer came by Web Push.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from conftest import copied
from databases import Databases
from patience import PATIENCE
from reminders.conftest import CONTACT
from reminders.receivers import Browser, Receiver, answering
from reminders.sending import Sending
from service import Patient

from scheduler_api.reminders.outbound.keys import make

from .conftest import Served, World, app
from .network import EXAMPLES, Network
from .pages import Shown, document_of

PAGE = EXAMPLES.parent / "docs" / "patient-app.md"
STEPS = re.compile(r"^```(http|console|json)\n(.*?)^```$|^<!-- (\w+) ?([^\n]*) ?-->$", re.MULTILINE | re.DOTALL)


#: The keys of the browser that subscribes in the page: those of RFC 8291, section 5.
P256DH = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
AUTH = "BTBZMqHH6r4Tts7J_aSIgg"


class Reader(Shown):
    """Carries out the page; `real` is what stands, this time, for what was made when the page was written."""

    def __init__(self, world: World, push: Receiver, capsys: pytest.CaptureFixture[str]) -> None:
        self._world, self._push, self._capsys = world, push, capsys
        self._browser, self._sending = Browser(), Sending(world.service)
        self._patient = self._enrol()
        nurse = world.service.tokens["nurse"]
        super().__init__(NURSE=nurse)
        self.real |= {"p-4688903a0b1b3715": self._patient.patient_id, "https://trial.example": world.network.url}
        self.real |= {"https://push.example/send": push.url, P256DH: self._browser.keys["p256dh"]}
        self.real[AUTH] = self._browser.keys["auth"]
        self._answer: requests.Response | None = None

    def _enrol(self) -> Patient:
        """The patient of the page, whose site says whom to call: all is recorded, but the 19th."""
        self._world.at("2024-02-19T12:00:00")
        patient = self._world.enrol(first_dose_on="2024-02-17")
        for day in (17, 18):
            patient.record("dose_recorded", dose_on=f"2024-02-{day}", status="taken")
        patient.record("visit_booked", visit="imaging-w6", booked_on="2024-02-21", time="09:30", place="Building 2")
        contact = {"name": "Study nurse Wang", "phone": "+86 21 6417 5590"}
        coordinator = self._world.service.client(self._world.service.tokens["coordinator"])
        assert coordinator.send("PUT", "/v1/sites/FUSCC/contact", contact).status_code == 200
        return patient

    def carry_out(self, language: str, block: str, name: str, value: str) -> None:
        """Do one step."""
        if language == "console":
            self._run(block)
        elif language == "json":
            (pushed,) = self._pushed()
            assert self.meant(document_of(block), pushed) == pushed
        elif language == "http" and block.startswith("HTTP/"):
            assert self.answer() == self.spoken(block)
        elif language == "http":
            self._ask(block)
        elif name == "at":
            local, zone = value.split()
            self._world.at(local, zone)
        elif name == "site":
            self._patient.record(**json.loads(value))
        elif name == "gone":
            self._push.behaves = answering(410)
            assert self._pushed()
        else:
            assert name in ("offline", "online"), name
            self._world.network.offline = name == "offline"

    def _pushed(self) -> list[Any]:
        """What the browser reads of what comes by Web Push when a worker does its work now."""
        before = len(self._push.received)
        self._sending.work()
        return [self._browser.read(received) for received in self._push.received[before:]]

    def _ask(self, block: str) -> None:
        head, _, body = self.really(block).partition("\n\n")
        (method, path), *written = (line.split(maxsplit=1) for line in head.splitlines())
        # The page shows answers as they are before they are compressed, and their ETag.
        usual = {"Accept-Language": "en", "Accept-Encoding": "identity"}
        self._answer = requests.request(
            method,
            f"{self._world.network.url}{path}",
            headers={**usual, **{name.rstrip(":"): value for name, value in written}},
            data=body.encode() or None,
            timeout=PATIENCE,
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
            written[name] = self.meant(value, headers.get(name, ""))
        expected = document_of(body) if isinstance(document, dict | list) else body
        return line.partition(" ")[2], {**headers, **written}, self.meant(expected, document)

    def _run(self, block: str) -> None:
        """Run each command of the phone in turn; what it says is what stands below it."""
        for command, said in re.findall(
            r"^\$ python3 examples/patient_app.py (.*)\n((?:[^$].*\n)*)", block, re.MULTILINE
        ):
            printed = self.run(self.really(command).split())
            assert self.meant(said.strip(), printed.strip()) == printed.strip()

    def run(self, arguments: list[str]) -> str:
        """Run a command of the phone; what it printed."""
        state = str(self._world.folder / "guide.json")
        app.main(["--state", state, "--language", "en", *arguments], self._world.now)
        out, err = self._capsys.readouterr()
        return out + err


def steps() -> Iterator[tuple[str, ...]]:
    """The steps of the page, in order."""
    return (step.groups(default="") for step in STEPS.finditer(PAGE.read_text("utf-8")))


@pytest.fixture
def world(databases: Databases, template: tuple[str, dict[str, str]], tmp_path: Path) -> Iterator[World]:
    """The service with keys, and a push service within its reach."""
    make(tmp_path / "keys.json", CONTACT)
    with (
        copied(databases, template, tmp_path, private_networks="127.0.0.0/8, ::1/128") as service,
        Served(service) as served,
        Network(served.url) as network,
    ):
        yield World(service, network, tmp_path)


def test_the_guide_is_true(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    with Receiver() as push:
        reader = Reader(world, push, capsys)
        done = [reader.carry_out(*step) for step in steps()]
    assert len(done) > 30
    assert len(push.received) == 2
