"""What goes wrong on request, restarts, and the page's own endpoints."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import requests
from twilio.base.exceptions import TwilioRestException

from tests.contract.phone.rig import (
    PAGING,
    PAGING_LINE,
    REPORTERS,
    RESPONDER,
    STUDENT,
    TIP_LINE,
    Carrier,
    Product,
    make_config,
    run_carrier,
    status_of,
    wait_for,
)

LIST = f"/2010-04-01/Accounts/{REPORTERS.sid}/Messages.json"


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [pytest.param("429", 429, 20429, id="too-many-requests"), pytest.param("500", 500, 20500, id="server-error")],
)
def test_api_fails_for_the_next_calls_then_recovers(carrier: Carrier, fault: str, status: int, code: int) -> None:
    carrier.control(api_fault=fault, api_fault_count=2, retry_after_seconds=3)
    auth = (REPORTERS.sid, REPORTERS.auth_token)
    answers = [carrier.http.get(LIST, auth=auth) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [status, status, 200]
    assert answers[0].json()["code"] == code
    assert answers[0].headers.get("Retry-After") == ("3" if fault == "429" else None)


def test_api_fault_can_strike_one_account_only(carrier: Carrier) -> None:
    carrier.control(api_fault="500", api_fault_account="paging")
    with carrier.client() as client:
        assert status_of(client.messages.create(to=STUDENT, from_=TIP_LINE, body="x")) == "queued"
    with carrier.client(PAGING) as client, pytest.raises(TwilioRestException) as refused:
        client.messages.create(to=RESPONDER, from_=PAGING_LINE, body="x")
    assert refused.value.status == 500


def test_silence_lasts_until_the_client_gives_up(carrier: Carrier) -> None:
    carrier.control(api_fault="silence", api_fault_count=1)
    with carrier.client(timeout=0.3) as client:
        with pytest.raises(requests.Timeout):
            client.messages.create(to=STUDENT, from_=TIP_LINE, body="lost")
        assert client.messages.list() == []
    assert carrier.screen() == []


def test_lost_answer_leaves_a_message_that_was_sent(carrier: Carrier) -> None:
    carrier.control(api_fault="500", api_fault_count=1, api_fault_after=True)
    with carrier.client() as client:
        with pytest.raises(TwilioRestException):
            client.messages.create(to=STUDENT, from_=TIP_LINE, body="sent all the same")
        assert [message.body for message in client.messages.list()] == ["sent all the same"]
    assert wait_for(carrier.screen)[0]["body"] == "sent all the same"


def test_latency_delays_each_call(carrier: Carrier) -> None:
    carrier.control(latency_ms=200)
    began = time.monotonic()
    assert carrier.http.get(LIST, auth=(REPORTERS.sid, REPORTERS.auth_token)).status_code == 200
    assert time.monotonic() - began >= 0.2


@pytest.mark.parametrize(
    ("settings", "heard"),
    [
        pytest.param({"callback_times": 2}, ["queued"] * 2 + ["sent"] * 2 + ["delivered"] * 2, id="twice"),
        pytest.param({"callback_order": "reversed"}, ["delivered", "sent", "queued"], id="out-of-order"),
        pytest.param({"callback_delay_seconds": 0.3}, ["queued", "sent", "delivered"], id="late"),
    ],
)
def test_callbacks_misbehave_as_set(
    carrier: Carrier, product: Product, settings: dict[str, Any], heard: list[str]
) -> None:
    carrier.control(**settings)
    began = time.monotonic()
    with carrier.client() as client:
        sent = client.messages.create(to=STUDENT, from_=TIP_LINE, body="x", status_callback=f"{product.url}/status")
    wait_for(lambda: len(product.calls) == len(heard))
    assert product.statuses(str(sent.sid)) == heard
    assert time.monotonic() - began >= settings.get("callback_delay_seconds", 0)


def test_webhook_repeats_keep_their_message_sid(carrier: Carrier, product: Product) -> None:
    carrier.control(webhook_times=2)
    first = carrier.text("hello")["sid"]
    assert carrier.http.post("/control/reset", json={}).json()["webhook_times"] == 1
    assert carrier.text("hello", message_sid=first, times=3)["sid"] == first
    assert [call.params["MessageSid"] for call in product.calls] == [first] * 5
    assert len(carrier.screen()) == 1


def test_number_that_takes_no_texts_is_refused(carrier: Carrier) -> None:
    carrier.control(numbers={STUDENT: "not_mobile"})
    with carrier.client() as client:
        with pytest.raises(TwilioRestException) as refused:
            client.messages.create(to=STUDENT, from_=TIP_LINE, body="x")
        carrier.control(numbers={STUDENT: None})
        assert status_of(client.messages.create(to=STUDENT, from_=TIP_LINE, body="x")) == "queued"
    assert refused.value.code == 21614


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param({"api_fault": "418"}, id="unknown-fault"),
        pytest.param({"wheather": 1}, id="unknown-name"),
        pytest.param({"latency_ms": -1}, id="negative"),
        pytest.param({"latency_ms": "1"}, id="not-a-number"),
        pytest.param({"numbers": {STUDENT: "gone"}}, id="unknown-number-fault"),
        pytest.param({"callback_order": "shuffled"}, id="unknown-order"),
    ],
)
def test_control_refuses_nonsense(carrier: Carrier, settings: dict[str, Any]) -> None:
    before = carrier.http.get("/control").json()
    answer = carrier.http.post("/control", json=settings)
    assert answer.status_code == 400
    assert answer.json()["error"]
    assert carrier.http.get("/control").json() == before


@pytest.mark.parametrize("path", ["/control", "/control/reset", f"/phones/{STUDENT}/messages"])
def test_other_sites_forms_are_refused(carrier: Carrier, product: Product, path: str) -> None:
    assert carrier.http.post(path, data={"to": TIP_LINE, "body": "x"}).status_code == 400
    assert product.calls == []


@pytest.mark.parametrize(
    ("path", "data", "status"),
    [
        pytest.param(f"/phones/{STUDENT}/messages", {"to": "+12025550100", "body": "x"}, 404, id="no-such-line"),
        pytest.param("/phones/someone/messages", {"to": TIP_LINE, "body": "x"}, 400, id="not-a-number"),
        pytest.param(f"/phones/{STUDENT}/messages", {"to": TIP_LINE, "body": 1}, 400, id="body-not-text"),
        pytest.param(f"/phones/{STUDENT}/messages", {"to": TIP_LINE, "message_sid": "x"}, 400, id="bad-sid"),
        pytest.param(f"/phones/{STUDENT}/messages", {"to": TIP_LINE, "times": 0}, 400, id="no-times"),
    ],
)
def test_phone_refuses_what_cannot_be_sent(carrier: Carrier, path: str, data: dict[str, Any], status: int) -> None:
    assert carrier.http.post(path, json=data).status_code == status


def test_restart_keeps_everything_and_finishes_what_was_on_its_way(product: Product, tmp_path: Path) -> None:
    config = make_config(tmp_path / "phones.sqlite3", product.url)
    with run_carrier(replace(config, step_seconds=3600.0)) as carrier, carrier.client() as client:
        carrier.text("STOP", phone="+13035550124")
        callback = f"{product.url}/status"
        sid = str(client.messages.create(to=STUDENT, from_=TIP_LINE, body="later", status_callback=callback).sid)
        assert carrier.screen() == []
    with run_carrier(config) as carrier, carrier.client() as client:
        assert wait_for(carrier.screen)[0]["body"] == "later"
        wait_for(lambda: product.statuses(sid)[-1:] == ["delivered"])
        assert len(carrier.screen("+13035550124")) == 2
        with pytest.raises(TwilioRestException) as refused:
            client.messages.create(to="+13035550124", from_=TIP_LINE, body="x")
        assert refused.value.code == 21610


def test_stream_tells_of_a_new_text(carrier: Carrier) -> None:
    with httpx.stream("GET", f"{carrier.url}/phones/stream", timeout=10, trust_env=False) as stream:
        lines = stream.iter_lines()
        assert next(lines).startswith("retry:")
        typing = threading.Thread(target=carrier.text, args=("hello",))
        typing.start()
        event = next(line for line in lines if line.startswith("data:"))
        typing.join()
    assert '"kind": "message"' in event
    assert STUDENT in event


def test_page_is_served_under_a_strict_policy_and_loads_nothing_from_elsewhere(carrier: Carrier) -> None:
    page = carrier.http.get("/")
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "<style" not in page.text
    assert page.text.count("<script") == page.text.count('<script src="/static/')
    assert "Lincoln High tip line" in page.text
    for name in ("phones.css", "phones.js", "phone.svg", "chevron.svg"):
        assert carrier.http.get(f"/static/{name}").status_code == 200
