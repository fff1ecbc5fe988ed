"""The Messages API, as the real twilio client sees it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from jsonschema import Draft4Validator
from twilio.base.exceptions import TwilioRestException
from twilio.rest.api.v2010.account.message import MessageInstance

from tests.contract.phone.rig import (
    OTHER_LINE,
    PAGING,
    PAGING_LINE,
    REPORTERS,
    STUDENT,
    TIP_LINE,
    Carrier,
    Product,
    make_config,
    run_carrier,
    status_of,
    wait_for,
)


def test_create_gives_a_queued_message_that_arrives_on_the_phone(carrier: Carrier) -> None:
    with carrier.client() as client:
        sent = client.messages.create(to=STUDENT, from_=TIP_LINE, body="We read this.")
        assert (status_of(sent), str(sent.direction), sent.num_segments) == ("queued", "outbound-api", "1")
        assert sent.sid is not None
        sid = sent.sid
        shown = wait_for(carrier.screen)
        assert [(bubble["body"], bubble["direction"], bubble["line"]) for bubble in shown] == [
            ("We read this.", "received", TIP_LINE)
        ]
        arrived = wait_for(lambda: _when(client.messages(sid).fetch(), "delivered"))
        assert isinstance(arrived.date_sent, datetime)
        assert arrived.from_ == TIP_LINE


def _when(message: MessageInstance, status: str) -> MessageInstance | None:
    return message if status_of(message) == status else None


def test_create_by_messaging_service_chooses_the_first_line(carrier: Carrier) -> None:
    with carrier.client() as client:
        sent = client.messages.create(to=STUDENT, messaging_service_sid=str(REPORTERS.messaging_service_sid), body="x")
    assert (status_of(sent), sent.from_) == ("accepted", None)
    assert wait_for(carrier.screen)[0]["line"] == TIP_LINE


def test_create_with_api_key_is_let_in(carrier: Carrier) -> None:
    with carrier.client(key=(REPORTERS.api_key_sid, REPORTERS.api_key_secret)) as client:
        assert client.messages.create(to=STUDENT, from_=TIP_LINE, body="x").account_sid == REPORTERS.sid


@pytest.mark.parametrize(
    ("code", "status", "asked"),
    [
        pytest.param(21211, 400, {"to": "12", "from_": TIP_LINE, "body": "x"}, id="invalid-to"),
        pytest.param(21211, 400, {"to": "nobody", "from_": TIP_LINE, "body": "x"}, id="to-is-words"),
        pytest.param(21606, 400, {"to": STUDENT, "from_": "+12025550100", "body": "x"}, id="from-nobodys"),
        pytest.param(21660, 400, {"to": STUDENT, "from_": PAGING_LINE, "body": "x"}, id="from-another-account"),
        pytest.param(21603, 400, {"to": STUDENT, "body": "x"}, id="no-from"),
        pytest.param(21602, 400, {"to": STUDENT, "from_": TIP_LINE, "body": ""}, id="no-body"),
        pytest.param(21617, 400, {"to": STUDENT, "from_": TIP_LINE, "body": "x" * 1601}, id="too-long"),
        pytest.param(21266, 400, {"to": TIP_LINE, "from_": TIP_LINE, "body": "x"}, id="to-itself"),
        pytest.param(
            21609, 400, {"to": STUDENT, "from_": TIP_LINE, "body": "x", "status_callback": "mailto:x"}, id="callback"
        ),
        pytest.param(21701, 404, {"to": STUDENT, "messaging_service_sid": "MG1", "body": "x"}, id="no-such-service"),
    ],
)
def test_create_refuses_what_twilio_refuses(carrier: Carrier, code: int, status: int, asked: dict[str, str]) -> None:
    with carrier.client() as client, pytest.raises(TwilioRestException) as refused:
        client.messages.create(**asked)
    assert (refused.value.code, refused.value.status) == (code, status)
    assert carrier.screen() == []


def test_create_with_media_needs_no_body(carrier: Carrier) -> None:
    with carrier.client() as client:
        sent = client.messages.create(to=STUDENT, from_=TIP_LINE, media_url=["http://127.0.0.1/a.jpg"])
    assert str(sent.sid).startswith("MM")
    assert sent.num_media == "1"


@pytest.mark.parametrize(
    "credentials",
    [
        pytest.param(None, id="none"),
        pytest.param((REPORTERS.sid, "wrong"), id="wrong-token"),
        pytest.param((PAGING.sid, PAGING.auth_token), id="another-account"),
        pytest.param(("", ""), id="empty-key-pair"),
    ],
)
def test_api_refuses_strangers_in_twilios_form(carrier: Carrier, credentials: tuple[str, str] | None) -> None:
    answer = carrier.http.get(
        f"/2010-04-01/Accounts/{REPORTERS.sid}/Messages.json",
        auth=httpx.BasicAuth(*credentials) if credentials else None,
    )
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Basic")
    assert answer.json() == {
        "code": 20003,
        "message": "Authenticate",
        "more_info": "https://www.twilio.com/docs/errors/20003",
        "status": 401,
    }


def test_fetch_of_another_accounts_message_is_not_found(carrier: Carrier) -> None:
    sid = carrier.text("hello")["sid"]
    with carrier.client(PAGING) as client, pytest.raises(TwilioRestException) as refused:
        client.messages(sid).fetch()
    assert (refused.value.code, refused.value.status) == (20404, 404)


def test_list_pages_through_all_newest_first_even_while_deleting(carrier: Carrier) -> None:
    sids = [carrier.text(f"text {number}")["sid"] for number in range(7)]
    seen = []
    with carrier.client() as client:
        for message in client.messages.stream(page_size=2):
            seen.append(message.sid)
            client.messages(str(message.sid)).delete()
        assert seen == sids[::-1]
        assert client.messages.list() == []


def test_list_filters_by_number_and_day(carrier: Carrier) -> None:
    first = carrier.text("a")["sid"]
    second = carrier.text("b", to=OTHER_LINE, phone="+13035550124")["sid"]
    today = datetime.now(UTC)
    with carrier.client() as client:
        found = {
            "from": client.messages.list(from_=STUDENT),
            "to": client.messages.list(to=OTHER_LINE),
            "since": client.messages.list(date_sent_after=today - timedelta(minutes=1)),
            "until": client.messages.list(date_sent_before=today - timedelta(minutes=1)),
            "tomorrow": client.messages.list(date_sent=today + timedelta(days=1)),
        }
    assert {name: [message.sid for message in messages] for name, messages in found.items()} == {
        "from": [first],
        "to": [second],
        "since": [second, first],
        "until": [],
        "tomorrow": [],
    }


def test_delete_removes_the_record_and_leaves_the_handset_alone(carrier: Carrier) -> None:
    sid = carrier.text("hello")["sid"]
    with carrier.client() as client:
        assert client.messages(sid).delete() is True
        with pytest.raises(TwilioRestException) as refused:
            client.messages(sid).fetch()
    assert refused.value.status == 404
    assert carrier.screen()[0]["body"] == "hello"


def test_update_with_an_empty_body_redacts(carrier: Carrier) -> None:
    sid = carrier.text("hello")["sid"]
    with carrier.client() as client:
        assert client.messages(sid).update(body="").body == ""
        assert client.messages(sid).fetch().body == ""


def test_update_cannot_cancel_what_was_not_scheduled(carrier: Carrier) -> None:
    sid = carrier.text("hello")["sid"]
    with carrier.client() as client, pytest.raises(TwilioRestException) as refused:
        client.messages(sid).update(status="canceled")
    assert refused.value.code == 30409


def test_delete_waits_for_the_message_to_be_final(product: Product, tmp_path: Path) -> None:
    config = replace(make_config(tmp_path / "p.sqlite3", product.url), step_seconds=3600.0)
    with run_carrier(config) as slow, slow.client() as client:
        sid = str(client.messages.create(to=STUDENT, from_=TIP_LINE, body="x").sid)
        with pytest.raises(TwilioRestException) as refused:
            client.messages(sid).delete()
    assert (refused.value.code, refused.value.status) == (20009, 409)


def test_account_and_numbers_tell_what_doctor_asks(carrier: Carrier, product: Product) -> None:
    with carrier.client() as client:
        account = client.api.v2010.accounts(REPORTERS.sid).fetch()
        numbers = client.incoming_phone_numbers.list()
        one = client.incoming_phone_numbers.list(phone_number=OTHER_LINE)
    assert (str(account.status), account.friendly_name, account.auth_token) == ("active", "reporters", None)
    assert [number.phone_number for number in numbers] == [TIP_LINE, OTHER_LINE]
    assert [(number.sms_url, number.sms_fallback_url) for number in one] == [
        (f"{product.url}/sms/inbound", f"{product.url}/fallback")
    ]


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        pytest.param("GET", "/2010-04-01/Nowhere.json", 20404, id="unknown-path"),
        pytest.param("DELETE", f"/2010-04-01/Accounts/{REPORTERS.sid}/Messages.json", 20004, id="method"),
        pytest.param("GET", f"/2010-04-01/Accounts/{REPORTERS.sid}/Messages.json?PageSize=x", 20404, id="page-size"),
    ],
)
def test_api_answers_nonsense_in_twilios_form(carrier: Carrier, method: str, path: str, code: int) -> None:
    answer = carrier.http.request(method, path, auth=(REPORTERS.sid, REPORTERS.auth_token))
    assert (answer.json()["code"], answer.json()["status"]) == (code, answer.status_code)


def _schema(path: str, method: str, status: str) -> tuple[dict[str, Any], dict[str, Any]]:
    document = json.loads(Path(os.environ["TWILIO_OPENAPI"]).read_text("utf-8"))
    content = document["paths"][path][method]["responses"][status]["content"]
    return content["application/json"]["schema"], document["components"]


def _allow_null(node: Any) -> Any:
    """Turn OpenAPI 3.0's `nullable` into what JSON Schema understands."""
    if isinstance(node, list):
        return [_allow_null(item) for item in node]
    if not isinstance(node, dict):
        return node
    changed = {name: _allow_null(value) for name, value in node.items() if name != "format"}
    if changed.get("nullable") is True and isinstance(changed.get("type"), str):
        changed["type"] = [changed["type"], "null"]
        if isinstance(changed.get("enum"), list):
            changed["enum"] = [*changed["enum"], None]
    return changed


