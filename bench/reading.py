"""Count what runs for one request: `python -m bench.reading` (`make reading`).

The interpreter's profiler tells which functions of the product are called, by a request whose like was made before:
what runs once in a process does not count.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

from .measure import Call
from .people import NOW, SITE, Facts, on_treatment
from .product import PACKAGE, Settings, deliver, dispatch
from .report import READING, replace_section
from .service import Request, Service, workplace


class Case(NamedTuple):
    """Something that is counted: what it is, and its files and functions before the redesign, by this very count."""

    what: str
    before: tuple[int, int]


class Function(NamedTuple):
    """A function, by where it is defined."""

    file: str
    name: str
    line: int


#: In the order in which they are counted.
CASES = (
    Case("`POST …/facts` of a dose", (38, 99)),
    Case("`POST …/facts` of a hold", (60, 228)),
    Case("`GET /v1/me/today`", (28, 75)),
    Case("`GET /v1/visits`, a page", (25, 61)),
    Case("A reminder of a dose, from due until the log has it", (22, 57)),
)
#: Two patients, each at a site of its own.
PATIENT, ANOTHER = "p-1000000000000000", "p-2000000000000000"
OTHER = "OTHER"

_TEXT = """\
How many files of `scheduler_api`, and functions in them, run for one request, each counted once: what one has to
read to follow the request. Libraries, comprehensions, lambdas and code that runs only once in a process are not
counted. The fact is the second or third of its kind about the patient; today is requested for the first time after
these facts; the page is the first page of its site. *Before* is the same count for an earlier version, in which
requests of clients without compression bypassed Flask; the client here is one of those. `make reading` writes only
this section.

| what | files / functions | before |
| --- | ---: | ---: |
"""


def main() -> None:
    """Count, print, and write the section of the report."""
    text = section()
    print(text)
    replace_section(READING, text)


def section() -> str:
    """Return the section of the report, without its heading."""
    with workplace() as folder:
        rows = [
            f"| {case.what} | {files} / {functions} | {case.before[0]} / {case.before[1]} |\n"
            for case, (files, functions) in zip(CASES, counts(folder), strict=True)
        ]
    return f"{_TEXT}{''.join(rows)}".strip()


def counts(folder: Path) -> Iterator[tuple[int, int]]:
    """Yield, for each of `CASES`, how many files and functions of the product run."""
    service = Service(folder / "reading.db", client={})
    site = service.get(f"/v1/sites/{SITE}").json()
    service.send("POST", "/v1/sites", {**site, "site": OTHER}, 201)()
    service.send("POST", f"/v1/sites/{SITE}/destinations", {"channel": "log", "audience": "patient"}, 201)()
    service.enrol({PATIENT: _patient(SITE), ANOTHER: _patient(OTHER)})
    own, others = (service.get("/v1/me/today", phone) for phone in service.phones((PATIENT, ANOTHER)))
    page = "/v1/visits?series=imaging&status=open,upcoming&site="
    for warm_ups, call in (
        ([_dose(service, 1), _dose(service, 2)], _dose(service, 3)),
        ([_hold(service, 20)], _hold(service, 40)),
        ([others], own),
        ([service.get(f"{page}{OTHER}")], service.get(f"{page}{SITE}")),
        # At 20:00 in Shanghai it is time for today's dose; an hour later the reminder comes again.
        ([lambda: _remind(service, 12)], lambda: _remind(service, 13)),
    ):
        for warm_up in warm_ups:
            warm_up()
        functions = functions_of(call)
        yield len({function.file for function in functions}), len(functions)


def _patient(site: str) -> Facts:
    """Return a patient half a year into treatment; the doses of the last three days are not recorded."""
    facts = on_treatment(f"of {site}", NOW.date() - timedelta(182), 177)
    facts[0].data["site"] = site
    return facts


def _dose(service: Service, ago: int) -> Request:
    return service.fact(PATIENT, "dose_recorded", dose_on=_day(-ago), status="taken")


def _hold(service: Service, ahead: int) -> Request:
    return service.fact(PATIENT, "hold_started", from_on=_day(ahead), resumes_on=_day(ahead + 7), reason="platelets")


def _day(ahead: int) -> str:
    return (NOW.date() + timedelta(ahead)).isoformat()


def _remind(service: Service, hour: int) -> None:
    """Take what is due to the outbox, and deliver it."""
    now = NOW.replace(hour=hour)
    dispatch.tick(service.store, now)
    sent = deliver(service.store, Settings().outside().channels(), lambda: now)
    assert sent == 1, "one reminder"


def functions_of(call: Call) -> set[Function]:
    """Return the functions of the product that run during a call, in this thread and in those that it starts."""
    seen: set[Function] = set()

    def notice(frame: FrameType, event: str, argument: Any) -> None:
        if event == "call":
            code = frame.f_code
            seen.add(Function(code.co_filename, code.co_qualname, code.co_firstlineno))

    threading.setprofile(notice)
    sys.setprofile(notice)
    try:
        call()
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    ours = f"{PACKAGE}/"
    # What has no name of its own is part of the function around it.
    return {one for one in [*seen] if one.file.startswith(ours) and not one.name.endswith(">")}


if __name__ == "__main__":
    main()
