"""The settings of delivery: what means nothing is refused at the start, and never with a password in the message."""

from __future__ import annotations

import pytest

from scheduler_api.config import BadSetting, Settings


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"SCHEDULER_PRIVATE_NETWORKS": "10.0.0.1/8"}, "SCHEDULER_PRIVATE_NETWORKS"),
        ({"SCHEDULER_PRIVATE_NETWORKS": "intranet"}, "SCHEDULER_PRIVATE_NETWORKS"),
        ({"SCHEDULER_SMTP": "mail.example.org"}, "SCHEDULER_SMTP"),
        ({"SCHEDULER_SMTP": "smtp://us:secret@host:99999", "SCHEDULER_MAIL_FROM": "a@b.example"}, "SCHEDULER_SMTP"),
        ({"SCHEDULER_SMTP": "http://us:secret@host", "SCHEDULER_MAIL_FROM": "a@b.example"}, "SCHEDULER_SMTP"),
        ({"SCHEDULER_SMTP": "smtp://us:secret@host"}, "SCHEDULER_MAIL_FROM"),
        ({"SCHEDULER_SMTP": "smtp://us:secret@host", "SCHEDULER_MAIL_FROM": "nobody"}, "SCHEDULER_MAIL_FROM"),
    ],
)
def test_a_setting_that_means_nothing_is_named(settings: dict[str, str], named: str) -> None:
    with pytest.raises(BadSetting, match=named) as raised:
        Settings.from_environment(settings)
    assert "secret" not in str(raised.value)


def test_a_mail_server_by_its_url() -> None:
    given = {"SCHEDULER_SMTP": "smtps://us%40org:s%3Acret@mail.example.org", "SCHEDULER_MAIL_FROM": "a@b.example"}
    server = Settings.from_environment(given).outside().server
    assert server is not None
    assert (server.host, server.port, server.user, server.password) == ("mail.example.org", 465, "us@org", "s:cret")
    assert "s:cret" not in repr(server)


def test_networks_may_be_several() -> None:
    allowed_hosts = (
        Settings.from_environment({"SCHEDULER_PRIVATE_NETWORKS": "10.2.0.0/16, fd00::/8"}).outside().allowed_hosts
    )
    assert [str(network) for network in allowed_hosts.allowed] == ["10.2.0.0/16", "fd00::/8"]
    assert Settings.from_environment({}).outside().allowed_hosts.allowed == ()