def _answers(carrier: Carrier) -> Iterator[tuple[str, str, httpx.Response]]:
    root, http = f"/2010-04-01/Accounts/{REPORTERS.sid}", carrier.http
    below = "/2010-04-01/Accounts/{AccountSid}"
    form = {"To": STUDENT, "From": TIP_LINE, "Body": "x"}
    http.auth = (REPORTERS.sid, REPORTERS.auth_token)
    sid = carrier.text("hello")["sid"]
    yield f"{below}/Messages.json", "post", http.post(f"{root}/Messages.json", data=form)
    yield f"{below}/Messages.json", "get", http.get(f"{root}/Messages.json?PageSize=1")
    yield f"{below}/Messages/{{Sid}}.json", "get", http.get(f"{root}/Messages/{sid}.json")
    yield f"{below}/Messages/{{Sid}}.json", "post", http.post(f"{root}/Messages/{sid}.json", data={"Body": ""})
    picture = {"content_type": "image/jpeg", "base64": "/9j/"}
    media, of_text = f"{below}/Messages/{{MessageSid}}/Media", carrier.text("look", media=[picture])["sid"]
    listed = http.get(f"{root}/Messages/{of_text}/Media.json")
    yield f"{media}.json", "get", listed
    [one] = listed.json()["media_list"]
    yield f"{media}/{{Sid}}.json", "get", http.get(f"{root}/Messages/{of_text}/Media/{one['sid']}.json")
    yield "/2010-04-01/Accounts/{Sid}.json", "get", http.get(f"{root}.json")
    yield f"{below}/IncomingPhoneNumbers.json", "get", http.get(f"{root}/IncomingPhoneNumbers.json")


@pytest.mark.skipif("TWILIO_OPENAPI" not in os.environ, reason="TWILIO_OPENAPI names no file of Twilio's OpenAPI")
def test_answers_agree_with_twilios_openapi(carrier: Carrier) -> None:
    for path, method, answer in _answers(carrier):
        schema, components = _schema(path, method, str(answer.status_code))
        document = _allow_null({**schema, "components": components})
        errors = [f"{method} {path}: {error.message}" for error in Draft4Validator(document).iter_errors(answer.json())]
        assert errors == []
        known = schema.get("properties") or components["schemas"][schema["$ref"].rsplit("/", 1)[1]]["properties"]
        assert set(answer.json()) <= set(known)
