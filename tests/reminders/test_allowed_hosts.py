"""Where the service connects to: never into the network it stands in, by whatever name or form of an address."""

from __future__ import annotations

import socket

import pytest
from patience import PATIENCE
from service import START

from scheduler_api.reminders.outbound.allowed_hosts import AllowedHosts, HostNotAllowed, networks, parse
from scheduler_api.reminders.outbound.post import Connection, NoResponse, Response

from .receivers import Receiver, answering, names


def post(url: str, allowed_hosts: AllowedHosts) -> Response:
    """Post to an address."""
    with Connection(url, allowed_hosts, PATIENCE) as connection:
        return connection.post(b"{}", {}, START)


NOT_PUBLIC = [
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "127.0.0.1",
    "127.8.8.8",
    "0.0.0.0",
    "0.1.2.3",
    "100.64.0.1",
    "169.254.169.254",
    "192.0.0.1",
    "192.0.2.1",
    "198.18.0.1",
    "198.51.100.7",
    "203.0.113.9",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:8.8.8.8",
    "::127.0.0.1",
    "::8.8.8.8",
    "64:ff9b::7f00:1",
    "64:ff9b::a00:1",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:808:808::",
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
]
#: Other ways to write addresses, as the C library reads them.
DISGUISES = ["2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "127.1", "localhost", "0", "[::1]", "[::ffff:7f00:1]"]
PUBLIC = ["8.8.8.8", "1.1.1.1", "223.5.5.5", "2606:4700:4700::1111", "2400:3200::1", "64:ff9b::808:808"]


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_an_address_that_is_not_public_is_out_of_reach(address: str) -> None:
    literal = f"[{address}]" if ":" in address else address
    with pytest.raises(HostNotAllowed, match="not a public one"):
        AllowedHosts().check(f"https://{literal}/hook")
    with names(lambda host: [address]), pytest.raises(HostNotAllowed, match="not a public one"):
        AllowedHosts().check("https://gateway.example/hook")
    # One bad address among good ones is enough.
    with names(lambda host: ["8.8.8.8", address]), pytest.raises(HostNotAllowed, match="not a public one"):
        AllowedHosts().check("https://gateway.example/hook")


@pytest.mark.parametrize("host", DISGUISES)
def test_no_disguise_of_an_address_helps(host: str) -> None:
    with pytest.raises(HostNotAllowed):
        AllowedHosts().check(f"https://{host}/hook")


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_within_reach_by_https_alone(address: str) -> None:
    with names(lambda host: [address]):
        assert AllowedHosts().check("https://gateway.example:8443/a?b=c#d") == (
            "https",
            "gateway.example",
            8443,
            "/a?b=c",
        )
        with pytest.raises(HostNotAllowed, match="https"):
            AllowedHosts().check("http://gateway.example/hook")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "gateway.example",
        "//gateway.example/",
        "ftp://gateway.example/",
        "file:///etc/passwd",
        "gopher://127.0.0.1:25/_HELO",
        "https://",
        "https:///path",
        "https://user@8.8.8.8/",
        "https://user:word@8.8.8.8/",
        "https://8.8.8.8:99999/",
        "https://8.8.8.8:port/",
        "https://8.8.8.8/a b",
        "https://8.8.8.8/\r\nX: y",
        "https://8.8.8.8\\@127.0.0.1/",
        "https://[fe80::1%25eth0]/",
        "https://[8.8.8.8/",
        "https://bücher.example/",
    ],
)
def test_what_is_no_plain_url_of_a_host_is_refused(url: str) -> None:
    with pytest.raises(HostNotAllowed):
        parse(url)


def test_what_the_settings_allow_is_within_reach_by_http_too() -> None:
    allowed = AllowedHosts(networks("10.2.0.0/16,fd00::/8"))
    for url in ("http://10.2.3.4:8080/hook", "https://10.2.3.4/hook", "http://[fd00::5]/hook"):
        assert allowed.check(url)
    for url in ("http://10.3.0.1/hook", "https://127.0.0.1/hook", "https://[::ffff:10.2.3.4]/"):
        with pytest.raises(HostNotAllowed):
            allowed.check(url)
    with names(lambda host: ["10.2.0.1", "10.3.0.1"]), pytest.raises(HostNotAllowed):
        allowed.check("https://half.example/")


def test_a_name_that_is_rebound_after_it_was_registered_leads_nowhere(here: AllowedHosts) -> None:
    """The check of the registration is worth nothing at the time of sending: it is made again, for each connection."""
    answers = [["8.8.8.8"], ["127.0.0.1"]]
    with Receiver() as receiver, names(lambda host: answers.pop(0)):
        url = f"https://gateway.example:{receiver.port}/hook"
        assert AllowedHosts().check(url)
        with pytest.raises(NoResponse, match="not a public one"):
            post(url, AllowedHosts())
        assert receiver.received == []
    assert answers == []


def test_the_connection_goes_to_the_address_that_was_checked(here: AllowedHosts) -> None:
    """The name is looked up once for each connection: between check and connection there is no second answer."""
    looked_up: list[str] = []

    def once(host: str) -> list[str]:
        looked_up.append(host)
        return ["127.0.0.1"] if host in ("gateway.example", "127.0.0.1") else []

    with Receiver() as receiver, names(once):
        answer = post(f"http://gateway.example:{receiver.port}/hook", here)
    assert answer.status == 204
    assert looked_up.count("gateway.example") == 1
    assert receiver.received[0].headers["host"] == f"gateway.example:{receiver.port}"


def test_a_redirect_is_not_followed(here: AllowedHosts) -> None:
    with Receiver() as inside, Receiver(answering(307, Location=inside.url)) as outside:
        assert post(outside.url, here).status == 307
        assert (len(outside.received), inside.received) == (1, [])


def test_of_several_addresses_the_next_is_tried_when_one_does_not_answer(here: AllowedHosts) -> None:
    with Receiver() as receiver, names(lambda host: ["127.0.0.9", "127.0.0.1"] if host == "two.example" else [host]):
        assert post(f"http://two.example:{receiver.port}/", here).status == 204


def test_no_proxy_of_the_environment_sees_a_message(here: AllowedHosts, monkeypatch: pytest.MonkeyPatch) -> None:
    with Receiver() as proxy, Receiver() as receiver:
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        assert post(receiver.url, here).status == 204
        assert (len(receiver.received), proxy.received) == (1, [])


def test_a_name_that_leads_nowhere_is_refused() -> None:
    def nowhere(host: str) -> list[str]:
        raise socket.gaierror

    with names(nowhere), pytest.raises(HostNotAllowed, match="leads nowhere"):
        AllowedHosts().check("https://gateway.exmaple/")
