"""A certificate that our channels trust, keys, and messages."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from conftest import copied
from databases import Databases
from service import START

from scheduler_api.reminders.channels import Message
from scheduler_api.reminders.outbound import post
from scheduler_api.reminders.outbound.allowed_hosts import AllowedHosts, networks
from scheduler_api.reminders.outbound.keys import Keys, make

from .receivers import Certificate, certificate
from .sending import Sending

CONTACT = "mailto:trial@example.org"


@pytest.fixture(scope="session")
def trusted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Certificate]:
    """A certificate of localhost that this process trusts."""
    made = certificate(tmp_path_factory.mktemp("certificate"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(made.path))
        post.tls.cache_clear()
        yield made
    post.tls.cache_clear()


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    """The service's keys."""
    return make(tmp_path_factory.mktemp("keys") / "keys.json", CONTACT)


@pytest.fixture(scope="session")
def here() -> AllowedHosts:
    """May send to this machine."""
    return AllowedHosts(networks("127.0.0.0/8, ::1/128"))


@pytest.fixture
def message() -> Message:
    """A reminder of a dose, as it goes out."""
    payload = {"id": "m-1", "kind": "dose_due", "about": "2024-02-20", "title": "提醒", "body": "请服用今日药物"}
    return Message("m-1", "dose_due", "提醒", "请服用今日药物", START + timedelta(hours=4), payload)


@pytest.fixture
def sending(databases: Databases, template: tuple[str, dict[str, str]], tmp_path: Path) -> Iterator[Sending]:
    """Delivery of a service that has keys and may send to this machine."""
    make(tmp_path / "keys.json", CONTACT)
    with copied(databases, template, tmp_path, private_networks="127.0.0.0/8, ::1/128") as service:
        yield Sending(service)
