"""The guarded client against real servers: those that hang, drip, redirect and flood, and names that change."""

from __future__ import annotations

import datetime as dt
import ssl
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpcore
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from gateway.core.http import Guarded, Unreached
from tests.support.receivers import dripping, receiving

PUBLIC = "93.184.216.34"

Make = Callable[..., Guarded]


@pytest.fixture
def make() -> Iterator[Make]:
    """Make clients that are closed afterwards."""
    made: list[Guarded] = []

    def one(*arguments: Any, **options: Any) -> Guarded:
        made.append(Guarded(*arguments, **options))
        return made[-1]

    yield one
    for client in made:
        client.close()


def test_ask_reads_an_answer(make: Make) -> None:
    with receiving(lambda got: (200, {"Content-Type": "text/plain"}, got.body[::-1])) as server:
        answer = make([server.host]).ask("POST", server.url, {"X-One": "1"}, b"abc")
    assert (answer.status, answer.body, answer.is_cut) == (200, b"cba", False)
    assert answer.headers["content-type"] == "text/plain"
    assert server.got[0].headers["host"] == server.host
    assert server.got[0].headers["x-one"] == "1"


@pytest.mark.parametrize("path", ["/a;b=1/c;key=2?d=3;4", "/", "/?one", "/a%2Fb;"])
def test_path_arrives_as_it_was_given(make: Make, path: str) -> None:
    with receiving() as server:
        make([server.host]).ask("POST", f"http://{server.host}{path}", {}, b"{}")
    assert [got.path for got in server.got] == [path]


def test_address_that_is_silent_leaves_time_for_the_others(make: Make) -> None:
    """Of three addresses the first two never answer: each has its share of the time, and the third is reached."""
    with receiving() as server:
        guarded = make([server.host], look_up=lambda _host, _port: ["silent", "silent", "127.0.0.1"], seconds=30)
        guard = guarded._pool._network_backend
        waited: list[float] = []
        plain = guard._plain.connect_tcp  # type: ignore[attr-defined]  # our own backend

        def connect(host: str, port: int, timeout: float) -> object:
            if host == "silent":
                waited.append(timeout)
                raise httpcore.ConnectTimeout
            return plain(host, port, timeout)

        guard._plain.connect_tcp = connect  # type: ignore[attr-defined]  # no address on loopback is silent
        assert guarded.ask("POST", server.url, {}, b"{}").status == 204
    assert waited[0] <= 10
    assert waited[1] <= 15


def test_host_that_is_not_allowed_is_never_connected_to(make: Make) -> None:
    with receiving() as server:
        port = int(server.host.rpartition(":")[2])
        guarded = make(look_up=lambda _host, _port: ["127.0.0.1"])
        with pytest.raises(Unreached, match="did not answer") as caught:
            guarded.ask("POST", f"https://hooks.example.org:{port}/", {}, b"{}")
    assert caught.value.code == "address"
    assert server.got == []


def test_one_private_address_among_public_ones_is_enough_to_refuse(make: Make) -> None:
    guarded = make(look_up=lambda _host, _port: [PUBLIC, "10.0.0.1"])
    with pytest.raises(Unreached) as caught:
        guarded.ask("POST", "https://hooks.example.org/", {}, b"{}")
    assert caught.value.code == "address"


def test_rebinding_changes_nothing(make: Make) -> None:
    """The name is looked up once for a connection: what is judged is what is connected to."""
    asked: list[str] = []

    def look_up(host: str, _port: int) -> list[str]:
        asked.append(host)
        return [PUBLIC] if len(asked) == 1 else ["127.0.0.1"]

    connected: list[str] = []
    guarded = make(look_up=look_up, seconds=1)
    guard = guarded._pool._network_backend
    plain = guard._plain.connect_tcp  # type: ignore[attr-defined]  # our own backend

    def connect(host: str, port: int, timeout: float | None = None) -> object:
        connected.append(host)
        return plain("127.0.0.1", 1, 0.1)

    guard._plain.connect_tcp = connect  # type: ignore[attr-defined]  # nothing beyond loopback in tests
    with pytest.raises(Unreached):
        guarded.ask("POST", "https://rebind.example.org/", {}, b"{}")
    assert (asked, connected) == (["rebind.example.org"], [PUBLIC])
    with pytest.raises(Unreached) as caught:
        guarded.ask("POST", "https://rebind.example.org/", {}, b"{}")
    assert caught.value.code == "address"
    assert connected == [PUBLIC]


