"""A year in which all ways to patients fail at times: what comes, and when, still makes sense."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from conftest import copied
from databases import Databases
from service import Service

from scheduler_api.reminders.outbound.keys import make
from scheduler_api.use_cases.reminders.reminders import change_sites, site_preferences

from .conftest import CONTACT
from .lives import BEGIN, ZONES, Ears, Life, add_two_drugs, live_through, told
from .plain import TWO_DRUGS
from .receivers import Certificate
from .roads import Roads, roads, spans

# What is called for is computed above the database; that planned rows are kept alike is tested on both.
pytestmark = pytest.mark.only("sqlite")

WEEK, NIGHT, MINUTE = timedelta(7), timedelta(hours=12), timedelta(minutes=1)
#: When each channel is down: a minute when patients are reminded, a night, a week; and a night on which all are.
OUTAGES = {
    "web_push": spans(BEGIN, (20, 12, MINUTE), (40, 10, NIGHT), (60, 3, WEEK), (200, 18, MINUTE), (250, 11, NIGHT)),
    "webhook": spans(BEGIN, (30, 19, MINUTE), (50, 18, NIGHT), (100, 9, WEEK), (210, 12, MINUTE), (250, 11, NIGHT)),
    "email": spans(BEGIN, (25, 0, MINUTE), (70, 22, NIGHT), (120, 0, WEEK), (250, 11, NIGHT)),
}


@contextmanager
def a_year(
    databases: Databases, template: tuple[str, dict[str, str]], tmp_path: Path, trusted: Certificate
) -> Iterator[tuple[Service, Roads]]:
    """A service at the beginning of the year, and the ways on which its messages go out."""
    make(tmp_path / "keys.json", CONTACT)
    with (
        copied(databases, template, tmp_path, private_networks="127.0.0.0/8, ::1/128") as service,
        roads(service, trusted) as ways,
    ):
        service.clock.now = BEGIN
        yield service, ways


def test_a_year_in_which_every_channel_fails_and_workers_die(
    databases: Databases, template: tuple[str, dict[str, str]], tmp_path: Path, trusted: Certificate
) -> None:
    """Each message comes, once for whoever knows its id; or staff can read why not, and no channel was up."""
    with a_year(databases, template, tmp_path, trusted) as (service, ways):
        lives = [Life(service, 100 + number) for number in range(len(ZONES))]
        chosen = (["web_push"], ["webhook"], ["web_push", "webhook"])
        for number, life in enumerate(lives):
            ways.subscribe(life.patient_id, chosen[number % 3])
        ways.outages = OUTAGES
        live_through(service, lives, carry=Ears(lives, ways).carry)
        assert ways.unexplained() == {}
        doses = service.store.rows("SELECT message_id, status FROM outbox WHERE kind = 'dose_due'")
        came = {one.message_id for one in ways.heard}
        never = Counter(row["status"] for row in doses if row["message_id"] not in came)
        # A worker that died after it had sent something was followed by one that sent it again, under the same id.
        assert len(ways.heard) > len({(one.channel, one.message_id) for one in ways.heard})
        # Of more than a thousand first reminders those of the nights and weeks without any way did not come.
        assert len(doses) > 1000
        assert 10 < never.total() < len(doses) / 10


def test_a_year_of_two_drugs_of_which_one_is_taken_twice_a_day(
    databases: Databases, template: tuple[str, dict[str, str]], tmp_path: Path, trusted: Certificate
) -> None:
    """Each dose has its own reminder, in time for it and for the next one, or comes too late for any."""
    with a_year(databases, template, tmp_path, trusted) as (service, ways):
        protocol = add_two_drugs(service)
        # The other year shows them: each site's are the same whoever its patients are.
        for site in ("FUSCC", "BERLIN"):
            without_digest = {**site_preferences(service.session(), site), "off": ["digest"]}
            change_sites(service.session(), site, without_digest)
        # Half of what happens to them is a journey; one dies and one withdraws.
        lives = [Life(service, number, 0.5, protocol, TWO_DRUGS) for number in (199, 200)]
        for life, channels in zip(lives, (["web_push"], ["web_push", "webhook"]), strict=True):
            ways.subscribe(life.patient_id, channels)
        ways.outages = OUTAGES
        live_through(service, lives, carry=Ears(lives, ways).carry)
        assert ways.unexplained() == {}
        slots = Counter(about[10:] for _, kind, about in told(service) if kind == "dose_due")
        assert min(slots[""], slots[" 2"]) > 100
        assert [(life.plain.died, life.plain.left_on is not None) for life in lives] == [(True, False), (False, True)]
