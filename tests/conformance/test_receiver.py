"""The receivers that the developers' page shows take what we sign, once, and nothing else, and outlive all else."""

from __future__ import annotations

import base64
import hmac
import json
import socket
import struct
import sys
from datetime import timedelta
from importlib.resources import files
from pathlib import Path

import httpx
import pytest

from exports import cloud_events
from exports.cloud_events import Rendered
from exports.snapshot import EventSnapshot
from gateway.core import signing
from gateway.core.records import new_id
from gateway.core.times import utc_now
from tests.support.programs import free_port, running

pytestmark = pytest.mark.conformance

ORIGIN = "https://console.example.org"
STRUCTURED = {"Content-Type": cloud_events.CONTENT_TYPE}
PROGRAMS = {
    "node": ["node", str(files("responders.developers") / "examples" / "receiver.mjs")],
    "python": [sys.executable, str(files("responders.developers") / "examples" / "receiver.py")],
}


def headers(signature: str, length: int = 2) -> bytes:
    told = {"Host": "x", "Content-Length": str(length), "webhook-id": "1", "webhook-timestamp": "1"}
    told["webhook-signature"] = signature
    lines = ["POST /hook HTTP/1.1", *(f"{name}: {value}" for name, value in told.items()), "", ""]
    return "\r\n".join(lines).encode("latin-1")


def answered(port: int, head: bytes) -> int:
    """Send what no client of ours would, and read the status."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(head + b"{}")
        return int(connection.recv(12)[9:12])


def hang_up(port: int) -> None:
    """Promise a body, and go in its midst, at once."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.sendall(headers(signature="v1,AAAA", length=1000) + b"{")


@pytest.mark.parametrize("language", PROGRAMS)
def test_a_receiver_without_a_secret_agrees_and_takes_nothing(language: str, tmp_path: Path) -> None:
    port, body = free_port(), b'{"id": "1", "type": "t", "data": {}}'
    with running(PROGRAMS[language], port, tmp_path / "log", TIPLINE_SECRET="") as program:
        asked = httpx.options(program.url, headers={"WebHook-Request-Origin": "console.example.org"})
        assert (asked.status_code, asked.headers["webhook-allowed-origin"]) == (200, "console.example.org")
        signed = headers_of_nobody(body)
        assert httpx.post(program.url, content=body, headers=signed).status_code == 401
        hang_up(port)
        assert answered(port, headers(signature="v1," + "é" * 44)) == 401
        assert httpx.options(program.url).status_code == 200


def headers_of_nobody(body: bytes) -> dict[str, str]:
    """Sign with a key of no bytes, as whoever knows that there is none could."""
    stamp = str(int(utc_now().timestamp()))
    made = hmac.digest(b"", f"1.{stamp}.".encode() + body, "sha256")
    signature = "v1," + base64.b64encode(made).decode()
    return {"webhook-id": "1", "webhook-timestamp": stamp, "webhook-signature": signature}


@pytest.mark.parametrize("language", PROGRAMS)
def test_what_could_not_be_kept_is_not_answered_as_if_it_were(language: str, tmp_path: Path) -> None:
    port, secret, body = free_port(), signing.new_secret(), b"no event"
    with running(PROGRAMS[language], port, tmp_path / "log", TIPLINE_SECRET=secret) as program:
        signed = {**signing.headers([secret], "1", utc_now(), body), **STRUCTURED}
        assert httpx.post(program.url, content=body, headers=signed).status_code == 400
        assert httpx.options(program.url).status_code == 200


@pytest.mark.parametrize("language", PROGRAMS)
def test_a_receiver_takes_what_we_send_structured_and_batched_and_says_that_it_takes_no_other(
    language: str, tmp_path: Path
) -> None:
    port, secret, now = free_port(), signing.new_secret(), utc_now()
    one, two, three = (snapshot(number) for number in (1, 2, 3))

    def sent(rendered: Rendered) -> int:
        headers = {**rendered.headers, **signing.headers([secret], "x", now, rendered.body)}
        return httpx.post(program.url, content=rendered.body, headers=headers).status_code

    with running(PROGRAMS[language], port, tmp_path / "log", TIPLINE_SECRET=secret) as program:
        assert sent(cloud_events.structured(one, ORIGIN)) == 204
        assert sent(cloud_events.binary(two, ORIGIN)) == 415
        assert sent(cloud_events.batched([one, two, three], ORIGIN)) == 204
        assert sent(cloud_events.batched([], ORIGIN)) == 204
        told = program.lines(3)
    assert [line.split(" ")[:2] for line in told] == [
        ["org.tipline.case.noted.v1", one.case_id], ["org.tipline.case.noted.v1", two.case_id],
        ["org.tipline.case.noted.v1", three.case_id],
    ]  # fmt: skip


def snapshot(number: int) -> EventSnapshot:
    case = str(number) * 32
    return EventSnapshot(
        id=new_id(), sequence=number, type="org.tipline.case.noted", subject=f"case/{case}", actor="process:worker",
        at=utc_now(), district_id=new_id(), data={"note": new_id()}, case_id=case, school="lincoln", severity="high",
    )  # fmt: skip


def test_the_receiver_in_node_takes_signed_events_once(tmp_path: Path) -> None:
    port, secret, now = free_port(), signing.new_secret(), utc_now()
    command = PROGRAMS["node"]

    def sent(number: int, *, key: str = secret, late: float = 0) -> int:
        event = {"id": str(number), "type": "org.tipline.case.noted.v1", "caseid": "c", "data": {"n": number}}
        body = json.dumps(event).encode()
        signed = signing.headers([signing.new_secret(), key], str(number), now - timedelta(seconds=late), body)
        return httpx.post(program.url, content=body, headers={**signed, **STRUCTURED}).status_code

    with running(command, port, tmp_path / "log", TIPLINE_SECRET=secret) as program:
        asked = httpx.options(program.url, headers={"WebHook-Request-Origin": "console.example.org"})
        assert asked.headers["webhook-allowed-origin"] == "console.example.org"
        assert asked.headers["webhook-allowed-rate"] == "*"
        assert [sent(1), sent(1), sent(3, key=signing.new_secret()), sent(4, late=400), sent(2)] == [
            204, 204, 401, 401, 204,
        ]  # fmt: skip
        assert httpx.post(program.url, content=b"{}").status_code == 401
        hang_up(port)
        assert answered(port, headers(signature="v1," + "é" * 44)) == 401, "as many letters as ours, and more bytes"
        assert sent(1) == 204, "it lives"
        told = program.lines(2)
    assert told == ['org.tipline.case.noted.v1 c {"n":1}', 'org.tipline.case.noted.v1 c {"n":2}']