def test_tls_asks_for_the_name_and_not_the_address(make: Make, tmp_path: Path) -> None:
    serving, trusting = _certificate(tmp_path, "hooks.example.org")
    with receiving(trust=serving) as server:
        port = int(server.host.rpartition(":")[2])
        guarded = make(
            [f"hooks.example.org:{port}", f"other.example.org:{port}"],
            look_up=lambda _host, _port: ["127.0.0.1"], trust=trusting,
        )  # fmt: skip
        assert guarded.ask("POST", f"https://hooks.example.org:{port}/", {}, b"{}").status == 204
        with pytest.raises(Unreached) as caught:
            guarded.ask("POST", f"https://other.example.org:{port}/", {}, b"{}")
    assert caught.value.code == "tls"
    assert [got.headers["host"] for got in server.got] == [f"hooks.example.org:{port}"]


def test_redirect_is_not_followed(make: Make) -> None:
    with receiving() as inside:
        with receiving(lambda _got: (302, {"Location": inside.url}, b"")) as server:
            assert make([server.host, inside.host]).ask("POST", server.url, {}, b"{}").status == 302
        assert inside.got == []


def test_body_is_read_up_to_a_cap(make: Make) -> None:
    with receiving(lambda _got: (200, {}, b"x" * 10_000_000)) as server:
        guarded = make([server.host], body_bytes=1000)
        answer = guarded.ask("POST", server.url, {}, b"{}")
        assert (answer.status, len(answer.body), answer.is_cut) == (200, 1000, True)
        assert guarded.ask("POST", server.url, {}, b"{}").is_cut  # and the next one is not its rest


@pytest.mark.parametrize(
    "piece",
    [
        pytest.param(b"", id="silent"),
        pytest.param(b"H", id="no line ever ends"),
        pytest.param(b"HTTP/1.1 200 OK\r\nX: ", id="a header that goes on"),
        pytest.param(b"HTTP/1.1 100 Continue\r\n\r\n", id="continue, continue, continue"),
    ],
)
def test_drip_ends_at_the_deadline(make: Make, piece: bytes) -> None:
    with dripping(piece) as url:
        host = url.split("/")[2]
        began = time.monotonic()
        with pytest.raises(Unreached) as caught:
            make([host], seconds=0.5).ask("POST", url, {}, b"{}")
    assert caught.value.code in {"timeout", "protocol"}
    assert time.monotonic() - began < 10  # a wall that fell would wait for ever


def test_server_that_dies_half_way(make: Make) -> None:
    with receiving(lambda _got: None) as server, pytest.raises(Unreached) as caught:
        make([server.host]).ask("POST", server.url, {}, b"{}")
    assert caught.value.code == "protocol"


def test_nobody_listens(make: Make) -> None:
    with receiving() as server:
        pass
    with pytest.raises(Unreached) as caught:
        make([server.host]).ask("POST", server.url, {}, b"{}")
    assert caught.value.code == "connection"


def test_name_that_does_not_exist(make: Make) -> None:
    def look_up(host: str, port: int) -> list[str]:
        raise OSError

    with pytest.raises(Unreached) as caught:
        make(look_up=look_up).ask("POST", "https://nowhere.example.org/", {}, b"{}")
    assert caught.value.code == "name"


def _certificate(folder: Path, name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Make a certificate for a name: who serves with it, and who trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    named = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(named)
        .issuer_name(named)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate, private = folder / "cert.pem", folder / "key.pem"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(certificate, private)
    return serving, ssl.create_default_context(cafile=str(certificate))
