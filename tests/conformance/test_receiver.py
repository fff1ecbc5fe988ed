"""The receiver in Node that the developers' page shows takes what we sign, once, and nothing else."""

from __future__ import annotations

import json
from datetime import timedelta
from importlib.resources import files
from pathlib import Path

import httpx
import pytest

from gateway.core import signing
from gateway.core.times import utc_now
from tests.support.programs import free_port, running

pytestmark = pytest.mark.conformance


def test_the_receiver_in_node_takes_signed_events_once(tmp_path: Path) -> None:
    port, secret, now = free_port(), signing.new_secret(), utc_now()
    command = ["node", str(files("responders.developers") / "examples" / "receiver.mjs")]

    def sent(number: int, *, key: str = secret, late: float = 0) -> int:
        event = {"id": str(number), "type": "org.tipline.case.noted.v1", "caseid": "c", "data": {"n": number}}
        body = json.dumps(event).encode()
        headers = dict(signing.headers([signing.new_secret(), key], str(number), now - timedelta(seconds=late), body))
        return httpx.post(program.url, content=body, headers=headers).status_code

    with running(command, port, tmp_path / "log", TIPLINE_SECRET=secret) as program:
        asked = httpx.options(program.url, headers={"WebHook-Request-Origin": "console.example.org"})
        assert asked.headers["webhook-allowed-origin"] == "console.example.org"
        assert asked.headers["webhook-allowed-rate"] == "*"
        assert [sent(1), sent(1), sent(3, key=signing.new_secret()), sent(4, late=400), sent(2)] == [
            204, 204, 401, 401, 204,
        ]  # fmt: skip
        assert httpx.post(program.url, content=b"{}").status_code == 401
        told = program.lines(2)
    assert told == ['org.tipline.case.noted.v1 c {"n":1}', 'org.tipline.case.noted.v1 c {"n":2}']
