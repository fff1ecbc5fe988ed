"""Which addresses the guarded client goes to, and which it refuses before it keeps or asks them."""

import pytest

from gateway.core.errors import BadInput
from gateway.core.http import Guarded, is_public


@pytest.mark.parametrize(
    "address",
    [
        pytest.param("127.0.0.1", id="loopback"),
        pytest.param("::1", id="loopback, IPv6"),
        pytest.param("0.0.0.0", id="this machine"),  # noqa: S104 - nothing is bound
        pytest.param("::", id="this machine, IPv6"),
        pytest.param("10.1.2.3", id="private, 10"),
        pytest.param("172.16.0.1", id="private, 172"),
        pytest.param("192.168.1.1", id="private, 192"),
        pytest.param("100.64.0.1", id="carrier's own"),
        pytest.param("169.254.169.254", id="metadata"),
        pytest.param("168.63.129.16", id="metadata that looks public"),
        pytest.param("100.100.100.200", id="metadata within the carrier's own"),
        pytest.param("192.0.0.192", id="metadata among what is kept for protocols"),
        pytest.param("192.0.0.254", id="kept for protocols"),
        pytest.param("::ffff:192.0.0.192", id="metadata among what is kept for protocols, mapped"),
        pytest.param("fd00:ec2::254", id="metadata, IPv6"),
        pytest.param("fe80::1%eth0", id="link-local with a zone"),
        pytest.param("fec0::1", id="site-local"),
        pytest.param("::ffff:127.0.0.1", id="IPv4 mapped"),
        pytest.param("::ffff:10.0.0.1", id="private, mapped"),
        pytest.param("::127.0.0.1", id="IPv4 compatible"),
        pytest.param("64:ff9b::7f00:1", id="NAT64"),
        pytest.param("64:ff9b:1::7f00:1", id="NAT64 of one's own"),
        pytest.param("2002:7f00:1::", id="6to4"),
        pytest.param("2001:0:4136:e378:8000:63bf:3fff:fdd2", id="Teredo"),
        pytest.param("224.0.0.1", id="multicast"),
        pytest.param("ff02::1", id="multicast, IPv6"),
        pytest.param("255.255.255.255", id="broadcast"),
        pytest.param("240.0.0.1", id="reserved"),
        pytest.param("192.0.2.1", id="for documents"),
        pytest.param("not-an-address", id="no address"),
    ],
)
def test_is_public_refuses(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "192.0.1.1", "93.184.216.34", "2606:4700:4700::1111", "::ffff:1.1.1.1"])
def test_is_public_lets_through(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("http://example.org/hook", id="not https"),
        pytest.param("ftp://example.org/hook", id="another scheme"),
        pytest.param("https://", id="no host"),
        pytest.param("https://127.0.0.1/hook", id="loopback"),
        pytest.param("https://2130706433/hook", id="decimal"),
        pytest.param("https://0177.0.0.1/hook", id="octal"),
        pytest.param("https://0x7f.1/hook", id="hexadecimal, short"),
        pytest.param("https://127.1/hook", id="short"),
        pytest.param("https://localhost:9100/hook", id="this machine by name"),
        pytest.param("https://tips.LOCALHOST/hook", id="below this machine's name"),
        pytest.param("https://[::ffff:169.254.169.254]/hook", id="mapped metadata"),
        pytest.param("https://[64:ff9b::a9fe:a9fe]/hook", id="NAT64 metadata"),
        pytest.param("https://user:word@example.org/hook", id="a password in it"),
        pytest.param("https://example.org/hook#part", id="a fragment"),
        pytest.param("https://example.org/a b", id="a blank"),
        pytest.param("https://exa\\mple.org/", id="a backslash"),
        pytest.param("https://example.org:0/", id="port 0"),
        pytest.param("https://example.org:99999/", id="no port"),
        pytest.param("https://[::1/", id="half a bracket"),
        pytest.param("https://bücher.example/", id="not ASCII"),
        pytest.param("https://example.org/" + "a" * 2000, id="long"),
        pytest.param("https://example.org/\r\nHost: other", id="a line break"),
    ],
)
def test_check_refuses(url: str) -> None:
    with pytest.raises(BadInput):
        Guarded().check(url)


def test_check_keeps_what_is_well() -> None:
    url = "https://hooks.example.org:8443/tips?key=1"
    assert Guarded().check(url) == url


@pytest.mark.parametrize("url", ["http://127.0.0.1:9100/hook", "https://127.0.0.1/hook", "https://localhost:9100/"])
def test_a_refusal_says_how_the_operator_can_allow_it(url: str) -> None:
    with pytest.raises(BadInput) as refused:
        Guarded().check(url)
    assert refused.value.public.endswith("The operator can allow it by TIPLINE_ALLOWED_HOSTS.")
    assert Guarded(["127.0.0.1", "localhost"]).check(url) == url


@pytest.mark.parametrize("allowed", ["10.0.0.7", "10.0.0.7:8080"])
def test_operator_allows_a_host(allowed: str) -> None:
    assert Guarded([allowed]).check("http://10.0.0.7:8080/hook") == "http://10.0.0.7:8080/hook"
    with pytest.raises(BadInput):
        Guarded([allowed]).check("http://10.0.0.8:8080/hook")


def test_operator_allows_a_port_alone() -> None:
    with pytest.raises(BadInput):
        Guarded(["10.0.0.7:8080"]).check("http://10.0.0.7:9090/hook")
